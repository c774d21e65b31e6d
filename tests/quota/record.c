/* SPDX-License-Identifier: MIT */
/*
 * record SEQUENCES DEVICE [NAME...]: each sequence (or those named), in each of its geometries,
 * done by the running kernel, on a file system that mkfs.xfs makes on DEVICE.  Prints them with
 * their answers.  All on DEVICE is lost.  Needs root and a kernel with XFS's quota; see record.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/dqblk_xfs.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "quota/sequence.h"

#define MNT	"/mnt"
#define HANDLES 32u

/* ioctl_xfs_exchange_range(2) */
struct exchange_range {
	int32_t file1_fd;
	uint32_t pad;
	uint64_t file1_offset, file2_offset, length, flags;
};
#define EXCHANGE_RANGE _IOW('X', 129, struct exchange_range)

struct context {
	const struct sequence *seq;
	uint32_t blocksize;
	char options[128];
	struct {
		char path[256];
		bool direct;
		int fd;
	} handles[HANDLES];
};

static const char *device;

#define MUST(expr) must((expr) >= 0, #expr)
static void must(bool fine, const char *what)
{
	if (fine)
		return;
	perror(what);
	exit(2);
}

static int64_t result_of(int64_t ret)
{
	return ret < 0 ? -errno : ret;
}

static const char *full(const char *path, char store[512])
{
	snprintf(store, 512, MNT "/%s", path);
	return store;
}

static void be_root(void)
{
	MUST(seteuid(0));
	MUST(setegid(0));
	MUST(setgroups(0, NULL));
}

/* ---- handles ----------------------------------------------------------------------------- */

static int find(struct context *c, const char *path, bool direct)
{
	for (unsigned int i = 0; i < HANDLES; i++)
		if (strcmp(c->handles[i].path, path) == 0 && c->handles[i].direct == direct)
			return (int)i;
	return -1;
}

/* An open file stays open until "close". */
static int handle(struct context *c, const char *path, int flags)
{
	bool direct = flags & O_DIRECT;
	int i = find(c, path, direct);
	char store[512];

	if (i >= 0)
		return c->handles[i].fd;
	i = find(c, "", false);
	must(i >= 0, "too many open files");
	c->handles[i].fd = open(full(path, store), O_RDWR | flags, 0644);
	if (c->handles[i].fd < 0)
		return -1;
	snprintf(c->handles[i].path, sizeof(c->handles[i].path), "%s", path);
	c->handles[i].direct = direct;
	return c->handles[i].fd;
}

static void let_go(struct context *c, unsigned int i)
{
	if (!c->handles[i].path[0])
		return;
	close(c->handles[i].fd);
	c->handles[i].path[0] = 0;
	c->handles[i].direct = false;
}

/* ---- quota --------------------------------------------------------------------------------- */

static int quota(int cmd, enum seq_type type, uint32_t id, struct fs_disk_quota *dq)
{
	memset(dq, 0, cmd == Q_XSETQLIM ? 0 : sizeof(*dq));
	return quotactl(QCMD(cmd, (int)type), device, (int)id, (void *)dq);
}

static int64_t set_limit(struct context *c, char **argv)
{
	struct fs_disk_quota dq = {.d_version = FS_DQUOT_VERSION};
	uint64_t soft = strtoull(argv[4], NULL, 0), hard = strtoull(argv[5], NULL, 0);

	if (argv[3][0] == 'b') {
		dq.d_fieldmask = FS_DQ_BSOFT | FS_DQ_BHARD;
		dq.d_blk_softlimit = soft * (c->blocksize / 512);
		dq.d_blk_hardlimit = hard * (c->blocksize / 512);
	} else {
		dq.d_fieldmask = FS_DQ_ISOFT | FS_DQ_IHARD;
		dq.d_ino_softlimit = soft;
		dq.d_ino_hardlimit = hard;
	}
	return result_of(
		quota(Q_XSETQLIM, seq_type_of(argv[1]), (uint32_t)strtoul(argv[2], NULL, 0), &dq));
}

