/* SPDX-License-Identifier: MIT */
/* Shared by the files of quota/. */
#ifndef QUOTA_QUOTA_PRIV_H
#define QUOTA_QUOTA_PRIV_H

#include "base/slot.h"
#include "buf/buf.h"
#include "disk/dquot.h"
#include "inode/inode.h"
#include "quota/quota.h"

/* Where a record lies on disk. */
struct xfs_dquot_place {
	xfs_daddr_t daddr;		/* of its block */
	uint32_t offset;		/* in the block, bytes */
};

/* A quota record in memory.  Members: (c) constant, (d) dq_lock, (h) the lock of the cache. */
struct xfs_dquot {
	struct xfs_log_item dq_item;
	struct xfs_mount *dq_mount;	/* (c) */
	uint32_t dq_type;		/* (c) 0 user, 1 group, 2 project */
	uint32_t dq_id;			/* (c) */
	struct xfs_dquot_place dq_place; /* (c) */
	struct xfs_mutex dq_lock;	/* DQUOT class, key: type and id */
	uint32_t dq_refs;		/* (h) users', the log item's, one while dq_held != 0 */
	struct xfs_dquot *dq_hash_next;	/* (h) */
	struct xfs_list dq_lru;		/* (h) while unreferenced */
	struct xfs_disk_dquot dq_disk;	/* (d) as logged */
	uint64_t dq_lsn;		/* (d) dd_lsn as read */
	/* Not counted yet, but no longer available (QUOTA-4). */
	uint64_t dq_held;		/* (d) blocks that inodes hold in memory */
	uint64_t dq_res_blocks;		/* (d) reserved by open transactions */
	uint64_t dq_res_inodes;		/* (d) the same */
	bool dq_told_blocks, dq_told_inodes; /* (d) warned that it is over a soft limit */
};

/* A part of the cache, chosen by the hash of type and id. */
struct xfs_dquot_shard {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex qs_lock; /* LEAF class; members marked (h) */
	struct xfs_dquot **qs_hash;
	uint32_t qs_hash_log;
	uint32_t qs_count;		/* in the hash */
	uint32_t qs_unused;		/* records without references */
	struct xfs_list qs_lru;		/* these, oldest first */
	struct xfs_pool qs_pool;	/* memory of records */
};

#define XFS_DQUOT_SHARD_LOG	4u
#define XFS_DQUOT_SHARDS	(1u << XFS_DQUOT_SHARD_LOG)

struct xfs_quota_type {
	bool qt_kept;			/* (a) its counts are exact and are being kept */
	struct xfs_inode *qt_ip;	/* (c) its file, referenced */
	struct xfs_mutex qt_load;	/* DQUOT class: held to read a record, or to allocate one */
};

/* What is counted and limited: indexes of the arrays below. */
#define XFS_DQ_BLOCKS	0u
#define XFS_DQ_INODES	1u
#define XFS_DQ_RTBLOCKS	2u
#define XFS_DQ_KINDS	3u

/*
 * The values of a type's record 0: limits of ids that have none, 0: no limit; grace periods of soft
 * limits in seconds, never 0.  (a): read without a lock by xfs_quota_value().
 */
struct xfs_quota_defaults {
	uint64_t hard[XFS_DQ_KINDS], soft[XFS_DQ_KINDS];
	uint64_t grace[XFS_DQ_KINDS];
};

