/* SPDX-License-Identifier: MIT */
/* Copying from a device to a host descriptor without passing through user memory. */
#ifndef DEVICE_COPY_OUT_H
#define DEVICE_COPY_OUT_H

#include <xfswrite/device.h>

/* Like ops->copy_out, but -EOPNOTSUPP also if the range does not lie on the device. */
int64_t xfs_device_copy_out(struct xfs_device *dev, uint64_t offset, int fd, uint64_t fd_offset,
			    uint64_t len);

#endif
