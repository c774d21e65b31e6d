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
 * What a pick and an edit are given, as far as they care; a pick by what must hold; an edit
 * as one @change of what *@p, which is what @where says of @buf; NULL: this object will not do.
 */
#define ARGS \
	XFS_UNUSED const struct test_objects *objs, XFS_UNUSED const struct test_object *obj
#define PICK(name, cond) \
static bool name(ARGS, XFS_UNUSED const uint8_t *buf) \
{ \
	return cond; \
}
#define CHANGE(name, where, change) \
static bool name(ARGS, uint8_t *buf) \
{ \
	uint8_t *p = where; \
 \
	if (!p) \
		return false; \
	change; \
	return true; \
}

/* Where the literal area of an inode begins. */
#define LITERAL	176u

static inline const struct xfs_dinode *dinode(const uint8_t *buf)
{
	return (const void *)buf;
}

/*
 * Lines of a table.  @field: offset and size, see BYTES(), MEMBER(); 0 and 1: blocks of that level
 * of a tree, ROOT: of its root if that is no leaf; IF: an object that @pick likes.
 */
#define BYTES(off, size) off, size
#define MEMBER(type, m) offsetof(type, m), sizeof(((type *)0)->m)
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

/* The header of a block of a hashed tree; @ok: a pick, or NULL. */
#define DA_BLOCK(kind, what, ok) \
	FIELD_IF("magic", kind, BYTES(8, 2), '=', 0, what, "magic", ok), \
	FIELD_IF("blkno", kind, BYTES(16, 8), '+', 8, what, "blkno", ok), \
	FIELD_IF("lsn", kind, BYTES(24, 8), '=', 99ull << 32, what, "LSN", ok), \
	FIELD_IF("uuid", kind, BYTES(32, 1), '^', 1, what, "UUID", ok), \
	FIELD_IF("owner", kind, BYTES(48, 8), '+', 1, what, "owner", ok)
/* That of a block with a piece of a long value or target. */
#define PIECE_BLOCK(kind, what, wrong_lsn) \
	FIELD("magic", kind, BYTES(0, 4), '=', 0, what, "magic"), \
	FIELD("offset", kind, BYTES(4, 4), '+', 1, what, "piece"), \
	FIELD("bytes", kind, BYTES(8, 4), '+', (uint64_t)-1, what, "piece"), \
	FIELD("uuid", kind, BYTES(16, 1), '^', 1, what, "UUID"), \
	FIELD("owner", kind, BYTES(32, 8), '+', 1, what, "owner"), \
	FIELD("blkno", kind, BYTES(40, 8), '+', 8, what, "blkno"), \
	FIELD("lsn", kind, BYTES(48, 8), '=', wrong_lsn, what, "LSN")

/* A block of a hashed tree that has neighbours. */
static inline bool da_middle(ARGS, const uint8_t *buf)
{
	return get_be32(buf) && get_be32(buf + 4);
}

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

/* That as the whole of a cmocka test; what main() returns then, 77 if all @tests were skipped. */
void test_damage_demand(const struct test_image_plan *plan, const char *name,
			const struct test_damage_table *tables, size_t n);
int test_damage_report(int failed, size_t tests);

#endif
