/* SPDX-License-Identifier: MIT */
/*
 * Cancelling long calls: by xfs_cancel(), or by the host's progress hook.
 *
 * (CANCEL-1) A cancelled call completes the step it is in, so the file system is not shut down;
 *     what it did not write stays dirty.
 * (CANCEL-2) The hook is called with no lock held and no transaction open: it may take its time
 *     while other threads go on.
 * (CANCEL-3) xfs_cancel() only increments a counter, so a signal handler may call it.  It cancels
 *     the calls that are running, not later ones.
 */
#ifndef CORE_CANCEL_H
#define CORE_CANCEL_H

#include "core/mount.h"

struct xfs_long_call {
	struct xfs_mount *mp;
	const char *phase;		/* for the hook */
	uint64_t done, total;		/* for the hook; the worker advances them */
	uint32_t cancels;		/* m_cancels when the call began */
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

/* True if the host has a progress hook; @call may be NULL. */
static inline bool xfs_long_call_has_hook(const struct xfs_long_call *call)
{
	return call && call->mp->m_env.progress;
}

/*
 * True if xfs_cancel() or the hook has cancelled the call.  Any lock may be held; NULL: a call that
 * cannot be cancelled.
 */
bool xfs_long_call_is_cancelled(struct xfs_long_call *call);
/* Call the hook (CANCEL-2), then return the same. */
bool xfs_long_call_ask(struct xfs_long_call *call);
/* Describe and return -ECANCELED. */
int xfs_long_call_error(const struct xfs_long_call *call);

#endif
