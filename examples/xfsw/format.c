/* SPDX-License-Identifier: MIT */
/* xfsw mkfs, and the reading of its options; see format.h. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/format.h"
#include "xfsw/quota.h"

enum kind {
	KIND_SIZE32,	/* bytes, with suffix */
	KIND_SIZE64,
	KIND_SECTORS32,	/* units of 512 bytes */
	KIND_SECTORS64,
	KIND_NUMBER,
	KIND_SWITCH,
	KIND_FLAG,	/* no value; sets a flag */
	KIND_WIDTH,	/* -d sw: stripe units */
	KIND_PERCENT,	/* 0 means no limit */
	KIND_AGNO,
	KIND_UUID,
	KIND_VERSION,	/* -n version */
	KIND_ONLY_ONE,	/* what a v5 file system cannot be without: 1 is fine */
	KIND_NOTHING,	/* what is so anyhow */
};

#define AT(member) offsetof(struct xfs_mkfs_options, member)

static const struct suboption {
	char letter;
	enum kind kind;
	const char *name;
	size_t offset;
	uint32_t flag;
} suboptions[] = {
	{ 'b', KIND_SIZE32, "size", AT(blocksize), 0 },
	{ 's', KIND_SIZE32, "size", AT(sectsize), 0 },
	{ 'i', KIND_SIZE32, "size", AT(inodesize), 0 },
	{ 'i', KIND_PERCENT, "maxpct", AT(imaxpct), 0 },
	{ 'i', KIND_SWITCH, "sparse", AT(sparse), 0 },
	{ 'i', KIND_SWITCH, "nrext64", AT(nrext64), 0 },
	{ 'i', KIND_SWITCH, "exchange", AT(exchange), 0 },
	{ 'd', KIND_SIZE64, "size", AT(data_size), 0 },
	{ 'd', KIND_NUMBER, "agcount", AT(agcount), 0 },
	{ 'd', KIND_SIZE64, "agsize", AT(agsize), 0 },
	{ 'd', KIND_SIZE64, "su", AT(sunit), 0 },
	{ 'd', KIND_WIDTH, "sw", AT(swidth), 0 },
	{ 'd', KIND_SECTORS64, "sunit", AT(sunit), 0 },
	{ 'd', KIND_SECTORS64, "swidth", AT(swidth), 0 },
	{ 'd', KIND_FLAG, "noalign", 0, XFS_MKFS_NOALIGN },
	{ 'l', KIND_SIZE64, "size", AT(log_size), 0 },
	{ 'l', KIND_AGNO, "agnum", AT(log_agno), 0 },
	{ 'l', KIND_SIZE32, "su", AT(log_sunit), 0 },
	{ 'l', KIND_SECTORS32, "sunit", AT(log_sunit), 0 },
	{ 'l', KIND_SIZE32, "sectsize", AT(log_sectsize), 0 },
	{ 'l', KIND_NOTHING, "internal", 0, 0 },
	{ 'l', KIND_ONLY_ONE, "lazy-count", 0, 0 },
	{ 'm', KIND_SWITCH, "bigtime", AT(bigtime), 0 },
	{ 'm', KIND_SWITCH, "finobt", AT(finobt), 0 },
	{ 'm', KIND_SWITCH, "inobtcount", AT(inobtcount), 0 },
	{ 'm', KIND_SWITCH, "reflink", AT(reflink), 0 },
	{ 'm', KIND_SWITCH, "rmapbt", AT(rmapbt), 0 },
	{ 'm', KIND_SWITCH, "autofsck", AT(autofsck), 0 },
	{ 'm', KIND_ONLY_ONE, "crc", 0, 0 },
	{ 'm', KIND_UUID, "uuid", AT(uuid), 0 },
	{ 'n', KIND_SIZE32, "size", AT(dirblocksize), 0 },
	{ 'n', KIND_SWITCH, "parent", AT(parent), 0 },
	{ 'n', KIND_ONLY_ONE, "ftype", 0, 0 },
	{ 'n', KIND_VERSION, "version", 0, XFS_MKFS_ASCII_CI },
};

