/* SPDX-License-Identifier: MIT */
/*
 * Inodes.  xfs_dinode_verify() also keeps all later readers of a fork inside the inode: sizes,
 * counts, list entries and tree roots are checked here, when the inode is read and again before it
 * is written.
 */
#include "disk/disk_priv.h"
#include "disk/symlink.h"

static bool is_special(uint16_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);
}

/* ------------------------------------------------------------------ hints */

xfs_failaddr_t xfs_inode_validate_extsize(const struct xfs_geometry *geo, uint32_t extsize,
					  uint16_t mode, uint16_t flags)
{
	bool hint = (flags & XFS_DIFLAG_EXTSIZE) != 0;
	bool inherit = (flags & XFS_DIFLAG_EXTSZINHERIT) != 0;
	bool rt = (flags & (S_ISDIR(mode) ? XFS_DIFLAG_RTINHERIT : XFS_DIFLAG_REALTIME)) != 0;

	XFS_VERIFY(!hint || S_ISREG(mode));
	XFS_VERIFY(!inherit || S_ISDIR(mode));
	/* A free inode may keep the hint without its flag. */
	XFS_VERIFY((hint || inherit) == (extsize != 0) || (!mode && extsize));
	XFS_VERIFY(extsize <= XFS_MAX_BMBT_EXTLEN);
	if (rt)
		XFS_VERIFY(!geo->rextsize || extsize % geo->rextsize == 0);
	else
		XFS_VERIFY(extsize <= geo->agblocks / 2);
	return NULL;
}

xfs_failaddr_t xfs_inode_validate_cowextsize(const struct xfs_geometry *geo, uint32_t cowextsize,
					     uint16_t mode, uint16_t flags, uint64_t flags2)
{
	bool hint = (flags2 & XFS_DIFLAG2_COWEXTSIZE) != 0;
	bool rt = S_ISREG(mode) && (flags & XFS_DIFLAG_REALTIME);

	XFS_VERIFY(hint == (cowextsize != 0) || (!mode && cowextsize));
	if (!cowextsize)
		return NULL;
	XFS_VERIFY(!hint || xfs_has_reflink(geo));
	XFS_VERIFY(!hint || S_ISREG(mode) || S_ISDIR(mode));
	XFS_VERIFY(!rt || xfs_has_metadir(geo));
	XFS_VERIFY(cowextsize <= XFS_MAX_BMBT_EXTLEN);
	if (rt)
		XFS_VERIFY(!geo->rextsize || cowextsize % geo->rextsize == 0);
	else
		XFS_VERIFY(cowextsize <= geo->agblocks / 2);
	return NULL;
}

/* ------------------------------------------------------------------ forks */

/* True if the extents of this fork are in the realtime section. */
static bool fork_is_realtime(const struct xfs_dinode *dip, int whichfork)
{
	return whichfork == XFS_DATA_FORK &&
	       (be16_to_cpu(dip->di_flags) & XFS_DIFLAG_REALTIME) != 0;
}

static xfs_failaddr_t extents_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip,
				     int whichfork)
{
	const struct xfs_bmbt_rec *rec = XFS_DFORK_PTR(dip, whichfork);
	bool rt = fork_is_realtime(dip, whichfork);
	bool unwritten_ok = whichfork == XFS_DATA_FORK && S_ISREG(be16_to_cpu(dip->di_mode));
	xfs_extnum_t n = xfs_dfork_nextents(dip, whichfork);
	xfs_fileoff_t end = 0;

	XFS_VERIFY(n <= XFS_DFORK_SIZE(dip, geo, whichfork) / sizeof(*rec));
	for (; n; n--, rec++) {
		struct xfs_bmbt_irec irec;

		xfs_bmbt_disk_get_all(rec, &irec);
		XFS_VERIFY_CALL(xfs_bmbt_irec_verify(geo, rt, unwritten_ok, &irec));
		XFS_VERIFY(irec.br_startoff >= end);
		end = xfs_irec_end(&irec);
	}
	return NULL;
}

