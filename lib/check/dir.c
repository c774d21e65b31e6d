/* SPDX-License-Identifier: MIT */
/*
 * Directories.  The last mapping's end determines the form: one block, one leaf behind the data, or
 * the full tree.  Data blocks are read first; hash entries and free indexes are compared with them.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dir.h"

#define AT_DIR(dw)	xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, (dw)->ip->ino)

void xfs_check_ref(struct xfs_check *chk, xfs_ino_t ino)
{
	uint32_t i;
	struct xfs_check_chunk_info *info = xfs_check_info(chk, ino, &i);

	if (info && info->refs[i] < UINT32_MAX)
		info->refs[i]++;
}

struct xfs_check_dir *xfs_check_find_dir(struct xfs_check *chk, xfs_ino_t ino)
{
	return xfs_check_find_ino(&chk->dirs, sizeof(struct xfs_check_dir), ino);
}

void xfs_check_dotdot(struct xfs_check_dirwalk *dw, struct xfs_check_place at, xfs_ino_t ino)
{
	if (!xfs_check_ino_valid(&dw->chk->g, ino))
		xfs_check_report(dw->chk, at,
				 "\"..\" points at %" PRIu64 ", which is not an inode number", ino);
	dw->dir->dotdot = ino;
	if (!dw->unlinked)
		xfs_check_ref(dw->chk, ino);
}

static void check_name(struct xfs_check_dirwalk *dw, struct xfs_check_place at, const uint8_t *name,
		       uint32_t len)
{
	bool dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');

	if (dots || memchr(name, '/', len) || memchr(name, 0, len))
		xfs_check_report(dw->chk, at, "the name \"%s\" is not allowed",
				 xfs_check_name(name, len).s);
}

void xfs_check_dirent(struct xfs_check_dirwalk *dw, struct xfs_check_place at, xfs_ino_t ino,
		      const uint8_t *name, uint32_t len, uint8_t ftype)
{
	struct xfs_check *chk = dw->chk;
	struct xfs_check_chunk_info *info;
	struct xfs_check_dir *child;
	uint32_t i;
	uint8_t what;

	dw->entries++;
	check_name(dw, at, name, len);
#define BAD(text, ...) \
	xfs_check_report(chk, at, "entry \"%s\" " text, xfs_check_name(name, len).s, ##__VA_ARGS__)
	if (ftype == XFS_DIR3_FT_UNKNOWN || ftype > XFS_DIR3_FT_SYMLINK)
		BAD("has file type %u", ftype);
	if (!xfs_check_dir_ino_valid(chk, ino)) {
		BAD("points at %" PRIu64 ", which is not for directories", ino);
		return;
	}
	info = xfs_check_info(chk, ino, &i);
	if (!info) {
		BAD("points at inode %" PRIu64 ", which does not exist", ino);
		return;
	}
	what = info->what[i];
	if (!(what & XFS_CHECK_INO_INUSE)) {
		BAD("points at inode %" PRIu64 ", which is free", ino);
		return;
	}
	if (info->refs[i] < UINT32_MAX)
		info->refs[i]++;
	if (what & XFS_CHECK_INO_BAD)
		return;
	if ((what & XFS_CHECK_INO_FTYPE) != ftype && ftype && ftype <= XFS_DIR3_FT_SYMLINK)
		BAD("has file type %u, but inode %" PRIu64 " is of type %u", ftype, ino,
		    what & XFS_CHECK_INO_FTYPE);
	if (!(what & XFS_CHECK_INO_META) != !dw->ip->metadata)
		BAD("leads into or out of the metadata directory tree");
	if (chk->g.parent)
		info->parents[i] += xfs_check_parent_sum(dw->ip->ino, dw->ip->gen, name, len);
	child = xfs_check_find_dir(chk, ino);
	if (!child)
		return;
	if (child->parent != NULLFSINO || ino == chk->sb.sb_rootino)
		BAD("is a second link to directory %" PRIu64, ino);
	else
		child->parent = dw->ip->ino;
#undef BAD
}

/* ---- short form ---- */

