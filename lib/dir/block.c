/* SPDX-License-Identifier: MIT */
/*
 * Block form: one directory block, with names from its start on and the sorted index at its end,
 * which grow towards each other.
 */
#include "core/message.h"
#include "dir/dir_priv.h"
#include "disk/verify.h"

#define ENT	((uint32_t)sizeof(struct xfs_dir2_leaf_entry))

const struct xfs_buf_ops xfs_dir3_block_buf_ops = {
	.name = "directory block",
	.blft = XFS_BLFT_DIR_BLOCK,
	.has_crc = true,
	.crc_off = XFS_DIR3_DATA_CRC_OFF,
	.lsn_off = XFS_DIR3_DATA_LSN_OFF,
	.verify = xfs_dir3_block_verify,
};

static inline struct xfs_dir2_block_tail *tail_of(struct xfs_dir_args *args, struct xfs_buf *bp)
{
	return xfs_dir2_block_tail_p(args->geo, bp->b_addr);
}

static int read_block(struct xfs_dir_args *args, struct xfs_buf **bpp)
{
	return xfs_dir_read_block(args, 0, &xfs_dir3_block_buf_ops, bpp);
}

/* Log index entries [@first, @last], counted from the array's start. */
static void log_ents(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	uint32_t start = xfs_dir_data_end(args->geo, bp);

	xfs_trans_log_buf(args->tp, bp, start + first * ENT, start + (last + 1) * ENT - 1);
}

static void log_tail(struct xfs_dir_args *args, struct xfs_buf *bp)
{
	uint32_t size = sizeof(struct xfs_dir2_block_tail);

	xfs_trans_log_buf(args->tp, bp, args->geo->dirblksize - size, args->geo->dirblksize - 1);
}

static int match(struct xfs_dir_args *args, struct xfs_buf *bp, struct xfs_dir_match *m)
{
	struct xfs_dir2_block_tail *tail = tail_of(args, bp);
	const struct xfs_dir2_leaf_entry *ents = xfs_dir2_block_leaf_p(tail);
	uint32_t count = be32_to_cpu(tail->count);

	return xfs_dir_ents_match(args, ents, count, xfs_dir_ents_search(ents, count, args->hash),
				  bp, m);
}

int xfs_dir_block_lookup(struct xfs_dir_args *args, struct xfs_dir_match *m)
{
	struct xfs_buf *bp;
	int error;

	error = read_block(args, &bp);
	if (error)
		return error;
	error = match(args, bp, m);
	xfs_buf_put(bp);
	return error;
}

/* Where a name goes, and what must be done first. */
struct plan {
	bool compact;			/* compact the index to reuse the space of stale entries */
	uint32_t enddup;		/* free record that the index grows into by 8 bytes; 0:
					 * none */
	uint32_t free_off;		/* free record whose front takes the name */
};

/* The free record directly in front of the index; 0: there is a name. */
static uint32_t last_free(const struct xfs_buf *bp, uint32_t end)
{
	uint32_t off = get_be16(xfs_dir_at(bp, end - 2));

	return off >= sizeof(struct xfs_dir3_data_hdr) && off < end && xfs_dir_is_unused(bp, off)
		       ? off : 0;
}

static bool make_plan(struct xfs_dir_args *args, struct xfs_buf *bp, struct plan *plan)
{
	uint32_t stale = be32_to_cpu(tail_of(args, bp)->stale);
	uint32_t size = xfs_dir2_data_entsize(args->name->len);
	uint32_t end = xfs_dir_data_end(args->geo, bp);
	uint32_t last = last_free(bp, end);

	*plan = (struct plan){ .free_off = xfs_dir_best_off(bp, 0) };
	if (!stale) {
		if (!last)
			return false;
		plan->enddup = last;
		if (plan->free_off != last)
			return xfs_dir_best_len(bp, 0) >= size;
		if (xfs_dir_best_len(bp, 0) >= size + ENT)
			return true;
		plan->free_off = xfs_dir_best_off(bp, 1);
		return xfs_dir_best_len(bp, 1) >= size;
	}
	if (xfs_dir_best_len(bp, 0) >= size)
		return true;
	plan->compact = true;
	plan->free_off = last ? last : end;
	return end - plan->free_off + (stale - 1) * ENT >= size;
}

