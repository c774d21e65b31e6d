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
#include <xfswrite/io.h>
#include "xfsw/host.h"
#include "xfsw/walk.h"

#define PIECE_SIZE	((uint64_t)4 << 20)
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
	bool temporary;			/* the host has no names for files without one */
	bool into;			/* each source gets its own name in the directory @top */
	char base[256];			/* that name */
	struct xfsw_str rel;		/* a path below @top */
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

/* Some of @len bytes at @offset, by the host if it can; or through memory, which tells what failed. */
static int64_t copy_piece(struct get *g, struct xfs_file *file, int fd, uint64_t offset, uint64_t len)
{
	int64_t got = xfs_read_to_fd(file, offset, fd, offset, len < PIECE_SIZE ? len : PIECE_SIZE);
	int error;

	if (got > 0)
		return got;
	got = xfs_pread(file, g->buf, len < BUF_SIZE ? (size_t)len : BUF_SIZE, offset);
	if (got <= 0)
		return got < 0 ? got : xfsw_error(-EIO);
	error = write_all(fd, g->buf, (size_t)got, offset);
	return error ? error : got;
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
			int64_t got = copy_piece(g, file, fd, offset, (uint64_t)hole - offset);

			if (got < 0)
				return (int)got;
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
 * The contents.  They get their name when they are whole: what has it already (-f) stays until then, and
 * what fails or is killed leaves nothing.  A descriptor or -errno.
 */
static int get_contents(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
			const char *name)
{
	struct host_new new;
	struct stat old;
	int error;

	if (!xfsw_name_is_plain(name, strlen(name)))
		return xfsw_error(-EUCLEAN);
	if (!g->force && fstatat(dirfd, name, &old, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	error = host_make_new(dirfd, g->temporary, &new);
	if (error)
		return error;
	restore_before_data(&g->restore, st, new.fd);
	error = copy_data(g, file, new.fd, st->size_bytes);
	if (!error)
		error = host_name_new(dirfd, &new, name, g->force);
	if (!error)
		return new.fd;
	host_drop_new(dirfd, &new);
	if (error != -EOPNOTSUPP || g->temporary)
		return error;
	g->temporary = true;
	return get_contents(g, file, st, dirfd, name);
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

/* The name that a node shall have on the host. */
static const char *name_of(const struct get *g, const struct xfsw_node *node)
{
	return node->level ? node->name : g->base;
}

/* Its path below g->top; NULL: no memory. */
static const char *path_of(struct get *g, const struct xfsw_node *node)
{
	const char *below = node->level ? node->path + g->top_len : "";

	if (!g->into)
		return below;
	if (!str_set(&g->rel, g->base) || (*below && !str_join(&g->rel, g->rel.len, below)))
		return NULL;
	return g->rel.s;
}

/* The first of several names: the others will be links to it. */
static int remember(struct get *g, const struct xfsw_node *node, const struct stat *st)
{
	const char *path = path_of(g, node);
	struct xfsw_link *link;
	int error = path ? links_add(&g->links, 1, node->st.ino, node->st.nlink, 0, path) : -ENOMEM;

	if (error)
		return error;
	link = links_find(&g->links, 1, node->st.ino);
	link->host_dev = st->st_dev;
	link->host_ino = st->st_ino;
	return restore_later(&g->restore, &node->st, st, path);
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
	const char *name = name_of(g, node);
	struct xfsw_link *link;
	struct stat st;

	if (!step(g))
		return -EINTR;
	link = node->st.nlink > 1 ? links_find(&g->links, 1, node->st.ino) : NULL;
	if (link) {
		error = look_in_the_way(g, dirfd, name);
		if (!error)
			error = host_link(g->top, link, dirfd, name, g->force);
		if (!error)
			links_seen(&g->links, link);
		return error;
	}
	error = get_object(g, node->file, &node->st, dirfd, name, &st);
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
	const char *name = name_of(g, node);
	struct stat st;

	if (!step(g))
		return -EINTR;
	node->data = NULL;
	if (!node->level && !g->into)
		return 0;
	fd = look_in_the_way(g, parent, name);
	if (fd)
		return fd;
	/* leave_directory() wants to know whether it was there. */
	if (g->force && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		node->data = g;
	fd = host_make_dir(parent, name, g->force);
	return fd < 0 ? fd : push_dir(g, fd);
}

static int leave_directory(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int fd = fds_top(&g->fds);
	bool is_top = !node->level && !g->into;
	bool found = is_top ? g->top_found : node->data != NULL;
	int error = restore_attributes(&g->restore, node->file, &node->st, fd, fd, ".",
				       found ? RESTORE_FOUND : 0);

	if (error)
		xfsw_walk_tell(walk, node->path, error);
	if (is_top)
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

static void set_top_len(struct get *g, const char *path)
{
	g->top_len = strlen(path);
	g->top_len += !g->top_len || path[g->top_len - 1] != '/';
}

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
	set_top_len(g, path);
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

/*
 * One of several into the directory g->top.  Its name comes from the image, maybe from a pattern: it is
 * treated like that of any other object in there, and no link at that place is followed.
 */
static int get_into(struct get *g, const char *path)
{
	struct xfsw_walk walk = {
		.call = g->call, .visitor = &get_visitor, .ctx = g, .flags = XFSW_WALK_READ,
		.max_level = XFSW_ALL_LEVELS,
	};
	const char *base = xfsw_basename(path, g->base);

	if (!base)
		return xfsw_fail(g->call, path, xfsw_error(-ENAMETOOLONG));
	if (!xfsw_name_is_plain(base, strlen(base)))
		return xfsw_complain(g->call, path,
				     "the root directory has no name: copy it to a new HOSTPATH");
	set_top_len(g, path);
	return xfsw_walk(&walk, path);
}

static int get_all(struct get *g, const char *host)
{
	struct xfsw_call *call = g->call;
	int error, code = XFSW_OK;

	g->tree = g->into = true;
	g->top = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = g->top < 0 ? xfsw_errno() : push_dir(g, g->top);
	if (error)
		return xfsw_complain(call, host,
				     "%s; several paths or a pattern need an existing directory",
				     strerror(-error));
	/* A walk that was stopped may have left the place. */
	for (int i = 0; i + 1 < call->argc && code != XFSW_INTERRUPTED && g->fds.depth == 1; i++) {
		int result = get_into(g, call->argv[i]);

		code = result > code ? result : code;
	}
	restore_settle(&g->restore, g->top);
	return code;
}

static int get_one(struct get *g, const char *path, const char *host)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_getattr(g->call->img->mp, path, false, &st), code;

	if (!error)
		error = xfs_open(g->call->img->mp, path,
				 (S_ISREG(st.mode) || S_ISDIR(st.mode) ? O_RDONLY : O_PATH) |
					 O_NOFOLLOW,
				 0, &file);
	if (error)
		return xfsw_fail(g->call, path, error);
	code = S_ISDIR(st.mode) ? get_tree(g, path, host) : get_single(g, file, &st, path, host);
	xfs_close(file);
	return code;
}

static int finish(struct get *g, int code)
{
	xfsw_progress_end(&g->progress);
	fds_free(&g->fds);
	links_free(&g->links);
	str_free(&g->rel);
	free(g->buf);
	return restore_end(&g->restore, g->call, code);
}

static int run_get(struct xfsw_call *call)
{
	const char *host = call->argv[call->argc - 1];
	struct get g = { .call = call, .force = xfsw_has(call, 'f') };
	int error, code;

	/* Standard output has contents and nothing else, as cat writes them. */
	if (strcmp(host, "-") == 0) {
		struct xfsw_call cat = *call;

		cat.argc--;
		return verb_cat.run(&cat);
	}
	g.buf = malloc(BUF_SIZE);
	error = restore_init(&g.restore, call);
	if (error || !g.buf)
		return finish(&g, xfsw_fail(call, NULL, -ENOMEM));
	umask(0);
	xfsw_progress_start(&g.progress, "get", xfsw_has(call, XFSW_OPT_QUIET));
	code = call->argc > 2 || call->expanded.matched ? get_all(&g, host)
							: get_one(&g, call->argv[0], host);
	return finish(&g, code);
}

static const struct xfsw_option get_options[] = {
	{ 'f', NULL, NULL, "replace what exists; a file when the new one is complete" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_get = {
	.name = "get",
	.group = XFSW_GROUP_COPY,
	.operands = "[-f] [OPTIONS] IMG PATH... HOSTPATH",
	.summary = "Copy files or trees out of an image",
	.help = "If PATH is a directory, HOSTPATH becomes its copy. Otherwise HOSTPATH is the "
		"new name, a directory to copy into, or '-' for standard output. Several PATHs, "
		"or a pattern, need an existing directory HOSTPATH.\n\n"
		"As root all attributes are copied: owner, mode, times, extended attributes, "
		"ACLs, inode flags, project, extent size hints, hard links, holes, devices. "
		"Other users get what the host allows, without set-id bits on files that change "
		"owner. What the host refuses is reported once per kind; for root it is an "
		"error.\n\n"
		"A file gets its name when it is complete. If one object fails, it is reported "
		"and the others are copied.\n",
	.examples = "xfsw get disk.img /etc/passwd .\n"
		"xfsw get disk.img /home home-copy\n"
		"xfsw get disk.img /etc/hostname -\n",
	.options = get_options,
	.shared = { keep_options },
	.open = XFSW_OPEN_READ,
	.flags = XFSW_LONG_WORK | XFSW_GLOB_SOURCES,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_get,
};
