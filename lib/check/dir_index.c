/* SPDX-License-Identifier: MIT */
/*
 * The index of a directory: hash entries, one per name, and for each data block the length of its
 * longest free record.  Both are compared with the actual contents of the data blocks.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dir.h"

static const struct xfs_check_dent *find_dent(const struct xfs_check_dirwalk *dw, uint32_t hash,
					      uint32_t addr)
{
	const struct xfs_check_dent *v = dw->dents.v;
	size_t lo = 0, hi = dw->dents.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].hash != hash ? v[mid].hash < hash : v[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < dw->dents.n && v[lo].hash == hash && v[lo].addr == addr ? &v[lo] : NULL;
}

void xfs_check_dir_hash_entries(struct xfs_check_dirwalk *dw, struct xfs_check_place at,
				const struct xfs_dir2_leaf_entry *ents, uint32_t count,
				uint32_t stale)
{
	uint32_t dead = 0, last = 0;

	for (uint32_t i = 0; i < count && !dw->chk->stop; i++) {
		uint32_t hash = be32_to_cpu(ents[i].hashval);
		uint32_t addr = be32_to_cpu(ents[i].address);
		const struct xfs_check_dent *d;
		size_t bit;

		if (i && hash < last)
			xfs_check_report(dw->chk, at, "hash entry %u: the hashes fall", i);
		last = hash;
		if (addr == XFS_DIR2_NULL_DATAPTR) {
			dead++;
			continue;
		}
		d = find_dent(dw, hash, addr);
		if (!d) {
			if (!dw->data_broken)
				xfs_check_report(dw->chk, at,
						 "hash entry {0x%x, %u}: no name with this "
						 "hash stands there",
						 hash, addr);
			continue;
		}
		bit = (size_t)(d - (const struct xfs_check_dent *)dw->dents.v);
		if (dw->found[bit / 8] >> bit % 8 & 1)
			xfs_check_report(dw->chk, at, "hash entry {0x%x, %u} stands twice", hash,
					 addr);
		dw->found[bit / 8] = (uint8_t)(dw->found[bit / 8] | 1u << bit % 8);
	}
	if (dead != stale)
		xfs_check_report(dw->chk, at, "the stale count is %u, but %u entries are stale",
				 stale, dead);
}

void xfs_check_dir_unindexed(struct xfs_check_dirwalk *dw)
{
	const struct xfs_check_dent *v = dw->dents.v;

	for (size_t i = 0; i < dw->dents.n && dw->found && !dw->chk->stop; i++) {
		if (!(dw->found[i / 8] >> i % 8 & 1))
			xfs_check_report(dw->chk, xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK,
							       dw->ip->ino),
					 "the entry at address %u (hash 0x%x) has no hash entry",
					 v[i].addr, v[i].hash);
	}
}

static const struct xfs_check_best *find_best(const struct xfs_check_dirwalk *dw, uint32_t db)
{
	return xfs_check_find_u32(&dw->bests, sizeof(struct xfs_check_best), db);
}

/* bests[i] is of data block first + i.  Returns how many of these blocks exist. */
static uint32_t check_bests(struct xfs_check_dirwalk *dw, struct xfs_check_place at,
			    const be16_t *bests, uint32_t first, uint32_t n)
{
	uint32_t exist = 0;

	for (uint32_t i = 0; i < n && !dw->chk->stop; i++) {
		const struct xfs_check_best *b = find_best(dw, first + i);
		uint32_t have = be16_to_cpu(bests[i]);
		uint32_t want = b ? b->best : XFS_DIR2_NULL_DATAOFF;

		exist += b != NULL;
		if (have != want && !(dw->data_broken && !b))
			xfs_check_report(dw->chk, at, "bests of data block %u is %u, not %u",
					 first + i, have, want);
	}
	return exist;
}

static uint32_t last_db(const struct xfs_check_dirwalk *dw)
{
	const struct xfs_check_best *v = dw->bests.v;

	return dw->bests.n ? v[dw->bests.n - 1].db : 0;
}

void xfs_check_dir_leaf1(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	const uint8_t *buf = chk->da_buf[0];
	const struct xfs_dir3_leaf *leaf = (const void *)buf;
	struct xfs_check_place at = xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, dw->ip->ino);
	uint32_t dbs = chk->g.dirblksize, bestcount, count;
	const struct xfs_dir2_leaf_tail *tail = (const void *)(buf + dbs - sizeof(*tail));

	if (!xfs_check_da_read(chk, &chk->dfork, chk->g.leafblk, chk->g.dirfsb, chk->da_buf[0],
			       &at) ||
	    !xfs_check_da_header(chk, at, buf, dbs, XFS_DIR3_LEAF1_MAGIC))
		return;
	bestcount = be32_to_cpu(tail->bestcount);
	count = be16_to_cpu(leaf->hdr.count);
	if (be32_to_cpu(leaf->hdr.info.forw) || be32_to_cpu(leaf->hdr.info.back))
		xfs_check_report(chk, at, "the only leaf has neighbours");
	if (bestcount > dbs / sizeof(be16_t) ||
	    sizeof(*leaf) + count * sizeof(leaf->ents[0]) + bestcount * sizeof(be16_t) +
		    sizeof(*tail) > dbs) {
		xfs_check_report(chk, at, "%u hash entries and %u bests do not fit", count,
				 bestcount);
		return;
	}
	xfs_check_dir_hash_entries(dw, at, leaf->ents, count, be16_to_cpu(leaf->hdr.stale));
	if (bestcount != last_db(dw) + 1 && !dw->data_broken)
		xfs_check_report(chk, at, "bestcount is %u, but the last data block is %u",
				 bestcount, last_db(dw));
	check_bests(dw, at, (const be16_t *)(const void *)tail - bestcount, 0, bestcount);
	if (!chk->stop)
		xfs_check_dir_unindexed(dw);
}

