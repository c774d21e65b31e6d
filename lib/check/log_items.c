/* SPDX-License-Identifier: MIT */
/*
 * One item of a transaction in the log, checked as its regions arrive: of a region only the length
 * is kept, and of the first two also the bytes that the rules need.  A table has the shape of each
 * item; the rules for values follow per type.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include "check/check_priv.h"
#include "disk/dquot.h"
#include "disk/inode.h"
#include "disk/log_item.h"

/* Size of the largest metadata buffer in blocks of 512 bytes. */
#define BUF_BB	(XFS_MAX_BLOCKSIZE / XFS_BB_SIZE)

static const struct item_shape {
	uint16_t type, least, most;	/* regions */
	uint16_t format;		/* bytes of the first one ... */
	uint16_t each, each32;		/* ... and for each extent that it announces; 0: none */
	const char *name;
} shapes[] = {
#define INTENT	sizeof(struct xfs_intent_log_format)
#define EFI	sizeof(struct xfs_efi_extent), XFS_EFI_EXTENT_32_LEN
#define MAP	sizeof(struct xfs_map_extent), 0
#define PHYS	sizeof(struct xfs_phys_extent), 0
	{ XFS_LI_EFI, 1, 1, INTENT, EFI, "EFI" },
	{ XFS_LI_EFD, 1, 1, INTENT, EFI, "EFD" },
	{ XFS_LI_EFI_RT, 1, 1, INTENT, EFI, "EFI_RT" },
	{ XFS_LI_EFD_RT, 1, 1, INTENT, EFI, "EFD_RT" },
	{ XFS_LI_RUI, 1, 1, INTENT, MAP, "RUI" },
	{ XFS_LI_RUI_RT, 1, 1, INTENT, MAP, "RUI_RT" },
	{ XFS_LI_CUI, 1, 1, INTENT, PHYS, "CUI" },
	{ XFS_LI_CUI_RT, 1, 1, INTENT, PHYS, "CUI_RT" },
	{ XFS_LI_BUI, 1, 1, INTENT, MAP, "BUI" },
	{ XFS_LI_RUD, 1, 1, INTENT, 0, 0, "RUD" },
	{ XFS_LI_RUD_RT, 1, 1, INTENT, 0, 0, "RUD_RT" },
	{ XFS_LI_CUD, 1, 1, INTENT, 0, 0, "CUD" },
	{ XFS_LI_CUD_RT, 1, 1, INTENT, 0, 0, "CUD_RT" },
	{ XFS_LI_BUD, 1, 1, INTENT, 0, 0, "BUD" },
	{ XFS_LI_ATTRD, 1, 1, INTENT, 0, 0, "ATTRD" },
	{ XFS_LI_XMD, 1, 1, INTENT, 0, 0, "XMD" },
	{ XFS_LI_ATTRI, 2, 5, sizeof(struct xfs_attri_log_format), 0, 0, "ATTRI" },
	{ XFS_LI_XMI, 1, 1, sizeof(struct xfs_xmi_log_format), 0, 0, "XMI" },
	{ XFS_LI_ICREATE, 1, 1, sizeof(struct xfs_icreate_log), 0, 0, "ICREATE" },
	{ XFS_LI_DQUOT, 2, 2, sizeof(struct xfs_dq_logformat), 0, 0, "DQUOT" },
	/* Their first regions have varying lengths. */
	{ XFS_LI_INODE, 2, 4, 0, 0, 0, "INODE" },
	{ XFS_LI_BUF, 1, XLOG_MAX_REGIONS_IN_ITEM, 0, 0, 0, "BUF" },
	{ XFS_LI_QUOTAOFF, 1, 1, 0, 0, 0, "QUOTAOFF" },
#undef INTENT
#undef EFI
#undef MAP
#undef PHYS
};

static const struct item_shape *shape_of(uint16_t type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (shapes[i].type == type)
			return &shapes[i];
	}
	return NULL;
}

