/* SPDX-License-Identifier: MIT */
/*
 * The buffers that replay works on.
 *
 * They stay in memory until the end of replay as long as there is room, so that an impossible item
 * in the middle of a log leaves the disk as it was.  Over the memory limit all are written.  That
 * is allowed at any moment, because replaying the log again over what was written gives the same
 * result.
 *
 * Transactions that began in the same record share an LSN and form a batch.  A buffer gets the LSN
 * only when its batch is complete; with the LSN earlier, a second recovery would take it for newer
 * than the rest of its batch and skip that.  Until then the buffer stays in memory.  Written with
 * its old LSN, it would look after another crash like the state of that LSN, while it is a mixture
 * that no checksum reveals.
 *
 * A block or inode of several sectors that was being written when power failed is a mixture of two
 * states, which its checksum reveals.  Everything in which the two states differ is still in the
 * log, so replay completes it.  On the way it may be no valid block at all: an old item says that a
 * fork is a list of extents, while the fork already holds the tree it became.  Such a buffer stays
 * in memory and is verified and checksummed when all is replayed; after another crash its checksum,
 * still wrong, reveals it again.  Only if there are too many of them are those written early that
 * pass their verifier as they are.
 *
 * No two buffers overlap.  When a place is wanted as a buffer of another size, the old buffer is
 * set aside sector by sector: these sectors are written before all others, and until then replace
 * what is read from disk.
 */
#include "base/crc32c.h"
#include "base/sabotage.h"
#include "buf/buf.h"
#include "core/lsn.h"
#include "core/message.h"
#include "disk/ag.h"
#include "disk/dquot.h"
#include "disk/symlink.h"
#include "disk/verify.h"
#include "log/log_priv.h"

#define MAX_IOVS	64

/* A sector that was set aside, with its newest contents. */
struct aside {
	struct xlog_key key;		/* its address, 0 */
	uint8_t data[XFS_BB_SIZE];
};

static_assert(offsetof(struct aside, key) == 0, "key comes first");

/* Verify the superblock as logged: its counters need not be exact. */
static xfs_failaddr_t sb_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				xfs_daddr_t daddr)
{
	struct xfs_sb sb;

	(void)len;
	(void)daddr;
	xfs_sb_from_disk(&sb, block);
	XFS_VERIFY(sb.sb_blocksize == geo->blocksize);
	XFS_VERIFY(sb.sb_sectsize == geo->sectsize);
	return xfs_sb_verify(&sb);
}

enum extent_of_crc { SECTOR, BLOCK, DIR_BLOCK, WHOLE };

/* A kind of block that is recognized by its magic number. */
struct kind {
	uint32_t magic;
	uint16_t blft;
	uint16_t magic_off;		/* 0: a 32-bit magic there; 8: a 16-bit one */
	enum extent_of_crc extent;
	uint16_t lsn_off, uuid_off, crc_off;
	xfs_failaddr_t (*verify)(const struct xfs_geometry *geo, const void *block, size_t len,
				 xfs_daddr_t daddr);
};

#define SHORT_TREE(magic, verify)						\
	{ magic, XFS_BLFT_BTREE, 0, BLOCK, XFS_BTREE_SBLOCK_LSN_OFF, 32,		\
	  XFS_BTREE_SBLOCK_CRC_OFF, verify }
#define DA_BLOCK(magic, blft, verify)						\
	{ magic, blft, 8, WHOLE, XFS_DA3_LSN_OFF, 32, XFS_DA3_CRC_OFF, verify }
#define DIR_DATA(magic, blft, verify)						\
	{ magic, blft, 0, DIR_BLOCK, XFS_DIR3_DATA_LSN_OFF, 24, XFS_DIR3_DATA_CRC_OFF, verify }

