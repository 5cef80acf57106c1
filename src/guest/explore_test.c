#include "run.h"

#include "base/prng.h"
#include "core/policy.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct weft_finding finding;

#ifdef __SANITIZE_THREAD__
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

/* Memory that the children write to and we read. */
static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    MUST(memory != MAP_FAILED);
    return memory;
}

/* ---- functions to explore ---- */

struct give {
    weft_chan(int) to;
    int value;
};
static int give(struct give *self)
{
    return weft_send(self->to, self->value);
}

/* Two tasks and a channel: right under every schedule. */
struct hand_over {
    int value;
};
static int hand_over(struct hand_over *self)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int got = 0, rc;

    weft_scope_open(&scope);
    weft_go(&scope, give, .to = chan, .value = self->value);
    rc = weft_recv(chan, &got);
    rc = weft_scope_close_with(&scope, rc);
    weft_expect(rc < 0 || got == self->value);
    weft_chan_free(chan);
    return rc;
}

/* Where others may come in, as in every call. */
static void call_something(void)
{
    weft_mutex own = WEFT_MUTEX_INIT;

    CHECK_EQ(weft_mutex_lock(&own), 0);
    CHECK_EQ(weft_mutex_unlock(&own), 0);
}

/* Adds one to what it has read before a call. */
struct add {
    atomic_int *sum;
};
static int add(struct add *self)
{
    int before = *self->sum; /* atomic, but not with what follows */

    call_something();
    *self->sum = before + 1;
    return 0;
}

/* Wrong whenever a second task comes between: one switch. */
struct careless {
    int unused;
};
static int careless(struct careless *self UNUSED)
{
    weft_scope scope;
    atomic_int sum = 0;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, add, .sum = &sum);
    weft_go(&scope, add, .sum = &sum);
    rc = weft_scope_close(&scope);
    weft_expect(sum == 2);
    return rc;
}

struct cross {
    weft_rwlock *first, *second;
};
static int cross(struct cross *self)
{
    int rc = weft_rwlock_write(self->first);

    if (rc < 0)
        return rc;
    rc = weft_rwlock_write(self->second);
    if (rc == 0)
        weft_rwlock_write_unlock(self->second);
    weft_rwlock_write_unlock(self->first);
    return rc;
}

struct crossing {
    int unused;
};
static int crossing(struct crossing *self UNUSED)
{
    weft_rwlock a = WEFT_RWLOCK_INIT, b = WEFT_RWLOCK_INIT;
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, cross, .first = &a, .second = &b);
    weft_go(&scope, cross, .first = &b, .second = &a);
    return weft_scope_close(&scope);
}

/* Two tasks wait for what nobody sends. */
struct take {
    weft_chan(int) from;
};
static int take(struct take *self)
{
    return weft_recv(self->from, NULL);
}

struct forsaken {
    int unused;
};
static int forsaken(struct forsaken *self UNUSED)
{
    weft_chan(int) chan = weft_chan_new(int, 0);
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, take, .from = chan);
    weft_go(&scope, take, .from = chan);
    rc = weft_scope_close(&scope);
    weft_chan_free(chan);
    return rc;
}

/* ---- kinds of findings ---- */

TEST(nothing_is_found_in_what_is_right)
{
    CHECK_EQ(weft_explore((.seeds = 1000), &finding, hand_over, .value = 3), 0);
    CHECK_EQ(finding.schedules, 1000);
    CHECK_STR(finding.outside, "");
}

TEST(a_circle_of_waits_is_found_with_who_holds_what)
{
    CHECK_EQ(weft_explore((.seeds = 1000), &finding, crossing), 1);
    CHECK_STR(finding.kind, "deadlock");
    CHECK_HAS(finding.text, "a circle of waits: task");
    CHECK_HAS(finding.text, "held by task 2 'cross'");
    CHECK_HAS(finding.text, "held by task 3 'cross'");
    CHECK(finding.replays);
    CHECK(finding.switches >= 1 && finding.switches <= 5);
    CHECK_HAS(finding.schedule, "'cross' is stopped before its next call; task");
}

TEST(a_standstill_is_found_with_everyone_in_it)
{
    if (test_emulated())
        SKIP("the emulator has threads of its own, which might wake somebody");
    CHECK_EQ(weft_explore((.seeds = 10), &finding, forsaken), 1);
    CHECK_STR(finding.kind, "deadlock");
    CHECK_HAS(finding.text, "all 3 tasks wait: ");
    CHECK_HAS(finding.text, "task 1 'forsaken' waits to close a scope");
    CHECK_HAS(finding.text, "task 2 'take' waits to receive at ");
    CHECK_HAS(finding.text, "explore_test.c:");
    CHECK_EQ(finding.schedules, 1);
    CHECK_EQ(finding.switches, 0);
}

