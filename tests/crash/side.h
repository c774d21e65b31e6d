/* SPDX-License-Identifier: MIT */
/*
 * A part of a device that is a disk of its own: its flush makes nothing stable but its own
 * writes.  One recording of both disks then tells what came first.
 */
#ifndef CRASH_SIDE_H
#define CRASH_SIDE_H

#include <xfswrite/device.h>

/* @recorded: @base is a recorder of tests/support. */
struct xfs_device *crash_side_new(struct xfs_device *base, bool recorded, uint64_t offset,
				  uint64_t len);

#endif
