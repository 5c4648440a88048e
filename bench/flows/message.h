/*
 * One made-up flow as an exporter sends it (an ExportFlowRequest): HTTP with
 * JSON, HTML, text, binary or gzip bodies, one in twenty DNS, TCP, UDP or a
 * WebSocket. What differs from flow to flow is a blank, to be filled in.
 */
#ifndef MF_BENCH_MESSAGE_H
#define MF_BENCH_MESSAGE_H

#include "base/buf.h"

/* A blank begins with BLANK_MARK and one of these. */
#define BLANK_MARK "@{@P}@"

enum {
    BLANK_MARK_LEN = 6,
    BLANK_ID = 'i',     /* of the flow: a uuid */
    BLANK_UUID = 'u',   /* of a request: another */
    BLANK_CLIENT = 'k', /* of a connection: a uuid that a few flows share */
    BLANK_SERVER = 'l',
    BLANK_TOKEN = 't',  /* letters and digits */
    BLANK_NAME = 'n',   /* a word of any rarity */
    BLANK_NUMBER = 'd', /* NUMBER_LEN digits */
    BLANK_CLOCK = 'c',  /* CLOCK_LEN digits: when it is sent, monotonic ns */
    BLANK_TIME = 's',   /* a Timestamp; the next byte says how many ms after
                           the flow's start */
    NUMBER_LEN = 8,
    CLOCK_LEN = 20,
    TIME_LEN = 12,
    STAGES = 4, /* snapshots of a flow; the last is the whole */
};

/* How long what begins with this mark is; 0: it is none. */
size_t blank_len(int kind);

/* Append the snapshot `stage` of the flow made from `seed`; with `whole` it
 * is the last one but for its event. */
void message_put(struct mf_buf *out, uint64_t seed, int stage, int whole);

#endif
