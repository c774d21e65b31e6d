/* SPDX-License-Identifier: MIT */
/*
 * Goal: each type of intent does what it says, in the order it must be done; an impossible one
 *       is refused before anything is changed; what follows from it is not lost.
 * Method: on a journalled volume in memory the state in the middle of an operation is made
 *       by hand, and the intents that would stand in the log then are handed over.  Afterwards
 *       the file system must be sound to our checker, which knows who owns each block,
 *       and files must hold what they should.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>
#include "ag/alloc.h"
#include "ag/inobt.h"
#include "ag/intent.h"
#include "ag/refcount.h"
#include "inode/inode.h"
#include "log/recover.h"
#include "mount/mount_priv.h"
#include "quota/quota_priv.h"
#include "support/test_fs.h"

#define BS	4096u
#define MAX	16u
#define NS_PARENT	0x8u		/* name space of parent pointers */

static struct test_fs fs;
static struct xfs_list list;
static struct xlog_intent intents[MAX];
static uint8_t regions[MAX][5][4096];
static unsigned int nr;
static char data[64 * BS], back[64 * BS];

static int set_up(void **state)
{
	const struct xfs_mkfs_options opts = {
		.size = sizeof(opts), .log_size = 16u << 20, .rmapbt = XFS_MKFS_ON,
		.reflink = XFS_MKFS_ON, .exchange = XFS_MKFS_ON, .parent = XFS_MKFS_ON,
		.agcount = 2,
	};

	(void)state;
	test_fs_make(&fs, 128u << 20, &opts);
	TEST_OK(xfs_unmount(fs.mp));
	fs.opts.flags = 0;
	/* No preallocation: extents are as they were written. */
	fs.opts.allocsize_bytes = BS;
	test_fs_open(&fs);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / BS);
	xfs_list_init(&list);
	nr = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_fs_end(&fs);
	return 0;
}

/* ---- making intents --------------------------------------------------------- */

static struct xlog_intent *intent(uint16_t type, uint16_t nregions)
{
	struct xlog_intent *in = &intents[nr];

	memset(in, 0, sizeof(*in));
	in->xi_type = type;
	in->xi_nregions = nregions;
	in->xi_id = 0x1000 + 8 * nr;
	in->xi_lsn = xlog_head_lsn(fs.mp->m_log);
	xfs_list_add_tail(&in->xi_list, &list);
	nr++;
	return in;
}

static void region(struct xlog_intent *in, unsigned int i, const void *what, uint32_t len)
{
	uint8_t *mem = regions[in - intents][i];

	memset(mem, 0, sizeof(regions[0][0]));
	memcpy(mem, what, len);
	in->xi_regions[i] = (struct xlog_region){ mem, (len + 3) / 4 * 4 };
}

/* One entry of @len bytes behind the common head. */
static void simple(uint16_t type, const void *entry, uint32_t len)
{
	struct xlog_intent *in = intent(type, 1);
	struct xfs_intent_log_format head = {
		.type = type, .size = 1, .nextents = 1, .id = in->xi_id,
	};
	uint8_t all[64];

	memcpy(all, &head, sizeof(head));
	memcpy(all + sizeof(head), entry, len);
	region(in, 0, all, (uint32_t)sizeof(head) + len);
}

static void efi(xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_efi_extent ext = { .ext_start = fsbno, .ext_len = len };

	simple(XFS_LI_EFI, &ext, sizeof(ext));
}

static void cui(uint32_t op, xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_phys_extent ext = { .pe_startblock = fsbno, .pe_len = len, .pe_flags = op };

	simple(XFS_LI_CUI, &ext, sizeof(ext));
}

static void map_intent(uint16_t type, uint32_t flags, uint64_t owner, xfs_fileoff_t off,
		       xfs_fsblock_t fsbno, xfs_extlen_t len)
{
	struct xfs_map_extent ext = {
		.me_owner = owner, .me_startblock = fsbno, .me_startoff = off, .me_len = len,
		.me_flags = flags,
	};

	simple(type, &ext, sizeof(ext));
}

