/* SPDX-License-Identifier: MIT */
/*
 * Records of trees and forks in host byte order: packing, and whether a record is possible in this
 * file system.
 */
#ifndef DISK_IREC_H
#define DISK_IREC_H

#include <stdbool.h>
#include "disk/btree.h"
#include "disk/geometry.h"

/* bno, cnt: a free extent. */
struct xfs_alloc_rec_incore {
	xfs_agblock_t	ar_startblock;
	xfs_extlen_t	ar_blockcount;
};

static inline void xfs_alloc_rec_unpack(const struct xfs_alloc_rec *rec,
					struct xfs_alloc_rec_incore *irec)
{
	irec->ar_startblock = be32_to_cpu(rec->ar_startblock);
	irec->ar_blockcount = be32_to_cpu(rec->ar_blockcount);
}

static inline void xfs_alloc_rec_pack(const struct xfs_alloc_rec_incore *irec,
				      struct xfs_alloc_rec *rec)
{
	rec->ar_startblock = cpu_to_be32(irec->ar_startblock);
	rec->ar_blockcount = cpu_to_be32(irec->ar_blockcount);
}

xfs_failaddr_t xfs_alloc_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				     const struct xfs_alloc_rec_incore *irec);

/* ino, fino: 64 inode numbers. */
struct xfs_inobt_rec_incore {
	xfs_agino_t	ir_startino;
	uint16_t	ir_holemask;	/* bit k: inodes 4k .. 4k+3 do not exist */
	uint8_t		ir_count;	/* inodes that exist */
	uint8_t		ir_freecount;	/* of them, free */
	uint64_t	ir_free;	/* bit i: inode i is free or does not exist */
};

void xfs_inobt_rec_unpack(const struct xfs_geometry *geo, const struct xfs_inobt_rec *rec,
			  struct xfs_inobt_rec_incore *irec);
void xfs_inobt_rec_pack(const struct xfs_geometry *geo, const struct xfs_inobt_rec_incore *irec,
			struct xfs_inobt_rec *rec);
/* Bit mask of the inodes that exist. */
uint64_t xfs_inobt_irec_allocmask(const struct xfs_inobt_rec_incore *irec);
xfs_failaddr_t xfs_inobt_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				     const struct xfs_inobt_rec_incore *irec);

/* rmap */
#define XFS_RMAP_ATTR_FORK	(1u << 0)
#define XFS_RMAP_BMBT_BLOCK	(1u << 1)
#define XFS_RMAP_UNWRITTEN	(1u << 2)
#define XFS_RMAP_KEY_FLAGS	(XFS_RMAP_ATTR_FORK | XFS_RMAP_BMBT_BLOCK)
#define XFS_RMAP_ALL_FLAGS	(XFS_RMAP_KEY_FLAGS | XFS_RMAP_UNWRITTEN)

struct xfs_rmap_irec {
	xfs_agblock_t	rm_startblock;
	xfs_extlen_t	rm_blockcount;
	uint64_t	rm_owner;
	uint64_t	rm_offset;	/* file block, no flags */
	unsigned int	rm_flags;	/* XFS_RMAP_* */
};

/* Pack the offset word of a record; a key has no UNWRITTEN flag. */
static inline uint64_t xfs_rmap_irec_offset_pack(const struct xfs_rmap_irec *irec)
{
	uint64_t x = XFS_RMAP_OFF(irec->rm_offset);

	if (irec->rm_flags & XFS_RMAP_ATTR_FORK)
		x |= XFS_RMAP_OFF_ATTR_FORK;
	if (irec->rm_flags & XFS_RMAP_BMBT_BLOCK)
		x |= XFS_RMAP_OFF_BMBT_BLOCK;
	if (irec->rm_flags & XFS_RMAP_UNWRITTEN)
		x |= XFS_RMAP_OFF_UNWRITTEN;
	return x;
}

/* Fails if @offset has reserved bits set. */
static inline xfs_failaddr_t xfs_rmap_irec_offset_unpack(uint64_t offset,
							 struct xfs_rmap_irec *irec)
{
	irec->rm_offset = XFS_RMAP_OFF(offset);
	irec->rm_flags = 0;
	if (offset & XFS_RMAP_OFF_ATTR_FORK)
		irec->rm_flags |= XFS_RMAP_ATTR_FORK;
	if (offset & XFS_RMAP_OFF_BMBT_BLOCK)
		irec->rm_flags |= XFS_RMAP_BMBT_BLOCK;
	if (offset & XFS_RMAP_OFF_UNWRITTEN)
		irec->rm_flags |= XFS_RMAP_UNWRITTEN;
	XFS_VERIFY(!(offset & ~(XFS_RMAP_OFF_MASK | XFS_RMAP_OFF_FLAGS)));
	return NULL;
}

