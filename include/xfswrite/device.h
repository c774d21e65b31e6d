/* SPDX-License-Identifier: MIT */
/*
 * Block devices as the library sees them: a small table of calls whose crash semantics are written
 * down here.  Files, memory, windows, overlays and the caller's own callbacks are all this one
 * type, and they stack.
 *
 * The crash model: a write that returned may be lost, torn at any logical sector, or reach stable
 * storage in any order with other writes, until a flush that began after it returned has itself
 * returned 0, or unless the write carried XFS_DEV_FUA and returned 0.
 *
 * Exclusive use: within a process a device has at most one writer. xfs_mount() without RDONLY,
 * xfs_mkfs() and xfs_device_overlay_commit() return -EBUSY, and change nothing, while another of
 * them uses the same device; the same bytes of it through windows and read-only views; the same
 * host file or block device through a device opened twice; or the same bytes of a disk (/dev/sda)
 * through a partition (/dev/sda1), of a file through a loop device.  (Windows and partitions that
 * do not overlap have a writer each.  What a device-mapper device stands on is not found out.)  An
 * overlay and its log device are claimed in the same way, and the base of an overlay is claimed
 * against writers from when the overlay is mounted or formatted until it is committed, discarded or
 * gone.  A device that is open read-only may be read beside a writer: it sees what is on the disk
 * at each moment, which may be old, or torn and then reported as damaged.  The plain calls
 * (xfs_device_pwrite() ...) check nothing of this.  XFS_DEV_EXCL keeps other processes off.
 *
 * Ownership: each function that opens a device gives the caller one reference, to be given back
 * with xfs_device_put().  A device that stands on another, and a mount, take a reference of their
 * own.
 *
 * Threads: any number of threads may use one device at once.
 *
 * Errors of devices: the functions of this header may return these, if nothing else is said.
 *  -EINVAL: NULL where something is needed; a table of calls that is incomplete or of another
 *    version; a device whose info makes no sense; a wrong struct size; unknown flags.
 *  -ENOMEM: the host has no memory.
 *  -EIO: a call of the device failed.  Whatever else it answered arrives as -EIO, because of a file
 *    system it would mean something else (-ENOSPC, -EUCLEAN ...) or nothing at all (-ECANCELED
 *    ...): xfs_device_error() and xfs_error_text() have the original.  -EINTR and -EAGAIN are tried
 *    again first.
 */
#ifndef XFSWRITE_DEVICE_H
#define XFSWRITE_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <xfswrite/env.h>
#include <xfswrite/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct xfs_device;
typedef struct xfs_device xfs_device_t;
typedef struct xfs_device_ops xfs_device_ops_t;
typedef struct xfs_device_info xfs_device_info_t;

#define XFS_DEVICE_OPS_VERSION	3u	/* version 1 ends before @base, 2 before @copy_out */

/* Flags of a write. */
enum xfs_device_write_flags {
	XFS_DEV_FUA = 1u << 0,
};
#define XFS_DEV_FUA		(1u << 0)	/* pwritev: stable when it returns 0 */

/* Properties of a device. */
struct xfs_device_info {
	uint32_t size;			/* in: its sizeof; at least up to @size_bytes */
	uint32_t logical_sector;	/* bytes, a power of two; unit of offsets and lengths */
	uint64_t size_bytes;		/* bytes; reads and writes end at or before it */
	uint32_t physical_sector;	/* bytes; smallest unit written without read-modify-write */
	uint32_t io_min;		/* bytes, 0 = unknown: stripe unit */
	uint32_t io_opt;		/* bytes, 0 = unknown: stripe width */
	bool volatile_cache;		/* writes need a flush to be stable */
	bool read_only;			/* writes return -EROFS */
	bool growable;			/* resize can make it larger */
	bool rotational;		/* seeks cost time */
};
#define XFS_DEVICE_INFO_INIT	XFS_SIZED_INIT(struct xfs_device_info)

/*
 * Fill the struct of an info call.  For devices of the caller's: @info, whose @size is that of the
 * asker, gets what both know of @mine, whose @size is that of the device:
 *
 *	struct xfs_device_info mine = XFS_DEVICE_INFO_INIT;
 *	...
 *	return xfs_device_info_set(info, &mine);
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: NULL, or one of them has no valid @size.
 */
