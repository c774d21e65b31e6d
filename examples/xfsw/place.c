/* SPDX-License-Identifier: MIT */
/* Where in the image a name is to stand, and what lies below what. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "xfsw/walk.h"

bool xfsw_is_directory(struct xfs_mount *mp, const char *path)
{
	struct stat st;

	return xfs_stat(mp, path, &st) == 0 && S_ISDIR(st.st_mode);
}

int xfsw_path_inside(struct xfsw_str *path, const char *dir, const char *of)
{
	char base[256];
	const char *name = xfsw_basename(of, base);

	if (!name)
		return xfsw_error(-ENAMETOOLONG);
	return str_set(path, dir) && str_join(path, path->len, name) ? 0 : -ENOMEM;
}

int xfsw_open_parent(struct xfs_mount *mp, const char *path, struct xfs_file **dirp, char name[256])
{
	struct xfsw_str parent = { 0 };
	const char *last;
	int error;

	*dirp = NULL;
	last = xfsw_basename(path, name);
	if (!last)
		return xfsw_error(-ENAMETOOLONG);
	if (last != name)	/* "/" has none */
		return -EISDIR;
	if (!str_set(&parent, path))
		return -ENOMEM;
	while (parent.len > 1 && parent.s[parent.len - 1] == '/')
		parent.s[--parent.len] = 0;
	last = strrchr(parent.s, '/');
	if (last)
		parent.s[last - parent.s + (last == parent.s)] = 0;
	error = xfs_open(mp, last ? parent.s : "/", O_RDONLY | O_DIRECTORY, 0, dirp);
	str_free(&parent);
	return error;
}

int xfsw_is_below(struct xfs_file *dir, uint64_t ino)
{
	struct xfsw_inoset seen = { 0 };
	struct xfs_file *at = dir, *up;
	struct xfs_stat st = XFS_STAT_INIT;
	int result = xfs_fgetattr(dir, &st);

	/* A damaged tree may go in circles. */
	while (!result && st.ino != ino && (result = inoset_add(&seen, st.ino)) == 1) {
		result = xfs_openat(at, "..", O_PATH | O_DIRECTORY, 0, &up);
		if (at != dir)
			xfs_close(at);
		at = result ? dir : up;
		if (!result)
			result = xfs_fgetattr(at, &st);
	}
	if (at != dir)
		xfs_close(at);
	inoset_free(&seen);
	return result < 0 ? result : st.ino == ino;
}

bool xfsw_replaces(const struct xfsw_call *call)
{
	for (size_t i = call->nopts; i > 0; i--)
		if (call->opts[i - 1].id == 'n' || call->opts[i - 1].id == 'f')
			return call->opts[i - 1].id == 'f';
	return true;
}
