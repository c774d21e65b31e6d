/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the pages of lib/disk/format/ show as test vectors is what this library does.
 * Method: format_vectors PAGE reads the vectors from the page itself.  With --changed each result
 * and each byte is changed in turn, and every one of these changes must be noticed.
 */
#include <ctype.h>
#include <errno.h>
#include "format/format.h"

#define MAX_LINES 400
#define MAX_TEXT  1024

struct line {
	unsigned int number; /* in the page */
	char text[MAX_TEXT];
};

struct vector {
	char name[64];
	unsigned int nr_lines;
	struct line line[MAX_LINES];
};

static const struct format_function *const tables[] = {
	format_sb,   format_ag,	 format_inode, format_dir,
	format_attr, format_log, format_quota, format_write,

};

void format_say(struct format *f, const char *fmt, ...)
{
	size_t room = sizeof(f->answer) - f->answered;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(f->answer + f->answered, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		f->answered += (size_t)n < room ? (size_t)n : room - 1;
}

void format_say_verdict(struct format *f, xfs_failaddr_t fa)
{
	format_say(f, "%s", fa ? "refused" : "good");
}

uint64_t format_number(struct format *f, const char *s)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	uint64_t v;

	errno = 0;
	v = *s == '-' ? (uint64_t)strtoll(s, &end, 0) : strtoull(s, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && !end[1])
		return v << 10 * (unit - units + 1);
	if (end == s || *end || errno)
		format_say(f, "(%s is not a number) ", s);
	return v;
}

size_t format_size(struct format *f, const char *s)
{
	return (size_t)format_number(f, s);
}

size_t format_bytes(struct format *f, const char *s, uint8_t *buf, size_t size)
{
	size_t len = strlen(s), n = 0;

	if (*s == '"') {
		if (len < 2 || s[len - 1] != '"' || len - 2 > size) {
			format_say(f, "(%s is not a text) ", s);
			return 0;
		}
		memcpy(buf, s + 1, len - 2);
		return len - 2;
	}
	if (len % 2 || len / 2 > size || strspn(s, "0123456789abcdef") != len) {
		format_say(f, "(%s are not bytes) ", s);
		return 0;
	}
	for (; *s; s += 2, n++) {
		char pair[3] = {s[0], s[1], 0};

		buf[n] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

const uint8_t *format_changed(struct format *f, unsigned int n, char **arg)
{
	static uint8_t copy[FORMAT_OBJECT_MAX];

	memcpy(copy, f->object, f->len);
	for (unsigned int i = 0; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < f->len)
			format_bytes(f, arg[i + 1], copy + off, f->len - off);
	}
	return copy;
}

uint64_t format_option(struct format *f, unsigned int n, char **arg, const char *name,
		       uint64_t otherwise)
{
	size_t len = strlen(name);

	for (unsigned int i = 0; i < n; i++)
		if (strncmp(arg[i], name, len) == 0 && arg[i][len] == '=')
			return format_number(f, arg[i] + len + 1);
	return otherwise;
}

/* Words of @text; quoted ones may have spaces. */
static unsigned int split(char *text, char **arg)
{
	unsigned int n = 0;

	while (n < FORMAT_MAX_ARGS) {
		while (*text == ' ')
			text++;
		if (!*text)
			break;
		arg[n++] = text;
		if (*text == '"') {
			text++;
			while (*text && *text != '"')
				text++;
			if (*text)
				text++;
		}
		while (*text && *text != ' ')
			text++;
		if (*text)
			*text++ = 0;
	}
	return n;
}

static const struct format_function *find_function(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct format_function *fn = tables[t]; fn->name; fn++)
			if (strcmp(fn->name, name) == 0)
				return fn;
	return NULL;
}

static void call(struct format *f, char *text)
{
	char *arg[FORMAT_MAX_ARGS];
	unsigned int n = split(text, arg);
	const struct format_function *fn = n ? find_function(arg[0]) : NULL;

	if (!fn)
		format_say(f, "(there is no function %s) ", n ? arg[0] : "");
	else if (n - 1 < fn->args)
		format_say(f, "(%s takes %u arguments) ", fn->name, fn->args);
	else
		fn->fn(f, n - 1, arg + 1);
	while (f->answered && f->answer[f->answered - 1] == ' ')
		f->answer[--f->answered] = 0;
}

/* "XXXX: HEX..." */
static bool put_bytes(struct format *f, const char *text)
{
	char *end;
	size_t off = strtoul(text, &end, 16);
	unsigned int nibbles = 0;

	if (end == text || *end != ':')
		return false;
	for (end++; *end; end++) {
		uint8_t *p = f->object + off + nibbles / 2;
		unsigned int v;

		if (*end == ' ')
			continue;
		if (!strchr("0123456789abcdef", *end) || off + nibbles / 2 >= f->len)
			return false;
		v = (unsigned int)(*end <= '9' ? *end - '0' : *end - 'a' + 10);
		*p = (uint8_t)(nibbles++ & 1 ? *p | v : v << 4);
	}
	return nibbles % 2 == 0;
}

static void example(struct format *f)
{
	uint8_t sector[512];

	if (xfs_device_pread(format_image(), 0, sector, sizeof(sector)))
		abort();
	xfs_sb_from_disk(&f->sb, (const void *)sector);
	if (xfs_geometry_init(&f->geo, &f->sb))
		abort();
}

