/* SPDX-License-Identifier: MIT */
/*
 * Goal: the small things every file uses: arithmetic at its limits, on-disk
 * integers, lists, the trace ring.
 * Method: edge values; byte images written out by hand; seeded list operations
 * against an array.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/compiler.h"
#include "base/endian.h"
#include "base/list.h"
#include "base/trace.h"
#include "support/test_seed.h"

static void test_arithmetic(void **state)
{
	(void)state;
	assert_true(xfs_roundup64(0, 7) == 0);
	assert_true(xfs_roundup64(1, 7) == 7);
	assert_true(xfs_roundup64(7, 7) == 7);
	assert_true(xfs_rounddown64(13, 7) == 7);
	assert_true(xfs_howmany64(0, 4096) == 0);
	assert_true(xfs_howmany64(1, 4096) == 1);
	assert_true(xfs_howmany64(UINT64_MAX, 4096) == (uint64_t)1 << 52);
	assert_true(XFS_ALIGN((uint32_t)4097, 4096) == 8192);
	assert_true(XFS_ALIGN_DOWN((uint64_t)UINT64_MAX, 4096) == UINT64_MAX - 4095);
	assert_true(XFS_IS_ALIGNED((uint64_t)1 << 40, 4096));
	assert_false(XFS_IS_ALIGNED(513, 512));
	assert_false(xfs_is_power_of_2(0));
	assert_true(xfs_is_power_of_2(1));
	assert_true(xfs_is_power_of_2((uint64_t)1 << 63));
	assert_false(xfs_is_power_of_2(UINT64_MAX));
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t bit = (uint64_t)1 << i;

		assert_int_equal(xfs_highbit64(bit), i);
		assert_int_equal(xfs_lowbit64(bit), i);
		assert_int_equal(xfs_highbit64(bit | 1), i);
		assert_int_equal(xfs_log2_ceil(bit), i);
		if (i > 0 && i < 63)
			assert_int_equal(xfs_log2_ceil(bit + 1), i + 1);
	}
	assert_int_equal(xfs_log2_ceil(0), 0);
	assert_int_equal(XFS_MIN(3, 2), 2);
	assert_int_equal(XFS_MAX(3, 2), 3);
	assert_true(XFS_MIN_T(uint64_t, -1, 5) == 5);
}

static void test_endian(void **state)
{
	static const uint8_t bytes[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	uint8_t out[8];
	be16_t half;
	be32_t word;

	(void)state;
	assert_int_equal(get_be16(bytes), 0x0123);
	assert_int_equal(get_be32(bytes), 0x01234567);
	assert_true(get_be64(bytes) == 0x0123456789abcdefu);
	assert_int_equal(get_le16(bytes), 0x2301);
	assert_int_equal(get_le32(bytes), 0x67452301);
	assert_true(get_le64(bytes) == 0xefcdab8967452301u);
	put_be64(0x0123456789abcdefu, out);
	assert_memory_equal(out, bytes, 8);
	put_le64(0xefcdab8967452301u, out);
	assert_memory_equal(out, bytes, 8);
	/* At any address. */
	assert_int_equal(get_be32(bytes + 1), 0x23456789);
	assert_int_equal(be64_to_cpu(cpu_to_be64(42)), 42);

	word = cpu_to_be32(5);
	be32_add_cpu(&word, -6);
	assert_true(be32_to_cpu(word) == UINT32_MAX);
	be32_add_cpu(&word, 1);
	assert_int_equal(be32_to_cpu(word), 0);
	half = cpu_to_be16(0xffff);
	be16_add_cpu(&half, 2);
	assert_int_equal(be16_to_cpu(half), 1);
}

struct item {
	int number;
	struct xfs_list link;
};

static void check_list(struct xfs_list *head, const int *expected, unsigned int nr)
{
	struct xfs_list *back = head->prev, *pos;
	struct item *item;
	unsigned int n = 0;

	xfs_list_for_each_entry (item, head, link) {
		assert_true(n < nr);
		assert_int_equal(item->number, expected[n++]);
	}
	assert_int_equal(n, nr);
	for (; back != head; back = back->prev)
		assert_int_equal(xfs_list_entry(back, struct item, link)->number, expected[--n]);
	assert_int_equal(n, 0);
	xfs_list_for_each (pos, head)
		n++;
	assert_int_equal(n, nr);
	assert_int_equal(xfs_list_empty(head), nr == 0);
}

