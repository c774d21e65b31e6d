/* SPDX-License-Identifier: MIT */
/*
 * O_DIRECT needs addresses, offsets and lengths in units that may be larger than the sector of the
 * file system in the image.  A request that does not fit goes through one aligned buffer per
 * device; the first and last unit of such a write are read, modified and written back.
 *
 * One lock covers all of these, so that two writers of neighbouring sectors in one unit do not undo
 * each other.  A request that fits consists of whole units: it shares one with a bounced write only
 * if the two overlap, which is a race of the callers.
 */
#include "device/device_priv.h"

bool xfs_file_direct_fits(const struct xfs_file_device *fdev, uint64_t offset,
			  const struct iovec *iov, int iovcnt)
{
	uint64_t unit_bits = offset;
	uintptr_t mem_bits = 0;

	for (int i = 0; i < iovcnt; i++) {
		unit_bits |= iov[i].iov_len;
		mem_bits |= (uintptr_t)iov[i].iov_base;
	}
	return XFS_IS_ALIGNED(unit_bits, fdev->offset_align) &&
	       XFS_IS_ALIGNED(mem_bits, fdev->mem_align);
}

static int bounce_io(struct xfs_file_device *fdev, bool write, uint64_t offset, size_t skip,
		     size_t len, int rwf)
{
	const struct iovec iov = {.iov_base = fdev->bounce + skip, .iov_len = len};

	return xfs_file_transfer(fdev, write, offset, &iov, 1, rwf);
}

/* The part of [@offset, @end) that one pass covers, and the units around it. */
struct pass {
	uint64_t low, high;	/* whole units */
	uint64_t first, behind; /* the requested part */
};

static struct pass next_pass(const struct xfs_file_device *fdev, uint64_t offset, uint64_t end)
{
	struct pass p = {.low = XFS_ALIGN_DOWN(offset, fdev->offset_align), .first = offset};

	p.high = XFS_MIN(XFS_ALIGN(end, fdev->offset_align), p.low + XFS_FILE_BOUNCE_BYTES);
	p.behind = XFS_MIN(end, p.high);
	return p;
}

int xfs_file_direct_read(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			 uint64_t len)
{
	struct xfs_iov_cursor cur = {.iov = iov};
	uint64_t end = offset + len;
	int error = 0;

	xfs_mutex_lock(&fdev->bounce_lock);
	while (offset < end) {
		struct pass p = next_pass(fdev, offset, end);

		error = bounce_io(fdev, false, p.low, 0, (size_t)(p.high - p.low), 0);
		if (error)
			break;
		xfs_iov_give(&cur, fdev->bounce + (p.first - p.low), (size_t)(p.behind - p.first));
		offset = p.behind;
	}
	xfs_mutex_unlock(&fdev->bounce_lock);
	return error;
}

/* Read the first and the last unit of the pass if the write covers only part of them. */
static int fill_edges(struct xfs_file_device *fdev, const struct pass *p)
{
	uint32_t unit = fdev->offset_align;
	uint64_t last = p->high - unit;
	int error = 0;

	if (p->first > p->low || (last == p->low && p->behind < p->high))
		error = bounce_io(fdev, false, p->low, 0, unit, 0);
	if (!error && last > p->low && p->behind < p->high)
		error = bounce_io(fdev, false, last, (size_t)(last - p->low), unit, 0);
	return error;
}

int xfs_file_direct_write(struct xfs_file_device *fdev, uint64_t offset, const struct iovec *iov,
			  uint64_t len, int rwf)
{
	struct xfs_iov_cursor cur = {.iov = iov};
	uint64_t end = offset + len;
	int error = 0;

	xfs_mutex_lock(&fdev->bounce_lock);
	while (offset < end) {
		struct pass p = next_pass(fdev, offset, end);

		error = fill_edges(fdev, &p);
		if (error)
			break;
		xfs_iov_take(&cur, fdev->bounce + (p.first - p.low), (size_t)(p.behind - p.first));
		error = bounce_io(fdev, true, p.low, 0, (size_t)(p.high - p.low), rwf);
		if (error)
			break;
		offset = p.behind;
	}
	xfs_mutex_unlock(&fdev->bounce_lock);
	return error;
}
