#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "codec/encoding.h"
#include "pb/wire.h"
#include "query/fold.h"
#include "store/block.h"

/* What the bodies of a flow of a test are; NULL: none. */
struct sample {
    const char *id;
    struct mf_span request;
    struct mf_span response;
    const char *encoding; /* of the response's raw_content */
    const char *certificate;
    bool odd_lengths; /* varints longer than they need be */
};

static void put(struct mf_buf *buf, uint32_t number, const char *text)
{
    if (text)
        mf_wire_put_bytes(buf, number, text, strlen(text));
}

/* A nested message, whose length takes four bytes if `odd`. */
static void put_message(struct mf_buf *buf, uint32_t number,
                        struct mf_buf *message, bool odd)
{
    if (odd) {
        mf_wire_put_bytes(buf, number, NULL, 0);
        buf->len--;
        for (unsigned i = 0; i < 4; i++)
            mf_buf_append_byte(buf, (uint8_t)((message->len >> 7 * i & 0x7f) |
                                              (i < 3 ? 0x80 : 0)));
        mf_buf_append(buf, message->data, message->len);
    } else {
        mf_wire_put_bytes(buf, number, message->data, message->len);
    }
    mf_buf_release(message);
}

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    struct mf_buf header;
    mf_buf_init(&header, SIZE_MAX);
    put(&header, 1, name);
    put(&header, 2, value);
    put_message(buf, 100, &header, false);
}

static void put_response(struct mf_buf *http, const struct sample *sample)
{
    struct mf_buf response;
    mf_buf_init(&response, SIZE_MAX);
    mf_wire_put_varint(&response, 1, 200);
    if (sample->encoding) {
        struct mf_buf raw;
        enum mf_encoding encoding;
        mf_buf_init(&raw, SIZE_MAX);
        put_header(&response, "Content-Encoding", sample->encoding);
        assert_int_equal(mf_encoding_parse(sample->encoding,
                                           strlen(sample->encoding), &encoding),
                         0);
        assert_int_equal(mf_encoding_encode(encoding, sample->response.text,
                                            sample->response.len, &raw),
                         0);
        put_message(&response, 102, &raw, sample->odd_lengths);
    } else if (sample->response.len) {
        mf_wire_put_bytes(&response, 3, sample->response.text,
                          sample->response.len);
    }
    put_message(http, 3, &response, sample->odd_lengths);
}

static struct mf_flow *flow_of(const struct sample *sample)
{
    struct mf_buf flow, http, half, cert;
    struct mf_flow *made = NULL;
    mf_buf_init(&flow, SIZE_MAX);
    mf_buf_init(&http, SIZE_MAX);
    mf_buf_init(&half, SIZE_MAX);
    put(&http, 1, sample->id);
    put(&half, 1, "POST");
    if (sample->request.len)
        mf_wire_put_bytes(&half, 4, sample->request.text, sample->request.len);
    put(&half, 11, "https://example.com/a");
    put_message(&http, 2, &half, sample->odd_lengths);
    put_response(&http, sample);
    if (sample->certificate) {
        mf_buf_init(&half, SIZE_MAX);
        mf_buf_init(&cert, SIZE_MAX);
        put(&cert, 1, sample->certificate);
        put_message(&half, 10, &cert, sample->odd_lengths);
        put(&half, 20, "example.com");
        put_message(&http, 7, &half, sample->odd_lengths);
    }
    put_message(&flow, 1, &http, sample->odd_lengths);
    assert_int_equal(
        mf_flow_from_snapshot(flow.data, flow.len, MF_FLOW_ENDED, &made, NULL),
        0);
    mf_buf_release(&flow);
    return made;
}

#define SPAN(text)             \
    (struct mf_span)           \
    {                          \
        text, sizeof(text) - 1 \
    }

static char binary[70000], words[70000];

static void fill(void)
{
    uint64_t state = 88172645463325252u;
    for (size_t i = 0; i < sizeof binary; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        binary[i] = (char)state;
        words[i] = (char)('a' + state % 26);
    }
    binary[5] = 0;
}

struct fixture {
    struct mf_flow *flows[40];
    size_t count;
    struct mf_made_block block;
};

/* Add the flows one after another; their numbers are 10, 9, ... */
static void make_block(struct fixture *fixture, const struct sample *samples,
                       size_t count)
{
    struct mf_block_maker *maker = mf_block_maker_new();
    assert_non_null(maker);
    fixture->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct mf_block_entry entry = {10 - i, MF_BLOCK_HEAD};
        unsigned frame, slot;
        fixture->flows[i] = flow_of(&samples[i]);
        assert_int_equal(
            mf_block_maker_add(maker, &entry, fixture->flows[i], &frame, &slot),
            0);
    }
    assert_int_equal(mf_block_maker_finish(maker, &fixture->block), 0);
    assert_int_equal(mf_block_maker_len(maker), 0);
    mf_block_maker_free(maker);
}

