/* SPDX-License-Identifier: MIT */
/*
 * Where a buffered write goes, decided before its data is copied.  From top to bottom:
 *
 *	an extent size hint		allocate blocks at once (hint.c)
 *	zeroing, unsharing over a hole	nothing to do
 *	a CoW reservation covers it	there; old contents come from the data fork
 *	mapped, not shared		in place
 *	mapped, shared			reserve the shared run in the CoW fork
 *	a hole				reserve in the data fork, with speculative
 *					preallocation if the file grows at its end
 *
 * A reservation is made in full or not at all: near the end of space a large write fails where
 * small ones fit.
 */
#include "core/counter.h"
#include "core/message.h"
#include "core/stats.h"
#include "iomap/iomap.h"
#include "quota/quota.h"
#include "trans/resv.h"

/* One call reserves at most this much. */
#define MAX_RESERVE_BYTES	(4ull << 20)

void xfs_iomap_from_irec(struct xfs_inode *ip, const struct xfs_bmbt_irec *irec,
			 struct xfs_iomap *map)
{
	*map = (struct xfs_iomap){
		.off_fsb = irec->br_startoff,
		.len_fsb = irec->br_blockcount,
		.startblock = irec->br_startblock,
		.data_seq = __atomic_load_n(&ip->i_df.if_seq, __ATOMIC_ACQUIRE),
		.cow_seq = ip->i_cowfp ? __atomic_load_n(&ip->i_cowfp->if_seq, __ATOMIC_ACQUIRE) : 0,
	};
	if (irec->br_startblock == XFS_HOLESTARTBLOCK)
		map->type = XFS_IOMAP_HOLE;
	else if (isnullstartblock(irec->br_startblock))
		map->type = XFS_IOMAP_DELALLOC;
	else if (irec->br_state == XFS_EXT_UNWRITTEN)
		map->type = XFS_IOMAP_UNWRITTEN;
	else
		map->type = XFS_IOMAP_MAPPED;
}

bool xfs_iomap_valid(struct xfs_inode *ip, const struct xfs_iomap *map)
{
	if (map->type == XFS_IOMAP_HOLE && !(map->flags & XFS_IOMAP_F_SHARED))
		return true;
	if (__atomic_load_n(&ip->i_df.if_seq, __ATOMIC_ACQUIRE) != map->data_seq)
		return false;
	return !(map->flags & XFS_IOMAP_F_SHARED) ||
	       __atomic_load_n(&ip->i_cowfp->if_seq, __ATOMIC_ACQUIRE) == map->cow_seq;
}

static struct xfs_bmbt_irec hole_irec(xfs_fileoff_t off, xfs_fileoff_t end)
{
	return (struct xfs_bmbt_irec){
		.br_startoff = off,
		.br_startblock = XFS_HOLESTARTBLOCK,
		.br_blockcount = end - off,
	};
}

/* The request, and what the forks have there while the ILOCK is held. */
struct begin {
	struct xfs_inode *ip;
	uint64_t offset, count;
	bool zero, unshare, direct;
	xfs_fileoff_t off_fsb, end_fsb;
	bool eof;			/* the data fork has no extent at or behind off_fsb */
	struct xfs_bmbt_irec data;	/* the extent that covers off_fsb or the next one; if
					 * eof, an empty hole at end_fsb */
	bool has_cow;			/* the CoW fork has an extent at or behind off_fsb */
	struct xfs_bmbt_irec cow;
};

static int look_up(struct begin *b)
{
	struct xfs_inode *ip = b->ip;
	struct xfs_iext_cursor cur;
	int error;

	if (unlikely(ip->i_df.if_format != XFS_DINODE_FMT_EXTENTS &&
		     ip->i_df.if_format != XFS_DINODE_FMT_BTREE))
		return xfs_corrupt(ip->i_mount, "inode", "inode %" PRIu64 ": data fork of format %u",
				   ip->i_ino, ip->i_df.if_format);
	error = xfs_iread_extents_at(ip, XFS_DATA_FORK, b->off_fsb, xfs_bmap_most_extents(ip->i_mount));
	if (error)
		return error;
	b->eof = !xfs_iext_lookup_extent(&ip->i_df, b->off_fsb, &cur, &b->data);
	if (b->eof)
		b->data = hole_irec(b->end_fsb, b->end_fsb);
	b->has_cow = ip->i_cowfp &&
		     xfs_iext_lookup_extent(ip->i_cowfp, b->off_fsb, &cur, &b->cow);
	return 0;
}

