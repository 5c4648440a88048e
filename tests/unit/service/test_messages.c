#include "../cmocka.h"

#include <string.h>

#include "mitmflow/v1/mitmflow.pb-c.h"
#include "pb/wire.h"
#include "service/renumber.h"

/* Three messages of a flow as the store gives them. */
static void put_three(struct mf_buf *buf, uint32_t number)
{
    mf_buf_init(buf, 1 << 20);
    for (int i = 0; i < 3; i++) {
        size_t mark;
        mf_wire_begin(buf, number, &mark);
        mf_wire_put_bytes(buf, 1, "text", i + 2);
        mf_wire_put_varint(buf, 3, 1);
        mf_wire_end(buf, mark);
    }
}

static Mitmflow__V1__GetMessagesResponse *renumber(enum mf_flow_type type,
                                                   uint32_t number)
{
    struct mf_buf buf;
    put_three(&buf, number);
    assert_int_equal(mf_messages_renumber(type, &buf), 0);
    Mitmflow__V1__GetMessagesResponse *response =
        mitmflow__v1__get_messages_response__unpack(NULL, buf.len, buf.data);
    assert_non_null(response);
    mf_buf_release(&buf);
    return response;
}

static void messages_of_each_type_get_its_own_field(void **state)
{
    (void)state;
    Mitmflow__V1__GetMessagesResponse *http = renumber(MF_FLOW_HTTP, 11);
    assert_int_equal(http->n_websocket_messages, 3);
    assert_int_equal(http->websocket_messages[2]->content.len, 4);
    assert_true(http->websocket_messages[0]->from_client);
    Mitmflow__V1__GetMessagesResponse *tcp = renumber(MF_FLOW_TCP, 4);
    assert_int_equal(tcp->n_tcp_messages, 3);
    Mitmflow__V1__GetMessagesResponse *udp = renumber(MF_FLOW_UDP, 4);
    assert_int_equal(udp->n_udp_messages, 3);
    mitmflow__v1__get_messages_response__free_unpacked(http, NULL);
    mitmflow__v1__get_messages_response__free_unpacked(tcp, NULL);
    mitmflow__v1__get_messages_response__free_unpacked(udp, NULL);
}

static void no_messages_stay_none(void **state)
{
    (void)state;
    struct mf_buf buf;
    mf_buf_init(&buf, 10);
    for (int type = 0; type <= MF_FLOW_UDP; type++)
        assert_int_equal(mf_messages_renumber((enum mf_flow_type)type, &buf),
                         0);
}

static void what_are_no_messages_of_the_type_is_told(void **state)
{
    (void)state;
    struct mf_buf buf;
    put_three(&buf, 11);
    assert_int_equal(mf_messages_renumber(MF_FLOW_TCP, &buf), MF_ECORRUPT);
    assert_int_equal(mf_messages_renumber(MF_FLOW_DNS, &buf), MF_ECORRUPT);
    assert_int_equal(mf_messages_renumber((enum mf_flow_type)77, &buf),
                     MF_ECORRUPT);
    mf_buf_release(&buf);
}

static void cut_messages_are_told(void **state)
{
    (void)state;
    struct mf_buf buf;
    put_three(&buf, 4);
    size_t whole = buf.len;
    for (size_t len = 1; len < whole; len++) {
        struct mf_buf cut;
        mf_buf_init(&cut, whole);
        mf_buf_append(&cut, buf.data, len);
        int rc = mf_messages_renumber(MF_FLOW_TCP, &cut);
        assert_true(rc == MF_ECORRUPT || rc == 0);
        mf_buf_release(&cut);
    }
    buf.len--;
    assert_int_equal(mf_messages_renumber(MF_FLOW_TCP, &buf), MF_ECORRUPT);
    mf_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_each_type_get_its_own_field),
        cmocka_unit_test(no_messages_stay_none),
        cmocka_unit_test(what_are_no_messages_of_the_type_is_told),
        cmocka_unit_test(cut_messages_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
