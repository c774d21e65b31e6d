/* SPDX-License-Identifier: MIT */
/*
 * One step: "verb arguments...", words separated by spaces.  In a word
 *   ''        nothing
 *   {N}       N times 'n'
 *   {./N}     "./" over and over, N bytes of it
 * and a value of an attribute is =TEXT, {N}, acl:VERSION:TAG.PERM.ID,... in the form of the system
 * calls, many:N (such an ACL of N users), sgi:TAG.PERM.ID,... (one as it is on disk), or
 * cap:REVISION:SIZE.  verbs[] at the end tells what there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xfswrite/xfswrite.h>
#include "calls.h"

#define MAX_WORDS	8
#define VALUE_MAX	(65536u + 4096u)
#define BIG		(2u << 20)	/* more than any file of the cases holds */

static uint8_t big[BIG];

void text_bytes(struct text *t, const void *bytes, size_t len)
{
	if (t->len + len + 1 > t->room) {
		t->room = (t->len + len + 1) * 2;
		t->at = realloc(t->at, t->room);
		if (!t->at)
			abort();
	}
	memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
	char buf[8192];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	text_bytes(t, buf, (size_t)len < sizeof(buf) ? (size_t)len : sizeof(buf) - 1);
}

static void text_escaped(struct text *t, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] > 32 && bytes[i] < 127)
			text_bytes(t, bytes + i, 1);
		else
			text_add(t, "\\%02x", bytes[i]);
	}
}

/* ---- words ---------------------------------------------------------------------------------- */

static void expand(const char *word, struct text *to)
{
	while (*word) {
		unsigned long n;
		char *end;

		if (!strncmp(word, "''", 2)) {
			word += 2;
		} else if (*word == '{') {
			bool dots = !strncmp(word, "{./", 3);

			n = strtoul(word + (dots ? 3 : 1), &end, 10);
			for (unsigned long i = 0; i < n; i++)
				text_bytes(to, dots ? &"./"[i % 2] : "n", 1);
			word = end + 1;
		} else {
			text_bytes(to, word++, 1);
		}
	}
}

static int64_t number(const char *word)
{
	if (!strcmp(word, "max"))
		return INT64_MAX;
	if (!strcmp(word, "min"))
		return INT64_MIN;
	if (!strncmp(word, "max-", 4))
		return INT64_MAX - strtoll(word + 4, NULL, 0);
	return strtoll(word, NULL, 0);
}

static const struct {
	const char *name;
	int flag;
} open_flags[] = {
	{ "rdonly", O_RDONLY }, { "wronly", O_WRONLY }, { "rdwr", O_RDWR }, { "both", O_ACCMODE },
	{ "creat", O_CREAT }, { "excl", O_EXCL }, { "trunc", O_TRUNC }, { "append", O_APPEND },
	{ "directory", O_DIRECTORY }, { "nofollow", O_NOFOLLOW }, { "path", O_PATH },
	{ "direct", O_DIRECT }, { "largefile", 0100000 }, { "sync", O_SYNC }, { "dsync", O_DSYNC },
	{ "noatime", O_NOATIME },
};

static int parse_flags(const char *word)
{
	int flags = 0;

	while (*word) {
		size_t len = strcspn(word, ",");
		bool known = false;

		for (size_t i = 0; i < sizeof(open_flags) / sizeof(open_flags[0]); i++) {
			if (strlen(open_flags[i].name) == len && !strncmp(open_flags[i].name, word, len)) {
				flags |= open_flags[i].flag;
				known = true;
			}
		}
		if (!known) {
			fprintf(stderr, "unknown open flag in \"%s\"\n", word);
			exit(2);
		}
		word += len + (word[len] == ',');
	}
	return flags;
}

static void put_le(struct text *to, uint32_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++, value >>= 8) {
		uint8_t byte = (uint8_t)value;

		text_bytes(to, &byte, 1);
	}
}

static void parse_entry(struct text *to, long tag, long perm, long id)
{
	put_le(to, (uint32_t)tag, 2);
	put_le(to, (uint32_t)perm, 2);
	put_le(to, (uint32_t)id, 4);
}

static void parse_acl(const char *word, struct text *to)
{
	char *end;

	put_le(to, (uint32_t)strtoul(word, &end, 0), 4);
	while (*end) {
		long tag = strtol(end + 1, &end, 0), perm = strtol(end + 1, &end, 0);
		long id = strtol(end + 1, &end, 0);

		parse_entry(to, tag, perm, id);
	}
}

static void put_be(struct text *to, uint32_t value, unsigned int bytes)
{
	while (bytes--) {
		uint8_t byte = (uint8_t)(value >> 8 * bytes);

		text_bytes(to, &byte, 1);
	}
}

