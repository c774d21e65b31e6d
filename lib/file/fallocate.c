/* SPDX-License-Identifier: MIT */
/*
 * fallocate(2).  Work without an upper bound is done in steps that each leave a consistent file
 * system.  If all of it fits into one transaction, it is one, so that a crash leaves the file as it
 * was before or after.
 *
 * The cache over a range that is punched or moved is written back and dropped first, so that an
 * error in between leaves the old contents.  Nothing fills it again before the IOLOCK is released.
 */
#include <xfswrite/fallocate.h>
#include "core/message.h"
#include "file/fallocate.h"
#include "file/privileges.h"
#include "file/reflink.h"
#include "file/truncate.h"
#include "file/want.h"
#include "quota/quota.h"
#include "reclaim/reclaim.h"
#include "trans/resv.h"
#include "write/writeback.h"

/* ---- checks -------------------------------------------------------------------------- */

int xfs_check_fallocate(struct xfs_mount *mp, int mode, uint64_t offset, uint64_t len)
{
	if (offset > INT64_MAX || !len || len > INT64_MAX)
		return xfs_error(mp, -EINVAL,
				 "%" PRIu64 " bytes at %" PRIu64 " are not a valid range", len,
				 offset);
	switch (mode) {
	case 0:
	case XFS_FALLOC_KEEP_SIZE:
	case XFS_FALLOC_PUNCH_HOLE | XFS_FALLOC_KEEP_SIZE:
	case XFS_FALLOC_COLLAPSE_RANGE:
	case XFS_FALLOC_ZERO_RANGE:
	case XFS_FALLOC_ZERO_RANGE | XFS_FALLOC_KEEP_SIZE:
	case XFS_FALLOC_INSERT_RANGE:
	case XFS_FALLOC_UNSHARE_RANGE:
	case XFS_FALLOC_UNSHARE_RANGE | XFS_FALLOC_KEEP_SIZE:
		return 0;
	default:
		return xfs_error(mp, -EOPNOTSUPP, "fallocate mode %#x", (unsigned int)mode);
	}
}

/* In the order of the system call. */
static int may_fallocate(const struct xfs_inode *ip, int mode, uint64_t offset, uint64_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	uint16_t diflags = xfs_inode_diflags(ip);

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (((diflags & XFS_DIFLAG_APPEND) && (mode & ~(int)XFS_FALLOC_KEEP_SIZE)) ||
	    (diflags & XFS_DIFLAG_IMMUTABLE))
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable or append-only",
				 ip->i_ino);
	if (!xfs_is_reg(ip))
		return xfs_error(mp, xfs_is_dir(ip) ? -EISDIR : -ENODEV,
				 "inode %" PRIu64 " is not a regular file", ip->i_ino);
	if (offset + len > XFS_MAXBYTES)
		return xfs_error(mp, -EFBIG, "%" PRIu64 " bytes at %" PRIu64
				 " end past the largest size", len, offset);
	if (diflags & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "inode %" PRIu64 " is a realtime file", ip->i_ino);
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	return 0;
}

/* One call, while the IOLOCK is held. */
struct falloc {
	struct xfs_inode *ip;
	int mode;
	uint64_t offset, len;
	bool moved;		/* extents have moved, so the call must not be tried again */
};

/* ---- the cache ------------------------------------------------------------------------- */

/* Write back [@start, @end), and drop its whole blocks from memory. */
static int drop_cache(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	uint64_t block = ip->i_mount->m_geo.blocksize;
	int error;

	if (!ip->i_mapping)
		return 0;
	error = xfs_writeback_or_error(ip, start, end);
	if (error)
		return error;
	start = XFS_ALIGN(start, block);
	end = XFS_ALIGN_DOWN(end, block);
	return start < end ? xfs_mapping_forget_range(ip->i_mapping, start, end) : 0;
}

/* ---- allocating ------------------------------------------------------------------------ */

