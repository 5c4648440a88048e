#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"
#include "service/missing.h"

static int add(struct mf_missing **missing, const char *id)
{
    return mf_missing_add(missing, (struct mf_span){id, strlen(id)});
}

/* The ids as they are told, one a line. */
static void assert_told(const struct mf_missing *missing, const char *want)
{
    struct mf_buf out;
    struct mf_wire_field field;
    char text[100] = "";
    mf_buf_init(&out, SIZE_MAX);
    assert_int_equal(mf_missing_put(missing, 102, &out), 0);
    struct mf_cursor cursor = mf_cursor_make(out.data, out.len);
    while (mf_wire_next(&cursor, &field)) {
        assert_int_equal(field.number, 102);
        strncat(text, (const char *)field.data, field.len);
        strcat(text, "\n");
    }
    assert_string_equal(text, want);
    mf_buf_release(&out);
}

static void each_id_is_told_once(void **state)
{
    (void)state;
    struct mf_missing *missing = NULL;
    assert_told(missing, "");
    assert_int_equal(add(&missing, "b"), 0);
    assert_int_equal(add(&missing, "a"), 0);
    assert_int_equal(add(&missing, "b"), 0);
    assert_told(missing, "b\na\n");
    mf_missing_free(missing);
    mf_missing_free(NULL);
}

static void no_more_are_noted_than_may_be_told(void **state)
{
    (void)state;
    struct mf_missing *missing = NULL;
    char id[20];
    for (int i = 0; i < MF_MISSING_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(add(&missing, id), 0);
    }
    assert_int_equal(add(&missing, "one more"), MF_EFULL);
    assert_int_equal(add(&missing, "7"), 0); /* is noted already */
    mf_missing_free(missing);
}

static void long_ids_are_bounded_in_all(void **state)
{
    enum { LEN = 65536 };
    (void)state;
    struct mf_missing *missing = NULL;
    char *id = malloc(LEN + 1);
    memset(id, 'x', LEN);
    id[LEN] = 0;
    size_t noted = 0;
    for (; noted < MF_MISSING_MAX; noted++) {
        id[0] = (char)('a' + noted);
        if (add(&missing, id))
            break;
    }
    assert_int_equal(noted, MF_MISSING_MAX_LEN / LEN);
    free(id);
    mf_missing_free(missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_id_is_told_once),
        cmocka_unit_test(no_more_are_noted_than_may_be_told),
        cmocka_unit_test(long_ids_are_bounded_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
