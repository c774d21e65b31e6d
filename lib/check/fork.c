/* SPDX-License-Identifier: MIT */
/*
 * The mappings of a fork: an array of extents in the inode, or a B+tree whose root is there.  The
 * data of a realtime file has addresses in the realtime section; its tree blocks are on the data
 * device.  Trees that are the contents of metadata files (realtime reverse map and reference
 * counts) are walked for their shape and blocks.
 */
#include "check/check_priv.h"

struct fork_walk {
	struct xfs_check_inode *ip;
	int whichfork;
	bool quiet, rt;
	struct xfs_check_vec *keep;
	uint64_t extents;
	uint64_t next_off;		/* end of the extents so far */
	bool bad_extent;
};

static int cmp64(const uint8_t *a, const uint8_t *b)
{
	uint64_t x = get_be64(a), y = get_be64(b);

	return x < y ? -1 : x > y;
}

static int cmp_rmap(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, sizeof(struct xfs_rmap_key));
}

static void bmbt_key(const uint8_t *rec, uint8_t *key)
{
	put_be64(get_be64(rec) << 1 >> 10, key);
}

static const struct xfs_check_bt_type bmbt_type = {
	.name = "bmbt", .magic = XFS_BMAP_CRC_MAGIC, .reclen = sizeof(struct xfs_bmbt_rec),
	.keylen = sizeof(struct xfs_bmbt_key), .longptr = true, .cmp = cmp64, .low_key = bmbt_key,
};

static const struct xfs_check_bt_type rtrmap_type = {
	.name = "rtrmapbt", .magic = XFS_RTRMAP_CRC_MAGIC, .reclen = sizeof(struct xfs_rmap_rec),
	.keylen = sizeof(struct xfs_rmap_key), .longptr = true, .overlapping = true, .cmp = cmp_rmap,
	.low_key = xfs_check_rmap_low_key, .high_key = xfs_check_rmap_high_key,
};

static const struct xfs_check_bt_type rtrefc_type = {
	.name = "rtrefcountbt", .magic = XFS_RTREFC_CRC_MAGIC,
	.reclen = sizeof(struct xfs_refcount_rec), .keylen = sizeof(struct xfs_refcount_key),
	.longptr = true, .cmp = xfs_check_cmp32, .low_key = xfs_check_key32,
};

static const char *fork_name(int whichfork)
{
	return whichfork == XFS_ATTR_FORK ? "attribute" : "data";
}

/* True if the blocks of a realtime extent exist and are in one group. */
static bool rt_extent_ok(const struct xfs_check_geo *g, uint64_t start, uint64_t len)
{
	uint64_t group, in_group, group_len;

	if (!g->metadir)
		return start < g->rblocks && len <= g->rblocks - start;
	group_len = (uint64_t)g->rgextents * g->rextsize;
	if (g->rgblklog > 32)
		return false;
	group = start >> g->rgblklog;
	in_group = start & ((1ull << g->rgblklog) - 1);
	if (group >= g->rgcount)
		return false;
	if (group == g->rgcount - 1)
		group_len = g->rblocks - group * group_len;
	return in_group < group_len && len <= group_len - in_group;
}

static void one_extent(struct xfs_check *chk, struct fork_walk *fw, struct xfs_check_place at,
		       const uint8_t *rec)
{
	struct xfs_check_inode *ip = fw->ip;
	const struct xfs_bmbt_rec *disk = (const void *)rec;
	uint64_t l0 = be64_to_cpu(disk->l0), l1 = be64_to_cpu(disk->l1);
	uint64_t off = l0 << 1 >> 10, start = (l0 & 0x1ff) << 43 | l1 >> 21;
	uint32_t len = (uint32_t)(l1 & XFS_MAX_BMBT_EXTLEN), agno, agbno;
	bool unwritten = l0 >> 63;
	struct xfs_check_ext *ext;

#define BAD(text) do {									\
	fw->bad_extent = true;								\
	if (!fw->quiet)									\
		xfs_check_report(chk, at, "%s fork, extent (offset %" PRIu64 ", block %"	\
				 PRIu64 ", length %u): " text, fork_name(fw->whichfork),	\
				 off, start, len);					\
} while (0)
	fw->extents++;
	if (!len || off + len - 1 > XFS_MAX_FILEOFF) {
		BAD("impossible length");
		return;
	}
	/* Byte offsets would overflow. */
	if (off + len - 1 > (uint64_t)INT64_MAX >> chk->g.blocklog) {
		BAD("lies past the largest file");
		return;
	}
	if (off < fw->next_off) {
		BAD("overlaps the one before it");
		return;
	}
	fw->next_off = off + len;
	if (unwritten && (fw->whichfork == XFS_ATTR_FORK || (ip->mode & S_IFMT) != S_IFREG ||
			  ip->metadata || (!chk->g.metadir && xfs_check_is_internal(chk, ip->ino))))
		BAD("unwritten, which is not allowed here");
	if (fw->rt) {
		if (!rt_extent_ok(&chk->g, start, len)) {
			BAD("does not lie in the realtime section");
		} else if (!fw->quiet) {
			ip->blocks += len;
			ip->rtblocks += len;
		}
		goto keep;
	}
	if (!xfs_check_fsb(&chk->g, start, len, &agno, &agbno)) {
		BAD("does not lie in one allocation group");
		return;
	}
