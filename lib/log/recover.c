/* SPDX-License-Identifier: MIT */
/*
 * Recovery: the two passes over the log.
 *
 * The first pass reads everything, checks every item of a committed transaction, and collects the
 * freed buffers and the unfinished intents.  Unless all of it is good, nothing is written.  The
 * second pass applies the items to buffers.
 *
 * Within a transaction, buffers are replayed before inodes, because they may hold newly made
 * clusters; links of unlinked lists after inodes; cancel items last.
 */
#include "core/message.h"
#include "disk/dquot.h"
#include "log/log_priv.h"

/*
 * Buffers stay in memory until the end of replay, and the mount's caches are still empty: use a
 * multiple of the metadata cache.
 */
#define CACHE_SHARE	4u
/* Limit of the buffers that must stay in memory, however little the caches may use. */
#define MAX_HELD_BYTES	(16ull << 20)

/* ------------------------------------------------------------ first pass */

static int note_item(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item)
{
	struct xfs_buf_log_format blf;
	struct xfs_qoff_logformat qoff;

	if (xlog_is_intent(item->it_type) || xlog_is_done(item->it_type))
		return xlog_intent_take(rl, trans, item);
	switch (item->it_type) {
	case XFS_LI_BUF:
		xlog_item_buf_format(item, &blf);
		if (blf.blf_flags & XFS_BLF_CANCEL)
			return xlog_cancel_add(rl->mp, &rl->cancel, blf.blf_blkno, blf.blf_len);
		return 0;
	case XFS_LI_QUOTAOFF:
		memcpy(&qoff, item->it_regions[0].data, offsetof(struct xfs_qoff_logformat, qf_pad));
		rl->quotaoff |= qoff.qf_flags;
		return 0;
	default:
		return 0;
	}
}

static int commit_first(void *ctx, struct xlog_trans *trans)
{
	struct xlog_recover *rl = ctx;

	rl->rec->stats.transactions++;
	for (const struct xlog_item *item = trans->xt_items; item; item = item->it_next) {
		int error = xlog_item_check(rl, trans, item);

		if (!error)
			error = note_item(rl, trans, item);
		if (error)
			return error;
		rl->rec->stats.items[item->it_type - XFS_LI_EFI]++;
	}
	return 0;
}

/* ----------------------------------------------------------- second pass */

enum order { BUFFERS, OTHERS, INODE_BUFS, CANCELS, ORDERS };

static enum order order_of(const struct xlog_item *item)
{
	struct xfs_buf_log_format blf;

	if (item->it_type == XFS_LI_ICREATE)
		return BUFFERS;
	if (item->it_type != XFS_LI_BUF)
		return OTHERS;
	xlog_item_buf_format(item, &blf);
	if (blf.blf_flags & XFS_BLF_CANCEL)
		return CANCELS;
	return blf.blf_flags & XFS_BLF_INODE_BUF ? INODE_BUFS : BUFFERS;
}

static int replay_item(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item, enum order order)
{
	struct xfs_buf_log_format blf;

	switch (item->it_type) {
	case XFS_LI_BUF:
		if (order == BUFFERS)
			return xlog_replay_buf(rl, trans, item);
		if (order == INODE_BUFS)
			return xlog_replay_inode_buf(rl, trans, item);
		xlog_item_buf_format(item, &blf);
		xlog_cancel_drop(rl->mp, &rl->cancel, blf.blf_blkno, blf.blf_len);
		return 0;
	case XFS_LI_ICREATE:
		return xlog_replay_icreate(rl, trans, item);
	case XFS_LI_INODE:
		return xlog_replay_inode(rl, trans, item);
	case XFS_LI_DQUOT:
		return xlog_replay_dquot(rl, trans, item);
	default:
		return 0;	/* done in the first pass */
	}
}

