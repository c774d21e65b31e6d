/* SPDX-License-Identifier: MIT */
/* Paths through the hashed tree, and its node blocks. */
#include "core/message.h"
#include "da/da_priv.h"
#include "disk/verify.h"

const struct xfs_buf_ops xfs_da3_node_buf_ops = {
	.name = "da node",
	.blft = XFS_BLFT_DA_NODE,
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.verify = xfs_da3_node_verify,
};

const struct xfs_buf_ops *xfs_da_select_root(const struct xfs_da_kind *kind, const void *block)
{
	const struct xfs_da3_blkinfo *info = block;
	uint16_t magic = be16_to_cpu(info->magic);

	if (magic == kind->leaf_magic)
		return kind->leaf_ops;
	return magic == XFS_DA3_NODE_MAGIC ? &xfs_da3_node_buf_ops : NULL;
}

/* ---- node blocks --------------------------------------------------------------------- */

xfs_dahash_t xfs_da_last_hash(const struct xfs_da_state *state, const struct xfs_buf *bp)
{
	uint32_t count;

	if (!xfs_da_is_node(bp))
		return state->kind->leaf_last_hash(bp->b_addr);
	count = xfs_da_node_count(bp);
	return count ? be32_to_cpu(xfs_da_node_ents(bp)[count - 1].hashval) : 0;
}

void xfs_da_node_init(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t level)
{
	xfs_da_init_info(state->dp, bp, XFS_DA3_NODE_MAGIC);
	xfs_da_node(bp)->count = cpu_to_be16(0);
	xfs_da_node(bp)->level = cpu_to_be16((uint16_t)level);
	xfs_da_node(bp)->pad32 = cpu_to_be32(0);
	bp->b_ops = &xfs_da3_node_buf_ops;
}

void xfs_da_node_log(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t first,
		     uint32_t last)
{
	const uint32_t hdr = sizeof(struct xfs_da3_node_hdr);
	const uint32_t size = sizeof(struct xfs_da_node_entry);

	xfs_trans_log_buf(state->tp, bp, 0, hdr - 1);
	if (first <= last)
		xfs_trans_log_buf(state->tp, bp, hdr + first * size, hdr + (last + 1) * size - 1);
}

void xfs_da_node_insert(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t index,
			xfs_dahash_t hash, xfs_dablk_t child)
{
	struct xfs_da_node_entry *ents = xfs_da_node_ents(bp);
	uint32_t count = xfs_da_node_count(bp);

	ASSERT(index <= count && count < xfs_da_node_max(state));
	memmove(&ents[index + 1], &ents[index], (count - index) * sizeof(*ents));
	ents[index].hashval = cpu_to_be32(hash);
	ents[index].before = cpu_to_be32(child);
	xfs_da_node(bp)->count = cpu_to_be16((uint16_t)(count + 1));
	xfs_da_node_log(state, bp, index, count);
}

void xfs_da_node_remove(struct xfs_da_state *state, struct xfs_buf *bp, uint32_t index)
{
	struct xfs_da_node_entry *ents = xfs_da_node_ents(bp);
	uint32_t count = xfs_da_node_count(bp);

	ASSERT(index < count);
	memmove(&ents[index], &ents[index + 1], (count - 1 - index) * sizeof(*ents));
	memset(&ents[count - 1], 0, sizeof(*ents));
	xfs_da_node(bp)->count = cpu_to_be16((uint16_t)(count - 1));
	xfs_da_node_log(state, bp, index, count - 1);
}

void xfs_da_set_forw(struct xfs_da_state *state, struct xfs_buf *bp, xfs_dablk_t forw)
{
	xfs_da_info(bp)->forw = cpu_to_be32(forw);
	xfs_trans_log_buf(state->tp, bp, 0, sizeof(struct xfs_da3_blkinfo) - 1);
}

void xfs_da_set_back(struct xfs_da_state *state, struct xfs_buf *bp, xfs_dablk_t back)
{
	xfs_da_info(bp)->back = cpu_to_be32(back);
	xfs_trans_log_buf(state->tp, bp, 0, sizeof(struct xfs_da3_blkinfo) - 1);
}

/* ---- blocks of the tree --------------------------------------------------------------- */

int xfs_da_read_level(struct xfs_da_state *state, xfs_dablk_t blkno, uint32_t level,
		      struct xfs_buf **bpp)
{
	const struct xfs_da_kind *kind = state->kind;
	const struct xfs_buf_ops *ops = level ? &xfs_da3_node_buf_ops : kind->leaf_ops;
	int error;

