/* SPDX-License-Identifier: MIT */
/* Version and features of this build of the library. */
#include <xfswrite/version.h>
#include "api/api_priv.h"

const char *xfs_library_version(void)
{
	return XFSWRITE_VERSION;
}

static const char *const features[] = {
#ifdef XFSWRITE_THREADS
	"threads",
#endif
#ifdef HAVE_LIBBLKID
	"blkid",
#endif
#ifdef XFSWRITE_DEBUG
	"debug",
#endif
	NULL,
};

bool xfs_library_has(const char *feature)
{
	for (const char *const *f = features; feature && *f; f++) {
		if (!strcmp(*f, feature))
			return true;
	}
	return false;
}
