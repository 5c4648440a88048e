/* Whether a record matches. What is looked at is mitmproxy's choice
 * (mitmproxy/flowfilter.py) where the operator is. */
#include <string.h>

#include "base/buf.h"
#include "flow/lookup.h"
#include "query/filter_impl.h"
#include "query/pattern.h"
#include "query/sets.h"

/* More than a host name can have. */
enum { HOST_MAX_LEN = 1024 };

/* A text made once for all leaves that look at it. */
struct made {
    bool is_made;
    bool is_there;
    struct mf_buf buf;
    struct mf_span text;
};

struct match {
    const struct mf_record_head *head;
    const struct mf_flow *flow;
    struct mf_pattern_effort effort;
    struct made headers[2]; /* by enum mf_half */
    struct made bodies[2];
    struct made dns[2];
};

static struct mf_span buf_span(const struct mf_buf *buf)
{
    return (struct mf_span){(const char *)buf->data, buf->len};
}

static struct mf_span string_span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static bool finds(struct match *match, const struct mf_term *term,
                  struct mf_span text)
{
    return mf_pattern_finds(term->pattern, text, &match->effort);
}

/* ---- texts that are made ---- */

static struct made *made_headers(struct match *match, enum mf_half half)
{
    struct made *made = &match->headers[half];
    if (!made->is_made) {
        made->is_made = true;
        mf_buf_init(&made->buf, SIZE_MAX);
        made->is_there =
            mf_flow_has_half(match->flow, half) &&
            mf_flow_put_header_lines(match->flow, half, &made->buf) == 0;
        made->text = buf_span(&made->buf);
    }
    return made;
}

static struct made *made_body(struct match *match, enum mf_half half)
{
    struct made *made = &match->bodies[half];
    if (!made->is_made) {
        made->is_made = true;
        mf_buf_init(&made->buf, MF_BODY_SEARCHED_MAX_LEN);
        made->is_there =
            mf_flow_body(match->flow, half, &made->buf, &made->text);
    }
    return made;
}

static struct made *made_dns(struct match *match, enum mf_half half)
{
    struct made *made = &match->dns[half];
    if (!made->is_made) {
        made->is_made = true;
        mf_buf_init(&made->buf, MF_BODY_SEARCHED_MAX_LEN);
        made->is_there =
            mf_flow_has_half(match->flow, half) &&
            mf_flow_put_dns_text(match->flow, half, &made->buf) == 0;
        made->text = buf_span(&made->buf);
    }
    return made;
}

static void release(struct match *match)
{
    for (int half = 0; half < 2; half++) {
        mf_buf_release(&match->headers[half].buf);
        mf_buf_release(&match->bodies[half].buf);
        mf_buf_release(&match->dns[half].buf);
    }
}

static bool finds_made(struct match *match, const struct mf_term *term,
                       const struct made *made)
{
    return made->is_there && finds(match, term, made->text);
}

/* ---- leaves ---- */

static bool is_http(const struct match *match)
{
    return mf_flow_type(match->flow) == MF_FLOW_HTTP;
}

static bool content_type(struct match *match, const struct mf_term *term,
                         enum mf_half half)
{
    struct mf_flow_headers headers = mf_flow_headers(match->flow, half);
    struct mf_span name, value;
    if (!is_http(match))
        return false;
    while (mf_flow_headers_next(&headers, &name, &value))
        if (mf_flow_is_content_type(name) &&
            (term->kind == MF_TERM_ASSET ? mf_is_asset_type(value)
                                         : finds(match, term, value)))
            return true;
    return false;
}

static bool messages(struct match *match, const struct mf_term *term)
{
    struct mf_flow_messages messages = mf_flow_messages(match->flow);
    struct mf_flow_message message;
    bool from_client = term->kind != MF_TERM_BODY_RESPONSE;
    bool from_server = term->kind != MF_TERM_BODY_REQUEST;
    if (is_http(match) && !mf_flow_facts(match->flow)->is_websocket)
        return false;
    while (mf_flow_messages_next(&messages, &message))
        if ((message.from_client ? from_client : from_server) &&
            finds(match, term, message.content))
            return true;
    return false;
}

static bool body(struct match *match, const struct mf_term *term)
{
    bool in_request = term->kind != MF_TERM_BODY_RESPONSE;
    bool in_response = term->kind != MF_TERM_BODY_REQUEST;
    struct made *(*make)(struct match * match, enum mf_half half) =
        mf_flow_type(match->flow) == MF_FLOW_DNS ? made_dns : made_body;
    return (in_request &&
            finds_made(match, term, make(match, MF_HALF_REQUEST))) ||
           (in_response &&
            finds_made(match, term, make(match, MF_HALF_RESPONSE))) ||
           messages(match, term);
}

