/* Memory for stacks. */
#include "os/os.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

void *weft__os_reserve(size_t size, size_t align)
{
    size_t whole = size + align;
    char *pages = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *start;

    if (pages == MAP_FAILED)
        return NULL;
    start = (char *)(((uintptr_t)pages + align - 1) & ~(uintptr_t)(align - 1));
    if (start > pages)
        munmap(pages, (size_t)(start - pages));
    if (pages + whole > start + size)
        munmap(start + size, (size_t)(pages + whole - (start + size)));
    madvise(start, size, MADV_NOHUGEPAGE); /* a huge page under a stack would cost 2 MiB a task */
    return start;
}

void weft__os_release(void *pages, size_t size)
{
    munmap(pages, size);
}

/* Guard markers (Linux 6.13) split no mapping; older kernels get a mapping of its own for each guard, and so at most
 * vm.max_map_count / 2 stacks. */
int weft__os_guard(void *pages, size_t size)
{
    static atomic_bool refused;

    if (!atomic_load_explicit(&refused, memory_order_relaxed)) {
        if (madvise(pages, size, MADV_GUARD_INSTALL) == 0)
            return 0;
        if (errno != EINVAL)
            return -errno;
        atomic_store_explicit(&refused, true, memory_order_relaxed);
    }
    return mprotect(pages, size, PROT_NONE) < 0 ? -errno : 0;
}

void weft__os_discard(void *pages, size_t size)
{
    madvise(pages, size, MADV_DONTNEED);
}

void *weft__os_share(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}
