/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include "core/message.h"

#define TEXT_SIZE	512

static _Thread_local char last_text[TEXT_SIZE];

const char *xfs_last_text(void)
{
	return last_text;
}

void xfs_clear_text(void)
{
	last_text[0] = '\0';
}

static void hook(struct xfs_mount *mp, enum xfs_log_level level, const char *line)
{
	if (mp && mp->m_env.log)
		mp->m_env.log(mp->m_env.ctx, level, line);
}

int xfs_set_error(struct xfs_mount *mp, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_text, sizeof(last_text), fmt, ap);
	va_end(ap);
	hook(mp, XFS_LOG_DEBUG, last_text);
	return 0;
}

int xfs_set_corrupt(struct xfs_mount *mp, const char *structure, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(last_text, sizeof(last_text), "%.64s: %.440s", structure, text);
	hook(mp, XFS_LOG_ERROR, last_text);
	return 0;
}

void xfs_log(struct xfs_mount *mp, enum xfs_log_level level, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hook(mp, level, text);
}

void xfs_shutdown(struct xfs_mount *mp, const char *fmt, ...)
{
	char text[TEXT_SIZE - 64];
	uint32_t old = __atomic_fetch_or(&mp->m_state, XFS_STATE_SHUTDOWN, __ATOMIC_SEQ_CST);
	char line[TEXT_SIZE];
	va_list ap;

	if (old & XFS_STATE_SHUTDOWN)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "file system shut down: %s", text);
	hook(mp, XFS_LOG_ERROR, line);
}