static const struct kind kinds[] = {
	{ XFS_SB_MAGIC, XFS_BLFT_SB, 0, SECTOR, XFS_SB_LSN_OFF, 32, XFS_SB_CRC_OFF, sb_verify },
	{ XFS_AGF_MAGIC, XFS_BLFT_AGF, 0, SECTOR, XFS_AGF_LSN_OFF, 64, XFS_AGF_CRC_OFF,
	  xfs_agf_verify },
	{ XFS_AGFL_MAGIC, XFS_BLFT_AGFL, 0, SECTOR, XFS_AGFL_LSN_OFF, 8, XFS_AGFL_CRC_OFF,
	  xfs_agfl_verify },
	{ XFS_AGI_MAGIC, XFS_BLFT_AGI, 0, SECTOR, XFS_AGI_LSN_OFF, 296, XFS_AGI_CRC_OFF,
	  xfs_agi_verify },
	SHORT_TREE(XFS_ABTB_CRC_MAGIC, xfs_bnobt_verify),
	SHORT_TREE(XFS_ABTC_CRC_MAGIC, xfs_cntbt_verify),
	SHORT_TREE(XFS_IBT_CRC_MAGIC, xfs_inobt_verify),
	SHORT_TREE(XFS_FIBT_CRC_MAGIC, xfs_finobt_verify),
	SHORT_TREE(XFS_RMAP_CRC_MAGIC, xfs_rmapbt_verify),
	SHORT_TREE(XFS_REFC_CRC_MAGIC, xfs_refcountbt_verify),
	{ XFS_BMAP_CRC_MAGIC, XFS_BLFT_BTREE, 0, BLOCK, XFS_BTREE_LBLOCK_LSN_OFF, 40,
	  XFS_BTREE_LBLOCK_CRC_OFF, xfs_bmbt_verify },
	{ XFS_SYMLINK_MAGIC, XFS_BLFT_SYMLINK, 0, WHOLE, XFS_SYMLINK_LSN_OFF, 16,
	  XFS_SYMLINK_CRC_OFF, xfs_symlink_verify },
	DIR_DATA(XFS_DIR3_BLOCK_MAGIC, XFS_BLFT_DIR_BLOCK, xfs_dir3_block_verify),
	DIR_DATA(XFS_DIR3_DATA_MAGIC, XFS_BLFT_DIR_DATA, xfs_dir3_data_verify),
	DIR_DATA(XFS_DIR3_FREE_MAGIC, XFS_BLFT_DIR_FREE, xfs_dir3_free_verify),
	DA_BLOCK(XFS_DIR3_LEAF1_MAGIC, XFS_BLFT_DIR_LEAF1, xfs_dir3_leaf1_verify),
	DA_BLOCK(XFS_DIR3_LEAFN_MAGIC, XFS_BLFT_DIR_LEAFN, xfs_dir3_leafn_verify),
	DA_BLOCK(XFS_DA3_NODE_MAGIC, XFS_BLFT_DA_NODE, xfs_da3_node_verify),
	DA_BLOCK(XFS_ATTR3_LEAF_MAGIC, XFS_BLFT_ATTR_LEAF, xfs_attr3_leaf_verify),
};

static const struct kind *kind_of(const uint8_t *data)
{
	uint32_t first = get_be32(data), at_8 = get_be16(data + 8);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].magic == (kinds[i].magic_off ? at_8 : first))
			return &kinds[i];
	}
	return NULL;
}

/* Bytes that the checksum of such a block covers. */
static uint32_t crc_bytes(const struct xlog_recover *rl, const struct kind *kind, uint32_t len)
{
	switch (kind->extent) {
	case SECTOR:
		return rl->geo.sectsize;
	case BLOCK:
		return rl->geo.blocksize;
	case DIR_BLOCK:
		return rl->geo.dirblksize;
	default:
		return len;
	}
}

/*
 * The LSN in @bp, or 0 if it means nothing: contents of unknown kind, of another file system, or
 * with a wrong checksum, which makes @bp torn.
 */