XFS_API int xfs_device_info_set(struct xfs_device_info *info, const struct xfs_device_info *mine);

/*
 * The calls of a device.  Each returns 0 or a negative errno, and none transfers less than it was
 * asked for and returns 0.  -EINTR and -EAGAIN mean that nothing is known to be done: the library
 * tries again at once, up to 100 times, or after some milliseconds, up to 8 times.  Several threads
 * may call at once.  Optional members may be NULL.
 */
struct xfs_device_ops {
	uint32_t version;		/* XFS_DEVICE_OPS_VERSION */

	/* Fill all of @iov from @offset.  -EIO past the end. */
	int (*preadv)(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt);

	/*
	 * Write all of @iov at @offset.  A later preadv sees it at once.  May be lost, torn by
	 * sector or reordered until a later flush returns 0; with XFS_DEV_FUA it is stable when the
	 * call returns 0 (other writes are not).  After an error the range holds old or new
	 * sectors.
	 */
	int (*pwritev)(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		       unsigned int flags);

	/* Every write that returned before this call began is stable when it returns 0. */
	int (*flush)(struct xfs_device *dev);

	/*
	 * Optional: the range's contents are no longer needed; reads of it give anything until it
	 * is written.  Takes part in the crash model like a write.
	 */
	int (*discard)(struct xfs_device *dev, uint64_t offset, uint64_t len);

	/*
	 * Optional: the range reads as zeros from now on, like a write of zeros, perhaps without
	 * transferring them.  NULL or -EOPNOTSUPP: the library writes zeros.
	 */
	int (*zero)(struct xfs_device *dev, uint64_t offset, uint64_t len);

	/*
	 * Optional: write @len bytes read from host file @fd at @fd_offset to @offset, perhaps
	 * without copying them through memory; like a write.  -EOPNOTSUPP or -EXDEV: nothing was
	 * done, the library copies.
	 */
	int (*copy_range)(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			  uint64_t len);

	/*
	 * Tell the properties; size_bytes may change with resize only.  @info is zeroed, and its
	 * @size is the library's, which may be older or newer than the device: write no more than
	 * that. xfs_device_info_set() does it.
	 */
	int (*info)(struct xfs_device *dev, struct xfs_device_info *info);

	/* Optional: make the device @size_bytes long; new bytes read as zeros. */
	int (*resize)(struct xfs_device *dev, uint64_t size_bytes);

	/* The last reference is gone: free @dev.  Cannot fail; does not flush. */
	void (*close)(struct xfs_device *dev);

	/*
	 * Optional: return the device that this one reads and writes, and in *@offset where byte 0
	 * of this one lies in it.  A writer of this one then keeps others from writing to that part
	 * (see "Exclusive use").
	 */
	struct xfs_device *(*base)(struct xfs_device *dev, uint64_t *offset);

	/*
	 * Optional: copy up to @len bytes at @offset, which need not be whole sectors, to host
	 * descriptor @fd without reading them into memory: to @fd_offset, or, if that is
	 * XFS_DEV_NO_OFFSET, to its current position, as into a pipe or socket.  Returns how many,
	 * at least one; -EOPNOTSUPP if it cannot, or after any error: the library then reads and
	 * writes, and meets the error itself.
	 */
	int64_t (*copy_out)(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			    uint64_t len);
};
#define XFS_DEV_NO_OFFSET	UINT64_MAX

/*
 * The caller's own device: embed this as first member, fill it with xfs_device_init(), keep private
 * data behind it.
 */
struct xfs_device {
	const struct xfs_device_ops *ops;
	uint32_t refcount;		/* the library's; atomically changed */
	uint32_t last_error;		/* the library's; see xfs_device_error() */
	uint64_t reserved[4];		/* the library's: it is embedded, and cannot grow later */
};

/*
 * Initialise a device of the caller's.  It has one reference, the caller's.  @ops must outlive the
 * device.
 *
 * Cannot fail.  A wrong table is reported by the first call that uses the device.
 */
XFS_API void xfs_device_init(struct xfs_device *dev, const struct xfs_device_ops *ops);

/*
 * Take another reference to a device.
 *
 * Returns @dev.  Cannot fail.
 */
XFS_API struct xfs_device *xfs_device_get(struct xfs_device *dev);

/*
 * Give back one reference to a device.  The last one calls ops->close, which does not flush.  @dev
 * NULL: nothing happens.
 *
 * Cannot fail.
 */
