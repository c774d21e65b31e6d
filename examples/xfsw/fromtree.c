/* SPDX-License-Identifier: MIT */
/*
 * A host tree into an image.  One read pass: each object is looked at once, made
 * with all its attributes in one call, filled, and left.  What happens to a
 * directory after it was made (names, attributes) changes its times, so they are set
 * once more when its last name is there - also because a default ACL must not be on
 * it before.
 *
 * System calls are what small files cost on the host's side, so none is made for what is known:
 * an object that was counted before is not looked at again; otherwise, while files have
 * contents, a file is opened and read before its attributes are asked for.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/sink.h"

/* In a directory with one of these, what has none of them was taken out by somebody. */
#define INHERITED                                                                                  \
	(XFS_XFLAG_PROJINHERIT | XFS_XFLAG_EXTSZINHERIT | XFS_XFLAG_RTINHERIT |                    \
	 XFS_XFLAG_NOATIME | XFS_XFLAG_NODUMP | XFS_XFLAG_SYNC | XFS_XFLAG_NODEFRAG |              \
	 XFS_XFLAG_FILESTREAM | XFS_XFLAG_DAX | XFS_XFLAG_COWEXTSIZE)

struct from_tree {
	struct xfsw_sink *sink;
	struct xfs_file *top;
	struct xfsw_links links;
	bool drop;		/* the object just made could not be read to its end */
	bool read_first;	/* the last file had contents and one name */
};

/* An object of the host on its way. */
struct source {
	const char *name;
	struct stat st;
	int fd;			/* of a regular file with contents, else -1 */
	ssize_t have;		/* its first bytes, in the sink's buffer; -1: not read yet */
	bool attributes;	/* it may have extended attributes */
	struct sink_new new;	/* what becomes of it */
};

/* What the walk holds of a directory it is in. */
struct level {
	struct xfs_file *file;
	bool hands_down;	/* its source has flags that the kernel would hand down */
	bool keeps;		/* it was there and keeps its attributes */
};

/* Beside the number of a directory's inode in its cookie: level.keeps. */
#define COOKIE_KEEPS	(1ull << 63)

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

static struct level *level_of(const struct host_dir *dir)
{
	return dir->data;
}

/* @name is opened as @fd, or with -1 is reached by its name. */
static int look_at_flags(struct host_walk *walk, int fd, const char *name,
			 struct host_flags *flags)
{
	return host_get_flags(host_walk_fd(walk), fd, name, flags);
}

static int enter(struct host_walk *walk, struct host_dir *dir)
{
	struct from_tree *ft = walk->ctx;
	struct level *level = calloc(1, sizeof(*level));
	struct host_flags flags;
	int error = level ? 0 : -ENOMEM;

	if (!error)
		error = look_at_flags(walk, host_walk_fd(walk), NULL, &flags);
	if (!error)
		level->hands_down = (flags.xflags & INHERITED) != 0;
	if (!error && dir->level) {
		level->keeps = (dir->cookie & COOKIE_KEEPS) != 0;
		error = xfs_open_by_ino(ft->sink->mp, dir->cookie & ~COOKIE_KEEPS, 0,
					O_RDONLY | O_DIRECTORY, &level->file);
	} else if (!error) {
		level->keeps = ft->sink->top_keeps;
		level->file = ft->top;
	}
	if (error) {
		free(level);
		return failed(walk, NULL, error);
	}
	dir->data = level;
	return 0;
}

static void leave(struct host_walk *walk, struct host_dir *dir)
{
	(void)walk;
	if (dir->level)
		xfs_close(level_of(dir)->file);
	free(dir->data);
}

/* The top was there before us and gets everything. */
static int finish_top(struct host_walk *walk, struct host_dir *dir, struct xfsw_object *object)
{
	struct from_tree *ft = walk->ctx;
	struct host_flags flags;
	int error = look_at_flags(walk, host_walk_fd(walk), NULL, &flags);

	if (error)
		return error;
	object_set_flags(ft->sink, object, &flags);
	return sink_set_all(ft->sink, level_of(dir)->file, object);
}

static int names_done(struct host_walk *walk, struct host_dir *dir)
{
	struct from_tree *ft = walk->ctx;
	const struct level *level = level_of(dir);
	struct xfsw_object object;
	int error;
	bool any;

	object_from_stat(&object, &dir->st);
	if (level->keeps) {
		error = sink_set_times(ft->sink, level->file, &object);
		return error ? failed(walk, NULL, error) : 0;
	}
	error = sink_copy_xattrs(ft->sink, level->file, dir->st.st_dev, host_walk_fd(walk), NULL,
				 &any);
	if (!error && dir->level)
		error = sink_set_times(ft->sink, level->file, &object);
	else if (!error)
		error = finish_top(walk, dir, &object);
	return error ? failed(walk, NULL, error) : 0;
}

/* All of a small file is in the buffer, and its attributes were asked for afterwards. */
static bool is_read(const struct source *src)
{
	return src->have >= 0 && src->have == src->st.st_size &&
	       (uint64_t)src->st.st_blocks * 512 >= (uint64_t)src->st.st_size;
}

