/* Addresses as people write them. */
#ifndef MF_NET_ADDRESS_H
#define MF_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Split "HOST:PORT", "[V6]:PORT", ":PORT" into host (without brackets,
 * NUL-terminated, may be empty) and port. MF_EINVAL if it is neither.
 */
int mf_address_split(const char *address, char *host, size_t host_cap,
                     unsigned *ret_port);

/* True for unix:PATH, 127.0.0.0/8, ::1 and "localhost". */
bool mf_address_is_loopback(const char *address);

/*
 * Write the address of the socket `fd` as above: "192.0.2.1:80", "[::1]:80",
 * "unix:PATH", "unix:@ABSTRACT". MF_EINVAL if it is neither TCP nor Unix, or
 * does not fit.
 */
int mf_address_of_socket(int fd, char *text, size_t cap);

/*
 * The host part of an authority (Host, :authority, or an Origin's), without
 * port and brackets, lower case. MF_EINVAL if it is malformed.
 */
int mf_address_authority_host(const char *authority, char *host,
                              size_t host_cap);

/* True for an IPv4 or IPv6 literal (without brackets). */
bool mf_address_is_literal(const char *host);

#endif
