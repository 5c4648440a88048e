#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "decode/view.h"

struct told {
    char text[1000];
};

static int tell(void *user, unsigned depth, const struct mf_node *node)
{
    struct told *told = user;
    size_t len = strlen(told->text);
    snprintf(told->text + len, sizeof told->text - len, "%u:%.*s=%.*s;", depth,
             (int)node->name.len, node->name.text, (int)node->text.len,
             node->text.text);
    return 0;
}

static void nodes_are_told_with_their_depth(void **state)
{
    (void)state;
    struct told told = {""};
    struct mf_view view;
    const struct mf_node group = {.kind = MF_NODE_GROUP, .name = MF_SPAN("g")};
    mf_view_init(&view, 10, tell, &told);
    assert_int_equal(mf_view_open(&view, &group), 0);
    assert_int_equal(mf_view_text(&view, "a", MF_SPAN("1")), 0);
    mf_view_close(&view);
    assert_int_equal(mf_view_fault(&view, 3, "bad %s", "byte"), 0);
    assert_string_equal(told.text, "0:g=;1:a=1;0:=bad byte;");
    assert_false(view.is_limited);
}

static void a_view_that_is_full_says_so_once(void **state)
{
    (void)state;
    struct told told = {""};
    struct mf_view view;
    mf_view_init(&view, 1, tell, &told);
    assert_int_equal(mf_view_text(&view, "a", MF_SPAN("1")), 0);
    assert_int_equal(mf_view_text(&view, "b", MF_SPAN("2")), MF_EFULL);
    assert_int_equal(mf_view_text(&view, "c", MF_SPAN("3")), MF_EFULL);
    assert_string_equal(told.text,
                        "0:a=1;0:=there is more, which is not shown;");
    assert_true(view.is_limited);
}

static void a_view_has_a_floor(void **state)
{
    (void)state;
    struct told told = {""};
    struct mf_view view;
    const struct mf_node group = {.kind = MF_NODE_GROUP};
    mf_view_init(&view, 1000, tell, &told);
    for (unsigned i = 0; i < MF_VIEW_DEPTH_MAX; i++)
        assert_int_equal(mf_view_open(&view, &group), 0);
    assert_int_equal(mf_view_open(&view, &group), MF_EFULL);
    assert_true(view.is_limited);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_told_with_their_depth),
        cmocka_unit_test(a_view_that_is_full_says_so_once),
        cmocka_unit_test(a_view_has_a_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