static int copy_contents(struct host_walk *walk, const struct source *src, struct xfs_file *file)
{
	struct from_tree *ft = walk->ctx;
	struct xfsw_sink *sink = ft->sink;
	struct stat after;
	uint64_t copied;
	bool reading;
	int error;

	error = sink_copy_fd(sink, file, src->fd, &src->st, &copied, &reading);
	if (error && reading) {
		ft->drop = true;
		return unreadable(walk, src->name, error);
	}
	if (error)
		return failed(walk, src->name, error);
	if (fstat(src->fd, &after))
		return unreadable(walk, src->name, xfsw_errno());
	/* Also when it was replaced by another file since it was looked at. */
	if (copied != (uint64_t)src->st.st_size || after.st_ino != src->st.st_ino ||
	    after.st_mtim.tv_sec != src->st.st_mtim.tv_sec ||
	    after.st_mtim.tv_nsec != src->st.st_mtim.tv_nsec) {
		xfsw_complain(sink->call, host_walk_path(walk, src->name),
			      "the file changed while it was read");
		sink->changed++;
	}
	return 0;
}

static int copy_attributes(struct host_walk *walk, const struct source *src, struct xfs_file *file,
			   bool *any)
{
	struct from_tree *ft = walk->ctx;
	int error = src->fd < 0 ? host_walk_chdir(walk) : 0;

	if (!error)
		error = sink_copy_xattrs(ft->sink, file, src->st.st_dev, src->fd, src->name, any);
	return error ? failed(walk, src->name, error) : 0;
}

/* Contents and attributes of the new object.  Directories get theirs when they are full. */
static int fill(struct host_walk *walk, const struct source *src, const struct xfsw_object *object)
{
	struct from_tree *ft = walk->ctx;
	struct xfs_file *file = src->new.file;
	bool any = false;
	int code = 0, error;

	if (S_ISDIR(src->st.st_mode))
		return 0;
	if (is_read(src)) {
		error = sink_write(ft->sink, file, ft->sink->buf, (size_t)src->have, 0);
		if (error)
			return failed(walk, src->name, error);
	} else if (src->fd >= 0) {
		code = copy_contents(walk, src, file);
	}
	if (!code && src->attributes && !src->new.keeps_attrs && !ft->drop)
		code = copy_attributes(walk, src, file, &any);
	if (code || (src->fd < 0 && !any && !src->new.keeps_attrs))
		return code;
	error = sink_set_times(ft->sink, file, object);
	return error ? failed(walk, src->name, error) : 0;
}

static int remember(struct host_walk *walk, const struct source *src, uint64_t *ino)
{
	struct from_tree *ft = walk->ctx;
	struct xfs_stat xst = XFS_STAT_INIT;
	int error = xfs_fgetattr(src->new.file, &xst);

	if (!error && !S_ISDIR(src->st.st_mode))
		error = links_add(&ft->links, src->st.st_dev, src->st.st_ino,
				  (uint32_t)src->st.st_nlink, xst.ino, NULL);
	*ino = xst.ino;
	return error ? failed(walk, src->name, error) : 0;
}

/* Make the object and close it. */
static int make(struct host_walk *walk, struct host_dir *dir, struct host_entry *entry,
		struct source *src, const struct xfsw_object *object)
{
	bool linked = src->st.st_nlink > 1 && !S_ISDIR(src->st.st_mode);
	struct from_tree *ft = walk->ctx;
	struct xfs_file *into = level_of(dir)->file;
	int code, error;

	error = sink_make(ft->sink, into, src->name, object, &src->new);
	if (error)
		return failed(walk, src->name, error);
	code = fill(walk, src, object);
	if (!code && !ft->drop && (linked || entry->down))
		code = remember(walk, src, &entry->cookie);
	if (src->new.keeps_attrs)
		entry->cookie |= COOKIE_KEEPS;
	/* No half files: what is skipped or has failed is not there, and what was there still is. */
	error = sink_finish(ft->sink, into, src->name, &src->new,
			    code || ft->drop ? xfsw_error(-EIO) : 0);
	if (code || ft->drop) {
		ft->drop = false;
		return code;
	}
	return error ? failed(walk, src->name, error) : 0;
}

/* Open and read what the directory calls a regular file.  False: it is to be looked at first. */
static bool read_before_looking(struct host_walk *walk, struct host_dir *dir,
				const struct host_entry *entry, struct source *src)
{
	struct from_tree *ft = walk->ctx;

	if (!ft->read_first || entry->type != DT_REG ||
	    links_find(&ft->links, dir->st.st_dev, entry->ino))
		return false;
	src->fd = host_open(host_walk_fd(walk), src->name, O_RDONLY | O_NONBLOCK);
	if (src->fd < 0)
		return false;
	src->have = pread(src->fd, ft->sink->buf, SINK_BUF, 0);
	if (src->have >= 0 && fstat(src->fd, &src->st) == 0 && S_ISREG(src->st.st_mode))
		return true;
	close(src->fd);
	src->fd = -1;
	src->have = -1;
	return false;
}

