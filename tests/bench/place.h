/* SPDX-License-Identifier: MIT */
/*
 * Where a measured operation runs: an image through the library, or a directory through system
 * calls, which is a loop mount of an image or a folder of the host.  The same calls for all.
 *
 * All return 0 or a count, or a negative errno.  Paths have no leading '/'.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xfs_mount;
struct xfs_mount_options;
struct place;

struct place_ops {
	int (*mount)(struct place *pl);
	/* All that was written is stable, and nothing of it is in memory (but of a host's folder). */
	int (*unmount)(struct place *pl);
	int (*open)(struct place *pl, const char *path, int flags, void **file);
	int (*close)(void *file);
	/* All of @len. */
	int (*write)(void *file, const void *buf, size_t len, uint64_t offset);
	int (*read)(void *file, void *buf, size_t len, uint64_t offset);
	int (*sync)(void *file, bool data_only);
	int (*mkdir)(struct place *pl, const char *path);
	int (*unlink)(struct place *pl, const char *path);
	int (*fallocate)(void *file, int mode, uint64_t offset, uint64_t len);
	/* All of @src. */
	int (*clone)(void *src, void *dst);
	/* The same range of both. */
	int64_t (*dedupe)(void *src, void *dst, uint64_t offset, uint64_t len);
	/* Of the data; -EOPNOTSUPP where nobody counts them. */
	int64_t (*extents)(void *file);
};

struct place {
	const char *name;
	const struct place_ops *ops;
	struct xfs_mount *mp;			/* ours */
	const struct xfs_mount_options *options;/* ours; may be NULL */
	char image[1200];			/* to mount; "": @dir is a folder of the host */
	char dir[1200];				/* not ours */
};

extern const struct place_ops place_ours, place_posix;

/* A new file system on @image, of @bytes; space that the host gave it before stays its own. */
void place_format(const char *image, uint64_t bytes);

#endif
