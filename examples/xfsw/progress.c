/* SPDX-License-Identifier: MIT */
/* One line on the terminal, redrawn ten times a second: files, bytes, rates, time left. */
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "xfsw/xfsw.h"

#define REDRAW_MS	100

static int64_t elapsed_ms(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

void xfsw_progress_start(struct xfsw_progress *p, const char *what, bool quiet)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->active = !quiet && isatty(STDERR_FILENO);
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->shown = p->start;
}

/* Of bytes and objects what lies further behind decides the time that is left. */
static double fraction_done(const struct xfsw_progress *p)
{
	double objects = p->total_objects ? (double)p->objects / (double)p->total_objects : 1;
	double bytes = p->total_bytes ? (double)p->bytes / (double)p->total_bytes : 1;

	return objects < bytes ? objects : bytes;
}

static void draw(struct xfsw_progress *p, int64_t ms)
{
	char line[200], amount[16], rate[16];
	double seconds = (double)(ms ? ms : 1) / 1000;
	int len;

	len = snprintf(line, sizeof(line), "%s: %ju files, %s, %.0f files/s, %s/s", p->what,
		       (uintmax_t)p->objects, xfsw_human(p->bytes, amount),
		       (double)p->objects / seconds,
		       xfsw_human((uint64_t)((double)p->bytes / seconds), rate));
	if (p->total_objects && len > 0) {
		double done = fraction_done(p);
		double left = done > 0.001 ? seconds * (1 - done) / done : -1;

		len += snprintf(line + len, sizeof(line) - (size_t)len, ", %.0f %%", done * 100);
		if (left >= 0)
			len += snprintf(line + len, sizeof(line) - (size_t)len, ", %d:%02d left",
					(int)left / 60, (int)left % 60);
	}
	/* Blanks wipe the rest of a longer line before. */
	fprintf(stderr, "\r%s%*s\r", line,
		(int)(p->width > (size_t)len ? p->width - (size_t)len : 0), "");
	fflush(stderr);
	p->width = (size_t)len;
}

void xfsw_progress_step(struct xfsw_progress *p)
{
	struct timespec now;

	if (!p->active)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (elapsed_ms(&p->shown, &now) < REDRAW_MS)
		return;
	p->shown = now;
	draw(p, elapsed_ms(&p->start, &now));
}

void xfsw_progress_end(struct xfsw_progress *p)
{
	if (p->active && p->width)
		fprintf(stderr, "\r%*s\r", (int)p->width, "");
	p->active = false;
}
