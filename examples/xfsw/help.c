/* SPDX-License-Identifier: MIT */
/*
 * xfsw help, and --help of every verb.  All of it comes from the table of verbs and options, which
 * the command line is parsed by as well; "help --json" prints that table, and the man page and the
 * completions of shells are made of it (doc/generate.py).
 */
#include <string.h>
#include "xfsw/xfsw.h"

#define WIDTH		79
#define OPTION_COLUMN	22

static const char *const group_titles[] = {
	[XFSW_GROUP_MAKE] = "Make an image",
	[XFSW_GROUP_LOOK] = "Look into an image",
	[XFSW_GROUP_COPY] = "Copy in and out",
	[XFSW_GROUP_CHANGE] = "Change files and directories",
	[XFSW_GROUP_ATTRS] = "Change attributes",
	[XFSW_GROUP_CARE] = "Examine, check and recover the file system",
	[XFSW_GROUP_QUOTA] = "Quota",
	[XFSW_GROUP_OTHER] = "Many commands at once, and help",
	[XFSW_GROUP_SHELL] = "In the shell only",
};

static const struct xfsw_option help_options[] = {
	{ XFSW_OPT_JSON, "json", NULL, "print the table of all verbs and options" },
	XFSW_OPTIONS_END
};

/* One paragraph, up to a newline, from column @column on; further lines begin at @indent. */
static void print_paragraph(FILE *out, const char *text, size_t len, size_t column, size_t indent)
{
	while (len) {
		size_t word = strcspn(text, " ");

		word = word < len ? word : len;
		if (column > indent && column + 1 + word > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, word, out);
		column += word;
		text += word;
		len -= word;
		while (len && *text == ' ')
			text++, len--;
	}
	fputc('\n', out);
}

/* Lines are paragraphs, but those that begin with a blank stay as they are. */
static void print_text(FILE *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (*text == ' ')
			fprintf(out, "%.*s\n", (int)len, text);
		else
			print_paragraph(out, text, len, 0, 0);
		text += len + (text[len] == '\n');
	}
}

static void print_spelling(FILE *out, const struct xfsw_option *option, size_t *column)
{
	int n = 0;

	if (option->id < 256)
		n += fprintf(out, "-%c", option->id);
	if (option->name)
		n += fprintf(out, "%s--%s", n ? ", " : "", option->name);
	if (option->arg)
		n += fprintf(out, "%s%s", xfsw_arg_is_optional(option) ? "" : " ",
			     option->arg);
	*column += (size_t)n;
}

/* Of options with the same text the ones before the last have none. */
static void print_options(FILE *out, const struct xfsw_verb *verb, bool common)
{
	const struct xfsw_option *option;
	size_t column = 0;

	for (size_t i = 0; (option = xfsw_option_at(verb, i)) != NULL; i++) {
		if (xfsw_is_common(option) != common)
			continue;
		if (!option->id) {
			fprintf(out, "%s\n", option->text);
			continue;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "  ");
		print_spelling(out, option, &column);
		if (!option->text) {
			column += (size_t)fprintf(out, ", ");
			continue;
		}
		if (column + 2 > OPTION_COLUMN)
			fprintf(out, "\n%*s", OPTION_COLUMN, "");
		else
			fprintf(out, "%*s", (int)(OPTION_COLUMN - column), "");
		print_paragraph(out, option->text, strlen(option->text), OPTION_COLUMN,
				OPTION_COLUMN);
		column = 0;
	}
}

static void print_examples(FILE *out, const struct xfsw_verb *verb)
{
	const char *line = verb->examples;

	if (!line)
		return;
	fputs("\nExamples:\n", out);
	for (size_t len; *line; line += len + 1) {
		len = strcspn(line, "\n");
		fprintf(out, "  %.*s\n", (int)len, line);
	}
}

static bool has_options(const struct xfsw_verb *verb, bool common)
{
	const struct xfsw_option *option;

	for (size_t i = 0; (option = xfsw_option_at(verb, i)) != NULL; i++)
		if (xfsw_is_common(option) == common)
			return true;
	return false;
}

void xfsw_print_verb_help(FILE *out, const struct xfsw_verb *verb)
{
	bool alone = (verb->flags & XFSW_SHELL_ONLY) != 0;

	fprintf(out, "usage: %s%s %s\n\n%s.\n", alone ? "" : "xfsw ", verb->name, verb->operands,
		verb->summary);
	if (verb->help) {
		fputc('\n', out);
		print_text(out, verb->help);
	}
	if (has_options(verb, false)) {
		fputs("\nOptions:\n", out);
		print_options(out, verb, false);
	}
	if (has_options(verb, true)) {
		fputs("\nCommon options:\n", out);
		print_options(out, verb, true);
	}
	print_examples(out, verb);
}

static void print_group(FILE *out, enum xfsw_group group, unsigned int without)
{
	bool any = false;

	for (size_t i = 0; xfsw_verbs[i]; i++) {
		if (xfsw_verbs[i]->group != group || (xfsw_verbs[i]->flags & without))
			continue;
		if (!any)
			fprintf(out, "\n%s:\n", group_titles[group]);
		any = true;
		fprintf(out, "  %-19s ", xfsw_verbs[i]->name);
		print_paragraph(out, xfsw_verbs[i]->summary, strlen(xfsw_verbs[i]->summary),
				OPTION_COLUMN, OPTION_COLUMN);
	}
}

