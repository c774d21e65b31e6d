/* SPDX-License-Identifier: MIT */
/* Reading sequences, and running their steps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "quota/sequence.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct seq_geometry geometries[] = {
	{"4k", 4096, 512, true, true, false,
	 "-b size=4096 -m rmapbt=1,reflink=1,metadir=0 -n parent=0"},
	{"1k", 1024, 512, true, true, false,
	 "-b size=1024 -m rmapbt=1,reflink=1,metadir=0 -n parent=0"},
	{"4k-parent", 4096, 512, true, true, true,
	 "-b size=4096 -m rmapbt=1,reflink=1,metadir=0 -n parent=1"},
	{"1k-parent", 1024, 512, true, true, true,
	 "-b size=1024 -m rmapbt=1,reflink=1,metadir=0 -n parent=1"},
	{"4k-plain", 4096, 512, false, false, false,
	 "-b size=4096 -m rmapbt=0,reflink=0,metadir=0 -n parent=0"},
	{"1k-plain", 1024, 512, false, false, false,
	 "-b size=1024 -m rmapbt=0,reflink=0,metadir=0 -n parent=0"},
	/* Higher trees of inodes. */
	{"4k-large", 4096, 65536, true, true, false,
	 "-b size=4096 -m rmapbt=1,reflink=1,metadir=0 -n parent=0"},
	{"1k-large", 1024, 65536, true, true, false,
	 "-b size=1024 -m rmapbt=1,reflink=1,metadir=0 -n parent=0"},
};

static const struct {
	int error;
	const char *name;
} errors[] = {
	{EDQUOT, "EDQUOT"}, {ENOSPC, "ENOSPC"},	  {EPERM, "EPERM"},
	{EXDEV, "EXDEV"},   {EINVAL, "EINVAL"},	  {EOPNOTSUPP, "EOPNOTSUPP"},
	{ENOENT, "ENOENT"}, {EEXIST, "EEXIST"},	  {EACCES, "EACCES"},
	{EIO, "EIO"},	    {EFBIG, "EFBIG"},	  {EBADF, "EBADF"},
	{ESRCH, "ESRCH"},   {ENODATA, "ENODATA"},
};

_Noreturn static void die(const char *what, const char *text)
{
	fprintf(stderr, "%s: %s\n", what, text);
	exit(2);
}

const struct seq_geometry *seq_geometry_of(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(geometries); i++)
		if (strcmp(geometries[i].name, name) == 0)
			return &geometries[i];
	die("no such geometry", name);
}

enum seq_type seq_type_of(const char *letter)
{
	switch (letter[0]) {
	case 'u':
		return SEQ_USER;
	case 'g':
		return SEQ_GROUP;
	case 'p':
		return SEQ_PROJECT;
	default:
		die("no such type", letter);
	}
}

int seq_type_state(const struct sequence *seq, enum seq_type type)
{
	return strchr(seq->types, "UGP"[type]) ? 2 : strchr(seq->types, "ugp"[type]) ? 1 : 0;
}

uint64_t seq_bytes(const char *text, uint32_t blocksize)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (strcmp(end, "k") == 0)
		n <<= 10;
	else if (strcmp(end, "m") == 0)
		n <<= 20;
	else if (strcmp(end, "b") == 0)
		n *= blocksize;
	else if (*end)
		die("no number of bytes", text);
	return n;
}

/* ---- reading --------------------------------------------------------------------------- */

struct seq_reader {
	FILE *file;
	char line[SEQ_LINE]; /* the first of the next sequence */
	bool have;
};

/* The next line that says something, without blanks around it. */
static char *next_line(struct seq_reader *reader)
{
	while (fgets(reader->line, sizeof(reader->line), reader->file)) {
		char *line = reader->line + strspn(reader->line, " \t");

		line[strcspn(line, "\n#")] = 0;
		for (size_t n = strlen(line); n && line[n - 1] == ' '; n--)
			line[n - 1] = 0;
		if (*line)
			return line;
	}
	return NULL;
}

struct seq_reader *seq_open(const char *path)
{
	struct seq_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		die("out of memory", path);
	reader->file = fopen(path, "r");
	if (!reader->file)
		die(strerror(errno), path);
	reader->have = next_line(reader) != NULL;
	return reader;
}

void seq_close(struct seq_reader *reader)
{
	fclose(reader->file);
	free(reader);
}

