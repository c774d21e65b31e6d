/* SPDX-License-Identifier: MIT */
/* xfsw quota on, off, check, state */
#include <stdio.h>
#include <string.h>
#include "xfsw/quota.h"

const char *const xfsw_quota_names[XFSW_NQUOTAS] = { "user", "group", "project" };

uint32_t xfsw_quota_types(const struct xfsw_call *call, uint32_t none)
{
	uint32_t types = (xfsw_has(call, 'u') ? XFS_QUOTA_USER : 0) |
			 (xfsw_has(call, 'g') ? XFS_QUOTA_GROUP : 0) |
			 (xfsw_has(call, 'p') ? XFS_QUOTA_PROJECT : 0);

	return types ? types : none;
}

uint32_t xfsw_quota_type(struct xfsw_call *call, const char *text)
{
	for (uint32_t t = 0; t < XFSW_NQUOTAS; t++)
		if (!strcmp(text, xfsw_quota_names[t]))
			return 1u << t;
	xfsw_usage(call, "'%s' is not user, group or project", text);
	return 0;
}

#define ALL_TYPES	(XFS_QUOTA_USER | XFS_QUOTA_GROUP | XFS_QUOTA_PROJECT)

/* ---- what is on ---------------------------------------------------------------------------- */

static void json_type(struct xfsw_json *json, uint32_t t, const struct xfs_quota_state *state,
		      const struct xfs_quota_type_info *info)
{
	json_open(json, xfsw_quota_names[t], '{');
	json_bool(json, "accounted", state->accounted >> t & 1);
	json_bool(json, "enforced", state->enforced >> t & 1);
	json_bool(json, "exact", state->exact >> t & 1);
	if (info->ino) {
		json_u64(json, "inode", info->ino);
		json_u64(json, "default_block_soft", info->space_soft);
		json_u64(json, "default_block_hard", info->space_hard);
		json_u64(json, "default_inode_soft", info->inodes_soft);
		json_u64(json, "default_inode_hard", info->inodes_hard);
		json_u64(json, "block_grace", info->space_grace);
		json_u64(json, "inode_grace", info->inodes_grace);
	}
	json_close(json, '}');
}

static void print_type(uint32_t t, const struct xfs_quota_state *state, const struct xfs_quota_type_info *info)
{
	printf("%-8s %s", xfsw_quota_names[t],
	       !(state->accounted >> t & 1) ? "off"
	       : !(state->enforced >> t & 1) ? "accounted" : "accounted, enforced");
	if (state->accounted >> t & 1)
		fputs(state->exact >> t & 1 ? ", exact" : ", not counted", stdout);
	if (!info->ino) {
		putchar('\n');
		return;
	}
	printf("; inode %llu\n", (unsigned long long)info->ino);
	printf("         defaults: %llu/%llu bytes, %llu/%llu inodes (soft/hard); grace: %u s, %u s\n",
	       (unsigned long long)info->space_soft, (unsigned long long)info->space_hard,
	       (unsigned long long)info->inodes_soft, (unsigned long long)info->inodes_hard,
	       info->space_grace, info->inodes_grace);
}

int xfsw_quota_tell_state(struct xfsw_call *call, struct xfsw_json *json)
{
	struct xfs_quota_state state = XFS_QUOTA_STATE_INIT;
	const struct xfs_quota_type_info *const infos[] = { &state.user, &state.group, &state.project };
	int error = xfs_quota_state(call->img->mp, &state);

	if (error)
		return xfsw_fail(call, NULL, error);
	for (uint32_t t = 0; t < XFSW_NQUOTAS; t++) {
		if (json)
			json_type(json, t, &state, infos[t]);
		else
			print_type(t, &state, infos[t]);
	}
	return XFSW_OK;
}

