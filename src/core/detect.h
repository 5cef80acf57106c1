/* Detectors: what is wrong with the program that runs, seen by the scheduler. */
#ifndef WEFT_CORE_DETECT_H
#define WEFT_CORE_DETECT_H

#include "core/worker.h"

struct weft__wait;

/* Tells of a finding: to the exploration under way, which ends the schedule and does not return; else as a report. */
__attribute__((format(printf, 2, 3))) void weft__detected(const char *kind, const char *format, ...);

/* The exploration's ear. NULL: none. */
extern void (*weft__on_finding)(const char *kind, const char *text);

/* Nothing can run, no timer is set, no descriptor is watched, and no foreign thread is known: who waits for what. */
void weft__detect_deadlock(void);

/* A task is about to wait for something that somebody owns: a circle of owners who wait is a deadlock, whatever others
 * do. */
void weft__detect_circle(const struct weft__wait *wait);

#endif
