/* SPDX-License-Identifier: MIT */
/* Mappings as a whole, and the cache shared by all of a mount: lists, limit, eviction. */
#include "device/queue.h"
#include "pagecache/pagecache_priv.h"

/* Limits of recycled objects; more are returned to the host. */
#define MAX_FREE_MAPPINGS	4096u
#define MAX_FREE_IOENDS		256u

#define MAX_ASKED_LOG		18u

/* One entry per 2 KiB of file data that may be cached. */
static uint32_t asked_log(uint64_t limit_bytes)
{
	return XFS_MIN((uint32_t)xfs_highbit64(limit_bytes >> 11), MAX_ASKED_LOG);
}

int xfs_pagecache_init(struct xfs_mount *mp)
{
	/* With less than a few of the largest folios, data would only be moved in and out. */
	uint64_t limit = XFS_MAX(mp->m_data_cache_bytes,
				 XFS_PAGECACHE_MIN_FOLIOS * (uint64_t)XFS_FOLIO_MAX_BYTES);
	struct xfs_pagecache *pc;
	uint64_t max_folios;

	pc = xfs_zalloc(mp, sizeof(*pc) + (sizeof(pc->asked[0]) << asked_log(limit)));
	if (!pc)
		return -ENOMEM;
	pc->mount = mp;
	pc->block_log = mp->m_geo.blocklog;
	pc->limit_bytes = limit;
	pc->asked_log = asked_log(limit);
	xfs_mutex_init(&pc->lock, XFS_CLASS_LEAF, 0);
	xfs_cond_init(&pc->unpicked);
	xfs_folio_memory_init(&pc->memory, &mp->m_mem, pc->block_log, pc->limit_bytes);
	max_folios = XFS_MIN(pc->limit_bytes >> pc->block_log, (uint64_t)UINT32_MAX);
	xfs_pool_init(&pc->folios, &mp->m_mem, sizeof(struct xfs_folio), sizeof(uint64_t),
		      (uint32_t)max_folios);
	xfs_pool_init(&pc->mappings, &mp->m_mem, sizeof(struct xfs_mapping), sizeof(uint64_t),
		      MAX_FREE_MAPPINGS);
	xfs_pool_init(&pc->ioends, &mp->m_mem, sizeof(struct xfs_ioend), sizeof(uint64_t),
		      MAX_FREE_IOENDS);
	xfs_list_init(&pc->lru_once);
	xfs_list_init(&pc->lru);
	xfs_list_init(&pc->failed);
	xfs_list_init(&pc->dirty);
	xfs_list_init(&pc->released);
	mp->m_pagecache = pc;
	return 0;
}

void xfs_pagecache_destroy(struct xfs_mount *mp)
{
	struct xfs_pagecache *pc = mp->m_pagecache;

	if (!pc)
		return;
	ASSERT(pc->nr_mappings == 0);
	ASSERT(pc->bytes == 0);
	xfs_pool_drain(&pc->ioends);
	xfs_pool_drain(&pc->mappings);
	xfs_pool_drain(&pc->folios);
	xfs_folio_memory_destroy(&pc->memory);
	xfs_cond_destroy(&pc->unpicked);
	xfs_mutex_destroy(&pc->lock);
	xfs_free(mp, pc);
	mp->m_pagecache = NULL;
}

bool xfs_pagecache_asked(struct xfs_mount *mp, const void *owner, uint64_t pos)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	/* Multiplying by 2^64 divided by the golden ratio makes the upper bits depend on all. */
	uint64_t hash = ((pos >> pc->block_log) + ((uint64_t)(uintptr_t)owner << 24)) *
			0x9e3779b97f4a7c15u;
	uint16_t *entry = &pc->asked[hash >> (64 - pc->asked_log)];
	uint16_t tag = (uint16_t)(hash >> 16) | 1;

	if (__atomic_load_n(entry, __ATOMIC_RELAXED) == tag)
		return true;
	__atomic_store_n(entry, tag, __ATOMIC_RELAXED);
	return false;
}

