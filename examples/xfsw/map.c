/* SPDX-License-Identifier: MIT */
/* xfsw map, extents: where the contents of a file lie */
#include <fcntl.h>
#include <xfswrite/fallocate.h>
#include "xfsw/xfsw.h"

enum {
	OPT_ATTR = XFSW_OPT_VERB,
	OPT_COW,
};

static const struct option map_options[] = {
	{ "attr", no_argument, NULL, OPT_ATTR },
	{ "cow", no_argument, NULL, OPT_COW },
	{ NULL, 0, NULL, 0 },
};

static void print_extent(struct xfsw_json *j, const struct xfs_extent *e)
{
	if (j->out) {
		json_open(j, NULL, '{');
		json_u64(j, "offset", e->offset);
		json_u64(j, "length", e->length);
		if (!e->delalloc)
			json_u64(j, "device_offset", e->device_offset);
		json_bool(j, "delalloc", e->delalloc);
		json_bool(j, "unwritten", e->unwritten);
		json_bool(j, "shared", e->shared);
		json_bool(j, "last", e->last);
		json_close(j, '}');
		return;
	}
	printf("%ju %ju ", (uintmax_t)e->offset, (uintmax_t)e->length);
	if (e->delalloc)
		fputs("delalloc", stdout);
	else
		printf("%ju%s%s", (uintmax_t)e->device_offset, e->unwritten ? " unwritten" : "",
		       e->shared ? " shared" : "");
	putchar('\n');
}

static int print_extents(struct xfsw_json *j, struct xfs_file *file, uint32_t flags)
{
	struct xfs_extent extents[64] = { XFS_EXTENT_INIT };
	uint64_t offset = 0;
	size_t count;
	int error;

	while ((error = xfs_map_extents(file, flags, offset, extents, 64, &count)) == 0 && count) {
		for (size_t i = 0; i < count; i++)
			print_extent(j, &extents[i]);
		offset = extents[count - 1].offset + extents[count - 1].length;
	}
	return error;
}

static int run_map(struct xfsw_call *call)
{
	struct xfsw_json j = { .out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL };
	uint32_t flags = 0;
	struct xfs_file *file;
	int error;

	if (xfsw_has(call, OPT_ATTR) && xfsw_has(call, OPT_COW))
		return xfsw_usage(call, "--attr and --cow exclude each other");
	if (xfsw_has(call, OPT_ATTR))
		flags = XFS_MAP_ATTR;
	else if (xfsw_has(call, OPT_COW))
		flags = XFS_MAP_COW;
	error = xfs_open(call->img->mp, call->argv[0], O_RDONLY, 0, &file);
	if (error)
		return xfsw_fail(call, call->argv[0], error);
	if (j.out)
		json_open(&j, NULL, '[');
	error = print_extents(&j, file, flags);
	xfs_close(file);
	if (error)
		xfsw_fail(call, call->argv[0], error);
	if (j.out)
		json_finish(&j, call, ']');
	return error ? XFSW_FAILED : xfsw_finish_output(call);
}

#define MAP_HELP									\
	"  --attr           of the extended attributes, as far as they do not stand in the inode\n"	\
	"  --cow            of what is set aside to take the place of shared blocks; in the shell\n\n" \
	"All in bytes; what is not listed is a hole. 'delalloc' stands for a DEVICE-OFFSET that\n"	\
	"is not chosen yet.\n\n"

#define MAP_VERB(name_, summary_) {							\
	.name = name_, .operands = "[OPTIONS] IMG PATH", .summary = summary_,		\
	.help = MAP_HELP, .longopts = map_options, .open = XFSW_OPEN_READ,		\
	.flags = XFSW_JSON, .min_operands = 1, .max_operands = 1, .run = run_map,	\
}

const struct xfsw_verb verb_map = MAP_VERB(
	"map", "Print a file's mappings, 'OFFSET LENGTH DEVICE-OFFSET [unwritten] [shared]'");
/* The name that it had before. */
const struct xfsw_verb verb_extents = MAP_VERB("extents", "The same as map");
