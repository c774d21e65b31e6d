/* SPDX-License-Identifier: MIT */
/*
 * Directory blocks that are larger than a file system block and lie in several pieces.  Each piece
 * is logged like a buffer of its own, so after replay the block's checksum fits no state it ever
 * had.  At the end of replay the logged directories are searched for such blocks, and their
 * checksums are set anew.
 *
 * A change of a directory block always logs its directory's inode too, so the directory of every
 * piece is among those that replay met.
 *
 * A hostile extent tree that many directories share, or that runs in a circle, would be searched
 * for ever.  So its blocks must name this directory as owner and have the expected level, and its
 * extents must ascend.
 */
#include <stdlib.h>
#include "base/crc32c.h"
#include "core/message.h"
#include "disk/verify.h"
#include "log/log_priv.h"

#define MAX_PIECES	128u		/* largest directory block in the smallest blocks */
#define MAX_INODE_BYTES	2048u

struct dir_place {
	xfs_ino_t ino;
	xfs_daddr_t daddr;		/* of its cluster */
	uint32_t len, boffset;
};

struct array {
	void *items;
	size_t count, room, size;
};

struct xlog_dirparts {
	struct array parts;		/* xfs_daddr_t */
	struct array dirs;		/* struct dir_place */
};

static int cmp_daddr(const void *a, const void *b)
{
	xfs_daddr_t x = *(const xfs_daddr_t *)a, y = *(const xfs_daddr_t *)b;

	return x < y ? -1 : x > y;
}

static int cmp_dir(const void *a, const void *b)
{
	xfs_ino_t x = ((const struct dir_place *)a)->ino, y = ((const struct dir_place *)b)->ino;

	return x < y ? -1 : x > y;
}

static void sort_unique(struct array *array, int (*cmp)(const void *, const void *))
{
	char *items = array->items;
	size_t n = 0;

	if (!array->count)
		return;
	qsort(items, array->count, array->size, cmp);
	for (size_t i = 1; i < array->count; i++) {
		if (cmp(items + n * array->size, items + i * array->size))
			memmove(items + ++n * array->size, items + i * array->size, array->size);
	}
	array->count = n + 1;
}

/*
 * Append an item; duplicates are removed before the array grows, so repeated items take room once.
 */
static int append(struct xlog_recover *rl, struct array *array, const void *item,
		  int (*cmp)(const void *, const void *))
{
	if (array->count == array->room) {
		sort_unique(array, cmp);
		if (array->count * 2 >= array->room) {
			size_t room = array->room ? array->room * 2 : 64;
			void *bigger = xfs_mem_realloc(&rl->mp->m_mem, array->items,
						       room * array->size);

			if (!bigger)
				return xfs_error(rl->mp, -ENOMEM, "out of memory for directories of the log");
			array->items = bigger;
			array->room = room;
		}
	}
	memcpy((char *)array->items + array->count++ * array->size, item, array->size);
	return 0;
}

static int get_state(struct xlog_recover *rl)
{
	if (rl->dirparts)
		return 0;
	rl->dirparts = xfs_zalloc(rl->mp, sizeof(*rl->dirparts));
	if (!rl->dirparts)
		return xfs_error(rl->mp, -ENOMEM, "out of memory for directories of the log");
	rl->dirparts->parts.size = sizeof(xfs_daddr_t);
	rl->dirparts->dirs.size = sizeof(struct dir_place);
	return 0;
}

int xlog_dirparts_note(struct xlog_recover *rl, xfs_daddr_t daddr)
{
	int error = get_state(rl);

	return error ? error : append(rl, &rl->dirparts->parts, &daddr, cmp_daddr);
}

int xlog_dirparts_note_dir(struct xlog_recover *rl, const struct xfs_inode_log_format *ilf)
{
	struct dir_place place = {
		.ino = ilf->ilf_ino, .daddr = ilf->ilf_blkno, .len = ilf->ilf_len << XFS_BB_SHIFT,
		.boffset = ilf->ilf_boffset,
	};
	int error;

	if (rl->geo.dirblkfsbs == 1)
		return 0;
	error = get_state(rl);
	return error ? error : append(rl, &rl->dirparts->dirs, &place, cmp_dir);
}

void xlog_dirparts_destroy(struct xlog_recover *rl)
{
	if (!rl->dirparts)
		return;
	if (rl->dirparts->parts.items)
		xfs_free(rl->mp, rl->dirparts->parts.items);
	if (rl->dirparts->dirs.items)
		xfs_free(rl->mp, rl->dirparts->dirs.items);
	xfs_free(rl->mp, rl->dirparts);
	rl->dirparts = NULL;
}

