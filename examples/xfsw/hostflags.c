/* SPDX-License-Identifier: MIT */
/*
 * Inode flags, project ids and extent-size hints of host files.
 *
 * Since Linux 6.17 file_getattr() and file_setattr() take a name, and so reach symbolic links and
 * special files; before, an ioctl reaches what can be opened.  Both set all or nothing, so what is
 * refused as a whole is tried kind by kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "xfsw/host.h"

/* The numbers are the same on all machines but alpha, whose own begin 110 higher. */
#ifndef SYS_file_getattr
#ifdef __alpha__
#define SYS_file_getattr 578
#define SYS_file_setattr 579
#else
#define SYS_file_getattr 468
#define SYS_file_setattr 469
#endif
#endif

/* Its first version, as the kernel takes it. */
struct file_attributes {
	uint64_t xflags;
	uint32_t extsize, nextents, projid, cowextsize;
};

/* What chattr(1) can set elsewhere and XFS has no place for. */
#define FOREIGN_FLAGS                                                                              \
	(FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_DIRSYNC_FL | FS_JOURNAL_DATA_FL | FS_NOCOW_FL)

static bool no_syscall;		/* an older kernel */

static int by_name(int dirfd, const char *name, struct file_attributes *attributes, bool set)
{
	long result;

	if (no_syscall)
		return -ENOSYS;
	result = syscall(set ? SYS_file_setattr : SYS_file_getattr, dirfd, name, attributes,
			 sizeof(*attributes), AT_SYMLINK_NOFOLLOW);
	if (result == 0)
		return 0;
	if (errno == ENOSYS)
		no_syscall = true;
	return xfsw_errno();
}

static int by_fd(int fd, struct file_attributes *attributes, bool set)
{
	struct fsxattr fsx = { 0 };

	if (set) {
		fsx.fsx_xflags = (uint32_t)attributes->xflags;
		fsx.fsx_extsize = attributes->extsize;
		fsx.fsx_projid = attributes->projid;
		fsx.fsx_cowextsize = attributes->cowextsize;
		return ioctl(fd, FS_IOC_FSSETXATTR, &fsx) ? xfsw_errno() : 0;
	}
	if (ioctl(fd, FS_IOC_FSGETXATTR, &fsx))
		return xfsw_errno();
	attributes->xflags = fsx.fsx_xflags;
	attributes->extsize = fsx.fsx_extsize;
	attributes->projid = fsx.fsx_projid;
	attributes->cowextsize = fsx.fsx_cowextsize;
	return 0;
}

static int access_attributes(int dirfd, int fd, const char *name, struct file_attributes *a,
			     bool set)
{
	return fd >= 0 ? by_fd(fd, a, set) : by_name(dirfd, name, a, set);
}

/* What such a host file system answers who knows none of this. */
static bool means_none(int error)
{
	return error == -ENOTTY || error == -EOPNOTSUPP || error == -ENOSYS || error == -EINVAL;
}

int host_get_flags(int dirfd, int fd, const char *name, struct host_flags *flags)
{
	struct file_attributes a = { 0 };
	int error = access_attributes(dirfd, fd, name, &a, false), old = 0;

	memset(flags, 0, sizeof(*flags));
	if (error)
		return error == -ENOENT ? error : 0;
	flags->known = true;
	flags->xflags = (uint32_t)a.xflags;
	flags->projid = a.projid;
	flags->extsize_bytes = a.extsize;
	flags->cowextsize_bytes = a.cowextsize;
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &old) == 0)
		flags->foreign = (old & FOREIGN_FLAGS) != 0;
	return 0;
}

bool host_has_named_flags(void)
{
	struct file_attributes a;

	by_name(AT_FDCWD, "/", &a, false);
	return !no_syscall;
}