/*
 * Remove all stale index entries but one: move the live ones to the end of the array and free the
 * bytes in front.  The stale entry that stays is the first, whatever its hash: its slot is used
 * right after.
 */
static void compact_index(struct xfs_dir_args *args, struct xfs_buf *bp)
{
	struct xfs_dir2_block_tail *tail = tail_of(args, bp);
	struct xfs_dir2_leaf_entry *ents = xfs_dir2_block_leaf_p(tail);
	uint32_t count = be32_to_cpu(tail->count), to = count;
	uint32_t old_end = xfs_dir_data_end(args->geo, bp);

	for (uint32_t from = count; from-- > 0;) {
		if (!xfs_dir_ent_is_stale(&ents[from]))
			ents[--to] = ents[from];
	}
	if (to == 0)
		return;
	to--;
	ents[to].address = cpu_to_be32(XFS_DIR2_NULL_DATAPTR);
	tail->count = cpu_to_be32(count - to);
	tail->stale = cpu_to_be32(1);
	xfs_dir_data_make_free(args, bp, old_end, to * ENT);
	log_ents(args, bp, 0, count - to - 1);
}

int xfs_dir_block_plan_add(struct xfs_dir_args *args, struct xfs_dir_match *m, uint32_t *nblocks)
{
	struct xfs_buf *bp;
	struct plan plan;
	int error;

	error = read_block(args, &bp);
	if (error)
		return error;
	error = m ? match(args, bp, m) : 0;
	/* If there is no room, the addition takes a leaf block and a data block. */
	if (!error)
		*nblocks = make_plan(args, bp, &plan) ? 0 : 2;
	xfs_buf_put(bp);
	return error;
}

int xfs_dir_block_addname(struct xfs_dir_args *args)
{
	struct xfs_dir2_block_tail *tail;
	struct xfs_dir2_leaf_entry *ents;
	uint32_t off, index, slot, first, last;
	struct xfs_buf *bp;
	struct plan plan;
	int error;

	error = read_block(args, &bp);
	if (error)
		return error;
	if (!make_plan(args, bp, &plan)) {
		xfs_buf_put(bp);
		return XFS_DIR_FULL;
	}
	tail = tail_of(args, bp);
	if (plan.compact)
		compact_index(args, bp);
	if (plan.enddup) {
		/*
		 * The array grows downwards by a stale entry, whose slot the new entry takes.
		 * Change the count first: it determines where the records end.
		 */
		be32_add_cpu(&tail->count, 1);
		be32_add_cpu(&tail->stale, 1);
		xfs_dir_data_use_free(args, bp, plan.enddup, xfs_dir_data_end(args->geo, bp), ENT);
	}
	off = plan.free_off;
	xfs_dir_data_use_free(args, bp, off, off, xfs_dir2_data_entsize(args->name->len));
	xfs_dir_data_fill(bp, off, args->name, args->ino);
	xfs_trans_log_buf(args->tp, bp, off, off + xfs_dir2_data_entsize(args->name->len) - 1);

	ents = xfs_dir2_block_leaf_p(tail);
	if (plan.enddup || plan.compact) {
		/* The first entry is stale and its hash is not in order: search behind it. */
		index = 1 + xfs_dir_ents_search(ents + 1, be32_to_cpu(tail->count) - 1, args->hash);
		memmove(&ents[0], &ents[1], (index - 1) * ENT);
		slot = index - 1;
		first = 0;
		last = slot;
	} else {
		index = xfs_dir_ents_search(ents, be32_to_cpu(tail->count), args->hash);
		slot = xfs_dir_ents_open(ents, be32_to_cpu(tail->count), be32_to_cpu(tail->stale),
					 index, &first, &last);
	}
	ents[slot].hashval = cpu_to_be32(args->hash);
	ents[slot].address = cpu_to_be32(xfs_dir2_db_off_to_dataptr(args->geo, 0, off));
	be32_add_cpu(&tail->stale, -1);
	log_ents(args, bp, first, last);
	log_tail(args, bp);
	xfs_buf_put(bp);
	return 0;
}

