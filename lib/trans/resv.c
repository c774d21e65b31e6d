/* SPDX-License-Identifier: MIT */
/*
 * Each kind of transaction is a tally of what it does: extents allocated or freed, reference counts
 * changed, names added, inodes logged.  The log space is computed once for the whole transaction,
 * tree by tree and level by level, not for each extent: thirty extents of one tree share its root
 * and cannot touch more leaves than there are.
 *
 * A change of a tree counts for two leaves and one block on each level above them; one change in
 * each AG counts as a split or a join on all levels.  That is the worst case, since a block is half
 * empty after a split.
 */
#include "buf/buf.h"
#include "core/message.h"
#include "disk/dquot.h"
#include "disk/inode.h"
#include "disk/log.h"
#include "disk/log_item.h"
#include "log/log.h"
#include "trans/resv.h"

#define QUOTA_RECORDS		12u	/* three kinds, for four inodes with different owners */
#define QUOTA_BYTES		\
	(QUOTA_RECORDS * (2 * XLOG_OP_HEADER_BYTES +				\
			  (uint32_t)(sizeof(struct xfs_dq_logformat) +		\
				     sizeof(struct xfs_disk_dquot))))
#define MAX_DIR_BYTES		(32ull << 30)	/* of a directory's leaf space */
#define MAX_EXTENTS		64u	/* extents of one truncation step, pieces of one folio */
#define WRITEBACK_BYTES		(512u << 10)	/* log space that a write-back transaction
						 * reserves beyond one step */

struct tally {
	uint32_t extents;		/* allocated or freed */
	uint32_t refcounts;		/* ranges whose reference count changes */
	uint32_t rmaps;			/* owner changes beyond those of the extents */
	uint32_t inode_trees;		/* records of the inode trees */
	uint32_t icreates, cancels;	/* cancels: of file-system blocks or smaller ones */
	uint32_t chunk_cancels;		/* inode chunks freed */
	uint32_t maps[2];		/* places in each fork where mappings change */
	uint32_t map_run;		/* mappings that change next to each other */
	uint32_t blocks;		/* of file-system block size, logged whole */
	uint32_t dir_blocks;
	uint32_t inodes;
	uint32_t unlinked;		/* links of unlinked lists */
	uint32_t ags;			/* AGs that it changes at least, as far as there are so
					 * many */
};

static uint64_t buf_bytes(uint32_t len)
{
	return XFS_BUF_LOG_COST + xfs_howmany64(len, 128) * XFS_BUF_LOG_CHUNK_COST;
}

/*
 * The most blocks of trees with at most @records each that @changes touch, in @ags trees.  @mnr:
 * the fewest entries of a leaf and of a node.
 */
static uint64_t tree_blocks(const uint32_t mnr[2], unsigned int levels, uint64_t records,
			    uint64_t changes, uint64_t ags)
{
	uint64_t at_level = records, blocks = 0;

	for (unsigned int l = 0; l < levels && changes; l++) {
		uint64_t touched = l ? changes + ags : 2 * changes, there;

		at_level = xfs_howmany64(at_level, XFS_MAX(mnr[l != 0], 1u));
		there = at_level * ags;
		blocks += XFS_MIN(touched, there);
	}
	return blocks;
}

/* Levels below the root in the inode: a file has at most as many extents as there are blocks. */
static uint64_t fork_levels(const struct xfs_geometry *geo, enum xfs_fork_id fork)
{
	uint64_t n = geo->dblocks, levels = 0, most = geo->bmap_maxlevels[fork] - 1u;

	while (n > 1 && levels < most) {
		n = xfs_howmany64(n, XFS_MAX(geo->bmap_mnr[levels != 0], 2u));
		levels++;
	}
	return levels;
}

/*
 * Blocks of a fork's tree: changes in @places that are far apart, and @run mappings next to each
 * other.
 */
static uint64_t fork_blocks(const struct xfs_geometry *geo, enum xfs_fork_id fork, uint64_t places,
			    uint64_t run)
{
	uint64_t levels = fork_levels(geo, fork);

	if (!places || !levels)
		return 0;
	return places * (levels + 1) + levels + xfs_howmany64(run, XFS_MAX(geo->bmap_mnr[0], 1u));
}

