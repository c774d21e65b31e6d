/* SPDX-License-Identifier: MIT */
/*
 * The part of cmocka's interface that the tests use, for targets for which there is no cmocka
 * (-DXFSWRITE_OWN_CMOCKA=ON): a C library or a word size that the host's packages do not serve.
 * A test that fails is left with longjmp(); the program's exit code is the number of those.
 */
#ifndef SUPPORT_CMOCKA_H
#define SUPPORT_CMOCKA_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	CMFixtureFunction setup_func, teardown_func;
	void *initial_state;
};

#define cmocka_unit_test(f) { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup(f, setup) { #f, f, setup, NULL, NULL }
#define cmocka_unit_test_teardown(f, teardown) { #f, f, NULL, teardown, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown) { #f, f, setup, teardown, NULL }

enum { OWN_CMOCKA_FAILED = 1, OWN_CMOCKA_SKIPPED = 2 };

/* Where a failure leads; one for all files of a program. */
__attribute__((weak)) jmp_buf own_cmocka_leave;

__attribute__((unused, noreturn, format(printf, 3, 4))) static void
own_cmocka_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "[  ERROR   ] --- %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	longjmp(own_cmocka_leave, OWN_CMOCKA_FAILED);
}

#define own_cmocka_require(cond, ...) \
	((cond) ? (void)0 : own_cmocka_fail(__FILE__, __LINE__, __VA_ARGS__))

static inline void own_cmocka_int(int equal, uintmax_t a, uintmax_t b, const char *what,
				  const char *file, int line)
{
	if ((a == b) != equal)
		own_cmocka_fail(file, line, "%s: %#jx, %#jx", what, a, b);
}

static inline void own_cmocka_string(int equal, const char *a, const char *b, const char *file,
				     int line)
{
	if ((strcmp(a, b) == 0) != equal)
		own_cmocka_fail(file, line, "\"%s\" %s \"%s\"", a, equal ? "!=" : "==", b);
}

#define assert_true(c) own_cmocka_require((c), "%s", #c)
#define assert_false(c) own_cmocka_require(!(c), "not: %s", #c)
#define assert_null(p) own_cmocka_require(!(p), "%s is not NULL", #p)
#define assert_non_null(p) own_cmocka_require((p), "%s is NULL", #p)
#define assert_ptr_equal(a, b) \
	own_cmocka_require((const void *)(a) == (const void *)(b), "%s != %s", #a, #b)
#define assert_ptr_not_equal(a, b) \
	own_cmocka_require((const void *)(a) != (const void *)(b), "%s == %s", #a, #b)
#define assert_int_equal(a, b) \
	own_cmocka_int(1, (uintmax_t)(a), (uintmax_t)(b), #a " != " #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) \
	own_cmocka_int(0, (uintmax_t)(a), (uintmax_t)(b), #a " == " #b, __FILE__, __LINE__)
#define assert_in_range(v, lo, hi)						\
	own_cmocka_require((uintmax_t)(v) >= (uintmax_t)(lo) && (uintmax_t)(v) <= (uintmax_t)(hi), \
			   "%s: %#jx is not in %s ... %s", #v, (uintmax_t)(v), #lo, #hi)
#define assert_memory_equal(a, b, size) \
	own_cmocka_require(memcmp((a), (b), (size)) == 0, "%s and %s differ", #a, #b)
#define assert_memory_not_equal(a, b, size) \
	own_cmocka_require(memcmp((a), (b), (size)) != 0, "%s and %s are equal", #a, #b)
#define assert_string_equal(a, b) own_cmocka_string(1, a, b, __FILE__, __LINE__)
#define assert_string_not_equal(a, b) own_cmocka_string(0, a, b, __FILE__, __LINE__)
#define fail() own_cmocka_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...) own_cmocka_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip() longjmp(own_cmocka_leave, OWN_CMOCKA_SKIPPED)
#define test_malloc(size) malloc(size)
#define test_calloc(n, size) calloc(n, size)
#define test_realloc(p, size) realloc(p, size)
#define test_free(p) free(p)
#define print_message(...) ((void)printf(__VA_ARGS__))
#define print_error(...) ((void)fprintf(stderr, __VA_ARGS__))

__attribute__((unused)) static int own_cmocka_run(const struct CMUnitTest *t, void *state)
{
	int how;

	printf("[ RUN      ] %s\n", t->name);
	fflush(stdout);
	how = setjmp(own_cmocka_leave);
	if (how == 0) {
		if (t->setup_func && t->setup_func(&state))
			own_cmocka_fail(t->name, 0, "its setup failed");
		t->test_func(&state);
		if (t->teardown_func && t->teardown_func(&state))
			own_cmocka_fail(t->name, 0, "its teardown failed");
	}
	printf("[%s] %s\n", how == 0 ? "       OK " : how == OWN_CMOCKA_SKIPPED ? "  SKIPPED " : "  FAILED  ",
	       t->name);
	return how == OWN_CMOCKA_FAILED;
}

__attribute__((unused)) static int
own_cmocka_run_all(const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup,
		   CMFixtureFunction teardown)
{
	void *state = NULL;
	int failed = 0;

	if (setup && setup(&state)) {
		fprintf(stderr, "the setup of all tests failed\n");
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		failed += own_cmocka_run(&tests[i], tests[i].initial_state ? tests[i].initial_state : state);
	if (teardown)
		failed += teardown(&state) != 0;
	printf("[==========] %zu test(s) run, %d failed.\n", n, failed);
	return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
	own_cmocka_run_all(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
