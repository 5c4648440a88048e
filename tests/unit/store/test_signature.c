#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "store/signature.h"

/* xorshift64: the same numbers in each run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

enum { TEXT_LEN = 20000, FRAMES = MF_GROUP_FRAMES, BUCKETS_MAX = 12 };

/* Letters of which some are much rarer than others. */
static void make_text(uint64_t seed, char *text, size_t len)
{
    static const char letters[] = "eeeeeeeettttaaoinshrdlu0123 \"{}:,-\xc3\xa9";
    for (size_t i = 0; i < len; i++)
        text[i] = letters[next_random(&seed) % (sizeof letters - 1)];
}

static void sign(const char *text, size_t len, struct mf_buf *out)
{
    struct mf_signature *signature = mf_signature_new();
    assert_non_null(signature);
    mf_buf_init(out, SIZE_MAX);
    mf_signature_add(signature, text, len);
    assert_int_equal(mf_signature_encode(signature, out), 0);
    mf_signature_free(signature);
}

static bool has(const struct mf_buf *signature, const char *needle, size_t len)
{
    uint32_t buckets[BUCKETS_MAX];
    size_t count = mf_needle_buckets(needle, len, buckets, BUCKETS_MAX);
    return mf_signature_has(signature->data, signature->len, buckets, count);
}

static void what_is_in_a_text_is_never_missed(void **state)
{
    (void)state;
    static char text[TEXT_LEN];
    for (size_t len = 3; len <= TEXT_LEN; len = len * 3 + 1) {
        struct mf_buf signature;
        make_text(len, text, len);
        sign(text, len, &signature);
        for (size_t at = 0; at + 3 <= len; at += 1 + at / 50)
            for (size_t n = 3; n <= 40 && at + n <= len; n += 1 + n / 4)
                assert_true(has(&signature, text + at, n));
        mf_buf_release(&signature);
    }
}

static void sign_binary(const char *bytes, size_t len, bool by_windows,
                        struct mf_buf *out)
{
    enum { WINDOW = 5 };
    struct mf_signature *signature = mf_signature_new();
    assert_non_null(signature);
    mf_buf_init(out, SIZE_MAX);
    if (!by_windows)
        mf_signature_add_binary(signature, bytes, len);
    for (size_t at = 0; by_windows && at + WINDOW <= len; at++)
        mf_signature_add_binary(signature, bytes + at, WINDOW);
    assert_int_equal(mf_signature_encode(signature, out), 0);
    mf_signature_free(signature);
}

static void binary_is_signed_by_its_runs_of_five_wherever_they_lie(void **state)
{
    uint64_t seed = 5;
    (void)state;
    for (size_t len = 0; len < 400; len++) {
        struct mf_buf whole, windows;
        char *bytes = malloc(len ? len : 1);
        assert_non_null(bytes);
        /* From hardly any run to hardly any end of one. */
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(next_random(&seed) % 400 < len
                                  ? ' ' + next_random(&seed) % 95
                                  : 0x7f + next_random(&seed) % 161);
        sign_binary(bytes, len, false, &whole);
        sign_binary(bytes, len, true, &windows);
        assert_int_equal(whole.len, windows.len);
        assert_memory_equal(whole.data, windows.data, whole.len);
        mf_buf_release(&whole);
        mf_buf_release(&windows);
        free(bytes);
    }
}

static void what_is_in_binary_is_never_missed(void **state)
{
    static const char needle[] = "a needle";
    char bytes[200];
    (void)state;
    for (size_t at = 0; at + sizeof needle <= sizeof bytes; at++) {
        struct mf_buf signature;
        uint32_t buckets[BUCKETS_MAX];
        size_t count = mf_needle_binary_buckets(needle, sizeof needle - 1,
                                                buckets, BUCKETS_MAX);
        assert_int_equal(count, sizeof needle - 5);
        memset(bytes, 0x80, sizeof bytes);
        sign_binary(bytes, sizeof bytes, false, &signature);
        assert_false(
            mf_signature_has(signature.data, signature.len, buckets, count));
        mf_buf_release(&signature);
        memcpy(bytes + at, needle, sizeof needle - 1);
        sign_binary(bytes, sizeof bytes, false, &signature);
        assert_true(
            mf_signature_has(signature.data, signature.len, buckets, count));
        mf_buf_release(&signature);
    }
}

