/* SPDX-License-Identifier: MIT */
/*
 * Leaf form: data blocks, and one leaf block that holds the sorted index and, at its end, the
 * length of the longest free record of every data block ("bests").
 */
#include "core/message.h"
#include "dir/dir_priv.h"
#include "disk/verify.h"

#define HDR	((uint32_t)sizeof(struct xfs_dir3_leaf_hdr))
#define ENT	((uint32_t)sizeof(struct xfs_dir2_leaf_entry))
#define TAIL	((uint32_t)sizeof(struct xfs_dir2_leaf_tail))

#define NO_DB	((xfs_dir2_db_t)-1)

const struct xfs_buf_ops xfs_dir3_data_buf_ops = {
	.name = "directory data block",
	.blft = XFS_BLFT_DIR_DATA,
	.has_crc = true,
	.crc_off = XFS_DIR3_DATA_CRC_OFF,
	.lsn_off = XFS_DIR3_DATA_LSN_OFF,
	.verify = xfs_dir3_data_verify,
};

static int read_leaf(struct xfs_dir_args *args, struct xfs_buf **bpp)
{
	return xfs_dir_read_block(args, args->geo->leafblk, &xfs_dir3_leaf1_buf_ops, bpp);
}

static inline struct xfs_dir2_leaf_tail *tail_of(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	return xfs_dir2_leaf_tail_p(args->geo, lbp->b_addr);
}

static inline be16_t *bests_of(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	return xfs_dir2_leaf_bests_p(tail_of(args, lbp));
}

static inline uint32_t bestcount(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	return be32_to_cpu(tail_of(args, lbp)->bestcount);
}

/* Log the bests from that of @db on. */
static void log_bests(struct xfs_dir_args *args, struct xfs_buf *lbp, xfs_dir2_db_t db)
{
	uint32_t off = (uint32_t)((char *)(bests_of(args, lbp) + db) - (char *)lbp->b_addr);

	xfs_trans_log_buf(args->tp, lbp, off, args->geo->dirblksize - 1);
}

static void set_best(struct xfs_dir_args *args, struct xfs_buf *lbp, xfs_dir2_db_t db,
		     uint32_t best)
{
	be16_t *slot = &bests_of(args, lbp)[db];
	uint32_t off = (uint32_t)((char *)slot - (char *)lbp->b_addr);

	if (be16_to_cpu(*slot) == best)
		return;
	*slot = cpu_to_be16((uint16_t)best);
	xfs_trans_log_buf(args->tp, lbp, off, off + 1);
}

static int match(struct xfs_dir_args *args, struct xfs_buf *lbp, struct xfs_dir_match *m)
{
	const struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(lbp);
	uint32_t count = xfs_dir_leaf_count(leaf);

	return xfs_dir_ents_match(args, leaf->ents, count,
				  xfs_dir_ents_search(leaf->ents, count, args->hash), NULL, m);
}

int xfs_dir_leaf_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m)
{
	struct xfs_buf *lbp;
	int error;

	error = read_leaf(args, &lbp);
	if (error)
		return error;
	error = match(args, lbp, m);
	xfs_buf_put(lbp);
	return error;
}

/* ---- adding ----------------------------------------------------------------------------- */

/*
 * Choose a data block with room, or one to be allocated: the lowest hole or the block behind the
 * end.  This form has at most a few dozen data blocks.
 */
static xfs_dir2_db_t pick_db(struct xfs_dir_args *args, struct xfs_buf *lbp, bool *is_new)
{
	uint32_t size = xfs_dir2_data_entsize(args->name->len), n = bestcount(args, lbp);
	const be16_t *bests = bests_of(args, lbp);
	xfs_dir2_db_t hole = NO_DB;

	*is_new = false;
	for (xfs_dir2_db_t db = 0; db < n; db++) {
		uint32_t best = be16_to_cpu(bests[db]);

		if (best == XFS_DIR2_NULL_DATAOFF)
			hole = hole == NO_DB ? db : hole;
		else if (best >= size)
			return db;
	}
	*is_new = true;
	return hole == NO_DB ? n : hole;
}

