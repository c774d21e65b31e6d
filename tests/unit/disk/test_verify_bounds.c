/* SPDX-License-Identifier: MIT */
/*
 * Goal: no verifier reads outside its block, whatever is in the block, and none
 * loops or divides by zero.
 * Method: blocks that end at an unmapped page, or begin behind one; headers right, the rest
 * random or random in a few places only; every verifier over every kind of block.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "disk/ag.h"
#include "disk/log.h"
#include "disk/symlink.h"
#include "support/test_seed.h"
#include "unit/disk/vectors.h"

#define DADDR	((xfs_daddr_t)(100 * 8))

typedef xfs_failaddr_t (*verify_fn)(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr);

static xfs_failaddr_t inode_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				   xfs_daddr_t daddr)
{
	(void)len;
	(void)daddr;
	(void)xfs_dinode_check(geo, block);
	return xfs_dinode_verify(geo, 131, block);
}

static xfs_failaddr_t dir_sf_verify(const struct xfs_geometry *geo, const void *block, size_t len,
				    xfs_daddr_t daddr)
{
	(void)daddr;
	return xfs_dir2_sf_verify(geo, block, len, false);
}

static xfs_failaddr_t attr_sf_verify(const struct xfs_geometry *geo, const void *block,
				     size_t len, xfs_daddr_t daddr)
{
	(void)daddr;
	return xfs_attr_sf_verify(geo, block, len);
}

/* Where the header says what the block is; offsets of magic, uuid, blkno, owner (-1: none). */
static const struct kind {
	const char *name;
	verify_fn verify;
	size_t len;
	uint32_t magic;
	int magic_off, magic_len, uuid_off, blkno_off, owner_off, owner_len;
	uint64_t owner;
	xfs_daddr_t daddr;
} kinds[] = {
	{ "superblock", xfs_sb_buf_verify, 512, XFS_SB_MAGIC, 0, 4, -1, -1, -1, 0, 0, 0 },
	{ "AGF", xfs_agf_verify, 512, XFS_AGF_MAGIC, 0, 4, 64, -1, 8, 4, 0, 1 },
	{ "AGI", xfs_agi_verify, 512, XFS_AGI_MAGIC, 0, 4, 296, -1, 8, 4, 0, 2 },
	{ "AGFL", xfs_agfl_verify, 512, XFS_AGFL_MAGIC, 0, 4, 8, -1, 4, 4, 0, 3 },
	{ "bnobt", xfs_bnobt_verify, 4096, XFS_ABTB_CRC_MAGIC, 0, 4, 32, 16, 48, 4, 0, DADDR },
	{ "rmapbt", xfs_rmapbt_verify, 4096, XFS_RMAP_CRC_MAGIC, 0, 4, 32, 16, 48, 4, 0, DADDR },
	{ "bmbt", xfs_bmbt_verify, 4096, XFS_BMAP_CRC_MAGIC, 0, 4, 40, 24, 56, 8, 131, DADDR },
	{ "inode", inode_verify, 512, XFS_DINODE_MAGIC, 0, 2, 160, -1, 152, 8, 131, DADDR },
	{ "inodes", xfs_inode_cluster_verify, 16384, XFS_DINODE_MAGIC, 0, 2, -1, -1, -1, 0, 0,
	  DADDR },
	{ "dir block", xfs_dir3_block_verify, 4096, XFS_DIR3_BLOCK_MAGIC, 0, 4, 24, 8, 40, 8, 131,
	  DADDR },
	{ "dir data", xfs_dir3_data_any_verify, 4096, XFS_DIR3_DATA_MAGIC, 0, 4, 24, 8, 40, 8, 131,
	  DADDR },
	{ "dir free", xfs_dir3_free_verify, 4096, XFS_DIR3_FREE_MAGIC, 0, 4, 24, 8, 40, 8, 131,
	  DADDR },
	{ "leaf1", xfs_dir3_leaf_any_verify, 4096, XFS_DIR3_LEAF1_MAGIC, 8, 2, 32, 16, 48, 8, 131,
	  DADDR },
	{ "leafn", xfs_dir3_leafn_verify, 4096, XFS_DIR3_LEAFN_MAGIC, 8, 2, 32, 16, 48, 8, 131,
	  DADDR },
	{ "node", xfs_da3_node_verify, 4096, XFS_DA3_NODE_MAGIC, 8, 2, 32, 16, 48, 8, 131, DADDR },
	{ "attr leaf", xfs_attr3_any_verify, 4096, XFS_ATTR3_LEAF_MAGIC, 8, 2, 32, 16, 48, 8, 131,
	  DADDR },
	{ "attr value", xfs_attr3_rmt_verify, 8192, XFS_ATTR3_RMT_MAGIC, 0, 4, 16, 40, 32, 8, 131,
	  DADDR },
	{ "symlink", xfs_symlink_verify, 4096, XFS_SYMLINK_MAGIC, 0, 4, 16, 40, 32, 8, 131, DADDR },
	{ "log record", xlog_rec_header_verify, 512, XLOG_HEADER_MAGIC_NUM, 0, 4, 304, -1, -1, 0,
	  0, 0 },
	{ "dir sf", dir_sf_verify, 61, 0, 0, 0, -1, -1, -1, 0, 0, 0 },
	{ "attr sf", attr_sf_verify, 144, 0, 0, 0, -1, -1, -1, 0, 0, 0 },
};

#define ARENA	(64u << 10)

/* Readable memory between two pages that are not. */
static uint8_t *arena(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, ARENA + 2 * page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p, page, PROT_NONE), 0);
	assert_int_equal(mprotect(p + page + ARENA, page, PROT_NONE), 0);
	return p + page;
}

