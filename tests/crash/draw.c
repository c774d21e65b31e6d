/* SPDX-License-Identifier: MIT */
/* Random operations on random objects of a model. */
#include <stdio.h>
#include <sys/stat.h>
#include "crash/draw.h"

const char *numbered(char *buf, size_t size, const char *stem, uint32_t n)
{
	snprintf(buf, size, "%s%u", stem, n);
	return buf;
}

struct model_node *any_node(struct lab_stream *s, uint32_t type)
{
	struct model_node *picked = NULL;
	uint32_t met = 0;

	for (struct model_node *n = model_nodes(s->model); n; n = n->next)
		if (n->nlink && (n->mode & S_IFMT) == type && lab_below(s, ++met) == 0)
			picked = n;
	return picked;
}

static struct model_node *any_dir(struct lab_stream *s)
{
	return any_node(s, S_IFDIR);
}

struct model_node *any_name(struct lab_stream *s, struct model_node *dir, char *name,
			    size_t size)
{
	uint32_t count = model_count_names(s->model, dir);
	struct model_node *node;
	const char *found;

	if (!count)
		return NULL;
	found = model_name(s->model, dir, lab_below(s, count), &node);
	snprintf(name, size, "%s", found);
	return node;
}

static bool removable(struct lab_stream *s, struct model_node *node)
{
	return !S_ISDIR(node->mode) || model_count_names(s->model, node) == 0;
}

/* A directory must not move below itself. */
static bool is_below(struct lab_stream *s, const struct model_node *dir,
		     const struct model_node *top)
{
	if (dir == top)
		return true;
	for (uint32_t i = 0; i < model_count_names(s->model, top); i++) {
		struct model_node *node;

		model_name(s->model, top, i, &node);
		if (S_ISDIR(node->mode) && is_below(s, dir, node))
			return true;
	}
	return false;
}

static void rename_any(struct lab_stream *s)
{
	struct model_node *from = any_dir(s), *to = any_dir(s), *node, *over;
	char name[256], new_name[256];

	node = any_name(s, from, name, sizeof(name));
	if (!node || (S_ISDIR(node->mode) && is_below(s, to, node)))
		return;
	over = lab_below(s, 2) ? any_name(s, to, new_name, sizeof(new_name)) : NULL;
	if (!over)
		snprintf(new_name, sizeof(new_name), "moved-%u.%u", s->lab->generation,
			 model_now(s->model));
	else if (over == node || S_ISDIR(over->mode) != S_ISDIR(node->mode) ||
		 !removable(s, over) || is_below(s, to, over) || is_below(s, from, over))
		return;
	lab_rename(s, from, name, to, new_name);
}

void unlink_any(struct lab_stream *s)
{
	struct model_node *dir = any_dir(s), *node;
	char name[256];

	node = any_name(s, dir, name, sizeof(name));
	if (node && removable(s, node))
		lab_unlink(s, dir, name);
}

/* A file that is there, or one that is made for it, takes a name that another may have. */
static void replace_any(struct lab_stream *s, const char *fresh_name)
{
	struct model_node *dir = any_dir(s), *over, *file;
	char name[256];

	over = lab_below(s, 4) ? any_name(s, dir, name, sizeof(name)) : NULL;
	if (!over)
		snprintf(name, sizeof(name), "%s", fresh_name);
	else if (S_ISDIR(over->mode))
		return;
	if (lab_below(s, 3) == 0) {
		file = any_node(s, S_IFREG);
		if (file)
			lab_replace(s, file, dir, name);
		return;
	}
	file = lab_create_unnamed(s, dir);
	if (!file)
		return;
	lab_write(s, file, 0, 1 + lab_below(s, 20000));
	if (lab_below(s, 4) == 0)
		lab_fsync(s, file);
	/* Some are given up. */
	if (lab_below(s, 8))
		lab_replace(s, file, dir, name);
	lab_release(s, file);
}

void one_name_operation(struct lab_stream *s)
{
	struct model_node *dir = any_dir(s), *file;
	char name[256];

	snprintf(name, sizeof(name), "%s%u.%u", lab_below(s, 3) ? "n" : "a-name-of-some-length-",
		 s->lab->generation, model_now(s->model));
	switch (lab_below(s, 18)) {
	case 0: case 1: case 2: case 3:
		lab_create(s, dir, name);
		break;
	case 4:
		lab_mkdir(s, dir, name);
		break;
	case 5:
		lab_symlink(s, dir, name, 1 + lab_below(s, lab_below(s, 2) ? 60 : 1000));
		break;
	case 6:
		lab_mknod(s, dir, name);
		break;
	case 7:
		file = any_node(s, S_IFREG);
		if (file)
			lab_link(s, file, dir, name);
		break;
	case 8: case 9: case 10: case 11:
		unlink_any(s);
		break;
	case 12: case 13: case 14:
		rename_any(s);
		break;
	case 15:
		file = any_node(s, S_IFREG);
		if (file)
			lab_chmod(s, file, lab_below(s, 07777));
		break;
	case 16: case 17:
		replace_any(s, name);
		break;
	}
}

void maybe_promise(struct lab_stream *s, uint32_t one_in)
{
	struct model_node *node = NULL;

	if (lab_below(s, one_in))
		return;
	switch (lab_below(s, 4)) {
	case 0:
		lab_sync(s);
		return;
	case 1:
		node = any_dir(s);
		break;
	default:
		node = any_node(s, S_IFREG);
	}
	if (!node)
		return;
	if (lab_below(s, 4) == 0)
		lab_fdatasync(s, node);
	else
		lab_fsync(s, node);
}
