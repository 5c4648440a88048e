#include "../cmocka.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "service/proxies.h"

#define NOW (INT64_C(1700000000) * MF_NS_PER_S)

static int64_t after(double seconds)
{
    return NOW + (int64_t)(seconds * (double)MF_NS_PER_S);
}

static const struct mf_proxy_head laptop = {"laptop", "s1", "192.0.2.1:4000",
                                            "gRPC, HTTP/2"};

static Mitmflow__V1__ListProxiesResponse *list(struct mf_proxies *proxies,
                                               int64_t now_ns)
{
    struct mf_buf buf;
    mf_buf_init(&buf, 1 << 20);
    assert_int_equal(mf_proxies_put(proxies, now_ns, 1, &buf), 0);
    Mitmflow__V1__ListProxiesResponse *response =
        mitmflow__v1__list_proxies_response__unpack(NULL, buf.len, buf.data);
    assert_non_null(response);
    mf_buf_release(&buf);
    return response;
}

static void done(Mitmflow__V1__ListProxiesResponse *response)
{
    mitmflow__v1__list_proxies_response__free_unpacked(response, NULL);
}

/* An HTTP flow that ended `ms` before `now_ns`. */
static struct mf_flow *flow_ended(int64_t now_ns, double ms)
{
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Mitmproxy__V1__HTTPFlow http = MITMPROXY__V1__HTTPFLOW__INIT;
    Mitmproxy__V1__Flow flow = MITMPROXY__V1__FLOW__INIT;
    Mitmproxy__V1__ExportFlowRequest request =
        MITMPROXY__V1__EXPORT_FLOW_REQUEST__INIT;
    uint8_t bytes[512];
    struct mf_flow *made;
    int64_t start_ns = now_ns - (int64_t)((ms + 250) * MF_NS_PER_MS);
    start.seconds = start_ns / MF_NS_PER_S;
    start.nanos = (int32_t)(start_ns % MF_NS_PER_S);
    http.id = (char *)"f";
    http.timestamp_start = &start;
    http.duration_ms = 250;
    flow.flow_case = MITMPROXY__V1__FLOW__FLOW_HTTP_FLOW;
    flow.http_flow = &http;
    request.flow = &flow;
    request.event_type = MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_RESPONSE;
    size_t len = mitmproxy__v1__export_flow_request__pack(&request, bytes);
    assert_int_equal(mf_flow_from_export(bytes, len, &made, NULL), 0);
    return made;
}

static void what_hello_and_streams_say_is_told_together(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    const struct mf_waiting waiting = {3, 200, 4096};
    (void)state;
    mf_proxies_hello(proxies, &laptop, "0.2", "11.0.2", NOW);
    struct mf_proxy *proxy = mf_proxies_open(proxies, &laptop, after(1));
    mf_proxy_waiting(proxy, &waiting);
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(2));
    assert_int_equal(told->n_proxies, 1);
    const Mitmflow__V1__Proxy *one = told->proxies[0];
    assert_string_equal(one->source, "laptop");
    assert_string_equal(one->exporter_version, "0.2");
    assert_string_equal(one->mitmproxy_version, "11.0.2");
    assert_string_equal(one->peer, "192.0.2.1:4000");
    assert_string_equal(one->transport, "gRPC, HTTP/2");
    assert_true(one->connected);
    assert_int_equal(one->since->seconds, NOW / MF_NS_PER_S);
    assert_int_equal(one->last_seen->seconds, NOW / MF_NS_PER_S + 1);
    assert_int_equal(one->waiting->messages, 3);
    assert_int_equal(one->waiting->spooled, 200);
    assert_int_equal(one->waiting->spool_bytes, 4096);
    done(told);
    mf_proxy_close(proxy, after(3));
    mf_proxies_free(proxies);
}

static void flows_and_bytes_are_counted_by_the_second(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    struct mf_proxy *proxy = mf_proxies_open(proxies, &laptop, NOW);
    (void)state;
    for (unsigned second = 0; second < 200; second++) {
        for (unsigned i = 0; i <= second; i++) {
            mf_proxy_message(proxy, 10, after(second + 0.5));
            mf_proxy_ended(proxy, NULL, after(second + 0.5));
        }
    }
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(200.2));
    const Mitmflow__V1__Proxy *one = told->proxies[0];
    assert_int_equal(one->n_flows, 60);
    assert_int_equal(one->n_bytes, 60);
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(one->flows[i], 141 + i);
        assert_int_equal(one->bytes[i], 10 * (141 + i));
    }
    assert_int_equal(one->lag_samples, 0);
    done(told);
    told = list(proxies, after(230));
    assert_int_equal(told->proxies[0]->flows[0], 171);
    assert_int_equal(told->proxies[0]->flows[29], 200);
    assert_int_equal(told->proxies[0]->flows[59], 0);
    done(told);
    mf_proxy_close(proxy, after(230));
    mf_proxies_free(proxies);
}

