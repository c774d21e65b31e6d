/* SPDX-License-Identifier: MIT */
/*
 * Metadata buffers: a cache of verified blocks, keyed by address.
 *
 * (BUF-1) What a caller sees through xfs_buf_read() passed its verifier once, when it came from the
 *     device; its LSN was not ahead of the log (core/lsn.h).
 * (BUF-2) Contents are protected by the lock of their owner (the AG, the inode's ILOCK), not by the
 *     buffer: a transaction holds the checkpoint gate shared, and the contents are copied or
 *     written only while the gate is closed or the owner cannot change them.  b_lock covers
 *     reading, writing and inode clusters.
 * (BUF-3) A changed buffer is written in place only when it is stable (core/log_item.h); its LSN
 *     and CRC are stamped then, after its write verifier passed.  A write verifier that fails shuts
 *     down instead of writing.
 * (BUF-4) A freed block's buffer is made stale: it is never written, and the cache forgets it, so
 *     that no late write lands on the block's new contents.  With a journal it stays in the cache
 *     until the checkpoint that freed it is durable: who gets the same block meanwhile gets the
 *     same buffer, alive again.
 * (BUF-5) The memory that remembers which chunks of a buffer changed is had with the buffer, so
 *     that logging it cannot fail.
 *
 * One block of the file system may be cached as different buffers of smaller
 * size only where they do not overlap (AG headers are sectors).
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

/* What kind of block a buffer is. */
struct xfs_buf_ops {
	const char *name;		/* "AGF", "bnobt", "directory leaf" */
	uint16_t blft;			/* buffer type in log items */
	bool has_crc;
	uint16_t crc_off;		/* where the checksum stands */
	int16_t lsn_off;		/* where the LSN stands; -1: none */
	/* Structure of a block whose checksum was right; disk/'s pure verifiers. */
	xfs_failaddr_t (*verify)(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);
	/* Instead of has_crc, for buffers of many objects (inode clusters): check, stamp. */
	xfs_failaddr_t (*read_check)(const struct xfs_geometry *geo, const void *block, size_t len,
				     xfs_daddr_t daddr);
	void (*stamp)(const struct xfs_geometry *geo, void *block, size_t len, xfs_lsn_t lsn);
	/*
	 * For a place where a block of one of several kinds stands, such as the root of a
	 * directory's tree: the kind @block is, by its magic; NULL: none of them.  Such a
	 * table only goes to xfs_buf_read(); the buffer gets the one that was selected.
	 */
	const struct xfs_buf_ops *(*select)(const void *block, size_t len);
};

#define XFS_BUF_UPTODATE	(1u << 0)	/* contents are valid */
#define XFS_BUF_STALE		(1u << 1)	/* freed: never written */
#define XFS_BUF_UNHASHED	(1u << 2)	/* the cache does not know it any more */

struct xfs_buf {
	struct xfs_log_item b_item;
	struct xfs_mount *b_mount;		/* (c) */
	xfs_daddr_t b_daddr;			/* (c) of the first piece */
	uint32_t b_len;				/* (c) bytes */
	uint32_t b_flags;			/* (a) XFS_BUF_*; STALE changes under the cache lock */
	uint32_t b_ref;				/* (a) 0 is come to and left under the cache lock */
	int b_error;				/* (cache lock) of the last write */
	void *b_addr;				/* (c) b_len bytes, aligned for direct I/O */
	const struct xfs_buf_ops *b_ops;
	struct xfs_mutex b_lock;		/* BUF class, key: b_daddr */
	struct xfs_buf *b_hash_next;		/* (cache lock) */
	struct xfs_list b_lru;			/* (cache lock) */
	uint32_t b_nmaps;			/* (c) */
	struct xfs_buf_map *b_maps;		/* (c) NULL when b_nmaps is 1 */
	/*
	 * Journal: chunks of 128 bytes that were changed since the buffer was written in place.
	 * Protected as the contents are.
	 */
	uint64_t *b_dirty;			/* b_dirty_word, or memory of its own; NULL: no journal */
	uint64_t b_dirty_word;
	uint32_t b_dirty_chunks;		/* bits that are set */
	uint32_t b_icreate_blocks;		/* first cluster of new inodes: blocks of all of them */
};

