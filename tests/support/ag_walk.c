/* SPDX-License-Identifier: MIT */
/* The trees of an AG, read by the format alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/crc32c.h"
#include "support/ag_walk.h"

#define HDR	56u

struct tree_type {
	const char *name;
	uint32_t magic;
	uint32_t rec_len, keys_len;	/* keys of one node entry */
	uint64_t owner;
	size_t irec_size;
};

static const struct tree_type types[AG_WALK_TREES] = {
	[AG_WALK_BNO] = {"bno", 0x41423342, 8, 8, XFS_RMAP_OWN_AG,
			 sizeof(struct xfs_alloc_rec_incore)},
	[AG_WALK_CNT] = {"cnt", 0x41423343, 8, 8, XFS_RMAP_OWN_AG,
			 sizeof(struct xfs_alloc_rec_incore)},
	[AG_WALK_INO] = {"ino", 0x49414233, 16, 4, XFS_RMAP_OWN_INOBT,
			 sizeof(struct xfs_inobt_rec_incore)},
	[AG_WALK_FINO] = {"fino", 0x46494233, 16, 4, XFS_RMAP_OWN_INOBT,
			  sizeof(struct xfs_inobt_rec_incore)},
	[AG_WALK_RMAP] = {"rmap", 0x524d4233, 24, 40, XFS_RMAP_OWN_AG,
			  sizeof(struct xfs_rmap_irec)},
	[AG_WALK_REFC] = {"refc", 0x52334643, 12, 4, XFS_RMAP_OWN_REFC,
			  sizeof(struct xfs_refcount_irec)},
};

struct state {
	struct xfs_device *dev;
	const struct xfs_geometry *geo;
	xfs_agnumber_t agno;
	uint32_t len;
	struct ag_walk *w;
	unsigned int tree;
	uint32_t prev[16], prev_right[16]; /* last block seen on a level, and its right sibling */
	jmp_buf out;
};

__attribute__((noreturn, format(printf, 2, 3))) static void bad(struct state *s, const char *fmt,
								...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->w->error, sizeof(s->w->error), fmt, ap);
	va_end(ap);
	longjmp(s->out, 1);
}

static void read_at(struct state *s, uint64_t offset, void *buf, size_t len, size_t crc_off,
		    const char *what)
{
	if (xfs_device_pread(s->dev, offset, buf, len))
		bad(s, "AG %u: reading %s", s->agno, what);
	if (!xfs_cksum_ok(buf, len, crc_off))
		bad(s, "AG %u: checksum of %s at %" PRIu64, s->agno, what, offset);
}

static void own(struct state *s, uint32_t agbno, uint64_t owner, const char *what)
{
	if (agbno >= s->len)
		bad(s, "AG %u: %s block %u is outside", s->agno, what, agbno);
	if (s->w->owner[agbno])
		bad(s, "AG %u: %s block %u is used twice", s->agno, what, agbno);
	s->w->owner[agbno] = owner;
}

static void *append(struct state *s)
{
	struct ag_walk_list *l = &s->w->list[s->tree];
	size_t size = types[s->tree].irec_size;

	if (l->nr == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->recs = realloc(l->recs, l->room * size);
		if (!l->recs)
			abort();
	}
	return (char *)l->recs + size * l->nr++;
}

static void decode(struct state *s, const uint8_t *rec)
{
	void *irec = append(s);
	xfs_failaddr_t fa = NULL;

	switch (s->tree) {
	case AG_WALK_BNO:
	case AG_WALK_CNT:
		xfs_alloc_rec_unpack((const void *)rec, irec);
		fa = xfs_alloc_irec_verify(s->geo, s->agno, irec);
		break;
	case AG_WALK_INO:
	case AG_WALK_FINO:
		xfs_inobt_rec_unpack(s->geo, (const void *)rec, irec);
		fa = xfs_inobt_irec_verify(s->geo, s->agno, irec);
		break;
	case AG_WALK_RMAP:
		fa = xfs_rmap_rec_unpack((const void *)rec, irec);
		if (!fa)
			fa = xfs_rmap_irec_verify(s->geo, s->agno, irec);
		break;
	case AG_WALK_REFC:
		xfs_refcount_rec_unpack((const void *)rec, irec);
		fa = xfs_refcount_irec_verify(s->geo, s->agno, irec);
		break;
	}
	if (fa)
		bad(s, "AG %u %s: %s", s->agno, types[s->tree].name, fa);
}

