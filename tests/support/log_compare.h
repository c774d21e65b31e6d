/* SPDX-License-Identifier: MIT */
/*
 * Two opinions on one log: that of the head search and recovery, and that of the checker, which
 * shares nothing with it.
 */
#ifndef SUPPORT_LOG_COMPARE_H
#define SUPPORT_LOG_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xfswrite/device.h>

struct test_log_opinion {
	int error;		/* of recovery: the log is refused */
	bool clean, torn;
	uint32_t head, cycle, first;
	uint64_t records, transactions;
	size_t findings;	/* of the checker, on the log */
	bool strays;		/* it found blocks of a turn that does not belong there */
};

/*
 * Hold both against each other.  They agree when head, cycle, clean or dirty, torn or whole, the
 * begin of replay, and the numbers of records, transactions and operations are the same; what
 * recovery refuses the checker must report, and what it replays must be without findings.
 * Excused is a log with blocks whose turn is wrong, when the checker reports these: a search by
 * halves may or may not meet one.  False with the reason in @why; @op (may be NULL): what they say.
 */
bool test_log_agrees(struct xfs_device *dev, struct xfs_device *logdev,
		     struct test_log_opinion *op, char *why, size_t size);

#endif
