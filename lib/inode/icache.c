/* SPDX-License-Identifier: MIT */
/*
 * The inode cache.  An inode is found by its number as long as somebody holds a
 * reference or memory is not needed elsewhere.
 *
 * (ICACHE-1) References are users' or the log item's.  A changed inode has its item's, which keeps
 *     it in memory until it was written and says nothing about use.
 * (ICACHE-2) An inode without names is freed when its last user goes.  Where that happens with
 *     locks held (xfs_inode_put()) the inode is put on a list, whose reference makes it used again;
 *     the next xfs_irele() finishes it.
 * (ICACHE-3) An inode is in the hash before it is read, marked XFS_IF_READING; whoever finds it
 *     waits.  So nobody holds contents that another thread has changed, written and forgotten
 *     meanwhile.
 *
 *   icache.c	the table, what nobody uses, all of them
 *   iget.c	an inode by its number, from disk if need be
 *   irele.c	references, and freeing what has no name
 */
#include "core/message.h"
#include "inode/inode_priv.h"
#include "pagecache/mapping.h"

#define INITIAL_HASH_LOG	10
#define WALK_BATCH		64

/*
 * So much of inodes that were made here and never asked for again is kept when nobody uses them:
 * enough for a program that comes back to a file it has just made, little enough to be
 * in the CPU's cache when it is used again for the next ones.
 */
#define ONCE_BYTES		(512u << 10)

static inline uint64_t slot_of(const struct xfs_inode_cache *cache, xfs_ino_t ino)
{
	return ino * 0x9e3779b97f4a7c15u >> (64 - cache->ic_hash_log);
}

int xfs_inode_cache_init(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = xfs_zalloc(mp, sizeof(*cache));

	if (!cache)
		return xfs_error(mp, -ENOMEM, "out of memory for the inode cache");
	cache->ic_hash_log = INITIAL_HASH_LOG;
	cache->ic_hash = xfs_zalloc(mp, sizeof(*cache->ic_hash) << cache->ic_hash_log);
	if (!cache->ic_hash) {
		xfs_free(mp, cache);
		return xfs_error(mp, -ENOMEM, "out of memory for the inode cache");
	}
	xfs_mutex_init(&cache->ic_lock, XFS_CLASS_LEAF, 2);
	xfs_cond_init(&cache->ic_wake);
	xfs_list_init(&cache->ic_lru);
	xfs_list_init(&cache->ic_lru_once);
	xfs_list_init(&cache->ic_tagged);
	xfs_list_init(&cache->ic_unlinked);
	xfs_pool_init(&cache->ic_pool, &mp->m_mem, sizeof(struct xfs_inode), 64, 8192);
	mp->m_inodes = cache;
	return 0;
}

void xfs_icache_free(struct xfs_inode_cache *cache, struct xfs_inode *ip)
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
	xfs_mutex_lock(&cache->ic_lock);
	xfs_pool_put(&cache->ic_pool, ip);
	xfs_mutex_unlock(&cache->ic_lock);
}

/* Inodes that left the hash, to be freed without the lock. */
static void free_list(struct xfs_inode_cache *cache, struct xfs_list *list)
{
	while (!xfs_list_empty(list)) {
		struct xfs_inode *ip = xfs_list_first_entry(list, struct xfs_inode, i_lru);

		xfs_list_del(&ip->i_lru);
		xfs_icache_free(cache, ip);
	}
}

void xfs_icache_unhash(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	struct xfs_inode **link = &cache->ic_hash[slot_of(cache, ip->i_ino)];

	while (*link && *link != ip)
		link = &(*link)->i_hash_next;
	if (*link) {
		*link = ip->i_hash_next;
		ip->i_hash_next = NULL;
		cache->ic_count--;
	}
}

void xfs_inode_cache_destroy(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;

	if (!cache)
		return;
	for (uint64_t i = 0; i < (uint64_t)1 << cache->ic_hash_log; i++) {
		while (cache->ic_hash[i]) {
			struct xfs_inode *ip = cache->ic_hash[i];

			cache->ic_hash[i] = ip->i_hash_next;
			xfs_icache_free(cache, ip);
		}
	}
	xfs_pool_drain(&cache->ic_pool);
	xfs_cond_destroy(&cache->ic_wake);
	xfs_mutex_destroy(&cache->ic_lock);
	xfs_free(mp, cache->ic_hash);
	xfs_free(mp, cache);
	mp->m_inodes = NULL;
}

