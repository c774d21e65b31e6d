/* SPDX-License-Identifier: MIT */
/*
 * Checks of an item before anything is replayed: it has the regions that it announces, stays inside
 * the device and inside the object that it changes, and its values are possible.  Everything that
 * replay does with an item later relies on these checks.
 */
#include <stdarg.h>
#include <stdio.h>
#include "core/message.h"
#include "disk/dquot.h"
#include "disk/inode.h"
#include "log/log_priv.h"

const char *xlog_item_name(uint16_t type)
{
	static const char *const names[] = {
		"EFI", "EFD", "IUNLINK", NULL, NULL, "INODE", "BUF", "DQUOT", "QUOTAOFF",
		"ICREATE", "RUI", "RUD", "CUI", "CUD", "BUI", "BUD", "ATTRI", "ATTRD", "XMI",
		"XMD", "EFI_RT", "EFD_RT", "RUI_RT", "RUD_RT", "CUI_RT", "CUD_RT",
	};
	const char *name = NULL;

	if (type >= XFS_LI_EFI && type < XFS_LI_EFI + ARRAY_SIZE(names))
		name = names[type - XFS_LI_EFI];
	return name ? name : "unknown";
}

int xlog_set_item_corrupt(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xfs_set_corrupt(rl->mp, -EUCLEAN, "log", "record at block %u, transaction 0x%08x of LSN %u:%u, %s item: %s",
			item->it_block, trans->xt_tid, CYCLE_LSN(trans->xt_lsn),
			BLOCK_LSN(trans->xt_lsn), xlog_item_name(item->it_type), text);
	return 1;
}

#define BAD(...)	xlog_item_corrupt(rl, trans, item, __VA_ARGS__)

/* True if a buffer of @bbs blocks at @blkno lies inside the device. */
static bool place_ok(const struct xlog_recover *rl, int64_t blkno, uint64_t bbs)
{
	return blkno >= 0 && bbs && (uint64_t)blkno < rl->device_bbs &&
	       bbs <= rl->device_bbs - (uint64_t)blkno;
}

/* ------------------------------------------------------------------- BUF */

void xlog_item_buf_format(const struct xlog_item *item, struct xfs_buf_log_format *blf)
{
	memset(blf, 0, sizeof(*blf));
	memcpy(blf, item->it_regions[0].data, XFS_BUF_LOG_FORMAT_LEN);
}

static uint32_t map_word(const struct xlog_item *item, uint32_t word)
{
	uint32_t v;

	memcpy(&v, (const uint8_t *)item->it_regions[0].data + XFS_BUF_LOG_FORMAT_LEN +
	       sizeof(v) * word, sizeof(v));
	return v;
}

static uint32_t map_words(const struct xlog_item *item)
{
	return (item->it_regions[0].len - XFS_BUF_LOG_FORMAT_LEN) / 4;
}

/* The first chunk from @chunk on whose bit equals @set, or the end of the map. */
static uint32_t map_find(const struct xlog_item *item, uint32_t chunk, bool set)
{
	uint32_t bits = map_words(item) * 32;

	while (chunk < bits) {
		uint32_t w = map_word(item, chunk / 32);

		w = (set ? w : ~w) >> (chunk % 32);
		if (w)
			return chunk + (uint32_t)__builtin_ctz(w);
		chunk = (chunk / 32 + 1) * 32;
	}
	return bits;
}

bool xlog_buf_next(const struct xlog_item *item, struct xlog_buf_iter *it)
{
	const struct xlog_region *region;
	uint32_t end, avail;

	it->chunk = map_find(item, it->chunk, true);
	if (it->chunk >= map_words(item) * 32)
		return false;
	end = map_find(item, it->chunk, false);
	if (!it->region)
		it->region = 1;
	if (it->region >= item->it_count)
		return false;
	region = &item->it_regions[it->region];
	avail = region->len >> XFS_BLF_CHUNK_SHIFT;
	it->off = it->chunk << XFS_BLF_CHUNK_SHIFT;
	it->data = region->data;
	it->len = XFS_MIN(avail, end - it->chunk) << XFS_BLF_CHUNK_SHIFT;
	it->chunk += it->len >> XFS_BLF_CHUNK_SHIFT;
	it->region++;
	return true;
}

