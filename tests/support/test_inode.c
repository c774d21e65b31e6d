/* SPDX-License-Identifier: MIT */
/* Inodes without a cache, and walks over their forks on disk. */
#include <stdio.h>
#include <stdlib.h>
#include "bmap/bmap_priv.h"
#include "disk/btree.h"
#include "disk/inode.h"
#include "support/test_inode.h"

static void item_nothing(struct xfs_log_item *lip)
{
	(void)lip;
}

static int item_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp;
	(void)lip;
	return 0;
}

static uint32_t item_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)lip;
	return mp->m_geo.inodesize + XFS_INODE_LOG_COST;
}

static const struct xfs_log_item_ops item_ops = {
	.name = "test inode",
	.get = item_nothing,
	.put = item_nothing,
	.push = item_push,
	.log_cost = item_log_cost,
};

struct xfs_inode *test_inode_new(struct xfs_mount *mp, xfs_ino_t ino, uint16_t mode)
{
	struct xfs_inode *ip = calloc(1, sizeof(*ip));

	if (!ip)
		abort();
	ip->i_mount = mp;
	ip->i_ino = ino;
	ip->i_mode = mode;
	ip->i_nlink = 1;
	if (xfs_has_large_extent_counts(&mp->m_geo))
		ip->i_diflags2 |= XFS_DIFLAG2_NREXT64;
	xfs_rwlock_init(&ip->i_iolock, XFS_CLASS_IOLOCK, ino);
	xfs_rwlock_init(&ip->i_lock, XFS_CLASS_ILOCK, ino);
	xfs_log_item_init(&ip->i_item, &item_ops);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
	return ip;
}

void test_inode_empty(struct xfs_inode *ip)
{
	xfs_idestroy_fork(ip, XFS_DATA_FORK);
	xfs_idestroy_fork(ip, XFS_ATTR_FORK);
	if (ip->i_cowfp)
		xfs_idestroy_fork(ip, XFS_COW_FORK);
}

void test_inode_free(struct xfs_inode *ip)
{
	if (ip->i_df.if_height || ip->i_df.if_broot || ip->i_df.if_data || ip->i_af.if_height ||
	    ip->i_af.if_broot || ip->i_af.if_data || ip->i_cowfp)
		test_inode_empty(ip);
	xfs_rwlock_destroy(&ip->i_iolock);
	xfs_rwlock_destroy(&ip->i_lock);
	free(ip);
}

/* ---- the walker ------------------------------------------------------------------- */

struct walk {
	struct xfs_inode *ip;
	const struct xfs_ifork *ifp;
	struct xfs_iext_cursor cur;
	bool more;			/* @want is what must come next */
	struct xfs_bmbt_irec want;
	uint64_t recs, blocks;
	uint64_t last[XFS_BTREE_MAXLEVELS];	/* rightmost block so far of each level */
	char text[200];
};

#define WRONG(w, ...) (snprintf((w)->text, sizeof((w)->text), __VA_ARGS__), (w)->text)

static void skip_promises(struct walk *w)
{
	while (w->more && isnullstartblock(w->want.br_startblock))
		w->more = xfs_iext_next_extent(w->ifp, &w->cur, &w->want);
}

static const char *walk_recs(struct walk *w, const struct xfs_bmbt_rec *recs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct xfs_bmbt_irec got;

		xfs_bmbt_disk_get_all(&recs[i], &got);
		if (!w->more)
			return WRONG(w, "record at %" PRIu64 " is not in memory", got.br_startoff);
		if (got.br_startoff != w->want.br_startoff ||
		    got.br_startblock != w->want.br_startblock ||
		    got.br_blockcount != w->want.br_blockcount ||
		    got.br_state != w->want.br_state)
			return WRONG(w, "record %" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%d on disk, %"
				     PRIu64 "/%" PRIu64 "/%" PRIu64 "/%d in memory",
				     got.br_startoff, got.br_startblock, got.br_blockcount,
				     got.br_state, w->want.br_startoff, w->want.br_startblock,
				     w->want.br_blockcount, w->want.br_state);
		w->recs++;
		w->more = xfs_iext_next_extent(w->ifp, &w->cur, &w->want);
		skip_promises(w);
	}
	return NULL;
}

static const char *walk_block(struct walk *w, uint64_t fsbno, unsigned int level,
			      uint64_t first_key, bool below_root);

static const char *walk_children(struct walk *w, const void *keys, const void *ptrs,
				 unsigned int n, unsigned int level, bool root)
{
	const char *wrong = NULL;

	for (unsigned int i = 0; i < n && !wrong; i++)
		wrong = walk_block(w, get_be64((const char *)ptrs + 8 * i), level - 1,
				   get_be64((const char *)keys + 8 * i), root);
	return wrong;
}

