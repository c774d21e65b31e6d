/* SPDX-License-Identifier: MIT */
/*
 * References to inodes, and freeing inodes without links when their last user puts them.  The
 * invariants are in icache.c.
 */
#include "core/message.h"
#include "inode/inode_priv.h"

static struct xfs_icache_shard *shard_of(const struct xfs_inode *ip)
{
	return xfs_icache_shard(ip->i_mount->m_inodes, ip->i_ino);
}

/* (ICACHE-4) Take @ref without the lock unless it is the first one. */
static bool hold_another(struct xfs_inode *ip, uint64_t ref)
{
	uint64_t refs = xfs_irefs(ip);

	do {
		if (!refs)
			return false;
	} while (!__atomic_compare_exchange_n(&ip->i_refs, &refs, refs + ref, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return true;
}

/* Put @ref without the lock if a user's reference remains. */
static bool put_one_of_many(struct xfs_inode *ip, uint64_t ref)
{
	uint64_t refs = xfs_irefs(ip);

	do {
		if (!xfs_irefs_users(refs - ref))
			return false;
	} while (!__atomic_compare_exchange_n(&ip->i_refs, &refs, refs - ref, true, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return true;
}

static void hold(struct xfs_inode *ip, uint64_t ref)
{
	struct xfs_icache_shard *shard = shard_of(ip);

	if (likely(hold_another(ip, ref)))
		return;
	xfs_mutex_lock(&shard->is_lock);
	xfs_icache_hold(shard, ip, ref);
	xfs_mutex_unlock(&shard->is_lock);
}

void xfs_ihold(struct xfs_inode *ip)
{
	hold(ip, XFS_IREF_USER);
}

/* True if the inode has no links and nobody has begun to free it. */
static bool wants_inactivation(const struct xfs_inode *ip)
{
	const struct xfs_mount *mp = ip->i_mount;

	return unlikely(xfs_inode_nlink(ip) == 0) && xfs_inode_mode(ip) != 0 &&
	       !xfs_iflags_test(ip, XFS_IF_INACTIVE | XFS_IF_NEW | XFS_IF_STALE) &&
	       mp->m_upcalls && mp->m_upcalls->inactivate && !mp->m_rdonly && !xfs_is_shutdown(mp);
}

/*
 * Queue @ip, together with a user's reference, to be freed by the next xfs_irele(). is_lock held.
 */
static void to_unlinked(struct xfs_icache_shard *shard, struct xfs_inode *ip, bool tried)
{
	xfs_list_add_tail(&ip->i_lru, &shard->is_unlinked);
	if (tried)
		return;
	__atomic_add_fetch(&shard->is_nr_unlinked, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&ip->i_mount->m_inodes->ic_nr_unlinked, 1, __ATOMIC_RELAXED);
}

/* Put @ref.  Inodes to be freed then, @ip or others, are moved to @victims. is_lock held. */
static void drop(struct xfs_icache_shard *shard, struct xfs_inode *ip, uint64_t ref,
		 struct xfs_list *victims)
{
	if (__atomic_sub_fetch(&ip->i_refs, ref, __ATOMIC_ACQ_REL))
		return;
	if (xfs_inode_mode(ip) == 0 || xfs_iflags_test(ip, XFS_IF_STALE)) {
		xfs_icache_unhash(shard, ip);
		xfs_list_add_tail(&ip->i_lru, victims);
		return;
	}
	xfs_icache_to_lru(shard, ip);
	xfs_icache_evict(ip->i_mount, shard, victims);
}

/* Put a user's reference. is_lock held. */
static void put_locked(struct xfs_icache_shard *shard, struct xfs_inode *ip, struct xfs_list *victims)
{
	ASSERT(xfs_irefs_users(xfs_irefs(ip)) > 0);
	/* On failure this is the last reference: the next one can be taken only under the lock. */
	if (put_one_of_many(ip, XFS_IREF_USER))
		return;
	/* (ICACHE-2) The list takes over the reference. */
	if (wants_inactivation(ip))
		to_unlinked(shard, ip, false);
	else
		drop(shard, ip, XFS_IREF_USER, victims);
}

void xfs_inode_put(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	struct xfs_icache_shard *shard = shard_of(ip);
	struct xfs_list victims;

	if (put_one_of_many(ip, XFS_IREF_USER))
		return;
	xfs_list_init(&victims);
	xfs_mutex_lock(&shard->is_lock);
	put_locked(shard, ip, &victims);
	xfs_mutex_unlock(&shard->is_lock);
	xfs_icache_free_list(cache, &victims);
}

void xfs_inode_pin(struct xfs_inode *ip)
{
	/* Counted, because the item can be re-dirtied before write-back drops its pin. */
	hold(ip, XFS_IREF_PIN);
}

void xfs_inode_unpin(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;
	struct xfs_icache_shard *shard = shard_of(ip);
	struct xfs_list victims;

	if (put_one_of_many(ip, XFS_IREF_PIN))
		return;
	xfs_list_init(&victims);
	xfs_mutex_lock(&shard->is_lock);
	/*
	 * Usually the last user's put has queued it.  If there is no user and it is not queued,
	 * queue it here.
	 */
	if (xfs_irefs(ip) == XFS_IREF_PIN && wants_inactivation(ip)) {
		__atomic_add_fetch(&ip->i_refs, XFS_IREF_USER - XFS_IREF_PIN, __ATOMIC_ACQ_REL);
		to_unlinked(shard, ip, false);
	} else {
		drop(shard, ip, XFS_IREF_PIN, &victims);
	}
	xfs_mutex_unlock(&shard->is_lock);
	xfs_icache_free_list(cache, &victims);
}

/*
 * Free @ip, which is marked XFS_IF_INACTIVE.  On a temporary failure the reference moves to
 * is_unlinked, and the inode is retried at unmount.
 */
static int inactivate(struct xfs_inode *ip)
{
	struct xfs_icache_shard *shard = shard_of(ip);
	struct xfs_mount *mp = ip->i_mount;
	int error = mp->m_upcalls->inactivate(ip);

	if (!error || xfs_is_shutdown(mp)) {
		xfs_inode_put(ip);
		return error;
	}
	xfs_mutex_lock(&shard->is_lock);
	to_unlinked(shard, ip, true);
	xfs_mutex_unlock(&shard->is_lock);
	return error;
}

/* Take the first inode off the shard's list that was not tried yet (@again: any); NULL: none. */
static struct xfs_inode *take_unlinked(struct xfs_inode_cache *cache, struct xfs_icache_shard *shard,
				       bool again)
{
	struct xfs_inode *ip, *next, *found = NULL;

	xfs_mutex_lock(&shard->is_lock);
	xfs_list_for_each_entry_safe(ip, next, &shard->is_unlinked, i_lru) {
		if (!again && xfs_iflags_test(ip, XFS_IF_INACTIVE))
			continue;
		xfs_list_del(&ip->i_lru);
		if (!xfs_iflags_test(ip, XFS_IF_INACTIVE)) {
			__atomic_sub_fetch(&shard->is_nr_unlinked, 1, __ATOMIC_RELAXED);
			__atomic_sub_fetch(&cache->ic_nr_unlinked, 1, __ATOMIC_RELAXED);
		}
		/*
		 * Another user found the inode by number and now holds it; its last put frees it.
		 */
		if (put_one_of_many(ip, XFS_IREF_USER))
			continue;
		xfs_iflags_set(ip, XFS_IF_INACTIVE);
		found = ip;
		break;
	}
	xfs_mutex_unlock(&shard->is_lock);
	return found;
}

/* Take an inode that was not tried yet off any shard's list; NULL: none. */
static struct xfs_inode *next_unlinked(struct xfs_inode_cache *cache)
{
	struct xfs_inode *ip = NULL;

	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS && !ip; i++) {
		struct xfs_icache_shard *shard = &cache->ic_shards[i];

		if (__atomic_load_n(&shard->is_nr_unlinked, __ATOMIC_RELAXED))
			ip = take_unlinked(cache, shard, false);
	}
	return ip;
}

uint32_t xfs_inode_users(struct xfs_inode *ip)
{
	return xfs_irefs_users(xfs_irefs(ip));
}

void xfs_irele(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache;

	if (!ip)
		return;
	cache = ip->i_mount->m_inodes;
	xfs_inode_put(ip);
	/* A NOWAIT call leaves this to another caller. */
	if (xfs_nowait_asked())
		return;
	while (unlikely(__atomic_load_n(&cache->ic_nr_unlinked, __ATOMIC_RELAXED))) {
		ip = next_unlinked(cache);
		if (!ip)
			break;
		/* The failure is logged, and freeing is retried later. */
		(void)!inactivate(ip);
	}
}

static int free_if_unlinked(struct xfs_inode *ip, void *arg)
{
	struct xfs_icache_shard *shard = shard_of(ip);
	int *first_error = arg, error;
	bool todo;

	xfs_mutex_lock(&shard->is_lock);
	todo = wants_inactivation(ip);
	if (todo)
		xfs_iflags_set(ip, XFS_IF_INACTIVE);
	xfs_mutex_unlock(&shard->is_lock);
	if (todo) {
		error = ip->i_mount->m_upcalls->inactivate(ip);
		if (error && !*first_error)
			*first_error = error;
	}
	return 0;
}

/* Try all; returns the first error. */
static int try_unlinked(struct xfs_inode_cache *cache, struct xfs_icache_shard *shard)
{
	int first_error = 0, error;
	uint64_t tries = 0;

	/* Inodes that fail return to the end of the list: try only as many as are on it now. */
	xfs_mutex_lock(&shard->is_lock);
	for (struct xfs_list *l = shard->is_unlinked.next; l != &shard->is_unlinked; l = l->next)
		tries++;
	xfs_mutex_unlock(&shard->is_lock);
	while (tries--) {
		struct xfs_inode *ip = take_unlinked(cache, shard, true);

		if (!ip)
			break;
		error = inactivate(ip);
		if (error && !first_error)
			first_error = error;
	}
	return first_error;
}

int xfs_inode_free_unlinked(struct xfs_mount *mp, bool all)
{
	struct xfs_inode_cache *cache = mp->m_inodes;
	int first_error = 0, error;

	for (uint32_t i = 0; i < XFS_ICACHE_SHARDS; i++) {
		error = try_unlinked(cache, &cache->ic_shards[i]);
		if (error && !first_error)
			first_error = error;
	}
	if (!all)
		return first_error;
	error = xfs_inode_walk(mp, free_if_unlinked, &first_error);
	return first_error ? first_error : error;
}