static void XFS_PRINTF(2, 3) fault(struct xfs_check_log_item *item, const char *fmt, ...)
{
	const struct item_shape *shape = shape_of(item->type);
	va_list args;
	int n;

	if (item->fault[0])
		return;
	n = snprintf(item->fault, sizeof(item->fault), "%s item: ",
		     shape ? shape->name : "unknown");
	va_start(args, fmt);
	vsnprintf(item->fault + n, sizeof(item->fault) - (size_t)n, fmt, args);
	va_end(args);
}

/* The first bit from @bit on in the map that equals @set; the map's end if there is none. */
static uint32_t map_next(const struct xfs_check_log_item *item, uint32_t words, uint32_t bit,
			 bool set)
{
	for (; bit < words * 32; bit++) {
		uint32_t word;

		memcpy(&word, item->format + XFS_BUF_LOG_FORMAT_LEN + bit / 32 * sizeof(word),
		       sizeof(word));
		if ((word >> (bit % 32) & 1) == set)
			break;
	}
	return bit;
}

static void buf_format(const struct xfs_check_log_item *item, struct xfs_buf_log_format *blf)
{
	memset(blf, 0, sizeof(*blf));
	memcpy(blf, item->format, XFS_BUF_LOG_FORMAT_LEN);
}

/* True if these blocks of 512 bytes are on the data device. */
static bool on_device(const struct xfs_check *chk, int64_t daddr, uint64_t bbs)
{
	uint64_t all = chk->dev_bytes >> XFS_BB_SHIFT;

	return daddr >= 0 && bbs && (uint64_t)daddr < all && bbs <= all - (uint64_t)daddr;
}

static void judge_buf_format(const struct xfs_check *chk, struct xfs_check_log_item *item)
{
	const uint32_t sector_bb = chk->g.sectsize >> XFS_BB_SHIFT;
	struct xfs_buf_log_format blf;

	if (item->len[0] < XFS_BUF_LOG_FORMAT_LEN) {
		fault(item, "its format has %u bytes", item->len[0]);
		return;
	}
	buf_format(item, &blf);
	if (item->len[0] != XFS_BUF_LOG_FORMAT_LEN + 4ull * blf.blf_map_size)
		fault(item, "its format has %u bytes, its map %u words", item->len[0],
		      blf.blf_map_size);
	if (!on_device(chk, blf.blf_blkno, blf.blf_len))
		fault(item, "%u blocks at daddr 0x%" PRIx64 " are outside the device", blf.blf_len,
		      (uint64_t)blf.blf_blkno);
	if (blf.blf_flags & XFS_BLF_CANCEL)
		return;
	if (blf.blf_len > BUF_BB || (uint64_t)blf.blf_blkno % sector_bb ||
	    blf.blf_len % sector_bb)
		fault(item, "no buffer has %u blocks at daddr 0x%" PRIx64, blf.blf_len,
		      (uint64_t)blf.blf_blkno);
}

/* Each region holds a part of one run of the map, in order. */
static void judge_buf_region(struct xfs_check_log_item *item)
{
	uint32_t chunks = item->region_len >> XFS_BLF_CHUNK_SHIFT, words, begin, end;
	struct xfs_buf_log_format blf;

	buf_format(item, &blf);
	if (item->fault[0] || blf.blf_flags & XFS_BLF_CANCEL)
		return;
	words = XFS_MIN(blf.blf_map_size,
			(uint32_t)(XFS_CHECK_LOG_FORMAT - XFS_BUF_LOG_FORMAT_LEN) / 4);
	begin = map_next(item, words, item->chunk, true);
	end = map_next(item, words, begin, false);
	if (!chunks || item->region_len % XFS_BLF_CHUNK || chunks > end - begin)
		fault(item, "region %u has %u bytes where its map names %u chunks",
		      item->count - 1u, item->region_len, end - begin);
	else
		item->chunk = begin + chunks;
}

