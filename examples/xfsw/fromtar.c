/* SPDX-License-Identifier: MIT */
/*
 * A tar stream into an image.  Members come in any order: parents may be missing, a name
 * may come twice (the last one counts), a hard link names an earlier member.  The directories
 * from the top to the newest member stay open, as the next member mostly lies there.
 * The times of directories are set at the end, when nothing is added any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/sink.h"

#ifdef HAVE_LIBARCHIVE

#include <stdio.h>
#include "xfsw/taracl.h"

/* Of the directories on the way to the newest member only the lowest few stay open. */
#define KEEP_OPEN	64u

/* A directory on the way to the newest member. */
struct level {
	char *name;
	struct xfs_file *file;		/* NULL: closed for now */
	uint64_t ino;
};

struct dir_times {
	uint64_t ino;
	uint32_t gen;			/* a later member may have freed the inode */
	struct xfs_timespec atime, mtime;
};

struct from_tar {
	struct xfsw_sink *sink;
	struct xfs_file *top;
	struct archive *archive;
	struct level *levels;
	size_t depth, max_depth;
	struct dir_times *dirs;		/* in the order of the stream */
	size_t ndirs, max_dirs;
	struct xfsw_str path;		/* of the member, cleaned */
	struct tar_acls acls;
	uint64_t late_times;		/* members whose times no inode can hold */
	const char *bad;		/* what is wrong with the member's header: errors of -ERANGE */
};

static void drop_levels(struct from_tar *ft, size_t depth)
{
	while (ft->depth > depth) {
		struct level *level = &ft->levels[--ft->depth];

		if (level->file)
			xfs_close(level->file);
		free(level->name);
	}
}

static int push_level(struct from_tar *ft, const char *name, struct xfs_file *file)
{
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(file, &st);

	if (error)
		return error;
	if (ft->depth == ft->max_depth) {
		size_t max = ft->max_depth ? ft->max_depth * 2 : 32;
		void *levels = realloc(ft->levels, max * sizeof(*ft->levels));

		if (!levels)
			return -ENOMEM;
		ft->levels = levels;
		ft->max_depth = max;
	}
	ft->levels[ft->depth].name = strdup(name);
	if (!ft->levels[ft->depth].name)
		return -ENOMEM;
	ft->levels[ft->depth].ino = st.ino;
	ft->levels[ft->depth++].file = file;
	if (ft->depth > KEEP_OPEN) {
		struct level *upper = &ft->levels[ft->depth - 1 - KEEP_OPEN];

		if (upper->file)
			xfs_close(upper->file);
		upper->file = NULL;
	}
	return 0;
}

/* Back up to @depth levels, the lowest of which is open. */
static int go_up(struct from_tar *ft, size_t depth)
{
	struct level *level;

	drop_levels(ft, depth);
	level = depth ? &ft->levels[depth - 1] : NULL;
	if (!level || level->file)
		return 0;
	return xfs_open_by_ino(ft->sink->mp, level->ino, 0, O_RDONLY | O_DIRECTORY, &level->file);
}

static struct xfs_file *level_file(const struct from_tar *ft)
{
	return ft->depth ? ft->levels[ft->depth - 1].file : ft->top;
}

/* Go one directory down; one the stream has not named is made, as tar does. */
static int go_down(struct from_tar *ft, const char *name)
{
	struct xfs_file *dir = level_file(ft), *file;
	struct xfsw_object object = { .mode = S_IFDIR | 0755, .restored = true };
	struct sink_new new;
	int error;

	error = xfs_openat(dir, name, O_RDONLY | O_DIRECTORY, 0, &file);
	if (error == -ENOENT) {
		if (!xfsw_parse_time("now", &object.mtime))
			return -EIO;
		if (ft->sink->call->env.clock)
			ft->sink->call->env.clock(ft->sink->call->env.ctx, &object.mtime);
		object.atime = object.mtime;
		error = sink_make(ft->sink, dir, name, &object, &new);
		file = new.file;
	}
	if (error)
		return error;
	error = push_level(ft, name, file);
	if (error)
		xfs_close(file);
	return error;
}

/*
 * Open the parent of ft->path; *@name is its last component, inside the string.
 * What the new path shares with the one before is open already.
 */
static int go_to_parent(struct from_tar *ft, char **name)
{
	char *part = ft->path.s, *slash;
	size_t depth = 0;
	bool same = true;

	while ((slash = strchr(part, '/')) != NULL) {
		int error = 0;

		*slash = 0;
		if (same && !(depth < ft->depth && strcmp(ft->levels[depth].name, part) == 0)) {
			error = go_up(ft, depth);
			same = false;
		}
		if (!same && !error)
			error = go_down(ft, part);
		*slash = '/';
		if (error)
			return error;
		depth++;
		part = slash + 1;
	}
	*name = part;
	return go_up(ft, depth);
}