struct forgotten {
    int unused;
};
static int forgotten(struct forgotten *self UNUSED)
{
    weft_waker never = WEFT_WAKER_INIT;

    return weft_wait(&never);
}

TEST(a_waker_that_nobody_can_wake_is_a_standstill)
{
    if (test_emulated())
        SKIP("the emulator has threads of its own, which might wake somebody");
    CHECK_EQ(weft_explore((.seeds = 10), &finding, forgotten), 1);
    CHECK_STR(finding.kind, "deadlock");
    CHECK_HAS(finding.text, "task 1 'forgotten' waits for a waker");
}

TEST(an_expectation_is_found_and_its_schedule_told)
{
    CHECK_EQ(weft_explore((.seeds = 1000), &finding, careless), 1);
    CHECK_STR(finding.kind, "expectation");
    CHECK_HAS(finding.text, "explore_test.c:");
    CHECK_HAS(finding.text, ": sum == 2");
    CHECK(finding.replays);
    CHECK(finding.switches >= 1 && finding.switches <= 2);
    CHECK_HAS(finding.schedule, "'add'");
    CHECK(!strstr(finding.schedule, "schedules'")); /* nobody of ours is in it */
}

struct fail {
    int rc;
};
static int fail(struct fail *self)
{
    return self->rc;
}

TEST(an_error_is_found_unless_errors_are_allowed)
{
    CHECK_EQ(weft_explore((.seeds = 10), &finding, fail, .rc = -EIO), 1);
    CHECK_STR(finding.kind, "error");
    CHECK_STR(finding.text, "fail returned EIO");
    CHECK_EQ(weft_explore((.seeds = 10, .errors_allowed = 1), &finding, fail, .rc = -EIO), 0);
    CHECK_EQ(weft_explore((.seeds = 10), &finding, fail, .rc = 7), 0);
}

struct lock_both {
    weft_mutex *first, *second;
};
static int lock_both(struct lock_both *self)
{
    CHECK_EQ(weft_mutex_lock(self->first), 0);
    CHECK_EQ(weft_mutex_lock(self->second), 0);
    weft_mutex_unlock(self->second);
    weft_mutex_unlock(self->first);
    return 0;
}

struct two_orders {
    int seed; /* this one alone takes them the other way round */
};
static int two_orders(struct two_orders *self)
{
    static weft_mutex a = WEFT_MUTEX_INIT, b = WEFT_MUTEX_INIT;

    if (self->seed < 0) {
        (void)lock_both(&(struct lock_both){&a, &b});
        return lock_both(&(struct lock_both){&b, &a});
    }
    return weft__policy.seed % 2 ? lock_both(&(struct lock_both){&a, &b}) : lock_both(&(struct lock_both){&b, &a});
}

TEST(a_report_is_found)
{
    CHECK_EQ(weft_explore((.seeds = 10), &finding, two_orders, .seed = -1), 1);
    CHECK_STR(finding.kind, "report");
    CHECK_HAS(finding.text, "lock order: ");
    CHECK_EQ(finding.seed, 1);
}

TEST(the_order_of_locks_is_that_of_one_schedule)
{
    CHECK_EQ(weft_explore((.seeds = 10), &finding, two_orders), 0);
}

struct die {
    int how;
};
static int die(struct die *self)
{
    call_something();
    if (self->how == 0)
        abort();
    fputs("these are my last words\n", stderr);
    _exit(self->how); /* exit would let LeakSanitizer have a word */
}

TEST(a_crash_is_found_with_the_last_words)
{
    CHECK_EQ(weft_explore((.seeds = 10, .first = 42, .fork = 1), &finding, die), 1);
    CHECK_STR(finding.kind, "crash");
    CHECK_HAS(finding.text, "signal 6");
    CHECK_EQ(finding.seed, 42);
    CHECK(finding.replays);
    CHECK_EQ(weft_explore((.seeds = 10, .fork = 1), &finding, die, .how = 3), 1);
    CHECK_STR(finding.kind, "crash");
    CHECK_HAS(finding.text, "exit code 3: these are my last words");
}

struct leave_open {
    int unused;
};
static int leave_open(struct leave_open *self UNUSED)
{
    static weft_scope scope;

    return weft_scope_open(&scope);
}

