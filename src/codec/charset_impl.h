/* What the two files of mf_charset share. */
#ifndef MF_CODEC_CHARSET_IMPL_H
#define MF_CODEC_CHARSET_IMPL_H

#include "codec/charset.h"

struct mf_charset__row {
    const char *name;   /* the standard's */
    const char *iconv;  /* NULL: needs none */
    const char *labels; /* lower case, a space between */
};

const struct mf_charset__row *mf_charset__find(const char *name);

#endif