static int check_buf_regions(struct xlog_recover *rl, const struct xlog_trans *trans,
			     const struct xlog_item *item, uint32_t bbs)
{
	struct xlog_buf_iter it = { 0 };
	uint32_t bytes = bbs << XFS_BB_SHIFT, chunks = 0, logged = 0;

	for (uint32_t i = 1; i < item->it_count; i++) {
		uint32_t len = item->it_regions[i].len;

		if (!len || len % XFS_BLF_CHUNK)
			return BAD("region %u has %u bytes", i, len);
		logged += len >> XFS_BLF_CHUNK_SHIFT;
		if (logged > bytes >> XFS_BLF_CHUNK_SHIFT)
			return BAD("its regions are longer than the buffer");
	}
	for (uint32_t c = 0; (c = map_find(item, c, true)) < map_words(item) * 32; c++, chunks++) {
		if (c >= bytes >> XFS_BLF_CHUNK_SHIFT)
			return BAD("its map reaches beyond the buffer: chunk %u of %u", c,
				   bytes >> XFS_BLF_CHUNK_SHIFT);
	}
	if (chunks != logged)
		return BAD("its map names %u chunks, its regions hold %u", chunks, logged);
	chunks = 0;
	while (xlog_buf_next(item, &it))
		chunks += it.len >> XFS_BLF_CHUNK_SHIFT;
	if (chunks != logged)
		return BAD("its regions do not follow the runs of its map");
	return 0;
}

static int check_sb_image(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item)
{
	struct xlog_buf_iter it = { 0 };
	const struct xfs_dsb *dsb;
	struct xfs_geometry *geo = &rl->geo;
	uint64_t dblocks;
	uint32_t agcount;

	if (!xlog_buf_next(item, &it) || it.off || it.len < XFS_BLF_CHUNK)
		return 0;
	dsb = (const void *)it.data;
	dblocks = be64_to_cpu(dsb->sb_dblocks);
	agcount = be32_to_cpu(dsb->sb_agcount);
	if (be32_to_cpu(dsb->sb_magicnum) != XFS_SB_MAGIC)
		return BAD("the superblock has magic number 0x%08x", be32_to_cpu(dsb->sb_magicnum));
	if (be32_to_cpu(dsb->sb_blocksize) != geo->blocksize ||
	    be32_to_cpu(dsb->sb_agblocks) != geo->agblocks ||
	    be16_to_cpu(dsb->sb_sectsize) != geo->sectsize ||
	    be16_to_cpu(dsb->sb_inodesize) != geo->inodesize ||
	    be32_to_cpu(dsb->sb_logblocks) != geo->logblocks ||
	    be64_to_cpu(dsb->sb_logstart) != geo->logstart)
		return BAD("the superblock has another geometry");
	if (dblocks > rl->device_bbs >> geo->blkbb_log ||
	    agcount != xfs_howmany64(dblocks, geo->agblocks))
		return BAD("the superblock says %" PRIu64 " blocks and %u AGs", dblocks, agcount);
	/* The file system was grown: later items may lie in the new part. */
	if (dblocks > geo->dblocks) {
		geo->dblocks = dblocks;
		geo->agcount = agcount;
		geo->last_agblocks = (uint32_t)(dblocks - (uint64_t)(agcount - 1) * geo->agblocks);
	}
	return 0;
}

static int check_buf(struct xlog_recover *rl, const struct xlog_trans *trans,
		     const struct xlog_item *item)
{
	struct xfs_buf_log_format blf;
	uint32_t len = item->it_regions[0].len;
	int error;

	if (len < XFS_BUF_LOG_FORMAT_LEN)
		return BAD("its format has %u bytes", len);
	xlog_item_buf_format(item, &blf);
	if (len != XFS_BUF_LOG_FORMAT_LEN + 4ull * blf.blf_map_size)
		return BAD("its format has %u bytes, its map %u words", len, blf.blf_map_size);
	if (!place_ok(rl, blf.blf_blkno, blf.blf_len))
		return BAD("%u blocks at daddr 0x%" PRIx64 " are outside the device", blf.blf_len,
			   (uint64_t)blf.blf_blkno);
	if (blf.blf_flags & XFS_BLF_CANCEL)
		return 0;
	if (blf.blf_len > XLOG_RBUF_MAX_BBS || ((uint64_t)blf.blf_blkno << XFS_BB_SHIFT) % rl->geo.sectsize ||
	    ((uint32_t)blf.blf_len << XFS_BB_SHIFT) % rl->geo.sectsize)
		return BAD("no buffer can have %u blocks at daddr 0x%" PRIx64, blf.blf_len,
			   (uint64_t)blf.blf_blkno);
	error = check_buf_regions(rl, trans, item, blf.blf_len);
	if (error)
		return error;
	if (blf.blf_blkno == 0) {
		rl->rec->logged_sb = true;
		return check_sb_image(rl, trans, item);
	}
	return 0;
}

