/* SPDX-License-Identifier: MIT */
/*
 * Goal: at the limits of quota the library accepts the bytes, and refuses with the errno, that a
 * kernel does; files have as many blocks as there; and at the end the counts and timers are equal.
 * Method: sequences.txt, which a kernel has answered (record.sh), is done by the public calls on
 * file systems of the same geometry; each answer is compared.
 *
 * quota_replay [SEQUENCES [NAME...]]: another file; those of these names alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/quota.h>
#include <xfswrite/reflink.h>
#include "quota/quota_priv.h"
#include "quota/sequence.h"
#include "support/test_fs.h"

#define HANDLES 32u

struct context {
	struct test_fs fs;
	const struct sequence *seq;
	uint32_t blocksize;
	struct {
		char path[256];
		bool direct;
		struct xfs_file *file;
	} handles[HANDLES];
};

/* ---- handles ----------------------------------------------------------------------------- */

static int find(struct context *c, const char *path, bool direct)
{
	for (unsigned int i = 0; i < HANDLES; i++)
		if (strcmp(c->handles[i].path, path) == 0 && c->handles[i].direct == direct)
			return (int)i;
	return -1;
}

static int handle(struct context *c, const char *path, int flags, struct xfs_file **filep)
{
	bool direct = flags & O_DIRECT;
	int i = find(c, path, direct), error;

	if (i < 0) {
		i = find(c, "", false);
		if (i < 0)
			abort();
		error = xfs_openat(xfs_root(c->fs.mp), path, O_RDWR | flags, 0644,
				   &c->handles[i].file);
		if (error)
			return error;
		snprintf(c->handles[i].path, sizeof(c->handles[i].path), "%s", path);
		c->handles[i].direct = direct;
	}
	*filep = c->handles[i].file;
	return 0;
}

static void let_go(struct context *c, unsigned int i)
{
	if (!c->handles[i].path[0])
		return;
	TEST_OK(xfs_close(c->handles[i].file));
	c->handles[i].path[0] = 0;
	c->handles[i].direct = false;
}

/* ---- quota --------------------------------------------------------------------------------- */

/* limit T ID b|i SOFT HARD; grace T BLOCKS INODES: of id 0. */
static int set_limits(struct context *c, char **argv)
{
	struct xfs_quota_limits limits = XFS_QUOTA_LIMITS_INIT;
	uint32_t type = 1u << seq_type_of(argv[1]), id = 0;

	if (strcmp(argv[0], "grace") == 0) {
		limits.valid = XFS_QUOTA_SPACE_GRACE | XFS_QUOTA_INODES_GRACE;
		limits.space_grace = (uint32_t)atoi(argv[2]);
		limits.inodes_grace = (uint32_t)atoi(argv[3]);
	} else if (argv[3][0] == 'b') {
		id = (uint32_t)strtoul(argv[2], NULL, 0);
		limits.valid = XFS_QUOTA_SPACE_SOFT | XFS_QUOTA_SPACE_HARD;
		limits.space_soft = strtoull(argv[4], NULL, 0) * c->blocksize;
		limits.space_hard = strtoull(argv[5], NULL, 0) * c->blocksize;
	} else {
		id = (uint32_t)strtoul(argv[2], NULL, 0);
		limits.valid = XFS_QUOTA_INODES_SOFT | XFS_QUOTA_INODES_HARD;
		limits.inodes_soft = strtoull(argv[4], NULL, 0);
		limits.inodes_hard = strtoull(argv[5], NULL, 0);
	}
	return xfs_quota_set(c->fs.mp, type, id, &limits);
}

/* The public calls do not tell what is held in memory. */
static uint64_t used(void *ctx, enum seq_type type, uint32_t id)
{
	struct context *c = ctx;
	struct xfs_dquot *dq;
	uint64_t blocks;

	if (xfs_dquot_get(c->fs.mp, type, id, &dq))
		return 0;
	blocks = be64_to_cpu(dq->dq_disk.d_bcount) + dq->dq_held;
	xfs_dquot_put(dq);
	return blocks;
}