static uint32_t leafn(struct xfs_check_da *da, const uint8_t *buf, uint64_t dablk, uint32_t *first,
		      uint32_t *last)
{
	struct xfs_check_dirwalk *dw = da->ctx;
	const struct xfs_dir3_leaf *leaf = (const void *)buf;
	uint32_t count = be16_to_cpu(leaf->hdr.count);

	(void)dablk;
	if (!count || count > (da->bytes - sizeof(*leaf)) / sizeof(leaf->ents[0])) {
		xfs_check_report(da->chk, da->at, "a leaf with %u entries", count);
		da->broken = true;
		return 0;
	}
	xfs_check_dir_hash_entries(dw, da->at, leaf->ents, count, be16_to_cpu(leaf->hdr.stale));
	*first = be32_to_cpu(leaf->ents[0].hashval);
	*last = be32_to_cpu(leaf->ents[count - 1].hashval);
	return count;
}

/* Check one free-index block; returns how many of its data blocks exist. */
static uint32_t free_index(struct xfs_check_dirwalk *dw, uint64_t dablk)
{
	struct xfs_check *chk = dw->chk;
	struct xfs_check_place at = xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, dw->ip->ino);
	const struct xfs_dir3_free *free = (const void *)chk->dir_buf;
	uint32_t dbs = chk->g.dirblksize;
	uint32_t max = (uint32_t)((dbs - sizeof(*free)) / sizeof(free->bests[0]));
	uint64_t index = (dablk - chk->g.freeblk) / chk->g.dirfsb;
	uint32_t nvalid, used = 0;

	if (!xfs_check_da_read(chk, &chk->dfork, dablk, chk->g.dirfsb, chk->dir_buf, &at))
		return 0;
	if (be32_to_cpu(free->hdr.magic) != XFS_DIR3_FREE_MAGIC) {
		xfs_check_report(chk, at, "free index: magic number 0x%08x",
				 be32_to_cpu(free->hdr.magic));
		return 0;
	}
	xfs_check_self(chk, at, &(struct xfs_check_self){
		"free index: ", chk->dir_buf, dbs, XFS_DIR3_DATA_CRC_OFF, free->hdr.blkno,
		free->hdr.owner, &free->hdr.uuid, &free->hdr.lsn,
	});
	nvalid = be32_to_cpu(free->hdr.nvalid);
	if (be32_to_cpu(free->hdr.firstdb) != index * max) {
		xfs_check_report(chk, at, "free index: firstdb is %u, not %" PRIu64,
				 be32_to_cpu(free->hdr.firstdb), index * max);
		if (index * max > UINT32_MAX)
			return 0;
	}
	if (nvalid > max) {
		xfs_check_report(chk, at, "free index: nvalid is %u, of at most %u", nvalid, max);
		return 0;
	}
	for (uint32_t i = 0; i < nvalid; i++)
		used += be16_to_cpu(free->bests[i]) != XFS_DIR2_NULL_DATAOFF;
	if (used != be32_to_cpu(free->hdr.nused))
		xfs_check_report(chk, at, "free index: nused is %u, counted %u",
				 be32_to_cpu(free->hdr.nused), used);
	return check_bests(dw, at, free->bests, (uint32_t)(index * max), nvalid);
}

static void free_indexes(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	const struct xfs_check_ext *ext = chk->dfork.v;
	struct xfs_check_place at = xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, dw->ip->ino);
	uint64_t next = chk->g.freeblk, covered = 0, blocks = 0;

	for (size_t i = 0; i < chk->dfork.n && !chk->stop; i++) {
		uint64_t end = ext[i].off + ext[i].len;
		uint64_t fsb = chk->g.dirfsb;

		if (end <= next)
			continue;
		next = XFS_MAX(next, chk->g.freeblk +
					     xfs_rounddown64(ext[i].off > chk->g.freeblk
								     ? ext[i].off - chk->g.freeblk
								     : 0,
							     fsb));
		/* Ignore blocks beyond the number that the data blocks can need. */
		for (; next < end && !chk->stop && blocks <= dw->bests.n + 8; next += fsb, blocks++)
			covered += free_index(dw, next);
	}
	if (!blocks)
		xfs_check_report(chk, at, "the first free index is missing");
	else if (blocks > dw->bests.n + 8)
		xfs_check_report(chk, at, "more free indexes than data blocks");
	else if (covered != dw->bests.n && !chk->stop)
		xfs_check_report(chk, at, "%" PRIu64 " of %zu data blocks are in no free index",
				 (uint64_t)dw->bests.n - covered, dw->bests.n);
}

void xfs_check_dir_node(struct xfs_check_dirwalk *dw)
{
	struct xfs_check *chk = dw->chk;
	struct xfs_check_da da = {
		.chk = chk, .ip = dw->ip, .structure = "directory", .ext = &chk->dfork,
		.bytes = chk->g.dirblksize, .fsb = chk->g.dirfsb, .root = chk->g.leafblk,
		.leaf_magic = XFS_DIR3_LEAFN_MAGIC, .leaf = leafn, .ctx = dw,
	};

	xfs_check_da_walk(&da);
	if (!da.broken && da.seen.n != dw->index_blocks)
		xfs_check_report(chk, xfs_check_at("directory", -1, XFS_CHECK_NOBLOCK, dw->ip->ino),
				 "%" PRIu64 " index blocks are mapped, but the tree has %zu",
				 dw->index_blocks, da.seen.n);
	if (!da.broken)
		xfs_check_dir_unindexed(dw);
	xfs_check_set_free(chk, &da.seen);
	free_indexes(dw);
}
