/*
 * JSON as a tree, by jansson, for decoders that must know what is in it; JSON
 * that is only to be read is text. Private to src/decode.
 *
 * Bounded: at most 64 MiB, and 200,000 values.
 */
#ifndef MF_DECODE_JSON_TREE_H
#define MF_DECODE_JSON_TREE_H

#include <jansson.h>

#include "decode/view.h"

struct mf_json {
    json_t *root;
    bool is_cut;     /* the text broke off; the tree has what came */
    size_t fault_at; /* after an error, in the text */
    char fault[JSON_ERROR_TEXT_LENGTH];
};

/*
 * Read `text`. mf_json_release() in any case.
 *
 *  MF_ECORRUPT  it is no JSON; `fault` says why
 *  MF_EFULL     more than the bounds; as above
 *  MF_ENOMEM
 */
int mf_json_read(struct mf_json *json, struct mf_span text);
void mf_json_release(struct mf_json *json);

/* Tell the fault of an error, `offset` being that of the text in the body;
 * other errors are given back. */
int mf_json_tell_fault(struct mf_view *view, const struct mf_json *json, int rc,
                       size_t offset);

/* Tell a value and all that is in it, as nodes. */
int mf_json_tell(struct mf_view *view, struct mf_span name,
                 const json_t *value);

/* Tell a value as one node: its text, or JSON in few characters. */
int mf_json_tell_flat(struct mf_view *view, const char *name,
                      const json_t *value);

/* The text of a string; "" of anything else, and of NULL. */
struct mf_span mf_json_text(const json_t *string);
/* Of a member of an object, or "". */
struct mf_span mf_json_member(const json_t *object, const char *name);

#endif