static int finish(void)
{
	int error = xfs_recover_finish_intents(fs.mp, &list);

	xfs_list_init(&list);
	nr = 0;
	return error;
}

/* ---- the middle of operations ----------------------------------------------- */

static xfs_ino_t make_file(const char *path, uint32_t blocks)
{
	struct xfs_file *file;
	struct stat st;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	if (blocks)
		TEST_IS(xfs_pwrite(file, data, blocks * BS, 0), blocks * BS);
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_fstat(file, &st));
	TEST_OK(xfs_close(file));
	return st.st_ino;
}

static struct xfs_inode *get(xfs_ino_t ino)
{
	struct xfs_inode *ip;

	TEST_OK(xfs_iget(fs.mp, ino, 0, &ip));
	return ip;
}

static struct xfs_bmbt_irec mapping(xfs_ino_t ino, xfs_fileoff_t off)
{
	struct xfs_inode *ip = get(ino);
	struct xfs_bmbt_irec map;
	int nmaps = 1;

	xfs_ilock_excl(ip);
	TEST_OK(xfs_bmapi_read(ip, off, 1000, &map, &nmaps, 0));
	xfs_iunlock_excl(ip);
	xfs_irele(ip);
	return map;
}

static struct xfs_trans *begin(void)
{
	struct xfs_trans *tp;

	TEST_OK(xfs_trans_alloc_bytes(fs.mp, 256u << 10, 64, 0, &tp));
	return tp;
}

/* Both files say that they may share; the end of @ino's size is at @blocks. */
static void may_share(xfs_ino_t ino, uint32_t blocks)
{
	struct xfs_inode *ip = get(ino);
	struct xfs_trans *tp = begin();

	xfs_ilock_excl(ip);
	xfs_inode_set_diflags2(ip, ip->i_diflags2 | XFS_DIFLAG2_REFLINK);
	ip->i_disk_size = ip->i_size = blocks * BS;
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	TEST_OK(xfs_trans_commit(tp));
	xfs_irele(ip);
}

/* Blocks of nobody. */
static xfs_fsblock_t take_blocks(xfs_extlen_t len, uint64_t owner)
{
	struct xfs_alloc_arg args = {
		.tp = begin(), .target = NULLFSBLOCK, .minlen = len, .maxlen = len,
		.oinfo = { .oi_owner = owner },
	};

	TEST_OK(xfs_alloc_vextent(&args));
	assert_true(args.fsbno != NULLFSBLOCK);
	TEST_OK(xfs_trans_commit(args.tp));
	return args.fsbno;
}

static uint64_t free_blocks(void)
{
	struct xfs_statfs st = XFS_STATFS_INIT;

	TEST_OK(xfs_statfs(fs.mp, &st));
	return st.blocks_free;
}

static void expect_content(const char *path, uint32_t blocks)
{
	struct xfs_file *file;

	TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &file));
	TEST_IS(xfs_pread(file, back, sizeof(back), 0), blocks * BS);
	assert_memory_equal(back, data, blocks * BS);
	TEST_OK(xfs_close(file));
}

/* ---- tests ------------------------------------------------------------------ */

static void test_extents_are_freed_whoever_owned_them(void **state)
{
	uint64_t before;
	xfs_fsblock_t a, b;

	(void)state;
	make_file("/f", 3);
	before = free_blocks();
	a = take_blocks(20, XFS_RMAP_OWN_COW);
	b = take_blocks(5, XFS_RMAP_SKIP);
	assert_int_equal(free_blocks(), before - 25);
	/* The middle first: what is left of the record must be found. */
	efi(a + 5, 10);
	efi(a, 5);
	efi(b, 5);
	efi(a + 15, 5);
	TEST_OK(finish());
	assert_int_equal(free_blocks(), before);
}

