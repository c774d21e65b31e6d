/* SPDX-License-Identifier: MIT */
/* Vectors of AG headers, of the trees of an AG, and of their records. */
#include "ag/ag_priv.h"
#include "disk/ag.h"
#include "format/format.h"

typedef xfs_failaddr_t block_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);

/* The object with bytes changed: pairs of offset and hexadecimal. */
static void changed(struct format *f, unsigned int n, char **arg, block_verify *verify,
		    unsigned int sector, xfs_agnumber_t agno)
{
	const uint8_t *copy = format_changed(f, n, arg);

	format_say_verdict(f, verify(&f->geo, copy, f->len, XFS_AG_DADDR(&f->geo, agno, sector)));
}

#define HEADER(name, sector)                                                                       \
	static void name##_verify(struct format *f, unsigned int n, char **arg)                    \
	{                                                                                          \
		(void)n;                                                                           \
		changed(f, 0, arg, xfs_##name##_verify, sector,                                    \
			(xfs_agnumber_t)format_number(f, arg[0]));                                 \
	}                                                                                          \
	static void name##_changed(struct format *f, unsigned int n, char **arg)                   \
	{                                                                                          \
		changed(f, n, arg, xfs_##name##_verify, sector, 0);                                \
	}
HEADER(agf, XFS_AGF_SECTOR)
HEADER(agi, XFS_AGI_SECTOR)
HEADER(agfl, XFS_AGFL_SECTOR)

static void agfl_need(struct format *f, unsigned int n, char **arg)
{
	static struct xfs_mount mp;
	struct xfs_agf agf = {
		.agf_bno_level = cpu_to_be32((uint32_t)format_number(f, arg[0])),
		.agf_cnt_level = cpu_to_be32((uint32_t)format_number(f, arg[1])),
		.agf_rmap_level = cpu_to_be32((uint32_t)format_number(f, arg[2])),
	};
	struct xfs_buf bp = {.b_addr = &agf};
	struct xfs_perag pag = {.pag_mount = &mp, .pag_agf_bp = &bp};

	(void)n;
	mp.m_geo = f->geo;
	format_say(f, "%u", xfs_alloc_min_freelist(&pag));
}

static const struct tree {
	const char *name;
	block_verify *verify;
	size_t key;
} trees[] = {
	{"bno", xfs_bnobt_verify, sizeof(struct xfs_alloc_rec)},
	{"cnt", xfs_cntbt_verify, sizeof(struct xfs_alloc_rec)},
	{"ino", xfs_inobt_verify, sizeof(struct xfs_inobt_key)},
	{"fino", xfs_finobt_verify, sizeof(struct xfs_inobt_key)},
	{"rmap", xfs_rmapbt_verify, 2 * sizeof(struct xfs_rmap_key)},
	{"refcount", xfs_refcountbt_verify, sizeof(struct xfs_refcount_key)},
};

static const struct tree *find_tree(struct format *f, const char *name)
{
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (strcmp(trees[i].name, name) == 0)
			return &trees[i];
	format_say(f, "(there is no tree %s) ", name);
	return &trees[0];
}

static void btree_verify(struct format *f, unsigned int n, char **arg)
{
	(void)n;
	format_say_verdict(
		f, find_tree(f, arg[0])->verify(
			   &f->geo, f->object, f->len,
			   XFS_AGB_TO_DADDR(&f->geo, (xfs_agnumber_t)format_number(f, arg[1]),
					    (xfs_agblock_t)format_number(f, arg[2]))));
}

static void node_pointer(struct format *f, unsigned int n, char **arg)
{
	const struct xfs_geometry *g = &f->geo;
	const uint32_t mxr[] = {g->alloc_mxr[1], g->alloc_mxr[1], g->inobt_mxr[1],
				g->inobt_mxr[1], g->rmap_mxr[1],  g->refc_mxr[1]};
	const struct tree *tree = find_tree(f, arg[0]);
	const char *ptr = XFS_BTREE_PTR_ADDR(f->object, XFS_BTREE_SBLOCK_LEN, tree->key,
					     mxr[tree - trees], sizeof(xfs_alloc_ptr_t),
					     (unsigned int)format_number(f, arg[1]) + 1);

	(void)n;
	format_say(f, "%td", ptr - (const char *)f->object);
}

static void inobt_rec(struct format *f, unsigned int n, char **arg)
{
	struct xfs_inobt_rec rec = {0}, again;
	struct xfs_inobt_rec_incore irec;

	(void)n;
	format_bytes(f, arg[0], (void *)&rec, sizeof(rec));
	xfs_inobt_rec_unpack(&f->geo, &rec, &irec);
	xfs_inobt_rec_pack(&f->geo, &irec, &again);
	format_say(f, "%u %04x %u %u %016llx ", irec.ir_startino, irec.ir_holemask, irec.ir_count,
		   irec.ir_freecount, (unsigned long long)irec.ir_free);
	if (memcmp(&rec, &again, sizeof(rec)))
		format_say(f, "(packed otherwise) ");
	format_say_verdict(f, xfs_inobt_irec_verify(&f->geo, 0, &irec));
}

static void rmap_of(struct format *f, const char *text, struct xfs_rmap_irec *irec)
{
	struct xfs_rmap_rec rec = {0}, again;

	format_bytes(f, text, (void *)&rec, sizeof(rec));
	if (xfs_rmap_rec_unpack(&rec, irec)) {
		format_say(f, "(reserved bits) ");
		return;
	}
	xfs_rmap_rec_pack(irec, &again);
	if (memcmp(&rec, &again, sizeof(rec)))
		format_say(f, "(packed otherwise) ");
}

static void rmap_rec(struct format *f, unsigned int n, char **arg)
{
	struct xfs_rmap_irec irec = {0};

	(void)n;
	rmap_of(f, arg[0], &irec);
	format_say(f, "%u %u owner %lld offset %llu%s%s%s ", irec.rm_startblock, irec.rm_blockcount,
		   (long long)irec.rm_owner, (unsigned long long)irec.rm_offset,
		   irec.rm_flags & XFS_RMAP_ATTR_FORK ? " attr" : "",
		   irec.rm_flags & XFS_RMAP_BMBT_BLOCK ? " tree" : "",
		   irec.rm_flags & XFS_RMAP_UNWRITTEN ? " unwritten" : "");
	format_say_verdict(f, xfs_rmap_irec_verify(&f->geo, 0, &irec));
}

static void say_key(struct format *f, const struct xfs_rmap_key *key)
{
	format_say(f, "%08x %016llx %016llx", be32_to_cpu(key->rm_startblock),
		   (unsigned long long)be64_to_cpu(key->rm_owner),
		   (unsigned long long)be64_to_cpu(key->rm_offset));
}

static void rmap_low(struct format *f, unsigned int n, char **arg)
{
	struct xfs_rmap_irec irec = {0};
	struct xfs_rmap_key key;

	(void)n;
	rmap_of(f, arg[0], &irec);
	xfs_rmap_low_key(&irec, &key);
	say_key(f, &key);
}

static void rmap_high(struct format *f, unsigned int n, char **arg)
{
	struct xfs_rmap_irec irec = {0};
	struct xfs_rmap_key key;

	(void)n;
	rmap_of(f, arg[0], &irec);
	xfs_rmap_high_key(&irec, &key);
	say_key(f, &key);
}

static void rmap_order(struct format *f, unsigned int n, char **arg)
{
	struct xfs_rmap_irec a = {0}, b = {0};
	int order;

	(void)n;
	rmap_of(f, arg[0], &a);
	rmap_of(f, arg[1], &b);
	order = xfs_rmap_irec_cmp(&a, &b);
	format_say(f, "%s", order < 0 ? "before" : order > 0 ? "after" : "equal");
}

static void rmap_merge(struct format *f, unsigned int n, char **arg)
{
	struct xfs_rmap_irec a = {0}, b = {0};

	(void)n;
	rmap_of(f, arg[0], &a);
	rmap_of(f, arg[1], &b);
	format_say(f, "%s", xfs_rmap_irecs_mergeable(&a, &b) ? "one" : "two");
}

static void refcount_rec(struct format *f, unsigned int n, char **arg)
{
	struct xfs_refcount_rec rec = {0}, again;
	struct xfs_refcount_irec irec;

	(void)n;
	format_bytes(f, arg[0], (void *)&rec, sizeof(rec));
	xfs_refcount_rec_unpack(&rec, &irec);
	xfs_refcount_rec_pack(&irec, &again);
	format_say(f, "%s %u %u count %u ",
		   irec.rc_domain == XFS_REFC_DOMAIN_COW ? "staging" : "shared", irec.rc_startblock,
		   irec.rc_blockcount, irec.rc_refcount);
	if (memcmp(&rec, &again, sizeof(rec)))
		format_say(f, "(packed otherwise) ");
	format_say_verdict(f, xfs_refcount_irec_verify(&f->geo, 0, &irec));
}

const struct format_function format_ag[] = {
	{"agf_verify", 1, agf_verify},
	{"agf_changed", 2, agf_changed},
	{"agi_verify", 1, agi_verify},
	{"agi_changed", 2, agi_changed},
	{"agfl_verify", 1, agfl_verify},
	{"agfl_changed", 2, agfl_changed},
	{"agfl_need", 3, agfl_need},
	{"btree_verify", 3, btree_verify},
	{"node_pointer", 2, node_pointer},
	{"inobt_rec", 1, inobt_rec},
	{"rmap_rec", 1, rmap_rec},
	{"rmap_low", 1, rmap_low},
	{"rmap_high", 1, rmap_high},
	{"rmap_order", 2, rmap_order},
	{"rmap_merge", 2, rmap_merge},
	{"refcount_rec", 1, refcount_rec},
	{NULL, 0, NULL},
};
