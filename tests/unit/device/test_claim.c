/* SPDX-License-Identifier: MIT */
/*
 * Goal: a device has at most one writer in a process, by whatever road he comes, and is free again
 *       as soon as that one has ended, or failed to begin.
 * Method: mounts, formats and commits over one memory device or host file, through windows, views,
 *       overlays, second opens and devices of the caller; each pair in both orders.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "device/claim.h"
#include "device/device_priv.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define MIB		(1u << 20)
#define PART		(64u * MIB)

static const struct xfs_mkfs_options small = {
	.size = sizeof(small), .flags = XFS_MKFS_SMALL | XFS_MKFS_FORCE,
};

static struct xfs_device *base;
static bool partitions_failed;
static char dir[] = "/tmp/xfswrite-claim-XXXXXX";

static struct xfs_device *window(struct xfs_device *of, uint64_t offset, uint64_t len)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_window(of, offset, len, &dev));
	return dev;
}

static struct xfs_device *overlay(struct xfs_device *of)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_overlay(of, NULL, &dev));
	return dev;
}

static struct xfs_device *readonly(struct xfs_device *of)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_readonly(of, &dev));
	return dev;
}

static struct xfs_device *fault(struct xfs_device *of)
{
	struct xfs_device *dev;

	TEST_OK(test_fault_open(of, &dev));
	return dev;
}

static struct xfs_mount *open_rw(struct xfs_device *dev, uint32_t flags)
{
	const struct xfs_mount_options opts = { .size = sizeof(opts), .flags = flags };
	struct xfs_mount *mp;

	TEST_OK(xfs_mount(dev, &opts, &mp));
	return mp;
}

/* All who write are refused, and nothing came of it. */
static void demand_busy(struct xfs_device *dev)
{
	const struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED,
	};
	struct xfs_mount *mp;

	TEST_IS(xfs_mount(dev, NULL, &mp), -EBUSY);
	assert_null(mp);
	TEST_IS(xfs_mount(dev, &opts, &mp), -EBUSY);
	TEST_IS(xfs_mkfs(dev, NULL, &small, NULL), -EBUSY);
}

static void demand_free(struct xfs_device *dev)
{
	struct xfs_mount *mp = open_rw(dev, 0);

	TEST_OK(xfs_unmount(mp));
	mp = open_rw(dev, XFS_MOUNT_UNJOURNALLED);
	xfs_abandon(mp);
}

/* Two devices that share bytes: one writer, in either order. */
static void exclude_each_other(struct xfs_device *a, struct xfs_device *b)
{
	struct xfs_device *devs[] = { a, b };

	for (int i = 0; i < 2; i++) {
		struct xfs_mount *mp = open_rw(devs[i], 0);

		demand_busy(devs[!i]);
		TEST_OK(xfs_mkdir(mp, i ? "/b" : "/a", 0755));
		TEST_OK(xfs_unmount(mp));
		demand_free(devs[!i]);

		mp = open_rw(devs[i], XFS_MOUNT_UNJOURNALLED);
		demand_busy(devs[!i]);
		xfs_abandon(mp);
		demand_free(devs[!i]);
		mp = open_rw(devs[i], 0);
		TEST_OK(xfs_rmdir(mp, i ? "/b" : "/a"));
		TEST_OK(xfs_unmount(mp));
	}
}

