/* SPDX-License-Identifier: MIT */
/* A mount put together from caches and a checkpoint alone. */
#include <stdio.h>
#include <stdlib.h>
#include <xfswrite/mkfs.h>
#include "ag/perag.h"
#include "base/crc32c.h"
#include "buf/buf.h"
#include "core/message.h"
#include "device/queue.h"
#include "disk/geometry.h"
#include "support/test_mount.h"
#include "trans/trans.h"

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "test mount: %s: %s (%s)\n", what, strerror(-error), xfs_last_text());
	abort();
}

struct xfs_sb test_sb(uint32_t blocksize, uint32_t agblocks, uint32_t agcount)
{
	struct xfs_sb sb = {
		.sb_magicnum = XFS_SB_MAGIC,
		.sb_blocksize = blocksize,
		.sb_dblocks = (uint64_t)agblocks * agcount,
		.sb_rextsize = 1,
		.sb_agblocks = agblocks,
		.sb_agcount = agcount,
		.sb_versionnum = XFS_SB_VERSION_V5_REQUIRED | XFS_SB_VERSION_5,
		.sb_sectsize = 512,
		.sb_inodesize = 512,
		.sb_inopblock = (uint16_t)(blocksize / 512),
		.sb_blocklog = (uint8_t)xfs_log2_ceil(blocksize),
		.sb_sectlog = 9,
		.sb_inodelog = 9,
		.sb_inopblog = (uint8_t)xfs_log2_ceil(blocksize / 512),
		.sb_agblklog = (uint8_t)xfs_log2_ceil(agblocks),
		.sb_imax_pct = 25,
		.sb_inoalignmt = 64 * 512 / blocksize,
		.sb_spino_align = 8192 * 2 / blocksize,
		.sb_features2 = XFS_SB_VERSION2_V5_REQUIRED,
		.sb_features_ro_compat = XFS_SB_FEAT_RO_COMPAT_ALL,
		.sb_features_incompat = XFS_SB_FEAT_INCOMPAT_FTYPE |
					XFS_SB_FEAT_INCOMPAT_SPINODES |
					XFS_SB_FEAT_INCOMPAT_BIGTIME |
					XFS_SB_FEAT_INCOMPAT_NREXT64,
	};

	for (int i = 0; i < 16; i++)
		sb.sb_uuid.b[i] = (uint8_t)(0x11 * i);
	return sb;
}

static struct xfs_mount *set_up(const struct xfs_sb *sb, struct xfs_device *dev)
{
	struct xfs_mount *mp = calloc(1, sizeof(*mp));

	if (!mp)
		abort();
	xfs_mem_init(&mp->m_mem, NULL);
	mp->m_sb = *sb;
	must(xfs_geometry_init(&mp->m_geo, sb), "geometry");
	mp->m_dev = dev;
	mp->m_unjournalled = true;
	mp->m_meta_cache_bytes = 64u << 20;
	mp->m_data_cache_bytes = 64u << 20;
	mp->m_trace.env = &mp->m_env;
	mp->m_icount = (int64_t)sb->sb_icount;
	mp->m_ifree = (int64_t)sb->sb_ifree;
	mp->m_fdblocks = (int64_t)sb->sb_fdblocks;
	xfs_mutex_init(&mp->m_lock, XFS_CLASS_LEAF, 0);
	xfs_mutex_init(&mp->m_error_lock, XFS_CLASS_LEAF, UINT64_MAX);
	must(xfs_queue_create(dev, &mp->m_mem, 0, 0, &mp->m_queue), "queue");
	must(xfs_buf_cache_init(mp), "buffers");
	must(xfs_trans_init(mp), "transactions");
	return mp;
}

struct xfs_mount *test_mount_new(const struct xfs_sb *sb)
{
	struct xfs_device *dev;

	must(xfs_device_open_memory(sb->sb_dblocks << sb->sb_blocklog, 512, NULL, &dev), "device");
	return set_up(sb, dev);
}

