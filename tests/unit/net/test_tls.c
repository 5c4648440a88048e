#include "../cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "net/tls.h"

enum { DAY_S = 24 * 60 * 60 };

/* A key and a certificate that it signed itself, in PEM. */
struct own {
    char *cert;
    char *key;
    char *locked_key; /* encrypted */
};

static char *text_of(BIO *bio)
{
    char *data, *text;
    long len = BIO_get_mem_data(bio, &data);
    text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static void make(struct own *own, long first_day, long last_day)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), first_day * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(cert), last_day * DAY_S);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, cert);
    own->cert = text_of(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    own->key = text_of(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(),
                             (const unsigned char *)"secret", 6, NULL, NULL);
    own->locked_key = text_of(bio);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static struct {
    struct own one, other, old;
} made;

static void release(struct own *own)
{
    free(own->cert);
    free(own->key);
    free(own->locked_key);
}

static int setup(void **state)
{
    (void)state;
    make(&made.one, -1, 1);
    make(&made.other, -1, 1);
    make(&made.old, -2, -1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    release(&made.one);
    release(&made.other);
    release(&made.old);
    return 0;
}

static void assert_refused(const struct mf_tls_pem *pem, const char *why)
{
    struct mf_tls *tls = NULL;
    struct mf_err err = {0};
    assert_int_equal(mf_tls_new(pem, &tls, &err), MF_EINVAL);
    assert_null(tls);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static void a_certificate_and_its_key_are_taken(void **state)
{
    (void)state;
    const struct mf_tls_pem pem = {made.one.cert, made.one.key,
                                   made.other.cert};
    struct mf_tls *tls;
    assert_int_equal(mf_tls_new(&pem, &tls, NULL), 0);
    mf_tls_free(tls);
}

static void an_expired_certificate_is_taken(void **state)
{
    (void)state;
    const struct mf_tls_pem pem = {made.old.cert, made.old.key, NULL};
    struct mf_tls *tls;
    assert_int_equal(mf_tls_new(&pem, &tls, NULL), 0);
    mf_tls_free(tls);
}

static void what_is_no_certificate_is_named(void **state)
{
    (void)state;
    char *key = made.one.key;
    assert_refused(&(struct mf_tls_pem){"", key, NULL},
                   "certificate: no certificate in PEM form");
    assert_refused(&(struct mf_tls_pem){key, key, NULL},
                   "certificate: no certificate in PEM form");
    assert_refused(&(struct mf_tls_pem){made.one.cert, key, "nothing"},
                   "client CA: no certificate in PEM form");
}

static void a_cut_certificate_is_refused(void **state)
{
    (void)state;
    char *cut = strndup(made.one.cert, strlen(made.one.cert) / 2);
    assert_refused(&(struct mf_tls_pem){cut, made.one.key, NULL},
                   "certificate: ");
    assert_refused(&(struct mf_tls_pem){made.one.cert, made.one.key, cut},
                   "client CA: ");
    free(cut);
}

static void a_damaged_chain_is_refused(void **state)
{
    (void)state;
    char *chain;
    assert_true(asprintf(&chain, "%s%.60s\n", made.one.cert, made.other.cert) >
                0);
    assert_refused(&(struct mf_tls_pem){chain, made.one.key, NULL},
                   "certificate: ");
    free(chain);
}

static void what_is_no_key_is_named(void **state)
{
    (void)state;
    assert_refused(&(struct mf_tls_pem){made.one.cert, "", NULL},
                   "key: no private key in PEM form");
    assert_refused(&(struct mf_tls_pem){made.one.cert, made.one.cert, NULL},
                   "key: no private key in PEM form");
}

static void an_encrypted_key_is_refused_without_asking(void **state)
{
    (void)state;
    assert_refused(
        &(struct mf_tls_pem){made.one.cert, made.one.locked_key, NULL},
        "it is encrypted");
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    (void)state;
    assert_refused(&(struct mf_tls_pem){made.one.cert, made.other.key, NULL},
                   "key: it belongs to another certificate");
}

static void a_failed_reload_leaves_it_as_it_was(void **state)
{
    (void)state;
    const struct mf_tls_pem good = {made.one.cert, made.one.key, NULL};
    const struct mf_tls_pem bad = {made.one.cert, made.other.key, NULL};
    struct mf_tls *tls;
    struct mf_err err = {0};
    assert_int_equal(mf_tls_new(&good, &tls, NULL), 0);
    assert_int_equal(mf_tls_reload(tls, &bad, &err), MF_EINVAL);
    assert_int_equal(mf_tls_reload(tls, &good, NULL), 0);
    mf_tls_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_and_its_key_are_taken),
        cmocka_unit_test(an_expired_certificate_is_taken),
        cmocka_unit_test(what_is_no_certificate_is_named),
        cmocka_unit_test(a_cut_certificate_is_refused),
        cmocka_unit_test(a_damaged_chain_is_refused),
        cmocka_unit_test(what_is_no_key_is_named),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
        cmocka_unit_test(a_failed_reload_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
