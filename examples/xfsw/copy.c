/* SPDX-License-Identifier: MIT */
/*
 * xfsw cp: files and trees to other places of the same image.
 *
 * The walk of walk.h goes over the source, and what it finds is made by the sink, as put does: a file
 * gets its name when it is whole, and what had that name is there until then.  Of the directories of
 * the copy the number is kept, and only one is open.  Source and target are compared by their inode
 * numbers: no spelling of a path, and no link, makes a file replace itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/sink.h"
#include "xfsw/walk.h"

enum {
	OPT_REFLINK = XFSW_OPT_VERB,
};

/* A directory of the copy that the walk is in. */
struct copy_level {
	uint64_t ino;
	uint32_t gen;
	bool keeps;		/* it was there and keeps its attributes */
};

struct copy {
	struct xfsw_sink sink;
	struct xfsw_call *call;
	bool recurse, exactly, replace;
	bool follow, follow_all;	/* links named as a source; all */
	struct xfsw_links links;	/* of all sources: names of one file stay so */
	struct xfsw_inoset made;	/* no directories; not replaced by a later source */
	struct xfsw_inoset made_dirs;	/* links may lead to them: they are not copied */
	struct copy_level *v;
	size_t depth, max;
	struct xfs_file *dir;		/* v[dir_depth - 1], open; NULL: none is */
	size_t dir_depth;
	/* Of one source: */
	struct xfs_file *place;		/* where its copy stands */
	bool itself;			/* the copy is that directory; else it has a name there */
	char name[256];
	const char *source;
	size_t source_len;
	struct xfsw_str to;		/* the path of the copy */
	struct xfsw_str path;		/* of an object in it; for messages */
};

/* ---- where things go ------------------------------------------------------------------------- */

/* For messages: the path of the copy of @node. */
static const char *path_to(struct copy *c, const struct xfsw_node *node)
{
	const char *below = node->path + c->source_len;

	below += strspn(below, "/");
	if (!node->level || !str_set(&c->path, c->to.s) || !str_join(&c->path, c->path.len, below))
		return c->to.s;
	return c->path.s;
}

static void close_dir(struct copy *c)
{
	if (c->dir)
		xfs_close(c->dir);
	c->dir = NULL;
}

/* The directory that the copy of @node stands in: good until the next call.  0 or -errno. */
static int dir_of(struct copy *c, const struct xfsw_node *node, struct xfs_file **dirp)
{
	const struct copy_level *level = node->level ? &c->v[c->depth - 1] : NULL;
	int error;

	*dirp = c->place;
	if (!level)
		return 0;
	if (!c->dir || c->dir_depth != c->depth) {
		close_dir(c);
		error = xfs_open_by_ino(c->sink.mp, level->ino, level->gen, O_RDONLY | O_DIRECTORY,
					&c->dir);
		if (error)
			return error;
		c->dir_depth = c->depth;
	}
	*dirp = c->dir;
	return 0;
}

static const char *name_of(const struct copy *c, const struct xfsw_node *node)
{
	return node->level ? node->name : c->name;
}

static int push(struct copy *c, struct xfs_file *dir, bool keeps)
{
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(dir, &st);

	if (error)
		return error;
	if (c->depth == c->max) {
		size_t max = c->max ? c->max * 2 : 16;
		void *v = realloc(c->v, max * sizeof(*c->v));

		if (!v)
			return -ENOMEM;
		c->v = v;
		c->max = max;
	}
	if (c->follow_all && inoset_add(&c->made_dirs, st.ino) < 0)
		return -ENOMEM;
	close_dir(c);	/* it may be of this depth, and another one */
	c->v[c->depth++] = (struct copy_level){ .ino = st.ino, .gen = st.gen, .keeps = keeps };
	return 0;
}

/* ---- what must not be ------------------------------------------------------------------------ */

/* Told; the walk goes on. */
static int refused(struct xfsw_walk *walk)
{
	if (walk->code < XFSW_FAILED)
		walk->code = XFSW_FAILED;
	return XFSW_WALK_SKIP;
}

static int inode_of(struct xfs_file *dir, const char *name, int flags, struct xfs_stat *st)
{
	struct xfs_file *file;
	int error = xfs_openat(dir, name, O_PATH | flags, 0, &file);

	if (error)
		return error;
	error = xfs_fgetattr(file, st);
	xfs_close(file);
	return error;
}

