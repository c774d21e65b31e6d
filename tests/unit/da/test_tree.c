/* SPDX-License-Identifier: MIT */
/*
 * Goal: the hashed tree stays exact at every height up to its limit, where it refuses without
 *       harm, and shrinks to nothing again.
 * Method: nodes are made to hold four entries only, so that a few thousand names or attributes
 *       make a tree of five levels; a walker of its own checks levels, hashes, order and both
 *       directions of every chain.
 * Shows (DA-2), (DA-3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "attr/attr.h"
#include "support/test_handle.h"
#include "support/test_seed.h"

#define MAX	60000

static struct test_handle h;
static struct xfs_rand rnd;
static enum xfs_fork_id whichfork;

/* ---- the walker ------------------------------------------------------------------------- */

struct chain {
	xfs_dablk_t last;		/* block met last on the level, 0: none yet */
	bool any;
};

struct walk {
	struct chain level[8];
	uint32_t blocks, entries, root_level;
};

static xfs_dablk_t root_blkno(void)
{
	return whichfork == XFS_DATA_FORK ? h.fs.mp->m_geo.leafblk : 0;
}

static struct xfs_buf *block(xfs_dablk_t bno)
{
	struct xfs_buf *bp = test_fork_buf(&h, whichfork, bno);

	assert_non_null(bp);
	return bp;
}

/* Count and order of a leaf; its last hash. */
static xfs_dahash_t walk_leaf(const void *addr, xfs_dahash_t low, struct walk *w)
{
	const struct xfs_dir3_leaf *dleaf = addr;
	const struct xfs_attr3_leafblock *aleaf = addr;
	bool dir = whichfork == XFS_DATA_FORK;
	uint32_t count = dir ? be16_to_cpu(dleaf->hdr.count) : be16_to_cpu(aleaf->hdr.count);

	assert_true(count > 0);
	for (uint32_t i = 0; i < count; i++) {
		xfs_dahash_t hash = dir ? be32_to_cpu(dleaf->ents[i].hashval)
					: be32_to_cpu(aleaf->entries[i].hashval);

		assert_true(hash >= low);
		low = hash;
		if (!dir || be32_to_cpu(dleaf->ents[i].address))
			w->entries++;
	}
	return low;
}

/* The subtree at @bno: hashes from @low up; returns its last one. */
static xfs_dahash_t walk(xfs_dablk_t bno, int want_level, xfs_dahash_t low, struct walk *w)
{
	struct xfs_buf *bp = block(bno);
	const struct xfs_da3_blkinfo *info = bp->b_addr;
	const struct xfs_da3_intnode *node = bp->b_addr;
	bool is_node = be16_to_cpu(info->magic) == XFS_DA3_NODE_MAGIC;
	uint32_t level = is_node ? be16_to_cpu(node->hdr.level) : 0;
	struct chain *chain = &w->level[level];

	if (want_level < 0)
		w->root_level = level;
	else
		assert_int_equal(level, want_level);
	w->blocks++;
	assert_int_equal(be64_to_cpu(info->blkno), bp->b_daddr);
	assert_int_equal(be64_to_cpu(info->owner), h.ip->i_ino);
	assert_int_equal(be32_to_cpu(info->back), chain->last);
	if (chain->any && chain->last) {
		struct xfs_buf *prev = block(chain->last);

		assert_int_equal(be32_to_cpu(((struct xfs_da3_blkinfo *)prev->b_addr)->forw), bno);
		xfs_buf_put(prev);
	}
	chain->last = bno;
	chain->any = true;
	if (!is_node) {
		low = walk_leaf(bp->b_addr, low, w);
	} else {
		uint32_t count = be16_to_cpu(node->hdr.count);

		assert_true(count > 0 && count <= 4);
		assert_true(want_level >= 0 || count > 1);
		for (uint32_t i = 0; i < count; i++) {
			xfs_dahash_t hash = walk(be32_to_cpu(node->btree[i].before), (int)level - 1,
						 low, w);

			assert_int_equal(be32_to_cpu(node->btree[i].hashval), hash);
			low = hash;
		}
	}
	xfs_buf_put(bp);
	return low;
}

static struct walk check_tree(void)
{
	struct walk w = { .blocks = 0 };