static void set_header(const struct xfs_geometry *geo, const struct kind *k, uint8_t *p)
{
	if (k->magic_len == 4)
		put_be32(k->magic, p + k->magic_off);
	else if (k->magic_len == 2)
		put_be16((uint16_t)k->magic, p + k->magic_off);
	if (k->uuid_off >= 0)
		memcpy(p + k->uuid_off, geo->meta_uuid.b, 16);
	if (k->blkno_off >= 0)
		put_be64((uint64_t)k->daddr, p + k->blkno_off);
	if (k->owner_len == 4)
		put_be32((uint32_t)k->owner, p + k->owner_off);
	else if (k->owner_len == 8)
		put_be64(k->owner, p + k->owner_off);
}

/* Contents that lead deep into the verifier of @k more often than noise does. */
static void fill(struct xfs_rand *r, const struct xfs_geometry *geo, const struct kind *k,
		 uint8_t *p)
{
	unsigned int style = (unsigned int)xfs_rand_below(r, 4);

	if (style == 0)
		xfs_rand_bytes(r, p, k->len);
	else
		memset(p, style == 1 ? 0xff : 0, k->len);
	set_header(geo, k, p);
	if (k->verify == inode_verify) {
		static const uint16_t modes[] = { 0, 0100644, 0040755, 0120777, 0020644 };

		put_be16(modes[xfs_rand_below(r, 5)], p + 2);
		p[4] = 3;
		p[5] = (uint8_t)xfs_rand_below(r, 6);
		p[83] = (uint8_t)xfs_rand_below(r, 4);
		p[82] = (uint8_t)xfs_rand_below(r, 50);
		memset(p + 24, 0, 8);
		memset(p + 120, 0, 12);
		put_be64(xfs_rand_below(r, 400), p + 56);
		put_be64(xfs_rand_below(r, 2) ? UINT64_MAX >> 20 : 30, p + 64);
		put_be32(0, p + 72);
		put_be32((uint32_t)xfs_rand_below(r, 40), p + 76);
		put_be16((uint16_t)xfs_rand_below(r, 3), p + 80);
		put_be16(0, p + 90);
		put_be16(0, p + 6);
	}
	/* Counts at the places where most blocks have them. */
	if (k->len == 4096 && xfs_rand_below(r, 2)) {
		put_be16((uint16_t)xfs_rand_below(r, 600), p + 56);
		put_be16((uint16_t)xfs_rand_below(r, 4), p + 58);
		put_be32((uint32_t)xfs_rand_below(r, 520), p + 4088);
		put_be32((uint32_t)xfs_rand_below(r, 3), p + 4092);
	}
	for (uint64_t n = xfs_rand_below(r, 40); n; n--)
		p[xfs_rand_below(r, k->len)] = (uint8_t)xfs_rand64(r);
	set_header(geo, k, p);
}

static void test_noise(void **state)
{
	struct xfs_rand r = test_rand(1);
	uint8_t *mem = arena();
	struct xfs_geometry geo;
	unsigned int good = 0, bad = 0;

	(void)state;
	vector_geo(&geo, NULL);
	for (unsigned int round = 0; round < 3000; round++)
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			const struct kind *k = &kinds[i];
			uint8_t *p = round & 1 ? mem : mem + ARENA - k->len;

			fill(&r, &geo, k, p);
			if (k->verify(&geo, p, k->len, k->daddr))
				bad++;
			else
				good++;
		}
	/* Most of it is nonsense, and not all. */
	assert_true(bad > good);
	assert_true(good > 100);
}

/* Too short a block is refused before anything is read. */
static void test_short_blocks(void **state)
{
	uint8_t *mem = arena();
	struct xfs_geometry geo;

	(void)state;
	vector_geo(&geo, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (k->verify == inode_verify)
			continue;	/* has no length: it is the geometry's */
		for (size_t len = 0; len < k->len; len = len * 2 + 1) {
			if (k->verify == xfs_inode_cluster_verify && len % 512 == 0 && len)
				continue;
			assert_non_null(k->verify(&geo, mem + ARENA - len, len, k->daddr));
		}
	}
}

/* Real blocks with a few bytes changed: what passes must be harmless to walk. */
static void test_mutations(void **state)
{
	struct xfs_rand r = test_rand(2);
	uint8_t *mem = arena();
	struct xfs_geometry geo;
	uint8_t sf[64];
	size_t len = put_hex(sf, 0, "05 00 00000080 01 0060 61 01 00000084 04 0070 6c696e6b 07"
				    "00000085 03 0080 646972 02 00000086 03 0090 636872 03"
				    "00000087 04 00a0 6669666f 05 00000088");

	(void)state;
	vector_geo(&geo, NULL);
	for (unsigned int round = 0; round < 200000; round++) {
		uint8_t *p = mem + ARENA - len;

		memcpy(p, sf, len);
		for (uint64_t n = 1 + xfs_rand_below(&r, 3); n; n--)
			p[xfs_rand_below(&r, len)] = (uint8_t)xfs_rand64(&r);
		if (!xfs_dir2_sf_verify(&geo, p, len, false)) {
			const struct xfs_dir2_sf_hdr *hdr = (void *)p;
			const struct xfs_dir2_sf_entry *sfep = xfs_dir2_sf_firstentry(hdr);

			for (unsigned int i = 0; i < hdr->count; i++) {
				assert_true(xfs_verify_ino(&geo, xfs_dir2_sf_get_ino(hdr, sfep)));
				sfep = xfs_dir2_sf_nextentry(hdr, sfep);
			}
			assert_ptr_equal(sfep, p + len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_short_blocks),
		cmocka_unit_test(test_mutations),
	};

	test_seed_init(20260102);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
