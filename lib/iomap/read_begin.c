/* SPDX-License-Identifier: MIT */
/* The mapping of a range to be read. */
#include "core/message.h"
#include "inode/inode.h"
#include "iomap/iomap.h"

int xfs_read_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
			 struct xfs_iomap *map)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t off = XFS_B_TO_FSBT(geo, offset);
	xfs_fileoff_t end = XFS_B_TO_FSB(geo, offset + count);
	struct xfs_bmbt_irec irec;
	bool excl;
	int error;

	if (unlikely(xfs_inode_diflags(ip) & XFS_DIFLAG_REALTIME))
		return xfs_error(ip->i_mount, -EOPNOTSUPP, "inode %" PRIu64 " is a realtime file",
				 ip->i_ino);
	error = xfs_ilock_map_at(ip, XFS_DATA_FORK, off, &excl);
	if (error)
		return error;
	error = xfs_bmapi_read_one(ip, off, end - off, &irec, 0);
	if (!error)
		xfs_iomap_from_irec(ip, &irec, map);
	xfs_iunlock_map(ip, excl);
	return error;
}
