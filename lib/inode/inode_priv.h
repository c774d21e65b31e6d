/* SPDX-License-Identifier: MIT */
/* What the files of inode/ share. */
#ifndef INODE_INODE_PRIV_H
#define INODE_INODE_PRIV_H

#include "base/slot.h"
#include "disk/irec.h"
#include "inode/inode.h"

#define XFS_ICACHE_SHARD_LOG	5
#define XFS_ICACHE_SHARDS	(1u << XFS_ICACHE_SHARD_LOG)

/*
 * A part of the cache: inodes whose numbers have the same hash, above.  The upper bits of what is
 * below them find the slot.
 */
struct xfs_icache_shard {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex is_lock; /* LEAF class; members marked (h) */
	struct xfs_inode **is_hash;
	uint32_t is_hash_log;
	uint64_t is_count;		/* in the hash */
	struct xfs_cond is_wake;	/* an inode was read */
	/* Without a reference, oldest first; the first of these lists is emptied first. */
	struct xfs_list is_lru_once, is_lru;
	struct xfs_list is_tagged;	/* without one too: past their ends, or in their CoW forks, is what only reclaim/ gets back */
	uint64_t is_unused_bytes;	/* that these keep */
	uint64_t is_once_bytes;		/* of these on is_lru_once */
	struct xfs_list is_unlinked;	/* (ICACHE-2) to be freed; each has a reference */
	uint64_t is_nr_unlinked;	/* (a) of these not tried yet */
};

/* Memory of inodes, for each thread's slot: who makes many frees as many. */
struct xfs_icache_pool {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex ip_lock; /* LEAF class */
	struct xfs_pool ip_pool;	/* struct xfs_inode */
};

struct xfs_inode_cache {
	struct xfs_icache_shard ic_shards[XFS_ICACHE_SHARDS];
	struct xfs_icache_pool ic_pools[XFS_SLOTS];
	_Alignas(XFS_SLOT_ALIGN) uint64_t ic_nr_unlinked; /* (a) of all shards */
};

/*
 * References, i_refs.  Those of users in the lower half and the log item's in the upper one.  It is 0
 * under the shard's lock alone: as long as there is a reference more come and go without it.
 */
#define XFS_IREF_USER	1ull
#define XFS_IREF_PIN	(1ull << 32)

static inline uint64_t xfs_irefs(const struct xfs_inode *ip)
{
	return __atomic_load_n(&ip->i_refs, __ATOMIC_ACQUIRE);
}

static inline uint32_t xfs_irefs_users(uint64_t refs)
{
	return (uint32_t)refs;
}

/* icache.c, for the files of the cache. */
struct xfs_icache_shard *xfs_icache_shard(struct xfs_inode_cache *cache, xfs_ino_t ino);
/* is_lock held: a reference, XFS_IREF_USER or XFS_IREF_PIN, perhaps the first one. */
void xfs_icache_hold(struct xfs_icache_shard *shard, struct xfs_inode *ip, uint64_t ref);
void xfs_icache_unhash(struct xfs_icache_shard *shard, struct xfs_inode *ip);
/*
 * The last reference is gone; is_lock held.  xfs_icache_evict() then moves what is too much to
 * @victims, which xfs_icache_free_list() frees without the lock.
 */
void xfs_icache_evict(struct xfs_mount *mp, struct xfs_icache_shard *shard, struct xfs_list *victims);
void xfs_icache_free_list(struct xfs_inode_cache *cache, struct xfs_list *victims);
void xfs_icache_to_lru(struct xfs_icache_shard *shard, struct xfs_inode *ip);
/* Its memory, and nothing else. */
void xfs_icache_pool_put(struct xfs_inode_cache *cache, struct xfs_inode *ip);
/* Put @ip into the hash; if another thread was faster, its inode is returned and ours is gone. */
struct xfs_inode *xfs_icache_insert(struct xfs_mount *mp, struct xfs_inode *ip);

/* Memory that a changed inode keeps alive, about. */
#define XFS_INODE_MEMORY	1024u

extern const struct xfs_log_item_ops xfs_inode_item_ops;
extern const struct xfs_buf_ops xfs_inode_buf_ops;

/* The buffer that holds inode @ino, and where in it. */
struct xfs_imap {
	xfs_daddr_t im_daddr;
	uint32_t im_len;		/* bytes */
	uint32_t im_offset;		/* bytes */
};
int xfs_imap(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_imap *imap) XFS_MUST_CHECK;
/* The same for a chunk that starts at @chunk_agbno: no lookup, cannot fail. */
void xfs_imap_in_chunk(struct xfs_mount *mp, xfs_ino_t ino, xfs_agblock_t chunk_agbno,
		       struct xfs_imap *imap);

/* Between the disk and the in-core inode. */
int xfs_inode_from_disk(struct xfs_inode *ip, const struct xfs_dinode *dip) XFS_MUST_CHECK;
void xfs_inode_to_disk(struct xfs_inode *ip, struct xfs_dinode *dip);

/* log_format.c: what the log item of an inode gives to the journal. */
uint32_t xfs_inode_item_size(struct xfs_log_item *lip, uint32_t *regions);
void xfs_inode_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink);
bool xfs_inode_item_cluster_chunk(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk);
/* Its parts. */
void xfs_dinode_to_log(const struct xfs_dinode *dip, struct xfs_log_dinode *to);
/*
 * The root of an extent tree, @root_bytes in the inode, as the log has it: @to gets a full block
 * header and exactly the keys and pointers in use; returns its bytes.
 */
uint32_t xfs_bmdr_to_log(const struct xfs_geometry *geo, xfs_ino_t ino, const void *root,
			 uint32_t root_bytes, void *to);

/* Memory for an inode, to be had before its number is known; NULL: none (text set). */
struct xfs_inode *xfs_inode_alloc(struct xfs_mount *mp);
void xfs_inode_unalloc(struct xfs_mount *mp, struct xfs_inode *blank);
/*
 * The in-core inode of this number, in the cache or, made of @blank, new, and referenced; no disk
 * access.  @blank is used up in either case.
 */
struct xfs_inode *xfs_inode_make(struct xfs_mount *mp, struct xfs_inode *blank, xfs_ino_t ino,
				 const struct xfs_imap *imap);
/* The inode if it is in memory, referenced; NULL otherwise. */
struct xfs_inode *xfs_inode_find(struct xfs_mount *mp, xfs_ino_t ino);
/* The log item's reference. */
void xfs_inode_pin(struct xfs_inode *ip);
void xfs_inode_unpin(struct xfs_inode *ip);

/* Choose and take a free inode, making a chunk if need be. */
int xfs_dialloc(struct xfs_trans *tp, xfs_ino_t parent, uint16_t mode, xfs_ino_t *inop,
		struct xfs_imap *imap) XFS_MUST_CHECK;
/* Give it back; *@chunk_gone: its blocks were freed with it. */
int xfs_difree(struct xfs_trans *tp, xfs_ino_t ino, bool *chunk_gone) XFS_MUST_CHECK;
/* Every inode of @rec is free: the record and the blocks go.  pag_lock held. */
int xfs_difree_chunk(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec, bool *chunk_gone) XFS_MUST_CHECK;

#endif
