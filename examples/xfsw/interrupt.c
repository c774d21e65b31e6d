/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGTERM.  Work that takes long asks xfsw_interrupted() now and
 * then and ends by itself, in the library too, whose progress hook asks: the image is abandoned with its dirty log or, without
 * a journal, with its in-progress mark.  The second signal kills as usual: either is on
 * the disk before anything that needs it, so that is safe as well.
 */
#include <signal.h>
#include <string.h>
#include "xfsw/xfsw.h"

static volatile sig_atomic_t interrupted;
static bool finishing;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

void xfsw_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool xfsw_interrupted(void)
{
	return interrupted;
}

void xfsw_finish_anyway(void)
{
	finishing = true;
}

int xfsw_ask_progress(void *ctx, const char *phase, uint64_t done, uint64_t total)
{
	(void)ctx, (void)phase, (void)done, (void)total;
	return interrupted && !finishing;
}
