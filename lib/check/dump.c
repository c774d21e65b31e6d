/* SPDX-License-Identifier: MIT */
/*
 * The dumper: finds what is requested by the same walks as the checker, but without findings, and
 * prints it.
 */
#include <stdlib.h>
#include "base/need.h"
#include "check/dump.h"

/* A request; @kind is the variant for functions that serve several requests. */
struct request {
	uint64_t number;
	unsigned int kind;
	bool attr;
};

typedef int (*dump_fn)(struct xfs_dump *d, const struct request *rq);

static int read_ag_sectors(struct xfs_dump *d, uint64_t agno, uint8_t **sectors)
{
	const struct xfs_check_geo *g = &d->chk->g;
	int error;

	if (agno >= g->agcount)
		return xfs_fail(-EINVAL, "AG %" PRIu64 " does not exist; there are %u", agno,
				g->agcount);
	*sectors = xfs_mem_zalloc(&d->chk->mem, XFS_CHECK_AG_SECTORS * XFS_MAX_SECTORSIZE);
	if (!*sectors)
		return -ENOMEM;
	error = xfs_check_read(d->chk, xfs_check_daddr(g, (uint32_t)agno, 0) << XFS_BB_SHIFT,
			       *sectors, XFS_CHECK_AG_SECTORS * g->sectsize);
	if (error) {
		xfs_mem_free(&d->chk->mem, *sectors);
		*sectors = NULL;
	}
	return error;
}

static int dump_header(struct xfs_dump *d, const struct request *rq)
{
	uint32_t sectsize = d->chk->g.sectsize;
	uint8_t *sectors = NULL;
	int error = read_ag_sectors(d, rq->number, &sectors);

	if (error)
		return error;
	if (rq->kind == XFS_SB_SECTOR)
		xfs_dump_sb(d, sectors);
	else if (rq->kind == XFS_AGF_SECTOR)
		xfs_dump_agf(d, sectors + sectsize);
	else if (rq->kind == XFS_AGI_SECTOR)
		xfs_dump_agi(d, sectors + 2 * sectsize);
	else
		xfs_dump_agfl(d, sectors + 3 * sectsize, sectors + sectsize);
	xfs_mem_free(&d->chk->mem, sectors);
	return 0;
}

/*
 * Dump a tree of an AG, each block when the walk reaches it: depth first.  Only pointers are
 * followed, so the keys need not be in order; a block is shown once.
 */
static int dump_tree(struct xfs_dump *d, uint64_t agno, uint32_t root, uint32_t levels,
		     uint32_t node_max, uint32_t keylen)
{
	struct xfs_check *chk = d->chk;
	struct { uint32_t agbno, next, nr; } at[XFS_CHECK_MAX_LEVELS];
	struct xfs_check_set seen = { 0 };
	unsigned int level;

	if (!levels || levels > XFS_CHECK_MAX_LEVELS) {
		xfs_dump_line(d, "no tree of %u levels", levels);
		return 0;
	}
	level = levels - 1;
	at[level].agbno = root;
	at[level].next = at[level].nr = 0;
	for (bool fresh = true;;) {
		uint8_t *buf = chk->level_buf[level];
		const struct xfs_btree_block *block = (const void *)buf;

		if (fresh) {
			fresh = false;
			xfs_dump_line(d, "block %u, level %u:", at[level].agbno, level);
			if (!xfs_check_agbno(&chk->g, (uint32_t)agno, at[level].agbno, 1) ||
			    !xfs_check_set_add(chk, &seen, at[level].agbno) ||
			    xfs_check_read_block(chk, (uint32_t)agno, at[level].agbno, buf)) {
				xfs_dump_line(d, "not a block of its own, or not readable");
			} else {
				xfs_dump_block(d, buf, chk->g.blocksize);
				if (level && be16_to_cpu(block->bb_level) == level)
					at[level].nr = XFS_MIN(
						(uint32_t)be16_to_cpu(block->bb_numrecs), node_max);
			}
		}
		if (at[level].next < at[level].nr) {
			const uint8_t *ptr = buf + XFS_BTREE_SBLOCK_LEN +
					     (size_t)node_max * keylen +
					     sizeof(be32_t) * at[level].next++;

			level--;
			at[level].agbno = get_be32(ptr);
			at[level].next = at[level].nr = 0;
			fresh = true;
		} else if (++level == levels || chk->stop) {
			break;
		}
	}
	xfs_check_set_free(chk, &seen);
	return 0;
}

