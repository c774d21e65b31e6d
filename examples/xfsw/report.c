/* SPDX-License-Identifier: MIT */
/*
 * Messages.  Their form is a promise to scripts: one line on standard error,
 * "xfsw: VERB: PATH: reason", and for the shell "xfsw: shell: line N: VERB: ...".
 * What comes from a disk is printed with control characters escaped, so that
 * a name cannot forge a message or a terminal sequence.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "xfsw/xfsw.h"

static void print_prefix(const struct xfsw_call *call, const char *path)
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
}

/* Errors whose usual words say everything; the library has nothing to add. */
static bool is_plain(int error)
{
	switch (error) {
	case -ENOENT:
	case -EEXIST:
	case -ENOTDIR:
	case -EISDIR:
	case -ENOTEMPTY:
	case -EACCES:
	case -EPERM:
	case -ENODATA:
	case -ENAMETOOLONG:
	case -ELOOP:
	case -ENOMEM:
	case -ENOSPC:
	case -EINTR:
		return true;
	default:
		return false;
	}
}

const char *xfsw_reason(const struct xfsw_image *img, int error, char *buf, size_t size)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	/* The newest failure of the library stays; it may not be what the host says now. */
	if (img && !is_plain(error) && !xfs_mount_error(NULL, &info) && info.error == error)
		snprintf(buf, size, "%s (%s)", strerror(-error), info.text);
	else
		snprintf(buf, size, "%s", strerror(-error));
	return buf;
}

int xfsw_fail(const struct xfsw_call *call, const char *path, int error)
{
	char buf[512];

	if (error == -EINTR && xfsw_interrupted())
		return XFSW_INTERRUPTED;	/* the user knows */
	xfsw_reason(call->img, error, buf, sizeof(buf));
	print_prefix(call, path);
	fprintf(stderr, "%s\n", buf);
	return XFSW_FAILED;
}

int xfsw_complain(const struct xfsw_call *call, const char *path, const char *fmt, ...)
{
	va_list ap;

	print_prefix(call, path);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return XFSW_FAILED;
}

int xfsw_usage(const struct xfsw_call *call, const char *fmt, ...)
{
	va_list ap;

	print_prefix(call, NULL);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	if (call->line)
		fputc('\n', stderr);
	else
		fprintf(stderr, "; see 'xfsw %s --help'\n", call->verb->name);
	return XFSW_USAGE;
}

int xfsw_finish_output(const struct xfsw_call *call)
{
	if (fflush(stdout) || ferror(stdout)) {
		clearerr(stdout);
		return xfsw_fail(call, "standard output", errno ? -errno : -EIO);
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

void xfsw_print_name(FILE *out, const char *name, size_t len, bool escape)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!escape)
			putc(c, out);
		else if (c == '\\')
			fputs("\\\\", out);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c == '\t')
			fputs("\\t", out);
		else if (c < ' ' || c == 127)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
}