/* Are source and target one object, or is one a link that leads to the other? */
static bool is_same(struct copy *c, const struct xfsw_node *node, struct xfs_file *dir,
		    const char *name, const struct xfs_stat *old)
{
	struct xfs_file *from = node->dir ? node->dir : xfs_root(c->sink.mp);
	const char *from_name = node->dir ? node->name : node->path;
	struct xfs_stat st = XFS_STAT_INIT;

	if (old->ino == node->st.ino)
		return true;
	if (S_ISLNK(old->mode))
		return inode_of(dir, name, 0, &st) == 0 && st.ino == node->st.ino;
	return S_ISLNK(node->st.mode) && inode_of(from, from_name, 0, &st) == 0 &&
	       st.ino == old->ino;
}

/* May the copy of @node be made there?  0; XFSW_WALK_SKIP: it was told why not; or -errno. */
static int check_target(struct xfsw_walk *walk, const struct xfsw_node *node, struct xfs_file *dir,
			const char *name)
{
	bool is_dir = S_ISDIR(node->st.mode);
	struct copy *c = walk->ctx;
	const char *to = path_to(c, node);
	struct xfs_stat old = XFS_STAT_INIT;
	int error = inode_of(dir, name, O_NOFOLLOW, &old);

	if (error)
		return error == -ENOENT ? 0 : error;
	if (!c->replace && !is_dir)
		return -EEXIST;
	if (is_same(c, node, dir, name, &old))
		xfsw_complain(c->call, node->path, "'%s' and '%s' are the same file", node->path,
			      to);
	else if (is_dir && !S_ISDIR(old.mode))
		xfsw_complain(c->call, node->path,
			      "cannot overwrite non-directory '%s' with directory '%s'", to,
			      node->path);
	else if (!is_dir && S_ISDIR(old.mode))
		xfsw_complain(c->call, node->path,
			      "cannot overwrite directory '%s' with non-directory", to);
	else if (!is_dir && inoset_has(&c->made, old.ino))
		xfsw_complain(c->call, node->path,
			      "will not overwrite just-created '%s' with '%s'", to, node->path);
	else
		return 0;
	return refused(walk);
}

/* The source @node is a directory: may it be copied, and to there?  As check_target(). */
static int check_source(struct xfsw_walk *walk, const struct xfsw_node *node)
{
	struct copy *c = walk->ctx;
	struct xfs_stat st = XFS_STAT_INIT;
	int error;

	if (!c->recurse) {
		xfsw_complain(c->call, node->path, "-r not specified; omitting directory '%s'",
			      node->path);
		return refused(walk);
	}
	error = xfs_fgetattr(c->place, &st);
	if (error)
		return error;
	if (c->itself && st.ino == node->st.ino) {
		xfsw_complain(c->call, node->path, "'%s' and '%s' are the same file", node->path,
			      c->to.s);
		return refused(walk);
	}
	error = xfsw_is_below(c->place, node->st.ino);
	if (error <= 0)
		return error;
	/* The source in its own directory under its own name is said to be the same file. */
	error = c->itself ? 0 : check_target(walk, node, c->place, c->name);
	if (!error)
		xfsw_complain(c->call, node->path, "cannot copy a directory, '%s', into itself, '%s'",
			      node->path, c->to.s);
	return error < 0 ? error : refused(walk);
}

/* ---- copying --------------------------------------------------------------------------------- */

static bool step(struct copy *c)
{
	c->sink.progress.objects++;
	xfsw_progress_step(&c->sink.progress);
	return !xfsw_interrupted();
}

static int make(struct copy *c, const struct xfsw_node *node, struct xfs_file *dir,
		const char *name, const struct xfsw_object *object, struct sink_new *new)
{
	uint32_t mode = node->st.mode;

	if (!c->exactly && (S_ISDIR(mode) || S_ISREG(mode)))
		return sink_make_plain(&c->sink, dir, name, keep_mode(&c->sink.keep, mode), new);
	return sink_make(&c->sink, dir, name, object, new);
}

