/* SPDX-License-Identifier: MIT */
/* xfsw xattr ls, get, set, rm */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "xfsw/xfsw.h"

#define VALUE_MAX 65536

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names, sorted; *@namesp and *@listp are the caller's to free. */
static ssize_t sorted_names(struct xfs_mount *mp, const char *path, bool follow, char **listp,
			    char ***namesp)
{
	ssize_t size = xfs_listxattr(mp, path, follow, NULL, 0);
	size_t n = 0;

	*listp = NULL;
	*namesp = NULL;
	if (size <= 0)
		return size;
	*listp = malloc((size_t)size);
	*namesp = calloc((size_t)size, sizeof(char *));
	if (!*listp || !*namesp)
		return -ENOMEM;
	size = xfs_listxattr(mp, path, follow, *listp, (size_t)size);
	if (size < 0)
		return size;
	for (char *name = *listp; name < *listp + size; name += strlen(name) + 1)
		(*namesp)[n++] = name;
	qsort(*namesp, n, sizeof(char *), compare);
	return (ssize_t)n;
}

/* A value has any bytes: "base64" holds all, "text" stands beside it where they are UTF-8. */
static void json_value(struct xfsw_json *j, const char *value, size_t size)
{
	json_u64(j, "size", size);
	if (json_is_text(value, size))
		json_text(j, "text", value, size);
	json_base64(j, "base64", value, size);
}

struct list {
	struct xfsw_call *call;
	struct xfsw_json json;
	bool follow;
	char *value;		/* VALUE_MAX bytes; for JSON */
};

/* 0 or -errno. */
static int list_one(struct list *l, const char *path, const char *name)
{
	ssize_t size = xfs_getxattr(l->call->img->mp, path, l->follow, name, l->value,
				    l->value ? VALUE_MAX : 0);

	if (size < 0)
		return (int)size;
	if (l->json.out) {
		json_open(&l->json, NULL, '{');
		json_bytes(&l->json, "name", name, strlen(name));
		json_value(&l->json, l->value, (size_t)size);
		json_close(&l->json, '}');
		return 0;
	}
	printf("%zd\t", size);
	xfsw_print_name(stdout, name, strlen(name), true);
	putchar('\n');
	return 0;
}

static int list_all(struct list *l, const char *path)
{
	char *names_buf, **names;
	ssize_t n = sorted_names(l->call->img->mp, path, l->follow, &names_buf, &names);
	int error = n < 0 ? (int)n : 0;

	for (ssize_t i = 0; i < n && !error; i++)
		error = list_one(l, path, names[i]);
	free(names_buf);
	free(names);
	return error;
}

static int run_list(struct xfsw_call *call)
{
	struct list l = { .call = call, .follow = !xfsw_has(call, 'h') };
	const char *path = call->argv[0];
	int code, finished;

	if (xfsw_has(call, XFSW_OPT_JSON)) {
		l.value = malloc(VALUE_MAX);
		if (!l.value)
			return xfsw_fail(call, path, -ENOMEM);
		l.json.out = stdout;
		json_open(&l.json, NULL, '[');
	}
	code = list_all(&l, path);
	if (code)
		code = xfsw_fail(call, path, code);
	if (l.json.out)
		json_finish(&l.json, call, ']');
	free(l.value);
	finished = xfsw_finish_output(call);
	return code ? code : finished;
}

static const struct xfsw_option xattr_ls_options[] = {
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_xattr_ls = {
	.name = "xattr ls",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-h] IMG PATH",
	.summary = "List extended attributes: size and name",
	.examples = "xfsw xattr ls disk.img /home/ann\n",
	.options = xattr_ls_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_list,
};

static void print_value(const struct xfsw_call *call, const char *value, size_t size)
{
	struct xfsw_json j = { .out = stdout };

	if (xfsw_has(call, XFSW_OPT_JSON)) {
		json_open(&j, NULL, '{');
		json_bytes(&j, "path", call->argv[0], strlen(call->argv[0]));
		json_bytes(&j, "name", call->argv[1], strlen(call->argv[1]));
		json_value(&j, value, size);
		json_finish(&j, call, '}');
	} else if (xfsw_has(call, 'x')) {
		for (size_t i = 0; i < size; i++)
			printf("%02x", (unsigned char)value[i]);
		putchar('\n');
	} else {
		fwrite(value, 1, size, stdout);
		if (isatty(STDOUT_FILENO) || call->line)
			putchar('\n');
	}
}