static bool header(struct match *match, const struct mf_term *term)
{
    if (!is_http(match))
        return false;
    return (term->kind != MF_TERM_HEADER_RESPONSE &&
            finds_made(match, term, made_headers(match, MF_HALF_REQUEST))) ||
           (term->kind != MF_TERM_HEADER_REQUEST &&
            finds_made(match, term, made_headers(match, MF_HALF_RESPONSE)));
}

static bool domain(struct match *match, const struct mf_term *term)
{
    return is_http(match) &&
           (finds(match, term, mf_flow_host(match->flow)) ||
            finds(match, term, mf_flow_pretty_host(match->flow)));
}

static bool url(struct match *match, const struct mf_term *term)
{
    const struct mf_flow_facts *facts = mf_flow_facts(match->flow);
    if (is_http(match))
        return finds(match, term,
                     facts->pretty_url.len ? facts->pretty_url : facts->url);
    struct mf_span name = mf_flow_asked_name(match->flow);
    return name.text && finds(match, term, name);
}

static bool peer(struct match *match, const struct mf_term *term,
                 struct mf_flow_peer peer)
{
    char text[HOST_MAX_LEN + MF_PORT_TEXT_LEN];
    if (!peer.host.len || peer.host.len > HOST_MAX_LEN)
        return false;
    size_t len = mf_peer_text(peer.host, peer.port, text);
    return finds(match, term, (struct mf_span){text, len});
}

static bool metadata(struct match *match, const struct mf_term *term)
{
    struct mf_buf lines;
    mf_buf_init(&lines, SIZE_MAX);
    bool found = mf_flow_put_metadata(match->flow, &lines) == 0 &&
                 finds(match, term, buf_span(&lines));
    mf_buf_release(&lines);
    return found;
}

static bool finds_text(void *user, const char *text, size_t len)
{
    const struct mf_term *term = user;
    return mf_text_finds(term->text, (struct mf_span){text, len});
}

static bool bare_word(struct match *match, const struct mf_term *term)
{
    void *user = (void *)(uintptr_t)term; /* not written to */
    return mf_text_finds(term->text, string_span(match->head->note)) ||
           (term->text.len >= MF_ID_NEEDLE_MIN_LEN &&
            mf_text_finds(term->text, mf_flow_id(match->flow))) ||
           mf_flow_each_text(match->flow, finds_text, user);
}

static bool replayed(const struct match *match, const char *half)
{
    struct mf_span replayed = mf_flow_replayed(match->flow);
    return replayed.len == strlen(half) &&
           memcmp(replayed.text, half, replayed.len) == 0;
}

static bool status(const struct match *match, const struct mf_term *term)
{
    int64_t code = mf_flow_facts(match->flow)->status_code;
    return is_http(match) && mf_flow_has_half(match->flow, MF_HALF_RESPONSE) &&
           code >= term->range.number.first && code <= term->range.number.last;
}

static bool has_response(const struct match *match)
{
    return mf_flow_has_half(match->flow, MF_HALF_RESPONSE);
}

static bool has_no_response(const struct match *match)
{
    enum mf_flow_type type = mf_flow_type(match->flow);
    return (type == MF_FLOW_HTTP || type == MF_FLOW_DNS) &&
           !has_response(match);
}

static bool number(const struct match *match, const struct mf_term *term)
{
    const union mf_range *range = &term->range;
    const struct mf_flow *flow = match->flow;
    if (term->kind == MF_TERM_SIZE)
        return mf_flow_size(flow) >= range->size.first &&
               mf_flow_size(flow) <= range->size.last;
    if (term->kind == MF_TERM_DURATION)
        return mf_flow_duration_ms(flow) >= range->duration.first_ms &&
               mf_flow_duration_ms(flow) <= range->duration.last_ms;
    return mf_flow_start_ns(flow) >= range->number.first &&
           mf_flow_start_ns(flow) <= range->number.last;
}

