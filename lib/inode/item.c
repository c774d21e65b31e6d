/* SPDX-License-Identifier: MIT */
/* Converting between the in-core and the on-disk inode, and the inode's log item. */
#include "base/crc32c.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/verify.h"
#include "inode/inode_priv.h"
#include "trans/resv.h"

static inline struct xfs_inode *to_inode(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_inode, i_item);
}

int xfs_inode_from_disk(struct xfs_inode *ip, const struct xfs_dinode *dip)
{
	struct xfs_mount *mp = ip->i_mount;
	xfs_failaddr_t fa = xfs_dinode_verify(&mp->m_geo, ip->i_ino, dip);
	bool bigtime = xfs_dinode_has_bigtime(dip);
	int error;

	if (fa)
		return xfs_corrupt(mp, "inode", "inode %" PRIu64 ": %s", ip->i_ino, fa);
	if (xfs_lsn_is_ahead(mp, be64_to_cpu(dip->di_lsn))) {
		error = xfs_lsn_refuse(mp, "inode", be64_to_cpu(dip->di_lsn), "inode %" PRIu64,
				       ip->i_ino);
		if (error)
			return error;
	}
	xfs_inode_set_mode(ip, be16_to_cpu(dip->di_mode));
	ip->i_metatype = be16_to_cpu(dip->di_metatype);
	ip->i_gen = be32_to_cpu(dip->di_gen);
	ip->i_lsn = (xfs_lsn_t)be64_to_cpu(dip->di_lsn);
	ip->i_next_unlinked = be32_to_cpu(dip->di_next_unlinked);
	ip->i_prev_unlinked = 0;
	ip->i_changecount = be64_to_cpu(dip->di_changecount);
	ip->i_diflags2 = be64_to_cpu(dip->di_flags2);
	if (!ip->i_mode)
		return 0;
	ip->i_place_format = dip->di_format;
	ip->i_place_aformat = dip->di_aformat;
	ip->i_place_forkoff = dip->di_forkoff;
	ip->i_uid = be32_to_cpu(dip->di_uid);
	ip->i_gid = be32_to_cpu(dip->di_gid);
	xfs_inode_set_nlink(ip, be32_to_cpu(dip->di_nlink));
	ip->i_projid = xfs_dinode_projid(dip);
	ip->i_atime = xfs_inode_from_disk_ts(bigtime, dip->di_atime);
	ip->i_mtime = xfs_inode_from_disk_ts(bigtime, dip->di_mtime);
	ip->i_ctime = xfs_inode_from_disk_ts(bigtime, dip->di_ctime);
	ip->i_crtime = xfs_inode_from_disk_ts(bigtime, dip->di_crtime);
	ip->i_disk_size = (xfs_fsize_t)be64_to_cpu(dip->di_size);
	ip->i_size = ip->i_disk_size;
	ip->i_nblocks = be64_to_cpu(dip->di_nblocks);
	ip->i_extsize = be32_to_cpu(dip->di_extsize);
	ip->i_cowextsize = be32_to_cpu(dip->di_cowextsize);
	ip->i_forkoff = dip->di_forkoff;
	xfs_inode_set_diflags(ip, be16_to_cpu(dip->di_flags));
	if (dip->di_format == XFS_DINODE_FMT_DEV)
		ip->i_rdev = get_be32(XFS_DFORK_DPTR(dip));
	error = xfs_iformat_data_fork(ip, dip);
	if (!error && ip->i_forkoff)
		error = xfs_iformat_attr_fork(ip, dip);
	/* The blocks of a fork that is a tree are counted when its records are read. */
	if (!error && ip->i_df.if_format != XFS_DINODE_FMT_BTREE &&
	    (!ip->i_forkoff || ip->i_af.if_format != XFS_DINODE_FMT_BTREE))
		error = xfs_inode_check_nblocks(ip, 0);
	return error;
}

