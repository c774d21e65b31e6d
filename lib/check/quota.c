/* SPDX-License-Identifier: MIT */
/*
 * Quota files: the form of every record, and, for types whose counts claim to be exact (CHKD), each
 * count against what the inode walk found.
 *
 * - Every inode is charged to its user, group and project: one inode, its blocks on the data
 *   device, its realtime blocks.  Exempt are the quota files themselves and the members of the
 *   metadata directory tree.
 * - Counts are compared if the log is clean and every inode and its forks could be read.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dquot.h"

#define NR_TYPES	XFS_CHECK_QUOTA_TYPES
#define TABLE_MIN	64u		/* owners; a power of two */
#define MAX_ID_BLOCK(per_block)	((uint64_t)UINT32_MAX / (per_block))

static const struct quota_type {
	const char *name;
	uint8_t type;
	uint16_t acct, chkd;
	uint16_t metatype;
} types[NR_TYPES] = {
	{ "user", XFS_DQTYPE_USER, XFS_UQUOTA_ACCT, XFS_UQUOTA_CHKD, XFS_METAFILE_USRQUOTA },
	{ "group", XFS_DQTYPE_GROUP, XFS_GQUOTA_ACCT, XFS_GQUOTA_CHKD, XFS_METAFILE_GRPQUOTA },
	{ "project", XFS_DQTYPE_PROJ, XFS_PQUOTA_ACCT, XFS_PQUOTA_CHKD, XFS_METAFILE_PRJQUOTA },
};

/* ---- what inodes use, by owner ---- */

/* The slot of @id, or the free one for it.  Knuth's multiplier spreads adjacent ids. */
static struct xfs_check_owner *slot_of(const struct xfs_check_owners *table, uint32_t id)
{
	size_t i = (id * 2654435761u) & (table->cap - 1);

	while (table->v[i].inodes && table->v[i].id != id)
		i = (i + 1) & (table->cap - 1);
	return &table->v[i];
}

static bool grow(struct xfs_check *chk, struct xfs_check_owners *table)
{
	struct xfs_check_owners old = *table;

	table->cap = old.cap ? 2 * old.cap : TABLE_MIN;
	table->v = xfs_mem_zalloc(&chk->mem, table->cap * sizeof(*table->v));
	if (!table->v) {
		*table = old;
		xfs_check_fail(chk, -ENOMEM);
		return false;
	}
	for (size_t i = 0; i < old.cap; i++)
		if (old.v[i].inodes)
			*slot_of(table, old.v[i].id) = old.v[i];
	xfs_mem_free(&chk->mem, old.v);
	return true;
}

static void charge(struct xfs_check *chk, struct xfs_check_owners *table, uint32_t id,
		   const struct xfs_check_inode *ip)
{
	struct xfs_check_owner *owner;

	if (4 * (table->n + 1) > 3 * table->cap && !grow(chk, table))
		return;
	owner = slot_of(table, id);
	if (!owner->inodes) {
		owner->id = id;
		table->n++;
	}
	owner->inodes++;
	owner->blocks += ip->blocks - ip->rtblocks;
	owner->rtblocks += ip->rtblocks;
}

static bool is_quota_inode(const struct xfs_check *chk, xfs_ino_t ino)
{
	const struct xfs_sb *sb = &chk->sb;

	return !chk->g.metadir && ino && ino != NULLFSINO &&
	       (ino == sb->sb_uquotino || ino == sb->sb_gquotino || ino == sb->sb_pquotino);
}

/*
 * In the metadata directory tree the inode itself tells its type; the superblock does not name it.
 */
static void note_quota_file(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	uint16_t metatype = be16_to_cpu(ip->dip->di_metatype);

	for (unsigned int t = 0; t < NR_TYPES; t++) {
		if (metatype != types[t].metatype)
			continue;
		if (chk->quota.ino[t])
			xfs_check_report(chk, ip->at, "a second file of %s quota, after inode %" PRIu64,
					 types[t].name, chk->quota.ino[t]);
		else
			chk->quota.ino[t] = ip->ino;
	}
}

void xfs_check_quota_inode(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const uint32_t id[NR_TYPES] = { be32_to_cpu(ip->dip->di_uid), be32_to_cpu(ip->dip->di_gid),
					xfs_dinode_projid(ip->dip) };

	if (!(chk->sb.sb_qflags & XFS_ALL_QUOTA_ACCT))
		return;
	if (ip->metadata) {
		note_quota_file(chk, ip);
		return;
	}
	if (is_quota_inode(chk, ip->ino))
		return;
	for (unsigned int t = 0; t < NR_TYPES && !chk->stop; t++)
		if (chk->sb.sb_qflags & types[t].acct)
			charge(chk, &chk->quota.owners[t], id[t], ip);
}

