/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing a file system, making it durable, and what it says of itself.  The
 * conventions, and the errors of every call, are in <xfswrite/xfswrite.h>.
 *
 * Flags here and in the other headers are unsigned macros, so that flags & ~XFS_... needs no cast.
 * Enumerators with the same names and values stand in front of them, for generators of bindings,
 * which do not see macros.
 *
 * Memory: when the host (xfs_env.mem_alloc) or memory_limit_bytes refuses memory, the library
 * shrinks its caches and then writes dirty data and metadata.  If that does not help, the call
 * returns -ENOMEM and has changed nothing; xfs_pwrite() has then written the bytes that it returns.
 * The file system goes on: nothing done before is lost, and what was stable is stable.  A reserve
 * allocated by xfs_mount() serves what cannot be undone: a transaction after its first change,
 * writing the log, data and metadata.  So xfs_sync(), xfs_fsync() and xfs_unmount() succeed even
 * when there is no memory at all.  The reserve grows with the number of threads that change things
 * at once.
 */
#ifndef XFSWRITE_MOUNT_H
#define XFSWRITE_MOUNT_H

#include <xfswrite/features.h>
#include <xfswrite/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_mount_options xfs_mount_options_t;
typedef struct xfs_statfs xfs_statfs_t;
typedef struct xfs_info xfs_info_t;
typedef struct xfs_log_type_count xfs_log_type_count_t;
typedef struct xfs_log_report xfs_log_report_t;

/* ---- opening and closing a file system ---------------------------------- */

enum xfs_mount_flags {
	XFS_MOUNT_RDONLY = 1u << 0,
	XFS_MOUNT_UNJOURNALLED = 1u << 1,
	XFS_MOUNT_NORECOVERY = 1u << 2,
	XFS_MOUNT_INPROGRESS = 1u << 3,
	XFS_MOUNT_RECOVER_IN_MEMORY = 1u << 4,
	XFS_MOUNT_SWALLOC = 1u << 5,
};
#define XFS_MOUNT_RDONLY	(1u << 0)	/* nothing is written to the device, at all */
#define XFS_MOUNT_UNJOURNALLED	(1u << 1)	/* see xfs_mount() */
#define XFS_MOUNT_NORECOVERY	(1u << 2)	/* with RDONLY: read although the log is dirty */
#define XFS_MOUNT_INPROGRESS	(1u << 3)	/* open an image that xfs_mkfs() left in progress */
/*
 * With RDONLY: recover a dirty log in memory.  What recovery changes is kept there until the file
 * system is closed, within memory_limit_bytes if that is set.
 */
#define XFS_MOUNT_RECOVER_IN_MEMORY (1u << 4)
#define XFS_MOUNT_SWALLOC	(1u << 5)	/* align large files to the stripe width */

/* How quota is enforced where the file system has it on; usage is counted in any case. */
enum xfs_mount_quota {
	XFS_MOUNT_QUOTA_AS_IMAGE = 0,	/* limits hold for the types whose enforcement is on */
	XFS_MOUNT_QUOTA_ACCOUNT_ONLY = 1, /* no call is refused; over a soft limit timers start */
	XFS_MOUNT_QUOTA_REFUSE = 2,	/* no mount for writing: -EPERM */
};

