/* SPDX-License-Identifier: MIT */
/*
 * The buffered write loop: ask iomap/ for a mapping, which reserves space; copy into folios; report
 * how much was used.  Bytes are copied once, into the memory from which the device is written;
 * large parts of a host file are not copied at all (copy_in.c).
 *
 * A mapping is valid only while the extent maps stay as they are.  Write-back may change them at
 * any time, but not under a locked folio.  So the loop locks the folio, checks that the mapping is
 * still valid, and asks for a new one if not.
 */
#include <unistd.h>
#include "base/iov.h"
#include "core/message.h"
#include "write/write_priv.h"
#include "write/writeback.h"

/*
 * Read block @block of @folio from @src, which covers it, to @to.  Bytes past the end of the file
 * are zeroed.
 */
static int read_block(struct xfs_inode *ip, const struct xfs_folio *folio, uint32_t block,
		      const struct xfs_iomap *src, uint8_t *to)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t size = mp->m_geo.blocksize;
	uint64_t pos = folio->fo_pos + ((uint64_t)block << mp->m_geo.blocklog);
	uint64_t isize = xfs_isize(ip), device = xfs_iomap_device_byte(ip, src, pos);
	int error;

	if (xfs_nowait())
		return xfs_would_wait("inode %" PRIu64 ": the block at %" PRIu64 " must be read",
				      ip->i_ino, pos);
	error = xfs_device_pread(mp->m_dev, device, to, size);
	if (error)
		return xfs_error(mp, error, "inode %" PRIu64 ": reading the block at %" PRIu64 ": %s",
				 ip->i_ino, pos, xfs_errstr(error));
	if (pos + size > isize)
		memset(to + (isize - pos), 0, (size_t)(size - (isize - pos)));
	return 0;
}

/* True if the block has valid contents on disk. */
static bool must_read(const struct xfs_inode *ip, const struct xfs_folio *folio, uint32_t block,
		      const struct xfs_iomap *src)
{
	uint64_t pos = folio->fo_pos + ((uint64_t)block << ip->i_mount->m_geo.blocklog);

	return src->type == XFS_IOMAP_MAPPED && pos < xfs_isize(ip);
}

static bool is_uptodate(const struct xfs_folio *folio, uint32_t block)
{
	return folio->fo_uptodate >> block & 1;
}

/* Bytes [@from, @to) of @block are about to be overwritten: read or zero the others. */
static int prepare_block(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t block,
			 uint32_t from, uint32_t to, const struct xfs_iomap *src)
{
	uint32_t size = ip->i_mount->m_geo.blocksize;
	uint8_t *data = folio->fo_data + (size_t)block * size;

	if (must_read(ip, folio, block, src))
		return read_block(ip, folio, block, src, data);
	memset(data, 0, from);
	memset(data + to, 0, size - to);
	return 0;
}

int xfs_folio_prepare(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from, uint32_t to,
		      const struct xfs_iomap *src)
{
	uint32_t size = ip->i_mount->m_geo.blocksize;
	uint32_t first = from / size, last = (to - 1) / size;
	uint32_t head = from - first * size, tail = to - last * size;
	int error = 0;

	if (first == last) {
		if ((head || tail != size) && !is_uptodate(folio, first))
			error = prepare_block(ip, folio, first, head, tail, src);
		return error;
	}
	if (head && !is_uptodate(folio, first))
		error = prepare_block(ip, folio, first, head, size, src);
	if (!error && tail != size && !is_uptodate(folio, last))
		error = prepare_block(ip, folio, last, 0, tail, src);
	return error;
}

void xfs_folio_unlock_dirty(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from,
			    uint32_t to)
{
	uint32_t block_log = ip->i_mount->m_geo.blocklog;
	uint32_t first = from >> block_log, last = (to - 1) >> block_log;

	/*
	 * Take the reference first: as soon as the folio is unlocked, another thread may write it
	 * back and put the mapping's reference.
	 */
	xfs_ihold(ip);
	if (!xfs_folio_unlock(folio, xfs_folio_mask(first, last - first + 1)))
		xfs_inode_put(ip);
}

/* ---- sources ----------------------------------------------------------------------- */

