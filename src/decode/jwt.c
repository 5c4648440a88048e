#include "decode/jwt.h"

#include <string.h>

#include "codec/base64.h"
#include "decode/decoders.h"
#include "decode/inner.h"
#include "decode/json_view.h"

enum { TOKEN_MAX_LEN = 64 << 10, TOKENS_MAX = 100 };

static const char *const times[] = {"exp",       "iat",        "nbf",
                                    "auth_time", "updated_at", NULL};

static bool is_digit_of_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static size_t word_len(struct mf_span text, size_t at)
{
    size_t len = 0;
    while (at + len < text.len && is_digit_of_base64(text.text[at + len]))
        len++;
    return len;
}

/* Three words with dots between, of which the last may be empty (RFC 7515,
 * section 3.1, and unsecured ones); 0: it is none. */
static size_t token_len(struct mf_span text, size_t at)
{
    size_t header = word_len(text, at);
    size_t dot = at + header;
    if (header < 8 || dot >= text.len || text.text[dot] != '.')
        return 0;
    size_t claims = word_len(text, dot + 1);
    size_t second = dot + 1 + claims;
    if (!claims || second >= text.len || text.text[second] != '.')
        return 0;
    size_t len = second + 1 + word_len(text, second + 1) - at;
    return len <= TOKEN_MAX_LEN ? len : 0;
}

/* Where "eyJ" (which is {" in base64) is next, or NULL. Text has few J, so
 * these are looked for. */
static const char *find_start(struct mf_span text, size_t at)
{
    enum { BEFORE_J = 2 };
    for (at += BEFORE_J; at < text.len; at++) {
        const char *found = memchr(text.text + at, 'J', text.len - at);
        if (!found || (found[-1] == 'y' && found[-2] == 'e'))
            return found ? found - BEFORE_J : NULL;
        at = (size_t)(found - text.text);
    }
    return NULL;
}

bool mf_jwt_find(struct mf_span text, size_t *at, struct mf_span *ret_token)
{
    while (*at < text.len) {
        const char *found = find_start(text, *at);
        if (!found)
            break;
        size_t from = (size_t)(found - text.text);
        bool is_inside = from && is_digit_of_base64(text.text[from - 1]);
        size_t len = is_inside ? 0 : token_len(text, from);
        /* Past the whole word: a long one is looked at once. */
        *at = from + (len ? len : word_len(text, from));
        if (len) {
            *ret_token = (struct mf_span){found, len};
            return true;
        }
    }
    *at = text.len;
    return false;
}

/* One of its parts that are JSON. */
static int put_part(struct mf_view *view, const char *name, struct mf_span part,
                    uint64_t offset)
{
    struct mf_buf text;
    json_error_t error;
    json_t *json = NULL;
    mf_buf_init(&text, TOKEN_MAX_LEN);
    int rc = mf_base64_decode(part.text, part.len, &text);
    if (!rc)
        json = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL,
                          &error);
    mf_buf_release(&text);
    if (rc == MF_ENOMEM ||
        (!rc && !json && json_error_code(&error) == json_error_out_of_memory))
        return MF_ENOMEM;
    rc = json ? mf_json_view(view, name, json, times)
              : mf_view_fault(view, offset, "the %s is not JSON in base64url",
                              name);
    json_decref(json);
    return rc;
}

static int put_signature(struct mf_view *view, struct mf_span part)
{
    struct mf_buf bytes;
    mf_buf_init(&bytes, TOKEN_MAX_LEN);
    int rc = mf_base64_decode(part.text, part.len, &bytes);
    const struct mf_node node = {
        .kind = MF_NODE_BYTES,
        .name = MF_SPAN("signature"),
        .bytes = {(const char *)bytes.data, bytes.len},
    };
    if (rc != MF_ENOMEM)
        rc = mf_view_put(view, &node);
    mf_buf_release(&bytes);
    return rc;
}

static struct mf_span next_part(struct mf_span *rest)
{
    const char *dot = memchr(rest->text, '.', rest->len);
    size_t len = dot ? (size_t)(dot - rest->text) : rest->len;
    struct mf_span part = {rest->text, len};
    size_t step = dot ? len + 1 : len;
    *rest = mf_span_after(*rest, step);
    return part;
}

int mf_jwt_view(struct mf_view *view, struct mf_span token, uint64_t offset,
                bool is_placed)
{
    const struct mf_node group = {
        .kind = MF_NODE_GROUP,
        .name = MF_SPAN("token"),
        .type = MF_SPAN("JWT"),
        .offset = is_placed ? offset : 0,
        .len = is_placed ? token.len : 0,
    };
    struct mf_span rest = token;
    struct mf_span header = next_part(&rest), claims = next_part(&rest);
    int rc = mf_view_open(view, &group);
    if (rc)
        return rc;
    rc = mf_view_note(view, "not verified: nobody checked its signature");
    if (!rc)
        rc = put_part(view, "header", header, group.offset);
    if (!rc)
        rc = put_part(view, "claims", claims,
                      is_placed ? offset + header.len + 1 : 0);
    if (!rc)
        rc = put_signature(view, rest);
    mf_view_close(view);
    return rc;
}

/* Of text and JSON nothing is told but the tokens in them. */
int mf_decode__tokens(struct mf_decoding *decoding)
{
    struct mf_span text = decoding->body->data, token;
    size_t at = 0;
    int rc = 0;
    for (int i = 0; !rc && i < TOKENS_MAX && mf_jwt_find(text, &at, &token);
         i++)
        rc = mf_jwt_view(decoding->view, token,
                         (uint64_t)(token.text - text.text), true);
    return rc;
}
