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
 */
#include <stdlib.h>
#include "base/crc32c.h"
#include "core/message.h"
#include "ag/inobt.h"
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
	xfs_list_init(&cache->ic_unlinked);
	xfs_pool_init(&cache->ic_pool, &mp->m_mem, sizeof(struct xfs_inode), 64, 8192);
	mp->m_inodes = cache;
	return 0;
}

/* Nobody else knows @ip any more.  No lock held: the page cache has its own. */
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
	xfs_rwlock_destroy(&ip->i_mmaplock);
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
		free_inode(cache, ip);
	}
}

static void unhash(struct xfs_inode_cache *cache, struct xfs_inode *ip)
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
			free_inode(cache, ip);
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

/* ic_lock held: the last reference is gone. */
static void to_lru(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
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
		unhash(cache, ip);
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

/* ic_lock held. */
static void hold(struct xfs_inode_cache *cache, struct xfs_inode *ip)
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
		hold(cache, ip);
		ip->i_once = false;
	}
	return ip;
}

/* ic_lock held, left while it sleeps: the inode if it is in memory and complete, referenced. */
static struct xfs_inode *find_locked(struct xfs_inode_cache *cache, xfs_ino_t ino)
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

static struct xfs_inode *alloc_once(struct xfs_inode_cache *cache)
{
	struct xfs_inode *ip;

	xfs_mutex_lock(&cache->ic_lock);
	ip = xfs_pool_get(&cache->ic_pool);
	xfs_mutex_unlock(&cache->ic_lock);
	return ip;
}

static struct xfs_inode *alloc_inode(struct xfs_mount *mp)
{
	struct xfs_inode *ip = alloc_once(mp->m_inodes);

	for (unsigned int nth = 0; unlikely(!ip) && xfs_shrink_caches(mp, nth); nth++)
		ip = alloc_once(mp->m_inodes);
	if (!ip)
		xfs_error(mp, -ENOMEM, "out of memory for an inode");
	return ip;
}

static void init_inode(struct xfs_mount *mp, struct xfs_inode *ip, xfs_ino_t ino,
		       const struct xfs_imap *imap)
{
	memset(ip, 0, sizeof(*ip));
	ip->i_mount = mp;
	ip->i_ino = ino;
	ip->i_cluster_daddr = imap->im_daddr;
	ip->i_cluster_len = imap->im_len;
	ip->i_cluster_off = imap->im_offset;
	ip->i_ref = 1;
	ip->i_next_unlinked = NULLAGINO;
	ip->i_prev_unlinked = NULLAGINO;
	xfs_list_init(&ip->i_lru);
	xfs_log_item_init(&ip->i_item, &xfs_inode_item_ops);
	ip->i_item.li_bytes = XFS_INODE_MEMORY;
	ip->i_item.li_sort_key = (uint64_t)imap->im_daddr + (imap->im_offset >> XFS_BB_SHIFT);
	xfs_rwlock_init(&ip->i_iolock, XFS_CLASS_IOLOCK, ino);
	xfs_rwlock_init(&ip->i_mmaplock, XFS_CLASS_MMAPLOCK, ino);
	xfs_rwlock_init(&ip->i_lock, XFS_CLASS_ILOCK, ino);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
}

/* Put @ip into the hash; if another thread was faster, its inode is returned and ours is gone. */
static struct xfs_inode *insert(struct xfs_mount *mp, struct xfs_inode *ip)
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
		free_inode(cache, ip);
		ip = other;
	}
	free_list(cache, &victims);
	return ip;
}

struct xfs_inode *xfs_inode_alloc(struct xfs_mount *mp)
{
	return alloc_inode(mp);
}

void xfs_inode_unalloc(struct xfs_mount *mp, struct xfs_inode *blank)
{
	struct xfs_inode_cache *cache = mp->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	xfs_pool_put(&cache->ic_pool, blank);
	xfs_mutex_unlock(&cache->ic_lock);
}

struct xfs_inode *xfs_inode_make(struct xfs_mount *mp, struct xfs_inode *blank, xfs_ino_t ino,
				 const struct xfs_imap *imap)
{
	struct xfs_inode *ip = xfs_inode_find(mp, ino);

	if (ip) {
		xfs_inode_unalloc(mp, blank);
		return ip;
	}
	init_inode(mp, blank, ino, imap);
	blank->i_once = true;
	return insert(mp, blank);
}

