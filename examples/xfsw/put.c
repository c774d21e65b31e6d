/* SPDX-License-Identifier: MIT */
/* xfsw put: a host file or tree into an image that has a file system. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/sink.h"

#define OPT_IN_PLACE	(XFSW_OPT_VERB + 16)
#define OPT_KEEP_ATTRS	(XFSW_OPT_VERB + 17)

/* Where the last component of @path stands; @path may also be a directory to put @source into. */
static int open_place(struct xfsw_sink *sink, const char *path, const char *source,
		      struct xfs_file **dirp, char name[256])
{
	struct stat st;

	if (xfs_stat(sink->mp, path, &st) || !S_ISDIR(st.st_mode))
		return xfsw_open_parent(sink->mp, path, dirp, name);
	*dirp = NULL;
	if (!source)
		return -EISDIR;
	if (!xfsw_basename(source, name))
		return xfsw_error(-ENAMETOOLONG);
	return xfs_open(sink->mp, path, O_RDONLY | O_DIRECTORY, 0, dirp);
}

/* --in-place: the file that @path leads to, through links, emptied.  -ENOENT: there is none. */
static int open_in_place(struct xfsw_sink *sink, const char *path, struct sink_new *new)
{
	struct stat st;
	int error;

	memset(new, 0, sizeof(*new));
	if (!sink->in_place || xfs_stat(sink->mp, path, &st) || !S_ISREG(st.st_mode))
		return -ENOENT;
	error = xfs_open(sink->mp, path, O_RDWR | O_TRUNC, 0, &new->file);
	new->found = new->keeps_attrs = !error;
	return error;
}

/* What the options say of everybody holds for it as well. */
static int finish_stream(struct xfsw_sink *sink, const struct sink_new *new)
{
	struct xfs_iattr owner = {.size = sizeof(owner),
				  .valid = sink->owner_valid,
				  .uid = sink->uid,
				  .gid = sink->gid};
	struct xfsw_object object = { 0 };
	struct xfs_stat st = XFS_STAT_INIT;
	int error = 0;

	if (owner.valid && !new->keeps_attrs)
		error = xfs_fsetattr(new->file, &owner);
	if (error || !sink->clamp)
		return error;
	error = xfs_fgetattr(new->file, &st);
	object.atime = st.atime;
	object.mtime = st.mtime;
	return error ? error : sink_set_times(sink, new->file, &object);
}

/* The host's standard input becomes file @path. */
static int put_stream(struct xfsw_sink *sink, const char *path)
{
	struct xfs_file *dir = NULL;
	struct sink_new new;
	char name[256];
	int error = open_in_place(sink, path, &new);

	if (error == -ENOENT) {
		error = open_place(sink, path, NULL, &dir, name);
		if (!error)
			error = sink_make_plain(sink, dir, name, S_IFREG | 0644, &new);
	}
	if (!error)
		error = sink_copy_stream(sink, new.file, STDIN_FILENO);
	if (!error)
		error = finish_stream(sink, &new);
	error = sink_finish(sink, dir, name, &new, error);
	xfs_close(dir);
	return error ? xfsw_fail(sink->call, path, error) : 0;
}

/* @path as a directory that exists, made if it is missing. */
static int open_top(struct xfsw_sink *sink, const char *path, struct xfs_file **topp)
{
	struct xfsw_object object = { .mode = S_IFDIR | 0700 };
	struct xfs_file *dir;
	struct sink_new new;
	char name[256];
	int error;

	error = xfs_open(sink->mp, path, O_RDONLY | O_DIRECTORY, 0, topp);
	if (!error)
		sink->top_keeps = sink->keep_attrs;
	if (error != -ENOENT)
		return error;
	error = xfsw_open_parent(sink->mp, path, &dir, name);
	if (!error)
		error = sink_make(sink, dir, name, &object, &new);
	if (!error)
		*topp = new.file;
	xfs_close(dir);
	return error;
}

static int put_tree(struct xfsw_sink *sink, const char *source, const char *path)
{
	struct xfs_file *top;
	int error = open_top(sink, path, &top), code;

	if (error)
		return xfsw_fail(sink->call, path, error);
	code = sink_from_tree(sink, source, top, &sink->call->img->own);
	xfs_close(top);
	return code;
}

/* A file, link or special file of the host. */
struct host_object {
	const char *path;
	struct stat st;
	struct xfsw_object object;
	char target[4096];
	int fd;			/* of a regular file, else -1 */
};

/* 0 or -errno; close h->fd afterwards, always. */
static int look_at(struct xfsw_sink *sink, struct host_object *h)
{
	struct host_flags flags;
	ssize_t len;
	int error;

	object_from_stat(&h->object, &h->st);
	if (S_ISREG(h->st.st_mode)) {
		h->fd = host_open(AT_FDCWD, h->path, O_RDONLY);
		if (h->fd < 0)
			return h->fd;
		if (fstat(h->fd, &h->st))
			return xfsw_errno();
	} else if (S_ISLNK(h->st.st_mode)) {
		len = readlink(h->path, h->target, sizeof(h->target) - 1);
		if (len < 0)
			return xfsw_errno();
		h->target[len] = 0;
		h->object.target = h->target;
	}
	error = host_get_flags(AT_FDCWD, h->fd, h->path, &flags);
	if (!error)
		object_set_flags(sink, &h->object, &flags);
	return error;
}

