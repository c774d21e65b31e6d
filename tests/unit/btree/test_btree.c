/* SPDX-License-Identifier: MIT */
/*
 * Goal: damage to a tree is found by whatever call meets it, as -EUCLEAN and
 * without looping; a tree for which there is no space is left as it was; device
 * errors come through.
 * Method: a small tree of four entries per block; one block of it is changed by
 * hand in one way, then every kind of call is made.  That undamaged trees are
 * kept right is the subject of model_btree.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "btree/btree.h"
#include "core/message.h"
#include "support/test_mount.h"

#define BLOCKSIZE	1024u
#define FIRST_BLOCK	16u
#define MAX		4u
#define NRECS		60u

static struct {
	struct xfs_mount *mp;
	struct xfs_trans *tp;
	uint64_t root, next_block;
	uint32_t nlevels, blocks, budget;
} T;

static int cmp(const void *entry, const struct xfs_btree_target *t)
{
	return get_be32(entry) < t->w[0] ? -1 : get_be32(entry) > t->w[0];
}
XFS_BTREE_DEFINE_SEARCH(search, 8, cmp)

static int cmp_keys(const void *a, const void *b)
{
	return memcmp(a, b, 4);
}

static void key_from_rec(void *key, const void *rec)
{
	memcpy(key, rec, 8);
}

static void target_from_rec(struct xfs_btree_target *t, const void *rec)
{
	t->w[0] = get_be32(rec);
}

static int reserve(struct xfs_btree_cur *cur, uint32_t blocks)
{
	(void)cur;
	return T.budget < blocks ? -ENOSPC : 0;
}

static int alloc_block(struct xfs_btree_cur *cur, uint64_t near_ptr, uint64_t *new_ptr)
{
	(void)cur;
	(void)near_ptr;
	assert_true(T.budget-- > 0);
	T.blocks++;
	*new_ptr = T.next_block++;
	return 0;
}

static int free_block(struct xfs_btree_cur *cur, struct xfs_buf *bp)
{
	T.blocks--;
	xfs_trans_binval(cur->bc_tp, bp);
	return 0;
}

static void set_root(struct xfs_btree_cur *cur, uint64_t ptr, int delta)
{
	(void)cur;
	T.root = ptr;
	T.nlevels += (uint32_t)delta;
}

static const struct xfs_buf_ops buf_ops = {
	.name = "test tree", .has_crc = true, .crc_off = XFS_BTREE_SBLOCK_CRC_OFF,
	.lsn_off = XFS_BTREE_SBLOCK_LSN_OFF,
};

static const struct xfs_btree_ops ops = {
	.name = "test tree", .buf_ops = &buf_ops, .magic = 0x54455354, .rec_len = 8, .key_len = 8,
	.search_recs = search, .search_keys = search, .cmp_rec = cmp, .cmp_key = cmp,
	.cmp_keys = cmp_keys, .key_from_rec = key_from_rec, .target_from_rec = target_from_rec,
	.reserve = reserve, .alloc_block = alloc_block, .free_block = free_block,
	.set_root = set_root,
};

static void init_cursor(struct xfs_btree_cur *cur)
{
	xfs_btree_init_cursor(cur, &ops, T.mp, T.tp, 0, T.nlevels, MAX, MAX);
	cur->bc_ag.root_ptr = T.root;
}

static uint8_t *block_at(uint64_t ptr)
{
	struct xfs_buf *bp;
	uint8_t *p;

	assert_int_equal(xfs_buf_read(T.mp, (xfs_daddr_t)(ptr * 2), BLOCKSIZE, &buf_ops, &bp), 0);
	p = bp->b_addr;
	xfs_buf_put(bp);	/* the transaction keeps it in memory */
	return p;
}

static int insert_key(uint32_t key)
{
	struct xfs_btree_target t = { .w = { key } };
	struct xfs_btree_cur cur;
	uint8_t rec[8];
	bool found;
	int error;

	put_be32(key, rec);
	put_be32(1, rec + 4);
	init_cursor(&cur);
	error = xfs_btree_lookup_eq(&cur, &t, &found);
	if (!error && !found)
		error = xfs_btree_insert(&cur, rec);
	xfs_btree_del_cursor(&cur);
	return error;
}

