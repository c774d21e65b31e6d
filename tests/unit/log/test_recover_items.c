/* SPDX-License-Identifier: MIT */
/*
 * Goal: each type of item does to its place what it should, and does not when the place is
 *       newer, or was freed later on.
 * Method: hand-made transactions over a small volume; LSNs, checksums and owners of what is on
 *         disk are set to every case of the rules; the bytes afterwards are compared.
 */
#include "unit/log/recover_rig.h"

static struct rig rig;

static uint64_t items(uint16_t type)
{
	return rig.rec.stats.items[type - XFS_LI_EFI];
}

static uint64_t pending(uint16_t type)
{
	return rig.rec.stats.pending[type - XFS_LI_EFI];
}

/* ------------------------------------------------------------------- BUF */

/* What stands on disk before: this LSN, and these defects. */
static void set_agi_on_disk(uint64_t lsn, bool torn, bool foreign)
{
	uint8_t agi[512];

	rig_read(rig.log, AGI_DADDR, agi, 512);
	((struct xfs_agi *)(void *)agi)->agi_newino = cpu_to_be32(960);
	put_be64(lsn, agi + XFS_AGI_LSN_OFF);
	if (foreign)
		agi[296]++;
	xfs_cksum_set(agi, 512, XFS_AGI_CRC_OFF);
	if (torn)
		agi[XFS_AGI_CRC_OFF] ^= 1;
	rig_write(&rig, AGI_DADDR, agi, 512);
}

static void test_buf_lsn(void **state)
{
	static const struct {
		uint64_t lsn;
		bool torn, foreign, replayed;
	} cases[] = {
		{ 0, false, false, true },
		{ ~0ull, false, false, true },
		{ 1ull << 32 | 1, false, false, true },
		{ 1ull << 32 | 2, false, false, false },	/* equal */
		{ 1ull << 32 | 3, false, false, false },
		{ 2ull << 32, false, false, false },
		{ 1ull << 32 | 3, true, false, true },		/* a torn block says nothing */
		{ 1ull << 32 | 3, false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rig_begin(&rig, 32768);
		put_agi_trans(&rig, TID, 64);
		test_build_record(&rig.b);
		set_agi_on_disk(cases[i].lsn, cases[i].torn, cases[i].foreign);
		assert_recovers_to(&rig, cases[i].replayed ? 64 : 960);
		assert_int_equal(agi_lsn(rig.out),
				 cases[i].replayed ? 1ull << 32 | 2 : cases[i].lsn);
		assert_int_equal(rig.rec.stats.newer, !cases[i].replayed);
	}
}

/* Only the logged chunks change; the LSN is that of the newest transaction that said something. */
static void test_buf_chunks(void **state)
{
	uint8_t agi[512], before[512], after[512];
	xfs_lsn_t lsn;

	(void)state;
	rig_begin(&rig, 32768);
	rig_read(rig.log, AGI_DADDR, before, 512);
	make_agi(&rig, agi, 64);
	memset(agi + 384, 0x77, 128);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI << 11, agi, 3, 1);
	put_end(&rig, TID);
	lsn = test_build_lsn(&rig.b);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI << 11, agi, 0, 1);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	rig_read(rig.out, AGI_DADDR, after, 512);
	assert_memory_equal(after, agi, 128);
	assert_memory_equal(after + 128, before + 128, 312 - 128);
	assert_memory_equal(after + 328, before + 328, 384 - 328);
	assert_memory_equal(after + 384, agi + 384, 128);
	assert_int_equal(agi_lsn(rig.out), (uint64_t)lsn);
}