/* Start with XFS_MOUNT_OPTIONS_INIT and set what you need; 0 is the default of each member. */
struct xfs_mount_options {
	uint32_t size;			/* in: its sizeof; at least up to @flags */
	uint32_t flags;			/* XFS_MOUNT_* */
	const struct xfs_env *env;	/* copied; may be NULL */
	struct xfs_device *logdev;	/* external log, or NULL; a reference is taken */
	uint64_t data_cache_bytes;	/* file data held in memory, 0 = 32 MiB */
	/*
	 * Metadata held in memory, 0 = 64 MiB; dirty metadata may exceed it.  Recovery of a dirty
	 * log holds back what it writes until the whole log has proved good, which takes up to
	 * about twice the dirty part of the log on top; see @memory_limit_bytes.
	 */
	uint64_t meta_cache_bytes;
	/* Speculative preallocation, bytes: 0 = dynamic, or a power of two, 4 KiB to 1 GiB. */
	uint32_t allocsize_bytes;
	/*
	 * Owner of new objects.  @unprivileged: writes strip set-id bits, as for a caller without
	 * CAP_FSETID, and a new owner of a file must have room below its quota limits.
	 * security.capability is removed when contents change, in either case.
	 */
	uint32_t uid, gid;
	bool unprivileged;
	/*
	 * All memory the mount may have from its host at any time, in bytes: caches, file data,
	 * handles, and the reserve. 0: no limit.  At least what xfs_memory_minimum() says.  Both
	 * caches get at most their share of it.
	 */
	uint64_t memory_limit_bytes;
	/* For xfs_tick(): age of preallocation past the ends of files, 0 = 300; of data, 0 = 30. */
	uint32_t prealloc_lifetime_seconds, dirty_expire_seconds;
	uint32_t quota;			/* enum xfs_mount_quota */
};
#define XFS_MOUNT_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_mount_options)

/*
 * Tell the least memory_limit_bytes for a file system.  It is that on @dev, to be opened with @opts
 * (may be NULL, as for xfs_mount()).  About:
 *
 *	block size	inode size	directory block	journalled	unjournalled
 *	1 KiB		512		4 KiB		3.4 MiB		2.8 MiB
 *	4 KiB		512		4 KiB		3.5 MiB		3.0 MiB
 *	4 KiB		2048		4 KiB		5.0 MiB		4.3 MiB
 *	4 KiB		512		64 KiB		5.2 MiB		4.5 MiB
 *	64 KiB		512		64 KiB		9.9 MiB		9.2 MiB
 *
 * A reader needs less.  The figure leaves out what grows with use: each open file keeps its extent
 * map (16 to 40 bytes for each extent).  It includes the few hundred bytes that each AG takes (a
 * reader has them only for the AGs it comes to: at most 1024 are counted).
 *
 * It also leaves out recovery, which holds back what it writes until the whole log has proved good.
 * The limit of a writer must allow twice the largest transaction in the log (at most 1 MiB or an
 * eighth of the limit, if a mount with that limit wrote it), and half of what remains above the
 * minimum must hold what the log changes: a few bytes more than what differs from the metadata in
 * place.  A mount with the same limit has written most of that to its place already.  When much is
 * left to do after replay, such as freeing an unlinked file of very many extents, recovery first
 * tries it in memory, which takes twice the time.  If the limit is not enough, xfs_mount() returns
 * -ENOMEM, has written nothing, and its text (xfs_error_text()) names a limit that is enough.  A
 * reader with RECOVER_IN_MEMORY needs a writer's minimum and, for the whole mount, about three
 * times what the log changes.
 *
 * Returns 0 and the number of bytes in *@bytes; after an error *@bytes is 0.
 *
 * Errors: those of xfs_mount() for a superblock it refuses, and:
 *  -EINVAL: the last AG ends behind the end of the device.
 *  -EUCLEAN: @opts opens for writing, the file system has more than 1024 AGs, and no AGF stands
 *    where the last one should have its own.
 */
XFS_API int xfs_memory_minimum(struct xfs_device *dev, const struct xfs_mount_options *opts,
			       uint64_t *bytes);

