#include "support.h"

#include "../wrap_memory.h"

#include "codec/encoding.h"
#include "flow/connection.h"
#include "flow/published.h"

/* How many allocations still work; negative: all. */
static long left = -1;

static bool is_out(void)
{
    if (left < 0)
        return false;
    if (left == 0)
        return true;
    left--;
    return false;
}

static bool no_match(void *user, const char *text, size_t len)
{
    (void)user;
    (void)text;
    (void)len;
    return false;
}

/* Everything that is done with a message on its way; the first error. */
static int use_message(const struct mf_buf *message)
{
    struct mf_flow *flow = NULL;
    struct mf_record *record = NULL;
    struct mf_buf out;
    const struct mf_record_head head = {.source = "source", .note = "note"};
    mf_buf_init(&out, 1 << 20);
    int rc = mf_flow_from_export(message->data, message->len, &flow, NULL);
    if (!rc && !(record = mf_record_new(&head, flow, NULL, 0)))
        rc = MF_ENOMEM;
    if (!rc) {
        size_t len;
        const uint8_t *snapshot = mf_flow_snapshot(flow, &len);
        mf_flow_each_text(flow, no_match, NULL);
        rc = mf_flow_put_published(snapshot, len, MF_PUBLISHED_ADD, 1000, &out,
                                   NULL);
    }
    mf_record_unref(record);
    mf_flow_unref(flow);
    mf_buf_release(&out);
    return rc;
}

static void make_message(struct mf_buf *ret_message)
{
    struct mf_buf body, packed;
    size_t mark;
    mf_buf_init(&body, 10000);
    mf_buf_init(&packed, 1000);
    mf_encoding_encode(MF_ENCODING_GZIP, "find me", 7, &packed);
    put_text(&body, 1, "id");
    mf_wire_begin(&body, 3, &mark);
    put_pair(&body, 100, "A", "1");
    put_pair(&body, 100, "Content-Encoding", "gzip");
    put_pair(&body, 101, "T", "\xe9");
    mf_wire_put_bytes(&body, 102, packed.data, packed.len);
    mf_wire_end(&body, mark);
    wrap(MF_FLOW_HTTP, &body, EVENT(RESPONSE), ret_message);
    mf_buf_release(&body);
    mf_buf_release(&packed);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct mf_buf message;
    make_message(&message);
    long failures = 0;
    for (int rc = MF_ENOMEM; rc; failures++) {
        assert_true(failures < 1000);
        left = failures;
        rc = use_message(&message);
        left = -1;
        assert_true(rc == 0 || rc == MF_ENOMEM);
    }
    /* Each half of the use above allocates a few times at least. */
    assert_true(failures > 10);
    mf_buf_release(&message);
}

/* A connection that failed, read and made a flow; the first error. */
static int use_event(const struct mf_buf *message)
{
    struct mf_connection connection;
    struct mf_flow *flow = NULL;
    int rc = mf_connection_from_export(message->data, message->len, &connection,
                                       NULL);
    if (rc)
        return rc;
    rc = mf_connection_failure_flow(&connection, &flow, NULL);
    mf_flow_unref(flow);
    mf_connection_release(&connection);
    return rc;
}

static void every_allocation_for_an_event_may_fail(void **state)
{
    (void)state;
    struct mf_buf message;
    size_t event, conn;
    mf_buf_init(&message, 1000);
    mf_wire_put_varint(&message, 2, EVENT(TLS_FAILED_CLIENT));
    mf_wire_begin(&message, 102, &event);
    mf_wire_begin(&message, 2, &conn);
    put_text(&message, 6, "c");
    put_text(&message, 16, "shop.example");
    mf_wire_end(&message, conn);
    mf_wire_end(&message, event);
    long failures = 0;
    for (int rc = MF_ENOMEM; rc; failures++) {
        assert_true(failures < 100);
        left = failures;
        rc = use_event(&message);
        left = -1;
        assert_true(rc == 0 || rc == MF_ENOMEM);
    }
    assert_true(failures > 3);
    mf_buf_release(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_for_an_event_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
