/* SPDX-License-Identifier: MIT */
/*
 * Goal: a fresh file system has the geometry and the bytes it should have.
 * Method: layouts and checksums measured on mkfs.xfs; the structures' verifiers over
 * everything that is made of random options.
 */
#include "unit/mkfs/image.h"

static void test_default_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t agcount, agblocks;
		uint64_t dblocks;
		uint32_t logblocks, imaxpct;
	} v[] = {
		{ 16 * MIB, 1, 4096, 4096, 2001, 25 },
		{ 33 * MIB, 2, 4224, 8448, 2001, 25 },
		{ 64 * MIB, 4, 4096, 16384, 2001, 25 },
		{ 299 * MIB, 4, 19136, 76544, 2001, 25 },
		{ 300 * MIB, 4, 19200, 76800, 16384, 25 },
		{ GIB, 4, 65536, 262144, 16384, 25 },
		{ 10 * GIB, 4, 655360, 2621440, 16384, 25 },
		{ 100 * GIB, 4, 6553600, 26214400, 16384, 25 },
		{ TIB, 4, 67108864, 268435456, 131072, 5 },
		{ 3 * TIB, 4, 201326592, 805306368, 393216, 5 },
		{ 4 * TIB, 4, 268435455, 1073741820, 521728, 5 },
		{ 5 * TIB, 5, 268435455, 1342177275, 521728, 5 },
		{ 100 * TIB, 100, 268435455, 26843545500, 521728, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_mkfs_geometry g = { .size = sizeof(g) };
		struct xfs_device *dev = memory(v[i].bytes);
		struct xfs_mkfs_options o = options();

		o.flags = XFS_MKFS_SMALL;
		assert_int_equal(xfs_mkfs_geometry(dev, NULL, &o, &g), 0);
		assert_int_equal(g.agcount, v[i].agcount);
		assert_int_equal(g.agblocks, v[i].agblocks);
		assert_int_equal(g.dblocks, v[i].dblocks);
		assert_int_equal(g.logblocks, v[i].logblocks);
		assert_int_equal(g.imaxpct, v[i].imaxpct);
		xfs_device_put(dev);
	}
}