enum which_tree { BNO, CNT, RMAP, REFC, INO, FINO };

static int dump_ag_tree(struct xfs_dump *d, const struct request *rq)
{
	uint64_t agno = rq->number;
	const struct xfs_check_geo *g = &d->chk->g;
	uint8_t *sectors = NULL;
	int error = read_ag_sectors(d, agno, &sectors);
	const struct xfs_agf *agf;
	const struct xfs_agi *agi;

	if (error)
		return error;
	agf = (const void *)(sectors + g->sectsize);
	agi = (const void *)(sectors + 2 * (size_t)g->sectsize);
	switch ((enum which_tree)rq->kind) {
	case BNO:
		error = dump_tree(d, agno, be32_to_cpu(agf->agf_bno_root),
				  be32_to_cpu(agf->agf_bno_level), g->alloc_mxr[1],
				  sizeof(struct xfs_alloc_rec));
		break;
	case CNT:
		error = dump_tree(d, agno, be32_to_cpu(agf->agf_cnt_root),
				  be32_to_cpu(agf->agf_cnt_level), g->alloc_mxr[1],
				  sizeof(struct xfs_alloc_rec));
		break;
	case RMAP:
		error = dump_tree(d, agno, be32_to_cpu(agf->agf_rmap_root),
				  be32_to_cpu(agf->agf_rmap_level), g->rmap_mxr[1],
				  2 * sizeof(struct xfs_rmap_key));
		break;
	case REFC:
		error = dump_tree(d, agno, be32_to_cpu(agf->agf_refcount_root),
				  be32_to_cpu(agf->agf_refcount_level), g->refc_mxr[1],
				  sizeof(struct xfs_refcount_key));
		break;
	case INO:
		error = dump_tree(d, agno, be32_to_cpu(agi->agi_root), be32_to_cpu(agi->agi_level),
				  g->inobt_mxr[1], sizeof(struct xfs_inobt_key));
		break;
	case FINO:
		error = dump_tree(d, agno, be32_to_cpu(agi->agi_free_root),
				  be32_to_cpu(agi->agi_free_level), g->inobt_mxr[1], sizeof(struct xfs_inobt_key));
		break;
	}
	xfs_mem_free(&d->chk->mem, sectors);
	return error;
}

static int load(struct xfs_dump *d, uint64_t ino, struct xfs_check_inode *ip, bool *whole)
{
	if (!xfs_check_ino_valid(&d->chk->g, ino))
		return xfs_fail(-EINVAL, "%" PRIu64 " is not an inode number of this file system",
				ino);
	*whole = xfs_check_load_inode(d->chk, ino, d->chk->dir_inode, ip);
	return ip->dip ? 0 : -EIO;
}

static void dump_fork_root(struct xfs_dump *d, const char *name, uint8_t format,
			   const uint8_t *fork, uint32_t size)
{
	static const char *const formats[] = { "dev",	"local", "extents",
					       "btree", "uuid",	 "meta btree" };
	const struct xfs_bmdr_block *root = (const void *)fork;
	const size_t entry = sizeof(struct xfs_bmbt_key) + sizeof(xfs_bmbt_ptr_t);
	const struct xfs_bmbt_key *keys = (const void *)(root + 1);
	const xfs_bmbt_ptr_t *ptrs;
	uint32_t max, nr;

	xfs_dump_line(d, "%s fork: %s, %u bytes", name,
		      format < ARRAY_SIZE(formats) ? formats[format] : "unknown", size);
	if (format == XFS_DINODE_FMT_DEV && size >= sizeof(be32_t))
		xfs_dump_line(d, "device %u:%u", xfs_sysv_major(get_be32(fork)),
			      xfs_sysv_minor(get_be32(fork)));
	if (format != XFS_DINODE_FMT_BTREE || size < sizeof(*root) + entry)
		return;
	max = (uint32_t)((size - sizeof(*root)) / entry);
	nr = be16_to_cpu(root->bb_numrecs);
	ptrs = (const void *)(keys + max);
	xfs_dump_line(d, "bb_level = %u", be16_to_cpu(root->bb_level));
	xfs_dump_line(d, "bb_numrecs = %u", nr);
	for (uint32_t i = 0; i < XFS_MIN(nr, max); i++)
		xfs_dump_line(d, "key %u: %" PRIu64 "; ptr %" PRIu64, i,
			      be64_to_cpu(keys[i].br_startoff), be64_to_cpu(ptrs[i]));
}

