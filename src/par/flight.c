/* Flights. Each is a block of memory with its key and its value, held by the task that flies it and by each that waits;
 * the last one frees it. Those that can be joined are in a table of short lists: there are as many as callers who wait.
 */
#include <weft/flight.h>

#include "base/check.h"
#include "par/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weft/event.h>
#include <weft/task.h>

enum { CHAINS = 256 };

struct flight {
    struct flight *next; /* lock; in its chain */
    uint64_t hash;       /* constant, like the key and its size */
    size_t key_size;
    size_t holders;    /* lock */
    bool joinable;     /* lock: it is in its chain */
    bool never_flew;   /* constant once landed: its task could not be started; that was one caller's own trouble */
    int rc;            /* constant once landed */
    weft_event landed; /* after that the value is constant */
    char value[] __attribute__((aligned(16))); /* and behind it the key */
};

struct weft__flight {
    weft_mutex lock;
    weft_scope *scope; /* what follows is constant, but for the chains */
    size_t size;
    weft_flight_fn *fn;
    void *context;
    size_t in_the_air; /* lock */
    struct flight *chains[CHAINS];
};

struct weft__flight *weft_flight_new_raw(weft_scope *scope, size_t size, weft_flight_fn *fn, void *context)
{
    struct weft__flight *flights = scope && fn ? calloc(1, sizeof *flights) : NULL;

    if (!flights)
        return NULL;
    weft_mutex_init(&flights->lock, .name = "flights");
    flights->scope = scope;
    flights->size = size;
    flights->fn = fn;
    flights->context = context;
    return flights;
}

void weft_flight_free_raw(struct weft__flight *flights)
{
    if (!flights)
        return;
    if (flights->in_the_air)
        weft__panic("weft_flight_free: %zu are in the air: close their scope first", flights->in_the_air);
    free(flights);
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_of(const unsigned char *key, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static char *key_of(const struct weft__flight *flights, struct flight *flight)
{
    return flight->value + flights->size;
}

/* What follows has the lock held. */

/* Where the pointer to the flight of this key is, or would be. */
static struct flight **find(struct weft__flight *flights, const void *key, size_t size, uint64_t hash)
{
    struct flight **at = &flights->chains[hash % CHAINS];

    while (*at && ((*at)->hash != hash || (*at)->key_size != size || memcmp(key_of(flights, *at), key, size) != 0))
        at = &(*at)->next;
    return at;
}

static struct flight *add(struct weft__flight *flights, const void *key, size_t size, uint64_t hash)
{
    struct flight **chain = &flights->chains[hash % CHAINS], *flight;
    size_t bytes;

    if (__builtin_add_overflow(flights->size, size, &bytes) || __builtin_add_overflow(bytes, sizeof *flight, &bytes) ||
        !(flight = calloc(1, bytes)))
        return NULL;
    flight->hash = hash;
    flight->key_size = size;
    memcpy(key_of(flights, flight), key, size);
    flight->joinable = true;
    flight->next = *chain;
    *chain = flight;
    return flight;
}

static void forget(struct weft__flight *flights, struct flight *flight)
{
    struct flight **at = &flights->chains[flight->hash % CHAINS];

    if (!flight->joinable)
        return;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->joinable = false;
}

static void release(struct flight *flight)
{
    if (--flight->holders == 0)
        free(flight);
}

/* And what follows has not. */

static void land(struct weft__flight *flights, struct flight *flight, int rc)
{
    flight->rc = rc;
    weft__hold(&flights->lock);
    forget(flights, flight);
    (void)weft_event_set(&flight->landed);
    release(flight);
    flights->in_the_air--;
    weft__let_go(&flights->lock);
}

struct fly {
    struct weft__flight *flights;
    struct flight *flight;
};

static int fly(struct fly *self)
{
    struct weft__flight *flights = self->flights;
    struct flight *flight = self->flight;

    land(flights, flight, flights->fn(key_of(flights, flight), flight->key_size, flight->value, flights->context));
    return 0;
}

static void take_off(struct weft__flight *flights, struct flight *flight)
{
    int rc = weft_go_with(flights->scope, (.name = "flight"), fly, .flights = flights, .flight = flight);

    if (rc < 0) {
        flight->never_flew = true;
        land(flights, flight, rc);
    }
}

/* One flight: started or joined, and waited for. *ret_again: it was another's, and never flew. */
static int get(struct weft__flight *flights, const void *key, size_t size, void *value, bool *ret_again)
{
    uint64_t hash = hash_of(key, size);
    struct flight *flight;
    bool first;
    int rc;

    *ret_again = false;
    weft__hold(&flights->lock);
    flight = *find(flights, key, size, hash);
    first = !flight;
    if (first && (flight = add(flights, key, size, hash))) {
        flight->holders = 1; /* its task */
        flights->in_the_air++;
    }
    if (flight)
        flight->holders++;
    weft__let_go(&flights->lock);
    if (!flight)
        return -ENOMEM;
    if (first)
        take_off(flights, flight);
    rc = weft_event_wait(&flight->landed);
    *ret_again = rc == 0 && flight->never_flew && !first;
    if (rc == 0 && (rc = flight->rc) >= 0 && value)
        memcpy(value, flight->value, flights->size);
    weft__hold(&flights->lock);
    release(flight);
    weft__let_go(&flights->lock);
    return rc;
}

int weft_flight_get_raw(struct weft__flight *flights, const void *key, size_t size, void *value)
{
    bool again;
    int rc;

    if (!flights || (!key && size))
        return -EINVAL;
    do {
        if ((rc = weft_check()) < 0)
            return rc;
        rc = get(flights, key ? key : "", size, value, &again);
    } while (again);
    return rc;
}

int weft_flight_forget_raw(struct weft__flight *flights, const void *key, size_t size)
{
    struct flight *flight;

    if (!flights || (!key && size))
        return -EINVAL;
    key = key ? key : "";
    weft__hold(&flights->lock);
    flight = *find(flights, key, size, hash_of(key, size));
    if (flight)
        forget(flights, flight);
    weft__let_go(&flights->lock);
    return flight ? 0 : -ENOENT;
}
