/* SPDX-License-Identifier: MIT */
/*
 * The version 3 inode: a core of 176 bytes, then the literal area, which the data fork shares with
 * the attribute fork (from di_forkoff * 8 on).  Where a field has two forms (extent counters, time
 * stamps), the flags in this inode's di_flags2 decide, not the file system's features.
 */
#ifndef DISK_INODE_H
#define DISK_INODE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include "disk/btree.h"
#include "disk/geometry.h"

#define XFS_DINODE_MAGIC	0x494eu		/* "IN" */
#define XFS_DINODE_VERSION	3u
#define XFS_MAXLINK		((1u << 31) - 1)
#define XFS_NLINK_PINNED	0xffffffffu

struct xfs_dinode {
	be16_t		di_magic;
	be16_t		di_mode;		/* 0: free */
	uint8_t		di_version;
	uint8_t		di_format;		/* of the data fork */
	union {
		be16_t	di_onlink;		/* 0 */
		be16_t	di_metatype;		/* metadata inodes of METADIR */
	};
	be32_t		di_uid;
	be32_t		di_gid;
	be32_t		di_nlink;
	be16_t		di_projid_lo;
	be16_t		di_projid_hi;
	union {
		be64_t	di_big_nextents;	/* with XFS_DIFLAG2_NREXT64 */
		be64_t	di_v3_pad;		/* 0 without; ends in the old di_flushiter */
	};
	be64_t		di_atime;
	be64_t		di_mtime;
	be64_t		di_ctime;
	be64_t		di_size;
	be64_t		di_nblocks;
	be32_t		di_extsize;		/* blocks */
	union {
		struct {			/* without NREXT64 */
			be32_t	di_nextents;
			be16_t	di_anextents;
		};
		struct {			/* with NREXT64 */
			be32_t	di_big_anextents;
			be16_t	di_nrext64_pad;
		};
	};
	uint8_t		di_forkoff;		/* units of 8 bytes, 0: no attr fork */
	uint8_t		di_aformat;
	be32_t		di_dmevmask;
	be16_t		di_dmstate;
	be16_t		di_flags;
	be32_t		di_gen;
	be32_t		di_next_unlinked;	/* agino; not part of the logged core */
	le32_t		di_crc;			/* over the whole inode */
	be64_t		di_changecount;
	be64_t		di_lsn;
	be64_t		di_flags2;
	union {
		be32_t	di_cowextsize;		/* blocks */
		be32_t	di_used_blocks;		/* rt rmap inode of a zoned device */
	};
	uint8_t		di_pad2[12];
	be64_t		di_crtime;
	be64_t		di_ino;
	xfs_uuid_t	di_uuid;
	uint8_t		di_literal[];
};

#define XFS_DINODE_CRC_OFF	100
#define XFS_DINODE_LSN_OFF	112
#define XFS_DINODE_CORE_SIZE	176u
#define XFS_DINODE_NEXT_UNLINKED_OFF 96

enum xfs_dinode_fmt {
	XFS_DINODE_FMT_DEV,		/* special file: device number */
	XFS_DINODE_FMT_LOCAL,		/* the data itself */
	XFS_DINODE_FMT_EXTENTS,		/* array of struct xfs_bmbt_rec */
	XFS_DINODE_FMT_BTREE,		/* struct xfs_bmdr_block */
	XFS_DINODE_FMT_UUID,		/* never used */
	XFS_DINODE_FMT_META_BTREE,	/* rt rmap, rt refcount */
};

/* di_flags */
#define XFS_DIFLAG_REALTIME	0x0001
#define XFS_DIFLAG_PREALLOC	0x0002
#define XFS_DIFLAG_NEWRTBM	0x0004
#define XFS_DIFLAG_IMMUTABLE	0x0008
#define XFS_DIFLAG_APPEND	0x0010
#define XFS_DIFLAG_SYNC		0x0020
#define XFS_DIFLAG_NOATIME	0x0040
#define XFS_DIFLAG_NODUMP	0x0080
#define XFS_DIFLAG_RTINHERIT	0x0100
#define XFS_DIFLAG_PROJINHERIT	0x0200
#define XFS_DIFLAG_NOSYMLINKS	0x0400
#define XFS_DIFLAG_EXTSIZE	0x0800
#define XFS_DIFLAG_EXTSZINHERIT	0x1000
#define XFS_DIFLAG_NODEFRAG	0x2000
#define XFS_DIFLAG_FILESTREAM	0x4000
#define XFS_DIFLAG_ANY		0x7fff

/* di_flags2 */
#define XFS_DIFLAG2_DAX		(1ull << 0)
#define XFS_DIFLAG2_REFLINK	(1ull << 1)
#define XFS_DIFLAG2_COWEXTSIZE	(1ull << 2)
#define XFS_DIFLAG2_BIGTIME	(1ull << 3)
#define XFS_DIFLAG2_NREXT64	(1ull << 4)
#define XFS_DIFLAG2_METADATA	(1ull << 5)
#define XFS_DIFLAG2_ANY		((1ull << 6) - 1)

