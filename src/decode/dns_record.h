/*
 * The data of DNS records: fields with names, and the text that zone files
 * have for the whole (RFC 1035, section 5; RFC 3597). Private to src/decode.
 */
#ifndef MF_DECODE_DNS_RECORD_H
#define MF_DECODE_DNS_RECORD_H

#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "decode/view.h"

/* Text in mf_dns_data.text. */
struct mf_dns_piece {
    uint32_t at, len;
};

enum mf_dns_style {
    MF_DNS_PLAIN,
    MF_DNS_QUOTED, /* in quotes */
    MF_DNS_NAMED,  /* name=text, of a service parameter */
};

struct mf_dns_field {
    enum mf_node_kind kind;
    enum mf_dns_style style;
    struct mf_dns_piece name, text, also;
    uint32_t offset, len; /* in the message */
};

/* One record's data, while it is read. */
struct mf_dns_data {
    struct mf_span message; /* that compressed names point into */
    struct mf_cursor at;    /* what is not read yet */
    unsigned class_;        /* of the record; OPT keeps other things in it */
    uint32_t ttl;           /* so here */
    struct mf_buf text;
    struct mf_dns_field *fields;
    size_t count, cap;
    int error; /* of memory; sticky */
};

void mf_dns_data_init(struct mf_dns_data *data, struct mf_span message);
void mf_dns_data_release(struct mf_dns_data *data);

struct mf_dns_type;

/*
 * Read the data of a record of type `type` (NULL: of one that is not known) in
 * place of what was read before.
 *
 *  MF_ETRUNC    it ends too early
 *  MF_ECORRUPT  malformed
 *  MF_EFULL     its text is too long
 *  MF_ENOMEM
 *
 * After the first three `fields` has what came before that. What is left in
 * `at` after 0 does not belong to the type.
 */
int mf_dns_data_read(struct mf_dns_data *data, const struct mf_dns_type *type,
                     struct mf_span bytes);

/* The text of the whole, of the fields; until the next read. MF_EFULL or
 * MF_ENOMEM. */
int mf_dns_data_text(struct mf_dns_data *data, struct mf_span *ret_text);

struct mf_span mf_dns_data_piece(const struct mf_dns_data *data,
                                 struct mf_dns_piece piece);

/* Reads one field of data; a failure is kept in `at` or `error`. */
typedef void mf_dns_reader(struct mf_dns_data *data, const char *name);

struct mf_dns_field_type {
    const char *name;
    mf_dns_reader *read;
};

enum { MF_DNS_FIELDS_MAX = 9 };

struct mf_dns_type {
    unsigned number;
    const char *name;
    struct mf_dns_field_type fields[MF_DNS_FIELDS_MAX]; /* ended by NULL */
};

/* NULL: not known. */
const struct mf_dns_type *mf_dns_type(unsigned number);

/* Names of numbers; NULL: not known. */
const char *mf_dns_class_name(unsigned number);
const char *mf_dns_opcode_name(unsigned number);
const char *mf_dns_status_name(unsigned number);
const char *mf_dns_algorithm_name(unsigned number);
const char *mf_dns_error_info(unsigned number); /* RFC 8914 */

/* "MX", or "TYPE123" in `room`; `type` is that of `number`. */
enum { MF_DNS_TYPE_ROOM = 16 };
struct mf_span mf_dns_type_text(const struct mf_dns_type *type, unsigned number,
                                char room[MF_DNS_TYPE_ROOM]);

/* Building fields (dns_data.c); for readers. */
void mf_dns__begin(struct mf_dns_data *data, enum mf_node_kind kind,
                   const char *name);
void mf_dns__put_slowly(struct mf_dns_data *data, const void *text, size_t len);
static inline void mf_dns__put(struct mf_dns_data *data, const void *text,
                               size_t len)
{
    struct mf_buf *to = &data->text;
    if (data->error || len > to->cap - to->len) {
        mf_dns__put_slowly(data, text, len);
        return;
    }
    memcpy(to->data + to->len, text, len);
    to->len += len;
}
static inline void mf_dns__put_text(struct mf_dns_data *data, const char *text)
{
    mf_dns__put(data, text, strlen(text));
}
void mf_dns__put_number(struct mf_dns_data *data, uint64_t number);
/* For what is rare: printf() takes longer than all else here. */
void mf_dns__putf(struct mf_dns_data *data, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void mf_dns__put_hex(struct mf_dns_data *data, const uint8_t *bytes,
                     size_t len);
/* All that is left of `value`. */
void mf_dns__put_rest_hex(struct mf_dns_data *data, struct mf_cursor *value);
void mf_dns__put_rest_escaped(struct mf_dns_data *data,
                              struct mf_cursor *value);
void mf_dns__put_base64(struct mf_dns_data *data, const uint8_t *bytes,
                        size_t len);
void mf_dns__put_address(struct mf_dns_data *data, int family,
                         const uint8_t *bytes);
void mf_dns__put_name(struct mf_dns_data *data, struct mf_cursor *at);
void mf_dns__put_escaped(struct mf_dns_data *data, const uint8_t *bytes,
                         size_t len);
struct mf_dns_piece mf_dns__put_piece(struct mf_dns_data *data,
                                      const char *text);
/* The text is done; `also` is put beside it, if not NULL. */
void mf_dns__end(struct mf_dns_data *data, const char *also);

/* Readers of addresses (dns_address.c). */
mf_dns_reader mf_dns__ipv4, mf_dns__ipv6;

/* Readers of simple fields (dns_fields.c). */
mf_dns_reader mf_dns__u8, mf_dns__u16, mf_dns__u32, mf_dns__seconds,
    mf_dns__when, mf_dns__when48, mf_dns__name, mf_dns__string,
    mf_dns__more_string, mf_dns__strings, mf_dns__rest_text, mf_dns__rest_hex,
    mf_dns__rest_base64, mf_dns__salt, mf_dns__base32, mf_dns__type,
    mf_dns__algorithm, mf_dns__eui, mf_dns__node64, mf_dns__sized_hex,
    mf_dns__status;

/* Readers of what has a form of its own (dns_special.c). */
mf_dns_reader mf_dns__bitmap, mf_dns__old_bitmap, mf_dns__location,
    mf_dns__services, mf_dns__prefixes, mf_dns__gateway, mf_dns__relay,
    mf_dns__host_identity, mf_dns__address6, mf_dns__key_flags;

/* Of SVCB and HTTPS (dns_svcb.c), and of OPT (dns_options.c). */
mf_dns_reader mf_dns__service_params, mf_dns__options;

#endif
