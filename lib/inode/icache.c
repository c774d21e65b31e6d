/* SPDX-License-Identifier: MIT */
/*
 * The inode cache.  An inode is found by its number as long as somebody holds a
 * reference or memory is not needed elsewhere; a changed inode is held by its log
 * item until it was written.
 */
#include <stdlib.h>
#include "base/crc32c.h"
#include "core/message.h"
#include "ag/inobt.h"
#include "inode/inode_priv.h"
#include "pagecache/mapping.h"

#define INITIAL_HASH_LOG	10
#define UNUSED_MAX		65536	/* unreferenced inodes kept */

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
	xfs_list_init(&cache->ic_lru);
	xfs_pool_init(&cache->ic_pool, &mp->m_mem, sizeof(struct xfs_inode), 64, 8192);
	mp->m_inodes = cache;
	return 0;
}

/*
 * Nobody else knows @ip any more.  No lock held: the page cache has its own.
 */
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

	if (cache->ic_count < slots * 2 || new_log > 28)
		return;
	bigger = xfs_zalloc(mp, sizeof(*bigger) << new_log);
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

/* ic_lock held: what has to go is moved to @victims. */
static void evict(struct xfs_inode_cache *cache, uint64_t target, struct xfs_list *victims)
{
	while (cache->ic_unused > target) {
		struct xfs_inode *ip = xfs_list_first_entry(&cache->ic_lru, struct xfs_inode, i_lru);

		cache->ic_unused--;
		unhash(cache, ip);
		xfs_list_move_tail(&ip->i_lru, victims);
	}
}

void xfs_inode_cache_shrink(struct xfs_mount *mp, uint64_t target)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_list victims;

	xfs_list_init(&victims);
	xfs_mutex_lock(&cache->ic_lock);
	evict(cache, target, &victims);
	xfs_mutex_unlock(&cache->ic_lock);
	free_list(cache, &victims);
}

/* ic_lock held. */
static struct xfs_inode *find_locked(struct xfs_inode_cache *cache, xfs_ino_t ino)
{
	struct xfs_inode *ip = cache->ic_hash[slot_of(cache, ino)];

	while (ip && ip->i_ino != ino)
		ip = ip->i_hash_next;
	if (ip && ip->i_ref++ == 0) {
		xfs_list_del(&ip->i_lru);
		cache->ic_unused--;
	}
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

static struct xfs_inode *alloc_inode(struct xfs_mount *mp, xfs_ino_t ino,
				     const struct xfs_imap *imap)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *ip;

	xfs_mutex_lock(&cache->ic_lock);
	ip = xfs_pool_get(&cache->ic_pool);
	xfs_mutex_unlock(&cache->ic_lock);
	if (!ip)
		return NULL;
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
	ip->i_item.li_sort_key = (uint64_t)imap->im_daddr + (imap->im_offset >> XFS_BB_SHIFT);
	xfs_rwlock_init(&ip->i_iolock, XFS_CLASS_IOLOCK, ino);
	xfs_rwlock_init(&ip->i_mmaplock, XFS_CLASS_MMAPLOCK, ino);
	xfs_rwlock_init(&ip->i_lock, XFS_CLASS_ILOCK, ino);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
	return ip;
}

/*
 * Put @ip into the hash; if another thread was faster, its inode is returned
 * and ours is gone.
 */
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
		evict(cache, UNUSED_MAX, &victims);
	}
	xfs_mutex_unlock(&cache->ic_lock);
	if (other) {
		free_inode(cache, ip);
		ip = other;
	}
	free_list(cache, &victims);
	return ip;
}

int xfs_inode_make(struct xfs_mount *mp, xfs_ino_t ino, const struct xfs_imap *imap,
		   struct xfs_inode **ipp)
{
	struct xfs_inode *ip = xfs_inode_find(mp, ino);

	if (!ip) {
		ip = alloc_inode(mp, ino, imap);
		if (!ip)
			return xfs_error(mp, -ENOMEM, "out of memory for inode %" PRIu64, ino);
		ip = insert(mp, ip);
	}
	*ipp = ip;
	return 0;
}

/* The number came from outside: is there an inode, and is it in use? */
static int check_untrusted(struct xfs_mount *mp, xfs_ino_t ino)
{
	struct xfs_perag *pag = xfs_perag_get(mp, XFS_INO_TO_AGNO(&mp->m_geo, ino));
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ino);
	struct xfs_inobt_rec_incore rec;
	bool found;
	int error;

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
		xfs_corrupt(mp, "inode", "wrong checksum of inode %" PRIu64, ip->i_ino);
		error = -EBADMSG;
	} else {
		error = xfs_inode_from_disk(ip, dip);
	}
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	return error;
}

