/* SPDX-License-Identifier: MIT */
/*
 * The inode cache.  An inode is found by its number as long as it is referenced, and afterwards
 * until its memory is needed.
 *
 * (ICACHE-1) A reference is a user's or the log item's.  The item of a changed inode has one, which
 *     keeps the inode in memory until it is written, but does not count as use.
 * (ICACHE-2) An inode without links is freed when its last user puts it.  If that caller holds
 *     locks (xfs_inode_put()), the inode moves to a list together with the reference, and the next
 *     xfs_irele() frees it.
 * (ICACHE-3) An inode enters the hash before it is read, marked XFS_IF_READING; threads that find
 *     it wait.  So nobody holds contents that another thread has meanwhile changed, written and
 *     evicted.
 * (ICACHE-4) A reference that is neither the first nor the last is taken and put without a lock, by
 *     changing the count.  The first and the last change under the lock of the inode's shard.
 *
 *   icache.c	the table, eviction, walking all inodes
 *   iget.c	finding an inode by number, on disk if necessary
 *   irele.c	references, and freeing inodes without links
 */
#include "core/message.h"
#include "inode/inode_priv.h"
#include "pagecache/mapping.h"

#define INITIAL_HASH_LOG	5
#define WALK_BATCH		64

/*
 * Inodes created here and never looked up again are kept up to this size once they are unused.  It
 * is enough for a program that returns to a file it has just created, and small enough to stay in
 * the CPU's cache when the memory is reused for the next inodes.
 */
#define ONCE_BYTES		(512u << 10)

static inline uint64_t hash_of(xfs_ino_t ino)
{
	return ino * 0x9e3779b97f4a7c15u;
}

struct xfs_icache_shard *xfs_icache_shard(struct xfs_inode_cache *cache, xfs_ino_t ino)
{
	return &cache->ic_shards[hash_of(ino) >> (64 - XFS_ICACHE_SHARD_LOG)];
}

static inline struct xfs_inode **slot_of(const struct xfs_icache_shard *shard, xfs_ino_t ino)
{
	return &shard->is_hash[hash_of(ino) << XFS_ICACHE_SHARD_LOG >> (64 - shard->is_hash_log)];
}

/* False: out of memory. */
static bool init_shard(struct xfs_mount *mp, struct xfs_icache_shard *shard)
{
	xfs_mutex_init(&shard->is_lock, XFS_CLASS_LEAF, 2);
	xfs_cond_init(&shard->is_wake);
	xfs_list_init(&shard->is_lru);
	xfs_list_init(&shard->is_lru_once);
	xfs_list_init(&shard->is_tagged);
	xfs_list_init(&shard->is_unlinked);
	shard->is_hash_log = INITIAL_HASH_LOG;
	shard->is_hash = xfs_zalloc(mp, sizeof(*shard->is_hash) << shard->is_hash_log);
	return shard->is_hash != NULL;
}

int xfs_inode_cache_init(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = xfs_mem_alloc_aligned(&mp->m_mem, XFS_SLOT_ALIGN, sizeof(*cache));
	bool have = true;

	if (!cache)
		return xfs_error(mp, -ENOMEM, "out of memory for the inode cache");
	memset(cache, 0, sizeof(*cache));
	mp->m_inodes = cache;
	for (uint32_t i = 0; i < XFS_SLOTS; i++) {
		xfs_mutex_init(&cache->ic_pools[i].ip_lock, XFS_CLASS_LEAF, 2);
		xfs_pool_init(&cache->ic_pools[i].ip_pool, &mp->m_mem, sizeof(struct xfs_inode), 64,
			      2048);
	}
	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS; i++)
		have = init_shard(mp, &cache->ic_shards[i]) && have;
	if (have)
		return 0;
	xfs_inode_cache_destroy(mp);
	return xfs_error(mp, -ENOMEM, "out of memory for the inode cache");
}

void xfs_icache_pool_put(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	struct xfs_icache_pool *pool = &cache->ic_pools[xfs_slot()];

	xfs_mutex_lock(&pool->ip_lock);
	xfs_pool_put(&pool->ip_pool, ip);
	xfs_mutex_unlock(&pool->ip_lock);
}

static void free_inode(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	xfs_mapping_destroy(ip->i_mapping);
	xfs_idestroy_fork(ip, XFS_DATA_FORK);
	xfs_idestroy_fork(ip, XFS_ATTR_FORK);
	if (ip->i_cowfp) {
		xfs_idestroy_fork(ip, XFS_COW_FORK);
		xfs_free(ip->i_mount, ip->i_cowfp);
	}
	xfs_rwlock_destroy(&ip->i_lock);
	xfs_rwlock_destroy(&ip->i_iolock);
	xfs_icache_pool_put(cache, ip);
}

