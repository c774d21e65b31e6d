/* SPDX-License-Identifier: MIT */
/*
 * libxfswrite: read and write XFS v5 file systems from user space.
 *
 * Conventions of every function here:
 *  - 0 or a count on success, a negative errno on failure.  -EUCLEAN: a
 *    structure on disk is damaged; -EBADMSG: a checksum is wrong; -EROFS: the file
 *    system may only be read; -EIO: the device failed, or the file system was shut
 *    down after it did.  <xfswrite/error.h> tells which structure, where and why.
 *  - After an error an out pointer is NULL, and what was passed in is still the caller's.
 *  - A NULL where an object, a name, a struct or a place for a result is needed is -EINVAL; a NULL
 *    buffer with a length is -EFAULT, a length over SSIZE_MAX -EINVAL.  Nothing was done.
 *    xfs_close(), xfs_unmount(), xfs_abandon(), xfs_closedir() and xfs_device_put() take NULL.
 *  - Any number of threads may use one file system and one file at once,
 *    unless the comment says otherwise.  xfs_unmount() and xfs_close() must be the last
 *    call on their object.
 *  - A call with the name of a system call gives what that gives to root on a kernel's mount,
 *    also when two errors apply; where it does not the comment says so.
 *  - Offsets and sizes are bytes; paths are byte strings separated by '/', of up to 65535 bytes, taken
 *    from the root directory (xfs_..._at: from @dir).  Symbolic links on the way are
 *    followed inside the image, at most 40 of them (-ELOOP).
 *  - Durability: unless a function says otherwise its effect is in memory until
 *    xfs_fsync(), xfs_sync() or xfs_unmount() returned 0.  On a mount with a journal it may become
 *    stable earlier, whole and in order: after a crash every call that changes names, attributes or
 *    sizes has happened completely or not at all, and none without those that finished before
 *    it began.  A call that works in steps (cutting or writing a large file, removing what an
 *    unlinked file held) may be found between two of them; data that was
 *    overwritten in place may be old or new by sector.  Blocks never show what others wrote.
 */
#ifndef XFSWRITE_H
#define XFSWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xfswrite/device.h>
#include <xfswrite/env.h>
#include <xfswrite/error.h>
#include <xfswrite/version.h>

/*
 * xfs_stat(), xfs_lstat(), xfs_fstat() and xfs_utimens() take the host's struct stat and struct
 * timespec.  Where a C library lets the program choose what these are (32-bit glibc) they are the
 * library's only with -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64, as xfswrite.pc and the CMake targets say.
 * A program that is compiled without does not see these four; it uses xfs_getattr(), xfs_fgetattr() and
 * xfs_setattr(), whose structs are the same everywhere.  Define XFSWRITE_NO_HOST_STAT to have it so
 * on every machine.
 */
#if defined(__TIMESIZE) && __TIMESIZE == 32 && !defined(__USE_TIME_BITS64)
#ifndef XFSWRITE_NO_HOST_STAT
#define XFSWRITE_NO_HOST_STAT
#endif
#endif
#ifndef XFSWRITE_NO_HOST_STAT
#include <sched.h>	/* struct timespec, which <time.h> hides in strict C99 */
#include <sys/stat.h>
#include <time.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef XFSWRITE_NO_HOST_STAT
typedef char xfs_needs_time_bits_64[sizeof(time_t) >= 8 ? 1 : -1];
#endif

struct xfs_mount;	/* an open file system */
struct xfs_file;	/* an open file, directory or other object in it */
struct xfs_dir;		/* a position in a directory */
typedef struct xfs_mount xfs_mount_t;
typedef struct xfs_file xfs_file_t;
typedef struct xfs_dir xfs_dir_t;
typedef struct xfs_mount_options xfs_mount_options_t;
typedef struct xfs_statfs xfs_statfs_t;
typedef struct xfs_info xfs_info_t;
typedef struct xfs_log_type_count xfs_log_type_count_t;
typedef struct xfs_log_report xfs_log_report_t;
typedef struct xfs_iattr xfs_iattr_t;
typedef struct xfs_stat xfs_stat_t;
typedef struct xfs_extent xfs_extent_t;
typedef struct xfs_dirent xfs_dirent_t;

/*
 * Flags are macros, unsigned, so that flags & ~XFS_... needs no cast; and, with the same names and
 * values, enumerators in front of them, for generators of bindings, which do not see macros.
 */

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
#define XFS_MOUNT_INPROGRESS	(1u << 3)	/* go on with what xfs_mkfs left in progress */
/*
 * With RDONLY: recover a dirty log in memory.  What recovery changes is kept there until the file system
 * is closed, within memory_limit_bytes if there is one.
 */
#define XFS_MOUNT_RECOVER_IN_MEMORY (1u << 4)
#define XFS_MOUNT_SWALLOC	(1u << 5)	/* large files are aligned to the stripe width, not the unit */

/* Quota of a file system that has it on; counts are kept in any case. */
enum xfs_mount_quota {
	XFS_MOUNT_QUOTA_AS_IMAGE = 0,	/* limits hold for the types whose enforcement is on */
	XFS_MOUNT_QUOTA_ACCOUNT_ONLY = 1, /* nobody is refused; over a soft limit timers start */
	XFS_MOUNT_QUOTA_REFUSE = 2,	/* no mount for writing: -EPERM */
};

