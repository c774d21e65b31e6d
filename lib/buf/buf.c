/* SPDX-License-Identifier: MIT */
/* The buffer cache: finding, making and forgetting buffers; see buf.h for the rules. */
#include "base/crc32c.h"
#include "buf/buf_priv.h"
#include "core/lsn.h"
#include "core/message.h"

#define INITIAL_HASH_LOG	10

static inline uint64_t hash_slot(const struct xfs_buf_cache *cache, xfs_daddr_t daddr)
{
	return (uint64_t)daddr * 0x9e3779b97f4a7c15u >> (64 - cache->bc_hash_log);
}

static inline uint32_t pool_index(uint32_t len)
{
	uint32_t log = xfs_log2_ceil(len);

	return log <= XFS_BUF_MIN_LOG ? 0 : log - XFS_BUF_MIN_LOG;
}

int xfs_buf_cache_init(struct xfs_mount *mp)
{
	struct xfs_buf_cache *cache = xfs_zalloc(mp, sizeof(*cache));

	if (!cache)
		return xfs_error(mp, -ENOMEM, "out of memory for the buffer cache");
	cache->bc_hash_log = INITIAL_HASH_LOG;
	cache->bc_hash = xfs_zalloc(mp, sizeof(*cache->bc_hash) << cache->bc_hash_log);
	if (!cache->bc_hash) {
		xfs_free(mp, cache);
		return xfs_error(mp, -ENOMEM, "out of memory for the buffer cache");
	}
	xfs_mutex_init(&cache->bc_lock, XFS_CLASS_LEAF, 2);	/* below the checkpoint lock */
	xfs_list_init(&cache->bc_lru);
	for (uint32_t i = 0; i < XFS_BUF_POOLS; i++) {
		size_t size = (size_t)1 << (i + XFS_BUF_MIN_LOG);

		xfs_pool_init(&cache->bc_pools[i], &mp->m_mem, size, XFS_MIN(size, (size_t)4096),
			      (uint32_t)((4u << 20) / size));
	}
	xfs_pool_init(&cache->bc_buf_pool, &mp->m_mem, sizeof(struct xfs_buf), 64, 4096);
	xfs_pool_init(&cache->bc_dirty_pool, &mp->m_mem, XFS_BUF_DIRTY_BYTES, 64, 4096);
	mp->m_bufs = cache;
	return 0;
}

/* No lock needed: nobody else knows @bp. */
static void free_buf(struct xfs_buf_cache *cache, struct xfs_buf *bp)
{
	struct xfs_mount *mp = bp->b_mount;

	xfs_mutex_destroy(&bp->b_lock);
	cache->bc_bytes -= bp->b_len;
	xfs_pool_put(&cache->bc_pools[pool_index(bp->b_len)], bp->b_addr);
	if (bp->b_maps)
		xfs_free(mp, bp->b_maps);
	if (bp->b_dirty && bp->b_dirty != &bp->b_dirty_word)
		xfs_pool_put(&cache->bc_dirty_pool, bp->b_dirty);
	xfs_pool_put(&cache->bc_buf_pool, bp);
}

void xfs_buf_unhash(struct xfs_buf_cache *cache, struct xfs_buf *bp)
{
	struct xfs_buf **link = &cache->bc_hash[hash_slot(cache, bp->b_daddr)];

	while (*link && *link != bp)
		link = &(*link)->b_hash_next;
	if (*link) {
		*link = bp->b_hash_next;
		bp->b_hash_next = NULL;
		cache->bc_count--;
	}
}

void xfs_buf_cache_destroy(struct xfs_mount *mp)
{
	struct xfs_buf_cache *cache = mp->m_bufs;

	if (!cache)
		return;
	for (uint64_t i = 0; i < (uint64_t)1 << cache->bc_hash_log; i++) {
		while (cache->bc_hash[i]) {
			struct xfs_buf *bp = cache->bc_hash[i];

			cache->bc_hash[i] = bp->b_hash_next;
			free_buf(cache, bp);
		}
	}
	for (uint32_t i = 0; i < XFS_BUF_POOLS; i++)
		xfs_pool_drain(&cache->bc_pools[i]);
	xfs_pool_drain(&cache->bc_buf_pool);
	xfs_pool_drain(&cache->bc_dirty_pool);
	xfs_mutex_destroy(&cache->bc_lock);
	xfs_free(mp, cache->bc_hash);
	xfs_free(mp, cache);
	mp->m_bufs = NULL;
}

