/* SPDX-License-Identifier: MIT */
/*
 * Exchanging mappings of two files, or of two ranges of one: extent by extent in ascending order;
 * blocks and their contents stay where they are.  An XMI intent records the remaining part.
 */
#include "bmap/bmap_priv.h"
#include "bmap/intent.h"

int xfs_xmi_check(struct xfs_mount *mp, const struct xlog_intent *intent, struct xfs_exchange *ex)
{
	struct xfs_xmi_log_format xmi;

	memcpy(&xmi, intent->xi_regions[0].data, sizeof(xmi));
	if (!xfs_has_exchange_range(&mp->m_geo))
		return xfs_bmap_bad_intent(
			mp, intent, "XMI",
			"the file system does not have the feature exchange-range");
	if (xmi.xmi_pad ||
	    (xmi.xmi_flags & ~(XFS_EXCHMAPS_ATTR_FORK | XFS_EXCHMAPS_SET_SIZES |
			       XFS_EXCHMAPS_INO1_WRITTEN | XFS_EXCHMAPS_CLEAR_INO1_REFLINK |
			       XFS_EXCHMAPS_CLEAR_INO2_REFLINK)) ||
	    !xfs_verify_ino(&mp->m_geo, xmi.xmi_inode1) ||
	    !xfs_verify_ino(&mp->m_geo, xmi.xmi_inode2) || xmi.xmi_inode1 == xmi.xmi_inode2 ||
	    (xmi.xmi_blockcount &&
	     (!xfs_bmap_range_is_good(&mp->m_geo, xmi.xmi_startoff1, xmi.xmi_blockcount) ||
	      !xfs_bmap_range_is_good(&mp->m_geo, xmi.xmi_startoff2, xmi.xmi_blockcount))) ||
	    ((xmi.xmi_flags & XFS_EXCHMAPS_SET_SIZES) &&
	     ((xmi.xmi_flags & XFS_EXCHMAPS_ATTR_FORK) || (int64_t)xmi.xmi_isize1 < 0 ||
	      (int64_t)xmi.xmi_isize2 < 0)))
		return xfs_bmap_bad_intent(mp, intent, "XMI", "an impossible exchange");
	*ex = (struct xfs_exchange){
		.ino1 = xmi.xmi_inode1, .ino2 = xmi.xmi_inode2,
		.gen1 = xmi.xmi_igen1, .gen2 = xmi.xmi_igen2,
		.off1 = xmi.xmi_startoff1, .off2 = xmi.xmi_startoff2,
		.blocks = xmi.xmi_blockcount, .flags = xmi.xmi_flags,
		.size1 = xmi.xmi_isize1, .size2 = xmi.xmi_isize2,
	};
	return 0;
}

static enum xfs_fork_id fork_of(const struct xfs_exchange *ex)
{
	return ex->flags & XFS_EXCHMAPS_ATTR_FORK ? XFS_ATTR_FORK : XFS_DATA_FORK;
}

static int check_inode(const struct xfs_exchange *ex, struct xfs_inode *ip, uint32_t gen)
{
	const struct xfs_ifork *ifp = xfs_ifork_ptr(ip, fork_of(ex));
	struct xfs_mount *mp = ip->i_mount;

	if (ip->i_gen != gen)
		return xfs_corrupt(mp, "log", "an exchange with inode %" PRIu64
				   ", generation %#x; it has %#x", ip->i_ino, gen, ip->i_gen);
	if (ip->i_diflags & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP,
				 "inode %" PRIu64 ": the realtime device is not supported",
				 ip->i_ino);
	if ((fork_of(ex) == XFS_ATTR_FORK && !xfs_inode_has_attr_fork(ip)) ||
	    (ifp->if_format != XFS_DINODE_FMT_EXTENTS && ifp->if_format != XFS_DINODE_FMT_BTREE))
		return xfs_corrupt(mp, "log", "inode %" PRIu64
				   " has no extents that could be exchanged", ip->i_ino);
	return 0;
}

int xfs_xmi_check_inodes(const struct xfs_exchange *ex, struct xfs_inode *ip1,
			 struct xfs_inode *ip2)
{
	int error = check_inode(ex, ip1, ex->gen1);

	return error ? error : check_inode(ex, ip2, ex->gen2);
}

static bool is_hole(const struct xfs_bmbt_irec *irec)
{
	return irec->br_startblock == XFS_HOLESTARTBLOCK;
}

