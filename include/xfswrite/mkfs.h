/* SPDX-License-Identifier: MIT */
/*
 * Making a file system.  With the same options, UUID, clock and seed the same
 * bytes come out; where mkfs.xfs is deterministic they are its bytes.
 */
#ifndef XFSWRITE_MKFS_H
#define XFSWRITE_MKFS_H

#include <stdbool.h>
#include <stdint.h>
#include <xfswrite/device.h>
#include <xfswrite/env.h>

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

/* Whose defaults. */
enum xfs_mkfs_profile {
	XFS_MKFS_PROFILE_7_2 = 0,	/* mkfs.xfs 7.2: needs Linux 6.10 */
	XFS_MKFS_PROFILE_6_1 = 1,	/* mkfs.xfs 6.1: mounts since Linux 5.10 */
};

enum xfs_mkfs_flags {
	XFS_MKFS_FORCE = 1u << 0,
	XFS_MKFS_SMALL = 1u << 1,
	XFS_MKFS_INPROGRESS = 1u << 2,
	XFS_MKFS_NOALIGN = 1u << 3,
	XFS_MKFS_DISCARD = 1u << 4,
	XFS_MKFS_ASCII_CI = 1u << 5,
	XFS_MKFS_LOG_AG = 1u << 6,
};
#define XFS_MKFS_FORCE		(1u << 0)	/* whatever the device holds is overwritten */
#define XFS_MKFS_SMALL		(1u << 1)	/* below 300 MiB, small logs, one AG: unsupported */
#define XFS_MKFS_INPROGRESS	(1u << 2)	/* leave sb_inprogress set: the caller goes on */
#define XFS_MKFS_NOALIGN	(1u << 3)	/* ignore the stripes that the device tells of */
#define XFS_MKFS_DISCARD	(1u << 4)	/* discard the devices first, where they can */
#define XFS_MKFS_ASCII_CI	(1u << 5)	/* case-insensitive names (deprecated) */
#define XFS_MKFS_LOG_AG		(1u << 6)	/* log_agno is meant */

/* imaxpct: inodes may take all space. */
#define XFS_MKFS_IMAXPCT_NOLIMIT 255u

/*
 * Start with XFS_MKFS_OPTIONS_INIT, set what you need; zero is the default of each member.
 * Sizes are bytes.
 */
struct xfs_mkfs_options {
	uint32_t size;			/* in: sizeof(struct xfs_mkfs_options); at least up to @flags */
	uint32_t flags;			/* XFS_MKFS_* */
	const struct xfs_env *env;	/* clock, random numbers, memory, log; may be NULL */
	uint32_t profile;		/* enum xfs_mkfs_profile */

	uint32_t blocksize;		/* 1024 .. 65536; 4096 */
	uint32_t sectsize;		/* 512 .. 32768; the device's physical sector */
	uint32_t inodesize;		/* 512 .. 2048; 512 */
	uint32_t dirblocksize;		/* blocksize .. 65536; at least 4096 */

	uint64_t data_size;		/* of the device that is used; all of it */
	uint64_t agsize;		/* this or @agcount */
	uint32_t agcount;
	uint32_t imaxpct;		/* 1 .. 100, or XFS_MKFS_IMAXPCT_NOLIMIT */

	uint64_t sunit;			/* data stripe unit and width; */
	uint64_t swidth;		/* what the device tells, unless NOALIGN */

	uint64_t log_size;
	uint32_t log_agno;		/* with XFS_MKFS_LOG_AG */
	uint32_t log_sectsize;		/* external: @sectsize, else its physical sector */
	uint32_t log_sunit;

	char label[12];			/* need not end in a zero */
	uint8_t uuid[16];		/* zeros: a random one */

	/* enum xfs_mkfs_switch each */
	uint8_t finobt;
	uint8_t sparse;			/* sparse inode chunks */
	uint8_t rmapbt;
	uint8_t reflink;
	uint8_t bigtime;
	uint8_t inobtcount;
	uint8_t nrext64;
	uint8_t exchange;
	uint8_t parent;
	uint8_t autofsck;		/* the root directory's trusted.xfs:autofsck */
	uint8_t reserved[6];		/* 0 */
};
#define XFS_MKFS_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_mkfs_options)

/* What was, or would be, made. */
struct xfs_mkfs_geometry {
	uint32_t size;			/* in: sizeof(struct xfs_mkfs_geometry); at least up to @blocksize */
	uint32_t blocksize;
	uint32_t sectsize;
	uint32_t inodesize;
	uint32_t dirblocksize;
	uint32_t agcount;
	uint32_t agblocks;
	uint32_t imaxpct;		/* 0: no limit */
	uint64_t dblocks;
	uint32_t sunit;			/* blocks */
	uint32_t swidth;		/* blocks */
	uint32_t logblocks;
	uint32_t min_logblocks;		/* a smaller log no kernel would mount */
	uint32_t log_agno;		/* of an internal log */
	uint32_t log_agbno;
	uint32_t logsectsize;
	uint32_t logsunit;		/* bytes; 0: none */
	uint64_t free_blocks;
	uint64_t inodes;
	uint64_t root_ino;
	uint32_t sb_versionnum;
	uint32_t features_ro_compat;
	uint32_t features_incompat;
	bool external_log;
	uint8_t uuid[16];
	char label[13];
	uint8_t reserved[6];
};
#define XFS_MKFS_GEOMETRY_INIT	XFS_SIZED_INIT(struct xfs_mkfs_geometry)

/*
 * Format @dev, with the log on @logdev unless that is NULL.  @opts may be NULL;
 * @out may be NULL.  References are the caller's before and after.
 *
 * The primary superblock says "in progress" from the first write that matters
 * to the last, so that a crash in between leaves nothing that mounts.
 *
 * -EINVAL: impossible options; -EEXIST: something is on a device and
 * XFS_MKFS_FORCE was not given; -EBUSY: this process is writing to a device already;
 * -ENOSPC: too small; -EROFS, -EIO: the device.
 * xfs_error_text(NULL) says what.
 */
XFS_API int xfs_mkfs(struct xfs_device *dev, struct xfs_device *logdev,
		     const struct xfs_mkfs_options *opts, struct xfs_mkfs_geometry *out);

/* The same without writing, or looking at contents. */
XFS_API int xfs_mkfs_geometry(struct xfs_device *dev, struct xfs_device *logdev,
			      const struct xfs_mkfs_options *opts,
			      struct xfs_mkfs_geometry *out);

#ifdef __cplusplus
}
#endif
#endif
