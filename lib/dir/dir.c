/* SPDX-License-Identifier: MIT */
/* The directory calls: determine the directory's form and call its functions. */
#include <sys/stat.h>
#include "ag/alloc.h"
#include "core/message.h"
#include "core/stats.h"
#include "dir/dir_priv.h"

/* Most blocks that one addition takes: those of the tree, a data block and a free-index block. */
#define ADD_BLOCKS	(XFS_DA_ADD_MAXBLOCKS + 2u)

uint8_t xfs_mode_to_ftype(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return XFS_DIR3_FT_REG_FILE;
	case S_IFDIR:
		return XFS_DIR3_FT_DIR;
	case S_IFCHR:
		return XFS_DIR3_FT_CHRDEV;
	case S_IFBLK:
		return XFS_DIR3_FT_BLKDEV;
	case S_IFIFO:
		return XFS_DIR3_FT_FIFO;
	case S_IFSOCK:
		return XFS_DIR3_FT_SOCK;
	case S_IFLNK:
		return XFS_DIR3_FT_SYMLINK;
	default:
		return XFS_DIR3_FT_UNKNOWN;
	}
}

bool xfs_dir_name_valid(const uint8_t *name, size_t len)
{
	return xfs_dir2_namecheck(name, len);
}

/*
 * No field holds the form: it follows from where the fork ends.  The fork of a block-form directory
 * ends behind its block, that of a leaf-form directory behind the first block of the leaf space.
 */
