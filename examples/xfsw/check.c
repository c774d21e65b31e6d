/* SPDX-License-Identifier: MIT */
/* xfsw check, dump, recover */
#include <errno.h>
#include <string.h>
#include "xfsw/xfsw.h"

/* Findings that are printed when the caller does not say: a bad image has millions. */
#define MAX_PRINTED	10000
#define MAX_KINDS	32

struct check_output {
	struct xfsw_call *call;
	struct xfsw_json json;
	bool begun;		/* of the JSON document: it is not before something is known */
	struct xfsw_progress progress;
	uint64_t max, seen;		/* findings */
	struct {
		const char *structure;	/* the library's own */
		uint64_t count;
	} kinds[MAX_KINDS];
};

/* How many there are of each structure; what comes after MAX_KINDS of them is one more. */
static void count_kind(struct check_output *out, const char *structure)
{
	size_t i = 0;

	while (i < MAX_KINDS - 1 && out->kinds[i].structure &&
	       strcmp(out->kinds[i].structure, structure))
		i++;
	if (!out->kinds[i].structure)
		out->kinds[i].structure = i < MAX_KINDS - 1 ? structure : "others";
	out->kinds[i].count++;
}

/* Behind the findings, when not all of them were printed. */
static void print_kinds(struct check_output *out)
{
	struct xfsw_json *j = &out->json;

	if (j->out) {
		json_u64(j, "printed", out->seen < out->max ? out->seen : out->max);
		json_open(j, "by_structure", '{');
	} else {
		printf("%ju more findings; of all there are\n", (uintmax_t)(out->seen - out->max));
	}
	for (size_t i = 0; i < MAX_KINDS && out->kinds[i].structure; i++) {
		if (j->out)
			json_u64(j, out->kinds[i].structure, out->kinds[i].count);
		else
			printf("%10ju %s\n", (uintmax_t)out->kinds[i].count,
			       out->kinds[i].structure);
	}
	if (j->out)
		json_close(j, '}');
}

static void begin_json(struct check_output *out)
{
	if (out->begun)
		return;
	out->begun = true;
	json_open(&out->json, NULL, '{');
	json_open(&out->json, "findings", '[');
}

static int print_finding(void *ctx, const struct xfs_finding *finding)
{
	struct check_output *out = ctx;

	count_kind(out, finding->structure);
	if (out->seen++ >= out->max)
		return 0;
	if (out->json.out) {
		begin_json(out);
		json_open(&out->json, NULL, '{');
		json_str(&out->json, "structure", finding->structure);
		if (finding->agno >= 0)
			json_i64(&out->json, "agno", finding->agno);
		if (finding->block != ~0ull)
			json_u64(&out->json, "block", finding->block);
		if (finding->ino != ~0ull)
			json_u64(&out->json, "ino", finding->ino);
		json_str(&out->json, "text", finding->text);
		json_close(&out->json, '}');
		return 0;
	}
	printf("%s", finding->structure);
	if (finding->agno >= 0)
		printf(" ag %jd", (intmax_t)finding->agno);
	if (finding->ino != ~0ull)
		printf(" inode %ju", (uintmax_t)finding->ino);
	if (finding->block != ~0ull)
		printf(" block %ju", (uintmax_t)finding->block);
	fputs(": ", stdout);
	xfsw_print_name(stdout, finding->text, strlen(finding->text), true);
	putchar('\n');
	return 0;
}

static int show_progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	struct check_output *out = ctx;

	out->progress.what = phase;
	out->progress.objects = done;
	out->progress.total_objects = total;
	xfsw_progress_step(&out->progress);
	return xfsw_interrupted();
}

