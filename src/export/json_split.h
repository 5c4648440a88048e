/*
 * mf_json_split: takes the objects out of a long JSON text one by one, so
 * that only one of them is in memory: those that stand in a row or in an
 * array, or those of log.entries (HAR).
 *
 * Strings are known for what they are, so no bracket in one misleads it; what
 * stands between the objects is looked at, and must be JSON.
 *
 * Thread:  one.
 */
#ifndef MF_EXPORT_JSON_SPLIT_H
#define MF_EXPORT_JSON_SPLIT_H

#include <jansson.h>

#include "export/import.h"

enum mf_json_split_kind {
    MF_JSON_SPLIT_ROW, /* objects with white space between, or one array */
    MF_JSON_SPLIT_HAR,
};

struct mf_json_split {
    struct mf_import *from;
    enum mf_json_split_kind kind;
    enum {
        MF_JSON_SPLIT_BEFORE,
        MF_JSON_SPLIT_IN_ROW,
        MF_JSON_SPLIT_IN_ARRAY,
        MF_JSON_SPLIT_AFTER,
    } place;
    bool has_objects;   /* of the array: a comma is due */
    uint64_t object_at; /* byte where the last object began */
};

void mf_json_split_init(struct mf_json_split *split, struct mf_import *from,
                        enum mf_json_split_kind kind);

/*
 * 1: the next object, borrowed until the next call: its bytes in the input's
 * window (not stepped over: the next call does). 0: there are no more, and
 * the text ended as it should.
 *
 *  MF_ECORRUPT  not JSON, nested deeper than 100 or of over 4,000,000 values
 *  MF_EFULL     an object is longer than MF_IMPORT_FLOW_MAX_LEN
 *  MF_EIO, MF_ENOMEM
 */
int mf_json_split_next(struct mf_json_split *split, struct mf_span *ret_object,
                       struct mf_err *err);

/* Parse what mf_json_split_next() gave; the caller's, json_decref(). NULL:
 * `err` says why. Half of a surrogate pair (browsers write them) becomes
 * U+FFFD. */
json_t *mf_json_split_parse(struct mf_json_split *split, struct mf_span object,
                            struct mf_err *err);

#endif
