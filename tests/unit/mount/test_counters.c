/* SPDX-License-Identifier: MIT */
/*
 * Goal: a counter on disk that is wrong, with a right checksum, leads to -EUCLEAN that names the
 * field, or to correct work where it does no harm; never to an assertion, never to a log
 * that nobody can recover.
 * Method: in a small file system whose trees have several levels each counter in turn becomes
 * 0, 1, one less, one more and the largest number; where the mount compares sums of counters, the
 * superblock is made to agree.  Then a workload that takes and gives blocks and inodes of all
 * kinds, and a crash or an unmount.  After it recovery in memory must succeed.
 * Shows (COUNT-1), (COUNT-2).
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <errno.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/attr.h"
#include "disk/dir.h"
#include "disk/inode.h"
#include "support/objects.h"
#include "support/test_fs.h"

#define NFILES	1500

static struct test_objects objs;
static struct xfs_device *base;
static uint64_t file_ino, many_ino, dir_ino, big_ino, attr_ino, blk_ino, mid_ino;

/* ---- the file system ---------------------------------------------------------------- */

static char put_text[512];

static int put(struct xfs_mount *mp, const char *path, uint64_t off, size_t len)
{
	static char data[65536];
	struct xfs_file *f;
	int error = xfs_open(mp, path, O_CREAT | O_RDWR, 0644, &f);
	ssize_t done;

	if (error)
		return error;
	memset(data, 'x', sizeof(data));
	done = xfs_pwrite(f, data, len, off);
	/* What closing says would hide why it failed. */
	snprintf(put_text, sizeof(put_text), "%s", done < 0 ? xfs_error_text(mp) : "");
	error = xfs_close(f);
	return done < 0 ? (int)done : error;
}

static uint64_t ino_of(struct xfs_mount *mp, const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(mp, path, &st));
	return st.st_ino;
}

static void fill(struct xfs_mount *mp)
{
	static char value[3000];
	char path[64];

	TEST_OK(xfs_mkdir(mp, "/dir", 0755));
	TEST_OK(xfs_mkdir(mp, "/few", 0755));
	TEST_OK(xfs_mkdir(mp, "/block", 0755));
	TEST_OK(xfs_mkdir(mp, "/leaf", 0755));
	for (int i = 0; i < 250; i++) {
		snprintf(path, sizeof(path), "/%s/some-longer-name%d", i < 40 ? "block" : "leaf", i);
		TEST_OK(put(mp, path, 0, 0));
	}
	for (int i = 5; i < 250; i += 7) {
		snprintf(path, sizeof(path), "/%s/some-longer-name%d", i < 40 ? "block" : "leaf", i);
		TEST_OK(xfs_unlink(mp, path));
	}
	for (int i = 0; i < NFILES; i++) {
		snprintf(path, sizeof(path), "/dir/f%d", i);
		TEST_OK(put(mp, path, 0, 1500));
	}
	TEST_OK(xfs_sync(mp));
	for (int i = 0; i < NFILES; i += 3) {
		snprintf(path, sizeof(path), "/dir/f%d", i);
		TEST_OK(xfs_unlink(mp, path));
	}
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/few/f%d", i);
		TEST_OK(put(mp, path, 0, 10));
	}
	for (uint64_t i = 0; i < 200; i++)
		TEST_OK(put(mp, "/many", i * 16384, 1024));
	TEST_OK(put(mp, "/file", 0, 30000));
	TEST_OK(put(mp, "/attr", 0, 100));
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), "user.attribute-%d", i);
		TEST_OK(xfs_setxattr(mp, "/attr", true, path, value, i < 50 ? 20 : 3000, 0));
	}
	file_ino = ino_of(mp, "/file");
	many_ino = ino_of(mp, "/many");
	dir_ino = ino_of(mp, "/few");
	big_ino = ino_of(mp, "/dir");
	attr_ino = ino_of(mp, "/attr");
	blk_ino = ino_of(mp, "/block");
	mid_ino = ino_of(mp, "/leaf");
}

static int set_up(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .agcount = 2, .log_size = 6u << 20,
	};
	struct test_fs fs;

	(void)state;
	test_fs_make(&fs, 40u << 20, &mkfs);
	fill(fs.mp);
	test_fs_close_and_check(&fs);
	base = fs.dev;
	return test_objects_find(base, &objs);
}

static int tear_down(void **state)
{
	(void)state;
	test_objects_free(&objs);
	xfs_device_put(base);
	return 0;
}

/* ---- the workload ------------------------------------------------------------------- */

/* What the calls came to: the first error, with its text. */
struct outcome {
	int error;
	char text[512];
};

