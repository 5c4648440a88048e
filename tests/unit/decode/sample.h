/*
 * A sample of an HTTP body for tests: a file whose head has lines "name:
 * value", then an empty line and the body as it was on the wire.
 *
 *   kind: grpc                  its name, as mf_body_kind_name() has it
 *   place: response             or request, message
 *   is: dns                     or text (of a message), cut, sent (by the
 *                               client)
 *   answers: BODY               of a response: the body of the request
 *   url, status                 of the exchange
 *   header: name: value         of the half that it is of, in order
 *   trailer: name: value
 */
#ifndef MF_TESTS_UNIT_DECODE_SAMPLE_H
#define MF_TESTS_UNIT_DECODE_SAMPLE_H

#include "base/buf.h"
#include "decode/decode.h"

enum { SAMPLE_LINES_MAX = 64 };

struct sample_line {
    enum mf_header_place place;
    struct mf_span name, value;
};

struct sample {
    struct mf_buf file;
    struct mf_buf decoded; /* if it has a content encoding */
    enum mf_body_kind kind;
    struct sample_line lines[SAMPLE_LINES_MAX];
    size_t count;
    struct mf_body_http http;
    struct mf_body body; /* of all this */
};

/* Read `path`; fails the test where that cannot be. */
void sample_read(struct sample *sample, const char *path);
void sample_release(struct sample *sample);

/* A file's bytes and a 0 behind them; fails the test as above. */
void sample_read_file(const char *path, struct mf_buf *out);

#endif
