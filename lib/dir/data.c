/* SPDX-License-Identifier: MIT */
/*
 * Names and free space of a data block, and the table of its three longest free records.
 *
 * (DIR-1) Records fill the block without gaps; no two free records touch.
 * (DIR-2) The table holds the three longest free records, longest first.  The code below reads the
 *     whole block only if a record outside the table may have to move into it.  Records of equal
 *     length are in the same order as in the kernel, so that equal histories make equal bytes.
 *
 * All blocks here have passed a verifier that walked them, so offsets inside them are valid.
 */
#include "core/message.h"
#include "dir/dir_priv.h"

#define FIRST_OFF	((uint32_t)sizeof(struct xfs_dir3_data_hdr))
#define NO_SLOT		XFS_DIR2_DATA_FD_COUNT

uint32_t xfs_dir_data_end(const struct xfs_geometry *geo, const struct xfs_buf *bp)
{
	const struct xfs_dir2_block_tail *tail;

	if (be32_to_cpu(xfs_dir_data_hdr(bp)->magic) != XFS_DIR3_BLOCK_MAGIC)
		return geo->dirblksize;
	tail = xfs_dir2_block_tail_p(geo, bp->b_addr);
	return geo->dirblksize - (uint32_t)sizeof(*tail) -
	       be32_to_cpu(tail->count) * (uint32_t)sizeof(struct xfs_dir2_leaf_entry);
}

/* ---- the table ------------------------------------------------------------------------ */

static inline void table_set(struct xfs_dir2_data_free *slot, uint32_t off, uint32_t len)
{
	slot->offset = cpu_to_be16((uint16_t)off);
	slot->length = cpu_to_be16((uint16_t)len);
}

/* Returns the slot used, or NO_SLOT. */
static unsigned int table_insert(struct xfs_dir3_data_hdr *hdr, uint32_t off, uint32_t len)
{
	struct xfs_dir2_data_free *bf = hdr->best_free;
	unsigned int slot;

	for (slot = 0; slot < XFS_DIR2_DATA_FD_COUNT; slot++) {
		if (len > be16_to_cpu(bf[slot].length))
			break;
	}
	if (slot < XFS_DIR2_DATA_FD_COUNT) {
		memmove(&bf[slot + 1], &bf[slot],
			(XFS_DIR2_DATA_FD_COUNT - 1 - slot) * sizeof(*bf));
		table_set(&bf[slot], off, len);
	}
	return slot;
}

static void table_remove(struct xfs_dir3_data_hdr *hdr, unsigned int slot)
{
	struct xfs_dir2_data_free *bf = hdr->best_free;

	memmove(&bf[slot], &bf[slot + 1], (XFS_DIR2_DATA_FD_COUNT - 1 - slot) * sizeof(*bf));
	table_set(&bf[XFS_DIR2_DATA_FD_COUNT - 1], 0, 0);
}

static unsigned int table_find(const struct xfs_dir3_data_hdr *hdr, uint32_t off)
{
	unsigned int slot;

	for (slot = 0; slot < XFS_DIR2_DATA_FD_COUNT; slot++) {
		if (be16_to_cpu(hdr->best_free[slot].offset) == off)
			break;
	}
	return slot;
}

static inline bool table_is_full(const struct xfs_dir3_data_hdr *hdr)
{
	return be16_to_cpu(hdr->best_free[XFS_DIR2_DATA_FD_COUNT - 1].length) != 0;
}

/* Rebuild the table while [@used, +@len) is allocated but not written yet. */
static void rescan(const struct xfs_geometry *geo, struct xfs_buf *bp, uint32_t used, uint32_t len)
{
	struct xfs_dir3_data_hdr *hdr = xfs_dir_data_hdr(bp);
	uint32_t end = xfs_dir_data_end(geo, bp), off = FIRST_OFF;

	memset(hdr->best_free, 0, sizeof(hdr->best_free));
	while (off < end) {
		if (off == used) {
			off += len;
		} else if (xfs_dir_is_unused(bp, off)) {
			uint32_t free_len = be16_to_cpu(xfs_dir_unused_at(bp, off)->length);

			table_insert(hdr, off, free_len);
			off += free_len;
		} else {
			off += xfs_dir2_data_entsize(xfs_dir_entry_at(bp, off)->namelen);
		}
	}
}