/* What an addition will do. */
struct plan {
	struct xfs_buf *lbp, *dbp;	/* leaf; data block, NULL if is_new; the caller puts both */
	xfs_dir2_db_t db;		/* the data block for the name */
	bool is_new;			/* it has to be allocated */
	bool compact;			/* the index has to be compacted first */
	bool full;			/* the leaf block has no room; nothing else is set */
};

/* If @m is not NULL, look the name up first, and stop if it exists. */
static int make_plan(struct xfs_dir_args *args, struct xfs_dir_match *m, struct plan *plan)
{
	const struct xfs_dir3_leaf *leaf;
	uint32_t stale, n, gap, need;
	int error;

	*plan = (struct plan){ .lbp = NULL };
	error = read_leaf(args, &plan->lbp);
	if (!error && m)
		error = match(args, plan->lbp, m);
	if (error || (m && m->ino != NULLFSINO))
		return error;
	leaf = xfs_dir_leaf_of(plan->lbp);
	stale = xfs_dir_leaf_stale(leaf);
	n = bestcount(args, plan->lbp);
	plan->db = pick_db(args, plan->lbp, &plan->is_new);
	need = (stale ? 0 : ENT) + (plan->db == n ? (uint32_t)sizeof(be16_t) : 0);
	gap = args->geo->dirblksize - TAIL - n * (uint32_t)sizeof(be16_t) -
	      (HDR + xfs_dir_leaf_count(leaf) * ENT);
	plan->compact = gap < need;
	plan->full = gap < need && (stale <= 1 || gap + (stale - 1) * ENT < need);
	if (plan->full || plan->is_new)
		return 0;
	error = xfs_dir_read_data(args, plan->db, &plan->dbp);
	if (!error)
		error = xfs_dir_check_best(args, plan->dbp, plan->db,
					   be16_to_cpu(bests_of(args, plan->lbp)[plan->db]));
	return error;
}

static void put_plan(struct plan *plan)
{
	xfs_buf_put(plan->dbp);
	xfs_buf_put(plan->lbp);
}

int xfs_dir_leaf_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m, uint32_t *nblocks)
{
	struct plan plan;
	int error;

	error = make_plan(args, m, &plan);
	/* A full leaf block needs a free-index block, and maybe a data block. */
	*nblocks = plan.full ? 2 : plan.is_new;
	put_plan(&plan);
	return error;
}

/* Add a slot for a data block behind the last one to the bests. */
static void append_best(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	uint32_t n = bestcount(args, lbp);
	be16_t *old = bests_of(args, lbp);

	memmove(old - 1, old, n * sizeof(*old));
	old[n - 1] = cpu_to_be16(XFS_DIR2_NULL_DATAOFF);
	tail_of(args, lbp)->bestcount = cpu_to_be32(n + 1);
	xfs_dir_set_size(args->tp, args->dp, (uint64_t)(n + 1) * args->geo->dirblksize);
	log_bests(args, lbp, 0);
}

int xfs_dir_leaf_addname(struct xfs_dir_args *args)
{
	const struct xfs_dir3_leaf *leaf;
	struct plan plan;
	uint32_t off;
	int error;

	error = make_plan(args, NULL, &plan);
	if (!error && plan.full)
		error = XFS_DIR_FULL;
	if (!error && plan.is_new)
		error = xfs_dir_alloc_block(args, xfs_dir2_db_to_da(args->geo, plan.db),
					    &xfs_dir3_data_buf_ops, &plan.dbp);
	if (error)
		goto out_put;
	leaf = xfs_dir_leaf_of(plan.lbp);
	if (plan.compact)
		xfs_dir_leaf_compact(args->tp, plan.lbp);
	if (plan.is_new) {
		xfs_dir_data_init(args, plan.dbp, XFS_DIR3_DATA_MAGIC);
		xfs_dir_data_log_new(args, plan.dbp);
		if (plan.db == bestcount(args, plan.lbp))
			append_best(args, plan.lbp);
	}
	off = xfs_dir_data_add(args, plan.dbp);
	set_best(args, plan.lbp, plan.db, xfs_dir_best_len(plan.dbp, 0));
	xfs_dir_leaf_insert(args, plan.lbp,
			    xfs_dir_ents_search(leaf->ents, xfs_dir_leaf_count(leaf), args->hash),
			    xfs_dir2_db_off_to_dataptr(args->geo, plan.db, off));
out_put:
	put_plan(&plan);
	return error;
}

