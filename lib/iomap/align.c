/* SPDX-License-Identifier: MIT */
/* The arithmetic of extent size hints. */
#include "iomap/iomap.h"

uint32_t xfs_get_extsz_hint(const struct xfs_inode *ip)
{
	return ip->i_diflags & XFS_DIFLAG_EXTSIZE ? ip->i_extsize : 0;
}

void xfs_align_to_hint(uint32_t hint, xfs_fileoff_t prev_end, xfs_fileoff_t next_start,
		       xfs_fileoff_t *off, xfs_filblks_t *len)
{
	xfs_fileoff_t start = xfs_rounddown64(*off, hint);
	xfs_filblks_t blocks = xfs_roundup64(*len + (*off - start), hint);

	while (blocks > XFS_MAX_BMBT_EXTLEN)
		blocks -= hint;
	if (start < prev_end && start != *off)
		start = prev_end;
	if (start + blocks > next_start)
		start = next_start > blocks ? next_start - blocks : 0;
	if (start < prev_end)
		start = prev_end;
	if (start + blocks > next_start)
		blocks = next_start - start;
	*off = start;
	*len = blocks;
}
