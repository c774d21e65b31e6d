/* SPDX-License-Identifier: MIT */
/*
 * Blocks of quota files: the block of a record is id / (records in a block).  A block is allocated
 * with all its records.  If an id has no block, nothing is counted for it and it has no limits.
 */
#include "base/crc32c.h"
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

#define OPS(kind, type_blft)								\
	static const struct xfs_buf_ops kind##_ops = {					\
		.name = #kind " quota", .blft = type_blft, .lsn_off = -1,			\
		.verify = xfs_dquot_##kind##_verify,						\
	}
OPS(user, XFS_BLFT_UDQUOT);
OPS(group, XFS_BLFT_GDQUOT);
OPS(proj, XFS_BLFT_PDQUOT);

const struct xfs_quota_kind xfs_quota_kinds[XFS_QUOTA_TYPES] = {
	{ "user", XFS_DQTYPE_USER, XFS_UQUOTA_ACCT, XFS_UQUOTA_ENFD, XFS_UQUOTA_CHKD, &user_ops,
	  XFS_METAFILE_USRQUOTA },
	{ "group", XFS_DQTYPE_GROUP, XFS_GQUOTA_ACCT, XFS_GQUOTA_ENFD, XFS_GQUOTA_CHKD, &group_ops,
	  XFS_METAFILE_GRPQUOTA },
	{ "project", XFS_DQTYPE_PROJ, XFS_PQUOTA_ACCT, XFS_PQUOTA_ENFD, XFS_PQUOTA_CHKD, &proj_ops,
	  XFS_METAFILE_PRJQUOTA },
};

/*
 * The three extent maps together may take this part of the memory limit.  Ids in random order give
 * every block an extent, and lookups in random order.
 */
static xfs_extnum_t most_extents(const struct xfs_mount *mp)
{
	return xfs_bmap_most_extents(mp) / 16;
}

static int map_block(struct xfs_inode *ip, xfs_fileoff_t off, struct xfs_bmbt_irec *map)
{
	int error;

	xfs_bmap_forget_extents(ip, XFS_DATA_FORK, most_extents(ip->i_mount));
	error = xfs_iread_extents_at(ip, XFS_DATA_FORK, off, most_extents(ip->i_mount));
	return error ? error : xfs_bmapi_read_one(ip, off, 1, map, 0);
}

/*
 * May be called in the middle of a transaction, with ILOCKs of other inodes held: a thread that
 * holds the ILOCK of a quota file waits for none of them.
 */
int xfs_dquot_locate(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot_place *place)
{
	struct xfs_inode *ip = mp->m_quota->q_types[type].qt_ip;
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo);
	struct xfs_bmbt_irec map;
	int error;

	xfs_rwlock_excl_unordered(&ip->i_lock);
	error = map_block(ip, id / per_block, &map);
	xfs_iunlock_excl(ip);
	if (error)
		return error;
	if (map.br_startblock == XFS_HOLESTARTBLOCK)
		return xfs_error(mp, -ENOENT, "%s %u has no quota record", xfs_quota_kinds[type].name, id);
	if (!xfs_irec_is_real(&map) || map.br_state != XFS_EXT_NORM)
		return xfs_corrupt(mp, "dquot", "block %u of the file of %s quota is not written",
				   id / per_block, xfs_quota_kinds[type].name);
	*place = (struct xfs_dquot_place){
		.daddr = XFS_FSB_TO_DADDR(&mp->m_geo, map.br_startblock),
		.offset = id % per_block * (uint32_t)sizeof(struct xfs_dqblk),
	};
	return 0;
}

static void init_block(const struct xfs_mount *mp, uint32_t type, uint32_t first, struct xfs_buf *bp)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_dqblk *dqb = bp->b_addr;

	for (uint32_t i = 0; i < xfs_dquots_per_block(geo); i++) {
		uint32_t id = first + i;	/* wraps after the last id; nobody reads those */

		dqb[i].dd_diskdq.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC);
		dqb[i].dd_diskdq.d_version = XFS_DQUOT_VERSION;
		dqb[i].dd_diskdq.d_type = xfs_quota_kinds[type].type |
					  (id && xfs_has_bigtime(geo) ? XFS_DQTYPE_BIGTIME : 0);
		dqb[i].dd_diskdq.d_id = cpu_to_be32(id);
		dqb[i].dd_uuid = geo->meta_uuid;
		xfs_cksum_set(&dqb[i], sizeof(dqb[i]), XFS_DQUOT_CRC_OFF);
	}
}

