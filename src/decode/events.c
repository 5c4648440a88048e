/* Server-sent events (HTML, section 9.2): each is a frame, its data a body. */
#include "decode/decoders.h"
#include "decode/inner.h"
#include "decode/sse.h"

static int put_fields(struct mf_decoding *decoding,
                      const struct mf_sse_event *event)
{
    int rc = 0;
    if (event->id.len)
        rc = mf_decode__row(decoding->view, "id", event->id);
    if (!rc && event->retry.len)
        rc = mf_decode__row(decoding->view, "retry", event->retry);
    if (!rc && event->comment.len)
        rc = mf_decode__row(decoding->view, "comment", event->comment);
    if (rc || !event->data.len)
        return rc;
    const struct mf_body inner = {
        .place = decoding->body->place,
        .data = event->data,
        .content_type = MF_SPAN_NONE,
        .is_cut = event->is_cut,
        .is_text_message = true, /* the stream is text */
    };
    return mf_decode__show(decoding, &inner);
}

static int put_event(struct mf_decoding *decoding, uint64_t number,
                     const struct mf_sse_event *event)
{
    const struct mf_node frame = {
        .kind = MF_NODE_FRAME,
        .name = event->type,
        .number = number,
        .offset = event->offset,
        .len = event->len,
        .is_cut = event->is_cut,
    };
    int rc = mf_view_open(decoding->view, &frame);
    if (rc)
        return rc;
    rc = put_fields(decoding, event);
    mf_view_close(decoding->view);
    return rc;
}

int mf_decode__events(struct mf_decoding *decoding)
{
    struct mf_sse sse;
    struct mf_sse_event event;
    mf_sse_init(&sse, decoding->body->data);
    int rc = 0;
    for (uint64_t number = 1; rc == 0 && (rc = mf_sse_next(&sse, &event)) == 1;
         number++)
        rc = put_event(decoding, number, &event);
    mf_sse_release(&sse);
    return rc;
}