static void parse_disk_acl(const char *word, struct text *to)
{
	uint32_t count = 0;
	char *end;

	for (const char *at = word; *at; at++)
		count += *at == '.';
	put_be(to, count / 2, 4);
	for (const char *at = word; *at; at = end + (*end == ',')) {
		long tag = strtol(at, &end, 0), perm = strtol(end + 1, &end, 0);
		long id = strtol(end + 1, &end, 0);

		put_be(to, (uint32_t)tag, 4);
		put_be(to, (uint32_t)id, 4);
		put_be(to, (uint32_t)perm, 2);
		put_be(to, 0, 2);
	}
}

static void parse_value(const char *word, struct text *to)
{
	char *end;

	if (!strncmp(word, "acl:", 4)) {
		parse_acl(word + 4, to);
	} else if (!strncmp(word, "sgi:", 4)) {
		parse_disk_acl(word + 4, to);
	} else if (!strncmp(word, "many:", 5)) {
		parse_acl("2:1.7.-1", to);
		for (unsigned long n = strtoul(word + 5, NULL, 10); n; n--)
			parse_entry(to, 2, 7, (long)n);
		parse_entry(to, 4, 5, -1);
		parse_entry(to, 16, 7, -1);
		parse_entry(to, 32, 5, -1);
	} else if (!strncmp(word, "cap:", 4)) {
		put_le(to, (uint32_t)strtoul(word + 4, &end, 10) << 24, 4);
		for (unsigned long n = strtoul(end + 1, NULL, 10); n > 4; n--)
			put_le(to, 0, 1);
	} else
		expand(word + (*word == '='), to);
}

/* ---- verbs ---------------------------------------------------------------------------------- */

typedef int64_t verb_fn(const struct calls *c, char **w, int n, struct text *out);

static mode_t mode_of(const char *word)
{
	return (mode_t)strtoul(word, NULL, 8);
}

static int64_t do_mkdir(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->make_dir(w[2], mode_of(w[1]));
}

static int64_t do_mknod(const struct calls *c, char **w, int n, struct text *out)
{
	(void)out;
	return c->make_node(w[2], mode_of(w[1]), n > 3 ? (uint32_t)number(w[3]) : 0,
			    n > 4 ? (uint32_t)number(w[4]) : 0);
}

static int64_t do_symlink(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->make_symlink(w[1], w[2]);
}

static int64_t do_createat(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->make_at(w[2], mode_of(w[1]));
}

static int64_t do_link(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->link(w[1], w[2]);
}

static int64_t do_unlink(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->unlink(w[1]);
}

static int64_t do_rmdir(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->rmdir(w[1]);
}

static int64_t do_rename(const struct calls *c, char **w, int n, struct text *out)
{
	(void)out;
	return c->rename(w[1], w[2], n > 3 ? (unsigned int)number(w[3]) : 0);
}

static int64_t do_open(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	struct stat st;
	int error = c->open(w[2], parse_flags(w[1]), n > 3 ? mode_of(w[3]) : 0644, &h);

	if (error)
		return error;
	error = c->fstat(h, &st);
	text_add(out, " mode %o size %lld", st.st_mode, (long long)st.st_size);
	return error ? error : c->close(h);
}

static int64_t do_pread(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n;
	if (ret)
		return ret;
	ret = c->pread(h, big, (size_t)number(w[3]), number(w[4]));
	if (ret > 0)
		text_bytes(out, big, ret > 64 ? 64 : (size_t)ret);
	c->close(h);
	return ret;
}

static int64_t do_pwrite(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	memset(big, 'w', sizeof(big));
	ret = c->pwrite(h, big, (size_t)number(w[3]), number(w[4]));
	c->close(h);
	return ret;
}

static int64_t do_ftruncate(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	ret = c->ftruncate(h, number(w[3]));
	c->close(h);
	return ret;
}

static int64_t do_fsync(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	ret = c->fsync(h);
	c->close(h);
	return ret;
}

static int64_t do_fchmod(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	ret = c->fchmod(h, mode_of(w[3]));
	c->close(h);
	return ret;
}

static int64_t do_fsetxattr(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	ret = c->fsetxattr(h, w[3], "value", 5, 0);
	c->close(h);
	return ret;
}

static int64_t do_seek(const struct calls *c, char **w, int n, struct text *out)
{
	union handle h;
	int64_t ret = c->open(w[2], parse_flags(w[1]), 0, &h);

	(void)n, (void)out;
	if (ret)
		return ret;
	ret = c->seek(h, number(w[3]), !strcmp(w[4], "data") ? SEEK_DATA
					 : !strcmp(w[4], "hole") ? SEEK_HOLE : (int)number(w[4]));
	c->close(h);
	return ret;
}

static int64_t do_truncate(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->truncate(w[1], number(w[2]));
}