void xfs_dir_data_rescan(const struct xfs_geometry *geo, struct xfs_buf *bp)
{
	rescan(geo, bp, 0, 0);
}

/* ---- records ---------------------------------------------------------------------------- */

static void set_unused(struct xfs_buf *bp, uint32_t off, uint32_t len)
{
	struct xfs_dir2_data_unused *dup = xfs_dir_unused_at(bp, off);

	dup->freetag = cpu_to_be16(XFS_DIR2_DATA_FREE_TAG);
	dup->length = cpu_to_be16((uint16_t)len);
	*xfs_dir2_data_unused_tag_p(dup) = cpu_to_be16((uint16_t)off);
}

/* A free record consists of its first four bytes and its tag; the bytes between do not matter. */
static void log_unused(struct xfs_trans *tp, struct xfs_buf *bp, uint32_t off)
{
	uint32_t len = be16_to_cpu(xfs_dir_unused_at(bp, off)->length);

	xfs_trans_log_buf(tp, bp, off, off + 3);
	xfs_trans_log_buf(tp, bp, off + len - 2, off + len - 1);
}

static void log_hdr(struct xfs_trans *tp, struct xfs_buf *bp)
{
	xfs_trans_log_buf(tp, bp, 0, FIRST_OFF - 1);
}

void xfs_dir_data_init(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t magic)
{
	struct xfs_dir3_data_hdr *hdr = xfs_dir_data_hdr(bp);
	uint32_t len = args->geo->dirblksize - FIRST_OFF;

	memset(hdr, 0, sizeof(*hdr));
	hdr->magic = cpu_to_be32(magic);
	hdr->blkno = cpu_to_be64((uint64_t)xfs_buf_daddr(bp));
	hdr->uuid = args->geo->meta_uuid;
	hdr->owner = cpu_to_be64(args->dp->i_ino);
	set_unused(bp, FIRST_OFF, len);
	table_set(&hdr->best_free[0], FIRST_OFF, len);
}

void xfs_dir_data_log_new(struct xfs_dir_args *args, struct xfs_buf *bp)
{
	log_hdr(args->tp, bp);
	log_unused(args->tp, bp, FIRST_OFF);
}

/* Replace the record in @slot by a longer or shorter one. */
static unsigned int table_move(struct xfs_dir3_data_hdr *hdr, unsigned int slot, uint32_t off,
			       uint32_t len)
{
	table_remove(hdr, slot);
	return table_insert(hdr, off, len);
}

/* One neighbour of the freed range was free: its record, at @old_off, became [@off, +@len). */
static void table_grown(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t old_off,
			uint32_t off, uint32_t len)
{
	struct xfs_dir3_data_hdr *hdr = xfs_dir_data_hdr(bp);
	unsigned int slot = table_find(hdr, old_off);

	if (slot != NO_SLOT)
		table_move(hdr, slot, off, len);
	else if (len > be16_to_cpu(hdr->best_free[XFS_DIR2_DATA_FD_COUNT - 1].length))
		xfs_dir_data_rescan(args->geo, bp);
}

void xfs_dir_data_make_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off,
			    uint32_t len)
{
	struct xfs_dir3_data_hdr *hdr = xfs_dir_data_hdr(bp);
	uint32_t end = xfs_dir_data_end(args->geo, bp);
	uint32_t prev = 0, next = 0, prev_len = 0, next_len = 0;

	if (off > FIRST_OFF) {
		prev = get_be16(xfs_dir_at(bp, off - 2));
		if (prev >= FIRST_OFF && prev < off && xfs_dir_is_unused(bp, prev))
			prev_len = off - prev;
	}
	if (off + len < end && xfs_dir_is_unused(bp, off + len)) {
		next = off + len;
		next_len = be16_to_cpu(xfs_dir_unused_at(bp, next)->length);
	}
	if (prev_len && next_len) {
		set_unused(bp, prev, prev_len + len + next_len);
		log_unused(args->tp, bp, prev);
		/* A table with an empty slot has all free records, so both of these. */
		if (table_is_full(hdr) || table_find(hdr, prev) == NO_SLOT ||
		    table_find(hdr, next) == NO_SLOT) {
			xfs_dir_data_rescan(args->geo, bp);
		} else {
			table_remove(hdr, table_find(hdr, prev));
			table_move(hdr, table_find(hdr, next), prev, prev_len + len + next_len);
		}
	} else if (prev_len) {
		set_unused(bp, prev, prev_len + len);
		log_unused(args->tp, bp, prev);
		table_grown(args, bp, prev, prev, prev_len + len);
	} else if (next_len) {
		set_unused(bp, off, len + next_len);
		log_unused(args->tp, bp, off);
		table_grown(args, bp, next, off, len + next_len);
	} else {
		set_unused(bp, off, len);
		log_unused(args->tp, bp, off);
		table_insert(hdr, off, len);
	}
	log_hdr(args->tp, bp);
}

