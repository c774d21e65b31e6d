/* SPDX-License-Identifier: MIT */
/* The scenarios of the crash laboratory, and what each is for. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xfswrite/fallocate.h>
#include "base/compiler.h"
#include "base/sabotage.h"
#include "crash/draw.h"
#include "crash/lab.h"

#define RULE(name) (1u << XFS_RULE_##name)
#define KIB 1024u

static void run_names(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];

	for (int i = 0; i < 500; i++) {
		one_name_operation(s);
		maybe_promise(s, 12);
	}
}

static void run_append(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[4];
	char name[32];

	for (uint32_t i = 0; i < 4; i++)
		file[i] = lab_create(s, s->root, numbered(name, sizeof(name), "log", i));
	for (int i = 0; i < 160; i++) {
		struct model_node *f = file[lab_below(s, 4)];
		uint32_t len = lab_below(s, 3) ? 1 + lab_below(s, 700) : lab_below(s, 40000);

		lab_write(s, f, f->size, len);
		if (lab_below(s, 3) == 0)
			lab_fsync(s, f);
		else if (lab_below(s, 3) == 0)
			lab_fdatasync(s, f);
	}
}

static void run_overwrite(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[3];
	char name[32];

	for (uint32_t i = 0; i < 3; i++) {
		file[i] = lab_create(s, s->root, numbered(name, sizeof(name), "data", i));
		lab_write(s, file[i], 0, 100 * KIB);
	}
	lab_sync(s);
	for (int i = 0; i < 200; i++) {
		struct model_node *f = file[lab_below(s, 3)];

		lab_write(s, f, lab_below(s, 100 * KIB), 1 + lab_below(s, 9000));
		if (lab_below(s, 5) == 0)
			lab_fsync(s, f);
		else if (lab_below(s, 5) == 0)
			lab_fdatasync(s, f);
		if (lab_below(s, 40) == 0)
			lab_sync(s);
	}
}

static void run_truncate(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[4];
	char name[32];

	for (uint32_t i = 0; i < 4; i++)
		file[i] = lab_create(s, s->root, numbered(name, sizeof(name), "cut", i));
	for (int i = 0; i < 220; i++) {
		struct model_node *f = file[lab_below(s, 4)];

		switch (lab_below(s, 5)) {
		case 0:
			lab_truncate(s, f, f->size ? lab_below(s, (uint32_t)f->size) : 5000);
			break;
		case 1:
			lab_truncate(s, f, lab_below(s, 4) ? f->size + lab_below(s, 20000) : 0);
			break;
		default:
			lab_write(s, f, lab_below(s, (uint32_t)f->size + 30000),
				  1 + lab_below(s, 30000));
		}
		maybe_promise(s, 6);
	}
}

/* What was moved is promised before anything of it is written in place. */
static void run_falloc(struct lab *lab)
{
	const uint32_t bs = lab->geo.blocksize, keep = XFS_FALLOC_KEEP_SIZE;
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file[3];
	bool moved[3] = { false };
	char name[32];

	for (uint32_t i = 0; i < 3; i++)
		file[i] = lab_create(s, s->root, numbered(name, sizeof(name), "space", i));
	for (int i = 0; i < 160; i++) {
		uint32_t which = lab_below(s, 3), size = (uint32_t)file[which]->size;
		uint32_t at = lab_below(s, size + 10000), len = 1 + lab_below(s, 30000);
		uint32_t block = size ? lab_below(s, size) / bs * bs : 0, op = lab_below(s, 9);
		struct model_node *f = file[which];

		if (moved[which] && op < 6) {
			lab_fsync(s, f);
			moved[which] = false;
		}
		if (op < 3) {
			lab_write(s, f, at, len);
		} else if (op == 3) {
			lab_fallocate(s, f, (int)(XFS_FALLOC_PUNCH_HOLE | keep), at, len);
		} else if (op == 4) {
			lab_fallocate(s, f, (int)(XFS_FALLOC_ZERO_RANGE | keep), at, len);
		} else if (op == 5) {
			lab_fallocate(s, f, lab_below(s, 2) ? (int)keep : 0, at, len);
		} else if (op < 8 && size > 2 * bs && size < 40 * bs) {
			lab_fallocate(s, f, XFS_FALLOC_INSERT_RANGE, block, (1 + lab_below(s, 5)) * bs);
			moved[which] = true;
		} else if (block + bs < size) {
			lab_fallocate(s, f, XFS_FALLOC_COLLAPSE_RANGE, block,
				      (1 + lab_below(s, (size - block - 1) / bs)) * bs);
			moved[which] = true;
		}
		if (lab_below(s, 6) == 0) {
			lab_fsync(s, f);
			moved[which] = false;
		}
	}
}