static xfs_lsn_t take_lsn(const struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	const struct kind *kind = kind_of(bp->rb_data);
	const xfs_uuid_t *want = &rl->geo.meta_uuid;
	uint32_t uuid_off, bytes;
	uint64_t lsn;

	if (!kind)
		return 0;
	uuid_off = kind->uuid_off;
	if (kind->blft == XFS_BLFT_SB && xfs_has_metauuid(&rl->geo))
		uuid_off = offsetof(struct xfs_dsb, sb_meta_uuid);
	if (!xfs_uuid_equal((const void *)(bp->rb_data + uuid_off), want))
		return 0;
	bytes = crc_bytes(rl, kind, bp->rb_len);
	if (bytes > bp->rb_len)
		return 0;
	bp->rb_torn = !xfs_cksum_ok(bp->rb_data, bytes, kind->crc_off);
	if (bp->rb_torn)
		return 0;
	lsn = get_be64(bp->rb_data + kind->lsn_off);
	return lsn == (uint64_t)NULLCOMMITLSN ? 0 : (xfs_lsn_t)lsn;
}

/* The kind as which @bp will be written; NULL: as it is, without LSN and checksum. */
static const struct kind *write_kind(const struct xlog_rbuf *bp)
{
	const struct kind *kind = bp->rb_partial ? NULL : kind_of(bp->rb_data);

	return kind && kind->blft == bp->rb_blft ? kind : NULL;
}

static xfs_daddr_t daddr_of(const struct xfs_rb_node *node)
{
	return ((const struct xlog_rbuf *)(const void *)node)->rb_daddr;
}

static_assert(offsetof(struct xlog_rbuf, rb_node) == 0, "rb_node comes first");

static int key_cmp(const void *key, const struct xfs_rb_node *node)
{
	xfs_daddr_t daddr = *(const xfs_daddr_t *)key;
	xfs_daddr_t other = daddr_of(node);

	return daddr < other ? -1 : daddr > other;
}

static int node_cmp(const struct xfs_rb_node *a, const struct xfs_rb_node *b)
{
	xfs_daddr_t daddr = daddr_of(a);

	return key_cmp(&daddr, b);
}

static void free_buf(struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	xfs_list_del(&bp->rb_batch);
	rl->buf_bytes -= bp->rb_len;
	xfs_mem_free_aligned(&rl->mp->m_mem, bp->rb_data);
	xfs_free(rl->mp, bp);
}

static void free_aside(struct xlog_recover *rl)
{
	struct xlog_key *key;

	while ((key = xlog_index_first(&rl->aside))) {
		xlog_index_erase(&rl->aside, key);
		rl->buf_bytes -= XFS_BB_SIZE;
		xfs_free(rl->mp, key);
	}
}

void xlog_rbuf_destroy(struct xlog_recover *rl)
{
	struct xfs_rb_node *node;

	while ((node = xfs_rb_first(&rl->bufs))) {
		xfs_rb_erase(&rl->bufs, node);
		free_buf(rl, xfs_rb_entry(node, struct xlog_rbuf, rb_node));
	}
	free_aside(rl);
}

void xlog_rbuf_mixed_inode(struct xlog_rbuf *bp, uint32_t slot)
{
	bp->rb_mixed[slot / 64] |= 1ull << (slot % 64);
	bp->rb_torn = true;
}

static bool is_mixed(const struct xlog_rbuf *bp, uint32_t slot)
{
	return bp->rb_mixed[slot / 64] & 1ull << (slot % 64);
}

static struct xfs_dinode *inode_at(const struct xlog_recover *rl, struct xlog_rbuf *bp,
				   uint32_t slot)
{
	return (void *)(bp->rb_data + (slot << rl->geo.inodelog));
}