static void what_is_not_there_is_mostly_told(void **state)
{
    (void)state;
    static char text[TEXT_LEN];
    struct mf_buf signature;
    size_t wrong = 0;
    make_text(1, text, TEXT_LEN);
    sign(text, TEXT_LEN, &signature);
    assert_false(has(&signature, "quick brown fox", 15));
    for (uint64_t seed = 1; seed <= 100; seed++) {
        char needle[] = "12345678-zzzz";
        for (size_t i = 0; i < 8; i++)
            needle[i] = (char)('f' + (seed * 31 + i * i * 7) % 20);
        wrong += has(&signature, needle, sizeof needle - 1);
    }
    assert_true(wrong < 5);
    mf_buf_release(&signature);
}

static void
a_question_has_different_buckets_and_no_more_than_asked(void **state)
{
    (void)state;
    const char needle[] = "0123abcd-4567-89ef-0123-456789abcdef";
    for (size_t len = 0; len < sizeof needle; len++) {
        for (size_t max = 0; max <= 64; max += 4) {
            uint32_t buckets[64];
            size_t count = mf_needle_buckets(needle, len, buckets, max);
            size_t grams = len < 3 ? 0 : len - 2 + len - 3;
            assert_int_equal(count, max < grams ? max : grams);
            for (size_t i = 0; i < count; i++)
                assert_true(mf_posting_part_of(buckets[i]) <
                            mf_postings_part_count());
        }
    }
}

static void short_texts_make_short_signatures(void **state)
{
    (void)state;
    struct mf_buf some, none;
    sign("hello", 5, &some);
    sign("", 0, &none);
    assert_true(some.len < 30);
    assert_true(none.len < 3);
    assert_true(has(&some, "ello", 4));
    assert_false(has(&some, "ella", 4));
    assert_false(has(&none, "ello", 4));
    mf_buf_release(&some);
    mf_buf_release(&none);
}

static void garbage_has_nothing(void **state)
{
    (void)state;
    uint32_t bucket;
    assert_int_equal(mf_needle_buckets("abc", 3, &bucket, 1), 1);
    for (unsigned form = 0; form < 4; form++) {
        uint8_t bytes[50];
        memset(bytes, 0xff, sizeof bytes);
        bytes[0] = (uint8_t)form;
        assert_false(mf_signature_has(bytes, sizeof bytes, &bucket, 1));
        struct mf_postings *postings = mf_postings_new();
        assert_int_equal(mf_postings_add(postings, 0, bytes, sizeof bytes),
                         MF_ECORRUPT);
        mf_postings_free(postings);
    }
    assert_false(mf_signature_has(NULL, 0, &bucket, 1));
}

/* ---- groups ---- */

struct group {
    struct mf_buf signatures[FRAMES];
    struct mf_buf *parts;
};

/* Of `count` frames, each of its own length; some frames are left out. */
static void make_group(struct group *group, size_t count)
{
    static char text[TEXT_LEN];
    struct mf_postings *postings = mf_postings_new();
    assert_non_null(postings);
    for (unsigned i = 0; i < count; i++) {
        size_t len = i % 7 == 3 ? 0 : 10 + i * (TEXT_LEN - 10) / FRAMES;
        make_text(i + 1, text, len);
        sign(text, len, &group->signatures[i]);
        if (len)
            assert_int_equal(mf_postings_add(postings, i,
                                             group->signatures[i].data,
                                             group->signatures[i].len),
                             0);
    }
    size_t parts = mf_postings_part_count();
    assert_true(parts < MF_POSTING_PARTS_MAX);
    group->parts = calloc(parts, sizeof *group->parts);
    for (size_t i = 0; i < parts; i++) {
        mf_buf_init(&group->parts[i], SIZE_MAX);
        assert_int_equal(mf_postings_put_part(postings, i, &group->parts[i]),
                         0);
    }
    mf_postings_free(postings);
}

static void free_group(struct group *group, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mf_buf_release(&group->signatures[i]);
    for (size_t i = 0; i < mf_postings_part_count(); i++)
        mf_buf_release(&group->parts[i]);
    free(group->parts);
}

/* What the postings say of a bucket: all that have it, and no others unless
 * most have it. */