static void lag_is_arrival_less_the_end_of_the_flow(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    struct mf_proxy *proxy = mf_proxies_open(proxies, &laptop, NOW);
    (void)state;
    for (unsigned i = 1; i <= 20; i++) {
        int64_t now_ns = after(i);
        struct mf_flow *flow = flow_ended(now_ns, i);
        mf_proxy_ended(proxy, flow, now_ns);
        mf_flow_unref(flow);
    }
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(21));
    const Mitmflow__V1__Proxy *one = told->proxies[0];
    assert_int_equal(one->lag_samples, 20);
    assert_float_equal((float)one->lag_p50_ms, 10.0F, 0.01F);
    assert_float_equal((float)one->lag_p95_ms, 19.0F, 0.01F);
    done(told);
    told = list(proxies, after(100));
    assert_int_equal(told->proxies[0]->lag_samples, 0);
    done(told);
    mf_proxy_close(proxy, after(100));
    mf_proxies_free(proxies);
}

static void of_many_flows_in_a_second_some_are_sampled(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    struct mf_proxy *proxy = mf_proxies_open(proxies, &laptop, NOW);
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct mf_flow *flow = flow_ended(NOW, 5);
        mf_proxy_ended(proxy, flow, NOW);
        mf_flow_unref(flow);
    }
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(1));
    assert_int_equal(told->proxies[0]->lag_samples, MF_PROXY_LAGS);
    assert_float_equal((float)told->proxies[0]->lag_p95_ms, 5.0F, 0.01F);
    assert_int_equal(told->proxies[0]->flows[59], 1000);
    done(told);
    mf_proxy_close(proxy, NOW);
    mf_proxies_free(proxies);
}

static void
one_without_streams_is_gone_after_its_grace_and_forgotten_later(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    (void)state;
    mf_proxy_close(mf_proxies_open(proxies, &laptop, NOW), after(5));
    static const struct {
        double at;
        size_t count;
        bool connected;
    } steps[] = {{24, 1, true}, {25, 1, false}, {605, 1, false}, {606, 0, 0}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        Mitmflow__V1__ListProxiesResponse *told =
            list(proxies, after(steps[i].at));
        assert_int_equal(told->n_proxies, steps[i].count);
        if (told->n_proxies)
            assert_int_equal(told->proxies[0]->connected, steps[i].connected);
        done(told);
    }
    mf_proxies_free(proxies);
}

static void
another_run_of_a_proxy_takes_the_place_of_the_one_before(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    const struct mf_proxy_head next = {"laptop", "s2", "192.0.2.1:4900",
                                       "gRPC, HTTP/2"};
    const struct mf_proxy_head other = {"laptop", "s3", "192.0.2.9:4900",
                                        "gRPC, HTTP/2"};
    (void)state;
    mf_proxy_close(mf_proxies_open(proxies, &laptop, NOW), after(1));
    struct mf_proxy *second = mf_proxies_open(proxies, &next, after(2));
    struct mf_proxy *third = mf_proxies_open(proxies, &other, after(3));
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(4));
    assert_int_equal(told->n_proxies, 2);
    assert_string_equal(told->proxies[0]->peer, "192.0.2.1:4900");
    assert_int_equal(told->proxies[0]->since->seconds, NOW / MF_NS_PER_S + 2);
    done(told);
    mf_proxy_close(second, after(5));
    mf_proxy_close(third, after(5));
    mf_proxies_free(proxies);
}

static void past_the_most_none_that_is_there_is_forgotten(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    struct mf_proxy *open[MF_PROXIES_MAX + 1];
    (void)state;
    for (size_t i = 0; i <= MF_PROXIES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%02zu", i);
        const struct mf_proxy_head head = {name, name, "192.0.2.1:1", ""};
        open[i] = mf_proxies_open(proxies, &head, NOW);
    }
    assert_null(open[MF_PROXIES_MAX]);
    mf_proxy_message(NULL, 1, NOW);
    mf_proxy_ended(NULL, NULL, NOW);
    mf_proxy_close(open[3], NOW);
    struct mf_proxy *late = mf_proxies_open(proxies, &laptop, after(30));
    assert_non_null(late);
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, after(31));
    assert_int_equal(told->n_proxies, MF_PROXIES_MAX);
    assert_string_equal(told->proxies[0]->source, "laptop");
    assert_string_equal(told->proxies[4]->source, "p04");
    done(told);
    mf_proxies_free(proxies);
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct mf_proxies *proxies = mf_proxies_new();
    char version[200] = "x";
    (void)state;
    for (size_t i = 1; i + 2 < sizeof version; i += 2)
        memcpy(version + i, "\xc3\xa9", 2);
    mf_proxies_hello(proxies, &laptop, version, "", NOW);
    Mitmflow__V1__ListProxiesResponse *told = list(proxies, NOW);
    assert_int_equal(strlen(told->proxies[0]->exporter_version), 63);
    done(told);
    version[0] = '\xc3';
    memmove(version, version + 1, sizeof version - 1);
    mf_proxies_hello(proxies, &laptop, version, "", NOW);
    told = list(proxies, NOW);
    assert_int_equal(strlen(told->proxies[0]->exporter_version), 62);
    done(told);
    mf_proxies_free(proxies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_hello_and_streams_say_is_told_together),
        cmocka_unit_test(flows_and_bytes_are_counted_by_the_second),
        cmocka_unit_test(lag_is_arrival_less_the_end_of_the_flow),
        cmocka_unit_test(of_many_flows_in_a_second_some_are_sampled),
        cmocka_unit_test(
            one_without_streams_is_gone_after_its_grace_and_forgotten_later),
        cmocka_unit_test(
            another_run_of_a_proxy_takes_the_place_of_the_one_before),
        cmocka_unit_test(past_the_most_none_that_is_there_is_forgotten),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