/* What the log item of every buffer has. */
extern const struct xfs_log_item_ops xfs_buf_item_ops;
/* The primary superblock, as the journal has it. */
extern const struct xfs_buf_ops xfs_sb_buf_ops;

int xfs_buf_cache_init(struct xfs_mount *mp) XFS_MUST_CHECK;
void xfs_buf_cache_destroy(struct xfs_mount *mp);	/* drops everything, dirty or not */

/*
 * The buffer at @daddr, read and verified by @ops; a reference for the caller.
 * -EBADMSG, -EUCLEAN, -EIO (text set), -ENOMEM.  A cached buffer of other @ops
 * is verified again as @ops.
 */
int xfs_buf_read(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		 const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/* The same for a buffer in @nmaps pieces (a fragmented directory block). */
int xfs_buf_read_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		     const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/*
 * The buffer at @daddr for a newly allocated block: not read, zeroed; the caller
 * fills it and logs it whole.  Replaces what the cache held there.
 */
int xfs_buf_get(struct xfs_mount *mp, xfs_daddr_t daddr, uint32_t len,
		const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;
int xfs_buf_get_map(struct xfs_mount *mp, const struct xfs_buf_map *maps, uint32_t nmaps,
		    const struct xfs_buf_ops *ops, struct xfs_buf **bpp) XFS_MUST_CHECK;

/*
 * Before the first change of a transaction: have memory at hand for @n new buffers of @len bytes,
 * so that getting them does not fail in the middle (unless other threads are faster). -ENOMEM.
 */
int xfs_buf_prealloc(struct xfs_mount *mp, uint32_t len, uint32_t n) XFS_MUST_CHECK;

/* The buffer at @daddr if it is in the cache, with a reference; NULL: it is not. No I/O. */
struct xfs_buf *xfs_buf_peek(struct xfs_mount *mp, xfs_daddr_t daddr);

void xfs_buf_hold(struct xfs_buf *bp);
/* NULL is fine. */
void xfs_buf_put(struct xfs_buf *bp);

/*
 * The caller holds a reference (BUF-4); contents stay readable until it is put.  The cache goes on
 * knowing it if @keep.
 */
void xfs_buf_stale(struct xfs_buf *bp, bool keep);
/*
 * Verify, stamp and hand the buffer to the device queue; clean when the queue
 * is done.  The log item's push without a journal.
 */
int xfs_buf_write(struct xfs_buf *bp) XFS_MUST_CHECK;

/*
 * With a journal, in two steps.  While the gate is closed: copy @bp, which is not running, to
 * @copy, verified and stamped with the LSN of its newest durable checkpoint; nothing of it is
 * dirty then.  Later: hand the copy to the device queue, of which it is until the
 * queue was submitted.  A write that fails shuts the file system down.
 */
int xfs_buf_copy_out(struct xfs_buf *bp, void *copy) XFS_MUST_CHECK;
void xfs_buf_write_copy(struct xfs_buf *bp, const void *copy);

/* Bytes [@first, @last] of @bp changed; how many chunks became dirty by it. */
uint32_t xfs_buf_mark_dirty(struct xfs_buf *bp, uint32_t first, uint32_t last);
/* Most bytes that a chunk, and a buffer without any, takes in the journal. */
#define XFS_BUF_LOG_CHUNK_COST	(128u + 12u)
#define XFS_BUF_LOG_COST	(12u + 24u + 128u)

static inline struct xfs_buf *xfs_buf_of_item(struct xfs_log_item *lip)
{
	return container_of(lip, struct xfs_buf, b_item);
}

/*
 * Drop clean unreferenced buffers until at most @target_bytes remain, and the memory that is kept
 * for new ones.
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
