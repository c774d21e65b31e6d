/* SPDX-License-Identifier: MIT */
/* The buffer cache: finding, creating and dropping buffers.  The rules are in buf.h. */
#include "base/crc32c.h"
#include "buf/buf_priv.h"
#include "core/lsn.h"
#include "core/message.h"

#define INITIAL_HASH_LOG	5

static inline uint64_t hash_of(xfs_daddr_t daddr)
{
	return (uint64_t)daddr * 0x9e3779b97f4a7c15u;
}

static inline struct xfs_buf_shard *shard_of(struct xfs_mount *mp, xfs_daddr_t daddr)
{
	return &mp->m_bufs->bc_shards[hash_of(daddr) >> (64 - XFS_BUF_SHARD_LOG)];
}

static inline struct xfs_buf **hash_slot(const struct xfs_buf_shard *shard, xfs_daddr_t daddr)
{
	return &shard->bs_hash[hash_of(daddr) << XFS_BUF_SHARD_LOG >> (64 - shard->bs_hash_log)];
}

static inline uint32_t pool_index(uint32_t len)
{
	uint32_t log = xfs_log2_ceil(len);

	return log <= XFS_BUF_MIN_LOG ? 0 : log - XFS_BUF_MIN_LOG;
}

static void init_pools(struct xfs_mount *mp, struct xfs_buf_pools *pools)
{
	xfs_mutex_init(&pools->bp_lock, XFS_CLASS_LEAF, 3);
	for (uint32_t i = 0; i < XFS_BUF_POOLS; i++) {
		size_t size = (size_t)1 << (i + XFS_BUF_MIN_LOG);

		xfs_pool_init(&pools->bp_pools[i], &mp->m_mem, size, XFS_MIN(size, (size_t)4096),
			      (uint32_t)((4u << 20) / size));
	}
	xfs_pool_init(&pools->bp_buf_pool, &mp->m_mem, sizeof(struct xfs_buf), 64, 4096);
	xfs_pool_init(&pools->bp_dirty_pool, &mp->m_mem, XFS_BUF_DIRTY_BYTES, 64, 4096);
}

static void drain_pools(struct xfs_buf_cache *cache)
{
	for (uint32_t slot = 0; slot < XFS_SLOTS; slot++) {
		struct xfs_buf_pools *pools = &cache->bc_pools[slot];

		xfs_mutex_lock(&pools->bp_lock);
		for (uint32_t i = 0; i < XFS_BUF_POOLS; i++)
			xfs_pool_drain(&pools->bp_pools[i]);
		xfs_pool_drain(&pools->bp_buf_pool);
		xfs_pool_drain(&pools->bp_dirty_pool);
		xfs_mutex_unlock(&pools->bp_lock);
	}
}

/* False: out of memory. */
static bool init_shard(struct xfs_mount *mp, struct xfs_buf_shard *shard)
{
	xfs_mutex_init(&shard->bs_lock, XFS_CLASS_LEAF, 2);	/* inside the checkpoint lock */
	xfs_list_init(&shard->bs_lru);
	shard->bs_hash_log = INITIAL_HASH_LOG;
	shard->bs_hash = xfs_zalloc(mp, sizeof(*shard->bs_hash) << shard->bs_hash_log);
	return shard->bs_hash != NULL;
}

int xfs_buf_cache_init(struct xfs_mount *mp)
{
	struct xfs_buf_cache *cache = xfs_mem_alloc_aligned(&mp->m_mem, XFS_SLOT_ALIGN, sizeof(*cache));
	bool have = true;

	if (!cache)
		return xfs_error(mp, -ENOMEM, "out of memory for the buffer cache");
	memset(cache, 0, sizeof(*cache));
	mp->m_bufs = cache;
	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		init_pools(mp, &cache->bc_pools[i]);
	for (uint32_t i = 0; i < XFS_BUF_SHARDS; i++)
		have = init_shard(mp, &cache->bc_shards[i]) && have;
	if (have)
		return 0;
	xfs_buf_cache_destroy(mp);
	return xfs_error(mp, -ENOMEM, "out of memory for the buffer cache");
}

