/* SPDX-License-Identifier: MIT */
/* xfsw put: a host file or tree into an image that has a file system. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/sink.h"

/* The host's standard input becomes file @path. */
static int put_stream(struct xfsw_sink *sink, const char *path)
{
	struct xfs_file *file;
	int error = xfs_open(sink->mp, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);

	if (!error) {
		error = sink_copy_stream(sink, file, STDIN_FILENO);
		xfs_close(file);
	}
	return error ? xfsw_fail(sink->call, path, error) : 0;
}

/* @path as a directory that exists, made if it is missing. */
static int put_tree(struct xfsw_sink *sink, const char *source, const char *path,
		    const struct stat *image)
{
	struct xfs_file *top;
	int error, code;

	error = xfs_mkdir(sink->mp, path, 0700);
	if (!error || error == -EEXIST)
		error = xfs_open(sink->mp, path, O_RDONLY | O_DIRECTORY, 0, &top);
	if (error)
		return xfsw_fail(sink->call, path, error);
	code = sink_from_tree(sink, source, top, image);
	xfs_close(top);
	return code;
}

/* The directory that shall hold @path, and the name in it. */
static int open_parent(struct xfsw_sink *sink, const char *path, const char *source,
		       struct xfs_file **dirp, char name[256])
{
	struct xfsw_str parent = { 0 };
	const char *base = xfsw_basename(path, name), *last;
	struct stat st;
	int error;

	if (!base)
		return -ENAMETOOLONG;
	if (xfs_stat(sink->mp, path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (!xfsw_basename(source, name))
			return -ENAMETOOLONG;
		return xfs_open(sink->mp, path, O_RDONLY | O_DIRECTORY, 0, dirp);
	}
	if (!str_set(&parent, path))
		return -ENOMEM;
	while (parent.len > 1 && parent.s[parent.len - 1] == '/')
		parent.s[--parent.len] = 0;
	last = strrchr(parent.s, '/');
	if (last)
		parent.s[last - parent.s + (last == parent.s)] = 0;
	error = xfs_open(sink->mp, last ? parent.s : "/", O_RDONLY | O_DIRECTORY, 0, dirp);
	str_free(&parent);
	return error;
}

static int put_object(struct xfsw_sink *sink, const char *source, const char *path,
		      const struct stat *st)
{
	char name[256], target[4096];
	struct xfs_file *dir = NULL, *file;
	struct xfsw_object object;
	bool reading = false, any;
	uint64_t copied;
	int fd = -1, error;

	object_from_stat(&object, st);
	if (S_ISREG(st->st_mode)) {
		fd = host_open(AT_FDCWD, source, O_RDONLY);
		if (fd < 0)
			return xfsw_fail(sink->call, source, fd);
	} else if (S_ISLNK(st->st_mode)) {
		ssize_t len = readlink(source, target, sizeof(target) - 1);

		if (len < 0)
			return xfsw_fail(sink->call, source, -errno);
		target[len] = 0;
		object.target = target;
	}
	error = open_parent(sink, path, source, &dir, name);
	if (!error)
		error = sink_make(sink, dir, name, &object, &file);
	if (!error) {
		if (fd >= 0)
			error = sink_copy_fd(sink, file, fd, st, &copied, &reading);
		if (!error)
			error = sink_copy_xattrs(sink, file, st->st_dev, fd, source, &any);
		if (!error)
			error = sink_set_times(sink, file, &object);
		xfs_close(file);
	}
	if (dir)
		xfs_close(dir);
	if (fd >= 0)
		close(fd);
	return error ? xfsw_fail(sink->call, reading ? source : path, error) : 0;
}

static int run_put(struct xfsw_call *call)
{
	const char *source = call->argv[0], *path = call->argv[1];
	struct stat st, image = { 0 };
	struct xfsw_sink sink;
	int code = sink_init(&sink, call);

	if (code)
		return code;
	if (strcmp(source, "-") != 0 && lstat(source, &st)) {
		code = xfsw_fail(call, source, -errno);
		return sink_end(&sink, code);
	}
	if (stat(call->img->path, &image))
		image.st_ino = 0;
	sink.mp = call->img->mp;
	sink.replace = true;
	xfsw_progress_start(&sink.progress, "put", xfsw_has(call, XFSW_OPT_QUIET));
	if (strcmp(source, "-") == 0 && call->line)
		code = xfsw_usage(call, "the shell has the standard input already");
	else if (strcmp(source, "-") == 0)
		code = put_stream(&sink, path);
	else if (S_ISDIR(st.st_mode))
		code = put_tree(&sink, source, path, &image);
	else
		code = put_object(&sink, source, path, &st);
	return sink_end(&sink, code);
}

static const struct option put_longopts[] = { SINK_LONGOPTS, { NULL, 0, NULL, 0 } };

const struct xfsw_verb verb_put = {
	.name = "put",
	.operands = "[OPTIONS] IMG HOSTPATH PATH",
	.summary = "Copy a host file or tree into an image",
	.help = "A directory HOSTPATH: PATH becomes its copy, made if missing, merged if it is\n"
		"there. Anything else: PATH is the new name, or a directory to put it into.\n"
		"'-': standard input becomes the file PATH.  What has a name already is\n"
		"replaced.  All attributes are copied: owner, mode, times, extended attributes,\n"
		"ACLs, hard links, holes. Interrupted, it leaves a part of the source and a\n"
		"dirty log, which the next mount or 'recover' replays; with --unjournalled an\n"
		"image marked in progress, which a kernel refuses to mount.\n\n"
		SINK_HELP,
	.shortopts = "x",
	.longopts = put_longopts,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_put,
};
