/* SPDX-License-Identifier: MIT */
/*
 * Walking paths: component by component, following symbolic links inside the image.  An absolute
 * target starts again at the root directory.
 */
#include "api/path.h"

#define MAX_LINKS	40
#define PATH_MAX_BYTES	65536u

/* The rest of the path; a followed link puts its target in front. */
struct walk {
	struct xfs_mount *mp;
	char *buf;		/* allocated once a link was followed, else NULL */
	const char *rest;
	unsigned int links;
};

/* @slash: a slash follows the link, so the target must be a directory. */
static int follow_link(struct walk *w, struct xfs_inode *ip, bool slash, struct xfs_inode **dpp)
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
		return xfs_error(w->mp, -ENAMETOOLONG, "the path has more than %u bytes",
				 PATH_MAX_BYTES);
	buf = xfs_malloc(w->mp, (size_t)len + rest_len + 2);
	if (!buf)
		return xfs_error(w->mp, -ENOMEM, "out of memory for a path");
	memcpy(buf, target, (size_t)len);
	buf[len] = slash ? '/' : '\0';
	memcpy(buf + len + slash, w->rest, rest_len + 1);
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

/* Get the next component of w->rest; false at the end. */
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

/* What to do with the last component. */
enum last_mode {
	LAST_FOLLOW,	/* look it up and follow a symbolic link */
	LAST_NOFOLLOW,	/* look it up, do not follow */
	LAST_STOP,	/* stop at its directory */
	LAST_CREATE,	/* the same, but follow a symbolic link */
};

/*
 * Store the last component.  A name that is too long stays too long, and is refused when it is
 * looked up.
 */
static void keep_last(struct xfs_path_last *last, const struct xfs_name *name, bool slash)
{
	last->name.len = XFS_MIN(name->len, (uint32_t)sizeof(last->buf) - 1);
	memcpy(last->buf, name->name, last->name.len);
	last->buf[last->name.len] = '\0';
	last->want_dir = slash;
}

/* For LAST_CREATE: *@linkp is a symbolic link to follow, referenced; NULL: stop here. */
static int last_link(struct xfs_inode *dp, struct xfs_path_last *last, struct xfs_inode **linkp)
{
	int error = xfs_lookup_new(dp, &last->name, &last->found);

	if (error && error != -ENOENT)
		return error;
	last->looked = true;
	if (!error && xfs_is_symlink(last->found)) {
		*linkp = last->found;
		last->found = NULL;
		last->looked = false;
		last->name.len = 0;
	}
	return 0;
}

/* Walk one component. *@stop: the walk ends here, with *@last as the remaining component. */
static int step(struct walk *w, const struct xfs_name *name, bool more, enum last_mode mode,
		struct xfs_inode **dpp, struct xfs_path_last *last, bool *stop)
{
	bool slash = ((const char *)name->name)[name->len] == '/';
	bool is_last = !more, follow = more || slash || mode == LAST_FOLLOW;
	struct xfs_inode *ip = NULL;
	int error;

	*stop = false;
	if (is_last && (mode == LAST_STOP || mode == LAST_CREATE)) {
		keep_last(last, name, slash);
		if (mode == LAST_CREATE && !slash) {
			error = last_link(*dpp, last, &ip);
			if (error)
				return error;
		}
		if (!ip) {
			*stop = true;
			return 0;
		}
		follow = true;
	} else {
		error = xfs_lookup(*dpp, name, &ip);
		if (error)
			return error == -ENOENT ? xfs_no_such_name(*dpp, name) : error;
	}
	if (follow && xfs_is_symlink(ip)) {
		error = follow_link(w, ip, slash, dpp);
		xfs_irele(ip);
		return error;
	}
	if (slash && !xfs_is_dir(ip)) {
		error = xfs_error(w->mp, -ENOTDIR, "inode %" PRIu64 " is not a directory",
				  ip->i_ino);
		xfs_irele(ip);
		return error;
	}
	xfs_irele(*dpp);
	*dpp = ip;
	return 0;
}