xfs_failaddr_t xfs_rmap_rec_unpack(const struct xfs_rmap_rec *rec, struct xfs_rmap_irec *irec);
void xfs_rmap_rec_pack(const struct xfs_rmap_irec *irec, struct xfs_rmap_rec *rec);
void xfs_rmap_low_key(const struct xfs_rmap_irec *irec, struct xfs_rmap_key *key);
void xfs_rmap_high_key(const struct xfs_rmap_irec *irec, struct xfs_rmap_key *key);
/* Order by block, owner (unsigned), offset without UNWRITTEN: < 0, 0, > 0. */
int xfs_rmap_key_cmp(const struct xfs_rmap_key *a, const struct xfs_rmap_key *b);
int xfs_rmap_irec_cmp(const struct xfs_rmap_irec *a, const struct xfs_rmap_irec *b);
/* True if @right directly continues @left, so that they must be one record. */
bool xfs_rmap_irecs_mergeable(const struct xfs_rmap_irec *left, const struct xfs_rmap_irec *right);
xfs_failaddr_t xfs_rmap_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				    const struct xfs_rmap_irec *irec);

/* refcount */
enum xfs_refc_domain {
	XFS_REFC_DOMAIN_SHARED,
	XFS_REFC_DOMAIN_COW,
};

struct xfs_refcount_irec {
	xfs_agblock_t	rc_startblock;	/* without the domain bit */
	xfs_extlen_t	rc_blockcount;
	uint32_t	rc_refcount;
	enum xfs_refc_domain rc_domain;
};

/* The block number as the tree sorts it. */
static inline uint32_t xfs_refcount_encode_startblock(xfs_agblock_t startblock,
						      enum xfs_refc_domain domain)
{
	startblock &= ~XFS_REFC_COWFLAG;
	return domain == XFS_REFC_DOMAIN_COW ? startblock | XFS_REFC_COWFLAG : startblock;
}

static inline void xfs_refcount_rec_unpack(const struct xfs_refcount_rec *rec,
					   struct xfs_refcount_irec *irec)
{
	uint32_t start = be32_to_cpu(rec->rc_startblock);

	irec->rc_domain = start & XFS_REFC_COWFLAG ? XFS_REFC_DOMAIN_COW : XFS_REFC_DOMAIN_SHARED;
	irec->rc_startblock = start & ~XFS_REFC_COWFLAG;
	irec->rc_blockcount = be32_to_cpu(rec->rc_blockcount);
	irec->rc_refcount = be32_to_cpu(rec->rc_refcount);
}

static inline void xfs_refcount_rec_pack(const struct xfs_refcount_irec *irec,
					 struct xfs_refcount_rec *rec)
{
	rec->rc_startblock =
		cpu_to_be32(xfs_refcount_encode_startblock(irec->rc_startblock, irec->rc_domain));
	rec->rc_blockcount = cpu_to_be32(irec->rc_blockcount);
	rec->rc_refcount = cpu_to_be32(irec->rc_refcount);
}

xfs_failaddr_t xfs_refcount_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					const struct xfs_refcount_irec *irec);

/* An extent of a fork. */
typedef enum {
	XFS_EXT_NORM,
	XFS_EXT_UNWRITTEN,
} xfs_exntst_t;

struct xfs_bmbt_irec {
	xfs_fileoff_t	br_startoff;
	xfs_fsblock_t	br_startblock;
	xfs_filblks_t	br_blockcount;
	xfs_exntst_t	br_state;
};

static inline xfs_fileoff_t xfs_irec_end(const struct xfs_bmbt_irec *irec)
{
	return irec->br_startoff + irec->br_blockcount;
}

/* l0: state 1, offset 54, high 9 of the block; l1: low 43 of the block, length 21 bits. */
static inline void xfs_bmbt_disk_get_all(const struct xfs_bmbt_rec *rec,
					 struct xfs_bmbt_irec *irec)
{
	uint64_t l0 = be64_to_cpu(rec->l0), l1 = be64_to_cpu(rec->l1);

	irec->br_startoff = l0 << 1 >> 10;
	irec->br_startblock = (l0 & 0x1ff) << 43 | l1 >> 21;
	irec->br_blockcount = l1 & XFS_MAX_BMBT_EXTLEN;
	irec->br_state = l0 >> 63 ? XFS_EXT_UNWRITTEN : XFS_EXT_NORM;
}

static inline void xfs_bmbt_disk_set_all(struct xfs_bmbt_rec *rec,
					 const struct xfs_bmbt_irec *irec)
{
	uint64_t l0 = (uint64_t)(irec->br_state == XFS_EXT_UNWRITTEN) << 63 |
		      (irec->br_startoff & ((1ull << 54) - 1)) << 9 |
		      (irec->br_startblock >> 43 & 0x1ff);
	uint64_t l1 = irec->br_startblock << 21 | (irec->br_blockcount & XFS_MAX_BMBT_EXTLEN);

	rec->l0 = cpu_to_be64(l0);
	rec->l1 = cpu_to_be64(l1);
}

static inline xfs_fileoff_t xfs_bmbt_disk_get_startoff(const struct xfs_bmbt_rec *rec)
{
	return be64_to_cpu(rec->l0) << 1 >> 10;
}

static inline xfs_filblks_t xfs_bmbt_disk_get_blockcount(const struct xfs_bmbt_rec *rec)
{
	return be64_to_cpu(rec->l1) & XFS_MAX_BMBT_EXTLEN;
}

/*
 * Verify one extent of a fork on the data device, or of a realtime data fork (@rt).  @unwritten_ok
 * only for the data fork of a regular file.
 */
xfs_failaddr_t xfs_bmbt_irec_verify(const struct xfs_geometry *geo, bool rt, bool unwritten_ok,
				    const struct xfs_bmbt_irec *irec);

#endif
