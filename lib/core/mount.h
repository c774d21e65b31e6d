/* SPDX-License-Identifier: MIT */
/*
 * struct xfs_mount: an open file system, as every layer above disk/ sees it.
 * Members say who may touch them: (c) constant between open and close,
 * (a) atomic, (m) m_lock, others by the folder that is named.
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
 * Calls that go up: low layers reach high ones only through this table, which
 * mount/ops.c fills.  Any may be NULL in a unit test that does not need it.
 */
struct xfs_upcalls {
	/* Data in memory is over its limit: write back the oldest dirty files. */
	int (*writeback_some)(struct xfs_mount *mp);
	/* Before the first change on disk of an unjournalled mount. */
	int (*mark_in_progress)(struct xfs_mount *mp);
	/*
	 * For a NOWAIT call: nobody holds an AG.  Else XFS_WOULD_WAIT.
	 */
	int (*want_ags)(struct xfs_mount *mp);
	/*
	 * The last reference of an inode without names is gone: free its space and itself.  When
	 * that fails it may be called again.
	 */
	int (*inactivate)(struct xfs_inode *ip);
	/*
	 * The journal.  A checkpoint is cut, with the gate closed; @seq and all before it are
	 * durable.  For what belongs to checkpoints above trans/: extents that are busy.
	 */
	void (*checkpoint_cut)(struct xfs_mount *mp);
	void (*checkpoint_durable)(struct xfs_mount *mp, uint64_t seq);
	/* Is there free space that cannot be had before a checkpoint is durable? */
	bool (*freed_space_is_busy)(struct xfs_mount *mp);
	/*
	 * New blocks whose data could not be written become unwritten.  No lock, no transaction
	 * held.
	 */
	void (*end_failed_io)(struct xfs_mount *mp);
	/* Could an intent of the log be carried out, as far as it tells alone?  m_geo is set. */
	int (*check_intent)(struct xfs_mount *mp, const struct xlog_intent *intent);
	/* The attribute fork of an inode with LOCAL data needs room: move the data out. */
	int (*local_data_out)(struct xfs_trans *tp, struct xfs_inode *ip);
	/*
	 * m_quota is set; ILOCK held exclusively: what owners, blocks and existence of @ip have become is
	 * counted for its owners in @tp.
	 */
	void (*charge)(struct xfs_trans *tp, struct xfs_inode *ip);
	/* The same: xfs_inode_hold() and xfs_inode_held() of bmap/incore.h. */
	int (*hold)(struct xfs_inode *ip, uint64_t blocks);
	void (*held)(struct xfs_inode *ip);
	/* @tp, which has reserved quota, ends: what it has not used comes back. */
	void (*unreserve_quota)(struct xfs_trans *tp);
	/* Of METADIR volumes: xfs_metadir_open(). */
	int (*open_metafile)(struct xfs_mount *mp, const char *dir, const char *name,
			     uint16_t metatype, bool may_make, struct xfs_inode **ipp);
	/*
	 * Neither that, nor clean caches, helped: write back dirty data and metadata, then let go
	 * of all that is clean.  No lock but IOLOCKs held, no transaction.
	 */
	int (*relieve_memory)(struct xfs_mount *mp);
	/*
	 * The host has no more memory: give back what caches hold that is clean and in nobody's
	 * hands, @all of it or half.  No lock of class LEAF held.
	 */
	void (*shrink_caches)(struct xfs_mount *mp, bool all);
};

