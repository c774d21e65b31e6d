/* SPDX-License-Identifier: MIT */
/* Whether an inode may be opened. */
#include <fcntl.h>
#include "core/message.h"
#include "file/file.h"

int xfs_file_may_open(struct xfs_inode *ip, int flags)
{
	struct xfs_mount *mp = ip->i_mount;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if ((flags & O_DIRECTORY) && !xfs_is_dir(ip))
		return xfs_error(mp, -ENOTDIR, "inode %" PRIu64 " is not a directory", ip->i_ino);
	if (flags & O_PATH)
		return 0;
	if (xfs_is_symlink(ip))
		return xfs_error(mp, -ELOOP, "inode %" PRIu64 " is a symbolic link", ip->i_ino);
	if (xfs_is_dir(ip) && (writes || (flags & O_CREAT)))
		return xfs_error(mp, -EISDIR, "inode %" PRIu64 " is a directory", ip->i_ino);
	if (xfs_is_dir(ip))
		return flags & O_DIRECT ? xfs_error(mp, -EINVAL, "O_DIRECT needs a regular file")
					: 0;
	if (!xfs_is_reg(ip))
		return xfs_error(mp, -ENXIO, "inode %" PRIu64 " is a special file: open it with O_PATH",
				 ip->i_ino);
	if (!writes)
		return 0;
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (xfs_inode_diflags(ip) & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable", ip->i_ino);
	if ((xfs_inode_diflags(ip) & XFS_DIFLAG_APPEND) && (!(flags & O_APPEND) || (flags & O_TRUNC)))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " can only be appended to", ip->i_ino);
	if (xfs_inode_diflags(ip) & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "a realtime file cannot be written");
	return 0;
}