/* Free a buffer that is not, or no longer, in the hash. */
static void free_memory(struct xfs_mount *mp, struct xfs_buf *bp)
{
	struct xfs_buf_pools *pools = &mp->m_bufs->bc_pools[xfs_slot()];

	if (bp->b_maps)
		xfs_free(mp, bp->b_maps);
	xfs_mutex_lock(&pools->bp_lock);
	if (bp->b_addr)
		xfs_pool_put(&pools->bp_pools[pool_index(bp->b_len)], bp->b_addr);
	if (bp->b_dirty && bp->b_dirty != &bp->b_dirty_word)
		xfs_pool_put(&pools->bp_dirty_pool, bp->b_dirty);
	xfs_pool_put(&pools->bp_buf_pool, bp);
	xfs_mutex_unlock(&pools->bp_lock);
}

static void free_buf(struct xfs_buf *bp)
{
	struct xfs_mount *mp = bp->b_mount;

	xfs_mutex_destroy(&bp->b_lock);
	__atomic_sub_fetch(&mp->m_bufs->bc_bytes, bp->b_len, __ATOMIC_RELAXED);
	free_memory(mp, bp);
}

/* Cache lock held: take the buffer out of the hash, so that it is not found again. */
static void unhash(struct xfs_buf_shard *shard, struct xfs_buf *bp)
{
	struct xfs_buf **link = hash_slot(shard, bp->b_daddr);

	while (*link && *link != bp)
		link = &(*link)->b_hash_next;
	if (*link) {
		*link = bp->b_hash_next;
		bp->b_hash_next = NULL;
		shard->bs_count--;
	}
}

static void destroy_shard(struct xfs_mount *mp, struct xfs_buf_shard *shard)
{
	for (uint64_t i = 0; shard->bs_hash && i < (uint64_t)1 << shard->bs_hash_log; i++) {
		while (shard->bs_hash[i]) {
			struct xfs_buf *bp = shard->bs_hash[i];

			shard->bs_hash[i] = bp->b_hash_next;
			free_buf(bp);
		}
	}
	xfs_mutex_destroy(&shard->bs_lock);
	xfs_free(mp, shard->bs_hash);
}

void xfs_buf_cache_destroy(struct xfs_mount *mp)
{
	struct xfs_buf_cache *cache = mp->m_bufs;

	if (!cache)
		return;
	for (uint32_t i = 0; i < XFS_BUF_SHARDS; i++)
		destroy_shard(mp, &cache->bc_shards[i]);
	drain_pools(cache);
	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		xfs_mutex_destroy(&cache->bc_pools[i].bp_lock);
	xfs_mem_free_aligned(&mp->m_mem, cache);
	mp->m_bufs = NULL;
}

/* Keep chains short; if the table cannot grow, searches are only slower. */
static void maybe_grow_hash(struct xfs_mount *mp, struct xfs_buf_shard *shard)
{
	struct xfs_buf **old = shard->bs_hash, **bigger;
	uint64_t slots = (uint64_t)1 << shard->bs_hash_log;
	uint32_t new_log = shard->bs_hash_log + 2;
	struct xfs_budget *before;

	if (shard->bs_count < slots * 2 || new_log > 28)
		return;
	/* A larger hash table only saves time: do not take the reserve for it. */
	before = xfs_mem_critical_enter(NULL);
	bigger = xfs_mem_zalloc(&mp->m_mem, sizeof(*bigger) << new_log);
	xfs_mem_critical_leave(before);
	if (!bigger)
		return;
	shard->bs_hash = bigger;
	shard->bs_hash_log = new_log;
	for (uint64_t i = 0; i < slots; i++) {
		while (old[i]) {
			struct xfs_buf *bp = old[i];
			struct xfs_buf **head = hash_slot(shard, bp->b_daddr);

			old[i] = bp->b_hash_next;
			bp->b_hash_next = *head;
			*head = bp;
		}
	}
	xfs_free(mp, old);
}

static uint64_t cached_bytes(const struct xfs_buf_cache *cache)
{
	return __atomic_load_n(&cache->bc_bytes, __ATOMIC_RELAXED);
}

#define EVICT_BATCH	16u

/* Evict a few of the oldest buffers of a shard; false if there are none. */
static bool evict_some(struct xfs_buf_cache *cache, struct xfs_buf_shard *shard, uint64_t target_bytes)
{
	struct xfs_buf *victims[EVICT_BATCH];
	uint64_t bytes = cached_bytes(cache);
	uint32_t n = 0;

	xfs_mutex_lock(&shard->bs_lock);
	while (bytes > target_bytes && n < EVICT_BATCH && !xfs_list_empty(&shard->bs_lru)) {
		struct xfs_buf *bp = xfs_list_first_entry(&shard->bs_lru, struct xfs_buf, b_lru);

		xfs_list_del(&bp->b_lru);
		unhash(shard, bp);
		bytes -= XFS_MIN(bytes, (uint64_t)bp->b_len);
		victims[n++] = bp;
	}
	xfs_mutex_unlock(&shard->bs_lock);
	for (uint32_t i = 0; i < n; i++)
		free_buf(victims[i]);
	return n != 0;
}