/* di_metatype */
enum xfs_metafile_type {
	XFS_METAFILE_UNKNOWN,
	XFS_METAFILE_DIR,
	XFS_METAFILE_USRQUOTA,
	XFS_METAFILE_GRPQUOTA,
	XFS_METAFILE_PRJQUOTA,
	XFS_METAFILE_RTBITMAP,
	XFS_METAFILE_RTSUMMARY,
	XFS_METAFILE_RTRMAP,
	XFS_METAFILE_RTREFCOUNT,
	XFS_METAFILE_MAX,
};

/* Flags of every inode in the metadata directory tree; directories also have NOSYMLINKS. */
#define XFS_METAFILE_DIFLAGS \
	(XFS_DIFLAG_IMMUTABLE | XFS_DIFLAG_SYNC | XFS_DIFLAG_NOATIME | XFS_DIFLAG_NODUMP | \
	 XFS_DIFLAG_NODEFRAG)
#define XFS_METADIR_DIFLAGS	(XFS_METAFILE_DIFLAGS | XFS_DIFLAG_NOSYMLINKS)

/* Largest extent counts of the two counter forms. */
#define XFS_MAX_EXTCNT_DATA_FORK_LARGE	((1ull << 48) - 1)
#define XFS_MAX_EXTCNT_ATTR_FORK_LARGE	((1ull << 32) - 1)
#define XFS_MAX_EXTCNT_DATA_FORK_SMALL	((1ull << 31) - 1)
#define XFS_MAX_EXTCNT_ATTR_FORK_SMALL	((1ull << 15) - 1)

enum xfs_fork_id {
	XFS_DATA_FORK,
	XFS_ATTR_FORK,
	XFS_COW_FORK,		/* memory only */
};

static inline uint64_t xfs_dinode_flags2(const struct xfs_dinode *dip)
{
	return be64_to_cpu(dip->di_flags2);
}

static inline bool xfs_dinode_has_bigtime(const struct xfs_dinode *dip)
{
	return (xfs_dinode_flags2(dip) & XFS_DIFLAG2_BIGTIME) != 0;
}

static inline bool xfs_dinode_has_large_extent_counts(const struct xfs_dinode *dip)
{
	return (xfs_dinode_flags2(dip) & XFS_DIFLAG2_NREXT64) != 0;
}

static inline bool xfs_dinode_is_metadata(const struct xfs_dinode *dip)
{
	return (xfs_dinode_flags2(dip) & XFS_DIFLAG2_METADATA) != 0;
}

/* Forks.  All of these trust the inode; xfs_dinode_verify() makes them safe. */

static inline unsigned int XFS_DFORK_BOFF(const struct xfs_dinode *dip)
{
	return (unsigned int)dip->di_forkoff << 3;
}

static inline bool XFS_DFORK_Q(const struct xfs_dinode *dip)
{
	return dip->di_forkoff != 0;
}

/* Bytes of a fork in the literal area. */
static inline unsigned int XFS_DFORK_DSIZE(const struct xfs_dinode *dip,
					   const struct xfs_geometry *geo)
{
	return dip->di_forkoff ? XFS_DFORK_BOFF(dip) : geo->litino;
}

static inline unsigned int XFS_DFORK_ASIZE(const struct xfs_dinode *dip,
					   const struct xfs_geometry *geo)
{
	return dip->di_forkoff ? geo->litino - XFS_DFORK_BOFF(dip) : 0;
}

static inline unsigned int XFS_DFORK_SIZE(const struct xfs_dinode *dip,
					  const struct xfs_geometry *geo, int whichfork)
{
	return whichfork == XFS_DATA_FORK ? XFS_DFORK_DSIZE(dip, geo) : XFS_DFORK_ASIZE(dip, geo);
}

static inline void *XFS_DFORK_DPTR(const struct xfs_dinode *dip)
{
	return (char *)(uintptr_t)dip + XFS_DINODE_CORE_SIZE;
}

static inline void *XFS_DFORK_APTR(const struct xfs_dinode *dip)
{
	return (char *)XFS_DFORK_DPTR(dip) + XFS_DFORK_BOFF(dip);
}

static inline void *XFS_DFORK_PTR(const struct xfs_dinode *dip, int whichfork)
{
	return whichfork == XFS_DATA_FORK ? XFS_DFORK_DPTR(dip) : XFS_DFORK_APTR(dip);
}

static inline unsigned int XFS_DFORK_FORMAT(const struct xfs_dinode *dip, int whichfork)
{
	return whichfork == XFS_DATA_FORK ? dip->di_format : dip->di_aformat;
}

static inline xfs_extnum_t xfs_dfork_data_extents(const struct xfs_dinode *dip)
{
	if (xfs_dinode_has_large_extent_counts(dip))
		return be64_to_cpu(dip->di_big_nextents);
	return be32_to_cpu(dip->di_nextents);
}

