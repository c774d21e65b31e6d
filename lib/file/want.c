/* SPDX-License-Identifier: MIT */
/* Checks of NOWAIT calls before their first change; see want.h. */
#include "core/message.h"
#include "file/want.h"
#include "write/write.h"
#include "write/writeback.h"

int xfs_want_clean(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	return xfs_nowait() ? xfs_writeback_start(ip, start, end) : 0;
}

/* Whether the block of byte @pos has visible contents. */
static int has_contents(struct xfs_inode *ip, uint64_t pos, bool *has)
{
	xfs_fileoff_t off = XFS_B_TO_FSBT(&ip->i_mount->m_geo, pos);
	struct xfs_bmbt_irec irec;
	bool excl;
	int error;

	error = xfs_ilock_map_at(ip, XFS_DATA_FORK, off, &excl);
	if (error)
		return error;
	error = xfs_bmapi_read_one(ip, off, 1, &irec, 0);
	*has = !error && irec.br_startblock != XFS_HOLESTARTBLOCK;
	xfs_iunlock_map(ip, excl);
	return error;
}

static bool is_in_memory(struct xfs_inode *ip, uint64_t pos)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	struct xfs_folio *folio;
	uint64_t valid;

	folio = m ? xfs_mapping_pin(m, pos, 1, &valid) : NULL;
	if (folio)
		xfs_folio_unpin(folio);
	return folio != NULL;
}

static int want_zeroable(struct xfs_inode *ip, uint64_t pos)
{
	bool has;
	int error;

	if (!XFS_B_FSB_OFFSET(&ip->i_mount->m_geo, pos) || pos >= xfs_isize(ip) || is_in_memory(ip, pos))
		return 0;
	error = has_contents(ip, pos, &has);
	if (!error && has)
		error = xfs_would_wait("inode %" PRIu64 ": the block at %" PRIu64 " must be read",
				       ip->i_ino, pos);
	return error;
}

int xfs_want_zeroable(struct xfs_inode *ip, uint64_t start, uint64_t end)
{
	int error;

	if (!xfs_nowait())
		return 0;
	error = want_zeroable(ip, start);
	return error ? error : want_zeroable(ip, end);
}

int xfs_want_transaction(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	bool excl;
	int error;

	if (!xfs_nowait())
		return 0;
	error = xfs_ilock_map_at(ip, XFS_DATA_FORK, 0, &excl);
	if (error)
		return error;
	xfs_iunlock_map(ip, excl);
	error = xfs_trans_alloc_ilocked(ip, XFS_RESV_TRUNCATE,
					2 * xfs_bmap_add_blocks(mp, XFS_DATA_FORK), XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	xfs_iunlock_excl(ip);
	xfs_trans_cancel(tp);
	return 0;
}

/*
 * The zeroed last block, and data in front of a new end, would have to be written before the size.
 */
static int want_written(struct xfs_inode *ip, uint64_t size)
{
	struct xfs_mapping *m = __atomic_load_n(&ip->i_mapping, __ATOMIC_ACQUIRE);
	uint64_t old = xfs_isize(ip), disk_size, pos = XFS_MIN(old, size);
	bool must = false;
	int error = xfs_ilock_want_shared(ip);

	if (error)
		return error;
	disk_size = (uint64_t)ip->i_disk_size;
	xfs_iunlock_shared(ip);
	if (XFS_B_FSB_OFFSET(&ip->i_mount->m_geo, pos))
		error = has_contents(ip, pos, &must);
	if (error)
		return error;
	if (must || (size > disk_size && old != disk_size) || (m && xfs_mapping_is_writing(m)))
		return xfs_would_wait("inode %" PRIu64 ": data must be written before its size",
				      ip->i_ino);
	return 0;
}

int xfs_want_size(struct xfs_inode *ip, uint64_t size)
{
	int error;

	if (!xfs_nowait())
		return 0;
	error = want_written(ip, size);
	return error ? error : xfs_want_transaction(ip);
}
