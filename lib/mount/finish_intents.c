/* SPDX-License-Identifier: MIT */
/*
 * Completing the work that a crash interrupted: the intents that recovery found in the log without
 * a done item.
 *
 * (INTENT-1) Before anything is changed, all intents are checked and all inodes they name are read.
 *     A log that asks for something impossible leaves the file system as recovery made it.
 * (INTENT-2) The intents are carried out in the order of the log, each only its own part.  The work
 *     that follows from them comes after the last one, in the same order, because every intent is
 *     older than it.  Exchanges, which have no own part, come last.
 * (INTENT-3) A checkpoint that has the work of an intent also has its done item, and until that is
 *     durable, the tail stays in front of the intent.  So after another crash the next recovery
 *     carries out exactly the intents that this one did not.
 * (INTENT-4) All intents but exchanges are one transaction.  An exchange may be longer than any
 *     checkpoint: it is made in steps, each of which logs what is left as a new intent and is made
 *     durable.
 * (INTENT-5) Inodes stay referenced until the end: one without links must not be freed while
 *     something is still to be done to it.
 *
 * At last the inodes are put as at the end of normal use: preallocation behind the end of a file is
 * freed, as in kernels whenever an inode leaves memory.
 */
#include "ag/intent.h"
#include "attr/intent.h"
#include "bmap/intent.h"
#include "core/message.h"
#include "inode/inode.h"
#include "iomap/iomap.h"
#include "mount/mount_priv.h"
#include "reclaim/reclaim.h"
#include "trans/note.h"
#include "trans/resv.h"
#include "write/write.h"

/* Estimate of what one entry of an intent adds to the checkpoint: the leaves that it touches. */
#define BYTES_PER_ENTRY		(16u << 10)

struct work {
	struct xfs_mount *mp;
	const struct xlog_intent *intent;
	struct xfs_inode *ip, *ip2;
	bool keeps_tail;		/* leave the blocks behind the end of @ip alone */
	union {
		xfs_ino_t ino;		/* BUI */
		struct xfs_attr_intent attr;
		struct xfs_exchange_run run;	/* XMI */
	};
};

/* ---- (INTENT-1) ------------------------------------------------------------------- */

/* *@unread: the extents had not been read before. */
static int get_inode(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_inode **ipp, bool *unread)
{
	/* Inodes of the metadata directory tree have parent pointers, too. */
	uint32_t internal = xfs_has_metadir(&mp->m_geo) ? XFS_IGET_INTERNAL : 0;
	struct xfs_inode *ip;
	int error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED | XFS_IGET_UNLINKED | internal, &ip);

	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "log", "an intent is about inode %" PRIu64
				   ", which is not in use", ino);
	if (error)
		return error;
	*ipp = ip;
	xfs_ilock_excl(ip);
	*unread = xfs_fork_needs_read(ip, XFS_DATA_FORK);
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error && xfs_inode_has_attr_fork(ip))
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	xfs_iunlock_excl(ip);
	return error;
}

/* Check an intent without reading any inode. */
static int check_values(struct work *work)
{
	struct xfs_mount *mp = work->mp;
	const struct xlog_intent *intent = work->intent;

	switch (intent->xi_type) {
	case XFS_LI_EFI:
		return xfs_efi_check(mp, intent);
	case XFS_LI_RUI:
		return xfs_rui_check(mp, intent);
	case XFS_LI_CUI:
		return xfs_cui_check(mp, intent);
	case XFS_LI_BUI:
		return xfs_bui_check(mp, intent, &work->ino);
	case XFS_LI_ATTRI:
		return xfs_attri_check(mp, intent, &work->attr);
	case XFS_LI_XMI:
		work->run.id = intent->xi_id;
		return xfs_xmi_check(mp, intent, &work->run.ex);
	default:
		return xfs_error(mp, -EOPNOTSUPP, "the log has unfinished work of type %#x"
				 " for a realtime device", intent->xi_type);
	}
}

int xfs_recover_check_intent(struct xfs_mount *mp, const struct xlog_intent *intent)
{
	struct work work = { .mp = mp, .intent = intent };

	return check_values(&work);
}

