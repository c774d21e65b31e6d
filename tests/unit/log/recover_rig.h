/* SPDX-License-Identifier: MIT */
/*
 * For the tests of recovery: a small volume with some files, and logs made by hand behind its
 * clean head.  Each log is built on an overlay of the volume and recovered on an overlay of
 * that, so what recovery writes can be told from what was there.
 */
#ifndef RECOVER_RIG_H
#define RECOVER_RIG_H

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "buf/buf.h"
#include "core/message.h"
#include "disk/ag.h"
#include "disk/dquot.h"
#include "disk/inode.h"
#include "log/recover.h"
#include "support/log_build.h"
#include "support/test_fs.h"
#include "support/test_seed.h"

#define AGI_DADDR	2
#define TID		0xabc00001u

struct rig {
	struct xfs_device *base;	/* the volume, clean */
	struct xfs_device *log;		/* overlay with the log */
	struct xfs_device *out;		/* overlay that is recovered */
	struct xfs_mount mp;		/* as much of one as recovery needs */
	struct test_build b;
	struct xlog_recovery rec;
	bool recovered;
	xfs_ino_t file, dir, link, node, many;	/* inodes of the volume */
};

static inline xfs_ino_t rig_ino(struct xfs_mount *mp, const char *path)
{
	struct stat st;

	TEST_OK(xfs_lstat(mp, path, &st));
	return st.st_ino;
}

static inline void rig_new(struct rig *rig, const struct xfs_mkfs_options *mkfs)
{
	struct test_fs fs;
	struct xfs_file *f;
	char data[5000], name[32];

	memset(rig, 0, sizeof(*rig));
	test_fs_make(&fs, 64u << 20, mkfs);
	memset(data, 'd', sizeof(data));
	TEST_OK(xfs_mkdir(fs.mp, "/dir", 0755));
	TEST_OK(xfs_symlink(fs.mp, "target/of/the/link", "/link"));
	TEST_OK(xfs_mknod(fs.mp, "/node", S_IFBLK | 0600, 5, 7));
	TEST_OK(xfs_open(fs.mp, "/file", O_CREAT | O_RDWR, 0640, &f));
	TEST_OK(xfs_pwrite(f, data, sizeof(data), 0));
	xfs_close(f);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "/dir/n%d", i);
		TEST_OK(xfs_open(fs.mp, name, O_CREAT | O_RDWR, 0640, &f));
		xfs_close(f);
	}
	/* So many extents that they are in a tree. */
	TEST_OK(xfs_open(fs.mp, "/many", O_CREAT | O_RDWR, 0640, &f));
	for (int i = 0; i < 40; i++)
		TEST_OK(xfs_pwrite(f, data, 1, (uint64_t)i * 131072));
	xfs_close(f);
	TEST_OK(xfs_setxattr(fs.mp, "/file", true, "user.x", "value", 5, 0));
	rig->file = rig_ino(fs.mp, "/file");
	rig->dir = rig_ino(fs.mp, "/dir");
	rig->link = rig_ino(fs.mp, "/link");
	rig->node = rig_ino(fs.mp, "/node");
	rig->many = rig_ino(fs.mp, "/many");
	TEST_OK(xfs_unmount(fs.mp));
	rig->base = fs.dev;
}

static inline void rig_read(struct xfs_device *dev, uint64_t daddr, void *buf, uint32_t len)
{
	TEST_OK(xfs_device_pread(dev, daddr * 512, buf, len));
}

static inline void rig_write(struct rig *rig, uint64_t daddr, const void *buf, uint32_t len)
{
	TEST_OK(xfs_device_pwrite(rig->log, daddr * 512, buf, len, 0));
}

static inline void rig_drop(struct rig *rig)
{
	if (rig->recovered)
		xlog_recovery_destroy(&rig->mp, &rig->rec);
	rig->recovered = false;
	test_build_free(&rig->b);
	xfs_device_put(rig->out);
	xfs_device_put(rig->log);
	rig->out = rig->log = NULL;
}

