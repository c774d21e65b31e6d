/* SPDX-License-Identifier: MIT */
/*
 * Reading for the checker.  Callers get copies, so no walk depends on what another one evicts.  The
 * cache is small and direct-mapped: it serves tree and directory blocks that are read twice within
 * a short time, and does not try to hold all metadata.
 */
#include "check/check_priv.h"

#define CACHE_BYTES	(4u << 20)
#define MAX_SECTOR	65536u

/* Both devices are read in units of the larger of their sectors. */
static int device_size(struct xfs_check *chk, struct xfs_device *dev, uint64_t *bytes)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(dev, &info);

	if (error)
		return error;
	if (!xfs_is_power_of_2(info.logical_sector) || info.logical_sector < 512 ||
	    info.logical_sector > MAX_SECTOR)
		return -EINVAL;
	chk->sector = XFS_MAX(chk->sector, info.logical_sector);
	*bytes = info.size_bytes;
	return 0;
}

int xfs_check_io_init(struct xfs_check *chk)
{
	int error = device_size(chk, chk->dev, &chk->dev_bytes);

	if (!error && chk->logdev)
		error = device_size(chk, chk->logdev, &chk->logdev_bytes);
	if (error)
		return error;
	chk->bounce = xfs_mem_alloc_aligned(&chk->mem, 4096, XFS_MAX_BLOCKSIZE + 2u * chk->sector);
	return chk->bounce ? 0 : -ENOMEM;
}

int xfs_check_cache_init(struct xfs_check *chk)
{
	struct xfs_check_cache *cache = &chk->cache;

	cache->slots = CACHE_BYTES / chk->g.blocksize;
	cache->fsbno = xfs_mem_alloc(&chk->mem, cache->slots * sizeof(*cache->fsbno));
	cache->data = xfs_mem_alloc_aligned(&chk->mem, 4096, CACHE_BYTES);
	if (!cache->fsbno || !cache->data)
		return -ENOMEM;
	memset(cache->fsbno, 0xff, cache->slots * sizeof(*cache->fsbno));
	return 0;
}

void xfs_check_io_exit(struct xfs_check *chk)
{
	xfs_mem_free(&chk->mem, chk->cache.fsbno);
	xfs_mem_free_aligned(&chk->mem, chk->cache.data);
	xfs_mem_free_aligned(&chk->mem, chk->bounce);
}

static int read_device(struct xfs_check *chk, struct xfs_device *dev, uint64_t size,
		       uint64_t offset, void *buf, size_t len)
{
	if (offset > size || len > size - offset)
		return -EIO;
	/* Large aligned pieces of a log are read without a copy. */
	if (len > XFS_MAX_BLOCKSIZE && !((offset | len | (uintptr_t)buf) & (chk->sector - 1)))
		return xfs_device_pread(dev, offset, buf, len);
	while (len) {
		/* Read whole sectors into memory that O_DIRECT accepts. */
		size_t piece = XFS_MIN_T(size_t, len, XFS_MAX_BLOCKSIZE);
		uint64_t start = xfs_rounddown64(offset, chk->sector);
		uint64_t end = XFS_MIN(xfs_roundup64(offset + piece, chk->sector), size);
		int error = xfs_device_pread(dev, start, chk->bounce, (size_t)(end - start));

		if (error)
			return error;
		memcpy(buf, chk->bounce + (offset - start), piece);
		offset += piece;
		len -= piece;
		buf = (char *)buf + piece;
	}
	return 0;
}

int xfs_check_read(struct xfs_check *chk, uint64_t offset, void *buf, size_t len)
{
	return read_device(chk, chk->dev, chk->dev_bytes, offset, buf, len);
}

int xfs_check_read_block(struct xfs_check *chk, uint32_t agno, uint32_t agbno, void *buf)
{
	struct xfs_check_cache *cache = &chk->cache;
	uint64_t fsbno = xfs_check_fsbno(&chk->g, agno, agbno);
	uint32_t slot = (uint32_t)((fsbno ^ fsbno >> 16) & (cache->slots - 1));
	uint8_t *data = cache->data + (size_t)slot * chk->g.blocksize;
	int error;

	if (cache->fsbno[slot] != fsbno) {
		cache->fsbno[slot] = ~0ull;
		error = xfs_check_read(chk, xfs_check_daddr(&chk->g, agno, agbno) << XFS_BB_SHIFT,
				       data, chk->g.blocksize);
		if (error)
			return error;
		cache->fsbno[slot] = fsbno;
	}
	memcpy(buf, data, chk->g.blocksize);
	return 0;
}

int xfs_check_read_log(struct xfs_check *chk, uint32_t bb, void *buf, uint32_t nr_bb)
{
	uint64_t start = (uint64_t)bb << XFS_BB_SHIFT;
	size_t len = (size_t)nr_bb << XFS_BB_SHIFT;

	if (chk->sb.sb_logstart) {
		uint64_t fsbno = chk->sb.sb_logstart;
		uint32_t agbno = (uint32_t)(fsbno & ((1ull << chk->g.agblklog) - 1));

		start += xfs_check_daddr(&chk->g, (uint32_t)(fsbno >> chk->g.agblklog), agbno)
			 << XFS_BB_SHIFT;
		return xfs_check_read(chk, start, buf, len);
	}
	return read_device(chk, chk->logdev, chk->logdev_bytes, start, buf, len);
}
