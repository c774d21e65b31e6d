/* SPDX-License-Identifier: MIT */
/*
 * The extent tree of a fork on disk: long pointers, root in the inode.
 *
 * if_broot holds the root in its on-disk form, in memory of the fork's size, so that flushing it is
 * a copy.  The offset of its pointers depends on the size of the fork, so a change of that size
 * builds a new root.
 */
#include "bmap/bmap_priv.h"
#include "disk/verify.h"
#include "trans/defer.h"

const struct xfs_buf_ops xfs_bmbt_buf_ops = {
	.name = "bmbt",
	.blft = XFS_BLFT_BTREE,
	.has_crc = true,
	.crc_off = XFS_BTREE_LBLOCK_CRC_OFF,
	.lsn_off = XFS_BTREE_LBLOCK_LSN_OFF,
	.verify = xfs_bmbt_verify,
};

/* bc_ino.flags */
#define BMBT_CUR_PROMISED	(1u << 0)

static inline int cmp_off(xfs_fileoff_t off, const struct xfs_btree_target *target)
{
	return off < target->w[0] ? -1 : off > target->w[0];
}

static inline int bmbt_cmp_rec(const void *rec, const struct xfs_btree_target *target)
{
	return cmp_off(xfs_bmbt_disk_get_startoff(rec), target);
}

static inline int bmbt_cmp_key(const void *key, const struct xfs_btree_target *target)
{
	return cmp_off(get_be64(key), target);
}

XFS_BTREE_DEFINE_SEARCH(bmbt_search_recs, sizeof(struct xfs_bmbt_rec), bmbt_cmp_rec)
XFS_BTREE_DEFINE_SEARCH(bmbt_search_keys, sizeof(struct xfs_bmbt_key), bmbt_cmp_key)

static int bmbt_cmp_keys(const void *a, const void *b)
{
	uint64_t ka = get_be64(a), kb = get_be64(b);

	return ka < kb ? -1 : ka > kb;
}

static void bmbt_key_from_rec(void *key, const void *rec)
{
	put_be64(xfs_bmbt_disk_get_startoff(rec), key);
}

static void bmbt_target_from_rec(struct xfs_btree_target *target, const void *rec)
{
	target->w[0] = xfs_bmbt_disk_get_startoff(rec);
}

static int bmbt_alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	struct xfs_inode *ip = cur->bc_ino.ip;
	int error = xfs_bmbt_take_block(cur->bc_tp, ip, (enum xfs_fork_id)cur->bc_ino.whichfork,
					cur->bc_ino.flags & BMBT_CUR_PROMISED,
					near_ptr == XFS_BTREE_NULLPTR ? NULLFSBLOCK : near_ptr,
					new_ptr);

	if (!error)
		cur->bc_ino.allocated++;
	return error;
}

static int bmbt_free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	cur->bc_ino.freed++;
	return xfs_bmbt_give_block(cur->bc_tp, cur->bc_ino.ip,
				   (enum xfs_fork_id)cur->bc_ino.whichfork, bp);
}

static void bmbt_log_root(struct xfs_btree_cur *cur)
{
	xfs_trans_log_inode(cur->bc_tp, cur->bc_ino.ip,
			    xfs_ilog_broot((enum xfs_fork_id)cur->bc_ino.whichfork));
}

static const struct xfs_btree_ops bmbt_ops = {
	.name = "bmbt",
	.buf_ops = &xfs_bmbt_buf_ops,
	.magic = XFS_BMAP_CRC_MAGIC,
	.flags = XFS_BTREE_LONG_PTRS | XFS_BTREE_ROOT_IN_INODE,
	.rec_len = sizeof(struct xfs_bmbt_rec),
	.key_len = sizeof(struct xfs_bmbt_key),
	.search_recs = bmbt_search_recs,
	.search_keys = bmbt_search_keys,
	.cmp_rec = bmbt_cmp_rec,
	.cmp_key = bmbt_cmp_key,
	.cmp_keys = bmbt_cmp_keys,
	.key_from_rec = bmbt_key_from_rec,
	.target_from_rec = bmbt_target_from_rec,
	.alloc_block = bmbt_alloc_block,
	.free_block = bmbt_free_block,
	.log_root = bmbt_log_root,
};

