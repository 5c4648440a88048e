#include "rpc/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { QUALITY_ONE = 1000, ANY = MF_ACCEPT_CODINGS - 1 };

/* In the order of mf_accept.codings; equal wishes go to the first. */
static const struct {
    const char *name;
    enum mf_encoding encoding;
} ours[] = {
    {"identity", MF_ENCODING_IDENTITY}, {"gzip", MF_ENCODING_GZIP},
    {"br", MF_ENCODING_BROTLI},         {"zstd", MF_ENCODING_ZSTD},
    {"*", MF_ENCODING_IDENTITY},
};

void mf_accept_init(struct mf_accept *accept)
{
    *accept = (struct mf_accept){0};
}

/* "0.25" in thousandths; -1 if it is not such a number. */
static int parse_quality(const char *text, size_t len)
{
    if (len == 0 || len > 5 || (text[0] != '0' && text[0] != '1'))
        return -1;
    int value = (text[0] - '0') * QUALITY_ONE;
    if (len > 1 && text[1] != '.')
        return -1;
    for (size_t i = 2, weight = QUALITY_ONE / 10; i < len; i++, weight /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value += (text[i] - '0') * (int)weight;
    }
    return value > QUALITY_ONE ? -1 : value;
}

static void trim(const char **text, size_t *len)
{
    while (*len && strchr(" \t", **text)) {
        ++*text;
        --*len;
    }
    while (*len && strchr(" \t", (*text)[*len - 1]))
        --*len;
}

/* The quality that parameters (";q=0.5") give; -1 if they are malformed. */
static int quality_of(const char *params, size_t len)
{
    int quality = QUALITY_ONE;
    while (len > 0) {
        params++; /* the ';' */
        len--;
        const char *end = memchr(params, ';', len);
        size_t param_len = end ? (size_t)(end - params) : len, rest = param_len;
        const char *param = params;
        trim(&param, &rest);
        if (rest >= 2 && strncasecmp(param, "q=", 2) == 0)
            quality = parse_quality(param + 2, rest - 2);
        params += param_len;
        len -= param_len;
        if (quality < 0)
            return -1;
    }
    return quality;
}

static void add_one(struct mf_accept *accept, const char *text, size_t len)
{
    const char *params = memchr(text, ';', len);
    size_t params_len = params ? len - (size_t)(params - text) : 0;
    len -= params_len;
    trim(&text, &len);
    int quality = params ? quality_of(params, params_len) : QUALITY_ONE;
    if (len == 0 || quality < 0)
        return;
    accept->count++;
    for (size_t i = 0; i < MF_ACCEPT_CODINGS; i++) {
        struct mf_accept_coding *coding = &accept->codings[i];
        if (coding->place || strlen(ours[i].name) != len ||
            strncasecmp(ours[i].name, text, len) != 0)
            continue;
        coding->place = accept->count;
        coding->quality = (unsigned)quality;
    }
}

void mf_accept_add(struct mf_accept *accept, const char *value)
{
    for (;;) {
        size_t len = strcspn(value, ",");
        add_one(accept, value, len);
        if (!value[len])
            return;
        value += len + 1;
    }
}

bool mf_accept_names(const struct mf_accept *accept, enum mf_encoding encoding)
{
    size_t i = 0;
    while (i < ANY && ours[i].encoding != encoding)
        i++;
    return i < ANY && accept->codings[i].quality > 0;
}

enum mf_encoding mf_accept_choose(const struct mf_accept *accept)
{
    const struct mf_accept_coding *any = &accept->codings[ANY];
    const struct mf_accept_coding *identity = &accept->codings[0];
    const struct mf_accept_coding *best = NULL;
    enum mf_encoding choice = MF_ENCODING_IDENTITY;
    for (size_t i = 1; i < ANY; i++) {
        const struct mf_accept_coding *coding = &accept->codings[i];
        if (!coding->place)
            coding = any;
        if (coding->quality == 0)
            continue;
        if (best && (best->quality > coding->quality ||
                     (best->quality == coding->quality &&
                      best->place <= coding->place)))
            continue;
        best = coding;
        choice = ours[i].encoding;
    }
    bool wants_identity = best && identity->quality > best->quality;
    return wants_identity ? MF_ENCODING_IDENTITY : choice;
}