/* Names of 200 bytes: every form of a directory within some hundred of them. */
static void long_name(char *name, uint32_t n)
{
	memset(name, 'x', 200);
	snprintf(name + 190, 11, "%010u", n);
}

static void run_dirs(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *dir = lab_mkdir(s, s->root, "grows");
	struct model_node *one = lab_create(s, s->root, "one");
	char name[256];

	for (uint32_t i = 0; i < 420; i++) {
		long_name(name, i);
		if (i % 8 == 0)
			lab_create(s, dir, name);
		else
			lab_link(s, one, dir, name);
		if (i < 40 ? i % 5 == 0 : i % 37 == 0)
			lab_fsync(s, dir);
	}
	while (any_name(s, dir, name, sizeof(name))) {
		uint32_t left = model_count_names(s->model, dir);

		lab_unlink(s, dir, name);
		if (left < 40 ? left % 5 == 0 : left % 41 == 0)
			lab_fsync(s, dir);
	}
	lab_unlink(s, s->root, "grows");
}

static void run_bmbt(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *file = lab_create(s, s->root, "holes");
	struct model_node *other = lab_create(s, s->root, "between");
	uint32_t bs = lab->geo.blocksize;

	for (uint32_t i = 0; i < 300; i++) {
		uint64_t at = lab_below(s, 2) ? 2ull * i * bs : 2ull * lab_below(s, 300) * bs;

		lab_write(s, file, at, bs);
		if (i % 10 == 0)
			lab_write(s, other, other->size, bs);
		if (i % 25 == 24)
			lab_fsync(s, file);
	}
	lab_sync(s);
	for (int i = 0; i < 12; i++) {
		lab_truncate(s, file, file->size / 4 * 3);
		if (i % 3 == 0)
			lab_fsync(s, file);
		for (int j = 0; j < 8; j++)
			lab_write(s, file, (uint64_t)lab_below(s, 600) * bs, bs / 2);
	}
	lab_unlink(s, s->root, "holes");
	lab_sync(s);
}

static void run_xattr(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *node[3];
	char name[300];

	node[0] = lab_create(s, s->root, "file");
	node[1] = lab_mkdir(s, s->root, "dir");
	node[2] = lab_create(s, s->root, "gone");
	for (uint32_t i = 0; i < 300; i++) {
		struct model_node *n = node[lab_below(s, 3)];
		static const uint32_t lens[] = {0, 8, 40, 300, 2000, 5000, 20000, 65000};
		uint32_t bound = i < 100 ? 4 : 8;

		numbered(name, sizeof(name), lab_below(s, 2) ? "user.n" :
			 "trusted.a-name-that-is-a-little-longer-than-the-other-one-", lab_below(s, 30));
		if (model_has_xattr(n, name) && lab_below(s, 3) == 0)
			lab_removexattr(s, n, name);
		else
			lab_setxattr(s, n, name, lens[lab_below(s, lab_below(s, 4) ? 5 : bound)]);
		if (lab_below(s, 9) == 0)
			lab_fsync(s, n);
	}
	lab_unlink(s, s->root, "gone");
	lab_sync(s);
}

static void run_full(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *f;
	char name[64];

	lab->may_be_full = true;
	for (uint32_t i = 0; i < 160; i++) {
		numbered(name, sizeof(name), "f", i);
		switch (lab_below(s, 6)) {
		case 0:
			unlink_any(s);
			break;
		case 1:
			f = any_node(s, S_IFREG);
			if (f)
				lab_truncate(s, f, f->size / 2);
			break;
		case 2:
			f = any_node(s, S_IFREG);
			if (f)
				lab_write(s, f, f->size, 200 * KIB);
			break;
		default:
			f = lab_create(s, s->root, name);
			if (f)
				lab_write(s, f, 0, 50 * KIB + lab_below(s, 300 * KIB));
		}
		maybe_promise(s, 8);
	}
}

