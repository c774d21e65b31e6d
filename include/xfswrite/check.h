/* SPDX-License-Identifier: MIT */
/*
 * The checker and the dumper.  They read the device by themselves, through the
 * structure definitions only, and share no code with what writes it, so
 * that a mistake there is not made here as well.
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
 *   superblock agf agi agfl		headers of an allocation group
 *   bnobt cntbt inobt finobt rmapbt refcountbt	its trees
 *   log				the journal
 *   inode bmbt				an inode, the extent tree of a fork
 *   rtrmapbt rtrefcountbt		trees of realtime metadata files
 *   directory attr acl symlink		contents of a fork
 *   parent				parent pointers
 *   nlink				link counts
 *   space				blocks with no owner or too many
 *   quota				quota files, and counts that are not what owners use
 */
struct xfs_finding {
	uint32_t size;			/* the library's sizeof(struct xfs_finding) */
	uint32_t reserved;
	const char *structure;
	int64_t agno;			/* -1: not tied to an AG */
	uint64_t block;			/* block of that AG, of the log in 512-byte units; ~0: none */
	uint64_t ino;			/* ~0: none */
	const char *text;		/* what does not hold; valid during the call */
};

struct xfs_check_options {
	uint32_t size;			/* in: sizeof(struct xfs_check_options); at least up to @flags */
	uint32_t flags;			/* XFS_CHECK_* */
	const struct xfs_env *env;
	void *ctx;
	/*
	 * Either may be NULL.  Other than 0: look at nothing more, call neither again; xfs_check() ends
	 * with -ECANCELED, and its summary is of what was seen until then.
	 */
	int (*finding)(void *ctx, const struct xfs_finding *finding);
	int (*progress)(void *ctx, const char *phase, uint64_t done, uint64_t total);
	uint64_t max_findings;		/* stop after so many; 0 = never */
};
#define XFS_CHECK_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_check_options)

/*
 * Without XFS_CHECK_DIRTY_LOG_OK a dirty log is a finding.  In either case the
 * rest is checked as it lies on the disk; what the log still has to put in
 * place shows up as findings, which recovery may cure.
 */

enum xfs_check_flags {
	XFS_CHECK_IN_PROGRESS_OK = 1u << 0,
	XFS_CHECK_DIRTY_LOG_OK = 1u << 1,
};
#define XFS_CHECK_IN_PROGRESS_OK	(1u << 0)	/* sb_inprogress is no finding */
#define XFS_CHECK_DIRTY_LOG_OK		(1u << 1)	/* do not report a dirty log */

struct xfs_check_summary {
	uint32_t size;			/* in: sizeof(struct xfs_check_summary); at least up to @findings */
	uint32_t not_checked;		/* XFS_CHECK_SKIPPED_*: what nobody looked at */
	uint64_t findings;
	uint64_t inodes, directories, files, symlinks, specials;
	uint64_t data_extents, shared_blocks, metadata_blocks, free_blocks;
};
#define XFS_CHECK_SUMMARY_INIT	XFS_SIZED_INIT(struct xfs_check_summary)

enum xfs_check_skipped {
	XFS_CHECK_SKIPPED_LOG = 1u << 0,
	XFS_CHECK_SKIPPED_REALTIME = 1u << 1,
	XFS_CHECK_SKIPPED_QUOTA = 1u << 2,
};
#define XFS_CHECK_SKIPPED_LOG		(1u << 0)	/* external log, no device given */
#define XFS_CHECK_SKIPPED_REALTIME	(1u << 1)	/* use of realtime space: bitmap, groups */
#define XFS_CHECK_SKIPPED_QUOTA		(1u << 2)	/* counts of users, groups or projects */

/*
 * Walk every structure of the file system on @dev and hold all of them against
 * each other.  0: done, *@summary tells how many findings; a negative errno: the
 * check could not be done (not XFS v5: -EINVAL, no memory, I/O error on
 * the superblock).  Damaged structures are findings, not errors.  Never writes.
 */
XFS_API int xfs_check(struct xfs_device *dev, struct xfs_device *logdev,
		      const struct xfs_check_options *opts, struct xfs_check_summary *summary);

/*
 * Print one structure readably, line by line.  @what: "sb [AGNO]", "agf AGNO",
 * "agi AGNO", "agfl AGNO", "bnobt|cntbt|inobt|finobt|rmapbt|refcountbt AGNO",
 * "inode INO", "bmap INO [attr]", "dir INO", "attr INO", "block FSBNO", "log",
 * "dquot user|group|project ID".
 * -EINVAL: @what is not understood.  @line is called for each line; when it returns other than 0 there
 * are no more, and the call ends with -ECANCELED.
 */
XFS_API int xfs_dump(struct xfs_device *dev, struct xfs_device *logdev, const char *what,
		     int (*line)(void *ctx, const char *text), void *ctx);

#ifdef __cplusplus
}
#endif
#endif
