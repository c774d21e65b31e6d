/* SPDX-License-Identifier: MIT */
/*
 * Free-index blocks: for each data block of a directory in node form, the length of its longest
 * free record.  So a place for a name is found without reading data blocks.
 *
 * A directory of ten million names has about forty free-index blocks.  Searching all for every name
 * would make adding slow, so the in-core inode remembers (struct xfs_dir_hints):
 * - the data block that took the last name, which is tried first;
 * - where the last search ended, from where the next one continues, wrapping;
 * - after a search that found nothing, the length of the longest free record of all, so that a
 *   search bound to fail is not made.
 *
 * These are hints only: any place is legal.
 */
#include "core/message.h"
#include "dir/dir_priv.h"
#include "disk/verify.h"

#define HDR	((uint32_t)sizeof(struct xfs_dir3_free_hdr))

const struct xfs_buf_ops xfs_dir3_free_buf_ops = {
	.name = "directory free index",
	.blft = XFS_BLFT_DIR_FREE,
	.has_crc = true,
	.crc_off = XFS_DIR3_DATA_CRC_OFF,
	.lsn_off = XFS_DIR3_DATA_LSN_OFF,
	.verify = xfs_dir3_free_verify,
};

static inline struct xfs_dir3_free *free_of(const struct xfs_buf *fbp)
{
	return fbp->b_addr;
}

static inline uint32_t nvalid(const struct xfs_buf *fbp)
{
	return be32_to_cpu(free_of(fbp)->hdr.nvalid);
}

static void log_hdr(struct xfs_dir_args *args, struct xfs_buf *fbp)
{
	xfs_trans_log_buf(args->tp, fbp, 0, HDR - 1);
}

static void log_bests(struct xfs_dir_args *args, struct xfs_buf *fbp, uint32_t first, uint32_t last)
{
	xfs_trans_log_buf(args->tp, fbp, HDR + first * 2, HDR + last * 2 + 1);
}

int xfs_dir_check_best(struct xfs_dir_args *args, struct xfs_buf *dbp, xfs_dir2_db_t db,
		       uint32_t best)
{
	if (likely(xfs_dir_best_len(dbp, 0) == best))
		return 0;
	return xfs_corrupt(args->dp->i_mount, "directory",
			   "inode %" PRIu64 ": data block %" PRIu32 " has %" PRIu32
			   " bytes free in one place, the index says %" PRIu32,
			   args->dp->i_ino, db, xfs_dir_best_len(dbp, 0), best);
}

static bool is_mapped(struct xfs_inode *dp, xfs_dablk_t bno)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;

	return xfs_iext_lookup_extent(&dp->i_df, bno, &cur, &got) && got.br_startoff <= bno;
}

int xfs_dir_read_free(struct xfs_dir_args *args, xfs_dir2_db_t db, struct xfs_buf **fbpp)
{
	xfs_dablk_t bno = xfs_dir2_db_to_fdb_da(args->geo, db);
	xfs_failaddr_t fa;
	int error;

	error = xfs_dir_read_block(args, bno, &xfs_dir3_free_buf_ops, fbpp);
	if (error)
		return error;
	fa = xfs_dir3_free_check(args->geo, (*fbpp)->b_addr, args->dp->i_ino, bno);
	if (unlikely(fa)) {
		error = xfs_corrupt(args->dp->i_mount, xfs_dir3_free_buf_ops.name,
				    "inode %" PRIu64 ", block %" PRIu32 ": %s", args->dp->i_ino,
				    bno, fa);
		xfs_buf_put(*fbpp);
		*fbpp = NULL;
	}
	return error;
}

void xfs_dir_free_init(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t firstdb)
{
	struct xfs_dir3_free_hdr *hdr = &free_of(fbp)->hdr;

	memset(hdr, 0, sizeof(*hdr));
	hdr->magic = cpu_to_be32(XFS_DIR3_FREE_MAGIC);
	hdr->blkno = cpu_to_be64((uint64_t)xfs_buf_daddr(fbp));
	hdr->uuid = args->geo->meta_uuid;
	hdr->owner = cpu_to_be64(args->dp->i_ino);
	hdr->firstdb = cpu_to_be32(firstdb);
}

uint32_t xfs_dir_free_best(struct xfs_dir_args *args, const struct xfs_buf *fbp, xfs_dir2_db_t db)
{
	uint32_t index = xfs_dir2_db_to_fdindex(args->geo, db);

	return index < nvalid(fbp) ? be16_to_cpu(free_of(fbp)->bests[index])
				   : XFS_DIR2_NULL_DATAOFF;
}

