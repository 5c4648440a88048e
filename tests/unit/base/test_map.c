#include "../cmocka.h"

#include <stdio.h>

#include "base/map.h"

enum { COUNT = 5000 };

static void entries_survive_growth_and_removal_of_others(void **state)
{
    (void)state;
    static int values[COUNT];
    struct mf_map *map = mf_map_new();
    char key[16];
    for (int i = 0; i < COUNT; i++) {
        int len = snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(mf_map_put(map, key, (size_t)len, &values[i]), 0);
    }
    for (int i = 0; i < COUNT; i += 2) {
        int len = snprintf(key, sizeof key, "k%d", i);
        assert_ptr_equal(mf_map_remove(map, key, (size_t)len), &values[i]);
        assert_null(mf_map_remove(map, key, (size_t)len));
    }
    assert_int_equal(mf_map_count(map), COUNT / 2);
    for (int i = 0; i < COUNT; i++) {
        int len = snprintf(key, sizeof key, "k%d", i);
        void *want = i % 2 ? &values[i] : NULL;
        assert_ptr_equal(mf_map_get(map, key, (size_t)len), want);
    }
    size_t position = 0, seen = 0;
    while (mf_map_next(map, &position))
        seen++;
    assert_int_equal(seen, COUNT / 2);
    mf_map_free(map);
}

static void keys_are_bytes_of_any_kind(void **state)
{
    (void)state;
    int a, b, c;
    struct mf_map *map = mf_map_new();
    mf_map_put(map, "", 0, &a);
    mf_map_put(map, "\0", 1, &b);
    mf_map_put(map, "\0\0", 2, &c);
    assert_ptr_equal(mf_map_get(map, "", 0), &a);
    assert_ptr_equal(mf_map_get(map, "\0", 1), &b);
    assert_ptr_equal(mf_map_get(map, "\0\0", 2), &c);
    mf_map_put(map, "\0", 1, &c);
    assert_ptr_equal(mf_map_get(map, "\0", 1), &c);
    assert_int_equal(mf_map_count(map), 3);
    mf_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_survive_growth_and_removal_of_others),
        cmocka_unit_test(keys_are_bytes_of_any_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
