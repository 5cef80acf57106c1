/* Much traffic through channels, selects, semaphores and the guard below them: tasks alone, and with plain threads.
 * Nothing may be lost, doubled, or overtake what its own sender sent before. */
#include "chan_test.h"

#include "base/prng.h"

#include <errno.h>

enum { SENDERS_MAX = 64, THREADS = 3 };

static int tasks_count(void)
{
    return is_seeded() ? 4 : SANITIZED ? 8 : 32;
}

/* What arrived, of items that say who sent them and in which order. */
struct item {
    uint32_t sender, number;
};

struct ledger {
    atomic_uint sent[SENDERS_MAX];     /* what the sender was told to be sent */
    atomic_uint received[SENDERS_MAX]; /* how many arrived */
    _Atomic uint64_t sum_sent[SENDERS_MAX], sum_received[SENDERS_MAX];
};

static void note_sent(struct ledger *ledger, struct item item)
{
    atomic_fetch_add(&ledger->sent[item.sender], 1);
    atomic_fetch_add(&ledger->sum_sent[item.sender], (uint64_t)item.number * item.number + 1);
}

/* last: of each sender, plus one, as this receiver has seen it. */
static void note_received(struct ledger *ledger, struct item item, uint32_t *last)
{
    MUST(item.sender < SENDERS_MAX);
    CHECK(item.number >= last[item.sender]);
    last[item.sender] = item.number + 1;
    atomic_fetch_add(&ledger->received[item.sender], 1);
    atomic_fetch_add(&ledger->sum_received[item.sender], (uint64_t)item.number * item.number + 1);
}

static void check_ledger(struct ledger *ledger)
{
    for (int i = 0; i < SENDERS_MAX; i++) {
        CHECK_EQ(ledger->sent[i], ledger->received[i]);
        CHECK_EQ(ledger->sum_sent[i], ledger->sum_received[i]);
    }
}

/* ---- senders and receivers ---- */

struct produce {
    weft_chan(struct item) chan, other; /* other: sends by a select, to either */
    struct ledger *ledger;
    uint32_t self;
    int count;
};

static int produce(struct produce *self)
{
    for (int i = 0; i < self->count; i++) {
        struct item item = {self->self, (uint32_t)i};
        int rc = 0, which;

        if (!self->other)
            rc = weft_send(self->chan, item);
        else if ((which = weft_select(weft_on_send(self->chan, &item, &rc), weft_on_send(self->other, &item, &rc))) < 0)
            rc = which;
        if (rc < 0)
            return rc == -EPIPE ? 0 : rc;
        note_sent(self->ledger, item);
    }
    return 0;
}

struct consume {
    weft_chan(struct item) chan, other;
    struct ledger *ledger;
};

static int consume(struct consume *self)
{
    uint32_t last[2][SENDERS_MAX] = {{0}};

    for (;;) {
        struct item item = {SENDERS_MAX, 0};
        int rc = 0, which = 0;

        if (!self->other)
            rc = weft_recv(self->chan, &item);
        else if ((which = weft_select(weft_on_recv(self->chan, &item, &rc), weft_on_recv(self->other, &item, &rc))) < 0)
            return which;
        if (rc < 0)
            return rc == -EPIPE ? 0 : rc;
        note_received(self->ledger, item, last[self->other ? which : 0]);
    }
}