#undef BAD
	if (!fw->quiet) {
		uint64_t flags = (fw->whichfork == XFS_ATTR_FORK ? XFS_RMAP_OFF_ATTR_FORK : 0) |
				 (unwritten ? XFS_RMAP_OFF_UNWRITTEN : 0);

		ip->blocks += len;
		if (fw->whichfork == XFS_DATA_FORK && (ip->mode & S_IFMT) == S_IFREG)
			chk->sum.data_extents++;
		else
			chk->sum.metadata_blocks += len;
		xfs_check_own(chk, agno, agbno, len, ip->ino, off | flags);
	}
keep:
	if (fw->keep) {
		ext = xfs_check_push(chk, fw->keep, sizeof(*ext));
		if (ext)
			*ext = (struct xfs_check_ext){ off, start, len, unwritten };
	}
}

static void bmbt_record(struct xfs_check_bt *bt, const uint8_t *rec)
{
	one_extent(bt->chk, bt->ctx, bt->at, rec);
}

static void own_tree_block(struct xfs_check_bt *bt, uint32_t agno, uint32_t agbno)
{
	struct fork_walk *fw = bt->ctx;
	uint64_t flags = XFS_RMAP_OFF_BMBT_BLOCK |
			 (fw->whichfork == XFS_ATTR_FORK ? XFS_RMAP_OFF_ATTR_FORK : 0);

	if (fw->quiet)
		return;
	fw->ip->blocks++;
	bt->chk->sum.metadata_blocks++;
	xfs_check_own(bt->chk, agno, agbno, 1, fw->ip->ino, flags);
}

/* Bytes of the keys in a node's entry. */
static uint32_t entry_keys(const struct xfs_check_bt_type *type)
{
	return type->overlapping ? 2 * type->keylen : type->keylen;
}

/* Bytes of an entry in a root. */
static uint32_t root_entry(const struct xfs_check_bt_type *type)
{
	return type == &rtrefc_type ? XFS_RTREFC_ROOT_ENTRY :
				      entry_keys(type) + (uint32_t)sizeof(be64_t);
}

/*
 * Walk a root in the @size bytes of @fork: keys, then pointers, which follow room for the maximum
 * number of keys.  False: the root cannot be walked.
 */
static bool walk_root(struct xfs_check *chk, struct fork_walk *fw, struct xfs_check_bt *bt,
		      const uint8_t *fork, uint32_t size, uint32_t maxlevels)
{
	struct xfs_check_set local = { 0 };
	const struct xfs_bmdr_block *root = (const void *)fork;
	uint32_t level = be16_to_cpu(root->bb_level), nr = be16_to_cpu(root->bb_numrecs);
	uint32_t max = (size - (uint32_t)sizeof(*root)) / root_entry(bt->type);
	const uint8_t *keys = fork + sizeof(*root);

	if (level < 1 || level >= maxlevels || level >= XFS_CHECK_MAX_LEVELS || nr < 1 ||
	    nr > max) {
		if (!fw->quiet)
			xfs_check_report(chk, fw->ip->at,
					 "%s fork: tree root with level %u and %u of at "
					 "most %u entries",
					 fork_name(fw->whichfork), level, nr, max);
		return false;
	}
	bt->seen = fw->quiet ? &local : &chk->seen;
	bt->quiet = fw->quiet;
	bt->block = own_tree_block;
	bt->ctx = fw;
	xfs_check_bt_walk_inode(bt, level, nr, keys, keys + (size_t)max * entry_keys(bt->type));
	xfs_check_set_free(chk, &local);
	return !bt->broken;
}

