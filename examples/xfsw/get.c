/* SPDX-License-Identifier: MIT */
/*
 * xfsw get: a file or tree out of an image.
 *
 * The image may be hostile: nothing lands outside of the directory the user named, by the
 * rules of hostpath.c.  What is there already is an error, or removed with -f.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "xfsw/host.h"
#include "xfsw/walk.h"

#define BUF_SIZE	(1u << 20)

struct get {
	struct xfsw_call *call;
	struct xfsw_progress progress;
	struct xfsw_fds fds;
	struct xfsw_links links;
	size_t top_len;			/* of the path of the image's top directory */
	int top;			/* the host's, which the paths of links start from */
	bool root;			/* allowed to give files away */
	bool force;
	uint64_t left_out;		/* attributes the host did not take */
	char *buf, *list;
};

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
	if (!xfsw_name_is_plain(name, strlen(name)))
		return -EUCLEAN;
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

	if (g->root && (fd >= 0 ? fchown(fd, st->uid, st->gid)
			    : fchownat(dirfd, name, st->uid, st->gid, AT_SYMLINK_NOFOLLOW)))
		return -errno;
	if (!g->root && (st->uid != geteuid() || st->gid != getegid()))
		mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	error = copy_xattrs(g, file, dirfd, fd, name);
	if (error)
		return error;
	error = fd < 0 ? host_chmod(dirfd, name, mode) : fchmod(fd, mode) ? -errno : 0;
	if (error)
		return error;
	if (fd >= 0 ? futimens(fd, times) : utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return 0;
}

