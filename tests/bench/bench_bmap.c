/* SPDX-License-Identifier: MIT */
/*
 * Goal: numbers for the two ends of extent maps: many files of one extent, and one
 * file of very many.
 * Method: a formatted memory device, single thread; each phase timed.  Arguments: number of
 * small files (200000), extents of the large one (1000000).
 */
#include <stdio.h>
#include <stdlib.h>
#include <xfswrite/mkfs.h>
#include "ag/perag.h"
#include "core/message.h"
#include "inode/inode.h"
#include "mount/mount.h"
#include "support/test_inode.h"

static struct xfs_device *dev;
static struct xfs_mount *mp;

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(-error), xfs_last_text());
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void report(const char *what, double start, uint64_t n)
{
	double took = now() - start;

	printf("%-40s %8.3f s %10.0f/s\n", what, took, (double)n / took);
}

static void small_files(uint64_t n)
{
	struct xfs_inode **files = malloc(n * sizeof(*files));
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	double start;

	if (!files)
		abort();
	for (uint64_t i = 0; i < n; i++)
		files[i] = test_inode_new(mp, 128 + i % 1000000, S_IFREG | 0644);
	start = now();
	for (uint64_t i = 0; i < n; i++) {
		xfs_ilock_excl(files[i]);
		must(xfs_bmapi_reserve_delalloc(files[i], XFS_DATA_FORK, 0, 1, 0, &map), "promise");
		xfs_iunlock_excl(files[i]);
	}
	report("promise one block", start, n);
	start = now();
	for (uint64_t i = 0; i < n; i++) {
		must(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), "begin");
		xfs_ilock_excl(files[i]);
		must(xfs_bmapi_convert_delalloc(tp, files[i], XFS_DATA_FORK, 0, 1, false, &map),
		     "convert");
		xfs_iunlock_excl(files[i]);
		must(xfs_trans_commit(tp), "commit");
	}
	report("convert it to a real one", start, n);
	start = now();
	for (uint64_t i = 0; i < n; i++) {
		bool done;

		must(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), "begin");
		xfs_ilock_excl(files[i]);
		must(xfs_bunmapi(tp, files[i], 0, 1, 0, 2, &done), "unmap");
		xfs_iunlock_excl(files[i]);
		must(xfs_trans_commit(tp), "commit");
	}
	report("unmap it", start, n);
	must(xfs_checkpoint_writeback(mp, true), "write back");
	for (uint64_t i = 0; i < n; i++)
		test_inode_free(files[i]);
	free(files);
}

static void large_file(uint64_t n)
{
	struct xfs_inode *ip = test_inode_new(mp, 128, S_IFREG | 0644);
	struct xfs_bmbt_irec map;
	struct xfs_trans *tp;
	bool done = false;
	double start = now();

	for (uint64_t i = 0; i < n; i++) {
		must(xfs_trans_alloc_bytes(mp, 256u << 10, xfs_bmap_add_blocks(mp, XFS_DATA_FORK) + 1, 0, &tp),
		     "begin");
		xfs_ilock_excl(ip);
		must(xfs_bmapi_write(tp, ip, i, 1, i % 2 ? XFS_BMAPI_PREALLOC : 0, &map), "write");
		xfs_iunlock_excl(ip);
		must(xfs_trans_commit(tp), "commit");
	}
	report("build a file of many extents", start, n);
	printf("%" PRIu64 " extents, %.1f bytes of memory each, root level %u\n",
	       ip->i_df.if_nextents, (double)xfs_iext_memory(&ip->i_df) / (double)n,
	       get_be16(ip->i_df.if_broot));

	start = now();
	must(xfs_checkpoint_writeback(mp, true), "write back");
	report("write the tree back", start, n);
	xfs_buf_shrink(mp, 0);
	xfs_iext_destroy(mp, &ip->i_df);
	ip->i_df.if_needextents = true;
	xfs_ilock_excl(ip);
	start = now();
	must(xfs_iread_extents(ip, XFS_DATA_FORK), "read");
	xfs_iunlock_excl(ip);
	report("load it from the device", start, n);
	printf("%.1f bytes of memory each\n", (double)xfs_iext_memory(&ip->i_df) / (double)n);

	start = now();
	while (!done) {
		must(xfs_trans_alloc_bytes(mp, 256u << 10, 0, 0, &tp), "begin");
		xfs_ilock_excl(ip);
		must(xfs_bunmapi(tp, ip, 0, NULLFILEOFF, 0, 64, &done), "unmap");
		xfs_iunlock_excl(ip);
		must(xfs_trans_commit(tp), "commit");
	}
	report("truncate it to nothing", start, n);
	must(xfs_checkpoint_writeback(mp, true), "write back");
	test_inode_free(ip);
}

int main(int argc, char **argv)
{
	struct xfs_mkfs_options opts = {.size = sizeof(opts), .agcount = 4};
	struct xfs_mount_options mopts = {.size = sizeof(mopts), .flags = XFS_MOUNT_UNJOURNALLED,
					  .meta_cache_bytes = 1u << 30};
	uint64_t files = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000;
	uint64_t extents = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000000;

	must(xfs_device_open_memory(64ull << 30, 512, NULL, &dev), "device");
	must(xfs_mkfs(dev, NULL, &opts, NULL), "mkfs");
	must(xfs_mountfs(dev, &mopts, &mp), "mount");
	if (files)
		small_files(files);
	if (extents)
		large_file(extents);
	xfs_abandonfs(mp);
	xfs_device_put(dev);
	return 0;
}