/* A fresh log, to be filled through rig->b. */
static inline void rig_begin(struct rig *rig, uint32_t h_size)
{
	uint8_t raw[512];

	rig_drop(rig);
	TEST_OK(xfs_device_open_overlay(rig->base, NULL, &rig->log));
	test_build_init(&rig->b, rig->log, h_size, 1, 2);
	rig->b.tail = test_build_lsn(&rig->b);
	memset(&rig->mp, 0, sizeof(rig->mp));
	rig->mp.m_meta_cache_bytes = 64u << 20;
	rig_read(rig->log, 0, raw, sizeof(raw));
	xfs_sb_from_disk(&rig->mp.m_sb, (const struct xfs_dsb *)(void *)raw);
	assert_int_equal(xfs_geometry_init(&rig->mp.m_geo, &rig->mp.m_sb), 0);
}

/* What was built, recovered onto rig->out; an error must have written nothing. */
static inline int rig_recover(struct rig *rig)
{
	struct xlog_state state;
	int error;

	if (rig->recovered)
		xlog_recovery_destroy(&rig->mp, &rig->rec);
	rig->recovered = false;
	xfs_device_put(rig->out);
	TEST_OK(xfs_device_open_overlay(rig->log, NULL, &rig->out));
	rig->mp.m_dev = rig->out;
	error = xlog_find_head(&rig->mp, &state);
	if (!error) {
		assert_false(state.clean);
		error = xlog_recover(&rig->mp, &state, false, &rig->rec);
	}
	if (error)
		assert_int_equal(xfs_device_overlay_bytes(rig->out), 0);
	else
		rig->recovered = true;
	return error;
}

static inline void rig_free(struct rig *rig)
{
	rig_drop(rig);
	xfs_device_put(rig->base);
}

/* A BUF item that logs chunks [first, first + n) of @image, the whole buffer. */
static inline void put_buf_chunks(struct test_build *b, uint32_t tid, uint64_t daddr, uint32_t bbs,
				  uint16_t flags, const void *image, uint32_t first, uint32_t n)
{
	uint32_t words = (bbs * 4 + 31) / 32;
	uint8_t format[20 + 4 * 16] = { 0 };
	struct xfs_buf_log_format blf = {
		.blf_type = XFS_LI_BUF, .blf_size = (uint16_t)(1 + (n > 0)), .blf_flags = flags,
		.blf_len = (uint16_t)bbs, .blf_blkno = (int64_t)daddr, .blf_map_size = words,
	};
	uint32_t map[16] = { 0 };

	for (uint32_t i = first; i < first + n; i++)
		map[i / 32] |= 1u << (i % 32);
	memcpy(format, &blf, 20);
	memcpy(format + 20, map, 4 * words);
	test_build_region(b, tid, format, 20 + 4 * words);
	if (n)
		test_build_region(b, tid, (const uint8_t *)image + first * 128, n * 128);
}

static inline void put_buf(struct test_build *b, uint32_t tid, uint64_t daddr, uint32_t bbs,
			   uint16_t blft, const void *image)
{
	put_buf_chunks(b, tid, daddr, bbs, (uint16_t)(blft << 11), image, 0, bbs * 4);
}

static inline void put_cancel(struct test_build *b, uint32_t tid, uint64_t daddr, uint32_t bbs)
{
	put_buf_chunks(b, tid, daddr, bbs, XFS_BLF_CANCEL, NULL, 0, 0);
}

/* Where inode @ino is. */
static inline uint64_t cluster_daddr(const struct rig *rig, xfs_ino_t ino)
{
	const struct xfs_geometry *geo = &rig->mp.m_geo;
	uint64_t cluster = (uint64_t)geo->blocks_per_cluster << geo->blocklog;

	return xfs_ino_to_bytes(geo, ino) / cluster * cluster / 512;
}

static inline uint32_t cluster_bytes(const struct rig *rig)
{
	return rig->mp.m_geo.blocks_per_cluster << rig->mp.m_geo.blocklog;
}

static inline uint32_t cluster_offset(const struct rig *rig, xfs_ino_t ino)
{
	return (uint32_t)(xfs_ino_to_bytes(&rig->mp.m_geo, ino) - cluster_daddr(rig, ino) * 512);
}

