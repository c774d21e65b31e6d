/* SPDX-License-Identifier: MIT */
/*
 * Completion of a data write.  The device queue calls back in the thread that submits, under that
 * thread's locks, so this only changes block states and records errors.
 *
 * If a write to new blocks failed, the blocks hold garbage and must become unwritten again.  The
 * next thread that writes back or syncs does that in a transaction.  It happens before the
 * checkpoint that made the blocks visible can be written (an unjournalled mount has no such
 * checkpoint).
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

/* An error and the device's errno are packed into one word, to be read together. */
#define CAUSE_SHIFT	13

/* Bytes that a file still accepts after it has lost data and nobody was told. */
#define UNTOLD_BYTES	((uint64_t)64 << 10)

static int pack(int error)
{
	int cause = error == -EIO ? xfs_device_cause() : 0;

	return -error | cause << CAUSE_SHIFT;
}

static int unpack(int packed)
{
	xfs_set_device_cause(packed >> CAUSE_SHIFT);
	return -(packed & ((1 << CAUSE_SHIFT) - 1));
}

/*
 * i_data_error, in one word: the newest error to be reported, the device's errno, whether anybody
 * was told, and the number of such errors, which handles remember.
 */
#define DATA_ERROR_MASK	(((uint64_t)1 << 26) - 1)	/* packed as above; 0: no error */
#define DATA_ERROR_TOLD	((uint64_t)1 << 31)
#define DATA_ERROR_COUNT_SHIFT 32

static int untold(uint64_t word)
{
	return word & DATA_ERROR_TOLD ? 0 : (int)(word & DATA_ERROR_MASK);
}

