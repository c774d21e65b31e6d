/* SPDX-License-Identifier: MIT */
/*
 * Every field of every structure on disk, as data: where it stands, so that a program can change
 * one at a time and see who notices.
 */
#ifndef TESTS_FIELDS_FIELDS_H
#define TESTS_FIELDS_FIELDS_H

#include "support/objects.h"

/* A big-endian number of @bits (1 to 64) that begins with bit @bit of byte @off. */
struct field {
	const char *name;
	uint32_t off;
	uint8_t bit, bits;
	/* Where @off counts from; 0: this object has no such field.  NULL: from its start. */
	uint32_t (*base)(const struct test_objects *objs, const uint8_t *buf);
};

struct field_list {
	const struct field *v;
	size_t n;
};

/* Objects of one kind and form; the first one that fits is changed. */
struct structure {
	const char *name;
	enum test_kind kind;
	int level;			/* of tree blocks; -1: any */
	bool (*pick)(const struct test_objects *objs, const struct test_object *obj,
		     const uint8_t *buf);
	struct field_list lists[3];
};

struct structure_list {
	const struct structure *v;
	size_t n;
};

#define FIELD_COUNT(t)	(sizeof(t) / sizeof((t)[0]))
#define FIELDS(t)	{ t, FIELD_COUNT(t) }
/* A field by its struct and member, by offset and bytes, behind @base. */
#define F(type, m)	{ #m, offsetof(type, m), 0, FIELD_BITS(sizeof(((type *)0)->m)), NULL }
#define FIELD_BITS(size)	((uint8_t)((size) > 8 ? 64 : (size) * 8))
#define AT(name, off, size)	{ name, off, 0, (size) * 8, NULL }
#define BEHIND(name, base, off, size)	{ name, off, 0, (size) * 8, base }
#define BITS_BEHIND(name, base, off, bit, bits)	{ name, off, bit, bits, base }

extern const struct structure_list fields_of_ag, fields_of_files, fields_of_dirs;

/* What changing a field is called, and the new value for @old of @bits bits. */
enum field_value { FIELD_LOW_BIT, FIELD_HIGH_BIT, FIELD_ZERO, FIELD_ONES, FIELD_PLUS_ONE,
		   FIELD_NR_VALUES };
extern const char *const field_value_names[FIELD_NR_VALUES];
uint64_t field_value(enum field_value value, uint64_t old, unsigned int bits);
/* False: the same as what an earlier value of the list does, or no change. */
bool field_value_is_new(enum field_value value, uint64_t old, unsigned int bits);
uint64_t field_get(const uint8_t *buf, uint32_t off, unsigned int bit, unsigned int bits);
void field_set(uint8_t *buf, uint32_t off, unsigned int bit, unsigned int bits, uint64_t v);

/* What xfs_repair -n, run as @command, says of @image. */
enum verdict {
	VERDICT_NONE = '?',
	VERDICT_SILENT = '-',
	VERDICT_REPORTS = 'R',
	VERDICT_DIES = 'D',
};
enum verdict repair_judge(const char *command, const char *image);

#endif
