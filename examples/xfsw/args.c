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

static const struct xfsw_option common_options[] = {
	{ XFSW_OPT_PARTITION, "partition", "N", "work in partition N of a disk image" },
	{ XFSW_OPT_OFFSET, "offset", "BYTES", "the file system begins at this offset of IMG" },
	{ XFSW_OPT_LOGDEV, "logdev", "DEV", "the file system has its log on DEV" },
	{ XFSW_OPT_NORECOVERY, "norecovery", NULL,
	  "read although the log is dirty, and ignore the log" },
	{ XFSW_OPT_IN_MEMORY, "recover-in-memory", NULL,
	  "replay a dirty log in memory; the image is not changed" },
	{ XFSW_OPT_UNJOURNALLED, "unjournalled", NULL,
	  "write without the log: faster, but if interrupted the image is lost" },
	{ XFSW_OPT_NO_GLOB, "no-glob", NULL,
	  "take *, ? and [...] in a PATH literally; otherwise a PATH that does not exist is a "
	  "pattern" },
	{ XFSW_OPT_JSON, "json", NULL, "print JSON" },
	{ XFSW_OPT_STATS, "stats", NULL,
	  "afterwards print statistics of the library on standard error, named as those of the "
	  "kernel" },
	{ 'q', "quiet", NULL, "print no progress" },
	{ XFSW_OPT_HELP, "help", NULL, "print this help" },
};
#define NCOMMON (sizeof(common_options) / sizeof(common_options[0]))

static bool is_end(const struct xfsw_option *option)
{
	return !option->id && !option->text;
}

bool xfsw_arg_is_optional(const struct xfsw_option *option)
{
	return option->arg[0] == '[' && option->arg[1] == '=';
}

bool xfsw_is_common(const struct xfsw_option *option)
{
	return option >= common_options && option < common_options + NCOMMON;
}

/* Has @verb a use for the common option @id? */
static bool option_fits(const struct xfsw_verb *verb, bool on_command_line, int id)
{
	bool reads = verb->open == XFSW_OPEN_READ, writes = verb->open == XFSW_OPEN_WRITE;

	switch (id) {
	case XFSW_OPT_PARTITION:
	case XFSW_OPT_OFFSET:
	case XFSW_OPT_LOGDEV:
		return on_command_line;
	case XFSW_OPT_NORECOVERY:
	case XFSW_OPT_IN_MEMORY:
		return on_command_line && (reads || verb == &verb_shell);
	case XFSW_OPT_UNJOURNALLED:
		return on_command_line && writes;
	case XFSW_OPT_STATS:
		return on_command_line && (reads || writes);
	case XFSW_OPT_JSON:
		return (verb->flags & XFSW_JSON) != 0;
	case XFSW_OPT_NO_GLOB:
		return (verb->flags & (XFSW_GLOB_ALL | XFSW_GLOB_SOURCES)) != 0;
	default:
		return true;
	}
}

/* The common option @option goes without saying, or @verb has its own of this name. */
static bool is_untold(const struct xfsw_verb *verb, const struct xfsw_option *option)
{
	bool has_image = verb != &verb_help && !(verb->flags & XFSW_SHELL_ONLY);

	for (const struct xfsw_option *own = verb->options; own && !is_end(own); own++)
		if (own->name && strcmp(own->name, option->name) == 0)
			return true;
	return !option_fits(verb, has_image, option->id);
}

const struct xfsw_option *xfsw_option_at(const struct xfsw_verb *verb, size_t n)
{
	if (!verb)
		return n < NCOMMON ? &common_options[n] : NULL;
	for (size_t list = 0; list <= XFSW_SHARED_MAX; list++) {
		const struct xfsw_option *option = list ? verb->shared[list - 1] : verb->options;

		for (; option && !is_end(option); option++)
			if (n-- == 0)
				return option;
	}
	for (size_t i = 0; i < NCOMMON; i++)
		if (!is_untold(verb, &common_options[i]) && n-- == 0)
			return &common_options[i];
	return NULL;
}

/* The options of a verb as getopt_long() wants them. */
#define OPTIONS_MAX	96u
struct spelled {
	struct option longopts[OPTIONS_MAX + 1];
	char letters[3 * OPTIONS_MAX];
	size_t nlong, nletters;
};

static void add_option(struct spelled *s, const struct xfsw_option *option)
{
	int has_arg = !option->arg ? no_argument
		      : xfsw_arg_is_optional(option) ? optional_argument
						     : required_argument;

	if (option->name && s->nlong < OPTIONS_MAX)
		s->longopts[s->nlong++] =
			(struct option){ option->name, has_arg, NULL, option->id };
	if (option->id == 0 || option->id >= 256 || s->nletters + 4 > sizeof(s->letters))
		return;
	s->letters[s->nletters++] = (char)option->id;
	for (int i = 0; i < has_arg; i++)
		s->letters[s->nletters++] = ':';
}

/* Own ones first: getopt takes the first of two with the same name. */
static void spell_options(struct spelled *s, const struct xfsw_verb *verb)
{
	memset(s, 0, sizeof(*s));
	s->nletters = (size_t)snprintf(s->letters, sizeof(s->letters), "%s:%s",
				       verb->flags & XFSW_IN_ORDER ? "+" : "",
				       verb->hidden_letters ? verb->hidden_letters : "");
	for (size_t list = 0; list <= XFSW_SHARED_MAX; list++) {
		const struct xfsw_option *option = list ? verb->shared[list - 1] : verb->options;

		for (; option && !is_end(option); option++)
			add_option(s, option);
	}
	for (size_t i = 0; i < NCOMMON; i++)
		add_option(s, &common_options[i]);
}

/* One option that getopt_long() has found; 0 or XFSW_USAGE. */
static int take_option(struct xfsw_call *call, int id, char **argv)
{
	/* Of a long option optopt is 0 or its value: the word is behind us. */
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, 0 };

	if (id == ':' || id == '?') {
		if (optopt > 0 && optopt < 256)
			word = letter;
		return xfsw_usage(call, id == ':' ? "option %s needs a value" : "unknown option %s",
				  word);
	}
	if (id == 'q')
		id = XFSW_OPT_QUIET;
	if (!option_fits(call->verb, call->line == 0, id) && call->verb != &verb_help)
		return xfsw_usage(call, "option %s does not apply to this verb", word);
	call->opts[call->nopts].id = id;
	call->opts[call->nopts++].arg = optarg;
	return 0;
}

int xfsw_parse(struct xfsw_call *call, int argc, char **argv)
{
	const struct xfsw_verb *verb = call->verb;
	struct spelled spelled;
	int id, result = 0;

	/* Before anything can fail: whoever asked for JSON gets the reason in it. */
	for (int i = 0; i < argc && (verb->flags & XFSW_JSON) && !call->errors; i++) {
		if (strcmp(argv[i], "--json") == 0)
			call->errors = calloc(1, sizeof(*call->errors));
	}
	call->opts = calloc((size_t)argc + 1, sizeof(*call->opts));
	if (!call->opts)
		return xfsw_fail(call, NULL, -ENOMEM);
	spell_options(&spelled, verb);
	opterr = 0;
	optind = 0;	/* GNU: begin anew, the shell comes here once a line */
	while (!result &&
	       (id = getopt_long(argc, argv, spelled.letters, spelled.longopts, NULL)) != -1)
		result = take_option(call, id, argv);
	call->argv = argv + optind;
	call->argc = argc - optind;
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
