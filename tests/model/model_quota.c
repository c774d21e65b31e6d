/* SPDX-License-Identifier: MIT */
/*
 * Goal: what users, groups and projects use is at every moment the sum over their inodes; limits
 *are not passed, but by what may not be refused; who is refused had no room; and when all is
 *       removed nothing is left of it.
 * Method: random calls by random owners on volumes of several geometries, with limits that come and
 *go. After each the counts are compared with a sum over what stat says of all that there is, and
 *the answer with what its owners had left.  Volumes are closed, checked and opened again; with the
 *       journal they crash, too.
 *
 *	model_quota [--rounds N] [--seed S] [--ops N] [--budget SECONDS]
 *
 * With arguments a campaign: each round has a seed of its own, from S on, and by it a geometry.
 * XFSWRITE_SAVE_DIR=<dir>: the images at the end of each round are left there for other judges.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/reflink.h>
#include "model/quota_model.h"

struct test_fs fs;
struct xfs_rand rnd;
struct object objects[MAX_OBJECTS];
uint32_t block_size;
static bool journalled, sharing;
static const char *op_name = "start";
static uint64_t op_number, refused, over, round_seed;
static uint8_t bytes[1u << 20];

const uint32_t quota_ids[XFS_QUOTA_TYPES][NR_IDS] = {
	{0, 1001, 1002, 70000},
	{0, 2001, 2002, 70001},
	{0, 77, 78, 4000000000u},
};

uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

void model_die(const char *file, int line, const char *what)
{
	test_fs_die(&fs, file, line, what, "op %" PRIu64 " %s", op_number, op_name);
}

/* ---- objects --------------------------------------------------------------------------- */

static struct object *any(enum kind kind)
{
	uint32_t start = below(MAX_OBJECTS);

	for (uint32_t i = 0; i < MAX_OBJECTS; i++) {
		struct object *o = &objects[(start + i) % MAX_OBJECTS];

		if (o->kind == kind && (kind == NONE || !o->gone))
			return o;
	}
	return NULL;
}

static struct object *any_file(void)
{
	return any(REGULAR);
}

/* A name in the root directory, or in one of those there. */
static void new_name(char *path)
{
	static uint32_t number;
	const struct object *dir = below(2) ? any(DIRECTORY) : NULL;

	snprintf(path, PATH_ROOM, "%.200s/%u-%0*u", dir ? dir->path : "", ++number,
		 (int)(1 + below(150)), 7u);
}

static struct xfs_file *open_it(struct object *o)
{
	if (!o->file)
		OK(xfs_open(fs.mp, o->path, O_RDWR, 0, &o->file));
	return o->file;
}

static void close_it(struct object *o)
{
	if (o->file)
		OK(xfs_close(o->file));
	o->file = NULL;
	if (o->gone)
		o->kind = NONE;
}

/* ---- answers --------------------------------------------------------------------------- */

/* Who acts next. */
static void be_somebody(void)
{
	fs.mp->m_uid = quota_ids[0][below(NR_IDS)];
	fs.mp->m_gid = quota_ids[1][below(NR_IDS)];
	fs.mp->m_unprivileged = fs.mp->m_uid && below(2);
}

/*
 * @ret: done, or one of -EDQUOT and, of a project, -ENOSPC: then one of @ids had no room for
 * @blocks and @inodes more.
 */
static bool done(int64_t ret, const uint32_t ids[XFS_QUOTA_TYPES], uint64_t blocks, uint32_t inodes)
{
	if (ret >= 0)
		return true;
	if (ret != -EDQUOT && ret != -ENOSPC)
		fprintf(stderr, "%s: %s\n", op_name, strerror((int)-ret));
	CHECK(ret == -EDQUOT || ret == -ENOSPC);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES; t++)
		if ((t == 2) == (ret == -ENOSPC) && quota_has_no_room(t, ids[t], blocks, inodes)) {
			refused++;
			return false;
		}
	fprintf(stderr, "%s: refused, with room for %" PRIu64 " blocks: %s\n", op_name, blocks,
		xfs_error_text(NULL));
	FAIL("refused although there is room");
}

static void owners_of(struct object *o, uint32_t ids[XFS_QUOTA_TYPES])
{
	struct xfs_stat st = XFS_STAT_INIT;

	OK(o->file ? xfs_fgetattr(o->file, &st) : xfs_getattr(fs.mp, o->path, false, &st));
	ids[0] = st.uid;
	ids[1] = st.gid;
	ids[2] = st.projid;
}

