/* The Nth allocation of a spool fails, for every N. */
#include "spool_support.h"

#include <stdlib.h>
#include <string.h>

#include "../wrap_memory.h"
#include "base/error.h"

enum { RECORDS = 120 };

static long countdown = -1; /* never */
static bool is_counting;

static bool is_out(void)
{
    return is_counting && countdown >= 0 && countdown-- == 0;
}

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    struct losses *losses = user;
    (void)from_ns;
    (void)to_ns;
    losses->count += count;
    losses->reason = reason;
}

static const uint8_t content[3000] = "content";

/* As much as there is memory for; how many records went in and stayed. */
static uint64_t write_some(struct world *world, uint64_t *ret_acked)
{
    uint64_t added = 0;
    for (int i = 0; i < RECORDS; i++) {
        const struct mf_label label = {.kind = MF_KIND_WHOLE, .at_ns = i};
        const struct mf_spliced message = {content, sizeof content, NULL, 0};
        mf_spool_position position;
        int rc = mf_spool_add(world->spool, &label, &message, &position);
        assert_true(rc == 0 || rc == MF_ENOMEM);
        added += rc == 0;
        if (rc == 0 && i % 7 == 0) {
            mf_spool_ack(world->spool, position);
            added--;
            ++*ret_acked;
        }
        if (i % 11 == 0)
            assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    }
    return added;
}

static uint64_t read_all(struct world *world)
{
    struct mf_spool_item item;
    uint64_t found = 0;
    int rc, failed = 0;
    while ((rc = mf_spool_next(world->spool, &item)) != MF_ENOENT) {
        assert_true(rc == 0 || (rc == MF_ENOMEM && failed++ < 3));
        if (rc == 0) {
            assert_int_equal(item.len, sizeof content);
            assert_memory_equal(item.data, content, sizeof content);
            found++;
        }
    }
    return found;
}

static int try_open(struct world *world)
{
    const struct mf_spool_opts opts = {.dir = world->spool_dir,
                                       .max_bytes = 8 << 20,
                                       .on_loss = on_loss,
                                       .user = &world->losses};
    return mf_spool_open(&opts, &world->spool, NULL);
}

/* False: no allocation failed any more. */
static bool live(struct world *world, long nth)
{
    uint64_t added = 0, acked = 0, found = 0;
    countdown = nth;
    is_counting = true;
    int rc = try_open(world);
    if (rc == 0)
        added = write_some(world, &acked);
    if (rc == 0)
        assert_int_equal(read_all(world), added);
    if (rc == 0)
        close_spool(world);
    else
        assert_int_equal(rc, MF_ENOMEM);
    rc = try_open(world);
    if (rc == 0)
        found = read_all(world);
    is_counting = false;
    if (rc) { /* then it is there for the next */
        assert_int_equal(rc, MF_ENOMEM);
        assert_int_equal(try_open(world), 0);
        found = read_all(world);
    }
    /* Without memory for a note, some come twice. */
    assert_in_range(found, added, added + acked);
    assert_int_equal(world->losses.count, 0);
    close_spool(world);
    run_command("rm -rf %s", world->spool_dir);
    return countdown < 0;
}

static void memory_that_is_out_loses_nothing_that_was_taken(void **state)
{
    struct world *world = *state;
    long nth = 0;
    while (live(world, nth))
        nth++;
    assert_true(nth > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            memory_that_is_out_loses_nothing_that_was_taken, setup_world,
            teardown_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
