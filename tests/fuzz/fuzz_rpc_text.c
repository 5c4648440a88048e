/* The small texts of requests: queries, authorities, time-outs, base64. */
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/percent.h"
#include "net/address.h"
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
    mf_offers_gzip(text);
    mf_buf_init(&message, MAX_LEN);
    mf_get_query_parse(text, &query, &message);
    mf_base64_decode(text, strlen(text), &message);
    mf_error_json(MF_STATUS_INTERNAL, text, &message);
    mf_buf_release(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    round_trips(data, size);
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