/* Verify the cluster; inodes that were mixtures get their checksum. */
static xfs_failaddr_t make_inodes_ready(const struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	const struct xfs_geometry *geo = &rl->geo;
	xfs_failaddr_t fa;
	xfs_ino_t first;

	if (bp->rb_len % geo->inodesize)
		return "the buffer does not hold whole inodes";
	fa = xfs_inode_cluster_verify(geo, bp->rb_data, bp->rb_len, bp->rb_daddr);
	if (fa || !bp->rb_torn)
		return fa;
	first = XFS_AGINO_TO_INO(geo, xfs_daddr_to_agno(geo, bp->rb_daddr),
				 XFS_AGB_TO_AGINO(geo, xfs_daddr_to_agbno(geo, bp->rb_daddr)));
	for (uint32_t slot = 0; slot < bp->rb_len >> geo->inodelog; slot++) {
		if (is_mixed(bp, slot))
			fa = xfs_dinode_verify(geo, first + slot, inode_at(rl, bp, slot));
		if (fa)
			return fa;
	}
	for (uint32_t slot = 0; slot < bp->rb_len >> geo->inodelog; slot++) {
		if (is_mixed(bp, slot))
			xfs_cksum_set(inode_at(rl, bp, slot), geo->inodesize, XFS_DINODE_CRC_OFF);
	}
	return NULL;
}

static xfs_failaddr_t verify_dquots(const struct xlog_rbuf *bp)
{
	for (uint32_t off = 0; off + sizeof(struct xfs_dqblk) <= bp->rb_len;
	     off += (uint32_t)sizeof(struct xfs_dqblk)) {
		const struct xfs_dqblk *dqb = (const void *)(bp->rb_data + off);

		XFS_VERIFY(be16_to_cpu(dqb->dd_diskdq.d_magic) == XFS_DQUOT_MAGIC);
		XFS_VERIFY(dqb->dd_diskdq.d_version == XFS_DQUOT_VERSION);
	}
	return NULL;
}

/* Verify what replay made of the buffer and set its checksum.  Returns what is wrong with it. */
static xfs_failaddr_t make_ready(struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	const struct kind *kind = write_kind(bp);
	xfs_failaddr_t fa = NULL;

	if (kind) {
		uint32_t bytes = crc_bytes(rl, kind, bp->rb_len);

		if (bytes != bp->rb_len)
			fa = "the buffer has not the length of such a block";
		else
			fa = kind->verify(&rl->geo, bp->rb_data, bytes, bp->rb_daddr);
		if (!fa)
			xfs_cksum_set(bp->rb_data, bytes, kind->crc_off);
	} else if (bp->rb_blft == XFS_BLFT_DINO) {
		fa = make_inodes_ready(rl, bp);
	} else if (bp->rb_blft >= XFS_BLFT_UDQUOT && bp->rb_blft <= XFS_BLFT_GDQUOT) {
		fa = verify_dquots(bp);
	} else if (!bp->rb_partial && bp->rb_blft <= XFS_BLFT_SB) {
		xfs_warn(rl->mp,
			 "log: buffer at daddr 0x%" PRIx64 " is logged as type %u, but is not",
			 (uint64_t)bp->rb_daddr, bp->rb_blft);
	}
	return fa;
}

static int bad_block(struct xlog_recover *rl, const struct xlog_rbuf *bp, xfs_failaddr_t fa)
{
	return xfs_corrupt(rl->mp, "log",
			   "replay makes an invalid block at daddr 0x%" PRIx64 ": %s",
			   (uint64_t)bp->rb_daddr, fa);
}

static int write_error(struct xlog_recover *rl, int error, uint64_t daddr)
{
	return error ? xfs_error(rl->mp, error, "log: writing daddr 0x%" PRIx64 ": %s", daddr,
				 xfs_errstr(error)) : 0;
}

/* Write adjacent sectors together; free all once all are written. */
static int write_aside(struct xlog_recover *rl)
{
	struct xlog_key *key = xlog_index_first(&rl->aside);
	int error = 0;

	while (key && !error) {
		uint64_t start = key->a, end = start;
		struct iovec iov[MAX_IOVS];
		int n = 0;

		do {
			iov[n].iov_base = ((struct aside *)(void *)key)->data;
			iov[n++].iov_len = XFS_BB_SIZE;
			end++;
			key = xlog_index_next(&rl->aside, key);
		} while (key && n < MAX_IOVS && key->a == end);
		rl->rec->stats.buffers_written++;
		rl->rec->stats.bytes_written += (end - start) << XFS_BB_SHIFT;
		error = write_error(rl, xfs_device_pwritev(rl->mp->m_dev, start << XFS_BB_SHIFT,
							   iov, n, 0), start);
	}
	if (!error)
		free_aside(rl);
	return error;
}

