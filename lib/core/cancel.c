/* SPDX-License-Identifier: MIT */
/* Whether a long call has been cancelled, and calling the progress hook. */
#include "core/cancel.h"
#include "core/message.h"

bool xfs_long_call_is_cancelled(struct xfs_long_call *call)
{
	if (!call)
		return false;
	if (unlikely(__atomic_load_n(&call->mp->m_cancels, __ATOMIC_ACQUIRE) != call->cancels))
		call->cancelled = true;
	return call->cancelled;
}

bool xfs_long_call_ask(struct xfs_long_call *call)
{
	const struct xfs_env *env;

	if (xfs_long_call_is_cancelled(call) || !xfs_long_call_has_hook(call))
		return call && call->cancelled;
	env = &call->mp->m_env;
	/* Pages dirtied since the call began add to the work. */
	call->total = XFS_MAX(call->total, call->done);
	if (env->progress(env->ctx, call->phase, call->done, call->total))
		call->cancelled = true;
	/* xfs_cancel() may have been called while the hook ran. */
	return xfs_long_call_is_cancelled(call);
}

int xfs_long_call_error(const struct xfs_long_call *call)
{
	return xfs_error(call->mp, -ECANCELED,
			 "cancelled by the caller (%s, %" PRIu64 " of %" PRIu64 ")", call->phase,
			 call->done, call->total);
}
