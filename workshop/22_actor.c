/* An actor: a task that owns its data, and a channel as the only way to it.
 *
 * The balance is a local variable, so it needs no lock: messages are dealt with one after the other. Who wants an
 * answer sends a future along.
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

enum { CLERKS = 4, DEPOSITS = 100 };

struct message {
    enum { DEPOSIT, WITHDRAW, BALANCE } what;
    int amount;
    weft_future(int) answer; /* NULL: none is wanted */
};

static int withdraw(int *balance, int amount)
{
    if (amount > *balance)
        return -EDQUOT;
    return *balance -= amount;
}

struct account {
    weft_chan(struct message) mailbox;
};
static int account(struct account *self)
{
    int balance = 0, rc;

    weft_chan_each(message, self->mailbox)
    {
        if (message.what == DEPOSIT)
            balance += message.amount;
        rc = message.what == WITHDRAW ? withdraw(&balance, message.amount) : balance;
        if (message.answer)
            (void)(rc < 0 ? weft_reject(message.answer, rc) : weft_resolve(message.answer, rc));
        weft_future_free(message.answer);
    }
    return weft_scope_status(NULL);
}

/* Sends and waits for the answer: a balance, or an error. The future goes with the message, and is the actor's from
 * then on; ours is chained to it, so that we may leave before the answer comes.
 */
static int ask(weft_chan(struct message) mailbox, struct message message)
{
    weft_future(int) ours = weft_then(message.answer = weft_future_new(int), int, NULL, NULL, NULL);
    int balance = 0, rc = weft_send(mailbox, message);

    if (rc == 0)
        rc = weft_get(ours, &balance);
    else
        weft_future_free(message.answer);
    weft_future_free(ours);
    return rc < 0 ? rc : balance;
}

struct clerk {
    weft_chan(struct message) mailbox;
};
static int clerk(struct clerk *self)
{
    int rc = 0;

    for (int i = 0; i < DEPOSITS && rc == 0; i++)
        rc = weft_send(self->mailbox, (struct message){.what = DEPOSIT, .amount = 1}); /* and does not wait */
    return rc;
}

struct bank {
    int clerks;
};
static int bank(struct bank *self)
{
    weft_chan(struct message) mailbox = weft_chan_new(struct message, 16);
    weft_scope actors, clerks;
    int rc;

    weft_scope_open(&actors);
    weft_go(&actors, account, .mailbox = mailbox);
    weft_scope_open(&clerks);
    for (int i = 0; i < self->clerks; i++)
        weft_go(&clerks, clerk, .mailbox = mailbox);
    rc = weft_scope_close(&clerks);
    printf("balance: %d\n", ask(mailbox, (struct message){.what = BALANCE}));
    printf("withdraw 150: %d left\n", ask(mailbox, (struct message){.what = WITHDRAW, .amount = 150}));
    printf("withdraw 300: %s\n", weft_error_name(ask(mailbox, (struct message){.what = WITHDRAW, .amount = 300})));
    weft_chan_close(mailbox); /* no more messages: the actor ends */
    rc = weft_scope_close_with(&actors, rc);
    weft_chan_free(mailbox);
    return rc;
}

int main(void)
{
    return weft_main(bank, .clerks = CLERKS);
}
