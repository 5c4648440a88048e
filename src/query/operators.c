#include "query/operators.h"

#include <string.h>

#define NONE(name, kind)                \
    {                                   \
        name, kind, MF_OPERAND_NONE, 0, \
        {                               \
            0                           \
        }                               \
    }
#define TYPES(name, type)                                   \
    {                                                       \
        name, MF_NODE_TYPES, MF_OPERAND_NONE, 1U << (type), \
        {                                                   \
            0                                               \
        }                                                   \
    }
#define BYTES(name, kind, ...)                                 \
    {                                                          \
        name, kind, MF_OPERAND_PATTERN, 0,                     \
        {                                                      \
            .is_bytes = true, .is_caseless = true, __VA_ARGS__ \
        }                                                      \
    }
#define TEXT(name, kind, ...)                \
    {                                        \
        name, kind, MF_OPERAND_PATTERN, 0,   \
        {                                    \
            .is_caseless = true, __VA_ARGS__ \
        }                                    \
    }
#define VALUE(name, kind)                \
    {                                    \
        name, kind, MF_OPERAND_VALUE, 0, \
        {                                \
            0                            \
        }                                \
    }

/* What is bytes and what is text, and the flags, are mitmproxy's. */
static const struct mf_operator operators[] = {
    NONE("a", MF_NODE_ASSET),
    NONE("all", MF_NODE_ALL),
    BYTES("b", MF_NODE_BODY, .is_dotall = true),
    BYTES("bq", MF_NODE_BODY_REQUEST, .is_dotall = true),
    BYTES("bs", MF_NODE_BODY_RESPONSE, .is_dotall = true),
    VALUE("c", MF_NODE_STATUS),
    TEXT("comment", MF_NODE_COMMENT, .is_multiline = true),
    TEXT("d", MF_NODE_DOMAIN),
    TEXT("device", MF_NODE_DEVICE),
    TYPES("dns", MF_FLOW_DNS),
    TEXT("dst", MF_NODE_DST),
    VALUE("dur", MF_NODE_DURATION),
    NONE("e", MF_NODE_ERROR),
    BYTES("h", MF_NODE_HEADER, .is_multiline = true),
    BYTES("hq", MF_NODE_HEADER_REQUEST, .is_multiline = true),
    BYTES("hs", MF_NODE_HEADER_RESPONSE, .is_multiline = true),
    TYPES("http", MF_FLOW_HTTP),
    {"id", MF_NODE_ID, MF_OPERAND_TEXT, 0, {0}},
    NONE("lost", MF_NODE_LOST),
    BYTES("m", MF_NODE_METHOD),
    NONE("marked", MF_NODE_MARKED),
    TEXT("marker", MF_NODE_MARKER),
    TEXT("meta", MF_NODE_META, .is_multiline = true),
    TEXT("note", MF_NODE_NOTE, .is_multiline = true),
    NONE("noted", MF_NODE_NOTED),
    NONE("pinned", MF_NODE_PINNED),
    NONE("q", MF_NODE_NO_RESPONSE),
    NONE("replay", MF_NODE_REPLAY),
    NONE("replayq", MF_NODE_REPLAY_REQUEST),
    NONE("replays", MF_NODE_REPLAY_RESPONSE),
    NONE("s", MF_NODE_RESPONSE),
    VALUE("size", MF_NODE_SIZE),
    TEXT("source", MF_NODE_SOURCE),
    TEXT("src", MF_NODE_SRC),
    BYTES("t", MF_NODE_CONTENT_TYPE),
    TYPES("tcp", MF_FLOW_TCP),
    VALUE("time", MF_NODE_TIME),
    BYTES("tq", MF_NODE_CONTENT_TYPE_REQUEST),
    BYTES("ts", MF_NODE_CONTENT_TYPE_RESPONSE),
    TEXT("u", MF_NODE_URL),
    TYPES("udp", MF_FLOW_UDP),
    NONE("websocket", MF_NODE_WEBSOCKET),
};

const struct mf_operator *mf_operator_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i].name) == len &&
            memcmp(operators[i].name, name, len) == 0)
            return &operators[i];
    return NULL;
}