static inline xfs_extnum_t xfs_dfork_attr_extents(const struct xfs_dinode *dip)
{
	if (xfs_dinode_has_large_extent_counts(dip))
		return be32_to_cpu(dip->di_big_anextents);
	return be16_to_cpu(dip->di_anextents);
}

static inline xfs_extnum_t xfs_dfork_nextents(const struct xfs_dinode *dip, int whichfork)
{
	return whichfork == XFS_DATA_FORK ? xfs_dfork_data_extents(dip)
					  : xfs_dfork_attr_extents(dip);
}

static inline xfs_extnum_t xfs_iext_max_nextents(bool large, int whichfork)
{
	if (whichfork == XFS_ATTR_FORK)
		return large ? XFS_MAX_EXTCNT_ATTR_FORK_LARGE : XFS_MAX_EXTCNT_ATTR_FORK_SMALL;
	return large ? XFS_MAX_EXTCNT_DATA_FORK_LARGE : XFS_MAX_EXTCNT_DATA_FORK_SMALL;
}

static inline uint32_t xfs_dinode_projid(const struct xfs_dinode *dip)
{
	return (uint32_t)be16_to_cpu(dip->di_projid_hi) << 16 | be16_to_cpu(dip->di_projid_lo);
}

/*
 * The root of an extent tree in the inode: number of entries that fit into a fork of @fork_bytes,
 * and bytes that @nr entries take.  The pointers follow room for the maximum number of keys, so
 * they move with the fork size.
 */
static inline unsigned int xfs_bmdr_maxrecs(unsigned int fork_bytes)
{
	return fork_bytes < sizeof(struct xfs_bmdr_block)
		       ? 0
		       : (fork_bytes - (unsigned int)sizeof(struct xfs_bmdr_block)) /
				 (unsigned int)(sizeof(struct xfs_bmbt_key) +
						sizeof(xfs_bmbt_ptr_t));
}

static inline unsigned int xfs_bmdr_space(unsigned int nr)
{
	return (unsigned int)sizeof(struct xfs_bmdr_block) +
	       nr * (unsigned int)(sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));
}

/* Entry @i, from 1, of the root at @bmdr. */
static inline struct xfs_bmbt_key *xfs_bmdr_key_addr(const struct xfs_bmdr_block *bmdr,
						     unsigned int i)
{
	return xfs_btree_entry(bmdr, sizeof(*bmdr), sizeof(struct xfs_bmbt_key), i - 1);
}

static inline xfs_bmbt_ptr_t *xfs_bmdr_ptr_addr(const struct xfs_bmdr_block *bmdr, unsigned int i,
						unsigned int mxr)
{
	return xfs_btree_entry(bmdr, sizeof(*bmdr) + mxr * sizeof(struct xfs_bmbt_key),
			       sizeof(xfs_bmbt_ptr_t), i - 1);
}

/* Time stamps.  Legacy: 32 bits of seconds, 32 of nanoseconds; bigtime: ns since 1901. */
#define XFS_LEGACY_TIME_MIN	((int64_t)INT32_MIN)
#define XFS_LEGACY_TIME_MAX	((int64_t)INT32_MAX)
#define XFS_BIGTIME_EPOCH_OFFSET (-(int64_t)INT32_MIN)
#define XFS_BIGTIME_TIME_MIN	XFS_LEGACY_TIME_MIN
#define XFS_BIGTIME_TIME_MAX	((int64_t)16299260424)
#define XFS_NSEC_PER_SEC	1000000000u

static inline struct timespec xfs_inode_from_disk_ts(bool bigtime, be64_t ts)
{
	uint64_t v = be64_to_cpu(ts);
	struct timespec tv;

	if (bigtime) {
		tv.tv_sec = (time_t)(v / XFS_NSEC_PER_SEC) - (time_t)XFS_BIGTIME_EPOCH_OFFSET;
		tv.tv_nsec = (long)(v % XFS_NSEC_PER_SEC);
	} else {
		tv.tv_sec = (int32_t)(v >> 32);
		tv.tv_nsec = (long)(int32_t)v;
	}
	return tv;
}

/* Seconds outside the range of the encoding are clamped. */
be64_t xfs_inode_to_disk_ts(bool bigtime, struct timespec tv);

/* A device number in the data fork: 14 bits of major, 18 of minor. */
#define XFS_DEV_MINOR_BITS	18
#define XFS_DEV_MAJOR_MAX	0x1ffu
#define XFS_DEV_MINOR_MAX	((1u << XFS_DEV_MINOR_BITS) - 1)

static inline uint32_t xfs_sysv_encode_dev(uint32_t major, uint32_t minor)
{
	return major << XFS_DEV_MINOR_BITS | minor;
}

static inline uint32_t xfs_sysv_major(uint32_t dev)
{
	return dev >> XFS_DEV_MINOR_BITS & XFS_DEV_MAJOR_MAX;
}

static inline uint32_t xfs_sysv_minor(uint32_t dev)
{
	return dev & XFS_DEV_MINOR_MAX;
}

#endif