static int set_up(void **state)
{
	(void)state;
	TEST_OK(xfs_device_open_memory(2 * PART, 512, NULL, &base));
	for (unsigned int i = 0; i < 2; i++) {
		struct xfs_device *part = window(base, i * PART, PART);

		TEST_OK(xfs_mkfs(part, NULL, &small, NULL));
		xfs_device_put(part);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	xfs_device_put(base);
	return 0;
}

/* (CLAIM-2) */
static void test_one_device(void **state)
{
	(void)state;
	exclude_each_other(base, base);
}

/* (CLAIM-1) */
static void test_windows(void **state)
{
	struct xfs_device *first = window(base, 0, PART), *same = window(base, 0, 0);
	struct xfs_device *second = window(base, PART, PART), *inner = window(second, 0, 0);
	struct xfs_mount *mp, *other;

	(void)state;
	exclude_each_other(base, first);
	exclude_each_other(first, same);
	exclude_each_other(second, inner);
	/* What does not overlap goes together. */
	mp = open_rw(first, 0);
	other = open_rw(inner, 0);
	demand_busy(second);
	demand_busy(base);
	TEST_OK(xfs_mkdir(mp, "/a", 0755));
	TEST_OK(xfs_mkdir(other, "/a", 0755));
	TEST_OK(xfs_unmount(other));
	demand_busy(base);
	demand_free(second);
	TEST_OK(xfs_unmount(mp));
	demand_free(base);
	xfs_device_put(inner);
	xfs_device_put(second);
	xfs_device_put(same);
	xfs_device_put(first);
}

/* (CLAIM-4) */
static void test_readers(void **state)
{
	struct xfs_device *view = readonly(base);
	struct xfs_mount *mp, *a, *b;

	(void)state;
	mp = open_rw(base, 0);
	TEST_IS(xfs_mount(view, NULL, &a), -EBUSY);
	TEST_OK(xfs_unmount(mp));
	TEST_IS(xfs_mount(view, NULL, &a), -EROFS);
	a = open_rw(view, XFS_MOUNT_RDONLY);
	b = open_rw(base, XFS_MOUNT_RDONLY);
	/* They hinder nobody. */
	demand_free(base);
	TEST_OK(xfs_unmount(a));
	TEST_OK(xfs_unmount(b));
	xfs_device_put(view);
}

/* (CLAIM-3) What an overlay shows is made of its base. */
static void test_overlays(void **state)
{
	struct xfs_device *over = overlay(base), *second = overlay(base), *top = overlay(over);
	struct xfs_device *view = readonly(base), *far = overlay(view);
	struct xfs_mount *mp, *other;

	(void)state;
	mp = open_rw(base, 0);
	demand_busy(over);
	demand_busy(top);
	demand_busy(far);
	TEST_IS(xfs_device_overlay_commit(over), -EBUSY);
	TEST_OK(xfs_unmount(mp));

	/* Over one base there may be several; nobody writes below them. */
	mp = open_rw(over, 0);
	other = open_rw(second, 0);
	demand_busy(base);
	demand_busy(over);
	demand_busy(top);
	TEST_OK(xfs_mkdir(mp, "/over", 0755));
	TEST_OK(xfs_unmount(mp));
	/* Not even now: the changes are in the overlay still. */
	demand_busy(base);
	demand_free(over);
	TEST_IS(xfs_device_overlay_commit(over), -EBUSY);
	TEST_OK(xfs_unmount(other));
	TEST_OK(xfs_device_overlay_discard(second));
	TEST_OK(xfs_device_overlay_commit(over));
	demand_free(base);
	mp = open_rw(base, 0);
	TEST_OK(xfs_rmdir(mp, "/over"));
	TEST_OK(xfs_unmount(mp));

	/* One on the other. */
	mp = open_rw(top, 0);
	demand_busy(over);
	demand_busy(base);
	TEST_OK(xfs_mkdir(mp, "/top", 0755));
	TEST_OK(xfs_unmount(mp));
	TEST_OK(xfs_device_overlay_commit(top));
	demand_busy(base);
	TEST_OK(xfs_device_overlay_discard(over));
	demand_free(base);
	/* And with its last reference it is gone. */
	demand_free(far);
	demand_free(base);
	mp = open_rw(far, 0);
	TEST_OK(xfs_mkdir(mp, "/far", 0755));
	TEST_OK(xfs_unmount(mp));
	demand_busy(base);
	xfs_device_put(far);
	demand_free(base);
	xfs_device_put(view);
	xfs_device_put(top);
	xfs_device_put(second);
	xfs_device_put(over);
}

/*
 * (CLAIM-1) A caller's device that tells what it stands on; one that does not is a device of its
 * own.
 */
static void test_devices_of_the_caller(void **state)
{
	struct xfs_device *on_base = fault(base), *on_window, *part = window(base, 0, PART);

	(void)state;
	exclude_each_other(base, on_base);
	on_window = fault(part);
	exclude_each_other(on_window, on_base);
	xfs_device_put(on_window);
	xfs_device_put(on_base);
	xfs_device_put(part);
}

static void test_failed_mounts_leave_it_free(void **state)
{
	struct xfs_device *empty, *broken = fault(base);
	struct xfs_mount *mp;
	bool met = true;

	(void)state;
	TEST_OK(xfs_device_open_memory(PART, 512, NULL, &empty));
	TEST_IS(xfs_mount(empty, NULL, &mp), -EINVAL);
	TEST_OK(xfs_mkfs(empty, NULL, &small, NULL));
	demand_free(empty);
	xfs_device_put(empty);
	for (unsigned int nth = 1; met; nth++) {
		int error;

		test_fault_arm(broken, TEST_FAULT_ANY, nth, true, false);
		error = xfs_mount(broken, NULL, &mp);
		met = test_fault_met(broken);
		if (error)
			TEST_IS(error, -EIO);
		else
			xfs_abandon(mp);
		TEST_OK(xfs_mount(base, NULL, &mp));
		xfs_abandon(mp);
	}
	xfs_device_put(broken);
}

/* The log's device is written to as well. */
static void test_external_log(void **state)
{
	struct xfs_device *log, *data, *second;
	struct xfs_mount_options opts = { .size = sizeof(opts) };
	struct xfs_mount *mp, *other;

	(void)state;
	TEST_OK(xfs_device_open_memory(PART, 512, NULL, &log));
	TEST_OK(xfs_device_open_memory(PART, 512, NULL, &data));
	TEST_OK(xfs_device_open_memory(PART, 512, NULL, &second));
	opts.logdev = log;
	TEST_IS(xfs_mkfs(data, data, &small, NULL), -EBUSY);
	TEST_OK(xfs_mkfs(data, log, &small, NULL));
	TEST_OK(xfs_mount(data, &opts, &mp));
	demand_busy(log);
	TEST_IS(xfs_mkfs(second, log, &small, NULL), -EBUSY);
	TEST_IS(xfs_mount(base, &opts, &other), -EBUSY);
	TEST_OK(xfs_unmount(mp));
	demand_free(base);
	TEST_OK(xfs_mkfs(second, log, &small, NULL));
	xfs_device_put(second);
	xfs_device_put(data);
	xfs_device_put(log);
}

/* A dirty log is recovered by a second mount within the first one. */
static void test_recovery_claims_once(void **state)
{
	static const uint32_t flags[] = {
		0, XFS_MOUNT_UNJOURNALLED, XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct xfs_mount *mp = open_rw(base, 0);

		TEST_OK(xfs_mkdir(mp, "/d", 0755));
		TEST_OK(xfs_sync(mp));
		xfs_abandon(mp);
		mp = open_rw(base, flags[i]);
		if (!(flags[i] & XFS_MOUNT_RDONLY))
			demand_busy(base);
		TEST_OK(xfs_unmount(mp));
		mp = open_rw(base, 0);
		TEST_OK(xfs_rmdir(mp, "/d"));
		TEST_OK(xfs_unmount(mp));
	}
}

/* One host file, opened twice, by two names and by a descriptor. */
static void test_host_file(void **state)
{
	char path[64], name[64];
	struct xfs_device *a, *b, *c, *other, *part;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/image", dir);
	snprintf(name, sizeof(name), "%s/name", dir);
	TEST_OK(xfs_device_open_file(path, XFS_DEV_CREATE, PART, &a));
	assert_int_equal(link(path, name), 0);
	TEST_OK(xfs_device_open_file(name, 0, 0, &b));
	fd = open(path, O_RDWR | O_CLOEXEC);
	TEST_OK(xfs_device_open_fd(fd, 0, &c));
	close(fd);
	TEST_OK(xfs_mkfs(a, NULL, &small, NULL));
	exclude_each_other(a, b);
	exclude_each_other(b, c);
	part = window(c, 0, PART / 2);
	TEST_OK(xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &other));
	{
		struct xfs_mount *mp = open_rw(a, 0);

		TEST_IS(xfs_mkfs(part, NULL, &small, NULL), -EBUSY);
		TEST_OK(xfs_unmount(mp));
		mp = open_rw(other, XFS_MOUNT_RDONLY);
		demand_free(a);
		TEST_OK(xfs_unmount(mp));
	}
	xfs_device_put(other);
	xfs_device_put(part);
	xfs_device_put(c);
	xfs_device_put(b);
	xfs_device_put(a);
	unlink(name);
	unlink(path);
	rmdir(dir);
}