static inline void read_inode(const struct rig *rig, struct xfs_device *dev, xfs_ino_t ino,
			      struct xfs_dinode *dip)
{
	TEST_OK(xfs_device_pread(dev, xfs_ino_to_bytes(&rig->mp.m_geo, ino), dip,
				 rig->mp.m_geo.inodesize));
}

static inline uint64_t log_ts(bool bigtime, be64_t ts)
{
	uint64_t v = be64_to_cpu(ts), out;
	uint32_t words[2] = { (uint32_t)(v >> 32), (uint32_t)v };

	memcpy(&out, words, sizeof(out));
	return bigtime ? v : out;
}

static inline void log_core(const struct xfs_dinode *dip, struct xfs_log_dinode *core)
{
	bool big = xfs_dinode_has_bigtime(dip);

	memset(core, 0, sizeof(*core));
	core->di_magic = be16_to_cpu(dip->di_magic);
	core->di_mode = be16_to_cpu(dip->di_mode);
	core->di_version = (int8_t)dip->di_version;
	core->di_format = (int8_t)dip->di_format;
	core->di_metatype = be16_to_cpu(dip->di_metatype);
	core->di_uid = be32_to_cpu(dip->di_uid);
	core->di_gid = be32_to_cpu(dip->di_gid);
	core->di_nlink = be32_to_cpu(dip->di_nlink);
	core->di_projid_lo = be16_to_cpu(dip->di_projid_lo);
	core->di_projid_hi = be16_to_cpu(dip->di_projid_hi);
	core->di_big_nextents = be64_to_cpu(dip->di_big_nextents);
	core->di_atime = log_ts(big, dip->di_atime);
	core->di_mtime = log_ts(big, dip->di_mtime);
	core->di_ctime = log_ts(big, dip->di_ctime);
	core->di_size = (int64_t)be64_to_cpu(dip->di_size);
	core->di_nblocks = be64_to_cpu(dip->di_nblocks);
	core->di_extsize = be32_to_cpu(dip->di_extsize);
	core->di_nextents = be32_to_cpu(dip->di_nextents);
	core->di_anextents = be16_to_cpu(dip->di_anextents);
	core->di_forkoff = dip->di_forkoff;
	core->di_aformat = (int8_t)dip->di_aformat;
	core->di_dmevmask = be32_to_cpu(dip->di_dmevmask);
	core->di_dmstate = be16_to_cpu(dip->di_dmstate);
	core->di_flags = be16_to_cpu(dip->di_flags);
	core->di_gen = be32_to_cpu(dip->di_gen);
	core->di_next_unlinked = 0xffffffff;
	core->di_changecount = be64_to_cpu(dip->di_changecount);
	core->di_lsn = 0x1122334455667788;
	core->di_flags2 = be64_to_cpu(dip->di_flags2);
	core->di_cowextsize = be32_to_cpu(dip->di_cowextsize);
	core->di_crtime = log_ts(big, dip->di_crtime);
	core->di_ino = be64_to_cpu(dip->di_ino);
	core->di_uuid = dip->di_uuid;
}

/* The root of a realtime group's tree as it is logged; its length. */
static inline uint32_t log_meta_root(const uint8_t *from, uint32_t room, uint8_t *to,
				     uint16_t metatype)
{
	bool refc = metatype == XFS_METAFILE_RTREFCOUNT, leaf = get_be16(from) == 0;
	uint32_t n = get_be16(from + 2), key = leaf ? (refc ? 12 : 24) : (refc ? 4 : 40);

	memset(to, 0xff, 72);
	put_be32(refc ? XFS_RTREFC_CRC_MAGIC : XFS_RTRMAP_CRC_MAGIC, to);
	memcpy(to + 4, from, 4);
	memcpy(to + 72, from + 4, (size_t)key * n);
	if (leaf)
		return 72 + key * n;
	/* An entry of a reference count tree has room for 16 bytes, too. */
	memcpy(to + 72 + (size_t)key * n, from + 4 + (size_t)key * ((room - 4) / (refc ? 16 : 48)),
	       8 * n);
	return 72 + (key + 8) * n;
}

