/* SPDX-License-Identifier: MIT */
/*
 * struct xfs_mount: an open file system, as every layer above disk/ sees it.  Members say who may
 * touch them: (c) constant between open and close, (a) atomic, (m) under m_lock; the others belong
 * to the folder that is named.
 */
#ifndef CORE_MOUNT_H
#define CORE_MOUNT_H

#include <xfswrite/device.h>
#include <xfswrite/env.h>
#include <xfswrite/error.h>
#include "base/list.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/slot.h"
#include "base/trace.h"
#include "base/types.h"
#include "disk/geometry.h"
#include "lock/lock.h"

struct xfs_perag_table;
struct xfs_busy_list;
struct xfs_claim;
struct xfs_hold;
struct xfs_buf_cache;
struct xfs_inode_cache;
struct xfs_quota;
struct xfs_pagecache;
struct xfs_checkpoint;
struct xlog;
struct xfs_resv;
struct xfs_queue;
struct xfs_inode;
struct xfs_mount;
struct xfs_trans;
struct xlog_recovery;
struct xlog_intent;

/*
 * Calls from low layers into higher ones go only through this table, which mount/ops.c fills.  A
 * unit test may leave a member NULL if it does not need it.
 */
struct xfs_upcalls {
	/* File data is over its memory limit: write back the oldest dirty files. */
	int (*writeback_some)(struct xfs_mount *mp);
	/* Called before the first change on disk of an unjournalled mount. */
	int (*mark_in_progress)(struct xfs_mount *mp);
	/* For a NOWAIT call: 0 if no AG is locked, else XFS_WOULD_WAIT. */
	int (*want_ags)(struct xfs_mount *mp);
	/*
	 * The last reference of an inode without names is gone: free its space and the inode.  May
	 * be called again after a failure.
	 */
	int (*inactivate)(struct xfs_inode *ip);
	/*
	 * The journal closed a checkpoint, no transaction being open; checkpoint @seq and all
	 * before it are durable.  For state above trans/ that follows checkpoints: busy extents.
	 */
	void (*checkpoint_cut)(struct xfs_mount *mp);
	void (*checkpoint_durable)(struct xfs_mount *mp, uint64_t seq);
	/* True if some free space is busy until a checkpoint is durable. */
	bool (*freed_space_is_busy)(struct xfs_mount *mp);
	/*
	 * Convert new blocks whose data could not be written to unwritten.  No lock held, no
	 * transaction open.
	 */
	void (*end_failed_io)(struct xfs_mount *mp);
	/*
	 * Check whether an intent from the log can be carried out, as far as its own contents tell.
	 * m_geo is set.
	 */
	int (*check_intent)(struct xfs_mount *mp, const struct xlog_intent *intent);
	/* The attribute fork of an inode with LOCAL data needs room: move the data out. */
	int (*local_data_out)(struct xfs_trans *tp, struct xfs_inode *ip);
	/*
	 * Count the change of owner, blocks or existence of @ip for its owners in @tp.  m_quota is
	 * set; ILOCK held exclusively.
	 */
	void (*charge)(struct xfs_trans *tp, struct xfs_inode *ip);
	/* xfs_inode_hold() and xfs_inode_held() of bmap/incore.h, under the same conditions. */
	int (*hold)(struct xfs_inode *ip, uint64_t blocks);
	void (*held)(struct xfs_inode *ip);
	/* @tp ends: give back the quota that it reserved and did not use. */
	void (*unreserve_quota)(struct xfs_trans *tp);
	/* METADIR volumes: xfs_metadir_open(). */
	int (*open_metafile)(struct xfs_mount *mp, const char *dir, const char *name,
			     uint16_t metatype, bool may_make, struct xfs_inode **ipp);
	/*
	 * The last resort when neither that nor shrinking caches helped: write back dirty data and
	 * metadata, then drop everything clean.  IOLOCKs may be held, no other lock, no
	 * transaction.
	 */
	int (*relieve_memory)(struct xfs_mount *mp);
	/*
	 * The host is out of memory: free clean, unreferenced objects of the caches, @all of them
	 * or half.  No lock of class LEAF held.
	 */
	void (*shrink_caches)(struct xfs_mount *mp, bool all);
};