static bool store_size(struct xfs_mkfs_options *mkfs, const struct suboption *sub,
		       const char *value)
{
	uint32_t block = mkfs->blocksize ? mkfs->blocksize : 4096;
	void *member = (char *)mkfs + sub->offset;
	bool narrow = sub->kind == KIND_SIZE32 || sub->kind == KIND_SECTORS32;
	uint64_t bytes;

	if (!xfsw_parse_size(value, block, &bytes))
		return false;
	if ((sub->kind == KIND_SECTORS32 || sub->kind == KIND_SECTORS64) &&
	    __builtin_mul_overflow(bytes, (uint64_t)512, &bytes))
		return false;
	/* A size of zero would mean "the default" further down. */
	if (bytes == 0 || (narrow && bytes > UINT32_MAX))
		return false;
	if (narrow) {
		uint32_t bytes32 = (uint32_t)bytes;

		memcpy(member, &bytes32, sizeof(bytes32));
	} else {
		memcpy(member, &bytes, sizeof(bytes));
	}
	return true;
}

static bool store_number(struct xfs_mkfs_options *mkfs, const struct suboption *sub,
			 const char *value)
{
	uint64_t number;
	uint32_t number32;

	if (!xfsw_parse_u64(value, sub->kind == KIND_PERCENT ? 100 : UINT32_MAX, &number))
		return false;
	if (sub->kind == KIND_WIDTH) {
		mkfs->swidth = number * mkfs->sunit;
		return mkfs->swidth != 0;	/* su has to come before sw */
	}
	if (sub->kind == KIND_PERCENT && number == 0)
		number = XFS_MKFS_IMAXPCT_NOLIMIT;
	if (sub->kind == KIND_AGNO)
		mkfs->flags |= XFS_MKFS_LOG_AG;
	else if (number == 0)
		return false;
	number32 = (uint32_t)number;
	memcpy((char *)mkfs + sub->offset, &number32, sizeof(number32));
	return true;
}

static bool store(struct xfs_mkfs_options *mkfs, const struct suboption *sub, const char *value)
{
	bool no_value = sub->kind == KIND_FLAG || sub->kind == KIND_NOTHING;

	if (no_value && value && strcmp(value, "1") != 0)
		return false;
	if (!no_value && !value)
		return false;
	switch (sub->kind) {
	case KIND_SIZE32:
	case KIND_SIZE64:
	case KIND_SECTORS32:
	case KIND_SECTORS64:
		return store_size(mkfs, sub, value);
	case KIND_NUMBER:
	case KIND_WIDTH:
	case KIND_PERCENT:
	case KIND_AGNO:
		return store_number(mkfs, sub, value);
	case KIND_SWITCH:
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return false;
		*((uint8_t *)mkfs + sub->offset) = *value == '1' ? XFS_MKFS_ON : XFS_MKFS_OFF;
		return true;
	case KIND_FLAG:
		mkfs->flags |= sub->flag;
		return true;
	case KIND_UUID:
		return xfsw_parse_uuid(value, mkfs->uuid);
	case KIND_VERSION:
		if (strcmp(value, "ci") == 0)
			mkfs->flags |= sub->flag;
		return strcmp(value, "ci") == 0 || strcmp(value, "2") == 0;
	case KIND_ONLY_ONE:
		return strcmp(value, "1") == 0;
	case KIND_NOTHING:
		return true;
	}
	return false;
}

