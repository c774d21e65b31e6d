/* SPDX-License-Identifier: MIT */
/*
 * Recovery of a dirty log: what committed transactions say goes to its place.
 *
 * (RECOVER-1) Nothing is written before all that is between tail and head was read once and found
 *     possible, intents included: a log that cannot be trusted is refused whole.  What only replay
 *     can tell is known at its end: mount/ holds the writes back until then.
 * (RECOVER-2) A log block is never written here.  Until the log is made clean by who called,
 *     recovery may be interrupted at any write and begun anew; it then gives the same result.
 * (RECOVER-3) What intents without a done item say is not done here: they are handed over in the
 *     order of the log, and stay in the log until the tail moves.
 *
 * Recovery comes before any cache of the mount: it reads and writes the devices itself.
 */
#ifndef LOG_RECOVER_H
#define LOG_RECOVER_H

#include "base/list.h"
#include "disk/log_item.h"
#include "log/log.h"

struct xlog_region {
	const void *data;		/* aligned to 8 bytes */
	uint32_t len;			/* as in the log: rounded up to 4 */
};

/*
 * Work that a committed transaction announced and nobody finished.  Lengths and counts
 * agree with each other and the type; values (blocks, inodes, flags) were not looked at.
 */
struct xlog_intent {
	struct xfs_list xi_list;
	uint16_t xi_type;		/* XFS_LI_EFI, RUI, CUI, BUI, ATTRI, XMI or one of _RT */
	uint16_t xi_nregions;		/* 1, but ATTRI: up to 5 */
	uint64_t xi_id;
	xfs_lsn_t xi_lsn;		/* start of its transaction */
	struct xlog_region xi_regions[5];
};

/* Extents of an EFI may be of 12 or 16 bytes: this takes the @i-th of either. */
void xlog_efi_extent(const struct xlog_intent *intent, uint32_t i, struct xfs_efi_extent *ext);

/* "BUF", "EFI" ...; "unknown". */
const char *xlog_item_name(uint16_t type);

/* What was found and done. */
struct xlog_recovery_stats {
	uint64_t records, transactions, uncommitted, ops;
	uint64_t items[XFS_LI_CUD_RT - XFS_LI_EFI + 1];		/* by type - XFS_LI_EFI */
	uint64_t pending[XFS_LI_CUD_RT - XFS_LI_EFI + 1];	/* intents without done item */
	uint64_t cancelled;		/* items skipped because their buffer was freed later */
	uint64_t newer;			/* items skipped because the place is newer */
	uint64_t buffers_written, bytes_written;
	uint64_t steps;			/* entries that searches came past */
	uint64_t inodes_freed;		/* of the unlinked lists, by who called */
	uint64_t cow_blocks_freed;	/* by who called */
	uint32_t torn_block;		/* ~0: none; where a torn record was cut off */
};

struct xlog_recovery {
	struct xlog_state state;	/* of the log that was recovered */
	struct xfs_list intents;	/* struct xlog_intent, in the order of the log */
	bool dropped_quota;		/* dquots were in the log and not replayed */
	bool logged_sb;			/* the superblock was changed: read it anew */
	bool counted;			/* all was read: @stats has all items */
	bool replayed;
	struct xlog_recovery_stats stats;
};

/*
 * Replay the dirty log that @state describes onto mp->m_dev and flush it.  m_geo is what
 * the superblock says; no cache may hold anything yet.  -EUCLEAN, -EBADMSG: the log
 * cannot be trusted (text: record, block, item); -ENOTSUP: written by a machine of the
 * other byte order, or what it holds cannot be replayed by this version; -EIO; -ENOMEM: also when it makes
 * many more new inodes than a writer would, and no limit for all memory allows them; -ECANCELED: the
 * progress hook said so, which is asked as long as mp->m_dev wrote nothing.
 * With @dry nothing is replayed: the log is read and its items are counted and checked.
 */
int xlog_recover(struct xfs_mount *mp, const struct xlog_state *state, bool dry,
		 struct xlog_recovery *rec) XFS_MUST_CHECK;

/* Frees the intents that are left. */
void xlog_recovery_destroy(struct xfs_mount *mp, struct xlog_recovery *rec);
/* One that is finished. */
void xlog_intent_free(struct xfs_mount *mp, struct xlog_intent *intent);

#endif
