/* SPDX-License-Identifier: MIT */
/*
 * Short form: the directory inside its inode.  It has no entries for "." and ".."; the header has
 * the parent.  All inode numbers take 4 bytes, or all take 8 as soon as one needs it.  Every entry
 * records the offset it would have in a block, which is its readdir position, so offsets never
 * change and the list is in their order.
 */
#include <stdlib.h>
#include "core/message.h"
#include "dir/dir_priv.h"

#define SF_MAX		2048u	/* larger than any literal area */
#define FIRST_OFF	XFS_DIR3_DATA_FIRST_OFFSET

static inline struct xfs_dir2_sf_hdr *sf_hdr(const struct xfs_inode *dp)
{
	return dp->i_df.if_data;
}

static inline bool is_wide(xfs_ino_t ino)
{
	return ino > XFS_DIR2_MAX_SHORT_INUM;
}

static void log_sf(struct xfs_trans *tp, struct xfs_inode *dp)
{
	xfs_trans_log_inode(tp, dp, XFS_ILOG_CORE | XFS_ILOG_DDATA);
}

/* ---- rewriting it ------------------------------------------------------------------------ */

struct sf_writer {
	bool wide;
	uint32_t len;
	uint8_t buf[SF_MAX];
};

static inline struct xfs_dir2_sf_hdr *writer_hdr(struct sf_writer *w)
{
	return (struct xfs_dir2_sf_hdr *)w->buf;
}

static void put_ino(struct sf_writer *w, uint8_t *to, xfs_ino_t ino)
{
	xfs_dir2_sf_put_number(w->wide, to, ino);
	writer_hdr(w)->i8count = (uint8_t)(writer_hdr(w)->i8count + is_wide(ino));
}

static void writer_begin(struct sf_writer *w, bool wide, xfs_ino_t parent)
{
	w->wide = wide;
	w->len = xfs_dir2_sf_hdr_size(wide);
	writer_hdr(w)->count = 0;
	writer_hdr(w)->i8count = 0;
	put_ino(w, writer_hdr(w)->parent, parent);
}

static void writer_add(struct sf_writer *w, uint32_t offset, const uint8_t *name, uint32_t len,
		       uint8_t ftype, xfs_ino_t ino)
{
	struct xfs_dir2_sf_entry *sfep = (struct xfs_dir2_sf_entry *)(w->buf + w->len);

	sfep->namelen = (uint8_t)len;
	sfep->offset = cpu_to_be16((uint16_t)offset);
	memcpy(sfep->name, name, len);
	sfep->name[len] = ftype;
	put_ino(w, sfep->name + len + 1, ino);
	w->len += 3 + len + 1 + (w->wide ? 8 : 4);
	writer_hdr(w)->count++;
}

static void writer_copy(struct sf_writer *w, const struct xfs_dir2_sf_hdr *hdr,
			const struct xfs_dir2_sf_entry *sfep)
{
	writer_add(w, xfs_dir2_sf_get_offset(sfep), sfep->name, sfep->namelen,
		   sfep->name[sfep->namelen], xfs_dir2_sf_get_ino(hdr, sfep));
}

/* Make it the directory's contents. -ENOMEM comes before any change. */
static int writer_install(struct sf_writer *w, struct xfs_trans *tp, struct xfs_inode *dp)
{
	int error;

	error = xfs_idata_realloc(dp, (int32_t)w->len - (int32_t)dp->i_df.if_bytes, XFS_DATA_FORK);
	if (error)
		return error;
	memcpy(dp->i_df.if_data, w->buf, w->len);
	xfs_dir_set_size(tp, dp, w->len);
	log_sf(tp, dp);
	return 0;
}

/* ---- looking ---------------------------------------------------------------------------- */

#define for_each_sf_entry(hdr, sfep, i)						\
	for ((i) = 0, (sfep) = xfs_dir2_sf_firstentry(hdr); (i) < (hdr)->count;	\
	     (i)++, (sfep) = xfs_dir2_sf_nextentry(hdr, sfep))

