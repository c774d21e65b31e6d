/* SPDX-License-Identifier: MIT */
/*
 * Images by the real tools: mkfs.xfs, and a kernel that fills them through a
 * loop mount.  Where there is no root, no such kernel or no mkfs.xfs, the library
 * makes images of the same kind, which lack what it does not offer.
 */
#ifndef SUPPORT_KERNEL_IMAGE_H
#define SUPPORT_KERNEL_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include "support/fill.h"

struct test_image_plan {
	const char *mkfs;		/* options of mkfs.xfs */
	const char *mkfs2;		/* options only a newer xfsprogs has; NULL: none */
	uint64_t bytes;
	const struct test_fill_options *fill;	/* tops are set here; ends with what == 0 */
	/* Where that cannot be done: by the library, with blocks of this size; 0: not at all. */
	uint32_t blocksize;
	uint32_t agcount;
};

/* A directory for images, removed with all in it when the program ends. */
const char *test_scratch_dir(void);

#define TEST_IMAGE_BY_LIBRARY	1

/*
 * Make an image file at @path.  0: done.  TEST_IMAGE_BY_LIBRARY: done, in the other
 * way; $XFSWRITE_NO_KERNEL asks for that.  77: cannot be done here, and @why says so
 * (no mkfs.xfs, no root, no loop device, options refused).  Else: it failed.  With
 * mkfs2 the tool is the command in $MKFS_NEW, if that is set.
 */
int test_kernel_image(const char *path, const struct test_image_plan *plan, char *why, size_t size);

#endif
