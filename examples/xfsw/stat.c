/* SPDX-License-Identifier: MIT */
/* xfsw stat, df, info */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "xfsw/xflags.h"

static void stat_json(struct xfsw_json *j, const char *path, const struct xfs_stat *st,
		      const char *target)
{
	json_open(j, NULL, '{');
	json_bytes(j, "path", path, strlen(path));
	json_u64(j, "ino", st->ino);
	json_u64(j, "gen", st->gen);
	json_str(j, "type", xfsw_type_name(st->mode));
	json_u64(j, "mode", st->mode & 07777);
	json_u64(j, "nlink", st->nlink);
	json_u64(j, "uid", st->uid);
	json_u64(j, "gid", st->gid);
	json_u64(j, "projid", st->projid);
	json_u64(j, "size", st->size_bytes);
	json_u64(j, "blocks512", st->blocks512);
	json_u64(j, "extents", st->nextents);
	json_u64(j, "attr_extents", st->anextents);
	json_u64(j, "extsize", st->extsize_bytes);
	json_u64(j, "cowextsize", st->cowextsize_bytes);
	json_u64(j, "changecount", st->changecount);
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
		json_u64(j, "rdev_major", st->rdev_major);
		json_u64(j, "rdev_minor", st->rdev_minor);
	}
	xflags_json(j, "flags", st->xflags);
	json_time(j, "atime", &st->atime);
	json_time(j, "mtime", &st->mtime);
	json_time(j, "ctime", &st->ctime);
	json_time(j, "crtime", &st->crtime);
	if (target)
		json_bytes(j, "target", target, strlen(target));
	json_close(j, '}');
}

static void print_time(const char *name, const struct xfs_timespec *ts)
{
	char text[40];

	xfsw_time_string(ts, true, text);
	printf("%-10s %s UTC\n", name, text);
}

static void stat_text(const char *path, const struct xfs_stat *st, const char *target)
{
	char mode[11];

	xfsw_mode_string(st->mode, mode);
	printf("%-10s ", "path");
	xfsw_print_name(stdout, path, strlen(path), true);
	printf("\n%-10s %s\n", "type", xfsw_type_name(st->mode));
	if (target) {
		printf("%-10s ", "target");
		xfsw_print_name(stdout, target, strlen(target), true);
		putchar('\n');
	}
	printf("%-10s %ju, generation %u\n", "inode", (uintmax_t)st->ino, st->gen);
	printf("%-10s %04o %s\n", "mode", st->mode & 07777, mode);
	printf("%-10s %u\n", "links", st->nlink);
	printf("%-10s %u:%u, project %u\n", "owner", st->uid, st->gid, st->projid);
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		printf("%-10s %u:%u\n", "device", st->rdev_major, st->rdev_minor);
	printf("%-10s %ju\n", "size", (uintmax_t)st->size_bytes);
	printf("%-10s %ju (of 512 bytes)\n", "blocks", (uintmax_t)st->blocks512);
	printf("%-10s %ju data, %ju attribute\n", "extents", (uintmax_t)st->nextents,
	       (uintmax_t)st->anextents);
	if (st->extsize_bytes || st->cowextsize_bytes)
		printf("%-10s %u, cow %u\n", "extsize", st->extsize_bytes, st->cowextsize_bytes);
	printf("%-10s", "flags");
	for (size_t i = 0; i < XFSW_NXFLAGS; i++)
		if (st->xflags & xfsw_xflags[i].bit)
			printf(" %s", xfsw_xflags[i].name);
	putchar('\n');
	print_time("accessed", &st->atime);
	print_time("modified", &st->mtime);
	print_time("changed", &st->ctime);
	print_time("created", &st->crtime);
}

