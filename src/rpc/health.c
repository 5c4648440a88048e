#include "rpc/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pb/wire.h"
#include "rpc/call_impl.h"

enum {
    REQUEST_MAX_LEN = 4096,
    ANSWER_MAX_LEN = 1 << 20,
    LIST_MAX = 100, /* of the protocol */
    /* A watch that reads nothing is told no more; not below what
     * mf_method_ops.on_drain waits for. */
    PENDING_MAX_LEN = 64 * 1024,
    /* ServingStatus, beside mf_health_status */
    NOT_TOLD = -1,
    SERVICE_UNKNOWN = 3,
};

enum {
    SERVICE_FIELD = 1,  /* of HealthCheckRequest */
    STATUS_FIELD = 1,   /* of HealthCheckResponse */
    STATUSES_FIELD = 1, /* of HealthListResponse */
    KEY_FIELD = 1,      /* of its map's entries */
    VALUE_FIELD = 2,
};

struct service {
    enum mf_health_status status;
    size_t len;
    char name[];
};

struct watch {
    struct watch *next, **link; /* of mf_health.watches */
    struct mf_call *call;
    int told;
    size_t len;
    char name[];
};

struct mf_health {
    struct mf_rpc *rpc;
    struct mf_map *services;
    struct watch *watches;
    bool is_stopping;
};

/* ---- States ---- */

static int status_of(const struct mf_health *health, const char *name,
                     size_t len)
{
    const struct service *service = mf_map_get(health->services, name, len);
    if (!service)
        return SERVICE_UNKNOWN;
    return health->is_stopping ? MF_HEALTH_NOT_SERVING : (int)service->status;
}

static void tell(struct mf_health *health, struct watch *watch)
{
    int status = status_of(health, watch->name, watch->len);
    if (status == watch->told || mf_call_pending(watch->call) > PENDING_MAX_LEN)
        return;
    const uint8_t message[] = {STATUS_FIELD << 3, (uint8_t)status};
    mf_call_send(watch->call, message, sizeof message);
    watch->told = status;
}

static int set(struct mf_health *health, const char *name, size_t len,
               enum mf_health_status status)
{
    struct service *service = mf_map_get(health->services, name, len);
    if (!service) {
        service = malloc(sizeof *service + len);
        if (!service)
            return MF_ENOMEM;
        service->len = len;
        memcpy(service->name, name, len);
        if (mf_map_put(health->services, name, len, service)) {
            free(service);
            return MF_ENOMEM;
        }
    }
    service->status = status;
    for (struct watch *watch = health->watches; watch; watch = watch->next)
        tell(health, watch);
    return 0;
}

int mf_health_set(struct mf_health *health, const char *service,
                  enum mf_health_status status)
{
    return set(health, service, strlen(service), status);
}

int mf_health_set_all(struct mf_health *health, enum mf_health_status status)
{
    struct mf_service_name *names;
    size_t count;
    int rc = mf_rpc__services(health->rpc, &names, &count);
    if (rc)
        return rc;
    rc = set(health, "", 0, status);
    for (size_t i = 0; !rc && i < count; i++)
        rc = set(health, names[i].text, names[i].len, status);
    free(names);
    return rc;
}

/* ---- Methods ---- */

/* The service that a HealthCheckRequest names. False: the call has failed. */
static bool read_request(struct mf_call *call, const uint8_t *message,
                         size_t len, const char **ret_name, size_t *ret_len)
{
    struct mf_cursor cursor = mf_cursor_make(message, len);
    struct mf_wire_field field;
    *ret_name = "";
    *ret_len = 0;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number == SERVICE_FIELD && field.type == MF_WIRE_LEN) {
            *ret_name = (const char *)field.data;
            *ret_len = field.len;
        }
    }
    if (cursor.error || !mf_utf8_valid(*ret_name, *ret_len)) {
        mf_call_finish(call, MF_STATUS_INVALID_ARGUMENT, "malformed request");
        return false;
    }
    return true;
}

static void on_check(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    const char *name;
    size_t name_len;
    if (!read_request(call, message, len, &name, &name_len))
        return;
    int status = status_of(user, name, name_len);
    if (status == SERVICE_UNKNOWN) {
        mf_call_finish(call, MF_STATUS_NOT_FOUND, "no such service");
        return;
    }
    const uint8_t answer[] = {STATUS_FIELD << 3, (uint8_t)status};
    mf_call_send(call, answer, sizeof answer);
    mf_call_finish(call, MF_STATUS_OK, NULL);
}

