/* SPDX-License-Identifier: MIT */
/*
 * Opening: superblock, caches, log, AG headers, root directory, files left without names, in this
 * order.  Closing goes in reverse.
 */
#include "base/need.h"
#include "ag/perag.h"
#include "base/growable.h"
#include "buf/buf.h"
#include "core/counter.h"
#include "core/message.h"
#include "device/claim.h"
#include "device/hold.h"
#include "device/queue.h"
#include "disk/log.h"
#include "inode/inode.h"
#include "log/log.h"
#include "mount/mount_priv.h"
#include "namei/namei.h"
#include "pagecache/mapping.h"
#include "quota/quota.h"
#include "trans/trans.h"
#include "write/writeback.h"

#define DATA_CACHE_BYTES	(32u << 20)
#define META_CACHE_BYTES	(64u << 20)
#define BOOTSTRAP_BYTES		(256u << 10)
#define PREALLOC_LIFETIME	300u		/* seconds */
#define DIRTY_EXPIRE		30u

/*
 * A damaged file system that should not be written is refused before the first change, if possible.
 * With more AGs than this, opening would take long on a disk that has to seek: the others are
 * checked when they are first used.
 */
#define CHECK_AT_OPEN	64u
#define COPY_IN_BYTES		(1u << 20)	/* smaller writes are better merged with their
						 * neighbours */
#define EXCHANGE_BYTES	(1u << 20)

#define KNOWN_FLAGS	(XFS_MOUNT_RDONLY | XFS_MOUNT_UNJOURNALLED | XFS_MOUNT_NORECOVERY | \
			 XFS_MOUNT_INPROGRESS | XFS_MOUNT_RECOVER_IN_MEMORY | XFS_MOUNT_SWALLOC)

/* Copy the options that the caller's header knows; the others get their defaults. */
static int copy_options(struct xfs_mount_options *opts, const struct xfs_mount_options *given)
{
	int error;

	memset(opts, 0, sizeof(*opts));
	if (!given)
		return 0;
	error = xfs_take_struct(xfs_mount_options, opts, given, flags);
	if (error)
		return error;
	if (opts->flags & ~KNOWN_FLAGS)
		return xfs_error(NULL, -EINVAL, "unknown mount flags 0x%x",
				 opts->flags & ~KNOWN_FLAGS);
	return 0;
}

static int read_options(struct xfs_mount *mp, struct xfs_device *dev,
			const struct xfs_mount_options *opts)
{
	xfs_rand_init(&mp->m_rand, &mp->m_env);
	mp->m_trace.env = &mp->m_env;
	mp->m_rdonly = opts->flags & XFS_MOUNT_RDONLY;
	mp->m_unjournalled = opts->flags & XFS_MOUNT_UNJOURNALLED;
	if ((opts->flags & XFS_MOUNT_NORECOVERY) && !mp->m_rdonly)
		return xfs_error(NULL, -EINVAL, "XFS_MOUNT_NORECOVERY needs XFS_MOUNT_RDONLY");
	if ((opts->flags & XFS_MOUNT_RECOVER_IN_MEMORY) &&
	    (!mp->m_rdonly || opts->flags & XFS_MOUNT_NORECOVERY))
		return xfs_error(NULL, -EINVAL,
				 "XFS_MOUNT_RECOVER_IN_MEMORY needs XFS_MOUNT_RDONLY and excludes "
				 "XFS_MOUNT_NORECOVERY");
	mp->m_swalloc = opts->flags & XFS_MOUNT_SWALLOC;
	mp->m_prealloc_lifetime = opts->prealloc_lifetime_seconds ? opts->prealloc_lifetime_seconds
								  : PREALLOC_LIFETIME;
	mp->m_dirty_expire = opts->dirty_expire_seconds ? opts->dirty_expire_seconds : DIRTY_EXPIRE;
	mp->m_tick_forced = xfs_now(mp).tv_sec;
	mp->m_uid = opts->uid;
	mp->m_gid = opts->gid;
	mp->m_unprivileged = opts->unprivileged;
	if (opts->quota > XFS_MOUNT_QUOTA_REFUSE)
		return xfs_error(NULL, -EINVAL, "unknown value %u of quota", opts->quota);
	mp->m_quota_account_only = opts->quota == XFS_MOUNT_QUOTA_ACCOUNT_ONLY;
	mp->m_quota_refused = opts->quota == XFS_MOUNT_QUOTA_REFUSE;
	mp->m_data_cache_bytes = opts->data_cache_bytes ? opts->data_cache_bytes : DATA_CACHE_BYTES;
	mp->m_meta_cache_bytes = opts->meta_cache_bytes ? opts->meta_cache_bytes : META_CACHE_BYTES;
	mp->m_memory_limit = opts->memory_limit_bytes;
	mp->m_copy_in_bytes = COPY_IN_BYTES;
	mp->m_exchange_bytes = EXCHANGE_BYTES;
	if (opts->allocsize_bytes) {
		if (!xfs_is_power_of_2(opts->allocsize_bytes) || opts->allocsize_bytes < 4096 ||
		    opts->allocsize_bytes > 1u << 30)
			return xfs_error(NULL, -EINVAL,
					 "allocsize %u is not a power of two from 4k to 1g",
					 opts->allocsize_bytes);
		mp->m_allocsize_log = xfs_highbit64(opts->allocsize_bytes);
	}
	mp->m_dev = xfs_device_get(dev);
	mp->m_logdev = opts->logdev ? xfs_device_get(opts->logdev) : NULL;
	return 0;
}