/* Old contents come from b->data if it covers the place, else from a hole. */
static void report_source(const struct begin *b, xfs_fileoff_t end, struct xfs_iomap *src)
{
	struct xfs_bmbt_irec irec;

	if (xfs_irec_covers(&b->data, b->off_fsb)) {
		irec = b->data;
		xfs_irec_trim(&irec, b->off_fsb, end);
	} else {
		irec = hole_irec(b->off_fsb, XFS_MIN(end, b->data.br_startoff));
	}
	xfs_iomap_from_irec(b->ip, &irec, src);
}

static void report_cow(const struct begin *b, const struct xfs_bmbt_irec *cow, uint32_t flags,
		       struct xfs_iomap *map, struct xfs_iomap *src)
{
	struct xfs_bmbt_irec irec = *cow;

	report_source(b, xfs_irec_end(&irec), src);
	xfs_irec_trim(&irec, b->off_fsb, src->off_fsb + src->len_fsb);
	xfs_iomap_from_irec(b->ip, &irec, map);
	map->flags = flags | XFS_IOMAP_F_SHARED;
}

static void report_data(const struct begin *b, const struct xfs_bmbt_irec *irec, uint32_t flags,
			struct xfs_iomap *map, struct xfs_iomap *src)
{
	xfs_iomap_from_irec(b->ip, irec, map);
	map->flags = flags;
	*src = *map;
}

/* Blocks taken to copy @len blocks at @off: whole units of the hint. */
static xfs_filblks_t copied_blocks(const struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len)
{
	uint32_t hint = xfs_get_cowextsz_hint(ip);

	return xfs_roundup64(off + len, hint) - xfs_rounddown64(off, hint);
}

/*
 * A kernel's direct write allocates at once, and fails unless quota remains for all that this might
 * need.  Refuse it here in the same cases, although delayed allocation needs less.
 */
static int direct_may_have(const struct begin *b, xfs_filblks_t len)
{
	int error;

	if (likely(!b->direct || !b->ip->i_mount->m_quota))
		return 0;
	error = xfs_inode_hold(b->ip, xfs_quota_worst_alloc(b->ip->i_mount, len));
	if (!error)
		xfs_inode_held(b->ip);
	return error;
}

/* Reserve CoW space for a write to the shared extent @irec, which covers the place. */
static int reserve_cow(const struct begin *b, const struct xfs_bmbt_irec *irec,
		       struct xfs_iomap *map, struct xfs_iomap *src)
{
	struct xfs_inode *ip = b->ip;
	struct xfs_bmbt_irec got;
	xfs_filblks_t len = irec->br_blockcount;
	int error;

	len = XFS_MIN(len, XFS_B_TO_FSB(&ip->i_mount->m_geo, MAX_RESERVE_BYTES));
	if (b->has_cow)
		len = XFS_MIN(len, b->cow.br_startoff - b->off_fsb);
	error = xfs_ifork_init_cow(ip);
	if (!error)
		error = direct_may_have(b, copied_blocks(ip, b->off_fsb, len));
	if (error)
		return error;
	error = xfs_bmapi_reserve_delalloc(ip, XFS_COW_FORK, b->off_fsb, len, 0, &got);
	if (error)
		return error;
	XFS_TRACE(ip->i_mount, xfs_reflink_cow_found, ip->i_ino, b->off_fsb, len);
	xfs_irec_trim(&got, b->off_fsb, b->off_fsb + len);
	report_cow(b, &got, XFS_IOMAP_F_NEW, map, src);
	map->reserved_end = b->off_fsb + len;
	return 0;
}