static bool done_to(struct object *o, int64_t ret, uint64_t blocks)
{
	uint32_t ids[XFS_QUOTA_TYPES];

	owners_of(o, ids);
	return done(ret, ids, blocks, 0);
}

/* The largest reservation of names and attributes; what is exact is shown against a kernel. */
static uint64_t worst(void)
{
	return block_size < 4096 ? 180 : 95;
}

/* The same of a file's extents. */
#define TREE_WORST 12u

static uint64_t blocks_of(uint64_t n)
{
	return (n + block_size - 1) / block_size + 1;
}

/* ---- operations ------------------------------------------------------------------------- */

static void make_object(void)
{
	struct object *o = any(NONE);
	uint32_t ids[XFS_QUOTA_TYPES];
	enum kind kind = (enum kind)(REGULAR + below(10) / 3);
	char target[1024];
	int ret;

	if (!o)
		return;
	o->file = NULL;
	new_name(o->path);
	memset(target, 't', sizeof(target));
	target[1 + below(1000)] = 0;
	ids[0] = fs.mp->m_uid;
	ids[1] = fs.mp->m_gid;
	ids[2] = quota_project_of(o->path);
	if (kind == REGULAR)
		ret = xfs_open(fs.mp, o->path, O_RDWR | O_CREAT | O_EXCL, 0644, &o->file);
	else if (kind == DIRECTORY)
		ret = strchr(o->path + 1, '/') ? 1 : xfs_mkdir(fs.mp, o->path, 0755);
	else if (kind == LINK)
		ret = xfs_symlink(fs.mp, target, o->path);
	else
		ret = xfs_mknod(fs.mp, o->path, S_IFIFO | 0644, 0, 0);
	if (ret == 1 || !done(ret, ids, worst(), 1))
		return;
	o->kind = kind;
	o->gone = false;
	if (kind == REGULAR && below(2))
		close_it(o);
}

static void write_some(void)
{
	struct object *o = any_file();
	uint32_t len = 1 + below(below(4) ? 3 * block_size : 60 * block_size);
	struct xfs_stat st = XFS_STAT_INIT;
	uint64_t offset;

	if (!o || len > sizeof(bytes))
		return;
	OK(xfs_fgetattr(open_it(o), &st));
	offset = below(2) ? st.size_bytes : below(200) * block_size;
	done_to(o, xfs_pwrite(o->file, bytes, len, offset), blocks_of(len));
}

static void change_space(void)
{
	static const int modes[] = {
		0,
		XFS_FALLOC_KEEP_SIZE,
		XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE,
		XFS_FALLOC_ZERO_RANGE,
		XFS_FALLOC_COLLAPSE_RANGE,
		XFS_FALLOC_INSERT_RANGE,
		XFS_FALLOC_UNSHARE_RANGE,
	};
	struct object *o = any_file();
	uint64_t offset = below(100) * (uint64_t)block_size,
		 len = (1 + below(30)) * (uint64_t)block_size;
	int mode = modes[below(7)], ret;

	if (!o)
		return;
	ret = xfs_fallocate(open_it(o), mode, offset, len);
	/* Out of the file. */
	if (ret != -EINVAL && (ret != -EOPNOTSUPP || sharing))
		done_to(o, ret, blocks_of(len) + TREE_WORST);
}

static void cut(void)
{
	struct object *o = any_file();

	if (o)
		done_to(o, xfs_ftruncate(open_it(o), below(200 * block_size)), 1);
}

static void share(void)
{
	struct object *src = any_file(), *dst = any_file();
	uint64_t len = (1 + below(30)) * (uint64_t)block_size;
	int64_t ret;

	if (!src || src == dst || !sharing)
		return;
	if (below(2))
		ret = xfs_clone_range(open_it(src), 0, open_it(dst), below(50) * block_size, len);
	else
		ret = xfs_copy_range(open_it(src), below(5000), open_it(dst), below(50000), len);
	if (ret != -EINVAL)
		done_to(dst, ret, blocks_of(len) + TREE_WORST);
}

