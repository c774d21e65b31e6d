/* SPDX-License-Identifier: MIT */
/* Allocating, freeing and evicting a folio, and its place on the LRU lists. */
#include "pagecache/pagecache_priv.h"

/*
 * pc->lock held, dropped while the host is asked: clearing a huge page takes as long as writing
 * hundreds of folios, and no other thread has to wait for it.
 */
static uint8_t *get_memory(struct xfs_pagecache *pc, uint32_t order, struct xfs_folio_chunk **chunk_p)
	XFS_HOLDS(pc->lock)
{
	struct xfs_folio_chunk *more;
	uint8_t *data;

	while (!(data = xfs_folio_memory_get(&pc->memory, order, chunk_p))) {
		xfs_mutex_unlock(&pc->lock);
		more = xfs_folio_chunk_new(&pc->memory);
		xfs_mutex_lock(&pc->lock);
		if (!more)
			return xfs_folio_memory_get(&pc->memory, order, chunk_p);
		xfs_folio_memory_add(&pc->memory, more);
	}
	return data;
}

struct xfs_folio *xfs_folio_new(struct xfs_mapping *m, uint64_t pos, uint32_t size)
{
	struct xfs_pagecache *pc = m->m_cache;
	struct xfs_folio_chunk *chunk;
	struct xfs_folio *folio;
	uint8_t *data = NULL;

	xfs_mutex_lock(&pc->lock);
	folio = xfs_pool_get(&pc->folios);
	if (folio) {
		data = get_memory(pc, xfs_highbit64(size) - pc->block_log, &chunk);
		if (data)
			__atomic_store_n(&pc->bytes, pc->bytes + size, __ATOMIC_RELAXED);
		else
			xfs_pool_put(&pc->folios, folio);
	}
	xfs_mutex_unlock(&pc->lock);
	if (!data)
		return NULL;
	folio->fo_mapping = m;
	folio->fo_chunk = chunk;
	folio->fo_data = data;
	folio->fo_pos = pos;
	folio->fo_size = size;
	folio->fo_pins = 0;
	folio->fo_locked = false;
	folio->fo_used = 0;
	folio->fo_once = false;
	folio->fo_uptodate = folio->fo_dirty = folio->fo_writing = folio->fo_failed = 0;
	xfs_list_init(&folio->fo_dirty_link);
	xfs_list_init(&folio->fo_lru);
	return folio;
}

void xfs_folio_release_locked(struct xfs_pagecache *pc, struct xfs_folio *folio)
{
	__atomic_store_n(&pc->bytes, pc->bytes - folio->fo_size, __ATOMIC_RELAXED);
	xfs_folio_memory_put(&pc->memory, folio->fo_chunk, folio->fo_data,
			     xfs_folio_order(pc, folio));
	xfs_pool_put(&pc->folios, folio);
}

void xfs_folio_free(struct xfs_mapping *m, struct xfs_folio *folio)
{
	xfs_mutex_lock(&m->m_cache->lock);
	xfs_folio_release_locked(m->m_cache, folio);
	xfs_mutex_unlock(&m->m_cache->lock);
}

void xfs_folio_leave_once(struct xfs_pagecache *pc, struct xfs_folio *folio)
{
	if (!folio->fo_once)
		return;
	folio->fo_once = false;
	__atomic_store_n(&pc->once_bytes, pc->once_bytes - folio->fo_size, __ATOMIC_RELAXED);
}

void xfs_folio_lru_add(struct xfs_pagecache *pc, struct xfs_folio *folio)
{
	bool used = __atomic_load_n(&folio->fo_used, __ATOMIC_RELAXED);

	if (!xfs_list_empty(&folio->fo_lru))
		return;
	xfs_list_add_tail(&folio->fo_lru, used ? &pc->lru : &pc->lru_once);
	pc->nr_lru++;
	if (used)
		return;
	folio->fo_once = true;
	__atomic_store_n(&pc->once_bytes, pc->once_bytes + folio->fo_size, __ATOMIC_RELAXED);
}

void xfs_folio_lru_del(struct xfs_pagecache *pc, struct xfs_folio *folio)
{
	/* With failed blocks fo_lru is on the failed list and stays there. */
	if (xfs_list_empty(&folio->fo_lru) || folio->fo_failed)
		return;
	xfs_list_del(&folio->fo_lru);
	pc->nr_lru--;
	xfs_folio_leave_once(pc, folio);
}

void xfs_folio_evict_locked(struct xfs_mapping *m, struct xfs_folio *folio)
{
	ASSERT(!folio->fo_dirty && !folio->fo_writing && !folio->fo_failed);
	ASSERT(!folio->fo_pins && !folio->fo_locked);
	xfs_folio_lru_del(m->m_cache, folio);
	xfs_rb_erase(&m->m_tree, &folio->fo_node);
	if (m->m_last == folio)
		m->m_last = NULL;
	xfs_folio_release_locked(m->m_cache, folio);
}
