/* SPDX-License-Identifier: MIT */
/*
 * Names in the image: growing path strings, and sorted directory listings, so that
 * output and results do not depend on hash order.
 */
#include <errno.h>
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

bool str_append(struct xfsw_str *str, const char *s)
{
	size_t len = strlen(s);

	if (!str_reserve(str, str->len + len + 1))
		return false;
	memcpy(str->s + str->len, s, len + 1);
	str->len += len;
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

struct xfsw_name_room {
	size_t max;			/* of names */
	size_t used, size;		/* of the arena */
};

static int compare_names(const void *a, const void *b)
{
	const struct xfsw_name *left = a, *right = b;

	return strcmp(left->name, right->name);
}

bool xfsw_name_is_plain(const char *name, size_t len)
{
	return len > 0 && len < 256 && !memchr(name, '/', len) && !memchr(name, 0, len) &&
	       !((len == 1 || len == 2) && memcmp(name, "..", len) == 0);
}

bool xfsw_clean_path(struct xfsw_str *out, const char *path)
{
	unsigned int components = 0;

	if (!str_set(out, ""))
		return false;
	while (path && *path) {
		size_t len = strcspn(path, "/");
		char name[256];

		if (len > 255)
			return false;
		memcpy(name, path, len);
		name[len] = 0;
		path += len + (path[len] == '/');
		if (!len || strcmp(name, ".") == 0)
			continue;
		if (!xfsw_name_is_plain(name, len) || ++components > XFSW_MAX_COMPONENTS ||
		    !str_join(out, out->len, name))
			return false;
	}
	return true;
}

/* Until the list is complete the entries hold offsets: the arena may still move. */
static bool add_name(struct xfsw_names *names, struct xfsw_name_room *room,
		     const struct xfs_dirent *entry)
{
	size_t len = entry->name_len;
	struct xfsw_name *name;

	if (names->n == room->max) {
		size_t max = room->max ? room->max * 2 : 16;
		void *v = realloc(names->v, max * sizeof(*names->v));

		if (!v)
			return false;
		names->v = v;
		room->max = max;
	}
	if (room->used + len + 1 > room->size) {
		size_t size = room->size ? room->size * 2 : 512;
		char *arena = realloc(names->arena, size);

		if (!arena)
			return false;
		names->arena = arena;
		room->size = size;
	}
	memcpy(names->arena + room->used, entry->name, len);
	names->arena[room->used + len] = 0;
	name = &names->v[names->n++];
	name->name = (char *)(uintptr_t)room->used;
	name->ino = entry->ino;
	name->type = entry->type;
	room->used += len + 1;
	return true;
}

/* Offsets become pointers, memory that is not needed is given back; sorted, each name once. */
static void finish_names(struct xfsw_names *names, const struct xfsw_name_room *room)
{
	size_t n = 0;
	void *smaller;

	if (!names->n)
		return;
	smaller = realloc(names->arena, room->used);
	if (smaller)
		names->arena = smaller;
	smaller = realloc(names->v, names->n * sizeof(*names->v));
	if (smaller)
		names->v = smaller;
	for (size_t i = 0; i < names->n; i++)
		names->v[i].name = names->arena + (uintptr_t)names->v[i].name;
	qsort(names->v, names->n, sizeof(*names->v), compare_names);
	for (size_t i = 0; i < names->n; i++) {
		if (n && strcmp(names->v[n - 1].name, names->v[i].name) == 0)
			names->twice++;
		else
			names->v[n++] = names->v[i];
	}
	names->n = n;
}

int xfsw_read_names(struct xfs_file *dir, struct xfsw_names *names)
{
	struct xfsw_name_room room = { 0 };
	struct xfs_dirent entry = XFS_DIRENT_INIT;
	struct xfs_dir *stream;
	bool memory = true;
	uint64_t seen = 0;
	int error;

	memset(names, 0, sizeof(*names));
	error = xfs_fdopendir(dir, &stream);
	if (error)
		return error;
	while (memory && (error = xfs_readdir(stream, &entry)) > 0) {
		/* "." and ".." come first; later ones are not what they seem. */
		if (seen++ < 2 && (strcmp(entry.name, ".") == 0 || strcmp(entry.name, "..") == 0))
			continue;
		if (xfsw_name_is_plain(entry.name, entry.name_len))
			memory = add_name(names, &room, &entry);
		else
			names->refused++;
	}
	xfs_closedir(stream);
	if (!memory) {
		xfsw_free_names(names);
		return -ENOMEM;
	}
	finish_names(names, &room);
	return error;
}

int xfsw_tell_names(const struct xfsw_call *call, const char *path, const struct xfsw_names *names)
{
	if (names->refused)
		xfsw_complain(call, path, "%s (%zu invalid names were left out)", strerror(EUCLEAN),
			      names->refused);
	if (names->twice)
		xfsw_complain(call, path, "%s (%zu duplicate names were left out)",
			      strerror(EUCLEAN), names->twice);
	return names->refused || names->twice ? XFSW_FAILED : XFSW_OK;
}

void xfsw_free_names(struct xfsw_names *names)
{
	free(names->v);
	free(names->arena);
	memset(names, 0, sizeof(*names));
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

struct xfs_timespec xfsw_library_time(struct timespec host)
{
	return (struct xfs_timespec){ .tv_sec = host.tv_sec, .tv_nsec = (uint32_t)host.tv_nsec };
}

struct timespec xfsw_host_time(struct xfs_timespec ts)
{
	return (struct timespec){ .tv_sec = (time_t)ts.tv_sec, .tv_nsec = (long)ts.tv_nsec };
}

void xfsw_time_string(const struct xfs_timespec *ts, bool precise, char buf[40])
{
	time_t seconds = (time_t)ts->tv_sec;
	struct tm tm;
	size_t len;

	/* UTC everywhere: the same image prints the same on every machine. */
	if (!gmtime_r(&seconds, &tm)) {
		snprintf(buf, 40, "@%jd", (intmax_t)ts->tv_sec);
		return;
	}
	len = strftime(buf, 40, precise ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
	if (precise)
		snprintf(buf + len, 40 - len, ".%09u", ts->tv_nsec);
}
