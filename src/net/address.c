#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* Digits only, at most 65535. */
static int parse_port(const char *text, unsigned *ret_port)
{
    unsigned port = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5)
        return MF_EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return MF_EINVAL;
        port = port * 10 + (unsigned)(*text - '0');
    }
    if (port > 65535)
        return MF_EINVAL;
    *ret_port = port;
    return 0;
}

/* The host of "HOST", "HOST:..." or "[V6]...": its text and what follows. */
static int find_host(const char *text, const char **ret_host, size_t *ret_len,
                     const char **ret_rest)
{
    if (*text == '[') {
        const char *end = strchr(text, ']');
        if (!end)
            return MF_EINVAL;
        *ret_host = text + 1;
        *ret_len = (size_t)(end - text - 1);
        *ret_rest = end + 1;
        return 0;
    }
    *ret_host = text;
    *ret_len = strcspn(text, ":");
    *ret_rest = text + *ret_len;
    return 0;
}

static int copy_host(const char *text, size_t len, char *host, size_t host_cap)
{
    if (len >= host_cap)
        return MF_EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    return 0;
}

static bool is_v6(const char *host)
{
    struct in6_addr v6;
    return inet_pton(AF_INET6, host, &v6) == 1;
}

int mf_address_split(const char *address, char *host, size_t host_cap,
                     unsigned *ret_port)
{
    const char *start, *rest;
    size_t len;
    unsigned port;
    if (find_host(address, &start, &len, &rest) || *rest != ':' ||
        parse_port(rest + 1, &port) || copy_host(start, len, host, host_cap))
        return MF_EINVAL;
    if (*address == '[' && !is_v6(host))
        return MF_EINVAL;
    *ret_port = port;
    return 0;
}

bool mf_address_is_loopback(const char *address)
{
    if (strncmp(address, "unix:", 5) == 0)
        return true;
    char host[256];
    unsigned port;
    if (mf_address_split(address, host, sizeof host, &port))
        return false;
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    struct in6_addr v6;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

static int print_unix(const struct sockaddr_un *addr, socklen_t addr_len,
                      char *text, size_t cap)
{
    size_t len = addr_len - offsetof(struct sockaddr_un, sun_path);
    bool is_abstract = len > 0 && addr->sun_path[0] == '\0';
    if (!is_abstract)
        len = strnlen(addr->sun_path, len);
    int written =
        snprintf(text, cap, "unix:%s%.*s", is_abstract ? "@" : "",
                 (int)len - is_abstract, addr->sun_path + is_abstract);
    return written < 0 || (size_t)written >= cap ? MF_EINVAL : 0;
}

int mf_address_of_socket(int fd, char *text, size_t cap)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un unix_path;
        struct sockaddr_storage storage;
    } addr = {0};
    socklen_t len = sizeof addr;
    char host[INET6_ADDRSTRLEN];
    int written = -1;
    if (getsockname(fd, &addr.any, &len))
        return MF_EINVAL;
    if (addr.any.sa_family == AF_UNIX)
        return print_unix(&addr.unix_path, len, text, cap);
    if (addr.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &addr.v4.sin_addr, host, sizeof host);
        written = snprintf(text, cap, "%s:%u", host, ntohs(addr.v4.sin_port));
    } else if (addr.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &addr.v6.sin6_addr, host, sizeof host);
        written =
            snprintf(text, cap, "[%s]:%u", host, ntohs(addr.v6.sin6_port));
    }
    return written < 0 || (size_t)written >= cap ? MF_EINVAL : 0;
}

/* RFC 3986 reg-name, and what people put into it; never a separator. */
static bool is_host_char(unsigned char c)
{
    return c > ' ' && c < 0x7f && !strchr("/\\?#@:[]<>\"'%", c);
}

int mf_address_authority_host(const char *authority, char *host,
                              size_t host_cap)
{
    const char *start, *rest;
    size_t len;
    unsigned port;
    if (find_host(authority, &start, &len, &rest) || len == 0 ||
        copy_host(start, len, host, host_cap))
        return MF_EINVAL;
    /* RFC 3986 allows an empty port. */
    if (*rest && (*rest != ':' || (rest[1] && parse_port(rest + 1, &port))))
        return MF_EINVAL;
    if (*authority == '[')
        return is_v6(host) ? 0 : MF_EINVAL;
    for (char *c = host; *c; c++) {
        if (!is_host_char((unsigned char)*c))
            return MF_EINVAL;
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return 0;
}

bool mf_address_is_literal(const char *host)
{
    struct in_addr v4;
    return inet_pton(AF_INET, host, &v4) == 1 || is_v6(host);
}
