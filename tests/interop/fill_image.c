/* SPDX-License-Identifier: MIT */
/*
 * Fills a mounted file system for shell tests: see support/fill.h.
 *
 *   fill_image [-s SEED] [-b BLOCK] [-D DIRBLOCK] [-i INODESIZE] [-n PERCENT]
 *              [-w SECTIONS] DIR        sections: letters of d a f m c, default all
 *   fill_image -L ... IMAGE             through the library: DIR is an image's root
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/xfswrite.h>
#include "support/fill.h"

static int fill_library(struct test_fill_options *o, const char *path, struct test_fill_result *res)
{
	struct xfs_mount_options mo = { .size = sizeof(mo), .flags = XFS_MOUNT_UNJOURNALLED };
	struct xfs_device *dev;
	struct xfs_mount *mp = NULL;
	int error = xfs_device_open_file(path, 0, 0, &dev), closed;

	if (error)
		return error;
	error = xfs_mount(dev, &mo, &mp);
	xfs_device_put(dev);
	if (error) {
		fprintf(stderr, "%s\n", xfs_error_text(NULL));
		return error;
	}
	o->top = "";
	o->ops = &test_fill_library;
	o->fs = mp;
	error = test_fill(o, res);
	if (error)
		fprintf(stderr, "%s\n", xfs_error_text(mp));
	closed = xfs_unmount(mp);
	return error ? error : closed;
}

int main(int argc, char **argv)
{
	struct test_fill_options o = {
		.seed = 1, .blocksize = 4096, .dirblksize = 4096, .inodesize = 512, .percent = 100,
		.what = TEST_FILL_ALL,
	};
	static const char letters[] = "dafmc";
	struct test_fill_result res = { .failed = "" };
	bool library = false;
	int c, error;

	while ((c = getopt(argc, argv, "Ls:b:D:i:n:w:")) != -1) {
		uint32_t n = (uint32_t)strtoul(optarg ? optarg : "0", NULL, 0);

		switch (c) {
		case 'L':
			library = true;
			break;
		case 's':
			o.seed = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			o.blocksize = n;
			break;
		case 'D':
			o.dirblksize = n;
			break;
		case 'i':
			o.inodesize = n;
			break;
		case 'n':
			o.percent = n;
			break;
		case 'w':
			o.what = 0;
			for (const char *p = optarg; *p; p++) {
				const char *q = strchr(letters, *p);

				if (q)
					o.what |= 1u << (q - letters);
			}
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	o.top = argv[optind];
	error = library ? fill_library(&o, argv[optind], &res) : test_fill(&o, &res);
	printf("fill_image: %" PRIu64 " calls, %" PRIu64 " refused\n", res.calls, res.refused);
	if (error)
		fprintf(stderr, "fill_image: seed %" PRIu64 ": %s\n", o.seed, res.failed);
	return error != 0;
}
