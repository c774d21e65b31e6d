/* SPDX-License-Identifier: MIT */
/* Opening and closing; see the public header. */
#include "api/api_priv.h"
#include "mount/mount.h"

static int do_mount(struct xfs_device *dev, const struct xfs_mount_options *opts,
		    struct xfs_mount **mpp)
{
	struct xfs_inode *root;
	struct xfs_file *file;
	int error;

	if (mpp)
		*mpp = NULL;
	error = xfs_need(dev, mpp);
	if (error)
		return error;
	error = xfs_mountfs(dev, opts, mpp);
	if (error)
		return error;
	root = (*mpp)->m_rootip;
	xfs_ihold(root);
	error = xfs_file_alloc(root, O_RDONLY | O_DIRECTORY, &file);
	if (error) {
		xfs_abandonfs(*mpp);
		*mpp = NULL;
		return error;
	}
	(*mpp)->m_root_file = file;
	return 0;
}

int xfs_mount(struct xfs_device *dev, const struct xfs_mount_options *opts,
	      struct xfs_mount **mpp)
{
	return XFS_CALL(do_mount(dev, opts, mpp));
}

static int do_memory_minimum(struct xfs_device *dev, const struct xfs_mount_options *opts,
			     uint64_t *bytes)
{
	if (!bytes)
		return xfs_error(NULL, -EINVAL, "the pointer for the result is NULL");
	*bytes = 0;
	if (!dev)
		return xfs_error(NULL, -EINVAL, "the device is NULL");
	return xfs_mountfs_minimum(dev, opts, bytes);
}

int xfs_memory_minimum(struct xfs_device *dev, const struct xfs_mount_options *opts,
		       uint64_t *bytes)
{
	return XFS_CALL(do_memory_minimum(dev, opts, bytes));
}

/* The root handle belongs to the mount. */
static void put_root(struct xfs_mount *mp)
{
	xfs_file_free(mp->m_root_file);
	mp->m_root_file = NULL;
}

static int do_unmount(struct xfs_mount *mp)
{
	int error;

	if (!mp)
		return 0;
	error = xfs_enter(mp);
	if (error)
		return error;
	put_root(mp);
	return xfs_unmountfs(mp);
}

static int begin_unmount(struct xfs_mount *mp)
{
	xfs_nowait_never();
	return xfs_unmount_begin(mp);
}

int xfs_unmount(struct xfs_mount *mp)
{
	/* After a cancelled unmount, @mp is still open. */
	int error = mp ? XFS_CALL_MOUNT(mp, begin_unmount(mp)) : 0;

	if (error)
		return error;
	return XFS_CALL(do_unmount(mp));
}

int xfs_tick(struct xfs_mount *mp)
{
	return XFS_CALL_MOUNT(mp, xfs_reclaim_by_age(mp));
}

int xfs_cancel(struct xfs_mount *mp)
{
	if (!mp)
		return XFS_CALL(xfs_error(NULL, -EINVAL, "the file system is NULL"));
	/* No xfs_enter(): other threads and signal handlers call this. */
	__atomic_fetch_add(&mp->m_cancels, 1, __ATOMIC_RELEASE);
	return 0;
}

void xfs_abandon(struct xfs_mount *mp)
{
	if (!mp)
		return;
	xfs_enter_waiting(mp);
	__atomic_fetch_or(&mp->m_state, XFS_STATE_SHUTDOWN, __ATOMIC_SEQ_CST);
	put_root(mp);
	xfs_abandonfs(mp);
}

int xfs_sync(struct xfs_mount *mp)
{
	return XFS_CALL_MOUNT(mp, xfs_syncfs(mp));
}

struct xfs_file *xfs_root(struct xfs_mount *mp)
{
	return mp ? mp->m_root_file : NULL;
}