/* What the threads of one slot have of the counters, core/counter.c.  All (a). */
struct xfs_counter_slot {
	int64_t cs_free;		/* taken from m_fdblocks and not used yet; never negative */
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
#define XFS_STATE_LSN_TOLD	(1u << 4)	/* a reader was told of an LSN ahead of the log */

/* Somebody needs the log from here on; see trans/note.h. */
struct xfs_tail_hold {
	struct xfs_list th_list;	/* of the checkpoint, its lock; only while th_lsn is not 0 */
	xfs_lsn_t th_lsn;
};

struct xfs_mount {
	struct xfs_geometry m_geo;		/* (c) */
	struct xfs_sb m_sb;			/* (m) the superblock; counters: see core/counter.h */
	struct xfs_mem m_mem;			/* (c) */
	struct xfs_env m_env;			/* (c) */
	struct xfs_rand m_rand;			/* (m) */
	struct xfs_device *m_dev;		/* (c) */
	struct xfs_device *m_logdev;		/* (c) NULL: internal log */
	struct xfs_claim *m_claims;		/* (c) mount/: of both, for writing; NULL: a reader, or recovery */
	struct xfs_queue *m_queue;		/* (c) all writes of data and metadata */
	bool m_rdonly;				/* (c) */
	bool m_unjournalled;			/* (c) */
	bool m_unprivileged;			/* (c) strip set-id bits on writes; no way past a quota */
	bool m_quota_account_only;		/* (c) limits are not looked at */
	bool m_quota_refused;			/* (c) no mount for writing if quota is on */
	uint32_t m_uid, m_gid;			/* (c) owner of new objects */
	bool m_swalloc;				/* (c) large files are aligned to the stripe width */
	uint32_t m_allocsize_log;		/* (c) log2 of speculative preallocation, 0 = dynamic */
	uint32_t m_prealloc_lifetime, m_dirty_expire; /* (c) seconds, for xfs_tick() */
	int64_t m_clock_seconds;		/* (a) the clock when it was looked at last */
	int64_t m_tick_forced;			/* (a) when a tick last forced the log */
	uint64_t m_memory_limit;		/* (c) 0: none */
	uint64_t m_data_cache_bytes;		/* (c) */
	uint64_t m_meta_cache_bytes;		/* (c) */
	uint64_t m_checkpoint_bytes;		/* (c) that a checkpoint may hold; 0: as the log allows */
	uint64_t m_failures_seen;		/* (a) of m_mem, by the newest sync */
	uint32_t m_exchange_bytes;		/* (c) of the log; a step of a long exchange ends at half of them */
	uint64_t m_copy_in_bytes;		/* (c) of host files such pieces go past the page cache; 0: none */
	uint32_t m_state;			/* (a) XFS_STATE_* */
	bool m_repairing;			/* (a) failed data writes are being repaired */
	bool m_sb_changed;			/* (a) the journal has to log the superblock */
	int m_data_error;			/* (a) first failed data write that no sync has told yet */
	uint32_t m_told_syncs;			/* (a) syncs that told one */
	uint32_t m_cancels;			/* (a) calls of xfs_cancel(), core/cancel.h */
	struct xfs_mutex m_lock;		/* LEAF class */
	const void *m_inside;			/* (a) without threads: who is in a public call */
	uint32_t m_inside_depth;		/* of that thread */
	struct xfs_mutex m_error_lock;		/* LEAF class, the last of them */
	struct xfs_error_info m_error;		/* (m_error_lock) the newest call that failed */
	char m_shutdown_reason[200];		/* (m_error_lock) "": not shut down, or abandoned */
	int m_shutdown_cause;			/* m_error_lock: the errno of a device, positive; 0 */
	struct xfs_mutex m_rename_lock;		/* before every IOLOCK: moves between directories */
	struct xfs_mutex m_failed_lock;		/* COMMIT class: repair after failed data writes */
	struct xfs_mutex m_mark_lock;		/* TRANS class: the first change, mount/super.c */

	/* In-core counters, core/counter.h. */
	int64_t m_fdblocks;			/* (m) blocks that may still be reserved */
	int64_t m_busy_blocks;		/* (a) freed, but not for others yet */
	int64_t m_icount, m_ifree;		/* (m) */
	int64_t m_resblks_avail;		/* (m) reserve pool */
	int64_t m_set_aside;			/* (m) never given to users */
	int64_t m_delalloc_blocks;		/* (m) reserved, not allocated; indirect blocks included */
	bool m_pool_full;			/* (a) the reserve pool wants nothing of what is given back */
	struct xfs_counter_slot m_slots[XFS_SLOTS]; /* with them the counters are whole */
	bool m_space_counted;			/* (a) by a reader: the counters are a writer's */
	uint32_t m_dir_rotor;			/* (a) AG of the next new directory */