/* Enough to go around the log, in many small checkpoints. */
static void run_wrap(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[64];
	struct model_node *f;

	for (uint32_t i = 0; i < 700; i++) {
		f = any_node(s, S_IFREG);
		if (!f || (lab_below(s, 3) == 0 && model_count_names(s->model, s->root) < 60))
			f = lab_create(s, s->root, numbered(name, sizeof(name), "w", i));
		else if (lab_below(s, 3) == 0)
			unlink_any(s);
		f = any_node(s, S_IFREG);
		if (!f)
			continue;
		if (lab_below(s, 4) == 0)
			lab_setxattr(s, f, "user.big", 1500);
		else
			lab_write(s, f, lab_below(s, 8000), 1 + lab_below(s, 3000));
		if (lab_below(s, 30) == 0)
			lab_sync(s);
		else
			lab_fsync(s, f);
	}
}

/* A few checkpoints of many records each. */
static void run_large(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[256];

	for (uint32_t round = 0; round < 4; round++) {
		struct model_node *dir = lab_mkdir(s, s->root, numbered(name, sizeof(name), "d",
									round));

		for (uint32_t i = 0; i < 250; i++) {
			struct model_node *f;

			long_name(name, i);
			f = lab_create(s, dir, name);
			if (i % 5 == 0)
				lab_setxattr(s, f, "user.x", 1800);
		}
		lab_fsync(s, dir);
		if (round % 2) {
			while (any_name(s, dir, name, sizeof(name)))
				lab_unlink(s, dir, name);
			lab_sync(s);
		}
	}
}

/* Data of many small files is being written back when a checkpoint is full. */
static void run_files(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[64];

	for (uint32_t i = 0; i < 900; i++) {
		struct model_node *f;

		f = lab_create(s, s->root, numbered(name, sizeof(name), "s", i));
		lab_write(s, f, 0, 700 + i % 600);
	}
	lab_fsync(s, s->root);
	for (uint32_t i = 0; i < 900; i += 2)
		lab_unlink(s, s->root, numbered(name, sizeof(name), "s", i));
	lab_sync(s);
}

/* More in one checkpoint than recovery looks back for holes. */
static void run_huge(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *f = NULL;
	char name[64];

	for (uint32_t i = 0; i < 900; i++) {
		f = lab_create(s, s->root, numbered(name, sizeof(name), "h", i));
		lab_setxattr(s, f, "user.x", 3000);
	}
	lab_fsync(s, f);
}

static void run_orphans(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *held[40] = {NULL};
	char name[64];

	for (uint32_t i = 0; i < 240; i++) {
		uint32_t slot = lab_below(s, ARRAY_SIZE(held));

		if (held[slot]) {
			lab_release(s, held[slot]);
			held[slot] = NULL;
		} else {
			numbered(name, sizeof(name), "o", i);
			held[slot] = lab_create(s, s->root, name);
			lab_write(s, held[slot], 0, 1 + lab_below(s, 20000));
			if (lab_below(s, 3) == 0)
				lab_fsync(s, held[slot]);
			lab_hold(s, held[slot]);
			if (lab_below(s, 5) == 0)
				lab_rename(s, s->root, name, s->root, "target");
			else
				lab_unlink(s, s->root, name);
			if (lab_below(s, 3) == 0)
				lab_write(s, held[slot], held[slot]->size, 5000);
			if (lab_below(s, 3) == 0)
				lab_truncate(s, held[slot], lab_below(s, 9000));
		}
		maybe_promise(s, 7);
	}
}

