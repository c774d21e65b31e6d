/* SPDX-License-Identifier: MIT */
/* The walker; see walk.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/walk.h"

/* Directories above the place whose handles stay open; the others are found again by number. */
#define KEEP_OPEN	64u

/* A directory that has been entered. */
struct level {
	struct xfs_file *file;		/* NULL: closed for now */
	struct xfs_stat st;
	struct xfsw_names names;
	size_t next;			/* of names */
	size_t path_len, name_at;	/* in the path */
	void *data;
};

struct place {
	struct xfsw_walk *walk;
	struct xfs_mount *mp;
	struct xfsw_str path;
	struct xfsw_inoset dirs;	/* entered */
	struct xfsw_inoset above;	/* above the start, say the ".." */
	struct level *v;
	size_t depth, max;
	bool stop;
};

/* ---- errors -------------------------------------------------------------------------------- */

static void worse(struct xfsw_walk *walk, int code)
{
	if (code > walk->code)
		walk->code = code;
}

void xfsw_walk_tell(struct xfsw_walk *walk, const char *path, int error)
{
	worse(walk, xfsw_fail(walk->call, path, error));
}

/* What a callback or a call returned, about the object that p->path names. */
static void take(struct place *p, int result)
{
	if (result == XFSW_WALK_STOP)
		p->stop = true;
	if (result >= 0)
		return;
	xfsw_walk_tell(p->walk, p->path.s, result);
	/* Every further step would fail for the same reason. */
	if (result == -ENOMEM || p->walk->code == XFSW_INTERRUPTED)
		p->stop = true;
}

static void fatal(struct place *p, int error)
{
	take(p, error);
	p->stop = true;
}

static void tell_loop(struct place *p, uint64_t ino, const char *why)
{
	worse(p->walk, xfsw_complain(p->walk->call, p->path.s, "%s (directory %ju %s)",
				     strerror(ELOOP), (uintmax_t)ino, why));
}

/* ---- levels -------------------------------------------------------------------------------- */

static struct level *lowest(const struct place *p)
{
	return p->depth ? &p->v[p->depth - 1] : NULL;
}

static int push(struct place *p, const struct xfsw_node *node, struct xfsw_names *names,
		size_t name_at)
{
	if (p->depth == p->max) {
		size_t max = p->max ? p->max * 2 : 16;
		void *v = realloc(p->v, max * sizeof(*p->v));

		if (!v)
			return -ENOMEM;
		p->v = v;
		p->max = max;
	}
	p->v[p->depth++] = (struct level){
		.file = node->file, .st = node->st, .names = *names, .path_len = p->path.len,
		.name_at = name_at, .data = node->data,
	};
	if (p->depth > KEEP_OPEN) {
		struct level *upper = &p->v[p->depth - 1 - KEEP_OPEN];

		xfs_close(upper->file);
		upper->file = NULL;
	}
	return 0;
}

/* The lowest level's handle is needed again. */
static int reopen(struct place *p)
{
	struct level *l = lowest(p);

	if (!l || l->file)
		return 0;
	return xfs_open_by_ino(p->mp, l->st.ino, l->st.gen, O_RDONLY | O_DIRECTORY, &l->file);
}

static void cut_path(struct place *p, size_t len)
{
	p->path.len = len;
	p->path.s[len] = 0;
}

/* All in the lowest directory was visited. */
static void leave(struct place *p)
{
	struct level l = *lowest(p);
	const struct xfsw_visitor *visitor = p->walk->visitor;
	int error;

	p->depth--;
	xfsw_free_names(&l.names);
	cut_path(p, l.path_len);
	error = reopen(p);
	if (error) {
		fatal(p, error);
	} else if (visitor->leave) {
		struct xfsw_node node = {
			.path = p->path.s, .name = p->path.s + l.name_at, .file = l.file,
			.dir = p->depth ? lowest(p)->file : NULL, .st = l.st,
			.level = (uint32_t)p->depth, .data = l.data,
		};

		take(p, visitor->leave(p->walk, &node));
	}
	xfs_close(l.file);
	if (p->depth)
		cut_path(p, lowest(p)->path_len);
}

static void drop_levels(struct place *p)
{
	while (p->depth) {
		struct level *l = &p->v[--p->depth];

		xfsw_free_names(&l->names);
		if (l->file)
			xfs_close(l->file);
	}
	free(p->v);
}

/* ---- loops --------------------------------------------------------------------------------- */

