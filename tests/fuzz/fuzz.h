/* SPDX-License-Identifier: MIT */
/*
 * What fuzz targets share: the form of an input.  Raw images are mostly zeros and
 * hundreds of megabytes long; an input lists what is not zero instead.
 *
 *   "XFSFUZZ1", device size (8 bytes), then pieces: offset (8), length (4), bytes.
 *
 * All numbers big-endian.  Pieces that do not fit are left out, so that whatever a
 * fuzzer makes of an input still is one.  Checksums at the places where a
 * format has them are made right after loading, unless the size is odd:
 * otherwise no fuzzer would get past the first of them.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <xfswrite/device.h>
#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A memory device with the image in it; NULL: the input has not even a header. */
struct xfs_device *fuzz_open(const uint8_t *data, size_t len);

/* The other way: an input of the image on @dev.  Returns its length, 0 on failure; *@out is
 * malloc'ed. */
size_t fuzz_pack(struct xfs_device *dev, uint8_t **out);

#endif
