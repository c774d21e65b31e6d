/* SPDX-License-Identifier: MIT */
/* Looking up paths, and the place of their last component. */
#ifndef API_PATH_H
#define API_PATH_H

#include "api/api_priv.h"
#include "namei/namei.h"

/* Look up @path from @start (from the root if it begins with '/'); *@ipp is referenced. */
int xfs_path_lookup(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_inode **ipp) XFS_MUST_CHECK;

/* A path whose last component was not looked up. */
struct xfs_path_last {
	struct xfs_inode *dp;		/* directory of the last component; the caller puts it
					 * with xfs_irele() */
	struct xfs_name name;		/* last component, in @buf */
	bool want_dir;			/* a slash follows it */
	bool is_root;			/* the path has no component; @name is "." */
	bool looked;			/* @found is the inode with the name, referenced; NULL:
					 * there is none */
	struct xfs_inode *found;
	char buf[257];			/* a longer name is truncated to 256 bytes */
};
/*
 * @follow: if the last component is a symbolic link, continue at its target (O_CREAT).  It may then
 * have been looked up: the caller puts @last->found.
 */
int xfs_path_parent(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_path_last *last) XFS_MUST_CHECK;
/* True for a name that can be created or removed: not ".", ".." or the root directory. */
bool xfs_path_last_is_norm(const struct xfs_path_last *last);

/*
 * The place of a name to be created; @dir: it is for a directory, so a slash may follow.  All calls
 * that create names begin here, so that their errors come in the kernel's order: errors of the
 * path, -ENAMETOOLONG, -EEXIST, -ENOENT for the slash, -EROFS, and only then those of the object,
 * the directory or the space.
 */
int xfs_path_new(struct xfs_inode *start, const char *path, bool dir,
		 struct xfs_path_last *last) XFS_MUST_CHECK;

#endif
