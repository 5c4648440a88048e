#include "../cmocka.h"

#include "rpc/accept.h"

static enum mf_encoding choose(const char *value)
{
    struct mf_accept accept;
    mf_accept_init(&accept);
    mf_accept_add(&accept, value);
    return mf_accept_choose(&accept);
}

static void the_first_that_we_have_is_chosen(void **state)
{
    (void)state;
    assert_int_equal(choose("gzip"), MF_ENCODING_GZIP);
    assert_int_equal(choose("zstd,gzip"), MF_ENCODING_ZSTD);
    assert_int_equal(choose("snappy, BR , gzip"), MF_ENCODING_BROTLI);
    assert_int_equal(choose("identity, deflate, gzip"), MF_ENCODING_GZIP);
    assert_int_equal(choose("gzip, gzip;q=0, br"), MF_ENCODING_GZIP);
}

static void quality_goes_before_place(void **state)
{
    (void)state;
    assert_int_equal(choose("gzip;q=0.5, br;q=0.501"), MF_ENCODING_BROTLI);
    assert_int_equal(choose("gzip;q=0.5 , zstd"), MF_ENCODING_ZSTD);
    assert_int_equal(choose("br ; q=1.000, gzip;Q=1"), MF_ENCODING_BROTLI);
    assert_int_equal(choose("gzip;q=0., zstd;x=1;q=0.001"), MF_ENCODING_ZSTD);
}

static void what_is_refused_or_unknown_is_not_chosen(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",
        " , ,;,",
        "identity",
        "deflate",
        "gzip;q=0",
        "gzip; q=0.000",
        "gzipped, x-gzip2",
        "gzip;q=2",
        "gzip;q=",
        "gzip;q=0.1234",
        "gzip;q=1.001",
        "gzip;q=-1",
        "gzip;q=0.5;q=x",
        "*;q=0",
        "identity, gzip;q=0.9",
        ";q=1",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(choose(none[i]), MF_ENCODING_IDENTITY);
}

static void a_star_stands_for_what_is_not_named(void **state)
{
    (void)state;
    assert_int_equal(choose("*"), MF_ENCODING_GZIP);
    assert_int_equal(choose("gzip;q=0, *"), MF_ENCODING_BROTLI);
    assert_int_equal(choose("*;q=0.5, zstd"), MF_ENCODING_ZSTD);
    assert_int_equal(choose("br, *;q=0"), MF_ENCODING_BROTLI);
}

static void a_list_may_come_in_several_headers(void **state)
{
    (void)state;
    struct mf_accept accept;
    mf_accept_init(&accept);
    assert_int_equal(mf_accept_choose(&accept), MF_ENCODING_IDENTITY);
    mf_accept_add(&accept, "snappy");
    mf_accept_add(&accept, "zstd");
    mf_accept_add(&accept, "gzip, br");
    assert_int_equal(mf_accept_choose(&accept), MF_ENCODING_ZSTD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_we_have_is_chosen),
        cmocka_unit_test(quality_goes_before_place),
        cmocka_unit_test(what_is_refused_or_unknown_is_not_chosen),
        cmocka_unit_test(a_star_stands_for_what_is_not_named),
        cmocka_unit_test(a_list_may_come_in_several_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
