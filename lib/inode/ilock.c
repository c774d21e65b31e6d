/* SPDX-License-Identifier: MIT */
/* The ILOCK of several inodes, in the order of their numbers. */
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
