/* SPDX-License-Identifier: MIT */
/* Records of trees and forks: packing, order, and verification one by one. */
#include "disk/irec.h"
#include "disk/inode.h"

xfs_failaddr_t xfs_alloc_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				     const struct xfs_alloc_rec_incore *irec)
{
	XFS_VERIFY(irec->ar_blockcount != 0);
	XFS_VERIFY(xfs_verify_agbext(geo, agno, irec->ar_startblock, irec->ar_blockcount));
	return NULL;
}

void xfs_inobt_rec_unpack(const struct xfs_geometry *geo, const struct xfs_inobt_rec *rec,
			  struct xfs_inobt_rec_incore *irec)
{
	irec->ir_startino = be32_to_cpu(rec->ir_startino);
	irec->ir_free = be64_to_cpu(rec->ir_free);
	if (xfs_has_sparseinodes(geo)) {
		irec->ir_holemask = be16_to_cpu(rec->ir_holemask);
		irec->ir_count = rec->ir_count;
		irec->ir_freecount = rec->ir_freecount;
	} else {
		uint32_t freecount = be32_to_cpu(rec->ir_freecount_full);

		/* Clamp a value that does not fit, so that it stays impossible. */
		irec->ir_holemask = XFS_INOBT_HOLEMASK_FULL;
		irec->ir_count = XFS_INODES_PER_CHUNK;
		irec->ir_freecount = (uint8_t)XFS_MIN(freecount, 0xffu);
	}
}

void xfs_inobt_rec_pack(const struct xfs_geometry *geo, const struct xfs_inobt_rec_incore *irec,
			struct xfs_inobt_rec *rec)
{
	rec->ir_startino = cpu_to_be32(irec->ir_startino);
	if (xfs_has_sparseinodes(geo)) {
		rec->ir_holemask = cpu_to_be16(irec->ir_holemask);
		rec->ir_count = irec->ir_count;
		rec->ir_freecount = irec->ir_freecount;
	} else {
		rec->ir_freecount_full = cpu_to_be32(irec->ir_freecount);
	}
	rec->ir_free = cpu_to_be64(irec->ir_free);
}

uint64_t xfs_inobt_irec_allocmask(const struct xfs_inobt_rec_incore *irec)
{
	uint64_t x = (uint16_t)~irec->ir_holemask;

	/* Spread the 16 bits so that each becomes four. */
	x = (x | x << 24) & 0x000000ff000000ffull;
	x = (x | x << 12) & 0x000f000f000f000full;
	x = (x | x << 6) & 0x0303030303030303ull;
	x = (x | x << 3) & 0x1111111111111111ull;
	return x * 0xf;
}

xfs_failaddr_t xfs_inobt_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				     const struct xfs_inobt_rec_incore *irec)
{
	uint64_t allocmask = xfs_inobt_irec_allocmask(irec);

	XFS_VERIFY(irec->ir_startino % XFS_MIN(geo->inopblock, XFS_INODES_PER_CHUNK) == 0);
	XFS_VERIFY(xfs_verify_agino(geo, agno, irec->ir_startino));
	XFS_VERIFY(irec->ir_startino <= NULLAGINO - XFS_INODES_PER_CHUNK);
	XFS_VERIFY(xfs_verify_agino(geo, agno, irec->ir_startino + XFS_INODES_PER_CHUNK - 1));
	XFS_VERIFY(irec->ir_count >= XFS_INODES_PER_HOLEMASK_BIT);
	XFS_VERIFY(irec->ir_count == __builtin_popcountll(allocmask));
	XFS_VERIFY(irec->ir_freecount == __builtin_popcountll(irec->ir_free & allocmask));
	XFS_VERIFY((irec->ir_free | allocmask) == XFS_INOBT_ALL_FREE);
	return NULL;
}

xfs_failaddr_t xfs_rmap_rec_unpack(const struct xfs_rmap_rec *rec, struct xfs_rmap_irec *irec)
{
	irec->rm_startblock = be32_to_cpu(rec->rm_startblock);
	irec->rm_blockcount = be32_to_cpu(rec->rm_blockcount);
	irec->rm_owner = be64_to_cpu(rec->rm_owner);
	return xfs_rmap_irec_offset_unpack(be64_to_cpu(rec->rm_offset), irec);
}

