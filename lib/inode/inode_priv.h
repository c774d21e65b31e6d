/* SPDX-License-Identifier: MIT */
/* Private to inode/. */
#ifndef INODE_INODE_PRIV_H
#define INODE_INODE_PRIV_H

#include "base/slot.h"
#include "disk/irec.h"
#include "inode/inode.h"

#define XFS_ICACHE_SHARD_LOG	5
#define XFS_ICACHE_SHARDS	(1u << XFS_ICACHE_SHARD_LOG)

/*
 * A part of the cache.  The upper bits of the hash of an inode's number choose the shard, the bits
 * below them the slot in its table.
 */
struct xfs_icache_shard {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex is_lock; /* class LEAF; protects the members
							    * marked (h) */
	struct xfs_inode **is_hash;
	uint32_t is_hash_log;
	uint64_t is_count;		/* number of inodes in the hash */
	struct xfs_cond is_wake;	/* signalled when an inode has been read */
	/* Unreferenced inodes, oldest first. is_lru_once is emptied before is_lru. */
	struct xfs_list is_lru_once, is_lru;
	struct xfs_list is_tagged;	/* unreferenced, but with preallocation or a CoW fork
					 * that only reclaim/ frees */
	uint64_t is_unused_bytes;	/* memory of the inodes on is_lru_once and is_lru */
	uint64_t is_once_bytes;		/* part of it on is_lru_once */
	struct xfs_list is_unlinked;	/* (ICACHE-2) to be freed; the list has a reference to
					 * each */
	uint64_t is_nr_unlinked;	/* (a) number of these that nobody has tried to free */
};

/* Pooled memory of inodes, for each thread's slot: a thread that creates many also frees many. */
struct xfs_icache_pool {
	_Alignas(XFS_SLOT_ALIGN) struct xfs_mutex ip_lock; /* class LEAF */
	struct xfs_pool ip_pool;	/* struct xfs_inode */
};

struct xfs_inode_cache {
	struct xfs_icache_shard ic_shards[XFS_ICACHE_SHARDS];
	struct xfs_icache_pool ic_pools[XFS_SLOTS];
	_Alignas(XFS_SLOT_ALIGN) uint64_t ic_nr_unlinked; /* (a) sum over all shards */
};

/*
 * i_refs: users' references are in the lower half, the log item's in the upper half.  It becomes or
 * leaves 0 only under the shard's lock; other changes need no lock.
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
/* Take a reference, XFS_IREF_USER or XFS_IREF_PIN, possibly the first one. is_lock held. */
void xfs_icache_hold(struct xfs_icache_shard *shard, struct xfs_inode *ip, uint64_t ref);
void xfs_icache_unhash(struct xfs_icache_shard *shard, struct xfs_inode *ip);
/*
 * xfs_icache_to_lru() is for an inode whose last reference is gone. xfs_icache_evict() then moves
 * what exceeds the limit to @victims, which xfs_icache_free_list() frees without the lock.  Both
 * with is_lock held.
 */
void xfs_icache_evict(struct xfs_mount *mp, struct xfs_icache_shard *shard, struct xfs_list *victims);
void xfs_icache_free_list(struct xfs_inode_cache *cache, struct xfs_list *victims);
void xfs_icache_to_lru(struct xfs_icache_shard *shard, struct xfs_inode *ip);
/* Free only the memory. */
void xfs_icache_pool_put(struct xfs_inode_cache *cache, struct xfs_inode *ip);
/*
 * Insert @ip into the hash.  If another thread was faster, its inode is returned and @ip is freed.
 */
struct xfs_inode *xfs_icache_insert(struct xfs_mount *mp, struct xfs_inode *ip);

/* Estimate of the memory that a changed inode keeps allocated. */
#define XFS_INODE_MEMORY	1024u

extern const struct xfs_log_item_ops xfs_inode_item_ops;
extern const struct xfs_buf_ops xfs_inode_buf_ops;

/* The buffer of an inode, and the inode's place in it. */
struct xfs_imap {
	xfs_daddr_t im_daddr;
	uint32_t im_len;		/* bytes */
	uint32_t im_offset;		/* bytes */
};
int xfs_imap(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_imap *imap) XFS_MUST_CHECK;
/* The same for a chunk that starts at @chunk_agbno, without a lookup; cannot fail. */
void xfs_imap_in_chunk(struct xfs_mount *mp, xfs_ino_t ino, xfs_agblock_t chunk_agbno,
		       struct xfs_imap *imap);

/* Convert between the on-disk and the in-core inode. */
int xfs_inode_from_disk(struct xfs_inode *ip, const struct xfs_dinode *dip) XFS_MUST_CHECK;
void xfs_inode_to_disk(struct xfs_inode *ip, struct xfs_dinode *dip);

/* log_format.c: what an inode's log item writes to the journal. */
uint32_t xfs_inode_item_size(struct xfs_log_item *lip, uint32_t *regions);
void xfs_inode_item_format(struct xfs_log_item *lip, struct xfs_log_sink *sink);
bool xfs_inode_item_cluster_chunk(struct xfs_log_item *lip, struct xfs_cluster_chunk *chunk);
/* Parts of it. */
void xfs_dinode_to_log(const struct xfs_dinode *dip, struct xfs_log_dinode *to);
/*
 * Convert the root of an extent tree, @root_bytes in the inode, to its form in the log: @to gets a
 * full block header and the keys and pointers in use.  Returns the size of that.
 */
uint32_t xfs_bmdr_to_log(const struct xfs_geometry *geo, xfs_ino_t ino, const void *root,
			 uint32_t root_bytes, void *to);

/* Allocate memory for an inode before its number is known; NULL with a message: there is none. */
struct xfs_inode *xfs_inode_alloc(struct xfs_mount *mp);
void xfs_inode_unalloc(struct xfs_mount *mp, struct xfs_inode *blank);
/*
 * Get the in-core inode of this number, referenced: from the cache, or a new one made of @blank.
 * Reads nothing.  @blank is consumed in either case.
 */
struct xfs_inode *xfs_inode_make(struct xfs_mount *mp, struct xfs_inode *blank, xfs_ino_t ino,
				 const struct xfs_imap *imap);
/* The inode, referenced, if it is in memory; else NULL. */
struct xfs_inode *xfs_inode_find(struct xfs_mount *mp, xfs_ino_t ino);
/* Take and put the log item's reference. */
void xfs_inode_pin(struct xfs_inode *ip);
void xfs_inode_unpin(struct xfs_inode *ip);

/* Choose and allocate a free inode, making a chunk if necessary. */
int xfs_dialloc(struct xfs_trans *tp, xfs_ino_t parent, uint16_t mode, xfs_ino_t *inop,
		struct xfs_imap *imap) XFS_MUST_CHECK;
/* Free an inode; *@chunk_gone: the chunk's blocks were freed with it. */
int xfs_difree(struct xfs_trans *tp, xfs_ino_t ino, bool *chunk_gone) XFS_MUST_CHECK;
/* Remove @rec, whose inodes are all free, and free its blocks. pag_lock held. */
int xfs_difree_chunk(struct xfs_trans *tp, struct xfs_perag *pag,
		     const struct xfs_inobt_rec_incore *rec, bool *chunk_gone) XFS_MUST_CHECK;

#endif