/* One slot's part of the counters (core/counter.c).  All (a). */
struct xfs_counter_slot {
	int64_t cs_free;		/* taken from m_fdblocks and not yet used; never negative */
	int64_t cs_delalloc, cs_icount, cs_ifree; /* to be added to those of the mount */
	char apart[XFS_SLOT_ALIGN - 4 * sizeof(int64_t)];
};

/* Statistics (core/stats.h): members of struct xfs_stats, which <xfswrite/stats.h> explains. */
#define XFS_EACH_STAT(X)							\
	X(xs_allocx) X(xs_allocb) X(xs_freex) X(xs_freeb)			\
	X(xs_blk_mapr) X(xs_blk_mapw) X(xs_blk_unmap) X(xs_add_exlist) X(xs_del_exlist)	\
	X(xs_dir_lookup) X(xs_dir_create) X(xs_dir_remove) X(xs_dir_getdents)	\
	X(xs_trans_sync) X(xs_trans_async) X(xs_trans_empty)			\
	X(xs_ig_attempts) X(xs_ig_found) X(xs_ig_missed) X(xs_ig_attrchg)	\
	X(xs_log_writes) X(xs_log_blocks) X(xs_log_force) X(xs_log_force_sleep)	\
	X(xs_xstrat_quick) X(xs_xstrat_split) X(xs_write_calls) X(xs_read_calls)	\
	X(xs_attr_get) X(xs_attr_set) X(xs_attr_remove) X(xs_attr_list)		\
	X(xs_xstrat_bytes) X(xs_write_bytes) X(xs_read_bytes)			\
	X(prealloc_blocks) X(cow_blocks) X(blockgc_scans) X(retries)

enum xfs_counter {
#define XFS_COUNTER(member)	XFS_COUNT_##member,
	XFS_EACH_STAT(XFS_COUNTER)
#undef XFS_COUNTER
	XFS_NR_COUNTERS
};

struct xfs_stats_slot {
	uint64_t count[XFS_NR_COUNTERS];	/* (a) */
	char apart[XFS_SLOT_ALIGN];
};

/* Bits of m_state. */
#define XFS_STATE_SHUTDOWN	(1u << 0)
#define XFS_STATE_MARKED	(1u << 1)	/* sb_inprogress is on disk */
#define XFS_STATE_LOG_DIRTY	(1u << 2)	/* opened read-only over a dirty log */
#define XFS_STATE_DYING		(1u << 3)	/* unmount or abandon has begun */
#define XFS_STATE_LSN_TOLD	(1u << 4)	/* a read-only mount has warned of an LSN ahead
						 * of the log */

/* Pins the tail of the log at th_lsn; see trans/note.h. */
struct xfs_tail_hold {
	struct xfs_list th_list;	/* on the checkpoint's list, under its lock, while th_lsn
					 * is not 0 */
	xfs_lsn_t th_lsn;
};