/*
 * Open the file system on a device.  *@mpp is the caller's and is given back with xfs_unmount() or
 * xfs_abandon(); the mount takes references to @dev and to @opts->logdev.  @opts may be NULL: read
 * and write, with a journal.
 *
 * With XFS_MOUNT_UNJOURNALLED, for building images, nothing is logged.  From the first change to a
 * clean xfs_unmount() the superblock says "in progress", so that nobody mounts by accident what a
 * dying process left.  Without this flag and without RDONLY, every change goes through the journal,
 * as in the kernel: a process that dies leaves an image with a dirty log, and the kernel or this
 * library recovers it to a state between two calls that includes everything that was stable.
 *
 * An open for writing recovers a dirty log.  It refuses a log whose records or items are wrong, or
 * that would leave damaged metadata behind, and has written nothing then; see also
 * meta_cache_bytes.
 *
 * Metadata whose LSN is ahead of the log (the log was erased, or made anew with lower cycle
 * numbers) would lose all changes until the log has caught up.  So every call that reads such
 * metadata fails with -EUCLEAN, and so does the open if it is the superblock, the header of an AG
 * or the root directory.  With RDONLY the first one found is logged as a warning, and everything
 * but the superblock can be read; with NORECOVERY LSNs are not checked.
 *
 * Returns 0.  On failure xfs_error_text(NULL) on this thread has the reason.
 *
 * Errors:
 *  -EINVAL: not an XFS v5 file system; impossible geometry; the device is smaller than the file
 *    system or has larger sectors; or an option is wrong.
 *  -ENOTSUP: an unknown or unsupported incompatible feature, or a log that needs one.
 *  -EROFS: RDONLY was not given, and the device is read-only, or the file system has a
 *    read-only-compatible feature that the library cannot write.
 *  -EUCLEAN, -EBADMSG: the superblock, another structure that every mount reads, or the log is
 *    damaged; or the image is in progress, and XFS_MOUNT_INPROGRESS was not given.
 *  -EAGAIN: RDONLY was given and the log is dirty; see NORECOVERY and RECOVER_IN_MEMORY.
 *  -ECANCELED: xfs_env.progress stopped the recovery of the log; nothing was written.
 *  -EBUSY: RDONLY was not given, and this process already writes to @dev or to the log device; see
 *    "Exclusive use" in <xfswrite/device.h>.
 *  -ENXIO: the log is external, and no logdev was given.
 *  -EPERM: quota is on, and @opts says XFS_MOUNT_QUOTA_REFUSE.
 *  -EIO: a device failed.
 *  -ENOMEM: no memory, or memory_limit_bytes is too small; the text names a limit that is enough.
 *  -ENOSPC: recovery has no space for what it must finish.
 */
XFS_API int xfs_mount(struct xfs_device *dev, const struct xfs_mount_options *opts,
		      struct xfs_mount **mpp);

/*
 * Write everything, make it stable, and close a file system.  Close all xfs_file and xfs_dir
 * handles first: they become invalid.  @mp NULL: nothing happens.
 *
 * Returns 0.  After any error but -ECANCELED @mp is freed all the same, and the image keeps its
 * in-progress mark (unjournalled) or a dirty log.
 *
 * Errors: those of every call, and:
 *  -ECANCELED: xfs_cancel() or xfs_env.progress asked to stop.  @mp and its handles stay open and
 *    usable, nothing was lost, and what was not written is still to be written: call xfs_unmount()
 *    or xfs_abandon() again.  A cancel is honoured while data and all but the last MiB of metadata
 *    are written; after that the call runs to its end.
 *  -EIO: data of a file could not be written and was lost, and no call had told so; or the device
 *    failed, or the file system had been shut down.
 *  -ENOMEM: only if an unlinked file has more than a thousand extents that were never read.
 *    Everything else is stable in the log, and the next xfs_mount() frees that file.
 */
XFS_API int xfs_unmount(struct xfs_mount *mp);

/*
 * Close a file system and write nothing more.  For use after unrecoverable errors, or to drop the
 * work.  An unjournalled image that was changed keeps its in-progress mark; a journalled one looks
 * as after a crash at this moment.  Close all handles first.  @mp NULL: nothing happens.
 *
 * Cannot fail.
 */
XFS_API void xfs_abandon(struct xfs_mount *mp);

