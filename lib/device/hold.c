/* SPDX-License-Identifier: MIT */
/*
 * Held writes are kept in blocks of 4 KiB or a sector.  A block has a version for each stretch between
 * two flushes in which it was written: the newest is what reads see, all are released.
 */
#include "base/rbtree.h"
#include "device/device_priv.h"
#include "device/hold.h"

#define MIN_BLOCK_SHIFT	12
#define UNIT_SHIFT	9	/* what a bit of a version's mask stands for */
#define MAX_IOVS	256

struct hold_device {
	struct xfs_device dev;
	struct xfs_hold *hold;
	struct xfs_device *base;	/* NULL: there is no second one */
	uint64_t size_bytes;		/* (c) while it holds */
	bool written;			/* since it was flushed; for the release */
};

static_assert(offsetof(struct hold_device, dev) == 0, "dev comes first");

/* A block as it was at the end of a stretch. */
struct version {
	struct xfs_rb_node by_place;	/* the newest of each place only */
	struct xfs_rb_node by_stretch;	/* in the order of the release */
	uint64_t index;
	uint64_t mask;			/* units that were written in this stretch */
	uint64_t older_mask;		/* and before it */
	uint32_t device, stretch;
	uint8_t data[] __attribute__((aligned(8)));
};

struct xfs_hold {
	struct xfs_mem mem;
	struct xfs_rwlock lock;		/* all below, and blocks; reads share it */
	struct hold_device devices[2];
	uint32_t block_shift;		/* (c) */
	uint32_t stretch;		/* the one that is written now */
	bool in_use;			/* something was written in it */
	bool released, gave_way, lacked_memory;
	uint64_t bytes, max_bytes;
	struct xfs_rb_tree places, stretches;
};

