/* SPDX-License-Identifier: MIT */
/* What the files of inode/ share. */
#ifndef INODE_INODE_PRIV_H
#define INODE_INODE_PRIV_H

#include "disk/irec.h"
#include "inode/inode.h"

struct xfs_inode_cache {
	struct xfs_mutex ic_lock;	/* LEAF class; members marked (h) */
	struct xfs_inode **ic_hash;
	uint32_t ic_hash_log;
	uint64_t ic_count;		/* in the hash */
	struct xfs_cond ic_wake;	/* an inode was read */
	/* Without a reference, oldest first; the first of these lists is emptied first. */
	struct xfs_list ic_lru_once, ic_lru;
	struct xfs_list ic_tagged;	/* without one too: past their ends, or in their CoW forks, is what only reclaim/ gets back */
	uint64_t ic_unused_bytes;	/* that these keep */
	uint64_t ic_once_bytes;		/* of these on ic_lru_once */
	struct xfs_list ic_unlinked;	/* (ICACHE-2) to be freed; each has a reference */
	uint64_t ic_nr_unlinked;	/* of these not tried yet; may be read without the lock */
	struct xfs_pool ic_pool;	/* struct xfs_inode */
};

/* icache.c, for the files of the cache.  ic_lock held, but for the last two. */
void xfs_icache_hold(struct xfs_inode_cache *cache, struct xfs_inode *ip);
void xfs_icache_unhash(struct xfs_inode_cache *cache, struct xfs_inode *ip);
/* The last reference is gone. */
void xfs_icache_to_lru(struct xfs_inode_cache *cache, struct xfs_inode *ip);
/* Nobody else knows @ip any more.  No lock held: the page cache has its own. */
void xfs_icache_free(struct xfs_inode_cache *cache, struct xfs_inode *ip);
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
