/* SPDX-License-Identifier: MIT */
/* What scenarios draw at random: objects of the model, names, and operations on them. */
#ifndef CRASH_DRAW_H
#define CRASH_DRAW_H

#include "crash/lab.h"

/* @stem and @n, in @buf. */
const char *numbered(char *buf, size_t size, const char *stem, uint32_t n);
/* Any object of type @type (S_IFMT) that has a name; NULL: there is none. */
struct model_node *any_node(struct lab_stream *s, uint32_t type);
/* A name in @dir, copied; NULL when it is empty. */
struct model_node *any_name(struct lab_stream *s, struct model_node *dir, char *name,
			    size_t size);
void unlink_any(struct lab_stream *s);
/* Something is made, linked, renamed, removed or gets another mode. */
void one_name_operation(struct lab_stream *s);
/* Of a few kinds of promises one, with a chance of one in @one_in. */
void maybe_promise(struct lab_stream *s, uint32_t one_in);

#endif