/* (INTENT-2) */
static void test_a_mapping_goes_with_its_blocks(void **state)
{
	xfs_ino_t ino = make_file("/f", 10);
	struct xfs_bmbt_irec map = mapping(ino, 0);
	uint64_t before = free_blocks();
	struct xfs_inode *ip;

	(void)state;
	assert_int_equal(map.br_blockcount, 10);
	cui(XFS_REFCOUNT_EXTENT_DECREASE, map.br_startblock + 4, 3);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_UNMAP, ino, 4, map.br_startblock + 4, 3);
	TEST_OK(finish());
	assert_int_equal(free_blocks(), before + 3);
	ip = get(ino);
	assert_int_equal(ip->i_nblocks, 7);
	xfs_irele(ip);
	assert_int_equal(mapping(ino, 4).br_startblock, XFS_HOLESTARTBLOCK);
}

static void test_blocks_come_to_be_shared(void **state)
{
	xfs_ino_t a = make_file("/a", 10), b = make_file("/b", 0);
	struct xfs_bmbt_irec map = mapping(a, 0);

	(void)state;
	may_share(a, 10);
	may_share(b, 10);
	cui(XFS_REFCOUNT_EXTENT_INCREASE, map.br_startblock, 10);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_MAP, b, 0, map.br_startblock, 10);
	TEST_OK(finish());
	expect_content("/b", 10);
	/* And back, with the reverse map told apart. */
	cui(XFS_REFCOUNT_EXTENT_DECREASE, map.br_startblock, 10);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_UNMAP, a, 0, map.br_startblock, 10);
	TEST_OK(finish());
	may_share(a, 0);
	expect_content("/b", 10);
}

/* What user 0 has, and @more. */
static uint64_t counted_blocks(int64_t more)
{
	const struct xfs_quota_change change = { .blocks = more };
	struct xfs_trans *tp;
	struct xfs_dquot *dq;
	uint64_t blocks;

	TEST_OK(xfs_dquot_get(fs.mp, 0, 0, &dq));
	TEST_OK(xfs_trans_alloc(fs.mp, XFS_RESV_INODE, 0, 0, &tp));
	TEST_OK(xfs_dquot_change(tp, dq, &change));
	TEST_OK(xfs_trans_commit(tp));
	blocks = be64_to_cpu(dq->dq_disk.d_bcount);
	xfs_dquot_put(dq);
	return blocks;
}

/* Kernels count what a mapping will change with its intent, we with the change. */
static void test_counts_that_came_before_their_intents(void **state)
{
	for (unsigned int kernel = 0; kernel < 2; kernel++) {
		xfs_ino_t ino = make_file(kernel ? "/g" : "/f", 10);
		struct xfs_bmbt_irec map = mapping(ino, 0);
		struct xlog_recovery *rec = xfs_zalloc(fs.mp, sizeof(*rec));
		uint64_t before;

		TEST_OK(xfs_quota_enable(fs.mp, 1, NULL));
		before = counted_blocks(0);
		if (kernel)
			counted_blocks(-3);
		cui(XFS_REFCOUNT_EXTENT_DECREASE, map.br_startblock + 4, 3);
		map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_UNMAP, ino, 4, map.br_startblock + 4, 3);
		xfs_list_init(&rec->intents);
		while (!xfs_list_empty(&list))
			xfs_list_move_tail(list.next, &rec->intents);
		fs.mp->m_recovery = rec;
		TEST_OK(xfs_finish_recovery(fs.mp));
		assert_int_equal(counted_blocks(0), before - 3);
		xfs_list_init(&rec->intents);
		xfs_list_init(&list);
		nr = 0;
		xfs_recovery_free(fs.mp);
	}
	(void)state;
}

static void test_records_of_the_reverse_map(void **state)
{
	xfs_fsblock_t a;
	uint64_t freed;

	(void)state;
	a = take_blocks(20, XFS_RMAP_SKIP);
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_ALLOC, XFS_RMAP_OWN_COW, 0, a, 20);
	cui(XFS_REFCOUNT_EXTENT_ALLOC_COW, a, 8);
	cui(XFS_REFCOUNT_EXTENT_ALLOC_COW, a + 12, 8);
	/* Between the two: they become one. */
	cui(XFS_REFCOUNT_EXTENT_ALLOC_COW, a + 8, 4);
	TEST_OK(finish());
	/* A part leaves the staging area and is freed. */
	cui(XFS_REFCOUNT_EXTENT_FREE_COW, a + 5, 6);
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_FREE, XFS_RMAP_OWN_COW, 0, a + 5, 6);
	efi(a + 5, 6);
	TEST_OK(finish());
	TEST_OK(xfs_refcount_free_staging(fs.mp, &freed));
	assert_int_equal(freed, 14);
}