static int delete_key(uint32_t key)
{
	struct xfs_btree_target t = { .w = { key } };
	struct xfs_btree_cur cur;
	bool found;
	int error;

	init_cursor(&cur);
	error = xfs_btree_lookup_eq(&cur, &t, &found);
	if (!error && found)
		error = xfs_btree_delete(&cur);
	xfs_btree_del_cursor(&cur);
	return error;
}

/* Keys 10, 20 .. in a tree of at least three levels. */
static void build(void)
{
	struct xfs_sb sb = test_sb(BLOCKSIZE, 20000, 1);
	struct xfs_buf *bp;

	memset(&T, 0, sizeof(T));
	T.mp = test_mount_new(&sb);
	T.root = FIRST_BLOCK;
	T.next_block = FIRST_BLOCK + 1;
	T.nlevels = T.blocks = 1;
	T.budget = 1000;
	assert_int_equal(xfs_trans_alloc_bytes(T.mp, 256u << 10, 0, 0, &T.tp), 0);
	assert_int_equal(xfs_buf_get(T.mp, FIRST_BLOCK * 2, BLOCKSIZE, &buf_ops, &bp), 0);
	xfs_btree_init_block(T.mp, bp->b_addr, &ops, FIRST_BLOCK * 2, 0, 0, 0);
	xfs_trans_log_buf_all(T.tp, bp);
	xfs_buf_put(bp);
	for (uint32_t i = 1; i <= NRECS; i++)
		assert_int_equal(insert_key(10 * i), 0);
	assert_true(T.nlevels >= 3);
}

static void tear_down(void)
{
	assert_int_equal(xfs_trans_commit(T.tp), 0);
	test_mount_free(T.mp);
}

static int stop_late(struct xfs_btree_cur *cur, const void *rec, void *priv)
{
	uint32_t *n = priv;

	(void)cur;
	(void)rec;
	assert_true(++*n <= NRECS);
	return 0;
}

static uint32_t is_bad(int error)
{
	/* A block that two parents have may be freed by one of them. */
	if (error && error != -EUCLEAN && error != -EBADMSG)
		fail_msg("error %d: %s", error, xfs_last_text());
	return error != 0;
}

/* Every call there is; how many found damage.  None may go on for ever. */
static uint32_t try_everything(void)
{
	struct xfs_btree_target low = { .w = { 0 } }, high = { .w = { UINT32_MAX } };
	struct xfs_btree_cur cur;
	uint32_t bad = 0, n = 0;
	bool found = true;
	uint64_t blocks;
	int error;

	init_cursor(&cur);
	error = xfs_btree_goto_first(&cur, &found);
	for (; !error && found; n++) {
		assert_true(n <= NRECS);
		error = xfs_btree_increment(&cur, &found);
	}
	bad += is_bad(error);
	xfs_btree_del_cursor(&cur);

	init_cursor(&cur);
	error = xfs_btree_goto_last(&cur, &found);
	for (n = 0; !error && found; n++) {
		assert_true(n <= NRECS);
		error = xfs_btree_decrement(&cur, &found);
	}
	bad += is_bad(error);
	xfs_btree_del_cursor(&cur);

	init_cursor(&cur);
	n = 0;
	bad += is_bad(xfs_btree_query_range(&cur, &low, &high, stop_late, &n));
	xfs_btree_del_cursor(&cur);

	init_cursor(&cur);
	bad += is_bad(xfs_btree_count_blocks(&cur, &blocks));
	xfs_btree_del_cursor(&cur);

	for (uint32_t key = 5; key < 10 * NRECS + 10; key += 5) {
		struct xfs_btree_target t = { .w = { key } };

		init_cursor(&cur);
		bad += is_bad(xfs_btree_lookup_ge(&cur, &t, &found));
		xfs_btree_del_cursor(&cur);
	}
	/* Changes last: they make it worse. */
	for (uint32_t key = 5; key < 10 * NRECS; key += 10)
		bad += is_bad(insert_key(key));
	for (uint32_t key = 5; key < 10 * NRECS; key += 5)
		bad += is_bad(delete_key(key));
	return bad;
}

static uint64_t child(uint64_t ptr, uint32_t i)
{
	return get_be32(block_at(ptr) + 56 + MAX * 8 + 4 * i);
}

static void set_child(uint64_t ptr, uint32_t i, uint64_t to)
{
	put_be32((uint32_t)to, block_at(ptr) + 56 + MAX * 8 + 4 * i);
}