/* ---- removing --------------------------------------------------------------------------- */

/* Free the empty data block @db.  If it was the last, also drop the unused bests at the end. */
static int drop_data(struct xfs_dir_args *args, struct xfs_buf *lbp, xfs_dir2_db_t db,
		     struct xfs_buf *dbp)
{
	uint32_t n = bestcount(args, lbp), keep = n;
	be16_t *bests = bests_of(args, lbp);
	int error;

	error = xfs_dir_free_block(args, xfs_dir2_db_to_da(args->geo, db), dbp);
	if (error)
		return error;
	xfs_dir_hint_hole(args->dp, xfs_dir2_db_to_da(args->geo, db));
	bests[db] = cpu_to_be16(XFS_DIR2_NULL_DATAOFF);
	while (keep && be16_to_cpu(bests[keep - 1]) == XFS_DIR2_NULL_DATAOFF)
		keep--;
	if (keep != n) {
		memmove(&bests[n - keep], bests, keep * sizeof(*bests));
		tail_of(args, lbp)->bestcount = cpu_to_be32(keep);
		xfs_dir_set_size(args->tp, args->dp, (uint64_t)keep * args->geo->dirblksize);
		log_bests(args, lbp, 0);
	} else {
		log_bests(args, lbp, db);
	}
	return 0;
}

int xfs_dir_leaf_removename(struct xfs_dir_args *args)
{
	struct xfs_dir_match m;
	struct xfs_buf *lbp;
	int error;

	error = read_leaf(args, &lbp);
	if (error)
		return error;
	xfs_dir_match_init(&m, true);
	error = match(args, lbp, &m);
	if (!error && (!m.found || m.ino != args->ino))
		error = -ENOENT;
	if (!error && XFS_IS_CORRUPT(args->dp->i_mount, "directory leaf", args->dp->i_ino,
				      m.db >= bestcount(args, lbp)))
		error = -EUCLEAN;
	if (!error)
		error = xfs_dir_check_best(args, m.bp, m.db,
					   be16_to_cpu(bests_of(args, lbp)[m.db]));
	if (error)
		goto out_put;

	xfs_dir_leaf_set_stale(args->tp, lbp, m.index);
	xfs_dir_data_remove(args, m.bp, m.off);
	set_best(args, lbp, m.db, xfs_dir_best_len(m.bp, 0));
	if (m.db != 0 && xfs_dir_data_is_empty(args->geo, m.bp))
		error = drop_data(args, lbp, m.db, m.bp);
	if (!error)
		error = xfs_dir_leaf_to_block(args, lbp);
out_put:
	xfs_dir_match_done(&m);
	xfs_buf_put(lbp);
	return error;
}

/* Free empty data blocks at the end, which another writer may have left. */
static int drop_empty_tail(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	uint32_t empty = args->geo->dirblksize - (uint32_t)sizeof(struct xfs_dir3_data_hdr), n;
	struct xfs_buf *dbp;
	int error = 0;

	while (!error && (n = bestcount(args, lbp)) > 1 &&
	       be16_to_cpu(bests_of(args, lbp)[n - 1]) == empty) {
		if (xfs_dir_read_data(args, n - 1, &dbp))
			return 0;
		error = drop_data(args, lbp, n - 1, dbp);
		xfs_buf_put(dbp);
	}
	return error;
}

