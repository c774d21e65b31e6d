/* SPDX-License-Identifier: MIT */
/*
 * One allocation group as mkfs leaves it: headers, single-leaf trees, a filled free list.  It is
 * built in memory from the set of free extents; first the free list, then, in AG 0, the first inode
 * chunk are taken from that set.
 */
#include "base/crc32c.h"
#include "disk/ag.h"
#include "disk/btree.h"
#include "disk/irec.h"
#include "mkfs/mkfs_priv.h"

#define MAX_FREE	6	/* before and behind the log, and what cutting pieces out leaves */
#define MAX_RMAPS	16
#define MAX_AGFL	8

/* Contents of an AG, in host order. */
struct ag_contents {
	const struct xfs_mkfs_plan *plan;
	xfs_agnumber_t agno;
	xfs_agblock_t length;
	struct xfs_alloc_rec_incore free[MAX_FREE];
	unsigned int nr_free;
	struct xfs_rmap_irec rmap[MAX_RMAPS];
	unsigned int nr_rmap;
	xfs_agblock_t agfl[MAX_AGFL];
	unsigned int nr_agfl;
};

static void add_free(struct ag_contents *ag, unsigned int at, xfs_agblock_t start,
		     xfs_extlen_t len)
{
	if (!len)
		return;
	ASSERT(ag->nr_free < MAX_FREE);
	memmove(&ag->free[at + 1], &ag->free[at], (ag->nr_free - at) * sizeof(ag->free[0]));
	ag->free[at] = (struct xfs_alloc_rec_incore){ start, len };
	ag->nr_free++;
}

/* Remove [start, start + len) from free extent @i, which contains it. */
static void take(struct ag_contents *ag, unsigned int i, xfs_agblock_t start, xfs_extlen_t len)
{
	struct xfs_alloc_rec_incore old = ag->free[i];

	memmove(&ag->free[i], &ag->free[i + 1], (ag->nr_free - i - 1) * sizeof(ag->free[0]));
	ag->nr_free--;
	add_free(ag, i, start + len, old.ar_startblock + old.ar_blockcount - (start + len));
	add_free(ag, i, old.ar_startblock, start - old.ar_startblock);
}

static void add_rmap(struct ag_contents *ag, xfs_agblock_t start, xfs_extlen_t len,
		     uint64_t owner)
{
	unsigned int i = ag->nr_rmap;

	if (!xfs_has_rmapbt(&ag->plan->geo))
		return;
	ASSERT(i < MAX_RMAPS);
	for (; i && ag->rmap[i - 1].rm_startblock > start; i--)
		ag->rmap[i] = ag->rmap[i - 1];
	ag->rmap[i] = (struct xfs_rmap_irec){ .rm_startblock = start,
					      .rm_blockcount = len,
					      .rm_owner = owner };
	ag->nr_rmap++;
}

/* Merge adjacent records of one owner. */
static void merge_rmaps(struct ag_contents *ag)
{
	unsigned int out = 0;

	for (unsigned int i = 1; i < ag->nr_rmap; i++) {
		if (xfs_rmap_irecs_mergeable(&ag->rmap[out], &ag->rmap[i]))
			ag->rmap[out].rm_blockcount += ag->rmap[i].rm_blockcount;
		else
			ag->rmap[++out] = ag->rmap[i];
	}
	if (ag->nr_rmap)
		ag->nr_rmap = out + 1;
}

/* The smallest extent that holds all of @want, else the largest. */
static unsigned int best_fit(const struct ag_contents *ag, xfs_extlen_t want)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < ag->nr_free; i++) {
		xfs_extlen_t len = ag->free[i].ar_blockcount;
		xfs_extlen_t best_len = ag->free[best].ar_blockcount;

		if (best_len >= want ? len >= want && len < best_len : len > best_len)
			best = i;
	}
	return best;
}

static void fill_agfl(struct ag_contents *ag)
{
	while (ag->nr_agfl < ag->plan->agfl_need && ag->nr_free) {
		xfs_extlen_t missing = ag->plan->agfl_need - ag->nr_agfl;
		unsigned int i = best_fit(ag, missing);
		xfs_agblock_t start = ag->free[i].ar_startblock;
		xfs_extlen_t len = XFS_MIN(missing, ag->free[i].ar_blockcount);

		for (xfs_extlen_t k = 0; k < len; k++)
			ag->agfl[ag->nr_agfl++] = start + k;
		take(ag, i, start, len);
		add_rmap(ag, start, len, XFS_RMAP_OWN_AG);
	}
}

