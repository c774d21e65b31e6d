/* SPDX-License-Identifier: MIT */
/*
 * A device in memory.  It takes memory only for what was written: absent chunks read as zeros, and
 * zeroing or discarding a whole chunk frees it.
 *
 * Transfers hold the lock shared and copy in parallel; chunks are removed only under the exclusive
 * lock.
 */
#include "base/need.h"
#include "device/device_priv.h"
#include "device/sparse.h"
#include "lock/lock.h"

#define CHUNK_SHIFT 16
#define CHUNK_BYTES (1u << CHUNK_SHIFT)

struct memory_device {
	struct xfs_device dev;
	struct xfs_mem mem;
	struct xfs_rwlock lock;
	struct xfs_sparse chunks; /* insert under the shared lock, remove under the exclusive one */
	uint64_t size_bytes;	  /* atomic; changes under the exclusive lock */
	uint32_t sector_bytes;
};

static struct memory_device *to_memory(struct xfs_device *dev)
{
	return container_of(dev, struct memory_device, dev);
}

static uint64_t memory_size(const struct memory_device *md)
{
	return __atomic_load_n(&md->size_bytes, __ATOMIC_RELAXED);
}

static bool in_device(const struct memory_device *md, uint64_t offset, uint64_t len)
{
	uint64_t size = memory_size(md);

	return offset <= size && len <= size - offset;
}

static int memory_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt)
{
	struct memory_device *md = to_memory(dev);
	struct xfs_iov_cursor cur = {.iov = iov};
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (error)
		return error;
	xfs_rwlock_shared(&md->lock);
	if (!in_device(md, offset, len))
		error = -EIO;
	while (len && !error) {
		const uint8_t *chunk = xfs_sparse_lookup(&md->chunks, offset >> CHUNK_SHIFT);
		size_t skip = offset & (CHUNK_BYTES - 1);
		size_t step = (size_t)XFS_MIN(len, (uint64_t)(CHUNK_BYTES - skip));

		xfs_iov_give(&cur, chunk ? chunk + skip : xfs_device_zeros, step);
		offset += step;
		len -= step;
	}
	xfs_rwlock_unlock_shared(&md->lock);
	return error;
}
static_assert(CHUNK_BYTES <= XFS_DEV_ZERO_BYTES, "an absent chunk is read from the zeros");

/* The chunk is zeroed even if the write covers it: other threads may see it before it is filled. */
static uint8_t *chunk_for_write(struct memory_device *md, uint64_t index)
{
	uint8_t *chunk = xfs_sparse_lookup(&md->chunks, index);
	int error;

	if (chunk)
		return chunk;
	chunk = xfs_mem_zalloc(&md->mem, CHUNK_BYTES);
	if (!chunk)
		return NULL;
	error = xfs_sparse_insert(&md->chunks, index, chunk);
	if (!error)
		return chunk;
	xfs_mem_free(&md->mem, chunk);
	return error == -EEXIST ? xfs_sparse_lookup(&md->chunks, index) : NULL;
}

static int memory_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			  int iovcnt, unsigned int flags)
{
	struct memory_device *md = to_memory(dev);
	struct xfs_iov_cursor cur = {.iov = iov};
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	(void)flags;
	if (error)
		return error;
	xfs_rwlock_shared(&md->lock);
	if (!in_device(md, offset, len))
		error = -EIO;
	while (len && !error) {
		size_t skip = offset & (CHUNK_BYTES - 1);
		size_t step = (size_t)XFS_MIN(len, (uint64_t)(CHUNK_BYTES - skip));
		uint8_t *chunk = chunk_for_write(md, offset >> CHUNK_SHIFT);

		if (!chunk) {
			error = -ENOMEM;
			break;
		}
		xfs_iov_take(&cur, chunk + skip, step);
		offset += step;
		len -= step;
	}
	xfs_rwlock_unlock_shared(&md->lock);
	return error;
}

static int memory_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

static int drop_chunk(void *ctx, uint64_t index, void *chunk)
{
	struct memory_device *md = ctx;

	(void)chunk;
	xfs_mem_free(&md->mem, xfs_sparse_remove(&md->chunks, index));
	return 0;
}