/* Start with XFS_MOUNT_OPTIONS_INIT, set what you need. */
struct xfs_mount_options {
	uint32_t size;			/* in: sizeof(struct xfs_mount_options); at least up to @flags */
	uint32_t flags;			/* XFS_MOUNT_* */
	const struct xfs_env *env;	/* copied; may be NULL */
	struct xfs_device *logdev;	/* external log, or NULL; a reference is taken */
	uint64_t data_cache_bytes;	/* file data held in memory, 0 = 32 MiB */
	/*
	 * Metadata held in memory, 0 = 64 MiB; dirty metadata may exceed it.  Recovery of a dirty log
	 * holds back what it writes until all is known to be good, which takes about twice what
	 * is dirty of the log besides; see @memory_limit_bytes.
	 */
	uint64_t meta_cache_bytes;
	uint32_t allocsize_bytes;	/* speculative preallocation: 0 = dynamic, else a power of two */
	/*
	 * Who acts: owner of new objects.  @unprivileged: set-id bits are stripped on writes, as for a
	 * caller without CAP_FSETID, and who gives a file away needs room below the limits of the new owner.
	 * security.capability goes when contents change, whoever does it.
	 */
	uint32_t uid, gid;
	bool unprivileged;
	/*
	 * All memory that the mount has from its host at any time, in bytes: caches, file data,
	 * handles, and the reserve for what must not fail (below).  0: no limit.  At least what
	 * xfs_memory_minimum() says.  Both caches get at most their share of it.
	 */
	uint64_t memory_limit_bytes;
	/* For xfs_tick(): age of preallocation past the ends of files, 0 = 300; of data, 0 = 30. */
	uint32_t prealloc_lifetime_seconds, dirty_expire_seconds;
	uint32_t quota;			/* enum xfs_mount_quota */
};
#define XFS_MOUNT_OPTIONS_INIT	XFS_SIZED_INIT(struct xfs_mount_options)

/*
 * Memory.  When the host (xfs_env.mem_alloc), or memory_limit_bytes, refuses memory, caches shrink,
 * then dirty data and metadata are written; when that does not help the call returns -ENOMEM and has
 * changed nothing, or for xfs_pwrite() has taken the bytes that it returns.  The file system
 * goes on: nothing that was done before is lost, and what was said to be stable is.  A reserve that is
 * had at open serves what cannot be taken back: a transaction after its first change, writing
 * the log, data and metadata, xfs_sync(), xfs_fsync() and xfs_unmount(), which therefore succeed
 * when there is no memory at all.  It grows with the number of threads that change things at once.
 *
 * xfs_memory_minimum() tells the least memory_limit_bytes for the file system on @dev, opened with
 * @opts (NULL: as xfs_mount() takes it): about
 *
 *	block size	inode size	directory block	journalled	unjournalled
 *	1 KiB		512		4 KiB		3.4 MiB		2.8 MiB
 *	4 KiB		512		4 KiB		3.5 MiB		3.0 MiB
 *	4 KiB		2048		4 KiB		5.0 MiB		4.3 MiB
 *	4 KiB		512		64 KiB		5.2 MiB		4.5 MiB
 *	64 KiB		512		64 KiB		9.9 MiB		9.2 MiB
 *
 * and less for a reader.  It does not count what grows with use: each file that is open
 * keeps its extent map (16 to 40 bytes for each extent); each AG takes a few hundred bytes, which it
 * does count (a reader has them only for the AGs that it meets: at most 1024 are counted).
 *
 * Nor does it count recovery, which holds back what it writes until the whole log has proved to be
 * good: a writer's limit must allow twice the largest transaction in the log (at most 1 MiB or an
 * eighth of the limit if a mount with that limit has written it), and half of what it leaves beyond
 * the minimum must be enough for what the log changes, which is a few bytes more than what differs
 * from what is in place.  A mount with the same limit has written most of that to its place.  When
 * there is much to be done after it - a file of very many extents has no name any more - that is tried in
 * memory before it is done, which takes twice the time.  When the limit is not enough xfs_mount() returns -ENOMEM, has written nothing, and its text
 * (xfs_error_text()) names a limit that is enough.  A reader with RECOVER_IN_MEMORY needs a writer's minimum as
 * well, and about three times what his log changes beyond it, of which he keeps one part.
 *
 * 0; errors as xfs_mount(), and then *@bytes is 0: the superblock is read and what it says is checked;
 * -EINVAL: the last AG ends behind the device; -EUCLEAN, for a writer: there are more than 1024
 * AGs, and at the place of the last one is no AGF (for AGs that are not there no memory is asked).
 */
XFS_API int xfs_memory_minimum(struct xfs_device *dev, const struct xfs_mount_options *opts,
			       uint64_t *bytes);

