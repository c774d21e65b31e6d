/* SPDX-License-Identifier: MIT */
/* Folios in their mapping: finding, creating, locking and pinning. */
#include "device/queue.h"
#include "pagecache/pagecache_priv.h"

struct xfs_folio *xfs_folio_floor(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_rb_node *node = m->m_tree.root;
	struct xfs_folio *found = NULL;

	while (node) {
		struct xfs_folio *folio = xfs_folio_of(node);

		if (folio->fo_pos <= pos) {
			found = folio;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}

static struct xfs_folio *find(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_folio *folio = m->m_last;

	if (folio && xfs_folio_covers(folio, pos))
		return folio;
	folio = xfs_folio_floor(m, pos);
	if (!folio || !xfs_folio_covers(folio, pos))
		return NULL;
	m->m_last = folio;
	return folio;
}

struct xfs_folio *xfs_folio_from(struct xfs_mapping *m, uint64_t pos)
{
	struct xfs_folio *folio = xfs_folio_floor(m, pos);

	if (!folio)
		return xfs_folio_of(xfs_rb_first(&m->m_tree));
	return xfs_folio_covers(folio, pos) ? folio : xfs_folio_next(folio);
}

static void insert(struct xfs_mapping *m, struct xfs_folio *folio)
{
	struct xfs_rb_node **link = &m->m_tree.root, *parent = NULL;

	while (*link) {
		struct xfs_folio *other = xfs_folio_of(*link);

		parent = *link;
		ASSERT(xfs_folio_end(other) <= folio->fo_pos ||
		       xfs_folio_end(folio) <= other->fo_pos);
		link = folio->fo_pos < other->fo_pos ? &parent->left : &parent->right;
	}
	xfs_rb_insert(&m->m_tree, &folio->fo_node, parent, link);
	m->m_last = folio;
}

/*
 * Size of a new folio at block @start: about as large as the request, or twice its predecessor in a
 * sequential stream, so that files written in small pieces get folios in proportion to their size.
 */
static uint32_t choose_size(struct xfs_mapping *m, uint64_t start, uint64_t len)
{
	uint32_t block_log = m->m_cache->block_log;
	uint32_t max = xfs_folio_max_bytes(m->m_cache);
	struct xfs_folio *prev = xfs_folio_floor(m, start);
	struct xfs_folio *next = prev ? xfs_folio_next(prev) : xfs_folio_of(xfs_rb_first(&m->m_tree));
	uint64_t size = max;

	if (len < max) {
		uint64_t blocks = xfs_howmany64(len, 1ull << block_log);
		uint64_t below = 1ull << xfs_highbit64(blocks);

		/* Rather leave a quarter unused than make two folios. */
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

/* Size of a new folio to read @len bytes into: no larger, except that the last block is whole. */
static uint32_t read_size(struct xfs_mapping *m, uint64_t start, uint64_t len)
{
	uint32_t block_log = m->m_cache->block_log;
	struct xfs_folio *next = xfs_folio_from(m, start);
	uint64_t size = xfs_folio_max_bytes(m->m_cache);

	if (len < size)
		size = 1ull << (xfs_highbit64(xfs_howmany64(len, 1ull << block_log)) + block_log);
	while (start & (size - 1))
		size >>= 1;
	while (next && next->fo_pos < start + size)
		size >>= 1;
	return (uint32_t)size;
}

/*
 * Wait until @folio, which is pinned, is neither locked nor written.  Mapping locked; the lock is
 * dropped while waiting.
 */
static int wait_until_idle(struct xfs_mapping *m, struct xfs_folio *folio) XFS_HOLDS(m->m_lock)
{
	while (folio->fo_locked || folio->fo_writing) {
		if (xfs_nowait())
			return xfs_would_wait("file data is locked or being written");
		if (folio->fo_locked || m->m_claims) {
			m->m_waiters++;
			xfs_cond_wait(&m->m_wake, &m->m_lock);
			m->m_waiters--;
			continue;
		}
		/* No claim is open, so all that is still writing has been queued. */
		xfs_mutex_unlock(&m->m_lock);
		xfs_queue_submit(m->m_cache->mount->m_queue);
		xfs_mutex_lock(&m->m_lock);
	}
	return 0;
}

static int lock_idle(struct xfs_mapping *m, struct xfs_folio *folio) XFS_HOLDS(m->m_lock)
{
	int error;

	folio->fo_pins++;
	error = wait_until_idle(m, folio);
	if (error)
		folio->fo_pins--;
	else
		folio->fo_locked = true;
	return error;
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
	int error;

	*folio_p = NULL;
	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (!folio) {
		size = choose_size(m, start, len + (pos - start));
		/* PAGECACHE-1: nobody else adds folios meanwhile. */
		xfs_mutex_unlock(&m->m_lock);
		if (xfs_nowait() && xfs_pagecache_must_write(pc, size))
			return xfs_would_wait("dirty data must be written first");
		folio = xfs_folio_make(m, start, size);
		if (!folio)
			return -ENOMEM;
		xfs_mutex_lock(&m->m_lock);
		insert(m, folio);
	} else if (folio->fo_uptodate) {
		/* Not if it was created a moment ago for an iomap that turned out stale. */
		mark_used(folio);
	}
	error = lock_idle(m, folio);
	xfs_mutex_unlock(&m->m_lock);
	if (!error)
		*folio_p = folio;
	return error;
}

int xfs_mapping_lock_existing(struct xfs_mapping *m, uint64_t pos, struct xfs_folio **folio_p)
{
	struct xfs_folio *folio;
	int error = 0;

	xfs_mutex_lock(&m->m_lock);
	folio = find(m, pos);
	if (folio)
		error = lock_idle(m, folio);
	xfs_mutex_unlock(&m->m_lock);
	*folio_p = error ? NULL : folio;
	return error;
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
		xfs_folio_add_dirty(m, folio);
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
	if (folio && folio->fo_uptodate >> xfs_folio_block(m, folio, pos) & 1) {
		uint32_t block = xfs_folio_block(m, folio, pos);
		uint32_t run = xfs_folio_run(folio->fo_uptodate, block);

		*valid = folio->fo_pos + ((uint64_t)(block + run) << block_log) - pos;
		folio->fo_pins++;
		mark_used(folio);
		xfs_mutex_unlock(&m->m_lock);
		return folio;
	}
	/* No folio begins before @pos and reaches beyond it: take the first one after it. */
	if (!folio)
		folio = xfs_folio_from(m, pos);
	for (; folio && folio->fo_pos < end; folio = xfs_folio_next(folio)) {
		uint64_t bits = folio->fo_uptodate;

		if (folio->fo_pos < pos)
			bits &= ~0ull << xfs_folio_block(m, folio, pos);
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
		/*
		 * The block is missing from an existing folio: fill as many blocks as a folio's
		 * alignment allows.
		 */
		uint64_t want = XFS_MIN(xfs_folio_end(folio), pos + len) - start;

		size = 1u << m->m_cache->block_log;
		while (2ull * size <= want && !(start & (2ull * size - 1)))
			size *= 2;
	} else {
		size = read_size(m, start, len + (pos - start));
	}
	xfs_mutex_unlock(&m->m_lock);
	*folio_p = xfs_folio_make(m, start, size);
	return *folio_p ? 0 : -ENOMEM;
}

/* Copy blocks that are missing in the mapping's own folios from @src; mapping locked. */
static void fill_from(struct xfs_mapping *m, const struct xfs_folio *src, uint32_t blocks)
{
	uint32_t block_log = m->m_cache->block_log, i;

	for (i = 0; i < blocks; i++) {
		uint64_t pos = src->fo_pos + ((uint64_t)i << block_log);
		struct xfs_folio *folio = find(m, pos);
		uint64_t bit;

		if (!folio)
			continue;
		bit = 1ull << xfs_folio_block(m, folio, pos);
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
	other = xfs_folio_from(m, folio->fo_pos);
	if (other && other->fo_pos < xfs_folio_end(folio)) {
		/* Another reader was faster, or an existing folio lacked these blocks. */
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
	for (folio = xfs_folio_from(m, pos); folio && folio->fo_pos < end; folio = xfs_folio_next(folio)) {
		uint64_t bits = folio->fo_dirty | folio->fo_writing;
		uint32_t first, run;

		if (folio->fo_pos < pos)
			bits &= ~0ull << xfs_folio_block(m, folio, pos);
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

bool xfs_mapping_is_writing(struct xfs_mapping *m)
{
	bool writing;

	xfs_mutex_lock(&m->m_lock);
	writing = m->m_claims || m->m_nr_writing;
	xfs_mutex_unlock(&m->m_lock);
	return writing;
}

bool xfs_mapping_may_pass(struct xfs_mapping *m, uint64_t start, uint64_t end)
{
	struct xfs_folio *folio;
	bool quiet;

	xfs_mutex_lock(&m->m_lock);
	folio = xfs_folio_from(m, start);
	quiet = (!folio || folio->fo_pos >= end) && !m->m_claims && !m->m_nr_dirty &&
		!m->m_nr_writing && !m->m_nr_failed;
	xfs_mutex_unlock(&m->m_lock);
	return quiet;		/* PAGECACHE-1: this stays so */
}
