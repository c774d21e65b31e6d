/* SPDX-License-Identifier: MIT */
/* Dirty folios: their list, claiming them for write-back, and the end of a write. */
#include "base/sort.h"
#include "device/queue.h"
#include "pagecache/pagecache_priv.h"

void xfs_folio_add_dirty(struct xfs_mapping *m, struct xfs_folio *folio)
{
	if (!xfs_list_empty(&m->m_dirty) &&
	    xfs_list_last_entry(&m->m_dirty, struct xfs_folio, fo_dirty_link)->fo_pos >
	    folio->fo_pos)
		m->m_unsorted = true;
	xfs_list_add_tail(&folio->fo_dirty_link, &m->m_dirty);
	m->m_nr_dirty++;
	xfs_folio_lru_del(m->m_cache, folio);
	__atomic_store_n(&m->m_cache->dirty_bytes, m->m_cache->dirty_bytes + folio->fo_size,
			 __ATOMIC_RELAXED);
}

void xfs_folio_del_dirty(struct xfs_mapping *m, struct xfs_folio *folio)
{
	xfs_list_del(&folio->fo_dirty_link);
	m->m_nr_dirty--;
	__atomic_store_n(&m->m_cache->dirty_bytes, m->m_cache->dirty_bytes - folio->fo_size,
			 __ATOMIC_RELAXED);
}

static struct xfs_folio *dirty_entry(struct xfs_list *link)
{
	return xfs_list_entry(link, struct xfs_folio, fo_dirty_link);
}

static uint64_t pos_of(const void *link)
{
	const void *folio = (const char *)link - offsetof(struct xfs_folio, fo_dirty_link);

	return ((const struct xfs_folio *)folio)->fo_pos;
}

static bool by_position(const void *a, const void *b)
{
	return pos_of(a) <= pos_of(b);
}

/*
 * Whether @folio may be claimed now.  Failed blocks must be handled first, because their mapping is
 * about to become unwritten.
 */
static bool is_claimable(const struct xfs_folio *folio)
{
	return !folio->fo_locked && !folio->fo_failed;
}

/*
 * The first dirty folio that ends after @start and may be claimed.  Mapping locked; with @wait the
 * lock is dropped while another thread has a folio locked or handles its failed blocks.
 * *@left_failed: a folio was skipped because no thread handles its failed blocks.
 */
static struct xfs_folio *first_claimable(struct xfs_mapping *m, uint64_t start, uint64_t end,
					 bool wait, bool *left_failed) XFS_HOLDS(m->m_lock)
{
	struct xfs_list *link;

again:
	*left_failed = false;
	if (m->m_unsorted) {
		xfs_list_sort(&m->m_dirty, by_position);
		m->m_unsorted = false;
	}
	xfs_list_for_each(link, &m->m_dirty) {
		struct xfs_folio *folio = dirty_entry(link);

		if (folio->fo_pos >= end)
			break;
		if (xfs_folio_end(folio) <= start)
			continue;
		if (is_claimable(folio))
			return folio;
		if (!wait)
			continue;
		if (folio->fo_failed && !xfs_list_empty(&folio->fo_lru)) {
			*left_failed = true;
			continue;
		}
		m->m_waiters++;
		xfs_cond_wait(&m->m_wake, &m->m_lock);
		m->m_waiters--;
		goto again;
	}
	return NULL;
}

uint64_t xfs_mapping_claim(struct xfs_mapping *m, uint64_t start, uint64_t end,
			   uint64_t max_bytes, bool wait, struct xfs_list *out, bool *left_failed)
{
	struct xfs_pagecache *pc = m->m_cache;
	struct xfs_folio *folio;
	uint64_t bytes = 0;
	bool failed;

	*left_failed = false;
	xfs_mutex_lock(&m->m_lock);
	while (bytes < max_bytes) {
		folio = first_claimable(m, start, end, wait, &failed);
		*left_failed |= failed;
		if (!folio)
			break;
		if (!bytes)
			m->m_claims++;
		bytes += folio->fo_size;
		start = xfs_folio_end(folio);
		xfs_mutex_lock(&pc->lock);
		/* Claim the folios that follow it in the list too, while that needs no search. */
		for (;;) {
			struct xfs_list *link = folio->fo_dirty_link.next;

			xfs_folio_del_dirty(m, folio);
			xfs_list_add_tail(&folio->fo_dirty_link, out);
			folio->fo_writing = folio->fo_dirty;
			folio->fo_dirty = 0;
			m->m_nr_writing++;
			if (link == &m->m_dirty || bytes >= max_bytes)
				break;
			folio = dirty_entry(link);
			if (!is_claimable(folio) || folio->fo_pos >= end)
				break;
			bytes += folio->fo_size;
			start = xfs_folio_end(folio);
		}
		xfs_mapping_update_state(m);
		xfs_mutex_unlock(&pc->lock);
	}
	xfs_mutex_unlock(&m->m_lock);
	return bytes;
}

void xfs_mapping_end_claim(struct xfs_mapping *m)
{
	xfs_mutex_lock(&m->m_lock);
	ASSERT(m->m_claims);
	m->m_claims--;
	if (m->m_waiters)
		xfs_cond_broadcast(&m->m_wake);
	xfs_mutex_unlock(&m->m_lock);
}

void xfs_folio_end_write(struct xfs_folio *folio, uint64_t blocks, bool failed)
{
	struct xfs_mapping *m = folio->fo_mapping;
	struct xfs_pagecache *pc = m->m_cache;

	xfs_mutex_lock(&m->m_lock);
	ASSERT((folio->fo_writing & blocks) == blocks);
	xfs_mutex_lock(&pc->lock);
	if (failed && !folio->fo_failed) {
		xfs_list_add_tail(&folio->fo_lru, &pc->failed);
		__atomic_store_n(&pc->nr_failed, pc->nr_failed + 1, __ATOMIC_RELAXED);
		m->m_nr_failed++;
	}
	if (failed)
		folio->fo_failed |= blocks;
	folio->fo_writing &= ~blocks;
	if (!folio->fo_writing) {
		m->m_nr_writing--;
		if (!folio->fo_failed && !folio->fo_dirty)
			xfs_folio_lru_add(pc, folio);
		xfs_mapping_update_state(m);
	}
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

void xfs_folio_redirty(struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_mapping *m = folio->fo_mapping;

	xfs_mutex_lock(&m->m_lock);
	ASSERT((folio->fo_writing & blocks) == blocks);
	xfs_mutex_lock(&m->m_cache->lock);
	/* FOLIO-2: nobody can have dirtied it meanwhile. */
	if (!folio->fo_dirty)
		xfs_folio_add_dirty(m, folio);
	folio->fo_dirty |= blocks;
	folio->fo_writing &= ~blocks;
	if (!folio->fo_writing)
		m->m_nr_writing--;
	xfs_mapping_update_state(m);
	xfs_mutex_unlock(&m->m_cache->lock);
	xfs_mutex_unlock(&m->m_lock);
}

void xfs_mapping_wait_writeback(struct xfs_mapping *m)
{
	bool writing;

	xfs_mutex_lock(&m->m_lock);
	while (m->m_claims) {
		m->m_waiters++;
		xfs_cond_wait(&m->m_wake, &m->m_lock);
		m->m_waiters--;
	}
	writing = m->m_nr_writing > 0;
	xfs_mutex_unlock(&m->m_lock);
	if (writing)
		xfs_queue_submit(m->m_cache->mount->m_queue);
}
