/* SPDX-License-Identifier: MIT */
/*
 * Reading without the page cache: write back dirty data in the range, then read all of it from the
 * device.  Cached data may stay, because it is the same.
 */
#include "core/message.h"
#include "file/file_priv.h"
#include "write/direct.h"
#include "write/writeback.h"

struct direct_read {
	struct xfs_inode *ip;
	struct xfs_iov_cursor cur;
	uint64_t pos, end;
	uint32_t unit;
	struct xfs_read_batch batch;	/* for bytes in front of pos */
};

/* Read one sector that is in more buffers than one read takes. */
static int read_bounced(struct direct_read *r, uint64_t device)
{
	struct xfs_mount *mp = r->ip->i_mount;
	void *bounce = xfs_mem_alloc_aligned(&mp->m_mem, 4096, r->unit);
	int error;

	if (!bounce)
		return xfs_error(mp, -ENOMEM, "out of memory for a sector");
	error = xfs_device_pread(mp->m_dev, device, bounce, r->unit);
	if (!error) {
		xfs_iov_give(&r->cur, bounce, r->unit);
		r->pos += r->unit;
	}
	xfs_mem_free_aligned(&mp->m_mem, bounce);
	return error;
}

static int read_device(struct direct_read *r, const struct xfs_iomap *map, uint64_t len)
{
	uint64_t device = xfs_iomap_device_byte(r->ip, map, r->pos), added;
	int error;

	error = xfs_read_batch_add(r->ip, &r->batch, &r->pos, device, &r->cur, len, r->unit, &added);
	if (!error && !added)
		error = read_bounced(r, device);
	return error;
}

static int read_some(struct direct_read *r)
{
	struct xfs_iomap map;
	uint64_t len;
	int error;

	error = xfs_read_iomap_begin(r->ip, r->pos, r->end - r->pos, &map);
	if (error)
		return error;
	len = XFS_MIN(r->end, xfs_iomap_end_byte(r->ip, &map)) - r->pos;
	if (map.type == XFS_IOMAP_MAPPED)
		return read_device(r, &map, len);
	xfs_iov_zero(&r->cur, (size_t)len);
	r->pos += len;
	return 0;
}

int64_t xfs_read_direct(struct xfs_inode *ip, const struct iovec *iov, uint64_t len, uint64_t pos)
{
	struct xfs_mount *mp = ip->i_mount;
	uint64_t block = mp->m_geo.blocksize, isize = xfs_isize(ip), got;
	struct direct_read r;
	int error, error2;

	if (pos >= isize)
		return 0;
	error = xfs_direct_unit(mp, &r.unit);
	if (error)
		return error;
	if (!XFS_IS_ALIGNED(pos | len, r.unit))
		return xfs_error(mp, -EINVAL,
				 "inode %" PRIu64 ": O_DIRECT: %" PRIu64 " bytes at %" PRIu64
				 " are not whole sectors of %u bytes",
				 ip->i_ino, len, pos, r.unit);
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 " is read from the device", ip->i_ino);
	r.ip = ip;
	r.cur = (struct xfs_iov_cursor){ .iov = iov };
	r.pos = pos;
	/* The sector in which the file ends is read whole; there is room for it. */
	r.end = XFS_MIN(pos + len, XFS_ALIGN(isize, (uint64_t)r.unit));
	r.batch.nr_pieces = r.batch.nr_iovs = 0;
	error = xfs_writeback_range(ip, XFS_ALIGN_DOWN(pos, block), XFS_ALIGN(r.end, block));
	while (!error && r.pos < r.end)
		error = read_some(&r);
	error2 = xfs_read_batch_run(ip, &r.batch, &r.pos);
	if (r.pos == pos)
		return error2 ? error2 : error;
	got = XFS_MIN(r.pos, isize) - pos;
	if (r.pos > isize) {
		r.cur = (struct xfs_iov_cursor){ .iov = iov };
		xfs_iov_skip(&r.cur, (size_t)got);
		xfs_iov_zero(&r.cur, (size_t)(r.pos - isize));
	}
	return (int64_t)got;
}
