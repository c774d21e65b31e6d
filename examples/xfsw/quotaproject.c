/* SPDX-License-Identifier: MIT */
/* xfsw quota project-setup: a tree becomes one project's. */
#include <string.h>
#include <unistd.h>
#include "xfsw/quota.h"
#include "xfsw/walk.h"

enum task { SETUP, CLEAR, CHECK };

struct project {
	enum task task;
	uint32_t id;
	bool all;			/* links and special files as well */
	bool escape;
	bool silent;			/* nothing is told but errors */
	struct xfsw_json json;		/* out NULL: text */
	uint64_t changed, same, left_out, wrong;
};

/* Of an object that is passed over, or not as it should be. */
static void tell(struct project *pr, const struct xfsw_node *node, const char *what)
{
	if (pr->json.out) {
		json_open(&pr->json, NULL, '{');
		json_bytes(&pr->json, "path", node->path, strlen(node->path));
		json_str(&pr->json, "what", what);
		json_close(&pr->json, '}');
		return;
	}
	xfsw_print_name(stdout, node->path, strlen(node->path), pr->escape);
	printf(": %s\n", what);
}

static int leave_out(struct project *pr, const struct xfsw_node *node, const char *why)
{
	pr->left_out++;
	if (!pr->silent)
		tell(pr, node, why);
	return XFSW_WALK_SKIP;
}

static int check_one(struct project *pr, const struct xfsw_node *node)
{
	bool inherits = node->st.xflags & XFS_XFLAG_PROJINHERIT;

	if (node->st.projid != pr->id)
		tell(pr, node, "another project id");
	else if (S_ISDIR(node->st.mode) && !inherits)
		tell(pr, node, "does not hand its project id down");
	else
		pr->same++;
	pr->wrong += node->st.projid != pr->id || (S_ISDIR(node->st.mode) && !inherits);
	return 0;
}

static int change_one(struct project *pr, struct xfsw_node *node)
{
	struct xfs_iattr iattr = { .size = sizeof(iattr), .xflags = node->st.xflags };
	int error;

	iattr.projid = pr->task == SETUP ? pr->id : 0;
	if (pr->task == CLEAR)
		iattr.xflags &= ~XFS_XFLAG_PROJINHERIT;
	else if (S_ISDIR(node->st.mode))
		iattr.xflags |= XFS_XFLAG_PROJINHERIT;
	if (iattr.projid != node->st.projid)
		iattr.valid |= XFS_ATTR_PROJID;
	if (iattr.xflags != node->st.xflags)
		iattr.valid |= XFS_ATTR_XFLAGS;
	if (!iattr.valid) {
		pr->same++;
		return 0;
	}
	error = xfs_fsetattr(node->file, &iattr);
	pr->changed += !error;
	return error;
}

static int visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct project *pr = walk->ctx;

	if (!pr->all && !S_ISREG(node->st.mode) && !S_ISDIR(node->st.mode)) {
		leave_out(pr, node, S_ISLNK(node->st.mode) ? "left out: a symbolic link"
							   : "left out: a special file");
		return 0;
	}
	if (pr->task == CHECK)
		return check_one(pr, node);
	if (pr->task == CLEAR && node->st.projid != pr->id) {
		leave_out(pr, node, "left out: of another project");
		return 0;
	}
	return change_one(pr, node);
}

/* A directory below that hands another id down is the top of another project. */
static int enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct project *pr = walk->ctx;

	if (node->level && node->st.projid && node->st.projid != pr->id &&
	    node->st.xflags & XFS_XFLAG_PROJINHERIT)
		return leave_out(pr, node, "left out: the tree of another project");
	return visit(walk, node);
}

static const struct xfsw_visitor visitor = { .enter = enter, .visit = visit };

int xfsw_quota_give_tree(struct xfsw_call *call, const char *path, uint32_t id)
{
	struct project pr = { .task = SETUP, .id = id, .all = true, .silent = true };
	struct xfsw_walk walk = {
		.call = call, .visitor = &visitor, .ctx = &pr,
		.flags = XFSW_WALK_CHANGE, .max_level = XFSW_ALL_LEVELS,
	};

	return xfsw_walk(&walk, path);
}

static int end(struct xfsw_call *call, struct project *pr, int code)
{
	int finished;

	if (pr->json.out) {
		json_close(&pr->json, ']');
		json_u64(&pr->json, "changed", pr->changed);
		json_u64(&pr->json, "unchanged", pr->same);
		json_u64(&pr->json, "left_out", pr->left_out);
		json_u64(&pr->json, "wrong", pr->wrong);
		json_finish(&pr->json, call, '}');
	} else if (pr->task == CHECK) {
		printf("%llu of project %u, %llu not, %llu left out\n", (unsigned long long)pr->same,
		       pr->id, (unsigned long long)pr->wrong, (unsigned long long)pr->left_out);
	} else {
		printf("%llu changed, %llu were so before, %llu left out\n",
		       (unsigned long long)pr->changed, (unsigned long long)pr->same,
		       (unsigned long long)pr->left_out);
	}
	finished = xfsw_finish_output(call);
	if (!code && pr->wrong)
		code = XFSW_FAILED;
	return code ? code : finished;
}

static int run_project(struct xfsw_call *call)
{
	struct project pr = {
		.task = xfsw_has(call, QUOTA_OPT_CLEAR) ? CLEAR
		      : xfsw_has(call, QUOTA_OPT_CHECK) ? CHECK : SETUP,
		.all = xfsw_has(call, QUOTA_OPT_ALL), .escape = isatty(STDOUT_FILENO),
	};
	struct xfsw_walk walk = {
		.call = call, .visitor = &visitor, .ctx = &pr,
		.flags = XFSW_WALK_CHANGE, .max_level = XFSW_ALL_LEVELS,
	};
	uint64_t id;

	if (xfsw_has(call, QUOTA_OPT_CLEAR) && xfsw_has(call, QUOTA_OPT_CHECK))
		return xfsw_usage(call, "--clear and --check exclude each other");
	if (!xfsw_parse_u64(call->argv[1], UINT32_MAX - 1, &id))
		return xfsw_usage(call, "'%s' is not a project id", call->argv[1]);
	pr.id = (uint32_t)id;
	if (xfsw_has(call, XFSW_OPT_JSON)) {
		pr.json.out = stdout;
		json_open(&pr.json, NULL, '{');
		json_u64(&pr.json, "project", pr.id);
		json_open(&pr.json, "told", '[');
	}
	xfsw_walk(&walk, call->argv[0]);
	return end(call, &pr, walk.code);
}

static const struct xfsw_option quota_project_setup_options[] = {
	{ QUOTA_OPT_CLEAR, "clear", NULL, "undo it: set the id back to 0 and clear projinherit" },
	{ QUOTA_OPT_CHECK, "check", NULL,
	  "change nothing, report what does not belong to the project; the exit code is then 1" },
	{ QUOTA_OPT_ALL, "all", NULL, "include symbolic links and special files" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_project_setup = {
	.name = "quota project-setup",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[--clear|--check] [--all] IMG DIR ID",
	.summary = "Make a tree belong to a project",
	.help = "Everything in the tree gets the project id, and directories get the flag "
		"projinherit, so that new files get it too. Symbolic links are not followed. "
		"What is left out is reported: symbolic links and special files, as by "
		"xfs_quota(8), and trees of other projects.\n",
	.examples = "xfsw quota project-setup disk.img /home/ann 42\n",
	.options = quota_project_setup_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_project,
};