/* ------------------------------------------------------------------ INODE */

void xlog_item_inode_format(const struct xlog_item *item, struct xfs_inode_log_format *ilf)
{
	const struct xlog_region *region = &item->it_regions[0];
	const size_t pad = offsetof(struct xfs_inode_log_format, ilf_pad);
	const size_t ino = offsetof(struct xfs_inode_log_format, ilf_ino);

	if (region->len == sizeof(*ilf)) {
		memcpy(ilf, region->data, sizeof(*ilf));
		return;
	}
	/* Written by a 32-bit machine: without the padding. */
	memcpy(ilf, region->data, pad);
	ilf->ilf_pad = 0;
	memcpy((uint8_t *)ilf + ino, (const uint8_t *)region->data + pad,
	       XFS_INODE_LOG_FORMAT_32_LEN - pad);
}

static bool one_at_most(uint32_t bits)
{
	return !(bits & (bits - 1));
}

static int check_core(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item, const struct xfs_log_dinode *core)
{
	bool large = core->di_flags2 & XFS_DIFLAG2_NREXT64;
	uint64_t nextents = large ? core->di_big_nextents : core->di_nextents;
	uint64_t anextents = large ? core->di_nextents : core->di_anextents;
	int format = core->di_format;

	if (core->di_magic != XFS_DINODE_MAGIC)
		return BAD("magic number 0x%04x", core->di_magic);
	if (core->di_version != XFS_DINODE_VERSION)
		return BAD("version %d of the inode", core->di_version);
	if (large && !xfs_has_large_extent_counts(&rl->geo))
		return BAD("large extent counters, which the file system does not have");
	if (large ? core->di_anextents : core->di_big_nextents != 0)
		return BAD("padding is not zero");
	if (S_ISREG(core->di_mode) && format != XFS_DINODE_FMT_EXTENTS &&
	    format != XFS_DINODE_FMT_BTREE && format != XFS_DINODE_FMT_META_BTREE)
		return BAD("a regular file of format %d", format);
	if (S_ISDIR(core->di_mode) && format != XFS_DINODE_FMT_LOCAL &&
	    format != XFS_DINODE_FMT_EXTENTS && format != XFS_DINODE_FMT_BTREE)
		return BAD("a directory of format %d", format);
	if (nextents > core->di_nblocks || anextents > core->di_nblocks - nextents)
		return BAD("%" PRIu64 " and %" PRIu64 " extents of %" PRIu64 " blocks", nextents,
			   anextents, core->di_nblocks);
	if (core->di_forkoff * 8u >= rl->geo.litino)
		return BAD("its attribute fork begins at %u", core->di_forkoff * 8u);
	return 0;
}

static int check_fork(struct xlog_recover *rl, const struct xlog_trans *trans,
		      const struct xlog_item *item, uint32_t region, bool root, const char *fork,
		      uint32_t room)
{
	const struct xlog_region *r = &item->it_regions[region];

	if (region >= item->it_count)
		return BAD("the %s fork is missing", fork);
	if (root && r->len < XFS_BTREE_LBLOCK_LEN)
		return BAD("the root of the %s fork has %u bytes", fork, r->len);
	/* The space that a root needs in the inode is checked when it is replayed. */
	if (!root && r->len > room)
		return BAD("the %s fork has %u bytes, there is room for %u", fork, r->len, room);
	return 0;
}

