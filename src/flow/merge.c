#include "flow/merge.h"

#include "base/error.h"
#include "flow/flow.h"
#include "flow/half_numbers.h"
#include "pb/spliced.h"

enum {
    SLOTS = 128, /* field numbers that may be replaced; above: none is known */
    FLOW_ID = 1, /* in HTTPFlow, DNSFlow, TCPFlow and UDPFlow */
    REQUEST = 2, /* in HTTPFlow */
    RESPONSE = 3,
};

/* Field numbers of one kind of message that are not just replaced. */
struct rules {
    uint32_t live;      /* as the last part says; 0: none */
    uint32_t nested[2]; /* messages that are merged in their turn */
    uint32_t
        body[2]; /* content and content_truncated, the body's beside those
                    from MF_HALF_RAW_CONTENT to MF_HALF_STREAMED; 0: none */
    bool has_id;
};

static const struct rules FLOW_RULES[] = {
    [MF_FLOW_HTTP] = {.live = 10,
                      .nested = {REQUEST, RESPONSE},
                      .has_id = true},
    [MF_FLOW_DNS] = {.live = 9, .has_id = true},
    [MF_FLOW_TCP] = {.live = 8, .has_id = true},
    [MF_FLOW_UDP] = {.live = 8, .has_id = true},
};
static const struct rules REQUEST_RULES = {.body = {4, 12}};
static const struct rules RESPONSE_RULES = {.body = {3, 10}};

struct regions {
    struct mf_region at[MF_MERGE_PARTS_MAX];
    size_t count;
};

/* The slot of a field: all that are replaced together share one. */
static uint32_t slot_of(const struct rules *rules, uint32_t number)
{
    bool is_body =
        rules->body[0] &&
        (number == rules->body[0] || number == rules->body[1] ||
         (number >= MF_HALF_RAW_CONTENT && number <= MF_HALF_STREAMED));
    return is_body ? rules->body[0] : number;
}

/* Which of the parts is the last that has each field; its place plus one. */
static int find_last(const struct regions *parts, const struct rules *rules,
                     uint8_t last[SLOTS])
{
    for (size_t i = 0; i < parts->count; i++) {
        struct mf_region part = parts->at[i];
        struct mf_region_field field;
        while (mf_region_next(&part, &field)) {
            uint32_t slot = slot_of(rules, field.number);
            bool is_first_id = rules->has_id && slot == FLOW_ID && last[slot];
            if (slot < SLOTS && !is_first_id)
                last[slot] = (uint8_t)(i + 1);
        }
        if (part.error)
            return part.error;
    }
    return 0;
}

/* All that the parts have of a nested message; the last one of each part. */
static int find_nested(const struct regions *parts, uint32_t number,
                       struct regions *ret_nested)
{
    ret_nested->count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        struct mf_region part = parts->at[i];
        struct mf_region_field field;
        bool has_one = false;
        while (mf_region_next(&part, &field)) {
            if (field.number != number || field.type != MF_WIRE_LEN)
                continue;
            ret_nested->count += !has_one;
            has_one = true;
            ret_nested->at[ret_nested->count - 1] = field.body;
        }
        if (part.error)
            return part.error;
    }
    return 0;
}

static int put_fields(const struct regions *parts, const struct rules *rules,
                      struct mf_encoder *out)
{
    uint8_t last[SLOTS] = {0};
    int rc = find_last(parts, rules, last);
    for (size_t i = 0; !rc && i < parts->count; i++) {
        struct mf_region part = parts->at[i];
        struct mf_region_field field;
        while (mf_region_next(&part, &field)) {
            uint32_t slot = slot_of(rules, field.number);
            bool is_replaced = slot < SLOTS && last[slot] != i + 1;
            bool is_stale = rules->live && field.number == rules->live &&
                            i + 1 < parts->count;
            bool is_nested = field.type == MF_WIRE_LEN &&
                             (field.number == rules->nested[0] ||
                              field.number == rules->nested[1]);
            if (!is_replaced && !is_stale && !is_nested)
                mf_region_put(out, &field);
        }
    }
    return rc ? rc : out->error;
}

static int put_nested(const struct regions *parts, uint32_t number,
                      const struct rules *rules, struct mf_encoder *out)
{
    struct regions nested;
    int rc = find_nested(parts, number, &nested);
    if (rc || nested.count == 0)
        return rc;
    struct mf_mark mark = mf_encoder_begin(out, number);
    rc = put_fields(&nested, rules, out);
    mf_encoder_end(out, mark);
    return rc ? rc : out->error;
}

static int put_flow(const struct regions *parts, uint32_t type,
                    struct mf_encoder *out)
{
    const struct rules *rules = &FLOW_RULES[type];
    struct mf_mark mark = mf_encoder_begin(out, type);
    int rc = put_fields(parts, rules, out);
    if (!rc && type == MF_FLOW_HTTP)
        rc = put_nested(parts, REQUEST, &REQUEST_RULES, out);
    if (!rc && type == MF_FLOW_HTTP)
        rc = put_nested(parts, RESPONSE, &RESPONSE_RULES, out);
    mf_encoder_end(out, mark);
    return rc ? rc : out->error;
}

/* The type that all parts with a flow's own message have. */
static int find_type(const struct regions *parts, uint32_t *ret_type)
{
    *ret_type = 0;
    for (size_t i = 0; i < parts->count; i++) {
        struct mf_region part = parts->at[i];
        struct mf_region_field field;
        while (mf_region_next(&part, &field)) {
            if (field.number < MF_FLOW_HTTP || field.number > MF_FLOW_UDP)
                continue;
            if (field.type != MF_WIRE_LEN ||
                (*ret_type && *ret_type != field.number))
                return MF_ECORRUPT;
            *ret_type = field.number;
        }
        if (part.error)
            return part.error;
    }
    return *ret_type ? 0 : MF_ECORRUPT;
}

int mf_merge_flows(const struct mf_spliced *parts, size_t count,
                   struct mf_encoder *out)
{
    struct regions all, own;
    uint32_t type;
    if (count == 0 || count > MF_MERGE_PARTS_MAX)
        return MF_EINVAL;
    all.count = count;
    for (size_t i = 0; i < count; i++)
        all.at[i] = mf_region_of(&parts[i]);
    int rc = find_type(&all, &type);
    if (!rc)
        rc = find_nested(&all, type, &own);
    if (!rc)
        rc = put_flow(&own, type, out);
    /* What stands beside the flow's own message. */
    const struct rules beside = {.nested = {type}};
    return rc ? rc : put_fields(&all, &beside, out);
}
