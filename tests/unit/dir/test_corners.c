/* SPDX-License-Identifier: MIT */
/*
 * Goal: the rare turns of directories: an index compacted in its block, data blocks that
 *       become holes and are filled again, whole free-index blocks that come and go, a ".." that no
 *       longer fits into the inode, and what other writers leave behind.
 * Method: directories built for each; all blocks through the verifiers after every step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "dir/dir_priv.h"
#include "disk/verify.h"
#include "support/test_handle.h"

static struct test_handle h;

static void verify(void)
{
	if (h.ip->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		assert_null(xfs_dir2_sf_verify(&h.fs.mp->m_geo, h.ip->i_df.if_data,
					       (size_t)h.ip->i_disk_size, false));
	else
		test_verify_fork(&h, XFS_DATA_FORK, h.fs.mp->m_geo.dirblkfsbs);
}

static void add(const char *name, xfs_ino_t ino)
{
	struct xfs_name n = test_name(name, 1);

	assert_int_equal(test_dir_add(&h, &n, ino), 0);
	verify();
}

static void del(const char *name, xfs_ino_t ino)
{
	struct xfs_name n = test_name(name, 1);

	assert_int_equal(test_dir_remove(&h, &n, ino), 0);
	verify();
}

static void must_have(const char *name, xfs_ino_t want)
{
	struct xfs_name n = test_name(name, 1);
	xfs_ino_t ino;

	assert_int_equal(test_dir_lookup(&h, &n, &ino), 0);
	assert_int_equal(ino, want);
}

static void make(uint32_t blocksize, uint32_t dirblocksize)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = blocksize, .dirblocksize = dirblocksize,
		.profile = XFS_MKFS_PROFILE_6_1,
	};

	test_handle_make(&h, &mkfs, true);
}

/* So large that there are inode numbers beyond 32 bits. */
static void make_large(void)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .profile = XFS_MKFS_PROFILE_6_1,
	};
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr), .valid = XFS_ATTR_MODE, .mode = S_IFDIR | 0755};
	struct xfs_name it = test_name("it", 0);

	test_fs_make(&h.fs, 16ull << 40, &mkfs);
	TEST_OK(xfs_createat(xfs_root(h.fs.mp), "it", &iattr, NULL, NULL));
	TEST_OK(xfs_lookup(h.fs.mp->m_rootip, &it, &h.ip));
}

/* Names of a length, told apart by a number. */
static const char *sized(uint32_t i, uint32_t len)
{
	static char name[256];
	int n = snprintf(name, sizeof(name), "%u.", i);

	memset(name + n, 'n', len > (uint32_t)n ? len - (uint32_t)n : 0);
	name[XFS_MAX(len, (uint32_t)n)] = '\0';
	return name;
}

static uint32_t block_stale(void)
{
	struct xfs_buf *bp = test_fork_buf(&h, XFS_DATA_FORK, 0);
	uint32_t stale = be32_to_cpu(xfs_dir2_block_tail_p(&h.fs.mp->m_geo, bp->b_addr)->stale);

	xfs_buf_put(bp);
	return stale;
}

/*
 * A block full of the shortest entries, every third of them gone: no hole takes a longer name,
 * but the stale part of the index does.
 */
static void test_compact_block(void **state)
{
	char name[8];
	uint32_t n, gone = 0;

	(void)state;
	make(4096, 4096);
	for (n = 0; n < 160; n++) {
		snprintf(name, sizeof(name), "%03u", n);
		add(name, 1000 + n);
	}
	assert_int_equal(h.ip->i_disk_size, 4096);
	for (uint32_t i = 0; i < n; i += 3, gone++) {
		snprintf(name, sizeof(name), "%03u", i);
		del(name, 1000 + i);
	}
	assert_int_equal(block_stale(), gone);
	/* What is free behind the entries is used up first. */
	for (uint32_t i = 0; block_stale() > 1; i++) {
		add(sized(i, 40), 5000 + i);
		assert_int_equal(h.ip->i_nblocks, 1);
		if (i > 0)
			must_have(sized(i - 1, 40), 5000 + i - 1);
	}
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%03u", i);
		if (i % 3)
			must_have(name, 1000 + i);
	}
	test_handle_destroy(&h);
}

