/* SPDX-License-Identifier: MIT */
/* Formatting and opening in memory, for tests of the layers below mount/. */
#include <stdio.h>
#include <stdlib.h>
#include "core/message.h"
#include "mount/mount.h"
#include "support/test_formatted.h"
#include "support/test_fs.h"

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "formatted: %s: %s (%s)\n", what, strerror(-error), xfs_last_text());
	abort();
}

struct xfs_mount *test_formatted_on(struct xfs_device *dev, const struct xfs_mkfs_options *opts)
{
	struct xfs_mount_options mopts = {.size = sizeof(mopts), .flags = test_fs_mount_flags()};
	struct xfs_mkfs_options o = {.size = sizeof(o)};
	struct xfs_mount *mp;

	if (opts)
		o = *opts;
	o.flags |= XFS_MKFS_SMALL | XFS_MKFS_FORCE;
	o.profile = XFS_MKFS_PROFILE_6_1;
	if (!o.rmapbt)
		o.rmapbt = XFS_MKFS_ON;
	if (!o.uuid[0])
		memset(o.uuid, 0x42, sizeof(o.uuid));
	must(xfs_mkfs(dev, NULL, &o, NULL), "mkfs");
	must(xfs_mountfs(dev, &mopts, &mp), "mount");
	xfs_device_put(dev);
	return mp;
}

struct xfs_mount *test_formatted_new(uint64_t size, const struct xfs_mkfs_options *opts)
{
	struct xfs_device *dev;

	must(xfs_device_open_memory(size, 512, NULL, &dev), "device");
	return test_formatted_on(dev, opts);
}

void test_formatted_drop(struct xfs_mount *mp)
{
	xfs_abandonfs(mp);
}