void xfs_bmbt_init_cursor(struct xfs_btree_cur *cur, struct xfs_trans *tp, struct xfs_inode *ip,
			  enum xfs_fork_id whichfork)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_bmdr_block *root = xfs_ifork_ptr(ip, whichfork)->if_broot;

	xfs_btree_init_cursor(cur, &bmbt_ops, ip->i_mount, tp, ip->i_ino,
			      be16_to_cpu(root->bb_level) + 1u, geo->bmap_mxr[0],
			      geo->bmap_mxr[1]);
	cur->bc_ino.ip = ip;
	cur->bc_ino.whichfork = (int)whichfork;
	cur->bc_ino.root = root;
	cur->bc_ino.root_maxrecs = xfs_bmdr_maxrecs(xfs_inode_fork_size(ip, whichfork));
}

void xfs_bmbt_init_block(struct xfs_mount *mp, struct xfs_buf *bp, xfs_ino_t ino, uint32_t level,
			 uint32_t numrecs)
{
	xfs_btree_init_block(mp, bp->b_addr, &bmbt_ops, xfs_buf_daddr(bp), ino, level, numrecs);
}

/* ---- blocks ---------------------------------------------------------------------- */

int xfs_bmbt_take_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			bool delalloc, xfs_fsblock_t near_fsbno, xfs_fsblock_t *fsbno)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_alloc_arg args = {
		.tp = tp,
		.target = near_fsbno == NULLFSBLOCK ? XFS_INO_TO_FSB(&mp->m_geo, ip->i_ino)
						    : near_fsbno,
		.minlen = 1,
		.maxlen = 1,
		.resv = XFS_AG_RESV_NONE,
		.flags = delalloc ? XFS_ALLOC_DELALLOC : 0,
		.oinfo = xfs_owner_bmbt(ip->i_ino, whichfork == XFS_ATTR_FORK),
	};
	int error = xfs_alloc_vextent(&args);

	if (error)
		return error;
	if (args.fsbno == NULLFSBLOCK)
		return xfs_error(mp, -ENOSPC, "no block for the extent tree of inode %" PRIu64,
				 ip->i_ino);
	ip->i_nblocks++;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	*fsbno = args.fsbno;
	return 0;
}

int xfs_bmbt_give_block(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			struct xfs_buf *bp)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_owner_info oinfo = xfs_owner_bmbt(ip->i_ino, whichfork == XFS_ATTR_FORK);
	xfs_fsblock_t fsbno = XFS_DADDR_TO_FSB(&mp->m_geo, xfs_buf_daddr(bp));
	int error;

	if (unlikely(ip->i_nblocks == 0))
		return xfs_corrupt(mp, "bmbt",
				   "inode %" PRIu64 ": more blocks are freed than it has",
				   ip->i_ino);
	error = xfs_free_extent_later(tp, fsbno, 1, &oinfo, XFS_AG_RESV_NONE);
	if (error)
		return error;
	xfs_trans_binval(tp, bp);
	ip->i_nblocks--;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

/* ---- records ----------------------------------------------------------------------- */

static int find_rec(struct xfs_btree_cur *cur, const struct xfs_bmbt_irec *irec, bool must)
{
	struct xfs_btree_target target = {.w = {irec->br_startoff}};
	struct xfs_bmbt_rec disk;
	bool found;
	int error = xfs_btree_lookup_eq(cur, &target, &found);

	if (error)
		return error;
	if (unlikely(found != must))
		return xfs_corrupt(cur->bc_mp, "bmbt", "inode %" PRIu64 ": a record at offset %"
				   PRIu64 " %s", cur->bc_owner, irec->br_startoff,
				   must ? "is missing" : "should not be there");
	if (!must)
		return 0;
	xfs_bmbt_disk_set_all(&disk, irec);
	if (unlikely(memcmp(&disk, xfs_btree_get_rec(cur), sizeof(disk)) != 0))
		return xfs_corrupt(cur->bc_mp, "bmbt", "inode %" PRIu64 ": the record at offset %"
				   PRIu64 " has changed", cur->bc_owner, irec->br_startoff);
	return 0;
}

