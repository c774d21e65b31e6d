/* SPDX-License-Identifier: MIT */
/* A doubly linked list inside the objects; the head is a node. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/compiler.h"

struct xfs_list {
	struct xfs_list *next, *prev;
};

static inline void xfs_list_init(struct xfs_list *l)
{
	l->next = l->prev = l;
}

static inline bool xfs_list_empty(const struct xfs_list *l)
{
	return l->next == l;
}

static inline void xfs_list_insert(struct xfs_list *node, struct xfs_list *prev,
				   struct xfs_list *next)
{
	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
}

static inline void xfs_list_add(struct xfs_list *node, struct xfs_list *head)
{
	xfs_list_insert(node, head, head->next);
}

static inline void xfs_list_add_tail(struct xfs_list *node, struct xfs_list *head)
{
	xfs_list_insert(node, head->prev, head);
}

/* @node becomes an empty list, so it may be deleted again. */
static inline void xfs_list_del(struct xfs_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	xfs_list_init(node);
}

static inline void xfs_list_move_tail(struct xfs_list *node, struct xfs_list *head)
{
	xfs_list_del(node);
	xfs_list_add_tail(node, head);
}

static inline void xfs_list_move(struct xfs_list *node, struct xfs_list *head)
{
	xfs_list_del(node);
	xfs_list_add(node, head);
}

#define xfs_list_entry(ptr, type, member) container_of(ptr, type, member)
#define xfs_list_first_entry(head, type, member) xfs_list_entry((head)->next, type, member)
#define xfs_list_last_entry(head, type, member) xfs_list_entry((head)->prev, type, member)
#define xfs_list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define xfs_list_for_each_entry(pos, head, member)				\
	for (pos = xfs_list_entry((head)->next, __typeof__(*pos), member);	\
	     &pos->member != (head);						\
	     pos = xfs_list_entry(pos->member.next, __typeof__(*pos), member))
#define xfs_list_for_each_entry_safe(pos, tmp, head, member)			\
	for (pos = xfs_list_entry((head)->next, __typeof__(*pos), member),	\
	     tmp = xfs_list_entry(pos->member.next, __typeof__(*pos), member);	\
	     &pos->member != (head);						\
	     pos = tmp, tmp = xfs_list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif
