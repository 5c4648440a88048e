/*
 * What commands to paste are made of: a request that can be asked for again,
 * and text that a shell, JavaScript or Python takes as it is, whatever bytes a
 * flow has.
 *
 * What is written is printable ASCII and line ends: nothing of a flow reaches
 * the terminal that it is pasted into, but as letters inside of quotes.
 *
 * Thread:  any.
 * Errors:  0, MF_EFULL or MF_ENOMEM, and what is said below.
 */
#ifndef MF_EXPORT_SHELL_H
#define MF_EXPORT_SHELL_H

#include "export/export.h"
#include "export/http_view.h"

/* ---- text in quotes ---- */

/* One word of a POSIX shell. MF_EINVAL: no word can have it (a NUL, or a line
 * end at its end). */
int mf_shell_put_word(struct mf_buf *out, struct mf_span text);
/* The same of several pieces, in one word. */
int mf_shell_put_pieces(struct mf_buf *out, const struct mf_span *pieces,
                        size_t count);
/* A pipe's first command, up to and with its "|", that writes these bytes. */
int mf_shell_put_pipe(struct mf_buf *out, struct mf_span bytes);

/* A string of JavaScript, each byte a character. */
int mf_shell_put_js(struct mf_buf *out, struct mf_span bytes);
/* A bytes literal of Python. */
int mf_shell_put_python(struct mf_buf *out, struct mf_span bytes);

/* ---- the request ---- */

struct mf_shell_request {
    struct mf_http_half half;
    struct mf_span method; /* a token */
    struct mf_span url;    /* printable ASCII, http or https; in `text` */
    struct mf_span body;
    bool has_body;
    /* The body is decoded: its Content-Encoding is not to be told. */
    bool is_decoded;
    struct mf_buf text;
};

/*
 * Read the request of a flow. False: it cannot be asked for by a command;
 * `to` is told why. What it lacks is told, too. Released by the caller in
 * either case.
 */
bool mf_shell_read(struct mf_export *to, const struct mf_record *record,
                   struct mf_shell_request *ret_request);
void mf_shell_release(struct mf_shell_request *request);

/* Fields that a client makes itself of the body and the connection. */
bool mf_shell_is_framing(struct mf_span name);

/* Steps through the fields that a command has to name: those that no header
 * can have (`to` is told), framing and the encoding of a body that is decoded
 * are left out. */
bool mf_shell_next_field(struct mf_export *to, const struct mf_record *record,
                         const struct mf_shell_request *request,
                         struct mf_http_fields *fields,
                         struct mf_span *ret_name, struct mf_span *ret_value);
bool mf_shell_has_field(const struct mf_shell_request *request,
                        const char *name);

/* Append printf-style text, keeping the first error in *rc. */
void mf_shell_printf(struct mf_buf *out, int *rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Append the text of one request that can be said in this format, or leave it
 * out. */
typedef int mf_shell_put(struct mf_export *to, const struct mf_record *record,
                         const struct mf_shell_request *request,
                         struct mf_buf *out);

/* Write a flow's request by `put`, whole or not at all. */
int mf_shell_write(struct mf_export *to, const struct mf_record *record,
                   mf_shell_put *put);

#endif
