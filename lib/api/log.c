/* SPDX-License-Identifier: MIT */
/* Report what was in the log and what was done with it. */
#include "api/api_priv.h"
#include "core/message.h"
#include "log/recover.h"

static void copy_stats(struct xfs_log_report *to, const struct xlog_recovery *rec)
{
	const struct xlog_recovery_stats *stats = &rec->stats;
	uint32_t n = 0;

	to->torn = rec->state.torn;
	to->torn_block = rec->state.torn_block;
	to->records = stats->records;
	to->transactions = stats->transactions;
	to->uncommitted = stats->uncommitted;
	to->cancelled = stats->cancelled;
	to->newer = stats->newer;
	to->buffers_written = stats->buffers_written;
	to->bytes_written = stats->bytes_written;
	to->inodes_freed = stats->inodes_freed;
	to->cow_blocks_freed = stats->cow_blocks_freed;
	for (uint16_t i = 0; i < ARRAY_SIZE(stats->items) && n < ARRAY_SIZE(to->types); i++) {
		if (!stats->items[i])
			continue;
		to->types[n].name = xlog_item_name((uint16_t)(XFS_LI_EFI + i));
		to->types[n].items = stats->items[i];
		to->types[n++].unfinished = stats->pending[i];
	}
	to->type_count = n;
}

static int do_log_report(struct xfs_mount *mp, struct xfs_log_report *report)
{
	struct xfs_log_report all = { 0 };
	struct xlog_recovery rec;
	struct xlog_state state;
	int error;

	if (mp->m_recovery) {
		rec = *mp->m_recovery;
		state = rec.state;
		all.dirty = all.recovered = true;
	} else if (mp->m_log) {
		/* The log was clean at open. */
		memset(&state, 0, sizeof(state));
		state.head_cycle = CYCLE_LSN(xlog_head_lsn(mp->m_log));
		state.head_block = BLOCK_LSN(xlog_head_lsn(mp->m_log));
		state.tail_block = BLOCK_LSN(xlog_tail_lsn(mp->m_log));
	} else {
		error = xfs_nowait() ? xfs_would_wait("the log must be read")
				     : xlog_find_head(mp, &state);
		if (error)
			return error;
		all.dirty = !state.clean;
		if (all.dirty) {
			error = xlog_recover(mp, &state, true, &rec);
			if (error)
				return error;
			xlog_recovery_destroy(mp, &rec);
		}
	}
	all.head_cycle = state.head_cycle;
	all.head_block = state.head_block;
	all.tail_block = state.tail_block;
	if (all.dirty)
		copy_stats(&all, &rec);
	xfs_give_struct(&all, report);
	return 0;
}

int xfs_log_report(struct xfs_mount *mp, struct xfs_log_report *report)
{
	return XFS_CALL_MOUNT(mp, xfs_need_struct(xfs_log_report, report, head_cycle) ?:
				  do_log_report(mp, report));
}