int xfs_dir_leaf_to_block(struct xfs_dir_args *args, struct xfs_buf *lbp)
{
	const uint32_t tail_size = sizeof(struct xfs_dir2_block_tail);
	struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(lbp);
	struct xfs_dir2_block_tail *tail;
	uint32_t live, size, last, start;
	struct xfs_buf *dbp;
	bool converted;
	int error;

	error = drop_empty_tail(args, lbp);
	if (error || bestcount(args, lbp) != 1)
		return error;
	live = xfs_dir_leaf_count(leaf) - xfs_dir_leaf_stale(leaf);
	size = tail_size + live * ENT;
	/* If the index cannot move back, it stays in the leaf; nothing has changed. */
	if (be16_to_cpu(*bests_of(args, lbp)) < size || xfs_dir_read_data(args, 0, &dbp))
		return 0;
	last = get_be16(xfs_dir_at(dbp, args->geo->dirblksize - 2));
	start = args->geo->dirblksize - size;
	if (last < sizeof(struct xfs_dir3_data_hdr) || last > start ||
	    !xfs_dir_is_unused(dbp, last))
		goto out_put;

	/* Set what determines the end of the records first. */
	xfs_dir_data_hdr(dbp)->magic = cpu_to_be32(XFS_DIR3_BLOCK_MAGIC);
	dbp->b_ops = &xfs_dir3_block_buf_ops;
	tail = xfs_dir2_block_tail_p(args->geo, dbp->b_addr);
	tail->count = cpu_to_be32(live);
	tail->stale = cpu_to_be32(0);
	xfs_dir_data_use_free(args, dbp, last, start, size);
	xfs_dir_ents_compact(leaf->ents, xfs_dir_leaf_count(leaf));
	memcpy(xfs_dir2_block_leaf_p(tail), leaf->ents, live * ENT);
	xfs_trans_log_buf(args->tp, dbp, 0, sizeof(struct xfs_dir3_data_hdr) - 1);
	xfs_trans_log_buf(args->tp, dbp, start, args->geo->dirblksize - 1);
	error = xfs_dir_free_block(args, args->geo->leafblk, lbp);
	if (!error)
		error = xfs_dir_block_to_sf(args, dbp, 0, &converted);
out_put:
	xfs_buf_put(dbp);
	return error;
}

/* Move the bests to a free-index block; the leaf becomes the root of the tree. */
int xfs_dir_leaf_to_node(struct xfs_dir_args *args)
{
	struct xfs_dir3_free *free;
	struct xfs_buf *lbp, *fbp;
	uint32_t n, nused = 0;
	int error;

	error = read_leaf(args, &lbp);
	if (error)
		return error;
	n = bestcount(args, lbp);
	error = xfs_dir_alloc_block(args, args->geo->freeblk, &xfs_dir3_free_buf_ops, &fbp);
	if (error)
		goto out_put;
	free = fbp->b_addr;
	xfs_dir_free_init(args, fbp, 0);
	memcpy(free->bests, bests_of(args, lbp), n * sizeof(be16_t));
	for (uint32_t i = 0; i < n; i++)
		nused += be16_to_cpu(free->bests[i]) != XFS_DIR2_NULL_DATAOFF;
	free->hdr.nvalid = cpu_to_be32(n);
	free->hdr.nused = cpu_to_be32(nused);
	xfs_trans_log_buf(args->tp, fbp, 0,
			  (uint32_t)((char *)(free->bests + n) - (char *)free) - 1);
	xfs_buf_put(fbp);

	xfs_da_info(lbp)->magic = cpu_to_be16(XFS_DIR3_LEAFN_MAGIC);
	lbp->b_ops = &xfs_dir3_leafn_buf_ops;
	xfs_dir_leaf_log(args->tp, lbp, 1, 0);
out_put:
	xfs_buf_put(lbp);
	return error;
}