XFS_API void xfs_device_put(struct xfs_device *dev);

/* How a host file or block device is opened. */
enum xfs_device_open_flags {
	XFS_DEV_RDONLY = 1u << 0,
	XFS_DEV_DIRECT = 1u << 1,
	XFS_DEV_CREATE = 1u << 2,
	XFS_DEV_TRUNCATE = 1u << 3,
	XFS_DEV_EXCL = 1u << 4,
};
#define XFS_DEV_RDONLY		(1u << 0)	/* writes return -EROFS */
#define XFS_DEV_DIRECT		(1u << 1)	/* O_DIRECT: bypass the host's page cache */
#define XFS_DEV_CREATE		(1u << 2)	/* create the file if it is missing */
#define XFS_DEV_TRUNCATE	(1u << 3)	/* empty an existing file (never a block device) */
#define XFS_DEV_EXCL		(1u << 4)	/* -EBUSY if another user has it */

/*
 * Open a host file or block device.  @flags: XFS_DEV_*.  @size_bytes: the length of a file that
 * this call creates or truncates; others keep theirs (see xfs_device_resize()).  The device
 * allocates memory with the hooks of @env, which it copies and keeps until it is closed; @env may
 * be NULL.  *@devp is the caller's reference.
 *
 * Returns 0.  A file that was created is removed again after an error.
 *
 * Errors: those of devices, and:
 *  -EBUSY: XFS_DEV_EXCL, and there is another user: the block device is mounted or claimed, a loop
 *    device stands on the file, or another XFS_DEV_EXCL holds it (files: flock; read-only users
 *    share).
 *  -EINVAL: neither a regular file nor a block device; RDONLY with CREATE or TRUNCATE;
 *    XFS_DEV_DIRECT, and the host cannot do direct I/O there, or the size is not a multiple of its
 *    unit.
 *  -EISDIR: a directory.
 *  -EFBIG: @size_bytes is above 2^63-1, or the host has no room for such a file.
 *  -EACCES, -EPERM, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EROFS, -ENOSPC, -EDQUOT, -EMFILE,
 *    -ENFILE: as open(2) or ftruncate(2) said, which may return others.
 */
XFS_API int xfs_device_open_file(const char *path, unsigned int flags, uint64_t size_bytes,
				 struct xfs_device **devp);
XFS_API int xfs_device_open_file_env(const char *path, unsigned int flags, uint64_t size_bytes,
				     const struct xfs_env *env, struct xfs_device **devp);

/*
 * Open a host file or block device by descriptor.  @fd is duplicated, the caller keeps its own.
 * @flags: RDONLY, DIRECT, EXCL; the device is read-only if the descriptor is.  @env as for
 * xfs_device_open_file_env().
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EINVAL: the descriptor cannot be read or has O_APPEND; neither a regular file nor a block
 *    device; DIRECT, as for xfs_device_open_file().
 *  -EBADF: @fd is not open.
 *  -EBUSY: XFS_DEV_EXCL, and there is another user.
 *  -EMFILE, -ENFILE, -EACCES: as fcntl(2) or open(2) said, which may return others.
 */
XFS_API int xfs_device_open_fd(int fd, unsigned int flags, struct xfs_device **devp);
XFS_API int xfs_device_open_fd_env(int fd, unsigned int flags, const struct xfs_env *env,
				   struct xfs_device **devp);

/*
 * Open a device in memory.  It reads as zeros, allocates what is written, can be resized, and is
 * gone with its last reference.  @size_bytes is a multiple of @sector_bytes, a power of two from
 * 512 to 32768.  @env may be NULL.
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: a wrong size or sector, no @devp, or a wrong @env.
 *  -ENOMEM: the host has no memory.
 */
XFS_API int xfs_device_open_memory(uint64_t size_bytes, uint32_t sector_bytes,
				   const struct xfs_env *env, struct xfs_device **devp);

/*
 * Open a part of another device.  It is [@offset, @offset + @len) of @base; @len 0: to its end.  It
 * takes a reference to @base.  @env may be NULL.
 *
 * Physical sectors and stripes of @base that @offset is not aligned to are not reported.  If @base
 * holds a GPT that counts in larger sectors than @base has (an image file does not know those of
 * its disk), these are the window's physical_sector.
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EINVAL: the part is not inside @base, or not of whole sectors.
 */
