/* SPDX-License-Identifier: MIT */
/*
 * Clone and dedupe: locks, the checks in the order of the system calls, and writing back and
 * dropping what is in memory before extents are shared.
 *
 * Both IOLOCKs are held exclusively, so that data of either range cannot become dirty again after
 * it is written back: shared blocks must have their data, because a later write copies it.  During
 * the sharing itself, the source's lock is held shared: its bytes stay unchanged and can be read.
 * Write-back of other parts of the two files may go on; like sharing, it takes the ILOCK for each
 * piece.
 */
#include "ag/refcount.h"
#include "base/sabotage.h"
#include "core/message.h"
#include "file/privileges.h"
#include "file/reflink.h"
#include "file/want.h"
#include "reclaim/reclaim.h"
#include "write/writeback.h"

#define COMPARE_BYTES	(128u << 10)

/* One try, with the ranges as the checks have limited them. */
struct remap {
	struct xfs_inode *src, *dst;
	uint64_t src_off, dst_off;
	uint64_t len;			/* bytes */
	uint64_t share_len;		/* the part in whole blocks, or up to the source's end */
	bool dedupe;
	bool src_shared;		/* the source's IOLOCK was demoted */
};

/* ---- checks ------------------------------------------------------------------------------ */

static int invalid(const struct remap *r, const char *what)
{
	return xfs_error(r->dst->i_mount, -EINVAL, "inode %" PRIu64 ", %" PRIu64 " bytes at %" PRIu64
			 " to inode %" PRIu64 " at %" PRIu64 ": %s", r->src->i_ino, r->len, r->src_off,
			 r->dst->i_ino, r->dst_off, what);
}

/* A dedupe checks its source before anything else, and checks no more if its length is 0. */
static int check_source(const struct remap *r)
{
	uint64_t isize = xfs_isize(r->src);

	if (r->dedupe && (r->src_off > isize || r->len > isize - r->src_off))
		return invalid(r, "the range ends past the end of the file");
	return 0;
}