/* Under the exclusive lock; needs no memory. */
static void zero_range(struct memory_device *md, uint64_t offset, uint64_t end)
{
	uint64_t first_whole = xfs_howmany64(offset, CHUNK_BYTES);
	uint64_t end_whole = end >> CHUNK_SHIFT;

	if (first_whole < end_whole)
		xfs_sparse_walk(&md->chunks, first_whole, end_whole - 1, drop_chunk, md);
	while (offset < end) {
		uint64_t index = offset >> CHUNK_SHIFT;
		size_t skip = offset & (CHUNK_BYTES - 1);
		size_t step = (size_t)XFS_MIN(end - offset, (uint64_t)(CHUNK_BYTES - skip));
		uint8_t *chunk;

		if (index >= first_whole && index < end_whole) {
			offset = end_whole << CHUNK_SHIFT;
			continue;
		}
		chunk = xfs_sparse_lookup(&md->chunks, index);
		if (chunk)
			memset(chunk + skip, 0, step);
		offset += step;
	}
}

static int memory_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct memory_device *md = to_memory(dev);
	int error = 0;

	xfs_rwlock_excl(&md->lock);
	if (in_device(md, offset, len))
		zero_range(md, offset, offset + len);
	else
		error = -EIO;
	xfs_rwlock_unlock_excl(&md->lock);
	return error;
}

static int memory_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	struct memory_device *md = to_memory(dev);
	const struct xfs_device_info mine = {
		.size = sizeof(mine),
		.size_bytes = memory_size(md),
		.logical_sector = md->sector_bytes,
		.physical_sector = md->sector_bytes,
		.growable = true,
	};

	return xfs_device_info_set(info, &mine);
}

static int memory_resize(struct xfs_device *dev, uint64_t size_bytes)
{
	struct memory_device *md = to_memory(dev);
	uint64_t old;
	int error;

	if (!XFS_IS_ALIGNED(size_bytes, md->sector_bytes))
		return -EINVAL;
	xfs_rwlock_excl(&md->lock);
	error = xfs_sparse_set_limit(&md->chunks, xfs_howmany64(size_bytes, CHUNK_BYTES));
	if (!error) {
		/* The truncated part must read as zeros when the device grows again. */
		old = memory_size(md);
		if (size_bytes < old)
			zero_range(md, size_bytes, xfs_roundup64(old, CHUNK_BYTES));
		__atomic_store_n(&md->size_bytes, size_bytes, __ATOMIC_RELAXED);
	}
	xfs_rwlock_unlock_excl(&md->lock);
	return error;
}

static void free_chunk(void *ctx, void *chunk)
{
	xfs_mem_free(ctx, chunk);
}

static void memory_close(struct xfs_device *dev)
{
	struct memory_device *md = to_memory(dev);
	struct xfs_mem mem = md->mem;

	xfs_sparse_clear(&md->chunks, free_chunk, &mem);
	xfs_rwlock_destroy(&md->lock);
	xfs_mem_free(&mem, md);
}

static const struct xfs_device_ops memory_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = memory_preadv,
	.pwritev = memory_pwritev,
	.flush = memory_flush,
	.discard = memory_zero,
	.zero = memory_zero,
	.info = memory_info,
	.resize = memory_resize,
	.close = memory_close,
};

static int do_open_memory(uint64_t size_bytes, uint32_t sector_bytes, const struct xfs_env *env,
			  struct xfs_device **devp)
{
	struct memory_device *md;
	struct xfs_mem mem;
	int error;

	if (!devp)
		return xfs_fail(-EINVAL, "the pointer for the device is NULL");
	*devp = NULL;
	error = xfs_mem_take(&mem, env);
	if (error)
		return error;
	if (!xfs_is_power_of_2(sector_bytes) || sector_bytes < XFS_DEV_MIN_SECTOR ||
	    sector_bytes > XFS_DEV_MAX_SECTOR || !XFS_IS_ALIGNED(size_bytes, sector_bytes) ||
	    size_bytes > INT64_MAX)
		return xfs_fail(-EINVAL, "%" PRIu64 " bytes in sectors of %u", size_bytes,
				sector_bytes);
	md = xfs_mem_zalloc(&mem, sizeof(*md));
	if (!md)
		return xfs_fail(-ENOMEM, "out of memory for a device");
	xfs_device_init(&md->dev, &memory_ops);
	md->mem = mem;
	md->size_bytes = size_bytes;
	md->sector_bytes = sector_bytes;
	xfs_rwlock_init(&md->lock, XFS_CLASS_LEAF, 0);
	xfs_sparse_init(&md->chunks, &md->mem, xfs_howmany64(size_bytes, CHUNK_BYTES));
	*devp = &md->dev;
	return 0;
}

int xfs_device_open_memory(uint64_t size_bytes, uint32_t sector_bytes, const struct xfs_env *env,
			   struct xfs_device **devp)
{
	return XFS_CALL(do_open_memory(size_bytes, sector_bytes, env, devp));
}