/* Whole inode chunks come and go. */
static void run_chunks(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[64];

	for (uint32_t round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 150; i++) {
			struct model_node *f;

			f = lab_create(s, s->root, numbered(name, sizeof(name), "c", i));
			if (i % 10 == 0)
				lab_fsync(s, f);
			if (i % 16 == 3)
				lab_write(s, f, 0, 3000);
		}
		for (uint32_t i = 0; i < 150; i++) {
			lab_unlink(s, s->root, numbered(name, sizeof(name), "c", i));
			if (i % 20 == 0)
				lab_fsync(s, s->root);
		}
		if (round % 2)
			lab_sync(s);
	}
}

/* Blocks that were one thing become another, before and after it is durable that they were freed. */
static void run_reuse(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[64], long_one[256];
	struct model_node *f, *dir = NULL;

	for (uint32_t i = 0; i < 150; i++) {
		numbered(name, sizeof(name), "r", i % 12);
		if (model_lookup(s->model, s->root, name)) {
			lab_unlink(s, s->root, name);
		} else if (lab_below(s, 3)) {
			f = lab_create(s, s->root, name);
			lab_write(s, f, 0, 20 * KIB + lab_below(s, 100 * KIB));
			if (lab_below(s, 2))
				lab_fsync(s, f);
		} else {
			f = lab_create(s, s->root, name);
			for (uint32_t x = 0; x < 6; x++)
				lab_setxattr(s, f, numbered(long_one, sizeof(long_one), "user.v", x),
					     3000);
		}
		if (!dir) {
			dir = lab_mkdir(s, s->root, "dir");
		} else if (model_count_names(s->model, dir) > 60) {
			while (any_name(s, dir, long_one, sizeof(long_one)))
				lab_unlink(s, dir, long_one);
			lab_unlink(s, s->root, "dir");
			dir = NULL;
		} else {
			for (uint32_t n = 0; n < 12; n++) {
				long_name(long_one, i * 12 + n);
				lab_create(s, dir, long_one);
			}
		}
		maybe_promise(s, 9);
	}
}

/* Data that goes past the page cache, over blocks that were others', and over its own. */
static void run_hostfiles(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *f;
	char name[64];

	for (uint32_t i = 0; i < 150; i++) {
		uint64_t at;

		numbered(name, sizeof(name), "h", lab_below(s, 8));
		f = model_lookup(s->model, s->root, name);
		if (!f)
			f = lab_create(s, s->root, name);
		at = lab_below(s, 3) ? f->size : lab_below(s, (uint32_t)f->size + 20000);
		switch (lab_below(s, 10)) {
		case 0:
			lab_unlink(s, s->root, name);
			break;
		case 1:
			lab_truncate(s, f, lab_below(s, (uint32_t)f->size + 20000));
			break;
		case 2:
			lab_write(s, f, at, 1 + lab_below(s, 30000));
			break;
		default:
			if (lab_below(s, 4))
				at -= at % lab->geo.blocksize;
			lab_write_host(s, f, at, 1 + lab_below(s, 60000));
		}
		maybe_promise(s, 7);
	}
}

static void *one_thread(void *arg)
{
	struct lab_stream *s = arg;
	char name[64];

	for (uint32_t i = 0; i < 60; i++) {
		struct model_node *f = any_node(s, S_IFREG);

		if (!f || lab_below(s, 3) == 0)
			f = lab_create(s, s->root, numbered(name, sizeof(name), "t", i));
		lab_write(s, f, lab_below(s, 2) ? f->size : lab_below(s, 5000),
			  1 + lab_below(s, 12000));
		if (lab_below(s, 6) == 0)
			unlink_any(s);
		else if (lab_below(s, 3))
			lab_fsync(s, f);
	}
	return NULL;
}

/* Many small pieces, so that their write-back takes long enough for others to commit meanwhile. */
static void *pieces_thread(void *arg)
{
	struct lab_stream *s = arg;
	uint32_t bs = s->lab->geo.blocksize;
	char name[64];

	for (uint32_t i = 0; i < 6; i++) {
		struct model_node *f;

		f = lab_create(s, s->root, numbered(name, sizeof(name), "pieces", i));
		for (uint32_t n = 0; n < 150; n++)
			lab_write(s, f, 2ull * n * bs, bs);
		lab_fsync(s, f);
	}
	return NULL;
}