static int walk_once(struct xfs_inode *start, const char *path, enum last_mode mode,
		     struct xfs_inode **ipp, struct xfs_path_last *last)
{
	struct walk w = { .mp = start->i_mount, .rest = path };
	struct xfs_inode *dp;
	struct xfs_name name;
	bool more, stop = false;
	int error = 0;

	*ipp = NULL;
	if (!path)
		return xfs_error(w.mp, -EINVAL, "the path is NULL");
	if (!*path)
		return xfs_error(w.mp, -ENOENT, "the path is empty");
	dp = *path == '/' ? w.mp->m_rootip : start;
	xfs_ihold(dp);
	while (!error && !stop && next_component(&w, &name, &more)) {
		if (!xfs_is_dir(dp))
			error = xfs_error(w.mp, -ENOTDIR, "inode %" PRIu64 " is not a directory",
					  dp->i_ino);
		if (!error)
			error = step(&w, &name, more, mode, &dp, last, &stop);
	}
	if (error)
		xfs_irele(dp);
	else
		*ipp = dp;
	if (w.buf)
		xfs_free(w.mp, w.buf);
	return error;
}

/* If memory is full of dirty data and metadata, write them and walk again. */
static int walk_path(struct xfs_inode *start, const char *path, enum last_mode mode,
		     struct xfs_inode **ipp, struct xfs_path_last *last)
{
	int error = walk_once(start, path, mode, ipp, last);

	if (likely(error != -ENOMEM))
		return error;
	(void)xfs_relieve_memory(start->i_mount);
	return walk_once(start, path, mode, ipp, last);
}

int xfs_path_lookup(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_inode **ipp)
{
	return walk_path(start, path, follow ? LAST_FOLLOW : LAST_NOFOLLOW, ipp, NULL);
}

int xfs_path_parent(struct xfs_inode *start, const char *path, bool follow,
		    struct xfs_path_last *last)
{
	struct xfs_mount *mp = start->i_mount;
	int error;

	*last = (struct xfs_path_last){ .name.type = XFS_DIR3_FT_UNKNOWN };
	last->name.name = (const uint8_t *)last->buf;
	error = walk_path(start, path, follow ? LAST_CREATE : LAST_STOP, &last->dp, last);
	if (error)
		return error;
	if (last->name.len == 0) {
		/* "/" is the directory itself: nothing can be created or removed there. */
		last->is_root = true;
		last->buf[0] = '.';
		last->name.len = 1;
	}
	if (!xfs_is_dir(last->dp)) {
		xfs_irele(last->dp);
		last->dp = NULL;
		return xfs_error(mp, -ENOTDIR,
				 "the path leads through something that is not a directory");
	}
	return 0;
}

bool xfs_path_last_is_norm(const struct xfs_path_last *last)
{
	return !last->is_root && !xfs_name_is_dot(&last->name) && !xfs_name_is_dotdot(&last->name);
}

/* Check the place of a new name. */
static int check_new(struct xfs_path_last *last, bool dir)
{
	struct xfs_mount *mp = last->dp->i_mount;
	struct xfs_inode *ip;
	int error;

	if (!xfs_path_last_is_norm(last))
		return xfs_error(mp, -EEXIST, "\"%s\" exists", last->buf);
	error = xfs_lookup_new(last->dp, &last->name, &ip);
	if (!error) {
		xfs_irele(ip);
		return xfs_error(mp, -EEXIST, "\"%s\" exists", last->buf);
	}
	if (error != -ENOENT)
		return error;
	if (last->want_dir && !dir)
		return xfs_error(mp, -ENOENT, "the path ends in a slash");
	return mp->m_rdonly ? xfs_error(mp, -EROFS, "the file system is mounted read-only") : 0;
}

int xfs_path_new(struct xfs_inode *start, const char *path, bool dir, struct xfs_path_last *last)
{
	int error = xfs_path_parent(start, path, false, last);

	if (error)
		return error;
	error = check_new(last, dir);
	if (error) {
		xfs_irele(last->dp);
		last->dp = NULL;
	}
	return error;
}