/*
 * Find the first part without blocks in [*@off, @end): [*@off, *@off + *@len).  False: there is
 * none, and the file is marked as preallocated already.  ILOCK held, extents read in.
 */
static bool find_unallocated(const struct xfs_inode *ip, xfs_fileoff_t *off, xfs_fileoff_t end,
			     xfs_filblks_t *len, bool *delalloc)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	bool more;

	*delalloc = false;
	*len = 0;
	for (more = xfs_iext_lookup_extent(&ip->i_df, *off, &cur, &got);
	     more && *off < end && got.br_startoff <= *off;
	     more = xfs_iext_next_extent(&ip->i_df, &cur, &got)) {
		xfs_fileoff_t until = XFS_MIN(end, xfs_irec_end(&got));

		if (isnullstartblock(got.br_startblock)) {
			*delalloc = true;
			*len = until - *off;
			return true;
		}
		*off = until;
	}
	if (*off < end)
		*len = (more ? XFS_MIN(end, got.br_startoff) : end) - *off;
	return *len || !(ip->i_diflags & XFS_DIFLAG_PREALLOC);
}

/* Blocks for the hole [@off, +@len), including what an extent size hint may add at both ends. */
static uint32_t blocks_to_reserve(struct xfs_inode *ip, xfs_filblks_t len)
{
	xfs_filblks_t most = XFS_MAX_BMBT_EXTLEN;

	if (!len)
		return 0;
	len = XFS_MIN(len + 2 * (xfs_filblks_t)xfs_get_extsz_hint(ip), most);
	return (uint32_t)len + xfs_bmap_add_blocks(ip->i_mount, XFS_DATA_FORK);
}

/*
 * Allocate a first part of [@off, +@len) in @tp; *@next: how far it got.  ILOCK held exclusively.
 */
static int allocate_locked(struct xfs_trans *tp, struct xfs_inode *ip, xfs_fileoff_t off,
			   xfs_filblks_t len, xfs_fileoff_t *next)
{
	struct xfs_bmbt_irec map;
	bool delalloc;
	int error = 0;

	*next = off;
	/* Write-back may have allocated it meanwhile; the IOLOCK keeps everyone else out. */
	if (len && find_unallocated(ip, next, off + len, &len, &delalloc) && len) {
		off = *next;
		if (delalloc)
			error = xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, off, len, true, &map);
		else
			error = xfs_bmapi_write(tp, ip, off, len, XFS_BMAPI_PREALLOC, &map);
		if (error)
			return error;
		*next = xfs_irec_end(&map);
	}
	xfs_inode_set_diflags(ip, ip->i_diflags | XFS_DIFLAG_PREALLOC);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	return 0;
}

/* Allocate one more extent. */
static int allocate_step(struct xfs_inode *ip, xfs_fileoff_t *off, xfs_fileoff_t end)
{
	/* Like a kernel, check quota for the whole rest of the range. */
	xfs_filblks_t len, rest = end - *off;
	bool delalloc, excl, found;
	struct xfs_trans *tp;
	int error;

	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	found = find_unallocated(ip, off, end, &len, &delalloc);
	xfs_iunlock_map(ip, excl);
	if (!found) {
		*off = end;
		return 0;
	}
	error = xfs_trans_alloc_ilocked(ip, XFS_RESV_MAP, delalloc ? 0 : blocks_to_reserve(ip, len),
					delalloc ? XFS_TRANS_RESERVE : 0, &tp);
	if (error)
		return error;
	if (!delalloc)
		error = xfs_quota_reserve_blocks(tp, ip, xfs_quota_worst_alloc(ip->i_mount, rest));
	if (!error)
		error = allocate_locked(tp, ip, *off, len, off);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

/* Allocate unwritten blocks where [@start, @end) has none, also for delayed ones. */
static int alloc_space(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t off = XFS_B_TO_FSBT(geo, start), end_fsb = XFS_B_TO_FSB(geo, end);
	int error = 0;

	XFS_TRACE(ip->i_mount, xfs_alloc_file_space, ip->i_ino, start, end);
	do {
		error = allocate_step(ip, &off, end_fsb);
	} while (!error && off < end_fsb);
	return error;
}

/* ---- freeing ----------------------------------------------------------------------------- */

/* True if one extent continues beyond both ends of [@off, @end).  ILOCK held, extents read in. */
static bool is_inside_extent(const struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got) && got.br_startoff < off &&
	       xfs_irec_end(&got) > end;
}

