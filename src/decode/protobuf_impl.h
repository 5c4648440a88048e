/* Parts of mf_protobuf. Private to src/decode/proto*.c. */
#ifndef MF_DECODE_PROTOBUF_IMPL_H
#define MF_DECODE_PROTOBUF_IMPL_H

#include "decode/protobuf.h"
#include "decode/protobuf_reader.h"

/* Children of a node have room below this depth. */
static inline bool mf_protobuf__is_deep(const struct mf_protobuf *pb)
{
    return pb->view->depth + 1 >= MF_VIEW_DEPTH_MAX;
}

/* Say where a node lies. */
static inline void mf_protobuf__place(const struct mf_protobuf *pb,
                                      const uint8_t *from, const uint8_t *to,
                                      struct mf_node *node)
{
    if (!pb->base)
        return;
    node->offset = pb->offset + (uint64_t)(from - pb->base);
    node->len = (uint64_t)(to - from);
}

/* A fault where the reader is, and what follows as bytes. */
int mf_protobuf__broken(const struct mf_protobuf *pb,
                        const struct mf_pb_reader *reader, const char *why);
/* A fault for a record that goes on past its end. */
int mf_protobuf__missing(const struct mf_protobuf *pb,
                         const struct mf_pb_record *record);

/*
 * One record by its looks. `reader` stands behind it, and behind the end of
 * the group that it begins afterwards.
 */
int mf_protobuf__put_raw(const struct mf_protobuf *pb,
                         struct mf_pb_reader *reader,
                         const struct mf_pb_record *record);
/* All records of a message of `type` (NULL: all by their looks), up to the end
 * of the group `group` (0: none), which is read, too. */
int mf_protobuf__put_records(const struct mf_protobuf *pb,
                             const struct mf_message_type *type,
                             struct mf_pb_reader *reader, uint32_t group);

/*
 * A message of a type that is read in a way of its own, as one node made of
 * `node`, which has its name and place. *ret_is_told is false when it is not
 * as such a message should be, and then nothing was told.
 */
int mf_protobuf__put_known(const struct mf_protobuf *pb,
                           const struct mf_message_type *type,
                           enum mf_known_type known,
                           const struct mf_pb_record *record,
                           struct mf_node *node, bool *ret_is_told);

/* One value of a field that is not repeated, as a node made of `node`. */
int mf_protobuf__put_value(const struct mf_protobuf *pb,
                           const struct mf_field_type *field,
                           const struct mf_pb_record *record,
                           struct mf_pb_reader *reader, struct mf_node *node);

/* True if a field of that kind may have that wire type, not packed. */
bool mf_protobuf__fits(enum mf_field_kind kind, enum mf_pb_wire wire);

/* Decimal digits, of at most MF_NUMBER_TEXT_CAP; their number. */
size_t mf_print_u64(uint64_t value, char *text);
size_t mf_print_i64(int64_t value, char *text);

#endif