/* A number of the header that must fit into @max; -ERANGE: it does not. */
static int take_number(struct from_tar *ft, int64_t value, uint64_t max, const char *bad,
		       uint32_t *out)
{
	if (value < 0 || (uint64_t)value > max) {
		ft->bad = bad;
		return xfsw_error(-ERANGE);
	}
	*out = (uint32_t)value;
	return 0;
}

/* Owner and device: cut to 32 bits, user 2^40 would be root. */
static int take_numbers(struct from_tar *ft, struct archive_entry *entry,
			struct xfsw_object *object)
{
	bool device = S_ISCHR(object->mode) || S_ISBLK(object->mode);
	int error = 0;

	if (!(ft->sink->owner_valid & XFS_ATTR_UID))
		error = take_number(ft, archive_entry_uid(entry), OWNERS_ID_LIMIT - 1,
				    "its user id does not fit into 32 bits", &object->uid);
	if (!error && !(ft->sink->owner_valid & XFS_ATTR_GID))
		error = take_number(ft, archive_entry_gid(entry), OWNERS_ID_LIMIT - 1,
				    "its group id does not fit into 32 bits", &object->gid);
	if (!error && device)
		error = take_number(ft, (int64_t)archive_entry_rdevmajor(entry), UINT32_MAX,
				    "its major device number is too large", &object->rdev_major);
	if (!error && device)
		error = take_number(ft, (int64_t)archive_entry_rdevminor(entry), UINT32_MAX,
				    "its minor device number is too large", &object->rdev_minor);
	return error;
}

/* Inodes hold times from 1901 to 2486; the library takes the nearest that they can. */
#define TIME_FIRST	INT32_MIN
#define TIME_LAST	16299260424ll

static bool time_fits(const struct xfs_timespec *ts)
{
	return (int64_t)ts->tv_sec >= TIME_FIRST && (int64_t)ts->tv_sec <= TIME_LAST;
}

static int object_from_entry(struct from_tar *ft, struct xfsw_object *object,
			     struct archive_entry *entry)
{
	*object = (struct xfsw_object){ .mode = (uint32_t)archive_entry_mode(entry) };
	object->mtime.tv_sec = archive_entry_mtime(entry);
	object->mtime.tv_nsec = (uint32_t)archive_entry_mtime_nsec(entry);
	object->atime = object->mtime;
	if (archive_entry_atime_is_set(entry)) {
		object->atime.tv_sec = archive_entry_atime(entry);
		object->atime.tv_nsec = (uint32_t)archive_entry_atime_nsec(entry);
	}
	if (!time_fits(&object->mtime) || !time_fits(&object->atime))
		ft->late_times++;
	object->target = archive_entry_symlink(entry);
	if (S_ISLNK(object->mode) && (!object->target || !*object->target)) {
		ft->bad = "it is a symbolic link without a target";
		return xfsw_error(-ERANGE);
	}
	if (S_ISREG(object->mode) && archive_entry_size(entry) < 0) {
		ft->bad = "its size is negative";
		return xfsw_error(-ERANGE);
	}
	return take_numbers(ft, entry, object);
}

/* The data of the member, blocks with their offsets: a sparse member stays sparse. */
static int copy_data(struct from_tar *ft, struct xfs_file *file, uint64_t size, bool sparse)
{
	struct xfsw_sink *sink = ft->sink;
	uint64_t end = 0;
	const void *buf;
	la_int64_t offset;
	size_t len;
	int result, error;

	if (sparse) {	/* as in sink_copy_fd(): no preallocation between the pieces */
		error = xfs_ftruncate(file, size);
		if (error)
			return error;
		end = size;
	}
	while ((result = archive_read_data_block(ft->archive, &buf, &len, &offset)) == ARCHIVE_OK) {
		if (offset < 0) {
			ft->bad = "a piece of its data has a negative offset";
			return xfsw_error(-ERANGE);
		}
		error = sink_write(sink, file, buf, len, (uint64_t)offset);
		if (error)
			return error;
		if ((uint64_t)offset + len > end)
			end = (uint64_t)offset + len;
		xfsw_progress_step(&sink->progress);
		if (xfsw_interrupted())
			return -EINTR;
	}
	if (result != ARCHIVE_EOF)
		return xfsw_error(-EBADF);
	return end < size ? xfs_ftruncate(file, size) : 0;
}

