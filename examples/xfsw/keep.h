/* SPDX-License-Identifier: MIT */
/*
 * Which attributes a copy carries over, in either direction, and what became of those that could
 * not be: each is tried on its own, and told of once per kind.
 */
#ifndef XFSW_KEEP_H
#define XFSW_KEEP_H

#include "xfsw/xfsw.h"

enum keep_kind {
	KEEP_OWNER,
	KEEP_MODE,
	KEEP_TIMES,
	KEEP_XATTRS,
	KEEP_ACLS,
	KEEP_FLAGS,	/* immutable, append-only, nodump ... */
	KEEP_PROJECT,
	KEEP_HINTS,	/* extent sizes */
	KEEP_KINDS,
};

struct xfsw_keep {
	uint32_t not;			/* 1 << keep_kind: not wanted */
	uint32_t umask;
	uint64_t lost[KEEP_KINDS];	/* objects, or attributes of KEEP_XATTRS and KEEP_ACLS */
	int why[KEEP_KINDS];		/* the first reason of each, -errno */
};

enum {
	XFSW_OPT_NO_OWNER = XFSW_OPT_VERB + 128,
	XFSW_OPT_NO_MODE,
	XFSW_OPT_NO_TIMES,
	XFSW_OPT_NO_XATTRS,
	XFSW_OPT_NO_ACLS,
	XFSW_OPT_NO_FFLAGS,
};
extern const struct xfsw_option keep_options[];

/* Reads those options. */
void keep_init(struct xfsw_keep *keep, const struct xfsw_call *call);
bool keep_wants(const struct xfsw_keep *keep, enum keep_kind kind);
/* The kind of attribute @name, as its full name says. */
enum keep_kind keep_xattr_kind(const char *name);
/* @mode as it shall be on the copy, with its type bits. */
uint32_t keep_mode(const struct xfsw_keep *keep, uint32_t mode);
/* @kind of one object could not be kept; @error: why. */
void keep_lost(struct xfsw_keep *keep, enum keep_kind kind, int error);
/* One line for each kind that something was lost of.  True: something was. */
bool keep_report(const struct xfsw_keep *keep, const struct xfsw_call *call);

#endif