/* The top is a directory that is there. */
static int use_place(struct copy *c, const struct xfsw_object *object)
{
	int error = c->exactly ? sink_set_all(&c->sink, c->place, object) : 0;

	return error ? error : push(c, c->place, !c->exactly);
}

static int enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct copy *c = walk->ctx;
	struct xfsw_object object;
	struct sink_new new;
	struct xfs_file *dir;
	int error;

	if (!step(c))
		return -EINTR;
	error = node->level ? 0 : check_source(walk, node);
	if (error)
		return error;
	if (node->level && inoset_has(&c->made_dirs, node->st.ino)) {
		xfsw_complain(c->call, node->path, "cannot copy a directory, '%s', into itself, '%s'",
			      node->path, path_to(c, node));
		return refused(walk);
	}
	object_from_image(&c->sink, &object, &node->st);
	if (!node->level && c->itself)
		return use_place(c, &object);
	error = dir_of(c, node, &dir);
	if (!error)
		error = check_target(walk, node, dir, name_of(c, node));
	if (!error)
		error = make(c, node, dir, name_of(c, node), &object, &new);
	if (error)
		return error;
	error = push(c, new.file, new.found && !c->exactly);
	xfs_close(new.file);
	return error;
}

/* Names and attributes that came later have changed its times. */
static int leave(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct copy *c = walk->ctx;
	struct copy_level level = c->v[--c->depth];
	struct xfsw_object object;
	struct xfs_file *dir;
	int error;

	close_dir(c);
	if (!c->exactly)
		return 0;
	error = xfs_open_by_ino(c->sink.mp, level.ino, level.gen, O_RDONLY | O_DIRECTORY, &dir);
	if (error)
		return error;
	object_from_image(&c->sink, &object, &node->st);
	error = sink_copy_own_xattrs(&c->sink, node->file, dir);
	if (!error)
		error = sink_set_times(&c->sink, dir, &object);
	xfs_close(dir);
	return error;
}

static int fill(struct copy *c, const struct xfsw_node *node, const struct xfsw_object *object,
		struct sink_new *new)
{
	int error = 0;

	if (S_ISREG(node->st.mode))
		error = sink_copy_file(&c->sink, new->file, node->file, node->st.size_bytes);
	if (!error && c->exactly)
		error = sink_copy_own_xattrs(&c->sink, node->file, new->file);
	return error || !c->exactly ? error : sink_set_times(&c->sink, new->file, object);
}

/* @ino: of the copy. */
static int copy_object(struct copy *c, const struct xfsw_node *node, struct xfs_file *dir,
		       const char *name, uint64_t *ino)
{
	struct xfsw_object object;
	struct sink_new new = { 0 };
	char target[1025];
	struct xfs_stat st = XFS_STAT_INIT;
	int error;

	object_from_image(&c->sink, &object, &node->st);
	if (S_ISLNK(node->st.mode)) {
		ssize_t len = xfs_freadlink(node->file, target, sizeof(target) - 1);

		if (len < 0)
			return (int)len;
		target[len] = 0;
		object.target = target;
	}
	error = make(c, node, dir, name, &object, &new);
	if (!error)
		error = fill(c, node, &object, &new);
	if (!error)
		error = xfs_fgetattr(new.file, &st);
	*ino = error ? 0 : st.ino;
	return sink_finish(&c->sink, dir, name, &new, error);
}

static int remember(struct copy *c, const struct xfsw_node *node, uint64_t ino)
{
	if (inoset_add(&c->made, ino) < 0)
		return -ENOMEM;
	if (node->st.nlink < 2)
		return 0;
	return links_add(&c->links, 1, node->st.ino, node->st.nlink, ino, NULL);
}

static int visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct copy *c = walk->ctx;
	const char *name = name_of(c, node);
	struct xfsw_link *link = NULL;
	struct xfs_file *dir;
	uint64_t ino;
	int error;

	if (!step(c))
		return -EINTR;
	if (!node->level && c->itself)
		return -EISDIR;
	error = dir_of(c, node, &dir);
	if (!error)
		error = check_target(walk, node, dir, name);
	if (error)
		return error;
	if (node->st.nlink > 1 && (c->recurse || c->exactly))
		link = links_find(&c->links, 1, node->st.ino);
	if (link) {
		error = sink_link(&c->sink, dir, name, link->value);
		links_seen(&c->links, link);
		return error;
	}
	error = copy_object(c, node, dir, name, &ino);
	return error ? error : remember(c, node, ino);
}

