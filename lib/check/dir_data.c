/* SPDX-License-Identifier: MIT */
/*
 * Data blocks of directories: entries and free records without a gap, each ending with its own
 * offset, and a table of the three longest free records.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dir.h"

#define BAD(...) do { \
	dw->data_broken = true; \
	xfs_check_report(dw->chk, at, __VA_ARGS__); \
} while (0)

struct free_table {
	struct xfs_dir2_data_free slot[XFS_DIR2_DATA_FD_COUNT];
	bool matched[XFS_DIR2_DATA_FD_COUNT];
	uint32_t longest[XFS_DIR2_DATA_FD_COUNT];	/* found, descending */
};

static void note_free(struct free_table *ft, uint32_t off, uint32_t len)
{
	uint32_t l = len;

	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++) {
		if (!ft->matched[i] && be16_to_cpu(ft->slot[i].length) == len &&
		    be16_to_cpu(ft->slot[i].offset) == off) {
			ft->matched[i] = true;
			break;
		}
	}
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++) {
		uint32_t t = ft->longest[i];

		if (l > t) {
			ft->longest[i] = l;
			l = t;
		}
	}
}

static void check_free_table(struct xfs_check_dirwalk *dw, struct xfs_check_place at,
			     const struct free_table *ft)
{
	for (unsigned int i = 0; i < XFS_DIR2_DATA_FD_COUNT; i++) {
		uint32_t off = be16_to_cpu(ft->slot[i].offset);
		uint32_t len = be16_to_cpu(ft->slot[i].length);

		if (len != ft->longest[i] || (len ? !ft->matched[i] : off != 0)) {
			xfs_check_report(dw->chk, at,
					 "best_free[%u] is {%u, %u}, but the longest free "
					 "records have %u, %u and %u bytes",
					 i, off, len, ft->longest[0], ft->longest[1],
					 ft->longest[2]);
			return;
		}
	}
}

static void add_dent(struct xfs_check_dirwalk *dw, const uint8_t *name, uint32_t len, uint32_t addr)
{
	struct xfs_check_dent *d = xfs_check_push(dw->chk, &dw->dents, sizeof(*d));
	uint8_t folded[UINT8_MAX];

	for (uint32_t i = 0; dw->chk->g.ascii_ci && i < len; i++)
		folded[i] = xfs_check_fold(dw->chk, name[i]);
	if (d)
		*d = (struct xfs_check_dent){
			.hash = xfs_check_dirhash(dw->chk, name, len), .addr = addr,
			.mix = xfs_crc32c(XFS_CRC_SEED, dw->chk->g.ascii_ci ? folded : name, len),
		};
}

static void check_dot(struct xfs_check_dirwalk *dw, struct xfs_check_place at, xfs_ino_t ino,
		      uint8_t ftype)
{
	dw->dot = true;
	if (ino != dw->ip->ino)
		xfs_check_report(dw->chk, at, "\".\" points at inode %" PRIu64, ino);
	if (ftype != XFS_DIR3_FT_DIR)
		xfs_check_report(dw->chk, at, "\".\" has file type %u", ftype);
	if (!dw->unlinked)
		xfs_check_ref(dw->chk, dw->ip->ino);
}

/* Check an entry whose bounds are right. */
static void one_entry(struct xfs_check_dirwalk *dw, struct xfs_check_place at,
		      const struct xfs_dir2_data_entry *ent, uint32_t db, uint32_t off)
{
	xfs_ino_t ino = be64_to_cpu(ent->inumber);
	uint32_t len = ent->namelen;
	const uint8_t *name = ent->name;
	uint8_t ftype = name[len];
	uint64_t addr = ((uint64_t)db * dw->chk->g.dirblksize + off) >> XFS_DIR2_DATA_ALIGN_LOG;

	add_dent(dw, name, len, (uint32_t)addr);
	if (db == 0 && off == XFS_DIR3_DATA_DOT_OFFSET) {
		if (len == 1 && name[0] == '.')
			check_dot(dw, at, ino, ftype);
		else
			BAD("the first entry is not \".\"");
		return;
	}
	if (db == 0 && off == XFS_DIR3_DATA_DOTDOT_OFFSET) {
		if (len == 2 && name[0] == '.' && name[1] == '.') {
			dw->dotdot = true;
			if (ftype != XFS_DIR3_FT_DIR)
				xfs_check_report(dw->chk, at, "\"..\" has file type %u", ftype);
			xfs_check_dotdot(dw, at, ino);
		} else {
			BAD("the second entry is not \"..\"");
		}
		return;
	}
	xfs_check_dirent(dw, at, ino, name, len, ftype);
}

static void note_best(struct xfs_check_dirwalk *dw, uint32_t db, uint32_t best)
{
	struct xfs_check_best *b = xfs_check_push(dw->chk, &dw->bests, sizeof(*b));

	if (b)
		*b = (struct xfs_check_best){ db, (uint16_t)best };
}

