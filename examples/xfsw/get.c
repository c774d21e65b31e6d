/* SPDX-License-Identifier: MIT */
/*
 * xfsw get: a file or tree out of an image.
 *
 * The image may be hostile: host objects are made new, in directories held by
 * descriptor, never through a name that exists or a link, so that nothing lands outside of the
 * directory the user named.  What is there already is an error, or removed with -f.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "xfsw/host.h"

#define BUF_SIZE	(1u << 20)

struct get {
	struct xfsw_call *call;
	struct xfsw_progress progress;
	struct xfsw_fds fds;
	struct xfsw_links links;
	struct xfsw_str path;		/* below the top, for messages and links */
	int top;			/* descriptor the paths of links start from */
	bool root;			/* allowed to give files away */
	bool force;
	int code;			/* the worst so far */
	uint64_t left_out;		/* attributes the host did not take */
	char *buf, *list;
};

/* Something went wrong with one object; the others go on. */
static void failed(struct get *g, int error)
{
	g->code = xfsw_fail(g->call, g->path.len ? g->path.s : ".", error);
}

/* -EEXIST becomes a removal with -f.  True: try again. */
static bool make_way(struct get *g, int dirfd, const char *name, int error)
{
	return error == EEXIST && g->force &&
	       (unlinkat(dirfd, name, 0) == 0 || unlinkat(dirfd, name, AT_REMOVEDIR) == 0);
}

static int write_all(int fd, const char *buf, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = pwrite(fd, buf, len, (off_t)offset);

		if (done < 0)
			return -errno;
		buf += done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
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
			uint64_t len = (uint64_t)hole - offset;
			ssize_t got = xfs_pread(file, g->buf,
						len < BUF_SIZE ? (size_t)len : BUF_SIZE, offset);
			int error = got <= 0 ? (got < 0 ? (int)got : -EIO)
					     : write_all(fd, g->buf, (size_t)got, offset);

			if (error)
				return error;
			offset += (uint64_t)got;
			g->progress.bytes += (uint64_t)got;
			xfsw_progress_step(&g->progress);
			if (xfsw_interrupted())
				return -EINTR;
		}
	}
	return ftruncate(fd, (off_t)size) ? -errno : 0;
}

