#include "../cmocka.h"

#include <stdlib.h>

#include "../wrap_memory.h"

#include "codec/encoding.h"
#include "pb/wire.h"
#include "store/block.h"

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

/* With a gzip body of a response and a binary one of the request. */
static struct mf_flow *make_flow(void)
{
    struct mf_buf buf, raw;
    struct mf_flow *flow = NULL;
    size_t http, half, header;
    char text[2000], binary[500] = {0};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 26);
    mf_buf_init(&buf, SIZE_MAX);
    mf_buf_init(&raw, SIZE_MAX);
    mf_encoding_encode(MF_ENCODING_GZIP, text, sizeof text, &raw);
    mf_wire_begin(&buf, MF_FLOW_HTTP, &http);
    mf_wire_put_bytes(&buf, 1, "id", 2);
    mf_wire_begin(&buf, 2, &half);
    mf_wire_put_bytes(&buf, 4, binary, sizeof binary);
    mf_wire_end(&buf, half);
    mf_wire_begin(&buf, 3, &half);
    mf_wire_begin(&buf, 100, &header);
    mf_wire_put_bytes(&buf, 1, "content-encoding", 16);
    mf_wire_put_bytes(&buf, 2, "gzip", 4);
    mf_wire_end(&buf, header);
    mf_wire_put_bytes(&buf, 102, raw.data, raw.len);
    mf_wire_end(&buf, half);
    mf_wire_end(&buf, http);
    assert_int_equal(
        mf_flow_from_snapshot(buf.data, buf.len, MF_FLOW_ENDED, &flow, NULL),
        0);
    mf_buf_release(&buf);
    mf_buf_release(&raw);
    return flow;
}

static int read_back(const struct mf_made_block *block)
{
    struct mf_frame *frame;
    struct mf_block_entry *entries;
    struct mf_buf out;
    unsigned frames;
    size_t count;
    int rc = mf_frame_read(block->data.data, block->data.len, 0, &frame, NULL);
    if (rc)
        return rc;
    mf_buf_init(&out, SIZE_MAX);
    rc = mf_frame_snapshot(frame, 0, block->data.data, block->data.len, &out,
                           NULL);
    mf_buf_release(&out);
    mf_frame_free(frame);
    if (!rc && !(rc = mf_block_entries(block->data.data, block->data.len,
                                       &frames, &entries, &count, NULL)))
        free(entries);
    return rc;
}

static int seal(const struct mf_made_block *block)
{
    struct mf_postings *postings = mf_postings_new();
    struct mf_buf part;
    if (!postings)
        return MF_ENOMEM;
    mf_buf_init(&part, SIZE_MAX);
    int rc = mf_postings_add(postings, 0, block->signatures[0].data,
                             block->signatures[0].len);
    if (!rc)
        rc = mf_postings_put_part(postings, 0, &part);
    mf_buf_release(&part);
    mf_postings_free(postings);
    return rc;
}

static int make_and_read(const struct mf_flow *flow, size_t *ret_signature_len)
{
    const struct mf_block_entry entry = {1, MF_BLOCK_HEAD};
    struct mf_made_block block;
    unsigned frame, slot;
    struct mf_block_maker *maker = mf_block_maker_new();
    if (!maker)
        return MF_ENOMEM;
    int rc = mf_block_maker_add(maker, &entry, flow, &frame, &slot);
    if (!rc)
        rc = mf_block_maker_finish(maker, &block);
    mf_block_maker_free(maker);
    if (rc)
        return rc;
    *ret_signature_len = block.signatures[0].len;
    rc = read_back(&block);
    if (!rc)
        rc = seal(&block);
    mf_made_block_release(&block);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct mf_flow *flow = make_flow();
    size_t whole = 0, len = 0;
    assert_int_equal(make_and_read(flow, &whole), 0);
    long fails = 0;
    for (int rc = MF_ENOMEM; rc; fails++) {
        left = fails;
        rc = make_and_read(flow, &len);
        left = -1;
        if (rc)
            assert_int_equal(rc, MF_ENOMEM);
    }
    assert_int_equal(len, whole);
    assert_true(fails > 15);
    mf_flow_unref(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
