/* SPDX-License-Identifier: MIT */
/*
 * Recovery of a dirty log: the changes of committed transactions are replayed to their place.
 *
 * (RECOVER-1) Nothing is written before everything between tail and head has been read once and
 *     checked, intents included: a log that cannot be trusted is refused as a whole.  Some faults
 *     show only during replay; mount/ holds the writes back until its end.
 * (RECOVER-2) The log itself is never written here.  Until the caller makes the log clean, recovery
 *     may be interrupted at any write and restarted; it then gives the same result.
 * (RECOVER-3) Intents without a done item are not carried out here: the caller gets them in log
 *     order, and they stay in the log until the tail moves.
 *
 * Recovery runs before any cache of the mount exists and does its own device I/O.
 */
#ifndef LOG_RECOVER_H
#define LOG_RECOVER_H

#include "base/list.h"
#include "disk/log_item.h"
#include "log/log.h"

struct xlog_region {
	const void *data;		/* aligned to 8 bytes */
	uint32_t len;			/* length in the log: rounded up to 4 */
};

/*
 * Work that a committed transaction announced and no done item finished.  Lengths and counts are
 * consistent with each other and the type; values (blocks, inodes, flags) are not checked.
 */
struct xlog_intent {
	struct xfs_list xi_list;
	uint16_t xi_type;		/* XFS_LI_EFI, RUI, CUI, BUI, ATTRI, XMI or one of _RT */
	uint16_t xi_nregions;		/* 1; ATTRI up to 5 */
	uint64_t xi_id;
	xfs_lsn_t xi_lsn;		/* start LSN of its transaction */
	struct xlog_region xi_regions[5];
};

/* Get extent @i of an EFI, whose extents have 12 or 16 bytes. */
void xlog_efi_extent(const struct xlog_intent *intent, uint32_t i, struct xfs_efi_extent *ext);

/* "BUF", "EFI" ..., or "unknown". */
const char *xlog_item_name(uint16_t type);

/* What recovery found and did. */
struct xlog_recovery_stats {
	uint64_t records, transactions, uncommitted, ops;
	uint64_t items[XFS_LI_CUD_RT - XFS_LI_EFI + 1];		/* by type - XFS_LI_EFI */
	uint64_t pending[XFS_LI_CUD_RT - XFS_LI_EFI + 1];	/* intents without done item */
	uint64_t cancelled;		/* items skipped: their buffer was freed later */
	uint64_t newer;			/* items skipped: the place has a later LSN */
	uint64_t buffers_written, bytes_written;
	uint64_t steps;			/* index entries visited */
	uint64_t inodes_freed;		/* inodes of the unlinked lists, freed by the caller */
	uint64_t cow_blocks_freed;	/* freed by the caller */
	uint32_t torn_block;		/* where a torn record was discarded; ~0: none */
};

struct xlog_recovery {
	struct xlog_state state;	/* of the log that was recovered */
	struct xfs_list intents;	/* struct xlog_intent, in the order of the log */
	bool dropped_quota;		/* the log had dquots of a quota type that it turned off */
	bool logged_sb;			/* the log has the superblock: read it again */
	bool counted;			/* the first pass succeeded: @stats counts all items */
	bool replayed;
	struct xlog_recovery_stats stats;
};

/*
 * Replay the dirty log that @state describes onto mp->m_dev and flush it.  m_geo comes from the
 * superblock; no cache may hold anything yet.  With @dry nothing is replayed: the log is read, its
 * items are checked and counted.
 *
 * -EUCLEAN, -EBADMSG: the log cannot be trusted (text: record, block, item).  -ENOTSUP: written by
 * a machine of the other byte order, or with features that this version cannot replay.  -ENOMEM:
 * also when the log makes many more inodes than a writer would and the mount's memory limit does
 * not allow for them.  -ECANCELED: the progress hook asked for it; it is called only while nothing
 * has been written to the device.  -EIO.
 */
int xlog_recover(struct xfs_mount *mp, const struct xlog_state *state, bool dry,
		 struct xlog_recovery *rec) XFS_MUST_CHECK;

/* Free the remaining intents. */
void xlog_recovery_destroy(struct xfs_mount *mp, struct xlog_recovery *rec);
/* Free one intent, which is finished. */
void xlog_intent_free(struct xfs_mount *mp, struct xlog_intent *intent);

#endif
