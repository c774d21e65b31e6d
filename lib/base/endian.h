/* SPDX-License-Identifier: MIT */
/*
 * On-disk integers.  Each is a struct of bytes, so that the compiler refuses to mix it with host
 * integers, alignment is 1, and no packing is needed.
 */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

typedef struct { uint8_t b[2]; } be16_t;
typedef struct { uint8_t b[4]; } be32_t;
typedef struct { uint8_t b[8]; } be64_t;
typedef struct { uint8_t b[2]; } le16_t;
typedef struct { uint8_t b[4]; } le32_t;
typedef struct { uint8_t b[8]; } le64_t;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define XFS_BE16(x) __builtin_bswap16(x)
#define XFS_BE32(x) __builtin_bswap32(x)
#define XFS_BE64(x) __builtin_bswap64(x)
#define XFS_LE16(x) (x)
#define XFS_LE32(x) (x)
#define XFS_LE64(x) (x)
#else
#define XFS_BE16(x) (x)
#define XFS_BE32(x) (x)
#define XFS_BE64(x) (x)
#define XFS_LE16(x) __builtin_bswap16(x)
#define XFS_LE32(x) __builtin_bswap32(x)
#define XFS_LE64(x) __builtin_bswap64(x)
#endif

#define XFS_DEFINE_ENDIAN(type, bits, swap)					\
static inline uint##bits##_t type##_to_cpu(type##_t x)				\
{										\
	uint##bits##_t v;							\
										\
	memcpy(&v, x.b, sizeof(v));						\
	return (uint##bits##_t)swap(v);						\
}										\
static inline type##_t cpu_to_##type(uint##bits##_t v)				\
{										\
	type##_t x;								\
										\
	v = (uint##bits##_t)swap(v);						\
	memcpy(x.b, &v, sizeof(v));						\
	return x;								\
}										\
static inline uint##bits##_t get_##type(const void *p)				\
{										\
	type##_t x;								\
										\
	memcpy(&x, p, sizeof(x));						\
	return type##_to_cpu(x);						\
}										\
static inline void put_##type(uint##bits##_t v, void *p)			\
{										\
	type##_t x = cpu_to_##type(v);						\
										\
	memcpy(p, &x, sizeof(x));						\
}

XFS_DEFINE_ENDIAN(be16, 16, XFS_BE16)
XFS_DEFINE_ENDIAN(be32, 32, XFS_BE32)
XFS_DEFINE_ENDIAN(be64, 64, XFS_BE64)
XFS_DEFINE_ENDIAN(le16, 16, XFS_LE16)
XFS_DEFINE_ENDIAN(le32, 32, XFS_LE32)
XFS_DEFINE_ENDIAN(le64, 64, XFS_LE64)

/* Add @delta to the on-disk *@x. */
static inline void be32_add_cpu(be32_t *x, int64_t delta)
{
	*x = cpu_to_be32((uint32_t)(be32_to_cpu(*x) + (uint64_t)delta));
}

static inline void be16_add_cpu(be16_t *x, int delta)
{
	*x = cpu_to_be16((uint16_t)(be16_to_cpu(*x) + (unsigned int)delta));
}

#endif
