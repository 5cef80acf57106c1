#include "run.h"

#include <errno.h>

/* What the children of a test did, as letters: each run of child x writes X when it begins and x when it ends. */
struct diary {
    weft_mutex lock;
    char text[256];
    atomic_int length;
};

static void note(struct diary *diary, char letter)
{
    weft_scope shield;
    int at;

    weft_scope_open(&shield, .shield = 1);
    CHECK_EQ(weft_mutex_lock(&diary->lock), 0);
    at = atomic_load(&diary->length);
    MUST(at < (int)sizeof diary->text - 1);
    diary->text[at] = letter;
    atomic_store(&diary->length, at + 1);
    weft_mutex_unlock(&diary->lock);
    CHECK_EQ(weft_scope_close(&shield), 0);
}

/* A child: writes, waits until it is told how to end, or cancelled. */
struct part {
    struct diary *diary;
    weft_chan(int) orders;
    char letter;
};

static int part(struct part *self)
{
    int end = 0, rc;

    note(self->diary, self->letter);
    rc = weft_recv(self->orders, &end);
    note(self->diary, (char)(self->letter + 'a' - 'A'));
    return rc < 0 ? rc : end;
}

/* Four of them under one supervisor, running. */
struct company {
    weft_supervisor supervisor;
    struct diary diary;
    weft_chan(int) orders[4];
};

static void open_company(struct company *company, enum weft_strategy strategy, enum weft_restart kind,
                         uint32_t restarts)
{
    memset(company, 0, sizeof *company);
    CHECK_EQ(weft_supervisor_open(&company->supervisor, .strategy = strategy, .restarts = restarts,
                                  .span = 3600 * WEFT_SECOND),
             0);
    for (int i = 0; i < 4; i++) {
        MUST(company->orders[i] = weft_chan_new(int, 8));
        CHECK_EQ(weft_supervise(&company->supervisor, (.restart = kind), part, .diary = &company->diary,
                                .orders = company->orders[i], .letter = (char)('A' + i)),
                 0);
        await(&company->diary.length, i + 1); /* so that the order of beginning is known, too */
    }
}

static int close_company(struct company *company)
{
    int rc;

    CHECK_EQ(weft_supervisor_stop(&company->supervisor), 0);
    rc = weft_supervisor_close(&company->supervisor);
    for (int i = 0; i < 4; i++)
        weft_chan_free(company->orders[i]);
    return rc;
}

/* Lets child number i end so, until the diary has so many letters. */
static void order(struct company *company, int i, int end, int length)
{
    CHECK_EQ(weft_send(company->orders[i], end), 0);
    await(&company->diary.length, length);
}

TEST_IN_TASK(children_are_stopped_in_reverse_order)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ONE, WEFT_PERMANENT, 0);
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDdcba");
    return 0;
}

TEST_IN_TASK(one_for_one_restarts_the_one)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ONE, WEFT_PERMANENT, 0);
    order(&company, 1, -EIO, 6);
    order(&company, 0, 7, 8); /* a permanent one comes back also from success */
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDbBaAdcba");
    return 0;
}

/* Those restarted together begin in this order, but may be seen to begin in another on several workers. */
static void sort(char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (text[j] < text[i]) {
                char c = text[i];

                text[i] = text[j];
                text[j] = c;
            }
}

TEST_IN_TASK(one_for_all_restarts_all_in_order)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ALL, WEFT_PERMANENT, 0);
    order(&company, 1, -EIO, 12);
    sort(company.diary.text + 8, 4);
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDbdcaABCDdcba");
    return 0;
}

TEST_IN_TASK(rest_for_one_restarts_those_started_after_it)
{
    struct company company;

    open_company(&company, WEFT_REST_FOR_ONE, WEFT_PERMANENT, 0);
    order(&company, 1, -EIO, 10);
    sort(company.diary.text + 7, 3);
    order(&company, 3, -EIO, 12);
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDbdcBCDdDdcba");
    return 0;
}

TEST_IN_TASK(a_transient_child_comes_back_from_an_error_only)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ONE, WEFT_TRANSIENT, 0);
    order(&company, 2, -EIO, 6);
    order(&company, 2, 0, 7);
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDcCcdba");
    return 0;
}

TEST_IN_TASK(a_temporary_child_never_comes_back)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ALL, WEFT_TEMPORARY, 0);
    order(&company, 0, -EIO, 5);
    order(&company, 2, 0, 6);
    CHECK_EQ(close_company(&company), 0);
    CHECK_STR(company.diary.text, "ABCDacdb");
    return 0;
}

