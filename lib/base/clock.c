/* SPDX-License-Identifier: MIT */
/* The caller's clock, and the host's for measuring and for short sleeps. */
#include "base/clock.h"
#include "base/compiler.h"

void xfs_env_now(const struct xfs_env *env, struct timespec *now)
{
	struct xfs_timespec told = {.tv_sec = 0};

	*now = (struct timespec){.tv_sec = 0};
	if (!env || !env->clock) {
		clock_gettime(CLOCK_REALTIME, now);
		return;
	}
	env->clock(env->ctx, &told);
	/* The value is stored in inodes as it is; a bad hook must not make a bad image. */
	if (told.tv_nsec > 999999999)
		told.tv_nsec = 0;
	*now = xfs_host_timespec(told);
}

uint64_t xfs_host_ns(void)
{
	struct timespec now = {.tv_sec = 0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void xfs_host_sleep_ns(uint32_t ns)
{
	const struct timespec rest = {.tv_nsec = ns % 1000000000u};

	nanosleep(&rest, NULL);
}