static void test_layouts(void **state)
{
	/* All of 4 AGs: profile, sizes, then log, free list and free space of AG 0, root. */
	static const struct {
		uint32_t profile, block, isize, sect;
		uint64_t bytes;
		uint32_t log_agbno, agfl_first, agfl_count;
		uint32_t free[4];
		uint64_t root;
		uint32_t inodes;
	} v[] = {
		{ 1, 1024, 512, 512, 2 * GIB, 7, 7, 4, { 11, 21, 64, 524224 }, 64, 64 },
		{ 0, 1024, 512, 512, 2 * GIB, 8, 8, 6, { 14, 18, 64, 524224 }, 64, 64 },
		{ 1, 1024, 512, 1024, GIB, 9, 9, 4, { 13, 19, 64, 262080 }, 64, 64 },
		{ 0, 1024, 512, 1024, GIB, 10, 10, 6, { 16, 16, 64, 262080 }, 64, 64 },
		{ 1, 4096, 512, 512, 2 * GIB, 6, 6, 4, { 10, 6, 24, 131048 }, 128, 64 },
		{ 0, 4096, 512, 512, 2 * GIB, 7, 7, 6, { 13, 3, 24, 131048 }, 128, 64 },
		{ 0, 4096, 1024, 512, 2 * GIB, 7, 7, 6, { 13, 3, 32, 131040 }, 64, 64 },
		{ 0, 4096, 2048, 512, 2 * GIB, 7, 7, 6, { 13, 19, 64, 131008 }, 64, 64 },
		{ 1, 4096, 512, 4096, GIB, 9, 9, 4, { 13, 3, 24, 65512 }, 128, 64 },
		{ 0, 4096, 512, 4096, GIB, 10, 10, 6, { 24, 65512 }, 128, 64 },
		{ 0, 8192, 512, 512, 2 * GIB, 7, 7, 6, { 13, 3, 20, 65516 }, 256, 64 },
		{ 1, 8192, 512, 512, 2 * GIB, 6, 6, 4, { 10, 2, 16, 65520 }, 192, 64 },
		{ 0, 16384, 512, 512, 2 * GIB, 7, 7, 6, { 13, 1, 16, 32752 }, 448, 64 },
		{ 0, 32768, 512, 512, 2 * GIB, 7, 7, 6, { 14, 16370 }, 832, 64 },
		{ 0, 65536, 512, 512, 2 * GIB, 7, 7, 6, { 14, 8178 }, 1664, 128 },
		{ 0, 65536, 2048, 512, 2 * GIB, 7, 7, 6, { 13, 1, 16, 8176 }, 448, 64 },
		{ 1, 65536, 512, 4096, GIB, 6, 6, 2, { 9, 4087 }, 1024, 128 },
		{ 0, 65536, 512, 4096, GIB, 7, 7, 2, { 10, 4086 }, 1152, 128 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_device *dev = memory(v[i].bytes);
		struct xfs_mkfs_options o = options();
		struct xfs_mkfs_geometry g;
		struct xfs_geometry geo;
		struct xfs_sb sb;
		const struct xfs_agfl *agfl;
		const struct xfs_alloc_rec *rec;
		uint8_t *ag;

		o.profile = v[i].profile;
		o.blocksize = v[i].block;
		o.inodesize = v[i].isize;
		o.sectsize = v[i].sect;
		format(dev, &o, &g);
		read_geometry(dev, &geo, &sb);
		assert_int_equal(g.log_agno, 2);
		assert_int_equal(g.log_agbno, v[i].log_agbno);
		assert_int_equal(g.root_ino, v[i].root);
		assert_int_equal(sb.sb_rootino, v[i].root);
		assert_int_equal(sb.sb_icount, v[i].inodes);
		assert_int_equal(sb.sb_ifree, v[i].inodes - 3);
		assert_int_equal(sb.sb_fdblocks, g.free_blocks);

		ag = read_alloc(dev, 0, (size_t)geo.prealloc_blocks << geo.blocklog);
		agfl = (const void *)(ag + XFS_AGFL_SECTOR * geo.sectsize);
		for (uint32_t k = 0; k < v[i].agfl_count; k++)
			assert_int_equal(be32_to_cpu(agfl->agfl_bno[1 + k]), v[i].agfl_first + k);
		assert_int_equal(be32_to_cpu(agfl->agfl_bno[0]), NULLAGBLOCK);
		assert_int_equal(be32_to_cpu(agfl->agfl_bno[1 + v[i].agfl_count]), NULLAGBLOCK);
		rec = (const void *)(ag + ((size_t)geo.bno_root << geo.blocklog) +
				     XFS_BTREE_SBLOCK_LEN);
		for (unsigned int k = 0; k < 2; k++) {
			assert_int_equal(be32_to_cpu(rec[k].ar_startblock), v[i].free[2 * k]);
			assert_int_equal(be32_to_cpu(rec[k].ar_blockcount), v[i].free[2 * k + 1]);
		}
		free(ag);
		xfs_device_put(dev);
	}
}

/* Group counts where a stripe says that there are several disks. */
static void test_striped_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t agcount, agblocks;
		uint64_t dblocks;
	} v[] = {	/* unit 64 KiB, width 256 KiB */
		{ 127 * MIB, 4, 8112, 32448 },
		{ 128 * MIB, 7, 4112, 28784 },
		{ 129 * MIB, 8, 4128, 33024 },
		{ 8191 * MIB, 8, 262112, 2096896 },
		{ 8192 * MIB, 8, 262128, 2097024 },
		{ 8193 * MIB, 16, 131088, 2097408 },
		{ 512 * GIB, 16, 8388592, 134217472 },
		{ 524289 * MIB, 32, 4194320, 134217984 },
		{ 32 * TIB, 32, 268435440, 8589934080 },
		{ 40 * TIB, 40, 268435440, 10737417600 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_mkfs_geometry g = { .size = sizeof(g) };
		struct xfs_device *dev = memory(v[i].bytes);
		struct xfs_mkfs_options o = options();

		o.flags = XFS_MKFS_SMALL;
		o.sunit = 65536;
		o.swidth = 262144;
		assert_int_equal(xfs_mkfs_geometry(dev, NULL, &o, &g), 0);
		assert_int_equal(g.agcount, v[i].agcount);
		assert_int_equal(g.agblocks, v[i].agblocks);
		assert_int_equal(g.dblocks, v[i].dblocks);
		xfs_device_put(dev);
	}
}

