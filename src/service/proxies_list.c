#include "service/proxies_list.h"

#include "base/clock.h"
#include "service/fail.h"
#include "service/proxies.h"

enum { RESPONSE_PROXIES = 1 };

static void on_list_proxies(struct mf_call *call, void *user,
                            const uint8_t *message, size_t len)
{
    const struct mf_context *context = user;
    struct mf_buf answer;
    (void)message; /* it asks nothing */
    (void)len;
    mf_buf_init(&answer, SIZE_MAX); /* there are few of them */
    int rc = mf_proxies_put(context->proxies, mf_clock_wall_ns(),
                            RESPONSE_PROXIES, &answer);
    mf_fail_or_send(call, rc, &answer);
}

#define SERVICE "mitmflow.v1."

const struct mf_method mf_proxies_methods[] = {
    {
        .path = "/" SERVICE "Service/ListProxies",
        .input = SERVICE "ListProxiesRequest",
        .output = SERVICE "ListProxiesResponse",
        .kind = MF_METHOD_UNARY,
        .no_side_effects = true,
        .ops = {.on_message = on_list_proxies},
        .max_message_len = MF_VIEWER_MESSAGE_MAX_LEN,
    },
};
const size_t mf_proxies_method_count =
    sizeof mf_proxies_methods / sizeof *mf_proxies_methods;
