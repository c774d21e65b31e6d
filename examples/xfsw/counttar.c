/* SPDX-License-Identifier: MIT */
/* Opening a tar stream, and counting what it will take before it is read again. */
#include <errno.h>
#include <locale.h>
#include <string.h>
#include "xfsw/sink.h"

#ifndef HAVE_LIBARCHIVE

bool tar_supported(void)
{
	return false;
}

static int no_tar(struct xfsw_sink *sink, const char *source)
{
	return xfsw_complain(sink->call, source,
			     "this xfsw was built without libarchive and cannot read tar streams");
}

int sink_from_tar(struct xfsw_sink *sink, const char *source, struct xfs_file *top)
{
	(void)top;
	return no_tar(sink, source);
}

int need_of_tar(struct xfsw_sink *sink, struct xfsw_need *need, const char *source)
{
	(void)need;
	return no_tar(sink, source);
}

#else

#include "xfsw/acl.h"
#include "xfsw/tar.h"

#define READ_SIZE	(256u << 10)

bool tar_supported(void)
{
	return true;
}

int tar_failed(struct xfsw_sink *sink, const char *source, struct archive *archive)
{
	const char *text = archive_error_string(archive);
	int error = archive_errno(archive);

	text = text ? text : "it cannot be read";
	/* A read that failed: libarchive's text has not the reason. */
	if (error > 0 && strstr(text, "reading"))
		return xfsw_complain(sink->call, source, "%s: %s", text, strerror(error));
	return xfsw_complain(sink->call, source, "%s", text);
}

/*
 * The compressions that are in libarchive itself.  For those that it was built without, and for
 * lrzip, lzop and grzip, it would start whatever program of that name stands in PATH.
 */
static void support_filters(struct archive *archive)
{
	const char *libraries = archive_version_details();

	archive_read_support_filter_compress(archive);
	if (strstr(libraries, "zlib"))
		archive_read_support_filter_gzip(archive);
	if (strstr(libraries, "bz2lib"))
		archive_read_support_filter_bzip2(archive);
	if (strstr(libraries, "liblzma")) {
		archive_read_support_filter_xz(archive);
		archive_read_support_filter_lzma(archive);
		archive_read_support_filter_lzip(archive);
	}
	if (strstr(libraries, "liblz4"))
		archive_read_support_filter_lz4(archive);
	if (strstr(libraries, "libzstd"))
		archive_read_support_filter_zstd(archive);
}

struct archive *tar_open(struct xfsw_sink *sink, const char *source)
{
	struct archive *archive = archive_read_new();
	const char *path = strcmp(source, "-") ? source : NULL;

	if (!archive) {
		xfsw_fail(sink->call, source, -ENOMEM);
		return NULL;
	}
	/* Names in UTF-8 headers become the bytes they are, whatever the user's language. */
	setlocale(LC_CTYPE, "C.UTF-8");
	support_filters(archive);
	archive_read_support_format_tar(archive);
	archive_read_support_format_empty(archive);	/* tells it apart, see tar_end() */
	if (archive_read_open_filename(archive, path, READ_SIZE) != ARCHIVE_OK) {
		tar_failed(sink, source, archive);
		archive_read_free(archive);
		return NULL;
	}
	return archive;
}

#define BLOCK	512

/*
 * The end of the archive is two blocks of zeros, of which libarchive reads one.  Where there is
 * none the program that wrote the stream may have died between two members; where there is not a
 * byte it failed before the first one.  0, or -1 for the latter.
 */
static int tar_end(struct xfsw_sink *sink, const char *source, struct archive *archive,
		   int64_t before, bool tell)
{
	int64_t after = archive_filter_bytes(archive, 0);

	if (archive_format(archive) == ARCHIVE_FORMAT_EMPTY) {
		xfsw_complain(sink->call, source, "not a tar archive: it is empty");
		return -1;
	}
	if (tell && after < (before + BLOCK - 1) / BLOCK * BLOCK + BLOCK)
		xfsw_complain(sink->call, source, "the stream has no end mark: it may lack members");
	return 0;
}

/* A name of its own that could not be read makes a member useless, anything else does not. */
static bool name_is_bad(struct archive_entry *entry, const char *text)
{
	return !archive_entry_pathname(entry) || strcasestr(text, "path") ||
	       strcasestr(text, "link");
}

/* Owners go by their numbers: that a name is no text in the user's language does not matter. */
static bool does_not_matter(const char *text)
{
	return strncasecmp(text, "Uname", 5) == 0 || strncasecmp(text, "Gname", 5) == 0;
}

