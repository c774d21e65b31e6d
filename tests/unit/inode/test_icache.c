/* SPDX-License-Identifier: MIT */
/*
 * Goal: inodes that were made and never asked for again do not fill the cache, those that are
 *       wanted stay, changed ones are copied to their clusters early; and what was forgotten
 *       is read back as it was.
 * Method: thousands of files through the public calls, some of them looked up at once; then the
 *       cache's own counts, each file's attributes, and the checker.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/mount.h"
#include "inode/inode_priv.h"
#include "support/test_fs.h"
#include "trans/trans_priv.h"

#define FILES		6000u
#define WANTED_EVERY	50u
#define IMAGE_BYTES	(64ull << 20)

static uint64_t inos[FILES];

static void file_name(char *name, unsigned int i)
{
	snprintf(name, 32, "/file-%05u", i);
}

static void make_file(struct test_fs *fs, unsigned int i)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_MTIME,
		.mode = S_IFREG | 0644,
		.uid = i,
		.mtime = {.tv_sec = 1000000 + i, .tv_nsec = i},
	};
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	char name[32];

	file_name(name, i);
	TEST_OK(xfs_createat(xfs_root(fs->mp), name + 1, &iattr, NULL, &file));
	TEST_OK(xfs_fgetattr(file, &st));
	inos[i] = st.ino;
	TEST_OK(xfs_close(file));
	/* Some are asked for by name, which is by number. */
	if (i % WANTED_EVERY == 0)
		TEST_OK(xfs_getattr(fs->mp, name, false, &st));
}

static bool is_cached(struct test_fs *fs, unsigned int i)
{
	struct xfs_inode *ip = xfs_inode_find(fs->mp, inos[i]);

	xfs_irele(ip);
	return ip != NULL;
}

static void check_attributes(struct test_fs *fs)
{
	struct xfs_stat st = XFS_STAT_INIT;
	char name[32];

	for (unsigned int i = 0; i < FILES; i++) {
		file_name(name, i);
		TEST_OK(xfs_getattr(fs->mp, name, false, &st));
		assert_int_equal(st.ino, inos[i]);
		assert_int_equal(st.uid, i);
		assert_int_equal(st.mtime.tv_sec, 1000000 + i);
		assert_int_equal(st.mtime.tv_nsec, i);
	}
}

static void test_made_once(void **state)
{
	unsigned int wanted = 0, others = 0;
	struct test_fs fs;

	(void)state;
	test_fs_make(&fs, IMAGE_BYTES, NULL);
	for (unsigned int i = 0; i < FILES - 1; i++)
		make_file(&fs, i);
	/* Changed inodes cannot be forgotten: now none is, and the next one makes room. */
	TEST_OK(xfs_sync(fs.mp));
	make_file(&fs, FILES - 1);
	assert_true(fs.mp->m_inodes->ic_once_bytes <= 512u << 10);
	for (unsigned int i = 0; i < FILES - 1; i++) {
		if (!is_cached(&fs, i))
			continue;
		if (i % WANTED_EVERY == 0)
			wanted++;
		else
			others++;
	}
	assert_int_equal(wanted, (FILES - 1 + WANTED_EVERY - 1) / WANTED_EVERY);
	assert_in_range(others, 1, FILES / 4);
	check_attributes(&fs);
	/* Now all were asked for, and there is room for them. */
	for (unsigned int i = 0; i < FILES; i++)
		assert_true(is_cached(&fs, i));
	test_fs_close_and_check(&fs);
	test_fs_open(&fs);
	check_attributes(&fs);
	test_fs_end(&fs);
}

/* (ICACHE-1) */
static void test_changed(void **state)
{
	struct test_fs fs;

	(void)state;
	test_fs_make(&fs, IMAGE_BYTES, NULL);
	for (unsigned int i = 0; i < FILES; i++) {
		make_file(&fs, i);
		assert_in_range(fs.mp->m_checkpoint->cp_inodes, 1, 1100);
	}
	check_attributes(&fs);
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_changed),
	};

	/* With a journal changed inodes stay until their checkpoint has gone home. */
	unsetenv("XFSWRITE_TEST_JOURNAL");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
