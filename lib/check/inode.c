/* SPDX-License-Identifier: MIT */
/*
 * Every inode of every chunk: the core, then its forks, then what belongs to the inode alone
 * (attributes, symlink targets).  Directories are only noted; their contents need the types of all
 * inodes.
 */
#include "base/crc32c.h"
#include "check/check_priv.h"
#include "disk/dir.h"

#define BAD(...) xfs_check_report(chk, ip->at, __VA_ARGS__)
#define RULE(cond, ...) do { if (!(cond)) BAD(__VA_ARGS__); } while (0)

uint8_t xfs_check_ftype(uint16_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return XFS_DIR3_FT_REG_FILE;
	case S_IFDIR:
		return XFS_DIR3_FT_DIR;
	case S_IFCHR:
		return XFS_DIR3_FT_CHRDEV;
	case S_IFBLK:
		return XFS_DIR3_FT_BLKDEV;
	case S_IFIFO:
		return XFS_DIR3_FT_FIFO;
	case S_IFSOCK:
		return XFS_DIR3_FT_SOCK;
	case S_IFLNK:
		return XFS_DIR3_FT_SYMLINK;
	default:
		return XFS_DIR3_FT_UNKNOWN;
	}
}

struct xfs_check_chunk_info *xfs_check_info(struct xfs_check *chk, xfs_ino_t ino, uint32_t *index)
{
	const struct xfs_check_chunk *c = xfs_check_find_chunk(chk, ino);

	if (!c || !c->info)
		return NULL;
	*index = xfs_check_ino_agino(&chk->g, ino) - c->startino;
	return c->info;
}

bool xfs_check_on_unlinked(struct xfs_check *chk, xfs_ino_t ino)
{
	return xfs_check_find_ino(&chk->unlinked, sizeof(struct xfs_check_unlinked), ino);
}

static bool is_special(uint16_t mode)
{
	mode &= S_IFMT;
	return mode == S_IFCHR || mode == S_IFBLK || mode == S_IFIFO || mode == S_IFSOCK;
}

/* Parse the core.  False: forks and type are unreliable. */
static bool parse(struct xfs_check *chk, xfs_ino_t ino, const uint8_t *buf,
		  struct xfs_check_inode *ip)
{
	const struct xfs_check_geo *g = &chk->g;
	const struct xfs_dinode *dip = (const void *)buf;
	uint32_t litino = g->isize - XFS_DINODE_CORE_SIZE, boff;
	uint64_t flags2 = be64_to_cpu(dip->di_flags2);

	memset(ip, 0, sizeof(*ip));
	ip->ino = ino;
	ip->dip = dip;
	ip->at = xfs_check_at("inode", xfs_check_ino_agno(g, ino),
			      xfs_check_ino_agino(g, ino) >> g->inopblog, ino);
	ip->mode = be16_to_cpu(dip->di_mode);
	ip->size = be64_to_cpu(dip->di_size);
	ip->nblocks = be64_to_cpu(dip->di_nblocks);
	ip->gen = be32_to_cpu(dip->di_gen);
	ip->format = dip->di_format;
	ip->aformat = dip->di_aformat;
	ip->large_counts = flags2 & XFS_DIFLAG2_NREXT64;
	ip->metadata = flags2 & XFS_DIFLAG2_METADATA;
	ip->realtime = be16_to_cpu(dip->di_flags) & XFS_DIFLAG_REALTIME;
	if (ip->large_counts) {
		ip->nextents = be64_to_cpu(dip->di_big_nextents);
		ip->anextents = be32_to_cpu(dip->di_big_anextents);
	} else {
		ip->nextents = be32_to_cpu(dip->di_nextents);
		ip->anextents = be16_to_cpu(dip->di_anextents);
	}
	boff = dip->di_forkoff * XFS_CHECK_FORKOFF_UNIT;
	if (boff >= litino)
		return false;
	ip->dfork = dip->di_literal;
	ip->dsize = boff ? boff : litino;
	if (boff) {
		ip->afork = dip->di_literal + boff;
		ip->asize = litino - boff;
	}
	return xfs_check_ftype(ip->mode) != XFS_DIR3_FT_UNKNOWN;
}

