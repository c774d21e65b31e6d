/* SPDX-License-Identifier: MIT */
/* Checking and finishing BUI intents of a recovered log, and single mappings. */
#include "bmap/intent.h"
#include "bmap/bmap_priv.h"
#include "trans/defer.h"

int xfs_bmap_bad_intent(struct xfs_mount *mp, const struct xlog_intent *intent, const char *type,
			const char *what)
{
	return xfs_corrupt(mp, "log", "%s %#" PRIx64 " at %u:%u: %s", type, intent->xi_id,
			   CYCLE_LSN(intent->xi_lsn), BLOCK_LSN(intent->xi_lsn), what);
}

/*
 * Reserve the blocks that one change of the tree may take, even if the file system has none free.
 */
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

/* ---- adding and removing one mapping of blocks that stay in use ------------------------------ */

static int begin_change(struct xfs_bmap_op *op, struct xfs_trans *tp, struct xfs_inode *ip,
			enum xfs_fork_id whichfork)
{
	int error = xfs_bmap_op_init(op, tp, ip, whichfork);

	return error ? error : top_up(tp, ip, whichfork, 1);
}

/* Apply @edit, which adds (@map) or removes @irec, and update the counter and the reverse map. */
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

int xfs_bmap_add_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
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

/* @irec is the whole extent or a part of it. */
int xfs_bmap_drop_mapping(struct xfs_trans *tp, struct xfs_inode *ip, enum xfs_fork_id whichfork,
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
	    !xfs_bmap_range_is_good(&mp->m_geo, map.me_startoff, map.me_len) ||
	    !xfs_verify_fsbext(&mp->m_geo, map.me_startblock, map.me_len))
		return xfs_bmap_bad_intent(mp, intent, "BUI", "an impossible mapping");
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
			return xfs_bmap_bad_intent(ip->i_mount, intent, "BUI",
					  "the inode has no attribute fork");
		whichfork = XFS_ATTR_FORK;
	}
	if ((map.me_flags & XFS_BMAP_EXTENT_TYPE_MASK) == XFS_BMAP_EXTENT_MAP)
		return xfs_bmap_add_mapping(tp, ip, whichfork, &irec, true);
	return xfs_bmap_drop_mapping(tp, ip, whichfork, &irec, true);
}
