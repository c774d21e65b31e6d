/* SPDX-License-Identifier: MIT */
/*
 * Exclusive use of a device within this process: who writes claims it first.
 *
 * (CLAIM-1) Claims are for bytes of what really holds them: a claim of a window or of any device
 *     that tells its base (struct xfs_device_ops) is one of that part of the base, and two devices
 *     over one host file or block device are the same device.
 * (CLAIM-2) A byte has at most one claim for writing.
 * (CLAIM-3) A write overlay does not write to its base, but what it shows is made of it: who claims
 *     an overlay holds all of the base against writers, others like him excepted.  As long as there
 *     are changes in the overlay this stays, when the claim is given back; the overlay's own commit
 *     may write.
 * (CLAIM-4) Readers claim nothing.
 * (CLAIM-5) A partition is that range of its disk, a loop device that range of its file, each under its
 *     own name as well: claims of them are for the bytes of the lowest file or disk that is known.
 * (CLAIM-6) Who claims a device that is made of others (device-mapper, md) holds all of each of
 *     these, and of what those are made of, against others: which parts it has is not known.  Two such
 *     devices over one disk do not disturb each other; whoever made them keeps them apart (two
 *     logical volumes, a snapshot and its origin).
 */
#ifndef DEVICE_CLAIM_H
#define DEVICE_CLAIM_H

#include <xfswrite/device.h>
#include "base/list.h"

/* So many overlays on each other, and members of what the lowest is on. */
#define XFS_CLAIM_PARTS	64

/* What holds the bytes: a device, a host file, a block device. */
struct xfs_claim_identity {
	uint64_t kind, id[2];
};

struct xfs_claim_part {
	struct xfs_list link;
	struct xfs_claim_identity identity;
	uint64_t start, end;		/* bytes */
	bool for_write;
	bool member;			/* of a device that is made of others */
	const void *owner;		/* its own claims do not disturb it */
};

/* Zeroed: none. */
struct xfs_claim {
	uint32_t nr_parts;
	struct xfs_device *overlay;	/* what was claimed is one; or NULL */
	struct xfs_claim_part parts[XFS_CLAIM_PARTS];
};

/*
 * Claim all of @dev for writing; the caller has a reference to it as long as @claim lasts.
 * @owner: claims of his are no obstacle; NULL: nobody's.  -EBUSY, with a text.
 */
int xfs_device_claim(struct xfs_device *dev, const void *owner, struct xfs_claim *claim)
	XFS_MUST_CHECK;
/* Give it back; none is fine. */
void xfs_device_unclaim(struct xfs_claim *claim);

#endif