static void test_buf_that_makes_nonsense(void **state)
{
	uint8_t agi[512];

	(void)state;
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	make_agi(&rig, agi, 64);
	((struct xfs_agi *)(void *)agi)->agi_length = cpu_to_be32(1);
	put_buf_trans(&rig, TID + 1, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

/* A type that says one thing over contents of another: as logged, without LSN and checksum. */
static void test_buf_of_wrong_type(void **state)
{
	uint8_t agi[512], after[512];

	(void)state;
	rig_begin(&rig, 32768);
	make_agi(&rig, agi, 64);
	put_buf_trans(&rig, TID, AGI_DADDR, 1, 0, agi);
	assert_int_equal(rig_recover(&rig), 0);
	rig_read(rig.out, AGI_DADDR, after, 512);
	assert_memory_equal(after, agi, 512);
}

/* ---------------------------------------------------------------- CANCEL */

static void test_cancel(void **state)
{
	uint8_t agi[512];

	(void)state;
	/* In the same transaction the cancel wins. */
	rig_begin(&rig, 32768);
	make_agi(&rig, agi, 64);
	test_build_begin(&rig.b, TID);
	put_cancel(&rig.b, TID, AGI_DADDR, 1);
	put_buf(&rig.b, TID, AGI_DADDR, 1, XFS_BLFT_AGI, agi);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	assert_int_not_equal(agi_version(rig.out), 64);
	assert_int_equal(rig.rec.stats.cancelled, 1);
	/* What comes after the last cancel is replayed, what comes between two is not. */
	rig_begin(&rig, 32768);
	put_cancel_trans(&rig, TID, AGI_DADDR, 1);
	put_agi_trans(&rig, TID, 64);
	put_cancel_trans(&rig, TID + 1, AGI_DADDR, 1);
	assert_int_equal(rig_recover(&rig), 0);
	assert_int_not_equal(agi_version(rig.out), 64);
	put_agi_trans(&rig, TID, 128);
	test_build_record(&rig.b);
	assert_recovers_to(&rig, 128);
	/* Another length is another buffer. */
	rig_begin(&rig, 32768);
	put_agi_trans(&rig, TID, 64);
	put_cancel_trans(&rig, TID, AGI_DADDR, 2);
	assert_recovers_to(&rig, 64);
}

/* ----------------------------------------------------------------- INODE */

static void set_inode_on_disk(xfs_ino_t ino, uint64_t lsn, bool torn)
{
	uint8_t raw[2048];
	struct xfs_dinode *dip = (void *)raw;

	read_inode(&rig, rig.log, ino, dip);
	dip->di_lsn = cpu_to_be64(lsn);
	dip->di_uid = cpu_to_be32(111);
	xfs_cksum_set(dip, rig.mp.m_geo.inodesize, XFS_DINODE_CRC_OFF);
	if (torn)
		raw[rig.mp.m_geo.inodesize - 1] ^= 1;
	TEST_OK(xfs_device_pwrite(rig.log, xfs_ino_to_bytes(&rig.mp.m_geo, ino), raw,
				  rig.mp.m_geo.inodesize, 0));
}

static void test_inode_lsn(void **state)
{
	static const struct {
		uint64_t lsn;
		bool torn, replayed;
	} cases[] = {
		{ 0, false, true },
		{ ~0ull, false, true },
		{ 1ull << 32 | 1, false, true },
		{ 1ull << 32 | 2, false, true },	/* equal is replayed, unlike a buffer */
		{ 1ull << 32 | 3, false, false },
		{ 1ull << 32 | 3, true, true },
	};
	uint8_t raw[2048];
	struct xfs_dinode *dip = (void *)raw;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		rig_begin(&rig, 32768);
		read_inode(&rig, rig.log, rig.file, dip);
		dip->di_uid = cpu_to_be32(4711);
		put_inode_trans(&rig, TID, dip, 56);
		set_inode_on_disk(rig.file, cases[i].lsn, cases[i].torn);
		assert_int_equal(rig_recover(&rig), 0);
		read_inode(&rig, rig.out, rig.file, dip);
		assert_int_equal(be32_to_cpu(dip->di_uid), cases[i].replayed ? 4711 : 111);
		assert_int_equal(be64_to_cpu(dip->di_lsn),
				 cases[i].replayed ? 1ull << 32 | 2 : cases[i].lsn);
		assert_true(xfs_cksum_ok(dip, rig.mp.m_geo.inodesize, XFS_DINODE_CRC_OFF));
	}
}

/* Every form of inode, in both formats, comes out as it was logged. */
static void test_inode_forms(void **state)
{
	const xfs_ino_t inos[] = { rig.file, rig.dir, rig.link, rig.node, rig.many };
	uint8_t was[2048], now[2048];
	struct xfs_dinode *dip = (void *)was, *out = (void *)now;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(inos); i++) {
		xfs_ino_t ino = inos[i / 2];
		uint32_t size;

		rig_begin(&rig, 32768);
		size = rig.mp.m_geo.inodesize;
		read_inode(&rig, rig.log, ino, dip);
		put_inode_trans(&rig, TID, dip, i & 1 ? 52 : 56);
		/* All of it comes from the log. */
		memcpy(now, was, size);
		memset(now + 16, 0, 96 - 16);
		memset(now + 176, 0, size - 176);
		xfs_cksum_set(now, size, XFS_DINODE_CRC_OFF);
		TEST_OK(xfs_device_pwrite(rig.log, xfs_ino_to_bytes(&rig.mp.m_geo, ino), now, size, 0));
		assert_int_equal(rig_recover(&rig), 0);
		read_inode(&rig, rig.out, ino, out);
		dip->di_lsn = cpu_to_be64(1ull << 32 | 2);
		assert_true(xfs_cksum_ok(out, size, XFS_DINODE_CRC_OFF));
		assert_memory_equal(now, was, XFS_DINODE_CRC_OFF);
		assert_memory_equal(now + 104, was + 104, 176 - 104);
		/* Bytes behind the entries of a list or a tree are nobody's. */
		if (ino == rig.dir || ino == rig.link)
			assert_memory_equal(now + 176, was + 176, be64_to_cpu(dip->di_size) & ~3ull);
		if (ino == rig.many) {
			const uint8_t *root = was + 176;
			uint32_t n = get_be16(root + 2), mxr = (XFS_DFORK_DSIZE(dip, &rig.mp.m_geo) - 4) / 16;

			assert_int_equal(dip->di_format, XFS_DINODE_FMT_BTREE);
			assert_memory_equal(now + 176, root, 4 + 8 * n);
			assert_memory_equal(now + 180 + 8 * mxr, root + 4 + 8 * mxr, 8 * n);
		}
		if (ino == rig.node)
			assert_int_equal(get_be32(now + 176), 5u << 18 | 7);
		if (ino == rig.file)
			assert_memory_equal(XFS_DFORK_APTR(out), XFS_DFORK_APTR(dip),
					    get_be16(XFS_DFORK_APTR(dip)));
	}
}