static bool next(void *ctx, enum seq_type type, uint64_t from, struct seq_count *count)
{
	struct context *c = ctx;
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	/* Those of types without enforcement run, but the kernel does not report them. */
	bool told = seq_type_state(c->seq, type) == 2;

	if (!TEST_OK(xfs_quota_next(c->fs.mp, 1u << type, &from, &info)))
		return false;
	*count = (struct seq_count){
		.id = info.id,
		.blocks = info.space_bytes / c->blocksize,
		.inodes = info.inodes,
		.block_timer = told && info.space_expires,
		.inode_timer = told && info.inodes_expires,
	};
	return true;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int64_t become(struct context *c, char **argv)
{
	c->fs.mp->m_uid = (uint32_t)atoi(argv[1]);
	c->fs.mp->m_gid = (uint32_t)atoi(argv[2]);
	c->fs.mp->m_unprivileged = c->fs.mp->m_uid != 0;
	return 0;
}

static int64_t write_to(struct context *c, const char *path, uint64_t offset, uint64_t len,
			bool end, int flags)
{
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_file *file;
	int64_t ret = handle(c, path, flags, &file);
	void *buf = NULL;

	if (ret)
		return ret;
	if (end) {
		TEST_OK(xfs_fgetattr(file, &st));
		offset = st.size_bytes;
	}
	if (posix_memalign(&buf, 4096, len + 1))
		abort();
	memset(buf, 'q', len);
	ret = xfs_pwrite(file, buf, len, offset);
	free(buf);
	return ret;
}

static int64_t allocate(struct context *c, const char *how, char **argv)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = {
		{"alloc", 0},
		{"alloc-keep", XFS_FALLOC_KEEP_SIZE},
		{"punch", XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE},
		{"zero", XFS_FALLOC_ZERO_RANGE},
		{"collapse", XFS_FALLOC_COLLAPSE_RANGE},
		{"insert", XFS_FALLOC_INSERT_RANGE},
		{"unshare", XFS_FALLOC_UNSHARE_RANGE},
	};
	struct xfs_file *file;

	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		int error;

		if (strcmp(modes[i].name, how) != 0)
			continue;
		error = handle(c, argv[1], O_CREAT, &file);
		return error ? error
			     : xfs_fallocate(file, modes[i].mode, seq_bytes(argv[2], c->blocksize),
					     seq_bytes(argv[3], c->blocksize));
	}
	return INT64_MIN;
}

static int64_t two_files(struct context *c, char **argv)
{
	bool exchange = strcmp(argv[0], "exchange") == 0;
	uint64_t n[6] = {0};
	struct xfs_file *src, *dst;
	int error = handle(c, argv[1], 0, &src);

	if (!error)
		error = handle(c, argv[exchange ? 2 : 3], O_CREAT, &dst);
	if (error)
		return error;
	for (unsigned int i = 2; i < 6 && argv[i]; i++)
		if (i != (exchange ? 2 : 3))
			n[i] = seq_bytes(argv[i], c->blocksize);
	if (exchange)
		return xfs_exchange_range(src, n[3], dst, n[3], n[4], 0);
	if (strcmp(argv[0], "clone") == 0)
		return xfs_clone_range(src, n[2], dst, n[4], n[5]);
	return xfs_copy_range(src, n[2], dst, n[4], n[5]);
}

static int64_t data_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	struct xfs_file *file;
	uint64_t a = 0, b = 0;
	int error;

	if (strcmp(what, "clone") == 0 || strcmp(what, "copy") == 0 ||
	    strcmp(what, "exchange") == 0)
		return two_files(c, argv);
	if (argv[2]) {
		a = seq_bytes(argv[2], c->blocksize);
		b = argv[3] ? seq_bytes(argv[3], c->blocksize) : 0;
	}
	if (strcmp(what, "write") == 0)
		return write_to(c, argv[1], a, b, false, O_CREAT);
	if (strcmp(what, "dwrite") == 0)
		return write_to(c, argv[1], a, b, false, O_CREAT | O_DIRECT);
	if (strcmp(what, "append") == 0)
		return write_to(c, argv[1], 0, a, true, O_CREAT | O_APPEND);
	if (strcmp(what, "truncate") == 0) {
		error = handle(c, argv[1], O_CREAT, &file);
		return error ? error : xfs_ftruncate(file, a);
	}
	return allocate(c, what, argv);
}