static void test_staging_left_over_is_freed(void **state)
{
	uint64_t before = free_blocks(), freed;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		xfs_fsblock_t a = take_blocks(3 + i, XFS_RMAP_OWN_COW);

		/* Each by itself: blocks in between belong to files. */
		make_file(i % 2 ? "/x" : "/y", 1 + i);
		cui(XFS_REFCOUNT_EXTENT_ALLOC_COW, a, 3 + i);
		TEST_OK(finish());
	}
	before = free_blocks();
	TEST_OK(xfs_refcount_free_staging(fs.mp, &freed));
	assert_int_equal(freed, 3 + 4 + 5 + 6 + 7);
	assert_int_equal(free_blocks(), before + freed);
	TEST_OK(xfs_refcount_free_staging(fs.mp, &freed));
	assert_int_equal(freed, 0);
}

static void test_a_mapping_changes_its_state(void **state)
{
	xfs_ino_t ino = make_file("/f", 0);
	xfs_fsblock_t a = take_blocks(9, XFS_RMAP_SKIP);
	struct xfs_bmbt_irec map;

	(void)state;
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_MAP | XFS_BMAP_EXTENT_UNWRITTEN, ino, 3, a, 9);
	TEST_OK(finish());
	map = mapping(ino, 3);
	assert_int_equal(map.br_state, XFS_EXT_UNWRITTEN);
	/* There and back: the flags tell the new state. */
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_CONVERT, ino, 5, a + 2, 3);
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_CONVERT_SHARED | XFS_RMAP_EXTENT_UNWRITTEN, ino, 5,
		   a + 2, 3);
	TEST_OK(finish());
	may_share(ino, 12);
}

static void attri(uint32_t op, xfs_ino_t ino, const char *name, const void *value, uint32_t len,
		  uint32_t filter)
{
	struct xlog_intent *in = intent(XFS_LI_ATTRI, len ? 3 : 2);
	struct xfs_attri_log_format fmt = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = in->xi_nregions, .alfi_id = in->xi_id,
		.alfi_ino = ino, .alfi_op_flags = op, .alfi_name_len = (uint32_t)strlen(name),
		.alfi_value_len = len, .alfi_attr_filter = filter,
	};
	struct xfs_inode *ip = get(ino);

	fmt.alfi_igen = ip->i_gen;
	xfs_irele(ip);
	region(in, 0, &fmt, sizeof(fmt));
	region(in, 1, name, (uint32_t)strlen(name));
	if (len)
		region(in, 2, value, len);
}

static void test_attributes(void **state)
{
	xfs_ino_t ino = make_file("/f", 1);
	struct { be64_t ino; be32_t gen; } parent;
	struct xfs_inode *root = get(fs.mp->m_sb.sb_rootino);

	(void)state;
	TEST_OK(xfs_setxattr(fs.mp, "/f", true, "user.gone", "1", 1, 0));
	TEST_OK(xfs_setxattr(fs.mp, "/f", true, "user.other", "2", 1, 0));
	attri(XFS_ATTRI_OP_SET, ino, "new", data, 3000, 0);
	attri(XFS_ATTRI_OP_REPLACE, ino, "other", "three", 5, 0);
	attri(XFS_ATTRI_OP_REMOVE, ino, "gone", NULL, 0, 0);
	attri(XFS_ATTRI_OP_REMOVE, ino, "never", NULL, 0, 0);
	TEST_OK(finish());
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.new", back, sizeof(back)), 3000);
	assert_memory_equal(back, data, 3000);
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.other", back, sizeof(back)), 5);
	assert_memory_equal(back, "three", 5);
	TEST_IS(xfs_getxattr(fs.mp, "/f", true, "user.gone", back, sizeof(back)), -ENODATA);

	/* The pointer to the parent goes, twice, and comes, twice: the name stays. */
	parent.ino = cpu_to_be64(root->i_ino);
	parent.gen = cpu_to_be32(root->i_gen);
	xfs_irele(root);
	for (int i = 0; i < 2; i++)
		attri(XFS_ATTRI_OP_PPTR_REMOVE, ino, "f", &parent, 12, NS_PARENT);
	for (int i = 0; i < 2; i++)
		attri(XFS_ATTRI_OP_PPTR_SET, ino, "f", &parent, 12, NS_PARENT);
	TEST_OK(finish());
}