/* A directory block while its pieces are being collected. */
struct gather {
	struct xlog_recover *rl;
	xfs_ino_t ino;
	xfs_fileoff_t next;		/* file block expected next */
	uint32_t have, npieces;		/* blocks, pieces collected */
	bool touched;			/* replay changed one of them */
	xfs_fsblock_t piece[MAX_PIECES];
	uint32_t piece_len[MAX_PIECES];
	uint8_t *block;
};

static int renew_checksum(struct gather *g)
{
	struct xlog_recover *rl = g->rl;
	const struct xfs_geometry *geo = &rl->geo;
	struct xlog_rbuf *bp, *first = NULL;
	xfs_failaddr_t fa;
	uint32_t off = 0;
	int error;

	for (uint32_t i = 0; i < g->npieces; i++) {
		uint32_t bytes = g->piece_len[i] << geo->blocklog;

		error = xlog_rbuf_get(rl, XFS_FSB_TO_DADDR(geo, g->piece[i]), bytes, true, &bp);
		if (error)
			return error;
		memcpy(g->block + off, bp->rb_data, bytes);
		off += bytes;
	}
	/*
	 * The first piece is still in memory: pieces do not overlap, and no buffers are written
	 * between these calls.
	 */
	error = xlog_rbuf_get(rl, XFS_FSB_TO_DADDR(geo, g->piece[0]), g->piece_len[0] << geo->blocklog,
			      true, &first);
	if (error)
		return error;
	fa = xlog_block_renew(geo, g->block, geo->dirblksize, first->rb_daddr);
	if (fa)
		return xfs_corrupt(rl->mp, "log",
				   "replay makes an invalid block of directory %" PRIu64
				   " at daddr 0x%" PRIx64 ": %s",
				   g->ino, (uint64_t)first->rb_daddr, fa);
	memcpy(first->rb_data, g->block, first->rb_len);
	first->rb_partial = true;
	xlog_rbuf_dirty(rl, first, false);
	return 0;
}

static int take_extent(struct gather *g, const struct xfs_bmbt_irec *irec)
{
	const struct xlog_dirparts *dp = g->rl->dirparts;
	const struct xfs_geometry *geo = &g->rl->geo;
	xfs_fileoff_t off = irec->br_startoff;
	xfs_fsblock_t fsbno = irec->br_startblock;
	xfs_filblks_t left = irec->br_blockcount;

	if (!xfs_verify_fsbext(geo, fsbno, left) || off < g->next)
		return xfs_corrupt(g->rl->mp, "log", "directory %" PRIu64 " has an impossible extent",
				   g->ino);
	while (left) {
		uint32_t in_block = (uint32_t)(off & (geo->dirblkfsbs - 1));
		uint32_t n = (uint32_t)XFS_MIN(left, (xfs_filblks_t)(geo->dirblkfsbs - in_block));
		xfs_daddr_t daddr = XFS_FSB_TO_DADDR(geo, fsbno);
		int error;

		g->rl->dir_steps++;
		/* Directory blocks in one piece have right checksums already: skip them. */
		if (!in_block && left >= geo->dirblkfsbs) {
			xfs_filblks_t whole = xfs_rounddown64(left, geo->dirblkfsbs);

			off += whole;
			fsbno += whole;
			left -= whole;
			g->next = off;
			g->have = g->npieces = 0;
			continue;
		}
		if (!in_block || off != g->next) {
			g->have = g->npieces = 0;
			g->touched = false;
		}
		/*
		 * A piece that does not start a block, after none or a gap, belongs to a block with
		 * a hole: skip it.
		 */
		if (in_block == g->have) {
			g->touched |= dp->parts.count &&
				      bsearch(&daddr, dp->parts.items, dp->parts.count, sizeof(daddr),
					      cmp_daddr);
			g->piece[g->npieces] = fsbno;
			g->piece_len[g->npieces++] = n;
			g->have += n;
		}
		off += n;
		fsbno += n;
		left -= n;
		g->next = off;
		if (g->have == geo->dirblkfsbs && g->npieces > 1 && g->touched) {
			error = renew_checksum(g);
			if (error)
				return error;
		}
	}
	return 0;
}

static int take_records(struct gather *g, const struct xfs_bmbt_rec *recs, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct xfs_bmbt_irec irec;
		int error;

		xfs_bmbt_disk_get_all(&recs[i], &irec);
		error = take_extent(g, &irec);
		if (error)
			return error;
	}
	return 0;
}

static int bad_tree(struct gather *g)
{
	return xfs_corrupt(g->rl->mp, "log",
			   "the extents of directory %" PRIu64 " do not form a tree", g->ino);
}