/* What is set on its own when all at once is refused.  Flags last: two of them end all changes. */
static const struct step {
	enum keep_kind kind;
	uint32_t mask;
} steps[] = {
	{ KEEP_HINTS, FS_XFLAG_EXTSIZE | FS_XFLAG_EXTSZINHERIT },
	{ KEEP_HINTS, FS_XFLAG_COWEXTSIZE },
	{ KEEP_PROJECT, FS_XFLAG_PROJINHERIT },
	{ KEEP_FLAGS, FS_XFLAG_SYNC },
	{ KEEP_FLAGS, FS_XFLAG_NOATIME },
	{ KEEP_FLAGS, FS_XFLAG_NODUMP },
	{ KEEP_FLAGS, FS_XFLAG_RTINHERIT },
	{ KEEP_FLAGS, FS_XFLAG_NODEFRAG },
	{ KEEP_FLAGS, FS_XFLAG_FILESTREAM },
	{ KEEP_FLAGS, FS_XFLAG_DAX },
	{ KEEP_FLAGS, FS_XFLAG_NOSYMLINKS },
	{ KEEP_FLAGS, FS_XFLAG_APPEND },
	{ KEEP_FLAGS, FS_XFLAG_IMMUTABLE },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* One step from @a to @want. */
static void take_step(struct file_attributes *a, const struct host_flags *want,
		      const struct step *step)
{
	a->xflags = (a->xflags & ~(uint64_t)step->mask) | (want->xflags & step->mask);
	if (step->kind == KEEP_PROJECT)
		a->projid = want->projid;
	if (step->mask & FS_XFLAG_EXTSIZE)
		a->extsize = want->extsize_bytes;
	if (step->mask & FS_XFLAG_COWEXTSIZE)
		a->cowextsize = want->cowextsize_bytes;
}

static bool same(const struct file_attributes *a, const struct file_attributes *b)
{
	/* An attribute fork may come and go meanwhile. */
	return !((a->xflags ^ b->xflags) & ~(uint64_t)FS_XFLAG_HASATTR) && a->projid == b->projid && a->extsize == b->extsize &&
	       a->cowextsize == b->cowextsize;
}

/* Each kind counts once for an object, however many flags of it were lost. */
static void count_lost(struct xfsw_keep *keep, uint32_t *kinds, enum keep_kind kind, int error)
{
	if (!(*kinds & 1u << kind))
		keep_lost(keep, kind, error);
	*kinds |= 1u << kind;
}

/* Set @a; some file systems ignore what they do not know: *@now is what it has afterwards. */
static int set_and_look(int dirfd, int fd, const char *name, struct file_attributes *a,
			struct file_attributes *now)
{
	int error = access_attributes(dirfd, fd, name, a, true);

	return error ? error : access_attributes(dirfd, fd, name, now, false);
}

void host_set_flags(int dirfd, int fd, const char *name, const struct host_flags *want,
		    uint32_t kinds, struct xfsw_keep *keep)
{
	struct file_attributes now = { 0 }, all, one;
	int unreadable = access_attributes(dirfd, fd, name, &now, false), why = 0, error;
	uint32_t lost = 0;

	if (unreadable)
		why = means_none(unreadable) ? -EOPNOTSUPP : unreadable;
	all = now;
	kinds &= ~keep->not;
	for (size_t i = 0; i < STEPS; i++)
		if (kinds & 1u << steps[i].kind)
			take_step(&all, want, &steps[i]);
	if (same(&all, &now))
		return;
	/* Whatever is missing then was ignored. */
	if (!why && set_and_look(dirfd, fd, name, &all, &now) == 0)
		why = -EOPNOTSUPP;
	for (size_t i = 0; i < STEPS; i++) {
		one = now;
		if (kinds & 1u << steps[i].kind)
			take_step(&one, want, &steps[i]);
		if (same(&one, &now))
			continue;
		error = why ? why : set_and_look(dirfd, fd, name, &one, &now);
		if (!error && !same(&one, &now))
			error = -EOPNOTSUPP;
		if (error)
			count_lost(keep, &lost, steps[i].kind, error);
	}
}