/* The counters of a clean file system are exact; otherwise it is damaged. */
static int check_counters(struct xfs_mount *mp)
{
	const struct xfs_sb *sb = &mp->m_sb;
	uint64_t icount, ifree, fdblocks;
	int error = xfs_ag_sum_counters(mp, &icount, &ifree, &fdblocks);

	if (!error)
		error = xfs_ag_check_counters(mp, XFS_MIN(mp->m_geo.agcount, CHECK_AT_OPEN));
	if (error)
		return error;
	if (icount != sb->sb_icount)
		return xfs_corrupt(mp, "superblock", "sb_icount is %" PRIu64 ", the agi_count of all "
				   "AGs together %" PRIu64, sb->sb_icount, icount);
	if (ifree != sb->sb_ifree)
		return xfs_corrupt(mp, "superblock", "sb_ifree is %" PRIu64 ", the agi_freecount of "
				   "all AGs together %" PRIu64, sb->sb_ifree, ifree);
	if (fdblocks != sb->sb_fdblocks)
		return xfs_corrupt(mp, "superblock", "sb_fdblocks is %" PRIu64 ", agf_freeblks, "
				   "agf_flcount and agf_btreeblks of all AGs together %" PRIu64,
				   sb->sb_fdblocks, fdblocks);
	return 0;
}

/* From here on there may be transactions, whose changes are logged. */
static int open_journal(struct xfs_mount *mp, const struct xlog_state *log)
{
	int error;

	if (mp->m_sb.sb_inprogress)
		return xfs_error(mp, -EUCLEAN,
				 "the image is unfinished (in progress): only "
				 "XFS_MOUNT_UNJOURNALLED can finish it");
	error = xlog_open(mp, log);
	return error ? error : xfs_trans_start_journal(mp);
}

/* Read an inode that the superblock names; it must be in use and of type @type. */
static int get_named(struct xfs_mount *mp, const char *field, xfs_ino_t ino, uint32_t type,
		     uint32_t flags, struct xfs_inode **ipp)
{
	int error = xfs_iget(mp, ino, flags, ipp);

	/* The superblock, not a caller, named the inode, so its absence is damage. */
	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "superblock",
				   "%s names inode %" PRIu64 ", which is not in use", field, ino);
	if (error || (xfs_inode_mode(*ipp) & S_IFMT) == type)
		return error;
	error = xfs_corrupt(mp, "superblock", "%s names inode %" PRIu64 ", which is no %s", field, ino,
			    type == S_IFDIR ? "directory" : "regular file");
	xfs_irele(*ipp);
	*ipp = NULL;
	return error;
}

