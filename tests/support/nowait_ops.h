/* SPDX-License-Identifier: MIT */
/*
 * For the tests of calls that do not wait: a small volume whose metadata and data are in memory, every
 * public call that could wait, and all that one could have changed.
 */
#ifndef SUPPORT_NOWAIT_OPS_H
#define SUPPORT_NOWAIT_OPS_H

#include <xfswrite/exchange.h>
#include <xfswrite/fallocate.h>
#include <xfswrite/io.h>
#include <xfswrite/nowait.h>
#include <xfswrite/reflink.h>
#include "support/test_fs.h"

/* What a call takes, or needs, before its first change. */
#define NEEDS_IOLOCK		(1u << 0)	/* of /d/a, exclusively */
#define NEEDS_IOLOCK_SHARED	(1u << 1)
#define NEEDS_ILOCK		(1u << 2)	/* of /d/a */
#define NEEDS_DIR		(1u << 3)	/* the ILOCK of /d */
#define NEEDS_TRANS		(1u << 4)	/* a transaction */
#define NEEDS_RENAME		(1u << 5)	/* the lock of renames across directories */
#define NEEDS_CLEAN		(1u << 6)	/* no dirty data of /d/a */
#define NEEDS_DEVICE		(1u << 7)	/* always -EAGAIN */
#define NEEDS_QUOTA		(1u << 8)	/* a volume with quota: nowait_has_quota() */
#define NEEDS_QUOTA_FILE	(1u << 9)	/* the ILOCK of the file of user quota */

struct nowait_op {
	const char *name;
	int64_t (*run)(void);		/* what the call returned; handles it opened are closed */
	unsigned int needs;
};
extern const struct nowait_op nowait_ops[];
extern const unsigned int nowait_nr_ops;

struct nowait_fixture {
	struct test_fs fs;
	struct xfs_file *a, *b, *d;	/* /d/a and /d/b for reading and writing, /d */
	uint64_t limits;		/* set so far: each is another one */
};
extern struct nowait_fixture nf;

#define NOWAIT_FILE_BYTES	(64u << 10)

/* XFSWRITE_TEST_QUOTA: quota is on, and user NOWAIT_USER has limits. */
bool nowait_has_quota(void);
#define NOWAIT_USER		100000u

/* Made, filled, synced; all of it in memory. */
void nowait_make(struct xfs_device *dev);
/* Closed and checked. */
void nowait_end(void);
void nowait_open_handles(void);
void nowait_close_handles(void);

/* All that can be seen, as a text to be freed. */
char *nowait_snapshot(void);

#endif
