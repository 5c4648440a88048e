#include "service/learner.h"

#include <stdlib.h>

#include "base/log.h"
#include "codec/encoding.h"
#include "decode/reflection.h"
#include "flow/body_http.h"
#include "flow/kept.h"
#include "service/body_source.h"

enum { AT_ONCE_MAX = 8 };

/* Of an answer without its content encoding, which gRPC does not use. */
#define BODY_MAX_LEN ((size_t)16 << 20)

struct lesson {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_context *context;
    struct mf_flow *flow; /* a reference */
    bool is_new;
};

static bool learn(const struct lesson *lesson, const struct mf_kept_body *kept)
{
    const struct mf_body_http http = mf_flow_body_http(lesson->flow);
    struct mf_body body = {
        .place = MF_BODY_RESPONSE,
        .data = kept->decoded.len ? kept->decoded : kept->wire,
        .content_type = kept->content_type,
        .http = &http,
    };
    struct mf_buf plain;
    mf_buf_init(&plain, BODY_MAX_LEN);
    if (!kept->decoded.len && kept->content_encoding.len) {
        mf_encoding_decode_all(kept->content_encoding.text,
                               kept->content_encoding.len, kept->wire.text,
                               kept->wire.len, &plain);
        body.data =
            (struct mf_span){plain.data ? (char *)plain.data : "", plain.len};
    }
    bool is_new = mf_reflection_learn(lesson->context->types, &body);
    mf_buf_release(&plain);
    return is_new;
}

static void work(struct mf_job *job, struct mf_reader *reader)
{
    struct lesson *lesson = (struct lesson *)job;
    struct mf_kept_body kept;
    (void)reader;
    if (mf_flow_kept_body(lesson->flow, MF_HALF_RESPONSE, &kept))
        lesson->is_new = learn(lesson, &kept);
}

static void done(struct mf_job *job)
{
    struct lesson *lesson = (struct lesson *)job;
    lesson->context->learning--;
    if (lesson->is_new)
        mf_log(MF_LOG_DEBUG,
               "learned from a reflection answer: %zu message types are known",
               mf_types_count(lesson->context->types));
    mf_flow_unref(lesson->flow);
    free(lesson);
}

void mf_learner_see(struct mf_context *context, struct mf_flow *flow)
{
    const struct mf_flow_facts *facts = mf_flow_facts(flow);
    if (!context->types || !context->pool ||
        mf_flow_type(flow) != MF_FLOW_HTTP ||
        !mf_reflection_is_url(facts->url) || facts->status_code == 0 ||
        context->learning == AT_ONCE_MAX)
        return;
    struct lesson *lesson = calloc(1, sizeof *lesson);
    if (!lesson)
        return;
    context->learning++;
    lesson->context = context;
    lesson->flow = mf_flow_ref(flow);
    lesson->job.work = work;
    lesson->job.done = done;
    mf_pool_run(context->pool, &lesson->job);
}