static xfs_ino_t sf_ino(const uint8_t *p, bool wide)
{
	return wide ? get_be64(p) & 0x00ffffffffffffffull : get_be32(p);
}

/* Size of an entry: the fields, the name, the file type and the inode number. */
static size_t sf_size(uint32_t namelen, bool wide)
{
	return sizeof(struct xfs_dir2_sf_entry) + namelen + 1 +
	       (wide ? sizeof(be64_t) : sizeof(be32_t));
}

static void check_sf(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	const struct xfs_check_inode *ip = dw->ip;
	struct xfs_check_place at = AT_DIR(dw);
	const struct xfs_dir2_sf_hdr *hdr = (const void *)ip->dfork;
	const uint8_t *p, *first, *end;
	uint32_t wide8 = 0, last_end = XFS_DIR3_DATA_FIRST_OFFSET;
	bool wide;

	if (ip->size > ip->dsize || ip->size < xfs_dir2_sf_hdr_size(0))
		return;		/* reported with the inode */
	end = ip->dfork + ip->size;
	wide = hdr->i8count != 0;
	if (ip->size < xfs_dir2_sf_hdr_size(hdr->i8count)) {
		xfs_check_report(chk, at, "%" PRIu64 " bytes are too short", ip->size);
		return;
	}
	wide8 += sf_ino(hdr->parent, wide) > XFS_DIR2_MAX_SHORT_INUM;
	if (!dw->unlinked)
		xfs_check_ref(chk, ip->ino);		/* "." */
	xfs_check_dotdot(dw, at, sf_ino(hdr->parent, wide));
	first = p = ip->dfork + xfs_dir2_sf_hdr_size(hdr->i8count);
	for (uint32_t n = 0; n < hdr->count && !chk->stop; n++) {
		const struct xfs_dir2_sf_entry *e = (const void *)p;
		uint32_t len = p < end ? e->namelen : 0, off;
		xfs_ino_t ino;

		if (!len || sf_size(len, wide) > (size_t)(end - p)) {
			xfs_check_report(chk, at, "entry %u of %u: name of %u bytes does not fit",
					 n, hdr->count, len);
			return;
		}
		off = be16_to_cpu(e->offset);
		ino = sf_ino(e->name + len + 1, wide);
		wide8 += ino > XFS_DIR2_MAX_SHORT_INUM;
		if (off < last_end || off % XFS_DIR2_DATA_ALIGN)
			xfs_check_report(chk, at,
					 "entry \"%s\" has offset %u, below %u or not aligned",
					 xfs_check_name(e->name, len).s, off, last_end);
		last_end = off + xfs_dir2_data_entsize(len);
		for (const uint8_t *q = first; q < p;) {
			const struct xfs_dir2_sf_entry *other = (const void *)q;

			if (other->namelen == len &&
			    xfs_check_same_name(chk, other->name, e->name, len))
				xfs_check_report(chk, at, "the name \"%s\" stands twice",
						 xfs_check_name(e->name, len).s);
			q += sf_size(other->namelen, wide);
		}
		xfs_check_dirent(dw, at, ino, e->name, len, e->name[len]);
		p += sf_size(len, wide);
	}
	if (p != end)
		xfs_check_report(chk, at, "di_size is %" PRIu64 ", but the entries end at %zu",
				 ip->size, (size_t)(p - ip->dfork));
	if (wide8 != hdr->i8count)
		xfs_check_report(chk, at, "i8count is %u, but %u inode numbers are wide",
				 hdr->i8count, wide8);
	/* In block form "." and ".." have entries, too. */
	if (last_end + (hdr->count + 2) * sizeof(struct xfs_dir2_leaf_entry) +
		    sizeof(struct xfs_dir2_block_tail) > chk->g.dirblksize)
		xfs_check_report(chk, at, "the entries would not fit in one block");
}

