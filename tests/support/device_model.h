/* SPDX-License-Identifier: MIT */
/*
 * Any device against a plain model of one: an array of bytes.
 */
#ifndef SUPPORT_DEVICE_MODEL_H
#define SUPPORT_DEVICE_MODEL_H

#include <xfswrite/device.h>
#include "base/rand.h"

/*
 * @nr_ops seeded reads, writes, zeroings, copies and flushes within the whole of
 * @dev, which must be small (it is held in memory once more) and is read in at
 * the start; everything read must equal the model, the whole device at the end.
 */
void test_device_model(struct xfs_device *dev, struct xfs_rand *r, unsigned int nr_ops);

/* Requests that the plain calls must refuse, on a device of any kind. */
void test_device_refusals(struct xfs_device *dev);

/* A memory device full of a pattern; fails the test that cannot have it. */
struct xfs_device *test_device_patterned(uint64_t size_bytes, uint32_t sector);

#endif
