/* SPDX-License-Identifier: MIT */
/*
 * Words into options, operands and numbers.  Every number of the tool is read
 * here, so that "10g", "0x20" or a negative one mean the same to every verb;
 * what is not completely a number is refused, never read half.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "xfsw/xfsw.h"

static const struct option common_options[] = {
	{ "partition", required_argument, NULL, XFSW_OPT_PARTITION },
	{ "offset", required_argument, NULL, XFSW_OPT_OFFSET },
	{ "logdev", required_argument, NULL, XFSW_OPT_LOGDEV },
	{ "norecovery", no_argument, NULL, XFSW_OPT_NORECOVERY },
	{ "recover-in-memory", no_argument, NULL, XFSW_OPT_IN_MEMORY },
	{ "unjournalled", no_argument, NULL, XFSW_OPT_UNJOURNALLED },
	{ "json", no_argument, NULL, XFSW_OPT_JSON },
	{ "quiet", no_argument, NULL, XFSW_OPT_QUIET },
	{ "no-glob", no_argument, NULL, XFSW_OPT_NO_GLOB },
	{ "stats", no_argument, NULL, XFSW_OPT_STATS },
	{ "help", no_argument, NULL, XFSW_OPT_HELP },
};
#define NCOMMON (sizeof(common_options) / sizeof(common_options[0]))

static size_t count_options(const struct option *options)
{
	size_t n = 0;

	while (options && options[n].name)
		n++;
	return n;
}

static bool option_fits(const struct xfsw_call *call, int id)
{
	bool on_command_line = call->line == 0;

	switch (id) {
	case XFSW_OPT_PARTITION:
	case XFSW_OPT_OFFSET:
	case XFSW_OPT_LOGDEV:
		return on_command_line;
	case XFSW_OPT_NORECOVERY:
	case XFSW_OPT_IN_MEMORY:
		return on_command_line && (call->verb->open == XFSW_OPEN_READ ||
					   call->verb == &verb_shell);
	case XFSW_OPT_UNJOURNALLED:
		return on_command_line && call->verb->open == XFSW_OPEN_WRITE;
	case XFSW_OPT_STATS:
		return on_command_line && (call->verb->open == XFSW_OPEN_READ ||
					   call->verb->open == XFSW_OPEN_WRITE);
	case XFSW_OPT_JSON:
		return (call->verb->flags & XFSW_JSON) != 0;
	case XFSW_OPT_NO_GLOB:
		return (call->verb->flags & (XFSW_GLOB_ALL | XFSW_GLOB_SOURCES)) != 0;
	default:
		return true;
	}
}

int xfsw_parse(struct xfsw_call *call, int argc, char **argv)
{
	const struct xfsw_verb *verb = call->verb;
	size_t nown = count_options(verb->longopts);
	struct option *longopts = calloc(nown + NCOMMON + 1, sizeof(*longopts));
	const char *in_order = verb->shortopts && verb->shortopts[0] == '+' ? "+" : "";
	char shortopts[64];
	int id, result = 0;

	/* Before anything can fail: whoever asked for JSON gets the reason in it. */
	for (int i = 0; i < argc && (verb->flags & XFSW_JSON) && !call->errors; i++) {
		if (strcmp(argv[i], "--json") == 0)
			call->errors = calloc(1, sizeof(*call->errors));
	}
	call->opts = calloc((size_t)argc + 1, sizeof(*call->opts));
	if (!longopts || !call->opts) {
		free(longopts);
		return xfsw_fail(call, NULL, -ENOMEM);
	}
	if (nown)
		memcpy(longopts, verb->longopts, nown * sizeof(*longopts));
	memcpy(longopts + nown, common_options, sizeof(common_options));
	snprintf(shortopts, sizeof(shortopts), "%s:q%s", in_order,
		 verb->shortopts ? verb->shortopts + strlen(in_order) : "");

	opterr = 0;
	optind = 0;	/* GNU: begin anew, the shell comes here once a line */
	while ((id = getopt_long(argc, argv, shortopts, longopts, NULL)) != -1) {
		if (id == ':' || id == '?') {
			/* Of a long option optopt is 0 or its value: the word is behind us. */
			const char *word = argv[optind - 1];
			char letter[3] = { '-', (char)optopt, 0 };

			if (optopt > 0 && optopt < 256)
				word = letter;
			result = xfsw_usage(call, id == ':' ? "option %s needs a value"
							    : "unknown option %s", word);
			break;
		}
		if (id == 'q')
			id = XFSW_OPT_QUIET;
		if (!option_fits(call, id)) {
			result = xfsw_usage(call, "option %s does not apply to this verb",
					    argv[optind - 1]);
			break;
		}
		call->opts[call->nopts].id = id;
		call->opts[call->nopts++].arg = optarg;
	}
	call->argv = argv + optind;
	call->argc = argc - optind;
	free(longopts);
	return result;
}