/*
 * Find the exact name; NULL: none.  On case-insensitive file systems *@nearly is the first name
 * that differs only in case.
 */
static struct xfs_dir2_sf_entry *find(const struct xfs_dir_args *args,
				      struct xfs_dir2_sf_entry **nearly)
{
	const struct xfs_dir2_sf_hdr *hdr = sf_hdr(args->dp);
	const struct xfs_name *name = args->name;
	bool ci = nearly && xfs_has_asciici(args->geo);
	struct xfs_dir2_sf_entry *sfep;
	unsigned int i;

	if (nearly)
		*nearly = NULL;
	for_each_sf_entry(hdr, sfep, i) {
		if (sfep->namelen != name->len)
			continue;
		if (memcmp(sfep->name, name->name, name->len) == 0)
			return sfep;
		if (ci && !*nearly && xfs_ascii_ci_equal(sfep->name, name->name, name->len))
			*nearly = sfep;
	}
	return NULL;
}

int xfs_dir_sf_lookup(struct xfs_dir_args *args, bool exact_only, xfs_ino_t *ino)
{
	const struct xfs_dir2_sf_hdr *hdr = sf_hdr(args->dp);
	struct xfs_dir2_sf_entry *sfep, *nearly = NULL;

	if (xfs_name_is_dot(args->name)) {
		*ino = args->dp->i_ino;
		return 0;
	}
	if (xfs_name_is_dotdot(args->name)) {
		*ino = xfs_dir2_sf_get_parent_ino(hdr);
		return 0;
	}
	sfep = find(args, exact_only ? NULL : &nearly);
	if (!sfep)
		sfep = nearly;
	if (!sfep)
		return -ENOENT;
	*ino = xfs_dir2_sf_get_ino(hdr, sfep);
	if (args->stored)
		memcpy(args->stored, sfep->name, sfep->namelen);
	return 0;
}

/* ---- adding ----------------------------------------------------------------------------- */

/* Append, as in a directory that only grows. */
static int add_easy(struct xfs_dir_args *args, uint32_t offset, uint32_t size)
{
	struct xfs_inode *dp = args->dp;
	uint32_t old = dp->i_df.if_bytes;
	struct xfs_dir2_sf_entry *sfep;
	struct xfs_dir2_sf_hdr *hdr;
	int error;

	error = xfs_idata_realloc(dp, (int32_t)size, XFS_DATA_FORK);
	if (error)
		return error;
	hdr = sf_hdr(dp);
	sfep = (struct xfs_dir2_sf_entry *)((char *)hdr + old);
	sfep->namelen = (uint8_t)args->name->len;
	sfep->offset = cpu_to_be16((uint16_t)offset);
	memcpy(sfep->name, args->name->name, args->name->len);
	xfs_dir2_sf_put_ftype(sfep, args->name->type);
	xfs_dir2_sf_put_ino(hdr, sfep, args->ino);
	hdr->count++;
	hdr->i8count = (uint8_t)(hdr->i8count + is_wide(args->ino));
	xfs_dir_set_size(args->tp, dp, old + size);
	log_sf(args->tp, dp);
	return 0;
}

/* Rewrite the list, with wide inode numbers or with the new entry in a gap. */
static int add_hard(struct xfs_dir_args *args, bool wide)
{
	const struct xfs_dir2_sf_hdr *hdr = sf_hdr(args->dp);
	uint32_t size = xfs_dir2_data_entsize(args->name->len), offset = FIRST_OFF;
	struct xfs_dir2_sf_entry *sfep;
	struct sf_writer w;
	bool placed = false;
	unsigned int i;

	writer_begin(&w, wide, xfs_dir2_sf_get_parent_ino(hdr));
	for_each_sf_entry(hdr, sfep, i) {
		if (!placed && offset + size <= xfs_dir2_sf_get_offset(sfep)) {
			writer_add(&w, offset, args->name->name, args->name->len, args->name->type,
				   args->ino);
			placed = true;
		}
		offset = xfs_dir2_sf_get_offset(sfep) + xfs_dir2_data_entsize(sfep->namelen);
		writer_copy(&w, hdr, sfep);
	}
	if (!placed)
		writer_add(&w, offset, args->name->name, args->name->len, args->name->type,
			   args->ino);
	return writer_install(&w, args->tp, args->dp);
}

