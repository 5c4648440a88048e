#include "decode/value.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct mf_span mf_value_signed(int64_t value, char room[MF_VALUE_ROOM])
{
    int len = snprintf(room, MF_VALUE_ROOM, "%" PRId64, value);
    return (struct mf_span){room, (size_t)len};
}

struct mf_span mf_value_unsigned(uint64_t value, char room[MF_VALUE_ROOM])
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    memcpy(room, digits + at, sizeof digits - at);
    room[sizeof digits - at] = '\0';
    return (struct mf_span){room, sizeof digits - at};
}

struct mf_span mf_value_double(double value, char room[MF_VALUE_ROOM])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(room, MF_VALUE_ROOM, "%.*g", digits, value);
        if (strtod(room, NULL) == value)
            break;
    }
    return (struct mf_span){room, strlen(room)};
}

struct mf_span mf_value_float(float value, char room[MF_VALUE_ROOM])
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(room, MF_VALUE_ROOM, "%.*g", digits, (double)value);
        if (strtof(room, NULL) == value)
            break;
    }
    return (struct mf_span){room, strlen(room)};
}

struct mf_span mf_value_time(int64_t seconds, uint32_t nanoseconds,
                             char room[MF_VALUE_ROOM])
{
    /* The years 0000 to 9999. */
    static const int64_t first = -62167219200, last = 253402300799;
    struct tm tm;
    time_t at = (time_t)seconds;
    size_t len;
    if (seconds < first || seconds > last || !gmtime_r(&at, &tm)) {
        len = (size_t)snprintf(room, MF_VALUE_ROOM, "%" PRId64 " s", seconds);
        return (struct mf_span){room, len};
    }
    /* strftime() does not fill years with zeros. */
    len = (size_t)snprintf(room, MF_VALUE_ROOM, "%04d", tm.tm_year + 1900);
    len += strftime(room + len, MF_VALUE_ROOM - len, "-%m-%dT%H:%M:%S", &tm);
    if (nanoseconds)
        len += (size_t)snprintf(room + len, MF_VALUE_ROOM - len, ".%09u",
                                nanoseconds);
    while (nanoseconds && room[len - 1] == '0')
        len--;
    room[len++] = 'Z';
    return (struct mf_span){room, len};
}

struct mf_span mf_value_cut(struct mf_span text, size_t max)
{
    if (text.len > max)
        text.len = mf_utf8_valid(text.text, text.len)
                       ? mf_utf8_cut(text.text, text.len, max)
                       : max;
    return text;
}