/* False: enough. */
static bool note(struct outcome *out, int64_t ret, struct xfs_mount *mp)
{
	if (ret >= 0) {
		put_text[0] = '\0';
		return true;
	}
	if (!out->error) {
		out->error = (int)ret;
		snprintf(out->text, sizeof(out->text), "%s%s", put_text, xfs_error_text(mp));
	}
	return ret != -EIO;
}

static bool some_files(struct outcome *out, struct xfs_mount *mp, int round)
{
	char path[64];

	for (int i = 0; i < 80; i++) {
		snprintf(path, sizeof(path), "/few/new%d-%d", round, i);
		if (!note(out, put(mp, path, 0, 700u + 300u * (unsigned int)i), mp))
			return false;
	}
	for (int i = 0; i < NFILES; i++) {
		if (i % 3 != 0 && i % 9 != round)
			continue;
		snprintf(path, sizeof(path), "/dir/f%d", i);
		/* Some are gone. */
		if (!note(out, i % 3 ? xfs_unlink(mp, path) : 0, mp))
			return false;
	}
	for (int i = 0; i < 80; i += 2) {
		snprintf(path, sizeof(path), "/few/new%d-%d", round, i);
		if (!note(out, xfs_unlink(mp, path), mp))
			return false;
	}
	return true;
}

static bool big_changes(struct outcome *out, struct xfs_mount *mp)
{
	char name[64];

	for (int i = 0; i < 400; i++) {
		const char *dir = i % 2 ? "block" : "leaf";

		snprintf(name, sizeof(name), "/%s/another-name%d", dir, i);
		if (!note(out, put(mp, name, 0, 0), mp))
			return false;
		snprintf(name, sizeof(name), "/%s/%s%d", dir, i % 4 < 2 ? "another-name" :
			 "some-longer-name", i % 4 < 2 ? i / 2 * 2 + i % 2 : i / 2);
		/* Some are gone, or never were. */
		if (xfs_unlink(mp, name) == -EUCLEAN && !note(out, -EUCLEAN, mp))
			return false;
	}
	for (int i = 0; i < 60; i += 2) {
		snprintf(name, sizeof(name), "user.attribute-%d", i);
		if (!note(out, xfs_removexattr(mp, "/attr", true, name), mp))
			return false;
	}
	return note(out, put(mp, "/file", 30000, 60000), mp) &&
	       note(out, xfs_truncate(mp, "/file", 10000), mp) &&
	       note(out, put(mp, "/many", 300 * 16384, 60000), mp) &&
	       note(out, xfs_truncate(mp, "/many", 500000), mp) &&
	       note(out, xfs_mkdir(mp, "/few/d", 0755), mp) &&
	       note(out, xfs_rename(mp, "/few/f1", "/few/d/f1"), mp) &&
	       note(out, xfs_link(mp, "/file", "/few/d/file"), mp) &&
	       note(out, xfs_sync(mp), mp) && note(out, xfs_truncate(mp, "/file", 0), mp) &&
	       note(out, xfs_unlink(mp, "/few/d/file"), mp) &&
	       note(out, xfs_unlink(mp, "/few/d/f1"), mp) &&
	       note(out, xfs_rmdir(mp, "/few/d"), mp) && note(out, xfs_unlink(mp, "/file"), mp) &&
	       note(out, xfs_unlink(mp, "/many"), mp) && note(out, xfs_unlink(mp, "/attr"), mp);
}

static bool work(struct outcome *out, struct xfs_mount *mp)
{
	for (int round = 1; round < 6; round++) {
		if (round % 3 && !some_files(out, mp, round))
			return false;
		if (!note(out, xfs_sync(mp), mp))
			return false;
		if (round == 4 && !big_changes(out, mp))
			return false;
	}
	return note(out, xfs_sync(mp), mp);
}

/* ---- one number ----------------------------------------------------------------------- */

struct counter {
	const char *name;		/* all or part of it stands in the error's text */
	enum test_kind kind;
	uint32_t off, size;
	const uint64_t *ino;		/* whose, of inodes and blocks of files; NULL: of AG 0 */
	uint32_t sb_off;		/* counter of the superblock that must agree; 0: none */
	uint32_t with;			/* another field of the object that follows; 0: none */
	const char *also;		/* another name that will do, or NULL */
};

static uint64_t get(const uint8_t *p, uint32_t size)
{
	return size == 8 ? get_be64(p) : size == 4 ? get_be32(p) : size == 2 ? get_be16(p) : *p;
}

