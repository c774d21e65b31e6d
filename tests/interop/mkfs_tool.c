/* SPDX-License-Identifier: MIT */
/*
 * xfs_mkfs() with the options of mkfs.xfs, so that a script can give both the same
 * command line:
 *
 *	mkfs_tool [-P 6.1|7.2] [-T seconds] [mkfs.xfs options] FILE
 *
 * -T sets the clock, -N prints what would be made.  Options of mkfs.xfs that
 * the library has no use for (-f, -q, -K, --unsupported) are taken or ignored.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/mkfs.h>
#include "core/message.h"

static struct xfs_mkfs_options opts = { .size = sizeof(opts) };
static uint64_t data_su, data_sw;
static const char *logdev_path;
static time_t fixed_time;
static bool no_inode_limit;

static void fixed_clock(void *ctx, struct xfs_timespec *now)
{
	(void)ctx;
	*now = (struct xfs_timespec){ .tv_sec = fixed_time, .tv_nsec = 123456789 };
}

static void usage(const char *what)
{
	fprintf(stderr, "mkfs_tool: %s\n", what);
	exit(2);
}

/* A number with k, m, g or t; b is the block size, which must have been given before. */
static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	switch (*end) {
	case 't':
		n <<= 10;
		/* fallthrough */
	case 'g':
		n <<= 10;
		/* fallthrough */
	case 'm':
		n <<= 10;
		/* fallthrough */
	case 'k':
		return n << 10;
	case 'b':
		return n * (opts.blocksize ? opts.blocksize : 4096);
	case 's':
		return n * 512;
	case '\0':
		return n;
	default:
		usage(text);
		return 0;
	}
}

static void parse_uuid(const char *text)
{
	unsigned int n = 0;

	for (; *text && n < 32; text++) {
		char digit[2] = { *text, 0 };
		unsigned int v;

		if (*text == '-')
			continue;
		v = (unsigned int)strtoul(digit, NULL, 16);
		opts.uuid[n / 2] = (uint8_t)(opts.uuid[n / 2] << 4 | v);
		n++;
	}
}

static void set_switch(uint8_t *option, const char *value)
{
	*option = value[0] == '0' ? XFS_MKFS_OFF : XFS_MKFS_ON;
}

static void suboption(int group, const char *key, const char *value)
{
	static const struct {
		char group;
		const char *key;
		size_t offset;
	} switches[] = {
#define SWITCH(g, k, m) { g, k, offsetof(struct xfs_mkfs_options, m) }
		SWITCH('m', "finobt", finobt),	       SWITCH('m', "rmapbt", rmapbt),
		SWITCH('m', "reflink", reflink),       SWITCH('m', "bigtime", bigtime),
		SWITCH('m', "inobtcount", inobtcount), SWITCH('m', "autofsck", autofsck),
		SWITCH('i', "sparse", sparse),	       SWITCH('i', "nrext64", nrext64),
		SWITCH('i', "exchange", exchange),     SWITCH('n', "parent", parent),
	};
	struct {
		char group;
		const char *key;
		void *number;
		size_t size;
	} numbers[] = {
#define NUMBER(g, k, m) { g, k, &opts.m, sizeof(opts.m) }
		NUMBER('b', "size", blocksize),	  NUMBER('s', "size", sectsize),
		NUMBER('i', "size", inodesize),	  NUMBER('i', "maxpct", imaxpct),
		NUMBER('n', "size", dirblocksize), NUMBER('d', "size", data_size),
		NUMBER('d', "agcount", agcount),  NUMBER('d', "agsize", agsize),
		NUMBER('l', "size", log_size),	  NUMBER('l', "agnum", log_agno),
		NUMBER('l', "su", log_sunit),	  NUMBER('l', "sectsize", log_sectsize),
		{ 'd', "su", &data_su, 8 },	  { 'd', "sw", &data_sw, 8 },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (switches[i].group == group && !strcmp(switches[i].key, key)) {
			set_switch((uint8_t *)&opts + switches[i].offset, value);
			return;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].group == group && !strcmp(numbers[i].key, key)) {
			uint64_t n = number(value);
			uint32_t n32 = (uint32_t)n;

			memcpy(numbers[i].number, numbers[i].size == 8 ? (void *)&n : &n32,
			       numbers[i].size);
			if (group == 'i' && !strcmp(key, "maxpct"))
				no_inode_limit = !n;
			if (group == 'l' && !strcmp(key, "agnum"))
				opts.flags |= XFS_MKFS_LOG_AG;
			return;
		}
	if (group == 'm' && !strcmp(key, "uuid"))
		parse_uuid(value);
	else if (group == 'l' && !strcmp(key, "logdev"))
		logdev_path = value;
	else if (group == 'n' && !strcmp(key, "version") && !strcmp(value, "ci"))
		opts.flags |= XFS_MKFS_ASCII_CI;
	else if (group == 'd' && !strcmp(key, "noalign"))
		opts.flags |= XFS_MKFS_NOALIGN;
	else if (!(group == 'm' && !strcmp(key, "crc")))
		usage(key);
}

