/* SPDX-License-Identifier: MIT */
/* Attributes in leaf blocks: one leaf at block 0 of the fork, or a tree of them. */
#include "attr/attr_priv.h"
#include "core/message.h"

int xfs_attr_tree_find(struct xfs_attr_args *args, struct xfs_da_state *state, bool *found)
{
	bool moved = true;
	int error;

	*found = false;
	state->arg = args;
	error = xfs_da_lookup(state, args->hash);
	while (!error && moved) {
		struct xfs_da_level *lv = xfs_da_leaf(state);
		uint32_t count = xfs_attr_leaf_count(lv->bp), i;

		lv->index = xfs_attr_leaf_search(lv->bp, args->hash);
		for (i = lv->index; i < count; i++) {
			struct xfs_attr_leaf_rec rec;

			if (be32_to_cpu(xfs_attr_leaf_entry_at(lv->bp, i)->hashval) != args->hash)
				return 0;
			xfs_attr_leaf_get(lv->bp, i, &rec);
			if (!(rec.flags & XFS_ATTR_INCOMPLETE) &&
			    xfs_attr_match(args, rec.name, rec.namelen, rec.flags, rec.value,
					   rec.flags & XFS_ATTR_LOCAL ? rec.valuelen : 0)) {
				lv->index = i;
				*found = true;
				return 0;
			}
		}
		/*
		 * Only if an equal hash reaches the end of the leaf may the next leaf have more of
		 * them.
		 */
		if (lv->index == count)
			return 0;
		error = xfs_da_next_leaf(state, &moved);
	}
	return error;
}

/* Insert at the path's position, splitting as often as necessary. */
static int insert(struct xfs_attr_args *args, struct xfs_da_state *state)
{
	uint32_t size = xfs_attr_rec_size(args);
	int error;

	while (!xfs_attr_leaf_has_room(args, xfs_da_leaf(state)->bp, size)) {
		error = xfs_da_split_prepare(state);
		if (!error)
			error = xfs_da_split(state);
		if (error)
			return error;
		xfs_da_leaf(state)->index =
			xfs_attr_leaf_search(xfs_da_leaf(state)->bp, args->hash);
	}
	xfs_attr_leaf_add(args, xfs_da_leaf(state)->bp, xfs_da_leaf(state)->index);
	xfs_da_fix_hash(state);
	return 0;
}

static int add_one(struct xfs_attr_args *args)
{
	struct xfs_da_state state;
	bool found;
	int error;

	xfs_da_state_init(&state, &xfs_attr_da_kind, args->tp, args->ip);
	error = xfs_attr_tree_find(args, &state, &found);
	if (!error && found)
		error = xfs_corrupt(args->ip->i_mount, "attribute fork",
				    "inode %" PRIu64 ": the same attribute twice", args->ip->i_ino);
	if (!error)
		error = insert(args, &state);
	xfs_da_state_release(&state);
	return error;
}

/*
 * With an extent list the attribute fork needs few bytes.  If the border is in front of the
 * default, move it there to give the data fork more room, unless that would have to rebuild a tree.
 */
static int relax_border(struct xfs_trans *tp, struct xfs_inode *ip)
{
	uint8_t dflt = xfs_default_forkoff(ip->i_mount, ip->i_mode);

	if (ip->i_forkoff >= dflt || ip->i_df.if_format == XFS_DINODE_FMT_DEV ||
	    ip->i_df.if_format == XFS_DINODE_FMT_BTREE ||
	    !xfs_attr_data_fork_may_grow(ip, dflt * 8u))
		return 0;
	return xfs_bmap_set_forkoff(tp, ip, dflt);
}

