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
	return xfsw_complain(sink->call, source, "tar streams need a build with libarchive");
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

	return xfsw_complain(sink->call, source, "%s", text ? text : "it cannot be read");
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
	archive_read_support_filter_all(archive);
	archive_read_support_format_tar(archive);
	archive_read_support_format_empty(archive);
	if (archive_read_open_filename(archive, path, READ_SIZE) != ARCHIVE_OK) {
		tar_failed(sink, source, archive);
		archive_read_free(archive);
		return NULL;
	}
	return archive;
}

int tar_next(struct xfsw_sink *sink, const char *source, struct archive *archive,
		       struct archive_entry **entry)
{
	for (;;) {
		int result = archive_read_next_header(archive, entry);

		if (result == ARCHIVE_EOF)
			return 0;
		if (result == ARCHIVE_OK)
			return 1;
		tar_failed(sink, source, archive);
		/* A warning: a name or an attribute is not as meant; the stream goes on. */
		if (result != ARCHIVE_WARN || !sink->skip_unreadable)
			return -1;
		sink->skipped++;
	}
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
		return XFSW_NO_IMAGE;
	while (!code && (more = tar_next(sink, source, archive, &entry)) > 0) {
		const char *path = archive_entry_pathname(entry);

		names++;
		name_bytes += path ? strlen(path) : 0;
		count_member(need, entry);
		if (xfsw_interrupted())
			code = XFSW_INTERRUPTED;
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