/*
 * Open the file system on @dev; takes a reference to @dev.  @opts may be NULL
 * (read-write).
 *
 * XFS_MOUNT_UNJOURNALLED: for building images.  Nothing is logged; from the
 * first change to the clean xfs_unmount() the superblock says "in progress",
 * so that a process that dies leaves an image nobody mounts by accident.
 * Without this flag and without RDONLY every change goes through the journal, as the
 * kernel's do: a process that dies leaves an image whose log is dirty, and that the kernel,
 * or this library, brings back to a state that was between two calls, with all in it
 * that was said to be stable.
 *
 * A dirty log is recovered by an open for writing.  One that cannot be trusted - in its records or
 * items, in what they ask for, or in what came of replaying them - is refused (-EUCLEAN, -EBADMSG,
 * -ENOTSUP, text: where and what), and then nothing was written; see meta_cache_bytes.
 *
 * Metadata whose LSN is ahead of the log - it was erased, or made anew with lower cycle numbers -
 * would lose all changes until the log has caught up: every call that comes to such an object is
 * refused (-EUCLEAN), the opening too when it is the superblock, an AG's header or the root
 * directory.  With RDONLY the first one is logged as a warning and all but the superblock are
 * read; with NORECOVERY nobody asks.
 *
 * -EINVAL: not an XFS v5 file system, or geometry that cannot be; -ENOTSUP: an
 * unknown incompatible feature; -EROFS: an unknown read-only-compatible feature
 * or a read-only device, and RDONLY was not given; -EUCLEAN: damaged;
 * -EAGAIN: the log is dirty, which a read-only open does not change (see NORECOVERY and
 * RECOVER_IN_MEMORY; any other open recovers it); -ECANCELED: xfs_env.progress
 * stopped the recovery of the log, nothing was written; -EBUSY: this process is writing to
 * @dev or the log device already (see <xfswrite/device.h>), and RDONLY was not given; -ENXIO: the
 * log is external and no logdev was given.  The text of the failure is
 * returned by xfs_error_text(NULL) on this thread.
 */
XFS_API int xfs_mount(struct xfs_device *dev, const struct xfs_mount_options *opts,
		      struct xfs_mount **mpp);

/*
 * Close all that is open in it, write everything, make it stable and free @mp.
 * Open xfs_file and xfs_dir handles become invalid: close them first.
 * On error the image keeps its in-progress mark (unjournalled), or a dirty log; @mp is freed
 * all the same.  It needs no memory from the host (see "Memory" above); only where a file without a name
 * has more than a thousand extents that were never read may it say -ENOMEM, and then
 * all else is stable in the log, and the next xfs_mount() frees that file.
 *
 * -ECANCELED, from xfs_cancel() or xfs_env.progress: the exception.  @mp and its handles stay open and
 * usable, nothing was lost, and what was not written is still to be written: call xfs_unmount() or
 * xfs_abandon() again.  It ends so while data is written and metadata but for a rest of some MiB; from
 * then on it closes.
 */
XFS_API int xfs_unmount(struct xfs_mount *mp);

/*
 * Free @mp and write nothing more: after unrecoverable errors, or when the work is
 * to be abandoned.  An unjournalled image that was changed keeps its in-progress mark; one with
 * a journal looks as after a crash at this moment.
 */
XFS_API void xfs_abandon(struct xfs_mount *mp);

/*
 * Everything that was done before the call is stable when it returns 0.  -EIO also when data of
 * any file could not be written since the last call; it is told once.
 *
 * -ECANCELED, from xfs_cancel() or xfs_env.progress: some of the data was written, none of it need be
 * stable.  What was not written is written by a later call, which also tells of data that was lost.
 * With a journal one write of the log makes metadata stable at the end, and then the call is not
 * cancelled any more; without one metadata is written in parts, between which it is.
 */
XFS_API int xfs_sync(struct xfs_mount *mp);

/*
 * Time has passed: do what a kernel's workers do by the clock (xfs_env.clock).  Preallocation past the
 * ends of files that were not written for prealloc_lifetime_seconds and have no dirty data is freed;
 * data that has been dirty for dirty_expire_seconds is written, and with a journal a checkpoint as
 * often: so what is older than twice that is stable.  The library has no threads of its own; a program
 * that keeps file systems open for long calls this every few seconds, from any one thread.  It may
 * take as long as xfs_sync().  Nothing needs it: xfs_close(), a lack of space and xfs_unmount() free
 * preallocation as well, and a lack of memory writes data.
 *
 * 0; the first error of writing or freeing: what failed is tried again by the next.
 */
XFS_API int xfs_tick(struct xfs_mount *mp);

/*
 * Each xfs_sync() and xfs_unmount() of @mp that is at work now ends soon with -ECANCELED: after the
 * file, or the 64 MiB of one, that it is writing, or the part of the metadata.  One that has come to its end may return 0.
 * Calls that begin later are not affected, nor is any other call: nothing is shut down.
 *
 * From any thread, also when the library was built without threads, and from a signal handler: it
 * waits for nothing and leaves error records alone.  @mp must exist: not beside the end of an
 * xfs_unmount() that may free it; where that cannot be excluded let xfs_env.progress say so instead.
 * 0; -EINVAL: @mp is NULL (a call as any other, not for signal handlers).
 */
XFS_API int xfs_cancel(struct xfs_mount *mp);

/* What statfs(2) would say, counted as the kernel does. */
struct xfs_statfs {
	uint32_t size;			/* in: sizeof(struct xfs_statfs); at least up to @block_size */
	uint32_t name_max;		/* bytes in a name */
	uint64_t block_size;		/* bytes */
	uint64_t blocks;		/* size without an internal log */
	uint64_t blocks_free;		/* available to files */
	uint64_t files;			/* inodes that exist or could */
	uint64_t files_free;
};
#define XFS_STATFS_INIT	XFS_SIZED_INIT(struct xfs_statfs)
XFS_API int xfs_statfs(struct xfs_mount *mp, struct xfs_statfs *st);
/*
 * What fstatfs(2) would say of @file: the same; but a directory that hands its project down
 * (XFS_XFLAG_PROJINHERIT), when the project's quota is enforced, is as large as its limits allow, the
 * soft one if there are both: @blocks and @files are the limits, unless the file system has less, and
 * what is free is what is left of them, unless the file system has less.  Handles of O_PATH, too.
 */