static void check_times(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const be64_t *const ts[] = { &ip->dip->di_atime, &ip->dip->di_mtime, &ip->dip->di_ctime,
				     &ip->dip->di_crtime };
	static const char *const name[] = { "di_atime", "di_mtime", "di_ctime", "di_crtime" };

	if (be64_to_cpu(ip->dip->di_flags2) & XFS_DIFLAG2_BIGTIME)
		return;
	/* The realtime bitmap's access time is a sequence number. */
	for (unsigned int i = ip->ino == chk->sb.sb_rbmino; i < ARRAY_SIZE(ts); i++)
		RULE((uint32_t)be64_to_cpu(*ts[i]) < XFS_NSEC_PER_SEC, "%s has %u nanoseconds",
		     name[i], (uint32_t)be64_to_cpu(*ts[i]));
}

static void check_hints(struct xfs_check *chk, const struct xfs_check_inode *ip, uint16_t flags,
			uint64_t flags2)
{
	const struct xfs_check_geo *g = &chk->g;
	uint32_t hint = be32_to_cpu(ip->dip->di_extsize);
	uint32_t cow = be32_to_cpu(ip->dip->di_cowextsize);
	bool hinted = flags & (XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT);

	RULE(hinted == (hint != 0), "di_extsize is %u, which does not fit di_flags 0x%04x", hint,
	     flags);
	RULE(hint <= XFS_MAX_BMBT_EXTLEN && (ip->realtime || hint <= g->agblocks / 2),
	     "di_extsize is %u blocks", hint);
	RULE(!hint || !ip->realtime || !g->rextsize || hint % g->rextsize == 0,
	     "di_extsize %u is not a multiple of the realtime extent size", hint);
	if (ip->metadata && g->zoned)
		return;		/* in that inode the field counts used blocks */
	RULE(!(flags2 & XFS_DIFLAG2_COWEXTSIZE) == !cow,
	     "di_cowextsize is %u, which does not fit di_flags2 0x%" PRIx64, cow, flags2);
	RULE(cow <= XFS_MAX_BMBT_EXTLEN && cow <= g->agblocks / 2, "di_cowextsize is %u blocks",
	     cow);
}

static void check_flags(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const struct xfs_check_geo *g = &chk->g;
	uint16_t flags = be16_to_cpu(ip->dip->di_flags), type = ip->mode & S_IFMT;
	uint64_t flags2 = be64_to_cpu(ip->dip->di_flags2);

	RULE(!(flags & ~XFS_DIFLAG_ANY), "unknown bits in di_flags 0x%04x", flags);
	RULE(!(flags2 & ~XFS_DIFLAG2_ANY), "unknown bits in di_flags2 0x%" PRIx64, flags2);
	RULE(type == S_IFDIR || !(flags & (XFS_DIFLAG_RTINHERIT | XFS_DIFLAG_EXTSZINHERIT |
					   XFS_DIFLAG_PROJINHERIT | XFS_DIFLAG_NOSYMLINKS)),
	     "di_flags 0x%04x has flags of directories", flags);
	RULE(type == S_IFREG || !(flags & (XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_REALTIME)),
	     "di_flags 0x%04x has flags of regular files", flags);
	RULE(!(flags & XFS_DIFLAG_REALTIME) || g->rt,
	     "di_flags 0x%04x has REALTIME, but there is no realtime section", flags);
	RULE(!(flags & XFS_DIFLAG_REALTIME) || !xfs_check_is_internal(chk, ip->ino),
	     "di_flags 0x%04x has REALTIME, but the file lies in the data section", flags);
	RULE(!(flags & XFS_DIFLAG_NEWRTBM) || g->metadir || ip->ino == chk->sb.sb_rbmino,
	     "di_flags 0x%04x marks a realtime bitmap", flags);
	RULE(!(flags2 & XFS_DIFLAG2_REFLINK) ||
	     (g->reflink && type == S_IFREG && !ip->metadata && (!ip->realtime || g->metadir)),
	     "the reflink flag is set where nothing can be shared");
	RULE(!(flags2 & XFS_DIFLAG2_COWEXTSIZE) ||
	     (g->reflink && (type == S_IFREG || type == S_IFDIR)),
	     "the copy-on-write hint flag is set where nothing can be shared");
	RULE(!(flags2 & XFS_DIFLAG2_DAX) || ((type == S_IFREG || type == S_IFDIR) && !ip->metadata),
	     "the DAX flag is set on neither file nor directory");
	RULE(!(flags2 & XFS_DIFLAG2_BIGTIME) || g->bigtime,
	     "wide time stamps without the feature BIGTIME");
	RULE(!(flags2 & XFS_DIFLAG2_NREXT64) || g->nrext64,
	     "wide extent counters without the feature NREXT64");
	check_hints(chk, ip, flags, flags2);
}

