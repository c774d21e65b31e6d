/* SPDX-License-Identifier: MIT */
/*
 * xfsw create: a new image from a directory tree or a tar stream.
 *
 * The image carries its in-progress mark from the first write to the last, so whatever
 * ends the work early - an error, a signal, a power cut - leaves an image that nothing mounts.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "xfsw/format.h"
#include "xfsw/quota.h"
#include "xfsw/sink.h"

#define MIB		(1ull << 20)
#define SUPPORTED_MIN	(300 * MIB)

#define OPT_JOURNAL	(XFSW_OPT_VERB + 32)
#define OPT_PROJECT	(XFSW_OPT_VERB + 33)

struct create {
	struct xfsw_call *call;
	struct xfsw_format format;
	struct xfsw_sink sink;
	struct xfsw_image img;
	struct stat target;		/* of the image file; st_ino 0: there is none yet */
	struct xfsw_own own;		/* it, and its log */
	const char *source, *path;
	bool from_tree;
	bool journal;			/* cut off, it is a valid image of a part of the source */
};

static int look_at_source(struct create *c)
{
	struct stat st;

	if (strcmp(c->source, "-") == 0)
		return 0;
	if (stat(c->source, &st)) {
		xfsw_fail(c->call, c->source, xfsw_errno());
		return XFSW_NO_IMAGE;
	}
	c->from_tree = S_ISDIR(st.st_mode);
	if (c->from_tree || tar_supported())
		return 0;
	return xfsw_complain(c->call, c->source,
			     "this xfsw was built without libarchive and reads directories only");
}

/* A file with contents is not overwritten by a slip of the keyboard, the source by nothing at all. */
static int look_at_target(struct create *c)
{
	bool standard_input = strcmp(c->source, "-") == 0;
	struct stat source;
	int code;

	if (stat(c->path, &c->target)) {
		memset(&c->target, 0, sizeof(c->target));
		if (errno != ENOENT) {
			xfsw_fail(c->call, c->path, xfsw_errno());
			return XFSW_NO_IMAGE;
		}
	}
	code = xfsw_ask_target(c->call, c->path, &c->own);
	if (!code && (standard_input ? fstat(STDIN_FILENO, &source) : stat(c->source, &source)) == 0 &&
	    !S_ISDIR(source.st_mode) && own_has(&c->own, &source))
		code = xfsw_complain(c->call, c->source,
				     "the source is the image itself or its log");
	return code;
}

/* ---- trees of projects --------------------------------------------------------------- */

/* A --project PATH:ID; slashes of PATH that follow others, or end it, are dropped. */
struct project_tree {
	char path[4096];
	uint32_t id;
};

static bool split_project(const char *text, struct project_tree *tree)
{
	const char *colon = strrchr(text, ':');
	size_t n = 0;
	uint64_t id;

	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(tree->path) ||
	    !xfsw_parse_u64(colon + 1, UINT32_MAX - 1, &id))
		return false;
	for (; text < colon; text++)
		if (*text != '/' || !n || tree->path[n - 1] != '/')
			tree->path[n++] = *text;
	while (n > 1 && tree->path[n - 1] == '/')
		n--;
	tree->path[n] = 0;
	tree->id = (uint32_t)id;
	return true;
}

/* The next one to do after @last, SIZE_MAX at first: longest paths first, so that what is below others is. */
static int next_project(struct create *c, size_t *last, struct project_tree *tree)
{
	struct xfsw_call *call = c->call;
	size_t most = *last == SIZE_MAX ? SIZE_MAX : strlen(tree->path), best = 0, found = SIZE_MAX;
	struct project_tree t;

	for (size_t i = 0; i < call->nopts; i++) {
		size_t len;

		if (call->opts[i].id != OPT_PROJECT)
			continue;
		if (!split_project(call->opts[i].arg, &t))
			return xfsw_usage(call, "'%s' is no PATH:ID of a project", call->opts[i].arg);
		len = strlen(t.path);
		if ((len < most || (len == most && *last != SIZE_MAX && i > *last)) && len > best) {
			best = len;
			found = i;
		}
	}
	*last = found;
	if (found != SIZE_MAX)
		split_project(call->opts[found].arg, tree);
	return 0;
}

/* @what for each --project, until one fails. */
static int each_project(struct create *c, struct xfsw_need *need,
			int (*what)(struct create *c, struct xfsw_need *need, const char *path, uint32_t id))
{
	struct project_tree tree;
	size_t i = SIZE_MAX;
	int code = next_project(c, &i, &tree);

	while (!code && i != SIZE_MAX) {
		code = what(c, need, tree.path, tree.id);
		if (!code)
			code = next_project(c, &i, &tree);
	}
	return code;
}