/* Everything about @src that is not known from the count: 0, or -errno. */
static int look(struct host_walk *walk, struct host_dir *dir, const struct host_entry *entry,
		struct source *src)
{
	struct from_tree *ft = walk->ctx;

	src->name = entry->name;
	src->fd = -1;
	src->have = -1;
	src->attributes = true;
	memset(&src->new, 0, sizeof(src->new));
	if (cache_next(&ft->sink->cache, src->name, &src->st, &src->attributes) ||
	    read_before_looking(walk, dir, entry, src))
		return 0;
	return host_walk_stat(walk, src->name, &src->st);
}

/* Flags, project and hints: its own, and those that the new directory hands down if the old did not. */
static int describe_flags(struct host_walk *walk, struct host_dir *dir, const struct source *src,
			  struct xfsw_object *object)
{
	bool opens = S_ISREG(src->st.st_mode) || S_ISDIR(src->st.st_mode);
	struct from_tree *ft = walk->ctx;
	struct host_flags flags;
	int fd = src->fd, error;

	if (fd < 0 && opens && !host_has_named_flags())
		fd = host_open(host_walk_fd(walk), src->name, O_RDONLY | O_NONBLOCK);
	error = look_at_flags(walk, fd, src->name, &flags);
	if (fd >= 0 && fd != src->fd)
		close(fd);
	if (error)
		return error;
	/* What could not be asked is taken to be as the directory has it. */
	object->restored = flags.known && level_of(dir)->hands_down && keep_wants(&ft->sink->keep, KEEP_FLAGS);
	object_set_flags(ft->sink, object, &flags);
	return 0;
}

/* What it is: @object; regular files with contents are open afterwards.  0 or -errno. */
static int describe(struct host_walk *walk, struct host_dir *dir, struct source *src,
		    struct xfsw_object *object)
{
	struct from_tree *ft = walk->ctx;
	ssize_t len;

	object_from_stat(object, &src->st);
	/* Before anything is made: what cannot be read does not come to be. */
	if (S_ISREG(src->st.st_mode) && src->st.st_size && src->fd < 0) {
		src->fd = host_open(host_walk_fd(walk), src->name, O_RDONLY | O_NONBLOCK);
		if (src->fd < 0)
			return src->fd;
	}
	if (S_ISLNK(src->st.st_mode)) {
		len = readlinkat(host_walk_fd(walk), src->name, ft->sink->buf, SINK_BUF - 1);
		if (len < 0)
			return xfsw_errno();
		ft->sink->buf[len] = 0;
		object->target = ft->sink->buf;
	}
	return describe_flags(walk, dir, src, object);
}

static int entry_found(struct host_walk *walk, struct host_dir *dir, struct host_entry *entry,
		       struct source *src)
{
	struct from_tree *ft = walk->ctx;
	const struct stat *st = &src->st;
	struct xfsw_object object;
	int error;

	if (host_walk_skips(walk, st))
		return 0;
	ft->read_first = S_ISREG(st->st_mode) ? st->st_size && st->st_nlink == 1 : ft->read_first;
	entry->down = S_ISDIR(st->st_mode) && sink_enters(ft->sink, dir, st);
	if (st->st_nlink > 1 && !S_ISDIR(st->st_mode)) {
		struct xfsw_link *link = links_find(&ft->links, st->st_dev, st->st_ino);

		if (link) {
			error = sink_link(ft->sink, level_of(dir)->file, src->name, link->value);
			links_seen(&ft->links, link);
			return error ? failed(walk, src->name, error) : 0;
		}
	}
	error = describe(walk, dir, src, &object);
	return error ? unreadable(walk, src->name, error) : make(walk, dir, entry, src, &object);
}

static int visit_entry(struct host_walk *walk, struct host_dir *dir, struct host_entry *entry)
{
	struct from_tree *ft = walk->ctx;
	struct source src;
	int code, error;

	ft->sink->progress.objects++;
	xfsw_progress_step(&ft->sink->progress);
	error = look(walk, dir, entry, &src);
	if (error)
		return unreadable(walk, entry->name, error);
	code = entry_found(walk, dir, entry, &src);
	if (src.fd >= 0)
		close(src.fd);
	return code;
}

static const struct host_visitor from_tree_visitor = {
	.enter = enter,
	.entry = visit_entry,
	.names_done = names_done,
	.leave = leave,
	.unreadable = unreadable,
};

int sink_from_tree(struct xfsw_sink *sink, const char *source, struct xfs_file *top,
		   const struct xfsw_own *own)
{
	struct from_tree ft = { .sink = sink, .top = top };
	struct host_walk walk = {
		.visitor = &from_tree_visitor,
		.ctx = &ft,
		.own = own,
	};
	int code = sink_settle(sink, host_walk(&walk, source));

	links_free(&ft.links);
	return code;
}
