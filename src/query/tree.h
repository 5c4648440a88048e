/*
 * The tree that an expression or a FlowFilter becomes, for its friends in
 * this folder. Made once by the parser, in one arena; never changed.
 */
#ifndef MF_QUERY_TREE_H
#define MF_QUERY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/flow.h"
#include "query/arena.h"
#include "query/filter.h"
#include "query/needles.h"

enum mf_term_kind {
    MF_TERM_ALL, /* matches everything */
    MF_TERM_AND, /* of `items`: two at least, as for OR */
    MF_TERM_OR,
    MF_TERM_NOT, /* of items[0] */
    /* Leaves without a value. */
    MF_TERM_ASSET,
    MF_TERM_ERROR,
    MF_TERM_MARKED,
    MF_TERM_REPLAY,
    MF_TERM_REPLAY_REQUEST,
    MF_TERM_REPLAY_RESPONSE,
    MF_TERM_NO_RESPONSE, /* ~q */
    MF_TERM_RESPONSE,    /* ~s */
    MF_TERM_WEBSOCKET,
    MF_TERM_PINNED,
    MF_TERM_NOTED,
    MF_TERM_LOST,
    /* A bare word, in `text`: in what mf_flow_each_text() visits, in the
     * note, or in the id if it is MF_ID_NEEDLE_MIN_LEN bytes or more. */
    MF_TERM_TEXT,
    MF_TERM_ID, /* `text` is in the id */
    /* `text` is in the media type (without parameters) of the response, of
     * the request if the response has no Content-Type: HttpFilter's. */
    MF_TERM_MEDIA_TYPE,
    /* Leaves with `pattern`; of bytes unless said otherwise. */
    MF_TERM_BODY, /* decoded bodies and messages, each by itself; DNS: the
                     names and data of all records as one text */
    MF_TERM_BODY_REQUEST,
    MF_TERM_BODY_RESPONSE,
    MF_TERM_CONTENT_TYPE, /* a Content-Type value */
    MF_TERM_CONTENT_TYPE_REQUEST,
    MF_TERM_CONTENT_TYPE_RESPONSE,
    MF_TERM_HEADER, /* "name: value\r\n" of all headers as one text */
    MF_TERM_HEADER_REQUEST,
    MF_TERM_HEADER_RESPONSE,
    MF_TERM_METHOD,
    MF_TERM_DOMAIN, /* text, as the rest: the URL's or the pretty URL's host */
    MF_TERM_URL,    /* the pretty URL; DNS: the first question's name */
    MF_TERM_SRC,    /* "host:port" */
    MF_TERM_DST,
    MF_TERM_META, /* "key: value" lines */
    MF_TERM_MARKER,
    MF_TERM_COMMENT,
    MF_TERM_DEVICE, /* the client's address without port */
    MF_TERM_SOURCE,
    MF_TERM_NOTE,
    /* Leaves with `range`. */
    MF_TERM_STATUS,
    MF_TERM_SIZE, /* bytes from client and server together */
    MF_TERM_DURATION,
    MF_TERM_TIME, /* of the start */
    /* Bit 1 << enum mf_flow_type in `types`. */
    MF_TERM_TYPES,
    /* Leaves with `set`: whole texts, bytes as they are. */
    MF_TERM_IDS,
    MF_TERM_CLIENTS, /* addresses without port */
    MF_TERM_METHODS,
    MF_TERM_KINDS,
};

/* Ids are random hex: a short text is found in many of them by chance. */
enum { MF_ID_NEEDLE_MIN_LEN = 8 };

/*
 * A regular expression. `text` is its PCRE2 form, which keeps to:
 *
 *  - literals: themselves, `\` and punctuation, `\x{hex}` (a character of
 *    text, a byte of bytes); without `is_bytes` UTF-8;
 *  - `.` `^` `$` `\A` `\z` `\b` `\B` `\d` `\D` `\s` `\S` `\w` `\W`;
 *  - `[...]` and `[^...]` of escaped literals, ranges of them and `\d` ...;
 *  - `(` `(?:` `(?ims-ims:` `(?=` `(?!` `(?<=` `(?<!` `(?>` `(?(N)`, `|`,
 *    `)`, `\g{N}`;
 *  - `*` `+` `?` `{m}` `{m,}` `{m,n}`, each alone or with `?` or `+` after.
 *
 * No comments, no flags for the whole, no names, no free-spacing blanks.
 */
struct mf_pattern {
    const char *text; /* not NUL-terminated */
    size_t len;
    bool is_bytes;    /* case of ASCII letters only; else of all, by UTF-8 */
    bool is_caseless; /* these: for the whole */
    bool is_multiline;
    bool is_dotall;
    bool is_ascii; /* `\w`, `\d`, `\s` and `\b` know ASCII only */
    struct pcre2_real_code_8 *code;
};

/* Inclusive. */
union mf_range {
    struct {
        int64_t first; /* MF_TERM_STATUS; MF_TERM_TIME: ns since the epoch */
        int64_t last;
    } number;
    struct {
        uint64_t first;
        uint64_t last;
    } size;
    struct {
        double first_ms;
        double last_ms;
    } duration;
};

struct mf_text_set {
    const struct mf_span *texts; /* sorted, no two alike */
    size_t count;
};

struct mf_term {
    enum mf_term_kind kind;
    uint32_t memo; /* place among the leaves that a judge remembers */
    union {
        struct {
            const struct mf_term **items;
            size_t count;
        };
        struct mf_span text; /* folded (query/fold.h), not empty */
        struct mf_pattern *pattern;
        union mf_range range;
        struct mf_text_set set;
        unsigned types;
    };
};

/* Of the whole filter; lives as long as it does. */
const struct mf_term *mf_filter__root(const struct mf_filter *filter);

/*
 * The needles of a tree, made once with the filter and in its arena; what
 * mf_filter_needles() gives. 0 or MF_ENOMEM.
 */
int mf_needles__make(const struct mf_term *root, struct mf_arena *arena,
                     const struct mf_needles **ret_needles);

#endif