/* The loop device that losetup makes over @file with @how; "": not root, or there are none. */
static void make_loop(const char *how, const char *file, char *loop, int size)
{
	char command[300];
	FILE *pipe;

	snprintf(command, sizeof(command), "losetup -f --show %s %s 2>/dev/null", how, file);
	loop[0] = '\0';
	pipe = popen(command, "r");
	if (!pipe)
		return;
	if (fgets(loop, size, pipe))
		loop[strcspn(loop, "\n")] = '\0';
	pclose(pipe);
}

static void drop_loop(const char *loop)
{
	char command[300];

	snprintf(command, sizeof(command), "losetup -d %s", loop);
	assert_int_equal(system(command), 0);
}

static int change_partition(const char *loop, int op, int number, uint64_t start, uint64_t len)
{
	struct blkpg_partition part = { .start = (long long)start, .length = (long long)len,
					.pno = number };
	struct blkpg_ioctl_arg arg = { .op = op, .datalen = sizeof(part), .data = &part };
	int fd = open(loop, O_RDWR | O_CLOEXEC), error;

	assert_true(fd >= 0);
	error = ioctl(fd, BLKPG, &arg);
	close(fd);
	return error;
}

/* A partition of @loop, and a node for it in our folder; false: the host cannot. */
static bool make_partition(const char *loop, int number, uint64_t start, uint64_t len, char *node)
{
	unsigned int maj = 0, min = 0;
	int fd, error = change_partition(loop, BLKPG_ADD_PARTITION, number, start, len);
	char sysfs[200];
	FILE *file;

	snprintf(sysfs, sizeof(sysfs), "/sys/block/%s/%sp%d/dev", loop + strlen("/dev/"),
		 loop + strlen("/dev/"), number);
	file = error ? NULL : fopen(sysfs, "r");
	if (!file)
		return false;
	error = fscanf(file, "%u:%u", &maj, &min) != 2;
	fclose(file);
	snprintf(node, 100, "%s/part%d", dir, number);
	if (error || mknod(node, S_IFBLK | 0600, makedev(maj, min)) != 0)
		return false;
	fd = open(node, O_RDWR | O_CLOEXEC); /* not on a file system that takes no nodes for devices */
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct xfs_device *open_host(const char *path)
{
	struct xfs_device *dev;

	TEST_OK(xfs_device_open_file(path, 0, 0, &dev));
	return dev;
}

static void go_together(struct xfs_device *a, struct xfs_device *b)
{
	struct xfs_mount *mp = open_rw(a, 0), *other = open_rw(b, 0);

	TEST_OK(xfs_unmount(other));
	TEST_OK(xfs_unmount(mp));
}

/* A disk's partitions, the same bytes of the disk, of its file, and of a loop device over it. */
static void check_partitions(const char *path, const char *disk, char nodes[2][100],
			     const char *loop)
{
	struct xfs_device *file = open_host(path), *whole = open_host(disk);
	struct xfs_device *parts[2], *on_disk[2], *in_file[2], *again = open_host(loop);

	for (unsigned int i = 0; i < 2; i++) {
		parts[i] = open_host(nodes[i]);
		on_disk[i] = window(whole, MIB + i * PART, PART);
		in_file[i] = window(file, 2 * MIB + i * PART, PART);
		TEST_OK(xfs_mkfs(parts[i], NULL, &small, NULL));
		exclude_each_other(parts[i], on_disk[i]);
		/* Two files for the page cache of the host: what one wrote the other sees later. */
		TEST_OK(xfs_device_flush(parts[i]));
	}
	go_together(parts[0], parts[1]);
	go_together(parts[0], on_disk[1]);
	for (unsigned int i = 0; i < 2; i++) {
		struct xfs_mount *mp = open_rw(parts[i], 0);

		demand_busy(on_disk[i]);
		demand_busy(in_file[i]);
		TEST_IS(xfs_mkfs(whole, NULL, &small, NULL), -EBUSY);
		TEST_IS(xfs_mkfs(file, NULL, &small, NULL), -EBUSY);
		TEST_OK(xfs_mkfs(in_file[!i], NULL, &small, NULL));
		TEST_OK(xfs_unmount(mp));
	}
	{
		struct xfs_mount *mp = open_rw(in_file[0], 0);

		TEST_IS(xfs_mkfs(again, NULL, &small, NULL), -EBUSY);
		TEST_OK(xfs_unmount(mp));
	}
	xfs_device_put(again);
	for (unsigned int i = 0; i < 2; i++) {
		xfs_device_put(in_file[i]);
		xfs_device_put(on_disk[i]);
		xfs_device_put(parts[i]);
	}
	xfs_device_put(whole);
	xfs_device_put(file);
}

/* In a process of its own, so that what belongs to the host is given back when it fails. */
static void check_partitions_apart(const char *path, const char *disk, char nodes[2][100])
{
	char loop[100];
	int status = -1;
	pid_t child;

	make_loop("-o 512", nodes[0], loop, sizeof(loop));
	child = fork();
	if (child == 0) {
		check_partitions(path, disk, nodes, loop);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	if (loop[0])
		drop_loop(loop);
	partitions_failed = status != 0;
}

/*
 * (CLAIM-5) The loop device begins 1 MiB into its file, the partitions 1 MiB into the loop
 * device.
 */
static void test_partition_is_a_part_of_its_disk(void **state)
{
	char path[64], loop[100], nodes[2][100] = { "", "" };
	struct xfs_device *dev;
	bool able;

	(void)state;
	strcpy(dir, "/tmp/xfswrite-claim-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/disk", dir);
	TEST_OK(xfs_device_open_file(path, XFS_DEV_CREATE, 2 * MIB + 2 * PART, &dev));
	xfs_device_put(dev);
	make_loop("-o 1MiB", path, loop, sizeof(loop));
	able = loop[0] && make_partition(loop, 1, MIB, PART, nodes[0]) &&
	       make_partition(loop, 2, MIB + PART, PART, nodes[1]);
	if (able)
		check_partitions_apart(path, loop, nodes);
	for (int i = 0; i < 2; i++) {
		if (nodes[i][0] && unlink(nodes[i]) == 0)
			change_partition(loop, BLKPG_DEL_PARTITION, i + 1, 0, 0);
	}
	if (loop[0])
		drop_loop(loop);
	unlink(path);
	rmdir(dir);
	assert_false(partitions_failed);
	if (!able) {
		print_message("SKIP: not root, no loop devices, or no partitions on them\n");
		skip();
	}
}

/* ---- devices that are made of others ---- */

/* A sysfs of our own: disks and what is made of them.  @parent: of a partition. */
static const struct {
	const char *name, *parent, *members[3];
	unsigned int major, minor, start, size; /* sectors */
} made[] = {
	{"sda", NULL, {NULL}, 8, 0, 0, 100000},
	{"sda1", "sda", {NULL}, 8, 1, 2048, 40000},
	{"sda2", "sda", {NULL}, 8, 2, 50000, 40000},
	{"sdb", NULL, {NULL}, 8, 16, 0, 100000},
	{"dm-0", NULL, {"sda1"}, 253, 0, 0, 16384},
	{"dm-1", NULL, {"sda1", "sdb"}, 253, 1, 0, 16384},
	{"dm-2", NULL, {"dm-0"}, 253, 2, 0, 16384},
	{"md0", NULL, {"sda2", "sdb"}, 9, 0, 0, 80000},
	{"md0p1", "md0", {NULL}, 259, 0, 2048, 16384},
};
#define NR_MADE ARRAY_SIZE(made)

static void put_text(const char *folder, const char *name, const char *fmt, unsigned int a, unsigned int b)
{
	char path[600];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, fmt, a, b);
	assert_int_equal(fclose(file), 0);
}

static void make_sysfs(const char *root)
{
	char path[300], link[200], target[200];

	snprintf(path, sizeof(path), "mkdir -p %s/dev/block", root);
	assert_int_equal(system(path), 0);
	for (size_t i = 0; i < NR_MADE; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", root, made[i].parent ? made[i].parent : ".",
			 made[i].name);
		assert_int_equal(mkdir(path, 0755), 0);
		put_text(path, "dev", "%u:%u\n", made[i].major, made[i].minor);
		put_text(path, "size", "%u\n", made[i].size, 0);
		if (made[i].parent) {
			put_text(path, "partition", "1\n", 0, 0);
			put_text(path, "start", "%u\n", made[i].start, 0);
		}
		snprintf(link, sizeof(link), "%s/dev/block/%u:%u", root, made[i].major, made[i].minor);
		assert_int_equal(symlink(path, link), 0);
		snprintf(path, sizeof(path), "%s/slaves", link);
		assert_int_equal(mkdir(path, 0755), 0);
		for (size_t j = 0; made[i].members[j]; j++) {
			size_t of = 0;

			while (strcmp(made[of].name, made[i].members[j]) != 0)
				of++;
			snprintf(path, sizeof(path), "%s/slaves/%s", link, made[of].name);
			snprintf(target, sizeof(target), "%s/dev/block/%u:%u", root, made[of].major,
				 made[of].minor);
			assert_int_equal(symlink(target, path), 0);
		}
	}
}