int xfs_attr_to_tree(struct xfs_attr_args *args, const struct xfs_attr_sf_entry *skip)
{
	struct xfs_inode *ip = args->ip;
	struct xfs_ifork old = ip->i_af;
	const struct xfs_attr_sf_hdr *hdr = old.if_data;
	const struct xfs_attr_sf_entry *sfep;
	struct xfs_buf *bp;
	int error;

	/* The old contents stay in memory: if no block can be allocated, nothing has changed. */
	xfs_ifork_init_empty(&ip->i_af);
	error = xfs_da_alloc_block(args->tp, ip, XFS_ATTR_FORK, 0, 1, &xfs_attr3_leaf_buf_ops, &bp);
	if (error) {
		if (!ip->i_af.if_nextents) {
			xfs_idestroy_fork(ip, XFS_ATTR_FORK);
			ip->i_af = old;
			return error;
		}
		goto out_free;
	}
	xfs_attr_leaf_init(args, bp);
	xfs_buf_put(bp);
	error = relax_border(args->tp, ip);
	xfs_trans_log_inode(args->tp, ip, XFS_ILOG_CORE | XFS_ILOG_AEXT);
	if (!hdr)
		goto out_free;
	sfep = xfs_attr_sf_firstentry(hdr);
	for (unsigned int i = 0; i < hdr->count && !error;
	     i++, sfep = xfs_attr_sf_nextentry(sfep)) {
		struct xfs_attr_args one = *args;

		if (sfep == skip)
			continue;
		one.name = sfep->nameval;
		one.namelen = sfep->namelen;
		one.ns = sfep->flags;
		one.value = sfep->nameval + sfep->namelen;
		one.valuelen = sfep->valuelen;
		one.hash = xfs_attr_hashval(args->geo, one.ns, one.name, one.namelen, one.value,
					    one.valuelen);
		error = add_one(&one);
	}
out_free:
	xfs_free(ip->i_mount, old.if_data);
	return error;
}

/* ---- back into the inode ----------------------------------------------------------------- */

/* Size in short form of a single leaf; 0: something in it does not fit there. */
static uint32_t sf_bytes(const struct xfs_buf *bp)
{
	uint32_t bytes = sizeof(struct xfs_attr_sf_hdr), count = xfs_attr_leaf_count(bp);

	for (uint32_t i = 0; i < count; i++) {
		struct xfs_attr_leaf_rec rec;

		xfs_attr_leaf_get(bp, i, &rec);
		if (!(rec.flags & XFS_ATTR_LOCAL) || (rec.flags & XFS_ATTR_INCOMPLETE) ||
		    !xfs_attr_fits_sf(rec.namelen, rec.valuelen))
			return 0;
		bytes += xfs_attr_sf_entsize_byname(rec.namelen, rec.valuelen);
	}
	return bytes;
}

static void fill_sf(const struct xfs_buf *bp, uint8_t *buf, uint32_t bytes)
{
	struct xfs_attr_sf_hdr *hdr = (struct xfs_attr_sf_hdr *)buf;
	uint32_t count = xfs_attr_leaf_count(bp), off = sizeof(*hdr);

	hdr->totsize = cpu_to_be16((uint16_t)bytes);
	hdr->count = (uint8_t)count;
	hdr->padding = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct xfs_attr_sf_entry *sfep = (struct xfs_attr_sf_entry *)(buf + off);
		struct xfs_attr_leaf_rec rec;

		xfs_attr_leaf_get(bp, i, &rec);
		sfep->namelen = (uint8_t)rec.namelen;
		sfep->valuelen = (uint8_t)rec.valuelen;
		sfep->flags = rec.flags & XFS_ATTR_NSP_ONDISK_MASK;
		memcpy(sfep->nameval, rec.name, rec.namelen);
		memcpy(sfep->nameval + rec.namelen, rec.value, rec.valuelen);
		off += xfs_attr_sf_entsize(sfep);
	}
}

/*
 * Move the contents of a single leaf into the inode if they fit, or remove the fork if it is empty.
 */
