/* SPDX-License-Identifier: MIT */
/* Changing fields of an image where they stand, with checksums that are right again. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "support/damage.h"

static uint64_t get(const uint8_t *p, unsigned int size)
{
	return size == 8 ? get_be64(p) : size == 4 ? get_be32(p) : size == 2 ? get_be16(p) : p[0];
}

static void set(uint8_t *p, unsigned int size, uint64_t v)
{
	if (size == 8)
		put_be64(v, p);
	else if (size == 4)
		put_be32((uint32_t)v, p);
	else if (size == 2)
		put_be16((uint16_t)v, p);
	else
		p[0] = (uint8_t)v;
}

/* True: @buf was changed. */
static bool apply(const struct test_objects *objs, const struct test_object *obj,
		  const struct test_damage *d, uint8_t *buf)
{
	uint8_t *p = buf + d->off;
	uint64_t v;

	if (d->edit)
		return d->edit(objs, obj, buf);
	v = get(p, d->size);
	set(p, d->size, d->op == '=' ? d->value : d->op == '+' ? v + d->value : v ^ d->value);
	return true;
}

static bool noticed(const struct test_findings *found, const struct test_damage *d)
{
	for (size_t i = 0; i < found->n; i++) {
		if (!strcmp(found->v[i].structure, d->expect) &&
		    (!d->say || strstr(found->v[i].text, d->say)))
			return true;
	}
	return false;
}

static bool one(const struct test_objects *objs, struct xfs_device *overlay,
		const struct test_damage *d, uint8_t *buf, size_t *lacking)
{
	struct test_findings found = { 0 };
	bool good, changed = false;

	for (size_t i = 0; i < objs->n && !changed; i++) {
		const struct test_object *obj = &objs->v[i];

		if (obj->kind != d->kind || (d->level >= 0 && obj->level != (uint32_t)d->level) ||
		    (d->level == TEST_ROOT_LEVEL && obj->level == 0))
			continue;
		if (test_object_read(objs->dev, obj, buf))
			abort();
		if (d->pick && !d->pick(objs, obj, buf))
			continue;
		changed = apply(objs, obj, d, buf);
		if (!changed)
			continue;
		test_object_fix_crc(obj, buf);
		if (test_object_write(overlay, obj, buf))
			abort();
	}
	if (!changed && lacking) {
		++*lacking;
		return true;
	}
	if (!changed) {
		fprintf(stderr, "%s %s: the image has nothing to damage\n",
			test_kind_names[d->kind], d->name);
		return false;
	}
	test_check(overlay, 0, 0, &found);
	good = found.error == 0 && noticed(&found, d);
	if (!good) {
		fprintf(stderr, "%s %s: expected %s: ...%s...\n", test_kind_names[d->kind], d->name,
			d->expect, d->say ? d->say : "");
		test_findings_print(&found);
	}
	test_findings_free(&found);
	return good;
}

int test_damage_run(const struct test_objects *objs, const struct test_damage *table, size_t n,
		    size_t *lacking)
{
	struct xfs_device *overlay;
	uint8_t *buf = malloc(65536);
	int failed = 0;

	if (!buf || xfs_device_open_overlay(objs->dev, NULL, &overlay))
		abort();
	for (size_t i = 0; i < n; i++) {
		failed += !one(objs, overlay, &table[i], buf, lacking);
		if (xfs_device_overlay_discard(overlay))
			abort();
	}
	xfs_device_put(overlay);
	free(buf);
	return failed;
}

int test_damage_plan(const struct test_image_plan *plan, const char *name,
		     const struct test_damage_table *tables, size_t n)
{
	struct test_findings found = { 0 };
	struct test_objects objs;
	struct xfs_device *dev;
	char path[400], why[400] = "";
	size_t lacking = 0, all = 0;
	int made, ret, failed = 0;

	snprintf(path, sizeof(path), "%s/%s.img", test_scratch_dir(), name);
	made = test_kernel_image(path, plan, why, sizeof(why));
	if (made && made != TEST_IMAGE_BY_LIBRARY) {
		fprintf(stderr, "%s %s: %s\n", made == 77 ? "SKIP" : "FAIL", name, why);
		return made;
	}
	ret = xfs_device_open_file(path, XFS_DEV_RDONLY, 0, &dev);
	if (ret) {
		fprintf(stderr, "%s: %s\n", path, strerror(-ret));
		return 1;
	}
	test_check(dev, 0, 0, &found);
	if (found.error || found.n) {
		fprintf(stderr, "%s: not clean before any damage\n", name);
		test_findings_print(&found);
		failed = 1;
	} else if (test_objects_find(dev, &objs)) {
		fprintf(stderr, "%s: its objects cannot be listed\n", name);
		failed = 1;
	} else {
		for (size_t i = 0; i < n; i++) {
			failed += test_damage_run(&objs, tables[i].v, tables[i].n,
						  made == TEST_IMAGE_BY_LIBRARY ? &lacking : NULL);
			all += tables[i].n;
		}
		if (made == TEST_IMAGE_BY_LIBRARY)
			printf("note: %s: made by the library (%s); %zu of %zu damages need more\n",
			       name, why, lacking, all);
		failed += lacking > all / 2;
		test_objects_free(&objs);
	}
	test_findings_free(&found);
	xfs_device_put(dev);
	return failed;
}

static size_t skipped;

void test_damage_demand(const struct test_image_plan *plan, const char *name,
			const struct test_damage_table *tables, size_t n)
{
	int ret = test_damage_plan(plan, name, tables, n);

	if (ret == 77) {
		skipped++;
		skip();
	}
	assert_int_equal(ret, 0);
}

int test_damage_report(int failed, size_t tests)
{
	return failed ? failed : skipped == tests ? 77 : 0;
}
