/* The order in which mutexes are taken, over the whole run, with WEFT_CHECK=1: an edge from each mutex held to each
 * mutex taken. A new edge that closes a circle is a deadlock that some schedule will find; it is reported with the
 * places, once for each set of places. (The lock-order graph of Linux's lockdep and of Savage et al.'s Eraser, by
 * object and not by class.)
 *
 * Mutexes are told apart by their address, which outlives them. So each carries a mark, which zeroing it takes away,
 * as weft_mutex_init does: one that is taken without the mark is new, and what was known of its address is forgotten.
 * A mutex on a stack needs no end of life for this. A mutex that is never held together with another is in no edge.
 *
 * The lock here is held while memory is allocated and the graph searched, and outside the runtime: that would be wrong
 * in production. It is a leaf: nothing else is taken under it but malloc's own locks.
 */
#include "core/policy.h"
#include "core/runtime.h"
#include "sync/mutex.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS = 1024, EDGES_MAX = 1 << 16, CIRCLES_MAX = 256 };

struct node {
    struct weft__link link; /* in its bucket, by lock */
    const void *lock;
    struct weft__list out, in;
    uint64_t search;      /* the last one that came by */
    struct node *next;    /* in the queue of that search */
    struct edge *came_by; /* ... and how it came here */
};

struct edge {
    struct weft__link out, in; /* of from and to */
    struct node *from, *to;
    const char *from_place, *to_place;
};

struct held {
    struct weft__link link; /* in its bucket, by who; or in 'spare' */
    const void *lock, *who;
    const char *place, *name;
};

/* Four places: the two of the edge that closes it, and the first and the last of the way back. */
struct circle {
    const char *held_at, *taken_at, *back_from, *back_to;
    unsigned between; /* mutexes on the way back */
};

static struct {
    struct weft__lock lock; /* for all of it */
    struct weft__list nodes[BUCKETS], held[BUCKETS];
    struct weft__list spare;
    uint32_t edges_count;
    uint64_t searches;
    struct circle reported[CIRCLES_MAX];
    uint32_t reported_count;
} order;

