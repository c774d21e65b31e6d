/* SPDX-License-Identifier: MIT */
/*
 * What the library takes from its host (memory, clock, random numbers, log), and the rules for
 * structs.
 */
#ifndef XFSWRITE_ENV_H
#define XFSWRITE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define XFS_API
#else
#define XFS_API __attribute__((visibility("default")))
#endif

/*
 * Structs that grow.  A struct that may gain members begins with @size: its sizeof in the program
 * that calls.  The program sets it before each call, best with the struct's ..._INIT macro, which
 * zeroes the rest:
 *
 *	struct xfs_stat st = XFS_STAT_INIT;
 *
 * So programs and libraries of different versions work together:
 *  - What a program passes in (options, attributes to set, hooks): members that it does not know
 *    are zero, which is the default of each.  Members that the library does not know must be zero,
 *    or the call returns -EINVAL.
 *  - What the library fills: it writes the members that both know, zeroes those that only the
 *    program knows, and leaves @size as it was.
 *  - Arrays: the @size of the first element is that of all of them.
 *  - What a callback is given: @size is the library's.  A program that must run with an older
 *    library checks it before it reads a member that came later.
 *  - A @size that is 0, smaller than the first members of the struct (each says which), not a
 *    multiple of 4, or more than 4096 bytes above the library's: -EINVAL; nothing was done and
 *    nothing written.
 *
 * All structs that hold no pointer have the same layout on every machine, and no type here depends
 * on macros that the program sets.
 */
#ifdef __cplusplus
extern "C++" {
template <typename T> inline T xfs_sized_struct()
{
	T t = T();

	t.size = static_cast<uint32_t>(sizeof(T));
	return t;
}
}
#define XFS_SIZED_INIT(type)	xfs_sized_struct<type>()
#else
#define XFS_SIZED_INIT(type)	{ .size = sizeof(type) }
#endif

/* A moment in UTC; the same whatever time_t the program has. */
struct xfs_timespec {
	int64_t tv_sec;			/* seconds since 1970; negative: before */
	uint32_t tv_nsec;		/* 0 .. 999999999 */
	uint32_t reserved;		/* 0 */
};

/*
 * Several structs share their name with a function (xfs_stat(), xfs_info() ...).  C keeps struct
 * names apart; C++ does so only behind "struct", and generators of bindings often do not.  So each
 * public struct has a second name that nothing else has, such as xfs_stat_t.
 */
typedef struct xfs_timespec xfs_timespec_t;
typedef struct xfs_env xfs_env_t;

/*
 * Get the version of the library.  XFSWRITE_VERSION is that of the headers.
 *
 * Returns a static string such as "0.2.0".  Cannot fail.
 */
XFS_API const char *xfs_library_version(void);

/*
 * Tell how the library was built.  @feature: "threads" (without it, only one thread at a time may
 * use a file system; others get -EBUSY), "blkid" (signatures and partition tables are recognised),
 * "debug" (assertions and lock order checks).
 *
 * Returns true if it was built with @feature; false for unknown names and NULL.  Cannot fail.
 */
XFS_API bool xfs_library_has(const char *feature);

/* How severe a line for the log is. */
enum xfs_log_level {
	XFS_LOG_ERROR,		/* the file system is damaged or was shut down */
	XFS_LOG_WARNING,	/* something is wrong, and work goes on */
	XFS_LOG_INFO,		/* what was done, such as recovery */
	XFS_LOG_DEBUG,		/* details for developers */
};

/*
 * Hooks and settings.  Start with XFS_ENV_INIT and set what you need; every member is optional.
 * The library copies the struct; what @ctx points to must live as long as every object made with
 * it.  Hooks may be called from any thread that is inside the library; they must not call the
 * library.
 *
 * Every call that takes one returns -EINVAL, and has done nothing, if @size does not cover the
 * members below, @flags are not 0, memory hooks are incomplete, or a member is set that only a
 * later version has.
 */
struct xfs_env {
	uint32_t size;		/* in: its sizeof; at least up to @trace */
	uint32_t flags;		/* 0 */
	void *ctx;		/* first argument of every hook */

	/* All three or none.  NULL return: out of memory. */
	void *(*mem_alloc)(void *ctx, size_t size);
	void *(*mem_realloc)(void *ctx, void *ptr, size_t size);
	void (*mem_free)(void *ctx, void *ptr);

	/* Wall clock, UTC; default clock_gettime(CLOCK_REALTIME). */
	void (*clock)(void *ctx, struct xfs_timespec *now);

	/*
	 * 64 random bits for inode generations and UUIDs; default: the host's generator, or one
	 * seeded with @seed if that is not 0.
	 */
	uint64_t (*random)(void *ctx);
	uint64_t seed;

	/* One line without newline; default: nothing is printed anywhere. */
	void (*log)(void *ctx, enum xfs_log_level level, const char *line);

	/* A trace point was passed, with @nargs numbers; named as the kernel's where it has one. */
	void (*trace)(void *ctx, const char *name, const uint64_t *args, unsigned int nargs);

	/*
	 * Progress of long work: @done of @total parts of @phase.  @total may grow.  A return value
	 * other than 0 stops the work, and the call returns -ECANCELED.  It is called on the thread
	 * of the call, without locks: other threads may go on meanwhile.
	 *
	 * xfs_mkfs() calls it before each of its steps, once the superblock says "in progress"; a
	 * stop leaves the device as a crash would, so that nothing mounts it.
	 *
	 * xfs_sync() ("sync") and xfs_unmount() ("unmount"), in bytes, call it before the first
	 * file, after a few files or megabytes, and before each part of the metadata, which is
	 * added to @total when the data is written.  A stop is as by xfs_cancel(): nothing is shut
	 * down, nothing lost.
	 *
	 * xfs_mount() with a dirty log ("recovery"), in 512-byte blocks of the log, each of which
	 * is read twice, calls it as long as nothing was written; a stop leaves the devices as they
	 * were.
	 *
	 * xfs_quota_check() ("quotacheck") calls it with inodes as parts.
	 */
	int (*progress)(void *ctx, const char *phase, uint64_t done, uint64_t total);
};
#define XFS_ENV_INIT	XFS_SIZED_INIT(struct xfs_env)

#ifdef __cplusplus
}
#endif
#endif
