/* SPDX-License-Identifier: MIT */
/* What follows from a superblock: features, shapes of trees, inode layout, address checks. */
#include "disk/geometry.h"
#include "disk/ag.h"
#include "disk/attr.h"
#include "disk/btree.h"
#include "disk/dir.h"
#include "disk/inode.h"

unsigned int xfs_geometry_tree_height(const uint32_t mnr[2], uint64_t records)
{
	uint64_t blocks = xfs_howmany64(records, mnr[0]);
	unsigned int height = 1;

	while (blocks > 1) {
		blocks = xfs_howmany64(blocks, mnr[1]);
		height++;
	}
	return height;
}

unsigned int xfs_geometry_space_height(const uint32_t mnr[2], uint64_t leaf_blocks)
{
	uint64_t node_blocks = 2;	/* a node root has at least two children */
	uint64_t left = leaf_blocks - 1;
	unsigned int height = 1;

	if (leaf_blocks < 1)
		return 0;
	while (node_blocks < left) {
		left -= node_blocks;
		node_blocks *= mnr[1];
		height++;
	}
	return height;
}

uint64_t xfs_geometry_tree_blocks(const uint32_t mnr[2], uint64_t records)
{
	uint64_t blocks = xfs_howmany64(records, mnr[0]);
	uint64_t total = blocks;

	while (blocks > 1) {
		blocks = xfs_howmany64(blocks, mnr[1]);
		total += blocks;
	}
	return total;
}

unsigned int xfs_geometry_fork_height(const struct xfs_geometry *geo, uint64_t extents,
					unsigned int minroot)
{
	uint64_t blocks = xfs_howmany64(extents, geo->bmap_mnr[0]);
	unsigned int height = 1;

	while (blocks > 1) {
		blocks = blocks <= minroot ? 1 : xfs_howmany64(blocks, geo->bmap_mnr[1]);
		height++;
	}
	return height;
}

static void tree_limits(uint32_t mxr[2], uint32_t mnr[2], uint32_t space, size_t rec, size_t node)
{
	mxr[0] = space / (uint32_t)rec;
	mxr[1] = space / (uint32_t)node;
	mnr[0] = mxr[0] / 2;
	mnr[1] = mxr[1] / 2;
}

static void init_trees(struct xfs_geometry *geo)
{
	uint32_t sspace = geo->blocksize - XFS_BTREE_SBLOCK_LEN;
	uint32_t lspace = geo->blocksize - XFS_BTREE_LBLOCK_LEN;
	bool large = xfs_has_large_extent_counts(geo);

	tree_limits(geo->alloc_mxr, geo->alloc_mnr, sspace, sizeof(struct xfs_alloc_rec),
		    sizeof(struct xfs_alloc_rec) + sizeof(xfs_alloc_ptr_t));
	tree_limits(geo->inobt_mxr, geo->inobt_mnr, sspace, sizeof(struct xfs_inobt_rec),
		    sizeof(struct xfs_inobt_key) + sizeof(xfs_inobt_ptr_t));
	tree_limits(geo->rmap_mxr, geo->rmap_mnr, sspace, sizeof(struct xfs_rmap_rec),
		    2 * sizeof(struct xfs_rmap_key) + sizeof(xfs_rmap_ptr_t));
	tree_limits(geo->refc_mxr, geo->refc_mnr, sspace, sizeof(struct xfs_refcount_rec),
		    sizeof(struct xfs_refcount_key) + sizeof(xfs_refcount_ptr_t));
	tree_limits(geo->bmap_mxr, geo->bmap_mnr, lspace, sizeof(struct xfs_bmbt_rec),
		    sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t));

	/* Free extents never touch, so at worst every second block starts one. */
	geo->alloc_maxlevels = (uint8_t)xfs_geometry_tree_height(
		geo->alloc_mnr, ((uint64_t)geo->agblocks + 1) / 2);
	geo->inobt_maxlevels = (uint8_t)xfs_geometry_tree_height(
		geo->inobt_mnr, (1ull << geo->agino_log) >> XFS_INODES_PER_CHUNK_LOG);
	/* With shared blocks the number of records is unbounded; the space is not. */
	if (xfs_has_rmapbt(geo))
		geo->rmap_maxlevels = (uint8_t)(
			xfs_has_reflink(geo)
				? xfs_geometry_space_height(geo->rmap_mnr, geo->agblocks)
				: xfs_geometry_tree_height(geo->rmap_mnr, geo->agblocks));
	if (xfs_has_reflink(geo))
		geo->refc_maxlevels =
			(uint8_t)xfs_geometry_tree_height(geo->refc_mnr, geo->agblocks);
	geo->bmap_maxlevels[0] = (uint8_t)xfs_geometry_fork_height(
		geo, xfs_iext_max_nextents(large, XFS_DATA_FORK), XFS_BMDR_MIN_DRECS);
	geo->bmap_maxlevels[1] = (uint8_t)xfs_geometry_fork_height(
		geo, xfs_iext_max_nextents(large, XFS_ATTR_FORK), XFS_BMDR_MIN_ARECS);
}

