/* SPDX-License-Identifier: MIT */
/*
 * An allocation group in memory.  Its headers are read on first use and stay referenced.  The
 * header in the buffer is authoritative; the copies of its numbers follow it.
 */
#ifndef AG_PERAG_H
#define AG_PERAG_H

#include "base/rbtree.h"
#include "buf/buf.h"
#include "core/mount.h"
#include "disk/btree.h"
#include "trans/trans.h"

/*
 * Space held back so that an AG's own trees can always grow: the largest size they can reach, less
 * what they have.  A tree that outgrows it takes blocks from the common counter.
 */
struct xfs_ag_resv {
	uint32_t ar_asked;		/* blocks */
	uint32_t ar_used;		/* blocks that these trees have */
};

static inline uint32_t xfs_ag_resv_held(const struct xfs_ag_resv *resv)
{
	return resv->ar_asked > resv->ar_used ? resv->ar_asked - resv->ar_used : 0;
}

enum xfs_ag_resv_type {
	XFS_AG_RESV_NONE,		/* everything else */
	XFS_AG_RESV_AGFL,		/* AGFL blocks, which are free blocks themselves */
	XFS_AG_RESV_METADATA,		/* finobt and refcountbt blocks */
	XFS_AG_RESV_RMAPBT,
};

struct xfs_perag {
	struct xfs_mount *pag_mount;
	xfs_agnumber_t pag_agno;
	xfs_extlen_t pag_length;	/* blocks in this AG */
	struct xfs_mutex pag_lock;	/* class AG; protects all below, the headers and the
					 * trees */
	bool pag_agf_loaded, pag_agi_loaded;	/* the headers are in memory */
	bool pag_agf_checked, pag_agi_checked;	/* and were found to match their trees */
	struct xfs_buf *pag_agf_bp, *pag_agfl_bp, *pag_agi_bp;
	/* Copies of header fields that the allocator reads often. */
	xfs_extlen_t pag_freeblks, pag_longest, pag_flcount, pag_btreeblks;
	xfs_agino_t pag_icount, pag_ifree;
	struct xfs_ag_resv pag_meta_resv, pag_rmapbt_resv;
	/*
	 * Some block may have several owners.  If false none has, and merging rmap records is
	 * simpler.
	 */
	bool pag_may_share, pag_share_known;
	/*
	 * Blocks in [_start, _end) may have lost their last other owner in a checkpoint up to this
	 * one (ag/busy.h) that is not durable; 0: none did.
	 */
	uint64_t pag_unshared_seq;		/* (a) */
	xfs_agblock_t pag_unshared_start, pag_unshared_end;
	/* Blocks that left a tree during a change of it; freed when the change is complete. */
	uint32_t pag_nr_tofree;
	struct xfs_ag_tofree {
		xfs_agblock_t agbno;
		uint64_t owner;			/* XFS_RMAP_OWN_* */
		enum xfs_ag_resv_type resv;
	} pag_tofree[2 * XFS_BTREE_MAXLEVELS];
	struct xfs_rb_tree pag_busy;		/* ag/busy.h */
	uint64_t pag_busy_all;			/* all of the AG is busy until this checkpoint is
						 * durable */
	/* Behind the last extent that was allocated here because its own AG was full. */
	xfs_agblock_t pag_overflow_hint;
	/* inode/dialloc.c: the chunk that the last new inode came from. */
	xfs_agino_t pag_last_agino;
	xfs_daddr_t pag_fit_cluster;		/* cluster whose free inodes have LSNs that allow
						 * their reuse */
};

/*
 * The AGs in memory: a table of tables of groups.  They are made when an AG is first used, because
 * a superblock may claim more AGs than there is memory for.  Nothing is removed before unmount, so
 * a lookup takes no lock.
 */
#define XFS_PERAG_GROUP_LOG	6u	/* AGs in a group */
#define XFS_PERAG_TABLE_LOG	9u	/* groups in a table */

struct xfs_perag_table {
	struct xfs_perag *pt_group[1u << XFS_PERAG_TABLE_LOG];	/* (a) NULL: not used yet */
};

int xfs_perag_init(struct xfs_mount *mp) XFS_MUST_CHECK;	/* an empty table; reads nothing */
void xfs_perag_destroy(struct xfs_mount *mp);

/* NULL: the AG was not used yet.  @agno is below agcount. */
static inline struct xfs_perag *xfs_perag_peek(struct xfs_mount *mp, xfs_agnumber_t agno)
{
	struct xfs_perag_table *table;
	struct xfs_perag *group;

	ASSERT(agno < mp->m_geo.agcount);
	table = __atomic_load_n(&mp->m_perags[agno >> (XFS_PERAG_GROUP_LOG + XFS_PERAG_TABLE_LOG)],
				__ATOMIC_ACQUIRE);
	if (unlikely(!table))
		return NULL;
	group = __atomic_load_n(&table->pt_group[agno >> XFS_PERAG_GROUP_LOG &
						 ((1u << XFS_PERAG_TABLE_LOG) - 1)],
				__ATOMIC_ACQUIRE);
	return likely(group) ? &group[agno & ((1u << XFS_PERAG_GROUP_LOG) - 1)] : NULL;
}

/* For readers, and before there are transactions: make the AG if it does not exist. -ENOMEM. */
int xfs_perag_make(struct xfs_mount *mp, xfs_agnumber_t agno, struct xfs_perag **pagp)
	XFS_MUST_CHECK;

/* For writers: opening a file system for writing makes all AGs. */
static inline struct xfs_perag *xfs_perag_get(struct xfs_mount *mp, xfs_agnumber_t agno)
{
	struct xfs_perag *pag = xfs_perag_peek(mp, agno);

	ASSERT(pag);
	return pag;
}

/* For a NOWAIT call, before its first change: XFS_WOULD_WAIT if somebody holds an AG's lock. */
int xfs_perag_want_all(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Read and verify the headers if they are not in memory.  On a file system open for writing, also
 * compare their counters with the trees the first time. pag_lock held.
 */
int xfs_perag_load_agf(struct xfs_perag *pag) XFS_MUST_CHECK;	/* AGF and AGFL */
int xfs_perag_load_agi(struct xfs_perag *pag) XFS_MUST_CHECK;
/* The same without reading a tree. */
int xfs_perag_read_agf(struct xfs_perag *pag) XFS_MUST_CHECK;
int xfs_perag_read_agi(struct xfs_perag *pag) XFS_MUST_CHECK;

/*
 * Blocks of each AG that nobody may reserve: enough to fill an empty AGFL and to split a fork's
 * tree.
 */
#define XFS_AG_SET_ASIDE	8u

/*
 * Load every AG, compute the reservations, and set the counters of core/counter.h from the headers.
 * Called once, when a file system is opened for writing.
 */
int xfs_ag_resv_init(struct xfs_mount *mp) XFS_MUST_CHECK;

/*
 * Compare headers and counters of the AGs before @end with their trees, as far as a block or two of
 * each show.  Other AGs are checked when they are first used.
 */
int xfs_ag_check_counters(struct xfs_mount *mp, xfs_agnumber_t end) XFS_MUST_CHECK;

/* Sums over all headers, which the superblock must have.  Loads all AGs. */
int xfs_ag_sum_counters(struct xfs_mount *mp, uint64_t *icount, uint64_t *ifree,
			uint64_t *fdblocks) XFS_MUST_CHECK;

#endif
