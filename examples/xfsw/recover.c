/* SPDX-License-Identifier: MIT */
/*
 * The log: what stood in it and what became of it.  Opening an image for writing recovers it;
 * the verb only asks for that, and tells.
 */
#include <string.h>
#include "xfsw/xfsw.h"

static void log_members(struct xfsw_json *j, const struct xfs_log_report *log)
{
	json_bool(j, "dirty", log->dirty);
	json_bool(j, "recovered", log->recovered);
	json_u64(j, "head_cycle", log->head_cycle);
	json_u64(j, "head_block", log->head_block);
	json_u64(j, "tail_block", log->tail_block);
	if (log->torn)
		json_u64(j, "torn_block", log->torn_block);
	if (log->dirty) {
		json_u64(j, "records", log->records);
		json_u64(j, "transactions", log->transactions);
		json_u64(j, "uncommitted", log->uncommitted);
		json_open(j, "items", '{');
		for (uint32_t i = 0; i < log->type_count; i++)
			json_u64(j, log->types[i].name, log->types[i].items);
		json_close(j, '}');
		json_open(j, "unfinished", '{');
		for (uint32_t i = 0; i < log->type_count; i++)
			if (log->types[i].unfinished)
				json_u64(j, log->types[i].name, log->types[i].unfinished);
		json_close(j, '}');
	}
	if (log->recovered) {
		json_u64(j, "items_cancelled", log->cancelled);
		json_u64(j, "items_in_place", log->newer);
		json_u64(j, "buffers_written", log->buffers_written);
		json_u64(j, "bytes_written", log->bytes_written);
		json_u64(j, "inodes_freed", log->inodes_freed);
		json_u64(j, "cow_blocks_freed", log->cow_blocks_freed);
	}
}

void xfsw_log_json(struct xfsw_json *j, const char *key, const struct xfs_log_report *log)
{
	json_open(j, key, '{');
	log_members(j, log);
	json_close(j, '}');
}

void xfsw_log_text(const struct xfs_log_report *log)
{
	char size[16];

	if (!log->dirty) {
		printf("log state  clean, head at block %u of cycle %u\n", log->head_block,
		       log->head_cycle);
		return;
	}
	printf("log state  dirty%s, from block %u to block %u of cycle %u\n",
	       log->recovered ? ", recovered" : "", log->tail_block, log->head_block,
	       log->head_cycle);
	if (log->torn)
		printf("           incomplete from block %u on: that was not replayed\n",
		       log->torn_block);
	printf("records    %ju with %ju transactions, and %ju that were not committed\n",
	       (uintmax_t)log->records, (uintmax_t)log->transactions,
	       (uintmax_t)log->uncommitted);
	printf("items     ");
	for (uint32_t i = 0; i < log->type_count; i++)
		printf(" %s %ju", log->types[i].name, (uintmax_t)log->types[i].items);
	putchar('\n');
	for (uint32_t i = 0; i < log->type_count; i++)
		if (log->types[i].unfinished)
			printf("unfinished %s %ju\n", log->types[i].name,
			       (uintmax_t)log->types[i].unfinished);
	if (!log->recovered)
		return;
	printf("replayed   %ju buffers, %s; %ju items were in place, %ju of freed blocks\n",
	       (uintmax_t)log->buffers_written, xfsw_human(log->bytes_written, size),
	       (uintmax_t)log->newer, (uintmax_t)log->cancelled);
	printf("freed      %ju inodes without a name, %ju blocks of copy-on-write\n",
	       (uintmax_t)log->inodes_freed, (uintmax_t)log->cow_blocks_freed);
}

static int run_recover(struct xfsw_call *call)
{
	struct xfs_log_report log = { .size = sizeof(log) };
	struct xfsw_json j = { .out = stdout };
	int error = xfs_log_report(call->img->mp, &log);

	/* It is done when it is stable, and told then. */
	if (!error)
		error = xfs_sync(call->img->mp);
	if (error)
		return xfsw_fail(call, call->img->path, error);
	if (xfsw_has(call, XFSW_OPT_JSON)) {
		json_open(&j, NULL, '{');
		log_members(&j, &log);
		json_finish(&j, call, '}');
	} else if (!xfsw_has(call, XFSW_OPT_QUIET) && !xfsw_has(call, 'q')) {
		xfsw_log_text(&log);
	}
	return xfsw_finish_output(call);
}

static const struct xfsw_option recover_options[] = {
	{ 'n', NULL, NULL, "only try: replay in memory, IMG is not changed" },
	{ 'q', "quiet", NULL, "print nothing" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_recover = {
	.name = "recover",
	.group = XFSW_GROUP_CARE,
	.operands = "[-n] IMG [LOGDEV]",
	.summary = "Replay the log of an image that was not closed",
	.help = "The log is clean afterwards. Any verb that writes replays the log first, too.\n",
	.examples = "xfsw recover disk.img\n"
		"xfsw recover -n disk.img\n",
	.options = recover_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_NO_SHELL | XFSW_JSON | XFSW_LONG_WORK,
	.max_operands = 1,
	.run = run_recover,
};
