/* SPDX-License-Identifier: MIT */
/* What the files of write/ share. */
#ifndef WRITE_WRITE_PRIV_H
#define WRITE_WRITE_PRIV_H

#include "write/write.h"
#include "write/writeback.h"

/*
 * Before bytes [@from, @to) of the locked @folio are changed (offsets in it): the rest of
 * the blocks that are touched partly, and are not up to date, is read from @src or zeroed.
 */
int xfs_folio_prepare(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from, uint32_t to,
		      const struct xfs_iomap *src) XFS_MUST_CHECK;

/* Unlock with these bytes changed: their blocks are dirty, the inode is held if it was not. */
void xfs_folio_unlock_dirty(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from,
			    uint32_t to);

/* The done function of data in the device queue; @ctx is a struct xfs_ioend. */
void xfs_end_io(void *ctx, int error);
/* Remember the first error for fsync. */
void xfs_set_data_error(struct xfs_inode *ip, int error);
#endif
