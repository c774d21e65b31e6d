/* SPDX-License-Identifier: MIT */
/*
 * Devices for tests.  They stack on any device, take their own reference to
 * what is below, and are given back with xfs_device_put().
 *
 * The recorder logs every write with its data, every flush, zeroing, discard
 * and resize, so that a test can make the image of any moment, or any image
 * that a power loss at that moment could leave.
 *
 * The fault injector lets the n-th read, write or flush fail, once or from
 * there on, or every access to a bad range.
 */
#ifndef SUPPORT_TEST_DEVICE_H
#define SUPPORT_TEST_DEVICE_H

#include <xfswrite/device.h>
#include "base/rand.h"

enum test_event_kind {
	TEST_EVENT_WRITE,
	TEST_EVENT_ZERO,
	TEST_EVENT_DISCARD,
	TEST_EVENT_FLUSH,
	TEST_EVENT_RESIZE, /* to @len bytes; taken as stable at once */
};

/* One call, logged when it returned. */
struct test_event {
	enum test_event_kind kind;
	bool fua;
	int error; /* what the call returned */
	uint64_t offset, len; /* of a flush: what it covers; @len 0: everything */
	uint8_t *data;	 /* of a write */
	uint32_t before; /* of a flush: events that had returned when it began */
};

/* What a discarded range reads as in a replay: contents that nobody may rely on. */
#define TEST_DISCARDED 0xdb

int test_recorder_open(struct xfs_device *base, struct xfs_device **devp);
uint32_t test_recorder_events(struct xfs_device *recorder);
/*
 * A flush that makes nothing stable but writes in the range: several disks
 * in one recording, so that the order between them is known.  Not for
 * test_recorder_crash(), which takes each flush as one of everything.
 */
int test_recorder_flush(struct xfs_device *recorder, uint64_t offset, uint64_t len);
/* Valid until the log is cleared. */
const struct test_event *test_recorder_event(struct xfs_device *recorder, uint32_t i);
/* Forget the events so far; what replays start from is then the base as it is now. */
void test_recorder_clear(struct xfs_device *recorder);

/* Do the first @nr events that succeeded to @target, which holds the image of the start. */
int test_recorder_replay(struct xfs_device *recorder, uint32_t nr, struct xfs_device *target);

/*
 * An image that a power loss after the first @nr events could leave: all that
 * was flushed by then or written with FUA, and of each sector written since
 * then whichever version @r draws.
 */
int test_recorder_crash(struct xfs_device *recorder, uint32_t nr, struct xfs_rand *r,
			struct xfs_device *target);

#define TEST_FAULT_READ	 (1u << 0)
#define TEST_FAULT_WRITE (1u << 1) /* zeroing, discard and resize too */
#define TEST_FAULT_FLUSH (1u << 2) /* a FUA write that fails counts as a write */
#define TEST_FAULT_ANY	 (TEST_FAULT_READ | TEST_FAULT_WRITE | TEST_FAULT_FLUSH)

int test_fault_open(struct xfs_device *base, struct xfs_device **devp);
/*
 * The @nth call from now on of those in @ops fails with -EIO (1 = the next), alone
 * or with all later ones.  With @torn a write that fails has written its first
 * half, in sectors.  0 disarms.
 */
void test_fault_arm(struct xfs_device *fault, unsigned int ops, unsigned int nth,
		    bool from_there_on, bool torn);
/* Every call of @ops that touches the range fails; @len 0: none. */
void test_fault_bad_range(struct xfs_device *fault, unsigned int ops, uint64_t offset,
			  uint64_t len);
/* What failing calls return, instead of -EIO. */
void test_fault_error(struct xfs_device *fault, int error);
/* Whether a call failed since it was armed; disarms, the bad range too. */
bool test_fault_met(struct xfs_device *fault);
/* Calls of one of TEST_FAULT_READ, _WRITE, _FLUSH so far. */
uint64_t test_fault_count(struct xfs_device *fault, unsigned int op);

/*
 * Flushes of @base, and writes with FUA, take @flush_ns longer: a disk with a slow cache.  For
 * measuring, and for making threads meet.
 */
int test_delay_open(struct xfs_device *base, uint64_t flush_ns, struct xfs_device **devp);
/* How many of both there were. */
uint64_t test_delay_flushes(struct xfs_device *delay);
/* Calls of @ops (TEST_FAULT_*) wait until this is called without them; how many do so now. */
void test_delay_hold(struct xfs_device *delay, unsigned int ops);
uint32_t test_delay_held(struct xfs_device *delay);

/* A copy in memory of all that @src holds. */
int test_device_clone(struct xfs_device *src, struct xfs_device **copyp);
/* Write it to a sparse host file, for other programs to look at. */
int test_device_save(struct xfs_device *src, const char *path);
/* Whether both have the same size and contents; @where (may be NULL): the first difference. */
bool test_device_equal(struct xfs_device *a, struct xfs_device *b, uint64_t *where);

#endif
