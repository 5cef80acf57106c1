/* Addresses: "tcp://host:port", "unix:/path", "unix:@abstract". */
#ifndef WEFT_IO_ADDRESS_H
#define WEFT_IO_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum { WEFT__ADDRESSES_MAX = 8 };

struct weft__address {
    struct sockaddr_storage storage;
    unsigned size;
};

/* What the string stands for, at most WEFT__ADDRESSES_MAX; for listening an empty host is every interface. Returns
 * their number, -EINVAL (malformed), -ENOENT (no such name), -EAGAIN (name service failed), -ENAMETOOLONG. May block: a
 * name is looked up with the thread stepped around. */
int weft__address_parse(const char *text, bool listening, struct weft__address *ret_addresses);

/* The string of an address, into at most size bytes; its length, or -ENOSPC. */
int weft__address_format(const struct weft__address *address, char *text, size_t size);

#endif
