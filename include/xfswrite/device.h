/* SPDX-License-Identifier: MIT */
/*
 * Block devices as the library sees them: a small table of calls whose crash
 * semantics are written down here.  Files, memory, windows, overlays and the
 * caller's own callbacks are all this one type, and they stack.
 *
 * The crash model: a write that returned may be lost, torn at any logical
 * sector, or reach stable storage in any order with other writes, until a
 * flush that began after it returned has itself returned 0, or unless the
 * write carried XFS_DEV_FUA and returned 0.
 *
 * Exclusive use: within a process a device has at most one writer.  xfs_mount()
 * without RDONLY, xfs_mkfs() and xfs_device_overlay_commit() give -EBUSY, and
 * change nothing, where another of them is at work: on the same device; through
 * windows and read-only views, on the same bytes of it; through devices opened
 * twice, on the same host file or block device; on a partition (/dev/sda1) and the
 * same bytes of its disk (/dev/sda), and on a loop device and its file.  (Windows and
 * partitions that do not overlap have a writer each.  What a device-mapper device
 * stands on is not looked for.)  An overlay and its log device are held in the same way,
 * and what an overlay stands on is held against writers from when the overlay is
 * mounted or formatted until it is committed, discarded or gone.  A device that
 * is open read-only may be read beside a writer: it sees what is on the disk at
 * each moment, which may be old, or torn and then reported as damaged.  The plain
 * calls below (xfs_device_pwrite() ...) ask nobody.  Other processes are kept off
 * with XFS_DEV_EXCL.
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

#define XFS_DEVICE_OPS_VERSION	3u	/* tables of version 1 end before @base, of 2 before @copy_out */

enum xfs_device_write_flags {
	XFS_DEV_FUA = 1u << 0,
};
#define XFS_DEV_FUA		(1u << 0)	/* pwritev: stable when it returns 0 */

struct xfs_device_info {
	uint32_t size;			/* in: sizeof(struct xfs_device_info); at least up to @size_bytes */
	uint32_t logical_sector;	/* bytes, a power of two; offsets, lengths: its multiples */
	uint64_t size_bytes;		/* reads and writes must end at or before it */
	uint32_t physical_sector;	/* bytes; smallest unit written without read-modify-write */
	uint32_t io_min;		/* bytes, 0 = unknown: stripe unit */
	uint32_t io_opt;		/* bytes, 0 = unknown: stripe width */
	bool volatile_cache;		/* flush does something */
	bool read_only;
	bool growable;			/* resize can make it larger */
	bool rotational;
};
#define XFS_DEVICE_INFO_INIT	XFS_SIZED_INIT(struct xfs_device_info)

/*
 * For the info call of a device: give @info, whose @size is that of who asks, what both know of @mine,
 * whose @size is that of the device:
 *
 *	struct xfs_device_info mine = XFS_DEVICE_INFO_INIT;
 *	...
 *	return xfs_device_info_set(info, &mine);
 *
 * 0; -EINVAL: one of them has no @size.
 */
XFS_API int xfs_device_info_set(struct xfs_device_info *info, const struct xfs_device_info *mine);

/*
 * All calls return 0 or a negative errno; none transfers less than it was
 * asked for and returns 0.  -EINTR and -EAGAIN: nothing is known to be done, try
 * again; the library does so at once, or after some milliseconds, up to 100 and 8
 * times.  Calls may come from several threads at once.  Optional members may be NULL.
 */
struct xfs_device_ops {
	uint32_t version;		/* XFS_DEVICE_OPS_VERSION */

	/* Fill all of @iov from @offset.  -EIO past the end. */
	int (*preadv)(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt);

	/*
	 * Write all of @iov at @offset.  A later preadv sees it at once.  May
	 * be lost, torn by sector or reordered until a later flush returns 0;
	 * with XFS_DEV_FUA it is stable when the call returns 0 (other writes
	 * are not).  After an error the range holds old or new sectors.
	 */
	int (*pwritev)(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
		       unsigned int flags);

	/* Every write that returned before this call began is stable when it returns 0. */
	int (*flush)(struct xfs_device *dev);

	/*
	 * Optional: the range's contents are no longer needed; reads of it give
	 * anything until it is written.  Takes part in the crash model like a write.
	 */
	int (*discard)(struct xfs_device *dev, uint64_t offset, uint64_t len);

	/*
	 * Optional: the range reads as zeros from now on, like a write of zeros,
	 * perhaps without transferring them.  NULL or -EOPNOTSUPP: the library writes zeros.
	 */
	int (*zero)(struct xfs_device *dev, uint64_t offset, uint64_t len);

	/*
	 * Optional: write @len bytes read from host file @fd at @fd_offset to
	 * @offset, perhaps without copying them through memory; like a write.
	 * -EOPNOTSUPP or -EXDEV: nothing was done, the library copies.
	 */
	int (*copy_range)(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			  uint64_t len);

	/*
	 * Properties; size_bytes may change with resize only.  @info is zeroed, and its @size is the
	 * library's, which may be older or newer than the device: no more than that may be
	 * written.  xfs_device_info_set() does it.
	 */
	int (*info)(struct xfs_device *dev, struct xfs_device_info *info);

