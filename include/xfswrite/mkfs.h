/* SPDX-License-Identifier: MIT */
/*
 * Making a file system.  The same options, UUID, clock and seed make the same bytes; where mkfs.xfs
 * is deterministic, they are its bytes.
 */
#ifndef XFSWRITE_MKFS_H
#define XFSWRITE_MKFS_H

#include <stdbool.h>
#include <stdint.h>
#include <xfswrite/device.h>
#include <xfswrite/env.h>
#include <xfswrite/features.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_mkfs_options xfs_mkfs_options_t;
typedef struct xfs_mkfs_geometry xfs_mkfs_geometry_t;

/* Whether a feature is on; the default is the profile's. */
enum xfs_mkfs_switch {
	XFS_MKFS_DEFAULT = 0,
	XFS_MKFS_ON = 1,
	XFS_MKFS_OFF = 2,
};

/* Whose defaults are taken. */
enum xfs_mkfs_profile {
	XFS_MKFS_PROFILE_7_2 = 0,	/* mkfs.xfs 7.2: needs Linux 6.10 */
	XFS_MKFS_PROFILE_6_1 = 1,	/* mkfs.xfs 6.1: mounts since Linux 5.10 */
};

/* How it is made. */
enum xfs_mkfs_flags {
	XFS_MKFS_FORCE = 1u << 0,
	XFS_MKFS_SMALL = 1u << 1,
	XFS_MKFS_INPROGRESS = 1u << 2,
	XFS_MKFS_NOALIGN = 1u << 3,
	XFS_MKFS_DISCARD = 1u << 4,
	XFS_MKFS_ASCII_CI = 1u << 5,
	XFS_MKFS_LOG_AG = 1u << 6,
};
#define XFS_MKFS_FORCE		(1u << 0)	/* overwrite whatever the devices hold */
#define XFS_MKFS_SMALL		(1u << 1)	/* allow below 300 MiB, small logs, one AG */
#define XFS_MKFS_INPROGRESS	(1u << 2)	/* leave it in progress, for XFS_MOUNT_INPROGRESS */
#define XFS_MKFS_NOALIGN	(1u << 3)	/* ignore the stripe unit and width of the device */
#define XFS_MKFS_DISCARD	(1u << 4)	/* discard the devices first, where they can */
#define XFS_MKFS_ASCII_CI	(1u << 5)	/* case-insensitive names (deprecated) */
#define XFS_MKFS_LOG_AG		(1u << 6)	/* log_agno is used */

/* imaxpct: inodes may take all space. */
#define XFS_MKFS_IMAXPCT_NOLIMIT 255u

/*
 * Start with XFS_MKFS_OPTIONS_INIT and set what you need; 0 is the default of each member, and
 * stands for what its comment names last.  Sizes are bytes.
 */
struct xfs_mkfs_options {
	uint32_t size;			/* in: its sizeof; at least up to @flags */
	uint32_t flags;			/* XFS_MKFS_* */
	const struct xfs_env *env;	/* copied: clock, random numbers, memory; may be NULL */
	uint32_t profile;		/* enum xfs_mkfs_profile */

	uint32_t blocksize;		/* 1024 .. 65536; 4096 */
	uint32_t sectsize;		/* 512 .. 32768; the device's physical sector */
	uint32_t inodesize;		/* 512 .. 2048; 512 */
	uint32_t dirblocksize;		/* blocksize .. 65536; at least 4096 */

	uint64_t data_size;		/* how much of the device is used; all of it */
	uint64_t agsize;		/* a multiple of the block size; this or @agcount */
	uint32_t agcount;		/* by the size of the device */
	uint32_t imaxpct;		/* 1 .. 100, or XFS_MKFS_IMAXPCT_NOLIMIT; by size */

	uint64_t sunit;			/* data stripe unit; the device's, unless NOALIGN */
	uint64_t swidth;		/* data stripe width; the device's, unless NOALIGN */

	uint64_t log_size;		/* by the size of the device */
	uint32_t log_agno;		/* AG of the log, with XFS_MKFS_LOG_AG; the middle one */
	uint32_t log_sectsize;		/* external: @sectsize, else its physical sector */
	uint32_t log_sunit;		/* log stripe unit; by @sunit and sectors */

	char label[12];			/* need not end in a NUL */
	uint8_t uuid[16];		/* zeros: a random one */

