#include "exporter/openssl.h"

#include <openssl/ssl.h>

void mf_openssl_init(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG,
                     NULL);
}