static void check_metadata_inode(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const struct xfs_dinode *dip = ip->dip;
	uint16_t type = be16_to_cpu(dip->di_metatype), flags = be16_to_cpu(dip->di_flags);
	bool dir = S_ISDIR(ip->mode);
	uint16_t want = dir ? XFS_METADIR_DIFLAGS : XFS_METAFILE_DIFLAGS;

	if (!ip->metadata) {
		RULE(!type, "di_onlink is %u", type);
		return;
	}
	RULE(chk->g.metadir, "a metadata inode without the feature METADIR");
	RULE(type < XFS_METAFILE_MAX && dir == (type == XFS_METAFILE_DIR), "di_metatype is %u",
	     type);
	RULE(dir || S_ISREG(ip->mode), "a metadata inode that is neither file nor directory");
	RULE(!(ip->mode & 07777) && !be32_to_cpu(dip->di_uid) && !be32_to_cpu(dip->di_gid),
	     "a metadata inode with owner or permissions");
	RULE((flags & want) == want, "di_flags 0x%04x lack bits that metadata inodes have", flags);
}

static void check_data_format(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	uint16_t type = ip->mode & S_IFMT;
	bool fits = ip->size <= ip->dsize, ok;

	switch (ip->format) {
	case XFS_DINODE_FMT_DEV:
		ok = is_special(ip->mode);
		break;
	case XFS_DINODE_FMT_LOCAL:
		ok = type == S_IFDIR || type == S_IFLNK;
		break;
	case XFS_DINODE_FMT_EXTENTS:
		ok = !is_special(ip->mode);
		break;
	case XFS_DINODE_FMT_BTREE:
		ok = type == S_IFREG || type == S_IFDIR;
		break;
	case XFS_DINODE_FMT_META_BTREE:
		ok = type == S_IFREG && ip->metadata;
		break;
	default:
		ok = false;
	}
	if (!ok) {
		BAD("di_format %u does not fit di_mode 0%o", ip->format, ip->mode);
		return;
	}
	if (ip->format == XFS_DINODE_FMT_LOCAL)
		RULE(fits && !ip->nextents,
		     "%" PRIu64 " bytes and %" PRIu64 " extents in a local fork "
		     "of %u bytes",
		     ip->size, ip->nextents, ip->dsize);
	else if (type == S_IFDIR)
		RULE(!fits, "a directory of %" PRIu64 " bytes must stand in the inode", ip->size);
	if (ip->format == XFS_DINODE_FMT_EXTENTS)
		RULE(ip->nextents <= ip->dsize / sizeof(struct xfs_bmbt_rec),
		     "%" PRIu64 " extents do not fit in a data fork of "
		     "%u bytes",
		     ip->nextents, ip->dsize);
	if (ip->format == XFS_DINODE_FMT_BTREE)
		RULE(ip->nextents > ip->dsize / sizeof(struct xfs_bmbt_rec),
		     "%" PRIu64 " extents fit in the data fork, yet they "
		     "stand in a tree",
		     ip->nextents);
	if (is_special(ip->mode))
		RULE(!ip->nextents && !ip->size, "a special file with %" PRIu64 " bytes, %" PRIu64
		     " extents", ip->size, ip->nextents);
}