static int run_state(struct xfsw_call *call)
{
	struct xfsw_json json = { .out = stdout };
	int code, finished;

	if (xfsw_has(call, XFSW_OPT_JSON)) {
		json_open(&json, NULL, '{');
		code = xfsw_quota_tell_state(call, &json);
		json_finish(&json, call, '}');
	} else {
		code = xfsw_quota_tell_state(call, NULL);
	}
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

const struct xfsw_verb verb_quota_state = {
	.name = "quota state",
	.group = XFSW_GROUP_QUOTA,
	.operands = "IMG",
	.summary = "Print which quota is on, default limits and grace periods",
	.help = "A type is accounted, enforced, and exact if its counts are known to be right.\n",
	.examples = "xfsw quota state disk.img\n",
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.run = run_state,
};

/* Those that change something tell the state with --json only. */
static int done(struct xfsw_call *call, int error)
{
	if (error)
		return xfsw_fail(call, NULL, error);
	return xfsw_has(call, XFSW_OPT_JSON) ? run_state(call) : XFSW_OK;
}

/* ---- changing it ------------------------------------------------------------------------------ */

static int run_on(struct xfsw_call *call)
{
	struct xfs_quota_on_options opts = { .size = sizeof(opts) };

	if (xfsw_has(call, QUOTA_OPT_ENFORCE) && xfsw_has(call, QUOTA_OPT_NO_ENFORCE))
		return xfsw_usage(call, "--enforce and --no-enforce exclude each other");
	opts.types = xfsw_quota_types(call, ALL_TYPES);
	if (!xfsw_has(call, QUOTA_OPT_NO_ENFORCE))
		opts.enforce = opts.types;
	if (xfsw_has(call, QUOTA_OPT_RECOUNT))
		opts.flags |= XFS_QUOTA_ON_RECOUNT;
	return done(call, xfs_quota_on(call->img->mp, &opts));
}

static const struct xfsw_option quota_on_options[] = {
	{ 'u', NULL, NULL, "user quota" },
	{ 'g', NULL, NULL, "group quota" },
	{ 'p', NULL, NULL, "project quota" },
	{ QUOTA_OPT_ENFORCE, "enforce", NULL, "enforce limits, which is the default" },
	{ QUOTA_OPT_NO_ENFORCE, "no-enforce", NULL, "count usage only" },
	{ QUOTA_OPT_RECOUNT, "recount", NULL, "count again even if the counts are exact" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_on = {
	.name = "quota on",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[-u] [-g] [-p] [--no-enforce] [--recount] IMG",
	.summary = "Turn quota on and count what every id uses",
	.help = "Without -u, -g and -p all three types are turned on. A kernel keeps quota on "
		"when it mounts the image with uquota, gquota, pquota or the like; a mount "
		"without these options turns it off.\n",
	.examples = "xfsw quota on -u -g disk.img\n",
	.options = quota_on_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.run = run_on,
};

static int run_off(struct xfsw_call *call)
{
	uint32_t flags = xfsw_has(call, QUOTA_OPT_LIMITS_ONLY) ? XFS_QUOTA_OFF_LIMITS : 0;

	return done(call, xfs_quota_off(call->img->mp, xfsw_quota_types(call, ALL_TYPES), flags));
}

static const struct xfsw_option quota_off_options[] = {
	{ 'u', NULL, NULL, "user quota" },
	{ 'g', NULL, NULL, "group quota" },
	{ 'p', NULL, NULL, "project quota" },
	{ QUOTA_OPT_LIMITS_ONLY, "limits-only", NULL, "stop enforcing limits, go on counting" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_off = {
	.name = "quota off",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[-u] [-g] [-p] [--limits-only] IMG",
	.summary = "Turn quota off; limits are kept",
	.help = "Without -u, -g and -p all three types are turned off.\n",
	.examples = "xfsw quota off -p disk.img\n",
	.options = quota_off_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_JSON,
	.run = run_off,
};

static int run_check(struct xfsw_call *call)
{
	return done(call, xfs_quota_check(call->img->mp, xfsw_quota_types(call, 0)));
}

static const struct xfsw_option quota_check_options[] = {
	{ 'u', NULL, NULL, "user quota" },
	{ 'g', NULL, NULL, "group quota" },
	{ 'p', NULL, NULL, "project quota" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_check = {
	.name = "quota check",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[-u] [-g] [-p] IMG",
	.summary = "Count again what every id uses (quotacheck)",
	.help = "Without -u, -g and -p all types that are on are counted. Counts and timers "
		"become exact, damaged records are replaced, limits are kept. 'xfsw check' "
		"reports differences and changes nothing.\n",
	.examples = "xfsw quota on disk.img && xfsw quota check disk.img\n",
	.options = quota_check_options,
	.open = XFSW_OPEN_WRITE,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.run = run_check,
};