	error = xfs_da_read_buf(state->dp, kind->whichfork, blkno, xfs_da_nfsb(state), ops, bpp);
	if (error)
		return error;
	if (level && xfs_da_node_level(*bpp) != level) {
		error = xfs_corrupt(state->dp->i_mount, kind->name,
				    "inode %" PRIu64 ", block %" PRIu32
				    " of the fork: a node of level %" PRIu32
				    " stands at level %" PRIu32,
				    state->dp->i_ino, blkno, xfs_da_node_level(*bpp), level);
		xfs_buf_put(*bpp);
		*bpp = NULL;
	}
	return error;
}

int xfs_da_pin(struct xfs_da_state *state, xfs_dablk_t blkno, uint32_t level)
{
	struct xfs_buf *bp;
	int error;

	error = xfs_da_read_level(state, blkno, level, &bp);
	if (error)
		return error;
	ASSERT(state->npins < ARRAY_SIZE(state->pins));
	if (state->npins < ARRAY_SIZE(state->pins))
		state->pins[state->npins++] = bp;
	else
		xfs_buf_put(bp);
	return 0;
}

int xfs_da_grow(struct xfs_da_state *state, const struct xfs_buf_ops *ops, xfs_dablk_t *blkno,
		struct xfs_buf **bpp)
{
	const struct xfs_geometry *geo = &state->dp->i_mount->m_geo;
	enum xfs_fork_id whichfork = state->kind->whichfork;
	uint32_t *low = &state->dp->i_dir.dh_leaf_low;
	uint32_t nfsb = xfs_da_nfsb(state);
	xfs_dablk_t start = 0;
	uint64_t end = UINT32_MAX;
	int error;

	if (whichfork == XFS_DATA_FORK) {
		start = *low > geo->leafblk && *low < geo->freeblk &&
			XFS_IS_ALIGNED(*low - geo->leafblk, nfsb) ? *low : geo->leafblk;
		end = geo->freeblk;
	}
	error = xfs_da_find_hole(state->dp, whichfork, nfsb, start, end, blkno);
	if (!error)
		error = xfs_da_alloc_block(state->tp, state->dp, whichfork, *blkno, nfsb, ops, bpp);
	if (!error && whichfork == XFS_DATA_FORK)
		*low = *blkno + nfsb;
	return error;
}

int xfs_da_shrink(struct xfs_da_state *state, xfs_dablk_t blkno, struct xfs_buf *bp)
{
	if (state->kind->whichfork == XFS_DATA_FORK && blkno < state->dp->i_dir.dh_leaf_low)
		state->dp->i_dir.dh_leaf_low = blkno;
	return xfs_da_free_block(state->tp, state->dp, state->kind->whichfork, blkno,
				 xfs_da_nfsb(state), bp);
}

/* ---- paths --------------------------------------------------------------------------- */

static void put_path(struct xfs_da_level *path, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		xfs_buf_put(path[i].bp);
		path[i].bp = NULL;
	}
}

void xfs_da_state_release(struct xfs_da_state *state)
{
	put_path(state->path, 0, state->depth);
	state->depth = 0;
	while (state->npins)
		xfs_buf_put(state->pins[--state->npins]);
}

void xfs_da_path_dup(struct xfs_da_state *to, const struct xfs_da_state *from, uint32_t i)
{
	xfs_da_state_init(to, from->kind, from->tp, from->dp);
	to->arg = from->arg;
	for (uint32_t l = 0; l <= i; l++) {
		to->path[l] = from->path[l];
		xfs_buf_hold(to->path[l].bp);
	}
	to->depth = i + 1;
}

