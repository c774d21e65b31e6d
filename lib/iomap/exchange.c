/* SPDX-License-Identifier: MIT */
/*
 * Exchanging the contents of two files.
 *
 * An exchange that fits into one transaction is one, and its checkpoint makes it atomic.  A longer
 * one is made in steps.  Each step logs, beside its changes, an intent that describes what is left,
 * and the done item of the previous step's intent.  So after a crash at any step, recovery finds
 * one intent without a done item, and completes the exchange.
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

/* Number of blocks of @ip in [@off, @end), including delayed ones. */
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

/*
 * Blocks that the first file still gains and the second one loses; 0 also if that changes no quota.
 */
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
 * Reserve quota for the file that gains blocks.  They are charged in each step as they move, as by
 * a kernel (7.2) that completes an exchange in recovery.
 */
static int reserve_gain(struct xfs_trans *tp, struct xfs_exchange_run *run)
{
	int64_t n = gain(run);

	return n > 0 ? xfs_quota_reserve_blocks(tp, run->ip1, (uint64_t)n)
		     : xfs_quota_reserve_blocks(tp, run->ip2, (uint64_t)-n);
}

/* Additional work of the first transaction: all checks that may refuse the whole exchange. */
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
		/* Shared blocks of either file may move to the other. */
		if (!shares || (ips[i]->i_diflags2 & XFS_DIFLAG2_REFLINK))
			continue;
		xfs_inode_set_diflags2(ips[i], ips[i]->i_diflags2 | XFS_DIFLAG2_REFLINK);
		xfs_trans_log_inode(tp, ips[i], XFS_ILOG_CORE);
	}
	return error;
}

/* Write progress into @note: the old intent is done, and a new one has what is left. */
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
 * Mark the file that grows as preallocated for the time of the exchange.
 *
 * When a kernel (6.18) completes an exchange, it gives each file the size that it read of the other
 * one, whatever the intent says.  Therefore both files keep their old sizes on disk until the end.
 * Before that it frees the blocks of each file behind the size that it read, except for a
 * preallocated file; of the file that grows these blocks are contents.
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
	/*
	 * Blocks of the forks' trees change owners; one tree grows only by blocks that the other
	 * has freed.
	 */
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
	/* While the transaction is open, no checkpoint begins before this LSN. */
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
		n += 2;		/* the extent, and the hole in front of it */
	return n + 1;
}