static int commit_second(void *ctx, struct xlog_trans *trans)
{
	struct xlog_recover *rl = ctx;
	struct xlog_item *first[ORDERS] = { NULL }, *last[ORDERS] = { NULL };
	struct xlog_item *item, *next;
	int error;

	xlog_rbuf_batch(rl, trans->xt_lsn);
	for (item = trans->xt_items; item; item = next) {
		enum order order = order_of(item);

		next = item->it_next;
		item->it_next = NULL;
		if (last[order])
			last[order]->it_next = item;
		else
			first[order] = item;
		last[order] = item;
	}
	for (enum order order = BUFFERS; order < ORDERS; order++) {
		for (item = first[order]; item; item = item->it_next) {
			error = replay_item(rl, trans, item, order);
			if (!error)
				error = xlog_rbuf_relieve(rl);
			if (error)
				return error;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ both */

/*
 * Ask the progress hook whether to go on.  Only while nothing has been written, so that a cancelled
 * recovery leaves the image as it was: in the second pass that is known only of a device that holds
 * writes back.
 */
static int ask(struct xlog_recover *rl, bool first)
{
	rl->call.done = rl->call.total / 2 * (first ? 1 : 2) - rl->walk.left;
	if (!rl->cancellable || (!first && !rl->mp->m_hold && !xfs_recovers_for_reader(rl->mp)))
		return 0;
	return xfs_long_call_ask(&rl->call) ? xfs_long_call_error(&rl->call) : 0;
}

static int walk_log(struct xlog_recover *rl, struct xlog_trans_table *table, bool count)
{
	struct xlog_recovery_stats *stats = &rl->rec->stats;
	uint64_t records = 0, ops = 0;
	bool found = true;
	int error = 0;

	xlog_walk_rewind(&rl->walk, &rl->rec->state);
	while (!error && found) {
		error = ask(rl, count);
		if (!error)
			error = xlog_walk_next(&rl->walk, &found);
		if (!error && found)
			error = xlog_trans_add_record(table, &rl->walk, &ops);
		records += found;
	}
	if (count) {
		stats->records = records;
		stats->ops = ops;
	}
	return error;
}

static int walk_second(struct xlog_recover *rl, struct xlog_trans_table *table)
{
	int error = walk_log(rl, table, false);

	xlog_rbuf_batch(rl, NULLCOMMITLSN);
	if (!error)
		error = xlog_dirparts_finish(rl);
	return error;
}

static int check_features(struct xlog_recover *rl)
{
	const struct xfs_sb *sb = &rl->mp->m_sb;
	uint32_t unknown = sb->sb_features_log_incompat & ~XFS_SB_FEAT_INCOMPAT_LOG_ALL;

	if (unknown)
		return xfs_error(rl->mp, -ENOTSUP, "the log has unknown features 0x%x", unknown);
	return 0;
}

/*
 * The caller carries out the intents; whatever can be checked now is checked before anything is
 * replayed.
 */
static int check_intents(struct xlog_recover *rl, bool dry)
{
	struct xfs_mount *mp = rl->mp;
	const struct xfs_geometry before = mp->m_geo;
	const struct xlog_intent *intent;
	int error = 0;

	if (!mp->m_upcalls || !mp->m_upcalls->check_intent)
		return 0;
	mp->m_geo = rl->geo;
	xfs_list_for_each_entry(intent, &rl->rec->intents, xi_list) {
		error = mp->m_upcalls->check_intent(mp, intent);
		/* A dry run only counts: it need not support the intent. */
		if (error == -EOPNOTSUPP && dry)
			error = 0;
		if (error)
			break;
	}
	mp->m_geo = before;
	return error;
}

static int recover(struct xlog_recover *rl, bool dry)
{
	struct xlog_recovery_stats *stats = &rl->rec->stats;
	struct xlog_trans_table *table;
	int error;

	error = xlog_trans_table_create(rl->mp, (uint64_t)rl->walk.left << XFS_BB_SHIFT, commit_first,
					rl, &table);
	if (error)
		return error;
	error = walk_log(rl, table, true);
	rl->rec->counted = !error;
	xlog_trans_table_reuse(table, commit_second, &stats->uncommitted);
	if (!error)
		error = check_intents(rl, dry);
	if (!error && !dry)
		error = walk_second(rl, table);
	stats->steps += xlog_trans_table_steps(table);
	xlog_trans_table_destroy(table, NULL);
	if (error || dry)
		return error;
	error = xlog_rbuf_write_all(rl);
	/*
	 * Without this flush the log could be made clean and overwritten before the replayed blocks
	 * are durable.
	 */
	if (!error && stats->buffers_written && !XFS_SABOTAGE(XFS_RULE_RECOVERY_FLUSH)) {
		error = xfs_device_flush(rl->mp->m_dev);
		if (error)
			xfs_error(rl->mp, error, "log: flushing what was replayed: %s",
				  xfs_errstr(error));
	}
	return error;
}

int xlog_recover(struct xfs_mount *mp, const struct xlog_state *state, bool dry,
		 struct xlog_recovery *rec)
{
	struct xlog_recover rl = { .mp = mp, .geo = mp->m_geo, .rec = rec };
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error;

	memset(rec, 0, sizeof(*rec));
	xfs_long_call_begin(&rl.call, mp, "recovery");
	rl.cancellable = !dry;
	xfs_list_init(&rec->intents);
	rec->state = *state;
	rec->stats.torn_block = state->torn ? state->torn_block : ~0u;
	xfs_list_init(&rl.batch);
	rl.max_buf_bytes = XFS_MIN(CACHE_SHARE * mp->m_meta_cache_bytes,
				   xfs_mem_left(&mp->m_mem) / 4);
	rl.max_held_bytes = XFS_MIN(MAX_HELD_BYTES, xfs_mem_left(&mp->m_mem) / 3);
	error = xfs_device_info(mp->m_dev, &info);
	if (error)
		return xfs_error(mp, error, "the size of the device is unknown: %s",
				 xfs_errstr(error));
	rl.device_bbs = info.size_bytes >> XFS_BB_SHIFT;
	error = check_features(&rl);
	if (!error)
		error = xlog_walk_init(mp, state, &rl.walk);
	/* Both passes read the whole active part of the log. */
	rl.call.total = 2 * (uint64_t)rl.walk.left;
	if (!error)
		error = recover(&rl, dry);
	xlog_rbuf_destroy(&rl);
	xlog_dirparts_destroy(&rl);
	xlog_cancel_destroy(mp, &rl.cancel);
	xlog_walk_destroy(&rl.walk);
	rec->replayed = !error && !dry;
	rec->stats.steps += rl.cancel.steps + rl.intents.steps + rl.aside.steps + rl.dir_steps;
	if (error)
		xlog_recovery_destroy(mp, rec);
	return error;
}

void xlog_recovery_destroy(struct xfs_mount *mp, struct xlog_recovery *rec)
{
	struct xlog_intent *intent, *next;

	xfs_list_for_each_entry_safe(intent, next, &rec->intents, xi_list)
		xlog_intent_free(mp, intent);
}