static void *appends_thread(void *arg)
{
	struct lab_stream *s = arg;
	struct model_node *f = lab_create(s, s->root, "log");

	for (uint32_t i = 0; i < 120; i++) {
		lab_write(s, f, f->size, 100);
		lab_fsync(s, f);
	}
	return NULL;
}

static void run_order(struct lab *lab)
{
	pthread_t thread[2];

	if (pthread_create(&thread[0], NULL, pieces_thread, &lab->stream[0]) ||
	    pthread_create(&thread[1], NULL, appends_thread, &lab->stream[1]))
		abort();
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
}

static void run_threads(struct lab *lab)
{
	pthread_t thread[LAB_STREAMS];

	for (uint32_t i = 0; i < lab->nr_streams; i++)
		if (pthread_create(&thread[i], NULL, one_thread, &lab->stream[i]))
			abort();
	for (uint32_t i = 0; i < lab->nr_streams; i++)
		pthread_join(thread[i], NULL);
}

static void mixed_operation(struct lab_stream *s)
{
	struct model_node *f = any_node(s, S_IFREG);
	char name[64];

	if (!f || lab_below(s, 3) == 0) {
		one_name_operation(s);
		return;
	}
	switch (lab_below(s, 6)) {
	case 0:
		lab_truncate(s, f, lab_below(s, 60000));
		break;
	case 1:
		lab_setxattr(s, f, numbered(name, sizeof(name), "user.m", lab_below(s, 8)),
			     lab_below(s, lab_below(s, 3) ? 100 : 8000));
		break;
	case 2:
		numbered(name, sizeof(name), "user.m", lab_below(s, 8));
		if (model_has_xattr(f, name))
			lab_removexattr(s, f, name);
		break;
	default:
		lab_write(s, f, lab_below(s, 50000), 1 + lab_below(s, 20000));
	}
}

static void run_mixed(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];

	for (int i = 0; i < 400; i++) {
		mixed_operation(s);
		maybe_promise(s, 14);
	}
}

/* Extents that do not touch, or fewer of them. */
static void change_data_fork(struct lab_stream *s, struct model_node *f)
{
	uint32_t bs = s->lab->geo.blocksize, at = (uint32_t)(f->size / bs) + 1;

	switch (lab_below(s, 5)) {
	case 0:
		lab_truncate(s, f, lab_below(s, 3) ? f->size / 2 : 0);
		break;
	case 1:
		lab_chmod(s, f, lab_below(s, 07777));
		break;
	case 2:
		for (uint32_t n = 4 + lab_below(s, 60); n; n--, at += 2)
			lab_write(s, f, (uint64_t)at * bs, 1 + lab_below(s, bs));
		break;
	default:
		lab_write(s, f, (uint64_t)at * bs, 1 + lab_below(s, bs));
	}
}

/* Short form up to all of the inode, and beyond. */
static void change_attr_fork(struct lab_stream *s, struct model_node *node)
{
	char name[64];

	numbered(name, sizeof(name), "user.fork", lab_below(s, 10));
	if (model_has_xattr(node, name) && lab_below(s, 3))
		lab_removexattr(s, node, name);
	else
		lab_setxattr(s, node, name, lab_below(s, lab_below(s, 8) ? 200 : 3000));
}

/* Inline, a block and inline again. */
static void change_inline_dir(struct lab_stream *s, struct model_node *dir)
{
	uint32_t names = model_count_names(s->model, dir);
	char name[256];

	if (lab_below(s, 60) < names) {
		for (uint32_t n = 1 + lab_below(s, names); n; n--)
			if (any_name(s, dir, name, sizeof(name)))
				lab_unlink(s, dir, name);
		return;
	}
	for (uint32_t n = 1 + lab_below(s, 12); n; n--) {
		snprintf(name, sizeof(name), "%.*s%u.%u", (int)lab_below(s, 60),
			 "a-name-that-fills-an-inline-directory-sooner-than-another-one-",
			 s->lab->generation, model_now(s->model));
		if (lab_below(s, 3))
			lab_symlink(s, dir, name, 1 + lab_below(s, lab_below(s, 2) ? 1000 : 400));
		else
			lab_create(s, dir, name);
	}
}