/* The names of data block @db, in their order there. */
struct collect {
	uint64_t from, to;
	uint32_t n;
	char names[64][256];
	xfs_ino_t inos[64];
};

static bool collect(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next)
{
	struct collect *c = arg;

	if (next > c->to)
		return false;
	memcpy(c->names[c->n], name->name, name->len);
	c->names[c->n][name->len] = '\0';
	c->inos[c->n++] = ino;
	return true;
}

static void empty_block(xfs_dir2_db_t db)
{
	static struct collect c;
	uint64_t cookie;

	c.n = 0;
	c.from = cookie = (uint64_t)db * h.fs.mp->m_geo.dirblksize / 8;
	c.to = c.from + h.fs.mp->m_geo.dirblksize / 8;
	xfs_ilock_excl(h.ip);
	TEST_STEP(xfs_dir_readdir(h.ip, &cookie, collect, &c));
	xfs_iunlock_excl(h.ip);
	assert_true(c.n > 0);
	for (uint32_t i = 0; i < c.n; i++)
		del(c.names[i], c.inos[i]);
}

static bool has_block(xfs_fileoff_t bno)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return xfs_iext_lookup_extent(&h.ip->i_df, bno, &cur, &got) && got.br_startoff <= bno;
}

static void test_holes(uint32_t names, bool node)
{
	uint32_t n;
	uint64_t size;

	make(1024, 1024);
	for (n = 0; n < names; n++)
		add(sized(n, 100), 1000 + n);
	assert_int_equal(has_block(h.fs.mp->m_geo.freeblk), node);
	size = (uint64_t)h.ip->i_disk_size;
	/* Holes inside do not shorten the directory; they are filled from the front. */
	empty_block(3);
	empty_block(5);
	empty_block(4);
	assert_false(has_block(3) || has_block(4) || has_block(5));
	assert_int_equal(h.ip->i_disk_size, size);
	/* Those that are left may have room for shorter names. */
	for (uint32_t i = 0; !has_block(3); i++)
		add(sized(n + i, 250), 9000 + i);
	assert_false(has_block(4) || has_block(5));
	assert_int_equal(h.ip->i_disk_size, size);
	for (uint32_t i = 100; !has_block(5); i++)
		add(sized(n + i, 250), 9000 + i);
	/* Those at the end do. */
	empty_block((xfs_dir2_db_t)(size / 1024 - 2));
	assert_int_equal(h.ip->i_disk_size, size);
	empty_block((xfs_dir2_db_t)(size / 1024 - 1));
	assert_int_equal(h.ip->i_disk_size, size - 2048);
	test_handle_destroy(&h);
}

static void test_holes_leaf(void **state)
{
	(void)state;
	test_holes(60, false);
}

static void test_holes_node(void **state)
{
	(void)state;
	test_holes(250, true);
}