static xfs_failaddr_t bmdr_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip,
				  int whichfork)
{
	const struct xfs_bmdr_block *bmdr = XFS_DFORK_PTR(dip, whichfork);
	unsigned int size = XFS_DFORK_SIZE(dip, geo, whichfork);
	xfs_extnum_t n = xfs_dfork_nextents(dip, whichfork);
	unsigned int level, numrecs, mxr;
	uint64_t last = 0;

	XFS_VERIFY(size >= sizeof(*bmdr));
	level = be16_to_cpu(bmdr->bb_level);
	numrecs = be16_to_cpu(bmdr->bb_numrecs);
	mxr = xfs_bmdr_maxrecs(size);
	/* Extents that fit into the inode must not be in a tree. */
	XFS_VERIFY(n > size / sizeof(struct xfs_bmbt_rec));
	XFS_VERIFY(n <= be64_to_cpu(dip->di_nblocks));
	XFS_VERIFY(level >= 1);
	XFS_VERIFY(level <= geo->bmap_maxlevels[whichfork]);
	XFS_VERIFY(numrecs >= 1);
	XFS_VERIFY(numrecs <= mxr);
	for (unsigned int i = 1; i <= numrecs; i++) {
		uint64_t key = be64_to_cpu(xfs_bmdr_key_addr(bmdr, i)->br_startoff);

		XFS_VERIFY(i == 1 || key > last);
		XFS_VERIFY(key <= XFS_MAX_FILEOFF);
		XFS_VERIFY(xfs_verify_fsbno(geo, be64_to_cpu(*xfs_bmdr_ptr_addr(bmdr, i, mxr))));
		last = key;
	}
	return NULL;
}

static xfs_failaddr_t local_data_verify(const struct xfs_geometry *geo,
					const struct xfs_dinode *dip)
{
	uint64_t size = be64_to_cpu(dip->di_size);

	XFS_VERIFY(xfs_dfork_data_extents(dip) == 0);
	XFS_VERIFY(size <= XFS_DFORK_DSIZE(dip, geo));
	if (S_ISDIR(be16_to_cpu(dip->di_mode)))
		return xfs_dir2_sf_verify(geo, XFS_DFORK_DPTR(dip), (size_t)size,
					  xfs_dinode_is_metadata(dip));
	/* An unlinked symlink whose target has been freed. */
	if (size == 0 && be32_to_cpu(dip->di_nlink) == 0)
		return NULL;
	return xfs_symlink_sf_verify(XFS_DFORK_DPTR(dip), (size_t)size);
}

xfs_failaddr_t xfs_dfork_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip,
				int whichfork)
{
	unsigned int format = XFS_DFORK_FORMAT(dip, whichfork);
	xfs_extnum_t n = xfs_dfork_nextents(dip, whichfork);

	XFS_VERIFY(n <= xfs_iext_max_nextents(xfs_dinode_has_large_extent_counts(dip), whichfork));
	switch (format) {
	case XFS_DINODE_FMT_DEV:
		XFS_VERIFY(n == 0);
		return NULL;
	case XFS_DINODE_FMT_LOCAL:
		XFS_VERIFY(n == 0);
		if (whichfork == XFS_DATA_FORK)
			return local_data_verify(geo, dip);
		return xfs_attr_sf_verify(geo, XFS_DFORK_APTR(dip), XFS_DFORK_ASIZE(dip, geo));
	case XFS_DINODE_FMT_EXTENTS:
		return extents_verify(geo, dip, whichfork);
	case XFS_DINODE_FMT_BTREE:
		return bmdr_verify(geo, dip, whichfork);
	default:
		/* The root is verified by whoever reads realtime metadata. */
		XFS_VERIFY(format == XFS_DINODE_FMT_META_BTREE);
		XFS_VERIFY(whichfork == XFS_DATA_FORK && xfs_dinode_is_metadata(dip));
		return NULL;
	}
}

