/* SPDX-License-Identifier: MIT */
/*
 * Reading.  Look in the page cache first, then at the extent map.  A block that is not cached is
 * current on disk as the map says: only the IOLOCK holder dirties data, and write-back drops
 * nothing before the device has it.
 *
 * Data that is not cached is read into the cache if that helps, else into the caller's buffers:
 *
 *	large requests		not cached: large reads are seldom repeated
 *	small, sequential ones	read ahead, in windows that grow while the sequence lasts
 *	other small ones	exactly the blocks asked for; cached if they were asked for
 *				recently (xfs_pagecache_asked()), or if only a part of a
 *				block was wanted
 *
 * Each handle knows whether its requests are sequential.
 */
#include "core/message.h"
#include "core/stats.h"
#include "file/file_priv.h"
#include "pagecache/mapping.h"
#include "write/writeback.h"

/* Size from which on a request is large. */
#define LARGE_BYTES	(64u << 10)

/* The first window of a handle whose requests become sequential. */
#define FIRST_WINDOW	(16u << 10)
#define MAX_WINDOW	XFS_FOLIO_MAX_BYTES

struct read {
	struct xfs_inode *ip;
	struct xfs_mapping *m;		/* NULL: nothing is cached yet */
	struct xfs_iov_cursor cur;
	uint64_t pos, end;
	bool large;
	struct xfs_readahead *ra;
	uint32_t window;		/* bytes to read ahead; 0: none */
	struct xfs_read_batch batch;	/* for bytes in front of pos */
};

/* ---- windows ----------------------------------------------------------------------------- */

/*
 * The readahead window of a handle that wants [@pos, @end) now.  Threads that share a handle
 * disturb each other's windows, and nothing else.
 */
static uint32_t next_window(struct xfs_readahead *ra, uint64_t pos, uint64_t end)
{
	uint64_t expected = __atomic_load_n(&ra->next, __ATOMIC_RELAXED);
	uint32_t window = __atomic_load_n(&ra->window, __ATOMIC_RELAXED);

	if (pos != expected)
		window = 0;
	else if (!window)
		window = FIRST_WINDOW;
	__atomic_store_n(&ra->next, end, __ATOMIC_RELAXED);
	__atomic_store_n(&ra->window, window, __ATOMIC_RELAXED);
	return window;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* The last window is used up: the next one is larger. */
static void grow_window(const struct read *r)
{
	if (r->window && r->window < MAX_WINDOW)
		__atomic_store_n(&r->ra->window, r->window * 2, __ATOMIC_RELAXED);
}

/* Read the block at r->pos and about @len bytes behind it into memory: *@blocks in all. */
static int read_ahead(struct read *r, const struct xfs_iomap *map, uint64_t len, uint32_t *blocks)
{
	struct xfs_inode *ip = r->ip;
	struct xfs_mount *mp = ip->i_mount;
	const struct xfs_geometry *geo = &mp->m_geo;
	uint64_t isize = xfs_isize(ip), end;
	struct xfs_folio *folio;
	int error;

	if (!r->m)
		r->m = xfs_mapping_get(mp, &ip->i_mapping, ip);
	if (!r->m)
		return xfs_error(mp, -ENOMEM, "out of memory for file data");
	error = xfs_mapping_new_folio(r->m, r->pos, len, &folio);
	if (error)
		return xfs_error(mp, error, "out of memory for file data");
	end = XFS_ALIGN(isize, (uint64_t)geo->blocksize);
	end = XFS_MIN(end, xfs_iomap_end_byte(ip, map));
	end = XFS_MIN(end, xfs_folio_end(folio));
	*blocks = (uint32_t)((end - folio->fo_pos) >> geo->blocklog);
	error = xfs_device_pread(mp->m_dev, xfs_iomap_device_byte(ip, map, folio->fo_pos),
				 folio->fo_data, (size_t)(end - folio->fo_pos));
	if (error) {
		xfs_folio_free(r->m, folio);
		return error;
	}
	if (end > isize)
		memset(folio->fo_data + (isize - folio->fo_pos), 0, (size_t)(end - isize));
	xfs_mapping_add_clean(r->m, folio, *blocks);
	return 0;
}

/* The same; if the device cannot read all of it, read only the block. */
static int read_into_memory(struct read *r, const struct xfs_iomap *map, uint64_t len)
{
	struct xfs_mount *mp = r->ip->i_mount;
	uint32_t blocks = 0;
	int error = read_ahead(r, map, len, &blocks);

	if (error == -EIO && blocks > 1)
		error = read_ahead(r, map, 1, &blocks);
	if (error && error != -ENOMEM)
		error = xfs_error(mp, error, "inode %" PRIu64 ": reading at %" PRIu64 ": %s",
				  r->ip->i_ino, r->pos, xfs_errstr(error));
	return error;
}

/* Queue a read of @len bytes, whole blocks, into the caller's buffers. */
static int read_past_memory(struct read *r, const struct xfs_iomap *map, uint64_t len)
{
	struct xfs_inode *ip = r->ip;
	uint32_t block_size = ip->i_mount->m_geo.blocksize;
	uint64_t device = xfs_iomap_device_byte(ip, map, r->pos), added;
	int error;

	error = xfs_read_batch_add(ip, &r->batch, &r->pos, device, &r->cur, len, block_size, &added);
	/* The block is in more buffers than one read takes. */
	if (!error && !added)
		error = read_into_memory(r, map, 1);
	return error;
}

static bool goes_past_memory(const struct read *r, uint64_t blocks_len)
{
	struct xfs_mount *mp = r->ip->i_mount;

	if (XFS_B_FSB_OFFSET(&mp->m_geo, r->pos) || !blocks_len)
		return false;
	return r->large || (!r->window && !xfs_pagecache_asked(mp, r->ip, r->pos));
}

/* [r->pos, +@gap) is not cached; read some of it. */
static int read_gap(struct read *r, uint64_t gap)
{
	struct xfs_inode *ip = r->ip;
	uint32_t block_size = ip->i_mount->m_geo.blocksize;
	struct xfs_iomap map;
	uint64_t len;
	int error;

	len = XFS_MAX(gap, (uint64_t)r->window);
	error = xfs_read_iomap_begin(ip, r->pos, XFS_MIN(len, XFS_MAXBYTES - r->pos), &map);
	if (error)
		return error;
	len = XFS_MIN(gap, xfs_iomap_end_byte(ip, &map) - r->pos);
	if (map.type != XFS_IOMAP_MAPPED) {
		xfs_iov_zero(&r->cur, (size_t)len);
		r->pos += len;
		return 0;
	}
	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 ": data at %" PRIu64 " must be read", ip->i_ino,
				      r->pos);
	if (goes_past_memory(r, len - len % block_size))
		return read_past_memory(r, &map, len - len % block_size);
	/* The next round copies it. */
	if (r->large)
		return read_into_memory(r, &map, 1);
	grow_window(r);
	return read_into_memory(r, &map, XFS_MAX(len, (uint64_t)r->window));
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
	xfs_iov_give(&r->cur, folio->fo_data + (r->pos - folio->fo_pos), (size_t)len);
	xfs_folio_unpin(folio);
	r->pos += len;
	return 0;
}

