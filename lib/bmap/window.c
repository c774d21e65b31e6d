/* SPDX-License-Identifier: MIT */
/*
 * Parts of extent maps (BMAP-4).  A map with very many extents need not be in memory to change one
 * of them: the extents around the place are enough, and come from one or two leaves of the tree.
 *
 * A window is good for a place if at least two of its extents begin before it and two end after it:
 * the extent that is changed and its neighbour.  Near the ends of the map there may be fewer.
 */
#include "bmap/bmap_priv.h"

/*
 * Extents that are read on each side of the place, so that sequential callers find the next ones in
 * memory.
 */
#define SIDE_EXTENTS	48u
/* New mappings make a window grow; with more than this many extents it is read again. */
#define MOST_EXTENTS	256u

static bool is_good(const struct xfs_ifork *ifp, xfs_fileoff_t off)
{
	const struct xfs_iext_window *w = ifp->if_window;
	struct xfs_iext_cursor cur, before;
	struct xfs_bmbt_irec rec;
	bool more;

	if (!w || ifp->if_nextents - w->outside > MOST_EXTENTS)
		return false;
	more = xfs_iext_lookup_extent(ifp, off, &cur, &rec);
	before = cur;
	if (w->lo && !(xfs_iext_prev_extent(ifp, &before, &rec) &&
		       xfs_iext_prev_extent(ifp, &before, &rec)))
		return false;
	return w->hi == NULLFILEOFF || (more && xfs_iext_next_extent(ifp, &cur, &rec));
}

/* Go to the first record of the window for @off; *@first: it is the first of the tree. */
static int go_to_begin(struct xfs_btree_cur *cur, xfs_fileoff_t off, bool *first)
{
	struct xfs_btree_target target = {.w = {off}};
	bool found;
	int error = xfs_btree_lookup_le(cur, &target, &found);

	for (unsigned int i = 0; !error && found && i < SIDE_EXTENTS; i++)
		error = xfs_btree_decrement(cur, &found);
	*first = !found;
	if (error || found)
		return error;
	error = xfs_btree_goto_first(cur, &found);
	if (!error && unlikely(!found))
		error = xfs_corrupt(cur->bc_mp, "bmbt", "inode %" PRIu64 ": the tree is empty",
				    cur->bc_owner);
	return error;
}

static int read_records(struct xfs_bmbt_read *rd, struct xfs_btree_cur *cur, xfs_fileoff_t off,
			struct xfs_iext_window *w)
{
	unsigned int behind = 0;
	bool first, found = true;
	int error = go_to_begin(cur, off, &first);

	if (error)
		return error;
	w->lo = first ? 0 : xfs_bmbt_disk_get_startoff(xfs_btree_get_rec(cur));
	while (!error && found && behind < SIDE_EXTENTS) {
		error = xfs_bmbt_read_recs(rd, xfs_btree_get_rec(cur), 1);
		behind += rd->next_off > off;
		if (!error)
			error = xfs_btree_increment(cur, &found);
	}
	w->hi = found ? rd->next_off : NULLFILEOFF;
	w->outside = rd->ifp->if_nextents - rd->count;
	/* From the first to the last record of the tree: that was all of it. */
	return !error && first && !found ? xfs_bmbt_check_count(rd) : error;
}

