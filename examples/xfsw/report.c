/* SPDX-License-Identifier: MIT */
/*
 * Messages.  Their form is a promise to scripts: one line on standard error,
 * "xfsw: VERB: PATH: reason", and for the shell "xfsw: shell: line N: VERB: ...".
 * What comes from a disk is printed with control characters escaped, so that
 * a name cannot forge a message or a terminal sequence.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/xfsw.h"

/* The message in a form for scripts, should the verb answer in JSON. */
static void record(const struct xfsw_call *call, const char *path, const char *text, int error)
{
	struct xfsw_errors *errors = call->errors;
	struct xfsw_error *v;

	if (!errors)
		return;
	if (errors->n == errors->max && errors->max < XFSW_ERRORS_MAX) {
		size_t max = errors->max ? errors->max * 2 : 8;

		max = max < XFSW_ERRORS_MAX ? max : XFSW_ERRORS_MAX;
		v = realloc(errors->v, max * sizeof(*v));
		if (v) {
			errors->v = v;
			errors->max = max;
		}
	}
	if (errors->n == errors->max) {
		errors->dropped++;
		return;
	}
	v = &errors->v[errors->n];
	*v = (struct xfsw_error){ .path = path ? strdup(path) : NULL, .text = strdup(text),
				  .error = -error };
	if (v->text)
		errors->n++;
	else
		free(v->path);
}

/* One line: names in it cannot break it, nor what a library made of them. */
static void print_message(const struct xfsw_call *call, const char *path, const char *text)
{
	fprintf(stderr, "xfsw: ");
	if (call->line)
		fprintf(stderr, "shell: line %lu: ", call->line);
	if (call->verb)
		fprintf(stderr, "%s: ", call->verb->name);
	if (path) {
		xfsw_print_name(stderr, path, strlen(path), true);
		fprintf(stderr, ": ");
	}
	xfsw_print_text(stderr, text, strlen(text));
	fputc('\n', stderr);
}

static void tell(const struct xfsw_call *call, const char *path, int error, const char *fmt,
		 va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	record(call, path, text ? text : fmt, error);
	print_message(call, path, text ? text : fmt);
	free(text);
}

/*
 * Errors whose usual words say everything.  For all others the library knows which limit, flag or
 * structure it was.
 */
static bool is_plain(int error)
{
	switch (error) {
	case -ENOENT:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
	case -ENOTEMPTY:
	case -ENODATA:
	case -EINTR:
		return true;
	default:
		return false;
	}
}

/*
 * The library's newest failure that is no longer the reason for anything: it was told, or something
 * else has failed since.  Failures are of a thread, and so is this.
 */
static _Thread_local uint64_t settled;

static void settle_failures(void)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	xfs_mount_error(NULL, &info);
	settled = info.failure;
}

int xfsw_error(int error)
{
	settle_failures();
	return error;
}

int xfsw_errno(void)
{
	return xfsw_error(-errno);
}

const char *xfsw_reason(int error, char *buf, size_t size)
{
	struct xfs_error_info info = { .size = sizeof(info) };
	bool has_text;

	/*
	 * The library's record stays when something else fails, maybe with the same errno.  A text
	 * that begins with the function's name and tells no cause only says again what that means.
	 */
	has_text = !is_plain(error) && !xfs_mount_error(NULL, &info) && info.error == error &&
		   info.failure != settled &&
		   (strncmp(info.text, info.call, strlen(info.call)) != 0 ||
		    strstr(info.text, "; before that: "));
	if (has_text)
		snprintf(buf, size, "%s (%s)", strerror(-error), info.text);
	else
		snprintf(buf, size, "%s", strerror(-error));
	return buf;
}

static void tell_error(const struct xfsw_call *call, const char *path, int error, const char *fmt,
		       ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(call, path, error, fmt, ap);
	va_end(ap);
}

int xfsw_fail(const struct xfsw_call *call, const char *path, int error)
{
	char buf[1024];

	if ((error == -EINTR || error == -ECANCELED) && xfsw_interrupted())
		return XFSW_INTERRUPTED;	/* the user knows */
	tell_error(call, path, error, "%s", xfsw_reason(error, buf, sizeof(buf)));
	settle_failures();
	return XFSW_FAILED;
}

int xfsw_complain(const struct xfsw_call *call, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(call, path, 0, fmt, ap);
	va_end(ap);
	return XFSW_FAILED;
}

int xfsw_usage(const struct xfsw_call *call, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		xfsw_fail(call, NULL, -ENOMEM);
	else if (call->line)
		tell_error(call, NULL, -EINVAL, "%s", text);
	else
		tell_error(call, NULL, -EINVAL, "%s; see 'xfsw %s --help'", text, call->verb->name);
	free(text);
	return XFSW_USAGE;
}

int xfsw_finish_output(const struct xfsw_call *call)
{
	if (fflush(stdout) || ferror(stdout)) {
		clearerr(stdout);
		return xfsw_fail(call, "standard output", errno ? xfsw_errno() : xfsw_error(-EIO));
	}
	return XFSW_OK;
}

const char *xfsw_human(uint64_t bytes, char buf[16])
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	while (value >= 1024 && unit < 5) {
		value /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, 16, "%ju B", (uintmax_t)bytes);
	else
		snprintf(buf, 16, value < 9.95 ? "%.1f %ciB" : "%.0f %ciB", value, units[unit]);
	return buf;
}

static void print_escape(FILE *out, uint32_t c)
{
	if (c == '\n')
		fputs("\\n", out);
	else if (c == '\t')
		fputs("\\t", out);
	else if (c < 0x80)
		fprintf(out, "\\x%02x", c);
	else
		fprintf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

/* Standard error has no buffer: what needs no escape goes out in one piece. */
static void print_escaped(FILE *out, const char *text, size_t len, bool backslash)
{
	size_t plain = 0;

	for (size_t i = 0, step; i < len; i += step) {
		const unsigned char *s = (const unsigned char *)text + i;
		uint32_t c;

		step = xfsw_utf8(s, len - i, &c);
		if (step && !xfsw_is_control(c) && !(c == '\\' && backslash))
			continue;
		fwrite(text + plain, 1, i - plain, out);
		if (!step) {	/* in other character sets such bytes may be controls */
			fprintf(out, "\\x%02x", s[0]);
			step = 1;
		} else if (c == '\\') {
			fputs("\\\\", out);
		} else {
			print_escape(out, c);
		}
		plain = i + step;
	}
	fwrite(text + plain, 1, len - plain, out);
}

void xfsw_print_name(FILE *out, const char *name, size_t len, bool escape)
{
	if (escape)
		print_escaped(out, name, len, true);
	else
		fwrite(name, 1, len, out);
}

void xfsw_print_text(FILE *out, const char *text, size_t len)
{
	print_escaped(out, text, len, false);
}
