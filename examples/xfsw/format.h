/* SPDX-License-Identifier: MIT */
/* The options of mkfs, which create takes as well. */
#ifndef XFSW_FORMAT_H
#define XFSW_FORMAT_H

#include "xfsw/xfsw.h"
#include <xfswrite/mkfs.h>
#include <xfswrite/quota.h>

enum {
	XFSW_OPT_SIZE = XFSW_OPT_VERB + 64,
	XFSW_OPT_PROFILE,
	XFSW_OPT_UUID,
	XFSW_OPT_SEED,
	XFSW_OPT_SMALL,
	XFSW_OPT_DISCARD,
	XFSW_OPT_QUOTA,
	XFSW_OPT_QUOTA_NO_ENFORCE,
};

extern const struct xfsw_option format_options_table[];

struct xfsw_format {
	struct xfs_mkfs_options mkfs;
	uint64_t size_bytes;		/* 0: the device's, or computed */
	bool dry_run, force, verbose;
	uint32_t quota, enforce;	/* XFS_QUOTA_USER ...: types that are on, and enforced */
};

/* Read all of them.  0 or XFSW_USAGE. */
int format_options(struct xfsw_call *call, struct xfsw_format *format);
/* Turn on the quota that was asked for, in a new file system.  An exit code. */
int format_quota(struct xfsw_call *call, const struct xfsw_format *format, struct xfsw_image *img);
/* What a device of @size_bytes would become.  0 or -errno; with @call not NULL that is told. */
int format_geometry(struct xfsw_call *call, const struct xfsw_format *format, uint64_t size_bytes,
		    struct xfs_mkfs_geometry *geometry);
/* Print the geometry that @path would get; nothing is opened for writing.  An exit code. */
int format_dry_run(struct xfsw_call *call, const struct xfsw_format *format, const char *path);
void format_print(const struct xfs_mkfs_geometry *geometry);
/*
 * Open @path (made with @size_bytes if it is missing; emptied first if @empty says so and it is a
 * regular file) and format it.  0 or an exit code; on success the caller closes @img.
 */
int format_image(struct xfsw_call *call, struct xfsw_format *format, const char *path,
		 uint64_t size_bytes, bool empty, struct xfsw_image *img,
		 struct xfs_mkfs_geometry *geometry);

#endif
