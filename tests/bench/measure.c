/* SPDX-License-Identifier: MIT */
/* The clock, an end for failures, medians. */
#include "bench/measure.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xfswrite/xfswrite.h>

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

double bench_now(void)
{
	return (double)bench_now_ns() / 1e9;
}

void bench_fail(const char *what, int64_t error)
{
	fprintf(stderr, "bench: %s: %s (%s)\n", what, strerror((int)(error < 0 ? -error : error)),
		xfs_error_text(NULL));
	exit(1);
}

void bench_ok(int64_t result, const char *what)
{
	if (result < 0)
		bench_fail(what, result);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int bench_shell(const char *fmt, ...)
{
	char cmd[8192];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(cmd, sizeof(cmd), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(cmd))
		bench_fail("a command", ENAMETOOLONG);
	return system(cmd);
}
