/* SPDX-License-Identifier: MIT */
/* What a path leads to, and where its last component would stand. */
#ifndef API_PATH_H
#define API_PATH_H

#include "api/api_priv.h"
#include "namei/namei.h"

/* What @path leads to from @start (a path that begins with '/': from the root), referenced. */
int xfs_path_lookup(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_inode **ipp) XFS_MUST_CHECK;

/* All but the last component of a path. */
struct xfs_path_last {
	struct xfs_inode *dp;		/* referenced: put it with xfs_irele() */
	struct xfs_name name;		/* in @buf */
	bool want_dir;			/* a slash follows it */
	bool is_root;			/* the path has no component; @name is "." */
	bool looked;			/* @found tells what has the name, referenced; NULL: nothing */
	struct xfs_inode *found;
	char buf[257];			/* of a name over 255 bytes its first 256 */
};
/*
 * @follow: is the last component a symbolic link, go on to where it leads (O_CREAT).  Then it may
 * have been looked for already: @last->found is the caller's to put.
 */
int xfs_path_parent(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_path_last *last) XFS_MUST_CHECK;
/* A name that can be made or removed: neither ".", ".." nor the root directory. */
bool xfs_path_last_is_norm(const struct xfs_path_last *last);

/*
 * The place of a name that is to be made; @dir: of a directory, which a slash may follow.  All
 * calls that make names begin here, so that all refuse in the kernel's order: what leads there,
 * -ENAMETOOLONG, -EEXIST, -ENOENT for the slash, -EROFS - and only then what is wrong with
 * the object, the directory, or the space.
 */
int xfs_path_new(struct xfs_inode *start, const char *path, bool dir,
		 struct xfs_path_last *last) XFS_MUST_CHECK;

#endif