/* Write adjacent buffers together, then free them, so that later buffers can use their memory. */
static int write_run(struct xlog_recover *rl, struct xfs_rb_node **nodep)
{
	struct xlog_rbuf *bufs[MAX_IOVS], *bp = xfs_rb_entry(*nodep, struct xlog_rbuf, rb_node);
	uint64_t start = (uint64_t)bp->rb_daddr, end = start;
	struct iovec iov[MAX_IOVS];
	int n = 0, error;

	do {
		bufs[n] = bp;
		iov[n].iov_base = bp->rb_data;
		iov[n++].iov_len = bp->rb_len;
		end += bp->rb_len >> XFS_BB_SHIFT;
		rl->rec->stats.buffers_written++;
		rl->rec->stats.bytes_written += bp->rb_len;
		*nodep = xfs_rb_next(*nodep);
		bp = *nodep ? xfs_rb_entry(*nodep, struct xlog_rbuf, rb_node) : NULL;
	} while (bp && n < MAX_IOVS && bp->rb_due && (uint64_t)bp->rb_daddr == end);
	error = xfs_device_pwritev(rl->mp->m_dev, start << XFS_BB_SHIFT, iov, n, 0);
	for (int i = 0; !error && i < n; i++) {
		xfs_rb_erase(&rl->bufs, &bufs[i]->rb_node);
		free_buf(rl, bufs[i]);
	}
	return write_error(rl, error, start);
}

/* Which changed buffers are written. */
enum which {
	COMPLETE,	/* no mixtures, none whose batch is incomplete */
	GOOD,		/* those that pass their verifier as they are */
	ALL,		/* all; none if one of them is bad */
};

/* Look at all buffers before the first one is written. */
static int pick_due(struct xlog_recover *rl, enum which which)
{
	for (struct xfs_rb_node *node = xfs_rb_first(&rl->bufs); node; node = xfs_rb_next(node)) {
		struct xlog_rbuf *bp = xfs_rb_entry(node, struct xlog_rbuf, rb_node);
		xfs_failaddr_t fa;

		bp->rb_due = bp->rb_dirty &&
			     (which != COMPLETE || !(bp->rb_torn || bp->rb_in_batch));
		fa = bp->rb_due ? make_ready(rl, bp) : NULL;
		if (fa && which == ALL)
			return bad_block(rl, bp, fa);
		/*
		 * It may be a mixture that no checksum revealed: later items complete it, or the
		 * last round reports it.
		 */
		if (fa) {
			bp->rb_torn = true;
			bp->rb_due = false;
		}
	}
	return 0;
}

/* Write the changed buffers that @which selects, and free them and the unchanged ones. */
static int write_changed(struct xlog_recover *rl, enum which which)
{
	struct xfs_rb_node *node, *next;
	int error = pick_due(rl, which);

	if (error)
		return error;
	error = write_aside(rl);
	if (error)
		return error;
	for (node = xfs_rb_first(&rl->bufs); node;) {
		if (!xfs_rb_entry(node, struct xlog_rbuf, rb_node)->rb_due) {
			node = xfs_rb_next(node);
			continue;
		}
		error = write_run(rl, &node);
		if (error)
			return error;
	}
	for (node = xfs_rb_first(&rl->bufs); node; node = next) {
		struct xlog_rbuf *bp = xfs_rb_entry(node, struct xlog_rbuf, rb_node);

		next = xfs_rb_next(node);
		if (bp->rb_dirty)
			continue;
		xfs_rb_erase(&rl->bufs, node);
		free_buf(rl, bp);
	}
	return 0;
}

int xlog_rbuf_write_all(struct xlog_recover *rl)
{
	return write_changed(rl, ALL);
}

