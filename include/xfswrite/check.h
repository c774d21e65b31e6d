/* SPDX-License-Identifier: MIT */
/*
 * The checker and the dumper.  They read the device by themselves, through the structure
 * definitions only, and share no code with what writes it, so that a mistake there is not repeated
 * here.
 */
#ifndef XFSWRITE_CHECK_H
#define XFSWRITE_CHECK_H

#include <xfswrite/device.h>
#include <xfswrite/env.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_finding xfs_finding_t;
typedef struct xfs_check_options xfs_check_options_t;
typedef struct xfs_check_summary xfs_check_summary_t;

/*
 * One finding: what is wrong, and where.  @structure is one of
 *
 *	superblock agf agi agfl			headers of an allocation group
 *	bnobt cntbt inobt finobt rmapbt refcountbt	its trees
 *	log					the journal
 *	inode bmbt				an inode, the extent tree of a fork
 *	rtrmapbt rtrefcountbt			trees of realtime metadata files
 *	directory attr acl symlink		contents of a fork
 *	parent					parent pointers
 *	nlink					link counts
 *	space					blocks with no owner or too many
 *	quota					quota files, and wrong counts in them
 */
struct xfs_finding {
	uint32_t size;			/* the library's sizeof(struct xfs_finding) */
	uint32_t reserved;
	const char *structure;		/* static */
	int64_t agno;			/* AG number; -1: not tied to an AG */
	uint64_t block;			/* in the AG; of the log in units of 512 bytes; ~0: none */
	uint64_t ino;			/* inode number; ~0: none */
	const char *text;		/* what is wrong; valid during the call */
};

/* Start with XFS_CHECK_OPTIONS_INIT and set what you need. */
struct xfs_check_options {
	uint32_t size;			/* in: its sizeof; at least up to @flags */
	uint32_t flags;			/* XFS_CHECK_* */
	const struct xfs_env *env;	/* copied; may be NULL */
	void *ctx;			/* first argument of both functions */
	/*
	 * Called for each finding, and as work goes on: @done of @total parts of @phase.  Either
	 * may be NULL.  A return value other than 0 stops the check: neither is called again, and
	 * xfs_check() returns -ECANCELED with a summary of what was seen until then.
	 */
	int (*finding)(void *ctx, const struct xfs_finding *finding);
	int (*progress)(void *ctx, const char *phase, uint64_t done, uint64_t total);
	uint64_t max_findings;		/* stop after this many; 0 = never */
};
#define XFS_CHECK_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_check_options)

/*
 * Without XFS_CHECK_DIRTY_LOG_OK a dirty log is a finding.  In either case the rest is checked as
 * it is on disk; changes that are only in the log show up as findings, which recovery may remove.
 */
enum xfs_check_flags {
	XFS_CHECK_IN_PROGRESS_OK = 1u << 0,
	XFS_CHECK_DIRTY_LOG_OK = 1u << 1,
};
#define XFS_CHECK_IN_PROGRESS_OK	(1u << 0)	/* do not report sb_inprogress */
#define XFS_CHECK_DIRTY_LOG_OK		(1u << 1)	/* do not report a dirty log */

/* What was seen. */
struct xfs_check_summary {
	uint32_t size;			/* in: its sizeof; at least up to @findings */
	uint32_t not_checked;		/* XFS_CHECK_SKIPPED_* */
	uint64_t findings;
	uint64_t inodes, directories, files, symlinks, specials;	/* in use */
	uint64_t data_extents;		/* of data forks */
	uint64_t shared_blocks, metadata_blocks, free_blocks;
};
#define XFS_CHECK_SUMMARY_INIT	XFS_SIZED_INIT(struct xfs_check_summary)

/* What was not checked. */
enum xfs_check_skipped {
	XFS_CHECK_SKIPPED_LOG = 1u << 0,
	XFS_CHECK_SKIPPED_REALTIME = 1u << 1,
	XFS_CHECK_SKIPPED_QUOTA = 1u << 2,
};
#define XFS_CHECK_SKIPPED_LOG		(1u << 0)	/* external log, and no logdev was given */
#define XFS_CHECK_SKIPPED_REALTIME	(1u << 1)	/* use of realtime space: bitmap, groups */
#define XFS_CHECK_SKIPPED_QUOTA		(1u << 2)	/* counts of users, groups or projects */

/*
 * Check every structure of a file system against all others.  @logdev: of an external log, or NULL;
 * @opts and @summary may be NULL, @summary->size must be set.  Damage is a finding, not an error.
 * The device is only read, and references to it are not kept.  Nobody should write to it meanwhile.
 *
 * Returns 0 when everything was looked at; *@summary has the number of findings.
 *
 * Errors:
 *  -EINVAL: not an XFS v5 file system; @dev is NULL; a wrong struct size, unknown flags.
 *  -ECANCELED: a function of @opts asked to stop; *@summary is of what was seen until then.
 *  -EIO: the superblock cannot be read.  (Other metadata that cannot be read is a finding.)
 *  -ENOMEM: the host has no memory.
 */
XFS_API int xfs_check(struct xfs_device *dev, struct xfs_device *logdev,
		      const struct xfs_check_options *opts, struct xfs_check_summary *summary);

/*
 * Print one structure in readable form.  @what is one of "sb [AGNO]", "agf AGNO", "agi AGNO", "agfl
 * AGNO", "bnobt|cntbt|inobt|finobt|rmapbt|refcountbt AGNO", "inode INO", "bmap INO [attr]", "dir
 * INO", "attr INO", "block FSBNO", "log", "dquot user|group|project ID".  @line is called for each
 * line, without its newline; @text is valid during the call.  If it returns other than 0, the dump
 * ends.
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: @what is not understood or outside of the file system; not an XFS v5 file system; NULL;
 *    or the log is external, and no @logdev was given.
 *  -ECANCELED: @line asked to stop.
 *  -EUCLEAN, -EBADMSG: what leads to the structure is damaged.
 *  -EIO: the device failed.
 *  -ENOMEM: the host has no memory.
 */
XFS_API int xfs_dump(struct xfs_device *dev, struct xfs_device *logdev, const char *what,
		     int (*line)(void *ctx, const char *text), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