static void test_a_parent_pointer_is_replaced(void **state)
{
	xfs_ino_t ino = make_file("/f", 0);
	struct { be64_t ino; be32_t gen; } parent;
	struct xfs_inode *root = get(fs.mp->m_sb.sb_rootino), *ip = get(ino);
	struct xfs_attri_log_format fmt = {
		.alfi_type = XFS_LI_ATTRI, .alfi_size = 5, .alfi_ino = ino, .alfi_igen = ip->i_gen,
		.alfi_op_flags = XFS_ATTRI_OP_PPTR_REPLACE, .alfi_value_len = 12,
		.alfi_attr_filter = NS_PARENT,
	};
	static const char *const names[] = { "f", "some", "f" };

	(void)state;
	parent.ino = cpu_to_be64(root->i_ino);
	parent.gen = cpu_to_be32(root->i_gen);
	xfs_irele(root);
	xfs_irele(ip);
	for (int i = 0; i < 2; i++) {
		struct xlog_intent *in = intent(XFS_LI_ATTRI, 5);

		fmt.alfi_old_name_len = (uint16_t)strlen(names[i]);
		fmt.alfi_new_name_len = (uint16_t)strlen(names[i + 1]);
		region(in, 0, &fmt, sizeof(fmt));
		region(in, 1, names[i], fmt.alfi_old_name_len);
		region(in, 2, names[i + 1], fmt.alfi_new_name_len);
		region(in, 3, &parent, 12);
		region(in, 4, &parent, 12);
	}
	TEST_OK(finish());
}

static void xmi(xfs_ino_t ino1, xfs_ino_t ino2, uint64_t blocks, uint64_t flags, uint64_t size1,
		uint64_t size2)
{
	struct xlog_intent *in = intent(XFS_LI_XMI, 1);
	struct xfs_inode *ip1 = get(ino1), *ip2 = get(ino2);
	struct xfs_xmi_log_format fmt = {
		.xmi_type = XFS_LI_XMI, .xmi_size = 1, .xmi_id = in->xi_id,
		.xmi_inode1 = ino1, .xmi_inode2 = ino2, .xmi_igen1 = ip1->i_gen,
		.xmi_igen2 = ip2->i_gen, .xmi_blockcount = blocks, .xmi_flags = flags,
		.xmi_isize1 = size1, .xmi_isize2 = size2,
	};

	xfs_irele(ip1);
	xfs_irele(ip2);
	region(in, 0, &fmt, sizeof(fmt));
}

/* Every other block, each with its number in it. */
static xfs_ino_t make_sparse(const char *path, uint32_t count, uint32_t first)
{
	struct xfs_file *file;
	struct stat st;

	TEST_OK(xfs_open(fs.mp, path, O_RDWR | O_CREAT, 0644, &file));
	for (uint32_t i = 0; i < count; i++)
		TEST_IS(xfs_pwrite(file, &i, sizeof(i), (uint64_t)(2 * i + first) * BS), sizeof(i));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_fstat(file, &st));
	TEST_OK(xfs_close(file));
	return st.st_ino;
}

