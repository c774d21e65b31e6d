/* SPDX-License-Identifier: MIT */
/* What the files of write/ share. */
#ifndef WRITE_WRITE_PRIV_H
#define WRITE_WRITE_PRIV_H

#include "core/message.h"
#include "write/write.h"
#include "write/writeback.h"

/* There is no folio for a write: for want of memory, or because it would have to wait for one. */
static inline int xfs_no_folio(struct xfs_mount *mp, int error)
{
	return error == -ENOMEM ? xfs_error(mp, error, "out of memory for file data") : error;
}

/*
 * Before bytes [@from, @to) of the locked @folio are changed (offsets in it): the rest of
 * the blocks that are touched partly, and are not up to date, is read from @src or zeroed.
 */
int xfs_folio_prepare(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from, uint32_t to,
		      const struct xfs_iomap *src) XFS_MUST_CHECK;

/* Unlock with these bytes changed: their blocks are dirty, the inode is held if it was not. */
void xfs_folio_unlock_dirty(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from,
			    uint32_t to);

/*
 * Past the page cache: @len bytes of host file @fd at @fd_pos, which it has, to @pos, or as many of
 * them as @map allows.  Returns how many that were; 0: they are for the page cache, an
 * error: the page cache may have more luck.  IOLOCK held exclusively.
 */
int64_t xfs_copy_in(struct xfs_inode *ip, struct xfs_mapping *m, int fd, uint64_t fd_pos,
		    uint64_t pos, uint64_t len, const struct xfs_iomap *map) XFS_MUST_CHECK;
/* Where a source ends that can be copied this way; 0: it cannot. */
uint64_t xfs_copy_in_end(const struct xfs_write_source *source);

/*
 * The delayed allocation at @off becomes unwritten blocks: how many of @len, and where, *@irec says.
 * -EAGAIN: it is none any more.
 */
int xfs_allocate_unwritten(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len,
			   struct xfs_bmbt_irec *irec) XFS_MUST_CHECK;
/*
 * The data of @irec is on the device: it is part of the file now, and the size follows.  @irec is cut
 * to what is.
 */
int xfs_publish_blocks(struct xfs_inode *ip, struct xfs_bmbt_irec *irec) XFS_MUST_CHECK;

/* The done function of data in the device queue; @ctx is a struct xfs_ioend. */
void xfs_end_io(void *ctx, int error);
/* Remember the first error for fsync. */
void xfs_set_data_error(struct xfs_inode *ip, int error);
#endif
