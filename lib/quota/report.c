/* SPDX-License-Identifier: MIT */
/*
 * Reading records for callers: of types that are on or off, also on read-only mounts.  A record in
 * memory is newer than its block and is used instead.
 */
#include "core/message.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

#define PROJECT	(XFS_QUOTA_TYPES - 1)

/* The file of @type, referenced. */
static int get_file(struct xfs_mount *mp, uint32_t type, struct xfs_inode **ipp)
{
	int error = xfs_quota_iget(mp, type, ipp);

	if (error != -ENOENT)
		return error;
	return xfs_error(mp, -ESRCH, "%s quota has no file", xfs_quota_kinds[type].name);
}

int xfs_dquot_next_block(struct xfs_inode *ip, xfs_fileoff_t *off, struct xfs_bmbt_irec *map, bool *found)
{
	bool last;
	int error = xfs_ilock_want_excl(ip);

	*found = false;
	if (error)
		return error;
	error = xfs_bmap_find_extent(ip, XFS_DATA_FORK, *off, map, found, &last);
	xfs_iunlock_excl(ip);
	if (*found) {
		*off = XFS_MAX(*off, map->br_startoff);
		xfs_irec_trim(map, *off, *off + 1);
	}
	return error;
}

int xfs_dquot_read_block(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off,
			 const struct xfs_bmbt_irec *map, struct xfs_buf **bpp)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];

	*bpp = NULL;
	if (!xfs_irec_is_real(map) || map->br_state != XFS_EXT_NORM)
		return xfs_corrupt(mp, "dquot", "block %" PRIu64 " of the file of %s quota is not written",
				   off, kind->name);
	return xfs_buf_read(mp, XFS_FSB_TO_DADDR(&mp->m_geo, map->br_startblock), mp->m_geo.blocksize,
			    kind->buf_ops, bpp);
}

/* As in a kernel's report, held and reserved blocks count as used. */
static void count_held(const struct xfs_dquot *dq, struct xfs_disk_dquot *to)
{
	to->d_bcount = cpu_to_be64(be64_to_cpu(to->d_bcount) + dq->dq_held + dq->dq_res_blocks);
	to->d_icount = cpu_to_be64(be64_to_cpu(to->d_icount) + dq->dq_res_inodes);
}

int xfs_dquot_copy(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_buf *bp,
		   struct xfs_disk_dquot *to)
{
	const struct xfs_quota_kind *kind = &xfs_quota_kinds[type];
	struct xfs_dquot *dq = mp->m_quota ? xfs_dquot_find(mp->m_quota, type, id) : NULL;
	uint32_t i = id % xfs_dquots_per_block(&mp->m_geo);
	xfs_failaddr_t fa;
	int error;

	if (dq) {
		xfs_mutex_lock(&dq->dq_lock);
		*to = dq->dq_disk;
		count_held(dq, to);
		xfs_mutex_unlock(&dq->dq_lock);
		xfs_dquot_put(dq);
		return 0;
	}
	error = xfs_mutex_want(&bp->b_lock);
	if (error)
		return error;
	*to = ((const struct xfs_dqblk *)bp->b_addr)[i].dd_diskdq;
	xfs_mutex_unlock(&bp->b_lock);
	/* The block may belong to other ids: the record says which. */
	fa = xfs_dquot_verify(&mp->m_geo, to, kind->type, id);
	return fa ? xfs_corrupt(mp, "dquot", "%s %u: %s", kind->name, id, fa) : 0;
}

/* ---- in host order --------------------------------------------------------------------- */

static void from_disk(const struct xfs_disk_dquot *d, struct xfs_quota_record *rec)
{
	*rec = (struct xfs_quota_record){ .found = true, .id = be32_to_cpu(d->d_id) };
	for (unsigned int kind = 0; kind < XFS_DQ_KINDS; kind++) {
		struct xfs_dquot_fields f = xfs_dquot_fields(d, kind);

		rec->count[kind] = be64_to_cpu(*f.count);
		rec->hard[kind] = be64_to_cpu(*f.hard);
		rec->soft[kind] = be64_to_cpu(*f.soft);
		rec->timer[kind] = (int64_t)xfs_dquot_time(d, *f.timer);
	}
}

static bool is_empty(const struct xfs_quota_record *rec)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < XFS_DQ_KINDS; i++)
		any |= rec->count[i] | rec->hard[i] | rec->soft[i] | (uint64_t)rec->timer[i];
	return !any;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int read_one(struct xfs_mount *mp, struct xfs_inode *ip, uint32_t type, uint32_t id,
		    struct xfs_quota_record *rec)
{
	xfs_fileoff_t want = id / xfs_dquots_per_block(&mp->m_geo), off = want;
	struct xfs_bmbt_irec map;
	struct xfs_disk_dquot d;
	struct xfs_buf *bp;
	bool found;
	int error = xfs_dquot_next_block(ip, &off, &map, &found);