static int put_service(const struct mf_health *health,
                       const struct service *service, struct mf_buf *answer)
{
    int status = status_of(health, service->name, service->len);
    size_t entry, value;
    int rc = mf_wire_begin(answer, STATUSES_FIELD, &entry);
    if (!rc)
        rc = mf_wire_put_bytes(answer, KEY_FIELD, service->name, service->len);
    if (!rc)
        rc = mf_wire_begin(answer, VALUE_FIELD, &value);
    if (!rc)
        rc = mf_wire_put_varint(answer, STATUS_FIELD, (uint64_t)status);
    if (!rc)
        rc = mf_wire_end(answer, value);
    return rc ? rc : mf_wire_end(answer, entry);
}

static void on_list(struct mf_call *call, void *user, const uint8_t *message,
                    size_t len)
{
    (void)message;
    (void)len;
    const struct mf_health *health = user;
    struct mf_buf answer;
    int rc = mf_map_count(health->services) > LIST_MAX ? MF_EFULL : 0;
    mf_buf_init(&answer, ANSWER_MAX_LEN);
    size_t position = 0;
    for (const struct service *service;
         !rc && (service = mf_map_next(health->services, &position));)
        rc = put_service(health, service, &answer);
    if (!rc)
        mf_call_send(call, answer.data, answer.len);
    mf_call_finish(call, rc ? MF_STATUS_RESOURCE_EXHAUSTED : MF_STATUS_OK,
                   !rc              ? NULL
                   : rc == MF_EFULL ? "more services than a list may have"
                                    : "out of memory");
    mf_buf_release(&answer);
}

static void end(struct mf_call *call)
{
    mf_call_finish(call, MF_STATUS_UNAVAILABLE, "the server is stopping");
}

static void on_watch(struct mf_call *call, void *user, const uint8_t *message,
                     size_t len)
{
    struct mf_health *health = user;
    const char *name;
    size_t name_len;
    if (!read_request(call, message, len, &name, &name_len))
        return;
    struct watch *watch = malloc(sizeof *watch + name_len);
    if (!watch) {
        mf_call_finish(call, MF_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    *watch = (struct watch){
        .next = health->watches,
        .link = &health->watches,
        .call = call,
        .told = NOT_TOLD,
        .len = name_len,
    };
    memcpy(watch->name, name, name_len);
    if (watch->next)
        watch->next->link = &watch->next;
    health->watches = watch;
    mf_call_set_data(call, watch);
    tell(health, watch);
    if (health->is_stopping)
        end(call);
}

static void on_watch_drain(struct mf_call *call, void *user)
{
    struct watch *watch = mf_call_data(call);
    if (watch)
        tell(user, watch);
}

static void on_watch_close(struct mf_call *call, void *user)
{
    (void)user;
    struct watch *watch = mf_call_data(call);
    if (!watch)
        return;
    *watch->link = watch->next;
    if (watch->next)
        watch->next->link = watch->link;
    free(watch);
}

static const struct mf_method methods[] = {
    {.path = "/grpc.health.v1.Health/Check",
     .input = "grpc.health.v1.HealthCheckRequest",
     .output = "grpc.health.v1.HealthCheckResponse",
     .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {.on_message = on_check},
     .max_message_len = REQUEST_MAX_LEN},
    {.path = "/grpc.health.v1.Health/List",
     .input = "grpc.health.v1.HealthListRequest",
     .output = "grpc.health.v1.HealthListResponse",
     .kind = MF_METHOD_UNARY,
     .no_side_effects = true,
     .ops = {.on_message = on_list},
     .max_message_len = REQUEST_MAX_LEN},
    {.path = "/grpc.health.v1.Health/Watch",
     .input = "grpc.health.v1.HealthCheckRequest",
     .output = "grpc.health.v1.HealthCheckResponse",
     .kind = MF_METHOD_SERVER_STREAM,
     .ops = {.on_message = on_watch,
             .on_drain = on_watch_drain,
             .on_close = on_watch_close},
     .max_message_len = REQUEST_MAX_LEN},
};

/* ---- Life ---- */

struct mf_health *mf_health_new(struct mf_rpc *rpc)
{
    struct mf_health *health = calloc(1, sizeof *health);
    if (!health)
        return NULL;
    health->rpc = rpc;
    health->services = mf_map_new();
    if (!health->services ||
        mf_rpc_add(rpc, methods, sizeof methods / sizeof *methods, health)) {
        mf_health_free(health);
        return NULL;
    }
    return health;
}

void mf_health_free(struct mf_health *health)
{
    if (!health)
        return;
    size_t position = 0;
    if (health->services)
        for (void *service;
             (service = mf_map_next(health->services, &position));)
            free(service);
    mf_map_free(health->services);
    free(health);
}

void mf_health_stop(struct mf_health *health)
{
    health->is_stopping = true;
    for (struct watch *watch = health->watches; watch; watch = watch->next) {
        tell(health, watch);
        end(watch->call);
    }
}