int xfs_iget(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode *ip;
	struct xfs_imap imap;
	int error;

	*ipp = NULL;
	if (!xfs_verify_ino(&mp->m_geo, ino) ||
	    (!(flags & XFS_IGET_INTERNAL) && xfs_internal_inum(&mp->m_geo, ino)))
		return xfs_error(mp, -EINVAL, "%" PRIu64 " cannot be an inode number", ino);
	ip = xfs_inode_find(mp, ino);
	if (!ip) {
		if (flags & XFS_IGET_UNTRUSTED) {
			error = check_untrusted(mp, ino);
			if (error)
				return error;
		}
		error = xfs_imap(mp, ino, &imap);
		if (error)
			return error;
		ip = alloc_inode(mp, ino, &imap);
		if (!ip)
			return xfs_error(mp, -ENOMEM, "out of memory for inode %" PRIu64, ino);
		error = read_inode(ip);
		if (error) {
			free_inode(cache, ip);
			return error;
		}
		ip = insert(mp, ip);
	}
	if (ip->i_mode == 0 || xfs_iflags_test(ip, XFS_IF_STALE)) {
		xfs_inode_put(ip);
		return xfs_error(mp, -ENOENT, "inode %" PRIu64 " is not in use", ino);
	}
	if ((ip->i_diflags2 & XFS_DIFLAG2_METADATA) && !(flags & XFS_IGET_INTERNAL)) {
		xfs_inode_put(ip);
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is the file system's own", ino);
	}
	*ipp = ip;
	return 0;
}

void xfs_ihold(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	if (ip->i_ref++ == 0) {
		xfs_list_del(&ip->i_lru);
		cache->ic_unused--;
	}
	xfs_mutex_unlock(&cache->ic_lock);
}

void xfs_inode_put(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	bool gone = false;

	xfs_mutex_lock(&cache->ic_lock);
	ASSERT(ip->i_ref > 0);
	if (--ip->i_ref == 0) {
		gone = ip->i_mode == 0 || xfs_iflags_test(ip, XFS_IF_STALE);
		if (gone) {
			unhash(cache, ip);
		} else {
			xfs_list_add_tail(&ip->i_lru, &cache->ic_lru);
			cache->ic_unused++;
		}
	}
	xfs_mutex_unlock(&cache->ic_lock);
	if (gone)
		free_inode(cache, ip);
}

void xfs_irele(struct xfs_inode *ip)
{
	const struct xfs_upcalls *up;

	if (!ip)
		return;
	up = ip->i_mount->m_upcalls;
	/*
	 * Users' references are what keeps an unlinked inode alive; the item of a
	 * changed inode holds one too, which does not count.
	 */
	if (unlikely(ip->i_nlink == 0) && up && up->inactivate && !ip->i_mount->m_rdonly &&
	    !xfs_is_shutdown(ip->i_mount)) {
		struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
		bool last;

		xfs_mutex_lock(&cache->ic_lock);
		last = ip->i_ref - (ip->i_item.li_state != XFS_LI_CLEAN) == 1 &&
		       ip->i_mode != 0 && !xfs_iflags_test(ip, XFS_IF_INACTIVE | XFS_IF_NEW);
		if (last)
			xfs_iflags_set(ip, XFS_IF_INACTIVE);
		xfs_mutex_unlock(&cache->ic_lock);
		if (last)
			up->inactivate(ip);
	}
	xfs_inode_put(ip);
}

int xfs_inode_walk(struct xfs_mount *mp, int (*fn)(struct xfs_inode *ip, void *arg), void *arg)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	struct xfs_inode **all, *ip;
	uint64_t n = 0, i;
	int error = 0;

	/* A snapshot of references: the cache may change under the calls. */
	xfs_mutex_lock(&cache->ic_lock);
	all = xfs_malloc(mp, (cache->ic_count + 1) * sizeof(*all));
	for (i = 0; all && i < (uint64_t)1 << cache->ic_hash_log; i++) {
		for (ip = cache->ic_hash[i]; ip; ip = ip->i_hash_next) {
			if (ip->i_ref++ == 0) {
				xfs_list_del(&ip->i_lru);
				cache->ic_unused--;
			}
			all[n++] = ip;
		}
	}
	xfs_mutex_unlock(&cache->ic_lock);
	if (!all)
		return xfs_error(mp, -ENOMEM, "out of memory for walking the inode cache");
	for (i = 0; i < n; i++) {
		if (!error)
			error = fn(all[i], arg);
		xfs_inode_put(all[i]);
	}
	xfs_free(mp, all);
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
