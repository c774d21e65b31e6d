/* SPDX-License-Identifier: MIT */
/*
 * The order of a check.
 *
 *  1. superblock and geometry: without them nothing else can be found;
 *  2. the log: clean or not, and the highest LSN that metadata may carry;
 *  3. each AG: headers and trees; produces the free extents, inode chunks,
 *     and the owners of the trees' own blocks;
 *  4. unlinked lists, then each inode: core, forks, attributes; produces the
 *     owners of all other blocks, and a table of types and links;
 *  5. each directory, which needs that table; then links and parents;
 *  6. quota files, against what the inodes of each owner use;
 *  7. each AG again: every block has one owner, reference counts and reverse
 *     mappings are those that were found;
 *  8. the counters of the superblock.
 */
#include "base/growable.h"
#include "base/need.h"
#include "check/check_priv.h"

/*
 * On a sparse device a superblock can claim millions of AGs, each of which would cost memory and
 * four findings.  After this many AGs in a row whose headers are all zeros, the rest is skipped and
 * reported as one finding.
 */
#define ZERO_AGS_MAX	1024u

#define KNOWN_FLAGS	(XFS_CHECK_IN_PROGRESS_OK | XFS_CHECK_DIRTY_LOG_OK)

static bool headers_are_zero(struct xfs_check *chk, uint32_t agno, uint8_t *sectors)
{
	uint32_t len = XFS_CHECK_AG_SECTORS * chk->g.sectsize;

	return !xfs_check_read(chk, xfs_check_daddr(&chk->g, agno, 0) << XFS_BB_SHIFT, sectors,
			       len) &&
	       xfs_check_zeros(sectors, len);
}

static int bound_ags(struct xfs_check *chk)
{
	struct xfs_check_geo *g = &chk->g;
	uint32_t row = 0, agno;
	uint8_t *sectors;

	if (g->agcount <= ZERO_AGS_MAX)
		return 0;
	sectors = xfs_mem_alloc(&chk->mem, XFS_CHECK_AG_SECTORS * g->sectsize);
	if (!sectors)
		return -ENOMEM;
	for (agno = 0; agno < g->agcount && row < ZERO_AGS_MAX; agno++)
		row = headers_are_zero(chk, agno, sectors) ? row + 1 : 0;
	xfs_mem_free(&chk->mem, sectors);
	if (row < ZERO_AGS_MAX)
		return 0;
	xfs_check_report(chk, xfs_check_at("superblock", 0, 0, XFS_CHECK_NOINO),
			 "sb_agcount is %u, but the headers of groups %u to %u and perhaps more are "
			 "zeros; groups from %u on are not looked at", chk->sb.sb_agcount,
			 agno - row, agno - 1, agno - row);
	g->agcount = agno - row;
	return g->agcount ? 0 : -EINVAL;
}

static int alloc_buffers(struct xfs_check *chk)
{
	const struct xfs_check_geo *g = &chk->g;

	for (unsigned int i = 0; i < XFS_CHECK_MAX_LEVELS; i++) {
		chk->level_buf[i] = xfs_mem_alloc(&chk->mem, g->blocksize);
		if (!chk->level_buf[i])
			return -ENOMEM;
	}
	for (unsigned int i = 0; i < XFS_CHECK_DA_LEVELS; i++) {
		chk->da_buf[i] = xfs_mem_alloc(&chk->mem, g->dirblksize);
		if (!chk->da_buf[i])
			return -ENOMEM;
	}
	chk->inode_buf = xfs_mem_alloc(&chk->mem, XFS_INODES_PER_CHUNK * (size_t)g->isize);
	chk->dir_inode = xfs_mem_alloc(&chk->mem, g->isize);
	chk->dir_buf = xfs_mem_alloc(&chk->mem, XFS_MAX_BLOCKSIZE);
	chk->value_buf = xfs_mem_alloc(&chk->mem, XFS_MAX_BLOCKSIZE);
	chk->ag = xfs_mem_zalloc(&chk->mem, g->agcount * sizeof(*chk->ag));
	if (!chk->inode_buf || !chk->dir_inode || !chk->dir_buf || !chk->value_buf || !chk->ag)
		return -ENOMEM;
	return xfs_check_cache_init(chk);
}

static void free_all(struct xfs_check *chk)
{
	for (uint32_t agno = 0; chk->ag && agno < chk->g.agcount; agno++) {
		struct xfs_check_ag *ag = &chk->ag[agno];
		struct xfs_check_chunk *c = ag->chunks.v;

		for (size_t i = 0; i < ag->chunks.n; i++)
			xfs_mem_free(&chk->mem, c[i].info);
		xfs_check_vec_free(chk, &ag->chunks);
		xfs_check_vec_free(chk, &ag->spans);
		xfs_check_vec_free(chk, &ag->free);
	}
	xfs_mem_free(&chk->mem, chk->ag);
	for (unsigned int i = 0; i < XFS_CHECK_MAX_LEVELS; i++)
		xfs_mem_free(&chk->mem, chk->level_buf[i]);
	for (unsigned int i = 0; i < XFS_CHECK_DA_LEVELS; i++)
		xfs_mem_free(&chk->mem, chk->da_buf[i]);
	xfs_mem_free(&chk->mem, chk->inode_buf);
	xfs_mem_free(&chk->mem, chk->dir_inode);
	xfs_mem_free(&chk->mem, chk->dir_buf);
	xfs_mem_free(&chk->mem, chk->value_buf);
	xfs_check_vec_free(chk, &chk->dirs);
	xfs_check_vec_free(chk, &chk->unlinked);
	xfs_check_vec_free(chk, &chk->dfork);
	xfs_check_vec_free(chk, &chk->afork);
	xfs_check_set_free(chk, &chk->seen);
	xfs_check_quota_free(chk);
	xfs_check_io_exit(chk);
}

