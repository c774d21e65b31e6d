/* SPDX-License-Identifier: MIT */
/* xfsw quota report, get */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/quota.h"

struct report {
	struct xfsw_call *call;
	struct xfsw_json json;		/* out NULL: text */
	struct xfsw_quota_names names;
	uint32_t type;
	bool escape;
};

static void json_kind(struct xfsw_json *json, const char *key, uint64_t used, uint64_t soft, uint64_t hard,
		      int64_t expires)
{
	json_open(json, key, '{');
	json_u64(json, "used", used);
	json_u64(json, "soft", soft);
	json_u64(json, "hard", hard);
	if (expires)
		json_i64(json, "expires", expires);
	json_close(json, '}');
}

static void tell_json(struct report *rep, const struct xfs_quota_info *info, const char *name)
{
	struct xfsw_json *json = &rep->json;

	json_u64(json, "id", info->id);
	if (name)
		json_bytes(json, "name", name, strlen(name));
	json_bool(json, "exact", info->flags & XFS_QUOTA_INFO_EXACT);
	json_kind(json, "bytes", info->space_bytes, info->space_soft, info->space_hard, info->space_expires);
	json_kind(json, "inodes", info->inodes, info->inodes_soft, info->inodes_hard, info->inodes_expires);
	if (info->rt_space_bytes | info->rt_space_soft | info->rt_space_hard)
		json_kind(json, "rt_bytes", info->rt_space_bytes, info->rt_space_soft,
			  info->rt_space_hard, info->rt_space_expires);
}

static void print_expiry(int64_t expires)
{
	const struct xfs_timespec when = { .tv_sec = expires };
	char buf[40] = "-";

	if (expires)
		xfsw_time_string(&when, false, buf);
	printf("  %-16s", buf);
}

static void print_head(const struct report *rep, bool exact)
{
	printf("%s quota%s\n%10s %14s %14s %14s  %-16s %10s %10s %10s  %s\n",
	       xfsw_quota_names[rep->type >> 1], exact ? "" : " (not exact)", "id", "bytes", "soft",
	       "hard", "grace ends", "inodes", "soft", "hard", "grace ends");
}

static void tell_text(struct report *rep, const struct xfs_quota_info *info, const char *name)
{
	printf("%10u %14llu %14llu %14llu", info->id, (unsigned long long)info->space_bytes,
	       (unsigned long long)info->space_soft, (unsigned long long)info->space_hard);
	print_expiry(info->space_expires);
	printf(" %10llu %10llu %10llu", (unsigned long long)info->inodes,
	       (unsigned long long)info->inodes_soft, (unsigned long long)info->inodes_hard);
	print_expiry(info->inodes_expires);
	if (name) {
		putchar(' ');
		xfsw_print_name(stdout, name, strlen(name), rep->escape);
	}
	putchar('\n');
}

/* All ids of rep->type; damage is told, and passed over. */
static int tell_all(struct report *rep)
{
	struct xfs_quota_info info = { .size = sizeof(info) };
	uint64_t from = 0;
	int code = XFSW_OK, ret;

	while (from <= UINT32_MAX) {
		uint64_t before = from;
		const char *name;

		ret = xfs_quota_next(rep->call->img->mp, rep->type, &from, &info);
		if (ret < 0)
			code = xfsw_fail(rep->call, xfsw_quota_names[rep->type >> 1], ret);
		if (!ret || from == before || xfsw_interrupted())
			break;
		if (ret < 0)
			continue;
		name = xfsw_quota_name(&rep->names, rep->type, info.id);
		if (rep->json.out) {
			json_open(&rep->json, NULL, '{');
			tell_json(rep, &info, name);
			json_close(&rep->json, '}');
		} else {
			tell_text(rep, &info, name);
		}
	}
	return code;
}

static int report_type(struct report *rep, const struct xfs_quota_state *state, bool image, bool host)
{
	struct xfs_mount *mp = rep->call->img->mp;
	bool exact = state->exact & rep->type;
	int code;

	if (!xfsw_quota_names_load(&rep->names, mp, rep->type, image, host))
		return xfsw_fail(rep->call, NULL, xfsw_error(-ENOMEM));
	if (rep->json.out) {
		json_open(&rep->json, xfsw_quota_names[rep->type >> 1], '{');
		json_bool(&rep->json, "exact", exact);
		json_open(&rep->json, "ids", '[');
	} else {
		print_head(rep, exact);
	}
	code = tell_all(rep);
	if (rep->json.out) {
		json_close(&rep->json, ']');
		json_close(&rep->json, '}');
	}
	xfsw_quota_names_free(&rep->names);
	return code;
}