static int open_root(struct xfs_mount *mp)
{
	return get_named(mp, "sb_rootino", mp->m_sb.sb_rootino, S_IFDIR, 0, &mp->m_rootip);
}

/*
 * This library reads none of these inodes here.  But writing to a file system in which they lead
 * elsewhere would take a user's object for one of them, or leave a file system that no kernel
 * mounts.
 */
static int check_own_inodes(struct xfs_mount *mp)
{
	const struct xfs_geometry *geo = &mp->m_geo;
	const struct {
		const char *field;
		xfs_ino_t ino;
		bool needed;
	} own[] = {
		{ "sb_rbmino", geo->rbmino, true },
		{ "sb_rsumino", geo->rsumino, true },
		{ "sb_uquotino", geo->uquotino, xfs_has_quota(geo) },
		{ "sb_gquotino", geo->gquotino, xfs_has_quota(geo) },
		{ "sb_pquotino", geo->pquotino, xfs_has_quota(geo) },
	};

	struct xfs_inode *ip;
	int error;

	if (xfs_has_metadir(geo)) {
		error = xfs_metadir_root(mp, &ip);
		if (!error)
			xfs_irele(ip);
		return error;
	}
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (!own[i].needed || (own[i].ino == NULLFSINO && i > 1))
			continue;
		error = get_named(mp, own[i].field, own[i].ino, S_IFREG, XFS_IGET_INTERNAL, &ip);
		if (error)
			return error;
		xfs_irele(ip);
	}
	return 0;
}

/* A writer has the devices for itself.  @held: claims of the same devices, or NULL. */
static int claim_devices(struct xfs_mount *mp, const struct xfs_claim *held)
{
	int error;

	if (mp->m_rdonly)
		return 0;
	mp->m_claims = xfs_mem_zalloc(&mp->m_mem, 2 * sizeof(*mp->m_claims));
	if (!mp->m_claims)
		return xfs_error(mp, -ENOMEM, "out of memory");
	error = xfs_device_claim(mp->m_dev, held, &mp->m_claims[0]);
	if (!error && mp->m_logdev)
		error = xfs_device_claim(mp->m_logdev, held ? &held[1] : NULL, &mp->m_claims[1]);
	return error;
}

static void unclaim_devices(struct xfs_mount *mp)
{
	if (!mp->m_claims)
		return;
	xfs_device_unclaim(&mp->m_claims[1]);
	xfs_device_unclaim(&mp->m_claims[0]);
	xfs_mem_free(&mp->m_mem, mp->m_claims);
}

static void tear_down(struct xfs_mount *mp)
{
	if (mp->m_checkpoint)
		xfs_trans_destroy(mp);
	xfs_quota_close(mp);
	xlog_close(mp);
	xfs_recovery_free(mp);
	xfs_inode_cache_destroy(mp);
	xfs_pagecache_destroy(mp);
	xfs_perag_destroy(mp);
	xfs_buf_cache_destroy(mp);
	xfs_queue_destroy(mp->m_queue);
	mp->m_queue = NULL;
	xfs_drop_hold(mp);
	unclaim_devices(mp);
	xfs_device_put(mp->m_logdev);
	xfs_device_put(mp->m_dev);
	xfs_hold_destroy(mp->m_overlay);
	xfs_mutex_destroy(&mp->m_lock);
	xfs_mutex_destroy(&mp->m_error_lock);
	xfs_mutex_destroy(&mp->m_failed_lock);
	xfs_mutex_destroy(&mp->m_mark_lock);
	xfs_mutex_destroy(&mp->m_rename_lock);
}