static void release_block(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->count; i++)
        mf_flow_unref(fixture->flows[i]);
    mf_made_block_release(&fixture->block);
}

static void read_snapshot(const struct mf_buf *data, unsigned frame_at,
                          size_t slot, bool with_binary, struct mf_buf *ret)
{
    struct mf_frame *frame;
    mf_buf_init(ret, SIZE_MAX);
    assert_int_equal(
        mf_frame_read(data->data, data->len, frame_at, &frame, NULL), 0);
    assert_int_equal(mf_frame_snapshot(frame, slot,
                                       with_binary ? data->data : NULL,
                                       with_binary ? data->len : 0, ret, NULL),
                     0);
    mf_frame_free(frame);
}

static const struct sample samples[] = {
    {.id = "plain", .request = SPAN("a=1&b=2"), .response = SPAN("A Body")},
    {.id = "empty"},
    {.id = "image", .response = {binary, 5000}},
    {.id = "big", .response = {binary, sizeof binary}, .odd_lengths = true},
    {.id = "upload", .request = {binary, 3000}, .response = SPAN("thanks")},
    {.id = "both", .request = {binary, 300}, .response = {binary, 200}},
    {.id = "gzip", .response = {words, 3000}, .encoding = "gzip"},
    {.id = "brotli", .response = {words, 200}, .encoding = "br"},
    {.id = "image.gz", .response = {binary, 900}, .encoding = "gzip"},
    {.id = "mixed",
     .request = {binary, 2000},
     .response = {words, 3000},
     .encoding = "gzip",
     .certificate = "not quite a certificate, but long enough to be cut "
                    "out of the text of a frame"},
    {.id = "odd",
     .request = {binary, 2000},
     .response = {words, 3000},
     .encoding = "zstd",
     .certificate = "short",
     .odd_lengths = true},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static void snapshots_come_back_exactly(void **state)
{
    (void)state;
    struct fixture fixture;
    make_block(&fixture, samples, SAMPLES);
    struct mf_block_entry *entries;
    size_t count, at = 0;
    unsigned frames;
    assert_int_equal(mf_block_entries(fixture.block.data.data,
                                      fixture.block.data.len, &frames, &entries,
                                      &count, NULL),
                     0);
    assert_int_equal(count, SAMPLES);
    assert_int_equal(fixture.block.entry_count, SAMPLES);
    assert_int_equal(frames, fixture.block.frame_count);
    assert_int_equal(fixture.block.greatest_number, 10);
    for (unsigned i = 0; i < frames; i++) {
        struct mf_frame *frame;
        assert_int_equal(mf_frame_read(fixture.block.data.data,
                                       fixture.block.data.len, i, &frame, NULL),
                         0);
        for (size_t k = 0; k < mf_frame_entry_count(frame); k++, at++) {
            size_t len;
            const uint8_t *want = mf_flow_snapshot(fixture.flows[at], &len);
            struct mf_buf got;
            read_snapshot(&fixture.block.data, i, k, true, &got);
            assert_int_equal(got.len, len);
            assert_memory_equal(got.data, want, len);
            mf_buf_release(&got);
            assert_int_equal(mf_frame_entry(frame, k)->number, 10 - at);
            assert_true(mf_frame_entry(frame, k)->first == MF_BLOCK_HEAD);
            assert_int_equal(entries[at].number, 10 - at);
        }
        mf_frame_free(frame);
    }
    assert_int_equal(at, SAMPLES);
    free(entries);
    release_block(&fixture);
}

struct seen {
    const char *needle;
    bool found;
};

static bool look(void *user, const char *text, size_t len)
{
    struct seen *seen = user;
    seen->found = seen->found ||
                  mf_fold_find(text, len, seen->needle, strlen(seen->needle));
    return seen->found;
}

static bool finds(struct mf_flow *flow, const char *needle)
{
    struct seen seen = {.needle = needle};
    mf_flow_each_text(flow, look, &seen);
    return seen.found;
}

static void a_snapshot_without_binary_bodies_has_all_texts(void **state)
{
    (void)state;
    struct fixture fixture;
    char needle[21];
    memcpy(needle, words + 100, 20);
    needle[20] = '\0';
    for (size_t i = 0; i < SAMPLES; i++) {
        struct mf_buf got;
        struct mf_flow *flow = NULL;
        make_block(&fixture, &samples[i], 1);
        read_snapshot(&fixture.block.data, 0, 0, false, &got);
        assert_int_equal(mf_flow_from_snapshot(got.data, got.len, MF_FLOW_ENDED,
                                               &flow, NULL),
                         0);
        assert_true(finds(flow, "example.com/a"));
        assert_int_equal(mf_flow_id(flow).len, strlen(samples[i].id));
        assert_int_equal(finds(flow, needle), finds(fixture.flows[0], needle));
        size_t whole;
        mf_flow_snapshot(fixture.flows[0], &whole);
        if (samples[i].request.text == binary)
            assert_true(got.len < whole - samples[i].request.len + 20);
        mf_flow_unref(flow);
        mf_buf_release(&got);
        release_block(&fixture);
    }
}

static bool signed_for(const struct fixture *fixture, const char *needle)
{
    uint32_t buckets[32];
    size_t count = mf_needle_buckets(needle, strlen(needle), buckets, 32);
    return mf_signature_has(fixture->block.signatures[0].data,
                            fixture->block.signatures[0].len, buckets, count);
}

static bool binary_signed_for(const struct fixture *fixture, const char *needle)
{
    uint32_t buckets[32];
    size_t count =
        mf_needle_binary_buckets(needle, strlen(needle), buckets, 32);
    return mf_signature_has(fixture->block.signatures[0].data,
                            fixture->block.signatures[0].len, buckets, count);
}

static void what_is_text_is_signed_folded_and_decoded(void **state)
{
    (void)state;
    const struct sample plain = {.id = "The-Id-0123",
                                 .response = SPAN("A BODY")};
    const struct sample gzip = {
        .id = "x", .response = SPAN("Decoded Text"), .encoding = "gzip"};
    const struct sample image = {.id = "x", .response = SPAN("\0PNG-data")};
    struct fixture fixture;
    make_block(&fixture, &plain, 1);
    assert_true(signed_for(&fixture, "a body"));
    assert_true(signed_for(&fixture, "the-id-0123"));
    assert_false(signed_for(&fixture, "decoded text"));
    assert_false(fixture.block.has_binary[0]);
    release_block(&fixture);
    make_block(&fixture, &gzip, 1);
    assert_true(signed_for(&fixture, "decoded text"));
    assert_false(fixture.block.has_binary[0]);
    release_block(&fixture);
    make_block(&fixture, &image, 1);
    assert_false(signed_for(&fixture, "png-data"));
    assert_true(binary_signed_for(&fixture, "png-data"));
    assert_true(binary_signed_for(&fixture, "-data\377"));
    assert_true(binary_signed_for(&fixture, "data")); /* too short to tell */
    assert_false(binary_signed_for(&fixture, "png-date"));
    assert_true(fixture.block.has_binary[0]);
    /* What cannot be decoded may be anything. */
    struct mf_signature *signature = mf_signature_new();
    mf_signature_add_unread(signature);
    mf_buf_release(&fixture.block.signatures[0]);
    assert_int_equal(
        mf_signature_encode(signature, &fixture.block.signatures[0]), 0);
    mf_signature_free(signature);
    assert_true(binary_signed_for(&fixture, "png-date"));
    release_block(&fixture);
}

static void a_frame_is_read_from_the_beginning_of_its_block(void **state)
{
    (void)state;
    struct fixture fixture;
    struct sample two[] = {samples[0], samples[3]}; /* 70 KB of binary */
    make_block(&fixture, two, 2);
    uint8_t *start = malloc(5000);
    memcpy(start, fixture.block.data.data, 5000);
    struct mf_frame *frame;
    struct mf_buf got;
    mf_buf_init(&got, SIZE_MAX);
    assert_true(fixture.block.data.len > 60000);
    assert_int_equal(mf_frame_read(start, 5000, 0, &frame, NULL), 0);
    assert_int_equal(mf_frame_snapshot(frame, 1, NULL, 0, &got, NULL), 0);
    assert_int_equal(mf_frame_snapshot(frame, 1, start, 5000, &got, NULL),
                     MF_ECORRUPT);
    assert_int_equal(mf_frame_snapshot(frame, 2, NULL, 0, &got, NULL),
                     MF_ECORRUPT);
    mf_buf_release(&got);
    mf_frame_free(frame);
    free(start);
    release_block(&fixture);
}

/* Add flows with `text_len` bytes of text until the block is full. */
static size_t fill_block(struct mf_block_maker *maker, struct mf_span body,
                         unsigned frames_of[2])
{
    const struct sample sample = {.id = "x", .response = body};
    struct mf_flow *flow = flow_of(&sample);
    size_t count = 0;
    for (;; count++) {
        const struct mf_block_entry entry = {count + 1, count};
        unsigned frame, slot;
        int rc = mf_block_maker_add(maker, &entry, flow, &frame, &slot);
        if (rc) {
            assert_int_equal(rc, MF_EFULL);
            break;
        }
        if (count < 2)
            frames_of[count] = frame;
    }
    mf_flow_unref(flow);
    return count;
}

static void a_block_is_full_at_its_frames(void **state)
{
    (void)state;
    struct mf_block_maker *maker = mf_block_maker_new();
    struct mf_made_block block;
    unsigned frames_of[2];
    size_t count = fill_block(maker, (struct mf_span){words, 5000}, frames_of);
    size_t per_frame = count / MF_BLOCK_FRAMES_MAX;
    assert_int_equal(count % MF_BLOCK_FRAMES_MAX, 0);
    assert_in_range(per_frame, MF_FRAME_LEN / 5200, MF_FRAME_LEN / 5000);
    assert_in_range(mf_block_maker_len(maker), count * 5000, count * 5200);
    assert_int_equal(mf_block_maker_finish(maker, &block), 0);
    assert_int_equal(block.frame_count, MF_BLOCK_FRAMES_MAX);
    mf_made_block_release(&block);
    /* A text longer than a frame is one by itself. */
    assert_int_equal(
        fill_block(maker, (struct mf_span){words, 60000}, frames_of),
        MF_BLOCK_FRAMES_MAX);
    assert_int_equal(frames_of[1], 1);
    /* What is binary does not count as text, but does not pile up either. */
    assert_int_equal(mf_block_maker_finish(maker, &block), 0);
    mf_made_block_release(&block);
    count = fill_block(maker, (struct mf_span){binary, 30000}, frames_of);
    assert_in_range(count, 8 * 6, 8 * 9);
    mf_block_maker_free(maker);
}

static void an_empty_block_can_be_read(void **state)
{
    (void)state;
    struct fixture fixture;
    struct mf_frame *frame;
    make_block(&fixture, samples, 0);
    assert_int_equal(fixture.block.frame_count, 0);
    assert_int_equal(mf_frame_read(fixture.block.data.data,
                                   fixture.block.data.len, 0, &frame, NULL),
                     MF_ECORRUPT);
    release_block(&fixture);
}

/* Read all of the block: each snapshot is right, or MF_ECORRUPT. */
static int read_all(const struct fixture *fixture, const uint8_t *block,
                    size_t len)
{
    struct mf_frame *frame;
    int rc = mf_frame_read(block, len, 0, &frame, NULL);
    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < mf_frame_entry_count(frame); i++) {
        struct mf_buf got;
        size_t want_len;
        const uint8_t *want = mf_flow_snapshot(fixture->flows[i], &want_len);
        mf_buf_init(&got, 1000000);
        rc = mf_frame_snapshot(frame, i, block, len, &got, NULL);
        if (!rc) {
            assert_int_equal(got.len, want_len);
            assert_memory_equal(got.data, want, want_len);
        }
        mf_buf_release(&got);
    }
    mf_frame_free(frame);
    return rc;
}