/* So many of each side, tasks, and plain threads if wished; then what was sent has been received. */
static int traffic(size_t capacity, bool selects, bool threads)
{
    weft_chan(struct item) chan = weft_chan_new(struct item, capacity);
    weft_chan(struct item) other = selects ? weft_chan_new(struct item, 1 - capacity % 2) : NULL;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct beside beside[2 * THREADS];
    int tasks = tasks_count(), count = many(40000) / tasks + 1;
    weft_scope senders, receivers;

    weft_scope_open(&receivers);
    weft_scope_open(&senders);
    for (int i = 0; i < tasks; i++) {
        weft_go(&receivers, consume, .chan = chan, .other = other, .ledger = ledger);
        weft_go(&senders, produce, .chan = chan, .other = other, .ledger = ledger, .self = (uint32_t)i, .count = count);
    }
    for (int i = 0; threads && i < THREADS; i++) {
        BESIDE(&beside[i], consume, .chan = chan, .other = other, .ledger = ledger);
        BESIDE(&beside[THREADS + i], produce, .chan = chan, .other = other, .ledger = ledger,
               .self = (uint32_t)(tasks + i), .count = count / 4 + 1);
    }
    for (int i = 0; threads && i < THREADS; i++)
        CHECK_EQ(JOIN_BESIDE(&beside[THREADS + i]), 0);
    CHECK_EQ(weft_scope_close(&senders), 0);
    while (weft_chan_count(chan) + weft_chan_count(other) > 0) /* a select takes the closing of one for both */
        (void)weft_yield();
    CHECK_EQ(weft_chan_close(chan), 0);
    if (other)
        CHECK_EQ(weft_chan_close(other), 0);
    for (int i = 0; threads && i < THREADS; i++)
        CHECK_EQ(JOIN_BESIDE(&beside[i]), 0);
    CHECK_EQ(weft_scope_close(&receivers), 0);
    check_ledger(ledger);
    weft_chan_free(chan);
    weft_chan_free(other);
    free(ledger);
    return 0;
}

TEST_IN_TASK(tasks_exchange_items_hand_to_hand)
{
    return traffic(0, false, false);
}

TEST_IN_TASK(tasks_exchange_items_through_little_room)
{
    return traffic(1, false, false);
}

TEST_IN_TASK(tasks_exchange_items_through_much_room)
{
    return traffic(100, false, false);
}

TEST_IN_TASK(tasks_and_threads_exchange_items)
{
    return traffic(0, false, true) + traffic(3, false, true);
}

TEST_IN_TASK(selects_exchange_items)
{
    return traffic(0, true, false) + traffic(1, true, false);
}

TEST_IN_TASK(selects_of_tasks_and_threads_exchange_items)
{
    return traffic(0, true, true) + traffic(1, true, true);
}

/* ---- cancellation ---- */

/* What is left in the buffer was sent too. */
static void take_the_rest(weft_chan(struct item) chan, struct ledger *ledger)
{
    uint32_t last[SENDERS_MAX] = {0};
    struct item item;

    while (weft_try_recv(chan, &item) == 0)
        note_received(ledger, item, last);
}

/* Cancels tasks at random while they send and receive; those that go on must not notice. */
static int cancels(size_t capacity, bool selects)
{
    weft_chan(struct item) chan = weft_chan_new(struct item, capacity);
    weft_chan(struct item) other = selects ? weft_chan_new(struct item, 0) : NULL;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    int rounds = many(1000), tasks = is_seeded() ? 4 : 8;
    uint64_t random = 1;

    for (int round = 0; round < rounds; round++) {
        weft_task *handles[2 * SENDERS_MAX] = {NULL};
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int i = 0; i < tasks; i++) {
            weft_go_with(&scope, (.handle = &handles[2 * i]), produce, .chan = chan, .other = other, .ledger = ledger,
                         .self = (uint32_t)i, .count = 50);
            weft_go_with(&scope, (.handle = &handles[2 * i + 1]), consume, .chan = chan, .other = other,
                         .ledger = ledger);
        }
        for (int i = 0; i < tasks; i++) {
            for (uint32_t yields = weft__random_below(&random, 4); yields > 0; yields--)
                (void)weft_yield();
            weft_cancel(handles[weft__random_below(&random, (uint32_t)tasks * 2)]);
        }
        weft_scope_cancel(&scope);
        (void)weft_scope_close(&scope); /* whether it was cut short is chance */
        CHECK_EQ(SENDERS(chan) + RECEIVERS(chan), 0);
        CHECK(weft_chan_count(chan) <= capacity);
        take_the_rest(chan, ledger);
    }
    check_ledger(ledger);
    weft_chan_free(chan);
    weft_chan_free(other);
    free(ledger);
    return 0;
}