/* @st_out: of what was made, for its further names. */
static int get_regular(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name, struct stat *st_out)
{
	int fd = host_make_file(dirfd, name, g->force), error;

	if (fd < 0)
		return fd;
	error = copy_data(g, file, fd, st->size_bytes);
	if (!error)
		error = copy_attributes(g, file, st, dirfd, fd, name);
	if (!error && fstat(fd, st_out))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int get_special(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		       const char *name, struct stat *st_out)
{
	struct host_special what = {
		.mode = (mode_t)(st->mode & S_IFMT) | 0600,
		.rdev = makedev(st->rdev_major, st->rdev_minor),
	};
	char target[1025];
	int error;

	if (S_ISLNK(st->mode)) {
		ssize_t len = xfs_freadlink(file, target, sizeof(target) - 1);

		if (len < 0)
			return (int)len;
		target[len] = 0;
		what.target = target;
	}
	error = host_make_special(dirfd, name, &what, g->force);
	if (!error)
		error = copy_attributes(g, file, st, dirfd, -1, name);
	if (!error && fstatat(dirfd, name, st_out, AT_SYMLINK_NOFOLLOW))
		error = -errno;
	return error;
}

static int get_object(struct get *g, struct xfs_file *file, const struct xfs_stat *st, int dirfd,
		      const char *name, struct stat *st_out)
{
	return S_ISREG(st->mode) ? get_regular(g, file, st, dirfd, name, st_out)
				 : get_special(g, file, st, dirfd, name, st_out);
}

/* The first of several names: the others will be links to it. */
static int remember(struct get *g, const struct xfsw_node *node, const struct stat *st)
{
	struct xfsw_link *link;
	int error = links_add(&g->links, 1, node->st.ino, node->st.nlink, 0,
			      node->path + g->top_len);

	if (error)
		return error;
	link = links_find(&g->links, 1, node->st.ino);
	link->host_dev = st->st_dev;
	link->host_ino = st->st_ino;
	return 0;
}

static bool step(struct get *g)
{
	g->progress.objects++;
	xfsw_progress_step(&g->progress);
	return !xfsw_interrupted();
}

static int get_entry(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int dirfd = fds_top(&g->fds), error;
	struct xfsw_link *link;
	struct stat st;

	if (!step(g))
		return -EINTR;
	link = node->st.nlink > 1 ? links_find(&g->links, 1, node->st.ino) : NULL;
	if (link) {
		error = host_link(g->top, link, dirfd, node->name, g->force);
		if (!error)
			links_seen(&g->links, link);
		return error;
	}
	error = get_object(g, node->file, &node->st, dirfd, node->name, &st);
	return error || node->st.nlink < 2 ? error : remember(g, node, &st);
}

static int push_dir(struct get *g, int fd)
{
	struct stat st;
	int error = fstat(fd, &st) ? -errno : fds_push(&g->fds, fd, &st);

	if (error)
		close(fd);
	return error;
}

/* Make the directory, and go into it; the top is there. */
static int enter_directory(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int fd;

	if (!step(g))
		return -EINTR;
	if (!node->level)
		return 0;
	fd = host_make_dir(fds_top(&g->fds), node->name, g->force);
	return fd < 0 ? fd : push_dir(g, fd);
}

static int leave_directory(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct get *g = walk->ctx;
	int fd = fds_top(&g->fds);
	int error = copy_attributes(g, node->file, &node->st, fd, fd, ".");

	if (error)
		xfsw_walk_tell(walk, node->path, error);
	if (!node->level)
		return 0;
	error = fds_pop(&g->fds);
	if (!error)
		return 0;
	/* Somebody moves directories about: there is no place to go on from. */
	xfsw_walk_tell(walk, node->path, error);
	return XFSW_WALK_STOP;
}

static const struct xfsw_visitor get_visitor = {
	.enter = enter_directory, .visit = get_entry, .leave = leave_directory,
};

/* HOSTDIR for a directory: the copy itself, merged into what is there. */
static int get_tree(struct get *g, const char *path, const char *host)
{
	struct xfsw_walk walk = {
		.call = g->call, .visitor = &get_visitor, .ctx = g, .flags = XFSW_WALK_READ,
		.max_level = XFSW_ALL_LEVELS,
	};
	int error;

	if (mkdir(host, 0700) && errno != EEXIST)
		return xfsw_fail(g->call, host, -errno);
	/* The user may name it through a link. */
	g->top = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	error = g->top < 0 ? -errno : push_dir(g, g->top);
	if (error)
		return xfsw_fail(g->call, host, error);
	g->top_len = strlen(path);
	g->top_len += !g->top_len || path[g->top_len - 1] != '/';
	return xfsw_walk(&walk, path);
}

/* The directory part of the user's @host, and the name in it; "": that is a directory itself. */
static int open_host_dir(const char *host, bool is_dir, const char **name)
{
	const char *slash = strrchr(host, '/');
	struct xfsw_str dir = { 0 };
	int fd;

	if (!str_set(&dir, is_dir ? host : slash == host ? "/" : slash ? host : "."))
		return -ENOMEM;
	if (!is_dir && slash && slash != host)
		dir.s[slash - host] = 0;
	*name = is_dir ? "" : slash ? slash + 1 : host;
	fd = open(dir.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	str_free(&dir);
	return fd < 0 ? -errno : fd;
}

/* HOSTPATH for anything else: its new name, or a directory to put it into. */
static int get_single(struct get *g, struct xfs_file *file, const struct xfs_stat *st,
		      const char *path, const char *host)
{
	struct stat host_st;
	bool is_dir = stat(host, &host_st) == 0 && S_ISDIR(host_st.st_mode);
	char base[256];
	const char *name;
	int dirfd = open_host_dir(host, is_dir, &name), error;

	if (dirfd < 0)
		return xfsw_fail(g->call, host, dirfd);
	if (is_dir)
		name = xfsw_basename(path, base);
	if (!name || strlen(name) > 255)
		error = -ENAMETOOLONG;
	else if (!xfsw_name_is_plain(name, strlen(name)))
		error = -EINVAL;
	else
		error = get_object(g, file, st, dirfd, name, &host_st);
	close(dirfd);
	return error ? xfsw_fail(g->call, host, error) : XFSW_OK;
}

static int finish(struct get *g, int code)
{
	xfsw_progress_end(&g->progress);
	fds_free(&g->fds);
	links_free(&g->links);
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
	code = S_ISDIR(st.mode) ? get_tree(&g, path, host)
				: get_single(&g, file, &st, path, host);
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
