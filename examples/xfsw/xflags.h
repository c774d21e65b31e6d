/* SPDX-License-Identifier: MIT */
/* The inode flags that users see: a word and a letter for each. */
#ifndef XFSW_XFLAGS_H
#define XFSW_XFLAGS_H

#include "xfsw/xfsw.h"

struct xfsw_xflag {
	uint32_t bit;		/* XFS_XFLAG_* */
	char letter;
	bool settable;		/* by chattr; the others follow from something else */
	bool dir_only;
	const char *name;
};

#define XFSW_NXFLAGS	17u
extern const struct xfsw_xflag xfsw_xflags[XFSW_NXFLAGS];

/* The flags of @mask as an array of words under @key. */
void xflags_json(struct xfsw_json *j, const char *key, uint32_t mask);
/*
 * Letters ("iA") or words with commas ("immutable,noatime").  NULL, or what no flag is known by:
 * a part of @text, *@len bytes.
 */
const char *xflags_parse(const char *text, uint32_t *mask, size_t *len);

#endif