XFS_API int xfs_fstatfs(struct xfs_file *file, struct xfs_statfs *st);

/* Geometry and features, as xfs_info prints them. */
struct xfs_info {
	uint32_t size;			/* in: sizeof(struct xfs_info); at least up to @block_size */
	uint32_t block_size, sector_size, inode_size, dir_block_size;	/* bytes */
	uint32_t ag_count, ag_blocks;
	uint32_t log_blocks;
	uint64_t data_blocks;
	uint32_t log_sector_size, log_sunit;	/* bytes */
	uint32_t sunit, swidth;		/* blocks */
	uint32_t imaxpct;
	uint32_t features_compat, features_ro_compat, features_incompat, features_log_incompat;
	uint32_t version;
	uint64_t root_ino;
	uint64_t icount, ifree, fdblocks;	/* the superblock's counters, now */
	uint8_t uuid[16];
	char label[13];
	bool log_internal;
	bool log_dirty, in_progress, read_only;
	/*
	 * Of a read-only mount: the superblock, the headers of one of the first 16 AGs or other metadata
	 * that was read so far carries an LSN ahead of the log, which was erased or damaged.
	 * Whoever wants to write is refused.
	 */
	bool lsn_ahead;
	uint8_t reserved[6];
};
#define XFS_INFO_INIT	XFS_SIZED_INIT(struct xfs_info)
XFS_API int xfs_info(struct xfs_mount *mp, struct xfs_info *info);

/* Items of one type in the log. */
struct xfs_log_type_count {
	const char *name;		/* "BUF", "INODE", "EFI" ... */
	uint64_t items;
	uint64_t unfinished;		/* intents that nobody had carried out */
};

/*
 * What a dirty log held, and what was made of it.  Blocks are of 512 bytes, from the start of the log.
 */
struct xfs_log_report {
	uint32_t size;			/* in: sizeof(struct xfs_log_report); at least up to @head_cycle */
	bool dirty;			/* it was when it was opened; else only head and tail are told */
	bool recovered;			/* by this mount */
	bool torn;			/* records from torn_block on were incomplete, and not replayed */
	uint32_t head_cycle, head_block, tail_block, torn_block;
	uint64_t records, transactions;	/* between tail and head, committed ones */
	uint64_t uncommitted;		/* transactions without an end, not replayed */
	uint64_t cancelled, newer;	/* items: of blocks freed later on; in place already */
	uint64_t buffers_written, bytes_written;
	uint64_t inodes_freed;		/* that had been unlinked while they were open */
	uint64_t cow_blocks_freed;	/* left over from copy-on-write */
	uint32_t type_count;
	struct xfs_log_type_count types[32];
};
#define XFS_LOG_REPORT_INIT	XFS_SIZED_INIT(struct xfs_log_report)

/*
 * The log of @mp as it was found.  A dirty log that was not recovered (NORECOVERY) is read and
 * checked for this: -EUCLEAN, -EBADMSG when it could not be recovered either.
 */
XFS_API int xfs_log_report(struct xfs_mount *mp, struct xfs_log_report *report);

/* ---- attributes ------------------------------------------------------------- */

enum xfs_attr_valid {
	XFS_ATTR_MODE = 1u << 0,
	XFS_ATTR_UID = 1u << 1,
	XFS_ATTR_GID = 1u << 2,
	XFS_ATTR_SIZE = 1u << 3,
	XFS_ATTR_ATIME = 1u << 4,
	XFS_ATTR_MTIME = 1u << 5,
	XFS_ATTR_CTIME = 1u << 6,
	XFS_ATTR_CRTIME = 1u << 7,
	XFS_ATTR_PROJID = 1u << 8,
	XFS_ATTR_XFLAGS = 1u << 9,
	XFS_ATTR_EXTSIZE = 1u << 10,
	XFS_ATTR_COWEXTSIZE = 1u << 11,
	XFS_ATTR_RDEV = 1u << 12,
	XFS_ATTR_INHERIT = 1u << 13,
};
#define XFS_ATTR_MODE		(1u << 0)	/* permission bits; type bits only at creation */
#define XFS_ATTR_UID		(1u << 1)
#define XFS_ATTR_GID		(1u << 2)
#define XFS_ATTR_SIZE		(1u << 3)
#define XFS_ATTR_ATIME		(1u << 4)
#define XFS_ATTR_MTIME		(1u << 5)
#define XFS_ATTR_CTIME		(1u << 6)	/* otherwise now; a restore tool's privilege */
#define XFS_ATTR_CRTIME		(1u << 7)
#define XFS_ATTR_PROJID		(1u << 8)
#define XFS_ATTR_XFLAGS		(1u << 9)	/* XFS_XFLAG_* below */
#define XFS_ATTR_EXTSIZE	(1u << 10)	/* bytes */
#define XFS_ATTR_COWEXTSIZE	(1u << 11)	/* bytes */
#define XFS_ATTR_RDEV		(1u << 12)	/* creation of device nodes only */
/*
 * xfs_createat() only: project, flags and hints come from the directory as for a file that a
 * system call makes there, unless they are valid here; XFS_ATTR_XFLAGS adds to inherited flags.
 */
