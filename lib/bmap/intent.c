/* SPDX-License-Identifier: MIT */
/* What intents of a recovered log say about extent maps: BUI and XMI, checked and carried out. */
#include "bmap/intent.h"
#include "bmap/bmap_priv.h"
#include "trans/defer.h"

static int impossible(struct xfs_mount *mp, const struct xlog_intent *intent, const char *type,
		      const char *what)
{
	return xfs_corrupt(mp, "log", "%s %#" PRIx64 " at %u:%u: %s", type, intent->xi_id,
			   CYCLE_LSN(intent->xi_lsn), BLOCK_LSN(intent->xi_lsn), what);
}

/* Blocks that one change of the tree may take; they are had even when there are none. */
static int top_up(struct xfs_trans *tp, const struct xfs_inode *ip, enum xfs_fork_id whichfork,
		  unsigned int adds)
{
	return xfs_trans_ensure_blocks(tp, xfs_bmap_tree_need(ip, whichfork, adds));
}

/* ---- the reverse map, now or at the end of the transaction --------------------------- */

struct later {
	struct xfs_defer_item item;
	struct xfs_mount *mp;
	xfs_fsblock_t fsbno;
	xfs_filblks_t len;
	bool map;
	struct xfs_owner_info oinfo;
};

static int change_rmap(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_filblks_t len,
		       const struct xfs_owner_info *oinfo, bool map)
{
	return map ? xfs_rmap_map(tp, fsbno, len, oinfo) : xfs_rmap_unmap(tp, fsbno, len, oinfo);
}

static int finish_later(struct xfs_trans *tp, struct xfs_defer_item *item)
{
	struct later *later = container_of(item, struct later, item);
	int error = 0;

	if (tp)
		error = change_rmap(tp, later->fsbno, later->len, &later->oinfo, later->map);
	xfs_free(later->mp, later);
	return error;
}

static int note_rmap(struct xfs_bmap_op *op, const struct xfs_bmbt_irec *irec, bool map, bool later)
{
	struct xfs_owner_info oinfo = xfs_bmap_owner(op->ip, op->whichfork, irec);
	struct xfs_mount *mp = op->ip->i_mount;
	struct later *item;

	if (!xfs_has_rmapbt(&mp->m_geo))
		return 0;
	if (!later)
		return change_rmap(op->tp, irec->br_startblock, irec->br_blockcount, &oinfo, map);
	item = xfs_malloc(mp, sizeof(*item));
	if (!item)
		return xfs_error(mp, -ENOMEM, "out of memory for a change of the reverse map");
	item->mp = mp;
	item->fsbno = irec->br_startblock;
	item->len = irec->br_blockcount;
	item->map = map;
	item->oinfo = oinfo;
	xfs_defer_add(op->tp, &item->item, finish_later);
	return 0;
}

/* ---- one mapping comes or goes, its blocks stay in use ------------------------------------- */

static int begin_change(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
			enum xfs_fork_id whichfork)
{
	int error = xfs_bmap_op_init(op, tp, ip, whichfork);

	return error ? error : top_up(tp, ip, whichfork, 1);
}

/* Do @edit, by which @irec comes (@map) or goes, and all that follows from it. */
static int finish_change(struct xfs_bmap_op *op, struct xfs_bmap_edit *edit,
			 const struct xfs_bmbt_irec *irec, bool map, bool later)
{
	int error = xfs_bmap_edit(op, edit, false);

	if (!error) {
		if (map)
			op->ip->i_nblocks += irec->br_blockcount;
		else
			op->ip->i_nblocks -= irec->br_blockcount;
		op->logflags |= XFS_ILOG_CORE;
		error = note_rmap(op, irec, map, later);
	}
	xfs_bmap_op_end(op);
	return error;
}

static int add_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
		       const struct xfs_bmbt_irec *irec, bool later)
{
	struct xfs_bmap_edit edit = { .nnew = 1, .new = { *irec } };
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	error = begin_change(&op, tp, ip, whichfork);
	if (error)
		return error;
	if (xfs_iext_lookup_extent(op.ifp, irec->br_startoff, &edit.cur, &got) &&
	    unlikely(got.br_startoff < xfs_irec_end(irec)))
		return xfs_corrupt(ip->i_mount, "log", "inode %" PRIu64 ": offset %" PRIu64
				   ", which is to be mapped, is mapped already", ip->i_ino,
				   got.br_startoff);
	return finish_change(&op, &edit, irec, true, later);
}