static int check_files(const struct remap *r)
{
	struct xfs_mount *mp = r->dst->i_mount;

	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (r->dedupe && !r->len)
		return 0;
	if (!xfs_has_reflink(&mp->m_geo))
		return xfs_error(mp, -EOPNOTSUPP,
				 "the file system does not have reflink and cannot share blocks");
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if ((xfs_inode_diflags(r->src) | xfs_inode_diflags(r->dst)) & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "a realtime file cannot share blocks");
	if (xfs_inode_diflags(r->dst) & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(mp, -EPERM, "inode %" PRIu64 " is immutable", r->dst->i_ino);
	return 0;
}

/* Check the end of the range, and set r->share_len from r->len. */
static int check_end(struct remap *r)
{
	uint64_t mask = r->dst->i_mount->m_geo.blocksize - 1u, isize = xfs_isize(r->src);
	uint64_t whole = r->len & ~mask;

	r->share_len = r->len;
	if (!(r->len & mask))
		return 0;
	/* Behind the end of the source, its last block is zero for everybody. */
	if (r->src_off + r->len == isize && r->dst_off + r->len >= xfs_isize(r->dst))
		return 0;
	if (!r->dedupe)
		return invalid(r, "the range ends inside a block");
	r->share_len = whole;
	return 0;
}

/* The IOLOCKs are held. */
static int check_range(struct remap *r)
{
	uint64_t mask = r->dst->i_mount->m_geo.blocksize - 1u, isize = xfs_isize(r->src), span;
	int error;

	if ((r->src_off | r->dst_off) & mask)
		return invalid(r, "offsets must be multiples of a block");
	if (r->src_off > XFS_MAXBYTES || r->dst_off > XFS_MAXBYTES)
		return invalid(r, "an offset is past the largest one");
	if (r->dedupe ? r->src_off >= isize : r->src_off > isize)
		return invalid(r, "the range begins past the end of the source");
	if (!r->len && !r->dedupe)
		r->len = isize - r->src_off;
	if (r->len > isize - r->src_off)
		return invalid(r, "the range ends past the end of the file");
	if (r->len > XFS_MAXBYTES - r->dst_off)
		return invalid(r, "the file would grow past the largest size");
	if (r->dedupe && (r->dst_off >= xfs_isize(r->dst) ||
			  r->len > xfs_isize(r->dst) - r->dst_off))
		return invalid(r, "the range ends past the end of the destination");
	error = check_end(r);
	span = XFS_ALIGN(r->share_len, mask + 1);
	if (!error && r->src == r->dst && r->src_off < r->dst_off + span &&
	    r->dst_off < r->src_off + span)
		error = invalid(r, "the ranges overlap");
	return error;
}

/*
 * ---- memory -----------------------------------------------------------------------------------
 */

/*
 * The destination grows, maybe with a gap in front of the new contents: zero the gap, and write
 * back everything up to there before the size on disk passes it.
 */
static int prepare_growth(const struct remap *r)
{
	struct xfs_inode *dst = r->dst;
	uint64_t isize = xfs_isize(dst), from;
	bool did_zero = false;
	int error;

	if (r->dst_off + r->share_len <= isize)
		return 0;
	if (r->dst_off > isize) {
		error = xfs_zero_range(dst, isize, r->dst_off - isize, &did_zero);
		if (error)
			return error;
	}
	error = xfs_ilock_want_shared(dst);
	if (error)
		return error;
	from = XFS_MIN(isize, (uint64_t)dst->i_disk_size);
	xfs_iunlock_shared(dst);
	return xfs_writeback_or_error(dst, from, XFS_MAXBYTES);
}

/* For a NOWAIT call, before its first change: check that this has nothing to write. */
static int want_growth(const struct remap *r)
{
	uint64_t isize = xfs_isize(r->dst);
	int error;

	if (!xfs_nowait() || r->dst_off + r->share_len <= isize)
		return 0;
	error = xfs_want_zeroable(r->dst, isize, XFS_MAX(r->dst_off, isize));
	return error ? error : xfs_want_clean(r->dst, 0, UINT64_MAX);
}

static int forget_destination(const struct remap *r)
{
	struct xfs_mapping *m = __atomic_load_n(&r->dst->i_mapping, __ATOMIC_ACQUIRE);
	uint64_t block = r->dst->i_mount->m_geo.blocksize;

	return m ? xfs_mapping_forget_range(m, r->dst_off,
					    r->dst_off + XFS_ALIGN(r->share_len, block)) : 0;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/*
 * Look up [@pos, +*@len) of @ip, and limit *@len to one mapping. *@where: its byte on the device,
 * or ~0 if no data is stored there.
 */
static int map_bytes(struct xfs_inode *ip, uint64_t pos, uint64_t *len, uint64_t *where)
{
	struct xfs_iomap map;
	int error = xfs_read_iomap_begin(ip, pos, *len, &map);

	if (error)
		return error;
	*len = XFS_MIN(*len, xfs_iomap_end_byte(ip, &map) - pos);
	*where = map.type == XFS_IOMAP_MAPPED ? xfs_iomap_device_byte(ip, &map, pos) : ~0ull;
	return 0;
}

/* Read up to the end of the last block, because a device reads whole sectors. */
static int read_bytes(struct xfs_inode *ip, uint64_t where, uint8_t *buf, uint64_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	size_t size = (size_t)XFS_ALIGN(len, (uint64_t)mp->m_geo.blocksize);
	int error;

	if (where == ~0ull) {
		memset(buf, 0, size);
		return 0;
	}
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 " must be read", ip->i_ino);
	error = xfs_device_pread(mp->m_dev, where, buf, size);
	if (error)
		return xfs_error(mp, error, "inode %" PRIu64 ": reading: %s", ip->i_ino,
				 xfs_errstr(error));
	return 0;
}

/* Compare both ranges, which are on the device. -EBADE: they differ. */
static int compare(const struct remap *r)
{
	struct xfs_mount *mp = r->dst->i_mount;
	uint8_t *buf = xfs_malloc(mp, 2 * COMPARE_BYTES);
	uint64_t done = 0, len, at_src, at_dst;
	int error = 0;

	if (!buf)
		return xfs_error(mp, -ENOMEM, "out of memory for comparing");
	for (; !error && done < r->len; done += len) {
		len = XFS_MIN(r->len - done, (uint64_t)COMPARE_BYTES);
		error = map_bytes(r->src, r->src_off + done, &len, &at_src);
		if (!error)
			error = map_bytes(r->dst, r->dst_off + done, &len, &at_dst);
		/* Both have the same blocks, or none. */
		if (error || at_src == at_dst)
			continue;
		error = read_bytes(r->src, at_src, buf, len);
		if (!error)
			error = read_bytes(r->dst, at_dst, buf + COMPARE_BYTES, len);
		if (!error && memcmp(buf, buf + COMPARE_BYTES, (size_t)len))
			error = xfs_error(mp, -EBADE, "the ranges differ");
	}
	xfs_free(mp, buf);
	return error;
}

/* ---- the call ---------------------------------------------------------------------------------- */

/*
 * Log the destination's times, and the CoW extent size hint, which a clone of a whole file copies.
 */
static int log_destination(const struct remap *r, bool whole)
{
	struct xfs_inode *src = r->src, *dst = r->dst;
	struct xfs_trans *tp;
	int error = xfs_trans_alloc(dst->i_mount, XFS_RESV_INODE, 0, 0, &tp);

	if (error)
		return error;
	error = xfs_ilock_want_two(src, dst);
	if (error) {
		xfs_trans_cancel(tp);
		return error;
	}
	if (whole && (src->i_diflags2 & XFS_DIFLAG2_COWEXTSIZE) &&
	    !(dst->i_diflags2 & XFS_DIFLAG2_COWEXTSIZE)) {
		xfs_inode_set_extsizes(dst, dst->i_extsize, src->i_cowextsize);
		xfs_inode_set_diflags2(dst, dst->i_diflags2 | XFS_DIFLAG2_COWEXTSIZE);
	}
	xfs_trans_ichgtime(tp, dst, XFS_ICHGTIME_MOD | XFS_ICHGTIME_CHG);
	xfs_iflags_clear(dst, XFS_IF_DIRTY_TIMES);
	xfs_trans_log_inode(tp, dst, XFS_ILOG_CORE);
	xfs_iunlock_two(src, dst);
	return xfs_trans_commit(tp);
}

/* Change what is not contents of the destination. */
static int modify_destination(const struct remap *r)
{
	bool whole = !r->src_off && !r->dst_off && r->len == xfs_isize(r->src) &&
		     r->len >= xfs_isize(r->dst);
	int error = xfs_strip_privileges(r->dst);

	return error ? error : log_destination(r, whole);
}

static void demote_source(struct remap *r)
{
	if (r->src == r->dst)
		return;
	xfs_rwlock_demote(&r->src->i_iolock);
	r->src_shared = true;
}

static void unlock_files(const struct remap *r) XFS_LOCKS_UNCHECKED
{
	if (!r->src_shared) {
		xfs_iounlock_two(r->src, r->dst);
		return;
	}
	xfs_rwlock_unlock_shared(&r->src->i_iolock);
	xfs_rwlock_unlock_excl(&r->dst->i_iolock);
}

/* The IOLOCKs are held and the ranges checked. */
static int remap_locked(struct remap *r)
{
	const struct xfs_geometry *geo = &r->dst->i_mount->m_geo;
	struct xfs_share sh = {
		.src = r->src, .dst = r->dst,
		.src_off = XFS_B_TO_FSBT(geo, r->src_off),
		.dst_off = XFS_B_TO_FSBT(geo, r->dst_off),
		.len = XFS_B_TO_FSB(geo, r->share_len),
		.size = r->dedupe ? 0 : r->dst_off + r->len,
	};
	int error;

	error = xfs_writeback_or_error(r->src, r->src_off, r->src_off + r->len);
	if (!error)
		error = xfs_writeback_or_error(r->dst, r->dst_off, r->dst_off + r->len);
	if (!error && r->dedupe)
		error = compare(r);
	if (error || !sh.len)
		return error;
	error = xfs_reflink_check_share(r->src, sh.src_off, sh.len);
	if (!error && !r->dedupe)
		error = want_growth(r);
	if (!error && !r->dedupe)
		error = modify_destination(r);
	if (!error && !r->dedupe)
		error = prepare_growth(r);
	if (error)
		return error;
	error = forget_destination(r);
	if (error)
		return error;
	demote_source(r);
	return xfs_reflink_share(&sh);
}

static int remap_once(const struct xfs_remap *remap)
{
	struct remap r = {
		.src = remap->src, .dst = remap->dst, .src_off = remap->src_off,
		.dst_off = remap->dst_off, .len = remap->len, .dedupe = remap->dedupe,
	};
	int error = xfs_iolock_want_two(r.src, r.dst);

	if (error)
		return error;
	error = check_source(&r);
	if (!error)
		error = check_files(&r);
	if (!error && (r.len || !r.dedupe))
		error = check_range(&r);
	if (!error && r.len)
		error = remap_locked(&r);
	unlock_files(&r);
	return error;
}

int xfs_file_remap(const struct xfs_remap *remap)
{
	bool tried = false;
	int error;

	/* A second try finds what the first has shared already, and passes over it quickly. */
	do {
		error = remap_once(remap);
	} while (xfs_reclaim_and_retry(remap->dst, error, &tried));
	xfs_writeback_release(remap->dst->i_mount);
	return error;
}

/*
 * ---- ending the sharing ------------------------------------------------------------------------
 */

/* Whether any block of the data fork has another owner. */
static int shares_anything(struct xfs_inode *ip, bool *shares)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	xfs_fsblock_t first;
	bool excl, more;
	int error;

	*shares = false;
	error = xfs_ilock_map(ip, XFS_DATA_FORK, &excl);
	if (error)
		return error;
	more = xfs_iext_first_extent(&ip->i_df, &cur, &irec);
	while (!error && !*shares && more) {
		xfs_extlen_t len = (xfs_extlen_t)irec.br_blockcount;

		if (xfs_irec_is_real(&irec) && irec.br_state == XFS_EXT_NORM) {
			error = xfs_refcount_find_shared(ip->i_mount, irec.br_startblock, len, &first,
							 &len);
			*shares = !error && first != NULLFSBLOCK;
		}
		more = xfs_iext_next_extent(&ip->i_df, &cur, &irec);
	}
	xfs_iunlock_map(ip, excl);
	return error;
}

