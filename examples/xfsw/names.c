/* SPDX-License-Identifier: MIT */
/* xfsw mkdir, rm, ln, mknod */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/walk.h"

/*
 * A directory of exactly that @mode: the call itself leaves set-id bits out and takes set-group-id from
 * the parent, which a mode that was asked for overrides.
 */
static int make_directory(struct xfs_mount *mp, const char *path, uint32_t mode, bool exactly)
{
	int error = xfs_mkdir(mp, path, (mode_t)mode);

	if (!error && exactly && mode & 07000)
		error = xfs_chmod(mp, path, (mode_t)mode);
	return error;
}

/* Each leading directory of @path, then @path; what exists already is fine. */
static int make_parents(struct xfs_mount *mp, const char *path, uint32_t mode, bool exactly)
{
	char *copy = strdup(path);
	size_t len = strlen(path), last = len;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	while (last > 1 && copy[last - 1] == '/')
		copy[--last] = 0;
	for (size_t i = 1; i <= last && !error; i++) {
		if (copy[i] != '/' && copy[i] != 0)
			continue;
		char saved = copy[i];

		copy[i] = 0;
		error = saved ? xfs_mkdir(mp, copy, 0755) : make_directory(mp, copy, mode, exactly);
		if (error == -EEXIST)
			error = xfsw_is_directory(mp, copy) ? 0 : -ENOTDIR;
		copy[i] = saved;
	}
	free(copy);
	return error;
}

static int run_mkdir(struct xfsw_call *call)
{
	struct xfs_mount *mp = call->img->mp;
	bool exactly = xfsw_has(call, 'm');
	uint32_t mode = S_IFDIR | (exactly ? 0777 : 0755);
	int code = XFSW_OK;

	if (!xfsw_mode_option(call, &mode))
		return XFSW_USAGE;
	mode &= 07777;
	for (int i = 0; i < call->argc; i++) {
		const char *path = call->argv[i];
		int error = xfsw_has(call, 'p') ? make_parents(mp, path, mode, exactly)
						: make_directory(mp, path, mode, exactly);

		if (error)
			code = xfsw_fail(call, path, error);
	}
	return code;
}

static const struct xfsw_option mkdir_options[] = {
	{ 'p', NULL, NULL, "make missing parents; an existing directory is not an error" },
	{ 'm', NULL, "MODE",
	  "permissions as for chmod, symbolic ones relative to a=rwx; the default is 755" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_mkdir = {
	.name = "mkdir",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-p] [-m MODE] IMG PATH...",
	.summary = "Make directories",
	.examples = "xfsw mkdir -p -m 750 disk.img /srv/www/data\n",
	.options = mkdir_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_mkdir,
};

static int remove_visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct xfs_mount *mp = walk->call->img->mp;
	int flags = S_ISDIR(node->st.mode) ? AT_REMOVEDIR : 0;
	struct xfs_stat root = XFS_STAT_INIT;

	if (node->dir)
		return xfs_unlinkat(node->dir, node->name, flags);
	/* Of the root only what is in it. */
	if (xfs_fgetattr(xfs_root(mp), &root) == 0 && root.ino == node->st.ino)
		return 0;
	return xfs_unlinkat(xfs_root(mp), node->path, flags);
}

static const struct xfsw_visitor remove_visitor = { .visit = remove_visit, .leave = remove_visit };

