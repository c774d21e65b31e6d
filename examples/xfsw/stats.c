/* SPDX-License-Identifier: MIT */
/* --stats: what the library has done for a verb, in the lines of the kernel's statistics. */
#include <inttypes.h>
#include <xfswrite/stats.h>
#include "xfsw/xfsw.h"

static const struct {
	const char *name;
	unsigned int count;
} lines[] = {
	{ "extent_alloc", 4 }, { "blk_map", 5 }, { "dir", 4 }, { "trans", 3 }, { "ig", 4 },
	{ "log", 4 }, { "xstrat", 2 }, { "rw", 2 }, { "attr", 4 }, { "xpc", 3 }, { "xfsw", 4 },
};

void xfsw_print_stats(struct xfsw_call *call)
{
	struct xfs_stats stats = XFS_STATS_INIT;
	const uint64_t *value = &stats.xs_allocx;

	/* What is written when the image is closed belongs to the verb. */
	if (call->verb->open == XFSW_OPEN_WRITE)
		(void)xfs_sync(call->img->mp);
	if (xfs_get_stats(call->img->mp, &stats))
		return;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		fputs(lines[i].name, stderr);
		for (unsigned int n = 0; n < lines[i].count; n++)
			fprintf(stderr, " %" PRIu64, *value++);
		fputc('\n', stderr);
	}
}
