/* SPDX-License-Identifier: MIT */
/* The wall clock, the caller's or the host's. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>
#include <xfswrite/env.h>

/* @env may be NULL.  tv_nsec is in [0, 999999999] whatever the hook returns. */
void xfs_env_now(const struct xfs_env *env, struct timespec *now);

/* Convert between the public type and the host's; xfs_env_now() has checked tv_nsec. */
static inline struct timespec xfs_host_timespec(struct xfs_timespec tv)
{
	return (struct timespec){ .tv_sec = (time_t)tv.tv_sec, .tv_nsec = (long)tv.tv_nsec };
}

static inline struct xfs_timespec xfs_public_timespec(struct timespec tv)
{
	return (struct xfs_timespec){ .tv_sec = tv.tv_sec, .tv_nsec = (uint32_t)tv.tv_nsec };
}

/* The host's clock for measuring durations, and a sleep; neither affects an image. */
uint64_t xfs_host_ns(void);
void xfs_host_sleep_ns(uint32_t ns);

#endif