static const char *walk_block(struct walk *w, uint64_t fsbno, unsigned int level,
			      uint64_t first_key, bool below_root)
{
	struct xfs_mount *mp = w->ip->i_mount;
	unsigned int max = (mp->m_geo.blocksize - 72) / 16, n;
	const struct xfs_btree_block *block;
	const char *entries, *wrong = NULL;
	struct xfs_buf *bp;

	if (xfs_buf_read(mp, XFS_FSB_TO_DADDR(&mp->m_geo, fsbno), mp->m_geo.blocksize,
			 &xfs_bmbt_buf_ops, &bp))
		return WRONG(w, "block %" PRIu64 " cannot be read", fsbno);
	block = bp->b_addr;
	entries = (const char *)bp->b_addr + 72;
	n = be16_to_cpu(block->bb_numrecs);
	if (be32_to_cpu(block->bb_magic) != XFS_BMAP_CRC_MAGIC ||
	    be16_to_cpu(block->bb_level) != level ||
	    be64_to_cpu(block->bb_u.l.bb_owner) != w->ip->i_ino ||
	    be64_to_cpu(block->bb_u.l.bb_blkno) != (uint64_t)bp->b_daddr)
		wrong = WRONG(w, "block %" PRIu64 ": bad header", fsbno);
	else if (n == 0 || n > max || (n < max / 2 && !below_root))
		wrong = WRONG(w, "block %" PRIu64 ": %u entries", fsbno, n);
	else if (be64_to_cpu(block->bb_u.l.bb_leftsib) != w->last[level])
		wrong = WRONG(w, "block %" PRIu64 ": bad left sibling", fsbno);
	else if ((level ? get_be64(entries)
			: xfs_bmbt_disk_get_startoff((const void *)entries)) != first_key)
		wrong = WRONG(w, "block %" PRIu64 ": another key in its parent", fsbno);
	if (!wrong && w->last[level] != NULLFSBLOCK) {
		struct xfs_buf *left;

		if (xfs_buf_read(mp, XFS_FSB_TO_DADDR(&mp->m_geo, w->last[level]),
				 mp->m_geo.blocksize, &xfs_bmbt_buf_ops, &left)) {
			wrong = WRONG(w, "block %" PRIu64 " cannot be read", w->last[level]);
		} else {
			block = left->b_addr;
			if (be64_to_cpu(block->bb_u.l.bb_rightsib) != fsbno)
				wrong = WRONG(w, "block %" PRIu64 ": bad right sibling",
					      w->last[level]);
			xfs_buf_put(left);
		}
	}
	w->last[level] = fsbno;
	w->blocks++;
	if (!wrong && level == 0)
		wrong = walk_recs(w, (const void *)entries, n);
	else if (!wrong)
		wrong = walk_children(w, entries, entries + 8 * max, n, level, false);
	xfs_buf_put(bp);
	return wrong;
}

static const char *walk_tree(struct walk *w, const void *fork, unsigned int size)
{
	const char *root = fork, *wrong;
	unsigned int level = get_be16(root), n = get_be16(root + 2), max = (size - 4) / 16;

	if (level == 0 || level >= XFS_BTREE_MAXLEVELS || n == 0 || n > max)
		return WRONG(w, "root of level %u with %u entries", level, n);
	for (unsigned int i = 0; i < level; i++)
		w->last[i] = NULLFSBLOCK;
	wrong = walk_children(w, root + 4, root + 4 + 8 * max, n, level, true);
	for (unsigned int i = 0; i < level && !wrong; i++) {
		struct xfs_mount *mp = w->ip->i_mount;
		const struct xfs_btree_block *block;
		struct xfs_buf *bp;

		if (xfs_buf_read(mp, XFS_FSB_TO_DADDR(&mp->m_geo, w->last[i]),
				 mp->m_geo.blocksize, &xfs_bmbt_buf_ops, &bp))
			return WRONG(w, "block %" PRIu64 " cannot be read", w->last[i]);
		block = bp->b_addr;
		if (be64_to_cpu(block->bb_u.l.bb_rightsib) != NULLFSBLOCK)
			wrong = WRONG(w, "block %" PRIu64 ": has a right sibling", w->last[i]);
		xfs_buf_put(bp);
	}
	return wrong;
}

const char *test_fork_compare(struct xfs_inode *ip, enum xfs_fork_id whichfork,
			      uint64_t *tree_blocks)
{
	static _Thread_local struct walk w;
	static _Thread_local uint8_t inode[2048];
	unsigned int size = xfs_inode_fork_size(ip, whichfork);
	const char *fork, *wrong;

	memset(inode, 0x5a, sizeof(inode));
	w = (struct walk){.ip = ip, .ifp = xfs_ifork_ptr(ip, whichfork)};
	if (w.ifp->if_format == XFS_DINODE_FMT_LOCAL || w.ifp->if_format == XFS_DINODE_FMT_DEV)
		return NULL;
	xfs_iflush_fork(ip, inode, whichfork);
	fork = (const char *)inode + 176;
	if (whichfork == XFS_ATTR_FORK)
		fork += ip->i_forkoff * 8u;
	w.more = xfs_iext_first_extent(w.ifp, &w.cur, &w.want);
	skip_promises(&w);

	if (w.ifp->if_format == XFS_DINODE_FMT_BTREE) {
		if (w.ifp->if_nextents <= size / 16)
			return WRONG(&w, "a tree of %" PRIu64 " records", w.ifp->if_nextents);
		wrong = walk_tree(&w, fork, size);
	} else {
		if (w.ifp->if_nextents > size / 16)
			return WRONG(&w, "a list of %" PRIu64 " records", w.ifp->if_nextents);
		wrong = walk_recs(&w, (const void *)fork, (unsigned int)w.ifp->if_nextents);
	}
	if (!wrong && w.more)
		wrong = WRONG(&w, "extent at %" PRIu64 " is not on disk", w.want.br_startoff);
	if (!wrong && w.recs != w.ifp->if_nextents)
		wrong = WRONG(&w, "%" PRIu64 " records, %" PRIu64 " counted", w.recs,
			      w.ifp->if_nextents);
	*tree_blocks += w.blocks;
	return wrong;
}
