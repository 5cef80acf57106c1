/* Reports: one line to whoever asked for them, nothing by default. */
#include "core/runtime.h"

#include <stdarg.h>
#include <stdio.h>

static void (*_Atomic report_sink)(const char *line);

void weft_on_report(void (*sink)(const char *line))
{
    atomic_store_explicit(&report_sink, sink, memory_order_release);
}

void weft__report(const char *format, ...)
{
    void (*sink)(const char *line) = atomic_load_explicit(&report_sink, memory_order_acquire);
    char line[512];
    va_list arguments;

    if (!sink)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sink(line);
}