	/* Owned by the folder of the type's name. */
	struct xfs_perag_table **m_perags;	/* ag/: tables of AGs, made when first needed */
	struct xfs_busy_list *m_busy;		/* ag/: NULL without a journal */
	struct xfs_buf_cache *m_bufs;		/* buf/ */
	struct xfs_inode_cache *m_inodes;	/* inode/ */
	struct xfs_pagecache *m_pagecache;	/* pagecache/ */
	struct xfs_quota *m_quota;		/* (c) quota/: NULL: no counts are kept */
	struct xfs_checkpoint *m_checkpoint;	/* trans/ */
	struct xfs_resv *m_resv;		/* (c) trans/: NULL when unjournalled or read-only */
	struct xlog *m_log;			/* log/: NULL when unjournalled or read-only */
	struct xfs_inode *m_rootip;		/* (c) mount/: referenced */
	struct xfs_hold *m_hold;		/* (c) mount/: writes are held back while it recovers; or NULL */
	struct xfs_hold *m_overlay;		/* (c) mount/: what a reader recovered in memory; or NULL */
	struct xfs_mount *m_outer;		/* (c) mount/: this one recovers for that one; or NULL */
	struct xlog_recovery *m_recovery;	/* (c) mount/: a dirty log was recovered; or NULL */
	uint64_t m_lsn_end;			/* (a) core/lsn.h: head of the log + 1; 0: not known */
	bool m_proved;				/* (c) mount/: the log was recovered on trial before */
	bool m_reclaimed;			/* mount/: it is being closed, data was written, nothing is reserved */
	bool m_finishing;			/* mount/: what recovery left is being finished */
	struct xfs_tail_hold m_recovery_hold;	/* mount/: intents that recovery found are unfinished */
	void *m_root_file;			/* (c) api/ */
	const struct xfs_upcalls *m_upcalls;	/* (c) mount/ops.c */
	struct xfs_trace_ring m_trace;
	struct xfs_stats_slot m_stats[XFS_SLOTS];
};

static inline bool xfs_is_shutdown(const struct xfs_mount *mp)
{
	return __atomic_load_n(&mp->m_state, __ATOMIC_RELAXED) & XFS_STATE_SHUTDOWN;
}

/* What large files are aligned to, in blocks; 0: nothing. */
static inline uint32_t xfs_stripe_align(const struct xfs_mount *mp)
{
	return mp->m_swalloc && mp->m_geo.swidth ? mp->m_geo.swidth : mp->m_geo.sunit;
}

/* Its writes reach no device: it recovers in memory, for a reader. */
static inline bool xfs_recovers_for_reader(const struct xfs_mount *mp)
{
	return mp->m_outer && mp->m_outer->m_rdonly;
}

/* The present time of the host's clock, as near as the file system's time stamps can hold it. */
struct timespec xfs_now(struct xfs_mount *mp);

/* Seconds beyond what its inodes can hold become the nearest that they can. */
struct timespec xfs_clamp_time(const struct xfs_mount *mp, struct timespec tv);

/* An inode gets an attribute fork: the superblock tells, from the next time it is written. */
void xfs_note_attr(struct xfs_mount *mp);

/* 32 random bits (inode generations). */
uint32_t xfs_random32(struct xfs_mount *mp);

/*
 * An allocation failed, for the @nth time (0, 1): true: caches gave memory back, it may be tried
 * again.  No lock of class LEAF held.
 */
bool xfs_shrink_caches(struct xfs_mount *mp, unsigned int nth);

/* The caches give way before these fail.  No lock of class LEAF held. */
void *xfs_malloc(struct xfs_mount *mp, size_t size) XFS_MUST_CHECK;
void *xfs_zalloc(struct xfs_mount *mp, size_t size) XFS_MUST_CHECK;
void *xfs_resize(struct xfs_mount *mp, void *ptr, size_t old_size, size_t size) XFS_MUST_CHECK;
void *xfs_dup(struct xfs_mount *mp, const void *src, size_t size) XFS_MUST_CHECK;

static inline void xfs_free(struct xfs_mount *mp, void *ptr)
{
	xfs_mem_free(&mp->m_mem, ptr);
}

#endif