TEST(a_scope_left_open_is_found)
{
    CHECK_EQ(weft_explore((.seeds = 10), &finding, leave_open), 1);
    CHECK_STR(finding.kind, "error");
    CHECK_HAS(finding.text, "scope still open");
}

struct run_for_ever {
    int yields;
};
static int run_for_ever(struct run_for_ever *self)
{
    for (volatile int i = 0; i >= 0;)
        if (self->yields)
            (void)weft_yield();
    return 0;
}

TEST(a_schedule_without_end_is_found_by_its_calls_or_its_time)
{
    CHECK_EQ(weft_explore((.seeds = 10, .steps = 1000), &finding, run_for_ever, .yields = 1), 1);
    CHECK_STR(finding.kind, "no end");
    CHECK_HAS(finding.text, "1000 calls");
    CHECK_EQ(weft_explore((.seeds = 10, .limit = 100 * WEFT_MILLISECOND), &finding, run_for_ever), 1);
    CHECK_STR(finding.kind, "no end");
    CHECK_HAS(finding.text, "0.1 s");
}

/* ---- shortening ---- */

/* Wrong only if the reader looks first between the two and then behind them: two switches. */
struct both {
    atomic_int *stage;
};
static int both(struct both *self)
{
    for (int i = 0; i < 5; i++)
        call_something();
    *self->stage = 1;
    call_something();
    *self->stage = 2;
    call_something();
    return 0;
}

struct two_looks {
    int noise;
};
static int two_looks(struct two_looks *self)
{
    atomic_int stage = 0, noise = 0;
    weft_scope scope;
    int first;

    weft_scope_open(&scope);
    for (int i = 0; i < self->noise; i++)
        weft_go(&scope, both, .stage = &noise);
    weft_go(&scope, both, .stage = &stage);
    first = stage;
    call_something();
    weft_expect(!(first == 1 && stage == 2));
    return weft_scope_close(&scope);
}

TEST(a_schedule_is_shortened_to_the_switches_that_matter)
{
    struct weft_finding as_found;

    CHECK_EQ(weft_explore((.seeds = 100000), &finding, two_looks, .noise = 3), 1);
    CHECK_STR(finding.kind, "expectation");
    CHECK(finding.replays);
    CHECK(finding.switches >= 1 && finding.switches <= 3); /* and not the noise */
    CHECK_EQ(weft_explore((.seeds = 100000, .as_found = 1), &as_found, two_looks, .noise = 3), 1);
    CHECK_EQ(as_found.seed, finding.seed);
    CHECK_EQ(as_found.schedules, finding.schedules);
    CHECK_STR(as_found.text, finding.text);
    CHECK_EQ(as_found.switches, 0);
}

/* ---- one seed, one schedule ---- */

enum { CHANS = 3, OPS = 9 };

/* A program of a few tasks that do what a generator of numbers says, and what has become of it. */
struct program {
    uint64_t random;
    _Atomic uint64_t trace; /* not a race to TSan, with the next */
    atomic_int depth;
    weft_chan(int) chans[CHANS];
    weft_mutex mutex;
};

static void note(struct program *p, int id, int what, int rc)
{
    p->trace = (p->trace ^ (uint64_t)(unsigned)(id * 1000000 + what * 1000 + rc)) * UINT64_C(1099511628211);
    p->trace ^= (uint64_t)weft_now();
}

struct member {
    struct program *program;
    uint64_t random;
    int id;
};

static int member(struct member *self);

static int spawn_below(struct program *p, uint64_t *random, int id)
{
    weft_scope scope;

    if (p->depth > 3)
        return 0;
    p->depth++;
    weft_scope_open(&scope, .timeout = (int64_t)weft__random_below(random, 3000));
    weft_go(&scope, member, .program = p, .random = weft__random(random), .id = 10 * id + 1);
    weft_go(&scope, member, .program = p, .random = weft__random(random), .id = 10 * id + 2);
    if (weft__random_below(random, 3) == 0)
        weft_scope_cancel(&scope);
    return weft_scope_close(&scope);
}

