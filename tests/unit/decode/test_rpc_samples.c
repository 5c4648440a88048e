/*
 * The samples of tests/golden/decode/rpc, and what they say: NAME.txt with the
 * types of shop.binpb, NAME.raw.txt without. With MITMFLOW_WRITE_GOLDEN set
 * what comes out is written there.
 */
#include "../cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decoders.h"
#include "decode/types.h"
#include "dump.h"
#include "sample.h"

enum { PATH_CAP = 4096, SAMPLES_MAX = 100, NODES_MAX = 100000 };

static const char folder[] = MF_GOLDEN "/rpc";

static mf_decoder *decoder_of(enum mf_body_kind kind)
{
    switch (kind) {
    case MF_BODY_GRPC:
        return mf_decode__grpc;
    case MF_BODY_GRPC_WEB:
        return mf_decode__grpc_web;
    case MF_BODY_GRPC_WEB_TEXT:
        return mf_decode__grpc_web_text;
    case MF_BODY_CONNECT:
        return mf_decode__connect;
    case MF_BODY_CONNECT_STREAM:
        return mf_decode__connect_stream;
    case MF_BODY_CONNECT_GET:
        return mf_decode__connect_get;
    default:
        return mf_decode__protobuf;
    }
}

/* The caller frees it. */
static char *dump(const struct sample *sample, const struct mf_types *types)
{
    struct mf_buf out;
    struct mf_view view;
    const struct mf_decode_opts opts = {.types = types,
                                        .inflated_max = 1 << 20};
    struct mf_decoding decoding = {.body = &sample->body,
                                   .opts = &opts,
                                   .view = &view,
                                   .inflated_left = opts.inflated_max};
    size_t len;
    mf_buf_init(&out, 1 << 22);
    mf_view_init(&view, NODES_MAX, dump_node, &out);
    assert_int_equal(decoder_of(sample->kind)(&decoding), 0);
    assert_int_equal(view.depth, 0);
    mf_buf_append_byte(&out, 0);
    return (char *)mf_buf_take(&out, &len);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void check(const char *name, const char *ending,
                  const struct mf_types *types)
{
    char path[PATH_CAP];
    struct sample sample;
    struct mf_buf want;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    sample_read(&sample, path);
    char *told = dump(&sample, types);
    snprintf(path, sizeof path, "%s/%s%s", folder, name, ending);
    if (getenv("MITMFLOW_WRITE_GOLDEN"))
        write_file(path, told);
    sample_read_file(path, &want);
    if (strcmp(told, (char *)want.data) != 0)
        fail_msg("%s:\n%s\nbut should be\n%s", path, told, (char *)want.data);
    mf_buf_release(&want);
    free(told);
    sample_release(&sample);
}

static bool is_sample(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot &&
           (strcmp(dot, ".request") == 0 || strcmp(dot, ".response") == 0);
}

/* Call `check` for every sample. */
static void check_all(const char *ending, const struct mf_types *types)
{
    DIR *dir = opendir(folder);
    int count = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_sample(entry->d_name))
            continue;
        check(entry->d_name, ending, types);
        count++;
    }
    closedir(dir);
    assert_true(count > 25);
}

static struct mf_types *shop_types(void)
{
    struct mf_types *types;
    const char *path = MF_GOLDEN "/rpc/shop.binpb";
    assert_int_equal(mf_types_new(&types), 0);
    assert_int_equal(mf_types_load(types, &path, 1, NULL), 0);
    return types;
}

static void samples_are_read_by_their_types(void **state)
{
    (void)state;
    struct mf_types *types = shop_types();
    check_all(".txt", types);
    mf_types_free(types);
}

static void samples_are_guessed_without_types(void **state)
{
    (void)state;
    check_all(".raw.txt", NULL);
}

/* Any body may be cut anywhere; what is told of the frames before is the
 * same. */
static void cut_samples_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    struct mf_types *types = shop_types();
    static const char *const names[] = {
        "grpc-identity.response", "grpc-stream.response",
        "grpc-gzip.response",     "connect-stream.response",
        "connect.response",       "grpc-web-text.response",
        "protobuf.response"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_CAP];
        struct sample sample;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        sample_read(&sample, path);
        for (size_t len = sample.body.data.len; len > 0; len--) {
            sample.body.data.len = len - 1;
            free(dump(&sample, types));
            free(dump(&sample, NULL));
        }
        sample_release(&sample);
    }
    mf_types_free(types);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_read_by_their_types),
        cmocka_unit_test(samples_are_guessed_without_types),
        cmocka_unit_test(cut_samples_are_read_as_far_as_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