static void check_attr_format(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	uint8_t forkoff = ip->dip->di_forkoff;

	RULE(!is_special(ip->mode) || forkoff <= 1, "di_forkoff is %u on a special file", forkoff);
	if (!forkoff) {
		RULE(ip->aformat == XFS_DINODE_FMT_EXTENTS && !ip->anextents,
		     "no attribute fork, but di_aformat %u and %" PRIu64 " extents", ip->aformat,
		     ip->anextents);
		RULE(!chk->g.parent || ip->metadata || xfs_check_is_internal(chk, ip->ino) ||
		     ip->ino == chk->sb.sb_rootino || be32_to_cpu(ip->dip->di_nlink) == 0,
		     "no attribute fork, but every entry has a parent pointer");
		return;
	}
	switch (ip->aformat) {
	case XFS_DINODE_FMT_LOCAL:
		RULE(!ip->anextents, "local attributes, but %" PRIu64 " extents", ip->anextents);
		break;
	case XFS_DINODE_FMT_EXTENTS:
		RULE(ip->anextents <= ip->asize / sizeof(struct xfs_bmbt_rec),
		     "%" PRIu64 " extents do not fit in an attribute "
		     "fork of %u bytes",
		     ip->anextents, ip->asize);
		break;
	case XFS_DINODE_FMT_BTREE:
		RULE(ip->anextents > ip->asize / sizeof(struct xfs_bmbt_rec),
		     "%" PRIu64 " extents fit in the attribute fork, yet "
		     "they stand in a tree",
		     ip->anextents);
		break;
	default:
		BAD("di_aformat is %u", ip->aformat);
	}
}

/* Size in bytes of the summary file of a realtime section without groups. */
static uint64_t summary_bytes(const struct xfs_check *chk)
{
	const struct xfs_sb *sb = &chk->sb;
	uint64_t counters = (sb->sb_rextslog + 1ull) * sb->sb_rbmblocks;

	return xfs_roundup64(counters * sizeof(be32_t), chk->g.blocksize);
}

static void check_core(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const struct xfs_dinode *dip = ip->dip;
	uint32_t nlink = be32_to_cpu(dip->di_nlink);

	RULE(!(ip->size >> 63), "di_size is negative");
	RULE(nlink <= XFS_MAXLINK, "di_nlink is %u", nlink);
	RULE(ip->size || !nlink || !(S_ISDIR(ip->mode) || S_ISLNK(ip->mode)), "di_size is 0");
	if (ip->large_counts) {
		RULE(ip->nextents <= XFS_MAX_EXTCNT_DATA_FORK_LARGE, "di_big_nextents is %" PRIu64,
		     ip->nextents);
		RULE(!be16_to_cpu(dip->di_nrext64_pad), "di_nrext64_pad is not zero");
	} else {
		RULE(ip->nextents <= XFS_MAX_EXTCNT_DATA_FORK_SMALL &&
		     ip->anextents <= XFS_MAX_EXTCNT_ATTR_FORK_SMALL,
		     "di_nextents %" PRIu64 " or di_anextents %" PRIu64 " is above the limit",
		     ip->nextents, ip->anextents);
		RULE(!be64_to_cpu(dip->di_v3_pad), "di_v3_pad is not zero");
	}
	RULE(!S_ISDIR(ip->mode) || ip->nextents <= (96ull << 30) >> chk->g.blocklog,
	     "%" PRIu64 " extents are too many for a directory", ip->nextents);
	RULE(xfs_check_zeros(dip->di_pad2, sizeof(dip->di_pad2)), "di_pad2 is not zero");
	RULE(chk->g.metadir || ip->ino != chk->sb.sb_rbmino ||
	     ip->size == (uint64_t)chk->sb.sb_rbmblocks << chk->g.blocklog,
	     "the realtime bitmap has %" PRIu64 " bytes, not %u blocks", ip->size,
	     chk->sb.sb_rbmblocks);
	RULE(chk->g.metadir || ip->ino != chk->sb.sb_rsumino || ip->size == summary_bytes(chk),
	     "the realtime summary has %" PRIu64 " bytes, not %" PRIu64, ip->size,
	     summary_bytes(chk));
	check_times(chk, ip);
	check_flags(chk, ip);
	check_metadata_inode(chk, ip);
	check_data_format(chk, ip);
	check_attr_format(chk, ip);
}