int xfs_write_source_error(struct xfs_mount *mp, int host_errno)
{
	int error;

	switch (host_errno) {
	case EBADF:
	case EISDIR:
	case EINVAL:
	case ESPIPE:
	case EACCES:
	case EPERM:
	case EAGAIN:
		error = -host_errno;
		break;
	default:
		error = -EIO;
	}
	return xfs_error(mp, error, "reading the host file: %s", strerror(host_errno));
}

/*
 * Read @len bytes of the host file from byte @done of the source on.  Returns fewer at its end, or
 * an error.
 */
static int64_t take_from_file(struct xfs_mount *mp, const struct xfs_write_source *source,
			      uint64_t done, uint8_t *to, uint32_t len)
{
	uint32_t got = 0;

	while (got < len) {
		ssize_t n = pread(source->fd, to + got, len - got,
				  (off_t)(source->fd_offset + done + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !got)
			return xfs_write_source_error(mp, errno);
		if (n <= 0)
			break;
		got += (uint32_t)n;
	}
	return got;
}

/* The same from a function, which sets its own errors and is not called again after one. */
static int64_t take_from_function(struct xfs_mount *mp, struct xfs_write_source *source, uint8_t *to,
				  uint32_t len)
{
	uint32_t got = 0;

	source->asked = true;
	while (got < len) {
		ssize_t n = source->fill(source->ctx, to + got, len - got);

		if (n > (ssize_t)(len - got))
			n = xfs_error(mp, -EINVAL, "the source gave %zd of %u bytes", n, len - got);
		else if (n < 0)
			n = xfs_error(mp, n < -4095 ? -EIO : (int)n, "the source failed: %s",
				      xfs_errstr((int)n));
		if (n < 0 && !got)
			return n;
		if (n <= 0)
			break;
		got += (uint32_t)n;
	}
	return got;
}

/*
 * The source ended at offset @end of the folio, inside a block that may have been expected whole.
 * Give the rest of the block its old contents, from disk or as zeros.  (The kernel drops such a
 * short copy and repeats it as a shorter one, but not every source here can deliver its bytes
 * twice.)
 */
static int complete_block(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t end,
			  const struct xfs_iomap *src)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t size = mp->m_geo.blocksize, block = end / size, tail = end % size;
	uint8_t *data = folio->fo_data + (size_t)block * size, *old;
	int error;

	if (!tail || is_uptodate(folio, block))
		return 0;
	if (!must_read(ip, folio, block, src)) {
		memset(data + tail, 0, size - tail);
		return 0;
	}
	old = xfs_mem_alloc_aligned(&mp->m_mem, 4096, size);
	if (!old)
		return xfs_error(mp, -ENOMEM, "out of memory for a block");
	error = read_block(ip, folio, block, src, old);
	if (!error)
		memcpy(data + tail, old + tail, size - tail);
	xfs_mem_free_aligned(&mp->m_mem, old);
	return error;
}

/* ---- the loops ------------------------------------------------------------------------ */

struct write_state {
	struct xfs_inode *ip;
	struct xfs_mapping *m;
	struct xfs_write_source *source;
	struct xfs_iov_cursor cur;	/* for a source in memory: at byte @done */
	uint64_t pos, done, len;	/* @done of @len bytes at @pos have been written to
					 * memory */
	bool source_ended;
	uint64_t copy_in_end;		/* up to here the host file may bypass the page cache */
	struct xfs_iomap reserved;	/* the newest space reserved for the write */
};

/* Get the next @len bytes.  Returns fewer at the end of the source, or an error. */
static int64_t take_bytes(struct write_state *w, uint8_t *to, uint32_t len)
{
	struct xfs_mount *mp = w->ip->i_mount;

	if (w->source->iov) {
		xfs_iov_take(&w->cur, to, len);
		return len;
	}
	if (w->source->fill)
		return take_from_function(mp, w->source, to, len);
	return take_from_file(mp, w->source, w->done, to, len);
}

/*
 * Write the next bytes, within one folio and the mapping. 1: they are in memory; 0: the mapping is
 * stale, or the source has ended.
 */
