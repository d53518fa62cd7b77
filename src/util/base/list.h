/*
 * list: a doubly linked list whose links are embedded in what it holds. The list owns nothing.
 */
#ifndef UTIL_BASE_LIST_H
#define UTIL_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "util/base/mem.h"

struct list {
	struct list *prev, *next;	/* of the head: last and first; of a link: its neighbours */
};

#define LIST_INIT(head)		{ &(head), &(head) }

static inline void
list_init(struct list *head)
{
	head->prev = head->next = head;
}

static inline bool
list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void
list_insert_before(struct list *where, struct list *link)
{
	link->prev = where->prev;
	link->next = where;
	where->prev->next = link;
	where->prev = link;
}

static inline void
list_append(struct list *head, struct list *link)
{
	list_insert_before(head, link);
}

static inline void
list_prepend(struct list *head, struct list *link)
{
	list_insert_before(head->next, link);
}

/* Removing a link that is in no list (zeroed or removed before) does nothing. */
static inline void
list_remove(struct list *link)
{
	if (link->next == NULL)
		return;
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = NULL;
}

static inline bool
list_linked(const struct list *link)
{
	return link->next != NULL;
}

#define LIST_FIRST(head, type, member) \
	(list_empty(head) ? NULL : CONTAINER_OF((head)->next, type, member))
#define LIST_NEXT(head, item, type, member) \
	((item)->member.next == (head) ? NULL : CONTAINER_OF((item)->member.next, type, member))
#define LIST_FOREACH(item, head, type, member) \
	for (type *item = LIST_FIRST(head, type, member); item != NULL; item = LIST_NEXT(head, item, type, member))
/* The current item may be removed and freed inside the loop. */
#define LIST_FOREACH_SAFE(item, after, head, type, member) \
	for (type *item = LIST_FIRST(head, type, member), \
	    *after = item != NULL ? LIST_NEXT(head, item, type, member) : NULL; \
	    item != NULL; \
	    item = after, after = item != NULL ? LIST_NEXT(head, item, type, member) : NULL)

#endif
