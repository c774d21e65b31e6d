/* SPDX-License-Identifier: MIT */
/* The reverse map.  Every call does nothing on a file system without RMAPBT. */
#ifndef AG_RMAP_H
#define AG_RMAP_H

#include "ag/perag.h"

/* The owner of blocks. */
struct xfs_owner_info {
	uint64_t oi_owner;		/* inode number, XFS_RMAP_OWN_*, or XFS_RMAP_SKIP */
	xfs_fileoff_t oi_offset;	/* inode owners: file block */
	uint32_t oi_flags;		/* XFS_OWNER_* */
};
#define XFS_RMAP_SKIP		0	/* leave the reverse map alone; 0 is never an inode
					 * number */
#define XFS_OWNER_ATTR_FORK	(1u << 0)
#define XFS_OWNER_BMBT_BLOCK	(1u << 1)
#define XFS_OWNER_UNWRITTEN	(1u << 2)

static inline struct xfs_owner_info xfs_owner_special(uint64_t owner)
{
	return (struct xfs_owner_info){ .oi_owner = owner };
}

static inline struct xfs_owner_info xfs_owner_bmbt(xfs_ino_t ino, bool attr_fork)
{
	return (struct xfs_owner_info){
		.oi_owner = ino,
		.oi_flags = XFS_OWNER_BMBT_BLOCK | (attr_fork ? XFS_OWNER_ATTR_FORK : 0),
	};
}

static inline struct xfs_owner_info xfs_owner_file(xfs_ino_t ino, bool attr_fork,
						   xfs_fileoff_t offset, bool unwritten)
{
	return (struct xfs_owner_info){
		.oi_owner = ino, .oi_offset = offset,
		.oi_flags = (attr_fork ? XFS_OWNER_ATTR_FORK : 0) |
			    (unwritten ? XFS_OWNER_UNWRITTEN : 0),
	};
}

/* Add or remove the record of a mapping: blocks [@fsbno, +@len), in one AG. */
int xfs_rmap_map(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		 const struct xfs_owner_info *oinfo) XFS_MUST_CHECK;
int xfs_rmap_unmap(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		   const struct xfs_owner_info *oinfo) XFS_MUST_CHECK;
/* Change the state of a mapping.  @oinfo describes it as it was, UNWRITTEN included. */
int xfs_rmap_convert(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		     const struct xfs_owner_info *oinfo) XFS_MUST_CHECK;

#endif
