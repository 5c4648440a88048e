/* What is kept beside flows: connections and losses. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "mitmproxy/v1/mitmproxy.pb-c.h"

#define EVENT(name) MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_##name

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static struct mf_connection event_of(const char *id, uint32_t event,
                                     int64_t at_ns)
{
    struct mf_connection connection = {
        .event = event,
        .id = span(id),
        .at_ns = at_ns,
        .error = span(""),
        .client = span(""),
        .server = span(""),
    };
    mf_buf_init(&connection.kept, SIZE_MAX);
    return connection;
}

static uint64_t put_connection(struct fixture *fixture,
                               const struct mf_connection *connection)
{
    uint64_t ticket;
    assert_int_equal(
        mf_store_put_connection(fixture->store, connection, "source", &ticket),
        0);
    return ticket;
}

static uint64_t put_event(struct fixture *fixture, const char *id,
                          uint32_t event, int64_t at_ns)
{
    struct mf_connection connection = event_of(id, event, at_ns);
    return put_connection(fixture, &connection);
}

/* True if it is there; release it then. */
static bool get_known(struct fixture *fixture, const char *id,
                      struct mf_known_connection *known)
{
    struct mf_reader *reader;
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    int rc = mf_reader_connection(reader, span(id), "source", known, NULL);
    assert_true(rc >= 0);
    mf_reader_close(reader);
    return rc == 1;
}

static bool is_known(struct fixture *fixture, const char *id)
{
    struct mf_known_connection known;
    if (!get_known(fixture, id, &known))
        return false;
    mf_known_connection_release(&known);
    return true;
}

static int64_t row_count(struct fixture *fixture)
{
    return sql_int(fixture, "SELECT count(*) FROM connection");
}

/* ---- connections ---- */

static void a_connection_is_the_sum_of_its_events(void **state)
{
    struct fixture *fixture = *state;
    struct mf_known_connection known;
    fixture_open(fixture);
    struct mf_connection opened = event_of("c", EVENT(CLIENT_CONNECTED), 10);
    opened.opened_ns = 10;
    put_connection(fixture, &opened);
    struct mf_connection failed = event_of("c", EVENT(TLS_FAILED_CLIENT), 20);
    failed.error = span("distrust");
    assert_int_equal(mf_buf_append(&failed.kept, "conn", 4), 0);
    put_connection(fixture, &failed);
    mf_connection_release(&failed);
    struct mf_connection closed = event_of("c", EVENT(CLIENT_DISCONNECTED), 30);
    closed.closed_ns = 30;
    assert_int_equal(mf_buf_append(&closed.kept, "last", 4), 0);
    wait_ticket(fixture, put_connection(fixture, &closed));
    mf_connection_release(&closed);
    assert_true(get_known(fixture, "c", &known));
    assert_int_equal(known.event, EVENT(CLIENT_DISCONNECTED));
    assert_int_equal(known.at_ns, 30);
    assert_int_equal(known.opened_ns, 10);
    assert_int_equal(known.closed_ns, 30);
    assert_false(known.is_server);
    assert_int_equal(known.error.len, 8);
    assert_memory_equal(known.error.text, "distrust", 8);
    assert_int_equal(known.conn.len, 4);
    assert_memory_equal(known.conn.text, "last", 4);
    mf_known_connection_release(&known);
    assert_false(is_known(fixture, "another"));
    assert_false(is_known(fixture, ""));
}

static void events_without_flows_are_durable(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put_event(fixture, "c", EVENT(CLIENT_CONNECTED), 1));
    fixture_reopen(fixture);
    assert_true(is_known(fixture, "c"));
    /* Again, and beside a flow. */
    put(fixture, "flow", TCP_END, "x");
    wait_ticket(fixture,
                put_event(fixture, "c", EVENT(CLIENT_DISCONNECTED), 2));
    assert_int_equal(row_count(fixture), 1);
    assert_int_equal(flow_count(fixture), 1);
}

static void
too_many_connections_lose_those_not_heard_of_for_longest(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket = 0;
    fixture->limits.connections = 100;
    fixture_open(fixture);
    for (int i = 0; i < 100; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        wait_ticket(fixture, put(fixture, id, TCP_END, "x")); /* moves marks */
        ticket = put_event(fixture, id, EVENT(CLIENT_CONNECTED), 1);
    }
    wait_ticket(fixture, ticket);
    assert_int_equal(row_count(fixture), 100);
    wait_ticket(fixture,
                put_event(fixture, "c0", EVENT(CLIENT_DISCONNECTED), 2));
    wait_ticket(fixture, put_event(fixture, "new", EVENT(CLIENT_CONNECTED), 1));
    assert_int_equal(row_count(fixture), 50);
    assert_true(is_known(fixture, "c0"));
    assert_true(is_known(fixture, "new"));
    assert_true(is_known(fixture, "c99"));
    assert_false(is_known(fixture, "c1"));
    /* The count is right after a start, too. */
    fixture_reopen(fixture);
    for (int i = 0; i < 51; i++) {
        char id[16];
        snprintf(id, sizeof id, "d%d", i);
        ticket = put_event(fixture, id, EVENT(CLIENT_CONNECTED), 1);
    }
    wait_ticket(fixture, ticket);
    assert_int_equal(row_count(fixture), 50);
}

