/* SPDX-License-Identifier: MIT */
/*
 * Getting space back: what was reserved or allocated too much, and what belongs to files
 * without a name.  No lock and no transaction held, unless said otherwise.
 */
#ifndef RECLAIM_RECLAIM_H
#define RECLAIM_RECLAIM_H

#include "core/cancel.h"
#include "inode/inode.h"

/* ---- retry.c: the policy ---------------------------------------------------------- */

/*
 * A call on @ip ended with @error and has changed nothing.  True: space, quota or memory was
 * reclaimed for it, and it may be tried once more.  *@tried is false before the first try:
 *
 *	do {
 *		error = work(ip);
 *	} while (xfs_reclaim_and_retry(ip, error, &tried));
 */
bool xfs_reclaim_and_retry(struct xfs_inode *ip, int error, bool *tried) XFS_MUST_CHECK;
/* The same for a buffered write, which waits for files of its owners, and makes all give back for a project. */
bool xfs_reclaim_and_retry_write(struct xfs_inode *ip, int error, bool *tried) XFS_MUST_CHECK;
/* Whether that may be asked at all: cheap, no locks. */
bool xfs_may_reclaim(int error, bool tried) XFS_MUST_CHECK;
/* The same, where @owners - user, group, project - are to be charged, not those of @ip. */
bool xfs_reclaim_and_retry_for(struct xfs_inode *ip, const uint32_t owners[3], int error,
			       bool *tried) XFS_MUST_CHECK;

/* ---- flush.c ------------------------------------------------------------------------ */

/*
 * Write all dirty data of the file system and wait: delayed allocations become blocks, and what was
 * reserved for the worst case of their trees comes back.  @call: as xfs_writeback_all() takes it.
 */
int xfs_flush_inodes(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/*
 * Before metadata is written for the last time: data, then everything reserved too
 * much.  Afterwards nothing is reserved.  @call is asked on the way, or NULL.
 */
int xfs_reclaim_for_unmount(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/* ---- relieve.c ---------------------------------------------------------------------- */

/*
 * m_upcalls->shrink_caches: what is clean and in nobody's hands goes back to the host, @all of it
 * or half.  Any locks but those of class LEAF may be held.
 */
void xfs_shrink_all_caches(struct xfs_mount *mp, bool all);
/*
 * m_upcalls->relieve_memory: dirty data and metadata are written first.  IOLOCKs may be held.  An
 * error says that this was not possible for all; what could be had was given back all the same.
 */
int xfs_relieve_memory(struct xfs_mount *mp);

/* ---- blockgc.c ------------------------------------------------------------------------ */

/* In trace events and in @owners, with the values of the kernel's. */
#define XFS_BLOCKGC_SYNC	(1u << 0)
#define XFS_BLOCKGC_UID		(1u << 1)
#define XFS_BLOCKGC_GID		(1u << 2)
#define XFS_BLOCKGC_PROJID	(1u << 3)

/* Which files are to give back what they have past their ends, and CoW reservations without data. */
struct xfs_blockgc_scan {
	bool sync;			/* wait for their IOLOCKs, take from dirty ones too */
	uint32_t owners;		/* XFS_BLOCKGC_*ID: those of any of these; 0: all */
	uint32_t uid, gid, projid;
	const int64_t *tagged_by;	/* given ahead at that moment of the clock, or before; NULL: ever */
};

/*
 * Without @scan->sync files that are locked or dirty are passed over.
 * @call is asked before each file; or NULL.
 */
int xfs_blockgc_scan(struct xfs_mount *mp, const struct xfs_blockgc_scan *scan,
		     struct xfs_long_call *call) XFS_MUST_CHECK;

/*
 * Trim what is past the end of all files in memory, drop unused CoW reservations, free unlinked
 * ones.  @call is asked before each file that has such; or NULL.
 */
int xfs_blockgc_free_space(struct xfs_mount *mp, struct xfs_long_call *call) XFS_MUST_CHECK;

/*
 * Whether the file has anything behind its end that may go.  IOLOCK held.
 */
bool xfs_can_free_eofblocks(struct xfs_inode *ip);
/*
 * Free it: delayed blocks always, blocks unless the file is preallocated or append-only.  IOLOCK
 * held exclusively.
 */
int xfs_free_eofblocks(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- tick.c ------------------------------------------------------------------------------ */

/*
 * What age asks for, by the mount's clock: preallocation that is old, data and a checkpoint that have
 * waited long.
 */
int xfs_reclaim_by_age(struct xfs_mount *mp) XFS_MUST_CHECK;

/* Give back what the CoW fork holds, unless the file has dirty data.  IOLOCK held exclusively. */
int xfs_free_cowblocks(struct xfs_inode *ip) XFS_MUST_CHECK;

/* ---- itruncate.c ----------------------------------------------------------------------- */

/* What goes into the first transaction of a truncation. */
struct xfs_itruncate {
	bool set_size;			/* i_disk_size becomes @size_bytes */
	bool set_times;			/* mtime and ctime become now */
	uint64_t size_bytes;
};

/*
 * Remove all extents of the data fork behind @what->size_bytes, in steps that each leave the file
 * system consistent, last extent first; delayed blocks of the CoW fork too.  The
 * file's memory there was dropped before.  IOLOCK held exclusively, or nobody else knows the inode.
 */
int xfs_itruncate_extents(struct xfs_inode *ip, const struct xfs_itruncate *what) XFS_MUST_CHECK;

/* ---- inodegc.c ---------------------------------------------------------------------------- */

/*
 * m_upcalls->inactivate: free the space of an unlinked inode and the inode.  When that fails it
 * stays on the unlinked list, and it may be tried again.
 */
int xfs_inactive(struct xfs_inode *ip) XFS_MUST_CHECK;

#endif
