/* SPDX-License-Identifier: MIT */
/*
 * Goal: a volume that is filled to its last block says so with -ENOSPC, keeps what it has taken,
 *       lets everything be overwritten and removed, and then has all its space again.
 * Method: small volumes of many geometries are filled by one kind of object at a time - data, small
 *       files, names, directories, attributes, symbolic links, fragments - and by a mix with removals
 *       while full; each call succeeds or says -ENOSPC.  Then the volume is closed, checked,
 *       opened and compared with what was taken; emptied, when its free blocks must be those of the
 *       beginning; and filled again.
 *
 *	model_full [--rounds N] [--seed S] [--budget SECONDS]
 *
 * With arguments a campaign: each round has a seed of its own, from S on, and by it one kind on one of 20
 * geometries; "--seed S --rounds 1" repeats one.
 *
 * XFSWRITE_SAVE_DIR=<dir>: the images of each step are left there for other judges.
 * XFSWRITE_GEOMETRY=<n>, XFSWRITE_KIND=<n>: that one alone.
 * XFSWRITE_PART=<n>: one of n pairs of both.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "support/test_fs.h"
#include "support/test_seed.h"

#define CHECK(cond) \
	((cond) ? (void)0 : test_fs_die(&fs, __FILE__, __LINE__, #cond, "%u objects", nobjects))
#define OK(expr) CHECK((expr) >= 0)

#define MAX_OBJECTS	400000
#define MOST_BYTES	(3u << 20)
#define MOST_BLOCKS	300

enum kind { DATA, SMALL, NAMES, DIRS, ATTRS, LINKS, FRAGMENTS, MIX, KINDS };

static const char *const kind_names[KINDS] = {
	"data", "small", "names", "directories", "attributes", "links", "fragments", "mix",
};

struct geometry {
	const char *what;
	uint64_t mib;
	bool limited_inodes;	/* inodes may not take all space, so it need not run out */
	struct xfs_mkfs_options mkfs;
};

/* An object that was taken: its number tells its contents. */
struct object {
	enum kind kind;		/* KINDS: it is gone again */
	uint32_t number;	/* of its name */
	uint32_t size;		/* bytes of contents, value, name or target */
};

static struct test_fs fs;
static struct xfs_rand rnd;
static struct object objects[MAX_OBJECTS];
static uint32_t nobjects;
static uint32_t next_number;
static uint64_t big_size;	/* of "/big" */
static uint32_t block_size, inode_size;
static uint32_t fragments;	/* blocks of "/fragments", every other one */
static int geo_index;
static bool journalled;
static uint8_t buf[1u << 20], got[1u << 20];

static uint32_t below(uint32_t n)
{
	return (uint32_t)xfs_rand_below(&rnd, n);
}