static int check_project(struct create *c, struct xfsw_need *need, const char *path, uint32_t id)
{
	(void)c, (void)need, (void)path, (void)id;
	return 0;
}

static int count_project(struct create *c, struct xfsw_need *need, const char *path, uint32_t id)
{
	int error = need_add_owner(need, 2, id);

	(void)path;
	return error ? xfsw_fail(c->call, c->path, error) : 0;
}

/* What the source gave, projects of its own too, is there already, so that the others are left out. */
static int give_project(struct create *c, struct xfsw_need *need, const char *path, uint32_t id)
{
	struct xfsw_image *before = c->call->img;
	int code;

	(void)need;
	c->call->img = &c->img;
	code = xfsw_quota_give_tree(c->call, path, id);
	c->call->img = before;
	return code;
}

/* The tree or stream, counted.  A stream that can be read only once cannot be. */
static int count_source(struct create *c, const struct xfs_mkfs_geometry *geometry,
			struct xfsw_need *need)
{
	int code;

	need->block_size = geometry->blocksize;
	need->inode_size = geometry->inodesize;
	need->dir_block_size = geometry->dirblocksize;
	need->parent = (geometry->features_incompat & XFS_FEAT_INCOMPAT_PARENT) != 0;
	need->rmapbt = (geometry->features_ro_compat & XFS_FEAT_RO_COMPAT_RMAPBT) != 0;
	need->reflink = (geometry->features_ro_compat & XFS_FEAT_RO_COMPAT_REFLINK) != 0;
	need->quota = c->format.quota;
	if (strcmp(c->source, "-") == 0)
		return xfsw_usage(c->call, "a stream from standard input needs --size");
	xfsw_progress_start(&c->sink.progress, "count", xfsw_has(c->call, XFSW_OPT_QUIET));
	if (c->from_tree)
		code = need_of_tree(&c->sink, need, c->source, &c->own);
	else
		code = need_of_tar(&c->sink, need, c->source);
	xfsw_progress_end(&c->sink.progress);
	return code ? code : each_project(c, need, count_project);
}

/*
 * The geometry of @size, or of the next larger size that can be formatted with these options
 * (many groups, a large log); nothing larger than @limit.
 */
static int fit_geometry(struct create *c, uint64_t *size, uint64_t limit,
			struct xfs_mkfs_geometry *geometry)
{
	uint64_t first = *size;

	while (format_geometry(NULL, &c->format, *size, geometry)) {
		if (*size > limit) {	/* it is not the size: say what it is */
			format_geometry(c->call, &c->format, first, geometry);
			return XFSW_FAILED;
		}
		*size += *size / 4 / MIB * MIB;
	}
	return 0;
}

/* The size that surely holds the source.  The log grows with the image, so twice. */
static int compute_size(struct create *c, uint64_t *size)
{
	uint64_t smallest = c->format.mkfs.flags & XFS_MKFS_SMALL ? 32 * MIB : SUPPORTED_MIN;
	uint64_t limit = 1ull << 50;
	struct xfs_mkfs_geometry geometry;
	struct xfsw_need need = { 0 };
	int code;

	*size = 1024 * MIB;
	code = fit_geometry(c, size, limit, &geometry);
	if (!code)
		code = count_source(c, &geometry, &need);
	for (int pass = 0; pass < 2 && !code; pass++) {
		*size = need_size(&need, (uint64_t)geometry.logblocks * geometry.blocksize);
		if (*size < smallest)
			*size = smallest;
		code = fit_geometry(c, size, limit, &geometry);
	}
	need_free(&need);
	if (!code && c->format.dry_run)
		format_print(&geometry);
	return code;
}

static int fill_image(struct create *c)
{
	struct xfs_mount_options options = {
		.size = sizeof(options),
		.flags = c->journal ? 0 : XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS,
		.env = &c->call->env,
		.logdev = c->img.logdev,
	};
	const char *what = "create";
	uint64_t objects = c->sink.progress.total_objects, bytes = c->sink.progress.total_bytes;
	int code, error;

	error = xfs_mount(c->img.dev, &options, &c->img.mp);
	if (error)
		return xfsw_fail(c->call, c->path, error);
	c->sink.mp = c->img.mp;
	code = format_quota(c->call, &c->format, &c->img);
	if (code)
		return code;
	xfsw_progress_start(&c->sink.progress, what, xfsw_has(c->call, XFSW_OPT_QUIET));
	c->sink.progress.total_objects = objects;
	c->sink.progress.total_bytes = bytes;
	if (c->from_tree)
		code = sink_from_tree(&c->sink, c->source, xfs_root(c->img.mp), &c->img.own);
	else
		code = sink_from_tar(&c->sink, c->source, xfs_root(c->img.mp));
	if (!code)
		code = each_project(c, NULL, give_project);
	return code || !xfsw_interrupted() ? code : XFSW_INTERRUPTED;
}

