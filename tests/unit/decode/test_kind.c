#include "../cmocka.h"

#include <string.h>

#include "decode/decode.h"

struct fields {
    const char *name; /* of the one field there is */
    const char *value;
    enum mf_header_place place;
};

static struct mf_span find(const void *user, enum mf_header_place place,
                           const char *name)
{
    const struct fields *fields = user;
    if (fields->name && fields->place == place &&
        strcmp(fields->name, name) == 0)
        return (struct mf_span){fields->value, strlen(fields->value)};
    return MF_SPAN_NONE;
}

static bool each(const void *user, enum mf_header_place place,
                 bool (*visit)(void *to, struct mf_span name,
                               struct mf_span value),
                 void *to)
{
    (void)user;
    (void)place;
    (void)visit;
    (void)to;
    return false;
}

static enum mf_body_kind kind_of(const char *type, struct mf_span data)
{
    const struct mf_body body = {
        .place = MF_BODY_RESPONSE,
        .data = data,
        .content_type = {type, strlen(type)},
    };
    return mf_body_kind(&body);
}

static void a_declared_type_tells_the_kind(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum mf_body_kind kind;
    } rows[] = {
        {"application/json", MF_BODY_JSON},
        {" Application/JSON ; charset=utf-8", MF_BODY_JSON},
        {"application/problem+json;x=y", MF_BODY_JSON},
        {"application/atom+xml", MF_BODY_XML},
        {"application/xhtml+xml", MF_BODY_HTML},
        {"image/svg+xml", MF_BODY_IMAGE},
        {"text/html", MF_BODY_HTML},
        {"text/css", MF_BODY_CSS},
        {"text/javascript", MF_BODY_JAVASCRIPT},
        {"application/x-ndjson", MF_BODY_JSON_LINES},
        {"application/json-seq", MF_BODY_JSON_LINES},
        {"application/x-www-form-urlencoded", MF_BODY_FORM},
        {"multipart/mixed; boundary=a", MF_BODY_MULTIPART},
        {"text/event-stream", MF_BODY_EVENTS},
        {"application/graphql", MF_BODY_GRAPHQL},
        {"application/grpc", MF_BODY_GRPC},
        {"application/grpc+proto", MF_BODY_GRPC},
        {"application/grpc-web", MF_BODY_GRPC_WEB},
        {"application/grpc-web+proto", MF_BODY_GRPC_WEB},
        {"application/grpc-web-text", MF_BODY_GRPC_WEB_TEXT},
        {"application/grpc-web-text+proto", MF_BODY_GRPC_WEB_TEXT},
        {"application/proto", MF_BODY_CONNECT},
        {"application/connect+json", MF_BODY_CONNECT_STREAM},
        {"application/x-protobuf", MF_BODY_PROTOBUF},
        {"application/vnd.x+protobuf", MF_BODY_PROTOBUF},
        {"application/msgpack", MF_BODY_MSGPACK},
        {"application/cbor", MF_BODY_CBOR},
        {"application/senml+cbor", MF_BODY_CBOR},
        {"application/cose; cose-type=\"cose-sign1\"", MF_BODY_CBOR},
        {"application/cose-key-set", MF_BODY_CBOR},
        {"application/cwt", MF_BODY_CBOR},
        {"application/dns-message", MF_BODY_DNS},
        {"application/dns-json", MF_BODY_TEXT}, /* by its looks */
        {"font/woff2", MF_BODY_FONT},
        {"application/pdf", MF_BODY_PDF},
        {"audio/mpeg", MF_BODY_AUDIO},
        {"video/mp4", MF_BODY_VIDEO},
        {"application/zip", MF_BODY_ARCHIVE},
        {"text/x-unheard-of", MF_BODY_TEXT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(
            mf_body_kind_name(kind_of(rows[i].type, MF_SPAN("what it holds"))),
            mf_body_kind_name(rows[i].kind));
}

static void what_no_type_tells_is_told_by_its_looks(void **state)
{
    (void)state;
    static const char *const silent[] = {"", "application/octet-stream",
                                         "binary/octet-stream", "nonsense"};
    static const struct {
        struct mf_span data;
        enum mf_body_kind kind;
    } rows[] = {
        {MF_SPAN(" {\"a\": 1}\n"), MF_BODY_JSON},
        {MF_SPAN("[1, 2]"), MF_BODY_JSON},
        {MF_SPAN("{a: 1}"), MF_BODY_TEXT},
        {MF_SPAN("[see below] and"), MF_BODY_TEXT},
        {MF_SPAN("{\"a\":1}\n{\"a\":2}\n"), MF_BODY_JSON_LINES},
        {MF_SPAN("<!-- x --> <!DOCTYPE html><p>"), MF_BODY_HTML},
        {MF_SPAN("<?xml version='1.0'?><a/>"), MF_BODY_XML},
        {MF_SPAN("<?xml version='1.0'?>\n<svg xmlns='x'/>"), MF_BODY_IMAGE},
        {MF_SPAN("na\xc3\xafve"), MF_BODY_TEXT},
        {MF_SPAN("na\xefve"), MF_BODY_UNKNOWN},
        {MF_SPAN("a\0b"), MF_BODY_UNKNOWN},
        {MF_SPAN("\xff\xfe"
                 "a\0b\0"),
         MF_BODY_TEXT},
        {MF_SPAN("\x89PNG\r\n\x1a\n"), MF_BODY_IMAGE},
        {MF_SPAN("PK\3\4"), MF_BODY_ARCHIVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t s = 0; s < sizeof silent / sizeof *silent; s++)
            assert_string_equal(
                mf_body_kind_name(kind_of(silent[s], rows[i].data)),
                mf_body_kind_name(rows[i].kind));
}

static void plain_text_is_json_or_a_file_where_it_is(void **state)
{
    (void)state;
    assert_int_equal(kind_of("text/plain", MF_SPAN("{\"a\":1}")), MF_BODY_JSON);
    assert_int_equal(kind_of("text/plain", MF_SPAN("%PDF-1.7")), MF_BODY_PDF);
    assert_int_equal(kind_of("text/plain", MF_SPAN("<html>")), MF_BODY_TEXT);
    assert_int_equal(kind_of("text/plain", MF_SPAN("na\xefve")), MF_BODY_TEXT);
    assert_int_equal(kind_of("text/plain", MF_SPAN("\0\1")), MF_BODY_UNKNOWN);
    assert_int_equal(kind_of("text/csv", MF_SPAN("{\"a\":1}")), MF_BODY_TEXT);
}

static void text_that_was_cut_in_a_character_is_text(void **state)
{
    (void)state;
    struct mf_body body = {.place = MF_BODY_RESPONSE,
                           .data = MF_SPAN("caf\xc3")};
    assert_int_equal(mf_body_kind(&body), MF_BODY_UNKNOWN);
    body.is_cut = true;
    assert_int_equal(mf_body_kind(&body), MF_BODY_TEXT);
}

static void no_bytes_are_empty_whatever_their_type(void **state)
{
    (void)state;
    assert_int_equal(kind_of("application/json", MF_SPAN("")), MF_BODY_EMPTY);
}

static enum mf_body_kind kind_of_get(const char *url, const char *answer_type)
{
    const struct fields fields = {"content-type", answer_type,
                                  MF_HEADER_RESPONSE};
    const struct mf_body_http http = {.method = MF_SPAN("GET"),
                                      .url = {url, strlen(url)},
                                      .header = find,
                                      .each_header = each,
                                      .user = &fields};
    const struct mf_body body = {.place = MF_BODY_REQUEST,
                                 .data = MF_SPAN_NONE,
                                 .content_type = MF_SPAN_NONE,
                                 .http = &http};
    return mf_body_kind(&body);
}

static void a_url_alone_makes_no_call(void **state)
{
    (void)state;
    const char *url = "/a.B/C?connect=v1&encoding=proto&message=AA";
    assert_int_equal(kind_of_get(url, "application/proto"),
                     MF_BODY_CONNECT_GET);
    assert_int_equal(kind_of_get(url, "text/html"), MF_BODY_EMPTY);
    assert_int_equal(
        kind_of_get("/?message=AA&encoding=proto", "application/proto"),
        MF_BODY_EMPTY);
    assert_int_equal(kind_of_get("/?dns=AAAA", "text/html"), MF_BODY_EMPTY);
}

static void json_of_a_connect_call_is_a_message(void **state)
{
    (void)state;
    struct fields fields = {"connect-protocol-version", "1", MF_HEADER_REQUEST};
    const struct mf_body_http http = {.method = MF_SPAN("POST"),
                                      .url = MF_SPAN("/a.B/C"),
                                      .header = find,
                                      .each_header = each,
                                      .user = &fields};
    const struct mf_body body = {.place = MF_BODY_RESPONSE,
                                 .data = MF_SPAN("{}"),
                                 .content_type = MF_SPAN("application/json"),
                                 .http = &http};
    assert_int_equal(mf_body_kind(&body), MF_BODY_CONNECT);
    fields.name = NULL;
    assert_int_equal(mf_body_kind(&body), MF_BODY_JSON);
}

static void first_bytes_tell_the_media_type(void **state)
{
    (void)state;
    static const struct {
        struct mf_span data;
        const char *type;
    } rows[] = {
        {MF_SPAN("\xff\xd8\xff\xe0"), "image/jpeg"},
        {MF_SPAN("GIF89a"), "image/gif"},
        {MF_SPAN("RIFF\1\2\3\4WEBPVP8 "), "image/webp"},
        {MF_SPAN("RIFF\1\2\3\4WAVEfmt "), "audio/wav"},
        {MF_SPAN("\0\0\0\x1c"
                 "ftypavif"),
         "image/avif"},
        {MF_SPAN("\0\0\0\x18"
                 "ftypmif1\0\0\0\0avifmiaf"),
         "image/avif"},
        {MF_SPAN("\0\0\0\x14"
                 "ftypmif1\0\0\0\0heic"),
         "image/heif"},
        {MF_SPAN("\0\0\0\x18"
                 "ftypisom"),
         "video/mp4"},
        {MF_SPAN("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), "image/bmp"},
        {MF_SPAN("BMW is a car maker, it says"), ""},
        {MF_SPAN("\0\0\1\0\1\0\x10\x10\0\0"), "image/vnd.microsoft.icon"},
        {MF_SPAN("wOF2"), "font/woff2"},
        {MF_SPAN("%PDF-1.4"), "application/pdf"},
        {MF_SPAN("OggS\0"), "audio/ogg"},
        {MF_SPAN("\x1a\x45\xdf\xa3\1\0\0\0\0\0\0\x1f\x42\x82\x84webm"),
         "video/webm"},
        {MF_SPAN("\x1f\x8b\x08"), "application/gzip"},
        {MF_SPAN("\x28\xb5\x2f\xfd"), "application/zstd"},
        {MF_SPAN(" <html>"), "text/html"},
        {MF_SPAN("<htmlx>"), ""},
        {MF_SPAN("plain"), ""},
        {MF_SPAN(""), ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(mf_body_sniff(rows[i].data), rows[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_type_tells_the_kind),
        cmocka_unit_test(what_no_type_tells_is_told_by_its_looks),
        cmocka_unit_test(plain_text_is_json_or_a_file_where_it_is),
        cmocka_unit_test(text_that_was_cut_in_a_character_is_text),
        cmocka_unit_test(no_bytes_are_empty_whatever_their_type),
        cmocka_unit_test(a_url_alone_makes_no_call),
        cmocka_unit_test(json_of_a_connect_call_is_a_message),
        cmocka_unit_test(first_bytes_tell_the_media_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