static void print_summary(struct check_output *out, const struct xfs_check_summary *sum, bool quiet)
{
	struct xfsw_json *j = &out->json;

	if (!j->out) {
		if (!quiet)
			fprintf(stderr,
				"%ju findings; %ju inodes: %ju directories, %ju files, %ju links, "
				"%ju specials; %ju extents\n",
				(uintmax_t)sum->findings, (uintmax_t)sum->inodes,
				(uintmax_t)sum->directories, (uintmax_t)sum->files,
				(uintmax_t)sum->symlinks, (uintmax_t)sum->specials,
				(uintmax_t)sum->data_extents);
		return;
	}
	begin_json(out);
	json_close(j, ']');
	json_u64(j, "count", sum->findings);
	print_kinds(out);
	json_u64(j, "inodes", sum->inodes);
	json_u64(j, "directories", sum->directories);
	json_u64(j, "files", sum->files);
	json_u64(j, "symlinks", sum->symlinks);
	json_u64(j, "specials", sum->specials);
	json_u64(j, "data_extents", sum->data_extents);
	json_u64(j, "shared_blocks", sum->shared_blocks);
	json_u64(j, "metadata_blocks", sum->metadata_blocks);
	json_u64(j, "free_blocks", sum->free_blocks);
	json_finish(j, out->call, '}');
}

/* What was found before the check failed; no summary, which would look like the whole. */
static void cut_short(struct check_output *out)
{
	json_close(&out->json, ']');
	json_finish(&out->json, out->call, '}');
}

static int run_check(struct xfsw_call *call)
{
	struct check_output out = { .call = call,
				    .json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL };
	struct xfs_check_summary summary = XFS_CHECK_SUMMARY_INIT;
	struct xfs_check_options options = {
		.size = sizeof(options),
		.env = &call->env,
		.ctx = &out,
		.finding = print_finding,
		.progress = show_progress,
	};
	int error, finished;
	bool interrupted;

	out.max = MAX_PRINTED;
	if (xfsw_has(call, 'p'))
		options.flags |= XFS_CHECK_IN_PROGRESS_OK;
	if (xfsw_has(call, 'd'))
		options.flags |= XFS_CHECK_DIRTY_LOG_OK;
	if (!xfsw_number_option(call, 'n', UINT64_MAX, &out.max))
		return XFSW_USAGE;
	if (!out.max)
		out.max = UINT64_MAX;
	xfsw_progress_start(&out.progress, "check", xfsw_has(call, XFSW_OPT_QUIET));
	error = xfs_check(call->img->dev, call->img->logdev, &options, &summary);
	xfsw_progress_end(&out.progress);
	if (!out.json.out && out.seen > out.max)
		print_kinds(&out);
	interrupted = error == -ECANCELED && xfsw_interrupted();
	if (interrupted)
		xfsw_fail(call, call->img->path, -EINTR);
	else if (error)
		xfsw_no_xfs(call, call->img, error);
	if (!error)
		print_summary(&out, &summary, !xfsw_has(call, 'v'));
	else if (out.begun)
		cut_short(&out);
	finished = xfsw_finish_output(call);
	if (error)
		return interrupted ? XFSW_INTERRUPTED : XFSW_NO_IMAGE;
	return summary.findings ? XFSW_FAILED : finished;
}

