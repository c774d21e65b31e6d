/* SPDX-License-Identifier: MIT */
/*
 * Goal: while the host has memory, writing in place reads an inode cluster once for all its inodes in
 *       a batch, also when it makes log space for a transaction, which has a claim on the reserve: it
 *       neither drops the caches nor ends a batch after one item.
 * Method: files, each with an fsync of its own, until the log was filled several times, on a device that
 * counts.  The reads are compared with the clusters, of 32 inodes each.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/compiler.h"
#include "support/test_device.h"
#include "support/test_fs.h"

#define FILES		12000u
#define CLUSTERS	(FILES / 32)

int main(void)
{
	struct xfs_device *memory, *counts;
	struct test_fs fs;
	uint64_t reads;

	setenv("XFSWRITE_TEST_JOURNAL", "1", 1);
	TEST_OK(xfs_device_open_memory((uint64_t)300 << 20, 512, NULL, &memory));
	TEST_OK(test_fault_open(memory, &counts));
	xfs_device_put(memory);
	test_fs_make_on(&fs, counts, NULL);
	reads = test_fault_count(counts, TEST_FAULT_READ);
	for (uint32_t i = 0; i < FILES; i++) {
		struct xfs_file *file;
		char path[32];

		snprintf(path, sizeof(path), "/file-%u", i);
		TEST_OK(xfs_open(fs.mp, path, O_CREAT | O_WRONLY, 0644, &file));
		TEST_OK(xfs_fsync(file));
		TEST_OK(xfs_close(file));
	}
	reads = test_fault_count(counts, TEST_FAULT_READ) - reads;
	if (reads > 4 * CLUSTERS) {
		fprintf(stderr, "%u clusters took %" PRIu64 " reads\n", CLUSTERS, reads);
		return 1;
	}
	test_fs_close_and_check(&fs);
	test_fs_destroy(&fs);
	return 0;
}