static void test_stripes(void **state)
{
	/* 2 GiB; unit and width in bytes; AG blocks, root, log position, log unit, log blocks. */
	static const struct {
		uint32_t profile;
		uint64_t sunit, swidth;
		uint32_t agblocks, root, log_agbno, logsunit, logblocks;
	} v[] = {
		{ 0, 131072, 524288, 65504, 256, 32, 131072, 16384 },
		{ 0, 262144, 524288, 65472, 512, 64, 262144, 16384 },
		{ 0, 20480, 81920, 65535, 128, 11, 20480, 16385 },
		{ 1, 20480, 81920, 65535, 128, 6, 20480, 16385 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		struct xfs_mkfs_geometry g = { .size = sizeof(g) };
		struct xfs_device *dev = memory(2 * GIB);
		struct xfs_mkfs_options o = options();

		o.profile = v[i].profile;
		o.sunit = v[i].sunit;
		o.swidth = v[i].swidth;
		assert_int_equal(xfs_mkfs_geometry(dev, NULL, &o, &g), 0);
		assert_int_equal(g.agcount, 8);
		assert_int_equal(g.agblocks, v[i].agblocks);
		assert_int_equal(g.root_ino, v[i].root);
		assert_int_equal(g.log_agbno, v[i].log_agbno);
		assert_int_equal(g.logsunit, v[i].logsunit);
		assert_int_equal(g.logblocks, v[i].logblocks);
		xfs_device_put(dev);
	}
}

/* Random options; what is possible is made and must be right in all its parts. */
static void test_random_options(void **state)
{
	struct xfs_rand r = test_rand(1);
	unsigned int made = 0;

	(void)state;
	for (unsigned int i = 0; i < 150; i++) {
		struct xfs_mkfs_options o = options();
		struct xfs_mkfs_geometry g = { .size = sizeof(g) };
		struct xfs_device *dev, *logdev = NULL;
		uint8_t *const switches[] = {
			&o.finobt, &o.sparse, &o.rmapbt, &o.reflink, &o.bigtime,
			&o.inobtcount, &o.nrext64, &o.exchange, &o.parent, &o.autofsck,
		};

		for (size_t k = 0; k < ARRAY_SIZE(switches); k++)
			*switches[k] = (uint8_t)xfs_rand_below(&r, 3);
		o.flags = XFS_MKFS_SMALL;
		if (xfs_rand_below(&r, 8) == 0)
			o.flags |= XFS_MKFS_ASCII_CI;
		o.profile = (uint32_t)xfs_rand_below(&r, 2);
		o.blocksize = 1024u << xfs_rand_below(&r, 7);
		o.inodesize = 512u << xfs_rand_below(&r, 3);
		o.sectsize = 512u << xfs_rand_below(&r, 5);
		if (xfs_rand_below(&r, 3) == 0)
			o.agcount = 1 + (uint32_t)xfs_rand_below(&r, 12);
		if (xfs_rand_below(&r, 3) == 0) {
			o.sunit = o.blocksize * (1 + xfs_rand_below(&r, 40));
			o.swidth = o.sunit * (1 + xfs_rand_below(&r, 4));
		}
		if (xfs_rand_below(&r, 5) == 0) {
			o.flags |= XFS_MKFS_LOG_AG;
			o.log_agno = (uint32_t)xfs_rand_below(&r, 3);
		} else if (xfs_rand_below(&r, 5) == 0) {
			logdev = memory(250 * MIB);
		}
		dev = memory((40 + xfs_rand_below(&r, 3000)) * MIB);
		if (xfs_mkfs(dev, logdev, &o, &g) == 0) {
			check_image(dev, logdev);
			made++;
		} else {
			assert_true(strlen(xfs_last_text()) > 0);
		}
		xfs_device_put(logdev);
		xfs_device_put(dev);
	}
	assert_true(made > 50);
}

static void test_known_bytes(void **state)
{
	/* Of mkfs.xfs 7.2 for 300 MiB with this UUID and label: checksums as stored. */
	static const struct {
		uint64_t offset;
		size_t len, crc_off;
		uint8_t crc[4];
	} v[] = {
		{ 0, 512, XFS_SB_CRC_OFF, { 0x75, 0xf9, 0xdf, 0x79 } },
		{ 19200 * 4096, 512, XFS_SB_CRC_OFF, { 0x7a, 0xd1, 0x84, 0x63 } },
		{ 512, 512, XFS_AGF_CRC_OFF, { 0x8a, 0x87, 0x36, 0x16 } },
		{ 1024, 512, XFS_AGI_CRC_OFF, { 0xb7, 0xae, 0xf7, 0xda } },
		{ 1536, 512, XFS_AGFL_CRC_OFF, { 0x2d, 0x65, 0xe5, 0x80 } },
		{ 1 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x9b, 0x23, 0x0a, 0xb1 } },
		{ 2 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x73, 0x64, 0xbf, 0x44 } },
		{ 3 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x48, 0x03, 0xb8, 0x03 } },
		{ 4 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x72, 0x5d, 0x35, 0x68 } },
		{ 5 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x16, 0x41, 0xe8, 0xe3 } },
		{ 6 * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF, { 0x8f, 0x92, 0xd3, 0x0a } },
		{ (2 * 19200 + 5) * 4096, 4096, XFS_BTREE_SBLOCK_CRC_OFF,
		  { 0xa3, 0xde, 0xc1, 0xe3 } },
	};
	struct xfs_device *dev = memory(300 * MIB);
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;

	(void)state;
	memcpy(o.label, "vector", 6);
	format(dev, &o, &g);
	assert_string_equal(g.label, "vector");
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t *buf = read_alloc(dev, v[i].offset, v[i].len);

		assert_true(xfs_cksum_ok(buf, v[i].len, v[i].crc_off));
		assert_memory_equal(buf + v[i].crc_off, v[i].crc, 4);
		free(buf);
	}
	xfs_device_put(dev);
}

