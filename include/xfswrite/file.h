/* SPDX-License-Identifier: MIT */
/*
 * Files: opening and closing, reading and writing, durability, size, extents.  <xfswrite/io.h> has
 * more ways to read and write, <xfswrite/fallocate.h> and <xfswrite/reflink.h> more about space.
 * The conventions, and the errors of every call, of paths and of changes, are in
 * <xfswrite/xfswrite.h>.
 */
#ifndef XFSWRITE_FILE_H
#define XFSWRITE_FILE_H

#include <xfswrite/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_extent xfs_extent_t;

/*
 * Open a file, directory or other object.  @flags as for open(2): O_RDONLY, O_WRONLY, O_RDWR,
 * O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_DIRECT, O_PATH, O_SYNC, O_DSYNC,
 * O_TMPFILE; O_LARGEFILE, O_CLOEXEC, O_NOCTTY, O_NONBLOCK and O_NOATIME are accepted and change
 * nothing.  @mode: the twelve permission bits for O_CREAT and O_TMPFILE; no umask is applied, and a
 * default ACL of the directory is.  *@filep is the caller's and is given back with xfs_close().
 * Reading does not change the access time.
 *
 * O_TMPFILE: @path is a directory; the new file has no name, and xfs_linkat() or xfs_replaceat()
 * may give it one.  Without one it is freed with its last handle, or after a crash by recovery.
 *
 * O_DIRECT: xfs_pread(), xfs_pwrite() and their vectored forms bypass the library's cache.  Offset
 * and length (of all buffers together) must be multiples of the device's logical sector; buffers
 * may lie anywhere.  Cached data of the range is written back before, and dropped before a write,
 * so all handles agree.  When a write returns, its data has been handed to the device but is stable
 * only after xfs_fsync() or with O_DSYNC.  Shared blocks, and parts of blocks that the file does
 * not have yet, go through the cache and are written back before the call returns.
 * xfs_write_from_fd() and xfs_write_from() ignore O_DIRECT.
 *
 * O_PATH opens any object, with O_NOFOLLOW also a symbolic link, and is the only way to symbolic
 * links and special files.  Such a handle serves everything that is not about data: xfs_fstat(),
 * xfs_fgetattr(), xfs_fsetattr() (but not the size), extended attributes, xfs_freadlink(),
 * xfs_linkat(), as @dir of the ...at calls and for xfs_fdopendir().  Calls that read, write, sync,
 * resize or map it return -EBADF.
 *
 * Returns 0.  Without O_EXCL, a file that another thread makes at the same time is opened.
 *
 * Errors: those of every call, of paths and of changes, and:
 *  -EINVAL: unknown flags; O_CREAT with O_DIRECTORY; O_TMPFILE with O_CREAT, O_EXCL, O_PATH or
 *    O_RDONLY; O_DIRECT for a directory.
 *  -EEXIST: O_CREAT and O_EXCL, and the name exists.
 *  -EISDIR: a directory is opened for writing or with O_CREAT, or @path ends in '/' with O_CREAT.
 *  -ENOTDIR: O_DIRECTORY or O_TMPFILE, and the object is not a directory.
 *  -ELOOP: a symbolic link with O_NOFOLLOW, and O_PATH was not given.
 *  -ENXIO: a device node, FIFO or socket, and O_PATH was not given.
 *  -EPERM: an immutable file is opened for writing, or an append-only one without O_APPEND or with
 *    O_TRUNC.
 *  -EOPNOTSUPP: a realtime file is opened for writing.
 */
XFS_API int xfs_open(struct xfs_mount *mp, const char *path, int flags, uint32_t mode,
		     struct xfs_file **filep);
XFS_API int xfs_openat(struct xfs_file *dir, const char *path, int flags, uint32_t mode,
		       struct xfs_file **filep);

/*
 * Open an object by its inode number.  @gen: its generation, from struct xfs_stat; 0: any.  @flags
 * as for xfs_open(), without O_CREAT, O_EXCL and O_TMPFILE.  A file without a name can be opened
 * while a handle to it is open.  *@filep is the caller's and is given back with xfs_close().
 *
 * Returns 0.
 *
 * Errors: those of every call, and:
 *  -ESTALE: the inode is free, belongs to the file system itself, has another generation, or has no
 *    name and no handle.
 *  -EINVAL: unknown flags, or flags that create something; O_DIRECT for a directory.
 *  -EISDIR, -ENOTDIR, -ELOOP, -ENXIO, -EPERM, -EROFS, -EOPNOTSUPP: as for xfs_open().
 *  -ENOSPC, -EDQUOT: O_TRUNC had no space to work in.
 */
