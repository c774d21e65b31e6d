/* SPDX-License-Identifier: MIT */
/*
 * Runs the checker over an image file, for shell tests: findings on stdout, one
 * a line; exit status 0 none, 1 some, 2 the check could not be done.
 *
 *   check_image [-d] [-p] [-n MAX] [-s] [-o BYTES] IMAGE [LOGDEV]
 *     -d  a dirty log is no finding      -p  neither is sb_inprogress
 *     -n  stop after MAX findings        -s  print the summary
 *     -o  the file system begins there
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/check.h>

static int print_finding(void *ctx, const struct xfs_finding *f)
{
	(void)ctx;
	printf("%s", f->structure);
	if (f->agno >= 0)
		printf(" ag %" PRId64, f->agno);
	if (f->block != ~0ull)
		printf(" block %" PRIu64, f->block);
	if (f->ino != ~0ull)
		printf(" inode %" PRIu64, f->ino);
	printf(": %s\n", f->text);
	return 0;
}

static void print_summary(const struct xfs_check_summary *s)
{
	printf("findings %" PRIu64 ", inodes %" PRIu64 " (%" PRIu64 " directories, %" PRIu64
	       " files, %" PRIu64 " symlinks, %" PRIu64 " specials), data extents %" PRIu64
	       ", blocks: shared %" PRIu64 ", metadata %" PRIu64 ", free %" PRIu64
	       ", not checked 0x%x\n",
	       s->findings, s->inodes, s->directories, s->files, s->symlinks, s->specials,
	       s->data_extents, s->shared_blocks, s->metadata_blocks, s->free_blocks,
	       s->not_checked);
}

static int open_device(const char *path, uint64_t offset, struct xfs_device **devp)
{
	struct xfs_device *file;
	int error = xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &file);

	if (error || !offset) {
		*devp = error ? NULL : file;
		return error;
	}
	error = xfs_device_open_window(file, offset, 0, devp);
	xfs_device_put(file);
	return error;
}

int main(int argc, char **argv)
{
	struct xfs_check_options opts = { .size = sizeof(opts), .finding = print_finding };
	struct xfs_check_summary sum = XFS_CHECK_SUMMARY_INIT;
	struct xfs_device *dev = NULL, *logdev = NULL;
	uint64_t offset = 0;
	int summary = 0, c, error;

	while ((c = getopt(argc, argv, "dpn:so:")) != -1) {
		switch (c) {
		case 'd':
			opts.flags |= XFS_CHECK_DIRTY_LOG_OK;
			break;
		case 'p':
			opts.flags |= XFS_CHECK_IN_PROGRESS_OK;
			break;
		case 'n':
			opts.max_findings = strtoull(optarg, NULL, 0);
			break;
		case 's':
			summary = 1;
			break;
		case 'o':
			offset = strtoull(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc) {
		fprintf(stderr,
			"usage: check_image [-d] [-p] [-n MAX] [-s] [-o BYTES] IMAGE [LOGDEV]\n");
		return 2;
	}
	error = open_device(argv[optind], offset, &dev);
	if (!error && optind + 1 < argc)
		error = open_device(argv[optind + 1], 0, &logdev);
	if (!error)
		error = xfs_check(dev, logdev, &opts, &sum);
	if (error)
		fprintf(stderr, "check_image: %s: %s\n", argv[optind], strerror(-error));
	else if (summary)
		print_summary(&sum);
	xfs_device_put(dev);
	xfs_device_put(logdev);
	return error ? 2 : sum.findings != 0;
}
