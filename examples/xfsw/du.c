/* SPDX-License-Identifier: MIT */
/* xfsw du */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/walk.h"

/* Blocks of 512 bytes below each of the directories that are entered now. */
struct usage {
	struct xfsw_json json;
	struct xfsw_inoset linked;	/* counted, with more than one name */
	uint64_t *blocks;		/* [level] */
	size_t max;
	bool sum_only, human, escape;
};

static void show(const struct usage *usage, struct xfsw_json *j, const char *path, uint64_t blocks)
{
	char human[16];

	if (j->out) {
		json_open(j, NULL, '{');
		json_bytes(j, "path", path, strlen(path));
		json_u64(j, "kib", (blocks + 1) / 2);
		json_u64(j, "blocks512", blocks);
		json_close(j, '}');
		return;
	}
	if (usage->human)
		printf("%s\t", xfsw_human(blocks * 512, human));
	else
		printf("%ju\t", (uintmax_t)((blocks + 1) / 2));
	xfsw_print_name(stdout, path, strlen(path), usage->escape);
	putchar('\n');
}

/* The blocks of an object, 0 under its second name; or -ENOMEM. */
static int count(struct usage *usage, const struct xfs_stat *st, uint64_t *blocks)
{
	int added = 1;

	if (!S_ISDIR(st->mode) && st->nlink > 1)
		added = inoset_add(&usage->linked, st->ino);
	*blocks = added > 0 ? st->blocks512 : 0;
	return added < 0 ? added : 0;
}

static int du_enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct usage *usage = walk->ctx;

	if (node->level >= usage->max) {
		size_t max = usage->max ? usage->max * 2 : 64;
		void *v = realloc(usage->blocks, max * sizeof(*usage->blocks));

		if (!v)
			return -ENOMEM;
		usage->blocks = v;
		usage->max = max;
	}
	usage->blocks[node->level] = node->st.blocks512;
	return 0;
}

static int du_visit(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct usage *usage = walk->ctx;
	uint64_t blocks;
	int error = count(usage, &node->st, &blocks);

	if (error)
		return error;
	if (node->level)
		usage->blocks[node->level - 1] += blocks;
	else
		show(usage, &usage->json, node->path, blocks);
	return 0;
}

static int du_leave(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct usage *usage = walk->ctx;

	if (!node->level || !usage->sum_only)
		show(usage, &usage->json, node->path, usage->blocks[node->level]);
	if (node->level)
		usage->blocks[node->level - 1] += usage->blocks[node->level];
	return ferror(stdout) ? XFSW_WALK_STOP : 0;
}

static const struct xfsw_visitor du_visitor = {
	.enter = du_enter, .visit = du_visit, .leave = du_leave,
};

static int run_du(struct xfsw_call *call)
{
	static char root[] = "/", *const only_root[] = { root };
	char *const *paths = call->argc ? call->argv : only_root;
	int npaths = call->argc ? call->argc : 1, finished;
	struct usage usage = {
		.json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL,
		.sum_only = xfsw_has(call, 's'),
		.human = xfsw_has(call, 'h'),
		.escape = isatty(STDOUT_FILENO),
	};
	struct xfsw_walk walk = {
		.call = call, .visitor = &du_visitor, .ctx = &usage, .max_level = XFSW_ALL_LEVELS,
	};

	if (usage.json.out)
		json_open(&usage.json, NULL, '[');
	for (int i = 0; i < npaths && walk.code != XFSW_INTERRUPTED; i++)
		xfsw_walk(&walk, paths[i]);
	if (usage.json.out)
		json_finish(&usage.json, call, ']');
	inoset_free(&usage.linked);
	free(usage.blocks);
	finished = xfsw_finish_output(call);
	return walk.code ? walk.code : finished;
}

static const struct xfsw_option du_options[] = {
	{ 's', NULL, NULL, "print one line for each PATH only" },
	{ 'h', NULL, NULL, "print sizes in readable units" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_du = {
	.name = "du",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-s] [-h] IMG [PATH...]",
	.summary = "Print the space that directories use, in KiB",
	.help = "Without a PATH the root directory is measured. An inode with several links "
		"counts under the first of them; blocks that files share count for each file.\n",
	.examples = "xfsw du -sh disk.img /home /var\n",
	.options = du_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_GLOB_ALL | XFSW_JSON | XFSW_LONG_WORK,
	.max_operands = -1,
	.run = run_du,
};
