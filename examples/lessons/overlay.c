/* SPDX-License-Identifier: MIT */
/*
 * Lesson 4: try a change, look at it, then keep or forget it.
 *
 *   cc overlay.c $(pkg-config --cflags --libs xfswrite) -o overlay
 *   ./overlay disk.img /etc/motd keep
 *
 * Devices stack.  An overlay keeps what is written in memory; the checker judges the
 * result before a byte of the image changes, and the commit happens only if it finds nothing.
 */
#include <stdio.h>
#include <string.h>
#include <xfswrite/check.h>
#include <xfswrite/xfswrite.h>

static int print_finding(void *ctx, const struct xfs_finding *finding)
{
	(void)ctx;
	printf("%s: %s\n", finding->structure, finding->text);
	return 0;
}

static int remove_file(struct xfs_device *dev, const char *path)
{
	const struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = XFS_MOUNT_UNJOURNALLED,
	};
	struct xfs_mount *mp;
	int error, unmount_error;

	error = xfs_mount(dev, &options, &mp);
	if (error)
		return error;
	error = xfs_unlink(mp, path);
	unmount_error = xfs_unmount(mp);
	return error ? error : unmount_error;
}

int main(int argc, char **argv)
{
	const struct xfs_check_options options = {
		.size = sizeof(options),
		.finding = print_finding,
	};
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;
	struct xfs_device *dev, *overlay;
	int error;

	if (argc != 4)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_EXCL, 0, &dev);
	if (error)
		return 1;
	error = xfs_device_open_overlay(dev, NULL, &overlay);
	if (error) {
		xfs_device_put(dev);
		return 1;
	}
	error = remove_file(overlay, argv[2]);
	if (!error)
		error = xfs_check(overlay, NULL, &options, &summary);
	if (!error) {
		printf("%ju findings; %ju bytes of the image would change\n",
		       (uintmax_t)summary.findings, (uintmax_t)xfs_device_overlay_bytes(overlay));
		if (!summary.findings && strcmp(argv[3], "keep") == 0)
			error = xfs_device_overlay_commit(overlay);
	}
	if (error)
		fprintf(stderr, "%s: %s\n", argv[2], strerror(-error));
	xfs_device_put(overlay);
	xfs_device_put(dev);
	return error ? 1 : 0;
}