static void judge_logged_sb(const struct xfs_check *chk, struct xfs_check_log_item *item)
{
	const struct xfs_dsb *dsb = (const void *)item->second;
	const struct xfs_sb *sb = &chk->sb;
	uint64_t dblocks = be64_to_cpu(dsb->sb_dblocks);

	if (item->count < 2 || item->len[1] < XFS_BLF_CHUNK ||
	    map_next(item, 1, 0, true) != 0)
		return;
	if (be32_to_cpu(dsb->sb_magicnum) != XFS_SB_MAGIC)
		fault(item, "the superblock has magic number 0x%08x",
		      be32_to_cpu(dsb->sb_magicnum));
	if (be32_to_cpu(dsb->sb_blocksize) != sb->sb_blocksize ||
	    be32_to_cpu(dsb->sb_agblocks) != sb->sb_agblocks ||
	    be16_to_cpu(dsb->sb_sectsize) != sb->sb_sectsize ||
	    be16_to_cpu(dsb->sb_inodesize) != sb->sb_inodesize ||
	    be32_to_cpu(dsb->sb_logblocks) != sb->sb_logblocks ||
	    be64_to_cpu(dsb->sb_logstart) != (uint64_t)sb->sb_logstart)
		fault(item, "the superblock has another geometry");
	if (dblocks > chk->dev_bytes >> chk->g.blocklog ||
	    be32_to_cpu(dsb->sb_agcount) != xfs_howmany64(dblocks, chk->g.agblocks))
		fault(item, "the superblock says %" PRIu64 " blocks and %u AGs", dblocks,
		      be32_to_cpu(dsb->sb_agcount));
}

static void judge_buf(const struct xfs_check *chk, struct xfs_check_log_item *item)
{
	struct xfs_buf_log_format blf;
	uint32_t words, next;

	buf_format(item, &blf);
	if (item->fault[0] || blf.blf_flags & XFS_BLF_CANCEL)
		return;
	/* The words that a buffer of this size can need; the others were not kept. */
	words = XFS_MIN(blf.blf_map_size,
			(uint32_t)(XFS_CHECK_LOG_FORMAT - XFS_BUF_LOG_FORMAT_LEN) / 4);
	next = map_next(item, words, item->chunk, true);
	if (next < words * 32)
		fault(item, "chunk %u of its map has no region", next);
	if (item->more ||
	    item->chunk > (uint32_t)blf.blf_len << (XFS_BB_SHIFT - XFS_BLF_CHUNK_SHIFT))
		fault(item, "its map reaches beyond the buffer");
	if (!blf.blf_blkno)
		judge_logged_sb(chk, item);
}

uint64_t xfs_check_log_grown(const struct xfs_check_log_item *item)
{
	const struct xfs_dsb *dsb = (const void *)item->second;
	struct xfs_buf_log_format blf;

	if (item->type != XFS_LI_BUF || item->fault[0] || item->count < 2 ||
	    item->len[1] < XFS_BLF_CHUNK)
		return 0;
	buf_format(item, &blf);
	return blf.blf_blkno || blf.blf_flags & XFS_BLF_CANCEL || map_next(item, 1, 0, true)
	       ? 0 : be64_to_cpu(dsb->sb_dblocks);
}

static bool several(uint32_t bits)
{
	return bits & (bits - 1);
}

static void judge_core(const struct xfs_check_geo *g, struct xfs_check_log_item *item,
		       struct xfs_log_dinode *core)
{
	uint64_t data, attr;
	int format;
	bool big;

	memcpy(core, item->second, sizeof(*core));
	format = core->di_format;
	big = core->di_flags2 & XFS_DIFLAG2_NREXT64;
	data = big ? core->di_big_nextents : core->di_nextents;
	attr = big ? core->di_nextents : core->di_anextents;
	if (core->di_magic != XFS_DINODE_MAGIC || core->di_version != XFS_DINODE_VERSION)
		fault(item, "magic number 0x%04x, version %d", core->di_magic, core->di_version);
	if (big && !g->nrext64)
		fault(item, "large extent counters, which the file system does not have");
	if (big ? core->di_anextents : core->di_big_nextents != 0)
		fault(item, "padding is not zero");
	if ((S_ISREG(core->di_mode) && format != XFS_DINODE_FMT_EXTENTS &&
	     format != XFS_DINODE_FMT_BTREE && format != XFS_DINODE_FMT_META_BTREE) ||
	    (S_ISDIR(core->di_mode) && format != XFS_DINODE_FMT_LOCAL &&
	     format != XFS_DINODE_FMT_EXTENTS && format != XFS_DINODE_FMT_BTREE))
		fault(item, "mode 0%o with a data fork of format %d", core->di_mode, format);
	if (data > core->di_nblocks || attr > core->di_nblocks - data)
		fault(item, "%" PRIu64 " and %" PRIu64 " extents of %" PRIu64 " blocks", data, attr,
		      core->di_nblocks);
	if (core->di_forkoff * XFS_CHECK_FORKOFF_UNIT >= g->isize - XFS_DINODE_CORE_SIZE)
		fault(item, "its attribute fork begins at %u", core->di_forkoff * XFS_CHECK_FORKOFF_UNIT);
}

