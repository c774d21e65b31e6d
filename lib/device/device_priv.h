/* SPDX-License-Identifier: MIT */
/* Shared by the devices of this folder. */
#ifndef DEVICE_DEVICE_PRIV_H
#define DEVICE_DEVICE_PRIV_H

#include <xfswrite/device.h>
#include "base/compiler.h"
#include "base/iov.h"
#include "base/mem.h"
#include "lock/lock.h"

/* Sector sizes that XFS supports. */
#define XFS_DEV_MIN_SECTOR 512u
#define XFS_DEV_MAX_SECTOR 32768u

/* Zeros to write from, aligned well enough for direct I/O. */
#define XFS_DEV_ZERO_BYTES 65536u
extern const uint8_t xfs_device_zeros[XFS_DEV_ZERO_BYTES];

/*
 * Walk [@offset, @end) in pieces that each lie within one block of 2^@block_shift bytes:
 *
 *   while (xfs_pieces_next(&rest, &p)) ...
 */
struct xfs_pieces {
	uint64_t offset, end;
	uint32_t block_shift;
};
struct xfs_piece {
	uint64_t index;	  /* of the block */
	size_t skip, len; /* bytes within it */
};

static inline bool xfs_pieces_next(struct xfs_pieces *rest, struct xfs_piece *p)
{
	size_t block_bytes = (size_t)1 << rest->block_shift;

	if (rest->offset >= rest->end)
		return false;
	p->index = rest->offset >> rest->block_shift;
	p->skip = (size_t)rest->offset & (block_bytes - 1);
	p->len = (size_t)XFS_MIN(rest->end - rest->offset, (uint64_t)(block_bytes - p->skip));
	rest->offset += p->len;
	return true;
}

/*
 * Make a sparse file in memory of the device's size with copies of its first @head and last @tail
 * bytes, for libraries that need a descriptor.  The caller closes *@fdp, which is -1 after an
 * error.
 */
int xfs_device_shadow(struct xfs_device *dev, uint64_t head, uint64_t tail, int *fdp);
/* Also copy [@offset, @offset + @len), widened to sectors, into the shadow. */
int xfs_device_shadow_add(struct xfs_device *dev, int fd, uint64_t offset, uint64_t len);

/* First member of a device that stands on one other. */
struct xfs_stacked_device {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_mem mem;
};

/*
 * Allocate a device of @size zeroed bytes with @ops; *@devp is the caller's reference, NULL after
 * an error.  @info: of @base.  xfs_stacked_close() undoes it.
 */
int xfs_stacked_open(struct xfs_device *base, const struct xfs_device_ops *ops, size_t size,
		     const struct xfs_env *env, struct xfs_device_info *info,
		     struct xfs_device **devp) XFS_MUST_CHECK;
/* The last step of its ops->close, or all of it. */
void xfs_stacked_close(struct xfs_device *dev);
static inline struct xfs_device *xfs_stacked_base(const struct xfs_device *dev)
{
	return ((const struct xfs_stacked_device *)(const void *)dev)->base; /* dev is its first
									      * member */
}

/*
 * The sector size in which the partition table of the disk @base counts, if it is certain and
 * larger than the sector of @base; else 0.  Every window on @base is then part of a disk with such
 * sectors.
 */
uint32_t xfs_partition_table_sector(struct xfs_device *base, const struct xfs_device_info *info);

/*
 * xfs_device_open_window() on a disk known to have sectors of @sector bytes; 0: look at its table.
 */
int xfs_window_open(struct xfs_device *base, uint64_t offset, uint64_t len, uint32_t sector,
		    const struct xfs_env *env, struct xfs_device **devp);

/*
 * For claim.c: the base of @dev, NULL if it is no overlay; whether the overlay holds changes; the
 * claim that keeps writers off the base meanwhile.
 */
struct xfs_claim;
struct xfs_device *xfs_overlay_base(struct xfs_device *dev);
bool xfs_overlay_differs(struct xfs_device *overlay);
struct xfs_claim *xfs_overlay_kept(struct xfs_device *overlay);

/*
 * A host file or block device: file_open.c opens it, file.c does its I/O, and file_direct.c handles
 * requests that O_DIRECT cannot take as they are.
 */
struct xfs_file_device {
	struct xfs_device dev;
	struct xfs_mem mem;
	int fd;
	uint64_t host_dev, host_ino; /* st_dev and st_ino; of a block device st_rdev and 0 */
	int claim_fd; /* O_EXCL claim for a borrowed descriptor, or -1 */
	bool is_block, read_only;
	bool own_description; /* opened here: nobody else uses its file position */
	bool rotational;
	uint32_t logical_sector, physical_sector, io_min, io_opt;
	uint64_t size_bytes;   /* atomic */
	int flush_error;       /* atomic; after a failed flush no later one can be trusted */
	bool no_write_dsync;   /* atomic: the host does not support RWF_DSYNC here */
	bool direct;	       /* the rest is used with O_DIRECT only */
	uint32_t mem_align;    /* alignment of addresses */
	uint32_t offset_align; /* alignment of offsets and lengths */
	struct xfs_mutex bounce_lock;
	uint8_t *bounce; /* XFS_FILE_BOUNCE_BYTES, under bounce_lock */
};
#define XFS_FILE_BOUNCE_BYTES (1u << 20)

/*
 * Transfer all of @iov, across short transfers, interruptions and the host's limit of vector
 * entries.  @rwf: flags of pwritev2(), for writes.
 */
int xfs_file_transfer(struct xfs_file_device *fdev, bool write, uint64_t offset,
		      const struct iovec *iov, int iovcnt, int rwf);

/* True if O_DIRECT can take the request as it is. */
bool xfs_file_direct_fits(const struct xfs_file_device *fdev, uint64_t offset,
			  const struct iovec *iov, int iovcnt);
int xfs_file_direct_read(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			 uint64_t len);
int xfs_file_direct_write(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			  uint64_t len, int rwf);

/*
 * What holds the bytes of a host file or block device, and where they begin in it: the file or disk
 * below partitions and loop devices, as far as the host tells.
 */
struct xfs_host_place {
	bool is_block;
	uint64_t dev, ino; /* as in struct xfs_file_device */
	uint64_t offset;   /* bytes */
};
void xfs_host_place(const struct xfs_file_device *fdev, struct xfs_host_place *place);
/* Called for @bytes from @member->offset on. */
typedef int (*xfs_host_member_fn)(void *ctx, const struct xfs_host_place *member, uint64_t bytes);
/*
 * Call @fn for each block device that block device @number is made of (device-mapper, md).  Stops
 * at the first error.
 */
int xfs_host_members(uint64_t number, xfs_host_member_fn fn, void *ctx);
extern const char *xfs_host_sysfs;	/* mount point of sysfs */

extern const struct xfs_device_ops xfs_file_ops;

#endif
