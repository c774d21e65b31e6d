/* SPDX-License-Identifier: MIT */
/* ACLs of a tar stream; see taracl.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBARCHIVE

#include "xfsw/acl.h"
#include "xfsw/taracl.h"

/* An entry of an ACL as the stream has it; @name NULL: @id counts. */
struct tar_ace {
	uint16_t tag, perm;
	uint32_t id;
	char *name;
};

struct tar_acl_text {
	int type;			/* ARCHIVE_ENTRY_ACL_TYPE_* */
	size_t n;
	struct tar_ace ace[];
};

struct tar_acl_waiting {
	uint64_t ino;
	uint32_t gen;			/* a later member may have freed the inode */
	size_t text;
	char *path;			/* for messages */
};

static uint16_t tag_of(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER:
		return ACL_USER;
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return ACL_USER_OBJ;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return ACL_GROUP;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return ACL_GROUP_OBJ;
	case ARCHIVE_ENTRY_ACL_MASK:
		return ACL_MASK;
	default:
		return ACL_OTHER;
	}
}

static bool is_named(uint16_t tag)
{
	return tag == ACL_USER || tag == ACL_GROUP;
}

/*
 * Who a named entry is for.  libarchive gives @id -1 when the stream had a name only, and INT_MAX
 * for every larger number: those that are written in digits are read again here.
 */
static int set_qualifier(struct tar_ace *ace, int id, const char *who, const char **bad)
{
	uint64_t value;

	if (id >= 0 && id < INT_MAX) {
		ace->id = (uint32_t)id;
		return 0;
	}
	if (who && *who && who[strspn(who, "0123456789")] == 0) {
		if (!xfsw_parse_u64(who, UINT32_MAX - 1, &value)) {
			*bad = "an id in its ACL does not fit into 32 bits";
			return xfsw_error(-ERANGE);
		}
		ace->id = (uint32_t)value;
		return 0;
	}
	if (id >= 0 || !who || !*who) {
		*bad = id >= 0 ? "an id in its ACL is too large"
			       : "an entry of its ACL has no user or group";
		return xfsw_error(-ERANGE);
	}
	ace->name = strdup(who);
	return ace->name ? 0 : -ENOMEM;
}

static void free_text(struct tar_acl_text *text)
{
	for (size_t i = 0; text && i < text->n; i++)
		free(text->ace[i].name);
	free(text);
}

/* The ACL of @type; *@textp NULL: the mode says all of it. */
static int read_acl(struct archive_entry *entry, int type, struct tar_acl_text **textp,
		    const char **bad)
{
	int count = archive_entry_acl_reset(entry, type);
	int kind, permset, tag, id, error = 0;
	struct tar_acl_text *text;
	const char *who;

	*textp = NULL;
	/* Three entries of an access ACL are the mode over again. */
	if (count <= (type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS ? 3 : 0))
		return 0;
	if (count > ACL_MAX_ENTRIES)
		return xfsw_error(-E2BIG);
	text = calloc(1, sizeof(*text) + (size_t)count * sizeof(text->ace[0]));
	if (!text)
		return -ENOMEM;
	text->type = type;
	while (!error && text->n < (size_t)count &&
	       archive_entry_acl_next(entry, type, &kind, &permset, &tag, &id, &who) ==
		       ARCHIVE_OK) {
		struct tar_ace *ace = &text->ace[text->n++];

		ace->tag = tag_of(tag);
		ace->perm = (uint16_t)((permset & ARCHIVE_ENTRY_ACL_READ ? 4 : 0) |
				       (permset & ARCHIVE_ENTRY_ACL_WRITE ? 2 : 0) |
				       (permset & ARCHIVE_ENTRY_ACL_EXECUTE ? 1 : 0));
		ace->id = ACL_NO_ID;
		if (is_named(ace->tag))
			error = set_qualifier(ace, id, who, bad);
	}
	if (error)
		free_text(text);
	else
		*textp = text;
	return error;
}

