#include "dump.h"

#include "../cmocka.h"

static void a_node_is_a_line_with_what_it_has(void **state)
{
    (void)state;
    struct mf_buf out;
    mf_buf_init(&out, 1000);
    const struct mf_node full = {
        .kind = MF_NODE_TEXT,
        .name = MF_SPAN("name"),
        .number = 3,
        .type = MF_SPAN("string"),
        .text = MF_SPAN("a\n\\\x01\u00e9"),
        .bytes = MF_SPAN("\x01\xff"),
        .also = MF_SPAN("\xff"),
        .offset = 7,
        .len = 2,
        .is_cut = true,
        .is_guess = true,
    };
    const struct mf_node bare = {.kind = MF_NODE_NULL};
    assert_int_equal(dump_node(&out, 1, &full), 0);
    assert_int_equal(dump_node(&out, 0, &bare), 0);
    mf_buf_append_byte(&out, '\0');
    assert_string_equal(
        (char *)out.data,
        "  text name #3 <string> = a\\n\\\\\\x01\u00e9 ~ \\xff | "
        "01ff @7+2 cut guess\nnull\n");
    mf_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_a_line_with_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
