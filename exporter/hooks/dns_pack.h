/*
 * A DNS message as bytes (RFC 1035, section 4.1), without compression, as
 * mitmproxy's own `packed` gives it; for names in ASCII only.
 */
#ifndef MF_EXPORTER_DNS_PACK_H
#define MF_EXPORTER_DNS_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct mf_dns_head {
    long id;
    long flags; /* the whole second word */
    size_t counts[4];
};

/*
 * Append parts of a message.
 *
 *  MF_EUNSUPPORTED  a name that is not plain ASCII labels of 1 to 63
 *  MF_EINVAL        a number that does not fit
 *  MF_EFULL, MF_ENOMEM
 */
int mf_dns_put_head(struct mf_buf *out, const struct mf_dns_head *head);
int mf_dns_put_question(struct mf_buf *out, const char *name, size_t name_len,
                        long type, long class_code);
int mf_dns_put_record(struct mf_buf *out, const char *name, size_t name_len,
                      long type, long class_code, long long ttl,
                      const void *data, size_t len);

#endif
