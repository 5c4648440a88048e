#include "export/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "pb/wire.h"

enum {
    PEM_MAX_LEN = 64 << 10,
    TEXT_MAX_LEN = 4 << 10,
    FACTS_MAX_LEN = 256 << 10, /* what is longer is left out */
    NAMES_MAX = 1000,
    PARTS_MAX = 64,
    LISTS_MAX = 64,
    SERIAL_MAX_LEN = 64, /* RFC 5280 allows 20 bytes */
    KNOWN = 32,
};

/* Numbers of Cert. */
enum {
    CONTENT = 1,
    FINGERPRINT = 2,
    ISSUERS = 3,
    NOT_BEFORE = 4,
    NOT_AFTER = 5,
    HAS_EXPIRED = 6,
    SUBJECTS = 7,
    SERIAL = 8,
    IS_CA = 9,
    KEY_INFO = 10,
    CN = 11,
    ORGANIZATION = 12,
    ALT_NAMES = 13,
    CRLS = 14,
    /* of an entry of a map */
    KEY = 1,
    VALUE = 2,
};

/* What is remembered of a certificate: its fields, but for the content and
 * whether it has expired. */
struct mf_certificate {
    struct mf_buf pem; /* empty: nothing is remembered here */
    struct mf_buf facts;
    int64_t not_after; /* seconds; 0: not known */
};

/* Where facts are written. The error is sticky. */
struct facts {
    struct mf_buf *out;
    int error;
};

/* ---- pieces ---- */

static void keep(struct facts *facts, int rc)
{
    if (rc && !facts->error)
        facts->error = rc;
}

static size_t begin(struct facts *facts, uint32_t number)
{
    size_t mark = 0;
    if (!facts->error)
        facts->error = mf_wire_begin(facts->out, number, &mark);
    return mark;
}

static void end(struct facts *facts, size_t mark)
{
    if (!facts->error)
        facts->error = mf_wire_end(facts->out, mark);
}

static void put_text(struct facts *facts, uint32_t number, const void *text,
                     size_t len)
{
    if (len <= TEXT_MAX_LEN)
        keep(facts, mf_wire_put_text_opt(facts->out, number,
                                         (struct mf_span){text, len}));
}

/* A string of any of ASN.1's types; one that is no text is left out. */
static void put_string(struct facts *facts, uint32_t number,
                       const ASN1_STRING *string)
{
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, string);
    if (len > 0)
        put_text(facts, number, text, (size_t)len);
    OPENSSL_free(text);
}

/* ---- names ---- */

/* The names of RFC 4514, else the dotted number, as mitmproxy shows them. */
static void put_part_name(struct facts *facts, const ASN1_OBJECT *object)
{
    static const struct {
        int nid;
        const char *name;
    } names[] = {
        {NID_commonName, "CN"},
        {NID_localityName, "L"},
        {NID_stateOrProvinceName, "ST"},
        {NID_organizationName, "O"},
        {NID_organizationalUnitName, "OU"},
        {NID_countryName, "C"},
        {NID_streetAddress, "STREET"},
        {NID_domainComponent, "DC"},
        {NID_userId, "UID"},
    };
    char dotted[256];
    int nid = OBJ_obj2nid(object);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].nid == nid) {
            put_text(facts, KEY, names[i].name, strlen(names[i].name));
            return;
        }
    int len = OBJ_obj2txt(dotted, sizeof dotted, object, 1);
    if (len > 0 && (size_t)len < sizeof dotted)
        put_text(facts, KEY, dotted, (size_t)len);
}

static void put_name(struct facts *facts, uint32_t number,
                     const X509_NAME *name)
{
    int count = X509_NAME_entry_count(name);
    for (int i = 0; i < count && i < PARTS_MAX; i++) {
        X509_NAME_ENTRY *part = X509_NAME_get_entry(name, i);
        size_t mark = begin(facts, number);
        put_part_name(facts, X509_NAME_ENTRY_get_object(part));
        put_string(facts, VALUE, X509_NAME_ENTRY_get_data(part));
        end(facts, mark);
    }
}

/* The first part of that kind. */
static void put_part(struct facts *facts, uint32_t number,
                     const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at >= 0)
        put_string(facts, number,
                   X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void put_address(struct facts *facts, const ASN1_OCTET_STRING *address)
{
    enum { IPV4_LEN = 4, IPV6_LEN = 16 };
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(address);
    if (len != IPV4_LEN && len != IPV6_LEN)
        return;
    if (inet_ntop(len == IPV4_LEN ? AF_INET : AF_INET6,
                  ASN1_STRING_get0_data(address), text, sizeof text))
        put_text(facts, ALT_NAMES, text, strlen(text));
}

/* Other kinds are no text that anybody would search for. */
static void put_alt_name(struct facts *facts, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
        put_text(facts, ALT_NAMES, ASN1_STRING_get0_data(name->d.ia5),
                 (size_t)ASN1_STRING_length(name->d.ia5));
        break;
    case GEN_IPADD:
        put_address(facts, name->d.iPAddress);
        break;
    default:
        break;
    }
}

