/* SPDX-License-Identifier: MIT */
/*
 * A volume of which there is nothing but the log, for tests that write, tear and search logs
 * and need no file system around them.
 */
#ifndef SUPPORT_LOG_VOLUME_H
#define SUPPORT_LOG_VOLUME_H

#include "disk/geometry.h"
#include "support/log_parse.h"

/* Where an internal log begins on the device. */
#define TEST_LOG_START	(1u << 20)

struct test_log_shape {
	uint32_t bytes, sector;
	uint32_t sunit;		/* 0: none */
	bool external;		/* from byte 0 of a device of its own */
	const uint8_t *uuid;
};

/* As much of the geometry as lib/log looks at; the device must reach behind the log. */
struct xfs_geometry test_log_geometry(const struct test_log_shape *shape);

/*
 * That log as the parser wants it; its device is for the caller to set, and the size of
 * records where the writer did not choose it itself.
 */
struct test_log test_log_of(const struct xfs_geometry *geo);

#endif
