/* SPDX-License-Identifier: MIT */
/*
 * Goal: whoever recovers the volume can finish what the end of an unlinked inode has begun.
 * Method: the first step of it is done alone, to an unlinked symbolic link that is still open; what
 *         it is then must be something that the kernel's inactivation takes.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "inode/inode.h"
#include "namei/namei.h"
#include "support/test_fs.h"

static void test_a_link_without_its_target_is_an_empty_file(void **state)
{
	struct xfs_statfs before = XFS_STATFS_INIT, after = XFS_STATFS_INIT;
	struct xfs_file *file;
	struct xfs_inode *ip;
	struct test_fs fs;
	char target[1001];
	struct xfs_stat st = XFS_STAT_INIT;

	(void)state;
	test_fs_make(&fs, 64u << 20, NULL);
	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = 0;
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &before));
	TEST_OK(xfs_symlink(fs.mp, target, "/link"));
	TEST_OK(xfs_open(fs.mp, "/link", O_PATH | O_NOFOLLOW, 0, &file));
	TEST_OK(xfs_fgetattr(file, &st));
	TEST_OK(xfs_unlink(fs.mp, "/link"));
	TEST_OK(xfs_iget(fs.mp, st.ino, 0, &ip));
	assert_true(S_ISLNK(ip->i_mode));
	assert_int_equal(ip->i_nblocks, 1);
	TEST_OK(xfs_symlink_inactive(ip));
	assert_int_equal(ip->i_mode, S_IFREG | 0777);
	assert_int_equal(ip->i_disk_size, 0);
	assert_int_equal(ip->i_nblocks, 0);
	/* It lasts, and the rest of the end follows. */
	TEST_OK(xfs_sync(fs.mp));
	xfs_irele(ip);
	TEST_OK(xfs_close(file));
	TEST_OK(xfs_sync(fs.mp));
	TEST_OK(xfs_statfs(fs.mp, &after));
	assert_int_equal(after.blocks_free, before.blocks_free);
	assert_int_equal(after.files_free, before.files_free);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_link_without_its_target_is_an_empty_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
