/* SPDX-License-Identifier: MIT */
/* What the sources of create and put have in common; see sink.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xfswrite/reflink.h>
#include "xfsw/sink.h"

/* Large copies stop to look at signals and the clock so often. */
#define COPY_STEP	(8u << 20)

/* The tree whose own names count is the image that is open, or else the source. */
static int init_owners(struct xfsw_sink *sink, const char *owner)
{
	struct xfsw_call *call = sink->call;
	int code = owners_init(&sink->owners, call);

	if (code)
		return code;
	sink->owners.tree = call->img ? call->img->mp : NULL;
	sink->owners.tree_dir = call->argv[0];
	if (owner && !owners_parse(&sink->owners, owner, &sink->uid, &sink->gid, &sink->owner_valid))
		return xfsw_usage(call, "'%s' is not UID[:GID], or names an unknown user or group",
				  owner);
	return 0;
}

int sink_init(struct xfsw_sink *sink, struct xfsw_call *call)
{
	const char *owner = xfsw_arg(call, XFSW_OPT_VERB + 1);
	const char *clamp = xfsw_arg(call, XFSW_OPT_VERB + 2);
	const char *atime = xfsw_arg(call, XFSW_OPT_VERB + 3);
	int code;

	memset(sink, 0, sizeof(*sink));
	sink->call = call;
	sink->one_file_system = xfsw_has(call, 'x');
	sink->skip_unreadable = xfsw_has(call, XFSW_OPT_VERB);
	code = init_owners(sink, owner);
	if (code)
		return code;
	if (clamp && !xfsw_parse_time(clamp, &sink->clamp_to))
		return xfsw_usage(call, "'%s' is not a time", clamp);
	/* What is set there is the latest time of anything that is built (reproducible-builds.org). */
	if (!clamp && call->env.clock)
		call->env.clock(call->env.ctx, &sink->clamp_to);
	sink->clamp = clamp != NULL || call->env.clock;
	sink->atime_is_mtime = atime ? strcmp(atime, "mtime") == 0 : call->env.clock != NULL;
	if (atime && !sink->atime_is_mtime && strcmp(atime, "source") != 0)
		return xfsw_usage(call, "--atime is source or mtime");
	keep_init(&sink->keep, call);
	sink->buf = malloc(SINK_BUF);
	return sink->buf ? 0 : xfsw_fail(call, NULL, -ENOMEM);
}

int sink_end(struct xfsw_sink *sink, int code)
{
	struct xfsw_call *call = sink->call;

	xfsw_progress_end(&sink->progress);
	if (sink->skipped)
		xfsw_complain(call, NULL, "%ju objects could not be read and were left out",
			      (uintmax_t)sink->skipped);
	if (sink->xattrs.left_out)
		xfsw_complain(call, NULL,
			      "%ju attributes of namespaces that XFS does not have were left out",
			      (uintmax_t)sink->xattrs.left_out);
	keep_report(&sink->keep, call);
	if (code == XFSW_OK && sink->changed)
		code = xfsw_complain(call, NULL, "%ju files changed while they were read",
				     (uintmax_t)sink->changed);
	host_xattrs_free(&sink->xattrs);
	cache_free(&sink->cache);
	owners_free(&sink->owners);
	free(sink->fixed);
	sink->fixed = NULL;
	free(sink->buf);
	sink->buf = NULL;
	return code;
}

bool sink_enters(const struct xfsw_sink *sink, const struct host_dir *dir, const struct stat *st)
{
	return !sink->one_file_system || st->st_dev == dir->st.st_dev;
}

void object_from_stat(struct xfsw_object *object, const struct stat *st)
{
	memset(object, 0, sizeof(*object));
	object->mode = st->st_mode;
	object->uid = st->st_uid;
	object->gid = st->st_gid;
	object->rdev_major = major(st->st_rdev);
	object->rdev_minor = minor(st->st_rdev);
	object->atime = xfsw_library_time(st->st_atim);
	object->mtime = xfsw_library_time(st->st_mtim);
}