static void test_list(void **state)
{
	struct item items[6], *item, *tmp;
	struct xfs_list a, b;

	(void)state;
	xfs_list_init(&a);
	xfs_list_init(&b);
	check_list(&a, NULL, 0);
	for (int i = 0; i < 6; i++)
		items[i].number = i;
	xfs_list_add_tail(&items[1].link, &a);
	xfs_list_add_tail(&items[2].link, &a);
	xfs_list_add(&items[0].link, &a);
	check_list(&a, (const int[]){0, 1, 2}, 3);
	assert_int_equal(xfs_list_first_entry(&a, struct item, link)->number, 0);
	assert_int_equal(xfs_list_last_entry(&a, struct item, link)->number, 2);
	xfs_list_add_tail(&items[3].link, &b);
	xfs_list_add_tail(&items[4].link, &b);
	xfs_list_move_tail(&items[0].link, &b);
	xfs_list_move(&items[2].link, &b);
	check_list(&a, (const int[]){1}, 1);
	check_list(&b, (const int[]){2, 3, 4, 0}, 4);
	xfs_list_move(&items[1].link, &b);
	check_list(&a, NULL, 0);
	check_list(&b, (const int[]){1, 2, 3, 4, 0}, 5);
	xfs_list_for_each_entry_safe (item, tmp, &b, link) {
		if (item->number % 2 == 0) {
			xfs_list_del(&item->link);
			xfs_list_del(&item->link); /* once more does no harm */
		}
	}
	check_list(&b, (const int[]){1, 3}, 2);
}

struct lines {
	unsigned int nr;
	char first[64], last[64];
};

static void take_line(void *ctx, const char *line)
{
	struct lines *lines = ctx;

	if (!lines->nr++)
		strncpy(lines->first, line, sizeof(lines->first) - 1);
	strncpy(lines->last, line, sizeof(lines->last) - 1);
}

struct traced {
	const char *name;
	uint64_t sum;
	unsigned int nr;
};

static void take_trace(void *ctx, const char *name, const uint64_t *args, unsigned int nargs)
{
	struct traced *traced = ctx;

	traced->name = name;
	traced->nr++;
	for (unsigned int i = 0; i < nargs; i++)
		traced->sum += args[i];
}

static void test_trace(void **state)
{
	static const uint64_t args[] = {1, 2, 0xffffffffffffffffu, 4, 5, 6, 7};
	static struct xfs_trace_ring ring;
	struct lines lines = {0};
	struct traced traced = {0};
	const struct xfs_env env = {.size = sizeof(env), .ctx = &traced, .trace = take_trace};

	(void)state;
	xfs_trace_dump(&ring, take_line, &lines);
	assert_int_equal(lines.nr, 0);
	xfs_trace_record(&ring, "one", args, 0);
	xfs_trace_record(&ring, "two", args, 3);
	xfs_trace_record(&ring, "two", args, 7); /* more than fit */
	xfs_trace_dump(&ring, take_line, &lines);
	assert_int_equal(lines.nr, 3);
	assert_string_equal(lines.first, "0 one");
	assert_string_equal(lines.last, "2 two 0x1 0x2 0xffffffffffffffff 0x4 0x5");
	assert_int_equal(xfs_trace_count(&ring, "two"), 2);
	assert_int_equal(xfs_trace_count(&ring, "three"), 0);

	/* Once round: the oldest are gone, the order stays. */
	ring.env = &env;
	for (uint64_t i = 0; i < XFS_TRACE_ENTRIES; i++)
		xfs_trace_record(&ring, "round", &i, 1);
	memset(&lines, 0, sizeof(lines));
	xfs_trace_dump(&ring, take_line, &lines);
	assert_int_equal(lines.nr, XFS_TRACE_ENTRIES);
	assert_string_equal(lines.first, "3 round 0x0");
	assert_string_equal(lines.last, "258 round 0xff");
	assert_int_equal(xfs_trace_count(&ring, "one"), 0);
	assert_int_equal(traced.nr, XFS_TRACE_ENTRIES);
	assert_string_equal(traced.name, "round");
	assert_true(traced.sum == 255 * 256 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_endian),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