/* Roots of a realtime group's trees: of nodes the pointers stand behind room for all keys. */
static void test_inode_meta_roots(void **state)
{
	static const struct {
		uint16_t metatype, level, max;
	} cases[] = {
		{ XFS_METAFILE_RTRMAP, 0, 7 },		/* 188 bytes for 24 */
		{ XFS_METAFILE_RTRMAP, 1, 3 },		/* for 40 and 8 */
		{ XFS_METAFILE_RTREFCOUNT, 0, 15 },	/* for 12 */
		{ XFS_METAFILE_RTREFCOUNT, 1, 11 },	/* for 16 */
	};
	uint8_t was[2048], now[2048];
	struct xfs_dinode *dip = (void *)was;
	uint8_t *fork = was + 176;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		uint16_t n = i & 1 ? 2 : cases[i / 2].max;
		bool leaf = cases[i / 2].level == 0, refc = cases[i / 2].metatype == XFS_METAFILE_RTREFCOUNT;
		size_t key = leaf ? (refc ? 12 : 24) : (refc ? 4 : 40), at = 4 + key * cases[i / 2].max;

		rig_begin(&rig, 32768);
		read_inode(&rig, rig.log, rig.file, dip);
		/* So that it is a member of the metadata directory tree. */
		rig.mp.m_geo.features |= XFS_FEAT_METADIR;
		dip->di_mode = cpu_to_be16(S_IFREG);
		dip->di_uid = dip->di_gid = cpu_to_be32(0);
		dip->di_flags = cpu_to_be16(XFS_METAFILE_DIFLAGS);
		dip->di_flags2 = cpu_to_be64(XFS_DIFLAG2_METADATA | XFS_DIFLAG2_BIGTIME |
					     XFS_DIFLAG2_NREXT64);
		dip->di_big_nextents = cpu_to_be64(0);
		dip->di_big_anextents = cpu_to_be32(0);
		dip->di_size = cpu_to_be64(0);
		dip->di_format = XFS_DINODE_FMT_META_BTREE;
		dip->di_metatype = cpu_to_be16(cases[i / 2].metatype);
		dip->di_forkoff = 24;
		dip->di_aformat = XFS_DINODE_FMT_LOCAL;
		memset(fork, 0, 196);
		put_be16(4, fork + 192);		/* attributes: none */
		put_be16(cases[i / 2].level, fork);
		put_be16(n, fork + 2);
		for (size_t k = 0; k < key * n; k++)
			fork[4 + k] = (uint8_t)(k * 7 + 1);
		for (size_t k = 0; !leaf && k < 8u * n; k++)
			fork[at + k] = (uint8_t)(k * 11 + 3);
		put_inode_trans(&rig, TID, dip, 56);
		assert_int_equal(rig_recover(&rig), 0);
		read_inode(&rig, rig.out, rig.file, (void *)now);
		assert_memory_equal(now + 176, fork, 4 + key * n);
		if (!leaf)
			assert_memory_equal(now + 176 + at, fork + at, 8u * n);
	}
	rig.mp.m_geo.features &= ~XFS_FEAT_METADIR;
}