static void test_log_record(void **state)
{
	static const uint32_t sunits[] = { 0, 4096, 131072, 262144 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sunits); i++) {
		uint32_t bytes = XFS_MAX(sunits[i], 1024u);
		uint32_t headers = sunits[i] > 32768 ? sunits[i] / 32768 : 1;
		struct xfs_device *dev = memory(GIB);
		struct xfs_mkfs_options o = options();
		struct xfs_mkfs_geometry g;
		struct xfs_geometry geo;
		const struct xlog_rec_header *head;
		struct xfs_sb sb;
		uint8_t *log;

		o.log_sunit = sunits[i];
		format(dev, &o, &g);
		read_geometry(dev, &geo, &sb);
		log = read_alloc(dev, xfs_fsb_to_bytes(&geo, sb.sb_logstart), 2 * bytes);
		head = (const void *)log;
		assert_int_equal(be32_to_cpu(head->h_len), bytes - 512 * headers);
		assert_int_equal(be32_to_cpu(head->h_size), XFS_MAX(bytes, 32768u));
		assert_int_equal(be32_to_cpu(head->h_cycle_data[0]), 0xb0c0d0d0);
		for (uint32_t bb = 1; bb < bytes / 512; bb++)
			assert_int_equal(get_be32(log + bb * 512), 1);
		assert_int_equal(get_be32(log + headers * 512 + 4), 8);
		assert_int_equal(log[headers * 512 + 8], 0xaa);
		assert_int_equal(log[headers * 512 + 9], 0x20);
		for (uint32_t k = bytes; k < 2 * bytes; k++)
			assert_int_equal(log[k], 0);
		free(log);
		xfs_device_put(dev);
	}
}

static void test_root_directory(void **state)
{
	struct xfs_device *dev = memory(300 * MIB);
	struct xfs_mkfs_options o = options();
	struct xfs_mkfs_geometry g;
	const struct xfs_dinode *dip;
	uint8_t *inodes;

	(void)state;
	format(dev, &o, &g);
	inodes = read_alloc(dev, 16 * 4096, 4096);
	dip = (const void *)inodes;
	assert_int_equal(be16_to_cpu(dip->di_mode), 0040755);
	assert_int_equal(be32_to_cpu(dip->di_gen), 0);
	assert_int_equal(be32_to_cpu(dip->di_nlink), 2);
	assert_true(be64_to_cpu(dip->di_mtime) == 0x356501fe3d85cd15);
	assert_int_equal(dip->di_forkoff, 37);
	assert_memory_equal(inodes + 176 + 37 * 8,
			    "\x00\x19\x01\x00\x0c\x06\x02xfs:autofsckrepair", 25);
	free(inodes);
	/* Without the attribute, and with old time stamps. */
	o.autofsck = XFS_MKFS_OFF;
	o.bigtime = o.nrext64 = XFS_MKFS_OFF;
	o.flags = XFS_MKFS_FORCE;
	format(dev, &o, &g);
	inodes = read_alloc(dev, 16 * 4096, 4096);
	dip = (const void *)inodes;
	assert_int_equal(dip->di_forkoff, 0);
	assert_true(be64_to_cpu(dip->di_flags2) == 0);
	assert_true(be64_to_cpu(dip->di_mtime) == 0x6553f100075bcd15);
	free(inodes);
	xfs_device_put(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_sizes),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_striped_sizes),
		cmocka_unit_test(test_stripes),
		cmocka_unit_test(test_random_options),
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_log_record),
		cmocka_unit_test(test_root_directory),
	};

	test_seed_init(20260101);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