	if (error || !found || off != want)
		return error;
	error = xfs_dquot_read_block(mp, type, off, &map, &bp);
	if (error)
		return error;
	error = xfs_dquot_copy(mp, type, id, bp, &d);
	xfs_buf_put(bp);
	if (!error)
		from_disk(&d, rec);
	return error;
}

int xfs_quota_read(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_quota_record *rec)
{
	struct xfs_inode *ip;
	int error = get_file(mp, type, &ip);

	*rec = (struct xfs_quota_record){ .id = id };
	if (error)
		return error;
	error = read_one(mp, ip, type, id, rec);
	rec->file_ino = ip->i_ino;
	xfs_irele(ip);
	return error;
}

/* Fill @space from the records of a project and of id 0, whose limits are the defaults. */
static int read_space(struct xfs_mount *mp, uint32_t id, struct xfs_quota_space *space)
{
	struct xfs_quota_record rec, defaults;
	int error = xfs_quota_read(mp, PROJECT, id, &rec);

	if (!error)
		error = xfs_quota_read(mp, PROJECT, 0, &defaults);
	for (unsigned int kind = 0; !error && kind <= XFS_DQ_INODES; kind++) {
		uint64_t soft = rec.soft[kind] ? rec.soft[kind] : defaults.soft[kind];
		uint64_t hard = rec.hard[kind] ? rec.hard[kind] : defaults.hard[kind];

		space->limit[kind] = soft ? soft : hard;
		space->used[kind] = rec.count[kind];
	}
	return error;
}

int xfs_quota_project_space(struct xfs_mount *mp, uint32_t id, struct xfs_quota_space *space)
{
	uint16_t both = xfs_quota_kinds[PROJECT].acct | xfs_quota_kinds[PROJECT].enfd;
	int error;

	*space = (struct xfs_quota_space){ .used = { 0 } };
	if (mp->m_quota_account_only || (xfs_quota_flags(mp) & both) != both)
		return 0;
	error = read_space(mp, id, space);
	return error == -ESRCH || error == -EUCLEAN || error == -EBADMSG ? 0 : error;
}

/*
 * Find the first record at or after *@from in the block of @bp that is not empty, and set *@from
 * after it.
 */
static int next_in_block(struct xfs_mount *mp, uint32_t type, struct xfs_buf *bp, uint64_t *from,
			 uint64_t end, struct xfs_quota_record *rec)
{
	while (*from < end) {
		struct xfs_disk_dquot d;
		int error = xfs_dquot_copy(mp, type, (uint32_t)*from, bp, &d);

		if (error)
			return error;
		++*from;
		from_disk(&d, rec);
		if (!is_empty(rec))
			return 1;
	}
	return 0;
}

static int next_record(struct xfs_mount *mp, struct xfs_inode *ip, uint32_t type, uint64_t *from,
		       struct xfs_quota_record *rec)
{
	uint32_t per_block = xfs_dquots_per_block(&mp->m_geo);

	while (*from <= UINT32_MAX) {
		xfs_fileoff_t off = *from / per_block;
		struct xfs_bmbt_irec map;
		struct xfs_buf *bp;
		uint64_t end;
		bool found;
		int ret = xfs_dquot_next_block(ip, &off, &map, &found);

		if (ret)
			return ret;
		if (!found || off > UINT32_MAX / per_block)
			break;
		*from = XFS_MAX(*from, off * per_block);
		end = XFS_MIN((off + 1) * per_block, (uint64_t)UINT32_MAX + 1);
		ret = xfs_dquot_read_block(mp, type, off, &map, &bp);
		if (!ret) {
			ret = next_in_block(mp, type, bp, from, end, rec);
			xfs_buf_put(bp);
		}
		if (ret == -EUCLEAN || ret == -EBADMSG)
			*from = end;
		if (ret)
			return ret;
	}
	*from = (uint64_t)UINT32_MAX + 1;
	return 0;
}

int xfs_quota_read_next(struct xfs_mount *mp, uint32_t type, uint64_t *from,
			struct xfs_quota_record *rec)
{
	struct xfs_inode *ip;
	int ret = get_file(mp, type, &ip);

	*rec = (struct xfs_quota_record){ .found = false };
	if (ret)
		return ret;
	ret = next_record(mp, ip, type, from, rec);
	if (ret != 1)
		*rec = (struct xfs_quota_record){ .found = false };
	xfs_irele(ip);
	return ret;
}