static void check_forks(struct xfs_check *chk, struct xfs_check_inode *ip)
{
	bool sound;

	sound = xfs_check_fork(chk, ip, XFS_DATA_FORK, S_ISLNK(ip->mode) ? &chk->dfork : NULL,
			       false);
	if (ip->afork)
		sound &= xfs_check_fork(chk, ip, XFS_ATTR_FORK, &chk->afork, false);
	if (sound && ip->blocks != ip->nblocks)
		BAD("di_nblocks is %" PRIu64 ", counted %" PRIu64, ip->nblocks, ip->blocks);
	if (!sound)
		chk->quota.unsure = true;
	xfs_check_quota_inode(chk, ip);
	if (S_ISLNK(ip->mode))
		xfs_check_symlink(chk, ip);
	if (ip->afork)
		xfs_check_attr(chk, ip);
}

static void count(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	chk->sum.inodes++;
	chk->sum.directories += S_ISDIR(ip->mode);
	chk->sum.files += S_ISREG(ip->mode);
	chk->sum.symlinks += S_ISLNK(ip->mode);
	chk->sum.specials += is_special(ip->mode);
}

static void check_used(struct xfs_check *chk, struct xfs_check_inode *ip, bool parsed,
		       struct xfs_check_chunk_info *info, uint32_t i)
{
	uint32_t nlink = be32_to_cpu(ip->dip->di_nlink);
	struct xfs_check_dir *dir;

	info->what[i] |= XFS_CHECK_INO_INUSE;
	if (!ip->mode) {
		BAD("in use according to the inobt, but di_mode is 0");
		info->what[i] |= XFS_CHECK_INO_BAD;
		chk->quota.unsure = true;
		return;
	}
	if (!parsed) {
		BAD("di_mode 0%o or di_forkoff %u is impossible", ip->mode, ip->dip->di_forkoff);
		info->what[i] |= XFS_CHECK_INO_BAD;
		chk->quota.unsure = true;
		return;
	}
	count(chk, ip);
	info->nlink[i] = nlink;
	info->what[i] |= xfs_check_ftype(ip->mode);
	if (be64_to_cpu(ip->dip->di_flags2) & XFS_DIFLAG2_REFLINK)
		info->what[i] |= XFS_CHECK_INO_REFLINK;
	if (ip->metadata)
		info->what[i] |= XFS_CHECK_INO_META;
	RULE(nlink || xfs_check_on_unlinked(chk, ip->ino),
	     "di_nlink is 0, but the inode is on no unlinked list");
	if (S_ISDIR(ip->mode)) {
		dir = xfs_check_push(chk, &chk->dirs, sizeof(*dir));
		if (dir)
			*dir = (struct xfs_check_dir){ ip->ino, NULLFSINO, NULLFSINO };
	}
	check_core(chk, ip);
	check_forks(chk, ip);
}

/*
 * The old core of a free inode does not matter, but a kernel that reads it to reuse the inode
 * refuses impossible values.  A hint may remain without its flag.
 */
