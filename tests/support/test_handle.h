/* SPDX-License-Identifier: MIT */
/*
 * For tests of what stands on inodes: one inode of a volume in memory (test_fs.h), changed inside
 * transactions that the test opens itself.  Inode numbers that it puts into directories
 * need not exist, so such volumes are thrown away, not checked.
 */
#ifndef SUPPORT_TEST_HANDLE_H
#define SUPPORT_TEST_HANDLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dir/dir.h"
#include "inode/inode.h"
#include "namei/namei.h"
#include "support/test_fs.h"

/* Like TEST_OK(), in the middle of a transaction: locks may be held. */
#define TEST_STEP(expr) test_step((expr), #expr, __FILE__, __LINE__)
static inline void test_step(int error, const char *expr, const char *file, int line)
{
	if (!error)
		return;
	fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, expr, strerror(-error),
		xfs_error_text(NULL));
	abort();
}

struct test_handle {
	struct test_fs fs;
	struct xfs_inode *ip;
	struct xfs_trans *tp;
};

static inline struct xfs_name test_name(const char *name, uint8_t type)
{
	return (struct xfs_name){
		.name = (const uint8_t *)name, .len = (uint32_t)strlen(name), .type = type,
	};
}

/* A volume with a new directory or file named "it", which is h->ip. */
static inline void test_handle_make(struct test_handle *h, const struct xfs_mkfs_options *mkfs,
				    bool dir)
{
	struct xfs_name it = test_name("it", 0);
	/* As a restore makes it: all of the inode is its, without an attribute fork. */
	const struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE, .mode = dir ? S_IFDIR | 0755 : S_IFREG | 0644,
	};

	test_fs_make(&h->fs, 1ull << 30, mkfs);
	TEST_OK(xfs_createat(xfs_root(h->fs.mp), "it", &iattr, NULL, NULL));
	TEST_OK(xfs_lookup(h->fs.mp->m_rootip, &it, &h->ip));
	h->tp = NULL;
}

static inline void test_handle_destroy(struct test_handle *h)
{
	xfs_irele(h->ip);
	test_fs_destroy(&h->fs);
}

/* A transaction with @blocks, the inode locked; and its end. */
static inline struct xfs_trans *test_begin(struct test_handle *h, uint32_t blocks)
{
	TEST_STEP(xfs_trans_alloc_bytes(h->fs.mp, 256u << 10, blocks, 0, &h->tp));
	xfs_ilock_excl(h->ip);
	return h->tp;
}

static inline void test_end(struct test_handle *h, int error)
{
	xfs_iunlock_excl(h->ip);
	if (error)
		xfs_trans_cancel(h->tp);
	else
		TEST_OK(xfs_trans_commit(h->tp));
	h->tp = NULL;
}

/* Add, remove, replace in h->ip, each in its own transaction. */
static inline int test_dir_add(struct test_handle *h, const struct xfs_name *name, xfs_ino_t ino)
{
	struct xfs_trans *tp = test_begin(h, xfs_dir_add_blocks(h->fs.mp, name->len));
	int error = xfs_dir_prepare_add(h->ip, name, &(uint32_t){ 0 });

	if (!error)
		error = xfs_dir_createname(tp, h->ip, name, ino);
	test_end(h, error);
	return error;
}

static inline int test_dir_remove(struct test_handle *h, const struct xfs_name *name, xfs_ino_t ino)
{
	struct xfs_trans *tp = test_begin(h, xfs_dir_remove_blocks(h->fs.mp));
	int error = xfs_dir_removename(tp, h->ip, name, ino);

	test_end(h, error);
	return error;
}

static inline int test_dir_replace(struct test_handle *h, const struct xfs_name *name,
				   xfs_ino_t ino)
{
	struct xfs_trans *tp = test_begin(h, xfs_dir_add_blocks(h->fs.mp, name->len));
	int error = xfs_dir_replace(tp, h->ip, name, ino);

	test_end(h, error);
	return error;
}

static inline int test_dir_lookup(struct test_handle *h, const struct xfs_name *name,
				  xfs_ino_t *ino)
{
	int error;

	xfs_ilock_excl(h->ip);
	error = xfs_dir_lookup(h->ip, name, ino);
	xfs_iunlock_excl(h->ip);
	return error;
}

/* The cached buffer of block @bno of a fork, referenced; NULL: a hole, or not in memory. */
static inline struct xfs_buf *test_fork_buf(struct test_handle *h, enum xfs_fork_id whichfork,
					    xfs_fileoff_t bno)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	if (!xfs_iext_lookup_extent(xfs_ifork_ptr(h->ip, whichfork), bno, &cur, &got) ||
	    got.br_startoff > bno)
		return NULL;
	return xfs_buf_peek(
		h->fs.mp,
		XFS_FSB_TO_DADDR(&h->fs.mp->m_geo, got.br_startblock + (bno - got.br_startoff)));
}

/* Every block of the fork that is in memory passes its verifier; the first that does not aborts. */
static inline uint32_t test_verify_fork(struct test_handle *h, enum xfs_fork_id whichfork,
					uint32_t nfsb)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint32_t n = 0;

	for_each_xfs_iext(xfs_ifork_ptr(h->ip, whichfork), &cur, &got) {
		for (xfs_filblks_t i = 0; i < got.br_blockcount; i += nfsb) {
			struct xfs_buf *bp = test_fork_buf(h, whichfork, got.br_startoff + i);
			xfs_failaddr_t fa;

			if (!bp)
				continue;
			fa = bp->b_ops->verify(&h->fs.mp->m_geo, bp->b_addr, bp->b_len,
					       bp->b_daddr);
			if (fa) {
				fprintf(stderr, "block %llu of the fork: %s: %s\n",
					(unsigned long long)(got.br_startoff + i), bp->b_ops->name,
					fa);
				abort();
			}
			xfs_buf_put(bp);
			n++;
		}
	}
	return n;
}

#endif