void xfs_dir_free_set_best(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db,
			   uint32_t best)
{
	uint32_t index = xfs_dir2_db_to_fdindex(args->geo, db);

	if (be16_to_cpu(free_of(fbp)->bests[index]) == best)
		return;
	free_of(fbp)->bests[index] = cpu_to_be16((uint16_t)best);
	log_bests(args, fbp, index, index);
}

int xfs_dir_free_add_db(struct xfs_dir_args *args, struct xfs_dir_room *room)
{
	xfs_dir2_db_t db = room->db;
	uint32_t index = xfs_dir2_db_to_fdindex(args->geo, db), first;
	struct xfs_dir3_free *free;
	int error;

	if (room->new_free) {
		error = xfs_dir_alloc_block(args, xfs_dir2_db_to_fdb_da(args->geo, db),
					    &xfs_dir3_free_buf_ops, &room->fbp);
		if (error)
			return error;
		xfs_dir_free_init(args, room->fbp, db - index);
	}
	free = free_of(room->fbp);
	first = nvalid(room->fbp);
	if (index >= first) {
		for (uint32_t i = first; i < index; i++)
			free->bests[i] = cpu_to_be16(XFS_DIR2_NULL_DATAOFF);
		free->hdr.nvalid = cpu_to_be32(index + 1);
	} else {
		first = index;
	}
	free->bests[index] = cpu_to_be16((uint16_t)room->best);
	be32_add_cpu(&free->hdr.nused, 1);
	log_hdr(args, room->fbp);
	log_bests(args, room->fbp, first, index);
	return 0;
}

int xfs_dir_free_drop_db(struct xfs_dir_args *args, struct xfs_buf *fbp, xfs_dir2_db_t db)
{
	uint32_t index = xfs_dir2_db_to_fdindex(args->geo, db), n = nvalid(fbp);
	struct xfs_dir3_free *free = free_of(fbp);

	free->bests[index] = cpu_to_be16(XFS_DIR2_NULL_DATAOFF);
	be32_add_cpu(&free->hdr.nused, -1);
	while (n && be16_to_cpu(free->bests[n - 1]) == XFS_DIR2_NULL_DATAOFF)
		n--;
	/* The first free-index block always exists, because data block 0 does. */
	if (n == 0 && db != index)
		return xfs_dir_free_block(args, xfs_dir2_db_to_fdb_da(args->geo, db), fbp);
	free->hdr.nvalid = cpu_to_be32(n);
	log_hdr(args, fbp);
	log_bests(args, fbp, index, index);
	return 0;
}

/* ---- hints ---------------------------------------------------------------------------- */

void xfs_dir_hint_freed(struct xfs_inode *dp, uint32_t best)
{
	struct xfs_dir_hints *h = &dp->i_dir;

	if (h->dh_max_best && best > h->dh_max_best)
		h->dh_max_best = (uint16_t)best;
}

void xfs_dir_hint_hole(struct xfs_inode *dp, xfs_dablk_t dablk)
{
	if (dablk < dp->i_dir.dh_data_low)
		dp->i_dir.dh_data_low = dablk;
}

/* Set room->fbp if @db has room. */
static int try_db(struct xfs_dir_args *args, xfs_dir2_db_t db, uint32_t size,
		  struct xfs_dir_room *room)
{
	struct xfs_buf *fbp;
	uint32_t best;
	int error;

	if (!is_mapped(args->dp, xfs_dir2_db_to_fdb_da(args->geo, db)))
		return 0;
	error = xfs_dir_read_free(args, db, &fbp);
	if (error)
		return error;
	best = xfs_dir_free_best(args, fbp, db);
	if (best != XFS_DIR2_NULL_DATAOFF && best >= size) {
		room->db = db;
		room->best = best;
		room->fbp = fbp;
		return 0;
	}
	/*
	 * The hint moves on to another block: this block's free space counts in the maximum again.
	 */
	if (best != XFS_DIR2_NULL_DATAOFF)
		xfs_dir_hint_freed(args->dp, best);
	xfs_buf_put(fbp);
	return 0;
}

/*
 * Search from data block @db to the end of its free-index block or to @end.  If none has room, *@db
 * moves on to the next free-index block. *@max: the longest free record that was too short.
 */