int xfs_dir_form(struct xfs_inode *dp, enum xfs_dir_form *form)
{
	const struct xfs_geometry *geo = &dp->i_mount->m_geo;
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	xfs_fileoff_t end;
	int error;

	*form = XFS_DIR_FORM_SF;
	if (dp->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		return 0;
	error = xfs_iread_extents(dp, XFS_DATA_FORK);
	if (error)
		return error;
	if (!xfs_iext_last_extent(&dp->i_df, &cur, &got))
		return xfs_corrupt(dp->i_mount, "directory", "inode %" PRIu64 " has no blocks",
				   dp->i_ino);
	end = xfs_irec_end(&got);
	if (end == geo->dirblkfsbs) {
		if (dp->i_disk_size != geo->dirblksize)
			return xfs_corrupt(dp->i_mount, "directory",
					   "inode %" PRIu64 " has one block and size %" PRId64,
					   dp->i_ino, dp->i_disk_size);
		*form = XFS_DIR_FORM_BLOCK;
	} else {
		*form = end == (xfs_fileoff_t)geo->leafblk + geo->dirblkfsbs ? XFS_DIR_FORM_LEAF
									     : XFS_DIR_FORM_NODE;
	}
	return 0;
}

void xfs_dir_set_size(struct xfs_trans *tp, struct xfs_inode *dp, uint64_t size)
{
	dp->i_disk_size = (xfs_fsize_t)size;
	dp->i_size = dp->i_disk_size;
	xfs_trans_log_inode(tp, dp, XFS_ILOG_CORE);
}

static void init_args(struct xfs_dir_args *args, struct xfs_trans *tp, struct xfs_inode *dp,
		      const struct xfs_name *name, xfs_ino_t ino)
{
	*args = (struct xfs_dir_args){
		.tp = tp, .dp = dp, .geo = &dp->i_mount->m_geo, .name = name, .ino = ino,
	};
	/* Short form does not need the hash. */
	if (dp->i_df.if_format != XFS_DINODE_FMT_LOCAL)
		args->hash = xfs_name_hash(args->geo, name);
}

/* Look the name up in a form that has data blocks. */
static int find_entry(struct xfs_dir_args *args, enum xfs_dir_form form, struct xfs_dir_match *m)
{
	switch (form) {
	case XFS_DIR_FORM_BLOCK:
		return xfs_dir_block_lookup(args, m);
	case XFS_DIR_FORM_LEAF:
		return xfs_dir_leaf_lookup(args, m);
	default:
		return xfs_dir_node_lookup(args, m);
	}
}

int xfs_dir_lookup(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino)
{
	return xfs_dir_lookup_stored(dp, name, ino, NULL);
}

int xfs_dir_lookup_stored(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino,
			  uint8_t *stored)
{
	enum xfs_dir_form form;
	struct xfs_dir_args args;
	struct xfs_dir_match m;
	int error;

	xfs_stats_inc(dp->i_mount, XFS_COUNT_xs_dir_lookup);
	*ino = NULLFSINO;
	init_args(&args, NULL, dp, name, NULLFSINO);
	args.stored = stored;
	error = xfs_dir_form(dp, &form);
	if (error)
		return error;
	if (form == XFS_DIR_FORM_SF)
		return xfs_dir_sf_lookup(&args, false, ino);
	xfs_dir_match_init(&m, false);
	error = find_entry(&args, form, &m);
	xfs_dir_match_done(&m);
	if (!error && m.ino == NULLFSINO)
		error = -ENOENT;
	if (!error)
		*ino = m.ino;
	return error;
}

/* A directory block of several file-system blocks must be contiguous (da/block.c). */
static int check_space(struct xfs_inode *dp, uint32_t nblocks)
{
	struct xfs_mount *mp = dp->i_mount;
	uint32_t nfsb = mp->m_geo.dirblkfsbs, count;
	int error;

	/* Without a journal, pieces are fine. */
	if (nfsb == 1 || !nblocks || mp->m_unjournalled)
		return 0;
	error = xfs_alloc_count_contiguous(mp, nfsb, nblocks, &count);
	if (!error && count < nblocks)
		error = xfs_error(mp, -ENOSPC,
				  "directory %" PRIu64 ": no %" PRIu32
				  " contiguous free blocks for a directory block",
				  dp->i_ino, nfsb);
	return error;
}

int xfs_dir_prepare_add(struct xfs_inode *dp, const struct xfs_name *name, uint32_t *nblocks)
{
	/* If no name has changed since it was looked up, do not look again. */
	bool absent = name->absent_at == dp->i_names_changed + 1;
	enum xfs_dir_form form;
	struct xfs_dir_args args;
	struct xfs_dir_match m, *match = absent ? NULL : &m;
	int error;

	*nblocks = 0;
	error = xfs_dir_form(dp, &form);
	if (error)
		return error;
	/* The inode number is not known yet: assume a wide one, which needs more space. */
	init_args(&args, NULL, dp, name, XFS_DIR2_MAX_SHORT_INUM + 1);
	xfs_dir_match_init(&m, false);
	switch (form) {
	case XFS_DIR_FORM_SF:
		if (!absent)
			error = xfs_dir_sf_lookup(&args, false, &m.ino);
		if (error == -ENOENT)
			error = 0;
		/* One block; if that is full at once, also a leaf block and a second data block. */
		*nblocks = xfs_dir_sf_has_room(&args) ? 0 : 3;
		break;
	case XFS_DIR_FORM_BLOCK:
		error = xfs_dir_block_plan_add(&args, match, nblocks);
		break;
	case XFS_DIR_FORM_LEAF:
		error = xfs_dir_leaf_plan_add(&args, match, nblocks);
		break;
	case XFS_DIR_FORM_NODE:
		error = xfs_dir_node_plan_add(&args, match, nblocks);
		break;
	}
	xfs_dir_match_done(&m);
	if (!error && m.ino != NULLFSINO)
		error = xfs_error(dp->i_mount, -EEXIST, "\"%.*s\" exists", (int)name->len,
				  (const char *)name->name);
	if (!error)
		error = check_space(dp, *nblocks);
	if (!error && *nblocks)
		error = xfs_buf_prealloc(dp->i_mount, args.geo->dirblksize, *nblocks);
	return error;
}

/* Convert to the next larger form. */
static int convert_up(struct xfs_dir_args *args, enum xfs_dir_form form)
{
	switch (form) {
	case XFS_DIR_FORM_SF:
		args->hash = xfs_name_hash(args->geo, args->name);
		return xfs_dir_sf_to_block_form(args);
	case XFS_DIR_FORM_BLOCK:
		return xfs_dir_block_to_leaf(args);
	default:
		return xfs_dir_leaf_to_node(args);
	}
}

int xfs_dir_createname(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino)
{
	enum xfs_dir_form form;
	struct xfs_dir_args args;
	int error;

	xfs_stats_inc(dp->i_mount, XFS_COUNT_xs_dir_create);
	ASSERT(name->len > 0 && name->len <= XFS_NAME_LEN_MAX);
	dp->i_names_changed++;
	init_args(&args, tp, dp, name, ino);
	error = xfs_dir_form(dp, &form);
	while (!error) {
		if (form == XFS_DIR_FORM_SF)
			error = xfs_dir_sf_addname(&args);
		else if (form == XFS_DIR_FORM_BLOCK)
			error = xfs_dir_block_addname(&args);
		else if (form == XFS_DIR_FORM_LEAF)
			error = xfs_dir_leaf_addname(&args);
		else
			error = xfs_dir_node_addname(&args);
		if (error != XFS_DIR_FULL)
			break;
		error = convert_up(&args, form++);
	}
	return error;
}

int xfs_dir_removename(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino)
{
	enum xfs_dir_form form;
	struct xfs_dir_args args;
	int error;

	xfs_stats_inc(dp->i_mount, XFS_COUNT_xs_dir_remove);
	dp->i_names_changed++;
	init_args(&args, tp, dp, name, ino);
	error = xfs_dir_form(dp, &form);
	if (error)
		return error;
	switch (form) {
	case XFS_DIR_FORM_SF:
		return xfs_dir_sf_removename(&args);
	case XFS_DIR_FORM_BLOCK:
		return xfs_dir_block_removename(&args);
	case XFS_DIR_FORM_LEAF:
		return xfs_dir_leaf_removename(&args);
	default:
		return xfs_dir_node_removename(&args);
	}
}

int xfs_dir_replace(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    xfs_ino_t ino)
{
	enum xfs_dir_form form;
	struct xfs_dir_args args;
	struct xfs_dir_match m;
	int error;

	dp->i_names_changed++;
	init_args(&args, tp, dp, name, ino);
	error = xfs_dir_form(dp, &form);
	if (error)
		return error;
	if (form == XFS_DIR_FORM_SF) {
		error = xfs_dir_sf_replace(&args);
		if (error != XFS_DIR_FULL)
			return error;
		error = convert_up(&args, form++);
		if (error)
			return error;
	}
	/* Change only inode number and type of the entry: the index stays as it is. */
	xfs_dir_match_init(&m, true);
	error = find_entry(&args, form, &m);
	if (!error && !m.found)
		error = -ENOENT;
	if (!error)
		xfs_dir_data_set(&args, m.bp, m.off);
	xfs_dir_match_done(&m);
	return error;
}

int xfs_dir_sf_to_block(struct xfs_trans *tp, struct xfs_inode *dp)
{
	struct xfs_dir_args args = { .tp = tp, .dp = dp, .geo = &dp->i_mount->m_geo };

	ASSERT(dp->i_df.if_format == XFS_DINODE_FMT_LOCAL);
	return xfs_dir_sf_to_block_form(&args);
}

uint32_t xfs_dir_add_blocks(const struct xfs_mount *mp, uint32_t namelen)
{
	(void)namelen;		/* any name fits in a data block */
	return xfs_da_alloc_blocks(mp, XFS_DATA_FORK, ADD_BLOCKS, mp->m_geo.dirblkfsbs);
}

/* Only the extent tree takes blocks, when unmapping splits an extent. */
uint32_t xfs_dir_remove_blocks(const struct xfs_mount *mp)
{
	return ADD_BLOCKS * xfs_bmap_add_blocks(mp, XFS_DATA_FORK);
}
