/* SPDX-License-Identifier: MIT */
/* Intents of a recovered log that concern AGs: EFI, RUI and CUI, checked and carried out. */
#include "ag/intent.h"
#include "ag/ag_priv.h"
#include "ag/refcount.h"

/* The @i-th entry, of @len bytes, behind the head of a single-region intent. */
static void get_entry(const struct xlog_intent *intent, uint32_t i, void *entry, size_t len)
{
	const uint8_t *data = intent->xi_regions[0].data;

	memcpy(entry, data + sizeof(struct xfs_intent_log_format) + i * len, len);
}

static uint32_t nr_entries(const struct xlog_intent *intent)
{
	struct xfs_intent_log_format head;

	memcpy(&head, intent->xi_regions[0].data, sizeof(head));
	return head.nextents;
}

static int impossible(struct xfs_mount *mp, const struct xlog_intent *intent, const char *type,
		      const char *what)
{
	return xfs_corrupt(mp, "log", "%s %#" PRIx64 " at %u:%u: %s", type, intent->xi_id,
			   CYCLE_LSN(intent->xi_lsn), BLOCK_LSN(intent->xi_lsn), what);
}

/* ---- extents to be freed ------------------------------------------------------------ */

int xfs_efi_check(struct xfs_mount *mp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);

	for (uint32_t i = 0; i < count; i++) {
		struct xfs_efi_extent ext;

		xlog_efi_extent(intent, i, &ext);
		if (!xfs_verify_fsbext(&mp->m_geo, ext.ext_start, ext.ext_len))
			return impossible(mp, intent, "EFI", "frees impossible blocks");
	}
	return 0;
}

/*
 * An EFI does not name the owner of the blocks: remove whatever the reverse map has for them, which
 * is nothing if their record was removed already.
 */
static int free_whoever(struct xfs_trans *tp, xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_FSB_TO_AGNO(&mp->m_geo, fsbno));
	struct xfs_owner_info oinfo = { .oi_owner = XFS_RMAP_SKIP };
	xfs_agblock_t agbno = XFS_FSB_TO_AGBNO(&mp->m_geo, fsbno);
	int error;

	xfs_mutex_lock(&pag->pag_lock);
	error = xfs_perag_load_agf(pag);
	if (!error)
		error = xfs_agfl_fix_for_free(tp, pag);
	if (!error)
		error = xfs_rmap_unmap_whoever(tp, pag, agbno, len);
	if (!error)
		error = xfs_free_ag_extent(tp, pag, agbno, len, &oinfo, XFS_AG_RESV_NONE);
	xfs_mutex_unlock(&pag->pag_lock);
	return error;
}

int xfs_efi_finish(struct xfs_trans *tp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++) {
		struct xfs_efi_extent ext;

		xlog_efi_extent(intent, i, &ext);
		error = free_whoever(tp, ext.ext_start, ext.ext_len);
	}
	return error;
}

/* ---- the reverse map -------------------------------------------------------------------- */

static bool rmap_is_possible(const struct xfs_geometry *geo, const struct xfs_map_extent *map)
{
	uint32_t op = map->me_flags & XFS_RMAP_EXTENT_TYPE_MASK;
	bool special = XFS_RMAP_NON_INODE_OWNER(map->me_owner);

	if (map->me_flags & ~(XFS_RMAP_EXTENT_TYPE_MASK | XFS_RMAP_EXTENT_ATTR_FORK |
			      XFS_RMAP_EXTENT_BMBT_BLOCK | XFS_RMAP_EXTENT_UNWRITTEN))
		return false;
	if (op < XFS_RMAP_EXTENT_MAP || op > XFS_RMAP_EXTENT_FREE)
		return false;
	if (special) {
		/* Only some of the special owners exist. */
		if (map->me_owner > XFS_RMAP_OWN_FS || map->me_owner <= XFS_RMAP_OWN_MIN)
			return false;
	} else if (!xfs_verify_ino(geo, map->me_owner) ||
		   !xfs_verify_fileext(map->me_startoff, map->me_len)) {
		return false;
	}
	return xfs_verify_fsbext(geo, map->me_startblock, map->me_len);
}

int xfs_rui_check(struct xfs_mount *mp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);

	if (!xfs_has_rmapbt(&mp->m_geo))
		return impossible(mp, intent, "RUI", "the file system has no reverse map");
	for (uint32_t i = 0; i < count; i++) {
		struct xfs_map_extent map;

		get_entry(intent, i, &map, sizeof(map));
		if (!rmap_is_possible(&mp->m_geo, &map))
			return impossible(mp, intent, "RUI",
					  "an impossible change of a reverse mapping");
	}
	return 0;
}

