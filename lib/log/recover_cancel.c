/* SPDX-License-Identifier: MIT */
/*
 * Freed buffers.  Changes logged for a buffer before its last cancel item must not be replayed,
 * because its blocks may now hold something that was never logged.  The first pass counts the
 * cancel items of each buffer and the second counts them down, so that changes logged after the
 * last one are replayed.
 */
#include "core/message.h"
#include "log/log_priv.h"

struct xlog_cancel {
	struct xlog_key key;		/* address, length in 512-byte blocks */
	uint32_t count;
};

static_assert(offsetof(struct xlog_cancel, key) == 0, "key comes first");

static struct xlog_cancel *find(struct xlog_index *table, xfs_daddr_t blkno, uint32_t bbs)
{
	return (void *)xlog_index_find(table, (uint64_t)blkno, bbs);
}

int xlog_cancel_add(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno, uint32_t bbs)
{
	struct xlog_cancel *c = find(table, blkno, bbs);

	if (c) {
		c->count++;
		return 0;
	}
	c = xfs_malloc(mp, sizeof(*c));
	if (!c)
		return xfs_error(mp, -ENOMEM, "out of memory for the freed buffers of the log");
	*c = (struct xlog_cancel){ .key = { .a = (uint64_t)blkno, .b = bbs }, .count = 1 };
	xlog_index_add(table, &c->key);
	return 0;
}

bool xlog_cancel_has(struct xlog_index *table, xfs_daddr_t blkno, uint32_t bbs)
{
	return find(table, blkno, bbs) != NULL;
}

static void remove_cancel(struct xfs_mount *mp, struct xlog_index *table, struct xlog_key *key)
{
	xlog_index_erase(table, key);
	xfs_free(mp, key);
}

void xlog_cancel_drop(struct xfs_mount *mp, struct xlog_index *table, xfs_daddr_t blkno,
		      uint32_t bbs)
{
	struct xlog_cancel *c = find(table, blkno, bbs);

	if (c && !--c->count)
		remove_cancel(mp, table, &c->key);
}

void xlog_cancel_destroy(struct xfs_mount *mp, struct xlog_index *table)
{
	struct xlog_key *key;

	while ((key = xlog_index_first(table)))
		remove_cancel(mp, table, key);
}