/* The format that the data fork must have for this type of file. */
static xfs_failaddr_t data_format_verify(const struct xfs_geometry *geo,
					 const struct xfs_dinode *dip)
{
	uint16_t mode = be16_to_cpu(dip->di_mode);
	uint64_t size = be64_to_cpu(dip->di_size);
	bool fits = size <= XFS_DFORK_DSIZE(dip, geo);

	if (is_special(mode)) {
		XFS_VERIFY(dip->di_format == XFS_DINODE_FMT_DEV);
	} else if (S_ISREG(mode)) {
		XFS_VERIFY(dip->di_format == XFS_DINODE_FMT_EXTENTS ||
			   dip->di_format == XFS_DINODE_FMT_BTREE ||
			   (dip->di_format == XFS_DINODE_FMT_META_BTREE &&
			    xfs_dinode_is_metadata(dip)));
	} else if (S_ISDIR(mode)) {
		XFS_VERIFY(dip->di_format == XFS_DINODE_FMT_LOCAL ||
			   dip->di_format == XFS_DINODE_FMT_EXTENTS ||
			   dip->di_format == XFS_DINODE_FMT_BTREE);
		XFS_VERIFY(fits == (dip->di_format == XFS_DINODE_FMT_LOCAL));
		XFS_VERIFY(xfs_dfork_data_extents(dip) <= geo->dir_max_extents);
	} else {
		XFS_VERIFY(S_ISLNK(mode));
		XFS_VERIFY(dip->di_format == XFS_DINODE_FMT_LOCAL ||
			   dip->di_format == XFS_DINODE_FMT_EXTENTS);
		/*
		 * Attributes moved the target out and it was not moved back: a short target may be
		 * remote.
		 */
		XFS_VERIFY(fits || dip->di_format == XFS_DINODE_FMT_EXTENTS);
		XFS_VERIFY(size < XFS_SYMLINK_MAXLEN);
	}
	return NULL;
}

static xfs_failaddr_t forkoff_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip)
{
	if (!dip->di_forkoff) {
		/* A newly initialized chunk has 0 here. */
		XFS_VERIFY(dip->di_aformat == XFS_DINODE_FMT_EXTENTS || dip->di_aformat == 0);
		XFS_VERIFY(xfs_dfork_attr_extents(dip) == 0);
		return NULL;
	}
	if (dip->di_format == XFS_DINODE_FMT_DEV)
		XFS_VERIFY(dip->di_forkoff == 1);
	XFS_VERIFY(XFS_DFORK_BOFF(dip) < geo->litino);
	XFS_VERIFY(dip->di_aformat == XFS_DINODE_FMT_LOCAL ||
		   dip->di_aformat == XFS_DINODE_FMT_EXTENTS ||
		   dip->di_aformat == XFS_DINODE_FMT_BTREE);
	return NULL;
}

/* ------------------------------------------------------------------- core */

static xfs_failaddr_t counters_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip)
{
	uint64_t nblocks = be64_to_cpu(dip->di_nblocks);
	uint64_t nextents, anextents;

	if (xfs_dinode_has_large_extent_counts(dip)) {
		XFS_VERIFY(xfs_has_large_extent_counts(geo));
		XFS_VERIFY(be16_to_cpu(dip->di_nrext64_pad) == 0);
	} else {
		XFS_VERIFY(be64_to_cpu(dip->di_v3_pad) == 0);
	}
	nextents = xfs_dfork_data_extents(dip);
	anextents = xfs_dfork_attr_extents(dip);
	XFS_VERIFY(nextents <= XFS_MAX_EXTCNT_DATA_FORK_LARGE);
	if (be16_to_cpu(dip->di_mode) == 0)
		return NULL;
	XFS_VERIFY(nextents + anextents <= nblocks);
	if (nextents + anextents == 0 && dip->di_format != XFS_DINODE_FMT_META_BTREE)
		XFS_VERIFY(nblocks == 0);
	return NULL;
}

static xfs_failaddr_t metadata_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip)
{
	uint16_t mode = be16_to_cpu(dip->di_mode);
	uint16_t flags = be16_to_cpu(dip->di_flags);
	uint16_t need = S_ISDIR(mode) ? XFS_METADIR_DIFLAGS : XFS_METAFILE_DIFLAGS;

	if (!xfs_dinode_is_metadata(dip)) {
		XFS_VERIFY(be16_to_cpu(dip->di_metatype) == XFS_METAFILE_UNKNOWN);
		return NULL;
	}
	XFS_VERIFY(xfs_has_metadir(geo));
	XFS_VERIFY(S_ISREG(mode) || S_ISDIR(mode));
	XFS_VERIFY((mode & 07777) == 0);
	XFS_VERIFY(be32_to_cpu(dip->di_uid) == 0);
	XFS_VERIFY(be32_to_cpu(dip->di_gid) == 0);
	XFS_VERIFY((flags & need) == need);
	XFS_VERIFY(be16_to_cpu(dip->di_metatype) < XFS_METAFILE_MAX);
	XFS_VERIFY(!(xfs_dinode_flags2(dip) & XFS_DIFLAG2_DAX));
	return NULL;
}

