/* SPDX-License-Identifier: MIT */
/* Dump the quota record of one owner; its file is found in the same way as in a kernel. */
#include "base/crc32c.h"
#include "base/error.h"
#include "check/dump.h"
#include "disk/dir.h"
#include "disk/dquot.h"

static void dump_count(struct xfs_dump *d, const char *name, be64_t value)
{
	xfs_dump_line(d, "%s = %" PRIu64, name, be64_to_cpu(value));
}

static void dump_record(struct xfs_dump *d, const struct xfs_dqblk *dqb)
{
	const struct xfs_disk_dquot *dq = &dqb->dd_diskdq;
	uint64_t lsn = be64_to_cpu(dqb->dd_lsn);

	xfs_dump_line(d, "d_magic = 0x%04x", be16_to_cpu(dq->d_magic));
	xfs_dump_line(d, "d_version = %u", dq->d_version);
	xfs_dump_line(d, "d_type = 0x%02x", dq->d_type);
	xfs_dump_line(d, "d_id = %u", be32_to_cpu(dq->d_id));
	dump_count(d, "d_blk_hardlimit", dq->d_blk_hardlimit);
	dump_count(d, "d_blk_softlimit", dq->d_blk_softlimit);
	dump_count(d, "d_ino_hardlimit", dq->d_ino_hardlimit);
	dump_count(d, "d_ino_softlimit", dq->d_ino_softlimit);
	dump_count(d, "d_bcount", dq->d_bcount);
	dump_count(d, "d_icount", dq->d_icount);
	xfs_dump_line(d, "d_itimer = %u", be32_to_cpu(dq->d_itimer));
	xfs_dump_line(d, "d_btimer = %u", be32_to_cpu(dq->d_btimer));
	dump_count(d, "d_rtb_hardlimit", dq->d_rtb_hardlimit);
	dump_count(d, "d_rtb_softlimit", dq->d_rtb_softlimit);
	dump_count(d, "d_rtbcount", dq->d_rtbcount);
	xfs_dump_line(d, "d_rtbtimer = %u", be32_to_cpu(dq->d_rtbtimer));
	xfs_dump_line(d, "dd_lsn = %u:%u", (uint32_t)(lsn >> 32), (uint32_t)lsn);
	if (!xfs_cksum_ok(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF))
		xfs_dump_line(d, "checksum: 0x%08x is wrong, 0x%08x would be right",
			      le32_to_cpu(dqb->dd_crc),
			      xfs_cksum(dqb, sizeof(*dqb), XFS_DQUOT_CRC_OFF));
}

void xfs_dump_dquots(struct xfs_dump *d, const uint8_t *buf, uint32_t len)
{
	const struct xfs_dqblk *dqb = (const void *)buf;

	for (uint32_t i = 0; i < len / sizeof(*dqb); i++) {
		xfs_dump_line(d, "record %u:", i);
		dump_record(d, &dqb[i]);
	}
}

/* Look up @name in a short-form directory, the form of small metadata directories; 0: not found. */
static xfs_ino_t sf_lookup(const struct xfs_check_inode *dir, const char *name)
{
	const struct xfs_dir2_sf_entry *e = NULL;
	const size_t len = strlen(name);
	uint32_t i = 0;
	xfs_ino_t ino;

	while ((e = xfs_dump_sf_next(dir->dfork, dir->dsize, &i, e, &ino)) != NULL)
		if (e->namelen == len && memcmp(e->name, name, len) == 0)
			return ino;
	return 0;
}

/* /quota/NAME in the metadata directory tree. */
static xfs_ino_t find_in_metadir(struct xfs_check *chk, const char *name)
{
	const char *const path[] = { "quota", name };
	xfs_ino_t ino = chk->sb.sb_metadirino;
	struct xfs_check_inode dir;

	for (size_t i = 0; i < ARRAY_SIZE(path) && ino; i++) {
		if (!xfs_check_load_inode(chk, ino, chk->dir_inode, &dir) || !S_ISDIR(dir.mode) ||
		    dir.format != XFS_DINODE_FMT_LOCAL)
			return 0;
		ino = sf_lookup(&dir, path[i]);
	}
	return ino;
}

static xfs_ino_t find_file(struct xfs_check *chk, unsigned int type)
{
	if (chk->g.metadir)
		return find_in_metadir(chk, xfs_check_quota_name(type));
	return xfs_check_quota_ino(chk, type);
}

int xfs_dump_dquot(struct xfs_dump *d, unsigned int type, uint64_t id)
{
	struct xfs_check *chk = d->chk;
	uint32_t per_block = chk->g.blocksize / (uint32_t)sizeof(struct xfs_dqblk);
	xfs_ino_t ino = find_file(chk, type);
	struct xfs_check_inode inode;
	struct xfs_check_place at;
	uint64_t fsbno;

	if (id > UINT32_MAX)
		return xfs_fail(-EINVAL, "%" PRIu64 " is not an id: the largest is %u", id,
				UINT32_MAX);
	if (!ino || !xfs_check_load_inode(chk, ino, chk->dir_inode, &inode) || !S_ISREG(inode.mode)) {
		xfs_dump_line(d, "no file of %s quota", xfs_check_quota_name(type));
		return 0;
	}
	at = inode.at;
	if (!xfs_check_fork(chk, &inode, XFS_DATA_FORK, &chk->dfork, true))
		xfs_dump_line(d, "the fork is damaged: this is what can be found");
	if (!xfs_check_ext_lookup(&chk->dfork, id / per_block, &fsbno)) {
		xfs_dump_line(d, "no record: nothing is counted, there are no limits");
		return 0;
	}
	if (!xfs_check_da_read(chk, &chk->dfork, id / per_block, 1, chk->dir_buf, &at))
		return -EIO;
	xfs_dump_line(d, "block %" PRId64 "/%" PRIu64 ", record %u:", at.agno, at.block,
		      (uint32_t)(id % per_block));
	dump_record(d, (const struct xfs_dqblk *)chk->dir_buf + id % per_block);
	return 0;
}
