/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the tool's handling of foreign names and paths.  The input is a name and a path,
 * with the first newline between them.  Whatever they are, what is made or opened lies in the box, and
 * the directory that the links in the box lead to stays as it is.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fuzz/fuzz.h"
#include "support/kernel_image.h"
#include "xfsw/host.h"

static int box = -1;
static char box_path[600], canary_path[600];

static void demand(bool cond)
{
	if (!cond)
		abort();
}

static void make_box(void)
{
	char command[3000];

	snprintf(box_path, sizeof(box_path), "%.256s/box", test_scratch_dir());
	snprintf(canary_path, sizeof(canary_path), "%.256s/canary", test_scratch_dir());
	snprintf(command, sizeof(command),
		 "mkdir -p %s/a/b/c %s && cd %s && ln -s ../canary out && ln -s / root && "
		 "ln -s a/b in && ln -s .. a/up && touch file",
		 box_path, canary_path, box_path);
	demand(system(command) == 0);
	box = open(box_path, O_RDONLY | O_DIRECTORY);
	demand(box >= 0);
}

/* Where a descriptor leads is inside the box. */
static void demand_inside(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return;		/* no /proc here */
	path[len] = 0;
	demand(strncmp(path, box_path, strlen(box_path)) == 0 &&
	       (path[strlen(box_path)] == 0 || path[strlen(box_path)] == '/'));
}

static void clean(const char *path)
{
	struct xfsw_str out = { 0 };

	if (xfsw_clean_path(&out, path)) {
		unsigned int n = 0;

		for (const char *part = out.s; *part; n++) {
			size_t len = strcspn(part, "/");

			demand(xfsw_name_is_plain(part, len));
			part += len;
			demand(*part == 0 || (*part == '/' && part[1]));
			part += *part == '/';
		}
		demand(n <= XFSW_MAX_COMPONENTS && out.len <= strlen(path));
	}
	str_free(&out);
}

static void make(const char *name)
{
	const struct host_special link = { .target = "../canary" };
	struct xfsw_link from = { .path = (char *)(uintptr_t)"file" };
	struct stat st;
	int fd;

	if (fstatat(box, "file", &st, AT_SYMLINK_NOFOLLOW) == 0) {
		from.host_dev = st.st_dev;
		from.host_ino = st.st_ino;
	}
	(void)host_link(box, &from, box, name, false);
	(void)host_chmod(box, name, 0644);
	fd = host_make_file(box, name, true);
	if (fd >= 0) {
		demand_inside(fd);
		close(fd);
	}
	(void)host_make_special(box, name, &link, true);
	(void)host_chmod(box, name, 0);
	fd = host_make_dir(box, name, true);
	if (fd >= 0) {
		demand_inside(fd);
		close(fd);
		(void)host_make_way(box, name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *path;
	int fd;

	if (!text)
		return 0;
	memcpy(text, data, len);
	text[len] = 0;
	if (box < 0)
		make_box();
	path = strchr(text, '\n');
	if (path)
		*path++ = 0;
	else
		path = text + strlen(text);
	clean(path);
	clean(text);
	fd = host_open_below(box, path);
	if (fd >= 0) {
		demand_inside(fd);
		close(fd);
	}
	/* Of the fixed ones only links may make way. */
	if (strcmp(text, "a") && strcmp(text, "file") && strcmp(text, "in"))
		make(text);
	demand(rmdir(canary_path) == 0 && mkdir(canary_path, 0755) == 0);
	free(text);
	return 0;
}
