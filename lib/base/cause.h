/* SPDX-License-Identifier: MIT */
/*
 * The errno that a device returned, which the layers above see as -EIO.  base/error.h keeps it in
 * the description of a public call; this file carries it from the failing call to the thread that
 * reports it, which may be another thread and much later.
 */
#ifndef BASE_CAUSE_H
#define BASE_CAUSE_H

#include "base/error.h"

/*
 * The errno (positive) of the device for this thread's last call that failed with -EIO; 0: none
 * since the public call began.  Calls that succeed do not change it.  A thread that reports an
 * older failure sets it again first.
 */
int xfs_device_cause(void);
void xfs_set_device_cause(int cause);

/*
 * strerror() of the negative errno @error; for -EIO also what the device returned.  Valid until the
 * next call on this thread.
 */
const char *xfs_errstr(int error);

#endif
