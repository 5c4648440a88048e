/* mf_outbox against a server that is a few calls, with a real spool: what is
 * put in, what comes out. */
#ifndef MF_TESTS_UNIT_EXPORTER_OUTBOX_SUPPORT_H
#define MF_TESTS_UNIT_EXPORTER_OUTBOX_SUPPORT_H

#include "../cmocka.h"

#include "base/clock.h"
#include "exporter/sender/outbox.h"

#define MS ((int64_t)MF_NS_PER_MS)

extern const struct mf_abilities ALL, WHOLE_ONLY;

/* The disk is full for so many writes (of pwrite64(), which is wrapped). */
extern int writes_that_fail;

struct fixture {
    struct mf_queue *queue;
    struct mf_outbox *outbox;
    struct mf_outgoing out;
    int64_t now_ns;
    bool is_busy; /* what is pushed stays in the queue */
    char dir[64];
    uint8_t message[1 << 16]; /* the last that was sent */
    size_t len;
    uint64_t losses; /* that the spool told of */
};

/* Without a spool; `queue_max` as mf_queue_new(). */
void begin_with(struct fixture *f, size_t queue_max);
void begin(struct fixture *f);
/* In a folder of its own, which goes at the end; again in the same one. */
void open_spool_of(struct fixture *f, uint64_t max_bytes);
void open_spool(struct fixture *f);
void begin_with_spool(struct fixture *f);
/* Nothing is left in memory then. */
void end(struct fixture *f);

/* Bodies and flows that were given back. */
size_t count_dead(struct fixture *f);
struct mf_outbox_stats stats_of(struct fixture *f);

/* ---- what is put in ---- */

enum { LIVE, ENDS };

/* What an encoder holds of flow `id`; `flow` is its owner's, or NULL. */
void push(struct fixture *f, const struct mf_encoder *enc,
          struct mf_label label, const char *id, void *flow);

/* A flow whose error says `text`; `object` owns its body. */
void whole_with(struct fixture *f, const char *id, const char *text, int is_end,
                void *object);
void whole(struct fixture *f, const char *id, const char *text, int is_end);
void part(struct fixture *f, const char *id, const char *text, int is_end);
/* The same of a flow that grows. */
void grown(struct fixture *f, const char *id, const char *text, int is_end,
           void *flow);
void append(struct fixture *f, const char *id, const char *text, int is_end,
            void *flow);
void connection(struct fixture *f, const char *text);
/* So many flows that have ended, of 4 KB each. */
void fill(struct fixture *f, unsigned count);

/* ---- what comes out ---- */

/* The next message, which said() tells as a line: "whole ID TEXT", "part ID
 * TEXT" and so on. */
bool next(struct fixture *f, const struct mf_abilities *abilities);
const char *said(struct fixture *f);
#define assert_next(f, abilities, line)     \
    do {                                    \
        assert_true(next(f, abilities));    \
        assert_string_equal(said(f), line); \
    } while (0)

void pass(struct fixture *f, int64_t ns);
void ack(struct fixture *f, size_t count);
/* Flow `id` is missing there. */
void ack_missing(struct fixture *f, size_t count, const char *id);
void disconnect(struct fixture *f);

#endif
