/* SPDX-License-Identifier: MIT */
/*
 * Logs made by hand, operation by operation, for tests of recovery: what no writer of ours would
 * do can be said as well.  Shares nothing with lib/log but the structures on disk.
 */
#ifndef SUPPORT_LOG_BUILD_H
#define SUPPORT_LOG_BUILD_H

#include <stdint.h>
#include <xfswrite/device.h>
#include "disk/log_item.h"

struct test_build {
	struct xfs_device *dev;
	uint64_t start;			/* of the log, bytes */
	uint32_t nbbs, unit_bbs, h_size;
	uint8_t uuid[16];
	uint32_t fmt;
	uint32_t crc_head;		/* header bytes under the checksum */
	uint32_t cycle, block;		/* of the record that is being filled */
	xfs_lsn_t tail;			/* 0: the record itself */
	uint32_t prev;
	uint32_t used, ops;
	uint8_t *record;		/* headers and data */
};

/* From the superblock on @dev; the first record goes to @block in @cycle. */
void test_build_init(struct test_build *b, struct xfs_device *dev, uint32_t h_size, uint32_t cycle,
		     uint32_t block);
void test_build_free(struct test_build *b);

/* LSN of the record that is being filled. */
xfs_lsn_t test_build_lsn(const struct test_build *b);
/* One operation just so; it must fit into the record. */
void test_build_op(struct test_build *b, uint32_t tid, uint8_t client, uint8_t flags,
		   const void *data, uint32_t len);
/* A region; what does not fit goes on in the next record. */
void test_build_region(struct test_build *b, uint32_t tid, const void *data, uint32_t len);
void test_build_begin(struct test_build *b, uint32_t tid);	/* with its header */
void test_build_commit(struct test_build *b, uint32_t tid);
/* Write the record that is being filled, and begin the next one. */
void test_build_record(struct test_build *b);
void test_build_unmount(struct test_build *b);

#endif
