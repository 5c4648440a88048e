/* A FlowFilter of a viewer: refused with a reason, or a filter that a
 * recorded flow can be held against. */
#include <stdlib.h>

#include "query/filter.h"
#include "query/needles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Field 1 (HTTP): id, request "GET http://a/b", response 200 "one two". */
static const uint8_t recorded[] =
    "\x0a\x2e\x0a\x02id\x12\x15\x0a\x03GET\x12\x0ehttp://a.com/b"
    "\x1a\x11\x08\xc8\x01\x1a\x0cone two aaa!";

static void require(int holds)
{
    if (!holds)
        abort();
}

static struct mf_record *record(void)
{
    static const struct mf_record_head head = {.source = "", .note = ""};
    static struct mf_record *record;
    struct mf_flow *flow;
    if (record)
        return record;
    require(mf_flow_from_snapshot(recorded, sizeof recorded - 1, MF_FLOW_LIVE,
                                  &flow, NULL) == 0);
    record = mf_record_new(&head, flow, NULL, 0);
    mf_flow_unref(flow);
    require(record != NULL);
    return record;
}

static void use_filter(struct mf_filter *filter)
{
    bool is_limited = false;
    bool is_match = mf_filter_match(filter, record(), &is_limited);
    require(!mf_filter_is_empty(filter) || is_match);
    require(mf_filter_needles(filter) != NULL);
    mf_filter_reads_bodies(filter);
    mf_filter_reads_binary(filter);
    mf_filter_unref(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_filter *filter;
    struct mf_filter_fault fault = {.text = ""};
    struct mf_err err = {0};
    Mitmflow__V1__FlowFilter *message =
        mitmflow__v1__flow_filter__unpack(NULL, size, data);
    if (!message)
        return 0;
    int rc = mf_filter_new(message, &filter, &fault, &err);
    mitmflow__v1__flow_filter__free_unpacked(message, NULL);
    require(rc == 0 || (rc == MF_EINVAL && err.text[0]));
    if (rc == 0)
        use_filter(filter);
    return 0;
}