static int64_t do_stat(const struct calls *c, char **w, int n, struct text *out)
{
	struct stat st;
	int error = c->stat(w[1], w[0][0] != 'l', &st);

	(void)n;
	if (!error)
		text_add(out, " mode %o nlink %u size %lld blksize %ld", st.st_mode,
			 (unsigned int)st.st_nlink, (long long)st.st_size, (long)st.st_blksize);
	return error;
}

static int64_t do_readlink(const struct calls *c, char **w, int n, struct text *out)
{
	char buf[2048];
	int64_t ret = c->readlink(w[1], buf, n > 2 ? (size_t)number(w[2]) : sizeof(buf));

	if (ret > 0)
		text_bytes(out, buf, (size_t)ret);
	return ret;
}

static int64_t do_chmod(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->chmod(w[1], mode_of(w[2]));
}

static int64_t do_chown(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->chown(w[1], w[0][0] != 'l', (uint32_t)number(w[2]), (uint32_t)number(w[3]));
}

static long nanoseconds(const char *word)
{
	return !strcmp(word, "now") ? UTIME_NOW : !strcmp(word, "omit") ? UTIME_OMIT
									: (long)number(word);
}

/* The times that were set, as they are told afterwards. */
static int64_t do_utimens(const struct calls *c, char **w, int n, struct text *out)
{
	const struct timespec times[2] = {
		{ number(w[2]), nanoseconds(w[3]) }, { number(w[4]), nanoseconds(w[5]) },
	};
	bool follow = w[0][0] != 'l';
	struct stat st;
	int64_t ret = c->utimens(w[1], follow, times);

	(void)n;
	if (ret || c->stat(w[1], follow, &st))
		return ret;
	if (times[0].tv_nsec >= 0 && times[0].tv_nsec < 1000000000)
		text_add(out, " atime %lld.%09ld", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec);
	if (times[1].tv_nsec >= 0 && times[1].tv_nsec < 1000000000)
		text_add(out, " mtime %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return ret;
}

static int64_t do_setxattr(const struct calls *c, char **w, int n, struct text *out)
{
	struct text value = { 0 };
	int64_t ret;

	(void)out;
	text_bytes(&value, "", 0);
	parse_value(w[3], &value);
	ret = c->setxattr(w[1], w[0][0] != 'l', w[2], value.at, value.len, n > 4 ? (int)number(w[4]) : 0);
	free(value.at);
	return ret;
}

static int64_t do_getxattr(const struct calls *c, char **w, int n, struct text *out)
{
	int64_t ret = c->getxattr(w[1], w[0][0] != 'l', w[2], big,
				  n > 3 ? (size_t)number(w[3]) : sizeof(big));

	if (ret > 0 && !(n > 3 && !number(w[3])))
		text_escaped(out, big, ret > 256 ? 256 : (size_t)ret);
	return ret;
}

static int64_t do_listxattr(const struct calls *c, char **w, int n, struct text *out)
{
	int64_t ret = c->listxattr(w[1], w[0][0] != 'l', (char *)big,
				   n > 2 ? (size_t)number(w[2]) : sizeof(big));

	for (int64_t i = 0; i < ret && !(n > 2 && !number(w[2])); i++)
		text_add(out, "%c", big[i] ? big[i] : ' ');
	return ret;
}

static int64_t do_removexattr(const struct calls *c, char **w, int n, struct text *out)
{
	(void)n, (void)out;
	return c->removexattr(w[1], w[0][0] != 'l', w[2]);
}

static int64_t do_xflags(const struct calls *c, char **w, int n, struct text *out)
{
	uint32_t flags = strstr(w[2], "immutable") ? XFS_XFLAG_IMMUTABLE : 0;

	(void)n, (void)out;
	flags |= strstr(w[2], "append") ? XFS_XFLAG_APPEND : 0;
	flags |= strstr(w[2], "nosymlinks") ? XFS_XFLAG_NOSYMLINKS : 0;
	return c->set_xflags(w[1], flags);
}

static int64_t do_statfs(const struct calls *c, char **w, int n, struct text *out)
{
	uint64_t bsize = 0;
	uint32_t name_max = 0;
	int error = c->statfs(&bsize, &name_max);

	(void)w, (void)n;
	text_add(out, " block %llu name %u", (unsigned long long)bsize, name_max);
	return error;
}

/* Until nothing more can be made. */
static int64_t do_fill(const struct calls *c, char **w, int n, struct text *out)
{
	int64_t ret, offset = 0;
	union handle h;
	char name[64];

	(void)w, (void)n, (void)out;
	ret = c->open("/fill", O_CREAT | O_WRONLY, 0600, &h);
	if (ret)
		return ret;
	for (size_t len = sizeof(big); len >= 512;) {
		ret = c->pwrite(h, big, len, offset);
		if (ret > 0)
			offset += ret;
		else if (ret == -ENOSPC)
			len /= 2;
		else
			return ret;
	}
	ret = c->fsync(h);
	c->close(h);
	for (int i = 0; !ret && i < 100000; i++) {
		snprintf(name, sizeof(name), "/full-%d", i);
		ret = c->make_node(name, S_IFREG | 0600, 0, 0);
	}
	return ret == -ENOSPC ? 0 : ret;
}

static const struct {
	const char *verb;
	int words;		/* at least */
	bool changes;
	verb_fn *run;
} verbs[] = {
	{ "mkdir", 3, true, do_mkdir },		/* MODE PATH */
	{ "mknod", 3, true, do_mknod },		/* MODE PATH [MAJOR MINOR] */
	{ "symlink", 3, true, do_symlink },	/* TARGET PATH */
	{ "createat", 3, true, do_createat },	/* MODE NAME */
	{ "link", 3, true, do_link },
	{ "unlink", 2, true, do_unlink },
	{ "rmdir", 2, true, do_rmdir },
	{ "rename", 3, true, do_rename },	/* FROM TO [FLAGS] */
	{ "open", 3, true, do_open },		/* FLAGS PATH [MODE] */
	{ "pread", 5, false, do_pread },	/* FLAGS PATH LEN OFFSET */
	{ "pwrite", 5, true, do_pwrite },
	{ "ftruncate", 4, true, do_ftruncate },	/* FLAGS PATH SIZE */
	{ "fsync", 3, false, do_fsync },	/* FLAGS PATH */
	{ "fchmod", 4, true, do_fchmod },	/* FLAGS PATH MODE */
	{ "fsetxattr", 4, true, do_fsetxattr },	/* FLAGS PATH NAME */
	{ "seek", 5, false, do_seek },		/* FLAGS PATH OFFSET WHENCE */
	{ "truncate", 3, true, do_truncate },	/* PATH SIZE */
	{ "stat", 2, false, do_stat },
	{ "lstat", 2, false, do_stat },
	{ "readlink", 2, false, do_readlink },	/* PATH [SIZE] */
	{ "chmod", 3, true, do_chmod },		/* PATH MODE */
	{ "chown", 4, true, do_chown },		/* PATH UID GID */
	{ "lchown", 4, true, do_chown },
	{ "utimens", 6, true, do_utimens },	/* PATH SEC NSEC SEC NSEC */
	{ "lutimens", 6, true, do_utimens },
	{ "setxattr", 4, true, do_setxattr },	/* PATH NAME VALUE [FLAGS] */
	{ "lsetxattr", 4, true, do_setxattr },
	{ "getxattr", 3, false, do_getxattr },	/* PATH NAME [SIZE] */
	{ "lgetxattr", 3, false, do_getxattr },
	{ "listxattr", 2, false, do_listxattr },	/* PATH [SIZE] */
	{ "llistxattr", 2, false, do_listxattr },
	{ "removexattr", 3, true, do_removexattr },	/* PATH NAME */
	{ "lremovexattr", 3, true, do_removexattr },
	{ "xflags", 3, true, do_xflags },	/* PATH none,immutable,append,nosymlinks */
	{ "statfs", 1, false, do_statfs },
	{ "fill", 1, true, do_fill },
};

int step_run(const struct calls *c, const char *step, struct text *out, bool *changes)
{
	struct text words[MAX_WORDS] = { 0 };
	char *copy = strdup(step), *save = NULL, *w[MAX_WORDS] = { 0 };
	int64_t ret = 0;
	bool raw = !strncmp(step, "setxattr", 8) || !strncmp(step, "lsetxattr", 9);
	int n = 0;

	if (!copy)
		abort();
	for (char *word = strtok_r(copy, " ", &save); word && n < MAX_WORDS;
	     word = strtok_r(NULL, " ", &save), n++) {
		text_bytes(&words[n], "", 0);
		/* A value is expanded by itself. */
		if (raw && n == 3)
			text_bytes(&words[n], word, strlen(word));
		else
			expand(word, &words[n]);
		w[n] = words[n].at;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!n || strcmp(verbs[i].verb, w[0]) || n < verbs[i].words)
			continue;
		*changes = verbs[i].changes;
		ret = verbs[i].run(c, w, n, out);
		goto out;
	}
	fprintf(stderr, "no such step: \"%s\"\n", step);
	exit(2);
out:
	for (int i = 0; i < n; i++)
		free(words[i].at);
	free(copy);
	if (ret < 0)
		text_add(out, "%s", strerrorname_np((int)-ret));
	else
		text_add(out, " = %lld", (long long)ret);
	return ret < 0 ? (int)ret : 0;
}