/* A free-index block of 1 KiB knows 480 data blocks. */
static void test_free_index_blocks(void **state)
{
	const struct xfs_geometry *geo;
	uint32_t n = 0, db;

	(void)state;
	make(1024, 1024);
	geo = &h.fs.mp->m_geo;
	assert_int_equal(geo->dir_free_max_bests, 480);
	while (h.ip->i_disk_size < 1000 * 1024) {
		struct xfs_name name = test_name(sized(n, 250), 1);

		assert_int_equal(test_dir_add(&h, &name, 1000 + n), 0);
		n++;
	}
	verify();
	assert_true(has_block(geo->freeblk + 2));
	/* All that the middle one knows goes, and so does it. */
	for (db = 480; db < 960; db++) {
		assert_true(has_block(geo->freeblk + 1));
		empty_block(db);
	}
	assert_false(has_block(geo->freeblk + 1));
	assert_true(has_block(geo->freeblk + 2));
	for (uint32_t i = 0; i < n; i += 50) {
		struct xfs_name name = test_name(sized(i, 250), 1);
		xfs_ino_t ino;
		int error = test_dir_lookup(&h, &name, &ino);

		assert_true(error == 0 || error == -ENOENT);
	}
	/* A hole is filled, and the index block comes back with it. */
	for (uint32_t i = 0; !has_block(480); i++)
		add(sized(n + i, 250), 9000 + i);
	assert_true(has_block(geo->freeblk + 1));
	/* The last ones from the end: the directory ends where the middle ones end. */
	for (db = (uint32_t)h.ip->i_disk_size / 1024 - 1; db >= 960; db--)
		empty_block(db);
	assert_false(has_block(geo->freeblk + 2));
	assert_int_equal(h.ip->i_disk_size, 481 * 1024);
	test_handle_destroy(&h);
}

/* Inode numbers that take 8 bytes do not fit any more: for one entry, for the parent. */
static void test_wide_replacement(void **state)
{
	struct xfs_name dotdot = test_name("..", 2), one = test_name("3.", 1);
	char name[8];

	(void)state;
	for (int parent = 0; parent < 2; parent++) {
		make_large();
		/* 6 + 33 entries of 10 bytes: all of the 336. */
		for (uint32_t i = 0; i < 33; i++) {
			snprintf(name, sizeof(name), "%02u", i);
			add(i == 3 ? "3." : name, 1000 + i);
		}
		assert_int_equal(h.ip->i_disk_size, 336);
		assert_int_equal(test_dir_replace(&h, parent ? &dotdot : &one, 0x100000080), 0);
		verify();
		assert_int_equal(h.ip->i_disk_size, 4096);
		must_have(parent ? ".." : "3.", 0x100000080);
		must_have("32", 1032);
		/* And it is so wide too that it does not come back at once. */
		del("00", 1000);
		assert_int_equal(h.ip->i_disk_size, 4096);
		assert_int_equal(test_dir_replace(&h, parent ? &dotdot : &one, 128), 0);
		del("01", 1001);
		assert_int_equal(h.ip->i_df.if_format, XFS_DINODE_FMT_LOCAL);
		must_have("32", 1032);
		test_handle_destroy(&h);
	}
}

/* An inode number of 8 bytes that finds no room: not the name, the width is too much. */
static void test_wide_addition(void **state)
{
	char name[8];

	(void)state;
	make_large();
	for (uint32_t i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "%02u", i);
		add(name, 1000 + i);
	}
	add("w", 0x200000080);
	assert_int_equal(h.ip->i_df.if_format, XFS_DINODE_FMT_LOCAL);
	del("w", 0x200000080);
	for (uint32_t i = 20; i < 30; i++) {
		snprintf(name, sizeof(name), "%02u", i);
		add(name, 1000 + i);
	}
	assert_int_equal(h.ip->i_df.if_format, XFS_DINODE_FMT_LOCAL);
	add("w", 0x200000080);
	assert_int_equal(h.ip->i_disk_size, 4096);
	must_have("w", 0x200000080);
	must_have("29", 1029);
	test_handle_destroy(&h);
}

/*
 * A kernel without space for a tree block leaves an empty data block where it would have freed
 * it: it is freed when the directory comes back to leaf form with it as the last.
 */
