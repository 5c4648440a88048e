/*
 * Conversations with language models, in JSON: of OpenAI's chat completions,
 * completions and responses, of Anthropic's messages, and of the many that
 * speak as these do. Private to src/decode.
 */
#ifndef MF_DECODE_LLM_H
#define MF_DECODE_LLM_H

#include "decode/json_tree.h"

enum mf_llm_api {
    MF_LLM_CHAT,
    MF_LLM_COMPLETIONS,
    MF_LLM_RESPONSES,
    MF_LLM_MESSAGES, /* Anthropic's */
};

/* Tell the turns of a request, or those of an answer; turns are counted from
 * *turns up. */
int mf_llm_tell_request_turns(struct mf_view *view, enum mf_llm_api api,
                              const json_t *request, uint64_t *turns);
int mf_llm_tell_answer_turns(struct mf_view *view, enum mf_llm_api api,
                             const json_t *answer, uint64_t *turns);

/* An answer put together from the events of a stream, as if it had come
 * whole. */
struct mf_llm_stream;

int mf_llm_stream_new(struct mf_llm_stream **ret_stream);
void mf_llm_stream_free(struct mf_llm_stream *stream);

/* Read all events. MF_ENOMEM. */
int mf_llm_stream_read(struct mf_llm_stream *stream, struct mf_span events);

/* The answer so far, until the stream is freed. */
const json_t *mf_llm_stream_answer(struct mf_llm_stream *stream);

/* Tell what is to be said of the stream: events that are not known, and that
 * it broke off. `len` is that of the body. */
int mf_llm_stream_tell_notes(const struct mf_llm_stream *stream,
                             struct mf_view *view, uint64_t len);

#endif