static void exchange(void)
{
	struct object *o1 = any_file(), *o2 = any_file();
	uint64_t len = (1 + below(30)) * (uint64_t)block_size;
	uint32_t ids[XFS_QUOTA_TYPES], other[XFS_QUOTA_TYPES];
	int ret;

	if (!o1 || o1 == o2)
		return;
	ret = xfs_exchange_range(open_it(o1), 0, open_it(o2), 0, len, 0);
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		return;
	owners_of(o1, ids);
	owners_of(o2, other);
	for (uint32_t t = 0; t < XFS_QUOTA_TYPES && ret < 0; t++)
		if (quota_has_no_room(t, other[t], blocks_of(len) + TREE_WORST, 0))
			ids[t] = other[t];
	done(ret, ids, blocks_of(len) + TREE_WORST, 0);
}

static void change_attr(void)
{
	static const char *const spaces[] = {"user", "user", "trusted", "security"};
	struct object *o = any((enum kind)(REGULAR + below(2)));
	uint32_t size = below(3) ? below(200) : below(60000);
	char name[32];
	int ret;

	if (!o)
		return;
	snprintf(name, sizeof(name), "%s.%u", spaces[below(4)], below(8));
	if (below(3))
		ret = xfs_setxattr(fs.mp, o->path, false, name, bytes, size, 0);
	else
		ret = xfs_removexattr(fs.mp, o->path, false, name);
	if (ret != -ENODATA)
		done_to(o, ret, blocks_of(size) + worst() / 2);
}

static void change_name(void)
{
	struct object *o = any((enum kind)(REGULAR + below(4)));
	char path[PATH_ROOM];
	uint32_t ids[XFS_QUOTA_TYPES];
	int ret;

	if (!o || o->kind == DIRECTORY)
		return;
	new_name(path);
	ret = xfs_rename(fs.mp, o->path, path);
	if (ret == -EXDEV)
		return;
	quota_owners_of_directory(path, ids);
	if (done(ret, ids, 2 * worst(), 0))
		snprintf(o->path, sizeof(o->path), "%s", path);
}

static void remove_one(void)
{
	struct object *o = any((enum kind)(REGULAR + below(4)));
	int ret;

	if (!o)
		return;
	if (o->kind == DIRECTORY) {
		ret = xfs_rmdir(fs.mp, o->path);
		CHECK(ret == 0 || ret == -ENOTEMPTY);
		if (ret == 0)
			o->kind = NONE;
		return;
	}
	OK(xfs_unlink(fs.mp, o->path));
	o->gone = true;
	if (!o->file)
		o->kind = NONE;
}

static void give_away(void)
{
	struct object *o = any((enum kind)(REGULAR + below(4)));
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_stat st = XFS_STAT_INIT;
	uint32_t ids[XFS_QUOTA_TYPES];

	if (!o)
		return;
	owners_of(o, ids);
	OK(xfs_getattr(fs.mp, o->path, false, &st));
	iattr.valid = 1u + below(7);
	iattr.valid = (iattr.valid & 1 ? XFS_ATTR_UID : 0) | (iattr.valid & 2 ? XFS_ATTR_GID : 0) |
		      (iattr.valid & 4 ? XFS_ATTR_PROJID : 0);
	iattr.uid = iattr.valid & XFS_ATTR_UID ? (ids[0] = quota_ids[0][below(NR_IDS)]) : 0;
	iattr.gid = iattr.valid & XFS_ATTR_GID ? (ids[1] = quota_ids[1][below(NR_IDS)]) : 0;
	iattr.projid = iattr.valid & XFS_ATTR_PROJID ? (ids[2] = quota_ids[2][below(NR_IDS)]) : 0;
	if (o->kind == DIRECTORY && (iattr.valid & XFS_ATTR_PROJID)) {
		iattr.valid |= XFS_ATTR_XFLAGS;
		iattr.xflags = XFS_XFLAG_PROJINHERIT;
	}
	done(xfs_setattr(fs.mp, o->path, false, &iattr), ids, st.blocks512 * 512 / block_size + 1,
	     1);
}

static void stabilise(void)
{
	struct object *o = any_file();

	if (below(3) || !o)
		OK(xfs_sync(fs.mp));
	else
		OK(xfs_fsync(open_it(o)));
}

static void let_go(void)
{
	struct object *o = &objects[below(MAX_OBJECTS)];

	if (o->kind != NONE)
		close_it(o);
}