static void check_bucket(const struct group *group, size_t count,
                         uint32_t bucket)
{
    const struct mf_buf *part = &group->parts[mf_posting_part_of(bucket)];
    struct mf_frame_set set;
    size_t have = 0, wrong = 0;
    memset(&set, 0xff, sizeof set);
    assert_int_equal(mf_posting_narrow(part->data, part->len, bucket, &set), 0);
    for (unsigned i = 0; i < FRAMES; i++) {
        bool has =
            i < count && mf_signature_has(group->signatures[i].data,
                                          group->signatures[i].len, &bucket, 1);
        bool told = set.bits[i / 64] >> i % 64 & 1;
        assert_true(told || !has);
        have += has;
        wrong += told && !has;
    }
    assert_true(wrong == 0 || have > FRAMES / 2);
}

static void a_group_knows_what_its_frames_know(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 63, FRAMES};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct group group;
        make_group(&group, counts[i]);
        uint64_t random = 1;
        for (size_t k = 0; k < 1000; k++)
            check_bucket(&group, counts[i],
                         (uint32_t)(next_random(&random) % 98304));
        const char *const needles[] = {"eee", "teet", "{}:,", "\xa9\xc3\xa9"};
        for (size_t k = 0; k < 4; k++) {
            uint32_t buckets[8];
            size_t found =
                mf_needle_buckets(needles[k], strlen(needles[k]), buckets, 8);
            for (size_t n = 0; n < found; n++)
                check_bucket(&group, counts[i], buckets[n]);
        }
        free_group(&group, counts[i]);
    }
}

/* Rows of each form: frames at equal distances, in a run, and all but
 * those. */
static void rows_of_all_kinds_come_back(void **state)
{
    (void)state;
    uint32_t bucket;
    struct mf_buf with, without;
    assert_int_equal(mf_needle_buckets("abc", 3, &bucket, 1), 1);
    sign("abc", 3, &with);
    sign("", 0, &without);
    for (unsigned shape = 0; shape < 4 * 24; shape++) {
        unsigned size = shape / 4 + 1 + shape / 8 * shape / 16;
        bool inverted = shape & 1, run = shape & 2;
        size_t have = 0;
        struct mf_postings *postings = mf_postings_new();
        struct mf_frame_set want = {{0}}, set;
        for (unsigned i = 0; i < FRAMES; i++) {
            bool is = (run ? i < size : i % size == size / 3) != inverted;
            const struct mf_buf *signature = is ? &with : &without;
            want.bits[i / 64] |= (uint64_t)is << i % 64;
            have += is;
            assert_int_equal(
                mf_postings_add(postings, i, signature->data, signature->len),
                0);
        }
        struct mf_buf part;
        mf_buf_init(&part, SIZE_MAX);
        assert_int_equal(
            mf_postings_put_part(postings, mf_posting_part_of(bucket), &part),
            0);
        memset(&set, 0xff, sizeof set);
        assert_int_equal(mf_posting_narrow(part.data, part.len, bucket, &set),
                         0);
        if (have > FRAMES * 5 / 8) /* all, then */
            memset(&want, 0xff, sizeof want);
        assert_memory_equal(&set, &want, sizeof set);
        mf_buf_release(&part);
        mf_postings_free(postings);
    }
    mf_buf_release(&with);
    mf_buf_release(&without);
}

static void a_part_that_is_cut_off_is_told(void **state)
{
    (void)state;
    struct group group;
    struct mf_frame_set set;
    make_group(&group, 100);
    const struct mf_buf *part = &group.parts[0];
    for (size_t len = 0; len < part->len; len += 7) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, part->data, len);
        int first = 0, last = 0;
        first = mf_posting_narrow(copy, len, 0, &set);
        last = mf_posting_narrow(copy, len, 511, &set);
        assert_true(first == 0 || first == MF_ECORRUPT);
        assert_int_equal(len < 512 ? MF_ECORRUPT : last, last);
        free(copy);
    }
    free_group(&group, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_a_text_is_never_missed),
        cmocka_unit_test(
            binary_is_signed_by_its_runs_of_five_wherever_they_lie),
        cmocka_unit_test(what_is_in_binary_is_never_missed),
        cmocka_unit_test(what_is_not_there_is_mostly_told),
        cmocka_unit_test(
            a_question_has_different_buckets_and_no_more_than_asked),
        cmocka_unit_test(short_texts_make_short_signatures),
        cmocka_unit_test(garbage_has_nothing),
        cmocka_unit_test(a_group_knows_what_its_frames_know),
        cmocka_unit_test(rows_of_all_kinds_come_back),
        cmocka_unit_test(a_part_that_is_cut_off_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