/*
 * Open a transaction that removes extents from [@off, @end), and take the ILOCK.  Freeing must be
 * possible without space; only splitting an extent in two may need a block.
 */
static int begin_unmap(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end,
		       struct xfs_trans **tpp) XFS_TRIES(false, ip->i_lock)
{
	struct xfs_mount *mp = ip->i_mount;
	bool excl, splits;
	int error;

	error = xfs_ilock_map_at(ip, XFS_DATA_FORK, off, &excl);
	if (error)
		return error;
	splits = is_inside_extent(ip, off, end);
	xfs_iunlock_map(ip, excl);
	return xfs_trans_alloc_ilocked(ip, XFS_RESV_TRUNCATE,
				       2 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK),
				       splits ? XFS_TRANS_RESERVE : XFS_TRANS_FREES, tpp);
}

static int unmap_range(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_trans *tp;
	bool done = false;
	int error = 0;

	while (!error && !done) {
		error = begin_unmap(ip, off, end, &tp);
		if (error)
			return error;
		error = xfs_quota_reserve_blocks(tp, ip, xfs_quota_worst_alloc(ip->i_mount, 0));
		if (!error)
			error = xfs_bunmapi(tp, ip, off, end - off, XFS_BMAPI_YIELD,
					    XFS_BUNMAPI_MOST, &done);
		/* Delayed blocks have no data here, because all dirty data has been written. */
		if (!error && done)
			error = xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, off, end);
		xfs_iunlock_excl(ip);
		error = xfs_trans_finish(tp, error);
	}
	return error;
}

/* Free the whole blocks of [@start, @end), and zero the rest up to the end of the file. */
static int free_space(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t first = XFS_B_TO_FSB(geo, start), last = XFS_B_TO_FSBT(geo, end);
	uint64_t isize = xfs_isize(ip);
	bool did_zero = false;
	int error;

	XFS_TRACE(ip->i_mount, xfs_free_file_space, ip->i_ino, start, end);
	error = xfs_want_zeroable(ip, start, end);
	if (!error)
		error = drop_cache(ip, start, end);
	if (!error && first < last)
		error = unmap_range(ip, first, last);
	if (error || start >= isize)
		return error;
	/* Zeroing the blocks at both ends cannot be undone. */
	if (!XFS_IS_ALIGNED(start | end, (uint64_t)geo->blocksize))
		xfs_nowait_changes();
	return xfs_zero_range(ip, start, XFS_MIN(end, isize) - start, &did_zero);
}

/* ---- moving ------------------------------------------------------------------------------ */

/*
 * One transaction moves as many as its log reservation allows.  Threads that want a checkpoint wait
 * that long, which is a few milliseconds.
 */
#define EXTENTS_PER_MOVE	1024u
/* Up to this many, and if the log has room, all are moved in one transaction. */
#define EXTENTS_AT_ONCE		64u

/* A collapse or an insert of @len blocks at block @off. */
struct move {
	struct xfs_inode *ip;
	struct xfs_bmap_shift sh;
	xfs_fileoff_t off;
	xfs_filblks_t len;
	uint64_t new_size;
	bool at_once;			/* all of it in one transaction, */
	uint32_t log_bytes;		/* which logs at most this much */
	bool splits;			/* one extent is split, which may need a block */
};

/*
 * Write back and drop everything from @from on, and remove delayed allocations.  Also for the
 * extent that crosses @from: after the split it must not be merged again.
 */