/* ---- one mapping ------------------------------------------------------------------ */

static struct xfs_mapping *mapping_alloc(struct xfs_pagecache *pc)
{
	struct xfs_mapping *m;

	xfs_mutex_lock(&pc->lock);
	m = xfs_pool_get(&pc->mappings);
	if (m)
		pc->nr_mappings++;
	xfs_mutex_unlock(&pc->lock);
	return m;
}

static struct xfs_mapping *mapping_new(struct xfs_pagecache *pc, void *owner)
{
	struct xfs_mapping *m = mapping_alloc(pc);

	for (unsigned int nth = 0; unlikely(!m) && xfs_shrink_caches(pc->mount, nth); nth++)
		m = mapping_alloc(pc);
	if (!m)
		return NULL;
	memset(m, 0, sizeof(*m));
	xfs_mutex_init(&m->m_lock, XFS_CLASS_LEAF, 0);
	xfs_cond_init(&m->m_wake);
	m->m_cache = pc;
	m->m_owner = owner;
	xfs_list_init(&m->m_dirty);
	xfs_list_init(&m->m_link);
	return m;
}

static void mapping_free(struct xfs_mapping *m)
{
	struct xfs_pagecache *pc = m->m_cache;

	xfs_cond_destroy(&m->m_wake);
	xfs_mutex_destroy(&m->m_lock);
	xfs_mutex_lock(&pc->lock);
	xfs_pool_put(&pc->mappings, m);
	pc->nr_mappings--;
	xfs_mutex_unlock(&pc->lock);
}

struct xfs_mapping *xfs_mapping_get(struct xfs_mount *mp, struct xfs_mapping **slot, void *owner)
{
	struct xfs_mapping *m = __atomic_load_n(slot, __ATOMIC_ACQUIRE), *other = NULL;

