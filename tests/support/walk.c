/* SPDX-License-Identifier: MIT */
/* Reading and writing everything in a file system that may be damaged. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/rand.h"
#include "support/walk.h"

/* Directories still to be read, and those that were: a damaged tree may have circles. */
struct todo {
	uint64_t *ino;
	size_t n, cap, next;
};

static void add(struct todo *t, uint64_t ino)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->ino[i] == ino)
			return;
	}
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 64;
		t->ino = realloc(t->ino, t->cap * sizeof(*t->ino));
		if (!t->ino)
			abort();
	}
	t->ino[t->n++] = ino;
}

static bool limit(const struct test_walk *w)
{
	return w->objects >= (w->max_objects ? w->max_objects : 100000);
}

static bool ok(struct test_walk *w, int64_t ret)
{
	w->errors += ret < 0;
	return ret >= 0;
}

static void read_attrs(struct test_walk *w, struct xfs_file *file)
{
	static char list[65536], value[65536];
	ssize_t n = xfs_flistxattr(file, list, sizeof(list));

	if (!ok(w, n))
		return;
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(list + i) + 1) {
		ssize_t len = xfs_fgetxattr(file, list + i, value, sizeof(value));

		if (ok(w, len))
			w->bytes += (uint64_t)len;
	}
}

static void read_data(struct test_walk *w, struct xfs_file *file, uint64_t size)
{
	static char buf[65536];
	struct xfs_extent ext[16] = { XFS_EXTENT_INIT };
	uint64_t where[] = { 0, size / 2, size > 4096 ? size - 4096 : 0 };
	uint64_t off = 0;
	size_t n;

	for (unsigned int i = 0; i < 3; i++) {
		ssize_t len = xfs_pread(file, buf, sizeof(buf), where[i]);

		if (ok(w, len))
			w->bytes += (uint64_t)len;
	}
	for (unsigned int i = 0; i < 100; i++) {
		if (!ok(w, xfs_extents(file, off, ext, 16, &n)) || !n ||
		    ext[n - 1].offset + ext[n - 1].length <= off)
			break;
		off = ext[n - 1].offset + ext[n - 1].length;
	}
	ok(w, xfs_seek(file, 0, SEEK_HOLE));
	ok(w, xfs_seek(file, size / 2, SEEK_DATA));
}

static void read_object(struct test_walk *w, struct xfs_mount *mp, uint64_t ino, struct todo *dirs)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	char target[1100];

	w->objects++;
	if (!ok(w, xfs_open_by_ino(mp, ino, 0, O_PATH, &file)))
		return;
	if (ok(w, xfs_fgetattr(file, &st))) {
		read_attrs(w, file);
		if (S_ISLNK(st.mode))
			ok(w, xfs_freadlink(file, target, sizeof(target)));
		if (S_ISDIR(st.mode))
			add(dirs, ino);
	}
	xfs_close(file);
	if (!S_ISREG(st.mode) || !ok(w, xfs_open_by_ino(mp, ino, 0, O_RDONLY, &file)))
		return;
	read_data(w, file, st.size_bytes);
	xfs_close(file);
}

static void read_dir(struct test_walk *w, struct xfs_mount *mp, uint64_t ino, struct todo *dirs)
{
	struct xfs_file *file, *child;
	struct xfs_dirent de = XFS_DIRENT_INIT;
	struct xfs_dir *dir;
	uint64_t entries = 0;
	int ret;

	if (!ok(w, xfs_open_by_ino(mp, ino, 0, O_RDONLY, &file)))
		return;
	if (ok(w, xfs_fdopendir(file, &dir))) {
		while ((ret = xfs_readdir(dir, &de)) == 1 && !limit(w) && entries++ < 20000) {
			if (!strcmp(de.name, ".") || !strcmp(de.name, ".."))
				continue;
			read_object(w, mp, de.ino, dirs);
			/* By its name, too: the other way through the directory. */
			if (entries % 8 == 0 &&
			    ok(w, xfs_openat(file, de.name, O_PATH | O_NOFOLLOW, 0, &child)))
				xfs_close(child);
		}
		ok(w, ret);
		xfs_closedir(dir);
	}
	xfs_close(file);
}

int test_walk_read(struct xfs_device *dev, struct test_walk *walk)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_RDONLY | XFS_MOUNT_NORECOVERY,
		.data_cache_bytes = 4u << 20, .meta_cache_bytes = 4u << 20,
	};
	struct todo dirs = { 0 };
	struct xfs_mount *mp;
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_statfs st = XFS_STATFS_INIT;
	int error = xfs_mount(dev, walk->opts ? walk->opts : &opts, &mp);

	if (error)
		return error;
	ok(walk, xfs_statfs(mp, &st));
	if (ok(walk, xfs_info(mp, &info)))
		add(&dirs, info.root_ino);
	while (dirs.next < dirs.n && !limit(walk))
		read_dir(walk, mp, dirs.ino[dirs.next++], &dirs);
	free(dirs.ino);
	xfs_unmount(mp);
	return 0;
}

/* ---- writing ---- */

