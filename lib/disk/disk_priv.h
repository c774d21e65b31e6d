/* SPDX-License-Identifier: MIT */
/* What verifiers of several files share. */
#ifndef DISK_DISK_PRIV_H
#define DISK_DISK_PRIV_H

#include "disk/verify.h"

/* XFS_VERIFY for a check that has a function of its own: passes its answer on. */
#define XFS_VERIFY_CALL(call)				\
	do {						\
		xfs_failaddr_t fa_ = (call);		\
							\
		if (unlikely(fa_))			\
			return fa_;			\
	} while (0)

/*
 * An inode number that a directory may hold.  The metadata directory tree names
 * its own root as "..", and a block does not tell in which tree it is.
 */
static inline bool xfs_dir_ino_possible(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return xfs_verify_ino(geo, ino) && (xfs_has_metadir(geo) || !xfs_internal_inum(geo, ino));
}

/* The fields all blocks with struct xfs_da3_blkinfo share. */
xfs_failaddr_t xfs_da3_blkinfo_verify(const struct xfs_geometry *geo,
				      const struct xfs_da3_blkinfo *info, uint16_t magic,
				      xfs_daddr_t daddr);

#endif
