/* SPDX-License-Identifier: MIT */
/*
 * Private to ag/. All functions here are called with pag_lock held and the AGF loaded, unless their
 * comment says otherwise.
 */
#ifndef AG_AG_PRIV_H
#define AG_AG_PRIV_H

#include "ag/alloc.h"
#include "ag/busy.h"
#include "ag/perag.h"
#include "ag/rmap.h"
#include "btree/btree.h"
#include "core/message.h"
#include "disk/ag.h"
#include "disk/irec.h"
#include "disk/verify.h"

static inline struct xfs_agf *xfs_pag_agf(const struct xfs_perag *pag)
{
	return pag->pag_agf_bp->b_addr;
}

static inline struct xfs_agi *xfs_pag_agi(const struct xfs_perag *pag)
{
	return pag->pag_agi_bp->b_addr;
}

static inline struct xfs_agfl *xfs_pag_agfl(const struct xfs_perag *pag)
{
	return pag->pag_agfl_bp->b_addr;
}

/* Log a changed field of the AGF, or of the AGI except its unlinked lists. */
void xfs_agf_log(struct xfs_trans *tp, struct xfs_perag *pag);
void xfs_agi_log(struct xfs_trans *tp, struct xfs_perag *pag);
/* Change agf_freeblks, agf_longest, agf_btreeblks together with their copies in the perag. */
void xfs_agf_mod_freeblks(struct xfs_trans *tp, struct xfs_perag *pag, int32_t delta);
void xfs_agf_set_longest(struct xfs_trans *tp, struct xfs_perag *pag, xfs_extlen_t longest);
void xfs_agf_mod_btreeblks(struct xfs_trans *tp, struct xfs_perag *pag, int32_t delta);

/* ---- count.c: counters of the headers --------------------------------------- */
/* -EUCLEAN with a message unless @now + @delta stays within [@least, @most]. */
int xfs_ag_check_change(const struct xfs_perag *pag, const char *header, const char *field,
			uint32_t now, int64_t delta, uint32_t least, uint32_t most) XFS_MUST_CHECK;
/* The same for a tree's number of blocks. */
int xfs_ag_check_tree_blocks(const struct xfs_perag *pag, const char *header, const char *field,
			     be32_t blocks, int delta) XFS_MUST_CHECK;
/* Compare the headers, which have been read, with the trees. */
int xfs_ag_check_space(struct xfs_perag *pag) XFS_MUST_CHECK;
int xfs_ag_check_inodes(struct xfs_perag *pag) XFS_MUST_CHECK;
/* inobt.c: the record at the cursor, verified. */
int xfs_inobt_get_rec(const struct xfs_btree_cur *cur, struct xfs_inobt_rec_incore *irec)
	XFS_MUST_CHECK;

/* ---- cursors of the trees ---------------------------------------------------- */
void xfs_bnobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag);
void xfs_cntbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag);
void xfs_rmapbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp,
			    struct xfs_perag *pag);
void xfs_refcountbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp,
				struct xfs_perag *pag);
/* These two also need the AGI loaded. */
void xfs_inobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_perag *pag);
void xfs_finobt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp,
			    struct xfs_perag *pag);

/* ---- alloc_btree.c: free extents ----------------------------------------------- */
static inline struct xfs_btree_target xfs_bno_target(xfs_agblock_t agbno)
{
	return (struct xfs_btree_target){ .w = { agbno } };
}

static inline struct xfs_btree_target xfs_cnt_target(xfs_extlen_t len, xfs_agblock_t agbno)
{
	return (struct xfs_btree_target){ .w = { (uint64_t)len << 32 | agbno } };
}

/* The free extent at the cursor, verified. */
int xfs_alloc_get_rec(const struct xfs_btree_cur *cur, struct xfs_alloc_rec_incore *irec)
	XFS_MUST_CHECK;
int xfs_alloc_unpack(const struct xfs_btree_cur *cur, const struct xfs_alloc_rec *rec,
		     struct xfs_alloc_rec_incore *irec) XFS_MUST_CHECK;
/* Take [@agbno, +@len) out of the free extent @rec in both trees, and update the AGF counters. */
int xfs_alloc_remove(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_alloc_rec_incore *rec, xfs_agblock_t agbno,
		     xfs_extlen_t len) XFS_MUST_CHECK;
/*
 * Insert free blocks, merge them with their neighbours and update the AGF counters. -EUCLEAN, with
 * nothing changed, if some of them are free already.
 */
