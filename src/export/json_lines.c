/* Flows as JSON with nothing left out: one on each line, or all in an
 * array. */
#include "export/formats.h"
#include "export/http_view.h"
#include "export/json_message.h"
#include "export/missing.h"
#include "mitmflow/v1/mitmflow.pb-c.h"

struct state {
    struct mf_json_out json;
    bool is_array;
    bool has_flows;
};

static int write_out(void *user, const void *data, size_t len)
{
    return mf_export_write(user, data, len);
}

static const char *state_name(enum mf_flow_state state)
{
    return state == MF_FLOW_LIVE    ? "live"
           : state == MF_FLOW_ENDED ? "ended"
                                    : "cut off";
}

static void put_head(struct mf_json_out *json,
                     const struct mf_record_head *head)
{
    mf_json_put_key(json, "number");
    mf_json_put_uint(json, head->number);
    mf_json_put_key(json, "source");
    mf_json_put_string(json, head->source);
    mf_json_put_key(json, "state");
    mf_json_put_string(json, state_name(head->state));
    mf_json_put_key(json, "pinned");
    mf_json_put_bool(json, head->pinned);
    mf_json_put_key(json, "note");
    mf_json_put_string(json, head->note);
}

/* Messages that the flow has and the file has not. */
static void put_missing(struct mf_json_out *json,
                        const struct mf_record *record)
{
    uint64_t missing = mf_export_missing(record);
    if (!missing)
        return;
    mf_json_put_key(json, "messagesLeftOut");
    mf_json_put_uint(json, missing);
}

static void put_flow(struct mf_json_out *json,
                     const struct mf_export_flow *flow)
{
    struct mf_flow *snapshot = mf_record_flow(flow->record);
    size_t len;
    const uint8_t *bytes = mf_flow_snapshot(snapshot, &len);
    mf_json_begin_object(json);
    put_head(json, mf_record_head(flow->record));
    put_missing(json, flow->record);
    mf_json_put_fields(json, &mitmproxy__v1__flow__descriptor,
                       (struct mf_span){(const char *)bytes, len}, NULL);
    if (flow->connections.len) {
        mf_json_put_key(json, "connections");
        mf_json_begin_object(json);
        mf_json_put_fields(json, &mitmflow__v1__flow_connections__descriptor,
                           flow->connections, NULL);
        mf_json_end_object(json);
    }
    mf_json_end_object(json);
}

static int begin_lines(struct mf_export *to, void *arg, struct mf_err *err)
{
    struct state *state = arg;
    (void)err;
    mf_json_out_init(&state->json, write_out, to);
    return 0;
}

static int begin_array(struct mf_export *to, void *arg, struct mf_err *err)
{
    struct state *state = arg;
    state->is_array = true;
    begin_lines(to, arg, err);
    mf_json_begin_array(&state->json);
    return state->json.error;
}

static int write_flow(struct mf_export *to, void *arg,
                      const struct mf_export_flow *flow)
{
    struct state *state = arg;
    (void)to;
    if (state->is_array)
        mf_json_put_raw(&state->json, "\n");
    put_flow(&state->json, flow);
    if (!state->is_array)
        mf_json_put_raw(&state->json, "\n");
    return state->json.error;
}

static int end_array(struct mf_export *to, void *arg)
{
    struct state *state = arg;
    (void)to;
    mf_json_put_raw(&state->json, "\n");
    mf_json_end_array(&state->json);
    mf_json_put_raw(&state->json, "\n");
    return state->json.error;
}

const struct mf_export_writer mf_export_json_lines = {
    .state_size = sizeof(struct state),
    .begin = begin_lines,
    .flow = write_flow,
};

const struct mf_export_writer mf_export_json = {
    .state_size = sizeof(struct state),
    .begin = begin_array,
    .flow = write_flow,
    .end = end_array,
};
