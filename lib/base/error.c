/* SPDX-License-Identifier: MIT */
/* The description of the error that a thread is returning; the rules are in error.h. */
#include <ctype.h>
#include <stdio.h>
#include "base/cause.h"
#include "base/growable.h"

static _Thread_local struct {
	struct xfs_error_info now;	/* pending */
	struct xfs_error_info record;
	uint32_t depth;			/* nesting of public calls */
	uint64_t failures;		/* number of records made */
} thread;

static void copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
}

/* A conversion of a printf format: what follows its %, and the value of its argument in @ap. */
struct conversion {
	const char *end;	/* first byte after it */
	bool is_number;
	uint64_t value;
};

static int take_star(const char **p, va_list *ap)
{
	if (**p != '*')
		return 0;
	(*p)++;
	return va_arg(*ap, int);
}

static uint64_t take_number(unsigned int longs, bool is_signed, va_list *ap)
{
	if (longs == 0)
		return is_signed ? (uint64_t)va_arg(*ap, int) : va_arg(*ap, unsigned int);
	if (longs == 1)
		return is_signed ? (uint64_t)va_arg(*ap, long) : va_arg(*ap, unsigned long);
	return va_arg(*ap, unsigned long long);
}

static struct conversion take_conversion(const char *p, va_list *ap)
{
	struct conversion c = { 0 };
	unsigned int longs = 0;

	p += strspn(p, "-+ #0");
	take_star(&p, ap);
	p += strspn(p, "0123456789");
	if (*p == '.') {
		p++;
		take_star(&p, ap);
		p += strspn(p, "0123456789");
	}
	for (; *p && strchr("hlzjt", *p); p++) {
		if (*p == 'l')
			longs++;
		else if (*p == 'j')
			longs = 2;
		else if (*p != 'h')
			longs = sizeof(size_t) == sizeof(int) ? 0 : 1;
	}
	switch (*p) {
	case 'd': case 'i': case 'u': case 'x': case 'X': case 'o':
		c.is_number = true;
		c.value = take_number(longs, *p == 'd' || *p == 'i', ap);
		break;
	case 'c':
		(void)va_arg(*ap, int);
		break;
	case 's': case 'p':
		(void)va_arg(*ap, void *);
		break;
	default:
		break;
	}
	c.end = *p ? p + 1 : p;
	return c;
}

static bool ends_with(const char *fmt, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - fmt) >= len && !memcmp(end - len, word, len) &&
	       ((size_t)(end - fmt) == len || !isalnum((unsigned char)end[-(ptrdiff_t)len - 1]));
}

/* ERROR-4. */
static void learn_places(const char *fmt, va_list *ap)
{
	const char *percent, *p = fmt;

	while ((percent = strchr(p, '%')) != NULL) {
		struct conversion c = take_conversion(percent + 1, ap);

		p = c.end;
		if (!c.is_number)
			continue;
		if (ends_with(fmt, percent, "AG "))
			xfs_error_add(XFS_ERROR_AT_AG, c.value);
		else if (ends_with(fmt, percent, "inode ") || ends_with(fmt, percent, "directory "))
			xfs_error_add(XFS_ERROR_AT_INO, c.value);
		else if (ends_with(fmt, percent, "daddr ") || ends_with(fmt, percent, "daddr 0x"))
			xfs_error_add(XFS_ERROR_AT_BLOCK, c.value);
	}
}

void xfs_error_vset(int error, const char *structure, const char *fmt, va_list ap)
{
	struct xfs_error_info *now = &thread.now;
	/* Keep the device's errno if the same error is described anew. */
	bool same = now->error == error && (now->known & XFS_ERROR_AT_DEVICE);
	int32_t device_error = same ? now->device_error : 0;
	char text[sizeof(now->text)];	/* an argument may be the text being replaced */
	va_list again;

	va_copy(again, ap);
	vsnprintf(text, sizeof(text), fmt, ap);
	now->error = error;
	now->error_class = XFS_ERROR_NONE;
	now->known = 0;
	xfs_error_set_device(device_error);
	copy_name(now->structure, sizeof(now->structure), structure ? structure : "");
	if (structure)
		snprintf(now->text, sizeof(now->text), "%.64s: %.440s", structure, text);
	else
		memcpy(now->text, text, sizeof(now->text));
	learn_places(fmt, &again);
	va_end(again);
}

