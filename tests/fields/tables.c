/* SPDX-License-Identifier: MIT */
/* The stored verdicts of checker and xfs_repair, and the differences that have a reason. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fields/tables.h"

static void *more(void *v, size_t n, size_t size)
{
	if (n % 256 == 0)
		v = realloc(v, (n + 256) * size);
	if (!v)
		abort();
	return v;
}

static char *copy(const char *s)
{
	char *d = strdup(s);

	if (!d)
		abort();
	return d;
}

/* The @n-th tab of @line, or NULL. */
static char *tab(char *line, unsigned int n)
{
	char *p = line;

	while (n-- && p) {
		p = strchr(p, '\t');
		if (p && n)
			p++;
	}
	return p;
}

/* Calls @row for each line that is no comment, without its end. */
static int each_line(const char *path, bool (*row)(void *ctx, char *line), void *ctx)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	bool ok = true;

	if (!f) {
		perror(path);
		return 1;
	}
	while (ok && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			ok = row(ctx, line);
	}
	if (!ok)
		fprintf(stderr, "%s: not understood: %s\n", path, line);
	fclose(f);
	return !ok;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct field_row *)a)->name, ((const struct field_row *)b)->name);
}

static bool table_row(void *ctx, char *line)
{
	struct field_table *table = ctx;
	struct field_row *row;
	char *letters = tab(line, 2);

	if (!letters || strlen(letters) != 3 * (1 + FIELD_NR_VALUES))
		return false;
	*letters++ = '\0';
	table->v = more(table->v, table->n, sizeof(*table->v));
	row = &table->v[table->n++];
	snprintf(row->name, sizeof(row->name), "%s", line);
	for (unsigned int i = 0; i < FIELD_NR_VALUES; i++) {
		for (unsigned int k = 0; k < 3; k++)
			row->said[i][k] = letters[k * (1 + FIELD_NR_VALUES) + i];
	}
	return true;
}

int field_table_read(struct field_table *table, const char *path)
{
	if (each_line(path, table_row, table))
		return 1;
	qsort(table->v, table->n, sizeof(*table->v), by_name);
	return 0;
}

const struct field_row *field_table_find(const struct field_table *table, const char *name)
{
	struct field_row key;

	snprintf(key.name, sizeof(key.name), "%s", name);
	return table->n ? bsearch(&key, table->v, table->n, sizeof(*table->v), by_name) : NULL;
}

void field_table_free(struct field_table *table)
{
	free(table->v);
}

void field_row_print(const struct field_row *row)
{
	fputs(row->name, stdout);
	for (unsigned int k = 0; k < 3; k++) {
		putchar('\t');
		for (unsigned int i = 0; i < FIELD_NR_VALUES; i++)
			putchar(row->said[i][k]);
	}
	putchar('\n');
	fflush(stdout);
}

static bool difference(void *ctx, char *line)
{
	struct field_differences *list = ctx;
	char *reason = tab(line, 3);

	if (!reason || !reason[1])
		return false;
	*reason++ = '\0';
	list->v = more(list->v, list->n, sizeof(*list->v));
	list->v[list->n].pattern = copy(line);
	list->v[list->n++].reason = copy(reason);
	return true;
}

int field_differences_read(struct field_differences *list, const char *path)
{
	return each_line(path, difference, list);
}

const char *field_differs(const struct field_differences *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!fnmatch(list->v[i].pattern, name, 0))
			return list->v[i].reason;
	}
	return NULL;
}

void field_differences_free(struct field_differences *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].pattern);
		free(list->v[i].reason);
	}
	free(list->v);
}
