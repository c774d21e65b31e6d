/* SPDX-License-Identifier: MIT */
#include "api/api_priv.h"

int xfs_file_alloc(struct xfs_inode *ip, int flags, struct xfs_file **filep)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_file *file = xfs_zalloc(mp, sizeof(*file));

	*filep = NULL;
	if (!file) {
		xfs_irele(ip);
		return xfs_error(mp, -ENOMEM, "out of memory for a file handle");
	}
	file->f_mount = mp;
	file->f_inode = ip;
	file->f_flags = flags;
	if (xfs_file_can_write(file))
		__atomic_fetch_add(&ip->i_opens_write, 1, __ATOMIC_RELAXED);
	*filep = file;
	return 0;
}

void xfs_file_free(struct xfs_file *file)
{
	struct xfs_mount *mp;

	if (!file)
		return;
	mp = file->f_mount;
	if (xfs_file_can_write(file))
		__atomic_fetch_sub(&file->f_inode->i_opens_write, 1, __ATOMIC_RELAXED);
	xfs_irele(file->f_inode);
	xfs_free(mp, file->f_error);
	xfs_free(mp, file);
}
