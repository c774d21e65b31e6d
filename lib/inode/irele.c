/* SPDX-License-Identifier: MIT */
/*
 * References to inodes, and freeing those that have no name when the last user goes.  The
 * invariants are those of icache.c.
 */
#include "core/message.h"
#include "inode/inode_priv.h"

void xfs_ihold(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	xfs_icache_hold(cache, ip);
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
		xfs_icache_unhash(cache, ip);
		return true;
	}
	xfs_icache_to_lru(cache, ip);
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
		xfs_icache_free(cache, ip);
}

void xfs_inode_pin(struct xfs_inode *ip)
{
	struct xfs_inode_cache *cache = ip->i_mount->m_inodes;

	xfs_mutex_lock(&cache->ic_lock);
	xfs_icache_hold(cache, ip);
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
		xfs_icache_free(cache, ip);
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
