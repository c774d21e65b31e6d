/* SPDX-License-Identifier: MIT */
/* Letting the first, second, third ... event fail until none is met. */
#include "fault/loops.h"
#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "core/mount.h"
#include "lock/lock.h"
#include "support/test_device.h"

#define MIB(n) ((uint64_t)(n) << 20)

bool fault_memory_points(void)
{
	char *probe;

	xfs_mem_fail_at(1, false);
	probe = xfs_mem_alloc(NULL, 1);
	if (xfs_mem_fail_met())
		return true;
	xfs_mem_free(NULL, probe);
	printf("SKIP: built without fault points\n");
	return false;
}

#ifndef __has_feature
#define __has_feature(name)	0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define EACH_UP_TO	12u
#else
#define EACH_UP_TO	UINT_MAX
#endif

/*
 * The event that fails after the @nth.  Under the address sanitizer, which takes several times as
 * long, ten of eleven are left out behind the first dozen; other builds leave out none.
 */
static unsigned int next(unsigned int nth)
{
	return nth < EACH_UP_TO ? nth + 1 : nth + 11;
}

/* Part of the reserve of memory, in percent, that was never used in this attempt. */
static unsigned int reserve_left(const struct attempt *at)
{
	struct xfs_reserve *rv = &at->fs.mp->m_mem.budget->reserve;
	uint64_t lowest = xfs_reserve_reset_lowest(rv);

	return rv->bytes ? (unsigned int)(lowest * 100 / rv->bytes) : 100;
}

void fault_scenario(const struct scenario *sc, struct xfs_device *image,
		    const struct fault_kind *kinds, size_t n, bool sticky)
{
	unsigned int shutdowns = 0, tries = 0, left = 100;

	for (size_t k = 0; k < n; k++) {
		bool met = true;

		for (unsigned int nth = 1; met; nth = next(nth)) {
			struct attempt at;
			int error;

			attempt_begin(&at, image);
			TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
			kinds[k].arm(&kinds[k], at.fault, nth, sticky, nth & 1);
			reserve_left(&at);
			error = sc->run(at.fs.mp);
			met = kinds[k].met(at.fault);
			left = XFS_MIN(left, reserve_left(&at));
			shutdowns += attempt_end(&at, sc, error, met, kinds[k].allowed);
			if (kinds[k].never_shuts_down && shutdowns)
				fail_msg("%s: call %u, which failed, shut it down", sc->name, nth);
			tries++;
		}
	}
	printf("%s: %u tries, %u shut down, at least %u%% of the reserve left\n", sc->name, tries,
	       shutdowns, left);
	if (kinds->reserve_margin && left < kinds->reserve_margin)
		fail_msg("%s: %u%% of the reserve are too few", sc->name, left);
}

void fault_operations(const struct fault_kind *kinds, size_t n, bool sticky)
{
	for (unsigned int geo = 0; geo < 2; geo++) {
		struct xfs_device *image = scenario_image(geo);

		for (size_t s = 0; s < nr_scenarios; s++)
			fault_scenario(&scenarios[s], image, kinds, n, sticky);
		xfs_device_put(image);
	}
}

/* Whether the fault was met. */
static bool one_mount(const struct fault_kind *kind, struct xfs_device *image, unsigned int nth,
		      bool sticky)
{
	struct attempt at;
	int error;
	bool met;

	attempt_begin(&at, image);
	kind->arm(kind, at.fault, nth, sticky, false);
	error = xfs_mount(at.fault, &at.fs.opts, &at.fs.mp);
	met = kind->met(at.fault);
	assert_true(error == 0 || (met && error == kind->opening));
	if (met && kind->opening_needs_all)
		assert_int_equal(error, kind->opening);
	assert_int_equal(xfs_lock_order_held(), 0);
	if (!error)
		TEST_IS(xfs_unmount(at.fs.mp), 0);
	assert_int_equal(xfs_device_overlay_bytes(at.overlay), 0);
	xfs_device_put(at.fault);
	xfs_device_put(at.overlay);
	return met;
}

static bool one_unmount(const struct fault_kind *kind, struct xfs_device *image, unsigned int nth,
			bool sticky)
{
	struct attempt at;
	int error;
	bool met;

	attempt_begin(&at, image);
	TEST_OK(xfs_mount(at.fault, &at.fs.opts, &at.fs.mp));
	for (size_t s = 0; s < nr_scenarios; s++) {
		if (!strcmp(scenarios[s].name, "many small files") ||
		    !strcmp(scenarios[s].name, "write, close"))
			TEST_OK(scenarios[s].run(at.fs.mp));
	}
	kind->arm(kind, at.fault, nth, sticky, nth & 1);
	error = xfs_unmount(at.fs.mp);
	met = kind->met(at.fault);
	assert_int_equal(xfs_lock_order_held(), 0);
	assert_true(error == 0 || (met && error_is_allowed(kind->allowed, error)));
	demand_image(at.overlay, !error, "unmount");
	xfs_device_put(at.fault);
	xfs_device_put(at.overlay);
	return met;
}

void fault_mount_and_unmount(const struct fault_kind *kinds, size_t n)
{
	struct xfs_device *image = scenario_image(0);

	for (size_t k = 0; k < n; k++) {
		for (int sticky = 0; sticky < 2; sticky++) {
			for (unsigned int nth = 1; one_mount(&kinds[k], image, nth, sticky); nth = next(nth))
				;
			for (unsigned int nth = 1; one_unmount(&kinds[k], image, nth, sticky); nth = next(nth))
				;
		}
	}
	xfs_device_put(image);
}

static bool one_mkfs(const struct fault_kind *kind, unsigned int nth, bool sticky)
{
	struct xfs_mkfs_options opts = { .size = sizeof(opts), .flags = XFS_MKFS_SMALL };
	struct xfs_mount_options mopts = { .size = sizeof(mopts), .flags = XFS_MOUNT_RDONLY };
	struct xfs_device *mem, *fault;
	struct xfs_mount *mp;
	int error;
	bool met;

	TEST_OK(xfs_device_open_memory(MIB(32), 512, NULL, &mem));
	TEST_OK(test_fault_open(mem, &fault));
	kind->arm(kind, fault, nth, sticky, nth & 1);
	error = xfs_mkfs(fault, NULL, &opts, NULL);
	met = kind->met(fault);
	assert_true(error == 0 || (met && error_is_allowed(kind->allowed, error)));
	assert_int_equal(xfs_lock_order_held(), 0);
	if (!xfs_mount(mem, &mopts, &mp)) {
		TEST_OK(xfs_unmount(mp));
		assert_int_equal(test_fs_check(mem, 0), 0);
	} else {
		assert_int_not_equal(error, 0);
	}
	xfs_device_put(fault);
	xfs_device_put(mem);
	return met;
}

void fault_mkfs(const struct fault_kind *kinds, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		for (int sticky = 0; sticky < 2; sticky++) {
			for (unsigned int nth = 1; one_mkfs(&kinds[k], nth, sticky); nth = next(nth))
				;
		}
	}
}