/* How short form takes an addition. */
struct sf_plan {
	bool full;			/* it does not fit */
	bool wide;			/* inode numbers of 8 bytes */
	bool hard;			/* rewrite the list */
	uint32_t inc;			/* bytes that it grows */
	uint32_t end;			/* offset behind all entries */
};

static void plan_add(struct xfs_dir_args *args, struct sf_plan *plan)
{
	const struct xfs_dir2_sf_hdr *hdr = sf_hdr(args->dp);
	uint32_t size = xfs_dir2_data_entsize(args->name->len), used;
	bool widen = is_wide(args->ino) && !hdr->i8count, hole = false;
	struct xfs_dir2_sf_entry *sfep;
	unsigned int i;

	*plan = (struct sf_plan){ .full = true, .wide = widen || hdr->i8count, .end = FIRST_OFF };
	plan->inc = xfs_dir2_sf_entsize(hdr, args->name->len);
	if (widen)
		plan->inc += 4u * (hdr->count + 2u);
	if (args->dp->i_df.if_bytes + plan->inc > xfs_inode_data_fork_size(args->dp))
		return;
	for_each_sf_entry(hdr, sfep, i) {
		hole |= plan->end + size <= xfs_dir2_sf_get_offset(sfep);
		plan->end = xfs_dir2_sf_get_offset(sfep) + xfs_dir2_data_entsize(sfep->namelen);
	}
	/* All entries at their offsets, and an index, must fit into one block. */
	used = plan->end + (hdr->count + 3u) * (uint32_t)sizeof(struct xfs_dir2_leaf_entry) +
	       (uint32_t)sizeof(struct xfs_dir2_block_tail);
	plan->full = used + (hole ? 0 : size) > args->geo->dirblksize;
	plan->hard = widen || used + size > args->geo->dirblksize;
}

bool xfs_dir_sf_has_room(struct xfs_dir_args *args)
{
	struct sf_plan plan;

	plan_add(args, &plan);
	return !plan.full;
}

int xfs_dir_sf_addname(struct xfs_dir_args *args)
{
	struct sf_plan plan;

	plan_add(args, &plan);
	if (plan.full)
		return XFS_DIR_FULL;
	return plan.hard ? add_hard(args, plan.wide) : add_easy(args, plan.end, plan.inc);
}

/* ---- removing, replacing ---------------------------------------------------------------- */

int xfs_dir_sf_removename(struct xfs_dir_args *args)
{
	struct xfs_inode *dp = args->dp;
	struct xfs_dir2_sf_hdr *hdr = sf_hdr(dp);
	struct xfs_dir2_sf_entry *gone = find(args, NULL), *sfep;
	uint32_t size, off, old = dp->i_df.if_bytes;
	struct sf_writer w;
	unsigned int i;
	int error;

	if (!gone || xfs_dir2_sf_get_ino(hdr, gone) != args->ino)
		return -ENOENT;
	if (hdr->i8count == 1 && is_wide(args->ino)) {
		/* That was the only wide number: rewrite with narrow ones. */
		writer_begin(&w, false, xfs_dir2_sf_get_parent_ino(hdr));
		for_each_sf_entry(hdr, sfep, i) {
			if (sfep != gone)
				writer_copy(&w, hdr, sfep);
		}
		return writer_install(&w, args->tp, dp);
	}
	size = xfs_dir2_sf_entsize(hdr, gone->namelen);
	off = (uint32_t)((char *)gone - (char *)hdr);
	memmove(gone, (char *)gone + size, old - off - size);
	hdr->count--;
	hdr->i8count = (uint8_t)(hdr->i8count - is_wide(args->ino));
	error = xfs_idata_realloc(dp, -(int32_t)size, XFS_DATA_FORK);
	xfs_dir_set_size(args->tp, dp, old - size);
	log_sf(args->tp, dp);
	return error;
}

