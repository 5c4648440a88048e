#include "../cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/listen_plan.h"
#include "service/access.h"

enum { V = MF_ACCESS_VIEWERS, E = MF_ACCESS_EXPORTERS };
enum { C = MF_ACCESS_EXPORTER_CERT };

enum tls { CLEAR, TLS, CA };

static struct mf_options make(enum tls tls, bool insecure)
{
    return (struct mf_options){
        .tls_cert = tls ? "cert" : NULL,
        .tls_key = tls ? "key" : NULL,
        .tls_client_ca = tls == CA ? "ca" : NULL,
        .insecure = insecure,
    };
}

static void give(struct mf_option_list *list, const char *value)
{
    list->values[list->count++] = value;
}

struct expected {
    bool is_ingest;
    const char *address;
    enum tls tls;
    bool insecure;
    bool is_refused;
    int tag;
    bool needs_client_cert;
};

/* Every way to come in, and what must be shown there. */
static const struct expected table[] = {
    {false, "127.0.0.1:1", CLEAR, false, false, V | E, false},
    {false, "127.0.0.1:1", TLS, false, false, V | E, false},
    {false, "127.0.0.1:1", CA, false, false, V | E | C, false},
    {false, "127.0.0.1:1", CA, true, false, V | E | C, false},
    {false, "10.0.0.1:1", CLEAR, false, true, 0, false},
    {false, "10.0.0.1:1", CLEAR, true, false, V | E, false},
    {false, "10.0.0.1:1", TLS, false, true, 0, false},
    {false, "10.0.0.1:1", TLS, true, false, V | E, false},
    {false, "10.0.0.1:1", CA, false, false, V | E | C, true},
    {false, "10.0.0.1:1", CA, true, false, V | E | C, false},
    {false, "unix:/x", CLEAR, false, false, V | E, false},
    {false, "unix:/x", CA, false, false, V | E, false},
    {true, "127.0.0.1:2", CLEAR, false, false, E, false},
    {true, "127.0.0.1:2", TLS, false, false, E, false},
    {true, "127.0.0.1:2", CA, false, false, E | C, true},
    {true, "10.0.0.1:2", CLEAR, false, true, 0, false},
    {true, "10.0.0.1:2", CLEAR, true, false, E, false},
    {true, "10.0.0.1:2", TLS, false, true, 0, false},
    {true, "10.0.0.1:2", CA, false, false, E | C, true},
    {true, "10.0.0.1:2", CA, true, false, E | C, true},
    {true, "unix:/y", CA, false, false, E, false},
};

static void each_address_has_its_rules(void **state)
{
    (void)state;
    const struct mf_passed_sockets none = {.count = 0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct expected *want = &table[i];
        struct mf_options options = make(want->tls, want->insecure);
        struct mf_listen_plan plan;
        struct mf_err err = {0};
        give(want->is_ingest ? &options.ingest_addrs : &options.addrs,
             want->address);
        int rc = mf_listen_plan_make(&options, &none, &plan, &err);
        assert_int_equal(rc, want->is_refused ? MF_EINVAL : 0);
        if (rc) {
            assert_non_null(strstr(err.text, want->address));
            assert_non_null(strstr(err.text, "--insecure"));
            continue;
        }
        assert_int_equal(plan.count, 1);
        assert_string_equal(plan.list[0].address, want->address);
        assert_int_equal(plan.list[0].tag, want->tag);
        assert_int_equal(plan.list[0].needs_client_cert,
                         want->needs_client_cert);
        assert_int_equal(plan.list[0].is_tls,
                         want->tls && strncmp(want->address, "unix:", 5) != 0);
    }
}

static void with_an_address_for_exporters_the_others_serve_viewers(void **state)
{
    (void)state;
    const struct mf_passed_sockets none = {.count = 0};
    struct mf_options options = make(CLEAR, false);
    struct mf_listen_plan plan;
    give(&options.addrs, "127.0.0.1:1");
    give(&options.addrs, "unix:/x");
    give(&options.ingest_addrs, "127.0.0.1:2");
    assert_int_equal(mf_listen_plan_make(&options, &none, &plan, NULL), 0);
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.list[0].address, "127.0.0.1:2");
    assert_int_equal(plan.list[0].tag, E);
    assert_string_equal(plan.list[1].address, "127.0.0.1:1");
    assert_int_equal(plan.list[1].tag, V);
    assert_int_equal(plan.list[2].tag, V);
}

static int listen_at(const char *host)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    inet_pton(AF_INET, host, &addr.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void passed_sockets_take_the_place_of_their_flag(void **state)
{
    (void)state;
    int viewers = listen_at("127.0.0.1"), exporters = listen_at("127.0.0.1");
    struct mf_options options = make(CA, false);
    struct mf_listen_plan plan;
    struct mf_passed_sockets passed = {
        .list = {{viewers, false}, {exporters, true}}, .count = 2};
    give(&options.addrs, "127.0.0.1:1");
    give(&options.ingest_addrs, "127.0.0.1:2");
    assert_int_equal(mf_listen_plan_make(&options, &passed, &plan, NULL), 0);
    assert_int_equal(plan.count, 2);
    assert_null(plan.list[0].address);
    assert_int_equal(plan.list[0].fd, exporters);
    assert_int_equal(plan.list[0].tag, E | C);
    assert_true(plan.list[0].needs_client_cert);
    assert_int_equal(plan.list[1].fd, viewers);
    assert_int_equal(plan.list[1].tag, V | C);
    assert_true(plan.list[1].is_tls);

    passed.count = 1;
    assert_int_equal(mf_listen_plan_make(&options, &passed, &plan, NULL), 0);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.list[0].address, "127.0.0.1:2");
    assert_int_equal(plan.list[1].fd, viewers);
    close(viewers);
    close(exporters);
}

static void a_passed_socket_is_judged_by_where_it_is(void **state)
{
    (void)state;
    int any = listen_at("0.0.0.0"), pipes[2];
    struct mf_options options = make(TLS, false);
    struct mf_listen_plan plan;
    struct mf_err err;
    struct mf_passed_sockets passed = {.list = {{any, false}}, .count = 1};
    assert_int_equal(mf_listen_plan_make(&options, &passed, &plan, &err),
                     MF_EINVAL);
    assert_non_null(strstr(err.text, "0.0.0.0:"));
    close(any);
    assert_int_equal(pipe(pipes), 0);
    passed.list[0].fd = pipes[0];
    assert_int_equal(mf_listen_plan_make(&options, &passed, &plan, &err),
                     MF_EINVAL);
    assert_non_null(strstr(err.text, "LISTEN_FDS"));
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_rules),
        cmocka_unit_test(
            with_an_address_for_exporters_the_others_serve_viewers),
        cmocka_unit_test(passed_sockets_take_the_place_of_their_flag),
        cmocka_unit_test(a_passed_socket_is_judged_by_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
