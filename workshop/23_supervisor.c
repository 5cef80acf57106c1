/* The actor again, from the library: it has a mailbox, can be asked, and is started again when it fails.
 *
 * A message that the actor cannot digest is its end, and the end of the balance it kept; but not of the program, nor of
 * the mailbox: the messages behind it are dealt with by the next run. ("Let it crash.")
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>
#include <weft/actor.h>
#include <weft/supervisor.h>

struct message {
    int amount;
    weft_asker(int) from; /* nobody, if it was told and not asked */
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
        if (message.amount > 1000)
            return -ERANGE; /* fails */
        if (self->balance + message.amount < 0) {
            weft_refuse(self->actor, message.from, -EDQUOT); /* an answer, too: who asked was wrong, not we */
            continue;
        }
        self->balance += message.amount;
        weft_reply(self->actor, message.from, self->balance);
    }
    return rc;
}

static int show(weft_actor(struct message) actor, int amount)
{
    int balance = 0, rc = weft_ask(actor, from, &balance, 60 * WEFT_SECOND, (struct message){.amount = amount});

    if (rc < 0)
        printf("%+d: %s\n", amount, weft_error_name(rc));
    else
        printf("%+d: balance %d\n", amount, balance);
    return rc == -EDQUOT ? 0 : rc;
}

struct demo {
    int opening;
};
static int demo(struct demo *self)
{
    weft_supervisor supervisor;
    weft_actor(struct message) actor;
    int rc = weft_supervisor_open(&supervisor, .restarts = 3, .name = "bank");

    if (rc < 0)
        return rc;
    actor =
        weft_actor_start(&supervisor, (.restart = WEFT_TRANSIENT), struct message, account, .balance = self->opening);
    rc = show(actor, 50);
    if (rc == 0)
        rc = show(actor, -500);
    if (rc == 0)
        rc = weft_tell(actor, (struct message){.amount = 9999}); /* and does not wait to see what it does */
    if (rc == 0)
        rc = show(actor, 1); /* of the next run, which begins as the first did */
    weft_actor_stop(actor);
    return weft_supervisor_close_with(&supervisor, rc);
}

int main(void)
{
    return weft_main(demo, .opening = 100);
}