/*
 * Rewrite the list with args->ino for @target (NULL: for the parent), because the width of all
 * numbers changes.
 */
static int replace_hard(struct xfs_dir_args *args, const struct xfs_dir2_sf_entry *target,
			bool wide)
{
	const struct xfs_dir2_sf_hdr *hdr = sf_hdr(args->dp);
	struct xfs_dir2_sf_entry *sfep;
	struct sf_writer w;
	unsigned int i;

	writer_begin(&w, wide, target ? xfs_dir2_sf_get_parent_ino(hdr) : args->ino);
	for_each_sf_entry(hdr, sfep, i) {
		if (sfep == target)
			writer_add(&w, xfs_dir2_sf_get_offset(sfep), sfep->name, sfep->namelen,
				   args->name->type, args->ino);
		else
			writer_copy(&w, hdr, sfep);
	}
	return writer_install(&w, args->tp, args->dp);
}

int xfs_dir_sf_replace(struct xfs_dir_args *args)
{
	struct xfs_inode *dp = args->dp;
	struct xfs_dir2_sf_hdr *hdr = sf_hdr(dp);
	struct xfs_dir2_sf_entry *sfep = NULL;
	xfs_ino_t old;
	int i8count;

	if (xfs_name_is_dotdot(args->name)) {
		old = xfs_dir2_sf_get_parent_ino(hdr);
	} else {
		sfep = find(args, NULL);
		if (!sfep)
			return -ENOENT;
		old = xfs_dir2_sf_get_ino(hdr, sfep);
	}
	i8count = hdr->i8count - is_wide(old) + is_wide(args->ino);
	if (!hdr->i8count && i8count) {
		if (dp->i_df.if_bytes + 4u * (hdr->count + 1u) > xfs_inode_data_fork_size(dp))
			return XFS_DIR_FULL;
		return replace_hard(args, sfep, true);
	}
	if (hdr->i8count && !i8count)
		return replace_hard(args, sfep, false);
	if (sfep) {
		xfs_dir2_sf_put_ino(hdr, sfep, args->ino);
		xfs_dir2_sf_put_ftype(sfep, args->name->type);
	} else {
		xfs_dir2_sf_put_parent_ino(hdr, args->ino);
	}
	hdr->i8count = (uint8_t)i8count;
	log_sf(args->tp, dp);
	return 0;
}

bool xfs_dir_is_empty(const struct xfs_inode *dp)
{
	return dp->i_df.if_format == XFS_DINODE_FMT_LOCAL && sf_hdr(dp)->count == 0;
}

int xfs_dir_init(struct xfs_trans *tp, struct xfs_inode *dp, xfs_ino_t parent_ino)
{
	uint8_t buf[10];
	struct xfs_dir2_sf_hdr *hdr = (struct xfs_dir2_sf_hdr *)buf;
	uint32_t size = xfs_dir2_sf_hdr_size(is_wide(parent_ino));
	int error;

	hdr->count = 0;
	hdr->i8count = is_wide(parent_ino);
	xfs_dir2_sf_put_parent_ino(hdr, parent_ino);
	error = xfs_init_local_fork(dp, XFS_DATA_FORK, buf, size);
	if (error)
		return error;
	dp->i_df.if_format = XFS_DINODE_FMT_LOCAL;
	xfs_dir_set_size(tp, dp, size);
	log_sf(tp, dp);
	return 0;
}

/* ---- to and from block form ------------------------------------------------------------- */

static int cmp_ents(const void *a, const void *b)
{
	uint32_t x = be32_to_cpu(((const struct xfs_dir2_leaf_entry *)a)->hashval);
	uint32_t y = be32_to_cpu(((const struct xfs_dir2_leaf_entry *)b)->hashval);

	return x < y ? -1 : x > y;
}

struct block_builder {
	struct xfs_dir_args *args;
	struct xfs_buf *bp;
	struct xfs_dir2_leaf_entry *ents;
	uint32_t nents;
	uint32_t off;			/* end of what has been written */
};

