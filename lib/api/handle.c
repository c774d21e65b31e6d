/* SPDX-License-Identifier: MIT */
/* Open files: making, filling and freeing handles. */
#include "api/api_priv.h"
#include "write/writeback.h"

int xfs_file_new(struct xfs_mount *mp, struct xfs_file **filep)
{
	*filep = xfs_zalloc(mp, sizeof(**filep));
	return *filep ? 0 : xfs_error(mp, -ENOMEM, "out of memory for a file handle");
}

void xfs_file_attach(struct xfs_file *file, struct xfs_inode *ip, int flags)
{
	file->f_mount = ip->i_mount;
	file->f_inode = ip;
	file->f_flags = flags;
	xfs_data_error_sample(ip, &file->f_wb_seen);
	__atomic_fetch_add(&ip->i_opens, 1, __ATOMIC_RELAXED);
	if (xfs_file_can_write(file))
		__atomic_fetch_add(&ip->i_opens_write, 1, __ATOMIC_RELAXED);
}

int xfs_file_alloc(struct xfs_inode *ip, int flags, struct xfs_file **filep)
{
	int error = xfs_file_new(ip->i_mount, filep);

	if (error)
		xfs_irele(ip);
	else
		xfs_file_attach(*filep, ip, flags);
	return error;
}

void xfs_file_free(struct xfs_file *file)
{
	struct xfs_mount *mp;

	if (!file)
		return;
	mp = file->f_mount;
	__atomic_fetch_sub(&file->f_inode->i_opens, 1, __ATOMIC_RELAXED);
	if (xfs_file_can_write(file))
		__atomic_fetch_sub(&file->f_inode->i_opens_write, 1, __ATOMIC_RELAXED);
	xfs_irele(file->f_inode);
	xfs_free(mp, file->f_error.info);
	xfs_free(mp, file);
}
