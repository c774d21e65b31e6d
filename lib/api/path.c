/* SPDX-License-Identifier: MIT */
/*
 * Paths: components one by one, symbolic links followed inside the image.
 * An absolute target starts again at the root directory.
 */
#include "api/path.h"

#define MAX_LINKS	40
#define PATH_MAX_BYTES	65536u

/* What is still to be walked; links put their target in front of it. */
struct walk {
	struct xfs_mount *mp;
	char *buf;		/* own memory once a link was followed, else NULL */
	const char *rest;
	unsigned int links;
};

static int follow_link(struct walk *w, struct xfs_inode *ip, struct xfs_inode **dpp)
{
	char target[1024];
	size_t rest_len = strlen(w->rest);
	ssize_t len;
	char *buf;

	if (++w->links > MAX_LINKS)
		return xfs_error(w->mp, -ELOOP, "more than %u symbolic links on one path", MAX_LINKS);
	len = xfs_readlink_inode(ip, target, sizeof(target));
	if (len < 0)
		return (int)len;
	if ((size_t)len + rest_len + 2 > PATH_MAX_BYTES)
		return xfs_error(w->mp, -ENAMETOOLONG, "a path has at most %u bytes", PATH_MAX_BYTES);
	buf = xfs_malloc(w->mp, (size_t)len + rest_len + 2);
	if (!buf)
		return xfs_error(w->mp, -ENOMEM, "out of memory for a path");
	memcpy(buf, target, (size_t)len);
	buf[len] = '/';
	memcpy(buf + len + 1, w->rest, rest_len + 1);
	if (!rest_len)
		buf[len] = '\0';
	if (w->buf)
		xfs_free(w->mp, w->buf);
	w->buf = buf;
	w->rest = buf;
	if (buf[0] == '/') {
		xfs_irele(*dpp);
		*dpp = w->mp->m_rootip;
		xfs_ihold(*dpp);
	}
	return 0;
}

/* The next component of w->rest; false at the end. */
static bool next_component(struct walk *w, struct xfs_name *name, bool *more)
{
	const char *start = w->rest, *end;

	while (*start == '/')
		start++;
	for (end = start; *end && *end != '/';)
		end++;
	if (end == start)
		return false;
	name->name = (const uint8_t *)start;
	name->len = (uint32_t)(end - start);
	name->type = XFS_DIR3_FT_UNKNOWN;
	while (*end == '/')
		end++;
	w->rest = end;
	*more = *end != '\0';
	return true;
}

static int check_component(struct xfs_mount *mp, const struct xfs_name *name)
{
	if (name->len > 255)
		return xfs_error(mp, -ENAMETOOLONG, "a name has at most 255 bytes");
	return 0;
}

/*
 * Walk to the directory of the last component (@want_parent) or to the end.
 * *@last is the last component then; its len 0: the path has none ("/", "").
 */
static int walk_path(struct walk *w, struct xfs_inode *start, bool want_parent, bool follow,
		     struct xfs_inode **ipp, char last[256], uint32_t *last_len, bool *want_dir)
{
	struct xfs_inode *dp, *ip;
	struct xfs_name name;
	bool more;
	int error = 0;

	dp = w->rest[0] == '/' ? w->mp->m_rootip : start;
	xfs_ihold(dp);
	if (want_parent) {
		*last_len = 0;
		*want_dir = false;
	}
	while (next_component(w, &name, &more)) {
		bool slash = ((const char *)name.name)[name.len] == '/';

		error = check_component(w->mp, &name);
		if (!error && !xfs_is_dir(dp))
			error = xfs_error(w->mp, -ENOTDIR, "inode %" PRIu64 " is no directory",
					  dp->i_ino);
		if (error)
			break;
		if (!more && want_parent) {
			memcpy(last, name.name, name.len);
			last[name.len] = '\0';
			*last_len = name.len;
			*want_dir = slash;
			break;
		}
		error = xfs_lookup(dp, &name, &ip);
		if (error)
			break;
		if (xfs_is_symlink(ip) && (more || slash || follow)) {
			error = follow_link(w, ip, &dp);
			xfs_irele(ip);
			if (error)
				break;
			continue;
		}
		if (!more && slash && !xfs_is_dir(ip)) {
			error = xfs_error(w->mp, -ENOTDIR, "inode %" PRIu64 " is no directory",
					  ip->i_ino);
			xfs_irele(ip);
			break;
		}
		xfs_irele(dp);
		dp = ip;
	}
	if (error) {
		xfs_irele(dp);
		dp = NULL;
	}
	*ipp = dp;
	if (w->buf)
		xfs_free(w->mp, w->buf);
	return error;
}

int xfs_path_lookup(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_inode **ipp)
{
	struct walk w = { .mp = start->i_mount, .rest = path };

	*ipp = NULL;
	if (!path)
		return xfs_error(w.mp, -EINVAL, "no path");
	if (!*path)
		return xfs_error(w.mp, -ENOENT, "the path is empty");
	return walk_path(&w, start, false, follow, ipp, NULL, NULL, NULL);
}

int xfs_path_parent(struct xfs_inode *start, const char *path, struct xfs_path_last *last)
{
	struct walk w = { .mp = start->i_mount, .rest = path };
	int error;

	last->dp = NULL;
	if (!path)
		return xfs_error(w.mp, -EINVAL, "no path");
	if (!*path)
		return xfs_error(w.mp, -ENOENT, "the path is empty");
	error = walk_path(&w, start, true, false, &last->dp, last->buf, &last->name.len,
			  &last->want_dir);
	last->name.name = (const uint8_t *)last->buf;
	last->name.type = XFS_DIR3_FT_UNKNOWN;
	if (error)
		return error;
	if (last->name.len == 0) {
		/* "/" names the directory itself: nothing can be made or removed there. */
		last->buf[0] = '.';
		last->buf[1] = '\0';
		last->name.len = 1;
	}
	if (!xfs_is_dir(last->dp)) {
		xfs_irele(last->dp);
		last->dp = NULL;
		return xfs_error(w.mp, -ENOTDIR, "the path leads through what is no directory");
	}
	return 0;
}
