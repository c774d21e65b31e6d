/* SPDX-License-Identifier: MIT */
/*
 * Writing without the page cache, from the caller's buffers to the device.
 *
 *	mapped blocks		overwritten in place
 *	new blocks		allocated unwritten, then written, then marked as written in a
 *				transaction (past_cache.c)
 *	shared blocks		through the page cache and written back at once, so that the old
 *				blocks stay visible until the data is written
 *	a part of a block	in place if the block is mapped, not shared and inside the file;
 *				otherwise through the page cache, which reads or zeroes the rest
 *
 * Before that, the range is written back and dropped from memory, and the queue is submitted.  So
 * nothing older is written over the data, and no read finds old contents in memory.
 */
#include "base/iov.h"
#include "core/message.h"
#include "device/queue.h"
#include "write/direct.h"
#include "write/write_priv.h"

#define PART_IOVS	64
#define BOUNCE_BYTES	(64u << 10)

struct direct {
	struct xfs_inode *ip;
	struct xfs_mapping *m;
	struct xfs_iov_cursor cur;	/* at byte @done */
	uint64_t pos, done, len;
	uint32_t unit;
	struct xfs_iomap reserved;	/* the newest space reserved for the write */
	int lost;			/* errno, if accepted data could not be written to the
					 * device */
};

int xfs_direct_unit(struct xfs_mount *mp, uint32_t *unit)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(mp->m_dev, &info);

	if (error)
		return xfs_error(mp, error, "the sector size of the device is unknown");
	*unit = info.logical_sector;
	return 0;
}

/*
 * Write back and drop the range from memory.  If the file grows, write back all of it, because its
 * size on disk then covers all older data. *@settled false: something had to stay in memory.
 */
static int settle(struct direct *d, bool *settled)
{
	struct xfs_inode *ip = d->ip;
	uint64_t block = ip->i_mount->m_geo.blocksize, end = XFS_ALIGN(d->pos + d->len, block);
	uint64_t start = XFS_ALIGN_DOWN(d->pos, block);
	bool grows;
	int error;

	error = xfs_ilock_want_shared(ip);
	if (error)
		return error;
	grows = d->pos + d->len > (uint64_t)ip->i_disk_size;
	xfs_iunlock_shared(ip);
	error = xfs_writeback_range(ip, grows ? 0 : start, grows ? XFS_MAXBYTES : end);
	*settled = !error && xfs_mapping_forget(d->m, start, end);
	return error;
}

/* ---- the device ------------------------------------------------------------------------- */

/* Write @len bytes from vectors too short to form whole sectors. */
static int write_bounced(struct direct *d, struct xfs_iov_cursor *cur, uint64_t device, uint64_t len)
{
	struct xfs_mount *mp = d->ip->i_mount;
	void *bounce = xfs_mem_alloc_aligned(&mp->m_mem, 4096, BOUNCE_BYTES);
	int error;

	if (!bounce)
		return -ENOMEM;
	xfs_iov_take(cur, bounce, (size_t)len);
	error = xfs_device_pwrite(mp->m_dev, device, bounce, (size_t)len, 0);
	xfs_mem_free_aligned(&mp->m_mem, bounce);
	return error;
}

/* Write the next @len bytes to byte @device; does not advance. */
static int write_device(struct direct *d, uint64_t device, uint64_t len)
{
	struct xfs_mount *mp = d->ip->i_mount;
	struct xfs_iov_cursor cur = d->cur;
	struct iovec part[PART_IOVS];
	int error = 0;

	/* Older queued data must not be written over this. */
	xfs_queue_submit(mp->m_queue);
	while (len && !error) {
		size_t bytes;
		int n = xfs_iov_list(&cur, (size_t)len, part, PART_IOVS, &bytes);

		if (bytes % d->unit) {
			bytes -= bytes % d->unit;
			n = xfs_iov_list(&cur, bytes, part, PART_IOVS, &bytes);
		}
		if (bytes) {
			error = xfs_device_pwritev(mp->m_dev, device, part, n, 0);
			xfs_iov_skip(&cur, bytes);
		} else {
			bytes = (size_t)XFS_MIN(len, (uint64_t)BOUNCE_BYTES);
			error = write_bounced(d, &cur, device, bytes);
		}
		device += bytes;
		len -= bytes;
	}
	xfs_queue_note_write(mp->m_queue);
	if (error)
		return xfs_error(mp, error, "inode %" PRIu64 ": writing at %" PRIu64 ": %s", d->ip->i_ino,
				 d->pos + d->done, xfs_errstr(error));
	return 0;
}

static void move_on(struct direct *d, uint64_t len)
{
	xfs_iov_skip(&d->cur, (size_t)len);
	d->done += len;
}

/* ---- how a part is written ---------------------------------------------------------------- */

/*
 * Write the next @len bytes to memory, even if that takes many short vectors: the bytes behind them
 * go to the device and must start at a sector.
 */
static int copy_in(struct direct *d, uint64_t len)
{
	struct iovec part[PART_IOVS];
	struct xfs_write_source source = { .iov = part };
	size_t bytes;
	int64_t ret;

	while (len) {
		xfs_iov_list(&d->cur, (size_t)len, part, PART_IOVS, &bytes);
		ret = xfs_buffered_write(d->ip, &source, d->pos + d->done, bytes);
		if (ret <= 0)
			return (int)ret;
		move_on(d, (uint64_t)ret);
		len -= (uint64_t)ret;
	}
	return 0;
}

