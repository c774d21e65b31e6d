/* SPDX-License-Identifier: MIT */
/*
 * JSON, written as it comes.  Names on a disk are bytes, JSON is UTF-8: a name
 * that is valid UTF-8 is a string, any other is given in hex under another key, so
 * that nothing is lost and nothing invalid printed.
 */
#include <string.h>
#include "xfsw/xfsw.h"

static void put_text(FILE *out, const char *text, size_t len)
{
	putc('"', out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 127)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
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

/* Bytes of the sequence that starts at @s, 0 if it is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
	size_t need;
	uint32_t c;

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
	return need;
}

void json_bytes(struct xfsw_json *j, const char *key, const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	char hex_key[64];

	for (size_t i = 0, step; i < len; i += step) {
		step = utf8_sequence(s + i, len - i);
		if (step)
			continue;
		snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
		next(j, hex_key);
		putc('"', j->out);
		for (i = 0; i < len; i++)
			fprintf(j->out, "%02x", s[i]);
		putc('"', j->out);
		return;
	}
	next(j, key);
	put_text(j->out, value, len);
}

void json_time(struct xfsw_json *j, const char *key, const struct timespec *ts)
{
	next(j, key);
	/* As text: a double would lose the nanoseconds. */
	fprintf(j->out, "\"%jd.%09ld\"", (intmax_t)ts->tv_sec, ts->tv_nsec);
}

void json_end(struct xfsw_json *j)
{
	if (j->comma)
		putc('\n', j->out);
	j->comma = false;
}