static void maybe_grow_hash(struct xfs_mount *mp, struct xfs_inode_cache *cache)
{
	uint32_t new_log = cache->ic_hash_log + 2;
	uint64_t slots = (uint64_t)1 << cache->ic_hash_log;
	struct xfs_inode **old = cache->ic_hash, **bigger;
	struct xfs_budget *before;

	if (cache->ic_count < slots * 2 || new_log > 28)
		return;
	/* A table stays: it is not for the reserve. */
	before = xfs_mem_critical_enter(NULL);
	bigger = xfs_mem_zalloc(&mp->m_mem, sizeof(*bigger) << new_log);
	xfs_mem_critical_leave(before);
	if (!bigger)
		return;
	cache->ic_hash = bigger;
	cache->ic_hash_log = new_log;
	for (uint64_t i = 0; i < slots; i++) {
		while (old[i]) {
			struct xfs_inode *ip = old[i];
			struct xfs_inode **head = &bigger[slot_of(cache, ip->i_ino)];

			old[i] = ip->i_hash_next;
			ip->i_hash_next = *head;
			*head = ip;
		}
	}
	xfs_free(mp, old);
}

/* What an inode that nobody uses keeps in memory, about. */
static uint64_t memory_of(const struct xfs_inode *ip)
{
	return sizeof(*ip) + (ip->i_df.if_nextents + ip->i_af.if_nextents) * 16 +
	       ip->i_df.if_bytes + ip->i_af.if_bytes;
}

/* Nobody uses @ip.  Blocks and reservations of a CoW fork are known nowhere else. */
static bool holds_cow(const struct xfs_inode *ip)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;

	return ip->i_cowfp && xfs_iext_first_extent(ip->i_cowfp, &cur, &irec);
}

void xfs_icache_to_lru(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	/* It must not be forgotten before that is given back; whoever does that comes by here. */
	if (unlikely(xfs_iflags_test(ip, XFS_IF_EOFBLOCKS) || holds_cow(ip))) {
		ip->i_lru_bytes = 0;
		xfs_list_add_tail(&ip->i_lru, &cache->ic_tagged);
		return;
	}
	ip->i_lru_bytes = memory_of(ip);
	cache->ic_unused_bytes += ip->i_lru_bytes;
	if (ip->i_once)
		cache->ic_once_bytes += ip->i_lru_bytes;
	xfs_list_add_tail(&ip->i_lru, ip->i_once ? &cache->ic_lru_once : &cache->ic_lru);
}

static void from_lru(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	cache->ic_unused_bytes -= ip->i_lru_bytes;
	if (ip->i_once)
		cache->ic_once_bytes -= ip->i_lru_bytes;
	xfs_list_del(&ip->i_lru);
}

/* ic_lock held: what has to go is moved to @victims. */
static void evict(struct xfs_inode_cache *cache, uint64_t target_bytes, struct xfs_list *victims)
{
	while (cache->ic_unused_bytes > target_bytes || cache->ic_once_bytes > ONCE_BYTES) {
		struct xfs_list *list = cache->ic_once_bytes ? &cache->ic_lru_once : &cache->ic_lru;
		struct xfs_inode *ip = xfs_list_first_entry(list, struct xfs_inode, i_lru);

		from_lru(cache, ip);
		xfs_icache_unhash(cache, ip);
		xfs_list_add_tail(&ip->i_lru, victims);
	}
}

void xfs_inode_cache_shrink(struct xfs_mount *mp, uint64_t target_bytes)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_list victims;

	xfs_list_init(&victims);
	xfs_mutex_lock(&cache->ic_lock);
	evict(cache, target_bytes, &victims);
	xfs_mutex_unlock(&cache->ic_lock);
	free_list(cache, &victims);
	xfs_mutex_lock(&cache->ic_lock);
	xfs_pool_drain(&cache->ic_pool);
	xfs_mutex_unlock(&cache->ic_lock);
}

uint64_t xfs_inode_cache_unused_bytes(struct xfs_mount *mp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	uint64_t bytes;

	xfs_mutex_lock(&cache->ic_lock);
	bytes = cache->ic_unused_bytes;
	xfs_mutex_unlock(&cache->ic_lock);
	return bytes;
}

void xfs_icache_hold(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	if (ip->i_ref++ == 0)
		from_lru(cache, ip);
}

/*
 * ic_lock held: the inode as it is in the hash, referenced; it may be in the middle of being read.
 */