void xfs_inode_to_disk(struct xfs_inode *ip, struct xfs_dinode *dip)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	bool bigtime = (ip->i_diflags2 & XFS_DIFLAG2_BIGTIME) != 0;

	dip->di_magic = cpu_to_be16(XFS_DINODE_MAGIC);
	dip->di_mode = cpu_to_be16(ip->i_mode);
	dip->di_version = XFS_DINODE_VERSION;
	dip->di_format = ip->i_df.if_format;
	dip->di_metatype = cpu_to_be16(ip->i_metatype);
	dip->di_uid = cpu_to_be32(ip->i_uid);
	dip->di_gid = cpu_to_be32(ip->i_gid);
	dip->di_nlink = cpu_to_be32(ip->i_nlink);
	dip->di_projid_lo = cpu_to_be16((uint16_t)ip->i_projid);
	dip->di_projid_hi = cpu_to_be16((uint16_t)(ip->i_projid >> 16));
	dip->di_atime = xfs_inode_to_disk_ts(bigtime, ip->i_atime);
	dip->di_mtime = xfs_inode_to_disk_ts(bigtime, ip->i_mtime);
	dip->di_ctime = xfs_inode_to_disk_ts(bigtime, ip->i_ctime);
	dip->di_size = cpu_to_be64((uint64_t)ip->i_disk_size);
	dip->di_nblocks = cpu_to_be64(ip->i_nblocks);
	dip->di_extsize = cpu_to_be32(ip->i_extsize);
	if (ip->i_diflags2 & XFS_DIFLAG2_NREXT64) {
		dip->di_big_nextents = cpu_to_be64(ip->i_df.if_nextents);
		dip->di_big_anextents = cpu_to_be32((uint32_t)ip->i_af.if_nextents);
		dip->di_nrext64_pad = cpu_to_be16(0);
	} else {
		dip->di_v3_pad = cpu_to_be64(0);
		dip->di_nextents = cpu_to_be32((uint32_t)ip->i_df.if_nextents);
		dip->di_anextents = cpu_to_be16((uint16_t)ip->i_af.if_nextents);
	}
	dip->di_forkoff = ip->i_forkoff;
	dip->di_aformat = ip->i_forkoff ? ip->i_af.if_format : XFS_DINODE_FMT_EXTENTS;
	dip->di_flags = cpu_to_be16(ip->i_diflags);
	dip->di_gen = cpu_to_be32(ip->i_gen);
	dip->di_next_unlinked = cpu_to_be32(ip->i_next_unlinked);
	dip->di_changecount = cpu_to_be64(ip->i_changecount);
	dip->di_lsn = cpu_to_be64((uint64_t)(ip->i_item.li_lsn ? ip->i_item.li_lsn : ip->i_lsn));
	dip->di_flags2 = cpu_to_be64(ip->i_diflags2);
	dip->di_cowextsize = cpu_to_be32(ip->i_cowextsize);
	memset(dip->di_pad2, 0, sizeof(dip->di_pad2));
	dip->di_crtime = xfs_inode_to_disk_ts(bigtime, ip->i_crtime);
	dip->di_ino = cpu_to_be64(ip->i_ino);
	dip->di_uuid = geo->meta_uuid;
}

/* Copy the whole inode except its checksum to @dip.  ILOCK held. */
static void copy_out(struct xfs_inode *ip, struct xfs_dinode *dip)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;

	xfs_inode_to_disk(ip, dip);
	if (ip->i_mode == 0)
		memset(dip->di_literal, 0, geo->litino);
	else if (ip->i_df.if_format == XFS_DINODE_FMT_DEV)
		put_be32(ip->i_rdev, XFS_DFORK_DPTR(dip));
	else
		xfs_iflush_fork(ip, dip, XFS_DATA_FORK);
	if (ip->i_mode && ip->i_forkoff)
		xfs_iflush_fork(ip, dip, XFS_ATTR_FORK);
}

