/* SPDX-License-Identifier: MIT */
/* Attributes, assertions, MIN and MAX, alignment, bits. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#ifndef EUCLEAN
#define EUCLEAN 117
#endif

#define XFS_MUST_CHECK	__attribute__((warn_unused_result))
#define XFS_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define XFS_UNUSED	__attribute__((unused))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/*
 * A condition that only a bug of ours can violate; a failure stops a debug build.  Never assert on
 * anything that comes from a disk or a caller.
 */
#ifdef XFSWRITE_DEBUG
__attribute__((noreturn)) void xfs_assert_failed(const char *expr, const char *file, int line);
#define ASSERT(x) (likely(x) ? (void)0 : xfs_assert_failed(#x, __FILE__, __LINE__))
#else
#define ASSERT(x) ((void)sizeof(!(x)))
#endif

#define XFS_MIN(a, b) ({ __typeof__(a) min_a_ = (a); __typeof__(b) min_b_ = (b); \
	min_a_ < min_b_ ? min_a_ : min_b_; })
#define XFS_MAX(a, b) ({ __typeof__(a) max_a_ = (a); __typeof__(b) max_b_ = (b); \
	max_a_ > max_b_ ? max_a_ : max_b_; })
#define XFS_MIN_T(type, a, b) XFS_MIN((type)(a), (type)(b))

/* The 64-bit forms take any @align, not only powers of two. */
static inline uint64_t xfs_roundup64(uint64_t x, uint64_t align)
{
	uint64_t rest = x % align;

	return rest ? x + (align - rest) : x;
}

static inline uint64_t xfs_rounddown64(uint64_t x, uint64_t align)
{
	return x - x % align;
}

static inline uint64_t xfs_howmany64(uint64_t x, uint64_t unit)
{
	return x / unit + (x % unit != 0);
}

/* Power-of-two alignment. */
#define XFS_ALIGN(x, a)		(((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define XFS_ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define XFS_IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)

static inline bool xfs_is_power_of_2(uint64_t x)
{
	return x && (x & (x - 1)) == 0;
}

/* Index of the highest set bit; @x must not be 0. */
static inline unsigned int xfs_highbit64(uint64_t x)
{
	return 63u - (unsigned int)__builtin_clzll(x);
}

static inline unsigned int xfs_lowbit64(uint64_t x)
{
	return (unsigned int)__builtin_ctzll(x);
}

/* Smallest n with 2^n >= x; 0 for x <= 1. */
static inline unsigned int xfs_log2_ceil(uint64_t x)
{
	return x <= 1 ? 0 : xfs_highbit64(x - 1) + 1;
}

#endif