static int reserve_data(struct begin *b, struct xfs_iomap *map, struct xfs_iomap *src)
{
	struct xfs_inode *ip = b->ip;
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	uint64_t count = XFS_MIN(b->count, MAX_RESERVE_BYTES);
	xfs_fileoff_t end_fsb = XFS_MIN(b->end_fsb, XFS_B_TO_FSB(geo, b->offset + count));
	uint64_t prealloc = 0;
	struct xfs_bmbt_irec got;
	int error;

	/* What is reserved is nowhere but in memory: no window has it. */
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (error)
		return error;
	if (!b->eof)
		end_fsb = XFS_MIN(end_fsb, b->data.br_startoff);
	else if (!b->direct && b->offset + count > (uint64_t)ip->i_size)
		prealloc = xfs_iomap_prealloc_blocks(ip, b->offset, count);
	error = direct_may_have(b, end_fsb - b->off_fsb);
	if (error)
		return error;
	error = xfs_bmapi_reserve_delalloc(ip, XFS_DATA_FORK, b->off_fsb, end_fsb - b->off_fsb,
					   prealloc, &got);
	if (error)
		return error;
	XFS_TRACE(ip->i_mount, xfs_iomap_alloc, ip->i_ino, b->off_fsb, end_fsb - b->off_fsb,
		  prealloc);
	xfs_irec_trim(&got, b->off_fsb, xfs_irec_end(&got));
	report_data(b, &got, XFS_IOMAP_F_NEW, map, src);
	map->reserved_end = end_fsb;
	return 0;
}

/*
 * Zeroing finds delayed preallocation behind the end of the file.  Convert all of it to unwritten
 * blocks, which need not be zeroed.  Drops the ILOCK for a while, so the caller must look again.
 */
static int convert_prealloc(struct begin *b) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ip = b->ip;
	struct xfs_bmbt_irec got, map;
	struct xfs_iext_cursor cur;
	struct xfs_trans *tp;
	int error;

	xfs_iunlock_excl(ip);
	error = xfs_trans_alloc(ip->i_mount, XFS_RESV_MAP, 0, XFS_TRANS_RESERVE, &tp);
	/*
	 * The caller releases the ILOCK on every path, so it must be taken again, even if that
	 * waits.
	 */
	xfs_nowait_changes();
	xfs_ilock_excl(ip);
	if (error)
		return error;
	/* Write-back may have allocated it meanwhile. */
	if (xfs_iext_lookup_extent(&ip->i_df, b->off_fsb, &cur, &got) &&
	    xfs_irec_covers(&got, b->off_fsb) && isnullstartblock(got.br_startblock))
		error = xfs_bmapi_convert_delalloc(tp, ip, XFS_DATA_FORK, got.br_startoff,
						   got.br_blockcount, true, &map);
	xfs_iunlock_excl(ip);
	error = xfs_trans_finish(tp, error);
	xfs_ilock_excl(ip);
	return error;
}