TEST_IN_TASK(a_temporary_child_ends_with_the_others_and_stays_away)
{
    struct company company;
    atomic_int here = 0, woken = 0;

    open_company(&company, WEFT_ONE_FOR_ALL, WEFT_PERMANENT, 0);
    CHECK_EQ(weft_supervise(&company.supervisor, (.restart = WEFT_TEMPORARY), stay, .here = &here, .woken = &woken), 0);
    await(&here, 1);
    order(&company, 0, -EIO, 12);
    CHECK_EQ(woken, 1);
    CHECK_EQ(close_company(&company), 0);
    CHECK_EQ(here, 1);
    return 0;
}

TEST_IN_TASK(too_many_restarts_fail_the_supervisor)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ONE, WEFT_PERMANENT, 2);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(weft_send(company.orders[3], -EIO - i), 0);
    while (weft_yield() == 0) /* the block that opened it is cancelled */
        ;
    CHECK_EQ(weft_yield(), -ECANCELED);
    CHECK_EQ(weft_supervise(&company.supervisor, (), stay, .here = NULL, .woken = NULL), -EPIPE);
    CHECK_EQ(close_company(&company), -EIO - 2);
    CHECK_EQ(weft_yield(), 0);
    return 0;
}

TEST_IN_TASK(too_many_successes_of_a_permanent_child_do_so_too)
{
    struct company company;

    open_company(&company, WEFT_ONE_FOR_ONE, WEFT_PERMANENT, 1);
    CHECK_EQ(weft_send(company.orders[0], 0), 0);
    CHECK_EQ(weft_send(company.orders[1], 0), 0);
    while (weft_yield() == 0)
        ;
    CHECK_EQ(close_company(&company), -ECHILD);
    return 0;
}

struct fails_later {
    int64_t span;
    atomic_int *runs;
};

static int fails_later(struct fails_later *self)
{
    int rc = weft_sleep(self->span);

    atomic_fetch_add(self->runs, 1);
    return rc < 0 ? rc : -EIO;
}

TEST_IN_TASK(restarts_that_are_far_apart_are_not_too_many)
{
    weft_supervisor supervisor;
    atomic_int runs = 0;

    if (!is_seeded())
        SKIP_IN_TASK("needs virtual time");
    CHECK_EQ(weft_supervisor_open(&supervisor, .restarts = 2, .span = 100 * WEFT_SECOND), 0);
    CHECK_EQ(weft_supervise(&supervisor, (), fails_later, .span = 51 * WEFT_SECOND, .runs = &runs), 0);
    CHECK_EQ(weft_sleep(51 * 100 * WEFT_SECOND + WEFT_SECOND), 0);
    CHECK_EQ(runs, 100);
    CHECK_EQ(weft_supervise(&supervisor, (), fails_later, .span = 20 * WEFT_SECOND, .runs = &runs), 0);
    CHECK_EQ(weft_supervisor_close(&supervisor), -EIO);
    return 0;
}

/* A supervisor below a supervisor: its child fails for good each time. */
struct branch {
    atomic_int *runs, *branches;
};

static int branch(struct branch *self)
{
    weft_supervisor supervisor;
    int rc;

    atomic_fetch_add(self->branches, 1);
    if ((rc = weft_supervisor_open(&supervisor, .restarts = 2)) < 0)
        return rc;
    (void)weft_supervise(&supervisor, (), fails_later, .span = 0, .runs = self->runs);
    return weft_supervisor_close(&supervisor);
}

TEST_IN_TASK(supervisors_form_a_tree)
{
    atomic_int runs = 0, branches = 0;
    weft_supervisor supervisor;

    CHECK_EQ(weft_supervisor_open(&supervisor, .restarts = 3, .span = 3600 * WEFT_SECOND), 0);
    CHECK_EQ(weft_supervise(&supervisor, (), branch, .runs = &runs, .branches = &branches), 0);
    CHECK_EQ(weft_supervisor_close(&supervisor), -EIO);
    CHECK_EQ(branches, 4);
    CHECK_EQ(runs, 4 * 3);
    return 0;
}