XFS_API int xfs_device_open_window(struct xfs_device *base, uint64_t offset, uint64_t len,
				   struct xfs_device **devp);
XFS_API int xfs_device_open_window_env(struct xfs_device *base, uint64_t offset, uint64_t len,
				       const struct xfs_env *env, struct xfs_device **devp);

/*
 * Open a read-only view of another device.  It takes a reference to @base; writes return -EROFS.
 * @env may be NULL.
 *
 * Returns 0.
 *
 * Errors: those of devices.
 */
XFS_API int xfs_device_open_readonly(struct xfs_device *base, struct xfs_device **devp);
XFS_API int xfs_device_open_readonly_env(struct xfs_device *base, const struct xfs_env *env,
					 struct xfs_device **devp);

/*
 * Open a copy-on-write overlay over another device.  Writes and resizes stay in memory, allocated
 * with the hooks of @env (may be NULL); @base is written only by xfs_device_overlay_commit().  The
 * overlay takes a reference to @base.  Once it is mounted or formatted, no other writer may use
 * @base: it gets -EBUSY.
 *
 * Returns 0.
 *
 * Errors: those of devices.
 */
XFS_API int xfs_device_open_overlay(struct xfs_device *base, const struct xfs_env *env,
				    struct xfs_device **devp);

/*
 * Write an overlay to its base, and flush that.  The base gets the size of the overlay, and the
 * overlay is empty afterwards.  A commit that failed or was interrupted by a crash has written a
 * part to the base; the overlay still has all of it, and the commit may be tried again.
 *
 * Returns 0 when everything is stable on the base.
 *
 * Errors: those of devices, and:
 *  -EINVAL: not an overlay.
 *  -EBUSY: another overlay over the same base, or a mount of it, is in use.
 *  -EROFS: the base is read-only.
 *  -EOPNOTSUPP, -EFBIG: the base cannot get the size of the overlay.
 */
XFS_API int xfs_device_overlay_commit(struct xfs_device *overlay);

/*
 * Drop what was written to an overlay.  Reads see the base again, and so does the size.  Not while
 * the overlay is mounted.
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EINVAL: not an overlay.
 */
XFS_API int xfs_device_overlay_discard(struct xfs_device *overlay);

/*
 * Tell how much of an overlay is in memory.
 *
 * Returns the number of bytes written since the last commit, in whole blocks of the overlay; 0 if
 * @overlay is not an overlay.  Cannot fail.
 */
XFS_API uint64_t xfs_device_overlay_bytes(const struct xfs_device *overlay);

/*
 * Find a partition on a disk image.  @number is 1, 2, ..., as the partition table counts.
 *
 * Returns 0, and its place and length in bytes in *@offset and *@len; after an error both are 0 or
 * as in the partition table.
 *
 * Errors: those of devices, and:
 *  -ENOENT: there is no partition @number.
 *  -EINVAL: no partition table, or an empty one.
 *  -ERANGE: the partition ends behind the end of the device.
 *  -EOPNOTSUPP: the library was built without libblkid.
 */
XFS_API int xfs_device_find_partition(struct xfs_device *dev, unsigned int number, uint64_t *offset,
				      uint64_t *len);

/*
 * Open a partition of a disk image.  It is a window as by xfs_device_open_window().  If the
 * partition table counts in larger sectors than @base has (an image does not tell those of its
 * disk), they are the window's physical_sector, which xfs_mkfs() takes; a file system with smaller
 * ones could not be mounted from the disk.  *@sectorp, unless @sectorp is NULL, is what the table
 * counts in, in bytes.
 *
 * Returns 0.
 *
 * Errors: those of xfs_device_find_partition().
 */
XFS_API int xfs_device_open_partition(struct xfs_device *base, unsigned int number,
				      uint32_t *sectorp, struct xfs_device **devp);

/*
 * Tell what libblkid finds on a device.  A short description goes to @what: "ext4 file system",
 * "gpt partition table", "several signatures"; it is cut off at @what_size bytes, with its NUL.
 *
 * Returns 1, or 0 and an empty string if nothing is there.
 *
 * Errors: those of devices, and:
 *  -EOPNOTSUPP: the library was built without libblkid.
 *  -EFAULT: @what is NULL, and @what_size is not 0.
 */