static void check_free_core(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	const struct xfs_check_geo *g = &chk->g;
	const struct xfs_dinode *dip = ip->dip;
	uint16_t flags = be16_to_cpu(dip->di_flags);
	uint64_t flags2 = be64_to_cpu(dip->di_flags2);
	uint32_t hint = be32_to_cpu(dip->di_extsize), cow = be32_to_cpu(dip->di_cowextsize);

	RULE(!(ip->size >> 63), "free, but di_size is negative");
	RULE(ip->large_counts ? !be16_to_cpu(dip->di_nrext64_pad) : !be64_to_cpu(dip->di_v3_pad),
	     "free, but the padding of its extent counters is not zero");
	RULE(dip->di_forkoff * XFS_CHECK_FORKOFF_UNIT < g->isize - XFS_DINODE_CORE_SIZE,
	     "free, but di_forkoff is %u",
	     dip->di_forkoff);
	RULE(ip->aformat == XFS_DINODE_FMT_EXTENTS || (!ip->aformat && !dip->di_forkoff),
	     "free, but di_aformat is %u", ip->aformat);
	RULE(!(flags & ~(XFS_DIFLAG_ANY & ~(XFS_DIFLAG_REALTIME | XFS_DIFLAG_NEWRTBM |
					    XFS_DIFLAG_EXTSIZE | XFS_DIFLAG_EXTSZINHERIT))),
	     "free, but di_flags is 0x%04x", flags);
	RULE(!(flags2 & ~(XFS_DIFLAG2_DAX | XFS_DIFLAG2_BIGTIME | XFS_DIFLAG2_NREXT64)) &&
	     (g->bigtime || !(flags2 & XFS_DIFLAG2_BIGTIME)) &&
	     (g->nrext64 || !(flags2 & XFS_DIFLAG2_NREXT64)),
	     "free, but di_flags2 is 0x%" PRIx64, flags2);
	RULE(hint <= XFS_MAX_BMBT_EXTLEN && hint <= g->agblocks / 2, "free, but di_extsize is %u",
	     hint);
	RULE(g->zoned || (cow <= XFS_MAX_BMBT_EXTLEN && cow <= g->agblocks / 2),
	     "free, but di_cowextsize is %u", cow);
	RULE(xfs_check_zeros(dip->di_pad2, sizeof(dip->di_pad2)), "free, but di_pad2 is not zero");
}

static void check_free(struct xfs_check *chk, const struct xfs_check_inode *ip)
{
	check_free_core(chk, ip);
	RULE(!ip->mode, "free according to the inobt, but di_mode is 0%o", ip->mode);
	RULE(!ip->nblocks && !ip->nextents && !ip->anextents,
	     "free, but it counts %" PRIu64 " blocks, %" PRIu64 " and %" PRIu64 " extents",
	     ip->nblocks, ip->nextents, ip->anextents);
}

static void check_one(struct xfs_check *chk, const struct xfs_check_chunk *c, uint32_t agno,
		      uint32_t i)
{
	const uint8_t *buf = chk->inode_buf + (size_t)i * chk->g.isize;
	xfs_ino_t ino = xfs_check_ino(&chk->g, agno, c->startino + i);
	struct xfs_check_inode inode, *ip = &inode;
	bool parsed = parse(chk, ino, buf, ip);
	uint32_t next = be32_to_cpu(ip->dip->di_next_unlinked);

	if (be16_to_cpu(ip->dip->di_magic) != XFS_DINODE_MAGIC ||
	    ip->dip->di_version != XFS_DINODE_VERSION) {
		BAD("magic number 0x%04x, version %u: no inode", be16_to_cpu(ip->dip->di_magic),
		    ip->dip->di_version);
		c->info->what[i] |= XFS_CHECK_INO_BAD;
		chk->quota.unsure = true;
		if (!(c->free >> i & 1))
			c->info->what[i] |= XFS_CHECK_INO_INUSE;
		return;
	}
	RULE(xfs_cksum_ok(buf, chk->g.isize, XFS_DINODE_CRC_OFF), "the checksum is wrong");
	RULE(be64_to_cpu(ip->dip->di_ino) == ino, "di_ino is %" PRIu64,
	     be64_to_cpu(ip->dip->di_ino));
	xfs_check_uuid(chk, ip->at, &ip->dip->di_uuid);
	xfs_check_lsn(chk, ip->at, be64_to_cpu(ip->dip->di_lsn));
	RULE(next == NULLAGINO || xfs_check_on_unlinked(chk, ino),
	     "di_next_unlinked is %u, but the inode is on no unlinked list", next);
	if (c->free >> i & 1)
		check_free(chk, ip);
	else
		check_used(chk, ip, parsed, c->info, i);
}

