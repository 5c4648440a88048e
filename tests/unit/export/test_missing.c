/* Flows that are read without their last messages. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

enum { COMMENT_LEN = 40000, CERT_LEN = 300 };

/* A TCP flow with two messages, a long comment and a certificate that is
 * written in another form. */
static struct mf_flow *make_long(void)
{
    enum { META = 100, COMMENT = 1, CLIENT = 2, CERTS = 10, MESSAGES = 4 };
    static char comment[COMMENT_LEN];
    static const char der[CERT_LEN] = {0x30};
    size_t mark, conn, cert;
    struct mf_buf fields;
    mf_buf_init(&fields, SIZE_MAX);
    memset(comment, 'c', sizeof comment);
    mf_wire_begin(&fields, MF_FLOW_TCP, &mark);
    mf_wire_put_bytes(&fields, 1, "id", 2);
    mf_wire_begin(&fields, CLIENT, &conn);
    mf_wire_begin(&fields, CERTS, &cert);
    mf_wire_put_bytes(&fields, 1, der, sizeof der);
    mf_wire_end(&fields, cert);
    mf_wire_end(&fields, conn);
    for (int i = 0; i < 2; i++) {
        mf_wire_begin(&fields, MESSAGES, &conn);
        mf_wire_put_bytes(&fields, 1, "hello", 5);
        mf_wire_end(&fields, conn);
    }
    mf_wire_end(&fields, mark);
    mf_wire_begin(&fields, META, &mark);
    mf_wire_put_bytes(&fields, COMMENT, comment, sizeof comment);
    mf_wire_end(&fields, mark);
    struct mf_flow *flow = make_flow(&fields);
    mf_buf_release(&fields);
    return flow;
}

static int write_out(void *user, const void *data, size_t len)
{
    return mf_buf_append(user, data, len);
}

static void leave_out(void *user, const struct mf_record *record,
                      const char *what)
{
    (void)user;
    (void)record;
    (void)what;
}

/* The flow in a .mitm file, where lists say that it has `count` messages. */
static struct mf_buf export_long(uint64_t count)
{
    enum { MESSAGE_COUNT = 108 };
    struct mf_buf file, summary;
    const struct mf_export_out out = {write_out, leave_out, &file};
    const struct mf_export_opts opts = {0};
    struct mf_export *to;
    struct mf_flow *flow = make_long();
    const struct mf_record_head head = {.number = 1,
                                        .change = 1,
                                        .state = mf_flow_state(flow),
                                        .source = "",
                                        .note = ""};
    mf_buf_init(&file, SIZE_MAX);
    mf_buf_init(&summary, SIZE_MAX);
    mf_wire_put_varint(&summary, MESSAGE_COUNT, count);
    struct mf_record *record =
        mf_record_new(&head, flow, summary.data, summary.len);
    assert_non_null(record);
    assert_int_equal(mf_export_new(MF_EXPORT_MITM, &opts, &out, &to, NULL), 0);
    const struct mf_export_flow exported = {.record = record,
                                            .connections = {"", 0}};
    assert_int_equal(mf_export_flow(to, &exported), 0);
    assert_int_equal(mf_export_end(to), 0);
    mf_export_free(to);
    mf_record_unref(record);
    mf_flow_unref(flow);
    mf_buf_release(&summary);
    return file;
}

static bool has(const struct mf_buf *file, const char *text)
{
    return memmem(file->data, file->len, text, strlen(text)) != NULL;
}

static void a_long_comment_says_what_is_missing_and_stays_whole(void **state)
{
    static char wanted[COMMENT_LEN + 100];
    struct mf_buf file = export_long(7);
    (void)state;
    memset(wanted, 'c', COMMENT_LEN);
    strcpy(wanted + COMMENT_LEN,
           "; the last 5 messages of this flow are not in this file");
    assert_true(has(&file, wanted));
    assert_true(has(&file, "-----BEGIN CERTIFICATE-----\nMAAA"));
    mf_buf_release(&file);
}

static void a_flow_that_is_whole_has_the_comment_that_it_had(void **state)
{
    struct mf_buf file = export_long(2);
    (void)state;
    assert_true(has(&file, "40000:ccc"));
    assert_false(has(&file, "not in this file"));
    mf_buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_comment_says_what_is_missing_and_stays_whole),
        cmocka_unit_test(a_flow_that_is_whole_has_the_comment_that_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
