/* SPDX-License-Identifier: MIT */
/* Information about the file system. */
#include "ag/perag.h"
#include "api/api_priv.h"
#include "core/counter.h"
#include "disk/sb.h"
#include "quota/quota.h"

#define NAME_MAX_BYTES	255
/* The public names are those of the disk. */
#define SAME(feature)	static_assert(XFS_FEAT_##feature == XFS_SB_FEAT_##feature, #feature)
SAME(RO_COMPAT_FINOBT);
SAME(RO_COMPAT_RMAPBT);
SAME(RO_COMPAT_REFLINK);
SAME(RO_COMPAT_INOBTCNT);
SAME(INCOMPAT_FTYPE);
SAME(INCOMPAT_SPINODES);
SAME(INCOMPAT_META_UUID);
SAME(INCOMPAT_BIGTIME);
SAME(INCOMPAT_NEEDSREPAIR);
SAME(INCOMPAT_NREXT64);
SAME(INCOMPAT_EXCHRANGE);
SAME(INCOMPAT_PARENT);
SAME(INCOMPAT_METADIR);
SAME(INCOMPAT_ZONED);
SAME(INCOMPAT_ZONE_GAPS);
static_assert(XFS_FEAT_LOG_INCOMPAT_XATTRS == XFS_SB_FEAT_INCOMPAT_LOG_XATTRS, "xattrs");

#define LSN_AGS		16u	/* AGs whose headers are read to find an LSN ahead of the log */

/*
 * A reader has no reservations for the AGs' trees.  Compute them, so that it reports the space that
 * a writer could use.  If an AG cannot be read, the superblock's counters stay.
 */
static void count_as_writer(struct xfs_mount *mp)
{
	if (!mp->m_rdonly || __atomic_load_n(&mp->m_space_counted, __ATOMIC_ACQUIRE))
		return;
	if (xfs_ag_resv_init(mp) == 0)
		__atomic_store_n(&mp->m_space_counted, true, __ATOMIC_RELEASE);
}

static void count_space(struct xfs_mount *mp, struct xfs_statfs *st)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	uint64_t possible;
	int64_t icount, ifree;

	count_as_writer(mp);
	st->block_size = geo->blocksize;
	st->blocks = geo->dblocks - (geo->logstart ? geo->logblocks : 0);
	st->blocks_free = (uint64_t)xfs_fdblocks_available(mp);
	xfs_mutex_lock(&mp->m_lock);
	xfs_fold_counters(mp);
	icount = mp->m_icount;
	ifree = mp->m_ifree;
	xfs_mutex_unlock(&mp->m_lock);
	/* Every free block could become inodes, up to the limit set by the administrator. */
	possible = (uint64_t)icount + (st->blocks_free << geo->inopblog);
	if (geo->maxicount)
		possible = XFS_MIN(possible, XFS_MAX(geo->maxicount, (uint64_t)icount));
	st->files = possible;
	st->files_free = possible - (uint64_t)(icount - ifree);
	st->name_max = NAME_MAX_BYTES;
}

static int do_statfs(struct xfs_mount *mp, struct xfs_statfs *st)
{
	struct xfs_statfs own = { 0 };

	count_space(mp, &own);
	xfs_give_struct(&own, st);
	return 0;
}

int xfs_statfs(struct xfs_mount *mp, struct xfs_statfs *st)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_statfs, st, block_size) ?: do_statfs(mp, st));
}

/* As in Linux 7.2, a limit below *@all replaces it, and the space left below the limit bounds *@free. */
static void apply_limit(uint64_t limit, uint64_t used, uint64_t *all, uint64_t *free)
{
	if (!limit || *all <= limit)
		return;
	*all = limit;
	*free = XFS_MIN(*free, limit > used ? limit - used : 0);
}

