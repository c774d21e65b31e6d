/* SPDX-License-Identifier: MIT */
/* Words and letters of inode flags; see xflags.h.  Letters as chattr(1) has them, or else xfs_io. */
#include <string.h>
#include "xfsw/xflags.h"

/* Extent-size flags go with their size, and where data lies is decided when it is allocated. */
const struct xfsw_xflag xfsw_xflags[XFSW_NXFLAGS] = {
	{ XFS_XFLAG_REALTIME, 'r', false, false, "realtime" },
	{ XFS_XFLAG_PREALLOC, 'p', false, false, "prealloc" },
	{ XFS_XFLAG_IMMUTABLE, 'i', true, false, "immutable" },
	{ XFS_XFLAG_APPEND, 'a', true, false, "append" },
	{ XFS_XFLAG_SYNC, 'S', true, false, "sync" },
	{ XFS_XFLAG_NOATIME, 'A', true, false, "noatime" },
	{ XFS_XFLAG_NODUMP, 'd', true, false, "nodump" },
	{ XFS_XFLAG_RTINHERIT, 't', true, true, "rtinherit" },
	{ XFS_XFLAG_PROJINHERIT, 'P', true, true, "projinherit" },
	{ XFS_XFLAG_NOSYMLINKS, 'n', true, true, "nosymlinks" },
	{ XFS_XFLAG_EXTSIZE, 'e', false, false, "extsize" },
	{ XFS_XFLAG_EXTSZINHERIT, 'E', false, true, "extszinherit" },
	{ XFS_XFLAG_NODEFRAG, 'f', true, false, "nodefrag" },
	{ XFS_XFLAG_FILESTREAM, 'F', true, false, "filestream" },
	{ XFS_XFLAG_DAX, 'x', true, false, "dax" },
	{ XFS_XFLAG_COWEXTSIZE, 'C', false, false, "cowextsize" },
	{ XFS_XFLAG_HASATTR, 'X', false, false, "hasattr" },
};

void xflags_json(struct xfsw_json *j, const char *key, uint32_t mask)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		if (mask & xfsw_xflags[i].bit)
			json_str(j, NULL, xfsw_xflags[i].name);
	json_close(j, ']');
}

static uint32_t of_word(const char *word, size_t len)
{
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		if (strlen(xfsw_xflags[i].name) == len && !memcmp(xfsw_xflags[i].name, word, len))
			return xfsw_xflags[i].bit;
	return 0;
}

static uint32_t of_letter(char letter)
{
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		if (xfsw_xflags[i].letter == letter)
			return xfsw_xflags[i].bit;
	return 0;
}

/* The same for one part, without commas. */
static bool parse_part(const char *part, size_t len, uint32_t *mask)
{
	uint32_t bits = of_word(part, len);

	for (size_t i = 0; !of_word(part, len) && i < len; i++) {
		uint32_t bit = of_letter(part[i]);

		if (!bit)
			return false;
		bits |= bit;
	}
	*mask |= bits;
	return true;
}

const char *xflags_parse(const char *text, uint32_t *mask, size_t *len)
{
	*mask = 0;
	while (*text) {
		*len = strcspn(text, ",");
		if (*len == 0 || !parse_part(text, *len, mask))
			return text;
		text += *len + (text[*len] == ',');
	}
	return NULL;
}