/* The first entry whose hash is >= @hash; the last entry if there is none. */
static uint32_t node_search(const struct xfs_buf *bp, xfs_dahash_t hash)
{
	const struct xfs_da_node_entry *ents = xfs_da_node_ents(bp);
	uint32_t count = xfs_da_node_count(bp), low = 0, high = count - 1;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (be32_to_cpu(ents[mid].hashval) < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int bad_root(struct xfs_da_state *state, const char *what)
{
	return xfs_corrupt(state->dp->i_mount, state->kind->name, "inode %" PRIu64 ": %s",
			   state->dp->i_ino, what);
}

int xfs_da_lookup(struct xfs_da_state *state, xfs_dahash_t hash)
{
	struct xfs_da_level *lv = &state->path[0];
	uint32_t level;
	int error;

	put_path(state->path, 0, state->depth);
	state->depth = 0;
	lv->blkno = xfs_da_root_blkno(state);
	lv->index = 0;
	error = xfs_da_read_buf(state->dp, state->kind->whichfork, lv->blkno, xfs_da_nfsb(state),
				state->kind->root_ops, &lv->bp);
	if (error)
		return error;
	state->depth = 1;
	if (!xfs_da_is_node(lv->bp))
		return xfs_da_magic(lv->bp) == state->kind->leaf_magic
			       ? 0 : bad_root(state, "the root is a leaf of another kind");
	level = xfs_da_node_level(lv->bp);
	if (level == 0 || level >= XFS_DA_NODE_MAXDEPTH)
		return bad_root(state, "the tree is too high");
	for (;;) {
		if (xfs_da_node_count(lv->bp) == 0)
			return bad_root(state, "a node of the tree is empty");
		lv->index = node_search(lv->bp, hash);
		lv[1].blkno = be32_to_cpu(xfs_da_node_ents(lv->bp)[lv->index].before);
		lv[1].index = 0;
		lv++;
		error = xfs_da_read_level(state, lv->blkno, --level, &lv->bp);
		if (error)
			return error;
		state->depth++;
		if (level == 0)
			return 0;
	}
}

int xfs_da_shift(struct xfs_da_state *state, uint32_t i, int step, bool *moved)
{
	struct xfs_da_level fresh[XFS_DA_NODE_MAXDEPTH];
	uint32_t top = i, l;
	int error = 0;

	*moved = false;
	/* Find the lowest node above that has another child in this direction. */
	for (;;) {
		if (top == 0)
			return 0;
		top--;
		if (step > 0 ? state->path[top].index + 1 < xfs_da_node_count(state->path[top].bp)
			     : state->path[top].index > 0)
			break;
	}
	/*
	 * Go down again along the near edge.  The old path stays until the new one has been read.
	 */
	fresh[top] = state->path[top];
	fresh[top].index += (uint32_t)step;
	for (l = top + 1; l <= i; l++) {
		struct xfs_da_level *up = &fresh[l - 1];

		fresh[l].blkno = be32_to_cpu(xfs_da_node_ents(up->bp)[up->index].before);
		fresh[l].index = 0;
		error = xfs_da_read_level(state, fresh[l].blkno, xfs_da_height(up->bp) - 1,
					  &fresh[l].bp);
		if (error)
			goto out_put;
		if (xfs_da_is_node(fresh[l].bp)) {
			if (xfs_da_node_count(fresh[l].bp) == 0) {
				error = bad_root(state, "a node of the tree is empty");
				l++;
				goto out_put;
			}
			if (step < 0)
				fresh[l].index = xfs_da_node_count(fresh[l].bp) - 1;
		}
	}
	state->path[top].index = fresh[top].index;
	put_path(state->path, top + 1, i + 1);
	memcpy(&state->path[top + 1], &fresh[top + 1], (i - top) * sizeof(fresh[0]));
	*moved = true;
	return 0;

out_put:
	put_path(fresh, top + 1, l);
	return error;
}

/*
 * Limit the moves to as many as the fork has blocks.  The nodes of a damaged tree may all point at
 * the same few blocks, and five levels of them have more paths than anybody can walk.
 */
static int check_moves(struct xfs_da_state *state)
{
	if (!state->max_moves) {
		struct xfs_iext_cursor cur;
		struct xfs_bmbt_irec got;

		for_each_xfs_iext(xfs_ifork_ptr(state->dp, state->kind->whichfork), &cur, &got)
			state->max_moves += got.br_blockcount;
	}
	if (++state->moves < state->max_moves)
		return 0;
	return bad_root(state, "nodes of the tree point at the same blocks");
}

int xfs_da_next_leaf(struct xfs_da_state *state, bool *moved)
{
	int error = state->depth > 1 ? check_moves(state) : 0;

	if (error)
		return error;
	return xfs_da_shift(state, state->depth - 1, 1, moved);
}

void xfs_da_fix_hash_above(struct xfs_da_state *state, uint32_t level, xfs_dahash_t hash)
{
	while (level-- > 0) {
		struct xfs_da_level *lv = &state->path[level];
		struct xfs_da_node_entry *ent = &xfs_da_node_ents(lv->bp)[lv->index];

		if (be32_to_cpu(ent->hashval) == hash)
			return;
		ent->hashval = cpu_to_be32(hash);
		xfs_da_node_log(state, lv->bp, lv->index, lv->index);
		if (lv->index + 1 != xfs_da_node_count(lv->bp))
			return;
	}
}

void xfs_da_fix_hash(struct xfs_da_state *state)
{
	uint32_t leaf = state->depth - 1;

	if (leaf)
		xfs_da_fix_hash_above(state, leaf, xfs_da_last_hash(state, state->path[leaf].bp));
}