static int64_t name_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	struct xfs_file *root = xfs_root(c->fs.mp), *file;
	char target[1024];
	int error;

	if (strcmp(what, "create") == 0)
		return handle(c, argv[1], O_CREAT | O_EXCL, &file);
	if (strcmp(what, "mkdir") == 0)
		return xfs_mkdirat(root, argv[1], 0755);
	if (strcmp(what, "mknod") == 0)
		return xfs_mknodat(root, argv[1], S_IFIFO | 0644, 0, 0);
	if (strcmp(what, "symlink") == 0) {
		snprintf(target, sizeof(target), "%0*d", atoi(argv[2]), 7);
		return xfs_symlinkat(target, root, argv[1]);
	}
	if (strcmp(what, "link") == 0) {
		error = xfs_openat(root, argv[1], O_PATH | O_NOFOLLOW, 0, &file);
		if (error)
			return error;
		error = xfs_linkat(file, root, argv[2]);
		TEST_OK(xfs_close(file));
		return error;
	}
	if (strcmp(what, "rename") == 0)
		return xfs_renameat(root, argv[1], root, argv[2], 0);
	if (strcmp(what, "unlink") == 0)
		return xfs_unlinkat(root, argv[1], 0);
	if (strcmp(what, "rmdir") == 0)
		return xfs_unlinkat(root, argv[1], AT_REMOVEDIR);
	return INT64_MIN;
}

static int64_t set_owner(struct context *c, const char *path, char **argv)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_stat st = XFS_STAT_INIT;
	uint32_t id = (uint32_t)strtoul(argv[2], NULL, 0);
	int error;

	if (strcmp(argv[0], "chown") == 0)
		return xfs_lchown(c->fs.mp, path, id, UINT32_MAX);
	if (strcmp(argv[0], "chgrp") == 0)
		return xfs_lchown(c->fs.mp, path, UINT32_MAX, id);
	error = xfs_getattr(c->fs.mp, path, false, &st);
	if (error)
		return error;
	iattr.valid = XFS_ATTR_PROJID;
	iattr.projid = id;
	if (strcmp(argv[0], "inherit") == 0) {
		iattr.valid |= XFS_ATTR_XFLAGS;
		iattr.xflags = st.xflags | XFS_XFLAG_PROJINHERIT;
	}
	return xfs_setattr(c->fs.mp, path, false, &iattr);
}

static int64_t attr_step(struct context *c, char **argv)
{
	static const char *const owners[] = {"chown", "chgrp", "chproj", "inherit"};
	static char value[65536];
	char path[300];

	snprintf(path, sizeof(path), "/%s", argv[1]);
	if (strcmp(argv[0], "setxattr") == 0)
		return xfs_setxattr(c->fs.mp, path, false, argv[2], value, (size_t)atoi(argv[3]),
				    0);
	if (strcmp(argv[0], "removexattr") == 0)
		return xfs_removexattr(c->fs.mp, path, false, argv[2]);
	for (unsigned int i = 0; i < 4; i++)
		if (strcmp(argv[0], owners[i]) == 0)
			return set_owner(c, path, argv);
	return INT64_MIN;
}

static int64_t other_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	struct xfs_file *file;
	int i;

	if (strcmp(what, "as") == 0)
		return become(c, argv);
	if (strcmp(what, "limit") == 0 || strcmp(what, "grace") == 0)
		return set_limits(c, argv);
	if (strcmp(what, "wait") == 0) {
		c->fs.clock_ns += strtoull(argv[1], NULL, 0) * 1000000000;
		return 0;
	}
	if (strcmp(what, "sync") == 0)
		return xfs_sync(c->fs.mp);
	if (strcmp(what, "close") == 0) {
		for (int direct = 0; direct < 2; direct++)
			if ((i = find(c, argv[1], direct)) >= 0)
				let_go(c, (unsigned int)i);
		return 0;
	}
	if (strcmp(what, "open") == 0)
		return handle(c, argv[1], O_CREAT, &file);
	if (strcmp(what, "fsync") != 0)
		return INT64_MIN;
	i = handle(c, argv[1], 0, &file);
	return i ? i : xfs_fsync(file);
}

static int64_t step(void *ctx, unsigned int argc, char **argv)
{
	static int64_t (*const kinds[])(struct context *, char **) = {other_step, name_step,
								      attr_step, data_step};
	char *args[SEQ_ARGS + 1] = {NULL};

	memcpy(args, argv, argc * sizeof(args[0]));
	for (unsigned int i = 0; i < 4; i++) {
		int64_t ret = kinds[i](ctx, args);

		if (ret != INT64_MIN)
			return ret;
	}
	fprintf(stderr, "no such step: %s\n", argv[0]);
	exit(2);
}

