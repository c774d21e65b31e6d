/* SPDX-License-Identifier: MIT */
/*
 * Goal: on a full and fragmented volume names and attributes are refused with -ENOSPC before
 *       anything changes, what is there stays, removing works, and directory blocks of several
 *       file-system blocks that had to be made of pieces are as good as others.
 * Method: a file takes a small volume and gives every other of its blocks back; then names and
 *       values come until nothing fits, several times over; the checker judges each time.
 * Shows (TRANS-1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "support/test_handle.h"
#include "support/test_seed.h"

static struct test_fs fs;
static struct xfs_rand rnd;

static void make_file(const char *path)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_RDWR, 0644, &file));
	TEST_OK(xfs_close(file));
}

/*
 * One file takes all blocks that files may have, but @leave bytes, gives @holes single ones back,
 * and then takes everything that is there in pieces of @run blocks (0: nothing).
 */
static void fragment(uint64_t leave, uint32_t holes, uint32_t run)
{
	static const uint8_t data[65536];
	struct xfs_name rest = test_name("rest", 0);
	struct xfs_file *file;
	struct xfs_inode *ip;
	struct xfs_statfs st = XFS_STATFS_INIT;
	uint64_t pos = 0;

	TEST_OK(xfs_open(fs.mp, "/rest", O_CREAT | O_RDWR, 0644, &file));
	for (;;) {
		TEST_OK(xfs_statfs(fs.mp, &st));
		if (st.blocks_free * st.block_size < leave + sizeof(data))
			break;
		TEST_OK(xfs_pwrite(file, data, sizeof(data), (off_t)pos));
		pos += sizeof(data);
	}
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_lookup(fs.mp->m_rootip, &rest, &ip));
	for (uint32_t i = 0; i < holes; i++) {
		struct xfs_trans *tp;
		bool done;

		TEST_STEP(xfs_trans_alloc_bytes(fs.mp, 256u << 10, 100, XFS_TRANS_FREES, &tp));
		xfs_ilock_excl(ip);
		TEST_STEP(xfs_bunmapi(tp, ip, 2 * i, 1, 0, 1, &done));
		xfs_iunlock_excl(ip);
		TEST_STEP(xfs_trans_commit(tp));
	}
	/* What is left in larger pieces goes to it too. */
	for (xfs_fileoff_t off = 1 << 20; run > 1; off += run) {
		struct xfs_bmbt_irec map;
		struct xfs_trans *tp;
		int error;

		error = xfs_trans_alloc_bytes(fs.mp, 256u << 10, run + 20, 0, &tp);
		if (error == -ENOSPC)
			break;
		TEST_STEP(error);
		xfs_ilock_excl(ip);
		error = xfs_bmapi_write(tp, ip, off, run, XFS_BMAPI_CONTIG, &map);
		xfs_iunlock_excl(ip);
		if (error) {
			assert_int_equal(error, -ENOSPC);
			xfs_trans_cancel(tp);
			break;
		}
		TEST_STEP(xfs_trans_commit(tp));
	}
	xfs_irele(ip);
}

static void name_path(char *path, uint32_t i)
{
	int len = snprintf(path, 300, "/it/%u-", i);

	memset(path + len, 'n', 200);
	path[len + 200] = '\0';
}

static void names_until_full(const struct xfs_mkfs_options *mkfs, uint32_t holes,
			     uint32_t run)
{
	uint32_t n[2] = { 0, 0 };
	char path[300];
	int error;

	test_fs_make(&fs, 64ull << 20, mkfs);
	make_file("/f");
	TEST_OK(xfs_mkdir(fs.mp, "/it", 0755));
	fragment(700 << 10, holes, run);
	for (int round = 0; round < 2; round++) {
		for (;; n[round]++) {
			name_path(path, n[round]);
			error = xfs_link(fs.mp, "/f", path);
			if (error)
				break;
		}
		assert_int_equal(error, -ENOSPC);
		assert_false(xfs_is_shutdown(fs.mp));
		assert_true(n[round] > 500);
		assert_int_equal(xfs_link(fs.mp, "/f", path), -ENOSPC);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		for (uint32_t i = 0; i < n[round]; i++) {
			name_path(path, i * 7919 % n[round]);
			error = xfs_unlink(fs.mp, path);
			/* 7919 may divide the number: then names repeat. */
			assert_true(error == 0 || (error == -ENOENT && n[round] % 7919 == 0));
		}
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
	}
	/* Nothing leaked. */
	assert_in_range(n[1], n[0] - n[0] / 20, n[0] + n[0] / 20);
	TEST_OK(xfs_rmdir(fs.mp, "/it"));
	test_fs_end(&fs);
}

static void test_names(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .parent = XFS_MKFS_OFF };

	(void)state;
	names_until_full(&mkfs, 1000, 0);
}

static void test_names_in_pieces(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs),
		.parent = XFS_MKFS_OFF,
		.blocksize = 1024,
		.dirblocksize = 16384,
	};

	(void)state;
	names_until_full(&mkfs, 9000, 16);
}

static void test_names_with_parents(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .parent = XFS_MKFS_ON };

	(void)state;
	names_until_full(&mkfs, 1000, 0);
}

static void test_values(void **state)
{
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .blocksize = 1024 };
	static uint8_t value[65536], got[65536];
	static uint32_t lens[4000];
	char name[64];
	uint32_t n;
	int error = 0;

	(void)state;
	rnd = test_rand(1);
	test_fs_make(&fs, 64ull << 20, &mkfs);
	make_file("/f");
	fragment(1 << 20, 6000, 16);
	for (int round = 0; round < 3; round++) {
		for (n = 0; n < 4000; n++) {
			snprintf(name, sizeof(name), "user.%u", n);
			lens[n] = (uint32_t)xfs_rand_below(&rnd,
							   xfs_rand_below(&rnd, 4) ? 3000 : 65537);
			memset(value, (int)n, lens[n]);
			error = xfs_setxattr(fs.mp, "/f", false, name, value, lens[n], 0);
			if (error)
				break;
		}
		assert_int_equal(error, -ENOSPC);
		assert_false(xfs_is_shutdown(fs.mp));
		assert_true(n > 100);
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
		for (uint32_t i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "user.%u", i);
			assert_int_equal(xfs_getxattr(fs.mp, "/f", false, name, got, sizeof(got)),
					 lens[i]);
			memset(value, (int)i, lens[i]);
			assert_memory_equal(got, value, lens[i]);
			TEST_OK(xfs_removexattr(fs.mp, "/f", false, name));
		}
		test_fs_close_and_check(&fs);
		test_fs_open(&fs);
	}
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_in_pieces),
		cmocka_unit_test(test_names_with_parents),
		cmocka_unit_test(test_values),
	};

	test_seed_init(5);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
