/* SPDX-License-Identifier: MIT */
/*
 * Why a call failed: class, structure, place and a text in words.
 *
 * Every call that fails leaves a record in three places: with its thread, with the file system and
 * with the file handle that it was given.  Each record is that of the newest failure there; calls
 * that succeed leave it alone, so that
 *
 *	if (xfs_fsync(file)) {
 *		xfs_close(file);
 *		report(xfs_error_text(mp));
 *	}
 *
 * prints the reason of the fsync.  A program whose tasks move between threads (Go, thread pools of
 * coroutines) asks the file handle or the file system instead of the thread.
 *
 * Threads: any thread may call these functions at any time, also for a handle that others use.
 * They record nothing themselves.
 */
#ifndef XFSWRITE_ERROR_H
#define XFSWRITE_ERROR_H

#include <stddef.h>
#include <stdint.h>
#include <xfswrite/env.h>

#ifdef __cplusplus
extern "C" {
#endif

struct xfs_mount;
struct xfs_file;
struct xfs_dir;
typedef struct xfs_error_info xfs_error_info_t;

/* What kind of failure it was; more may follow. */
enum xfs_error_class {
	XFS_ERROR_NONE,		/* nothing has failed */
	XFS_ERROR_ARGUMENT,	/* the call: its arguments, flags, or the kind of handle */
	XFS_ERROR_NAME,		/* a name or object is there, is not, or is of another type */
	XFS_ERROR_PERMISSION,	/* read-only, immutable, append-only, refused by the host */
	XFS_ERROR_SPACE,	/* no space, no inodes, a size or count that cannot grow */
	XFS_ERROR_QUOTA,	/* over a limit: -EDQUOT, and -ENOSPC of a project */
	XFS_ERROR_MEMORY,	/* no memory */
	XFS_ERROR_IO,		/* a device failed */
	XFS_ERROR_CORRUPT,	/* a structure on disk is damaged */
	XFS_ERROR_SHUTDOWN,	/* the file system had been shut down by an earlier failure */
	XFS_ERROR_UNSUPPORTED,	/* a feature that this library, host or file system lacks */
	XFS_ERROR_BUSY,		/* in use, interrupted, canceled, or would wait */
	XFS_ERROR_OTHER,	/* anything else */
};

/* Bits of @known in struct xfs_error_info: which members are set. */
enum xfs_error_at {
	XFS_ERROR_AT_AG = 1u << 0,
	XFS_ERROR_AT_BLOCK = 1u << 1,
	XFS_ERROR_AT_INO = 1u << 2,
	XFS_ERROR_AT_OFFSET = 1u << 3,
	XFS_ERROR_AT_DEVICE = 1u << 4,
};
#define XFS_ERROR_AT_AG		(1u << 0)	/* agno */
#define XFS_ERROR_AT_BLOCK	(1u << 1)	/* block */
#define XFS_ERROR_AT_INO	(1u << 2)	/* ino */
#define XFS_ERROR_AT_OFFSET	(1u << 3)	/* offset */
#define XFS_ERROR_AT_DEVICE	(1u << 4)	/* device_error */

/* One failure. */
struct xfs_error_info {
	uint32_t size;			/* in: its sizeof; at least up to @error */
	int32_t error;			/* what the call returned, a negative errno; 0: none */
	uint32_t error_class;		/* enum xfs_error_class */
	uint32_t known;			/* XFS_ERROR_AT_* */
	int32_t device_error;		/* the negative errno that the device gave */
	uint32_t agno;			/* allocation group */
	uint64_t block;			/* of 512 bytes, from the start of the file system */
	uint64_t ino;			/* inode number */
	uint64_t offset;		/* bytes, in the file */
	char call[32];			/* the function that failed: "xfs_pwrite" */
	char structure[32];		/* "AGF", "bnobt", "inode"; "": no structure is at fault */
	char text[512];			/* never empty after a failure; no newline */
	/*
	 * How many calls had failed on the thread where this one did, this one included: a program
	 * that remembers it can tell later whether the newest failure is another one.  Never 0
	 * after a failure.
	 */
	uint64_t failure;
};
#define XFS_ERROR_INFO_INIT	XFS_SIZED_INIT(struct xfs_error_info)

/*
 * Tell the newest failure of a call on a file system.  It was given @mp or a handle of it.  @mp
 * NULL: the newest failure on this thread, whatever it was given: that is how to learn why
 * xfs_mount() or xfs_device_...() failed.  @info->size must be set.
 *
 * Returns 0; @info->error is 0 if nothing has failed.
 *
 * Errors:
 *  -EINVAL: @info is NULL, or its @size is wrong.
 */
XFS_API int xfs_mount_error(struct xfs_mount *mp, struct xfs_error_info *info);

/*
 * Tell the newest failure of a call on a file handle.  Calls that take a path from a directory
 * handle count as calls on that handle.  @file NULL: the newest failure on this thread.
 * @info->size must be set.
 *
 * Returns 0; @info->error is 0 if nothing has failed.
 *
 * Errors:
 *  -EINVAL: @info is NULL, or its @size is wrong.
 */
XFS_API int xfs_file_error(struct xfs_file *file, struct xfs_error_info *info);

/*
 * Tell the newest failure of xfs_readdir() on a directory.  @dir NULL: the newest failure on this
 * thread.  @info->size must be set.
 *
 * Returns 0; @info->error is 0 if nothing has failed.
 *
 * Errors:
 *  -EINVAL: @info is NULL, or its @size is wrong.
 */
XFS_API int xfs_dir_error(struct xfs_dir *dir, struct xfs_error_info *info);

/*
 * Copy the text of the newest failure on a file system.  It is that of xfs_mount_error().  At most
 * @size - 1 bytes and a NUL are copied to @buf; nothing if @size is 0 or @buf is NULL.
 *
 * Returns the length of the whole text, as snprintf() does; 0 if nothing has failed.  Cannot fail.
 */
XFS_API size_t xfs_error_copy(struct xfs_mount *mp, char *buf, size_t size);

/*
 * Get the text of the newest failure on this thread.  @mp does not matter and may be NULL.
 *
 * Returns the text, "" if there was no failure, never NULL.  It belongs to the thread: valid and
 * unchanged until the next call that fails on this thread.  Cannot fail.
 */
XFS_API const char *xfs_error_text(const struct xfs_mount *mp);

#ifdef __cplusplus
}
#endif
#endif
