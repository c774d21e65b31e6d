/* SPDX-License-Identifier: MIT */
/* The device's errno, kept per thread. */
#include <stdio.h>
#include "base/cause.h"

static _Thread_local int device_cause;

int xfs_device_cause(void)
{
	return device_cause;
}

void xfs_set_device_cause(int cause)
{
	device_cause = cause;
}

const char *xfs_errstr(int error)
{
	static _Thread_local char both[160];

	if (error != -EIO || !device_cause || device_cause == EIO)
		return strerror(-error);
	/* In two calls: strerror() may return the same memory twice. */
	snprintf(both, sizeof(both) / 2, "%s (the device said: ", strerror(-error));
	snprintf(both + strlen(both), sizeof(both) - strlen(both), "%s)", strerror(device_cause));
	return both;
}
