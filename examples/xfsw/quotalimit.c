/* SPDX-License-Identifier: MIT */
/* xfsw quota limit */
#include <stdlib.h>
#include <string.h>
#include "xfsw/quota.h"

bool xfsw_quota_id(struct xfsw_call *call, uint32_t type, const char *text, uint32_t *id)
{
	struct xfsw_owners owners = { .tree = NULL };
	uint64_t value;
	bool found;

	*id = 0;
	if (!strcmp(text, "default"))
		return true;
	/* Limits of an id that no inode can have are no error. */
	found = xfsw_parse_u64(text, UINT32_MAX, &value);
	if (found) {
		*id = (uint32_t)value;
		return true;
	}
	if (type != XFS_QUOTA_PROJECT) {
		owners_use_image(&owners, call->img->mp);
		found = owners_find(&owners, text, type == XFS_QUOTA_GROUP, id);
		owners_free(&owners);
	}
	if (!found)
		xfsw_usage(call, "'%s' is not a %s", text,
			   type == XFS_QUOTA_PROJECT ? "project id" : "id or name that is known");
	return found;
}

/* A number of seconds, or of m(inutes), h(ours), d(ays), w(eeks). */
static bool parse_duration(const char *text, uint32_t *seconds)
{
	static const struct {
		char letter;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t digits = strspn(text, "0123456789");
	uint64_t value, unit = 1;
	char number[16];

	if (!digits || digits >= sizeof(number) || strlen(text) > digits + 1)
		return false;
	if (text[digits]) {
		unit = 0;
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (units[i].letter == text[digits])
				unit = units[i].seconds;
	}
	memcpy(number, text, digits);
	number[digits] = 0;
	if (!unit || !xfsw_parse_u64(number, UINT32_MAX, &value) || value * unit > UINT32_MAX)
		return false;
	*seconds = (uint32_t)(value * unit);
	return true;
}

static bool duration_option(const struct xfsw_call *call, int opt, uint32_t bit, uint32_t *seconds,
			    uint32_t *valid)
{
	const char *text = xfsw_arg(call, opt);

	if (!text)
		return true;
	*valid |= bit;
	if (parse_duration(text, seconds))
		return true;
	xfsw_usage(call, "'%s' is not a period of time", text);
	return false;
}

static bool time_option(const struct xfsw_call *call, int opt, uint32_t bit, int64_t *seconds,
			uint32_t *valid)
{
	const char *text = xfsw_arg(call, opt);
	struct xfs_timespec ts;

	if (!text)
		return true;
	*valid |= bit;
	if (!xfsw_parse_time(text, &ts)) {
		xfsw_usage(call, "'%s' is not a time", text);
		return false;
	}
	*seconds = ts.tv_sec;
	return true;
}

static bool read_limits(struct xfsw_call *call, struct xfs_quota_limits *limits)
{
	const struct {
		int opt;
		uint32_t bit;
		uint64_t *value;
		bool size;
	} values[] = {
		{ QUOTA_OPT_BLOCK_SOFT, XFS_QUOTA_SPACE_SOFT, &limits->space_soft, true },
		{ QUOTA_OPT_BLOCK_HARD, XFS_QUOTA_SPACE_HARD, &limits->space_hard, true },
		{ QUOTA_OPT_INODE_SOFT, XFS_QUOTA_INODES_SOFT, &limits->inodes_soft, false },
		{ QUOTA_OPT_INODE_HARD, XFS_QUOTA_INODES_HARD, &limits->inodes_hard, false },
	};
	uint32_t *valid = &limits->valid;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!xfsw_has(call, values[i].opt))
			continue;
		*valid |= values[i].bit;
		if (values[i].size ? !xfsw_size_option(call, values[i].opt, values[i].value)
				   : !xfsw_number_option(call, values[i].opt, INT64_MAX, values[i].value))
			return false;
	}
	return duration_option(call, QUOTA_OPT_GRACE, XFS_QUOTA_SPACE_GRACE, &limits->space_grace, valid) &&
	       duration_option(call, QUOTA_OPT_GRACE, XFS_QUOTA_INODES_GRACE, &limits->inodes_grace, valid) &&
	       duration_option(call, QUOTA_OPT_BLOCK_GRACE, XFS_QUOTA_SPACE_GRACE, &limits->space_grace,
			       valid) &&
	       duration_option(call, QUOTA_OPT_INODE_GRACE, XFS_QUOTA_INODES_GRACE, &limits->inodes_grace,
			       valid) &&
	       time_option(call, QUOTA_OPT_BLOCK_EXPIRES, XFS_QUOTA_SPACE_EXPIRES, &limits->space_expires,
			   valid) &&
	       time_option(call, QUOTA_OPT_INODE_EXPIRES, XFS_QUOTA_INODES_EXPIRES,
			   &limits->inodes_expires, valid);
}