static int create(struct create *c)
{
	/* Of a larger disk image only the named part is ours: its size is given. */
	bool part = xfsw_has(c->call, XFSW_OPT_PARTITION) || xfsw_has(c->call, XFSW_OPT_OFFSET);
	bool regular = !part && (!c->target.st_ino || S_ISREG(c->target.st_mode));
	bool blank_file = c->target.st_ino && S_ISREG(c->target.st_mode) && c->target.st_size &&
			  !c->target.st_blocks;
	uint64_t size = c->format.size_bytes;
	struct xfs_mkfs_geometry geometry;
	bool complete;
	int code = 0;

	/* A device, or a file that somebody made as large as it shall be, keeps its size. */
	if (!size && regular && !blank_file)
		code = compute_size(c, &size);
	else if (c->format.dry_run)
		code = format_dry_run(c->call, &c->format, c->path);
	if (code || c->format.dry_run)
		return code;
	c->journal = xfsw_has(c->call, OPT_JOURNAL);
	if (!c->journal)
		c->format.mkfs.flags |= XFS_MKFS_INPROGRESS;
	/* The root directory's attributes are those of the source, unless one was asked for. */
	if (c->format.mkfs.autofsck == XFS_MKFS_DEFAULT)
		c->format.mkfs.autofsck = XFS_MKFS_OFF;
	code = format_image(c->call, &c->format, c->path, size, regular && !blank_file, &c->img,
			    &geometry);
	if (code)
		return code;
	if (c->format.verbose)
		format_print(&geometry);
	code = fill_image(c);
	complete = code == XFSW_OK;
	code = sink_end(&c->sink, code);
	/* An image that lacks something by mistake is not given out as finished. */
	if (!complete) {
		xfs_abandon(c->img.mp);
		c->img.mp = NULL;
	}
	return xfsw_close_image(c->call, &c->img, code);
}

static int run_create(struct xfsw_call *call)
{
	struct create c = { .call = call, .source = call->argv[0], .path = call->argv[1] };
	int code = format_options(call, &c.format);

	if (!code)
		code = each_project(&c, NULL, check_project);
	if (code)
		return code;
	/* What is copied is known to fit, be it mostly inodes: a quarter for them is no rule here.
	 */
	if (!c.format.mkfs.imaxpct)
		c.format.mkfs.imaxpct = XFS_MKFS_IMAXPCT_NOLIMIT;
	code = sink_init(&c.sink, call);
	if (code)
		return code;
	code = look_at_source(&c);
	if (!code)
		code = look_at_target(&c);
	if (!code)
		code = create(&c);
	if (c.sink.buf)
		code = sink_end(&c.sink, code);
	return code;
}

static const struct xfsw_option create_options[] = {
	{ OPT_JOURNAL, "journal", NULL,
	  "write through the log, so that a failure leaves a sound file system" },
	{ OPT_PROJECT, "project", "PATH:ID",
	  "everything at and below PATH, in the image, belongs to project ID, and its directories "
	  "get projinherit; except trees in it that the source or another --project gives to "
	  "another project" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_create = {
	.name = "create",
	.group = XFSW_GROUP_MAKE,
	.operands = "[--size N] [OPTIONS] DIR|TARFILE|- IMG",
	.summary = "Make an image with a copy of a tree or of a tar stream",
	.help = "All attributes are copied: owner, mode, times, extended attributes, ACLs, "
		"inode flags, projects, hard links, holes, devices. The attributes of DIR "
		"become those of the root directory.\n\n"
		"A tar stream may be compressed; '-' is standard input and needs --size. Names "
		"in pax headers must be UTF-8. Members stay inside the image: a leading '/' is "
		"dropped, a name with '..' is refused, and a member below a symbolic link goes "
		"where the link leads inside the image.\n\n"
		"Without --size the image is large enough for the source plus a tenth and at "
		"least 16 MiB, and has at least 300 MiB. Inodes may use all of the space; -i "
		"maxpct=25 restores the limit of mkfs.xfs.\n\n"
		"If create fails or is interrupted, the image stays marked in progress, and a "
		"kernel refuses to mount it. With --journal, which is slower, a sound file "
		"system with a part of the source remains.\n",
	.examples = "xfsw create tree new.img\n"
		"xfsw create --size 1g --owner 0:0 rootfs.tar new.img\n"
		"SOURCE_DATE_EPOCH=1700000000 xfsw create --seed 1 -f tree new.img\n",
	.options = create_options,
	.shared = { sink_options, owners_options, keep_options, format_options_table },
	.open = XFSW_OPEN_NONE,
	.flags = XFSW_NO_SHELL | XFSW_LONG_WORK,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_create,
};
