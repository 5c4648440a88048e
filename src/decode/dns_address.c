/* Addresses in DNS records, as inet_ntop() writes them (RFC 5952), without
 * the printf that it is made of. */
#include <arpa/inet.h>

#include "decode/dns_record.h"

enum { WORDS = 8 };

struct run {
    int at, len;
};

static char *put_byte(char *to, unsigned byte)
{
    if (byte >= 100)
        *to++ = (char)('0' + byte / 100);
    if (byte >= 10)
        *to++ = (char)('0' + byte / 10 % 10);
    *to++ = (char)('0' + byte % 10);
    return to;
}

static char *put_ipv4(char *to, const uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        to = put_byte(to, bytes[i]);
        *to++ = '.';
    }
    return to - 1;
}

static char *put_word(char *to, unsigned word)
{
    static const char digits[] = "0123456789abcdef";
    for (int shift = 12; shift >= 0; shift -= 4)
        if (word >> shift || shift == 0)
            *to++ = digits[word >> shift & 15];
    return to;
}

/* The first of the longest runs of zeros, if it is longer than one word. */
static struct run longest_run(const unsigned words[WORDS])
{
    struct run best = {.at = -1, .len = 1}, here = {.len = 0};
    for (int i = 0; i < WORDS; i++) {
        here.len = words[i] ? 0 : here.len + 1;
        if (here.len > best.len)
            best = (struct run){.at = i + 1 - here.len, .len = here.len};
    }
    return best;
}

/* ::192.0.2.1 and ::ffff:192.0.2.1 */
static bool ends_in_ipv4(struct run zeros, const unsigned words[WORDS])
{
    return zeros.at == 0 &&
           (zeros.len == 6 || (zeros.len == 5 && words[5] == 0xffff));
}

static char *put_ipv6(char *to, const uint8_t *bytes)
{
    unsigned words[WORDS];
    for (int i = 0; i < WORDS; i++)
        words[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    struct run zeros = longest_run(words);
    int end = ends_in_ipv4(zeros, words) ? 6 : WORDS;
    for (int i = 0; i < end; i++) {
        if (i || i == zeros.at)
            *to++ = ':';
        if (i == zeros.at)
            i += zeros.len - 1;
        else
            to = put_word(to, words[i]);
    }
    /* What the zeros end, or the last words in another form. */
    if (end < WORDS || zeros.at + zeros.len == WORDS)
        *to++ = ':';
    return end < WORDS ? put_ipv4(to, bytes + 12) : to;
}

void mf_dns__put_address(struct mf_dns_data *data, int family,
                         const uint8_t *bytes)
{
    char text[INET6_ADDRSTRLEN];
    if (!bytes)
        return;
    const char *end =
        family == AF_INET ? put_ipv4(text, bytes) : put_ipv6(text, bytes);
    mf_dns__put(data, text, (size_t)(end - text));
}

void mf_dns__ipv4(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_address(data, AF_INET, mf_cursor_bytes(&data->at, 4));
    mf_dns__end(data, NULL);
}

void mf_dns__ipv6(struct mf_dns_data *data, const char *name)
{
    mf_dns__begin(data, MF_NODE_TEXT, name);
    mf_dns__put_address(data, AF_INET6, mf_cursor_bytes(&data->at, 16));
    mf_dns__end(data, NULL);
}
