/* syncthing/syncthing 4829: a mapping that is write-locked tells that it is empty, for which it read-locks itself.
 *
 *     Mapping.clearAddresses, notify          -> clear_addresses, notify
 *     Service.NewMapping, RemoveMapping       -> new_mapping, remove_mapping
 *
 * The fix unlocks before it tells. (weft_rwlock does not wait there: it gives -EDEADLK.)
 */
#include "bugs.h"

struct mapping {
    weft_rwlock lock;
    int addresses;
    bool fixed;
};

struct service {
    weft_rwlock lock;
    struct mapping *mappings[1];
    int count;
};

static void notify(struct mapping *m)
{
    if (weft_rwlock_read(&m->lock) < 0) /* waits here */
        return;
    weft_rwlock_read_unlock(&m->lock);
}

static void clear_addresses(struct mapping *m)
{
    int removed;

    if (weft_rwlock_write(&m->lock) < 0)
        return;
    removed = m->addresses;
    m->addresses = 0;
    if (m->fixed)
        weft_rwlock_write_unlock(&m->lock);
    if (removed > 0)
        notify(m);
    if (!m->fixed)
        weft_rwlock_write_unlock(&m->lock);
}

static void new_mapping(struct service *s, struct mapping *m)
{
    if (weft_rwlock_write(&s->lock) < 0)
        return;
    s->mappings[s->count++] = m;
    weft_rwlock_write_unlock(&s->lock);
}

static void remove_mapping(struct service *s, struct mapping *m)
{
    if (weft_rwlock_write(&s->lock) < 0)
        return;
    for (int i = 0; i < s->count; i++)
        if (s->mappings[i] == m)
            clear_addresses(m);
    weft_rwlock_write_unlock(&s->lock);
}

BUG(syncthing_4829)
{
    struct mapping m = {.fixed = self->fixed};
    struct service s = {.count = 0};

    new_mapping(&s, &m);
    m.addresses = 1;
    remove_mapping(&s, &m);
    return 0;
}
