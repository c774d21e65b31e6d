/* SPDX-License-Identifier: MIT */
/* Reading tar streams with libarchive; included only where it is there. */
#ifndef XFSW_TAR_H
#define XFSW_TAR_H

#include <archive.h>
#include <archive_entry.h>
#include "xfsw/sink.h"

/* @source, "-" is standard input.  NULL: told why; else archive_read_free() it. */
struct archive *tar_open(struct xfsw_sink *sink, const char *source);
/*
 * 1: a member, 0: the end, -1: the stream is damaged, or (without --skip-unreadable) a member is
 * not as it was meant.  What is wrong is told; with @tell false what --skip-unreadable leaves out
 * is neither told nor counted: the stream is read twice.
 */
int tar_next(struct xfsw_sink *sink, const char *source, struct archive *archive, bool tell,
	     struct archive_entry **entry);
/* Print what libarchive says of its last error; an exit code. */
int tar_failed(struct xfsw_sink *sink, const char *source, struct archive *archive);

/* tarflags.c: "nodump,schg" of a SCHILY.fflags header, which may be NULL. */
void tar_flags(const char *text, struct host_flags *flags);

#endif