/* The number came from outside: is there an inode, and is it in use? */
static int check_untrusted(struct xfs_mount *mp, xfs_ino_t ino)
{
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ino);
	struct xfs_inobt_rec_incore rec;
	struct xfs_perag *pag;
	bool found;
	int error;

	error = xfs_perag_make(mp, XFS_INO_TO_AGNO(&mp->m_geo, ino), &pag);
	if (error)
		return error;

	xfs_mutex_lock(&pag->pag_lock);
	error = xfs_perag_load_agi(pag);
	if (!error)
		error = xfs_inobt_lookup(pag, agino, &rec, &found);
	xfs_mutex_unlock(&pag->pag_lock);
	if (error)
		return error;
	if (!found || rec.ir_free & (uint64_t)1 << (agino - rec.ir_startino))
		return xfs_error(mp, -ENOENT, "inode %" PRIu64 " is not in use", ino);
	return 0;
}

static int read_inode(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_dinode *dip;
	struct xfs_buf *bp;
	int error;

	error = xfs_buf_read(mp, ip->i_cluster_daddr, ip->i_cluster_len, &xfs_inode_buf_ops, &bp);
	if (error)
		return error;
	xfs_mutex_lock(&bp->b_lock);
	dip = (struct xfs_dinode *)((char *)bp->b_addr + ip->i_cluster_off);
	if (!xfs_cksum_ok(dip, mp->m_geo.inodesize, XFS_DINODE_CRC_OFF)) {
		error = xfs_bad_checksum(mp, "inode", "wrong checksum of inode %" PRIu64, ip->i_ino);
	} else {
		error = xfs_inode_from_disk(ip, dip);
	}
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	return error;
}

/*
 * One without links that is not in memory is on an unlinked list, and only the one who empties
 * those asks for it so.  Any other has come here by a name or a number that damage has left: with
 * its last reference its contents would be freed.
 */
static int check_links(const struct xfs_inode *ip, uint32_t flags)
{
	struct xfs_mount *mp = ip->i_mount;

	if (likely(ip->i_nlink || !ip->i_mode) || flags & XFS_IGET_UNLINKED || mp->m_rdonly)
		return 0;
	return xfs_corrupt(mp, "inode", "inode %" PRIu64 ": di_nlink is 0, but something leads to it",
			   ip->i_ino);
}

/* (ICACHE-3) Into the hash, then read; *@ipp is another's when another thread was faster. */
static int read_into_cache(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *mine, *ip;
	struct xfs_imap imap;
	int error;

	error = xfs_imap(mp, ino, &imap);
	if (error)
		return error;
	mine = alloc_inode(mp);
	if (!mine)
		return -ENOMEM;
	init_inode(mp, mine, ino, &imap);
	mine->i_flags = XFS_IF_READING;
	ip = insert(mp, mine);
	*ipp = ip;
	if (ip != mine)
		return 0;
	error = read_inode(ip);
	if (!error)
		error = check_links(ip, flags);
	xfs_mutex_lock(&cache->ic_lock);
	/* Those who wait for it see that, and try for themselves. */
	if (error) {
		xfs_iflags_set(ip, XFS_IF_STALE | XFS_IF_UNREAD);
		unhash(cache, ip);
	}
	xfs_iflags_clear(ip, XFS_IF_READING);
	xfs_cond_broadcast(&cache->ic_wake);
	xfs_mutex_unlock(&cache->ic_lock);
	if (error)
		xfs_inode_put(ip);
	return error;
}