/* The mapping must be just that, or a part of one that is larger. */
static int drop_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
			const struct xfs_bmbt_irec *irec, bool later)
{
	struct xfs_bmap_edit edit = { .nold = 1 };
	struct xfs_bmbt_irec got;
	struct xfs_bmap_op op;
	int error;

	error = begin_change(&op, tp, ip, whichfork);
	if (error)
		return error;
	if (unlikely(!xfs_iext_lookup_extent(op.ifp, irec->br_startoff, &edit.cur, &got) ||
		     got.br_startoff > irec->br_startoff ||
		     xfs_irec_end(&got) < xfs_irec_end(irec) || !xfs_irec_is_real(&got) ||
		     irec->br_startoff - got.br_startoff !=
			     irec->br_startblock - got.br_startblock ||
		     got.br_state != irec->br_state || ip->i_nblocks < irec->br_blockcount))
		return xfs_corrupt(ip->i_mount, "log", "inode %" PRIu64 ": offset %" PRIu64
				   " is not mapped as it should be to be unmapped", ip->i_ino,
				   irec->br_startoff);
	edit.old[0] = got;
	xfs_bmap_edit_keep(&edit, &got, got.br_startoff, irec->br_startoff);
	xfs_bmap_edit_keep(&edit, &got, xfs_irec_end(irec), xfs_irec_end(&got));
	return finish_change(&op, &edit, irec, false, later);
}

/* ---- BUI ------------------------------------------------------------------------------------ */

static void get_map(const struct xlog_intent *intent, struct xfs_map_extent *map)
{
	const uint8_t *data = intent->xi_regions[0].data;

	memcpy(map, data + sizeof(struct xfs_intent_log_format), sizeof(*map));
}

/* The range lies within the largest file. */
static bool range_is_good(const struct xfs_geometry *geo, uint64_t off, uint64_t len)
{
	return xfs_verify_fileext(off, len) && off + len - 1 <= xfs_max_file_block(geo);
}

int xfs_bui_check(struct xfs_mount *mp, const struct xlog_intent *intent, xfs_ino_t *ino)
{
	struct xfs_map_extent map;
	uint32_t op;

	get_map(intent, &map);
	op = map.me_flags & XFS_BMAP_EXTENT_TYPE_MASK;
	if (map.me_flags & XFS_BMAP_EXTENT_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "BUI %#" PRIx64
				 ": of a file on the realtime device", intent->xi_id);
	if ((map.me_flags & ~(XFS_BMAP_EXTENT_TYPE_MASK | XFS_BMAP_EXTENT_ATTR_FORK |
			      XFS_BMAP_EXTENT_UNWRITTEN)) ||
	    (op != XFS_BMAP_EXTENT_MAP && op != XFS_BMAP_EXTENT_UNMAP) ||
	    !xfs_verify_ino(&mp->m_geo, map.me_owner) || map.me_len > XFS_MAX_BMBT_EXTLEN ||
	    !range_is_good(&mp->m_geo, map.me_startoff, map.me_len) ||
	    !xfs_verify_fsbext(&mp->m_geo, map.me_startblock, map.me_len))
		return impossible(mp, intent, "BUI", "an impossible mapping");
	*ino = map.me_owner;
	return 0;
}

int xfs_bui_finish(struct xfs_trans *tp, struct xfs_inode *ip, const struct xlog_intent *intent)
{
	enum xfs_fork_id whichfork = XFS_DATA_FORK;
	struct xfs_bmbt_irec irec;
	struct xfs_map_extent map;

	get_map(intent, &map);
	irec = (struct xfs_bmbt_irec){
		.br_startoff = map.me_startoff, .br_startblock = map.me_startblock,
		.br_blockcount = map.me_len,
		.br_state = map.me_flags & XFS_BMAP_EXTENT_UNWRITTEN ? XFS_EXT_UNWRITTEN
								      : XFS_EXT_NORM,
	};
	if (map.me_flags & XFS_BMAP_EXTENT_ATTR_FORK) {
		if (!xfs_inode_has_attr_fork(ip))
			return impossible(ip->i_mount, intent, "BUI",
					  "the inode has no attribute fork");
		whichfork = XFS_ATTR_FORK;
	}
	if ((map.me_flags & XFS_BMAP_EXTENT_TYPE_MASK) == XFS_BMAP_EXTENT_MAP)
		return add_mapping(tp, ip, whichfork, &irec, true);
	return drop_mapping(tp, ip, whichfork, &irec, true);
}

