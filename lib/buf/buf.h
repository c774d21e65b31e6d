/* SPDX-License-Identifier: MIT */
/*
 * Metadata buffers: a cache of verified blocks, keyed by address.
 *
 * (BUF-1) Whatever a caller gets from xfs_buf_read() passed its verifier once, when it was read
 *     from the device, and its LSN was not ahead of the log (core/lsn.h).
 * (BUF-2) Contents are protected by the lock of their owner (the AG, the inode's ILOCK), not by the
 *     buffer.  A transaction holds cp_gate shared; contents are copied or written only while
 *     cp_gate is held exclusively or the owner cannot change them.  b_lock covers reading, writing
 *     and inode clusters.
 * (BUF-3) A changed buffer is written in place only when it is stable (core/log_item.h).  Its LSN
 *     and CRC are set then, after its write verifier passed.  If the verifier fails, the file
 *     system is shut down and nothing is written.
 * (BUF-4) The buffer of a freed block is made stale: it is never written and is dropped from the
 *     cache, so that no late write hits the block's new contents.  With a journal it stays in the
 *     cache until the checkpoint that freed it is durable: if the block is allocated again before,
 *     the same buffer is reused.
 * (BUF-5) The memory for a buffer's dirty-chunk bitmap is allocated with the buffer, so that
 *     logging it cannot fail.
 *
 * A file system block may be cached as several smaller buffers only if they do not overlap (AG
 * headers are sectors).
 */
#ifndef BUF_BUF_H
#define BUF_BUF_H

#include "core/log_item.h"
#include "core/mount.h"
#include "disk/log_item.h"

struct xfs_buf;

/* One contiguous piece of a buffer. */
struct xfs_buf_map {
	xfs_daddr_t bm_bn;
	uint32_t bm_len;		/* bytes */
};

