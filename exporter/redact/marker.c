#include "exporter/redact/marker.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/openssl.h"

enum { PREFIX_LEN = 9, DIGEST_LEN = 32 };
static const char NO_MARK[] = "REDACTED-----------------";

struct mf_marker {
    EVP_MAC *mac;
    EVP_MAC_CTX *context;
};

struct mf_marker *mf_marker_new(const uint8_t key[MF_REDACT_KEY_LEN])
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    mf_openssl_init();
    struct mf_marker *marker = calloc(1, sizeof *marker);
    if (!marker)
        return NULL;
    marker->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (marker->mac)
        marker->context = EVP_MAC_CTX_new(marker->mac);
    if (!marker->context ||
        !EVP_MAC_init(marker->context, key, MF_REDACT_KEY_LEN, params)) {
        mf_marker_free(marker);
        return NULL;
    }
    return marker;
}

void mf_marker_free(struct mf_marker *marker)
{
    if (!marker)
        return;
    EVP_MAC_CTX_free(marker->context);
    EVP_MAC_free(marker->mac);
    free(marker);
}

void mf_marker_make(struct mf_marker *marker, const void *secret, size_t len,
                    char ret_mark[MF_MARKER_LEN])
{
    static const char HEX[] = "0123456789abcdef";
    uint8_t digest[DIGEST_LEN];
    size_t digest_len = 0;
    _Static_assert(sizeof NO_MARK == MF_MARKER_LEN + 1, "as long as a mark");
    memcpy(ret_mark, NO_MARK, MF_MARKER_LEN);
    /* Without a key it begins again with the one that it has. */
    if (!EVP_MAC_init(marker->context, NULL, 0, NULL) ||
        !EVP_MAC_update(marker->context, secret, len) ||
        !EVP_MAC_final(marker->context, digest, &digest_len, sizeof digest))
        return;
    for (size_t i = 0; i < (MF_MARKER_LEN - PREFIX_LEN) / 2; i++) {
        ret_mark[PREFIX_LEN + 2 * i] = HEX[digest[i] >> 4];
        ret_mark[PREFIX_LEN + 2 * i + 1] = HEX[digest[i] & 15];
    }
}