static int set_up(struct xfs_mount *mp, uint32_t flags)
{
	struct xlog_state log = { 0 };
	int error;

	error = xfs_readsb(mp, flags & XFS_MOUNT_INPROGRESS);
	if (!error)
		error = xfs_divide_memory(mp);
	/*
	 * This may put an overlay on the device, and blocks that it replays must not be cached
	 * before.
	 */
	if (!error)
		error = xfs_open_log(mp, flags, &log);
	if (!error) {
		error = xfs_queue_create(mp->m_dev, &mp->m_mem, 0, 0, &mp->m_queue);
		if (error)
			xfs_error(mp, error, "out of memory for the write queue");
	}
	if (!error)
		error = xfs_buf_cache_init(mp);
	if (!error)
		error = xfs_trans_init(mp);
	if (!error)
		error = xfs_claims_init(mp);
	if (!error)
		error = xfs_perag_init(mp);
	if (!error)
		error = xfs_pagecache_init(mp);
	if (!error)
		error = xfs_inode_cache_init(mp);
	if (!error && mp->m_rdonly) {
		const struct xfs_sb *sb = &mp->m_sb;
		uint64_t icount = XFS_MIN(sb->sb_icount, sb->sb_dblocks << sb->sb_inopblog);

		/*
		 * A reader needs no AG header yet; it takes the superblock's counters, limited to
		 * possible values.
		 */
		mp->m_fdblocks = (int64_t)XFS_MIN(sb->sb_fdblocks, sb->sb_dblocks);
		mp->m_set_aside = (int64_t)XFS_AG_SET_ASIDE * sb->sb_agcount;
		mp->m_icount = (int64_t)icount;
		mp->m_ifree = (int64_t)XFS_MIN(sb->sb_ifree, icount);
	} else if (!error) {
		error = xfs_ag_resv_init(mp);
		if (!error)
			error = log.clean ? check_counters(mp) : xfs_recover_counters(mp);
	}
	if (!error && !mp->m_rdonly && !mp->m_unjournalled)
		error = open_journal(mp, &log);
	if (!error)
		error = open_root(mp);
	if (!error && !mp->m_rdonly)
		error = check_own_inodes(mp);
	if (!error && mp->m_sb.sb_inprogress) {
		__atomic_fetch_or(&mp->m_state, XFS_STATE_MARKED, __ATOMIC_RELAXED);
		/* As in xfs_mark_in_progress(). */
		mp->m_sb.sb_qflags &= (uint16_t)~XFS_ALL_QUOTA_CHKD;
	}
	if (!error && !mp->m_rdonly)
		error = xfs_quota_open(mp);
	if (!error && !mp->m_rdonly)
		error = log.clean ? xfs_free_leftovers(mp) : xfs_finish_recovery(mp);
	return mp->m_hold ? xfs_end_hold(mp, error) : error;
}

/* Make a mount and apply its options; the device is not read. */
static int make_mount(struct xfs_device *dev, const struct xfs_mount_options *given,
		      struct xfs_mount_options *opts, struct xfs_mount **mpp)
{
	struct xfs_env env;
	struct xfs_mem mem;
	struct xfs_mount *mp;
	int error;

	*mpp = NULL;
	error = copy_options(opts, given);
	if (!error)
		error = xfs_env_take(&env, opts->env);
	if (error)
		return error;
	xfs_mem_init(&mem, &env);
	/* The caller's limit takes effect when the needs of the file system are known. */
	if (!xfs_budget_create(&mem, opts->memory_limit_bytes
				     ? XFS_MAX(opts->memory_limit_bytes, (uint64_t)BOOTSTRAP_BYTES) : 0))
		return xfs_error(NULL, -ENOMEM, "out of memory");
	mp = xfs_mem_zalloc(&mem, sizeof(*mp));
	if (!mp) {
		xfs_budget_destroy(&mem);
		return xfs_error(NULL, -ENOMEM, "out of memory");
	}
	mp->m_mem = mem;
	mp->m_env = env;
	mp->m_upcalls = &xfs_mount_upcalls;
	xfs_mutex_init(&mp->m_lock, XFS_CLASS_LEAF, 0);
	xfs_mutex_init(&mp->m_error_lock, XFS_CLASS_LEAF, UINT64_MAX);
	xfs_mutex_init(&mp->m_rename_lock, XFS_CLASS_IOLOCK, 0);
	xfs_mutex_init(&mp->m_failed_lock, XFS_CLASS_COMMIT, 0);
	xfs_mutex_init(&mp->m_mark_lock, XFS_CLASS_TRANS, 1);
	error = read_options(mp, dev, opts);
	if (error)
		xfs_abandonfs(mp);
	else
		*mpp = mp;
	return error;
}