static int run_get(struct xfsw_call *call)
{
	const char *path = call->argv[0];
	char *value = malloc(VALUE_MAX);
	ssize_t size;

	if (!value)
		return xfsw_fail(call, path, -ENOMEM);
	size = xfs_getxattr(call->img->mp, path, !xfsw_has(call, 'h'), call->argv[1], value,
			    VALUE_MAX);
	if (size >= 0)
		print_value(call, value, (size_t)size);
	free(value);
	return size < 0 ? xfsw_fail(call, path, (int)size) : xfsw_finish_output(call);
}

static const struct xfsw_option xattr_get_options[] = {
	{ 'x', NULL, NULL, "print it in hexadecimal" },
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_xattr_get = {
	.name = "xattr get",
	.group = XFSW_GROUP_LOOK,
	.operands = "[-h] [-x] IMG PATH NAME",
	.summary = "Print the value of an extended attribute, byte for byte",
	.help = "NAME includes its prefix: user., trusted. or security.; ACLs are "
		"system.posix_acl_access and system.posix_acl_default.\n",
	.examples = "xfsw xattr get disk.img /home/ann/notes.txt user.origin\n",
	.options = xattr_get_options,
	.open = XFSW_OPEN_READ,
	.flags = XFSW_JSON,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_get,
};

/* Text as it stands, 0x and hex digits, or "-": standard input.  Returns bytes, -1: no value. */
static ssize_t parse_value(const char *text, char *value)
{
	size_t len = strlen(text);

	if (strcmp(text, "-") == 0) {
		size_t got = fread(value, 1, VALUE_MAX + 1, stdin);

		return ferror(stdin) || got > VALUE_MAX ? -1 : (ssize_t)got;
	}
	if (strncmp(text, "0x", 2) == 0) {
		if (len % 2 || len / 2 - 1 > VALUE_MAX ||
		    strspn(text + 2, "0123456789abcdefABCDEF") != len - 2)
			return -1;
		for (size_t i = 2; i < len; i += 2) {
			const char digits[3] = { text[i], text[i + 1], 0 };

			value[i / 2 - 1] = (char)strtoul(digits, NULL, 16);
		}
		return (ssize_t)(len / 2 - 1);
	}
	if (len > VALUE_MAX)
		return -1;
	memcpy(value, text, len);
	return (ssize_t)len;
}

static int run_set(struct xfsw_call *call)
{
	const char *path = call->argv[0];
	char *value = malloc(VALUE_MAX + 1);
	ssize_t size;
	int error;

	if (!value)
		return xfsw_fail(call, path, -ENOMEM);
	if (strcmp(call->argv[2], "-") == 0 && call->line) {
		free(value);
		return xfsw_usage(call, "the shell already reads standard input");
	}
	size = parse_value(call->argv[2], value);
	if (size < 0) {
		free(value);
		return xfsw_usage(call, "the value is not a hex number, or longer than %d bytes",
				  VALUE_MAX);
	}
	error = xfs_setxattr(call->img->mp, path, !xfsw_has(call, 'h'), call->argv[1], value,
			     (size_t)size, 0);
	free(value);
	return error ? xfsw_fail(call, path, error) : XFSW_OK;
}

static const struct xfsw_option xattr_set_options[] = {
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_xattr_set = {
	.name = "xattr set",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-h] IMG PATH NAME VALUE",
	.summary = "Set an extended attribute",
	.help = "NAME includes its prefix: user., trusted. or security.; ACLs are "
		"system.posix_acl_access and system.posix_acl_default. VALUE is text, 0x and "
		"hexadecimal digits, or - for standard input; at most 64 KiB.\n",
	.examples = "xfsw xattr set disk.img /home/ann/notes.txt user.author ann\n",
	.options = xattr_set_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 3,
	.max_operands = 3,
	.run = run_set,
};

static int run_remove(struct xfsw_call *call)
{
	int error = xfs_removexattr(call->img->mp, call->argv[0], !xfsw_has(call, 'h'),
				    call->argv[1]);

	return error ? xfsw_fail(call, call->argv[0], error) : XFSW_OK;
}

static const struct xfsw_option xattr_rm_options[] = {
	{ 'h', NULL, NULL, "a symbolic link itself, not its target" },
	XFSW_OPTIONS_END
};

const struct xfsw_verb verb_xattr_rm = {
	.name = "xattr rm",
	.group = XFSW_GROUP_ATTRS,
	.operands = "[-h] IMG PATH NAME",
	.summary = "Remove an extended attribute",
	.help = "NAME includes its prefix: user., trusted. or security.; ACLs are "
		"system.posix_acl_access and system.posix_acl_default.\n",
	.examples = "xfsw xattr rm disk.img /home/ann/notes.txt user.origin\n",
	.options = xattr_rm_options,
	.open = XFSW_OPEN_WRITE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_remove,
};
