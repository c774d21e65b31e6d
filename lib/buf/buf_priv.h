/* SPDX-License-Identifier: MIT */
/* What the files of buf/ share. */
#ifndef BUF_BUF_PRIV_H
#define BUF_BUF_PRIV_H

#include "buf/buf.h"

#define XFS_BUF_MIN_LOG		9
#define XFS_BUF_MAX_LOG		17
/* A bit for each chunk of the largest buffer. */
#define XFS_BUF_DIRTY_BYTES	((1u << (XFS_BUF_MAX_LOG - 7)) / 8)
#define XFS_BUF_POOLS		(XFS_BUF_MAX_LOG - XFS_BUF_MIN_LOG + 1)

struct xfs_buf_cache {
	struct xfs_mutex bc_lock;	/* LEAF class; members marked "cache lock" */
	struct xfs_buf **bc_hash;
	uint32_t bc_hash_log;
	uint64_t bc_count;		/* buffers in the hash */
	uint64_t bc_bytes;		/* of all buffers that exist */
	struct xfs_list bc_lru;		/* unreferenced, oldest first */
	struct xfs_pool bc_pools[XFS_BUF_POOLS];	/* contents, by size */
	struct xfs_pool bc_buf_pool;	/* struct xfs_buf */
	struct xfs_pool bc_dirty_pool;	/* XFS_BUF_DIRTY_BYTES, for large buffers */
};

/* cache lock held: the buffer leaves the hash and is never found again. */
void xfs_buf_unhash(struct xfs_buf_cache *cache, struct xfs_buf *bp);

/* dirty.c: what the log item of a buffer gives to the journal. */
uint32_t xfs_buf_item_size(struct xfs_log_item *lip, uint32_t *regions);
void xfs_buf_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink);
void xfs_buf_forget_dirty(struct xfs_buf *bp);

#endif
