/* Cookies of a HAR entry (RFC 6265). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "export/har.h"
#include "export/http_view.h"

static struct mf_span trim(struct mf_span text)
{
    while (text.len && (*text.text == ' ' || *text.text == '\t'))
        text = (struct mf_span){text.text + 1, text.len - 1};
    while (text.len &&
           (text.text[text.len - 1] == ' ' || text.text[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* What stands before the next ';', which *rest moves past. */
static struct mf_span take_part(struct mf_span *rest)
{
    const char *end = rest->len ? memchr(rest->text, ';', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    size_t skip = end ? len + 1 : len;
    struct mf_span part = {rest->text, len};
    *rest = mf_span_after(*rest, skip);
    return trim(part);
}

/* Name and value around the first '='. */
static void take_pair(struct mf_span part, struct mf_span *ret_name,
                      struct mf_span *ret_value)
{
    const char *sign = part.len ? memchr(part.text, '=', part.len) : NULL;
    size_t len = sign ? (size_t)(sign - part.text) : part.len;
    size_t skip = sign ? len + 1 : len;
    *ret_name = trim((struct mf_span){part.text, len});
    *ret_value = trim(mf_span_after(part, skip));
}

static void put(struct mf_json_out *json, const char *key, struct mf_span text)
{
    mf_json_put_key(json, key);
    mf_json_put_latin1(json, text);
}

static void put_request_cookies(struct mf_json_out *json, struct mf_span header)
{
    struct mf_span name, value;
    while (header.len) {
        struct mf_span part = take_part(&header);
        if (!part.len)
            continue;
        take_pair(part, &name, &value);
        mf_json_begin_object(json);
        put(json, "name", name);
        put(json, "value", value);
        mf_json_end_object(json);
    }
}

/* ---- dates ---- */

static bool is_delimiter(char c)
{
    return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
             (c >= 'A' && c <= 'Z') || c == ':' || (c & 0x80));
}

/* The number at the start of a text, of `min` to `max` digits; -1: none. */
static int number_of(struct mf_span text, size_t min, size_t max)
{
    int value = 0;
    size_t len = 0;
    while (len < text.len && text.text[len] >= '0' && text.text[len] <= '9') {
        if (++len > max)
            return -1;
        value = value * 10 + (text.text[len - 1] - '0');
    }
    return len < min ? -1 : value;
}

static bool take_clock(struct mf_span token, struct tm *tm)
{
    int parts[3];
    for (int i = 0; i < 3; i++) {
        const char *end = token.len ? memchr(token.text, ':', token.len) : NULL;
        if ((parts[i] = number_of(token, 1, 2)) < 0 || (i < 2 && !end))
            return false;
        size_t skip = end ? (size_t)(end - token.text) + 1 : token.len;
        token = mf_span_after(token, skip);
    }
    tm->tm_hour = parts[0];
    tm->tm_min = parts[1];
    tm->tm_sec = parts[2];
    return true;
}

static int month_of(struct mf_span token)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; token.len >= 3 && i < 12; i++)
        if (strncasecmp(token.text, months + 3 * i, 3) == 0)
            return i;
    return -1;
}

/* Each token is the first thing not yet found that it can be. */
static void take_token(struct mf_span token, struct tm *tm, unsigned *found)
{
    enum { CLOCK = 1, DAY = 2, MONTH = 4, YEAR = 8 };
    int value;
    if (!(*found & CLOCK) && take_clock(token, tm)) {
        *found |= CLOCK;
    } else if (!(*found & DAY) && (value = number_of(token, 1, 2)) >= 0) {
        tm->tm_mday = value;
        *found |= DAY;
    } else if (!(*found & MONTH) && (value = month_of(token)) >= 0) {
        tm->tm_mon = value;
        *found |= MONTH;
    } else if (!(*found & YEAR) && (value = number_of(token, 2, 4)) >= 0) {
        tm->tm_year = (value < 70    ? value + 2000
                       : value < 100 ? value + 1900
                                     : value) -
                      1900;
        *found |= YEAR;
    }
}

