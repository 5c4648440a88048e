/*
 * mf_certificates: what a certificate says, of which only the PEM is known,
 * as the exporter tells it of a live flow (mitmproxy.v1.Cert). Read by
 * OpenSSL's X.509; nothing is verified.
 *
 * Hostile input: a PEM of more than 64 KiB is not read; of longer lists than
 * any real certificate has the rest is left out (1,000 names, 64 parts of a
 * subject, 64 addresses of revocation lists), and so are texts of over 4 KiB.
 *
 * Thread:  any, one at a time.
 * Errors:  0 or a negative MF_E*.
 */
#ifndef MF_EXPORT_CERTIFICATE_H
#define MF_EXPORT_CERTIFICATE_H

#include "base/buf.h"
#include "base/span.h"

struct mf_certificate;

/* All zero at first. The last few certificates are remembered, as the flows
 * of a file mostly have the same: at most some 10 MiB. */
struct mf_certificates {
    struct mf_certificate *known;
};

/*
 * Append the fields of the Cert that `pem` is. `at` is the moment, in seconds
 * since the epoch, for which it is told whether it has expired; 0: unknown,
 * not told.
 *
 * What cannot be read as a certificate has its PEM and no more; that is no
 * error.
 *
 *  MF_EFULL, MF_ENOMEM  a part may have been appended
 */
int mf_certificates_put(struct mf_certificates *certificates,
                        struct mf_span pem, double at, struct mf_buf *out);

void mf_certificates_release(struct mf_certificates *certificates);

#endif