static const struct xfsw_visitor copy_visitor = { .enter = enter, .visit = visit, .leave = leave };

/* ---- the command line ------------------------------------------------------------------------ */

/* Does @path end in something that names a directory without having a name in another one? */
static bool is_dots(const char *path)
{
	char base[256];
	const char *name = xfsw_basename(path, base);

	return name && (strcmp(name, "/") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0);
}

/* Where the copy of @source goes.  0 or an exit code, message printed. */
static int find_place(struct copy *c, const char *source, const char *to, bool into)
{
	struct xfs_mount *mp = c->sink.mp;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = 0;

	c->place = NULL;
	/* "." and the like go into the directory as it is. */
	if (into && !is_dots(source))
		error = xfsw_path_inside(&c->to, to, source);
	else if (!str_set(&c->to, to))
		error = -ENOMEM;
	if (error)
		return xfsw_fail(c->call, source, error);
	error = xfs_getattr(mp, source, c->follow, &st);
	if (error)
		return xfsw_fail(c->call, source, error);
	c->itself = S_ISDIR(st.mode) && xfsw_is_directory(mp, c->to.s) &&
		    (is_dots(c->to.s) || (into && is_dots(source)));
	if (c->itself)
		error = xfs_open(mp, c->to.s, O_RDONLY | O_DIRECTORY, 0, &c->place);
	else if (!S_ISDIR(st.mode) && c->to.s[c->to.len - (c->to.len > 0)] == '/')
		error = xfsw_is_directory(mp, c->to.s) ? -EISDIR : -ENOTDIR;
	else
		error = xfsw_open_parent(mp, c->to.s, &c->place, c->name);
	return error ? xfsw_fail(c->call, c->to.s, error) : 0;
}

static int copy_source(struct copy *c, const char *source, const char *to, bool into)
{
	struct xfsw_walk walk = {
		.call = c->call, .visitor = &copy_visitor, .ctx = c,
		.flags = XFSW_WALK_READ | (c->follow ? XFSW_WALK_FOLLOW : 0) |
			 (c->follow_all ? XFSW_WALK_FOLLOW_ALL : 0),
		.max_level = XFSW_ALL_LEVELS,
	};
	int code = find_place(c, source, to, into);

	c->source = source;
	c->source_len = strlen(source);
	if (!code)
		code = xfsw_walk(&walk, source);
	c->depth = 0;
	close_dir(c);
	if (c->place)
		xfs_close(c->place);
	return code;
}

/* --reflink and its value. */
static int take_reflink(struct copy *c)
{
	const char *when = xfsw_arg(c->call, OPT_REFLINK);

	if (!xfsw_has(c->call, OPT_REFLINK) || (when && strcmp(when, "auto") == 0))
		c->sink.reflink = SINK_REFLINK_AUTO;
	else if (!when || strcmp(when, "always") == 0)
		c->sink.reflink = SINK_REFLINK_ALWAYS;
	else if (strcmp(when, "never") == 0)
		c->sink.reflink = SINK_REFLINK_NEVER;
	else
		return xfsw_usage(c->call, "--reflink is auto, always or never, not '%s'", when);
	return 0;
}

/* Of -L, -H and -P the last one counts, and -a is -P at its place. */
static void take_follow(struct copy *c)
{
	const struct xfsw_call *call = c->call;
	int last = c->recurse ? 'P' : 'L';

	for (size_t i = 0; i < call->nopts; i++) {
		int id = call->opts[i].id;

		if (id == 'L' || id == 'H' || id == 'P')
			last = id;
		else if (id == 'a')
			last = 'P';
	}
	c->follow = last != 'P';
	c->follow_all = last == 'L' && c->recurse;
}