bool mf_har_parse_date(struct mf_span text, int64_t *ret_ns)
{
    enum { ALL = 15, YEAR_MIN = 1678 - 1900, YEAR_MAX = 2261 - 1900 };
    struct tm tm = {0};
    unsigned found = 0;
    while (text.len) {
        size_t len = 0;
        while (len < text.len && !is_delimiter(text.text[len]))
            len++;
        if (len)
            take_token((struct mf_span){text.text, len}, &tm, &found);
        size_t skip = len < text.len ? len + 1 : len;
        text = mf_span_after(text, skip);
    }
    if (found != ALL || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 59 || tm.tm_year < YEAR_MIN ||
        tm.tm_year > YEAR_MAX)
        return false;
    *ret_ns = (int64_t)timegm(&tm) * MF_NS_PER_S;
    return true;
}

/* ---- what responses set ---- */

/* Seconds from now on, where Max-Age says so. */
static bool parse_age(struct mf_span value, int64_t at_ns, int64_t *ret_ns)
{
    enum { AGE_MAX_S = 400 * 86400 }; /* as browsers limit it */
    char digits[16];
    if (!value.len || value.len >= sizeof digits || !at_ns)
        return false;
    memcpy(digits, value.text, value.len);
    digits[value.len] = '\0';
    char *end;
    long long age = strtoll(digits, &end, 10);
    if (*end)
        return false;
    *ret_ns = at_ns + (int64_t)(age < 0           ? 0
                                : age > AGE_MAX_S ? AGE_MAX_S
                                                  : age) *
                          MF_NS_PER_S;
    return true;
}

struct cookie {
    struct mf_span name, value, path, domain, same_site;
    bool is_secure, is_http_only;
    bool has_age, has_expiry;
    int64_t expiry_ns;
};

static void take_attribute(struct cookie *cookie, struct mf_span part,
                           int64_t at_ns)
{
    struct mf_span name, value;
    take_pair(part, &name, &value);
    if (mf_http_is_name(name, "path"))
        cookie->path = value;
    else if (mf_http_is_name(name, "domain"))
        cookie->domain = value;
    else if (mf_http_is_name(name, "samesite"))
        cookie->same_site = value;
    else if (mf_http_is_name(name, "secure"))
        cookie->is_secure = true;
    else if (mf_http_is_name(name, "httponly"))
        cookie->is_http_only = true;
    else if (mf_http_is_name(name, "max-age"))
        cookie->has_age |= parse_age(value, at_ns, &cookie->expiry_ns);
    else if (mf_http_is_name(name, "expires") && !cookie->has_age)
        cookie->has_expiry |= mf_har_parse_date(value, &cookie->expiry_ns);
}

static void put_set_cookie(struct mf_json_out *json, struct mf_span header,
                           int64_t at_ns)
{
    struct cookie cookie = {.path = {"", 0}, .domain = {"", 0}};
    take_pair(take_part(&header), &cookie.name, &cookie.value);
    while (header.len)
        take_attribute(&cookie, take_part(&header), at_ns);
    mf_json_begin_object(json);
    put(json, "name", cookie.name);
    put(json, "value", cookie.value);
    if (cookie.path.len)
        put(json, "path", cookie.path);
    if (cookie.domain.len)
        put(json, "domain", cookie.domain);
    if (cookie.has_age || cookie.has_expiry) {
        mf_json_put_key(json, "expires");
        mf_json_put_time(json, cookie.expiry_ns);
    }
    mf_json_put_key(json, "httpOnly");
    mf_json_put_bool(json, cookie.is_http_only);
    mf_json_put_key(json, "secure");
    mf_json_put_bool(json, cookie.is_secure);
    if (cookie.same_site.len)
        put(json, "sameSite", cookie.same_site);
    mf_json_end_object(json);
}

void mf_har_put_cookies(struct mf_json_out *json,
                        const struct mf_http_half *half)
{
    struct mf_http_fields fields = mf_http_headers(half);
    struct mf_span name, value;
    mf_json_begin_array(json);
    while (mf_http_fields_next(&fields, &name, &value)) {
        if (half->is_request && mf_http_is_name(name, "cookie"))
            put_request_cookies(json, value);
        else if (!half->is_request && mf_http_is_name(name, "set-cookie"))
            put_set_cookie(json, value, half->start_ns);
    }
    mf_json_end_array(json);
}
