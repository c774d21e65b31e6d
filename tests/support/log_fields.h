/* SPDX-License-Identifier: MIT */
/*
 * The fields of a dirty log, one by one, for tests that change them: of record headers, operation
 * headers, transaction headers, the format structures of items, and of what they log.  A change makes
 * the record's checksum right again, so that nothing but the meaning tells of it.
 */
#ifndef SUPPORT_LOG_FIELDS_H
#define SUPPORT_LOG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xfswrite/device.h>

struct test_log_field {
	char name[40];			/* "record h_len", "BUF blf_flags", "INODE core di_size" */
	uint32_t kind;			/* the same for all fields of one name */
	uint32_t record;		/* index */
	uint32_t off;			/* in the record's data as written, or its header */
	uint8_t size;			/* 1, 2, 4, 8 */
	bool in_header, big_endian;
};

struct test_log_record {
	uint32_t block, header_bbs, len;
	uint8_t *bytes;			/* headers and data as they lie on disk */
};

struct test_log_fields {
	struct xfs_device *dev;		/* which holds the log */
	uint64_t start;			/* bytes */
	uint32_t nbbs, kinds;
	struct test_log_record *records;
	size_t nr_records;
	struct test_log_field *v;
	size_t n;
};

/* All that is between tail and head of the internal log on @dev.  0 or a negative errno. */
int test_log_fields_find(struct xfs_device *dev, struct test_log_fields *fields);
void test_log_fields_free(struct test_log_fields *fields);
uint64_t test_log_field_value(const struct test_log_fields *fields,
			      const struct test_log_field *field);
/* Write the record of @field to @to with another value in it, and a right checksum. */
int test_log_field_change(const struct test_log_fields *fields, const struct test_log_field *field,
			  uint64_t value, struct xfs_device *to);

#endif