	if (m)
		return m;
	m = mapping_new(mp->m_pagecache, owner);
	if (!m)
		return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	if (__atomic_compare_exchange_n(slot, &other, m, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return m;
	mapping_free(m);
	return other;
}

static void set_state(struct xfs_mapping *m, enum xfs_mapping_state state)
{
	struct xfs_pagecache *pc = m->m_cache;

	if (m->m_state == XFS_MAPPING_RELEASED)
		__atomic_store_n(&pc->nr_released, pc->nr_released - 1, __ATOMIC_RELAXED);
	if (m->m_state == XFS_MAPPING_DIRTY)
		__atomic_store_n(&pc->nr_dirty, pc->nr_dirty - 1, __ATOMIC_RELAXED);
	if (m->m_state == XFS_MAPPING_IDLE)
		pc->nr_not_idle++;
	if (state == XFS_MAPPING_IDLE)
		pc->nr_not_idle--;
	xfs_list_del(&m->m_link);
	m->m_state = (uint8_t)state;
	if (state == XFS_MAPPING_DIRTY) {
		__atomic_store_n(&pc->nr_dirty, pc->nr_dirty + 1, __ATOMIC_RELAXED);
		xfs_list_add_tail(&m->m_link, &pc->dirty);
		m->m_seq = ++pc->dirty_seq;
		m->m_dirtied = __atomic_load_n(&pc->mount->m_clock_seconds, __ATOMIC_RELAXED);
	}
	if (state == XFS_MAPPING_RELEASED) {
		xfs_list_add_tail(&m->m_link, &pc->released);
		__atomic_store_n(&pc->nr_released, pc->nr_released + 1, __ATOMIC_RELAXED);
	}
}

void xfs_mapping_destroy(struct xfs_mapping *m)
{
	struct xfs_pagecache *pc;
	struct xfs_folio *folio;

	if (!m)
		return;
	pc = m->m_cache;
	xfs_mutex_lock(&m->m_lock);
	ASSERT(!m->m_claims && !m->m_nr_writing);
	xfs_mutex_lock(&pc->lock);
	while (m->m_tree.root) {
		folio = container_of(m->m_tree.root, struct xfs_folio, fo_node);
		if (folio->fo_dirty) {
			xfs_list_del(&folio->fo_dirty_link);
			__atomic_store_n(&pc->dirty_bytes, pc->dirty_bytes - folio->fo_size,
					 __ATOMIC_RELAXED);
		}
		if (folio->fo_failed) {
			xfs_list_del(&folio->fo_lru);
			__atomic_store_n(&pc->nr_failed, pc->nr_failed - 1, __ATOMIC_RELAXED);
		}
		folio->fo_dirty = folio->fo_failed = 0;
		xfs_folio_evict_locked(m, folio);
	}
	m->m_nr_dirty = m->m_nr_failed = 0;
	if (m->m_state != XFS_MAPPING_IDLE)
		set_state(m, XFS_MAPPING_IDLE);
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
	mapping_free(m);
}

bool xfs_mapping_update_state(struct xfs_mapping *m)
{
	bool was_idle = m->m_state == XFS_MAPPING_IDLE;
	enum xfs_mapping_state state;

	if (m->m_picked)
		state = XFS_MAPPING_HELD;
	else if (m->m_nr_dirty)
		state = XFS_MAPPING_DIRTY;
	else if (m->m_nr_writing || m->m_nr_failed)
		state = XFS_MAPPING_HELD;
	else
		state = was_idle ? XFS_MAPPING_IDLE : XFS_MAPPING_RELEASED;
	if (state != m->m_state)
		set_state(m, state);
	return was_idle && state != XFS_MAPPING_IDLE;
}

/* ---- the lists of the mount ---------------------------------------------------------- */

uint64_t xfs_pagecache_dirty_seq(struct xfs_mount *mp)
{
	uint64_t seq;

	xfs_mutex_lock(&mp->m_pagecache->lock);
	seq = mp->m_pagecache->dirty_seq;
	xfs_mutex_unlock(&mp->m_pagecache->lock);
	return seq;
}

uint64_t xfs_pagecache_dirty_since(struct xfs_mount *mp, int64_t seconds)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	struct xfs_mapping *m;
	uint64_t seq = 0;

	xfs_mutex_lock(&pc->lock);
	xfs_list_for_each_entry(m, &pc->dirty, m_link) {
		/*
		 * A mapping that could not be written was moved behind younger ones; it is written
		 * with them.
		 */
		if (m->m_dirtied > seconds)
			break;
		seq = m->m_seq;
	}
	xfs_mutex_unlock(&pc->lock);
	return seq;
}

struct xfs_mapping *xfs_pagecache_pick_dirty(struct xfs_mount *mp, uint64_t upto)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	struct xfs_mapping *m = NULL;

	xfs_mutex_lock(&pc->lock);
	if (!xfs_list_empty(&pc->dirty))
		m = xfs_list_first_entry(&pc->dirty, struct xfs_mapping, m_link);
	if (m && m->m_seq > upto)
		m = NULL;
	if (m) {
		m->m_picked = true;
		pc->nr_picked++;
		set_state(m, XFS_MAPPING_HELD);
	}
	xfs_mutex_unlock(&pc->lock);
	return m;
}

void xfs_pagecache_unpick(struct xfs_mapping *m, bool rotate)
{
	struct xfs_pagecache *pc = m->m_cache;
	int64_t dirtied;
	uint64_t seq;

	xfs_mutex_lock(&m->m_lock);
	xfs_mutex_lock(&pc->lock);
	m->m_picked = false;
	seq = m->m_seq;
	dirtied = m->m_dirtied;
	xfs_mapping_update_state(m);
	m->m_dirtied = dirtied;
	if (m->m_state == XFS_MAPPING_DIRTY && !rotate) {
		m->m_seq = seq;
		xfs_list_move(&m->m_link, &pc->dirty);
	}
	if (--pc->nr_picked == 0)
		xfs_cond_broadcast(&pc->unpicked);
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

/* The list may be long, and its lock is shared by all threads. */
#define MAX_LOOKS	64u

bool xfs_pagecache_has_dirty(struct xfs_mount *mp, bool (*is)(const void *owner))
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	struct xfs_mapping *m;
	uint32_t looks = 0;
	bool has = false;

	xfs_mutex_lock(&pc->lock);
	xfs_list_for_each_entry(m, &pc->dirty, m_link) {
		has = is(m->m_owner);
		if (has || ++looks == MAX_LOOKS)
			break;
	}
	xfs_mutex_unlock(&pc->lock);
	return has;
}