XFS_API int xfs_device_probe(struct xfs_device *dev, char *what, size_t what_size);

/*
 * Read from a device.  All of @len bytes at @offset, or of the buffers of @iov.  The library itself
 * reads by these calls: they check the request and then call the ops.
 *
 * Returns 0; there are no short reads.
 *
 * Errors: those of devices, and:
 *  -EINVAL: @offset or the length is not a multiple of the logical sector.
 *  -EIO: the range is not all on the device.
 *  -EFAULT: a NULL buffer with a length.
 */
XFS_API int xfs_device_pread(struct xfs_device *dev, uint64_t offset, void *buf, size_t len);
XFS_API int xfs_device_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			      int iovcnt);

/*
 * Write to a device.  All of @len bytes at @offset, or of the buffers of @iov.  @flags: 0 or
 * XFS_DEV_FUA.  The data is stable as the crash model above says.
 *
 * Returns 0; there are no short writes.  After an error the range holds old or new sectors.
 *
 * Errors: those of devices, and:
 *  -EINVAL: @offset or the length is not a multiple of the logical sector; unknown flags.
 *  -EROFS: the device is read-only.
 *  -EIO: the range is not all on the device.
 *  -EFAULT: a NULL buffer with a length.
 */
XFS_API int xfs_device_pwrite(struct xfs_device *dev, uint64_t offset, const void *buf, size_t len,
			      unsigned int flags);
XFS_API int xfs_device_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			       int iovcnt, unsigned int flags);

/*
 * Make writes to a device stable.  Those that returned before this call began.
 *
 * Returns 0 when they are stable.
 *
 * Errors: those of devices.
 */
XFS_API int xfs_device_flush(struct xfs_device *dev);

/*
 * Discard a range of a device.  Its contents are undefined until it is written.
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EOPNOTSUPP: the device cannot discard.
 *  -EINVAL: @offset or @len is not a multiple of the logical sector.
 *  -EROFS: the device is read-only.
 *  -EIO: the range is not all on the device.
 */
XFS_API int xfs_device_discard(struct xfs_device *dev, uint64_t offset, uint64_t len);

/*
 * Zero a range of a device.  By whatever means the device has; like a write of zeros.
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EINVAL: @offset or @len is not a multiple of the logical sector.
 *  -EROFS: the device is read-only.
 *  -EIO: the range is not all on the device.
 */
XFS_API int xfs_device_zero(struct xfs_device *dev, uint64_t offset, uint64_t len);

/*
 * Copy from a host file to a device.  All of @len bytes at @fd_offset of @fd go to @offset, by
 * whatever means there are, perhaps without passing through memory.  @fd stays the caller's.
 *
 * Returns 0; there are no short copies.
 *
 * Errors: those of devices, and:
 *  -EINVAL: @offset or @len is not a multiple of the logical sector; the range of @fd ends past
 *    2^63-1.
 *  -EBADF: @fd is negative.
 *  -EROFS: the device is read-only.
 *  -EIO: the range is not all on the device; or the host file ends before @len bytes, or cannot be
 *    read: xfs_error_text() tells which of the two failed.
 */
XFS_API int xfs_device_copy_range(struct xfs_device *dev, uint64_t offset, int fd,
				  uint64_t fd_offset, uint64_t len);

/*
 * Tell the properties of a device.  @info->size must be set.
 *
 * Returns 0.
 *
 * Errors: those of devices.
 */
XFS_API int xfs_device_info(struct xfs_device *dev, struct xfs_device_info *info);

/*
 * Tell why a device last failed.  -ENOSPC if the disk of the host is full, -ENXIO if a disk was
 * pulled out, and so on.  Failures of what the device stands on count.
 *
 * Returns the negative errno of the last call that failed, whoever made it; 0 if none did.  Cannot
 * fail.
 */
XFS_API int xfs_device_error(const struct xfs_device *dev);

/*
 * Set the size of a device.  New bytes read as zeros.
 *
 * Returns 0.
 *
 * Errors: those of devices, and:
 *  -EOPNOTSUPP: the size of the device is fixed.
 *  -EINVAL: not a multiple of the logical sector.
 *  -EFBIG: more than 2^63-1 bytes, or more than the host allows.
 *  -EROFS: the device is read-only.
 */
XFS_API int xfs_device_resize(struct xfs_device *dev, uint64_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