static void expect_sparse(const char *path, uint32_t count, uint32_t first, uint64_t size)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	uint32_t got, want;

	TEST_OK(xfs_open(fs.mp, path, O_RDONLY, 0, &file));
	TEST_OK(xfs_fgetattr(file, &st));
	assert_int_equal(st.size_bytes, size);
	assert_int_equal(st.nextents, count);
	for (uint32_t b = 0; (uint64_t)b * BS < size; b++) {
		want = b >= first && (b - first) % 2 == 0 ? (b - first) / 2 : 0;
		assert_true(xfs_pread(file, &got, sizeof(got), (uint64_t)b * BS) >= 0);
		assert_int_equal(got, want);
	}
	TEST_OK(xfs_close(file));
}

/* (INTENT-4) More than one checkpoint takes: what is left is logged anew each time. */
static void test_a_long_exchange(void **state)
{
	xfs_ino_t a = make_sparse("/a", 6000, 0), b = make_sparse("/b", 4000, 1);
	uint64_t size_a = (uint64_t)(2 * 5999) * BS + 4, size_b = (uint64_t)(2 * 3999 + 1) * BS + 4;
	struct xfs_inode *ip;

	(void)state;
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	xmi(a, b, 12000, XFS_EXCHMAPS_SET_SIZES, size_b, size_a);
	TEST_OK(finish());
	assert_int_equal(fs.mp->m_recovery_hold.th_lsn, 0);
	/* Nothing is cached of either. */
	TEST_OK(xfs_unmount(fs.mp));
	test_fs_open(&fs);
	expect_sparse("/a", 4000, 1, size_b);
	expect_sparse("/b", 6000, 0, size_a);

	/* Holes of the first stay as they are in both; the flag of the first goes. */
	may_share(a, 8000);
	xmi(a, b, 12000, XFS_EXCHMAPS_INO1_WRITTEN | XFS_EXCHMAPS_CLEAR_INO1_REFLINK, 0, 0);
	TEST_OK(finish());
	ip = get(a);
	assert_false(ip->i_diflags2 & XFS_DIFLAG2_REFLINK);
	xfs_irele(ip);
}

static void refused(int error)
{
	uint64_t before = free_blocks();
	struct xfs_file *file;

	TEST_IS(finish(), error);
	assert_false(xfs_is_shutdown(fs.mp));
	assert_int_equal(free_blocks(), before);
	TEST_OK(xfs_open(fs.mp, "/again", O_RDWR | O_CREAT | O_TRUNC, 0644, &file));
	TEST_OK(xfs_fsync(file));
	TEST_OK(xfs_close(file));
}

/* (INTENT-1) */
static void test_the_impossible_is_refused(void **state)
{
	xfs_ino_t ino = make_file("/f", 10), other = make_file("/g", 1);
	struct xfs_bmbt_irec map = mapping(ino, 0);
	xfs_fsblock_t last = XFS_AGB_TO_FSB(&fs.mp->m_geo, 0, fs.mp->m_geo.agblocks - 1);
	static const uint16_t rt[] = { XFS_LI_EFI_RT, XFS_LI_RUI_RT, XFS_LI_CUI_RT };

	(void)state;
	make_file("/again", 0);
	/* A sound one in front must not be carried out either. */
	efi(map.br_startblock, 1);
	efi(last, 2);
	refused(-EUCLEAN);
	efi(0, 0);
	refused(-EUCLEAN);
	efi((xfs_fsblock_t)1 << 60, 1);
	refused(-EUCLEAN);
	cui(0, map.br_startblock, 1);
	refused(-EUCLEAN);
	cui(5, map.br_startblock, 1);
	refused(-EUCLEAN);
	cui(XFS_REFCOUNT_EXTENT_INCREASE | 1u << 9, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_RUI, 9, ino, 0, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_ALLOC, (uint64_t)-2, 0, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_RUI, XFS_RMAP_EXTENT_MAP | 1u << 20, ino, 0, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_BUI, 3, ino, 20, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_MAP, ino, (xfs_fileoff_t)1 << 60, map.br_startblock,
		   1);
	refused(-EUCLEAN);
	/* Of an inode that is not there. */
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_MAP, ino + 40, 20, map.br_startblock, 1);
	refused(-EUCLEAN);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_MAP | XFS_BMAP_EXTENT_REALTIME, ino, 20,
		   map.br_startblock, 1);
	refused(-EOPNOTSUPP);
	for (int i = 0; i < 3; i++) {
		simple(rt[i], &map, 16);
		refused(-EOPNOTSUPP);
	}
	attri(7, ino, "name", "v", 1, 0);
	refused(-EUCLEAN);
	attri(XFS_ATTRI_OP_SET, ino, "", "v", 1, 0);
	refused(-EUCLEAN);
	attri(XFS_ATTRI_OP_SET, ino, "name", "v", 1, 0x10);
	refused(-EUCLEAN);
	attri(XFS_ATTRI_OP_REMOVE, ino, "name", "v", 1, 0);
	refused(-EUCLEAN);
	attri(XFS_ATTRI_OP_PPTR_SET, ino, "name", "value", 5, NS_PARENT);
	refused(-EUCLEAN);
	xmi(ino, ino, 10, 0, 0, 0);
	refused(-EUCLEAN);
	xmi(ino, other, 10, 1u << 7, 0, 0);
	refused(-EUCLEAN);
	xmi(ino, other, (uint64_t)1 << 60, 0, 0, 0);
	refused(-EUCLEAN);
	xmi(ino, other, 10, 0, 0, 0);
	((struct xfs_xmi_log_format *)regions[0][0])->xmi_igen2++;
	refused(-EUCLEAN);
	/* Directories in the inode have no extents. */
	xmi(ino, fs.mp->m_sb.sb_rootino, 10, 0, 0, 0);
	refused(-EUCLEAN);
	expect_content("/f", 10);
}

