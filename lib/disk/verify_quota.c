/* SPDX-License-Identifier: MIT */
/* Quota records, and blocks of a quota file. */
#include "base/crc32c.h"
#include "disk/dquot.h"
#include "disk/verify.h"

uint32_t xfs_dquots_per_block(const struct xfs_geometry *geo)
{
	return geo->blocksize / (uint32_t)sizeof(struct xfs_dqblk);
}

/* A count above the soft limit requires a running timer. */
static bool timer_ok(uint64_t count, uint64_t soft, uint32_t timer)
{
	return !soft || count <= soft || timer;
}

static xfs_failaddr_t verify_timers(const struct xfs_disk_dquot *dq)
{
	XFS_VERIFY(timer_ok(be64_to_cpu(dq->d_bcount), be64_to_cpu(dq->d_blk_softlimit),
			    be32_to_cpu(dq->d_btimer)));
	XFS_VERIFY(timer_ok(be64_to_cpu(dq->d_icount), be64_to_cpu(dq->d_ino_softlimit),
			    be32_to_cpu(dq->d_itimer)));
	XFS_VERIFY(timer_ok(be64_to_cpu(dq->d_rtbcount), be64_to_cpu(dq->d_rtb_softlimit),
			    be32_to_cpu(dq->d_rtbtimer)));
	return NULL;
}

xfs_failaddr_t xfs_dquot_verify(const struct xfs_geometry *geo, const struct xfs_disk_dquot *dq,
				uint8_t type, uint32_t id)
{
	uint8_t flags = dq->d_type & (uint8_t)~XFS_DQTYPE_REC_MASK;

	XFS_VERIFY(be16_to_cpu(dq->d_magic) == XFS_DQUOT_MAGIC);
	XFS_VERIFY(dq->d_version == XFS_DQUOT_VERSION);
	XFS_VERIFY((dq->d_type & XFS_DQTYPE_REC_MASK) == type);
	XFS_VERIFY(!flags || (flags == XFS_DQTYPE_BIGTIME && xfs_has_bigtime(geo) && id));
	XFS_VERIFY(be32_to_cpu(dq->d_id) == id);
	return id ? verify_timers(dq) : NULL;
}

static xfs_failaddr_t verify_block(const struct xfs_geometry *geo, const void *block, size_t len,
				   uint8_t type)
{
	const struct xfs_dqblk *dqb = block;
	uint32_t n = xfs_dquots_per_block(geo), first = be32_to_cpu(dqb->dd_diskdq.d_id);

	XFS_VERIFY(len == geo->blocksize);
	XFS_VERIFY(first % n == 0);
	for (uint32_t i = 0; i < n && first + (uint64_t)i <= UINT32_MAX; i++) {
		xfs_failaddr_t fa = xfs_dquot_verify(geo, &dqb[i].dd_diskdq, type, first + i);

		if (fa)
			return fa;
		XFS_VERIFY(xfs_uuid_equal(&dqb[i].dd_uuid, &geo->meta_uuid));
		XFS_VERIFY(xfs_cksum_ok(&dqb[i], sizeof(dqb[i]), XFS_DQUOT_CRC_OFF));
	}
	return NULL;
}

xfs_failaddr_t xfs_dquot_user_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	(void)daddr;
	return verify_block(geo, block, len, XFS_DQTYPE_USER);
}

xfs_failaddr_t xfs_dquot_group_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				      xfs_daddr_t daddr)
{
	(void)daddr;
	return verify_block(geo, block, len, XFS_DQTYPE_GROUP);
}

xfs_failaddr_t xfs_dquot_proj_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr)
{
	(void)daddr;
	return verify_block(geo, block, len, XFS_DQTYPE_PROJ);
}
