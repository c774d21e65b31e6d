/* SPDX-License-Identifier: MIT */
/*
 * Goal: an inode stands in the log as recovery, here and in kernels, expects it.
 * Method: cores, roots of extent trees and items that are known byte for byte; and items of inodes
 *       of all kinds, whose announced size must be what they give.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include "core/log_item.h"
#include "inode/inode_priv.h"
#include "support/test_fs.h"

static struct test_fs fs;

/* ---- the core --------------------------------------------------------------------------- */

/* A file of six bytes in one extent, with attributes, as the disk has it and as a log has it. */
static const uint8_t core_uuid[16] = {
	0xa8, 0x06, 0x4f, 0x3b, 0x0d, 0x5b, 0x41, 0xaf, 0xa8, 0x79, 0xea, 0x83, 0x85, 0xb7, 0xcc, 0x36,
};
static const uint8_t logged_core[] = {
	0x4e, 0x49, 0xa0, 0x81, 0x03, 0x02, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x7d, 0x5e, 0x45, 0xb2, 0xe8, 0xe2, 0xb7, 0x36,
	0x50, 0x87, 0xdc, 0xa3, 0x1e, 0x7e, 0x6e, 0x38,
	0x50, 0x87, 0xdc, 0xa3, 0x1e, 0x7e, 0x6e, 0x38,
	0x06, 0, 0, 0, 0, 0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0x18, 0x02, 0, 0, 0, 0, 0, 0, 0, 0,
	0xc8, 0x5a, 0xd3, 0x15, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
	0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x7d, 0x5e, 0x45, 0xb2, 0xe8, 0xe2, 0xb7, 0x36,
	0x83, 0, 0, 0, 0, 0, 0, 0,
	0xa8, 0x06, 0x4f, 0x3b, 0x0d, 0x5b, 0x41, 0xaf, 0xa8, 0x79, 0xea, 0x83, 0x85, 0xb7, 0xcc, 0x36,
};
static_assert(sizeof(logged_core) == 176, "a core");

static void make_core(struct xfs_dinode *dip)
{
	memset(dip, 0, sizeof(*dip));
	dip->di_magic = cpu_to_be16(XFS_DINODE_MAGIC);
	dip->di_mode = cpu_to_be16(0100640);
	dip->di_version = 3;
	dip->di_format = XFS_DINODE_FMT_EXTENTS;
	dip->di_nlink = cpu_to_be32(1);
	dip->di_atime = cpu_to_be64(0x36b7e2e8b2455e7dull);
	dip->di_mtime = cpu_to_be64(0x386e7e1ea3dc8750ull);
	dip->di_ctime = dip->di_mtime;
	dip->di_crtime = dip->di_atime;
	dip->di_size = cpu_to_be64(6);
	dip->di_nblocks = cpu_to_be64(1);
	dip->di_nextents = cpu_to_be32(1);
	dip->di_forkoff = 24;
	dip->di_aformat = XFS_DINODE_FMT_EXTENTS;
	dip->di_gen = cpu_to_be32(0x15d35ac8);
	/* Neither of these is replayed: the log has constants there. */
	dip->di_next_unlinked = cpu_to_be32(77);
	dip->di_crc = cpu_to_le32(0x12345678);
	dip->di_lsn = cpu_to_be64(0x100000002ull);
	dip->di_changecount = cpu_to_be64(6);
	dip->di_flags2 = cpu_to_be64(XFS_DIFLAG2_BIGTIME);
	dip->di_ino = cpu_to_be64(131);
	memcpy(&dip->di_uuid, core_uuid, 16);
}

static void test_core(void **state)
{
	struct xfs_log_dinode core;
	struct xfs_dinode dip;

	(void)state;
	if (XLOG_FMT != XLOG_FMT_LINUX_LE)
		skip();
	make_core(&dip);
	xfs_dinode_to_log(&dip, &core);
	assert_memory_equal(&core, logged_core, sizeof(logged_core));
}

/* Old time stamps are two words, not one; wide counters stand elsewhere. */
static void test_core_variants(void **state)
{
	struct xfs_log_dinode core;
	struct xfs_dinode dip;
	uint32_t words[2];

	(void)state;
	make_core(&dip);
	dip.di_flags2 = cpu_to_be64(XFS_DIFLAG2_NREXT64);
	dip.di_mtime = cpu_to_be64(0x5f00000111223344ull);
	dip.di_big_nextents = cpu_to_be64(0x123456789aull);
	dip.di_big_anextents = cpu_to_be32(0x1020304);
	dip.di_nrext64_pad = cpu_to_be16(0);
	xfs_dinode_to_log(&dip, &core);
	memcpy(words, &core.di_mtime, sizeof(words));
	assert_int_equal(words[0], 0x5f000001);
	assert_int_equal(words[1], 0x11223344);
	assert_int_equal(core.di_big_nextents, 0x123456789aull);
	assert_int_equal(core.di_nextents, 0x1020304);
	assert_int_equal(core.di_anextents, 0);
}

