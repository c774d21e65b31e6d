/* SPDX-License-Identifier: MIT */
/*
 * The end of what somebody else's crash interrupted: the intents that recovery found in the
 * log without a done item.
 *
 * (F1) All are looked at, and all inodes they name are read, before anything is changed: a
 *      log that asks for the impossible leaves the file system as recovery made it.
 * (F2) They are carried out in the order of the log, each for its own part; what follows
 *      from them comes after the last of them, in the same order.  An intent describes older
 *      work than what follows from any.
 * (F3) All of it is one handle, so it is in one checkpoint: before that is durable the intents
 *      stand in front of the tail, and another recovery begins with them anew; after it they
 *      are behind the tail.  None is ever carried out twice.
 * (F4) Inodes stay referenced until the end: one without links must not be freed
 *      while something is still to be done to it.
 */
#include "ag/intent.h"
#include "attr/intent.h"
#include "bmap/intent.h"
#include "core/message.h"
#include "inode/inode.h"
#include "mount/mount_priv.h"
#include "trans/defer.h"

/* What one entry of an intent may add to the checkpoint, about: the leaves it touches. */
#define BYTES_PER_INTENT	(16u << 10)

struct work {
	struct xfs_defer_item item;	/* XMI: all of it follows */
	struct xfs_mount *mp;
	const struct xlog_intent *intent;
	struct xfs_inode *ip, *ip2;
	union {
		struct xfs_attr_intent attr;
		struct xfs_exchange ex;
	};
};

/* ---- (F1) ------------------------------------------------------------------------------------ */

static int get_inode(struct xfs_mount *mp, xfs_ino_t ino, struct xfs_inode **ipp)
{
	struct xfs_inode *ip;
	int error = xfs_iget(mp, ino, XFS_IGET_UNTRUSTED | XFS_IGET_UNLINKED, &ip);

	if (error == -ENOENT || error == -EINVAL)
		return xfs_corrupt(mp, "log", "an intent is about inode %" PRIu64
				   ", which is not in use", ino);
	if (error)
		return error;
	*ipp = ip;
	xfs_ilock_excl(ip);
	error = xfs_iread_extents(ip, XFS_DATA_FORK);
	if (!error && xfs_inode_has_attr_fork(ip))
		error = xfs_iread_extents(ip, XFS_ATTR_FORK);
	xfs_iunlock_excl(ip);
	return error;
}

static int check_attri(struct work *work)
{
	int error = xfs_attri_check(work->mp, work->intent, &work->attr);

	if (!error)
		error = get_inode(work->mp, work->attr.ino, &work->ip);
	return error ? error : xfs_attri_check_inode(&work->attr, work->ip);
}

static int check_xmi(struct work *work)
{
	int error = xfs_xmi_check(work->mp, work->intent, &work->ex);

	if (!error)
		error = get_inode(work->mp, work->ex.ino1, &work->ip);
	if (!error)
		error = get_inode(work->mp, work->ex.ino2, &work->ip2);
	return error ? error : xfs_xmi_check_inodes(&work->ex, work->ip, work->ip2);
}

static int check(struct work *work)
{
	xfs_ino_t ino;
	int error;

	switch (work->intent->xi_type) {
	case XFS_LI_EFI:
		return xfs_efi_check(work->mp, work->intent);
	case XFS_LI_RUI:
		return xfs_rui_check(work->mp, work->intent);
	case XFS_LI_CUI:
		return xfs_cui_check(work->mp, work->intent);
	case XFS_LI_BUI:
		error = xfs_bui_check(work->mp, work->intent, &ino);
		return error ? error : get_inode(work->mp, ino, &work->ip);
	case XFS_LI_ATTRI:
		return check_attri(work);
	case XFS_LI_XMI:
		return check_xmi(work);
	default:
		return xfs_error(work->mp, -EOPNOTSUPP, "the log has unfinished work of type %#x"
				 " for a realtime device", work->intent->xi_type);
	}
}

/* ---- (F2) ------------------------------------------------------------------------------------- */

static int finish_exchange(struct xfs_trans *tp, struct xfs_defer_item *item)
{
	struct work *work = container_of(item, struct work, item);
	struct xfs_inode *ips[2] = { work->ip, work->ip2 };
	int error;

	if (!tp)
		return 0;
	xfs_ilock_many(ips, 2);
	error = xfs_xmi_finish(tp, work->ip, work->ip2, &work->ex);
	xfs_iunlock_many(ips, 2);
	return error;
}

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
	case XFS_LI_XMI:
		xfs_defer_add(tp, &work->item, finish_exchange);
		return 0;
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

static int carry_out_all(struct xfs_mount *mp, struct work *work, size_t count)
{
	uint64_t bytes = (uint64_t)count * BYTES_PER_INTENT;
	struct xfs_trans *tp;
	int error;

	xfs_refcount_expect_shared(mp);
	error = xfs_trans_alloc(mp, (uint32_t)XFS_MIN(bytes, UINT32_MAX), 0, XFS_TRANS_FREES, &tp);
	if (error)
		return error;
	for (size_t i = 0; !error && i < count; i++)
		error = carry_out(tp, &work[i]);
	if (!error)
		return xfs_trans_commit(tp);
	xfs_trans_cancel(tp);
	return error;
}

int xfs_recover_finish_intents(struct xfs_mount *mp, struct xfs_list *intents)
{
	struct xlog_intent *intent;
	size_t count = 0, i = 0;
	struct work *work;
	int error = 0;

	for (struct xfs_list *pos = intents->next; pos != intents; pos = pos->next)
		count++;
	if (count == 0)
		return 0;
	work = xfs_zalloc(mp, count * sizeof(*work));
	if (!work)
		return xfs_error(mp, -ENOMEM, "out of memory for unfinished work");
	for (struct xfs_list *pos = intents->next; !error && pos != intents; pos = pos->next) {
		intent = container_of(pos, struct xlog_intent, xi_list);
		work[i].mp = mp;
		work[i].intent = intent;
		error = check(&work[i++]);
	}
	if (!error)
		error = carry_out_all(mp, work, count);
	for (i = 0; i < count; i++) {
		xfs_irele(work[i].ip);
		xfs_irele(work[i].ip2);
	}
	xfs_free(mp, work);
	while (!error && !xfs_list_empty(intents)) {
		intent = xfs_list_first_entry(intents, struct xlog_intent, xi_list);
		xfs_list_del(&intent->xi_list);
		xlog_intent_free(mp, intent);
	}
	return error;
}
