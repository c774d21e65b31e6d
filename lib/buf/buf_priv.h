/* SPDX-License-Identifier: MIT */
/* Shared by the files of buf/. */
#ifndef BUF_BUF_PRIV_H
#define BUF_BUF_PRIV_H

#include "base/slot.h"
#include "buf/buf.h"

#define XFS_BUF_MIN_LOG		9
#define XFS_BUF_MAX_LOG		17
/* One bit per chunk of the largest buffer. */
#define XFS_BUF_DIRTY_BYTES	((1u << (XFS_BUF_MAX_LOG - 7)) / 8)
#define XFS_BUF_POOLS		(XFS_BUF_MAX_LOG - XFS_BUF_MIN_LOG + 1)

#define XFS_BUF_SHARD_LOG	5
#define XFS_BUF_SHARDS		(1u << XFS_BUF_SHARD_LOG)

/* Buffers with equal upper hash bits; the lower bits select the slot. */
struct xfs_buf_shard {
	/* LEAF class; members marked "cache lock" */
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex bs_lock;
	struct xfs_buf **bs_hash;
	uint32_t bs_hash_log;
	uint64_t bs_count;		/* buffers in the hash */
	struct xfs_list bs_lru;		/* unreferenced, oldest first */
};

/* Memory for buffers, one set per slot. */
struct xfs_buf_pools {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex bp_lock; /* LEAF class */
	struct xfs_pool bp_pools[XFS_BUF_POOLS];	/* contents, by size */
	struct xfs_pool bp_buf_pool;	/* struct xfs_buf */
	struct xfs_pool bp_dirty_pool;	/* XFS_BUF_DIRTY_BYTES, for large buffers */
};

struct xfs_buf_cache {
	struct xfs_buf_shard bc_shards[XFS_BUF_SHARDS];
	struct xfs_buf_pools bc_pools[XFS_SLOTS];
	_Alignas(XFS_SLOT_ALIGN) uint64_t bc_bytes;	/* (a) of all buffers */
	uint32_t bc_hand;		/* (a) next shard to evict from */
};

/* dirty.c: what the log item of a buffer writes to the journal. */
uint32_t xfs_buf_item_size(struct xfs_log_item *lip, uint32_t *regions);
void xfs_buf_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink);
void xfs_buf_forget_dirty(struct xfs_buf *bp);

#endif
