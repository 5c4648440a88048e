/* Connection events and losses, as exporters send them. */
#include "support.h"

#include <stdio.h>

#include "flow/connection.h"
#include "flow/loss.h"

enum { EXPORT_EVENT = 2, EXPORT_CONNECTION = 102, EXPORT_LOSS = 103 };
enum { CLIENT = 2, SERVER = 3, ERROR = 4 };

#define SECOND INT64_C(1000000000)

static void put_conn(struct mf_buf *out, uint32_t side, const char *id,
                     const char *sni)
{
    size_t mark;
    mf_wire_begin(out, side, &mark);
    put_text(out, 1, "10.0.0.7");
    mf_wire_put_varint(out, 2, 40000);
    put_text(out, 6, id);
    if (sni)
        put_text(out, 16, sni);
    mf_wire_end(out, mark);
}

/* An ExportFlowRequest of this event of a client, and a server if `server`. */
static void make_event(struct mf_buf *out, unsigned event, const char *client,
                       const char *server, const char *error)
{
    size_t mark;
    mf_buf_init(out, SIZE_MAX);
    mf_wire_put_varint(out, EXPORT_EVENT, event);
    mf_wire_begin(out, EXPORT_CONNECTION, &mark);
    mf_wire_put_timestamp_opt(out, 1, 7 * SECOND);
    put_conn(out, CLIENT, client, "shop.example");
    if (server)
        put_conn(out, SERVER, server, NULL);
    put_text(out, ERROR, error);
    mf_wire_end(out, mark);
}

