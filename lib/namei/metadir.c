/* SPDX-License-Identifier: MIT */
/*
 * The metadata directory tree: names of the file system's own files.  No path leads into it.  Only
 * its users here change it, and never two at once.
 */
#include "disk/verify.h"
#include "namei/namei_priv.h"
#include "trans/resv.h"

/*
 * An inode named in the tree, or its root in the superblock, must belong to the tree and be of kind
 * @metatype.
 */
static int check_kind(const struct xfs_inode *ip, const char *name, uint16_t metatype)
{
	bool dir = metatype == XFS_METAFILE_DIR;

	if ((ip->i_diflags2 & XFS_DIFLAG2_METADATA) && ip->i_metatype == metatype &&
	    (dir ? xfs_is_dir(ip) : xfs_is_reg(ip)))
		return 0;
	return xfs_corrupt(ip->i_mount, "metadata directory", "\"%s\" is inode %" PRIu64
			   ", of mode 0%o and kind %u: it must be of kind %u", name, ip->i_ino,
			   xfs_inode_mode(ip), ip->i_metatype, metatype);
}

static int get(struct xfs_mount *mp, xfs_ino_t ino, const char *name, uint16_t metatype,
	       struct xfs_inode **ipp)
{
	int error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED | XFS_IGET_INTERNAL, ipp);

	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "metadata directory", "\"%s\" is inode %" PRIu64
				   ", which is not in use", name, ino);
	if (!error)
		error = check_kind(*ipp, name, metatype);
	if (error) {
		xfs_irele(*ipp);
		*ipp = NULL;
	}
	return error;
}

int xfs_metadir_root(struct xfs_mount *mp, struct xfs_inode **ipp)
{
	return get(mp, mp->m_geo.metadirino, "/", XFS_METAFILE_DIR, ipp);
}

static int lookup(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino)
{
	bool excl;
	int error = xfs_ilock_map(dp, XFS_DATA_FORK, &excl);

	if (error)
		return error;
	error = xfs_dir_lookup(dp, name, ino);
	xfs_iunlock_map(dp, excl);
	return error;
}

/* Create the file; the directory is locked. */
static int make_locked(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       const struct xfs_icreate_args *args, struct xfs_inode **ipp) XFS_LOCKS_UNCHECKED
{
	struct xfs_inode *ip;
	uint32_t nblocks;
	int error = xfs_dir_prepare_add(dp, name, &nblocks);

	if (!error)
		error = xfs_iext_count_extend(tp, dp, XFS_DATA_FORK, xfs_dir_add_extents(dp->i_mount));
	if (!error)
		error = xfs_icreate(tp, args, ipp);
	if (error)
		return error;
	ip = *ipp;
	if (xfs_is_dir(ip))
		error = xfs_dir_init(tp, ip, dp->i_ino);
	if (!error)
		error = xfs_dir_createname(tp, dp, name, ip->i_ino);
	if (!error)
		error = xfs_parent_add(tp, dp, name, ip);
	if (!error && xfs_is_dir(ip))
		xfs_bumplink(tp, dp);
	if (!error)
		xfs_dir_touched(tp, dp);
	xfs_iunlock_excl(ip);
	return error;
}

static int make(struct xfs_inode *dp, struct xfs_name *name, uint16_t metatype, struct xfs_inode **ipp)
{
	struct xfs_mount *mp = dp->i_mount;
	const struct timespec now = xfs_now(mp);
	const bool dir = metatype == XFS_METAFILE_DIR;
	const struct xfs_icreate_args args = {
		.pip = dp, .mode = dir ? S_IFDIR : S_IFREG, .nlink = dir ? 2 : 1, .now = &now,
		.metatype = metatype,
	};
	uint32_t blocks = xfs_icreate_blocks(mp) + xfs_dir_add_blocks(mp, name->len) +
			  xfs_parent_new_blocks(mp, name->len);
	struct xfs_inode *ip = NULL;
	struct xfs_trans *tp;
	int error = xfs_trans_alloc_ilocked(dp, XFS_RESV_CREATE, blocks, 0, &tp);

	if (error)
		return error;
	name->type = xfs_mode_to_ftype(args.mode);
	error = make_locked(tp, dp, name, &args, &ip);
	xfs_iunlock_excl(dp);
	error = xfs_trans_finish(tp, error);
	if (error)
		xfs_irele(ip);
	else
		*ipp = ip;
	return error;
}

static int open_name(struct xfs_inode *dp, const char *s, uint16_t metatype, bool may_make,
		     struct xfs_inode **ipp)
{
	struct xfs_name name = { .name = (const uint8_t *)s, .len = (uint32_t)strlen(s) };
	xfs_ino_t ino;
	int error = lookup(dp, &name, &ino);

	if (!error)
		return get(dp->i_mount, ino, s, metatype, ipp);
	if (error != -ENOENT)
		return error;
	return may_make ? make(dp, &name, metatype, ipp) : xfs_no_such_name(dp, &name);
}

int xfs_metadir_open(struct xfs_mount *mp, const char *dir, const char *name, uint16_t metatype,
		     bool may_make, struct xfs_inode **ipp)
{
	struct xfs_inode *root, *dp = NULL;
	int error = xfs_metadir_root(mp, &root);

	*ipp = NULL;
	if (error)
		return error;
	error = open_name(root, dir, XFS_METAFILE_DIR, may_make, &dp);
	if (!error)
		error = open_name(dp, name, metatype, may_make, ipp);
	xfs_irele(dp);
	xfs_irele(root);
	return error;
}