static int do_one(struct program *p, uint64_t *random, int id, uint32_t what)
{
    weft_chan(int) one = p->chans[weft__random_below(random, CHANS)], two = p->chans[weft__random_below(random, CHANS)];
    int value = id;

    switch (what) {
    case 0:
        return weft_send(one, value);
    case 1:
        return weft_recv(one, &value);
    case 2:
        return weft_select(weft_on_recv(one, &value, NULL), weft_on_recv(two, &value, NULL), weft_on_timeout(500));
    case 3:
        return weft_select(weft_on_send(one, &value, NULL), weft_on_recv(two, &value, NULL));
    case 4:
        return weft_sleep(weft__random_below(random, 1000));
    case 5:
        return weft_yield();
    case 6:
        if (weft_mutex_lock(&p->mutex) < 0)
            return -1;
        (void)weft_sleep(weft__random_below(random, 100));
        return weft_mutex_unlock(&p->mutex);
    case 7:
        return spawn_below(p, random, id);
    default:
        return weft_try_recv(one, &value);
    }
}

static int member(struct member *self)
{
    int count = 3 + (int)weft__random_below(&self->random, 8);

    for (int i = 0; i < count; i++) {
        uint32_t what = weft__random_below(&self->random, OPS);

        note(self->program, self->id, (int)what, do_one(self->program, &self->random, self->id, what));
    }
    return 0;
}

/* The traces of the seeds, by seed. */
struct random_program {
    uint64_t *traces;
};
static int random_program(struct random_program *self)
{
    struct program p = {.random = weft__policy.seed / 4, .mutex = WEFT_MUTEX_INIT}; /* four schedules each */
    weft_scope scope;

    for (int i = 0; i < CHANS; i++)
        p.chans[i] = weft_chan_new(int, (size_t)i);
    weft_scope_open(&scope, .timeout = 20 * WEFT_MICROSECOND, .on_error = WEFT_KEEP_GOING);
    for (int i = 1; i < 4; i++)
        weft_go(&scope, member, .program = &p, .random = weft__random(&p.random), .id = i);
    note(&p, 0, 0, weft_scope_close(&scope));
    for (int i = 0; i < CHANS; i++)
        weft_chan_free(p.chans[i]);
    self->traces[weft__policy.seed] = p.trace ^ weft__policy.hash;
    return 0;
}

TEST(a_seed_is_one_schedule_in_one_process_in_many_and_alone)
{
    size_t count = (size_t)(SANITIZED || is_seeded() ? 200 : 1000), size = (count + 1) * sizeof(uint64_t);
    uint64_t *first = share(size), *second = share(size), *forked = share(size), alone = 0, differ = 0;
    const char *outer = getenv("WEFT_SEED");
    char seed[32], kept[32] = "";

    CHECK_EQ(weft_explore((.seeds = count), &finding, random_program, .traces = first), 0);
    CHECK_EQ(weft_explore((.seeds = count), &finding, random_program, .traces = second), 0);
    CHECK_EQ(weft_explore((.seeds = count / 10, .fork = 1), &finding, random_program, .traces = forked), 0);
    CHECK(memcmp(first, second, size) == 0);
    CHECK(memcmp(first, forked, count / 10 * sizeof *first) == 0);
    for (size_t i = 2; i <= count; i++)
        differ += first[i] != first[i - 1];
    CHECK(differ > count / 2);
    if (outer)
        snprintf(kept, sizeof kept, "%s", outer);
    for (size_t i = 1; i <= count; i += count / 20) { /* as WEFT_SEED=n ./prog runs it */
        snprintf(seed, sizeof seed, "%zu", i);
        setenv("WEFT_SEED", seed, 1);
        CHECK_EQ(RUN(random_program, .traces = second), 0);
        alone += second[i] == first[i];
    }
    if (outer)
        setenv("WEFT_SEED", kept, 1);
    else
        unsetenv("WEFT_SEED");
    CHECK_EQ(alone, 20);
}

/* ---- options ---- */

struct count {
    int *calls;
    int once;
};
static int count(struct count *self)
{
    static int global;

    if (self->once) /* a fresh copy each time */
        weft_expect(self->once++ == 1);
    if (self->calls)
        self->calls[weft__policy.seed]++;
    weft_expect(++global == 1 || self->once);
    return 0;
}

TEST(a_process_for_each_schedule_begins_with_fresh_globals)
{
    CHECK_EQ(weft_explore((.seeds = 20, .fork = 1), &finding, count), 0);
    CHECK_EQ(finding.schedules, 20);
}

TEST(a_finding_of_several_schedules_together_is_told_from_one_of_a_seed)
{
    CHECK_EQ(weft_explore((.seeds = 20), &finding, count), 1);
    CHECK_EQ(finding.seed, 2);
    CHECK(!finding.replays);
    CHECK_EQ(finding.switches, 0);
}

TEST(each_schedule_has_a_fresh_copy_of_the_arguments)
{
    CHECK_EQ(weft_explore((.seeds = 20), &finding, count, .once = 1), 0);
}