/* ---- the other forms ---- */

static bool data_header(struct xfs_check *chk, struct xfs_check_place at, const uint8_t *buf,
			uint32_t magic)
{
	const struct xfs_dir3_data_hdr *hdr = (const void *)buf;

	if (be32_to_cpu(hdr->magic) != magic) {
		xfs_check_report(chk, at, "magic number 0x%08x instead of 0x%08x",
				 be32_to_cpu(hdr->magic), magic);
		return false;
	}
	xfs_check_self(chk, at, &(struct xfs_check_self){
		"", buf, chk->g.dirblksize, XFS_DIR3_DATA_CRC_OFF, hdr->blkno, hdr->owner,
		&hdr->uuid, &hdr->lsn,
	});
	return true;
}

static void check_block(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	struct xfs_check_place at = AT_DIR(dw);
	uint32_t dbs = chk->g.dirblksize, count, stale, start;
	const struct xfs_dir2_block_tail *tail;
	uint8_t *buf = chk->da_buf[0];

	if (dw->ip->size != dbs)
		xfs_check_report(chk, at, "di_size is %" PRIu64 " with a single block",
				 dw->ip->size);
	if (!xfs_check_da_read(chk, &chk->dfork, 0, chk->g.dirfsb, buf, &at) ||
	    !data_header(chk, at, buf, XFS_DIR3_BLOCK_MAGIC)) {
		dw->data_broken = true;
		return;
	}
	tail = (const void *)(buf + dbs - sizeof(*tail));
	count = be32_to_cpu(tail->count);
	stale = be32_to_cpu(tail->stale);
	if (count >= (dbs - sizeof(*tail) - sizeof(struct xfs_dir3_data_hdr)) /
			     sizeof(struct xfs_dir2_leaf_entry)) {
		xfs_check_report(chk, at, "%u hash entries do not fit", count);
		dw->data_broken = true;
		return;
	}
	start = dbs - (uint32_t)(sizeof(*tail) + count * sizeof(struct xfs_dir2_leaf_entry));
	xfs_check_dir_data(dw, at, buf, 0, start);
	xfs_check_dir_sort(dw);
	if (chk->stop)
		return;
	xfs_check_dir_hash_entries(dw, at, (const void *)(buf + start), count, stale);
	if (!chk->stop)
		xfs_check_dir_unindexed(dw);
}

static void check_data_block(struct xfs_check_dirwalk *dw, uint64_t dablk, uint32_t *bad)
{
	struct xfs_check *chk = dw->chk;
	struct xfs_check_place at = AT_DIR(dw);

	if (xfs_check_da_read(chk, &chk->dfork, dablk, chk->g.dirfsb, chk->da_buf[0], &at) &&
	    data_header(chk, at, chk->da_buf[0], XFS_DIR3_DATA_MAGIC)) {
		xfs_check_dir_data(dw, at, chk->da_buf[0], (uint32_t)(dablk / chk->g.dirfsb),
				   chk->g.dirblksize);
		*bad = 0;
		return;
	}
	dw->data_broken = true;
	++*bad;
}

/*
 * Walk the mapped directory blocks: read those of the data space, count those of the index spaces.
 * False: given up.
 */