/*
 * Clear the reflink flag.  Only the IOLOCK holder could make the file share something meanwhile.
 * The flag stays while the CoW fork is needed for dirty data.
 */
static int clear_flag(struct xfs_inode *ip) XFS_LOCKS_UNCHECKED
{
	struct xfs_trans *tp;
	int error = xfs_free_cowblocks(ip);

	/*
	 * Writes to a file without the flag do not check whether blocks were shared until recently
	 * (REFC-4).
	 */
	if (!error && !XFS_SABOTAGE(XFS_RULE_REFLINK_CLEAR))
		error = xfs_log_force(ip->i_mount, 0);
	if (!error)
		error = xfs_trans_alloc_ilocked(ip, XFS_RESV_INODE, 0, 0, &tp);
	if (error)
		return error;
	if (!xfs_reflink_has_cow(ip)) {
		xfs_inode_set_diflags2(ip, ip->i_diflags2 & ~XFS_DIFLAG2_REFLINK);
		xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	}
	xfs_iunlock_excl(ip);
	return xfs_trans_commit(tp);
}

int xfs_file_unshare(struct xfs_inode *ip, uint64_t offset, uint64_t len)
{
	uint64_t isize = xfs_isize(ip);
	bool shares;
	int error;

	ASSERT(xfs_rwlock_is_held_excl(&ip->i_iolock));
	if (!(xfs_inode_diflags2(ip) & XFS_DIFLAG2_REFLINK) || offset >= isize)
		return 0;
	len = XFS_MIN(len, isize - offset);
	error = xfs_unshare_range(ip, offset, len);
	if (!error)
		error = xfs_writeback_or_error(ip, offset, offset + len);
	if (!error)
		error = shares_anything(ip, &shares);
	return error || shares ? error : clear_flag(ip);
}
