#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/tnet_file.h"

static int append(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

static int read_text(const char *text, struct mf_tnet *ret_value,
                     uint64_t *ret_byte, const char **ret_why)
{
    struct mf_input input;
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    lseek(fd, 0, SEEK_SET);
    mf_input_init(&input, fd, 1 << 20);
    int rc = mf_tnet_read(&input, ret_value, ret_byte, ret_why, NULL);
    mf_input_release(&input);
    close(fd);
    return rc;
}

static void test_what_is_written_is_what_python_would_write(void **state)
{
    struct mf_tnet_out out;
    struct mf_buf text;
    (void)state;
    mf_tnet_out_init(&out);
    mf_buf_init(&text, 1 << 20);
    struct mf_tnet_mark list = mf_tnet_begin(&out);
    mf_tnet_put_null(&out);
    mf_tnet_put_bool(&out, true);
    mf_tnet_put_bool(&out, false);
    mf_tnet_put_int(&out, -12);
    mf_tnet_put_double(&out, 0.1);
    mf_tnet_put_bytes(&out, (struct mf_span){"a\0b", 3});
    struct mf_tnet_mark dict = mf_tnet_begin(&out);
    mf_tnet_put_string(&out, "k");
    mf_tnet_put_string(&out, "");
    mf_tnet_end(&out, dict, MF_TNET_DICT);
    mf_tnet_end(&out, list, MF_TNET_LIST);
    assert_int_equal(mf_tnet_out_flush(&out, append, &text), 0);
    static const char want[] =
        "46:0:~4:true!5:false!3:-12#3:0.1^3:a\0b,7:1:k;0:;}]";
    assert_int_equal(text.len, sizeof want - 1);
    assert_memory_equal(text.data, want, sizeof want - 1);
    mf_buf_release(&text);
    mf_tnet_out_release(&out);
}

static void test_long_strings_are_written_in_their_place(void **state)
{
    enum { LONG_LEN = 100000 };
    static char bytes[LONG_LEN];
    struct mf_tnet_out out;
    struct mf_buf text;
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    mf_tnet_out_init(&out);
    mf_buf_init(&text, 1 << 20);
    struct mf_tnet_mark list = mf_tnet_begin(&out);
    mf_tnet_put_bytes(&out, (struct mf_span){bytes, LONG_LEN});
    mf_tnet_put_int(&out, 1);
    mf_tnet_put_bytes(&out, (struct mf_span){bytes, LONG_LEN});
    mf_tnet_end(&out, list, MF_TNET_LIST);
    assert_int_equal(mf_tnet_out_flush(&out, append, &text), 0);
    struct mf_cursor cursor = mf_cursor_make(text.data, text.len);
    struct mf_tnet value;
    const uint8_t *at;
    const char *why;
    assert_true(mf_tnet_next(&cursor, &value));
    assert_true(mf_cursor_done(&cursor));
    assert_int_equal(mf_tnet_check(value, &at, &why), 0);
    assert_int_equal(mf_tnet_item(value, 0).data.len, LONG_LEN);
    assert_int_equal(mf_tnet_item(value, 2).data.len, LONG_LEN);
    mf_buf_release(&text);
    mf_tnet_out_release(&out);
}

static void test_what_is_wrong_is_named_with_its_byte(void **state)
{
    static const struct {
        const char *text;
        int rc;
        uint64_t byte;
    } cases[] = {
        {"", 0, 0},
        {"0:~", 1, 0},
        {"x", MF_ECORRUPT, 0},
        {"12x", MF_ECORRUPT, 2},
        {"1234567890123:", MF_ECORRUPT, 12},
        {"5", MF_ETRUNC, 0},
        {"5:abc", MF_ETRUNC, 0},
        {"999999999999:abc", MF_ETRUNC, 0},
        {"3:abc?", MF_ECORRUPT, 2},
        {"3:abc#", MF_ECORRUPT, 2},
        {"1:\xff;", MF_ECORRUPT, 2},
        {"4:1:a;}", MF_ECORRUPT, 6},
        {"7:0:~1:a;}", MF_ECORRUPT, 2},
        {"8:4:9:xx,,]", MF_ECORRUPT, 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mf_tnet value;
        uint64_t byte;
        const char *why;
        assert_int_equal(read_text(cases[i].text, &value, &byte, &why),
                         cases[i].rc);
        if (cases[i].rc < 0)
            assert_int_equal(byte, cases[i].byte);
    }
}

static void test_lists_in_lists_end_somewhere(void **state)
{
    struct mf_tnet_out out;
    struct mf_tnet_mark marks[MF_TNET_DEPTH_MAX + 1];
    (void)state;
    for (int depth = MF_TNET_DEPTH_MAX; depth <= MF_TNET_DEPTH_MAX + 1;
         depth++) {
        struct mf_tnet value;
        const uint8_t *at;
        const char *why;
        mf_tnet_out_init(&out);
        for (int i = 0; i < depth; i++)
            marks[i] = mf_tnet_begin(&out);
        for (int i = depth; i-- > 0;)
            mf_tnet_end(&out, marks[i], MF_TNET_LIST);
        struct mf_cursor cursor = mf_cursor_make(out.buf.data, out.buf.len);
        assert_true(mf_tnet_next(&cursor, &value));
        assert_int_equal(mf_tnet_check(value, &at, &why),
                         depth > MF_TNET_DEPTH_MAX ? MF_ECORRUPT : 0);
        mf_tnet_out_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_what_python_would_write),
        cmocka_unit_test(test_long_strings_are_written_in_their_place),
        cmocka_unit_test(test_what_is_wrong_is_named_with_its_byte),
        cmocka_unit_test(test_lists_in_lists_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
