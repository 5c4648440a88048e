#include "decode/value.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mf_span mf_value_signed(int64_t value, char room[MF_VALUE_ROOM])
{
    int len = snprintf(room, MF_VALUE_ROOM, "%" PRId64, value);
    return (struct mf_span){room, (size_t)len};
}

struct mf_span mf_value_unsigned(uint64_t value, char room[MF_VALUE_ROOM])
{
    size_t len = 1;
    for (uint64_t left = value; left >= 10; left /= 10)
        len++;
    for (size_t at = len; at > 0; value /= 10)
        room[--at] = (char)('0' + value % 10);
    room[len] = '\0';
    return (struct mf_span){room, len};
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

static char *put_digits(char *to, unsigned number, size_t count)
{
    for (size_t i = count; i > 0; number /= 10)
        to[--i] = (char)('0' + number % 10);
    return to + count;
}

/* The date of the proleptic Gregorian calendar that is so many days behind
 * 1 March of the year -400. Months begin with March, so that the leap day is a
 * year's last one. */
static char *put_date(char *to, unsigned days)
{
    enum { DAYS_4 = 1461, DAYS_100 = 36524, DAYS_400 = 146097 };
    unsigned era = days / DAYS_400 - 1, day = days % DAYS_400;
    unsigned year =
        (day - day / (DAYS_4 - 1) + day / DAYS_100 - day / (DAYS_400 - 1)) /
        365;
    day -= 365 * year + year / 4 - year / 100;
    unsigned month = (5 * day + 2) / 153;
    to = put_digits(to, era * 400 + year + (month >= 10), 4);
    *to++ = '-';
    to = put_digits(to, month < 10 ? month + 3 : month - 9, 2);
    *to++ = '-';
    return put_digits(to, day - (153 * month + 2) / 5 + 1, 2);
}

static char *put_time(char *to, unsigned seconds)
{
    *to++ = 'T';
    to = put_digits(to, seconds / 3600, 2);
    *to++ = ':';
    to = put_digits(to, seconds / 60 % 60, 2);
    *to++ = ':';
    return put_digits(to, seconds % 60, 2);
}

struct mf_span mf_value_time(int64_t seconds, uint32_t nanoseconds,
                             char room[MF_VALUE_ROOM])
{
    enum { DAY = 86400 };
    /* The years 0000 to 9999, and 1 March of the year -400. */
    static const int64_t first = -62167219200, last = 253402300799;
    static const int64_t origin = -74784816000;
    if (seconds < first || seconds > last) {
        size_t len =
            (size_t)snprintf(room, MF_VALUE_ROOM, "%" PRId64 " s", seconds);
        return (struct mf_span){room, len};
    }
    char *to = put_date(room, (unsigned)((seconds - origin) / DAY));
    to = put_time(to, (unsigned)((seconds - origin) % DAY));
    if (nanoseconds) {
        *to++ = '.';
        to = put_digits(to, nanoseconds, 9);
    }
    while (nanoseconds && to[-1] == '0')
        to--;
    *to++ = 'Z';
    return (struct mf_span){room, (size_t)(to - room)};
}

struct mf_span mf_value_cut(struct mf_span text, size_t max)
{
    if (text.len > max)
        text.len = mf_utf8_valid(text.text, text.len)
                       ? mf_utf8_cut(text.text, text.len, max)
                       : max;
    return text;
}