static void builder_free_until(struct block_builder *b, uint32_t off)
{
	struct xfs_dir2_data_unused *dup = xfs_dir_unused_at(b->bp, b->off);

	if (b->off == off)
		return;
	dup->freetag = cpu_to_be16(XFS_DIR2_DATA_FREE_TAG);
	dup->length = cpu_to_be16((uint16_t)(off - b->off));
	*xfs_dir2_data_unused_tag_p(dup) = cpu_to_be16((uint16_t)b->off);
	b->off = off;
}

static void builder_add(struct block_builder *b, uint32_t off, const struct xfs_name *name,
			xfs_ino_t ino)
{
	const struct xfs_geometry *geo = b->args->geo;
	struct xfs_dir2_leaf_entry *ent = &b->ents[b->nents++];

	builder_free_until(b, off);
	xfs_dir_data_fill(b->bp, off, name, ino);
	b->off = off + xfs_dir2_data_entsize(name->len);
	ent->hashval = cpu_to_be32(xfs_name_hash(geo, name));
	ent->address = cpu_to_be32(xfs_dir2_db_off_to_dataptr(geo, 0, off));
}

/* Fill the zeroed block @bp with the contents of @hdr, and log it. */
static void build_block(struct xfs_dir_args *args, const struct xfs_dir2_sf_hdr *hdr,
			struct xfs_buf *bp)
{
	static const struct xfs_name dot = {
		.name = (const uint8_t *)".", .len = 1, .type = XFS_DIR3_FT_DIR,
	};
	static const struct xfs_name dotdot = {
		.name = (const uint8_t *)"..", .len = 2, .type = XFS_DIR3_FT_DIR,
	};
	struct xfs_dir2_block_tail *tail = xfs_dir2_block_tail_p(args->geo, bp->b_addr);
	struct block_builder b = { .args = args, .bp = bp };
	struct xfs_dir2_sf_entry *sfep;
	unsigned int i;
	uint32_t index;

	xfs_dir_data_init(args, bp, XFS_DIR3_BLOCK_MAGIC);
	tail->count = cpu_to_be32(hdr->count + 2u);
	tail->stale = cpu_to_be32(0);
	b.ents = xfs_dir2_block_leaf_p(tail);
	b.off = XFS_DIR3_DATA_DOT_OFFSET;
	builder_add(&b, XFS_DIR3_DATA_DOT_OFFSET, &dot, args->dp->i_ino);
	builder_add(&b, XFS_DIR3_DATA_DOTDOT_OFFSET, &dotdot, xfs_dir2_sf_get_parent_ino(hdr));
	for_each_sf_entry(hdr, sfep, i) {
		struct xfs_name name = {
			.name = sfep->name, .len = sfep->namelen, .type = sfep->name[sfep->namelen],
		};

		builder_add(&b, xfs_dir2_sf_get_offset(sfep), &name,
			    xfs_dir2_sf_get_ino(hdr, sfep));
	}
	/* Log all but the inside of the free space: up to its header, and from its tag on. */
	index = (uint32_t)((char *)b.ents - (char *)bp->b_addr);
	xfs_trans_log_buf(args->tp, bp, 0, XFS_MIN(b.off + 3, index - 1));
	xfs_trans_log_buf(args->tp, bp, index - 2, args->geo->dirblksize - 1);
	builder_free_until(&b, index);
	qsort(b.ents, b.nents, sizeof(*b.ents), cmp_ents);
	xfs_dir_data_rescan(args->geo, bp);
}

