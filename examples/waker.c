/* A waker: from the callback of a foreign library to a function that returns its result.
 *
 * The library below calls back from a thread of its own, as many do. `measure` hides that: to a task it is an ordinary
 * call that takes its time, and the worker does something else meanwhile.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weft.h>

/* The foreign library: sensor_read returns at once and calls back later, from a thread that it starts. */
struct sensor_request {
    int sensor;
    void (*callback)(int value, void *context);
    void *context;
};

static void *sensor_thread(void *argument)
{
    struct sensor_request request = *(struct sensor_request *)argument;

    free(argument);
    nanosleep(&(struct timespec){.tv_nsec = 20 * WEFT_MILLISECOND}, NULL);
    request.callback(request.sensor * 11, request.context);
    return NULL;
}

static int sensor_read(int sensor, void (*callback)(int value, void *context), void *context)
{
    struct sensor_request *request = malloc(sizeof *request);
    pthread_t thread;

    if (!request)
        return -1;
    *request = (struct sensor_request){sensor, callback, context};
    if (pthread_create(&thread, NULL, sensor_thread, request) != 0) {
        free(request);
        return -1;
    }
    pthread_detach(thread);
    return 0;
}

/* The bridge. */
struct measurement {
    weft_waker done;
    int value;
};

static void measured(int value, void *context)
{
    struct measurement *measurement = context;

    measurement->value = value;
    weft_wake(&measurement->done); /* from here on the measurement may be gone */
}

/* Measures, and returns the value. The library cannot be told to stop, and it writes to this stack: so the wait is in a
 * shield, which no cancellation reaches. */
static int measure(int sensor)
{
    struct measurement measurement = {.done = WEFT_WAKER_INIT};
    weft_scope shield;
    int rc;

    if (sensor_read(sensor, measured, &measurement) < 0)
        return -1;
    weft_scope_open(&shield, .shield = 1);
    rc = weft_wait(&measurement.done);
    rc = weft_scope_close_with(&shield, rc);
    return rc < 0 ? rc : measurement.value;
}

struct reading {
    int sensor;
    int *value;
};
static int reading(struct reading *self)
{
    *self->value = measure(self->sensor);
    return *self->value;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int values[3], rc;

    (void)self;
    weft_scope_open(&scope);
    for (int i = 0; i < 3; i++)
        weft_go(&scope, reading, .sensor = i + 1, .value = &values[i]);
    rc = weft_scope_close(&scope);
    for (int i = 0; i < 3 && rc == 0; i++)
        printf("sensor %d says %d\n", i + 1, values[i]);
    return rc;
}

int main(void)
{
    return weft_main(demo, 0);
}