/*
 * Make everything done before the call stable.  With a journal, metadata becomes stable by one
 * write of the log at the end, and from then on the call cannot be cancelled; without one, metadata
 * is written in parts, and the call can be cancelled between them.
 *
 * Returns 0; at once if the file system is open read-only.
 *
 * Errors: those of every call, and:
 *  -EIO: data of some file could not be written since the last call, which is told once; or the
 *    device failed.
 *  -ECANCELED: xfs_cancel() or xfs_env.progress asked to stop.  Some of the data was written, none
 *    of it need be stable.  A later call writes the rest and tells of data that was lost.
 */
XFS_API int xfs_sync(struct xfs_mount *mp);

/*
 * Do what a kernel's workers do by the clock.  The library has no threads of its own; a program
 * that keeps file systems open for long calls this every few seconds from any one thread.  By the
 * time of xfs_env.clock it frees preallocation past the ends of files that were not written for
 * prealloc_lifetime_seconds and have no dirty data, writes data that has been dirty for
 * dirty_expire_seconds, and with a journal writes a checkpoint as often; so what is older than
 * twice that is stable.  It may take as long as xfs_sync().
 *
 * The call is optional: xfs_close(), a lack of space and xfs_unmount() free preallocation as well,
 * and a lack of memory writes data.
 *
 * Returns 0, or the first error of writing or freeing; the next call tries again what failed.
 *
 * Errors: those of every call.
 */
XFS_API int xfs_tick(struct xfs_mount *mp);

/*
 * Ask the long calls that are running to stop.  Each xfs_sync(), xfs_unmount() and
 * xfs_quota_check() of @mp that is running now returns -ECANCELED soon: after the file it is
 * writing, or 64 MiB of that, or the current part of the metadata.  A call that is almost done may
 * still return 0.  Calls that begin later and calls of other kinds are not affected, and nothing is
 * shut down.
 *
 * Threads: any thread may call it, also if the library was built without threads, and signal
 * handlers may: it waits for nothing and leaves error records alone.  @mp must exist: do not call
 * it beside the end of an xfs_unmount() that may free it; where that cannot be excluded, let
 * xfs_env.progress ask for the stop instead.
 *
 * Returns 0.
 *
 * Errors:
 *  -EINVAL: @mp is NULL (this writes an error record: not for signal handlers).
 */
XFS_API int xfs_cancel(struct xfs_mount *mp);

/* ---- what a file system says of itself ---------------------------------- */

/* What statfs(2) would say, counted as the kernel does. */
struct xfs_statfs {
	uint32_t size;			/* in: its sizeof; at least up to @block_size */
	uint32_t name_max;		/* bytes in a name: 255 */
	uint64_t block_size;		/* bytes */
	uint64_t blocks;		/* blocks of the data device, without an internal log */
	uint64_t blocks_free;		/* blocks available to files */
	uint64_t files;			/* inodes that exist or could be made */
	uint64_t files_free;		/* of these, not in use */
};
#define XFS_STATFS_INIT	XFS_SIZED_INIT(struct xfs_statfs)

/*
 * Tell size and free space of a file system.  @st->size must be set.  Reserved for open delayed
 * allocations, preallocation and AG trees is not free.
 *
 * Returns 0.
 *
 * Errors: those of every call.
 */
XFS_API int xfs_statfs(struct xfs_mount *mp, struct xfs_statfs *st);

/*
 * Tell size and free space as a file or directory has them.  As fstatfs(2): what xfs_statfs()
 * tells; but a directory that hands its project down (XFS_XFLAG_PROJINHERIT), if the project's
 * quota is enforced, is as large as its limits allow, the soft one if there are both: @blocks and
 * @files are the limits, and what is free is what is left of them, unless the file system has less.
 * @st->size must be set.  @file may have been opened with O_PATH.
 *
 * Returns 0.
 *
 * Errors: those of every call.
 */
XFS_API int xfs_fstatfs(struct xfs_file *file, struct xfs_statfs *st);

