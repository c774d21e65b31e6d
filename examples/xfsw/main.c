/* SPDX-License-Identifier: MIT */
/* xfsw: a tool over libxfswrite.  From the words of the command line to a verb. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "xfsw/xfsw.h"

/* In the order of the help, by group. */
const struct xfsw_verb *const xfsw_verbs[] = {
	&verb_mkfs, &verb_create,
	&verb_ls, &verb_cat, &verb_stat, &verb_find, &verb_du, &verb_df, &verb_lsattr,
	&verb_xattr_ls, &verb_xattr_get, &verb_map, &verb_extents, &verb_read,
	&verb_put, &verb_get,
	&verb_mkdir, &verb_rm, &verb_cp, &verb_mv, &verb_ln, &verb_mknod, &verb_touch,
	&verb_truncate, &verb_write, &verb_fallocate,
	&verb_chmod, &verb_chown, &verb_chattr, &verb_chproj, &verb_xattr_set, &verb_xattr_rm,
	&verb_info, &verb_check, &verb_dump, &verb_recover,
	&verb_quota_on, &verb_quota_off, &verb_quota_check, &verb_quota_state, &verb_quota_report,
	&verb_quota_get, &verb_quota_limit, &verb_quota_project_setup,
	&verb_shell, &verb_help,
	/* shell only */
	&verb_new, &verb_fsync, &verb_sync, &verb_rename, &verb_echo, NULL};

/* Does @verb's name consist of the first words of @argv?  How many, or 0. */
static int match_verb(const struct xfsw_verb *verb, int argc, char **argv)
{
	const char *rest = verb->name;
	int words = 0;

	while (*rest) {
		size_t len = strcspn(rest, " ");

		if (words == argc || strlen(argv[words]) != len ||
		    memcmp(argv[words], rest, len) != 0)
			return 0;
		rest += len + (rest[len] == ' ');
		words++;
	}
	return words;
}

const struct xfsw_verb *xfsw_find_verb(int argc, char **argv, bool in_shell, int *words)
{
	unsigned int wrong_place = in_shell ? XFSW_NO_SHELL : XFSW_SHELL_ONLY;

	for (size_t i = 0; xfsw_verbs[i]; i++) {
		if (xfsw_verbs[i]->flags & wrong_place)
			continue;
		*words = match_verb(xfsw_verbs[i], argc, argv);
		if (*words)
			return xfsw_verbs[i];
	}
	return NULL;
}

static int check_operands(const struct xfsw_call *call)
{
	const struct xfsw_verb *verb = call->verb;

	if (call->argc < verb->min_operands)
		return xfsw_usage(call, "operands are missing");
	if (verb->max_operands >= 0 && call->argc > verb->max_operands)
		return xfsw_usage(call, "unexpected operand '%s'", call->argv[verb->max_operands]);
	return 0;
}

/* What the operands match, and the verb on all of that. */
static int run_verb(struct xfsw_call *call)
{
	int code = xfsw_expand(call), result;

	if (call->expanded.none)
		return code;
	result = call->verb->run(call);
	return result > code ? result : code;
}

int xfsw_run_inside(const struct xfsw_call *shell, unsigned long line, int argc, char **argv)
{
	struct xfsw_call call = { .img = shell->img, .env = shell->env, .line = line };
	int code, words;

	call.verb = xfsw_find_verb(argc, argv, true, &words);
	if (!call.verb) {
		xfsw_complain(&call, NULL, "unknown command '%s'", argv[0]);
		return XFSW_USAGE;
	}
	code = xfsw_parse(&call, argc - words + 1, argv + words - 1);
	if (!code && xfsw_has(&call, XFSW_OPT_HELP))
		xfsw_print_verb_help(stdout, call.verb);
	else if (!code && (code = check_operands(&call)) == 0)
		code = run_verb(&call);
	json_only_errors(&call);
	xfsw_call_free(&call);
	return code;
}

