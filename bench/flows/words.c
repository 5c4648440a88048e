#include "words.h"

#include <math.h>
#include <string.h>

static const char *const known[] = {
    "the",         "of",        "and",      "to",       "in",       "id",
    "name",        "value",     "for",      "is",       "user",     "item",
    "order",       "type",      "on",       "with",     "page",     "price",
    "date",        "status",    "by",       "this",     "count",    "from",
    "at",          "total",     "product",  "data",     "account",  "time",
    "an",          "be",        "list",     "image",    "link",     "your",
    "email",       "address",   "title",    "search",   "are",      "not",
    "category",    "city",      "update",   "create",   "message",  "group",
    "session",     "it",        "that",     "we",       "you",      "have",
    "new",         "more",      "home",     "first",    "last",     "number",
    "customer",    "delivery",  "payment",  "region",   "country",  "language",
    "description", "available", "shipping", "quantity", "discount", "currency",
    "review",      "rating",    "comment",  "author",   "library",  "article",
    "section",     "content",   "header",   "footer",   "button",   "label",
    "input",       "select",    "option",   "result",   "filter",   "sort",
    "next",        "previous",  "start",    "end",      "active",   "enabled",
    "default",     "private",   "public",   "version",  "release",  "build",
    "server",      "client",    "request",  "response", "error",    "success",
    "failed",      "pending",   "complete", "cancel",   "device",   "platform",
    "browser",     "mobile",    "desktop",  "window",   "screen",   "width",
    "height",      "color",     "style",    "theme",    "light",    "dark",
    "profile",     "avatar",    "follow",   "share",    "like",     "channel",
    "video",       "audio",     "stream",   "track",    "album",    "artist",
    "playlist",    "duration",  "position", "offset",
};

static const char *const onsets[] = {
    "b",  "c",  "d",  "f",   "g",  "h",  "j",  "k",  "l",  "m",
    "n",  "p",  "r",  "s",   "t",  "v",  "w",  "z",  "br", "ch",
    "cl", "cr", "dr", "fl",  "gr", "pl", "pr", "qu", "sh", "sk",
    "sl", "sp", "st", "str", "th", "tr", "",   "",
};
static const char *const vowels[] = {
    "a", "e", "i", "o", "u", "a", "e", "i", "o", "ea", "ou", "ai", "io", "y",
};
static const char *const codas[] = {
    "", "", "", "n", "r", "s", "t", "l", "m", "nd", "st", "ck", "ng", "x",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

uint64_t mix64(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

uint64_t random_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return mix64(*state);
}

uint32_t random_below(uint64_t *state, uint32_t end)
{
    return (uint32_t)((random_next(state) >> 32) * end >> 32);
}

uint32_t rank_of(uint64_t random, uint32_t end)
{
    double share = (double)(random >> 11) / 9007199254740992.0;
    uint32_t rank = (uint32_t)(exp(share * log((double)end + 1)) - 1);
    return rank < end ? rank : end - 1;
}

static size_t add(char *at, size_t len, const char *text)
{
    size_t n = strlen(text);
    memcpy(at + len, text, n);
    return len + n;
}

static size_t syllable(char *at, size_t len, uint64_t *state)
{
    len = add(at, len, onsets[random_below(state, COUNT(onsets))]);
    len = add(at, len, vowels[random_below(state, COUNT(vowels))]);
    return add(at, len, codas[random_below(state, COUNT(codas))]);
}

size_t word_put(char *at, uint32_t rank)
{
    if (rank < COUNT(known))
        return add(at, 0, known[rank]);
    uint64_t state = mix64(rank + 1);
    unsigned syllables = 1 + random_below(&state, rank < 1000 ? 2 : 3);
    size_t len = 0;
    while (syllables-- > 0 && len + 7 < WORD_CAP)
        len = syllable(at, len, &state);
    return len;
}

void name_put(char *at, uint32_t rank)
{
    char text[NAME_LEN + 8];
    uint64_t state = mix64(rank + UINT64_C(0x51ed270b));
    size_t len = 0;
    while (len < NAME_LEN)
        len = syllable(text, len, &state);
    memcpy(at, text, NAME_LEN);
}

static void hex_put(char *at, uint64_t value, int digits)
{
    for (int i = 0; i < digits; i++, value <<= 4)
        at[i] = "0123456789abcdef"[value >> 60];
}

void uuid_put(char *at, uint64_t a, uint64_t b)
{
    a = (a & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    b = (b & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    hex_put(at, a, 8);
    at[8] = '-';
    hex_put(at + 9, a << 32, 4);
    at[13] = '-';
    hex_put(at + 14, a << 48, 4);
    at[18] = '-';
    hex_put(at + 19, b, 4);
    at[23] = '-';
    hex_put(at + 24, b << 16, 12);
}

void token_put(char *at, uint64_t a, uint64_t b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < TOKEN_LEN / 2; i++, a >>= 5, b >>= 5) {
        at[i] = digits[a & 63];
        at[i + TOKEN_LEN / 2] = digits[b & 63];
    }
}

void digits_put(char *at, size_t len, uint64_t value)
{
    while (len-- > 0) {
        at[len] = (char)('0' + value % 10);
        value /= 10;
    }
}
