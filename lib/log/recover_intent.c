/* SPDX-License-Identifier: MIT */
/*
 * Intents without a done item so far: a list in log order, and an index by id.  Ids are memory
 * addresses of the writer: unique only among the live intents of one type.
 */
#include "core/message.h"
#include "log/log_priv.h"

struct pending {
	struct xlog_key key;		/* type, id */
	struct pending *older;		/* an earlier one of the same key, not in the index */
	struct xlog_intent intent;
};

static_assert(offsetof(struct pending, key) == 0, "key comes first");

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

static int add(struct xlog_recover *rl, const struct xlog_trans *trans,
	       const struct xlog_item *item, uint64_t id)
{
	struct xfs_mount *mp = rl->mp;
	struct pending *p;
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
	p->key.a = item->it_type;
	p->key.b = id;
	p->older = (void *)xlog_index_find(&rl->intents, item->it_type, id);
	if (p->older)
		xlog_index_erase(&rl->intents, &p->older->key);
	xlog_index_add(&rl->intents, &p->key);
	rl->rec->stats.pending[item->it_type - XFS_LI_EFI]++;
	return 0;
}

static void take_away(struct xlog_recover *rl, uint16_t type, uint64_t id)
{
	struct pending *p = (void *)xlog_index_find(&rl->intents, type, id);

	/* The intent may lie before the tail. */
	if (!p)
		return;
	xlog_index_erase(&rl->intents, &p->key);
	if (p->older)
		xlog_index_add(&rl->intents, &p->older->key);
	rl->rec->stats.pending[type - XFS_LI_EFI]--;
	xlog_intent_free(rl->mp, &p->intent);
}

int xlog_intent_take(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item)
{
	uint64_t id;

	/* In all of them the id is the third member, after 8 bytes. */
	memcpy(&id, (const uint8_t *)item->it_regions[0].data + 8, sizeof(id));
	if (xlog_is_intent(item->it_type))
		return add(rl, trans, item, id);
	take_away(rl, (uint16_t)(item->it_type - 1), id);
	return 0;
}
