/* The small texts of requests: queries, authorities, time-outs, base64. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/base64.h"
#include "codec/percent.h"
#include "net/address.h"
#include "rpc/accept.h"
#include "rpc/ending.h"
#include "rpc/metadata.h"
#include "rpc/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LEN = 4096 };

static void assert_same(const struct mf_buf *a, const uint8_t *data, size_t len)
{
    if (a->len != len || (len && memcmp(a->data, data, len) != 0))
        abort();
}

/* What is encoded must decode to itself. */
static void round_trips(const uint8_t *data, size_t size)
{
    struct mf_buf coded, plain;
    mf_buf_init(&coded, 4 * size + 4);
    mf_buf_init(&plain, 4 * size + 4);
    for (int padded = 0; padded < 2; padded++) {
        if (mf_base64_encode(data, size, padded, &coded) ||
            mf_base64_decode((const char *)coded.data, coded.len, &plain))
            abort();
        assert_same(&plain, data, size);
        mf_buf_clear(&coded);
        mf_buf_clear(&plain);
    }
    if (mf_percent_encode((const char *)data, size, &coded) ||
        mf_percent_decode((const char *)coded.data, coded.len, false, &plain))
        abort();
    assert_same(&plain, data, size);
    mf_buf_release(&coded);
    mf_buf_release(&plain);
}

/* However it is split, base64 that comes in pieces is the same. */
static void read_base64(const uint8_t *data, size_t size)
{
    struct mf_base64_reader whole_reader = {0}, reader = {0};
    struct mf_buf whole, pieces;
    mf_buf_init(&whole, SIZE_MAX);
    mf_buf_init(&pieces, SIZE_MAX);
    int whole_rc = mf_base64_read(&whole_reader, data, size, &whole), rc = 0;
    for (size_t i = 0; !rc && i < size; i++)
        rc = mf_base64_read(&reader, data + i, 1, &pieces);
    if (rc != whole_rc ||
        mf_base64_is_whole(&reader) != mf_base64_is_whole(&whole_reader))
        abort();
    assert_same(&whole, pieces.data, pieces.len);
    mf_buf_release(&whole);
    mf_buf_release(&pieces);
}

/* As a message, and as the value of a trailer. */
static void write_ending(const char *text)
{
    struct mf_buf clean, out;
    struct mf_metadata trailers;
    mf_buf_init(&clean, SIZE_MAX);
    mf_buf_init(&out, SIZE_MAX);
    mf_metadata_init(&trailers);
    if (mf_ending_clean_message(text, &clean))
        abort();
    const struct mf_error_detail detail = {
        .type = "a.B", .value = clean.data, .len = clean.len};
    const struct mf_ending ending = {.status = MF_STATUS_INTERNAL,
                                     .message = (const char *)clean.data,
                                     .details = &detail,
                                     .detail_count = 1};
    mf_metadata_add(&trailers, "x", text);
    if (mf_metadata_name_is_free(text))
        mf_metadata_add(&trailers, text, "x");
    if (mf_ending_stream_json(&ending, &trailers, &out) ||
        !mf_utf8_valid(out.data, out.len) ||
        mf_ending_grpc_message(&ending, &out) ||
        mf_ending_grpc_details(&ending, &out))
        abort();
    mf_metadata_release(&trailers);
    mf_buf_release(&clean);
    mf_buf_release(&out);
}

static void parse_text(const char *text)
{
    char host[256];
    unsigned port;
    bool has;
    uint64_t ms;
    struct mf_get_query query;
    struct mf_buf message;
    mf_address_is_loopback(text);
    mf_address_split(text, host, sizeof host, &port);
    if (!mf_address_authority_host(text, host, sizeof host))
        mf_address_is_literal(host);
    mf_timeout_parse(MF_PROTOCOL_GRPC, text, &has, &ms);
    mf_timeout_parse(MF_PROTOCOL_CONNECT_UNARY, text, &has, &ms);
    mf_content_type_find(text);
    struct mf_accept accept;
    mf_accept_init(&accept);
    mf_accept_add(&accept, text);
    mf_accept_choose(&accept);
    mf_buf_init(&message, MAX_LEN);
    mf_get_query_parse(text, &query, &message);
    mf_base64_decode(text, strlen(text), &message);
    mf_buf_release(&message);
    write_ending(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    round_trips(data, size);
    read_base64(data, size);
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    parse_text(text);
    free(text);
    return 0;
}
