/*
 * What the files of mf_outbox share: the things that have to reach a server,
 * and the lists they stand in.
 *
 * A thing is a flow, or something loose: a message of a growing flow, an event
 * of a connection. It is due for as long as what is known of it is neither at a
 * server nor in the spool. It waits while some of it was not sent on this
 * connection: at first gathering, if it is likely that more of it comes at
 * once, then ready.
 */
#ifndef MF_EXPORTER_OUTBOX_STATE_H
#define MF_EXPORTER_OUTBOX_STATE_H

#include "base/map.h"
#include "exporter/sender/losses.h"
#include "exporter/sender/outbox.h"
#include "exporter/sender/piece.h"

/* A place in a list, or the list itself. */
struct mf_node {
    struct mf_node *prev, *next; /* NULL: in none */
};

struct mf_thing {
    struct mf_node wait; /* in `ready` or `gathering` */
    struct mf_node due;
    bool is_flow;
    bool is_ready;
    int64_t waits_ns; /* since when it waits, or is due */
    int64_t due_ns;
    size_t in_flight; /* messages with it */
    size_t memory;
    mf_spool_position position; /* where it was kept last; 0: nowhere */
};

struct mf_flow_entry {
    struct mf_thing thing;
    struct mf_node idle;
    struct mf_label label; /* of the last that came */
    struct mf_redact_flow redact;
    bool is_skipped; /* a rule leaves it out */
    /* What is known of it: the whole, if has_whole, then parts. What comes of
     * a growing flow is all loose, in its order. */
    struct mf_piece *first, *last;
    size_t pieces;
    bool has_whole;
    /* Each change is a version; up to which it was ... */
    unsigned version;
    unsigned sent;    /* on the connection `connection`; else 0 */
    unsigned acked;   /* to this or an earlier server */
    unsigned spooled; /* at thing.position */
    unsigned connection;
    bool is_held_back; /* it waits for an acknowledgement */
    size_t own_len;    /* of `memory`, what is not mitmproxy's anyway */
    size_t idle_len;   /* what it counts for while idle */
    /* Of a growing flow. */
    bool is_growing;
    bool is_wanted;
    void *object; /* the queue's; NULL: none */
    unsigned attempt;
    size_t loose; /* things of it */
    size_t kept;  /* records of it in the spool that are not wholes */
    mf_spool_position whole; /* the last that is; 0: none */
    uint64_t replaced_to;    /* those before this one are of no use */
};

struct mf_loose {
    struct mf_thing thing;
    struct mf_label label;
    struct mf_piece *piece;     /* an ExportFlowRequest */
    struct mf_flow_entry *flow; /* NULL: of none */
    uint64_t number;            /* in order of arrival */
};

/* One message in flight. */
struct mf_flight {
    struct mf_thing *thing; /* NULL: from the spool, or a loss */
    unsigned version;
    mf_spool_position position;
    bool is_whole;
    enum mf_kind kind;
    uint8_t id_len;
    char id[MF_FLOW_ID_CAP];
};

struct mf_outbox {
    struct mf_queue *queue;
    struct mf_spool *spool;
    struct mf_redactor *redactor;
    size_t body_max;
    struct mf_map *flows;                       /* by id */
    struct mf_node ready, gathering, due, idle; /* oldest first */
    size_t waiting;                             /* in the first two */
    struct mf_flight *flights;                  /* a ring */
    size_t flight_first, flight_count, flight_cap;
    struct mf_losses losses;
    struct mf_encoder work, redacted;
    /* What the message being sent refers to. */
    struct mf_splice *current;
    size_t current_count, current_cap;
    struct mf_abilities abilities; /* of the server that is or was connected */
    unsigned connection;           /* number of the connection, from 1 */
    bool is_connected;
    bool is_backlog;
    bool was_loss_first; /* in flight, on the link that ended last */
    bool is_hurried;     /* nothing gathers any more */
    size_t flights_kept; /* of things in flight, those in the spool */
    uint64_t number;     /* of the last loose thing */
    size_t memory, idle_memory, idle_len;
    size_t told_memory;     /* to the queue */
    int64_t flush_ns;       /* when the spool has to be flushed; 0: never */
    int64_t retry_spool_ns; /* it failed: not before */
    uint64_t sent, skipped;
    int64_t now_ns;
    char spool_error[160];
};

/* ---- lists ---- */

static inline void mf_list_init(struct mf_node *list)
{
    list->prev = list->next = list;
}

static inline bool mf_node_is_in(const struct mf_node *node)
{
    return node->next != NULL;
}

static inline void mf_list_insert(struct mf_node *before, struct mf_node *node)
{
    node->next = before;
    node->prev = before->prev;
    before->prev->next = node;
    before->prev = node;
}

static inline void mf_node_remove(struct mf_node *node)
{
    if (!node->next)
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
}