static bool has_names(const struct tar_acl_text *text)
{
	for (size_t i = 0; i < text->n; i++) {
		if (text->ace[i].name)
			return true;
	}
	return false;
}

/*
 * Two names may have one number.  xfs_repair takes off an ACL that names somebody twice; the one with
 * the same effect has the first entry of a user, and all that the entries of a group allow.
 */
static bool merge(struct acl_entry *acl, size_t n, const struct tar_ace *ace)
{
	for (size_t i = 0; is_named(ace->tag) && i < n; i++) {
		if (acl[i].tag != ace->tag || acl[i].id != ace->id)
			continue;
		if (ace->tag == ACL_GROUP)
			acl[i].perm |= ace->perm;
		return true;
	}
	return false;
}

/* All of @text whose id is known. */
static int set_acl(struct xfs_file *file, const struct tar_acl_text *text)
{
	struct acl_entry acl[ACL_MAX_ENTRIES];
	unsigned char value[ACL_VALUE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < text->n; i++) {
		const struct tar_ace *ace = &text->ace[i];

		if (is_named(ace->tag) && ace->id == ACL_NO_ID)
			continue;
		if (merge(acl, n, ace))
			continue;
		acl[n++] = (struct acl_entry){ .tag = ace->tag, .perm = ace->perm, .id = ace->id };
	}
	return xfs_fsetxattr(file,
			     text->type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS ? "system.posix_acl_access"
									 : "system.posix_acl_default",
			     value, acl_encode(acl, n, value), 0);
}

static bool same_ace(const struct tar_ace *a, const struct tar_ace *b)
{
	if (a->tag != b->tag || a->perm != b->perm || a->id != b->id || !a->name != !b->name)
		return false;
	return !a->name || strcmp(a->name, b->name) == 0;
}

static bool same_text(const struct tar_acl_text *a, const struct tar_acl_text *b)
{
	if (a->type != b->type || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!same_ace(&a->ace[i], &b->ace[i]))
			return false;
	}
	return true;
}

/* Room for one more of @size bytes in *@v. */
static bool have_room(void *v, size_t n, size_t *max, size_t size)
{
	size_t more = *max ? *max * 2 : 16;
	void *grown, **p = v;

	if (n < *max)
		return true;
	grown = realloc(*p, more * size);
	if (!grown)
		return false;
	*p = grown;
	*max = more;
	return true;
}

/* How many of the newest texts are compared: files with one ACL mostly follow each other. */
#define LOOK_BACK	32

/* The index of a text equal to @text, which is this folder's from here on.  -ENOMEM: freed. */
static int keep_text(struct tar_acls *acls, struct tar_acl_text *text, size_t *index)
{
	for (size_t i = acls->ntexts; i > 0 && acls->ntexts - i < LOOK_BACK; i--) {
		if (same_text(acls->texts[i - 1], text)) {
			free_text(text);
			*index = i - 1;
			return 0;
		}
	}
	if (!have_room(&acls->texts, acls->ntexts, &acls->max_texts, sizeof(*acls->texts))) {
		free_text(text);
		return -ENOMEM;
	}
	*index = acls->ntexts;
	acls->texts[acls->ntexts++] = text;
	return 0;
}

static int wait_for_names(struct tar_acls *acls, struct xfs_file *file, struct tar_acl_text *text,
			  const char *path)
{
	struct tar_acl_waiting waiting = { 0 };
	struct xfs_stat st = XFS_STAT_INIT;
	int error = keep_text(acls, text, &waiting.text);

	if (!error)
		error = xfs_fgetattr(file, &st);
	if (error)
		return error;
	waiting.ino = st.ino;
	waiting.gen = st.gen;
	waiting.path = strdup(path);
	if (!waiting.path || !have_room(&acls->waiting, acls->nwaiting, &acls->max_waiting,
					sizeof(*acls->waiting))) {
		free(waiting.path);
		return -ENOMEM;
	}
	acls->waiting[acls->nwaiting++] = waiting;
	return 0;
}