bool seq_read(struct seq_reader *reader, struct sequence *seq)
{
	char *line;

	memset(seq, 0, sizeof(*seq));
	if (!reader->have)
		return false;
	if (sscanf(reader->line, " sequence %63s", seq->name) != 1)
		die("no beginning of a sequence", reader->line);
	while ((line = next_line(reader)) && strncmp(line, "sequence ", 9) != 0) {
		if (strncmp(line, "geometry ", 9) == 0)
			snprintf(seq->geometries, sizeof(seq->geometries), "%.127s", line + 9);
		else if (sscanf(line, "types %7s", seq->types) == 1)
			continue;
		else if (seq->n == SEQ_STEPS || !(seq->steps[seq->n++] = strdup(line)))
			die("too many steps", seq->name);
	}
	reader->have = line != NULL;
	return true;
}

void seq_free(struct sequence *seq)
{
	for (unsigned int i = 0; i < seq->n; i++)
		free(seq->steps[i]);
	seq->n = 0;
}

/* ---- running --------------------------------------------------------------------------- */

static void put(char *text, const char *more)
{
	size_t n = strlen(text);

	if (n + strlen(more) + 1 > SEQ_LINE)
		die("an answer is too long", text);
	strcpy(text + n, more);
}

static void put_result(char *text, int64_t result)
{
	char number[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(errors); i++)
		if (result == -errors[i].error) {
			put(text, errors[i].name);
			return;
		}
	snprintf(number, sizeof(number), "%lld", (long long)result);
	put(text, number);
}

/* What a step did, and what its file has then: "4096/8". */
static void one(const struct seq_calls *calls, void *ctx, unsigned int argc, char **argv,
		char *text)
{
	int64_t blocks;
	char number[32];

	put_result(text, calls->step(ctx, argc, argv));
	blocks = argc > 1 ? calls->blocks(ctx, argv[argc > 3 && (strcmp(argv[0], "clone") == 0 ||
								 strcmp(argv[0], "copy") == 0)
							    ? 3
							    : 1])
			  : -1;
	if (blocks >= 0) {
		snprintf(number, sizeof(number), "/%lld", (long long)blocks);
		put(text, number);
	}
}

/* % in arguments becomes the number of the round. */
static void number_args(unsigned int argc, char **argv, char **made, char store[][256],
			unsigned int i)
{
	for (unsigned int a = 0; a < argc; a++) {
		char *mark = strchr(argv[a], '%');

		made[a] = argv[a];
		if (!mark)
			continue;
		snprintf(store[a], 256, "%.*s%u%s", (int)(mark - argv[a]), argv[a], i, mark + 1);
		made[a] = store[a];
	}
}

/* repeat N STEP: the answers, equal ones that follow each other counted. */
static void repeat(const struct seq_calls *calls, void *ctx, unsigned int argc, char **argv,
		   char *text)
{
	static char last[SEQ_LINE], now[SEQ_LINE];
	unsigned int rounds = (unsigned int)atoi(argv[1]), same = 0;
	char store[SEQ_ARGS][256], *made[SEQ_ARGS], number[32];

	last[0] = 0;
	for (unsigned int i = 0; i <= rounds; i++) {
		now[0] = 0;
		if (i < rounds) {
			number_args(argc - 2, argv + 2, made, store, i);
			one(calls, ctx, argc - 2, made, now);
		}
		if (i && strcmp(last, now) == 0) {
			same++;
			continue;
		}
		if (i) {
			put(text, *text ? " " : "");
			put(text, last);
			snprintf(number, sizeof(number), "*%u", same);
			put(text, same > 1 ? number : "");
		}
		strcpy(last, now);
		same = 1;
	}
}

/*
 * threshold T ID MOST STEP: the hard limit is what is used, and one block more each time, until the
 * step succeeds; how many more those are, and the answers before.
 */