/* Evict clean, unreferenced buffers, from one shard after the other. */
static void evict(struct xfs_buf_cache *cache, uint64_t target_bytes)
{
	uint32_t empty = 0;

	while (cached_bytes(cache) > target_bytes && empty < XFS_BUF_SHARDS) {
		uint32_t i = __atomic_fetch_add(&cache->bc_hand, 1, __ATOMIC_RELAXED) % XFS_BUF_SHARDS;

		if (evict_some(cache, &cache->bc_shards[i], target_bytes))
			empty = 0;
		else
			empty++;
	}
}

void xfs_buf_shrink(struct xfs_mount *mp, uint64_t target_bytes)
{
	evict(mp->m_bufs, target_bytes);
	drain_pools(mp->m_bufs);
}

uint64_t xfs_buf_cached_bytes(struct xfs_mount *mp)
{
	return cached_bytes(mp->m_bufs);
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

/* True if the buffer will be logged and has more chunks than b_dirty_word has bits. */
static bool needs_dirty_memory(const struct xfs_mount *mp, uint32_t len)
{
	return !mp->m_unjournalled && !mp->m_rdonly && len > 64 * 128;
}

/* Allocate a new buffer of @len bytes with its bitmap (BUF-5), or return NULL. */
static struct xfs_buf *alloc_buf(struct xfs_mount *mp, uint32_t len)
{
	struct xfs_buf_pools *pools = &mp->m_bufs->bc_pools[xfs_slot()];
	bool dirty = needs_dirty_memory(mp, len), have;
	struct xfs_buf *bp;

	xfs_mutex_lock(&pools->bp_lock);
	bp = xfs_pool_get(&pools->bp_buf_pool);
	have = bp != NULL;
	if (bp) {
		memset(bp, 0, sizeof(*bp));
		bp->b_len = len;
		bp->b_addr = xfs_pool_get(&pools->bp_pools[pool_index(len)]);
		have = bp->b_addr != NULL;
	}
	if (have && dirty) {
		bp->b_dirty = xfs_pool_get(&pools->bp_dirty_pool);
		have = bp->b_dirty != NULL;
	}
	xfs_mutex_unlock(&pools->bp_lock);
	if (have && dirty)
		memset(bp->b_dirty, 0, XFS_BUF_DIRTY_BYTES);
	else if (have && !mp->m_unjournalled && !mp->m_rdonly)
		bp->b_dirty = &bp->b_dirty_word;
	if (have)
		return bp;
	if (bp)
		free_memory(mp, bp);
	return NULL;
}

/* A new buffer with one reference, not yet in the hash. */
static struct xfs_buf *make_buf(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
				const struct xfs_buf_ops *ops)
{
	struct xfs_buf_cache *cache = mp->m_bufs;
	uint64_t limit = mp->m_meta_cache_bytes;
	uint32_t len = maps_len(maps, nmaps);
	struct xfs_buf *bp;

	if (cached_bytes(cache) + len > limit)
		evict(cache, limit - XFS_MIN((uint64_t)len, limit));
	bp = alloc_buf(mp, len);
	if (!bp)
		return NULL;
	if (nmaps > 1) {
		bp->b_maps = xfs_mem_dup(&mp->m_mem, maps, nmaps * sizeof(*maps));
		if (!bp->b_maps) {
			free_memory(mp, bp);
			return NULL;
		}
	}
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
	__atomic_add_fetch(&cache->bc_bytes, len, __ATOMIC_RELAXED);
	return bp;
}

/* Cache lock held. */
static struct xfs_buf *next_in_chain(struct xfs_buf *bp, xfs_daddr_t daddr)
{
	while (bp && bp->b_daddr != daddr)
		bp = bp->b_hash_next;
	return bp;
}

/*
 * Cache lock held.  The buffer at this address.  A stale one counts only if it has the same pieces;
 * otherwise it may stay beside a new one, since it is never written.
 */
static struct xfs_buf *lookup(const struct xfs_buf_shard *shard, const struct xfs_buf_map *maps,
			      uint32_t nmaps)
{
	struct xfs_buf *bp;

	for (bp = next_in_chain(*hash_slot(shard, maps[0].bm_bn), maps[0].bm_bn); bp;
	     bp = next_in_chain(bp->b_hash_next, maps[0].bm_bn)) {
		if (!xfs_buf_flags_test(bp, XFS_BUF_STALE) || same_maps(bp, maps, nmaps))
			break;
	}
	return bp;
}

/* Cache lock held: take a reference, perhaps the first. */
static void hold_locked(struct xfs_buf *bp)
{
	if (__atomic_fetch_add(&bp->b_ref, 1, __ATOMIC_ACQ_REL) == 0)
		xfs_list_del(&bp->b_lru);
}

/*
 * Cache lock held: find the buffer, or insert @mine unless it is NULL.  A buffer of another shape
 * at the same address is left over from the block's former use; if it is unreferenced it is dropped
 * (*@old, for the caller to free).
 */
static int find_locked(struct xfs_mount *mp, struct xfs_buf_shard *shard, const struct xfs_buf_map *maps,
		       uint32_t nmaps, const struct xfs_buf_ops *ops, struct xfs_buf *mine,
		       struct xfs_buf **bpp, struct xfs_buf **old)
{
	struct xfs_buf *bp = lookup(shard, maps, nmaps);

	if (bp && !same_maps(bp, maps, nmaps)) {
		if (__atomic_load_n(&bp->b_ref, __ATOMIC_ACQUIRE))
			return xfs_corrupt(mp, ops->name,
					   "block at daddr 0x%" PRIx64 " is in use as a %s of %u bytes",
					   (uint64_t)bp->b_daddr, bp->b_ops->name, bp->b_len);
		xfs_list_del(&bp->b_lru);
		unhash(shard, bp);
		*old = bp;
		bp = NULL;
	}
	if (bp) {
		hold_locked(bp);
	} else if (mine) {
		struct xfs_buf **head = hash_slot(shard, mine->b_daddr);

		mine->b_hash_next = *head;
		*head = mine;
		shard->bs_count++;
		maybe_grow_hash(mp, shard);
		bp = mine;
	}
	*bpp = bp;
	return 0;
}

/* Find or create the buffer. */
static int find_once(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		     const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf_shard *shard = shard_of(mp, maps[0].bm_bn);
	struct xfs_buf *mine = NULL;
	int error;

	for (;;) {
		struct xfs_buf *old = NULL;

		*bpp = NULL;
		xfs_mutex_lock(&shard->bs_lock);
		error = find_locked(mp, shard, maps, nmaps, ops, mine, bpp, &old);
		xfs_mutex_unlock(&shard->bs_lock);
		if (old)
			free_buf(old);
		if (error || *bpp)
			break;
		/*
		 * Without the lock: other buffers may have to be evicted, and the host may be slow.
		 */
		mine = make_buf(mp, maps, nmaps, ops);
		if (!mine)
			return -ENOMEM;
	}
	if (mine && *bpp != mine)
		free_buf(mine);
	return error;
}

/* The same, shrinking the caches before it fails. */
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

/* Replace @ops by the kind that the contents have, if @ops can select. */
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

/*
 * Make @bp stale, because it could not be read or its block was freed; without @keep it leaves the
 * hash.
 */
static void make_stale(struct xfs_buf *bp, bool keep)
{
	struct xfs_buf_shard *shard = shard_of(bp->b_mount, bp->b_daddr);

	xfs_mutex_lock(&shard->bs_lock);
	if (!keep && !xfs_buf_flags_test(bp, XFS_BUF_UNHASHED)) {
		__atomic_fetch_or(&bp->b_flags, XFS_BUF_UNHASHED, __ATOMIC_RELEASE);
		unhash(shard, bp);
	}
	__atomic_fetch_or(&bp->b_flags, XFS_BUF_STALE, __ATOMIC_RELEASE);
	xfs_mutex_unlock(&shard->bs_lock);
}

/* For a NOWAIT call: the buffer if it is cached and up to date. */
static int find_cached(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		       const struct xfs_buf_ops *ops, struct xfs_buf **bpp)
{
	struct xfs_buf_shard *shard = shard_of(mp, maps[0].bm_bn);
	struct xfs_buf *old = NULL;
	int error;

	*bpp = NULL;
	xfs_mutex_lock(&shard->bs_lock);
	error = find_locked(mp, shard, maps, nmaps, ops, NULL, bpp, &old);
	xfs_mutex_unlock(&shard->bs_lock);
	if (old)
		free_buf(old);
	if (error || (*bpp && xfs_buf_flags_test(*bpp, XFS_BUF_UPTODATE)))
		return error;
	xfs_buf_put(*bpp);
	*bpp = NULL;
	return xfs_would_wait("the %s at daddr 0x%" PRIx64 " must be read", ops->name,
			      (uint64_t)maps[0].bm_bn);
}

/*
 * Read and verify the contents. *@again: another thread's read failed meanwhile, and the buffer has
 * left the cache.
 */
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
		error = xfs_nowait() ? find_cached(mp, maps, nmaps, ops, &bp)
				     : find_buf(mp, maps, nmaps, ops, &bp);
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
		/* Cached as another kind: use it only if it is valid as this kind, too. */
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
	struct xfs_buf_pools *pools = &mp->m_bufs->bc_pools[xfs_slot()];
	struct xfs_pool *pool = &pools->bp_pools[pool_index(len)];
	bool have;

	/* The pool keeps no more than max_free objects. */
	n = XFS_MIN(n, pool->max_free);
	xfs_mutex_lock(&pools->bp_lock);
	have = xfs_pool_fill(pool, n) && xfs_pool_fill(&pools->bp_buf_pool, n) &&
	       (!needs_dirty_memory(mp, len) || xfs_pool_fill(&pools->bp_dirty_pool, n));
	xfs_mutex_unlock(&pools->bp_lock);
	return have ? 0 : xfs_error(mp, -ENOMEM, "out of memory for metadata");
}

