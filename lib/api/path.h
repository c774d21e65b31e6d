/* SPDX-License-Identifier: MIT */
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
	char buf[256];
};
/* @follow: is the last component a symbolic link, go on to where it leads (O_CREAT). */
int xfs_path_parent(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_path_last *last) XFS_MUST_CHECK;

#endif
