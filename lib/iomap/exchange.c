/* SPDX-License-Identifier: MIT */
/*
 * Contents of two files change places.
 *
 * What fits into one transaction is one, and its checkpoint makes it atomic.  A longer exchange
 * goes in steps.  Each logs, beside what it changed, an intent that says what is left, and the
 * done item of the intent before it.  Whatever step a crash comes after, recovery finds one
 * intent without a done item, and goes on to the end.
 */
#include "base/sabotage.h"
#include "core/message.h"
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "quota/quota.h"
#include "trans/note.h"

static bool is_first(const struct xfs_exchange_run *run)
{
	return !run->id && !run->started;
}

/* Blocks of @ip, delayed ones too, in [@off, @end). */
static uint64_t blocks_in(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	uint64_t n = 0;
	bool more;

	for (more = xfs_iext_lookup_extent(&ip->i_df, off, &cur, &irec);
	     more && irec.br_startoff < end; more = xfs_iext_next_extent(&ip->i_df, &cur, &irec)) {
		struct xfs_bmbt_irec part = irec;

		xfs_irec_trim(&part, off, end);
		n += part.br_blockcount;
	}
	return n;
}

/* What the first file gains by what is left, and the second one loses; 0 also if that changes no quota. */
static int64_t gain(const struct xfs_exchange_run *run)
{
	const struct xfs_inode *ip1 = run->ip1, *ip2 = run->ip2;
	const struct xfs_exchange *ex = &run->ex;

	if (likely(!run->mp->m_quota) || (ip1->i_uid == ip2->i_uid && ip1->i_gid == ip2->i_gid &&
					  ip1->i_projid == ip2->i_projid))
		return 0;
	return (int64_t)(blocks_in(run->ip2, ex->off2, ex->off2 + ex->blocks) -
			 blocks_in(run->ip1, ex->off1, ex->off1 + ex->blocks));
}

/*
 * Whoever gets more than he gives may have it.  It is charged as it is moved, in each step: so does a
 * kernel (7.2) that finishes an exchange in recovery.
 */
static int reserve_gain(struct xfs_trans *tp, struct xfs_exchange_run *run)
{
	int64_t n = gain(run);

	return n > 0 ? xfs_quota_reserve_blocks(tp, run->ip1, (uint64_t)n)
		     : xfs_quota_reserve_blocks(tp, run->ip2, (uint64_t)-n);
}

/* What the first transaction does besides: everything that may refuse the exchange as a whole. */
static int begin(struct xfs_trans *tp, struct xfs_exchange_run *run)
{
	struct xfs_inode *ips[2] = { run->ip1, run->ip2 };
	uint64_t shares = (run->ip1->i_diflags2 | run->ip2->i_diflags2) & XFS_DIFLAG2_REFLINK;
	int error = 0;

	for (int i = 0; !error && i < 2; i++)
		error = xfs_iext_count_extend(tp, ips[i], XFS_DATA_FORK, run->pieces);
	if (!error)
		error = reserve_gain(tp, run);
	for (int i = 0; !error && i < 2; i++) {
		/* Blocks that either shares may come to the other. */
		if (!shares || (ips[i]->i_diflags2 & XFS_DIFLAG2_REFLINK))
			continue;
		xfs_inode_set_diflags2(ips[i], ips[i]->i_diflags2 | XFS_DIFLAG2_REFLINK);
		xfs_trans_log_inode(tp, ips[i], XFS_ILOG_CORE);
	}
	return error;
}

/* Into @note: what was to be done is done, or is less now. */
static void note_progress(struct xfs_exchange_run *run, struct xfs_note *note, bool done)
{
	struct xfs_xmi_log_format xmi;

	if (run->id)
		xfs_note_done(note, XFS_LI_XMI, run->id);
	if (done)
		return;
	run->id = xfs_intent_id(run->mp, run->id);
	xfs_xmi_format(&run->ex, run->id, &xmi);
	memcpy(xfs_note_region(note, sizeof(xmi)), &xmi, sizeof(xmi));
}