/* Time stamps of the old kind are two words, each in host order. */
static void test_inode_old_times(void **state)
{
	uint8_t raw[2048];
	struct xfs_dinode *dip = (void *)raw;

	(void)state;
	rig_begin(&rig, 32768);
	read_inode(&rig, rig.log, rig.file, dip);
	dip->di_flags2 = cpu_to_be64(be64_to_cpu(dip->di_flags2) & ~XFS_DIFLAG2_BIGTIME);
	dip->di_mtime = cpu_to_be64(0x0102030405060708);
	put_inode_trans(&rig, TID, dip, 56);
	assert_int_equal(rig_recover(&rig), 0);
	read_inode(&rig, rig.out, rig.file, dip);
	assert_int_equal(be64_to_cpu(dip->di_mtime), 0x0102030405060708);
}

/* The inode of a cluster that was freed later is left alone. */
static void test_inode_cancelled(void **state)
{
	uint8_t raw[2048];
	struct xfs_dinode *dip = (void *)raw;

	(void)state;
	rig_begin(&rig, 32768);
	read_inode(&rig, rig.log, rig.file, dip);
	dip->di_uid = cpu_to_be32(4711);
	put_inode_trans(&rig, TID, dip, 56);
	put_cancel_trans(&rig, TID, cluster_daddr(&rig, rig.file), cluster_bytes(&rig) / 512);
	assert_int_equal(rig_recover(&rig), 0);
	read_inode(&rig, rig.out, rig.file, dip);
	assert_int_not_equal(be32_to_cpu(dip->di_uid), 4711);
}

/* The blocks of a tree change hands with DOWNER. */
static void test_inode_owner(void **state)
{
	uint8_t raw[2048], block[4096], format[56];
	struct xfs_dinode *dip = (void *)raw;
	struct xfs_inode_log_format ilf;
	struct xfs_log_dinode core;
	uint8_t dfork[2048], afork[2048];
	uint32_t dlen, alen, fields, mxr;
	uint64_t daddr;

	(void)state;
	rig_begin(&rig, 32768);
	read_inode(&rig, rig.log, rig.many, dip);
	mxr = (XFS_DFORK_DSIZE(dip, &rig.mp.m_geo) - 4) / 16;
	daddr = (uint64_t)XFS_FSB_TO_DADDR(&rig.mp.m_geo, get_be64(raw + 180 + 8 * mxr));
	rig_read(rig.log, daddr, block, sizeof(block));
	assert_int_equal(get_be32(block), XFS_BMAP_CRC_MAGIC);
	put_be64(12345, block + 56);
	xfs_cksum_set(block, sizeof(block), 64);
	rig_write(&rig, daddr, block, sizeof(block));
	log_core(dip, &core);
	fields = log_fork(&rig, dip, XFS_DATA_FORK, dfork, &dlen);
	log_fork(&rig, dip, XFS_ATTR_FORK, afork, &alen);
	ilf = (struct xfs_inode_log_format){
		.ilf_type = XFS_LI_INODE, .ilf_size = 3,
		.ilf_fields = XFS_ILOG_CORE | fields | XFS_ILOG_DOWNER,
		.ilf_dsize = (uint16_t)dlen, .ilf_ino = rig.many,
		.ilf_blkno = (int64_t)cluster_daddr(&rig, rig.many),
		.ilf_len = cluster_bytes(&rig) / 512, .ilf_boffset = cluster_offset(&rig, rig.many),
	};
	memcpy(format, &ilf, sizeof(format));
	test_build_begin(&rig.b, TID);
	test_build_region(&rig.b, TID, format, sizeof(format));
	test_build_region(&rig.b, TID, &core, sizeof(core));
	test_build_region(&rig.b, TID, dfork, dlen);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	rig_read(rig.out, daddr, block, sizeof(block));
	assert_int_equal(get_be64(block + 56), rig.many);
	assert_true(xfs_cksum_ok(block, sizeof(block), 64));
}

