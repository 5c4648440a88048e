#include "request_info.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "codec/percent.h"

enum { LOG_MAX_LEN = 64 << 20 };

/* ---- The log ---- */

void request_log_init(struct request_log *log, struct mf_call *call,
                      const char *type_url)
{
    *log = (struct request_log){.call = call, .type_url = type_url};
    log->has_timeout = mf_call_time_left(call, &log->timeout_ms);
}

void request_log_forget(struct request_log *log)
{
    for (size_t i = 0; i < log->request_count; i++) {
        free(log->requests[i]->value.data);
        free(log->requests[i]);
    }
    log->request_count = 0;
    log->len = 0;
}

void request_log_release(struct request_log *log)
{
    request_log_forget(log);
    free(log->requests);
}

int request_log_add(struct request_log *log, const uint8_t *request, size_t len)
{
    if (len > LOG_MAX_LEN - log->len)
        return MF_EFULL;
    any_message **requests =
        realloc(log->requests, (log->request_count + 1) * sizeof *requests);
    if (!requests)
        return MF_ENOMEM;
    log->requests = requests;
    any_message *any = malloc(sizeof *any);
    uint8_t *copy = malloc(len + 1);
    if (!any || !copy) {
        free(any);
        free(copy);
        return MF_ENOMEM;
    }
    memcpy(copy, request, len);
    *any = (any_message)ANY_INIT;
    any->type_url = (char *)log->type_url;
    any->value = (ProtobufCBinaryData){.data = copy, .len = len};
    log->requests[log->request_count++] = any;
    log->len += len;
    return 0;
}

/* ---- Headers and parameters ---- */

static void header_list_release(struct header_list *list)
{
    free(list->headers);
    free(list->pointers);
    free(list->values);
}

static header_message *header_list_find(const struct header_list *list,
                                        const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->headers[i].name, name) == 0)
            return &list->headers[i];
    return NULL;
}

/* Each name at the place of its first value. Texts are borrowed. */
static int header_list_init(struct header_list *list,
                            const struct mf_header *pairs, size_t count)
{
    list->headers = calloc(count + 1, sizeof *list->headers);
    list->pointers = calloc(count + 1, sizeof *list->pointers);
    list->values = calloc(count + 1, sizeof *list->values);
    if (!list->headers || !list->pointers || !list->values)
        return MF_ENOMEM;
    char **next = list->values;
    for (size_t i = 0; i < count; i++) {
        if (header_list_find(list, pairs[i].name))
            continue;
        header_message *header = &list->headers[list->count];
        list->pointers[list->count++] = header;
        *header = (header_message)HEADER_INIT;
        header->name = (char *)pairs[i].name;
        header->value = next;
        for (size_t j = i; j < count; j++)
            if (strcmp(pairs[j].name, pairs[i].name) == 0)
                header->value[header->n_value++] = (char *)pairs[j].value;
        next += header->n_value;
    }
    return 0;
}

static int put_headers(struct request_info *info, const struct mf_call *call)
{
    size_t count = mf_call_metadata_count(call);
    struct mf_header *pairs = calloc(count + 1, sizeof *pairs);
    if (!pairs)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        pairs[i] = *mf_call_metadata_at(call, i);
    int rc = header_list_init(&info->headers, pairs, count);
    free(pairs);
    info->message.n_request_headers = info->headers.count;
    info->message.request_headers = info->headers.pointers;
    return rc;
}

/* A name or value of a query, decoded into `text`, and its NUL. */
static int put_text(struct mf_buf *text, const char *encoded, size_t len,
                    const char **ret_text)
{
    size_t at = text->len;
    int rc = mf_percent_decode(encoded, len, true, text);
    if (!rc)
        rc = mf_buf_append_byte(text, 0);
    if (!rc)
        *ret_text = (const char *)text->data + at;
    return rc;
}

static size_t count_params(const char *query)
{
    size_t count = 1;
    for (; *query; query++)
        count += *query == '&';
    return count;
}

static int put_params(struct request_info *info, const char *query)
{
    size_t max = count_params(query), count = 0;
    struct mf_header *pairs = calloc(max, sizeof *pairs);
    if (!pairs)
        return MF_ENOMEM;
    /* All at once, so that what is borrowed from it stays where it is. */
    int rc = mf_buf_reserve(&info->param_text, strlen(query) + 2 * max);
    while (!rc && *query) {
        size_t len = strcspn(query, "&");
        size_t name_len = strcspn(query, "=&");
        size_t skip = name_len < len ? name_len + 1 : len;
        if (len > 0) {
            struct mf_header *pair = &pairs[count++];
            rc = put_text(&info->param_text, query, name_len, &pair->name);
            if (!rc)
                rc = put_text(&info->param_text, query + skip, len - skip,
                              &pair->value);
        }
        query += len;
        query += *query == '&';
    }
    if (!rc)
        rc = header_list_init(&info->params, pairs, count);
    free(pairs);
    info->get.n_query_params = info->params.count;
    info->get.query_params = info->params.pointers;
    info->message.connect_get_info = &info->get;
    return rc;
}

/* ---- The message ---- */

int request_info_init(struct request_info *info, const struct request_log *log,
                      bool has_head)
{
    *info = (struct request_info){.message = REQUEST_INFO_INIT,
                                  .get = GET_INFO_INIT};
    mf_buf_init(&info->param_text, SIZE_MAX);
    info->message.n_requests = log->request_count;
    info->message.requests = log->requests;
    if (!has_head)
        return 0;
    if (log->has_timeout) {
        info->message.timeout_presence_case =
            CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__REQUEST_INFO__TIMEOUT_PRESENCE_TIMEOUT_MS;
        info->message.timeout_ms = (int64_t)log->timeout_ms;
    }
    int rc = put_headers(info, log->call);
    const char *query = mf_call_get_query(log->call);
    if (!rc && query)
        rc = put_params(info, query);
    return rc;
}

void request_info_release(struct request_info *info)
{
    header_list_release(&info->headers);
    header_list_release(&info->params);
    mf_buf_release(&info->param_text);
}
