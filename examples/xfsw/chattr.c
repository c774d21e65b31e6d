/* SPDX-License-Identifier: MIT */
/* xfsw chattr, lsattr, chproj: inode flags and project ids */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/walk.h"
#include "xfsw/xflags.h"

/* ---- changing -------------------------------------------------------------------------------- */

struct flag_change {
	bool recurse;
	bool flags;			/* these of an inode change: */
	uint32_t set, clear;
	bool inherit;			/* directories get projinherit */
	uint32_t projid;
	bool project;			/* the project changes */
};

/* Links and special files have no flags that a system call sets; a project they have. */
static bool has_flags(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode);
}

/* @code is of a message about this object; the walk goes on. */
static int refused(struct xfsw_walk *walk, int code)
{
	if (code > walk->code)
		walk->code = code;
	return 0;
}

/* Of an object that the user named: a change that would silently do nothing is an error. */
static const char *flag_of_directories(const struct flag_change *change, uint32_t mode)
{
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		if (xfsw_xflags[i].dir_only && !S_ISDIR(mode) &&
		    (change->set & xfsw_xflags[i].bit))
			return xfsw_xflags[i].name;
	return NULL;
}

static int change_one(struct xfsw_walk *walk, struct xfsw_node *node)
{
	const struct flag_change *change = walk->ctx;
	struct xfs_iattr iattr = { .size = sizeof(iattr), .projid = change->projid };
	const char *flag;

	if (change->project)
		iattr.valid |= XFS_ATTR_PROJID;
	if (change->flags && !has_flags(node->st.mode)) {
		if (node->level)
			return 0;
		return refused(walk, xfsw_complain(walk->call, node->path, "a %s has no flags",
						   xfsw_type_name(node->st.mode)));
	}
	flag = change->recurse ? NULL : flag_of_directories(change, node->st.mode);
	if (flag)
		return refused(walk, xfsw_complain(walk->call, node->path,
						   "only directories have the flag %s", flag));
	iattr.xflags = (node->st.xflags & ~change->clear) | change->set;
	if (change->inherit && S_ISDIR(node->st.mode))
		iattr.xflags |= XFS_XFLAG_PROJINHERIT;
	if (iattr.xflags != node->st.xflags && (change->flags || change->inherit))
		iattr.valid |= XFS_ATTR_XFLAGS;
	return iattr.valid ? xfs_fsetattr(node->file, &iattr) : 0;
}

/* Without -R directories are changed here, and not entered. */
static int change_enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	const struct flag_change *change = walk->ctx;
	int error;

	if (change->recurse)
		return 0;
	error = change_one(walk, node);
	return error ? error : XFSW_WALK_SKIP;
}

static const struct xfsw_visitor change_visitor = {
	.enter = change_enter, .visit = change_one, .leave = change_one,
};

/* Operands from @first on. */
static int change_all(struct xfsw_call *call, struct flag_change *change, int first)
{
	struct xfsw_walk walk = {
		.call = call, .visitor = &change_visitor, .ctx = change,
		.flags = XFSW_WALK_CHANGE, .max_level = XFSW_ALL_LEVELS,
	};

	change->recurse = xfsw_has(call, 'R');
	if (!change->recurse)
		walk.flags |= XFSW_WALK_FOLLOW;
	for (int i = first; i < call->argc && walk.code != XFSW_INTERRUPTED; i++)
		xfsw_walk(&walk, call->argv[i]);
	return walk.code;
}

/* One of "+FLAGS", "-FLAGS", "=FLAGS" on top of those before. */
static int add_flags(struct xfsw_call *call, const char *text, struct flag_change *change)
{
	size_t len = 0;
	uint32_t mask, settable = 0;
	const char *bad = xflags_parse(text + 1, &mask, &len);

	if (bad)
		return xfsw_usage(call, "'%.*s' is not a flag", (int)len, bad);
	for (size_t i = 0; i < XFSW_NXFLAGS; i++) {
		if (xfsw_xflags[i].settable)
			settable |= xfsw_xflags[i].bit;
		else if (mask & xfsw_xflags[i].bit)
			return xfsw_usage(call, "the flag %s cannot be changed",
					  xfsw_xflags[i].name);
	}
	if (*text == '=') {
		change->clear = settable;
		change->set = mask;
	} else if (*text == '+') {
		change->set |= mask;
		change->clear &= ~mask;
	} else {
		change->set &= ~mask;
		change->clear |= mask;
	}
	return 0;
}

static int run_chattr(struct xfsw_call *call)
{
	struct flag_change change = { .flags = true };
	int n = 0;

	for (; n < call->argc && strchr("+-=", call->argv[n][0]) && call->argv[n][0]; n++) {
		int code = add_flags(call, call->argv[n], &change);

		if (code)
			return code;
	}
	if (n == 0)
		return xfsw_usage(call, "'%s' does not begin with +, - or =", call->argv[0]);
	if (n == call->argc)
		return xfsw_usage(call, "operands are missing");
	return change_all(call, &change, n);
}

