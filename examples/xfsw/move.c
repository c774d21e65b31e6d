/* SPDX-License-Identifier: MIT */
/* xfsw mv; rename for the shell */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "xfsw/walk.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1u << 0)
#endif

struct moving {
	struct xfsw_call *call;
	struct xfs_mount *mp;
	struct xfsw_inoset moved;	/* what this command has moved: it is not replaced again */
	bool replace;
};

/* One of the two names. */
struct name {
	const char *path;
	struct xfs_stat st;	/* of what it names, links not followed */
	uint64_t dir_ino;
	char base[256];
};

/* -ENOENT and the like: there is none. */
static int find_name(struct xfs_mount *mp, const char *path, struct name *name)
{
	struct xfs_stat dir_st = XFS_STAT_INIT;
	struct xfs_file *dir;
	int error;

	name->path = path;
	name->st = (struct xfs_stat)XFS_STAT_INIT;
	error = xfs_getattr(mp, path, false, &name->st);
	if (error)
		return error;
	error = xfsw_open_parent(mp, path, &dir, name->base);
	if (error)
		return error;
	error = xfs_fgetattr(dir, &dir_st);
	name->dir_ino = dir_st.ino;
	xfs_close(dir);
	return error;
}

static int do_rename(struct xfsw_call *call, const char *from, const char *to, bool replace)
{
	struct xfs_file *root = xfs_root(call->img->mp);
	int error = xfs_renameat(root, from, root, to, replace ? 0 : RENAME_NOREPLACE);

	return error ? xfsw_fail(call, from, error) : XFSW_OK;
}

/* Is the new name somewhere below the directory that it would move? */
static int goes_into_itself(struct moving *m, const struct name *from, const char *to)
{
	char base[256];
	struct xfs_file *dir;
	int error, below;

	if (!S_ISDIR(from->st.mode))
		return 0;
	error = xfsw_open_parent(m->mp, to, &dir, base);
	if (error)
		return 0;	/* rename says why */
	below = xfsw_is_below(dir, from->st.ino);
	xfs_close(dir);
	return below;
}

/*
 * rename(2) leaves both names of one file: here the old one goes.  One name, however it is spelled,
 * cannot be moved; nor can a link replace what it leads to, which would be gone with all its data.
 */
static int move_onto(struct moving *m, const struct name *from, const struct name *to)
{
	struct xfsw_call *call = m->call;
	struct xfs_stat target = XFS_STAT_INIT;
	int error;

	if (S_ISLNK(from->st.mode) && !S_ISLNK(to->st.mode) &&
	    xfs_getattr(m->mp, from->path, true, &target) == 0 && target.ino == to->st.ino)
		return xfsw_complain(call, from->path, "'%s' and '%s' are the same file",
				     from->path, to->path);
	if (from->st.ino == to->st.ino &&
	    (S_ISDIR(from->st.mode) ||
	     (from->dir_ino == to->dir_ino && strcmp(from->base, to->base) == 0)))
		return xfsw_complain(call, from->path, "'%s' and '%s' are the same file",
				     from->path, to->path);
	if (from->st.ino == to->st.ino) {
		error = xfs_unlink(m->mp, from->path);
		return error ? xfsw_fail(call, from->path, error) : XFSW_OK;
	}
	if (inoset_has(&m->moved, to->st.ino))
		return xfsw_complain(call, from->path,
				     "will not overwrite just-created '%s' with '%s'", to->path,
				     from->path);
	if (S_ISDIR(to->st.mode) && !S_ISDIR(from->st.mode))
		return xfsw_complain(call, from->path,
				     "cannot overwrite directory '%s' with non-directory", to->path);
	if (!S_ISDIR(to->st.mode) && S_ISDIR(from->st.mode))
		return xfsw_complain(call, from->path,
				     "cannot overwrite non-directory '%s' with directory '%s'",
				     to->path, from->path);
	return do_rename(call, from->path, to->path, true);
}

static int move(struct moving *m, const char *path, const char *to)
{
	struct name from, old;
	int error = find_name(m->mp, path, &from), code;

	/* Names that cannot be moved, "/" and "..", are told as rename(2) does. */
	if (error)
		return do_rename(m->call, path, to, m->replace);
	error = goes_into_itself(m, &from, to);
	if (error < 0)
		return xfsw_fail(m->call, path, error);
	if (error)
		return xfsw_complain(m->call, path, "cannot move '%s' to a subdirectory of itself, '%s'",
				     path, to);
	if (m->replace && find_name(m->mp, to, &old) == 0)
		code = move_onto(m, &from, &old);
	else
		code = do_rename(m->call, path, to, m->replace);
	if (!code && !S_ISDIR(from.st.mode) && inoset_add(&m->moved, from.st.ino) < 0)
		code = xfsw_fail(m->call, path, -ENOMEM);
	return code;
}

static int run_mv(struct xfsw_call *call)
{
	struct moving m = { .call = call, .mp = call->img->mp, .replace = xfsw_replaces(call) };
	const char *to = call->argv[call->argc - 1];
	bool into = !xfsw_has(call, 'T') && xfsw_is_directory(m.mp, to);
	struct xfsw_str target = { 0 };
	int code = XFSW_OK;

	if (xfsw_has(call, 'T') && call->argc > 2)
		return xfsw_usage(call, "with -T there is one OLD and one NEW");
	if (!into && call->argc > 2)
		return xfsw_complain(call, to, "%s; several sources need a directory",
				     strerror(ENOTDIR));
	for (int i = 0; i + 1 < call->argc && !xfsw_interrupted(); i++) {
		int error = into ? xfsw_path_inside(&target, to, call->argv[i]) : 0;
		int result = error ? xfsw_fail(call, call->argv[i], error)
				   : move(&m, call->argv[i], into ? target.s : to);

		if (result)
			code = result;
	}
	str_free(&target);
	inoset_free(&m.moved);
	return code;
}

static const struct xfsw_option mv_options[] = {
	{ 'f', NULL, NULL, "replace existing files, which is the default" },
	{ 'n', NULL, NULL, "replace nothing: an existing file is an error" },
	{ 'T', NULL, NULL, "NEW is the new name, even if it is a directory" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_mv = {
	.name = "mv",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-f | -n] [-T] IMG OLD... NEW",
	.summary = "Rename files, or move them into a directory",
	.help = "If NEW is a directory, each OLD is moved into it; otherwise NEW is the new "
		"name. An existing file NEW is replaced atomically. A directory replaces only "
		"an empty directory, and cannot be moved below itself.\n",
	.examples = "xfsw mv disk.img /home/ann/notes.txt /home/ann/notes.old\n",
	.options = mv_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_GLOB_SOURCES,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_mv,
};

static int run_rename(struct xfsw_call *call)
{
	return do_rename(call, call->argv[0], call->argv[1], !xfsw_has(call, 'n'));
}

static const struct xfsw_option rename_options[] = {
	{ 'n', NULL, NULL, "fail if NEW exists" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_rename = {
	.name = "rename",
	.group = XFSW_GROUP_SHELL,
	.operands = "[-n] OLD NEW",
	.summary = "Rename as rename(2): NEW is never a directory to move into",
	.options = rename_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_SHELL_ONLY,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_rename,
};