void xfs_set_data_error(struct xfs_inode *ip, int error)
{
	uint64_t old = __atomic_load_n(&ip->i_data_error, __ATOMIC_RELAXED), new;
	int packed = pack(error);

	set_if_none(&ip->i_mount->m_data_error, packed);
	__atomic_store_n(&ip->i_data_error_syncs,
			 __atomic_load_n(&ip->i_mount->m_told_syncs, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	do {
		/* Only for the first: otherwise every failure would grant the file more bytes. */
		if (!untold(old))
			__atomic_store_n(&ip->i_data_error_bytes, 0, __ATOMIC_RELAXED);
		/* An unreported error stands for all that follow it. */
		new = ((old >> DATA_ERROR_COUNT_SHIFT) + 1) << DATA_ERROR_COUNT_SHIFT |
		      (uint64_t)(untold(old) ? untold(old) : packed);
	} while (!__atomic_compare_exchange_n(&ip->i_data_error, &old, new, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (!untold(old))
		xfs_err(ip->i_mount, "inode %" PRIu64 ": writing data: %s", ip->i_ino,
			xfs_errstr(error));
}

static int tell(struct xfs_inode *ip, int packed)
{
	int error = unpack(packed);

	xfs_set_error(ip->i_mount, error, "inode %" PRIu64 ": data was not written: %s", ip->i_ino,
		      xfs_errstr(error));
	xfs_error_set_device(-xfs_device_cause());
	return error;
}

void xfs_data_error_sample(struct xfs_inode *ip, struct xfs_data_errors_seen *seen)
{
	uint64_t word = __atomic_load_n(&ip->i_data_error, __ATOMIC_RELAXED);

	seen->at_open = (uint32_t)(word >> DATA_ERROR_COUNT_SHIFT);
	/* A new handle is also told of an error that nobody has been told of. */
	seen->told = seen->at_open - (untold(word) != 0);
}

/* True if @word counts an error that the handle of @seen was not told of; marks it as told. */
static bool advance(uint64_t word, struct xfs_data_errors_seen *seen)
{
	uint32_t count = (uint32_t)(word >> DATA_ERROR_COUNT_SHIFT);
	uint32_t before = __atomic_load_n(&seen->told, __ATOMIC_RELAXED);

	do {
		if ((int32_t)(count - before) <= 0)
			return false;
	} while (!__atomic_compare_exchange_n(&seen->told, &before, count, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

int xfs_data_error(struct xfs_inode *ip, struct xfs_data_errors_seen *seen)
{
	uint64_t word = __atomic_load_n(&ip->i_data_error, __ATOMIC_RELAXED);

	if (likely(!word))
		return 0;
	if (untold(word))
		word = __atomic_fetch_or(&ip->i_data_error, DATA_ERROR_TOLD, __ATOMIC_RELAXED);
	return advance(word, seen) ? tell(ip, (int)(word & DATA_ERROR_MASK)) : 0;
}

int xfs_data_error_at_close(struct xfs_inode *ip, struct xfs_data_errors_seen *seen)
{
	uint64_t word = __atomic_load_n(&ip->i_data_error, __ATOMIC_RELAXED);

	if ((uint32_t)(word >> DATA_ERROR_COUNT_SHIFT) == seen->at_open)
		return 0;
	return advance(word, seen) ? tell(ip, (int)(word & DATA_ERROR_MASK)) : 0;
}

int xfs_untold_data_error(struct xfs_inode *ip, uint64_t bytes)
{
	int packed = untold(__atomic_load_n(&ip->i_data_error, __ATOMIC_RELAXED));

	if (likely(!packed))
		return 0;
	bytes = XFS_MIN(bytes, UNTOLD_BYTES + 1);
	if (__atomic_add_fetch(&ip->i_data_error_bytes, bytes, __ATOMIC_RELAXED) <= UNTOLD_BYTES ||
	    __atomic_load_n(&ip->i_data_error_syncs, __ATOMIC_RELAXED) !=
			       __atomic_load_n(&ip->i_mount->m_told_syncs, __ATOMIC_RELAXED))
		return 0;
	return tell(ip, packed);
}

int xfs_mount_data_error(struct xfs_mount *mp)
{
	int packed = __atomic_exchange_n(&mp->m_data_error, 0, __ATOMIC_RELAXED), error;

	if (!packed)
		return 0;
	__atomic_fetch_add(&mp->m_told_syncs, 1, __ATOMIC_RELAXED);
	error = unpack(packed);
	xfs_set_error(mp, error, "data of some file was not written: %s", xfs_errstr(error));
	xfs_error_set_device(-xfs_device_cause());
	return error;
}

void xfs_end_io(void *ctx, int error)
{
	struct xfs_ioend *ioend = ctx;
	struct xfs_folio *folio = ioend->io_folio;
	uint64_t blocks = ioend->io_blocks;
	bool failed = error && ioend->io_fresh;

	/* Whatever the cause, the data is lost: -EIO. */
	if (error) {
		if (error != -EIO)
			xfs_set_device_cause(-error);
		xfs_set_data_error(folio->fo_mapping->m_owner, -EIO);
	}
	if (ioend->io_pooled)
		xfs_ioend_free(folio->fo_mapping, ioend);
	xfs_folio_end_write(folio, blocks, failed);
}

/* Make one contiguous range of blocks with garbage unwritten. */
static int take_back(struct xfs_inode *ip, xfs_fileoff_t off, xfs_filblks_t len)
{
	struct xfs_mount *mp = ip->i_mount;
	struct xfs_trans *tp;
	int error;

	error = xfs_trans_alloc(mp, XFS_RESV_MAP, xfs_map_blocks_resv(mp, 1),
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
		/* If that fails, shut down rather than expose the old contents of those blocks. */
		if (error && !xfs_is_shutdown(mp))
			xfs_shutdown(mp, error,
				     "inode %" PRIu64 ": blocks whose data was not written cannot "
						      "be converted to unwritten: %s",
				     ip->i_ino, xfs_errstr(error));
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
	 * While a folio is off the list and not repaired yet, the list alone does not show that a
	 * checkpoint would expose its garbage. m_repairing says so until the repair is done, and
	 * other threads wait.
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
