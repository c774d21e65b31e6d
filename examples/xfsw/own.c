/* SPDX-License-Identifier: MIT */
/*
 * Which host files a call works on, and whether it may overwrite them.  Files are compared by what
 * they are, never by how they are called: another spelling, a link or a loop device is the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "xfsw/xfsw.h"

#define SCAN_BYTES	(1u << 20)

/* The file that a loop device stands on. */
static bool loop_backing(const struct stat *loop, struct stat *backing)
{
	char name[64], path[4096];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/loop/backing_file", major(loop->st_rdev),
		 minor(loop->st_rdev));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, path, sizeof(path) - 1);
	close(fd);
	if (len <= 1)
		return false;
	path[len - (path[len - 1] == '\n')] = 0;
	return stat(path, backing) == 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void own_add(struct xfsw_own *own, const char *path)
{
	if (!path || own->n + 2 > XFSW_OWN_MAX || stat(path, &own->v[own->n]))
		return;
	own->n++;
	if (S_ISBLK(own->v[own->n - 1].st_mode) &&
	    loop_backing(&own->v[own->n - 1], &own->v[own->n]))
		own->n++;
}

bool own_has(const struct xfsw_own *own, const struct stat *st)
{
	struct stat backing;

	for (unsigned int i = 0; own && i < own->n; i++)
		if (same(&own->v[i], st))
			return true;
	return own && own->n && S_ISBLK(st->st_mode) && loop_backing(st, &backing) &&
	       own_has(own, &backing);
}

static bool all_zero(const char *buf, size_t len)
{
	return len == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0);
}

/* -EEXIST: [@offset, @end) of @fd holds something. */
static int scan(int fd, uint64_t offset, uint64_t end)
{
	char *buf = malloc(SCAN_BYTES);
	int error = buf ? 0 : -ENOMEM;

	while (!error && offset < end) {
		off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
		size_t len = SCAN_BYTES;
		ssize_t got;

		if (data < 0 && errno == ENXIO)
			break;
		if (data > 0)
			offset = (uint64_t)data;
		if (offset >= end)
			break;
		if (end - offset < len)
			len = (size_t)(end - offset);
		got = pread(fd, buf, len, (off_t)offset);
		if (got <= 0) {
			error = got < 0 ? xfsw_errno() : 0;
			break;
		}
		if (!all_zero(buf, (size_t)got))
			error = -EEXIST;
		offset += (uint64_t)got;
		if (xfsw_interrupted())
			error = -EINTR;
	}
	free(buf);
	return error;
}

/* What libblkid makes of it, for the message. */
static bool name_contents(const char *path, char *what, size_t size)
{
	struct xfs_device *dev;
	bool found;

	if (xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev))
		return false;
	found = xfs_device_probe(dev, what, size) == 1;
	xfs_device_put(dev);
	return found;
}

int own_may_overwrite(struct xfsw_call *call, const char *path, uint64_t offset, uint64_t len)
{
	struct stat st;
	char what[96];
	int fd, error;

	if (stat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		xfsw_fail(call, path, xfsw_errno());
		return XFSW_NO_IMAGE;
	}
	/* Of a block device, which is never quite empty, mkfs looks for what is known. */
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		xfsw_fail(call, path, xfsw_errno());
		return XFSW_NO_IMAGE;
	}
	error = scan(fd, offset, len > UINT64_MAX - offset ? UINT64_MAX : offset + len);
	close(fd);
	if (error == -EEXIST && name_contents(path, what, sizeof(what)))
		return xfsw_complain(call, path,
				     "the target is not empty (%s); use -f to overwrite it", what);
	if (error == -EEXIST)
		return xfsw_complain(call, path, "the file is not empty; use -f to overwrite it");
	return error ? xfsw_fail(call, path, error) : 0;
}