TEST(a_strategy_chooses_its_seeds)
{
    int *calls = share(100 * sizeof *calls);

    CHECK_EQ(weft_explore((.seeds = 20, .first = 6, .strategy = WEFT_EXPLORE_RANDOM), &finding, count, .calls = calls,
                          .once = 1),
             0);
    CHECK_EQ(weft_explore((.seeds = 20, .first = 6, .fork = 1, .strategy = WEFT_EXPLORE_PRIORITIES), &finding, count,
                          .calls = calls),
             0);
    CHECK_EQ(finding.schedules, 20);
    for (int i = 0; i < 60; i++)
        CHECK_EQ(calls[i], i % 8 < 4 ? i >= 8 && i < 44 : i >= 6 && i < 46);
}

struct sleeper {
    int64_t span;
};
static int sleeper(struct sleeper *self)
{
    return weft_sleep(self->span);
}

TEST(an_hours_sleep_takes_no_time)
{
    CHECK_EQ(weft_explore((.seeds = 1000, .limit = 20 * WEFT_SECOND), &finding, sleeper, .span = 3600 * WEFT_SECOND),
             0);
    CHECK_EQ(finding.schedules, 1000);
}

TEST(a_limit_of_time_ends_an_exploration)
{
    CHECK_EQ(weft_explore((.seeds = UINT64_MAX, .time = 50 * WEFT_MILLISECOND), &finding, hand_over), 0);
    CHECK(finding.schedules > 0);
    CHECK_EQ(weft_explore((.seeds = UINT64_MAX, .time = 50 * WEFT_MILLISECOND, .fork = 1), &finding, hand_over), 0);
    CHECK(finding.schedules > 0);
}

/* ---- the world outside ---- */

struct wake_later {
    weft_waker waker;
    pthread_t thread;
};
static void *wake_it(void *argument)
{
    struct wake_later *self = argument;

    weft_wake(&self->waker);
    return NULL;
}

static int wake_later(struct wake_later *self)
{
    MUST(pthread_create(&self->thread, NULL, wake_it, self) == 0);
    CHECK_EQ(weft_wait(&self->waker), 0);
    pthread_join(self->thread, NULL);
    return 0;
}

struct read_pipe {
    int fd;
};
static int read_pipe(struct read_pipe *self)
{
    char byte;
    int ends[2];

    MUST(pipe(ends) == 0);
    weft_scope scope;
    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_read(ends[0], &byte, 1), -ETIMEDOUT);
    CHECK_EQ(weft_scope_close(&scope), 0);
    weft_fd_close(ends[0]);
    weft_fd_close(ends[1]);
    (void)self;
    return 0;
}

TEST(a_plain_thread_that_has_a_say_is_named)
{
    if (TSAN)
        SKIP("the thread may have to wait for TSan's own");
    for (int i = 0; i < 100 && (i == 0 || !finding.outside[0]); i++) /* it may wake before the task waits */
        CHECK_EQ(weft_explore((.seeds = 100), &finding, wake_later), 0);
    CHECK_STR(finding.outside, "a plain thread woke task 1 'wake_later'");
    finding.schedules = 0;
    CHECK_EQ(weft_explore((.seeds = 100000, .strict = 1), &finding, wake_later), 1);
    CHECK_STR(finding.kind, "not replayable from here");
    CHECK_STR(finding.text, "a plain thread woke task 1 'wake_later'");
}

TEST(a_descriptor_that_is_waited_for_is_named)
{
    CHECK_EQ(weft_explore((.seeds = 3), &finding, read_pipe), 0);
    CHECK_HAS(finding.outside, "descriptor ");
    CHECK_HAS(finding.outside, "(a pipe or the like) is waited for");
    CHECK_EQ(weft_explore((.seeds = 3, .strict = 1), &finding, read_pipe), 1);
    CHECK_STR(finding.kind, "not replayable from here");
    CHECK_HAS(finding.text, "is waited for");
}

/* ---- where it may be called ---- */

struct inside {
    int unused;
};
static int inside(struct inside *self UNUSED)
{
    return weft_explore((.seeds = 3), &finding, hand_over);
}

