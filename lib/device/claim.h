/* SPDX-License-Identifier: MIT */
/*
 * Claims: a writer takes exclusive use of a device's bytes within this process.
 *
 * (CLAIM-1) A claim is for bytes of whatever really holds them: a claim of a window, or of any
 *     device that names its base (struct xfs_device_ops), is one of that part of the base, and two
 *     devices over one host file or block device are the same device.
 * (CLAIM-2) A byte has at most one claim for writing.
 * (CLAIM-3) A write overlay does not write to its base, but shows the base's bytes.  So a claim of
 *     an overlay keeps writers off all of the base, except for other overlays.  While the overlay
 *     holds changes this lasts beyond the claim; the overlay's own commit may write.
 * (CLAIM-4) Readers claim nothing.
 * (CLAIM-5) A partition is a range of its disk and a loop device a range of its file; each also has
 *     its own name.  Claims of them are for the bytes of the lowest file or disk that is known.
 * (CLAIM-6) A claim of a device that is made of others (device-mapper, md) keeps others off all of
 *     each member, and of what the members are made of, because it is unknown which parts the
 *     device uses.  Two such devices over one disk do not conflict: whoever configured them keeps
 *     them apart (two logical volumes, a snapshot and its origin).
 */
#ifndef DEVICE_CLAIM_H
#define DEVICE_CLAIM_H

#include <xfswrite/device.h>
#include "base/list.h"

/* Overlays on each other, and members of the lowest one's device. */
#define XFS_CLAIM_PARTS	64

/* Identity of what holds the bytes: a device, a host file, a block device. */
struct xfs_claim_identity {
	uint64_t kind, id[2];
};

struct xfs_claim_part {
	struct xfs_list link;
	struct xfs_claim_identity identity;
	uint64_t start, end;		/* bytes */
	bool for_write;
	bool member;			/* a member of a device that is made of others */
	const void *owner;		/* claims of the same owner do not conflict */
};

/* A zeroed claim claims nothing. */
struct xfs_claim {
	uint32_t nr_parts;
	struct xfs_device *overlay;	/* the claimed device if it is an overlay; or NULL */
	struct xfs_claim_part parts[XFS_CLAIM_PARTS];
};

/*
 * Claim all of @dev for writing; the caller keeps a reference to it as long as @claim lasts.
 * Claims of the same @owner do not conflict; NULL: every claim does.  -EBUSY with a text.
 */
int xfs_device_claim(struct xfs_device *dev, const void *owner, struct xfs_claim *claim)
	XFS_MUST_CHECK;
/* Give the claim back; a zeroed one is fine. */
void xfs_device_unclaim(struct xfs_claim *claim);

#endif