/* Copy the block, because collecting from its records may replace its buffer. */
static int read_tree_block(struct gather *g, xfs_fsblock_t fsbno, unsigned int level, uint8_t *copy)
{
	const struct xfs_btree_block *block = (const void *)copy;
	const struct xfs_geometry *geo = &g->rl->geo;
	struct xlog_rbuf *bp;
	int error;

	if (!xfs_verify_fsbno(geo, fsbno))
		return bad_tree(g);
	error = xlog_rbuf_get(g->rl, XFS_FSB_TO_DADDR(geo, fsbno), geo->blocksize, true, &bp);
	if (error)
		return error;
	memcpy(copy, bp->rb_data, geo->blocksize);
	g->rl->dir_steps++;
	if (get_be32(copy) != XFS_BMAP_CRC_MAGIC || be16_to_cpu(block->bb_level) != level ||
	    be64_to_cpu(block->bb_u.l.bb_owner) != g->ino)
		return bad_tree(g);
	return 0;
}

static int take_tree(struct gather *g, xfs_fsblock_t fsbno, unsigned int level)
{
	const struct xfs_geometry *geo = &g->rl->geo;
	uint8_t *copy = xfs_malloc(g->rl->mp, geo->blocksize);
	const struct xfs_btree_block *block = (const void *)copy;
	int error;

	if (!copy)
		return xfs_error(g->rl->mp, -ENOMEM, "out of memory for directories of the log");
	error = level ? read_tree_block(g, fsbno, --level, copy) : bad_tree(g);
	while (!error && level) {
		fsbno = be64_to_cpu(*(xfs_bmbt_ptr_t *)XFS_BTREE_PTR_ADDR(
			block, XFS_BTREE_LBLOCK_LEN, sizeof(struct xfs_bmbt_key), geo->bmap_mxr[1],
			sizeof(xfs_bmbt_ptr_t), 1));
		error = read_tree_block(g, fsbno, --level, copy);
	}
	while (!error) {
		uint32_t n = be16_to_cpu(block->bb_numrecs);

		/* A leaf without records would let a cycle of blocks pass the ascending test. */
		if (!n || n > geo->bmap_mxr[0]) {
			error = bad_tree(g);
			break;
		}
		error = take_records(g, (const void *)(copy + XFS_BTREE_LBLOCK_LEN), n);
		fsbno = be64_to_cpu(block->bb_u.l.bb_rightsib);
		if (fsbno == NULLFSBLOCK)
			break;
		if (!error)
			error = read_tree_block(g, fsbno, 0, copy);
	}
	xfs_free(g->rl->mp, copy);
	return error;
}

static int look_through(struct gather *g, const struct dir_place *place)
{
	const struct xfs_geometry *geo = &g->rl->geo;
	uint8_t raw[MAX_INODE_BYTES];
	const struct xfs_dinode *dip = (const void *)raw;
	const struct xfs_bmdr_block *bmdr;
	struct xlog_rbuf *bp;
	int error;

	error = xlog_rbuf_get(g->rl, place->daddr, place->len, true, &bp);
	if (error)
		return error;
	memcpy(raw, bp->rb_data + place->boffset, geo->inodesize);
	g->ino = place->ino;
	g->next = 0;
	g->have = g->npieces = 0;
	/* The inode may have been freed or reused. */
	if (!S_ISDIR(be16_to_cpu(dip->di_mode)) || xfs_dinode_verify(geo, place->ino, dip))
		return 0;
	if (dip->di_format == XFS_DINODE_FMT_EXTENTS)
		return take_records(g, XFS_DFORK_DPTR(dip), xfs_dfork_data_extents(dip));
	if (dip->di_format != XFS_DINODE_FMT_BTREE)
		return 0;
	bmdr = XFS_DFORK_DPTR(dip);
	return take_tree(g, be64_to_cpu(*xfs_bmdr_ptr_addr(
				 bmdr, 1, xfs_bmdr_maxrecs(XFS_DFORK_DSIZE(dip, geo)))),
			 be16_to_cpu(bmdr->bb_level));
}

int xlog_dirparts_finish(struct xlog_recover *rl)
{
	struct xlog_dirparts *dp = rl->dirparts;
	struct gather g = { .rl = rl };
	int error = 0;

	if (!dp || !dp->parts.count)
		return 0;
	sort_unique(&dp->parts, cmp_daddr);
	sort_unique(&dp->dirs, cmp_dir);
	g.block = xfs_malloc(rl->mp, rl->geo.dirblksize);
	if (!g.block)
		return xfs_error(rl->mp, -ENOMEM, "out of memory for a directory block");
	for (size_t i = 0; !error && i < dp->dirs.count; i++)
		error = look_through(&g, (struct dir_place *)dp->dirs.items + i);
	xfs_free(rl->mp, g.block);
	return error;
}
