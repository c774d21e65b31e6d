/* SPDX-License-Identifier: MIT */
/*
 * An image in memory that stands on another one and costs what was written to
 * it: twenty thousand crash images are made from a handful of pages each.
 *
 * What nobody wrote reads as poison, never as zeros: a block that the file
 * system shows before it wrote it is seen at once.
 */
#ifndef CRASH_IMAGE_H
#define CRASH_IMAGE_H

#include <xfswrite/device.h>

#define CRASH_SECTOR 512u
#define CRASH_POISON 0xa5	/* each byte of it */

/* @parent: what is below, which nobody may write to meanwhile; NULL: poison. */
struct xfs_device *crash_image_new(uint64_t size_bytes, struct xfs_device *parent);
/* Forget all that was written to it since it was made. */
void crash_image_reset(struct xfs_device *image);

/*
 * Put a run of sectors and keep the hash up to date, which ordinary writes do
 * not.  Two images of one start have the same contents when their hashes are equal.
 */
void crash_image_put(struct xfs_device *image, uint64_t offset, const uint8_t *data, uint64_t len);
uint64_t crash_image_hash(struct xfs_device *image);
void crash_image_set_hash(struct xfs_device *image, uint64_t hash);

/* All of it in an image of its own, which stands on nothing. */
struct xfs_device *crash_image_copy(struct xfs_device *image);
/* To a host file; poison is written as such. */
void crash_image_save(struct xfs_device *image, const char *path);

/* Spread the bits of a number. */
uint64_t crash_mix(uint64_t x);

#endif
