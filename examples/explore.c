/* Exploring: a bank that loses money under few schedules, the one that shows it, and the bank mended. */
#include <stdio.h>
#include <string.h>
#include <weft.h>

struct account {
    weft_mutex lock;
    int balance;
};

/* Looks, and pays later: the lock is given back between the two. */
struct withdraw {
    struct account *from;
    int amount;
    int careful;
};
static int withdraw(struct withdraw *self)
{
    int rc = weft_mutex_lock(&self->from->lock), balance;

    if (rc < 0)
        return rc;
    balance = self->from->balance;
    if (!self->careful) {
        weft_mutex_unlock(&self->from->lock);
        if ((rc = weft_mutex_lock(&self->from->lock)) < 0)
            return rc;
    }
    if (balance >= self->amount)
        self->from->balance -= self->amount;
    return weft_mutex_unlock(&self->from->lock);
}

/* What is explored: two withdrawals of all there is. */
struct two_withdrawals {
    int careful;
};
static int two_withdrawals(struct two_withdrawals *self)
{
    struct account account = {.lock = WEFT_MUTEX_INIT, .balance = 100};
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    weft_go(&scope, withdraw, .from = &account, .amount = 100, .careful = self->careful);
    weft_go(&scope, withdraw, .from = &account, .amount = 100, .careful = self->careful);
    rc = weft_scope_close(&scope);
    weft_expect(account.balance >= 0);
    return rc;
}

int main(void)
{
    static struct weft_finding finding;
    int rc = weft_explore((.seeds = 10000), &finding, two_withdrawals);

    if (rc == 1)
        printf("%s: %s\n%s", finding.kind, strstr(finding.text, "account"), finding.schedule);
    rc = weft_explore((.seeds = 10000), &finding, two_withdrawals, .careful = 1);
    printf("careful: %s in %llu schedules\n", rc == 0 ? "nothing found" : finding.text,
           (unsigned long long)finding.schedules);
    return rc;
}
