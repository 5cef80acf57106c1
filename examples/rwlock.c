/* A reader-writer lock: many look things up in a table at the same time, one changes it now and then.
 *
 * The two columns of the table agree for whoever reads, though the writer waits between changing the one and the other.
 */
#include <errno.h>
#include <stdio.h>
#include <weft.h>

static weft_rwlock lock = WEFT_RWLOCK_INIT;
static int columns[2]; /* lock */

struct reader {
    int looks;
};
static int reader(struct reader *self)
{
    int rc = 0;

    for (int i = 0; i < self->looks && rc == 0 && (rc = weft_rwlock_read(&lock)) == 0; i++) {
        rc = columns[0] == columns[1] ? weft_yield() : -EBADMSG;
        weft_rwlock_read_unlock(&lock);
    }
    return rc;
}

struct writer {
    int changes;
};
static int writer(struct writer *self)
{
    int rc = 0;

    /* It waits for those that read, and goes ahead of those that come later. */
    for (int i = 0; i < self->changes && rc == 0 && (rc = weft_rwlock_write(&lock)) == 0; i++) {
        columns[0]++;
        rc = weft_yield();
        columns[1]++;
        weft_rwlock_write_unlock(&lock);
    }
    return rc;
}

struct demo {
    int readers;
};
static int demo(struct demo *self)
{
    weft_scope scope;
    int rc;

    weft_scope_open(&scope);
    for (int i = 0; i < self->readers; i++)
        weft_go(&scope, reader, .looks = 100);
    weft_go(&scope, writer, .changes = 50);
    rc = weft_scope_close(&scope);
    printf("%d changes, and %s\n", columns[0], rc == 0 ? "every look found the table whole" : weft_error_name(rc));
    return rc;
}

int main(void)
{
    return weft_main(demo, .readers = 20);
}