static int set_aside(struct xlog_recover *rl, const struct xlog_rbuf *bp)
{
	for (uint32_t off = 0; off < bp->rb_len; off += XFS_BB_SIZE) {
		uint64_t daddr = (uint64_t)bp->rb_daddr + (off >> XFS_BB_SHIFT);
		struct aside *as = (void *)xlog_index_find(&rl->aside, daddr, 0);

		if (!as) {
			as = xfs_zalloc(rl->mp, sizeof(*as));
			if (!as)
				return xfs_error(rl->mp, -ENOMEM, "out of memory for the buffers of the log");
			as->key.a = daddr;
			xlog_index_add(&rl->aside, &as->key);
			rl->buf_bytes += XFS_BB_SIZE;
		}
		memcpy(as->data, bp->rb_data + off, XFS_BB_SIZE);
	}
	return 0;
}

/* Set aside all buffers of another shape in [@daddr, @daddr + @bbs). */
static int make_way(struct xlog_recover *rl, xfs_daddr_t daddr, uint32_t bbs)
{
	xfs_daddr_t last = daddr + bbs - 1;
	struct xfs_rb_node *node;

	while ((node = xfs_rb_floor(&rl->bufs, &last, key_cmp))) {
		struct xlog_rbuf *bp = xfs_rb_entry(node, struct xlog_rbuf, rb_node);
		xfs_failaddr_t fa;
		int error;

		if (bp->rb_daddr + (xfs_daddr_t)(bp->rb_len >> XFS_BB_SHIFT) <= daddr)
			break;
		fa = bp->rb_dirty ? make_ready(rl, bp) : NULL;
		if (fa)
			return bad_block(rl, bp, fa);
		error = bp->rb_dirty ? set_aside(rl, bp) : 0;
		if (error)
			return error;
		xfs_rb_erase(&rl->bufs, node);
		free_buf(rl, bp);
	}
	return 0;
}

/* Sectors that were set aside are newer than what was read from disk. */
static void lay_aside_over(struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	uint64_t start = (uint64_t)bp->rb_daddr, end = start + (bp->rb_len >> XFS_BB_SHIFT);
	struct xlog_key *key = xlog_index_from(&rl->aside, start, 0);

	for (; key && key->a < end; key = xlog_index_next(&rl->aside, key))
		memcpy(bp->rb_data + ((key->a - start) << XFS_BB_SHIFT),
		       ((struct aside *)(void *)key)->data, XFS_BB_SIZE);
}

/* Read what is at the place of @bp.  If its LSN is ahead, this log is not the one to replay. */
static int fill(struct xlog_recover *rl, struct xlog_rbuf *bp)
{
	int error = xfs_device_pread(rl->mp->m_dev, (uint64_t)bp->rb_daddr << XFS_BB_SHIFT,
				     bp->rb_data, bp->rb_len);

	if (error)
		return xfs_error(rl->mp, error, "log: reading daddr 0x%" PRIx64 ": %s",
				 (uint64_t)bp->rb_daddr, xfs_errstr(error));
	lay_aside_over(rl, bp);
	bp->rb_lsn = take_lsn(rl, bp);
	if (xfs_lsn_is_ahead(rl->mp, (uint64_t)bp->rb_lsn))
		return xfs_lsn_refuse(rl->mp, "log", (uint64_t)bp->rb_lsn, "the block at daddr 0x%"
				      PRIx64 " to replay to", (uint64_t)bp->rb_daddr);
	return 0;
}

int xlog_rbuf_get(struct xlog_recover *rl, xfs_daddr_t daddr, uint32_t len, bool read,
		  struct xlog_rbuf **bpp)
{
	struct xfs_mount *mp = rl->mp;
	struct xfs_rb_node *node = xfs_rb_find(&rl->bufs, &daddr, key_cmp);
	struct xlog_rbuf *bp = node ? xfs_rb_entry(node, struct xlog_rbuf, rb_node) : NULL;
	int error;

