/* SPDX-License-Identifier: MIT */
/* Shared by several verifiers. */
#ifndef DISK_DISK_PRIV_H
#define DISK_DISK_PRIV_H

#include "disk/verify.h"

/* Call a verifier and return its failure, if any. */
#define XFS_VERIFY_CALL(call)				\
	do {						\
		xfs_failaddr_t fa_ = (call);		\
							\
		if (unlikely(fa_))			\
			return fa_;			\
	} while (0)

/*
 * An inode number that a directory may contain.  The metadata directory tree names its own root as
 * "..", and a block does not tell to which tree it belongs.
 */
static inline bool xfs_dir_ino_possible(const struct xfs_geometry *geo, xfs_ino_t ino)
{
	return xfs_verify_ino(geo, ino) && (xfs_has_metadir(geo) || !xfs_internal_inum(geo, ino));
}

/* Verify the fields of struct xfs_da3_blkinfo. */
xfs_failaddr_t xfs_da3_blkinfo_verify(const struct xfs_geometry *geo,
				      const struct xfs_da3_blkinfo *info, uint16_t magic,
				      xfs_daddr_t daddr);

#endif