static int prepare_move(struct xfs_inode *ip, uint64_t from)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t off = XFS_B_TO_FSBT(geo, from);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint64_t start = from;
	bool excl;
	int error;

	error = xfs_want_clean(ip, 0, UINT64_MAX);
	if (!error)
		error = xfs_want_transaction(ip);
	if (error)
		return error;
	if (xfs_can_free_eofblocks(ip)) {
		error = xfs_free_eofblocks(ip);
		if (error)
			return error;
	}
	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	if (xfs_iext_lookup_extent(&ip->i_df, off, &cur, &got) && got.br_startoff < off)
		start = XFS_FSB_TO_B(geo, got.br_startoff);
	xfs_iunlock_map(ip, excl);
	error = drop_cache(ip, start, ~0ull);
	if (error)
		return error;
	error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	error = ip->i_delayed_blks ?
		xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, off, NULLFILEOFF) : 0;
	if (!error)
		error = xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, off, NULLFILEOFF);
	xfs_iunlock_excl(ip);
	return error;
}

/* Work before the first extent moves.  ILOCK held exclusively. */
static int begin_move(struct move *mv, struct xfs_trans *tp)
{
	struct xfs_inode *ip = mv->ip;
	bool done = false;
	int error = 0;

	if (mv->sh.up) {
		error = xfs_bmap_split_extent(tp, ip, mv->off);
		if (!error)
			ip->i_disk_size = (xfs_fsize_t)mv->new_size;
	} else if (mv->at_once) {
		error = xfs_quota_reserve_blocks(tp, ip, xfs_quota_worst_alloc(ip->i_mount, 0));
		if (!error)
			error = xfs_bunmapi(tp, ip, mv->off, mv->len, 0, EXTENTS_AT_ONCE, &done);
	}
	return error;
}

/* Only the first step may take blocks: later ones cannot be allowed to fail. */
static int begin_step(const struct move *mv, bool first, struct xfs_trans **tpp)
{
	struct xfs_mount *mp = mv->ip->i_mount;
	bool splits = first && mv->splits;
	uint32_t blocks = splits ? 2 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK) : 0;
	unsigned int flags = splits ? XFS_TRANS_RESERVE : XFS_TRANS_FREES;

	if (mv->at_once)
		return xfs_trans_alloc_bytes(mp, mv->log_bytes, blocks, flags, tpp);
	return xfs_trans_alloc(mp, XFS_RESV_MOVE, blocks, flags, tpp);
}

