/* SPDX-License-Identifier: MIT */
/*
 * A copy-on-write overlay: writes stay in memory, in blocks, until they are committed to the base
 * or discarded.
 *
 * (OVERLAY-1) A block that is present has all of its bytes: a write to part of an absent block
 *     first reads the rest from the base.
 * (OVERLAY-2) All blocks of zeros share one buffer, xfs_device_zeros, until something else is
 *     written to them: zeroing gigabytes costs only pointers.
 * (OVERLAY-3) Blocks are added and changed under the exclusive lock; reads share it.
 */
#include "base/need.h"
#include "device/claim.h"
#include "device/device_priv.h"
#include "device/sparse.h"

#define MIN_BLOCK_SHIFT 12
#define COMMIT_IOVS	256

struct overlay_device {
	struct xfs_stacked_device on;
	struct xfs_claim kept; /* claim.c's: the base, while the overlay is not claimed */
	struct xfs_rwlock lock;
	struct xfs_sparse blocks;
	uint32_t block_shift;
	uint64_t base_bytes; /* under the lock: visible part of the base, followed by zeros */
	uint64_t size_bytes; /* atomic; changes under the exclusive lock */
};

static_assert(offsetof(struct overlay_device, on) == 0, "dev comes first");

static const struct xfs_device_ops overlay_ops;

static struct overlay_device *to_overlay(struct xfs_device *dev)
{
	return container_of(dev, struct overlay_device, on.dev);
}

static uint64_t overlay_size(const struct overlay_device *ov)
{
	return __atomic_load_n(&ov->size_bytes, __ATOMIC_RELAXED);
}

static bool in_device(const struct overlay_device *ov, uint64_t offset, uint64_t len)
{
	uint64_t size = overlay_size(ov);

	return offset <= size && len <= size - offset;
}

static size_t block_bytes(const struct overlay_device *ov)
{
	return (size_t)1 << ov->block_shift;
}

static bool is_zero_block(const void *block)
{
	return block == xfs_device_zeros;
}

static void *zero_block(void)
{
	return (void *)(uintptr_t)xfs_device_zeros;
}

static void free_block(void *ctx, void *block)
{
	struct overlay_device *ov = ctx;

	if (!is_zero_block(block))
		xfs_mem_free(&ov->on.mem, block);
}

/* Read a whole block from the base, with zeros behind its end. */
static int read_base_block(struct overlay_device *ov, uint64_t index, uint8_t *block)
{
	uint64_t offset = index << ov->block_shift;
	size_t there = 0;

	if (offset < ov->base_bytes)
		there = (size_t)XFS_MIN(ov->base_bytes - offset, (uint64_t)block_bytes(ov));
	memset(block + there, 0, block_bytes(ov) - there);
	return there ? xfs_device_pread(ov->on.base, offset, block, there) : 0;
}

static struct xfs_pieces pieces(const struct overlay_device *ov, uint64_t offset, uint64_t end)
{
	return (struct xfs_pieces){offset, end, ov->block_shift};
}

/* Copy the blocks that are present over what was read from the base. */
static void lay_over(struct overlay_device *ov, uint64_t offset, const struct iovec *iov,
		     uint64_t end)
{
	struct xfs_pieces rest = pieces(ov, offset, end);
	struct xfs_iov_cursor cur = {.iov = iov};
	struct xfs_piece p;

	while (xfs_pieces_next(&rest, &p)) {
		const uint8_t *block = xfs_sparse_lookup(&ov->blocks, p.index);

		if (block)
			xfs_iov_give(&cur, block + p.skip, p.len);
		else
			xfs_iov_skip(&cur, p.len);
	}
}

/*
 * For a range that extends beyond the base: read block by block, because the vector cannot be
 * passed to the base as it is.
 */
static int read_by_blocks(struct overlay_device *ov, uint64_t offset, const struct iovec *iov,
			  uint64_t end)
{
	struct xfs_iov_cursor cur = {.iov = iov};
	uint8_t *bounce = xfs_mem_alloc_aligned(&ov->on.mem, 4096, block_bytes(ov));
	struct xfs_pieces rest = pieces(ov, offset, end);
	struct xfs_piece p;
	int error = bounce ? 0 : -ENOMEM;

	while (!error && xfs_pieces_next(&rest, &p)) {
		const uint8_t *block = xfs_sparse_lookup(&ov->blocks, p.index);

		if (!block) {
			error = read_base_block(ov, p.index, bounce);
			block = bounce;
		}
		if (!error)
			xfs_iov_give(&cur, block + p.skip, p.len);
	}
	xfs_mem_free_aligned(&ov->on.mem, bounce);
	return error;
}

