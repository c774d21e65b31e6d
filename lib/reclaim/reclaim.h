/* SPDX-License-Identifier: MIT */
/*
 * Getting space back: excess reservations and allocations, and files without a name.  The caller
 * holds no lock and no transaction, unless noted.
 */
#ifndef RECLAIM_RECLAIM_H
#define RECLAIM_RECLAIM_H

#include "core/cancel.h"
#include "inode/inode.h"

/* ---- retry.c: the policy ---------------------------------------------------------- */

/*
 * Call when a call on @ip ended with @error without changing anything.  True: space, quota or
 * memory was reclaimed, and the call may be tried once more. *@tried is false before the first try:
 *
 *	do {
 *		error = work(ip);
 *	} while (xfs_reclaim_and_retry(ip, error, &tried));
 */
bool xfs_reclaim_and_retry(struct xfs_inode *ip, int error, bool *tried) XFS_MUST_CHECK;
/*
 * The same for a buffered write, which waits for the IOLOCKs of its owners' files and treats a full
 * project as a full disk.
 */
bool xfs_reclaim_and_retry_write(struct xfs_inode *ip, int error, bool *tried) XFS_MUST_CHECK;
/* Whether that call could return true; cheap, no locks. */
bool xfs_may_reclaim(int error, bool tried) XFS_MUST_CHECK;
/* The same if @owners (user, group, project) are charged instead of those of @ip. */
bool xfs_reclaim_and_retry_for(struct xfs_inode *ip, const uint32_t owners[3], int error,
			       bool *tried) XFS_MUST_CHECK;

/* ---- flush.c ------------------------------------------------------------------------ */

/*
 * Write all dirty data of the file system and wait.  Delayed allocations become blocks, and what
 * was reserved for the worst case of their trees is returned.  @call: see xfs_writeback_all().
 */
int xfs_flush_inodes(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/*
 * Write data and free all excess reservations, before metadata is written for the last time.
 * Afterwards nothing is reserved.  @call is asked on the way, or NULL.
 */
int xfs_reclaim_for_unmount(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/* ---- relieve.c ---------------------------------------------------------------------- */

/*
 * m_upcalls->shrink_caches: return clean, unused cache memory to the host, all of it (@all) or
 * half.  The caller may hold any locks but those of class LEAF.
 */
void xfs_shrink_all_caches(struct xfs_mount *mp, bool all);
/*
 * m_upcalls->relieve_memory: write dirty data and metadata, then shrink the caches.  The caller may
 * hold IOLOCKs.  An error means that not all could be written; the caches are shrunk all the same.
 */
int xfs_relieve_memory(struct xfs_mount *mp);

/* ---- blockgc.c ------------------------------------------------------------------------ */

/* For trace events and @owners, with the kernel's values. */
#define XFS_BLOCKGC_SYNC	(1u << 0)
#define XFS_BLOCKGC_UID		(1u << 1)
#define XFS_BLOCKGC_GID		(1u << 2)
#define XFS_BLOCKGC_PROJID	(1u << 3)

/* Which files to trim behind their ends and of CoW reservations without data. */
struct xfs_blockgc_scan {
	bool sync;			/* wait for IOLOCKs, and trim dirty files, too */
	uint32_t owners;		/* XFS_BLOCKGC_*ID: files of any of these owners; 0: all
					 * files */
	uint32_t uid, gid, projid;
	const int64_t *tagged_by;	/* only files tagged at or before this time; NULL: all */
};

/*
 * Without @scan->sync, locked or dirty files are skipped.  @call is asked before each file; or
 * NULL.
 */
int xfs_blockgc_scan(struct xfs_mount *mp, const struct xfs_blockgc_scan *scan,
		     struct xfs_long_call *call) XFS_MUST_CHECK;

/*
 * Trim all files in memory behind their ends, drop unused CoW reservations, and free unlinked
 * inodes.  @call is asked before each file that has any of these; or NULL.
 */
int xfs_blockgc_free_space(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/* True if the file has anything behind its end that may be freed.  IOLOCK held. */
bool xfs_can_free_eofblocks(struct xfs_inode *ip);
/*
 * Free it: delayed blocks always, real blocks unless the file is preallocated or append-only.
 * IOLOCK held exclusively.
 */
int xfs_free_eofblocks(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- tick.c ------------------------------------------------------------------------------ */

/* Work that is due by the mount's clock: old preallocation, old dirty data, an old checkpoint. */
int xfs_reclaim_by_age(struct xfs_mount *mp) XFS_MUST_CHECK;

/* Free what the CoW fork has, unless the file has dirty data.  IOLOCK held exclusively. */
int xfs_free_cowblocks(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- itruncate.c ----------------------------------------------------------------------- */

/* Changes for the first transaction of a truncation. */
struct xfs_itruncate {
	bool set_size;			/* set i_disk_size to @size_bytes */
	bool set_times;			/* set mtime and ctime to now */
	uint64_t size_bytes;
};

/*
 * Remove all extents of the data fork behind @what->size_bytes, last extent first, in steps that
 * each leave the file system consistent; also delayed blocks of the CoW fork.  The caller has
 * dropped the file's memory there.  The IOLOCK is held exclusively, or nobody else has the inode.
 */
int xfs_itruncate_extents(struct xfs_inode *ip, const struct xfs_itruncate *what) XFS_MUST_CHECK;

/* ---- inodegc.c ---------------------------------------------------------------------------- */

/*
 * m_upcalls->inactivate: free the space of an unlinked inode, and the inode.  After an error it
 * stays on the unlinked list, and the call may be repeated.
 */
int xfs_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
