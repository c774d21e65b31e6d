/* SPDX-License-Identifier: MIT */
/* Fuzz target: the checker and the dumper over any image. */
#include <stdio.h>
#include <xfswrite/check.h>
#include "fuzz/fuzz.h"

static int finding(void *ctx, const struct xfs_finding *f)
{
	/* Every text must be readable, every structure named. */
	*(size_t *)ctx += strlen(f->text) + strlen(f->structure);
	return 0;
}

static int line(void *ctx, const char *text)
{
	*(size_t *)ctx += strlen(text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const what[] = { "sb",	"agf 0",	"agi 0",     "agfl 0",
					    "bnobt 0",	"cntbt 1",	"inobt 0",   "finobt 0",
					    "rmapbt 0", "refcountbt 0", "inode 128", "dir 128",
					    "bmap 131", "attr 131",	"inode 64",  "dir 64",
					    "log",	"block 3" };
	struct xfs_device *dev = fuzz_open(data, len);
	size_t bytes = 0;
	struct xfs_check_options opts = {
		.size = sizeof(opts), .finding = finding, .ctx = &bytes, .max_findings = 5000,
	};

	if (!dev)
		return 0;
	(void)xfs_check(dev, NULL, &opts, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(what); i++)
		(void)xfs_dump(dev, NULL, what[i], line, &bytes);
	xfs_device_put(dev);
	return 0;
}
