/*
 * mf_redactor: rules that change or leave out what flows carry before
 * anything leaves the proxy (option grpc_redact; docs/exporter.md has the
 * rules' form).
 *
 * What a rule finds is replaced by "REDACTED-" and the first 16 hex digits of
 * its HMAC-SHA-256 with a key of this proxy's own, so that equal secrets can
 * be told to be equal and nothing else be told of them.
 *
 * Thread:  one at a time; the sender's.
 */
#ifndef MF_EXPORTER_REDACT_H
#define MF_EXPORTER_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "exporter/label.h"
#include "pb/spliced.h"

enum { MF_REDACT_KEY_LEN = 32 };

struct mf_redactor;

/*
 * Read rules, each a string. `err` names the rule that is wrong by its place
 * and text, and says what is wrong with it. *ret_redactor is NULL when there
 * is no rule. MF_EINVAL, MF_ENOMEM.
 */
int mf_redactor_new(const char *const *rules, size_t count,
                    const uint8_t key[MF_REDACT_KEY_LEN],
                    struct mf_redactor **ret_redactor, struct mf_err *err);
void mf_redactor_free(struct mf_redactor *redactor); /* NULL is allowed */

/*
 * Read the key from `path`, or make one there (mode 0600) if there is none.
 * MF_EIO, MF_EINVAL (not a key, or others may read it) with `err`.
 */
int mf_redact_load_key(const char *path, uint8_t ret_key[MF_REDACT_KEY_LEN],
                       struct mf_err *err);

/* What has to be known of a flow when a later part of it is redacted: its
 * host, content types and encodings. Zero it for a new flow. */
struct mf_redact_flow {
    struct mf_redact_facts *facts;
};
void mf_redact_flow_release(struct mf_redact_flow *flow);

enum mf_redact_verdict {
    MF_REDACT_KEEP,    /* nothing applies: the message stays as it is */
    MF_REDACT_CHANGED, /* `out` has the message now */
    MF_REDACT_SKIP,    /* nothing of this flow leaves the proxy */
};

/*
 * Redact an ExportFlowRequest of any kind. `out` is empty before. Objects of
 * its splices are those of `message`'s; bytes that were made are copied. A
 * rule that cannot be applied (a body that does not decode within `body_max`
 * bytes, memory is out) leaves the body out, marked; it never lets one pass.
 */
enum mf_redact_verdict mf_redact(struct mf_redactor *redactor,
                                 struct mf_redact_flow *flow,
                                 const struct mf_label *label,
                                 const struct mf_spliced *message,
                                 size_t body_max, struct mf_encoder *out);

/* In place of that while there are no rules: what the ones that may come have
 * to tell again is kept. */
void mf_redact_note(struct mf_redact_flow *flow,
                    const struct mf_spliced *message);

#endif
