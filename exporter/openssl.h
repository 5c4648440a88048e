/*
 * mf_openssl: how this OpenSSL begins, before anything else of it is used.
 *
 * It cleans nothing up at exit, because the sender's thread may be in one of
 * its calls then, and reads no openssl.cnf, which is that of the machine's
 * OpenSSL and may name modules that fit no other.
 *
 * Thread:  any, any number of times.
 */
#ifndef MF_EXPORTER_OPENSSL_H
#define MF_EXPORTER_OPENSSL_H

void mf_openssl_init(void);

#endif