/* Keep chains short; failing to grow costs speed only. */
static void maybe_grow_hash(struct xfs_mount *mp, struct xfs_buf_cache *cache)
{
	uint32_t new_log = cache->bc_hash_log + 2;
	struct xfs_buf **old = cache->bc_hash, **bigger;
	uint64_t slots = (uint64_t)1 << cache->bc_hash_log;
	struct xfs_budget *before;

	if (cache->bc_count < slots * 2 || new_log > 28)
		return;
	/* A table stays: it is not for the reserve. */
	before = xfs_mem_critical_enter(NULL);
	bigger = xfs_mem_zalloc(&mp->m_mem, sizeof(*bigger) << new_log);
	xfs_mem_critical_leave(before);
	if (!bigger)
		return;
	cache->bc_hash = bigger;
	cache->bc_hash_log = new_log;
	for (uint64_t i = 0; i < slots; i++) {
		while (old[i]) {
			struct xfs_buf *bp = old[i];
			struct xfs_buf **head = &bigger[hash_slot(cache, bp->b_daddr)];

			old[i] = bp->b_hash_next;
			bp->b_hash_next = *head;
			*head = bp;
		}
	}
	xfs_free(mp, old);
}

/* Cache lock held; make room for @len more bytes out of clean, unreferenced buffers. */
static void evict(struct xfs_buf_cache *cache, uint64_t target_bytes)
{
	while (cache->bc_bytes > target_bytes && !xfs_list_empty(&cache->bc_lru)) {
		struct xfs_buf *bp = xfs_list_first_entry(&cache->bc_lru, struct xfs_buf, b_lru);

		xfs_list_del(&bp->b_lru);
		xfs_buf_unhash(cache, bp);
		free_buf(cache, bp);
	}
}

void xfs_buf_shrink(struct xfs_mount *mp, uint64_t target_bytes)
{
	struct xfs_buf_cache *cache = mp->m_bufs;

	xfs_mutex_lock(&cache->bc_lock);
	evict(cache, target_bytes);
	for (uint32_t i = 0; i < XFS_BUF_POOLS; i++)
		xfs_pool_drain(&cache->bc_pools[i]);
	xfs_pool_drain(&cache->bc_buf_pool);
	xfs_pool_drain(&cache->bc_dirty_pool);
	xfs_mutex_unlock(&cache->bc_lock);
}

uint64_t xfs_buf_cached_bytes(struct xfs_mount *mp)
{
	struct xfs_buf_cache *cache = mp->m_bufs;
	uint64_t bytes;

	xfs_mutex_lock(&cache->bc_lock);
	bytes = cache->bc_bytes;
	xfs_mutex_unlock(&cache->bc_lock);
	return bytes;
}

static uint32_t maps_len(const struct xfs_buf_map *maps, uint32_t nmaps)
{
	uint32_t len = 0;

	for (uint32_t i = 0; i < nmaps; i++)
		len += maps[i].bm_len;
	return len;
}

static bool same_maps(const struct xfs_buf *bp, const struct xfs_buf_map *maps, uint32_t nmaps)
{
	if (bp->b_nmaps != nmaps || bp->b_len != maps_len(maps, nmaps))
		return false;
	for (uint32_t i = 0; nmaps > 1 && i < nmaps; i++) {
		if (bp->b_maps[i].bm_bn != maps[i].bm_bn || bp->b_maps[i].bm_len != maps[i].bm_len)
			return false;
	}
	return true;
}

/* More chunks than the word in the buffer has bits, and they are going to be logged. */
static bool needs_dirty_memory(const struct xfs_mount *mp, uint32_t len)
{
	return !mp->m_unjournalled && !mp->m_rdonly && len > 64 * 128;
}