struct xfs_mount {
	struct xfs_geometry m_geo;		/* (c) */
	struct xfs_sb m_sb;			/* (m) the superblock; counters: see
						 * core/counter.h */
	struct xfs_mem m_mem;			/* (c) */
	struct xfs_env m_env;			/* (c) */
	struct xfs_rand m_rand;			/* (m) */
	struct xfs_device *m_dev;		/* (c) */
	struct xfs_device *m_logdev;		/* (c) NULL: internal log */
	struct xfs_claim *m_claims;		/* (c) mount/: on both devices, for writing;
						 * NULL: read-only, or recovery */
	struct xfs_queue *m_queue;		/* (c) all writes of data and metadata */
	bool m_rdonly;				/* (c) */
	bool m_unjournalled;			/* (c) */
	bool m_unprivileged;			/* (c) strip set-id bits on writes; quota limits
						 * cannot be bypassed */
	bool m_quota_account_only;		/* (c) quota is counted, limits are not enforced */
	bool m_quota_refused;			/* (c) no mount for writing if quota is on */
	uint32_t m_uid, m_gid;			/* (c) owner of new objects */
	bool m_swalloc;				/* (c) large files are aligned to the stripe
						 * width */
	uint32_t m_allocsize_log;		/* (c) log2 of speculative preallocation, 0 =
						 * dynamic */
	uint32_t m_prealloc_lifetime, m_dirty_expire; /* (c) seconds, for xfs_tick() */
	int64_t m_clock_seconds;		/* (a) the clock when it was last read */
	int64_t m_tick_forced;			/* (a) when a tick last forced the log */
	uint64_t m_memory_limit;		/* (c) 0: none */
	uint64_t m_map_extents;			/* (c) maps of more are read in parts, if that will do; 0: none */
	uint64_t m_data_cache_bytes;		/* (c) */
	uint64_t m_meta_cache_bytes;		/* (c) */
	uint64_t m_checkpoint_bytes;		/* (c) limit of a checkpoint; 0: as the log
						 * allows */
	uint64_t m_failures_seen;		/* (a) allocation failures of m_mem that the
						 * newest sync has seen */
	uint32_t m_exchange_bytes;		/* (c) of log; a step of a long exchange ends at
						 * half of them */
	uint64_t m_copy_in_bytes;		/* (c) pieces of a host file from this size on
						 * bypass the page cache; 0: none */
	uint32_t m_state;			/* (a) XFS_STATE_* */
	bool m_repairing;			/* (a) the blocks of failed data writes are being
						 * repaired */
	bool m_sb_changed;			/* (a) the journal must log the superblock */
	int m_data_error;			/* (a) first failed data write that no sync has
						 * reported yet */
	uint32_t m_told_syncs;			/* (a) syncs that reported one */
	uint32_t m_cancels;			/* (a) calls of xfs_cancel(), core/cancel.h */
	struct xfs_mutex m_lock;		/* LEAF class */
	const void *m_inside;			/* (a) without threads: the thread inside a
						 * public call */
	uint32_t m_inside_depth;		/* of calls by that thread */
	struct xfs_mutex m_error_lock;		/* LEAF class, last in the order */
	struct xfs_error_info m_error;		/* (m_error_lock) of the newest call that failed */
	char m_shutdown_reason[200];		/* (m_error_lock) "": not shut down, or abandoned */
	int m_shutdown_cause;			/* (m_error_lock) positive errno of the device,
						 * or 0 */
	struct xfs_mutex m_rename_lock;		/* before every IOLOCK: renames between
						 * directories */
	struct xfs_mutex m_failed_lock;		/* COMMIT class: repair after failed data writes */
	struct xfs_mutex m_mark_lock;		/* TRANS class: marking before the first change,
						 * mount/super.c */

	/* In-core counters, core/counter.h. */
	int64_t m_fdblocks;			/* (m) blocks that may still be reserved */
	int64_t m_busy_blocks;		/* (a) freed, not yet reusable */
	int64_t m_icount, m_ifree;		/* (m) */
	int64_t m_resblks_avail;		/* (m) reserve pool */
	int64_t m_set_aside;			/* (m) kept for the AGs' trees, never given to
						 * users */
	int64_t m_delalloc_blocks;		/* (m) reserved, not allocated; indirect blocks
						 * included */
	bool m_pool_full;			/* (a) the reserve pool needs no refill */
	struct xfs_counter_slot m_slots[XFS_SLOTS]; /* the rest of the counters above */
	bool m_space_counted;			/* (a) a read-only mount has counted free space
						 * from the AGs */
	uint32_t m_dir_rotor;			/* (a) AG of the next new directory */