static int dump_inode(struct xfs_dump *d, const struct request *rq)
{
	struct xfs_check_inode inode;
	bool whole;
	int error = load(d, rq->number, &inode, &whole);

	if (error)
		return error;
	xfs_dump_inode(d, d->chk->dir_inode);
	if (!inode.dfork)
		return 0;
	if (whole)
		dump_fork_root(d, "data", inode.format, inode.dfork, inode.dsize);
	if (whole && S_ISLNK(inode.mode) && inode.format == XFS_DINODE_FMT_LOCAL)
		xfs_dump_line(d, "target \"%s\"",
			      xfs_check_name(inode.dfork, (size_t)XFS_MIN(inode.size, inode.dsize)).s);
	if (whole && inode.afork)
		dump_fork_root(d, "attr", inode.aformat, inode.afork, inode.asize);
	return 0;
}

static int dump_bmap(struct xfs_dump *d, const struct request *rq)
{
	struct xfs_check *chk = d->chk;
	struct xfs_check_inode inode;
	const struct xfs_check_ext *ext;
	bool whole;
	int error = load(d, rq->number, &inode, &whole);

	if (error)
		return error;
	if (!whole || (rq->attr && !inode.afork)) {
		xfs_dump_line(d, "no such fork");
		return 0;
	}
	if (!xfs_check_fork(chk, &inode, rq->attr ? XFS_ATTR_FORK : XFS_DATA_FORK, &chk->dfork, true))
		xfs_dump_line(d, "the fork is damaged: this is what can be found");
	ext = chk->dfork.v;
	for (size_t i = 0; i < chk->dfork.n; i++) {
		if (inode.realtime && !rq->attr)
			xfs_dump_line(d, "%zu: startoff %" PRIu64 ", realtime block %" PRIu64
				      ", blockcount %u%s", i, ext[i].off, ext[i].fsbno, ext[i].len,
				      ext[i].unwritten ? ", unwritten" : "");
		else
			xfs_dump_line(d,
				      "%zu: startoff %" PRIu64 ", startblock %" PRIu64 " (%u/%u), "
				      "blockcount %u%s",
				      i, ext[i].off, ext[i].fsbno,
				      (uint32_t)(ext[i].fsbno >> chk->g.agblklog),
				      (uint32_t)(ext[i].fsbno & ((1ull << chk->g.agblklog) - 1)),
				      ext[i].len, ext[i].unwritten ? ", unwritten" : "");
	}
	return 0;
}

/* Dump every block of the fork, @fsb file system blocks at a time. */
static void dump_fork_blocks(struct xfs_dump *d, struct xfs_check_inode *ip, int whichfork,
			     uint32_t fsb)
{
	struct xfs_check *chk = d->chk;
	struct xfs_check_vec keep = { 0 };
	const struct xfs_check_ext *ext;
	uint64_t next = 0;
	uint32_t unknown = 0;

	xfs_check_fork(chk, ip, whichfork, &keep, true);
	ext = keep.v;
	for (size_t i = 0; i < keep.n && !chk->stop; i++) {
		for (next = XFS_MAX(next, ext[i].off); next < ext[i].off + ext[i].len;
		     next += fsb) {
			struct xfs_check_place at = ip->at;

			if (unknown >= XFS_CHECK_BAD_BLOCKS) {
				xfs_dump_line(d, "too many blocks without contents");
				goto out;
			}
			if (!xfs_check_da_read(chk, &keep, next, fsb, chk->dir_buf, &at)) {
				xfs_dump_line(d, "dablk %" PRIu64 ": not mapped or not readable",
					      next);
				unknown++;
				continue;
			}
			unknown = xfs_check_zeros(chk->dir_buf, 16) ? unknown + 1 : 0;
			xfs_dump_line(d, "dablk %" PRIu64 ", block %" PRId64 "/%" PRIu64 ":", next,
				      at.agno, at.block);
			xfs_dump_block(d, chk->dir_buf, fsb << chk->g.blocklog);
		}
	}
out:
	xfs_check_vec_free(chk, &keep);
}