/* How a mount is begun. */
struct how {
	bool claim;
	struct xfs_mount *outer;	/* it is mounted while this one is being opened */
	bool proved;			/* recovery succeeded on trial */
	struct xfs_claim *held;		/* with @proved and @claim: claims kept since the trial */
};

static int mount_once(struct xfs_device *dev, const struct xfs_mount_options *given,
		      const struct how *how, struct xfs_mount **mpp)
{
	struct xfs_mount_options opts;
	int error = make_mount(dev, given, &opts, mpp);

	if (!error && how->claim)
		error = claim_devices(*mpp, how->held);
	if (!error) {
		(*mpp)->m_outer = how->outer;
		(*mpp)->m_proved = how->proved;
		error = set_up(*mpp, opts.flags);
	}
	if (error && *mpp) {
		xfs_abandonfs(*mpp);
		*mpp = NULL;
	}
	return error;
}

/* The trial succeeded: recover again, this time writing to the devices. */
static int mount_proved(struct xfs_device *dev, const struct xfs_mount_options *given,
			struct how *how, struct xfs_mount **mpp)
{
	struct xfs_claim held[2] = { { .nr_parts = 0 } };
	struct xfs_mount *tried = *mpp;
	struct xfs_mount_options opts;
	int error = copy_options(&opts, given);

	xfs_message(tried, XFS_LOG_INFO,
		    "log: a trial recovery in memory succeeded; recovery begins");
	if (!error && how->claim)
		error = xfs_device_claim(dev, &tried->m_claims[0], &held[0]);
	if (!error && how->claim && opts.logdev)
		error = xfs_device_claim(opts.logdev, &tried->m_claims[1], &held[1]);
	xfs_abandonfs(tried);
	*mpp = NULL;
	how->proved = true;
	how->held = held;
	if (!error)
		error = mount_once(dev, given, how, mpp);
	xfs_device_unclaim(&held[1]);
	xfs_device_unclaim(&held[0]);
	return error;
}

/* @outer: NULL, or a mount that has the claims already. */
static int mount_device(struct xfs_device *dev, const struct xfs_mount_options *given,
			struct xfs_mount *outer, struct xfs_mount **mpp)
{
	struct how how = { .claim = !outer, .outer = outer };
	int error = mount_once(dev, given, &how, mpp);

	if (!error && xfs_recovery_on_trial(*mpp))
		error = mount_proved(dev, given, &how, mpp);
	return error;
}

int xfs_mountfs(struct xfs_device *dev, const struct xfs_mount_options *opts,
		struct xfs_mount **mpp)
{
	return mount_device(dev, opts, NULL, mpp);
}

int xfs_mountfs_within(struct xfs_mount *outer, const struct xfs_mount_options *opts,
		       struct xfs_mount **mpp)
{
	return mount_device(outer->m_dev, opts, outer, mpp);
}

int xfs_mountfs_minimum(struct xfs_device *dev, const struct xfs_mount_options *given,
			uint64_t *bytes)
{
	struct xfs_mount_options opts;
	struct xfs_mount *mp;
	int error = make_mount(dev, given, &opts, &mp);

	if (!error)
		error = xfs_readsb(mp, opts.flags & XFS_MOUNT_INPROGRESS);
	if (!error)
		error = xfs_least_memory(mp, bytes);
	if (error)
		*bytes = 0;
	if (mp)
		xfs_abandonfs(mp);
	return error;
}

void xfs_abandonfs(struct xfs_mount *mp)
{
	struct xfs_mem mem = mp->m_mem;

	__atomic_fetch_or(&mp->m_state, XFS_STATE_SHUTDOWN | XFS_STATE_DYING, __ATOMIC_SEQ_CST);
	if (mp->m_rootip)
		xfs_irele(mp->m_rootip);
	if (mp->m_queue)
		xfs_queue_cancel(mp->m_queue, -EIO);
	xfs_writeback_abandon(mp);
	tear_down(mp);
	xfs_mem_free(&mem, mp);
	xfs_budget_destroy(&mem);
}