static int rmap_one(struct xfs_trans *tp, const struct xfs_map_extent *map)
{
	struct xfs_owner_info oinfo = { .oi_owner = map->me_owner };

	if (!XFS_RMAP_NON_INODE_OWNER(map->me_owner)) {
		oinfo.oi_offset = map->me_startoff;
		if (map->me_flags & XFS_RMAP_EXTENT_ATTR_FORK)
			oinfo.oi_flags |= XFS_OWNER_ATTR_FORK;
		if (map->me_flags & XFS_RMAP_EXTENT_BMBT_BLOCK)
			oinfo.oi_flags |= XFS_OWNER_BMBT_BLOCK;
		if (map->me_flags & XFS_RMAP_EXTENT_UNWRITTEN)
			oinfo.oi_flags |= XFS_OWNER_UNWRITTEN;
	}
	switch (map->me_flags & XFS_RMAP_EXTENT_TYPE_MASK) {
	case XFS_RMAP_EXTENT_MAP:
	case XFS_RMAP_EXTENT_MAP_SHARED:
	case XFS_RMAP_EXTENT_ALLOC:
		return xfs_rmap_map(tp, map->me_startblock, map->me_len, &oinfo);
	case XFS_RMAP_EXTENT_UNMAP:
	case XFS_RMAP_EXTENT_UNMAP_SHARED:
	case XFS_RMAP_EXTENT_FREE:
		return xfs_rmap_unmap(tp, map->me_startblock, map->me_len, &oinfo);
	default:
		/* The log has the new state, xfs_rmap_convert() wants the old one. */
		oinfo.oi_flags ^= XFS_OWNER_UNWRITTEN;
		return xfs_rmap_convert(tp, map->me_startblock, map->me_len, &oinfo);
	}
}

int xfs_rui_finish(struct xfs_trans *tp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++) {
		struct xfs_map_extent map;

		get_entry(intent, i, &map, sizeof(map));
		error = rmap_one(tp, &map);
	}
	return error;
}

/* ---- reference counts --------------------------------------------------------------------- */

int xfs_cui_check(struct xfs_mount *mp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);

	if (!xfs_has_reflink(&mp->m_geo))
		return impossible(mp, intent, "CUI", "the file system does not have reflink");
	for (uint32_t i = 0; i < count; i++) {
		struct xfs_phys_extent ext;

		get_entry(intent, i, &ext, sizeof(ext));
		if (ext.pe_flags < XFS_REFCOUNT_EXTENT_INCREASE ||
		    ext.pe_flags > XFS_REFCOUNT_EXTENT_FREE_COW ||
		    !xfs_verify_fsbext(&mp->m_geo, ext.pe_startblock, ext.pe_len))
			return impossible(mp, intent, "CUI",
					  "an impossible change of a reference count");
	}
	return 0;
}

int xfs_cui_finish(struct xfs_trans *tp, const struct xlog_intent *intent)
{
	uint32_t count = nr_entries(intent);
	int error = 0;

	for (uint32_t i = 0; !error && i < count; i++) {
		struct xfs_phys_extent ext;

		get_entry(intent, i, &ext, sizeof(ext));
		switch (ext.pe_flags & XFS_REFCOUNT_EXTENT_TYPE_MASK) {
		case XFS_REFCOUNT_EXTENT_INCREASE:
			error = xfs_refcount_increase(tp, ext.pe_startblock, ext.pe_len);
			break;
		case XFS_REFCOUNT_EXTENT_DECREASE:
			error = xfs_refcount_decrease_later(tp, ext.pe_startblock, ext.pe_len);
			break;
		default:
			error = xfs_refcount_stage(tp, ext.pe_startblock, ext.pe_len,
						   (ext.pe_flags & XFS_REFCOUNT_EXTENT_TYPE_MASK) ==
						   XFS_REFCOUNT_EXTENT_ALLOC_COW);
			break;
		}
	}
	return error;
}

void xfs_refcount_expect_shared(struct xfs_mount *mp)
{
	if (!xfs_has_reflink(&mp->m_geo))
		return;
	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_get(mp, agno);

		xfs_mutex_lock(&pag->pag_lock);
		pag->pag_may_share = pag->pag_share_known = true;
		xfs_mutex_unlock(&pag->pag_lock);
	}
}