int tar_acls_add(struct tar_acls *acls, struct xfs_file *file, struct archive_entry *entry,
		 const char *path, const char **bad)
{
	static const int types[] = { ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT };

	if (archive_entry_acl_types(entry) & ARCHIVE_ENTRY_ACL_TYPE_NFS4)
		acls->other_kinds++;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct tar_acl_text *text;
		int error = read_acl(entry, types[i], &text, bad);

		if (!error && text && has_names(text)) {
			error = wait_for_names(acls, file, text, path);
		} else if (text) {
			error = set_acl(file, text);
			free_text(text);
		}
		if (error)
			return error;
	}
	return 0;
}

static bool same_name(const struct tar_ace *a, const struct tar_ace *b)
{
	return a->tag == b->tag && a->name && strcmp(a->name, b->name) == 0;
}

/* Was the unknown name of @ace met in an earlier text, or earlier in this one? */
static bool told_before(const struct tar_acls *acls, size_t text, const struct tar_ace *ace)
{
	for (size_t t = 0; t <= text; t++) {
		const struct tar_acl_text *earlier = acls->texts[t];

		for (size_t i = 0; i < earlier->n && &earlier->ace[i] != ace; i++) {
			if (same_name(&earlier->ace[i], ace))
				return true;
		}
	}
	return false;
}

static const char *first_path(const struct tar_acls *acls, size_t text)
{
	for (size_t i = 0; i < acls->nwaiting; i++) {
		if (acls->waiting[i].text == text)
			return acls->waiting[i].path;
	}
	return NULL;
}

/* Numbers for the names of text @t; how many are unknown, each told once. */
static uint64_t resolve(struct tar_acls *acls, struct xfsw_sink *sink, size_t t)
{
	struct tar_acl_text *text = acls->texts[t];
	uint64_t unknown = 0;

	for (size_t i = 0; i < text->n; i++) {
		struct tar_ace *ace = &text->ace[i];
		bool group = ace->tag == ACL_GROUP;

		if (!ace->name || owners_find(&sink->owners, ace->name, group, &ace->id))
			continue;
		ace->id = ACL_NO_ID;
		unknown++;
		if (!told_before(acls, t, ace))
			xfsw_complain(sink->call, first_path(acls, t),
				      "its ACL names the unknown %s '%s'%s",
				      group ? "group" : "user", ace->name,
				      sink->skip_unreadable ? "" : "; see --root-db");
	}
	return unknown;
}

int tar_acls_finish(struct tar_acls *acls, struct xfsw_sink *sink)
{
	uint64_t unknown = 0;

	for (size_t t = 0; t < acls->ntexts; t++)
		unknown += resolve(acls, sink, t);
	if (unknown && !sink->skip_unreadable)
		return XFSW_FAILED;
	if (unknown)
		xfsw_complain(sink->call, NULL,
			      "ACL entries of unknown users and groups were left out");
	for (size_t i = 0; i < acls->nwaiting; i++) {
		struct tar_acl_waiting *waiting = &acls->waiting[i];
		struct xfs_file *file;
		int error = xfs_open_by_ino(sink->mp, waiting->ino, waiting->gen, O_PATH, &file);

		if (error == -ESTALE || error == -ENOENT)
			continue;	/* a later member took its name */
		if (!error) {
			error = set_acl(file, acls->texts[waiting->text]);
			xfs_close(file);
		}
		if (error)
			return xfsw_fail(sink->call, waiting->path, error);
	}
	if (acls->other_kinds)
		xfsw_complain(sink->call, NULL,
			      "%ju NFSv4 ACLs, which XFS does not support, were left out",
			      (uintmax_t)acls->other_kinds);
	return 0;
}

void tar_acls_free(struct tar_acls *acls)
{
	for (size_t t = 0; t < acls->ntexts; t++)
		free_text(acls->texts[t]);
	for (size_t i = 0; i < acls->nwaiting; i++)
		free(acls->waiting[i].path);
	free(acls->texts);
	free(acls->waiting);
	memset(acls, 0, sizeof(*acls));
}

#endif