/* Refused because of what the attribute is, not because of the image. */
static bool is_refusal(int error)
{
	return error == -EINVAL || error == -ERANGE || error == -E2BIG || error == -ENAMETOOLONG ||
	       error == -EOPNOTSUPP || error == -EPERM;
}

/* An attribute that cannot be had is left out alone with --skip-unreadable, not with its file. */
static int bad_attribute(struct from_tar *ft, const char *name, const char *text, int error)
{
	const char *path = ft->path.len ? ft->path.s : "/";
	char buf[256];

	if (!is_refusal(error) || !ft->sink->skip_unreadable)
		return error;
	xfsw_complain(ft->sink->call, path, "%s is left out: %s", name,
		      text ? text : xfsw_reason(error, buf, sizeof(buf)));
	ft->sink->skipped++;
	return 0;
}

static int copy_attributes(struct from_tar *ft, struct xfs_file *file, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;
	int error;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!host_xattr_fits(name, &ft->sink->xattrs.left_out) ||
		    !keep_wants(&ft->sink->keep, keep_xattr_kind(name)))
			continue;
		error = xfs_fsetxattr(file, name, value, size, 0);
		if (error)
			error = bad_attribute(ft, name, NULL, error);
		if (error)
			return error;
	}
	if (!keep_wants(&ft->sink->keep, KEEP_ACLS))
		return 0;
	error = tar_acls_add(&ft->acls, file, entry, ft->path.len ? ft->path.s : "/", &ft->bad);
	return error ? bad_attribute(ft, "its ACL", ft->bad, error) : 0;
}

static int remember_directory(struct from_tar *ft, struct xfs_file *file,
			      const struct xfsw_object *object)
{
	struct dir_times *dir;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_fgetattr(file, &st);

	if (error)
		return error;
	if (ft->ndirs == ft->max_dirs) {
		size_t max = ft->max_dirs ? ft->max_dirs * 2 : 256;
		void *dirs = realloc(ft->dirs, max * sizeof(*ft->dirs));

		if (!dirs)
			return -ENOMEM;
		ft->dirs = dirs;
		ft->max_dirs = max;
	}
	dir = &ft->dirs[ft->ndirs++];
	dir->ino = st.ino;
	dir->gen = st.gen;
	dir->atime = object->atime;
	dir->mtime = object->mtime;
	return 0;
}

static int set_directory_times(struct from_tar *ft)
{
	int error = 0;

	for (size_t i = 0; i < ft->ndirs && !error; i++) {
		struct xfsw_object object = { .atime = ft->dirs[i].atime,
					     .mtime = ft->dirs[i].mtime };
		struct xfs_file *file;

		error = xfs_open_by_ino(ft->sink->mp, ft->dirs[i].ino, ft->dirs[i].gen, O_PATH,
					&file);
		if (error == -ESTALE || error == -ENOENT) {
			error = 0;	/* a later member took its name */
			continue;
		}
		if (!error) {
			error = sink_set_times(ft->sink, file, &object);
			xfs_close(file);
		}
	}
	return error;
}

static int link_member(struct from_tar *ft, struct archive_entry *entry, const char *name)
{
	struct xfsw_str target = { 0 };
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfsw_error(-EINVAL);

	if (xfsw_clean_path(&target, archive_entry_hardlink(entry)) && target.len) {
		error = xfs_openat(ft->top, target.s, O_PATH | O_NOFOLLOW, 0, &file);
		if (!error) {
			error = xfs_fgetattr(file, &st);
			xfs_close(file);
		}
		if (!error)
			error = sink_link(ft->sink, level_file(ft), name, st.ino);
	}
	str_free(&target);
	return error;
}

/* What the member holds, and the times, into @file. */
static int fill_member(struct from_tar *ft, struct archive_entry *entry, struct xfs_file *file,
		       const struct xfsw_object *object)
{
	int error = 0;

	if (S_ISREG(object->mode))
		error = copy_data(ft, file, (uint64_t)archive_entry_size(entry),
				  archive_entry_sparse_reset(entry) > 0);
	if (!error)
		error = copy_attributes(ft, file, entry);
	if (error)
		return error;
	return S_ISDIR(object->mode) ? remember_directory(ft, file, object)
				     : sink_set_times(ft->sink, file, object);
}

