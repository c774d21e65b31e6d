/* SPDX-License-Identifier: MIT */
/*
 * What the library may take from its host: memory, clock, random numbers,
 * and where it tells what it does.  Every member is optional.
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
 * Structs that grow.  A struct that may gain members begins with @size: sizeof of it in the program that
 * calls.  The program sets it before each call, at best with the struct's ..._INIT macro, which
 * zeroes the rest:
 *
 *	struct xfs_stat st = XFS_STAT_INIT;
 *
 * So a program and a library of different versions understand each other:
 *  - What a program passes in (options, attributes to set, hooks): members that it does not know are zero,
 *    which is the default of each.  Members that the library does not know must be zero: -EINVAL.
 *  - What the library fills: it writes the members that both know, zeroes those that only the program
 *    knows, and leaves @size as it was.
 *  - Arrays: the @size of the first element is that of all of them.
 *  - What a callback is given: @size is the library's.  A program that is to run with an older library
 *    looks at it before it reads a member that came later.
 *  - A @size that is 0, smaller than the first members of the struct (each says which), no multiple of 4,
 *    or more than 4096 bytes over what the library has: -EINVAL, nothing was done and nothing written.
 *
 * All structs that hold no pointer have the same layout on every machine, and no type here depends on
 * macros that the program sets.
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

/* A moment, in seconds since 1970 (negative: before), UTC; the same whatever time_t the program has. */
struct xfs_timespec {
	int64_t tv_sec;
	uint32_t tv_nsec;		/* 0 .. 999999999 */
	uint32_t reserved;		/* 0 */
};

/*
 * Several structs share their name with a function (xfs_stat(), xfs_info() ...).  C keeps struct
 * names apart; C++ does so only behind "struct", and generators of bindings often do not.  Each public
 * struct therefore has a second name that nothing else has: xfs_stat_t.
 */
typedef struct xfs_timespec xfs_timespec_t;
typedef struct xfs_env xfs_env_t;

/* The version of the library that runs, "0.2.0"; XFSWRITE_VERSION is that of the headers. */
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
 * Hooks and settings.  Start with XFS_ENV_INIT, set what you need.  The
 * library copies it; what @ctx points to must live as long as every object
 * made with it.  Hooks may be called from any thread that is inside the
 * library; they must not call back into it.
 *
 * Every call that takes one gives -EINVAL, and has done nothing, for a @size
 * without the members below, for @flags that are not 0, for memory hooks that
 * are not complete and for members that only a later version has.
 */
struct xfs_env {
	uint32_t size;		/* in: sizeof(struct xfs_env); at least up to @trace */
	uint32_t flags;		/* 0 */
	void *ctx;		/* first argument of every hook */

	/* All three or none.  NULL return: out of memory. */
	void *(*mem_alloc)(void *ctx, size_t size);
	void *(*mem_realloc)(void *ctx, void *ptr, size_t size);
	void (*mem_free)(void *ctx, void *ptr);

	/* Wall clock; default clock_gettime(CLOCK_REALTIME). */
	void (*clock)(void *ctx, struct xfs_timespec *now);

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

	/*
	 * Work that takes long has come so far: @done of @total parts of @phase.  @total may grow.
	 * Other than 0: stop, the call then ends with -ECANCELED.
	 *
	 * xfs_mkfs() asks before each of its steps, once the superblock says "in progress", and leaves
	 * the device as a crash would, so that nothing mounts it.
	 *
	 * xfs_sync() ("sync") and xfs_unmount() ("unmount"), in bytes, ask before the first file, after a
	 * few files or megabytes, and before each part of the metadata; that is added to @total when
	 * the data is written.  This is as xfs_cancel() does it (<xfswrite/xfswrite.h>): nothing is
	 * shut down, nothing lost.
	 *
	 * xfs_mount() with a dirty log ("recovery"), in 512-byte blocks of the log, of which each is read
	 * twice, asks as long as nothing was written, and leaves the devices as they were.
	 *
	 * It is asked on the thread of the call, without locks: others may go on in the meantime.
	 */
	int (*progress)(void *ctx, const char *phase, uint64_t done, uint64_t total);
};
#define XFS_ENV_INIT	XFS_SIZED_INIT(struct xfs_env)

#ifdef __cplusplus
}
#endif
#endif
