/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"

/* Reflected polynomial, one byte at a time. */
static const uint32_t *crc_table(void)
{
	static uint32_t table[256];
	static int ready;

	if (!ready) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (int k = 0; k < 8; k++)
				c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
			table[i] = c;
		}
		ready = 1;
	}
	return table;
}

uint32_t xfs_crc32c(uint32_t crc, const void *buf, size_t len)
{
	const uint32_t *table = crc_table();
	const uint8_t *p = buf;

	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

uint32_t xfs_cksum(const void *buf, size_t len, size_t crc_off)
{
	static const uint8_t zero[4];
	const uint8_t *p = buf;
	uint32_t crc = xfs_crc32c(XFS_CRC_SEED, p, crc_off);

	crc = xfs_crc32c(crc, zero, sizeof(zero));
	crc = xfs_crc32c(crc, p + crc_off + 4, len - crc_off - 4);
	return ~crc;
}