/* A list that leads to an inode that is free, another one to one that has a name. */
static void test_broken_lists_are_given_up(void **state)
{
	xfs_agino_t named = XFS_INO_TO_AGINO(&fs.mp->m_geo, make_file("/f", 1));
	xfs_agino_t unused = (xfs_agino_t)fs.mp->m_sb.sb_rootino + 60;
	struct xfs_perag *pag = xfs_perag_get(fs.mp, 0);
	struct xlog_recovery rec;
	struct xfs_trans *tp = begin();

	(void)state;
	memset(&rec, 0, sizeof(rec));
	xfs_list_init(&rec.intents);
	xfs_mutex_lock(&pag->pag_lock);
	xfs_agi_set_unlinked_head(tp, pag, unused % 64, unused);
	xfs_agi_set_unlinked_head(tp, pag, named % 64, named);
	xfs_mutex_unlock(&pag->pag_lock);
	TEST_OK(xfs_trans_commit(tp));
	/* After a clean log nobody may have lost a list. */
	assert_int_equal(xfs_free_leftovers(fs.mp), -EUCLEAN);
	fs.mp->m_recovery = &rec;
	TEST_OK(xfs_free_leftovers(fs.mp));
	fs.mp->m_recovery = NULL;
	assert_int_equal(xfs_agi_unlinked_head(pag, unused % 64), NULLAGINO);
	assert_int_equal(xfs_agi_unlinked_head(pag, named % 64), NULLAGINO);
	expect_content("/f", 1);
}

/* (INTENT-5) Two parts of an inode's work: the first must not free the inode under the second. */
static void test_an_inode_without_links_waits_for_the_last(void **state)
{
	const struct xfs_upcalls *upcalls = fs.mp->m_upcalls;
	struct xfs_upcalls quiet = *upcalls;
	uint64_t before = free_blocks();
	xfs_ino_t ino = make_file("/f", 10);
	struct xfs_bmbt_irec map = mapping(ino, 0);
	struct xfs_inode *ip;

	(void)state;
	/* As after a crash: without a name, and not freed. */
	quiet.inactivate = NULL;
	fs.mp->m_upcalls = &quiet;
	TEST_OK(xfs_unlink(fs.mp, "/f"));
	fs.mp->m_upcalls = upcalls;
	for (xfs_fileoff_t off = 2; off <= 6; off += 4) {
		cui(XFS_REFCOUNT_EXTENT_DECREASE, map.br_startblock + off, 2);
		map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_UNMAP, ino, off, map.br_startblock + off, 2);
	}
	TEST_OK(finish());
	TEST_OK(xfs_inode_free_unlinked(fs.mp, true));
	assert_int_equal(xfs_iget(fs.mp, ino, XFS_IGET_UNTRUSTED, &ip), -ENOENT);
	/* The chunk of inodes may have come with the file. */
	assert_in_range(free_blocks(), before - 16, before);
}

