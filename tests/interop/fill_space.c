/* SPDX-License-Identifier: MIT */
/*
 * The same seeded writes on a mounted file system or through the library, for tests that compare
 * what fits and how it lies:
 *
 *	fill_space full SEED (DIR | -L IMAGE)	many files grow in turns until nothing fits
 *	fill_space turns BYTES (DIR | -L IMAGE)	8 files grow by 64 KiB in turns, to BYTES each
 *	fill_space synced BYTES (DIR | -L IMAGE)	the same, each synced whenever it has grown by 4 MiB
 *	fill_space empty 0 (DIR | -L IMAGE)	the files of both are removed
 *
 * full prints how many bytes were taken, by growing files alone, so that each counts once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/xfswrite.h>
#include "support/fill.h"

#define FILES	24u
#define LARGEST	(1u << 20)

static const struct test_fill_ops *ops;
static void *fs;
static const char *top;
static uint64_t state;
static uint8_t buf[LARGEST];

/* splitmix64 */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void die(const char *what, int64_t error)
{
	fprintf(stderr, "fill_space: %s: %s\n", what, strerror((int)-error));
	exit(1);
}

static const char *path_of(uint32_t i)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/file%u", top, i);
	return path;
}

static intptr_t open_file(uint32_t i)
{
	intptr_t file = ops->open(fs, path_of(i));

	if (file < 0 && (intptr_t)-4096 < file)
		die("open", file);
	return file;
}

static void close_file(intptr_t file)
{
	int error = ops->close(fs, file);

	if (error)
		die("close", error);
}

/* Bytes taken at the end of @file; 0: no space. */
static uint64_t append(intptr_t file, uint64_t *size, uint32_t len)
{
	ssize_t ret = ops->pwrite(fs, file, buf, len, *size);

	if (ret < 0 && ret != -ENOSPC)
		die("write", ret);
	if (ret <= 0)
		return 0;
	*size += (uint64_t)ret;
	return (uint64_t)ret;
}

/*
 * Sizes of all orders; now and then an overwrite, an fsync, a handle closed and opened.  When the
 * large ones do not fit, smaller ones, until no file takes a byte.
 */
static void full(void)
{
	uint64_t size[FILES] = { 0 }, total = 0;
	uint32_t largest = LARGEST, refused = 0;
	intptr_t file[FILES];

	for (uint32_t i = 0; i < FILES; i++)
		file[i] = open_file(i);
	while (largest) {
		uint32_t i = (uint32_t)(next() % FILES), len = (uint32_t)(LARGEST >> next() % 12);
		uint64_t got;

		len = 1 + (uint32_t)(next() % (len < largest ? len : largest));
		got = append(file[i], &size[i], len);
		total += got;
		refused = got ? 0 : refused + 1;
		if (refused == 2 * FILES) {
			largest /= 2;
			refused = 0;
		}
		if (next() % 16 == 0 && size[i] > len) {
			ssize_t ret = ops->pwrite(fs, file[i], buf, len, next() % (size[i] - len));

			if (ret != (ssize_t)len)
				die("overwrite", ret < 0 ? ret : -EIO);
		}
		if (next() % 64 == 0) {
			close_file(file[i]);
			file[i] = open_file(i);
		}
		if (next() % 128 == 0 && ops->fsync(fs, file[i]))
			die("fsync", -EIO);
	}
	for (uint32_t i = 0; i < FILES; i++)
		close_file(file[i]);
	printf("%" PRIu64 "\n", total);
}

static void turns(uint64_t bytes, uint64_t sync_bytes)
{
	uint64_t size[8] = { 0 };
	intptr_t file[8];

	for (uint32_t i = 0; i < 8; i++)
		file[i] = open_file(i);
	while (size[7] < bytes) {
		for (uint32_t i = 0; i < 8; i++) {
			if (append(file[i], &size[i], 65536) != 65536)
				die("append", -ENOSPC);
			if (size[i] % sync_bytes == 0 && ops->fsync(fs, file[i]))
				die("fsync", -EIO);
		}
	}
	for (uint32_t i = 0; i < 8; i++)
		close_file(file[i]);
}

static void empty(void)
{
	for (uint32_t i = 0; i < FILES; i++) {
		int error = ops->remove(fs, path_of(i), false);

		if (error && error != -ENOENT)
			die("unlink", error);
	}
}

static void run(const char *what, uint64_t number)
{
	state = number;
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)next();
	if (!strcmp(what, "full"))
		full();
	else if (!strcmp(what, "turns"))
		turns(number, UINT64_MAX);
	else if (!strcmp(what, "synced"))
		turns(number, 4u << 20);
	else
		empty();
}

int main(int argc, char **argv)
{
	struct xfs_mount_options mo = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_device *dev;
	struct xfs_mount *mp;
	uint64_t number;
	int error;

	if (argc < 4 || argc > 5) {
		fputs("usage: fill_space full|turns|synced|empty NUMBER (DIR | -L IMAGE)\n", stderr);
		return 2;
	}
	number = strtoull(argv[2], NULL, 0);
	if (argc == 4) {
		ops = &test_fill_posix;
		top = argv[3];
		run(argv[1], number);
		return 0;
	}
	error = xfs_device_open_file(argv[4], 0, 0, &dev);
	if (error)
		die(argv[4], error);
	/* The kernel has the memory of the machine for data that is not written yet. */
	if (argv[1][0] == 't' || argv[1][0] == 's')
		mo.data_cache_bytes = 4ull << 30;
	error = xfs_mount(dev, &mo, &mp);
	xfs_device_put(dev);
	if (error)
		die(argv[4], error);
	ops = &test_fill_library;
	fs = mp;
	top = "";
	run(argv[1], number);
	error = xfs_unmount(mp);
	if (error)
		die("unmount", error);
	return 0;
}