	/* Owned by the folder of the type's name. */
	struct xfs_perag_table **m_perags;	/* ag/: tables of AGs, made when first needed */
	struct xfs_busy_list *m_busy;		/* ag/: NULL without a journal */
	struct xfs_buf_cache *m_bufs;		/* buf/ */
	struct xfs_inode_cache *m_inodes;	/* inode/ */
	struct xfs_pagecache *m_pagecache;	/* pagecache/ */
	struct xfs_quota *m_quota;		/* (c) quota/: NULL: no counts are kept */
	struct xfs_checkpoint *m_checkpoint;	/* trans/ */
	struct xfs_resv *m_resv;		/* (c) trans/: NULL when unjournalled or
						 * read-only */
	struct xlog *m_log;			/* log/: NULL when unjournalled or read-only */
	struct xfs_inode *m_rootip;		/* (c) mount/: referenced */
	struct xfs_hold *m_hold;		/* (c) mount/: holds writes back while it
						 * recovers; or NULL */
	struct xfs_hold *m_overlay;		/* (c) mount/: what a read-only mount recovered
						 * in memory; or NULL */
	struct xfs_mount *m_outer;		/* (c) mount/: the mount that this one recovers
						 * for; or NULL */
	struct xlog_recovery *m_recovery;	/* (c) mount/: result of recovering a dirty log;
						 * or NULL */
	uint64_t m_lsn_end;			/* (a) core/lsn.h: head of the log + 1; 0:
						 * unknown */
	bool m_proved;				/* (c) mount/: a trial recovery of the log
						 * succeeded */
	bool m_reclaimed;			/* mount/: unmounting; data is written and
						 * nothing is reserved any more */
	bool m_finishing;			/* mount/: finishing what recovery left (intents,
						 * unlinked inodes) */
	struct xfs_tail_hold m_recovery_hold;	/* mount/: while intents found by recovery are
						 * unfinished */
	void *m_root_file;			/* (c) api/ */
	const struct xfs_upcalls *m_upcalls;	/* (c) mount/ops.c */
	struct xfs_trace_ring m_trace;
	struct xfs_stats_slot m_stats[XFS_SLOTS];
};

static inline bool xfs_is_shutdown(const struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_state, __ATOMIC_RELAXED) & XFS_STATE_SHUTDOWN;
}

/* Alignment of large files in blocks; 0: none. */
static inline uint32_t xfs_stripe_align(const struct xfs_mount *mp)
{
	return mp->m_swalloc && mp->m_geo.swidth ? mp->m_geo.swidth : mp->m_geo.sunit;
}

/* True for a mount that recovers in memory for a read-only one; its writes reach no device. */
static inline bool xfs_recovers_for_reader(const struct xfs_mount *mp)
{
	return mp->m_outer && mp->m_outer->m_rdonly;
}

/* The host's clock, clamped to what the file system's time stamps can hold. */
struct timespec xfs_now(struct xfs_mount *mp);

/* Clamp @tv to the range of an inode's time stamps. */
struct timespec xfs_clamp_time(const struct xfs_mount *mp, struct timespec tv);

/*
 * An inode gets an attribute fork: set the superblock's ATTR bit, which is logged with its next
 * write.
 */
void xfs_note_attr(struct xfs_mount *mp);

/* 32 random bits (inode generations). */
uint32_t xfs_random32(struct xfs_mount *mp);

/*
 * After an allocation failed for the @nth time (counted from 0): free memory of the caches.  True
 * if the allocation may be retried.  No lock of class LEAF held.
 */
bool xfs_shrink_caches(struct xfs_mount *mp, unsigned int nth);

/* Allocate, shrinking the caches before giving up with NULL.  No lock of class LEAF held. */
void *xfs_malloc(struct xfs_mount *mp, size_t size) XFS_MUST_CHECK;
void *xfs_zalloc(struct xfs_mount *mp, size_t size) XFS_MUST_CHECK;
void *xfs_resize(struct xfs_mount *mp, void *ptr, size_t old_size, size_t size) XFS_MUST_CHECK;
void *xfs_dup(struct xfs_mount *mp, const void *src, size_t size) XFS_MUST_CHECK;

static inline void xfs_free(struct xfs_mount *mp, void *ptr)
{
	xfs_mem_free(&mp->m_mem, ptr);
}

#endif