/* Allow no more changes of an object, or of what is in it: these are set when all is there. */
#define FIXED_FLAGS	(XFS_XFLAG_IMMUTABLE | XFS_XFLAG_APPEND | XFS_XFLAG_NOSYMLINKS)
/* There is no realtime section; the last two tell what is there and cannot be set. */
#define NOT_HERE	(XFS_XFLAG_REALTIME | XFS_XFLAG_RTINHERIT)
#define NOT_SET		(XFS_XFLAG_PREALLOC | XFS_XFLAG_HASATTR)
#define HINT_FLAGS	(XFS_XFLAG_EXTSIZE | XFS_XFLAG_EXTSZINHERIT | XFS_XFLAG_COWEXTSIZE)

void object_set_flags(struct xfsw_sink *sink, struct xfsw_object *object,
		      const struct host_flags *flags)
{
	const struct xfsw_keep *keep = &sink->keep;
	uint32_t xflags = flags->xflags & ~NOT_SET;

	if (keep_wants(keep, KEEP_FLAGS)) {
		if (flags->foreign || (xflags & NOT_HERE))
			keep_lost(&sink->keep, KEEP_FLAGS, -EOPNOTSUPP);
		object->xflags = xflags & ~(NOT_HERE | HINT_FLAGS | XFS_XFLAG_PROJINHERIT);
	}
	if (keep_wants(keep, KEEP_PROJECT)) {
		object->xflags |= xflags & XFS_XFLAG_PROJINHERIT;
		object->projid = flags->projid;
	}
	if (keep_wants(keep, KEEP_HINTS)) {
		object->xflags |= xflags & HINT_FLAGS;
		object->extsize_bytes = flags->extsize_bytes;
		object->cowextsize_bytes = flags->cowextsize_bytes;
	}
}

void object_from_image(struct xfsw_sink *sink, struct xfsw_object *object,
		       const struct xfs_stat *st)
{
	const struct host_flags flags = {
		.known = true,
		.xflags = st->xflags,
		.projid = st->projid,
		.extsize_bytes = st->extsize_bytes,
		.cowextsize_bytes = st->cowextsize_bytes,
	};

	memset(object, 0, sizeof(*object));
	object->mode = st->mode;
	object->uid = st->uid;
	object->gid = st->gid;
	object->rdev_major = st->rdev_major;
	object->rdev_minor = st->rdev_minor;
	object->atime = st->atime;
	object->mtime = st->mtime;
	object_set_flags(sink, object, &flags);
	/* All is known: what it has not got is not to be inherited. */
	object->restored = keep_wants(&sink->keep, KEEP_FLAGS);
}

static void clamp_time(const struct xfsw_sink *sink, struct xfs_timespec *ts)
{
	const struct xfs_timespec *limit = &sink->clamp_to;

	if (sink->clamp && (ts->tv_sec > limit->tv_sec ||
			    (ts->tv_sec == limit->tv_sec && ts->tv_nsec > limit->tv_nsec)))
		*ts = *limit;
}

static void fill_times(const struct xfsw_sink *sink, struct xfs_iattr *iattr,
		       const struct xfsw_object *object)
{
	if (!keep_wants(&sink->keep, KEEP_TIMES))
		return;
	iattr->valid |= XFS_ATTR_ATIME | XFS_ATTR_MTIME;
	iattr->mtime = object->mtime;
	iattr->atime = sink->atime_is_mtime ? object->mtime : object->atime;
	clamp_time(sink, &iattr->mtime);
	clamp_time(sink, &iattr->atime);
}

/* What stays out of @iattr is the directory's to hand down, or is left as it is. */
static void fill_flags(struct xfs_iattr *iattr, const struct xfsw_object *object)
{
	iattr->xflags = object->xflags & ~FIXED_FLAGS;
	iattr->projid = object->projid;
	iattr->extsize_bytes = object->extsize_bytes;
	iattr->cowextsize_bytes = object->cowextsize_bytes;
	iattr->valid |= iattr->xflags ? XFS_ATTR_XFLAGS : 0;
	iattr->valid |= iattr->projid ? XFS_ATTR_PROJID : 0;
	iattr->valid |= iattr->extsize_bytes ? XFS_ATTR_EXTSIZE : 0;
	iattr->valid |= iattr->cowextsize_bytes ? XFS_ATTR_COWEXTSIZE : 0;
}