/* Keys of one record as a parent keeps them: low, for the reverse map high as well. */
static void rec_keys(struct state *s, const uint8_t *rec, uint8_t *keys)
{
	struct xfs_rmap_irec irec;

	if (s->tree != AG_WALK_RMAP) {
		memcpy(keys, rec, types[s->tree].keys_len);
		return;
	}
	xfs_rmap_rec_unpack((const void *)rec, &irec);
	xfs_rmap_low_key(&irec, (void *)keys);
	xfs_rmap_high_key(&irec, (void *)(keys + 20));
}

static int cmp_keys(struct state *s, const uint8_t *a, const uint8_t *b)
{
	if (s->tree == AG_WALK_RMAP)
		return xfs_rmap_key_cmp((const void *)a, (const void *)b);
	if (s->tree == AG_WALK_CNT) {
		int d = memcmp(a + 4, b + 4, 4);

		return d ? d : memcmp(a, b, 4);
	}
	return memcmp(a, b, 4);
}

static void walk_block(struct state *s, uint32_t agbno, uint32_t level, bool root, uint8_t *keys)
{
	const struct tree_type *t = &types[s->tree];
	uint32_t bs = s->geo->blocksize, n, max, left, right;
	uint8_t *block = malloc(bs), mine[40], prev[40];

	own(s, agbno, t->owner, t->name);
	read_at(s, xfs_agb_to_bytes(s->geo, s->agno, agbno), block, bs, 52, t->name);
	n = get_be16(block + 6);
	max = (bs - HDR) / (level ? t->keys_len + 4 : t->rec_len);
	left = get_be32(block + 8);
	right = get_be32(block + 12);
	if (get_be32(block) != t->magic || get_be16(block + 4) != level ||
	    get_be64(block + 16) != (uint64_t)XFS_AGB_TO_DADDR(s->geo, s->agno, agbno) ||
	    get_be32(block + 48) != s->agno || memcmp(block + 32, &s->geo->meta_uuid, 16))
		bad(s, "AG %u %s: header of block %u", s->agno, t->name, agbno);
	if (n > max || (!root && n < max / 2) || (root && level && n < 2))
		bad(s, "AG %u %s: block %u has %u entries", s->agno, t->name, agbno, n);
	if (left != s->prev[level] || (s->prev_right[level] && s->prev_right[level] != agbno))
		bad(s, "AG %u %s: siblings of block %u", s->agno, t->name, agbno);
	s->prev[level] = agbno;
	s->prev_right[level] = right;
	s->w->blocks[s->tree]++;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *e = block + HDR + i * (level ? t->keys_len : t->rec_len);

		if (level) {
			walk_block(s, get_be32(block + HDR + max * t->keys_len + 4 * i), level - 1,
				   false, mine);
			if (memcmp(mine, e, t->keys_len))
				bad(s, "AG %u %s: key %u of block %u", s->agno, t->name, i, agbno);
		} else {
			decode(s, e);
			rec_keys(s, e, mine);
		}
		if (i == 0)
			memcpy(keys, mine, t->keys_len);
		else if (cmp_keys(s, prev, mine) >= 0)
			bad(s, "AG %u %s: order in block %u", s->agno, t->name, agbno);
		else if (s->tree == AG_WALK_RMAP && cmp_keys(s, keys + 20, mine + 20) < 0)
			memcpy(keys + 20, mine + 20, 20);
		memcpy(prev, mine, t->keys_len);
	}
	free(block);
}

static void walk_tree(struct state *s, unsigned int tree, be32_t root, be32_t levels)
{
	uint32_t height = be32_to_cpu(levels);
	uint8_t keys[40];

	s->tree = tree;
	s->w->height[tree] = height;
	for (unsigned int i = 0; i < 16; i++) {
		s->prev[i] = NULLAGBLOCK;
		s->prev_right[i] = 0;
	}
	if (height == 0 || height > 15)
		bad(s, "AG %u %s: height %u", s->agno, types[tree].name, height);
	walk_block(s, be32_to_cpu(root), height - 1, true, keys);
	for (unsigned int i = 0; i < height; i++) {
		if (s->prev_right[i] != NULLAGBLOCK)
			bad(s, "AG %u %s: level %u goes on", s->agno, types[tree].name, i);
	}
}