void xfs_check_quota_free(struct xfs_check *chk)
{
	for (unsigned int t = 0; t < NR_TYPES; t++)
		xfs_mem_free(&chk->mem, chk->quota.owners[t].v);
}

/* ---- the records ---- */

struct quota_walk {
	struct xfs_check *chk;
	const struct quota_type *type;
	struct xfs_check_owners *owners;
	struct xfs_check_place at;	/* of the current block */
	uint32_t per_block;
	bool exact;			/* counts must equal those of @owners */
	bool damaged;			/* some records were unreadable */
};

#define BAD(...) xfs_check_report(qw->chk, qw->at, __VA_ARGS__)
#define RULE(cond, ...) do { if (!(cond)) BAD(__VA_ARGS__); } while (0)

static void check_timer(struct quota_walk *qw, uint32_t id, const char *what, uint64_t count,
			uint64_t soft, uint32_t timer)
{
	RULE(!soft || count <= soft || timer,
	     "id %u: %" PRIu64 " %s are over the soft limit of %" PRIu64 ", but no timer runs", id,
	     count, what, soft);
}

static void check_timers(struct quota_walk *qw, uint32_t id, const struct xfs_disk_dquot *dq)
{
	check_timer(qw, id, "blocks", be64_to_cpu(dq->d_bcount), be64_to_cpu(dq->d_blk_softlimit),
		    be32_to_cpu(dq->d_btimer));
	check_timer(qw, id, "inodes", be64_to_cpu(dq->d_icount), be64_to_cpu(dq->d_ino_softlimit),
		    be32_to_cpu(dq->d_itimer));
	check_timer(qw, id, "realtime blocks", be64_to_cpu(dq->d_rtbcount),
		    be64_to_cpu(dq->d_rtb_softlimit), be32_to_cpu(dq->d_rtbtimer));
}

static void check_counts(struct quota_walk *qw, uint32_t id, const struct xfs_disk_dquot *dq)
{
	struct xfs_check_owner none = { 0 }, *owner = &none;

	if (qw->owners->cap)
		owner = slot_of(qw->owners, id);
	owner->recorded = true;
	RULE(be64_to_cpu(dq->d_bcount) == owner->blocks,
	     "%s %u: %" PRIu64 " blocks, counted %" PRIu64, qw->type->name, id,
	     be64_to_cpu(dq->d_bcount), owner->blocks);
	RULE(be64_to_cpu(dq->d_icount) == owner->inodes,
	     "%s %u: %" PRIu64 " inodes, counted %" PRIu64, qw->type->name, id,
	     be64_to_cpu(dq->d_icount), owner->inodes);
	RULE(be64_to_cpu(dq->d_rtbcount) == owner->rtblocks,
	     "%s %u: %" PRIu64 " realtime blocks, counted %" PRIu64, qw->type->name, id,
	     be64_to_cpu(dq->d_rtbcount), owner->rtblocks);
}

/* False: this is not a record of @id. */
static bool check_shape(struct quota_walk *qw, uint32_t id, const struct xfs_dqblk *dqb)
{
	const struct xfs_disk_dquot *dq = &dqb->dd_diskdq;
	uint8_t flags = dq->d_type & (uint8_t)~XFS_DQTYPE_REC_MASK;

	if (be16_to_cpu(dq->d_magic) != XFS_DQUOT_MAGIC || dq->d_version != XFS_DQUOT_VERSION) {
		BAD("id %u: magic number 0x%04x, version %u: no quota record", id,
		    be16_to_cpu(dq->d_magic), dq->d_version);
		return false;
	}
	RULE(xfs_cksum_ok(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF), "id %u: the checksum is wrong", id);
	RULE((dq->d_type & XFS_DQTYPE_REC_MASK) == qw->type->type,
	     "id %u: d_type 0x%02x in the file of %s quota", id, dq->d_type, qw->type->name);
	RULE(!flags || (flags == XFS_DQTYPE_BIGTIME && qw->chk->g.bigtime && id),
	     "id %u: d_type 0x%02x", id, dq->d_type);
	RULE(be32_to_cpu(dq->d_id) == id, "id %u: d_id is %u", id, be32_to_cpu(dq->d_id));
	xfs_check_uuid(qw->chk, qw->at, &dqb->dd_uuid);
	xfs_check_lsn(qw->chk, qw->at, be64_to_cpu(dqb->dd_lsn));
	return be32_to_cpu(dq->d_id) == id;
}

