/* Addresses as people write them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

void address_complete(const char *text, char ret_address[ADDRESS_SIZE])
{
    int short_form = !strstr(text, "://") && strncmp(text, "unix:", 5) != 0;

    snprintf(ret_address, ADDRESS_SIZE, "%s%s", short_form ? "tcp://" : "", text);
}

const char *address_error(int rc)
{
    return rc == -EINVAL ? "not an address (write HOST:PORT or unix:/path)" : strerror(-rc);
}