/* "name=value,name,..." of option @letter. */
static int parse_suboptions(struct xfsw_call *call, struct xfs_mkfs_options *mkfs, char letter,
			    const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	int code = 0;

	if (!copy)
		return xfsw_fail(call, NULL, -ENOMEM);
	while (!code && (word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');
		size_t i, n = sizeof(suboptions) / sizeof(suboptions[0]);

		if (value)
			*value++ = 0;
		for (i = 0; i < n; i++)
			if (suboptions[i].letter == letter && strcmp(suboptions[i].name, word) == 0)
				break;
		if (i == n)
			code = xfsw_usage(call, "-%c has no suboption '%s'", letter, word);
		else if (!store(mkfs, &suboptions[i], value))
			code = xfsw_usage(call, "-%c %s: invalid value '%s'", letter, word,
					  value ? value : "");
	}
	free(copy);
	return code;
}

/* All options of one letter; sizes in blocks need -b, so that comes first. */
static int parse_letters(struct xfsw_call *call, struct xfs_mkfs_options *mkfs, const char *letters)
{
	for (const char *letter = letters; *letter; letter++) {
		for (size_t i = 0; i < call->nopts; i++) {
			int code;

			if (call->opts[i].id != *letter)
				continue;
			code = parse_suboptions(call, mkfs, *letter, call->opts[i].arg);
			if (code)
				return code;
		}
	}
	return 0;
}

/* Names of types, with commas between. */
static int quota_option(struct xfsw_call *call, struct xfsw_format *format)
{
	const char *text = xfsw_arg(call, XFSW_OPT_QUOTA);
	uint32_t t;
	size_t len;

	for (; text; text = text[len] ? text + len + 1 : NULL) {
		len = strcspn(text, ",");
		for (t = 0; t < XFSW_NQUOTAS; t++)
			if (strlen(xfsw_quota_names[t]) == len && memcmp(xfsw_quota_names[t], text, len) == 0)
				break;
		if (t == XFSW_NQUOTAS)
			return xfsw_usage(call,
					  "unknown quota type '%.*s': it is user, group or project",
					  (int)len, text);
		format->quota |= 1u << t;
	}
	if (!xfsw_has(call, XFSW_OPT_QUOTA_NO_ENFORCE))
		format->enforce = format->quota;
	else if (!format->quota)
		return xfsw_usage(call, "--quota-no-enforce needs --quota");
	return 0;
}

int format_quota(struct xfsw_call *call, const struct xfsw_format *format, struct xfsw_image *img)
{
	struct xfs_quota_on_options on = {
		.size = sizeof(on), .types = format->quota, .enforce = format->enforce,
	};
	int error = format->quota ? xfs_quota_on(img->mp, &on) : 0;

	return error ? xfsw_fail(call, img->path, error) : 0;
}

int format_options(struct xfsw_call *call, struct xfsw_format *format)
{
	struct xfs_mkfs_options *mkfs = &format->mkfs;
	const char *profile = xfsw_arg(call, XFSW_OPT_PROFILE);
	const char *uuid = xfsw_arg(call, XFSW_OPT_UUID);
	const char *label = xfsw_arg(call, 'L');
	int code;

	memset(format, 0, sizeof(*format));
	mkfs->size = sizeof(*mkfs);
	mkfs->env = &call->env;
	mkfs->profile = XFS_MKFS_PROFILE_7_2;
	if (profile && strcmp(profile, "6.1") == 0)
		mkfs->profile = XFS_MKFS_PROFILE_6_1;
	else if (profile && strcmp(profile, "7.2") != 0)
		return xfsw_usage(call, "unknown profile '%s': it is 6.1 or 7.2", profile);
	code = parse_letters(call, mkfs, "bsidlmn");
	if (code)
		return code;
	if (uuid && !xfsw_parse_uuid(uuid, mkfs->uuid))
		return xfsw_usage(call, "'%s' is not a UUID", uuid);
	if (label && strlen(label) > sizeof(mkfs->label))
		return xfsw_usage(call, "the label has more than %zu bytes", sizeof(mkfs->label));
	if (label)
		memcpy(mkfs->label, label, strlen(label));
	if (!xfsw_size_option(call, XFSW_OPT_SIZE, &format->size_bytes) ||
	    !xfsw_number_option(call, XFSW_OPT_SEED, UINT64_MAX, &call->env.seed))
		return XFSW_USAGE;
	/* An image file is as large as its file system. */
	if (!format->size_bytes)
		format->size_bytes = mkfs->data_size;
	format->dry_run = xfsw_has(call, 'N');
	format->verbose = xfsw_has(call, 'v') || format->dry_run;
	format->force = xfsw_has(call, 'f');
	if (format->force)
		mkfs->flags |= XFS_MKFS_FORCE;
	if (xfsw_has(call, XFSW_OPT_SMALL))
		mkfs->flags |= XFS_MKFS_SMALL;
	if (xfsw_has(call, XFSW_OPT_DISCARD) && !xfsw_has(call, 'K'))
		mkfs->flags |= XFS_MKFS_DISCARD;
	return quota_option(call, format);
}

int format_geometry(struct xfsw_call *call, const struct xfsw_format *format, uint64_t size_bytes,
		    struct xfs_mkfs_geometry *geometry)
{
	struct xfs_device *dev;
	char size[16];
	int error;

	/* An empty memory device of any size takes no memory. */
	error = xfs_device_open_memory(size_bytes, 512, NULL, &dev);
	if (!error) {
		geometry->size = sizeof(*geometry);
		error = xfs_mkfs_geometry(dev, NULL, &format->mkfs, geometry);
		xfs_device_put(dev);
	}
	if (error && call)
		xfsw_complain(call, NULL, "%s: %s (%s)", xfsw_human(size_bytes, size),
			      strerror(-error), xfs_error_text(NULL));
	return error;
}

void format_print(const struct xfs_mkfs_geometry *g)
{
	char size[16];

	printf("size       %s: %ju blocks of %u bytes, sectors of %u\n",
	       xfsw_human(g->dblocks * g->blocksize, size), (uintmax_t)g->dblocks, g->blocksize,
	       g->sectsize);
	printf("groups     %u of %u blocks\n", g->agcount, g->agblocks);
	printf("inodes     %u bytes, root %ju, at most %u %% of the space\n", g->inodesize,
	       (uintmax_t)g->root_ino, g->imaxpct ? g->imaxpct : 100);
	printf("directory  blocks of %u bytes\n", g->dirblocksize);
	printf("log        %s, %u blocks (at least %u), sectors of %u, stripe unit %u bytes\n",
	       g->external_log ? "external" : "internal", g->logblocks, g->min_logblocks,
	       g->logsectsize, g->logsunit);
	if (g->sunit)
		printf("stripe     unit %u, width %u blocks\n", g->sunit, g->swidth);
	printf("free       %ju blocks\n", (uintmax_t)g->free_blocks);
	printf("features   ro_compat %#x, incompat %#x\n", g->features_ro_compat,
	       g->features_incompat);
}

static int format_failed(struct xfsw_call *call, const char *path, int error)
{
	if (error == -EEXIST)
		return xfsw_complain(call, path,
				     "the target is not empty (%s); use -f to overwrite it",
				     xfs_error_text(NULL));
	return xfsw_fail(call, path, error);
}

/* --size on what exists already: lengthen a file; a device must be as large. */
static int fit_device(struct xfsw_call *call, struct xfsw_format *format, struct xfsw_image *img,
		      uint64_t size_bytes)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error = xfs_device_info(img->dev, &info);

	if (!error && info.size_bytes < size_bytes) {
		if (!info.growable || xfsw_has(call, XFSW_OPT_PARTITION))
			return xfsw_fail(call, img->path, -ENOSPC);
		error = xfs_device_resize(img->dev, size_bytes);
	}
	if (error)
		return xfsw_fail(call, img->path, error);
	if (size_bytes && !format->mkfs.data_size)
		format->mkfs.data_size = size_bytes;
	return 0;
}

