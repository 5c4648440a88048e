/*
 * Values as people write them: counts, sizes ("64KiB"), durations ("5m"),
 * yes and no, origins.
 *
 * Errors:  0 or MF_EINVAL; ret_* is written only on 0.
 */
#ifndef MF_CLI_VALUES_H
#define MF_CLI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Room for what the print functions write. */
enum { MF_VALUE_CAP = 32 };

/* Decimal digits, nothing else. */
int mf_value_count(const char *text, uint64_t *ret_count);

/* Bytes, or with one of KiB, MiB, GiB, TiB. */
int mf_value_size(const char *text, uint64_t *ret_bytes);

/* A number with one of ms, s, m, h, d; 0 needs none. */
int mf_value_duration(const char *text, uint64_t *ret_ms);

/* true, false, 1, 0 */
int mf_value_bool(const char *text, bool *ret_value);

/* In the largest unit that keeps it a whole number. */
void mf_value_print_count(uint64_t count, char *text, size_t cap);
void mf_value_print_size(uint64_t bytes, char *text, size_t cap);
void mf_value_print_duration(uint64_t ms, char *text, size_t cap);

/*
 * SCHEME://HOST[:PORT] just as browsers send it: in lower case, without the
 * scheme's own port, nothing after it.
 */
bool mf_value_is_origin(const char *text);

/* A host name or address alone: no port, no scheme. */
bool mf_value_is_host(const char *text);

/* HOST:PORT, [V6]:PORT, :PORT or unix:PATH. */
bool mf_value_is_address(const char *text);

#endif