static void judge_fork(struct xfs_check_log_item *item, uint32_t region, bool root, uint32_t room)
{
	uint32_t len = item->len[region];

	/* The root of a tree is smaller in the inode; replay decides whether it fits. */
	if (root ? len < XFS_BTREE_LBLOCK_LEN : len > room)
		fault(item, "%s of %u bytes, %u are left in the inode", root ? "a root" : "a fork",
		      len, room);
}

/* The two layouts of the format differ by the padding before the inode number. */
static bool inode_format(const struct xfs_check_log_item *item, struct xfs_inode_log_format *ilf)
{
	const size_t pad = offsetof(struct xfs_inode_log_format, ilf_pad);
	const size_t rest = offsetof(struct xfs_inode_log_format, ilf_ino);
	size_t from = item->len[0] == sizeof(*ilf) ? rest : pad;

	if (item->len[0] != sizeof(*ilf) && item->len[0] != XFS_INODE_LOG_FORMAT_32_LEN)
		return false;
	memset(ilf, 0, sizeof(*ilf));
	memcpy(ilf, item->format, pad);
	memcpy((char *)ilf + rest, item->format + from, sizeof(*ilf) - rest);
	return true;
}

/* Check that the cluster exists and that the inode number belongs to its place. */
static void judge_inode_place(const struct xfs_check *chk, const struct xfs_check_geo *g,
			      struct xfs_check_log_item *item,
			      const struct xfs_inode_log_format *ilf)
{
	uint64_t agno = ilf->ilf_ino >> g->agino_log, agino, byte, block;

	if (!on_device(chk, ilf->ilf_blkno, ilf->ilf_len) || ilf->ilf_len > BUF_BB ||
	    (uint64_t)ilf->ilf_blkno % (g->blocksize / XFS_BB_SIZE)) {
		fault(item, "its cluster is %u blocks at daddr 0x%" PRIx64, ilf->ilf_len,
		      (uint64_t)ilf->ilf_blkno);
		return;
	}
	if (ilf->ilf_boffset % g->isize ||
	    (uint64_t)ilf->ilf_boffset + g->isize > (uint64_t)ilf->ilf_len << XFS_BB_SHIFT)
		fault(item, "offset %u in a cluster of %u blocks", ilf->ilf_boffset, ilf->ilf_len);
	agino = ilf->ilf_ino - (agno << g->agino_log);
	block = agno * g->agblocks + (agino >> g->inopblog);
	byte = (block << g->blocklog) + ((agino & (g->inopblock - 1)) << g->inodelog);
	if (agno >= g->agcount ||
	    byte != ((uint64_t)ilf->ilf_blkno << XFS_BB_SHIFT) + ilf->ilf_boffset)
		fault(item, "inode %" PRIu64 " is not at offset %u of daddr 0x%" PRIx64,
		      ilf->ilf_ino, ilf->ilf_boffset, (uint64_t)ilf->ilf_blkno);
}

static void judge_inode(const struct xfs_check *chk, const struct xfs_check_geo *g,
			struct xfs_check_log_item *item)
{
	uint32_t litino = g->isize - XFS_DINODE_CORE_SIZE, room, next = 2;
	struct xfs_inode_log_format ilf;
	struct xfs_log_dinode core;