static void walk_agfl(struct state *s)
{
	struct xfs_agf *agf = &s->w->agf;
	uint32_t first = be32_to_cpu(agf->agf_flfirst), last = be32_to_cpu(agf->agf_fllast);
	uint32_t count = be32_to_cpu(agf->agf_flcount), slots = (s->geo->sectsize - 36) / 4,
		 slot = first;
	uint8_t *sector = malloc(s->geo->sectsize);

	read_at(s, xfs_agb_to_bytes(s->geo, s->agno, 0) + 3u * s->geo->sectsize, sector,
		s->geo->sectsize, 32, "AGFL");
	for (uint32_t i = 0; i < count; i++) {
		own(s, get_be32(sector + 36 + 4 * slot), XFS_RMAP_OWN_AG, "AGFL");
		if (i == count - 1 && slot != last)
			bad(s, "AG %u: AGFL has %u entries, ends in slot %u", s->agno, count, last);
		slot = (slot + 1) % slots;
	}
	s->w->agfl_count = count;
	free(sector);
}

/* What the headers say against what was counted. */
static void check_headers(struct state *s)
{
	struct ag_walk *w = s->w;
	const struct xfs_alloc_rec_incore *bno = ag_walk_free_recs(w);
	uint32_t free_blocks = 0, longest = 0,
		 btreeblks = w->blocks[AG_WALK_BNO] + w->blocks[AG_WALK_CNT] - 2;
	uint32_t icount = 0, ifree = 0, with_free = 0;

	if (xfs_has_rmapbt(s->geo))
		btreeblks += w->blocks[AG_WALK_RMAP] - 1;
	if (w->list[AG_WALK_BNO].nr != w->list[AG_WALK_CNT].nr)
		bad(s, "AG %u: bno and cnt differ", s->agno);
	for (uint32_t i = 0; i < w->list[AG_WALK_BNO].nr; i++) {
		if (i &&
		    bno[i - 1].ar_startblock + bno[i - 1].ar_blockcount >= bno[i].ar_startblock)
			bad(s, "AG %u: free extents at %u touch", s->agno, bno[i].ar_startblock);
		free_blocks += bno[i].ar_blockcount;
		longest = XFS_MAX(longest, bno[i].ar_blockcount);
		for (uint32_t b = 0; b < bno[i].ar_blockcount; b++) {
			if (w->owner[bno[i].ar_startblock + b])
				bad(s, "AG %u: block %u is free and in use", s->agno,
				    bno[i].ar_startblock + b);
		}
	}
	for (uint32_t i = 0; i < w->list[AG_WALK_CNT].nr; i++) {
		const struct xfs_alloc_rec_incore *c =
			(const struct xfs_alloc_rec_incore *)w->list[AG_WALK_CNT].recs + i;
		uint32_t low = 0, high = w->list[AG_WALK_BNO].nr;

		while (low < high) {
			uint32_t mid = (low + high) / 2;

			if (bno[mid].ar_startblock < c->ar_startblock)
				low = mid + 1;
			else
				high = mid;
		}
		if (low == w->list[AG_WALK_BNO].nr || memcmp(&bno[low], c, sizeof(*c)))
			bad(s, "AG %u: %u+%u is free by size only", s->agno, c->ar_startblock,
			    c->ar_blockcount);
	}
	if (be32_to_cpu(w->agf.agf_freeblks) != free_blocks ||
	    be32_to_cpu(w->agf.agf_longest) != longest)
		bad(s, "AG %u: freeblks %u longest %u, counted %u, %u", s->agno,
		    be32_to_cpu(w->agf.agf_freeblks), be32_to_cpu(w->agf.agf_longest), free_blocks,
		    longest);
	if (be32_to_cpu(w->agf.agf_btreeblks) != btreeblks)
		bad(s, "AG %u: btreeblks %u, counted %u", s->agno,
		    be32_to_cpu(w->agf.agf_btreeblks), btreeblks);
	if (be32_to_cpu(w->agf.agf_rmap_blocks) != w->blocks[AG_WALK_RMAP] ||
	    be32_to_cpu(w->agf.agf_refcount_blocks) != w->blocks[AG_WALK_REFC])
		bad(s, "AG %u: rmap_blocks or refcount_blocks", s->agno);

	for (uint32_t i = 0; i < w->list[AG_WALK_INO].nr; i++) {
		const struct xfs_inobt_rec_incore *r = &ag_walk_inodes(w)[i];

		icount += r->ir_count;
		ifree += r->ir_freecount;
		if (!r->ir_freecount || !xfs_has_finobt(s->geo))
			continue;
		if (with_free >= w->list[AG_WALK_FINO].nr ||
		    memcmp((const struct xfs_inobt_rec_incore *)w->list[AG_WALK_FINO].recs +
				   with_free,
			   r, sizeof(*r)))
			bad(s, "AG %u: finobt lacks inode %u", s->agno, r->ir_startino);
		with_free++;
	}
	if (with_free != w->list[AG_WALK_FINO].nr)
		bad(s, "AG %u: finobt has records of its own", s->agno);
	if (be32_to_cpu(w->agi.agi_count) != icount || be32_to_cpu(w->agi.agi_freecount) != ifree)
		bad(s, "AG %u: agi_count or freecount", s->agno);
	if (xfs_has_inobtcounts(s->geo) &&
	    (be32_to_cpu(w->agi.agi_iblocks) != w->blocks[AG_WALK_INO] ||
	     be32_to_cpu(w->agi.agi_fblocks) != w->blocks[AG_WALK_FINO]))
		bad(s, "AG %u: iblocks or fblocks", s->agno);
}