/* The forks of an inode as they are logged; the fields they set. */
static inline uint32_t log_fork(const struct rig *rig, const struct xfs_dinode *dip, int whichfork,
				uint8_t *to, uint32_t *len)
{
	const struct xfs_geometry *geo = &rig->mp.m_geo;
	const uint8_t *from = XFS_DFORK_PTR(dip, whichfork);
	uint32_t room = XFS_DFORK_SIZE(dip, geo, whichfork), n, mxr;
	bool attr = whichfork == XFS_ATTR_FORK;

	*len = 0;
	if (!room)
		return 0;
	switch (XFS_DFORK_FORMAT(dip, whichfork)) {
	case XFS_DINODE_FMT_LOCAL:
		*len = attr ? get_be16(from) : (uint32_t)be64_to_cpu(dip->di_size);
		*len = XFS_MIN(*len, room);
		memset(to, 0, *len + 4);
		memcpy(to, from, *len);
		*len = XFS_ALIGN(*len, 4u);
		return attr ? XFS_ILOG_ADATA : XFS_ILOG_DDATA;
	case XFS_DINODE_FMT_EXTENTS:
		*len = (uint32_t)xfs_dfork_nextents(dip, whichfork) * 16;
		memcpy(to, from, *len);
		if (!*len)
			return 0;
		return attr ? XFS_ILOG_AEXT : XFS_ILOG_DEXT;
	case XFS_DINODE_FMT_BTREE:
		n = get_be16(from + 2);
		mxr = (room - 4) / 16;
		memset(to, 0xff, 72);
		put_be32(XFS_BMAP_CRC_MAGIC, to);
		memcpy(to + 4, from, 4);
		memcpy(to + 72, from + 4, 8 * n);
		memcpy(to + 72 + 8 * n, from + 4 + 8 * mxr, 8 * n);
		*len = 72 + 16 * n;
		return attr ? XFS_ILOG_ABROOT : XFS_ILOG_DBROOT;
	case XFS_DINODE_FMT_META_BTREE:
		*len = log_meta_root(from, room, to, be16_to_cpu(dip->di_metatype));
		return XFS_ILOG_DBROOT;
	default:
		return attr ? 0 : XFS_ILOG_DEV;
	}
}

/* An INODE item that says what @dip does, its forks only if so, in the format of 56 or 52 bytes. */
static inline void put_inode_parts(struct rig *rig, uint32_t tid, const struct xfs_dinode *dip,
				   uint32_t format_len, bool forks)
{
	uint8_t dfork[2048 + 256], afork[2048 + 256], raw[56];
	struct xfs_log_dinode core;
	uint32_t dlen = 0, alen = 0;
	struct xfs_inode_log_format ilf = {
		.ilf_type = XFS_LI_INODE,
		.ilf_size = 2,
		.ilf_fields = XFS_ILOG_CORE,
		.ilf_ino = be64_to_cpu(dip->di_ino),
		.ilf_blkno = (int64_t)cluster_daddr(rig, be64_to_cpu(dip->di_ino)),
		.ilf_len = cluster_bytes(rig) / 512,
		.ilf_boffset = cluster_offset(rig, be64_to_cpu(dip->di_ino)),
	};

	log_core(dip, &core);
	if (forks) {
		ilf.ilf_fields |= log_fork(rig, dip, XFS_DATA_FORK, dfork, &dlen);
		ilf.ilf_fields |= log_fork(rig, dip, XFS_ATTR_FORK, afork, &alen);
	}
	ilf.ilf_size = (uint16_t)(2 + (dlen > 0) + (alen > 0));
	ilf.ilf_dsize = (uint16_t)dlen;
	ilf.ilf_asize = (uint16_t)alen;
	if (ilf.ilf_fields & XFS_ILOG_DEV) {
		uint32_t rdev = get_be32(XFS_DFORK_DPTR(dip));

		memcpy(ilf.ilf_u, &rdev, 4);
	}
	memcpy(raw, &ilf, sizeof(raw));
	if (format_len == 52)
		memmove(raw + 12, raw + 16, 40);
	test_build_region(&rig->b, tid, raw, format_len);
	test_build_region(&rig->b, tid, &core, sizeof(core));
	if (dlen)
		test_build_region(&rig->b, tid, dfork, dlen);
	if (alen)
		test_build_region(&rig->b, tid, afork, alen);
}

