/* SPDX-License-Identifier: MIT */
/* The ring of trace points, and the message of a failed assertion. */
#include <stdio.h>
#include <stdlib.h>
#include "base/trace.h"

#ifdef XFSWRITE_DEBUG
void xfs_assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "libxfswrite: assertion failed: %s (%s:%d)\n", expr, file, line);
	abort();
}
#endif

void xfs_trace_record(struct xfs_trace_ring *ring, const char *name, const uint64_t *args,
		      unsigned int nargs)
{
	uint32_t slot = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED) % XFS_TRACE_ENTRIES;
	struct xfs_trace_entry *e = &ring->entry[slot];

	if (nargs > XFS_TRACE_ARGS)
		nargs = XFS_TRACE_ARGS;
	/*
	 * Two threads may be a whole ring apart and write one entry; a mixture is only a bad line.
	 */
	__atomic_store_n(&e->name, name, __ATOMIC_RELAXED);
	__atomic_store_n(&e->nargs, nargs, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < nargs; i++)
		__atomic_store_n(&e->args[i], args[i], __ATOMIC_RELAXED);
	if (ring->env && ring->env->trace)
		ring->env->trace(ring->env->ctx, name, args, nargs);
}

void xfs_trace_dump(const struct xfs_trace_ring *ring, void (*print)(void *ctx, const char *line),
		    void *ctx)
{
	uint32_t next = __atomic_load_n(&ring->next, __ATOMIC_RELAXED);
	uint32_t first = next > XFS_TRACE_ENTRIES ? next - XFS_TRACE_ENTRIES : 0;

	for (uint32_t i = first; i < next; i++) {
		const struct xfs_trace_entry *e = &ring->entry[i % XFS_TRACE_ENTRIES];
		const char *name = __atomic_load_n(&e->name, __ATOMIC_RELAXED);
		uint32_t nargs = __atomic_load_n(&e->nargs, __ATOMIC_RELAXED);
		char line[256];
		int n;

		if (!name)
			continue;
		n = snprintf(line, sizeof(line), "%u %s", i, name);
		for (uint32_t a = 0; a < nargs && n > 0 && (size_t)n < sizeof(line); a++)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " 0x%" PRIx64,
				      __atomic_load_n(&e->args[a], __ATOMIC_RELAXED));
		print(ctx, line);
	}
}

unsigned int xfs_trace_count(const struct xfs_trace_ring *ring, const char *name)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < XFS_TRACE_ENTRIES; i++) {
		const char *here = __atomic_load_n(&ring->entry[i].name, __ATOMIC_RELAXED);

		n += here && !strcmp(here, name);
	}
	return n;
}
