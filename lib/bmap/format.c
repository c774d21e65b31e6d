/* SPDX-License-Identifier: MIT */
/*
 * Moving a fork's records from the list in the inode to a tree, when they no longer fit, and back
 * as soon as they fit.  The disk format demands both: every implementation refuses a tree whose
 * records would fit into the inode.
 */
#include "bmap/bmap_priv.h"

int xfs_bmap_new_tree(struct xfs_bmap_op *op, xfs_fsblock_t near_fsbno,
		      struct xfs_bmap_new_tree *nt)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_mount *mp = ip->i_mount;
	int error;

	nt->bp = NULL;
	nt->broot = xfs_zalloc(mp, xfs_inode_fork_size(ip, op->whichfork));
	if (!nt->broot)
		return xfs_error(mp, -ENOMEM, "out of memory for the root of an extent tree");
	error = xfs_bmbt_take_block(op->tp, ip, op->whichfork, op->delalloc, near_fsbno,
				    &nt->fsbno);
	if (error)
		goto out_free;
	error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(&mp->m_geo, nt->fsbno), mp->m_geo.blocksize,
			    &xfs_bmbt_buf_ops, &nt->bp);
	if (error)
		goto out_free;
	op->tree_blocks++;
	return 0;

out_free:
	xfs_free(mp, nt->broot);
	nt->broot = NULL;
	return error;
}

void xfs_bmap_list_to_btree(struct xfs_bmap_op *op, struct xfs_bmap_new_tree *nt)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_ifork *ifp = op->ifp;
	uint32_t size = xfs_inode_fork_size(ip, op->whichfork), n = 0;
	struct xfs_bmdr_block *root = nt->broot;
	struct xfs_bmbt_rec *recs = (void *)((char *)nt->bp->b_addr + XFS_BTREE_LBLOCK_LEN);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	xfs_fileoff_t first = 0;

	ASSERT(ifp->if_nextents <= ip->i_mount->m_geo.bmap_mxr[0]);
	for_each_xfs_iext(ifp, &cur, &irec) {
		if (!xfs_irec_is_real(&irec))
			continue;
		if (n == 0)
			first = irec.br_startoff;
		xfs_bmbt_disk_set_all(&recs[n++], &irec);
	}
	ASSERT(n == ifp->if_nextents);
	xfs_bmbt_init_block(ip->i_mount, nt->bp, ip->i_ino, 0, n);
	xfs_trans_log_buf(op->tp, nt->bp, 0,
			  (uint32_t)(XFS_BTREE_LBLOCK_LEN + n * sizeof(recs[0]) - 1));
	xfs_buf_put(nt->bp);
	nt->bp = NULL;

	root->bb_level = cpu_to_be16(1);
	root->bb_numrecs = cpu_to_be16(1);
	xfs_bmdr_key_addr(root, 1)->br_startoff = cpu_to_be64(first);
	*xfs_bmdr_ptr_addr(root, 1, xfs_bmdr_maxrecs(size)) = cpu_to_be64(nt->fsbno);
	ifp->if_broot = root;
	ifp->if_broot_bytes = size;
	ifp->if_format = XFS_DINODE_FMT_BTREE;
	nt->broot = NULL;
	op->logflags |= XFS_ILOG_CORE | xfs_ilog_broot(op->whichfork);
}

/* Free the block at @fsbno and all below it.  The level bounds the recursion. */
static int free_subtree(struct xfs_bmap_op *op, xfs_fsblock_t fsbno, uint32_t level)
{
	struct xfs_mount *mp = op->ip->i_mount;
	const struct xfs_btree_block *block;
	struct xfs_buf *bp;
	int error = 0;

	if (unlikely(!xfs_verify_fsbno(&mp->m_geo, fsbno)))
		return xfs_corrupt(mp, "bmbt", "inode %" PRIu64 ": pointer to impossible block %#"
				   PRIx64, op->ip->i_ino, fsbno);
	error = xfs_buf_read(mp, XFS_FSB_TO_DADDR(&mp->m_geo, fsbno), mp->m_geo.blocksize,
			     &xfs_bmbt_buf_ops, &bp);
	if (error)
		return error;
	block = bp->b_addr;
	if (unlikely(be64_to_cpu(block->bb_u.l.bb_owner) != op->ip->i_ino ||
		     be16_to_cpu(block->bb_level) != level)) {
		error = xfs_corrupt(mp, "bmbt", "inode %" PRIu64 ", block at daddr %" PRId64
				    ": wrong owner or level", op->ip->i_ino, xfs_buf_daddr(bp));
		goto out_put;
	}
	if (level > 0) {
		uint32_t n = be16_to_cpu(block->bb_numrecs);

		for (uint32_t i = 1; i <= n && !error; i++) {
			const be64_t *ptr = XFS_BTREE_PTR_ADDR(block, XFS_BTREE_LBLOCK_LEN,
							       sizeof(struct xfs_bmbt_key),
							       mp->m_geo.bmap_mxr[1],
							       sizeof(*ptr), i);

			error = free_subtree(op, be64_to_cpu(*ptr), level - 1);
		}
	}
	if (!error)
		error = xfs_bmbt_give_block(op->tp, op->ip, op->whichfork, bp);
out_put:
	xfs_buf_put(bp);
	return error;
}

int xfs_bmap_btree_to_list(struct xfs_bmap_op *op)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_ifork *ifp = op->ifp;
	struct xfs_bmdr_block *root = ifp->if_broot;
	uint32_t n = be16_to_cpu(root->bb_numrecs), level = be16_to_cpu(root->bb_level);

	/*
	 * Usually one leaf, since blocks are at least half full; any other tree is freed as well.
	 */
	for (uint32_t i = 1; i <= n; i++) {
		const be64_t *ptr = xfs_bmdr_ptr_addr(root, i, xfs_bmdr_maxrecs(ifp->if_broot_bytes));
		int error = free_subtree(op, be64_to_cpu(*ptr), level - 1);

		if (error)
			return error;
	}
	xfs_free(ip->i_mount, ifp->if_broot);
	ifp->if_broot = NULL;
	ifp->if_broot_bytes = 0;
	ifp->if_format = XFS_DINODE_FMT_EXTENTS;
	op->logflags |= XFS_ILOG_CORE | xfs_ilog_ext(op->whichfork);
	return 0;
}