void ag_walk(struct xfs_device *dev, const struct xfs_geometry *geo, xfs_agnumber_t agno,
	     struct ag_walk *w)
{
	struct state s = { .dev = dev, .geo = geo, .agno = agno, .w = w };
	uint8_t *sector = malloc(geo->sectsize);
	uint64_t start = xfs_agb_to_bytes(geo, agno, 0);

	memset(w, 0, sizeof(*w));
	s.len = xfs_ag_block_count(geo, agno);
	w->owner = calloc(s.len, sizeof(*w->owner));
	if (!sector || !w->owner)
		abort();
	if (setjmp(s.out)) {
		free(sector);
		return;
	}
	for (uint32_t i = 0; i <= geo->agfl_block; i++)
		own(&s, i, XFS_RMAP_OWN_FS, "header");
	read_at(&s, start + geo->sectsize, sector, geo->sectsize, 216, "AGF");
	memcpy(&w->agf, sector, sizeof(w->agf));
	read_at(&s, start + 2u * geo->sectsize, sector, geo->sectsize, 312, "AGI");
	memcpy(&w->agi, sector, sizeof(w->agi));
	walk_agfl(&s);
	walk_tree(&s, AG_WALK_BNO, w->agf.agf_bno_root, w->agf.agf_bno_level);
	walk_tree(&s, AG_WALK_CNT, w->agf.agf_cnt_root, w->agf.agf_cnt_level);
	walk_tree(&s, AG_WALK_INO, w->agi.agi_root, w->agi.agi_level);
	if (xfs_has_finobt(geo))
		walk_tree(&s, AG_WALK_FINO, w->agi.agi_free_root, w->agi.agi_free_level);
	if (xfs_has_rmapbt(geo))
		walk_tree(&s, AG_WALK_RMAP, w->agf.agf_rmap_root, w->agf.agf_rmap_level);
	if (xfs_has_reflink(geo))
		walk_tree(&s, AG_WALK_REFC, w->agf.agf_refcount_root, w->agf.agf_refcount_level);
	check_headers(&s);
	free(sector);
}

void ag_walk_free(struct ag_walk *w)
{
	for (unsigned int i = 0; i < AG_WALK_TREES; i++)
		free(w->list[i].recs);
	free(w->owner);
}