int xfs_dir_sf_to_block_form(struct xfs_dir_args *args)
{
	struct xfs_inode *dp = args->dp;
	struct xfs_ifork old = dp->i_df;
	struct xfs_buf *bp;
	int error;

	/* The old contents stay in memory: if no block can be allocated, nothing has changed. */
	xfs_ifork_init_empty(&dp->i_df);
	error = xfs_dir_alloc_block(args, 0, &xfs_dir3_block_buf_ops, &bp);
	if (error) {
		if (!dp->i_df.if_nextents) {
			xfs_idestroy_fork(dp, XFS_DATA_FORK);
			dp->i_df = old;
		} else {
			xfs_free(dp->i_mount, old.if_data);
		}
		return error;
	}
	build_block(args, old.if_data, bp);
	xfs_buf_put(bp);
	xfs_free(dp->i_mount, old.if_data);
	xfs_dir_set_size(args->tp, dp, args->geo->dirblksize);
	xfs_trans_log_inode(args->tp, dp, XFS_ILOG_CORE | XFS_ILOG_DEXT);
	return 0;
}

/*
 * Compute the size in short form.  False if it is too large or has too many entries, or if ".." is
 * missing.
 */
static bool measure_block(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t skip_off,
			  xfs_ino_t *parent, bool *wide)
{
	uint32_t limit = xfs_inode_data_fork_size(args->dp);
	uint32_t end = xfs_dir_data_end(args->geo, bp), off = XFS_DIR3_DATA_DOTDOT_OFFSET;
	uint32_t size, count = 0, names = 0;

	*parent = NULLFSINO;
	*wide = false;
	while (off < end) {
		const struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);

		if (xfs_dir_is_unused(bp, off)) {
			off += be16_to_cpu(xfs_dir_unused_at(bp, off)->length);
			continue;
		}
		if (off == XFS_DIR3_DATA_DOTDOT_OFFSET)
			*parent = be64_to_cpu(dep->inumber);
		if (off != skip_off)
			*wide |= is_wide(be64_to_cpu(dep->inumber));
		if (off != skip_off && off != XFS_DIR3_DATA_DOTDOT_OFFSET) {
			count++;
			names += dep->namelen;
		}
		/* Even narrow inode numbers would not fit. */
		if (names + count * 8 > limit)
			return false;
		off += xfs_dir2_data_entsize(dep->namelen);
	}
	size = xfs_dir2_sf_hdr_size(*wide) + names + count * (*wide ? 12 : 8);
	return *parent != NULLFSINO && count <= UINT8_MAX && size <= limit;
}

int xfs_dir_block_to_sf(struct xfs_dir_args *args, struct xfs_buf *bp, uint32_t skip_off,
			bool *converted)
{
	struct xfs_inode *dp = args->dp;
	uint32_t end = xfs_dir_data_end(args->geo, bp), off = FIRST_OFF;
	struct xfs_ifork local;
	struct sf_writer w;
	xfs_ino_t parent;
	bool wide;
	int error;

	*converted = false;
	if (!measure_block(args, bp, skip_off, &parent, &wide))
		return 0;
	writer_begin(&w, wide, parent);
	while (off < end) {
		const struct xfs_dir2_data_entry *dep = xfs_dir_entry_at(bp, off);

		if (xfs_dir_is_unused(bp, off)) {
			off += be16_to_cpu(xfs_dir_unused_at(bp, off)->length);
			continue;
		}
		if (off != skip_off)
			writer_add(&w, off, dep->name, dep->namelen, dep->name[dep->namelen],
				   be64_to_cpu(dep->inumber));
		off += xfs_dir2_data_entsize(dep->namelen);
	}
	/*
	 * Without memory the block form stays.  That is an error only if nothing has changed yet,
	 * or if the directory is empty and so must be in short form.
	 */
	error = xfs_da_make_local(dp, XFS_DATA_FORK, w.buf, w.len, &local);
	if (error)
		return xfs_trans_is_dirty(args->tp) && writer_hdr(&w)->count ? 0 : error;
	error = xfs_dir_free_block(args, 0, bp);
	if (error) {
		xfs_free(dp->i_mount, local.if_data);
		return error;
	}
	xfs_idestroy_fork(dp, XFS_DATA_FORK);
	dp->i_df = local;
	xfs_dir_set_size(args->tp, dp, w.len);
	log_sf(args->tp, dp);
	*converted = true;
	return 0;
}
