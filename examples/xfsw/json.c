/* SPDX-License-Identifier: MIT */
/*
 * JSON, written as it comes.  Names on a disk are bytes, JSON is UTF-8: a name
 * that is valid UTF-8 is a string, any other is given in hex under another key, so
 * that nothing is lost and nothing invalid printed.
 */
#include <string.h>
#include "xfsw/xfsw.h"

size_t xfsw_utf8(const unsigned char *s, size_t len, uint32_t *code)
{
	size_t need;
	uint32_t c;

	*code = s[0];
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		need = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		need = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (need > len)
		return 0;
	c = s[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates and what lies past the last plane are invalid. */
	if ((need == 3 && c < 0x800) || (need == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return need;
}

bool xfsw_is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

static void put_escape(FILE *out, uint32_t c)
{
	if (c >= 0x10000) {
		fprintf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + (c & 0x3ff);
	}
	fprintf(out, "\\u%04x", c);
}

/* Bytes that are no UTF-8 are U+FFFD: json_bytes() is for those that matter. */
static void put_text(FILE *out, const char *text, size_t len)
{
	putc('"', out);
	for (size_t i = 0, step; i < len; i += step) {
		const unsigned char *s = (const unsigned char *)text + i;
		uint32_t c;

		step = xfsw_utf8(s, len - i, &c);
		if (!step) {
			put_escape(out, 0xfffd);
			step = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", (int)c);
		} else if (xfsw_is_control(c)) {
			put_escape(out, c);
		} else {
			fwrite(s, 1, step, out);
		}
	}
	putc('"', out);
}

static void next(struct xfsw_json *j, const char *key)
{
	if (j->comma)
		putc(',', j->out);
	if (j->depth) {
		putc('\n', j->out);
		for (unsigned int i = 0; i < j->depth; i++)
			fputs("  ", j->out);
	}
	if (key) {
		put_text(j->out, key, strlen(key));
		fputs(": ", j->out);
	}
	j->comma = true;
}

void json_open(struct xfsw_json *j, const char *key, char bracket)
{
	next(j, key);
	putc(bracket, j->out);
	j->depth++;
	j->comma = false;
}

void json_close(struct xfsw_json *j, char bracket)
{
	j->depth--;
	if (j->comma) {
		putc('\n', j->out);
		for (unsigned int i = 0; i < j->depth; i++)
			fputs("  ", j->out);
	}
	putc(bracket, j->out);
	j->comma = true;
}

void json_u64(struct xfsw_json *j, const char *key, uint64_t value)
{
	next(j, key);
	fprintf(j->out, "%ju", (uintmax_t)value);
}

void json_i64(struct xfsw_json *j, const char *key, int64_t value)
{
	next(j, key);
	fprintf(j->out, "%jd", (intmax_t)value);
}

void json_bool(struct xfsw_json *j, const char *key, bool value)
{
	next(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_str(struct xfsw_json *j, const char *key, const char *value)
{
	next(j, key);
	put_text(j->out, value, strlen(value));
}

bool json_is_text(const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	uint32_t c;

	for (size_t i = 0, step; i < len; i += step) {
		step = xfsw_utf8(s + i, len - i, &c);
		if (!step)
			return false;
	}
	return true;
}

void json_text(struct xfsw_json *j, const char *key, const char *value, size_t len)
{
	next(j, key);
	put_text(j->out, value, len);
}

void json_bytes(struct xfsw_json *j, const char *key, const char *value, size_t len)
{
	char hex_key[64];

	if (json_is_text(value, len)) {
		json_text(j, key, value, len);
		return;
	}
	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	next(j, hex_key);
	putc('"', j->out);
	for (size_t i = 0; i < len; i++)
		fprintf(j->out, "%02x", (unsigned char)value[i]);
	putc('"', j->out);
}

void json_base64(struct xfsw_json *j, const char *key, const void *value, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = value;

	next(j, key);
	putc('"', j->out);
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t word = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
				(left > 2 ? s[i + 2] : 0u);

		putc(digits[word >> 18], j->out);
		putc(digits[word >> 12 & 63], j->out);
		putc(left > 1 ? digits[word >> 6 & 63] : '=', j->out);
		putc(left > 2 ? digits[word & 63] : '=', j->out);
	}
	putc('"', j->out);
}

void json_null(struct xfsw_json *j, const char *key)
{
	next(j, key);
	fputs("null", j->out);
}

void json_time(struct xfsw_json *j, const char *key, const struct xfs_timespec *ts)
{
	next(j, key);
	/* As text: a double would lose the nanoseconds. */
	fprintf(j->out, "\"%jd.%09u\"", (intmax_t)ts->tv_sec, ts->tv_nsec);
}

static void put_error(struct xfsw_json *j, const struct xfsw_error *error)
{
	json_open(j, NULL, '{');
	if (error->path)
		json_bytes(j, "path", error->path, strlen(error->path));
	json_str(j, "error", error->text);
	if (error->error)
		json_i64(j, "errno", error->error);
	json_close(j, '}');
}

static void put_errors(struct xfsw_json *j, const struct xfsw_errors *errors)
{
	struct xfsw_error more = { .text = NULL };
	char text[64];

	for (size_t i = 0; i < errors->n; i++)
		put_error(j, &errors->v[i]);
	if (errors->dropped) {
		snprintf(text, sizeof(text), "and %ju more errors", (uintmax_t)errors->dropped);
		more.text = text;
		put_error(j, &more);
	}
}

void json_finish(struct xfsw_json *j, const struct xfsw_call *call, char bracket)
{
	struct xfsw_errors *errors = call->errors;

	if (errors && errors->n && bracket == ']') {
		put_errors(j, errors);
	} else if (errors && errors->n) {
		json_open(j, "errors", '[');
		put_errors(j, errors);
		json_close(j, ']');
	}
	if (errors)
		errors->told = true;
	json_close(j, bracket);
	putc('\n', j->out);
	j->comma = false;
}

void json_only_errors(const struct xfsw_call *call)
{
	struct xfsw_json j = { .out = stdout };

	if (!call->errors || !call->errors->n || call->errors->told)
		return;
	json_open(&j, NULL, '{');
	json_finish(&j, call, '}');
}