/* Write through the page cache and write back at once. */
static int write_cached(struct direct *d, uint64_t len)
{
	struct xfs_inode *ip = d->ip;
	uint64_t block = ip->i_mount->m_geo.blocksize, pos = d->pos + d->done, end;
	struct xfs_data_errors_seen seen;
	int error;

	/* Earlier losses are reported by fsync, not by this call. */
	xfs_data_error_sample(ip, &seen);
	error = copy_in(d, len);
	end = d->pos + d->done;
	if (end == pos)
		return error;
	d->lost = xfs_writeback_range(ip, pos, end);
	if (!d->lost)
		d->lost = xfs_data_error_at_close(ip, &seen);
	/* Data that could not be written stays in memory, where readers find it. */
	if (!xfs_mapping_forget(d->m, XFS_ALIGN_DOWN(pos, block), XFS_ALIGN(end, block)) && !d->lost)
		d->lost = xfs_error(ip->i_mount, -EIO, "inode %" PRIu64 ": data at %" PRIu64
				    " was not written", ip->i_ino, pos);
	return d->lost ? d->lost : error;
}

/*
 * Write blocks that are not visible yet, maybe fewer than @len asks for. -EAGAIN: look up the
 * mapping again.
 */
static int write_new(struct direct *d, const struct xfs_iomap *map, uint64_t len)
{
	struct xfs_inode *ip = d->ip;
	const struct xfs_geometry *geo = &ip->i_mount->m_geo;
	struct xfs_bmbt_irec irec = {
		.br_startoff = XFS_B_TO_FSBT(geo, d->pos + d->done),
		.br_blockcount = XFS_B_TO_FSBT(geo, len),
	};
	int error = 0;

	if (map->type == XFS_IOMAP_DELALLOC) {
		error = xfs_allocate_unwritten(ip, irec.br_startoff, irec.br_blockcount, &irec);
		/* There is no space now, but write-back waits for blocks that others have freed. */
		if ((error == -ENOSPC || error == -ENOMEM) && !xfs_is_shutdown(ip->i_mount))
			return write_cached(d, len);
	} else {
		irec.br_startblock = map->startblock + (irec.br_startoff - map->off_fsb);
	}
	if (!error)
		error = write_device(d, xfs_fsb_to_bytes(geo, irec.br_startblock),
				     irec.br_blockcount << geo->blocklog);
	if (!error)
		error = xfs_publish_blocks(ip, &irec);
	if (!error)
		move_on(d, irec.br_blockcount << geo->blocklog);
	return error;
}

/* Write the next @len bytes, which are whole blocks or inside one block, as @map requires. */
static int write_mapped(struct direct *d, const struct xfs_iomap *map, uint64_t len)
{
	struct xfs_inode *ip = d->ip;
	uint64_t pos = d->pos + d->done, block = ip->i_mount->m_geo.blocksize;
	bool whole = !((pos | len) & (block - 1)), inside = XFS_ALIGN(pos + len, block) <= xfs_isize(ip);
	int error;

	if (map->flags & XFS_IOMAP_F_SHARED || (!whole && (map->type != XFS_IOMAP_MAPPED || !inside)))
		return write_cached(d, len);
	if (map->type != XFS_IOMAP_MAPPED || !inside)
		return write_new(d, map, len);
	error = write_device(d, xfs_iomap_device_byte(ip, map, pos), len);
	if (!error)
		move_on(d, len);
	return error;
}

static int write_some(struct direct *d)
{
	struct xfs_inode *ip = d->ip;
	uint64_t block = ip->i_mount->m_geo.blocksize, pos = d->pos + d->done, len = d->len - d->done;
	uint64_t in_block = block - pos % block;
	struct xfs_iomap map, src;
	int error;

	if (in_block < block || len < block)
		len = XFS_MIN(len, in_block);
	else
		len -= len % block;
	error = xfs_buffered_write_iomap_begin(ip, pos, len, XFS_IOMAP_DIRECT, &map, &src);
	if (error)
		return error;
	if (map.flags & XFS_IOMAP_F_NEW)
		d->reserved = map;
	len = XFS_MIN(len, xfs_iomap_end_byte(ip, &map) - pos);
	error = write_mapped(d, &map, len);
	/*
	 * Another thread's write-back has converted the reservation together with what precedes it.
	 */
	return error == -EAGAIN ? 0 : error;
}

int64_t xfs_direct_write(struct xfs_inode *ip, const struct iovec *iov, uint64_t pos, uint64_t len,
			 uint32_t unit)
{
	struct direct d = {
		.ip = ip, .cur = { .iov = iov }, .pos = pos, .len = len, .unit = unit,
		.m = xfs_mapping_get(ip->i_mount, &ip->i_mapping, ip),
	};
	bool settled;
	int error, error2;

	if (!d.m)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for file data");
	error = settle(&d, &settled);
	while (!error && d.done < len)
		error = settled ? write_some(&d) : write_cached(&d, len - d.done);
	error2 = xfs_buffered_write_iomap_end(ip, pos, d.done, &d.reserved);
	error = error ? error : error2;
	if (d.lost)
		return d.lost;
	return d.done ? (int64_t)d.done : error;
}