static int overlay_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt)
{
	struct overlay_device *ov = to_overlay(dev);
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (error)
		return error;
	xfs_rwlock_shared(&ov->lock);
	if (!in_device(ov, offset, len)) {
		error = -EIO;
	} else if (offset + len > ov->base_bytes) {
		error = read_by_blocks(ov, offset, iov, offset + len);
	} else {
		error = xfs_device_preadv(ov->on.base, offset, iov, iovcnt);
		if (!error && ov->blocks.nr_chunks)
			lay_over(ov, offset, iov, offset + len);
	}
	xfs_rwlock_unlock_shared(&ov->lock);
	return error;
}

/* Under the exclusive lock: the block to write to.  @whole: all of it will be overwritten. */
static int block_for_write(struct overlay_device *ov, uint64_t index, bool whole, uint8_t **blockp)
{
	uint8_t *old = xfs_sparse_lookup(&ov->blocks, index);
	uint8_t *block;
	int error = 0;

	*blockp = old;
	if (old && !is_zero_block(old))
		return 0;
	block = xfs_mem_alloc(&ov->on.mem, block_bytes(ov));
	if (!block)
		return -ENOMEM;
	if (old)
		memset(block, 0, block_bytes(ov));
	else if (!whole)
		error = read_base_block(ov, index, block); /* OVERLAY-1 */
	if (!error && old)
		xfs_sparse_replace(&ov->blocks, index, block);
	else if (!error)
		error = xfs_sparse_insert(&ov->blocks, index, block);
	if (error)
		xfs_mem_free(&ov->on.mem, block);
	else
		*blockp = block;
	return error;
}

static int overlay_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			   int iovcnt, unsigned int flags)
{
	struct overlay_device *ov = to_overlay(dev);
	struct xfs_iov_cursor cur = {.iov = iov};
	struct xfs_pieces rest;
	struct xfs_piece p;
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	(void)flags;
	if (error)
		return error;
	xfs_rwlock_excl(&ov->lock);
	if (!in_device(ov, offset, len))
		error = -EIO;
	rest = pieces(ov, offset, offset + len);
	while (!error && xfs_pieces_next(&rest, &p)) {
		uint8_t *block;

		error = block_for_write(ov, p.index, p.len == block_bytes(ov), &block);
		if (!error)
			xfs_iov_take(&cur, block + p.skip, p.len);
	}
	xfs_rwlock_unlock_excl(&ov->lock);
	return error;
}

static int overlay_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

/* Under the exclusive lock. */
static int zero_piece(struct overlay_device *ov, struct xfs_piece p)
{
	const uint64_t index = p.index;
	void *old = xfs_sparse_lookup(&ov->blocks, index);
	uint8_t *block;
	int error;

	if (old && is_zero_block(old))
		return 0;
	if (p.len < block_bytes(ov)) {
		error = block_for_write(ov, index, false, &block);
		if (!error)
			memset(block + p.skip, 0, p.len);
		return error;
	}
	if (!old)
		return xfs_sparse_insert(&ov->blocks, index, zero_block()); /* OVERLAY-2 */
	free_block(ov, xfs_sparse_replace(&ov->blocks, index, zero_block()));
	return 0;
}

static int overlay_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct overlay_device *ov = to_overlay(dev);
	struct xfs_pieces rest = pieces(ov, offset, offset + len);
	struct xfs_piece p;
	int error = 0;

	xfs_rwlock_excl(&ov->lock);
	if (!in_device(ov, offset, len))
		error = -EIO;
	while (!error && xfs_pieces_next(&rest, &p))
		error = zero_piece(ov, p);
	xfs_rwlock_unlock_excl(&ov->lock);
	return error;
}

static int overlay_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct overlay_device *ov = to_overlay(dev);
	int error = xfs_device_info(ov->on.base, info);

	info->size_bytes = overlay_size(ov);
	info->read_only = false;
	info->growable = true;
	info->volatile_cache = false;
	return error;
}

static int drop_block(void *ctx, uint64_t index, void *block)
{
	struct overlay_device *ov = ctx;

	xfs_sparse_remove(&ov->blocks, index);
	free_block(ov, block);
	return 0;
}