/*
 * Remove first and insert last, so that the records are in order at each step: records that stay
 * are replaced in place, and their start never passes a neighbour's.
 */
static int replace_recs(struct xfs_btree_cur *cur, const struct xfs_bmbt_irec *old,
			unsigned int nold, const struct xfs_bmbt_irec *new, unsigned int nnew)
{
	struct xfs_bmbt_rec disk;
	int error = 0;

	for (unsigned int i = nold; i > nnew && !error; i--) {
		error = find_rec(cur, &old[i - 1], true);
		if (!error)
			error = xfs_btree_delete(cur);
	}
	for (unsigned int i = 0; i < XFS_MIN(nold, nnew) && !error; i++) {
		error = find_rec(cur, &old[i], true);
		xfs_bmbt_disk_set_all(&disk, &new[i]);
		if (!error)
			error = xfs_btree_update(cur, &disk);
	}
	for (unsigned int i = nold; i < nnew && !error; i++) {
		error = find_rec(cur, &new[i], false);
		xfs_bmbt_disk_set_all(&disk, &new[i]);
		if (!error)
			error = xfs_btree_insert(cur, &disk);
	}
	return error;
}

int xfs_bmbt_replace(struct xfs_bmap_op *op, const struct xfs_bmbt_irec *old, unsigned int nold,
		     const struct xfs_bmbt_irec *new, unsigned int nnew)
{
	struct xfs_btree_cur cur;
	int error;

	xfs_bmbt_init_cursor(&cur, op->tp, op->ip, op->whichfork);
	if (op->delalloc)
		cur.bc_ino.flags |= BMBT_CUR_PROMISED;
	error = replace_recs(&cur, old, nold, new, nnew);
	op->tree_blocks += cur.bc_ino.allocated;
	op->tree_freed += cur.bc_ino.freed;
	xfs_btree_del_cursor(&cur);
	return error;
}

/* ---- di_nblocks --------------------------------------------------------------------- */

int xfs_inode_check_nblocks(struct xfs_inode *ip, uint64_t tree_blocks)
{
	const struct xfs_ifork *forks[] = { &ip->i_df, ip->i_forkoff ? &ip->i_af : NULL };
	uint64_t blocks = tree_blocks;

	if (ip->i_mount->m_rdonly)
		return 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(forks) && forks[i]; i++) {
		struct xfs_iext_cursor cur;
		struct xfs_bmbt_irec irec;

		for_each_xfs_iext(forks[i], &cur, &irec)
			blocks += xfs_irec_is_real(&irec) ? irec.br_blockcount : 0;
	}
	if (likely(blocks == ip->i_nblocks))
		return 0;
	return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64 ": di_nblocks is %" PRIu64
			   ", its forks have %" PRIu64, ip->i_ino, ip->i_nblocks, blocks);
}

/* ---- reading the whole map --------------------------------------------------------------- */

struct read_state {
	struct xfs_bmbt_read rd;
	uint64_t tree_blocks;
	xfs_daddr_t last[XFS_BTREE_MAXLEVELS];	/* last block of the walk on each level */
};

/* Count the blocks of the tree that the walk to this leaf visits for the first time. */
static void count_path(struct read_state *rs, const struct xfs_btree_cur *cur)
{
	for (uint32_t level = 0; level + 1 < cur->bc_nlevels; level++) {
		xfs_daddr_t daddr = xfs_buf_daddr(cur->bc_levels[level].bp);

		if (daddr == rs->last[level])
			break;
		rs->last[level] = daddr;
		rs->tree_blocks++;
	}
}

/*
 * The check needs both forks.  If both are trees it is skipped: too rare to keep the size of the
 * first one.
 */
static int check_nblocks(struct read_state *rs)
{
	const struct xfs_inode *ip = rs->rd.ip;
	const struct xfs_ifork *other = rs->rd.whichfork == XFS_DATA_FORK ? &ip->i_af : &ip->i_df;

	if ((rs->rd.whichfork == XFS_ATTR_FORK || ip->i_forkoff) &&
	    other->if_format == XFS_DINODE_FMT_BTREE)
		return 0;
	return xfs_inode_check_nblocks(rs->rd.ip, rs->tree_blocks);
}

