/* SPDX-License-Identifier: MIT */
/* A copy-on-write image whose unwritten bytes are poison. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/compiler.h"
#include "base/crc32c.h"
#include "crash/image.h"
#include "lock/lock.h"

#define PAGE 4096u

struct image {
	struct xfs_device dev;
	struct xfs_mutex lock;
	struct image *parent;
	uint64_t size;
	uint8_t **pages;	/* NULL: as the parent says; zero_page is nobody's own */
	uint32_t *written;	/* indexes of pages that are not NULL */
	uint32_t nr_written;
	uint64_t hash;
};

static uint8_t zero_page[PAGE];
static uint8_t poison_page[PAGE];

static struct image *to_image(struct xfs_device *dev)
{
	return container_of(dev, struct image, dev);
}

uint64_t crash_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

static const uint8_t *read_page(const struct image *image, uint64_t index)
{
	for (; image; image = image->parent)
		if (image->pages[index])
			return image->pages[index];
	return poison_page;
}

static void set_page(struct image *image, uint64_t index, uint8_t *page)
{
	if (!image->pages[index])
		image->written[image->nr_written++] = (uint32_t)index;
	else if (image->pages[index] != zero_page)
		free(image->pages[index]);
	image->pages[index] = page;
}

static uint8_t *write_page(struct image *image, uint64_t index)
{
	uint8_t *page = image->pages[index];

	if (!page || page == zero_page) {
		page = need(malloc(PAGE));
		memcpy(page, read_page(image, index), PAGE);
		set_page(image, index, page);
	}
	return page;
}

static int image_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			int iovcnt)
{
	struct image *image = to_image(dev);

	xfs_mutex_lock(&image->lock);
	for (int i = 0; i < iovcnt; i++) {
		uint8_t *to = iov[i].iov_base;
		size_t left = iov[i].iov_len;

		while (left) {
			size_t skip = offset % PAGE, step = XFS_MIN(left, (size_t)PAGE - skip);

			memcpy(to, read_page(image, offset / PAGE) + skip, step);
			to += step;
			offset += step;
			left -= step;
		}
	}
	xfs_mutex_unlock(&image->lock);
	return 0;
}

static int image_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov,
			 int iovcnt, unsigned int flags)
{
	struct image *image = to_image(dev);

	(void)flags;
	xfs_mutex_lock(&image->lock);
	for (int i = 0; i < iovcnt; i++) {
		const uint8_t *from = iov[i].iov_base;
		size_t left = iov[i].iov_len;

		while (left) {
			size_t skip = offset % PAGE, step = XFS_MIN(left, (size_t)PAGE - skip);

			memcpy(write_page(image, offset / PAGE) + skip, from, step);
			from += step;
			offset += step;
			left -= step;
		}
	}
	xfs_mutex_unlock(&image->lock);
	return 0;
}

static int image_zero(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct image *image = to_image(dev);

	xfs_mutex_lock(&image->lock);
	while (len) {
		size_t skip = offset % PAGE;
		size_t step = (size_t)XFS_MIN(len, (uint64_t)PAGE - skip);

		if (step == PAGE)
			set_page(image, offset / PAGE, zero_page);
		else
			memset(write_page(image, offset / PAGE) + skip, 0, step);
		offset += step;
		len -= step;
	}
	xfs_mutex_unlock(&image->lock);
	return 0;
}

static int image_flush(struct xfs_device *dev)
{
	(void)dev;
	return 0;
}

static int image_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	const struct xfs_device_info mine = {
		.size = sizeof(mine),
		.size_bytes = to_image(dev)->size,
		.logical_sector = CRASH_SECTOR,
		.physical_sector = CRASH_SECTOR,
		.volatile_cache = true,
	};

	return xfs_device_info_set(info, &mine);
}

void crash_image_reset(struct xfs_device *dev)
{
	struct image *image = to_image(dev);

	for (uint32_t i = 0; i < image->nr_written; i++) {
		uint8_t **page = &image->pages[image->written[i]];

		if (*page != zero_page)
			free(*page);
		*page = NULL;
	}
	image->nr_written = 0;
	image->hash = image->parent ? image->parent->hash : 0;
}

static void image_close(struct xfs_device *dev)
{
	struct image *image = to_image(dev);

	crash_image_reset(dev);
	if (image->parent)
		xfs_device_put(&image->parent->dev);
	xfs_mutex_destroy(&image->lock);
	free(image->pages);
	free(image->written);
	free(image);
}

static const struct xfs_device_ops image_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = image_preadv,
	.pwritev = image_pwritev,
	.flush = image_flush,
	.zero = image_zero,
	.info = image_info,
	.close = image_close,
};

struct xfs_device *crash_image_new(uint64_t size_bytes, struct xfs_device *parent)
{
	struct image *image = need(calloc(1, sizeof(*image)));
	size_t pages = size_bytes / PAGE;

	if (size_bytes % PAGE)
		abort();
	memset(poison_page, CRASH_POISON, PAGE);
	xfs_device_init(&image->dev, &image_ops);
	xfs_mutex_init(&image->lock, XFS_CLASS_LEAF, 0);
	image->size = size_bytes;
	image->pages = need(calloc(pages, sizeof(*image->pages)));
	image->written = need(calloc(pages, sizeof(*image->written)));
	if (parent) {
		image->parent = to_image(xfs_device_get(parent));
		image->hash = image->parent->hash;
	}
	return &image->dev;
}

/* Contents by a CRC, the place mixed in afterwards: sectors that change places are seen. */
static uint64_t sector_hash(uint64_t sector, const uint8_t *data)
{
	return crash_mix(sector << 32 | xfs_crc32c(XFS_CRC_SEED, data, CRASH_SECTOR));
}

void crash_image_put(struct xfs_device *dev, uint64_t offset, const uint8_t *data, uint64_t len)
{
	struct image *image = to_image(dev);

	for (; len; offset += CRASH_SECTOR, data += CRASH_SECTOR, len -= CRASH_SECTOR) {
		const uint8_t *old = read_page(image, offset / PAGE) + offset % PAGE;
		uint64_t sector = offset / CRASH_SECTOR;

		if (memcmp(old, data, CRASH_SECTOR) == 0)
			continue;
		image->hash ^= sector_hash(sector, old) ^ sector_hash(sector, data);
		memcpy(write_page(image, offset / PAGE) + offset % PAGE, data, CRASH_SECTOR);
	}
}

uint64_t crash_image_hash(struct xfs_device *dev)
{
	return to_image(dev)->hash;
}

void crash_image_set_hash(struct xfs_device *dev, uint64_t hash)
{
	to_image(dev)->hash = hash;
}

struct xfs_device *crash_image_copy(struct xfs_device *dev)
{
	struct image *image = to_image(dev);
	struct xfs_device *copy = crash_image_new(image->size, NULL);

	for (uint64_t i = 0; i < image->size / PAGE; i++) {
		const uint8_t *page = read_page(image, i);

		if (page == zero_page)
			set_page(to_image(copy), i, zero_page);
		else if (page != poison_page)
			memcpy(write_page(to_image(copy), i), page, PAGE);
	}
	return copy;
}

void crash_image_save(struct xfs_device *dev, const char *path)
{
	struct image *image = to_image(dev);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)image->size)) {
		perror(path);
		abort();
	}
	for (uint64_t i = 0; i < image->size / PAGE; i++) {
		const uint8_t *page = read_page(image, i);

		if (page != zero_page && pwrite(fd, page, PAGE, (off_t)(i * PAGE)) != PAGE) {
			perror(path);
			abort();
		}
	}
	close(fd);
}
