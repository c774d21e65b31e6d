/* SPDX-License-Identifier: MIT */
/*
 * The attributes of an object of the image onto its copy on the host.  Each is set on its own: what
 * the host refuses is counted by kind, and the others follow.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "xfsw/host.h"

#define BUF_SIZE	(1u << 20)
#define FIXED_FLAGS	(XFS_XFLAG_IMMUTABLE | XFS_XFLAG_APPEND)
/* Not for copies: they tell what the inode has, or where its data is. */
#define NOT_SET		(XFS_XFLAG_PREALLOC | XFS_XFLAG_HASATTR | XFS_XFLAG_REALTIME)
#define ALL_FLAGS	(1u << KEEP_FLAGS | 1u << KEEP_PROJECT | 1u << KEEP_HINTS)

int restore_init(struct host_restore *r, const struct xfsw_call *call)
{
	memset(r, 0, sizeof(*r));
	keep_init(&r->keep, call);
	r->root = geteuid() == 0;
	r->list = malloc(BUF_SIZE);
	r->value = malloc(BUF_SIZE);
	return r->list && r->value ? 0 : -ENOMEM;
}

/* Set-id bits belong to an owner: without him they go. */
static void restore_owner(struct host_restore *r, const struct xfs_stat *st, int dirfd, int fd,
			  const char *name, uint32_t *mode)
{
	const uid_t none = (uid_t)-1;
	const char *what = fd >= 0 ? "" : name;
	const int flags = fd >= 0 ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
	int at = fd >= 0 ? fd : dirfd, error;

	if (!r->root || !keep_wants(&r->keep, KEEP_OWNER)) {
		if (st->uid != geteuid())
			*mode &= ~(uint32_t)S_ISUID;
		if (st->gid != getegid())
			*mode &= ~(uint32_t)S_ISGID;
		return;
	}
	if (fchownat(at, what, st->uid, st->gid, flags) == 0)
		return;
	error = xfsw_errno();
	/* One of the two may be possible. */
	if (fchownat(at, what, none, st->gid, flags))
		*mode &= ~(uint32_t)S_ISGID;
	if (fchownat(at, what, st->uid, (gid_t)none, flags))
		*mode &= ~(uint32_t)S_ISUID;
	keep_lost(&r->keep, KEEP_OWNER, error);
}

/* @fd, or with -1 the link or special file @name in @dirfd. */
static int set_xattr(int dirfd, int fd, const char *name, const char *attr, const void *value,
		     size_t size)
{
	char path[300];

	if (fd >= 0)
		return fsetxattr(fd, attr, value, size, 0) ? xfsw_errno() : 0;
	if (!xfsw_name_is_plain(name, strlen(name)))
		return xfsw_error(-EUCLEAN);
	/* There is no ...at form of this call on older kernels. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return lsetxattr(path, attr, value, size, 0) ? xfsw_errno() : 0;
}

/* 0, or -errno of the image. */
static int restore_xattrs(struct host_restore *r, struct xfs_file *file, int dirfd, int fd,
			  const char *name)
{
	ssize_t len = xfs_flistxattr(file, r->list, BUF_SIZE);

	if (len < 0)
		return (int)len;
	for (const char *attr = r->list; attr < r->list + len; attr += strlen(attr) + 1) {
		enum keep_kind kind = keep_xattr_kind(attr);
		ssize_t size;
		int error;

		if (!host_xattr_fits(attr, &r->left_out) || !keep_wants(&r->keep, kind))
			continue;
		size = xfs_fgetxattr(file, attr, r->value, BUF_SIZE);
		if (size < 0)
			return (int)size;
		error = set_xattr(dirfd, fd, name, attr, r->value, (size_t)size);
		if (error)
			keep_lost(&r->keep, kind, error);
	}
	return 0;
}

static int change_mode(int dirfd, int fd, const char *name, uint32_t mode)
{
	if (fd >= 0)
		return fchmod(fd, (mode_t)mode) ? xfsw_errno() : 0;
	return host_chmod(dirfd, name, (mode_t)mode);
}

static void restore_mode(struct host_restore *r, int dirfd, int fd, const char *name, uint32_t mode)
{
	int error = change_mode(dirfd, fd, name, keep_mode(&r->keep, mode));

	if (!error)
		return;
	keep_lost(&r->keep, KEEP_MODE, error);
	/* Set-id and sticky bits may be what is refused. */
	if (mode & 07000)
		(void)!change_mode(dirfd, fd, name, mode & 0777);
}

static void restore_times(struct host_restore *r, const struct xfs_stat *st, int dirfd, int fd,
			  const char *name)
{
	const struct timespec times[2] = { xfsw_host_time(st->atime), xfsw_host_time(st->mtime) };

	if (keep_wants(&r->keep, KEEP_TIMES) &&
	    (fd >= 0 ? futimens(fd, times) : utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW)))
		keep_lost(&r->keep, KEEP_TIMES, xfsw_errno());
}

