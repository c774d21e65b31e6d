/* SPDX-License-Identifier: MIT */
/* xfsw find */
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/walk.h"

enum {
	OPT_NAME = XFSW_OPT_VERB,
	OPT_TYPE,
	OPT_SIZE,
	OPT_NEWER,
	OPT_DEPTH,
	OPT_PRINT0,
};

struct search {
	struct xfsw_json json;
	const char *name;		/* NULL: any */
	const char *types;		/* NULL: any */
	char size_sign;			/* '+', '-', '=': exactly; 0: any */
	uint64_t size;
	bool newer;
	struct xfs_timespec than;
	bool print0, escape;
};

static char type_letter(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return 'f';
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	default:
		return 's';
	}
}

static bool size_fits(const struct search *search, uint64_t size)
{
	switch (search->size_sign) {
	case '+':
		return size > search->size;
	case '-':
		return size < search->size;
	case '=':
		return size == search->size;
	default:
		return true;
	}
}

static bool time_fits(const struct search *search, const struct xfs_timespec *mtime)
{
	if (!search->newer || mtime->tv_sec > search->than.tv_sec)
		return true;
	return mtime->tv_sec == search->than.tv_sec && mtime->tv_nsec > search->than.tv_nsec;
}

/* The start has no name in a directory: the last component of what the user named counts. */
static bool name_fits(const struct search *search, const struct xfsw_node *node)
{
	char buf[256];

	if (!search->name)
		return true;
	return !fnmatch(search->name, node->level ? node->name : xfsw_basename(node->path, buf), 0);
}

static void show(struct search *search, const struct xfsw_node *node)
{
	struct xfsw_json *j = &search->json;

	if (j->out) {
		json_open(j, NULL, '{');
		json_bytes(j, "path", node->path, strlen(node->path));
		json_u64(j, "ino", node->st.ino);
		json_str(j, "type", xfsw_type_name(node->st.mode));
		json_u64(j, "size", node->st.size_bytes);
		json_time(j, "mtime", &node->st.mtime);
		json_close(j, '}');
	} else if (search->print0) {
		fwrite(node->path, 1, strlen(node->path) + 1, stdout);
	} else {
		xfsw_print_name(stdout, node->path, strlen(node->path), search->escape);
		putchar('\n');
	}
}

static int look_at(struct xfsw_walk *walk, struct xfsw_node *node)
{
	struct search *search = walk->ctx;

	if (search->types && !strchr(search->types, type_letter(node->st.mode)))
		return 0;
	if (size_fits(search, node->st.size_bytes) && time_fits(search, &node->st.mtime) &&
	    name_fits(search, node))
		show(search, node);
	return ferror(stdout) ? XFSW_WALK_STOP : 0;
}

/* A directory of the last level is looked at as itself. */
static int enter(struct xfsw_walk *walk, struct xfsw_node *node)
{
	int result = look_at(walk, node);

	return result || node->level < walk->max_level ? result : XFSW_WALK_SKIP;
}

static const struct xfsw_visitor find_visitor = { .enter = enter, .visit = look_at };

/* 0 or an exit code, message printed. */
static int read_options(struct xfsw_call *call, struct search *search, uint64_t *depth)
{
	const char *size = xfsw_arg(call, OPT_SIZE), *newer = xfsw_arg(call, OPT_NEWER);

	search->name = xfsw_arg(call, OPT_NAME);
	search->types = xfsw_arg(call, OPT_TYPE);
	if (search->types &&
	    (!*search->types || search->types[strspn(search->types, "fdlcbps")]))
		return xfsw_usage(call, "'%s' is not made of the letters f, d, l, c, b, p and s",
				  search->types);
	if (size) {
		search->size_sign = *size == '+' || *size == '-' ? *size : '=';
		if (!xfsw_parse_size(size + (search->size_sign != '='), 4096, &search->size))
			return xfsw_usage(call, "'%s' is not a size", size);
	}
	search->newer = newer != NULL;
	if (newer && !xfsw_parse_time(newer, &search->than))
		return xfsw_usage(call, "'%s' is not a time", newer);
	return xfsw_number_option(call, OPT_DEPTH, XFSW_ALL_LEVELS, depth) ? 0 : XFSW_USAGE;
}

static int run_find(struct xfsw_call *call)
{
	static char root[] = "/", *const only_root[] = { root };
	char *const *paths = call->argc ? call->argv : only_root;
	int npaths = call->argc ? call->argc : 1, code, finished;
	struct search search = {
		.json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL,
		.print0 = xfsw_has(call, OPT_PRINT0),
		.escape = isatty(STDOUT_FILENO),
	};
	struct xfsw_walk walk = { .call = call, .visitor = &find_visitor, .ctx = &search };
	uint64_t depth = XFSW_ALL_LEVELS;

	code = read_options(call, &search, &depth);
	if (code)
		return code;
	walk.max_level = (uint32_t)depth;
	if (search.json.out)
		json_open(&search.json, NULL, '[');
	for (int i = 0; i < npaths && walk.code != XFSW_INTERRUPTED; i++)
		xfsw_walk(&walk, paths[i]);
	if (search.json.out)
		json_finish(&search.json, call, ']');
	finished = xfsw_finish_output(call);
	return walk.code ? walk.code : finished;
}

static const struct xfsw_option find_options[] = {
	{ OPT_NAME, "name", "GLOB", "the last component matches GLOB (*, ? and [...])" },
	{ OPT_TYPE, "type", "LETTERS",
	  "the type is one of: f file, d directory, l symbolic link, c or b device, p fifo, s "
	  "socket" },
	{ OPT_SIZE, "size", "[+-]SIZE",
	  "the size is more than (+), less than (-) or exactly SIZE bytes" },
	{ OPT_NEWER, "newer-than", "TIME",
	  "modified after TIME: @SECONDS[.FRACTION], or in UTC 'YYYY-MM-DD[ "
	  "HH:MM[:SS[.FRACTION]]]'" },
	{ OPT_DEPTH, "max-depth", "N", "at most N levels below PATH; 0: PATH itself" },
	{ OPT_PRINT0, "print0", NULL, "end each path with a zero byte instead of a newline" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_find = {
	.name = "find",
	.group = XFSW_GROUP_LOOK,
	.operands = "[OPTIONS] IMG [PATH...]",
	.summary = "Print the paths of a tree that meet all conditions",
	.help = "Without a PATH the search begins at the root. Symbolic links are not "
		"followed.\n",
	.examples = "xfsw find disk.img /home --name '*.txt'\n"
		"xfsw find --type f --size +64k disk.img\n",
	.options = find_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.max_operands = -1,
	.run = run_find,
};
