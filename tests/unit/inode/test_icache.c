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
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/mount.h"
#include "inode/inode_priv.h"
#include "support/test_fs.h"
#include "support/test_seed.h"
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

static uint64_t once_bytes(const struct xfs_inode_cache *cache)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < XFS_ICACHE_SHARDS; i++)
		bytes += cache->ic_shards[i].is_once_bytes;
	return bytes;
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
	assert_true(once_bytes(fs.mp->m_inodes) <= 512u << 10);
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

#ifdef XFSWRITE_THREADS
#define THREADS	4u
#define ROUNDS	3000u
#define SHARED	8u

static struct test_fs *shared_fs;
static uint64_t streams;	/* (a) */
static uint32_t wrong;		/* (a) */

/* (ICACHE-4) Few inodes in many hands, so that references are first and last ones all the time. */
static void *reference_thread(void *arg)
{
	struct xfs_rand r = test_rand(__atomic_fetch_add(&streams, 1, __ATOMIC_RELAXED));
	struct xfs_mount *mp = shared_fs->mp;

	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t ino = inos[xfs_rand_below(&r, SHARED)];
		struct xfs_inode *ip;

		if (xfs_iget(mp, ino, 0, &ip)) {
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
			break;
		}
		xfs_ihold(ip);
		if (ip->i_ino != ino || xfs_inode_users(ip) < 2)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		xfs_inode_put(ip);
		if (i % 16 == 0)
			xfs_inode_cache_shrink(mp, 0);
		xfs_irele(ip);
	}
	return NULL;
}

static void test_references(void **state)
{
	pthread_t thread[THREADS];
	struct test_fs fs;

	(void)state;
	test_fs_make(&fs, IMAGE_BYTES, NULL);
	shared_fs = &fs;
	for (unsigned int i = 0; i < SHARED; i++)
		make_file(&fs, i);
	TEST_OK(xfs_sync(fs.mp));
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reference_thread, NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(wrong, 0);
	for (unsigned int i = 0; i < SHARED; i++) {
		struct xfs_inode *ip;

		TEST_OK(xfs_iget(fs.mp, inos[i], 0, &ip));
		assert_int_equal(xfs_inode_users(ip), 1);
		xfs_irele(ip);
	}
	test_fs_end(&fs);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_changed),
#ifdef XFSWRITE_THREADS
		cmocka_unit_test(test_references),
#endif
	};

	test_seed_init(20261131);
	/* With a journal changed inodes stay until their checkpoint has gone home. */
	unsetenv("XFSWRITE_TEST_JOURNAL");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