static inline bool mf_list_is_empty(const struct mf_node *list)
{
    return list->next == list;
}

#define MF_THING_OF(node, member)                                         \
    ((struct mf_thing *)(void *)((char *)(node)-offsetof(struct mf_thing, \
                                                         member)))

#define MF_IDLE_FLOW(node)                                     \
    ((struct mf_flow_entry *)(void *)((char *)(node)-offsetof( \
        struct mf_flow_entry, idle)))

/* Tell the queue how much is held. */
void mf_outbox__sync_memory(struct mf_outbox *outbox);

/* ---- things (outbox_things.c) ---- */

static inline struct mf_flow_entry *mf_as_flow(struct mf_thing *thing)
{
    return (struct mf_flow_entry *)thing;
}

static inline struct mf_loose *mf_as_loose(struct mf_thing *thing)
{
    return (struct mf_loose *)thing;
}

/* Some of it has to be sent: at once if it is ready, else in a moment. */
void mf_outbox__wait(struct mf_outbox *outbox, struct mf_thing *thing,
                     bool is_ready);
/* As it was in flight before anything that waits. */
void mf_outbox__wait_first(struct mf_outbox *outbox, struct mf_thing *thing);
void mf_outbox__stop_waiting(struct mf_outbox *outbox, struct mf_thing *thing);
void mf_outbox__make_due(struct mf_outbox *outbox, struct mf_thing *thing);

/* The entry of this flow; `adds`: a new one if there is none. NULL: none, or
 * out of memory. */
struct mf_flow_entry *mf_outbox__find(struct mf_outbox *outbox, const char *id,
                                      size_t len);
struct mf_flow_entry *mf_outbox__add(struct mf_outbox *outbox,
                                     const struct mf_label *label);

/* Something was done with the flow: free it if it has ended and nothing of it
 * is needed, or let it idle. */
void mf_outbox__settle(struct mf_outbox *outbox, struct mf_flow_entry *flow);
void mf_outbox__free_flow(struct mf_outbox *outbox, struct mf_flow_entry *flow);
void mf_outbox__free_loose(struct mf_outbox *outbox, struct mf_loose *loose);
/* Something is about to happen with the flow, until it settles. */
void mf_outbox__leave_idle(struct mf_outbox *outbox,
                           struct mf_flow_entry *flow);
/* Idle flows beyond MF_OUTBOX_IDLE_LEN go. */
void mf_outbox__bound_idle(struct mf_outbox *outbox);

int mf_outbox__add_piece(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                         const struct mf_region *region, bool is_whole);
void mf_outbox__drop_pieces(struct mf_outbox *outbox,
                            struct mf_flow_entry *flow);
void mf_outbox__let_go(struct mf_outbox *outbox, struct mf_flow_entry *flow);

/* Encode an ExportFlowRequest into outbox->work: what is known of the flow, or
 * what came after `version` as a part. */
int mf_outbox__encode_whole(struct mf_outbox *outbox,
                            struct mf_flow_entry *flow);
int mf_outbox__encode_part(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                           unsigned version);

/* It is of no use any more, as its flow will be sent whole after it. */
bool mf_outbox__is_replaced(const struct mf_loose *loose);

/* A server has not got the flow, or takes no appends: ask for it whole. False:
 * that cannot be had. */
bool mf_outbox__want(struct mf_outbox *outbox, struct mf_flow_entry *flow,
                     bool is_end);

/* Count as lost; `at_ns` of the wall clock, 0: now. */
void mf_outbox__lose(struct mf_outbox *outbox, uint64_t count, int64_t at_ns,
                     const char *reason);
/* Give the thing up. */
void mf_outbox__lose_thing(struct mf_outbox *outbox, struct mf_thing *thing,
                           const char *reason);

/* ---- the spool (outbox_keep.c) ---- */

/* Write what was gathered; where the disk is full the oldest is given up for
 * room. False: it could not be written, spool_error says why. */
bool mf_outbox__flush(struct mf_outbox *outbox);

/* Keep what has been due for long, and in backlog mode what has not; and
 * flush. Returns when to do so again. */
int64_t mf_outbox__keep_due(struct mf_outbox *outbox);
/* Keep all that is due; false: some could not be. */
bool mf_outbox__keep_all(struct mf_outbox *outbox);
void mf_outbox__begin_backlog(struct mf_outbox *outbox);
void mf_outbox__forget_position(struct mf_outbox *outbox,
                                struct mf_thing *thing);
/* A record of the flow is of no more use. */
void mf_outbox__drop_record(struct mf_flow_entry *flow,
                            mf_spool_position position, enum mf_kind kind);
/* The record is of no more use. */
void mf_outbox__ack_record(struct mf_outbox *outbox,
                           mf_spool_position position);

/* ---- intake (outbox_take.c) ---- */

void mf_outbox__take_all(struct mf_outbox *outbox);

#endif
