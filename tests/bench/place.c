/* SPDX-License-Identifier: MIT */
/* The calls of place.h, through the library and through the host. */
#include "bench/place.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/mkfs.h>
#include <xfswrite/reflink.h>
#include <xfswrite/xfswrite.h>
#include "bench/measure.h"

/* ---- through system calls ------------------------------------------------------------------- */

static int fd_of(void *file)
{
	return (int)(intptr_t)file;
}

static void full_path(const struct place *pl, const char *path, char full[2400])
{
	size_t len = strlen(pl->dir);

	memcpy(full, pl->dir, len);
	full[len] = '/';
	strncpy(full + len + 1, path, 2400 - len - 2);
	full[2399] = 0;
}

static int posix_mount(struct place *pl)
{
	if (!pl->image[0])
		return 0;
	return bench_shell("mount -t xfs -o loop '%s' '%s'", pl->image, pl->dir) ? -EIO : 0;
}

static int posix_unmount(struct place *pl)
{
	int fd, error;

	if (pl->image[0])
		return umount2(pl->dir, 0) ? -errno : 0;
	fd = open(pl->dir, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -errno;
	error = syncfs(fd) ? -errno : 0;
	close(fd);
	return error;
}

static int posix_open(struct place *pl, const char *path, int flags, void **file)
{
	char full[2400];
	int fd;

	full_path(pl, path, full);
	fd = open(full, flags, 0644);
	*file = (void *)(intptr_t)fd;
	return fd < 0 ? -errno : 0;
}

static int posix_close(void *file)
{
	return close(fd_of(file)) ? -errno : 0;
}

static int whole(ssize_t done, size_t len)
{
	return done == (ssize_t)len ? 0 : done < 0 ? -errno : -EIO;
}

static int posix_write(void *file, const void *buf, size_t len, uint64_t offset)
{
	return whole(pwrite(fd_of(file), buf, len, (off_t)offset), len);
}

static int posix_read(void *file, void *buf, size_t len, uint64_t offset)
{
	return whole(pread(fd_of(file), buf, len, (off_t)offset), len);
}

static int posix_sync(void *file, bool data_only)
{
	return (data_only ? fdatasync(fd_of(file)) : fsync(fd_of(file))) ? -errno : 0;
}

static int posix_mkdir(struct place *pl, const char *path)
{
	char full[2400];

	full_path(pl, path, full);
	return mkdir(full, 0755) ? -errno : 0;
}

static int posix_unlink(struct place *pl, const char *path)
{
	char full[2400];

	full_path(pl, path, full);
	return unlink(full) ? -errno : 0;
}

static int posix_fallocate_(void *file, int mode, uint64_t offset, uint64_t len)
{
	return fallocate(fd_of(file), mode, (off_t)offset, (off_t)len) ? -errno : 0;
}

static int posix_clone(void *src, void *dst)
{
	return ioctl(fd_of(dst), FICLONE, fd_of(src)) ? -errno : 0;
}

static int64_t posix_dedupe(void *src, void *dst, uint64_t offset, uint64_t len)
{
	struct file_dedupe_range *range = calloc(1, sizeof(*range) + sizeof(range->info[0]));
	int64_t done;

	if (!range)
		return -ENOMEM;
	range->src_offset = offset;
	range->src_length = len;
	range->dest_count = 1;
	range->info[0].dest_fd = fd_of(dst);
	range->info[0].dest_offset = offset;
	if (ioctl(fd_of(src), FIDEDUPERANGE, range))
		done = -errno;
	else if (range->info[0].status == FILE_DEDUPE_RANGE_DIFFERS)
		done = -EBADE;
	else
		done = range->info[0].status ? range->info[0].status
					     : (int64_t)range->info[0].bytes_deduped;
	free(range);
	return done;
}

static int64_t posix_extents(void *file)
{
	struct fsxattr attr;

	if (ioctl(fd_of(file), FS_IOC_FSGETXATTR, &attr))
		return -EOPNOTSUPP;
	return attr.fsx_nextents;
}

const struct place_ops place_posix = {
	.mount = posix_mount,
	.unmount = posix_unmount,
	.open = posix_open,
	.close = posix_close,
	.write = posix_write,
	.read = posix_read,
	.sync = posix_sync,
	.mkdir = posix_mkdir,
	.unlink = posix_unlink,
	.fallocate = posix_fallocate_,
	.clone = posix_clone,
	.dedupe = posix_dedupe,
	.extents = posix_extents,
};

/* ---- through the library ----------------------------------------------------------------------- */

static int ours_mount(struct place *pl)
{
	struct xfs_device *dev;
	int error = xfs_device_open_file(pl->image, 0, 0, &dev);

	if (error)
		return error;
	error = xfs_mount(dev, pl->options, &pl->mp);
	xfs_device_put(dev);
	return error;
}

static int ours_unmount(struct place *pl)
{
	return xfs_unmount(pl->mp);
}

static int ours_open(struct place *pl, const char *path, int flags, void **file)
{
	struct xfs_file *f;
	int error = xfs_open(pl->mp, path, flags, 0644, &f);

	*file = f;
	return error;
}

static int ours_close(void *file)
{
	return xfs_close(file);
}

static int ours_whole(ssize_t done, size_t len)
{
	return done == (ssize_t)len ? 0 : done < 0 ? (int)done : -EIO;
}

static int ours_write(void *file, const void *buf, size_t len, uint64_t offset)
{
	return ours_whole(xfs_pwrite(file, buf, len, offset), len);
}

static int ours_read(void *file, void *buf, size_t len, uint64_t offset)
{
	return ours_whole(xfs_pread(file, buf, len, offset), len);
}

static int ours_sync(void *file, bool data_only)
{
	return data_only ? xfs_fdatasync(file) : xfs_fsync(file);
}

static int ours_mkdir(struct place *pl, const char *path)
{
	return xfs_mkdir(pl->mp, path, 0755);
}

static int ours_unlink(struct place *pl, const char *path)
{
	return xfs_unlink(pl->mp, path);
}

static int ours_fallocate(void *file, int mode, uint64_t offset, uint64_t len)
{
	return xfs_fallocate(file, mode, offset, len);
}

static int ours_clone(void *src, void *dst)
{
	return xfs_clone_range(src, 0, dst, 0, 0);
}

static int64_t ours_dedupe(void *src, void *dst, uint64_t offset, uint64_t len)
{
	return xfs_dedupe_range(src, offset, dst, offset, len);
}

static int64_t ours_extents(void *file)
{
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(file, &st);

	return error ? error : (int64_t)st.nextents;
}

const struct place_ops place_ours = {
	.mount = ours_mount,
	.unmount = ours_unmount,
	.open = ours_open,
	.close = ours_close,
	.write = ours_write,
	.read = ours_read,
	.sync = ours_sync,
	.mkdir = ours_mkdir,
	.unlink = ours_unlink,
	.fallocate = ours_fallocate,
	.clone = ours_clone,
	.dedupe = ours_dedupe,
	.extents = ours_extents,
};

void place_format(const char *image, uint64_t bytes)
{
	const struct xfs_mkfs_options opts = { .size = sizeof(opts), .flags = XFS_MKFS_FORCE };
	struct xfs_device *dev;

	bench_ok(xfs_device_open_file(image, XFS_DEV_CREATE, bytes, &dev), image);
	bench_ok(xfs_mkfs(dev, NULL, &opts, NULL), "xfs_mkfs");
	bench_ok(xfs_device_flush(dev), "flush");
	xfs_device_put(dev);
}
