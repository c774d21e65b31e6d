/* SPDX-License-Identifier: MIT */
/* The log item of a quota record: logging it, and copying it into its block. */
#include "base/crc32c.h"
#include "core/message.h"
#include "disk/log.h"
#include "disk/verify.h"
#include "quota/quota_priv.h"

static struct xfs_dquot *to_dquot(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_dquot, dq_item);
}

static void item_get(struct xfs_log_item *lip)
{
	xfs_dquot_hold(to_dquot(lip));
}

static void item_put(struct xfs_log_item *lip)
{
	xfs_dquot_put(to_dquot(lip));
}

static xfs_failaddr_t check(struct xfs_dquot *dq)
{
	return xfs_dquot_verify(&dq->dq_mount->m_geo, &dq->dq_disk, xfs_quota_kinds[dq->dq_type].type,
				dq->dq_id);
}

/* Copy the record into its block, which is then written in place. */
static int item_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_dquot *dq = to_dquot(lip);
	struct xfs_dqblk *dqb;
	struct xfs_buf *bp;
	xfs_failaddr_t fa;
	int error;

	error = xfs_buf_read(mp, dq->dq_place.daddr, mp->m_geo.blocksize,
			     xfs_quota_kinds[dq->dq_type].buf_ops, &bp);
	if (error)
		return error;
	xfs_mutex_lock(&dq->dq_lock);
	xfs_mutex_lock(&bp->b_lock);
	fa = check(dq);
	if (likely(!fa)) {
		dqb = (struct xfs_dqblk *)((char *)bp->b_addr + dq->dq_place.offset);
		dqb->dd_diskdq = dq->dq_disk;
		dqb->dd_lsn = cpu_to_be64(lip->li_lsn ? (uint64_t)lip->li_lsn : dq->dq_lsn);
		xfs_cksum_set(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF);
		bp->b_item.li_verified = false;
	}
	xfs_mutex_unlock(&bp->b_lock);
	xfs_mutex_unlock(&dq->dq_lock);
	if (likely(!fa)) {
		xfs_checkpoint_log_item(mp, &bp->b_item);
	} else {
		xfs_shutdown(mp, -EUCLEAN, "the record of %s %u is wrong and was not written: %s",
			     xfs_quota_kinds[dq->dq_type].name, dq->dq_id, fa);
		error = xfs_corrupt(mp, "dquot", "%s %u, before writing: %s",
				    xfs_quota_kinds[dq->dq_type].name, dq->dq_id, fa);
	}
	xfs_buf_put(bp);
	return error;
}

static uint32_t item_push_bytes(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)lip;
	return mp->m_geo.blocksize;
}

static uint32_t item_bytes(void)
{
	return (uint32_t)sizeof(struct xfs_dq_logformat) + XFS_DQUOT_LOGGED_LEN;
}

static uint32_t item_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp, (void)lip;
	return 2 * XLOG_OP_HEADER_BYTES + item_bytes();
}

uint32_t xfs_dquot_log_bytes(const struct xfs_mount *mp, uint32_t n)
{
	uint32_t log_bytes = xfs_resv(mp, XFS_RESV_INODE);

	return log_bytes ? log_bytes + n * (2 * XLOG_OP_HEADER_BYTES + item_bytes()) : 0;
}

static uint32_t item_size(struct xfs_log_item *lip, uint32_t *regions)
{
	(void)lip;
	*regions = 2;
	return item_bytes();
}

static void item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink)
{
	struct xfs_dquot *dq = to_dquot(lip);
	const struct xfs_dq_logformat qlf = {
		.qlf_type = XFS_LI_DQUOT, .qlf_size = 2, .qlf_id = dq->dq_id,
		.qlf_blkno = dq->dq_place.daddr, .qlf_len = 1, .qlf_boffset = dq->dq_place.offset,
	};

	sink->region(sink, &qlf, sizeof(qlf));
	sink->region(sink, &dq->dq_disk, XFS_DQUOT_LOGGED_LEN);
}

static int item_verify(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	struct xfs_dquot *dq = to_dquot(lip);
	xfs_failaddr_t fa = check(dq);

	if (likely(!fa))
		return 0;
	return xfs_corrupt(mp, "dquot", "%s %u, before logging: %s", xfs_quota_kinds[dq->dq_type].name,
			   dq->dq_id, fa);
}

static void item_forget_changes(struct xfs_log_item *lip)
{
	(void)lip;		/* a record is always logged whole */
}

const struct xfs_log_item_ops xfs_dquot_item_ops = {
	.name = "dquot",
	.get = item_get,
	.put = item_put,
	.push = item_push,
	.push_bytes = item_push_bytes,
	.log_cost = item_log_cost,
	.size = item_size,
	.format = item_format,
	.verify = item_verify,
	.forget_changes = item_forget_changes,
};
