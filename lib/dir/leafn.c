/* SPDX-License-Identifier: MIT */
/* Leaf blocks, and how the hashed tree splits and joins them. */
#include "core/message.h"
#include "dir/dir_priv.h"
#include "disk/verify.h"

#define HDR	((uint32_t)sizeof(struct xfs_dir3_leaf_hdr))
#define ENT	((uint32_t)sizeof(struct xfs_dir2_leaf_entry))

void xfs_dir_leaf_log(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t first, uint32_t last)
{
	xfs_trans_log_buf(tp, bp, 0, HDR - 1);
	if (first <= last)
		xfs_trans_log_buf(tp, bp, HDR + first * ENT, HDR + (last + 1) * ENT - 1);
}

void xfs_dir_leaf_insert(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t index,
			 xfs_dir2_dataptr_t addr)
{
	struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(bp);
	uint32_t count = xfs_dir_leaf_count(leaf), stale = xfs_dir_leaf_stale(leaf);
	uint32_t slot, first, last;

	slot = xfs_dir_ents_open(leaf->ents, count, stale, index, &first, &last);
	leaf->ents[slot].hashval = cpu_to_be32(args->hash);
	leaf->ents[slot].address = cpu_to_be32(addr);
	if (stale)
		stale--;
	else
		count++;
	xfs_dir_leaf_set_counts(leaf, count, stale);
	xfs_dir_leaf_log(args->tp, bp, first, last);
}

void xfs_dir_leaf_compact(struct xfs_trans *tp, struct xfs_buf *bp)
{
	struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(bp);
	uint32_t count = xfs_dir_leaf_count(leaf);

	if (!xfs_dir_leaf_stale(leaf))
		return;
	count = xfs_dir_ents_compact(leaf->ents, count);
	xfs_dir_leaf_set_counts(leaf, count, 0);
	xfs_dir_leaf_log(tp, bp, 0, count - 1);
}

void xfs_dir_leaf_set_stale(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t index)
{
	struct xfs_dir3_leaf *leaf = xfs_dir_leaf_of(bp);

	leaf->ents[index].address = cpu_to_be32(XFS_DIR2_NULL_DATAPTR);
	be16_add_cpu(&leaf->hdr.stale, 1);
	xfs_dir_leaf_log(tp, bp, index, index);
}

/* ---- struct xfs_da_kind ----------------------------------------------------------------- */

static uint32_t live(const struct xfs_dir3_leaf *leaf)
{
	return xfs_dir_leaf_count(leaf) - xfs_dir_leaf_stale(leaf);
}

static xfs_dahash_t last_hash(const void *block)
{
	const struct xfs_dir3_leaf *leaf = block;
	uint32_t count = xfs_dir_leaf_count(leaf);

	return count ? be32_to_cpu(leaf->ents[count - 1].hashval) : 0;
}

/*
 * Move half of the entries to @right.  Only a leaf without stale entries is ever split. state->arg
 * is the hash of the entry to be added.
 */
static bool split(struct xfs_da_state *state, struct xfs_buf *left, struct xfs_buf *right)
{
	struct xfs_dir3_leaf *from = xfs_dir_leaf_of(left), *to = xfs_dir_leaf_of(right);
	const xfs_dahash_t *hash = state->arg;
	uint32_t count = xfs_dir_leaf_count(from), keep = count / 2;

	ASSERT(xfs_dir_leaf_stale(from) == 0);
	memcpy(to->ents, &from->ents[keep], (count - keep) * ENT);
	xfs_dir_leaf_set_counts(to, count - keep, 0);
	xfs_dir_leaf_set_counts(from, keep, 0);
	xfs_trans_log_buf_all(state->tp, right);
	xfs_dir_leaf_log(state->tp, left, 1, 0);
	return *hash > be32_to_cpu(from->ents[keep - 1].hashval);
}

static bool is_empty(const void *leaf)
{
	return live(leaf) == 0;
}

static bool is_sparse(const struct xfs_geometry *geo, const void *leaf)
{
	uint32_t bytes = HDR + live(leaf) * ENT;

	return bytes < geo->dir_magicpct && bytes <= geo->dirblksize / 2;
}

static bool fits(const struct xfs_geometry *geo, const void *a, const void *b)
{
	uint32_t both = live(a) + live(b);

	return both && HDR + both * ENT <= geo->dirblksize - geo->dirblksize / 4;
}

static void merge(struct xfs_da_state *state, struct xfs_buf *dst, struct xfs_buf *src,
		  bool src_first)
{
	struct xfs_dir3_leaf *to = xfs_dir_leaf_of(dst), *from = xfs_dir_leaf_of(src);
	uint32_t nto = xfs_dir_ents_compact(to->ents, xfs_dir_leaf_count(to));
	uint32_t nfrom = live(from), at = src_first ? 0 : nto;

	if (src_first)
		memmove(&to->ents[nfrom], to->ents, nto * ENT);
	/* The source is about to be freed: leave it as it is and copy its live entries. */
	for (uint32_t i = 0; i < xfs_dir_leaf_count(from); i++) {
		if (!xfs_dir_ent_is_stale(&from->ents[i]))
			to->ents[at++] = from->ents[i];
	}
	xfs_dir_leaf_set_counts(to, nto + nfrom, 0);
	xfs_dir_leaf_log(state->tp, dst, 0, nto + nfrom - 1);
}

const struct xfs_buf_ops xfs_dir3_leaf1_buf_ops = {
	.name = "directory leaf",
	.blft = XFS_BLFT_DIR_LEAF1,
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.verify = xfs_dir3_leaf1_verify,
};

const struct xfs_buf_ops xfs_dir3_leafn_buf_ops = {
	.name = "directory leaf",
	.blft = XFS_BLFT_DIR_LEAFN,
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.verify = xfs_dir3_leafn_verify,
};

static const struct xfs_buf_ops *select_root(const void *block, size_t len)
{
	(void)len;
	return xfs_da_select_root(&xfs_dir_da_kind, block);
}

static const struct xfs_buf_ops root_ops = {
	.name = "directory root",
	.has_crc = true,
	.crc_off = XFS_DA3_CRC_OFF,
	.lsn_off = XFS_DA3_LSN_OFF,
	.select = select_root,
};

const struct xfs_da_kind xfs_dir_da_kind = {
	.name = "directory",
	.whichfork = XFS_DATA_FORK,
	.leaf_magic = XFS_DIR3_LEAFN_MAGIC,
	.root_ops = &root_ops,
	.leaf_ops = &xfs_dir3_leafn_buf_ops,
	.leaf_last_hash = last_hash,
	.leaf_split = split,
	.leaf_is_empty = is_empty,
	.leaf_is_sparse = is_sparse,
	.leaf_fits = fits,
	.leaf_merge = merge,
};
