/* Two locks taken in both orders: a deadlock that has not happened yet, and is reported all the same.
 *
 * The transfers run one after the other, so this program cannot get stuck; the one that runs them side by side can, on
 * a bad day. With WEFT_CHECK=1 the library keeps the order in which locks are taken and reports the first circle, with
 * the places in the source. The cure is an order that everyone keeps: here, the smaller number first.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

struct account {
    weft_mutex lock;
    int number, balance;
};

static char report[512];
static atomic_int reports;

/* May be called with locks of the runtime held: it only keeps the line. */
static void keep(const char *line)
{
    snprintf(report, sizeof report, "%s", line);
    atomic_fetch_add(&reports, 1);
}

struct transfer {
    struct account *from, *to;
    bool in_order;
    int amount;
};
static int transfer(struct transfer *self)
{
    bool swap = self->in_order && self->to->number < self->from->number;
    struct account *first = swap ? self->to : self->from, *second = swap ? self->from : self->to;
    int rc = weft_mutex_lock(&first->lock);

    if (rc < 0)
        return rc;
    if ((rc = weft_mutex_lock(&second->lock)) == 0) {
        self->from->balance -= self->amount;
        self->to->balance += self->amount;
        weft_mutex_unlock(&second->lock);
    }
    weft_mutex_unlock(&first->lock);
    return rc;
}

static int there_and_back(bool in_order)
{
    struct account a = {.number = 1, .balance = 100}, b = {.number = 2, .balance = 100};
    weft_scope scope;
    int rc;

    weft_mutex_init(&a.lock, .name = "account 1");
    weft_mutex_init(&b.lock, .name = "account 2");
    weft_scope_open(&scope);
    weft_go(&scope, transfer, .from = &a, .to = &b, .in_order = in_order, .amount = 30);
    if ((rc = weft_scope_close(&scope)) < 0)
        return rc;
    weft_scope_open(&scope);
    weft_go(&scope, transfer, .from = &b, .to = &a, .in_order = in_order, .amount = 10);
    rc = weft_scope_close(&scope);
    printf("%d and %d, reports: %d\n", a.balance, b.balance, atomic_exchange(&reports, 0));
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    int rc;

    (void)self;
    weft_on_report(keep);
    if ((rc = there_and_back(false)) < 0)
        return rc;
    report[strcspn(report, "/.")] = '\0'; /* the file and line depend on where it was built */
    printf("  %s...\n", report);
    return there_and_back(true);
}

int main(void)
{
    setenv("WEFT_CHECK", "1", 1); /* usually set by who runs the program, not in it */
    return weft_main(demo, 0);
}
