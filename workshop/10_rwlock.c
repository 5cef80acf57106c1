/* Many read a configuration, one reloads it now and then: nobody sees half of an old and half of a new one. */
#include <stdatomic.h>
#include <stdio.h>
#include <weft.h>

enum { READERS = 4, READS = 200, RELOADS = 20 };

struct config {
    weft_rwlock lock;
    int version;
    char host[32];
};

static atomic_int torn, reads;

static int reload(struct config *config, int version)
{
    int rc = weft_rwlock_write(&config->lock);

    if (rc < 0)
        return rc;
    config->version = version;
    rc = weft_yield(); /* here the two do not fit together */
    snprintf(config->host, sizeof config->host, "host-%d", version);
    weft_rwlock_write_unlock(&config->lock);
    return rc;
}

struct reader {
    struct config *config;
};
static int reader(struct reader *self)
{
    int version, rc = 0;

    for (int i = 0; i < READS && rc == 0; i++) {
        if ((rc = weft_rwlock_read(&self->config->lock)) < 0)
            return rc;
        if (sscanf(self->config->host, "host-%d", &version) != 1 || version != self->config->version)
            atomic_fetch_add(&torn, 1);
        weft_rwlock_read_unlock(&self->config->lock);
        atomic_fetch_add(&reads, 1);
        rc = weft_yield();
    }
    return rc;
}

struct demo {
    int readers;
};
static int demo(struct demo *self)
{
    struct config config = {.version = 0, .host = "host-0"};
    weft_scope scope;
    int rc = 0;

    weft_scope_open(&scope);
    for (int i = 0; i < self->readers; i++)
        weft_go(&scope, reader, .config = &config);
    for (int version = 1; version <= RELOADS && rc == 0; version++)
        rc = reload(&config, version);
    rc = weft_scope_close_with(&scope, rc);
    printf("%d reads, %d torn; now %s\n", reads, torn, config.host);
    return rc;
}

int main(void)
{
    return weft_main(demo, .readers = READERS);
}