static int cmp_versions(const struct version *a, const struct version *b)
{
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static int cmp_place(const struct xfs_rb_node *a, const struct xfs_rb_node *b)
{
	const size_t off = offsetof(struct version, by_place);

	return cmp_versions((const void *)((const char *)a - off),
			    (const void *)((const char *)b - off));
}

static int cmp_stretch(const struct xfs_rb_node *a, const struct xfs_rb_node *b)
{
	const size_t off = offsetof(struct version, by_stretch);
	const struct version *x = (const void *)((const char *)a - off);
	const struct version *y = (const void *)((const char *)b - off);

	if (x->stretch != y->stretch)
		return x->stretch < y->stretch ? -1 : 1;
	return cmp_versions(x, y);
}

static struct hold_device *to_device(struct xfs_device *dev)
{
	return container_of(dev, struct hold_device, dev);
}

static uint32_t device_of(const struct hold_device *hd)
{
	return hd == &hd->hold->devices[1];
}

static size_t block_bytes(const struct xfs_hold *hold)
{
	return (size_t)1 << hold->block_shift;
}

/* The newest version of a block, or NULL. */
static struct version *newest(const struct xfs_hold *hold, uint32_t device, uint64_t index)
{
	struct xfs_rb_node *node = hold->places.root;

	while (node) {
		struct version *v = container_of(node, struct version, by_place);

		if (v->device == device && v->index == index)
			return v;
		if (device != v->device ? device < v->device : index < v->index)
			node = node->left;
		else
			node = node->right;
	}
	return NULL;
}

static struct xfs_pieces pieces(const struct xfs_hold *hold, uint64_t offset, uint64_t end)
{
	return (struct xfs_pieces){ offset, end, hold->block_shift };
}

/* ---- the release ------------------------------------------------------------ */

static int flush_written(struct xfs_hold *hold)
{
	for (int i = 0; i < 2; i++) {
		struct hold_device *hd = &hold->devices[i];
		int error = hd->written ? xfs_device_flush(hd->base) : 0;

		if (error)
			return error;
		hd->written = false;
	}
	return 0;
}

/* A run of units, to be written when it ends. */
struct run {
	struct iovec iov[MAX_IOVS];
	int n;
	uint32_t device;
	uint64_t start, end;
};

static int write_run(struct xfs_hold *hold, struct run *run)
{
	struct hold_device *hd = &hold->devices[run->device];
	int error;

	if (!run->n)
		return 0;
	error = xfs_device_pwritev(hd->base, run->start, run->iov, run->n, 0);
	hd->written = true;
	run->n = 0;
	return error;
}

/* Units [@first, @last) of @v. */
static int add_to_run(struct xfs_hold *hold, struct run *run, struct version *v,
		      unsigned int first, unsigned int last)
{
	uint64_t at = (v->index << hold->block_shift) + ((uint64_t)first << UNIT_SHIFT);
	size_t len = (size_t)(last - first) << UNIT_SHIFT;
	int error = 0;

	if (run->n == MAX_IOVS || run->device != v->device || run->end != at)
		error = write_run(hold, run);
	if (!run->n) {
		run->device = v->device;
		run->start = at;
	}
	run->iov[run->n].iov_base = v->data + ((size_t)first << UNIT_SHIFT);
	run->iov[run->n++].iov_len = len;
	run->end = at + len;
	return error;
}

static int add_version(struct xfs_hold *hold, struct run *run, struct version *v)
{
	unsigned int units = 1u << (hold->block_shift - UNIT_SHIFT), first = 0, last;
	int error = 0;

	while (!error && first < units) {
		if (!(v->mask >> first & 1)) {
			first++;
			continue;
		}
		for (last = first; last < units && v->mask >> last & 1; last++)
			;
		error = add_to_run(hold, run, v, first, last);
		first = last;
	}
	return error;
}

static void drop_all(struct xfs_hold *hold)
{
	struct xfs_rb_node *node;

	while ((node = xfs_rb_first(&hold->stretches))) {
		xfs_rb_erase(&hold->stretches, node);
		xfs_mem_free(&hold->mem, container_of(node, struct version, by_stretch));
	}
	hold->places.root = NULL;
	hold->bytes = 0;
}

/* Under the exclusive lock.  What the last stretch wrote is as unflushed as it was. */
static int release(struct xfs_hold *hold)
{
	struct run run = { .n = 0 };
	uint32_t stretch = 0;
	int error = 0;

	hold->released = true;
	for (struct xfs_rb_node *node = xfs_rb_first(&hold->stretches); node && !error;
	     node = xfs_rb_next(node)) {
		struct version *v = container_of(node, struct version, by_stretch);

		if (v->stretch != stretch) {
			error = write_run(hold, &run);
			if (!error)
				error = flush_written(hold);
			stretch = v->stretch;
		}
		if (!error)
			error = add_version(hold, &run, v);
	}
	if (!error)
		error = write_run(hold, &run);
	if (!error && !hold->in_use)
		error = flush_written(hold);
	drop_all(hold);
	return error;
}

/* ---- reads and writes ------------------------------------------------------- */

/* Lay what is held over what was read from the base. */
static void lay_over(const struct hold_device *hd, uint64_t offset, const struct iovec *iov,
		     uint64_t end)
{
	const struct xfs_hold *hold = hd->hold;
	struct xfs_pieces rest = pieces(hold, offset, end);
	struct xfs_iov_cursor cur = { .iov = iov };
	struct xfs_piece p;

	while (xfs_pieces_next(&rest, &p)) {
		const struct version *v = newest(hold, device_of(hd), p.index);

		if (v)
			xfs_iov_give(&cur, v->data + p.skip, p.len);
		else
			xfs_iov_skip(&cur, p.len);
	}
}

static int hold_preadv(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt)
{
	struct hold_device *hd = to_device(dev);
	struct xfs_hold *hold = hd->hold;
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (error)
		return error;
	xfs_rwlock_shared(&hold->lock);
	error = xfs_device_preadv(hd->base, offset, iov, iovcnt);
	if (!error && hold->places.root)
		lay_over(hd, offset, iov, offset + len);
	xfs_rwlock_unlock_shared(&hold->lock);
	return error;
}

/* What is there now; zeros behind the end of the device. */
static int fill_block(struct hold_device *hd, struct version *v, const struct version *old)
{
	uint64_t offset = v->index << hd->hold->block_shift;
	size_t there = XFS_MIN((uint64_t)block_bytes(hd->hold), hd->size_bytes - offset);

	if (old) {
		memcpy(v->data, old->data, block_bytes(hd->hold));
		return 0;
	}
	memset(v->data + there, 0, block_bytes(hd->hold) - there);
	return xfs_device_pread(hd->base, offset, v->data, there);
}

/* The block to write to in this stretch; @whole: all of it will be overwritten. */
static int block_for_write(struct hold_device *hd, uint64_t index, bool whole, struct version **vp)
{
	struct xfs_hold *hold = hd->hold;
	struct version *old = newest(hold, device_of(hd), index), *v;
	int error = 0;

	*vp = old;
	if (old && old->stretch == hold->stretch)
		return 0;
	v = xfs_mem_alloc(&hold->mem, sizeof(*v) + block_bytes(hold));
	if (!v) {
		hold->lacked_memory = true;
		return -ENOMEM;
	}
	v->index = index;
	v->mask = 0;
	v->older_mask = old ? old->mask | old->older_mask : 0;
	v->device = device_of(hd);
	v->stretch = hold->stretch;
	if (!whole)
		error = fill_block(hd, v, old);
	if (error) {
		xfs_mem_free(&hold->mem, v);
		return error;
	}
	if (old)
		xfs_rb_erase(&hold->places, &old->by_place);
	xfs_rb_add(&hold->places, &v->by_place, cmp_place);
	xfs_rb_add(&hold->stretches, &v->by_stretch, cmp_stretch);
	hold->bytes += sizeof(*v) + block_bytes(hold);
	*vp = v;
	return 0;
}

static uint64_t units_of(struct xfs_piece p)
{
	unsigned int first = (unsigned int)(p.skip >> UNIT_SHIFT);
	unsigned int n = (unsigned int)(p.len >> UNIT_SHIFT);

	return (n == 64 ? ~0ull : (1ull << n) - 1) << first;
}

/* Was one of these units written, in any stretch? */
static bool held_units(const struct hold_device *hd, struct xfs_piece p)
{
	const struct version *v = newest(hd->hold, device_of(hd), p.index);

	return v && (v->mask | v->older_mask) & units_of(p);
}

static void end_stretch(struct xfs_hold *hold)
{
	hold->stretch += hold->in_use;
	hold->in_use = false;
}

static int hold_write(struct hold_device *hd, uint64_t offset, const struct iovec *iov,
		      uint64_t end, unsigned int flags)
{
	struct xfs_hold *hold = hd->hold;
	struct xfs_pieces rest = pieces(hold, offset, end);
	struct xfs_iov_cursor cur = { .iov = iov };
	struct xfs_piece p;
	int error = 0;

	while (!error && xfs_pieces_next(&rest, &p)) {
		struct version *v;

		error = block_for_write(hd, p.index, p.len == block_bytes(hold), &v);
		if (!error) {
			xfs_iov_take(&cur, v->data + p.skip, p.len);
			v->mask |= units_of(p);
			hold->in_use = true;
		}
	}
	if (!error && flags & XFS_DEV_FUA)
		end_stretch(hold);
	return error;
}

static int hold_pwritev(struct xfs_device *dev, uint64_t offset, const struct iovec *iov, int iovcnt,
			unsigned int flags)
{
	struct hold_device *hd = to_device(dev);
	struct xfs_hold *hold = hd->hold;
	uint64_t len;
	int error = xfs_iov_total(iov, iovcnt, &len);

	if (error)
		return error;
	xfs_rwlock_excl(&hold->lock);
	if (!hold->released && hold->bytes + len > hold->max_bytes) {
		hold->gave_way = true;
		error = release(hold);
	}
	if (!error && hold->released)
		error = xfs_device_pwritev(hd->base, offset, iov, iovcnt, flags);
	else if (!error && (offset > hd->size_bytes || len > hd->size_bytes - offset))
		error = -EIO;
	else if (!error)
		error = hold_write(hd, offset, iov, offset + len, flags);
	/* With a limit for all memory others may have taken what this one should have. */
	if (error == -ENOMEM && !hold->released && hold->mem.budget && hold->mem.budget->limit) {
		hold->gave_way = true;
		error = release(hold);
		if (!error)
			error = xfs_device_pwritev(hd->base, offset, iov, iovcnt, flags);
	}
	xfs_rwlock_unlock_excl(&hold->lock);
	return error;
}

static int hold_flush(struct xfs_device *dev)
{
	struct hold_device *hd = to_device(dev);
	struct xfs_hold *hold = hd->hold;
	int error = 0;

	xfs_rwlock_excl(&hold->lock);
	if (hold->released)
		error = xfs_device_flush(hd->base);
	else
		end_stretch(hold);
	xfs_rwlock_unlock_excl(&hold->lock);
	return error;
}

static int hold_info(struct xfs_device *dev, struct xfs_device_info *info)
{
	return xfs_device_info(to_device(dev)->base, info);
}

/* They are parts of the hold. */
static void hold_close(struct xfs_device *dev)
{
	(void)dev;
}

/* No discard, no zeroing: they are hints, or are done by writing. */
static const struct xfs_device_ops hold_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = hold_preadv,
	.pwritev = hold_pwritev,
	.flush = hold_flush,
	.info = hold_info,
	.close = hold_close,
};

