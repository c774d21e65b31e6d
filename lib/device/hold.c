/* SPDX-License-Identifier: MIT */
/*
 * Held writes are kept in blocks of 4 KiB, or of a sector if that is larger.  The writes between
 * two flushes are a stretch.  A block has a version for each stretch in which it was written: reads
 * see the newest one, a release writes them all.
 *
 * A block has 64 units.  When the hold has grown, versions are packed: a unit that equals the
 * device below and was not written in an older stretch is dropped, and the others are moved
 * together.  Logging an inode writes its whole cluster, and a change of a few bytes a whole block;
 * packed, the held writes take about as much memory as the log itself.  A release writes whole
 * sectors: units that a packed version has dropped are read from the device below, which has the
 * same contents.
 *
 * On trial and in a hold kept for a read-only mount each block has one version, because nothing is
 * released.  On trial log blocks are dropped: they are never read again.
 */
#include "base/rbtree.h"
#include "device/device_priv.h"
#include "device/hold.h"

#define MIN_BLOCK_SHIFT	12
#define UNITS_SHIFT	6	/* units of a block, the bits of a mask */
#define MAX_IOVS	256
#define SCRATCH_BLOCKS	8u
#define PACK_FROM	(32ull << 20)	/* less is not worth reading the device again */

struct hold_device {
	struct xfs_device dev;
	struct xfs_hold *hold;
	struct xfs_device *base;	/* NULL: no second device */
	uint64_t size_bytes;		/* (c) until the release */
	unsigned int sector_shift;	/* (c) */
	bool written;			/* since its last flush, by the release */
};

static_assert(offsetof(struct hold_device, dev) == 0, "dev comes first");

/* A block as it was at the end of a stretch. */
struct version {
	struct xfs_rb_node by_place;	/* the newest version of each block only */
	struct xfs_rb_node by_stretch;	/* in the order of the release */
	uint64_t index;
	uint64_t mask;			/* units written in this stretch */
	uint64_t have;			/* those, and in the newest version older ones too */
	uint64_t older;			/* units that older versions have */
	uint32_t device, stretch;
	bool packed;			/* @data holds only the units of @have */
	bool compared;			/* with the device below, since the last write to it */
	bool superseded;		/* there is a newer version */
	uint8_t data[] __attribute__((aligned(8)));
};

struct xfs_hold {
	struct xfs_mem mem;
	struct xfs_rwlock lock;		/* everything below, and the blocks; reads take it shared */
	struct hold_device devices[2];
	uint32_t block_shift;		/* (c) */
	uint32_t stretch;		/* the current one */
	bool in_use;			/* the current stretch has writes */
	bool keep;			/* (c) kept for a read-only mount */
	bool released, lacked_memory, on_trial;
	uint64_t bytes, max_bytes;
	uint64_t trial_bytes;		/* (c) beyond this the hold goes on trial */
	struct xfs_hold_range log;	/* (c) */
	uint64_t pack_at;		/* bytes */
	uint8_t *scratch;		/* (c) SCRATCH_BLOCKS, for writing or comparing */
	unsigned int scratch_used;
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

/* The newest version of the device's first block from @index on that has one; or NULL. */
static struct version *newest_from(const struct hold_device *hd, uint64_t index)
{
	const struct version key = { .device = device_of(hd), .index = index };
	struct xfs_rb_node *node = hd->hold->places.root;
	struct version *found = NULL;

