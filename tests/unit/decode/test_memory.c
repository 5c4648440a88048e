/* Every allocation of the decoders may fail: that is told, and nothing leaks.
 * What libraries allocate for themselves is not replaced. */
#include "../cmocka.h"

#include <string.h>

#include "../wrap_memory.h"

#include "decode/decode.h"

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

static int drop(void *user, unsigned depth, const struct mf_node *node)
{
    (void)user;
    (void)depth;
    (void)node;
    return 0;
}

static int decode(struct mf_span type, struct mf_span data)
{
    struct mf_view view;
    const struct mf_decode_opts opts = {.inflated_max = 10000};
    const struct mf_body body = {
        .place = MF_BODY_REQUEST, .data = data, .content_type = type};
    mf_view_init(&view, 1000, drop, NULL);
    int rc = mf_decode(&body, &opts, &view);
    assert_int_equal(view.depth, 0);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const struct {
        struct mf_span type, data;
    } bodies[] = {
        {MF_SPAN("application/x-www-form-urlencoded"),
         MF_SPAN("a=%20&b=eyJhIjoxfQ.eyJhIjoxfQ.AA")},
        {MF_SPAN("multipart/mixed; boundary=b"),
         MF_SPAN("--b\nContent-Disposition: x; name=n; filename*=u''f\n"
                 "Content-Transfer-Encoding: base64\n\nQUJD\n--b\n\n"
                 "text\n--b--")},
        {MF_SPAN("text/event-stream"), MF_SPAN("data: 1\ndata: 2\n\n")},
        {MF_SPAN("text/plain; charset=koi8-r"),
         MF_SPAN("eyJhIjoxfQ.eyJhIjoxfQ.AA")},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        long works = 0;
        int rc = MF_ENOMEM;
        while (rc) {
            left = works++;
            rc = decode(bodies[i].type, bodies[i].data);
            left = -1;
            assert_true(rc == 0 || rc == MF_ENOMEM);
            assert_true(works < 1000);
        }
        assert_true(works > 1); /* it did fail */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