#ifdef XFSWRITE_DEBUG
/* Check the window against the tree. */
static int verify_window(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	const struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	const struct xfs_iext_window *w = ifp->if_window;
	struct xfs_btree_target target = {.w = {w->lo}};
	struct xfs_iext_cursor at;
	struct xfs_btree_cur cur;
	struct xfs_bmbt_irec irec;
	bool found, good = true;
	int error;

	xfs_bmbt_init_cursor(&cur, NULL, ip, whichfork);
	error = xfs_btree_lookup_ge(&cur, &target, &found);
	for_each_xfs_iext(ifp, &at, &irec) {
		struct xfs_bmbt_rec disk;

		if (error || !good)
			break;
		xfs_bmbt_disk_set_all(&disk, &irec);
		good = found && !memcmp(&disk, xfs_btree_get_rec(&cur), sizeof(disk));
		if (good)
			error = xfs_btree_increment(&cur, &found);
	}
	if (!error && good && found)
		good = w->hi <= xfs_bmbt_disk_get_startoff(xfs_btree_get_rec(&cur));
	xfs_btree_del_cursor(&cur);
	if (error || good)
		return error;
	return xfs_corrupt(ip->i_mount, "bmbt", "inode %" PRIu64 ": [%" PRIu64 ", %" PRIu64
			   ") is not in memory as it is in the tree", ip->i_ino, w->lo, w->hi);
}
#else
static int verify_window(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	(void)ip;
	(void)whichfork;
	return 0;
}
#endif

void xfs_bmap_drop_window(struct xfs_inode *ip, struct xfs_ifork *ifp)
{
	if (!ifp->if_window)
		return;
	xfs_iext_destroy(ip->i_mount, ifp);
	xfs_free(ip->i_mount, ifp->if_window);
	ifp->if_window = NULL;
}

static int load(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	struct xfs_bmbt_read rd = {.ip = ip, .ifp = ifp, .whichfork = whichfork};
	struct xfs_iext_window *w;
	struct xfs_btree_cur cur;
	int error = ifp->if_window ? verify_window(ip, whichfork) : 0;

	if (error)
		return error;
	xfs_bmap_drop_window(ip, ifp);
	w = xfs_zalloc(ip->i_mount, sizeof(*w));
	if (!w)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for extents");
	xfs_iext_end(ifp, &rd.end);
	xfs_bmbt_init_cursor(&cur, NULL, ip, whichfork);
	ifp->if_window = w;
	error = read_records(&rd, &cur, off, w);
	xfs_btree_del_cursor(&cur);
	if (error)
		xfs_bmap_drop_window(ip, ifp);
	return error;
}

int xfs_iread_extents_at(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_fileoff_t off,
			 xfs_extnum_t max)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	bool few = ifp->if_nextents <= XFS_BMAP_FEW_EXTENTS;
	uint32_t seq = ifp->if_seq;
	int error;

	if (!ifp->if_needextents || (!few && is_good(ifp, off)))
		return 0;
	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock));
	/*
	 * If a window is there, the whole map did not fit before or should not be read: do not try
	 * each time.
	 */
	if (few || (!ifp->if_window && ifp->if_nextents <= max)) {
		error = xfs_iread_extents(ip, whichfork);
		if (few || error != -ENOMEM)
			return error;
	}
	error = load(ip, whichfork, off);
	/* The map itself has not changed, so copies of mappings stay valid. */
	__atomic_store_n(&ifp->if_seq, seq, __ATOMIC_RELEASE);
	return error;
}

xfs_fileoff_t xfs_bmap_read_end(const struct xfs_ifork *ifp)
{
	return ifp->if_window ? ifp->if_window->hi : NULLFILEOFF;
}

void xfs_bmap_forget_extents(struct xfs_inode *ip, enum xfs_fork_id whichfork, xfs_extnum_t max)
{
	struct xfs_ifork *ifp = xfs_ifork_ptr(ip, whichfork);
	uint32_t seq = ifp->if_seq;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_lock) && whichfork != XFS_COW_FORK);
	if (ifp->if_needextents || ifp->if_format != XFS_DINODE_FMT_BTREE ||
	    ifp->if_nextents <= XFS_MAX(max, (xfs_extnum_t)XFS_BMAP_FEW_EXTENTS) || ip->i_delayed_blks)
		return;
	xfs_iext_destroy(ip->i_mount, ifp);
	__atomic_store_n(&ifp->if_seq, seq, __ATOMIC_RELEASE);
	__atomic_store_n(&ifp->if_needextents, true, __ATOMIC_RELEASE);
}
