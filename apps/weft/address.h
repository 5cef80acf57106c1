/* Addresses as people write them: "127.0.0.1:25000" is short for "tcp://127.0.0.1:25000". */
#ifndef WEFT_APP_ADDRESS_H
#define WEFT_APP_ADDRESS_H

enum { ADDRESS_SIZE = 300 };

/* The full form of text in ret_address; one that is too long is cut, and refused when it is used. */
void address_complete(const char *text, char ret_address[ADDRESS_SIZE]);

/* What an error of weft_listen or weft_connect means to the one who typed the address. */
const char *address_error(int rc);

#endif
