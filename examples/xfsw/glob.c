/* SPDX-License-Identifier: MIT */
/*
 * Patterns among the operands of a verb: *, ? and [...], as the shell matches them in a component of a
 * path; never '/', and a leading dot only where the pattern has one.  What exists under that very name
 * is no pattern.  Matches are sorted, and each is a path like any other the user could have named.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/xfsw.h"

/* True: @path is the list's now; else it is freed. */
static bool add(struct xfsw_paths *list, char *path)
{
	if (path && list->n == list->max) {
		size_t max = list->max ? list->max * 2 : 16;
		void *v = realloc(list->v, max * sizeof(*list->v));

		if (v) {
			list->v = v;
			list->max = max;
		}
	}
	if (!path || list->n == list->max) {
		free(path);
		return false;
	}
	list->v[list->n++] = path;
	return true;
}

void xfsw_paths_free(struct xfsw_paths *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	memset(list, 0, sizeof(*list));
}

/* A * ? or [ that is not behind a backslash. */
bool xfsw_is_pattern(const char *text, size_t len)
{
	for (size_t i = 0; i < len && text[i]; i++) {
		if (text[i] == '\\')
			i++;
		else if (strchr("*?[", text[i]))
			return true;
	}
	return false;
}

static void drop_backslashes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = 0;
}

static bool add_joined(struct xfsw_paths *list, const char *dir, const char *name)
{
	struct xfsw_str path = { 0 };

	if (!str_set(&path, dir) || !str_join(&path, path.len, name)) {
		str_free(&path);
		return false;
	}
	return add(list, path.s);
}

/* What matches in directory @dir; one that is none has no matches.  0 or -errno. */
static int match_in(struct xfsw_call *call, const char *dir, const char *pattern,
		    struct xfsw_paths *list)
{
	struct xfsw_names names;
	struct xfs_file *file;
	int error = xfs_open(call->img->mp, *dir ? dir : "/", O_RDONLY | O_DIRECTORY, 0, &file);
	bool memory = true;

	if (error == -ENOENT || error == -ENOTDIR)
		return 0;
	if (error)
		return error;
	error = xfsw_read_names(file, &names);
	if (xfsw_tell_names(call, dir, &names))
		call->expanded.code = XFSW_FAILED;
	for (size_t i = 0; i < names.n && memory; i++)
		if (fnmatch(pattern, names.v[i].name, FNM_PERIOD) == 0)
			memory = add_joined(list, dir, names.v[i].name);
	xfsw_free_names(&names);
	xfs_close(file);
	return memory ? error : -ENOMEM;
}

/* One more component, for each path that fits so far. */
static int take_component(struct xfsw_call *call, struct xfsw_paths *list, char *component)
{
	bool pattern = xfsw_is_pattern(component, strlen(component));
	struct xfsw_paths longer = { 0 };
	int error = 0;

	if (!pattern)
		drop_backslashes(component);
	for (size_t i = 0; i < list->n && error != -ENOMEM && error != -EINTR; i++) {
		if (!pattern)
			error = add_joined(&longer, list->v[i], component) ? 0 : -ENOMEM;
		else
			error = match_in(call, list->v[i], component, &longer);
		/* A directory that cannot be read does not hide what matches elsewhere. */
		if (error)
			call->expanded.code = xfsw_fail(call, list->v[i], error);
		if (xfsw_interrupted())
			error = -EINTR;
	}
	xfsw_paths_free(list);
	*list = longer;
	return error == -ENOMEM || error == -EINTR ? error : 0;
}

/* Is it there, and with a slash behind it a directory? */
static bool exists(struct xfsw_call *call, const char *path)
{
	bool dir = path[0] && path[strlen(path) - 1] == '/';
	struct xfs_stat st = XFS_STAT_INIT;

	return xfs_getattr(call->img->mp, path, dir, &st) == 0 && (!dir || S_ISDIR(st.mode));
}

/* All paths that fit @pattern.  0 or -errno. */
static int match(struct xfsw_call *call, const char *pattern, struct xfsw_paths *list)
{
	char *copy = strdup(pattern), *p = copy;
	bool slash = *pattern && pattern[strlen(pattern) - 1] == '/';
	size_t kept = 0;
	int error = copy && add(list, strdup(*pattern == '/' ? "/" : "")) ? 0 : -ENOMEM;

	while (!error && *(p += strspn(p, "/"))) {
		size_t len = strcspn(p, "/");
		bool last = !p[len];

		p[len] = 0;
		error = take_component(call, list, p);
		p += len + !last;
	}
	free(copy);
	for (size_t i = 0; i < list->n; i++) {
		struct xfsw_str path = { 0 };

		if (slash && (!str_set(&path, list->v[i]) || !str_append(&path, "/")))
			error = -ENOMEM;
		if (path.s) {
			free(list->v[i]);
			list->v[i] = path.s;
		}
		if (exists(call, list->v[i]))
			list->v[kept++] = list->v[i];
		else
			free(list->v[i]);
	}
	list->n = kept;
	return error;
}

/* What operand @text stands for, added to call->expanded. */
static int expand_one(struct xfsw_call *call, const char *text)
{
	struct xfsw_paths *all = &call->expanded.paths, list = { 0 };
	int error = 0;

	if (!strpbrk(text, "*?[") || exists(call, text))
		return add(all, strdup(text)) ? 0 : -ENOMEM;
	error = match(call, text, &list);
	if (!error && !list.n && !call->expanded.code &&
	    !(call->verb == &verb_rm && xfsw_has(call, 'f')))
		call->expanded.code = xfsw_complain(call, text, "no path matches the pattern");
	call->expanded.matched |= list.n > 0;
	for (size_t i = 0; i < list.n && !error; i++) {
		error = add(all, list.v[i]) ? 0 : -ENOMEM;
		list.v[i] = NULL;
	}
	xfsw_paths_free(&list);
	return error;
}

int xfsw_expand(struct xfsw_call *call)
{
	int n = call->argc - ((call->verb->flags & XFSW_GLOB_SOURCES) != 0), error = 0;
	struct xfsw_expanded *expanded = &call->expanded;
	bool any = false;

	for (int i = 0; i < n; i++)
		any |= strpbrk(call->argv[i], "*?[") != NULL;
	if (!any || !(call->verb->flags & (XFSW_GLOB_ALL | XFSW_GLOB_SOURCES)) ||
	    xfsw_has(call, XFSW_OPT_NO_GLOB))
		return XFSW_OK;
	for (int i = 0; i < n && !error; i++) {
		int before = expanded->code;

		expanded->code = XFSW_OK;
		error = expand_one(call, call->argv[i]);
		if (before > expanded->code)
			expanded->code = before;
	}
	expanded->none = !error && !expanded->paths.n;
	for (int i = n; i < call->argc && !error; i++)
		error = add(&expanded->paths, strdup(call->argv[i])) ? 0 : -ENOMEM;
	if (error) {
		expanded->none = true;
		expanded->code = xfsw_fail(call, NULL, error);
		return expanded->code;
	}
	call->argv = expanded->paths.v;
	call->argc = (int)expanded->paths.n;
	return expanded->code;
}
