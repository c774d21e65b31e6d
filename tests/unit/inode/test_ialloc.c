/* SPDX-License-Identifier: MIT */
/*
 * Goal: inodes are allocated and freed in every geometry, chunks come and go, the
 *       unlinked lists hold what has no name, and nothing is left over.
 * Method: seeded allocation and freeing on a real volume, against a list of what
 *       should exist; at the end all are freed and the checker must be silent, which it
 *       is only if trees, counters, reverse map and free space agree.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <stdio.h>
#include "core/message.h"
#include "inode/inode.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define MAX_LIVE	3000

/* Inside a handle locks are held, which TEST_OK does not allow. */
#define IN_TRANS_OK(expr) do { \
	if ((expr) != 0) { \
		fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #expr, \
			xfs_error_text(NULL)); \
		abort(); \
	} \
} while (0)

static struct xfs_inode *live[MAX_LIVE];
static unsigned int nr_live;

static struct xfs_inode *make_one(struct test_fs *fs, uint16_t mode)
{
	struct xfs_mount *mp = fs->mp;
	struct timespec now = xfs_now(mp);
	struct xfs_icreate_args args = {
		.pip = mp->m_rootip, .mode = mode, .nlink = 0, .now = &now,
	};
	struct xfs_inode *ip;
	struct xfs_trans *tp;

	IN_TRANS_OK(xfs_trans_alloc_bytes(mp, 256u << 10, xfs_icreate_blocks(mp), 0, &tp));
	IN_TRANS_OK(xfs_icreate(tp, &args, &ip));
	/* No name: on the unlinked list, as a temporary file would be. */
	IN_TRANS_OK(xfs_iunlink(tp, ip));
	xfs_iunlock_excl(ip);
	TEST_OK(xfs_trans_commit(tp));
	return ip;
}

static void free_one(struct test_fs *fs, struct xfs_inode *ip)
{
	struct xfs_mount *mp = fs->mp;
	struct xfs_trans *tp;

	/* As inactivation does, so that the last put does not do it again. */
	xfs_iflags_set(ip, XFS_IF_INACTIVE);
	IN_TRANS_OK(xfs_trans_alloc_bytes(mp, 256u << 10, xfs_ifree_blocks(mp), XFS_TRANS_RESERVE, &tp));
	xfs_ilock_excl(ip);
	IN_TRANS_OK(xfs_iunlink_remove(tp, ip));
	IN_TRANS_OK(xfs_ifree(tp, ip));
	xfs_iunlock_excl(ip);
	TEST_OK(xfs_trans_commit(tp));
	xfs_irele(ip);
}

static void churn(struct test_fs *fs, struct xfs_rand *r, unsigned int ops, uint32_t grow)
{
	for (unsigned int i = 0; i < ops; i++) {
		if (nr_live < MAX_LIVE && (nr_live == 0 || xfs_rand_below(r, 100) < grow)) {
			live[nr_live++] = make_one(fs, xfs_rand_below(r, 4) ? 0100644 : 0010644);
		} else {
			unsigned int k = (unsigned int)xfs_rand_below(r, nr_live);

			free_one(fs, live[k]);
			live[k] = live[--nr_live];
		}
		if (i % 500 == 499)
			TEST_OK(xfs_sync(fs->mp));
	}
}

static void one_volume(struct xfs_mkfs_options *opts, uint64_t size, uint64_t stream)
{
	struct xfs_rand r = test_rand(stream);
	struct test_fs fs;

	nr_live = 0;
	test_fs_make(&fs, size, opts);
	churn(&fs, &r, 4000, 75);
	churn(&fs, &r, 3000, 35);
	churn(&fs, &r, 1000, 60);
	/* No two of them share a number. */
	for (unsigned int i = 0; i < nr_live; i++) {
		struct xfs_inode *ip;

		TEST_OK(xfs_iget(fs.mp, live[i]->i_ino, XFS_IGET_UNTRUSTED, &ip));
		assert_ptr_equal(ip, live[i]);
		xfs_irele(ip);
	}
	while (nr_live)
		free_one(&fs, live[--nr_live]);
	test_fs_end(&fs);
}

#define MIB(n) ((uint64_t)(n) << 20)

static void test_default(void **state)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts) };

	(void)state;
	one_volume(&opts, MIB(256), 1);
}

static void test_small_blocks_large_inodes(void **state)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts), .blocksize = 4096, .inodesize = 2048 };
	struct xfs_mkfs_options k1 = { .size = sizeof(opts), .blocksize = 1024 };

	(void)state;
	one_volume(&opts, MIB(256), 2);
	one_volume(&k1, MIB(256), 3);
}

static void test_two_records_in_a_block(void **state)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts), .blocksize = 65536 };

	(void)state;
	one_volume(&opts, MIB(1024), 4);
}

static void test_oldest_features(void **state)
{
	struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .profile = XFS_MKFS_PROFILE_6_1, .sparse = XFS_MKFS_OFF,
		.finobt = XFS_MKFS_OFF, .inobtcount = XFS_MKFS_OFF, .reflink = XFS_MKFS_OFF,
		.bigtime = XFS_MKFS_OFF,
	};

	(void)state;
	one_volume(&opts, MIB(256), 5);
}

/* Members leave the unlinked lists from every place, also after their neighbours were forgotten. */
static void test_unlinked_lists(void **state)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts) };
	struct xfs_rand r = test_rand(6);
	struct test_fs fs;

	(void)state;
	nr_live = 0;
	test_fs_make(&fs, MIB(256), &opts);
	for (int i = 0; i < 1000; i++)
		live[nr_live++] = make_one(&fs, 0100600);
	for (int i = 0; i < 1000; i++) {
		unsigned int k = (unsigned int)xfs_rand_below(&r, nr_live);

		/* The order in which they came is not known any more. */
		if (i % 3 == 0)
			live[k]->i_prev_unlinked = 0;
		free_one(&fs, live[k]);
		live[k] = live[--nr_live];
	}
	test_fs_end(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_small_blocks_large_inodes),
		cmocka_unit_test(test_two_records_in_a_block),
		cmocka_unit_test(test_oldest_features),
		cmocka_unit_test(test_unlinked_lists),
	};

	test_seed_init(20);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