	if (!inode_format(item, &ilf) || item->len[1] != sizeof(core)) {
		fault(item, "its format has %u bytes, its core %u", item->len[0], item->len[1]);
		return;
	}
	if (several(ilf.ilf_fields & XFS_ILOG_DFORK) || several(ilf.ilf_fields & XFS_ILOG_AFORK))
		fault(item, "fields 0x%x", ilf.ilf_fields);
	judge_inode_place(chk, g, item, &ilf);
	judge_core(g, item, &core);
	if (item->size == 2 || item->fault[0])
		return;
	room = core.di_forkoff ? core.di_forkoff * XFS_CHECK_FORKOFF_UNIT : litino;
	if (ilf.ilf_fields & XFS_ILOG_DFORK)
		judge_fork(item, next++, ilf.ilf_fields & XFS_ILOG_DBROOT, room);
	if (ilf.ilf_fields & XFS_ILOG_AFORK && next < item->size)
		judge_fork(item, next++, ilf.ilf_fields & XFS_ILOG_ABROOT, litino - room);
	else if (ilf.ilf_fields & XFS_ILOG_AFORK)
		next++;
	if (next != item->size)
		fault(item, "it has %u regions, its fields 0x%x announce %u", item->size,
		      ilf.ilf_fields, next);
}

static void judge_icreate(const struct xfs_check_geo *g, struct xfs_check_log_item *item)
{
	uint32_t agno, agbno, count, length;
	struct xfs_icreate_log icl;

	memcpy(&icl, item->format, sizeof(icl));
	agno = be32_to_cpu(icl.icl_ag);
	agbno = be32_to_cpu(icl.icl_agbno);
	count = be32_to_cpu(icl.icl_count);
	length = be32_to_cpu(icl.icl_length);
	if (!xfs_check_agbno(g, agno, agbno, length))
		fault(item, "%u blocks at %u of AG %u", length, agbno, agno);
	if (be32_to_cpu(icl.icl_isize) != g->isize)
		fault(item, "inodes of %u bytes", be32_to_cpu(icl.icl_isize));
	if ((length != g->ialloc_blks && (!g->spino_align || length != g->spino_align)) ||
	    count != (uint64_t)length * g->inopblock)
		fault(item, "a chunk of %u inodes in %u blocks", count, length);
	if (length % g->cluster_blks)
		fault(item, "%u blocks are not whole clusters", length);
}

static void judge_dquot(const struct xfs_check *chk, struct xfs_check_log_item *item)
{
	const struct xfs_disk_dquot *dq = (const void *)item->second;
	const uint32_t slot = (uint32_t)sizeof(struct xfs_dqblk);
	uint32_t block_bb = chk->g.blocksize / XFS_BB_SIZE, types = dq->d_type & XFS_DQTYPE_REC_MASK;
	struct xfs_dq_logformat qlf;

	memcpy(&qlf, item->format, sizeof(qlf));
	if (item->len[1] != XFS_DQUOT_LOGGED_LEN)
		fault(item, "a dquot of %u bytes", item->len[1]);
	if (qlf.qlf_len != 1 || !on_device(chk, qlf.qlf_blkno, block_bb) ||
	    (uint64_t)qlf.qlf_blkno % block_bb || qlf.qlf_boffset % slot ||
	    (uint64_t)qlf.qlf_boffset + slot > chk->g.blocksize)
		fault(item, "offset %u of %d blocks at daddr 0x%" PRIx64, qlf.qlf_boffset,
		      qlf.qlf_len, (uint64_t)qlf.qlf_blkno);
	if (be16_to_cpu(dq->d_magic) != XFS_DQUOT_MAGIC || dq->d_version != XFS_DQUOT_VERSION ||
	    be32_to_cpu(dq->d_id) != qlf.qlf_id || !types || several(types))
		fault(item, "what is logged for id %u is not its dquot", qlf.qlf_id);
}

/* Number and lengths of the regions of an attribute operation; 0: unknown operation. */
static uint32_t attri_regions(const struct xfs_attri_log_format *f, uint32_t len[4])
{
	switch (f->alfi_op_flags) {
	case XFS_ATTRI_OP_SET:
	case XFS_ATTRI_OP_REPLACE:
	case XFS_ATTRI_OP_REMOVE:
		len[0] = f->alfi_name_len;
		len[1] = f->alfi_value_len;
		return len[1] ? 2 : 1;
	case XFS_ATTRI_OP_PPTR_SET:
	case XFS_ATTRI_OP_PPTR_REMOVE:
		len[0] = f->alfi_name_len;
		len[1] = f->alfi_value_len;
		return 2;
	case XFS_ATTRI_OP_PPTR_REPLACE:
		len[0] = f->alfi_old_name_len;
		len[1] = f->alfi_new_name_len;
		len[2] = len[3] = f->alfi_value_len;
		return 4;
	default:
		return 0;
	}
}