/* -------------------------------------------------- INODE_BUF, ICREATE */

static void test_inode_buf(void **state)
{
	uint32_t size, bytes;
	uint8_t *was, *image, *now;
	uint64_t daddr;

	(void)state;
	rig_begin(&rig, 32768);
	size = rig.mp.m_geo.inodesize;
	bytes = cluster_bytes(&rig);
	daddr = cluster_daddr(&rig, rig.file);
	was = malloc(bytes);
	image = malloc(bytes);
	now = malloc(bytes);
	rig_read(rig.log, daddr, was, bytes);
	/* Everything but the links is stale. */
	memset(image, 0x99, bytes);
	for (uint32_t i = 0; i < bytes / size; i++)
		put_be32(200 + i, image + i * size + 96);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, daddr, bytes / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, image, 3 * size / 128, 1);
	put_buf_chunks(&rig.b, TID, daddr, bytes / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, image, 5 * size / 128, 2 * size / 128);
	/* The chunk behind the one with the link: nothing. */
	put_buf_chunks(&rig.b, TID, daddr, bytes / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, image, 9 * size / 128 + 1, 1);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	rig_read(rig.out, daddr, now, bytes);
	for (uint32_t i = 0; i < bytes / size; i++) {
		bool linked = i == 3 || i == 5 || i == 6;
		uint8_t *p = now + i * size, *q = was + i * size;

		assert_true(xfs_cksum_ok(p, size, XFS_DINODE_CRC_OFF));
		assert_int_equal(get_be32(p + 96), linked ? 200 + i : get_be32(q + 96));
		assert_memory_equal(p, q, 96);
		assert_memory_equal(p + 104, q + 104, size - 104);
	}
	/* No inode is followed by inode 0. */
	rig_begin(&rig, 32768);
	put_be32(0, image + 3 * size + 96);
	test_build_begin(&rig.b, TID);
	put_buf_chunks(&rig.b, TID, daddr, bytes / 512,
		       XFS_BLF_INODE_BUF | XFS_BLFT_DINO << 11, image, 3 * size / 128, 1);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
	free(was);
	free(image);
	free(now);
}

static void put_icreate(uint32_t agbno, uint32_t count, uint32_t length, uint32_t gen)
{
	struct xfs_icreate_log icl = {
		.icl_type = XFS_LI_ICREATE, .icl_size = 1, .icl_ag = cpu_to_be32(0),
		.icl_agbno = cpu_to_be32(agbno), .icl_count = cpu_to_be32(count),
		.icl_isize = cpu_to_be32(rig.mp.m_geo.inodesize), .icl_length = cpu_to_be32(length),
		.icl_gen = cpu_to_be32(gen),
	};

	test_build_region(&rig.b, TID, &icl, sizeof(icl));
}

