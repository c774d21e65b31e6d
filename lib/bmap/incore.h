/* SPDX-License-Identifier: MIT */
/*
 * struct xfs_inode, as all folders from the forks upwards see it.  It is here and not in inode/
 * because the fork code is the lowest that needs it; operations on whole inodes are in
 * inode/inode.h.
 *
 * Members: (c) constant while referenced, (i) i_lock, (o) i_iolock, (h) the inode cache's lock, (a)
 * atomic; (ia) changed under i_lock, read without it by xfs_inode_mode() and the like.
 */
#ifndef BMAP_INCORE_H
#define BMAP_INCORE_H

#include <time.h>
#include "core/log_item.h"
#include "core/mount.h"
#include "disk/inode.h"
#include "disk/log_item.h"
#include "trans/trans.h"

struct xfs_mapping;		/* pagecache/ */

/* An extent in memory, packed; only bmap/iext.c knows the format. */
struct xfs_iext_rec {
	uint64_t hi, lo;
};

/* The part of a map that is in memory (BMAP-4): of a BTREE fork, real extents only. */
struct xfs_iext_window {
	xfs_fileoff_t lo, hi;		/* only extents with a block in [lo, hi) are in memory */
	xfs_extnum_t outside;		/* extents of the fork outside the window */
};

/* One fork in memory. */
struct xfs_ifork {
	uint8_t if_format;		/* XFS_DINODE_FMT_* */
	bool if_needextents;		/* BTREE format, not all records are in memory */
	uint16_t if_height;		/* of the in-core extent tree, 0 = if_rec */
	uint32_t if_seq;		/* (a) changes with every change of the map */
	xfs_extnum_t if_nextents;	/* real extents, without delalloc ones */
	union {				/* in-core extents, bmap/iext.h */
		struct xfs_iext_rec if_rec; /* the only one, or none */
		void *if_root;
	};
	uint32_t if_broot_bytes;	/* BTREE: size of if_broot */
	uint32_t if_bytes;		/* LOCAL: size of if_data */
	void *if_broot;			/* BTREE: root, in-core form (bmap/btree.c) */
	void *if_data;			/* LOCAL: contents */
	struct xfs_iext_window *if_window; /* with if_needextents; NULL: no record is in memory */
};

/* What an inode counts in its owners' quota, as of the last transaction that changed it. */
struct xfs_charged {
	uint32_t ids[3];		/* user, group, project */
	bool exists;
	uint64_t blocks;
	uint64_t held;			/* reserved: delalloc blocks, blocks of the CoW fork */
};

/* Bits of i_flags. */
#define XFS_IF_NEW		(1u << 0)	/* being made; other threads do not see it */
#define XFS_IF_EOFBLOCKS	(1u << 1)	/* has preallocation past EOF to trim */
#define XFS_IF_TRUNCATED	(1u << 3)
#define XFS_IF_INACTIVE		(1u << 4)	/* unlinked and being freed */
#define XFS_IF_STALE		(1u << 5)	/* freed: forget at the last put */
#define XFS_IF_DIRTY_TIMES	(1u << 7)	/* a write set the times; write-back or fsync logs them */
#define XFS_IF_READING		(1u << 8)	/* in the cache but not read yet: wait */
#define XFS_IF_UNREAD		(1u << 9)	/* could not be read; no longer in the cache */
#define XFS_IF_UNNAMED		(1u << 10)	/* made without a name, may still get one */
#define XFS_IF_NO_CAPABILITY	(1u << 12)	/* a search found no capability attribute */
#define XFS_IF_SIDE_BY_SIDE	(1u << 13)	/* grows at the same time as other files */
#define XFS_IF_EOF_RELEASED	(1u << 11)	/* a close trimmed it since read or truncation */

/*
 * Where a directory had room last, so that adding a name need not search.  These are hints, so any
 * values are valid; zero means unknown.
 */
struct xfs_dir_hints {
	uint32_t dh_data_db;		/* data block that took the last name */
	uint32_t dh_scan_db;		/* where the last search for room ended */
	uint32_t dh_data_low;		/* no hole of the data space below this dablk */
	uint32_t dh_leaf_low;		/* the same for the leaf space */
	uint16_t dh_max_best;		/* most room in a block but dh_data_db; 0: unknown */
};

