/* SPDX-License-Identifier: MIT */
/*
 * Test vectors that stand in the pages of lib/disk/format/.  A fenced block that begins with
 * "```vector" and a name holds lines of these kinds:
 *
 *	# text				a comment; also behind two spaces at the end of a line
 *	FUNCTION ARGUMENT... = RESULT	what a function of this library answers
 *	object LENGTH			a new object of zeros, LENGTH bytes
 *	OFFSET: HEX...			bytes of the object from OFFSET, hexadecimal digits, on
 *	fill OFFSET LENGTH BYTE		a run of equal bytes in it; numbers as in C
 *	geometry NAME=VALUE...		the file system that the next lines mean
 *
 * A block starts without an object, and with the file system that every page uses as its example:
 * 300 MiB with the defaults of mkfs.xfs 7.2, which the test formats in memory.  The functions are
 * the tables format_sb ... in the files beside this one.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xfswrite/device.h>
#include "base/crc32c.h"
#include "disk/geometry.h"
#include "disk/sb.h"
#include "disk/verify.h"

#define FORMAT_MAX_ARGS	  40
#define FORMAT_OBJECT_MAX 65536u

struct format {
	struct xfs_geometry geo;
	struct xfs_sb sb; /* of @geo */
	uint8_t object[FORMAT_OBJECT_MAX];
	size_t len; /* of the object; 0: there is none */
	char answer[4096];
	size_t answered;
};

/* Answers with format_say(); whatever is wrong with the arguments is said too, and is no result. */
typedef void format_fn(struct format *f, unsigned int n, char **arg);

struct format_function {
	const char *name;
	unsigned int args; /* at least that many */
	format_fn *fn;
};

extern const struct format_function format_sb[], format_ag[], format_inode[], format_dir[],
	format_attr[], format_log[], format_quota[], format_write[];

__attribute__((format(printf, 2, 3))) void format_say(struct format *f, const char *fmt, ...);
/* NULL: "good"; else "refused". */
void format_say_verdict(struct format *f, xfs_failaddr_t fa);

/* A number as in C, with K, M, G or T behind it; said and 0 if it is none. */
uint64_t format_number(struct format *f, const char *s);
size_t format_size(struct format *f, const char *s);
/* "text" in quotes, or hexadecimal digits, into @buf; returns the length. */
size_t format_bytes(struct format *f, const char *s, uint8_t *buf, size_t size);
/* A copy of the object with bytes changed by pairs of OFFSET HEX; valid until the next call. */
const uint8_t *format_changed(struct format *f, unsigned int n, char **arg);
/* The value of NAME=VALUE among the arguments; @otherwise if it is not there. */
uint64_t format_option(struct format *f, unsigned int n, char **arg, const char *name,
		       uint64_t otherwise);
/* The image of the example file system, formatted by this library. */
struct xfs_device *format_image(void);

/* A file system by hand: blocksize, sectsize, inodesize, agblocks, agcount, features ... */
void format_geometry(struct format *f, unsigned int n, char **arg);

#endif
