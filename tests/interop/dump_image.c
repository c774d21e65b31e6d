/* SPDX-License-Identifier: MIT */
/*
 * Prints one structure of an image file, for shell tests and for looking:
 *
 *   dump_image IMAGE WHAT...		see xfs_dump() in xfswrite/check.h
 */
#include <stdio.h>
#include <string.h>
#include <xfswrite/check.h>

static int print_line(void *ctx, const char *text)
{
	(void)ctx;
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct xfs_device *dev;
	char what[256] = "";
	int error;

	for (int i = 2; i < argc; i++) {
		if (strlen(what) + strlen(argv[i]) + 2 > sizeof(what))
			return 2;
		strcat(strcat(what, i > 2 ? " " : ""), argv[i]);
	}
	if (argc < 3)
		return 2;
	error = xfs_device_open_file(argv[1], XFS_DEV_RDONLY, 0, &dev);
	if (!error) {
		error = xfs_dump(dev, NULL, what, print_line, NULL);
		xfs_device_put(dev);
	}
	if (error)
		fprintf(stderr, "dump_image: %s: %s\n", what, strerror(-error));
	return error != 0;
}
