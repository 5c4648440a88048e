#include "service/losses.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/loss.h"
#include "pb/wire.h"
#include "service/watch.h"

/* Field numbers of mitmflow.v1.Loss. */
enum {
    LOSS_NUMBER = 1,
    LOSS_SOURCE = 2,
    LOSS_COUNT = 3,
    LOSS_FROM = 4,
    LOSS_TO = 5,
    LOSS_REASON = 6,
};

static void see_last(void *user, const struct mf_kept_loss *loss)
{
    struct mf_context *context = user;
    context->last_loss = loss->number;
}

void mf_losses_begin(struct mf_context *context)
{
    mf_store_each_loss(context->store, 0, see_last, context);
}

/* ---- taken in ---- */

static void format_time(int64_t ns, char *text, size_t size)
{
    time_t seconds = (time_t)(ns / MF_NS_PER_S);
    struct tm utc;
    if (!ns || !gmtime_r(&seconds, &utc) ||
        !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc))
        text[0] = '\0';
}

static void log_loss(const char *source, const struct mf_loss *loss)
{
    char from[32], to[32];
    format_time(loss->from_ns, from, sizeof from);
    format_time(loss->to_ns, to, sizeof to);
    mf_log(MF_LOG_WARN,
           "%" PRIu64 " flows lost by exporter \"%.64s\" from %s to %s: %.*s",
           loss->count, source, from, to,
           (int)(loss->reason.len < 200 ? loss->reason.len : 200),
           loss->reason.text);
}

int mf_losses_take(struct mf_context *context, const char *source,
                   const uint8_t *message, size_t len, uint64_t *ret_ticket,
                   struct mf_err *err)
{
    struct mf_loss loss;
    bool is_new;
    int rc = mf_loss_from_export(message, len, &loss, err);
    if (rc)
        return rc;
    if (!loss.from_ns)
        loss.from_ns = loss.to_ns = mf_clock_wall_ns();
    rc = mf_store_put_loss(context->store, &loss, source, &is_new, ret_ticket);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    if (!is_new)
        return 0;
    log_loss(source, &loss);
    mf_store_each_loss(context->store, context->last_loss, see_last, context);
    mf_watches_tell_losses(context->watches);
    return 0;
}

/* ---- told ---- */

struct put {
    struct mf_buf *out;
    uint32_t number;
    uint64_t last;
    int rc;
};

static int put_loss(struct mf_buf *out, uint32_t number,
                    const struct mf_kept_loss *kept)
{
    const struct mf_loss *loss = &kept->loss;
    size_t mark;
    int rc = mf_wire_begin(out, number, &mark);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, LOSS_NUMBER, kept->number);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, LOSS_SOURCE, kept->source.text,
                                   kept->source.len);
    if (!rc)
        rc = mf_wire_put_varint_opt(out, LOSS_COUNT, loss->count);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, LOSS_FROM, loss->from_ns);
    if (!rc)
        rc = mf_wire_put_timestamp_opt(out, LOSS_TO, loss->to_ns);
    if (!rc)
        rc = mf_wire_put_bytes_opt(out, LOSS_REASON, loss->reason.text,
                                   loss->reason.len);
    return rc ? rc : mf_wire_end(out, mark);
}

static void put_next(void *user, const struct mf_kept_loss *kept)
{
    struct put *put = user;
    if (!put->rc)
        put->rc = put_loss(put->out, put->number, kept);
    put->last = kept->number;
}

int mf_losses_put(struct mf_context *context, uint64_t *told, uint32_t number,
                  struct mf_buf *out)
{
    struct put put = {.out = out, .number = number, .last = *told};
    if (*told >= context->last_loss)
        return 0;
    mf_store_each_loss(context->store, *told, put_next, &put);
    if (!put.rc)
        *told = put.last;
    return put.rc;
}