static void put_alt_names(struct facts *facts, const X509 *cert)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int count = sk_GENERAL_NAME_num(names); /* -1 of NULL */
    for (int i = 0; i < count && i < NAMES_MAX; i++)
        put_alt_name(facts, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
}

/* Where the first of a point's full names is a URL, that. */
static void put_point(struct facts *facts, const DIST_POINT *point)
{
    enum { IS_FULL_NAME = 0 };
    if (!point->distpoint || point->distpoint->type != IS_FULL_NAME)
        return;
    const GENERAL_NAME *name =
        sk_GENERAL_NAME_value(point->distpoint->name.fullname, 0);
    if (name && name->type == GEN_URI)
        put_text(facts, CRLS, ASN1_STRING_get0_data(name->d.ia5),
                 (size_t)ASN1_STRING_length(name->d.ia5));
}

static void put_crls(struct facts *facts, const X509 *cert)
{
    CRL_DIST_POINTS *points =
        X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
    int count = sk_DIST_POINT_num(points);
    for (int i = 0; i < count && i < LISTS_MAX; i++)
        put_point(facts, sk_DIST_POINT_value(points, i));
    CRL_DIST_POINTS_free(points);
}

/* ---- the other facts ---- */

static void put_fingerprint(struct facts *facts, struct mf_span der)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    if (EVP_Digest(der.text, der.len, digest, &len, EVP_sha256(), NULL))
        keep(facts, mf_wire_put_bytes(facts->out, FINGERPRINT, digest, len));
}

/* Returns the seconds since the epoch; 0: not known, or before it. */
static int64_t put_time(struct facts *facts, uint32_t number,
                        const ASN1_TIME *time)
{
    struct tm tm;
    if (!ASN1_TIME_to_tm(time, &tm))
        return 0;
    int64_t seconds = timegm(&tm);
    if (seconds < 0)
        return 0;
    size_t mark = begin(facts, number);
    keep(facts, mf_wire_put_varint_opt(facts->out, 1, (uint64_t)seconds));
    end(facts, mark);
    return seconds;
}

static void put_serial(struct facts *facts, const ASN1_INTEGER *serial)
{
    if (ASN1_STRING_length(serial) > SERIAL_MAX_LEN)
        return;
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *text = number ? BN_bn2dec(number) : NULL;
    if (text)
        put_text(facts, SERIAL, text, strlen(text));
    OPENSSL_free(text);
    BN_free(number);
}

static void put_is_ca(struct facts *facts, const X509 *cert)
{
    BASIC_CONSTRAINTS *constraints =
        X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
    keep(facts, mf_wire_put_varint_opt(facts->out, IS_CA,
                                       constraints && constraints->ca));
    BASIC_CONSTRAINTS_free(constraints);
}

/* The curve as mitmproxy calls it; false: it has no name. */
static bool name_curve(const EVP_PKEY *key, char *name, size_t cap)
{
    static const struct {
        const char *ours, *theirs;
    } others[] = {{"secp256r1", "prime256v1"}, {"secp192r1", "prime192v1"}};
    char curve[64];
    size_t len;
    if (!EVP_PKEY_get_group_name(key, curve, sizeof curve, &len))
        return false;
    const char *shown = curve;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(curve, others[i].theirs) == 0)
            shown = others[i].ours;
    snprintf(name, cap, "EC (%s)", shown);
    return true;
}

/* False: a key of no kind that is known here. */
static bool describe_key(const EVP_PKEY *key, char *name, size_t cap,
                         int64_t *ret_bits)
{
    enum { SIZE_IS_NOT_TOLD = -1 }; /* by mitmproxy */
    static const struct {
        int id;
        const char *name;
        bool has_size;
    } kinds[] = {
        {EVP_PKEY_RSA, "RSA", true},      {EVP_PKEY_RSA_PSS, "RSA", true},
        {EVP_PKEY_DSA, "DSA", true},      {EVP_PKEY_ED25519, "Ed25519", false},
        {EVP_PKEY_ED448, "Ed448", false}, {EVP_PKEY_X25519, "X25519", false},
        {EVP_PKEY_X448, "X448", false},
    };
    int id = EVP_PKEY_get_base_id(key);
    *ret_bits = EVP_PKEY_get_bits(key);
    if (id == EVP_PKEY_EC)
        return name_curve(key, name, cap);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].id == id) {
            snprintf(name, cap, "%s", kinds[i].name);
            if (!kinds[i].has_size)
                *ret_bits = SIZE_IS_NOT_TOLD;
            return true;
        }
    return false;
}

