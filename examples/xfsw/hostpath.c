/* SPDX-License-Identifier: MIT */
/*
 * Making objects on the host under names that come from an image.
 *
 * (H1) A name is one component (xfsw_name_is_plain()), looked up in a directory that is held by
 *      descriptor.  All functions here refuse others with -EUCLEAN.
 * (H2) Nothing is opened or changed through a symbolic link, be it on the host before, made by
 *      the copy itself, or put there by somebody else meanwhile: O_NOFOLLOW, or a descriptor of
 *      the object itself.
 * (H3) Files are made new (O_EXCL).  What has the name already is never written into: it is an
 *      error, or is unlinked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "xfsw/host.h"

#if defined(__has_include) && defined(SYS_openat2)
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#define HAVE_OPENAT2
#endif
#endif

#define DIR_FLAGS	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool plain(const char *name)
{
	return xfsw_name_is_plain(name, strlen(name));
}

/* Is it what was made or opened a moment ago? */
static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int host_make_way(int dirfd, const char *name)
{
	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return xfsw_errno();
	return unlinkat(dirfd, name, AT_REMOVEDIR) ? xfsw_errno() : 0;
}

int host_make_file(int dirfd, const char *name, bool replace)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	fd = openat(dirfd, name, flags, 0600);
	if (fd < 0 && errno == EEXIST && replace) {
		int error = host_make_way(dirfd, name);

		if (error)
			return error;
		fd = openat(dirfd, name, flags, 0600);
	}
	return fd < 0 ? xfsw_errno() : fd;
}

int host_make_temporary(int dirfd, char name[HOST_TEMPORARY])
{
	static unsigned int count;
	int fd = -EEXIST;

	/* Others may have such names, but not for ever the next one. */
	for (unsigned int tries = 0; tries < 1000 && fd == -EEXIST; tries++) {
		snprintf(name, HOST_TEMPORARY, ".xfsw-%ld-%u", (long)getpid(), count++);
		fd = host_make_file(dirfd, name, false);
	}
	return fd;
}

int host_take_name(int dirfd, const char *temporary, const char *name)
{
	if (!plain(temporary) || !plain(name))
		return xfsw_error(-EUCLEAN);
	if (renameat(dirfd, temporary, dirfd, name) == 0)
		return 0;
	if (errno != EISDIR)
		return xfsw_errno();
	/* An empty directory makes way, as it does for other objects. */
	if (unlinkat(dirfd, name, AT_REMOVEDIR) || renameat(dirfd, temporary, dirfd, name))
		return xfsw_errno();
	return 0;
}