static bool walk_meta_btree(struct xfs_check *chk, struct fork_walk *fw)
{
	struct xfs_check_inode *ip = fw->ip;
	bool rmap = be16_to_cpu(ip->dip->di_metatype) == XFS_METAFILE_RTRMAP;
	uint32_t space = chk->g.blocksize - XFS_BTREE_LBLOCK_LEN;
	const struct xfs_check_bt_type *type = rmap ? &rtrmap_type : &rtrefc_type;
	const struct xfs_bmdr_block *root = (const void *)ip->dfork;
	uint32_t nr = be16_to_cpu(root->bb_numrecs);
	struct xfs_check_bt bt = {
		.chk = chk, .type = type, .ino = ip->ino,
		.mxr = { space / type->reclen,
			 space / (entry_keys(type) + (uint32_t)sizeof(be64_t)) },
	};

	if (be16_to_cpu(root->bb_level) == 0) {		/* a leaf that fits into the inode */
		if (sizeof(*root) + (uint64_t)nr * type->reclen <= ip->dsize)
			return true;
		if (!fw->quiet)
			xfs_check_report(chk, ip->at, "%u records do not fit in the data fork", nr);
		return false;
	}
	return walk_root(chk, fw, &bt, ip->dfork, ip->dsize, XFS_CHECK_MAX_LEVELS);
}

bool xfs_check_fork(struct xfs_check *chk, struct xfs_check_inode *ip, int whichfork,
		    struct xfs_check_vec *keep, bool quiet)
{
	bool attr = whichfork == XFS_ATTR_FORK, sound = true;
	const uint8_t *fork = attr ? ip->afork : ip->dfork;
	uint32_t size = attr ? ip->asize : ip->dsize;
	uint64_t nextents = attr ? ip->anextents : ip->nextents;
	struct fork_walk fw = {
		.ip = ip, .whichfork = whichfork, .quiet = quiet, .keep = keep,
		.rt = ip->realtime && !attr,
	};
	struct xfs_check_bt bt = {
		.chk = chk, .type = &bmbt_type, .ino = ip->ino, .record = bmbt_record,
		.mxr = { chk->g.bmbt_mxr, chk->g.bmbt_mxr },
	};

	if (keep)
		keep->n = 0;
	switch (attr ? ip->aformat : ip->format) {
	case XFS_DINODE_FMT_EXTENTS:
		if (nextents > size / sizeof(struct xfs_bmbt_rec))
			return false;	/* reported with the inode */
		for (uint64_t i = 0; i < nextents && !chk->stop; i++)
			one_extent(chk, &fw, ip->at, fork + sizeof(struct xfs_bmbt_rec) * i);
		break;
	case XFS_DINODE_FMT_BTREE:
		if (size < sizeof(struct xfs_bmdr_block) + root_entry(bt.type))
			return false;
		sound = walk_root(chk, &fw, &bt, fork, size,
				  chk->g.bmbt_maxlevels[attr][ip->large_counts]);
		if (sound && !quiet && fw.extents != nextents)
			xfs_check_report(chk, ip->at,
					 "%s fork: the inode counts %" PRIu64
					 " extents, there are %" PRIu64,
					 fork_name(whichfork), nextents, fw.extents);
		break;
	case XFS_DINODE_FMT_META_BTREE:
		if (size < sizeof(struct xfs_bmdr_block) + root_entry(&rtrmap_type))
			return false;
		sound = walk_meta_btree(chk, &fw);
		break;
	default:
		break;
	}
	return sound && !fw.bad_extent && !chk->stop;
}

bool xfs_check_ext_lookup(const struct xfs_check_vec *keep, uint64_t off, uint64_t *fsbno)
{
	const struct xfs_check_ext *v = keep->v;
	size_t lo = 0, hi = keep->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (v[mid].off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || off - v[lo - 1].off >= v[lo - 1].len)
		return false;
	*fsbno = v[lo - 1].fsbno + (off - v[lo - 1].off);
	return true;
}
