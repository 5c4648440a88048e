#include "../cmocka.h"

#include <string.h>

#include "rpc/protocol.h"

static void
content_types_are_known_with_parameters_and_in_any_case(void **state)
{
    (void)state;
    const struct mf_content_type *type =
        mf_content_type_find("Application/JSON; charset=utf-8");
    assert_int_equal(type->protocol, MF_PROTOCOL_CONNECT_UNARY);
    assert_true(type->is_json);
    type = mf_content_type_find("application/grpc");
    assert_int_equal(type->protocol, MF_PROTOCOL_GRPC);
    assert_false(type->is_json);
    assert_null(mf_content_type_find("application/grpc+xml"));
    assert_null(mf_content_type_find("application/grpcx"));
    assert_null(mf_content_type_find("text/plain, application/json"));
    assert_null(mf_content_type_find(""));
    assert_null(mf_content_type_find(NULL));
}

static void only_its_own_kinds_fit_a_connect_type(void **state)
{
    (void)state;
    const struct mf_content_type *unary =
        mf_content_type_find("application/proto");
    const struct mf_content_type *stream =
        mf_content_type_find("application/connect+proto");
    const struct mf_content_type *grpc =
        mf_content_type_find("application/grpc");
    assert_true(mf_content_type_fits(unary, MF_METHOD_UNARY));
    assert_false(mf_content_type_fits(unary, MF_METHOD_CLIENT_STREAM));
    assert_false(mf_content_type_fits(stream, MF_METHOD_UNARY));
    assert_true(mf_content_type_fits(stream, MF_METHOD_BIDI_STREAM));
    assert_true(mf_content_type_fits(grpc, MF_METHOD_UNARY));
    assert_true(mf_content_type_fits(grpc, MF_METHOD_SERVER_STREAM));
}

static void time_outs_are_read_in_every_unit(void **state)
{
    (void)state;
    static const struct {
        enum mf_protocol protocol;
        const char *text;
        uint64_t ms;
    } cases[] = {
        {MF_PROTOCOL_CONNECT_UNARY, "0", 0},
        {MF_PROTOCOL_CONNECT_STREAM, "9999999999", 9999999999},
        {MF_PROTOCOL_GRPC, "1H", 3600000},
        {MF_PROTOCOL_GRPC, "2M", 120000},
        {MF_PROTOCOL_GRPC, "3S", 3000},
        {MF_PROTOCOL_GRPC, "4m", 4},
        {MF_PROTOCOL_GRPC, "5u", 1},
        {MF_PROTOCOL_GRPC_WEB, "1000001n", 2},
        {MF_PROTOCOL_GRPC, "0n", 0},
        {MF_PROTOCOL_GRPC, "99999999H", UINT64_C(99999999) * 3600000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool has;
        uint64_t ms;
        assert_int_equal(
            mf_timeout_parse(cases[i].protocol, cases[i].text, &has, &ms), 0);
        assert_true(has);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void malformed_time_outs_are_refused(void **state)
{
    (void)state;
    static const char *const grpc[] = {"",     "1",   "S",          "1s", "-1S",
                                       "1.5S", "1S ", "123456789S", "1SS"};
    static const char *const connect[] = {"", "x", "1x", "-1", "10000000000"};
    bool has;
    uint64_t ms;
    for (size_t i = 0; i < sizeof grpc / sizeof *grpc; i++)
        assert_int_equal(mf_timeout_parse(MF_PROTOCOL_GRPC, grpc[i], &has, &ms),
                         MF_EINVAL);
    for (size_t i = 0; i < sizeof connect / sizeof *connect; i++)
        assert_int_equal(
            mf_timeout_parse(MF_PROTOCOL_CONNECT_UNARY, connect[i], &has, &ms),
            MF_EINVAL);
    assert_int_equal(mf_timeout_parse(MF_PROTOCOL_GRPC, NULL, &has, &ms), 0);
    assert_false(has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            content_types_are_known_with_parameters_and_in_any_case),
        cmocka_unit_test(only_its_own_kinds_fit_a_connect_type),
        cmocka_unit_test(time_outs_are_read_in_every_unit),
        cmocka_unit_test(malformed_time_outs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
