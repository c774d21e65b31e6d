/* SPDX-License-Identifier: MIT */
/*
 * data_ops IMAGE DIR SEED OPS: seeded writes, truncations, syncs and reads on files of an image, and
 * the same on host files of the same names in DIR.  What is read is compared at once; the
 * kernel compares the rest.  Files whose names begin with "keep" are only read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/xfswrite.h>
#include "base/rand.h"

#define MAX_FILES	64
#define MAX_LEN		(600u << 10)
#define AREA		(6u << 20)	/* most operations are at the beginning of a file */

struct pair {
	char name[256];
	struct xfs_file *file;
	int fd;
};

static struct pair pairs[MAX_FILES];
static int nr_pairs;
static struct xfs_rand rnd;
static uint8_t *a, *b;

static void die(const char *what, const char *name, int64_t error)
{
	fprintf(stderr, "data_ops: %s: %s: %s; %s\n", name, what,
		error < 0 ? strerror((int)-error) : "differs", xfs_error_text(NULL));
	exit(1);
}

static uint64_t below(uint64_t n)
{
	return xfs_rand_below(&rnd, n);
}

static uint64_t size_of(struct pair *p)
{
	struct stat st;

	if (fstat(p->fd, &st))
		die("fstat", p->name, -errno);
	return (uint64_t)st.st_size;
}

static void open_pair(struct xfs_mount *mp, struct pair *p)
{
	char path[300];
	int error;

	snprintf(path, sizeof(path), "/%s", p->name);
	error = xfs_open(mp, path, strncmp(p->name, "keep", 4) ? O_RDWR : O_RDONLY, 0, &p->file);
	if (error)
		die("open", p->name, error);
}

static void compare(struct pair *p, uint64_t off, size_t len)
{
	ssize_t want = pread(p->fd, a, len, (off_t)off);
	ssize_t got = xfs_pread(p->file, b, len, off);

	if (got < 0)
		die("pread", p->name, got);
	for (ssize_t i = 0; i < got && i < want; i++) {
		if (a[i] == b[i])
			continue;
		fprintf(stderr, "data_ops: %s: byte %" PRIu64 " is %02x, not %02x\n", p->name,
			off + (uint64_t)i, b[i], a[i]);
		die("contents", p->name, 0);
	}
	if (got != want)
		die("length of a read", p->name, 0);
}

static void write_both(struct pair *p, uint64_t off, size_t len)
{
	ssize_t ret;

	memset(a, (int)below(256), len);
	xfs_rand_bytes(&rnd, a, len < 64 ? len : 64);
	if (pwrite(p->fd, a, len, (off_t)off) != (ssize_t)len)
		die("pwrite of the host", p->name, -errno);
	ret = below(4) ? xfs_pwrite(p->file, a, len, off)
		       : (ssize_t)xfs_write_from_fd(p->file, p->fd, off, len, off);
	if (ret != (ssize_t)len)
		die("pwrite", p->name, ret);
}

static void one_op(struct xfs_mount *mp, struct pair *p)
{
	uint64_t size = size_of(p), off = below(4) ? below(AREA) : below(size + 1);
	size_t len = 1 + below(below(3) ? 20000 : MAX_LEN);
	int error = 0;

	if (below(4) == 0) {
		off -= off % 4096;
		len += 4096 - len % 4096;
	}
	if (!strncmp(p->name, "keep", 4)) {
		compare(p, off, len);
		return;
	}
	switch (below(12)) {
	default:
		write_both(p, off, len);
		break;
	case 6: case 7:
		compare(p, off, len);
		break;
	case 8:
		off = below(3) ? off : size + below(100000);
		if (ftruncate(p->fd, (off_t)off))
			die("ftruncate of the host", p->name, -errno);
		error = xfs_ftruncate(p->file, off);
		break;
	case 9:
		error = xfs_fsync(p->file);
		break;
	case 10:
		error = xfs_close(p->file);
		open_pair(mp, p);
		break;
	case 11:
		if (below(10) == 0)
			error = xfs_sync(mp);
		break;
	}
	if (error)
		die("an operation", p->name, error);
}

static void find_pairs(struct xfs_mount *mp, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		die("opendir", dir, -errno);
	while ((entry = readdir(d)) && nr_pairs < MAX_FILES) {
		struct pair *p = &pairs[nr_pairs];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(p->name, sizeof(p->name), "%s", entry->d_name);
		p->fd = openat(dirfd(d), p->name, O_RDWR);
		if (p->fd < 0)
			die("open of the host", p->name, -errno);
		open_pair(mp, p);
		nr_pairs++;
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED, .data_cache_bytes = 4u << 20,
	};
	struct xfs_device *dev;
	struct xfs_mount *mp;
	int error;

	if (argc != 5)
		return 2;
	a = malloc(2 * MAX_LEN);
	b = malloc(2 * MAX_LEN);
	if (!a || !b)
		return 2;
	xfs_rand_seed(&rnd, strtoull(argv[3], NULL, 0));
	error = xfs_device_open_file(argv[1], 0, 0, &dev);
	if (error)
		die("device", argv[1], error);
	error = xfs_mount(dev, &opts, &mp);
	if (error)
		die("mount", argv[1], error);
	find_pairs(mp, argv[2]);
	for (long i = strtol(argv[4], NULL, 0); i > 0; i--)
		one_op(mp, &pairs[below((uint64_t)nr_pairs)]);
	for (int i = 0; i < nr_pairs; i++) {
		for (uint64_t off = 0; off < size_of(&pairs[i]); off += MAX_LEN)
			compare(&pairs[i], off, MAX_LEN);
		error = xfs_close(pairs[i].file);
		if (error)
			die("close", pairs[i].name, error);
	}
	error = xfs_unmount(mp);
	if (error)
		die("unmount", argv[1], error);
	xfs_device_put(dev);
	free(a);
	free(b);
	return 0;
}