struct xfs_inode {
	struct xfs_mount *i_mount;	/* (c) */
	xfs_ino_t i_ino;		/* (c) */
	xfs_daddr_t i_cluster_daddr;	/* (c) its cluster buffer */
	uint32_t i_cluster_len;		/* (c) bytes */
	uint32_t i_cluster_off;		/* (c) of this inode in the cluster, bytes */

	struct xfs_rwlock i_iolock;	/* classes IOLOCK, ILOCK; key i_ino */
	struct xfs_rwlock i_lock;

	struct xfs_log_item i_item;	/* li_fields: XFS_ILOG_* below */
	uint64_t i_datasync_seq;	/* (a) newest checkpoint with a change other than times */
	/*
	 * As the place on disk has them, 0 for a free inode: a log record must contain a fork whose
	 * format or forkoff differs from these.  (i), and while no transaction is open.
	 */
	uint8_t i_place_format, i_place_aformat, i_place_forkoff;

	struct xfs_inode *i_hash_next;	/* (h) */
	struct xfs_list i_lru;		/* (h) unreferenced, or waiting to be freed */
	uint64_t i_lru_bytes;		/* (h) memory it uses while unreferenced */
	uint64_t i_refs;		/* (a) of users and the log item; inode/inode_priv.h */
	bool i_once;			/* (h) made, and not looked up by number since */
	uint32_t i_opens;		/* (a) handles, O_PATH included */
	uint32_t i_opens_write;		/* (a) handles open for writing */
	uint32_t i_flags;		/* (a) XFS_IF_* */

	/* The inode core in host form. */
	uint16_t i_mode;		/* (ia) the type is constant; 0: free */
	uint16_t i_metatype;
	uint8_t i_forkoff;		/* (ia) units of 8 bytes; 0 = no attribute fork */
	uint16_t i_diflags;		/* (ia) XFS_DIFLAG_* */
	uint64_t i_diflags2;		/* (ia) XFS_DIFLAG2_* */
	uint32_t i_uid, i_gid, i_projid; /* (i) */
	uint32_t i_nlink;		/* (ia) */
	uint32_t i_gen;			/* (i) */
	uint32_t i_rdev;		/* (c) on-disk form */
	uint32_t i_extsize, i_cowextsize; /* (ia) blocks */
	/* Both: pag_lock of its AG. */
	xfs_agino_t i_next_unlinked;	/* NULLAGINO: end of list or not on one */
	xfs_agino_t i_prev_unlinked;	/* memory only: 0 = unknown, NULLAGINO = head or none */
	uint64_t i_changecount;		/* (i) */
	uint64_t i_names_changed;	/* (i) directories: changes of names */
	uint64_t i_changed_by;		/* (i) transaction of the last i_changecount change */
	xfs_fsize_t i_disk_size;	/* (i) the size on disk, which recovery sees */
	xfs_fsize_t i_size;		/* (o) the size that readers see; regular files */
	uint64_t i_nblocks;		/* (i) real blocks of all forks */
	uint64_t i_delayed_blks;	/* (i) delayed blocks */
	uint64_t i_cow_blocks;		/* (i) real blocks of the CoW fork */
	struct xfs_charged i_charged;	/* (i) quota/'s */
	int64_t i_eof_tagged;		/* (a) time of the last preallocation past EOF, seconds */
	xfs_lsn_t i_lsn;		/* (i) di_lsn as it was read */
	struct timespec i_atime, i_mtime, i_ctime, i_crtime;	/* (i) */

	struct xfs_ifork i_df;		/* (i) data */
	struct xfs_ifork i_af;		/* (i) attributes; meaningful when i_forkoff != 0 */
	struct xfs_ifork *i_cowfp;	/* (i) NULL until first needed */

	struct xfs_dir_hints i_dir;	/* (i) dir/'s; zeroed with the inode */

	struct xfs_mapping *i_mapping;	/* (o) pages of a regular file; NULL until used */
	uint64_t i_data_error;		/* (a) failed write-backs; write/ioend.c */
	uint32_t i_data_error_syncs;	/* (a) m_told_syncs at that time */
	uint64_t i_data_error_bytes;	/* (a) bytes written since then */
};

/*
 * Write-back failures of an inode: the count when a handle was opened, and the last count that was
 * reported to it.
 */
struct xfs_data_errors_seen {
	uint32_t at_open;		/* (c) */
	uint32_t told;			/* (a) */
};