	walk(root_blkno(), -1, 0, &w);
	for (int i = 0; i < 8; i++) {
		struct xfs_buf *bp;

		if (!w.level[i].any)
			continue;
		bp = block(w.level[i].last ? w.level[i].last : root_blkno());
		assert_int_equal(be32_to_cpu(((struct xfs_da3_blkinfo *)bp->b_addr)->forw), 0);
		xfs_buf_put(bp);
	}
	return w;
}

/* Blocks of the fork from @start on, below @end. */
static uint64_t mapped(xfs_fileoff_t start, xfs_fileoff_t end)
{
	struct xfs_iext_cursor cur;
	struct xfs_bmbt_irec got;
	uint64_t n = 0;

	for_each_xfs_iext(xfs_ifork_ptr(h.ip, whichfork), &cur, &got) {
		for (xfs_filblks_t i = 0; i < got.br_blockcount; i++)
			n += got.br_startoff + i >= start && got.br_startoff + i < end;
	}
	return n;
}

/*
 * ---- directories ------------------------------------------------------------------------------
 */

static struct xfs_name numbered(char *buf, uint32_t i)
{
	int len = snprintf(buf, 32, "%x-%u", (unsigned int)(i * 2654435761u), i);

	return (struct xfs_name){ .name = (const uint8_t *)buf, .len = (uint32_t)len, .type = 1 };
}

static bool is_tree(void)
{
	struct xfs_buf *bp;
	bool tree;

	if (whichfork == XFS_DATA_FORK && h.ip->i_df.if_format == XFS_DINODE_FMT_LOCAL)
		return false;
	bp = test_fork_buf(&h, whichfork, root_blkno());
	if (!bp)
		return false;
	tree = be16_to_cpu(((struct xfs_da3_blkinfo *)bp->b_addr)->magic) != XFS_DIR3_LEAF1_MAGIC;
	xfs_buf_put(bp);
	return tree;
}

static void test_directory(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 1024,
	};
	static uint32_t order[MAX];
	uint32_t n = 0, left, highest = 0;
	struct xfs_name name;
	struct walk w;
	char buf[32];
	int error;

	(void)state;
	rnd = test_rand(1);
	test_handle_make(&h, &mkfs, true);
	whichfork = XFS_DATA_FORK;
	h.fs.mp->m_geo.dir_node_ents = 4;
	/* Until the tree is as high as can be, and full. */
	for (;; n++) {
		assert_true(n < MAX);
		name = numbered(buf, n);
		error = test_dir_add(&h, &name, 10000 + n);
		if (error)
			break;
		if (is_tree() && n % 97 == 0) {
			w = check_tree();
			assert_int_equal(w.entries, n + 1 + 2);
			highest = w.root_level > highest ? w.root_level : highest;
		}
	}
	assert_int_equal(error, -ENOSPC);
	assert_int_equal(highest, 4);
	assert_false(xfs_is_shutdown(h.fs.mp));
	w = check_tree();
	assert_int_equal(w.entries, n + 2);
	assert_int_equal(mapped(h.fs.mp->m_geo.leafblk, h.fs.mp->m_geo.freeblk), w.blocks);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (left = n; left; left--) {
		uint32_t i = (uint32_t)xfs_rand_below(&rnd, left), victim = order[i];

		order[i] = order[left - 1];
		name = numbered(buf, victim);
		assert_int_equal(test_dir_remove(&h, &name, 10000 + victim), 0);
		if (is_tree() && left % 89 == 0) {
			w = check_tree();
			assert_int_equal(w.entries, left - 1 + 2);
			assert_int_equal(mapped(h.fs.mp->m_geo.leafblk, h.fs.mp->m_geo.freeblk),
					 w.blocks);
		}
	}
	assert_true(xfs_dir_is_empty(h.ip));
	assert_int_equal(h.ip->i_nblocks, 0);
	test_handle_destroy(&h);
}