static uint64_t tally_bytes(const struct xfs_geometry *geo, const struct tally *t)
{
	uint64_t forks[2], extents = t->extents, ags, blocks = t->blocks, bytes;
	uint64_t block = buf_bytes(geo->blocksize);
	uint64_t sector = buf_bytes(geo->sectsize);
	uint64_t cluster = (uint64_t)geo->inodes_per_cluster << geo->inodelog;
	uint64_t chunk_clusters = xfs_howmany64((uint64_t)64 << geo->inodelog, cluster);
	uint64_t agblocks = geo->agblocks;

	for (enum xfs_fork_id f = XFS_DATA_FORK; f <= XFS_ATTR_FORK; f++) {
		forks[f] = fork_blocks(geo, f, t->maps[f], t->map_run);
		blocks += forks[f];
		/*
		 * New blocks of the fork's tree are extents, too: the split of one path, and
		 * leaves.
		 */
		if (t->maps[f])
			extents += t->maps[f] + fork_levels(geo, f) - 1;
	}
	/*
	 * The AGFL of an AG is filled or emptied before the AG is used; large transactions use
	 * several AGs.
	 */
	ags = XFS_MIN(XFS_MAX(2 + extents / 8, t->ags), (uint64_t)geo->agcount);
	if (extents)
		extents += ags;
	blocks += tree_blocks(geo->alloc_mnr, geo->alloc_maxlevels, agblocks / 2 + 1, extents, ags);
	/* The cntbt: the old record and its remainder are in different places. */
	blocks += tree_blocks(geo->alloc_mnr, geo->alloc_maxlevels, agblocks / 2 + 1, 2 * extents,
			      ags);
	if (xfs_has_rmapbt(geo))
		blocks += tree_blocks(geo->rmap_mnr, geo->rmap_maxlevels, agblocks,
				      extents + t->rmaps, ags);
	if (xfs_has_reflink(geo))
		blocks += tree_blocks(geo->refc_mnr, geo->refc_maxlevels, agblocks, t->refcounts, ags);
	blocks += (1u + xfs_has_finobt(geo)) *
		  tree_blocks(geo->inobt_mnr, geo->inobt_maxlevels,
			      agblocks * geo->inopblock / 64 + 1, t->inode_trees, ags);
	bytes = blocks * block + (uint64_t)t->dir_blocks * buf_bytes(geo->dirblksize);
	/* AGF and AGFL of each AG; the AGI if inodes are allocated or freed; the superblock. */
	bytes += ags * 2 * sector + (t->inode_trees + t->unlinked ? 2 * sector : 0) + sector;
	/* XFS_INODE_LOG_COST includes the links of the unlinked lists. */
	bytes += (uint64_t)(t->inodes + t->unlinked) * (geo->inodesize + XFS_INODE_LOG_COST);
	bytes += QUOTA_BYTES;
	/* Any block of a tree may be freed after a join with its neighbour. */
	bytes += (t->icreates + t->cancels + forks[0] + forks[1] + t->chunk_cancels * chunk_clusters) *
		 XFS_BUF_LOG_COST;
	return bytes;
}

/* Levels of a hashed tree with @bytes of leaves of @leaf_bytes, and nodes of @entries. */
static uint32_t da_levels(uint64_t bytes, uint32_t leaf_bytes, uint32_t entries)
{
	uint64_t blocks = xfs_howmany64(bytes, leaf_bytes);
	uint32_t levels = 1;

	for (; blocks > 1 && levels < 5; levels++)
		blocks = xfs_howmany64(blocks, XFS_MAX(entries / 2, 2u));
	return levels;
}

/* Add or remove a name. */
static void dir_op(const struct xfs_geometry *geo, struct tally *t)
{
	uint64_t most = XFS_MIN(MAX_DIR_BYTES, geo->dblocks << geo->blocklog);
	uint32_t levels = da_levels(most, geo->dirblksize, geo->dir_node_ents);

	/* A data block and a free-space block; a path, its split and the neighbours of a leaf. */
	t->dir_blocks += 2 + 2 * levels + 2;
	t->extents += 2 + levels;
	t->cancels += 2 + levels;
	t->maps[XFS_DATA_FORK] += 3;
	t->inodes++;
}

/* Add or remove an attribute; remote values are not logged. */
static void attr_op(const struct xfs_geometry *geo, struct tally *t, bool remote)
{
	/*
	 * Blocks of an attribute fork have 32-bit numbers, but the fork has at most 2^16 extents.
	 */
	uint64_t most = XFS_MIN(1ull << 16, geo->dblocks);
	uint32_t levels = da_levels(most << geo->blocklog, geo->blocksize, geo->attr_node_ents);

	t->blocks += 2 * levels + 3;
	t->extents += levels + 1;
	t->cancels += levels + 1;
	t->maps[XFS_ATTR_FORK] += 2;
	t->inodes++;
	if (!remote)
		return;
	t->extents += (uint32_t)xfs_howmany64(65536, geo->attr_rmt_space);
	t->map_run += (uint32_t)xfs_howmany64(65536, geo->attr_rmt_space);
}

static void parent_op(const struct xfs_geometry *geo, struct tally *t)
{
	if (xfs_has_parent(geo))
		attr_op(geo, t, false);
}

