/* SPDX-License-Identifier: MIT */
/*
 * Shared blocks: finding them, and replacing them by new ones.
 *
 * A write to a shared block reserves space in the CoW fork, aligned to the CoW extent size hint.
 * Write-back allocates all of the reservation.  The blocks whose data is written replace the shared
 * ones in the data fork in the same transaction, whose checkpoint waits for that data.  The rest
 * stays in the CoW fork, so that later writes nearby do not fragment the file.  It is staged:
 * recorded in the reference count tree, and in the reverse map as owned by copy-on-write, so that
 * recovery after a crash frees it.  Blocks remapped in the transaction that allocates them are not
 * staged: after a crash both changes exist or neither.
 *
 * What remains in the CoW fork is freed when the file is closed, when space is short, and at
 * unmount.
 */
#include "ag/refcount.h"
#include "ag/rmap.h"
#include "base/sabotage.h"
#include "core/message.h"
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "trans/resv.h"

int xfs_reflink_trim_around_shared(struct xfs_inode *ip, struct xfs_bmbt_irec *irec, bool *shared)
{
	xfs_fsblock_t first;
	xfs_extlen_t len;
	int error;

	ASSERT(irec->br_blockcount <= XFS_MAX_BMBT_EXTLEN);
	error = xfs_refcount_find_shared(ip->i_mount, irec->br_startblock,
					 (xfs_extlen_t)irec->br_blockcount, &first, &len);
	if (error)
		return error;
	*shared = first == irec->br_startblock;
	if (*shared)
		irec->br_blockcount = XFS_MIN(irec->br_blockcount, len);
	else if (first != NULLFSBLOCK)
		irec->br_blockcount = first - irec->br_startblock;
	return 0;
}

int xfs_reflink_trim_for_write(struct xfs_inode *ip, struct xfs_bmbt_irec *irec, bool *cow)
{
	xfs_extlen_t len;
	int error = xfs_reflink_trim_around_shared(ip, irec, cow);

	if (error || *cow)
		return error;
	len = (xfs_extlen_t)irec->br_blockcount;
	error = xfs_refcount_was_shared(ip->i_mount, irec->br_startblock, &len, cow);
	irec->br_blockcount = len;
	return error;
}

bool xfs_reflink_has_cow(const struct xfs_inode *ip)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return ip->i_cowfp && xfs_iext_first_extent(ip->i_cowfp, &cur, &got);
}

int xfs_reflink_cancel_cow(struct xfs_inode *ip, xfs_fileoff_t off)
{
	if (!xfs_reflink_has_cow(ip))
		return 0;
	return xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, off, NULLFILEOFF);
}

/* ---- staging ---------------------------------------------------------------------------- */

/*
 * Record blocks of the CoW fork that are in no file yet, or remove the record. -ENOSPC with nothing
 * changed.
 */
static int stage(struct xfs_trans *tp, const struct xfs_bmbt_irec *irec, bool begin)
{
	const struct xfs_owner_info oinfo = xfs_owner_special(XFS_RMAP_OWN_COW);
	xfs_extlen_t len = (xfs_extlen_t)irec->br_blockcount;
	int error;

	if (XFS_SABOTAGE(XFS_RULE_STAGING))
		return 0;
	error = xfs_refcount_stage(tp, irec->br_startblock, len, begin);
	if (error)
		return error;
	return begin ? xfs_rmap_map(tp, irec->br_startblock, len, &oinfo)
		     : xfs_rmap_unmap(tp, irec->br_startblock, len, &oinfo);
}

/*
 * Keep [@off, @end), which was allocated together with the blocks being written, in the CoW fork.
 * If there is no space for its staging record, free it.
 */
static int keep_apart(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_bmbt_irec *irec,
		      xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_bmbt_irec part = *irec;
	bool done;
	int error;

	if (off >= end)
		return 0;
	xfs_irec_trim(&part, off, end);
	error = stage(tp, &part, true);
	if (error != -ENOSPC)
		return error;
	return xfs_bunmapi(tp, ip, part.br_startoff, part.br_blockcount, XFS_BMAPI_COWFORK, 1,
			   &done);
}

/* Limit on the records of the data fork that one transaction replaces. */
#define RECORDS_PER_PIECE	32u

static int limit_records(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t *len)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	bool more;
	int error = xfs_iread_extents_at(ip, XFS_DATA_FORK, off, xfs_bmap_most_extents(ip->i_mount));

	if (error)
		return error;
	*len = XFS_MIN(*len, xfs_bmap_read_end(&ip->i_df) - off);
	more = xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got);
	for (uint32_t n = 0; more && got.br_startoff < off + *len; n++) {
		if (n == RECORDS_PER_PIECE)
			*len = got.br_startoff - off;
		more = xfs_iext_next_extent(&ip->i_df, &cur, &got);
	}
	return 0;
}

