/* Weft: one kind of light task for waiting, blocking and computing.
 *
 * This header includes all of the core library. Each header under weft/ also stands alone.
 *
 *     struct hello { const char *whom; };
 *     static int hello(struct hello *self) { printf("hello, %s\n", self->whom); return 0; }
 *     int main(void) { return weft_main(hello, .whom = "world"); }
 */
#ifndef WEFT_H
#define WEFT_H

#include <weft/actor.h>
#include <weft/barrier.h>
#include <weft/base.h>
#include <weft/breaker.h>
#include <weft/chan.h>
#include <weft/condition.h>
#include <weft/event.h>
#include <weft/explore.h>
#include <weft/flight.h>
#include <weft/future.h>
#include <weft/generator.h>
#include <weft/guest.h>
#include <weft/hub.h>
#include <weft/io.h>
#include <weft/latch.h>
#include <weft/limiter.h>
#include <weft/local.h>
#include <weft/mutex.h>
#include <weft/once.h>
#include <weft/par.h>
#include <weft/pipeline.h>
#include <weft/pool.h>
#include <weft/retry.h>
#include <weft/rwlock.h>
#include <weft/scope.h>
#include <weft/select.h>
#include <weft/semaphore.h>
#include <weft/signal.h>
#include <weft/supervisor.h>
#include <weft/task.h>
#include <weft/time.h>
#include <weft/topic.h>
#include <weft/waker.h>

#endif
