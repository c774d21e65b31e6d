/* SPDX-License-Identifier: MIT */
/*
 * Directories: they map names to inode numbers, whatever the form on disk.  All calls need the
 * directory's ILOCK (exclusive to change it, or if its extents are not read in).
 */
#ifndef DIR_DIR_H
#define DIR_DIR_H

#include "da/name.h"
#include "inode/inode.h"

/* XFS_DIR3_FT_* for the type bits of a mode; FT_UNKNOWN if there is no such type. */
uint8_t xfs_mode_to_ftype(uint16_t mode);
/* 1 to 255 bytes, no '/' and no NUL. */
bool xfs_dir_name_valid(const uint8_t *name, size_t len);

/* Make a new directory empty, in short form, with parent @parent_ino. */
int xfs_dir_init(struct xfs_trans *tp, struct xfs_inode *dp, xfs_ino_t parent_ino) XFS_MUST_CHECK;
/*
 * Look up a name; -ENOENT.  A case-insensitive directory prefers the exact name, else gives the
 * first that differs only in case.
 */
int xfs_dir_lookup(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino)
	XFS_MUST_CHECK;
/*
 * The same, and @stored gets the name as the directory has it: @name->len bytes, which on
 * case-insensitive file systems may differ in case.  Removing and replacing need that name.
 */
int xfs_dir_lookup_stored(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino,
			  uint8_t *stored) XFS_MUST_CHECK;
/*
 * Call before the first change of the transaction that adds @name. -EEXIST (not checked again if
 * @name->absent_at shows that the name is still absent); -ENOSPC if a directory block larger than a
 * file-system block cannot be contiguous or the directory is full; any error of reading what the
 * addition needs.  After 0, and while the ILOCK is kept, xfs_dir_createname() fails only for lack
 * of memory. *@nblocks: most directory blocks that it will take.
 */
int xfs_dir_prepare_add(struct xfs_inode *dp, const struct xfs_name *name, uint32_t *nblocks)
	XFS_MUST_CHECK;
/* Add @name, which the caller knows to be absent.  Needs xfs_dir_add_blocks() reserved. */
int xfs_dir_createname(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino) XFS_MUST_CHECK;
/*
 * Remove @name; -ENOENT if it does not lead to @ino.  Needs xfs_dir_remove_blocks() reserved, as do
 * the calls below.
 */
int xfs_dir_removename(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino) XFS_MUST_CHECK;
/*
 * Make @name (also "..") lead to @ino, with @name->type.  A wider inode number may force the
 * directory out of the inode, which needs xfs_dir_add_blocks().
 */
int xfs_dir_replace(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    xfs_ino_t ino) XFS_MUST_CHECK;
bool xfs_dir_is_empty(const struct xfs_inode *dp);

/* Most blocks that adding or removing one name of @namelen bytes takes. */
uint32_t xfs_dir_add_blocks(const struct xfs_mount *mp, uint32_t namelen);
uint32_t xfs_dir_remove_blocks(const struct xfs_mount *mp);
/*
 * Convert a short-form directory to block form, to make room for the attribute fork.  Needs
 * xfs_dir_add_blocks() reserved.
 */
int xfs_dir_sf_to_block(struct xfs_trans *tp, struct xfs_inode *dp) XFS_MUST_CHECK;

/*
 * Call @emit for each entry, including "." and "..", from position *@cookie (0: start) on, with the
 * cookie behind it.  @emit returns false to stop without taking the entry. *@cookie: where to
 * continue.  A cookie is an offset in the directory that an entry keeps as long as it exists, in
 * every form of the directory; the kernel uses the same ones. -EUCLEAN at a name that
 * xfs_dir2_entry_namecheck() refuses.
 */
int xfs_dir_readdir(struct xfs_inode *dp, uint64_t *cookie,
		    bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				 uint64_t next_cookie),
		    void *arg) XFS_MUST_CHECK;

#endif