void xfs_icache_free_list(struct xfs_inode_cache *cache, struct xfs_list *list)
{
	while (!xfs_list_empty(list)) {
		struct xfs_inode *ip = xfs_list_first_entry(list, struct xfs_inode, i_lru);

		xfs_list_del(&ip->i_lru);
		free_inode(cache, ip);
	}
}

void xfs_icache_unhash(struct xfs_icache_shard *shard, struct xfs_inode *ip)
{
	struct xfs_inode **link = slot_of(shard, ip->i_ino);

	while (*link && *link != ip)
		link = &(*link)->i_hash_next;
	if (*link) {
		*link = ip->i_hash_next;
		ip->i_hash_next = NULL;
		shard->is_count--;
	}
}

static void drain_pools(struct xfs_inode_cache *cache)
{
	for (uint32_t i = 0; i < XFS_SLOTS; i++) {
		struct xfs_icache_pool *pool = &cache->ic_pools[i];

		xfs_mutex_lock(&pool->ip_lock);
		xfs_pool_drain(&pool->ip_pool);
		xfs_mutex_unlock(&pool->ip_lock);
	}
}

static void destroy_shard(struct xfs_mount *mp, struct xfs_icache_shard *shard)
{
	for (uint64_t i = 0; shard->is_hash && i < (uint64_t)1 << shard->is_hash_log; i++) {
		while (shard->is_hash[i]) {
			struct xfs_inode *ip = shard->is_hash[i];

			shard->is_hash[i] = ip->i_hash_next;
			free_inode(mp->m_inodes, ip);
		}
	}
	xfs_cond_destroy(&shard->is_wake);
	xfs_mutex_destroy(&shard->is_lock);
	xfs_free(mp, shard->is_hash);
}

void xfs_inode_cache_destroy(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;

	if (!cache)
		return;
	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS; i++)
		destroy_shard(mp, &cache->ic_shards[i]);
	drain_pools(cache);
	for (uint32_t i = 0; i < XFS_SLOTS; i++)
		xfs_mutex_destroy(&cache->ic_pools[i].ip_lock);
	xfs_mem_free_aligned(&mp->m_mem, cache);
	mp->m_inodes = NULL;
}

static void maybe_grow_hash(struct xfs_mount *mp, struct xfs_icache_shard *shard)
{
	struct xfs_icache_shard old = *shard;
	uint32_t new_log = old.is_hash_log + 2;
	uint64_t slots = (uint64_t)1 << old.is_hash_log;
	struct xfs_inode **bigger;
	struct xfs_budget *before;

	if (old.is_count < slots * 2 || new_log > 28)
		return;
	/* The table stays allocated, so it must not come from the reserve. */
	before = xfs_mem_critical_enter(NULL);
	bigger = xfs_mem_zalloc(&mp->m_mem, sizeof(*bigger) << new_log);
	xfs_mem_critical_leave(before);
	if (!bigger)
		return;
	shard->is_hash = bigger;
	shard->is_hash_log = new_log;
	for (uint64_t i = 0; i < slots; i++) {
		while (old.is_hash[i]) {
			struct xfs_inode *ip = old.is_hash[i];
			struct xfs_inode **head = slot_of(shard, ip->i_ino);

			old.is_hash[i] = ip->i_hash_next;
			ip->i_hash_next = *head;
			*head = ip;
		}
	}
	xfs_free(mp, old.is_hash);
}

/* A window is small, so it is not counted; a map that is not in memory counts as 0. */
static uint64_t map_memory(const struct xfs_ifork *ifp)
{
	return ifp->if_needextents ? 0 : ifp->if_nextents * 16;
}

/* Estimate of the memory that an unused inode keeps. */
static uint64_t memory_of(const struct xfs_inode *ip)
{
	return sizeof(*ip) + map_memory(&ip->i_df) + map_memory(&ip->i_af) +
	       ip->i_df.if_bytes + ip->i_af.if_bytes;
}

/*
 * True if the unused inode @ip has blocks or reservations in its CoW fork, which are recorded in no
 * other place in memory.
 */
static bool holds_cow(const struct xfs_inode *ip)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;

	return ip->i_cowfp && xfs_iext_first_extent(ip->i_cowfp, &cur, &irec);
}