static void wait_row_count(struct fixture *fixture, int64_t count)
{
    while (row_count(fixture) != count) /* upkeep comes between commits */
        wait_ticket(fixture, put(fixture, "another", TCP_END, "x"));
}

static void connections_go_with_the_flows_of_their_time(void **state)
{
    struct fixture *fixture = *state;
    fixture->max_flows = 3;
    fixture->limits.linger_ns = -1; /* none: a clock may stand still */
    fixture_open(fixture);
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", i);
        wait_ticket(fixture, put(fixture, id, TCP_END, "x"));
        wait_ticket(fixture,
                    put_event(fixture, id, EVENT(CLIENT_CONNECTED), 1));
    }
    wait_flow_count(fixture, 3);
    wait_row_count(fixture, 3);
    assert_false(is_known(fixture, "c0"));
    assert_true(is_known(fixture, "c9"));
}

static void what_was_heard_of_lately_stays_without_flows(void **state)
{
    struct fixture *fixture = *state;
    fixture->max_flows = 1;
    fixture_open(fixture);
    put_event(fixture, "c", EVENT(CLIENT_CONNECTED), 1);
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "f%d", i);
        wait_ticket(fixture, put(fixture, id, TCP_END, "x"));
    }
    wait_flow_count(fixture, 1);
    assert_true(is_known(fixture, "c"));
}

/* A flow of the connections `client` and `server`. */
static void put_flow_of(struct fixture *fixture, char *id, char *client,
                        char *server)
{
    Mitmproxy__V1__ClientConn client_conn = MITMPROXY__V1__CLIENT_CONN__INIT;
    Mitmproxy__V1__ServerConn server_conn = MITMPROXY__V1__SERVER_CONN__INIT;
    Mitmproxy__V1__TCPFlow tcp = MITMPROXY__V1__TCPFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    Mitmproxy__V1__ExportFlowRequest request =
        MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    uint8_t bytes[512];
    struct mf_flow *read;
    uint64_t ticket;
    client_conn.id = client;
    server_conn.id = server;
    tcp.id = id;
    tcp.client = &client_conn;
    tcp.server = &server_conn;
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_TCP_FLOW;
    flow.tcp_flow = &tcp;
    request.flow = &flow;
    request.event_type = EVENT(TCP_END);
    size_t len = mitmproxy__v1__export_flow_request__pack(&request, bytes);
    assert_int_equal(mf_flow_from_export(bytes, len, &read, NULL), 0);
    assert_int_equal(mf_store_put(fixture->store, read, "source", "", &ticket),
                     0);
    mf_flow_unref(read);
    wait_ticket(fixture, ticket);
}

static void put_three_connections(struct fixture *fixture)
{
    put_event(fixture, "client", EVENT(CLIENT_CONNECTED), 1);
    put_event(fixture, "server", EVENT(SERVER_CONNECTED), 1);
    wait_ticket(fixture,
                put_event(fixture, "another", EVENT(CLIENT_CONNECTED), 1));
}

static void a_deleted_flow_takes_its_connections(void **state)
{
    struct fixture *fixture = *state;
    static char first[] = "first", client[] = "client", server[] = "server";
    fixture_open(fixture);
    put_three_connections(fixture);
    put_flow_of(fixture, first, client, server);
    assert_int_equal(delete_id(fixture, "first"), 0);
    assert_false(is_known(fixture, "client"));
    assert_false(is_known(fixture, "server"));
    assert_true(is_known(fixture, "another"));
}

static void a_deleted_flow_in_a_block_takes_its_connections(void **state)
{
    struct fixture *fixture = *state;
    static char first[] = "first", client[] = "client", server[] = "server";
    fixture->limits.block_bytes = 1;
    fixture_open(fixture);
    put_three_connections(fixture);
    put_flow_of(fixture, first, client, server);
    wait_ticket(fixture, put(fixture, "next", TCP_END, "x"));
    assert_int_equal(
        sql_int(fixture, "SELECT frame > 0 FROM flow WHERE number = 1"), 1);
    assert_int_equal(delete_id(fixture, "first"), 0);
    assert_int_equal(row_count(fixture), 1);
}

static void deleting_all_forgets_all_connections(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put(fixture, "first", TCP_END, "x");
    put_three_connections(fixture);
    assert_int_equal(delete_all(fixture), 0);
    assert_int_equal(row_count(fixture), 0);
    put_three_connections(fixture);
    assert_int_equal(row_count(fixture), 3);
}

