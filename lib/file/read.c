/* SPDX-License-Identifier: MIT */
/*
 * Reading.  What is in memory is looked at first and the extent map after that: then a
 * block that is not in memory has on disk what the map says, because only the holder of the IOLOCK
 * makes data, and write-back lets nothing go before the device has it.
 *
 * Long runs that are not in memory are read into the caller's buffer and not kept.  Short ones are
 * read ahead into folios, which double in size as long as the file is read on.
 */
#include "core/message.h"
#include "file/file.h"
#include "write/writeback.h"

#define DIRECT_BYTES	(64u << 10)

struct read {
	struct xfs_inode *ip;
	struct xfs_mapping *m;		/* NULL: nothing is in memory yet */
	uint8_t *buf;
	uint64_t pos, end;
};

static int read_device(struct xfs_inode *ip, const struct xfs_iomap *map, uint64_t pos, void *buf,
		       size_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	int error = xfs_device_pread(mp->m_dev, xfs_iomap_device_byte(ip, map, pos), buf, len);

	if (error)
		return xfs_error(mp, error, "inode %" PRIu64 ": reading %zu bytes at %" PRIu64 ": %s",
				 ip->i_ino, len, pos, xfs_errstr(error));
	return 0;
}

/* Bring the block around r->pos into memory, and as much behind it as seems right. */
static int read_ahead(struct read *r, const struct xfs_iomap *map, uint64_t len)
{
	struct xfs_inode *ip = r->ip;
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	uint64_t isize = xfs_isize(ip), end;
	struct xfs_folio *folio;
	int error;

	if (!r->m)
		r->m = xfs_mapping_get(ip->i_mount, &ip->i_mapping, ip);
	if (!r->m)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for file data");
	error = xfs_mapping_new_folio(r->m, r->pos, len, &folio);
	if (error)
		return xfs_error(ip->i_mount, error, "out of memory for file data");
	end = XFS_ALIGN(isize, (uint64_t)geo->blocksize);
	end = XFS_MIN(end, xfs_iomap_end_byte(ip, map));
	end = XFS_MIN(end, xfs_folio_end(folio));
	error = read_device(ip, map, folio->fo_pos, folio->fo_data,
			    (size_t)(end - folio->fo_pos));
	if (error) {
		xfs_folio_free(r->m, folio);
		return error;
	}
	if (end > isize)
		memset(folio->fo_data + (isize - folio->fo_pos), 0, (size_t)(end - isize));
	xfs_mapping_add_clean(r->m, folio, (uint32_t)((end - folio->fo_pos) >> geo->blocklog));
	return 0;
}

/* [r->pos, +@gap) is not in memory; read some of it. */
static int read_gap(struct read *r, uint64_t gap)
{
	struct xfs_inode *ip = r->ip;
	uint32_t block_size = ip->i_mount->m_geo.blocksize;
	struct xfs_iomap map;
	uint64_t len;
	int error;

	error = xfs_read_iomap_begin(ip, r->pos, gap, &map);
	if (error)
		return error;
	len = XFS_MIN(gap, xfs_iomap_end_byte(ip, &map) - r->pos);
	if (map.type != XFS_IOMAP_MAPPED) {
		memset(r->buf, 0, (size_t)len);
	} else if (XFS_B_FSB_OFFSET(&ip->i_mount->m_geo, r->pos) == 0 &&
		   len >= XFS_MAX(DIRECT_BYTES, block_size)) {
		len -= len % block_size;
		error = read_device(ip, &map, r->pos, r->buf, (size_t)len);
		if (error)
			return error;
	} else {
		/* It is copied in the next round. */
		return read_ahead(r, &map, len);
	}
	r->buf += len;
	r->pos += len;
	return 0;
}

static int read_some(struct read *r)
{
	uint64_t len = r->end - r->pos;
	struct xfs_folio *folio;

	if (!r->m)
		return read_gap(r, len);
	folio = xfs_mapping_pin(r->m, r->pos, len, &len);
	if (!folio)
		return read_gap(r, len);
	len = XFS_MIN(len, r->end - r->pos);
	memcpy(r->buf, folio->fo_data + (r->pos - folio->fo_pos), (size_t)len);
	xfs_folio_unpin(folio);
	r->buf += len;
	r->pos += len;
	return 0;
}

int64_t xfs_file_read(struct xfs_inode *ip, void *buf, size_t len, uint64_t pos)
{
	struct read r = { .ip = ip, .buf = buf, .pos = pos };
	uint64_t isize;
	int error = 0;

	if (pos > XFS_MAXBYTES || len > XFS_MAXBYTES - pos)
		return xfs_error(ip->i_mount, -EINVAL, "%zu bytes at %" PRIu64
				 " end past the largest offset", len, pos);
	if (!xfs_is_reg(ip))
		return xfs_error(ip->i_mount, xfs_is_dir(ip) ? -EISDIR : -EINVAL,
				 "inode %" PRIu64 " is no regular file", ip->i_ino);
	if (xfs_is_shutdown(ip->i_mount))
		return xfs_shutdown_error(ip->i_mount);
	if (!len)
		return 0;
	xfs_rwlock_shared(&ip->i_iolock);
	isize = xfs_isize(ip);
	if (pos < isize) {
		r.end = pos + XFS_MIN(len, isize - pos);
		r.m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
		while (!error && r.pos < r.end)
			error = read_some(&r);
	}
	xfs_rwlock_unlock_shared(&ip->i_iolock);
	xfs_writeback_release(ip->i_mount);
	return r.pos > pos ? (int64_t)(r.pos - pos) : error;
}
