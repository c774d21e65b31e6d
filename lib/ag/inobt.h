/* SPDX-License-Identifier: MIT */
/*
 * Records of the inode trees.  All calls: pag_lock held, AGI loaded.  inode/
 * builds chunk and inode allocation out of them.
 */
#ifndef AG_INOBT_H
#define AG_INOBT_H

#include "ag/perag.h"
#include "disk/irec.h"

/* The record that covers @agino; *@found false when there is none. */
int xfs_inobt_lookup(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
		     bool *found) XFS_MUST_CHECK;
/* The first record with an inode at or behind @agino. */
int xfs_inobt_lookup_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			  bool *found) XFS_MUST_CHECK;
/* That for those who hold no lock of the AG: they get it, and the AGI is read. */
int xfs_inobt_find_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found) XFS_MUST_CHECK;
/* Insert, replace by ir_startino, delete; both trees kept in step (finobt by ir_freecount). */
int xfs_inobt_insert(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec) XFS_MUST_CHECK;
int xfs_inobt_update(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *old, const struct xfs_inobt_rec_incore *rec)
	XFS_MUST_CHECK;
int xfs_inobt_delete(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec) XFS_MUST_CHECK;
/*
 * The record with a free inode nearest to @agino (finobt, or a bounded scan of
 * the inobt without one).
 */
int xfs_inobt_find_free(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found) XFS_MUST_CHECK;
/* Blocks one insert may take (nested allocations): for reservations. */
uint32_t xfs_inobt_insert_blocks(const struct xfs_mount *mp);

/*
 * Allocate inode-chunk blocks in this AG with the lock held (aligned near @agbno);
 * *@agbno NULLAGBLOCK when nothing fits.  The nested form of xfs_alloc_vextent().
 */
int xfs_alloc_chunk_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno,
			   xfs_extlen_t len, xfs_extlen_t alignment, xfs_agblock_t min_agbno,
			   xfs_agblock_t max_agbno) XFS_MUST_CHECK;

/* AGI fields.  Before the first change: can the counters take the deltas? -EUCLEAN. */
int xfs_agi_check_counts(struct xfs_perag *pag, int32_t count_delta, int32_t freecount_delta)
	XFS_MUST_CHECK;
void xfs_agi_mod_counts(struct xfs_trans *tp, struct xfs_perag *pag, int32_t count_delta,
			int32_t freecount_delta);
void xfs_agi_set_newino(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agino_t agino);
xfs_agino_t xfs_agi_newino(const struct xfs_perag *pag);
xfs_agino_t xfs_agi_unlinked_head(const struct xfs_perag *pag, unsigned int bucket);
void xfs_agi_set_unlinked_head(struct xfs_trans *tp, struct xfs_perag *pag, unsigned int bucket,
			       xfs_agino_t agino);

#endif
