/* SPDX-License-Identifier: MIT */
/* What the devices of this folder share. */
#ifndef DEVICE_DEVICE_PRIV_H
#define DEVICE_DEVICE_PRIV_H

#include <xfswrite/device.h>
#include "base/compiler.h"
#include "base/mem.h"

/* Sector sizes that an XFS can live on. */
#define XFS_DEV_MIN_SECTOR 512u
#define XFS_DEV_MAX_SECTOR 32768u

/* A buffer of zeros to write from, aligned well enough for direct I/O. */
#define XFS_DEV_ZERO_BYTES 65536u
extern const uint8_t xfs_device_zeros[XFS_DEV_ZERO_BYTES];

/* All bytes of @iov; -EINVAL for a negative count or a sum past SSIZE_MAX. */
int xfs_iov_total(const struct iovec *iov, int iovcnt, uint64_t *total);

/* A place in an iovec array, for those that copy from or to it piece by piece. */
struct xfs_iov_cursor {
	const struct iovec *iov;
	size_t done; /* bytes of *iov that are behind us */
};

/* Copy the next @len bytes of the vector to @dst, or fill them from @src. */
void xfs_iov_take(struct xfs_iov_cursor *cur, void *dst, size_t len);
void xfs_iov_give(struct xfs_iov_cursor *cur, const void *src, size_t len);

#endif