/* A chunk that is in use is made anew, and its inodes come back from the same transaction. */
static void test_icreate(void **state)
{
	const struct xfs_geometry *geo = &rig.mp.m_geo;
	uint32_t agbno, size;
	uint8_t raw[2048], now[2048];

	(void)state;
	rig_begin(&rig, 32768);
	size = geo->inodesize;
	agbno = XFS_INO_TO_AGBNO(geo, rig.file) / geo->ialloc_blks * geo->ialloc_blks;
	test_build_begin(&rig.b, TID);
	read_inode(&rig, rig.log, rig.file, (void *)raw);
	put_inode(&rig, TID, (void *)raw, 56);
	put_icreate(agbno, 64, geo->ialloc_blks, 0x11223344);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	for (uint32_t i = 0; i < 64; i++) {
		xfs_ino_t ino = XFS_AGINO_TO_INO(geo, 0, XFS_AGB_TO_AGINO(geo, agbno) + i);
		struct xfs_dinode *dip = (void *)now;

		read_inode(&rig, rig.out, ino, dip);
		assert_true(xfs_cksum_ok(dip, size, XFS_DINODE_CRC_OFF));
		assert_int_equal(be64_to_cpu(dip->di_ino), ino);
		assert_int_equal(be32_to_cpu(dip->di_next_unlinked), NULLAGINO);
		if (ino == rig.file) {
			assert_memory_equal(now, raw, 96);
			continue;
		}
		assert_int_equal(be32_to_cpu(dip->di_gen), 0x11223344);
		assert_int_equal(be16_to_cpu(dip->di_mode), 0);
		assert_int_equal(be64_to_cpu(dip->di_lsn), 0);
	}
	/* Freed again later on: nothing is made. */
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	put_icreate(agbno, 64, geo->ialloc_blks, 0x11223344);
	put_end(&rig, TID);
	put_cancel_trans(&rig, TID, cluster_daddr(&rig, rig.file), cluster_bytes(&rig) / 512);
	assert_int_equal(rig_recover(&rig), 0);
	assert_int_equal(xfs_device_overlay_bytes(rig.out), 0);
	/* Counts that do not fit. */
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	put_icreate(agbno, 32, geo->ialloc_blks, 1);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

/* ----------------------------------------------------------------- quota */

static void put_dquot(uint64_t daddr, uint32_t id, uint64_t bcount)
{
	struct xfs_dq_logformat qlf = {
		.qlf_type = XFS_LI_DQUOT, .qlf_size = 2, .qlf_id = id, .qlf_blkno = (int64_t)daddr,
		.qlf_len = 1, .qlf_boffset = id * 136,
	};
	struct xfs_disk_dquot ddq = {
		.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC), .d_version = XFS_DQUOT_VERSION,
		.d_type = XFS_DQTYPE_USER, .d_id = cpu_to_be32(id), .d_bcount = cpu_to_be64(bcount),
	};

	test_build_region(&rig.b, TID, &qlf, sizeof(qlf));
	test_build_region(&rig.b, TID, &ddq, sizeof(ddq));
}

static void put_quotaoff(uint32_t flags)
{
	struct xfs_qoff_logformat qoff = { .qf_type = XFS_LI_QUOTAOFF, .qf_size = 1, .qf_flags = flags };

	test_build_region(&rig.b, TID, &qoff, sizeof(qoff));
}

static void test_dquot(void **state)
{
	static const struct {
		uint16_t qflags;
		uint32_t off;
		uint64_t lsn;
		bool replayed;
	} cases[] = {
		{ XFS_UQUOTA_ACCT, 0, 0, true },
		{ XFS_UQUOTA_ACCT, 0, 1ull << 32 | 1, true },
		{ XFS_UQUOTA_ACCT, 0, 1ull << 32 | 2, false },
		{ 0, 0, 0, true },
		{ XFS_GQUOTA_ACCT, 0, 0, true },
		{ XFS_UQUOTA_ACCT, XFS_QOFF_UQUOTA, 0, false },
		{ XFS_UQUOTA_ACCT, XFS_QOFF_GQUOTA, 0, true },
	};
	uint64_t daddr = 8 * 4000;	/* a block nobody uses */
	uint8_t block[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct xfs_dqblk *dqb = (void *)(block + 3 * 136);

		rig_begin(&rig, 32768);
		rig.mp.m_sb.sb_qflags = cases[i].qflags;
		memset(block, 0, sizeof(block));
		for (uint32_t k = 0; k < 4096 / 136; k++) {
			struct xfs_dqblk *d = (void *)(block + k * 136);

			d->dd_diskdq.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC);
			d->dd_diskdq.d_version = XFS_DQUOT_VERSION;
			d->dd_diskdq.d_id = cpu_to_be32(k);
			d->dd_lsn = cpu_to_be64(cases[i].lsn);
			xfs_cksum_set(d, 136, XFS_DQUOT_CRC_OFF);
		}
		rig_write(&rig, daddr, block, sizeof(block));
		test_build_begin(&rig.b, TID);
		put_dquot(daddr, 3, 4711);
		if (cases[i].off)
			put_quotaoff(cases[i].off);
		put_end(&rig, TID);
		assert_int_equal(rig_recover(&rig), 0);
		rig_read(rig.out, daddr, block, sizeof(block));
		assert_int_equal(be64_to_cpu(dqb->dd_diskdq.d_bcount), cases[i].replayed ? 4711 : 0);
		assert_true(xfs_cksum_ok(dqb, 136, XFS_DQUOT_CRC_OFF));
		assert_int_equal(rig.rec.dropped_quota,
				 !cases[i].replayed && !(cases[i].lsn && cases[i].qflags));
	}
}

