/* SPDX-License-Identifier: MIT */
/*
 * Why a call failed: class, structure, place and a text in words.
 *
 * Every call that fails leaves a record in three places: with its thread, with the file system and
 * with the file handle that it was given.  Each record is that of the newest *failure* there: calls
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
 * Any of these functions may be called at any time from any thread, also for a handle that others
 * use; they record nothing.
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
	XFS_ERROR_MEMORY,
	XFS_ERROR_IO,		/* a device failed */
	XFS_ERROR_CORRUPT,	/* a structure on disk is damaged */
	XFS_ERROR_SHUTDOWN,	/* the file system had been shut down by an earlier failure */
	XFS_ERROR_UNSUPPORTED,	/* a feature that this library, host or file system lacks */
	XFS_ERROR_BUSY,		/* in use, interrupted, or to be tried later */
	XFS_ERROR_OTHER,
};

/* Bits of @known: which members say something. */
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
	uint32_t size;			/* in: sizeof(struct xfs_error_info); at least up to @error */
	int32_t error;			/* what the call returned: a negative errno; 0: nothing failed */
	uint32_t error_class;		/* enum xfs_error_class */
	uint32_t known;			/* XFS_ERROR_AT_* */
	int32_t device_error;		/* the negative errno that the device gave */
	uint32_t agno;			/* allocation group */
	uint64_t block;			/* of 512 bytes, from the start of the file system */
	uint64_t ino;			/* inode number */
	uint64_t offset;		/* bytes, in the file */
	char call[32];			/* the function that failed: "xfs_pwrite" */
	char structure[32];		/* "AGF", "bnobt", "inode"; "" when none is to blame */
	char text[512];			/* never empty after a failure; no newline */
	/*
	 * How many calls had failed on the thread where this one did, this one included: who remembers
	 * it knows later whether the newest failure is another one.  Never 0 after a failure.
	 */
	uint64_t failure;
};
#define XFS_ERROR_INFO_INIT	XFS_SIZED_INIT(struct xfs_error_info)

/*
 * The newest failure of a call that was given @mp, or a handle of it.  @mp NULL: the newest failure
 * on this thread, whatever it was given; that is how to learn why xfs_mount() or xfs_device_...()
 * failed.  -EINVAL: @info is NULL or its @size is none.
 */
XFS_API int xfs_mount_error(struct xfs_mount *mp, struct xfs_error_info *info);

/*
 * The newest failure of a call that was given @file; calls that take a path from a directory handle
 * count as calls of that handle.  @file NULL: the newest failure on this thread.
 */
XFS_API int xfs_file_error(struct xfs_file *file, struct xfs_error_info *info);

/* The newest failure of xfs_readdir() on @dir.  @dir NULL: the newest failure on this thread. */
XFS_API int xfs_dir_error(struct xfs_dir *dir, struct xfs_error_info *info);

/*
 * Copy the text of xfs_mount_error(@mp): at most @size - 1 bytes and a NUL; nothing when @size
 * is 0 or @buf NULL.  Returns the length of the whole text, as snprintf() does; 0: nothing has failed.
 */
XFS_API size_t xfs_error_copy(struct xfs_mount *mp, char *buf, size_t size);

/*
 * The text of the newest failure on this thread, "" when there was none; whether @mp is NULL does not
 * matter.  Never NULL.  Valid and unchanged until the next call that fails on this thread.
 */
XFS_API const char *xfs_error_text(const struct xfs_mount *mp);

#ifdef __cplusplus
}
#endif
#endif
