/* SPDX-License-Identifier: MIT */
/*
 * Freeing speculative preallocation and CoW reservations that nobody is going to use.
 *
 * Preallocation is only a reservation until write-back reaches it, and write-back allocates blocks
 * only for dirty data, so this mostly changes counters.  Real blocks behind the end of a file come
 * from extent size hints and from other systems.
 */
#include "core/message.h"
#include "core/stats.h"
#include "iomap/iomap.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"
#include "write/write.h"

static xfs_fileoff_t eof_block(const struct xfs_inode *ip)
{
	return XFS_B_TO_FSB(&ip->i_mount->m_geo, xfs_isize(ip));
}

/*
 * True if there is something to free behind the end: delayed blocks of any file, and real blocks,
 * which may be behind those, unless the file is preallocated or append-only.  ILOCK held, extents
 * read in.
 */
static bool has_eofblocks(const struct xfs_inode *ip)
{
	bool real = !(ip->i_diflags & (XFS_DIFLAG_PREALLOC | XFS_DIFLAG_APPEND));
	xfs_fileoff_t end = NULLFILEOFF;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	while ((real || ip->i_delayed_blks) &&
	       xfs_iext_lookup_extent_before(&ip->i_df, end, &cur, &got) &&
	       xfs_irec_end(&got) > eof_block(ip)) {
		if (real || isnullstartblock(got.br_startblock))
			return true;
		end = got.br_startoff;
	}
	return false;
}

bool xfs_can_free_eofblocks(struct xfs_inode *ip)
{
	bool found = false;

	if (!xfs_is_reg(ip) || ip->i_mount->m_rdonly)
		return false;
	/* Say yes: freeing them will refuse to wait as well. */
	if (xfs_ilock_want_shared(ip))
		return true;
	/* If the extents have not been read in, this mount has not allocated any. */
	if (!xfs_fork_needs_read(ip, XFS_DATA_FORK))
		found = has_eofblocks(ip);
	xfs_iunlock_shared(ip);
	return found;
}

int xfs_free_eofblocks(struct xfs_inode *ip)
{
	const struct xfs_itruncate what = { .size_bytes = xfs_isize(ip) };
	int error;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_iolock));
	error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	xfs_nowait_changes();
	xfs_iflags_clear(ip, XFS_IF_EOFBLOCKS);
	error = xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, eof_block(ip), NULLFILEOFF);
	xfs_iunlock_excl(ip);
	if (error || !xfs_can_free_eofblocks(ip))
		return error;
	return xfs_itruncate_extents(ip, &what);
}

static bool is_dirty(struct xfs_inode *ip)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	uint64_t start, end;

	return m && xfs_mapping_find_dirty(m, 0, ~0ull, &start, &end);
}

/* If no data is dirty, nobody needs what the CoW fork has. */
int xfs_free_cowblocks(struct xfs_inode *ip)
{
	bool has;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_iolock));
	xfs_ilock_shared(ip);
	has = xfs_reflink_has_cow(ip);
	xfs_iunlock_shared(ip);
	return has && !is_dirty(ip) ? xfs_reflink_give_back_cow(ip) : 0;
}

struct blockgc {
	const struct xfs_blockgc_scan *scan;
	struct xfs_long_call *call;
	int first_error;
};

/* True if the owners of @ip and the time of its tag match @scan. */
static bool is_meant(struct xfs_inode *ip, const struct xfs_blockgc_scan *scan)
{
	bool meant = !scan->owners;

	if (!xfs_is_reg(ip) || xfs_iflags_test(ip, XFS_IF_INACTIVE | XFS_IF_STALE))
		return false;
	if (!xfs_iflags_test(ip, XFS_IF_EOFBLOCKS) && !ip->i_cowfp)
		return false;
	if (scan->tagged_by && __atomic_load_n(&ip->i_eof_tagged, __ATOMIC_RELAXED) > *scan->tagged_by)
		return false;
	if (scan->owners) {
		xfs_ilock_shared(ip);
		meant = ((scan->owners & XFS_BLOCKGC_UID) && ip->i_uid == scan->uid) ||
			((scan->owners & XFS_BLOCKGC_GID) && ip->i_gid == scan->gid) ||
			((scan->owners & XFS_BLOCKGC_PROJID) && ip->i_projid == scan->projid);
		xfs_iunlock_shared(ip);
	}
	return meant;
}

/* The IOLOCK is held.  Without @scan->sync, skip a file that is in use. */
static int free_locked(struct xfs_inode *ip, const struct xfs_blockgc_scan *scan)
{
	bool in_use = !scan->sync && is_dirty(ip);
	int error = 0;

	if (!in_use && xfs_can_free_eofblocks(ip))
		error = xfs_free_eofblocks(ip);
	if (!scan->sync && __atomic_load_n(&ip->i_opens_write, __ATOMIC_RELAXED))
		in_use = true;
	if (!error && !in_use)
		error = xfs_free_cowblocks(ip);
	return error;
}

static int free_inode_space(struct xfs_inode *ip, void *arg)
{
	struct blockgc *gc = arg;
	int error;

	if (!is_meant(ip, gc->scan))
		return 0;
	if (xfs_long_call_ask(gc->call))
		return xfs_long_call_error(gc->call);
	if (gc->scan->sync)
		xfs_rwlock_excl(&ip->i_iolock);
	else if (!xfs_rwlock_try_excl(&ip->i_iolock))
		return 0;
	error = free_locked(ip, gc->scan);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	if (error && !gc->first_error)
		gc->first_error = error;
	return xfs_is_shutdown(ip->i_mount) ? -EIO : 0;
}

int xfs_blockgc_scan(struct xfs_mount *mp, const struct xfs_blockgc_scan *scan,
		     struct xfs_long_call *call)
{
	struct blockgc gc = { .scan = scan, .call = call };
	int error;

	XFS_TRACE(mp, xfs_blockgc_free_space, scan->owners | (scan->sync ? XFS_BLOCKGC_SYNC : 0u),
		  scan->uid, scan->gid, scan->projid);
	xfs_stats_inc(mp, XFS_COUNT_blockgc_scans);
	xfs_writeback_release(mp);
	error = xfs_inode_walk(mp, free_inode_space, &gc);
	return error ? error : gc.first_error;
}

int xfs_blockgc_free_space(struct xfs_mount *mp, struct xfs_long_call *call)
{
	const struct xfs_blockgc_scan all = { .sync = true };
	int error, error2;

	error = xfs_blockgc_scan(mp, &all, call);
	if (call && call->cancelled)
		return error;
	XFS_TRACE(mp, xfs_inodegc_flush);
	error2 = xfs_inode_free_unlinked(mp, false);
	return error ? error : error2;
}