/* ---- the root of a tree ---------------------------------------------------------------------- */

static void test_root(void **state)
{
	struct xfs_geometry geo = { 0 };
	uint8_t root[336] = { 0, 1, 0, 1 }, logged[88], want[88] = {
		0x42, 0x4d, 0x41, 0x33, 0x00, 0x01, 0x00, 0x01,
	};

	(void)state;
	memcpy(&geo.meta_uuid, core_uuid, 16);
	/* Room for 20 entries: the pointers begin at 4 + 20 * 8. */
	put_be64(0x97, root + 4 + 160);
	memset(want + 8, 0xff, 24);
	memcpy(want + 40, core_uuid, 16);
	put_be64(176, want + 56);
	put_be64(0x97, want + 80);
	memset(logged, 0xee, sizeof(logged));
	assert_int_equal(xfs_bmdr_to_log(&geo, 176, root, sizeof(root), logged), sizeof(logged));
	assert_memory_equal(logged, want, sizeof(want));
}

/* ---- items --------------------------------------------------------------------------------------- */

#define MAX_REGIONS	8

struct taker {
	struct xfs_log_sink sink;
	uint32_t n, bytes;
	struct {
		uint32_t len;
		uint8_t data[4096];
	} region[MAX_REGIONS];
};

static void take(struct xfs_log_sink *sink, const void *data, uint32_t len)
{
	struct taker *t = container_of(sink, struct taker, sink);

	assert_true(t->n < MAX_REGIONS && len <= 4096 && len % 4 == 0 && len);
	memcpy(t->region[t->n].data, data, len);
	t->region[t->n++].len = len;
	t->bytes += len;
}

static struct taker taken;
static struct xfs_inode_log_format ilf;

/* The item of @path; its first region in @ilf. */
static struct xfs_inode *item_of(const char *path)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_inode *ip;
	uint32_t regions, bytes;

	TEST_OK(xfs_open(fs.mp, path, O_PATH | O_NOFOLLOW, 0, &file));
	TEST_OK(xfs_fgetattr(file, &st));
	TEST_OK(xfs_iget(fs.mp, st.ino, 0, &ip));
	TEST_OK(xfs_close(file));
	memset(&taken, 0, sizeof(taken));
	taken.sink.region = take;
	bytes = ip->i_item.li_ops->size(&ip->i_item, &regions);
	ip->i_item.li_ops->format(&ip->i_item, &taken.sink);
	assert_int_equal(regions, taken.n);
	assert_int_equal(bytes, taken.bytes);
	assert_int_equal(taken.region[0].len, 56);
	assert_int_equal(taken.region[1].len, 176);
	memcpy(&ilf, taken.region[0].data, sizeof(ilf));
	assert_int_equal(ilf.ilf_type, XFS_LI_INODE);
	assert_int_equal(ilf.ilf_size, taken.n);
	assert_int_equal(ilf.ilf_ino, st.ino);
	assert_int_equal(ilf.ilf_blkno, ip->i_cluster_daddr);
	assert_int_equal(ilf.ilf_len, ip->i_cluster_len / 512);
	assert_int_equal(ilf.ilf_boffset, ip->i_cluster_off);
	return ip;
}

/* Pieces of @len bytes, each in an extent of its own. */
static void write_file(const char *path, size_t len, unsigned int holes)
{
	static uint8_t buf[4096];
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
	for (unsigned int i = 0; i <= holes; i++)
		TEST_OK(xfs_pwrite(file, buf, len, (uint64_t)i * 8192));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
}

/* With the journal, where what was changed is not at once in place. */
static void set_up(void)
{
	test_fs_make(&fs, (uint64_t)64 << 20, NULL);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	test_fs_open(&fs);
}

static void expect_fields(const char *path, uint32_t fields)
{
	/* Which of them have attributes is the format's affair. */
	struct xfs_inode *ip = item_of(path);

	assert_int_equal(ilf.ilf_fields & ~XFS_ILOG_AFORK, fields);
	if (ilf.ilf_fields & XFS_ILOG_ADATA)
		assert_int_equal(taken.region[taken.n - 1].len, XFS_ALIGN(ilf.ilf_asize, 4));
	xfs_irele(ip);
}