/* Unmap both before mapping either: the destinations must be holes. */
static int swap(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		enum xfs_fork_id whichfork, struct xfs_bmbt_irec *map1,
		struct xfs_bmbt_irec *map2)
{
	xfs_fileoff_t off1 = map1->br_startoff;
	int error = 0;

	if (!is_hole(map1))
		error = xfs_bmap_drop_mapping(tp, ip1, whichfork, map1, false);
	if (!error && !is_hole(map2))
		error = xfs_bmap_drop_mapping(tp, ip2, whichfork, map2, false);
	map1->br_startoff = map2->br_startoff;
	map2->br_startoff = off1;
	if (!error && !is_hole(map2))
		error = xfs_bmap_add_mapping(tp, ip1, whichfork, map2, false);
	if (!error && !is_hole(map1))
		error = xfs_bmap_add_mapping(tp, ip2, whichfork, map1, false);
	return error;
}

static int exchange_next(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
			 struct xfs_exchange *ex)
{
	enum xfs_fork_id whichfork = fork_of(ex);
	uint32_t flags = whichfork == XFS_ATTR_FORK ? XFS_BMAPI_ATTRFORK : 0;
	struct xfs_bmbt_irec map1, map2;
	xfs_filblks_t len;
	bool same;
	int error = xfs_bmapi_read_one(ip1, ex->off1, ex->blocks, &map1, flags);

	if (!error)
		error = xfs_bmapi_read_one(ip2, ex->off2, map1.br_blockcount, &map2, flags);
	if (error)
		return error;
	len = XFS_MIN(map1.br_blockcount, map2.br_blockcount);
	map1.br_blockcount = map2.br_blockcount = len;
	same = map1.br_startblock == map2.br_startblock &&
	       (is_hole(&map1) || map1.br_state == map2.br_state);
	if (!same && !((ex->flags & XFS_EXCHMAPS_INO1_WRITTEN) &&
		       (is_hole(&map1) || map1.br_state == XFS_EXT_UNWRITTEN)))
		error = swap(tp, ip1, ip2, whichfork, &map1, &map2);
	ex->off1 += len;
	ex->off2 += len;
	ex->blocks -= len;
	return error;
}

static void at_its_end(struct xfs_trans *tp, struct xfs_inode *ip, uint64_t flags, uint64_t size,
		       uint64_t clear_reflink)
{
	if (flags & XFS_EXCHMAPS_SET_SIZES) {
		ip->i_disk_size = (xfs_fsize_t)size;
		__atomic_store_n(&ip->i_size, (xfs_fsize_t)size, __ATOMIC_RELEASE);
	}
	if (flags & clear_reflink)
		xfs_inode_set_diflags2(ip, ip->i_diflags2 & ~XFS_DIFLAG2_REFLINK);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

int xfs_xmi_finish(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		   struct xfs_exchange *ex, uint32_t log_bytes, bool *done)
{
	int error = 0;

	*done = false;
	while (!error && ex->blocks && (!log_bytes || xfs_trans_log_used(tp) < log_bytes))
		error = exchange_next(tp, ip1, ip2, ex);
	if (error || ex->blocks)
		return error;
	*done = true;
	at_its_end(tp, ip1, ex->flags, ex->size1, XFS_EXCHMAPS_CLEAR_INO1_REFLINK);
	at_its_end(tp, ip2, ex->flags, ex->size2, XFS_EXCHMAPS_CLEAR_INO2_REFLINK);
	return 0;
}

void xfs_xmi_format(const struct xfs_exchange *ex, uint64_t id, struct xfs_xmi_log_format *xmi)
{
	*xmi = (struct xfs_xmi_log_format){
		.xmi_type = XFS_LI_XMI, .xmi_size = 1, .xmi_id = id,
		.xmi_inode1 = ex->ino1, .xmi_inode2 = ex->ino2,
		.xmi_igen1 = ex->gen1, .xmi_igen2 = ex->gen2,
		.xmi_startoff1 = ex->off1, .xmi_startoff2 = ex->off2,
		.xmi_blockcount = ex->blocks, .xmi_flags = ex->flags,
		.xmi_isize1 = ex->size1, .xmi_isize2 = ex->size2,
	};
}

/* At most twice the blocks that the new records alone would fill. */
uint64_t xfs_bmap_tree_growth(const struct xfs_inode *ip, uint32_t records)
{
	if (ip->i_df.if_format != XFS_DINODE_FMT_BTREE &&
	    ip->i_df.if_nextents + records <= xfs_bmap_max_inline(ip, XFS_DATA_FORK))
		return 0;
	return 2 * xfs_bmap_worst_indlen(ip, records);
}