void xfs_icache_to_lru(struct xfs_icache_shard *shard, struct xfs_inode *ip)
{
	/*
	 * Eviction would lose them.  Reclaim frees them, and its put of the inode leads here again.
	 */
	if (unlikely(xfs_iflags_test(ip, XFS_IF_EOFBLOCKS) || holds_cow(ip))) {
		ip->i_lru_bytes = 0;
		xfs_list_add_tail(&ip->i_lru, &shard->is_tagged);
		return;
	}
	ip->i_lru_bytes = memory_of(ip);
	shard->is_unused_bytes += ip->i_lru_bytes;
	if (ip->i_once)
		shard->is_once_bytes += ip->i_lru_bytes;
	xfs_list_add_tail(&ip->i_lru, ip->i_once ? &shard->is_lru_once : &shard->is_lru);
}

static void from_lru(struct xfs_icache_shard *shard, struct xfs_inode *ip)
{
	shard->is_unused_bytes -= ip->i_lru_bytes;
	if (ip->i_once)
		shard->is_once_bytes -= ip->i_lru_bytes;
	xfs_list_del(&ip->i_lru);
}

/* Move inodes to be evicted to @victims. is_lock held. */
static void evict_to(struct xfs_icache_shard *shard, uint64_t target_bytes, struct xfs_list *victims)
{
	while (shard->is_unused_bytes > target_bytes ||
	       shard->is_once_bytes > ONCE_BYTES / XFS_ICACHE_SHARDS) {
		struct xfs_list *list = shard->is_once_bytes ? &shard->is_lru_once : &shard->is_lru;
		struct xfs_inode *ip = xfs_list_first_entry(list, struct xfs_inode, i_lru);

		from_lru(shard, ip);
		xfs_icache_unhash(shard, ip);
		xfs_list_add_tail(&ip->i_lru, victims);
	}
}

void xfs_icache_evict(struct xfs_mount *mp, struct xfs_icache_shard *shard, struct xfs_list *victims)
{
	evict_to(shard, mp->m_meta_cache_bytes / XFS_ICACHE_SHARDS, victims);
}

void xfs_inode_cache_shrink(struct xfs_mount *mp, uint64_t target_bytes)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_list victims;

	xfs_list_init(&victims);
	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS; i++) {
		struct xfs_icache_shard *shard = &cache->ic_shards[i];

		xfs_mutex_lock(&shard->is_lock);
		evict_to(shard, target_bytes / XFS_ICACHE_SHARDS, &victims);
		xfs_mutex_unlock(&shard->is_lock);
	}
	xfs_icache_free_list(cache, &victims);
	drain_pools(cache);
}

uint64_t xfs_inode_cache_unused_bytes(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS; i++) {
		struct xfs_icache_shard *shard = &cache->ic_shards[i];

		xfs_mutex_lock(&shard->is_lock);
		bytes += shard->is_unused_bytes;
		xfs_mutex_unlock(&shard->is_lock);
	}
	return bytes;
}

void xfs_icache_hold(struct xfs_icache_shard *shard, struct xfs_inode *ip, uint64_t ref)
{
	if (__atomic_fetch_add(&ip->i_refs, ref, __ATOMIC_ACQ_REL) == 0)
		from_lru(shard, ip);
}

/* Find the inode in the hash and reference it; it may still be being read. is_lock held. */
static struct xfs_inode *find_any(struct xfs_icache_shard *shard, xfs_ino_t ino)
{
	struct xfs_inode *ip = *slot_of(shard, ino);

	while (ip && ip->i_ino != ino)
		ip = ip->i_hash_next;
	if (ip) {
		xfs_icache_hold(shard, ip, XFS_IREF_USER);
		ip->i_once = false;
	}
	return ip;
}

/*
 * Find the inode and reference it once it is complete.  A NOWAIT call may get one that is not.
 * is_lock held, dropped while waiting.
 */
static struct xfs_inode *find_locked(struct xfs_icache_shard *shard, xfs_ino_t ino) XFS_HOLDS(shard->is_lock)
{
	struct xfs_inode *ip = find_any(shard, ino);

	while (ip && xfs_iflags_test(ip, XFS_IF_READING) && !xfs_nowait())
		xfs_cond_wait(&shard->is_wake, &shard->is_lock);
	return ip;
}

struct xfs_inode *xfs_inode_find(struct xfs_mount *mp, xfs_ino_t ino)
{
	struct xfs_icache_shard *shard = xfs_icache_shard(mp->m_inodes, ino);
	struct xfs_inode *ip;