/* IOLOCK held; @pos is inside the file. */
static int read_locked(struct read *r)
{
	uint64_t pos = r->pos;
	int error = 0, error2;

	r->large = r->end - pos >= LARGE_BYTES;
	r->window = next_window(r->ra, pos, r->end);
	r->m = __atomic_load_n(&r->ip->i_mapping, __ATOMIC_ACQUIRE);
	r->batch.nr_pieces = r->batch.nr_iovs = 0;
	while (!error && r->pos < r->end)
		error = read_some(r);
	/* Queued reads are in front of the position where reading failed. */
	error2 = xfs_read_batch_run(r->ip, &r->batch, &r->pos);
	return error2 ? error2 : error;
}

/* The IOLOCK is held. */
static int64_t read_cached(struct xfs_inode *ip, const struct iovec *iov, uint64_t len, uint64_t pos,
			   struct xfs_readahead *ra)
{
	uint64_t isize = xfs_isize(ip);
	struct read r;
	int error;

	if (pos >= isize)
		return 0;
	r.ip = ip;
	r.ra = ra;
	r.cur = (struct xfs_iov_cursor){ .iov = iov };
	r.pos = pos;
	r.end = pos + XFS_MIN(len, isize - pos);
	error = read_locked(&r);
	return r.pos > pos ? (int64_t)(r.pos - pos) : error;
}

int64_t xfs_file_read(struct xfs_inode *ip, const struct iovec *iov, uint64_t len, uint64_t pos,
		      uint32_t flags, struct xfs_readahead *ra)
{
	struct xfs_mount *mp = ip->i_mount;
	int64_t ret;
	int error;

	xfs_stats_inc(mp, XFS_COUNT_xs_read_calls);
	if (pos > XFS_MAXBYTES || len > XFS_MAXBYTES - pos)
		return xfs_error(mp, -EINVAL, "%" PRIu64 " bytes at %" PRIu64
				 " end past the largest offset", len, pos);
	if (!xfs_is_reg(ip))
		return xfs_error(mp, xfs_is_dir(ip) ? -EISDIR : -EINVAL,
				 "inode %" PRIu64 " is not a regular file", ip->i_ino);
	if (xfs_is_shutdown(mp))
		return xfs_shutdown_error(mp);
	if (!len)
		return 0;
	error = xfs_iolock_want_shared(ip);
	if (error)
		return error;
	ret = flags & XFS_READ_DIRECT ? xfs_read_direct(ip, iov, len, pos)
				      : read_cached(ip, iov, len, pos, ra);
	xfs_rwlock_unlock_shared(&ip->i_iolock);
	xfs_writeback_release(mp);
	if (ret > 0)
		xfs_stats_add(mp, XFS_COUNT_xs_read_bytes, (uint64_t)ret);
	return ret;
}