static int dump_dir(struct xfs_dump *d, const struct request *rq)
{
	struct xfs_check_inode inode;
	bool whole;
	int error = load(d, rq->number, &inode, &whole);

	if (error)
		return error;
	if (!whole || !S_ISDIR(inode.mode))
		xfs_dump_line(d, "no directory");
	else if (inode.format == XFS_DINODE_FMT_LOCAL)
		xfs_dump_dir_sf(d, inode.dfork, (uint32_t)XFS_MIN(inode.size, inode.dsize));
	else
		dump_fork_blocks(d, &inode, XFS_DATA_FORK, d->chk->g.dirfsb);
	return 0;
}

static int dump_attr(struct xfs_dump *d, const struct request *rq)
{
	struct xfs_check_inode inode;
	bool whole;
	int error = load(d, rq->number, &inode, &whole);

	if (error)
		return error;
	if (!whole || !inode.afork)
		xfs_dump_line(d, "no attribute fork");
	else if (inode.aformat == XFS_DINODE_FMT_LOCAL)
		xfs_dump_attr_sf(d, inode.afork, inode.asize);
	else
		dump_fork_blocks(d, &inode, XFS_ATTR_FORK, 1);
	return 0;
}

static int dump_one_block(struct xfs_dump *d, const struct request *rq)
{
	const struct xfs_check_geo *g = &d->chk->g;
	uint64_t fsbno = rq->number;
	uint32_t agno = (uint32_t)(fsbno >> g->agblklog);
	uint32_t agbno = (uint32_t)(fsbno & ((1ull << g->agblklog) - 1));
	int error;

	if (fsbno >> g->agblklog >= g->agcount || agbno >= xfs_check_ag_length(g, agno))
		return xfs_fail(-EINVAL, "block %" PRIu64 " lies outside of the file system", fsbno);
	error = xfs_check_read_block(d->chk, agno, agbno, d->chk->level_buf[0]);
	if (!error)
		xfs_dump_block(d, d->chk->level_buf[0], g->blocksize);
	return error;
}

static int dump_log(struct xfs_dump *d, const struct request *rq)
{
	(void)rq;
	if (!d->chk->sb.sb_logstart && !d->chk->logdev)
		return xfs_fail(-EINVAL, "the log is external, and no log device was given");
	xfs_dump_log(d);
	return 0;
}

static int dump_dquot(struct xfs_dump *d, const struct request *rq)
{
	return xfs_dump_dquot(d, rq->kind, rq->number);
}