/* ---- XMI ------------------------------------------------------------------------------------- */

int xfs_xmi_check(struct xfs_mount *mp, const struct xlog_intent *intent, struct xfs_exchange *ex)
{
	struct xfs_xmi_log_format xmi;

	memcpy(&xmi, intent->xi_regions[0].data, sizeof(xmi));
	if (!xfs_has_exchange_range(&mp->m_geo))
		return impossible(mp, intent, "XMI", "the file system does not exchange mappings");
	if (xmi.xmi_pad ||
	    (xmi.xmi_flags & ~(XFS_EXCHMAPS_ATTR_FORK | XFS_EXCHMAPS_SET_SIZES |
			       XFS_EXCHMAPS_INO1_WRITTEN | XFS_EXCHMAPS_CLEAR_INO1_REFLINK |
			       XFS_EXCHMAPS_CLEAR_INO2_REFLINK)) ||
	    !xfs_verify_ino(&mp->m_geo, xmi.xmi_inode1) ||
	    !xfs_verify_ino(&mp->m_geo, xmi.xmi_inode2) || xmi.xmi_inode1 == xmi.xmi_inode2 ||
	    (xmi.xmi_blockcount &&
	     (!range_is_good(&mp->m_geo, xmi.xmi_startoff1, xmi.xmi_blockcount) ||
	      !range_is_good(&mp->m_geo, xmi.xmi_startoff2, xmi.xmi_blockcount))) ||
	    ((xmi.xmi_flags & XFS_EXCHMAPS_SET_SIZES) &&
	     ((xmi.xmi_flags & XFS_EXCHMAPS_ATTR_FORK) || (int64_t)xmi.xmi_isize1 < 0 ||
	      (int64_t)xmi.xmi_isize2 < 0)))
		return impossible(mp, intent, "XMI", "an impossible exchange");
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
		return xfs_error(mp, -EOPNOTSUPP, "inode %" PRIu64
				 ": no exchange on realtime devices", ip->i_ino);
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

static int read_map(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
		    xfs_filblks_t len, struct xfs_bmbt_irec *irec)
{
	int nmaps = 1;
	int error = xfs_bmapi_read(ip, off, len, irec, &nmaps,
				   whichfork == XFS_ATTR_FORK ? XFS_BMAPI_ATTRFORK : 0);

	if (!error && unlikely(nmaps != 1 || irec->br_startoff != off))
		error = xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64
				    ": offset %" PRIu64 " cannot be looked up", ip->i_ino, off);
	return error;
}

/* Both are out before either goes in: the places must be holes. */
static int swap(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		enum xfs_fork_id whichfork, struct xfs_bmbt_irec *map1,
		struct xfs_bmbt_irec *map2)
{
	xfs_fileoff_t off1 = map1->br_startoff;
	int error = 0;

	if (!is_hole(map1))
		error = drop_mapping(tp, ip1, whichfork, map1, false);
	if (!error && !is_hole(map2))
		error = drop_mapping(tp, ip2, whichfork, map2, false);
	map1->br_startoff = map2->br_startoff;
	map2->br_startoff = off1;
	if (!error && !is_hole(map2))
		error = add_mapping(tp, ip1, whichfork, map2, false);
	if (!error && !is_hole(map1))
		error = add_mapping(tp, ip2, whichfork, map1, false);
	return error;
}

static int exchange_next(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
			 struct xfs_exchange *ex)
{
	enum xfs_fork_id whichfork = fork_of(ex);
	struct xfs_bmbt_irec map1, map2;
	xfs_filblks_t len;
	bool same;
	int error = read_map(ip1, whichfork, ex->off1, ex->blocks, &map1);

	if (!error)
		error = read_map(ip2, whichfork, ex->off2, map1.br_blockcount, &map2);
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
	if (flags & XFS_EXCHMAPS_SET_SIZES)
		ip->i_disk_size = ip->i_size = (xfs_fsize_t)size;
	if (flags & clear_reflink)
		xfs_inode_set_diflags2(ip, ip->i_diflags2 & ~XFS_DIFLAG2_REFLINK);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

int xfs_xmi_finish(struct xfs_trans *tp, struct xfs_inode *ip1, struct xfs_inode *ip2,
		   struct xfs_exchange *ex, uint32_t log_bytes, bool *done)
{
	int error = 0;

	*done = false;
	while (!error && ex->blocks && xfs_trans_log_used(tp) < log_bytes)
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
