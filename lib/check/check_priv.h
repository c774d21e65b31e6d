/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the checker.
 *
 * Rules of the folder:
 * - Only lib/disk (structs and constants), lib/base and the device calls are used.  The rules of
 *   the format are implemented a second time on purpose: the code that judges must not repeat a
 *   mistake of the code that writes.
 * - Nothing read is trusted: every block number is checked before use, every count is limited by
 *   its block, trees are walked with a stack of fixed depth, and a metadata block is entered once
 *   (xfs_check::seen), so that circular pointers end.
 * - A damaged structure is a finding, and the walk continues beside it.  Only failures of the
 *   checker itself are errors; the first one is kept in xfs_check::error and ends all loops through
 *   xfs_check::stop.
 * - Memory follows the metadata: 24 bytes per mapped extent that does not continue its predecessor,
 *   8 per free extent, 9 per inode (17 with parent pointers), 24 per directory, 43 to 86 per owner
 *   of each quota type that is on, and the working set of one AG or directory.
 */
#ifndef CHECK_PRIV_H
#define CHECK_PRIV_H

#include <xfswrite/check.h>
#include "base/compiler.h"
#include "base/endian.h"
#include "base/mem.h"
#include "base/types.h"
#include "disk/ag.h"
#include "disk/btree.h"
#include "disk/inode.h"
#include "disk/sb.h"

#define XFS_CHECK_MAX_LEVELS	12u	/* no tree of any format is deeper */
#define XFS_CHECK_AG_SECTORS	4u	/* superblock, AGF, AGI, AGFL */
#define XFS_CHECK_FORKOFF_UNIT	8u	/* units of di_forkoff */
#define XFS_CHECK_MAX_KEY	(2 * sizeof(struct xfs_rmap_key))	/* low and high */
#define XFS_CHECK_DA_LEVELS	6u	/* leaves and up to five levels of nodes */
#define XFS_CHECK_BAD_BLOCKS	64u	/* bad blocks in a row after which a directory is given
					 * up */

/* A growing array. */
struct xfs_check_vec {
	void *v;
	size_t n, cap;
};

/* A set of 64-bit numbers below 2^64 - 1. */
struct xfs_check_set {
	uint64_t *slot;			/* ~0: free */
	size_t n, cap;
};

/* What follows from the superblock, computed without lib/disk. */
struct xfs_check_geo {
	uint32_t blocksize, sectsize, isize, dirblksize;
	uint32_t blocklog, inodelog, inopblog, agblklog, agino_log;
	uint32_t inopblock;
	uint32_t dirfsb;		/* blocks per directory block */
	uint32_t agblocks;
	uint32_t agcount;		/* those on the device */
	uint64_t dblocks;
	uint32_t agfl_block, agfl_slots;
	bool finobt, rmapbt, reflink, inobtcnt, spinodes, bigtime, nrext64, parent, metadir,
	     zoned, ftype, ascii_ci, rt;
	uint32_t inoalignmt, spino_align;
	uint32_t cluster_blks;		/* of an inode cluster */
	uint32_t cluster_align;		/* blocks; limits valid inode numbers */
	uint32_t ialloc_inos, ialloc_blks;
	uint32_t alloc_mxr[2], inobt_mxr[2], rmap_mxr[2], refc_mxr[2];	/* leaf, node */
	uint32_t bmbt_mxr;
	uint32_t alloc_maxlevels, inobt_maxlevels, rmap_maxlevels, refc_maxlevels;
	uint32_t bmbt_maxlevels[2][2];	/* [attr fork][NREXT64] */
	uint64_t leafblk, freeblk;	/* where a directory's index spaces begin */
	xfs_uuid_t uuid, meta_uuid;
	uint64_t rblocks, rextents;
	uint32_t rextsize, rgcount, rgextents, rgblklog;
};

/*
 * A run of blocks with its owner, in the form of an rmap record: special owners are negative,
 * @offset contains the flags of XFS_RMAP_OFF_*.
 */
struct xfs_check_span {
	uint32_t start, len;
	uint64_t owner, offset;
};

struct xfs_check_free {
	uint32_t start, len;
};

/* Result of the inode walk for the 64 inodes of a record. */
struct xfs_check_chunk_info {
	uint32_t nlink[XFS_INODES_PER_CHUNK];
	uint32_t refs[XFS_INODES_PER_CHUNK];	/* references found: entries, "." and ".." */
	uint8_t what[XFS_INODES_PER_CHUNK];	/* XFS_CHECK_INO_* */
	uint64_t parents[];		/* with PARENT: sum over entries minus sum over parent
					 * pointers */
};
#define XFS_CHECK_INO_FTYPE	0x0f	/* type as in directories; 0: unknown */
#define XFS_CHECK_INO_REFLINK	0x10
#define XFS_CHECK_INO_META	0x20	/* in the metadata directory tree */
#define XFS_CHECK_INO_INUSE	0x40
#define XFS_CHECK_INO_BAD	0x80	/* unreadable: proves nothing */

