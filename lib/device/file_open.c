/* SPDX-License-Identifier: MIT */
/* Opening host files and block devices: flags, size, sectors, and refusing one that is in use. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/need.h"
#include "device/device_priv.h"

#define OPEN_FLAGS                                                                                 \
	(XFS_DEV_RDONLY | XFS_DEV_DIRECT | XFS_DEV_CREATE | XFS_DEV_TRUNCATE | XFS_DEV_EXCL)

static int check_flags(unsigned int flags, unsigned int allowed)
{
	if (flags & ~allowed)
		return xfs_fail(-EINVAL, "unknown flags 0x%x", flags & ~allowed);
	if ((flags & XFS_DEV_RDONLY) && (flags & (XFS_DEV_CREATE | XFS_DEV_TRUNCATE)))
		return xfs_fail(-EINVAL, "XFS_DEV_RDONLY excludes creating and truncating");
	return 0;
}

static int neither_file_nor_disk(void)
{
	return xfs_fail(-EINVAL, "neither a regular file nor a block device");
}

/* A new open file description for the file behind @fd. */
static int reopen(int fd, int oflags)
{
	char path[40];
	int fresh;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fresh = open(path, oflags | O_CLOEXEC);
	return fresh < 0 ? -errno : fresh;
}

/*
 * True if a loop device uses the file: a kernel file system may be mounted from it, and two writers
 * would destroy it.  The kernel tells only a path, so this is as reliable as the path.
 */
static bool has_loop_device(const struct stat *st)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *de;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (de = readdir(dir))) {
		char name[300], path[4096];
		struct stat backing;
		ssize_t n;
		int fd;

		if (strncmp(de->d_name, "loop", 4) != 0)
			continue;
		snprintf(name, sizeof(name), "/sys/block/%s/loop/backing_file", de->d_name);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue; /* not in use */
		n = read(fd, path, sizeof(path) - 1);
		close(fd);
		if (n <= 0)
			continue;
		path[n - (path[n - 1] == '\n')] = '\0';
		found = stat(path, &backing) == 0 && backing.st_dev == st->st_dev &&
			backing.st_ino == st->st_ino;
	}
	closedir(dir);
	return found;
}

/* -EBUSY if another process uses the file.  A block device was claimed when it was opened. */
static int claim_file(int fd, const struct stat *st, bool read_only)
{
	if (has_loop_device(st))
		return xfs_fail(-EBUSY, "a loop device is attached to the file");
	if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return 0;
	/* Some network file systems have no locks; go on without. */
	return errno == EWOULDBLOCK ? -EBUSY : 0;
}

static int read_block_geometry(struct xfs_file_device *fdev)
{
	unsigned int physical = 0, io_min = 0, io_opt = 0;
	unsigned short rotational = 0;
	int logical = 0, host_read_only = 0, misaligned = 0;
	uint64_t size_bytes;

	if (ioctl(fdev->fd, BLKGETSIZE64, &size_bytes) != 0 ||
	    ioctl(fdev->fd, BLKSSZGET, &logical) != 0)
		return -errno;
	if (logical < (int)XFS_DEV_MIN_SECTOR || !xfs_is_power_of_2((uint64_t)logical))
		return -EINVAL;
	fdev->size_bytes = size_bytes;
	fdev->logical_sector = (uint32_t)logical;
	fdev->physical_sector = (uint32_t)logical;
	/* The rest is advice: what the host does not tell stays unknown. */
	if (ioctl(fdev->fd, BLKPBSZGET, &physical) == 0 && physical > fdev->logical_sector)
		fdev->physical_sector = physical;
	if (ioctl(fdev->fd, BLKIOMIN, &io_min) == 0)
		fdev->io_min = io_min;
	if (ioctl(fdev->fd, BLKIOOPT, &io_opt) == 0)
		fdev->io_opt = io_opt;
	/* Its units are not aligned to the start of the device: do not use them. */
	if (ioctl(fdev->fd, BLKALIGNOFF, &misaligned) == 0 && misaligned != 0) {
		fdev->physical_sector = fdev->logical_sector;
		fdev->io_min = fdev->io_opt = 0;
	}
	if (ioctl(fdev->fd, BLKROTATIONAL, &rotational) == 0)
		fdev->rotational = rotational != 0;
	if (ioctl(fdev->fd, BLKROGET, &host_read_only) == 0 && host_read_only)
		fdev->read_only = true;
	return 0;
}

