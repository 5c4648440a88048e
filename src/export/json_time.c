/* Times in JSON. */
#include <time.h>

#include "base/clock.h"
#include "export/json_fields.h"

/* `count` digits at *at, which moves past them. */
static bool take_number(struct mf_span *at, size_t count, int *ret_value)
{
    int value = 0;
    if (at->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (at->text[i] < '0' || at->text[i] > '9')
            return false;
        value = value * 10 + (at->text[i] - '0');
    }
    *at = mf_span_after(*at, count);
    *ret_value = value;
    return true;
}

static bool take_one(struct mf_span *at, const char *which)
{
    for (; at->len && *which; which++) {
        if (*at->text != *which)
            continue;
        *at = (struct mf_span){at->text + 1, at->len - 1};
        return true;
    }
    return false;
}

static bool take_fraction(struct mf_span *at, int64_t *ret_ns)
{
    int64_t unit = MF_NS_PER_S, sum = 0;
    int digit, digits = 0;
    while (take_number(at, 1, &digit)) {
        unit /= 10;
        sum += unit * digit;
        digits++;
    }
    *ret_ns = sum;
    return digits > 0;
}

/* "Z", "+01:00", "+0100" or "+01". */
static bool take_zone(struct mf_span *at, int *ret_minutes)
{
    int hours, minutes = 0;
    if (take_one(at, "Zz")) {
        *ret_minutes = 0;
        return true;
    }
    bool is_west = take_one(at, "-");
    if ((!is_west && !take_one(at, "+")) || !take_number(at, 2, &hours))
        return false;
    take_one(at, ":");
    if (at->len && !take_number(at, 2, &minutes))
        return false;
    *ret_minutes = (hours * 60 + minutes) * (is_west ? -1 : 1);
    return true;
}

bool mf_json_parse_time(struct mf_span text, int64_t *ret_ns)
{
    enum { YEAR_MIN = 1678, YEAR_MAX = 2261 }; /* what 64 bits of ns hold */
    struct tm tm = {0};
    int64_t ns = 0;
    int year, month, minutes;
    if (!take_number(&text, 4, &year) || !take_one(&text, "-") ||
        !take_number(&text, 2, &month) || !take_one(&text, "-") ||
        !take_number(&text, 2, &tm.tm_mday) || !take_one(&text, "Tt ") ||
        !take_number(&text, 2, &tm.tm_hour) || !take_one(&text, ":") ||
        !take_number(&text, 2, &tm.tm_min) || !take_one(&text, ":") ||
        !take_number(&text, 2, &tm.tm_sec) ||
        (take_one(&text, ".,") && !take_fraction(&text, &ns)) ||
        !take_zone(&text, &minutes) || text.len)
        return false;
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 ||
        tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 ||
        tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    *ret_ns = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * MF_NS_PER_S + ns;
    return true;
}
