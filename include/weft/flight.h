/* Flights: those who want the same at the same time share one execution, and each gets a copy of its result.
 *
 *     static int look_up(const void *key, size_t size, struct address *ret_address, void *resolver) { ... }
 *
 *     weft_flight(struct address) lookups = weft_flight_new(&scope, struct address, look_up, resolver);
 *     rc = weft_flight_get(lookups, name, strlen(name), &address);      // runs look_up, or joins who runs it
 *     ...
 *     rc = weft_scope_close(&scope);
 *     weft_flight_free(lookups);
 *
 * A flight is a task of the scope that was named when they were made, and not of any caller: whoever asked first may be
 * cancelled, and the others get their result. All that the function is told of the call is the key, which the flight
 * keeps a copy of: so nothing that a caller takes away with it can be missing. A result is for those who came before it
 * was there; who comes later starts anew. Nothing is cached, errors least of all.
 *
 * weft_flight(T) is one type wherever it is written. (What Go calls singleflight; the idea is in B. Fitzpatrick's
 * groupcache.)
 */
#ifndef WEFT_FLIGHT_H
#define WEFT_FLIGHT_H

#include <weft/base.h>
#include <weft/scope.h>

WEFT_BEGIN

struct weft__flight;

/* The type of flights whose result is a T. */
#define weft_flight(T) __typeof__(T(**)(struct weft__flight *))

/* weft_flight_new(scope, T, fn, context): flights of fn, none in the air.
 *     int fn(const void *key, size_t size, T *value, void *context)          >= 0 and *value (zero at first), or -Exxx
 * The scope is open as long as they are used; an error of fn is not one of the scope. context is kept by reference.
 * NULL without memory. Owned by the caller. Anyone but a handler. */
#define weft_flight_new(scope, T, fn, context)                                                                         \
    __extension__({                                                                                                    \
        int (*weft__fn)(const void *, size_t, T *, void *) = (fn);                                                     \
        (weft_flight(T))(void *)                                                                                       \
            weft_flight_new_raw((scope), sizeof(T), (weft_flight_fn *)(void (*)(void))weft__fn, (context));            \
    })

/* Frees them. NULL: nothing. None may be in the air: close the scope first; else it stops the program. Never suspends.
 */
#define weft_flight_free(flights) weft_flight_free_raw(WEFT__FLIGHT(flights))

/* weft_flight_get(flights, key, size, &value): starts the flight of these key bytes, or joins it if it is in the air;
 * waits for its result. Returns what fn returned, and if that is >= 0 the value in *pointer (which may be NULL);
 * -ECANCELED or -ETIMEDOUT of the caller's scope (the flight goes on) or of the flights' own; -ENOMEM or -EAGAIN if it
 * could not be started, -EINVAL for NULL. A flight that waits for its own key waits for ever. Task or thread. May
 * suspend. */
#define weft_flight_get(flights, key, size, pointer)                                                                   \
    __extension__({                                                                                                    \
        WEFT__CARGO(flights) *weft__place = (pointer);                                                                 \
        weft_flight_get_raw(WEFT__FLIGHT(flights), (key), (size), weft__place);                                        \
    })

/* From now on who asks for the key starts a flight of its own; the one in the air goes on for those who wait for it.
 * Returns 0, -ENOENT if none is in the air, -EINVAL for NULL. Task or thread. Never suspends for long. */
#define weft_flight_forget(flights, key, size) weft_flight_forget_raw(WEFT__FLIGHT(flights), (key), (size))

/* For C++, bindings and generated code: the same, with values of so many bytes. */
typedef int weft_flight_fn(const void *key, size_t size, void *value, void *context);
WEFT_EXPORT WEFT_MUST_USE struct weft__flight *weft_flight_new_raw(weft_scope *scope, size_t size, weft_flight_fn *fn,
                                                                   void *context);
WEFT_EXPORT void weft_flight_free_raw(struct weft__flight *flights);
WEFT_EXPORT int weft_flight_get_raw(struct weft__flight *flights, const void *key, size_t size, void *value);
WEFT_EXPORT int weft_flight_forget_raw(struct weft__flight *flights, const void *key, size_t size);

/* The type of the flights' value; and the flights themselves, from nothing but flights. */
#define WEFT__CARGO(flights) __typeof__((**(flights))((struct weft__flight *)0))
#define WEFT__FLIGHT(flights) ((void)sizeof(WEFT__CARGO(flights)), (struct weft__flight *)(void *)(flights))

WEFT_END

#endif