/* Under the exclusive lock: bytes behind the new end must not reappear, here or in the base. */
static void cut_off(struct overlay_device *ov, uint64_t size_bytes)
{
	uint64_t edge = size_bytes >> ov->block_shift;
	size_t keep = (size_t)size_bytes & (block_bytes(ov) - 1);
	uint8_t *block = keep ? xfs_sparse_lookup(&ov->blocks, edge) : NULL;

	if (block && !is_zero_block(block))
		memset(block + keep, 0, block_bytes(ov) - keep);
	xfs_sparse_walk(&ov->blocks, edge + (keep != 0), UINT64_MAX, drop_block, ov);
	ov->base_bytes = XFS_MIN(ov->base_bytes, size_bytes);
}

static int overlay_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct overlay_device *ov = to_overlay(dev);
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(ov->on.base, &info);

	if (error)
		return error;
	if (!XFS_IS_ALIGNED(size_bytes, info.logical_sector))
		return -EINVAL;
	xfs_rwlock_excl(&ov->lock);
	error = xfs_sparse_set_limit(&ov->blocks, xfs_howmany64(size_bytes, block_bytes(ov)));
	if (!error) {
		if (size_bytes < overlay_size(ov))
			cut_off(ov, size_bytes);
		__atomic_store_n(&ov->size_bytes, size_bytes, __ATOMIC_RELAXED);
	}
	xfs_rwlock_unlock_excl(&ov->lock);
	return error;
}

static void overlay_close(struct xfs_device *dev)
{
	struct overlay_device *ov = to_overlay(dev);

	xfs_device_unclaim(&ov->kept);
	xfs_sparse_clear(&ov->blocks, free_block, ov);
	xfs_rwlock_destroy(&ov->lock);
	xfs_stacked_close(dev);
}

/* Adjacent blocks on their way to the base: all with contents, or all zeros. */
struct commit_run {
	struct overlay_device *ov;
	uint64_t first, blocks;
	bool zeros;
	struct iovec iov[COMMIT_IOVS]; /* unused for zeros */
};

static int write_run(struct commit_run *run)
{
	struct overlay_device *ov = run->ov;
	uint64_t offset = run->first << ov->block_shift;
	uint64_t len = XFS_MIN(run->blocks << ov->block_shift, overlay_size(ov) - offset);
	uint64_t too_long = (run->blocks << ov->block_shift) - len;
	int error;

	if (!run->blocks)
		return 0;
	if (run->zeros) {
		error = xfs_device_zero(ov->on.base, offset, len);
	} else {
		/* The device may end within the last block. */
		run->iov[run->blocks - 1].iov_len -= (size_t)too_long;
		error = xfs_device_pwritev(ov->on.base, offset, run->iov, (int)run->blocks, 0);
	}
	run->blocks = 0;
	return error;
}

static int commit_block(void *ctx, uint64_t index, void *block)
{
	struct commit_run *run = ctx;
	bool zeros = is_zero_block(block);
	int error;

	if (run->blocks && (index != run->first + run->blocks || zeros != run->zeros ||
			    (!zeros && run->blocks == COMMIT_IOVS))) {
		error = write_run(run);
		if (error)
			return error;
	}
	if (!run->blocks) {
		run->first = index;
		run->zeros = zeros;
	}
	if (!zeros)
		run->iov[run->blocks] = (struct iovec){
			.iov_base = block,
			.iov_len = block_bytes(run->ov),
		};
	run->blocks++;
	return 0;
}

static int not_an_overlay(void)
{
	return xfs_fail(-EINVAL, "the device is not an overlay");
}

/* A partial last sector can be neither read nor written, so it does not count. */
static uint64_t whole_sectors(const struct xfs_device_info *info)
{
	return xfs_rounddown64(info->size_bytes, info->logical_sector);
}

/*
 * Give the base the overlay's size: first shrink it to drop the truncated part, then grow it with
 * zeros.
 */
static int resize_base(struct overlay_device *ov)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(ov->on.base, &info);

	if (!error && ov->base_bytes < whole_sectors(&info))
		error = xfs_device_resize(ov->on.base, ov->base_bytes);
	if (!error && overlay_size(ov) > ov->base_bytes)
		error = xfs_device_resize(ov->on.base, overlay_size(ov));
	return error;
}

/* Under the exclusive lock. */
static int write_back(struct overlay_device *ov, struct commit_run *run)
{
	int error = resize_base(ov);

	if (!error)
		error = xfs_sparse_walk(&ov->blocks, 0, UINT64_MAX, commit_block, run);
	if (!error)
		error = write_run(run);
	if (!error)
		error = xfs_device_flush(ov->on.base);
	if (!error) {
		xfs_sparse_clear(&ov->blocks, free_block, ov);
		ov->base_bytes = overlay_size(ov);
	}
	return error;
}