static int check_inode(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item)
{
	const struct xfs_geometry *geo = &rl->geo;
	uint32_t len = item->it_regions[0].len, next = 2, room;
	struct xfs_inode_log_format ilf;
	struct xfs_log_dinode core;
	uint64_t byte;
	int error;

	if (len != sizeof(ilf) && len != XFS_INODE_LOG_FORMAT_32_LEN)
		return BAD("its format has %u bytes", len);
	xlog_item_inode_format(item, &ilf);
	if (item->it_size < 2 || item->it_size > 4)
		return BAD("it has %u regions", item->it_size);
	if (!one_at_most(ilf.ilf_fields & XFS_ILOG_DFORK) ||
	    !one_at_most(ilf.ilf_fields & XFS_ILOG_AFORK))
		return BAD("fields 0x%x", ilf.ilf_fields);
	if (!place_ok(rl, ilf.ilf_blkno, ilf.ilf_len) || ilf.ilf_len > XLOG_RBUF_MAX_BBS ||
	    ((uint64_t)ilf.ilf_blkno << XFS_BB_SHIFT) % geo->blocksize)
		return BAD("its cluster is %u blocks at daddr 0x%" PRIx64, ilf.ilf_len,
			   (uint64_t)ilf.ilf_blkno);
	if (ilf.ilf_boffset % geo->inodesize ||
	    ilf.ilf_boffset + (uint64_t)geo->inodesize > (uint64_t)ilf.ilf_len << XFS_BB_SHIFT)
		return BAD("offset %u in a cluster of %u blocks", ilf.ilf_boffset, ilf.ilf_len);
	byte = ((uint64_t)ilf.ilf_blkno << XFS_BB_SHIFT) + ilf.ilf_boffset;
	if (ilf.ilf_ino >> geo->agino_log >= geo->agcount || xfs_ino_to_bytes(geo, ilf.ilf_ino) != byte)
		return BAD("inode %" PRIu64 " is not at byte %" PRIu64, ilf.ilf_ino, byte);
	if (item->it_regions[1].len != sizeof(core))
		return BAD("the core has %u bytes", item->it_regions[1].len);
	memcpy(&core, item->it_regions[1].data, sizeof(core));
	error = check_core(rl, trans, item, &core);
	if (error || item->it_size == 2)
		return error;
	room = core.di_forkoff ? core.di_forkoff * 8u : geo->litino;
	if (ilf.ilf_fields & XFS_ILOG_DFORK)
		error = check_fork(rl, trans, item, next++, ilf.ilf_fields & XFS_ILOG_DBROOT,
				   "data", room);
	if (!error && ilf.ilf_fields & XFS_ILOG_AFORK)
		error = check_fork(rl, trans, item, next++, ilf.ilf_fields & XFS_ILOG_ABROOT,
				   "attribute", core.di_forkoff ? geo->litino - room : 0);
	if (!error && next != item->it_size)
		error = BAD("it has %u regions, its fields 0x%x announce %u", item->it_size,
			    ilf.ilf_fields, next);
	return error;
}

/* ------------------------------------------------------- ICREATE and quota */

static int check_icreate(struct xlog_recover *rl, const struct xlog_trans *trans,
			 const struct xlog_item *item)
{
	const struct xfs_geometry *geo = &rl->geo;
	struct xfs_icreate_log icl;
	uint32_t agno, agbno, count, length;

	if (item->it_size != 1 || item->it_regions[0].len != sizeof(icl))
		return BAD("%u regions, the first one has %u bytes", item->it_size,
			   item->it_regions[0].len);
	memcpy(&icl, item->it_regions[0].data, sizeof(icl));
	agno = be32_to_cpu(icl.icl_ag);
	agbno = be32_to_cpu(icl.icl_agbno);
	count = be32_to_cpu(icl.icl_count);
	length = be32_to_cpu(icl.icl_length);
	if (agno >= geo->agcount)
		return BAD("AG %u", agno);
	if (!xfs_verify_agbext(geo, agno, agbno, length))
		return BAD("%u blocks at %u of AG %u", length, agbno, agno);
	if (be32_to_cpu(icl.icl_isize) != geo->inodesize)
		return BAD("inodes of %u bytes", be32_to_cpu(icl.icl_isize));
	if (length != geo->ialloc_blks &&
	    (!geo->ialloc_min_blks || length != geo->ialloc_min_blks))
		return BAD("a chunk of %u blocks", length);
	if (count >> geo->inopblog != length || count & (geo->inopblock - 1))
		return BAD("%u inodes in %u blocks", count, length);
	if (length % geo->blocks_per_cluster)
		return BAD("%u blocks are not whole clusters", length);
	return 0;
}