XFS_API int xfs_open_by_ino(struct xfs_mount *mp, uint64_t ino, uint32_t gen, int flags,
			    struct xfs_file **filep);

/*
 * Close a handle.  Preallocation past the end of the file is freed.  Nothing becomes stable, and
 * nothing is written back, so 0 says nothing about data that is still in memory.  A file without a
 * name is freed with its last handle; if a crash comes before that is stable, recovery frees it.
 * @file NULL or xfs_root(): nothing happens.
 *
 * Returns 0.  @file is closed after every error but the -EBUSY of a library without threads.
 *
 * Errors: those of every call, and:
 *  -EIO: data of this file could not be written while this handle was open for writing, and no
 *    xfs_fsync() or synchronous write had told it (as close(2) on NFS).  The next sync of the file
 *    tells it as well.
 */
XFS_API int xfs_close(struct xfs_file *file);

/*
 * Read from a file.  Up to @len bytes at @offset are copied to @buf; holes and unwritten blocks
 * read as zeros.
 *
 * Returns the number of bytes: fewer than @len at the end of the file, 0 at or past it.  If the
 * device fails in the middle, the bytes before the first block that cannot be read.
 *
 * Errors: those of every call, and:
 *  -EBADF: the file is not open for reading.
 *  -EISDIR: it is a directory.
 *  -EINVAL: @offset is above 2^63-1; with O_DIRECT, @offset or @len is not a multiple of the
 *    sector.
 */
XFS_API ssize_t xfs_pread(struct xfs_file *file, void *buf, size_t len, uint64_t offset);

/*
 * Write to a file at an offset.  With O_APPEND the data goes to the end of the file and @offset is
 * ignored.  Writing past the end fills the gap with a hole.  Set-id bits and security.capability
 * are removed as by the kernel.  Data is in memory until it is written back.
 *
 * Returns the number of bytes written.  It is less than @len if space, quota or memory ends after
 * the first byte, or at the largest size of a file.  Handles with O_SYNC or O_DSYNC: the data is
 * stable when the call returns; after an error then, it is in the file but need not be stable.
 *
 * Errors: those of every call and of changes, and:
 *  -EBADF: the file is not open for writing.
 *  -EINVAL: @offset, or @offset + @len, is above 2^63-1; with O_DIRECT, @offset, @len or the end of
 *    the file that is appended to is not a multiple of the sector.
 *  -EFBIG: the write would begin at or past the largest size; or the file has as many extents as it
 *    can have.
 *  -ENOSPC, -EDQUOT: nothing was written, after everything reclaimable was reclaimed once.
 *  -EIO: earlier data of this file could not be written (see xfs_fsync()).  The file then accepts
 *    no write of more than 64 KiB until xfs_fsync() of it, or xfs_sync(), has told so.
 */
XFS_API ssize_t xfs_pwrite(struct xfs_file *file, const void *buf, size_t len, uint64_t offset);

/*
 * Copy from a host file to a file.  [@fd_offset, @fd_offset + @len) of host descriptor @fd goes to
 * @offset of @file, as xfs_pwrite() would write it, without a buffer of the caller's.  The copy
 * ends early at the end of @fd.  A pipe, socket or terminal is read from its current position;
 * @fd_offset must be 0.  After a short count or an error, up to 256 KiB that were read from it may
 * not have been written.
 *
 * The device copies large pieces by itself if it can: they take no memory, and an image on a host
 * file system that shares blocks may share them with the file of @fd.  @fd stays the caller's.
 *
 * Returns the number of bytes written.  What was read before a failure of @fd is written and
 * counted.
 *
 * Errors: those of xfs_pwrite(), and of @fd, where xfs_error_text() says that it was the host file:
 *  -EBADF, -EISDIR, -EINVAL, -EACCES, -EPERM, -EAGAIN: as read(2) said.
 *  -ESPIPE: @fd has no offsets, and @fd_offset is not 0.
 *  -EIO: any other failure of @fd.
 */
XFS_API int64_t xfs_write_from_fd(struct xfs_file *file, int fd, uint64_t fd_offset, uint64_t len,
				  uint64_t offset);