static bool is(struct mf_span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

static void read_event(const struct mf_buf *message,
                       struct mf_connection *connection)
{
    assert_int_equal(mf_connection_from_export(message->data, message->len,
                                               connection, NULL),
                     0);
}

static void an_event_is_of_the_side_that_it_names(void **state)
{
    (void)state;
    static const struct {
        unsigned event;
        const char *server;
        bool is_server;
    } cases[] = {
        {EVENT(CLIENT_CONNECTED), NULL, false},
        {EVENT(SERVER_CONNECTED), "s", true},
        {EVENT(TLS_FAILED_SERVER), "s", true},
        /* A server beside a client's event is for information. */
        {EVENT(TLS_FAILED_CLIENT), "s", false},
        {EVENT(TLS_CLIENTHELLO), "s", false},
        /* One of tomorrow. */
        {1234, NULL, false},
        {1234, "s", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mf_connection connection;
        struct mf_buf message;
        make_event(&message, cases[i].event, "c", cases[i].server, "");
        read_event(&message, &connection);
        assert_int_equal(connection.is_server, cases[i].is_server);
        assert_true(is(connection.id, cases[i].is_server ? "s" : "c"));
        assert_int_equal(connection.event, cases[i].event);
        mf_connection_release(&connection);
        mf_buf_release(&message);
    }
}

static void events_that_open_and_close_stand_for_times(void **state)
{
    (void)state;
    static const struct {
        unsigned event;
        bool opens, closes;
    } cases[] = {
        {EVENT(CLIENT_CONNECTED), true, false},
        {EVENT(SERVER_CONNECTED), true, false},
        {EVENT(SERVER_CONNECT), false, false},
        {EVENT(TLS_START_CLIENT), false, false},
        {EVENT(CLIENT_DISCONNECTED), false, true},
        {EVENT(SERVER_DISCONNECTED), false, true},
        {EVENT(SERVER_CONNECT_ERROR), false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mf_connection connection;
        struct mf_buf message;
        make_event(&message, cases[i].event, "c", "s", "");
        read_event(&message, &connection);
        assert_int_equal(connection.at_ns, 7 * SECOND);
        assert_int_equal(connection.opened_ns, cases[i].opens ? 7 * SECOND : 0);
        assert_int_equal(connection.closed_ns,
                         cases[i].closes ? 7 * SECOND : 0);
        mf_connection_release(&connection);
        mf_buf_release(&message);
    }
}

static void
the_error_is_the_connections_own_where_the_event_has_none(void **state)
{
    (void)state;
    struct mf_connection connection;
    struct mf_buf message;
    size_t event, conn;
    mf_buf_init(&message, SIZE_MAX);
    mf_wire_put_varint(&message, EXPORT_EVENT, EVENT(TLS_FAILED_CLIENT));
    mf_wire_begin(&message, EXPORT_CONNECTION, &event);
    mf_wire_begin(&message, CLIENT, &conn);
    put_text(&message, 6, "c");
    put_text(&message, 8, "its own");
    mf_wire_end(&message, conn);
    mf_wire_end(&message, event);
    read_event(&message, &connection);
    assert_true(is(connection.error, "its own"));
    mf_connection_release(&connection);
    mf_buf_release(&message);
}

static void what_is_too_long_is_not_kept_but_known(void **state)
{
    (void)state;
    static char sni[MF_CONNECTION_KEPT_MAX_LEN + 1];
    struct mf_connection connection;
    struct mf_buf message;
    size_t event, conn;
    memset(sni, 'x', sizeof sni - 1);
    mf_buf_init(&message, SIZE_MAX);
    mf_wire_put_varint(&message, EXPORT_EVENT, EVENT(CLIENT_DISCONNECTED));
    mf_wire_begin(&message, EXPORT_CONNECTION, &event);
    mf_wire_begin(&message, CLIENT, &conn);
    put_text(&message, 16, sni);
    put_text(&message, 6, "c");
    mf_wire_put_timestamp_opt(&message, 18, 9 * SECOND);
    mf_wire_end(&message, conn);
    mf_wire_end(&message, event);
    read_event(&message, &connection);
    assert_int_equal(connection.kept.len, 0);
    assert_true(is(connection.id, "c"));
    assert_int_equal(connection.closed_ns, 9 * SECOND);
    mf_connection_release(&connection);
    mf_buf_release(&message);
}

/* ---- as flows ---- */

static void check_failure(unsigned event, const char *server, const char *error,
                          const char *id, const char *words)
{
    struct mf_connection connection;
    struct mf_buf message;
    struct mf_flow *flow;
    make_event(&message, event, "c", server, error);
    read_event(&message, &connection);
    assert_true(mf_connection_has_failed(&connection));
    assert_int_equal(mf_connection_failure_flow(&connection, &flow, NULL), 0);
    assert_int_equal(mf_flow_type(flow), MF_FLOW_TCP);
    assert_int_equal(mf_flow_state(flow), MF_FLOW_ENDED);
    assert_int_equal(mf_flow_start_ns(flow), 7 * SECOND);
    assert_true(is(mf_flow_id(flow), id));
    assert_true(mf_connection_is_failure_id(mf_flow_id(flow)));
    assert_false(mf_connection_is_failure_id(mf_flow_client_id(flow)));
    assert_true(is(mf_flow_client_id(flow), "c"));
    assert_true(is(mf_flow_server_id(flow), server ? server : ""));
    Mitmflow__V1__FlowSummary *summary = summary_of(flow);
    assert_string_equal(summary->error, words);
    assert_string_equal(summary->tcp->client_peername_host, "10.0.0.7");
    assert_string_equal(summary->tcp->server_address_host,
                        server ? "10.0.0.7" : "shop.example");
    mitmflow__v1__flow_summary__free_unpacked(summary, NULL);
    mf_flow_unref(flow);
    mf_connection_release(&connection);
    mf_buf_release(&message);
}

static void a_failure_is_a_flow_that_says_what_failed_and_why(void **state)
{
    (void)state;
    check_failure(EVENT(TLS_FAILED_CLIENT), NULL, "no trust", "c-failed",
                  "client TLS handshake failed: no trust (shop.example)");
    check_failure(EVENT(TLS_FAILED_CLIENT), NULL, "no trust in shop.example",
                  "c-failed",
                  "client TLS handshake failed: no trust in shop.example");
    check_failure(EVENT(TLS_FAILED_SERVER), "s", "self-signed", "s-failed",
                  "server TLS handshake failed: self-signed");
    check_failure(EVENT(SERVER_CONNECT_ERROR), "s", "", "s-failed",
                  "server connection failed: no reason told");
}

static void other_events_are_no_failures(void **state)
{
    (void)state;
    for (unsigned event = 0; event < 110; event++) {
        struct mf_connection connection = {.event = event};
        bool fails = event == EVENT(TLS_FAILED_CLIENT) ||
                     event == EVENT(TLS_FAILED_SERVER) ||
                     event == EVENT(SERVER_CONNECT_ERROR);
        assert_int_equal(mf_connection_has_failed(&connection), fails);
    }
}

/* ---- losses ---- */

static int read_loss(const char *id, uint64_t count, int64_t from_ns,
                     int64_t to_ns, struct mf_loss *loss, struct mf_err *err)
{
    static uint8_t bytes[4096]; /* for as long as the spans live */
    struct mf_buf message;
    size_t mark;
    mf_buf_init(&message, sizeof bytes);
    mf_wire_begin(&message, EXPORT_LOSS, &mark);
    put_text(&message, 1, id);
    mf_wire_put_varint_opt(&message, 2, count);
    mf_wire_put_timestamp_opt(&message, 3, from_ns);
    mf_wire_put_timestamp_opt(&message, 4, to_ns);
    put_text(&message, 5, "full");
    mf_wire_end(&message, mark);
    memcpy(bytes, message.data, message.len);
    int rc = mf_loss_from_export(bytes, message.len, loss, err);
    mf_buf_release(&message);
    return rc;
}

static void a_loss_has_an_id_a_count_and_times_in_order(void **state)
{
    (void)state;
    struct mf_loss loss;
    struct mf_err err;
    assert_int_equal(read_loss("id", 3, SECOND, 2 * SECOND, &loss, &err), 0);
    assert_true(is(loss.id, "id") && is(loss.reason, "full"));
    assert_int_equal(loss.count, 3);
    assert_int_equal(loss.from_ns, SECOND);
    assert_int_equal(loss.to_ns, 2 * SECOND);
    assert_int_equal(read_loss("id", 3, 2 * SECOND, SECOND, &loss, &err), 0);
    assert_int_equal(loss.from_ns, SECOND);
    assert_int_equal(loss.to_ns, SECOND);
    assert_int_equal(read_loss("id", 3, 2 * SECOND, 0, &loss, &err), 0);
    assert_int_equal(loss.to_ns, 2 * SECOND);
    assert_int_equal(read_loss("", 3, 1, 2, &loss, &err), MF_EINVAL);
    assert_int_equal(read_loss("id", 0, 1, 2, &loss, &err), MF_EINVAL);
    assert_int_equal(read_loss("id", UINT64_MAX, 1, 2, &loss, &err), MF_EINVAL);
    assert_int_equal(read_loss("id", INT64_MAX, 1, 2, &loss, &err), 0);
}

static void a_message_without_either_has_neither(void **state)
{
    (void)state;
    struct mf_connection connection;
    struct mf_loss loss;
    struct mf_err err;
    assert_int_equal(mf_connection_from_export(NULL, 0, &connection, &err),
                     MF_EINVAL);
    assert_int_equal(mf_loss_from_export(NULL, 0, &loss, &err), MF_EINVAL);
    assert_int_equal(
        mf_loss_from_export((const uint8_t *)"\xff", 1, &loss, &err),
        MF_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_of_the_side_that_it_names),
        cmocka_unit_test(events_that_open_and_close_stand_for_times),
        cmocka_unit_test(
            the_error_is_the_connections_own_where_the_event_has_none),
        cmocka_unit_test(what_is_too_long_is_not_kept_but_known),
        cmocka_unit_test(a_failure_is_a_flow_that_says_what_failed_and_why),
        cmocka_unit_test(other_events_are_no_failures),
        cmocka_unit_test(a_loss_has_an_id_a_count_and_times_in_order),
        cmocka_unit_test(a_message_without_either_has_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