/* Blocks that @ino was given ahead. */
static void give_ahead(xfs_ino_t ino, xfs_fileoff_t off, xfs_filblks_t len, uint16_t diflags)
{
	struct xfs_inode *ip = get(ino);
	struct xfs_trans *tp = begin();
	struct xfs_bmbt_irec map;

	xfs_ilock_excl(ip);
	TEST_OK(xfs_bmapi_write(tp, ip, off, len, XFS_BMAPI_PREALLOC, &map));
	assert_int_equal(map.br_blockcount, len);
	xfs_inode_set_diflags(ip, (uint16_t)(ip->i_diflags | diflags));
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	xfs_iunlock_excl(ip);
	TEST_OK(xfs_trans_commit(tp));
	xfs_irele(ip);
}

static uint64_t blocks_of(const char *path)
{
	struct stat st;

	TEST_OK(xfs_stat(fs.mp, path, &st));
	return (uint64_t)st.st_blocks / (BS / 512);
}

/* As when an inode leaves a kernel's memory, which after its intents it does at once. */
static void test_what_was_given_ahead_is_freed(void **state)
{
	xfs_ino_t ino = make_file("/f", 5), kept = make_file("/kept", 5), empty = make_file("/empty", 0);
	xfs_ino_t one = make_file("/one", 3), two = make_file("/two", 3), idle = make_file("/idle", 3);
	uint64_t before = free_blocks();

	(void)state;
	give_ahead(ino, 5, 40, 0);
	give_ahead(kept, 5, 40, XFS_DIFLAG_PREALLOC);
	give_ahead(empty, 0, 40, 0);
	give_ahead(one, 3, 40, 0);
	give_ahead(two, 100, 40, 0);
	give_ahead(idle, 3, 40, 0);
	attri(XFS_ATTRI_OP_SET, kept, "new", data, 30, 0);
	attri(XFS_ATTRI_OP_SET, empty, "new", data, 30, 0);
	cui(XFS_REFCOUNT_EXTENT_DECREASE, mapping(ino, 4).br_startblock, 1);
	map_intent(XFS_LI_BUI, XFS_BMAP_EXTENT_UNMAP, ino, 4, mapping(ino, 4).br_startblock, 1);
	xmi(one, two, 3, 0, 0, 0);
	TEST_OK(finish());
	assert_int_equal(blocks_of("/f"), 4);
	assert_int_equal(blocks_of("/one"), 3);
	assert_int_equal(blocks_of("/two"), 3);
	/* Asked for, or of no interest to anybody. */
	assert_int_equal(blocks_of("/kept"), 45);
	assert_int_equal(blocks_of("/empty"), 40);
	assert_int_equal(blocks_of("/idle"), 43);
	TEST_OK(xfs_sync(fs.mp));
	assert_int_equal(free_blocks(), before - 3 * 40 + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_extents_are_freed_whoever_owned_them),
		TEST(test_a_mapping_goes_with_its_blocks),
		TEST(test_blocks_come_to_be_shared),
		TEST(test_counts_that_came_before_their_intents),
		TEST(test_records_of_the_reverse_map),
		TEST(test_staging_left_over_is_freed),
		TEST(test_a_mapping_changes_its_state),
		TEST(test_attributes),
		TEST(test_a_parent_pointer_is_replaced),
		TEST(test_a_long_exchange),
		TEST(test_the_impossible_is_refused),
		TEST(test_an_inode_without_links_waits_for_the_last),
		TEST(test_what_was_given_ahead_is_freed),
		TEST(test_broken_lists_are_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