static void pass_time(void)
{
	fs.clock_ns += below(4) ? below(3) * 1000000000ull : below(700000) * 1000000000ull;
	if (!below(4))
		OK(xfs_tick(fs.mp));
}

/* ---- closing, crashing ---------------------------------------------------------------------- */

static enum kind kind_of(const struct xfs_stat *st)
{
	return S_ISREG(st->mode)   ? REGULAR
	       : S_ISDIR(st->mode) ? DIRECTORY
	       : S_ISLNK(st->mode) ? LINK
				   : FIFO;
}

/* What there is in @path and below becomes objects from @n on; their number after that. */
static uint32_t find_objects(const char *path, uint32_t n)
{
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_dir *dir;
	int more;

	OK(xfs_opendir(fs.mp, *path ? path : "/", &dir));
	while ((more = xfs_readdir(dir, &entry)) == 1) {
		struct object *o = &objects[n];

		if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
			continue;
		CHECK(n < MAX_OBJECTS);
		n++;
		snprintf(o->path, sizeof(o->path), "%.250s/%.250s", path, entry.name);
		OK(xfs_getattr(fs.mp, o->path, false, &st));
		o->kind = kind_of(&st);
		if (o->kind == DIRECTORY)
			n = find_objects(o->path, n);
	}
	CHECK(more == 0);
	xfs_closedir(dir);
	return n;
}

static void close_all(void)
{
	for (uint32_t i = 0; i < MAX_OBJECTS; i++)
		if (objects[i].kind != NONE)
			close_it(&objects[i]);
}

/* What is there then, some moment left; its log is to be read by the library, or by others. */
static void crash(void)
{
	static unsigned int number;
	char name[64];
	FILE *list;

	if (below(2))
		OK(xfs_sync(fs.mp));
	/* What closing changes is not durable, and is lost with the rest. */
	close_all();
	xfs_abandon(fs.mp);
	snprintf(name, sizeof(name), "quota-%" PRIu64 "-%u-crash", round_seed, number++);
	list = test_fs_save_work(name);
	if (list)
		fclose(list);
	memset(objects, 0, sizeof(objects));
	test_fs_open(&fs);
	find_objects("", 0);
	quota_read_defaults();
}

/* All handles go; what has no name is gone. */
static void open_again(void)
{
	close_all();
	OK(xfs_unmount(fs.mp));
	fs.mp = NULL;
	CHECK(test_fs_check(fs.dev, 0) == 0);
	test_fs_open(&fs);
}

