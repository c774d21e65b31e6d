/* SPDX-License-Identifier: MIT */
/*
 * Goal: a damaged block of a directory makes the calls that need it fail before they change
 *       anything: the file system is not shut down, and what does not need the block still works.
 * Method: one block of a directory in node form is damaged on the device, each in turn; then every
 *       operation on many names, each of which either works or fails cleanly.
 * Shows (DA-1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "support/test_handle.h"

#define NAMES	1500

static struct test_handle h;

static struct xfs_name numbered(char *buf, uint32_t i)
{
	int len = snprintf(buf, 32, "%x-%u", (unsigned int)(i * 2654435761u), i);

	return (struct xfs_name){ .name = (const uint8_t *)buf, .len = (uint32_t)len, .type = 1 };
}

/* Nothing in memory but the directory's map. */
static void open_it(void)
{
	struct xfs_name it = test_name("it", 0);

	test_fs_open(&h.fs);
	TEST_OK(xfs_lookup(h.fs.mp->m_rootip, &it, &h.ip));
	xfs_ilock_excl(h.ip);
	TEST_STEP(xfs_iread_extents(h.ip, XFS_DATA_FORK));
	xfs_iunlock_excl(h.ip);
}

static void close_it(bool abandon)
{
	xfs_irele(h.ip);
	if (abandon)
		xfs_abandon(h.fs.mp);
	else
		TEST_OK(xfs_unmount(h.fs.mp));
	h.fs.mp = NULL;
}

static uint64_t place_of(xfs_fileoff_t bno)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	assert_true(xfs_iext_lookup_extent(&h.ip->i_df, bno, &cur, &got) && got.br_startoff <= bno);
	return (uint64_t)XFS_FSB_TO_DADDR(&h.fs.mp->m_geo,
					  got.br_startblock + (bno - got.br_startoff)) << 9;
}

static void expect(int error, uint32_t *good, uint32_t *bad)
{
	assert_true(error == 0 || error == -EBADMSG);
	if (error)
		++*bad;
	else
		++*good;
	assert_false(xfs_is_shutdown(h.fs.mp));
}

static void try_all(bool expect_bad)
{
	uint32_t good = 0, bad = 0;
	struct xfs_name name;
	xfs_ino_t ino;
	char buf[32];

	for (uint32_t i = 0; i < NAMES; i += 3) {
		name = numbered(buf, i);
		expect(test_dir_lookup(&h, &name, &ino), &good, &bad);
		expect(test_dir_replace(&h, &name, 5000 + i), &good, &bad);
		expect(test_dir_remove(&h, &name, 5000 + i), &good, &bad);
		name = numbered(buf, NAMES + i);
		expect(test_dir_add(&h, &name, 5000 + i), &good, &bad);
	}
	assert_int_equal(bad > 0, expect_bad);
	assert_true(good > 0 || expect_bad);
}

static void damage(xfs_fileoff_t bno)
{
	uint64_t at = place_of(bno);
	uint8_t sector[512];

	TEST_OK(xfs_device_pread(h.fs.dev, at, sector, sizeof(sector)));
	sector[500] ^= 0x10;
	TEST_OK(xfs_device_pwrite(h.fs.dev, at, sector, sizeof(sector), 0));
}

static void test_each_block(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 1024,
		.profile = XFS_MKFS_PROFILE_6_1,
	};
	struct xfs_device *base;
	struct xfs_name name;
	char buf[32];

	(void)state;
	test_handle_make(&h, &mkfs, true);
	for (uint32_t i = 0; i < NAMES; i++) {
		name = numbered(buf, i);
		assert_int_equal(test_dir_add(&h, &name, 5000 + i), 0);
	}
	close_it(false);
	base = h.fs.dev;
	TEST_OK(xfs_device_open_overlay(base, NULL, &h.fs.dev));
	for (int k = 0; k < 7; k++) {
		open_it();
		if (k < 6) {
			const struct xfs_geometry *geo = &h.fs.mp->m_geo;
			/* Data blocks, the last one too; a free index; the root; leaves. */
			const xfs_fileoff_t blocks[6] = {
				3, (xfs_fileoff_t)h.ip->i_disk_size / 1024 - 1, geo->freeblk,
				geo->leafblk, geo->leafblk + 1, geo->leafblk + 5,
			};

			damage(blocks[k]);
		}
		try_all(k < 6);
		/* The same directory again, with another damage; at last with none. */
		close_it(true);
		TEST_OK(xfs_device_overlay_discard(h.fs.dev));
	}
	xfs_device_put(base);
	test_fs_destroy(&h.fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
