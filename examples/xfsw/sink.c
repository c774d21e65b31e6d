/* SPDX-License-Identifier: MIT */
/* What the sources of create and put have in common; see sink.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>
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
		return xfsw_usage(call, "'%s' is not UID:GID, or a name that nobody knows", owner);
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
		return xfsw_usage(call, "'%s' is no time", clamp);
	/* What is set there is the latest time of anything that is built (reproducible-builds.org). */
	if (!clamp && call->env.clock)
		call->env.clock(call->env.ctx, &sink->clamp_to);
	sink->clamp = clamp != NULL || call->env.clock;
	sink->atime_is_mtime = atime ? strcmp(atime, "mtime") == 0 : call->env.clock != NULL;
	if (atime && !sink->atime_is_mtime && strcmp(atime, "source") != 0)
		return xfsw_usage(call, "--atime is source or mtime");
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
			      "%ju attributes of namespaces that XFS has not were left out",
			      (uintmax_t)sink->xattrs.left_out);
	if (code == XFSW_OK && sink->changed)
		code = xfsw_complain(call, NULL, "%ju files changed while they were read",
				     (uintmax_t)sink->changed);
	host_xattrs_free(&sink->xattrs);
	cache_free(&sink->cache);
	owners_free(&sink->owners);
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
	object->mode = st->st_mode;
	object->uid = st->st_uid;
	object->gid = st->st_gid;
	object->rdev_major = major(st->st_rdev);
	object->rdev_minor = minor(st->st_rdev);
	object->atime = st->st_atim;
	object->mtime = st->st_mtim;
	object->target = NULL;
}

static void clamp_time(const struct xfsw_sink *sink, struct timespec *ts)
{
	const struct timespec *limit = &sink->clamp_to;

	if (sink->clamp && (ts->tv_sec > limit->tv_sec ||
			    (ts->tv_sec == limit->tv_sec && ts->tv_nsec > limit->tv_nsec)))
		*ts = *limit;
}

static void fill_times(const struct xfsw_sink *sink, struct xfs_iattr *iattr,
		       const struct xfsw_object *object)
{
	iattr->valid |= XFS_ATTR_ATIME | XFS_ATTR_MTIME;
	iattr->mtime = object->mtime;
	iattr->atime = sink->atime_is_mtime ? object->mtime : object->atime;
	clamp_time(sink, &iattr->mtime);
	clamp_time(sink, &iattr->atime);
}

static void fill_all(const struct xfsw_sink *sink, struct xfs_iattr *iattr,
		     const struct xfsw_object *object)
{
	iattr->valid = XFS_ATTR_MODE | XFS_ATTR_UID | XFS_ATTR_GID;
	iattr->mode = object->mode;
	iattr->uid = sink->owner_valid & XFS_ATTR_UID ? sink->uid : object->uid;
	iattr->gid = sink->owner_valid & XFS_ATTR_GID ? sink->gid : object->gid;
	fill_times(sink, iattr, object);
}

/* Take away what has the name; a directory only if it is empty. */
static int remove_old(struct xfs_file *dir, const char *name)
{
	int error = xfs_unlinkat(dir, name, 0);

	return error == -EISDIR ? xfs_unlinkat(dir, name, AT_REMOVEDIR) : error;
}

int sink_make(struct xfsw_sink *sink, struct xfs_file *dir, const char *name,
	      const struct xfsw_object *object, struct xfs_file **filep)
{
	struct xfs_iattr iattr;
	int error;

	fill_all(sink, &iattr, object);
	if (S_ISCHR(object->mode) || S_ISBLK(object->mode)) {
		iattr.valid |= XFS_ATTR_RDEV;
		iattr.rdev_major = object->rdev_major;
		iattr.rdev_minor = object->rdev_minor;
	}
	error = xfs_createat(dir, name, &iattr, object->target, filep);
	if (error != -EEXIST || !sink->replace)
		return error;
	if (S_ISDIR(object->mode)) {
		error = xfs_openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, filep);
		if (error == 0)
			return sink_set_all(sink, *filep, object);
		if (error != -ENOTDIR && error != -ELOOP)
			return error;
	}
	error = remove_old(dir, name);
	return error ? error : xfs_createat(dir, name, &iattr, object->target, filep);
}

int sink_link(struct xfsw_sink *sink, struct xfs_file *dir, const char *name, uint64_t ino)
{
	struct xfs_file *file;
	int error = xfs_open_by_ino(sink->mp, ino, 0, O_PATH, &file);

	if (error)
		return error;
	error = xfs_linkat(file, dir, name);
	if (error == -EEXIST && sink->replace) {
		error = remove_old(dir, name);
		if (!error)
			error = xfs_linkat(file, dir, name);
	}
	xfs_close(file);
	return error;
}

int sink_set_times(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object)
{
	struct xfs_iattr iattr;

	iattr.valid = 0;
	fill_times(sink, &iattr, object);
	return xfs_fsetattr(file, &iattr);
}

int sink_set_all(struct xfsw_sink *sink, struct xfs_file *file, const struct xfsw_object *object)
{
	struct xfs_iattr iattr;

	fill_all(sink, &iattr, object);
	iattr.mode &= 07777;
	return xfs_fsetattr(file, &iattr);
}

int sink_write(struct xfsw_sink *sink, struct xfs_file *file, const void *buf, size_t len,
	       uint64_t offset)
{
	const char *from = buf;

	while (len) {
		ssize_t done = xfs_pwrite(file, from, len, offset);

		if (done <= 0)
			return done < 0 ? (int)done : -EIO;
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
				return got < 0 ? -errno : 0;
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
			return -errno;
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
		int error =
			got < 0 ? -errno : sink_write(sink, file, sink->buf, (size_t)got, offset);

		if (error)
			return error;
		offset += (uint64_t)got;
		if (xfsw_interrupted())
			return -EINTR;
		xfsw_progress_step(&sink->progress);
	}
	return 0;
}

struct xattr_target {
	struct xfs_file *file;
	bool any;
};

static int set_xattr(void *ctx, const char *name, const void *value, size_t size)
{
	struct xattr_target *target = ctx;

	target->any = true;
	return xfs_fsetxattr(target->file, name, value, size, 0);
}

int sink_copy_xattrs(struct xfsw_sink *sink, struct xfs_file *file, dev_t dev, int fd,
		     const char *name, bool *any)
{
	struct xattr_target target = { .file = file };
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