/* The superblock was read before the end of the log was known. */
static void check_sb_lsn(struct xfs_check *chk)
{
	xfs_check_lsn(chk, xfs_check_at("superblock", 0, 0, XFS_CHECK_NOINO),
		      (uint64_t)chk->sb.sb_lsn);
}

/* The three counters are exact if the log is clean, and undefined otherwise. */
static void check_counters(struct xfs_check *chk)
{
	struct xfs_check_place at = xfs_check_at("superblock", 0, 0, XFS_CHECK_NOINO);
	uint64_t icount = 0, ifree = 0, fdblocks = 0;
	const struct xfs_sb *sb = &chk->sb;
	bool inodes = true, blocks = true;

	for (uint32_t agno = 0; agno < chk->g.agcount; agno++) {
		const struct xfs_check_ag *ag = &chk->ag[agno];

		inodes &= ag->inobt_ok;
		blocks &= ag->free_ok;
		icount += ag->icount;
		ifree += ag->ifree;
		fdblocks += (uint64_t)ag->freeblks + ag->flcount + ag->btreeblks;
	}
	if (!chk->log_clean || chk->stop || sb->sb_inprogress)
		return;
	if (inodes && sb->sb_icount != icount)
		xfs_check_report(chk, at, "sb_icount is %" PRIu64 ", counted %" PRIu64,
				 sb->sb_icount, icount);
	if (inodes && sb->sb_ifree != ifree)
		xfs_check_report(chk, at, "sb_ifree is %" PRIu64 ", counted %" PRIu64, sb->sb_ifree,
				 ifree);
	if (blocks && sb->sb_fdblocks != fdblocks)
		xfs_check_report(chk, at, "sb_fdblocks is %" PRIu64 ", counted %" PRIu64,
				 sb->sb_fdblocks, fdblocks);
}

static void note_unchecked(struct xfs_check *chk)
{
	if (chk->g.rt)
		chk->sum.not_checked |= XFS_CHECK_SKIPPED_REALTIME;
	if (xfs_check_quota_skipped(chk))
		chk->sum.not_checked |= XFS_CHECK_SKIPPED_QUOTA;
}

static void run(struct xfs_check *chk)
{
	void (*const phase[])(struct xfs_check * chk) = {
		xfs_check_log,	  check_sb_lsn,	  xfs_check_ags,   xfs_check_unlinked_lists,
		xfs_check_inodes, xfs_check_dirs, xfs_check_links, xfs_check_quota,
		xfs_check_space,  check_counters,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(phase) && !chk->stop; i++)
		phase[i](chk);
	note_unchecked(chk);
}

int xfs_check_open(struct xfs_device *dev, struct xfs_device *logdev,
		   const struct xfs_check_options *opts, struct xfs_check **chkp)
{
	struct xfs_check *chk;
	struct xfs_mem mem;
	int error;

	*chkp = NULL;
	error = xfs_mem_take(&mem, opts ? opts->env : NULL);
	if (error)
		return error;
	chk = xfs_mem_zalloc(&mem, sizeof(*chk));
	if (!chk)
		return -ENOMEM;
	chk->mem = mem;
	chk->dev = dev;
	chk->logdev = logdev;
	if (opts)
		chk->opts = *opts;
	error = xfs_check_io_init(chk);
	if (!error)
		error = xfs_check_sb(chk);
	if (!error && !chk->stop)
		error = bound_ags(chk);
	if (!error && !chk->stop)
		error = alloc_buffers(chk);
	*chkp = chk;
	return error;
}

void xfs_check_close(struct xfs_check *chk)
{
	struct xfs_mem mem;

	if (!chk)
		return;
	mem = chk->mem;
	free_all(chk);
	xfs_mem_free(&mem, chk);
}

static int do_check(struct xfs_device *dev, struct xfs_device *logdev,
		    const struct xfs_check_options *opts, struct xfs_check_summary *summary)
{
	struct xfs_check_options own = XFS_CHECK_OPTIONS_INIT;
	struct xfs_check *chk;
	int error;

	error = xfs_need_object(dev);
	if (!error && opts)
		error = xfs_take_struct(xfs_check_options, &own, opts, flags);
	if (!error && summary)
		error = xfs_need_struct(xfs_check_summary, summary, findings);
	if (!error && own.flags & ~KNOWN_FLAGS)
		error = xfs_fail(-EINVAL, "unknown check flags 0x%x", own.flags & ~KNOWN_FLAGS);
	if (error)
		return error;
	error = xfs_check_open(dev, logdev, &own, &chk);
	if (!error) {
		run(chk);
		error = chk->error;
	}
	if (summary && chk)
		xfs_give_struct(&chk->sum, summary);
	xfs_check_close(chk);
	return error;
}

int xfs_check(struct xfs_device *dev, struct xfs_device *logdev,
	      const struct xfs_check_options *opts, struct xfs_check_summary *summary)
{
	return XFS_CALL(do_check(dev, logdev, opts, summary));
}
