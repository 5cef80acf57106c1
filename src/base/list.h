/* An intrusive doubly linked list: the links live in the things. A zeroed link is in no list. */
#ifndef WEFT_BASE_LIST_H
#define WEFT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct weft__link {
    struct weft__link *next, *prev;
};

struct weft__list {
    struct weft__link *first, *last;
};

#define WEFT__OF(type, member, pointer) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void weft__list_append(struct weft__list *list, struct weft__link *link)
{
    link->next = NULL;
    link->prev = list->last;
    if (list->last)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
}

static inline void weft__list_prepend(struct weft__list *list, struct weft__link *link)
{
    link->prev = NULL;
    link->next = list->first;
    if (list->first)
        list->first->prev = link;
    else
        list->last = link;
    list->first = link;
}

static inline void weft__list_remove(struct weft__list *list, struct weft__link *link)
{
    if (link->prev)
        link->prev->next = link->next;
    else
        list->first = link->next;
    if (link->next)
        link->next->prev = link->prev;
    else
        list->last = link->prev;
    link->next = link->prev = NULL;
}

static inline bool weft__list_holds(const struct weft__list *list, const struct weft__link *link)
{
    return link->prev || list->first == link;
}

/* Removes it, if it is in the list. */
static inline void weft__list_drop(struct weft__list *list, struct weft__link *link)
{
    if (weft__list_holds(list, link))
        weft__list_remove(list, link);
}

static inline struct weft__link *weft__list_pop(struct weft__list *list)
{
    struct weft__link *first = list->first;

    if (first)
        weft__list_remove(list, first);
    return first;
}

#endif