static int scan_one(struct xfs_dir_args *args, xfs_dir2_db_t *db, xfs_dir2_db_t end, uint32_t size,
		    struct xfs_dir_room *room, uint32_t *max)
{
	uint32_t index = xfs_dir2_db_to_fdindex(args->geo, *db), n;
	xfs_dir2_db_t firstdb = *db - index;
	struct xfs_buf *fbp;
	int error;

	if (!is_mapped(args->dp, xfs_dir2_db_to_fdb_da(args->geo, *db))) {
		*db = firstdb + args->geo->dir_free_max_bests;
		return 0;
	}
	error = xfs_dir_read_free(args, *db, &fbp);
	if (error)
		return error;
	n = XFS_MIN(nvalid(fbp), end - firstdb);
	for (; index < n; index++) {
		uint32_t best = be16_to_cpu(free_of(fbp)->bests[index]);

		if (best == XFS_DIR2_NULL_DATAOFF)
			continue;
		if (best >= size) {
			room->db = firstdb + index;
			room->best = best;
			room->fbp = fbp;
			return 0;
		}
		*max = XFS_MAX(*max, best);
	}
	*db = firstdb + args->geo->dir_free_max_bests;
	xfs_buf_put(fbp);
	return 0;
}

static int scan(struct xfs_dir_args *args, xfs_dir2_db_t ndb, uint32_t size,
		struct xfs_dir_room *room)
{
	struct xfs_dir_hints *h = &args->dp->i_dir;
	xfs_dir2_db_t start = h->dh_scan_db < ndb ? h->dh_scan_db : 0, db;
	uint32_t max = 1;
	int error;

	for (db = start; db < ndb && !room->fbp;) {
		error = scan_one(args, &db, ndb, size, room, &max);
		if (error)
			return error;
	}
	for (db = 0; db < start && !room->fbp;) {
		error = scan_one(args, &db, start, size, room, &max);
		if (error)
			return error;
	}
	if (room->fbp)
		h->dh_scan_db = room->db;
	else
		h->dh_max_best = (uint16_t)max;
	return 0;
}

int xfs_dir_find_room(struct xfs_dir_args *args, uint32_t size, struct xfs_dir_room *room)
{
	const struct xfs_geometry *geo = args->geo;
	struct xfs_dir_hints *h = &args->dp->i_dir;
	xfs_dir2_db_t ndb = (xfs_dir2_db_t)((uint64_t)args->dp->i_disk_size >>
					    (geo->blocklog + geo->dirblklog));
	xfs_dablk_t low, bno;
	int error;

	*room = (struct xfs_dir_room){ .db = 0 };
	if (XFS_IS_CORRUPT(args->dp->i_mount, "directory free index", args->dp->i_ino, ndb == 0))
		return -EUCLEAN;
	if (!h->dh_data_db && !h->dh_max_best)
		h->dh_data_db = ndb - 1;
	if (h->dh_data_db < ndb) {
		error = try_db(args, h->dh_data_db, size, room);
		if (error || room->fbp)
			return error;
	}
	if (!h->dh_max_best || size <= h->dh_max_best) {
		error = scan(args, ndb, size, room);
		if (error)
			return error;
	}
	if (room->fbp) {
		h->dh_data_db = room->db;
		return 0;
	}

	low = h->dh_data_low;
	if (low >= geo->leafblk || !XFS_IS_ALIGNED(low, geo->dirblkfsbs))
		low = 0;
	error = xfs_da_find_hole(args->dp, XFS_DATA_FORK, geo->dirblkfsbs, low, geo->leafblk, &bno);
	if (error)
		return error;
	room->db = xfs_dir2_da_to_db(geo, bno);
	room->new_data = true;
	room->best = geo->dirblksize - (uint32_t)sizeof(struct xfs_dir3_data_hdr);
	room->new_free = !is_mapped(args->dp, xfs_dir2_db_to_fdb_da(geo, room->db));
	if (!room->new_free) {
		error = xfs_dir_read_free(args, room->db, &room->fbp);
		if (error)
			return error;
		if (XFS_IS_CORRUPT(args->dp->i_mount, "directory free index", args->dp->i_ino,
				   xfs_dir_free_best(args, room->fbp, room->db) !=
					   XFS_DIR2_NULL_DATAOFF)) {
			xfs_buf_put(room->fbp);
			room->fbp = NULL;
			return -EUCLEAN;
		}
	}
	h->dh_data_low = bno;
	h->dh_data_db = room->db;
	return 0;
}
