/* Any bytes as a certificate's PEM, or its DER: what is told of it is a Cert
 * whose texts are UTF-8, and the same when it is remembered. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "codec/base64.h"
#include "export/certificate.h"
#include "pb/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX_LEN = 1 << 20, AT = 2000000000 };

static bool is_text(uint32_t number)
{
    enum { SERIAL = 8, CN = 11, CRLS = 14 };
    return number == SERIAL || (number >= CN && number <= CRLS);
}

static bool is_map(uint32_t number)
{
    enum { ISSUERS = 3, SUBJECTS = 7, KEY_INFO = 10 };
    return number == ISSUERS || number == SUBJECTS || number == KEY_INFO;
}

static void check(const uint8_t *data, size_t len, bool is_entry)
{
    struct mf_wire_field field;
    struct mf_cursor cursor = mf_cursor_make(data, len);
    while (mf_wire_next(&cursor, &field)) {
        if (field.type != MF_WIRE_LEN)
            continue;
        if (!is_entry && is_map(field.number))
            check(field.data, field.len, true);
        else if ((is_entry || is_text(field.number)) &&
                 !mf_utf8_valid((const char *)field.data, field.len))
            abort();
    }
    if (cursor.error)
        abort();
}

static void put(struct mf_certificates *known, struct mf_span pem,
                struct mf_buf *out)
{
    if (mf_certificates_put(known, pem, AT, out))
        abort();
    check(out->data, out->len, false);
}

static void read_twice(struct mf_span pem)
{
    struct mf_certificates known = {0};
    struct mf_buf one, two;
    mf_buf_init(&one, OUT_MAX_LEN);
    mf_buf_init(&two, OUT_MAX_LEN);
    put(&known, pem, &one);
    put(&known, pem, &two);
    if (one.len != two.len || (one.len && memcmp(one.data, two.data, one.len)))
        abort();
    mf_certificates_release(&known);
    mf_buf_release(&one);
    mf_buf_release(&two);
}

static void read_der(const uint8_t *data, size_t size)
{
    struct mf_buf pem;
    mf_buf_init(&pem, OUT_MAX_LEN);
    if (mf_buf_printf(&pem, "-----BEGIN CERTIFICATE-----\n") ||
        mf_base64_encode(data, size, true, &pem) ||
        mf_buf_printf(&pem, "\n-----END CERTIFICATE-----\n"))
        abort();
    read_twice((struct mf_span){(const char *)pem.data, pem.len});
    mf_buf_release(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { DER_SEQUENCE = 0x30, SIZE_MAX_LEN = 1 << 16 };
    if (size > SIZE_MAX_LEN)
        return 0;
    read_twice((struct mf_span){(const char *)data, size});
    if (size && data[0] == DER_SEQUENCE)
        read_der(data, size);
    return 0;
}