struct xfs_check_chunk {
	uint32_t startino;
	uint16_t holemask;
	uint8_t count, freecount;
	uint64_t free;
	struct xfs_check_chunk_info *info;	/* NULL: none of its inodes was readable */
};

struct xfs_check_ag {
	uint32_t length;
	bool agf_ok, agi_ok;		/* roots and levels below may be used */
	bool free_ok, rmap_ok, refc_ok, inobt_ok;	/* that tree was walked completely */
	uint32_t bno_root, bno_level, cnt_root, cnt_level, rmap_root, rmap_level,
		 refc_root, refc_level, ino_root, ino_level, fino_root, fino_level;
	uint32_t freeblks, btreeblks, flcount;	/* as counted */
	uint64_t icount, ifree;
	struct xfs_check_vec spans;	/* struct xfs_check_span */
	struct xfs_check_vec free;	/* struct xfs_check_free, ascending */
	struct xfs_check_vec chunks;	/* struct xfs_check_chunk, ascending */
};

struct xfs_check_dir {
	xfs_ino_t ino, parent, dotdot;	/* NULLFSINO: none found */
};

/* An inode on an unlinked list. */
struct xfs_check_unlinked {
	xfs_ino_t ino;
};

/* Usage of one user, group or project. */
struct xfs_check_owner {
	uint32_t id;
	bool recorded;			/* its quota record was seen */
	uint64_t inodes;		/* 0: the slot is free */
	uint64_t blocks, rtblocks;
};

struct xfs_check_owners {
	struct xfs_check_owner *v;	/* a hash table of @cap slots, a power of two */
	size_t n, cap;
};

#define XFS_CHECK_QUOTA_TYPES	3u	/* user, group, project */

struct xfs_check_quota {
	struct xfs_check_owners owners[XFS_CHECK_QUOTA_TYPES];
	xfs_ino_t ino[XFS_CHECK_QUOTA_TYPES];	/* METADIR: the quota files, as inodes tell; 0:
						 * none */
	bool unsure;			/* an inode or fork was unreadable, so the counts prove
					 * nothing */
};

struct xfs_check_cache {
	uint64_t *fsbno;		/* ~0: slot empty */
	uint8_t *data;
	uint32_t slots;			/* power of two */
};

/* State of the log; positions are in 512-byte blocks. */
struct xfs_check_log_state {
	uint32_t head, head_cycle;	/* where the next record goes */
	uint32_t last;			/* the last record */
	uint32_t tail;			/* as in the last record */
	uint32_t first;			/* where replay starts; the head if clean */
	bool clean, torn;
	uint32_t torn_block;		/* first incomplete record */
	/* of a dirty log, between tail and head: */
	uint64_t records, transactions, uncommitted, ops;
};

struct xfs_check {
	struct xfs_device *dev, *logdev;
	struct xfs_check_options opts;
	struct xfs_check_summary sum;
	struct xfs_mem mem;
	int error;			/* first error of the checker itself */
	bool stop;			/* @error is set, or there are enough findings */
	bool cancelled;			/* by a caller's hook */

	uint64_t dev_bytes, logdev_bytes;
	uint32_t sector;		/* reads are multiples of it */
	uint8_t *bounce;
	struct xfs_check_cache cache;

	struct xfs_check_geo g;
	struct xfs_sb sb;
	bool log_known, log_clean;
	uint64_t head_lsn;		/* every LSN in metadata is below it */
	struct xfs_check_log_state log;

	struct xfs_check_ag *ag;	/* [g.agcount] */
	struct xfs_check_set seen;	/* metadata blocks entered so far */
	struct xfs_check_vec dirs;	/* struct xfs_check_dir, ascending */
	struct xfs_check_vec unlinked;	/* struct xfs_check_unlinked, ascending */
	struct xfs_check_vec dfork, afork;	/* struct xfs_check_ext: the current inode's
						 * forks */
	struct xfs_check_quota quota;
	uint8_t *level_buf[XFS_CHECK_MAX_LEVELS];	/* one block each, for tree walks */
	uint8_t *inode_buf;		/* a chunk of inodes */
	uint8_t *da_buf[XFS_CHECK_DA_LEVELS];	/* a directory block each, by level */
	uint8_t *dir_buf; /* 64 KiB: another directory block, or an extent of a symlink */
	uint8_t *value_buf;		/* 64 KiB: an attribute value */
	uint8_t *dir_inode;		/* the current directory */
};