TEST_IN_TASK(cancellation_ends_all_and_restarts_none)
{
    struct company company;
    weft_scope scope;

    weft_scope_open(&scope);
    open_company(&company, WEFT_ONE_FOR_ALL, WEFT_PERMANENT, 0);
    weft_scope_cancel(&scope);
    CHECK_EQ(close_company(&company), -ECANCELED);
    sort(company.diary.text, 8);
    CHECK_STR(company.diary.text, "ABCDabcd");
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(a_deadline_ends_all_and_restarts_none)
{
    weft_supervisor supervisor;
    atomic_int here = 0, woken = 0;
    weft_scope scope;

    weft_scope_open(&scope, .timeout = WEFT_MILLISECOND);
    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    CHECK_EQ(weft_supervise(&supervisor, (), stay, .here = &here, .woken = &woken), 0);
    CHECK_EQ(weft_supervisor_close(&supervisor), -ETIMEDOUT);
    CHECK_EQ(here, woken);
    CHECK(here <= 1);
    CHECK_EQ(weft_scope_close(&scope), 0);
    return 0;
}

TEST_IN_TASK(the_blocks_own_error_ends_the_children)
{
    weft_supervisor supervisor;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    CHECK_EQ(weft_supervise(&supervisor, (), stay, .here = NULL, .woken = NULL), 0);
    CHECK_EQ(weft_supervisor_close_with(&supervisor, -ENOTCONN), -ENOTCONN);
    return 0;
}

TEST_IN_TASK(an_empty_supervisor_closes)
{
    weft_supervisor supervisor;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    CHECK_EQ(weft_supervisor_close_with(&supervisor, 5), 5);
    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    CHECK_EQ(weft_supervisor_stop(&supervisor), 0);
    CHECK_EQ(weft_supervise(&supervisor, (), stay, .here = NULL, .woken = NULL), -EPIPE);
    CHECK_EQ(weft_supervisor_close(&supervisor), 0);
    return 0;
}

struct brief {
    atomic_int *runs;
};

static int brief(struct brief *self)
{
    return atomic_fetch_add(self->runs, 1) % 2 ? 0 : -EIO;
}

TEST_IN_TASK(many_children_come_and_go)
{
    int count = many(20000);
    weft_supervisor supervisor;
    atomic_int runs = 0;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    for (int i = 0; i < count; i++)
        CHECK_EQ(weft_supervise(&supervisor, (.restart = WEFT_TEMPORARY), brief, .runs = &runs), 0);
    CHECK_EQ(weft_supervisor_close(&supervisor), 0);
    CHECK_EQ(runs, count);
    return 0;
}

TEST_IN_TASK(children_fail_all_at_once)
{
    static const enum weft_strategy strategies[] = {WEFT_ONE_FOR_ONE, WEFT_ONE_FOR_ALL, WEFT_REST_FOR_ONE};

    for (int i = 0; i < 3; i++) {
        weft_supervisor supervisor;
        atomic_int runs = 0;

        CHECK_EQ(weft_supervisor_open(&supervisor, .strategy = strategies[i], .restarts = WEFT_RESTARTS_MAX), 0);
        for (int j = 0; j < 8; j++)
            CHECK_EQ(weft_supervise(&supervisor, (), fails_later, .span = j % 3, .runs = &runs), 0);
        CHECK_EQ(weft_supervisor_close(&supervisor), -EIO);
        CHECK(runs > WEFT_RESTARTS_MAX);
    }
    return 0;
}

TEST_IN_TASK(a_supervisor_is_closed_innermost_first)
{
    weft_supervisor supervisor;
    weft_scope scope;

    CHECK_EQ(weft_supervisor_open(&supervisor, 0), 0);
    weft_scope_open(&scope);
    CHECK_EQ(weft_supervisor_close(&supervisor), -EINVAL);
    CHECK_EQ(weft_scope_close(&scope), 0);
    CHECK_EQ(weft_supervisor_close(&supervisor), 0);
    return 0;
}

TEST(a_supervisor_refuses_what_makes_no_sense)
{
    weft_supervisor supervisor;

    CHECK_EQ(weft_supervisor_open(NULL, 0), -EINVAL);
    CHECK_EQ(weft_supervisor_open_with(&supervisor, NULL), -EINVAL);
    CHECK_EQ(weft_supervisor_open(&supervisor, .restarts = WEFT_RESTARTS_MAX + 1), -EINVAL);
    CHECK_EQ(weft_supervisor_open(&supervisor, .span = -1), -EINVAL);
    CHECK_EQ(weft_supervisor_open(&supervisor, 0), -EPERM);
    CHECK_EQ(weft_supervisor_stop(NULL), -EINVAL);
    CHECK_EQ(weft_supervisor_close(NULL), -EINVAL);
    CHECK_EQ(weft_supervise(NULL, (), stay, .here = NULL, .woken = NULL), -EINVAL);
}