	/* Optional: make the device @size_bytes long; new bytes read as zeros. */
	int (*resize)(struct xfs_device *dev, uint64_t size_bytes);

	/* The last reference is gone: free @dev.  Cannot fail; does not flush. */
	void (*close)(struct xfs_device *dev);

	/*
	 * Optional: the device that this one reads and writes, and in *@offset where in
	 * it byte 0 of this one lies.  Then who writes to this one keeps others from
	 * writing to that part of it (see "Exclusive use").
	 */
	struct xfs_device *(*base)(struct xfs_device *dev, uint64_t *offset);

	/*
	 * Optional: copy up to @len bytes at @offset, which need not be whole sectors, to host descriptor
	 * @fd without reading them into memory: to @fd_offset of it, or, when that is
	 * XFS_DEV_NO_OFFSET, to where it stands, as into a pipe or socket.  Returns how many, at least
	 * one; -EOPNOTSUPP when it cannot, or anything stood against it: the library then reads and
	 * writes, and hears of it.
	 */
	int64_t (*copy_out)(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			    uint64_t len);
};
#define XFS_DEV_NO_OFFSET	UINT64_MAX

/*
 * The caller's own device: embed this as first member, fill it with
 * xfs_device_init(), keep private data behind it.
 */
struct xfs_device {
	const struct xfs_device_ops *ops;
	uint32_t refcount;		/* the library's; atomically changed */
	uint32_t last_error;		/* the library's; see xfs_device_error() */
	uint64_t reserved[4];		/* the library's: it is embedded, and cannot grow later */
};

/* One reference, the caller's.  @ops must outlive the device. */
XFS_API void xfs_device_init(struct xfs_device *dev, const struct xfs_device_ops *ops);

/* Another reference to @dev; returns @dev. */
XFS_API struct xfs_device *xfs_device_get(struct xfs_device *dev);

/* Give one reference back; the last one calls ops->close.  NULL is fine. */
XFS_API void xfs_device_put(struct xfs_device *dev);

enum xfs_device_open_flags {
	XFS_DEV_RDONLY = 1u << 0,
	XFS_DEV_DIRECT = 1u << 1,
	XFS_DEV_CREATE = 1u << 2,
	XFS_DEV_TRUNCATE = 1u << 3,
	XFS_DEV_EXCL = 1u << 4,
};
#define XFS_DEV_RDONLY		(1u << 0)
#define XFS_DEV_DIRECT		(1u << 1)	/* O_DIRECT: bypass the host's page cache */
#define XFS_DEV_CREATE		(1u << 2)	/* create the file if it is missing */
#define XFS_DEV_TRUNCATE	(1u << 3)	/* empty an existing file (never a block device) */
#define XFS_DEV_EXCL		(1u << 4)	/* -EBUSY when the block device is mounted or held */

/*
 * A host file or block device.  @size_bytes: the length that a file gets which
 * this call creates or truncates; others keep theirs (see xfs_device_resize).
 *
 * -EBUSY with XFS_DEV_EXCL when somebody else uses it: the block device is
 * mounted or claimed, a loop device stands on the file, or another
 * XFS_DEV_EXCL holds it (files: flock; read-only users share).
 * -EINVAL with XFS_DEV_DIRECT: the host cannot do direct I/O there, or the size
 * is not a multiple of its unit.  -EACCES, -EROFS, -ENOENT ...: as from open().
 */
XFS_API int xfs_device_open_file(const char *path, unsigned int flags, uint64_t size_bytes,
				 struct xfs_device **devp);

/*
 * The same over a descriptor; it is duplicated, the caller keeps its own.
 * Read-only when the descriptor is.  -EINVAL: it cannot be read, appends, or is
 * neither a file nor a block device.  Flags: RDONLY, DIRECT, EXCL.
 */
XFS_API int xfs_device_open_fd(int fd, unsigned int flags, struct xfs_device **devp);

/* The same with the caller's memory hooks, which the device keeps until it is closed; @env may be NULL. */
XFS_API int xfs_device_open_file_env(const char *path, unsigned int flags, uint64_t size_bytes,
				     const struct xfs_env *env, struct xfs_device **devp);
XFS_API int xfs_device_open_fd_env(int fd, unsigned int flags, const struct xfs_env *env,
				   struct xfs_device **devp);

/* Zeroed memory that allocates what is written; resizable.  @env may be NULL. */
XFS_API int xfs_device_open_memory(uint64_t size_bytes, uint32_t sector_bytes,
				   const struct xfs_env *env, struct xfs_device **devp);

/*
 * Bytes [@offset, @offset + @len) of @base; @len 0: to its end.  Takes its own
 * reference to @base, as do all stacking devices.  -EINVAL unless sector-aligned.
 * Physical sectors and stripes of @base that @offset is not aligned to are not told.
 * Where @base holds a GPT that counts in larger sectors than its own - an image file does not
 * know those of its disk - these are the window's physical_sector.
 */
