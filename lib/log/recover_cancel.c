/* SPDX-License-Identifier: MIT */
/*
 * Buffers that were freed: what was logged for one before its last cancel item must not be
 * replayed, because its blocks may hold something that was never logged.  The first pass
 * counts the cancel items of each buffer, the second one counts them down, so that what
 * is logged after the last one is replayed.
 */
#include "core/message.h"
#include "log/log_priv.h"

struct xlog_cancel {
	struct xlog_cancel *next;
	xfs_daddr_t blkno;
	uint32_t bbs;
	uint32_t count;
};

#define INITIAL_LOG	8

static uint64_t slot_of(const struct xlog_cancel_table *table, xfs_daddr_t blkno)
{
	return (uint64_t)blkno * 0x9e3779b97f4a7c15u >> (64 - table->slots_log);
}

static struct xlog_cancel **find(const struct xlog_cancel_table *table, xfs_daddr_t blkno,
				 uint32_t bbs)
{
	struct xlog_cancel **link;

	if (!table->slots)
		return NULL;
	link = &table->slots[slot_of(table, blkno)];
	while (*link && ((*link)->blkno != blkno || (*link)->bbs != bbs))
		link = &(*link)->next;
	return *link ? link : NULL;
}

static int grow(struct xfs_mount *mp, struct xlog_cancel_table *table)
{
	uint64_t old_slots = table->slots ? (uint64_t)1 << table->slots_log : 0;
	uint32_t new_log = table->slots ? table->slots_log + 2 : INITIAL_LOG;
	struct xlog_cancel **old = table->slots, **bigger;

	if (table->slots && (table->count < old_slots * 2 || new_log > 24))
		return 0;
	bigger = xfs_zalloc(mp, sizeof(*bigger) << new_log);
	if (!bigger)
		return table->slots ? 0 : -ENOMEM;
	table->slots = bigger;
	table->slots_log = new_log;
	for (uint64_t i = 0; i < old_slots; i++) {
		struct xlog_cancel *c;

		while ((c = old[i])) {
			struct xlog_cancel **head = &bigger[slot_of(table, c->blkno)];

			old[i] = c->next;
			c->next = *head;
			*head = c;
		}
	}
	if (old)
		xfs_free(mp, old);
	return 0;
}

int xlog_cancel_add(struct xfs_mount *mp, struct xlog_cancel_table *table, xfs_daddr_t blkno,
		    uint32_t bbs)
{
	struct xlog_cancel **link = find(table, blkno, bbs), *c;

	if (link) {
		(*link)->count++;
		return 0;
	}
	c = grow(mp, table) ? NULL : xfs_malloc(mp, sizeof(*c));
	if (!c)
		return xfs_error(mp, -ENOMEM, "out of memory for the freed buffers of the log");
	link = &table->slots[slot_of(table, blkno)];
	*c = (struct xlog_cancel){ .next = *link, .blkno = blkno, .bbs = bbs, .count = 1 };
	*link = c;
	table->count++;
	return 0;
}

bool xlog_cancel_has(const struct xlog_cancel_table *table, xfs_daddr_t blkno, uint32_t bbs)
{
	return find(table, blkno, bbs) != NULL;
}

void xlog_cancel_drop(struct xfs_mount *mp, struct xlog_cancel_table *table, xfs_daddr_t blkno,
		      uint32_t bbs)
{
	struct xlog_cancel **link = find(table, blkno, bbs), *c;

	if (!link || --(*link)->count)
		return;
	c = *link;
	*link = c->next;
	table->count--;
	xfs_free(mp, c);
}

void xlog_cancel_destroy(struct xfs_mount *mp, struct xlog_cancel_table *table)
{
	if (!table->slots)
		return;
	for (uint64_t i = 0; i < (uint64_t)1 << table->slots_log; i++) {
		struct xlog_cancel *c;

		while ((c = table->slots[i])) {
			table->slots[i] = c->next;
			xfs_free(mp, c);
		}
	}
	xfs_free(mp, table->slots);
	table->slots = NULL;
}