static int stat_path(struct xfsw_call *call, struct xfsw_json *j, const char *path)
{
	char target[1025], *link = NULL;
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	int error;

	error = xfs_open(call->img->mp, path, O_PATH | (xfsw_has(call, 'L') ? 0 : O_NOFOLLOW), 0,
			 &file);
	if (error)
		return error;
	error = xfs_fgetattr(file, &st);
	if (!error && S_ISLNK(st.mode)) {
		ssize_t len = xfs_freadlink(file, target, sizeof(target) - 1);

		if (len < 0)
			error = (int)len;
		else
			target[len] = 0;
		link = target;
	}
	xfs_close(file);
	if (error)
		return error;
	if (j->out)
		stat_json(j, path, &st, link);
	else
		stat_text(path, &st, link);
	return 0;
}

static int run_stat(struct xfsw_call *call)
{
	struct xfsw_json j = { .out = xfsw_has(call, XFSW_OPT_JSON) ? stdout : NULL };
	int code = XFSW_OK, finished;

	if (j.out)
		json_open(&j, NULL, '[');
	for (int i = 0; i < call->argc; i++) {
		int error;

		if (i && !j.out)
			putchar('\n');
		error = stat_path(call, &j, call->argv[i]);
		if (error)
			code = xfsw_fail(call, call->argv[i], error);
	}
	if (j.out) {
		json_finish(&j, call, ']');
	}
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

static const struct xfsw_option stat_options[] = {
	{ 'L', NULL, NULL, "follow a symbolic link" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_stat = {
	.name = "stat",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-L] IMG PATH...",
	.summary = "Print all attributes of an inode",
	.examples = "xfsw stat disk.img /etc/passwd\n"
		"xfsw stat --json disk.img / /home\n",
	.options = stat_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_GLOB_ALL | XFSW_JSON,
	.min_operands = 1,
	.max_operands = -1,
	.run = run_stat,
};

static int df_path(struct xfsw_call *call, const char *path, struct xfs_statfs *st)
{
	struct xfs_file *file;
	int error = xfs_open(call->img->mp, path, O_PATH, 0, &file);

	if (!error) {
		error = xfs_fstatfs(file, st);
		xfs_close(file);
	}
	return error;
}

static int run_df(struct xfsw_call *call)
{
	const char *path = call->argc ? call->argv[0] : NULL;
	struct xfsw_json j = { .out = stdout };
	struct xfs_statfs st = XFS_STATFS_INIT;
	int error = path ? df_path(call, path, &st) : xfs_statfs(call->img->mp, &st);

	if (error)
		return xfsw_fail(call, path ? path : call->img->path, error);
	if (xfsw_has(call, XFSW_OPT_JSON)) {
		json_open(&j, NULL, '{');
		json_u64(&j, "block_size", st.block_size);
		json_u64(&j, "blocks", st.blocks);
		json_u64(&j, "blocks_free", st.blocks_free);
		json_u64(&j, "size", st.blocks * st.block_size);
		json_u64(&j, "free", st.blocks_free * st.block_size);
		json_u64(&j, "files", st.files);
		json_u64(&j, "files_free", st.files_free);
		json_finish(&j, call, '}');
	} else {
		uint64_t size = st.blocks * st.block_size, avail = st.blocks_free * st.block_size;
		char a[16], b[16], c[16];

		printf("%-8s %14s %14s %14s\n", "", "size", "used", "free");
		if (xfsw_has(call, 'h'))
			printf("%-8s %14s %14s %14s\n", "space", xfsw_human(size, a),
			       xfsw_human(size - avail, b), xfsw_human(avail, c));
		else
			printf("%-8s %14ju %14ju %14ju\n", "bytes", (uintmax_t)size,
			       (uintmax_t)(size - avail), (uintmax_t)avail);
		printf("%-8s %14ju %14ju %14ju\n", "files", (uintmax_t)st.files,
		       (uintmax_t)(st.files - st.files_free), (uintmax_t)st.files_free);
	}
	return xfsw_finish_output(call);
}

static const struct xfsw_option df_options[] = {
	{ 'h', NULL, NULL, "print sizes in readable units" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_df = {
	.name = "df",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-h] IMG [PATH]",
	.summary = "Print free and used space and inodes, as statfs(2) does",
	.help = "With the PATH of a directory that has projinherit: what the limits of its "
		"project leave, if they are enforced.\n",
	.examples = "xfsw df -h disk.img\n"
		"xfsw df disk.img /home\n",
	.options = df_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.max_operands = 1,
	.run = run_df,
};

/* Feature bits by the names mkfs gives them; a bit without name is shown as a number. */
static const struct feature {
	char word;		/* r: ro_compat, i: incompat */
	uint32_t bit;
	const char *name;
} features[] = {
	{ 'r', XFS_FEAT_RO_COMPAT_FINOBT, "finobt" },
	{ 'r', XFS_FEAT_RO_COMPAT_RMAPBT, "rmapbt" },
	{ 'r', XFS_FEAT_RO_COMPAT_REFLINK, "reflink" },
	{ 'r', XFS_FEAT_RO_COMPAT_INOBTCNT, "inobtcount" },
	{ 'i', XFS_FEAT_INCOMPAT_FTYPE, "ftype" },
	{ 'i', XFS_FEAT_INCOMPAT_SPINODES, "sparse" },
	{ 'i', XFS_FEAT_INCOMPAT_META_UUID, "metauuid" },
	{ 'i', XFS_FEAT_INCOMPAT_BIGTIME, "bigtime" },
	{ 'i', XFS_FEAT_INCOMPAT_NEEDSREPAIR, "needsrepair" },
	{ 'i', XFS_FEAT_INCOMPAT_NREXT64, "nrext64" },
	{ 'i', XFS_FEAT_INCOMPAT_EXCHRANGE, "exchange" },
	{ 'i', XFS_FEAT_INCOMPAT_PARENT, "parent" },
	{ 'i', XFS_FEAT_INCOMPAT_METADIR, "metadir" },
	{ 'i', XFS_FEAT_INCOMPAT_ZONED, "zoned" },
	{ 'i', XFS_FEAT_INCOMPAT_ZONE_GAPS, "zone_gaps" },
};
#define NFEATURES (sizeof(features) / sizeof(features[0]))

static bool has_feature(const struct xfs_info *info, const struct feature *feature)
{
	uint32_t word = feature->word == 'r' ? info->features_ro_compat : info->features_incompat;

	return (word & feature->bit) != 0;
}

static void format_uuid(const uint8_t uuid[16], char text[37])
{
	char *out = text;

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += sprintf(out, "%02x", uuid[i]);
	}
}

static void info_json(const struct xfsw_call *call, const struct xfs_info *info,
		      const struct xfs_log_report *log, const char *uuid)
{
	struct xfsw_json j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_str(&j, "uuid", uuid);
	json_bytes(&j, "label", info->label, strlen(info->label));
	json_u64(&j, "block_size", info->block_size);
	json_u64(&j, "sector_size", info->sector_size);
	json_u64(&j, "inode_size", info->inode_size);
	json_u64(&j, "dir_block_size", info->dir_block_size);
	json_u64(&j, "data_blocks", info->data_blocks);
	json_u64(&j, "ag_count", info->ag_count);
	json_u64(&j, "ag_blocks", info->ag_blocks);
	json_u64(&j, "log_blocks", info->log_blocks);
	json_bool(&j, "log_internal", info->log_internal);
	json_u64(&j, "log_sector_size", info->log_sector_size);
	json_u64(&j, "log_sunit", info->log_sunit);
	json_u64(&j, "sunit_blocks", info->sunit);
	json_u64(&j, "swidth_blocks", info->swidth);
	json_u64(&j, "imaxpct", info->imaxpct);
	json_open(&j, "features", '[');
	for (size_t i = 0; i < NFEATURES; i++)
		if (has_feature(info, &features[i]))
			json_str(&j, NULL, features[i].name);
	json_close(&j, ']');
	json_u64(&j, "features_compat", info->features_compat);
	json_u64(&j, "features_ro_compat", info->features_ro_compat);
	json_u64(&j, "features_incompat", info->features_incompat);
	json_u64(&j, "features_log_incompat", info->features_log_incompat);
	json_u64(&j, "root_ino", info->root_ino);
	json_u64(&j, "inodes", info->icount);
	json_u64(&j, "inodes_free", info->ifree);
	json_u64(&j, "blocks_free", info->fdblocks);
	json_bool(&j, "log_dirty", info->log_dirty);
	json_bool(&j, "lsn_ahead", info->lsn_ahead);
	if (log->size)
		xfsw_log_json(&j, "log_state", log);
	json_bool(&j, "in_progress", info->in_progress);
	json_finish(&j, call, '}');
}

static void info_text(const struct xfs_info *info, const struct xfs_log_report *log,
		      const char *uuid)
{
	char size[16];

	printf("label      ");
	xfsw_print_name(stdout, info->label, strlen(info->label), true);
	printf("\nuuid       %s\n", uuid);
	printf("size       %s: %ju blocks of %u bytes, sectors of %u\n",
	       xfsw_human(info->data_blocks * info->block_size, size),
	       (uintmax_t)info->data_blocks, info->block_size, info->sector_size);
	printf("groups     %u of %u blocks\n", info->ag_count, info->ag_blocks);
	printf("inodes     %u bytes; %ju exist, %ju of them free; at most %u %% of the space\n",
	       info->inode_size, (uintmax_t)info->icount, (uintmax_t)info->ifree, info->imaxpct);
	printf("free       %ju blocks\n", (uintmax_t)info->fdblocks);
	printf("directory  blocks of %u bytes\n", info->dir_block_size);
	printf("log        %s, %u blocks, sectors of %u, stripe unit %u bytes%s\n",
	       info->log_internal ? "internal" : "external", info->log_blocks,
	       info->log_sector_size, info->log_sunit, info->log_dirty ? ", DIRTY" : "");
	if (info->lsn_ahead)
		printf("           metadata is AHEAD of the log: it can only be read (xfs_repair mends it)\n");
	if (info->sunit)
		printf("stripe     unit %u, width %u blocks\n", info->sunit, info->swidth);
	printf("features  ");
	for (size_t i = 0; i < NFEATURES; i++)
		if (has_feature(info, &features[i]))
			printf(" %s", features[i].name);
	printf(" (compat %#x ro_compat %#x incompat %#x log_incompat %#x)\n", info->features_compat,
	       info->features_ro_compat, info->features_incompat, info->features_log_incompat);
	if (info->in_progress)
		printf("state      IN PROGRESS: its making was not finished, a kernel refuses "
		       "it\n");
	if (log->size)
		xfsw_log_text(log);
}

static int run_info(struct xfsw_call *call)
{
	struct xfs_info info = { .size = sizeof(info) };
	struct xfs_log_report log = { .size = sizeof(log) };
	char uuid[37];
	int error = xfs_info(call->img->mp, &info);

	if (error)
		return xfsw_fail(call, call->img->path, error);
	/* A log that cannot be read leaves the rest to be told. */
	error = xfs_log_report(call->img->mp, &log);
	if (error) {
		if (error != -ENXIO)
			xfsw_fail(call, call->img->path, error);
		log.size = 0;
	}
	format_uuid(info.uuid, uuid);
	if (xfsw_has(call, XFSW_OPT_JSON))
		info_json(call, &info, &log, uuid);
	else
		info_text(&info, &log, uuid);
	return xfsw_finish_output(call);
}

const struct xfsw_verb verb_info = {
	.name = "info",
	.group = XFSW_GROUP_CARE,
	.operands = "IMG",
	.summary = "Print geometry, features and state of the file system",
	.help = "Works on images with a dirty log and on unfinished images too, and reports "
		"that.\n",
	.examples = "xfsw info disk.img\n",
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON | XFSW_ANY_STATE,
	.run = run_info,
};