	while (node) {
		struct version *v = container_of(node, struct version, by_place);

		if (cmp_versions(&key, v) <= 0) {
			found = v;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found && found->device == key.device ? found : NULL;
}

/* The newest version of block @index; or NULL. */
static struct version *newest(const struct hold_device *hd, uint64_t index)
{
	struct version *v = newest_from(hd, index);

	return v && v->index == index ? v : NULL;
}

static struct xfs_pieces pieces(const struct xfs_hold *hold, uint64_t offset, uint64_t end)
{
	return (struct xfs_pieces){ offset, end, hold->block_shift };
}

static unsigned int unit_shift(const struct xfs_hold *hold)
{
	return hold->block_shift - UNITS_SHIFT;
}

static uint64_t low_units(unsigned int n)
{
	return n == 64 ? ~0ull : (1ull << n) - 1;
}

static uint64_t units_of(const struct xfs_hold *hold, struct xfs_piece p)
{
	return low_units((unsigned int)(p.len >> unit_shift(hold)))
	       << (unsigned int)(p.skip >> unit_shift(hold));
}

/* Number of units from @first on that are all in @mask, or all not in it. */
static unsigned int run_of_units(uint64_t mask, unsigned int first)
{
	uint64_t rest = (mask >> first & 1 ? ~mask : mask) >> first;

	return rest ? (unsigned int)__builtin_ctzll(rest) : 64 - first;
}

/* Where @v keeps @unit, which it must have. */
static uint8_t *unit_at(const struct xfs_hold *hold, struct version *v, unsigned int unit)
{
	if (v->packed)
		unit = (unsigned int)__builtin_popcountll(v->have & low_units(unit));
	return v->data + ((size_t)unit << unit_shift(hold));
}

/* Copy @units of @v to @block, a whole block. */
static void copy_units(const struct xfs_hold *hold, struct version *v, uint64_t units, uint8_t *block)
{
	unsigned int n;

	for (unsigned int u = 0; u < 64; u += n) {
		n = run_of_units(units, u);
		if (units >> u & 1)
			memcpy(block + ((size_t)u << unit_shift(hold)), unit_at(hold, v, u),
			       (size_t)n << unit_shift(hold));
	}
}

static size_t version_bytes(const struct xfs_hold *hold, uint64_t have, bool packed)
{
	unsigned int units = packed ? (unsigned int)__builtin_popcountll(have) : 64;

	return sizeof(struct version) + ((size_t)units << unit_shift(hold));
}

/* Read the block from the device below; zeros behind its end. */
static int read_below(const struct xfs_hold *hold, const struct version *v, uint8_t *block)
{
	const struct hold_device *hd = &hold->devices[v->device];
	uint64_t offset = v->index << hold->block_shift;
	size_t there = XFS_MIN((uint64_t)block_bytes(hold), hd->size_bytes - offset);

	memset(block + there, 0, block_bytes(hold) - there);
	return xfs_device_pread(hd->base, offset, block, there);
}

/* ---- packing ---------------------------------------------------------------- */

static void forget(struct xfs_hold *hold, struct version *v)
{
	if (!v->superseded)
		xfs_rb_erase(&hold->places, &v->by_place);
	xfs_rb_erase(&hold->stretches, &v->by_stretch);
	hold->bytes -= version_bytes(hold, v->have, v->packed);
}

static void remember(struct xfs_hold *hold, struct version *v)
{
	if (!v->superseded)
		xfs_rb_add(&hold->places, &v->by_place, cmp_place);
	xfs_rb_add(&hold->stretches, &v->by_stretch, cmp_stretch);
	hold->bytes += version_bytes(hold, v->have, v->packed);
}

/* Units of @v that equal the device below and are in no older version: they can be dropped. */
static uint64_t equal_units(const struct xfs_hold *hold, struct version *v, const uint8_t *below)
{
	uint64_t equal = 0, ask = v->mask & ~v->older;

	for (unsigned int u = 0; u < 64; u++) {
		if (ask >> u & 1 && !memcmp(unit_at(hold, v, u), below + ((size_t)u << unit_shift(hold)),
					    (size_t)1 << unit_shift(hold)))
			equal |= 1ull << u;
	}
	return equal;
}

/* If the device below cannot be read, leave @v; a release meets the error if it matters. */
static void pack(struct xfs_hold *hold, struct version *v)
{
	uint64_t keep, equal;
	unsigned int to = 0;
	void *smaller;

	if (read_below(hold, v, hold->scratch))
		return;
	v->compared = true;
	equal = equal_units(hold, v, hold->scratch);
	keep = (v->superseded ? v->mask : v->have) & ~equal;
	if (v->have == keep && v->packed)
		return;
	forget(hold, v);
	if (!keep) {
		xfs_mem_free(&hold->mem, v);
		return;
	}
	for (unsigned int u = 0; u < 64; u++) {
		if (keep >> u & 1)
			memmove(v->data + ((size_t)to++ << unit_shift(hold)), unit_at(hold, v, u),
				(size_t)1 << unit_shift(hold));
	}
	v->mask &= ~equal;
	v->have = keep;
	v->packed = true;
	smaller = xfs_mem_realloc(&hold->mem, v, version_bytes(hold, keep, true));
	remember(hold, smaller ? smaller : v);
}

static void pack_all(struct xfs_hold *hold)
{
	uint64_t most = hold->on_trial ? hold->max_bytes : hold->trial_bytes;
	struct xfs_rb_node *node = xfs_rb_first(&hold->stretches), *next;

	for (; node; node = next) {
		struct version *v = container_of(node, struct version, by_stretch);

		next = xfs_rb_next(node);
		if (!v->compared)
			pack(hold, v);
	}
	hold->pack_at = XFS_MIN(most, XFS_MAX(PACK_FROM, 2 * hold->bytes));
}

static bool is_log(const struct xfs_hold *hold, uint32_t device, uint64_t offset)
{
	return device == hold->log.second && offset >= hold->log.start && offset < hold->log.end;
}

/* Drop order and log (HOLD-6). */
static void begin_trial(struct xfs_hold *hold)
{
	struct xfs_rb_node *node = xfs_rb_first(&hold->stretches), *next;

	hold->on_trial = true;
	for (; node; node = next) {
		struct version *v = container_of(node, struct version, by_stretch);

		next = xfs_rb_next(node);
		forget(hold, v);
		if (v->superseded || is_log(hold, v->device, v->index << hold->block_shift)) {
			xfs_mem_free(&hold->mem, v);
			continue;
		}
		v->mask = v->have;
		v->older = 0;
		v->stretch = hold->stretch;
		v->compared = false;
		remember(hold, v);
	}
	pack_all(hold);
}

/*
 * Whether @len more bytes may be held.  False also if packing leaves little room, because the next
 * writes would pack again and again.
 */
static bool has_room(struct xfs_hold *hold, uint64_t len)
{
	if (hold->bytes + len <= hold->pack_at)
		return true;
	pack_all(hold);
	if (!hold->on_trial && hold->bytes + len > hold->trial_bytes - hold->trial_bytes / 16)
		begin_trial(hold);
	return !hold->on_trial || hold->bytes + len <= hold->max_bytes - hold->max_bytes / 16;
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

/* A run of adjacent units, written when it ends. */
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

/* Append @len bytes at @data, to be written at @at; writes the run first if they do not fit. */
static int add_to_run(struct xfs_hold *hold, struct run *run, uint32_t device, uint64_t at,
		      uint8_t *data, size_t len)
{
	int error = 0;

	if (run->n == MAX_IOVS || run->device != device || run->end != at)
		error = write_run(hold, run);
	if (!run->n) {
		run->device = device;
		run->start = at;
	}
	run->iov[run->n].iov_base = data;
	run->iov[run->n++].iov_len = len;
	run->end = at + len;
	return error;
}

/* The units of all sectors that have at least one written unit. */
static uint64_t whole_sectors(const struct xfs_hold *hold, const struct version *v)
{
	unsigned int n = 1u << (hold->devices[v->device].sector_shift - unit_shift(hold));
	uint64_t whole = 0;

	for (unsigned int u = 0; u < 64; u += n) {
		if (v->mask >> u & low_units(n))
			whole |= low_units(n) << u;
	}
	return whole;
}

/* Complete @v's block in a scratch block; if none is free, the run is written first. */
static int complete(struct xfs_hold *hold, struct run *run, struct version *v, uint8_t **blockp)
{
	uint8_t *block;
	int error = 0;

	if (hold->scratch_used == SCRATCH_BLOCKS) {
		error = write_run(hold, run);
		hold->scratch_used = 0;
	}
	block = hold->scratch + ((size_t)hold->scratch_used++ << hold->block_shift);
	if (!error)
		error = read_below(hold, v, block);
	copy_units(hold, v, v->have, block);
	*blockp = block;
	return error;
}

static int add_version(struct xfs_hold *hold, struct run *run, struct version *v)
{
	uint64_t units = whole_sectors(hold, v), at = v->index << hold->block_shift;
	uint8_t *block = v->data;
	unsigned int n;
	int error = 0;

	if (v->packed || units & ~v->have)
		error = complete(hold, run, v, &block);
	for (unsigned int u = 0; !error && u < 64; u += n) {
		n = run_of_units(units, u);
		if (units >> u & 1)
			error = add_to_run(hold, run, v->device, at + ((uint64_t)u << unit_shift(hold)),
					   block + ((size_t)u << unit_shift(hold)),
					   (size_t)n << unit_shift(hold));
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

/* Under the exclusive lock.  The last stretch is not flushed unless its caller ended it. */
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

/* Copy what @v has of a piece over what was read from below. */
static void lay_over_piece(const struct xfs_hold *hold, struct version *v, struct xfs_piece p,
			   struct xfs_iov_cursor *cur)
{
	unsigned int u = (unsigned int)(p.skip >> unit_shift(hold)), n;
	unsigned int end = (unsigned int)((p.skip + p.len) >> unit_shift(hold));

	for (; u < end; u += n) {
		n = XFS_MIN(run_of_units(v->have, u), end - u);
		if (v->have >> u & 1)
			xfs_iov_give(cur, unit_at(hold, v, u), (size_t)n << unit_shift(hold));
		else
			xfs_iov_skip(cur, (size_t)n << unit_shift(hold));
	}
}

/* Copy what is held over what was read from the base. */
static void lay_over(const struct hold_device *hd, uint64_t offset, const struct iovec *iov,
		     uint64_t end)
{
	const struct xfs_hold *hold = hd->hold;
	struct xfs_pieces rest = pieces(hold, offset, end);
	struct version *v = newest_from(hd, offset >> hold->block_shift);
	struct xfs_iov_cursor cur = { .iov = iov };
	struct xfs_rb_node *next;
	struct xfs_piece p;

	while (v && xfs_pieces_next(&rest, &p)) {
		if (v->index != p.index) {
			xfs_iov_skip(&cur, p.len);
			continue;
		}
		lay_over_piece(hold, v, p, &cur);
		next = xfs_rb_next(&v->by_place);
		v = next ? container_of(next, struct version, by_place) : NULL;
		if (v && v->device != device_of(hd))
			v = NULL;
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

/* Memory for a whole block; held writes may be packed to get it. */
static struct version *alloc_version(struct xfs_hold *hold)
{
	size_t bytes = version_bytes(hold, 0, false);
	struct version *v = NULL;

	if (has_room(hold, bytes)) {
		v = xfs_mem_alloc(&hold->mem, bytes);
		if (!v) {
			pack_all(hold);
			v = xfs_mem_alloc(&hold->mem, bytes);
		}
		if (!v && !hold->on_trial) {
			begin_trial(hold);
			v = xfs_mem_alloc(&hold->mem, bytes);
		}
	}
	hold->lacked_memory |= !v;
	return v;
}

/* The version of block @index to write to in the current stretch. */
static struct version *block_for_write(struct hold_device *hd, uint64_t index)
{
	struct xfs_hold *hold = hd->hold;
	struct version *old = newest(hd, index), *v;

	if (old && old->stretch == hold->stretch && !old->packed) {
		old->compared = false;
		return old;
	}
	v = alloc_version(hold);
	if (!v)
		return NULL;
	old = newest(hd, index);
	*v = (struct version){ .index = index, .device = device_of(hd), .stretch = hold->stretch };
	if (old) {
		v->have = old->have;
		copy_units(hold, old, old->have, v->data);
	}
	if (old && old->stretch == hold->stretch) {
		v->mask = old->mask;
		v->older = old->older;
		forget(hold, old);
		xfs_mem_free(&hold->mem, old);
	} else if (old) {
		v->older = old->have;
		xfs_rb_erase(&hold->places, &old->by_place);
		old->superseded = true;
		old->compared = false;
	}
	remember(hold, v);
	return v;
}

static void end_stretch(struct xfs_hold *hold)
{
	hold->stretch += hold->in_use && !hold->on_trial;
	hold->in_use = false;
}

static int hold_write(struct hold_device *hd, uint64_t offset, const struct iovec *iov,
		      uint64_t end, unsigned int flags)
{
	struct xfs_hold *hold = hd->hold;
	struct xfs_pieces rest = pieces(hold, offset, end);
	struct xfs_iov_cursor cur = { .iov = iov };
	struct xfs_piece p;

	while (xfs_pieces_next(&rest, &p)) {
		struct version *v = block_for_write(hd, p.index);

		if (!v)
			return -ENOMEM;
		xfs_iov_take(&cur, v->data + p.skip, p.len);
		v->mask |= units_of(hold, p);
		v->have |= v->mask;
		hold->in_use = true;
	}
	if (flags & XFS_DEV_FUA)
		end_stretch(hold);
	return 0;
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
	if (hold->released) {
		error = xfs_device_pwritev(hd->base, offset, iov, iovcnt, flags);
	} else if (offset > hd->size_bytes || len > hd->size_bytes - offset) {
		error = -EIO;
	} else if (!hold->on_trial || !is_log(hold, device_of(hd), offset)) {
		/* The reserve is for work that frees memory; held writes do not. */
		struct xfs_budget *before = xfs_mem_critical_enter(NULL);

		error = hold_write(hd, offset, iov, offset + len, flags);
		xfs_mem_critical_leave(before);
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
	struct hold_device *hd = to_device(dev);
	int error = xfs_device_info(hd->base, info);

	if (hd->hold->keep) {
		info->read_only = false;
		info->volatile_cache = false;
	}
	return error;
}

/* The devices are members of the hold. */
static void hold_close(struct xfs_device *dev)
{
	(void)dev;
}

/* No discard and no zero op: discard is only a hint, and zeros are written. */
static const struct xfs_device_ops hold_ops = {
	.version = XFS_DEVICE_OPS_VERSION,
	.preadv = hold_preadv,
	.pwritev = hold_pwritev,
	.flush = hold_flush,
	.info = hold_info,
	.close = hold_close,
};

/* ---- creating and using a hold ---------------------------------------------- */

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
	hd->sector_shift = (unsigned int)xfs_highbit64(info.logical_sector);
	hold->block_shift = XFS_MAX(hold->block_shift, hd->sector_shift);
	return 0;
}

int xfs_hold_create(const struct xfs_mem *mem, struct xfs_device *first, struct xfs_device *second,
		    const struct xfs_hold_limits *limits, struct xfs_hold **holdp)
{
	struct xfs_hold *hold = xfs_mem_zalloc(mem, sizeof(*hold));
	int error;

	*holdp = NULL;
	if (!hold)
		return -ENOMEM;
	hold->mem = *mem;
	hold->max_bytes = limits->max_bytes;
	hold->keep = hold->on_trial = limits->keep;
	if (!hold->keep) {
		hold->trial_bytes = XFS_MIN(limits->trial_bytes, limits->max_bytes);
		hold->log = limits->log;
	}
	hold->pack_at = XFS_MIN(hold->keep ? hold->max_bytes : hold->trial_bytes, PACK_FROM);
	hold->block_shift = MIN_BLOCK_SHIFT;
	xfs_rwlock_init(&hold->lock, XFS_CLASS_LEAF, 0);
	error = add_device(hold, &hold->devices[0], first);
	if (!error)
		error = add_device(hold, &hold->devices[1], second);
	if (!error) {
		hold->scratch = xfs_mem_alloc(mem, SCRATCH_BLOCKS << hold->block_shift);
		error = hold->scratch ? 0 : -ENOMEM;
	}
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

	ASSERT(!hold->on_trial);
	xfs_rwlock_excl(&hold->lock);
	if (!hold->released)
		error = release(hold);
	xfs_rwlock_unlock_excl(&hold->lock);
	return error;
}

bool xfs_hold_on_trial(const struct xfs_hold *hold)
{
	return hold->on_trial;
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
	xfs_mem_free(&mem, hold->scratch);
	xfs_device_put(hold->devices[1].base);
	xfs_device_put(hold->devices[0].base);
	xfs_rwlock_destroy(&hold->lock);
	xfs_mem_free(&mem, hold);
}