/* Place of a finding: an AG (or -1), a block in it (or ~0), an inode (or ~0). */
struct xfs_check_place {
	const char *structure;
	int64_t agno;
	uint64_t block;
	xfs_ino_t ino;
};

static inline struct xfs_check_place xfs_check_at(const char *structure, int64_t agno,
						  uint64_t block, xfs_ino_t ino)
{
	return (struct xfs_check_place){ structure, agno, block, ino };
}
#define XFS_CHECK_NOBLOCK	(~0ull)
#define XFS_CHECK_NOINO		(~0ull)

/* ---- check.c ---- */
/*
 * Read the superblock and prepare.  Close *@chkp even after an error, unless it is NULL.  If this
 * returns 0 with @stop set, the geometry is unusable.
 */
int xfs_check_open(struct xfs_device *dev, struct xfs_device *logdev,
		   const struct xfs_check_options *opts, struct xfs_check **chkp);
void xfs_check_close(struct xfs_check *chk);

/* ---- util.c ---- */
void xfs_check_report(struct xfs_check *chk, struct xfs_check_place at, const char *fmt, ...)
	XFS_PRINTF(3, 4);
void xfs_check_fail(struct xfs_check *chk, int error);
/* A caller's hook asked to stop: the check ends with -ECANCELED. */
void xfs_check_cancel(struct xfs_check *chk);
void xfs_check_progress(struct xfs_check *chk, const char *phase, uint64_t done, uint64_t total);
/* Append one element of @size bytes; NULL: out of memory, and the check fails with -ENOMEM. */
void *xfs_check_push(struct xfs_check *chk, struct xfs_check_vec *vec, size_t size);
/* Search elements of @size bytes that begin with the key and ascend by it; NULL: none. */
void *xfs_check_find_ino(const struct xfs_check_vec *vec, size_t size, xfs_ino_t ino);
void *xfs_check_find_u32(const struct xfs_check_vec *vec, size_t size, uint32_t key);
void xfs_check_vec_free(struct xfs_check *chk, struct xfs_check_vec *vec);
/* True if @key was not in the set; false also if memory ran out. */
bool xfs_check_set_add(struct xfs_check *chk, struct xfs_check_set *set, uint64_t key);
void xfs_check_set_free(struct xfs_check *chk, struct xfs_check_set *set);
/* Checks of the fields that every self-describing header has. */
void xfs_check_uuid(struct xfs_check *chk, struct xfs_check_place at, const xfs_uuid_t *uuid);
void xfs_check_lsn(struct xfs_check *chk, struct xfs_check_place at, uint64_t lsn);
bool xfs_check_zeros(const void *p, size_t len);
uint32_t xfs_check_dahash(const uint8_t *name, size_t len);
/* Comparison of names as in directories: with ASCIICI, case is ignored. */
uint8_t xfs_check_fold(const struct xfs_check *chk, uint8_t c);
bool xfs_check_same_name(const struct xfs_check *chk, const uint8_t *a, const uint8_t *b,
			 size_t len);
uint32_t xfs_check_dirhash(const struct xfs_check *chk, const uint8_t *name, size_t len);
/* A name for a message: printable, at most 40 bytes. */
struct xfs_check_name { char s[164]; };
struct xfs_check_name xfs_check_name(const uint8_t *name, size_t len);

/* ---- io.c ---- */
int xfs_check_io_init(struct xfs_check *chk);
int xfs_check_cache_init(struct xfs_check *chk);
void xfs_check_io_exit(struct xfs_check *chk);
/* Read any bytes of the data device; -EIO past its end. */
int xfs_check_read(struct xfs_check *chk, uint64_t offset, void *buf, size_t len);
/* Read one block; the address must be valid. */
int xfs_check_read_block(struct xfs_check *chk, uint32_t agno, uint32_t agbno, void *buf);
int xfs_check_read_log(struct xfs_check *chk, uint32_t bb, void *buf, uint32_t nr_bb);

/* ---- log_scan.c: every block of the log, read once from the first to the last ---- */
/* The blocks from @bb to the next run have this cycle ("turn" of the log). */
struct xfs_check_turn {
	uint32_t bb, cycle;
};

struct xfs_check_scan {
	struct xfs_check *chk;
	uint32_t nr_bb;
	struct xfs_check_vec turns;	/* struct xfs_check_turn, ascending */
	uint32_t first_cycle, last_cycle;	/* of the first and the last block */
	uint64_t *header;		/* [nr_bb] bits: a record starts there */
	uint8_t *piece;			/* of the log, as read ... */
	uint32_t piece_bb, piece_len;	/* ... starting here, of this length */
	bool failed;			/* a read failed */
};

/* A record header in host order. */
struct xfs_check_record {
	uint32_t bb;			/* where it begins */
	uint32_t cycle, version, len, size, ops, fmt, crc;
	uint64_t lsn, tail_lsn;
	xfs_uuid_t uuid;
	uint32_t header_bb;		/* blocks of headers */
	uint64_t all_bb;		/* including its data */
};