/* true: done; false: no space.  Nothing else may happen. */
static bool taken(int64_t ret)
{
	if (ret >= 0)
		return true;
	if (ret != -ENOSPC)
		fprintf(stderr, "%s\n", strerror((int)-ret));
	CHECK(ret == -ENOSPC);
	CHECK(xfs_error_text(NULL)[0]);
	return false;
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

static uint64_t disk_free_blocks(void)
{
	struct xfs_info info = { .size = sizeof(info) };

	OK(xfs_info(fs.mp, &info));
	return info.fdblocks;
}

/* ---- names and contents ---- */

static void long_name(uint32_t number, uint32_t len, char *out)
{
	int n = sprintf(out, "%07u", number);

	memset(out + n, 'a' + (int)(number % 26), len - (uint32_t)n);
	out[len] = 0;
}

static void path_of(const struct object *o, char *out)
{
	int n = sprintf(out, "/%s/", kind_names[o->kind]);

	if (o->kind == NAMES)
		long_name(o->number, o->size, out + n);
	else
		sprintf(out + n, "%07u", o->number);
}

static void attr_name(const struct object *o, char *out)
{
	sprintf(out, "user.%07u", o->number);
}

static void target_of(const struct object *o, char *out)
{
	memset(out, 'a' + (int)(o->number % 26), o->size);
	out[o->size] = 0;
}

static struct object *add(enum kind kind, uint32_t size)
{
	struct object *o = &objects[nobjects];

	CHECK(nobjects < MAX_OBJECTS);
	*o = (struct object){ .kind = kind, .number = next_number++, .size = size };
	return o;
}

/* One more object, of about the size asked for, or not. */
static bool one_small(uint32_t size)
{
	struct object *o = add(SMALL, size);
	struct xfs_file *file;
	char path[300];
	ssize_t n;

	path_of(o, path);
	if (!taken(xfs_open(fs.mp, path, O_CREAT | O_EXCL | O_RDWR, 0644, &file)))
		return false;
	nobjects++;
	test_pattern_fill(buf, size, o->number);
	n = size ? xfs_pwrite(file, buf, size, 0) : 0;
	/* Cut short is allowed, as for write(2). */
	o->size = taken(n) ? (uint32_t)n : 0;
	OK(xfs_close(file));
	return o->size == size;
}

static bool one_name(uint32_t len)
{
	struct object *o = add(NAMES, len < 8 ? 8 : len);
	char path[300];

	path_of(o, path);
	if (!taken(xfs_link(fs.mp, "/linked", path)))
		return false;
	nobjects++;
	return true;
}

static bool one_directory(void)
{
	struct object *o = add(DIRS, 0);
	char path[300];

	path_of(o, path);
	if (!taken(xfs_mkdir(fs.mp, path, 0755)))
		return false;
	nobjects++;
	return true;
}

static bool one_attribute(uint32_t size)
{
	struct object *o = add(ATTRS, size);
	char name[32];

	attr_name(o, name);
	test_pattern_fill(buf, size, o->number);
	if (!taken(xfs_setxattr(fs.mp, "/attributes", false, name, buf, size, 0)))
		return false;
	nobjects++;
	return true;
}

static bool one_link(uint32_t size)
{
	struct object *o = add(LINKS, size);
	char path[300], target[1024];

	path_of(o, path);
	target_of(o, target);
	if (!taken(xfs_symlink(fs.mp, target, path)))
		return false;
	nobjects++;
	return true;
}

static void remove_object(struct object *o)
{
	char path[300];

	path_of(o, path);
	if (o->kind == ATTRS) {
		attr_name(o, path);
		OK(xfs_removexattr(fs.mp, "/attributes", false, path));
	} else if (o->kind == DIRS) {
		OK(xfs_rmdir(fs.mp, path));
	} else {
		OK(xfs_unlink(fs.mp, path));
	}
	*o = objects[--nobjects];
}

/* ---- filling ---- */

/* What is left after the large ones goes to smaller ones, down to the smallest. */
static void down(bool (*one)(uint32_t size), uint32_t largest, uint32_t smallest)
{
	for (uint32_t size = largest; ; size = size / 2 < smallest ? smallest : size / 2) {
		while (one(size))
			;
		if (size == smallest)
			break;
	}
}

/* Pieces of "/big", one behind the other; each is an object whose number is its place. */
static bool append_data(uint32_t size)
{
	struct xfs_file *file;
	struct object *o = add(DATA, size);
	ssize_t n;

	o->number = (uint32_t)big_size;
	OK(xfs_open(fs.mp, "/big", O_CREAT | O_RDWR, 0644, &file));
	test_pattern_fill(buf, size, o->number);
	n = xfs_pwrite(file, buf, size, big_size);
	if (taken(n)) {
		o->size = (uint32_t)n;
		big_size += o->size;
		nobjects++;
	}
	OK(xfs_close(file));
	return n == size;
}

static void fill_fragments(void)
{
	struct xfs_file *file;

	OK(xfs_open(fs.mp, "/fragments", O_CREAT | O_RDWR, 0644, &file));
	for (;;) {
		test_pattern_fill(buf, block_size, fragments);
		if (!taken(xfs_pwrite(file, buf, block_size, (uint64_t)fragments * 2 * block_size)))
			break;
		fragments++;
		if (fragments % 64 == 0)
			OK(xfs_fsync(file));
	}
	OK(xfs_fsync(file));
	OK(xfs_close(file));
}

static bool one_of_a_mix(void)
{
	switch (below(5)) {
	case 0:
		return one_small(below(4 * block_size));
	case 1:
		return one_name(8 + below(240));
	case 2:
		return one_directory();
	case 3:
		return one_attribute(below(3000));
	default:
		return one_link(1 + below(1000));
	}
}

static bool one_directory_of(uint32_t size)
{
	(void)size;
	return one_directory();
}

static void fill(enum kind kind)
{
	switch (kind) {
	case DATA:
		down(append_data, 1u << 20, 1);
		break;
	case SMALL:
		down(one_small, block_size * 3, 0);
		break;
	case NAMES:
		down(one_name, 250, 8);
		break;
	case DIRS:
		down(one_directory_of, 1, 1);
		break;
	case ATTRS:
		down(one_attribute, 65536, 1);
		break;
	case LINKS:
		down(one_link, 1000, 1);
		break;
	case FRAGMENTS:
		fill_fragments();
		break;
	default:
		while (one_of_a_mix())
			;
		/* At the edge: something goes, something else wants its place. */
		for (int i = 0; i < 3000; i++) {
			if (nobjects && below(2))
				remove_object(&objects[below(nobjects)]);
			else
				one_of_a_mix();
		}
		for (int refused = 0; refused < 40;)
			refused += !one_of_a_mix();
	}
}

/* ---- comparing, and what a full volume still has to do ---- */

static void compare_data(const char *path, uint64_t offset, uint32_t size, uint64_t tag)
{
	struct xfs_file *file;

	OK(xfs_open(fs.mp, path, O_RDONLY, 0, &file));
	test_pattern_fill(buf, size, tag);
	CHECK(xfs_pread(file, got, size, offset) == (ssize_t)size);
	CHECK(!memcmp(buf, got, size));
	OK(xfs_close(file));
}

static void compare_object(const struct object *o)
{
	char path[300], target[1100];
	struct stat st;

	path_of(o, path);
	switch (o->kind) {
	case DATA:
		compare_data("/big", o->number, o->size, o->number);
		return;
	case SMALL:
		OK(xfs_lstat(fs.mp, path, &st));
		CHECK(st.st_size == o->size);
		if (o->size)
			compare_data(path, 0, o->size, o->number);
		return;
	case ATTRS:
		attr_name(o, path);
		CHECK(xfs_getxattr(fs.mp, "/attributes", false, path, got, sizeof(got)) == o->size);
		test_pattern_fill(buf, o->size, o->number);
		CHECK(!memcmp(buf, got, o->size));
		return;
	case LINKS:
		CHECK(xfs_readlink(fs.mp, path, (char *)got, sizeof(got)) == o->size);
		target_of(o, target);
		CHECK(!memcmp(target, got, o->size));
		return;
	default:
		OK(xfs_lstat(fs.mp, path, &st));
	}
}

static void compare(void)
{
	struct stat st;

	for (uint32_t i = 0; i < nobjects; i++)
		compare_object(&objects[i]);
	for (uint32_t i = 0; i < fragments; i++)
		compare_data("/fragments", (uint64_t)i * 2 * block_size, block_size, i);
	OK(xfs_lstat(fs.mp, "/linked", &st));
	uint64_t links = 1;
	for (uint32_t i = 0; i < nobjects; i++)
		links += objects[i].kind == NAMES;
	CHECK(st.st_nlink == links);
}

/* None of this needs a block. */
static void use_while_full(void)
{
	struct xfs_file *file;
	struct stat st;

	OK(xfs_chmod(fs.mp, "/linked", 0600));
	OK(xfs_lstat(fs.mp, "/linked", &st));
	CHECK((st.st_mode & 07777) == 0600);
	OK(xfs_open(fs.mp, "/kept", O_RDWR, 0, &file));
	test_pattern_fill(buf, 8192, below(1000));
	CHECK(xfs_pwrite(file, buf, 8192, 0) == 8192);
	OK(xfs_fsync(file));
	CHECK(xfs_pread(file, got, 8192, 0) == 8192);
	CHECK(!memcmp(buf, got, 8192));
	OK(xfs_close(file));
	OK(xfs_rename(fs.mp, "/kept", "/kepT"));
	OK(xfs_rename(fs.mp, "/kepT", "/kept"));
	OK(xfs_sync(fs.mp));
}

static void empty(enum kind kind)
{
	if (kind == DATA || kind == FRAGMENTS) {
		/* By halves, and the rest at once. */
		const char *path = kind == DATA ? "/big" : "/fragments";
		uint64_t size = kind == DATA ? big_size : (uint64_t)fragments * 2 * block_size;

		for (int i = 1; i < 4; i++)
			OK(xfs_truncate(fs.mp, path, size >> i));
		OK(xfs_unlink(fs.mp, path));
		nobjects = 0;
		big_size = fragments = 0;
		return;
	}
	while (nobjects)
		remove_object(&objects[below(2) ? nobjects - 1 : below(nobjects)]);
}

/* ---- volumes ---- */

static void save(const char *what)
{
	const char *to = getenv("XFSWRITE_SAVE_DIR");
	char path[4096];

	if (!to)
		return;
	snprintf(path, sizeof(path), "%s/full-%d-%s%s.img", to, geo_index,
		 journalled ? "journalled-" : "", what);
	test_fs_save(&fs, path);
}

static void judge(enum kind kind, const char *what)
{
	char name[64];

	test_fs_close_and_check(&fs);
	snprintf(name, sizeof(name), "%s-%s", kind_names[kind], what);
	save(name);
	test_fs_open(&fs);
}

static void make_volume(const struct geometry *g)
{
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_file *file;

	test_fs_make(&fs, g->mib << 20, &g->mkfs);
	journalled = !(fs.opts.flags & XFS_MOUNT_UNJOURNALLED);
	OK(xfs_info(fs.mp, &info));
	block_size = info.block_size;
	inode_size = info.inode_size;
	for (int k = SMALL; k <= LINKS; k++) {
		char path[32];

		sprintf(path, "/%s", kind_names[k]);
		OK(xfs_mkdir(fs.mp, path, 0755));
	}
	OK(xfs_open(fs.mp, "/linked", O_CREAT | O_RDWR, 0644, &file));
	OK(xfs_close(file));
	OK(xfs_open(fs.mp, "/kept", O_CREAT | O_RDWR, 0644, &file));
	test_pattern_fill(buf, 8192, 1);
	CHECK(xfs_pwrite(file, buf, 8192, 0) == 8192);
	OK(xfs_close(file));
	nobjects = next_number = fragments = 0;
	big_size = 0;
	OK(xfs_sync(fs.mp));
	/* Of large volumes most is taken beforehand: names and inodes would take too long. */
	uint64_t most = MOST_BYTES / block_size > MOST_BLOCKS ? MOST_BYTES / block_size : MOST_BLOCKS;

	if (free_blocks() > most) {
		uint64_t take = (free_blocks() - most) * block_size;

		/* Zeros: saved images have holes there. */
		memset(buf, 0, sizeof(buf));
		OK(xfs_open(fs.mp, "/ballast", O_CREAT | O_RDWR, 0644, &file));
		for (uint64_t done = 0; done < take; done += sizeof(buf))
			CHECK(xfs_pwrite(file, buf, sizeof(buf), done) == sizeof(buf));
		OK(xfs_close(file));
		OK(xfs_sync(fs.mp));
	}
}

static uint64_t held(enum kind kind)
{
	return kind == DATA ? big_size : kind == FRAGMENTS ? fragments : nobjects;
}

static void one(const struct geometry *g, enum kind kind)
{
	uint64_t before, disk_before, left, kept, first = 0;

	make_volume(g);
	before = free_blocks();
	disk_before = disk_free_blocks();
	for (int round = 0; round < 2; round++) {
		fill(kind);
		OK(xfs_sync(fs.mp));
		left = free_blocks();
		fprintf(stderr, "%s, %s%s: holds %" PRIu64 ", %" PRIu64 " of %" PRIu64 " blocks are free\n",
			g->what, kind_names[kind], journalled ? ", journalled" : "", held(kind), left,
			before);
		/*
		 * Data stops where a bmbt's split could no longer be paid for; names and inodes stop
		 * where the longest chain of splits that one of them may cause has no room.
		 */
		CHECK(left <= (kind == DATA || kind == FRAGMENTS ? 16 : 200) || g->limited_inodes);
		/* What it held once it holds again, but for other names and hashes. */
		CHECK(held(kind) > 0 && (kind == MIX || round == 0 || held(kind) >= first - first / 10));
		first = held(kind);
		use_while_full();
		compare();
		judge(kind, round ? "full-again" : "full");
		CHECK(free_blocks() == left);
		compare();
		use_while_full();
		empty(kind);
		OK(xfs_sync(fs.mp));
		judge(kind, round ? "empty-again" : "empty");
		/* Blocks that hold more than one chunk of inodes are never given back. */
		kept = before - free_blocks();
		CHECK(kept <= (block_size > 64 * inode_size ? first * inode_size / block_size + 1 : 0));
		CHECK(disk_free_blocks() == disk_before - kept);
	}
	test_fs_end(&fs);
}

#define GEO(...) { .size = sizeof(struct xfs_mkfs_options), __VA_ARGS__ }
#define ALL	.imaxpct = XFS_MKFS_IMAXPCT_NOLIMIT
#define OLD	.profile = XFS_MKFS_PROFILE_6_1

static const struct geometry geos[] = {
	{ "4k", 40, false, GEO(ALL, .agcount = 2) },
	{ "4k, 6.1", 40, true, GEO(OLD, .agcount = 2) },
	{ "4k, 4 groups", 80, false, GEO(ALL, .agcount = 4) },
	{ "1k", 36, false, GEO(ALL, .blocksize = 1024, .agcount = 2) },
	{ "1k, 6.1, 3 groups", 50, false, GEO(ALL, OLD, .blocksize = 1024, .agcount = 3) },
	{ "16k", 128, true, GEO(.blocksize = 16384, .agcount = 2) },
	{ "64k", 512, true, GEO(.blocksize = 65536, .agcount = 2) },
	{ "plain", 40, false, GEO(ALL, OLD, .agcount = 2, .sparse = XFS_MKFS_OFF,
				  .finobt = XFS_MKFS_OFF, .inobtcount = XFS_MKFS_OFF,
				  .reflink = XFS_MKFS_OFF, .bigtime = XFS_MKFS_OFF) },
	{ "sectors of 4k, inodes of 2k, directory blocks of 64k", 100, true,
	  GEO(.sectsize = 4096, .inodesize = 2048, .dirblocksize = 65536, .agcount = 2) },
	/* For campaigns. */
	{ "4k, one group", 24, false, GEO(ALL, .agcount = 1) },
	{ "4k, 6.1, reverse maps", 40, false, GEO(ALL, OLD, .rmapbt = XFS_MKFS_ON, .agcount = 2) },
	{ "4k, inodes of 1k", 40, false, GEO(ALL, .inodesize = 1024, .agcount = 2) },
	{ "4k, whole chunks of inodes", 40, false, GEO(ALL, OLD, .sparse = XFS_MKFS_OFF, .agcount = 2) },
	{ "4k, large log", 80, false, GEO(ALL, .log_size = 24u << 20, .agcount = 2) },
	{ "4k, directory blocks of 16k", 48, true, GEO(ALL, .dirblocksize = 16384, .agcount = 2) },
	{ "1k, 7 groups", 120, false, GEO(ALL, .blocksize = 1024, .agcount = 7) },
	{ "1k, no reflink", 36, false, GEO(ALL, OLD, .blocksize = 1024, .agcount = 2,
					   .reflink = XFS_MKFS_OFF, .finobt = XFS_MKFS_OFF) },
	{ "2k", 50, false, GEO(ALL, .blocksize = 2048, .agcount = 3) },
	{ "8k", 96, true, GEO(.blocksize = 8192, .agcount = 2) },
	{ "32k", 256, true, GEO(.blocksize = 32768, .agcount = 2) },
};
#define NR_GEOS	(sizeof(geos) / sizeof(geos[0]))
#define IN_ORDINARY_RUNS	9

static void run_all(void)
{
	const char *wanted = getenv("XFSWRITE_GEOMETRY"), *wanted_kind = getenv("XFSWRITE_KIND");
	int part = test_part();

	test_seed_init(1);
	for (geo_index = 0; geo_index < IN_ORDINARY_RUNS; geo_index++) {
		if (wanted && atoi(wanted) != geo_index)
			continue;
		for (int kind = 0; kind < KINDS; kind++) {
			if (wanted_kind ? atoi(wanted_kind) != kind : (geo_index * KINDS + kind) % part)
				continue;
			/* Of its own, so that one run alone repeats it. */
			rnd = test_rand((uint64_t)(geo_index * KINDS + kind));
			one(&geos[geo_index], (enum kind)kind);
		}
	}
}

static int campaign(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", 1, NULL, 'r' }, { "budget", 1, NULL, 'b' }, { "seed", 1, NULL, 's' }, { 0 },
	};
	uint64_t rounds = UINT64_MAX, seed = 1, done;
	time_t end = time(NULL) + 1000000000;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			rounds = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'b')
			end = time(NULL) + (time_t)strtoll(optarg, NULL, 0);
		else
			return 2;
	}
	for (done = 0; done < rounds && time(NULL) < end; done++) {
		fprintf(stderr, "--seed %" PRIu64 " --rounds 1: ", seed + done);
		xfs_rand_seed(&rnd, seed + done);
		geo_index = (int)below(NR_GEOS);
		one(&geos[geo_index], (enum kind)below(KINDS));
	}
	printf("%" PRIu64 " rounds\n", done);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return campaign(argc, argv);
	run_all();
	return 0;
}