	/* Features, each an enum xfs_mkfs_switch; the profile's. */
	uint8_t finobt;			/* tree of free inodes */
	uint8_t sparse;			/* sparse inode chunks */
	uint8_t rmapbt;			/* reverse map */
	uint8_t reflink;		/* shared blocks */
	uint8_t bigtime;		/* times up to 2486 */
	uint8_t inobtcount;		/* block counts of inode trees in the AGI */
	uint8_t nrext64;		/* 64-bit extent counters */
	uint8_t exchange;		/* exchange of file contents over several transactions */
	uint8_t parent;			/* parent pointers */
	uint8_t autofsck;		/* the root directory's trusted.xfs:autofsck */
	uint8_t reserved[6];		/* 0 */
};
#define XFS_MKFS_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_mkfs_options)

/* What was, or would be, made. */
struct xfs_mkfs_geometry {
	uint32_t size;			/* in: its sizeof; at least up to @blocksize */
	uint32_t blocksize;		/* bytes */
	uint32_t sectsize;		/* bytes */
	uint32_t inodesize;		/* bytes */
	uint32_t dirblocksize;		/* bytes */
	uint32_t agcount;
	uint32_t agblocks;		/* blocks of each AG but the last */
	uint32_t imaxpct;		/* 0: no limit */
	uint64_t dblocks;		/* blocks of the data device */
	uint32_t sunit;			/* blocks */
	uint32_t swidth;		/* blocks */
	uint32_t logblocks;		/* blocks of the log */
	uint32_t min_logblocks;		/* no kernel would mount a smaller log */
	uint32_t log_agno;		/* where an internal log is: AG */
	uint32_t log_agbno;		/* and block in it */
	uint32_t logsectsize;		/* bytes */
	uint32_t logsunit;		/* bytes; 0: none */
	uint64_t free_blocks;
	uint64_t inodes;		/* allocated */
	uint64_t root_ino;		/* inode number of the root directory */
	uint32_t sb_versionnum;
	uint32_t features_ro_compat;	/* XFS_FEAT_RO_COMPAT_*, see <xfswrite/features.h> */
	uint32_t features_incompat;	/* XFS_FEAT_INCOMPAT_* */
	bool external_log;		/* the log is on a device of its own */
	uint8_t uuid[16];
	char label[13];			/* terminated */
	uint8_t reserved[6];		/* 0 */
};
#define XFS_MKFS_GEOMETRY_INIT	XFS_SIZED_INIT(struct xfs_mkfs_geometry)

/*
 * Make a file system on a device.  @logdev: a device for an external log, or NULL; @opts may be
 * NULL: all defaults; *@out, unless @out is NULL, gets the geometry, and @out->size must be set.
 * References are the caller's before and after.
 *
 * The primary superblock says "in progress" from the first write that matters to the last, so that
 * a crash in between leaves nothing that mounts.  After 0 everything is stable.
 *
 * Returns 0. xfs_error_text(NULL) says why it failed.
 *
 * Errors:
 *  -EINVAL: impossible options; no @dev; an unknown flag; a wrong struct size.
 *  -EEXIST: a device is not empty, and XFS_MKFS_FORCE was not given.
 *  -EBUSY: this process already writes to a device ("Exclusive use" in <xfswrite/device.h>).
 *  -ENOSPC: a device, or an AG, is too small for what was asked for.
 *  -EROFS: a device is read-only.
 *  -ECANCELED: xfs_env.progress asked to stop; the device does not mount.
 *  -EIO: a device failed.
 *  -ENOMEM: the host has no memory.
 */
XFS_API int xfs_mkfs(struct xfs_device *dev, struct xfs_device *logdev,
		     const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out);

/*
 * Tell what xfs_mkfs() would make.  Nothing is written, and contents of the devices are not looked
 * at.  @out->size must be set.
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: impossible options; no @dev or @out; an unknown flag; a wrong struct size.
 *  -ENOSPC: a device, or an AG, is too small for what was asked for.
 *  -EIO: a device failed.
 *  -ENOMEM: the host has no memory.
 */
XFS_API int xfs_mkfs_geometry(struct xfs_device *dev, struct xfs_device *logdev,
			      const struct xfs_mkfs_options *opts,
			      struct xfs_mkfs_geometry *out);

#ifdef __cplusplus
}
#endif
#endif