static void check_block(struct quota_walk *qw, const uint8_t *buf, uint64_t off)
{
	const struct xfs_dqblk *dqb = (const void *)buf;
	uint64_t first = off * qw->per_block;

	for (uint32_t i = 0; i < qw->per_block && first + i <= UINT32_MAX && !qw->chk->stop; i++) {
		uint32_t id = (uint32_t)(first + i);

		if (!check_shape(qw, id, &dqb[i])) {
			qw->damaged = true;
			continue;
		}
		if (id)
			check_timers(qw, id, &dqb[i].dd_diskdq);
		if (qw->exact)
			check_counts(qw, id, &dqb[i].dd_diskdq);
	}
}

static void check_extents(struct quota_walk *qw, const struct xfs_check_vec *keep)
{
	const struct xfs_check_ext *ext = keep->v;

	for (size_t i = 0; i < keep->n; i++) {
		for (uint64_t off = ext[i].off; off < ext[i].off + ext[i].len; off++) {
			if (qw->chk->stop)
				return;
			if (off > MAX_ID_BLOCK(qw->per_block)) {
				BAD("block %" PRIu64 " of the file is for no id", off);
				return;
			}
			if (xfs_check_da_read(qw->chk, keep, off, 1, qw->chk->dir_buf, &qw->at))
				check_block(qw, qw->chk->dir_buf, off);
			else
				qw->damaged = true;
		}
	}
}

/* Every owner that uses something has a record. */
static void check_recorded(struct quota_walk *qw)
{
	const struct xfs_check_owners *owners = qw->owners;

	for (size_t i = 0; i < owners->cap && !qw->chk->stop; i++) {
		const struct xfs_check_owner *o = &owners->v[i];

		RULE(!o->inodes || o->recorded,
		     "%s %u has no record, but %" PRIu64 " blocks and %" PRIu64 " inodes",
		     qw->type->name, o->id, o->blocks, o->inodes);
	}
}

const char *xfs_check_quota_name(unsigned int t)
{
	return types[t].name;
}

xfs_ino_t xfs_check_quota_ino(const struct xfs_check *chk, unsigned int t)
{
	const xfs_ino_t named[NR_TYPES] = { chk->sb.sb_uquotino, chk->sb.sb_gquotino,
					    chk->sb.sb_pquotino };

	return named[t] == NULLFSINO ? 0 : named[t];
}

static void check_file(struct xfs_check *chk, unsigned int t, xfs_ino_t ino)
{
	struct quota_walk walk = {
		.chk = chk, .type = &types[t], .owners = &chk->quota.owners[t],
		.at = xfs_check_at("quota", -1, XFS_CHECK_NOBLOCK, ino),
		.per_block = chk->g.blocksize / (uint32_t)sizeof(struct xfs_dqblk),
		.exact = (chk->sb.sb_qflags & types[t].chkd) && chk->log_clean && !chk->quota.unsure,
	}, *qw = &walk;
	struct xfs_check_inode inode;

	if (!xfs_check_load_inode(chk, ino, chk->dir_inode, &inode) || !S_ISREG(inode.mode))
		return;		/* reported with the inodes that the superblock names */
	RULE(!inode.size, "di_size is %" PRIu64, inode.size);
	if (!xfs_check_fork(chk, &inode, XFS_DATA_FORK, &chk->dfork, true))
		return;		/* reported with the inode */
	check_extents(qw, &chk->dfork);
	if (walk.exact && !walk.damaged)
		check_recorded(qw);
}

void xfs_check_quota(struct xfs_check *chk)
{
	for (unsigned int t = 0; t < NR_TYPES && !chk->stop; t++) {
		xfs_ino_t ino = chk->g.metadir ? chk->quota.ino[t] : xfs_check_quota_ino(chk, t);
		uint16_t qflags = chk->sb.sb_qflags;

		xfs_check_progress(chk, "quota", t, NR_TYPES);
		if (ino)
			check_file(chk, t, ino);
		else if (qflags & types[t].acct && qflags & types[t].chkd && !chk->quota.unsure)
			xfs_check_report(chk, xfs_check_at("quota", -1, XFS_CHECK_NOBLOCK,
							   XFS_CHECK_NOINO),
					 "%s quota is on and checked, but it has no file",
					 types[t].name);
	}
}

bool xfs_check_quota_skipped(const struct xfs_check *chk)
{
	for (unsigned int t = 0; t < NR_TYPES; t++)
		if (chk->sb.sb_qflags & types[t].acct &&
		    (!(chk->sb.sb_qflags & types[t].chkd) || !chk->log_clean || chk->quota.unsure))
			return true;
	return false;
}
