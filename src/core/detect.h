/* Detectors: what is wrong with the program that runs, seen by the scheduler. */
#ifndef WEFT_CORE_DETECT_H
#define WEFT_CORE_DETECT_H

#include "core/worker.h"

struct weft__wait;

/* Tells of a finding: to the exploration under way, which ends the schedule and does not return; else as a report. */
__attribute__((format(printf, 2, 3))) void weft__detected(const char *kind, const char *format, ...);

/* The exploration's ears. NULL: none. */
extern void (*weft__on_finding)(const char *kind, const char *text);
extern void (*weft__on_outside)(const char *text);

/* Whether nobody is left to wake a task when there is no thread in the process but ours and the caller's. */
extern bool weft__detect_alone;

/* At a start under a seed: weft explore has run this program and listens on a pipe (WEFT_EXPLORE_FD). */
void weft__detect_attach(void);

/* That descriptor's number, or -1. */
int weft__detect_pipe(void);

/* Under a seed: something that the seed does not decide has had a say in the schedule. Told once a schedule, if anybody
 * wants to know; a finding if the exploration is strict. */
__attribute__((format(printf, 1, 2))) void weft__detect_outside(const char *format, ...);

/* A task has been made ready by a plain thread. */
void weft__detect_foreign(const struct weft__task *task);

/* Nothing can run, no timer is set, no descriptor is watched, and no foreign thread is known: who waits for what. */
void weft__detect_deadlock(void);

/* A task is about to wait for something that somebody owns: a circle of owners who wait is a deadlock, whatever others
 * do. */
void weft__detect_circle(const struct weft__wait *wait);

#endif
