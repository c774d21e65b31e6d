/* SPDX-License-Identifier: MIT */
/* Removing folios from their mapping: truncation and dropping ranges. */
#include "pagecache/pagecache_priv.h"

/* Mapping locked, nothing is being written: make these blocks empty. */
static void forget_blocks(struct xfs_mapping *m, struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_pagecache *pc = m->m_cache;

	xfs_mutex_lock(&pc->lock);
	folio->fo_uptodate &= ~blocks;
	if (folio->fo_dirty && !(folio->fo_dirty & ~blocks))
		xfs_folio_del_dirty(m, folio);
	folio->fo_dirty &= ~blocks;
	if (folio->fo_failed && !(folio->fo_failed & ~blocks)) {
		ASSERT(!xfs_list_empty(&folio->fo_lru));
		xfs_list_del(&folio->fo_lru);
		__atomic_store_n(&pc->nr_failed, pc->nr_failed - 1, __ATOMIC_RELAXED);
		m->m_nr_failed--;
	}
	folio->fo_failed &= ~blocks;
	if (!folio->fo_uptodate)
		xfs_folio_evict_locked(m, folio);
	else if (!folio->fo_dirty && !folio->fo_failed)
		xfs_folio_lru_add(pc, folio);
	xfs_mutex_unlock(&pc->lock);
}

/* Lock @m when it has no claims and nothing is being written. */
static int lock_settled(struct xfs_mapping *m) XFS_TRIES(false, m->m_lock)
{
	xfs_mutex_lock(&m->m_lock);
	while (m->m_claims || m->m_nr_writing) {
		xfs_mutex_unlock(&m->m_lock);
		if (xfs_nowait())
			return xfs_would_wait("file data is being written");
		xfs_mapping_wait_writeback(m);
		xfs_mutex_lock(&m->m_lock);
	}
	return 0;
}

int xfs_mapping_forget_range(struct xfs_mapping *m, uint64_t start, uint64_t end)
{
	struct xfs_pagecache *pc = m->m_cache;
	struct xfs_folio *folio, *next;

	int error;

	ASSERT(XFS_IS_ALIGNED(start, 1ull << pc->block_log));
	error = lock_settled(m);
	if (error)
		return error;
	for (folio = xfs_folio_from(m, start); folio && folio->fo_pos < end; folio = next) {
		uint64_t blocks = xfs_folio_all(pc, folio);

		next = xfs_folio_next(folio);
		ASSERT(!folio->fo_pins);
		if (folio->fo_pos < start)
			blocks &= ~0ull << xfs_folio_block(m, folio, start);
		if (end < xfs_folio_end(folio))
			blocks &= xfs_folio_mask(0, xfs_folio_block(m, folio, end));
		forget_blocks(m, folio, blocks);
	}
	xfs_mutex_lock(&pc->lock);
	xfs_mapping_update_state(m);
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
	return 0;
}

int xfs_mapping_truncate(struct xfs_mapping *m, uint64_t size)
{
	return xfs_mapping_forget_range(m, XFS_ALIGN(size, 1ull << m->m_cache->block_log), UINT64_MAX);
}

/* The blocks of @folio in [@start, @end). */
static uint64_t blocks_in(const struct xfs_mapping *m, const struct xfs_folio *folio, uint64_t start,
			  uint64_t end)
{
	uint32_t first = folio->fo_pos < start ? xfs_folio_block(m, folio, start) : 0;
	uint32_t behind = end < xfs_folio_end(folio) ? xfs_folio_block(m, folio, end)
						     : xfs_folio_nr_blocks(m->m_cache, folio);

	return xfs_folio_mask(first, behind - first);
}

bool xfs_mapping_forget(struct xfs_mapping *m, uint64_t start, uint64_t end)
{
	struct xfs_folio *folio, *next;
	bool all = true;

	if (lock_settled(m))
		return false;
	for (folio = xfs_folio_from(m, start); folio && folio->fo_pos < end; folio = next) {
		uint64_t blocks = blocks_in(m, folio, start, end);
		uint64_t kept = blocks & (folio->fo_dirty | folio->fo_failed);

		next = xfs_folio_next(folio);
		all = all && !kept;
		if (blocks & ~kept & folio->fo_uptodate)
			forget_blocks(m, folio, blocks & ~kept);
	}
	xfs_mutex_unlock(&m->m_lock);
	return all;
}