int xfs_set_fail(int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xfs_error_vset(error, NULL, fmt, ap);
	va_end(ap);
	return 0;
}

void xfs_error_add(uint32_t at, uint64_t value)
{
	struct xfs_error_info *now = &thread.now;

	if (now->known & at)
		return;
	now->known |= at;
	switch (at) {
	case XFS_ERROR_AT_AG:
		now->agno = (uint32_t)value;
		break;
	case XFS_ERROR_AT_BLOCK:
		now->block = value;
		break;
	case XFS_ERROR_AT_INO:
		now->ino = value;
		break;
	default:
		now->offset = value;
		break;
	}
}

void xfs_error_set_device(int device_error)
{
	thread.now.device_error = device_error;
	thread.now.known &= ~XFS_ERROR_AT_DEVICE;
	if (device_error)
		thread.now.known |= XFS_ERROR_AT_DEVICE;
}

void xfs_error_set_class(enum xfs_error_class error_class)
{
	thread.now.error_class = error_class;
}

bool xfs_error_is_of_quota(int error)
{
	return thread.now.error == error && thread.now.error_class == XFS_ERROR_QUOTA;
}

bool xfs_error_is_described(int error)
{
	return thread.now.error == error;
}

void xfs_error_renumber(int from, int to)
{
	if (thread.now.error == from)
		thread.now.error = to;
}

int xfs_last_error(void)
{
	return thread.now.error;
}

const char *xfs_last_text(void)
{
	return thread.now.text;
}

void xfs_clear_text(void)
{
	thread.now.error = 0;
	thread.now.known = 0;
	thread.now.text[0] = '\0';
}

const struct xfs_error_info *xfs_error_record(void)
{
	return &thread.record;
}

int xfs_error_give(const struct xfs_error_info *from, struct xfs_error_info *to)
{
	if (!to || !xfs_growable_fits(to, sizeof(*to), xfs_first_part(xfs_error_info, error)))
		return -EINVAL;
	xfs_give_struct(from, to);
	return 0;
}

static const struct words {
	int error;
	enum xfs_error_class error_class;
	const char *words;
} errno_words[] = {
	{ EPERM, XFS_ERROR_PERMISSION, "not permitted" },
	{ EACCES, XFS_ERROR_PERMISSION, "access is denied" },
	{ EROFS, XFS_ERROR_PERMISSION, "read-only" },
	{ ENOENT, XFS_ERROR_NAME, "no such file, directory or object" },
	{ EEXIST, XFS_ERROR_NAME, "it exists already" },
	{ ENOTDIR, XFS_ERROR_NAME, "not a directory" },
	{ EISDIR, XFS_ERROR_NAME, "a directory" },
	{ ENOTEMPTY, XFS_ERROR_NAME, "the directory is not empty" },
	{ ELOOP, XFS_ERROR_NAME, "too many symbolic links" },
	{ ENODATA, XFS_ERROR_NAME, "no such attribute" },
	{ EXDEV, XFS_ERROR_NAME, "not within one file system or project" },
	{ ESTALE, XFS_ERROR_NAME, "the inode is not in use, or is in use by another file now" },
	{ ENXIO, XFS_ERROR_NAME, "no such device, partition or address" },
	{ EINVAL, XFS_ERROR_ARGUMENT, "invalid argument" },
	{ EFAULT, XFS_ERROR_ARGUMENT, "a pointer is NULL" },
	{ EBADF, XFS_ERROR_ARGUMENT, "the handle or descriptor is not open for this" },
	{ ENAMETOOLONG, XFS_ERROR_ARGUMENT, "the name or path is too long" },
	{ ERANGE, XFS_ERROR_ARGUMENT, "the buffer is too small, or a number out of range" },
	{ EOVERFLOW, XFS_ERROR_ARGUMENT, "a number is too large" },
	{ E2BIG, XFS_ERROR_ARGUMENT, "the value is too large" },
	{ ESPIPE, XFS_ERROR_ARGUMENT, "not possible on a pipe or socket" },
	{ ENOSPC, XFS_ERROR_SPACE, "no space" },
	{ EFBIG, XFS_ERROR_SPACE, "larger than a file can be" },
	{ EMLINK, XFS_ERROR_SPACE, "too many links" },
	{ EDQUOT, XFS_ERROR_QUOTA, "over quota" },
	{ ENOMEM, XFS_ERROR_MEMORY, "out of memory" },
	{ EIO, XFS_ERROR_IO, "input or output failed" },
	{ ENODEV, XFS_ERROR_IO, "the device is gone" },
	{ ETIMEDOUT, XFS_ERROR_IO, "the device did not answer in time" },
	{ EUCLEAN, XFS_ERROR_CORRUPT, "a structure on disk is damaged" },
	{ EBADMSG, XFS_ERROR_CORRUPT, "a checksum on disk is wrong" },
	{ EOPNOTSUPP, XFS_ERROR_UNSUPPORTED, "not supported" },
	{ ENOSYS, XFS_ERROR_UNSUPPORTED, "not supported by the host" },
	{ ENOTTY, XFS_ERROR_UNSUPPORTED, "not supported by the device" },
	{ EBUSY, XFS_ERROR_BUSY, "in use" },
	{ EAGAIN, XFS_ERROR_BUSY, "not possible now" },
	{ EINTR, XFS_ERROR_BUSY, "interrupted" },
	{ ECANCELED, XFS_ERROR_BUSY, "cancelled" },
	{ EDEADLK, XFS_ERROR_BUSY, "would wait for itself" },
};