/* False: a read failed (@failed), or out of memory. */
bool xfs_check_scan_log(struct xfs_check_scan *scan);
void xfs_check_scan_free(struct xfs_check_scan *scan);
static inline bool xfs_check_scan_header(const struct xfs_check_scan *scan, uint32_t bb)
{
	return scan->header[bb / 64] >> (bb % 64) & 1;
}
/* The nearest record before @bb, going back at most @max blocks; ~0: none. */
uint32_t xfs_check_scan_before(const struct xfs_check_scan *scan, uint32_t bb, uint32_t max,
			       bool wrap);
/* The first record at or after @bb and before @end; ~0: none. */
uint32_t xfs_check_scan_behind(const struct xfs_check_scan *scan, uint32_t bb, uint32_t end);
/* Where the cycle changes, or an earlier hole left by a write that never reached the device. */
uint32_t xfs_check_scan_end(const struct xfs_check_scan *scan);
/* Number of blocks whose cycle does not fit a log with this head; *@first is one of them. */
uint32_t xfs_check_scan_strays(const struct xfs_check_scan *scan, uint32_t head, uint32_t cycle,
			       struct xfs_check_turn *first);
/* Read @n blocks from @bb on, wrapping at the end of the log. */
bool xfs_check_scan_read(struct xfs_check_scan *scan, uint32_t bb, uint32_t n, void *buf);
bool xfs_check_scan_record(struct xfs_check_scan *scan, uint32_t bb, struct xfs_check_record *rec);

static inline uint32_t xfs_check_scan_dist(const struct xfs_check_scan *scan, uint32_t from,
					   uint32_t to)
{
	return to >= from ? to - from : to + scan->nr_bb - from;
}

/* ---- log_trans.c, log_items.c: what the records of a dirty log hold ---- */
#define XFS_CHECK_LOG_FORMAT	96u	/* bytes kept of an item's first region ... */
#define XFS_CHECK_LOG_SECOND	176u	/* ... and of its second: an inode core */
#define XFS_CHECK_LOG_REGIONS	5u	/* most in an item that is not a buffer */

struct xfs_check_log_item {
	uint32_t bb;			/* record where it begins */
	uint16_t type, size, count;	/* regions announced, regions begun */
	uint32_t len[XFS_CHECK_LOG_REGIONS];
	uint32_t region_len;		/* of the last one, so far */
	uint32_t chunk;			/* buffers: where the next region starts in the map */
	bool more;			/* dropped bytes of the first region contain ones */
	uint8_t format[XFS_CHECK_LOG_FORMAT];
	uint8_t second[XFS_CHECK_LOG_SECOND];
	char fault[160];		/* empty: no fault so far */
};

/* A region, or with @last the whole item, is complete: check it. */
void xfs_check_log_item(struct xfs_check *chk, const struct xfs_check_geo *g,
			struct xfs_check_log_item *item, bool last);
/* Size of the file system in a logged superblock; 0: the item is none. */
uint64_t xfs_check_log_grown(const struct xfs_check_log_item *item);

struct xfs_check_log_trans;
struct xfs_check_log_table {
	struct xfs_check *chk;
	struct xfs_check_geo g;		/* as large as committed superblocks say */
	struct xfs_check_log_trans *open;
	uint32_t nr_open;
};
bool xfs_check_log_table_init(struct xfs_check_log_table *table);
/* Forget the open transactions. */
void xfs_check_log_table_reset(struct xfs_check_log_table *table);
void xfs_check_log_table_free(struct xfs_check_log_table *table);
/* Process the operations of a record whose data is unstamped; false: damage. */
bool xfs_check_log_ops(struct xfs_check_log_table *table, const struct xfs_check_record *rec,
		       const uint8_t *data);

/* ---- sb.c ---- */
int xfs_check_sb(struct xfs_check *chk);
void xfs_check_secondary_sb(struct xfs_check *chk, uint32_t agno, const uint8_t *sector);
/*
 * Compute only what is needed to find things; no findings.  -EINVAL: not a usable XFS v5
 * superblock.
 */
int xfs_check_geometry(struct xfs_check *chk, const struct xfs_sb *sb);

static inline uint64_t xfs_check_daddr(const struct xfs_check_geo *g, uint32_t agno, uint32_t agbno)
{
	return (((uint64_t)agno * g->agblocks + agbno) << g->blocklog) >> XFS_BB_SHIFT;
}

static inline uint64_t xfs_check_fsbno(const struct xfs_check_geo *g, uint32_t agno, uint32_t agbno)
{
	return (uint64_t)agno << g->agblklog | agbno;
}

