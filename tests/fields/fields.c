/* SPDX-License-Identifier: MIT */
/*
 * Goal: a field that xfs_repair -n tells to be wrong is told by the checker too.
 * Method: in an image with every structure, each field in turn gets a few other values, the
 * checksum is made right, and the checker and up to two versions of xfs_repair judge the image.
 *
 *   fields [-e TABLE] [-d DIFFERENCES] [-r COMMAND] [-n COMMAND] [-f PERCENT] [-p PERCENT]
 *          [-b SECONDS] [-s SEED] [-m TEXT] [-u] [-w] IMAGE
 *     -r  an xfs_repair                     -n  a newer one
 *     -f  percent of the fields             -p  percent of their changes that xfs_repair judges,
 *     -s  which ones (default 1)                and no longer than -b says
 *     -m  only changes named by TEXT        -u  xfs_repair judges what ours is silent about
 *     -e  the table as it was: ours must be the same, and xfs_repair where it judges
 *     -d  changes that only xfs_repair may report
 *     -w  print the table, with what -e knew where xfs_repair was not asked now
 *
 * A row of the table: structure, field, what ours, xfs_repair and the newer one said, with a letter
 * for each of low bit, high bit, zero, all ones, plus one: R reports it, D dies of it, - is silent,
 * ? was not asked; a point where the change is none or the same as one before.  IMAGE is written to
 * while xfs_repair runs, and mended afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/rand.h"
#include "fields/fields.h"
#include "fields/tables.h"

static struct {
	struct test_objects objs;
	struct xfs_device *overlay;
	const char *image, *only, *repair[2];
	int fd;
	bool print, unnoticed;
	unsigned int percent, fields;
	time_t until;
	struct xfs_rand rand;
	struct field_table expected;
	struct field_differences allowed;
	unsigned int changes, both, ours_only, theirs_only, neither, judged, allowed_changes,
		failed;
} run = {.percent = 100, .fields = 100};

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static const struct test_object *find(const struct structure *s, uint8_t *buf)
{
	for (size_t i = 0; i < run.objs.n; i++) {
		const struct test_object *obj = &run.objs.v[i];

		if (obj->kind != s->kind || (s->level >= 0 && obj->level != (uint32_t)s->level))
			continue;
		if (test_object_read(run.objs.dev, obj, buf))
			abort();
		if (!s->pick || s->pick(&run.objs, obj, buf))
			return obj;
	}
	return NULL;
}

static enum verdict judge_ours(void)
{
	struct test_findings found = {0};
	enum verdict v;

	test_check(run.overlay, 0, 1, &found);
	v = found.error || found.n ? VERDICT_REPORTS : VERDICT_SILENT;
	if (getenv("FIELDS_SAY") && v == VERDICT_REPORTS)
		fprintf(stderr, "    ours: %s\n",
			found.n ? found.v[0].text : strerror(-found.error));
	test_findings_free(&found);
	return v;
}

static void put(const struct test_object *obj, const uint8_t *buf)
{
	if (pwrite(run.fd, buf, obj->len, (off_t)obj->offset) != (ssize_t)obj->len) {
		perror(run.image);
		abort();
	}
}

/* What those that are asked say of @now in place of @before. */
static void judge_theirs(const struct test_object *obj, const uint8_t *before,
			 const uint8_t *changed, enum verdict said[2])
{
	if ((!run.repair[0] && !run.repair[1]) || (run.until && now() >= run.until) ||
	    xfs_rand_below(&run.rand, 100) >= run.percent)
		return;
	put(obj, changed);
	for (int i = 0; i < 2; i++) {
		if (run.repair[i])
			said[i] = repair_judge(run.repair[i], run.image);
	}
	put(obj, before);
	run.judged++;
}

static bool complains(enum verdict v)
{
	return v == VERDICT_REPORTS || v == VERDICT_DIES;
}

static void fail(const char *name, const enum verdict said[3], const char *why)
{
	fprintf(stderr, "%s: %s (ours %c, xfs_repair %c, newer %c)\n", name, why, said[0], said[1],
		said[2]);
	run.failed++;
}

/* @was: what the table has for the change, NULL: nothing. */
static void compare(const char *name, const enum verdict said[3], const char *was)
{
	bool asked = said[1] != VERDICT_NONE || said[2] != VERDICT_NONE;
	bool we = complains(said[0]), they = complains(said[1]) || complains(said[2]);

	run.both += asked && we && they;
	run.ours_only += asked && we && !they;
	run.theirs_only += asked && !we && they;
	run.neither += asked && !we && !they;
	if (they && !we) {
		if (field_differs(&run.allowed, name))
			run.allowed_changes++;
		else
			fail(name, said, "xfs_repair reports it, the checker does not");
	}
	if (!run.expected.n)
		return;
	if (!was || *was == FIELD_NO_CHANGE) {
		fail(name, said, "not in the table");
		return;
	}
	if (said[0] != (enum verdict)was[0])
		fail(name, said, "the checker says something else than the table");
	/* Other versions of xfs_repair may say more or less. */
	for (int i = 1; i < 3; i++) {
		enum verdict before = (enum verdict)was[i];

		if (said[i] != VERDICT_NONE && before != VERDICT_NONE &&
		    complains(said[i]) != complains(before))
			fprintf(stderr, "note: %s: xfs_repair says %c, the table %c\n", name,
				said[i], before);
	}
}

