/* SPDX-License-Identifier: MIT */
/* Private to write/. */
#ifndef WRITE_WRITE_PRIV_H
#define WRITE_WRITE_PRIV_H

#include "core/message.h"
#include "write/write.h"
#include "write/writeback.h"

/* The error if a write gets no folio: out of memory, or NOWAIT and it would have to wait. */
static inline int xfs_no_folio(struct xfs_mount *mp, int error)
{
	return error == -ENOMEM ? xfs_error(mp, error, "out of memory for file data") : error;
}

/*
 * Call before bytes [@from, @to) of the locked @folio (offsets in it) are changed.  In blocks that
 * are changed partly and are not up to date, reads the rest from @src or zeroes it.
 */
int xfs_folio_prepare(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from, uint32_t to,
		      const struct xfs_iomap *src) XFS_MUST_CHECK;

/*
 * Unlock the folio with these bytes changed: their blocks become dirty, and the inode is held if it
 * was not.
 */
void xfs_folio_unlock_dirty(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from,
			    uint32_t to);

/*
 * Without the page cache, write @len bytes of host file @fd at @fd_pos, which the file has, to
 * @pos, as far as @map allows.  Returns how many were written.  After 0 or an error the caller uses
 * the page cache.  IOLOCK held exclusively.
 */
int64_t xfs_copy_in(struct xfs_inode *ip, struct xfs_mapping *m, int fd, uint64_t fd_pos,
		    uint64_t pos, uint64_t len, const struct xfs_iomap *map) XFS_MUST_CHECK;
/* Where a source ends that xfs_copy_in() can use; 0: it cannot be used. */
uint64_t xfs_copy_in_end(const struct xfs_write_source *source);

/*
 * Allocate the delayed allocation at @off as unwritten blocks; *@irec tells how many of @len, and
 * where. -EAGAIN: it is no longer delayed.
 */
int xfs_allocate_unwritten(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len,
			   struct xfs_bmbt_irec *irec) XFS_MUST_CHECK;
/*
 * Make the blocks of @irec, whose data is on the device, part of the file, and update the size.
 * Shortens @irec to what was done.
 */
int xfs_publish_blocks(struct xfs_inode *ip, struct xfs_bmbt_irec *irec) XFS_MUST_CHECK;

/* Completion function of data in the device queue; @ctx is a struct xfs_ioend. */
void xfs_end_io(void *ctx, int error);
/* Record an error for fsync. */
void xfs_set_data_error(struct xfs_inode *ip, int error);
#endif