int xfs_iget(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
{
	struct xfs_inode *ip;
	uint32_t gone = XFS_IF_STALE;
	int error;

	*ipp = NULL;
	if (!xfs_verify_ino(&mp->m_geo, ino) ||
	    (!(flags & XFS_IGET_INTERNAL) && xfs_internal_inum(&mp->m_geo, ino)))
		return xfs_error(mp, -EINVAL, "%" PRIu64 " cannot be an inode number", ino);
	if (!(flags & XFS_IGET_UNLINKED))
		gone |= XFS_IF_INACTIVE;
	for (;;) {
		ip = xfs_inode_find(mp, ino);
		if (!ip) {
			error = flags & XFS_IGET_UNTRUSTED ? check_untrusted(mp, ino) : 0;
			if (!error)
				error = read_into_cache(mp, ino, flags, &ip);
			if (error)
				return error;
		}
		if (likely(!xfs_iflags_test(ip, XFS_IF_UNREAD)))
			break;
		xfs_inode_put(ip);
	}
	if (xfs_inode_mode(ip) == 0 || xfs_iflags_test(ip, gone)) {
		xfs_inode_put(ip);
		return xfs_error(mp, -ENOENT, "inode %" PRIu64 " is not in use", ino);
	}
	if ((xfs_inode_diflags2(ip) & XFS_DIFLAG2_METADATA) && !(flags & XFS_IGET_INTERNAL)) {
		xfs_inode_put(ip);
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is the file system's own", ino);
	}
	*ipp = ip;
	return 0;
}

/* ---- references ------------------------------------------------------------------------ */

void xfs_ihold(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	hold(cache, ip);
	xfs_mutex_unlock(&cache->ic_lock);
}

/* Without names, and nobody has begun to free it. */
static bool wants_inactivation(const struct xfs_inode *ip)
{
	const struct xfs_mount *mp = ip->i_mount;

	return unlikely(xfs_inode_nlink(ip) == 0) && xfs_inode_mode(ip) != 0 &&
	       !xfs_iflags_test(ip, XFS_IF_INACTIVE | XFS_IF_NEW | XFS_IF_STALE) &&
	       mp->m_upcalls && mp->m_upcalls->inactivate && !mp->m_rdonly && !xfs_is_shutdown(mp);
}

/* ic_lock held; true: nobody knows @ip any more, it is to be freed. */
static bool put_locked(struct xfs_inode_cache *cache, struct xfs_inode *ip)
{
	ASSERT(ip->i_ref > ip->i_pinned);
	if (ip->i_ref - ip->i_pinned == 1 && wants_inactivation(ip)) {
		/* (ICACHE-2) The reference becomes the list's. */
		xfs_list_add_tail(&ip->i_lru, &cache->ic_unlinked);
		__atomic_store_n(&cache->ic_nr_unlinked, cache->ic_nr_unlinked + 1,
				 __ATOMIC_RELAXED);
		return false;
	}
	if (--ip->i_ref)
		return false;
	if (xfs_inode_mode(ip) == 0 || xfs_iflags_test(ip, XFS_IF_STALE)) {
		unhash(cache, ip);
		return true;
	}
	to_lru(cache, ip);
	return false;
}

void xfs_inode_put(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	bool gone;

	xfs_mutex_lock(&cache->ic_lock);
	gone = put_locked(cache, ip);
	xfs_mutex_unlock(&cache->ic_lock);
	if (gone)
		free_inode(cache, ip);
}

void xfs_inode_pin(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	hold(cache, ip);
	/* The item may be changed again before who has written it has let go of it. */
	ip->i_pinned++;
	xfs_mutex_unlock(&cache->ic_lock);
}

void xfs_inode_unpin(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	bool gone;

	xfs_mutex_lock(&cache->ic_lock);
	ASSERT(ip->i_pinned);
	ip->i_pinned--;
	/* Users put it on the list when the last of them went; now there are none. */
	if (ip->i_ref > 1) {
		ip->i_ref--;
		gone = false;
	} else {
		gone = put_locked(cache, ip);
	}
	xfs_mutex_unlock(&cache->ic_lock);
	if (gone)
		free_inode(cache, ip);
}

/*
 * Free @ip, marked XFS_IF_INACTIVE.  Does it fail for want of something that may come, it is
 * tried again when the file system is closed; its reference goes on the list then.
 */
static int inactivate(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_inode_cache *cache = mp->m_inodes;
	int error = mp->m_upcalls->inactivate(ip);

	if (!error || xfs_is_shutdown(mp)) {
		xfs_inode_put(ip);
		return error;
	}
	xfs_mutex_lock(&cache->ic_lock);
	xfs_list_add_tail(&ip->i_lru, &cache->ic_unlinked);
	xfs_mutex_unlock(&cache->ic_lock);
	return error;
}

/* The first on the list that was not tried yet (@again: any); NULL: none. */
static struct xfs_inode *take_unlinked(struct xfs_inode_cache *cache, bool again)
{
	struct xfs_inode *ip, *next, *found = NULL;

	xfs_mutex_lock(&cache->ic_lock);
	xfs_list_for_each_entry_safe(ip, next, &cache->ic_unlinked, i_lru) {
		if (!again && xfs_iflags_test(ip, XFS_IF_INACTIVE))
			continue;
		xfs_list_del(&ip->i_lru);
		if (!xfs_iflags_test(ip, XFS_IF_INACTIVE))
			__atomic_store_n(&cache->ic_nr_unlinked, cache->ic_nr_unlinked - 1,
					 __ATOMIC_RELAXED);
		/* Somebody has come by its number: it is for him to free it then. */
		if (ip->i_ref - ip->i_pinned > 1) {
			ip->i_ref--;
			continue;
		}
		xfs_iflags_set(ip, XFS_IF_INACTIVE);
		found = ip;
		break;
	}
	xfs_mutex_unlock(&cache->ic_lock);
	return found;
}

uint32_t xfs_inode_users(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	uint32_t users;

	xfs_mutex_lock(&cache->ic_lock);
	users = ip->i_ref - ip->i_pinned;
	xfs_mutex_unlock(&cache->ic_lock);
	return users;
}

void xfs_irele(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache;

	if (!ip)
		return;
	cache = ip->i_mount->m_inodes;
	xfs_inode_put(ip);
	while (unlikely(__atomic_load_n(&cache->ic_nr_unlinked, __ATOMIC_RELAXED))) {
		ip = take_unlinked(cache, false);
		if (!ip)
			break;
		/* A failure was logged, and it is tried again later. */
		(void)!inactivate(ip);
	}
}

static int free_if_unlinked(struct xfs_inode *ip, void *arg)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	int *first_error = arg, error;
	bool todo;

	xfs_mutex_lock(&cache->ic_lock);
	todo = wants_inactivation(ip);
	if (todo)
		xfs_iflags_set(ip, XFS_IF_INACTIVE);
	xfs_mutex_unlock(&cache->ic_lock);
	if (todo) {
		error = ip->i_mount->m_upcalls->inactivate(ip);
		if (error && !*first_error)
			*first_error = error;
	}
	return 0;
}

