/* SPDX-License-Identifier: MIT */
/* Fuzz target: opening any image read-only and reading all that can be reached. */
#include "fuzz/fuzz.h"
#include "support/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct xfs_device *dev = fuzz_open(data, len);
	struct test_walk walk = { .max_objects = 2000 };

	if (!dev)
		return 0;
	(void)test_walk_read(dev, &walk);
	xfs_device_put(dev);
	return 0;
}