static int run_limit(struct xfsw_call *call)
{
	struct xfs_quota_limits limits = { .size = sizeof(limits) };
	uint32_t type = xfsw_quota_type(call, call->argv[0]), id;
	int error;

	if (!type || !xfsw_quota_id(call, type, call->argv[1], &id) || !read_limits(call, &limits))
		return XFSW_USAGE;
	if (!limits.valid)
		return xfsw_usage(call, "nothing to set: give a limit or a period");
	if (!id && limits.valid & (XFS_QUOTA_SPACE_EXPIRES | XFS_QUOTA_INODES_EXPIRES))
		return xfsw_usage(call,
				  "'default' has no expiry time: only an id can be over a limit");
	if (id && limits.valid & (XFS_QUOTA_SPACE_GRACE | XFS_QUOTA_INODES_GRACE))
		return xfsw_usage(call,
				  "grace periods belong to the quota type: set them for 'default'");
	error = xfs_quota_set(call->img->mp, type, id, &limits);
	return error ? xfsw_fail(call, call->argv[1], error) : XFSW_OK;
}

static const struct xfsw_option quota_limit_options[] = {
	{ QUOTA_OPT_BLOCK_SOFT, "block-soft", "BYTES",
	  "soft limit of space, rounded up to blocks" },
	{ QUOTA_OPT_BLOCK_HARD, "block-hard", "BYTES",
	  "hard limit of space, rounded up to blocks" },
	{ QUOTA_OPT_INODE_SOFT, "inode-soft", "N", "soft limit of inodes" },
	{ QUOTA_OPT_INODE_HARD, "inode-hard", "N", "hard limit of inodes" },
	{ 0, NULL, NULL, "Of 'default' only:" },
	{ QUOTA_OPT_GRACE, "grace", "TIME",
	  "grace period of space and inodes: seconds, or a number with s, m, h, d or w" },
	{ QUOTA_OPT_BLOCK_GRACE, "block-grace", "TIME", "grace period of space" },
	{ QUOTA_OPT_INODE_GRACE, "inode-grace", "TIME", "grace period of inodes" },
	{ 0, NULL, NULL, "Of an id that is over a soft limit:" },
	{ QUOTA_OPT_BLOCK_EXPIRES, "block-expires", "TIME",
	  "when its grace period for space ends: @SECONDS, a date as for touch, or now" },
	{ QUOTA_OPT_INODE_EXPIRES, "inode-expires", "TIME",
	  "when its grace period for inodes ends" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_limit = {
	.name = "quota limit",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[OPTIONS] IMG user|group|project ID",
	.summary = "Set limits of one id, or defaults and grace periods",
	.help = "ID is a number, a name (see 'xfsw quota get --help'), or 'default': the limits "
		"of all ids without limits of their own, and the grace periods of soft limits. "
		"Limits that are not given are kept; 0 removes a limit.\n",
	.examples = "xfsw quota on disk.img && xfsw quota limit --block-soft 9g --block-hard "
		"10g disk.img user 1000\n"
		"xfsw quota on disk.img && xfsw quota limit --grace 7d disk.img user default\n",
	.options = quota_limit_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_JSON,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_limit,
};