static void init_ag_layout(struct xfs_geometry *geo)
{
	xfs_agblock_t next;

	geo->agfl_slots = (geo->sectsize - XFS_AGFL_HDR_SIZE) / (uint32_t)sizeof(be32_t);
	geo->agfl_block = XFS_AGFL_SECTOR * geo->sectsize >> geo->blocklog;
	next = geo->agfl_block + 1;
	geo->bno_root = next++;
	geo->cnt_root = next++;
	geo->ino_root = next++;
	if (xfs_has_finobt(geo))
		geo->fino_root = next++;
	if (xfs_has_rmapbt(geo))
		geo->rmap_root = next++;
	if (xfs_has_reflink(geo))
		geo->refc_root = next++;
	geo->prealloc_blocks = next;
}

static void init_inodes(struct xfs_geometry *geo, const struct xfs_sb *sb)
{
	uint32_t raw = 8192 * (geo->inodesize / 256);

	geo->litino = geo->inodesize - XFS_DINODE_CORE_SIZE;
	/* Room for a root of 12 records, in whole units of 8 bytes. */
	geo->attroffset = xfs_bmdr_space(12) & ~7u;
	geo->min_forkoff = XFS_ALIGN(xfs_bmdr_space(XFS_BMDR_MIN_DRECS), 8u) >> 3;
	geo->max_forkoff = (geo->litino - xfs_bmdr_space(XFS_BMDR_MIN_ARECS)) >> 3;

	geo->inoalignmt = sb->sb_inoalignmt;
	geo->spino_align = xfs_has_sparseinodes(geo) ? sb->sb_spino_align : 0;
	geo->ialloc_inos = XFS_MAX(XFS_INODES_PER_CHUNK, geo->inopblock);
	geo->ialloc_blks = geo->ialloc_inos >> geo->inopblog;
	geo->ialloc_min_blks = geo->spino_align ? geo->spino_align : geo->ialloc_blks;

	if (geo->inoalignmt < raw >> geo->blocklog)
		raw = 8192;
	geo->blocks_per_cluster = raw > geo->blocksize ? raw >> geo->blocklog : 1;
	geo->inodes_per_cluster = geo->blocks_per_cluster << geo->inopblog;
	geo->cluster_align = geo->inoalignmt && geo->inoalignmt >= geo->blocks_per_cluster
				     ? geo->inoalignmt
				     : 1;
	geo->cluster_align_inodes = geo->cluster_align << geo->inopblog;
	geo->inoalign_mask = geo->cluster_align - 1;
	if (geo->sunit && geo->inoalign_mask && !(geo->sunit & geo->inoalign_mask))
		geo->ialloc_align = geo->sunit;

	geo->imax_pct = sb->sb_imax_pct;
	if (geo->imax_pct) {
		/* dblocks is below 2^54: no overflow. */
		uint64_t blocks = geo->dblocks * geo->imax_pct / 100;

		geo->maxicount = blocks / geo->ialloc_blks * geo->ialloc_blks << geo->inopblog;
	}
}