uint32_t xfs_check_ag_length(const struct xfs_check_geo *g, uint32_t agno);
/* Split @fsbno; false if any of the @len blocks cannot have an owner. */
bool xfs_check_fsb(const struct xfs_check_geo *g, uint64_t fsbno, uint64_t len, uint32_t *agno,
		   uint32_t *agbno);
bool xfs_check_agbno(const struct xfs_check_geo *g, uint32_t agno, uint64_t agbno, uint64_t len);
bool xfs_check_ino_valid(const struct xfs_check_geo *g, xfs_ino_t ino);
bool xfs_check_agino_valid(const struct xfs_check_geo *g, uint32_t agno, uint64_t agino);
/* True for an inode that a directory entry may name. */
bool xfs_check_dir_ino_valid(const struct xfs_check *chk, xfs_ino_t ino);
bool xfs_check_is_internal(const struct xfs_check *chk, xfs_ino_t ino);

static inline uint32_t xfs_check_ino_agno(const struct xfs_check_geo *g, xfs_ino_t ino)
{
	return (uint32_t)(ino >> g->agino_log);
}

static inline uint32_t xfs_check_ino_agino(const struct xfs_check_geo *g, xfs_ino_t ino)
{
	return (uint32_t)(ino & ((1ull << g->agino_log) - 1));
}

static inline xfs_ino_t xfs_check_ino(const struct xfs_check_geo *g, uint32_t agno, uint32_t agino)
{
	return (uint64_t)agno << g->agino_log | agino;
}

/* ---- log.c ---- */
void xfs_check_log(struct xfs_check *chk);

/* ---- btree.c: any B+tree, walked from its root, left to right ---- */
struct xfs_check_bt_type {
	const char *name;
	uint32_t magic;
	uint32_t reclen, keylen; /* of one key; a node of an overlapping tree has two per entry */
	bool overlapping;
	bool longptr;			/* 64-bit pointers and owner inode */
	uint64_t owner;			/* of blocks of an AG's tree, as in the reverse map */
	int (*cmp)(const uint8_t *a, const uint8_t *b);		/* two keys */
	void (*low_key)(const uint8_t *rec, uint8_t *key);
	void (*high_key)(const uint8_t *rec, uint8_t *key);	/* overlapping trees only */
};

struct xfs_check_bt_level {
	const uint8_t *keys, *ptrs;	/* of the current node at this level */
	uint32_t nr, next;
	uint64_t prev, prev_right;	/* the previous block of this level */
	enum { XFS_CHECK_CHAIN_START, XFS_CHECK_CHAIN_KNOWN, XFS_CHECK_CHAIN_LOST } chain;
	bool have_last;
	uint8_t last[XFS_CHECK_MAX_KEY];		/* last key of this level */
	uint32_t last_agno, last_agbno;
};

struct xfs_check_bt {
	struct xfs_check *chk;
	const struct xfs_check_bt_type *type;
	uint32_t agno;			/* short trees */
	xfs_ino_t ino;			/* long trees */
	uint32_t mxr[2];		/* capacity of a leaf and of a node */
	struct xfs_check_set *seen;
	bool quiet;			/* second walk of a tree that was sound */
	bool root_in_inode;
	/* Callbacks: for each block of the tree; for each record, in order. */
	void (*block)(struct xfs_check_bt *bt, uint32_t agno, uint32_t agbno);
	void (*record)(struct xfs_check_bt *bt, const uint8_t *rec);
	void *ctx;
	/* results */
	uint64_t blocks, records;
	bool broken;			/* some part could not be walked */
	struct xfs_check_place at;	/* the block a record callback is called for */
	struct xfs_check_bt_level level[XFS_CHECK_MAX_LEVELS];
};

/* For keys that start with a 32-bit number which also starts the record. */
int xfs_check_cmp32(const uint8_t *a, const uint8_t *b);
void xfs_check_key32(const uint8_t *rec, uint8_t *key);
/* For xfs_check_bt::block: the block belongs to the tree's owner. */
void xfs_check_own_tree_block(struct xfs_check_bt *bt, uint32_t agno, uint32_t agbno);

void xfs_check_bt_walk(struct xfs_check_bt *bt, uint32_t root, uint32_t levels);
/* Walk a tree whose root entries are in an inode; @level >= 1. */
void xfs_check_bt_walk_inode(struct xfs_check_bt *bt, uint32_t level, uint32_t nr,
			     const uint8_t *keys, const uint8_t *ptrs);

/* ---- ag.c ---- */
void xfs_check_ags(struct xfs_check *chk);
/* Note that @len blocks belong to @owner; the range must be valid. */
void xfs_check_own(struct xfs_check *chk, uint32_t agno, uint32_t agbno, uint32_t len,
		   uint64_t owner, uint64_t offset);

