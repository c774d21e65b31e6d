/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a host file or block device really are: a partition is a range of its disk,
 * and a loop device is a range of its file, which may itself be a disk or a partition.
 *
 * Both come from the kernel: partitions from sysfs, the file of a loop device from its driver.
 * Neither changes while a device is open except by deliberate calls of root (LOOP_SET_STATUS,
 * BLKPG), so the answer is valid for as long as a claim lasts.  A device about which the kernel
 * tells nothing (no sysfs in this container, a loop device over another whose file was removed)
 * counts as a disk of its own: then only equal device numbers mean the same device.
 *
 * A device that is made of others (device-mapper, md) is a disk of its own and in addition all of
 * each member, because sysfs does not say which parts of a member it uses.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "device/device_priv.h"

#define MAX_DEPTH 16 /* of loop devices on each other, which cannot form a circle */
#define SECTOR_SHIFT 9 /* sysfs counts in 512 bytes, whatever the sector size */

const char *xfs_host_sysfs = "/sys";

/* Read the sysfs attribute @name of block device @number, without its newline; -ENOENT. */
static int read_sysfs(uint64_t number, const char *name, char *text, size_t size)
{
	char path[400];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/dev/block/%u:%u/%s", xfs_host_sysfs, major((dev_t)number),
		 minor((dev_t)number), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return -ENOENT;
	text[n - (text[n - 1] == '\n')] = '\0';
	return 0;
}

static bool read_number(uint64_t number, const char *name, uint64_t *value)
{
	char text[32], *end;

	if (read_sysfs(number, name, text, sizeof(text)))
		return false;
	*value = strtoull(text, &end, 10);
	return end != text && !*end;
}

static bool read_device(uint64_t number, const char *name, uint64_t *other)
{
	unsigned int maj, min;
	char text[32];

	if (read_sysfs(number, name, text, sizeof(text)) || sscanf(text, "%u:%u", &maj, &min) != 2)
		return false;
	*other = makedev(maj, min);
	return true;
}

/* Replace a partition by its range of the disk. */
static void leave_partition(struct xfs_host_place *place)
{
	uint64_t partition, start, disk;

	if (!read_number(place->dev, "partition", &partition) ||
	    !read_number(place->dev, "start", &start) || !read_device(place->dev, "../dev", &disk))
		return;
	place->dev = disk;
	place->offset += start << SECTOR_SHIFT;
}

static void set_file(struct xfs_host_place *place, const struct stat *st)
{
	place->is_block = S_ISBLK(st->st_mode);
	place->dev = place->is_block ? st->st_rdev : st->st_dev;
	place->ino = place->is_block ? 0 : st->st_ino;
}

/* Ask the driver, which knows the file even if it was renamed or removed. */
static bool ask_loop_driver(int fd, struct xfs_host_place *place)
{
	struct loop_info64 info;

	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) != 0)
		return false;
	place->offset += info.lo_offset;
	place->is_block = info.lo_rdevice != 0;
	place->dev = place->is_block ? info.lo_rdevice : info.lo_device;
	place->ino = place->is_block ? 0 : info.lo_inode;
	return true;
}

/*
 * Replace a loop device by its range of the file.  @fd: open on it or on a partition of it, or -1.
 */
static bool leave_loop(int fd, struct xfs_host_place *place)
{
	char path[4096];
	struct stat st;
	uint64_t offset;

	if (major((dev_t)place->dev) != LOOP_MAJOR)
		return false;
	if (ask_loop_driver(fd, place))
		return true;
	if (read_sysfs(place->dev, "loop/backing_file", path, sizeof(path)) ||
	    !read_number(place->dev, "loop/offset", &offset) || stat(path, &st) != 0)
		return false;
	place->offset += offset;
	set_file(place, &st);
	return true;
}

/* @fd: open on the device, or -1. */
static void go_down(int fd, struct xfs_host_place *place)
{
	for (int depth = 0; place->is_block && depth < MAX_DEPTH; depth++) {
		leave_partition(place);
		if (!leave_loop(fd, place))
			break;
		fd = -1; /* it is not open on the device below */
	}
}

void xfs_host_place(const struct xfs_file_device *fdev, struct xfs_host_place *place)
{
	*place = (struct xfs_host_place){
		.is_block = fdev->is_block, .dev = fdev->host_dev, .ino = fdev->host_ino,
	};
	go_down(fdev->fd, place);
}

/* Get the block device behind the entry @name among the members of @number. */
static bool get_member(uint64_t number, const char *name, struct xfs_host_place *member, uint64_t *bytes)
{
	char path[300];
	uint64_t sectors;

	*member = (struct xfs_host_place){ .is_block = true };
	snprintf(path, sizeof(path), "slaves/%s/dev", name);
	if (!read_device(number, path, &member->dev))
		return false;
	*bytes = UINT64_MAX;
	if (read_number(member->dev, "size", &sectors) && sectors < UINT64_MAX >> SECTOR_SHIFT)
		*bytes = sectors << SECTOR_SHIFT;
	go_down(-1, member);
	return true;
}

int xfs_host_members(uint64_t number, xfs_host_member_fn fn, void *ctx)
{
	char path[400];
	struct dirent *entry;
	int error = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/dev/block/%u:%u/slaves", xfs_host_sysfs,
		 major((dev_t)number), minor((dev_t)number));
	dir = opendir(path);
	while (dir && !error && (entry = readdir(dir))) {
		struct xfs_host_place member;
		uint64_t bytes;

		if (entry->d_name[0] != '.' && get_member(number, entry->d_name, &member, &bytes))
			error = fn(ctx, &member, bytes);
	}
	if (dir)
		closedir(dir);
	return error;
}
