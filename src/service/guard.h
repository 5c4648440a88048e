/*
 * mf_guard: which requests may reach the server at all, judged by Host and
 * Origin, so that a stranger's page cannot call it through a browser (DNS
 * rebinding, cross-site requests).
 */
#ifndef MF_SERVICE_GUARD_H
#define MF_SERVICE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct mf_guard {
    const char *const *hosts; /* names beside addresses and "localhost" */
    size_t host_count;
    /* Pages of these may call, too: "https://host:port". */
    const char *const *origins;
    size_t origin_count;
};

/*
 * NULL if the request may pass; otherwise why not, in a sentence for the
 * client. `authority` and `origin` are as sent, or NULL where there is none;
 * over TLS the page's own origin is https.
 */
const char *mf_guard_refusal(const struct mf_guard *guard,
                             const char *authority, const char *origin,
                             bool is_tls);

#endif