/* The kind of block that a buffer holds. */
struct xfs_buf_ops {
	const char *name;		/* "AGF", "bnobt", "directory leaf" */
	uint16_t blft;			/* buffer type in log items */
	bool has_crc;
	uint16_t crc_off;		/* offset of the checksum */
	int16_t lsn_off;		/* offset of the LSN; -1: none */
	/* Verify a block whose checksum is right; a verifier of disk/, which does no I/O. */
	xfs_failaddr_t (*verify)(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);
	/*
	 * In place of has_crc, for buffers of many objects (inode clusters): check and stamp each.
	 */
	xfs_failaddr_t (*read_check)(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
	void (*stamp)(const struct xfs_geometry *geo, void *block, size_t len, xfs_lsn_t lsn);
	/*
	 * For a place that may hold one of several kinds, such as the root of a directory's tree:
	 * the kind of @block by its magic number, NULL if it is none of them.  Such ops are passed
	 * only to xfs_buf_read(); the buffer gets the ops that were selected.
	 */
	const struct xfs_buf_ops *(*select)(const void *block, size_t len);
};

#define XFS_BUF_UPTODATE	(1u << 0)	/* contents are valid */
#define XFS_BUF_STALE		(1u << 1)	/* freed: never written */
#define XFS_BUF_UNHASHED	(1u << 2)	/* dropped from the cache's hash */

struct xfs_buf {
	struct xfs_log_item b_item;
	struct xfs_mount *b_mount;		/* (c) */
	xfs_daddr_t b_daddr;			/* (c) of the first piece */
	uint32_t b_len;				/* (c) bytes */
	uint32_t b_flags;			/* (a) XFS_BUF_*; STALE changes under the cache
						 * lock */
	uint32_t b_ref;				/* (a) reaches and leaves 0 only under the cache
						 * lock */
	int b_error;				/* (cache lock) of the last write */
	void *b_addr;				/* (c) b_len bytes, aligned for direct I/O */
	const struct xfs_buf_ops *b_ops;
	struct xfs_mutex b_lock;		/* BUF class, key: b_daddr */
	struct xfs_buf *b_hash_next;		/* (cache lock) */
	struct xfs_list b_lru;			/* (cache lock) */
	uint32_t b_nmaps;			/* (c) */
	struct xfs_buf_map *b_maps;		/* (c) NULL if b_nmaps is 1 */
	/*
	 * Journal: chunks of 128 bytes changed since the buffer was last written in place.
	 * Protected like the contents.
	 */
	uint64_t *b_dirty;			/* b_dirty_word, or separate memory; NULL: no
						 * journal */
	uint64_t b_dirty_word;
	uint32_t b_dirty_chunks;		/* number of bits set */
	uint32_t b_icreate_blocks;		/* first cluster of a new chunk: blocks of the
						 * chunk */
};

/* Ops of every buffer's log item. */
extern const struct xfs_log_item_ops xfs_buf_item_ops;
/* The primary superblock, as the journal sees it. */
extern const struct xfs_buf_ops xfs_sb_buf_ops;

int xfs_buf_cache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_buf_cache_destroy(struct xfs_mount *mp);	/* drops everything, dirty or not */

/*
 * Get the buffer at @daddr, read and verified by @ops, with a reference.  -EBADMSG, -EUCLEAN, -EIO
 * (text set), -ENOMEM.  A cached buffer with other @ops is verified again with these.
 */
int xfs_buf_read(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		 const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/* The same for a buffer of @nmaps pieces (a fragmented directory block). */
int xfs_buf_read_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		     const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/*
 * Get the buffer of a newly allocated block: not read, zeroed; the caller fills it and logs all of
 * it.  Replaces whatever was cached there.
 */
int xfs_buf_get(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;
int xfs_buf_get_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		    const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/*
 * Before the first change of a transaction: allocate memory for @n new buffers of @len bytes, so
 * that getting them cannot fail halfway (unless other threads take it first).  -ENOMEM.
 */
int xfs_buf_prealloc(struct xfs_mount *mp, uint32_t len, uint32_t n) XFS_MUST_CHECK;

/* The buffer at @daddr if it is cached, with a reference; else NULL.  No I/O. */
struct xfs_buf *xfs_buf_peek(struct xfs_mount *mp, xfs_daddr_t daddr);

void xfs_buf_hold(struct xfs_buf *bp);
/* NULL is fine. */
void xfs_buf_put(struct xfs_buf *bp);

/*
 * Make the buffer of a freed block stale (BUF-4).  The caller holds a reference; contents stay
 * readable until it is put.  @keep: leave it in the cache.
 */
void xfs_buf_stale(struct xfs_buf *bp, bool keep);
/*
 * Verify and stamp the buffer and hand it to the device queue; it is clean when the queue is done.
 * The log item's push without a journal.
 */
int xfs_buf_write(struct xfs_buf *bp) XFS_MUST_CHECK;

/*
 * Write in place with a journal, in two steps.  With no transaction open: copy @bp, which is not
 * running, to @copy, verified and stamped with the LSN of its newest durable checkpoint; @bp then
 * has no dirty chunks.  Later: hand the copy, which must stay until the queue has been submitted,
 * to the device queue.  A write error shuts the file system down.
 */
int xfs_buf_copy_out(struct xfs_buf *bp, void *copy) XFS_MUST_CHECK;
void xfs_buf_write_copy(struct xfs_buf *bp, const void *copy);

/* Bytes [@first, @last] of @bp changed; returns how many more chunks are dirty. */
uint32_t xfs_buf_mark_dirty(struct xfs_buf *bp, uint32_t first, uint32_t last);
/* Upper bounds of the journal space of one chunk, and of a buffer without chunks. */
#define XFS_BUF_LOG_CHUNK_COST	(128u + 12u)
#define XFS_BUF_LOG_COST	(12u + 24u + 128u)

static inline struct xfs_buf *xfs_buf_of_item(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_buf, b_item);
}

/*
 * Free clean unreferenced buffers until at most @target_bytes remain, and the memory kept for new
 * buffers.
 */
void xfs_buf_shrink(struct xfs_mount *mp, uint64_t target_bytes);
uint64_t xfs_buf_cached_bytes(struct xfs_mount *mp);

static inline bool xfs_buf_flags_test(const struct xfs_buf *bp, uint32_t flags)
{
	return __atomic_load_n(&bp->b_flags, __ATOMIC_ACQUIRE) & flags;
}

static inline xfs_daddr_t xfs_buf_daddr(const struct xfs_buf *bp)
{
	return bp->b_daddr;
}

#endif