	xfs_mutex_lock(&shard->is_lock);
	ip = find_locked(shard, ino);
	xfs_mutex_unlock(&shard->is_lock);
	return ip;
}

struct xfs_inode *xfs_icache_insert(struct xfs_mount *mp, struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_icache_shard *shard = xfs_icache_shard(cache, ip->i_ino);
	struct xfs_inode *other, **head;
	struct xfs_list victims;

	xfs_list_init(&victims);
	xfs_mutex_lock(&shard->is_lock);
	other = find_locked(shard, ip->i_ino);
	if (!other) {
		head = slot_of(shard, ip->i_ino);
		ip->i_hash_next = *head;
		*head = ip;
		shard->is_count++;
		maybe_grow_hash(mp, shard);
		xfs_icache_evict(mp, shard, &victims);
	}
	xfs_mutex_unlock(&shard->is_lock);
	if (other) {
		free_inode(cache, ip);
		ip = other;
	}
	xfs_icache_free_list(cache, &victims);
	return ip;
}

/* ---- walking all inodes ------------------------------------------------------------------- */

/*
 * Reference up to @max inodes, in whole hash chains, from @slot on; returns the slot to continue
 * at.
 */
static uint64_t take_batch(struct xfs_icache_shard *shard, uint64_t slot, struct xfs_inode **batch,
			   unsigned int max, unsigned int *count)
{
	unsigned int n = 0;

	while (slot < (uint64_t)1 << shard->is_hash_log) {
		unsigned int in_chain = 0;
		struct xfs_inode *ip;

		for (ip = shard->is_hash[slot]; ip; ip = ip->i_hash_next)
			in_chain++;
		if (n + in_chain > max) {
			/* The chain does not fit into the batch: the caller needs a larger one. */
			*count = n ? n : in_chain;
			return slot;
		}
		for (ip = shard->is_hash[slot]; ip; ip = ip->i_hash_next) {
			if (xfs_iflags_test(ip, XFS_IF_READING))
				continue;
			xfs_icache_hold(shard, ip, XFS_IREF_USER);
			batch[n++] = ip;
		}
		slot++;
	}
	*count = n;
	return slot;
}

/* A walk and its current batch of inodes. */
struct walk {
	int (*fn)(struct xfs_inode *ip, void *arg);
	void *arg;
	struct xfs_inode *small[WALK_BATCH], **batch;
	unsigned int max;
};

static int more_room(struct xfs_mount *mp, struct walk *walk, unsigned int count)
{
	struct xfs_inode **more = xfs_malloc(mp, 2 * (size_t)count * sizeof(*more));

	if (!more)
		return xfs_error(mp, -ENOMEM, "out of memory for walking the inode cache");
	if (walk->batch != walk->small)
		xfs_free(mp, walk->batch);
	walk->batch = more;
	walk->max = 2 * count;
	return 0;
}

/*
 * Walk in batches, which need no allocation.  A slot is the upper bits of the hash: if the table
 * grows in between, old slot n begins at slot n * 2^(growth).
 */
static int walk_shard(struct xfs_mount *mp, struct xfs_icache_shard *shard, struct walk *walk)
{
	uint32_t hash_log = INITIAL_HASH_LOG;
	uint64_t slot = 0;
	int error = 0;

	while (!error && slot < (uint64_t)1 << hash_log) {
		unsigned int count;
		uint64_t from;

		xfs_mutex_lock(&shard->is_lock);
		slot <<= shard->is_hash_log - hash_log;
		hash_log = shard->is_hash_log;
		from = slot;
		slot = take_batch(shard, slot, walk->batch, walk->max, &count);
		xfs_mutex_unlock(&shard->is_lock);
		if (slot == from && count > walk->max) {
			error = more_room(mp, walk, count);
			continue;
		}
		for (unsigned int i = 0; i < count; i++) {
			if (!error)
				error = walk->fn(walk->batch[i], walk->arg);
			xfs_irele(walk->batch[i]);
		}
	}
	return error;
}

int xfs_inode_walk(struct xfs_mount *mp, int (*fn)(struct xfs_inode *ip, void *arg), void *arg)
{
	struct walk walk = {.fn = fn, .arg = arg, .max = WALK_BATCH};
	int error = 0;

	walk.batch = walk.small;
	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS && !error; i++)
		error = walk_shard(mp, &mp->m_inodes->ic_shards[i], &walk);
	if (walk.batch != walk.small)
		xfs_free(mp, walk.batch);
	return error;
}
