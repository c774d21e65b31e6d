/* SPDX-License-Identifier: MIT */
/* Error texts and messages of a mount, shutdown, and which thread is in a public call. */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include "core/message.h"

#define TEXT_SIZE	512

static void hook(struct xfs_mount *mp, enum xfs_log_level level, const char *line)
{
	if (mp && mp->m_env.log)
		mp->m_env.log(mp->m_env.ctx, level, line);
}

int xfs_set_error(struct xfs_mount *mp, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xfs_error_vset(error, NULL, fmt, ap);
	va_end(ap);
	hook(mp, XFS_LOG_DEBUG, xfs_last_text());
	return 0;
}

int xfs_set_corrupt(struct xfs_mount *mp, int error, const char *structure, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xfs_error_vset(error, structure, fmt, ap);
	va_end(ap);
	hook(mp, XFS_LOG_ERROR, xfs_last_text());
	return 0;
}

bool xfs_is_corrupt(struct xfs_mount *mp, const char *structure, uint64_t ino, const char *what)
{
	xfs_set_corrupt(mp, -EUCLEAN, structure, "inode %" PRIu64 ": %s", ino, what);
	xfs_error_add(XFS_ERROR_AT_INO, ino);
	return true;
}

void xfs_message(struct xfs_mount *mp, enum xfs_log_level level, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hook(mp, level, text);
}

void xfs_shutdown(struct xfs_mount *mp, int error, const char *fmt, ...)
{
	char text[TEXT_SIZE - 64];
	char line[TEXT_SIZE];
	bool first;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/*
	 * Store the reason before the state announces a shutdown, so that a reader of the state
	 * finds it.
	 */
	xfs_mutex_lock(&mp->m_error_lock);
	first = !xfs_is_shutdown(mp);
	if (first)
		mp->m_shutdown_cause = error == -EIO ? xfs_device_cause() : 0;
	if (first)
		snprintf(mp->m_shutdown_reason, sizeof(mp->m_shutdown_reason), "%.*s",
			 (int)sizeof(mp->m_shutdown_reason) - 1, text);
	__atomic_fetch_or(&mp->m_state, XFS_STATE_SHUTDOWN, __ATOMIC_SEQ_CST);
	xfs_mutex_unlock(&mp->m_error_lock);
	if (!first)
		return;
	snprintf(line, sizeof(line), "file system shut down: %s", text);
	hook(mp, XFS_LOG_ERROR, line);
}

#ifndef XFSWRITE_THREADS
/* Its address identifies the thread. */
static _Thread_local char this_thread;

int xfs_enter(struct xfs_mount *mp)
{
	const void *nobody = NULL;

	if (__atomic_load_n(&mp->m_inside, __ATOMIC_ACQUIRE) != &this_thread &&
	    !__atomic_compare_exchange_n(&mp->m_inside, &nobody, &this_thread, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return xfs_error(NULL, -EBUSY,
				 "another thread uses the file system, and this library was built "
				 "without threads");
	mp->m_inside_depth++;
	return 0;
}

void xfs_enter_waiting(struct xfs_mount *mp)
{
	xfs_call_begin(); /* a busy file system is not an error of this call */
	while (xfs_enter(mp))
		sched_yield();
	xfs_call_end("", 0);
}

void xfs_leave(struct xfs_mount *mp)
{
	if (--mp->m_inside_depth == 0)
		__atomic_store_n(&mp->m_inside, NULL, __ATOMIC_RELEASE);
}
#endif

int xfs_shutdown_error(struct xfs_mount *mp)
{
	char reason[sizeof(mp->m_shutdown_reason)];
	int cause;

	xfs_mutex_lock(&mp->m_error_lock);
	memcpy(reason, mp->m_shutdown_reason, sizeof(reason));
	cause = mp->m_shutdown_cause;
	xfs_mutex_unlock(&mp->m_error_lock);
	xfs_set_error(mp, -EIO, "the file system was shut down%s%s", *reason ? ": " : "", reason);
	xfs_error_set_class(XFS_ERROR_SHUTDOWN);
	xfs_error_set_device(-cause);
	return -EIO;
}

void xfs_mount_ensure_error(struct xfs_mount *mp, const char *call, int error)
{
	if (error == -EIO && xfs_is_shutdown(mp) && !xfs_error_is_described(error))
		xfs_shutdown_error(mp);
	else
		xfs_error_ensure(call, error);
}

void xfs_keep_error(struct xfs_mount *mp, const struct xfs_error_info *info)
{
	xfs_mutex_lock(&mp->m_error_lock);
	memcpy(&mp->m_error, info, sizeof(mp->m_error));
	xfs_mutex_unlock(&mp->m_error_lock);
}