/*
 * Whoever counts partitions in sectors of 4096 bytes has a disk of such sectors, which would refuse
 * to mount smaller ones.  An image of it cannot say so.
 */
static int fit_sectors(struct xfsw_call *call, struct xfsw_format *format,
		       const struct xfsw_image *img)
{
	struct xfs_mkfs_options *mkfs = &format->mkfs;

	if (!img->table_sector)
		return 0;
	if (mkfs->sectsize && mkfs->sectsize < img->table_sector) {
		xfsw_complain(call, img->path,
			      "sectors of %u bytes do not match the partition table, which counts "
			      "in sectors of %u",
			      mkfs->sectsize, img->table_sector);
		return XFSW_FAILED;
	}
	if (!mkfs->sectsize && img->table_sector > 512)
		mkfs->sectsize = img->table_sector;
	return 0;
}

int format_image(struct xfsw_call *call, struct xfsw_format *format, const char *path,
		 uint64_t size_bytes, bool empty, struct xfsw_image *img,
		 struct xfs_mkfs_geometry *geometry)
{
	int code, error;

	/* What cannot be formatted is refused before a file is made or emptied for it. */
	if (size_bytes && !xfsw_has(call, XFSW_OPT_LOGDEV) &&
	    format_geometry(call, format, size_bytes, geometry))
		return XFSW_FAILED;
	code = xfsw_open_target(call, path, size_bytes, empty, img);
	if (code)
		return code;
	code = fit_sectors(call, format, img);
	if (!code)
		code = fit_device(call, format, img, size_bytes);
	if (!code) {
		geometry->size = sizeof(*geometry);
		error = xfs_mkfs(img->dev, img->logdev, &format->mkfs, geometry);
		if (error)
			code = format_failed(call, path, error);
	}
	if (code) {
		bool made = img->made;

		xfsw_close_image(call, img, code);
		if (made)
			unlink(path);
	}
	return code;
}