void xfs_pagecache_wait_picked(struct xfs_mount *mp)
{
	struct xfs_pagecache *pc = mp->m_pagecache;

	xfs_mutex_lock(&pc->lock);
	while (pc->nr_picked)
		xfs_cond_wait(&pc->unpicked, &pc->lock);
	xfs_mutex_unlock(&pc->lock);
}

bool xfs_pagecache_holds_owners(struct xfs_mount *mp)
{
	bool holds;

	xfs_mutex_lock(&mp->m_pagecache->lock);
	holds = mp->m_pagecache->nr_not_idle > 0;
	xfs_mutex_unlock(&mp->m_pagecache->lock);
	return holds;
}

bool xfs_pagecache_has_clean(struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_pagecache->nr_released, __ATOMIC_RELAXED) > 0;
}

bool xfs_pagecache_has_failed(struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_pagecache->nr_failed, __ATOMIC_RELAXED) > 0;
}

void *xfs_pagecache_pop_clean(struct xfs_mount *mp)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	struct xfs_mapping *m;
	void *owner = NULL;

	if (!xfs_pagecache_has_clean(mp))
		return NULL;
	xfs_mutex_lock(&pc->lock);
	if (!xfs_list_empty(&pc->released)) {
		m = xfs_list_first_entry(&pc->released, struct xfs_mapping, m_link);
		owner = m->m_owner;
		set_state(m, XFS_MAPPING_IDLE);
	}
	xfs_mutex_unlock(&pc->lock);
	return owner;
}

/* Cache lock held: take the first failed folio and claim its mapping.  False: try again. */
static bool claim_failed(struct xfs_pagecache *pc, struct xfs_folio **folio_p, uint64_t *blocks)
{
	struct xfs_folio *folio;

	*folio_p = NULL;
	if (xfs_list_empty(&pc->failed))
		return true;
	folio = xfs_list_first_entry(&pc->failed, struct xfs_folio, fo_lru);
	/* The mapping's lock comes before ours, so only try it; its holder keeps it briefly. */
	if (!xfs_mutex_trylock(&folio->fo_mapping->m_lock))
		return false;
	folio->fo_mapping->m_claims++;
	xfs_list_del(&folio->fo_lru);
	__atomic_store_n(&pc->nr_failed, pc->nr_failed - 1, __ATOMIC_RELAXED);
	*blocks = folio->fo_failed;
	*folio_p = folio;
	xfs_mutex_unlock(&folio->fo_mapping->m_lock);
	return true;
}

struct xfs_folio *xfs_pagecache_pop_failed(struct xfs_mount *mp, uint64_t *blocks)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	struct xfs_folio *folio = NULL;
	bool settled = !xfs_pagecache_has_failed(mp);

	while (!settled) {
		xfs_mutex_lock(&pc->lock);
		settled = claim_failed(pc, &folio, blocks);
		xfs_mutex_unlock(&pc->lock);
	}
	return folio;
}

