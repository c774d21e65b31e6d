/* SPDX-License-Identifier: MIT */
/* Vectors of quota: places of records, records, room that operations need. */
#include "core/mount.h"
#include "disk/dquot.h"
#include "format/format.h"
#include "quota/quota.h"

static void quota_place(struct format *f, unsigned int n, char **arg)
{
	uint32_t per_block = xfs_dquots_per_block(&f->geo);
	uint32_t id = (uint32_t)format_number(f, arg[0]);

	(void)n;
	format_say(f, "%u block %u byte %u", per_block, id / per_block,
		   id % per_block * (unsigned int)sizeof(struct xfs_dqblk));
}

static uint8_t type_of(struct format *f, const char *name)
{
	static const struct {
		const char *name;
		uint8_t type;
	} types[] = {
		{"user", XFS_DQTYPE_USER},
		{"project", XFS_DQTYPE_PROJ},
		{"group", XFS_DQTYPE_GROUP},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	format_say(f, "(there is no type %s) ", name);
	return 0;
}

static void quota_changed(struct format *f, unsigned int n, char **arg)
{
	struct xfs_dqblk copy;

	memcpy(&copy, f->object, sizeof(copy));
	for (unsigned int i = 2; i + 1 < n; i += 2) {
		size_t off = format_size(f, arg[i]);

		if (off < sizeof(copy))
			format_bytes(f, arg[i + 1], (uint8_t *)&copy + off, sizeof(copy) - off);
	}
	format_say_verdict(f, xfs_dquot_verify(&f->geo, &copy.dd_diskdq, type_of(f, arg[0]),
					       (uint32_t)format_number(f, arg[1])));
}

static void quota_record(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	quota_changed(f, 2, arg);
}

/* Room that an operation needs below its owner's limits. */
static void quota_need(struct format *f, unsigned int n, char **arg)
{
	static struct xfs_mount mp;
	const char *op = arg[0];
	uint32_t a = n > 1 && strcmp(arg[1], "over") ? (uint32_t)format_number(f, arg[1]) : 0;
	uint32_t b = n > 2 ? (uint32_t)format_number(f, arg[2]) : 0;

	mp.m_geo = f->geo;
	if (strcmp(op, "create") == 0)
		format_say(f, "%u", xfs_quota_worst_create(&mp, 0));
	else if (strcmp(op, "symlink") == 0)
		format_say(f, "%u", xfs_quota_worst_create(&mp, a));
	else if (strcmp(op, "link") == 0)
		format_say(f, "%u", xfs_quota_worst_link(&mp));
	else if (strcmp(op, "rename") == 0)
		format_say(f, "%u", xfs_quota_worst_rename(&mp, n > 1));
	else if (strcmp(op, "setxattr") == 0)
		format_say(f, "%u", xfs_quota_worst_attr_set(&mp, a, b));
	else if (strcmp(op, "removexattr") == 0)
		format_say(f, "%u", xfs_quota_worst_attr_remove(&mp));
	else if (strcmp(op, "fallocate") == 0)
		format_say(f, "%llu", (unsigned long long)xfs_quota_worst_alloc(&mp, a));
	else
		format_say(f, "(there is no operation %s) ", op);
}

const struct format_function format_quota[] = {
	{"quota_place", 1, quota_place},
	{"quota_record", 2, quota_record},
	{"quota_changed", 4, quota_changed},
	{"quota_need", 1, quota_need},
	{NULL, 0, NULL},
};
