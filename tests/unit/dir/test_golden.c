/* SPDX-License-Identifier: MIT */
/*
 * Goal: short form and block form have exactly the kernel's bytes after the same history.
 * Method: the same operations; what differs by place and volume is put in, and then even the
 *         checksum is the one that the kernel wrote.
 */
#include <sys/stat.h>
#include "unit/disk/vectors.h"
#include "support/test_handle.h"

static struct test_handle h;

static void expect_sf(const char *hex)
{
	uint8_t want[512];
	size_t len = put_hex(memset(want, 0, sizeof(want)), 0, hex);

	assert_int_equal(h.ip->i_df.if_format, XFS_DINODE_FMT_LOCAL);
	assert_int_equal(h.ip->i_disk_size, len);
	assert_int_equal(h.ip->i_df.if_bytes, len);
	assert_memory_equal(h.ip->i_df.if_data, want, len);
}

static void init(xfs_ino_t parent)
{
	struct xfs_trans *tp = test_begin(&h, 0);

	test_end(&h, xfs_dir_init(tp, h.ip, parent));
}

static void add(const char *name, uint8_t type, xfs_ino_t ino)
{
	struct xfs_name n = test_name(name, type);

	assert_int_equal(test_dir_add(&h, &n, ino), 0);
}

static void del(const char *name, xfs_ino_t ino)
{
	struct xfs_name n = test_name(name, 0);

	assert_int_equal(test_dir_remove(&h, &n, ino), 0);
}

static void test_short_form(void **state)
{
	struct xfs_name dotdot = test_name("..", XFS_DIR3_FT_DIR);

	(void)state;
	test_handle_make(&h, NULL, true);
	init(128);
	expect_sf("00 00 00000080");
	init(0x100020080);
	expect_sf("00 01 0000000100020080");

	init(128);
	add("a", 1, 0xa0081);
	add("link", 7, 0xa0082);
	add("dir", 2, 0xc0080);
	add("chr", 3, 0xa0083);
	add("fifo", 5, 0xa0084);
	expect_sf("05 00 00000080  01 0060 61 01 000a0081  04 0070 6c696e6b 07 000a0082"
		  "03 0080 646972 02 000c0080 03 0090 636872 03 000a0083"
		  "04 00a0 6669666f 05 000a0084");
	/* What is removed leaves a gap among the offsets; the parent can widen all. */
	del("dir", 0xc0080);
	assert_int_equal(test_dir_replace(&h, &dotdot, 0x100000080), 0);
	expect_sf("04 01 0000000100000080  01 0060 61 01 00000000000a0081"
		  "04 0070 6c696e6b 07 00000000000a0082 03 0090 636872 03 00000000000a0083"
		  "04 00a0 6669666f 05 00000000000a0084");
	assert_int_equal(test_dir_replace(&h, &dotdot, 130), 0);
	expect_sf("04 00 00000082  01 0060 61 01 000a0081  04 0070 6c696e6b 07 000a0082"
		  "03 0090 636872 03 000a0083 04 00a0 6669666f 05 000a0084");

	init(128);
	add("f", 1, 0x100020081);
	add("s1", 2, 0x180000082);
	add("s2", 2, 0x86);
	expect_sf("03 02 0000000000000080  01 0060 66 01 0000000100020081"
		  "02 0070 7331 02 0000000180000082  02 0080 7332 02 0000000000000086");
	del("f", 0x100020081);
	del("s1", 0x180000082);
	expect_sf("01 00 00000080 02 0080 7332 02 00000086");

	init(128);
	for (int i = 1; i <= 6; i++)
		add((const char *[]){"d1", "d2", "d3", "d4", "d5", "d6"}[i - 1], 2,
		    200 + (uint32_t)i);
	del("d3", 203);
	del("d4", 204);
	expect_sf("04 00 00000080 02 0060 6431 02 000000c9 02 0070 6432 02 000000ca"
		  "02 00a0 6435 02 000000cd 02 00b0 6436 02 000000ce");
	test_handle_destroy(&h);
}

/*
 * The vector's directory had an attribute fork, so that it left its inode with the thirteenth
 * name; twenty were added and four removed.
 */
