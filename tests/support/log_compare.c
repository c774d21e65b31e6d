/* SPDX-License-Identifier: MIT */
/* The log as recovery sees it, and as the checker does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_priv.h"
#include "core/message.h"
#include "log/recover.h"
#include "support/log_compare.h"

struct first_finding {
	struct test_log_opinion *op;
	char text[256];
};

static int note(void *ctx, const struct xfs_finding *finding)
{
	struct first_finding *first = ctx;

	if (strcmp(finding->structure, "log") != 0)
		return 0;
	if (strstr(finding->text, "a turn that no writer"))
		first->op->strays = true;
	if (!first->op->findings++)
		snprintf(first->text, sizeof(first->text), "%s", finding->text);
	return 0;
}

static int by_recovery(struct xfs_mount *mp, struct xfs_device *dev, struct xfs_device *logdev,
		       struct xlog_state *state, struct xlog_recovery *rec)
{
	struct xfs_dsb dsb;
	uint8_t raw[512];
	int error = xfs_device_pread(dev, 0, raw, sizeof(raw));

	memset(mp, 0, sizeof(*mp));
	memset(rec, 0, sizeof(*rec));
	mp->m_dev = dev;
	mp->m_logdev = logdev;
	mp->m_meta_cache_bytes = 16u << 20;
	if (!error) {
		memcpy(&dsb, raw, sizeof(dsb));
		xfs_sb_from_disk(&mp->m_sb, &dsb);
		error = xfs_geometry_init(&mp->m_geo, &mp->m_sb);
	}
	if (!error)
		error = xlog_find_head(mp, state);
	if (!error && !state->clean) {
		error = xlog_recover(mp, state, true, rec);
		if (!error)
			xlog_recovery_destroy(mp, rec);
	}
	return error;
}

static bool same(uint64_t a, uint64_t b, const char *what, char *why, size_t size)
{
	if (a == b)
		return true;
	snprintf(why, size, "%s: %" PRIu64 " for recovery, %" PRIu64 " for the checker", what, a,
		 b);
	return false;
}

static bool compare(const struct xfs_check *chk, const struct xlog_state *state,
		    const struct xlog_recovery *rec, char *why, size_t size)
{
	const struct xfs_check_log_state *log = &chk->log;

	if (!same(true, chk->log_known, "known", why, size) ||
	    !same(state->clean, log->clean, "clean", why, size) ||
	    !same(state->torn, log->torn, "torn", why, size) ||
	    !same(state->head_block, log->head, "head", why, size) ||
	    !same(state->head_cycle, log->head_cycle, "cycle", why, size))
		return false;
	if (state->torn && !same(state->torn_block, log->torn_block, "torn record", why, size))
		return false;
	if (state->last_lsn && !same(BLOCK_LSN(state->last_tail_lsn), log->tail, "tail", why, size))
		return false;
	return state->clean ||
	       (same(state->tail_block, log->first, "begin of replay", why, size) &&
		same(rec->stats.records, log->records, "records", why, size) &&
		same(rec->stats.transactions, log->transactions, "transactions", why, size) &&
		same(rec->stats.uncommitted, log->uncommitted, "uncommitted", why, size) &&
		same(rec->stats.ops, log->ops, "operations", why, size));
}

bool test_log_agrees(struct xfs_device *dev, struct xfs_device *logdev,
		     struct test_log_opinion *opp, char *why, size_t size)
{
	struct xfs_check_options opts = { .size = sizeof(opts), .flags = XFS_CHECK_DIRTY_LOG_OK,
					  .finding = note };
	struct xfs_mount *mp = calloc(1, sizeof(*mp));
	struct test_log_opinion op = { 0 };
	struct first_finding first = { .op = &op };
	struct xlog_recovery rec;
	struct xlog_state state;
	struct xfs_check *chk;
	bool agree = false;

	opts.ctx = &first;
	if (!mp || xfs_check_open(dev, logdev, &opts, &chk))
		abort();
	memset(&state, 0, sizeof(state));
	op.error = by_recovery(mp, dev, logdev, &state, &rec);
	xfs_check_log(chk);
	op.clean = state.clean;
	op.torn = state.torn;
	op.head = chk->log.head;
	op.cycle = chk->log.head_cycle;
	op.first = chk->log.first;
	op.records = chk->log.records;
	op.transactions = chk->log.transactions;
	snprintf(why, size, "the checker: %s", first.text);
	if (op.strays)
		agree = true;
	else if (op.error)
		agree = op.findings || same(op.error != 0, 0, "refused", why, size);
	else if (!compare(chk, &state, &rec, why, size))
		agree = false;
	else
		/* Of a clean log recovery reads nothing but whether it is. */
		agree = !op.findings || state.clean;
	if (!agree && op.error)
		snprintf(why, size, "recovery refuses it (%d: %s), the checker does not", op.error,
			 xfs_error_text(NULL));
	if (opp)
		*opp = op;
	xfs_check_close(chk);
	free(mp);
	return agree;
}
