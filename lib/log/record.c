/* SPDX-License-Identifier: MIT */
/*
 * One record as it lies in the ring: headers, cycle stamps, checksum.  The first word of each block
 * is replaced by the cycle in which it was written, so that the end of the log can be found; the
 * headers keep the replaced words.
 */
#include "base/crc32c.h"
#include "core/message.h"
#include "log/log_priv.h"

int xlog_ring_init(struct xfs_mount *mp, struct xlog_ring *ring)
{
	const struct xfs_geometry *geo = &mp->m_geo;

	ring->mp = mp;
	ring->nbbs = (uint32_t)XFS_FSB_TO_BB(geo, geo->logblocks);
	if (geo->logstart) {
		ring->dev = mp->m_dev;
		ring->start = xfs_fsb_to_bytes(geo, geo->logstart);
	} else {
		ring->dev = mp->m_logdev;
		ring->start = 0;
	}
	if (!ring->nbbs || !ring->dev)
		return xfs_error(mp, -ENXIO,
				 "the log is on an external device, which was not given");
	return 0;
}

int xlog_ring_read(const struct xlog_ring *ring, uint32_t bb, uint32_t count, void *buf)
{
	uint32_t first = XFS_MIN(count, ring->nbbs - bb);
	uint8_t *p = buf;
	int error;

	ASSERT(bb < ring->nbbs && count <= ring->nbbs);
	error = xfs_device_pread(ring->dev, ring->start + ((uint64_t)bb << XFS_BB_SHIFT), p,
				 (size_t)first << XFS_BB_SHIFT);
	if (!error && count > first)
		error = xfs_device_pread(ring->dev, ring->start,
					 p + ((size_t)first << XFS_BB_SHIFT),
					 (size_t)(count - first) << XFS_BB_SHIFT);
	if (error)
		return xfs_error(ring->mp, error, "log: reading block %u: %s", bb, xfs_errstr(error));
	return 0;
}

int xlog_ring_write(const struct xlog_ring *ring, uint32_t bb, uint32_t count, const void *buf,
		    unsigned int flags)
{
	uint32_t first = XFS_MIN(count, ring->nbbs - bb);
	const uint8_t *p = buf;
	int error;

	ASSERT(bb < ring->nbbs && count <= ring->nbbs);
	error = xfs_device_pwrite(ring->dev, ring->start + ((uint64_t)bb << XFS_BB_SHIFT), p,
				  (size_t)first << XFS_BB_SHIFT, flags);
	if (!error && count > first)
		error = xfs_device_pwrite(ring->dev, ring->start,
					  p + ((size_t)first << XFS_BB_SHIFT),
					  (size_t)(count - first) << XFS_BB_SHIFT, flags);
	if (error)
		return xfs_error(ring->mp, error, "log: writing block %u: %s", bb, xfs_errstr(error));
	return 0;
}

int xlog_decode_header(const struct xlog_ring *ring, uint32_t block, const void *bb,
		       struct xlog_record *rec)
{
	const struct xlog_rec_header *h = bb;

	if (be32_to_cpu(h->h_magicno) != XLOG_HEADER_MAGIC_NUM)
		return xfs_corrupt(ring->mp, "log", "no record at block %u", block);
	if (be32_to_cpu(h->h_version) != XLOG_VERSION_2)
		return xfs_corrupt(ring->mp, "log", "record at block %u has version %u", block,
				   be32_to_cpu(h->h_version));
	/* Very old logs have no UUID in their records; accept them. */
	if (!xfs_uuid_is_null(&h->h_fs_uuid) &&
	    !xfs_uuid_equal(&h->h_fs_uuid, &ring->mp->m_geo.uuid))
		return xfs_corrupt(ring->mp, "log", "record at block %u belongs to another file system",
				   block);
	rec->block = block;
	rec->cycle = be32_to_cpu(h->h_cycle);
	rec->len = be32_to_cpu(h->h_len);
	rec->num_ops = be32_to_cpu(h->h_num_logops);
	rec->size = be32_to_cpu(h->h_size);
	rec->fmt = be32_to_cpu(h->h_fmt);
	rec->crc = le32_to_cpu(h->h_crc);
	rec->lsn = (xfs_lsn_t)be64_to_cpu(h->h_lsn);
	rec->tail_lsn = (xfs_lsn_t)be64_to_cpu(h->h_tail_lsn);
	rec->header_bbs = xlog_header_bbs(rec->size);
	rec->bbs = rec->header_bbs + (rec->len >> XFS_BB_SHIFT);
	return 0;
}