static void deleting_many_flows_at_once_forgets_all_connections(void **state)
{
    enum { MANY = 300 };
    struct fixture *fixture = *state;
    struct mf_flow_ref refs[MANY] = {0};
    fixture_open(fixture);
    put_three_connections(fixture);
    for (int i = 0; i < MANY; i++)
        refs[i].number = (uint64_t)i + 1;
    wait_ticket(fixture, put(fixture, "first", TCP_END, "x"));
    assert_int_equal(
        mf_store_delete(fixture->store, refs, MANY, told_done, &fixture->told),
        0);
    wait_done(fixture, 1);
    assert_int_equal(row_count(fixture), 0);
}

/* ---- losses ---- */

static uint64_t put_loss(struct fixture *fixture, const char *id,
                         uint64_t count, bool is_new)
{
    const struct mf_loss loss = {
        .id = span(id),
        .count = count,
        .from_ns = 10,
        .to_ns = 20,
        .reason = span("the spool is full"),
    };
    uint64_t ticket;
    bool was_new;
    assert_int_equal(
        mf_store_put_loss(fixture->store, &loss, "source", &was_new, &ticket),
        0);
    assert_int_equal(was_new, is_new);
    return ticket;
}

struct seen {
    size_t losses;
    uint64_t flows; /* lost, in all */
    uint64_t first;
    uint64_t last;
};

static void see(void *user, const struct mf_kept_loss *kept)
{
    struct seen *seen = user;
    if (!seen->losses++)
        seen->first = kept->number;
    assert_true(kept->number > seen->last);
    seen->last = kept->number;
    seen->flows += kept->loss.count;
    assert_int_equal(kept->source.len, 6);
    assert_memory_equal(kept->source.text, "source", 6);
    assert_int_equal(kept->loss.from_ns, 10);
    assert_int_equal(kept->loss.to_ns, 20);
    assert_int_equal(kept->loss.reason.len, strlen("the spool is full"));
    assert_true(kept->arrived_ns > 0);
}

static struct seen losses_after(struct fixture *fixture, uint64_t number)
{
    struct seen seen = {.last = number};
    mf_store_each_loss(fixture->store, number, see, &seen);
    return seen;
}

static void a_loss_counts_once_however_often_it_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_loss(fixture, "a", 5, true);
    put_loss(fixture, "a", 5, false);
    wait_ticket(fixture, put_loss(fixture, "b", 7, true));
    assert_int_equal(losses_after(fixture, 0).flows, 12);
    fixture_reopen(fixture);
    assert_int_equal(losses_after(fixture, 0).flows, 12);
    wait_ticket(fixture, put_loss(fixture, "b", 7, false));
    struct seen seen = losses_after(fixture, 1);
    assert_int_equal(seen.losses, 1);
    assert_int_equal(seen.first, 2);
}

static void the_oldest_losses_go_when_there_are_too_many(void **state)
{
    struct fixture *fixture = *state;
    uint64_t ticket = 0;
    fixture_open(fixture);
    for (int i = 0; i < MF_LOSSES_MAX + 500; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        ticket = put_loss(fixture, id, 1, true);
    }
    wait_ticket(fixture, ticket);
    struct seen seen = losses_after(fixture, 0);
    assert_int_equal(seen.losses, MF_LOSSES_MAX);
    assert_int_equal(seen.first, 501);
    assert_int_equal(sql_int(fixture, "SELECT count(*) FROM loss"),
                     MF_LOSSES_MAX);
    fixture_reopen(fixture);
    seen = losses_after(fixture, 0);
    assert_int_equal(seen.losses, MF_LOSSES_MAX);
    wait_ticket(fixture, put_loss(fixture, "next", 1, true));
    assert_int_equal(losses_after(fixture, 0).last, MF_LOSSES_MAX + 501);
}

static void names_that_are_too_long_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char source[300];
    const struct mf_loss loss = {.id = span("id"), .reason = span("")};
    struct mf_connection connection = event_of("c", 0, 1);
    uint64_t ticket;
    bool is_new;
    fixture_open(fixture);
    memset(source, 's', sizeof source - 1);
    source[sizeof source - 1] = '\0';
    assert_int_equal(
        mf_store_put_loss(fixture->store, &loss, source, &is_new, &ticket),
        MF_EINVAL);
    assert_int_equal(
        mf_store_put_connection(fixture->store, &connection, source, &ticket),
        MF_EINVAL);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_connection_is_the_sum_of_its_events),
        TEST(events_without_flows_are_durable),
        TEST(too_many_connections_lose_those_not_heard_of_for_longest),
        TEST(connections_go_with_the_flows_of_their_time),
        TEST(what_was_heard_of_lately_stays_without_flows),
        TEST(a_deleted_flow_takes_its_connections),
        TEST(a_deleted_flow_in_a_block_takes_its_connections),
        TEST(deleting_all_forgets_all_connections),
        TEST(deleting_many_flows_at_once_forgets_all_connections),
        TEST(a_loss_counts_once_however_often_it_is_told),
        TEST(the_oldest_losses_go_when_there_are_too_many),
        TEST(names_that_are_too_long_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
