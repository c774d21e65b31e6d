/* SPDX-License-Identifier: MIT */
/* The geometry of a volume that is all log. */
#include "support/log_volume.h"
#include <string.h>

struct xfs_geometry test_log_geometry(const struct test_log_shape *shape)
{
	struct xfs_geometry geo = {
		.blocksize = 4096, .blocklog = 12, .blkbb_log = 3,
		.agblocks = 1u << 20, .agblklog = 20, .agcount = 1,
		.logstart = shape->external ? 0 : TEST_LOG_START / 4096,
		.logblocks = shape->bytes / 4096,
		.logsectsize = shape->sector,
		.logsunit = shape->sunit,
	};

	memcpy(geo.uuid.b, shape->uuid, sizeof(geo.uuid.b));
	return geo;
}

struct test_log test_log_of(const struct xfs_geometry *geo)
{
	struct test_log log = {
		.start = geo->logstart * 4096,
		.nbbs = geo->logblocks * 8,
		.unit_bbs = (geo->logsunit ? geo->logsunit : geo->logsectsize) / 512,
		.h_size = geo->logsunit > 32768 ? geo->logsunit : 32768,
	};

	memcpy(log.uuid, geo->uuid.b, sizeof(log.uuid));
	return log;
}