static int write_folio(struct write_state *w, const struct xfs_iomap *map,
		       const struct xfs_iomap *src)
{
	struct xfs_inode *ip = w->ip;
	uint64_t pos = w->pos + w->done, rest = w->len - w->done;
	struct xfs_folio *folio;
	uint32_t from, to, block_size = ip->i_mount->m_geo.blocksize;
	int64_t got;
	int error;

	rest = XFS_MIN(rest, xfs_iomap_end_byte(ip, map) - pos);
	error = xfs_mapping_lock_folio(w->m, pos, rest, &folio);
	if (error)
		return xfs_no_folio(ip->i_mount, error);
	if (!xfs_iomap_valid(ip, map)) {
		XFS_TRACE(ip->i_mount, xfs_iomap_invalid, ip->i_ino, pos, map->off_fsb, map->len_fsb);
		xfs_folio_unlock(folio, 0);
		return 0;
	}
	from = (uint32_t)(pos - folio->fo_pos);
	to = (uint32_t)XFS_MIN(folio->fo_size, from + rest);
	error = xfs_folio_prepare(ip, folio, from, to, src);
	if (error)
		goto out_unlock;
	got = take_bytes(w, folio->fo_data + from, to - from);
	if (got < 0) {
		error = (int)got;
		goto out_unlock;
	}
	if (got < to - from) {
		w->source_ended = true;
		to = from + (uint32_t)got;
		if (got)
			error = complete_block(ip, folio, to, src);
		/* Whole blocks in front of it are valid all the same. */
		if (error)
			to -= to % block_size;
		if (to <= from)
			goto out_unlock;
		got = to - from;
	}
	if (w->pos + w->done + (uint64_t)got > (uint64_t)ip->i_size)
		xfs_set_isize(ip, w->pos + w->done + (uint64_t)got);
	xfs_folio_unlock_dirty(ip, folio, from, to);
	w->done += (uint64_t)got;
	return error ? error : 1;

out_unlock:
	xfs_folio_unlock(folio, 0);
	return error;
}

/* Returns the number of bytes that bypassed the page cache; 0: none. */
static uint64_t copy_in(struct write_state *w, const struct xfs_iomap *map)
{
	uint64_t from = w->source->fd_offset + w->done, left = w->len - w->done;
	int64_t ret;

	if (from >= w->copy_in_end)
		return 0;
	ret = xfs_copy_in(w->ip, w->m, w->source->fd, from, w->pos + w->done,
			  XFS_MIN(left, w->copy_in_end - from), map);
	if (ret >= 0)
		return (uint64_t)ret;
	w->copy_in_end = 0;
	return 0;
}

/* Use one mapping up to its end. 0, also if it has become stale. */
static int write_mapping(struct write_state *w)
{
	struct xfs_iomap map, src;
	uint64_t copied;
	int ret;

	ret = xfs_buffered_write_iomap_begin(w->ip, w->pos + w->done, w->len - w->done,
					     XFS_IOMAP_WRITE, &map, &src);
	if (ret)
		return ret;
	/*
	 * A new reservation is made only for a hole, so nothing is left of the previous one: what
	 * is left of it would have been returned instead.
	 */
	if (map.flags & XFS_IOMAP_F_NEW)
		w->reserved = map;
	copied = copy_in(w, &map);
	w->done += copied;
	if (copied)
		return 0;
	do {
		uint64_t before = w->done;

		ret = write_folio(w, &map, &src);
		if (ret == 1) {
			int error = xfs_untold_data_error(w->ip, w->done - before);

			ret = error ? error : ret;
		}
	} while (ret == 1 && w->done < w->len && !w->source_ended &&
		 w->pos + w->done < xfs_iomap_end_byte(w->ip, &map));
	return XFS_MIN(ret, 0);
}

int64_t xfs_buffered_write(struct xfs_inode *ip, struct xfs_write_source *source, uint64_t pos,
			   uint64_t len)
{
	struct write_state w = {
		.ip = ip, .source = source, .cur = { .iov = source->iov }, .pos = pos, .len = len,
		.m = xfs_mapping_get(ip->i_mount, &ip->i_mapping, ip),
		.copy_in_end = xfs_copy_in_end(source),
	};
	int error = 0, error2;

	if (!w.m)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for file data");
	while (!error && w.done < len && !w.source_ended) {
		error = write_mapping(&w);
		/* From here on the call reports what is done, and may refuse to wait again. */
		if (w.done)
			xfs_nowait_again();
	}
	error2 = xfs_buffered_write_iomap_end(ip, pos, w.done, &w.reserved);
	error = error ? error : error2;
	return w.done ? (int64_t)w.done : error;
}