/*
 * Arguments of xfs_trans_log_inode(), and fields of the inode's log item: XFS_ILOG_* of
 * disk/log_item.h, and these, which are never in a log.
 */
#define XFS_ILOG_TIMES	(1u << 14)	/* only with CORE: only times changed */
#define XFS_ILOG_UNLINKED (1u << 15)	/* di_next_unlinked, which is logged in the cluster
					 * buffer */

/*
 * ILOCK held exclusively, inside a transaction: the inode was changed.  Increments the change
 * counter once in each transaction, converts old timestamps, and keeps a reference until the inode
 * is written.
 */
void xfs_trans_log_inode(struct xfs_trans *tp, struct xfs_inode *ip, uint32_t fields);

static inline uint16_t xfs_inode_mode(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_mode, __ATOMIC_RELAXED);
}

static inline void xfs_inode_set_mode(struct xfs_inode *ip, uint16_t mode)
{
	__atomic_store_n(&ip->i_mode, mode, __ATOMIC_RELAXED);
}

static inline uint32_t xfs_inode_nlink(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_nlink, __ATOMIC_RELAXED);
}

static inline void xfs_inode_set_nlink(struct xfs_inode *ip, uint32_t nlink)
{
	__atomic_store_n(&ip->i_nlink, nlink, __ATOMIC_RELAXED);
}

static inline uint16_t xfs_inode_diflags(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_diflags, __ATOMIC_RELAXED);
}

static inline void xfs_inode_set_diflags(struct xfs_inode *ip, uint16_t diflags)
{
	__atomic_store_n(&ip->i_diflags, diflags, __ATOMIC_RELAXED);
}

static inline uint64_t xfs_inode_diflags2(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_diflags2, __ATOMIC_RELAXED);
}

static inline void xfs_inode_set_diflags2(struct xfs_inode *ip, uint64_t diflags2)
{
	__atomic_store_n(&ip->i_diflags2, diflags2, __ATOMIC_RELAXED);
}

static inline uint32_t xfs_inode_extsize(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_extsize, __ATOMIC_RELAXED);
}

static inline uint32_t xfs_inode_cowextsize(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_cowextsize, __ATOMIC_RELAXED);
}

static inline void xfs_inode_set_extsizes(struct xfs_inode *ip, uint32_t extsize,
					  uint32_t cowextsize)
{
	__atomic_store_n(&ip->i_extsize, extsize, __ATOMIC_RELAXED);
	__atomic_store_n(&ip->i_cowextsize, cowextsize, __ATOMIC_RELAXED);
}

/* ILOCK held: user, group, project. */
static inline void xfs_inode_owners(const struct xfs_inode *ip, uint32_t ids[3])
{
	ids[0] = ip->i_uid;
	ids[1] = ip->i_gid;
	ids[2] = ip->i_projid;
}

/* What the inode counts in its owners' quota now; nothing if it is free. */
static inline struct xfs_charged xfs_inode_charge(const struct xfs_inode *ip)
{
	if (!ip->i_mode)
		return (struct xfs_charged){ .exists = false };
	return (struct xfs_charged){
		{ ip->i_uid, ip->i_gid, ip->i_projid }, true,
		ip->i_nblocks,
		ip->i_delayed_blks + ip->i_cow_blocks };
}

/*
 * ILOCK held exclusively: hold @blocks more for @ip, until the next xfs_inode_held(), if the limits
 * allow it.
 */
static inline int XFS_MUST_CHECK xfs_inode_hold(struct xfs_inode *ip, uint64_t blocks)
{
	return likely(!ip->i_mount->m_quota) ? 0 : ip->i_mount->m_upcalls->hold(ip, blocks);
}

/* ILOCK held exclusively: held blocks have changed outside of a transaction that logs @ip. */
static inline void xfs_inode_held(struct xfs_inode *ip)
{
	if (unlikely(ip->i_mount->m_quota))
		ip->i_mount->m_upcalls->held(ip);
}

static inline struct xfs_ifork *xfs_ifork_ptr(struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	if (whichfork == XFS_DATA_FORK)
		return &ip->i_df;
	return whichfork == XFS_ATTR_FORK ? &ip->i_af : ip->i_cowfp;
}

static inline bool xfs_inode_has_attr_fork(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_forkoff, __ATOMIC_RELAXED) != 0;
}

static inline void xfs_inode_set_forkoff(struct xfs_inode *ip, uint8_t forkoff)
{
	__atomic_store_n(&ip->i_forkoff, forkoff, __ATOMIC_RELAXED);
}

