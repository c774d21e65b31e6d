/* SPDX-License-Identifier: MIT */
/*
 * Names in the image: growing path strings, sorted directory listings, and a
 * walk over a tree.  Directories are sorted so that output and results do not
 * depend on hash order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "xfsw/xfsw.h"

static bool str_reserve(struct xfsw_str *str, size_t need)
{
	size_t size = str->size ? str->size : 256;
	char *s;

	if (need <= str->size)
		return true;
	while (size < need)
		size *= 2;
	s = realloc(str->s, size);
	if (!s)
		return false;
	str->s = s;
	str->size = size;
	return true;
}

bool str_set(struct xfsw_str *str, const char *s)
{
	size_t len = strlen(s);

	if (!str_reserve(str, len + 1))
		return false;
	memcpy(str->s, s, len + 1);
	str->len = len;
	return true;
}

bool str_join(struct xfsw_str *str, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	bool slash = len > 0 && str->s[len - 1] != '/';

	if (!str_reserve(str, len + slash + name_len + 1))
		return false;
	if (slash)
		str->s[len++] = '/';
	memcpy(str->s + len, name, name_len + 1);
	str->len = len + name_len;
	return true;
}

void str_free(struct xfsw_str *str)
{
	free(str->s);
	memset(str, 0, sizeof(*str));
}

const char *xfsw_basename(const char *path, char buf[256])
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == end)
		return "/";
	if (end - start > 255)
		return NULL;
	memcpy(buf, path + start, end - start);
	buf[end - start] = 0;
	return buf;
}

static int compare_names(const void *a, const void *b)
{
	const struct xfsw_name *left = a, *right = b;

	return strcmp(left->name, right->name);
}

int xfsw_read_names(struct xfs_file *dir, struct xfsw_names *names)
{
	size_t used = 0, arena_size = 0, max = 0;
	struct xfs_dirent entry;
	struct xfs_dir *stream;
	int error;

	memset(names, 0, sizeof(*names));
	error = xfs_fdopendir(dir, &stream);
	if (error)
		return error;
	while ((error = xfs_readdir(stream, &entry)) > 0) {
		if (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0)
			continue;
		if (names->n == max) {
			size_t new_max = max ? max * 2 : 32;
			void *v = realloc(names->v, new_max * sizeof(*names->v));

			if (!v)
				goto out_nomem;
			names->v = v;
			max = new_max;
		}
		if (used + entry.name_len + 1u > arena_size) {
			size_t new_size = arena_size ? arena_size * 2 : 4096;
			char *arena = realloc(names->arena, new_size);

			if (!arena)
				goto out_nomem;
			names->arena = arena;
			arena_size = new_size;
		}
		memcpy(names->arena + used, entry.name, entry.name_len + 1u);
		/* The arena may still move: keep the offset, make it a pointer at the end. */
		names->v[names->n].name = (char *)(uintptr_t)used;
		names->v[names->n].ino = entry.ino;
		names->v[names->n++].type = entry.type;
		used += entry.name_len + 1u;
	}
	xfs_closedir(stream);
	if (error) {
		xfsw_free_names(names);
		return error;
	}
	for (size_t i = 0; i < names->n; i++)
		names->v[i].name = names->arena + (uintptr_t)names->v[i].name;
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), compare_names);
	return 0;

out_nomem:
	xfs_closedir(stream);
	xfsw_free_names(names);
	return -ENOMEM;
}

void xfsw_free_names(struct xfsw_names *names)
{
	free(names->v);
	free(names->arena);
	memset(names, 0, sizeof(*names));
}

struct walk {
	xfsw_visit fn;
	void *ctx;
	bool recurse, post;
	struct xfsw_str path;
};

static int walk_object(struct walk *w, struct xfs_file *file)
{
	size_t len = w->path.len;
	struct xfsw_names names;
	struct xfs_stat st;
	int error;

	error = xfs_fgetattr(file, &st);
	if (!error && !w->post)
		error = w->fn(w->ctx, w->path.s, file, &st);
	if (error)
		return error;
	if (w->recurse && S_ISDIR(st.mode)) {
		error = xfsw_read_names(file, &names);
		if (error)
			return error;
		for (size_t i = 0; i < names.n && !error; i++) {
			struct xfs_file *child;

			if (xfsw_interrupted())
				error = -EINTR;
			else if (!str_join(&w->path, len, names.v[i].name))
				error = -ENOMEM;
			else
				error = xfs_openat(file, names.v[i].name, O_PATH | O_NOFOLLOW, 0,
						   &child);
			if (error)
				break;
			error = walk_object(w, child);
			xfs_close(child);
		}
		xfsw_free_names(&names);
		if (error)
			return error;
		w->path.s[len] = 0;
		w->path.len = len;
	}
	return w->post ? w->fn(w->ctx, w->path.s, file, &st) : 0;
}

int xfsw_walk(struct xfs_mount *mp, const char *path, bool recurse, bool post, xfsw_visit fn,
	      void *ctx)
{
	struct walk w = { .fn = fn, .ctx = ctx, .recurse = recurse, .post = post };
	struct xfs_file *file;
	int error;

	if (!str_set(&w.path, path))
		return -ENOMEM;
	error = xfs_open(mp, path, O_PATH | O_NOFOLLOW, 0, &file);
	if (!error) {
		error = walk_object(&w, file);
		xfs_close(file);
	}
	str_free(&w.path);
	return error;
}

void xfsw_mode_string(uint32_t mode, char buf[11])
{
	static const char bits[] = "rwxrwxrwx";

	switch (mode & S_IFMT) {
	case S_IFDIR:
		buf[0] = 'd';
		break;
	case S_IFLNK:
		buf[0] = 'l';
		break;
	case S_IFCHR:
		buf[0] = 'c';
		break;
	case S_IFBLK:
		buf[0] = 'b';
		break;
	case S_IFIFO:
		buf[0] = 'p';
		break;
	case S_IFSOCK:
		buf[0] = 's';
		break;
	default:
		buf[0] = '-';
	}
	for (unsigned int i = 0; i < 9; i++)
		buf[i + 1] = mode & (0400u >> i) ? bits[i] : '-';
	if (mode & S_ISUID)
		buf[3] = buf[3] == 'x' ? 's' : 'S';
	if (mode & S_ISGID)
		buf[6] = buf[6] == 'x' ? 's' : 'S';
	if (mode & S_ISVTX)
		buf[9] = buf[9] == 'x' ? 't' : 'T';
	buf[10] = 0;
}

const char *xfsw_type_name(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFCHR:
		return "chardev";
	case S_IFBLK:
		return "blockdev";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

void xfsw_time_string(const struct timespec *ts, bool precise, char buf[40])
{
	struct tm tm;
	size_t len;

	/* UTC everywhere: the same image prints the same on every machine. */
	if (!gmtime_r(&ts->tv_sec, &tm)) {
		snprintf(buf, 40, "@%jd", (intmax_t)ts->tv_sec);
		return;
	}
	len = strftime(buf, 40, precise ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
	if (precise)
		snprintf(buf + len, 40 - len, ".%09ld", ts->tv_nsec);
}
