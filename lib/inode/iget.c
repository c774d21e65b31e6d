/* SPDX-License-Identifier: MIT */
/* Finding an inode by number, in the cache or on disk.  The invariants are in icache.c. */
#include "ag/inobt.h"
#include "base/crc32c.h"
#include "core/message.h"
#include "core/stats.h"
#include "inode/inode_priv.h"

static struct xfs_inode *alloc_once(struct xfs_inode_cache *cache)
{
	struct xfs_icache_pool *pool = &cache->ic_pools[xfs_slot()];
	struct xfs_inode *ip;

	xfs_mutex_lock(&pool->ip_lock);
	ip = xfs_pool_get(&pool->ip_pool);
	xfs_mutex_unlock(&pool->ip_lock);
	return ip;
}

struct xfs_inode *xfs_inode_alloc(struct xfs_mount *mp)
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
	ip->i_refs = XFS_IREF_USER;
	ip->i_next_unlinked = NULLAGINO;
	ip->i_prev_unlinked = NULLAGINO;
	xfs_list_init(&ip->i_lru);
	xfs_log_item_init(&ip->i_item, &xfs_inode_item_ops);
	ip->i_item.li_bytes = XFS_INODE_MEMORY;
	ip->i_item.li_sort_key = (uint64_t)imap->im_daddr + (imap->im_offset >> XFS_BB_SHIFT);
	xfs_rwlock_init(&ip->i_iolock, XFS_CLASS_IOLOCK, ino);
	xfs_rwlock_init(&ip->i_lock, XFS_CLASS_ILOCK, ino);
	xfs_ifork_init_empty(&ip->i_df);
	xfs_ifork_init_empty(&ip->i_af);
}

void xfs_inode_unalloc(struct xfs_mount *mp, struct xfs_inode *blank)
{
	xfs_icache_pool_put(mp->m_inodes, blank);
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
	return xfs_icache_insert(mp, blank);
}

/* For a number from a caller: check that there is an inode and that it is in use. */
static int check_untrusted(struct xfs_mount *mp, xfs_ino_t ino)
{
	xfs_agino_t agino = XFS_INO_TO_AGINO(&mp->m_geo, ino);
	struct xfs_inobt_rec_incore rec;
	struct xfs_perag *pag;
	bool found;
	int error;

	error = xfs_perag_make(mp, XFS_INO_TO_AGNO(&mp->m_geo, ino), &pag);
	if (!error)
		error = xfs_inobt_find_from(pag, agino, &rec, &found);
	if (error)
		return error;
	if (!found || rec.ir_startino > agino || rec.ir_free & (uint64_t)1 << (agino - rec.ir_startino))
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
	error = xfs_mutex_want(&bp->b_lock);
	if (error) {
		xfs_buf_put(bp);
		return error;
	}
	dip = (struct xfs_dinode *)((char *)bp->b_addr + ip->i_cluster_off);
	if (!xfs_cksum_ok(dip, mp->m_geo.inodesize, XFS_DINODE_CRC_OFF)) {
		error = xfs_bad_checksum(mp, "inode", "wrong checksum of inode %" PRIu64, ip->i_ino);
	} else {
		error = xfs_inode_from_disk(ip, dip);
		ip->i_charged = xfs_inode_charge(ip);
	}
	xfs_mutex_unlock(&bp->b_lock);
	xfs_buf_put(bp);
	return error;
}

/*
 * An inode without links that is not in memory is on an unlinked list, and only the code that
 * empties these lists asks for it (XFS_IGET_UNLINKED).  Anyone else has got here by a name or
 * number that is damaged.  Refuse it, because putting it would free its contents.
 */
static int check_links(const struct xfs_inode *ip, uint32_t flags)
{
	struct xfs_mount *mp = ip->i_mount;

	if (likely(xfs_inode_nlink(ip) || !xfs_inode_mode(ip)) || flags & XFS_IGET_UNLINKED || mp->m_rdonly)
		return 0;
	return xfs_corrupt(mp, "inode",
			   "inode %" PRIu64
			   ": di_nlink is 0, but a directory entry or handle names it",
			   ip->i_ino);
}

/* Insert into the hash, then read (ICACHE-3).  *@ipp: another thread's inode if that was faster. */
static int read_into_cache(struct xfs_mount *mp, xfs_ino_t ino, uint32_t flags, struct xfs_inode **ipp)
{
	struct xfs_icache_shard *shard = xfs_icache_shard(mp->m_inodes, ino);
	struct xfs_inode *mine, *ip;
	struct xfs_imap imap;
	int error;

	error = xfs_imap(mp, ino, &imap);
	if (error)
		return error;
	mine = xfs_inode_alloc(mp);
	if (!mine)
		return -ENOMEM;
	init_inode(mp, mine, ino, &imap);
	mine->i_flags = XFS_IF_READING;
	ip = xfs_icache_insert(mp, mine);
	*ipp = ip;
	if (ip != mine)
		return 0;
	error = read_inode(ip);
	if (!error)
		error = check_links(ip, flags);
	xfs_mutex_lock(&shard->is_lock);
	/* Threads that wait for it see these flags and try again. */
	if (error) {
		xfs_iflags_set(ip, XFS_IF_STALE | XFS_IF_UNREAD);
		xfs_icache_unhash(shard, ip);
	}
	xfs_iflags_clear(ip, XFS_IF_READING);
	xfs_cond_broadcast(&shard->is_wake);
	xfs_mutex_unlock(&shard->is_lock);
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
	xfs_stats_inc(mp, XFS_COUNT_xs_ig_attempts);
	if (!xfs_verify_ino(&mp->m_geo, ino) ||
	    (!(flags & XFS_IGET_INTERNAL) && xfs_internal_inum(&mp->m_geo, ino)))
		return xfs_error(mp, -EINVAL, "%" PRIu64 " is not a possible inode number", ino);
	if (!(flags & XFS_IGET_UNLINKED))
		gone |= XFS_IF_INACTIVE;
	for (;;) {
		ip = xfs_inode_find(mp, ino);
		xfs_stats_inc(mp, ip ? XFS_COUNT_xs_ig_found : XFS_COUNT_xs_ig_missed);
		if (!ip) {
			error = flags & XFS_IGET_UNTRUSTED ? check_untrusted(mp, ino) : 0;
			if (!error)
				error = read_into_cache(mp, ino, flags, &ip);
			if (error)
				return error;
		}
		if (unlikely(xfs_iflags_test(ip, XFS_IF_READING))) {
			xfs_inode_put(ip);
			return xfs_would_wait("inode %" PRIu64 " is being read", ino);
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
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 " is internal to the file system",
				 ino);
	}
	*ipp = ip;
	return 0;
}
