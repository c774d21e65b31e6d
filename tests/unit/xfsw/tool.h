/* SPDX-License-Identifier: MIT */
/* What tests of the tool share: running it in a process of its own, host trees to look at. */
#ifndef UNIT_XFSW_TOOL_H
#define UNIT_XFSW_TOOL_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "xfsw/xfsw.h"

static char tool_output[1 << 16];	/* the first part of standard error and output */

/* Run `xfsw WORDS...`, with that much stack and that many descriptors (0: as we have). */
static inline int tool_run_limited(rlim_t stack, rlim_t files, const char *words)
{
	char line[4096], *argv[32] = { (char *)(uintptr_t)"xfsw" };
	int argc = 1, fds[2], status;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	snprintf(line, sizeof(line), "%s", words);
	for (char *word = strtok(line, " "); word && argc < 31; word = strtok(NULL, " "))
		argv[argc++] = word;
	fflush(NULL);
	if (pipe(fds) || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		struct rlimit limit;
		int code;

		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		if (stack && getrlimit(RLIMIT_STACK, &limit) == 0) {
			limit.rlim_cur = stack;
			setrlimit(RLIMIT_STACK, &limit);
		}
		if (files && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
			limit.rlim_cur = files;
			setrlimit(RLIMIT_NOFILE, &limit);
		}
		code = xfsw_main(argc, argv);
		fflush(NULL);
		_exit(code);
	}
	close(fds[1]);
	for (char drain[4096];;) {
		size_t room = sizeof(tool_output) - 1 - used;

		got = room ? read(fds[0], tool_output + used, room) : read(fds[0], drain, 4096);
		if (got <= 0)
			break;
		used += room ? (size_t)got : 0;
	}
	tool_output[used] = 0;
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

__attribute__((format(printf, 1, 2))) static inline int tool_run(const char *fmt, ...)
{
	char words[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return tool_run_limited(0, 0, words);
}

/* How often @text stands in what the last run said. */
static inline unsigned int tool_said(const char *text)
{
	unsigned int n = 0;

	for (const char *p = tool_output; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static inline void host_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static inline bool host_holds(const char *path, const char *text)
{
	char buf[256] = "";
	FILE *f = fopen(path, "r");
	bool same;

	if (!f)
		return false;
	same = fread(buf, 1, sizeof(buf) - 1, f) == strlen(text) && strcmp(buf, text) == 0;
	fclose(f);
	return same;
}

/* 0: there is nothing. */
static inline mode_t host_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode;
}

#endif
