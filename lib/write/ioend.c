/* SPDX-License-Identifier: MIT */
/*
 * The end of a data write.  The device queue calls back in whatever thread submits, under the locks
 * that one has, so little is done there: block states change, errors are remembered.  New
 * blocks whose data did not arrive hold garbage; their mapping is turned back to unwritten later,
 * in a handle, by the next one who writes back or syncs, and before the checkpoint that made
 * them visible can be written (an unjournalled mount has no such promise to keep).
 */
#include "core/message.h"
#include "trans/resv.h"
#include "write/write_priv.h"

static bool set_if_none(int *where, int error)
{
	int none = 0;

	return __atomic_compare_exchange_n(where, &none, error, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

void xfs_set_data_error(struct xfs_inode *ip, int error)
{
	set_if_none(&ip->i_mount->m_data_error, error);
	if (set_if_none(&ip->i_data_error, error))
		xfs_log(ip->i_mount, XFS_LOG_ERROR, "inode %" PRIu64 ": writing data: %s",
			ip->i_ino, strerror(-error));
}

int xfs_data_error(struct xfs_inode *ip)
{
	int error = __atomic_exchange_n(&ip->i_data_error, 0, __ATOMIC_RELAXED);

	if (error)
		return xfs_error(ip->i_mount, error, "inode %" PRIu64 ": data was not written: %s",
				 ip->i_ino, strerror(-error));
	return 0;
}

int xfs_mount_data_error(struct xfs_mount *mp)
{
	int error = __atomic_exchange_n(&mp->m_data_error, 0, __ATOMIC_RELAXED);

	if (error)
		return xfs_error(mp, error, "data of some file was not written: %s",
				 strerror(-error));
	return 0;
}

void xfs_end_io(void *ctx, int error)
{
	struct xfs_ioend *ioend = ctx;
	struct xfs_folio *folio = ioend->io_folio;
	uint64_t blocks = ioend->io_blocks;
	bool failed = error && ioend->io_fresh;

	if (error)
		xfs_set_data_error(folio->fo_mapping->m_owner, error);
	if (ioend->io_pooled)
		xfs_ioend_free(folio->fo_mapping, ioend);
	xfs_folio_end_write(folio, blocks, failed);
}

/* One contiguous range of blocks with garbage. */
static int take_back(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	int error;

	error = xfs_trans_alloc(mp, xfs_resv(mp, XFS_RESV_MAP), xfs_map_blocks_resv(mp, 1),
				XFS_TRANS_RESERVE | XFS_TRANS_REPAIR, &tp);
	if (error)
		return error;
	xfs_ilock_excl(ip);
	error = xfs_bmap_unconvert(tp, ip, off, len);
	xfs_iunlock_excl(ip);
	return xfs_trans_finish(tp, error);
}

static void repair(struct xfs_inode *ip, struct xfs_folio *folio, uint64_t blocks)
{
	struct xfs_mount *mp = ip->i_mount;
	uint64_t first_fsb = folio->fo_pos >> mp->m_geo.blocklog, todo = blocks;

	while (todo && !xfs_is_shutdown(mp)) {
		uint32_t first = xfs_lowbit64(todo), run = xfs_folio_run(todo, first);
		int error;

		todo &= ~xfs_folio_mask(first, run);
		error = take_back(ip, first_fsb + first, run);
		/* Rather no file system than one that shows what lay in those blocks. */
		if (error && !xfs_is_shutdown(mp))
			xfs_shutdown(mp, "inode %" PRIu64 ": blocks without their data cannot be "
				     "made unwritten: %s", ip->i_ino, strerror(-error));
	}
}

void xfs_end_failed_io(struct xfs_mount *mp)
{
	struct xfs_folio *folio;
	uint64_t blocks;

	if (likely(!xfs_pagecache_has_failed(mp) &&
		   !__atomic_load_n(&mp->m_repairing, __ATOMIC_ACQUIRE)))
		return;
	/*
	 * A folio that was taken off the list is nobody's: who looks at the list alone would write
	 * a checkpoint that shows its garbage.  So m_repairing says so until it was dealt with,
	 * and who comes meanwhile waits.
	 */
	xfs_mutex_lock(&mp->m_failed_lock);
	__atomic_store_n(&mp->m_repairing, true, __ATOMIC_SEQ_CST);
	while ((folio = xfs_pagecache_pop_failed(mp, &blocks))) {
		repair(folio->fo_mapping->m_owner, folio, blocks);
		xfs_folio_end_failed(folio, blocks);
	}
	__atomic_store_n(&mp->m_repairing, false, __ATOMIC_SEQ_CST);
	xfs_mutex_unlock(&mp->m_failed_lock);
}
