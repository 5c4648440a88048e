#include "../cmocka.h"

#include "service/guard.h"

static const char *const names[] = {"flows.example"};
static const char *const origins[] = {"https://tool.example:8443"};
static const struct mf_guard guard = {
    .hosts = names,
    .host_count = 1,
    .origins = origins,
    .origin_count = 1,
};

static bool passes(const char *authority, const char *origin)
{
    return mf_guard_refusal(&guard, authority, origin, false) == NULL;
}

static bool passes_over_tls(const char *authority, const char *origin)
{
    return mf_guard_refusal(&guard, authority, origin, true) == NULL;
}

static void addresses_localhost_and_given_names_pass(void **state)
{
    (void)state;
    assert_true(passes("127.0.0.1:50051", NULL));
    assert_true(passes("10.0.0.7", NULL));
    assert_true(passes("[::1]:50051", NULL));
    assert_true(passes("localhost:50051", NULL));
    assert_true(passes("LocalHost", NULL));
    assert_true(passes("flows.example:8443", NULL));
    assert_true(passes("FLOWS.example", NULL));
}

static void any_other_host_is_refused(void **state)
{
    (void)state;
    assert_false(passes(NULL, NULL));
    assert_false(passes("", NULL));
    assert_false(passes("evil.example", NULL));
    assert_false(passes("flows.example.evil.example", NULL));
    assert_false(passes("localhost.evil.example:50051", NULL));
    assert_false(passes("127.0.0.1.evil.example", NULL));
    assert_false(passes("user@127.0.0.1", NULL));
    assert_false(passes("127.0.0.1:x", NULL));
    assert_false(passes("[::1", NULL));
}

static void only_the_pages_own_origin_passes(void **state)
{
    (void)state;
    assert_true(passes("127.0.0.1:50051", "http://127.0.0.1:50051"));
    assert_true(passes("flows.example", "https://flows.example"));
    assert_true(passes("flows.example:443", "https://flows.example"));
    assert_true(passes("localhost", "http://localhost:80"));
    assert_false(passes("127.0.0.1:50051", "http://127.0.0.1:8000"));
    assert_false(passes("127.0.0.1:50051", "http://localhost:50051"));
    assert_false(passes("127.0.0.1:50051", "http://evil.example"));
    assert_false(passes("127.0.0.1:50051", "null"));
    assert_false(passes("127.0.0.1:50051", ""));
    assert_false(passes("127.0.0.1:50051", "file://127.0.0.1:50051"));
    assert_false(passes("127.0.0.1:50051", "http://127.0.0.1:50051.evil"));
}

static void over_tls_the_pages_own_origin_is_https(void **state)
{
    (void)state;
    assert_true(passes_over_tls("127.0.0.1:50051", "https://127.0.0.1:50051"));
    assert_true(passes_over_tls("flows.example", "https://flows.example"));
    assert_true(passes_over_tls("flows.example:443", "https://flows.example"));
    assert_false(passes_over_tls("127.0.0.1:50051", "http://127.0.0.1:50051"));
    assert_false(passes_over_tls("flows.example:80", "http://flows.example"));
}

static void given_origins_pass_to_any_host_of_ours(void **state)
{
    (void)state;
    assert_true(passes("127.0.0.1:50051", "https://tool.example:8443"));
    assert_true(passes_over_tls("localhost", "https://tool.example:8443"));
    assert_false(passes("127.0.0.1:50051", "https://tool.example"));
    assert_false(passes("127.0.0.1:50051", "http://tool.example:8443"));
    assert_false(passes("127.0.0.1:50051", "https://tool.example:84430"));
    assert_false(passes("evil.example", "https://tool.example:8443"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_localhost_and_given_names_pass),
        cmocka_unit_test(any_other_host_is_refused),
        cmocka_unit_test(only_the_pages_own_origin_passes),
        cmocka_unit_test(over_tls_the_pages_own_origin_is_https),
        cmocka_unit_test(given_origins_pass_to_any_host_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
