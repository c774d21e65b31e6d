/* SPDX-License-Identifier: MIT */
/*
 * What the library may take from its host: memory, clock, random numbers,
 * and where it tells what it does.  Every member is optional.
 */
#ifndef XFSWRITE_ENV_H
#define XFSWRITE_ENV_H

#include <sched.h>	/* struct timespec, which <time.h> hides in strict C99 */
#include <stdbool.h>
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

/*
 * Times and offsets have 64 bits.  Where a C library lets the program choose (32-bit glibc) it must
 * say -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64, as xfswrite.pc and the CMake targets do; this does not
 * compile without.
 */
typedef char xfs_needs_time_bits_64[sizeof(time_t) >= 8 ? 1 : -1];

/* The version of the library that runs, "0.1.0"; XFSWRITE_VERSION is that of the headers. */
XFS_API const char *xfs_library_version(void);

/*
 * Whether the library was built with @feature: "threads" (without: one thread at a time may use a
 * file system, others are told -EBUSY), "blkid" (signatures and partition tables are recognised),
 * "debug" (assertions and lock order checks).  Unknown names: false.
 */
XFS_API bool xfs_library_has(const char *feature);

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
 *
 * Every call that takes one gives -EINVAL, and has done nothing, for a @size
 * without the members below, for @flags that are not 0, for memory hooks that
 * are not complete and for members that only a later version has.
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
