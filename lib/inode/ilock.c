/* SPDX-License-Identifier: MIT */
/* The locks of several inodes, in the order of their numbers. */
#include <stdlib.h>
#include "inode/inode_priv.h"

static int by_ino(const void *a, const void *b)
{
	const struct xfs_inode *x = *(struct xfs_inode *const *)a;
	const struct xfs_inode *y = *(struct xfs_inode *const *)b;

	return x->i_ino < y->i_ino ? -1 : x->i_ino > y->i_ino;
}

void xfs_ilock_many(struct xfs_inode **ips, unsigned int count) XFS_LOCKS_UNCHECKED
{
	qsort(ips, count, sizeof(*ips), by_ino);
	for (unsigned int i = 0; i < count; i++) {
		if (i == 0 || ips[i] != ips[i - 1])
			xfs_ilock_excl(ips[i]);
	}
}

void xfs_iunlock_many(struct xfs_inode **ips, unsigned int count) XFS_LOCKS_UNCHECKED
{
	for (unsigned int i = count; i-- > 0;) {
		if (i == 0 || ips[i] != ips[i - 1])
			xfs_iunlock_excl(ips[i]);
	}
}

void xfs_ilock_two(struct xfs_inode *a, struct xfs_inode *b)
{
	xfs_ilock_many((struct xfs_inode *[]){a, b}, 2);
}

void xfs_iunlock_two(struct xfs_inode *a, struct xfs_inode *b)
{
	xfs_iunlock_many((struct xfs_inode *[]){a, b}, 2);
}

/* a, and b too if it is another one, by rising number: how many there are. */
static unsigned int in_order(struct xfs_inode *a, struct xfs_inode *b, struct xfs_inode *ips[2])
{
	ips[0] = a->i_ino <= b->i_ino ? a : b;
	ips[1] = a->i_ino <= b->i_ino ? b : a;
	return a == b ? 1 : 2;
}

void xfs_iolock_two(struct xfs_inode *a, struct xfs_inode *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ips[2];
	unsigned int count = in_order(a, b, ips);

	for (unsigned int i = 0; i < count; i++)
		xfs_rwlock_excl(&ips[i]->i_iolock);
}

bool xfs_iolock_two_try(struct xfs_inode *a, struct xfs_inode *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ips[2];
	unsigned int count = in_order(a, b, ips);

	if (!xfs_rwlock_try_excl(&ips[0]->i_iolock))
		return false;
	if (count == 1 || xfs_rwlock_try_excl(&ips[1]->i_iolock))
		return true;
	xfs_rwlock_unlock_excl(&ips[0]->i_iolock);
	return false;
}

void xfs_iounlock_two(struct xfs_inode *a, struct xfs_inode *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ips[2];

	for (unsigned int i = in_order(a, b, ips); i-- > 0;)
		xfs_rwlock_unlock_excl(&ips[i]->i_iolock);
}
