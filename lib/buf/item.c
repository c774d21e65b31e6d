/* SPDX-License-Identifier: MIT */
/* Writing buffers in place: verify, stamp, hand to the device queue. */
#include "base/crc32c.h"
#include "base/sabotage.h"
#include "buf/buf_priv.h"
#include "core/message.h"
#include "device/queue.h"

static void write_done(void *ctx, int error)
{
	struct xfs_buf *bp = ctx;
	struct xfs_mount *mp = bp->b_mount;

	if (error && !bp->b_error) {
		bp->b_error = error;
		xfs_shutdown(mp, error, "writing %s at daddr 0x%" PRIx64 ": %s", bp->b_ops->name,
			     (uint64_t)bp->b_daddr, xfs_errstr(error));
	}
	xfs_buf_put(bp);
}

/* Stamp and verify @contents, a copy of @bp's or its own. */
static int make_ready(struct xfs_buf *bp, void *contents)
{
	struct xfs_mount *mp = bp->b_mount;
	const struct xfs_buf_ops *ops = bp->b_ops;
	/* The sabotaged LSN is ahead, so that recovery skips later changes. */
	xfs_lsn_t lsn = bp->b_item.li_lsn + (XFS_SABOTAGE(XFS_RULE_LSN_STAMP) ? 4096 : 0);
	xfs_failaddr_t fa;

	/* Without a journal there is no LSN to set: a block keeps the one it has. */
	if (ops->stamp) {
		ops->stamp(&mp->m_geo, contents, bp->b_len, lsn);
	} else {
		if (lsn && ops->lsn_off >= 0)
			put_be64((uint64_t)lsn, (char *)contents + ops->lsn_off);
		if (ops->has_crc)
			xfs_cksum_set(contents, bp->b_len, ops->crc_off);
	}
	/* Verifiers look neither at the LSN nor at the checksum, so li_verified still holds. */
	if (bp->b_item.li_verified || !ops->verify)
		return 0;
	fa = ops->verify(&mp->m_geo, contents, bp->b_len, bp->b_daddr);
	if (likely(!fa))
		return 0;
	xfs_shutdown(mp, -EUCLEAN, "%s at daddr 0x%" PRIx64 " is wrong and was not written: %s", ops->name,
		     (uint64_t)bp->b_daddr, fa);
	return xfs_corrupt(mp, ops->name, "at daddr 0x%" PRIx64 ", before writing: %s",
			   (uint64_t)bp->b_daddr, fa);
}

/* Each piece holds a reference while it is queued. */
void xfs_buf_write_copy(struct xfs_buf *bp, const void *copy)
{
	const char *p = copy;

	for (uint32_t i = 0; i < bp->b_nmaps; i++) {
		xfs_daddr_t bn = i ? bp->b_maps[i].bm_bn : bp->b_daddr;
		uint32_t len = bp->b_maps ? bp->b_maps[i].bm_len : bp->b_len;

		xfs_buf_hold(bp);
		xfs_queue_write(bp->b_mount->m_queue, (uint64_t)bn << XFS_BB_SHIFT, p, len,
				write_done, bp);
		p += len;
	}
}

int xfs_buf_write(struct xfs_buf *bp)
{
	int error;

	if (xfs_is_shutdown(bp->b_mount))
		return -EIO;
	error = make_ready(bp, bp->b_addr);
	if (!error)
		xfs_buf_write_copy(bp, bp->b_addr);
	return error;
}

int xfs_buf_copy_out(struct xfs_buf *bp, void *copy)
{
	int error;

	memcpy(copy, bp->b_addr, bp->b_len);
	error = make_ready(bp, copy);
	if (!error)
		xfs_buf_forget_dirty(bp);
	return error;
}

static void item_forget_changes(struct xfs_log_item *lip)
{
	xfs_buf_forget_dirty(xfs_buf_of_item(lip));
}

static void item_get(struct xfs_log_item *lip)
{
	xfs_buf_hold(xfs_buf_of_item(lip));
}

static void item_put(struct xfs_log_item *lip)
{
	xfs_buf_put(xfs_buf_of_item(lip));
}

static int item_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp;
	return xfs_buf_write(xfs_buf_of_item(lip));
}

static uint32_t item_push_bytes(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp;
	return lip->li_bytes;
}

/* Chunks that were logged before and are not in place yet are logged again. */
static uint32_t item_log_cost(const struct xfs_mount *mp, struct xfs_log_item *lip)
{
	const struct xfs_buf *bp = xfs_buf_of_item(lip);

	(void)mp;
	return XFS_BUF_LOG_COST + bp->b_dirty_chunks * XFS_BUF_LOG_CHUNK_COST;
}

/*
 * New inode clusters are logged as an ICREATE item and freed blocks as a cancel item: neither has
 * contents to verify.
 */
static int item_verify(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	const struct xfs_buf *bp = xfs_buf_of_item(lip);
	const struct xfs_buf_ops *ops = bp->b_ops;
	xfs_failaddr_t fa;

	if (lip->li_flags & (XFS_LI_FREED | XFS_LI_ORDERED) || lip->li_verified || !ops->verify)
		return 0;
	fa = ops->verify(&mp->m_geo, bp->b_addr, bp->b_len, bp->b_daddr);
	lip->li_verified = !fa;
	if (likely(!fa))
		return 0;
	return xfs_corrupt(mp, ops->name, "at daddr 0x%" PRIx64 ", before logging: %s",
			   (uint64_t)bp->b_daddr, fa);
}

const struct xfs_log_item_ops xfs_buf_item_ops = {
	.name = "buffer",
	.is_buf = true,
	.get = item_get,
	.put = item_put,
	.push = item_push,
	.push_bytes = item_push_bytes,
	.log_cost = item_log_cost,
	.size = xfs_buf_item_size,
	.format = xfs_buf_item_format,
	.verify = item_verify,
	.forget_changes = item_forget_changes,
};
