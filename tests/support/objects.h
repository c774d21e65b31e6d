/* SPDX-License-Identifier: MIT */
/*
 * Metadata objects of an image, for tests that damage them: where each live one
 * lies, what it is, and how its checksum is made right again.  Live means
 * that the checker reads it: stale copies of freed blocks are not listed.
 */
#ifndef SUPPORT_OBJECTS_H
#define SUPPORT_OBJECTS_H

#include <xfswrite/check.h>
#include "base/compiler.h"
#include "disk/inode.h"

enum test_kind {
	TEST_SB, TEST_AGF, TEST_AGI, TEST_AGFL,
	TEST_BNOBT, TEST_CNTBT, TEST_INOBT, TEST_FINOBT, TEST_RMAPBT, TEST_REFCBT,
	TEST_BMBT, TEST_INODE,
	TEST_DIR_BLOCK, TEST_DIR_DATA, TEST_DIR_LEAF1, TEST_DIR_LEAFN, TEST_DIR_NODE, TEST_DIR_FREE,
	TEST_ATTR_LEAF, TEST_ATTR_NODE, TEST_ATTR_REMOTE, TEST_SYMLINK,
	TEST_NR_KINDS,
};

extern const char *const test_kind_names[TEST_NR_KINDS];

struct test_object {
	enum test_kind kind;
	uint64_t offset;		/* bytes from the start of the device */
	uint32_t len, crc_off;
	uint32_t agno;
	uint32_t level, count;		/* of a tree block: level and entries */
	uint64_t owner;			/* inode, or AG number of an AG's tree */
};

struct test_objects {
	struct xfs_device *dev;
	struct xfs_geometry geo;
	struct xfs_sb sb;
	struct test_object *v;
	size_t n;
};

/* 0 or a negative errno; the image must check clean. */
int test_objects_find(struct xfs_device *dev, struct test_objects *objs);
void test_objects_free(struct test_objects *objs);

/* Where a block that looks like @buf keeps its checksum; 0: it has none.  Not for AG headers. */
uint32_t test_crc_offset(const uint8_t *buf);

/* Recompute the checksum of the object in @buf. */
void test_object_fix_crc(const struct test_object *obj, uint8_t *buf);
int test_object_read(struct xfs_device *dev, const struct test_object *obj, uint8_t *buf);
int test_object_write(struct xfs_device *dev, const struct test_object *obj, const uint8_t *buf);
/* The live object at byte @offset, or NULL. */
const struct test_object *test_object_at(const struct test_objects *objs, uint64_t offset);

/* Findings of one check, kept. */
struct test_findings {
	struct { char structure[16]; int64_t agno; uint64_t block, ino; char text[240]; } *v;
	size_t n, cap;
	int error;			/* what xfs_check() returned */
	struct xfs_check_summary sum;
};
void test_check(struct xfs_device *dev, uint32_t flags, uint64_t max, struct test_findings *found);
void test_findings_free(struct test_findings *found);
void test_findings_print(const struct test_findings *found);

#endif
