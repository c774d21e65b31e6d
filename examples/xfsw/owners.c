/* SPDX-License-Identifier: MIT */
/* Names of users and groups become numbers; see owners.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/owners.h"

/* A database larger than this is none. */
#define FILE_MAX_BYTES	(64u << 20)

/*
 * The file @name in directory @dirfd as a string, NULL if it cannot be had.  Links are not
 * followed: in a foreign tree they lead to the host's files.
 */
static char *read_host_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	size_t done = 0;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX_BYTES)
		text = malloc((size_t)st.st_size + 1);
	while (text && done < (size_t)st.st_size) {
		ssize_t got = read(fd, text + done, (size_t)st.st_size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	if (text)
		text[done] = 0;
	close(fd);
	return text;
}

char *owners_read_image_file(struct xfs_mount *mp, const char *path)
{
	struct xfs_file *file;
	struct xfs_stat st = XFS_STAT_INIT;
	char *text = NULL;

	/* The type first: to open a device or a fifo of the image is an error of its own. */
	if (xfs_getattr(mp, path, true, &st) || !S_ISREG(st.mode) ||
	    st.size_bytes > FILE_MAX_BYTES || xfs_open(mp, path, O_RDONLY, 0, &file))
		return NULL;
	text = malloc((size_t)st.size_bytes + 1);
	if (text) {
		ssize_t got = st.size_bytes ? xfs_pread(file, text, (size_t)st.size_bytes, 0) : 0;

		text[got > 0 ? got : 0] = 0;
	}
	xfs_close(file);
	return text;
}

static void load_dir(struct xfsw_owners *owners, int dirfd)
{
	owners->users = read_host_file(dirfd, "passwd");
	owners->groups = read_host_file(dirfd, "group");
}

/* DIR/etc, or with @bare DIR itself when it has no such files below. */
static void load_host_tree(struct xfsw_owners *owners, const char *dir, bool bare)
{
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), etc;

	if (top < 0)
		return;
	etc = openat(top, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (etc >= 0) {
		load_dir(owners, etc);
		close(etc);
	}
	if (bare && !owners->users && !owners->groups)
		load_dir(owners, top);
	close(top);
}

static void load(struct xfsw_owners *owners)
{
	owners->loaded = true;
	if (owners->tree) {
		owners->users = owners_read_image_file(owners->tree, "/etc/passwd");
		owners->groups = owners_read_image_file(owners->tree, "/etc/group");
	} else if (owners->tree_dir) {
		load_host_tree(owners, owners->tree_dir, false);
	}
}

int owners_init(struct xfsw_owners *owners, const struct xfsw_call *call)
{
	const char *dir = xfsw_arg(call, OWNERS_ROOT_DB);

	memset(owners, 0, sizeof(*owners));
	owners->numeric = xfsw_has(call, OWNERS_NUMERIC);
	if (dir && owners->numeric)
		return xfsw_usage(call, "--numeric-owner and --root-db exclude each other");
	if (!dir)
		return 0;
	owners->loaded = owners->only_files = true;
	load_host_tree(owners, dir, true);
	if (owners->users || owners->groups)
		return 0;
	return xfsw_complain(call, dir, "it contains neither etc/passwd nor etc/group");
}

void owners_free(struct xfsw_owners *owners)
{
	free(owners->users);
	free(owners->groups);
	owners->users = owners->groups = NULL;
}

void owners_use_image(struct xfsw_owners *owners, struct xfs_mount *mp)
{
	if (owners->only_files)
		return;
	owners_free(owners);
	owners->tree = mp;
	owners->tree_dir = NULL;
	owners->loaded = false;
}

/* Lines are "name:password:number:..." in both files. */
static bool find_line(const char *text, const char *name, uint32_t *id)
{
	size_t len = strlen(name);

	while (text && *text) {
		const char *end = strchrnul(text, '\n'), *field;
		uint64_t value;
		char *stop;

		if ((size_t)(end - text) > len && text[len] == ':' &&
		    memcmp(text, name, len) == 0) {
			field = memchr(text + len + 1, ':', (size_t)(end - text) - len - 1);
			if (field && field[1] >= '0' && field[1] <= '9') {
				errno = 0;
				value = strtoull(field + 1, &stop, 10);
				if (!errno && *stop == ':' && value < OWNERS_ID_LIMIT) {
					*id = (uint32_t)value;
					return true;
				}
			}
		}
		text = *end ? end + 1 : end;
	}
	return false;
}

static bool find_on_host(const char *name, bool group, uint32_t *id)
{
	if (group) {
		const struct group *gr = getgrnam(name);

		if (gr)
			*id = gr->gr_gid;
		return gr != NULL;
	}
	const struct passwd *pw = getpwnam(name);

	if (pw)
		*id = pw->pw_uid;
	return pw != NULL;
}

bool owners_find(struct xfsw_owners *owners, const char *name, bool group, uint32_t *id)
{
	uint64_t value;

	if (xfsw_parse_u64(name, OWNERS_ID_LIMIT - 1, &value)) {
		*id = (uint32_t)value;
		return true;
	}
	/* Digits that are no number of an inode are no name either. */
	if (owners->numeric || !*name || name[strspn(name, "0123456789")] == 0)
		return false;
	if (!owners->loaded)
		load(owners);
	if (find_line(group ? owners->groups : owners->users, name, id))
		return true;
	return !owners->only_files && find_on_host(name, group, id);
}

bool owners_parse(struct xfsw_owners *owners, const char *text, uint32_t *uid, uint32_t *gid,
		  uint32_t *valid)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	char user[256];

	*valid = 0;
	if (len >= sizeof(user))
		return false;
	memcpy(user, text, len);
	user[len] = 0;
	if (len) {
		if (!owners_find(owners, user, false, uid))
			return false;
		*valid |= XFS_ATTR_UID;
	}
	if (colon && colon[1]) {
		if (!owners_find(owners, colon + 1, true, gid))
			return false;
		*valid |= XFS_ATTR_GID;
	}
	return *valid != 0;
}

const struct xfsw_option owners_options[] = {
	{ OWNERS_ROOT_DB, "root-db", "DIR",
	  "look up names only in DIR/etc/passwd and DIR/etc/group (or DIR/passwd, DIR/group); "
	  "the default is the tree itself, then the host" },
	{ OWNERS_NUMERIC, "numeric-owner", NULL, "use numbers only, look up no names" },
	XFSW_OPTIONS_END
};