/* What would be made of a device that is there already. */
static int dry_run_on(struct xfsw_call *call, struct xfsw_format *format, const char *path,
		      struct xfs_mkfs_geometry *geometry)
{
	struct xfsw_image img;
	int error, code = xfsw_open_to_look(call, path, &img);

	if (code)
		return code;
	code = fit_sectors(call, format, &img);
	if (!code) {
		error = xfs_mkfs_geometry(img.dev, img.logdev, &format->mkfs, geometry);
		if (error)
			code = format_failed(call, path, error);
	}
	return xfsw_close_image(call, &img, code);
}

int format_dry_run(struct xfsw_call *call, const struct xfsw_format *format, const char *path)
{
	struct xfs_mkfs_geometry geometry = { .size = sizeof(geometry) };
	struct xfsw_format own = *format;
	int code = 0;

	if (!own.size_bytes)
		code = dry_run_on(call, &own, path, &geometry);
	else if (format_geometry(call, &own, own.size_bytes, &geometry))
		code = XFSW_FAILED;
	if (code)
		return code;
	format_print(&geometry);
	return xfsw_finish_output(call);
}

/* Quota of the new file system, which stays in progress until it is closed. */
static int mount_for_quota(struct xfsw_call *call, const struct xfsw_format *format,
			   struct xfsw_image *img)
{
	struct xfs_mount_options options = {
		.size = sizeof(options), .flags = XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_INPROGRESS,
		.env = &call->env, .logdev = img->logdev,
	};
	int code, error = xfs_mount(img->dev, &options, &img->mp);

	if (error)
		return xfsw_fail(call, img->path, error);
	code = format_quota(call, format, img);
	if (code) {
		xfs_abandon(img->mp);
		img->mp = NULL;
	}
	return code;
}

