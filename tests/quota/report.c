/* SPDX-License-Identifier: MIT */
/*
 * quota_report IMAGE: what each owner uses, as the records say; a dirty log is recovered in memory,
 * and IMAGE stays as it is.  A line "on TYPE" for each type whose counts are exact (u, g, p), then
 * lines "TYPE ID KIB INODES" of all that use anything.  With -w before IMAGE the log is recovered
 * in the image.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <xfswrite/quota.h>

static int fail(const char *what)
{
	fprintf(stderr, "quota_report: %s: %s\n", what, xfs_error_text(NULL));
	return 2;
}

static int report(struct xfs_mount *mp)
{
	struct xfs_quota_state state = XFS_QUOTA_STATE_INIT;
	struct xfs_quota_info info = XFS_QUOTA_INFO_INIT;
	int ret = xfs_quota_state(mp, &state);

	for (uint32_t t = 0; t < 3; t++)
		if (state.exact & 1u << t)
			printf("on %c\n", "ugp"[t]);
	for (uint32_t t = 0; t < 3 && ret >= 0; t++) {
		uint64_t from = 0;

		if (!(state.exact & 1u << t))
			continue;
		while ((ret = xfs_quota_next(mp, 1u << t, &from, &info)) == 1)
			if (info.space_bytes || info.inodes)
				printf("%c %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", "ugp"[t],
				       info.id, info.space_bytes >> 10, info.inodes);
	}
	return ret;
}

int main(int argc, char **argv)
{
	bool write = argc == 3 && strcmp(argv[1], "-w") == 0;
	struct xfs_mount_options opts = XFS_MOUNT_OPTIONS_INIT;
	struct xfs_device *dev;
	struct xfs_mount *mp;

	if (!write)
		opts.flags = XFS_MOUNT_RDONLY | XFS_MOUNT_RECOVER_IN_MEMORY;
	if (argc != 2 && !write) {
		fprintf(stderr, "usage: quota_report [-w] IMAGE\n");
		return 2;
	}
	if (xfs_device_open_file(argv[argc - 1], write ? 0 : XFS_DEV_RDONLY, 0, &dev))
		return fail(argv[argc - 1]);
	if (xfs_mount(dev, &opts, &mp))
		return fail("mount");
	xfs_device_put(dev);
	if (report(mp) < 0)
		return fail("report");
	return xfs_unmount(mp) ? fail("unmount") : 0;
}