static void one(const struct test_object *obj, const uint8_t *before, uint32_t off,
		const struct field *f, uint64_t v, enum verdict said[3])
{
	static uint8_t buf[65536];

	memcpy(buf, before, obj->len);
	field_set(buf, off, f->bit, f->bits, v);
	/* A wrong checksum is what changing that field is about. */
	if (off != obj->crc_off)
		test_object_fix_crc(obj, buf);
	if (test_object_write(run.overlay, obj, buf))
		abort();
	said[0] = judge_ours();
	said[1] = said[2] = VERDICT_NONE;
	if (!run.unnoticed || said[0] == VERDICT_SILENT)
		judge_theirs(obj, before, buf, said + 1);
	if (xfs_device_overlay_discard(run.overlay))
		abort();
	run.changes++;
}

static void all_values(const struct structure *s, const struct test_object *obj,
		       const uint8_t *before, const struct field *f)
{
	uint32_t base = f->base ? f->base(&run.objs, before) : 0, off = base + f->off;
	const struct field_row *row;
	struct field_row told;
	char name[200];
	uint64_t old;

	if ((f->base && !base) || off + (f->bit + f->bits + 7u) / 8 > obj->len)
		return;
	old = field_get(before, off, f->bit, f->bits);
	snprintf(told.name, sizeof(told.name), "%s\t%s", s->name, f->name);
	row = field_table_find(&run.expected, told.name);
	for (unsigned int i = 0; i < FIELD_NR_VALUES; i++) {
		enum field_value value = (enum field_value)i;
		enum verdict said[3];

		memset(told.said[i], FIELD_NO_CHANGE, sizeof(told.said[i]));
		snprintf(name, sizeof(name), "%s\t%s", told.name, field_value_names[i]);
		if (!field_value_is_new(value, old, f->bits) ||
		    (run.only && !strstr(name, run.only)))
			continue;
		one(obj, before, off, f, field_value(value, old, f->bits), said);
		compare(name, said, row ? row->said[i] : NULL);
		for (int k = 0; k < 3; k++)
			told.said[i][k] =
				said[k] == VERDICT_NONE && row ? row->said[i][k] : (char)said[k];
	}
	if (run.print)
		field_row_print(&told);
}

static void all_fields(const struct structure_list *list)
{
	static uint8_t before[65536];
	char name[120];

	for (size_t i = 0; i < list->n; i++) {
		const struct structure *s = &list->v[i];
		const struct test_object *obj = find(s, before);

		if (!obj) {
			fprintf(stderr, "note: %s: none in the image\n", s->name);
			snprintf(name, sizeof(name), "%s\t%s", s->name, s->lists[0].v[0].name);
			run.failed += field_table_find(&run.expected, name) != NULL;
			continue;
		}
		for (size_t l = 0; l < FIELD_COUNT(s->lists); l++) {
			for (size_t f = 0; f < s->lists[l].n; f++) {
				if (xfs_rand_below(&run.rand, 100) < run.fields)
					all_values(s, obj, before, &s->lists[l].v[f]);
			}
		}
	}
}

static int open_image(const char *path)
{
	struct xfs_device *dev;
	int error;

	run.image = path;
	run.fd = open(path, O_RDWR | O_CLOEXEC);
	if (run.fd < 0)
		return -errno;
	error = xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev);
	if (!error)
		error = test_objects_find(dev, &run.objs);
	if (!error)
		error = xfs_device_open_overlay(dev, NULL, &run.overlay);
	return error;
}

static int options(int argc, char **argv)
{
	uint64_t seed = 1;
	int c;

	while ((c = getopt(argc, argv, "e:d:r:n:f:p:b:s:m:uw")) != -1) {
		switch (c) {
		case 'e':
			if (field_table_read(&run.expected, optarg))
				return 1;
			break;
		case 'd':
			if (field_differences_read(&run.allowed, optarg))
				return 1;
			break;
		case 'r':
			run.repair[0] = optarg;
			break;
		case 'n':
			run.repair[1] = optarg;
			break;
		case 'f':
			run.fields = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'p':
			run.percent = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'b':
			run.until = now() + (time_t)strtol(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			run.only = optarg;
			break;
		case 'u':
			run.unnoticed = true;
			break;
		case 'w':
			run.print = true;
			break;
		default:
			return 1;
		}
	}
	xfs_rand_seed(&run.rand, seed);
	return optind + 1 != argc;
}

/* One that is older than features of the image complains of them: it is not asked. */
static void leave_out_strangers(void)
{
	for (int i = 0; i < 2; i++) {
		if (run.repair[i] && repair_judge(run.repair[i], run.image) != VERDICT_SILENT) {
			fprintf(stderr, "note: %s does not accept the image as it is: not asked\n",
				run.repair[i]);
			run.repair[i] = NULL;
		}
	}
}

int main(int argc, char **argv)
{
	int error;

	if (options(argc, argv)) {
		fprintf(stderr,
			"usage: fields [-e TABLE] [-d DIFFERENCES] [-r COMMAND] [-n COMMAND]\n"
			"              [-f PERCENT] [-p PERCENT] [-b SECONDS] [-s SEED]\n"
			"              [-m TEXT] [-u] [-w] IMAGE\n");
		return 2;
	}
	error = open_image(argv[optind]);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[optind], strerror(-error));
		return 2;
	}
	leave_out_strangers();
	all_fields(&fields_of_ag);
	all_fields(&fields_of_files);
	all_fields(&fields_of_dirs);
	fprintf(stderr,
		"%u changes; xfs_repair judged %u: both report %u, ours alone %u, xfs_repair "
		"alone %u (%u of them allowed), nobody %u; %u failures\n",
		run.changes, run.judged, run.both, run.ours_only, run.theirs_only,
		run.allowed_changes, run.neither, run.failed);
	xfs_device_put(run.overlay);
	xfs_device_put(run.objs.dev);
	test_objects_free(&run.objs);
	field_table_free(&run.expected);
	field_differences_free(&run.allowed);
	close(run.fd);
	return run.failed != 0;
}