static int run_report(struct xfsw_call *call)
{
	struct xfs_quota_state state = XFS_QUOTA_STATE_INIT;
	struct report rep = { .call = call, .escape = isatty(STDOUT_FILENO) };
	uint32_t types = xfsw_quota_types(call, 0), files;
	int code = XFSW_OK, finished;
	bool image, host;

	if (!xfsw_quota_names_option(call, &image, &host))
		return XFSW_USAGE;
	code = xfs_quota_state(call->img->mp, &state);
	if (code)
		return xfsw_fail(call, NULL, code);
	files = (state.user.ino ? XFS_QUOTA_USER : 0) | (state.group.ino ? XFS_QUOTA_GROUP : 0) |
		(state.project.ino ? XFS_QUOTA_PROJECT : 0);
	if (xfsw_has(call, XFSW_OPT_JSON)) {
		rep.json.out = stdout;
		json_open(&rep.json, NULL, '{');
	}
	for (rep.type = 1; rep.type <= XFS_QUOTA_PROJECT; rep.type *= 2) {
		int one = XFSW_OK;

		if (types & rep.type & ~files)
			one = xfsw_complain(call, xfsw_quota_names[rep.type >> 1], "quota has never been on");
		else if ((types ? types : files) & rep.type)
			one = report_type(&rep, &state, image, host);
		code = one > code ? one : code;
	}
	if (xfsw_interrupted())
		code = XFSW_INTERRUPTED;
	if (rep.json.out)
		json_finish(&rep.json, call, '}');
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

static const struct xfsw_option quota_report_options[] = {
	{ 'u', NULL, NULL, "user quota" },
	{ 'g', NULL, NULL, "group quota" },
	{ 'p', NULL, NULL, "project quota" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_quota_report = {
	.name = "quota report",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[-u] [-g] [-p] [--names WHERE] IMG",
	.summary = "List usage and limits of all ids",
	.help = "Without -u, -g and -p all types that have records are listed, on or off. Ids "
		"are listed in order, without records that are all 0. Space is in bytes; a "
		"limit of 0 means the default, which 'xfsw quota state' prints.\n",
	.examples = "xfsw quota on disk.img && xfsw quota report -u --names image disk.img\n",
	.options = quota_report_options,
	.shared = { quota_names_options },
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON | XFSW_LONG_WORK,
	.run = run_report,
};

static int run_get(struct xfsw_call *call)
{
	struct xfs_quota_info info = { .size = sizeof(info) };
	struct report rep = { .call = call, .escape = isatty(STDOUT_FILENO) };
	bool image, host, loaded;
	uint32_t id;
	int error;

	if (!xfsw_quota_names_option(call, &image, &host))
		return XFSW_USAGE;
	rep.type = xfsw_quota_type(call, call->argv[0]);
	if (!rep.type)
		return XFSW_USAGE;
	if (!xfsw_quota_id(call, rep.type, call->argv[1], &id))
		return XFSW_USAGE;
	error = xfs_quota_get(call->img->mp, rep.type, id, &info);
	if (error)
		return xfsw_fail(call, call->argv[0], error);
	loaded = xfsw_quota_names_load(&rep.names, call->img->mp, rep.type, image, host);
	if (loaded && xfsw_has(call, XFSW_OPT_JSON)) {
		rep.json.out = stdout;
		json_open(&rep.json, NULL, '{');
		tell_json(&rep, &info, xfsw_quota_name(&rep.names, rep.type, id));
		json_finish(&rep.json, call, '}');
	} else if (loaded) {
		print_head(&rep, info.flags & XFS_QUOTA_INFO_EXACT);
		tell_text(&rep, &info, xfsw_quota_name(&rep.names, rep.type, id));
	}
	xfsw_quota_names_free(&rep.names);
	return loaded ? xfsw_finish_output(call) : xfsw_fail(call, NULL, xfsw_error(-ENOMEM));
}

const struct xfsw_verb verb_quota_get = {
	.name = "quota get",
	.group = XFSW_GROUP_QUOTA,
	.operands = "[--names WHERE] IMG user|group|project ID",
	.summary = "Print usage and limits of one id",
	.help = "ID is a number, 'default' (id 0), or a name, which is looked up in /etc/passwd "
		"or /etc/group of the image and then of the host.\n",
	.examples = "xfsw quota on disk.img && xfsw quota get disk.img user ann\n",
	.shared = { quota_names_options },
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_get,
};