int xfs_alloc_insert(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		     xfs_extlen_t len) XFS_MUST_CHECK;
/* Find the free extent that covers @agbno. */
int xfs_alloc_find(struct xfs_perag *pag, xfs_agblock_t agbno, struct xfs_alloc_rec_incore *rec,
		   bool *found) XFS_MUST_CHECK;

/* ---- agfl.c -------------------------------------------------------------------- */
int xfs_alloc_get_freelist(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t *agbno)
	XFS_MUST_CHECK;
int xfs_alloc_put_freelist(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno)
	XFS_MUST_CHECK;
/*
 * For the trees that get their blocks from the AGFL: take a block or give it back, and update
 * agf_btreeblks.
 */
int xfs_agfl_alloc_btree_block(struct xfs_btree_cur *cur, uint64_t *new_ptr) XFS_MUST_CHECK;
int xfs_agfl_free_btree_block(struct xfs_btree_cur *cur, struct xfs_buf *bp) XFS_MUST_CHECK;
int xfs_agfl_reserve(struct xfs_btree_cur *cur, uint32_t blocks) XFS_MUST_CHECK;

/* ---- fixup.c ------------------------------------------------------------------- */
/* Number of blocks that the AGFL must hold before the next change. */
xfs_extlen_t xfs_alloc_min_freelist(const struct xfs_perag *pag);

#define XFS_AGFL_PLAN_MAX	64u
/* Blocks that will fill the AGFL: planned before the first change, moved after it. */
struct xfs_agfl_plan {
	uint32_t missing;		/* blocks that the list lacks */
	uint32_t found;			/* number of blocks in @piece */
	uint32_t nr;
	struct xfs_alloc_rec_incore piece[XFS_AGFL_PLAN_MAX];
};
/* Plan without touching [@avoid, +@avoid_len) (0: nothing to avoid).  Only reads. */
int xfs_agfl_plan_fill(struct xfs_perag *pag, xfs_agblock_t avoid, xfs_extlen_t avoid_len,
		       struct xfs_agfl_plan *plan) XFS_MUST_CHECK;
/*
 * Carry out the plan, or trim the list if it is too long.  Invalidates cursors of bno, cnt and
 * rmap.
 */
int xfs_agfl_fix(struct xfs_trans *tp, struct xfs_perag *pag, const struct xfs_agfl_plan *plan)
	XFS_MUST_CHECK;
/*
 * Plan and fill as far as free blocks allow, before blocks are freed or an rmap record is changed.
 */
int xfs_agfl_fix_for_free(struct xfs_trans *tp, struct xfs_perag *pag) XFS_MUST_CHECK;

/* ---- resv.c -------------------------------------------------------------------- */
/* Number of free blocks that an allocation of @type must leave in the AG. */
uint32_t xfs_ag_resv_needed(const struct xfs_perag *pag, enum xfs_ag_resv_type type);
/*
 * True if the blocks left for trees of @type are less than a tenth of their reservation, or less
 * than one change may take.  Nothing that makes these trees grow should then be started.
 */
bool xfs_ag_resv_is_critical(const struct xfs_perag *pag, enum xfs_ag_resv_type type);
/*
 * @len blocks were allocated or freed: charge or credit first the AG's reservation, then the
 * transaction, then the free-block counter.
 */
void xfs_ag_resv_alloc(struct xfs_trans *tp, struct xfs_perag *pag, enum xfs_ag_resv_type type,
		       xfs_extlen_t len, bool delalloc);
void xfs_ag_resv_give_back(struct xfs_trans *tp, struct xfs_perag *pag,
			   enum xfs_ag_resv_type type, xfs_extlen_t len);
/* Change the number of bno and cnt blocks that nobody may reserve. */
void xfs_mod_set_aside(struct xfs_mount *mp, int32_t delta);

/* ---- alloc.c and the searches ---------------------------------------------------- */

/* A search for free space in one AG. */
struct xfs_ag_alloc {
	struct xfs_trans *tp;
	struct xfs_perag *pag;
	xfs_agblock_t target;		/* NULLAGBLOCK: anywhere */
	xfs_extlen_t minlen, maxlen;
	xfs_extlen_t alignment;		/* at least 1 */
	xfs_agblock_t min_agbno, max_agbno; /* of the start; max_agbno NULLAGBLOCK: none */
	bool userdata;
	bool take_busy;			/* metadata that cannot wait may take busy blocks */
	/* out */
	xfs_agblock_t agbno;
	xfs_extlen_t len;		/* 0: nothing found */
	struct xfs_alloc_rec_incore rec; /* the free extent that contains it */
	bool busy;
};

