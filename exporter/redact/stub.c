/* Stands in until the rules are there. */
#include "exporter/redact/redact.h"

int mf_redactor_new(const char *const *rules, size_t count,
                    const uint8_t key[MF_REDACT_KEY_LEN],
                    struct mf_redactor **ret_redactor, struct mf_err *err)
{
    (void)key;
    *ret_redactor = NULL;
    return count ? mf_err_set(err, MF_EUNSUPPORTED,
                              "grpc_redact: rule 1 (%s): rules are not there yet",
                              rules[0])
                 : 0;
}

void mf_redactor_free(struct mf_redactor *redactor)
{
    (void)redactor;
}

int mf_redact_load_key(const char *path, uint8_t ret_key[MF_REDACT_KEY_LEN],
                       struct mf_err *err)
{
    (void)path;
    (void)err;
    for (int i = 0; i < MF_REDACT_KEY_LEN; i++)
        ret_key[i] = 0;
    return 0;
}

void mf_redact_flow_release(struct mf_redact_flow *flow)
{
    (void)flow;
}

enum mf_redact_verdict mf_redact(struct mf_redactor *redactor,
                                 struct mf_redact_flow *flow,
                                 const struct mf_label *label,
                                 const struct mf_spliced *message,
                                 size_t body_max, struct mf_encoder *out)
{
    (void)redactor;
    (void)flow;
    (void)label;
    (void)message;
    (void)body_max;
    (void)out;
    return MF_REDACT_KEEP;
}