static bool directive(struct format *f, char *text)
{
	char *arg[FORMAT_MAX_ARGS], copy[MAX_TEXT];
	unsigned int n;

	if (isxdigit((unsigned char)*text) && strchr(text, ':') && put_bytes(f, text))
		return true;
	snprintf(copy, sizeof(copy), "%s", text);
	n = split(copy, arg);
	if (n == 2 && strcmp(arg[0], "object") == 0) {
		f->len = format_size(f, arg[1]);
		memset(f->object, 0, sizeof(f->object));
		return f->len <= sizeof(f->object);
	}
	if (n == 4 && strcmp(arg[0], "fill") == 0) {
		size_t off = format_size(f, arg[1]), len = format_size(f, arg[2]);

		if (off > f->len || len > f->len - off)
			return false;
		memset(f->object + off, (int)format_number(f, arg[3]), len);
		return true;
	}
	if (n >= 1 && strcmp(arg[0], "geometry") == 0) {
		example(f);
		format_geometry(f, n - 1, arg + 1);
		return true;
	}
	return false;
}

/* Whether the line holds; what is wrong is printed unless @quiet. */
static bool do_line(struct format *f, const char *page, const struct line *line, bool quiet)
{
	char text[MAX_TEXT], *want;

	f->answered = 0;
	f->answer[0] = 0;
	snprintf(text, sizeof(text), "%s", line->text);
	want = strstr(text, " = ");
	if (!want) {
		if (directive(f, text) && !f->answered)
			return true;
		if (!quiet)
			printf("%s:%u: not understood: %s %s\n", page, line->number, line->text,
			       f->answer);
		return false;
	}
	*want = 0;
	call(f, text);
	if (strcmp(f->answer, want + 3) == 0)
		return true;
	if (!quiet)
		printf("%s:%u: the page says: %s\n\tthe library: %s\n", page, line->number,
		       line->text, f->answer);
	return false;
}

static unsigned int do_vector(struct format *f, const char *page, const struct vector *v,
			      bool quiet)
{
	unsigned int failures = 0;

	example(f);
	f->len = 0;
	for (unsigned int i = 0; i < v->nr_lines; i++)
		failures += !do_line(f, page, &v->line[i], quiet);
	return failures;
}

/* Another letter or digit of the same kind. */
static char another(char c)
{
	if (isdigit((unsigned char)c))
		return c == '9' ? '0' : (char)(c + 1);
	return c == 'f' || c == 'z' || c == 'Z' ? (char)(c - 1) : (char)(c + 1);
}

/* Each result and each byte changed once; returns the changes that went unnoticed. */
static unsigned int change_vector(struct format *f, const char *page, struct vector *v,
				  unsigned int *changes)
{
	unsigned int unnoticed = 0;

	for (unsigned int i = 0; i < v->nr_lines; i++) {
		char *text = v->line[i].text, *from = strstr(text, " = ");

		if (!from)
			from = strchr(text, ':');
		for (char *p = from; p && *p; p++) {
			char old = *p;

			if (!isalnum((unsigned char)old) || isalnum((unsigned char)p[1]))
				continue;
			*p = another(old);
			(*changes)++;
			if (!do_vector(f, page, v, true)) {
				printf("%s:%u: not noticed: %s\n", page, v->line[i].number, text);
				unnoticed++;
			}
			*p = old;
		}
	}
	return unnoticed;
}

/* The next vector of the page; false at its end. */
static bool next_vector(FILE *page, unsigned int *number, struct vector *v)
{
	static const char fence[] = "```vector ";
	char text[MAX_TEXT];
	bool in = false;

	v->nr_lines = 0;
	while (fgets(text, sizeof(text), page)) {
		char *comment;

		(*number)++;
		text[strcspn(text, "\n")] = 0;
		if (!in) {
			in = strncmp(text, fence, sizeof(fence) - 1) == 0;
			if (in)
				snprintf(v->name, sizeof(v->name), "%.60s",
					 text + sizeof(fence) - 1);
			continue;
		}
		if (strcmp(text, "```") == 0)
			return true;
		comment = *text == '#' ? text : strstr(text, "  #");
		if (comment)
			*comment = 0;
		for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
			text[n - 1] = 0;
		if (!*text)
			continue;
		if (v->nr_lines == MAX_LINES) {
			printf("a vector of more than %d lines\n", MAX_LINES);
			exit(1);
		}
		v->line[v->nr_lines].number = *number;
		memcpy(v->line[v->nr_lines++].text, text, sizeof(text));
	}
	return false;
}

int main(int argc, char **argv)
{
	static struct format f;
	static struct vector v;
	bool changed = argc == 3 && strcmp(argv[1], "--changed") == 0;
	const char *name = argv[argc - 1], *slash = strrchr(name, '/');
	unsigned int number = 0, vectors = 0, lines = 0, failures = 0, changes = 0;
	FILE *page = argc >= 2 ? fopen(name, "r") : NULL;

	if (!page) {
		fprintf(stderr, "usage: format_vectors [--changed] PAGE\n");
		return 2;
	}
	while (next_vector(page, &number, &v)) {
		vectors++;
		lines += v.nr_lines;
		failures += changed ? change_vector(&f, slash ? slash + 1 : name, &v, &changes)
				    : do_vector(&f, slash ? slash + 1 : name, &v, false);
	}
	fclose(page);
	printf("%u vectors, %u lines, %u changes, %u failures\n", vectors, lines, changes,
	       failures);
	xfs_device_put(format_image());
	return failures || !vectors;
}
