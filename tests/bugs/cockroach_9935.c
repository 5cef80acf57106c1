/* cockroachdb/cockroach 9935: a log that takes its mutex again on the way out.
 *
 *     loggingT.outputLogEntry   lock; create the file, and if that fails, exit; unlock -> output_log_entry
 *     loggingT.createFile       fails three times in four                              -> create_file
 *     loggingT.exit             lock, unlock                                           -> log_exit
 *
 * The fix unlocks before it exits. Go's mutex waits for itself; this one reports it and returns -EDEADLK.
 */
#include "bugs.h"

struct logging {
    weft_mutex mu;
    bool fixed;
};

/* Of four cases that could happen the seed chooses one. */
static int create_file(void)
{
    return weft_select(weft_on_timeout(0), weft_on_timeout(0), weft_on_timeout(0), weft_on_timeout(0)) > 0 ? -EIO : 0;
}

static int log_exit(struct logging *l)
{
    int rc;

    if ((rc = weft_mutex_lock(&l->mu)) < 0)
        return rc;
    return weft_mutex_unlock(&l->mu);
}

struct output_log_entry {
    struct logging *l;
};

static int output_log_entry(struct output_log_entry *self)
{
    struct logging *l = self->l;
    int rc;

    if ((rc = weft_mutex_lock(&l->mu)) < 0)
        return rc;
    if (create_file() < 0) {
        if (l->fixed) {
            weft_mutex_unlock(&l->mu);
            return log_exit(l);
        }
        rc = log_exit(l);
    }
    weft_mutex_unlock(&l->mu);
    return rc;
}

BUG(cockroach_9935)
{
    struct logging l = {.fixed = self->fixed};
    weft_scope scope;

    weft_scope_open(&scope);
    weft_go(&scope, output_log_entry, .l = &l);
    return weft_scope_close(&scope);
}