static struct xfs_inode *find_any(struct xfs_inode_cache *cache, xfs_ino_t ino)
{
	struct xfs_inode *ip = cache->ic_hash[slot_of(cache, ino)];

	while (ip && ip->i_ino != ino)
		ip = ip->i_hash_next;
	if (ip) {
		xfs_icache_hold(cache, ip);
		ip->i_once = false;
	}
	return ip;
}

/* ic_lock held, left while it sleeps: the inode if it is in memory and complete, referenced. */
static struct xfs_inode *find_locked(struct xfs_inode_cache *cache, xfs_ino_t ino) XFS_HOLDS(cache->ic_lock)
{
	struct xfs_inode *ip = find_any(cache, ino);

	while (ip && xfs_iflags_test(ip, XFS_IF_READING))
		xfs_cond_wait(&cache->ic_wake, &cache->ic_lock);
	return ip;
}

struct xfs_inode *xfs_inode_find(struct xfs_mount *mp, xfs_ino_t ino)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *ip;

	xfs_mutex_lock(&cache->ic_lock);
	ip = find_locked(cache, ino);
	xfs_mutex_unlock(&cache->ic_lock);
	return ip;
}

struct xfs_inode *xfs_icache_insert(struct xfs_mount *mp, struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *other, **head;
	struct xfs_list victims;

	xfs_list_init(&victims);
	xfs_mutex_lock(&cache->ic_lock);
	other = find_locked(cache, ip->i_ino);
	if (!other) {
		head = &cache->ic_hash[slot_of(cache, ip->i_ino)];
		ip->i_hash_next = *head;
		*head = ip;
		cache->ic_count++;
		maybe_grow_hash(mp, cache);
		evict(cache, mp->m_meta_cache_bytes, &victims);
	}
	xfs_mutex_unlock(&cache->ic_lock);
	if (other) {
		xfs_icache_free(cache, ip);
		ip = other;
	}
	free_list(cache, &victims);
	return ip;
}

/* ---- all of them ------------------------------------------------------------------------ */

/* From slot @slot on: references to up to @max inodes, whole chains; where to go on. */
static uint64_t take_batch(struct xfs_inode_cache *cache, uint64_t slot, struct xfs_inode **batch,
			   unsigned int max, unsigned int *count)
{
	unsigned int n = 0;

	while (slot < (uint64_t)1 << cache->ic_hash_log) {
		unsigned int in_chain = 0;
		struct xfs_inode *ip;

		for (ip = cache->ic_hash[slot]; ip; ip = ip->i_hash_next)
			in_chain++;
		if (n + in_chain > max) {
			/* Too many for any batch: the caller needs more room. */
			*count = n ? n : in_chain;
			return slot;
		}
		for (ip = cache->ic_hash[slot]; ip; ip = ip->i_hash_next) {
			if (xfs_iflags_test(ip, XFS_IF_READING))
				continue;
			xfs_icache_hold(cache, ip);
			batch[n++] = ip;
		}
		slot++;
	}
	*count = n;
	return slot;
}

/*
 * In batches, so that it needs no memory.  Slots are the upper bits of the hash: when the table
 * grows in between, what was slot n begins at slot n * 2^(growth).
 */
int xfs_inode_walk(struct xfs_mount *mp, int (*fn)(struct xfs_inode *ip, void *arg), void *arg)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *small[WALK_BATCH], **batch = small;
	unsigned int max = WALK_BATCH, count;
	uint32_t hash_log = INITIAL_HASH_LOG;
	uint64_t slot = 0;
	int error = 0;

	while (!error && slot < (uint64_t)1 << hash_log) {
		uint64_t from;

		xfs_mutex_lock(&cache->ic_lock);
		slot <<= cache->ic_hash_log - hash_log;
		hash_log = cache->ic_hash_log;
		from = slot;
		slot = take_batch(cache, slot, batch, max, &count);
		xfs_mutex_unlock(&cache->ic_lock);
		if (slot == from && count > max) {
			struct xfs_inode **more = xfs_malloc(mp, 2 * (size_t)count * sizeof(*more));

			if (!more) {
				error = xfs_error(mp, -ENOMEM,
						  "out of memory for walking the inode cache");
				break;
			}
			if (batch != small)
				xfs_free(mp, batch);
			batch = more;
			max = 2 * count;
			continue;
		}
		for (unsigned int i = 0; i < count; i++) {
			if (!error)
				error = fn(batch[i], arg);
			xfs_irele(batch[i]);
		}
	}
	if (batch != small)
		xfs_free(mp, batch);
	return error;
}
