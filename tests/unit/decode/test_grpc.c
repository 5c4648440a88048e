/* Frames that are damaged, cut or hostile, and how calls end. */
#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/encoding.h"
#include "codec/envelope.h"
#include "decode/types.h"
#include "dump.h"

struct line {
    enum mf_header_place place;
    const char *name, *value;
};

/* The last has no name. */
static const struct line no_lines[] = {{0}};

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static struct mf_span header(const void *user, enum mf_header_place place,
                             const char *name)
{
    for (const struct line *line = user; line->name; line++)
        if (line->place == place && strcasecmp(line->name, name) == 0)
            return span(line->value);
    return MF_SPAN_NONE;
}

static bool each_header(const void *user, enum mf_header_place place,
                        bool (*visit)(void *to, struct mf_span name,
                                      struct mf_span value),
                        void *to)
{
    for (const struct line *line = user; line->name; line++)
        if (line->place == place &&
            visit(to, span(line->name), span(line->value)))
            return true;
    return false;
}

static void check_within(const char *type, const struct line *lines,
                         const void *data, size_t len, size_t inflated_max,
                         const char *want)
{
    const struct mf_body_http http = {.method = MF_SPAN("POST"),
                                      .url = MF_SPAN("https://a/b.C/D"),
                                      .status = 200,
                                      .header = header,
                                      .each_header = each_header,
                                      .user = lines};
    const struct mf_body body = {.place = MF_BODY_RESPONSE,
                                 .data = {data, len},
                                 .content_type = span(type),
                                 .http = &http};
    const struct mf_decode_opts opts = {.inflated_max = inflated_max};
    char *told = dump_body(&body, &opts);
    assert_string_equal(told, want);
    free(told);
}

static void check(const char *type, const struct line *lines, const void *data,
                  size_t len, const char *want)
{
    check_within(type, lines, data, len, 1 << 20, want);
}

#define GRPC "application/grpc"
#define WEB "application/grpc-web"
#define STREAM "application/connect+proto"
#define BYTES(text) text, sizeof(text) - 1

static const struct line gzip[] = {
    {MF_HEADER_RESPONSE, "Grpc-Encoding", "gzip"}, {0}};

static void put_frame(struct mf_buf *out, uint8_t flags, const void *data,
                      size_t len)
{
    uint8_t prefix[MF_ENVELOPE_PREFIX_LEN];
    mf_envelope_prefix(flags, (uint32_t)len, prefix);
    assert_int_equal(mf_buf_append(out, prefix, sizeof prefix), 0);
    assert_int_equal(mf_buf_append(out, data, len), 0);
}

static void a_damaged_frame_spoils_none_of_the_others(void **state)
{
    (void)state;
    struct mf_buf body;
    mf_buf_init(&body, 1000);
    put_frame(&body, 0, "\x08\x01", 2);
    put_frame(&body, 1, "\x1f\x8b no gzip", 10);
    put_frame(&body, 0, "\x08\x02", 2);
    check(GRPC, gzip, body.data, body.len,
          "frame message #1 @0+7\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1 @5+2\n"
          "frame message #2 ~ 10 bytes compressed with gzip @7+15\n"
          "  fault = the compressed bytes are damaged @12+0\n"
          "  bytes compressed | 1f8b206e6f20677a6970\n"
          "frame message #3 @22+7\n"
          "  number #1 <varint> = 2 ~ sint 1 @27+2\n");
    mf_buf_release(&body);
}

static void a_cut_compressed_frame_shows_what_came_out(void **state)
{
    (void)state;
    struct mf_buf body, packed;
    char text[3000], message[3003] = "\x0a\xb8\x17";
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    memcpy(message + 3, text, sizeof text);
    mf_buf_init(&body, 10000);
    mf_buf_init(&packed, 10000);
    assert_int_equal(
        mf_encoding_encode(MF_ENCODING_ZSTD, message, sizeof message, &packed),
        0);
    put_frame(&body, 1, packed.data, packed.len);
    const struct mf_body cut = {.place = MF_BODY_REQUEST,
                                .data = {(char *)body.data, body.len - 5},
                                .content_type = MF_SPAN(GRPC)};
    const struct mf_decode_opts opts = {.inflated_max = 1 << 20};
    char *told = dump_body(&cut, &opts);
    /* No header names the encoding here: its first bytes do. */
    assert_non_null(strstr(told, "compressed with zstd"));
    assert_non_null(strstr(told, "the compressed bytes break off"));
    assert_non_null(strstr(told, "5 bytes of this frame are missing"));
    free(told);
    mf_buf_release(&body);
    mf_buf_release(&packed);
}