/* (BUF-5) false: no memory. */
static bool have_dirty_map(struct xfs_mount *mp, struct xfs_buf_cache *cache, struct xfs_buf *bp)
{
	if (mp->m_unjournalled || mp->m_rdonly)
		return true;
	bp->b_dirty = &bp->b_dirty_word;
	if (!needs_dirty_memory(mp, bp->b_len))
		return true;
	bp->b_dirty = xfs_pool_get(&cache->bc_dirty_pool);
	if (bp->b_dirty)
		memset(bp->b_dirty, 0, XFS_BUF_DIRTY_BYTES);
	return bp->b_dirty != NULL;
}

/* Cache lock held: a new buffer, in the hash, with one reference. */
static struct xfs_buf *make_buf(struct xfs_mount *mp, struct xfs_buf_cache *cache,
				const struct xfs_buf_map *maps, uint32_t nmaps,
				const struct xfs_buf_ops *ops)
{
	uint32_t len = maps_len(maps, nmaps);
	struct xfs_buf **head;
	struct xfs_buf *bp;

	if (cache->bc_bytes + len > mp->m_meta_cache_bytes)
		evict(cache, mp->m_meta_cache_bytes - XFS_MIN((uint64_t)len, mp->m_meta_cache_bytes));
	bp = xfs_pool_get(&cache->bc_buf_pool);
	if (!bp)
		return NULL;
	memset(bp, 0, sizeof(*bp));
	bp->b_addr = xfs_pool_get(&cache->bc_pools[pool_index(len)]);
	if (!bp->b_addr)
		goto out_free_buf;
	if (nmaps > 1) {
		bp->b_maps = xfs_mem_dup(&mp->m_mem, maps, nmaps * sizeof(*maps));
		if (!bp->b_maps)
			goto out_free_addr;
	}
	bp->b_len = len;
	if (!have_dirty_map(mp, cache, bp))
		goto out_free_maps;
	xfs_log_item_init(&bp->b_item, &xfs_buf_item_ops);
	bp->b_item.li_sort_key = (uint64_t)maps[0].bm_bn;
	bp->b_item.li_bytes = len;
	bp->b_mount = mp;
	bp->b_daddr = maps[0].bm_bn;
	bp->b_nmaps = nmaps;
	bp->b_ref = 1;
	bp->b_ops = ops;
	xfs_list_init(&bp->b_lru);
	xfs_mutex_init(&bp->b_lock, XFS_CLASS_BUF, (uint64_t)bp->b_daddr);
	head = &cache->bc_hash[hash_slot(cache, bp->b_daddr)];
	bp->b_hash_next = *head;
	*head = bp;
	cache->bc_count++;
	cache->bc_bytes += len;
	maybe_grow_hash(mp, cache);
	return bp;

out_free_maps:
	if (bp->b_maps)
		xfs_free(mp, bp->b_maps);
out_free_addr:
	xfs_pool_put(&cache->bc_pools[pool_index(len)], bp->b_addr);
out_free_buf:
	xfs_pool_put(&cache->bc_buf_pool, bp);
	return NULL;
}

/* Cache lock held. */
static struct xfs_buf *next_in_chain(struct xfs_buf *bp, xfs_daddr_t daddr)
{
	while (bp && bp->b_daddr != daddr)
		bp = bp->b_hash_next;
	return bp;
}

static struct xfs_buf *first_in_chain(const struct xfs_buf_cache *cache, xfs_daddr_t daddr)
{
	return next_in_chain(cache->bc_hash[hash_slot(cache, daddr)], daddr);
}

/*
 * Cache lock held.  The buffer at this address; one that was freed only if it has the same shape, and
 * is not in the way of anything else.
 */
static struct xfs_buf *lookup(const struct xfs_buf_cache *cache, const struct xfs_buf_map *maps,
			      uint32_t nmaps)
{
	struct xfs_buf *bp;

	for (bp = first_in_chain(cache, maps[0].bm_bn); bp;
	     bp = next_in_chain(bp->b_hash_next, maps[0].bm_bn)) {
		if (!xfs_buf_flags_test(bp, XFS_BUF_STALE) || same_maps(bp, maps, nmaps))
			break;
	}
	return bp;
}