/* ---- from outside ----------------------------------------------------------- */

static int add_device(struct xfs_hold *hold, struct hold_device *hd, struct xfs_device *base)
{
	struct xfs_device_info info = XFS_DEVICE_INFO_INIT;
	int error;

	xfs_device_init(&hd->dev, &hold_ops);
	hd->hold = hold;
	if (!base)
		return 0;
	error = xfs_device_info(base, &info);
	if (error)
		return error;
	hd->base = xfs_device_get(base);
	hd->size_bytes = info.size_bytes;
	while ((1u << hold->block_shift) < info.logical_sector)
		hold->block_shift++;
	return 0;
}

int xfs_hold_create(const struct xfs_mem *mem, struct xfs_device *first, struct xfs_device *second,
		    uint64_t max_bytes, struct xfs_hold **holdp)
{
	struct xfs_hold *hold = xfs_mem_zalloc(mem, sizeof(*hold));
	int error;

	*holdp = NULL;
	if (!hold)
		return -ENOMEM;
	hold->mem = *mem;
	hold->max_bytes = max_bytes;
	hold->block_shift = MIN_BLOCK_SHIFT;
	xfs_rwlock_init(&hold->lock, XFS_CLASS_LEAF, 0);
	error = add_device(hold, &hold->devices[0], first);
	if (!error)
		error = add_device(hold, &hold->devices[1], second);
	if (error) {
		xfs_hold_destroy(hold);
		return error;
	}
	*holdp = hold;
	return 0;
}

