/* A race made visible, and its cure.
 *
 * A deposit has three steps: read the balance, add, write it back. Whoever comes in between is overwritten. Each step
 * is sound, for the balance is atomic and nothing here is undefined; what is wrong is that the three are not one. The
 * yield stands for the bad luck that strikes a real program once a month.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { CLERKS = 8, DEPOSITS = 100 };

static atomic_int balance;
static weft_mutex lock = WEFT_MUTEX_INIT;

static int deposit(void)
{
    int before = atomic_load(&balance), rc;

    rc = weft_yield(); /* the others come in here */
    atomic_store(&balance, before + 1);
    return rc;
}

struct careless {
    int deposits;
};
static int careless(struct careless *self)
{
    int rc = 0;

    for (int i = 0; i < self->deposits && rc == 0; i++)
        rc = deposit();
    return rc;
}

struct careful {
    int deposits;
};
static int careful(struct careful *self)
{
    int rc = 0;

    for (int i = 0; i < self->deposits && rc == 0; i++) {
        if ((rc = weft_mutex_lock(&lock)) < 0)
            return rc; /* cancelled while it waited: the lock is not ours */
        rc = deposit();
        weft_mutex_unlock(&lock);
    }
    return rc;
}

struct demo {
    int clerks;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < self->clerks; i++)
        weft_go(&scope, careless, .deposits = DEPOSITS);
    if ((rc = weft_scope_close(&scope)) < 0)
        return rc;
    printf("without a lock: %s\n", balance < CLERKS * DEPOSITS ? "deposits were lost" : "all is there, by luck");

    balance = 0;
    weft_scope_open(&scope);
    for (int i = 0; i < self->clerks; i++)
        weft_go(&scope, careful, .deposits = DEPOSITS);
    rc = weft_scope_close(&scope);
    printf("with a lock: %d of %d deposits\n", balance, CLERKS * DEPOSITS);
    return rc;
}

int main(void)
{
    return weft_main(demo, .clerks = CLERKS);
}
