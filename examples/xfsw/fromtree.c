/* SPDX-License-Identifier: MIT */
/*
 * A host tree into an image.  One read pass: each object is looked at once, made
 * with all its attributes in one call, filled, and left.  What happens to a
 * directory after it was made (names, attributes) changes its times, so they are set
 * once more when its last name is there - also because a default ACL must not be on
 * it before.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/sink.h"

struct from_tree {
	struct xfsw_sink *sink;
	struct xfs_file *top;
	struct xfsw_links links;
	bool drop;		/* the object just made could not be read to its end */
};

static int unreadable(struct host_walk *walk, const char *name, int error)
{
	struct from_tree *ft = walk->ctx;

	return sink_unreadable(ft->sink, host_walk_path(walk, name), error);
}

/* The image's side of @name failed. */
static int failed(struct host_walk *walk, const char *name, int error)
{
	struct from_tree *ft = walk->ctx;

	return xfsw_fail(ft->sink->call, host_walk_path(walk, name), error);
}

static int enter(struct host_walk *walk, struct host_dir *dir)
{
	struct from_tree *ft = walk->ctx;
	struct xfs_file *file = ft->top;
	int error = 0;

	if (dir->level)
		error = xfs_open_by_ino(ft->sink->mp, dir->cookie, 0, O_RDONLY | O_DIRECTORY, &file);
	dir->data = file;
	return error ? failed(walk, NULL, error) : 0;
}

static void leave(struct host_walk *walk, struct host_dir *dir)
{
	(void)walk;
	if (dir->level)
		xfs_close(dir->data);
}

static int names_done(struct host_walk *walk, struct host_dir *dir)
{
	struct from_tree *ft = walk->ctx;
	struct xfsw_object object;
	bool any;
	int error;

	error = sink_copy_xattrs(ft->sink, dir->data, dir->st.st_dev, host_walk_fd(walk), NULL, &any);
	if (error)
		return failed(walk, NULL, error);
	object_from_stat(&object, &dir->st);
	/* The top was there before us and gets everything. */
	error = dir->level ? sink_set_times(ft->sink, dir->data, &object)
			   : sink_set_all(ft->sink, dir->data, &object);
	return error ? failed(walk, NULL, error) : 0;
}

/* Contents and attributes of a regular file that is open on both sides. */
static int fill_file(struct host_walk *walk, const char *name, int fd, struct xfs_file *file,
		     const struct stat *st, bool *touched)
{
	struct from_tree *ft = walk->ctx;
	struct xfsw_sink *sink = ft->sink;
	struct stat after;
	uint64_t copied;
	bool reading;
	int error;

	error = sink_copy_fd(sink, file, fd, st, &copied, &reading);
	if (error && reading) {
		ft->drop = true;
		return unreadable(walk, name, error);
	}
	if (error)
		return failed(walk, name, error);
	if (fstat(fd, &after))
		return unreadable(walk, name, -errno);
	/* Also when it was replaced by another file between the two looks at its name. */
	if (copied != (uint64_t)st->st_size || after.st_ino != st->st_ino ||
	    after.st_mtim.tv_sec != st->st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != st->st_mtim.tv_nsec) {
		xfsw_complain(sink->call, host_walk_path(walk, name),
			      "the file changed while it was read");
		sink->changed++;
	}
	error = sink_copy_xattrs(sink, file, st->st_dev, fd, NULL, touched);
	*touched = true;
	return error ? failed(walk, name, error) : 0;
}

static int add_file(struct host_walk *walk, const char *name, struct xfs_file *file, int fd,
		    const struct stat *st, const struct xfsw_object *object)
{
	struct from_tree *ft = walk->ctx;
	bool touched = false;
	int code = 0, error = 0;

	if (fd >= 0) {
		code = fill_file(walk, name, fd, file, st, &touched);
	} else if (!S_ISDIR(st->st_mode)) {
		error = host_walk_chdir(walk);
		if (!error)
			error = sink_copy_xattrs(ft->sink, file, st->st_dev, -1, name, &touched);
		if (error)
			return failed(walk, name, error);
	}
	if (!code && touched)
		error = sink_set_times(ft->sink, file, object);
	return error ? failed(walk, name, error) : code;
}

