/* SPDX-License-Identifier: MIT */
/*
 * xfsw get: a file or tree out of an image.
 *
 * The image may be hostile: nothing lands outside of the directory the user named, by the
 * rules of hostpath.c.  What is there already is an error, or removed with -f.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "xfsw/host.h"
#include "xfsw/walk.h"

#define BUF_SIZE	(1u << 20)

struct get {
	struct xfsw_call *call;
	struct xfsw_progress progress;
	struct xfsw_fds fds;
	struct xfsw_links links;
	size_t top_len;			/* of the path of the image's top directory */
	int top;			/* the host's, which the paths of links start from */
	bool tree;			/* more than one object */
	bool top_found;			/* the top was there before */
	bool force;
	struct host_restore restore;
	char *buf;
};

static int write_all(int fd, const char *buf, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = pwrite(fd, buf, len, (off_t)offset);

		if (done < 0)
			return xfsw_errno();
		buf += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

/* Data goes where data is; what is a hole there stays one here. */
static int copy_data(struct get *g, struct xfs_file *file, int fd, uint64_t size)
{
	uint64_t offset = 0;

	while (offset < size) {
		int64_t data = xfs_seek(file, offset, SEEK_DATA), hole;

		if (data == -ENXIO)
			break;
		hole = data < 0 ? data : xfs_seek(file, (uint64_t)data, SEEK_HOLE);
		if (hole < 0)
			return (int)hole;
		for (offset = (uint64_t)data; offset < (uint64_t)hole;) {
			uint64_t len = (uint64_t)hole - offset;
			ssize_t got = xfs_pread(file, g->buf,
						len < BUF_SIZE ? (size_t)len : BUF_SIZE, offset);
			int error = got <= 0 ? (got < 0 ? (int)got : xfsw_error(-EIO))
					     : write_all(fd, g->buf, (size_t)got, offset);

			if (error)
				return error;
			offset += (uint64_t)got;
			g->progress.bytes += (uint64_t)got;
			xfsw_progress_step(&g->progress);
			if (xfsw_interrupted())
				return -EINTR;
		}
	}
	return ftruncate(fd, (off_t)size) ? xfsw_errno() : 0;
}

/* Further names of an object forbid what its flags may. */
static unsigned int names_to_come(const struct get *g, const struct xfs_stat *st)
{
	return g->tree && st->nlink > 1 ? RESTORE_MORE_NAMES : 0;
}

/*
 * The contents, under the name that they shall have; what has it already (-f) stays until they are
 * whole.  A descriptor or -errno.
 */
static int get_contents(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
			const char *name)
{
	char temporary[HOST_TEMPORARY];
	struct stat old;
	bool replaces = g->force && xfsw_name_is_plain(name, strlen(name)) &&
			fstatat(dirfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	int fd = replaces ? host_make_temporary(dirfd, temporary)
			  : host_make_file(dirfd, name, false), error;

	if (fd < 0)
		return fd;
	restore_before_data(&g->restore, st, fd);
	error = copy_data(g, file, fd, st->size_bytes);
	if (!error && replaces)
		error = host_take_name(dirfd, temporary, name);
	if (!error)
		return fd;
	if (replaces)
		unlinkat(dirfd, temporary, 0);
	close(fd);
	return error;
}

/* @st_out: of what was made, for its further names. */
static int get_regular(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name, struct stat *st_out)
{
	int fd = get_contents(g, file, st, dirfd, name), error;

	if (fd < 0)
		return fd;
	error = restore_attributes(&g->restore, file, st, dirfd, fd, name, names_to_come(g, st));
	if (!error && fstat(fd, st_out))
		error = xfsw_errno();
	if (close(fd) && !error)
		error = xfsw_errno();
	return error;
}

static int get_special(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name, struct stat *st_out)
{
	struct host_special what = {
		.mode = (mode_t)(st->mode & S_IFMT) | 0600,
		.rdev = makedev(st->rdev_major, st->rdev_minor),
	};
	char target[1025];
	int error;

	if (S_ISLNK(st->mode)) {
		ssize_t len = xfs_freadlink(file, target, sizeof(target) - 1);

		if (len < 0)
			return (int)len;
		target[len] = 0;
		what.target = target;
	}
	error = host_make_special(dirfd, name, &what, g->force);
	if (!error)
		error = restore_attributes(&g->restore, file, st, dirfd, -1, name,
					   names_to_come(g, st));
	if (!error && fstatat(dirfd, name, st_out, AT_SYMLINK_NOFOLLOW))
		error = xfsw_errno();
	return error;
}

/* What -f would remove must not be what is being read. */
static int look_in_the_way(const struct get *g, int dirfd, const char *name)
{
	struct stat st;

	return g->force && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			       own_has(&g->call->img->own, &st) ? xfsw_error(-EBUSY) : 0;
}

static int get_object(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		      const char *name, struct stat *st_out)
{
	int error = look_in_the_way(g, dirfd, name);

	if (error)
		return error;
	return S_ISREG(st->mode) ? get_regular(g, file, st, dirfd, name, st_out)
				 : get_special(g, file, st, dirfd, name, st_out);
}

/* The first of several names: the others will be links to it. */
static int remember(struct get *g, const struct xfsw_node *node, const struct stat *st)
{
	struct xfsw_link *link;
	int error = links_add(&g->links, 1, node->st.ino, node->st.nlink, 0,
			      node->path + g->top_len);

	if (error)
		return error;
	link = links_find(&g->links, 1, node->st.ino);
	link->host_dev = st->st_dev;
	link->host_ino = st->st_ino;
	return restore_later(&g->restore, &node->st, st, node->path + g->top_len);
}

static bool step(struct get *g)
{
	g->progress.objects++;
	xfsw_progress_step(&g->progress);
	return !xfsw_interrupted();
}

static int get_entry(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int dirfd = fds_top(&g->fds), error;
	struct xfsw_link *link;
	struct stat st;

	if (!step(g))
		return -EINTR;
	link = node->st.nlink > 1 ? links_find(&g->links, 1, node->st.ino) : NULL;
	if (link) {
		error = look_in_the_way(g, dirfd, node->name);
		if (!error)
			error = host_link(g->top, link, dirfd, node->name, g->force);
		if (!error)
			links_seen(&g->links, link);
		return error;
	}
	error = get_object(g, node->file, &node->st, dirfd, node->name, &st);
	return error || node->st.nlink < 2 ? error : remember(g, node, &st);
}

static int push_dir(struct get *g, int fd)
{
	struct stat st;
	int error = fstat(fd, &st) ? xfsw_errno() : fds_push(&g->fds, fd, &st);

	if (error)
		close(fd);
	return error;
}

/* Make the directory, and go into it; the top is there. */
static int enter_directory(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int parent = fds_top(&g->fds), fd;
	struct stat st;

	if (!step(g))
		return -EINTR;
	node->data = NULL;
	if (!node->level)
		return 0;
	fd = look_in_the_way(g, parent, node->name);
	if (fd)
		return fd;
	/* leave_directory() wants to know whether it was there. */
	if (g->force && fstatat(parent, node->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		node->data = g;
	fd = host_make_dir(parent, node->name, g->force);
	return fd < 0 ? fd : push_dir(g, fd);
}

static int leave_directory(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int fd = fds_top(&g->fds);
	bool found = node->level ? node->data != NULL : g->top_found;
	int error = restore_attributes(&g->restore, node->file, &node->st, fd, fd, ".",
				       found ? RESTORE_FOUND : 0);

	if (error)
		xfsw_walk_tell(walk, node->path, error);
	if (!node->level)
		return 0;
	error = fds_pop(&g->fds);
	if (!error)
		return 0;
	/* Somebody moves directories about: there is no place to go on from. */
	xfsw_walk_tell(walk, node->path, error);
	return XFSW_WALK_STOP;
}

static const struct xfsw_visitor get_visitor = {
	.enter = enter_directory, .visit = get_entry, .leave = leave_directory,
};

/* HOSTDIR for a directory: the copy itself, merged into what is there. */
static int get_tree(struct get *g, const char *path, const char *host)
{
	struct xfsw_walk walk = {
		.call = g->call, .visitor = &get_visitor, .ctx = g, .flags = XFSW_WALK_READ,
		.max_level = XFSW_ALL_LEVELS,
	};
	int error, code;

	g->tree = true;
	g->top_found = mkdir(host, 0700) != 0;
	if (g->top_found && errno != EEXIST)
		return xfsw_fail(g->call, host, xfsw_errno());
	/* The user may name it through a link. */
	g->top = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = g->top < 0 ? xfsw_errno() : push_dir(g, g->top);
	if (error)
		return xfsw_fail(g->call, host, error);
	g->top_len = strlen(path);
	g->top_len += !g->top_len || path[g->top_len - 1] != '/';
	code = xfsw_walk(&walk, path);
	restore_settle(&g->restore, g->top);
	return code;
}

/* The directory part of the user's @host, and the name in it; "": that is a directory itself. */
static int open_host_dir(const char *host, bool is_dir, const char **name)
{
	const char *slash = strrchr(host, '/');
	struct xfsw_str dir = { 0 };
	int fd;

	if (!str_set(&dir, is_dir ? host : slash == host ? "/" : slash ? host : "."))
		return -ENOMEM;
	if (!is_dir && slash && slash != host)
		dir.s[slash - host] = 0;
	*name = is_dir ? "" : slash ? slash + 1 : host;
	fd = open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	str_free(&dir);
	return fd < 0 ? xfsw_errno() : fd;
}

/* HOSTPATH for anything else: its new name, or a directory to put it into. */
static int get_single(struct get *g, struct xfs_file *file, const struct xfs_stat *st,
		      const char *path, const char *host)
{
	struct stat host_st;
	bool is_dir = stat(host, &host_st) == 0 && S_ISDIR(host_st.st_mode);
	char base[256];
	const char *name;
	int dirfd = open_host_dir(host, is_dir, &name), error;

	if (dirfd < 0)
		return xfsw_fail(g->call, host, dirfd);
	if (is_dir)
		name = xfsw_basename(path, base);
	if (!name || strlen(name) > 255)
		error = xfsw_error(-ENAMETOOLONG);
	else if (!xfsw_name_is_plain(name, strlen(name)))
		error = xfsw_error(-EINVAL);
	else
		error = get_object(g, file, st, dirfd, name, &host_st);
	close(dirfd);
	return error ? xfsw_fail(g->call, host, error) : XFSW_OK;
}

static int finish(struct get *g, int code)
{
	xfsw_progress_end(&g->progress);
	fds_free(&g->fds);
	links_free(&g->links);
	free(g->buf);
	return restore_end(&g->restore, g->call, code);
}

static int run_get(struct xfsw_call *call)
{
	const char *path = call->argv[0], *host = call->argv[1];
	struct get g = { .call = call, .force = xfsw_has(call, 'f') };
	struct xfs_file *file;
	struct xfs_stat st;
	int error, code;

	/* Standard output has contents and nothing else, as cat writes them. */
	if (strcmp(host, "-") == 0) {
		struct xfsw_call cat = *call;

		cat.argc = 1;
		return verb_cat.run(&cat);
	}
	g.buf = malloc(BUF_SIZE);
	error = restore_init(&g.restore, call);
	if (error || !g.buf)
		return finish(&g, xfsw_fail(call, NULL, -ENOMEM));
	error = xfs_getattr(call->img->mp, path, false, &st);
	if (!error)
		error = xfs_open(call->img->mp, path,
				 (S_ISREG(st.mode) || S_ISDIR(st.mode) ? O_RDONLY : O_PATH) |
					 O_NOFOLLOW,
				 0, &file);
	if (error)
		return finish(&g, xfsw_fail(call, path, error));
	umask(0);
	xfsw_progress_start(&g.progress, "get", xfsw_has(call, XFSW_OPT_QUIET));
	code = S_ISDIR(st.mode) ? get_tree(&g, path, host)
				: get_single(&g, file, &st, path, host);
	xfs_close(file);
	return finish(&g, code);
}

static const struct option get_longopts[] = { KEEP_LONGOPTS, { NULL, 0, NULL, 0 } };

const struct xfsw_verb verb_get = {
	.name = "get",
	.operands = "[-f] [OPTIONS] IMG PATH HOSTPATH",
	.summary = "Copy a file or tree out of an image",
	.help = "A directory PATH: HOSTPATH becomes its copy, made if missing.  Anything else:\n"
		"HOSTPATH is the new name, or a directory to put it into; '-' is standard\n"
		"output, for the contents of a file.  As root all\n"
		"attributes are copied: owner, mode, times, extended attributes, ACLs, inode\n"
		"flags, project, extent-size hints, hard links, holes, devices; others get what\n"
		"the host lets them have, without set-id bits on files that change hands.  Each\n"
		"attribute is set on its own; what the host refuses is told once per kind, and\n"
		"an error for root.  An object that fails is told of and the others go on.\n\n"
		"  -f                  replace what exists: files when the new one is whole\n"
		KEEP_HELP
		"  -q, --quiet         no progress\n",
	.shortopts = "f",
	.longopts = get_longopts,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_get,
};
