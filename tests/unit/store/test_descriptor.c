/* Files of message types that are kept beside flows. */
#include "support.h"

#include <string.h>

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static int put_file(struct fixture *fixture, uint64_t flow, const char *name,
                    const char *bytes)
{
    return mf_store_put_descriptor(fixture->store, flow, span(name),
                                   span(bytes));
}

static void put_flow(struct fixture *fixture, const char *id)
{
    wait_ticket(fixture, put(fixture, id, TCP_END, "x"));
}

struct seen {
    size_t count;
    uint64_t flow; /* of the last one */
    char bytes[64];
};

static int see(void *user, const struct mf_kept_descriptor *descriptor)
{
    struct seen *seen = user;
    seen->count++;
    seen->flow = descriptor->flow;
    snprintf(seen->bytes, sizeof seen->bytes, "%.*s",
             (int)descriptor->bytes.len, descriptor->bytes.text);
    return 0;
}

/* What is durable once another flow is. */
static struct seen kept(struct fixture *fixture)
{
    static unsigned count;
    struct seen seen = {0};
    struct mf_reader *reader;
    char id[16];
    snprintf(id, sizeof id, "kept-%u", count++);
    put_flow(fixture, id);
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    assert_int_equal(mf_reader_descriptors(reader, see, &seen, NULL), 0);
    mf_reader_close(reader);
    return seen;
}

static void a_file_is_there_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_flow(fixture, "first");
    assert_int_equal(put_file(fixture, 1, "a.proto", "bytes"), 0);
    fixture_reopen(fixture);
    struct seen seen = kept(fixture);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.flow, 1);
    assert_string_equal(seen.bytes, "bytes");
}

static void the_last_file_of_a_name_is_kept(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_flow(fixture, "first");
    assert_int_equal(put_file(fixture, 1, "a.proto", "before"), 0);
    assert_int_equal(put_file(fixture, 1, "a.proto", "after"), 0);
    struct seen seen = kept(fixture);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.bytes, "after");
}

static void a_file_of_a_flow_that_is_not_there_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    assert_int_equal(put_file(fixture, 1, "a.proto", "bytes"), MF_ENOENT);
    put_flow(fixture, "first");
    assert_int_equal(delete_id(fixture, "first"), 0);
    assert_int_equal(put_file(fixture, 1, "a.proto", "bytes"), MF_ENOENT);
    assert_int_equal(kept(fixture).count, 0);
}

static void a_flow_that_a_person_deletes_takes_its_files(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_flow(fixture, "first");
    put_flow(fixture, "second");
    assert_int_equal(put_file(fixture, 1, "a.proto", "a"), 0);
    assert_int_equal(put_file(fixture, 1, "b.proto", "b"), 0);
    assert_int_equal(put_file(fixture, 2, "c.proto", "c"), 0);
    assert_int_equal(kept(fixture).count, 3);
    assert_int_equal(delete_id(fixture, "first"), 0);
    struct seen seen = kept(fixture);
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.bytes, "c");
}

static void files_of_a_flow_that_is_not_durable_go_with_it_too(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    for (uint64_t i = 1; i <= 20; i++) {
        put(fixture, "first", TCP_END, "x"); /* number i: it was deleted */
        assert_int_equal(put_file(fixture, i, "a.proto", "a"), 0);
        assert_int_equal(delete_id(fixture, "first"), 0);
    }
    assert_int_equal(kept(fixture).count, 0);
}

static void a_flow_that_a_limit_takes_leaves_its_files(void **state)
{
    struct fixture *fixture = *state;
    fixture->max_flows = 1;
    fixture_open(fixture);
    put_flow(fixture, "first");
    assert_int_equal(put_file(fixture, 1, "a.proto", "a"), 0);
    for (int i = 0; i < 10; i++) {
        char id[16];
        snprintf(id, sizeof id, "f%d", i);
        put_flow(fixture, id);
    }
    wait_flow_count(fixture, 1);
    assert_int_equal(kept(fixture).count, 1);
    fixture_reopen(fixture);
    assert_int_equal(kept(fixture).count, 1);
    /* It goes when all do, though its own flow is gone. */
    assert_int_equal(delete_all(fixture), 0);
    assert_int_equal(kept(fixture).count, 0);
}

static void what_is_kept_is_bounded(void **state)
{
    enum { FILE_LEN = 1 << 20 };
    static char bytes[FILE_LEN];
    struct fixture *fixture = *state;
    fixture_open(fixture);
    put_flow(fixture, "first");
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d.proto", i);
        assert_int_equal(
            mf_store_put_descriptor(fixture->store, 1, span(name),
                                    (struct mf_span){bytes, sizeof bytes}),
            0);
    }
    assert_int_equal(kept(fixture).count, 16);
    /* The sum is right after a start, and after what goes. */
    fixture_reopen(fixture);
    assert_int_equal(put_file(fixture, 1, "another.proto", "a"), 0);
    assert_int_equal(kept(fixture).count, 16);
    assert_int_equal(put_file(fixture, 1, "f0.proto", "a"), 0);
    assert_int_equal(put_file(fixture, 1, "another.proto", "a"), 0);
    assert_int_equal(kept(fixture).count, 17);
    assert_int_equal(delete_id(fixture, "first"), 0);
    put_flow(fixture, "next");
    uint64_t next = (uint64_t)sql_int(fixture, "SELECT max(number) FROM flow");
    for (int i = 0; i < MF_STORE_DESCRIPTORS_MAX + 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "g%d.proto", i);
        assert_int_equal(put_file(fixture, next, name, "a"), 0);
    }
    assert_int_equal(kept(fixture).count, MF_STORE_DESCRIPTORS_MAX);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_there_after_a_restart),
        TEST(the_last_file_of_a_name_is_kept),
        TEST(a_file_of_a_flow_that_is_not_there_is_refused),
        TEST(a_flow_that_a_person_deletes_takes_its_files),
        TEST(files_of_a_flow_that_is_not_durable_go_with_it_too),
        TEST(a_flow_that_a_limit_takes_leaves_its_files),
        TEST(what_is_kept_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
