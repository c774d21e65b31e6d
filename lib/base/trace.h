/* SPDX-License-Identifier: MIT */
/*
 * Trace points: a call of the caller's hook (env.h) in every build.  Debug builds also keep a ring
 * of names and numbers in memory, which tests print and search.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include <xfswrite/env.h>
#include "base/compiler.h"

#define XFS_TRACE_ENTRIES	256
#define XFS_TRACE_ARGS		5

struct xfs_trace_entry {
	const char *name;
	uint64_t args[XFS_TRACE_ARGS];
	uint32_t nargs;
};

struct xfs_trace_ring {
	const struct xfs_env *env;	/* if not NULL, its trace hook is called too */
	uint32_t next;			/* incremented atomically */
	struct xfs_trace_entry entry[XFS_TRACE_ENTRIES];
};

void xfs_trace_record(struct xfs_trace_ring *ring, const char *name, const uint64_t *args,
		      unsigned int nargs);
/* Print the ring, oldest entry first; @print gets one line without newline. */
void xfs_trace_dump(const struct xfs_trace_ring *ring, void (*print)(void *ctx, const char *line),
		    void *ctx);
/* Number of entries named @name in the ring. */
unsigned int xfs_trace_count(const struct xfs_trace_ring *ring, const char *name);

/* XFS_TRACE(mp, name, args...): up to five integers. */
#ifdef XFSWRITE_DEBUG
#define XFS_TRACE(mp, name, ...) do {						\
	const uint64_t trace_args_[] = { 0, ##__VA_ARGS__ };			\
	xfs_trace_record(&(mp)->m_trace, #name, trace_args_ + 1,		\
			 (unsigned int)ARRAY_SIZE(trace_args_) - 1);		\
} while (0)
#else
/* No ring, but the caller's hook if there is one. */
#define XFS_TRACE(mp, name, ...) do {						\
	const struct xfs_env *trace_env_ = &(mp)->m_env;			\
										\
	if (unlikely(trace_env_->trace != NULL)) {				\
		const uint64_t trace_args_[] = { 0, ##__VA_ARGS__ };		\
		trace_env_->trace(trace_env_->ctx, #name, trace_args_ + 1,	\
				  (unsigned int)ARRAY_SIZE(trace_args_) - 1);	\
	}									\
} while (0)
#endif

#endif