void xfs_folio_end_failed(struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_mapping *m = folio->fo_mapping;
	struct xfs_pagecache *pc = m->m_cache;

	xfs_mutex_lock(&m->m_lock);
	xfs_mutex_lock(&pc->lock);
	folio->fo_failed &= ~blocks;
	/*
	 * The disk reads as zeros now, so a clean block is no longer up to date.  A thread that has
	 * the folio locked is changing it and decides itself.
	 */
	if (!folio->fo_locked)
		folio->fo_uptodate &= ~(blocks & ~folio->fo_dirty & ~folio->fo_writing);
	if (folio->fo_failed) {
		/* More blocks failed meanwhile. */
		xfs_list_add_tail(&folio->fo_lru, &pc->failed);
		__atomic_store_n(&pc->nr_failed, pc->nr_failed + 1, __ATOMIC_RELAXED);
	} else {
		m->m_nr_failed--;
		if (!folio->fo_dirty && !folio->fo_writing)
			xfs_folio_lru_add(pc, folio);
	}
	m->m_claims--;
	if (m->m_waiters)
		xfs_cond_broadcast(&m->m_wake);
	xfs_mapping_update_state(m);
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

struct xfs_ioend *xfs_ioend_alloc(struct xfs_mapping *m)
{
	struct xfs_ioend *ioend;

	xfs_mutex_lock(&m->m_cache->lock);
	ioend = xfs_pool_get(&m->m_cache->ioends);
	xfs_mutex_unlock(&m->m_cache->lock);
	return ioend;
}

void xfs_ioend_free(struct xfs_mapping *m, struct xfs_ioend *ioend)
{
	xfs_mutex_lock(&m->m_cache->lock);
	xfs_pool_put(&m->m_cache->ioends, ioend);
	xfs_mutex_unlock(&m->m_cache->lock);
}

/* ---- the memory limit ------------------------------------------------------------------ */

uint64_t xfs_pagecache_bytes(struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_pagecache->bytes, __ATOMIC_RELAXED);
}

uint64_t xfs_pagecache_dirty_bytes(struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_pagecache->dirty_bytes, __ATOMIC_RELAXED);
}

/*
 * Data should still be in the CPU's cache when it is written; on the other hand, a long write-back
 * makes long extents.  So large files may keep an eighth of the cache dirty, but at most a few
 * hundred files are dirty.  The rest of the cache is for data being written and for readers.
 */
#define MAX_DIRTY_MAPPINGS	256u
#define KEEP_ONCE_BYTES		(512u << 10)

static uint64_t dirty_limit(const struct xfs_pagecache *pc)
{
	return XFS_MAX(pc->limit_bytes / 8, 2ull * XFS_FOLIO_MAX_BYTES);
}

/* True if @bytes more exceed @parts quarters of the dirty limit. */
static bool is_over(const struct xfs_pagecache *pc, uint64_t bytes, uint32_t parts)
{
	return __atomic_load_n(&pc->dirty_bytes, __ATOMIC_RELAXED) + bytes >
	       dirty_limit(pc) * parts / 4 ||
	       __atomic_load_n(&pc->nr_dirty, __ATOMIC_RELAXED) > MAX_DIRTY_MAPPINGS * parts / 4;
}

bool xfs_pagecache_is_dirty_enough(struct xfs_mount *mp)
{
	return is_over(mp->m_pagecache, 0, 2);
}

bool xfs_pagecache_must_write(const struct xfs_pagecache *pc, uint64_t bytes)
{
	return is_over(pc, bytes, 4);
}

/*
 * Evict the first folio of @list, or move it to the end of the LRU list if it was used since the
 * last look, is pinned, or its mapping is locked.  That lock comes before ours, so it can only be
 * tried; its holder is probably using one of the folios.
 */
static void evict_first(struct xfs_pagecache *pc, struct xfs_list *list)
{
	struct xfs_folio *folio = xfs_list_first_entry(list, struct xfs_folio, fo_lru);
	struct xfs_mapping *m = folio->fo_mapping;

	xfs_list_move_tail(&folio->fo_lru, &pc->lru);
	xfs_folio_leave_once(pc, folio);
	if (__atomic_exchange_n(&folio->fo_used, 0, __ATOMIC_RELAXED))
		return;
	if (!xfs_mutex_trylock(&m->m_lock))
		return;
	if (!folio->fo_pins)
		xfs_folio_evict_locked(m, folio);
	xfs_mutex_unlock(&m->m_lock);
}