void xfsw_print_overview(FILE *out)
{
	fputs("xfsw: work inside XFS images without mounting them (libxfswrite " XFSWRITE_VERSION
	      ")\n"
	      "\n"
	      "usage: xfsw VERB [OPTIONS] IMG [OPERANDS]\n"
	      "       xfsw VERB --help\n"
	      "\n"
	      "IMG is an image file, or a block device that is not mounted.\n", out);
	for (unsigned int group = 0; group <= XFSW_GROUP_OTHER; group++)
		print_group(out, group, XFSW_SHELL_ONLY);
	fputs("\nCommon options, where the verb has a use for them:\n", out);
	print_options(out, NULL, true);
	fputs("\n"
	      "Sizes and offsets take the suffixes k, m, g, t, p (powers of 1024), b (blocks of\n"
	      "4096 bytes) and s (sectors of 512 bytes).\n"
	      "\n"
	      "Exit codes:\n"
	      "  0    success\n"
	      "  1    an operation failed, or check found something; a line\n"
	      "       'xfsw: VERB: PATH: reason' on standard error tells which\n"
	      "  2    wrong usage\n"
	      "  3    the image cannot be opened, or is not an XFS v5 file system that this\n"
	      "       version supports\n"
	      "  4    the log is dirty and the verb only reads: see 'xfsw help recover'\n"
	      "  130  interrupted\n"
	      "\n"
	      "Examples:\n"
	      "  xfsw create tree new.img\n"
	      "  xfsw ls -lR disk.img /etc\n"
	      "  xfsw put disk.img notes.txt /home/ann/\n"
	      "  xfsw check disk.img\n", out);
}

void xfsw_print_commands(void)
{
	puts("Commands (COMMAND --help tells more):");
	for (unsigned int group = 0; group <= XFSW_GROUP_SHELL; group++)
		print_group(stdout, group, XFSW_NO_SHELL);
	puts("  abandon             Leave without writing anything more: the log stays dirty, or\n"
	     "                      an image changed --unjournalled stays marked in progress\n"
	     "  exit                Leave; so does the end of the input");
}

bool xfsw_print_help_of(const char *name)
{
	size_t len = strlen(name);
	bool found = false;

	for (size_t i = 0; xfsw_verbs[i]; i++) {
		if (strncmp(xfsw_verbs[i]->name, name, len) != 0 ||
		    (xfsw_verbs[i]->name[len] && xfsw_verbs[i]->name[len] != ' '))
			continue;
		if (found)
			putchar('\n');
		xfsw_print_verb_help(stdout, xfsw_verbs[i]);
		found = true;
	}
	return found;
}

static void dump_options(struct xfsw_json *j, const struct xfsw_verb *verb)
{
	const struct xfsw_option *option;

	json_open(j, "options", '[');
	for (size_t i = 0; (option = xfsw_option_at(verb, i)) != NULL; i++) {
		char letter[2] = { option->id < 256 ? (char)option->id : 0, 0 };

		json_open(j, NULL, '{');
		json_str(j, "letter", letter);
		json_str(j, "name", option->name ? option->name : "");
		json_str(j, "arg", option->arg ? option->arg : "");
		json_str(j, "text", option->text ? option->text : "");
		json_bool(j, "heading", option->id == 0);
		json_bool(j, "common", xfsw_is_common(option));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void dump_verb(struct xfsw_json *j, const struct xfsw_verb *verb)
{
	json_open(j, NULL, '{');
	json_str(j, "name", verb->name);
	json_str(j, "group", group_titles[verb->group]);
	json_bool(j, "shell_only", (verb->flags & XFSW_SHELL_ONLY) != 0);
	json_bool(j, "in_shell", (verb->flags & XFSW_NO_SHELL) == 0);
	json_str(j, "synopsis", verb->operands);
	json_str(j, "summary", verb->summary);
	json_str(j, "help", verb->help ? verb->help : "");
	json_str(j, "examples", verb->examples ? verb->examples : "");
	dump_options(j, verb);
	json_close(j, '}');
}

static void dump_table(void)
{
	struct xfsw_json j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_str(&j, "version", XFSWRITE_VERSION);
	json_open(&j, "groups", '[');
	for (unsigned int group = 0; group <= XFSW_GROUP_SHELL; group++)
		json_str(&j, NULL, group_titles[group]);
	json_close(&j, ']');
	dump_options(&j, NULL);
	json_open(&j, "verbs", '[');
	for (size_t i = 0; xfsw_verbs[i]; i++)
		dump_verb(&j, xfsw_verbs[i]);
	json_close(&j, ']');
	json_close(&j, '}');
}

static int run_help(struct xfsw_call *call)
{
	char name[64];

	if (xfsw_has(call, XFSW_OPT_JSON)) {
		dump_table();
	} else if (call->argc == 0) {
		xfsw_print_overview(stdout);
	} else {
		snprintf(name, sizeof(name), "%s%s%s", call->argv[0], call->argc > 1 ? " " : "",
			 call->argc > 1 ? call->argv[1] : "");
		if (!xfsw_print_help_of(name))
			return xfsw_usage(call, "unknown verb '%s'", name);
	}
	return xfsw_finish_output(call);
}

const struct xfsw_verb verb_help = {
	.name = "help",
	.group = XFSW_GROUP_OTHER,
	.operands = "[--json] [VERB]",
	.summary = "Print help about xfsw or one verb",
	.examples = "xfsw help\n"
		    "xfsw help quota limit\n",
	.options = help_options,
	.max_operands = 2,
	.run = run_help,
};
