/* SPDX-License-Identifier: MIT */
/*
 * Goal: attribute forks have exactly the kernel's bytes after the same history: short form, a
 *       leaf with a remote value, the value's blocks, parent pointers.
 * Method: the same operations; what differs by place and volume is put in, and then even the
 *         checksums are those that the kernel wrote.
 */
#include <sys/stat.h>
#include "attr/attr.h"
#include "unit/disk/vectors.h"
#include "support/test_handle.h"

static struct test_handle h;

static const char volume_uuid[] = "01020304 05060708 090a0b0c 0d0e0f10";

static void set(const char *name, uint8_t ns, const void *value, uint32_t len)
{
	struct xfs_attr_name an = {
		.name = (const uint8_t *)name, .len = (uint32_t)strlen(name), .ns = ns,
	};
	struct xfs_trans *tp = test_begin(&h, xfs_attr_set_blocks(h.fs.mp, an.len, len));
	int error = xfs_attr_set(tp, h.ip, &an, value, len, 0);

	test_end(&h, error);
	assert_int_equal(error, 0);
}

static void del(const char *name, uint8_t ns)
{
	struct xfs_attr_name an = {
		.name = (const uint8_t *)name, .len = (uint32_t)strlen(name), .ns = ns,
	};
	struct xfs_trans *tp = test_begin(&h, xfs_attr_remove_blocks(h.fs.mp));
	int error = xfs_attr_remove(tp, h.ip, &an, NULL, 0);

	test_end(&h, error);
	assert_int_equal(error, 0);
}

static void expect_sf(const char *hex)
{
	uint8_t want[512];
	size_t len = put_hex(memset(want, 0, sizeof(want)), 0, hex);

	assert_int_equal(h.ip->i_af.if_format, XFS_DINODE_FMT_LOCAL);
	assert_int_equal(h.ip->i_af.if_bytes, len);
	assert_memory_equal(h.ip->i_af.if_data, want, len);
}

static void test_short_form(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .profile = XFS_MKFS_PROFILE_6_1 };
	uint8_t cap[20] = { 1, 0, 0, 2, 0, 0x20 };

	(void)state;
	test_handle_make(&h, &mkfs, false);
	assert_int_equal(h.ip->i_forkoff, 0);
	set("foo", 0, "bar", 3);
	set("t", XFS_ATTR_ROOT, "", 0);
	set("capability", XFS_ATTR_SECURE, cap, sizeof(cap));
	expect_sf("0032 03 00 03 03 00 666f6f 626172 01 00 02 74"
		  "0a 14 04 6361706162696c697479 0100000200200000000000000000000000000000");
	/* Replacing moves to the end; the fork goes with the last. */
	set("foo", 0, "x", 1);
	expect_sf("0030 03 00 01 00 02 74 0a 14 04 6361706162696c697479"
		  "0100000200200000000000000000000000000000 03 01 00 666f6f 78");
	del("capability", XFS_ATTR_SECURE);
	expect_sf("000f 02 00 01 00 02 74 03 01 00 666f6f 78");
	del("t", XFS_ATTR_ROOT);
	del("foo", 0);
	assert_int_equal(h.ip->i_forkoff, 0);
	assert_int_equal(h.ip->i_af.if_format, XFS_DINODE_FMT_EXTENTS);

	/* The limits of an empty file's inode of 512 bytes: 280 bytes in all, then a leaf. */
	static const uint8_t zeros[300];

	set("a", 0, zeros, 136);
	set("b", 0, zeros, 132);
	assert_int_equal(h.ip->i_af.if_bytes, 280);
	assert_int_equal(h.ip->i_forkoff, 7);
	set("b", 0, zeros, 133);
	assert_int_equal(h.ip->i_af.if_format, XFS_DINODE_FMT_EXTENTS);
	assert_int_equal(h.ip->i_forkoff, 24);
	/* With a shorter value all fits again, and the border moves as far as it must. */
	set("b", 0, zeros, 3);
	assert_int_equal(h.ip->i_af.if_format, XFS_DINODE_FMT_LOCAL);
	assert_int_equal(h.ip->i_af.if_bytes, 151);
	assert_int_equal(h.ip->i_forkoff, 23);
	assert_int_equal(h.ip->i_nblocks, 0);
	test_handle_destroy(&h);
}

