/* SPDX-License-Identifier: MIT */
/* Locking several inodes in the order of their numbers. */
#include <stdlib.h>
#include "inode/inode_priv.h"

static int by_ino(const void *a, const void *b)
{
	const struct xfs_inode *x = *(struct xfs_inode *const *)a;
	const struct xfs_inode *y = *(struct xfs_inode *const *)b;

	return x->i_ino < y->i_ino ? -1 : x->i_ino > y->i_ino;
}

/* Unlock the first @count of @ips, which are sorted. */
static void unlock_first(struct xfs_inode **ips, unsigned int count) XFS_LOCKS_UNCHECKED
{
	for (unsigned int i = count; i-- > 0;) {
		if (i == 0 || ips[i] != ips[i - 1])
			xfs_iunlock_excl(ips[i]);
	}
}

int xfs_ilock_want_many(struct xfs_inode **ips, unsigned int count) XFS_LOCKS_UNCHECKED
{
	int error = 0;

	qsort(ips, count, sizeof(*ips), by_ino);
	for (unsigned int i = 0; i < count; i++) {
		if (i == 0 || ips[i] != ips[i - 1])
			error = xfs_ilock_want_excl(ips[i]);
		if (error) {
			unlock_first(ips, i);
			return error;
		}
	}
	return 0;
}

void xfs_iunlock_many(struct xfs_inode **ips, unsigned int count) XFS_LOCKS_UNCHECKED
{
	unlock_first(ips, count);
}

int xfs_ilock_want_two(struct xfs_inode *a, struct xfs_inode *b)
{
	return xfs_ilock_want_many((struct xfs_inode *[]){a, b}, 2);
}

int xfs_trans_alloc_ilocked(struct xfs_inode *ip, enum xfs_resv_kind kind, uint32_t blocks,
			    unsigned int flags, struct xfs_trans **tpp) XFS_LOCKS_UNCHECKED
{
	int error = xfs_trans_alloc(ip->i_mount, kind, blocks, flags, tpp);

	if (error)
		return error;
	error = xfs_ilock_want_excl(ip);
	if (error) {
		xfs_trans_cancel(*tpp);
		*tpp = NULL;
	}
	return error;
}

void xfs_iunlock_two(struct xfs_inode *a, struct xfs_inode *b)
{
	xfs_iunlock_many((struct xfs_inode *[]){a, b}, 2);
}

/* Sort @a and @b by number into @ips; returns 1 if they are the same inode, else 2. */
static unsigned int in_order(struct xfs_inode *a, struct xfs_inode *b, struct xfs_inode *ips[2])
{
	ips[0] = a->i_ino <= b->i_ino ? a : b;
	ips[1] = a->i_ino <= b->i_ino ? b : a;
	return a == b ? 1 : 2;
}

int xfs_iolock_want_two(struct xfs_inode *a, struct xfs_inode *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ips[2];
	unsigned int count = in_order(a, b, ips);
	int error = xfs_iolock_want_excl(ips[0]);

	if (error || count == 1)
		return error;
	error = xfs_iolock_want_excl(ips[1]);
	if (error)
		xfs_rwlock_unlock_excl(&ips[0]->i_iolock);
	return error;
}

void xfs_iounlock_two(struct xfs_inode *a, struct xfs_inode *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ips[2];

	for (unsigned int i = in_order(a, b, ips); i-- > 0;)
		xfs_rwlock_unlock_excl(&ips[i]->i_iolock);
}