static inline void put_inode(struct rig *rig, uint32_t tid, const struct xfs_dinode *dip,
			     uint32_t format_len)
{
	put_inode_parts(rig, tid, dip, format_len, true);
}

/* The AGI of AG 0, changed so that one can see which version it is. */
static inline void make_agi(struct rig *rig, uint8_t agi[512], uint32_t version)
{
	rig_read(rig->log, AGI_DADDR, agi, 512);
	((struct xfs_agi *)(void *)agi)->agi_newino = cpu_to_be32(version);
	put_le32(0xdeadbeef, agi + XFS_AGI_CRC_OFF);
	put_be64(0, agi + XFS_AGI_LSN_OFF);
}

static inline uint32_t agi_version(struct xfs_device *dev)
{
	uint8_t agi[512];

	rig_read(dev, AGI_DADDR, agi, sizeof(agi));
	assert_true(xfs_cksum_ok(agi, sizeof(agi), XFS_AGI_CRC_OFF));
	return be32_to_cpu(((struct xfs_agi *)(void *)agi)->agi_newino);
}

static inline uint64_t agi_lsn(struct xfs_device *dev)
{
	uint8_t agi[512];

	rig_read(dev, AGI_DADDR, agi, sizeof(agi));
	return get_be64(agi + XFS_AGI_LSN_OFF);
}

/* Recovery succeeds, and that version is the one that won. */
#define assert_recovers_to(rig, version) do { \
	assert_int_equal(rig_recover(rig), 0); \
	assert_int_equal(agi_version((rig)->out), version); \
} while (0)

