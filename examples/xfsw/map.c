/* SPDX-License-Identifier: MIT */
/* xfsw map, extents: where the contents of a file lie */
#include <fcntl.h>
#include <xfswrite/fallocate.h>
#include "xfsw/xfsw.h"

enum {
	OPT_ATTR = XFSW_OPT_VERB,
	OPT_COW,
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

static const struct xfsw_option map_options[] = {
	{ OPT_ATTR, "attr", NULL, "extents of the attribute fork" },
	{ OPT_COW, "cow", NULL,
	  "extents of the copy-on-write fork; in the shell only, as it is empty after opening" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_map = {
	.name = "map",
	.group = XFSW_GROUP_LOOK,
	.operands = "[OPTIONS] IMG PATH",
	.summary = "Print the extents of a file",
	.help = "Each line is 'OFFSET LENGTH DEVICE-OFFSET [unwritten] [shared]', in bytes; "
		"what is not listed is a hole. The DEVICE-OFFSET of delayed allocations is "
		"'delalloc'.\n",
	.examples = "xfsw map disk.img /var/log/messages\n",
	.options = map_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_map,
};
const struct xfsw_verb verb_extents = {
	.name = "extents",
	.group = XFSW_GROUP_LOOK,
	.operands = "[OPTIONS] IMG PATH",
	.summary = "Same as map",
	.help = "The former name of map.\n",
	.examples = "xfsw extents --json disk.img /var/log/messages\n",
	.options = map_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_map,
};
