#include "../cmocka.h"

#include <string.h>

#include "service/access.h"

enum { V = MF_ACCESS_VIEWERS, E = MF_ACCESS_EXPORTERS };
enum { C = MF_ACCESS_EXPORTER_CERT };

#define EXPORT "/mitmproxy.v1.Service/ExportFlow"
#define HELLO "/mitmproxy.v1.Service/Hello"
#define WATCH "/mitmflow.v1.Service/WatchFlows"
#define HEALTH "/grpc.health.v1.Health/Check"
#define REFLECTION "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

static enum mf_status judge(int tag, bool has_cert, const char *path,
                            const char **text)
{
    *text = NULL;
    enum mf_status status = mf_access_judge(tag, has_cert, path, text);
    assert_int_equal(status != MF_STATUS_OK, *text != NULL);
    return status;
}

static void an_address_for_all_takes_every_call(void **state)
{
    (void)state;
    const char *text;
    assert_int_equal(judge(V | E, false, EXPORT, &text), MF_STATUS_OK);
    assert_int_equal(judge(V | E, false, HELLO, &text), MF_STATUS_OK);
    assert_int_equal(judge(V | E, false, WATCH, &text), MF_STATUS_OK);
}

static void the_wrong_address_names_the_flag_of_the_right_one(void **state)
{
    (void)state;
    const char *text;
    assert_int_equal(judge(V, true, EXPORT, &text),
                     MF_STATUS_PERMISSION_DENIED);
    assert_non_null(strstr(text, "--ingest-addr"));
    assert_int_equal(judge(V, true, HELLO, &text), MF_STATUS_PERMISSION_DENIED);
    assert_int_equal(judge(E, true, WATCH, &text), MF_STATUS_PERMISSION_DENIED);
    assert_non_null(strstr(text, "--addr"));
    assert_int_equal(judge(V, false, WATCH, &text), MF_STATUS_OK);
    assert_int_equal(judge(E, false, EXPORT, &text), MF_STATUS_OK);
}

static void exporters_without_a_certificate_are_turned_away(void **state)
{
    (void)state;
    const char *text;
    assert_int_equal(judge(V | E | C, false, EXPORT, &text),
                     MF_STATUS_UNAUTHENTICATED);
    assert_non_null(strstr(text, "--tls-client-ca"));
    assert_int_equal(judge(V | E | C, false, HELLO, &text),
                     MF_STATUS_UNAUTHENTICATED);
    assert_int_equal(judge(V | E | C, true, EXPORT, &text), MF_STATUS_OK);
    assert_int_equal(judge(V | E | C, false, WATCH, &text), MF_STATUS_OK);
}

static void health_and_reflection_are_everywhere(void **state)
{
    (void)state;
    const char *text;
    for (int tag = V; tag <= (V | E | C); tag++) {
        assert_int_equal(judge(tag, false, HEALTH, &text), MF_STATUS_OK);
        assert_int_equal(judge(tag, false, REFLECTION, &text), MF_STATUS_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_for_all_takes_every_call),
        cmocka_unit_test(the_wrong_address_names_the_flag_of_the_right_one),
        cmocka_unit_test(exporters_without_a_certificate_are_turned_away),
        cmocka_unit_test(health_and_reflection_are_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
