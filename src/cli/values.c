#include "cli/values.h"

#include <stdio.h>
#include <string.h>

#include "net/address.h"

enum { HOST_CAP = 256 };

/* ---- Numbers with units ---- */

struct unit {
    const char *name;
    uint64_t factor;
};

/* The largest first; a list ends with no name. */
static const struct unit counts[] = {{"", 1}, {NULL, 0}};
static const struct unit sizes[] = {
    {"TiB", UINT64_C(1) << 40},
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"", 1},
    {NULL, 0},
};
static const struct unit durations[] = {
    {"d", 24 * 3600 * 1000},
    {"h", 3600 * 1000},
    {"m", 60 * 1000},
    {"s", 1000},
    {"ms", 1},
    {NULL, 0},
};

static int parse(const char *text, const struct unit *units, uint64_t *ret)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return MF_EINVAL;
        number = number * 10 + digit;
    }
    if (at == text)
        return MF_EINVAL;
    for (; units->name; units++) {
        if (strcmp(units->name, at) != 0)
            continue;
        if (number > UINT64_MAX / units->factor)
            return MF_EINVAL;
        *ret = number * units->factor;
        return 0;
    }
    return MF_EINVAL;
}

static void print(uint64_t number, const struct unit *units, char *text,
                  size_t cap)
{
    while (number % units->factor != 0 ||
           (number < units->factor && units->factor > 1))
        units++;
    snprintf(text, cap, "%llu%s", (unsigned long long)(number / units->factor),
             units->name);
}

int mf_value_count(const char *text, uint64_t *ret_count)
{
    return parse(text, counts, ret_count);
}

int mf_value_size(const char *text, uint64_t *ret_bytes)
{
    return parse(text, sizes, ret_bytes);
}

int mf_value_duration(const char *text, uint64_t *ret_ms)
{
    if (strcmp(text, "0") == 0) {
        *ret_ms = 0;
        return 0;
    }
    return parse(text, durations, ret_ms);
}

void mf_value_print_count(uint64_t count, char *text, size_t cap)
{
    print(count, counts, text, cap);
}

void mf_value_print_size(uint64_t bytes, char *text, size_t cap)
{
    print(bytes, sizes, text, cap);
}

void mf_value_print_duration(uint64_t ms, char *text, size_t cap)
{
    print(ms, durations, text, cap);
}

int mf_value_bool(const char *text, bool *ret_value)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *ret_value = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *ret_value = false;
    else
        return MF_EINVAL;
    return 0;
}

/* ---- Names and addresses ---- */

static bool is_lower(const char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            return false;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool mf_value_is_origin(const char *text)
{
    char host[HOST_CAP];
    size_t scheme_len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    if (scheme_len == 0 || strncmp(text + scheme_len, "://", 3) != 0)
        return false;
    const char *authority = text + scheme_len + 3;
    if (!is_lower(text) ||
        mf_address_authority_host(authority, host, sizeof host))
        return false;
    if (ends_with(authority, ":"))
        return false;
    return !(strncmp(text, "http:", 5) == 0 && ends_with(authority, ":80")) &&
           !(strncmp(text, "https:", 6) == 0 && ends_with(authority, ":443"));
}

bool mf_value_is_host(const char *text)
{
    char host[HOST_CAP];
    return !strchr(text, ':') &&
           mf_address_authority_host(text, host, sizeof host) == 0;
}

bool mf_value_is_address(const char *text)
{
    char host[HOST_CAP];
    unsigned port;
    if (strncmp(text, "unix:", 5) == 0)
        return text[5] != '\0';
    return mf_address_split(text, host, sizeof host, &port) == 0;
}
