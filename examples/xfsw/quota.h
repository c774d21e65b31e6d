/* SPDX-License-Identifier: MIT */
/* What the files of xfsw quota share. */
#ifndef XFSW_QUOTA_H
#define XFSW_QUOTA_H

#include <xfswrite/quota.h>
#include "xfsw/owners.h"

#define XFSW_NQUOTAS	3u
/* "user", "group", "project", in the order of their bits. */
extern const char *const xfsw_quota_names[XFSW_NQUOTAS];

/* Types as -u, -g and -p say; @none without any of them. */
uint32_t xfsw_quota_types(const struct xfsw_call *call, uint32_t none);
/* The operand that names one type: its bit.  0: none, told. */
uint32_t xfsw_quota_type(struct xfsw_call *call, const char *text);
/*
 * quotalimit.c: "default", a number, or a name of the image or the host.  False: it is none, told.
 */
bool xfsw_quota_id(struct xfsw_call *call, uint32_t type, const char *text, uint32_t *id);
/* As JSON in an open document, or as text. */
int xfsw_quota_tell_state(struct xfsw_call *call, struct xfsw_json *json);

/*
 * quotaproject.c: the tree at @path is project @id's, links and special files too, and hands it down;
 * trees of other projects below are left out.  The exit code.
 */
int xfsw_quota_give_tree(struct xfsw_call *call, const char *path, uint32_t id);

/* ---- quotanames.c: names of ids ---- */

struct xfsw_quota_names {
	bool host;			/* who the image does not know is asked for there */
	char *text;			/* the file of the image, lines cut at their ends */
	struct xfsw_quota_name {
		uint32_t id;
		const char *name;
	} *v;				/* sorted */
	size_t n;
};

/* The option --names as it stands; false: it is wrong, told. */
bool xfsw_quota_names_option(struct xfsw_call *call, bool *image, bool *host);
/* False: no memory.  xfsw_quota_names_free() it, always. */
bool xfsw_quota_names_load(struct xfsw_quota_names *names, struct xfs_mount *mp, uint32_t type,
			   bool image, bool host);
void xfsw_quota_names_free(struct xfsw_quota_names *names);
/* NULL: it has none.  Good until the next call. */
const char *xfsw_quota_name(const struct xfsw_quota_names *names, uint32_t type, uint32_t id);

enum {
	QUOTA_OPT_ENFORCE = XFSW_OPT_VERB,
	QUOTA_OPT_NO_ENFORCE,
	QUOTA_OPT_RECOUNT,
	QUOTA_OPT_LIMITS_ONLY,
	QUOTA_OPT_NAMES,
	QUOTA_OPT_BLOCK_SOFT,
	QUOTA_OPT_BLOCK_HARD,
	QUOTA_OPT_INODE_SOFT,
	QUOTA_OPT_INODE_HARD,
	QUOTA_OPT_GRACE,
	QUOTA_OPT_BLOCK_GRACE,
	QUOTA_OPT_INODE_GRACE,
	QUOTA_OPT_BLOCK_EXPIRES,
	QUOTA_OPT_INODE_EXPIRES,
	QUOTA_OPT_CLEAR,
	QUOTA_OPT_CHECK,
	QUOTA_OPT_ALL,
};

extern const struct xfsw_option quota_names_options[];

#endif