static int try_shrink(struct xfs_attr_args *args)
{
	struct xfs_inode *ip = args->ip;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint8_t buf[2048];		/* larger than any literal area */
	struct xfs_buf *bp;
	uint32_t bytes;
	struct xfs_ifork local;
	uint8_t forkoff;
	bool goes;
	int error;

	if (!xfs_iext_last_extent(&ip->i_af, &cur, &got) ||
	    xfs_irec_end(&got) != 1 ||
	    xfs_da_read_buf(ip, XFS_ATTR_FORK, 0, 1, xfs_attr_da_kind.root_ops, &bp))
		return 0;
	error = 0;
	if (xfs_da_magic(bp) != XFS_ATTR3_LEAF_MAGIC)
		goto out_put;
	bytes = sf_bytes(bp);
	forkoff = bytes ? xfs_bmap_forkoff_for(ip, bytes) : 0;
	if (!forkoff || xfs_attr_leaf_count(bp) > UINT8_MAX)
		goto out_put;
	goes = xfs_attr_leaf_count(bp) == 0 && xfs_attr_fork_may_go(ip);
	fill_sf(bp, buf, bytes);
	/* Without memory it stays a leaf. */
	if (!goes && xfs_da_make_local(ip, XFS_ATTR_FORK, buf, bytes, &local))
		goto out_put;
	error = xfs_da_free_block(args->tp, ip, XFS_ATTR_FORK, 0, 1, bp);
	if (!error)
		error = goes ? xfs_attr_fork_remove(args->tp, ip)
			     : xfs_bmap_set_forkoff(args->tp, ip, forkoff);
	if (goes)
		goto out_put;
	if (error) {
		xfs_free(ip->i_mount, local.if_data);
		goto out_put;
	}
	xfs_idestroy_fork(ip, XFS_ATTR_FORK);
	ip->i_af = local;
	xfs_trans_log_inode(args->tp, ip, XFS_ILOG_CORE | XFS_ILOG_ADATA);
out_put:
	xfs_buf_put(bp);
	return error;
}

/* ---- changing ----------------------------------------------------------------------------- */

static int replace(struct xfs_attr_args *args, struct xfs_da_state *state)
{
	struct xfs_da_level *lv = xfs_da_leaf(state);
	struct xfs_attr_leaf_rec rec;
	int error;

	xfs_attr_leaf_get(lv->bp, lv->index, &rec);
	if ((rec.flags & XFS_ATTR_LOCAL) && xfs_attr_is_local(args) &&
	    rec.valuelen == args->valuelen) {
		xfs_attr_leaf_overwrite(args, lv->bp, lv->index);
		return 0;
	}
	if (!xfs_attr_is_local(args)) {
		error = xfs_attr_rmt_set(args);
		if (error)
			return error;
	}
	/* The hash is the same, so the new one goes where the old one was. */
	xfs_attr_leaf_remove(args, lv->bp, lv->index);
	error = insert(args, state);
	if (!error && !(rec.flags & XFS_ATTR_LOCAL))
		error = xfs_attr_rmt_remove(args->tp, args->ip, rec.valueblk, rec.valuelen);
	return error;
}

int xfs_attr_tree_set(struct xfs_attr_args *args, struct xfs_da_state *state, bool found)
{
	int error;

	/* Read what a split needs before anything changes. */
	if (!xfs_attr_leaf_has_room(args, xfs_da_leaf(state)->bp, xfs_attr_rec_size(args))) {
		error = xfs_da_split_prepare(state);
		if (error)
			goto out;
	}
	if (found) {
		error = replace(args, state);
	} else {
		error = xfs_attr_is_local(args) ? 0 : xfs_attr_rmt_set(args);
		if (!error)
			error = insert(args, state);
	}
	xfs_da_state_release(state);
	if (!error && found)
		error = try_shrink(args);
out:
	xfs_da_state_release(state);
	return error;
}

int xfs_attr_tree_remove(struct xfs_attr_args *args, struct xfs_da_state *state)
{
	struct xfs_da_level *lv = xfs_da_leaf(state);
	struct xfs_attr_leaf_rec rec;
	int error = 0;

	if (xfs_attr_leaf_count(lv->bp) == 1)
		error = xfs_da_join_prepare(state);
	if (error)
		goto out;
	xfs_attr_leaf_get(lv->bp, lv->index, &rec);
	xfs_attr_leaf_remove(args, lv->bp, lv->index);
	if (xfs_attr_leaf_count(lv->bp))
		xfs_da_fix_hash(state);
	if (!(rec.flags & XFS_ATTR_LOCAL))
		error = xfs_attr_rmt_remove(args->tp, args->ip, rec.valueblk, rec.valuelen);
	if (!error)
		error = xfs_da_join(state);
	if (!error)
		error = try_shrink(args);
out:
	xfs_da_state_release(state);
	return error;
}