#define XFS_ATTR_INHERIT	(1u << 13)

/*
 * What to set; only members whose bit is in @valid are looked at.  -EINVAL: a bit of a member that
 * @size does not reach.
 */
struct xfs_iattr {
	uint32_t size;			/* in: sizeof(struct xfs_iattr); at least up to @valid */
	uint32_t valid;			/* XFS_ATTR_* */
	uint32_t mode;
	uint32_t uid, gid;
	uint32_t projid;
	uint32_t xflags;
	uint32_t extsize_bytes, cowextsize_bytes;
	uint32_t rdev_major, rdev_minor;
	uint32_t reserved;		/* 0 */
	uint64_t size_bytes;
	struct xfs_timespec atime, mtime, ctime, crtime;
};
#define XFS_IATTR_INIT	XFS_SIZED_INIT(struct xfs_iattr)

/*
 * The inode flags that users may see and set; values as in FS_IOC_FSGETXATTR.  <xfs/xfs.h> has the same
 * names for the same values.
 */
#ifndef XFS_XFLAG_REALTIME
enum xfs_xflags {
	XFS_XFLAG_REALTIME = 0x00001,
	XFS_XFLAG_PREALLOC = 0x00002,
	XFS_XFLAG_IMMUTABLE = 0x00008,
	XFS_XFLAG_APPEND = 0x00010,
	XFS_XFLAG_SYNC = 0x00020,
	XFS_XFLAG_NOATIME = 0x00040,
	XFS_XFLAG_NODUMP = 0x00080,
	XFS_XFLAG_RTINHERIT = 0x00100,
	XFS_XFLAG_PROJINHERIT = 0x00200,
	XFS_XFLAG_NOSYMLINKS = 0x00400,
	XFS_XFLAG_EXTSIZE = 0x00800,
	XFS_XFLAG_EXTSZINHERIT = 0x01000,
	XFS_XFLAG_NODEFRAG = 0x02000,
	XFS_XFLAG_FILESTREAM = 0x04000,
	XFS_XFLAG_DAX = 0x08000,
	XFS_XFLAG_COWEXTSIZE = 0x10000,
};
#endif
#ifndef XFS_XFLAG_REALTIME
#define XFS_XFLAG_REALTIME	0x00000001u
#endif
#ifndef XFS_XFLAG_PREALLOC
#define XFS_XFLAG_PREALLOC	0x00000002u
#endif
#ifndef XFS_XFLAG_IMMUTABLE
#define XFS_XFLAG_IMMUTABLE	0x00000008u
#endif
#ifndef XFS_XFLAG_APPEND
#define XFS_XFLAG_APPEND	0x00000010u
#endif
#ifndef XFS_XFLAG_SYNC
#define XFS_XFLAG_SYNC		0x00000020u
#endif
#ifndef XFS_XFLAG_NOATIME
#define XFS_XFLAG_NOATIME	0x00000040u
#endif
#ifndef XFS_XFLAG_NODUMP
#define XFS_XFLAG_NODUMP	0x00000080u
#endif
#ifndef XFS_XFLAG_RTINHERIT
#define XFS_XFLAG_RTINHERIT	0x00000100u
#endif
#ifndef XFS_XFLAG_PROJINHERIT
#define XFS_XFLAG_PROJINHERIT	0x00000200u
#endif
#ifndef XFS_XFLAG_NOSYMLINKS
#define XFS_XFLAG_NOSYMLINKS	0x00000400u
#endif
#ifndef XFS_XFLAG_EXTSIZE
#define XFS_XFLAG_EXTSIZE	0x00000800u
#endif
#ifndef XFS_XFLAG_EXTSZINHERIT
#define XFS_XFLAG_EXTSZINHERIT	0x00001000u
#endif
#ifndef XFS_XFLAG_NODEFRAG
#define XFS_XFLAG_NODEFRAG	0x00002000u
#endif
#ifndef XFS_XFLAG_FILESTREAM
#define XFS_XFLAG_FILESTREAM	0x00004000u
#endif
#ifndef XFS_XFLAG_DAX
#define XFS_XFLAG_DAX		0x00008000u
#endif
#ifndef XFS_XFLAG_COWEXTSIZE
#define XFS_XFLAG_COWEXTSIZE	0x00010000u
#endif
#ifndef XFS_XFLAG_HASATTR
#define XFS_XFLAG_HASATTR	0x80000000u	/* read only */
#endif

/* Everything about an inode. */
struct xfs_stat {
	uint32_t size;			/* in: sizeof(struct xfs_stat); at least up to @mode */
	uint32_t gen;			/* generation; with @ino for xfs_open_by_ino() */
	uint64_t ino;
	uint32_t mode;			/* type and permission bits */
	uint32_t nlink;
	uint32_t uid, gid, projid;
	uint32_t rdev_major, rdev_minor;
	uint32_t blksize;		/* bytes */
	uint32_t xflags;		/* XFS_XFLAG_* */
	uint32_t extsize_bytes, cowextsize_bytes;
	uint32_t reserved;
	uint64_t size_bytes;
	uint64_t blocks512;		/* st_blocks; with what is delayed or set aside for copying */
	uint64_t nextents, anextents;	/* of the data and the attribute fork */
	uint64_t changecount;
	struct xfs_timespec atime, mtime, ctime, crtime;
};
#define XFS_STAT_INIT	XFS_SIZED_INIT(struct xfs_stat)