struct xfs_buf *xfs_buf_peek(struct xfs_mount *mp, xfs_daddr_t daddr)
{
	struct xfs_buf_shard *shard = shard_of(mp, daddr);
	struct xfs_buf *bp;

	xfs_mutex_lock(&shard->bs_lock);
	for (bp = next_in_chain(*hash_slot(shard, daddr), daddr); bp;
	     bp = next_in_chain(bp->b_hash_next, daddr)) {
		if (!xfs_buf_flags_test(bp, XFS_BUF_STALE))
			break;
	}
	if (bp)
		hold_locked(bp);
	xfs_mutex_unlock(&shard->bs_lock);
	return bp;
}

/* Change the reference count without the lock, unless it would leave or reach 0; false then. */
static bool change_ref(struct xfs_buf *bp, bool hold)
{
	uint32_t ref = __atomic_load_n(&bp->b_ref, __ATOMIC_ACQUIRE);

	do {
		if (hold ? ref == 0 : ref == 1)
			return false;
	} while (!__atomic_compare_exchange_n(&bp->b_ref, &ref, hold ? ref + 1 : ref - 1, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}

void xfs_buf_hold(struct xfs_buf *bp)
{
	struct xfs_buf_shard *shard = shard_of(bp->b_mount, bp->b_daddr);

	if (likely(change_ref(bp, true)))
		return;
	xfs_mutex_lock(&shard->bs_lock);
	hold_locked(bp);
	xfs_mutex_unlock(&shard->bs_lock);
}

void xfs_buf_put(struct xfs_buf *bp)
{
	struct xfs_buf_shard *shard;
	bool gone = false;

	if (!bp)
		return;
	ASSERT(__atomic_load_n(&bp->b_ref, __ATOMIC_RELAXED) > 0);
	if (change_ref(bp, false))
		return;
	shard = shard_of(bp->b_mount, bp->b_daddr);
	xfs_mutex_lock(&shard->bs_lock);
	if (__atomic_sub_fetch(&bp->b_ref, 1, __ATOMIC_ACQ_REL) == 0) {
		gone = xfs_buf_flags_test(bp, XFS_BUF_STALE);
		if (!gone)
			xfs_list_add_tail(&bp->b_lru, &shard->bs_lru);
		else if (!xfs_buf_flags_test(bp, XFS_BUF_UNHASHED))
			unhash(shard, bp);
	}
	xfs_mutex_unlock(&shard->bs_lock);
	if (gone)
		free_buf(bp);
}

void xfs_buf_stale(struct xfs_buf *bp, bool keep)
{
	make_stale(bp, keep);
}