/* A few inodes again and again, in both forks, so that the log has many versions of each. */
static void run_forks(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	struct model_node *held = NULL;
	char name[64];

	for (uint32_t i = 0; i < 4; i++) {
		numbered(name, sizeof(name), "fork", i);
		if (!model_lookup(s->model, s->root, name))
			lab_create(s, s->root, name);
		numbered(name, sizeof(name), "dir", i);
		if (!model_lookup(s->model, s->root, name))
			lab_mkdir(s, s->root, name);
	}
	for (uint32_t i = 0; i < 140; i++) {
		bool dir = lab_below(s, 3) == 0;
		struct model_node *node;

		numbered(name, sizeof(name), dir ? "dir" : "fork", lab_below(s, 4));
		node = model_lookup(s->model, s->root, name);
		if (!dir && lab_below(s, 12) == 0) {
			if (held)
				lab_release(s, held);
			lab_hold(s, held = node);
			lab_unlink(s, s->root, name);
			lab_create(s, s->root, name);
		}
		if (lab_below(s, 2))
			change_attr_fork(s, node);
		else if (dir)
			change_inline_dir(s, node);
		else
			change_data_fork(s, node);
		maybe_promise(s, 6);
	}
}

/* Short: what follows a crash is crashed again, several times. */
static void run_again(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];

	for (int i = 0; i < 60; i++) {
		mixed_operation(s);
		maybe_promise(s, 5);
	}
}

/* Blocks with holes between them, so that the space is in pieces. */
static void setup_pieces(struct lab *lab)
{
	struct lab_stream *s = &lab->stream[0];
	char name[64];

	for (uint32_t i = 0; i < 120; i++) {
		struct model_node *f = lab_create(s, s->root, numbered(name, sizeof(name), "p", i));

		lab_write(s, f, 0, 5 * KIB);
		if (i % 16 == 15)
			lab_sync(s);
	}
	lab_sync(s);
	for (uint32_t i = 0; i < 120; i += 2)
		lab_unlink(s, s->root, numbered(name, sizeof(name), "p", i));
}