static int check_inodes(struct work *work)
{
	bool unread;
	int error;

	switch (work->intent->xi_type) {
	case XFS_LI_BUI:
		return get_inode(work->mp, work->ino, &work->ip, &unread);
	case XFS_LI_ATTRI:
		error = get_inode(work->mp, work->attr.ino, &work->ip, &work->keeps_tail);
		return error ? error : xfs_attri_check_inode(&work->attr, work->ip);
	case XFS_LI_XMI:
		work->run.mp = work->mp;
		error = get_inode(work->mp, work->run.ex.ino1, &work->ip, &unread);
		if (!error)
			error = get_inode(work->mp, work->run.ex.ino2, &work->ip2, &unread);
		work->run.ip1 = work->ip;
		work->run.ip2 = work->ip2;
		return error ? error : xfs_xmi_check_inodes(&work->run.ex, work->ip, work->ip2);
	default:
		return 0;
	}
}

static int check(struct work *work)
{
	int error = check_values(work);

	return error ? error : check_inodes(work);
}

/* ---- (INTENT-2) ------------------------------------------------------------------- */

static int carry_out(struct xfs_trans *tp, struct work *work)
{
	int error;

	switch (work->intent->xi_type) {
	case XFS_LI_EFI:
		return xfs_efi_finish(tp, work->intent);
	case XFS_LI_RUI:
		return xfs_rui_finish(tp, work->intent);
	case XFS_LI_CUI:
		return xfs_cui_finish(tp, work->intent);
	default:
		break;
	}
	xfs_ilock_excl(work->ip);
	if (work->intent->xi_type == XFS_LI_BUI)
		error = xfs_bui_finish(tp, work->ip, work->intent);
	else
		error = xfs_attri_finish(tp, work->ip, &work->attr);
	xfs_iunlock_excl(work->ip);
	return error;
}

/* The done item of an EFI repeats the extents; others are only a head. */
static uint32_t done_len(const struct xlog_intent *intent)
{
	return intent->xi_type == XFS_LI_EFI ? intent->xi_regions[0].len
					     : (uint32_t)sizeof(struct xfs_intent_log_format);
}

static uint64_t log_need(const struct work *work)
{
	uint64_t entries = work->intent->xi_regions[0].len / 16;

	if (work->intent->xi_type == XFS_LI_ATTRI)
		return 2ull * xfs_resv(work->mp, XFS_RESV_ATTR_SET);
	return entries * BYTES_PER_ENTRY;
}

static void note_done(struct xfs_note *note, const struct xlog_intent *intent)
{
	uint16_t type = XFS_LI_EFD;
	uint8_t *data;

	if (intent->xi_type != XFS_LI_EFI) {
		xfs_note_done(note, intent->xi_type, intent->xi_id);
		return;
	}
	data = xfs_note_region(note, done_len(intent));
	memcpy(data, intent->xi_regions[0].data, done_len(intent));
	memcpy(data, &type, sizeof(type));
}

static int all_but_exchanges(struct xfs_mount *mp, struct work *work, size_t count)
{
	uint64_t need = 0, done_bytes = 0;
	struct xfs_trans *tp;
	struct xfs_note *note;
	int error;

	for (size_t i = 0; i < count; i++) {
		if (work[i].intent->xi_type == XFS_LI_XMI)
			continue;
		need += log_need(&work[i]);
		done_bytes += done_len(work[i].intent) + sizeof(uint32_t);
	}
	if (!need)
		return 0;
	note = xfs_note_new(mp, (size_t)done_bytes);
	if (!note)
		return xfs_error(mp, -ENOMEM, "out of memory for done items");
	error = xfs_trans_alloc_bytes(mp, xfs_resv_at_most(mp, need + 2 * done_bytes), 0, XFS_TRANS_FREES, &tp);
	if (error) {
		xfs_note_free(note);
		return error;
	}
	for (size_t i = 0; !error && i < count; i++) {
		if (work[i].intent->xi_type == XFS_LI_XMI)
			continue;
		error = carry_out(tp, &work[i]);
		note_done(note, work[i].intent);
	}
	if (error) {
		xfs_note_free(note);
		xfs_trans_cancel(tp);
		return error;
	}
	xfs_note_log(tp, note);
	return xfs_trans_commit(tp);
}