uint32_t xlog_record_cksum(const void *record, uint32_t header_bbs, uint32_t len,
			   uint32_t head_len)
{
	static const uint8_t zero[4];
	const uint8_t *p = record;
	uint32_t crc = xfs_crc32c(XFS_CRC_SEED, p, XLOG_REC_CRC_OFF);

	crc = xfs_crc32c(crc, zero, sizeof(zero));
	crc = xfs_crc32c(crc, p + XLOG_REC_CRC_OFF + 4, head_len - XLOG_REC_CRC_OFF - 4);
	/* Extended headers are covered only as far as the data needs them. */
	for (uint32_t j = 1; j < xfs_howmany64(len, XLOG_HEADER_CYCLE_SIZE) && j < header_bbs; j++)
		crc = xfs_crc32c(crc, p + (size_t)j * XFS_BB_SIZE, XLOG_REC_EXT_CRC_LEN);
	return ~xfs_crc32c(crc, p + (size_t)header_bbs * XFS_BB_SIZE, len);
}

bool xlog_record_crc_ok(const void *record, uint32_t header_bbs, uint32_t len)
{
	const struct xlog_rec_header *h = record;
	uint32_t crc = le32_to_cpu(h->h_crc);

	return crc == xlog_record_cksum(record, header_bbs, len, XLOG_REC_CRC_LEN) ||
	       crc == xlog_record_cksum(record, header_bbs, len, XLOG_REC_CRC_LEN_I386);
}

/* Where the headers keep the first word of data block @i. */
static be32_t *cycle_slot(void *record, uint32_t i)
{
	struct xlog_rec_header *h = record;
	struct xlog_rec_ext_header *x;

	if (i < XLOG_CYCLE_DATA_WORDS)
		return &h->h_cycle_data[i];
	x = (void *)((uint8_t *)record + (size_t)(i / XLOG_CYCLE_DATA_WORDS) * XFS_BB_SIZE);
	return &x->xh_cycle_data[i % XLOG_CYCLE_DATA_WORDS];
}

void xlog_stamp(void *record, uint32_t header_bbs, uint32_t len, uint32_t cycle)
{
	uint8_t *data = (uint8_t *)record + (size_t)header_bbs * XFS_BB_SIZE;

	for (uint32_t j = 1; j < header_bbs; j++)
		put_be32(cycle, (uint8_t *)record + (size_t)j * XFS_BB_SIZE);
	for (uint32_t i = 0; i < len >> XFS_BB_SHIFT; i++, data += XFS_BB_SIZE) {
		memcpy(cycle_slot(record, i), data, 4);
		put_be32(cycle, data);
	}
}

void xlog_unstamp(void *record, uint32_t header_bbs, uint32_t len)
{
	uint8_t *data = (uint8_t *)record + (size_t)header_bbs * XFS_BB_SIZE;
	uint32_t kept = header_bbs * XLOG_CYCLE_DATA_WORDS;

	for (uint32_t i = 0; i < len >> XFS_BB_SHIFT && i < kept; i++, data += XFS_BB_SIZE)
		memcpy(data, cycle_slot(record, i), 4);
}

/* What a header must say to be part of a walk whose first record has nominal size @size. */
static bool header_is_sane(const struct xlog_ring *ring, const struct xlog_rec_header *h,
			   uint32_t size)
{
	uint32_t len = be32_to_cpu(h->h_len);

	return be32_to_cpu(h->h_magicno) == XLOG_HEADER_MAGIC_NUM &&
	       be32_to_cpu(h->h_version) == XLOG_VERSION_2 && len > 0 && len <= size &&
	       XFS_IS_ALIGNED(len, XFS_BB_SIZE) &&
	       xlog_header_bbs(size) + (len >> XFS_BB_SHIFT) <= ring->nbbs &&
	       xfs_uuid_equal(&h->h_fs_uuid, &ring->mp->m_geo.uuid);
}

int xlog_read_record(const struct xlog_ring *ring, uint32_t block, uint32_t size, void *buf,
		     struct xlog_record *rec)
{
	const uint32_t sector = ring->mp->m_geo.logsectsize >> XFS_BB_SHIFT;
	uint32_t header_bbs = xlog_header_bbs(size), count, need;
	int error;

	/* The first few blocks either are the whole record or tell its length. */
	count = XFS_MIN(XFS_ALIGN(XFS_MAX(header_bbs, 8u), sector), ring->nbbs);
	error = xlog_ring_read(ring, block, count, buf);
	if (error)
		return error;
	if (!header_is_sane(ring, buf, size))
		return -EUCLEAN;
	error = xlog_decode_header(ring, block, buf, rec);
	if (error)
		return error;
	rec->header_bbs = header_bbs;
	rec->bbs = header_bbs + (rec->len >> XFS_BB_SHIFT);
	need = XFS_MIN(XFS_ALIGN(rec->bbs, sector), ring->nbbs);
	if (need > count) {
		error = xlog_ring_read(ring, (block + count) % ring->nbbs, need - count,
				       (uint8_t *)buf + ((size_t)count << XFS_BB_SHIFT));
		if (error)
			return error;
	}
	if (rec->crc && !xlog_record_crc_ok(buf, header_bbs, rec->len))
		return -EBADMSG;
	return 0;
}
