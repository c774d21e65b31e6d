/* SPDX-License-Identifier: MIT */
/*
 * Goal: the checksum is CRC-32C as XFS uses it.
 * Method: published check values, and the field-as-zero rule.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/crc32c.h"

static void test_check_values(void **state)
{
	static const uint8_t zeros[32];

	(void)state;
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, "123456789", 9), 0xe3069283);
	assert_int_equal(~xfs_crc32c(XFS_CRC_SEED, zeros, 32), 0x8a9136aa);
}

static void test_field_counts_as_zero(void **state)
{
	uint8_t obj[512];

	(void)state;
	for (unsigned int i = 0; i < sizeof(obj); i++)
		obj[i] = (uint8_t)(i * 7);
	xfs_cksum_set(obj, sizeof(obj), 100);
	assert_true(xfs_cksum_ok(obj, sizeof(obj), 100));
	obj[511] ^= 1;
	assert_false(xfs_cksum_ok(obj, sizeof(obj), 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_values),
		cmocka_unit_test(test_field_counts_as_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