static xfs_ino_t ino_or_null(xfs_ino_t ino)
{
	return ino ? ino : NULLFSINO;
}

static void init_special_inodes(struct xfs_geometry *geo, const struct xfs_sb *sb)
{
	bool metadir = xfs_has_metadir(geo);

	geo->rootino = sb->sb_rootino;
	geo->rbmino = metadir ? NULLFSINO : ino_or_null(sb->sb_rbmino);
	geo->rsumino = metadir ? NULLFSINO : ino_or_null(sb->sb_rsumino);
	geo->uquotino = metadir ? NULLFSINO : ino_or_null(sb->sb_uquotino);
	geo->gquotino = metadir ? NULLFSINO : ino_or_null(sb->sb_gquotino);
	geo->pquotino = metadir ? NULLFSINO : ino_or_null(sb->sb_pquotino);
	geo->metadirino = metadir ? ino_or_null(sb->sb_metadirino) : NULLFSINO;
}

static void init_dirs(struct xfs_geometry *geo)
{
	uint32_t leaf_hdr = sizeof(struct xfs_dir3_leaf_hdr);

	geo->dirblkfsbs = 1u << geo->dirblklog;
	geo->dirblksize = geo->blocksize << geo->dirblklog;
	geo->leafblk = (xfs_dablk_t)(1ull << 35 >> geo->blocklog);
	geo->freeblk = (xfs_dablk_t)(1ull << 36 >> geo->blocklog);
	geo->dir_leaf_max_ents =
		(geo->dirblksize - leaf_hdr) / (uint32_t)sizeof(struct xfs_dir2_leaf_entry);
	geo->dir_node_ents = (geo->dirblksize - (uint32_t)sizeof(struct xfs_da3_node_hdr)) /
			     (uint32_t)sizeof(struct xfs_da_node_entry);
	geo->dir_free_max_bests = (geo->dirblksize - (uint32_t)sizeof(struct xfs_dir3_free_hdr)) /
				  (uint32_t)sizeof(be16_t);
	geo->dir_magicpct = geo->dirblksize * 37 / 100;
	geo->dir_max_extents = 3 * (1ull << 35) >> geo->blocklog;
	geo->attr_node_ents = (geo->blocksize - (uint32_t)sizeof(struct xfs_da3_node_hdr)) /
			      (uint32_t)sizeof(struct xfs_da_node_entry);
	geo->attr_magicpct = geo->blocksize * 37 / 100;
	geo->attr_rmt_space = xfs_attr3_rmt_buf_space(geo->blocksize);
}

/* Everything that the formulas below rely on. */
static bool computable(const struct xfs_sb *sb)
{
	return sb->sb_blocklog >= 10 && sb->sb_blocklog <= 16 &&
	       sb->sb_blocksize == 1u << sb->sb_blocklog && sb->sb_sectlog >= 9 &&
	       sb->sb_sectlog <= 15 && sb->sb_sectsize == 1u << sb->sb_sectlog &&
	       sb->sb_sectsize <= sb->sb_blocksize && sb->sb_inodelog >= 9 &&
	       sb->sb_inodelog <= 11 && sb->sb_inodesize == 1u << sb->sb_inodelog &&
	       sb->sb_inodelog <= sb->sb_blocklog &&
	       sb->sb_inopblog == sb->sb_blocklog - sb->sb_inodelog &&
	       sb->sb_inopblock == 1u << sb->sb_inopblog && sb->sb_agblocks >= XFS_MIN_AG_BLOCKS &&
	       sb->sb_agblocks < 1u << 31 && sb->sb_agblklog == xfs_log2_ceil(sb->sb_agblocks) &&
	       sb->sb_agblklog + sb->sb_inopblog <= 32 && sb->sb_agcount > 0 &&
	       sb->sb_dblocks > (uint64_t)(sb->sb_agcount - 1) * sb->sb_agblocks &&
	       sb->sb_dblocks <= (uint64_t)sb->sb_agcount * sb->sb_agblocks &&
	       sb->sb_dblocks < 1ull << 54 && sb->sb_dirblklog <= 16 - sb->sb_blocklog &&
	       sb->sb_inoalignmt <= sb->sb_agblocks;
}

