/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli), by the CPU's instruction if it has one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/endian.h"

#define XFS_CRC_SEED 0xffffffffu

/* Update the running register @crc with @len bytes; no inversion at either end. */
uint32_t xfs_crc32c(uint32_t crc, const void *buf, size_t len);

/* The same without the CPU's instruction, for hosts without it and for tests. */
uint32_t xfs_crc32c_portable(uint32_t crc, const void *buf, size_t len);

/*
 * The checksum of an on-disk object: all of [@buf, @buf + @len) with the four bytes at @crc_off
 * taken as zero; inverted at the end.
 */
uint32_t xfs_cksum(const void *buf, size_t len, size_t crc_off);

static inline bool xfs_cksum_ok(const void *buf, size_t len, size_t crc_off)
{
	return get_le32((const char *)buf + crc_off) == xfs_cksum(buf, len, crc_off);
}

static inline void xfs_cksum_set(void *buf, size_t len, size_t crc_off)
{
	put_le32(xfs_cksum(buf, len, crc_off), (char *)buf + crc_off);
}

#endif