/* One transaction with the AGI, for a record that may hold more. */
static inline void put_agi_trans(struct rig *rig, uint32_t tid, uint32_t version)
{
	uint8_t agi[512];

	make_agi(rig, agi, version);
	test_build_begin(&rig->b, tid);
	put_buf(&rig->b, tid, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	test_build_commit(&rig->b, tid);
}

/* The end of a transaction, and of its record. */
static inline void put_end(struct rig *rig, uint32_t tid)
{
	test_build_commit(&rig->b, tid);
	test_build_record(&rig->b);
}

/* Whole transactions of one item, each in a record of its own. */
static inline void put_inode_trans(struct rig *rig, uint32_t tid, const struct xfs_dinode *dip,
				   uint32_t format_len)
{
	test_build_begin(&rig->b, tid);
	put_inode(rig, tid, dip, format_len);
	put_end(rig, tid);
}

static inline void put_buf_trans(struct rig *rig, uint32_t tid, uint64_t daddr, uint32_t bbs,
				 uint16_t blft, const void *image)
{
	test_build_begin(&rig->b, tid);
	put_buf(&rig->b, tid, daddr, bbs, blft, image);
	put_end(rig, tid);
}

static inline void put_cancel_trans(struct rig *rig, uint32_t tid, uint64_t daddr, uint32_t bbs)
{
	test_build_begin(&rig->b, tid);
	put_cancel(&rig->b, tid, daddr, bbs);
	put_end(rig, tid);
}

static inline void put_intent(struct rig *rig, uint16_t type, uint64_t id, uint32_t n, uint32_t size)
{
	uint8_t raw[16 + 64] = { 0 };
	struct xfs_intent_log_format f = { .type = type, .size = 1, .nextents = n, .id = id };

	memcpy(raw, &f, sizeof(f));
	test_build_region(&rig->b, TID, raw, 16 + n * size);
}

/* One item of every type, the intents with their done items, into an open transaction. */
static inline void put_everything(struct rig *rig)
{
	const struct xfs_geometry *geo = &rig->mp.m_geo;
	uint8_t agi[512], sb[512], raw[2048], *cluster;
	struct xfs_icreate_log icl = {
		.icl_type = XFS_LI_ICREATE, .icl_size = 1, .icl_agbno = cpu_to_be32(4000),
		.icl_count = cpu_to_be32(64), .icl_isize = cpu_to_be32(geo->inodesize),
		.icl_length = cpu_to_be32(geo->ialloc_blks), .icl_gen = cpu_to_be32(1),
	};
	struct xfs_dq_logformat qlf = {
		.qlf_type = XFS_LI_DQUOT, .qlf_size = 2, .qlf_id = 3, .qlf_blkno = 8 * 5000,
		.qlf_len = 1, .qlf_boffset = 3 * 136,
	};
	struct xfs_disk_dquot ddq = {
		.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC), .d_version = XFS_DQUOT_VERSION,
		.d_type = XFS_DQTYPE_USER, .d_id = cpu_to_be32(3),
	};
	struct xfs_qoff_logformat qoff = { .qf_type = XFS_LI_QUOTAOFF, .qf_size = 1 };
	struct xfs_attri_log_format attri = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = 3, .alfi_id = 7, .alfi_ino = rig->file,
		.alfi_op_flags = XFS_ATTRI_OP_SET, .alfi_name_len = 3, .alfi_value_len = 5,
	};
	struct xfs_xmi_log_format xmi = {
		.xmi_type = XFS_LI_XMI, .xmi_size = 1, .xmi_id = 8, .xmi_inode1 = rig->file,
		.xmi_inode2 = rig->many, .xmi_blockcount = 1,
	};
	/* With one extent, of zeroes. */
	static const struct xfs_intent_log_format bui[3] = {
		{ .type = XFS_LI_BUI, .size = 1, .nextents = 1, .id = 5 },
	};
	xfs_ino_t inos[] = { rig->file, rig->dir, rig->link, rig->node, rig->many };

	make_agi(rig, agi, 64);
	put_buf(&rig->b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	rig_read(rig->log, 0, sb, 512);
	put_buf_chunks(&rig->b, TID, 0, 1, XFS_BLFT_SB << 11, sb, 0, 3);
	put_cancel(&rig->b, TID, 8 * 6000, 8);
	cluster = malloc(cluster_bytes(rig));
	rig_read(rig->log, cluster_daddr(rig, rig->file), cluster, cluster_bytes(rig));
	put_buf_chunks(&rig->b, TID, cluster_daddr(rig, rig->file), cluster_bytes(rig) / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, cluster, 0, 1);
	free(cluster);
	for (size_t i = 0; i < ARRAY_SIZE(inos); i++) {
		read_inode(rig, rig->log, inos[i], (void *)raw);
		put_inode(rig, TID, (void *)raw, i & 1 ? 52 : 56);
	}
	test_build_region(&rig->b, TID, &icl, sizeof(icl));
	test_build_region(&rig->b, TID, &qlf, sizeof(qlf));
	test_build_region(&rig->b, TID, &ddq, sizeof(ddq));
	test_build_region(&rig->b, TID, &qoff, sizeof(qoff));
	put_intent(rig, XFS_LI_EFI, 1, 2, 16);
	put_intent(rig, XFS_LI_EFI, 2, 2, 12);
	put_intent(rig, XFS_LI_EFD, 1, 2, 16);
	put_intent(rig, XFS_LI_RUI, 3, 1, 32);
	put_intent(rig, XFS_LI_RUD, 3, 0, 0);
	put_intent(rig, XFS_LI_CUI, 4, 1, 16);
	put_intent(rig, XFS_LI_CUD, 4, 0, 0);
	test_build_region(&rig->b, TID, bui, sizeof(bui));
	put_intent(rig, XFS_LI_BUD, 5, 0, 0);
	test_build_region(&rig->b, TID, &attri, sizeof(attri));
	test_build_region(&rig->b, TID, "abc", 4);
	test_build_region(&rig->b, TID, "value12", 8);
	put_intent(rig, XFS_LI_ATTRD, 7, 0, 0);
	test_build_region(&rig->b, TID, &xmi, sizeof(xmi));
	put_intent(rig, XFS_LI_XMD, 8, 0, 0);
}

#endif