void xfs_rmap_rec_pack(const struct xfs_rmap_irec *irec, struct xfs_rmap_rec *rec)
{
	rec->rm_startblock = cpu_to_be32(irec->rm_startblock);
	rec->rm_blockcount = cpu_to_be32(irec->rm_blockcount);
	rec->rm_owner = cpu_to_be64(irec->rm_owner);
	rec->rm_offset = cpu_to_be64(xfs_rmap_irec_offset_pack(irec));
}

void xfs_rmap_low_key(const struct xfs_rmap_irec *irec, struct xfs_rmap_key *key)
{
	key->rm_startblock = cpu_to_be32(irec->rm_startblock);
	key->rm_owner = cpu_to_be64(irec->rm_owner);
	key->rm_offset = cpu_to_be64(xfs_rmap_irec_offset_pack(irec) & ~XFS_RMAP_OFF_UNWRITTEN);
}

void xfs_rmap_high_key(const struct xfs_rmap_irec *irec, struct xfs_rmap_key *key)
{
	struct xfs_rmap_irec last = *irec;

	last.rm_startblock += irec->rm_blockcount - 1;
	/* Only file contents have an offset that advances with the blocks. */
	if (!XFS_RMAP_NON_INODE_OWNER(irec->rm_owner) && !(irec->rm_flags & XFS_RMAP_BMBT_BLOCK))
		last.rm_offset += irec->rm_blockcount - 1;
	xfs_rmap_low_key(&last, key);
}

static int cmp64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int xfs_rmap_key_cmp(const struct xfs_rmap_key *a, const struct xfs_rmap_key *b)
{
	int d = cmp64(be32_to_cpu(a->rm_startblock), be32_to_cpu(b->rm_startblock));

	if (!d)
		d = cmp64(be64_to_cpu(a->rm_owner), be64_to_cpu(b->rm_owner));
	if (!d)
		d = cmp64(be64_to_cpu(a->rm_offset) & ~XFS_RMAP_OFF_UNWRITTEN,
			  be64_to_cpu(b->rm_offset) & ~XFS_RMAP_OFF_UNWRITTEN);
	return d;
}

int xfs_rmap_irec_cmp(const struct xfs_rmap_irec *a, const struct xfs_rmap_irec *b)
{
	int d = cmp64(a->rm_startblock, b->rm_startblock);

	if (!d)
		d = cmp64(a->rm_owner, b->rm_owner);
	if (!d)
		d = cmp64(xfs_rmap_irec_offset_pack(a) & ~XFS_RMAP_OFF_UNWRITTEN,
			  xfs_rmap_irec_offset_pack(b) & ~XFS_RMAP_OFF_UNWRITTEN);
	return d;
}

bool xfs_rmap_irecs_mergeable(const struct xfs_rmap_irec *left, const struct xfs_rmap_irec *right)
{
	if (left->rm_owner != right->rm_owner || left->rm_flags != right->rm_flags ||
	    (uint64_t)left->rm_startblock + left->rm_blockcount != right->rm_startblock ||
	    (uint64_t)left->rm_blockcount + right->rm_blockcount > UINT32_MAX)
		return false;
	if (XFS_RMAP_NON_INODE_OWNER(left->rm_owner) || (left->rm_flags & XFS_RMAP_BMBT_BLOCK))
		return true;
	return left->rm_offset + left->rm_blockcount == right->rm_offset;
}