int xfs_inode_free_unlinked(struct xfs_mount *mp, bool all)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	int first_error = 0, error;
	uint64_t tries;

	/* Those that fail come back to the end of the list. */
	xfs_mutex_lock(&cache->ic_lock);
	tries = 0;
	for (struct xfs_list *l = cache->ic_unlinked.next; l != &cache->ic_unlinked; l = l->next)
		tries++;
	xfs_mutex_unlock(&cache->ic_lock);
	while (tries--) {
		struct xfs_inode *ip = take_unlinked(cache, true);

		if (!ip)
			break;
		error = inactivate(ip);
		if (error && !first_error)
			first_error = error;
	}
	if (!all)
		return first_error;
	error = xfs_inode_walk(mp, free_if_unlinked, &first_error);
	return first_error ? first_error : error;
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
			hold(cache, ip);
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

static int by_ino(const void *a, const void *b)
{
	const struct xfs_inode *x = *(struct xfs_inode *const *)a;
	const struct xfs_inode *y = *(struct xfs_inode *const *)b;

	return x->i_ino < y->i_ino ? -1 : x->i_ino > y->i_ino;
}

void xfs_ilock_many(struct xfs_inode **ips, unsigned int count)
{
	qsort(ips, count, sizeof(*ips), by_ino);
	for (unsigned int i = 0; i < count; i++) {
		if (i == 0 || ips[i] != ips[i - 1])
			xfs_ilock_excl(ips[i]);
	}
}

void xfs_iunlock_many(struct xfs_inode **ips, unsigned int count)
{
	for (unsigned int i = count; i-- > 0;) {
		if (i == 0 || ips[i] != ips[i - 1])
			xfs_iunlock_excl(ips[i]);
	}
}