/* Called under the ILOCK. -EAGAIN: the lock was dropped for a while, look again. */
static int decide(struct begin *b, struct xfs_iomap *map, struct xfs_iomap *src)
{
	struct xfs_inode *ip = b->ip;
	xfs_fileoff_t eof_fsb = XFS_B_TO_FSB(&ip->i_mount->m_geo, (uint64_t)ip->i_size);
	struct xfs_bmbt_irec irec;
	bool shared = false;
	int error;

	error = look_up(b);
	if (error)
		return error;
	/* Do this even if the CoW fork, whose reservation may go past the end, covers the place. */
	if (b->zero && xfs_irec_covers(&b->data, b->off_fsb) &&
	    isnullstartblock(b->data.br_startblock) && b->off_fsb >= eof_fsb) {
		error = convert_prealloc(b);
		return error ? error : -EAGAIN;
	}
	/*
	 * Blocks behind the end are handled in a separate call, because they may have to be
	 * converted as above.
	 */
	if (b->zero && b->off_fsb < eof_fsb)
		b->end_fsb = XFS_MIN(b->end_fsb, eof_fsb);
	if (b->has_cow && xfs_irec_covers(&b->cow, b->off_fsb)) {
		irec = b->cow;
		if (b->zero)
			xfs_irec_trim(&irec, b->off_fsb, b->end_fsb);
		report_cow(b, &irec, 0, map, src);
		return 0;
	}
	if ((b->zero || b->unshare) && b->data.br_startoff > b->off_fsb) {
		irec = hole_irec(b->off_fsb, XFS_MIN(b->data.br_startoff, b->end_fsb));
		if (b->has_cow)
			xfs_irec_trim(&irec, b->off_fsb, b->cow.br_startoff);
		report_data(b, &irec, 0, map, src);
		return 0;
	}
	if (xfs_irec_covers(&b->data, b->off_fsb)) {
		irec = b->data;
		xfs_irec_trim(&irec, b->off_fsb, b->end_fsb);
		if ((ip->i_diflags2 & XFS_DIFLAG2_REFLINK) &&
		    !isnullstartblock(irec.br_startblock) && irec.br_state == XFS_EXT_NORM) {
			error = xfs_reflink_trim_for_write(ip, &irec, &shared);
			if (error)
				return error;
		}
		if (shared)
			return reserve_cow(b, &irec, map, src);
		XFS_TRACE(ip->i_mount, xfs_iomap_found, ip->i_ino, b->off_fsb, irec.br_blockcount);
		if (!(ip->i_diflags2 & XFS_DIFLAG2_REFLINK) && !b->zero) {
			irec = b->data;
			xfs_irec_trim(&irec, b->off_fsb, xfs_irec_end(&irec));
		}
		report_data(b, &irec, 0, map, src);
		return 0;
	}
	return reserve_data(b, map, src);
}

int xfs_buffered_write_iomap_begin(struct xfs_inode *ip, uint64_t offset, uint64_t count,
				   uint32_t flags, struct xfs_iomap *map, struct xfs_iomap *src)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct begin b = {
		.ip = ip, .offset = offset, .count = count, .zero = flags & XFS_IOMAP_ZERO,
		.unshare = flags & XFS_IOMAP_UNSHARE, .direct = flags & XFS_IOMAP_DIRECT,
		.off_fsb = XFS_B_TO_FSBT(geo, offset),
	};
	uint32_t hint;
	int error;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_iolock));
	ASSERT(count > 0 && offset + count <= XFS_MAXBYTES);
	if (xfs_is_shutdown(ip->i_mount))
		return xfs_shutdown_error(ip->i_mount);
	if (unlikely(xfs_inode_diflags(ip) & XFS_DIFLAG_REALTIME))
		return xfs_error(ip->i_mount, -EOPNOTSUPP, "inode %" PRIu64 " is a realtime file",
				 ip->i_ino);
	hint = xfs_get_extsz_hint(ip);
	if (hint && !(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK)) {
		error = xfs_iomap_write_direct(ip, offset, count, hint, b.zero, map);
		*src = *map;
		return error;
	}
	error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	xfs_stats_inc(ip->i_mount, XFS_COUNT_xs_blk_mapw);
	do {
		b.end_fsb = XFS_B_TO_FSB(geo, offset + count);
		error = decide(&b, map, src);
	} while (error == -EAGAIN);
	xfs_iunlock_excl(ip);
	return error;
}

int xfs_buffered_write_iomap_end(struct xfs_inode *ip, uint64_t offset, uint64_t written,
				 const struct xfs_iomap *map)
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	xfs_fileoff_t from;
	int error;

	if (!(map->flags & XFS_IOMAP_F_NEW) || map->type != XFS_IOMAP_DELALLOC)
		return 0;
	from = written ? XFS_B_TO_FSB(geo, offset + written) : XFS_B_TO_FSBT(geo, offset);
	if (from >= map->reserved_end)
		return 0;
	/* Nobody else can have dirtied it: the IOLOCK is held, and it was a hole before. */
	xfs_nowait_changes();
	xfs_ilock_excl(ip);
	error = xfs_bmap_punch_delalloc_range(ip, map->flags & XFS_IOMAP_F_SHARED ?
					      XFS_COW_FORK : XFS_DATA_FORK, from,
					      map->reserved_end);
	xfs_iunlock_excl(ip);
	return error;
}