/*
 * Make a file stable.  After 0, a crash at any later moment followed by recovery shows this file's
 * contents, size, attributes and times as they were when the call began or later, and the names
 * that lead to it, as well as everything done before the last change of this file; of a directory
 * also its entries. xfs_fdatasync() leaves out times if nothing else has changed.  Threads that
 * call these at the same time share the cost.
 *
 * On an unjournalled mount the call writes data and metadata and flushes the device, but the
 * in-progress mark stays until xfs_unmount().
 *
 * Returns 0; at once if the file system is open read-only.
 *
 * Errors: those of every call, and:
 *  -EBADF: the file was opened with O_PATH.
 *  -EIO: data of this file could not be written.  As on Linux, each handle that was open when it
 *    happened is told once, and so are handles opened before anybody was told.  The data is lost
 *    (new blocks read as zeros), and the file can be used further.  Or the device failed under the
 *    journal: the file system is shut down, and this and every later call says so.
 *  -ENOSPC, -EDQUOT: blocks for delayed allocations could not be had.
 *  -ENOMEM: nothing is lost, and nothing need be stable; call again.
 */
XFS_API int xfs_fsync(struct xfs_file *file);
XFS_API int xfs_fdatasync(struct xfs_file *file);

/*
 * Set the size of a file.  Growing leaves a hole that reads as zeros.  Shrinking frees blocks in as
 * many transactions as it takes; the size on disk changes in the first one, so a crash shows the
 * old or the new size. xfs_ftruncate() needs a handle that is open for writing, xfs_truncate()
 * follows symbolic links.
 *
 * Returns 0.
 *
 * Errors: those of every call, of changes and, for xfs_truncate(), of paths, and:
 *  -EINVAL: more than 2^63-1 bytes; not a regular file; or the handle is not open for writing.
 *  -EISDIR: xfs_truncate() of a directory.
 *  -EBADF: the handle was opened with O_PATH.
 *  -EOPNOTSUPP: a realtime file.
 */
XFS_API int xfs_ftruncate(struct xfs_file *file, uint64_t size_bytes);
XFS_API int xfs_truncate(struct xfs_mount *mp, const char *path, uint64_t size_bytes);

/*
 * Find data or a hole.  @whence: SEEK_DATA or SEEK_HOLE.  Unwritten blocks count as a hole until
 * data is written over them, in memory too.
 *
 * Returns the offset of the first byte at or after @offset that is in data, or in a hole; the end
 * of the file counts as a hole.
 *
 * Errors: those of every call, and:
 *  -ENXIO: @offset is at or past the end, or no data follows.
 *  -EINVAL: another @whence, or not a regular file.
 *  -EBADF: the file was opened with O_PATH.
 */
XFS_API int64_t xfs_seek(struct xfs_file *file, uint64_t offset, int whence);

/* One mapping of a file.  A mapping of which only parts are shared is returned in parts. */
struct xfs_extent {
	uint32_t size;			/* in: its sizeof; at least up to @length */
	bool unwritten;			/* allocated, reads as zeros */
	bool shared;			/* other files have these blocks too */
	bool delalloc;			/* no blocks are chosen yet */
	bool last;			/* no mapping stands behind it */
	uint64_t offset;		/* bytes in the file */
	uint64_t length;		/* bytes */
	uint64_t device_offset;		/* bytes on the data device; ~0 when not allocated yet */
};
#define XFS_EXTENT_INIT	XFS_SIZED_INIT(struct xfs_extent)

/*
 * List the mappings of a file.  Up to @max of those that end behind @offset go to @extents, in
 * order, and their number to *@count: 0 means that there are no more.  Dirty data is not written
 * back, so delayed allocations appear; xfs_map_extents() in <xfswrite/fallocate.h> can write it
 * back, and lists other forks.  The @size of the first element is the distance between elements,
 * and becomes that of all that are filled:
 *
 *	struct xfs_extent extents[16] = { XFS_EXTENT_INIT };
 *
 * Returns 0.
 *
 * Errors: those of every call, and:
 *  -EINVAL: @max is 0, or the @size of the first element is not a multiple of 8.
 *  -EBADF: the file was opened with O_PATH.
 */
XFS_API int xfs_extents(struct xfs_file *file, uint64_t offset, struct xfs_extent *extents,
			size_t max, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
