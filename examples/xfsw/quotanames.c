/* SPDX-License-Identifier: MIT */
/* Names of the ids of quota: from the image's files, and the host's. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include "xfsw/quota.h"

bool xfsw_quota_names_option(struct xfsw_call *call, bool *image, bool *host)
{
	const char *where = xfsw_arg(call, QUOTA_OPT_NAMES);

	*host = where && !strcmp(where, "host");
	*image = *host || (where && !strcmp(where, "image"));
	if (!where || *image || !strcmp(where, "none"))
		return true;
	xfsw_usage(call, "--names is image, host or none, not '%s'", where);
	return false;
}

/* "name:id" of projects, "name:password:id:..." of the others; false: no such line. */
static bool parse_line(char *line, bool project, struct xfsw_quota_name *name)
{
	char *field = strchr(line, ':'), *stop;
	uint64_t value;

	if (!field || field == line)
		return false;
	*field++ = 0;
	if (!project)
		field = strchr(field, ':');
	if (!field)
		return false;
	field += !project;
	stop = field + strcspn(field, ":");
	*stop = 0;
	if (!xfsw_parse_u64(field, UINT32_MAX, &value))
		return false;
	*name = (struct xfsw_quota_name){ (uint32_t)value, line };
	return true;
}

static int by_id(const void *a, const void *b)
{
	const struct xfsw_quota_name *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

bool xfsw_quota_names_load(struct xfsw_quota_names *names, struct xfs_mount *mp, uint32_t type,
			   bool image, bool host)
{
	static const char *const files[XFSW_NQUOTAS] = { "/etc/passwd", "/etc/group", "/etc/projid" };
	uint32_t t = type == XFS_QUOTA_USER ? 0 : type == XFS_QUOTA_GROUP ? 1 : 2;
	size_t lines = 1;
	char *next;

	*names = (struct xfsw_quota_names){ .host = host };
	if (!image)
		return true;
	names->text = owners_read_image_file(mp, files[t]);
	if (!names->text)
		return true;
	for (const char *s = names->text; *s; s++)
		lines += *s == '\n';
	names->v = calloc(lines, sizeof(*names->v));
	if (!names->v)
		return false;
	for (char *line = names->text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (parse_line(line, t == 2, &names->v[names->n]))
			names->n++;
	}
	qsort(names->v, names->n, sizeof(*names->v), by_id);
	return true;
}

void xfsw_quota_names_free(struct xfsw_quota_names *names)
{
	free(names->v);
	free(names->text);
	*names = (struct xfsw_quota_names){ .n = 0 };
}

const char *xfsw_quota_name(const struct xfsw_quota_names *names, uint32_t type, uint32_t id)
{
	const struct xfsw_quota_name key = { .id = id }, *found = NULL;

	if (names->n)
		found = bsearch(&key, names->v, names->n, sizeof(key), by_id);
	if (found)
		return found->name;
	if (names->host && type == XFS_QUOTA_USER) {
		const struct passwd *pw = getpwuid(id);

		return pw ? pw->pw_name : NULL;
	}
	if (names->host && type == XFS_QUOTA_GROUP) {
		const struct group *gr = getgrgid(id);

		return gr ? gr->gr_name : NULL;
	}
	return NULL;
}

const struct xfsw_option quota_names_options[] = {
	{ QUOTA_OPT_NAMES, "names", "image|host|none",
	  "print names too: from /etc/passwd, /etc/group and /etc/projid of the image, of the "
	  "image and then the host, or none (default)" },
	XFSW_OPTIONS_END
};
