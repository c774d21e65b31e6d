/* SPDX-License-Identifier: MIT */
/*
 * A device as a file descriptor.  Signatures and partition tables lie near its two ends, so a
 * sparse file in memory with copies of those serves a library that looks for them as well as the
 * device.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "device/device_priv.h"

#define PIECE_BYTES 65536u

static bool all_zero(const uint8_t *p, size_t len)
{
	return memcmp(p, xfs_device_zeros, len) == 0;
}
static_assert(PIECE_BYTES <= XFS_DEV_ZERO_BYTES, "a piece is compared with the zeros");

static int write_fd(int fd, uint64_t offset, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int xfs_device_shadow_add(struct xfs_device *dev, int fd, uint64_t offset, uint64_t len)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	uint64_t end;
	uint8_t *buf;
	int error = xfs_device_info(dev, &info);

	if (error)
		return error;
	if (offset > info.size_bytes || len > info.size_bytes - offset)
		return -EIO;
	end = XFS_MIN(xfs_roundup64(offset + len, info.logical_sector),
		      xfs_rounddown64(info.size_bytes, info.logical_sector));
	offset = xfs_rounddown64(offset, info.logical_sector);
	buf = xfs_mem_alloc_aligned(NULL, 4096, PIECE_BYTES);
	if (!buf)
		return -ENOMEM;
	while (offset < end && !error) {
		size_t step = (size_t)XFS_MIN(end - offset, (uint64_t)PIECE_BYTES);

		error = xfs_device_pread(dev, offset, buf, step);
		if (!error && !all_zero(buf, step))
			error = write_fd(fd, offset, buf, step);
		offset += step;
	}
	xfs_mem_free_aligned(NULL, buf);
	return error;
}

int xfs_device_shadow(struct xfs_device *dev, uint64_t head, uint64_t tail, int *fdp)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int fd, error;

	*fdp = -1;
	error = xfs_device_info(dev, &info);
	if (error)
		return error;
	fd = memfd_create("xfswrite-shadow", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	head = XFS_MIN(head, info.size_bytes);
	tail = XFS_MIN(tail, info.size_bytes - head);
	if (ftruncate(fd, (off_t)info.size_bytes) != 0)
		error = -errno;
	if (!error)
		error = xfs_device_shadow_add(dev, fd, 0, head);
	if (!error)
		error = xfs_device_shadow_add(dev, fd, info.size_bytes - tail, tail);
	if (error) {
		close(fd);
		return error;
	}
	*fdp = fd;
	return 0;
}