static xfs_failaddr_t flags_verify(const struct xfs_geometry *geo, const struct xfs_dinode *dip)
{
	uint16_t mode = be16_to_cpu(dip->di_mode);
	uint16_t flags = be16_to_cpu(dip->di_flags);
	uint64_t flags2 = xfs_dinode_flags2(dip);
	bool rtrmap = xfs_dinode_is_metadata(dip) &&
		      be16_to_cpu(dip->di_metatype) == XFS_METAFILE_RTRMAP;

	XFS_VERIFY(!(flags & ~XFS_DIFLAG_ANY));
	XFS_VERIFY(!(flags2 & ~XFS_DIFLAG2_ANY));
	if (flags2 & XFS_DIFLAG2_BIGTIME)
		XFS_VERIFY(xfs_has_bigtime(geo));
	if (flags2 & XFS_DIFLAG2_REFLINK) {
		XFS_VERIFY(xfs_has_reflink(geo));
		XFS_VERIFY(S_ISREG(mode));
		XFS_VERIFY(!(flags & XFS_DIFLAG_REALTIME) || xfs_has_metadir(geo));
	}
	XFS_VERIFY_CALL(xfs_inode_validate_extsize(geo, be32_to_cpu(dip->di_extsize), mode, flags));
	/* In that inode the field counts used blocks. */
	if (!rtrmap)
		XFS_VERIFY_CALL(xfs_inode_validate_cowextsize(
			geo, be32_to_cpu(dip->di_cowextsize), mode, flags, flags2));
	return NULL;
}

/* A kernel that reads a free inode to reuse it refuses these. */
static xfs_failaddr_t free_flags_verify(const struct xfs_geometry *geo,
					const struct xfs_dinode *dip)
{
	uint16_t flags = be16_to_cpu(dip->di_flags);
	uint64_t flags2 = xfs_dinode_flags2(dip);

	XFS_VERIFY(!(flags2 & (XFS_DIFLAG2_REFLINK | XFS_DIFLAG2_COWEXTSIZE)));
	if (flags2 & XFS_DIFLAG2_BIGTIME)
		XFS_VERIFY(xfs_has_bigtime(geo));
	XFS_VERIFY_CALL(xfs_inode_validate_extsize(geo, be32_to_cpu(dip->di_extsize), 0, flags));
	if (xfs_has_metadir(geo))
		return NULL;
	return xfs_inode_validate_cowextsize(geo, be32_to_cpu(dip->di_cowextsize), 0, flags,
					     flags2);
}

static xfs_failaddr_t size_verify(const struct xfs_dinode *dip)
{
	uint16_t mode = be16_to_cpu(dip->di_mode);
	uint64_t size = be64_to_cpu(dip->di_size);

	XFS_VERIFY(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || is_special(mode));
	if (S_ISDIR(mode) || S_ISLNK(mode))
		XFS_VERIFY(size != 0 || be32_to_cpu(dip->di_nlink) == 0);
	return NULL;
}

