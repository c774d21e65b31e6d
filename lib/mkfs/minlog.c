/* SPDX-License-Identifier: MIT */
/*
 * The smallest log.
 *
 * A kernel refuses to mount a file system whose log cannot hold several of the largest transactions
 * it may have to write.  The bound is computed from the worst case of every kind of transaction:
 * how many buffers of which size, and how many inodes, it may log.  The sums below follow the
 * kernel's computation to the byte, oddities included, because with a smaller result mkfs would
 * make file systems that no kernel mounts.
 *
 * There are two cases.  With parent pointers the kernel uses the real reservations.  Without them
 * it uses those from before deferred reference count updates, so that the logs of existing file
 * systems stay large enough: with more references, a fixed height of the reverse mapping tree, and
 * counts of 8.
 *
 * With the reverse map but without reflink, mkfs.xfs 6.1 computes a smaller log (878 blocks of 4096
 * bytes instead of 975), which current kernels refuse.
 */
#include "disk/inode.h"
#include "mkfs/mkfs_priv.h"

#define LOG_OVERHEAD	128u	/* item and region headers of one buffer */
#define FIXED		768u	/* quota and superblock changes any transaction may carry */
#define RECORD_DATA	(262144u - 4096u)

/* A reservation in bytes, and how often a rolling transaction renews it. */
struct resv {
	uint64_t bytes;
	unsigned int count;
};

/* Inputs. */
struct params {
	uint64_t b, s, z;		/* block, sector, inode size */
	uint64_t d;			/* blocks of a directory block */
	uint64_t alloc, rmap, refc, inobt; /* heights; 0: no such tree */
	uint64_t data_fork, attr_fork;	/* heights */
	uint64_t cluster_bytes, chunk_blocks;
	uint64_t alloc_leaf;		/* records of a free space leaf */
	bool has_finobt, has_rmapbt, has_reflink, has_parent;
	bool old_refcounts;		/* use the reservations of the second case */
};