static int copy_all(struct copy *c)
{
	struct xfsw_call *call = c->call;
	const char *to = call->argv[call->argc - 1];
	bool into = !xfsw_has(call, 'T') && xfsw_is_directory(c->sink.mp, to);
	int code = XFSW_OK;

	if (xfsw_has(call, 'T') && call->argc > 2)
		return xfsw_usage(call, "with -T there is one SOURCE and one TARGET");
	if (!into && call->argc > 2)
		return xfsw_complain(call, to, "%s; several sources need a directory",
				     strerror(ENOTDIR));
	for (int i = 0; i + 1 < call->argc && code != XFSW_INTERRUPTED; i++) {
		int result = copy_source(c, call->argv[i], to, into);

		code = result > code ? result : code;
	}
	return sink_settle(&c->sink, code);
}

static int run_cp(struct xfsw_call *call)
{
	struct copy c = { .call = call, .replace = xfsw_replaces(call) };
	bool all = xfsw_has(call, 'a');
	int code = sink_init(&c.sink, call);

	if (!code)
		code = take_reflink(&c);
	if (!code) {
		c.sink.mp = call->img->mp;
		c.sink.replace = c.sink.whole = true;
		c.recurse = all || xfsw_has(call, 'r') || xfsw_has(call, 'R');
		c.exactly = all || xfsw_has(call, 'p');
		take_follow(&c);
		/* Without -p it is a new file, made by whoever copies. */
		c.sink.keep_attrs = !c.exactly;
		if (!c.exactly)
			c.sink.keep.not = (1u << KEEP_KINDS) - 1;
		xfsw_progress_start(&c.sink.progress, "cp", xfsw_has(call, XFSW_OPT_QUIET));
		code = copy_all(&c);
	}
	links_free(&c.links);
	inoset_free(&c.made);
	inoset_free(&c.made_dirs);
	str_free(&c.to);
	str_free(&c.path);
	free(c.v);
	return sink_end(&c.sink, code);
}

static const struct xfsw_option cp_options[] = {
	{ 'r', NULL, NULL, NULL },
	{ 'R', "recursive", NULL,
	  "copy directories and their contents; symbolic links are not followed, unless -L or "
	  "-H is given" },
	{ 'p', NULL, NULL,
	  "keep owner, mode, times, extended attributes, ACLs, project, inode flags and extent "
	  "size hints" },
	{ 'a', "archive", NULL, "same as -r -p" },
	{ 'f', NULL, NULL, "replace existing files, which is the default" },
	{ 'n', NULL, NULL, "replace nothing: an existing file is an error" },
	{ 'T', NULL, NULL, "TARGET is the name of the copy, even if it is a directory" },
	{ 'L', "dereference", NULL,
	  "copy the targets of symbolic links, also inside a tree; always so without -r. Links "
	  "that lead nowhere, or to a directory above them, are errors" },
	{ 'H', NULL, NULL, "follow symbolic links given as SOURCE only" },
	{ 'P', "no-dereference", NULL, "copy symbolic links themselves" },
	{ OPT_REFLINK, "reflink", "[=auto|always|never]",
	  "share blocks: auto (default) if possible, always or fail, never; without a value "
	  "always" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_cp = {
	.name = "cp",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-a | -r] [-p] [-f | -n] [-T] [-L | -H | -P] [--reflink[=WHEN]] IMG "
		"SOURCE... TARGET",
	.summary = "Copy files and trees inside the image",
	.help = "If TARGET is a directory, each SOURCE is copied into it; otherwise TARGET is "
		"the name of the copy. An existing directory is merged. An existing file is "
		"replaced when the copy is complete; until then, and after a failure, the old "
		"one remains, and its other links keep it. A file does not replace itself under "
		"another path or link, and a directory is not copied into itself.\n\n"
		"Copies share blocks with their sources until one of them is written, if the "
		"file system has reflink. Holes remain holes; symbolic links, devices, fifos "
		"and sockets are copied as such. Hard links inside a tree are links in the copy "
		"too.\n\n"
		"Without -a or -p the mode is that of the source without set-id and sticky bits "
		"and less the umask; a replaced file hands down its owner, mode, extended "
		"attributes, ACLs, flags and project.\n",
	.examples = "xfsw cp disk.img /etc/passwd /etc/passwd.orig\n"
		"xfsw cp -a disk.img /home/ann /home/ben\n",
	.options = cp_options,
	.shared = { keep_options },
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_LONG_WORK | XFSW_GLOB_SOURCES,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_cp,
};