static int do_overlay_commit(struct xfs_device *overlay)
{
	struct overlay_device *ov;
	struct commit_run *run;
	struct xfs_claim claim;
	int error;

	if (!overlay || overlay->ops != &overlay_ops)
		return not_an_overlay();
	ov = to_overlay(overlay);
	run = xfs_mem_zalloc(&ov->on.mem, sizeof(*run));
	if (!run)
		return xfs_fail(-ENOMEM, "out of memory for a commit");
	run->ov = ov;
	error = xfs_device_claim(ov->on.base, ov, &claim);
	if (!error) {
		xfs_rwlock_excl(&ov->lock);
		error = write_back(ov, run);
		xfs_rwlock_unlock_excl(&ov->lock);
		xfs_device_unclaim(&claim);
	}
	if (!error)
		xfs_device_unclaim(&ov->kept);
	xfs_mem_free(&ov->on.mem, run);
	return error;
}

int xfs_device_overlay_commit(struct xfs_device *overlay)
{
	return XFS_CALL(do_overlay_commit(overlay));
}

static int do_overlay_discard(struct xfs_device *overlay)
{
	struct overlay_device *ov;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error;

	if (!overlay || overlay->ops != &overlay_ops)
		return not_an_overlay();
	ov = to_overlay(overlay);
	error = xfs_device_info(ov->on.base, &info);
	if (error)
		return error;
	xfs_rwlock_excl(&ov->lock);
	xfs_sparse_clear(&ov->blocks, free_block, ov);
	ov->base_bytes = whole_sectors(&info);
	__atomic_store_n(&ov->size_bytes, ov->base_bytes, __ATOMIC_RELAXED);
	xfs_rwlock_unlock_excl(&ov->lock);
	xfs_device_unclaim(&ov->kept);
	return 0;
}

int xfs_device_overlay_discard(struct xfs_device *overlay)
{
	return XFS_CALL(do_overlay_discard(overlay));
}

uint64_t xfs_device_overlay_bytes(const struct xfs_device *overlay)
{
	const struct overlay_device *ov = (const void *)overlay; /* dev is its first member */

	if (!overlay || overlay->ops != &overlay_ops)
		return 0;
	return __atomic_load_n(&ov->blocks.nr_chunks, __ATOMIC_RELAXED) << ov->block_shift;
}

static const struct xfs_device_ops overlay_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = overlay_preadv,
	.pwritev = overlay_pwritev,
	.flush = overlay_flush,
	.zero = overlay_zero,
	.info = overlay_info,
	.resize = overlay_resize,
	.close = overlay_close,
};

static int do_open_overlay(struct xfs_device *base, const struct xfs_env *env,
			   struct xfs_device **devp)
{
	struct overlay_device *ov;
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_stacked_open(base, &overlay_ops, sizeof(*ov), env, &info, devp);

	if (error)
		return error;
	ov = to_overlay(*devp);
	ov->block_shift = XFS_MAX(xfs_highbit64(info.logical_sector), (unsigned)MIN_BLOCK_SHIFT);
	ov->size_bytes = whole_sectors(&info);
	ov->base_bytes = ov->size_bytes;
	xfs_rwlock_init(&ov->lock, XFS_CLASS_LEAF, 0);
	xfs_sparse_init(&ov->blocks, &ov->on.mem, xfs_howmany64(ov->size_bytes, block_bytes(ov)));
	return 0;
}

int xfs_device_open_overlay(struct xfs_device *base, const struct xfs_env *env,
			    struct xfs_device **devp)
{
	return XFS_CALL(do_open_overlay(base, env, devp));
}

struct xfs_device *xfs_overlay_base(struct xfs_device *dev)
{
	return dev->ops == &overlay_ops ? xfs_stacked_base(dev) : NULL;
}

bool xfs_overlay_differs(struct xfs_device *overlay)
{
	struct overlay_device *ov = to_overlay(overlay);
	bool differs;

	xfs_rwlock_shared(&ov->lock);
	differs = ov->blocks.nr_chunks || overlay_size(ov) != ov->base_bytes;
	xfs_rwlock_unlock_shared(&ov->lock);
	return differs;
}

struct xfs_claim *xfs_overlay_kept(struct xfs_device *overlay)
{
	return &to_overlay(overlay)->kept;
}