static void test_leaf_and_value(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .profile = XFS_MKFS_PROFILE_6_1 };
	static uint8_t want[4096], value[5000];
	struct xfs_buf *bp;

	(void)state;
	test_handle_make(&h, &mkfs, false);
	set("one", 0, memset(value, '1', 10), 10);
	set("two", XFS_ATTR_ROOT, memset(value, '2', 2), 2);
	set("three", XFS_ATTR_SECURE, memset(value, '3', 200), 200);
	set("four", 0, memset(value, '4', 100), 100);
	set("big", 0, memset(value, 'R', 5000), 5000);
	set("five", 0, memset(value, '5', 33), 33);
	del("four", 0);
	assert_int_equal(h.ip->i_nblocks, 3);

	put_hex(want, 0x00,
		"00000000 00000000 3bee0000 72448e19  00000000 00000070 00000001 00000002");
	put_hex(want, 0x20, volume_uuid);
	put_hex(want, 0x30, "00000000 0000008a 0005 0120 0e74 01 00 0078 0dfc  0eac 006c");
	put_hex(want, 0x50, "0018b4e7 0e9c 00 00   001bf765 0ff0 01 00   001d3bef 0fe8 03 00"
		"0cda7b65 0e74 01 00   4d1cb2e2 0f18 05 00");
	put_hex(want, 0xe74, "0021 04 66697665");
	memset(want + 0xe7b, '5', 33);
	put_hex(want, 0xe9c, "00000001 00001388 03 626967 00000000");
	put_hex(want, 0xf18, "00c8 05 7468726565");
	memset(want + 0xf20, '3', 200);
	put_hex(want, 0xfe8, "0002 03 74776f 3232 000a 03 6f6e65 31313131313131313131");
	bp = test_fork_buf(&h, XFS_ATTR_FORK, 0);
	assert_non_null(bp);
	/* Place, LSN, volume, owner and checksum are the vector's. */
	memcpy((char *)bp->b_addr + 12, want + 12, 44);
	assert_memory_equal(bp->b_addr, want, sizeof(want));
	assert_true(xfs_cksum_ok(bp->b_addr, sizeof(want), XFS_DA3_CRC_OFF));
	xfs_buf_put(bp);

	/* The value: its blocks went out at once, with checksums of their own. */
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t bytes = i ? 960 : 4040;

		memset(want, 0, sizeof(want));
		put_hex(want, 0, i ? "5841524d 00000fc8 000003c0 b3353ea9"
				   : "5841524d 00000000 00000fc8 68e63dbb");
		put_hex(want, 16, volume_uuid);
		put_hex(want, 32, i ? "00000000 0000008a 00000000 000001b8"
				    : "00000000 0000008a 00000000 000001b0");
		put_hex(want, 48, "ffffffff ffffffff");
		memset(want + 56, 'R', bytes);
		bp = test_fork_buf(&h, XFS_ATTR_FORK, 1 + i);
		assert_non_null(bp);
		assert_int_equal(bp->b_item.li_state, XFS_LI_CLEAN);
		memcpy((char *)bp->b_addr + 12, want + 12, 36);
		assert_memory_equal(bp->b_addr, want, sizeof(want));
		assert_true(xfs_cksum_ok(bp->b_addr, sizeof(want), XFS_ATTR3_RMT_CRC_OFF));
		xfs_buf_put(bp);
	}
	test_handle_destroy(&h);
}