/* ---- rounds ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*call)(void);
	uint32_t weight;
	bool forced; /* may pass limits */
} ops[] = {
	{"make", make_object, 20, true}, /* the directory grows at its owner's cost */
	{"write", write_some, 40, false},
	{"allocate", change_space, 12, false},
	{"truncate", cut, 6, false},
	{"share", share, 8, false},
	{"exchange", exchange, 4, false},
	{"attribute", change_attr, 10, true}, /* of the system */
	{"rename", change_name, 5, false},
	{"remove", remove_one, 8, false},
	{"give away", give_away, 10, true}, /* who may do everything may do that */
	{"sync", stabilise, 6, true},	    /* of trees' blocks nobody knew */
	{"close", let_go, 12, true},
	{"time", pass_time, 4, true},
	{"limit", quota_set_some_limit, 12, true},
	{"be", be_somebody, 20, true},
};
#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static void one_op(void)
{
	uint32_t total = 0, pick, i;

	for (i = 0; i < NR_OPS; i++)
		total += ops[i].weight;
	pick = below(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	op_name = ops[i].name;
	quota_remember();
	ops[i].call();
	over += quota_compare(ops[i].forced);
	op_number++;
}

static void remove_all(void)
{
	op_name = "remove all";
	for (enum kind kind = KINDS - 1; kind > NONE; kind--)
		for (uint32_t i = 0; i < MAX_OBJECTS; i++) {
			struct object *o = &objects[i];

			if (o->kind == NONE || (o->kind == DIRECTORY) != (kind == REGULAR))
				continue;
			close_it(o);
			if (o->kind != NONE)
				OK(o->kind == DIRECTORY ? xfs_rmdir(fs.mp, o->path)
							: xfs_unlink(fs.mp, o->path));
			o->kind = NONE;
		}
	OK(xfs_sync(fs.mp));
	quota_compare(true);
	quota_expect_nothing();
}

#define GEO(...)                                                                                   \
	{                                                                                          \
		.size = sizeof(struct xfs_mkfs_options), __VA_ARGS__                               \
	}
#define OLD .profile = XFS_MKFS_PROFILE_6_1

static const struct {
	const char *what;
	bool sharing;
	struct xfs_mkfs_options mkfs;
} geos[] = {
	{"4k", true, GEO(.agcount = 2)},
	{"1k", true, GEO(.blocksize = 1024, .agcount = 3)},
	{"4k, no reflink", false, GEO(OLD, .agcount = 2, .reflink = XFS_MKFS_OFF)},
	{"4k, parent", true, GEO(.agcount = 2, .parent = XFS_MKFS_ON)},
	{"1k, plain", false,
	 GEO(OLD, .blocksize = 1024, .agcount = 2, .sparse = XFS_MKFS_OFF, .finobt = XFS_MKFS_OFF,
	     .inobtcount = XFS_MKFS_OFF, .reflink = XFS_MKFS_OFF, .bigtime = XFS_MKFS_OFF)},
	{"2k, old", true, GEO(OLD, .blocksize = 2048, .agcount = 2, .nrext64 = XFS_MKFS_OFF)},
	{"16k", true, GEO(.blocksize = 16384, .agcount = 2)},
};
#define NR_GEOS (sizeof(geos) / sizeof(geos[0]))

/* Closed, for other judges. */
static void save(void)
{
	char name[64];
	FILE *list;

	OK(xfs_unmount(fs.mp));
	snprintf(name, sizeof(name), "quota-%" PRIu64, round_seed);
	list = test_fs_save_work(name);
	if (list)
		fclose(list);
	test_fs_open(&fs);
}

static void round_of(uint32_t geo, uint32_t nops)
{
	memset(objects, 0, sizeof(objects));
	quota_forget();
	sharing = geos[geo].sharing;
	block_size = geos[geo].mkfs.blocksize ? geos[geo].mkfs.blocksize : 4096;
	op_number = refused = over = 0;
	test_fs_make_on(&fs, test_fs_work_device(256u << 20), &geos[geo].mkfs);
	journalled = !(fs.opts.flags & XFS_MOUNT_UNJOURNALLED);
	quota_turn_on(below(2) ? 7 : 1 + below(7), below(3) ? 7 : below(8));
	for (uint32_t i = 0; i < nops; i++) {
		one_op();
		if (below(300))
			continue;
		op_name = "open again";
		if (journalled && below(2))
			crash();
		else
			open_again();
		quota_compare(true);
	}
	op_name = "end";
	open_again();
	quota_compare(true);
	save();
	remove_all();
	fprintf(stderr, "%s%s: %" PRIu64 " refused, %" PRIu64 " forced over a limit\n",
		geos[geo].what, journalled ? ", journalled" : "", refused, over);
	CHECK(refused > 0 || nops < 1000 || !quota_is_enforced());
	test_fs_end(&fs);
}

static int campaign(int argc, char **argv)
{
	static const struct option options[] = {
		{"rounds", 1, NULL, 'r'},
		{"budget", 1, NULL, 'b'},
		{"seed", 1, NULL, 's'},
		{"ops", 1, NULL, 'o'},
		{0},
	};
	uint64_t rounds = UINT64_MAX, seed = 1, n;
	uint32_t nops = 3000;
	time_t end = time(NULL) + 1000000000;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			rounds = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'o')
			nops = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'b')
			end = time(NULL) + (time_t)strtoll(optarg, NULL, 0);
		else
			return 2;
	}
	for (n = 0; n < rounds && time(NULL) < end; n++) {
		fprintf(stderr, "--seed %" PRIu64 " --rounds 1 --ops %u: ", seed + n, nops);
		round_seed = seed + n;
		xfs_rand_seed(&rnd, round_seed);
		round_of(below(NR_GEOS), nops);
	}
	printf("%" PRIu64 " rounds\n", n);
	return 0;
}

int main(int argc, char **argv)
{
	memset(bytes, 'q', sizeof(bytes));
	if (argc > 1)
		return campaign(argc, argv);
	test_seed_init(1);
	for (uint32_t geo = 0; geo < NR_GEOS; geo++) {
		round_seed = geo;
		rnd = test_rand(geo);
		round_of(geo, 1500);
	}
	return 0;
}