void xfs_pagecache_shrink(struct xfs_mount *mp, uint64_t target_bytes)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	uint64_t looks;

	xfs_mutex_lock(&pc->lock);
	for (looks = 2 * pc->nr_lru; looks && pc->nr_lru && pc->bytes > target_bytes; looks--)
		evict_first(pc, xfs_list_empty(&pc->lru_once) ? &pc->lru : &pc->lru_once);
	xfs_mutex_unlock(&pc->lock);
}

void xfs_pagecache_trim(struct xfs_mount *mp)
{
	struct xfs_pagecache *pc = mp->m_pagecache;

	xfs_mutex_lock(&pc->lock);
	xfs_folio_memory_trim(&pc->memory);
	xfs_pool_drain(&pc->folios);
	xfs_pool_drain(&pc->mappings);
	xfs_pool_drain(&pc->ioends);
	xfs_mutex_unlock(&pc->lock);
}

/* Evict folios that were written once before using new memory. */
static void recycle(struct xfs_pagecache *pc, uint64_t bytes)
{
	uint64_t target;

	if (__atomic_load_n(&pc->once_bytes, __ATOMIC_RELAXED) <= KEEP_ONCE_BYTES)
		return;
	xfs_mutex_lock(&pc->lock);
	target = pc->bytes - XFS_MIN(bytes, pc->bytes);
	while (pc->bytes > target && pc->once_bytes > KEEP_ONCE_BYTES)
		evict_first(pc, &pc->lru_once);
	xfs_mutex_unlock(&pc->lock);
}

static bool has_room(struct xfs_mount *mp, uint64_t bytes)
{
	return xfs_pagecache_bytes(mp) + bytes <= mp->m_pagecache->limit_bytes;
}

void xfs_pagecache_make_room(struct xfs_mount *mp, uint64_t bytes)
{
	struct xfs_pagecache *pc = mp->m_pagecache;
	uint64_t spare = pc->limit_bytes / 16;

	if (is_over(pc, bytes, 4) && !xfs_nowait() && mp->m_upcalls && mp->m_upcalls->writeback_some)
		/* Errors belong to the files that were written; their fsync returns them. */
		(void)mp->m_upcalls->writeback_some(mp);
	recycle(pc, bytes);
	if (has_room(mp, bytes))
		return;
	/* A little more than needed, so that not every folio comes here. */
	xfs_pagecache_shrink(mp, pc->limit_bytes - XFS_MIN(bytes + spare, pc->limit_bytes));
	if (has_room(mp, bytes) || !mp->m_queue || xfs_nowait())
		return;
	/*
	 * The remaining folios are in the device queue.  If writing it does not help either, exceed
	 * the limit.
	 */
	xfs_queue_submit(mp->m_queue);
	xfs_pagecache_shrink(mp, pc->limit_bytes - XFS_MIN(bytes + spare, pc->limit_bytes));
}

struct xfs_folio *xfs_folio_make(struct xfs_mapping *m, uint64_t pos, uint32_t size)
{
	struct xfs_mount *mp = m->m_cache->mount;
	struct xfs_folio *folio;

	xfs_pagecache_make_room(mp, size);
	folio = xfs_folio_new(m, pos, size);
	for (unsigned int nth = 0; unlikely(!folio) && xfs_shrink_caches(mp, nth); nth++)
		folio = xfs_folio_new(m, pos, size);
	if (likely(folio))
		return folio;
	if (!xfs_nowait_refuses() && mp->m_upcalls && mp->m_upcalls->relieve_memory) {
		/* Errors belong to the files that were written; their fsync returns them. */
		(void)mp->m_upcalls->relieve_memory(mp);
		folio = xfs_folio_new(m, pos, size);
	}
	while (!folio && size >> m->m_cache->block_log > 1) {
		size /= 2;
		folio = xfs_folio_new(m, pos, size);
	}
	return folio;
}