int xfs_dir_block_removename(struct xfs_dir_args *args)
{
	struct xfs_dir2_block_tail *tail;
	struct xfs_dir2_leaf_entry *ents;
	struct xfs_dir_match m;
	bool converted = false;
	struct xfs_buf *bp;
	int error;

	error = read_block(args, &bp);
	if (error)
		return error;
	xfs_dir_match_init(&m, true);
	error = match(args, bp, &m);
	if (!error && (!m.found || m.ino != args->ino))
		error = -ENOENT;
	/* If the rest fits into the inode, the block need not be changed. */
	if (!error)
		error = xfs_dir_block_to_sf(args, bp, m.off, &converted);
	if (!error && !converted) {
		tail = tail_of(args, bp);
		ents = xfs_dir2_block_leaf_p(tail);
		xfs_dir_data_remove(args, bp, m.off);
		ents[m.index].address = cpu_to_be32(XFS_DIR2_NULL_DATAPTR);
		be32_add_cpu(&tail->stale, 1);
		log_ents(args, bp, m.index, m.index);
		log_tail(args, bp);
	}
	xfs_dir_match_done(&m);
	xfs_buf_put(bp);
	return error;
}

/* Move the index to a leaf block and free its bytes in the data block. */
int xfs_dir_block_to_leaf(struct xfs_dir_args *args)
{
	struct xfs_dir2_block_tail *tail;
	struct xfs_dir3_leaf *leaf;
	struct xfs_buf *bp, *lbp;
	uint32_t end, count, stale;
	int error;

	error = read_block(args, &bp);
	if (error)
		return error;
	error = xfs_dir_alloc_block(args, args->geo->leafblk, &xfs_dir3_leaf1_buf_ops, &lbp);
	if (error) {
		xfs_buf_put(bp);
		return error;
	}
	tail = tail_of(args, bp);
	count = be32_to_cpu(tail->count);
	stale = be32_to_cpu(tail->stale);
	end = xfs_dir_data_end(args->geo, bp);

	leaf = xfs_dir_leaf_of(lbp);
	xfs_da_init_info(args->dp, lbp, XFS_DIR3_LEAF1_MAGIC);
	memcpy(leaf->ents, xfs_dir2_block_leaf_p(tail), count * ENT);
	xfs_dir_leaf_set_counts(leaf, count, stale);

	xfs_dir_data_hdr(bp)->magic = cpu_to_be32(XFS_DIR3_DATA_MAGIC);
	bp->b_ops = &xfs_dir3_data_buf_ops;
	xfs_dir_data_make_free(args, bp, end, args->geo->dirblksize - end);

	xfs_dir2_leaf_tail_p(args->geo, leaf)->bestcount = cpu_to_be32(1);
	*xfs_dir2_leaf_bests_p(xfs_dir2_leaf_tail_p(args->geo, leaf)) =
		cpu_to_be16((uint16_t)xfs_dir_best_len(bp, 0));
	/* Do not log the space between entries and bests: it is logged when it is used. */
	xfs_dir_leaf_log(args->tp, lbp, 0, count - 1);
	xfs_trans_log_buf(args->tp, lbp,
			  args->geo->dirblksize - (uint32_t)sizeof(struct xfs_dir2_leaf_tail) -
			  (uint32_t)sizeof(be16_t), args->geo->dirblksize - 1);
	xfs_buf_put(lbp);
	xfs_buf_put(bp);
	return 0;
}
