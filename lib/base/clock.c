/* SPDX-License-Identifier: MIT */
/* The caller's clock, and the host's for measuring and for short sleeps. */
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