/*
 * Find or make.  A buffer of another shape at the same address is a leftover
 * of the block's former life: forgotten when nobody uses it.
 */
static int find_once(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		     const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf_cache *cache = mp->m_bufs;
	struct xfs_buf *bp;
	int error = 0;

	*bpp = NULL;
	xfs_mutex_lock(&cache->bc_lock);
	bp = lookup(cache, maps, nmaps);
	if (bp && !same_maps(bp, maps, nmaps)) {
		if (bp->b_ref) {
			error = xfs_corrupt(mp, ops->name,
					    "block at daddr 0x%" PRIx64 " is in use as a %s of %u bytes",
					    (uint64_t)bp->b_daddr, bp->b_ops->name, bp->b_len);
			goto out_unlock;
		}
		xfs_list_del(&bp->b_lru);
		xfs_buf_unhash(cache, bp);
		free_buf(cache, bp);
		bp = NULL;
	}
	if (bp) {
		if (bp->b_ref++ == 0)
			xfs_list_del(&bp->b_lru);
	} else {
		bp = make_buf(mp, cache, maps, nmaps, ops);
		if (!bp)
			error = -ENOMEM;
	}
	*bpp = bp;
out_unlock:
	xfs_mutex_unlock(&cache->bc_lock);
	return error;
}

/* The caches give way before it fails. */
static int find_buf(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		    const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	int error = find_once(mp, maps, nmaps, ops, bpp);

	for (unsigned int nth = 0; unlikely(error == -ENOMEM) && xfs_shrink_caches(mp, nth); nth++)
		error = find_once(mp, maps, nmaps, ops, bpp);
	return likely(error != -ENOMEM) ? error :
	       xfs_error(mp, -ENOMEM, "out of memory for a %s", ops->name);
}

static int check_range(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		       const struct xfs_buf_ops *ops)
{
	uint64_t end = mp->m_geo.dblocks << (mp->m_geo.blocklog - XFS_BB_SHIFT);

	for (uint32_t i = 0; i < nmaps; i++) {
		uint64_t bn = (uint64_t)maps[i].bm_bn;

		if (maps[i].bm_bn < 0 || bn >= end || maps[i].bm_len >> XFS_BB_SHIFT > end - bn)
			return xfs_corrupt(mp, ops->name, "daddr 0x%" PRIx64 " is outside the device", bn);
	}
	return 0;
}

static int read_contents(struct xfs_buf *bp)
{
	struct xfs_mount *mp = bp->b_mount;
	char *p = bp->b_addr;
	int error;

	if (bp->b_nmaps == 1)
		return xfs_device_pread(mp->m_dev, (uint64_t)bp->b_daddr << XFS_BB_SHIFT, p, bp->b_len);
	for (uint32_t i = 0; i < bp->b_nmaps; i++) {
		error = xfs_device_pread(mp->m_dev, (uint64_t)bp->b_maps[i].bm_bn << XFS_BB_SHIFT, p,
					 bp->b_maps[i].bm_len);
		if (error)
			return error;
		p += bp->b_maps[i].bm_len;
	}
	return 0;
}

static int check_lsn(struct xfs_buf *bp, const struct xfs_buf_ops *ops)
{
	uint64_t lsn = get_be64((const char *)bp->b_addr + ops->lsn_off);

	if (!xfs_lsn_is_ahead(bp->b_mount, lsn))
		return 0;
	return xfs_lsn_refuse(bp->b_mount, ops->name, lsn, "at daddr 0x%" PRIx64,
			      (uint64_t)bp->b_daddr);
}

