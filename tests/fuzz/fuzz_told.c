/* Connection events and losses as exporters send them: what is read of them
 * lies inside its bounds, and a failure makes a flow. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "flow/connection.h"
#include "flow/loss.h"
#include "pb/wire.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_kept(const struct mf_buf *kept)
{
    struct mf_cursor cursor = mf_cursor_make(kept->data, kept->len);
    struct mf_wire_field field;
    must(kept->len <= MF_CONNECTION_KEPT_MAX_LEN);
    while (mf_wire_next(&cursor, &field))
        must(field.number != 10 && field.number != 12 && field.number != 14);
    must(!cursor.error);
}

static void check_failure(const struct mf_connection *connection)
{
    struct mf_flow *flow = NULL;
    struct mf_err err;
    int rc = mf_connection_failure_flow(connection, &flow, &err);
    must(rc == 0 || rc == MF_ENOMEM || rc == MF_EINVAL);
    if (rc)
        return;
    struct mf_span id = mf_flow_id(flow);
    must(id.len > connection->id.len &&
         memcmp(id.text, connection->id.text, connection->id.len) == 0);
    must(mf_flow_state(flow) == MF_FLOW_ENDED);
    mf_flow_unref(flow);
}

static void read_connection(const uint8_t *data, size_t size)
{
    struct mf_connection connection;
    struct mf_err err;
    if (mf_connection_from_export(data, size, &connection, &err))
        return;
    must(connection.id.len > 0 &&
         connection.id.len <= MF_CONNECTION_ID_MAX_LEN);
    must(connection.error.len <= MF_CONNECTION_ERROR_MAX_LEN);
    must(mf_utf8_valid(connection.error.text, connection.error.len));
    check_kept(&connection.kept);
    if (mf_connection_has_failed(&connection))
        check_failure(&connection);
    mf_connection_release(&connection);
}

static void read_loss(const uint8_t *data, size_t size)
{
    struct mf_loss loss;
    struct mf_err err;
    if (mf_loss_from_export(data, size, &loss, &err))
        return;
    must(loss.count > 0 && loss.from_ns <= loss.to_ns);
    must(loss.id.len > 0 && loss.id.len <= MF_LOSS_ID_MAX_LEN);
    must(loss.reason.len <= MF_LOSS_REASON_MAX_LEN);
    must(mf_utf8_valid(loss.reason.text, loss.reason.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_connection(data, size);
    read_loss(data, size);
    return 0;
}
