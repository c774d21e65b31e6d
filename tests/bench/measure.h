/* SPDX-License-Identifier: MIT */
/* What the programs of this folder share: the clock, an end for failures, medians. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Of a clock that only goes forward. */
uint64_t bench_now_ns(void);
double bench_now(void);

/* @error is an errno of either sign, or 0.  Does not return. */
void bench_fail(const char *what, int64_t error) __attribute__((noreturn));

/* Ends the program if @result is a negative errno. */
void bench_ok(int64_t result, const char *what);

/* Sorts @values; @n is not 0. */
double bench_median(double *values, size_t n);

/* As printf() and system(). */
int bench_shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