/* ---- files ---------------------------------------------------------------------- */

/*
 * Open @path; @flags as open(2): O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL,
 * O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_SYNC, O_DSYNC, O_TMPFILE (@path is a
 * directory; a file without a name, as one made there, which xfs_linkat() and xfs_replaceat() may
 * give one; it is freed with its last handle, or at recovery).  O_LARGEFILE, O_CLOEXEC, O_NOCTTY, O_NONBLOCK
 * and O_NOATIME are taken and change nothing; others: -EINVAL.  @mode: for O_CREAT and
 * O_TMPFILE, used without umask.
 *
 * O_DIRECT: xfs_pread(), xfs_pwrite() and their vectored forms go past the library's cache, between the
 * caller's buffers and the device.  Offset and length (of all buffers together) are multiples of the
 * device's logical sector, -EINVAL otherwise, as is an append to a file that ends inside of a
 * sector; buffers may lie anywhere.  What other handles have in memory is written back before, and
 * forgotten before a write, so that all agree.  When a write returns its data has been given to the
 * device, but is stable only after xfs_fsync() or with O_DSYNC.  Shared blocks, and parts of blocks
 * that are not in the file yet, go through memory and are written back before the call returns.  Other
 * calls (xfs_write_from_fd(), xfs_write_from()) do not care.
 *
 * O_PATH: any object, with O_NOFOLLOW also a symbolic link; the only way to links and special
 * files (-ENXIO without it).  Of such a handle everything can be read and set that is
 * no data: xfs_fstat(), xfs_fgetattr(), xfs_fsetattr() (but not the size), extended
 * attributes, xfs_freadlink(), xfs_linkat(), and it can be @dir of the ...at calls and of
 * xfs_fdopendir().  Reading, writing, xfs_ftruncate(), xfs_seek(), xfs_extents() and
 * xfs_fsync(): -EBADF.
 *
 * Reading does not change the access time: what is read here was not read by a user of the file.
 */
XFS_API int xfs_open(struct xfs_mount *mp, const char *path, int flags, uint32_t mode,
		     struct xfs_file **filep);
XFS_API int xfs_openat(struct xfs_file *dir, const char *path, int flags, uint32_t mode,
		       struct xfs_file **filep);
/*
 * Open an inode by number; -ESTALE if it is free, internal, or of another generation (0 = any).  One
 * without a name can be opened while a handle to it is open.
 */
XFS_API int xfs_open_by_ino(struct xfs_mount *mp, uint64_t ino, uint32_t gen, int flags,
			    struct xfs_file **filep);

/*
 * Preallocation past the end is trimmed.  Does not make anything stable, but a file without a name
 * is freed with its last handle; a crash before that is stable frees it at recovery.
 *
 * Writes nothing back, so 0 says nothing of what is still in memory.  -EIO: data of this file could not
 * be written while this handle was open for writing, and it was not told by xfs_fsync() or a
 * synchronous write (as close(2) on NFS); who syncs the file next is told as well.  @file is closed all the same,
 * as after every error but -EBUSY of a library without threads.
 */
XFS_API int xfs_close(struct xfs_file *file);

XFS_API ssize_t xfs_pread(struct xfs_file *file, void *buf, size_t len, uint64_t offset);
/*
 * Write at @offset (O_APPEND: at the end).  A short count is possible when
 * space ends; -ENOSPC only when nothing was written, after everything reclaimable
 * was reclaimed once.  -EIO: earlier data of this file could not be written (see
 * xfs_fsync()); the file takes no more than 64 KiB before xfs_fsync() of it, or xfs_sync(), has
 * said so.
 */
XFS_API ssize_t xfs_pwrite(struct xfs_file *file, const void *buf, size_t len, uint64_t offset);

/*
 * Copy [@fd_offset, +@len) of host file @fd to @offset of @file: like
 * xfs_pwrite, without a buffer of the caller's.  Ends early at the end of @fd.  A pipe, socket or
 * terminal is read from where it stands, @fd_offset 0 (-ESPIPE); after a short count or an
 * error, up to 256 KiB that were read from it may not have been written.
 * Large pieces the device copies by itself, if it can: they take no memory, and an image on
 * a host that shares blocks between files may share them with @fd's file.  Returns the bytes written.
 * When @fd cannot be read: -EBADF, -EISDIR, -EINVAL, -ESPIPE, -EACCES, -EPERM, -EAGAIN as
 * read(2) said, else -EIO; xfs_error_text() says that it was the host file.  What was read before
 * is written, and the file system is as good as before.
 */
XFS_API int64_t xfs_write_from_fd(struct xfs_file *file, int fd, uint64_t fd_offset, uint64_t len,
				  uint64_t offset);

/*
 * After 0, a crash at any later moment followed by recovery shows this file's
 * contents, size, attributes and times, as they were when the call began or later, and the names that
 * lead to it - as all else that was done before the last change of this file.  Of a
 * directory: its entries.  Threads that call it at the same time share what it costs.
 *
 * xfs_fdatasync() leaves out times when nothing else has changed.  Writes to a file that is open with
 * O_SYNC or O_DSYNC end with the one or the other over what they wrote.
 *
 * -EIO: data of this file could not be written.  As on Linux that is told once to each handle that
 * was open when it happened, and to handles opened before anybody was told; what could not be
 * written is lost (new blocks read as zeros), and the file may be used further.  Or the
 * device failed under the journal: the file system is shut down, and this and every later call says so.
 * -ENOMEM: nothing is lost, and nothing is promised.
 *
 * On an unjournalled mount this writes the
 * data and the metadata and flushes, but the in-progress mark stays until xfs_unmount().
 */