static int run_mkfs(struct xfsw_call *call)
{
	struct xfs_mkfs_geometry geometry;
	const char *path = call->argv[0];
	struct xfsw_format format;
	struct xfsw_image img;
	int code = format_options(call, &format);

	if (code)
		return code;
	if (format.dry_run)
		return format_dry_run(call, &format, path);
	if (format.quota)
		format.mkfs.flags |= XFS_MKFS_INPROGRESS;
	code = format_image(call, &format, path, format.size_bytes, false, &img, &geometry);
	if (code)
		return code;
	if (format.quota)
		code = mount_for_quota(call, &format, &img);
	if (!code && format.verbose) {
		format_print(&geometry);
		code = xfsw_finish_output(call);
	}
	return xfsw_close_image(call, &img, code);
}

const struct xfsw_verb verb_mkfs = {
	.name = "mkfs",
	.group = XFSW_GROUP_MAKE,
	.operands = "[--size N] [OPTIONS] IMG",
	.summary = "Make an empty file system",
	.help = "IMG is a block device, or a file, which is created with --size bytes if it is "
		"missing.\n",
	.examples = "xfsw mkfs --size 1g new.img\n"
		"xfsw mkfs --size 512m -L data -m rmapbt=0 --profile 6.1 old-kernel.img\n"
		"xfsw mkfs --dry-run --size 10t huge.img\n",
	.shared = { format_options_table },
	.open = XFSW_OPEN_NONE,
	.flags = XFSW_NO_SHELL | XFSW_LONG_WORK,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_mkfs,
};

const struct xfsw_option format_options_table[] = {
	{ XFSW_OPT_SIZE, "size", "N", "size of the image in bytes" },
	{ 'f', "force", NULL, "overwrite existing contents" },
	{ 'N', "dry-run", NULL, "print the geometry, write nothing" },
	{ 'v', NULL, NULL, "print the geometry" },
	{ 'L', "label", "NAME", "label of at most 12 bytes" },
	{ XFSW_OPT_UUID, "uuid", "UUID", "use this UUID instead of a random one" },
	{ XFSW_OPT_SEED, "seed", "N",
	  "take random numbers (UUID, generations) from this seed: the same seed and "
	  "SOURCE_DATE_EPOCH give the same bytes" },
	{ XFSW_OPT_PROFILE, "profile", "7.2|6.1",
	  "use the defaults of that mkfs.xfs: 7.2 (default; rmapbt, nrext64, exchange, parent "
	  "pointers) needs Linux 6.10 to mount, 6.1 needs Linux 5.10" },
	{ XFSW_OPT_SMALL, "small", NULL,
	  "allow less than 300 MiB, a small log, a single AG: kernels mount them, but XFS does "
	  "not support them" },
	{ XFSW_OPT_DISCARD, "discard", NULL, "discard the device first" },
	{ XFSW_OPT_QUOTA, "quota", "user,group,project",
	  "turn on quota of these types, accounted and enforced; kernels keep it on when they "
	  "mount with uquota, gquota, pquota" },
	{ XFSW_OPT_QUOTA_NO_ENFORCE, "quota-no-enforce", NULL, "account quota only" },
	{ 0, NULL, NULL, "Options of mkfs.xfs:" },
	{ 'b', NULL, "size=N", "block size, 1k to 64k" },
	{ 's', NULL, "size=N", "sector size" },
	{ 'i', NULL, "OPTS", "inodes: size=N, maxpct=N, sparse=0|1, nrext64=0|1, exchange=0|1" },
	{ 'd', NULL, "OPTS",
	  "data: size=N, agcount=N, agsize=N, su=N, sw=N, sunit=N, swidth=N, noalign" },
	{ 'l', NULL, "OPTS", "log: size=N, agnum=N, su=N, sunit=N, sectsize=N, internal" },
	{ 'm', NULL, "OPTS",
	  "metadata: bigtime=0|1, finobt=0|1, inobtcount=0|1, reflink=0|1, rmapbt=0|1, uuid=U, "
	  "autofsck=0|1" },
	{ 'n', NULL, "OPTS", "directories: size=N, parent=0|1, version=2|ci" },
	{ 'K', NULL, NULL, "do not discard, which is the default" },
	XFSW_OPTIONS_END
};
