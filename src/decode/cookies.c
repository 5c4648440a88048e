#include "decode/cookies.h"

#include <string.h>
#include <time.h>

#include "codec/params.h"
#include "decode/inner.h"
#include "decode/jwt.h"

/* "name=value"; without '=' it is all value, as browsers read it. */
static void split(struct mf_span pair, struct mf_span *ret_name,
                  struct mf_span *ret_value)
{
    const char *equals = memchr(pair.text, '=', pair.len);
    size_t len = equals ? (size_t)(equals - pair.text) : 0;
    size_t value_at = equals ? len + 1 : 0;
    *ret_name = mf_span_trim((struct mf_span){pair.text, len});
    *ret_value = mf_span_trim(mf_span_after(pair, value_at));
}

static int put_token(struct mf_view *view, struct mf_span value)
{
    struct mf_span token;
    size_t at = 0;
    return mf_jwt_find(value, &at, &token) ? mf_jwt_view(view, token, 0, false)
                                           : 0;
}

/* The next of `rest` up to a ';'. False: there is none. */
static bool next_pair(struct mf_span *rest, struct mf_span *ret_pair)
{
    if (!rest->len)
        return false;
    const char *end = memchr(rest->text, ';', rest->len);
    size_t len = end ? (size_t)(end - rest->text) : rest->len;
    size_t step = end ? len + 1 : len;
    *ret_pair = mf_span_trim((struct mf_span){rest->text, len});
    *rest = mf_span_after(*rest, step);
    return true;
}

int mf_cookies_view(struct mf_view *view, struct mf_span value)
{
    struct mf_span pair;
    int rc = 0;
    while (!rc && next_pair(&value, &pair)) {
        struct mf_node row = {.kind = MF_NODE_ROW};
        split(pair, &row.name, &row.text);
        if (pair.len)
            rc = mf_decode__put(view, &row);
        if (!rc)
            rc = put_token(view, row.text);
    }
    return rc;
}

/* The three forms of an HTTP date (RFC 9110, section 5.6.7), and the one with
 * dashes that servers write into cookies. False: it is none. */
static bool read_date(struct mf_span text, char out[32])
{
    static const char *const formats[] = {
        "%a, %d %b %Y %H:%M:%S GMT",
        "%a, %d-%b-%Y %H:%M:%S GMT",
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %d %H:%M:%S %Y",
    };
    char date[64];
    if (text.len >= sizeof date)
        return false;
    memcpy(date, text.text, text.len);
    date[text.len] = '\0';
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct tm tm = {0};
        const char *end = strptime(date, formats[i], &tm);
        if (end && !*end && tm.tm_year >= 0 && tm.tm_year < 8100)
            return strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
    }
    return false;
}

static int put_attribute(struct mf_view *view, struct mf_span pair)
{
    char date[32];
    struct mf_node row = {.kind = MF_NODE_ROW};
    split(pair, &row.name, &row.text);
    if (!row.name.len) { /* Secure, HttpOnly */
        row.name = row.text;
        row.kind = MF_NODE_BOOL;
        row.text = MF_SPAN("true");
    } else if (mf_span_is(row.name, "expires") && read_date(row.text, date)) {
        row.kind = MF_NODE_TIME;
        row.also = row.text;
        row.text = (struct mf_span){date, strlen(date)};
    } else if (mf_span_is(row.name, "max-age")) {
        row.kind = MF_NODE_NUMBER;
    }
    return mf_decode__put(view, &row);
}

int mf_set_cookie_view(struct mf_view *view, struct mf_span value)
{
    struct mf_span pair = MF_SPAN_NONE;
    struct mf_node cookie = {.kind = MF_NODE_GROUP, .type = MF_SPAN("cookie")};
    next_pair(&value, &pair);
    split(pair, &cookie.name, &cookie.text);
    int rc = mf_view_open(view, &cookie);
    if (rc)
        return rc;
    rc = put_token(view, cookie.text);
    while (!rc && next_pair(&value, &pair))
        if (pair.len)
            rc = put_attribute(view, pair);
    mf_view_close(view);
    return rc;
}