/* One transaction of a move. */
static int move_step(struct move *mv, bool first)
{
	struct xfs_inode *ip = mv->ip;
	struct xfs_trans *tp;
	int error = begin_step(mv, first, &tp);

	if (error)
		return error;
	error = xfs_ilock_want_excl(ip);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	if (first)
		error = begin_move(mv, tp);
	while (!error && !mv->sh.done) {
		error = xfs_bmap_shift_extents(tp, ip, &mv->sh, EXTENTS_PER_MOVE);
		if (!mv->at_once)
			break;
	}
	if (!error && !mv->sh.up && mv->sh.done)
		ip->i_disk_size = (xfs_fsize_t)mv->new_size;
	if (!error)
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

/*
 * The size grows before the first extent moves up, and shrinks after the last one has moved down.
 */
static int move_all(struct falloc *f, struct move *mv)
{
	struct xfs_inode *ip = f->ip;
	bool first = true;
	int error;

	do {
		error = move_step(mv, first);
		/* Undoing would need as many steps as going on. */
		if (error == -ENOMEM && !first) {
			(void)xfs_relieve_memory(ip->i_mount);
			error = move_step(mv, first);
		}
		if (!error && (mv->sh.up ? first : mv->sh.done))
			xfs_set_isize(ip, mv->new_size);
		if (!error)
			f->moved = true;
		first = false;
	} while (!error && !mv->sh.done);
	return error;
}

/* Decide whether one transaction can do all.  ILOCK held, extents read in. */
static void plan_at_once(struct move *mv)
{
	struct xfs_mount *mp = mv->ip->i_mount;
	xfs_extnum_t all = xfs_bmap_count_from(mv->ip, mv->off, EXTENTS_AT_ONCE), moved = all;
	uint64_t bytes;

	if (all >= EXTENTS_AT_ONCE)
		return;
	if (!mv->sh.up)
		moved = xfs_bmap_count_from(mv->ip, mv->off + mv->len, EXTENTS_AT_ONCE);
	/* One extent may cross the border and be split. */
	bytes = xfs_resv_move(mp, (uint32_t)(all - moved) + !mv->sh.up, (uint32_t)moved + 1);
	mv->at_once = !mp->m_log || bytes <= xfs_resv_at_most(mp, bytes);
	mv->log_bytes = (uint32_t)bytes;
}

/* Decide how many transactions are needed, once the cache is empty. */
static int plan_move(struct falloc *f, struct move *mv)
{
	struct xfs_inode *ip = f->ip;
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	mv->ip = ip;
	mv->off = XFS_B_TO_FSBT(geo, f->offset);
	mv->len = XFS_B_TO_FSBT(geo, f->len);
	mv->sh.blocks = mv->len;
	plan_at_once(mv);
	if (mv->sh.up)
		mv->splits = is_inside_extent(ip, mv->off, mv->off);
	else if (mv->at_once)
		mv->splits = is_inside_extent(ip, mv->off, mv->off + mv->len);
	xfs_iunlock_shared(ip);
	return 0;
}

static int collapse_range(struct falloc *f)
{
	const struct xfs_geometry *geo = &f->ip->i_mount->m_geo;
	uint64_t isize = xfs_isize(f->ip), end = f->offset + f->len;
	struct move mv = { .new_size = isize - f->len };
	int error;

	if (XFS_B_FSB_OFFSET(geo, f->offset) || XFS_B_FSB_OFFSET(geo, f->len))
		return xfs_error(f->ip->i_mount, -EINVAL,
				 "%" PRIu64 " bytes at %" PRIu64 " are not whole blocks", f->len,
				 f->offset);
	if (end >= isize)
		return xfs_error(f->ip->i_mount, -EINVAL, "a collapse up to %" PRIu64
				 " of %" PRIu64 " bytes", end, isize);
	error = prepare_move(f->ip, f->offset);
	if (!error)
		error = plan_move(f, &mv);
	if (error)
		return error;
	if (!mv.at_once) {
		error = unmap_range(f->ip, mv.off, mv.off + mv.len);
		if (error)
			return error;
	}
	mv.sh.from = mv.sh.next = mv.off + mv.len;
	return move_all(f, &mv);
}

static int insert_range(struct falloc *f)
{
	struct xfs_mount *mp = f->ip->i_mount;
	uint64_t isize = xfs_isize(f->ip);
	struct move mv = { .new_size = isize + f->len, .sh.up = true };
	xfs_fileoff_t last;
	bool excl;
	int error;

	if (XFS_B_FSB_OFFSET(&mp->m_geo, f->offset) || XFS_B_FSB_OFFSET(&mp->m_geo, f->len))
		return xfs_error(mp, -EINVAL,
				 "%" PRIu64 " bytes at %" PRIu64 " are not whole blocks", f->len,
				 f->offset);
	if (f->len > XFS_MAXBYTES - isize)
		return xfs_error(mp, -EFBIG, "%" PRIu64 " and %" PRIu64
				 " bytes more are past the largest size", isize, f->len);
	if (f->offset >= isize)
		return xfs_error(mp, -EINVAL, "an insert at %" PRIu64 " of %" PRIu64 " bytes",
				 f->offset, isize);
	error = prepare_move(f->ip, f->offset);
	if (error)
		return error;
	error = xfs_ilock_map(f->ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	error = xfs_bmap_last_offset(f->ip, XFS_DATA_FORK, &last);
	xfs_iunlock_map(f->ip, excl);
	if (!error)
		error = plan_move(f, &mv);
	if (error)
		return error;
	/* Blocks allocated behind the end of the file move, too. */
	if (last > XFS_B_TO_FSB(&mp->m_geo, XFS_MAXBYTES) - mv.len)
		return xfs_error(mp, -EINVAL, "inode %" PRIu64 ": its last blocks would be past the largest "
				 "offset", f->ip->i_ino);
	mv.sh.from = mv.off;
	mv.sh.next = NULLFILEOFF;
	return move_all(f, &mv);
}

/* ---- modes --------------------------------------------------------------------------------- */

/* Grow the file to the end of the range, unless it is to keep its size. */
static int grow(const struct falloc *f)
{
	uint64_t end = f->offset + f->len;

	if ((f->mode & XFS_FALLOC_KEEP_SIZE) || end <= xfs_isize(f->ip))
		return 0;
	return xfs_file_set_size(f->ip, end);
}

static int do_mode(struct falloc *f)
{
	uint64_t end = f->offset + f->len;
	int error = 0;

	switch (f->mode & ~(int)XFS_FALLOC_KEEP_SIZE) {
	case XFS_FALLOC_COLLAPSE_RANGE:
		return collapse_range(f);
	case XFS_FALLOC_INSERT_RANGE:
		return insert_range(f);
	case XFS_FALLOC_PUNCH_HOLE:
		return free_space(f->ip, f->offset, end);
	case XFS_FALLOC_ZERO_RANGE:
		error = free_space(f->ip, f->offset, end);
		break;
	case XFS_FALLOC_UNSHARE_RANGE:
		error = xfs_file_unshare(f->ip, f->offset, f->len);
		break;
	default:
		break;
	}
	if (!error)
		error = alloc_space(f->ip, f->offset, end);
	return error ? error : grow(f);
}

/*
 * For a NOWAIT call, before its first change: check for reads and writes that the work would need.
 */
static int want_mode(const struct falloc *f)
{
	uint64_t end = f->offset + f->len;

	if (!xfs_nowait())
		return 0;
	if (f->mode & XFS_FALLOC_UNSHARE_RANGE && xfs_inode_diflags2(f->ip) & XFS_DIFLAG2_REFLINK)
		return xfs_would_wait("inode %" PRIu64 ": what is shared must be copied", f->ip->i_ino);
	if (f->mode & (XFS_FALLOC_KEEP_SIZE | XFS_FALLOC_COLLAPSE_RANGE | XFS_FALLOC_INSERT_RANGE) ||
	    end <= xfs_isize(f->ip))
		return 0;
	return xfs_want_size(f->ip, end);
}

static int fallocate_once(struct falloc *f)
{
	struct xfs_inode *ip = f->ip;
	struct xfs_file_times times = { .set = false };
	int error = xfs_iolock_want_excl(ip), error2 = 0;

	if (error)
		return error;
	error = want_mode(f);
	if (!error)
		error = xfs_file_modified(ip, &times);
	if (!error)
		error = do_mode(f);
	/* Not if nothing has changed and nothing may change. */
	if (times.set)
		error2 = xfs_log_times(ip);
	else if (times.later && (!error || (error != XFS_WOULD_WAIT && !xfs_nowait())))
		error2 = xfs_file_log_modified(ip);
	error = error ? error : error2;
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return error;
}

int xfs_file_fallocate(struct xfs_inode *ip, int mode, uint64_t offset, uint64_t len,
		       uint32_t flags, struct xfs_data_errors_seen *seen)
{
	struct falloc f = { .ip = ip, .mode = mode, .offset = offset, .len = len };
	bool tried = false;
	int error = may_fallocate(ip, mode, offset, len);

	if (error)
		return error;
	do {
		error = fallocate_once(&f);
	} while (!f.moved && xfs_reclaim_and_retry(ip, error, &tried));
	xfs_writeback_release(ip->i_mount);
	return error ? error : xfs_file_fsync_written(ip, offset, offset + len, flags, seen);
}
