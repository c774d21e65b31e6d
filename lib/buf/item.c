/* SPDX-License-Identifier: MIT */
/* Buffers going home: verified, stamped, handed to the device queue. */
#include "base/crc32c.h"
#include "buf/buf_priv.h"
#include "core/message.h"
#include "device/queue.h"

static inline struct xfs_buf *to_buf(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_buf, b_item);
}

static void write_done(void *ctx, int error)
{
	struct xfs_buf *bp = ctx;
	struct xfs_mount *mp = bp->b_mount;

	if (error && !bp->b_error) {
		bp->b_error = error;
		xfs_shutdown(mp, "writing %s at daddr 0x%" PRIx64 ": %s", bp->b_ops->name,
			     (uint64_t)bp->b_daddr, strerror(-error));
	}
	xfs_buf_put(bp);
}

int xfs_buf_write(struct xfs_buf *bp)
{
	struct xfs_mount *mp = bp->b_mount;
	const struct xfs_buf_ops *ops = bp->b_ops;
	xfs_lsn_t lsn = bp->b_item.li_lsn;
	xfs_failaddr_t fa;
	char *p = bp->b_addr;

	if (xfs_is_shutdown(mp))
		return -EIO;
	/* Without a journal there is no LSN to give: a block keeps the one it has. */
	if (ops->stamp) {
		ops->stamp(&mp->m_geo, bp->b_addr, bp->b_len, lsn);
	} else {
		if (lsn && ops->lsn_off >= 0)
			put_be64((uint64_t)lsn, p + ops->lsn_off);
		if (ops->has_crc)
			xfs_cksum_set(p, bp->b_len, ops->crc_off);
	}
	fa = ops->verify ? ops->verify(&mp->m_geo, bp->b_addr, bp->b_len, bp->b_daddr) : NULL;
	if (fa) {
		xfs_shutdown(mp, "%s at daddr 0x%" PRIx64 " is wrong and was not written: %s",
			     ops->name, (uint64_t)bp->b_daddr, fa);
		return xfs_corrupt(mp, ops->name, "at daddr 0x%" PRIx64 ", before writing: %s",
				   (uint64_t)bp->b_daddr, fa);
	}
	for (uint32_t i = 0; i < bp->b_nmaps; i++) {
		xfs_daddr_t bn = i ? bp->b_maps[i].bm_bn : bp->b_daddr;
		uint32_t len = bp->b_maps ? bp->b_maps[i].bm_len : bp->b_len;

		xfs_buf_hold(bp);
		xfs_queue_write(mp->m_queue, (uint64_t)bn << XFS_BB_SHIFT, p, len, write_done, bp);
		p += len;
	}
	return 0;
}

static void item_get(struct xfs_log_item *lip)
{
	xfs_buf_hold(to_buf(lip));
}

static void item_put(struct xfs_log_item *lip)
{
	xfs_buf_put(to_buf(lip));
}

static int item_push(struct xfs_mount *mp, struct xfs_log_item *lip)
{
	(void)mp;
	return xfs_buf_write(to_buf(lip));
}

const struct xfs_log_item_ops xfs_buf_item_ops = {
	.name = "buffer",
	.get = item_get,
	.put = item_put,
	.push = item_push,
};