/* Geometry and features, as xfs_info prints them. */
struct xfs_info {
	uint32_t size;			/* in: its sizeof; at least up to @block_size */
	uint32_t block_size, sector_size, inode_size, dir_block_size;	/* bytes */
	uint32_t ag_count;		/* allocation groups */
	uint32_t ag_blocks;		/* blocks of each AG but the last */
	uint32_t log_blocks;
	uint64_t data_blocks;		/* blocks of the data device */
	uint32_t log_sector_size, log_sunit;	/* bytes */
	uint32_t sunit, swidth;		/* stripe unit and width in blocks; 0: none */
	uint32_t imaxpct;		/* percent of space that inodes may take; 0: no limit */
	/* XFS_FEAT_*, see <xfswrite/features.h> */
	uint32_t features_compat, features_ro_compat, features_incompat, features_log_incompat;
	uint32_t version;		/* sb_versionnum: the low 4 bits are 5 */
	uint64_t root_ino;		/* inode number of the root directory */
	uint64_t icount, ifree;		/* the superblock's counters: inodes, free inodes */
	uint64_t fdblocks;		/* and free blocks */
	uint8_t uuid[16];
	char label[13];			/* terminated */
	bool log_internal;		/* the log lies in the data device */
	bool log_dirty;			/* NORECOVERY: the log was dirty, and not replayed */
	bool in_progress;		/* the superblock says "in progress" */
	bool read_only;			/* the mount is */
	/*
	 * Of a read-only mount: the superblock, the headers of one of the first 16 AGs or other
	 * metadata read so far carries an LSN ahead of the log, which was erased or damaged.  A
	 * mount for writing would be refused.
	 */
	bool lsn_ahead;
	uint8_t reserved[6];
};
#define XFS_INFO_INIT	XFS_SIZED_INIT(struct xfs_info)

/*
 * Tell geometry, features and counters.  @info->size must be set.  Counters are those that the
 * superblock would have if the file system were closed now, without delayed allocations; of a
 * read-only mount those on disk.
 *
 * Returns 0.
 *
 * Errors: those of every call.
 */
XFS_API int xfs_info(struct xfs_mount *mp, struct xfs_info *info);

/* Items of one type in the log. */
struct xfs_log_type_count {
	const char *name;		/* static: "BUF", "INODE", "EFI" ... */
	uint64_t items;
	uint64_t unfinished;		/* intents without a done item */
};

/*
 * What a dirty log held, and what recovery did.  Blocks are of 512 bytes, from the start of the
 * log.
 */
struct xfs_log_report {
	uint32_t size;			/* in: its sizeof; at least up to @head_cycle */
	bool dirty;			/* when it was opened; else only head and tail are set */
	bool recovered;			/* by this mount */
	bool torn;			/* records from torn_block on were torn, and not replayed */
	uint32_t head_cycle, head_block, tail_block, torn_block;
	uint64_t records, transactions;	/* between tail and head; committed transactions */
	uint64_t uncommitted;		/* transactions without a commit, not replayed */
	uint64_t cancelled, newer;	/* items of blocks freed later; items already in place */
	uint64_t buffers_written, bytes_written;
	uint64_t inodes_freed;		/* that had been unlinked while open */
	uint64_t cow_blocks_freed;	/* left over from copy-on-write */
	uint32_t type_count;		/* how many of @types are set */
	struct xfs_log_type_count types[32];
};
#define XFS_LOG_REPORT_INIT	XFS_SIZED_INIT(struct xfs_log_report)

/*
 * Tell what was in the log when the file system was opened.  @report->size must be set.  A dirty
 * log that was not recovered (NORECOVERY) is read and checked by this call.
 *
 * Returns 0.
 *
 * Errors: those of every call, and:
 *  -EUCLEAN, -EBADMSG: the log is dirty and could not be recovered, because it is damaged.
 *  -ENOTSUP: it could not be recovered, because it needs a feature that the library does not know.
 *  -ENXIO: the log is external, and no logdev was given.
 */
XFS_API int xfs_log_report(struct xfs_mount *mp, struct xfs_log_report *report);

#ifdef __cplusplus
}
#endif
#endif