static int64_t blocks(void *ctx, const char *path)
{
	struct context *c = ctx;
	struct xfs_stat st = XFS_STAT_INIT;
	char store[300];
	int i = find(c, path, false);

	snprintf(store, sizeof(store), "/%s", path);
	if (i >= 0 ? xfs_fgetattr(c->handles[i].file, &st)
		   : xfs_getattr(c->fs.mp, store, false, &st))
		return -1;
	return (int64_t)st.blocks512;
}

/* ---- file systems ---------------------------------------------------------------------------- */

static void again(struct context *c)
{
	TEST_OK(xfs_unmount(c->fs.mp));
	test_fs_open(&c->fs);
}

static void *begin(const struct sequence *seq, const struct seq_geometry *geo)
{
	struct xfs_quota_on_options on = XFS_QUOTA_ON_OPTIONS_INIT;
	struct xfs_mkfs_options opts = XFS_MKFS_OPTIONS_INIT;
	struct context *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->seq = seq;
	c->blocksize = opts.blocksize = geo->blocksize;
	opts.agcount = SEQ_AGCOUNT;
	opts.log_size = SEQ_LOG_BYTES;
	opts.rmapbt = geo->rmapbt ? XFS_MKFS_ON : XFS_MKFS_OFF;
	opts.reflink = geo->reflink ? XFS_MKFS_ON : XFS_MKFS_OFF;
	opts.parent = geo->parent ? XFS_MKFS_ON : XFS_MKFS_OFF;
	test_fs_make(&c->fs, (uint64_t)geo->mib << 20, &opts);
	for (enum seq_type t = 0; t < SEQ_TYPES; t++) {
		if (seq_type_state(seq, t))
			on.types |= 1u << t;
		if (seq_type_state(seq, t) == 2)
			on.enforce |= 1u << t;
	}
	TEST_OK(xfs_quota_on(c->fs.mp, &on));
	again(c);
	return c;
}

static void settle(void *ctx)
{
	struct context *c = ctx;

	for (unsigned int i = 0; i < HANDLES; i++)
		let_go(c, i);
	again(c);
}

static void end(void *ctx)
{
	struct context *c = ctx;

	for (unsigned int i = 0; i < HANDLES; i++)
		let_go(c, i);
	test_fs_end(&c->fs);
	free(c);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 0;
}

/*
 * Where we do otherwise than the kernel, and why; each must still be so.  No list holds what
 * decides whether somebody gets more than his limit.
 */
static const struct difference {
	const char *name, *geometry;
	unsigned int first, last;	/* steps */
} differences[] = {
	/* A direct write that got some of its blocks says how many bytes it wrote, not why no more. */
	{ "hard_direct", "4k", 4, 4 }, { "hard_direct", "1k", 4, 5 },
	/* What an unaligned or direct write has set aside for copies a kernel may keep as data in flight. */
	{ "threshold_share", "4k", 13, 13 }, { "threshold_share", "1k", 13, 13 },
	{ "threshold_share", "4k", 18, 19 },
	/* Blocks that are there already, or preallocated, are not asked for. */
	{ "soft_project", "4k", 12, 12 },
	{ "limits_far_off_alloc", "4k", 9, 9 }, { "limits_far_off_alloc", "4k", 11, 11 },
	/* A copy is written in larger pieces: nothing of one that does not fit, and more in the next. */
	{ "clone_across_owners", "4k", 11, 11 }, { "clone_across_owners", "4k", 14, 15 },
};

static bool is_known(const struct sequence *seq, unsigned int step)
{
	for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
		const struct difference *d = &differences[i];

		if (strcmp(d->name, seq->name) == 0 && strcmp(d->geometry, seq->geometries) == 0 &&
		    step >= d->first && step <= d->last)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static const struct seq_calls calls = {
		.begin = begin,
		.step = step,
		.blocks = blocks,
		.used = used,
		.settle = settle,
		.next = next,
		.end = end,
	};
	unsigned int sequences = 0, differ = 0;
	struct seq_reader *reader;
	struct sequence seq;

	reader = seq_open(argc > 1 ? argv[1] : QUOTA_SEQUENCES);
	while (seq_read(reader, &seq)) {
		if (is_wanted(seq.name, argc > 2 ? argc - 2 : 0, argv + 2)) {
			differ += seq_replay(&seq, &calls, is_known);
			sequences++;
		}
		seq_free(&seq);
	}
	seq_close(reader);
	printf("%u sequences, %u answers differ\n", sequences, differ);
	return differ || !sequences;
}
