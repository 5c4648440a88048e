#include "service/proxies.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "flow/columns.h"
#include "service/proxies_impl.h"
#include "service/proxies_put.h"

struct mf_proxies {
    struct mf_proxy *items[MF_PROXIES_MAX];
    size_t count;
};

struct mf_proxies *mf_proxies_new(void)
{
    return calloc(1, sizeof(struct mf_proxies));
}

void mf_proxies_free(struct mf_proxies *proxies)
{
    if (!proxies)
        return;
    for (size_t i = 0; i < proxies->count; i++)
        free(proxies->items[i]);
    free(proxies);
}

/* ---- who is there ---- */

bool mf_proxy__is_gone(const struct mf_proxy *proxy, int64_t now_ns)
{
    int64_t grace_ns = proxy->session[0] ? MF_PROXY_GRACE_S * MF_NS_PER_S : 0;
    return !proxy->streams && now_ns - proxy->seen_ns >= grace_ns;
}

static void drop(struct mf_proxies *proxies, size_t at)
{
    free(proxies->items[at]);
    proxies->items[at] = proxies->items[--proxies->count];
}

static void drop_old(struct mf_proxies *proxies, int64_t now_ns)
{
    for (size_t i = proxies->count; i-- > 0;)
        if (!proxies->items[i]->streams &&
            now_ns - proxies->items[i]->seen_ns > MF_PROXY_KEPT_S * MF_NS_PER_S)
            drop(proxies, i);
}

/* `peer` without its port. */
static size_t host_len(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    return colon ? (size_t)(colon - peer) : strlen(peer);
}

static bool same_host(const char *a, const char *b)
{
    return host_len(a) == host_len(b) && !memcmp(a, b, host_len(a));
}

static bool is_of(const struct mf_proxy *proxy,
                  const struct mf_proxy_head *head)
{
    if (strcmp(proxy->session, head->session) != 0)
        return false;
    return head->session[0] || (!strcmp(proxy->source, head->source) &&
                                same_host(proxy->peer, head->peer));
}

/* An earlier run of the same exporter has nothing more to tell. */
static void drop_earlier_runs(struct mf_proxies *proxies,
                              const struct mf_proxy_head *head)
{
    for (size_t i = proxies->count; i-- > 0;) {
        const struct mf_proxy *proxy = proxies->items[i];
        if (!proxy->streams && !strcmp(proxy->source, head->source) &&
            same_host(proxy->peer, head->peer))
            drop(proxies, i);
    }
}

static bool make_room(struct mf_proxies *proxies, int64_t now_ns)
{
    size_t oldest = proxies->count;
    if (proxies->count < MF_PROXIES_MAX)
        return true;
    for (size_t i = 0; i < proxies->count; i++)
        if (mf_proxy__is_gone(proxies->items[i], now_ns) &&
            (oldest == proxies->count ||
             proxies->items[i]->seen_ns < proxies->items[oldest]->seen_ns))
            oldest = i;
    if (oldest == proxies->count)
        return false;
    drop(proxies, oldest);
    return true;
}

/* Cut, if it must be, where a character of UTF-8 ends. */
static void copy(char *to, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size) {
        len = size - 1;
        while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, text, len);
    to[len] = '\0';
}

static struct mf_proxy *add(struct mf_proxies *proxies,
                            const struct mf_proxy_head *head, int64_t now_ns)
{
    drop_earlier_runs(proxies, head);
    struct mf_proxy *proxy =
        make_room(proxies, now_ns) ? calloc(1, sizeof *proxy) : NULL;
    if (!proxy)
        return NULL;
    copy(proxy->session, sizeof proxy->session, head->session);
    proxy->since_ns = now_ns;
    proxy->random = (uint64_t)now_ns | 1;
    proxies->items[proxies->count++] = proxy;
    return proxy;
}

static struct mf_proxy *note(struct mf_proxies *proxies,
                             const struct mf_proxy_head *head, int64_t now_ns)
{
    struct mf_proxy *proxy = NULL;
    drop_old(proxies, now_ns);
    for (size_t i = 0; i < proxies->count && !proxy; i++)
        if (is_of(proxies->items[i], head))
            proxy = proxies->items[i];
    if (!proxy)
        proxy = add(proxies, head, now_ns);
    else if (mf_proxy__is_gone(proxy, now_ns))
        proxy->since_ns = now_ns;
    if (!proxy)
        return NULL;
    copy(proxy->source, sizeof proxy->source, head->source);
    copy(proxy->peer, sizeof proxy->peer, head->peer);
    copy(proxy->transport, sizeof proxy->transport, head->transport);
    proxy->seen_ns = now_ns;
    return proxy;
}

