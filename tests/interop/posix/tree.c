/* SPDX-License-Identifier: MIT */
/* All objects of a tree: told, or removed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "calls.h"

struct names {
	char **at;
	size_t n;
};

static void add_name(void *arg, const char *name)
{
	struct names *names = arg;

	names->at = realloc(names->at, (names->n + 1) * sizeof(*names->at));
	if (!names->at || !(names->at[names->n++] = strdup(name)))
		abort();
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->at[i]);
	free(names->at);
}

static void describe_xattrs(const struct calls *c, const char *path, struct text *out)
{
	static char list[65536], value[65536];
	int64_t len = c->listxattr(path, false, list, sizeof(list));

	for (int64_t at = 0; at < len; at += (int64_t)strlen(list + at) + 1) {
		int64_t size = c->getxattr(path, false, list + at, value, sizeof(value));
		uint32_t sum = 0;

		for (int64_t i = 0; i < size; i++)
			sum = sum * 31 + (uint8_t)value[i];
		text_add(out, " %.300s=%lld:%x", list + at, (long long)size, sum);
	}
	if (len < 0)
		text_add(out, " listxattr %lld", (long long)len);
}

static void describe_one(const struct calls *c, const char *path, struct stat *st, struct text *out)
{
	char target[2048];
	int64_t len;
	int error = c->stat(path, false, st);

	if (error) {
		text_add(out, "%s: lstat %d\n", path, error);
		memset(st, 0, sizeof(*st));
		return;
	}
	text_add(out, "%s mode %o nlink %u owner %u:%u size %lld blksize %ld rdev %llx", path,
		 st->st_mode, (unsigned int)st->st_nlink, st->st_uid, st->st_gid,
		 (long long)st->st_size, (long)st->st_blksize, (unsigned long long)st->st_rdev);
	if (S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode))
		text_add(out, " blocks %lld", (long long)st->st_blocks);
	if (S_ISLNK(st->st_mode)) {
		len = c->readlink(path, target, sizeof(target));
		text_add(out, " -> %.*s", (int)len, target);
	}
	describe_xattrs(c, path, out);
	text_add(out, "\n");
}

static void describe(const struct calls *c, const char *path, struct text *out)
{
	struct names names = { 0 };
	char child[8192];
	struct stat st;
	int error;

	describe_one(c, *path ? path : "/", &st, out);
	if (!S_ISDIR(st.st_mode))
		return;
	error = c->list(*path ? path : "/", add_name, &names);
	if (error)
		text_add(out, "%s: list %d\n", path, error);
	if (names.n)
		qsort(names.at, names.n, sizeof(*names.at), by_name);
	for (size_t i = 0; i < names.n; i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names.at[i]);
		describe(c, child, out);
	}
	free_names(&names);
}

void tree_describe(const struct calls *c, struct text *out)
{
	describe(c, "", out);
}

static int wipe(const struct calls *c, const char *path)
{
	struct names names = { 0 };
	char child[8192];
	int error;

	error = c->list(*path ? path : "/", add_name, &names);
	for (size_t i = 0; !error && i < names.n; i++) {
		struct stat st;

		snprintf(child, sizeof(child), "%s/%s", path, names.at[i]);
		error = c->stat(child, false, &st);
		if (!error && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			error = c->set_xflags(child, 0);
		if (!error && S_ISDIR(st.st_mode))
			error = wipe(c, child);
		if (!error)
			error = S_ISDIR(st.st_mode) ? c->rmdir(child) : c->unlink(child);
		if (error)
			fprintf(stderr, "wiping %s: %s\n", child, strerror(-error));
	}
	free_names(&names);
	return error;
}

/* The root directory stays, but without what was done to it. */
int tree_wipe(const struct calls *c)
{
	static char list[65536];
	int64_t len;
	int error = wipe(c, "");

	len = c->listxattr("/", false, list, sizeof(list));
	for (int64_t at = 0; at < len; at += (int64_t)strlen(list + at) + 1)
		c->removexattr("/", false, list + at);
	return error ? error : c->chmod("/", 0755);
}