/* Leaves that have no pattern. */
static bool plain_leaf(struct match *match, const struct mf_term *term)
{
    const struct mf_flow *flow = match->flow;
    switch (term->kind) {
    case MF_TERM_ASSET:
        return content_type(match, term, MF_HALF_RESPONSE);
    case MF_TERM_ERROR:
        return mf_flow_error(flow).len > 0;
    case MF_TERM_MARKED:
        return mf_flow_marker(flow).len > 0;
    case MF_TERM_REPLAY:
        return replayed(match, "request") || replayed(match, "response");
    case MF_TERM_REPLAY_REQUEST:
        return replayed(match, "request");
    case MF_TERM_REPLAY_RESPONSE:
        return replayed(match, "response");
    case MF_TERM_NO_RESPONSE:
        return has_no_response(match);
    case MF_TERM_RESPONSE:
        return has_response(match);
    case MF_TERM_WEBSOCKET:
        return is_http(match) && mf_flow_facts(flow)->is_websocket;
    case MF_TERM_PINNED:
        return match->head->pinned;
    case MF_TERM_NOTED:
        return match->head->note[0] != '\0';
    case MF_TERM_LOST:
        return match->head->state == MF_FLOW_CUT_OFF ||
               mf_flow_lacks_body(flow);
    case MF_TERM_TEXT:
        return bare_word(match, term);
    case MF_TERM_ID:
        return mf_text_finds(term->text, mf_flow_id(flow));
    case MF_TERM_MEDIA_TYPE:
        return mf_media_type_finds(term->text,
                                   mf_flow_facts(flow)->content_type);
    case MF_TERM_STATUS:
        return status(match, term);
    case MF_TERM_TYPES:
        return term->types & 1U << mf_flow_type(flow);
    case MF_TERM_IDS:
        return mf_text_set_has(&term->set, mf_flow_id(flow));
    case MF_TERM_CLIENTS:
        return mf_text_set_has(&term->set, mf_flow_client(flow).host);
    case MF_TERM_METHODS:
        return is_http(match) &&
               mf_text_set_has(&term->set, mf_flow_facts(flow)->method);
    default:
        return number(match, term);
    }
}

static bool pattern_leaf(struct match *match, const struct mf_term *term)
{
    const struct mf_flow *flow = match->flow;
    switch (term->kind) {
    case MF_TERM_BODY:
    case MF_TERM_BODY_REQUEST:
    case MF_TERM_BODY_RESPONSE:
        return body(match, term);
    case MF_TERM_CONTENT_TYPE:
        return content_type(match, term, MF_HALF_REQUEST) ||
               content_type(match, term, MF_HALF_RESPONSE);
    case MF_TERM_CONTENT_TYPE_REQUEST:
        return content_type(match, term, MF_HALF_REQUEST);
    case MF_TERM_CONTENT_TYPE_RESPONSE:
        return content_type(match, term, MF_HALF_RESPONSE);
    case MF_TERM_HEADER:
    case MF_TERM_HEADER_REQUEST:
    case MF_TERM_HEADER_RESPONSE:
        return header(match, term);
    case MF_TERM_METHOD:
        return is_http(match) &&
               finds(match, term, mf_flow_facts(flow)->method);
    case MF_TERM_DOMAIN:
        return domain(match, term);
    case MF_TERM_URL:
        return url(match, term);
    case MF_TERM_SRC:
        return peer(match, term, mf_flow_client(flow));
    case MF_TERM_DST:
        return peer(match, term, mf_flow_server(flow));
    case MF_TERM_META:
        return metadata(match, term);
    case MF_TERM_MARKER:
        return finds(match, term, mf_flow_marker(flow));
    case MF_TERM_COMMENT:
        return finds(match, term, mf_flow_comment(flow));
    case MF_TERM_DEVICE:
        return finds(match, term, mf_flow_client(flow).host);
    case MF_TERM_SOURCE:
        return finds(match, term, string_span(match->head->source));
    default:
        return finds(match, term, string_span(match->head->note));
    }
}

static bool matches(struct match *match, const struct mf_term *term)
{
    if (match->effort.is_limited)
        return false;
    switch (term->kind) {
    case MF_TERM_ALL:
        return true;
    case MF_TERM_AND:
        for (size_t i = 0; i < term->count; i++)
            if (!matches(match, term->items[i]))
                return false;
        return true;
    case MF_TERM_OR:
        for (size_t i = 0; i < term->count; i++)
            if (matches(match, term->items[i]))
                return true;
        return false;
    case MF_TERM_NOT:
        return !matches(match, term->items[0]);
    default:
        return term->kind >= MF_TERM_BODY && term->kind <= MF_TERM_NOTE
                   ? pattern_leaf(match, term)
                   : plain_leaf(match, term);
    }
}

bool mf_filter_match(const struct mf_filter *filter,
                     const struct mf_record *record, bool *ret_limited)
{
    struct match match = {
        .head = mf_record_head(record),
        .flow = mf_record_flow(record),
    };
    if (!match.flow)
        return false;
    bool is_match = matches(&match, filter->root);
    release(&match);
    if (!match.effort.is_limited)
        return is_match;
    if (ret_limited)
        *ret_limited = true;
    return false;
}
