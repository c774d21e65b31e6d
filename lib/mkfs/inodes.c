/* SPDX-License-Identifier: MIT */
/* The first inode chunk: the root directory, two empty realtime inodes, and free ones. */
#include "base/crc32c.h"
#include "disk/attr.h"
#include "disk/inode.h"
#include "mkfs/mkfs_priv.h"

static void init_free(const struct xfs_mkfs_plan *plan, struct xfs_dinode *dip, xfs_ino_t ino,
		      uint32_t gen)
{
	dip->di_magic = cpu_to_be16(XFS_DINODE_MAGIC);
	dip->di_version = XFS_DINODE_VERSION;
	dip->di_gen = cpu_to_be32(gen);
	dip->di_next_unlinked = cpu_to_be32(NULLAGINO);
	dip->di_ino = cpu_to_be64(ino);
	dip->di_uuid = plan->geo.meta_uuid;
}

static void init_used(const struct xfs_mkfs_plan *plan, struct xfs_dinode *dip, uint16_t mode,
		      uint32_t nlink)
{
	const struct xfs_geometry *geo = &plan->geo;
	be64_t now = xfs_inode_to_disk_ts(xfs_has_bigtime(geo), plan->now);
	uint64_t flags2 = 0;

	if (xfs_has_bigtime(geo))
		flags2 |= XFS_DIFLAG2_BIGTIME;
	if (xfs_has_large_extent_counts(geo))
		flags2 |= XFS_DIFLAG2_NREXT64;
	dip->di_mode = cpu_to_be16(mode);
	dip->di_format = dip->di_aformat = XFS_DINODE_FMT_EXTENTS;
	dip->di_nlink = cpu_to_be32(nlink);
	dip->di_atime = dip->di_mtime = dip->di_ctime = dip->di_crtime = now;
	dip->di_changecount = cpu_to_be64(2);
	dip->di_flags2 = cpu_to_be64(flags2);
}

/* trusted.xfs:autofsck: what background checks may do on their own. */
static void add_autofsck(const struct xfs_mkfs_plan *plan, struct xfs_dinode *dip)
{
	static const char name[] = "xfs:autofsck", value[] = "repair";
	const uint8_t namelen = sizeof(name) - 1, valuelen = sizeof(value) - 1;
	struct xfs_attr_sf_hdr *hdr;
	struct xfs_attr_sf_entry *sfep;

	dip->di_forkoff = (uint8_t)plan->geo.max_forkoff;
	dip->di_aformat = XFS_DINODE_FMT_LOCAL;
	hdr = XFS_DFORK_APTR(dip);
	hdr->count = 1;
	hdr->totsize = cpu_to_be16((uint16_t)(sizeof(*hdr) +
					      xfs_attr_sf_entsize_byname(namelen, valuelen)));
	sfep = xfs_attr_sf_firstentry(hdr);
	sfep->namelen = namelen;
	sfep->valuelen = valuelen;
	sfep->flags = XFS_ATTR_ROOT;
	memcpy(sfep->nameval, name, namelen);
	memcpy(sfep->nameval + namelen, value, valuelen);
}

static void make_root(const struct xfs_mkfs_plan *plan, struct xfs_dinode *dip)
{
	struct xfs_dir2_sf_hdr *sf = XFS_DFORK_DPTR(dip);

	init_used(plan, dip, S_IFDIR | 0755, 2);
	/* Dump tools recognize the root by this. */
	dip->di_gen = cpu_to_be32(0);
	dip->di_format = XFS_DINODE_FMT_LOCAL;
	dip->di_size = cpu_to_be64(xfs_dir2_sf_hdr_size(0));
	xfs_dir2_sf_put_parent_ino(sf, plan->sb.sb_rootino);
	if (plan->autofsck)
		add_autofsck(plan, dip);
}

void xfs_mkfs_make_inodes(const struct xfs_mkfs_plan *plan, uint8_t *buf, uint32_t gen)
{
	const struct xfs_geometry *geo = &plan->geo;
	struct timespec epoch = { 0 };

	memset(buf, 0, (size_t)geo->ialloc_blks << geo->blocklog);
	for (uint32_t i = 0; i < geo->ialloc_inos; i++) {
		struct xfs_dinode *dip = (void *)(buf + ((size_t)i << geo->inodelog));

		init_free(plan, dip, plan->sb.sb_rootino + i, gen);
		if (i == 0) {
			make_root(plan, dip);
		} else if (i == 1) {
			/* The bitmap's access time is a sequence number. */
			init_used(plan, dip, S_IFREG, 1);
			dip->di_flags = cpu_to_be16(XFS_DIFLAG_NEWRTBM);
			dip->di_atime = xfs_inode_to_disk_ts(xfs_has_bigtime(geo), epoch);
		} else if (i == 2) {
			init_used(plan, dip, S_IFREG, 1);
		}
		xfs_cksum_set(dip, geo->inodesize, XFS_DINODE_CRC_OFF);
	}
}