TEST(a_started_runtime_cannot_explore_and_a_stopped_one_can)
{
    MUST(weft_start(NULL) == 0);
    CHECK_EQ(weft_explore((.seeds = 3), &finding, hand_over), -EBUSY);
    CHECK_EQ(weft_call(inside), -EBUSY);
    CHECK_EQ(weft_stop(), 0);
    CHECK_EQ(weft_explore((.seeds = 3), &finding, hand_over), 0);
    CHECK_EQ(weft_explore((.seeds = 3), NULL, hand_over), -EINVAL);
    CHECK_EQ(weft_explore((.time = -1), &finding, hand_over), -EINVAL);
    CHECK_EQ(RUN(inside), -EBUSY);
}

TEST_PROCESS(explore_in_a_forked_child)
{
    int status, pid;

    MUST(weft_start(NULL) == 0);
    pid = fork();
    if (pid == 0)
        _exit(weft_explore((.seeds = 3), &finding, hand_over) == -EPERM ? 7 : 8);
    MUST(waitpid(pid, &status, 0) == pid);
    CHECK_EQ(WEXITSTATUS(status), 7);
    CHECK_EQ(weft_stop(), 0);
}

TEST(a_child_forked_from_a_started_program_is_refused)
{
    char output[512];

    CHECK_EQ(test_process("explore_in_a_forked_child", NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}

static void *wait_for_it(void *argument)
{
    pthread_mutex_t *held = argument;

    pthread_mutex_lock(held);
    pthread_mutex_unlock(held);
    return NULL;
}

TEST(a_program_with_plain_threads_explores_too)
{
    pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;

    if (TSAN || test_emulated())
        SKIP("a child of many threads cannot make one there");
    pthread_mutex_lock(&held);
    MUST(pthread_create(&thread, NULL, wait_for_it, &held) == 0);
    CHECK_EQ(weft_explore((.seeds = 100), &finding, hand_over), 0);
    CHECK_EQ(weft_explore((.seeds = 100), &finding, forsaken), 1);
    CHECK_STR(finding.kind, "deadlock");
    pthread_mutex_unlock(&held);
    pthread_join(thread, NULL);
}

/* ---- a whole program ---- */

TEST_PROCESS(main_is_careless)
{
    exit(weft_main(careless));
}

TEST_PROCESS(main_is_right)
{
    exit(weft_main(hand_over));
}

/* For the test of weft explore: programs that start the runtime by themselves. */
TEST_PROCESS(guest_is_careless)
{
    printf("guest was here\n");
    exit(RUN(careless) < 0);
}

TEST_PROCESS(guest_is_right)
{
    exit(RUN(hand_over) < 0);
}

TEST_PROCESS(guest_stands_still)
{
    exit(RUN(forsaken) < 0);
}

TEST_PROCESS(main_waits_for_a_pipe)
{
    exit(weft_main(read_pipe));
}

TEST(a_variable_makes_weft_main_explore_and_its_seed_replays_the_finding)
{
    char output[4096], seed[64] = "WEFT_SEED=";
    const char *at;
    int status =
        test_process("main_is_careless", (const char *const[]){"WEFT_EXPLORE=1000", NULL}, output, sizeof output);

    CHECK_EQ(WEXITSTATUS(status), 1);
    CHECK_HAS(output, ": expectation: does not hold at ");
    CHECK_HAS(output, "the switches that matter:\n  task ");
    at = strstr(output, ", seed ");
    MUST(at);
    strncat(seed, at + 7, strspn(at + 7, "0123456789"));
    status = test_process("main_is_careless", (const char *const[]){seed, NULL}, output, sizeof output);
    CHECK_HAS(output, "expectation: does not hold at ");
    status = test_process("main_is_right", (const char *const[]){"WEFT_EXPLORE=50", NULL}, output, sizeof output);
    CHECK_EQ(WEXITSTATUS(status), 0);
    CHECK_STR(output, "weft explore: nothing found in 50 schedules\n");
    status = test_process("main_is_right", (const char *const[]){"WEFT_EXPLORE=x", NULL}, output, sizeof output);
    CHECK_EQ(WEXITSTATUS(status), 2);
}

/* ---- a figure ---- */

TEST(schedules_a_second)
{
    enum { MANY = 300000 };
    uint64_t seeds = (uint64_t)many(MANY);
    int64_t start = weft_now();

    CHECK_EQ(weft_explore((.seeds = seeds), &finding, hand_over), 0);
    printf("%.0f schedules/s in one process", (double)seeds / ((double)(weft_now() - start) / 1e9));
    start = weft_now();
    CHECK_EQ(weft_explore((.seeds = 200, .fork = 1), &finding, hand_over), 0);
    printf(", %.0f in one each\n", 200 / ((double)(weft_now() - start) / 1e9));
    fflush(stdout);
}
