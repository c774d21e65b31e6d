/* SPDX-License-Identifier: MIT */
/*
 * Goal: adding, finding, listing, exchanging and removing names in one large directory takes the
 *       same time per name however large it is.
 * Method: bench_dir [NAMES [HANDLE]]: NAMES (a million) names of usual lengths into one directory
 *       of a volume in memory, HANDLE (1) of them in one transaction, without the work on inodes;
 *       CPU times on standard output.  Fails when the last tenth took five times as long as the
 *       first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "dir/dir.h"
#include "namei/namei.h"
#include "support/test_fs.h"

static struct test_fs fs;
static struct xfs_inode *dp;
static xfs_ino_t ino;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void ok(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s: %s\n", what, strerror(-error), xfs_error_text(fs.mp));
	exit(1);
}

static struct xfs_name make_name(char *buf, uint64_t i)
{
	/* Not in the order of hashes, and not all of one length. */
	uint32_t x = (uint32_t)(i * 2654435761u);
	int len =
		snprintf(buf, 64, "%08" PRIx32 "-%" PRIu64 "%.*s", x, i, (int)(x % 9), ".jpeg.bak");

	return (struct xfs_name){
		.name = (const uint8_t *)buf, .len = (uint32_t)len, .type = XFS_DIR3_FT_REG_FILE,
	};
}

enum what { ADD, FIND, REMOVE };

static void run(enum what what, uint64_t first, uint64_t end, uint64_t per_handle)
{
	struct xfs_mount *mp = fs.mp;
	struct xfs_trans *tp = NULL;
	struct xfs_name name;
	xfs_ino_t found;
	char buf[64];

	for (uint64_t i = first; i < end; i++) {
		if (what != FIND && !tp) {
			ok(xfs_trans_alloc_bytes(mp, 256u << 10, xfs_dir_add_blocks(mp, 64) * (uint32_t)per_handle,
					   0, &tp),
			   "handle");
			xfs_ilock_excl(dp);
		} else if (what == FIND) {
			xfs_ilock_shared(dp);
		}
		name = make_name(buf, i);
		if (what == ADD) {
			ok(xfs_dir_prepare_add(dp, &name, &(uint32_t){ 0 }), "prepare");
			ok(xfs_dir_createname(tp, dp, &name, ino), "add");
		} else if (what == REMOVE) {
			ok(xfs_dir_removename(tp, dp, &name, ino), "remove");
		} else {
			ok(xfs_dir_lookup(dp, &name, &found), "find");
		}
		if (what == FIND) {
			xfs_iunlock_shared(dp);
		} else if ((i + 1) % per_handle == 0 || i + 1 == end) {
			xfs_iunlock_excl(dp);
			ok(xfs_trans_commit(tp), "commit");
			tp = NULL;
		}
	}
}

static double timed(const char *title, enum what what, uint64_t n, uint64_t per_handle)
{
	double start = now(), first, last, end;

	run(what, 0, n / 10, per_handle);
	first = now() - start;
	run(what, n / 10, n - n / 10, per_handle);
	last = now();
	run(what, n - n / 10, n, per_handle);
	end = now();
	printf("%-8s %9.0f names/s; first tenth %.2f us/name, last tenth %.2f us/name\n", title,
	       (double)n / (end - start), first * 1e7 / (double)n, (end - last) * 1e7 / (double)n);
	return (end - last) / first;
}

static bool count(void *arg, const struct xfs_name *name, xfs_ino_t found, uint64_t next)
{
	(void)name;
	(void)found;
	(void)next;
	++*(uint64_t *)arg;
	return true;
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
	uint64_t per_handle = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct xfs_mkfs_options mkfs = { .size = sizeof(mkfs), .parent = XFS_MKFS_OFF };
	struct xfs_name d = { .name = (const uint8_t *)"d", .len = 1 };
	uint64_t seen = 0, cookie = 0;
	double slower, start;

	if (getenv("DIRBLOCK"))
		mkfs.dirblocksize = (uint32_t)strtoul(getenv("DIRBLOCK"), NULL, 0);
	test_fs_make(&fs, (n >> 20) * (256ull << 20) + (1ull << 30), &mkfs);
	ok(xfs_mkdir(fs.mp, "/d", 0755), "mkdir");
	ok(xfs_lookup(fs.mp->m_rootip, &d, &dp), "lookup");
	ino = dp->i_ino;
	slower = timed("add", ADD, n, per_handle);
	timed("find", FIND, n, 1);
	start = now();
	xfs_ilock_shared(dp);
	ok(xfs_dir_readdir(dp, &cookie, count, &seen), "readdir");
	xfs_iunlock_shared(dp);
	printf("%-8s %9.0f names/s\n", "list", (double)n / (now() - start));
	if (seen != n + 2) {
		fprintf(stderr, "%" PRIu64 " names were listed\n", seen);
		return 1;
	}
	start = now();
	for (uint64_t i = 0; i < n / 5; i++) {
		run(REMOVE, i * 5, i * 5 + 1, 1);
		run(ADD, n + i, n + i + 1, 1);
	}
	printf("%-8s %9.0f names/s\n", "churn", (double)n / 2.5 / (now() - start));
	for (uint64_t i = 0; i < n / 5; i++) {
		run(REMOVE, n + i, n + i + 1, 1);
		run(ADD, i * 5, i * 5 + 1, 1);
	}
	timed("remove", REMOVE, n, per_handle);
	if (!xfs_dir_is_empty(dp)) {
		fprintf(stderr, "the directory is not empty\n");
		return 1;
	}
	xfs_irele(dp);
	test_fs_end(&fs);
	if (slower > 5) {
		fprintf(stderr, "adding became %.1f times as slow\n", slower);
		return 1;
	}
	return 0;
}