/* @fd, or with -1 the link or special file @name in @dirfd. */
static int set_xattr(int dirfd, int fd, const char *name, const char *attr, const void *value,
		     size_t size)
{
	char path[300];

	if (fd >= 0)
		return fsetxattr(fd, attr, value, size, 0) ? -errno : 0;
	if (dirfd == AT_FDCWD)
		return lsetxattr(name, attr, value, size, 0) ? -errno : 0;
	/* There is no ...at form of this call on older kernels. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return lsetxattr(path, attr, value, size, 0) ? -errno : 0;
}

static int copy_xattrs(struct get *g, struct xfs_file *file, int dirfd, int fd, const char *name)
{
	ssize_t len = xfs_flistxattr(file, g->list, BUF_SIZE);

	if (len < 0)
		return (int)len;
	for (const char *attr = g->list; attr < g->list + len; attr += strlen(attr) + 1) {
		ssize_t size;
		int error;

		if (!host_xattr_fits(attr, &g->left_out))
			continue;
		size = xfs_fgetxattr(file, attr, g->buf, BUF_SIZE);
		if (size < 0)
			return (int)size;
		error = set_xattr(dirfd, fd, name, attr, g->buf, (size_t)size);
		if (error == -EPERM || error == -EOPNOTSUPP || error == -EACCES)
			g->left_out++;
		else if (error)
			return error;
	}
	return 0;
}

/*
 * Owner, then attributes (giving a file away drops its capabilities), then mode (which
 * giving away changes too), then times.
 */
static int copy_attributes(struct get *g, struct xfs_file *file, const struct xfs_stat *st,
			   int dirfd, int fd, const char *name)
{
	const struct timespec times[2] = { st->atime, st->mtime };
	uint32_t mode = st->mode & 07777;
	int error;

	if (g->root && fchownat(dirfd, name, st->uid, st->gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!g->root && (st->uid != geteuid() || st->gid != getegid()))
		mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	error = copy_xattrs(g, file, dirfd, fd, name);
	if (error)
		return error;
	if (fd >= 0 ? fchmod(fd, mode)
		    : !S_ISLNK(st->mode) && fchmodat(dirfd, name, mode, 0))
		return -errno;
	if (fd >= 0 ? futimens(fd, times) : utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return 0;
}

static int get_regular(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags, 0600), error;

	if (fd < 0 && make_way(g, dirfd, name, errno))
		fd = openat(dirfd, name, flags, 0600);
	if (fd < 0)
		return -errno;
	error = copy_data(g, file, fd, st->size_bytes);
	if (!error)
		error = copy_attributes(g, file, st, dirfd, fd, name);
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int make_special(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
			const char *name)
{
	char target[1025];
	ssize_t len;

	(void)g;
	if (!S_ISLNK(st->mode))
		return mknodat(dirfd, name, (mode_t)(st->mode & S_IFMT) | 0600,
			       makedev(st->rdev_major, st->rdev_minor)) ? -errno : 0;
	len = xfs_freadlink(file, target, sizeof(target) - 1);
	if (len < 0)
		return (int)len;
	target[len] = 0;
	return symlinkat(target, dirfd, name) ? -errno : 0;
}

static int get_special(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name)
{
	int error = make_special(g, file, st, dirfd, name);

	if (error && make_way(g, dirfd, name, -error))
		error = make_special(g, file, st, dirfd, name);
	return error ? error : copy_attributes(g, file, st, dirfd, -1, name);
}

/* 1: @name was made as a further name of what is out already. */
static int try_link(struct get *g, const struct xfs_stat *st, int dirfd, const char *name)
{
	struct xfsw_link *link = links_find(&g->links, 1, st->ino);
	int result;

	if (!link)
		return 0;
	result = linkat(g->top, link->path, dirfd, name, 0);
	if (result && make_way(g, dirfd, name, errno))
		result = linkat(g->top, link->path, dirfd, name, 0);
	if (result)
		return -errno;
	links_seen(&g->links, link);
	return 1;
}

static int get_other(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		     const char *name)
{
	int error;

	if (st->nlink > 1) {
		error = try_link(g, st, dirfd, name);
		if (error)
			return error < 0 ? error : 0;
	}
	error = S_ISREG(st->mode) ? get_regular(g, file, st, dirfd, name)
				  : get_special(g, file, st, dirfd, name);
	if (!error && st->nlink > 1)
		error = links_add(&g->links, 1, st->ino, st->nlink, 0, g->path.s);
	return error;
}

static void get_directory(struct get *g, struct xfs_file *dir, const struct xfs_stat *st);

/* Make directory @name, go into it, fill it, come back. */
static int get_child_directory(struct get *g, struct xfs_file *dir, const struct xfs_stat *st,
			       const char *name)
{
	int parent = fds_top(&g->fds), fd, error;
	struct stat host;

	if (mkdirat(parent, name, 0700) && !(errno == EEXIST && g->force))
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &host))
		error = -errno;
	else
		error = fds_push(&g->fds, fd, &host);
	if (error) {
		close(fd);
		return error;
	}
	get_directory(g, dir, st);
	return fds_pop(&g->fds);
}

static int get_entry(struct get *g, struct xfs_file *dir, const struct xfsw_name *name)
{
	int flags = name->type == DT_REG ? O_RDONLY : name->type == DT_DIR ? O_RDONLY | O_DIRECTORY
									      : O_PATH;
	struct xfs_file *file;
	struct xfs_stat st;
	int error;

	error = xfs_openat(dir, name->name, flags | O_NOFOLLOW, 0, &file);
	if (error)
		return error;
	error = xfs_fgetattr(file, &st);
	if (!error && flags == O_PATH && (S_ISREG(st.mode) || S_ISDIR(st.mode))) {
		/* The directory did not tell the type. */
		xfs_close(file);
		error = xfs_open_by_ino(g->call->img->mp, st.ino, st.gen, O_RDONLY, &file);
		if (error)
			return error;
	}
	if (!error)
		error = S_ISDIR(st.mode) ? get_child_directory(g, file, &st, name->name)
					 : get_other(g, file, &st, fds_top(&g->fds), name->name);
	xfs_close(file);
	return error;
}

/* Fill the host directory on top of the stack; errors are told and the rest goes on. */
static void get_directory(struct get *g, struct xfs_file *dir, const struct xfs_stat *st)
{
	size_t len = g->path.len;
	struct xfsw_names names;
	int error = xfsw_read_names(dir, &names);

	if (error) {
		failed(g, error);
		return;
	}
	for (size_t i = 0; i < names.n && g->code != XFSW_INTERRUPTED; i++) {
		g->progress.objects++;
		xfsw_progress_step(&g->progress);
		if (xfsw_interrupted())
			error = -EINTR;
		else if (!str_join(&g->path, len, names.v[i].name))
			error = -ENOMEM;
		else
			error = get_entry(g, dir, &names.v[i]);
		if (error)
			failed(g, error);
		g->path.len = len;
		g->path.s[len] = 0;
	}
	xfsw_free_names(&names);
	error = copy_attributes(g, dir, st, fds_top(&g->fds), fds_top(&g->fds), ".");
	if (error)
		failed(g, error);
}

/* HOSTDIR for a directory: the copy itself, merged into what is there. */
static int get_top_directory(struct get *g, struct xfs_file *file, const struct xfs_stat *st,
			     const char *host)
{
	struct stat host_st;
	int error = 0;

	if (mkdir(host, 0700) && errno != EEXIST)
		return xfsw_fail(g->call, host, -errno);
	g->top = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->top < 0 || fstat(g->top, &host_st))
		return xfsw_fail(g->call, host, -errno);
	error = fds_push(&g->fds, g->top, &host_st);
	if (error || !str_set(&g->path, ""))
		return xfsw_fail(g->call, host, -ENOMEM);
	get_directory(g, file, st);
	return g->code;
}