/* A node above leaves, in the middle. */
static uint64_t some_node(void)
{
	uint64_t ptr = T.root;

	for (uint32_t level = T.nlevels - 1; level > 1; level--)
		ptr = child(ptr, 1);
	return ptr;
}

static uint64_t some_leaf(void)
{
	return child(some_node(), 1);
}

enum damage {
	MAGIC, LEVEL, LEVEL_OF_NODE, TOO_MANY, EMPTY, EMPTY_NODE, LEFT_SIBLING, RIGHT_SIBLING,
	NO_SIBLINGS, KEY_OF_PARENT, ORDER_IN_NODE, POINTER_OUT_OF_AG, POINTER_TO_HEADER,
	POINTER_TO_SELF, POINTER_TWICE, POINTER_UP, FIRST_RECORD, LAST_RECORD, HEIGHT, NO_HEIGHT,
	DAMAGES
};

static void damage(enum damage how)
{
	uint64_t leaf = some_leaf(), node = some_node();
	uint8_t *l = block_at(leaf), *n = block_at(node);

	switch (how) {
	case MAGIC:
		l[0] ^= 1;
		break;
	case LEVEL:
		put_be16(1, l + 4);
		break;
	case LEVEL_OF_NODE:
		put_be16(0, n + 4);
		break;
	case TOO_MANY:
		put_be16(MAX + 1, l + 6);
		break;
	case EMPTY:
		put_be16(0, l + 6);
		break;
	case EMPTY_NODE:
		put_be16(0, n + 6);
		break;
	case LEFT_SIBLING:
		put_be32((uint32_t)T.root, l + 8);
		break;
	case RIGHT_SIBLING:
		put_be32((uint32_t)child(node, 0), l + 12);
		break;
	case NO_SIBLINGS:
		put_be32(NULLAGBLOCK, l + 8);
		put_be32(NULLAGBLOCK, l + 12);
		break;
	case KEY_OF_PARENT:
		put_be32(get_be32(n + 56 + 8) - 1, n + 56 + 8);
		break;
	case ORDER_IN_NODE:
		put_be32(get_be32(n + 56) - 1, n + 56 + 8);
		break;
	case POINTER_OUT_OF_AG:
		set_child(node, 1, 20000);
		break;
	case POINTER_TO_HEADER:
		set_child(node, 1, 1);
		break;
	case POINTER_TO_SELF:
		set_child(node, 1, node);
		break;
	case POINTER_TWICE:
		set_child(node, 1, child(node, 0));
		break;
	case POINTER_UP:
		set_child(node, 1, T.root);
		break;
	case FIRST_RECORD:
		put_be32(get_be32(l + 56) + 1, l + 56);
		break;
	case LAST_RECORD:
		put_be32(9999, l + 56 + 8 * (get_be16(l + 6) - 1u));
		break;
	case HEIGHT:
		T.nlevels++;
		break;
	case NO_HEIGHT:
		T.nlevels = 0;
		break;
	case DAMAGES:
		break;
	}
}

/* (CURSOR-4) */
static void test_damage_is_found(void **state)
{
	(void)state;
	for (enum damage how = 0; how < DAMAGES; how++) {
		build();
		damage(how);
		xfs_clear_text();
		if (try_everything() == 0)
			fail_msg("damage %d was not noticed", (int)how);
		assert_non_null(strstr(xfs_last_text(), "test tree"));
		tear_down();
	}
}

static void test_sound_tree_has_no_damage(void **state)
{
	(void)state;
	build();
	assert_int_equal(try_everything(), 0);
	tear_down();
}

static void test_record_out_of_place(void **state)
{
	struct xfs_btree_target t = { .w = { 205 } };
	struct xfs_btree_cur cur;
	uint8_t rec[8] = { 0 };
	uint32_t refused = 0;
	bool found;

	(void)state;
	build();
	init_cursor(&cur);
	assert_int_equal(xfs_btree_lookup_eq(&cur, &t, &found), 0);
	assert_false(found);
	if (xfs_btree_peek(&cur, 0)) {
		put_be32(500, rec);
		assert_int_equal(xfs_btree_insert(&cur, rec), -EUCLEAN);
		refused++;
	}
	if (xfs_btree_peek(&cur, -1)) {
		put_be32(5, rec);
		assert_int_equal(xfs_btree_insert(&cur, rec), -EUCLEAN);
		refused++;
	}
	xfs_btree_del_cursor(&cur);

	/* Nor may an update move a record. */
	t.w[0] = 200;
	init_cursor(&cur);
	assert_int_equal(xfs_btree_lookup_eq(&cur, &t, &found), 0);
	assert_true(found);
	if (xfs_btree_peek(&cur, 1)) {
		put_be32(500, rec);
		assert_int_equal(xfs_btree_update(&cur, rec), -EUCLEAN);
		refused++;
	}
	if (xfs_btree_peek(&cur, -1)) {
		put_be32(5, rec);
		assert_int_equal(xfs_btree_update(&cur, rec), -EUCLEAN);
		refused++;
	}
	xfs_btree_del_cursor(&cur);
	assert_true(refused >= 2);
	assert_int_equal(try_everything(), 0);
	tear_down();
}