/* With any bit changed, and cut off anywhere. A bit that says nothing (there
 * are some in zstd's own head) may change. */
static void a_damaged_block_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    struct sample few[] = {samples[0], samples[5], samples[7]};
    size_t told = 0;
    make_block(&fixture, few, 3);
    size_t len = fixture.block.data.len;
    for (size_t i = 0; i < len * 8; i++) {
        uint8_t *copy = malloc(len);
        memcpy(copy, fixture.block.data.data, len);
        copy[i / 8] ^= (uint8_t)(1U << i % 8);
        int rc = read_all(&fixture, copy, len);
        assert_true(rc == 0 || rc == MF_ECORRUPT);
        told += rc == MF_ECORRUPT;
        free(copy);
    }
    assert_true(told > len * 8 * 99 / 100);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, fixture.block.data.data, cut);
        assert_int_equal(read_all(&fixture, copy, cut), MF_ECORRUPT);
        free(copy);
    }
    release_block(&fixture);
}

static int set_up(void **state)
{
    (void)state;
    fill();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_come_back_exactly),
        cmocka_unit_test(a_snapshot_without_binary_bodies_has_all_texts),
        cmocka_unit_test(what_is_text_is_signed_folded_and_decoded),
        cmocka_unit_test(a_frame_is_read_from_the_beginning_of_its_block),
        cmocka_unit_test(a_block_is_full_at_its_frames),
        cmocka_unit_test(an_empty_block_can_be_read),
        cmocka_unit_test(a_damaged_block_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