XFS_API int xfs_device_open_window(struct xfs_device *base, uint64_t offset, uint64_t len,
				   struct xfs_device **devp);

XFS_API int xfs_device_open_window_env(struct xfs_device *base, uint64_t offset, uint64_t len,
				       const struct xfs_env *env, struct xfs_device **devp);

/* @base, but writes give -EROFS. */
XFS_API int xfs_device_open_readonly(struct xfs_device *base, struct xfs_device **devp);
XFS_API int xfs_device_open_readonly_env(struct xfs_device *base, const struct xfs_env *env,
					 struct xfs_device **devp);

/*
 * Copy-on-write overlay: writes and resizes stay in memory, @base is never
 * written until xfs_device_overlay_commit() writes all of them to it and flushes
 * it.  A commit that failed or was cut short by a crash left a part of them in
 * the base; the overlay still has all, and it may be tried again.  -EINVAL: not
 * an overlay.  Nobody else may write to @base while the overlay stands on it: -EBUSY for
 * who tries (see above), and from the commit while another overlay, or a mount, is at work there.
 */
XFS_API int xfs_device_open_overlay(struct xfs_device *base, const struct xfs_env *env,
				    struct xfs_device **devp);
XFS_API int xfs_device_overlay_commit(struct xfs_device *overlay);
/* Forget what was written; reads see @base again. */
XFS_API int xfs_device_overlay_discard(struct xfs_device *overlay);
/* Bytes that differ from @base, in units of the overlay's block. */
XFS_API uint64_t xfs_device_overlay_bytes(const struct xfs_device *overlay);

/*
 * Where partition @number (1, 2, ...; as the partition table counts) of the
 * disk image lies, in bytes.  -ENOENT: no such partition; -ERANGE: it reaches
 * beyond the device; -EINVAL: no partition table, or an empty one; -EOPNOTSUPP:
 * built without libblkid.
 */
XFS_API int xfs_device_find_partition(struct xfs_device *dev, unsigned int number, uint64_t *offset,
				      uint64_t *len);

/*
 * A window on that partition.  A table that counts in larger sectors than @base has - an
 * image of a disk does not tell of its own - makes them its physical_sector, which is what
 * xfs_mkfs() takes; *@sectorp (may be NULL): what it counts in.  A file system with smaller
 * ones could not be mounted from the disk.
 */
XFS_API int xfs_device_open_partition(struct xfs_device *base, unsigned int number,
				      uint32_t *sectorp, struct xfs_device **devp);

/*
 * What libblkid sees on the device: 1 and a short description ("ext4 file system",
 * "gpt partition table", "several signatures") in @what, 0 and an empty string
 * when nothing is there, -EOPNOTSUPP without libblkid.
 */
XFS_API int xfs_device_probe(struct xfs_device *dev, char *what, size_t what_size);

/*
 * Plain calls, which the library itself uses: check the request, then call the
 * ops.  -EINVAL: offset or length is not a multiple of the logical sector, or unknown
 * flags; -EROFS: the device is read-only; -EIO: not all of it lies on the device;
 * -ENOMEM: no memory for it.  Everything else that a device answers arrives as -EIO,
 * because of a file system it would mean something else (-ENOSPC, -EUCLEAN ...) or
 * nothing at all (-ECANCELED ...): xfs_device_error() has it as it was, and so has
 * xfs_error_text().  -EINTR and -EAGAIN are tried again first.
 */
XFS_API int xfs_device_pread(struct xfs_device *dev, uint64_t offset, void *buf, size_t len);
XFS_API int xfs_device_pwrite(struct xfs_device *dev, uint64_t offset, const void *buf, size_t len,
			      unsigned int flags);
XFS_API int xfs_device_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			      int iovcnt);
XFS_API int xfs_device_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			       int iovcnt, unsigned int flags);
XFS_API int xfs_device_flush(struct xfs_device *dev);
/* -EOPNOTSUPP: the device cannot. */
XFS_API int xfs_device_discard(struct xfs_device *dev, uint64_t offset, uint64_t len);
/* Zeros the range by whatever means the device has. */
XFS_API int xfs_device_zero(struct xfs_device *dev, uint64_t offset, uint64_t len);
/*
 * Copies by whatever means there are; -EIO when the host file ends before @len bytes or cannot
 * be read (xfs_error_text() tells which of the two failed).
 */
XFS_API int xfs_device_copy_range(struct xfs_device *dev, uint64_t offset, int fd,
				  uint64_t fd_offset, uint64_t len);
XFS_API int xfs_device_info(struct xfs_device *dev, struct xfs_device_info *info);
/*
 * The negative errno with which a call of @dev, or of what it stands on, last failed;
 * 0: none did.  -ENOSPC where the host's disk is full, -ENXIO of a disk that was pulled
 * out ...  It stays until another call fails, whoever makes it.
 */
XFS_API int xfs_device_error(const struct xfs_device *dev);
/* -EOPNOTSUPP: its size is fixed; -EINVAL: not a multiple of the sector; -EFBIG, -EROFS. */
XFS_API int xfs_device_resize(struct xfs_device *dev, uint64_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