/* Of a record in two sectors that one write has met, the LSN is new and the counts are old. */
static void test_torn_dquot(void **state)
{
	uint64_t daddr = 8 * 4000;	/* a block nobody uses */
	struct xfs_dqblk *dqb;
	uint8_t block[4096] = { 0 };

	(void)state;
	rig_begin(&rig, 32768);
	for (uint32_t k = 0; k < 4096 / 136; k++) {
		dqb = (void *)(block + k * 136);
		dqb->dd_diskdq.d_magic = cpu_to_be16(XFS_DQUOT_MAGIC);
		dqb->dd_diskdq.d_version = XFS_DQUOT_VERSION;
		dqb->dd_diskdq.d_id = cpu_to_be32(k);
		xfs_cksum_set(dqb, 136, XFS_DQUOT_CRC_OFF);
	}
	dqb = (void *)(block + 3 * 136);
	test_build_begin(&rig.b, TID);
	put_dquot(daddr, 3, 4711);
	put_end(&rig, TID);
	dqb->dd_lsn = cpu_to_be64((uint64_t)test_build_lsn(&rig.b));	/* the second item's */
	rig_write(&rig, daddr, block, sizeof(block));
	test_build_begin(&rig.b, TID);
	put_dquot(daddr, 3, 4712);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	rig_read(rig.out, daddr, block, sizeof(block));
	assert_int_equal(be64_to_cpu(dqb->dd_diskdq.d_bcount), 4712);
	assert_true(xfs_cksum_ok(dqb, 136, XFS_DQUOT_CRC_OFF));
}

/* --------------------------------------------------------------- intents */

static void put_efi(uint16_t type, uint64_t id, uint32_t n, bool old)
{
	uint8_t raw[16 + 16 * 4] = { 0 };
	struct xfs_intent_log_format f = { .type = type, .size = 1, .nextents = n, .id = id };

	memcpy(raw, &f, sizeof(f));
	for (uint32_t i = 0; i < n; i++) {
		struct xfs_efi_extent ext = { .ext_start = 1000 * id + i, .ext_len = i + 1 };

		memcpy(raw + 16 + i * (old ? 12 : 16), &ext, old ? 12 : 16);
	}
	test_build_region(&rig.b, TID, raw, 16 + n * (old ? 12 : 16));
}

static void put_done(uint16_t type, uint64_t id)
{
	struct xfs_intent_log_format f = { .type = type, .size = 1, .id = id };

	test_build_region(&rig.b, TID, &f, sizeof(f));
}