/* ---- freesp.c, inobt.c, rmap.c, refcount.c: the trees of an AG ---- */
void xfs_check_freesp(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf);
void xfs_check_inobt(struct xfs_check *chk, uint32_t agno, const struct xfs_agi *agi);
void xfs_check_rmapbt(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf);
void xfs_check_refcountbt(struct xfs_check *chk, uint32_t agno, const struct xfs_agf *agf);
struct xfs_check_chunk *xfs_check_find_chunk(struct xfs_check *chk, xfs_ino_t ino);
/*
 * After the inodes: compare the records with what was found.  @spans is sorted by owner and merged.
 */
void xfs_check_rmap_compare(struct xfs_check *chk, uint32_t agno);
void xfs_check_refcount_compare(struct xfs_check *chk, uint32_t agno);

/* ---- inode.c, fork.c: inodes and what their forks map ---- */
struct xfs_check_inode {
	xfs_ino_t ino;
	const struct xfs_dinode *dip;
	struct xfs_check_place at;
	uint16_t mode;
	uint64_t size, nblocks, nextents, anextents;
	uint32_t gen;
	uint8_t format, aformat;	/* enum xfs_dinode_fmt */
	const uint8_t *dfork, *afork;	/* in the inode; afork is NULL if there is none */
	uint32_t dsize, asize;		/* their sizes in bytes */
	bool realtime, metadata, large_counts;
	uint64_t blocks;		/* counted while its forks are walked */
	uint64_t rtblocks;		/* of these, in the realtime section */
};

/* A mapping, kept for forks whose contents are checked. */
struct xfs_check_ext {
	uint64_t off, fsbno;		/* of a realtime file's data: a realtime block */
	uint32_t len;
	bool unwritten;
};

void xfs_check_inodes(struct xfs_check *chk);
/* Read inode @ino into @buf and parse it; false: it is unusable. */
bool xfs_check_load_inode(struct xfs_check *chk, xfs_ino_t ino, uint8_t *buf,
			  struct xfs_check_inode *ip);
/*
 * Walk the mappings of a fork that is not local.  @keep gets them in order.  The first walk reports
 * findings and counts owners and ip->blocks; with @quiet only @keep is filled.  False: part of the
 * fork could not be walked.
 */
bool xfs_check_fork(struct xfs_check *chk, struct xfs_check_inode *ip, int whichfork,
		    struct xfs_check_vec *keep, bool quiet);
/* Find the block at offset @off of a kept fork. */
bool xfs_check_ext_lookup(const struct xfs_check_vec *keep, uint64_t off, uint64_t *fsbno);
uint8_t xfs_check_ftype(uint16_t mode);
struct xfs_check_chunk_info *xfs_check_info(struct xfs_check *chk, xfs_ino_t ino, uint32_t *index);
bool xfs_check_on_unlinked(struct xfs_check *chk, xfs_ino_t ino);
/* Keys of reverse mapping records, of AGs and of the realtime section. */
void xfs_check_rmap_low_key(const uint8_t *rec, uint8_t *key);
void xfs_check_rmap_high_key(const uint8_t *rec, uint8_t *key);

/* ---- unlinked.c ---- */
void xfs_check_unlinked_lists(struct xfs_check *chk);

/* ---- symlink.c, attr.c, acl.c ---- */
void xfs_check_symlink(struct xfs_check *chk, struct xfs_check_inode *ip);
void xfs_check_attr(struct xfs_check *chk, struct xfs_check_inode *ip);

struct xfs_check_da;
struct xfs_dir2_leaf_entry;

struct xfs_check_attrwalk {
	struct xfs_check *chk;
	struct xfs_check_inode *ip;
	uint64_t used;			/* blocks of the fork whose use is known */
	struct xfs_check_vec remote;	/* struct xfs_check_ext: runs that hold remote values */
};

/* Check an attribute's name and, unless NULL, value; for every form of storage. */
void xfs_check_attr_entry(struct xfs_check_attrwalk *aw, struct xfs_check_place at, uint8_t flags,
			  const uint8_t *name, uint32_t namelen, const uint8_t *value,
			  uint32_t valuelen);
uint32_t xfs_check_attr_leaf(struct xfs_check_da *da, const uint8_t *buf, uint64_t dablk,
			     uint32_t *first, uint32_t *last);
void xfs_check_acl(struct xfs_check *chk, struct xfs_check_inode *ip, bool is_default,
		   const uint8_t *value, uint32_t len);

/* ---- da.c: the hashed tree of directories and attributes ---- */
struct xfs_check_da_level {
	uint32_t nr, next;
	uint64_t dablk, prev, prev_forw;
	enum { XFS_CHECK_DA_START, XFS_CHECK_DA_KNOWN, XFS_CHECK_DA_LOST } chain;
	bool have_hash;
	uint32_t last_hash;
};