/* The link to an open file in /proc, which linkat() follows. */
static void link_of_fd(int fd, char path[64])
{
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

int host_make_new(int dirfd, bool temporary, struct host_new *new)
{
	char path[64];

	new->temporary[0] = 0;
	new->fd = temporary ? -1 : openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (new->fd >= 0) {
		link_of_fd(new->fd, path);
		if (access(path, F_OK) == 0)
			return 0;
		close(new->fd);
	}
	new->fd = host_make_temporary(dirfd, new->temporary);
	return new->fd < 0 ? new->fd : 0;
}

/* The same file under a temporary name, for rename(2), which alone replaces. */
static int give_temporary(int dirfd, struct host_new *new, const char *path)
{
	static unsigned int count;

	for (unsigned int tries = 0; tries < 1000; tries++) {
		snprintf(new->temporary, HOST_TEMPORARY, ".xfsw-%ld-l%u", (long)getpid(), count++);
		if (linkat(AT_FDCWD, path, dirfd, new->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	new->temporary[0] = 0;
	return xfsw_errno();
}

static int name_unnamed(int dirfd, struct host_new *new, const char *name, bool replace)
{
	char path[64];
	int error;

	link_of_fd(new->fd, path);
	if (linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	error = xfsw_errno();
	if (error == -EEXIST && replace)
		error = give_temporary(dirfd, new, path);
	/* Sandboxes and file systems that make such files may still have no names for them. */
	if (error == -EPERM || error == -EACCES || error == -ENOENT || error == -EXDEV ||
	    error == -EINVAL || error == -ENOSYS)
		return -EOPNOTSUPP;
	return error || !new->temporary[0] ? error : host_take_name(dirfd, new->temporary, name);
}

int host_name_new(int dirfd, struct host_new *new, const char *name, bool replace)
{
	struct stat st;
	int error;

	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	if (!new->temporary[0])
		error = name_unnamed(dirfd, new, name, replace);
	else if (!replace && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		error = -EEXIST;
	else
		error = host_take_name(dirfd, new->temporary, name);
	if (!error)
		new->temporary[0] = 0;
	return error;
}

void host_drop_new(int dirfd, struct host_new *new)
{
	if (new->temporary[0])
		unlinkat(dirfd, new->temporary, 0);
	close(new->fd);
	new->fd = -1;
}

static int open_dir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, DIR_FLAGS);

	return fd < 0 ? xfsw_errno() : fd;
}

int host_make_dir(int dirfd, const char *name, bool replace)
{
	int fd;

	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	if (mkdirat(dirfd, name, 0700) == 0)
		return open_dir(dirfd, name);
	if (errno != EEXIST || !replace)
		return xfsw_errno();
	fd = open_dir(dirfd, name);
	/* A directory is used; a file, or a link wherever it leads, makes way for one. */
	if (fd != -ENOTDIR && fd != -ELOOP)
		return fd;
	if (unlinkat(dirfd, name, 0) || mkdirat(dirfd, name, 0700))
		return xfsw_errno();
	return open_dir(dirfd, name);
}

int host_make_special(int dirfd, const char *name, const struct host_special *what, bool replace)
{
	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	for (;;) {
		int result = what->target ? symlinkat(what->target, dirfd, name)
					  : mknodat(dirfd, name, what->mode, what->rdev);
		int error = result ? xfsw_errno() : 0;

		if (error != -EEXIST || !replace)
			return error;
		replace = false;
		error = host_make_way(dirfd, name);
		if (error)
			return error;
	}
}

int host_chmod(int dirfd, const char *name, mode_t mode)
{
	char path[64];
	struct stat st;
	int fd, error = 0;

	if (!plain(name))
		return xfsw_error(-EUCLEAN);
	/* fchmodat() follows links where the kernel has no fchmodat2(). */
	fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return xfsw_errno();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) || (!S_ISLNK(st.st_mode) && chmod(path, mode)))
		error = xfsw_errno();
	close(fd);
	return error;
}

#ifdef HAVE_OPENAT2
/* The whole path in one call; -ENOSYS: ask component by component. */
static int open_at_once(int top, const char *path)
{
	struct open_how how = {
		.flags = DIR_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (strlen(path) >= PATH_MAX)
		return -ENOSYS;
	fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	/* Filters of system calls answer EPERM for those they do not know. */
	return errno == EPERM || errno == EINVAL || errno == E2BIG ? -ENOSYS : xfsw_errno();
}
#else
static int open_at_once(int top, const char *path)
{
	(void)top;
	(void)path;
	return -ENOSYS;
}
#endif

static int open_by_parts(int top, const char *path)
{
	int fd = open_dir(top, ".");

	while (*path && fd >= 0) {
		size_t len = strcspn(path, "/");
		char name[256];
		int next;

		if (!xfsw_name_is_plain(path, len)) {
			close(fd);
			return xfsw_error(-EUCLEAN);
		}
		memcpy(name, path, len);
		name[len] = 0;
		next = open_dir(fd, name);
		close(fd);
		fd = next;
		path += len + (path[len] == '/');
	}
	return fd;
}

int host_open_below(int top, const char *path)
{
	const char *part = path;
	int fd;

	/* openat2() alone would let "a/../b" pass. */
	while (*part) {
		size_t len = strcspn(part, "/");

		if (!xfsw_name_is_plain(part, len))
			return xfsw_error(-EUCLEAN);
		part += len + (part[len] == '/');
	}
	fd = *path ? open_at_once(top, path) : -ENOSYS;
	return fd == -ENOSYS ? open_by_parts(top, path) : fd;
}

int host_link(int top, const struct xfsw_link *link, int dirfd, const char *name, bool replace)
{
	const struct stat want = { .st_dev = (dev_t)link->host_dev,
				   .st_ino = (ino_t)link->host_ino };
	struct xfsw_str parent = { 0 };
	const char *slash = strrchr(link->path, '/');
	const char *last = slash ? slash + 1 : link->path;
	struct stat st;
	int from, error = 0;

	if (!plain(name) || !plain(last))
		return xfsw_error(-EUCLEAN);
	if (!str_set(&parent, slash ? link->path : ""))
		return -ENOMEM;
	if (slash)
		parent.s[slash - link->path] = 0;
	from = host_open_below(top, parent.s);
	str_free(&parent);
	if (from < 0)
		return from;
	if (fstatat(from, last, &st, AT_SYMLINK_NOFOLLOW))
		error = xfsw_errno();
	else if (!same(&st, &want))
		error = xfsw_error(-ESTALE);	/* somebody put another object there */
	if (!error && linkat(from, last, dirfd, name, 0)) {
		error = xfsw_errno();
		if (error == -EEXIST && replace) {
			error = host_make_way(dirfd, name);
			if (!error && linkat(from, last, dirfd, name, 0))
				error = xfsw_errno();
		}
	}
	/* It may have been swapped in between: then it is not ours to give a name to. */
	if (!error && (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) || !same(&st, &want))) {
		unlinkat(dirfd, name, 0);
		error = xfsw_error(-ESTALE);
	}
	close(from);
	return error;
}