/* What O_DIRECT requires on this host; a page if the host does not tell. */
static void read_direct_alignment(struct xfs_file_device *fdev)
{
	fdev->mem_align = 4096;
	fdev->offset_align = fdev->is_block ? fdev->logical_sector : 4096;
#ifdef STATX_DIOALIGN
	struct statx stx;

	if (statx(fdev->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
	    (stx.stx_mask & STATX_DIOALIGN) && xfs_is_power_of_2(stx.stx_dio_mem_align) &&
	    xfs_is_power_of_2(stx.stx_dio_offset_align)) {
		fdev->mem_align = stx.stx_dio_mem_align;
		fdev->offset_align = stx.stx_dio_offset_align;
	}
#endif
}

static int prepare_direct(struct xfs_file_device *fdev)
{
	read_direct_alignment(fdev);
	if (fdev->offset_align > XFS_FILE_BOUNCE_BYTES / 2)
		return xfs_fail(-EINVAL, "direct I/O in units of %u bytes", fdev->offset_align);
	/* A partial last unit could be neither read nor written. */
	if (fdev->size_bytes % fdev->offset_align)
		return xfs_fail(-EINVAL, "direct I/O in units of %u bytes on %" PRIu64 " bytes",
				fdev->offset_align, fdev->size_bytes);
	fdev->bounce =
		xfs_mem_alloc_aligned(&fdev->mem, XFS_MAX(fdev->mem_align, 4096u), XFS_FILE_BOUNCE_BYTES);
	if (!fdev->bounce)
		return -ENOMEM;
	xfs_mutex_init(&fdev->bounce_lock, XFS_CLASS_LEAF, 0);
	fdev->direct = true;
	return 0;
}

/* Make a device over @fd, which it owns only if this succeeds. */
static int make_device(int fd, const struct stat *st, const struct xfs_file_device *template,
		       bool direct, struct xfs_device **devp)
{
	struct xfs_file_device *fdev = xfs_mem_zalloc(&template->mem, sizeof(*fdev));
	int error = 0;

	if (!fdev)
		return -ENOMEM;
	*fdev = *template;
	fdev->fd = fd;
	xfs_device_init(&fdev->dev, &xfs_file_ops);
	if (S_ISBLK(st->st_mode)) {
		fdev->is_block = true;
		fdev->host_dev = st->st_rdev;
		error = read_block_geometry(fdev);
	} else {
		fdev->host_dev = st->st_dev;
		fdev->host_ino = st->st_ino;
		fdev->size_bytes = (uint64_t)st->st_size;
		fdev->logical_sector = XFS_DEV_MIN_SECTOR;
		fdev->physical_sector = XFS_DEV_MIN_SECTOR;
	}
	if (!error && direct)
		error = prepare_direct(fdev);
	if (error) {
		xfs_mem_free(&template->mem, fdev);
		return error;
	}
	*devp = &fdev->dev;
	return 0;
}

/*
 * Open @path, creating it if requested and missing; @created tells which.  O_EXCL refuses a block
 * device that is in use; for a regular file it is meaningless without O_CREAT.
 */
static int open_path(const char *path, unsigned int flags, bool *created)
{
	int oflags = (flags & XFS_DEV_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY;
	struct stat st;
	int fd;

	*created = false;
	if (flags & XFS_DEV_DIRECT)
		oflags |= O_DIRECT;
	if (flags & XFS_DEV_CREATE) {
		fd = open(path, oflags | O_CREAT | O_EXCL, 0666);
		if (fd >= 0)
			*created = true;
		if (fd >= 0 || errno != EEXIST)
			return fd < 0 ? -errno : fd;
	}
	if (stat(path, &st) != 0)
		return -errno;
	if (S_ISFIFO(st.st_mode))
		return neither_file_nor_disk(); /* opening it could block forever */
	/* O_EXCL without O_CREAT is defined for block devices only. */
	if ((flags & XFS_DEV_EXCL) && S_ISBLK(st.st_mode))
		oflags |= O_EXCL;
	fd = open(path, oflags);
	return fd < 0 ? -errno : fd;
}

/* Set the length of a file that is new or truncated. */
static int set_length(int fd, bool truncate, uint64_t size_bytes, struct stat *st)
{
	if (truncate && ftruncate(fd, 0) != 0)
		return -errno;
	if (size_bytes && ftruncate(fd, (off_t)size_bytes) != 0)
		return -errno;
	return fstat(fd, st) != 0 ? -errno : 0;
}

static int open_file(const char *path, unsigned int flags, uint64_t size_bytes,
		     const struct xfs_env *env, struct xfs_device **devp)
{
	struct xfs_file_device template = {
		.claim_fd = -1,
		.own_description = true,
		.read_only = flags & XFS_DEV_RDONLY,
	};
	struct stat st;
	bool created;
	int fd, error;

	error = xfs_mem_take(&template.mem, env);
	if (!error)
		error = check_flags(flags, OPEN_FLAGS);
	if (error)
		return error;
	if (size_bytes > INT64_MAX)
		return -EFBIG;
	fd = open_path(path, flags, &created);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0)
		error = -errno;
	else if (S_ISDIR(st.st_mode))
		error = -EISDIR;
	else if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		error = neither_file_nor_disk();
	if (!error && (flags & XFS_DEV_EXCL) && S_ISREG(st.st_mode))
		error = claim_file(fd, &st, template.read_only);
	if (!error && S_ISREG(st.st_mode) && (created || (flags & XFS_DEV_TRUNCATE)))
		error = set_length(fd, !created, size_bytes, &st);
	if (!error)
		error = make_device(fd, &st, &template, flags & XFS_DEV_DIRECT, devp);
	if (error) {
		if (created)
			unlink(path);
		close(fd);
	}
	return error;
}

/* Add a text unless a lower call has set one. */
static int with_text(int error, const char *what)
{
	if (error && !xfs_error_is_described(error))
		xfs_set_fail(error, "%s: %s", what, strerror(-error));
	return error;
}

static int do_open_file(const char *path, unsigned int flags, uint64_t size_bytes,
			const struct xfs_env *env, struct xfs_device **devp)
{
	if (devp)
		*devp = NULL;
	if (!path || !devp)
		return xfs_fail(-EINVAL, "the path or the pointer for the device is NULL");
	return with_text(open_file(path, flags, size_bytes, env, devp), path);
}

int xfs_device_open_file(const char *path, unsigned int flags, uint64_t size_bytes,
			 struct xfs_device **devp)
{
	return XFS_CALL(do_open_file(path, flags, size_bytes, NULL, devp));
}

int xfs_device_open_file_env(const char *path, unsigned int flags, uint64_t size_bytes,
			     const struct xfs_env *env, struct xfs_device **devp)
{
	return XFS_CALL(do_open_file(path, flags, size_bytes, env, devp));
}

/* The claim of a block device belongs to an open file description, so take one for it. */
static int claim_borrowed(int fd, const struct stat *st, bool read_only, int *claim_fd)
{
	*claim_fd = -1;
	if (S_ISREG(st->st_mode))
		return claim_file(fd, st, read_only);
	*claim_fd = reopen(fd, O_RDONLY | O_EXCL);
	return *claim_fd < 0 ? *claim_fd : 0;
}

static int open_fd(int fd, unsigned int flags, const struct xfs_env *env,
		   struct xfs_device **devp)
{
	struct xfs_file_device template = {.claim_fd = -1};
	struct stat st;
	int mode, error, own;

	error = xfs_mem_take(&template.mem, env);
	if (!error)
		error = check_flags(flags, XFS_DEV_RDONLY | XFS_DEV_DIRECT | XFS_DEV_EXCL);
	if (error)
		return error;
	mode = fcntl(fd, F_GETFL);
	if (mode < 0 || fstat(fd, &st) != 0)
		return -errno;
	/* A write-only descriptor cannot be read; with O_APPEND every write would go to the end. */
	if ((mode & O_ACCMODE) == O_WRONLY || (mode & O_APPEND))
		return xfs_fail(-EINVAL, "the descriptor is write-only or opened with O_APPEND");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return neither_file_nor_disk();
	template.read_only = (flags & XFS_DEV_RDONLY) || (mode & O_ACCMODE) == O_RDONLY;

	/* O_DIRECT is a property of the description, which is the caller's: open another one. */
	if ((flags & XFS_DEV_DIRECT) && !(mode & O_DIRECT)) {
		own = reopen(fd, (template.read_only ? O_RDONLY : O_RDWR) | O_DIRECT);
		template.own_description = true;
	} else {
		own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		own = own < 0 ? -errno : own;
	}
	if (own < 0)
		return own;
	if (flags & XFS_DEV_EXCL)
		error = claim_borrowed(own, &st, template.read_only, &template.claim_fd);
	if (!error)
		error = make_device(own, &st, &template,
				    (flags & XFS_DEV_DIRECT) || (mode & O_DIRECT), devp);
	if (error) {
		if (template.claim_fd >= 0)
			close(template.claim_fd);
		close(own);
	}
	return error;
}

static int do_open_fd(int fd, unsigned int flags, const struct xfs_env *env,
		      struct xfs_device **devp)
{
	if (!devp)
		return xfs_fail(-EINVAL, "the pointer for the device is NULL");
	*devp = NULL;
	return with_text(open_fd(fd, flags, env, devp), "opening the descriptor");
}

int xfs_device_open_fd(int fd, unsigned int flags, struct xfs_device **devp)
{
	return XFS_CALL(do_open_fd(fd, flags, NULL, devp));
}

int xfs_device_open_fd_env(int fd, unsigned int flags, const struct xfs_env *env,
			   struct xfs_device **devp)
{
	return XFS_CALL(do_open_fd(fd, flags, env, devp));
}