static int parent_of(struct xfs_file *dir, struct xfs_file **parent, struct xfs_stat *st)
{
	int error = xfs_openat(dir, "..", O_PATH | O_DIRECTORY, 0, parent);

	return error ? error : xfs_fgetattr(*parent, st);
}

/*
 * What is above the start is not below it, though an entry may say so: through one, removing a
 * small tree would remove all.
 */
static int add_ancestors(struct place *p, struct xfs_file *start)
{
	struct xfs_file *dir = start, *up;
	struct xfs_stat st = XFS_STAT_INIT;
	int added;

	xfs_fgetattr(xfs_root(p->mp), &st);
	added = inoset_add(&p->above, st.ino);
	if (added < 0)
		return added;
	/* Up to the root, to where it goes in circles, or to where it cannot be read. */
	while (parent_of(dir, &up, &st) == 0) {
		added = inoset_add(&p->above, st.ino);
		if (dir != start)
			xfs_close(dir);
		dir = up;
		if (added <= 0)
			break;
	}
	if (dir != start)
		xfs_close(dir);
	return added < 0 ? added : 0;
}

/* Is the ".." of @node the directory that it was found in?  0, 1 or -errno. */
static int confirmed(struct place *p, const struct xfsw_node *node)
{
	struct xfs_file *up;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = parent_of(node->file, &up, &st);

	if (error)
		return error;
	xfs_close(up);
	return st.ino == lowest(p)->st.ino;
}

/* Who follows links: is @node one of the directories that the walk is in?  Tells if so. */
static bool is_within(struct place *p, const struct xfsw_node *node)
{
	for (size_t i = 0; i < p->depth; i++) {
		if (p->v[i].st.ino != node->st.ino)
			continue;
		tell_loop(p, node->st.ino, "contains this one");
		return true;
	}
	return false;
}

/* May directory @node, found in another one, be entered?  Tells if not. */
static bool may_enter(struct place *p, const struct xfsw_node *node)
{
	uint64_t ino = node->st.ino;
	bool above = inoset_has(&p->above, ino);
	int result = 1;

	if (p->walk->flags & XFSW_WALK_FOLLOW_ALL)
		return !is_within(p, node);
	if (above || p->walk->flags & XFSW_WALK_CHANGE)
		result = confirmed(p, node);
	if (result < 0) {
		take(p, result);
		return false;
	}
	if (result == 0) {
		if (!above || inoset_mark(&p->above, ino))
			tell_loop(p, ino, "belongs to another directory, says its \"..\"");
		return false;
	}
	result = inoset_add(&p->dirs, ino);
	if (result < 0)
		take(p, result);
	if (result == 0 && inoset_mark(&p->dirs, ino))
		tell_loop(p, ino, "contains this one, or has a second name");
	return result > 0;
}