/* ---- (INTENT-4) ------------------------------------------------------------------- */

static void hold_tail(struct xfs_mount *mp, xfs_lsn_t lsn)
{
	xfs_hold_tail(mp, &mp->m_recovery_hold, lsn);
}

/* The oldest exchange from @first on.  Exchanges that have not begun hold the tail, too. */
static xfs_lsn_t oldest(const struct work *work, size_t first, size_t count)
{
	xfs_lsn_t lsn = 0;

	for (size_t i = first; i < count; i++) {
		if (work[i].intent->xi_type == XFS_LI_XMI &&
		    (!lsn || work[i].intent->xi_lsn < lsn))
			lsn = work[i].intent->xi_lsn;
	}
	return lsn;
}

static int exchanges(struct xfs_mount *mp, struct work *work, size_t count)
{
	int error = 0;

	for (size_t i = 0; !error && i < count; i++) {
		bool done = work[i].intent->xi_type != XFS_LI_XMI;

		while (!error && !done) {
			xfs_lsn_t others = oldest(work, i + 1, count), here;

			error = xfs_exchange_step(&work[i].run, xfs_resv_exchange_step(mp), false, &done);
			here = work[i].run.from;
			if (!error)
				error = xfs_log_force(mp, 0);
			/* What is left of it is in the checkpoint that has just become durable. */
			if (!error)
				hold_tail(mp, done ? others : others ? XFS_MIN(others, here) : here);
		}
	}
	return error;
}

/* ---- all -------------------------------------------------------------------- */

static int carry_out_all(struct xfs_mount *mp, struct work *work, size_t count)
{
	xfs_lsn_t first = work[0].intent->xi_lsn;
	int error;

	/*
	 * A checkpoint of the superblock moves the tail up to the oldest intent, which frees log
	 * space.
	 */
	for (size_t i = 0; i < count; i++)
		first = XFS_MIN(first, work[i].intent->xi_lsn);
	hold_tail(mp, first);
	__atomic_store_n(&mp->m_sb_changed, true, __ATOMIC_RELAXED);
	error = xfs_log_force(mp, 0);
	if (error)
		return error;
	xfs_refcount_expect_shared(mp);
	error = all_but_exchanges(mp, work, count);
	if (!error)
		error = xfs_log_force(mp, 0);
	if (!error)
		hold_tail(mp, oldest(work, 0, count));
	return error ? error : exchanges(mp, work, count);
}

/* Free the preallocation of @ip.  As in kernels, an empty file keeps it. */
static int trim(struct xfs_inode *ip)
{
	int error = 0;

	if (!ip || !xfs_is_reg(ip) || !xfs_inode_nlink(ip))
		return 0;
	xfs_rwlock_excl(&ip->i_iolock);
	if (xfs_isize(ip) && xfs_can_free_eofblocks(ip))
		error = xfs_free_eofblocks(ip);
	xfs_rwlock_unlock_excl(&ip->i_iolock);
	return error;
}

int xfs_recover_finish_intents(struct xfs_mount *mp, struct xfs_list *intents)
{
	const struct xlog_intent *intent;
	size_t count = 0, i = 0;
	struct work *work;
	int error = 0;

	xfs_list_for_each_entry(intent, intents, xi_list)
		count++;
	if (count == 0)
		return 0;
	work = xfs_zalloc(mp, count * sizeof(*work));
	if (!work)
		return xfs_error(mp, -ENOMEM, "out of memory for unfinished work");
	xfs_list_for_each_entry(intent, intents, xi_list) {
		work[i].mp = mp;
		work[i].intent = intent;
		error = check(&work[i++]);
		if (error)
			break;
	}
	if (!error)
		error = carry_out_all(mp, work, count);
	for (i = 0; !error && i < count; i++) {
		if (!work[i].keeps_tail)
			error = trim(work[i].ip);
		if (!error)
			error = trim(work[i].ip2);
	}
	for (i = 0; i < count; i++) {
		xfs_irele(work[i].ip);
		xfs_irele(work[i].ip2);
	}
	xfs_free(mp, work);
	return error;
}
