/*
 * mf_page: serves the web client that is built into the binary, and
 * /healthz. Every answer carries the headers that keep captured content
 * from ever being executed or framed.
 *
 * Thread:  the loop's.
 */
#ifndef MF_SERVICE_PAGE_H
#define MF_SERVICE_PAGE_H

#include "net/exchange.h"

/* Answer `x`, whatever it asks for; takes the exchange's events. Without
 * `has_page` there is /healthz alone. */
void mf_page_handle(struct mf_exchange *x, bool has_page);

/* Answer `x` with `status` and a short plain text; takes its events. */
void mf_page_refuse(struct mf_exchange *x, int status, const char *text);

#endif