static void fill_all(const struct xfsw_sink *sink, struct xfs_iattr *iattr,
		     const struct xfsw_object *object)
{
	iattr->valid = XFS_ATTR_MODE;
	iattr->mode = keep_mode(&sink->keep, object->mode);
	if (keep_wants(&sink->keep, KEEP_OWNER))
		iattr->valid |= XFS_ATTR_UID | XFS_ATTR_GID;
	iattr->valid |= sink->owner_valid;
	iattr->uid = sink->owner_valid & XFS_ATTR_UID ? sink->uid : object->uid;
	iattr->gid = sink->owner_valid & XFS_ATTR_GID ? sink->gid : object->gid;
	fill_times(sink, iattr, object);
	fill_flags(iattr, object);
}

/*
 * Call it again without extent-size hints if they may be why it failed: they have to fit block and
 * group size of this file system.  True: @iattr was changed.
 */
static bool drop_hints(struct xfs_iattr *iattr, int error)
{
	const uint32_t hints = XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE;

	if (error != -EINVAL || !(iattr->valid & hints))
		return false;
	iattr->valid &= ~hints;
	iattr->xflags &= ~HINT_FLAGS;
	return true;
}

static int create(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
		  struct xfs_iattr *iattr, const char *target, struct xfs_file **filep)
{
	int error = xfs_createat(dir, name, iattr, target, filep);

	if (!drop_hints(iattr, error))
		return error;
	error = xfs_createat(dir, name, iattr, target, filep);
	if (!error)
		keep_lost(&sink->keep, KEEP_HINTS, xfsw_error(-EINVAL));
	return error;
}

/* Take away what has the name; a directory only if it is empty. */
static int remove_old(struct xfs_file *dir, const char *name)
{
	int error = xfs_unlinkat(dir, name, 0);

	return error == -EISDIR ? xfs_unlinkat(dir, name, AT_REMOVEDIR) : error;
}

/* @file gets @name, and what has it gives way; a directory only if it is empty. */
static int take_name(struct xfs_file *file, struct xfs_file *dir, const char *name)
{
	int error = xfs_replaceat(file, dir, name);

	if (error != -EISDIR)
		return error;
	error = xfs_unlinkat(dir, name, AT_REMOVEDIR);
	return error ? error : xfs_replaceat(file, dir, name);
}

/* @keep: which of them; NULL: all. */
static int copy_xattrs(struct xfsw_sink *sink, const struct xfsw_keep *keep, struct xfs_file *old,
		       struct xfs_file *file)
{
	const size_t half = SINK_BUF / 2;
	char *list = sink->buf, *value = sink->buf + half;
	ssize_t len = xfs_flistxattr(old, list, half), size;
	int error = 0;

	for (const char *name = list; name < list + len && !error; name += strlen(name) + 1) {
		if (keep && !keep_wants(keep, keep_xattr_kind(name)))
			continue;
		size = xfs_fgetxattr(old, name, value, half);
		error = size < 0 ? (int)size : xfs_fsetxattr(file, name, value, (size_t)size, 0);
		/* Not every type may have every attribute. */
		if (error == -EPERM || error == -EOPNOTSUPP || error == -EACCES)
			error = 0;
	}
	return len < 0 ? (int)len : error;
}

int sink_copy_own_xattrs(struct xfsw_sink *sink, struct xfs_file *from, struct xfs_file *file)
{
	return copy_xattrs(sink, &sink->keep, from, file);
}

/* The attributes of @old, of file type @type, become @new's. */
static int keep_attributes(struct xfsw_sink *sink, struct xfs_file *old, uint32_t type,
			   struct sink_new *new)
{
	struct xfs_iattr iattr = {
		.size = sizeof(iattr),
		.valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID | XFS_ATTR_PROJID |
			 XFS_ATTR_XFLAGS | XFS_ATTR_EXTSIZE | XFS_ATTR_COWEXTSIZE,
	};
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(old, &st);

