/* SPDX-License-Identifier: MIT */
/* Making device reads together. */
#include "core/message.h"
#include "file/file_priv.h"

/* After an error: first in parts of this size, then block by block. */
#define SALVAGE_BYTES	(64u << 10)

/* Returns how many bytes had room. */
static uint64_t add_piece(struct xfs_read_batch *batch, uint64_t pos, uint64_t device,
			  const struct xfs_iov_cursor *cur, uint64_t len, uint32_t unit)
{
	struct xfs_read_piece *piece = &batch->pieces[batch->nr_pieces];
	struct iovec *iovs = &batch->iovs[batch->nr_iovs];
	size_t bytes;
	int n;

	if (batch->nr_pieces == XFS_READ_PIECES)
		return 0;
	n = xfs_iov_list(cur, (size_t)len, iovs, XFS_READ_IOVS - batch->nr_iovs, &bytes);
	if (bytes % unit) {
		bytes -= bytes % unit;
		n = xfs_iov_list(cur, bytes, iovs, XFS_READ_IOVS - batch->nr_iovs, &bytes);
	}
	if (!bytes)
		return 0;
	*piece = (struct xfs_read_piece){
		.pos = pos, .device = device, .len = bytes,
		.first_iov = batch->nr_iovs, .nr_iovs = n,
	};
	batch->nr_pieces++;
	batch->nr_iovs += n;
	return bytes;
}

/* Read @piece in steps of @step from byte *@done on, which advances until an error. */
static int read_steps(struct xfs_mount *mp, const struct xfs_read_batch *batch,
		      const struct xfs_read_piece *piece, uint64_t step, uint64_t *done)
{
	while (*done < piece->len) {
		struct xfs_iov_cursor cur = { .iov = &batch->iovs[piece->first_iov] };
		uint64_t len = XFS_MIN(step, piece->len - *done);
		struct iovec part[XFS_READ_IOVS];
		size_t bytes;
		int error, n;

		xfs_iov_skip(&cur, (size_t)*done);
		n = xfs_iov_list(&cur, (size_t)len, part, XFS_READ_IOVS, &bytes);
		ASSERT(bytes == len);
		error = xfs_device_preadv(mp->m_dev, piece->device + *done, part, n);
		if (error)
			return error;
		*done += len;
	}
	return 0;
}

/*
 * Read what is readable of a piece after a read with it failed with @error.  A single block is not
 * tried again.
 */
static int salvage(struct xfs_inode *ip, const struct xfs_read_batch *batch,
		   const struct xfs_read_piece *piece, bool alone, int error, uint64_t *failed)
{
	struct xfs_mount *mp = ip->i_mount;
	uint32_t block_size = mp->m_geo.blocksize;
	uint64_t done = 0;

	if (!alone || piece->len > SALVAGE_BYTES)
		error = read_steps(mp, batch, piece, SALVAGE_BYTES, &done);
	if (error && piece->len - done > block_size)
		error = read_steps(mp, batch, piece, block_size, &done);
	if (!error)
		return 0;
	*failed = XFS_MIN(*failed, piece->pos + done);
	return xfs_error(mp, error, "inode %" PRIu64 ": reading at %" PRIu64 ": %s", ip->i_ino,
			 piece->pos + done, xfs_errstr(error));
}

static void sort_by_device(const struct xfs_read_batch *batch, uint8_t *order)
{
	for (int i = 0; i < batch->nr_pieces; i++) {
		int at = i;

		for (; at > 0 && batch->pieces[order[at - 1]].device > batch->pieces[i].device; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)i;
	}
}

/*
 * Make one read for the adjacent pieces at the start of @order, at most @n; returns their number.
 */
static int read_neighbours(struct xfs_inode *ip, const struct xfs_read_batch *batch,
			   const uint8_t *order, int n, int *error)
{
	const struct xfs_read_piece *first = &batch->pieces[order[0]];
	struct iovec iovs[XFS_READ_IOVS];
	uint64_t end = first->device;
	int nr_iovs = 0, i;

	for (i = 0; i < n && batch->pieces[order[i]].device == end; i++) {
		const struct xfs_read_piece *piece = &batch->pieces[order[i]];

		memcpy(&iovs[nr_iovs], &batch->iovs[piece->first_iov],
		       (size_t)piece->nr_iovs * sizeof(*iovs));
		nr_iovs += piece->nr_iovs;
		end += piece->len;
	}
	*error = xfs_device_preadv(ip->i_mount->m_dev, first->device, iovs, nr_iovs);
	return i;
}

int xfs_read_batch_run(struct xfs_inode *ip, struct xfs_read_batch *batch, uint64_t *pos)
{
	uint8_t order[XFS_READ_PIECES];
	uint64_t failed = ~0ull;
	int done = 0, error = 0, error2;

	sort_by_device(batch, order);
	while (done < batch->nr_pieces) {
		int n = read_neighbours(ip, batch, order + done, batch->nr_pieces - done, &error2);

		for (int i = 0; error2 && i < n; i++) {
			int error3 = salvage(ip, batch, &batch->pieces[order[done + i]], n == 1, error2,
					     &failed);

			error = error ? error : error3;
		}
		done += n;
	}
	batch->nr_pieces = batch->nr_iovs = 0;
	if (error)
		*pos = failed;
	return error;
}

int xfs_read_batch_add(struct xfs_inode *ip, struct xfs_read_batch *batch, uint64_t *pos,
		       uint64_t device, struct xfs_iov_cursor *cur, uint64_t len, uint32_t unit,
		       uint64_t *added)
{
	int error;

	*added = add_piece(batch, *pos, device, cur, len, unit);
	if (!*added) {
		error = xfs_read_batch_run(ip, batch, pos);
		if (error)
			return error;
		*added = add_piece(batch, *pos, device, cur, len, unit);
	}
	xfs_iov_skip(cur, (size_t)*added);
	*pos += *added;
	return 0;
}
