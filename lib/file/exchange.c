/* SPDX-License-Identifier: MIT */
/*
 * Exchanging contents: the checks in the order of the system call, writing back and dropping what
 * is in memory, and the sequence of transactions.
 *
 * Both IOLOCKs are held exclusively from the checks to the end, so nobody reads or writes a
 * half-exchanged file, and no data of either range becomes dirty again.
 */
#include <xfswrite/exchange.h>
#include "core/counter.h"
#include "core/message.h"
#include "file/exchange.h"
#include "file/privileges.h"
#include "iomap/iomap.h"
#include "pagecache/mapping.h"
#include "reclaim/reclaim.h"
#include "trans/note.h"
#include "trans/resv.h"
#include "write/writeback.h"

#define FLAGS		(XFS_EXCHANGE_RANGE_TO_EOF | XFS_EXCHANGE_RANGE_DSYNC | \
			 XFS_EXCHANGE_RANGE_DRY_RUN | XFS_EXCHANGE_RANGE_FILE1_WRITTEN)

/* ---- checks ---------------------------------------------------------------------------------- */

static int invalid(const struct xfs_exchange_args *a, const char *what)
{
	return xfs_error(a->ip1->i_mount, -EINVAL, "inode %" PRIu64 " at %" PRIu64 " and inode %" PRIu64
			 " at %" PRIu64 ", %" PRIu64 " bytes: %s", a->ip1->i_ino, a->off1, a->ip2->i_ino,
			 a->off2, a->len, what);
}

static int check_files(const struct xfs_exchange_args *a)
{
	struct xfs_mount *mp = a->ip1->i_mount;

	if (a->flags & ~FLAGS)
		return xfs_error(mp, -EINVAL, "unknown flags 0x%x", a->flags & ~FLAGS);
	if (mp->m_rdonly)
		return xfs_error(mp, -EROFS, "the file system is mounted read-only");
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if ((xfs_inode_diflags(a->ip1) | xfs_inode_diflags(a->ip2)) & XFS_DIFLAG_REALTIME)
		return xfs_error(mp, -EOPNOTSUPP, "a realtime file cannot exchange contents");
	if ((xfs_inode_diflags(a->ip1) | xfs_inode_diflags(a->ip2)) & XFS_DIFLAG_IMMUTABLE)
		return xfs_error(mp, -EPERM, "one of the files is immutable");
	return 0;
}

/* IOLOCKs held.  TO_EOF: the length is that of the longer rest. */
static int check_range(struct xfs_exchange_args *a)
{
	uint64_t mask = a->ip1->i_mount->m_geo.blocksize - 1u;
	uint64_t size1 = xfs_isize(a->ip1), size2 = xfs_isize(a->ip2), span;

	if ((a->off1 | a->off2) & mask)
		return invalid(a, "offsets must be multiples of a block");
	if (a->off1 > size1 || a->off2 > size2)
		return invalid(a, "a range begins past the end of its file");
	if (a->flags & XFS_EXCHANGE_RANGE_TO_EOF)
		a->len = XFS_MAX(size1 - a->off1, size2 - a->off2);
	else if (a->len > size1 - a->off1 || a->len > size2 - a->off2)
		return invalid(a, "a range ends past the end of its file");
	else if ((a->len & mask) && (a->off1 + a->len != size1 || a->off2 + a->len != size2))
		return invalid(a, "the range ends inside a block");
	if (a->off1 > XFS_MAXBYTES - a->len || a->off2 > XFS_MAXBYTES - a->len)
		return invalid(a, "a file would grow past the largest size");
	span = XFS_ALIGN(a->len, mask + 1);
	if (a->ip1 == a->ip2 && a->off1 < a->off2 + span && a->off2 < a->off1 + span)
		return invalid(a, "the ranges overlap");
	return 0;
}

/*
 * ---- memory
 * -------------------------------------------------------------------------------------------
 */

