/* SPDX-License-Identifier: MIT */
/*
 * A second opinion on the log: a small parser that shares nothing with lib/log,
 * not even the checksum.  It demands what a writer of ours must do, not only
 * what recovery needs.
 */
#ifndef SUPPORT_LOG_PARSE_H
#define SUPPORT_LOG_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xfswrite/device.h>

/* What a record's header says of the byte order that it was written in: this machine's. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TEST_LOG_FORMAT 1u
#else
#define TEST_LOG_FORMAT 2u
#endif

/* Bytes that grow. */
struct test_bytes {
	uint8_t *data;
	size_t len, room;
};
void test_bytes_add(struct test_bytes *bytes, const void *data, size_t len);
void test_bytes_free(struct test_bytes *bytes);

struct test_log {
	struct xfs_device *dev;
	uint64_t start;		/* byte on dev */
	uint32_t nbbs, unit_bbs, h_size;
	uint8_t uuid[16];
};

/* A committed transaction: its regions, each as a u32 length and the bytes. */
struct test_checkpoint {
	uint32_t cycle, block;	/* where it starts */
	uint32_t regions;
	struct test_bytes bytes;
};

struct test_parsed {
	struct test_checkpoint *checkpoints;
	uint32_t nr;
	uint32_t records;
	uint32_t open;		/* regions of one that was not committed */
	bool unmounted;		/* the last record says so */
	uint32_t last_tail_cycle, last_tail_block;
};

/*
 * Parse from the record at @block in @cycle up to @head.  False, with the reason in @why, when
 * anything is not as it should be.
 */
bool test_log_parse(const struct test_log *log, uint32_t cycle, uint32_t block, uint32_t head,
		    struct test_parsed *parsed, char *why, size_t why_size);
void test_parsed_free(struct test_parsed *parsed);

/* CRC-32C bit by bit: with the inversions, as on disk. */
uint32_t test_crc32c(uint32_t crc, const void *data, size_t len);

#endif
