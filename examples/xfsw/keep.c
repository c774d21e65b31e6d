/* SPDX-License-Identifier: MIT */
/* The options that say what a copy keeps, and the report of what it could not. */
#include <string.h>
#include "xfsw/keep.h"

void keep_init(struct xfsw_keep *keep, const struct xfsw_call *call)
{
	static const struct {
		int option;
		uint32_t kinds;
	} options[] = {
		{ XFSW_OPT_NO_OWNER, 1u << KEEP_OWNER },
		{ XFSW_OPT_NO_MODE, 1u << KEEP_MODE },
		{ XFSW_OPT_NO_TIMES, 1u << KEEP_TIMES },
		{ XFSW_OPT_NO_XATTRS, 1u << KEEP_XATTRS },
		{ XFSW_OPT_NO_ACLS, 1u << KEEP_ACLS },
		{ XFSW_OPT_NO_FFLAGS, 1u << KEEP_FLAGS | 1u << KEEP_PROJECT | 1u << KEEP_HINTS },
	};

	mode_t mask = umask(0);

	umask(mask);
	memset(keep, 0, sizeof(*keep));
	keep->umask = (uint32_t)mask;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (xfsw_has(call, options[i].option))
			keep->not |= options[i].kinds;
}

bool keep_wants(const struct xfsw_keep *keep, enum keep_kind kind)
{
	return !(keep->not & 1u << kind);
}

enum keep_kind keep_xattr_kind(const char *name)
{
	return strncmp(name, "system.posix_acl_", strlen("system.posix_acl_")) == 0 ? KEEP_ACLS
										    : KEEP_XATTRS;
}

uint32_t keep_mode(const struct xfsw_keep *keep, uint32_t mode)
{
	/* The mode of a link means nothing, and is 777 everywhere. */
	if (keep_wants(keep, KEEP_MODE) || S_ISLNK(mode))
		return mode;
	return mode & ~(07000u | keep->umask);
}

void keep_lost(struct xfsw_keep *keep, enum keep_kind kind, int error)
{
	if (!keep->lost[kind]++)
		keep->why[kind] = error;
}

bool keep_report(const struct xfsw_keep *keep, const struct xfsw_call *call)
{
	static const char *const what[KEEP_KINDS] = {
		"owners", "modes", "times", "extended attributes", "ACLs", "sets of inode flags",
		"project ids", "extent-size hints",
	};
	bool any = false;

	for (unsigned int kind = 0; kind < KEEP_KINDS; kind++) {
		if (!keep->lost[kind])
			continue;
		any = true;
		xfsw_complain(call, NULL, "%ju %s could not be kept: %s",
			      (uintmax_t)keep->lost[kind], what[kind], strerror(-keep->why[kind]));
	}
	return any;
}

const struct xfsw_option keep_options[] = {
	{ XFSW_OPT_NO_OWNER, "no-same-owner", NULL, "files belong to whoever makes the copy" },
	{ XFSW_OPT_NO_MODE, "no-same-permissions", NULL,
	  "modes without set-id and sticky bits, and less the umask" },
	{ XFSW_OPT_NO_TIMES, "no-times", NULL, "do not copy atime and mtime" },
	{ XFSW_OPT_NO_XATTRS, "no-xattrs", NULL,
	  "do not copy extended attributes other than ACLs" },
	{ XFSW_OPT_NO_ACLS, "no-acls", NULL, "do not copy ACLs" },
	{ XFSW_OPT_NO_FFLAGS, "no-fflags", NULL,
	  "do not copy inode flags, project ids and extent size hints" },
	XFSW_OPTIONS_END
};