/* Read the existing part of a chunk; false: nothing could be read. */
static bool read_chunk(struct xfs_check *chk, const struct xfs_check_chunk *c, uint32_t agno)
{
	const struct xfs_check_geo *g = &chk->g;
	uint64_t base = (xfs_check_daddr(g, agno, c->startino >> g->inopblog) << XFS_BB_SHIFT) +
			((uint64_t)(c->startino & (g->inopblock - 1)) << g->inodelog);

	for (uint32_t i = 0; i < XFS_INOBT_HOLEMASK_BITS;) {
		uint32_t n = 1;

		if (c->holemask >> i & 1) {
			i++;
			continue;
		}
		while (i + n < XFS_INOBT_HOLEMASK_BITS && !(c->holemask >> (i + n) & 1))
			n++;
		if (xfs_check_read(chk, base + ((uint64_t)i * XFS_INODES_PER_HOLEMASK_BIT << g->inodelog),
				   chk->inode_buf + ((size_t)i * XFS_INODES_PER_HOLEMASK_BIT << g->inodelog),
				   (size_t)n * XFS_INODES_PER_HOLEMASK_BIT << g->inodelog)) {
			xfs_check_report(chk,
					 xfs_check_at("inode", agno, c->startino >> g->inopblog,
						      xfs_check_ino(g, agno, c->startino + i * XFS_INODES_PER_HOLEMASK_BIT)),
					 "%u inodes cannot be read", n * XFS_INODES_PER_HOLEMASK_BIT);
			return false;
		}
		i += n;
	}
	return true;
}

static void check_chunk(struct xfs_check *chk, struct xfs_check_chunk *c, uint32_t agno)
{
	size_t size = sizeof(*c->info) + (chk->g.parent ? XFS_INODES_PER_CHUNK * sizeof(uint64_t) : 0);

	if (!read_chunk(chk, c, agno)) {
		chk->quota.unsure = true;
		return;
	}
	c->info = xfs_mem_zalloc(&chk->mem, size);
	if (!c->info) {
		xfs_check_fail(chk, -ENOMEM);
		return;
	}
	for (uint32_t i = 0; i < XFS_INODES_PER_CHUNK && !chk->stop; i++) {
		if (!(c->holemask >> (i / XFS_INODES_PER_HOLEMASK_BIT) & 1))
			check_one(chk, c, agno, i);
	}
}

void xfs_check_inodes(struct xfs_check *chk)
{
	uint64_t done = 0, total = 0;

	for (uint32_t agno = 0; agno < chk->g.agcount; agno++)
		total += chk->ag[agno].icount;
	for (uint32_t agno = 0; agno < chk->g.agcount; agno++) {
		struct xfs_check_ag *ag = &chk->ag[agno];

		for (size_t i = 0; i < ag->chunks.n && !chk->stop; i++) {
			struct xfs_check_chunk *c = (struct xfs_check_chunk *)ag->chunks.v + i;

			if (i % 64 == 0)
				xfs_check_progress(chk, "inodes", done, total);
			check_chunk(chk, c, agno);
			done += c->count;
		}
	}
}

bool xfs_check_load_inode(struct xfs_check *chk, xfs_ino_t ino, uint8_t *buf,
			  struct xfs_check_inode *ip)
{
	const struct xfs_check_geo *g = &chk->g;
	uint32_t agino = xfs_check_ino_agino(g, ino), agno = xfs_check_ino_agno(g, ino);

	memset(ip, 0, sizeof(*ip));
	ip->ino = ino;
	if (!xfs_check_ino_valid(g, ino))
		return false;
	/* Read a whole block: its neighbours are needed next, and it is cached. */
	if (xfs_check_read_block(chk, agno, agino >> g->inopblog, chk->level_buf[0]))
		return false;
	memcpy(buf, chk->level_buf[0] + ((size_t)(agino & (g->inopblock - 1)) << g->inodelog),
	       g->isize);
	return parse(chk, ino, buf, ip) && be16_to_cpu(ip->dip->di_magic) == XFS_DINODE_MAGIC;
}
