/* SPDX-License-Identifier: MIT */
/*
 * posix_differ IMAGE DIRECTORY full|plain|unprivileged|readonly|geometry|world [--slow] [SEED]: DIRECTORY is a mounted copy
 * of IMAGE.  Each step runs in a child over the kernel, rooted in DIRECTORY, and here over the
 * library; results are compared, and after a step that changed something both trees.  "world" makes
 * what "readonly" wants to find.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "calls.h"

#define WHO	1000	/* the unprivileged one */

static int child_socket;
static unsigned long steps, differing;
static bool dirty = true;	/* a step changed the objects of the cases */
static enum step_group group = PLAIN;

static void die(const char *what)
{
	fprintf(stderr, "posix_differ: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- the other side -------------------------------------------------------------------------- */

static void send_all(int fd, const void *buf, size_t len)
{
	while (len) {
		ssize_t ret = write(fd, buf, len);

		if (ret <= 0)
			die("writing to the other side");
		buf = (const char *)buf + ret;
		len -= (size_t)ret;
	}
}

static bool recv_all(int fd, void *buf, size_t len)
{
	while (len) {
		ssize_t ret = read(fd, buf, len);

		if (ret <= 0)
			return false;
		buf = (char *)buf + ret;
		len -= (size_t)ret;
	}
	return true;
}

static void send_text(int fd, const char *at, size_t len)
{
	uint32_t size = (uint32_t)len;

	send_all(fd, &size, sizeof(size));
	send_all(fd, at, len);
}

static bool recv_text(int fd, struct text *t)
{
	uint32_t size;
	char *buf;

	t->len = 0;
	if (!recv_all(fd, &size, sizeof(size)))
		return false;
	buf = malloc(size + 1);
	if (!buf || !recv_all(fd, buf, size))
		return false;
	text_bytes(t, buf, size);
	free(buf);
	return true;
}

static void wipe_and_make(const struct calls *c, const char *list, struct text *out)
{
	char *copy = strdup(list), *save = NULL;
	bool changes;

	if (!copy)
		abort();
	text_add(out, "wiped: %d", tree_wipe(c));
	for (char *step = strtok_r(copy, "\n", &save); step; step = strtok_r(NULL, "\n", &save))
		step_run(c, step, out, &changes);
	free(copy);
}

/*
 * The answer to a request: "wipe", with steps to make a new world on lines of their own, or a step.
 * When that changed something @tree tells what there is then, else it is empty.
 */
static int answer(const struct calls *c, const char *request, struct text *out, struct text *tree)
{
	bool changes = false;
	int error = 0;

	out->len = tree->len = 0;
	text_bytes(out, "", 0);
	text_bytes(tree, "", 0);
	if (!strncmp(request, "wipe", 4)) {
		wipe_and_make(c, request + 4, out);
		return 0;
	}
	error = step_run(c, request, out, &changes);
	if (changes && !error)
		tree_describe(c, tree);
	return error;
}

static void serve(int fd, const char *dir, uint32_t id)
{
	struct text request = { 0 }, out = { 0 }, tree = { 0 };
	int error = kernel_calls_enter(dir, id);

	if (error) {
		errno = -error;
		die(dir);
	}
	while (recv_text(fd, &request)) {
		answer(&kernel_calls, request.at, &out, &tree);
		send_text(fd, out.at, out.len);
		send_text(fd, tree.at, tree.len);
	}
	exit(0);
}

static void ask_kernel(const char *request, struct text *out, struct text *tree)
{
	send_text(child_socket, request, strlen(request));
	if (!recv_text(child_socket, out) || !recv_text(child_socket, tree))
		die("the other side is gone");
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void report(const char *step, const char *kernel, const char *library, const char *why)
{
	if (difference_known(group, step, kernel, library))
		return;
	printf("DIFFERS: %s\n  kernel : %s\n  library: %s\n", step, kernel, library);
	if (*why)
		printf("  text   : %s\n", why);
	differing++;
}

/* The lines that are not the same. */
static void report_trees(const char *step, struct text *kernel, struct text *library)
{
	char *k = kernel->at, *l = library->at, what[8192 + 16];

	snprintf(what, sizeof(what), "after %s", step);
	while (*k || *l) {
		size_t klen = strcspn(k, "\n"), llen = strcspn(l, "\n");

		if (klen != llen || memcmp(k, l, klen)) {
			char *kline = strndup(k, klen), *lline = strndup(l, llen);

			report(what, kline, lline, "");
			free(kline);
			free(lline);
			return;
		}
		k += klen + (k[klen] != 0);
		l += llen + (l[llen] != 0);
	}
}

void both(const char *fmt, ...)
{
	struct text kernel = { 0 }, library = { 0 }, kernel_tree = { 0 }, library_tree = { 0 };
	char step[8192];
	va_list ap;
	int error;

	va_start(ap, fmt);
	vsnprintf(step, sizeof(step), fmt, ap);
	va_end(ap);
	steps++;
	ask_kernel(step, &kernel, &kernel_tree);
	error = answer(&library_calls, step, &library, &library_tree);
	if (strcmp(kernel.at, library.at))
		report(step, kernel.at, library.at, error ? library_calls_text() : "");
	/* If only one of them did it, that was told; what follows from it need not be. */
	if (kernel_tree.len && library_tree.len && strcmp(kernel_tree.at, library_tree.at))
		report_trees(step, &kernel_tree, &library_tree);
	if (kernel_tree.len || library_tree.len)
		dirty = true;
	free(kernel.at);
	free(library.at);
	free(kernel_tree.at);
	free(library_tree.at);
}

void both_path(const char *step, const char *path)
{
	const char *at = strstr(step, "%s");

	both("%.*s%s%s", (int)(at - step), step, path, at + 2);
}

void world_make(const char *const *list)
{
	struct text request = { 0 }, kernel = { 0 }, library = { 0 }, tree = { 0 };

	/* What is mounted read-only stays as it was made. */
	if (!dirty || group == READONLY)
		return;
	text_add(&request, "wipe");
	for (; *list; list++)
		text_add(&request, "\n%s", *list);
	ask_kernel(request.at, &kernel, &tree);
	answer(&library_calls, request.at, &library, &tree);
	if (strcmp(kernel.at, library.at))
		report("a new world", kernel.at, library.at, library_calls_text());
	dirty = false;
	free(request.at);
	free(kernel.at);
	free(library.at);
	free(tree.at);
}

/* For looking into one thing by hand. */
static void cases_stdin(void)
{
	char line[8192];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		both("%s", line);
	}
}

static void run_cases(bool slow, uint64_t seed)
{
	const char *only = getenv("POSIX_CASES");	/* when looking for something */

	switch (group) {
	case UNPRIVILEGED:
		cases_unprivileged();
		return;
	case FULL:
		cases_full();
		return;
	case READONLY:
		cases_readonly();
		return;
	case GEOMETRY:
		cases_geometry(seed);
		return;
	case WORLD:
		cases_world();
		return;
	default:
		break;
	}
	if (only && !strcmp(only, "stdin"))
		cases_stdin();
	if (!only || !strcmp(only, "attributes"))
		cases_attributes();
	if (!only || !strcmp(only, "data"))
		cases_data();
	if (!only || !strcmp(only, "forms"))
		cases_forms();
	if (!only || !strcmp(only, "paths"))
		cases_paths(slow);
	if (!only || !strcmp(only, "chains"))
		cases_chains();
	if (!only || !strcmp(only, "random"))
		cases_random(seed, slow ? 100000 : 5000);
}

int main(int argc, char **argv)
{
	int fds[2], error, status;
	bool slow = argc > 4 && !strcmp(argv[4], "--slow");
	uint64_t seed = argc > 4 + slow ? strtoull(argv[4 + slow], NULL, 0) : 1;
	static const char *const nothing[] = { NULL };
	static const struct {
		const char *name;
		enum step_group group;
	} groups[] = {
		{ "plain", PLAIN }, { "full", FULL }, { "unprivileged", UNPRIVILEGED }, { "readonly", READONLY },
		{ "geometry", GEOMETRY }, { "world", WORLD },
	};
	uint32_t id;
	pid_t pid;

	if (argc < 4)
		return 2;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!strcmp(argv[3], groups[i].name))
			group = groups[i].group;
	}
	id = group == UNPRIVILEGED ? WHO : 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		die("socketpair");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(fds[1]);
		serve(fds[0], argv[2], id);
	}
	close(fds[0]);
	child_socket = fds[1];
	error = library_calls_open(argv[1], id, group == READONLY);
	if (error) {
		errno = -error;
		die(argv[1]);
	}
	run_cases(slow, seed);
	dirty = !getenv("POSIX_KEEP") && group != WORLD;
	world_make(nothing);
	close(child_socket);
	if (waitpid(pid, &status, 0) < 0 || status)
		die("the other side failed");
	error = library_calls_close();
	if (error) {
		errno = -error;
		die("unmount");
	}
	differing += differences_unused(group);
	printf("%lu steps, %lu differ\n", steps, differing);
	return differing != 0;
}