static bool check_data_space(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	const struct xfs_check_ext *ext = chk->dfork.v;
	uint64_t fsb = chk->g.dirfsb, next = 0;
	uint32_t bad = 0;

	for (size_t i = 0; i < chk->dfork.n && !chk->stop;) {
		uint64_t start = ext[i].off, end = start + ext[i].len;

		/* Join extents that continue each other into one run of blocks. */
		for (i++; i < chk->dfork.n && ext[i].off == end; i++)
			end += ext[i].len;
		if (start % fsb || end % fsb)
			xfs_check_report(chk, AT_DIR(dw),
					 "blocks %" PRIu64 " to %" PRIu64 " of the fork: a "
					 "directory block is mapped in part",
					 start, end - 1);
		for (next = xfs_rounddown64(start, fsb);
		     next < end && next < chk->g.leafblk && !chk->stop; next += fsb) {
			check_data_block(dw, next, &bad);
			if (bad >= XFS_CHECK_BAD_BLOCKS) {
				xfs_check_report(chk, AT_DIR(dw),
						 "%u bad blocks in a row: the rest of the "
						 "directory is not checked",
						 bad);
				return false;
			}
		}
		start = XFS_MAX(start, chk->g.leafblk);
		if (end > start) {
			uint64_t split = XFS_MIN(XFS_MAX(start, chk->g.freeblk), end);

			dw->index_blocks += (split - start) / fsb;
			dw->free_blocks += (end - split) / fsb;
		}
	}
	return !chk->stop;
}

static void check_blocks(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	const struct xfs_check_ext *ext = chk->dfork.v;
	const struct xfs_check_best *best;
	uint64_t last, want;

	if (!chk->dfork.n) {
		xfs_check_report(chk, AT_DIR(dw), "no blocks");
		return;
	}
	last = ext[chk->dfork.n - 1].off + ext[chk->dfork.n - 1].len;
	if (last == chk->g.dirfsb) {
		check_block(dw);
	} else if (check_data_space(dw)) {
		xfs_check_dir_sort(dw);
		if (chk->stop)
			return;
		best = dw->bests.n ? (struct xfs_check_best *)dw->bests.v + dw->bests.n - 1 : NULL;
		want = best ? ((uint64_t)best->db + 1) * chk->g.dirblksize : 0;
		if (dw->ip->size != want && !dw->data_broken)
			xfs_check_report(chk, AT_DIR(dw),
					 "di_size is %" PRIu64 ", but the data ends at %" PRIu64,
					 dw->ip->size, want);
		if (last == chk->g.leafblk + chk->g.dirfsb)
			xfs_check_dir_leaf1(dw);
		else
			xfs_check_dir_node(dw);
	} else {
		return;
	}
	if (!dw->dot || !dw->dotdot)
		xfs_check_report(chk, AT_DIR(dw), "\".\" or \"..\" is missing");
	if (!dw->entries && !dw->data_broken)
		xfs_check_report(chk, AT_DIR(dw),
				 "an empty directory that does not stand in the inode");
}

static void check_dir(struct xfs_check *chk, struct xfs_check_dir *dir)
{
	struct xfs_check_inode inode = { .ino = dir->ino };
	struct xfs_check_dirwalk dw = { .chk = chk, .ip = &inode, .dir = dir };

	if (!xfs_check_load_inode(chk, dir->ino, chk->dir_inode, &inode) || !S_ISDIR(inode.mode)) {
		/* It was a directory in the first walk. */
		xfs_check_report(chk, AT_DIR(&dw), "the inode cannot be read again");
		return;
	}
	dw.unlinked = be32_to_cpu(inode.dip->di_nlink) == 0;
	switch (inode.format) {
	case XFS_DINODE_FMT_LOCAL:
		check_sf(&dw);
		break;
	case XFS_DINODE_FMT_EXTENTS:
	case XFS_DINODE_FMT_BTREE:
		/* What could not be walked was reported with the inode. */
		if (xfs_check_fork(chk, &inode, XFS_DATA_FORK, &chk->dfork, true))
			check_blocks(&dw);
		break;
	default:
		break;
	}
	xfs_check_vec_free(chk, &dw.dents);
	xfs_check_vec_free(chk, &dw.bests);
	xfs_mem_free(&chk->mem, dw.found);
}

void xfs_check_dirs(struct xfs_check *chk)
{
	struct xfs_check_dir *dirs = chk->dirs.v;

	for (size_t i = 0; i < chk->dirs.n && !chk->stop; i++) {
		if (i % 64 == 0)
			xfs_check_progress(chk, "directories", i, chk->dirs.n);
		check_dir(chk, &dirs[i]);
	}
}
