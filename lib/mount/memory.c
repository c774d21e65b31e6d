/* SPDX-License-Identifier: MIT */
/*
 * The least memory that a mount needs, and the division of a memory limit.
 *
 * Allocated at open and kept: the structures of the mount, one for each AG (a reader has them only
 * for AGs that it meets: at most MANY_AGS are counted), the write queue, the window through which
 * checkpoints are written, the batch in which metadata is written in place, and the reserve.
 * Needed for any progress: a few folios, some metadata, the inodes in use.  If the limit is larger,
 * data and metadata share the rest.
 */
#include "ag/perag.h"
#include "core/message.h"
#include "disk/ag.h"
#include "disk/log.h"
#include "log/log.h"
#include "mount/mount_priv.h"
#include "pagecache/mapping.h"
#include "trans/trans.h"

#define STRUCT_BYTES	(160u << 10)	/* for the mount, the queue, hash tables, reservations */
#define BATCH_BYTES	(288u << 10)	/* the smallest batch and its vectors */
#define OPEN_BYTES	(512u << 10)	/* for transactions, inodes in use, small things */
#define META_BYTES	(256u << 10)
#define META_BUFS	16u		/* of the largest size */
#define CHECKPOINT_MIN	(1u << 20)
#define READ_BYTES	(512u << 10)	/* for the log, and what a reader has open */
#define MAP_SHARE	8u		/* no map takes more of a limit than this part */
#define BYTES_PER_EXTENT 18u		/* of a map in memory */
#define MANY_AGS	1024u		/* accepted without a check */

static uint64_t largest_buf(const struct xfs_geometry *geo)
{
	uint64_t cluster = (uint64_t)geo->inodes_per_cluster << geo->inodelog;

	cluster = XFS_MAX(cluster, (uint64_t)geo->blocksize);
	return XFS_MAX(cluster, (uint64_t)geo->dirblksize);
}

enum kind { READER, UNJOURNALLED, JOURNALLED };

static enum kind kind_of(const struct xfs_mount *mp)
{
	if (mp->m_rdonly)
		return READER;
	return mp->m_unjournalled ? UNJOURNALLED : JOURNALLED;
}

static uint64_t ag_bytes(const struct xfs_geometry *geo, enum kind kind)
{
	uint64_t agcount = geo->agcount;
	uint64_t bytes = (agcount >> (XFS_PERAG_GROUP_LOG + XFS_PERAG_TABLE_LOG)) * sizeof(void *);

	if (kind == READER)
		agcount = XFS_MIN(agcount, (uint64_t)MANY_AGS);
	return bytes + agcount * sizeof(struct xfs_perag);
}

/* Memory that the caches cannot have. */
static uint64_t fixed_bytes(const struct xfs_geometry *geo, enum kind kind)
{
	uint64_t bytes = STRUCT_BYTES + ag_bytes(geo, kind) + OPEN_BYTES;

	if (kind == READER)
		return bytes + READ_BYTES;
	bytes += xfs_mem_cost(0, (size_t)xfs_reserve_raw_bytes((size_t)xfs_reserve_memory(geo)));
	if (kind == JOURNALLED)
		bytes += BATCH_BYTES + xfs_mem_cost(4096, xlog_window_bytes(XLOG_MAX_RECORD_BSIZE));
	return bytes;
}

static uint64_t least_data(void)
{
	return XFS_PAGECACHE_MIN_FOLIOS * (uint64_t)xfs_mem_cost(4096, XFS_FOLIO_MAX_BYTES);
}

static uint64_t least_meta(const struct xfs_geometry *geo)
{
	return META_BYTES + META_BUFS * (uint64_t)xfs_mem_cost(4096, (size_t)largest_buf(geo));
}

static uint64_t least(const struct xfs_geometry *geo, enum kind kind)
{
	return XFS_ALIGN(fixed_bytes(geo, kind) + least_data() + least_meta(geo), (uint64_t)4096);
}

/*
 * A superblock may claim millions of AGs on a device that is one large hole.  A writer reads the
 * headers of all; before it allocates memory for them, check that the last AG exists.
 */
static int check_last_ag(struct xfs_mount *mp)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	xfs_agnumber_t last = geo->agcount - 1;
	struct xfs_agf *agf;
	int error;

	if (mp->m_rdonly || geo->agcount <= MANY_AGS)
		return 0;
	agf = xfs_zalloc(mp, geo->sectsize);
	if (!agf)
		return xfs_error(mp, -ENOMEM, "out of memory");
	error = xfs_device_pread(mp->m_dev, XFS_AG_DADDR(geo, last, XFS_AGF_SECTOR) << XFS_BB_SHIFT,
				 agf, geo->sectsize);
	if (error)
		error = xfs_error(mp, error, "reading the AGF of AG %u: %s", last, xfs_errstr(error));
	else if (be32_to_cpu(agf->agf_magicnum) != XFS_AGF_MAGIC ||
		 be32_to_cpu(agf->agf_seqno) != last)
		error = xfs_corrupt(mp, "AGF",
				    "the superblock says %u AGs, but the last one has no AGF",
				    geo->agcount);
	xfs_free(mp, agf);
	return error;
}

int xfs_least_memory(struct xfs_mount *mp, uint64_t *bytes)
{
	*bytes = least(&mp->m_geo, kind_of(mp));
	return check_last_ag(mp);
}

uint64_t xfs_least_to_recover(const struct xfs_mount *mp)
{
	return least(&mp->m_geo, JOURNALLED);
}

int xfs_divide_memory(struct xfs_mount *mp)
{
	struct xfs_budget *budget = mp->m_mem.budget;
	uint64_t limit = mp->m_memory_limit, taken = 0, need, rest;
	int error;

	mp->m_map_extents = limit / MAP_SHARE / BYTES_PER_EXTENT;
	if (!limit)
		return 0;
	error = xfs_least_memory(mp, &need);
	if (error)
		return error;
	if (mp->m_overlay)
		taken = __atomic_load_n(&budget->used, __ATOMIC_RELAXED);
	need += taken;
	if (limit < need)
		return xfs_error(mp, -ENOMEM, "memory_limit_bytes %" PRIu64 " is below %" PRIu64
				 ", the least for this file system", limit, need);
	budget->limit = limit;
	rest = limit - fixed_bytes(&mp->m_geo, kind_of(mp)) - taken;
	mp->m_data_cache_bytes = XFS_MIN(mp->m_data_cache_bytes, rest / 2);
	/*
	 * For buffers.  Inodes, the structures that describe them and I/O in flight have a share of
	 * their own.
	 */
	mp->m_meta_cache_bytes = XFS_MIN(mp->m_meta_cache_bytes, rest / 6);
	mp->m_checkpoint_bytes = XFS_MAX(limit / 8, (uint64_t)CHECKPOINT_MIN);
	return 0;
}

uint64_t xfs_recovery_memory(const struct xfs_mount *mp)
{
	if (!mp->m_memory_limit)
		return UINT64_MAX;
	return (mp->m_memory_limit - fixed_bytes(&mp->m_geo, kind_of(mp))) / 2;
}
