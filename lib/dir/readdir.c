/* SPDX-License-Identifier: MIT */
/*
 * Reading directories by position.  The position of an entry is its offset in the data space
 * divided by 8, in every form, as in the kernel.
 *
 * Reading stops with -EUCLEAN at a name that is invalid at its position, each time.  The entries in
 * front of it are returned, and other names can still be looked up, as in the kernel.
 */
#include "core/message.h"
#include "core/stats.h"
#include "dir/dir_priv.h"

struct reader {
	struct xfs_dir_args args;
	bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino, uint64_t next_cookie);
	void *arg;
	uint64_t cookie;		/* the first entry wanted, later where to continue */
	bool stopped;
	int error;			/* set by an invalid name */
};

static int bad_name(const struct reader *r, uint64_t pos)
{
	struct xfs_inode *dp = r->args.dp;

	return xfs_corrupt(dp->i_mount, "directory", "inode %" PRIu64
			   ": the entry at position %" PRIu64 " has a name that is not allowed",
			   dp->i_ino, pos);
}

/* Emit one entry at @pos.  False: the caller has enough, or the entry is bad. */
static bool give(struct reader *r, uint64_t pos, const uint8_t *bytes, uint32_t len, uint8_t ftype,
		 xfs_ino_t ino)
{
	struct xfs_name name = { .name = bytes, .len = len, .type = ftype };
	uint64_t next = pos + (xfs_dir2_data_entsize(len) >> XFS_DIR2_DATA_ALIGN_LOG);
	xfs_dir2_dataptr_t dp = (xfs_dir2_dataptr_t)pos;

	if (pos < r->cookie)
		return true;
	if (!xfs_dir2_entry_namecheck(xfs_dir2_dataptr_to_db(r->args.geo, dp),
				      xfs_dir2_dataptr_to_off(r->args.geo, dp), bytes, len)) {
		r->error = bad_name(r, pos);
		r->cookie = pos;
		r->stopped = true;
		return false;
	}
	if (ftype >= XFS_DIR3_FT_MAX)
		name.type = XFS_DIR3_FT_UNKNOWN;
	if (!r->emit(r->arg, &name, ino, next)) {
		r->cookie = pos;
		r->stopped = true;
		return false;
	}
	r->cookie = next;
	return true;
}

static inline uint64_t pos_of(uint32_t offset)
{
	return offset >> XFS_DIR2_DATA_ALIGN_LOG;
}

static void read_sf(struct reader *r)
{
	const struct xfs_inode *dp = r->args.dp;
	const struct xfs_dir2_sf_hdr *hdr = dp->i_df.if_data;
	const struct xfs_dir2_sf_entry *sfep = xfs_dir2_sf_firstentry(hdr);

	if (!give(r, pos_of(XFS_DIR3_DATA_DOT_OFFSET), (const uint8_t *)".", 1, XFS_DIR3_FT_DIR,
		  dp->i_ino) ||
	    !give(r, pos_of(XFS_DIR3_DATA_DOTDOT_OFFSET), (const uint8_t *)"..", 2, XFS_DIR3_FT_DIR,
		  xfs_dir2_sf_get_parent_ino(hdr)))
		return;
	for (unsigned int i = 0; i < hdr->count; i++) {
		if (!give(r, pos_of(xfs_dir2_sf_get_offset(sfep)), sfep->name, sfep->namelen,
			  sfep->name[sfep->namelen], xfs_dir2_sf_get_ino(hdr, sfep)))
			return;
		sfep = xfs_dir2_sf_nextentry(hdr, sfep);
	}
}

/* Emit the entries of data block @db. */
static void read_data(struct reader *r, struct xfs_buf *bp, xfs_dir2_db_t db)
{
	const struct xfs_geometry *geo = r->args.geo;
	uint32_t end = xfs_dir_data_end(geo, bp), off = sizeof(struct xfs_dir3_data_hdr);

	while (off < end) {
		const struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);

		if (xfs_dir_is_unused(bp, off)) {
			off += be16_to_cpu(xfs_dir_unused_at(bp, off)->length);
			continue;
		}
		if (!give(r, xfs_dir2_db_off_to_dataptr(geo, db, off), dep->name, dep->namelen,
			  dep->name[dep->namelen], be64_to_cpu(dep->inumber)))
			return;
		off += xfs_dir2_data_entsize(dep->namelen);
	}
}

/* Read the data blocks from the one with the cookie on, skipping holes. */
static int read_blocks(struct reader *r, const struct xfs_buf_ops *ops)
{
	const struct xfs_geometry *geo = r->args.geo;
	xfs_dir2_db_t db = xfs_dir2_dataptr_to_db(geo, (xfs_dir2_dataptr_t)r->cookie);
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	struct xfs_buf *bp;
	int error;

	while (!r->stopped) {
		xfs_dablk_t bno = xfs_dir2_db_to_da(geo, db);

		if (!xfs_iext_lookup_extent(&r->args.dp->i_df, bno, &cur, &got))
			return 0;
		if (got.br_startoff > bno) {
			bno = (xfs_dablk_t)XFS_MIN(got.br_startoff, (xfs_fileoff_t)geo->leafblk);
			db = xfs_dir2_da_to_db(geo, bno);
		}
		if (bno >= geo->leafblk)
			return 0;
		error = xfs_dir_read_block(&r->args, bno, ops, &bp);
		if (error)
			return error;
		read_data(r, bp, db);
		xfs_buf_put(bp);
		db++;
	}
	return 0;
}

int xfs_dir_readdir(struct xfs_inode *dp, uint64_t *cookie,
		    bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				 uint64_t next_cookie),
		    void *arg)
{
	struct reader r = {
		.args = { .dp = dp, .geo = &dp->i_mount->m_geo },
		.emit = emit, .arg = arg, .cookie = *cookie,
	};
	enum xfs_dir_form form;
	int error;

	xfs_stats_inc(dp->i_mount, XFS_COUNT_xs_dir_getdents);
	/* Behind every possible position. */
	if (r.cookie > UINT32_MAX)
		return 0;
	error = xfs_dir_form(dp, &form);
	if (error)
		return error;
	if (form == XFS_DIR_FORM_SF)
		read_sf(&r);
	else
		error = read_blocks(&r, form == XFS_DIR_FORM_BLOCK ? &xfs_dir3_block_buf_ops
								   : &xfs_dir3_data_buf_ops);
	*cookie = r.cookie;
	return error ? error : r.error;
}