/* A host file that passes for the block device @name. */
static struct xfs_device *pretend(const char *name)
{
	struct xfs_file_device *fdev;
	struct xfs_device *dev;
	char path[100];
	size_t i = 0;

	while (strcmp(made[i].name, name) != 0)
		i++;
	snprintf(path, sizeof(path), "%s/pretended-%s", dir, name);
	TEST_OK(xfs_device_open_file(path, XFS_DEV_CREATE, made[i].size * 512ull, &dev));
	fdev = (struct xfs_file_device *)(void *)dev;
	fdev->is_block = true;
	fdev->host_dev = makedev(made[i].major, made[i].minor);
	fdev->host_ino = 0;
	return dev;
}

static void put_pretended(struct xfs_device *dev)
{
	((struct xfs_file_device *)(void *)dev)->is_block = false;
	xfs_device_put(dev);
}

static void try_both(const char *a, const char *b, bool together)
{
	for (int turn = 0; turn < 2; turn++) {
		struct xfs_device *first = pretend(turn ? a : b), *second = pretend(turn ? b : a);
		static struct xfs_claim one, other;
		int error;

		TEST_OK(xfs_device_claim(first, NULL, &one));
		error = xfs_device_claim(second, NULL, &other);
		if (error != (together ? 0 : -EBUSY))
			fail_msg("%s and %s: %d", a, b, error);
		xfs_device_unclaim(&other);
		xfs_device_unclaim(&one);
		TEST_OK(xfs_device_claim(second, NULL, &other));
		xfs_device_unclaim(&other);
		put_pretended(second);
		put_pretended(first);
	}
}

