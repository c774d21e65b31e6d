/* SPDX-License-Identifier: MIT */
/* Where the library means to differ from the kernel: the only list of it. */
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include "calls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* fnmatch() patterns. */
static const struct difference {
	unsigned int groups;
	const char *step, *kernel, *library, *reason;
} known[] = {
	{ PLAIN | READONLY, "*setxattr path *", "EBADF", "*", "O_PATH is how links and special files are opened to be restored" },
	{ PLAIN | READONLY, "fchmod path *", "EBADF", "*", "the same" },
	{ PLAIN, "*setxattr * trusted.SGI_ACL_*", "* = 0", "E*", "xfs_repair calls such an ACL damage" },
	{ PLAIN, "after setxattr * trusted.SGI_ACL_FILE sgi:*", "*", "*",
	  "the mode follows an access ACL however it is set; xfs_check() calls it damage where they differ" },
	{ PLAIN, "*setxattr * security.capability *", "EINVAL", "*",
	  "trees are restored whose capabilities this kernel would not take" },
	{ PLAIN, "after *setxattr * security.capability cap:3:24", "*capability=20*", "*capability=24*",
	  "what stands in an image is told as it is" },
	{ PLAIN, "after *setxattr * security.capability ''", "*capability=-22*", "*capability=0*", "the same" },
	{ PLAIN | FULL | READONLY, "*{./409?}*", "ENAMETOOLONG", "*", "callers reach what lies deep by one path: up to 65535 bytes" },
	{ PLAIN | READONLY, "readlink * 0", "EINVAL", "*", "0 bytes of room ask for the length" },
	{ PLAIN | FULL | READONLY | GEOMETRY, "open *", "*mode [12]0??? *", "ENXIO",
	  "there is no fifo and no device behind a special file, under whatever name" },
	{ PLAIN | READONLY, "open * /fifo*", "EINVAL", "ENXIO", "the same: a fifo takes no direct I/O" },
	{ PLAIN | READONLY, "open * /chr*", "EINVAL", "ENXIO", "the same" },
	{ PLAIN | READONLY, "p[rw]* /fifo*", "*", "ENXIO", "the same" },
	{ PLAIN | READONLY, "p[rw]* /chr*", "*", "ENXIO", "the same" },
	{ PLAIN, "f* rdonly /[pc] *", "*", "ENXIO", "the same" },
	{ READONLY, "f* /fifo*", "*", "ENXIO", "the same" },
	{ READONLY, "f* /chr*", "*", "ENXIO", "the same" },
	{ PLAIN, "pread * max *", "EFAULT", "*", "the caller's memory cannot be looked at" },
	{ PLAIN, "seek * /d * *", "ENXIO", "EINVAL", "positions in a directory are no bytes" },
};

static bool used[COUNT(known)];

bool difference_known(enum step_group group, const char *step, const char *kernel, const char *library)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		if (!(known[i].groups & group) || fnmatch(known[i].step, step, 0) ||
		    fnmatch(known[i].kernel, kernel, 0) || fnmatch(known[i].library, library, 0))
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

unsigned int differences_unused(enum step_group group)
{
	unsigned int unused = 0;

	for (size_t i = 0; i < COUNT(known); i++) {
		if (!(known[i].groups & group) || used[i])
			continue;
		printf("NO LONGER DIFFERS: %s: %s, %s\n", known[i].step, known[i].kernel, known[i].library);
		unused++;
	}
	return unused;
}
