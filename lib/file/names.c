/* SPDX-License-Identifier: MIT */
/* Names with the policy of a system call. */
#include "core/message.h"
#include "file/names.h"
#include "reclaim/reclaim.h"

/* Call @call, and once more if space or memory could be reclaimed for @dp. */
#define WITH_RETRY(dp, error, call) do {						\
	bool tried_ = false;								\
											\
	do {										\
		(error) = (call);							\
	} while (xfs_reclaim_and_retry(dp, error, &tried_));				\
} while (0)

/* Reclaim for the future owners of what @args create in @dp. */
static bool reclaim_for_new(struct xfs_inode *dp, const struct xfs_create_args *args, int error,
			    bool *tried)
{
	uint32_t owners[3];

	if (!xfs_may_reclaim(error, *tried))
		return false;
	xfs_ilock_shared(dp);
	owners[0] = args->uid;
	owners[1] = dp->i_mode & S_ISGID ? dp->i_gid : args->gid;
	owners[2] = dp->i_projid;
	xfs_iunlock_shared(dp);
	return xfs_reclaim_and_retry_for(dp, owners, error, tried);
}

int xfs_file_create(struct xfs_inode *dp, const struct xfs_name *name,
		    const struct xfs_create_args *args, struct xfs_inode **ipp)
{
	bool tried = false;
	int error;

	do {
		error = xfs_create(dp, name, args, ipp);
	} while (error && reclaim_for_new(dp, args, error, &tried));
	return error;
}

int xfs_file_link(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
{
	int error;

	WITH_RETRY(dp, error, xfs_link_inode(dp, name, ip));
	return error;
}

int xfs_file_replace(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode *ip)
{
	int error;

	WITH_RETRY(dp, error, xfs_replace(dp, name, ip));
	return error;
}

int xfs_file_rename(struct xfs_inode *src_dp, const struct xfs_name *src_name,
		    struct xfs_inode *dst_dp, const struct xfs_name *dst_name, uint32_t flags)
{
	int error;

	WITH_RETRY(dst_dp, error, xfs_rename_inodes(src_dp, src_name, dst_dp, dst_name, flags));
	return error;
}

int xfs_file_remove(struct xfs_inode *dp, const struct xfs_name *name, bool dir)
{
	int error;

	WITH_RETRY(dp, error, xfs_remove(dp, name, dir));
	return error;
}

int xfs_file_readdir(struct xfs_inode *dp, uint64_t *cookie,
		     bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				  uint64_t next_cookie),
		     void *arg)
{
	struct xfs_mount *mp = dp->i_mount;
	bool excl;
	int error;

	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (xfs_inode_nlink(dp) == 0)
		return xfs_error(mp, -ENOENT, "directory %" PRIu64 " was removed", dp->i_ino);
	error = xfs_ilock_map(dp, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	error = xfs_dir_readdir(dp, cookie, emit, arg);
	xfs_iunlock_map(dp, excl);
	return error;
}