static const struct words *words_of(int error)
{
	static const struct words other = { 0, XFS_ERROR_OTHER, "failed" };

	for (size_t i = 0; i < ARRAY_SIZE(errno_words); i++) {
		if (errno_words[i].error == -error)
			return &errno_words[i];
	}
	return &other;
}

void xfs_error_plain(int error, struct xfs_error_info *info)
{
	const struct words *words = words_of(error);

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->error = error;
	info->error_class = words->error_class;
	snprintf(info->text, sizeof(info->text), "%s", words->words);
}

/* @error has no description: name the call, and say what the errno means. */
static void describe(const char *call, int error)
{
	struct xfs_error_info *now = &thread.now;
	const struct words *words = words_of(error);
	bool cause = now->error && (words_of(now->error)->error_class == XFS_ERROR_IO ||
				    words_of(now->error)->error_class == XFS_ERROR_CORRUPT);
	char was[sizeof(now->text)];

	snprintf(was, sizeof(was), "%s", now->text);
	if (!cause) {
		now->known = 0;
		now->structure[0] = '\0';
	}
	now->error = error;
	now->error_class = XFS_ERROR_NONE;
	snprintf(now->text, sizeof(now->text), "%s: %s%s%.400s", call, words->words,
		 cause ? "; before that: " : "", cause ? was : "");
}

void xfs_error_ensure(const char *call, int error)
{
	if (thread.now.error != error)
		describe(call, error);
}

void xfs_call_begin(void)
{
	if (thread.depth++ == 0) {
		xfs_clear_text();
		xfs_set_device_cause(0);
	}
}

const struct xfs_error_info *xfs_call_end(const char *call, int64_t ret)
{
	struct xfs_error_info *now = &thread.now;

	thread.depth--;
	if (likely(ret >= 0))
		return NULL;
	xfs_error_ensure(call, (int)ret);
	if (now->error_class == XFS_ERROR_NONE)
		now->error_class = words_of(now->error)->error_class;
	if (thread.depth)
		return now;
	copy_name(now->call, sizeof(now->call), call);
	now->size = sizeof(*now);
	now->failure = ++thread.failures;
	if (!(now->known & XFS_ERROR_AT_DEVICE))
		now->device_error = 0;
	memcpy(&thread.record, now, sizeof(*now));
	return now;
}