struct writer {
	struct test_walk *w;
	struct xfs_mount *mp;
	struct xfs_rand rng;
	char (*paths)[600];		/* what a walk of names found */
	size_t nr_paths;
};

#define MAX_PATHS	64

static uint64_t draw(struct writer *wr, uint64_t n)
{
	return n ? xfs_rand64(&wr->rng) % n : 0;
}

static void find_paths(struct writer *wr, const char *top, unsigned int depth)
{
	struct xfs_dirent de = XFS_DIRENT_INIT;
	struct xfs_dir *dir;

	if (!ok(wr->w, xfs_opendir(wr->mp, top, &dir)))
		return;
	for (unsigned int i = 0; i < 400 && wr->nr_paths < MAX_PATHS && xfs_readdir(dir, &de) == 1;
	     i++) {
		char *path = wr->paths[wr->nr_paths];

		if (!strcmp(de.name, ".") || !strcmp(de.name, "..") || draw(wr, 3) == 0)
			continue;
		if ((size_t)snprintf(path, sizeof(wr->paths[0]), "%s/%s",
				     strcmp(top, "/") ? top : "", de.name) >= sizeof(wr->paths[0]))
			continue;
		wr->nr_paths++;
		if (de.type == 4 && depth && draw(wr, 2))
			find_paths(wr, path, depth - 1);
	}
	xfs_closedir(dir);
}

static void write_file(struct writer *wr, const char *path, int flags)
{
	static char buf[70000];
	struct xfs_file *file;

	if (!ok(wr->w, xfs_open(wr->mp, path, flags, 0644, &file)))
		return;
	for (unsigned int i = 0; i < 3; i++) {
		ok(wr->w, xfs_pwrite(file, buf, 1 + draw(wr, sizeof(buf)), draw(wr, 1u << 20)));
		ok(wr->w, xfs_pread(file, buf, 4096, draw(wr, 1u << 20)));
	}
	ok(wr->w, xfs_ftruncate(file, draw(wr, 1u << 19)));
	if (draw(wr, 2))
		ok(wr->w, xfs_fsync(file));
	ok(wr->w, xfs_close(file));
}

static void one_change(struct writer *wr)
{
	const char *a = wr->paths[draw(wr, wr->nr_paths)], *b = wr->paths[draw(wr, wr->nr_paths)];
	char fresh[700], value[5000] = "value";

	wr->w->objects++;
	snprintf(fresh, sizeof(fresh), "%s/n%llu", draw(wr, 2) ? a : "",
		 (unsigned long long)draw(wr, 1000));
	switch (draw(wr, 14)) {
	case 0:
	case 1:
		write_file(wr, fresh, O_RDWR | O_CREAT);
		break;
	case 2:
		write_file(wr, a, O_RDWR | O_NOFOLLOW);
		break;
	case 3:
		ok(wr->w, xfs_mkdir(wr->mp, fresh, 0755));
		break;
	case 4:
		ok(wr->w, xfs_symlink(wr->mp, a, fresh));
		break;
	case 5:
		ok(wr->w, xfs_link(wr->mp, a, fresh));
		break;
	case 6:
	case 7:
		ok(wr->w, xfs_unlink(wr->mp, a));
		break;
	case 8:
		ok(wr->w, xfs_rmdir(wr->mp, a));
		break;
	case 9:
		ok(wr->w, xfs_rename(wr->mp, a, draw(wr, 2) ? b : fresh));
		break;
	case 10:
		ok(wr->w, xfs_setxattr(wr->mp, a, false, "user.hostile", value,
				       draw(wr, sizeof(value)), 0));
		break;
	case 11:
		ok(wr->w, xfs_removexattr(wr->mp, a, false, "user.hostile"));
		break;
	case 12:
		ok(wr->w, xfs_truncate(wr->mp, a, draw(wr, 1u << 20)));
		break;
	default:
		ok(wr->w, xfs_chmod(wr->mp, a, (mode_t)draw(wr, 0777)));
	}
}

int test_walk_write(struct xfs_device *dev, uint64_t seed, struct test_walk *walk)
{
	struct xfs_mount_options opts = {
		.size = sizeof(opts), .flags = XFS_MOUNT_UNJOURNALLED,
		.data_cache_bytes = 4u << 20, .meta_cache_bytes = 4u << 20,
	};
	struct writer wr = { .w = walk };
	int error = xfs_mount(dev, &opts, &wr.mp);

	if (error)
		return error;
	xfs_rand_seed(&wr.rng, seed);
	wr.paths = calloc(MAX_PATHS, sizeof(*wr.paths));
	if (!wr.paths)
		abort();
	strcpy(wr.paths[wr.nr_paths++], "/");
	find_paths(&wr, "/", 3);
	for (unsigned int i = 0; i < 40 && !limit(walk); i++)
		one_change(&wr);
	if (draw(&wr, 4) == 0)
		ok(walk, xfs_sync(wr.mp));
	if (draw(&wr, 8) == 0)
		xfs_abandon(wr.mp);
	else
		ok(walk, xfs_unmount(wr.mp));
	free(wr.paths);
	return 0;
}
