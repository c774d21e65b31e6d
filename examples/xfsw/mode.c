/* SPDX-License-Identifier: MIT */
/* Modes as chmod(1) takes them: octal, or changes in letters. */
#include <string.h>
#include "xfsw/xfsw.h"

#define SET_IDS	06000u

/* The bits that the letters of @text before the operator may change; past them afterwards. */
static uint32_t take_who(const char **text)
{
	uint32_t who = 0;

	for (;; (*text)++) {
		if (**text == 'u')
			who |= 04700;
		else if (**text == 'g')
			who |= 02070;
		else if (**text == 'o')
			who |= 01007;
		else if (**text == 'a')
			who |= 07777;
		else
			break;
	}
	return who ? who : 07777;
}

/* What a letter means on an object of @mode; 0 may be X, *@known tells. */
static uint32_t bits_of(char letter, uint32_t mode, bool *known)
{
	*known = true;
	switch (letter) {
	case 'r':
		return 0444;
	case 'w':
		return 0222;
	case 'x':
		return 0111;
	case 'X':
		return S_ISDIR(mode) || mode & 0111 ? 0111 : 0;
	case 's':
		return SET_IDS;
	case 't':
		return 01000;
	case 'u':
		return (mode >> 6 & 7) * 0111;
	case 'g':
		return (mode >> 3 & 7) * 0111;
	case 'o':
		return (mode & 7) * 0111;
	default:
		*known = false;
		return 0;
	}
}

/* One operator and the letters after it. */
static void take_action(const char **text, uint32_t who, uint32_t *mode)
{
	char operator = *(*text)++;
	uint32_t bits = 0, clear = who;
	bool known, set_ids = false;

	for (;; (*text)++) {
		uint32_t more = bits_of(**text, *mode, &known);

		if (!known)
			break;
		bits |= more;
		set_ids |= **text == 's';
	}
	bits &= who;
	/* The set-id bits of a directory go only when they are named. */
	if (S_ISDIR(*mode) && !set_ids)
		clear &= ~SET_IDS;
	if (operator == '+')
		*mode |= bits;
	else if (operator == '-')
		*mode &= ~bits;
	else
		*mode = (*mode & ~clear) | bits;
}

bool xfsw_change_mode(const char *text, uint32_t *mode)
{
	uint32_t octal;

	if (xfsw_parse_mode(text, &octal)) {
		*mode = (*mode & S_IFMT) | octal;
		return true;
	}
	do {
		uint32_t who = take_who(&text);

		if (!*text || !strchr("+-=", *text))
			return false;
		while (*text && strchr("+-=", *text))
			take_action(&text, who, mode);
	} while (*text == ',' && *++text);
	return !*text && text[-1] != ',';
}

bool xfsw_mode_option(const struct xfsw_call *call, uint32_t *mode)
{
	const char *text = xfsw_arg(call, 'm');

	if (!text || xfsw_change_mode(text, mode))
		return true;
	xfsw_usage(call, "'%s' is not a mode", text);
	return false;
}