struct xfs_device *xfs_hold_first(struct xfs_hold *hold)
{
	return &hold->devices[0].dev;
}

struct xfs_device *xfs_hold_second(struct xfs_hold *hold)
{
	return hold->devices[1].base ? &hold->devices[1].dev : NULL;
}

struct xfs_device *xfs_hold_below(struct xfs_device *dev)
{
	return to_device(dev)->base;
}

int xfs_hold_release(struct xfs_hold *hold)
{
	int error = 0;

	xfs_rwlock_excl(&hold->lock);
	if (!hold->released)
		error = release(hold);
	xfs_rwlock_unlock_excl(&hold->lock);
	return error;
}

bool xfs_hold_has(struct xfs_device *dev, uint64_t offset, uint64_t len)
{
	struct hold_device *hd = to_device(dev);
	struct xfs_pieces rest = pieces(hd->hold, offset, offset + len);
	struct xfs_piece p;
	bool has = false;

	xfs_rwlock_shared(&hd->hold->lock);
	while (!has && xfs_pieces_next(&rest, &p))
		has = held_units(hd, p);
	xfs_rwlock_unlock_shared(&hd->hold->lock);
	return has;
}

bool xfs_hold_gave_way(const struct xfs_hold *hold)
{
	return hold->gave_way;
}

bool xfs_hold_lacked_memory(const struct xfs_hold *hold)
{
	return hold->lacked_memory;
}

void xfs_hold_destroy(struct xfs_hold *hold)
{
	struct xfs_mem mem;

	if (!hold)
		return;
	mem = hold->mem;
	drop_all(hold);
	xfs_device_put(hold->devices[1].base);
	xfs_device_put(hold->devices[0].base);
	xfs_rwlock_destroy(&hold->lock);
	xfs_mem_free(&mem, hold);
}
