/* SPDX-License-Identifier: MIT */
/*
 * What the library may take from its host: memory, clock, random numbers,
 * and where it tells what it does.  Every member is optional.
 */
#ifndef XFSWRITE_ENV_H
#define XFSWRITE_ENV_H

#include <sched.h>	/* struct timespec, which <time.h> hides in strict C99 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define XFS_API
#else
#define XFS_API __attribute__((visibility("default")))
#endif

enum xfs_log_level {
	XFS_LOG_ERROR,		/* the file system is damaged or was shut down */
	XFS_LOG_WARNING,
	XFS_LOG_INFO,
	XFS_LOG_DEBUG,
};

/*
 * Hooks and settings.  Zero the struct, set @size, set what you need.  The
 * library copies it; what @ctx points to must live as long as every object
 * made with it.  Hooks may be called from any thread that is inside the
 * library; they must not call back into it.
 */
struct xfs_env {
	uint32_t size;		/* sizeof(struct xfs_env) */
	uint32_t flags;		/* 0 */
	void *ctx;		/* first argument of every hook */

	/* All three or none.  NULL return: out of memory. */
	void *(*mem_alloc)(void *ctx, size_t size);
	void *(*mem_realloc)(void *ctx, void *ptr, size_t size);
	void (*mem_free)(void *ctx, void *ptr);

	/* Wall clock; default clock_gettime(CLOCK_REALTIME). */
	void (*clock)(void *ctx, struct timespec *now);

	/*
	 * 64 random bits for inode generations and UUIDs; default: the host's
	 * generator, or a generator seeded with @seed when that is not 0.
	 */
	uint64_t (*random)(void *ctx);
	uint64_t seed;

	/* One line without newline. Default: nothing is printed anywhere. */
	void (*log)(void *ctx, enum xfs_log_level level, const char *line);

	/* A trace point was passed; names as in the kernel where it has one. */
	void (*trace)(void *ctx, const char *name, const uint64_t *args, unsigned int nargs);
};

#ifdef __cplusplus
}
#endif
#endif
