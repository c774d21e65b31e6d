/* SPDX-License-Identifier: MIT */
/*
 * Records of the inode trees, out of which inode/ builds the allocation of chunks and inodes.  All
 * calls: pag_lock held, AGI loaded, unless their comment says otherwise.
 */
#ifndef AG_INOBT_H
#define AG_INOBT_H

#include "ag/perag.h"
#include "disk/irec.h"

/* Find the record that covers @agino. */
int xfs_inobt_lookup(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
		     bool *found) XFS_MUST_CHECK;
/* Find the first record with an inode at or behind @agino. */
int xfs_inobt_lookup_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			  bool *found) XFS_MUST_CHECK;
/* The same for callers without the AG's lock: takes it and reads the AGI. */
int xfs_inobt_find_from(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found) XFS_MUST_CHECK;
/*
 * Insert a record, replace the one with its ir_startino, or delete it.  Both trees stay in step:
 * the finobt has the record while ir_freecount is not 0.
 */
int xfs_inobt_insert(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec) XFS_MUST_CHECK;
int xfs_inobt_update(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *old, const struct xfs_inobt_rec_incore *rec)
	XFS_MUST_CHECK;
int xfs_inobt_delete(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec) XFS_MUST_CHECK;
/*
 * Find the record with a free inode that is nearest to @agino, in the finobt or, without one, by
 * walking the inobt.
 */
int xfs_inobt_find_free(struct xfs_perag *pag, xfs_agino_t agino, struct xfs_inobt_rec_incore *rec,
			bool *found) XFS_MUST_CHECK;
/* Blocks that one insert may take in both trees, for reservations. */
uint32_t xfs_inobt_insert_blocks(const struct xfs_mount *mp);

/*
 * Allocate an inode chunk's blocks near *@agbno in this AG, whose lock is held: xfs_alloc_vextent()
 * for a caller inside the AG. *@agbno is NULLAGBLOCK if nothing fits.
 */
int xfs_alloc_chunk_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno,
			   xfs_extlen_t len, xfs_extlen_t alignment, xfs_agblock_t min_agbno,
			   xfs_agblock_t max_agbno) XFS_MUST_CHECK;

/*
 * AGI fields.  Call this before the first change: -EUCLEAN if the counters cannot take the deltas.
 */
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
