#include "exporter/sender/address.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_PORT "50051"

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool host_is_valid(const char *host)
{
    for (const char *c = host; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("/@?#[]\\\"", *c))
            return false;
    return *host;
}

static bool port_is_valid(const char *port)
{
    size_t digits = strspn(port, "0123456789");
    return digits && !port[digits] && digits <= 5 && atol(port) > 0 &&
           atol(port) <= 65535;
}

/* Split "host", "host:port", "[v6]" or "[v6]:port"; changes `text`. */
static bool split(char *text, struct mf_address *ret_address)
{
    char *host = text, *port = NULL;
    bool bracketed = *text == '[';
    if (bracketed) {
        host++;
        char *close = strchr(host, ']');
        if (!close || (close[1] && close[1] != ':'))
            return false;
        port = close[1] ? close + 2 : NULL;
        *close = 0;
    } else if ((port = strrchr(text, ':'))) {
        if (strchr(text, ':') != port)
            return false;
        *port++ = 0;
    }
    const char *number = port ? port : DEFAULT_PORT;
    if (!host_is_valid(host) || !port_is_valid(number))
        return false;
    snprintf(ret_address->host, sizeof ret_address->host, "%s", host);
    snprintf(ret_address->port, sizeof ret_address->port, "%.5s", number);
    snprintf(ret_address->authority, sizeof ret_address->authority,
             bracketed ? "[%s]:%s" : "%s:%s", ret_address->host,
             ret_address->port);
    return true;
}

static int parse_one(const char *text, struct mf_address *ret_address,
                     struct mf_err *err)
{
    char work[MF_ADDRESS_TEXT_CAP];
    snprintf(ret_address->text, sizeof ret_address->text, "%s", text);
    ret_address->is_tls = starts_with(text, "https://");
    if (ret_address->is_tls)
        text += strlen("https://");
    else if (starts_with(text, "http://"))
        text += strlen("http://");
    snprintf(work, sizeof work, "%s", text);
    size_t len = strlen(work);
    if (len && work[len - 1] == '/')
        work[len - 1] = 0;
    if (!split(work, ret_address))
        return mf_err_set(err, MF_EINVAL,
                          "grpc_addr: %s is not http://HOST:PORT or "
                          "https://HOST:PORT",
                          ret_address->text);
    return 0;
}

int mf_address_parse(const char *text, struct mf_address *ret_addresses,
                     size_t *ret_count, struct mf_err *err)
{
    size_t count = 0;
    const char *end = text + strlen(text);
    for (const char *at = text; at < end;) {
        const char *comma = strchr(at, ',');
        const char *stop = comma ? comma : end;
        at = skip_spaces(at, stop);
        const char *last = stop;
        while (last > at && last[-1] == ' ')
            last--;
        if (last > at) {
            char one[MF_ADDRESS_TEXT_CAP];
            if (count == MF_ADDRESS_MAX || last - at >= (long)sizeof one)
                return mf_err_set(err, MF_EINVAL,
                                  "grpc_addr: at most %d addresses of at most "
                                  "%d characters",
                                  MF_ADDRESS_MAX, MF_ADDRESS_TEXT_CAP - 1);
            snprintf(one, sizeof one, "%.*s", (int)(last - at), at);
            int rc = parse_one(one, &ret_addresses[count], err);
            if (rc)
                return rc;
            count++;
        }
        at = comma ? comma + 1 : end;
    }
    if (count == 0)
        return mf_err_set(err, MF_EINVAL, "grpc_addr: it is empty");
    *ret_count = count;
    return 0;
}