static int64_t set_grace(char **argv)
{
	struct fs_disk_quota dq = {.d_version = FS_DQUOT_VERSION};

	dq.d_fieldmask = FS_DQ_BTIMER | FS_DQ_ITIMER;
	dq.d_btimer = atoi(argv[2]);
	dq.d_itimer = atoi(argv[3]);
	return result_of(quota(Q_XSETQLIM, seq_type_of(argv[1]), 0, &dq));
}

static uint64_t used(void *ctx, enum seq_type type, uint32_t id)
{
	struct context *c = ctx;
	struct fs_disk_quota dq;

	if (quota(Q_XGETQUOTA, type, id, &dq) < 0)
		return 0;
	return dq.d_bcount / (c->blocksize / 512);
}

static bool next(void *ctx, enum seq_type type, uint64_t from, struct seq_count *count)
{
	struct context *c = ctx;
	struct fs_disk_quota dq;

	if (from > UINT32_MAX || quota(Q_XGETNEXTQUOTA, type, (uint32_t)from, &dq) < 0)
		return false;
	count->id = dq.d_id;
	count->blocks = dq.d_bcount / (c->blocksize / 512);
	count->inodes = dq.d_icount;
	/* Those of id 0 are periods. */
	count->block_timer = dq.d_id && dq.d_btimer;
	count->inode_timer = dq.d_id && dq.d_itimer;
	return true;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int64_t become(unsigned int argc, char **argv)
{
	gid_t groups[SEQ_ARGS];
	unsigned int n = 0;

	be_root();
	for (unsigned int i = 3; i < argc; i++)
		groups[n++] = (gid_t)atoi(argv[i]);
	MUST(setgroups(n, groups));
	MUST(setegid((gid_t)atoi(argv[2])));
	MUST(seteuid((uid_t)atoi(argv[1])));
	return 0;
}

static int64_t write_to(struct context *c, const char *path, uint64_t offset, uint64_t len,
			bool end, int flags)
{
	int fd = handle(c, path, flags);
	struct stat st;
	int64_t ret;
	void *buf = NULL;

	if (fd < 0)
		return -errno;
	if (end) {
		MUST(fstat(fd, &st));
		offset = (uint64_t)st.st_size;
	}
	must(posix_memalign(&buf, 4096, len + 1) == 0, "memory");
	memset(buf, 'q', len);
	ret = result_of(pwrite(fd, buf, len, (off_t)offset));
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
		{"alloc-keep", FALLOC_FL_KEEP_SIZE},
		{"punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE},
		{"zero", FALLOC_FL_ZERO_RANGE},
		{"collapse", FALLOC_FL_COLLAPSE_RANGE},
		{"insert", FALLOC_FL_INSERT_RANGE},
		{"unshare", FALLOC_FL_UNSHARE_RANGE},
	};
	int fd = handle(c, argv[1], O_CREAT);

	if (fd < 0)
		return -errno;
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, how) == 0)
			return result_of(fallocate(fd, modes[i].mode,
						   (off_t)seq_bytes(argv[2], c->blocksize),
						   (off_t)seq_bytes(argv[3], c->blocksize)));
	return INT64_MIN;
}

static int64_t share(struct context *c, char **argv)
{
	int src = handle(c, argv[1], 0), dst = src < 0 ? -1 : handle(c, argv[3], O_CREAT);
	struct file_clone_range range = {
		.src_fd = src,
		.src_offset = seq_bytes(argv[2], c->blocksize),
		.dest_offset = seq_bytes(argv[4], c->blocksize),
		.src_length = seq_bytes(argv[5], c->blocksize),
	};
	off_t from = (off_t)range.src_offset, to = (off_t)range.dest_offset;

	if (dst < 0)
		return -errno;
	if (strcmp(argv[0], "clone") == 0)
		return result_of(ioctl(dst, FICLONERANGE, &range));
	return result_of(copy_file_range(src, &from, dst, &to, (size_t)range.src_length, 0));
}

/* exchange A B OFFSET LENGTH */
static int64_t exchange(struct context *c, char **argv)
{
	int second = handle(c, argv[2], 0);
	struct exchange_range range = {
		.file1_fd = second < 0 ? -1 : handle(c, argv[1], 0),
		.file1_offset = seq_bytes(argv[3], c->blocksize),
		.file2_offset = seq_bytes(argv[3], c->blocksize),
		.length = seq_bytes(argv[4], c->blocksize),
	};

	return range.file1_fd < 0 ? -errno : result_of(ioctl(second, EXCHANGE_RANGE, &range));
}