/*
 * Allocate the reservation @got, together with all that was reserved around it, so that later
 * writes are placed next to it. *@map: blocks for @off and what follows, up to @len.
 */
static int allocate(struct xfs_trans *tp, struct xfs_inode *ip, const struct xfs_bmbt_irec *got,
		    xfs_fileoff_t off, xfs_filblks_t len, struct xfs_bmbt_irec *map)
{
	xfs_fileoff_t end;
	int error;

	error = xfs_bmapi_convert_delalloc(tp, ip, XFS_COW_FORK, got->br_startoff,
					   got->br_blockcount, true, map);
	if (!error && !xfs_irec_covers(map, off)) {
		/* Free space is fragmented and the blocks do not reach @off: allocate there. */
		error = keep_apart(tp, ip, map, map->br_startoff, xfs_irec_end(map));
		if (!error)
			error = xfs_bmapi_convert_delalloc(tp, ip, XFS_COW_FORK, off, len, true,
							   map);
	}
	if (error)
		return error;
	end = XFS_MIN(off + len, xfs_irec_end(map));
	error = keep_apart(tp, ip, map, map->br_startoff, off);
	if (!error)
		error = keep_apart(tp, ip, map, end, xfs_irec_end(map));
	xfs_irec_trim(map, off, end);
	return error;
}

int xfs_reflink_remap_cow(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
			  xfs_filblks_t len, struct xfs_bmbt_irec *map)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	bool done = false;
	int error = limit_records(ip, off, &len);

	if (error)
		return error;
	if (unlikely(!xfs_iext_lookup_extent(ip->i_cowfp, off, &cur, &got) ||
		     !xfs_irec_covers(&got, off)))
		return xfs_error(ip->i_mount, -EINVAL,
				 "inode %" PRIu64
				 ": no space is reserved for copy-on-write at %" PRIu64,
				 ip->i_ino, off);
	if (xfs_irec_is_real(&got)) {
		xfs_irec_trim(&got, off, off + len);
		*map = got;
		error = stage(tp, map, false);
	} else {
		error = allocate(tp, ip, &got, off, len, map);
	}
	while (!error && !done)
		error = xfs_bunmapi(tp, ip, map->br_startoff, map->br_blockcount, 0,
				    XFS_MAX_BMBT_EXTLEN, &done);
	if (error)
		return error;
	error = xfs_bunmapi(tp, ip, map->br_startoff, map->br_blockcount,
			    XFS_BMAPI_COWFORK | XFS_BMAPI_REMAP, XFS_MAX_BMBT_EXTLEN, &done);
	if (error)
		return error;
	XFS_TRACE(ip->i_mount, xfs_reflink_end_cow, ip->i_ino, map->br_startoff,
		  map->br_blockcount);
	map->br_state = XFS_EXT_NORM;
	return xfs_bmapi_remap(tp, ip, map->br_startoff, map->br_blockcount, map->br_startblock,
			       false);
}

/* ---- freeing --------------------------------------------------------------------------------- */

#define EXTENTS_PER_HANDLE	16u

static bool first_real(struct xfs_inode *ip, struct xfs_bmbt_irec *irec)
{
	struct xfs_iext_cursor cur;
	bool more = ip->i_cowfp && xfs_iext_first_extent(ip->i_cowfp, &cur, irec);

	while (more && !xfs_irec_is_real(irec))
		more = xfs_iext_next_extent(ip->i_cowfp, &cur, irec);
	return more;
}

/* The ILOCK is held exclusively. */
static int free_some(struct xfs_trans *tp, struct xfs_inode *ip)
{
	uint32_t extents = xfs_resv_extents(ip->i_mount, EXTENTS_PER_HANDLE);
	struct xfs_bmbt_irec irec;
	bool done;
	int error = 0;

	for (uint32_t i = 0; !error && i < extents && first_real(ip, &irec); i++) {
		error = stage(tp, &irec, false);
		if (!error)
			error = xfs_bunmapi(tp, ip, irec.br_startoff, irec.br_blockcount,
					    XFS_BMAPI_COWFORK, 1, &done);
	}
	return error;
}

int xfs_reflink_give_back_cow(struct xfs_inode *ip)
{
	struct xfs_bmbt_irec irec;
	struct xfs_trans *tp;
	bool more;
	int error = xfs_ilock_want_excl(ip);

	if (error)
		return error;
	error = xfs_reflink_cancel_cow(ip, 0);
	more = first_real(ip, &irec);
	xfs_iunlock_excl(ip);
	while (!error && more) {
		error = xfs_trans_alloc_ilocked(ip, XFS_RESV_TRUNCATE, 0, XFS_TRANS_FREES, &tp);
		if (error)
			break;
		error = free_some(tp, ip);
		more = first_real(ip, &irec);
		xfs_iunlock_excl(ip);
		error = xfs_trans_finish(tp, error);
	}
	return error;
}