void xfs_check_dir_data(struct xfs_check_dirwalk *dw, struct xfs_check_place at, const uint8_t *buf,
			uint32_t db, uint32_t end)
{
	const struct xfs_dir3_data_hdr *hdr = (const void *)buf;
	uint32_t off = sizeof(*hdr), size, tag;
	struct free_table ft = { .longest = { 0 } };
	bool after_free = false;
	uint32_t entries = 0;

	memcpy(ft.slot, hdr->best_free, sizeof(ft.slot));
	note_best(dw, db, be16_to_cpu(hdr->best_free[0].length));
	while (off < end && !dw->chk->stop) {
		const struct xfs_dir2_data_unused *unused = (const void *)(buf + off);
		const struct xfs_dir2_data_entry *ent = (const void *)(buf + off);
		bool is_free = be16_to_cpu(unused->freetag) == XFS_DIR2_DATA_FREE_TAG;

		if (is_free) {
			size = be16_to_cpu(unused->length);
			if (size < XFS_DIR2_DATA_ALIGN || size % XFS_DIR2_DATA_ALIGN) {
				BAD("offset %u: a free record of %u bytes", off, size);
				return;
			}
		} else {
			if (end - off < xfs_dir2_data_entsize(1)) {
				BAD("offset %u: no room for an entry", off);
				return;
			}
			if (!ent->namelen) {
				BAD("offset %u: an entry with an empty name", off);
				return;
			}
			size = xfs_dir2_data_entsize(ent->namelen);
		}
		if (size > end - off) {
			BAD("offset %u: a record of %u bytes passes the end of the block", off,
			    size);
			return;
		}
		tag = get_be16(buf + off + size - sizeof(be16_t));
		if (tag != off)
			xfs_check_report(dw->chk, at, "offset %u: the tag is %u", off, tag);
		if (is_free) {
			if (after_free)
				xfs_check_report(dw->chk, at,
						 "offset %u: two free records side by side", off);
			note_free(&ft, off, size);
		} else {
			one_entry(dw, at, ent, db, off);
			entries++;
		}
		after_free = is_free;
		off += size;
	}
	check_free_table(dw, at, &ft);
	if (!entries)
		xfs_check_report(dw->chk, at, "an empty data block");
}

XFS_CHECK_DEFINE_SORT(sort_by_name, struct xfs_check_dent,
		      a->hash != b->hash ? a->hash < b->hash :
		      a->mix != b->mix ? a->mix < b->mix : a->addr < b->addr)
XFS_CHECK_DEFINE_SORT(sort_by_addr, struct xfs_check_dent,
		      a->hash != b->hash ? a->hash < b->hash : a->addr < b->addr)

/* Read the name at @addr again from the disk. */
static bool read_name(struct xfs_check_dirwalk *dw, uint32_t addr, uint8_t *name, uint32_t *len)
{
	struct xfs_check *chk = dw->chk;
	uint64_t byte = (uint64_t)addr << XFS_DIR2_DATA_ALIGN_LOG;
	uint32_t off = (uint32_t)(byte & (chk->g.dirblksize - 1));
	uint64_t dablk = (byte - off) >> chk->g.blocklog;
	struct xfs_check_place at = dw->ip->at;
	const struct xfs_dir2_data_entry *ent;

	if (!xfs_check_da_read(chk, &chk->dfork, dablk, chk->g.dirfsb, chk->dir_buf, &at))
		return false;
	ent = (const void *)(chk->dir_buf + off);
	if (off + xfs_dir2_data_entsize(ent->namelen) > chk->g.dirblksize)
		return false;
	*len = ent->namelen;
	memcpy(name, ent->name, *len);
	return true;
}

void xfs_check_dir_sort(struct xfs_check_dirwalk *dw)
{
	struct xfs_check_dent *v = dw->dents.v;
	size_t n = dw->dents.n;

	sort_by_name(v, n);
	for (size_t i = 1; i < n && !dw->chk->stop; i++) {
		uint8_t a[256], b[256];
		uint32_t alen, blen;

		if (v[i].hash != v[i - 1].hash || v[i].mix != v[i - 1].mix)
			continue;
		/* Both hashes are equal: compare the names. */
		if (read_name(dw, v[i - 1].addr, a, &alen) && read_name(dw, v[i].addr, b, &blen) &&
		    alen == blen && xfs_check_same_name(dw->chk, a, b, alen))
			xfs_check_report(dw->chk, xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK,
							       dw->ip->ino),
					 "the name \"%s\" stands twice", xfs_check_name(a, alen).s);
	}
	sort_by_addr(v, n);
	dw->found = n ? xfs_mem_zalloc(&dw->chk->mem, (n + 7) / 8) : NULL;
	if (n && !dw->found)
		xfs_check_fail(dw->chk, -ENOMEM);
}