static void test_block_form(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .profile = XFS_MKFS_PROFILE_6_1,
	};
	static const uint8_t zeros[140];
	uint8_t want[4096] = { 0 };
	char name[16];
	struct xfs_buf *bp;

	(void)state;
	test_handle_make(&h, &mkfs, true);
	assert_int_equal(h.ip->i_ino, 131);
	TEST_OK(xfs_setxattr(h.fs.mp, "/it", false, "user.x", zeros, sizeof(zeros) - 4, 0));
	assert_int_equal(h.ip->i_forkoff, 24);
	for (uint32_t i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "file-%02u", i);
		add(name, XFS_DIR3_FT_REG_FILE, 0x84 + i);
	}
	del("file-05", 0x89);
	del("file-06", 0x8a);
	del("file-10", 0x8e);
	del("file-19", 0x97);

	put_hex(want, 0x00,
		"58444233 94aa00ec 00000000 00000078  00000001 00000002 01020304 05060708");
	put_hex(want, 0x20, "090a0b0c 0d0e0f10 00000000 00000083  0228 0d20  00d8 0030  0150 0018");
	put_hex(want, 0x40,
		"00000000 00000083 012e0200 00000040 00000000 00000080 022e2e02 00000050");
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t off = 0x60 + i * 0x18;

		put_be64(0x84 + i, want + off);
		want[off + 8] = 7;
		snprintf(name, sizeof(name), "file-%02u", i);
		memcpy(want + off + 9, name, 7);
		want[off + 16] = 1;
		put_be16((uint16_t)off, want + off + 22);
	}
	put_hex(want, 0xd8, "ffff 0030");
	put_be16(0xd8, want + 0x106);
	put_hex(want, 0x150, "ffff 0018");
	put_hex(want, 0x228, "ffff 0d20");
	put_hex(want, 0x240, "ffff0d08");
	put_hex(want, 0xf46, "0228 0000002e 00000008  0000172e 0000000a  ccaac376 00000024"
		"ccaac377 00000027  ccaac378 00000000  ccaac379 00000021"
		"ccaac37a 00000018  ccaac37b 00000000  ccaac37c 00000012  ccaac37d 00000015"
		"ccaac37e 0000000c  ccaac37f 0000000f ccaac3f6 00000042  ccaac3f7 00000000"
		"ccaac3f8 0000003c  ccaac3f9 0000003f ccaac3fa 00000036  ccaac3fb 00000039"
		"ccaac3fc 00000030  ccaac3fd 00000033  ccaac3fe 00000000  ccaac3ff 0000002d"
		"00000016 00000004");

	bp = test_fork_buf(&h, XFS_DATA_FORK, 0);
	assert_non_null(bp);
	/* Place, LSN, volume and parent's number are the vector's. */
	memcpy((char *)bp->b_addr + 8, want + 8, 32);
	memcpy((char *)bp->b_addr + 4, want + 4, 4);
	assert_memory_equal(bp->b_addr, want, sizeof(want));
	assert_true(xfs_cksum_ok(bp->b_addr, 4096, XFS_DIR3_DATA_CRC_OFF));
	xfs_buf_put(bp);
	test_handle_destroy(&h);
}

static void test_types(void **state)
{
	(void)state;
	assert_int_equal(xfs_mode_to_ftype(S_IFREG | 0644), 1);
	assert_int_equal(xfs_mode_to_ftype(S_IFDIR), 2);
	assert_int_equal(xfs_mode_to_ftype(S_IFCHR), 3);
	assert_int_equal(xfs_mode_to_ftype(S_IFBLK), 4);
	assert_int_equal(xfs_mode_to_ftype(S_IFIFO), 5);
	assert_int_equal(xfs_mode_to_ftype(S_IFSOCK), 6);
	assert_int_equal(xfs_mode_to_ftype(S_IFLNK | 0777), 7);
	assert_int_equal(xfs_mode_to_ftype(0), 0);
	assert_true(xfs_dir_name_valid((const uint8_t *)"a", 1));
	assert_false(xfs_dir_name_valid((const uint8_t *)"a/b", 3));
	assert_false(xfs_dir_name_valid((const uint8_t *)"", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_form),
		cmocka_unit_test(test_block_form),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
