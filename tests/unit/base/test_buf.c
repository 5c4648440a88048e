#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

static void a_buffer_never_passes_its_maximum(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 10);
    assert_int_equal(mf_buf_append(&buf, "12345678", 8), 0);
    assert_int_equal(mf_buf_append(&buf, "abc", 3), MF_EFULL);
    assert_int_equal(buf.len, 8);
    assert_int_equal(mf_buf_append(&buf, "ab", 2), 0);
    assert_memory_equal(buf.data, "12345678ab", 10);
    assert_int_equal(mf_buf_reserve(&buf, SIZE_MAX), MF_EFULL);
    mf_buf_release(&buf);
}

static void consuming_moves_the_rest_to_the_front(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    mf_buf_printf(&buf, "%s-%d", "abc", 42);
    mf_buf_consume(&buf, 2);
    assert_memory_equal(buf.data, "c-42", 4);
    mf_buf_consume(&buf, 100);
    assert_int_equal(buf.len, 0);
    mf_buf_release(&buf);
}

static void taking_leaves_an_empty_buffer(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 100);
    mf_buf_append(&buf, "xyz", 3);
    size_t len;
    uint8_t *data = mf_buf_take(&buf, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(data, "xyz", 3);
    assert_int_equal(buf.len, 0);
    assert_null(mf_buf_take(&buf, &len));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_never_passes_its_maximum),
        cmocka_unit_test(consuming_moves_the_rest_to_the_front),
        cmocka_unit_test(taking_leaves_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
