/* Moments: dates, times of day and ages. */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "query/values_impl.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 2261, DAY_S = 86400 };

/* Exactly `count` digits. */
static bool digits(struct mf_value_text *text, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++, text->at++) {
        if (text->at == text->end || !isdigit((unsigned char)*text->at))
            return false;
        value = value * 10 + (*text->at - '0');
    }
    *ret_value = value;
    return true;
}

static bool take(struct mf_value_text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

/* `09:00`, `09:00:30`, `09:00:30.25`; *ret_span_ns: of what it names. */
static bool clock_time(struct mf_value_text *text, struct tm *tm,
                       int64_t *ret_fraction_ns, int64_t *ret_span_ns)
{
    *ret_fraction_ns = 0;
    *ret_span_ns = 60 * MF_NS_PER_S;
    tm->tm_sec = 0;
    if (!digits(text, 2, &tm->tm_hour) || !take(text, ':') ||
        !digits(text, 2, &tm->tm_min) || tm->tm_hour > 23 || tm->tm_min > 59)
        return false;
    if (!take(text, ':'))
        return true;
    *ret_span_ns = MF_NS_PER_S;
    if (!digits(text, 2, &tm->tm_sec) || tm->tm_sec > 60)
        return false;
    if (!take(text, '.'))
        return true;
    int digit;
    if (text->at == text->end)
        return false;
    for (int64_t unit = MF_NS_PER_S / 10; unit && digits(text, 1, &digit);
         unit /= 10) {
        *ret_fraction_ns += digit * unit;
        *ret_span_ns = unit;
    }
    return true;
}

static bool date(struct mf_value_text *text, struct tm *tm)
{
    int year, month;
    if (!digits(text, 4, &year) || !take(text, '-') ||
        !digits(text, 2, &month) || !take(text, '-') ||
        !digits(text, 2, &tm->tm_mday) || year < YEAR_MIN || year > YEAR_MAX ||
        month < 1 || month > 12 || tm->tm_mday < 1)
        return false;
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    return tm->tm_mday <= days[month - 1] - (month == 2 && !is_leap);
}

/* `Z`, `+02:00`; *ret_has false: there is none, and the zone is ours. */
static bool zone(struct mf_value_text *text, bool *ret_has, int *ret_offset_s)
{
    int hours, minutes;
    *ret_offset_s = 0;
    *ret_has = text->at != text->end;
    if (!*ret_has || take(text, 'Z'))
        return true;
    int sign = *text->at == '-' ? -1 : 1;
    if (!take(text, '+') && !take(text, '-'))
        return false;
    if (!digits(text, 2, &hours) || hours > 23)
        return false;
    take(text, ':');
    if (!digits(text, 2, &minutes) || minutes > 59)
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static int64_t local_ns(struct tm tm)
{
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * MF_NS_PER_S;
}

static struct tm local_tm(int64_t ns)
{
    time_t seconds = (time_t)(ns / MF_NS_PER_S);
    struct tm tm = {0};
    localtime_r(&seconds, &tm);
    return tm;
}

/* From the start of the day `tm` to its end, or the days after it. */
static struct mf_value_scalar whole_day(struct tm tm, int days_after)
{
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday += days_after;
    struct mf_value_scalar day = {.first = local_ns(tm)};
    tm.tm_mday++;
    day.last = local_ns(tm) - 1;
    return day;
}

static bool day_name(struct mf_value_text text, int64_t now_ns,
                     struct mf_value_scalar *ret_scalar)
{
    static const struct {
        const char *name;
        int days_after;
    } names[] = {{"today", 0}, {"yesterday", -1}};
    size_t len = (size_t)(text.end - text.at);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len &&
            memcmp(names[i].name, text.at, len) == 0) {
            *ret_scalar = whole_day(local_tm(now_ns), names[i].days_after);
            return true;
        }
    return false;
}

static bool calendar(struct mf_value_text text,
                     struct mf_value_scalar *ret_scalar)
{
    struct tm tm = {0};
    int64_t fraction_ns, span_ns;
    bool has_zone;
    int offset_s;
    if (!date(&text, &tm))
        return false;
    if (text.at == text.end) {
        *ret_scalar = whole_day(tm, 0);
        return true;
    }
    if ((!take(&text, 'T') && !take(&text, ' ')) ||
        !clock_time(&text, &tm, &fraction_ns, &span_ns) ||
        !zone(&text, &has_zone, &offset_s) || text.at != text.end)
        return false;
    int64_t first = has_zone ? ((int64_t)timegm(&tm) - offset_s) * MF_NS_PER_S
                             : local_ns(tm);
    first += fraction_ns;
    *ret_scalar =
        (struct mf_value_scalar){.first = first, .last = first + span_ns - 1};
    return true;
}

/* The last such time before now, or the first one after `after_ns`. */
static bool time_of_day(struct mf_value_text text, int64_t now_ns,
                        int64_t after_ns, struct mf_value_scalar *ret_scalar)
{
    bool is_after = after_ns != INT64_MIN;
    struct tm tm = local_tm(is_after ? after_ns : now_ns);
    int64_t fraction_ns, span_ns;
    if (!clock_time(&text, &tm, &fraction_ns, &span_ns) || text.at != text.end)
        return false;
    int64_t first = local_ns(tm) + fraction_ns;
    if (is_after ? first < after_ns : first > now_ns) {
        tm.tm_mday += is_after ? 1 : -1;
        first = local_ns(tm) + fraction_ns;
    }
    *ret_scalar = (struct mf_value_scalar){
        .first = first, .last = first + span_ns - 1, .is_clock = true};
    return true;
}

static bool age(struct mf_value_text text, int64_t now_ns,
                struct mf_value_scalar *ret_scalar)
{
    static const double NS_MAX = 9e18;
    double number;
    int64_t unit_ns;
    if (!mf_value__number(&text, &number) ||
        !mf_value__length_unit(&text, &unit_ns) || text.at != text.end)
        return false;
    double ns = number * (double)unit_ns;
    int64_t moment =
        ns < NS_MAX && (double)now_ns - ns > 0 ? now_ns - (int64_t)ns : 0;
    *ret_scalar = (struct mf_value_scalar){moment, moment, .is_age = true};
    return true;
}

bool mf_value__time(struct mf_value_text text, int64_t now_ns, int64_t after_ns,
                    struct mf_value_scalar *ret_scalar)
{
    return day_name(text, now_ns, ret_scalar) || calendar(text, ret_scalar) ||
           time_of_day(text, now_ns, after_ns, ret_scalar) ||
           age(text, now_ns, ret_scalar);
}