static void restore_flags(struct host_restore *r, const struct xfs_stat *st, int dirfd, int fd,
			  const char *name, unsigned int how)
{
	struct host_flags want = {
		.xflags = st->xflags & ~NOT_SET,
		.projid = st->projid,
		.extsize_bytes = st->extsize_bytes,
		.cowextsize_bytes = st->cowextsize_bytes,
	};
	/* A file's hints were set before it had data. */
	uint32_t kinds = S_ISREG(st->mode) ? ALL_FLAGS & ~(1u << KEEP_HINTS) : ALL_FLAGS;
	struct host_flags now;

	if ((st->xflags & XFS_XFLAG_REALTIME) && keep_wants(&r->keep, KEEP_FLAGS))
		keep_lost(&r->keep, KEEP_FLAGS, -EOPNOTSUPP);
	if (how & RESTORE_MORE_NAMES)
		want.xflags &= ~FIXED_FLAGS;
	if ((how & RESTORE_FOUND) && host_get_flags(dirfd, fd, name, &now) == 0) {
		want.xflags |= now.xflags;
		if (!want.projid)
			want.projid = now.projid;
		if (!want.extsize_bytes)
			want.extsize_bytes = now.extsize_bytes;
		if (!want.cowextsize_bytes)
			want.cowextsize_bytes = now.cowextsize_bytes;
	}
	host_set_flags(dirfd, fd, name, &want, kinds, &r->keep);
}

void restore_before_data(struct host_restore *r, const struct xfs_stat *st, int fd)
{
	const struct host_flags want = {
		.xflags = st->xflags & ~NOT_SET,
		.extsize_bytes = st->extsize_bytes,
		.cowextsize_bytes = st->cowextsize_bytes,
	};

	host_set_flags(AT_FDCWD, fd, NULL, &want, 1u << KEEP_HINTS, &r->keep);
}

/*
 * Owner, then attributes (giving a file away drops its capabilities), then mode (which giving away
 * changes too), then times, then flags, some of which allow no more changes.
 */
int restore_attributes(struct host_restore *r, struct xfs_file *file, const struct xfs_stat *st,
		       int dirfd, int fd, const char *name, unsigned int how)
{
	uint32_t mode = st->mode & 07777;
	int error;

	restore_owner(r, st, dirfd, fd, name, &mode);
	error = restore_xattrs(r, file, dirfd, fd, name);
	if (!S_ISLNK(st->mode))
		restore_mode(r, dirfd, fd, name, mode);
	restore_times(r, st, dirfd, fd, name);
	restore_flags(r, st, dirfd, fd, name, how);
	return error;
}

int restore_later(struct host_restore *r, const struct xfs_stat *st, const struct stat *host,
		  const char *path)
{
	struct host_later *later;

	if (!(st->xflags & FIXED_FLAGS) || !keep_wants(&r->keep, KEEP_FLAGS))
		return 0;
	if (r->nlater == r->max_later) {
		size_t max = r->max_later ? r->max_later * 2 : 64;
		void *v = realloc(r->later, max * sizeof(*r->later));

		if (!v)
			return -ENOMEM;
		r->later = v;
		r->max_later = max;
	}
	later = &r->later[r->nlater];
	later->path = strdup(path);
	if (!later->path)
		return -ENOMEM;
	later->st = *st;
	later->dev = host->st_dev;
	later->ino = host->st_ino;
	r->nlater++;
	return 0;
}

/* The file itself, if it is still where it was made; a descriptor or -errno. */
static int open_again(int top, const struct host_later *later)
{
	char *slash = strrchr(later->path, '/');
	const char *name = slash ? slash + 1 : later->path;
	struct stat st;
	int dirfd, fd;

	if (slash)
		*slash = 0;
	dirfd = host_open_below(top, slash ? later->path : "");
	if (dirfd < 0)
		return dirfd;
	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? xfsw_errno() : fd;
	close(dirfd);
	if (fd >= 0 && (fstat(fd, &st) || st.st_dev != later->dev || st.st_ino != later->ino)) {
		close(fd);
		fd = xfsw_error(-ESTALE);
	}
	return fd;
}

void restore_settle(struct host_restore *r, int top)
{
	for (size_t i = 0; i < r->nlater; i++) {
		struct host_later *later = &r->later[i];
		int fd = S_ISREG(later->st.mode) ? open_again(top, later) : -EOPNOTSUPP;

		if (fd < 0) {
			keep_lost(&r->keep, KEEP_FLAGS, fd);
			continue;
		}
		restore_flags(r, &later->st, AT_FDCWD, fd, NULL, 0);
		close(fd);
	}
}

int restore_end(struct host_restore *r, const struct xfsw_call *call, int code)
{
	bool lost = keep_report(&r->keep, call);

	if (r->left_out)
		lost = xfsw_complain(
			call, NULL,
			"%ju attributes of namespaces that the host does not have were left out",
			(uintmax_t)r->left_out);
	for (size_t i = 0; i < r->nlater; i++)
		free(r->later[i].path);
	free(r->later);
	free(r->list);
	free(r->value);
	/* Others than root know that they do not get everything. */
	return lost && r->root && code == XFSW_OK ? XFSW_FAILED : code;
}