static const struct xfsw_option check_options[] = {
	{ 'v', NULL, NULL, "print a summary on standard error" },
	{ 'n', NULL, "MAX",
	  "print at most MAX findings (default 10000; 0: all), then a count for each structure" },
	{ 'p', NULL, NULL, "accept an image that is marked in progress" },
	{ 'd', NULL, NULL, "accept a dirty log" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_check = {
	.name = "check",
	.group = XFSW_GROUP_CARE,
	.operands = "[-v] [-n MAX] [-p] [-d] IMG",
	.summary = "Check every structure of the image; changes nothing",
	.help = "Prints one line per finding. The exit code is 0 without findings and 1 with "
		"findings. Nothing is repaired: use xfs_repair for that.\n",
	.examples = "xfsw check -v disk.img\n",
	.options = check_options,
	.open = XFSW_OPEN_DEVICE,
	.flags = XFSW_JSON | XFSW_NO_SHELL,
	.run = run_check,
};

struct dump_output {
	struct xfsw_json json;
	bool begun;
	const char *what;
};

/* "sb_uuid = ...": the name's length, 0 for other lines. */
static size_t field_name(const char *text)
{
	size_t len = strcspn(text, " ");

	return strncmp(text + len, " = ", 3) == 0 ? len : 0;
}

/* Numbers without leading zeros, "null", and strings for all else. */
static void print_field(struct xfsw_json *j, const char *value)
{
	size_t len = strlen(value);
	uint64_t number;

	if (len && strspn(value, "0123456789") == len && (len == 1 || value[0] != '0') &&
	    xfsw_parse_u64(value, UINT64_MAX, &number))
		json_u64(j, "value", number);
	else if (strcmp(value, "null") == 0)
		json_null(j, "value");
	else
		json_bytes(j, "value", value, len);
}

static int print_line(void *ctx, const char *text)
{
	struct dump_output *out = ctx;
	struct xfsw_json *j = &out->json;
	size_t name = field_name(text);

	if (!j->out) {
		puts(text);
		return 0;
	}
	if (!out->begun) {
		json_open(j, NULL, '{');
		json_str(j, "what", out->what);
		json_open(j, "lines", '[');
		out->begun = true;
	}
	json_open(j, NULL, '{');
	if (name) {
		json_bytes(j, "name", text, name);
		print_field(j, text + name + 3);
	} else {
		json_bytes(j, "text", text, strlen(text));
	}
	json_close(j, '}');
	return 0;
}

static int drop_line(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
	return 0;
}

static int dump_usage(struct xfsw_call *call, const char *what)
{
	struct xfs_error_info info = { .size = sizeof(info) };

	if (xfs_mount_error(NULL, &info) || info.error != -EINVAL)
		return xfsw_usage(call, "unknown structure '%s'", what);
	return xfsw_usage(call, "%s", info.text);
}

static int end_dump(struct xfsw_call *call, struct dump_output *out, int error)
{
	int code = 0, finished;

	/* A name that is none, or a place that is not there, if it is not the image. */
	if (error == -EINVAL && xfs_dump(call->img->dev, call->img->logdev, "sb", drop_line, NULL) == 0)
		code = dump_usage(call, out->what);
	else if (error)
		code = xfsw_no_xfs(call, call->img, error);
	if (out->begun) {
		json_close(&out->json, ']');
		json_finish(&out->json, call, '}');
	}
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

static int run_dump(struct xfsw_call *call)
{
	struct dump_output out = { .json.out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL };
	char what[128] = "";
	size_t len = 0;
	int error;

	out.what = what;

	for (int i = 0; i < call->argc; i++) {
		len += (size_t)snprintf(what + len, sizeof(what) - len, "%s%s", i ? " " : "",
					call->argv[i]);
		if (len >= sizeof(what))
			return xfsw_usage(call, "nothing of that name can be dumped");
	}
	error = xfs_dump(call->img->dev, call->img->logdev, what, print_line, &out);
	return end_dump(call, &out, error);
}

const struct xfsw_verb verb_dump = {
	.name = "dump",
	.group = XFSW_GROUP_CARE,
	.operands = "IMG WHAT...",
	.summary = "Print one on-disk structure",
	.help = "WHAT is one of\n\n  sb [AGNO], agf AGNO, agi AGNO, agfl AGNO\n  bnobt, cntbt, "
		"inobt, finobt, rmapbt or refcountbt, and AGNO\n  inode INO, bmap INO [attr], "
		"dir INO, attr INO\n  block FSBNO, log, dquot user|group|project ID\n\n"
		"With --json each line of the structure is an object: \"name\" and \"value\" of "
		"a field, or \"text\".\n",
	.examples = "xfsw dump disk.img sb\n"
		"xfsw dump disk.img agf 0\n",
	.open = XFSW_OPEN_DEVICE,
	.flags = XFSW_JSON | XFSW_NO_SHELL,
	.min_operands = 1,
	.max_operands = 3,
	.run = run_dump,
};