int xfs_geometry_init(struct xfs_geometry *geo, const struct xfs_sb *sb)
{
	memset(geo, 0, sizeof(*geo));
	if (!computable(sb))
		return -EUCLEAN;

	geo->features = xfs_sb_feature_mask(sb);
	geo->uuid = sb->sb_uuid;
	geo->meta_uuid = xfs_has_metauuid(geo) ? sb->sb_meta_uuid : sb->sb_uuid;
	geo->blocksize = sb->sb_blocksize;
	geo->blockmask = sb->sb_blocksize - 1;
	geo->sectsize = sb->sb_sectsize;
	geo->inodesize = sb->sb_inodesize;
	geo->inopblock = sb->sb_inopblock;
	geo->blocklog = sb->sb_blocklog;
	geo->sectlog = sb->sb_sectlog;
	geo->inodelog = sb->sb_inodelog;
	geo->inopblog = sb->sb_inopblog;
	geo->agblklog = sb->sb_agblklog;
	geo->agino_log = (uint8_t)(sb->sb_agblklog + sb->sb_inopblog);
	geo->blkbb_log = (uint8_t)(sb->sb_blocklog - XFS_BB_SHIFT);
	geo->bb_per_block = 1u << geo->blkbb_log;
	geo->dirblklog = sb->sb_dirblklog;
	geo->agcount = sb->sb_agcount;
	geo->agblocks = sb->sb_agblocks;
	geo->dblocks = sb->sb_dblocks;
	geo->last_agblocks = (xfs_agblock_t)(sb->sb_dblocks -
					     (uint64_t)(sb->sb_agcount - 1) * sb->sb_agblocks);
	geo->logstart = sb->sb_logstart;
	geo->logblocks = sb->sb_logblocks;
	geo->logsectsize = sb->sb_logsectsize ? sb->sb_logsectsize : XFS_BB_SIZE;
	geo->logsunit = sb->sb_logsunit > 1 ? sb->sb_logsunit : 0;
	geo->sunit = sb->sb_unit;
	geo->swidth = sb->sb_width;
	geo->rblocks = sb->sb_rblocks;
	geo->rextents = sb->sb_rextents;
	geo->rextsize = sb->sb_rextsize;
	geo->rgcount = sb->sb_rgcount;
	geo->rgextents = sb->sb_rgextents;
	geo->rgblklog = sb->sb_rgblklog;

	init_trees(geo);
	init_ag_layout(geo);
	init_inodes(geo, sb);
	init_special_inodes(geo, sb);
	init_dirs(geo);
	return 0;
}

bool xfs_verify_rtbext(const struct xfs_geometry *geo, uint64_t rtbno, uint64_t len)
{
	uint64_t group_blocks, group, off, blocks;

	if (!len || rtbno + len < rtbno)
		return false;
	if (!xfs_has_metadir(geo))
		return rtbno + len <= geo->rblocks;
	if (!geo->rgcount || geo->rgblklog > 31)
		return false;
	group_blocks = (uint64_t)geo->rgextents * geo->rextsize;
	group = rtbno >> geo->rgblklog;
	off = rtbno & ((1ull << geo->rgblklog) - 1);
	if (group >= geo->rgcount)
		return false;
	blocks = group == geo->rgcount - 1
			 ? geo->rextents * geo->rextsize - group * group_blocks
			 : group_blocks;
	return off < blocks && len <= blocks - off;
}
