/*
 * The samples of folders of tests/golden/decode, and what they say, in
 * NAME.txt beside them. With MITMFLOW_WRITE_GOLDEN set what comes out is
 * written there.
 */
#include "../cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "sample.h"

enum { PATH_CAP = 4096 };

static const struct mf_decode_opts opts = {.inflated_max = 1 << 20};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void check(const char *folder, const char *name)
{
    char path[PATH_CAP];
    struct sample sample;
    struct mf_buf want;
    snprintf(path, sizeof path, MF_GOLDEN "/%s/%s", folder, name);
    sample_read(&sample, path);
    if (mf_body_kind(&sample.body) != sample.kind)
        fail_msg("%s is %s, but should be %s", path,
                 mf_body_kind_name(mf_body_kind(&sample.body)),
                 mf_body_kind_name(sample.kind));
    char *told = dump_body(&sample.body, &opts);
    snprintf(path, sizeof path, MF_GOLDEN "/%s/%s.txt", folder, name);
    if (getenv("MITMFLOW_WRITE_GOLDEN"))
        write_file(path, told);
    sample_read_file(path, &want);
    if (strcmp(told, (char *)want.data) != 0)
        fail_msg("%s:\n%s\nbut should be\n%s", path, told, (char *)want.data);
    mf_buf_release(&want);
    free(told);
    sample_release(&sample);
}

/* Any body may be cut anywhere, and is told as far as it goes. */
static void check_cuts(const char *folder, const char *name)
{
    char path[PATH_CAP];
    struct sample sample;
    snprintf(path, sizeof path, MF_GOLDEN "/%s/%s", folder, name);
    sample_read(&sample, path);
    struct mf_span whole = sample.body.data;
    size_t step = whole.len / 500 + 1;
    for (size_t len = 0; len < whole.len; len += step) {
        /* Exactly that long, so that a read past its end is seen. */
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, whole.text, len);
        sample.body.data = (struct mf_span){copy, len};
        free(dump_body(&sample.body, &opts));
        free(copy);
    }
    sample_release(&sample);
}

static bool is_sample(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot &&
           (strcmp(dot, ".request") == 0 || strcmp(dot, ".response") == 0 ||
            strcmp(dot, ".message") == 0);
}

static void each(const char *folder, int least,
                 void (*check_one)(const char *, const char *))
{
    char path[PATH_CAP];
    int count = 0;
    snprintf(path, sizeof path, MF_GOLDEN "/%s", folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_sample(entry->d_name))
            continue;
        check_one(folder, entry->d_name);
        count++;
    }
    closedir(dir);
    assert_true(count >= least);
}

static void samples_of_dns_are_read(void **state)
{
    (void)state;
    each("dns", 20, check);
    each("dns", 20, check_cuts);
}

static void samples_of_message_pack_are_read(void **state)
{
    (void)state;
    each("msgpack", 15, check);
    each("msgpack", 15, check_cuts);
}

static void samples_of_cbor_are_read(void **state)
{
    (void)state;
    each("cbor", 20, check);
    each("cbor", 20, check_cuts);
}

static void samples_of_text_and_its_like_are_read(void **state)
{
    (void)state;
    each("text", 25, check);
    each("text", 25, check_cuts);
}

static void samples_of_graphql_are_read(void **state)
{
    (void)state;
    each("graphql", 15, check);
    each("graphql", 15, check_cuts);
}

static void samples_of_language_models_are_read(void **state)
{
    (void)state;
    each("llm", 20, check);
    each("llm", 20, check_cuts);
}

static void samples_of_socket_io_are_read(void **state)
{
    (void)state;
    each("socket-io", 8, check);
    each("socket-io", 8, check_cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_text_and_its_like_are_read),
        cmocka_unit_test(samples_of_dns_are_read),
        cmocka_unit_test(samples_of_message_pack_are_read),
        cmocka_unit_test(samples_of_cbor_are_read),
        cmocka_unit_test(samples_of_graphql_are_read),
        cmocka_unit_test(samples_of_language_models_are_read),
        cmocka_unit_test(samples_of_socket_io_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
