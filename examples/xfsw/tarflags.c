/* SPDX-License-Identifier: MIT */
/*
 * The names that archives have for inode flags, as chflags(1) writes them; libarchive hands them on
 * as text.  On Linux it uses the same names, and some more for what chattr(1) knows.
 */
#include <string.h>
#include "xfsw/sink.h"

#ifdef HAVE_LIBARCHIVE

#include "xfsw/tar.h"

static const struct {
	const char *name;
	uint32_t xflag;		/* 0: XFS does not have it */
} names[] = {
	{ "schg", XFS_XFLAG_IMMUTABLE },	{ "schange", XFS_XFLAG_IMMUTABLE },
	{ "simmutable", XFS_XFLAG_IMMUTABLE },	{ "uchg", XFS_XFLAG_IMMUTABLE },
	{ "uchange", XFS_XFLAG_IMMUTABLE },	{ "uimmutable", XFS_XFLAG_IMMUTABLE },
	{ "immutable", XFS_XFLAG_IMMUTABLE },	{ "sappnd", XFS_XFLAG_APPEND },
	{ "sappend", XFS_XFLAG_APPEND },	{ "uappnd", XFS_XFLAG_APPEND },
	{ "uappend", XFS_XFLAG_APPEND },	{ "append", XFS_XFLAG_APPEND },
	{ "nodump", XFS_XFLAG_NODUMP },		{ "noatime", XFS_XFLAG_NOATIME },
	{ "sync", XFS_XFLAG_SYNC },		{ "projinherit", XFS_XFLAG_PROJINHERIT },
	{ "nocow", 0 },				{ "notail", 0 },
};

static uint32_t flag_of(const char *name, size_t len, bool *foreign)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != len || memcmp(names[i].name, name, len) != 0)
			continue;
		*foreign |= !names[i].xflag;
		return names[i].xflag;
	}
	/* One that is told to be off, as "nouchg", asks for nothing. */
	if (!(len > 2 && memcmp(name, "no", 2) == 0) && !(len == 4 && memcmp(name, "dump", 4) == 0))
		*foreign = true;
	return 0;
}

void tar_flags(const char *text, struct host_flags *flags)
{
	memset(flags, 0, sizeof(*flags));
	while (text && *text) {
		size_t len = strcspn(text, ", \t");

		if (len)
			flags->xflags |= flag_of(text, len, &flags->foreign);
		text += len + strspn(text + len, ", \t");
	}
	flags->known = flags->xflags != 0;
}

#endif