	if (error)
		return error;
	if (S_ISDIR(st.mode) || S_ISLNK(st.mode) != S_ISLNK(type))
		return 0;
	iattr.mode = st.mode & 07777;
	iattr.uid = st.uid;
	iattr.gid = st.gid;
	iattr.projid = st.projid;
	iattr.xflags = st.xflags & ~(FIXED_FLAGS | NOT_SET | NOT_HERE);
	iattr.extsize_bytes = st.extsize_bytes;
	iattr.cowextsize_bytes = st.cowextsize_bytes;
	new->keeps_attrs = true;
	error = xfs_fsetattr(new->file, &iattr);
	return error ? error : copy_xattrs(sink, NULL, old, new->file);
}

int sink_keep_old(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint32_t type,
		  struct sink_new *new)
{
	struct xfs_file *old;
	int error;

	if (!sink->keep_attrs)
		return 0;
	error = xfs_openat(dir, name, O_PATH | O_NOFOLLOW, 0, &old);
	if (error)
		return error == -ENOENT ? 0 : error;
	error = keep_attributes(sink, old, type, new);
	xfs_close(old);
	return error;
}

/*
 * Without a name until it is whole: what has it now, if anything, stays until then, whatever
 * happens on the way.
 */
static int make_unnamed(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
			const struct xfsw_object *object, struct xfs_iattr *iattr,
			struct sink_new *new)
{
	int error = create(sink, dir, NULL, iattr, object->target, &new->file);

	if (!error)
		error = sink_keep_old(sink, dir, name, object->mode, new);
	return error;
}

static int find_directory(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
			  const struct xfsw_object *object, struct sink_new *new)
{
	int error = xfs_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &new->file);

	if (error)
		return error;
	new->found = true;
	new->keeps_attrs = sink->keep_attrs;
	return new->keeps_attrs ? 0 : sink_set_all(sink, new->file, object);
}

/* The file that is there, emptied.  -ENOENT: there is none to write into. */
static int find_file(struct xfs_file *dir, const char *name, struct sink_new *new)
{
	int error = xfs_openat(dir, name, O_RDWR | O_TRUNC | O_NOFOLLOW, 0, &new->file);

	if (error == -ELOOP || error == -EISDIR || error == -ENXIO)
		return -ENOENT;
	new->found = new->keeps_attrs = !error;
	return error;
}

/* Flags that would forbid what is still to come. */
static int defer_fixed(struct xfsw_sink *sink, struct xfs_file *file, uint32_t xflags)
{
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(file, &st);

	if (error)
		return error;
	if (sink->nfixed == sink->max_fixed) {
		size_t max = sink->max_fixed ? sink->max_fixed * 2 : 64;
		void *fixed = realloc(sink->fixed, max * sizeof(*sink->fixed));

		if (!fixed)
			return -ENOMEM;
		sink->fixed = fixed;
		sink->max_fixed = max;
	}
	sink->fixed[sink->nfixed].ino = st.ino;
	sink->fixed[sink->nfixed].gen = st.gen;
	sink->fixed[sink->nfixed++].xflags = xflags;
	return 0;
}

int sink_settle(struct xfsw_sink *sink, int code)
{
	/* What is abandoned gets nothing any more. */
	for (size_t i = 0; i < sink->nfixed && code != XFSW_INTERRUPTED; i++) {
		struct xfs_iattr iattr = { .size = sizeof(iattr), .valid = XFS_ATTR_XFLAGS };
		struct xfs_file *file;
		struct xfs_stat st = XFS_STAT_INIT;
		int error = xfs_open_by_ino(sink->mp, sink->fixed[i].ino, sink->fixed[i].gen,
					    O_PATH, &file);

		if (error == -ESTALE)
			continue;	/* something later took its name */
		if (!error) {
			error = xfs_fgetattr(file, &st);
			iattr.xflags = st.xflags | sink->fixed[i].xflags;
			error = error ? error : xfs_fsetattr(file, &iattr);
			xfs_close(file);
		}
		if (error)
			code = xfsw_fail(sink->call, NULL, error);
	}
	sink->nfixed = 0;
	return code;
}

