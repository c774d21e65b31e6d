/* SPDX-License-Identifier: MIT */
/*
 * Intents that wait for their done item: a list in the order of the log, and a hash of their
 * ids.  Ids are memory addresses of the writer: unique only among intents of a type that
 * are alive at a time.
 */
#include "core/message.h"
#include "log/log_priv.h"

struct pending {
	struct xlog_intent intent;
	struct pending *next;		/* of the same hash */
};

struct xlog_intent_table {
	struct pending **slots;
	uint32_t slots_log;
	uint64_t count;
};

#define INITIAL_LOG	8

static uint64_t slot_of(const struct xlog_intent_table *table, uint16_t type, uint64_t id)
{
	return ((id ^ type) * 0x9e3779b97f4a7c15u) >> (64 - table->slots_log);
}

int xlog_intent_table_create(struct xfs_mount *mp, struct xlog_intent_table **tablep)
{
	struct xlog_intent_table *table = xfs_zalloc(mp, sizeof(*table));

	*tablep = NULL;
	if (table) {
		table->slots_log = INITIAL_LOG;
		table->slots = xfs_zalloc(mp, sizeof(*table->slots) << INITIAL_LOG);
	}
	if (!table || !table->slots) {
		if (table)
			xfs_free(mp, table);
		return xfs_error(mp, -ENOMEM, "out of memory for the intents of the log");
	}
	*tablep = table;
	return 0;
}

void xlog_intent_table_destroy(struct xfs_mount *mp, struct xlog_intent_table *table)
{
	if (!table)
		return;
	xfs_free(mp, table->slots);
	xfs_free(mp, table);
}

void xlog_intent_free(struct xfs_mount *mp, struct xlog_intent *intent)
{
	xfs_list_del(&intent->xi_list);
	xfs_free(mp, container_of(intent, struct pending, intent));
}

void xlog_efi_extent(const struct xlog_intent *intent, uint32_t i, struct xfs_efi_extent *ext)
{
	const struct xlog_region *r = &intent->xi_regions[0];
	const uint8_t *p = r->data;
	struct xfs_intent_log_format f;
	size_t size;

	memcpy(&f, p, sizeof(f));
	ASSERT(i < f.nextents);
	size = (r->len - sizeof(f)) / f.nextents;
	memset(ext, 0, sizeof(*ext));
	memcpy(ext, p + sizeof(f) + i * size, XFS_MIN(size, sizeof(*ext)));
	ext->ext_pad = 0;
}

/* Keep chains short; failing to grow costs speed only. */
static void maybe_grow(struct xfs_mount *mp, struct xlog_intent_table *table)
{
	uint64_t old_slots = (uint64_t)1 << table->slots_log;
	struct pending **old = table->slots, **bigger;

	if (table->count < old_slots * 2 || table->slots_log >= 24)
		return;
	bigger = xfs_zalloc(mp, sizeof(*bigger) << (table->slots_log + 2));
	if (!bigger)
		return;
	table->slots = bigger;
	table->slots_log += 2;
	for (uint64_t i = 0; i < old_slots; i++) {
		struct pending *p;

		while ((p = old[i])) {
			struct pending **head = &bigger[slot_of(table, p->intent.xi_type,
								p->intent.xi_id)];

			old[i] = p->next;
			p->next = *head;
			*head = p;
		}
	}
	xfs_free(mp, old);
}

static int add(struct xlog_recover *rl, const struct xlog_trans *trans,
	       const struct xlog_item *item, uint64_t id)
{
	struct xfs_mount *mp = rl->mp;
	struct pending *p, **head;
	size_t bytes = XFS_ALIGN(sizeof(*p), (size_t)8);
	struct xlog_intent *intent;
	uint8_t *data;

	ASSERT(item->it_count <= ARRAY_SIZE(intent->xi_regions));
	for (uint32_t i = 0; i < item->it_count; i++)
		bytes += XFS_ALIGN((size_t)item->it_regions[i].len, (size_t)8);
	p = xfs_malloc(mp, bytes);
	if (!p)
		return xfs_error(mp, -ENOMEM, "out of memory for the intents of the log");
	intent = &p->intent;
	memset(p, 0, sizeof(*p));
	data = (uint8_t *)p + XFS_ALIGN(sizeof(*p), (size_t)8);
	intent->xi_type = item->it_type;
	intent->xi_nregions = item->it_count;
	intent->xi_id = id;
	intent->xi_lsn = trans->xt_lsn;
	for (uint32_t i = 0; i < item->it_count; i++) {
		const struct xlog_region *r = &item->it_regions[i];

		memcpy(data, r->data, r->len);
		intent->xi_regions[i].data = data;
		intent->xi_regions[i].len = r->len;
		data += XFS_ALIGN((size_t)r->len, (size_t)8);
	}
	xfs_list_add_tail(&intent->xi_list, &rl->rec->intents);
	maybe_grow(mp, rl->intents);
	head = &rl->intents->slots[slot_of(rl->intents, item->it_type, id)];
	p->next = *head;
	*head = p;
	rl->intents->count++;
	rl->rec->stats.pending[item->it_type - XFS_LI_EFI]++;
	return 0;
}

static void take_away(struct xlog_recover *rl, uint16_t type, uint64_t id)
{
	struct pending **link = &rl->intents->slots[slot_of(rl->intents, type, id)], *p;

	while ((p = *link) && (p->intent.xi_type != type || p->intent.xi_id != id))
		link = &p->next;
	/* Its intent may lie before the tail. */
	if (!p)
		return;
	*link = p->next;
	rl->intents->count--;
	rl->rec->stats.pending[type - XFS_LI_EFI]--;
	xlog_intent_free(rl->mp, &p->intent);
}

int xlog_intent_take(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item)
{
	uint64_t id;

	/* In all of them the id is the third member, behind 8 bytes. */
	memcpy(&id, (const uint8_t *)item->it_regions[0].data + 8, sizeof(id));
	if (xlog_is_intent(item->it_type))
		return add(rl, trans, item, id);
	take_away(rl, (uint16_t)(item->it_type - 1), id);
	return 0;
}