void mf_proxies_hello(struct mf_proxies *proxies,
                      const struct mf_proxy_head *head,
                      const char *exporter_version,
                      const char *mitmproxy_version, int64_t now_ns)
{
    struct mf_proxy *proxy = note(proxies, head, now_ns);
    if (!proxy)
        return;
    copy(proxy->exporter_version, sizeof proxy->exporter_version,
         exporter_version);
    copy(proxy->mitmproxy_version, sizeof proxy->mitmproxy_version,
         mitmproxy_version);
}

struct mf_proxy *mf_proxies_open(struct mf_proxies *proxies,
                                 const struct mf_proxy_head *head,
                                 int64_t now_ns)
{
    struct mf_proxy *proxy = note(proxies, head, now_ns);
    if (proxy)
        proxy->streams++;
    return proxy;
}

void mf_proxy_close(struct mf_proxy *proxy, int64_t now_ns)
{
    if (!proxy)
        return;
    proxy->streams--;
    proxy->seen_ns = now_ns;
}

/* ---- what comes ---- */

static struct mf_proxy_second *slot(struct mf_proxy *proxy, int64_t second)
{
    return &proxy->seconds[(uint64_t)second % (MF_PROXY_SECONDS + 1)];
}

const struct mf_proxy_second *mf_proxy__second(const struct mf_proxy *proxy,
                                               int64_t second)
{
    const struct mf_proxy_second *found =
        &proxy->seconds[(uint64_t)second % (MF_PROXY_SECONDS + 1)];
    return found->second == second ? found : NULL;
}

static struct mf_proxy_second *second_of(struct mf_proxy *proxy, int64_t now_ns)
{
    int64_t second = now_ns / MF_NS_PER_S;
    struct mf_proxy_second *found = slot(proxy, second);
    if (found->second != second)
        *found = (struct mf_proxy_second){.second = second};
    return found;
}

void mf_proxy_message(struct mf_proxy *proxy, size_t len, int64_t now_ns)
{
    if (!proxy)
        return;
    proxy->seen_ns = now_ns;
    second_of(proxy, now_ns)->bytes += len;
}

static int64_t end_of(const struct mf_flow *flow)
{
    struct mf_columns columns;
    struct mf_column_texts texts;
    mf_flow_columns(flow, &columns, &texts);
    double end_ns = (double)columns.start_ns + columns.duration_ms * 1e6;
    bool is_known = columns.start_ns > 0 && columns.duration_ms > 0;
    return is_known && end_ns < 9e18 ? (int64_t)end_ns : 0;
}

/* Where the `count`-th sample goes; each is as likely to stay. */
static size_t place_of(struct mf_proxy *proxy, uint32_t count)
{
    if (count < MF_PROXY_LAGS)
        return count;
    proxy->random ^= proxy->random << 13; /* xorshift64 */
    proxy->random ^= proxy->random >> 7;
    proxy->random ^= proxy->random << 17;
    return proxy->random % (count + 1);
}

void mf_proxy_ended(struct mf_proxy *proxy, const struct mf_flow *flow,
                    int64_t now_ns)
{
    if (!proxy)
        return;
    struct mf_proxy_second *second = second_of(proxy, now_ns);
    second->flows++;
    size_t place = flow ? place_of(proxy, second->lag_count) : MF_PROXY_LAGS;
    int64_t end_ns = place < MF_PROXY_LAGS ? end_of(flow) : 0;
    if (end_ns) {
        second->lags_ns[place] = now_ns - end_ns;
        second->lag_count++;
    } else if (flow && place >= MF_PROXY_LAGS) {
        second->lag_count++;
    }
}

void mf_proxy_waiting(struct mf_proxy *proxy, const struct mf_waiting *waiting)
{
    if (!proxy)
        return;
    proxy->has_waiting = true;
    proxy->waiting = *waiting;
}

/* ---- told ---- */

static int by_source(const void *a, const void *b)
{
    const struct mf_proxy *const *left = a, *const *right = b;
    int order = strcmp((*left)->source, (*right)->source);
    if (order)
        return order;
    return (*left)->since_ns < (*right)->since_ns ? -1 : 1;
}

int mf_proxies_put(struct mf_proxies *proxies, int64_t now_ns, uint32_t number,
                   struct mf_buf *out)
{
    int rc = 0;
    drop_old(proxies, now_ns);
    qsort(proxies->items, proxies->count, sizeof *proxies->items, by_source);
    for (size_t i = 0; !rc && i < proxies->count; i++)
        rc = mf_proxy__put(proxies->items[i], now_ns, number, out);
    return rc;
}