static int make(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
		const struct xfsw_object *object, struct xfs_iattr *iattr, struct sink_new *new)
{
	int error = -ENOENT;

	if (S_ISREG(object->mode) && sink->in_place)
		error = find_file(dir, name, new);
	if (error != -ENOENT)
		return error;
	if (!S_ISREG(object->mode) || !sink->whole) {
		error = create(sink, dir, name, iattr, object->target, &new->file);
		if (error != -EEXIST || !sink->replace)
			return error;
	}
	if (!S_ISDIR(object->mode)) {
		new->unnamed = true;
		return make_unnamed(sink, dir, name, object, iattr, new);
	}
	error = find_directory(sink, dir, name, object, new);
	if (error != -ENOTDIR && error != -ELOOP)
		return error;
	error = remove_old(dir, name);
	return error ? error : create(sink, dir, name, iattr, NULL, &new->file);
}

int sink_make(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
	      const struct xfsw_object *object, struct sink_new *new)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	int error;

	memset(new, 0, sizeof(*new));
	fill_all(sink, &iattr, object);
	iattr.valid |= object->restored ? XFS_ATTR_PROJID | XFS_ATTR_XFLAGS : XFS_ATTR_INHERIT;
	if (S_ISCHR(object->mode) || S_ISBLK(object->mode)) {
		iattr.valid |= XFS_ATTR_RDEV;
		iattr.rdev_major = object->rdev_major;
		iattr.rdev_minor = object->rdev_minor;
	}
	error = make(sink, dir, name, object, &iattr, new);
	if (!error && !new->keeps_attrs && (object->xflags & FIXED_FLAGS))
		error = defer_fixed(sink, new->file, object->xflags & FIXED_FLAGS);
	return error ? sink_finish(sink, dir, name, new, error) : 0;
}

static int make_plain_directory(struct xfs_file *dir, const char *name, uint32_t mode,
				struct sink_new *new)
{
	int error = xfs_mkdirat(dir, name, (mode_t)(mode & 07777));

	new->found = error == -EEXIST;
	if (error && !new->found)
		return error;
	return xfs_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &new->file);
}

int sink_make_plain(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint32_t mode,
		    struct sink_new *new)
{
	int error;

	memset(new, 0, sizeof(*new));
	if (S_ISDIR(mode))
		return make_plain_directory(dir, name, mode, new);
	error = xfs_openat(dir, ".", O_TMPFILE | O_RDWR, (mode_t)(mode & 07777), &new->file);
	new->unnamed = !error;
	if (!error)
		error = sink_keep_old(sink, dir, name, mode, new);
	return error ? sink_finish(sink, dir, name, new, error) : 0;
}

int sink_finish(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
		struct sink_new *new, int error)
{
	int close_error;
	struct stat st;

	(void)sink;
	if (!new->file)
		return error;
	if (!error && new->unnamed)
		error = take_name(new->file, dir, name);
	else if (error && !new->unnamed && !new->found && !xfs_fstat(new->file, &st) &&
		 !S_ISDIR(st.st_mode))
		xfs_unlinkat(dir, name, 0);
	close_error = xfs_close(new->file);
	new->file = NULL;
	return error ? error : close_error;
}

int sink_link(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint64_t ino)
{
	struct xfs_file *file;
	int error = xfs_open_by_ino(sink->mp, ino, 0, O_PATH, &file);

	if (error)
		return error;
	error = sink->replace ? take_name(file, dir, name) : xfs_linkat(file, dir, name);
	xfs_close(file);
	return error;
}

int sink_set_times(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;

	iattr.valid = 0;
	fill_times(sink, &iattr, object);
	return iattr.valid ? xfs_fsetattr(file, &iattr) : 0;
}

