#include "fake_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "net/loop.h"

static void require(bool ok)
{
    if (!ok)
        abort();
}

/* ---- Timers ---- */

struct mf_timer {
    struct mf_timer *next;
    void (*fn)(void *arg);
    void *arg;
    uint64_t delay_ms;
    bool is_started;
};

static struct mf_timer *timers;

struct mf_timer *mf_timer_new(struct mf_loop *loop, void (*fn)(void *arg),
                              void *arg)
{
    (void)loop;
    struct mf_timer *timer = malloc(sizeof *timer);
    require(timer);
    *timer = (struct mf_timer){.next = timers, .fn = fn, .arg = arg};
    timers = timer;
    return timer;
}

void mf_timer_start(struct mf_timer *timer, uint64_t delay_ms,
                    uint64_t repeat_ms)
{
    require(repeat_ms == 0);
    timer->delay_ms = delay_ms;
    timer->is_started = true;
}

void mf_timer_stop(struct mf_timer *timer)
{
    timer->is_started = false;
}

void mf_timer_free(struct mf_timer *timer)
{
    if (!timer)
        return;
    struct mf_timer **at = &timers;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    free(timer);
}

void fake_timers_run(bool all)
{
    /* Whatever one does, the list is looked at from its start again. */
    for (struct mf_timer *timer = timers; timer;) {
        if (!timer->is_started || (timer->delay_ms > 0 && !all)) {
            timer = timer->next;
            continue;
        }
        timer->is_started = false;
        timer->fn(timer->arg);
        timer = timers;
    }
}

/* ---- Fields ---- */

static bool name_is_clean(const char *name)
{
    return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_.")];
}

static bool value_is_clean(const char *value)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++)
        if (value[i] < 0x20 || value[i] > 0x7e)
            return false;
    return len == 0 || (value[0] != ' ' && value[len - 1] != ' ');
}

static void copy(struct fake_fields *fields, const struct mf_header *headers,
                 size_t count)
{
    require(count <= FAKE_HEADERS_MAX);
    for (size_t i = 0; i < count; i++) {
        require(name_is_clean(headers[i].name));
        require(value_is_clean(headers[i].value));
        fields->list[i].name = strdup(headers[i].name);
        fields->list[i].value = strdup(headers[i].value);
        require(fields->list[i].name && fields->list[i].value);
    }
    fields->count = count;
}

static void release(struct fake_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free((void *)(uintptr_t)fields->list[i].name);
        free((void *)(uintptr_t)fields->list[i].value);
    }
    fields->count = 0;
}

size_t fake_fields_count(const struct fake_fields *fields, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += strcmp(fields->list[i].name, name) == 0;
    return count;
}

const char *fake_fields_get(const struct fake_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->list[i].name, name) == 0)
            return fields->list[i].value;
    return NULL;
}

/* ---- The exchange ---- */

void fake_exchange_release(struct mf_exchange *x)
{
    release(&x->answer);
    release(&x->trailers);
    mf_buf_release(&x->body);
}

void mf_exchange_set_events(struct mf_exchange *x,
                            const struct mf_exchange_events *events, void *user)
{
    require(!x->events);
    x->events = events;
    x->user = user;
}

const char *mf_exchange_method(const struct mf_exchange *x)
{
    return x->method;
}

const char *mf_exchange_path(const struct mf_exchange *x)
{
    return x->path;
}

int mf_exchange_http_version(const struct mf_exchange *x)
{
    return x->version;
}

const char *mf_exchange_peer(const struct mf_exchange *x)
{
    (void)x;
    return "fuzz";
}

bool mf_exchange_is_tls(const struct mf_exchange *x)
{
    (void)x;
    return false;
}

int mf_exchange_listener_tag(const struct mf_exchange *x)
{
    (void)x;
    return 0;
}

size_t mf_exchange_header_count(const struct mf_exchange *x)
{
    return x->header_count;
}

const struct mf_header *mf_exchange_header_at(const struct mf_exchange *x,
                                              size_t index)
{
    require(index < x->header_count);
    return &x->headers[index];
}

const char *mf_exchange_header(const struct mf_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

struct mf_loop *mf_exchange_loop(const struct mf_exchange *x)
{
    (void)x;
    return NULL;
}

void mf_exchange_pause(struct mf_exchange *x)
{
    x->is_paused = true;
}

void mf_exchange_resume(struct mf_exchange *x)
{
    x->is_paused = false;
}

int mf_exchange_set_deadline(struct mf_exchange *x, uint64_t delay_ms)
{
    (void)delay_ms;
    x->has_deadline = true;
    return 0;
}

void mf_exchange_time_body(struct mf_exchange *x, bool is_owed)
{
    (void)x;
    (void)is_owed;
}

void mf_exchange_respond(struct mf_exchange *x, int status,
                         const struct mf_header *headers, size_t count)
{
    if (x->is_reset)
        return;
    require(!x->is_responded && status >= 200 && status < 600);
    x->is_responded = true;
    x->status = status;
    copy(&x->answer, headers, count);
}

void mf_exchange_write(struct mf_exchange *x, const void *data, size_t len)
{
    if (x->is_reset || len == 0)
        return;
    require(x->is_responded && !x->is_finished);
    require(mf_buf_append(&x->body, data, len) == 0);
}

void mf_exchange_write_static(struct mf_exchange *x, const void *data,
                              size_t len)
{
    mf_exchange_write(x, data, len);
}

void mf_exchange_finish(struct mf_exchange *x, const struct mf_header *trailers,
                        size_t count)
{
    if (x->is_reset)
        return;
    require(x->is_responded && !x->is_finished);
    require(count == 0 || x->version == 2);
    x->is_finished = true;
    copy(&x->trailers, trailers, count);
}

void mf_exchange_reset(struct mf_exchange *x, uint32_t h2_code)
{
    (void)h2_code;
    x->is_reset = true;
}

size_t mf_exchange_pending(const struct mf_exchange *x)
{
    (void)x;
    return 0;
}