/* Bytes of the literal area, and of each fork with the present forkoff. */
static inline uint32_t xfs_inode_litino(const struct xfs_inode *ip)
{
	return ip->i_mount->m_geo.inodesize - 176u;
}

static inline uint32_t xfs_inode_data_fork_size(const struct xfs_inode *ip)
{
	return ip->i_forkoff ? (uint32_t)ip->i_forkoff * 8 : xfs_inode_litino(ip);
}

static inline uint32_t xfs_inode_attr_fork_size(const struct xfs_inode *ip)
{
	return ip->i_forkoff ? xfs_inode_litino(ip) - (uint32_t)ip->i_forkoff * 8 : 0;
}

static inline uint32_t xfs_inode_fork_size(const struct xfs_inode *ip, enum xfs_fork_id whichfork)
{
	return whichfork == XFS_ATTR_FORK ? xfs_inode_attr_fork_size(ip)
					  : xfs_inode_data_fork_size(ip);
}

static inline void xfs_ilock_excl(struct xfs_inode *ip) XFS_ACQUIRES(ip->i_lock)
{
	xfs_rwlock_excl(&ip->i_lock);
}

static inline void xfs_iunlock_excl(struct xfs_inode *ip) XFS_RELEASES(ip->i_lock)
{
	xfs_rwlock_unlock_excl(&ip->i_lock);
}

static inline void xfs_ilock_shared(struct xfs_inode *ip) XFS_ACQUIRES_SHARED(ip->i_lock)
{
	xfs_rwlock_shared(&ip->i_lock);
}

static inline void xfs_iunlock_shared(struct xfs_inode *ip) XFS_RELEASES_SHARED(ip->i_lock)
{
	xfs_rwlock_unlock_shared(&ip->i_lock);
}

/*
 * Take the lock before the first change of a call.  XFS_WOULD_WAIT: this is a NOWAIT call and
 * another thread has the lock.
 */
static inline int XFS_MUST_CHECK xfs_ilock_want_excl(struct xfs_inode *ip) XFS_TRIES(false, ip->i_lock);
static inline int XFS_MUST_CHECK xfs_ilock_want_shared(struct xfs_inode *ip)
	XFS_TRIES_SHARED(false, ip->i_lock);
static inline int XFS_MUST_CHECK xfs_iolock_want_excl(struct xfs_inode *ip)
	XFS_TRIES(false, ip->i_iolock);
static inline int XFS_MUST_CHECK xfs_iolock_want_shared(struct xfs_inode *ip)
	XFS_TRIES_SHARED(false, ip->i_iolock);

static inline int xfs_ilock_want_excl(struct xfs_inode *ip)
{
	return xfs_rwlock_want_excl(&ip->i_lock);
}

static inline int xfs_ilock_want_shared(struct xfs_inode *ip)
{
	return xfs_rwlock_want_shared(&ip->i_lock);
}

static inline int xfs_iolock_want_excl(struct xfs_inode *ip)
{
	return xfs_rwlock_want_excl(&ip->i_iolock);
}

static inline int xfs_iolock_want_shared(struct xfs_inode *ip)
{
	return xfs_rwlock_want_shared(&ip->i_iolock);
}

static inline void xfs_iflags_set(struct xfs_inode *ip, uint32_t flags)
{
	__atomic_fetch_or(&ip->i_flags, flags, __ATOMIC_RELAXED);
}

static inline void xfs_iflags_clear(struct xfs_inode *ip, uint32_t flags)
{
	__atomic_fetch_and(&ip->i_flags, ~flags, __ATOMIC_RELAXED);
}

static inline bool xfs_iflags_test(const struct xfs_inode *ip, uint32_t flags)
{
	return (__atomic_load_n(&ip->i_flags, __ATOMIC_RELAXED) & flags) != 0;
}

/* The inode has blocks past EOF, reserved or real. */
static inline void xfs_inode_set_eofblocks_tag(struct xfs_inode *ip)
{
	struct xfs_mount *mp = ip->i_mount;

	__atomic_store_n(&ip->i_eof_tagged, __atomic_load_n(&mp->m_clock_seconds, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	xfs_iflags_set(ip, XFS_IF_EOFBLOCKS);
	XFS_TRACE(mp, xfs_inode_set_eofblocks_tag, ip->i_ino);
}

#endif