struct xfs_check_da {
	struct xfs_check *chk;
	const struct xfs_check_inode *ip;
	const char *structure;		/* "directory" or "attr" */
	const struct xfs_check_vec *ext;
	uint32_t bytes, fsb;		/* of one block */
	uint64_t root;
	uint16_t leaf_magic;
	/*
	 * Check a leaf whose header is right.  Returns the number of entries, and sets the first
	 * and the last hash.
	 */
	uint32_t (*leaf)(struct xfs_check_da *da, const uint8_t *buf, uint64_t dablk,
			 uint32_t *first, uint32_t *last);
	void *ctx;
	/* results */
	struct xfs_check_place at;	/* the block at hand */
	struct xfs_check_set seen;	/* dablks of the tree; the caller frees it */
	bool broken;
	struct xfs_check_da_level level[XFS_CHECK_DA_LEVELS];
};

void xfs_check_da_walk(struct xfs_check_da *da);
/*
 * Read the @fsb blocks at @dablk of a kept fork into @buf; *@at is the place of the first.  False,
 * after a finding: not mapped or unreadable.
 */
bool xfs_check_da_read(struct xfs_check *chk, const struct xfs_check_vec *ext, uint64_t dablk,
		       uint32_t fsb, uint8_t *buf, struct xfs_check_place *at);
/* The address that the header of the block at *@at must carry. */
uint64_t xfs_check_da_blkno(const struct xfs_check *chk, const struct xfs_check_place *at);
/* Self-description of a block of a fork; @lsn is NULL if it has no meaningful LSN. */
struct xfs_check_self {
	const char *what;		/* begins what is reported */
	const uint8_t *buf;
	uint32_t bytes, crc_off;
	be64_t blkno, owner;
	const xfs_uuid_t *uuid;
	const be64_t *lsn;
};
/* Check that checksum, address, owner, UUID and LSN fit the block at @at. */
void xfs_check_self(struct xfs_check *chk, struct xfs_check_place at,
		    const struct xfs_check_self *self);
/*
 * Check magic (16 bits), checksum, address, owner, UUID and LSN of a da3 header; false: another
 * magic.
 */
bool xfs_check_da_header(struct xfs_check *chk, struct xfs_check_place at, const uint8_t *buf,
			 uint32_t bytes, uint16_t magic);

/* ---- dir.c, dir_data.c, dir_index.c ---- */
struct xfs_check_dent {
	uint32_t hash, addr;
	uint32_t mix;			/* another hash of the name */
};

struct xfs_check_best {
	uint32_t db;
	uint16_t best;
};

struct xfs_check_dirwalk {
	struct xfs_check *chk;
	struct xfs_check_inode *ip;
	struct xfs_check_dir *dir;
	struct xfs_check_vec dents;	/* struct xfs_check_dent */
	struct xfs_check_vec bests;	/* struct xfs_check_best, ascending */
	uint8_t *found;			/* bit per dent: it has a hash entry */
	uint64_t entries;		/* without "." and ".." */
	uint64_t index_blocks, free_blocks;	/* mapped in the leaf and free-index spaces */
	bool dot, dotdot;
	bool unlinked;			/* waiting to be freed: "." and ".." no longer count as
					 * links */
	bool data_broken;		/* dents or bests are incomplete */
};

void xfs_check_dirs(struct xfs_check *chk);
/* Check one entry of a directory other than "." and "..". */
void xfs_check_dirent(struct xfs_check_dirwalk *dw, struct xfs_check_place at, xfs_ino_t ino,
		      const uint8_t *name, uint32_t len, uint8_t ftype);
void xfs_check_dotdot(struct xfs_check_dirwalk *dw, struct xfs_check_place at, xfs_ino_t ino);
void xfs_check_ref(struct xfs_check *chk, xfs_ino_t ino);
struct xfs_check_dir *xfs_check_find_dir(struct xfs_check *chk, xfs_ino_t ino);
/* Check a data block whose entries are in [64, @end). */
void xfs_check_dir_data(struct xfs_check_dirwalk *dw, struct xfs_check_place at, const uint8_t *buf,
			uint32_t db, uint32_t end);
/* Report duplicate names, and sort the entries for the index. */
void xfs_check_dir_sort(struct xfs_check_dirwalk *dw);
void xfs_check_dir_hash_entries(struct xfs_check_dirwalk *dw, struct xfs_check_place at,
				const struct xfs_dir2_leaf_entry *ents, uint32_t count,
				uint32_t stale);
void xfs_check_dir_leaf1(struct xfs_check_dirwalk *dw);
void xfs_check_dir_node(struct xfs_check_dirwalk *dw);
/* After the index: report entries without a hash entry. */
void xfs_check_dir_unindexed(struct xfs_check_dirwalk *dw);