static const struct what {
	const char *name;
	dump_fn dump;
	unsigned int kind;
	enum { NUMBER_NONE, NUMBER_OPTIONAL, NUMBER_NEEDED } number;
	bool attr_allowed;
} whats[] = {
	{ "sb", dump_header, XFS_SB_SECTOR, NUMBER_OPTIONAL, false },
	{ "agf", dump_header, XFS_AGF_SECTOR, NUMBER_NEEDED, false },
	{ "agi", dump_header, XFS_AGI_SECTOR, NUMBER_NEEDED, false },
	{ "agfl", dump_header, XFS_AGFL_SECTOR, NUMBER_NEEDED, false },
	{ "bnobt", dump_ag_tree, BNO, NUMBER_NEEDED, false },
	{ "cntbt", dump_ag_tree, CNT, NUMBER_NEEDED, false },
	{ "inobt", dump_ag_tree, INO, NUMBER_NEEDED, false },
	{ "finobt", dump_ag_tree, FINO, NUMBER_NEEDED, false },
	{ "rmapbt", dump_ag_tree, RMAP, NUMBER_NEEDED, false },
	{ "refcountbt", dump_ag_tree, REFC, NUMBER_NEEDED, false },
	{ "inode", dump_inode, 0, NUMBER_NEEDED, false },
	{ "bmap", dump_bmap, 0, NUMBER_NEEDED, true },
	{ "dir", dump_dir, 0, NUMBER_NEEDED, false },
	{ "attr", dump_attr, 0, NUMBER_NEEDED, false },
	{ "block", dump_one_block, 0, NUMBER_NEEDED, false },
	{ "dquot user", dump_dquot, 0, NUMBER_NEEDED, false },
	{ "dquot group", dump_dquot, 1, NUMBER_NEEDED, false },
	{ "dquot project", dump_dquot, 2, NUMBER_NEEDED, false },
	{ "log", dump_log, 0, NUMBER_NONE, false },
};

/* Length of the words before the first number or "attr", without the trailing blank. */
static size_t name_len(const char *text)
{
	size_t len = strcspn(text, "0123456789");

	while (len && text[len - 1] == ' ')
		len--;
	return len;
}

/* Parse "NAME", "NAME NUMBER" or "NAME NUMBER attr"; no name has a digit or ends with a blank. */
static const struct what *parse(const char *text, struct request *rq)
{
	size_t len = name_len(text);
	const char *rest = text + len + strspn(text + len, " ");
	char *end;

	*rq = (struct request){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		const struct what *w = &whats[i];

		if (strlen(w->name) != len || memcmp(w->name, text, len))
			continue;
		rq->kind = w->kind;
		if (!*rest)
			return w->number == NUMBER_NEEDED ? NULL : w;
		if (w->number == NUMBER_NONE || *rest < '0' || *rest > '9')
			return NULL;
		rq->number = strtoull(rest, &end, 0);
		end += strspn(end, " ");
		rq->attr = strcmp(end, "attr") == 0;
		return !*end || (rq->attr && w->attr_allowed) ? w : NULL;
	}
	return NULL;
}

/* For an unusable geometry. */
static int dump_primary(struct xfs_dump *d)
{
	uint8_t *sector = xfs_mem_zalloc(&d->chk->mem, XFS_MAX_SECTORSIZE);
	int error;

	if (!sector)
		return -ENOMEM;
	error = xfs_check_read(d->chk, 0, sector, XFS_MIN_SECTORSIZE);
	if (!error)
		xfs_dump_sb(d, sector);
	xfs_mem_free(&d->chk->mem, sector);
	return error;
}

static int do_dump(struct xfs_device *dev, struct xfs_device *logdev, const char *what,
		   int (*line)(void *ctx, const char *text), void *ctx)
{
	struct xfs_dump d = { .line = line, .ctx = ctx };
	const struct what *w;
	struct request rq;
	int error;

	error = xfs_need(dev, what);
	if (error)
		return error;
	if (!line)
		return xfs_fail(-EINVAL, "the function that prints is NULL");
	w = parse(what, &rq);
	if (!w)
		return xfs_fail(-EINVAL, "unknown structure '%s'", what);
	error = xfs_check_open(dev, logdev, NULL, &d.chk);
	if (!error && d.chk->stop) {
		/* Only what is at the very beginning can be located. */
		error = w->kind == XFS_SB_SECTOR && w->dump == dump_header && !rq.number
			? dump_primary(&d) : -EUCLEAN;
	} else if (!error) {
		error = w->dump(&d, &rq);
		if (!error)
			error = d.chk->error;
	}
	if (d.chk && d.chk->cancelled)
		error = d.chk->error;
	xfs_check_close(d.chk);
	return error;
}

int xfs_dump(struct xfs_device *dev, struct xfs_device *logdev, const char *what,
	     int (*line)(void *ctx, const char *text), void *ctx)
{
	return XFS_CALL(do_dump(dev, logdev, what, line, ctx));
}
