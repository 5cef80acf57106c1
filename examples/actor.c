/* An actor: an account that is told of deposits, and asked for its balance. Only it touches its state: no lock. */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

struct message {
    enum { DEPOSIT, WITHDRAW } kind;
    int amount;
    weft_asker(int) from; /* who waits for the balance; nobody, if it was told */
};

struct account {
    weft_actor(struct message) actor;
    int balance;
};
static int account(struct account *self)
{
    struct message message;
    int rc;

    while ((rc = weft_recv(weft_mailbox(self->actor), &message)) == 0) {
        if (message.kind == WITHDRAW && message.amount > self->balance) {
            weft_refuse(self->actor, message.from, -EDQUOT);
            continue;
        }
        self->balance += message.kind == DEPOSIT ? message.amount : -message.amount;
        weft_reply(self->actor, message.from, self->balance);
    }
    return rc; /* -EPIPE: stopped */
}

struct payer {
    weft_actor(struct message) account;
};
static int payer(struct payer *self)
{
    int rc = 0;

    for (int i = 0; i < 100 && rc == 0; i++)
        rc = weft_tell(self->account, (struct message){.kind = DEPOSIT, .amount = 1});
    return rc;
}

struct demo {
    int unused;
};
static int demo(struct demo *self)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    weft_scope payers;
    int balance = 0, rc;

    (void)self;
    if ((rc = weft_supervisor_open(&supervisor, 0)) < 0)
        return rc;
    actor = weft_actor_start(&supervisor, (.restart = WEFT_TRANSIENT), struct message, account, .balance = 50);
    weft_scope_open(&payers);
    for (int i = 0; i < 5; i++)
        weft_go(&payers, payer, .account = actor);
    if ((rc = weft_scope_close(&payers)) < 0)
        return weft_supervisor_close_with(&supervisor, rc);

    rc = weft_ask(actor, from, &balance, WEFT_SECOND, (struct message){.kind = WITHDRAW, .amount = 150});
    printf("%s, the balance is %d\n", rc < 0 ? weft_error_name(rc) : "paid", balance);
    rc = weft_ask(actor, from, &balance, WEFT_SECOND, (struct message){.kind = WITHDRAW, .amount = 1000});
    printf("%s\n", rc < 0 ? weft_error_name(rc) : "paid");
    weft_actor_stop(actor);
    return weft_supervisor_close(&supervisor);
}

int main(void)
{
    return weft_main(demo, 0);
}
