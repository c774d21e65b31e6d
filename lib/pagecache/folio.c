/* SPDX-License-Identifier: MIT */
/* Folios in their mapping: finding, making, locking, and what a write-back changes. */
#include "device/queue.h"
#include "pagecache/pagecache_priv.h"

static struct xfs_folio *folio_of(struct xfs_rb_node *node)
{
	return node ? container_of(node, struct xfs_folio, fo_node) : NULL;
}

static struct xfs_folio *next_folio(struct xfs_folio *folio)
{
	return folio_of(xfs_rb_next(&folio->fo_node));
}

/* The last folio that begins at or before @pos. */
static struct xfs_folio *find_floor(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_rb_node *node = m->m_tree.root;
	struct xfs_folio *found = NULL;

	while (node) {
		struct xfs_folio *folio = folio_of(node);

		if (folio->fo_pos <= pos) {
			found = folio;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}

static bool covers(const struct xfs_folio *folio, uint64_t pos)
{
	return pos >= folio->fo_pos && pos - folio->fo_pos < folio->fo_size;
}

static struct xfs_folio *find(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_folio *folio = m->m_last;

	if (folio && covers(folio, pos))
		return folio;
	folio = find_floor(m, pos);
	if (!folio || !covers(folio, pos))
		return NULL;
	m->m_last = folio;
	return folio;
}

/* First folio that ends after @pos. */
static struct xfs_folio *find_from(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_folio *folio = find_floor(m, pos);

	if (!folio)
		return folio_of(xfs_rb_first(&m->m_tree));
	return covers(folio, pos) ? folio : next_folio(folio);
}

static void insert(struct xfs_mapping *m, struct xfs_folio *folio)
{
	struct xfs_rb_node **link = &m->m_tree.root, *parent = NULL;

	while (*link) {
		struct xfs_folio *other = folio_of(*link);

		parent = *link;
		ASSERT(xfs_folio_end(other) <= folio->fo_pos ||
		       xfs_folio_end(folio) <= other->fo_pos);
		link = folio->fo_pos < other->fo_pos ? &parent->left : &parent->right;
	}
	xfs_rb_insert(&m->m_tree, &folio->fo_node, parent, link);
	m->m_last = folio;
}

static uint32_t block_of(const struct xfs_mapping *m, const struct xfs_folio *folio, uint64_t pos)
{
	return (uint32_t)((pos - folio->fo_pos) >> m->m_cache->block_log);
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
		data = xfs_folio_memory_get(&pc->memory, xfs_highbit64(size) - pc->block_log,
					    &chunk);
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

static void lru_del(struct xfs_pagecache *pc, struct xfs_folio *folio)
{
	/* With failed blocks it is on the list of those, and stays there. */
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
	lru_del(m->m_cache, folio);
	xfs_rb_erase(&m->m_tree, &folio->fo_node);
	if (m->m_last == folio)
		m->m_last = NULL;
	xfs_folio_release_locked(m->m_cache, folio);
}

/*
 * A size for a folio that begins at block @start, where no folio is: about as large as the
 * request, or twice the one before it in a sequential stream, so that files written in
 * small pieces get folios in proportion to their size.
 */
static uint32_t choose_size(struct xfs_mapping *m, uint64_t start, uint64_t len)
{
	uint32_t block_log = m->m_cache->block_log;
	uint32_t max = xfs_folio_max_bytes(m->m_cache);
	struct xfs_folio *prev = find_floor(m, start);
	struct xfs_folio *next = prev ? next_folio(prev) : folio_of(xfs_rb_first(&m->m_tree));
	uint64_t size = max;

	if (len < max) {
		uint64_t blocks = xfs_howmany64(len, 1ull << block_log);
		uint64_t below = 1ull << xfs_highbit64(blocks);

		/* Better a quarter unused than two folios. */
		size = (blocks > below && blocks >= below + below / 2 ? below * 2 : below)
			<< block_log;
	}
	if (prev && xfs_folio_end(prev) == start)
		size = XFS_MAX(size, 2ull * prev->fo_size);
	size = XFS_MIN(size, max);
	while (start & (size - 1))
		size >>= 1;
	while (next && next->fo_pos < start + size)
		size >>= 1;
	return (uint32_t)size;
}

/* Mapping locked, and for a while not; @folio is pinned. */
static void wait_until_idle(struct xfs_mapping *m, struct xfs_folio *folio)
{
	while (folio->fo_locked || folio->fo_writing) {
		if (folio->fo_locked || m->m_claims) {
			m->m_waiters++;
			xfs_cond_wait(&m->m_wake, &m->m_lock);
			m->m_waiters--;
			continue;
		}
		/* Nobody is going to queue more: what is missing is in the queue. */
		xfs_mutex_unlock(&m->m_lock);
		xfs_queue_submit(m->m_cache->mount->m_queue);
		xfs_mutex_lock(&m->m_lock);
	}
}

static void lock_idle(struct xfs_mapping *m, struct xfs_folio *folio)
{
	folio->fo_pins++;
	wait_until_idle(m, folio);
	folio->fo_locked = true;
}

static void mark_used(struct xfs_folio *folio)
{
	__atomic_store_n(&folio->fo_used, 1, __ATOMIC_RELAXED);
}

int xfs_mapping_lock_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			   struct xfs_folio **folio_p)
{
	struct xfs_pagecache *pc = m->m_cache;
	uint64_t start = XFS_ALIGN_DOWN(pos, 1ull << pc->block_log);
	struct xfs_folio *folio;
	uint32_t size;

	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (!folio) {
		size = choose_size(m, start, len + (pos - start));
		/* By (PAGECACHE-1) nobody adds folios meanwhile. */
		xfs_mutex_unlock(&m->m_lock);
		folio = xfs_folio_make(m, start, size);
		if (!folio) {
			*folio_p = NULL;
			return -ENOMEM;
		}
		xfs_mutex_lock(&m->m_lock);
		insert(m, folio);
	} else if (folio->fo_uptodate) {
		/* Not when it was made a moment ago, for a mapping that turned out stale. */
		mark_used(folio);
	}
	lock_idle(m, folio);
	xfs_mutex_unlock(&m->m_lock);
	*folio_p = folio;
	return 0;
}

struct xfs_folio *xfs_mapping_lock_existing(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_folio *folio;

	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (folio)
		lock_idle(m, folio);
	xfs_mutex_unlock(&m->m_lock);
	return folio;
}

void xfs_folio_set_uptodate(struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_mapping *m = folio->fo_mapping;

	ASSERT(folio->fo_locked);
	xfs_mutex_lock(&m->m_lock);
	folio->fo_uptodate |= blocks;
	xfs_mutex_unlock(&m->m_lock);
}

/* The first dirty block of a folio: mapping and cache lock held. */
static void add_dirty(struct xfs_mapping *m, struct xfs_folio *folio)
{
	if (!xfs_list_empty(&m->m_dirty) &&
	    xfs_list_last_entry(&m->m_dirty, struct xfs_folio, fo_dirty_link)->fo_pos >
	    folio->fo_pos)
		m->m_unsorted = true;
	xfs_list_add_tail(&folio->fo_dirty_link, &m->m_dirty);
	m->m_nr_dirty++;
	lru_del(m->m_cache, folio);
	__atomic_store_n(&m->m_cache->dirty_bytes, m->m_cache->dirty_bytes + folio->fo_size,
			 __ATOMIC_RELAXED);
}

static void del_dirty(struct xfs_mapping *m, struct xfs_folio *folio)
{
	xfs_list_del(&folio->fo_dirty_link);
	m->m_nr_dirty--;
	__atomic_store_n(&m->m_cache->dirty_bytes, m->m_cache->dirty_bytes - folio->fo_size,
			 __ATOMIC_RELAXED);
}

bool xfs_folio_unlock(struct xfs_folio *folio, uint64_t dirty)
{
	struct xfs_mapping *m = folio->fo_mapping;
	struct xfs_pagecache *pc = m->m_cache;
	bool first = false;

	xfs_mutex_lock(&m->m_lock);
	ASSERT(folio->fo_locked && !folio->fo_writing);
	if (dirty && !folio->fo_dirty) {
		xfs_mutex_lock(&pc->lock);
		add_dirty(m, folio);
		first = xfs_mapping_update_state(m);
		xfs_mutex_unlock(&pc->lock);
	} else if (!dirty && !folio->fo_dirty && !folio->fo_failed) {
		xfs_mutex_lock(&pc->lock);
		xfs_folio_lru_add(pc, folio);
		xfs_mutex_unlock(&pc->lock);
	}
	folio->fo_uptodate |= dirty;
	folio->fo_dirty |= dirty;
	folio->fo_locked = false;
	folio->fo_pins--;
	if (m->m_waiters)
		xfs_cond_broadcast(&m->m_wake);
	xfs_mutex_unlock(&m->m_lock);
	return first;
}

struct xfs_folio *xfs_mapping_pin(struct xfs_mapping *m, uint64_t pos, uint64_t len,
				  uint64_t *valid)
{
	uint32_t block_log = m->m_cache->block_log;
	struct xfs_folio *folio;
	uint64_t end = pos + len;

	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (folio && folio->fo_uptodate >> block_of(m, folio, pos) & 1) {
		uint32_t block = block_of(m, folio, pos);
		uint32_t run = xfs_folio_run(folio->fo_uptodate, block);

		*valid = folio->fo_pos + ((uint64_t)(block + run) << block_log) - pos;
		folio->fo_pins++;
		mark_used(folio);
		xfs_mutex_unlock(&m->m_lock);
		return folio;
	}
	for (folio = find_from(m, pos); folio && folio->fo_pos < end; folio = next_folio(folio)) {
		uint64_t bits = folio->fo_uptodate;

		if (folio->fo_pos < pos)
			bits &= ~0ull << block_of(m, folio, pos);
		if (bits) {
			end = folio->fo_pos + ((uint64_t)xfs_lowbit64(bits) << block_log);
			break;
		}
	}
	xfs_mutex_unlock(&m->m_lock);
	*valid = XFS_MIN(end, pos + len) - pos;
	return NULL;
}

void xfs_folio_unpin(struct xfs_folio *folio)
{
	struct xfs_mapping *m = folio->fo_mapping;

	xfs_mutex_lock(&m->m_lock);
	ASSERT(folio->fo_pins);
	folio->fo_pins--;
	xfs_mutex_unlock(&m->m_lock);
}

int xfs_mapping_new_folio(struct xfs_mapping *m, uint64_t pos, uint64_t len,
			  struct xfs_folio **folio_p)
{
	uint64_t start = XFS_ALIGN_DOWN(pos, 1ull << m->m_cache->block_log);
	struct xfs_folio *folio;
	uint32_t size;

	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (folio) {
		/* It has a hole here: fill that, as far as the alignment of folios allows. */
		uint64_t want = XFS_MIN(xfs_folio_end(folio), pos + len) - start;

		size = 1u << m->m_cache->block_log;
		while (2ull * size <= want && !(start & (2ull * size - 1)))
			size *= 2;
	} else {
		size = choose_size(m, start, len + (pos - start));
	}
	xfs_mutex_unlock(&m->m_lock);
	*folio_p = xfs_folio_make(m, start, size);
	return *folio_p ? 0 : -ENOMEM;
}

/* Copy what is missing in the mapping's own folios from @src; mapping locked. */
static void fill_from(struct xfs_mapping *m, const struct xfs_folio *src, uint32_t blocks)
{
	uint32_t block_log = m->m_cache->block_log, i;

	for (i = 0; i < blocks; i++) {
		uint64_t pos = src->fo_pos + ((uint64_t)i << block_log);
		struct xfs_folio *folio = find(m, pos);
		uint64_t bit;

		if (!folio)
			continue;
		bit = 1ull << block_of(m, folio, pos);
		if (folio->fo_uptodate & bit)
			continue;
		ASSERT(!folio->fo_locked);
		memcpy(folio->fo_data + (pos - folio->fo_pos),
		       src->fo_data + ((size_t)i << block_log), 1u << block_log);
		folio->fo_uptodate |= bit;
	}
}

void xfs_mapping_add_clean(struct xfs_mapping *m, struct xfs_folio *folio, uint32_t blocks)
{
	struct xfs_pagecache *pc = m->m_cache;
	struct xfs_folio *other;

	xfs_mutex_lock(&m->m_lock);
	other = find_from(m, folio->fo_pos);
	if (other && other->fo_pos < xfs_folio_end(folio)) {
		/* Another reader was first, or a folio was there with a hole. */
		fill_from(m, folio, blocks);
		xfs_mutex_lock(&pc->lock);
		xfs_folio_release_locked(pc, folio);
	} else {
		folio->fo_uptodate = xfs_folio_mask(0, blocks);
		mark_used(folio);
		insert(m, folio);
		xfs_mutex_lock(&pc->lock);
		xfs_folio_lru_add(pc, folio);
	}
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

bool xfs_mapping_find_dirty(struct xfs_mapping *m, uint64_t pos, uint64_t end, uint64_t *start,
			    uint64_t *run_end)
{
	uint32_t block_log = m->m_cache->block_log;
	struct xfs_folio *folio;
	bool found = false;

	xfs_mutex_lock(&m->m_lock);
	for (folio = find_from(m, pos); folio && folio->fo_pos < end; folio = next_folio(folio)) {
		uint64_t bits = folio->fo_dirty | folio->fo_writing;
		uint32_t first, run;

		if (folio->fo_pos < pos)
			bits &= ~0ull << block_of(m, folio, pos);
		if (found && (!(bits & 1) || folio->fo_pos != *run_end))
			break;
		if (!bits)
			continue;
		first = xfs_lowbit64(bits);
		run = xfs_folio_run(bits, first);
		if (!found)
			*start = folio->fo_pos + ((uint64_t)first << block_log);
		*run_end = folio->fo_pos + ((uint64_t)(first + run) << block_log);
		found = true;
		if (*run_end != xfs_folio_end(folio))
			break;
	}
	xfs_mutex_unlock(&m->m_lock);
	if (!found || *start >= end)
		return false;
	*start = XFS_MAX(*start, pos);
	*run_end = XFS_MIN(*run_end, end);
	return true;
}

bool xfs_mapping_may_pass(struct xfs_mapping *m, uint64_t start, uint64_t end)
{
	struct xfs_folio *folio;
	bool quiet;

	xfs_mutex_lock(&m->m_lock);
	folio = find_from(m, start);
	quiet = (!folio || folio->fo_pos >= end) && !m->m_claims && !m->m_nr_dirty &&
		!m->m_nr_writing && !m->m_nr_failed;
	xfs_mutex_unlock(&m->m_lock);
	return quiet;		/* by (PAGECACHE-1) it stays so */
}

/* ---- removal ---------------------------------------------------------------------- */

/* Mapping locked, nothing is writing: these blocks become empty. */
static void forget_blocks(struct xfs_mapping *m, struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_pagecache *pc = m->m_cache;

	xfs_mutex_lock(&pc->lock);
	folio->fo_uptodate &= ~blocks;
	if (folio->fo_dirty && !(folio->fo_dirty & ~blocks))
		del_dirty(m, folio);
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

/* Lock @m at a moment when nobody has claims and nothing is being written. */
static void lock_settled(struct xfs_mapping *m)
{
	xfs_mutex_lock(&m->m_lock);
	while (m->m_claims || m->m_nr_writing) {
		xfs_mutex_unlock(&m->m_lock);
		xfs_mapping_wait_writeback(m);
		xfs_mutex_lock(&m->m_lock);
	}
}

void xfs_mapping_truncate(struct xfs_mapping *m, uint64_t size)
{
	struct xfs_pagecache *pc = m->m_cache;
	uint64_t from = XFS_ALIGN(size, 1ull << pc->block_log);
	struct xfs_folio *folio, *next;

	lock_settled(m);
	for (folio = find_from(m, from); folio; folio = next) {
		next = next_folio(folio);
		ASSERT(!folio->fo_pins);
		if (folio->fo_pos >= from)
			forget_blocks(m, folio, xfs_folio_all(pc, folio));
		else
			forget_blocks(m, folio, ~0ull << block_of(m, folio, from));
	}
	xfs_mutex_lock(&pc->lock);
	xfs_mapping_update_state(m);
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

void xfs_mapping_drop_clean(struct xfs_mapping *m)
{
	struct xfs_pagecache *pc = m->m_cache;
	struct xfs_folio *folio, *next;

	xfs_mutex_lock(&m->m_lock);
	xfs_mutex_lock(&pc->lock);
	for (folio = folio_of(xfs_rb_first(&m->m_tree)); folio; folio = next) {
		next = next_folio(folio);
		if (!folio->fo_pins && !folio->fo_dirty && !folio->fo_writing && !folio->fo_failed)
			xfs_folio_evict_locked(m, folio);
	}
	xfs_mutex_unlock(&pc->lock);
	xfs_mutex_unlock(&m->m_lock);
}

/* ---- write-back ----------------------------------------------------------------------- */

static struct xfs_folio *dirty_entry(struct xfs_list *link)
{
	return xfs_list_entry(link, struct xfs_folio, fo_dirty_link);
}

/* Move the smaller first entries of the sorted lists @a and @b to the end of @out. */
static void merge_dirty(struct xfs_list *a, struct xfs_list *b, struct xfs_list *out)
{
	while (!xfs_list_empty(a) && !xfs_list_empty(b)) {
		bool take_a = dirty_entry(a->next)->fo_pos < dirty_entry(b->next)->fo_pos;

		xfs_list_move_tail(take_a ? a->next : b->next, out);
	}
	xfs_list_splice_tail(a, out);
	xfs_list_splice_tail(b, out);
}

/*
 * Merge sort by position.  sorted[i] is empty or holds 2^i ascending runs as
 * they were found, so a list with few disorders costs little more than a look at it.
 */
static void sort_dirty(struct xfs_list *list)
{
	struct xfs_list sorted[40], run, merged;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(sorted); i++)
		xfs_list_init(&sorted[i]);
	while (!xfs_list_empty(list)) {
		xfs_list_init(&run);
		do {
			xfs_list_move_tail(list->next, &run);
		} while (!xfs_list_empty(list) &&
			 dirty_entry(list->next)->fo_pos > dirty_entry(run.prev)->fo_pos);
		for (i = 0; i < ARRAY_SIZE(sorted) - 1 && !xfs_list_empty(&sorted[i]); i++) {
			xfs_list_init(&merged);
			merge_dirty(&sorted[i], &run, &merged);
			xfs_list_splice_tail(&merged, &run);
		}
		xfs_list_splice_tail(&run, &sorted[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sorted); i++) {
		xfs_list_init(&merged);
		merge_dirty(&sorted[i], list, &merged);
		xfs_list_splice_tail(&merged, list);
	}
}

/*
 * Whether @folio may be claimed now.  Failed blocks have to be dealt with first: their mapping
 * is about to become unwritten.
 */
static bool is_claimable(const struct xfs_folio *folio)
{
	return !folio->fo_locked && !folio->fo_failed;
}

/*
 * The first dirty folio that ends after @start and may be claimed.  Mapping locked; with @wait
 * it is released while somebody has a folio locked or deals with its failed blocks.
 * *@left_failed: a folio was passed over because nobody does.
 */
static struct xfs_folio *first_claimable(struct xfs_mapping *m, uint64_t start, uint64_t end,
					 bool wait, bool *left_failed)
{
	struct xfs_list *link;

again:
	*left_failed = false;
	if (m->m_unsorted) {
		sort_dirty(&m->m_dirty);
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
		/* Take its successors along while it is that easy. */
		for (;;) {
			struct xfs_list *link = folio->fo_dirty_link.next;

			del_dirty(m, folio);
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
	/* Nobody can have made it dirty, by (FOLIO-2). */
	if (!folio->fo_dirty)
		add_dirty(m, folio);
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