/* (CURSOR-3) Without blocks an insert that needs some says so, and nothing happened. */
static void test_no_space(void **state)
{
	uint32_t refused = 0, taken = 0;

	(void)state;
	build();
	/* Appends left every leaf full: room in two of them. */
	assert_int_equal(delete_key(100), 0);
	assert_int_equal(delete_key(300), 0);
	for (uint32_t key = 1; key < 10 * NRECS; key++) {
		struct xfs_btree_target t = { .w = { key } };
		struct xfs_btree_cur cur;
		uint32_t blocks = T.blocks;
		bool found;
		int error;

		if (key % 10 == 0)
			continue;
		T.budget = 0;
		error = insert_key(key);
		assert_true(error == 0 || error == -ENOSPC);
		assert_int_equal(T.blocks, blocks);
		T.budget = 1000;
		init_cursor(&cur);
		assert_int_equal(xfs_btree_lookup_eq(&cur, &t, &found), 0);
		assert_int_equal(found, error == 0);
		xfs_btree_del_cursor(&cur);
		refused += error != 0;
		taken += error == 0;
	}
	assert_true(refused > 100 && taken > 0);
	tear_down();
}

/* Blocks are read when they are needed, and errors of the device are passed on. */
static void test_unreadable_block(void **state)
{
	struct xfs_btree_target t = { .w = { 305 } };
	struct xfs_btree_cur cur;
	uint64_t leaf;
	uint8_t junk[512] = { 1, 2, 3 };
	bool found;

	(void)state;
	build();
	init_cursor(&cur);
	assert_int_equal(xfs_btree_lookup_le(&cur, &t, &found), 0);
	leaf = xfs_btree_buf_ptr(&cur, cur.bc_levels[0].bp);
	xfs_btree_del_cursor(&cur);
	assert_int_equal(xfs_trans_commit(T.tp), 0);
	test_mount_cycle_cache(T.mp);
	assert_int_equal(xfs_trans_alloc_bytes(T.mp, 256u << 10, 0, 0, &T.tp), 0);
	assert_int_equal(xfs_device_pwrite(T.mp->m_dev, leaf * BLOCKSIZE + 512, junk, 512, 0), 0);
	init_cursor(&cur);
	assert_int_equal(xfs_btree_lookup_le(&cur, &t, &found), -EBADMSG);
	xfs_btree_del_cursor(&cur);
	t.w[0] = 10;
	init_cursor(&cur);
	assert_int_equal(xfs_btree_lookup_le(&cur, &t, &found), 0);
	assert_true(found);
	xfs_btree_del_cursor(&cur);
	tear_down();
}

static void test_peek_stays_in_the_leaf(void **state)
{
	struct xfs_btree_cur cur;
	uint32_t n;
	bool found;

	(void)state;
	build();
	init_cursor(&cur);
	assert_int_equal(xfs_btree_goto_first(&cur, &found), 0);
	assert_null(xfs_btree_peek(&cur, -1));
	n = get_be16(cur.bc_levels[0].hdr + 1);
	assert_int_equal(get_be32(xfs_btree_peek(&cur, 0)), 10);
	assert_int_equal(get_be32(xfs_btree_peek(&cur, (int32_t)n - 1)), 10 * n);
	assert_null(xfs_btree_peek(&cur, (int32_t)n));
	xfs_btree_del_cursor(&cur);
	xfs_btree_del_cursor(&cur);	/* any number of times */
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_tree_has_no_damage),
		cmocka_unit_test(test_damage_is_found),
		cmocka_unit_test(test_record_out_of_place),
		cmocka_unit_test(test_no_space),
		cmocka_unit_test(test_unreadable_block),
		cmocka_unit_test(test_peek_stays_in_the_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