xfs_failaddr_t xfs_dinode_verify(const struct xfs_geometry *geo, xfs_ino_t ino,
				 const struct xfs_dinode *dip)
{
	XFS_VERIFY(be16_to_cpu(dip->di_magic) == XFS_DINODE_MAGIC);
	XFS_VERIFY(dip->di_version == XFS_DINODE_VERSION);
	XFS_VERIFY(xfs_uuid_equal(&dip->di_uuid, &geo->meta_uuid));
	XFS_VERIFY(be64_to_cpu(dip->di_ino) == ino);
	XFS_VERIFY(!(be64_to_cpu(dip->di_size) >> 63));
	XFS_VERIFY_CALL(counters_verify(geo, dip));
	XFS_VERIFY_CALL(forkoff_verify(geo, dip));
	if (be16_to_cpu(dip->di_mode) == 0)
		return free_flags_verify(geo, dip);

	XFS_VERIFY_CALL(size_verify(dip));
	XFS_VERIFY_CALL(metadata_verify(geo, dip));
	XFS_VERIFY_CALL(flags_verify(geo, dip));
	XFS_VERIFY_CALL(data_format_verify(geo, dip));
	XFS_VERIFY_CALL(xfs_dfork_verify(geo, dip, XFS_DATA_FORK));
	if (dip->di_forkoff)
		XFS_VERIFY_CALL(xfs_dfork_verify(geo, dip, XFS_ATTR_FORK));
	return NULL;
}

static xfs_failaddr_t times_check(const struct xfs_dinode *dip)
{
	const be64_t times[] = { dip->di_atime, dip->di_mtime, dip->di_ctime, dip->di_crtime };

	if (xfs_dinode_has_bigtime(dip))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		XFS_VERIFY((uint32_t)be64_to_cpu(times[i]) < XFS_NSEC_PER_SEC);
	return NULL;
}

xfs_failaddr_t xfs_dinode_check(const struct xfs_geometry *geo, const struct xfs_dinode *dip)
{
	uint16_t mode = be16_to_cpu(dip->di_mode);
	uint16_t flags = be16_to_cpu(dip->di_flags);

	(void)geo;
	if (!mode) {
		XFS_VERIFY(be64_to_cpu(dip->di_nblocks) == 0);
		XFS_VERIFY(be32_to_cpu(dip->di_nlink) == 0);
		return NULL;
	}
	if (!S_ISDIR(mode))
		XFS_VERIFY(!(flags & (XFS_DIFLAG_RTINHERIT | XFS_DIFLAG_PROJINHERIT |
				      XFS_DIFLAG_NOSYMLINKS | XFS_DIFLAG_EXTSZINHERIT)));
	if (!S_ISREG(mode))
		XFS_VERIFY(!(flags & (XFS_DIFLAG_REALTIME | XFS_DIFLAG_EXTSIZE)));
	if (is_special(mode))
		XFS_VERIFY(be64_to_cpu(dip->di_size) == 0);
	if (xfs_dinode_flags2(dip) & XFS_DIFLAG2_DAX)
		XFS_VERIFY(S_ISREG(mode) || S_ISDIR(mode));
	XFS_VERIFY(be32_to_cpu(dip->di_nlink) <= XFS_MAXLINK);
	return times_check(dip);
}

/* --------------------------------------------------------------- clusters */

xfs_failaddr_t xfs_inode_cluster_verify(const struct xfs_geometry *geo, const void *block,
					size_t len, xfs_daddr_t daddr)
{
	const char *p = block;
	xfs_agnumber_t agno;
	xfs_agino_t first, last;

	XFS_VERIFY(len != 0 && len % geo->inodesize == 0);
	XFS_VERIFY(daddr >= 0);
	XFS_VERIFY((uint64_t)daddr >> geo->blkbb_log < geo->dblocks);
	agno = xfs_daddr_to_agno(geo, daddr);
	xfs_agino_range(geo, agno, &first, &last);
	for (size_t off = 0; off < len; off += geo->inodesize) {
		const struct xfs_dinode *dip = (const void *)(p + off);
		xfs_agino_t next = be32_to_cpu(dip->di_next_unlinked);

		XFS_VERIFY(be16_to_cpu(dip->di_magic) == XFS_DINODE_MAGIC);
		XFS_VERIFY(dip->di_version == XFS_DINODE_VERSION);
		XFS_VERIFY(next == NULLAGINO || (next >= first && next <= last));
	}
	return NULL;
}

xfs_failaddr_t xfs_symlink_sf_verify(const void *target, size_t size)
{
	XFS_VERIFY(size > 0);
	XFS_VERIFY(size < XFS_SYMLINK_MAXLEN);
	XFS_VERIFY(!memchr(target, 0, size));
	return NULL;
}