XFS_API int xfs_fsync(struct xfs_file *file);
XFS_API int xfs_fdatasync(struct xfs_file *file);

/*
 * -EINVAL: more than 2^63-1 bytes, no regular file, or (xfs_ftruncate(), and xfs_fsetattr() of a
 * size) not open for writing.
 */
XFS_API int xfs_ftruncate(struct xfs_file *file, uint64_t size_bytes);
XFS_API int xfs_truncate(struct xfs_mount *mp, const char *path, uint64_t size_bytes);

XFS_API int xfs_fgetattr(struct xfs_file *file, struct xfs_stat *st);
XFS_API int xfs_fsetattr(struct xfs_file *file, const struct xfs_iattr *iattr);
#ifndef XFSWRITE_NO_HOST_STAT
/*
 * st_dev is the same for every mount of a file system, now and later, and never 0: it comes from
 * the UUID, so copies of one image share it.  xfs_fgetattr() tells the same in a fixed layout.
 */
XFS_API int xfs_fstat(struct xfs_file *file, struct stat *st);
#endif

/* SEEK_DATA / SEEK_HOLE (-ENXIO past the end); others -EINVAL. Returns an offset. */
XFS_API int64_t xfs_seek(struct xfs_file *file, uint64_t offset, int whence);

/* One mapping.  One whose blocks are shared in parts is told in parts. */
struct xfs_extent {
	uint32_t size;			/* in: sizeof(struct xfs_extent); at least up to @length */
	bool unwritten, shared, delalloc;
	bool last;			/* no mapping stands behind it */
	uint64_t offset;		/* bytes in the file */
	uint64_t length;		/* bytes */
	uint64_t device_offset;		/* bytes on the data device; ~0 when not allocated yet */
};
#define XFS_EXTENT_INIT	XFS_SIZED_INIT(struct xfs_extent)

/*
 * Mappings from @offset on: fills up to @max, sets *@count; 0 = no more.  Does not write back;
 * xfs_map_extents() in <xfswrite/fallocate.h> can, and knows the other forks.
 * The @size of the first element, a multiple of 8, is how far they lie apart; it becomes that of
 * all that are filled.
 *
 *	struct xfs_extent extents[16] = { XFS_EXTENT_INIT };
 */
XFS_API int xfs_extents(struct xfs_file *file, uint64_t offset, struct xfs_extent *extents,
			size_t max, size_t *count);

/* ---- names ------------------------------------------------------------------------- */

/* The root directory; the mount's, do not close it. */
XFS_API struct xfs_file *xfs_root(struct xfs_mount *mp);

/*
 * Make one object named @name (one component) in @dir: the type is in
 * @iattr->mode (which must be valid), further valid attributes are set in
 * the same transaction.  @target: a symbolic link's.  @filep may be NULL.  -EEXIST.
 *
 * @name NULL, not for directories: it has no name, as with O_TMPFILE; *@filep must be wanted.
 *
 * The call of restore tools: nothing is inherited, unless XFS_ATTR_INHERIT asks for it.  All twelve permission bits are
 * taken as they stand, a default ACL or a set-group-id bit of @dir has no effect, and owner,
 * group and times that are not valid are the mount's and now.  A regular
 * file in *@filep is open for reading and writing.
 */
XFS_API int xfs_createat(struct xfs_file *dir, const char *name, const struct xfs_iattr *iattr,
			 const char *target, struct xfs_file **filep);

/* As mkdir(2): of @mode the permission bits and the sticky bit; set-group-id comes from the parent. */
XFS_API int xfs_mkdir(struct xfs_mount *mp, const char *path, uint32_t mode);
XFS_API int xfs_mkdirat(struct xfs_file *dir, const char *path, uint32_t mode);
XFS_API int xfs_mknod(struct xfs_mount *mp, const char *path, uint32_t mode, uint32_t rdev_major,
		      uint32_t rdev_minor);
XFS_API int xfs_mknodat(struct xfs_file *dir, const char *path, uint32_t mode, uint32_t rdev_major,
			uint32_t rdev_minor);
/* Targets of 1 to 1023 bytes; -ENAMETOOLONG. */
XFS_API int xfs_symlink(struct xfs_mount *mp, const char *target, const char *path);
XFS_API int xfs_symlinkat(const char *target, struct xfs_file *dir, const char *path);
/* The last component is not followed. */
XFS_API int xfs_link(struct xfs_mount *mp, const char *oldpath, const char *newpath);
/* A new name for what @file is. */
XFS_API int xfs_linkat(struct xfs_file *file, struct xfs_file *dir, const char *path);
/*
 * The same, but what has the name gives way in the same transaction: at every moment, and after a
 * crash, @path leads to what was there or to @file.  If it is a name of @file already, nothing
 * changes.  -EISDIR: a directory has it; -EPERM: that is immutable or append-only.
 */