	*bpp = NULL;
	if (bp && bp->rb_len == len) {
		if (!read) {
			memset(bp->rb_data, 0, len);
			memset(bp->rb_mixed, 0, sizeof(bp->rb_mixed));
			bp->rb_torn = false;
			bp->rb_lsn = 0;
		}
		*bpp = bp;
		return 0;
	}
	error = make_way(rl, daddr, len >> XFS_BB_SHIFT);
	if (error)
		return error;
	bp = xfs_zalloc(mp, sizeof(*bp));
	if (!bp)
		return xfs_error(mp, -ENOMEM, "out of memory for the buffers of the log");
	xfs_list_init(&bp->rb_batch);
	bp->rb_data = xfs_mem_alloc_aligned(&mp->m_mem, XFS_MIN(4096u, rl->geo.sectsize), len);
	if (!bp->rb_data) {
		xfs_free(mp, bp);
		return xfs_error(mp, -ENOMEM, "out of memory for the buffers of the log");
	}
	bp->rb_daddr = daddr;
	bp->rb_len = len;
	error = read ? fill(rl, bp) : 0;
	if (error) {
		xfs_mem_free_aligned(&mp->m_mem, bp->rb_data);
		xfs_free(mp, bp);
		return error;
	}
	if (!read)
		memset(bp->rb_data, 0, len);
	xfs_rb_add(&rl->bufs, &bp->rb_node, node_cmp);
	rl->buf_bytes += len;
	*bpp = bp;
	return 0;
}

void xlog_rbuf_dirty(struct xlog_recover *rl, struct xlog_rbuf *bp, bool stamp)
{
	bp->rb_dirty = true;
	if (stamp && !bp->rb_in_batch) {
		bp->rb_in_batch = true;
		xfs_list_add_tail(&bp->rb_batch, &rl->batch);
	}
	/* The LSN with which it is written if it must leave before the batch is complete. */
	if (stamp) {
		const struct kind *kind = write_kind(bp);

		if (kind)
			put_be64((uint64_t)bp->rb_lsn, bp->rb_data + kind->lsn_off);
	}
}

static void end_batch(struct xlog_recover *rl)
{
	struct xlog_rbuf *bp, *tmp;

	xfs_list_for_each_entry_safe(bp, tmp, &rl->batch, rb_batch) {
		const struct kind *kind = write_kind(bp);

		bp->rb_lsn = 0;
		if (kind && !XFS_SABOTAGE(XFS_RULE_LSN_STAMP)) {
			bp->rb_lsn = rl->batch_lsn;
			put_be64((uint64_t)rl->batch_lsn, bp->rb_data + kind->lsn_off);
		}
		bp->rb_in_batch = false;
		xfs_list_del(&bp->rb_batch);
	}
}

void xlog_rbuf_batch(struct xlog_recover *rl, xfs_lsn_t lsn)
{
	if (lsn != rl->batch_lsn)
		end_batch(rl);
	rl->batch_lsn = lsn;
}

int xlog_rbuf_relieve(struct xlog_recover *rl)
{
	const uint64_t enough = XFS_MAX(rl->max_buf_bytes, rl->max_held_bytes);
	int error;

	if (rl->buf_bytes <= rl->held_bytes + rl->max_buf_bytes)
		return 0;
	error = write_changed(rl, COMPLETE);
	if (!error && rl->buf_bytes > enough)
		error = write_changed(rl, GOOD);
	/* No power loss leaves so many mixtures: either the blocks or the log are damaged. */
	if (!error && rl->buf_bytes > enough)
		error = write_changed(rl, ALL);
	rl->held_bytes = rl->buf_bytes;
	return error;
}

xfs_failaddr_t xlog_block_renew(const struct xfs_geometry *geo, uint8_t *block, uint32_t len,
				xfs_daddr_t daddr)
{
	const struct kind *kind = kind_of(block);
	xfs_failaddr_t fa;

	XFS_VERIFY(kind);
	fa = kind->verify(geo, block, len, daddr);
	if (!fa)
		xfs_cksum_set(block, len, kind->crc_off);
	return fa;
}
