/* SPDX-License-Identifier: MIT */
/* xfsw chmod, chown, touch, truncate */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "xfsw/owners.h"
#include "xfsw/walk.h"

/* What may stand behind the - of a mode; options of chmod, with optional values. */
#define CHMOD_LETTERS	"rwxXstugo"

/* One change for many objects. */
struct change {
	struct xfsw_call *call;
	struct xfs_iattr iattr;
	const char *mode;	/* chmod: what iattr.mode of each object follows from */
};

static int change_object(struct change *change, struct xfs_file *file, uint32_t mode)
{
	if (change->mode && xfsw_change_mode(change->mode, &mode))
		change->iattr.mode = mode & 07777;
	return xfs_fsetattr(file, &change->iattr);
}

static int change_visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct change *change = walk->ctx;

	/* Links have no mode to change. */
	if (change->mode && S_ISLNK(node->st.mode))
		return 0;
	return change_object(change, node->file, node->st.mode);
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

static int change_path(struct change *change, const char *path, bool follow)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	int error = xfs_open(change->call->img->mp, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0,
			     &file);

	if (error)
		return error;
	error = xfs_fgetattr(file, &st);
	if (!error)
		error = change_object(change, file, st.mode);
	xfs_close(file);
	return error;
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
			error = change_path(change, call->argv[i], follow);
		if (error)
			result = xfsw_fail(call, call->argv[i], error);
		if (result > code)
			code = result;
	}
	return code;
}

/* "-w" among the options is a mode, and may go on ("-w,u+x"); several are one after the other. */
static bool mode_of_options(const struct xfsw_call *call, struct xfsw_str *mode)
{
	if (!str_set(mode, ""))
		return false;
	for (size_t i = 0; i < call->nopts; i++) {
		const struct xfsw_opt *opt = &call->opts[i];
		const char head[] = { ',', '-', (char)opt->id, 0 };

		if (opt->id <= 0 || opt->id > 127 || !strchr(CHMOD_LETTERS, opt->id))
			continue;
		if (!str_append(mode, mode->len ? head : head + 1) ||
		    (opt->arg && !str_append(mode, opt->arg)))
			return false;
	}
	return true;
}

static int chmod_all(struct xfsw_call *call, const char *mode, int first)
{
	struct change change = { .call = call, .iattr = XFS_IATTR_INIT, .mode = mode };
	uint32_t any = 0;

	change.iattr.valid = XFS_ATTR_MODE;
	if (!xfsw_change_mode(mode, &any))
		return xfsw_usage(call, "'%s' is not a mode", mode);
	return change_all(&change, first, true);
}

static int run_chmod(struct xfsw_call *call)
{
	struct xfsw_str mode = { 0 };
	int code;

	if (!mode_of_options(call, &mode))
		code = xfsw_fail(call, NULL, -ENOMEM);
	else if (mode.len)
		code = chmod_all(call, mode.s, 0);
	else if (call->argc < 2)
		code = xfsw_usage(call, "operands are missing");
	else
		code = chmod_all(call, call->argv[0], 1);
	str_free(&mode);
	return code;
}

static const struct xfsw_option chmod_options[] = {
	{ 'R', NULL, NULL, "change everything below too; symbolic links are not followed" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_chmod = {
	.name = "chmod",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-R] IMG MODE PATH...",
	.summary = "Set or change permission bits",
	.help = "MODE is octal, or symbolic as in 'u+x,g-w,a=rX': for whom (u, g, o, a; without "
		"one of them all, there is no umask), + - or =, and r, w, x, X (x for "
		"directories and for files that have an x), s, t, or u, g, o to copy from. = "
		"leaves the set-id bits of directories unless it contains s. MODE may begin "
		"with -, as in -w or -x,u+s.\n",
	.examples = "xfsw chmod disk.img 640 /etc/passwd\n"
		"xfsw chmod -R disk.img u=rwX,go=rX /home\n",
	.options = chmod_options,
	.hidden_letters = "r::w::x::X::s::t::u::g::o::",
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_GLOB_ALL,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_chmod,
};

static int run_chown(struct xfsw_call *call)
{
	struct change change = { .call = call, .iattr = XFS_IATTR_INIT };
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
		return xfsw_usage(call, "'%s' is not UID[:GID], or names an unknown user or group",
				  call->argv[0]);
	return change_all(&change, 1, !xfsw_has(call, 'h'));
}

static const struct xfsw_option chown_options[] = {
	{ 'R', NULL, NULL,
	  "change everything below too; symbolic links themselves, not their targets" },
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_chown = {
	.name = "chown",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-R] [-h] IMG UID[:GID] PATH...",
	.summary = "Set owner and group",
	.help = "UID and GID are numbers or names; ':GID' sets only the group.\n",
	.examples = "xfsw chown -R disk.img 1000:1000 /home/ann\n"
		"xfsw chown disk.img ann: /etc/hostname\n",
	.options = chown_options,
	.shared = { owners_options },
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_GLOB_ALL,
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

/* The times that -t and -r ask for, or now.  0 or an exit code, message printed. */
static int wanted_times(struct xfsw_call *call, struct timespec times[2])
{
	const char *text = xfsw_arg(call, 't'), *other = xfsw_arg(call, 'r');
	struct xfs_stat st = XFS_STAT_INIT;
	struct xfs_timespec given;
	int error;

	if (text && other)
		return xfsw_usage(call, "-t and -r exclude each other");
	times[0].tv_sec = 0;
	times[0].tv_nsec = UTIME_NOW;
	if (text && !xfsw_parse_time(text, &given))
		return xfsw_usage(call, "'%s' is not a time", text);
	if (text)
		times[0] = xfsw_host_time(given);
	times[1] = times[0];
	if (!other)
		return 0;
	error = xfs_getattr(call->img->mp, other, !xfsw_has(call, 'h'), &st);
	if (error)
		return xfsw_fail(call, other, error);
	times[0] = xfsw_host_time(st.atime);
	times[1] = xfsw_host_time(st.mtime);
	return 0;
}

static int run_touch(struct xfsw_call *call)
{
	struct timespec times[2];
	int code = wanted_times(call, times);

	if (code)
		return code;
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

static const struct xfsw_option touch_options[] = {
	{ 't', NULL, "TIME",
	  "@SECONDS[.FRACTION], 'YYYY-MM-DD[ HH:MM[:SS[.FRACTION]]]' in UTC, or now" },
	{ 'r', NULL, "OTHER", "use the times of another file of the image" },
	{ 'a', NULL, NULL, "set the atime only" },
	{ 'm', NULL, NULL, "set the mtime only" },
	{ 'c', NULL, NULL, "do not make missing files" },
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_touch = {
	.name = "touch",
	.group = XFSW_GROUP_CHANGE,
	.operands = "[-t TIME | -r OTHER] [-a] [-m] [-c] [-h] IMG PATH...",
	.summary = "Set atime and mtime; make missing files",
	.examples = "xfsw touch -t '2024-02-29 12:00' disk.img /etc/hostname\n",
	.options = touch_options,
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
		return xfsw_usage(call, "'%s' is not a size", call->argv[1]);
	error = xfs_truncate(call->img->mp, call->argv[0], size);
	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

const struct xfsw_verb verb_truncate = {
	.name = "truncate",
	.group = XFSW_GROUP_CHANGE,
	.operands = "IMG PATH SIZE",
	.summary = "Set the size of a file",
	.help = "A file that grows gets a hole at its end.\n",
	.examples = "xfsw truncate disk.img /var/log/messages 0\n",
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_truncate,
};
