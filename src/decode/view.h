/*
 * mf_view: what a decoder makes of bytes: a tree of nodes, told one by one in
 * reading order (a node before its children) to whoever asked.
 *
 * A view is bounded: after `nodes_max` nodes, or deeper than MF_VIEW_DEPTH_MAX,
 * nothing more is told, and the view says so. Texts in nodes are UTF-8: bytes
 * that are not are replaced on the way out.
 *
 * Thread:  one.
 */
#ifndef MF_DECODE_VIEW_H
#define MF_DECODE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

/* mitmflow.v1.NodeKind */
enum mf_node_kind {
    MF_NODE_GROUP = 1, /* has children: an object, a message, a section */
    MF_NODE_LIST,      /* has children without names */
    MF_NODE_TEXT,
    MF_NODE_BYTES,  /* `bytes` */
    MF_NODE_NUMBER, /* `text` has its digits, as they are */
    MF_NODE_BOOL,   /* "true" or "false" */
    MF_NODE_NULL,
    MF_NODE_ENUM,  /* `text` is its name, `also` its number */
    MF_NODE_TIME,  /* `text` is RFC 3339 */
    MF_NODE_FRAME, /* a message of a stream; has children */
    MF_NODE_PART,  /* a body inside the body (multipart); has children */
    MF_NODE_ROW,   /* name and `text` of a table */
    MF_NODE_NOTE,  /* what a person should know: "not verified" */
    MF_NODE_FAULT, /* what is wrong with the bytes, and where */
};

struct mf_node {
    enum mf_node_kind kind;
    struct mf_span name; /* of a field, header, part; may be empty */
    uint64_t number;     /* of a protobuf field, a frame; 0: none */
    struct mf_span type; /* "example.v1.User", "fixed32", "A"; may be empty */
    struct mf_span text;
    struct mf_span bytes;
    struct mf_span also;  /* another reading of the same, for people */
    uint64_t offset, len; /* where in the decoded body; len 0: nowhere */
    bool is_cut;          /* it goes on, but not here */
    bool is_guess;        /* nothing but its looks says that it is this */
};

enum { MF_VIEW_DEPTH_MAX = 64 };

/* Borrowed for the call. Not 0: stop, and give this back. */
typedef int mf_view_sink(void *user, unsigned depth,
                         const struct mf_node *node);

struct mf_view {
    mf_view_sink *sink;
    void *user;
    unsigned depth;
    size_t nodes_left;
    bool is_limited; /* something was left out by the bounds */
    /* Of the body that is decoded now, in the whole one: what is added to
     * nodes' offsets, or that it is no part of it. mf_decode_inner() sets it.
     */
    uint64_t base;
    bool is_elsewhere;
};

void mf_view_init(struct mf_view *view, size_t nodes_max, mf_view_sink *sink,
                  void *user);

/*
 * Tell one node. MF_EFULL: the bounds are met (a note was told, and
 * `is_limited` is true); decoders stop then, and give it back. Or what the
 * sink gave.
 */
int mf_view_put(struct mf_view *view, const struct mf_node *node);

/* Tell a node and go below it; after 0 mf_view_close() it. */
int mf_view_open(struct mf_view *view, const struct mf_node *node);
void mf_view_close(struct mf_view *view);

/* The most common nodes. */
int mf_view_text(struct mf_view *view, const char *name, struct mf_span text);
int mf_view_note(struct mf_view *view, const char *text);
/* What is wrong at `offset` of the body, printf-style, at most 200 bytes. */
int mf_view_fault(struct mf_view *view, uint64_t offset, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));

#endif