static uint64_t max2(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t max3(uint64_t a, uint64_t b, uint64_t c)
{
	return max2(max2(a, b), c);
}

/* Log bytes of @n buffers of @x bytes; of @n inodes. */
static uint64_t buf(uint64_t n, uint64_t x)
{
	return n * (x + LOG_OVERHEAD);
}

static uint64_t ino(const struct params *p, uint64_t n)
{
	return n * (p->z + 248);
}

/* Free-space tree blocks that change when @n extents are allocated or freed. */
static uint64_t alloc_blocks(const struct params *p, uint64_t n)
{
	uint64_t blocks = 2 * n * (2 * p->alloc - 1);

	if (p->has_rmapbt)
		blocks += n * (2 * p->rmap - 1);
	return blocks;
}

/* Refcount tree blocks, likewise. */
static uint64_t refc_blocks(const struct params *p, uint64_t n)
{
	return p->has_reflink ? n * (2 * p->refc - 1) : 0;
}

/* Tree blocks added by mapping @x more blocks in a fork of @height. */
static uint64_t fork_growth(const struct params *p, uint64_t x, uint64_t height)
{
	return xfs_howmany64(x, p->alloc_leaf - p->alloc_leaf / 2) * (height - 1);
}

/* Blocks that change when a name is added. */
static uint64_t dirop_blocks(const struct params *p)
{
	return 7 * p->d + 7 * fork_growth(p, p->d, p->data_fork) + 1;
}

static uint64_t inobt_bytes(const struct params *p)
{
	return buf(p->inobt, p->b) + buf(alloc_blocks(p, 1), p->b);
}

static uint64_t finobt_bytes(const struct params *p)
{
	return p->has_finobt ? inobt_bytes(p) : 0;
}

/* Adding an inode to the unlinked list; removing it. */
static uint64_t iunlink_bytes(const struct params *p)
{
	return buf(1, p->s) + p->cluster_bytes;
}

static uint64_t iunlink_remove_bytes(const struct params *p)
{
	return buf(1, p->s) + 2 * p->cluster_bytes;
}

static unsigned int roll_count(const struct params *p)
{
	if (p->old_refcounts && p->has_reflink)
		return 8;
	return 2 + (p->has_reflink || p->has_rmapbt) + p->has_reflink + p->has_rmapbt;
}

static uint64_t write_bytes(const struct params *p)
{
	uint64_t map = ino(p, 1) + buf(p->data_fork, p->b) + buf(3, p->s) +
		       buf(alloc_blocks(p, 2), p->b);
	uint64_t unmap = buf(5, p->s) + buf(alloc_blocks(p, 2), p->b);
	uint64_t refc = p->has_reflink ? buf(1, p->s) + buf(refc_blocks(p, 1), p->b) : 0;

	if (p->old_refcounts)
		return FIXED + max2(map, unmap) + buf(refc_blocks(p, 2), p->b);
	return FIXED + max3(map, unmap, refc);
}

static uint64_t itruncate_bytes(const struct params *p)
{
	uint64_t map = ino(p, 1) + buf(p->data_fork + 1, p->b);
	uint64_t unmap = buf(9, p->s) + buf(alloc_blocks(p, 4), p->b);
	uint64_t refc = p->has_reflink ? buf(2, p->s) + buf(refc_blocks(p, 2), p->b) : 0;

	if (p->old_refcounts)
		return FIXED + max2(map, unmap + buf(refc_blocks(p, 4), p->b));
	return FIXED + max3(map, unmap, refc);
}

static uint64_t attrset_bytes(const struct params *p)
{
	return FIXED + ino(p, 1) + buf(1, p->s) + buf(5, p->b);
}

static uint64_t attrset_per_block_bytes(const struct params *p)
{
	return buf(1, p->s) + buf(p->attr_fork, p->b);
}

static uint64_t attr_remove_bytes(const struct params *p)
{
	/*
	 * The kernel's second term counts blocks without their headers, and headers for the wrong
	 * fork.
	 */
	uint64_t tree = ino(p, 1) + buf(5, p->b) + p->attr_fork * p->b +
			LOG_OVERHEAD * p->data_fork;
	uint64_t unmap = buf(5, p->s) + buf(alloc_blocks(p, 2), p->b);

	return FIXED + max2(tree, unmap);
}

/* What a parent pointer adds to adding, removing and replacing a name. */
#define PPTR_INTENT	40u
#define PPTR_NAME_VALUE	(12u + 256u)

static uint64_t pptr_bytes(const struct params *p)
{
	return p->has_parent ? PPTR_INTENT + PPTR_NAME_VALUE : 0;
}

static uint64_t pptr_replace_bytes(void)
{
	return PPTR_INTENT + 2 * PPTR_NAME_VALUE;
}

static uint64_t rename_bytes(const struct params *p)
{
	uint64_t names = ino(p, 5) + buf(2 * dirop_blocks(p), p->b);
	uint64_t unmap = buf(7, p->s) + buf(alloc_blocks(p, 3), p->b);
	uint64_t bytes = max2(names, unmap);

	if (!p->has_parent)
		return FIXED + bytes;
	bytes = max3(bytes, attrset_bytes(p), attr_remove_bytes(p));
	return FIXED + bytes +
	       max2(pptr_replace_bytes() + 2 * pptr_bytes(p), 2 * pptr_replace_bytes());
}

static uint64_t link_bytes(const struct params *p)
{
	uint64_t names = ino(p, 2) + buf(dirop_blocks(p), p->b);
	uint64_t unmap = buf(3, p->s) + buf(alloc_blocks(p, 1), p->b);
	uint64_t bytes = max2(names, unmap);

	if (p->has_parent)
		bytes = max2(bytes, attrset_bytes(p));
	return FIXED + iunlink_remove_bytes(p) + bytes + pptr_bytes(p);
}

static uint64_t remove_bytes(const struct params *p)
{
	uint64_t names = ino(p, 2) + buf(dirop_blocks(p), p->b);
	uint64_t unmap = buf(4, p->s) + buf(alloc_blocks(p, 2), p->b);
	uint64_t bytes = max2(names, unmap);

	if (p->has_parent)
		bytes = max2(bytes, attr_remove_bytes(p));
	return FIXED + iunlink_bytes(p) + bytes + pptr_bytes(p);
}

/* Allocating a chunk of inodes. */
static uint64_t icreate_alloc_bytes(const struct params *p)
{
	return buf(2, p->s) + p->s + buf(alloc_blocks(p, 1), p->b) + inobt_bytes(p) +
	       finobt_bytes(p);
}

static uint64_t create_bytes(const struct params *p)
{
	uint64_t modify = ino(p, 2) + buf(1, p->s) + p->b + buf(dirop_blocks(p), p->b) +
			  finobt_bytes(p);
	uint64_t bytes = max2(icreate_alloc_bytes(p), modify);

	if (p->has_parent)
		bytes = max2(bytes, attrset_bytes(p));
	return FIXED + bytes + pptr_bytes(p);
}

static uint64_t ifree_bytes(const struct params *p)
{
	return FIXED + ino(p, 1) + buf(3, p->s) + iunlink_remove_bytes(p) +
	       buf(alloc_blocks(p, 1), p->b) + buf(p->chunk_blocks, 0) + inobt_bytes(p) +
	       finobt_bytes(p);
}

static uint64_t addafork_bytes(const struct params *p)
{
	return FIXED + ino(p, 1) + buf(2, p->s) + buf(1, p->d * p->b) +
	       buf(fork_growth(p, p->d, p->data_fork) + 1, p->b) +
	       buf(alloc_blocks(p, 1), p->b);
}

static uint64_t attrinval_bytes(const struct params *p)
{
	return max2(ino(p, 1) + buf(p->attr_fork, p->b),
		       buf(9, p->s) + buf(alloc_blocks(p, 4), p->b));
}

static void larger(struct resv *max, uint64_t bytes, unsigned int count)
{
	count = count < 2 ? 1 : count;
	if (bytes * count > max->bytes * max->count)
		*max = (struct resv){ bytes, count };
}

static struct resv largest_transaction(const struct params *p)
{
	unsigned int names = p->has_parent ? 3 : 0;
	struct resv max = { 0, 0 };

	larger(&max, write_bytes(p), roll_count(p));
	larger(&max, itruncate_bytes(p), roll_count(p));
	larger(&max, write_bytes(p) + buf(1, p->b - 1), roll_count(p));	/* quota block */
	larger(&max, rename_bytes(p), 2 + names);
	larger(&max, link_bytes(p), 2 + names);
	larger(&max, remove_bytes(p), 2 + names);
	larger(&max, create_bytes(p), 2 + names);
	larger(&max, create_bytes(p), 3 + names);			/* mkdir */
	larger(&max, create_bytes(p) + buf(1, 1024), 3 + names);	/* symlink */
	larger(&max, FIXED + icreate_alloc_bytes(p) + iunlink_bytes(p), 2);
	larger(&max, ifree_bytes(p), 2);
	larger(&max, addafork_bytes(p), 2);
	larger(&max, attrinval_bytes(p), 1);
	larger(&max, attrset_bytes(p), 3);
	larger(&max, attrset_per_block_bytes(p), 1);
	larger(&max, attr_remove_bytes(p), 3);
	larger(&max, buf(3, p->s) + buf(alloc_blocks(p, 1), p->b), 2);	/* growfs */
	larger(&max, buf(2, p->s) + buf(p->data_fork, p->b) + ino(p, 1) +
			     buf(alloc_blocks(p, 1), p->b), 2);
	return max;
}

/* Setting the largest attribute value that is still in a leaf block. */
static uint64_t max_attrset_bytes(const struct params *p)
{
	uint64_t value = p->b / 2 + p->b / 4 - 257;
	uint64_t value_blocks = xfs_howmany64(value, p->b);
	/* Without parent pointers the kernel takes bytes for blocks. */
	uint64_t growth = p->has_parent ? value_blocks : value;
	uint64_t blocks = 5 + 5 * fork_growth(p, 1, p->attr_fork) + value_blocks +
			  fork_growth(p, growth, p->attr_fork);

	return attrset_bytes(p) + attrset_per_block_bytes(p) * blocks;
}

/* Bytes of log for @bytes, record format included. */
static uint64_t log_unit(uint64_t bytes, uint32_t logsunit)
{
	uint64_t unit = bytes + 40, headers;

	headers = xfs_howmany64(unit, RECORD_DATA);
	unit += 12 * headers;
	while (xfs_howmany64(unit, RECORD_DATA) > headers) {
		unit += 12;
		headers++;
	}
	unit += 4096 * (headers + 1);
	return unit + (logsunit > 1 ? 2ull * logsunit : 1024);
}

uint32_t xfs_mkfs_min_logblocks(const struct xfs_geometry *geo, uint32_t logsunit)
{
	struct params p = {
		.b = geo->blocksize,
		.s = geo->sectsize,
		.z = geo->inodesize,
		.d = geo->dirblkfsbs,
		.alloc = geo->alloc_maxlevels,
		.rmap = geo->rmap_maxlevels,
		.refc = geo->refc_maxlevels,
		.inobt = geo->inobt_maxlevels,
		.data_fork = geo->bmap_maxlevels[XFS_DATA_FORK],
		.attr_fork = geo->bmap_maxlevels[XFS_ATTR_FORK],
		.cluster_bytes = (uint64_t)geo->inodes_per_cluster << geo->inodelog,
		.chunk_blocks = geo->ialloc_blks,
		.alloc_leaf = geo->alloc_mxr[0],
		.has_finobt = xfs_has_finobt(geo),
		.has_rmapbt = xfs_has_rmapbt(geo),
		.has_reflink = xfs_has_reflink(geo),
		.has_parent = xfs_has_parent(geo),
	};
	uint64_t attr = max_attrset_bytes(&p);
	struct resv max;
	uint64_t bbs;

	p.old_refcounts = !p.has_parent;
	if (p.old_refcounts && p.has_rmapbt && p.has_reflink)
		p.rmap = 9;	/* the height once assumed by kernels */
	max = largest_transaction(&p);
	if (attr > max.bytes * max.count)
		max = (struct resv){ attr, 3 };

	bbs = xfs_howmany64(log_unit(max.bytes, logsunit) * max.count, XFS_BB_SIZE);
	if (logsunit > 1) {
		uint64_t unit = logsunit / XFS_BB_SIZE;

		bbs = xfs_roundup64(bbs, unit) + 2 * unit;
	} else {
		bbs += 1024;
	}
	return (uint32_t)max2(xfs_howmany64(3 * bbs * XFS_BB_SIZE, geo->blocksize),
			      XFS_MIN_LOG_BLOCKS);
}