/* Each search only reads, and leaves len 0 if it finds nothing. */
int xfs_alloc_ag_exact(struct xfs_ag_alloc *req) XFS_MUST_CHECK;
int xfs_alloc_ag_near(struct xfs_ag_alloc *req) XFS_MUST_CHECK;
int xfs_alloc_ag_size(struct xfs_ag_alloc *req) XFS_MUST_CHECK;
int xfs_alloc_ag_roomy(struct xfs_ag_alloc *req) XFS_MUST_CHECK;
/*
 * The best extent within @rec: aligned, in bounds, not busy, at least minlen and at most maxlen
 * blocks. len is 0 if there is none.
 */
void xfs_alloc_fit(struct xfs_ag_alloc *req, const struct xfs_alloc_rec_incore *rec,
		   xfs_agblock_t *agbno, xfs_extlen_t *len);
static inline xfs_agblock_t xfs_alloc_distance(const struct xfs_ag_alloc *req,
					       xfs_agblock_t agbno)
{
	return agbno > req->target ? agbno - req->target : req->target - agbno;
}

/*
 * Allocate one block for the inobt, finobt or refcountbt in the middle of a change of that tree.
 * xfs_ag_reserve_tree() has checked that there is space.
 */
int xfs_ag_alloc_tree_block(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t near,
			    uint64_t owner, enum xfs_ag_resv_type resv,
			    xfs_agblock_t *agbno) XFS_MUST_CHECK;
/* -ENOSPC unless @blocks can be allocated for @resv. */
int xfs_ag_reserve_tree(struct xfs_perag *pag, uint32_t blocks, enum xfs_ag_resv_type resv)
	XFS_MUST_CHECK;
/* Make the block stale; xfs_ag_free_pending() frees it once the change of the tree is complete. */
int xfs_ag_free_tree_block(struct xfs_trans *tp, struct xfs_perag *pag, struct xfs_buf *bp,
			   uint64_t owner, enum xfs_ag_resv_type resv) XFS_MUST_CHECK;
int xfs_ag_free_pending(struct xfs_trans *tp, struct xfs_perag *pag) XFS_MUST_CHECK;

/* Free blocks with the AG locked and the AGFL filled; see xfs_free_extent(). */
int xfs_free_ag_extent(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
		       xfs_extlen_t len, const struct xfs_owner_info *oinfo,
		       enum xfs_ag_resv_type resv) XFS_MUST_CHECK;

/* ---- rmap.c ---------------------------------------------------------------------- */
/* The caller has filled the AGFL. */
int xfs_rmap_map_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			xfs_extlen_t len, const struct xfs_owner_info *oinfo) XFS_MUST_CHECK;
int xfs_rmap_unmap_locked(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			  xfs_extlen_t len, const struct xfs_owner_info *oinfo) XFS_MUST_CHECK;
/*
 * Remove the blocks' owner, whose one record must cover all of them.  Blocks without an owner are
 * fine.
 */
int xfs_rmap_unmap_whoever(struct xfs_trans *tp, struct xfs_perag *pag, xfs_agblock_t agbno,
			   xfs_extlen_t len) XFS_MUST_CHECK;

/* ---- refcount.c -------------------------------------------------------------------- */
/* Staging extents of copy-on-write have bit 31 set and sort behind all shared ones. */
static inline struct xfs_btree_target xfs_refcount_target(enum xfs_refc_domain domain,
							  xfs_agblock_t agbno)
{
	return (struct xfs_btree_target){ .w = { xfs_refcount_encode_startblock(agbno, domain) } };
}
/* If *@found: the record at the cursor, verified. *@found becomes false if it is not of @domain. */
int xfs_refcount_get(const struct xfs_btree_cur *cur, enum xfs_refc_domain domain,
		     struct xfs_refcount_irec *irec, bool *found) XFS_MUST_CHECK;
/* Insert a record; -EUCLEAN if one with its key exists. */
int xfs_refcount_insert(struct xfs_btree_cur *cur, const struct xfs_refcount_irec *irec)
	XFS_MUST_CHECK;

/* ---- refcount_btree.c -------------------------------------------------------------- */
/* Set pag_may_share if it is not known yet. */
int xfs_refcount_load_share(struct xfs_perag *pag) XFS_MUST_CHECK;

#endif
