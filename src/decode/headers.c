/* Fields of a message that have something inside. */
#include <string.h>

#include "codec/base64.h"
#include "codec/params.h"
#include "decode/cookies.h"
#include "decode/inner.h"
#include "decode/jwt.h"

struct visit {
    struct mf_view *view;
    int rc;
};

/* The user's name; the password stays where it is. */
static int put_basic(struct mf_view *view, struct mf_span text)
{
    enum { CREDENTIALS_MAX_LEN = 8192 };
    struct mf_buf plain;
    mf_buf_init(&plain, CREDENTIALS_MAX_LEN);
    int rc = mf_base64_decode(text.text, text.len, &plain);
    const char *colon = plain.len ? memchr(plain.data, ':', plain.len) : NULL;
    if (rc == MF_ENOMEM)
        ;
    else if (rc || !colon)
        rc = mf_view_note(view,
                          "the credentials are not base64 of USER:PASSWORD");
    else
        rc = mf_decode__row(
            view, "user",
            (struct mf_span){(const char *)plain.data,
                             (size_t)(colon - (const char *)plain.data)});
    mf_buf_release(&plain);
    return rc;
}

static bool is_authorization(struct mf_span name)
{
    return mf_span_is(name, "authorization") ||
           mf_span_is(name, "proxy-authorization");
}

static int put_inside(struct mf_view *view, struct mf_span name,
                      struct mf_span value)
{
    struct mf_span token;
    size_t at = 0;
    int rc = 0;
    if (mf_span_is(name, "cookie"))
        return mf_cookies_view(view, value);
    if (mf_span_is(name, "set-cookie"))
        return mf_set_cookie_view(view, value);
    if (is_authorization(name) && mf_span_starts(value, "basic "))
        return put_basic(view, mf_span_trim((struct mf_span){value.text + 6,
                                                             value.len - 6}));
    while (!rc && mf_jwt_find(value, &at, &token))
        rc = mf_jwt_view(view, token, 0, false);
    return rc;
}

static bool is_interesting(struct mf_span name, struct mf_span value)
{
    struct mf_span token;
    size_t at = 0;
    return mf_span_is(name, "cookie") || mf_span_is(name, "set-cookie") ||
           (is_authorization(name) && mf_span_starts(value, "basic ")) ||
           mf_jwt_find(value, &at, &token);
}

static bool visit(void *to, struct mf_span name, struct mf_span value)
{
    struct visit *state = to;
    if (!is_interesting(name, value))
        return false;
    const struct mf_node group = {.kind = MF_NODE_GROUP, .name = name};
    state->rc = mf_view_open(state->view, &group);
    if (state->rc)
        return true;
    state->rc = put_inside(state->view, name, value);
    mf_view_close(state->view);
    return state->rc != 0;
}

int mf_decode_headers(const struct mf_body_http *http,
                      enum mf_header_place place, struct mf_view *view)
{
    struct visit state = {.view = view};
    http->each_header(http->user, place, visit, &state);
    return state.rc;
}
