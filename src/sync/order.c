/* The order in which locks are taken, over the whole run, with WEFT_CHECK=1: an edge from each lock held to each lock
 * taken. A new edge that closes a circle is a deadlock that some schedule will find; it is reported once, with the
 * places. (The lock-order graph of Linux's lockdep and of Savage et al.'s Eraser, by object and not by class.)
 */
#include "core/runtime.h"
#include "sync/mutex.h"

#include <stdlib.h>
#include <string.h>

struct held {
    const void *lock, *who;
    const char *place, *name;
};

struct edge {
    const void *from, *to;
    const char *from_place, *to_place;
    bool seen; /* by the search under way */
};

static struct {
    struct weft__lock lock;
    struct held *held; /* lock; with the next five */
    size_t held_count, held_room;
    struct edge *edges;
    size_t edges_count, edges_room;
} order;

/* Room for one more item; false without memory: then the checks miss something, which is all they may do. */
static bool reserve(void **items, size_t count, size_t *room, size_t size)
{
    size_t wanted = *room ? *room * 2 : 64;
    void *more;

    if (count < *room)
        return true;
    more = realloc(*items, wanted * size);
    if (!more)
        return false;
    *items = more;
    *room = wanted;
    return true;
}

/* The first edge of a way from one lock to another, NULL: there is none. */
static struct edge *find_way(const void *from, const void *to)
{
    for (size_t i = 0; i < order.edges_count; i++) {
        struct edge *edge = &order.edges[i];

        if (edge->from != from || edge->seen)
            continue;
        edge->seen = true;
        if (edge->to == to || find_way(edge->to, to))
            return edge;
    }
    return NULL;
}

/* Adds the edge; if it closes a circle, the edge that leads back. */
static struct edge *add_edge(const struct held *held, const struct held *taken)
{
    for (size_t i = 0; i < order.edges_count; i++) {
        order.edges[i].seen = false;
        if (order.edges[i].from == held->lock && order.edges[i].to == taken->lock)
            return NULL;
    }
    if (!reserve((void **)&order.edges, order.edges_count, &order.edges_room, sizeof *order.edges))
        return NULL;
    order.edges[order.edges_count++] = (struct edge){
        .from = held->lock, .to = taken->lock, .from_place = held->place, .to_place = taken->place, .seen = true};
    return find_way(taken->lock, held->lock);
}

void weft__order_taken(const void *lock, const char *name, const char *place, const void *who)
{
    struct held taken = {.lock = lock, .who = who, .place = place, .name = name}, before = {0};
    struct edge back = {0}, *found = NULL;

    weft__lock(&order.lock);
    for (size_t i = 0; i < order.held_count && !found; i++) {
        if (order.held[i].who != who)
            continue;
        before = order.held[i];
        found = add_edge(&before, &taken);
    }
    if (found)
        back = *found;
    if (reserve((void **)&order.held, order.held_count, &order.held_room, sizeof *order.held))
        order.held[order.held_count++] = taken;
    weft__unlock(&order.lock);
    if (found)
        weft__report("lock order: %s was locked at %s while %s was held (locked at %s), but at %s the other way round "
                     "(the first of them locked at %s): take them in one order everywhere, or they will deadlock",
                     name ? name : "a mutex", place, before.name ? before.name : "another", before.place, back.to_place,
                     back.from_place);
}

void weft__order_released(const void *lock, const void *who)
{
    weft__lock(&order.lock);
    for (size_t i = order.held_count; i-- > 0;) {
        if (order.held[i].lock != lock || order.held[i].who != who)
            continue;
        order.held[i] = order.held[--order.held_count];
        break;
    }
    weft__unlock(&order.lock);
}
