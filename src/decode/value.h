/* Numbers, moments and texts, as formats of data have them. Private to
 * src/decode. */
#ifndef MF_DECODE_VALUE_H
#define MF_DECODE_VALUE_H

#include <stdint.h>

#include "base/span.h"

enum { MF_VALUE_ROOM = 48 };

/* All give text in `room`; numbers have a NUL behind them. */
struct mf_span mf_value_signed(int64_t value, char room[MF_VALUE_ROOM]);
struct mf_span mf_value_unsigned(uint64_t value, char room[MF_VALUE_ROOM]);
/* With as many digits as it takes to be read back the same. */
struct mf_span mf_value_double(double value, char room[MF_VALUE_ROOM]);
struct mf_span mf_value_float(float value, char room[MF_VALUE_ROOM]);
/* RFC 3339; as a number where there is no such year. */
struct mf_span mf_value_time(int64_t seconds, uint32_t nanoseconds,
                             char room[MF_VALUE_ROOM]);

/* At most `max` bytes of it, no character of UTF-8 split. */
struct mf_span mf_value_cut(struct mf_span text, size_t max);

#endif
