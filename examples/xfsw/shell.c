/* SPDX-License-Identifier: MIT */
/*
 * xfsw shell: commands from standard input, one a line, on an image that stays
 * open between them.  The language in which tests and users script sequences of calls.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/xfsw.h"

#define WORDS_MAX 1024

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape behind a backslash at *@in; -1: not understood. */
static int escape(const char **in)
{
	static const char letters[] = "n\nt\tr\re\033";
	const char *s = *in, *known;
	int value = 0;

	if (s[0] == 'x') {
		int high = hex_value(s[1]), low = high < 0 ? -1 : hex_value(s[2]);

		*in = s + 3;
		return low < 0 ? -1 : high << 4 | low;
	}
	if (s[0] >= '0' && s[0] <= '7') {
		for (int i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
			value = value << 3 | (*s++ - '0');
		*in = s;
		return value <= 255 ? value : -1;
	}
	if (!s[0])
		return -1;
	*in = s + 1;
	for (known = letters; *known; known += 2)
		if (*known == s[0])
			return known[1];
	return (unsigned char)s[0];
}

/*
 * Split @line in place.  Blanks separate words, # begins a comment where a word could
 * begin, '...' is literal, "..." and unquoted text know the escapes above.
 * Words, or -1 with *@why set.
 */
static int split(char *line, char **words, const char **why)
{
	const char *in = line;
	char *out = line;
	int n = 0;

	for (;;) {
		char quote = 0;

		while (isspace((unsigned char)*in))
			in++;
		if (!*in || *in == '#')
			return n;
		if (n == WORDS_MAX) {
			*why = "too many words";
			return -1;
		}
		words[n++] = out;
		while (*in && (quote || !isspace((unsigned char)*in))) {
			if (*in == quote) {
				quote = 0;
				in++;
			} else if (!quote && (*in == '"' || *in == '\'')) {
				quote = *in++;
			} else if (*in == '\\' && quote != '\'') {
				int c;

				in++;
				c = escape(&in);
				if (c <= 0) {
					*why = "an escape is not understood";
					return -1;
				}
				*out++ = (char)c;
			} else {
				*out++ = *in++;
			}
		}
		if (quote) {
			*why = "a quote is not closed";
			return -1;
		}
		/* The terminator may fall on the blank just behind the word. */
		if (*in)
			in++;
		*out++ = 0;
	}
}

static void print_commands(void)
{
	puts("commands (COMMAND --help tells more):");
	for (size_t i = 0; xfsw_verbs[i]; i++)
		if (!(xfsw_verbs[i]->flags & (XFSW_NO_SHELL | XFSW_HIDDEN)))
			printf("  %-9s %s\n", xfsw_verbs[i]->name, xfsw_verbs[i]->summary);
	puts("  abandon   Write nothing more and leave: the log stays dirty, or the image marked\n"
	     "            in progress when it is changed --unjournalled\n"
	     "  exit      Leave; the end of the input does the same");
}

enum { GO_ON, LEAVE, ABANDON };

/* Run one line; *@code is its exit code. */
static int run_line(struct xfsw_call *call, unsigned long number, char *line, char **words,
		    int *code)
{
	struct xfsw_call at_line = { .verb = NULL, .img = call->img, .line = number };
	const char *why = "";
	int n = split(line, words, &why);

	*code = XFSW_OK;
	if (n < 0) {
		xfsw_complain(&at_line, NULL, "%s", why);
		*code = XFSW_USAGE;
		return GO_ON;
	}
	if (n == 0)
		return GO_ON;
	words[n] = NULL;
	if (n == 1 && (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0))
		return LEAVE;
	if (n == 1 && strcmp(words[0], "abandon") == 0)
		return ABANDON;
	if (n == 1 && strcmp(words[0], "help") == 0) {
		print_commands();
		return GO_ON;
	}
	*code = xfsw_run_inside(call, number, n, words);
	return GO_ON;
}

static int run_shell(struct xfsw_call *call)
{
	bool prompt = isatty(STDIN_FILENO) && !xfsw_has(call, XFSW_OPT_QUIET);
	char **words = calloc(WORDS_MAX + 1, sizeof(*words));
	unsigned long number = 0;
	size_t size = 0;
	char *line = NULL;
	int code = XFSW_OK, what = GO_ON;

	if (!words)
		return xfsw_fail(call, NULL, -ENOMEM);
	for (;;) {
		int one;

		if (prompt) {
			fputs("xfsw> ", stdout);
			fflush(stdout);
		}
		if (getline(&line, &size, stdin) < 0)
			break;
		number++;
		if (xfsw_has(call, 'x'))
			printf("+ %s%s", line, strchr(line, '\n') ? "" : "\n");
		what = run_line(call, number, line, words, &one);
		fflush(stdout);
		if (one == XFSW_INTERRUPTED)
			what = LEAVE;
		if (one && (code == XFSW_OK || one == XFSW_INTERRUPTED))
			code = one;
		if (what != GO_ON || (one && !prompt && !xfsw_has(call, 'k')))
			break;
	}
	free(line);
	free(words);
	if (what == ABANDON) {
		xfs_abandon(call->img->mp);
		call->img->mp = NULL;
	}
	return code;
}

static const struct option shell_longopts[] = {
	{ "read-only", no_argument, NULL, XFSW_OPT_READONLY },
	{ "keep-going", no_argument, NULL, 'k' },
	{ NULL, 0, NULL, 0 }
};

const struct xfsw_verb verb_shell = {
	.name = "shell",
	.operands = "[-k] [-x] [--read-only] IMG",
	.summary = "Run commands from standard input, one a line, on the open image",
	.help = "Commands are the verbs without IMG, and some more: 'help' lists them. Blanks\n"
		"separate words; # begins a comment; '...' is literal; in \"...\" and outside\n"
		"of quotes \\n \\t \\r \\e \\xHH and \\OOO are bytes, and \\ before anything\n"
		"else keeps it. The first error ends the shell with its exit code and the\n"
		"number of the line.\n\n"
		"  -k, --keep-going go on after errors; the exit code is the first one's\n"
		"  -x               print each line before it runs\n"
		"  --read-only      change nothing\n",
	.shortopts = "kx",
	.longopts = shell_longopts,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_NO_SHELL | XFSW_LONG_WORK,
	.run = run_shell,
};