/* chproj PATH ID, or inherit PATH ID */
static int64_t set_project(char **argv)
{
	struct fsxattr attr;
	char store[512];
	int fd = open(full(argv[1], store), O_RDONLY | O_NOFOLLOW);
	int64_t ret;

	if (fd < 0)
		return -errno;
	MUST(ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_projid = (uint32_t)strtoul(argv[2], NULL, 0);
	if (strcmp(argv[0], "inherit") == 0)
		attr.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	ret = result_of(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
	close(fd);
	return ret;
}

static int64_t data_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	uint64_t a = 0, b = 0;

	if (strstr("write dwrite append owrite truncate", what)) {
		a = seq_bytes(argv[2], c->blocksize);
		b = argv[3] ? seq_bytes(argv[3], c->blocksize) : 0;
	}
	if (strcmp(what, "write") == 0)
		return write_to(c, argv[1], a, b, false, O_CREAT);
	if (strcmp(what, "dwrite") == 0)
		return write_to(c, argv[1], a, b, false, O_CREAT | O_DIRECT);
	if (strcmp(what, "append") == 0)
		return write_to(c, argv[1], 0, a, true, O_CREAT | O_APPEND);
	if (strcmp(what, "truncate") == 0)
		return handle(c, argv[1], O_CREAT) < 0
			       ? -errno
			       : result_of(ftruncate(handle(c, argv[1], 0), (off_t)a));
	if (strcmp(what, "clone") == 0 || strcmp(what, "copy") == 0)
		return share(c, argv);
	if (strcmp(what, "exchange") == 0)
		return exchange(c, argv);
	return allocate(c, what, argv);
}

static int64_t name_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	char one[512], two[512], target[1024];
	int i;

	full(argv[1], one);
	full(argv[2] ? argv[2] : "", two);
	if (strcmp(what, "create") == 0) {
		i = handle(c, argv[1], O_CREAT | O_EXCL);
		return i < 0 ? -errno : 0;
	}
	if (strcmp(what, "mkdir") == 0)
		return result_of(mkdir(one, 0755));
	if (strcmp(what, "mknod") == 0)
		return result_of(mknod(one, S_IFIFO | 0644, 0));
	if (strcmp(what, "symlink") == 0) {
		snprintf(target, sizeof(target), "%0*d", atoi(argv[2]), 7);
		return result_of(symlink(target, one));
	}
	if (strcmp(what, "link") == 0)
		return result_of(link(one, two));
	if (strcmp(what, "rename") == 0)
		return result_of(rename(one, two));
	if (strcmp(what, "unlink") == 0)
		i = unlink(one);
	else if (strcmp(what, "rmdir") == 0)
		i = rmdir(one);
	else
		return INT64_MIN;
	if (i < 0)
		return -errno;
	usleep(250000); /* inodes are freed by a worker of the kernel, some jiffies later */
	return 0;
}

static int64_t attr_step(struct context *c, char **argv)
{
	const char *what = argv[0];
	static char value[65536];
	char one[512];

	full(argv[1], one);
	(void)c;
	if (strcmp(what, "setxattr") == 0)
		return result_of(lsetxattr(one, argv[2], value, (size_t)atoi(argv[3]), 0));
	if (strcmp(what, "removexattr") == 0)
		return result_of(lremovexattr(one, argv[2]));
	if (strcmp(what, "chown") == 0)
		return result_of(lchown(one, (uid_t)strtoul(argv[2], NULL, 0), (gid_t)-1));
	if (strcmp(what, "chgrp") == 0)
		return result_of(lchown(one, (uid_t)-1, (gid_t)strtoul(argv[2], NULL, 0)));
	if (strcmp(what, "chproj") == 0 || strcmp(what, "inherit") == 0)
		return set_project(argv);
	return INT64_MIN;
}