int tar_next(struct xfsw_sink *sink, const char *source, struct archive *archive, bool tell,
	     struct archive_entry **entry)
{
	for (;;) {
		int64_t before = archive_filter_bytes(archive, 0);
		int result = archive_read_next_header(archive, entry);
		const char *text = archive_error_string(archive), *path;

		if (result == ARCHIVE_EOF)
			return tar_end(sink, source, archive, before, tell);
		if (result == ARCHIVE_OK)
			return 1;
		if (result != ARCHIVE_WARN) {
			tar_failed(sink, source, archive);
			return -1;
		}
		text = text ? text : "the archive has an unexpected format";
		if (does_not_matter(text))
			return 1;
		path = archive_entry_pathname(*entry);
		if (tell || !sink->skip_unreadable)
			tar_failed(sink, path ? path : source, archive);
		if (!sink->skip_unreadable)
			return -1;
		if (!name_is_bad(*entry, text))
			return 1;
		sink->skipped += tell;
	}
}

/* By number or by name: which of them counts is decided when the image is there. */
static int count_owners(struct xfsw_need *need, struct archive_entry *entry)
{
	const char *user = archive_entry_uname(entry), *group = archive_entry_gname(entry);
	int error = need_add_owner(need, 0, (uint32_t)archive_entry_uid(entry));

	if (!error)
		error = need_add_owner(need, 1, (uint32_t)archive_entry_gid(entry));
	if (!error && user)
		error = need_add_owner_name(need, 0, user);
	if (!error && group)
		error = need_add_owner_name(need, 1, group);
	return error ? error : need_add_owner(need, 2, 0);
}

static void count_member(struct xfsw_need *need, struct archive_entry *entry)
{
	const char *path = archive_entry_pathname(entry);
	uint64_t len = path ? strlen(path) : 0, attrs = 0, bytes = 0, remote = 0;
	const char *name;
	const void *value;
	size_t size;
	int acl;

	if (archive_entry_hardlink(entry)) {
		need->attr_blocks++;
		return;
	}
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		attrs++;
		bytes += strlen(name);
		if (size > need->block_size / 2)
			remote += size + need->block_size;
		else
			bytes += size;
	}
	acl = archive_entry_acl_count(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS |
						     ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);
	if (acl > 0) {
		attrs += 2;
		bytes += 2 * sizeof("SGI_ACL_DEFAULT") + 8 + 12 * (uint64_t)acl;
	}
	need_add_inode(need, len, attrs, bytes, remote);
	if (archive_entry_filetype(entry) == AE_IFLNK) {
		const char *target = archive_entry_symlink(entry);

		need_add_symlink(need, target ? strlen(target) : 0);
	} else if (archive_entry_filetype(entry) == AE_IFDIR) {
		/* Its names are counted with the members; the last block may be nearly empty. */
		need->dir_blocks += need->dir_block_size / need->block_size * 2;
	}
}

/* Data as the stream has it: the holes of a sparse member are not there. */
static int count_data(struct xfsw_need *need, struct archive *archive)
{
	uint64_t extents = 0, end = UINT64_MAX;
	const void *buf;
	la_int64_t offset;
	size_t len;
	int result;

	while ((result = archive_read_data_block(archive, &buf, &len, &offset)) == ARCHIVE_OK) {
		if (!len)
			continue;
		/* Blocks that touch share one: counting both is the safe side. */
		if ((uint64_t)offset != end)
			extents++;
		need_add_range(need, (uint64_t)offset, len);
		end = (uint64_t)offset + len;
	}
	need_add_extent_tree(need, extents);
	return result == ARCHIVE_EOF ? 0 : -1;
}

int need_of_tar(struct xfsw_sink *sink, struct xfsw_need *need, const char *source)
{
	struct archive *archive = tar_open(sink, source);
	uint64_t names = 0, name_bytes = 0;
	struct archive_entry *entry;
	int more = 0, code = 0;

	if (!archive)
		return XFSW_FAILED;
	while (!code && (more = tar_next(sink, source, archive, false, &entry)) > 0) {
		const char *path = archive_entry_pathname(entry);

		names++;
		name_bytes += path ? strlen(path) : 0;
		count_member(need, entry);
		if (xfsw_interrupted())
			code = XFSW_INTERRUPTED;
		else if (need->quota && count_owners(need, entry))
			code = xfsw_fail(sink->call, NULL, -ENOMEM);
		else if (count_data(need, archive))
			code = tar_failed(sink, source, archive);
	}
	if (more < 0)
		code = XFSW_FAILED;
	/* Whole paths for last components: more than it will be, however they are spread. */
	need_add_directory(need, names, name_bytes);
	sink->progress.total_objects = names;
	sink->progress.total_bytes = need->data_bytes;
	archive_read_free(archive);
	return code;
}

#endif