static int check_dquot(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item)
{
	const struct xfs_geometry *geo = &rl->geo;
	const uint32_t slot = (uint32_t)sizeof(struct xfs_dqblk);
	const struct xfs_disk_dquot *ddq;
	struct xfs_dq_logformat qlf;

	if (item->it_size != 2 || item->it_regions[0].len != sizeof(qlf) ||
	    item->it_regions[1].len != XFS_DQUOT_LOGGED_LEN)
		return BAD("%u regions, the first one has %u bytes", item->it_size,
			   item->it_regions[0].len);
	memcpy(&qlf, item->it_regions[0].data, sizeof(qlf));
	if (qlf.qlf_len != 1 || !place_ok(rl, qlf.qlf_blkno, geo->bb_per_block) ||
	    (uint64_t)qlf.qlf_blkno % geo->bb_per_block)
		return BAD("%d blocks at daddr 0x%" PRIx64, qlf.qlf_len, (uint64_t)qlf.qlf_blkno);
	if (qlf.qlf_boffset % slot || qlf.qlf_boffset + (uint64_t)slot > geo->blocksize)
		return BAD("offset %u", qlf.qlf_boffset);
	ddq = item->it_regions[1].data;
	if (be16_to_cpu(ddq->d_magic) != XFS_DQUOT_MAGIC || ddq->d_version != XFS_DQUOT_VERSION ||
	    be32_to_cpu(ddq->d_id) != qlf.qlf_id)
		return BAD("what is logged for id %u is not its dquot", qlf.qlf_id);
	if (!one_at_most(ddq->d_type & XFS_DQTYPE_REC_MASK) || !(ddq->d_type & XFS_DQTYPE_REC_MASK))
		return BAD("dquot of type 0x%x", ddq->d_type);
	return 0;
}

static int check_quotaoff(struct xlog_recover *rl, const struct xlog_trans *trans,
			  const struct xlog_item *item)
{
	if (item->it_size != 1 || item->it_regions[0].len < offsetof(struct xfs_qoff_logformat, qf_pad))
		return BAD("%u regions, the first one has %u bytes", item->it_size,
			   item->it_regions[0].len);
	return 0;
}

/* ------------------------------------------------- intents and done items */

bool xlog_is_intent(uint16_t type)
{
	return type == XFS_LI_EFI || type == XFS_LI_RUI || type == XFS_LI_CUI ||
	       type == XFS_LI_BUI || type == XFS_LI_ATTRI || type == XFS_LI_XMI ||
	       type == XFS_LI_EFI_RT || type == XFS_LI_RUI_RT || type == XFS_LI_CUI_RT;
}

/* The type of a done item is that of its intent plus one. */
bool xlog_is_done(uint16_t type)
{
	return xlog_is_intent((uint16_t)(type - 1));
}

static int check_extents(struct xlog_recover *rl, const struct xlog_trans *trans,
			 const struct xlog_item *item, uint32_t size, uint32_t size32)
{
	const struct xlog_region *r = &item->it_regions[0];
	struct xfs_intent_log_format f;

	if (item->it_size != 1)
		return BAD("%u regions", item->it_size);
	if (r->len < sizeof(f))
		return BAD("%u bytes", r->len);
	memcpy(&f, r->data, sizeof(f));
	if (r->len != sizeof(f) + (uint64_t)f.nextents * size &&
	    (!size32 || r->len != sizeof(f) + (uint64_t)f.nextents * size32))
		return BAD("%u bytes for %u extents", r->len, f.nextents);
	return 0;
}