TEST_IN_TASK(cancelled_senders_and_receivers_lose_nothing)
{
    return cancels(0, false) + cancels(3, false);
}

TEST_IN_TASK(cancelled_selects_lose_nothing)
{
    return cancels(0, true) + cancels(3, true);
}

TEST_IN_TASK(closing_amid_traffic_loses_nothing_that_was_sent)
{
    int rounds = many(1000), tasks = is_seeded() ? 3 : 8;
    int count = is_seeded() ? 50 : INT32_MAX; /* a seed's schedule need not be fair to who closes */

    for (int round = 0; round < rounds; round++) {
        weft_chan(struct item) chan = weft_chan_new(struct item, (size_t)(round % 5));
        struct ledger *ledger = calloc(1, sizeof *ledger);
        weft_scope scope;

        weft_scope_open(&scope);
        for (int i = 0; i < tasks; i++) {
            weft_go(&scope, produce, .chan = chan, .ledger = ledger, .self = (uint32_t)i, .count = count);
            weft_go(&scope, consume, .chan = chan, .ledger = ledger);
        }
        for (int i = 0; i < round % 7; i++)
            (void)weft_yield();
        CHECK_EQ(weft_chan_close(chan), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        check_ledger(ledger);
        weft_chan_free(chan);
        free(ledger);
    }
    return 0;
}

/* ---- semaphores ---- */

struct borrow {
    weft_semaphore *semaphore;
    weft_chan(int) never;
    atomic_int *inside;
    int units, times;
};

static int borrow(struct borrow *self)
{
    for (int i = 0; i < self->times; i++) {
        int rc = i % 2 ? weft_select(weft_on_recv(self->never, NULL, NULL), weft_on_semaphore(self->semaphore))
                       : weft_semaphore_acquire(self->semaphore);

        if (rc < 0)
            return rc;
        CHECK(atomic_fetch_add(self->inside, 1) < self->units);
        if (i % 8 == 0)
            (void)weft_yield();
        atomic_fetch_sub(self->inside, 1);
        CHECK_EQ(weft_semaphore_release(self->semaphore), 0);
    }
    return 0;
}

TEST_IN_TASK(units_of_a_semaphore_survive_threads_selects_and_cancellation)
{
    enum { UNITS = 3 };
    weft_chan(int) never = weft_chan_new(int, 0);
    int tasks = tasks_count(), times = many(20000) / tasks + 2;
    struct beside threads[THREADS];
    weft_semaphore semaphore;
    atomic_int inside = 0;

    weft_semaphore_init(&semaphore, .count = UNITS, .max = UNITS);
    for (int round = 0; round < 4; round++) {
        weft_task *handles[SENDERS_MAX] = {NULL};
        weft_scope scope;

        weft_scope_open(&scope, .on_error = WEFT_KEEP_GOING);
        for (int i = 0; i < tasks; i++)
            weft_go_with(&scope, (.handle = &handles[i]), borrow, .semaphore = &semaphore, .never = never,
                         .inside = &inside, .units = UNITS, .times = times);
        for (int i = 0; i < THREADS; i++)
            BESIDE(&threads[i], borrow, .semaphore = &semaphore, .never = never, .inside = &inside, .units = UNITS,
                   .times = times);
        for (int i = 0; i < tasks; i += 2)
            weft_cancel(handles[i]);
        CHECK_EQ(weft_scope_close(&scope), 0);
        for (int i = 0; i < THREADS; i++)
            CHECK_EQ(JOIN_BESIDE(&threads[i]), 0);
        CHECK_EQ(weft_semaphore_count(&semaphore), UNITS);
    }
    CHECK_EQ(SENDERS(never) + RECEIVERS(never), 0);
    weft_chan_free(never);
    return 0;
}

/* ---- the guard and its bias ---- */

/* Plain memory under the guard: whoever is inside together with another loses a count. */
struct guarded {
    struct weft__guard guard;
    unsigned long count, mirror;
    int inside, linger; /* pauses in it: as long as a membarrier takes */
};

UNWATCHED static void use_guarded(struct guarded *object)
{
    struct weft__thread *thread = weft__enter_any();

    weft__guard_enter(thread, &object->guard);
    MUST(object->inside++ == 0);
    MUST(object->count == object->mirror);
    object->count++;
    for (int i = 0; i < object->linger; i++)
        WEFT__PAUSE();
    atomic_signal_fence(memory_order_seq_cst); /* both stores, each time */
    object->mirror++;
    MUST(--object->inside == 0);
    weft__guard_leave(thread, &object->guard);
    weft__leave_any(thread);
}

struct use_guard {
    struct guarded *object;
    int times, burst; /* that many at a time, then another's turn */
};

static int use_guard(struct use_guard *self)
{
    for (int i = 1; i <= self->times; i++) {
        use_guarded(self->object);
        if (i % self->burst == 0)
            (void)weft_yield();
    }
    return 0;
}

TEST_IN_TASK(one_at_a_time_is_inside_a_guard_while_its_bias_changes_hands)
{
    static const int bursts[] = {1, 15, 16, 17, 40, 1000};
    int times = many(100000);

    for (size_t i = 0; i < sizeof bursts / sizeof bursts[0]; i++) {
        struct guarded object = {0};
        struct beside threads[2];
        weft_scope scope;

        weft_scope_open(&scope);
        for (int j = 0; j < 4; j++)
            weft_go(&scope, use_guard, .object = &object, .times = times, .burst = bursts[i]);
        for (int j = 0; j < 2; j++) /* come in now and then */
            BESIDE(&threads[j], use_guard, .object = &object, .times = times / 100, .burst = 1);
        for (int j = 0; j < 2; j++)
            CHECK_EQ(JOIN_BESIDE(&threads[j]), 0);
        CHECK_EQ(weft_scope_close(&scope), 0);
        CHECK_EQ(object.count, 4 * (unsigned long)times + 2 * (unsigned long)(times / 100));
        CHECK_EQ(object.mirror, object.count);
    }
    return 0;
}

/* A row of guards. The owner uses each until it has had the bias for a while and has lost it: a plain thread follows,
 * and takes it away in the midst of that. */
struct row {
    struct guarded *objects;
    int count;
    atomic_int at, taken; /* the owner's guard; the one that was taken last */
    unsigned long takes;
};

struct take_along {
    struct row *row;
};

static int take_along(struct take_along *self)
{
    struct row *row = self->row;
    uint64_t random = 7;

    for (int at, last = -1; (at = atomic_load(&row->at)) < row->count;) {
        if (at == last) {
            WEFT__PAUSE();
            continue;
        }
        for (uint32_t pause = weft__random_below(&random, 40); pause > 0; pause--)
            WEFT__PAUSE();
        use_guarded(&row->objects[at]);
        row->takes++;
        atomic_store(&row->taken, last = at);
    }
    return 0;
}

TEST_IN_TASK(a_bias_is_taken_in_the_midst_of_its_owners_use)
{
    struct row row = {.count = many(20000), .taken = -1};
    unsigned long uses = 0, counted = 0;
    struct beside thread;

    row.objects = calloc((size_t)row.count, sizeof *row.objects);
    BESIDE(&thread, take_along, .row = &row);
    for (int i = 0; i < row.count; i++) {
        row.objects[i].linger = i % 2 * 20;
        atomic_store(&row.at, i);
        for (int j = 0; j < 2000 && atomic_load(&row.taken) < i; j++, uses++)
            use_guarded(&row.objects[i]);
    }
    atomic_store(&row.at, row.count);
    CHECK_EQ(JOIN_BESIDE(&thread), 0);
    for (int i = 0; i < row.count; i++)
        counted += row.objects[i].count;
    CHECK_EQ(counted, uses + row.takes);
    free(row.objects);
    return 0;
}

TEST_IN_TASK(many_guards_on_one_worker_do_not_mix)
{
    enum { OBJECTS = 8 };
    struct guarded objects[OBJECTS] = {{.count = 0}};
    int times = many(50000);
    weft_scope scope;

    weft_scope_open(&scope);
    for (int i = 0; i < 2 * OBJECTS; i++)
        weft_go(&scope, use_guard, .object = &objects[i % OBJECTS], .times = times, .burst = 20 + i);
    CHECK_EQ(weft_scope_close(&scope), 0);
    for (int i = 0; i < OBJECTS; i++)
        CHECK_EQ(objects[i].count, 2 * (unsigned long)times);
    return 0;
}

/* Fills and empties the channel by turns, alone for long; then passes it on. */
struct own_for_long {
    weft_chan(uint64_t) chan;
    weft_chan(int) turn, next;
    int rounds, uses;
    _Atomic uint64_t *balance; /* what is in the channel */
};

static int own_for_long(struct own_for_long *self)
{
    for (int round = 0; round < self->rounds; round++) {
        if (weft_recv(self->turn, NULL) < 0)
            return 0;
        for (int i = 0; i < self->uses; i++) {
            uint64_t value = (uint64_t)(round * self->uses + i), got;

            if (weft_try_send(self->chan, value) == 0)
                atomic_fetch_add(self->balance, value);
            if (i % 3 && weft_try_recv(self->chan, &got) == 0)
                atomic_fetch_sub(self->balance, got);
        }
        CHECK_EQ(weft_send(self->next, 1), 0);
    }
    return 0;
}

/* A plain thread that comes in now and then. */
struct visit {
    weft_chan(uint64_t) chan;
    _Atomic uint64_t *balance;
    atomic_int *over;
};

static int visit(struct visit *self)
{
    while (!atomic_load(self->over)) {
        uint64_t got;

        if (weft_try_recv(self->chan, &got) == 0)
            atomic_fetch_sub(self->balance, got);
        for (int i = 0; i < 50 && !atomic_load(self->over); i++)
            (void)weft_yield();
    }
    return 0;
}

TEST_IN_TASK(a_channel_passes_from_owner_to_owner_with_all_that_is_in_it)
{
    weft_chan(uint64_t) chan = weft_chan_new(uint64_t, 16);
    weft_chan(int) turns[2] = {weft_chan_new(int, 1), weft_chan_new(int, 1)};
    int rounds = is_seeded() ? 2 : 100, uses = many(5000);
    _Atomic uint64_t balance = 0;
    atomic_int over = 0;
    struct beside thread;
    weft_scope scope;
    uint64_t got;

    BESIDE(&thread, visit, .chan = chan, .balance = &balance, .over = &over);
    CHECK_EQ(weft_send(turns[0], 1), 0);
    weft_scope_open(&scope);
    for (int i = 0; i < 2; i++) /* the one that is pinned has a worker which never gets a bias */
        weft_go_with(&scope, (.pin = i == 1), own_for_long, .chan = chan, .turn = turns[i], .next = turns[1 - i],
                     .rounds = rounds, .uses = uses, .balance = &balance);
    CHECK_EQ(weft_scope_close(&scope), 0);
    atomic_store(&over, 1);
    CHECK_EQ(JOIN_BESIDE(&thread), 0);
    while (weft_try_recv(chan, &got) == 0)
        balance -= got;
    CHECK_EQ(balance, 0);
    weft_chan_free(chan);
    for (int i = 0; i < 2; i++)
        weft_chan_free(turns[i]);
    return 0;
}