static int verify_contents(struct xfs_buf *bp, const struct xfs_buf_ops *ops, bool from_disk)
{
	struct xfs_mount *mp = bp->b_mount;
	xfs_failaddr_t fa = NULL;

	if (from_disk && ops->has_crc && !xfs_cksum_ok(bp->b_addr, bp->b_len, ops->crc_off))
		return xfs_bad_checksum(mp, ops->name, "wrong checksum at daddr 0x%" PRIx64,
					(uint64_t)bp->b_daddr);
	if (from_disk && ops->read_check)
		fa = ops->read_check(&mp->m_geo, bp->b_addr, bp->b_len, bp->b_daddr);
	if (!fa && ops->verify)
		fa = ops->verify(&mp->m_geo, bp->b_addr, bp->b_len, bp->b_daddr);
	if (fa)
		return xfs_corrupt(mp, ops->name, "at daddr 0x%" PRIx64 ": %s",
				   (uint64_t)bp->b_daddr, fa);
	return from_disk && ops->lsn_off >= 0 ? check_lsn(bp, ops) : 0;
}

/* @ops, or the one of its kinds that the contents are. */
static int select_ops(struct xfs_buf *bp, const struct xfs_buf_ops **ops)
{
	const struct xfs_buf_ops *kind;

	if (!(*ops)->select)
		return 0;
	kind = (*ops)->select(bp->b_addr, bp->b_len);
	if (!kind)
		return xfs_corrupt(bp->b_mount, (*ops)->name,
				   "at daddr 0x%" PRIx64 ": no known magic number",
				   (uint64_t)bp->b_daddr);
	*ops = kind;
	return 0;
}

/* The cache forgets @bp, whose contents could not be had or are not wanted any more. */
static void make_stale(struct xfs_buf *bp, bool keep)
{
	struct xfs_buf_cache *cache = bp->b_mount->m_bufs;

	xfs_mutex_lock(&cache->bc_lock);
	if (!keep && !xfs_buf_flags_test(bp, XFS_BUF_UNHASHED)) {
		__atomic_fetch_or(&bp->b_flags, XFS_BUF_UNHASHED, __ATOMIC_RELEASE);
		xfs_buf_unhash(cache, bp);
	}
	__atomic_fetch_or(&bp->b_flags, XFS_BUF_STALE, __ATOMIC_RELEASE);
	xfs_mutex_unlock(&cache->bc_lock);
}

/* *@again: while we waited another thread tried in vain, and the cache has forgotten the buffer. */
static int fill_buf(struct xfs_buf *bp, const struct xfs_buf_ops *ops, bool *again)
{
	int error;

	xfs_mutex_lock(&bp->b_lock);
	*again = xfs_buf_flags_test(bp, XFS_BUF_UNHASHED);
	if (*again || xfs_buf_flags_test(bp, XFS_BUF_UPTODATE)) {
		error = 0;
		goto out_unlock;
	}
	error = read_contents(bp);
	if (error)
		xfs_error(bp->b_mount, error, "%s: reading daddr 0x%" PRIx64 ": %s", ops->name,
			  (uint64_t)bp->b_daddr, xfs_errstr(error));
	else
		error = select_ops(bp, &ops);
	if (!error)
		error = verify_contents(bp, ops, true);
	if (!error) {
		bp->b_ops = ops;
		bp->b_item.li_verified = false;
		__atomic_fetch_or(&bp->b_flags, XFS_BUF_UPTODATE, __ATOMIC_RELEASE);
	} else {
		make_stale(bp, false);
	}
out_unlock:
	xfs_mutex_unlock(&bp->b_lock);
	return error;
}

int xfs_buf_read_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		     const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf *bp;
	bool again;
	int error;

	*bpp = NULL;
	error = check_range(mp, maps, nmaps, ops);
	if (error)
		return error;
	do {
		error = find_buf(mp, maps, nmaps, ops, &bp);
		if (error)
			return error;
		if (likely(xfs_buf_flags_test(bp, XFS_BUF_UPTODATE)))
			break;
		error = fill_buf(bp, ops, &again);
		if (error || again)
			xfs_buf_put(bp);
	} while (!error && again);
	if (error)
		return error;
	error = select_ops(bp, &ops);
	if (unlikely(error || bp->b_ops != ops)) {
		/* Known as something else: it may only be used if it is this as well. */
		if (!error)
			error = verify_contents(bp, ops, false);
		if (error) {
			xfs_buf_put(bp);
			return error;
		}
		bp->b_ops = ops;
		bp->b_item.li_verified = false;
	}
	*bpp = bp;
	return 0;
}

