/* Times of a HAR entry. */
#include "export/har.h"

/* Milliseconds from one time to another; -1: not known. */
static double ms_between(int64_t from_ns, int64_t to_ns)
{
    return from_ns && to_ns && to_ns >= from_ns
               ? (double)(to_ns - from_ns) / 1e6
               : -1;
}

static double known(double ms)
{
    return ms < 0 ? 0 : ms;
}

static void put(struct mf_json_out *json, const char *name, double ms)
{
    mf_json_put_key(json, name);
    mf_json_put_double(json, ms);
}

void mf_har_put_timings(struct mf_json_out *json,
                        const struct mf_http_half *request,
                        const struct mf_http_half *response,
                        const struct mf_http_conn *server)
{
    /* A connection that was there before the request took it no time. */
    bool is_new = server->start_ns && server->start_ns >= request->start_ns;
    int64_t connected_ns = server->tls_ns ? server->tls_ns : server->tcp_ns;
    double connect = is_new ? ms_between(server->start_ns, connected_ns) : -1;
    double ssl = is_new && server->tls_ns
                     ? ms_between(server->tcp_ns, server->tls_ns)
                     : -1;
    double send = known(ms_between(request->start_ns, request->end_ns));
    double wait =
        known(ms_between(request->end_ns ? request->end_ns : request->start_ns,
                         response->start_ns));
    double receive = known(ms_between(response->start_ns, response->end_ns));
    /* The proxy connects before the request is whole, or after it; either
     * is counted once. */
    if (connect > 0 && server->start_ns >= request->end_ns)
        wait = wait > connect ? wait - connect : 0;
    else if (connect > 0)
        send = send > connect ? send - connect : 0;
    put(json, "time", known(connect) + send + wait + receive);
    mf_json_put_key(json, "timings");
    mf_json_begin_object(json);
    put(json, "blocked", -1);
    put(json, "dns", -1);
    put(json, "connect", connect);
    put(json, "ssl", ssl);
    put(json, "send", send);
    put(json, "wait", wait);
    put(json, "receive", receive);
    mf_json_end_object(json);
}
