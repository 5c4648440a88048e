#include "service/learner.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "codec/encoding.h"
#include "decode/reflection.h"
#include "flow/body_http.h"
#include "flow/kept.h"
#include "service/body_source.h"

enum { AT_ONCE_MAX = 8 };

/* Of an answer without its content encoding, which gRPC does not use. */
#define BODY_MAX_LEN ((size_t)16 << 20)

_Static_assert((int)MF_STORE_DESCRIPTORS_MAX == (int)MF_TYPES_FILES_MAX &&
                   MF_STORE_DESCRIPTORS_MAX_LEN == MF_TYPES_FILES_MAX_LEN,
               "the store has room for what may be learned");

/* ---- Learning ---- */

struct lesson {
    struct mf_job job; /* first: jobs are cast back */
    struct mf_context *context;
    uint64_t number;      /* of the flow */
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
    struct mf_span encoding = mf_encoding_list_value(&kept->encodings);
    if (!kept->decoded.len && encoding.len) {
        mf_encoding_decode_all(encoding.text, encoding.len, kept->wire.text,
                               kept->wire.len, &plain);
        body.data =
            (struct mf_span){plain.data ? (char *)plain.data : "", plain.len};
    }
    bool is_new =
        mf_reflection_learn(lesson->context->types, lesson->number, &body);
    mf_buf_release(&plain);
    return is_new;
}

/* One that is not kept for whatever reason is kept when it comes again. */
static bool keep(void *user, const struct mf_types_file *file)
{
    struct mf_store *store = user;
    return mf_store_put_descriptor(store, file->origin, file->name,
                                   file->bytes) == 0;
}

static void work(struct mf_job *job, struct mf_reader *reader)
{
    struct lesson *lesson = (struct lesson *)job;
    struct mf_context *context = lesson->context;
    struct mf_kept_body kept;
    (void)reader;
    if (!mf_flow_kept_body(lesson->flow, MF_HALF_RESPONSE, &kept))
        return;
    lesson->is_new = learn(lesson, &kept);
    mf_types_hand_over(context->types, keep, context->store);
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

static void see(struct mf_context *context, const struct mf_record *record)
{
    struct mf_flow *flow = mf_record_flow(record);
    if (!flow || mf_flow_type(flow) != MF_FLOW_HTTP ||
        context->learning == AT_ONCE_MAX)
        return;
    const struct mf_flow_facts *facts = mf_flow_facts(flow);
    if (!mf_reflection_is_url(facts->url) || facts->status_code == 0)
        return;
    struct lesson *lesson = calloc(1, sizeof *lesson);
    if (!lesson)
        return;
    context->learning++;
    lesson->context = context;
    lesson->number = mf_record_head(record)->number;
    lesson->flow = mf_flow_ref(flow);
    lesson->job.work = work;
    lesson->job.done = done;
    mf_pool_run(context->pool, &lesson->job);
}

void mf_learner_see(struct mf_context *context, const struct mf_change *changes,
                    size_t count)
{
    if (!context->types || !context->pool)
        return;
    for (size_t i = 0; i < count; i++)
        if (changes[i].record)
            see(context, changes[i].record);
}

/* ---- What was learned before ---- */

struct memory {
    struct mf_types_file *files; /* their bytes are owned */
    size_t count, cap;
};

static int add(void *user, const struct mf_kept_descriptor *descriptor)
{
    struct memory *memory = user;
    struct mf_types_file *files = mf_array_grow(memory->files, memory->count,
                                                &memory->cap, sizeof *files);
    if (!files)
        return MF_ENOMEM;
    memory->files = files;
    char *copy = malloc(descriptor->bytes.len + 1);
    if (!copy)
        return MF_ENOMEM;
    memcpy(copy, descriptor->bytes.text, descriptor->bytes.len);
    files[memory->count++] = (struct mf_types_file){
        .origin = descriptor->flow,
        .bytes = {copy, descriptor->bytes.len},
    };
    return 0;
}

static int read_all(struct mf_store *store, struct memory *memory,
                    struct mf_err *err)
{
    struct mf_reader *reader;
    int rc = mf_reader_open(store, &reader, err);
    if (rc)
        return rc;
    rc = mf_reader_descriptors(reader, add, memory, err);
    mf_reader_close(reader);
    return rc;
}

void mf_learner_remember(struct mf_context *context)
{
    struct memory memory = {0};
    struct mf_err err = {0};
    if (!context->types)
        return;
    if (read_all(context->store, &memory, &err))
        mf_log(MF_LOG_WARN, "message types that were learned before: %s",
               err.text);
    size_t known = mf_types_restore(context->types, memory.files, memory.count);
    if (known)
        mf_log(MF_LOG_INFO,
               "%zu message types are known, with those that were learned "
               "before",
               mf_types_count(context->types));
    if (known < memory.count)
        mf_log(MF_LOG_WARN,
               "%zu of %zu files of message types that were learned before "
               "cannot be used",
               memory.count - known, memory.count);
    for (size_t i = 0; i < memory.count; i++)
        free((char *)(uintptr_t)memory.files[i].bytes.text);
    free(memory.files);
}