static void test_empty_data_block(void **state)
{
	struct xfs_dir_args args = { .name = NULL };
	struct xfs_buf *lbp, *dbp;
	struct xfs_dir3_leaf *leaf;
	uint32_t n, last_off;

	(void)state;
	make(1024, 1024);
	for (n = 0; h.ip->i_disk_size < 3 * 1024; n++)
		add(sized(n, 100), 1000 + n);
	/* The name in the last block goes, the block stays: by hand. */
	args.tp = test_begin(&h, 100);
	args.dp = h.ip;
	args.geo = &h.fs.mp->m_geo;
	lbp = test_fork_buf(&h, XFS_DATA_FORK, args.geo->leafblk);
	dbp = test_fork_buf(&h, XFS_DATA_FORK, 2);
	leaf = lbp->b_addr;
	last_off = 2048 + 64;
	for (uint32_t i = 0; i < xfs_dir_leaf_count(leaf); i++) {
		if (be32_to_cpu(leaf->ents[i].address) == last_off / 8)
			xfs_dir_leaf_set_stale(args.tp, lbp, i);
	}
	xfs_dir_data_remove(&args, dbp, 64);
	assert_true(xfs_dir_data_is_empty(args.geo, dbp));
	xfs_dir2_leaf_bests_p(xfs_dir2_leaf_tail_p(args.geo, leaf))[2] = cpu_to_be16(1024 - 64);
	test_end(&h, 0);
	xfs_buf_put(lbp);
	xfs_buf_put(dbp);
	verify();
	del(sized(0, 100), 1000);
	assert_int_equal(h.ip->i_disk_size, 2048);
	for (uint32_t i = 1; i < n - 1; i++)
		del(sized(i, 100), 1000 + i);
	assert_true(xfs_dir_is_empty(h.ip));
	test_handle_destroy(&h);
}

/* Space is looked for where it is: in blocks that names left, before new ones are made. */
static void test_room_is_found(void **state)
{
	uint32_t n = 2000;
	uint64_t size;

	(void)state;
	make(1024, 1024);
	for (uint32_t i = 0; i < n; i++) {
		struct xfs_name name = test_name(sized(i, 40 + i % 60), 1);

		assert_int_equal(test_dir_add(&h, &name, 1000 + i), 0);
	}
	size = (uint64_t)h.ip->i_disk_size;
	for (uint32_t i = 0; i < n; i += 4)
		del(sized(i, 40 + i % 60), 1000 + i);
	for (uint32_t i = 0; i < n; i += 4)
		add(sized(i, 40 + i % 60), 1000 + i);
	/* Some of the longer ones find their places taken by shorter ones. */
	assert_true((uint64_t)h.ip->i_disk_size <= size + size / 8);
	test_handle_destroy(&h);
}

/* Case does not count where the volume says so; the case of an exact name does. */
static void test_case(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .flags = XFS_MKFS_ASCII_CI, .profile = XFS_MKFS_PROFILE_6_1,
	};
	struct xfs_name other = test_name("rEADME.MD", 1), mine = test_name("ReadMe.md", 1);

	(void)state;
	for (uint32_t fill = 0; fill <= 600; fill = fill ? fill * 5 : 24) {
		test_handle_make(&h, &mkfs, true);
		add("README.md", 1000);
		for (uint32_t i = 0; i < fill; i++)
			add(sized(i, 30), 2000 + i);
		must_have("rEADME.MD", 1000);
		must_have("README.md", 1000);
		assert_int_equal(test_dir_add(&h, &other, 1001), -EEXIST);
		/* Removing and replacing mean the one name. */
		assert_int_equal(test_dir_remove(&h, &mine, 1000), -ENOENT);
		assert_int_equal(test_dir_replace(&h, &mine, 1000), -ENOENT);
		del("README.md", 1000);
		assert_int_equal(test_dir_add(&h, &other, 1001), 0);
		must_have("readme.md", 1001);
		test_handle_destroy(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact_block),
		cmocka_unit_test(test_holes_leaf),
		cmocka_unit_test(test_holes_node),
		cmocka_unit_test(test_free_index_blocks),
		cmocka_unit_test(test_wide_replacement),
		cmocka_unit_test(test_wide_addition),
		cmocka_unit_test(test_empty_data_block),
		cmocka_unit_test(test_room_is_found),
		cmocka_unit_test(test_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
