/* SPDX-License-Identifier: MIT */
/* xfsw chmod, chown, touch, truncate */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "xfsw/owners.h"
#include "xfsw/walk.h"

/* One change for many objects. */
struct change {
	struct xfsw_call *call;
	struct xfs_iattr iattr;
	bool skip_links;	/* chmod -R: links have no mode to change */
};

static int change_visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct change *change = walk->ctx;

	if (change->skip_links && S_ISLNK(node->st.mode))
		return 0;
	return xfs_fsetattr(node->file, &change->iattr);
}

static const struct xfsw_visitor change_visitor = { .visit = change_visit, .leave = change_visit };

static int change_tree(struct change *change, const char *path)
{
	struct xfsw_walk walk = {
		.call = change->call, .visitor = &change_visitor, .ctx = change,
		.flags = XFSW_WALK_CHANGE, .max_level = XFSW_ALL_LEVELS,
	};

	return xfsw_walk(&walk, path);
}

/* Operands from @first on; with -R what is below them too. */
static int change_all(struct change *change, int first, bool follow)
{
	struct xfsw_call *call = change->call;
	int code = XFSW_OK;

	for (int i = first; i < call->argc; i++) {
		int result = 0, error = 0;

		if (xfsw_has(call, 'R'))
			result = change_tree(change, call->argv[i]);
		else
			error = xfs_setattr(call->img->mp, call->argv[i], follow, &change->iattr);
		if (error)
			result = xfsw_fail(call, call->argv[i], error);
		if (result > code)
			code = result;
	}
	return code;
}

static int run_chmod(struct xfsw_call *call)
{
	struct change change = { .call = call, .iattr.valid = XFS_ATTR_MODE, .skip_links = true };

	if (!xfsw_parse_mode(call->argv[0], &change.iattr.mode))
		return xfsw_usage(call, "'%s' is no octal mode", call->argv[0]);
	return change_all(&change, 1, true);
}

const struct xfsw_verb verb_chmod = {
	.name = "chmod",
	.operands = "[-R] IMG MODE PATH...",
	.summary = "Set permission bits (octal)",
	.help = "  -R               everything below as well; links are not followed\n",
	.shortopts = "R",
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_chmod,
};

static int run_chown(struct xfsw_call *call)
{
	struct change change = { .call = call };
	struct xfsw_owners owners;
	int code = owners_init(&owners, call);
	bool known;

	if (code)
		return code;
	owners.tree = call->img->mp;
	known = owners_parse(&owners, call->argv[0], &change.iattr.uid, &change.iattr.gid,
			     &change.iattr.valid);
	owners_free(&owners);
	if (!known)
		return xfsw_usage(call, "'%s' is not UID:GID, or a name that nobody knows",
				  call->argv[0]);
	return change_all(&change, 1, !xfsw_has(call, 'h'));
}

static const struct option chown_longopts[] = { OWNERS_LONGOPTS, { NULL, 0, NULL, 0 } };

const struct xfsw_verb verb_chown = {
	.name = "chown",
	.operands = "[-R] [-h] IMG UID[:GID] PATH...",
	.summary = "Set owner and group",
	.help = "UID and GID are numbers or names; ':GID' sets the group alone.\n\n"
		"  -R               everything below as well; links themselves, not their targets\n"
		"  -h               a link itself, not its target\n" OWNERS_HELP,
	.shortopts = "Rh",
	.longopts = chown_longopts,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_chown,
};

static int touch(struct xfsw_call *call, const char *path, const struct timespec times[2])
{
	struct xfs_mount *mp = call->img->mp;
	bool follow = !xfsw_has(call, 'h');
	int error = xfs_utimens(mp, path, follow, times);

	if (error == -ENOENT && !xfsw_has(call, 'c')) {
		struct xfs_file *file;

		error = xfs_open(mp, path, O_WRONLY | O_CREAT, 0644, &file);
		if (!error) {
			xfs_close(file);
			error = xfs_utimens(mp, path, follow, times);
		}
	} else if (error == -ENOENT) {
		error = 0;
	}
	return error;
}

static int run_touch(struct xfsw_call *call)
{
	struct timespec times[2];
	const char *text = xfsw_arg(call, 't');
	int code = XFSW_OK;

	times[0].tv_nsec = UTIME_NOW;
	if (text && !xfsw_parse_time(text, &times[0]))
		return xfsw_usage(call, "'%s' is no time", text);
	times[1] = times[0];
	if (xfsw_has(call, 'a') && !xfsw_has(call, 'm'))
		times[1].tv_nsec = UTIME_OMIT;
	if (xfsw_has(call, 'm') && !xfsw_has(call, 'a'))
		times[0].tv_nsec = UTIME_OMIT;
	for (int i = 0; i < call->argc; i++) {
		int error = touch(call, call->argv[i], times);

		if (error)
			code = xfsw_fail(call, call->argv[i], error);
	}
	return code;
}

const struct xfsw_verb verb_touch = {
	.name = "touch",
	.operands = "[-t TIME] [-a] [-m] [-c] [-h] IMG PATH...",
	.summary = "Set atime and mtime; make empty files",
	.help = "  -t TIME          @SECONDS[.FRACTION], or in UTC\n"
		"                   'YYYY-MM-DD[ HH:MM[:SS[.FRACTION]]]', or now\n"
		"  -a, -m           atime only, mtime only\n"
		"  -c               make no files\n"
		"  -h               a link itself, not its target\n",
	.shortopts = "t:amch",
	.open = XFSW_OPEN_WRITE,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_touch,
};

static int run_truncate(struct xfsw_call *call)
{
	uint64_t size;
	int error;

	if (!xfsw_parse_size(call->argv[1], 4096, &size))
		return xfsw_usage(call, "'%s' is no size", call->argv[1]);
	error = xfs_truncate(call->img->mp, call->argv[0], size);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

const struct xfsw_verb verb_truncate = {
	.name = "truncate",
	.operands = "IMG PATH SIZE",
	.summary = "Cut a file to SIZE bytes, or lengthen it with a hole",
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_truncate,
};