/* Removing in the order of hashes empties leaf by leaf, from either end. */
static void test_one_side(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .dirblocksize = 1024,
	};
	static struct { xfs_dahash_t hash; uint32_t i; } all[4000];
	struct xfs_name name;
	char buf[32];

	(void)state;
	for (int side = 0; side < 2; side++) {
		test_handle_make(&h, &mkfs, true);
		whichfork = XFS_DATA_FORK;
		h.fs.mp->m_geo.dir_node_ents = 4;
		for (uint32_t i = 0; i < 4000; i++) {
			uint32_t k;

			name = numbered(buf, i);
			assert_int_equal(test_dir_add(&h, &name, 10000 + i), 0);
			for (k = i; k && all[k - 1].hash > xfs_name_hash(&h.fs.mp->m_geo, &name);
			     k--)
				all[k] = all[k - 1];
			all[k].hash = xfs_name_hash(&h.fs.mp->m_geo, &name);
			all[k].i = i;
		}
		for (uint32_t k = 0; k < 4000; k++) {
			uint32_t i = all[side ? 3999 - k : k].i;

			name = numbered(buf, i);
			assert_int_equal(test_dir_remove(&h, &name, 10000 + i), 0);
			if (is_tree() && k % 53 == 0)
				assert_int_equal(check_tree().entries, 3999 - k + 2);
		}
		assert_true(xfs_dir_is_empty(h.ip));
		test_handle_destroy(&h);
	}
}

/*
 * ---- attributes ---------------------------------------------------------------------------------
 */

static int attr_op(uint32_t i, uint32_t len, bool remove)
{
	static const uint8_t value[800];
	struct xfs_attr_name an = { .ns = 0 };
	struct xfs_name name;
	struct xfs_trans *tp;
	char buf[32];
	int error;

	name = numbered(buf, i);
	an.name = name.name;
	an.len = name.len;
	tp = test_begin(&h, xfs_attr_set_blocks(h.fs.mp, an.len, len));
	error = remove ? xfs_attr_remove(tp, h.ip, &an, NULL, 0)
		       : xfs_attr_set(tp, h.ip, &an, value, len, XFS_ATTR_OP_CREATE);
	test_end(&h, error);
	return error;
}

static void test_attributes(void **state)
{
	struct xfs_mkfs_options mkfs = {
		.size = sizeof(mkfs), .blocksize = 1024, .parent = XFS_MKFS_OFF,
	};
	static uint32_t order[MAX];
	uint32_t n = 0, left, highest = 0;
	struct walk w;
	int error;

	(void)state;
	rnd = test_rand(2);
	test_handle_make(&h, &mkfs, false);
	whichfork = XFS_ATTR_FORK;
	h.fs.mp->m_geo.attr_node_ents = 4;
	for (;; n++) {
		/* Records of all sizes up to the largest, which may split a leaf into three. */
		uint32_t len =
			(uint32_t)(n % 7 ? xfs_rand_below(&rnd, 60) : xfs_rand_below(&rnd, 745));

		assert_true(n < MAX);
		error = attr_op(n, len, false);
		if (error)
			break;
		if (h.ip->i_af.if_format != XFS_DINODE_FMT_LOCAL && n % 31 == 0) {
			w = check_tree();
			assert_int_equal(w.entries, n + 1);
			highest = w.root_level > highest ? w.root_level : highest;
			assert_int_equal(test_verify_fork(&h, XFS_ATTR_FORK, 1), w.blocks);
		}
	}
	assert_int_equal(error, -ENOSPC);
	assert_int_equal(highest, 4);
	assert_false(xfs_is_shutdown(h.fs.mp));
	w = check_tree();
	assert_int_equal(w.entries, n);
	assert_int_equal(mapped(0, UINT32_MAX), w.blocks);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (left = n; left; left--) {
		uint32_t i = (uint32_t)xfs_rand_below(&rnd, left), victim = order[i];

		order[i] = order[left - 1];
		assert_int_equal(attr_op(victim, 0, true), 0);
		if (h.ip->i_af.if_nextents && left % 29 == 0) {
			w = check_tree();
			assert_int_equal(w.entries, left - 1);
			assert_int_equal(mapped(0, UINT32_MAX), w.blocks);
			assert_int_equal(test_verify_fork(&h, XFS_ATTR_FORK, 1), w.blocks);
		}
	}
	assert_int_equal(h.ip->i_forkoff, 0);
	assert_int_equal(h.ip->i_nblocks, 0);
	test_handle_destroy(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_attributes),
	};

	test_seed_init(3);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
