/* SPDX-License-Identifier: MIT */
/* The table of what everybody told, and the list of changes in which they may differ, as files. */
#ifndef TESTS_FIELDS_TABLES_H
#define TESTS_FIELDS_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include "fields/fields.h"

#define FIELD_NO_CHANGE	'.'

struct field_row {
	char name[120];			/* structure and field, with a tab between */
	char said[FIELD_NR_VALUES][3];	/* ours, an xfs_repair, a newer one: enum verdict */
};

struct field_table {
	struct field_row *v;
	size_t n;
};

/* 0, or 1 with the reason on stderr. */
int field_table_read(struct field_table *table, const char *path);
/* NULL: not in it. */
const struct field_row *field_table_find(const struct field_table *table, const char *name);
void field_table_free(struct field_table *table);
void field_row_print(const struct field_row *row);

/*
 * Lines of three shell patterns, for structure, field and value, and a reason, separated by tabs;
 * '#' begins a comment.
 */
struct field_differences {
	struct {
		char *pattern, *reason;
	} *v;
	size_t n;
};

int field_differences_read(struct field_differences *list, const char *path);
/* The reason why the change @name may be told by xfs_repair alone, or NULL. */
const char *field_differs(const struct field_differences *list, const char *name);
void field_differences_free(struct field_differences *list);

#endif