/* What was made anew: the place on disk has nothing of it, so all of it is in the item. */
static void test_items(void **state)
{
	uint32_t rdev;

	(void)state;
	set_up();
	write_file("/empty", 0, 0);
	write_file("/one", 100, 0);
	write_file("/tree", 100, 200);
	TEST_OK(xfs_symlink(fs.mp, "somewhere", "/link"));
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	TEST_OK(xfs_mknod(fs.mp, "/dev", S_IFBLK | 0600, 5, 7));
	TEST_OK(xfs_setxattr(fs.mp, "/one", true, "user.a", "bc", 2, 0));

	expect_fields("/empty", XFS_ILOG_CORE);
	expect_fields("/one", XFS_ILOG_CORE | XFS_ILOG_DEXT);
	assert_true(ilf.ilf_fields & XFS_ILOG_ADATA);
	assert_int_equal(ilf.ilf_dsize, 16);
	assert_int_equal(taken.region[2].len, 16);
	expect_fields("/tree", XFS_ILOG_CORE | XFS_ILOG_DBROOT);
	expect_fields("/dev", XFS_ILOG_CORE | XFS_ILOG_DEV);
	memcpy(&rdev, ilf.ilf_u, sizeof(rdev));
	assert_int_equal(rdev, 5 << 18 | 7);
	expect_fields("/link", XFS_ILOG_CORE | XFS_ILOG_DDATA);
	assert_int_equal(ilf.ilf_dsize, 9);
	assert_int_equal(taken.region[2].len, 12);
	assert_memory_equal(taken.region[2].data, "somewhere\0\0\0", 12);
	expect_fields("/dir", XFS_ILOG_CORE | XFS_ILOG_DDATA);

	/* Once in place nothing but the core is there to tell. */
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	expect_fields("/one", XFS_ILOG_CORE);
	assert_false(ilf.ilf_fields & XFS_ILOG_AFORK);
	expect_fields("/tree", XFS_ILOG_CORE);
	expect_fields("/dev", XFS_ILOG_CORE | XFS_ILOG_DEV);
	expect_fields("/link", XFS_ILOG_CORE);
	expect_fields("/dir", XFS_ILOG_CORE);
	test_fs_end(&fs);
}

/* The root of a tree, and the list it came from: only what the fork is now is logged. */
static void test_tree(void **state)
{
	struct xfs_inode *ip;
	uint32_t fields;

	(void)state;
	set_up();
	write_file("/tree", 100, 200);
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	ip = item_of("/tree");
	assert_int_equal(ip->i_df.if_format, XFS_DINODE_FMT_BTREE);
	fields = ip->i_item.li_fields;
	ip->i_item.li_fields = XFS_ILOG_CORE | XFS_ILOG_DEXT | XFS_ILOG_DBROOT;
	expect_fields("/tree", XFS_ILOG_CORE | XFS_ILOG_DBROOT);
	assert_int_equal(get_be32(taken.region[2].data), XFS_BMAP_CRC_MAGIC);
	assert_int_equal(get_be64(taken.region[2].data + 56), ip->i_ino);
	assert_int_equal(taken.region[2].len, 72 + 16 * get_be16(taken.region[2].data + 6));
	ip->i_item.li_fields = fields;
	/* Another form than the place has is logged, whoever forgot to say so. */
	ip->i_place_format = XFS_DINODE_FMT_EXTENTS;
	expect_fields("/tree", XFS_ILOG_CORE | XFS_ILOG_DBROOT);
	ip->i_place_format = XFS_DINODE_FMT_BTREE;
	xfs_irele(ip);
	test_fs_end(&fs);
}

/* The link of an unlinked list: 128 bytes of the cluster, with the link at 96. */
static void test_link(void **state)
{
	struct xfs_cluster_chunk chunk;
	struct xfs_inode *ip;

	(void)state;
	set_up();
	write_file("/a", 0, 0);
	ip = item_of("/a");
	ip->i_item.li_fields &= ~XFS_ILOG_UNLINKED;
	assert_false(ip->i_item.li_ops->cluster_chunk(&ip->i_item, &chunk));
	ip->i_item.li_fields |= XFS_ILOG_UNLINKED;
	ip->i_next_unlinked = 0x1234;
	assert_true(ip->i_item.li_ops->cluster_chunk(&ip->i_item, &chunk));
	assert_int_equal(chunk.cc_daddr, ip->i_cluster_daddr);
	assert_int_equal(chunk.cc_len, ip->i_cluster_len);
	assert_int_equal(chunk.cc_offset, ip->i_cluster_off);
	assert_int_equal(get_be32(chunk.cc_data + 96), 0x1234);
	assert_int_equal(get_be16(chunk.cc_data), XFS_DINODE_MAGIC);
	ip->i_next_unlinked = NULLAGINO;
	xfs_irele(ip);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_core_variants),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