static void set(uint8_t *p, uint32_t size, uint64_t v)
{
	if (size == 8)
		put_be64(v, p);
	else if (size == 4)
		put_be32((uint32_t)v, p);
	else if (size == 2)
		put_be16((uint16_t)v, p);
	else
		*p = (uint8_t)v;
}

static const struct test_object *find(const struct counter *c)
{
	static uint8_t buf[65536];

	for (size_t i = 0; i < objs.n; i++) {
		const struct test_object *obj = &objs.v[i];

		if (obj->kind != c->kind)
			continue;
		if (!c->ino && obj->agno == 0)
			return obj;
		if (c->kind != TEST_INODE && c->ino && obj->owner == *c->ino)
			return obj;
		if (c->kind != TEST_INODE || !c->ino)
			continue;
		TEST_OK(test_object_read(base, obj, buf));
		if (be64_to_cpu(((struct xfs_dinode *)(void *)buf)->di_ino) == *c->ino)
			return obj;
	}
	return NULL;
}

static void write_field(struct xfs_device *dev, const struct test_object *obj, uint32_t off,
			uint32_t size, uint64_t add)
{
	static uint8_t buf[65536];

	TEST_OK(test_object_read(dev, obj, buf));
	set(buf + off, size, get(buf + off, size) + add);
	test_object_fix_crc(obj, buf);
	TEST_OK(test_object_write(dev, obj, buf));
}

static bool says(const struct counter *c, const struct outcome *out)
{
	return strstr(out->text, c->name) || (c->also && strstr(out->text, c->also));
}

static void recover_in_memory(struct xfs_device *dev, const char *what)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY,
	};
	struct xfs_mount *mp;
	int error = xfs_mount(dev, &opts, &mp);

	if (error) {
		fprintf(stderr, "%s: cannot be recovered: %s\n", what, xfs_error_text(NULL));
		abort();
	}
	TEST_OK(xfs_unmount(mp));
}

static unsigned int refused, harmless;

static int one(const struct counter *c, const struct test_object *obj, uint64_t old, uint64_t new,
	       bool crash)
{
	struct outcome out = { 0 };
	struct xfs_device *dev;
	struct xfs_mount *mp;
	char what[100];
	int bad = 0;

	snprintf(what, sizeof(what), "%s %llu -> %llu%s%s", c->name, (unsigned long long)old,
		 (unsigned long long)new, c->sb_off ? ", superblock agrees" : "",
		 crash ? ", crash" : "");
	TEST_OK(xfs_device_open_overlay(base, NULL, &dev));
	write_field(dev, obj, c->off, c->size, new - old);
	if (c->with)
		write_field(dev, obj, c->with, 4, new - old);
	if (c->sb_off)
		write_field(dev, &objs.v[0], c->sb_off, 8, new - old);
	if (note(&out, xfs_mount(dev, NULL, &mp), NULL) && !out.error) {
		work(&out, mp);
		if (crash)
			xfs_abandon(mp);
		else
			note(&out, xfs_unmount(mp), NULL);
	}
	if (!out.error) {
		harmless++;
	} else {
		refused++;
		/*
		 * What a call leaves behind is finished later: the file system shuts down then,
		 * and the next call tells why.  More links than can be are no damage, and what is
		 * left out of an index is not there.
		 */
		bad = (out.error != -EUCLEAN && out.error != -EIO && out.error != -EMLINK &&
		       !(out.error == -ENOENT && c->kind == TEST_DIR_NODE)) ||
		      !says(c, &out);
	}
	if (bad)
		fprintf(stderr, "%s: %s: %s\n", what, strerror(-out.error), out.text);
	/* What readers cannot open, recovery in memory cannot either. */
	if (c->kind != TEST_SB)
		recover_in_memory(dev, what);
	xfs_device_put(dev);
	return bad;
}

static int each_value(const struct counter *c)
{
	const struct test_object *obj = find(c);
	static uint8_t buf[65536];
	uint64_t old, max = c->size == 8 ? UINT64_MAX : (1ull << 8 * c->size) - 1;
	int bad = 0;

	if (!obj) {
		fprintf(stderr, "%s: the image has no such object\n", c->name);
		return 1;
	}
	TEST_OK(test_object_read(base, obj, buf));
	old = get(buf + c->off, c->size);
	const uint64_t values[] = { 0, old - 1, old + 1, max, 1, old / 2, old - 5, old + 5 };

	for (size_t i = 0; i < (c->kind < TEST_BMBT ? ARRAY_SIZE(values) : 4); i++) {
		uint64_t new = values[i] & max;

		if (new != old)
			bad += one(c, obj, old, new, i % 2);
	}
	return bad;
}