const struct scenario lab_scenarios[] = {
	{ .name = "names", .what = "create, unlink, rename, link, symlink, mkdir storms",
	  .setup = setup_pieces,
	  .rules = RULE(COMMIT_FLUSH) | RULE(FINAL_FLUSH) | RULE(WAL) | RULE(TAIL) |
		   RULE(UNMOUNT_FLUSH), .run = run_names },
	/* (LOG-5) data and what was written in place, (WRITEBACK-2) sizes */
	{ .name = "append", .what = "appends, each file fsynced now and then",
	  .rules = RULE(PREFLUSH), .run = run_append },
	{ .name = "overwrite", .what = "data overwritten in place", .run = run_overwrite },
	{ .name = "reflink", .what = "blocks shared, copied on write, unshared",
	  .rules = RULE(STAGING) | RULE(UNSHARED) /* (REFC-4) */ | RULE(REFLINK_FLAG) |
		   RULE(REFLINK_CLEAR) | RULE(SHARED_COUNT) | RULE(SHARED_OWNER),
	  .run = lab_run_reflink },
	/* What is mapped in place of the old has its data (TRANS-4). */
	{ .name = "cow", .what = "what clones share is overwritten", .rules = RULE(ORDERED_DATA),
	  .run = lab_run_cow },
	/* (INTENT-4) */
	{ .name = "exchange", .what = "contents of files change places, at once and in steps",
	  .blocksize = 1024, .dirblocksize = 1024, .exchange = true, .rules = RULE(INTENT), .run = lab_run_exchange },
	{ .name = "truncate", .what = "files cut, extended, written with holes",
	  .rules = RULE(BUSY), .run = run_truncate },
	{ .name = "falloc", .what = "space allocated, punched, zeroed, taken out and put in",
	  .size_mib = 160, .log_mib = 36, .run = run_falloc },
	{ .name = "dirs", .what = "a directory through all its forms and back", .blocksize = 1024,
	  .run = run_dirs },
	{ .name = "bmbt", .what = "an extent tree that grows and shrinks", .blocksize = 1024,
	  .run = run_bmbt },
	{ .name = "xattr", .what = "attributes of all forms and sizes", .run = run_xattr },
	{ .name = "full", .what = "space that runs out", .size_mib = 32, .fill_percent = 88,
	  .rules = RULE(CUMULATIVE), .run = run_full },
	{ .name = "wrap", .what = "around the smallest log in small checkpoints",
	  .blocksize = 1024, .percent = 70,
	  .rules = RULE(CANCEL), .run = run_wrap },
	{ .name = "large", .what = "checkpoints of many records", .run = run_large },
	/* (TRANS-4), (WRITEBACK-1) */
	{ .name = "files", .what = "many small files, written in several checkpoints",
	  .blocksize = 1024, .cache_mib = 32, .percent = 40,
	  .rules = RULE(ORDERED_DATA), .run = run_files },
	{ .name = "huge", .what = "a checkpoint of several MiB", .size_mib = 192, .log_mib = 40,
	  .percent = 15,
	  .rules = RULE(WINDOW_FLUSH), .run = run_huge },
	{ .name = "orphans", .what = "files that are unlinked while they are open",
	  .run = run_orphans },
	{ .name = "chunks", .what = "inode chunks allocated and freed",
	  .rules = RULE(ICREATE_TAIL) | RULE(UNLINKED_BUF), .run = run_chunks },
	{ .name = "reuse", .what = "freed blocks that become something else",
	  .size_mib = 32, .fill_percent = 60, .run = run_reuse },
	{ .name = "hostfiles", .what = "host files copied past the page cache",
	  .size_mib = 32, .fill_percent = 60, .run = run_hostfiles },
	/* (LOG-1) */
	{ .name = "threads", .what = "four threads, each fsyncs its own files", .streams = 4,
	  .run = run_threads },
	/* (TRANS-6) */
	{ .name = "order", .what = "a thread commits while another one's data is on its way",
	  .streams = 2, .percent = 50, .run = run_order },
	{ .name = "mixed", .what = "all of it", .setup = setup_pieces,
	  .rules = RULE(LSN_STAMP), .run = run_mixed },
	/* (QUOTA-1) */
	{ .name = "quota", .what = "all of it, and what each owner uses is counted", .quota = true,
	  .rules = RULE(DQUOT), .run = run_mixed },
	{ .name = "extlog", .what = "the log on a disk of its own", .external_log = true,
	  .run = run_mixed },
	{ .name = "sectors", .what = "sectors of 4096 bytes, a log with a stripe unit",
	  .sectsize = 4096, .log_sunit = 32768, .run = run_mixed },
	{ .name = "dirblocks", .what = "directory blocks of several blocks", .blocksize = 1024,
	  .dirblocksize = 8192, .run = run_dirs },
	{ .name = "again", .what = "crashed, recovered, gone on with, crashed again",
	  .generations = 4,
	  .rules = RULE(RECOVERY_FLUSH), .run = run_again },
	{ .name = "inodes", .what = "inodes of two sectors, torn; recovery crashed again and again",
	  .inodesize = 1024, .blocksize = 2048, .meta_cache = 64 * KIB, .again_every = 8,
	  .again_depth = 3, .run = run_forks },
	{ .name = "inodes2k", .what = "inodes of four sectors, torn", .inodesize = 2048,
	  .meta_cache = 128 * KIB, .again_every = 8, .again_depth = 3, .run = run_forks },
	{ .name = "evict", .what = "recovery writes what it replays at once, and is crashed",
	  .inodesize = 1024, .meta_cache = 64 * KIB, .recovery_cache = 16 * KIB, .again_every = 16,
	  .again_depth = 3, .run = run_forks },
	{ .name = "evictdirs", .what = "the same with directory blocks of several blocks",
	  .inodesize = 1024, .blocksize = 2048, .dirblocksize = 8192, .recovery_cache = 16 * KIB,
	  .again_every = 12, .again_depth = 2, .rules = RULE(STALE_CLEAR), .run = run_dirs },
};
const uint32_t lab_nr_scenarios = ARRAY_SIZE(lab_scenarios);