static int item_verify(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_inode *ip = to_inode(lip);
	uint64_t room[XFS_DINODE_MAX_SIZE / 8];
	struct xfs_dinode *dip = (struct xfs_dinode *)room;
	xfs_failaddr_t fa;

	if (lip->li_flags & XFS_LI_FREED ||
	    __atomic_load_n(&lip->li_verified, __ATOMIC_RELAXED))
		return 0;
	memset(room, 0, mp->m_geo.inodesize);
	xfs_ilock_shared(ip);
	copy_out(ip, dip);
	xfs_iunlock_shared(ip);
	fa = xfs_dinode_verify(&mp->m_geo, ip->i_ino, dip);
	lip->li_verified = !fa;
	if (likely(!fa))
		return 0;
	return xfs_corrupt(mp, "inode", "inode %" PRIu64 ", before logging: %s", ip->i_ino, fa);
}

/* Copy the inode into its cluster buffer, which is then written in place. */
static int item_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_inode *ip = to_inode(lip);
	struct xfs_dinode *dip;
	struct xfs_buf *bp;
	xfs_failaddr_t fa = NULL;
	int error;

	error = xfs_buf_read(mp, ip->i_cluster_daddr, ip->i_cluster_len, &xfs_inode_buf_ops, &bp);
	if (error)
		return error;
	/* No transaction is open, but delayed allocation changes the extent map without one. */
	xfs_ilock_shared(ip);
	xfs_mutex_lock(&bp->b_lock);
	dip = (struct xfs_dinode *)((char *)bp->b_addr + ip->i_cluster_off);
	copy_out(ip, dip);
	xfs_cksum_set(dip, mp->m_geo.inodesize, XFS_DINODE_CRC_OFF);
	if (!__atomic_load_n(&lip->li_verified, __ATOMIC_RELAXED))
		fa = xfs_dinode_verify(&mp->m_geo, ip->i_ino, dip);
	bp->b_item.li_verified = false;
	xfs_mutex_unlock(&bp->b_lock);
	xfs_iunlock_shared(ip);
	if (fa) {
		xfs_shutdown(mp, -EUCLEAN, "inode %" PRIu64 " is wrong and was not written: %s", ip->i_ino, fa);
		xfs_buf_put(bp);
		return xfs_corrupt(mp, "inode", "inode %" PRIu64 ", before writing: %s", ip->i_ino,
				   fa);
	}
	lip->li_fields = 0;
	ip->i_place_format = ip->i_mode ? ip->i_df.if_format : 0;
	ip->i_place_aformat = ip->i_mode ? ip->i_af.if_format : 0;
	ip->i_place_forkoff = ip->i_forkoff;
	xfs_checkpoint_log_item(mp, &bp->b_item);
	xfs_buf_put(bp);
	return 0;
}

static void item_forget_changes(struct xfs_log_item *lip)
{
	lip->li_fields = 0;
}

static void item_get(struct xfs_log_item *lip)
{
	xfs_inode_pin(to_inode(lip));
}

static void item_put(struct xfs_log_item *lip)
{
	xfs_inode_unpin(to_inode(lip));
}

/* The size of its cluster. */
static uint32_t item_push_bytes(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)lip;
	return mp->m_geo.blocks_per_cluster << mp->m_geo.blocklog;
}

static uint32_t item_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)lip;
	return mp->m_geo.inodesize + XFS_INODE_LOG_COST;
}

const struct xfs_log_item_ops xfs_inode_item_ops = {
	.name = "inode",
	.get = item_get,
	.put = item_put,
	.push = item_push,
	.push_bytes = item_push_bytes,
	.log_cost = item_log_cost,
	.size = xfs_inode_item_size,
	.format = xfs_inode_item_format,
	.verify = item_verify,
	.cluster_chunk = xfs_inode_item_cluster_chunk,
	.forget_changes = item_forget_changes,
};