static void put_key(struct facts *facts, const X509 *cert)
{
    char name[80];
    int64_t bits;
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    if (!key || !describe_key(key, name, sizeof name, &bits))
        return;
    size_t mark = begin(facts, KEY_INFO);
    put_text(facts, KEY, name, strlen(name));
    keep(facts, mf_wire_put_varint_opt(facts->out, VALUE, (uint64_t)bits));
    end(facts, mark);
}

/* ---- the certificate ---- */

static void put_facts(struct facts *facts, const X509 *cert,
                      int64_t *ret_not_after)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    put_name(facts, ISSUERS, X509_get_issuer_name(cert));
    put_time(facts, NOT_BEFORE, X509_get0_notBefore(cert));
    *ret_not_after = put_time(facts, NOT_AFTER, X509_get0_notAfter(cert));
    put_name(facts, SUBJECTS, subject);
    put_serial(facts, X509_get0_serialNumber(cert));
    put_is_ca(facts, cert);
    put_key(facts, cert);
    put_part(facts, CN, subject, NID_commonName);
    put_part(facts, ORGANIZATION, subject, NID_organizationName);
    put_alt_names(facts, cert);
    put_crls(facts, cert);
}

static void read_der(struct facts *facts, struct mf_span der,
                     int64_t *ret_not_after)
{
    const unsigned char *at = (const unsigned char *)der.text;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    if (cert && at == (const unsigned char *)der.text + der.len) {
        put_fingerprint(facts, der);
        put_facts(facts, cert, ret_not_after);
    }
    X509_free(cert);
}

/* Not PEM_read_bio_X509(): of what is encrypted that asks a terminal for the
 * password. */
static void read_pem(struct facts *facts, struct mf_span pem,
                     int64_t *ret_not_after)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    BIO *from = BIO_new_mem_buf(pem.text, (int)pem.len);
    if (from && PEM_read_bio(from, &name, &header, &der, &len) &&
        strcmp(name, PEM_STRING_X509) == 0 && !header[0])
        read_der(facts, (struct mf_span){(char *)der, (size_t)len},
                 ret_not_after);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(from);
    ERR_clear_error();
}

/* ---- those that are remembered ---- */

static struct mf_certificate *place_of(struct mf_certificates *certificates,
                                       struct mf_span pem)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < pem.len; i++)
        hash = (hash ^ (uint8_t)pem.text[i]) * UINT64_C(0x100000001b3);
    if (!certificates->known) {
        certificates->known = calloc(KNOWN, sizeof *certificates->known);
        for (int i = 0; certificates->known && i < KNOWN; i++) {
            mf_buf_init(&certificates->known[i].pem, PEM_MAX_LEN);
            mf_buf_init(&certificates->known[i].facts, FACTS_MAX_LEN);
        }
    }
    return certificates->known ? &certificates->known[hash % KNOWN] : NULL;
}

static bool is_known(const struct mf_certificate *at, struct mf_span pem)
{
    return at->pem.len == pem.len &&
           memcmp(at->pem.data, pem.text, pem.len) == 0;
}

static int learn(struct mf_certificate *at, struct mf_span pem)
{
    struct facts facts = {&at->facts, 0};
    mf_buf_clear(&at->pem);
    mf_buf_clear(&at->facts);
    at->not_after = 0;
    read_pem(&facts, pem, &at->not_after);
    if (facts.error == MF_EFULL) {
        mf_buf_clear(&at->facts);
        facts.error = 0;
    }
    return facts.error ? facts.error
                       : mf_buf_append(&at->pem, pem.text, pem.len);
}

int mf_certificates_put(struct mf_certificates *certificates,
                        struct mf_span pem, double at, struct mf_buf *out)
{
    int rc = mf_wire_put_bytes_opt(out, CONTENT, pem.text, pem.len);
    if (rc || !pem.len || pem.len > PEM_MAX_LEN)
        return rc;
    struct mf_certificate *cert = place_of(certificates, pem);
    if (!cert)
        return MF_ENOMEM;
    if (!is_known(cert, pem))
        rc = learn(cert, pem);
    if (!rc)
        rc = mf_buf_append(out, cert->facts.data, cert->facts.len);
    if (!rc && cert->not_after && at > (double)cert->not_after)
        rc = mf_wire_put_varint(out, HAS_EXPIRED, 1);
    return rc;
}

void mf_certificates_release(struct mf_certificates *certificates)
{
    for (int i = 0; certificates->known && i < KNOWN; i++) {
        mf_buf_release(&certificates->known[i].pem);
        mf_buf_release(&certificates->known[i].facts);
    }
    free(certificates->known);
    certificates->known = NULL;
}
