/* SPDX-License-Identifier: MIT */
/*
 * One damage at a time: change a field of a live object, make its checksum
 * right again, and see whether the checker names the structure.
 */
#ifndef SUPPORT_DAMAGE_H
#define SUPPORT_DAMAGE_H

#include "support/kernel_image.h"
#include "support/objects.h"

#define TEST_ANY_LEVEL	(-1)
#define TEST_ROOT_LEVEL	(-2)		/* any but leaves */

struct test_damage {
	const char *name;
	enum test_kind kind;
	int level;			/* of tree blocks, or TEST_*_LEVEL */
	/* A field of 1, 2, 4 or 8 big-endian bytes: '=' set, '+' add, '^' flip bits ... */
	uint32_t off;
	uint8_t size;
	char op;
	uint64_t value;
	/* ... or anything else.  False: this object will not do. */
	bool (*edit)(const struct test_objects *objs, const struct test_object *obj, uint8_t *buf);
	const char *expect;		/* structure that must be named ... */
	const char *say;		/* ... and words in the text; NULL: any */
	/* Which object, NULL: the first. */
	bool (*pick)(const struct test_objects *objs, const struct test_object *obj,
		     const uint8_t *buf);
};

/*
 * Lines of a table.  @field: offset and size, see BYTES(); 0 and 1: blocks of that level
 * of a tree, ROOT: of its root if that is no leaf; IF: an object that @pick likes.
 */
#define BYTES(off, size) off, size
#define FIELD(name, kind, field, op, value, expect, say) \
	{ name, kind, TEST_ANY_LEVEL, field, op, value, NULL, expect, say, NULL }
#define FIELD_IF(name, kind, field, op, value, expect, say, pick) \
	{ name, kind, TEST_ANY_LEVEL, field, op, value, NULL, expect, say, pick }
#define FIELD0(name, kind, field, op, value, expect, say) \
	{ name, kind, 0, field, op, value, NULL, expect, say, NULL }
#define FIELD0_IF(name, kind, field, op, value, expect, say, pick) \
	{ name, kind, 0, field, op, value, NULL, expect, say, pick }
#define FIELD1(name, kind, field, op, value, expect, say) \
	{ name, kind, 1, field, op, value, NULL, expect, say, NULL }
#define FIELD1_IF(name, kind, field, op, value, expect, say, pick) \
	{ name, kind, 1, field, op, value, NULL, expect, say, pick }
#define FIELD_ROOT_IF(name, kind, field, op, value, expect, say, pick) \
	{ name, kind, TEST_ROOT_LEVEL, field, op, value, NULL, expect, say, pick }
#define EDIT(name, kind, edit, expect, say) \
	{ name, kind, TEST_ANY_LEVEL, 0, 0, 0, 0, edit, expect, say, NULL }
#define EDIT_IF(name, kind, edit, expect, say, pick) \
	{ name, kind, TEST_ANY_LEVEL, 0, 0, 0, 0, edit, expect, say, pick }
#define EDIT0(name, kind, edit, expect, say) \
	{ name, kind, 0, 0, 0, 0, 0, edit, expect, say, NULL }
#define EDIT0_IF(name, kind, edit, expect, say, pick) \
	{ name, kind, 0, 0, 0, 0, 0, edit, expect, say, pick }

/*
 * Do each of @table in turn to the image of @objs.  Returns how many were not
 * noticed as they should; each is told on stderr.  *@lacking (NULL: that is a failure)
 * counts those for which the image has nothing to damage.
 */
int test_damage_run(const struct test_objects *objs, const struct test_damage *table, size_t n,
		    size_t *lacking);

struct test_damage_table {
	const struct test_damage *v;
	size_t n;
};
#define TEST_TABLE(t)	{ t, sizeof(t) / sizeof((t)[0]) }

/*
 * The same on an image made after @plan, which must check clean before.  77: such
 * an image cannot be made here; the reason is told.
 */
int test_damage_plan(const struct test_image_plan *plan, const char *name,
		     const struct test_damage_table *tables, size_t n);

#endif
