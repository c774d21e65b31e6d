/* SPDX-License-Identifier: MIT */
/*
 * Calls that take long and can be ended early: by xfs_cancel(), and by the host's progress hook.
 *
 * (CANCEL-1) A call that was cancelled has finished the steps it began: it shuts nothing down, and what
 *     it did not write is dirty as before.
 * (CANCEL-2) The hook is asked with no lock held and no transaction open: it may take its time, and
 *     others go on meanwhile.
 * (CANCEL-3) xfs_cancel() only adds one to a counter, so that a signal handler may call it.  It ends the
 *     calls that had begun before.
 */
#ifndef CORE_CANCEL_H
#define CORE_CANCEL_H

#include "core/mount.h"

struct xfs_long_call {
	struct xfs_mount *mp;
	const char *phase;		/* for the hook */
	uint64_t done, total;		/* for the hook; raised by who does the work */
	uint32_t cancels;		/* m_cancels when it began */
	bool cancelled;
};

static inline void xfs_long_call_begin(struct xfs_long_call *call, struct xfs_mount *mp,
				       const char *phase)
{
	*call = (struct xfs_long_call){
		.mp = mp, .phase = phase,
		.cancels = __atomic_load_n(&mp->m_cancels, __ATOMIC_ACQUIRE),
	};
}

/* Whether the host wants to be asked; @call may be NULL. */
static inline bool xfs_long_call_has_hook(const struct xfs_long_call *call)
{
	return call && call->mp->m_env.progress;
}

/* Has xfs_cancel() ended it, or the hook?  Any lock may be held; NULL: a call that nobody cancels. */
bool xfs_long_call_is_cancelled(struct xfs_long_call *call);
/* The same, after the hook was asked (CANCEL-2). */
bool xfs_long_call_ask(struct xfs_long_call *call);
/* -ECANCELED, described. */
int xfs_long_call_error(const struct xfs_long_call *call);

#endif
