/* SPDX-License-Identifier: MIT */
/* The wall clock, the caller's or the host's. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <xfswrite/env.h>

/* @env may be NULL. tv_nsec is within [0, 999999999] whatever the hook says. */
void xfs_env_now(const struct xfs_env *env, struct timespec *now);

/* The host's own clock for how long something takes, and a rest; neither shows in any image. */
uint64_t xfs_host_ns(void);
void xfs_host_sleep_ns(uint32_t ns);

#endif
