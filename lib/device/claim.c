/* SPDX-License-Identifier: MIT */
/*
 * The claims of this process are one list.  They are taken and given back only when file systems
 * are opened, formatted and closed, so there are few.
 */
#include <sched.h>
#include "base/need.h"
#include "device/claim.h"
#include "device/device_priv.h"

#define MAX_STACK 64 /* devices of a caller may form a circle */

enum identity_kind { DEVICE, HOST_FILE, BLOCK_DEVICE };

static struct xfs_list claims = {&claims, &claims};
static bool locked;

/*
 * A spin lock, held for one walk of the list: there may be no thread library, and no moment to
 * initialize a lock of lock/.
 */
static void lock_claims(void)
{
	while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock_claims(void)
{
	__atomic_clear(&locked, __ATOMIC_RELEASE);
}

/* The device that @dev stands on and writes to, or NULL. */
static struct xfs_device *base_of(struct xfs_device *dev, uint64_t *offset)
{
	*offset = 0;
	if (dev->ops->version < 2 || !dev->ops->base)
		return NULL;
	return dev->ops->base(dev, offset);
}

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool is_same(const struct xfs_claim_identity *a, const struct xfs_claim_identity *b)
{
	return a->kind == b->kind && a->id[0] == b->id[0] && a->id[1] == b->id[1];
}

static struct xfs_claim_identity identity_of(const struct xfs_host_place *place)
{
	return (struct xfs_claim_identity){place->is_block ? BLOCK_DEVICE : HOST_FILE,
					   {place->dev, place->ino}};
}

/*
 * Set the identity of what holds the bytes of @p, and move its range from @dev to that (CLAIM-5).
 */
static void find_identity(const struct xfs_device *dev, struct xfs_claim_part *p)
{
	struct xfs_host_place place;

	if (dev->ops != &xfs_file_ops) {
		p->identity = (struct xfs_claim_identity){DEVICE, {(uintptr_t)dev, 0}};
		return;
	}
	xfs_host_place((const void *)dev, &place); /* dev is its first member */
	p->identity = identity_of(&place);
	p->start = add_sat(p->start, place.offset);
	p->end = add_sat(p->end, place.offset);
}

/* Go from a range of *@devp to that range of the device that holds its bytes. */
static int go_down(struct xfs_device **devp, uint64_t *start, uint64_t *end)
{
	struct xfs_device *base;
	uint64_t offset;

	for (unsigned int depth = 0;; depth++) {
		struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
		int error = xfs_device_info(*devp, &info); /* also checks that it is a device */

		if (error)
			return error;
		base = base_of(*devp, &offset);
		if (!base) {
			/* A device that can grow may be written to behind its end. */
			if (!info.growable)
				*end = XFS_MIN(*end, info.size_bytes);
			return 0;
		}
		if (depth == MAX_STACK)
			return xfs_fail(-ELOOP, "the device is stacked on more than %u others",
					depth);
		*end = add_sat(XFS_MIN(*end, info.size_bytes), offset);
		*start = XFS_MIN(add_sat(*start, offset), *end);
		*devp = base;
	}
}

static int add_part(struct xfs_claim *claim, const struct xfs_claim_part *part)
{
	if (claim->nr_parts == XFS_CLAIM_PARTS)
		return xfs_fail(-ELOOP, "more than %d overlays or member devices below one device",
				XFS_CLAIM_PARTS - 1);
	claim->parts[claim->nr_parts++] = *part;
	return 0;
}

/* Claim all of a member in the same way as the part that was added last. */
static int add_member(void *ctx, const struct xfs_host_place *member, uint64_t bytes)
{
	struct xfs_claim *claim = ctx;
	const struct xfs_claim_part *of = &claim->parts[claim->nr_parts - 1];
	struct xfs_claim_part part = {
		.identity = identity_of(member), .start = member->offset,
		.end = add_sat(member->offset, bytes), .for_write = of->for_write,
		.member = true, .owner = of->owner,
	};

	/* Reached before by another way. */
	for (uint32_t i = 0; i < claim->nr_parts; i++) {
		const struct xfs_claim_part *p = &claim->parts[i];

		if (p->member && is_same(&p->identity, &part.identity) && p->start == part.start &&
		    p->end == part.end && p->for_write == part.for_write)
			return 0;
	}
	return add_part(claim, &part);
}

/* Add the members of the parts from @first on (CLAIM-6). */
static int add_members(struct xfs_claim *claim, uint32_t first)
{
	int error = 0;

	for (uint32_t i = first; !error && i < claim->nr_parts; i++) {
		if (claim->parts[i].identity.kind == BLOCK_DEVICE)
			error = xfs_host_members(claim->parts[i].identity.id[0], add_member, claim);
	}
	return error;
}

/* Collect everything that a writer of @dev must claim, top first. */
static int collect(struct xfs_device *dev, struct xfs_claim *claim)
{
	const void *owner = claim;

	memset(claim, 0, sizeof(*claim));
	for (bool for_write = true; dev; for_write = false) {
		uint32_t first = claim->nr_parts;
		struct xfs_claim_part part = { .end = UINT64_MAX, .for_write = for_write,
					       .owner = owner };
		int error = go_down(&dev, &part.start, &part.end);

		if (!error) {
			find_identity(dev, &part);
			error = add_part(claim, &part);
		}
		if (!error)
			error = add_members(claim, first);
		if (error) {
			claim->nr_parts = 0;
			return error;
		}
		owner = dev;
		if (for_write && xfs_overlay_base(dev))
			claim->overlay = dev;
		dev = xfs_overlay_base(dev);
	}
	return 0;
}

/* Under the lock: a claim that conflicts with @p, or NULL. */
static const struct xfs_claim_part *find_conflict(const struct xfs_claim_part *p,
						  const void *owner)
{
	struct xfs_claim_part *q;

	xfs_list_for_each_entry(q, &claims, link) {
		if (is_same(&p->identity, &q->identity) && p->start < q->end &&
		    q->start < p->end && (p->for_write || q->for_write) &&
		    !(p->member && q->member) &&
		    (!owner || q->owner != owner))
			return q;
	}
	return NULL;
}

/* Under the lock. */
static int insert(struct xfs_claim *claim, const void *owner)
{
	for (uint32_t i = 0; i < claim->nr_parts; i++) {
		const struct xfs_claim_part *q = find_conflict(&claim->parts[i], owner);

		if (!q)
			continue;
		return xfs_fail(-EBUSY,
				q->for_write
					? "the device is in use: this process already writes to it"
					: "the device is in use: a changed overlay covers it");
	}
	for (uint32_t i = 0; i < claim->nr_parts; i++)
		xfs_list_add_tail(&claim->parts[i].link, &claims);
	return 0;
}

int xfs_device_claim(struct xfs_device *dev, const void *owner, struct xfs_claim *claim)
{
	int error = collect(dev, claim);

	if (error)
		return error;
	lock_claims();
	error = insert(claim, owner);
	unlock_claims();
	if (error)
		claim->nr_parts = 0;
	return error;
}

/*
 * Under the lock: keep the claims on an overlay's base while the overlay holds changes (CLAIM-3).
 */
static void keep_base(struct xfs_claim *claim)
{
	struct xfs_claim *kept = xfs_overlay_kept(claim->overlay);

	if (kept->nr_parts)
		return;
	for (uint32_t i = 1; i < claim->nr_parts; i++) {
		struct xfs_claim_part *p;

		if (claim->parts[i].for_write)
			continue;
		p = &kept->parts[kept->nr_parts++];
		*p = claim->parts[i];
		xfs_list_add_tail(&p->link, &claims);
	}
}

void xfs_device_unclaim(struct xfs_claim *claim)
{
	bool keep = claim->nr_parts && claim->overlay && xfs_overlay_differs(claim->overlay);

	lock_claims();
	if (keep)
		keep_base(claim);
	for (uint32_t i = 0; i < claim->nr_parts; i++)
		xfs_list_del(&claim->parts[i].link);
	claim->nr_parts = 0;
	unlock_claims();
}
