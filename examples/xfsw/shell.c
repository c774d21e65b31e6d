/* SPDX-License-Identifier: MIT */
/*
 * xfsw shell: commands from standard input, one a line, on an image that stays
 * open between them.  The language in which tests and users script sequences of calls.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
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
					*why = "unknown escape sequence";
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
		xfsw_print_commands();
		return GO_ON;
	}
	*code = xfsw_run_inside(call, number, n, words);
	return GO_ON;
}

/* Lines of standard input; a signal ends the wait for one. */
struct input {
	char *buf;
	size_t len, size, next;		/* bytes in it, its size, where the next line begins */
	bool end;
};

/* 1: there is something to read, or the end; 0: a signal came first; else -errno. */
static int wait_for_input(void)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	sigset_t set, old;
	int ready = 0;

	/* Between the look at the flag and the wait no signal may slip through. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	while (ready == 0 && !xfsw_interrupted()) {
		ready = ppoll(&pfd, 1, NULL, &old);
		if (ready < 0 && errno != EINTR)
			ready = xfsw_errno();
		else if (ready < 0)
			ready = 0;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ready;
}

/* Room for more behind what has not been handed out yet. */
static int make_room(struct input *in)
{
	size_t size = in->size ? in->size * 2 : 64 << 10;
	char *buf;

	if (in->next) {
		memmove(in->buf, in->buf + in->next, in->len - in->next);
		in->len -= in->next;
		in->next = 0;
	}
	if (in->size - in->len > 1)
		return 0;
	buf = realloc(in->buf, size);
	if (!buf)
		return -ENOMEM;
	in->buf = buf;
	in->size = size;
	return 0;
}

/*
 * The next line, terminated, without its newline; valid until the next call.  1; 0 at the end;
 * -EINTR: a signal came; else -errno.
 */
static int next_line(struct input *in, char **line)
{
	for (;;) {
		char *start = in->buf ? in->buf + in->next : NULL;
		char *newline = in->len > in->next ? memchr(start, '\n', in->len - in->next) : NULL;
		ssize_t got;
		int ready;

		if (newline || (in->end && in->len > in->next)) {
			in->next = newline ? (size_t)(newline - in->buf) + 1 : in->len;
			if (!newline)
				newline = in->buf + in->len;
			*newline = 0;
			*line = start;
			return 1;
		}
		if (in->end)
			return 0;
		ready = make_room(in);
		if (!ready)
			ready = wait_for_input();
		if (ready <= 0)
			return ready ? ready : -EINTR;
		/* One byte stays free for the end of a last line without a newline. */
		got = read(STDIN_FILENO, in->buf + in->len, in->size - in->len - 1);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return xfsw_errno();
		in->end = got == 0;
		in->len += got > 0 ? (size_t)got : 0;
	}
}

/*
 * A signal while no command was at work: the image is closed as at the end of the input, nothing
 * that was done is given up.
 */
static int leave_on_signal(struct xfsw_call *call)
{
	int error;

	xfsw_finish_anyway();
	error = xfs_unmount(call->img->mp);
	call->img->mp = NULL;
	if (error)
		return xfsw_fail(call, call->img->path, error);
	xfsw_complain(call, NULL, "interrupted: the rest of the input was not run");
	return XFSW_INTERRUPTED;
}

static int run_shell(struct xfsw_call *call)
{
	bool prompt = isatty(STDIN_FILENO) && !xfsw_has(call, XFSW_OPT_QUIET);
	char **words = calloc(WORDS_MAX + 1, sizeof(*words));
	unsigned long number = 0;
	struct input in = { 0 };
	char *line = NULL;
	int code = XFSW_OK, what = GO_ON, more;

	if (!words)
		return xfsw_fail(call, NULL, -ENOMEM);
	for (;;) {
		int one;

		if (prompt) {
			fputs("xfsw> ", stdout);
			fflush(stdout);
		}
		more = next_line(&in, &line);
		if (more == 0)
			break;
		if (more < 0) {
			code = more == -EINTR ? leave_on_signal(call)
					      : xfsw_fail(call, "standard input", more);
			break;
		}
		number++;
		if (xfsw_has(call, 'x'))
			printf("+ %s\n", line);
		what = run_line(call, number, line, words, &one);
		fflush(stdout);
		if (one == XFSW_INTERRUPTED)
			what = LEAVE;
		if (one && (code == XFSW_OK || one == XFSW_INTERRUPTED))
			code = one;
		if (what != GO_ON || (one && !prompt && !xfsw_has(call, 'k')))
			break;
	}
	free(in.buf);
	free(words);
	/* All commands have ended: a signal that comes now gives nothing up. */
	if (code != XFSW_INTERRUPTED)
		xfsw_finish_anyway();
	if (what == ABANDON) {
		xfs_abandon(call->img->mp);
		call->img->mp = NULL;
	}
	return code;
}

static const struct xfsw_option shell_options[] = {
	{ 'k', "keep-going", NULL,
	  "continue after errors; the exit code is that of the first one" },
	{ 'x', NULL, NULL, "print each line before it runs" },
	{ XFSW_OPT_READONLY, "read-only", NULL, "open the image for reading only" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_shell = {
	.name = "shell",
	.group = XFSW_GROUP_OTHER,
	.operands = "[-k] [-x] [--read-only] IMG",
	.summary = "Run commands from standard input on the open image",
	.help = "A command is a verb without IMG, one a line; 'help' lists them. Blanks "
		"separate words, # begins a comment. In '...' everything is literal; in \"...\" "
		"and outside of quotes \\n \\t \\r \\e \\xHH and \\OOO are bytes, and \\ before "
		"any other character keeps it. After the first error the shell ends with that "
		"exit code and reports the line number.\n",
	.examples = "xfsw shell disk.img <script\n"
		"echo 'ls /' | xfsw shell --read-only disk.img\n",
	.options = shell_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_NO_SHELL | XFSW_LONG_WORK,
	.run = run_shell,
};