int xfs_buf_read(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		 const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf_map map = { .bm_bn = daddr, .bm_len = len };

	return xfs_buf_read_map(mp, &map, 1, ops, bpp);
}

int xfs_buf_get_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		    const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf *bp;
	int error;

	*bpp = NULL;
	error = check_range(mp, maps, nmaps, ops);
	if (!error)
		error = find_buf(mp, maps, nmaps, ops, &bp);
	if (error)
		return error;
	memset(bp->b_addr, 0, bp->b_len);
	bp->b_ops = ops;
	bp->b_item.li_verified = false;
	if (unlikely(xfs_buf_flags_test(bp, XFS_BUF_STALE)))
		__atomic_fetch_and(&bp->b_flags, ~XFS_BUF_STALE, __ATOMIC_RELAXED);
	__atomic_fetch_or(&bp->b_flags, XFS_BUF_UPTODATE, __ATOMIC_RELEASE);
	*bpp = bp;
	return 0;
}

int xfs_buf_get(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf_map map = { .bm_bn = daddr, .bm_len = len };

	return xfs_buf_get_map(mp, &map, 1, ops, bpp);
}

int xfs_buf_prealloc(struct xfs_mount *mp, uint32_t len, uint32_t n)
{
	struct xfs_buf_cache *cache = mp->m_bufs;
	struct xfs_pool *pool = &cache->bc_pools[pool_index(len)];
	bool have;

	/* More than the pool would keep is not to be had ahead. */
	n = XFS_MIN(n, pool->max_free);
	xfs_mutex_lock(&cache->bc_lock);
	have = xfs_pool_fill(pool, n) && xfs_pool_fill(&cache->bc_buf_pool, n) &&
	       (!needs_dirty_memory(mp, len) || xfs_pool_fill(&cache->bc_dirty_pool, n));
	xfs_mutex_unlock(&cache->bc_lock);
	return have ? 0 : xfs_error(mp, -ENOMEM, "out of memory for metadata");
}

struct xfs_buf *xfs_buf_peek(struct xfs_mount *mp, xfs_daddr_t daddr)
{
	struct xfs_buf_cache *cache = mp->m_bufs;
	struct xfs_buf *bp;

	xfs_mutex_lock(&cache->bc_lock);
	for (bp = first_in_chain(cache, daddr); bp; bp = next_in_chain(bp->b_hash_next, daddr)) {
		if (!xfs_buf_flags_test(bp, XFS_BUF_STALE))
			break;
	}
	if (bp && bp->b_ref++ == 0)
		xfs_list_del(&bp->b_lru);
	xfs_mutex_unlock(&cache->bc_lock);
	return bp;
}

void xfs_buf_hold(struct xfs_buf *bp)
{
	struct xfs_buf_cache *cache = bp->b_mount->m_bufs;

	xfs_mutex_lock(&cache->bc_lock);
	if (bp->b_ref++ == 0)
		xfs_list_del(&bp->b_lru);
	xfs_mutex_unlock(&cache->bc_lock);
}

void xfs_buf_put(struct xfs_buf *bp)
{
	struct xfs_buf_cache *cache;

	if (!bp)
		return;
	cache = bp->b_mount->m_bufs;
	xfs_mutex_lock(&cache->bc_lock);
	ASSERT(bp->b_ref > 0);
	if (--bp->b_ref == 0) {
		if (xfs_buf_flags_test(bp, XFS_BUF_STALE)) {
			if (!xfs_buf_flags_test(bp, XFS_BUF_UNHASHED))
				xfs_buf_unhash(cache, bp);
			free_buf(cache, bp);
		} else {
			xfs_list_add_tail(&bp->b_lru, &cache->bc_lru);
		}
	}
	xfs_mutex_unlock(&cache->bc_lock);
}

void xfs_buf_stale(struct xfs_buf *bp, bool keep)
{
	make_stale(bp, keep);
}
