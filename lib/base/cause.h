/* SPDX-License-Identifier: MIT */
/*
 * The errno that a device gave, which the layers above see as -EIO.  base/error.h has it for the
 * description of a public call; here it is followed from the failing call to whoever tells it,
 * which may be another thread and long after.
 */
#ifndef BASE_CAUSE_H
#define BASE_CAUSE_H

#include "base/error.h"

/*
 * The errno (positive) that a device gave when this thread's newest call that failed was made -EIO;
 * 0: none did since the public call began.  Calls that succeed do not change it.  Whoever tells a
 * failure after others may have failed sets it again first.
 */
int xfs_device_cause(void);
void xfs_set_device_cause(int cause);

/*
 * strerror() of the negative errno @error; of -EIO also what the device had said.  Valid until
 * the next call on this thread.
 */
const char *xfs_errstr(int error);

#endif