static void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	*now = *(const struct xfs_timespec *)ctx;
}

/* SOURCE_DATE_EPOCH stops the clock of everything the tool does. */
static int use_source_date(struct xfsw_call *call, struct xfs_timespec *clock)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	if (!text || !*text)
		return 0;
	if (!xfsw_parse_u64(text, INT64_MAX, &seconds))
		return xfsw_usage(call, "SOURCE_DATE_EPOCH is '%s', which is not a number", text);
	clock->tv_sec = (int64_t)seconds;
	clock->tv_nsec = 0;
	call->env.ctx = clock;
	call->env.clock = fixed_clock;
	return 0;
}

static int run_command(struct xfsw_call *call, int argc, char **argv)
{
	struct xfsw_image img;
	struct xfs_timespec clock;
	int code;

	code = xfsw_parse(call, argc, argv);
	if (code)
		return code;
	if (xfsw_has(call, XFSW_OPT_HELP)) {
		xfsw_print_verb_help(stdout, call->verb);
		return xfsw_finish_output(call);
	}
	code = use_source_date(call, &clock);
	if (code)
		return code;
	if (call->verb->open == XFSW_OPEN_NONE) {
		code = check_operands(call);
		return code ? code : call->verb->run(call);
	}
	if (call->argc == 0)
		return xfsw_usage(call, "the image is missing");
	const char *path = call->argv[0];

	call->argv++;
	call->argc--;
	code = check_operands(call);
	if (code)
		return code;
	code = xfsw_open_image(call, path, &img);
	if (code)
		return code;
	code = run_verb(call);
	if (xfsw_has(call, XFSW_OPT_STATS) && code != XFSW_INTERRUPTED)
		xfsw_print_stats(call);
	return xfsw_close_image(call, &img, code);
}

/* Neither @name nor "@name @second" is a verb; but there may be such of two words. */
static int no_verb(const char *name, const char *second)
{
	size_t len = strlen(name);
	bool family = false;

	for (size_t i = 0; xfsw_verbs[i]; i++) {
		const char *verb = xfsw_verbs[i]->name;

		if (strncmp(verb, name, len) != 0 || verb[len] != ' ')
			continue;
		if (!family && second)
			fprintf(stderr, "xfsw: %s: '%s' is not one of", name, second);
		else if (!family)
			fprintf(stderr, "xfsw: %s: a second word is missing, one of", name);
		fprintf(stderr, " %s", verb + len + 1);
		family = true;
	}
	if (family)
		fprintf(stderr, "; see 'xfsw %s --help'\n", name);
	else
		fprintf(stderr, "xfsw: unknown verb '%s'; see 'xfsw --help'\n", name);
	return XFSW_USAGE;
}

int xfsw_main(int argc, char **argv)
{
	struct xfsw_call call = {
		.env = { .size = sizeof(call.env), .progress = xfsw_ask_progress },
	};
	int code, words;

	if (argc < 2) {
		xfsw_print_overview(stderr);
		return XFSW_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		xfsw_print_overview(stdout);
		return xfsw_finish_output(&call);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("xfsw " XFSWRITE_VERSION);
		return xfsw_finish_output(&call);
	}
	call.verb = xfsw_find_verb(argc - 1, argv + 1, false, &words);
	if (!call.verb && argc > 2 && strcmp(argv[2], "--help") == 0 && xfsw_print_help_of(argv[1]))
		return xfsw_finish_output(&call);
	if (!call.verb)
		return no_verb(argv[1], argc > 2 ? argv[2] : NULL);
	/* From here on: a signal while the image is opened ends the work before its first change. */
	if (call.verb->flags & XFSW_LONG_WORK)
		xfsw_catch_signals();
	code = run_command(&call, argc - words, argv + words);
	json_only_errors(&call);
	/* What is still in the buffer counts as well. */
	if (code == XFSW_OK)
		code = xfsw_finish_output(&call);
	xfsw_call_free(&call);
	return code;
}