void xfs_dir_data_use_free(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t free_off,
			   uint32_t off, uint32_t len)
{
	struct xfs_dir3_data_hdr *hdr = xfs_dir_data_hdr(bp);
	uint32_t free_end = free_off + be16_to_cpu(xfs_dir_unused_at(bp, free_off)->length);
	uint32_t front = off - free_off, back = free_end - (off + len);
	unsigned int slot = table_find(hdr, free_off);
	bool full = table_is_full(hdr), scan = false;

	ASSERT(off >= free_off && off + len <= free_end);
	ASSERT(!front || !back);
	if (front) {
		set_unused(bp, free_off, front);
		log_unused(args->tp, bp, free_off);
	}
	if (back) {
		set_unused(bp, off + len, back);
		log_unused(args->tp, bp, off + len);
	}
	if (slot == NO_SLOT)
		return;
	if (!front && !back) {
		/* A record outside the table may now be among the longest. */
		scan = full;
		if (!scan)
			table_remove(hdr, slot);
	} else {
		slot = front ? table_move(hdr, slot, free_off, front)
			     : table_move(hdr, slot, off + len, back);
		scan = slot == XFS_DIR2_DATA_FD_COUNT - 1;
	}
	if (scan)
		rescan(args->geo, bp, off, len);
	log_hdr(args->tp, bp);
}

void xfs_dir_data_fill(struct xfs_buf *bp, uint32_t off, const struct xfs_name *name,
		       xfs_ino_t ino)
{
	struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);
	uint32_t size = xfs_dir2_data_entsize(name->len);

	dep->inumber = cpu_to_be64(ino);
	dep->namelen = (uint8_t)name->len;
	memcpy(dep->name, name->name, name->len);
	xfs_dir2_data_put_ftype(dep, name->type);
	/* Zero the padding: it must not show old contents. */
	memset(&dep->name[name->len + 1], 0, size - sizeof(be16_t) - (10 + name->len));
	*xfs_dir2_data_entry_tag_p(dep) = cpu_to_be16((uint16_t)off);
}

uint32_t xfs_dir_data_add(struct xfs_dir_args *args, struct xfs_buf *bp)
{
	uint32_t off = xfs_dir_best_off(bp, 0);
	uint32_t size = xfs_dir2_data_entsize(args->name->len);

	xfs_dir_data_use_free(args, bp, off, off, size);
	xfs_dir_data_fill(bp, off, args->name, args->ino);
	xfs_trans_log_buf(args->tp, bp, off, off + size - 1);
	return off;
}

void xfs_dir_data_set(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off)
{
	struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);

	dep->inumber = cpu_to_be64(args->ino);
	xfs_dir2_data_put_ftype(dep, args->name->type);
	xfs_trans_log_buf(args->tp, bp, off, off + xfs_dir2_data_entsize(dep->namelen) - 1);
}

void xfs_dir_data_remove(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t off)
{
	xfs_dir_data_make_free(args, bp, off,
			       xfs_dir2_data_entsize(xfs_dir_entry_at(bp, off)->namelen));
}

int xfs_dir_data_check(struct xfs_dir_args *args, struct xfs_buf *bp, xfs_dir2_db_t db,
		       uint32_t off)
{
	uint32_t end = xfs_dir_data_end(args->geo, bp);
	const struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);

	if (off >= FIRST_OFF && off + 16 <= end && !xfs_dir_is_unused(bp, off) &&
	    off + xfs_dir2_data_entsize(dep->namelen) <= end &&
	    be16_to_cpu(*xfs_dir2_data_entry_tag_p(dep)) == off)
		return 0;
	return xfs_corrupt(args->dp->i_mount, "directory",
			   "inode %" PRIu64 ": the index points at offset %" PRIu32
			   " of data block %" PRIu32 ", where no entry is",
			   args->dp->i_ino, off, db);
}
