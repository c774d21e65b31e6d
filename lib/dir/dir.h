/* SPDX-License-Identifier: MIT */
/*
 * Directories: names in, inode numbers out, whatever the form on disk.  All calls
 * need the directory's ILOCK (exclusive to change, or when its extents are not read in).
 */
#ifndef DIR_DIR_H
#define DIR_DIR_H

#include "da/name.h"
#include "inode/inode.h"

/* XFS_DIR3_FT_* of a mode's type bits; FT_UNKNOWN for a type that does not exist. */
uint8_t xfs_mode_to_ftype(uint16_t mode);
/* 1 to 255 bytes, no '/' and no NUL. */
bool xfs_dir_name_valid(const uint8_t *name, size_t len);

/* A new directory's contents: empty short form below @parent_ino. */
int xfs_dir_init(struct xfs_trans *tp, struct xfs_inode *dp, xfs_ino_t parent_ino) XFS_MUST_CHECK;
/*
 * -ENOENT.  On a case-insensitive volume the exact name if there is one, else the first that is
 * equal but for case.
 */
int xfs_dir_lookup(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino)
	XFS_MUST_CHECK;
/*
 * The same, and @stored gets the name as it stands in the directory: @name->len bytes, which
 * differ in case only, and on case-insensitive volumes only.  Removing and replacing
 * need that one.
 */
int xfs_dir_lookup_stored(struct xfs_inode *dp, const struct xfs_name *name, xfs_ino_t *ino,
			  uint8_t *stored) XFS_MUST_CHECK;
/*
 * Before the first change of the transaction that adds @name: -EEXIST (not looked for again when
 * @name->absent_at says that it is not there); -ENOSPC when a
 * directory block larger than a file-system block could not be had in one piece, or the
 * directory is full; any error in reading what the addition needs.  After 0, with the
 * ILOCK kept, xfs_dir_createname() fails for want of memory only.  *@nblocks: directory blocks that
 * it will take at most; 0: surely none.
 */
int xfs_dir_prepare_add(struct xfs_inode *dp, const struct xfs_name *name, uint32_t *nblocks)
	XFS_MUST_CHECK;
/* @name must not exist (the caller looked). Needs xfs_dir_add_blocks() reserved. */
int xfs_dir_createname(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino) XFS_MUST_CHECK;
/* -ENOENT: @name does not mean @ino.  Needs xfs_dir_remove_blocks() reserved, as do those below. */
int xfs_dir_removename(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		       xfs_ino_t ino) XFS_MUST_CHECK;
/*
 * @name (".." too) now means @ino with @name->type.  A wider inode number may take the directory
 * out of the inode, which needs xfs_dir_add_blocks().
 */
int xfs_dir_replace(struct xfs_trans *tp, struct xfs_inode *dp, const struct xfs_name *name,
		    xfs_ino_t ino) XFS_MUST_CHECK;
bool xfs_dir_is_empty(const struct xfs_inode *dp);

/* Worst-case blocks of adding and of removing one name of @namelen bytes. */
uint32_t xfs_dir_add_blocks(const struct xfs_mount *mp, uint32_t namelen);
uint32_t xfs_dir_remove_blocks(const struct xfs_mount *mp);
/*
 * The attribute fork needs room: a short-form directory that must leave the inode
 * becomes block form.  Needs xfs_dir_add_blocks() reserved.
 */
int xfs_dir_sf_to_block(struct xfs_trans *tp, struct xfs_inode *dp) XFS_MUST_CHECK;

/*
 * Entries, "." and ".." too, from position *@cookie (0 = start) on: @emit gets each with the cookie
 * behind it and returns false to stop before taking it.  *@cookie is where to go on.  A cookie is
 * an offset in the directory that an entry keeps as long as it exists, whatever
 * form the directory takes meanwhile; the kernel's are the same.  -EUCLEAN at a name that
 * xfs_dir2_entry_namecheck() refuses.
 */
int xfs_dir_readdir(struct xfs_inode *dp, uint64_t *cookie,
		    bool (*emit)(void *arg, const struct xfs_name *name, xfs_ino_t ino,
				 uint64_t next_cookie),
		    void *arg) XFS_MUST_CHECK;

#endif