static void judge_attri(struct xfs_check_log_item *item)
{
	struct xfs_attri_log_format f;
	uint32_t want[4], n;

	memcpy(&f, item->format, sizeof(f));
	n = attri_regions(&f, want);
	if (!n || (f.alfi_op_flags == XFS_ATTRI_OP_REMOVE && f.alfi_value_len) ||
	    f.alfi_attr_filter & ~XFS_ATTRI_FILTER_MASK) {
		fault(item, "operation 0x%x, name space 0x%x, a value of %u bytes",
		      f.alfi_op_flags, f.alfi_attr_filter, f.alfi_value_len);
		return;
	}
	if (item->size != n + 1)
		fault(item, "%u regions for operation %u", item->size, f.alfi_op_flags);
	for (uint32_t i = 0; i < n && !item->fault[0]; i++) {
		if (!want[i] || want[i] > 65536 || item->len[i + 1] != ((want[i] + 3) & ~3u))
			fault(item, "region %u has %u bytes for %u", i + 1, item->len[i + 1],
			      want[i]);
	}
}

static void judge_format(struct xfs_check_log_item *item, const struct item_shape *shape)
{
	struct xfs_intent_log_format f;
	uint32_t len = item->len[0];

	memcpy(&f, item->format, sizeof(f));
	if (item->type == XFS_LI_QUOTAOFF ? len < offsetof(struct xfs_qoff_logformat, qf_pad)
					  : shape->format && len < shape->format)
		fault(item, "its format has %u bytes", len);
	else if (shape->each ? len != shape->format + (uint64_t)f.nextents * shape->each &&
			       (!shape->each32 ||
				len != shape->format + (uint64_t)f.nextents * shape->each32)
			     : shape->format && len != shape->format)
		fault(item, "its format has %u bytes, for %u extents", len, f.nextents);
	if (item->type == XFS_LI_BUI && len != shape->format + shape->each)
		fault(item, "%u bytes are not one mapping", len);
}

static void judge_values(const struct xfs_check *chk, const struct xfs_check_geo *g,
			 struct xfs_check_log_item *item)
{
	struct xfs_xmi_log_format xmi;

	switch (item->type) {
	case XFS_LI_BUF:
		judge_buf(chk, item);
		break;
	case XFS_LI_INODE:
		judge_inode(chk, g, item);
		break;
	case XFS_LI_ICREATE:
		judge_icreate(g, item);
		break;
	case XFS_LI_DQUOT:
		judge_dquot(chk, item);
		break;
	case XFS_LI_ATTRI:
		judge_attri(item);
		break;
	case XFS_LI_XMI:
		memcpy(&xmi, item->format, sizeof(xmi));
		if (xmi.xmi_pad)
			fault(item, "padding is not zero");
		break;
	default:
		break;
	}
}

void xfs_check_log_item(struct xfs_check *chk, const struct xfs_check_geo *g,
			struct xfs_check_log_item *item, bool last)
{
	const struct item_shape *shape = shape_of(item->type);

	if (!shape) {
		fault(item, "type 0x%04x is unknown", item->type);
		return;
	}
	if (item->count <= XFS_CHECK_LOG_REGIONS)
		item->len[item->count - 1] = item->region_len;
	if (item->count == 1) {
		if (item->size < shape->least || item->size > shape->most)
			fault(item, "it has %u regions", item->size);
		judge_format(item, shape);
		if (item->type == XFS_LI_BUF)
			judge_buf_format(chk, item);
	} else if (item->type == XFS_LI_BUF) {
		judge_buf_region(item);
	}
	if (last && !item->fault[0])
		judge_values(chk, g, item);
}