static void create_op(const struct xfs_geometry *geo, struct tally *t)
{
	dir_op(geo, t);
	parent_op(geo, t);
	t->inodes++;
	t->icreates++;
	t->extents++;
	t->inode_trees++;
	/* The target of a symbolic link. */
	t->blocks += (uint32_t)xfs_howmany64(1024 + 56 * 3, geo->blocksize) + 1;
	t->extents += 3;
	t->maps[XFS_DATA_FORK]++;
	/* A new file without a name is on the unlinked list. */
	t->unlinked++;
}

static void extents_op(struct tally *t, uint32_t n)
{
	t->inodes++;
	t->extents += n;
	t->refcounts += n;
	t->rmaps += n;
	t->maps[XFS_DATA_FORK]++;
	t->map_run += n;
}

/* Unmap an extent and map blocks of another file in its place. */
static struct tally share_tally(void)
{
	struct tally t = { .inodes = 1 };

	extents_op(&t, 1);
	t.refcounts++;
	t.rmaps++;
	t.map_run++;
	return t;
}

/*
 * Extents get other offsets.  Their records are neighbours in the fork's tree.  The reverse map
 * sorts them by block, and each record is removed and inserted.  Blocks are allocated only for
 * trees that grow: the fork's, where an extent is split.
 */
static void move_op(struct tally *t, uint32_t n)
{
	t->maps[XFS_DATA_FORK] = 2;
	t->map_run += n;
	t->rmaps += 2 * n;
	t->ags = XFS_MAX(t->ags, n);
}

/* One of many extents is removed: while that goes on leaves of the fork's tree become empty, and are freed. */
static struct tally unmap_tally(void)
{
	struct tally t = { .inodes = 1 };

	extents_op(&t, 1);
	t.extents += XFS_RESV_TREE_FREES;
	t.cancels += XFS_RESV_TREE_FREES;
	return t;
}

static struct tally make_tally(const struct xfs_geometry *geo, enum xfs_resv_kind kind)
{
	struct tally t = { .inodes = 1 };

	switch (kind) {
	case XFS_RESV_INODE:
		t.inodes = 2;
		break;
	case XFS_RESV_CREATE:
		create_op(geo, &t);
		break;
	case XFS_RESV_CREATE_ACL:
		create_op(geo, &t);
		attr_op(geo, &t, true);
		attr_op(geo, &t, true);
		break;
	case XFS_RESV_LINK:
		dir_op(geo, &t);
		parent_op(geo, &t);
		t.unlinked = 2;
		t.inodes++;
		break;
	case XFS_RESV_RENAME:
		/*
		 * Remove from one directory, add to another; ".." of the moved directory; parent
		 * pointers.
		 */
		dir_op(geo, &t);
		dir_op(geo, &t);
		parent_op(geo, &t);
		parent_op(geo, &t);
		parent_op(geo, &t);
		t.dir_blocks += 2;
		t.inodes += 3;
		t.unlinked = 3;
		break;
	case XFS_RESV_REMOVE:
		dir_op(geo, &t);
		parent_op(geo, &t);
		t.inodes++;
		t.unlinked = 2;
		break;
	case XFS_RESV_ATTR_SET:
		attr_op(geo, &t, true);
		attr_op(geo, &t, true);
		break;
	case XFS_RESV_ATTR_REMOVE:
		attr_op(geo, &t, true);
		break;
	case XFS_RESV_ATTR_STEP:
		/* One extent of up to 64 blocks, each of which was in the log. */
		t.extents = 2;
		t.cancels = 64;
		t.maps[XFS_ATTR_FORK] = 1;
		t.map_run = 2;
		t.blocks = 1;
		break;
	case XFS_RESV_SYMLINK_FREE:
		extents_op(&t, 3);
		t.cancels = 3;
		break;
	case XFS_RESV_MAP:
	case XFS_RESV_WRITEBACK:
		extents_op(&t, 3);
		break;
	case XFS_RESV_SHARE:
		t = share_tally();
		break;
	case XFS_RESV_MOVE:
		move_op(&t, 1);
		break;
	case XFS_RESV_TRUNCATE:
		t = unmap_tally();
		break;
	case XFS_RESV_IFREE:
		t.inode_trees = 1;
		t.unlinked = 2;
		/* A sparse chunk is freed in pieces. */
		t.extents = xfs_has_sparseinodes(geo) ? 4 : 1;
		t.chunk_cancels = 1;
		break;
	case XFS_RESV_KINDS:
		break;
	}
	return t;
}

/* Log space for removing or replacing @n extents of a file. */
static uint64_t extents_bytes(const struct xfs_geometry *geo, uint32_t n)
{
	struct tally t = { 0 };

	extents_op(&t, n);
	return tally_bytes(geo, &t);
}

