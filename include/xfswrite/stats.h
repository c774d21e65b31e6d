/* SPDX-License-Identifier: MIT */
/*
 * What a file system has done since it was opened, by the names of the kernel's statistics
 * (/sys/fs/xfs/.../stats).
 */
#ifndef XFSWRITE_STATS_H
#define XFSWRITE_STATS_H

#include <xfswrite/xfswrite.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xfs_stats xfs_stats_t;

/*
 * Counts; members of a line are in the kernel's order.  What the kernel counts and the library does
 * not have (aborted transactions, B+tree steps, quota) is left out.
 */
struct xfs_stats {
	uint32_t size;			/* in: its sizeof; at least up to @xs_freeb */
	uint32_t reserved;
	/* extent_alloc: extents, blocks allocated; extents, blocks freed; metadata included */
	uint64_t xs_allocx, xs_allocb, xs_freex, xs_freeb;
	/* blk_map: mappings looked up, made for writing, removed; extent records added, removed */
	uint64_t xs_blk_mapr, xs_blk_mapw, xs_blk_unmap, xs_add_exlist, xs_del_exlist;
	/* dir: names looked up, made, removed; batches of entries read */
	uint64_t xs_dir_lookup, xs_dir_create, xs_dir_remove, xs_dir_getdents;
	/* trans: synchronous (always 0); that changed something; that did not */
	uint64_t xs_trans_sync, xs_trans_async, xs_trans_empty;
	/* ig: inodes looked up by number, found in memory, read; attribute changes (chmod ...) */
	uint64_t xs_ig_attempts, xs_ig_found, xs_ig_missed, xs_ig_attrchg;
	/* log: checkpoints, their 512-byte blocks; forces; forces that waited for another */
	uint64_t xs_log_writes, xs_log_blocks, xs_log_force, xs_log_force_sleep;
	/* xstrat: delayed allocations converted; split is always 0 */
	uint64_t xs_xstrat_quick, xs_xstrat_split;
	/* rw: calls, including those that moved nothing */
	uint64_t xs_write_calls, xs_read_calls;
	/* attr: extended attributes read, set, removed, listed */
	uint64_t xs_attr_get, xs_attr_set, xs_attr_remove, xs_attr_list;
	/* xpc, bytes: of delayed allocations converted; written to files; read from them */
	uint64_t xs_xstrat_bytes, xs_write_bytes, xs_read_bytes;
	/* Not the kernel's: blocks preallocated past ends of files; reserved for copy-on-write */
	uint64_t prealloc_blocks, cow_blocks;
	/* Not the kernel's: scans that free such blocks; calls tried again after reclaiming */
	uint64_t blockgc_scans, retries;
};
#define XFS_STATS_INIT	XFS_SIZED_INIT(struct xfs_stats)

/*
 * Tell what a file system has done since it was opened.  @stats->size must be set.  Counting takes
 * no locks: parts of calls that are running may be missing.
 *
 * Returns 0.
 *
 * Errors: those of every call.
 */
XFS_API int xfs_get_stats(struct xfs_mount *mp, struct xfs_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