int xfs_bmbt_read_recs(struct xfs_bmbt_read *rd, const struct xfs_bmbt_rec *recs, uint32_t n)
{
	struct xfs_inode *ip = rd->ip;
	bool rt = rd->whichfork == XFS_DATA_FORK && (ip->i_diflags & XFS_DIFLAG_REALTIME);
	bool unwritten_ok = rd->whichfork == XFS_DATA_FORK && S_ISREG(ip->i_mode);

	if (unlikely(n > rd->ifp->if_nextents - rd->count))
		return xfs_corrupt(ip->i_mount, "bmbt", "inode %" PRIu64
				   ": more records than the %" PRIu64 " counted", ip->i_ino,
				   rd->ifp->if_nextents);
	for (uint32_t i = 0; i < n; i++) {
		struct xfs_bmbt_irec irec, none;
		xfs_failaddr_t fa;
		int error;

		xfs_bmbt_disk_get_all(&recs[i], &irec);
		fa = xfs_bmbt_irec_verify(&ip->i_mount->m_geo, rt, unwritten_ok, &irec);
		if (unlikely(!fa && irec.br_startoff < rd->next_off))
			fa = "records overlap or are out of order";
		if (unlikely(fa))
			return xfs_corrupt(ip->i_mount, "bmbt", "inode %" PRIu64 ", offset %" PRIu64
					   ": %s", ip->i_ino, irec.br_startoff, fa);
		rd->next_off = xfs_irec_end(&irec);
		error = xfs_iext_insert(ip->i_mount, rd->ifp, &rd->end, &irec, NULL);
		if (unlikely(error))
			return xfs_error(ip->i_mount, error, "out of memory for extents");
		xfs_iext_next_extent(rd->ifp, &rd->end, &none);
	}
	rd->count += n;
	return 0;
}

int xfs_bmbt_check_count(const struct xfs_bmbt_read *rd)
{
	if (likely(rd->count == rd->ifp->if_nextents))
		return 0;
	return xfs_corrupt(rd->ip->i_mount, "bmbt", "inode %" PRIu64 ": %" PRIu64
			   " records, %" PRIu64 " counted", rd->ip->i_ino, rd->count,
			   rd->ifp->if_nextents);
}

/*
 * Go to the first leaf through the nodes, to the others along the sibling pointers, whole leaves at
 * a time.  Offsets must ascend, so a cycle of pointers ends with an error.
 */
static int read_leaves(struct read_state *rs, struct xfs_btree_cur *cur)
{
	struct xfs_btree_level *leaf = &cur->bc_levels[0];
	bool found;
	int error = xfs_btree_goto_first(cur, &found);

	while (!error && found) {
		uint32_t n = be16_to_cpu(leaf->hdr[1]);

		error = xfs_bmbt_read_recs(&rs->rd, (const void *)leaf->entries, n);
		if (error)
			break;
		count_path(rs, cur);
		leaf->ptr = n;
		error = xfs_btree_increment(cur, &found);
	}
	return error ? error : xfs_bmbt_check_count(&rs->rd);
}

int xfs_iread_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct read_state rs = {.rd = {.ip = ip, .ifp = ifp, .whichfork = whichfork}};
	/* A large map must not use the memory reserve, which changes may need. */
	bool many = ifp->if_nextents > XFS_BMAP_FEW_EXTENTS;
	struct xfs_budget *before = NULL;
	struct xfs_btree_cur cur;
	int error;

	if (!ifp->if_needextents)
		return 0;
	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	xfs_bmap_drop_window(ip, ifp);
	xfs_iext_end(ifp, &rs.rd.end);
	xfs_bmbt_init_cursor(&cur, NULL, ip, whichfork);
	if (many)
		before = xfs_mem_critical_enter(NULL);
	error = read_leaves(&rs, &cur);
	if (many)
		xfs_mem_critical_leave(before);
	xfs_btree_del_cursor(&cur);
	if (!error)
		error = check_nblocks(&rs);
	if (error) {
		xfs_iext_destroy(ip->i_mount, ifp);
		return error;
	}
	__atomic_store_n(&ifp->if_needextents, false, __ATOMIC_RELEASE);
	return 0;
}