#define AGF(m)	.kind = TEST_AGF, MEMBER(struct xfs_agf, m)
#define AGI(m)	.kind = TEST_AGI, MEMBER(struct xfs_agi, m)
#define SB(m)	.kind = TEST_SB, MEMBER(struct xfs_dsb, m)
#define MEMBER(type, m) .off = offsetof(type, m), .size = sizeof(((type *)0)->m)
#define AT(type, m) offsetof(type, m)

static const struct counter ag_counters[] = {
	{ .name = "agf_freeblks", AGF(agf_freeblks), .also = "agf_longest" },
	{ .name = "agf_freeblks", AGF(agf_freeblks), .sb_off = AT(struct xfs_dsb, sb_fdblocks),
	  .also = "agf_longest" },
	{ .name = "agf_longest", AGF(agf_longest) },
	{ .name = "agf_btreeblks", AGF(agf_btreeblks) },
	{ .name = "agf_btreeblks", AGF(agf_btreeblks), .sb_off = AT(struct xfs_dsb, sb_fdblocks) },
	{ .name = "agf_flcount", AGF(agf_flcount), .also = "agfl_" },
	{ .name = "agf_flcount", AGF(agf_flcount), .sb_off = AT(struct xfs_dsb, sb_fdblocks),
	  .with = AT(struct xfs_agf, agf_fllast), .also = "geo->agfl_slots" },
	{ .name = "agfl", AGF(agf_flfirst) },
	{ .name = "agfl", AGF(agf_fllast) },
	{ .name = "agf_rmap_blocks", AGF(agf_rmap_blocks), .also = "agf_btreeblks" },
	{ .name = "agf_refcount_blocks", AGF(agf_refcount_blocks) },
	{ .name = "height", AGF(agf_bno_level), .also = "bno_level" },
	{ .name = "height", AGF(agf_cnt_level), .also = "cnt_level" },
	{ .name = "height", AGF(agf_rmap_level), .also = "rmap_level" },
	{ .name = "height", AGF(agf_refcount_level), .also = "refcount_level" },
	{ .name = "agi_count", AGI(agi_count) },
	{ .name = "agi_count", AGI(agi_count), .sb_off = AT(struct xfs_dsb, sb_icount) },
	{ .name = "agi_freecount", AGI(agi_freecount) },
	{ .name = "agi_freecount", AGI(agi_freecount), .sb_off = AT(struct xfs_dsb, sb_ifree),
	  .also = "inobt" },
	{ .name = "agi_iblocks", AGI(agi_iblocks) },
	{ .name = "agi_fblocks", AGI(agi_fblocks) },
	{ .name = "height", AGI(agi_level), .also = "agi_level" },
	{ .name = "height", AGI(agi_free_level), .also = "agi_free_level" },
};

static const struct counter sb_counters[] = {
	{ .name = "sb_icount", SB(sb_icount) },
	{ .name = "sb_ifree", SB(sb_ifree) },
	{ .name = "sb_fdblocks", SB(sb_fdblocks) },
};

#define INODE(m) .kind = TEST_INODE, MEMBER(struct xfs_dinode, m)

static const struct counter inode_counters[] = {
	{ .name = "di_nblocks", INODE(di_nblocks), .ino = &file_ino, .also = "nblocks" },
	{ .name = "di_nblocks", INODE(di_nblocks), .ino = &many_ino, .also = "nblocks" },
	{ .name = "di_nblocks", INODE(di_nblocks), .ino = &dir_ino, .also = "nblocks" },
	{ .name = "di_nblocks", INODE(di_nblocks), .ino = &attr_ino, .also = "nblocks" },
	{ .name = "nextents", INODE(di_big_nextents), .ino = &file_ino, .also = "inode" },
	{ .name = "nextents", INODE(di_big_nextents), .ino = &many_ino, .also = "inode" },
	{ .name = "nextents", INODE(di_big_anextents), .ino = &attr_ino, .also = "inode" },
	{ .name = "link", INODE(di_nlink), .ino = &file_ino },
	{ .name = "link", INODE(di_nlink), .ino = &dir_ino },
};

#define AT_BYTE(byte, bytes) .off = byte, .size = bytes
#define DIR(kind_, byte, bytes, ino_) \
	{ .name = "dir", .kind = kind_, AT_BYTE(byte, bytes), .ino = ino_, .also = "leaf" }
#define NODE(byte, bytes) \
	{ .name = "dir", .kind = TEST_DIR_NODE, AT_BYTE(byte, bytes), .ino = &big_ino, \
	  .also = "da node" }
