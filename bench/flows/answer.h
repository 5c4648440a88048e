/* Messages of one answer over gRPC, put together from its bytes. */
#ifndef MF_BENCH_ANSWER_H
#define MF_BENCH_ANSWER_H

#include "base/buf.h"

struct answer {
    struct mf_buf buf; /* of what is not handed out yet */
};

void answer_init(struct answer *answer);
void answer_release(struct answer *answer);

/* Hand out each message that is whole; `data` is borrowed for the call. */
void answer_take(struct answer *answer, const uint8_t *data, size_t len,
                 void (*on_message)(void *user, const uint8_t *data,
                                    size_t len),
                 void *user);

#endif
