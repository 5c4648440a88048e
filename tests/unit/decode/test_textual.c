#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "decode/reflection.h"
#include "decode/textual.h"
#include "decode/types.h"
#include "sample.h"

struct texts {
    char *texts[200];
    size_t count;
};

static int take(void *user, struct mf_span text)
{
    struct texts *texts = user;
    assert_true(texts->count < 200);
    assert_true(mf_utf8_valid(text.text, text.len));
    texts->texts[texts->count++] = strndup(text.text, text.len);
    return 0;
}

static void forget(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->texts[i]);
    texts->count = 0;
}

static void read_body(const struct mf_body *body, const struct mf_types *types,
                      struct texts *ret_texts)
{
    const struct mf_decode_opts opts = {.types = types,
                                        .inflated_max = 1 << 20};
    *ret_texts = (struct texts){.count = 0};
    assert_int_equal(mf_textual_frames(body, &opts, take, ret_texts), 0);
}

#define SAMPLE(name) MF_GOLDEN "/rpc/" name

static void read_sample(const char *path, const struct mf_types *types,
                        struct texts *ret_texts)
{
    struct sample sample;
    sample_read(&sample, path);
    read_body(&sample.body, types, ret_texts);
    sample_release(&sample);
}

static struct mf_types *shop_types(void)
{
    struct mf_types *types;
    const char *path = SAMPLE("shop.binpb");
    assert_int_equal(mf_types_new(&types), 0);
    assert_int_equal(mf_types_load(types, &path, 1, NULL), 0);
    return types;
}

static void each_frame_is_a_text_of_its_own(void **state)
{
    (void)state;
    struct mf_types *types = shop_types();
    struct texts texts;
    read_sample(SAMPLE("grpc-stream.response"), types, &texts);
    assert_int_equal(texts.count, 4);
    assert_string_equal(texts.texts[0], "next_page: \"page 0\"\n");
    assert_string_equal(texts.texts[2], "next_page: \"page 2\"\n");
    assert_string_equal(texts.texts[3],
                        "grpc-status: OK\ngrpc-message: \nx-count: 3\n");
    forget(&texts);
    mf_types_free(types);
}

static struct mf_body grpc_web(const char *bytes, size_t len)
{
    return (struct mf_body){
        .place = MF_BODY_RESPONSE,
        .data = {bytes, len},
        .content_type = MF_SPAN("application/grpc-web+proto"),
    };
}

static void without_types_a_text_looks_like_protoscope(void **state)
{
    (void)state;
    static const char bytes[] = "\0\0\0\0\6\x22\4\x08\x64\x28\x0a"
                                "\0\0\0\0\7\x0a\5hello"
                                "\x80\0\0\0\x10grpc-status: 0\r\n";
    const struct mf_body body = grpc_web(bytes, sizeof bytes - 1);
    struct texts texts;
    read_body(&body, NULL, &texts);
    assert_int_equal(texts.count, 3);
    assert_string_equal(texts.texts[0], "4: {\n  1: 100\n  5: 10\n}\n");
    assert_string_equal(texts.texts[1], "1: {\"hello\"}\n");
    assert_string_equal(texts.texts[2], "grpc-status: OK\n");
    forget(&texts);
}

static void a_frame_that_breaks_off_spoils_no_other(void **state)
{
    (void)state;
    static const char bytes[] = "\0\0\0\0\2\x08\1\0\0\0\0\4\x08\2";
    const struct mf_body body = grpc_web(bytes, sizeof bytes - 1);
    struct texts texts;
    read_body(&body, NULL, &texts);
    assert_int_equal(texts.count, 2);
    assert_string_equal(texts.texts[0], "1: 1\n");
    assert_string_equal(texts.texts[1],
                        "1: 2\n# 2 bytes of this frame are missing\n");
    forget(&texts);
}

static void an_empty_message_is_an_empty_text(void **state)
{
    (void)state;
    const struct mf_body body = grpc_web("\0\0\0\0\0", 5);
    struct texts texts;
    read_body(&body, NULL, &texts);
    assert_int_equal(texts.count, 1);
    assert_string_equal(texts.texts[0], "");
    forget(&texts);
}

static void texts_are_bounded_and_say_so(void **state)
{
    (void)state;
    enum { FRAME_LEN = 200004, FRAMES = 150 };
    struct mf_buf bytes;
    struct texts texts;
    mf_buf_init(&bytes, 1 << 20);
    /* Field 1, 200,000 bytes of text; then 150 small frames. */
    static const uint8_t head[] = {0, 0, 3, 13, 0x44, 0x0a, 0xc0, 0x9a, 0x0c};
    assert_int_equal(mf_buf_append(&bytes, head, sizeof head), 0);
    for (size_t i = 0; i < 200000; i++)
        mf_buf_append_byte(&bytes, i % 2 ? 'a' : ' ');
    for (size_t i = 0; i < FRAMES; i++)
        mf_buf_append(&bytes, "\0\0\0\0\2\x08\1", 7);
    const struct mf_body body = grpc_web((char *)bytes.data, bytes.len);
    const struct mf_decode_opts opts = {.types = NULL, .inflated_max = 0};
    texts.count = 0;
    assert_int_equal(mf_textual_frames(&body, &opts, take, &texts), 0);
    assert_int_equal(texts.count, 101);
    assert_true(strlen(texts.texts[0]) < 65 << 10);
    assert_non_null(strstr(texts.texts[0], "# there is more"));
    assert_string_equal(texts.texts[1], "1: 1\n");
    assert_string_equal(texts.texts[100],
                        "# there is more, which is not shown\n");
    forget(&texts);
    mf_buf_release(&bytes);
}

static void other_bodies_have_none(void **state)
{
    (void)state;
    const struct mf_body body = {.place = MF_BODY_REQUEST,
                                 .data = MF_SPAN("{\"a\":1}"),
                                 .content_type = MF_SPAN("application/json")};
    struct texts texts;
    read_body(&body, NULL, &texts);
    assert_int_equal(texts.count, 0);
}

static void what_reflection_answers_tell_is_learned_and_used(void **state)
{
    (void)state;
    struct mf_types *types;
    struct sample sample;
    struct texts texts;
    assert_int_equal(mf_types_new(&types), 0);
    sample_read(&sample, SAMPLE("reflection.response"));
    assert_true(mf_reflection_is_url(sample.http.url));
    assert_true(mf_reflection_learn(types, 1, &sample.body));
    assert_false(mf_reflection_learn(types, 1, &sample.body));
    sample_release(&sample);
    read_sample(SAMPLE("grpc-stream.response"), types, &texts);
    assert_string_equal(texts.texts[0], "next_page: \"page 0\"\n");
    forget(&texts);
    mf_types_free(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_a_text_of_its_own),
        cmocka_unit_test(without_types_a_text_looks_like_protoscope),
        cmocka_unit_test(a_frame_that_breaks_off_spoils_no_other),
        cmocka_unit_test(an_empty_message_is_an_empty_text),
        cmocka_unit_test(texts_are_bounded_and_say_so),
        cmocka_unit_test(other_bodies_have_none),
        cmocka_unit_test(what_reflection_answers_tell_is_learned_and_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