static void suboptions(int group, char *text)
{
	char *save, *token;

	for (token = strtok_r(text, ",", &save); token; token = strtok_r(NULL, ",", &save)) {
		char *value = strchr(token, '=');

		if (value)
			*value++ = '\0';
		suboption(group, token, value ? value : "");
	}
}

static void print_geometry(const struct xfs_mkfs_geometry *g)
{
	printf("isize=%u agcount=%u agsize=%u sectsz=%u bsize=%u blocks=%" PRIu64
	       " imaxpct=%u sunit=%u swidth=%u dirsize=%u logblocks=%u logsectsz=%u"
	       " logsunit=%u root=%" PRIu64 " logag=%u logagbno=%u minlog=%u\n",
	       g->inodesize, g->agcount, g->agblocks, g->sectsize, g->blocksize, g->dblocks,
	       g->imaxpct, g->sunit, g->swidth, g->dirblocksize, g->logblocks, g->logsectsize,
	       g->logsunit / g->blocksize, g->root_ino, g->log_agno, g->log_agbno,
	       g->min_logblocks);
}

static struct xfs_device *open_device(const char *path, unsigned int flags)
{
	struct xfs_device *dev;
	int error = xfs_device_open_file(path, flags, 0, &dev);

	if (error) {
		fprintf(stderr, "mkfs_tool: %s: %s\n", path, strerror(-error));
		exit(1);
	}
	return dev;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "unsupported", no_argument, NULL, 'U' },
		{ "inprogress", no_argument, NULL, 'I' },
		{ NULL, 0, NULL, 0 },
	};
	static struct xfs_env env = { .size = sizeof(env) };
	struct xfs_mkfs_geometry geo = { .size = sizeof(geo) };
	struct xfs_device *dev, *logdev = NULL;
	bool dry = false;
	int c, error;

	while ((c = getopt_long(argc, argv, "b:d:i:l:m:n:s:L:P:T:fqKN", longopts, NULL)) != -1) {
		switch (c) {
		case 'f':
			opts.flags |= XFS_MKFS_FORCE;
			break;
		case 'q':
		case 'K':
			break;
		case 'N':
			dry = true;
			break;
		case 'U':
			opts.flags |= XFS_MKFS_SMALL;
			break;
		case 'I':
			opts.flags |= XFS_MKFS_INPROGRESS;
			break;
		case 'L':
			memcpy(opts.label, optarg, strnlen(optarg, sizeof(opts.label)));
			break;
		case 'P':
			opts.profile = strcmp(optarg, "6.1") ? XFS_MKFS_PROFILE_7_2
							     : XFS_MKFS_PROFILE_6_1;
			break;
		case 'T':
			fixed_time = (time_t)strtoll(optarg, NULL, 0);
			env.clock = fixed_clock;
			break;
		case '?':
			return 2;
		default:
			suboptions(c, optarg);
			break;
		}
	}
	if (optind != argc - 1)
		usage("one file");
	/* mkfs.xfs 6.1 takes 0 for "default". */
	if (no_inode_limit && opts.profile != XFS_MKFS_PROFILE_6_1)
		opts.imaxpct = XFS_MKFS_IMAXPCT_NOLIMIT;
	opts.env = &env;
	opts.sunit = data_su;
	opts.swidth = data_su * data_sw;
	dev = open_device(argv[optind], dry ? XFS_DEV_RDONLY : 0);
	if (logdev_path)
		logdev = open_device(logdev_path, dry ? XFS_DEV_RDONLY : 0);
	error = dry ? xfs_mkfs_geometry(dev, logdev, &opts, &geo)
		    : xfs_mkfs(dev, logdev, &opts, &geo);
	if (error)
		fprintf(stderr, "mkfs_tool: %s (%s)\n", xfs_last_text(), strerror(-error));
	else if (dry)
		print_geometry(&geo);
	xfs_device_put(logdev);
	xfs_device_put(dev);
	return error ? 1 : 0;
}
