/*
 * request_log: what a call has brought so far; request_info: the message
 * that tells the client of it.
 *
 * Thread:  the loop's.
 * Errors:  0, MF_EFULL (more than is kept of one call) or MF_ENOMEM.
 */
#ifndef CONFORMANCE_REQUEST_INFO_H
#define CONFORMANCE_REQUEST_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "rpc/rpc.h"

struct request_log {
    struct mf_call *call; /* borrowed */
    const char *type_url; /* of every request; static */
    bool has_timeout;
    uint64_t timeout_ms; /* what was left when the log began */
    any_message **requests;
    size_t request_count;
    size_t len; /* of all of them, bytes */
};

/* `type_url` is static text. */
void request_log_init(struct request_log *log, struct mf_call *call,
                      const char *type_url);
void request_log_release(struct request_log *log);

/* Keep a copy of one request. */
int request_log_add(struct request_log *log, const uint8_t *request,
                    size_t len);
/* Forget the requests: an answer has told of them. */
void request_log_forget(struct request_log *log);

/* Headers as the judge wants them: a name once, with all of its values. */
struct header_list {
    header_message *headers;
    header_message **pointers;
    char **values;
    size_t count;
};

struct request_info {
    request_info_message message; /* borrows from the others and the log */
    struct header_list headers;
    struct header_list params;
    get_info_message get;
    struct mf_buf param_text;
};

/*
 * Tell of `log`: of its requests alone, or with `has_head` of headers,
 * time-out and query too. To be released, whatever is answered, before the
 * log changes.
 */
int request_info_init(struct request_info *info, const struct request_log *log,
                      bool has_head);
void request_info_release(struct request_info *info);

#endif
