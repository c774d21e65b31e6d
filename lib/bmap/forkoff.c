/* SPDX-License-Identifier: MIT */
/* The border between the forks of an inode; the rules are in README.md. */
#include "bmap/bmap_priv.h"

uint8_t xfs_default_forkoff(const struct xfs_mount *mp, uint16_t mode)
{
	if (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode))
		return (uint8_t)(mp->m_geo.attroffset >> 3);
	return 1;
}

uint8_t xfs_bmap_forkoff_for(const struct xfs_inode *ip, uint32_t bytes)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	const struct xfs_ifork *ifp = &ip->i_df;
	uint32_t litino = xfs_inode_litino(ip);
	uint32_t offset, need, min, max;

	if (bytes > litino)
		return 0;
	offset = (litino - bytes) >> 3;
	if (ifp->if_format == XFS_DINODE_FMT_DEV)
		return offset >= 1;
	if (bytes <= xfs_inode_attr_fork_size(ip))
		return ip->i_forkoff;

	switch (ifp->if_format) {
	case XFS_DINODE_FMT_LOCAL:
		need = ifp->if_bytes;
		break;
	case XFS_DINODE_FMT_BTREE:
		if (ip->i_forkoff)
			return offset < ip->i_forkoff ? 0 : ip->i_forkoff;
		need = XFS_BTREE_LBLOCK_LEN +
		       be16_to_cpu(((const struct xfs_bmdr_block *)ifp->if_broot)->bb_numrecs) *
			       (uint32_t)(sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));
		break;
	default:
		/* The first attribute may turn a long list into a tree. */
		need = xfs_bmdr_space(XFS_BMDR_MIN_DRECS);
		if (ip->i_forkoff || ifp->if_nextents * sizeof(struct xfs_bmbt_rec) <= geo->attroffset)
			need = (uint32_t)(ifp->if_nextents * sizeof(struct xfs_bmbt_rec));
		break;
	}
	min = XFS_ALIGN(XFS_MAX(need, xfs_bmdr_space(XFS_BMDR_MIN_DRECS)), 8) >> 3;
	max = (litino - xfs_bmdr_space(XFS_BMDR_MIN_ARECS)) >> 3;
	if (offset >= max)
		return (uint8_t)max;
	return offset >= min ? (uint8_t)offset : 0;
}

/* Move the root's entries into a new block below it. */
static int push_down_root(struct xfs_bmap_op *op, struct xfs_bmdr_block *root, uint32_t maxrecs)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_mount *mp = ip->i_mount;
	const struct xfs_bmdr_block *old = op->ifp->if_broot;
	uint32_t n = be16_to_cpu(old->bb_numrecs), level = be16_to_cpu(old->bb_level);
	uint32_t old_max = xfs_bmdr_maxrecs(op->ifp->if_broot_bytes);
	xfs_fsblock_t fsbno;
	struct xfs_buf *bp;
	char *entries;
	int error;

	error = xfs_bmbt_take_block(op->tp, ip, op->whichfork, false,
				    be64_to_cpu(*xfs_bmdr_ptr_addr(old, 1, old_max)), &fsbno);
	if (error)
		return error;
	error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(&mp->m_geo, fsbno), mp->m_geo.blocksize,
			    &xfs_bmbt_buf_ops, &bp);
	if (error)
		return error;
	xfs_bmbt_init_block(mp, bp, ip->i_ino, level, n);
	entries = (char *)bp->b_addr + XFS_BTREE_LBLOCK_LEN;
	memcpy(entries, xfs_bmdr_key_addr(old, 1), n * sizeof(struct xfs_bmbt_key));
	memcpy(entries + mp->m_geo.bmap_mxr[1] * sizeof(struct xfs_bmbt_key),
	       xfs_bmdr_ptr_addr(old, 1, old_max), n * sizeof(xfs_bmbt_ptr_t));
	xfs_trans_log_buf_all(op->tp, bp);
	xfs_buf_put(bp);

	root->bb_level = cpu_to_be16((uint16_t)(level + 1));
	root->bb_numrecs = cpu_to_be16(1);
	*xfs_bmdr_key_addr(root, 1) = *xfs_bmdr_key_addr(old, 1);
	*xfs_bmdr_ptr_addr(root, 1, maxrecs) = cpu_to_be64(fsbno);
	return 0;
}

