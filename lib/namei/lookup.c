/* SPDX-License-Identifier: MIT */
/* Looking up the inode that a name leads to. */
#include "core/message.h"
#include "namei/namei.h"

static int lookup(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode **ipp,
		  uint64_t *absent_at)
{
	struct xfs_mount *mp = dp->i_mount;
	xfs_ino_t ino;
	bool excl;
	int error;

	*ipp = NULL;
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (!xfs_is_dir(dp))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", dp->i_ino);
	if (name->len > XFS_NAME_LEN_MAX)
		return xfs_error(mp, -ENAMETOOLONG, "the name has more than %u bytes",
				 XFS_NAME_LEN_MAX);
	if (xfs_name_is_dot(name)) {
		xfs_ihold(dp);
		*ipp = dp;
		return 0;
	}
	error = xfs_ilock_map(dp, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	error = xfs_dir_lookup(dp, name, &ino);
	if (error) {
		*absent_at = error == -ENOENT ? dp->i_names_changed + 1 : 0;
		xfs_iunlock_map(dp, excl);
		return error;
	}
	/* While the directory is locked nobody can remove the name and free the inode. */
	error = xfs_iget(mp, ino, 0, ipp);
	xfs_iunlock_map(dp, excl);
	/* The directory names the inode, so its absence is damage. */
	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "directory", "inode %" PRIu64 ": entry \"%.*s\" names inode %"
				   PRIu64 ", which is not in use", dp->i_ino, (int)name->len,
				   (const char *)name->name, ino);
	return error;
}

int xfs_lookup(struct xfs_inode *dp, const struct xfs_name *name, struct xfs_inode **ipp)
{
	uint64_t absent_at;

	return lookup(dp, name, ipp, &absent_at);
}

int xfs_lookup_new(struct xfs_inode *dp, struct xfs_name *name, struct xfs_inode **ipp)
{
	return lookup(dp, name, ipp, &name->absent_at);
}

int xfs_no_such_name(const struct xfs_inode *dp, const struct xfs_name *name)
{
	return xfs_error(dp->i_mount, -ENOENT, "directory %" PRIu64 " has no \"%.*s\"", dp->i_ino,
			 (int)name->len, (const char *)name->name);
}
