/* Cookies (RFC 6265) as tables. Private to src/decode. */
#ifndef MF_DECODE_COOKIES_H
#define MF_DECODE_COOKIES_H

#include "decode/view.h"

/* The value of a Cookie field: a row for each. */
int mf_cookies_view(struct mf_view *view, struct mf_span value);

/* The value of a Set-Cookie field: a group with its attributes. */
int mf_set_cookie_view(struct mf_view *view, struct mf_span value);

#endif
