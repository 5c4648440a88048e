/* RPC bodies and their types while memory is out: the Nth allocation fails,
 * for every N. */
#include "../cmocka.h"

#include "../wrap_memory.h"

#include <stdio.h>
#include <string.h>

#include "decode/reflection.h"
#include "decode/textual.h"
#include "decode/types.h"
#include "sample.h"

enum { PATH_CAP = 4096, ALLOCATIONS_MAX = 2000 };

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

static int drop(void *user, struct mf_span text)
{
    (void)user;
    (void)text;
    return 0;
}

/* Everything that is done with types and bodies; false: nothing was out. */
static bool use(const struct sample *answer, const struct sample *bodies,
                size_t count)
{
    const char *set = MF_GOLDEN "/rpc/shop.binpb";
    struct mf_types *types;
    if (mf_types_new(&types))
        return true;
    mf_reflection_learn(types, 1, &answer->body);
    mf_types_load(types, &set, 1, NULL);
    const struct mf_decode_opts opts = {.types = types,
                                        .inflated_max = 1 << 20};
    for (size_t i = 0; i < count; i++) {
        int rc = mf_textual_frames(&bodies[i].body, &opts, drop, NULL);
        assert_true(rc == 0 || rc == MF_ENOMEM);
    }
    mf_types_free(types);
    return left == 0;
}

static void no_allocation_that_fails_does_harm(void **state)
{
    (void)state;
    static const char *const names[] = {
        "grpc-gzip.response",       "grpc-error.response",
        "grpc-web-text.response",   "connect-stream-error.response",
        "connect-get-gzip.request", "connect-error.response",
        "protobuf.response"};
    enum { COUNT = sizeof names / sizeof *names };
    static struct sample answer, bodies[COUNT];
    char path[PATH_CAP];
    sample_read(&answer, MF_GOLDEN "/rpc/reflection.response");
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, MF_GOLDEN "/rpc/%s", names[i]);
        sample_read(&bodies[i], path);
    }
    long works = 0;
    for (bool was_out = true; was_out; works++) {
        assert_true(works < ALLOCATIONS_MAX);
        left = works;
        was_out = use(&answer, bodies, COUNT);
        left = -1;
    }
    assert_true(works > 50);
    for (size_t i = 0; i < COUNT; i++)
        sample_release(&bodies[i]);
    sample_release(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_that_fails_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