static void take_root_chunk(struct ag_contents *ag)
{
	xfs_agblock_t start = ag->plan->root_agbno;
	xfs_extlen_t len = ag->plan->geo.ialloc_blks;

	for (unsigned int i = 0; i < ag->nr_free; i++) {
		const struct xfs_alloc_rec_incore *f = &ag->free[i];

		if (f->ar_startblock <= start &&
		    start + len <= f->ar_startblock + f->ar_blockcount) {
			take(ag, i, start, len);
			add_rmap(ag, start, len, XFS_RMAP_OWN_INODES);
			return;
		}
	}
	ASSERT(false);	/* the plan left enough space */
}

static void plan_ag(struct ag_contents *ag, const struct xfs_mkfs_plan *plan, xfs_agnumber_t agno)
{
	const struct xfs_geometry *geo = &plan->geo;
	xfs_agblock_t log_end;

	memset(ag, 0, sizeof(*ag));
	ag->plan = plan;
	ag->agno = agno;
	ag->length = xfs_ag_block_count(geo, agno);

	add_rmap(ag, 0, geo->bno_root, XFS_RMAP_OWN_FS);
	add_rmap(ag, geo->bno_root, 2, XFS_RMAP_OWN_AG);
	add_rmap(ag, geo->ino_root, xfs_has_finobt(geo) ? 2 : 1, XFS_RMAP_OWN_INOBT);
	add_rmap(ag, geo->rmap_root, 1, XFS_RMAP_OWN_AG);
	if (xfs_has_reflink(geo))
		add_rmap(ag, geo->refc_root, 1, XFS_RMAP_OWN_REFC);

	if (agno == plan->log_agno) {
		log_end = plan->log_agbno + geo->logblocks;
		add_free(ag, 0, geo->prealloc_blocks, plan->log_agbno - geo->prealloc_blocks);
		add_free(ag, ag->nr_free, log_end, ag->length - log_end);
		add_rmap(ag, plan->log_agbno, geo->logblocks, XFS_RMAP_OWN_LOG);
	} else {
		add_free(ag, 0, geo->prealloc_blocks, ag->length - geo->prealloc_blocks);
	}
	fill_agfl(ag);
	if (agno == 0)
		take_root_chunk(ag);
	merge_rmaps(ag);
}

/* ---------------------------------------------------------------- headers */

static void *ag_sector(const struct xfs_geometry *geo, uint8_t *buf, unsigned int sector)
{
	return buf + (size_t)sector * geo->sectsize;
}

/*
 * A secondary superblock describes the state before the first inode was made; two of them contain
 * the root inode's number, so that it can be found again.
 */
static void make_sb(const struct ag_contents *ag, uint8_t *buf)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	struct xfs_sb sb = ag->plan->sb;
	xfs_agnumber_t last = geo->agcount - 1;

	sb.sb_inprogress = 1;
	sb.sb_icount = sb.sb_ifree = 0;
	sb.sb_fdblocks = xfs_mkfs_fdblocks_empty(ag->plan);
	sb.sb_rbmino = sb.sb_rsumino = NULLFSINO;
	/* Without parent pointers the first attribute sets the bit, and only in the primary. */
	if (!xfs_has_parent(geo))
		sb.sb_versionnum &= (uint16_t)~XFS_SB_VERSION_ATTRBIT;
	if (ag->agno == 0 || !(ag->agno == last || (geo->agcount > 2 && ag->agno == last / 2)))
		sb.sb_rootino = NULLFSINO;
	xfs_sb_to_disk((struct xfs_dsb *)(void *)buf, &sb);
	xfs_cksum_set(buf, geo->sectsize, XFS_SB_CRC_OFF);
}

static void make_agf(const struct ag_contents *ag, struct xfs_agf *agf)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	xfs_extlen_t freeblks = 0, longest = 0;

	for (unsigned int i = 0; i < ag->nr_free; i++) {
		freeblks += ag->free[i].ar_blockcount;
		longest = XFS_MAX(longest, ag->free[i].ar_blockcount);
	}
	agf->agf_magicnum = cpu_to_be32(XFS_AGF_MAGIC);
	agf->agf_versionnum = cpu_to_be32(XFS_AGF_VERSION);
	agf->agf_seqno = cpu_to_be32(ag->agno);
	agf->agf_length = cpu_to_be32(ag->length);
	agf->agf_bno_root = cpu_to_be32(geo->bno_root);
	agf->agf_cnt_root = cpu_to_be32(geo->cnt_root);
	agf->agf_bno_level = agf->agf_cnt_level = cpu_to_be32(1);
	if (xfs_has_rmapbt(geo)) {
		agf->agf_rmap_root = cpu_to_be32(geo->rmap_root);
		agf->agf_rmap_level = agf->agf_rmap_blocks = cpu_to_be32(1);
	}
	if (xfs_has_reflink(geo)) {
		agf->agf_refcount_root = cpu_to_be32(geo->refc_root);
		agf->agf_refcount_level = agf->agf_refcount_blocks = cpu_to_be32(1);
	}
	/* Slot 0 is unused, as if a block had been taken from it. */
	agf->agf_flfirst = cpu_to_be32(1);
	agf->agf_fllast = agf->agf_flcount = cpu_to_be32(ag->nr_agfl);
	agf->agf_freeblks = cpu_to_be32(freeblks);
	agf->agf_longest = cpu_to_be32(longest);
	agf->agf_uuid = geo->meta_uuid;
	xfs_cksum_set(agf, geo->sectsize, XFS_AGF_CRC_OFF);
}