static inline uint64_t xfs_quota_value(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

struct xfs_quota {
	struct xfs_quota_type q_types[XFS_QUOTA_TYPES];
	struct xfs_dquot_shard q_shards[XFS_DQUOT_SHARDS];
	struct xfs_quota_defaults q_defaults[XFS_QUOTA_TYPES];	/* (a) */
	/* (a) Both: a quotacheck is running; a thread changed what an owner uses meanwhile. */
	bool q_checking, q_disturbed;
};

struct xfs_quota_kind {
	const char *name;
	uint8_t type;			/* XFS_DQTYPE_* */
	uint16_t acct, enfd, chkd;	/* of sb_qflags */
	const struct xfs_buf_ops *buf_ops;
	uint16_t metatype;		/* of /quota/@name in the metadata directory tree */
};
extern const struct xfs_quota_kind xfs_quota_kinds[XFS_QUOTA_TYPES];
extern const struct xfs_log_item_ops xfs_dquot_item_ops;

/* The inode of a type's file; NULLFSINO: none, or it is in the metadata directory tree. */
static inline xfs_ino_t *xfs_quota_ino(struct xfs_geometry *geo, uint32_t type)
{
	return type == 0 ? &geo->uquotino : type == 1 ? &geo->gquotino : &geo->pquotino;
}

static inline bool xfs_quota_is_kept(const struct xfs_quota *q, uint32_t type)
{
	return __atomic_load_n(&q->q_types[type].qt_kept, __ATOMIC_RELAXED);
}

/* True if limits are enforced for @dq. */
bool xfs_dquot_is_enforced(const struct xfs_dquot *dq);

/* The counts of @type are no longer exact because of @error, whose text is set (QUOTA-2). */
void xfs_quota_give_up(struct xfs_mount *mp, uint32_t type, int error);

struct xfs_quota_change {
	int64_t blocks, inodes;		/* of the record */
	int64_t held;			/* in memory only */
};

/* A limit in force for an id, its own or that of id 0: blocks or inodes; 0: none. */
struct xfs_dquot_limits {
	uint64_t hard, soft;
};

/* ---- record.c ---- */
/* The fields of a record for one kind. */
struct xfs_dquot_fields {
	be64_t *count, *hard, *soft;
	be32_t *timer;			/* id 0: a period in seconds */
};
/* @kind: XFS_DQ_*. Do not write through the pointers if @record is constant. */
struct xfs_dquot_fields xfs_dquot_fields(const struct xfs_disk_dquot *record, unsigned int kind);
/* Seconds since 1970 of @timer of @d, which is not id 0; 0: no timer runs. */
uint64_t xfs_dquot_time(const struct xfs_disk_dquot *d, be32_t timer);
/* The inverse, rounded to what the record can express; never 0. */
be32_t xfs_dquot_timer(const struct xfs_disk_dquot *d, uint64_t when);
/* Clear counts and timers; the timers of id 0 are periods and stay. */
void xfs_dquot_clear_counts(struct xfs_disk_dquot *d);

/* ---- quota.c ---- */
/* Make m_quota, with no type kept. */
int xfs_quota_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* The counts of @type are exact: begin to keep them. */
void xfs_quota_begin(struct xfs_mount *mp, uint32_t type);
/* Read them from record 0; if it is damaged, a type that is kept is given up. */
void xfs_quota_read_defaults(struct xfs_mount *mp, uint32_t type);
/* @record is that of id 0, or an empty one: its limits and periods are in force from now on. */
void xfs_quota_set_defaults(struct xfs_quota *q, uint32_t type, const struct xfs_disk_dquot *record);
/* Bits of sb_qflags. */
void xfs_quota_set_flags(struct xfs_mount *mp, uint16_t set, uint16_t clear);
/* True for quota files, which are charged to nobody, like files of the metadata directory tree. */
bool xfs_quota_is_own_ino(const struct xfs_mount *mp, xfs_ino_t ino);
static inline bool xfs_quota_is_own(const struct xfs_inode *ip)
{
	return (xfs_inode_diflags2(ip) & XFS_DIFLAG2_METADATA) ||
	       xfs_quota_is_own_ino(ip->i_mount, ip->i_ino);
}
/* In the transaction that made @ip: it becomes a quota file, so it is charged to nobody. */
void xfs_quota_uncharge(struct xfs_trans *tp, struct xfs_inode *ip);
/* dq_lock held; @kind: XFS_DQ_*. */
struct xfs_dquot_limits xfs_dquot_limits(const struct xfs_dquot *dq, unsigned int kind);
/*
 * In a transaction, whose reservation is used up. -EUCLEAN: a count would become negative; nothing
 * was changed.
 */
int xfs_dquot_change(struct xfs_trans *tp, struct xfs_dquot *dq, const struct xfs_quota_change *change)
	XFS_MUST_CHECK;
/*
 * Start or stop timers according to counts and limits; limits that @dq lacks are the defaults.
 * dq_lock held.
 */
void xfs_dquot_set_timers(struct xfs_dquot *dq);
/* Clear counts and timers. */
void xfs_dquot_reset(struct xfs_trans *tp, struct xfs_dquot *dq);

/* ---- reserve.c ---- */
/* The reservation of @tp for @dq; NULL: none. */
struct xfs_trans_quota *xfs_trans_quota_of(struct xfs_trans *tp, const struct xfs_dquot *dq);
/* dq_lock held: the blocks that inodes hold change by @delta. +1, -1: take or put a reference. */
int xfs_dquot_mod_held(struct xfs_dquot *dq, int64_t delta);

/* ---- dquot.c: records in memory ---- */
int xfs_dquot_cache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
/* No record is in use any more: free all. */
void xfs_dquot_cache_destroy(struct xfs_mount *mp);
/* The record if it is in memory, referenced; or NULL. */
struct xfs_dquot *xfs_dquot_find(struct xfs_quota *q, uint32_t type, uint32_t id);
/*
 * Nothing is held any more, and there is no other user of the file system: clear dq_held, which was
 * not updated while the type was not kept.
 */
void xfs_dquot_forget_held(struct xfs_quota *q, uint32_t type);
void xfs_dquot_hold(struct xfs_dquot *dq);
void xfs_dquot_put(struct xfs_dquot *dq);
/*
 * Read the record from disk if needed; -ENOENT: it has no block.  Any locks above DQUOT may be
 * held.
 */
int xfs_dquot_get(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
	XFS_MUST_CHECK;
/* The same, and allocate its block if needed.  No lock but IOLOCKs, no transaction held. */
int xfs_dquot_get_or_alloc(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_dquot **dqp)
	XFS_MUST_CHECK;

/* ---- files.c ---- */
/*
 * Open the file of @type, and make it if there is none.  The caller keeps all others off the file
 * system.
 */
int xfs_quota_open_file(struct xfs_mount *mp, uint32_t type) XFS_MUST_CHECK;
/* The same, but does not make the file: -ENOENT. -EUCLEAN, -EBADMSG: the inode is no quota file. */
int xfs_quota_find_file(struct xfs_mount *mp, uint32_t type) XFS_MUST_CHECK;
/* Get a reference to the file; also on read-only mounts. */
int xfs_quota_iget(struct xfs_mount *mp, uint32_t type, struct xfs_inode **ipp) XFS_MUST_CHECK;

/* ---- item.c ---- */
/* For xfs_trans_alloc_bytes(): log space for changes of @n records. */
uint32_t xfs_dquot_log_bytes(const struct xfs_mount *mp, uint32_t n);

/* ---- report.c: walking blocks and records ---- */
/* The first mapped block of @ip at or after *@off, and its mapping. */
int xfs_dquot_next_block(struct xfs_inode *ip, xfs_fileoff_t *off, struct xfs_bmbt_irec *map,
			 bool *found) XFS_MUST_CHECK;
int xfs_dquot_read_block(struct xfs_mount *mp, uint32_t type, xfs_fileoff_t off,
			 const struct xfs_bmbt_irec *map, struct xfs_buf **bpp) XFS_MUST_CHECK;
/* The record of @id, from memory or else from its block @bp; -EUCLEAN: it belongs to another id. */
int xfs_dquot_copy(struct xfs_mount *mp, uint32_t type, uint32_t id, struct xfs_buf *bp,
		   struct xfs_disk_dquot *to) XFS_MUST_CHECK;

/* ---- alloc.c: blocks of quota files ---- */
/* Log space of a block of records. */
uint32_t xfs_dquot_log_block_bytes(const struct xfs_mount *mp);
/*
 * Initialise block @off of the file, at @daddr.  Sound records of @old keep their limits and lose
 * their counts.
 */
int xfs_dquot_remake_block(struct xfs_trans *tp, uint32_t type, xfs_fileoff_t off, xfs_daddr_t daddr,
			   const struct xfs_dqblk *old) XFS_MUST_CHECK;
/* Allocate the block of @id in the file.  No lock, no transaction held. */
int xfs_dquot_alloc(struct xfs_mount *mp, uint32_t type, uint32_t id) XFS_MUST_CHECK;
/* -ENOENT: the id has no block. */
int xfs_dquot_locate(struct xfs_mount *mp, uint32_t type, uint32_t id,
		     struct xfs_dquot_place *place) XFS_MUST_CHECK;

#endif