/* (CLAIM-6) */
static void test_made_of_others(void **state)
{
	static const struct {
		const char *a, *b;
		bool together;
	} pairs[] = {
		{"dm-0", "dm-0", false}, {"dm-0", "sda1", false}, {"dm-0", "sda", false},
		{"dm-0", "sda2", true},	 {"dm-0", "sdb", true},	  {"dm-1", "sdb", false},
		{"dm-1", "sda1", false}, {"dm-0", "dm-1", true},  {"dm-2", "dm-0", false},
		{"dm-2", "sda1", false}, {"dm-2", "sda", false},  {"dm-2", "dm-1", true},
		{"md0", "sda2", false},	 {"md0", "sdb", false},	  {"md0", "sda1", true},
		{"md0p1", "md0", false}, {"md0p1", "sdb", false}, {"md0p1", "sda", false},
		{"md0p1", "dm-0", true},
	};
	const char *sysfs = xfs_host_sysfs;
	char root[100];

	(void)state;
	snprintf(root, sizeof(root), "%s/sys", dir);
	make_sysfs(root);
	xfs_host_sysfs = root;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		try_both(pairs[i].a, pairs[i].b, pairs[i].together);
	xfs_host_sysfs = sysfs;
	snprintf(root, sizeof(root), "rm -r %s/sys %s/pretended-*", dir, dir);
	assert_int_equal(system(root), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_one_device),
		TEST(test_windows),
		TEST(test_readers),
		TEST(test_overlays),
		TEST(test_devices_of_the_caller),
		TEST(test_failed_mounts_leave_it_free),
		TEST(test_external_log),
		TEST(test_recovery_claims_once),
		TEST(test_host_file),
		TEST(test_partition_is_a_part_of_its_disk),
		TEST(test_made_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