static void make_agi(const struct ag_contents *ag, struct xfs_agi *agi)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	uint32_t inodes = ag->agno ? 0 : geo->ialloc_inos;

	agi->agi_magicnum = cpu_to_be32(XFS_AGI_MAGIC);
	agi->agi_versionnum = cpu_to_be32(XFS_AGI_VERSION);
	agi->agi_seqno = cpu_to_be32(ag->agno);
	agi->agi_length = cpu_to_be32(ag->length);
	agi->agi_count = cpu_to_be32(inodes);
	agi->agi_freecount = cpu_to_be32(inodes ? inodes - 3 : 0);
	agi->agi_root = cpu_to_be32(geo->ino_root);
	agi->agi_level = cpu_to_be32(1);
	agi->agi_newino = cpu_to_be32(inodes ? (uint32_t)ag->plan->sb.sb_rootino : NULLAGINO);
	agi->agi_dirino = cpu_to_be32(NULLAGINO);
	memset(agi->agi_unlinked, 0xff, sizeof(agi->agi_unlinked));
	agi->agi_uuid = geo->meta_uuid;
	if (xfs_has_finobt(geo)) {
		agi->agi_free_root = cpu_to_be32(geo->fino_root);
		agi->agi_free_level = cpu_to_be32(1);
	}
	if (xfs_has_inobtcounts(geo)) {
		agi->agi_iblocks = cpu_to_be32(1);
		agi->agi_fblocks = cpu_to_be32(xfs_has_finobt(geo));
	}
	xfs_cksum_set(agi, geo->sectsize, XFS_AGI_CRC_OFF);
}

static void make_agfl(const struct ag_contents *ag, struct xfs_agfl *agfl)
{
	const struct xfs_geometry *geo = &ag->plan->geo;

	agfl->agfl_magicnum = cpu_to_be32(XFS_AGFL_MAGIC);
	agfl->agfl_seqno = cpu_to_be32(ag->agno);
	agfl->agfl_uuid = geo->meta_uuid;
	memset(agfl->agfl_bno, 0xff, geo->agfl_slots * sizeof(agfl->agfl_bno[0]));
	for (unsigned int i = 0; i < ag->nr_agfl; i++)
		agfl->agfl_bno[i + 1] = cpu_to_be32(ag->agfl[i]);
	xfs_cksum_set(agfl, geo->sectsize, XFS_AGFL_CRC_OFF);
}

/* ------------------------------------------------------------------ trees */

static void *make_root(const struct ag_contents *ag, uint8_t *buf, xfs_agblock_t agbno,
		       uint32_t magic, unsigned int numrecs)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	struct xfs_btree_block *block = (void *)(buf + ((size_t)agbno << geo->blocklog));

	block->bb_magic = cpu_to_be32(magic);
	block->bb_numrecs = cpu_to_be16((uint16_t)numrecs);
	block->bb_u.s.bb_leftsib = block->bb_u.s.bb_rightsib = cpu_to_be32(NULLAGBLOCK);
	block->bb_u.s.bb_blkno =
		cpu_to_be64((uint64_t)XFS_AGB_TO_DADDR(geo, ag->agno, agbno));
	block->bb_u.s.bb_uuid = geo->meta_uuid;
	block->bb_u.s.bb_owner = cpu_to_be32(ag->agno);
	return block;
}

static void *root_recs(void *block)
{
	return (char *)block + XFS_BTREE_SBLOCK_LEN;
}

static void seal_root(const struct ag_contents *ag, void *block)
{
	xfs_cksum_set(block, ag->plan->geo.blocksize, XFS_BTREE_SBLOCK_CRC_OFF);
}