static bool may_begin(struct place *p, const struct xfsw_node *node)
{
	int result = inoset_add(&p->dirs, node->st.ino);

	result = result < 0 ? result : add_ancestors(p, node->file);
	take(p, result);
	return !result;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* True: it has been entered, and node->file belongs to its level. */
static bool enter(struct place *p, struct xfsw_node *node)
{
	const struct xfsw_visitor *visitor = p->walk->visitor;
	struct xfsw_names names = { 0 };
	int result;

	if (!(node->dir ? may_enter(p, node) : may_begin(p, node)))
		return false;
	result = visitor->enter ? visitor->enter(p->walk, node) : 0;
	if (result) {
		take(p, result);
		return false;
	}
	result = xfsw_read_names(node->file, &names);
	worse(p->walk, xfsw_tell_names(p->walk->call, node->path, &names));
	take(p, result);
	/* What could be read is visited, as everything else that is sound. */
	if (!p->stop && visitor->names)
		take(p, visitor->names(p->walk, node, &names));
	result = push(p, node, &names, (size_t)(node->name - p->path.s));
	if (result) {
		xfsw_free_names(&names);
		fatal(p, result);
		return false;
	}
	return true;
}

static void visit(struct place *p, struct xfsw_node *node)
{
	const struct xfsw_visitor *visitor = p->walk->visitor;

	if (S_ISDIR(node->st.mode) && (!node->level || node->level <= p->walk->max_level)) {
		if (enter(p, node))
			return;
	} else if (visitor->visit) {
		take(p, visitor->visit(p->walk, node));
	}
	xfs_close(node->file);
}

static bool reads(const struct place *p, uint32_t mode)
{
	return S_ISDIR(mode) || (S_ISREG(mode) && p->walk->flags & XFSW_WALK_READ);
}

/* node->file is a link: what it leads to instead. */
static int follow(struct place *p, struct xfs_file *dir, const char *name, struct xfsw_node *node)
{
	int error;

	xfs_close(node->file);
	error = xfs_openat(dir, name, O_PATH, 0, &node->file);
	if (error)
		return error;
	error = xfs_fgetattr(node->file, &node->st);
	if (!error && !reads(p, node->st.mode))
		return 0;
	xfs_close(node->file);
	return error ? error : xfs_open_by_ino(p->mp, node->st.ino, node->st.gen, O_RDONLY,
					       &node->file);
}

/*
 * The entry's type, if the directory tells it, spares a second opening; it may be wrong.  Nothing
 * is opened through a symbolic link, unless links are to be followed.
 */
static int open_entry(struct place *p, struct xfs_file *dir, const struct xfsw_name *name,
		      struct xfsw_node *node)
{
	bool read = (p->walk->flags & XFSW_WALK_READ) != 0;
	int flags = name->type == DT_DIR	   ? O_RDONLY | O_DIRECTORY
		    : name->type == DT_REG && read ? O_RDONLY
						   : O_PATH;
	int error = xfs_openat(dir, name->name, flags | O_NOFOLLOW, 0, &node->file);

	if (error && flags != O_PATH) {
		flags = O_PATH;
		error = xfs_openat(dir, name->name, flags | O_NOFOLLOW, 0, &node->file);
	}
	if (error)
		return error;
	node->st = (struct xfs_stat)XFS_STAT_INIT;
	error = xfs_fgetattr(node->file, &node->st);
	if (!error && S_ISLNK(node->st.mode) && p->walk->flags & XFSW_WALK_FOLLOW_ALL)
		return follow(p, dir, name->name, node);
	if (!error && flags == O_PATH && reads(p, node->st.mode)) {
		xfs_close(node->file);
		return xfs_open_by_ino(p->mp, node->st.ino, node->st.gen, O_RDONLY, &node->file);
	}
	if (error)
		xfs_close(node->file);
	return error;
}

static void next_entry(struct place *p)
{
	struct level *l = lowest(p);
	const struct xfsw_name *name = &l->names.v[l->next++];
	struct xfsw_node node = { .level = (uint32_t)p->depth };
	int error;

	if (!p->walk->visitor->visit &&
	    ((name->type != DT_DIR && name->type != DT_UNKNOWN) ||
	     node.level > p->walk->max_level))
		return;
	if (!str_join(&p->path, l->path_len, name->name)) {
		fatal(p, -ENOMEM);
		return;
	}
	error = reopen(p);
	if (error) {
		fatal(p, error);
		return;
	}
	node.path = p->path.s;
	node.name = p->path.s + p->path.len - strlen(name->name);
	node.dir = l->file;
	error = open_entry(p, l->file, name, &node);
	if (error)
		take(p, error);
	else
		visit(p, &node);
}

static int start(struct place *p, const char *path)
{
	struct xfsw_walk *walk = p->walk;
	struct xfsw_node node = { 0 };
	int error;

	if (!str_set(&p->path, path))
		return -ENOMEM;
	error = xfs_open(p->mp, path, O_PATH | (walk->flags & XFSW_WALK_FOLLOW ? 0 : O_NOFOLLOW),
			 0, &node.file);
	if (error)
		return error;
	node.st = (struct xfs_stat)XFS_STAT_INIT;
	error = xfs_fgetattr(node.file, &node.st);
	if (!error && reads(p, node.st.mode)) {
		xfs_close(node.file);
		error = xfs_open_by_ino(p->mp, node.st.ino, node.st.gen, O_RDONLY, &node.file);
		if (error)
			return error;
	}
	node.path = p->path.s;
	node.name = p->path.s + p->path.len;
	if (error)
		xfs_close(node.file);
	else
		visit(p, &node);
	return error;
}

int xfsw_walk(struct xfsw_walk *walk, const char *path)
{
	struct place p = { .walk = walk, .mp = walk->call->img->mp };
	int error = start(&p, path);

	if (error && !(error == -ENOENT && walk->flags & XFSW_WALK_MAY_MISS))
		xfsw_walk_tell(walk, path, error);
	while (p.depth && !p.stop) {
		if (xfsw_interrupted()) {
			worse(walk, XFSW_INTERRUPTED);
			break;
		}
		if (lowest(&p)->next < lowest(&p)->names.n)
			next_entry(&p);
		else
			leave(&p);
	}
	drop_levels(&p);
	inoset_free(&p.dirs);
	inoset_free(&p.above);
	str_free(&p.path);
	return walk->code;
}