static int do_fstatfs(struct xfs_file *file, struct xfs_statfs *st)
{
	struct xfs_inode *ip = file->f_inode;
	struct xfs_statfs own = { 0 };
	struct xfs_quota_space space = { .used = { 0 } };
	bool inherit;
	uint32_t id;
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	inherit = ip->i_diflags & XFS_DIFLAG_PROJINHERIT;
	id = ip->i_projid;
	xfs_iunlock_shared(ip);
	if (inherit)
		error = xfs_quota_project_space(ip->i_mount, id, &space);
	if (error)
		return error;
	count_space(ip->i_mount, &own);
	apply_limit(space.limit[0], space.used[0], &own.blocks, &own.blocks_free);
	apply_limit(space.limit[1], space.used[1], &own.files, &own.files_free);
	xfs_give_struct(&own, st);
	return 0;
}

int xfs_fstatfs(struct xfs_file *file, struct xfs_statfs *st)
{
	return XFS_CALL_FILE(file, xfs_need_struct(xfs_statfs, st, block_size) ?: do_fstatfs(file, st));
}

/* Reads a few sectors.  Other calls report headers that cannot be read. */
static bool lsn_is_ahead(struct xfs_mount *mp)
{
	xfs_agnumber_t count = mp->m_rdonly ? XFS_MIN(mp->m_geo.agcount, LSN_AGS) : 0;

	for (xfs_agnumber_t agno = 0; agno < count; agno++) {
		struct xfs_perag *pag;
		int error = xfs_perag_make(mp, agno, &pag);

		if (error)
			break;
		if (xfs_mutex_want(&pag->pag_lock))
			break;
		error = xfs_perag_read_agf(pag);
		if (!error)
			error = xfs_perag_read_agi(pag);
		xfs_mutex_unlock(&pag->pag_lock);
		if (error)
			break;
	}
	return __atomic_load_n(&mp->m_state, __ATOMIC_RELAXED) & XFS_STATE_LSN_TOLD;
}

static int do_info(struct xfs_mount *mp, struct xfs_info *info)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	const struct xfs_sb *sb = &mp->m_sb;
	uint32_t state = __atomic_load_n(&mp->m_state, __ATOMIC_RELAXED);
	struct xfs_info all = {
		.block_size = geo->blocksize,
		.sector_size = geo->sectsize,
		.inode_size = geo->inodesize,
		.dir_block_size = geo->dirblksize,
		.data_blocks = geo->dblocks,
		.ag_count = geo->agcount,
		.ag_blocks = geo->agblocks,
		.log_blocks = geo->logblocks,
		.log_internal = geo->logstart != 0,
		.log_sector_size = geo->logsectsize,
		.log_sunit = geo->logsunit,
		.sunit = geo->sunit,
		.swidth = geo->swidth,
		.imaxpct = sb->sb_imax_pct,
		.features_compat = sb->sb_features_compat,
		.features_ro_compat = sb->sb_features_ro_compat,
		.features_incompat = sb->sb_features_incompat,
		.features_log_incompat = sb->sb_features_log_incompat,
		.version = sb->sb_versionnum,
		.root_ino = sb->sb_rootino,
		.log_dirty = state & XFS_STATE_LOG_DIRTY,
		.in_progress = state & XFS_STATE_MARKED,
		.read_only = mp->m_rdonly,
	};
	int error;

	memcpy(all.uuid, sb->sb_uuid.b, sizeof(all.uuid));
	memcpy(all.label, sb->sb_fname, sizeof(sb->sb_fname));
	if (mp->m_rdonly) {
		all.icount = sb->sb_icount;
		all.ifree = sb->sb_ifree;
		all.fdblocks = sb->sb_fdblocks;
	} else {
		/*
		 * The values that closing the file system now would write; delayed allocations do
		 * not count.
		 */
		error = xfs_ag_sum_counters(mp, &all.icount, &all.ifree, &all.fdblocks);
		if (error)
			return error;
	}
	all.lsn_ahead = lsn_is_ahead(mp);
	xfs_give_struct(&all, info);
	return 0;
}

int xfs_info(struct xfs_mount *mp, struct xfs_info *info)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_info, info, block_size) ?: do_info(mp, info));
}
