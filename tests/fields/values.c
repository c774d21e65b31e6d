/* SPDX-License-Identifier: MIT */
/* The values that a field gets. */
#include "fields/fields.h"

const char *const field_value_names[FIELD_NR_VALUES] = {
	"low-bit", "high-bit", "zero", "ones", "plus-one",
};

static uint64_t all(unsigned int bits)
{
	return bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
}

uint64_t field_value(enum field_value value, uint64_t old, unsigned int bits)
{
	switch (value) {
	case FIELD_LOW_BIT:
		return old ^ 1;
	case FIELD_HIGH_BIT:
		return old ^ 1ull << (bits - 1);
	case FIELD_ZERO:
		return 0;
	case FIELD_ONES:
		return all(bits);
	default:
		return (old + 1) & all(bits);
	}
}

bool field_value_is_new(enum field_value value, uint64_t old, unsigned int bits)
{
	uint64_t v = field_value(value, old, bits);

	if (v == old)
		return false;
	for (unsigned int i = 0; i < (unsigned int)value; i++) {
		if (field_value((enum field_value)i, old, bits) == v)
			return false;
	}
	return true;
}

uint64_t field_get(const uint8_t *buf, uint32_t off, unsigned int bit, unsigned int bits)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bits; i++) {
		unsigned int at = bit + i;

		v = v << 1 | (buf[off + at / 8] >> (7 - at % 8) & 1);
	}
	return v;
}

void field_set(uint8_t *buf, uint32_t off, unsigned int bit, unsigned int bits, uint64_t v)
{
	for (unsigned int i = 0; i < bits; i++) {
		unsigned int at = bit + i, mask = 0x80u >> at % 8;

		if (v >> (bits - 1 - i) & 1)
			buf[off + at / 8] |= (uint8_t)mask;
		else
			buf[off + at / 8] &= (uint8_t)~mask;
	}
}