static void what_is_inflated_is_bounded_for_all_frames_together(void **state)
{
    (void)state;
    static char zeros[100000];
    struct mf_buf body, packed;
    mf_buf_init(&body, 10000);
    mf_buf_init(&packed, 10000);
    assert_int_equal(
        mf_encoding_encode(MF_ENCODING_GZIP, zeros, sizeof zeros, &packed), 0);
    for (int i = 0; i < 3; i++)
        put_frame(&body, 1, packed.data, packed.len);
    struct mf_body bomb = {.place = MF_BODY_REQUEST,
                           .data = {(char *)body.data, body.len},
                           .content_type = MF_SPAN(GRPC)};
    const struct mf_decode_opts opts = {.inflated_max = 150000};
    char *told = dump_body(&bomb, &opts);
    const char *fault = strstr(told, "more than may be decompressed");
    assert_non_null(fault);
    assert_non_null(strstr(fault + 1, "more than may be decompressed"));
    assert_non_null(strstr(told, "frame message #3"));
    free(told);
    mf_buf_release(&body);
    mf_buf_release(&packed);
}

static void an_encoding_that_is_not_known_is_named(void **state)
{
    (void)state;
    static const struct line snappy[] = {
        {MF_HEADER_RESPONSE, "grpc-encoding", "snappy"}, {0}};
    check(GRPC, snappy, BYTES("\1\0\0\0\1x"),
          "frame message #1 ~ 1 bytes compressed with snappy @0+6\n"
          "  fault = compressed with snappy, which is not known here @5+0\n"
          "  bytes compressed | 78\n");
}

static void strange_prefixes_are_told(void **state)
{
    (void)state;
    check(GRPC, no_lines, BYTES("\x40\0\0\0\2\x08\1\0\0"),
          "frame message #1 @0+7\n"
          "  fault = the flags 0x40 are not known\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1 @5+2\n"
          "fault = breaks off inside the prefix of a frame @7+0\n"
          "bytes rest | 0000\n");
    check(GRPC, no_lines, BYTES("\0\xff\xff\xff\xff\x08\1"),
          "frame message #1 @0+7 cut\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1 @5+2\n"
          "  fault = 4294967293 bytes of this frame are missing\n");
}

static void a_call_without_messages_has_its_status_in_the_headers(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {MF_HEADER_RESPONSE, "content-type", GRPC},
        {MF_HEADER_RESPONSE, "grpc-accept-encoding", "gzip"},
        {MF_HEADER_RESPONSE, "grpc-status", "5"},
        {MF_HEADER_RESPONSE, "grpc-message", "no %E2%82%AC"},
        {0}};
    check(GRPC, lines, BYTES(""),
          "group trailers\n"
          "  enum grpc-status = NOT_FOUND ~ 5\n"
          "  row grpc-message = no \xe2\x82\xac\n");
}

static void a_status_that_is_none_is_shown_as_it_is(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {MF_TRAILER_RESPONSE, "grpc-status", "99"},
        {MF_TRAILER_RESPONSE, "grpc-status", "x"},
        {MF_TRAILER_RESPONSE, "grpc-status-details-bin", "no base64!"},
        {0}};
    check(GRPC, lines, BYTES("\0\0\0\0\0"),
          "frame message #1 @0+5\n"
          "group trailers\n"
          "  row grpc-status = 99\n"
          "  row grpc-status = x\n"
          "  row grpc-status-details-bin = no base64!\n");
}

static void trailers_of_grpc_web_are_lines(void **state)
{
    (void)state;
    check(WEB, no_lines,
          BYTES("\x80\0\0\0\x1fgrpc-status:0\r\nX-A: b: c\r\n\r\nd\r"),
          "frame trailers #1 @0+35 cut\n"
          "  enum grpc-status = OK ~ 0\n"
          "  row X-A = b: c\n"
          "  row d\n"
          "  fault = 1 bytes of this frame are missing\n");
}

static void text_of_grpc_web_that_breaks_off_shows_what_came(void **state)
{
    (void)state;
    check("application/grpc-web-text", no_lines, BYTES("AAAAAAIIAQ==AAAA"),
          "frame message #1\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1\n"
          "fault = breaks off inside the prefix of a frame\n"
          "bytes rest | 000000\n");
    check("application/grpc-web-text", no_lines, BYTES("AAAAAAIIAQ==%"),
          "frame message #1\n"
          "  number #1 <varint> = 1 ~ bool true, sint -1\n"
          "fault = there is something that is no base64\n");
}

static void an_end_of_a_stream_that_is_no_json_is_shown(void **state)
{
    (void)state;
    check(STREAM, no_lines, BYTES("\2\0\0\0\2{}\2\0\0\0\2{x"),
          "frame end of stream #1 @0+7\n"
          "  text status = OK\n"
          "frame end of stream #2 @7+7\n"
          "  text <json> = {x\n"
          "  fault = this is not JSON as it should be\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_frame_spoils_none_of_the_others),
        cmocka_unit_test(a_cut_compressed_frame_shows_what_came_out),
        cmocka_unit_test(what_is_inflated_is_bounded_for_all_frames_together),
        cmocka_unit_test(an_encoding_that_is_not_known_is_named),
        cmocka_unit_test(strange_prefixes_are_told),
        cmocka_unit_test(a_call_without_messages_has_its_status_in_the_headers),
        cmocka_unit_test(a_status_that_is_none_is_shown_as_it_is),
        cmocka_unit_test(trailers_of_grpc_web_are_lines),
        cmocka_unit_test(text_of_grpc_web_that_breaks_off_shows_what_came),
        cmocka_unit_test(an_end_of_a_stream_that_is_no_json_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