static int get_top_other(struct get *g, struct xfs_file *file, const struct xfs_stat *st,
			 const char *path, const char *host)
{
	struct xfsw_str target = { 0 };
	struct stat host_st;
	char base[256];
	int error = 0;

	if (stat(host, &host_st) == 0 && S_ISDIR(host_st.st_mode)) {
		const char *name = xfsw_basename(path, base);

		if (!name || !str_set(&target, host) || !str_join(&target, target.len, name))
			error = -ENAMETOOLONG;
	} else if (!str_set(&target, host)) {
		error = -ENOMEM;
	}
	if (!error)
		error = S_ISREG(st->mode) ? get_regular(g, file, st, AT_FDCWD, target.s)
					  : get_special(g, file, st, AT_FDCWD, target.s);
	if (error)
		xfsw_fail(g->call, target.s ? target.s : host, error);
	str_free(&target);
	return error ? XFSW_FAILED : XFSW_OK;
}

static int finish(struct get *g, int code)
{
	xfsw_progress_end(&g->progress);
	fds_free(&g->fds);
	links_free(&g->links);
	str_free(&g->path);
	free(g->buf);
	free(g->list);
	if (g->left_out) {
		xfsw_complain(g->call, NULL, "%ju extended attributes were left out: the host %s",
			      (uintmax_t)g->left_out,
			      g->root ? "cannot hold them" : "takes them from root only");
		if (g->root && !code)
			code = XFSW_FAILED;
	}
	return code;
}

static int run_get(struct xfsw_call *call)
{
	const char *path = call->argv[0], *host = call->argv[1];
	struct get g = { .call = call, .root = geteuid() == 0, .force = xfsw_has(call, 'f') };
	struct xfs_file *file;
	struct xfs_stat st;
	int error, code;

	g.buf = malloc(BUF_SIZE);
	g.list = malloc(BUF_SIZE);
	if (!g.buf || !g.list)
		return finish(&g, xfsw_fail(call, NULL, -ENOMEM));
	error = xfs_getattr(call->img->mp, path, false, &st);
	if (!error)
		error = xfs_open(call->img->mp, path,
				 (S_ISREG(st.mode) || S_ISDIR(st.mode) ? O_RDONLY : O_PATH) |
					 O_NOFOLLOW,
				 0, &file);
	if (error)
		return finish(&g, xfsw_fail(call, path, error));
	umask(0);
	xfsw_progress_start(&g.progress, "get", xfsw_has(call, XFSW_OPT_QUIET));
	code = S_ISDIR(st.mode) ? get_top_directory(&g, file, &st, host)
				: get_top_other(&g, file, &st, path, host);
	xfs_close(file);
	return finish(&g, code);
}

const struct xfsw_verb verb_get = {
	.name = "get",
	.operands = "[-f] IMG PATH HOSTPATH",
	.summary = "Copy a file or tree out of an image",
	.help = "A directory PATH: HOSTPATH becomes its copy, made if missing.  Anything else:\n"
		"HOSTPATH is the new name, or a directory to put it into.  As root all\n"
		"attributes are copied: owner, mode, times, extended attributes, ACLs, hard\n"
		"links, holes, devices; others get what the host lets them have, without set-id\n"
		"bits on files that change hands.  An object that fails is told of and the\n"
		"others go on.\n\n"
		"  -f               replace what exists\n"
		"  -q, --quiet      no progress\n",
	.shortopts = "f",
	.open = XFSW_OPEN_READ,
	.flags = XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_get,
};