/* Build a root for the present size of the fork from one for another size. */
static int refit_root(struct xfs_bmap_op *op)
{
	struct xfs_inode *ip = op->ip;
	struct xfs_ifork *ifp = op->ifp;
	uint32_t size = xfs_inode_fork_size(ip, op->whichfork);
	uint32_t maxrecs = xfs_bmdr_maxrecs(size), old_max = xfs_bmdr_maxrecs(ifp->if_broot_bytes);
	const struct xfs_bmdr_block *old = ifp->if_broot;
	uint32_t n = be16_to_cpu(old->bb_numrecs);
	struct xfs_bmdr_block *root = xfs_zalloc(ip->i_mount, size);
	int error;

	if (!root)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for an inode's tree");
	if (n > maxrecs) {
		error = push_down_root(op, root, maxrecs);
		if (error) {
			xfs_free(ip->i_mount, root);
			return error;
		}
	} else {
		*root = *old;
		memcpy(xfs_bmdr_key_addr(root, 1), xfs_bmdr_key_addr(old, 1),
		       n * sizeof(struct xfs_bmbt_key));
		memcpy(xfs_bmdr_ptr_addr(root, 1, maxrecs), xfs_bmdr_ptr_addr(old, 1, old_max),
		       n * sizeof(xfs_bmbt_ptr_t));
	}
	xfs_free(ip->i_mount, ifp->if_broot);
	ifp->if_broot = root;
	ifp->if_broot_bytes = size;
	op->logflags |= xfs_ilog_broot(op->whichfork);
	return 0;
}

/* The size of the fork has changed: convert its contents to the format for that size. */
static int refit_fork(struct xfs_bmap_op *op)
{
	struct xfs_bmap_new_tree nt;
	int error;

	if (op->ifp->if_format == XFS_DINODE_FMT_BTREE) {
		if (op->ifp->if_broot_bytes == xfs_inode_fork_size(op->ip, op->whichfork))
			return 0;
		if (op->ifp->if_nextents <= xfs_bmap_max_inline(op->ip, op->whichfork))
			return xfs_bmap_btree_to_list(op);
		return refit_root(op);
	}
	if (op->ifp->if_nextents <= xfs_bmap_max_inline(op->ip, op->whichfork))
		return 0;
	error = xfs_bmap_new_tree(op, NULLFSBLOCK, &nt);
	if (!error)
		xfs_bmap_list_to_btree(op, &nt);
	return error;
}

int xfs_bmap_set_forkoff(struct xfs_trans *tp, struct xfs_inode *ip, uint8_t forkoff)
{
	struct xfs_mount *mp = ip->i_mount;
	uint8_t old = ip->i_forkoff;
	struct xfs_bmap_op op;
	int error;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	ASSERT(forkoff == 0 || forkoff * 8u < xfs_inode_litino(ip));
	ASSERT(ip->i_af.if_format != XFS_DINODE_FMT_BTREE || forkoff == old);
	if (forkoff == old)
		return 0;
	if (ip->i_df.if_format == XFS_DINODE_FMT_LOCAL && forkoff &&
	    ip->i_df.if_bytes > forkoff * 8u) {
		if (!mp->m_upcalls || !mp->m_upcalls->local_data_out)
			return xfs_error(mp, -EOPNOTSUPP,
					 "inode %" PRIu64
					 ": inline contents leave no space for attributes",
					 ip->i_ino);
		error = mp->m_upcalls->local_data_out(tp, ip);
		if (error)
			return error;
	}
	if (ip->i_df.if_format == XFS_DINODE_FMT_EXTENTS ||
	    ip->i_df.if_format == XFS_DINODE_FMT_BTREE) {
		error = xfs_bmap_op_init(&op, tp, ip, XFS_DATA_FORK);
		if (error)
			return error;
		xfs_inode_set_forkoff(ip, forkoff);
		error = refit_fork(&op);
		if (error)
			xfs_inode_set_forkoff(ip, old);
		xfs_bmap_op_end(&op);
		if (error)
			return error;
	}
	xfs_inode_set_forkoff(ip, forkoff);
	if (forkoff)
		xfs_note_attr(mp);
	if (!old || !forkoff) {
		ASSERT(ip->i_af.if_nextents == 0 && ip->i_af.if_height == 0);
		ASSERT(ip->i_af.if_format != XFS_DINODE_FMT_LOCAL);
		ip->i_af.if_format = XFS_DINODE_FMT_EXTENTS;
	}
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}