static int remember(struct host_walk *walk, const char *name, struct xfs_file *file,
		    const struct stat *st, uint64_t *ino)
{
	struct from_tree *ft = walk->ctx;
	struct xfs_stat xst;
	int error = xfs_fgetattr(file, &xst);

	if (!error && !S_ISDIR(st->st_mode))
		error = links_add(&ft->links, st->st_dev, st->st_ino, (uint32_t)st->st_nlink, xst.ino,
				  NULL);
	*ino = xst.ino;
	return error ? failed(walk, name, error) : 0;
}

/* 1: it is a further name of an object that is in the image, and was linked. */
static int try_link(struct host_walk *walk, struct host_dir *dir, const char *name,
		    const struct stat *st, int *code)
{
	struct from_tree *ft = walk->ctx;
	struct xfsw_link *link = links_find(&ft->links, st->st_dev, st->st_ino);
	int error;

	if (!link)
		return 0;
	error = sink_link(ft->sink, dir->data, name, link->value);
	links_seen(&ft->links, link);
	*code = error ? failed(walk, name, error) : 0;
	return 1;
}

static int entry(struct host_walk *walk, struct host_dir *dir, const char *name,
		 const struct stat *st, uint64_t *cookie, bool *down)
{
	struct from_tree *ft = walk->ctx;
	bool linked = st->st_nlink > 1 && !S_ISDIR(st->st_mode);
	struct xfsw_object object;
	struct xfs_file *file;
	int fd = -1, code = 0, error;

	ft->sink->progress.objects++;
	xfsw_progress_step(&ft->sink->progress);
	if (linked && try_link(walk, dir, name, st, &code))
		return code;
	object_from_stat(&object, st);
	if (S_ISREG(st->st_mode) && st->st_size) {
		/* Before anything is made: what cannot be read does not come to be. */
		fd = host_open(host_walk_fd(walk), name, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			return unreadable(walk, name, fd);
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t len = readlinkat(host_walk_fd(walk), name, ft->sink->buf, SINK_BUF - 1);

		if (len < 0)
			return unreadable(walk, name, -errno);
		ft->sink->buf[len] = 0;
		object.target = ft->sink->buf;
	}
	error = sink_make(ft->sink, dir->data, name, &object, &file);
	if (error) {
		if (fd >= 0)
			close(fd);
		return failed(walk, name, error);
	}
	code = add_file(walk, name, file, fd, st, &object);
	if (!code && !ft->drop && (linked || *down))
		code = remember(walk, name, file, st, cookie);
	if (fd >= 0)
		close(fd);
	error = xfs_close(file);
	if (!error && ft->drop) {
		/* No half files: what is skipped is not there. */
		error = xfs_unlinkat(dir->data, name, 0);
		ft->drop = false;
	}
	return code || !error ? code : failed(walk, name, error);
}

static const struct host_visitor from_tree_visitor = {
	.enter = enter,
	.entry = entry,
	.names_done = names_done,
	.leave = leave,
	.unreadable = unreadable,
};

int sink_from_tree(struct xfsw_sink *sink, const char *source, struct xfs_file *top,
		   const struct stat *image)
{
	struct from_tree ft = { .sink = sink, .top = top };
	struct host_walk walk = {
		.visitor = &from_tree_visitor,
		.ctx = &ft,
		.one_file_system = xfsw_has(sink->call, 'x'),
		.skip_dev = image->st_dev,
		.skip_ino = image->st_ino,
	};
	int code = host_walk(&walk, source);

	links_free(&ft.links);
	return code;
}
