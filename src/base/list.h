/*
 * list.h - a circular doubly linked list whose links live inside the caller's objects.
 *
 * The head is a link of its own; an empty list's head points to itself.
 */
#ifndef MM_BASE_LIST_H
#define MM_BASE_LIST_H

#include <stdbool.h>

struct mm_list {
    struct mm_list *next, *prev;
};

static inline void mm_list_init(struct mm_list *head)
{
    head->next = head->prev = head;
}

static inline bool mm_list_empty(const struct mm_list *head)
{
    return head->next == head;
}

static inline void mm_list_insert_after(struct mm_list *position, struct mm_list *link)
{
    link->next = position->next;
    link->prev = position;
    position->next->prev = link;
    position->next = link;
}

static inline void mm_list_append(struct mm_list *head, struct mm_list *link)
{
    mm_list_insert_after(head->prev, link);
}

/* All of `from`, which is empty afterwards, to the empty list `to`. */
static inline void mm_list_take(struct mm_list *to, struct mm_list *from)
{
    if (mm_list_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    mm_list_init(from);
}

static inline void mm_list_remove(struct mm_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    mm_list_init(link);
}

#endif