static const struct xfsw_option chattr_options[] = {
	{ 'R', NULL, NULL,
	  "change everything below too, except symbolic links and special files, which have no "
	  "flags" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_chattr = {
	.name = "chattr",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-R] IMG [+-=]FLAGS... PATH...",
	.summary = "Change inode flags",
	.help = "FLAGS are letters, or words separated by commas. + adds them, - removes them, "
		"= sets exactly these. In the shell, write -- before -FLAGS.\n\n  i "
		"immutable      a append         d nodump         A noatime\n  S sync           "
		"f nodefrag       F filestream     x dax\n"
		"of directories only:\n  P projinherit    n nosymlinks     t rtinherit\n",
	.examples = "xfsw chattr disk.img +i /etc/passwd\n"
		"xfsw chattr -R disk.img +nodump,noatime /var\n",
	.options = chattr_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_IN_ORDER | XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_chattr,
};

static int run_chproj(struct xfsw_call *call)
{
	struct flag_change change = { .project = true, .inherit = xfsw_has(call, 's') };
	uint64_t id;

	if (!xfsw_parse_u64(call->argv[0], UINT32_MAX - 1, &id))
		return xfsw_usage(call, "'%s' is not a project id", call->argv[0]);
	change.projid = (uint32_t)id;
	return change_all(call, &change, 1);
}

static const struct xfsw_option chproj_options[] = {
	{ 'R', NULL, NULL,
	  "change everything below too; symbolic links themselves, not their targets" },
	{ 's', NULL, NULL,
	  "set the flag projinherit on directories: new files in them get the project id" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_chproj = {
	.name = "chproj",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-R] [-s] IMG ID PATH...",
	.summary = "Set the project id",
	.examples = "xfsw chproj -R -s disk.img 42 /home/ann\n",
	.options = chproj_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = -1,
	.run = run_chproj,
};

/* ---- looking --------------------------------------------------------------------------------- */

struct attr_list {
	struct xfsw_json json;
	bool recurse, as_itself, escape;
};

static int list_one(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct attr_list *list = walk->ctx;
	uint32_t flags = node->st.xflags;
	char letters[XFSW_NXFLAGS + 1];

	if (list->json.out) {
		json_open(&list->json, NULL, '{');
		json_bytes(&list->json, "path", node->path, strlen(node->path));
		json_str(&list->json, "type", xfsw_type_name(node->st.mode));
		json_u64(&list->json, "projid", node->st.projid);
		xflags_json(&list->json, "flags", flags);
		json_close(&list->json, '}');
		return 0;
	}
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		letters[i] = flags & xfsw_xflags[i].bit ? xfsw_xflags[i].letter : '-';
	letters[XFSW_NXFLAGS] = 0;
	printf("%s ", letters);
	if (xfsw_has(walk->call, 'p'))
		printf("%10u ", node->st.projid);
	xfsw_print_name(stdout, node->path, strlen(node->path), list->escape);
	putchar('\n');
	return 0;
}

static int list_enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	const struct attr_list *list = walk->ctx;

	if (node->level || list->recurse || list->as_itself)
		list_one(walk, node);
	return list->as_itself ? XFSW_WALK_SKIP : 0;
}

static const struct xfsw_visitor list_visitor = { .enter = list_enter, .visit = list_one };

static int run_lsattr(struct xfsw_call *call)
{
	struct attr_list list = {
		.recurse = xfsw_has(call, 'R'),
		.as_itself = xfsw_has(call, 'd'),
		.escape = isatty(STDOUT_FILENO),
		.json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL,
	};
	struct xfsw_walk walk = {
		.call = call, .visitor = &list_visitor, .ctx = &list,
		.max_level = list.recurse ? XFSW_ALL_LEVELS : 0,
	};
	int finished;

	if (list.json.out)
		json_open(&list.json, NULL, '[');
	for (int i = 0; i < call->argc && walk.code != XFSW_INTERRUPTED; i++)
		xfsw_walk(&walk, call->argv[i]);
	if (list.json.out)
		json_finish(&list.json, call, ']');
	finished = xfsw_finish_output(call);
	return walk.code ? walk.code : finished;
}

static const struct xfsw_option lsattr_options[] = {
	{ 'R', NULL, NULL, "list subdirectories too" },
	{ 'd', NULL, NULL, "list a directory itself, not its entries" },
	{ 'p', NULL, NULL, "print project ids too" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_lsattr = {
	.name = "lsattr",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-R] [-d] [-p] IMG PATH...",
	.summary = "List inode flags",
	.help = "Of a directory, the flags of its entries are listed. The letters are those of "
		"chattr, and\n\n  r realtime   p prealloc   e extsize   E extszinherit   C "
		"cowextsize\n  X hasattr (extended attributes)\n",
	.examples = "xfsw lsattr -p disk.img /home\n",
	.options = lsattr_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_lsattr,
};