static void threshold(const struct seq_calls *calls, void *ctx, unsigned int argc, char **argv,
		      char *text)
{
	enum seq_type type = seq_type_of(argv[1]);
	uint32_t id = (uint32_t)strtoul(argv[2], NULL, 0);
	char hard[32], limit[] = "limit", b[] = "b", none[] = "0";
	char *set[] = {limit, argv[1], argv[2], b, none, hard};
	unsigned int most = (unsigned int)atoi(argv[3]);
	int64_t result = 0, before = 0;

	for (unsigned int left = 0; left <= most; left++) {
		uint64_t used = calls->used(ctx, type, id);

		if (!used && !left)
			continue;
		snprintf(hard, sizeof(hard), "%llu", (unsigned long long)(used + left));
		calls->step(ctx, 6, set);
		result = calls->step(ctx, argc - 4, argv + 4);
		if (result >= 0) {
			snprintf(hard, sizeof(hard), result ? "%u:%lld" : "%u", left,
				 (long long)result);
			put(text, hard);
			if (before) {
				put(text, " ");
				put_result(text, before);
			}
			strcpy(hard, "0");
			calls->step(ctx, 6, set);
			return;
		}
		before = result;
	}
	put(text, "never ");
	put_result(text, result);
	strcpy(hard, "0");
	calls->step(ctx, 6, set);
}

/* The answer to @step, which has none itself. */
static void answer(const struct seq_calls *calls, void *ctx, const char *step, char *text)
{
	char copy[SEQ_LINE], *argv[SEQ_ARGS], *rest = copy;
	unsigned int argc = 0;

	snprintf(copy, sizeof(copy), "%s", step);
	while (argc < SEQ_ARGS && (argv[argc] = strtok_r(rest, " ", &rest)))
		argc++;
	text[0] = 0;
	if (strcmp(argv[0], "repeat") == 0)
		repeat(calls, ctx, argc, argv, text);
	else if (strcmp(argv[0], "threshold") == 0)
		threshold(calls, ctx, argc, argv, text);
	else
		one(calls, ctx, argc, argv, text);
}

/* count T: each id that has anything. */
static void counts(const struct seq_calls *calls, void *ctx, enum seq_type type, char *text)
{
	struct seq_count count;
	char one_id[128];

	text[0] = 0;
	for (uint64_t from = 0; calls->next(ctx, type, from, &count); from = count.id + 1ull) {
		if (!count.blocks && !count.inodes)
			continue;
		snprintf(one_id, sizeof(one_id), "%s%u:%llu/%llu%s%s", *text ? " " : "", count.id,
			 (unsigned long long)count.blocks, (unsigned long long)count.inodes,
			 count.block_timer ? "b" : "", count.inode_timer ? "i" : "");
		put(text, one_id);
	}
}

void seq_record(const struct sequence *seq, const struct seq_geometry *geo,
		const struct seq_calls *calls)
{
	static char text[SEQ_LINE];
	void *ctx = calls->begin(seq, geo);

	printf("\nsequence %s\n\tgeometry %s\n\ttypes %s\n", seq->name, geo->name, seq->types);
	for (unsigned int i = 0; i < seq->n; i++) {
		answer(calls, ctx, seq->steps[i], text);
		printf("\t%s = %s\n", seq->steps[i], text);
	}
	calls->settle(ctx);
	for (enum seq_type t = 0; t < SEQ_TYPES; t++)
		if (seq_type_state(seq, t)) {
			counts(calls, ctx, t, text);
			printf("\tcount %c = %s\n", "ugp"[t], text);
		}
	fflush(stdout);
	calls->end(ctx);
}

unsigned int seq_replay(const struct sequence *seq, const struct seq_calls *calls,
			bool (*known)(const struct sequence *seq, unsigned int step))
{
	static char text[SEQ_LINE];
	void *ctx = calls->begin(seq, seq_geometry_of(seq->geometries));
	unsigned int differ = 0;
	bool settled = false;

	for (unsigned int i = 0; i < seq->n; i++) {
		char step[SEQ_LINE], *want;

		snprintf(step, sizeof(step), "%s", seq->steps[i]);
		want = strstr(step, " =");
		if (!want)
			die("a step has no answer", step);
		*want = 0;
		want += want[2] ? 3 : 2;
		if (strncmp(step, "count ", 6) == 0) {
			if (!settled)
				calls->settle(ctx);
			settled = true;
			counts(calls, ctx, seq_type_of(step + 6), text);
		} else {
			answer(calls, ctx, step, text);
		}
		if ((strcmp(text, want) != 0) == known(seq, i + 1))
			continue;
		printf("%s, %s, step %u: %s\n\tkernel  %s\n\tlibrary %s\n", seq->name,
		       seq->geometries, i + 1, step, want, text);
		differ++;
	}
	calls->end(ctx);
	return differ;
}
