#include "cli/flow_line.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/shown.h"

enum { CELL_CAP = 32, CELL_MAX_LEN = 200 };

/* ---- Figures ---- */

int mf_flow_line_put_time(struct mf_buf *out,
                          const Google__Protobuf__Timestamp *time)
{
    time_t seconds = time ? (time_t)time->seconds : 0;
    int ms = time ? time->nanos / MF_NS_PER_MS : 0;
    char text[CELL_CAP];
    struct tm parts;
    /* A time that no calendar has came from a stranger. */
    if (!time || ms < 0 || ms > 999 || !localtime_r(&seconds, &parts) ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        return mf_buf_printf(out, "%-23s", "-");
    return mf_buf_printf(out, "%s.%03d", text, ms);
}

/* 0 B, 812 B, 1.9 kB, 48 kB: powers of 1,000, two digits at least. */
static void print_size(uint64_t bytes, char *text, size_t cap)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 999.5 && unit < 4; unit++)
        value /= 1000;
    snprintf(text, cap, "%.*f %s", unit && value < 9.95 ? 1 : 0, value,
             units[unit]);
}

/* 0.4 ms, 41 ms, 1.2 s, 93 s */
static void print_duration(double ms, char *text, size_t cap)
{
    if (!isfinite(ms) || ms < 0 || ms > 1e15)
        snprintf(text, cap, "-");
    else if (ms < 999.5)
        snprintf(text, cap, "%.*f ms", ms < 9.95 ? 1 : 0, ms);
    else
        snprintf(text, cap, "%.*f s", ms < 9950 ? 1 : 0, ms / 1000);
}

/* ---- Parts of a line ---- */

/* What is told of each type of flow. Texts are captured ones. */
struct part {
    const char *kind; /* "GET", "DNS" */
    char status[CELL_CAP];
    const char *text; /* a URL or a name; NULL: host and port */
    const char *host;
    unsigned port;
    const char *error;
};

static void set_status(const Mitmflow__V1__FlowSummary *flow, struct part *part)
{
    bool failed = part->error && part->error[0];
    const char *status = failed ? "error" : "-";
    if (!failed && flow->state == MITMFLOW__V1__FLOW_STATE__FLOW_STATE_LIVE)
        status = "open";
    if (!failed && flow->state == MITMFLOW__V1__FLOW_STATE__FLOW_STATE_CUT_OFF)
        status = "cut off";
    snprintf(part->status, sizeof part->status, "%s", status);
}

static void read_http(const Mitmflow__V1__HttpFlowSummary *http,
                      struct part *part)
{
    part->kind = http->is_websocket ? "WS" : http->method;
    part->text = http->pretty_url[0] ? http->pretty_url : http->url;
    if (http->status_code)
        snprintf(part->status, sizeof part->status, "%d", http->status_code);
}

/* RFC 1035 and RFC 6895: those that are met in practice. */
static const char *const dns_codes[] = {
    "ok",       "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
    "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

static void read_dns(const Mitmflow__V1__DnsFlowSummary *dns, struct part *part)
{
    const size_t known = sizeof dns_codes / sizeof *dns_codes;
    part->kind = "DNS";
    part->text = dns->question_name;
    if (!dns->has_response)
        return;
    if (dns->response_code < known)
        snprintf(part->status, sizeof part->status, "%s",
                 dns_codes[dns->response_code]);
    else
        snprintf(part->status, sizeof part->status, "code %u",
                 (unsigned)dns->response_code);
}

static void read_part(const Mitmflow__V1__FlowSummary *flow, struct part *part)
{
    *part = (struct part){.kind = flow->type, .error = flow->error};
    set_status(flow, part);
    switch (flow->summary_case) {
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_HTTP:
        read_http(flow->http, part);
        return;
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_DNS:
        read_dns(flow->dns, part);
        return;
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_TCP:
        part->kind = "TCP";
        part->host = flow->tcp->server_address_host;
        part->port = flow->tcp->server_address_port;
        return;
    case MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_UDP:
        part->kind = "UDP";
        part->host = flow->udp->server_address_host;
        part->port = flow->udp->server_address_port;
        return;
    default:
        return;
    }
}

/* ---- The line ---- */

/* Captured text in a column of its own. */
static int put_cell(struct mf_buf *out, const char *text, size_t width)
{
    size_t len = strnlen(text, CELL_MAX_LEN);
    size_t columns = mf_shown_columns(text, len);
    int rc = mf_shown_put(out, text, len);
    if (rc)
        return rc;
    return mf_buf_printf(out, "%*s ",
                         columns < width ? (int)(width - columns) : 0, "");
}

static int put_where(struct mf_buf *out, const Mitmflow__V1__FlowSummary *flow,
                     const struct part *part)
{
    int rc = 0;
    if (part->text)
        rc = mf_shown_puts(out, part->text);
    if (!part->host)
        return rc;
    bool is_v6 = strchr(part->host, ':') != NULL;
    rc = mf_buf_printf(out, "%s", is_v6 ? "[" : "");
    if (!rc)
        rc = mf_shown_puts(out, part->host);
    if (rc)
        return rc;
    return mf_buf_printf(out, "%s:%u, %u message%s", is_v6 ? "]" : "",
                         part->port, (unsigned)flow->message_count,
                         flow->message_count == 1 ? "" : "s");
}

static int put_answers(struct mf_buf *out,
                       const Mitmflow__V1__FlowSummary *flow)
{
    if (flow->summary_case != MITMFLOW__V1__FLOW_SUMMARY__SUMMARY_DNS)
        return 0;
    const Mitmflow__V1__DnsFlowSummary *dns = flow->dns;
    int rc = mf_buf_printf(out, " ");
    if (!rc)
        rc = mf_shown_puts(out, dns->question_type);
    for (size_t i = 0; !rc && i < dns->n_answers; i++) {
        rc = mf_buf_printf(out, "%s", i ? ", " : " -> ");
        if (!rc)
            rc = mf_shown_puts(out, dns->answers[i]);
    }
    return rc;
}

static int put_remark(struct mf_buf *out, const char *what, const char *text)
{
    if (!text || !text[0])
        return 0;
    int rc = mf_buf_printf(out, "  %s", what);
    return rc ? rc : mf_shown_puts(out, text);
}

int mf_flow_line_put(struct mf_buf *out, const Mitmflow__V1__FlowSummary *flow)
{
    struct part part;
    char size[CELL_CAP], duration[CELL_CAP];
    read_part(flow, &part);
    print_size(flow->client_bytes + flow->server_bytes, size, sizeof size);
    print_duration(flow->duration_ms, duration, sizeof duration);
    int rc = mf_flow_line_put_time(out, flow->timestamp_start);
    if (!rc)
        rc = mf_buf_append_byte(out, ' ');
    if (!rc)
        rc = put_cell(out, part.kind, 7);
    if (!rc)
        rc = put_cell(out, part.status, 8);
    if (!rc)
        rc = mf_buf_printf(out, "%7s %7s  ", size, duration);
    if (!rc)
        rc = put_where(out, flow, &part);
    if (!rc)
        rc = put_answers(out, flow);
    if (!rc)
        rc = put_remark(out, "error: ", part.error);
    if (!rc)
        rc = put_remark(out, "# ", flow->note);
    return rc ? rc : mf_buf_append_byte(out, '\n');
}