static int fill(struct xfsw_sink *sink, const struct host_object *h, struct sink_new *new,
		bool *reading)
{
	uint64_t copied;
	int error = 0;
	bool any;

	if (h->fd >= 0)
		error = sink_copy_fd(sink, new->file, h->fd, &h->st, &copied, reading);
	if (!error && !new->keeps_attrs)
		error = sink_copy_xattrs(sink, new->file, h->st.st_dev, h->fd, h->path, &any);
	return error ? error : sink_set_times(sink, new->file, &h->object);
}

static int put_object(struct xfsw_sink *sink, const char *source, const char *path,
		      const struct stat *st)
{
	struct host_object h = { .path = source, .st = *st, .fd = -1 };
	struct xfs_file *dir = NULL;
	struct sink_new new = { 0 };
	bool reading = true;
	char name[256];
	int error = look_at(sink, &h);

	if (!error) {
		reading = false;
		error = S_ISREG(st->st_mode) ? open_in_place(sink, path, &new) : -ENOENT;
		if (error == -ENOENT)
			error = open_place(sink, path, source, &dir, name);
		if (!error && !new.file)
			error = sink_make(sink, dir, name, &h.object, &new);
	}
	if (!error)
		error = fill(sink, &h, &new, &reading);
	error = sink_finish(sink, dir, name, &new, error);
	xfs_close(dir);
	if (h.fd >= 0)
		close(h.fd);
	if (error)
		return xfsw_fail(sink->call, reading ? source : path, error);
	return sink_settle(sink, 0);
}

/* The image cannot become a part of itself. */
static bool is_own(struct xfsw_call *call, const char *source)
{
	bool standard_input = strcmp(source, "-") == 0;
	struct stat st;

	return (standard_input ? fstat(STDIN_FILENO, &st) : stat(source, &st)) == 0 &&
	       (S_ISREG(st.st_mode) || (standard_input && S_ISBLK(st.st_mode))) &&
	       own_has(&call->img->own, &st);
}

static int put(struct xfsw_sink *sink, const char *source, const char *path)
{
	struct xfsw_call *call = sink->call;
	struct stat st;

	if (strcmp(source, "-") == 0 && call->line)
		return xfsw_usage(call, "the shell already reads standard input");
	if (sink->in_place && sink->keep_attrs)
		return xfsw_usage(call, "--in-place and --keep-attrs exclude each other");
	if (is_own(call, source))
		return xfsw_complain(call, source, "this is the image itself or its log");
	if (strcmp(source, "-") == 0)
		return put_stream(sink, path);
	if (lstat(source, &st))
		return xfsw_fail(call, source, xfsw_errno());
	return S_ISDIR(st.st_mode) ? put_tree(sink, source, path)
				   : put_object(sink, source, path, &st);
}

static int run_put(struct xfsw_call *call)
{
	struct xfsw_sink sink;
	int code = sink_init(&sink, call);

	if (code)
		return code;
	sink.mp = call->img->mp;
	sink.replace = sink.whole = true;
	sink.in_place = xfsw_has(call, OPT_IN_PLACE);
	sink.keep_attrs = xfsw_has(call, OPT_KEEP_ATTRS);
	xfsw_progress_start(&sink.progress, "put", xfsw_has(call, XFSW_OPT_QUIET));
	return sink_end(&sink, put(&sink, call->argv[0], call->argv[1]));
}

static const struct xfsw_option put_options[] = {
	{ OPT_KEEP_ATTRS, "keep-attrs", NULL,
	  "a file or directory that exists keeps its owner, mode, extended attributes, ACLs, "
	  "flags and project" },
	{ OPT_IN_PLACE, "in-place", NULL,
	  "write into existing files, following symbolic links in PATH; they keep their "
	  "attributes and links, but a failure leaves them incomplete" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_put = {
	.name = "put",
	.group = XFSW_GROUP_COPY,
	.operands = "[OPTIONS] IMG HOSTPATH PATH",
	.summary = "Copy a host file or tree into an image",
	.help = "If HOSTPATH is a directory, PATH becomes its copy; an existing directory PATH "
		"is merged. Otherwise PATH is the new name, or a directory to copy into. If "
		"HOSTPATH is '-', PATH becomes a file with the contents of standard input, made "
		"as any program would make it.\n\n"
		"An existing file is replaced when the new one is complete; until then, and "
		"after a failure, the old one remains. Its other links keep it.\n\n"
		"All attributes are copied: owner, mode, times, extended attributes, ACLs, "
		"inode flags, project, extent size hints, hard links, holes. Flags and project "
		"that the source does not have are inherited from the directory.\n\n"
		"Interrupted, put leaves a part of the source and a dirty log, which the next "
		"mount or 'xfsw recover' replays; with --unjournalled it leaves an image marked "
		"in progress, which a kernel refuses to mount.\n",
	.examples = "xfsw put disk.img notes.txt /home/ann/\n"
		"xfsw put --owner 1000:1000 disk.img tree /srv\n"
		"echo hello | xfsw put disk.img - /etc/motd\n",
	.options = put_options,
	.shared = { sink_options, owners_options, keep_options },
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_put,
};
