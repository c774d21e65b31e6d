/* SPDX-License-Identifier: MIT */
/* What the devices of this folder share. */
#ifndef DEVICE_DEVICE_PRIV_H
#define DEVICE_DEVICE_PRIV_H

#include <xfswrite/device.h>
#include "base/compiler.h"
#include "base/iov.h"
#include "base/mem.h"
#include "lock/lock.h"

/* Sector sizes that an XFS can live on. */
#define XFS_DEV_MIN_SECTOR 512u
#define XFS_DEV_MAX_SECTOR 32768u

/* A buffer of zeros to write from, aligned well enough for direct I/O. */
#define XFS_DEV_ZERO_BYTES 65536u
extern const uint8_t xfs_device_zeros[XFS_DEV_ZERO_BYTES];

/*
 * The walk of [@offset, @end) in parts that each lie in one block of 2^@block_shift bytes:
 *	while (xfs_pieces_next(&rest, &p)) ...
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
 * A sparse file in memory of the device's size that holds copies of its first
 * @head and last @tail bytes, for libraries that want a descriptor.  The caller
 * closes *@fdp, which is -1 after an error.
 */
int xfs_device_shadow(struct xfs_device *dev, uint64_t head, uint64_t tail, int *fdp);
/* Copy [@offset, @offset + @len), widened to sectors, into the shadow too. */
int xfs_device_shadow_add(struct xfs_device *dev, int fd, uint64_t offset, uint64_t len);

/* What a device that stands on one other begins with. */
struct xfs_stacked_device {
	struct xfs_device dev;
	struct xfs_device *base;
	struct xfs_mem mem;
};

/*
 * Zeroed memory of @size bytes for one with @ops, the caller's reference in *@devp, which is NULL
 * after an error; @info: of @base.  To give it up again: xfs_stacked_close().
 */
int xfs_stacked_open(struct xfs_device *base, const struct xfs_device_ops *ops, size_t size,
		     const struct xfs_env *env, struct xfs_device_info *info,
		     struct xfs_device **devp) XFS_MUST_CHECK;
/* The end of its ops->close, or all of it. */
void xfs_stacked_close(struct xfs_device *dev);
static inline struct xfs_device *xfs_stacked_base(const struct xfs_device *dev)
{
	return ((const struct xfs_stacked_device *)(const void *)dev)->base; /* its first member */
}

/*
 * The sectors in which the partition table of the disk @base counts, when they are larger than those
 * that @base has by itself and it is certain; 0.  Any window on it is a part of a disk with these.
 */
uint32_t xfs_partition_table_sector(struct xfs_device *base, const struct xfs_device_info *info);

/* xfs_device_open_window() on what is known to have sectors of @sector bytes; 0: look. */
int xfs_window_open(struct xfs_device *base, uint64_t offset, uint64_t len, uint32_t sector,
		    const struct xfs_env *env, struct xfs_device **devp);

/*
 * What claim.c needs to know of overlays.  The base of @dev, NULL when it is no overlay; whether
 * anything was changed in it; what keeps its base from writers meanwhile.
 */
struct xfs_claim;
struct xfs_device *xfs_overlay_base(struct xfs_device *dev);
bool xfs_overlay_differs(struct xfs_device *overlay);
struct xfs_claim *xfs_overlay_kept(struct xfs_device *overlay);

/*
 * A host file or block device: file_open.c makes it, file.c does its I/O, and
 * file_direct.c what O_DIRECT cannot do as it was asked for.
 */
struct xfs_file_device {
	struct xfs_device dev;
	struct xfs_mem mem;
	int fd;
	uint64_t host_dev, host_ino; /* of a block device: its number, and 0 */
	int claim_fd; /* holds the O_EXCL claim of a borrowed descriptor, or -1 */
	bool is_block, read_only;
	bool own_description; /* opened by us: its file position is nobody else's */
	bool rotational;
	uint32_t logical_sector, physical_sector, io_min, io_opt;
	uint64_t size_bytes;   /* atomic */
	int flush_error;       /* atomic; once a flush failed, no later one can be believed */
	bool no_write_dsync;   /* atomic: the host has no RWF_DSYNC here */
	bool direct;	       /* the rest is for O_DIRECT alone */
	uint32_t mem_align;    /* of addresses */
	uint32_t offset_align; /* of offsets and lengths */
	struct xfs_mutex bounce_lock;
	uint8_t *bounce; /* XFS_FILE_BOUNCE_BYTES, under bounce_lock */
};
#define XFS_FILE_BOUNCE_BYTES (1u << 20)

/*
 * All of @iov, over short transfers, interruptions and the host's limit of
 * vector entries.  @rwf: flags of pwritev2, for writes.
 */
int xfs_file_transfer(struct xfs_file_device *fdev, bool write, uint64_t offset,
		      const struct iovec *iov, int iovcnt, int rwf);

/* Whether O_DIRECT takes it as it is. */
bool xfs_file_direct_fits(const struct xfs_file_device *fdev, uint64_t offset,
			  const struct iovec *iov, int iovcnt);
int xfs_file_direct_read(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			 uint64_t len);
int xfs_file_direct_write(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			  uint64_t len, int rwf);

/*
 * What holds the bytes of a host file or block device, and where in it they begin: the file or
 * disk under partitions and loop devices, as far as the host tells.
 */
struct xfs_host_place {
	bool is_block;
	uint64_t dev, ino; /* of a block device: its number, and 0 */
	uint64_t offset;   /* bytes */
};
void xfs_host_place(const struct xfs_file_device *fdev, struct xfs_host_place *place);
/* Called for the @bytes from @member->offset on. */
typedef int (*xfs_host_member_fn)(void *ctx, const struct xfs_host_place *member, uint64_t bytes);
/* What block device @number is made of: device-mapper's and md's.  Stops at the first error. */
int xfs_host_members(uint64_t number, xfs_host_member_fn fn, void *ctx);
extern const char *xfs_host_sysfs;	/* where sysfs is mounted */

extern const struct xfs_device_ops xfs_file_ops;

#endif