/* Write the range back, drop it from memory, and remove its delayed allocations. */
static int settle(struct xfs_inode *ip, uint64_t off, const struct xfs_exchange_args *a)
	XFS_LOCKS_UNCHECKED
{
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	uint64_t end = XFS_ALIGN(off + a->len, (uint64_t)geo->blocksize);
	int error;

	/* If the sizes are exchanged, all data in front of them must be on the device. */
	if (a->flags & XFS_EXCHANGE_RANGE_TO_EOF)
		error = xfs_writeback_or_error(ip, 0, XFS_MAXBYTES);
	else
		error = xfs_writeback_or_error(ip, off, off + a->len);
	if (error)
		return error;
	error = ip->i_mapping ? xfs_mapping_forget_range(ip->i_mapping, off, end) : 0;
	if (!error)
		error = xfs_ilock_want_excl(ip);
	if (error)
		return error;
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error)
		error = xfs_bmap_punch_delalloc_range(ip, XFS_DATA_FORK, XFS_B_TO_FSB(geo, off),
						      XFS_B_TO_FSB(geo, end));
	if (!error)
		error = xfs_bmap_punch_delalloc_range(ip, XFS_COW_FORK, XFS_B_TO_FSB(geo, off),
						      XFS_B_TO_FSB(geo, end));
	xfs_iunlock_excl(ip);
	return error;
}

/* ---- the plan --------------------------------------------------------------------------------------- */

struct plan {
	struct xfs_exchange_run run;
	uint32_t log_bytes;		/* of one transaction */
	bool in_one;			/* one transaction does all */
	uint64_t held;			/* blocks reserved for the forks' trees */
};

/* True if the exchange includes all extents of @ip, so that the reflink flag can move with them. */
static bool is_whole(struct xfs_inode *ip, const struct xfs_exchange *ex)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec last;

	return !ex->off1 && !ex->off2 && !(ex->flags & XFS_EXCHMAPS_INO1_WRITTEN) &&
	       (!xfs_iext_last_extent(&ip->i_df, &cur, &last) || xfs_irec_end(&last) <= ex->blocks);
}

static void plan_flags(const struct xfs_exchange_args *a, struct xfs_exchange *ex)
{
	bool shares1 = xfs_inode_diflags2(a->ip1) & XFS_DIFLAG2_REFLINK;
	bool shares2 = xfs_inode_diflags2(a->ip2) & XFS_DIFLAG2_REFLINK;

	if (a->flags & XFS_EXCHANGE_RANGE_FILE1_WRITTEN)
		ex->flags |= XFS_EXCHMAPS_INO1_WRITTEN;
	if (a->flags & XFS_EXCHANGE_RANGE_TO_EOF)
		ex->flags |= XFS_EXCHMAPS_SET_SIZES;
	if (shares1 == shares2 || !is_whole(a->ip1, ex) || !is_whole(a->ip2, ex))
		return;
	ex->flags |= shares1 ? XFS_EXCHMAPS_CLEAR_INO1_REFLINK : XFS_EXCHMAPS_CLEAR_INO2_REFLINK;
}

static int too_long(const struct xfs_exchange_args *a)
{
	struct xfs_mount *mp = a->ip1->i_mount;

	if (a->ip1 == a->ip2)
		return xfs_error(mp, -EOPNOTSUPP, "inode %" PRIu64 ": too many extents for an exchange "
				 "inside one file", a->ip1->i_ino);
	return xfs_error(mp, -EOPNOTSUPP,
			 "inodes %" PRIu64 " and %" PRIu64
			 " are too many to be exchanged without the feature \"exchange\"",
			 a->ip1->i_ino, a->ip2->i_ino);
}