static int remove_tree(struct xfsw_call *call, const char *path)
{
	struct xfsw_walk walk = {
		.call = call, .visitor = &remove_visitor, .max_level = XFSW_ALL_LEVELS,
		.flags = XFSW_WALK_CHANGE | (xfsw_has(call, 'f') ? XFSW_WALK_MAY_MISS : 0),
	};
	char base[256];
	const char *name = xfsw_basename(path, base);

	/* They cannot be removed, and it would be noticed when all in them is gone. */
	if (name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		return xfsw_fail(call, path, xfsw_error(-EINVAL));
	return xfsw_walk(&walk, path);
}

static int run_rm(struct xfsw_call *call)
{
	bool recurse = xfsw_has(call, 'r') || xfsw_has(call, 'R');
	int code = XFSW_OK;

	for (int i = 0; i < call->argc; i++) {
		const char *path = call->argv[i];
		int result = 0, error = 0;

		if (recurse)
			result = remove_tree(call, path);
		else
			error = xfs_unlink(call->img->mp, path);
		if (error && !(error == -ENOENT && xfsw_has(call, 'f')))
			result = xfsw_fail(call, path, error);
		if (result > code)
			code = result;
	}
	return code;
}

static const struct xfsw_option rm_options[] = {
	{ 'r', NULL, NULL, NULL },
	{ 'R', NULL, NULL, "remove directories and their contents; of / only the contents" },
	{ 'f', NULL, NULL,
	  "a PATH that does not exist, or a pattern without a match, is not an error" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_rm = {
	.name = "rm",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-r] [-f] IMG PATH...",
	.summary = "Remove files, and trees with -r",
	.examples = "xfsw rm disk.img /home/ann/todo.txt\n"
		"xfsw rm -rf disk.img '/var/log/*'\n",
	.options = rm_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_GLOB_ALL,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_rm,
};

static int run_ln(struct xfsw_call *call)
{
	struct xfs_mount *mp = call->img->mp;
	const char *target = call->argv[0], *path = call->argv[1];
	struct xfsw_str inside = { 0 };
	int error = 0;

	if (xfsw_is_directory(mp, path)) {
		error = xfsw_path_inside(&inside, path, target);
		path = error ? path : inside.s;
	}
	if (!error)
		error = xfsw_has(call, 's') ? xfs_symlink(mp, target, path)
					    : xfs_link(mp, target, path);
	if (error)
		xfsw_fail(call, path, error);
	str_free(&inside);
	return error ? XFSW_FAILED : XFSW_OK;
}

static const struct xfsw_option ln_options[] = {
	{ 's', NULL, NULL, "make a symbolic link; TARGET is stored as given, 1 to 1023 bytes" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_ln = {
	.name = "ln",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-s] IMG TARGET PATH",
	.summary = "Make a hard or symbolic link",
	.help = "If PATH is a directory, the link is made in it with the name of TARGET.\n",
	.examples = "xfsw ln disk.img /etc/passwd /etc/passwd.link\n"
		"xfsw ln -s disk.img ../usr/bin/app /etc/app\n",
	.options = ln_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_ln,
};

static int run_mknod(struct xfsw_call *call)
{
	uint64_t major = 0, minor = 0;
	uint32_t mode = xfsw_has(call, 'm') ? 0666 : 0644, type;
	int error;

	if (!xfsw_mode_option(call, &mode))
		return XFSW_USAGE;
	if (strcmp(call->argv[1], "b") == 0)
		type = S_IFBLK;
	else if (strcmp(call->argv[1], "c") == 0)
		type = S_IFCHR;
	else if (strcmp(call->argv[1], "p") == 0)
		type = S_IFIFO;
	else if (strcmp(call->argv[1], "s") == 0)
		type = S_IFSOCK;
	else
		return xfsw_usage(call, "type '%s' is not b, c, p or s", call->argv[1]);
	if ((type == S_IFBLK || type == S_IFCHR) != (call->argc == 4))
		return xfsw_usage(call, "b and c need MAJOR and MINOR; p and s take neither");
	if (call->argc == 4 && (!xfsw_parse_u64(call->argv[2], UINT32_MAX, &major) ||
				!xfsw_parse_u64(call->argv[3], UINT32_MAX, &minor)))
		return xfsw_usage(call, "'%s %s' is not a device number", call->argv[2],
				  call->argv[3]);
	error = xfs_mknod(call->img->mp, call->argv[0], (mode_t)(type | mode), (uint32_t)major,
			  (uint32_t)minor);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

static const struct xfsw_option mknod_options[] = {
	{ 'm', NULL, "MODE",
	  "permissions as for chmod, symbolic ones relative to a=rw; the default is 644" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_mknod = {
	.name = "mknod",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-m MODE] IMG PATH b|c|p|s [MAJOR MINOR]",
	.summary = "Make a device node (b, c), a fifo (p) or a socket (s)",
	.examples = "xfsw mknod -m 666 disk.img /null c 1 3\n",
	.options = mknod_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = 4,
	.run = run_mknod,
};