static int check_attri(struct xlog_recover *rl, const struct xlog_trans *trans,
		       const struct xlog_item *item)
{
	struct xfs_attri_log_format f;
	uint32_t want[4], n = 0, op;

	if (item->it_regions[0].len != sizeof(f))
		return BAD("%u bytes", item->it_regions[0].len);
	memcpy(&f, item->it_regions[0].data, sizeof(f));
	op = f.alfi_op_flags & XFS_ATTRI_OP_MASK;
	if (f.alfi_op_flags & ~XFS_ATTRI_OP_MASK)
		return BAD("operation 0x%x", f.alfi_op_flags);
	switch (op) {
	case XFS_ATTRI_OP_SET:
	case XFS_ATTRI_OP_REPLACE:
		want[n++] = f.alfi_name_len;
		if (f.alfi_value_len)
			want[n++] = f.alfi_value_len;
		break;
	case XFS_ATTRI_OP_REMOVE:
		if (f.alfi_value_len)
			return BAD("a value of %u bytes is to be removed", f.alfi_value_len);
		want[n++] = f.alfi_name_len;
		break;
	case XFS_ATTRI_OP_PPTR_SET:
	case XFS_ATTRI_OP_PPTR_REMOVE:
		want[n++] = f.alfi_name_len;
		want[n++] = f.alfi_value_len;
		break;
	case XFS_ATTRI_OP_PPTR_REPLACE:
		want[n++] = f.alfi_old_name_len;
		want[n++] = f.alfi_new_name_len;
		want[n++] = f.alfi_value_len;
		want[n++] = f.alfi_value_len;
		break;
	default:
		return BAD("operation 0x%x", f.alfi_op_flags);
	}
	if (item->it_size != n + 1)
		return BAD("%u regions", item->it_size);
	for (uint32_t i = 0; i < n; i++) {
		if (!want[i] || want[i] > 65536 ||
		    item->it_regions[i + 1].len != XFS_ALIGN(want[i], 4u))
			return BAD("region %u has %u bytes for %u", i + 1,
				   item->it_regions[i + 1].len, want[i]);
	}
	if (f.alfi_attr_filter & ~XFS_ATTRI_FILTER_MASK)
		return BAD("name space 0x%x", f.alfi_attr_filter);
	return 0;
}

static int check_length(struct xlog_recover *rl, const struct xlog_trans *trans,
			const struct xlog_item *item, uint32_t len)
{
	if (item->it_size != 1 || item->it_regions[0].len != len)
		return BAD("%u regions, the first one has %u bytes", item->it_size,
			   item->it_regions[0].len);
	return 0;
}

int xlog_item_check(struct xlog_recover *rl, const struct xlog_trans *trans,
		    const struct xlog_item *item)
{
	struct xfs_xmi_log_format xmi;
	int error;

	switch (item->it_type) {
	case XFS_LI_BUF:
		return check_buf(rl, trans, item);
	case XFS_LI_INODE:
		return check_inode(rl, trans, item);
	case XFS_LI_ICREATE:
		return check_icreate(rl, trans, item);
	case XFS_LI_DQUOT:
		return check_dquot(rl, trans, item);
	case XFS_LI_QUOTAOFF:
		return check_quotaoff(rl, trans, item);
	case XFS_LI_EFI:
	case XFS_LI_EFI_RT:
	case XFS_LI_EFD:
	case XFS_LI_EFD_RT:
		return check_extents(rl, trans, item, sizeof(struct xfs_efi_extent),
				     XFS_EFI_EXTENT_32_LEN);
	case XFS_LI_RUI:
	case XFS_LI_RUI_RT:
		return check_extents(rl, trans, item, sizeof(struct xfs_map_extent), 0);
	case XFS_LI_CUI:
	case XFS_LI_CUI_RT:
		return check_extents(rl, trans, item, sizeof(struct xfs_phys_extent), 0);
	case XFS_LI_BUI:
		error = check_extents(rl, trans, item, sizeof(struct xfs_map_extent), 0);
		if (!error)
			error = check_length(rl, trans, item, 48);
		return error;
	case XFS_LI_RUD:
	case XFS_LI_RUD_RT:
	case XFS_LI_CUD:
	case XFS_LI_CUD_RT:
	case XFS_LI_BUD:
	case XFS_LI_ATTRD:
	case XFS_LI_XMD:
		return check_length(rl, trans, item, sizeof(struct xfs_intent_log_format));
	case XFS_LI_ATTRI:
		return check_attri(rl, trans, item);
	case XFS_LI_XMI:
		error = check_length(rl, trans, item, sizeof(xmi));
		if (error)
			return error;
		memcpy(&xmi, item->it_regions[0].data, sizeof(xmi));
		return xmi.xmi_pad ? BAD("padding is not zero") : 0;
	default:
		return BAD("type 0x%04x is unknown", item->it_type);
	}
}
