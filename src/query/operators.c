#include "query/operators.h"

#include <string.h>

#define NONE(name, kind, says, denies)                \
    {                                                 \
        name, says, denies, kind, MF_OPERAND_NONE, 0, \
        {                                             \
            0                                         \
        }                                             \
    }
#define TYPES(name, type, says, denies)                                   \
    {                                                                     \
        name, says, denies, MF_TERM_TYPES, MF_OPERAND_NONE, 1U << (type), \
        {                                                                 \
            0                                                             \
        }                                                                 \
    }
#define BYTES(name, kind, says, denies, ...)                   \
    {                                                          \
        name, says, denies, kind, MF_OPERAND_PATTERN, 0,       \
        {                                                      \
            .is_bytes = true, .is_caseless = true, __VA_ARGS__ \
        }                                                      \
    }
#define TEXT(name, kind, says, denies, ...)              \
    {                                                    \
        name, says, denies, kind, MF_OPERAND_PATTERN, 0, \
        {                                                \
            .is_caseless = true, __VA_ARGS__             \
        }                                                \
    }
#define VALUE(name, kind, says, denies)                \
    {                                                  \
        name, says, denies, kind, MF_OPERAND_VALUE, 0, \
        {                                              \
            0                                          \
        }                                              \
    }

/* What is bytes and what is text, and the flags, are mitmproxy's. */
static const struct mf_operator operators[] = {
    NONE("a", MF_TERM_ASSET, "it is an asset: a script, style, image or font",
         "it is no asset"),
    NONE("all", MF_TERM_ALL, "it is any flow", "it is no flow"),
    BYTES("b", MF_TERM_BODY, "a body or message matches",
          "no body or message matches", .is_dotall = true),
    BYTES("bq", MF_TERM_BODY_REQUEST,
          "a body or message from the client matches",
          "no body or message from the client matches", .is_dotall = true),
    BYTES("bs", MF_TERM_BODY_RESPONSE,
          "a body or message from the server matches",
          "no body or message from the server matches", .is_dotall = true),
    VALUE("c", MF_TERM_STATUS, "the status is", "the status is not"),
    TEXT("comment", MF_TERM_COMMENT, "the comment in mitmproxy matches",
         "no comment in mitmproxy matches", .is_multiline = true),
    TEXT("d", MF_TERM_DOMAIN, "the host matches", "the host does not match"),
    TEXT("device", MF_TERM_DEVICE, "the device matches",
         "the device does not match"),
    TYPES("dns", MF_FLOW_DNS, "it is DNS", "it is not DNS"),
    TEXT("dst", MF_TERM_DST, "the server's address matches",
         "the server's address does not match"),
    VALUE("dur", MF_TERM_DURATION, "it took", "it did not take"),
    NONE("e", MF_TERM_ERROR, "it has an error", "it has no error"),
    BYTES("h", MF_TERM_HEADER, "a header matches", "no header matches",
          .is_multiline = true),
    BYTES("hq", MF_TERM_HEADER_REQUEST, "a header of the request matches",
          "no header of the request matches", .is_multiline = true),
    BYTES("hs", MF_TERM_HEADER_RESPONSE, "a header of the response matches",
          "no header of the response matches", .is_multiline = true),
    TYPES("http", MF_FLOW_HTTP, "it is HTTP", "it is not HTTP"),
    {"id",
     "the id contains",
     "the id does not contain",
     MF_TERM_ID,
     MF_OPERAND_TEXT,
     0,
     {0}},
    NONE("lost", MF_TERM_LOST, "parts of it were lost",
         "nothing of it was lost"),
    BYTES("m", MF_TERM_METHOD, "the method matches",
          "the method does not match"),
    NONE("marked", MF_TERM_MARKED, "it is marked in mitmproxy",
         "it is not marked in mitmproxy"),
    TEXT("marker", MF_TERM_MARKER, "the marker in mitmproxy matches",
         "no marker in mitmproxy matches"),
    TEXT("meta", MF_TERM_META, "mitmproxy's metadata match",
         "mitmproxy's metadata do not match", .is_multiline = true),
    TEXT("note", MF_TERM_NOTE, "the note matches", "no note matches",
         .is_multiline = true),
    NONE("noted", MF_TERM_NOTED, "it has a note", "it has no note"),
    NONE("pinned", MF_TERM_PINNED, "it is pinned", "it is not pinned"),
    NONE("q", MF_TERM_NO_RESPONSE, "it has no response",
         "it is no request without a response"),
    NONE("replay", MF_TERM_REPLAY, "it was replayed", "it was not replayed"),
    NONE("replayq", MF_TERM_REPLAY_REQUEST, "its request was replayed",
         "its request was not replayed"),
    NONE("replays", MF_TERM_REPLAY_RESPONSE, "its response was replayed",
         "its response was not replayed"),
    NONE("s", MF_TERM_RESPONSE, "it has a response",
         "it is nothing with a response"),
    VALUE("size", MF_TERM_SIZE, "its size is", "its size is not"),
    TEXT("source", MF_TERM_SOURCE, "the proxy that told it matches",
         "the proxy that told it does not match"),
    TEXT("src", MF_TERM_SRC, "the client's address matches",
         "the client's address does not match"),
    BYTES("t", MF_TERM_CONTENT_TYPE, "a content type matches",
          "no content type matches"),
    TYPES("tcp", MF_FLOW_TCP, "it is TCP", "it is not TCP"),
    VALUE("time", MF_TERM_TIME, "it began", "it did not begin"),
    BYTES("tq", MF_TERM_CONTENT_TYPE_REQUEST,
          "the content type of the request matches",
          "the content type of the request does not match"),
    BYTES("ts", MF_TERM_CONTENT_TYPE_RESPONSE,
          "the content type of the response matches",
          "the content type of the response does not match"),
    TEXT("u", MF_TERM_URL, "the URL matches", "the URL does not match"),
    TYPES("udp", MF_FLOW_UDP, "it is UDP", "it is not UDP"),
    NONE("websocket", MF_TERM_WEBSOCKET, "it is a WebSocket",
         "it is no WebSocket"),
};

const struct mf_operator *mf_operator_at(size_t index)
{
    return index < sizeof operators / sizeof *operators ? &operators[index]
                                                        : NULL;
}

const struct mf_operator *mf_operator_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strlen(operators[i].name) == len &&
            memcmp(operators[i].name, name, len) == 0)
            return &operators[i];
    return NULL;
}