struct xfs_mount *test_mount_device(struct xfs_device *dev)
{
	union {
		struct xfs_dsb dsb;
		char bytes[512];
	} u;
	struct xfs_sb sb;

	must(xfs_device_pread(dev, 0, &u, sizeof(u)), "superblock");
	xfs_sb_from_disk(&sb, &u.dsb);
	return set_up(&sb, dev);
}

struct xfs_mount *test_mount_mkfs(uint64_t size_bytes, const struct xfs_mkfs_options *opts)
{
	struct xfs_device *dev;
	struct xfs_mount *mp;

	must(xfs_device_open_memory(size_bytes, 512, NULL, &dev), "device");
	must(xfs_mkfs(dev, NULL, opts, NULL), "mkfs");
	mp = test_mount_device(dev);
	must(xfs_perag_init(mp), "AGs");
	must(xfs_ag_resv_init(mp), "reservations");
	return mp;
}

void test_mount_settle(struct xfs_mount *mp)
{
	union {
		struct xfs_dsb dsb;
		char bytes[4096];
	} u;
	size_t len = mp->m_geo.sectsize;

	must(xfs_checkpoint_writeback(mp, true), "writeback");
	must(xfs_device_pread(mp->m_dev, 0, &u, len), "superblock");
	must(xfs_ag_sum_counters(mp, &mp->m_sb.sb_icount, &mp->m_sb.sb_ifree,
				 &mp->m_sb.sb_fdblocks),
	     "counters");
	xfs_sb_to_disk(&u.dsb, &mp->m_sb);
	xfs_cksum_set(&u, len, XFS_SB_CRC_OFF);
	must(xfs_device_pwrite(mp->m_dev, 0, &u, len, 0), "superblock");
	must(xfs_device_flush(mp->m_dev), "flush");
}

void test_mount_free(struct xfs_mount *mp)
{
	xfs_perag_destroy(mp);
	xfs_trans_destroy(mp);
	xfs_buf_cache_destroy(mp);
	xfs_queue_destroy(mp->m_queue);
	xfs_device_put(mp->m_dev);
	xfs_mutex_destroy(&mp->m_lock);
	xfs_mutex_destroy(&mp->m_error_lock);
	free(mp);
}

void test_mount_cycle_cache(struct xfs_mount *mp)
{
	must(xfs_checkpoint_writeback(mp, true), "writeback");
	xfs_buf_shrink(mp, 0);
}

#define LAST_LINES	20u

/* The ring comes oldest first; only the newest lines matter. */
static void print_line(void *ctx, const char *line)
{
	unsigned int *n = ctx;

	if (++*n + LAST_LINES > XFS_TRACE_ENTRIES)
		fprintf(stderr, "  %s\n", line);
}

void test_die(struct xfs_mount *mp, uint64_t seed, const char *file, int line, const char *what)
{
	unsigned int lines = 0;

	fprintf(stderr, "%s:%d: %s\nseed %" PRIu64 "; last error: %s\n", file, line, what, seed,
		xfs_last_text());
	if (mp)
		xfs_trace_dump(&mp->m_trace, print_line, &lines);
	abort();
}

void test_ag_resv_free(struct xfs_mount *mp)
{
	int64_t held = 0;

	for (xfs_agnumber_t agno = 0; agno < mp->m_geo.agcount; agno++) {
		struct xfs_perag *pag = xfs_perag_peek(mp, agno);

		if (!pag)
			continue;
		xfs_mutex_lock(&pag->pag_lock);
		held += xfs_ag_resv_held(&pag->pag_meta_resv);
		held += XFS_MAX(pag->pag_rmapbt_resv.ar_asked, pag->pag_rmapbt_resv.ar_used);
		pag->pag_meta_resv = pag->pag_rmapbt_resv = (struct xfs_ag_resv){ 0 };
		xfs_mutex_unlock(&pag->pag_lock);
	}
	xfs_mutex_lock(&mp->m_lock);
	mp->m_fdblocks += held + mp->m_resblks_avail;
	mp->m_resblks_avail = 0;
	xfs_mutex_unlock(&mp->m_lock);
}