static int make_member(struct from_tar *ft, struct archive_entry *entry, const char *name)
{
	struct xfs_file *dir = level_file(ft);
	struct xfsw_object object;
	struct host_flags flags;
	struct sink_new new;
	int error;

	error = object_from_entry(ft, &object, entry);
	if (error)
		return error;
	tar_flags(archive_entry_fflags_text(entry), &flags);
	object_set_flags(ft->sink, &object, &flags);
	/* Its directory, too, has nothing but what the archive says. */
	object.restored = true;
	if (!*name) {
		error = sink_set_all(ft->sink, ft->top, &object);
		return error ? error : fill_member(ft, entry, ft->top, &object);
	}
	error = sink_make(ft->sink, dir, name, &object, &new);
	if (!error)
		error = fill_member(ft, entry, new.file, &object);
	return sink_finish(ft->sink, dir, name, &new, error);
}

/*
 * A member that cannot be what its header says: left out with --skip-unreadable, as a source that
 * cannot be read is; the rest of the stream is sound.
 */
static int bad_member(struct from_tar *ft, const char *path, const char *text)
{
	xfsw_complain(ft->sink->call, path, "%s", text);
	if (!ft->sink->skip_unreadable)
		return XFSW_FAILED;
	ft->sink->skipped++;
	return 0;
}

/* Told without all of a name that may be as long as the archive. */
static int unusable(struct from_tar *ft, const char *path)
{
	char shown[204], text[200];

	snprintf(shown, sizeof(shown), "%.200s%s", path, strlen(path) > 200 ? "..." : "");
	snprintf(text, sizeof(text), "the member's name cannot be used: it has \"..\" in it, a "
		 "component of more than 255 bytes, or more than %u components",
		 XFSW_MAX_COMPONENTS);
	return bad_member(ft, shown, text);
}

static int add_member(struct from_tar *ft, struct archive_entry *entry, const char *source)
{
	struct xfsw_call *call = ft->sink->call;
	const char *path = archive_entry_pathname(entry);
	char *name;
	int error;

	ft->bad = NULL;
	if (!path || !xfsw_clean_path(&ft->path, path))
		return unusable(ft, path ? path : source);
	ft->sink->progress.objects++;
	xfsw_progress_step(&ft->sink->progress);
	error = go_to_parent(ft, &name);
	if (!error)
		error = archive_entry_hardlink(entry) ? link_member(ft, entry, name)
						      : make_member(ft, entry, name);
	if (error == -EBADF)
		return tar_failed(ft->sink, path, ft->archive);
	if (error == -ERANGE && ft->bad)
		return bad_member(ft, path, ft->bad);
	return error ? xfsw_fail(call, path, error) : 0;
}

/* The top has the owner that everything gets, also when no member stands for it. */
static int own_top(struct from_tar *ft)
{
	struct xfs_iattr iattr = {.size = sizeof(iattr),
				  .valid = ft->sink->owner_valid,
				  .uid = ft->sink->uid,
				  .gid = ft->sink->gid};

	return iattr.valid ? xfs_fsetattr(ft->top, &iattr) : 0;
}

/* The end of the stream: what had to wait for it. */
static int finish(struct from_tar *ft, const char *source)
{
	int code = tar_acls_finish(&ft->acls, ft->sink), error;

	if (ft->late_times)
		xfsw_complain(ft->sink->call, source,
			      "%ju members have times before 1901 or after 2486, which became the "
			      "nearest that an inode holds",
			      (uintmax_t)ft->late_times);
	if (code)
		return code;
	error = set_directory_times(ft);
	return error ? xfsw_fail(ft->sink->call, source, error) : 0;
}

int sink_from_tar(struct xfsw_sink *sink, const char *source, struct xfs_file *top)
{
	struct from_tar ft = { .sink = sink, .top = top };
	struct archive_entry *entry;
	int more, code = 0, error;

	sink->replace = true;
	/* From here on the tree's own names are those that the stream brings. */
	owners_use_image(&sink->owners, sink->mp);
	ft.archive = tar_open(sink, source);
	if (!ft.archive)
		return XFSW_FAILED;
	error = own_top(&ft);
	if (error)
		code = xfsw_fail(sink->call, source, error);
	while (!code && (more = tar_next(sink, source, ft.archive, true, &entry)) != 0) {
		if (xfsw_interrupted())
			code = XFSW_INTERRUPTED;
		else
			code = more < 0 ? XFSW_FAILED : add_member(&ft, entry, source);
	}
	drop_levels(&ft, 0);
	if (!code)
		code = finish(&ft, source);
	code = sink_settle(sink, code);
	free(ft.levels);
	free(ft.dirs);
	str_free(&ft.path);
	tar_acls_free(&ft.acls);
	archive_read_free(ft.archive);
	return code;
}

#endif