static int64_t step(void *ctx, unsigned int argc, char **argv)
{
	struct context *c = ctx;
	uid_t uid = geteuid();
	int64_t ret;
	int i;

	if (argc < SEQ_ARGS)
		argv[argc] = NULL;
	if (strcmp(argv[0], "as") == 0)
		return become(argc, argv);
	if (strcmp(argv[0], "limit") == 0 || strcmp(argv[0], "grace") == 0) {
		MUST(seteuid(0));
		ret = argv[0][0] == 'l' ? set_limit(c, argv) : set_grace(argv);
		MUST(seteuid(uid));
		return ret;
	}
	if (strcmp(argv[0], "wait") == 0)
		return sleep((unsigned int)atoi(argv[1]));
	if (strcmp(argv[0], "sync") == 0) {
		MUST(i = open(MNT, O_RDONLY));
		ret = result_of(syncfs(i));
		close(i);
		return ret;
	}
	if (strcmp(argv[0], "fsync") == 0)
		return handle(c, argv[1], 0) < 0 ? -errno : result_of(fsync(handle(c, argv[1], 0)));
	if (strcmp(argv[0], "open") == 0)
		return handle(c, argv[1], O_CREAT) < 0 ? -errno : 0;
	if (strcmp(argv[0], "close") == 0) {
		for (int direct = 0; direct < 2; direct++)
			if ((i = find(c, argv[1], direct)) >= 0)
				let_go(c, (unsigned int)i);
		usleep(250000);
		return 0;
	}
	ret = name_step(c, argv);
	if (ret == INT64_MIN)
		ret = attr_step(c, argv);
	if (ret == INT64_MIN)
		ret = data_step(c, argv);
	if (ret == INT64_MIN) {
		fprintf(stderr, "no such step: %s\n", argv[0]);
		exit(2);
	}
	return ret;
}

static int64_t blocks(void *ctx, const char *path)
{
	struct context *c = ctx;
	char store[512];
	struct stat st;
	int i = find(c, path, false);

	if (i >= 0 ? fstat(c->handles[i].fd, &st) : lstat(full(path, store), &st))
		return -1;
	return st.st_blocks;
}

/* ---- file systems ---------------------------------------------------------------------------- */

static void mount_it(struct context *c)
{
	MUST(mount(device, MNT, "xfs", 0, c->options));
}

static void *begin(const struct sequence *seq, const struct seq_geometry *geo)
{
	static const char *const options[SEQ_TYPES][3] = {
		{NULL, "uqnoenforce", "uquota"},
		{NULL, "gqnoenforce", "gquota"},
		{NULL, "pqnoenforce", "pquota"},
	};
	struct context *c = calloc(1, sizeof(*c));
	char command[512];

	must(c != NULL, "memory");
	c->seq = seq;
	c->blocksize = geo->blocksize;
	for (enum seq_type t = 0; t < SEQ_TYPES; t++)
		if (seq_type_state(seq, t))
			snprintf(c->options + strlen(c->options),
				 sizeof(c->options) - strlen(c->options), "%s%s",
				 c->options[0] ? "," : "", options[t][seq_type_state(seq, t)]);
	snprintf(command, sizeof(command),
		 "mkfs.xfs -q -f -K -d agcount=%u,size=%um -l size=%llu %s %s", SEQ_AGCOUNT,
		 geo->mib, (unsigned long long)SEQ_LOG_BYTES, geo->mkfs, device);
	must(system(command) == 0, command);
	mount_it(c);
	MUST(chmod(MNT, 0777));
	umask(0);
	return c;
}

static void settle(void *ctx)
{
	struct context *c = ctx;

	be_root();
	for (unsigned int i = 0; i < HANDLES; i++)
		let_go(c, i);
	MUST(umount(MNT));
	mount_it(c);
}

static void end(void *ctx)
{
	MUST(umount(MNT));
	free(ctx);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 0;
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
	struct seq_reader *reader;
	struct sequence seq;

	if (argc < 3) {
		fprintf(stderr, "usage: record SEQUENCES DEVICE [NAME...]\n");
		return 2;
	}
	device = argv[2];
	reader = seq_open(argv[1]);
	while (seq_read(reader, &seq)) {
		char *rest = seq.geometries, *name;

		while (is_wanted(seq.name, argc - 3, argv + 3) &&
		       (name = strtok_r(rest, " ", &rest)))
			seq_record(&seq, seq_geometry_of(name), &calls);
		seq_free(&seq);
	}
	seq_close(reader);
	return 0;
}