int sink_set_all(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object)
{
	struct xfs_iattr iattr = XFS_IATTR_INIT;
	struct xfs_stat st = XFS_STAT_INIT;
	int error;

	fill_all(sink, &iattr, object);
	iattr.mode &= 07777;
	if (iattr.valid & XFS_ATTR_XFLAGS) {
		error = xfs_fgetattr(file, &st);
		if (error)
			return error;
		iattr.xflags |= st.xflags & ~NOT_SET;
	}
	error = xfs_fsetattr(file, &iattr);
	if (drop_hints(&iattr, error)) {
		error = xfs_fsetattr(file, &iattr);
		if (!error)
			keep_lost(&sink->keep, KEEP_HINTS, xfsw_error(-EINVAL));
	}
	if (!error && (object->xflags & FIXED_FLAGS))
		error = defer_fixed(sink, file, object->xflags & FIXED_FLAGS);
	return error;
}

int sink_write(struct xfsw_sink *sink, struct xfs_file *file, const void *buf, size_t len,
	       uint64_t offset)
{
	const char *from = buf;

	while (len) {
		ssize_t done = xfs_pwrite(file, from, len, offset);

		if (done <= 0)
			return done < 0 ? (int)done : xfsw_error(-EIO);
		from += done;
		offset += (uint64_t)done;
		len -= (size_t)done;
		sink->progress.bytes += (uint64_t)done;
	}
	return 0;
}

/* [@offset, @end) of @fd; *@offset moves with what was copied and stays behind at its end. */
static int copy_range(struct xfsw_sink *sink, struct xfs_file *file, int fd, uint64_t *offset,
		      uint64_t end, bool *reading)
{
	while (*offset < end) {
		uint64_t len = end - *offset;

		if (len <= SINK_BUF) {
			ssize_t got = pread(fd, sink->buf, (size_t)len, (off_t)*offset);
			int error;

			if (got <= 0) {
				*reading = got < 0;
				return got < 0 ? xfsw_errno() : 0;
			}
			error = sink_write(sink, file, sink->buf, (size_t)got, *offset);
			if (error)
				return error;
			*offset += (uint64_t)got;
		} else {
			int64_t done = xfs_write_from_fd(
				file, fd, *offset, len < COPY_STEP ? len : COPY_STEP, *offset);

			if (done <= 0)
				return (int)done;
			*offset += (uint64_t)done;
			sink->progress.bytes += (uint64_t)done;
			if (xfsw_interrupted())
				return -EINTR;
			xfsw_progress_step(&sink->progress);
		}
	}
	return 0;
}

/*
 * The size comes first: a write that moves the end of a file gets preallocation behind it, and with
 * a hole after each piece all of that would stay inside the file.
 */
static int copy_sparse(struct xfsw_sink *sink, struct xfs_file *file, int fd, uint64_t size,
		       uint64_t *copied, bool *reading)
{
	uint64_t offset = 0;
	int error = xfs_ftruncate(file, size);

	while (offset < size && !error) {
		off_t data = lseek(fd, (off_t)offset, SEEK_DATA), hole;
		uint64_t end;

		if (data < 0 && errno == ENXIO)
			break;		/* a hole up to the end */
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0) {
			*reading = true;
			return xfsw_errno();
		}
		offset = (uint64_t)data;
		end = (uint64_t)hole < size ? (uint64_t)hole : size;
		error = copy_range(sink, file, fd, &offset, end, reading);
		if (!error && offset < end) {
			/* It became shorter under our hands. */
			*copied = offset;
			return xfs_ftruncate(file, offset);
		}
	}
	*copied = size;
	return error;
}

int sink_copy_fd(struct xfsw_sink *sink, struct xfs_file *file, int fd, const struct stat *st,
		 uint64_t *copied, bool *reading)
{
	uint64_t size = (uint64_t)st->st_size;

	*copied = 0;
	*reading = false;
	/* Fewer blocks than bytes: holes, or compression, where asking costs one call more. */
	if ((uint64_t)st->st_blocks * 512 < size)
		return copy_sparse(sink, file, fd, size, copied, reading);
	return copy_range(sink, file, fd, copied, size, reading);
}

