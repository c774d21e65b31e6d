/* SPDX-License-Identifier: MIT */
/*
 * Goal: the checksum is CRC-32C as XFS uses it, by the tables and by the CPU's
 * instruction, for every length and alignment.
 * Method: published check values; a bit-by-bit computation that shares nothing
 * with the library; the field-as-zero rule.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/crc32c.h"
#include "support/test_seed.h"

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *p, size_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int k = 0; k < 8; k++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return crc;
}

static void test_check_values(void **state)
{
	static const uint8_t zeros[32];
	uint8_t ones[32], up[32];

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		ones[i] = 0xff;
		up[i] = (uint8_t)i;
	}
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, "123456789", 9), 0xe3069283);
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, zeros, 32), 0x8a9136aa);
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, ones, 32), 0x62a8ab43);
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, up, 32), 0x46dd794e);
}

/* Every length over the places where the method changes, at every alignment. */
static void test_all_lengths(void **state)
{
	enum { MAX = 3 * 1336 + 3 * 136 + 64 };
	static uint8_t buf[MAX + 16];
	uint32_t expected = XFS_CRC_SEED;

	(void)state;
	test_pattern_fill(buf, sizeof(buf), test_seed());
	for (size_t len = 0; len <= MAX; len++) {
		assert_int_equal(xfs_crc32c(XFS_CRC_SEED, buf, len), expected);
		assert_int_equal(xfs_crc32c_portable(XFS_CRC_SEED, buf, len), expected);
		expected = bit_by_bit(expected, buf + len, 1);
	}
	for (size_t align = 1; align < 16; align++) {
		expected = bit_by_bit(7, buf + align, MAX);
		assert_int_equal(xfs_crc32c(7, buf + align, MAX), expected);
		assert_int_equal(xfs_crc32c_portable(7, buf + align, MAX), expected);
	}
}

/* Each byte value in each place of the pieces meets each entry of the tables. */
static void test_every_table_entry(void **state)
{
	static uint8_t buf[3 * 1336];

	(void)state;
	for (uint32_t byte = 0; byte < 4; byte++) {
		for (uint32_t value = 0; value < 256; value++) {
			uint32_t crc = value << (8 * byte);

			assert_int_equal(xfs_crc32c(crc, buf, sizeof(buf)),
					 bit_by_bit(crc, buf, sizeof(buf)));
			assert_int_equal(xfs_crc32c(crc, buf, 3 * 136),
					 bit_by_bit(crc, buf, 3 * 136));
			assert_int_equal(xfs_crc32c_portable(crc, buf, 8), bit_by_bit(crc, buf, 8));
		}
	}
	for (unsigned int place = 0; place < 8; place++) {
		for (unsigned int value = 0; value < 256; value++) {
			buf[place] = (uint8_t)value;
			assert_int_equal(xfs_crc32c_portable(0, buf, 8), bit_by_bit(0, buf, 8));
		}
		buf[place] = 0;
	}
}

static void test_in_pieces(void **state)
{
	static uint8_t buf[100000];
	struct xfs_rand r = test_rand(1);
	uint32_t whole, crc = XFS_CRC_SEED;
	size_t done = 0;

	(void)state;
	test_pattern_fill(buf, sizeof(buf), test_seed());
	whole = xfs_crc32c(XFS_CRC_SEED, buf, sizeof(buf));
	while (done < sizeof(buf)) {
		size_t step = XFS_MIN((size_t)xfs_rand_below(&r, 9000), sizeof(buf) - done);

		crc = xfs_crc32c(crc, buf + done, step);
		done += step;
	}
	assert_int_equal(crc, whole);
	assert_int_equal(bit_by_bit(XFS_CRC_SEED, buf, sizeof(buf)), whole);
}

static void test_field_counts_as_zero(void **state)
{
	static const size_t sizes[] = {4, 64, 136, 512, 4096, 65536};
	static uint8_t obj[65536];
	struct xfs_rand r = test_rand(2);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t len = sizes[i], off = xfs_rand_below(&r, len - 3);
		uint32_t expected;
		size_t flip = xfs_rand_below(&r, len);

		test_pattern_fill(obj, len, i);
		put_le32(0, obj + off);
		expected = ~bit_by_bit(XFS_CRC_SEED, obj, len);
		put_le32(0xdeadbeef, obj + off);
		assert_int_equal(xfs_cksum(obj, len, off), expected);
		assert_false(xfs_cksum_ok(obj, len, off));
		xfs_cksum_set(obj, len, off);
		assert_int_equal(get_le32(obj + off), expected);
		assert_true(xfs_cksum_ok(obj, len, off));
		obj[flip] ^= 1;
		assert_false(xfs_cksum_ok(obj, len, off));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_values),	     cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_every_table_entry),    cmocka_unit_test(test_in_pieces),
		cmocka_unit_test(test_field_counts_as_zero),
	};

	test_seed_init(20240611);
	return test_seed_report(cmocka_run_group_tests(tests, NULL, NULL));
}