/* A parent pointer in the fork that a new inode has, and in a leaf. */
static void test_parent_pointers(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .parent = XFS_MKFS_ON };
	struct xfs_name it = test_name("it", 1), sf = test_name("sf", 1), n;
	static const uint8_t zeros[250];
	struct xfs_inode *root;
	struct xfs_trans *tp;
	char name[256];

	(void)state;
	test_handle_make(&h, &mkfs, false);
	root = h.fs.mp->m_rootip;
	root->i_gen = 0;
	assert_int_equal(h.ip->i_forkoff, 24);
	expect_sf("0015 01 00 02 0c 08 6974 0000000000000080 00000000");
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_remove(tp, root, &it, h.ip), 0);
	test_end(&h, 0);
	expect_sf("0004 00 00");	/* the fork stays */
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_add(tp, root, &sf, h.ip), 0);
	test_end(&h, 0);
	expect_sf("0015 01 00 02 0c 08 7366 0000000000000080 00000000");
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_replace(tp, root, &sf, root, &it, h.ip), 0);
	test_end(&h, 0);
	expect_sf("0015 01 00 02 0c 08 6974 0000000000000080 00000000");
	/* One name below two parents is two attributes. */
	root->i_gen = 0x522eeca3;
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_add(tp, root, &it, h.ip), 0);
	test_end(&h, 0);
	expect_sf("0026 02 00 02 0c 08 6974 0000000000000080 00000000"
		  "02 0c 08 6974 0000000000000080 522eeca3");
	root->i_gen = 0;

	/* In a leaf, sorted by a hash that knows the parent. */
	set("pad", 0, zeros, 250);
	n = test_name("at_rmt2", 1);
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_prepare(root, &n, h.ip), 0);
	assert_int_equal(xfs_parent_add(tp, root, &n, h.ip), 0);
	test_end(&h, 0);
	assert_int_equal(h.ip->i_af.if_format, XFS_DINODE_FMT_EXTENTS);
	{
		struct xfs_buf *bp = test_fork_buf(&h, XFS_ATTR_FORK, 0);
		const struct xfs_attr3_leafblock *leaf = bp->b_addr;
		const struct xfs_attr_leaf_entry *ent =
			&leaf->entries[be16_to_cpu(leaf->hdr.count) - 1];
		uint8_t want[24] = { 0 };

		put_hex(want, 0, "000c 07 61745f726d7432 0000000000000080 00000000");
		assert_int_equal(be32_to_cpu(ent->hashval), 0xfe5afd17);
		assert_int_equal(ent->flags, 9);
		assert_memory_equal((const char *)bp->b_addr + be16_to_cpu(ent->nameidx), want, 24);
		xfs_buf_put(bp);
	}
	/* A name of 255 bytes never fits into an inode. */
	memset(name, 'n', 255);
	name[255] = '\0';
	n = test_name(name, 1);
	tp = test_begin(&h, 400);
	assert_int_equal(xfs_parent_add(tp, root, &n, h.ip), 0);
	assert_int_equal(xfs_parent_remove(tp, root, &n, h.ip), 0);
	assert_int_equal(xfs_parent_remove(tp, root, &n, h.ip), -EUCLEAN);
	test_end(&h, 0);
	test_handle_destroy(&h);
}

static void test_refusals(void **state)
{
	struct xfs_attr_name an = { .name = (const uint8_t *)"n", .len = 1 };
	uint8_t buf[8];
	uint32_t len;

	(void)state;
	test_handle_make(&h, NULL, false);
	xfs_ilock_excl(h.ip);
	len = 8;
	assert_int_equal(xfs_attr_get(h.ip, &an, buf, &len), -ENODATA);
	an.len = 0;
	assert_int_equal(xfs_attr_get(h.ip, &an, buf, &len), -EINVAL);
	an.len = 256;
	assert_int_equal(xfs_attr_get(h.ip, &an, buf, &len), -ENAMETOOLONG);
	an.len = 1;
	an.ns = XFS_ATTR_ROOT | XFS_ATTR_SECURE;
	assert_int_equal(xfs_attr_get(h.ip, &an, buf, &len), -EINVAL);
	an.ns = XFS_ATTR_LOCAL;
	assert_int_equal(xfs_attr_get(h.ip, &an, buf, &len), -EINVAL);
	xfs_iunlock_excl(h.ip);
	an.ns = 0;
	test_begin(&h, 0);
	assert_int_equal(xfs_attr_set(h.tp, h.ip, &an, buf, 65537, 0), -E2BIG);
	assert_int_equal(xfs_attr_set(h.tp, h.ip, &an, buf, 1, XFS_ATTR_OP_REPLACE), -ENODATA);
	assert_int_equal(xfs_attr_remove(h.tp, h.ip, &an, NULL, 0), -ENODATA);
	assert_false(xfs_trans_is_dirty(h.tp));
	test_end(&h, 0);
	test_handle_destroy(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_form),
		cmocka_unit_test(test_leaf_and_value),
		cmocka_unit_test(test_parent_pointers),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