static uint32_t bucket(const void *address)
{
    return (uint32_t)(((uint64_t)(uintptr_t)address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}
_Static_assert(BUCKETS == 1 << (64 - 54), "the top bits choose the bucket");

static struct node *find_node(const void *lock)
{
    for (struct weft__link *link = order.nodes[bucket(lock)].first; link; link = link->next) {
        struct node *node = WEFT__OF(struct node, link, link);

        if (node->lock == lock)
            return node;
    }
    return NULL;
}

/* Here and below NULL is want of memory: then the checks miss something, which is all they may do. */
static struct node *make_node(const void *lock)
{
    struct node *node = find_node(lock);

    if (node || !(node = calloc(1, sizeof *node)))
        return node;
    node->lock = lock;
    weft__list_append(&order.nodes[bucket(lock)], &node->link);
    return node;
}

static void drop_node(struct node *node)
{
    weft__list_remove(&order.nodes[bucket(node->lock)], &node->link);
    free(node);
}

/* ... and the other end, if that leaves it alone. */
static void drop_edge(struct edge *edge, struct node *other)
{
    weft__list_remove(&edge->from->out, &edge->out);
    weft__list_remove(&edge->to->in, &edge->in);
    order.edges_count--;
    free(edge);
    if (!other->out.first && !other->in.first)
        drop_node(other);
}

static void drop_with_edges(struct node *node)
{
    struct edge *edge;

    while (node->out.first) {
        edge = WEFT__OF(struct edge, out, node->out.first);
        drop_edge(edge, edge->to);
    }
    while (node->in.first) {
        edge = WEFT__OF(struct edge, in, node->in.first);
        drop_edge(edge, edge->from);
    }
    drop_node(node);
}

static void drop_all(void)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        while (order.nodes[i].first)
            drop_with_edges(WEFT__OF(struct node, link, order.nodes[i].first));
}

static bool has_edge(const struct node *from, const struct node *to)
{
    for (const struct weft__link *link = from->out.first; link; link = link->next)
        if (WEFT__OF(struct edge, out, link)->to == to)
            return true;
    return false;
}

/* The shortest way, breadth first: then to->came_by is its last edge, and so on back to 'from'. */
static bool find_way(struct node *from, struct node *to)
{
    struct node *last = from;

    from->search = ++order.searches;
    from->next = NULL;
    for (struct node *node = from; node && node != to; node = node->next) {
        for (struct weft__link *link = node->out.first; link; link = link->next) {
            struct edge *edge = WEFT__OF(struct edge, out, link);
            struct node *next = edge->to;

            if (next->search == order.searches)
                continue;
            next->search = order.searches;
            next->came_by = edge;
            next->next = NULL;
            last = last->next = next;
        }
    }
    return to->search == order.searches;
}

/* Objects come and go at the same two places: a circle of places is reported once, from whichever end it is met. */
static bool is_new(const struct circle *circle)
{
    for (uint32_t i = 0; i < order.reported_count; i++) {
        const struct circle *old = &order.reported[i];

        if ((old->held_at == circle->held_at && old->taken_at == circle->taken_at &&
             old->back_from == circle->back_from && old->back_to == circle->back_to) ||
            (old->held_at == circle->back_from && old->taken_at == circle->back_to &&
             old->back_from == circle->held_at && old->back_to == circle->taken_at))
            return false;
    }
    if (order.reported_count == CIRCLES_MAX)
        return false;
    order.reported[order.reported_count++] = *circle;
    return true;
}

/* Adds the edge between the two. True: it is new, and closes a circle that is to be reported. */
static bool add_edge(const struct held *held, const struct held *taken, struct circle *ret_circle)
{
    struct node *from = make_node(held->lock), *to = make_node(taken->lock);
    const struct edge *back;
    struct edge *edge;

    if (!from || !to || has_edge(from, to))
        return false;
    if (!(edge = calloc(1, sizeof *edge)))
        return false;
    *edge = (struct edge){.from = from, .to = to, .from_place = held->place, .to_place = taken->place};
    weft__list_append(&from->out, &edge->out);
    weft__list_append(&to->in, &edge->in);
    order.edges_count++;
    if (!find_way(to, from))
        return false;
    back = from->came_by;
    *ret_circle = (struct circle){.held_at = held->place, .taken_at = taken->place, .back_to = back->to_place};
    for (; back->from != to; back = back->from->came_by)
        ret_circle->between++;
    ret_circle->back_from = back->from_place;
    return is_new(ret_circle);
}

/* Adds the missing edges, up to one that is to be reported: true, and again for the rest. */
static bool add_edges(const struct held *taken, struct circle *ret_circle, const char **ret_name)
{
    if (order.edges_count >= EDGES_MAX)
        drop_all();
    for (struct weft__link *link = order.held[bucket(taken->who)].first; link; link = link->next) {
        const struct held *held = WEFT__OF(struct held, link, link);

        if (held->who == taken->who && held->lock != taken->lock && add_edge(held, taken, ret_circle)) {
            *ret_name = held->name;
            return true;
        }
    }
    return false;
}

static void drop_held(const void *lock, const void *who)
{
    struct weft__list *list = &order.held[bucket(who)];
    struct weft__link *link = list->first, *next;

    for (; link; link = next) {
        struct held *held = WEFT__OF(struct held, link, link);

        next = link->next;
        if (held->lock != lock || held->who != who)
            continue;
        weft__list_remove(list, link);
        weft__list_append(&order.spare, link);
    }
}

static void add_held(const struct held *taken)
{
    struct weft__link *link = weft__list_pop(&order.spare);
    struct held *held = link ? WEFT__OF(struct held, link, link) : calloc(1, sizeof *held);

    if (!held)
        return;
    *held = *taken;
    weft__list_append(&order.held[bucket(held->who)], &held->link);
}

static void forget(const void *lock)
{
    struct node *node = find_node(lock);

    if (node)
        drop_with_edges(node);
}

static void report(const struct circle *circle, const char *name, const char *place, const char *held_name)
{
    char between[48] = "";

    if (circle->between)
        snprintf(between, sizeof between, "by way of %u more, ", circle->between);
    weft__report("lock order: %s was locked at %s while %s was held (locked at %s), but elsewhere the other way round: "
                 "the former locked at %s, then %sthe latter at %s: take them in one order everywhere, or they will "
                 "deadlock",
                 name ? name : "a mutex", place, held_name ? held_name : "another", circle->held_at, circle->back_from,
                 between, circle->back_to);
}

void weft__order_taken(const void *lock, const char *name, const char *place, const void *who)
{
    struct weft__mutex *marked = (struct weft__mutex *)(uintptr_t)lock;
    const struct held taken = {.lock = lock, .who = who, .place = place, .name = name};
    const char *held_name = NULL;
    struct circle circle;
    bool found;

    do {
        weft__lock(&order.lock);
        if (!marked->is_known)
            forget(lock);
        marked->is_known = true;
        found = add_edges(&taken, &circle, &held_name);
        if (!found) {
            drop_held(lock, who); /* of a mutex that died while it was held */
            add_held(&taken);
        }
        weft__unlock(&order.lock);
        if (found)
            report(&circle, name, place, held_name);
    } while (found);
}

void weft__order_released(const void *lock, const void *who)
{
    weft__lock(&order.lock);
    drop_held(lock, who);
    weft__unlock(&order.lock);
}

void weft__order_forgotten(const void *lock)
{
    ((struct weft__mutex *)(uintptr_t)lock)->is_known = false;
    if (WEFT__LIKELY(!weft__policy.checks))
        return;
    weft__lock(&order.lock);
    forget(lock);
    weft__unlock(&order.lock);
}

void weft__order_begin(void)
{
    weft__lock(&order.lock);
    if (order.edges_count) /* without edges there are no nodes */
        drop_all();
    order.reported_count = 0;
    weft__unlock(&order.lock);
}