static int make_plan(const struct xfs_exchange_args *a, struct plan *p)
{
	struct xfs_mount *mp = a->ip1->i_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_inode *ips[2] = { a->ip1, a->ip2 };
	struct xfs_exchange *ex = &p->run.ex;
	uint64_t all;
	int error;

	p->run.mp = mp;
	p->run.ip1 = a->ip1;
	p->run.ip2 = a->ip2;
	*ex = (struct xfs_exchange){
		.ino1 = a->ip1->i_ino, .ino2 = a->ip2->i_ino,
		.gen1 = a->ip1->i_gen, .gen2 = a->ip2->i_gen,
		.off1 = XFS_B_TO_FSBT(geo, a->off1), .off2 = XFS_B_TO_FSBT(geo, a->off2),
		.blocks = XFS_B_TO_FSB(geo, a->len),
		.size1 = xfs_isize(a->ip2), .size2 = xfs_isize(a->ip1),
	};
	error = xfs_ilock_want_many(ips, 2);
	if (error)
		return error;
	plan_flags(a, ex);
	all = xfs_exchange_pieces(a->ip1, ex->off1, ex->off1 + ex->blocks) +
	      xfs_exchange_pieces(a->ip2, ex->off2, ex->off2 + ex->blocks);
	p->run.pieces = (uint32_t)XFS_MIN(all, (uint64_t)UINT32_MAX);
	p->held = xfs_bmap_tree_growth(a->ip1, p->run.pieces) +
		  xfs_bmap_tree_growth(a->ip2, p->run.pieces);
	xfs_iunlock_many(ips, 2);

	p->in_one = true;
	if (!mp->m_log)
		return 0;
	all = xfs_resv_exchange(mp, all);
	p->in_one = all <= xfs_resv_at_most(mp, all);
	p->log_bytes = p->in_one ? (uint32_t)all : xfs_resv_exchange_step(mp);
	if (!p->in_one && (!xfs_has_exchange_range(geo) || a->ip1 == a->ip2))
		return too_long(a);
	if (!p->in_one && xfs_nowait())
		return xfs_would_wait("the log must be written between the parts of the exchange");
	return 0;
}

/*
 * ---- carrying it out
 * ----------------------------------------------------------------------------------
 */

/* Once begun, an exchange must be completed, here or by recovery: it cannot be undone. */
static int carry_out(struct plan *p)
{
	struct xfs_mount *mp = p->run.mp;
	struct xfs_tail_hold hold = { .th_lsn = 0 };
	bool done = false;
	int error, tries = 0;

	p->run.hold = &hold;
	do {
		error = xfs_exchange_step(&p->run, p->log_bytes, p->in_one, &done);
		if (error == -ENOMEM && p->run.started && tries++ < 100) {
			(void)xfs_relieve_memory(mp);
			error = 0;
		} else if (!error && hold.th_lsn) {
			/* What is left, if anything, is in a durable checkpoint. */
			error = xfs_log_force(mp, 0);
			if (!error && !done)
				xfs_hold_tail(mp, &hold, p->run.from);
		}
	} while (!error && !done);
	if (error && p->run.started)
		xfs_shutdown(mp, error, "an exchange of contents cannot be finished: %s",
			     xfs_errstr(error));
	xfs_hold_tail(mp, &hold, 0);
	return error;
}

/* As in the kernel, a dry run leaves the times alone but removes set-id bits and the capability. */
static int modify_one(struct xfs_inode *ip, const struct xfs_exchange_args *a)
{
	int error = xfs_strip_privileges(ip);

	return error || a->flags & XFS_EXCHANGE_RANGE_DRY_RUN ? error : xfs_file_log_modified(ip);
}

static int modify(const struct xfs_exchange_args *a)
{
	int error = modify_one(a->ip1, a);

	if (!error && a->ip1 != a->ip2)
		error = modify_one(a->ip2, a);
	return error;
}

static int exchange_locked(struct xfs_exchange_args *a)
{
	struct xfs_mount *mp = a->ip1->i_mount;
	struct plan p = { .in_one = false };
	int error;

	error = settle(a->ip1, a->off1, a);
	if (!error)
		error = settle(a->ip2, a->off2, a);
	if (!error)
		error = make_plan(a, &p);
	if (!error)
		error = xfs_reserve_delalloc_blocks(mp, p.held);
	if (error)
		return error;
	error = modify(a);
	if (!error && !(a->flags & XFS_EXCHANGE_RANGE_DRY_RUN))
		error = carry_out(&p);
	xfs_settle_delalloc_blocks(mp, 0, (int64_t)p.held);
	return error;
}

static int exchange_once(const struct xfs_exchange_args *args)
{
	struct xfs_exchange_args a = *args;
	int error = xfs_iolock_want_two(a.ip1, a.ip2);

	if (error)
		return error;
	error = check_files(&a);
	if (!error)
		error = check_range(&a);
	if (!error)
		error = a.len ? exchange_locked(&a) : modify(&a);
	xfs_iounlock_two(a.ip1, a.ip2);
	return error;
}

int xfs_file_exchange(const struct xfs_exchange_args *args)
{
	bool tried = false;
	int error;

	do {
		error = exchange_once(args);
	} while (xfs_reclaim_and_retry(args->ip2, error, &tried));
	xfs_writeback_release(args->ip2->i_mount);
	return error;
}