void xfsw_call_free(struct xfsw_call *call)
{
	free(call->opts);
	call->opts = NULL;
	call->nopts = 0;
	for (size_t i = 0; call->errors && i < call->errors->n; i++) {
		free(call->errors->v[i].path);
		free(call->errors->v[i].text);
	}
	if (call->errors)
		free(call->errors->v);
	free(call->errors);
	call->errors = NULL;
	xfsw_paths_free(&call->expanded.paths);
}

bool xfsw_has(const struct xfsw_call *call, int id)
{
	for (size_t i = 0; i < call->nopts; i++)
		if (call->opts[i].id == id)
			return true;
	return false;
}

const char *xfsw_arg(const struct xfsw_call *call, int id)
{
	for (size_t i = call->nopts; i > 0; i--)
		if (call->opts[i - 1].id == id)
			return call->opts[i - 1].arg;
	return NULL;
}

bool xfsw_parse_u64(const char *text, uint64_t max, uint64_t *value)
{
	char *end;
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		return false;	/* strtoull takes signs and blanks */
	errno = 0;
	number = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	if (errno || *end || number > max)
		return false;
	*value = number;
	return true;
}

bool xfsw_parse_size(const char *text, uint32_t block_size, uint64_t *value)
{
	static const char powers[] = "kmgtpe";
	size_t len = strlen(text);
	char digits[32];
	uint64_t number, unit = 1;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len + 1);
	/* 10k, 10K, 10KiB: all the same. */
	if (len > 3 && strcasecmp(digits + len - 2, "ib") == 0)
		digits[len -= 2] = 0;
	if (!(digits[0] == '0' && (digits[1] | 0x20) == 'x') &&
	    !isdigit((unsigned char)digits[len - 1])) {
		char suffix = (char)tolower((unsigned char)digits[len - 1]);
		const char *power = strchr(powers, suffix);

		if (suffix == 'b')
			unit = block_size;
		else if (suffix == 's')
			unit = 512;
		else if (power)
			unit = 1ull << (10 * (power - powers + 1));
		else
			return false;
		digits[len - 1] = 0;
	}
	if (!xfsw_parse_u64(digits, UINT64_MAX, &number) ||
	    __builtin_mul_overflow(number, unit, value))
		return false;
	return true;
}

bool xfsw_parse_mode(const char *text, uint32_t *mode)
{
	uint32_t value = 0;

	if (!*text || strlen(text) > 5)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return false;
		value = value << 3 | (uint32_t)(*text - '0');
	}
	*mode = value;
	return value <= 07777;
}

static bool parse_fraction(const char *text, uint32_t *nsec)
{
	uint32_t unit = 100000000;

	*nsec = 0;
	if (!*text)
		return true;
	if (*text++ != '.' || !*text)
		return false;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		*nsec += (uint32_t)(*text - '0') * unit;
	return !*text;
}

bool xfsw_parse_time(const char *text, struct xfs_timespec *ts)
{
	struct tm tm = { 0 };
	struct timespec now;
	const char *rest;
	char *end;

	if (strcmp(text, "now") == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		*ts = xfsw_library_time(now);
		return true;
	}
	if (*text == '@') {
		errno = 0;
		ts->tv_sec = strtoll(text + 1, &end, 10);
		return !errno && end != text + 1 && parse_fraction(end, &ts->tv_nsec);
	}
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (!rest)
		return false;
	if (*rest == ' ' || *rest == 'T') {
		const char *minutes = strptime(rest + 1, "%H:%M", &tm);
		const char *seconds = minutes ? strptime(minutes, ":%S", &tm) : NULL;

		if (!minutes)
			return false;
		rest = seconds ? seconds : minutes;
	}
	ts->tv_sec = timegm(&tm);
	return parse_fraction(rest, &ts->tv_nsec);
}

bool xfsw_parse_uuid(const char *text, uint8_t uuid[16])
{
	unsigned int nibbles = 0;

	if (strlen(text) != 36)
		return false;
	for (unsigned int i = 0; i < 36; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
			continue;
		}
		if (!isxdigit(c))
			return false;
		c = (unsigned char)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
		if (nibbles % 2 == 0)
			uuid[nibbles / 2] = (uint8_t)(c << 4);
		else
			uuid[nibbles / 2] |= c;
		nibbles++;
	}
	return true;
}

bool xfsw_size_option(const struct xfsw_call *call, int id, uint64_t *value)
{
	const char *arg = xfsw_arg(call, id);

	if (!arg || xfsw_parse_size(arg, 4096, value))
		return true;
	xfsw_usage(call, "'%s' is not a size", arg);
	return false;
}

bool xfsw_number_option(const struct xfsw_call *call, int id, uint64_t max, uint64_t *value)
{
	const char *arg = xfsw_arg(call, id);

	if (!arg || xfsw_parse_u64(arg, max, value))
		return true;
	xfsw_usage(call, "'%s' is not a number up to %ju", arg, (uintmax_t)max);
	return false;
}