int xfs_resv_init(struct xfs_mount *mp, uint64_t limit)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	struct xfs_resv *rs = xfs_zalloc(mp, sizeof(*rs));
	uint64_t half = limit / 2, step;
	struct tally share, unmap, move = { .inodes = 1 };

	if (!rs)
		return xfs_error(mp, -ENOMEM, "out of memory for reservations");
	/* An eighth of a checkpoint, so that several transactions can be open at once. */
	for (rs->extents = MAX_EXTENTS; rs->extents > 1; rs->extents--) {
		if (extents_bytes(geo, rs->extents) <= limit / 8)
			break;
	}
	/* A shared piece is replaced as a whole, and has at most as many extents as blocks. */
	step = extents_bytes(geo, xfs_has_reflink(geo) ? MAX_EXTENTS : 3);
	rs->step = (uint32_t)XFS_MIN(step, half / 2);
	share = share_tally();
	rs->share_step = (uint32_t)XFS_MIN(tally_bytes(geo, &share), half / 2);
	unmap = unmap_tally();
	rs->unmap_step = (uint32_t)XFS_MIN(tally_bytes(geo, &unmap), half / 2);
	move_op(&move, 1);
	rs->move_step = (uint32_t)XFS_MIN(tally_bytes(geo, &move), half / 2);
	for (enum xfs_resv_kind kind = 0; kind < XFS_RESV_KINDS; kind++) {
		struct tally t = make_tally(geo, kind);
		uint64_t bytes = tally_bytes(geo, &t);

		if (kind == XFS_RESV_WRITEBACK)
			bytes = step + XFS_MIN(limit / 8, (uint64_t)WRITEBACK_BYTES);
		else if (kind == XFS_RESV_SHARE || kind == XFS_RESV_MOVE || kind == XFS_RESV_TRUNCATE)
			bytes += XFS_MIN(limit / 8, (uint64_t)WRITEBACK_BYTES);
		if (kind == XFS_RESV_TRUNCATE)
			bytes = XFS_MAX(bytes, extents_bytes(geo, rs->extents));
		rs->largest = XFS_MAX(rs->largest, bytes);
		rs->bytes[kind] = (uint32_t)XFS_MIN(bytes, half);
	}
	mp->m_resv = rs;
	return 0;
}

void xfs_resv_destroy(struct xfs_mount *mp)
{
	xfs_free(mp, mp->m_resv);
	mp->m_resv = NULL;
}

uint32_t xfs_resv(const struct xfs_mount *mp, enum xfs_resv_kind kind)
{
	return mp->m_resv ? mp->m_resv->bytes[kind] : 0;
}

uint32_t xfs_resv_step(const struct xfs_mount *mp)
{
	return mp->m_resv ? mp->m_resv->step : 0;
}

uint32_t xfs_resv_share_step(const struct xfs_mount *mp)
{
	return mp->m_resv ? mp->m_resv->share_step : 0;
}

uint32_t xfs_resv_move_step(const struct xfs_mount *mp)
{
	return mp->m_resv ? mp->m_resv->move_step : 0;
}

uint32_t xfs_resv_unmap_step(const struct xfs_mount *mp)
{
	return mp->m_resv ? mp->m_resv->unmap_step : 0;
}

uint64_t xfs_resv_move(const struct xfs_mount *mp, uint32_t removed, uint32_t moved)
{
	struct tally t = { .inodes = 1 };

	if (!mp->m_resv)
		return 0;
	extents_op(&t, removed);
	move_op(&t, moved);
	return tally_bytes(&mp->m_geo, &t);
}

uint32_t xfs_resv_extents(const struct xfs_mount *mp, uint32_t max)
{
	return mp->m_resv ? XFS_MIN(mp->m_resv->extents, max) : max;
}

uint32_t xfs_resv_at_most(const struct xfs_mount *mp, uint64_t want)
{
	uint64_t limit = XFS_MIN(xlog_max_checkpoint(mp->m_log), xlog_space(mp->m_log)) / 2;

	limit = XFS_MIN(limit, (uint64_t)UINT32_MAX);
	return (uint32_t)XFS_MIN(want, limit);
}

uint64_t xfs_resv_exchange(const struct xfs_mount *mp, uint64_t pieces)
{
	const uint64_t most = 1u << 20;		/* no log has room for more */
	struct tally t = { .inodes = 2 };

	if (!mp->m_resv)
		return 0;
	/* Each piece is unmapped from both files and mapped into both. */
	t.ags = (uint32_t)XFS_MIN(pieces, most);
	t.rmaps = 4 * t.ags;
	t.map_run = t.rmaps;
	t.maps[XFS_DATA_FORK] = 2;
	return tally_bytes(&mp->m_geo, &t);
}

uint32_t xfs_resv_exchange_step(const struct xfs_mount *mp)
{
	uint64_t want = XFS_MAX((uint64_t)mp->m_exchange_bytes, 2 * xfs_resv_exchange(mp, 1));

	return xfs_resv_at_most(mp, want);
}