int sink_copy_stream(struct xfsw_sink *sink, struct xfs_file *file, int fd)
{
	uint64_t offset = 0;
	ssize_t got;

	while ((got = read(fd, sink->buf, SINK_BUF)) != 0) {
		int error = got < 0 ? xfsw_errno()
				    : sink_write(sink, file, sink->buf, (size_t)got, offset);

		if (error)
			return error;
		offset += (uint64_t)got;
		if (xfsw_interrupted())
			return -EINTR;
		xfsw_progress_step(&sink->progress);
	}
	return 0;
}

/* [@offset, @end) of @from, within its size. */
static int copy_own_range(struct xfsw_sink *sink, struct xfs_file *file, struct xfs_file *from,
			  uint64_t offset, uint64_t end)
{
	while (offset < end) {
		uint64_t len = end - offset < SINK_BUF ? end - offset : SINK_BUF;
		ssize_t got = xfs_pread(from, sink->buf, (size_t)len, offset);
		int error;

		if (got <= 0)
			return got < 0 ? (int)got : xfsw_error(-EIO);
		error = sink_write(sink, file, sink->buf, (size_t)got, offset);
		if (error)
			return error;
		offset += (uint64_t)got;
		if (xfsw_interrupted())
			return -EINTR;
		xfsw_progress_step(&sink->progress);
	}
	return 0;
}

int sink_copy_file(struct xfsw_sink *sink, struct xfs_file *file, struct xfs_file *from,
		   uint64_t size)
{
	uint64_t offset = 0;
	int error;

	if (sink->reflink != SINK_REFLINK_NEVER) {
		error = xfs_clone_range(from, 0, file, 0, 0);
		if (!error || sink->reflink == SINK_REFLINK_ALWAYS)
			return error;
	}
	/* The size first, as in copy_sparse(). */
	error = xfs_ftruncate(file, size);
	while (!error && offset < size) {
		int64_t data = xfs_seek(from, offset, SEEK_DATA), hole;

		if (data == -ENXIO)
			break;
		hole = data < 0 ? data : xfs_seek(from, (uint64_t)data, SEEK_HOLE);
		if (hole < 0)
			return (int)hole;
		offset = (uint64_t)hole < size ? (uint64_t)hole : size;
		error = copy_own_range(sink, file, from, (uint64_t)data, offset);
	}
	return error;
}

struct xattr_target {
	struct xfs_file *file;
	const struct xfsw_keep *keep;
	bool any;
};

static int set_xattr(void *ctx, const char *name, const void *value, size_t size)
{
	struct xattr_target *target = ctx;

	if (!keep_wants(target->keep, keep_xattr_kind(name)))
		return 0;
	target->any = true;
	return xfs_fsetxattr(target->file, name, value, size, 0);
}

int sink_copy_xattrs(struct xfsw_sink *sink, struct xfs_file *file, dev_t dev, int fd,
		     const char *name, bool *any)
{
	struct xattr_target target = { .file = file, .keep = &sink->keep };
	int error = host_each_xattr(&sink->xattrs, dev, fd, name, false, set_xattr, &target);

	*any = target.any;
	return error;
}

int sink_unreadable(struct xfsw_sink *sink, const char *path, int error)
{
	int code = xfsw_fail(sink->call, path, error);

	if (!sink->skip_unreadable || error == -ENOMEM)
		return code;
	sink->skipped++;
	return 0;
}

const struct xfsw_option sink_options[] = {
	{ XFSW_OPT_VERB, "skip-unreadable", NULL, "skip and count what cannot be read" },
	{ XFSW_OPT_VERB + 1, "owner", "UID:GID",
	  "owner and group of everything, numbers or names" },
	{ XFSW_OPT_VERB + 2, "mtime-clamp", "TIME",
	  "limit atime and mtime to TIME (as for touch -t); the default is SOURCE_DATE_EPOCH if "
	  "it is set" },
	{ XFSW_OPT_VERB + 3, "atime", "source|mtime",
	  "use the atime of the source, or its mtime instead; mtime is the default if "
	  "SOURCE_DATE_EPOCH is set, as reading a tree changes its atimes" },
	{ 'x', "one-file-system", NULL, "leave mount points empty" },
	XFSW_OPTIONS_END
};
