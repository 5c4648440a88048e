#include "service/proxies_put.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pb/wire.h"
#include "service/proxies_impl.h"

/* Field numbers of mitmflow.v1.Proxy. */
enum {
    PROXY_SOURCE = 1,
    PROXY_EXPORTER_VERSION = 2,
    PROXY_MITMPROXY_VERSION = 3,
    PROXY_PEER = 4,
    PROXY_TRANSPORT = 5,
    PROXY_CONNECTED = 6,
    PROXY_SINCE = 7,
    PROXY_LAST_SEEN = 8,
    PROXY_FLOWS = 9,
    PROXY_BYTES = 10,
    PROXY_LAG_SAMPLES = 11,
    PROXY_LAG_P50 = 12,
    PROXY_LAG_P95 = 13,
    PROXY_WAITING = 14,
    WAITING_MESSAGES = 1,
    WAITING_SPOOLED = 2,
    WAITING_SPOOL_BYTES = 3,
    VARINT_MAX_LEN = 10,
};

static int put_text(struct mf_buf *out, uint32_t field, const char *text)
{
    return mf_wire_put_bytes_opt(out, field, text, strlen(text));
}

static int put_head(const struct mf_proxy *proxy, int64_t now_ns,
                    struct mf_buf *out)
{
    int rc = put_text(out, PROXY_SOURCE, proxy->source);
    if (!rc)
        rc = put_text(out, PROXY_EXPORTER_VERSION, proxy->exporter_version);
    if (!rc)
        rc = put_text(out, PROXY_MITMPROXY_VERSION, proxy->mitmproxy_version);
    if (!rc)
        rc = put_text(out, PROXY_PEER, proxy->peer);
    if (!rc)
        rc = put_text(out, PROXY_TRANSPORT, proxy->transport);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, PROXY_CONNECTED,
                                    !mf_proxy__is_gone(proxy, now_ns));
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, PROXY_SINCE, proxy->since_ns);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, PROXY_LAST_SEEN, proxy->seen_ns);
    return rc;
}

/* Of the last whole seconds, the oldest first, packed. */
static int put_seconds(const struct mf_proxy *proxy, int64_t now_ns,
                       uint32_t field, struct mf_buf *out)
{
    int64_t now = now_ns / MF_NS_PER_S;
    size_t mark;
    int rc = mf_wire_begin(out, field, &mark);
    for (int64_t at = now - MF_PROXY_SECONDS; !rc && at < now; at++) {
        const struct mf_proxy_second *second = mf_proxy__second(proxy, at);
        uint64_t value = 0;
        uint8_t bytes[VARINT_MAX_LEN];
        if (second)
            value = field == PROXY_FLOWS ? second->flows : second->bytes;
        rc = mf_buf_append(out, bytes, mf_wire_encode_varint(bytes, value));
    }
    return rc ? rc : mf_wire_end(out, mark);
}

static int by_value(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

static int put_lag(const struct mf_proxy *proxy, int64_t now_ns,
                   struct mf_buf *out)
{
    int64_t lags[(MF_PROXY_SECONDS + 1) * MF_PROXY_LAGS];
    int64_t now = now_ns / MF_NS_PER_S;
    size_t count = 0;
    for (int64_t at = now - MF_PROXY_SECONDS; at <= now; at++) {
        const struct mf_proxy_second *second = mf_proxy__second(proxy, at);
        for (size_t i = 0; second && i < second->lag_count && i < MF_PROXY_LAGS;
             i++)
            lags[count++] = second->lags_ns[i];
    }
    if (!count)
        return 0;
    qsort(lags, count, sizeof *lags, by_value);
    double p50 = (double)lags[(count - 1) / 2] / MF_NS_PER_MS;
    double p95 = (double)lags[(count * 95 + 99) / 100 - 1] / MF_NS_PER_MS;
    int rc = mf_wire_put_varint_opt(out, PROXY_LAG_SAMPLES, count);
    if (!rc)
        rc = mf_wire_put_double_opt(out, PROXY_LAG_P50, p50);
    return rc ? rc : mf_wire_put_double_opt(out, PROXY_LAG_P95, p95);
}

static int put_waiting(const struct mf_proxy *proxy, struct mf_buf *out)
{
    const struct mf_waiting *waiting = &proxy->waiting;
    size_t mark;
    if (!proxy->has_waiting)
        return 0;
    int rc = mf_wire_begin(out, PROXY_WAITING, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, WAITING_MESSAGES, waiting->messages);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, WAITING_SPOOLED, waiting->spooled);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, WAITING_SPOOL_BYTES,
                                    waiting->spool_bytes);
    return rc ? rc : mf_wire_end(out, mark);
}

int mf_proxy__put(const struct mf_proxy *proxy, int64_t now_ns, uint32_t number,
                  struct mf_buf *out)
{
    size_t mark;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = put_head(proxy, now_ns, out);
    if (!rc)
        rc = put_seconds(proxy, now_ns, PROXY_FLOWS, out);
    if (!rc)
        rc = put_seconds(proxy, now_ns, PROXY_BYTES, out);
    if (!rc)
        rc = put_lag(proxy, now_ns, out);
    if (!rc)
        rc = put_waiting(proxy, out);
    return rc ? rc : mf_wire_end(out, mark);
}