/*
 * A kernel (6.18) that finishes an exchange gives each file, at the end, the size that it has read of
 * the other one, whatever the intent says: so both keep their old sizes on disk until all is done.
 * Before that it frees what a file has past the size that was read, but not of one that is
 * preallocated: which the file that grows is for as long as it takes.
 */
static void keep_past_end(struct xfs_trans *tp, struct xfs_exchange_run *run)
{
	uint64_t size1 = run->ex.size1, size2 = run->ex.size2;
	struct xfs_inode *ip = size1 > size2 ? run->ip1 : run->ip2;

	if (!(run->ex.flags & XFS_EXCHMAPS_SET_SIZES) || size1 == size2 ||
	    ip->i_diflags & XFS_DIFLAG_PREALLOC)
		return;
	xfs_inode_set_diflags(ip, ip->i_diflags | XFS_DIFLAG_PREALLOC);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	run->preallocated = ip;
}

static void settle_past_end(struct xfs_trans *tp, struct xfs_exchange_run *run)
{
	struct xfs_inode *ip = run->preallocated;

	if (!ip)
		return;
	xfs_inode_set_diflags(ip, ip->i_diflags & ~XFS_DIFLAG_PREALLOC);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
}

static int step(struct xfs_trans *tp, struct xfs_exchange_run *run, uint32_t log_bytes, bool *done)
{
	struct xfs_inode *ips[2] = { run->ip1, run->ip2 };
	int error = xfs_ilock_want_many(ips, 2);

	if (error)
		return error;
	if (is_first(run))
		error = begin(tp, run);
	if (!error)
		error = xfs_xmi_finish(tp, run->ip1, run->ip2, &run->ex, log_bytes, done);
	if (!error && !*done && is_first(run))
		keep_past_end(tp, run);
	else if (!error && *done)
		settle_past_end(tp, run);
	xfs_iunlock_many(ips, 2);
	return error;
}

int xfs_exchange_step(struct xfs_exchange_run *run, uint32_t log_bytes, bool in_one, bool *done)
{
	struct xfs_note *note = xfs_note_new(run->mp, sizeof(struct xfs_xmi_log_format) + 64);
	struct xfs_trans *tp;
	int error;

	*done = false;
	if (!note)
		return xfs_error(run->mp, -ENOMEM, "out of memory for an intent");
	/* Blocks of the forks' trees change owners; what a tree grows by, the other has given up. */
	error = xfs_trans_alloc_bytes(run->mp, log_bytes, 0, XFS_TRANS_FREES, &tp);
	if (error) {
		xfs_note_free(note);
		return error;
	}
	error = step(tp, run, in_one ? 0 : XFS_MIN(log_bytes, run->mp->m_exchange_bytes) / 2, done);
	if (error) {
		xfs_note_free(note);
		xfs_trans_cancel(tp);
		return error;
	}
	note_progress(run, note, *done);
	/* No checkpoint begins before this one while the transaction is open. */
	run->from = run->mp->m_log ? xlog_head_lsn(run->mp->m_log) : 0;
	if (!*done && run->hold && !run->hold->th_lsn)
		xfs_hold_tail(run->mp, run->hold, run->from);
	if (XFS_SABOTAGE(XFS_RULE_INTENT))
		xfs_note_free(note);
	else
		xfs_note_log(tp, note);
	run->started = true;
	return xfs_trans_commit(tp);
}

xfs_extnum_t xfs_exchange_pieces(struct xfs_inode *ip, xfs_fileoff_t off, xfs_fileoff_t end)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec irec;
	xfs_extnum_t n = 0;
	bool more;

	for (more = xfs_iext_lookup_extent(&ip->i_df, off, &cur, &irec);
	     more && irec.br_startoff < end; more = xfs_iext_next_extent(&ip->i_df, &cur, &irec))
		n += 2;		/* and the hole before it */
	return n + 1;
}