XFS_API int xfs_replaceat(struct xfs_file *file, struct xfs_file *dir, const char *path);
XFS_API int xfs_unlink(struct xfs_mount *mp, const char *path);
XFS_API int xfs_unlinkat(struct xfs_file *dir, const char *path, int flags /* AT_REMOVEDIR */);
XFS_API int xfs_rmdir(struct xfs_mount *mp, const char *path);
XFS_API int xfs_rename(struct xfs_mount *mp, const char *oldpath, const char *newpath);
XFS_API int xfs_renameat(struct xfs_file *olddir, const char *oldpath, struct xfs_file *newdir,
			 const char *newpath, unsigned int flags /* RENAME_NOREPLACE */);
/* Bytes in the target, not terminated; copies at most @size. */
XFS_API ssize_t xfs_readlink(struct xfs_mount *mp, const char *path, char *buf, size_t size);
XFS_API ssize_t xfs_freadlink(struct xfs_file *file, char *buf, size_t size);

#ifndef XFSWRITE_NO_HOST_STAT
/* xfs_getattr() tells the same in a fixed layout. */
XFS_API int xfs_stat(struct xfs_mount *mp, const char *path, struct stat *st);
XFS_API int xfs_lstat(struct xfs_mount *mp, const char *path, struct stat *st);
#endif
XFS_API int xfs_getattr(struct xfs_mount *mp, const char *path, bool follow, struct xfs_stat *st);
XFS_API int xfs_setattr(struct xfs_mount *mp, const char *path, bool follow,
			const struct xfs_iattr *iattr);
XFS_API int xfs_chmod(struct xfs_mount *mp, const char *path, uint32_t mode);
/*
 * As chown(2): (uint32_t)-1 leaves one as it is; set-id bits of files, and their
 * security.capability, go.  (xfs_setattr() keeps them, unless the mount is @unprivileged.)
 */
XFS_API int xfs_chown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid);
XFS_API int xfs_lchown(struct xfs_mount *mp, const char *path, uint32_t uid, uint32_t gid);
#ifndef XFSWRITE_NO_HOST_STAT
/*
 * times[0] atime, times[1] mtime; tv_nsec UTIME_NOW and UTIME_OMIT work; NULL: both now.
 * Follows links if @follow.  xfs_setattr() takes times in a fixed layout.
 */
XFS_API int xfs_utimens(struct xfs_mount *mp, const char *path, bool follow,
			const struct timespec times[2]);
#endif

/* ---- directories --------------------------------------------------------------------- */

struct xfs_dirent {
	uint32_t size;			/* in: sizeof(struct xfs_dirent); at least up to @name, whole */
	uint8_t type;			/* DT_* of <dirent.h>, DT_UNKNOWN when the disk does not tell */
	uint8_t name_len;
	uint8_t reserved[2];
	uint64_t ino;
	uint64_t cookie;		/* position after this entry, for xfs_seekdir */
	char name[256];			/* terminated; may hold any byte but '/' and 0 */
};
#define XFS_DIRENT_INIT	XFS_SIZED_INIT(struct xfs_dirent)

XFS_API int xfs_opendir(struct xfs_mount *mp, const char *path, struct xfs_dir **dirp);
/* @file must be a directory; stays the caller's. */
XFS_API int xfs_fdopendir(struct xfs_file *file, struct xfs_dir **dirp);
/*
 * 1 and the next entry ("." and ".." included), 0 at the end.  One thread per xfs_dir.  -EUCLEAN:
 * the directory is damaged here, or the next name is none that may be handed out ('/' or NUL in
 * it, "." or ".." out of place); reading goes no further, other names can still be looked up.
 */
XFS_API int xfs_readdir(struct xfs_dir *dir, struct xfs_dirent *entry);
XFS_API void xfs_seekdir(struct xfs_dir *dir, uint64_t cookie);	/* 0 = start */
XFS_API void xfs_closedir(struct xfs_dir *dir);

/* ---- extended attributes ---------------------------------------------------------------- */

/*
 * Names carry their prefix: user. trusted. security. and
 * system.posix_acl_access / _default (value in the VFS form; kept in step with the mode), which
 * are listed, and can be read and set, as trusted.SGI_ACL_FILE / _DEFAULT too: as they stand on disk.
 * @flags: XATTR_CREATE, XATTR_REPLACE of <sys/xattr.h>.  -ENODATA, -EEXIST, -ERANGE (no name, or
 * one over 255 bytes; reading finds those that are so long without prefix),
 * -E2BIG (value over 64 KiB), -ENOTSUP (unknown prefix).  @size 0: the needed size.
 */
XFS_API int xfs_fsetxattr(struct xfs_file *file, const char *name, const void *value, size_t size,
			  int flags);
XFS_API ssize_t xfs_fgetxattr(struct xfs_file *file, const char *name, void *value, size_t size);
/* Names, each terminated by a zero byte.  -EUCLEAN: one of them has a zero byte inside. */
XFS_API ssize_t xfs_flistxattr(struct xfs_file *file, char *list, size_t size);
XFS_API int xfs_fremovexattr(struct xfs_file *file, const char *name);
XFS_API int xfs_setxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
			 const void *value, size_t size, int flags);
XFS_API ssize_t xfs_getxattr(struct xfs_mount *mp, const char *path, bool follow, const char *name,
			     void *value, size_t size);
XFS_API ssize_t xfs_listxattr(struct xfs_mount *mp, const char *path, bool follow, char *list,
			      size_t size);
XFS_API int xfs_removexattr(struct xfs_mount *mp, const char *path, bool follow, const char *name);

#ifdef __cplusplus
}
#endif
#endif