/* (RECOVER-3) */
static void test_intents(void **state)
{
	/* With one extent, of zeroes; in the byte order of the machine, as all of the log. */
	static const struct xfs_intent_log_format cui[2] = {
		{ .type = XFS_LI_CUI, .size = 1, .nextents = 1, .id = 9 },
	};
	struct xfs_efi_extent ext;
	struct xlog_intent *intent;
	xfs_lsn_t second;

	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	put_done(XFS_LI_EFD, 99);		/* of one before the tail */
	put_efi(XFS_LI_EFI, 1, 2, false);
	put_efi(XFS_LI_EFI, 2, 3, true);
	put_efi(XFS_LI_EFI, 3, 1, false);
	put_end(&rig, TID);
	second = test_build_lsn(&rig.b);
	test_build_begin(&rig.b, TID);
	test_build_region(&rig.b, TID, cui, sizeof(cui));
	put_efi(XFS_LI_EFD, 1, 2, false);
	put_done(XFS_LI_RUD, 2);		/* another type: another id */
	put_efi(XFS_LI_EFI, 1, 1, false);	/* the address was used again */
	put_efi(XFS_LI_EFI_RT, 3, 1, false);
	put_end(&rig, TID);
	test_build_begin(&rig.b, TID);
	put_efi(XFS_LI_EFD_RT, 3, 1, false);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	assert_int_equal(items(XFS_LI_EFI), 4);
	assert_int_equal(items(XFS_LI_EFD), 2);
	assert_int_equal(pending(XFS_LI_EFI), 3);
	assert_int_equal(pending(XFS_LI_CUI), 1);
	assert_int_equal(pending(XFS_LI_EFI_RT), 0);
	intent = xfs_list_first_entry(&rig.rec.intents, struct xlog_intent, xi_list);
	assert_int_equal(intent->xi_id, 2);
	assert_int_equal(intent->xi_lsn, 1ull << 32 | 2);
	xlog_efi_extent(intent, 2, &ext);
	assert_int_equal(ext.ext_start, 2002);
	assert_int_equal(ext.ext_len, 3);
	intent = xfs_list_entry(intent->xi_list.next, struct xlog_intent, xi_list);
	assert_int_equal(intent->xi_id, 3);
	xlog_efi_extent(intent, 0, &ext);
	assert_int_equal(ext.ext_start, 3000);
	intent = xfs_list_entry(intent->xi_list.next, struct xlog_intent, xi_list);
	assert_int_equal(intent->xi_type, XFS_LI_CUI);
	assert_int_equal(intent->xi_lsn, (uint64_t)second);
	intent = xfs_list_entry(intent->xi_list.next, struct xlog_intent, xi_list);
	assert_int_equal(intent->xi_id, 1);
	assert_ptr_equal(intent->xi_list.next, &rig.rec.intents);
}

/* Each region of an ATTRI arrives, with its length. */
static void test_attri(void **state)
{
	struct xfs_attri_log_format f = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = 5, .alfi_id = 7,
		.alfi_op_flags = XFS_ATTRI_OP_PPTR_REPLACE, .alfi_old_name_len = 25,
		.alfi_new_name_len = 9, .alfi_value_len = 12, .alfi_attr_filter = 8,
	};
	uint8_t text[28] = "a_rather_long_name_251_37";
	struct xlog_intent *intent;

	(void)state;
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	test_build_region(&rig.b, TID, &f, sizeof(f));
	test_build_region(&rig.b, TID, text, 28);
	test_build_region(&rig.b, TID, text, 12);
	test_build_region(&rig.b, TID, text, 12);
	test_build_region(&rig.b, TID, text, 12);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), 0);
	intent = xfs_list_first_entry(&rig.rec.intents, struct xlog_intent, xi_list);
	assert_int_equal(intent->xi_nregions, 5);
	assert_int_equal(intent->xi_regions[1].len, 28);
	assert_memory_equal(intent->xi_regions[1].data, text, 28);
	/* Lengths that do not agree. */
	rig_begin(&rig, 32768);
	test_build_begin(&rig.b, TID);
	test_build_region(&rig.b, TID, &f, sizeof(f));
	test_build_region(&rig.b, TID, text, 24);
	test_build_region(&rig.b, TID, text, 12);
	test_build_region(&rig.b, TID, text, 12);
	test_build_region(&rig.b, TID, text, 12);
	put_end(&rig, TID);
	assert_int_equal(rig_recover(&rig), -EUCLEAN);
}

static int setup(void **state)
{
	(void)state;
	rig_new(&rig, NULL);
	rig_begin(&rig, 32768);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_lsn),
		cmocka_unit_test(test_buf_chunks),
		cmocka_unit_test(test_buf_that_makes_nonsense),
		cmocka_unit_test(test_buf_of_wrong_type),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_inode_lsn),
		cmocka_unit_test(test_inode_forms),
		cmocka_unit_test(test_inode_meta_roots),
		cmocka_unit_test(test_inode_old_times),
		cmocka_unit_test(test_inode_cancelled),
		cmocka_unit_test(test_inode_owner),
		cmocka_unit_test(test_inode_buf),
		cmocka_unit_test(test_icreate),
		cmocka_unit_test(test_dquot),
		cmocka_unit_test(test_torn_dquot),
		cmocka_unit_test(test_intents),
		cmocka_unit_test(test_attri),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