static int alloc_locked(struct xfs_trans *tp, uint32_t type, uint32_t id)
{
	struct xfs_mount *mp = tp->t_mount;
	struct xfs_inode *ip = mp->m_quota->q_types[type].qt_ip;
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo);
	xfs_fileoff_t off = id / per_block;
	struct xfs_bmbt_irec map;
	struct xfs_buf *bp;
	int error = map_block(ip, off, &map);

	if (error || map.br_startblock != XFS_HOLESTARTBLOCK)
		return error;
	error = xfs_buf_prealloc(mp, mp->m_geo.blocksize, 1);
	if (!error)
		error = xfs_iext_count_extend(tp, ip, XFS_DATA_FORK, 1);
	if (!error)
		error = xfs_bmapi_write(tp, ip, off, 1, XFS_BMAPI_METADATA, &map);
	if (!error)
		error = xfs_buf_get(mp, XFS_FSB_TO_DADDR(&mp->m_geo, map.br_startblock),
				    mp->m_geo.blocksize, xfs_quota_kinds[type].buf_ops, &bp);
	if (error)
		return error;
	init_block(mp, type, (uint32_t)off * per_block, bp);
	xfs_trans_log_buf_all(tp, bp);
	xfs_buf_put(bp);
	return 0;
}

uint32_t xfs_dquot_log_block_bytes(const struct xfs_mount *mp)
{
	if (!xfs_resv(mp, XFS_RESV_MAP))
		return 0;
	return XFS_BUF_LOG_COST + mp->m_geo.blocksize / 128 * XFS_BUF_LOG_CHUNK_COST;
}

/* Copy the sound part of @old to @to, without its counts. */
static void salvage(const struct xfs_geometry *geo, uint32_t type, uint32_t id, const struct xfs_dqblk *old,
		    struct xfs_dqblk *to)
{
	struct xfs_dqblk dqb = *old;
	struct xfs_disk_dquot *d = &dqb.dd_diskdq;

	if (!xfs_cksum_ok(old, sizeof(*old), XFS_DQUOT_CRC_OFF) ||
	    !xfs_uuid_equal(&old->dd_uuid, &geo->meta_uuid))
		return;
	xfs_dquot_clear_counts(d);
	if (xfs_dquot_verify(geo, d, xfs_quota_kinds[type].type, id))
		return;
	*to = dqb;
	xfs_cksum_set(to, sizeof(*to), XFS_DQUOT_CRC_OFF);
}

int xfs_dquot_remake_block(struct xfs_trans *tp, uint32_t type, xfs_fileoff_t off, xfs_daddr_t daddr,
			   const struct xfs_dqblk *old)
{
	struct xfs_mount *mp = tp->t_mount;
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo), first = (uint32_t)off * per_block;
	struct xfs_buf *bp;
	int error = xfs_buf_get(mp, daddr, mp->m_geo.blocksize, xfs_quota_kinds[type].buf_ops, &bp);

	if (error)
		return error;
	init_block(mp, type, first, bp);
	for (uint32_t i = 0; i < per_block; i++)
		salvage(&mp->m_geo, type, first + i, &old[i], (struct xfs_dqblk *)bp->b_addr + i);
	xfs_trans_log_buf_all(tp, bp);
	xfs_buf_put(bp);
	return 0;
}

int xfs_dquot_alloc(struct xfs_mount *mp, uint32_t type, uint32_t id)
{
	struct xfs_inode *ip = mp->m_quota->q_types[type].qt_ip;
	uint32_t log_bytes = xfs_resv(mp, XFS_RESV_MAP);
	struct xfs_trans *tp;
	int error;

	log_bytes += xfs_dquot_log_block_bytes(mp);
	error = xfs_trans_alloc_bytes(mp, log_bytes, 1 + xfs_bmap_add_blocks(mp, XFS_DATA_FORK), 0, &tp);
	if (error)
		return error;
	error = xfs_ilock_want_excl(ip);
	if (!error) {
		error = alloc_locked(tp, type, id);
		xfs_iunlock_excl(ip);
	}
	return xfs_trans_finish(tp, error);
}