static void make_free_space(const struct ag_contents *ag, uint8_t *buf)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	struct xfs_alloc_rec_incore by_size[MAX_FREE];
	void *bno = make_root(ag, buf, geo->bno_root, XFS_ABTB_CRC_MAGIC, ag->nr_free);
	void *cnt = make_root(ag, buf, geo->cnt_root, XFS_ABTC_CRC_MAGIC, ag->nr_free);
	struct xfs_alloc_rec *bno_recs = root_recs(bno), *cnt_recs = root_recs(cnt);

	for (unsigned int i = 0; i < ag->nr_free; i++) {
		unsigned int k = i;

		for (; k && by_size[k - 1].ar_blockcount > ag->free[i].ar_blockcount; k--)
			by_size[k] = by_size[k - 1];
		by_size[k] = ag->free[i];
	}
	for (unsigned int i = 0; i < ag->nr_free; i++) {
		xfs_alloc_rec_pack(&ag->free[i], &bno_recs[i]);
		xfs_alloc_rec_pack(&by_size[i], &cnt_recs[i]);
	}
	seal_root(ag, bno);
	seal_root(ag, cnt);
}

/* A block of inodes may need several records. */
static void make_inode_tree(const struct ag_contents *ag, uint8_t *buf, xfs_agblock_t agbno,
			    uint32_t magic)
{
	const struct xfs_geometry *geo = &ag->plan->geo;
	unsigned int numrecs = ag->agno ? 0 : geo->ialloc_inos / XFS_INODES_PER_CHUNK;
	void *block = make_root(ag, buf, agbno, magic, numrecs);
	struct xfs_inobt_rec *recs = root_recs(block);

	for (unsigned int i = 0; i < numrecs; i++) {
		struct xfs_inobt_rec_incore irec = {
			.ir_startino = (xfs_agino_t)ag->plan->sb.sb_rootino +
				       i * XFS_INODES_PER_CHUNK,
			.ir_count = XFS_INODES_PER_CHUNK,
			.ir_freecount = XFS_INODES_PER_CHUNK,
			.ir_free = XFS_INOBT_ALL_FREE,
		};

		if (i == 0) {
			/* In use: root directory, realtime bitmap and summary. */
			irec.ir_free &= ~7ull;
			irec.ir_freecount -= 3;
		}
		xfs_inobt_rec_pack(geo, &irec, &recs[i]);
	}
	seal_root(ag, block);
}

static void make_rmap_tree(const struct ag_contents *ag, uint8_t *buf)
{
	void *block = make_root(ag, buf, ag->plan->geo.rmap_root, XFS_RMAP_CRC_MAGIC, ag->nr_rmap);
	struct xfs_rmap_rec *recs = root_recs(block);

	for (unsigned int i = 0; i < ag->nr_rmap; i++)
		xfs_rmap_rec_pack(&ag->rmap[i], &recs[i]);
	seal_root(ag, block);
}

size_t xfs_mkfs_ag_bytes(const struct xfs_mkfs_plan *plan)
{
	return (size_t)plan->geo.prealloc_blocks << plan->geo.blocklog;
}

void xfs_mkfs_make_ag(const struct xfs_mkfs_plan *plan, xfs_agnumber_t agno, uint8_t *buf)
{
	const struct xfs_geometry *geo = &plan->geo;
	struct ag_contents ag;

	plan_ag(&ag, plan, agno);
	memset(buf, 0, xfs_mkfs_ag_bytes(plan));
	make_sb(&ag, ag_sector(geo, buf, XFS_SB_SECTOR));
	make_agf(&ag, ag_sector(geo, buf, XFS_AGF_SECTOR));
	make_agi(&ag, ag_sector(geo, buf, XFS_AGI_SECTOR));
	make_agfl(&ag, ag_sector(geo, buf, XFS_AGFL_SECTOR));
	make_free_space(&ag, buf);
	make_inode_tree(&ag, buf, geo->ino_root, XFS_IBT_CRC_MAGIC);
	if (xfs_has_finobt(geo))
		make_inode_tree(&ag, buf, geo->fino_root, XFS_FIBT_CRC_MAGIC);
	if (xfs_has_rmapbt(geo))
		make_rmap_tree(&ag, buf);
	if (xfs_has_reflink(geo))
		seal_root(&ag, make_root(&ag, buf, geo->refc_root, XFS_REFC_CRC_MAGIC, 0));
}

uint64_t xfs_mkfs_fdblocks_empty(const struct xfs_mkfs_plan *plan)
{
	const struct xfs_geometry *geo = &plan->geo;
	uint64_t log = plan->log_agno == NULLAGNUMBER ? 0 : plan->sb.sb_logblocks;

	/* Blocks on the free lists count as free. */
	return geo->dblocks - (uint64_t)geo->agcount * geo->prealloc_blocks - log;
}

uint64_t xfs_mkfs_fdblocks(const struct xfs_mkfs_plan *plan)
{
	return xfs_mkfs_fdblocks_empty(plan) - plan->geo.ialloc_blks;
}
