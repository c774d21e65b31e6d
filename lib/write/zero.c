/* SPDX-License-Identifier: MIT */
/*
 * Zeroing, when a file grows over bytes that were never written, and when it is truncated in the
 * middle of a block.
 *
 * On disk, the bytes behind the end of the file in its last block may be anything, because other
 * systems write whole pages.  So before the size moves past them, the block is read, its tail is
 * zeroed, and the block is written again.  Delayed and unwritten blocks need this only for dirty
 * data in memory.
 */
#include "core/message.h"
#include "write/write_priv.h"

/*
 * Zero [*@pos, @end) in memory, and read the rest of partly zeroed blocks from @src. *@pos: how far
 * it got, which is not @end if @map was stale.
 */
static int zero_through_cache(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t *pos,
			      uint64_t end, const struct xfs_iomap *map,
			      const struct xfs_iomap *src)
{
	struct xfs_folio *folio;
	uint32_t from, to;
	int error;

	while (*pos < end) {
		error = xfs_mapping_lock_folio(m, *pos, end - *pos, &folio);
		if (error)
			return xfs_no_folio(ip->i_mount, error);
		from = (uint32_t)(*pos - folio->fo_pos);
		to = (uint32_t)XFS_MIN(folio->fo_size, end - folio->fo_pos);
		if (xfs_iomap_valid(ip, map)) {
			error = xfs_folio_prepare(ip, folio, from, to, src);
		} else {
			xfs_folio_unlock(folio, 0);
			return 0;
		}
		if (error) {
			xfs_folio_unlock(folio, 0);
			return error;
		}
		memset(folio->fo_data + from, 0, to - from);
		*pos = folio->fo_pos + to;
		xfs_folio_unlock_dirty(ip, folio, from, to);
	}
	return 0;
}

/*
 * Zero the dirty data in [@pos, @end); the rest reads as zeros as long as @map is valid. -EAGAIN:
 * it is not.
 */
static int zero_dirty(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t pos, uint64_t end,
		      const struct xfs_iomap *map, bool *did_zero)
{
	uint32_t block_log = ip->i_mount->m_geo.blocklog, from, to, block;
	uint64_t start, run_end;
	struct xfs_folio *folio;
	int error;

	while (pos < end && xfs_mapping_find_dirty(m, pos, end, &start, &run_end)) {
		error = xfs_mapping_lock_existing(m, start, &folio);
		if (error)
			return error;
		if (!folio)
			return -EAGAIN;
		from = (uint32_t)(start - folio->fo_pos);
		block = from >> block_log;
		if (!(folio->fo_dirty >> block & 1)) {
			/* It was being written back, and the block is mapped now. */
			xfs_folio_unlock(folio, 0);
			return -EAGAIN;
		}
		to = (uint32_t)XFS_MIN(folio->fo_size, run_end - folio->fo_pos);
		to = XFS_MIN(to, (block + xfs_folio_run(folio->fo_dirty, block)) << block_log);
		memset(folio->fo_data + from, 0, to - from);
		pos = folio->fo_pos + to;
		xfs_folio_unlock_dirty(ip, folio, from, to);
		*did_zero = true;
	}
	return xfs_iomap_valid(ip, map) ? 0 : -EAGAIN;
}

/*
 * Zero the part of [*@pos, @end) that one mapping covers. *@pos advances unless the mapping was
 * stale at once.
 */
static int zero_mapping(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t *pos, uint64_t end,
			bool *did_zero)
{
	struct xfs_iomap map, src;
	uint64_t start = *pos;
	int error, error2;

	error = xfs_buffered_write_iomap_begin(ip, start, end - start, XFS_IOMAP_ZERO, &map, &src);
	if (error)
		return error;
	end = XFS_MIN(end, xfs_iomap_end_byte(ip, &map));
	if (src.type == XFS_IOMAP_MAPPED) {
		error = zero_through_cache(ip, m, pos, end, &map, &src);
		if (*pos > start)
			*did_zero = true;
	} else if (map.type == XFS_IOMAP_HOLE) {
		*pos = end;
	} else {
		error = zero_dirty(ip, m, start, end, &map, did_zero);
		if (!error)
			*pos = end;
		else if (error == -EAGAIN)
			error = 0;
	}
	error2 = xfs_buffered_write_iomap_end(ip, start, *pos - start, &map);
	return error ? error : error2;
}

int xfs_zero_range(struct xfs_inode *ip, uint64_t pos, uint64_t len, bool *did_zero)
{
	struct xfs_mapping *m = xfs_mapping_get(ip->i_mount, &ip->i_mapping, ip);
	uint64_t end = pos + XFS_MIN(len, XFS_MAXBYTES - pos);
	int error = 0;

	XFS_TRACE(ip->i_mount, xfs_zero_eof, ip->i_ino, xfs_isize(ip), pos, len);
	if (!m)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for file data");
	while (!error && pos < end)
		error = zero_mapping(ip, m, &pos, end, did_zero);
	return error;
}

int xfs_truncate_page(struct xfs_inode *ip, uint64_t pos, bool *did_zero)
{
	uint32_t offset = XFS_B_FSB_OFFSET(&ip->i_mount->m_geo, pos);

	if (!offset)
		return 0;
	return xfs_zero_range(ip, pos, ip->i_mount->m_geo.blocksize - offset, did_zero);
}