/* ---- links.c ---- */
void xfs_check_links(struct xfs_check *chk);
/* A number derived from what an entry and its parent pointer have in common, for summing. */
uint64_t xfs_check_parent_sum(xfs_ino_t parent, uint32_t gen, const uint8_t *name, uint32_t len);

/* ---- quota.c ---- */
/* After its forks were walked: charge the inode to its owners. */
void xfs_check_quota_inode(struct xfs_check *chk, const struct xfs_check_inode *ip);
/* Check the quota files, after all inodes. */
void xfs_check_quota(struct xfs_check *chk);
/* True if quota of some type is on and its counts were not compared. */
bool xfs_check_quota_skipped(const struct xfs_check *chk);
void xfs_check_quota_free(struct xfs_check *chk);
/* "user", "group", "project"; the file named in the superblock, 0: none. */
const char *xfs_check_quota_name(unsigned int t);
xfs_ino_t xfs_check_quota_ino(const struct xfs_check *chk, unsigned int t);

/* ---- space.c ---- */
void xfs_check_space(struct xfs_check *chk);
void xfs_check_sort_spans(struct xfs_check_span *v, size_t n);		/* as in the rmap tree */
void xfs_check_sort_by_owner(struct xfs_check_span *v, size_t n); /* by owner, offset, block */

/*
 * Define an in-place sort that needs no memory: quicksort that falls back to heapsort on
 * adversarial input.  @less is an expression over pointers a, b.
 */
#define XFS_CHECK_DEFINE_SORT(name, type, less)						\
static inline bool name##_less(const type *a, const type *b) { return less; }		\
static void name##_sift(type *v, size_t i, size_t n)					\
{											\
	for (;;) {									\
		size_t c = 2 * i + 1;							\
		type t;									\
											\
		if (c >= n)								\
			return;								\
		if (c + 1 < n && name##_less(&v[c], &v[c + 1]))				\
			c++;								\
		if (!name##_less(&v[i], &v[c]))						\
			return;								\
		t = v[i];								\
		v[i] = v[c];								\
		v[c] = t;								\
		i = c;									\
	}										\
}											\
static void name##_heap(type *v, size_t n)						\
{											\
	for (size_t i = n / 2; i-- > 0;)						\
		name##_sift(v, i, n);							\
	for (size_t i = n; i-- > 1;) {							\
		type t = v[0];								\
											\
		v[0] = v[i];								\
		v[i] = t;								\
		name##_sift(v, 0, i);							\
	}										\
}											\
static void name(type *v, size_t n)							\
{											\
	struct { type *v; size_t n; unsigned int depth; } todo[64];			\
	unsigned int nr = 0, depth = 0;							\
											\
	for (size_t m = n; m; m >>= 1)							\
		depth += 2;								\
	for (;;) {									\
		while (n > 16 && depth) {						\
			type p = v[n / 2], t;						\
			size_t i = 0, j = n - 1;					\
											\
			if (name##_less(&v[n - 1], &v[0])) {				\
				t = v[0]; v[0] = v[n - 1]; v[n - 1] = t;		\
			}								\
			if (name##_less(&p, &v[0]))					\
				p = v[0];						\
			else if (name##_less(&v[n - 1], &p))				\
				p = v[n - 1];						\
			for (;;) {							\
				while (name##_less(&v[i], &p))				\
					i++;						\
				while (name##_less(&p, &v[j]))				\
					j--;						\
				if (i >= j)						\
					break;						\
				t = v[i]; v[i] = v[j]; v[j] = t;			\
				i++;							\
				j--;							\
			}								\
			/* [0, i) is at most p, [i, n) at least p: neither empty */	\
			if (i == 0)							\
				i = 1;							\
			depth--;							\
			if (i < n - i) {						\
				todo[nr].v = v + i;					\
				todo[nr].n = n - i;					\
				todo[nr++].depth = depth;				\
				n = i;							\
			} else {							\
				todo[nr].v = v;						\
				todo[nr].n = i;						\
				todo[nr++].depth = depth;				\
				v += i;							\
				n -= i;							\
			}								\
		}									\
		if (n > 16) {								\
			name##_heap(v, n);						\
		} else {								\
			for (size_t i = 1; i < n; i++) {				\
				type t = v[i];						\
				size_t j = i;						\
											\
				for (; j && name##_less(&t, &v[j - 1]); j--)		\
					v[j] = v[j - 1];				\
				v[j] = t;						\
			}								\
		}									\
		if (!nr)								\
			return;								\
		nr--;									\
		v = todo[nr].v;								\
		n = todo[nr].n;								\
		depth = todo[nr].depth;							\
	}										\
}

#endif
