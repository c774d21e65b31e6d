/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/compiler.h"

void xfs_env_now(const struct xfs_env *env, struct timespec *now)
{
	*now = (struct timespec){.tv_sec = 0};
	if (env && env->clock)
		env->clock(env->ctx, now);
	else
		clock_gettime(CLOCK_REALTIME, now);
	/* It goes into inodes as it is; a bad hook must not make a bad image. */
	if (now->tv_nsec < 0 || now->tv_nsec > 999999999)
		now->tv_nsec = 0;
}