#define ATTR(byte, bytes) \
	{ .name = "attr", .kind = TEST_ATTR_LEAF, AT_BYTE(byte, bytes), .ino = &attr_ino }

/* Counts, sizes and offsets in the blocks of directories and attributes. */
static const struct counter block_counters[] = {
	DIR(TEST_DIR_BLOCK, 4088, 4, &blk_ino), DIR(TEST_DIR_BLOCK, 4092, 4, &blk_ino),
	DIR(TEST_DIR_BLOCK, 48, 2, &blk_ino), DIR(TEST_DIR_BLOCK, 50, 2, &blk_ino),
	DIR(TEST_DIR_DATA, 48, 2, &mid_ino), DIR(TEST_DIR_DATA, 50, 2, &mid_ino),
	DIR(TEST_DIR_DATA, 58, 2, &mid_ino), DIR(TEST_DIR_LEAF1, 56, 2, &mid_ino),
	DIR(TEST_DIR_LEAF1, 58, 2, &mid_ino), DIR(TEST_DIR_LEAF1, 4092, 4, &mid_ino),
	DIR(TEST_DIR_LEAF1, 4090, 2, &mid_ino), DIR(TEST_DIR_LEAFN, 56, 2, &big_ino),
	DIR(TEST_DIR_LEAFN, 58, 2, &big_ino), NODE(56, 2), NODE(58, 2), DIR(TEST_DIR_FREE, 48, 4, &big_ino),
	DIR(TEST_DIR_FREE, 52, 4, &big_ino), DIR(TEST_DIR_FREE, 56, 4, &big_ino),
	DIR(TEST_DIR_FREE, 64, 2, &big_ino),
	{ .name = "inode", .kind = TEST_INODE, AT_BYTE(176, 1), .ino = &dir_ino },
	{ .name = "inode", .kind = TEST_INODE, AT_BYTE(177, 1), .ino = &dir_ino },
	ATTR(56, 2), ATTR(58, 2), ATTR(60, 2), ATTR(62, 1), ATTR(64, 2), ATTR(66, 2), ATTR(68, 2),
	ATTR(70, 2),
};

static int each(const struct counter *c, size_t n)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += each_value(&c[i]);
	printf("%u refused by name, %u harmless\n", refused, harmless);
	return bad;
}

/*
 * An extent at 2^64 bytes and more: adding its length wrapped, and a caller that asked for the next one
 * began anew.
 */
static void test_extents_past_the_largest_file(void **state)
{
	/* Blocks of 1 KiB. */
	static const uint64_t offsets[] = { 1ull << 53, 1ull << 53 | 1ull << 52, (1ull << 54) - 64 };
	const struct counter where = { .kind = TEST_INODE, .ino = &file_ino };
	struct xfs_mount_options opts = { .size = sizeof(opts), .flags = XFS_MOUNT_RDONLY };
	const struct test_object *obj = find(&where);
	static uint8_t buf[65536];

	(void)state;
	assert_non_null(obj);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct xfs_device *dev;
		struct xfs_mount *mp;
		struct xfs_file *f;
		uint8_t *rec = buf + 176;

		TEST_OK(xfs_device_open_overlay(base, NULL, &dev));
		TEST_OK(test_object_read(dev, obj, buf));
		put_be64((get_be64(rec) & 0x1ff) | (offsets[i] << 10 >> 1), rec);
		test_object_fix_crc(obj, buf);
		TEST_OK(test_object_write(dev, obj, buf));
		assert_true(test_fs_check(dev, 0) > 0);
		TEST_OK(xfs_mount(dev, &opts, &mp));
		TEST_IS(xfs_open(mp, "/file", O_RDONLY, 0, &f), -EUCLEAN);
		TEST_OK(xfs_unmount(mp));
		xfs_device_put(dev);
	}
}

#define TABLE_TEST(name, table)					\
static void name(void **state)						\
{									\
	(void)state;							\
	assert_int_equal(each(table, ARRAY_SIZE(table)), 0);		\
}
TABLE_TEST(test_counters_of_ag_headers, ag_counters)
TABLE_TEST(test_counters_of_the_superblock, sb_counters)
TABLE_TEST(test_counters_of_inodes, inode_counters)
TABLE_TEST(test_counters_of_blocks, block_counters)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_of_ag_headers),
		cmocka_unit_test(test_counters_of_the_superblock),
		cmocka_unit_test(test_counters_of_inodes),
		cmocka_unit_test(test_counters_of_blocks),
		cmocka_unit_test(test_extents_past_the_largest_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