static xfs_failaddr_t rmap_owner_verify(const struct xfs_geometry *geo,
					const struct xfs_rmap_irec *irec)
{
	bool bmbt = (irec->rm_flags & XFS_RMAP_BMBT_BLOCK) != 0;
	bool attr = (irec->rm_flags & XFS_RMAP_ATTR_FORK) != 0;
	bool unwritten = (irec->rm_flags & XFS_RMAP_UNWRITTEN) != 0;

	if (XFS_RMAP_NON_INODE_OWNER(irec->rm_owner)) {
		XFS_VERIFY(irec->rm_owner > XFS_RMAP_OWN_MIN);
		XFS_VERIFY(irec->rm_owner <= XFS_RMAP_OWN_FS);
		XFS_VERIFY(irec->rm_flags == 0);
		XFS_VERIFY(irec->rm_offset == 0);
		return NULL;
	}
	XFS_VERIFY(xfs_verify_ino(geo, irec->rm_owner));
	XFS_VERIFY(!unwritten || (!bmbt && !attr));
	if (bmbt)
		XFS_VERIFY(irec->rm_offset == 0);
	else
		XFS_VERIFY(xfs_verify_fileext(irec->rm_offset, irec->rm_blockcount));
	return NULL;
}

xfs_failaddr_t xfs_rmap_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
				    const struct xfs_rmap_irec *irec)
{
	XFS_VERIFY(irec->rm_blockcount != 0);
	XFS_VERIFY(!(irec->rm_flags & ~XFS_RMAP_ALL_FLAGS));
	if (irec->rm_startblock <= geo->agfl_block || irec->rm_owner == XFS_RMAP_OWN_FS) {
		XFS_VERIFY(irec->rm_owner == XFS_RMAP_OWN_FS);
		XFS_VERIFY(irec->rm_startblock == 0);
		XFS_VERIFY(irec->rm_blockcount == geo->agfl_block + 1);
	} else {
		XFS_VERIFY(xfs_verify_agbext(geo, agno, irec->rm_startblock, irec->rm_blockcount));
	}
	return rmap_owner_verify(geo, irec);
}

xfs_failaddr_t xfs_refcount_irec_verify(const struct xfs_geometry *geo, xfs_agnumber_t agno,
					const struct xfs_refcount_irec *irec)
{
	XFS_VERIFY(irec->rc_blockcount != 0);
	XFS_VERIFY(xfs_verify_agbext(geo, agno, irec->rc_startblock, irec->rc_blockcount));
	if (irec->rc_domain == XFS_REFC_DOMAIN_COW)
		XFS_VERIFY(irec->rc_refcount == 1);
	else
		XFS_VERIFY(irec->rc_refcount >= 2);
	return NULL;
}

xfs_failaddr_t xfs_bmbt_irec_verify(const struct xfs_geometry *geo, bool rt, bool unwritten_ok,
				    const struct xfs_bmbt_irec *irec)
{
	XFS_VERIFY(irec->br_blockcount <= XFS_MAX_BMBT_EXTLEN);
	XFS_VERIFY(xfs_verify_fileext(irec->br_startoff, irec->br_blockcount));
	/* File sizes have 63 bits; an extent that begins beyond them cannot be in a file. */
	XFS_VERIFY(irec->br_startoff <= xfs_max_file_block(geo));
	if (rt)
		XFS_VERIFY(xfs_verify_rtbext(geo, irec->br_startblock, irec->br_blockcount));
	else
		XFS_VERIFY(xfs_verify_fsbext(geo, irec->br_startblock, irec->br_blockcount));
	if (irec->br_state == XFS_EXT_UNWRITTEN)
		XFS_VERIFY(unwritten_ok);
	return NULL;
}

be64_t xfs_inode_to_disk_ts(bool bigtime, struct timespec tv)
{
	int64_t sec = (int64_t)tv.tv_sec;
	uint64_t nsec = (uint64_t)tv.tv_nsec;
	int64_t max = bigtime ? XFS_BIGTIME_TIME_MAX : XFS_LEGACY_TIME_MAX;

	if (sec < XFS_LEGACY_TIME_MIN) {
		sec = XFS_LEGACY_TIME_MIN;
		nsec = 0;
	} else if (sec > max) {
		sec = max;
		nsec = 0;
	}
	if (bigtime)
		return cpu_to_be64((uint64_t)(sec + XFS_BIGTIME_EPOCH_OFFSET) * XFS_NSEC_PER_SEC +
				   nsec);
	return cpu_to_be64((uint64_t)(uint32_t)sec << 32 | (uint32_t)nsec);
}
