/* SPDX-License-Identifier: MIT */
/*
 * Three implementations: tables that process eight bytes per step, and the instructions of x86
 * (SSE4.2) and ARMv8, which are detected at run time.
 *
 * The instruction can start every cycle but has a latency of three, so longer buffers are split
 * into three pieces that are processed side by side.  The pieces are joined by the linearity of the
 * CRC: the register after a piece and n more bytes is that of the piece shifted over n zero bytes,
 * xor that of the n bytes from 0.  Piece lengths suit the most frequent checksums: of a 4 KiB block
 * and of a 512-byte inode, behind the checksum field.
 */
#include "base/compiler.h"
#include "base/crc32c.h"
#include "base/crc32c_tables.h"

#if defined(__x86_64__)
#define HAVE_CRC_INSTRUCTION 1
#define CRC_TARGET	     __attribute__((target("sse4.2")))
#define crc_u64(crc, x)	     ((uint32_t)__builtin_ia32_crc32di((crc), (x)))
#define crc_u8(crc, x)	     ((uint32_t)__builtin_ia32_crc32qi((crc), (x)))

static bool cpu_has_crc(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#elif defined(__aarch64__) && defined(__linux__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <sys/auxv.h>
#define HAVE_CRC_INSTRUCTION 1
#ifdef __clang__
#define CRC_TARGET __attribute__((target("crc")))
#else
#define CRC_TARGET __attribute__((target("+crc")))
#endif
#define ARM_HWCAP_CRC32 (1u << 7)

CRC_TARGET static inline uint32_t crc_u64(uint32_t crc, uint64_t x)
{
	__asm__("crc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(x));
	return crc;
}

CRC_TARGET static inline uint32_t crc_u8(uint32_t crc, uint8_t x)
{
	__asm__("crc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(x));
	return crc;
}

static bool cpu_has_crc(void)
{
	static int known; /* 0: not detected yet; all threads detect the same */
	int answer = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (!answer) {
		answer = getauxval(AT_HWCAP) & ARM_HWCAP_CRC32 ? 1 : -1;
		__atomic_store_n(&known, answer, __ATOMIC_RELAXED);
	}
	return answer > 0;
}
#endif

uint32_t xfs_crc32c_portable(uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	for (; len >= 8; p += 8, len -= 8) {
		uint32_t low = crc ^ get_le32(p), high = get_le32(p + 4);

		crc = crc_table[7][low & 0xff] ^ crc_table[6][low >> 8 & 0xff] ^
		      crc_table[5][low >> 16 & 0xff] ^ crc_table[4][low >> 24] ^
		      crc_table[3][high & 0xff] ^ crc_table[2][high >> 8 & 0xff] ^
		      crc_table[1][high >> 16 & 0xff] ^ crc_table[0][high >> 24];
	}
	while (len--)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p++) & 0xff];
	return crc;
}

#ifdef HAVE_CRC_INSTRUCTION
static inline uint64_t load64(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

static inline uint32_t shift(const uint32_t table[4][256], uint32_t crc)
{
	return table[0][crc & 0xff] ^ table[1][crc >> 8 & 0xff] ^ table[2][crc >> 16 & 0xff] ^
	       table[3][crc >> 24];
}

/* Process three pieces of @piece bytes, a multiple of 8; @table shifts over one piece. */
CRC_TARGET static inline uint32_t three_pieces(uint32_t crc, const uint8_t *p, size_t piece,
					       const uint32_t table[4][256])
{
	uint32_t second = 0, third = 0;

	for (size_t i = 0; i < piece; i += 8) {
		crc = crc_u64(crc, load64(p + i));
		second = crc_u64(second, load64(p + piece + i));
		third = crc_u64(third, load64(p + 2 * piece + i));
	}
	return shift(table, shift(table, crc) ^ second) ^ third;
}

CRC_TARGET static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 3 * CRC_LONG; p += 3 * CRC_LONG, len -= 3 * CRC_LONG)
		crc = three_pieces(crc, p, CRC_LONG, crc_shift_long);
	for (; len >= 3 * CRC_SHORT; p += 3 * CRC_SHORT, len -= 3 * CRC_SHORT)
		crc = three_pieces(crc, p, CRC_SHORT, crc_shift_short);
	for (; len >= 8; p += 8, len -= 8)
		crc = crc_u64(crc, load64(p));
	while (len--)
		crc = crc_u8(crc, *p++);
	return crc;
}
static_assert(CRC_LONG % 8 == 0 && CRC_SHORT % 8 == 0, "pieces of whole words");
#endif

uint32_t xfs_crc32c(uint32_t crc, const void *buf, size_t len)
{
#ifdef HAVE_CRC_INSTRUCTION
	if (likely(cpu_has_crc()))
		return crc_by_instruction(crc, buf, len);
#endif
	return xfs_crc32c_portable(crc, buf, len);
}

uint32_t xfs_cksum(const void *buf, size_t len, size_t crc_off)
{
	static const uint8_t zero[4];
	const uint8_t *p = buf;
	uint32_t crc = xfs_crc32c(XFS_CRC_SEED, p, crc_off);

	ASSERT(len >= sizeof(zero));
	ASSERT(crc_off <= len - sizeof(zero));
	crc = xfs_crc32c(crc, zero, sizeof(zero));
	crc = xfs_crc32c(crc, p + crc_off + sizeof(zero), len - crc_off - sizeof(zero));
	return ~crc;
}
