/* SPDX-License-Identifier: MIT */
/*
 * Unsharing: read the shared blocks into memory and make them dirty as they are.  Write-back then
 * gives them new blocks, as for a write.
 */
#include "core/message.h"
#include "write/write_priv.h"

/* Fill every block of [@from, @to) of the locked @folio with its contents. */
static int fill(struct xfs_inode *ip, struct xfs_folio *folio, uint32_t from, uint32_t to,
		const struct xfs_iomap *src)
{
	uint32_t size = ip->i_mount->m_geo.blocksize;
	int error = 0;

	/*
	 * Prepare a change of each block's first byte: this reads the block unless it is in memory.
	 */
	for (from -= from % size; !error && from < to; from += size)
		error = xfs_folio_prepare(ip, folio, from, from + 1, src);
	return error;
}

/*
 * Make [*@pos, @end), which @map covers, dirty. *@pos: how far it got, which is not @end if @map
 * was stale.
 */
static int dirty_as_it_is(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t *pos, uint64_t end,
			  const struct xfs_iomap *map, const struct xfs_iomap *src)
{
	struct xfs_folio *folio;
	uint32_t from, to;
	int error;

	while (*pos < end) {
		error = xfs_mapping_lock_folio(m, *pos, end - *pos, &folio);
		if (error)
			return xfs_no_folio(ip->i_mount, error);
		if (!xfs_iomap_valid(ip, map)) {
			xfs_folio_unlock(folio, 0);
			return 0;
		}
		from = (uint32_t)(*pos - folio->fo_pos);
		to = (uint32_t)XFS_MIN(folio->fo_size, end - folio->fo_pos);
		error = fill(ip, folio, from, to, src);
		if (error) {
			xfs_folio_unlock(folio, 0);
			return error;
		}
		*pos = folio->fo_pos + to;
		xfs_folio_unlock_dirty(ip, folio, from, to);
	}
	return 0;
}

static int unshare_mapping(struct xfs_inode *ip, struct xfs_mapping *m, uint64_t *pos, uint64_t end)
{
	struct xfs_iomap map, src;
	uint64_t start = *pos;
	int error, error2;

	error = xfs_buffered_write_iomap_begin(ip, start, end - start, XFS_IOMAP_UNSHARE, &map, &src);
	if (error)
		return error;
	end = XFS_MIN(end, xfs_iomap_end_byte(ip, &map));
	if ((map.flags & XFS_IOMAP_F_SHARED) && src.type == XFS_IOMAP_MAPPED)
		error = dirty_as_it_is(ip, m, pos, end, &map, &src);
	else
		*pos = end;
	error2 = xfs_buffered_write_iomap_end(ip, start, *pos - start, &map);
	return error ? error : error2;
}

int xfs_unshare_range(struct xfs_inode *ip, uint64_t pos, uint64_t len)
{
	struct xfs_mapping *m = xfs_mapping_get(ip->i_mount, &ip->i_mapping, ip);
	uint64_t end = pos + len;
	int error = 0;

	if (!m)
		return xfs_error(ip->i_mount, -ENOMEM, "out of memory for file data");
	while (!error && pos < end)
		error = unshare_mapping(ip, m, &pos, end);
	return error;
}
