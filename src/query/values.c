#include "query/values.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "query/values_impl.h"

/* A value being read. */
struct value {
    enum mf_term_kind kind;
    const char *start;
    int64_t now_ns;
    struct mf_value_fault *fault;
};

/* Inclusive; what is open goes to the ends of int64_t. */
struct bounds {
    int64_t first;
    int64_t last;
};

static int fail(const struct value *value, struct mf_value_text at,
                const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(const struct value *value, struct mf_value_text at,
                const char *format, ...)
{
    value->fault->position = (size_t)(at.at - value->start);
    value->fault->len = (size_t)(at.end - at.at);
    va_list args;
    va_start(args, format);
    vsnprintf(value->fault->text, sizeof value->fault->text, format, args);
    va_end(args);
    return MF_EINVAL;
}

bool mf_value__number(struct mf_value_text *text, double *ret_number)
{
    static const double NUMBER_MAX = 1e15;
    double number = 0, unit = 1;
    const char *start = text->at;
    for (; text->at < text->end && isdigit((unsigned char)*text->at);
         text->at++)
        number = number * 10 + (*text->at - '0');
    if (text->at == start || number > NUMBER_MAX)
        return false;
    if (text->end - text->at < 2 || text->at[0] != '.' ||
        !isdigit((unsigned char)text->at[1])) {
        *ret_number = number;
        return true;
    }
    for (text->at++; text->at < text->end && isdigit((unsigned char)*text->at);
         text->at++) {
        unit /= 10;
        number += unit * (*text->at - '0');
    }
    *ret_number = number;
    return true;
}

static bool take_unit(struct mf_value_text *text, const char *name)
{
    size_t len = strlen(name);
    size_t letters = 0;
    while (text->at + letters < text->end &&
           !isdigit((unsigned char)text->at[letters]) &&
           text->at[letters] != '.')
        letters++;
    if (letters != len || strncasecmp(text->at, name, len) != 0)
        return false;
    text->at += len;
    return true;
}

bool mf_value__length_unit(struct mf_value_text *text, int64_t *ret_ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        {"us", MF_NS_PER_MS / 1000}, {"ms", MF_NS_PER_MS},
        {"s", MF_NS_PER_S},          {"m", 60 * MF_NS_PER_S},
        {"min", 60 * MF_NS_PER_S},   {"h", 3600 * MF_NS_PER_S},
        {"d", 86400 * MF_NS_PER_S},  {"w", 7 * 86400 * MF_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (take_unit(text, units[i].name)) {
            *ret_ns = units[i].ns;
            return true;
        }
    return false;
}

static bool size_unit(struct mf_value_text *text, double *ret_unit)
{
    static const char prefixes[] = "kmgt";
    static const char *const endings[] = {"", "b", "i", "ib"};
    char name[4];
    *ret_unit = 1;
    if (text->at == text->end || take_unit(text, "b"))
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        double step = strchr(endings[i], 'i') ? 1024 : 1000, unit = 1;
        for (size_t p = 0; p < sizeof prefixes - 1; p++) {
            unit *= step;
            snprintf(name, sizeof name, "%c%s", prefixes[p], endings[i]);
            if (take_unit(text, name)) {
                *ret_unit = unit;
                return true;
            }
        }
    }
    return false;
}

static int size_scalar(const struct value *value, struct mf_value_text text,
                       struct mf_value_scalar *ret_scalar)
{
    static const double SIZE_MAX_VALUE = 9e18;
    struct mf_value_text at = text;
    double number, unit;
    if (!mf_value__number(&at, &number) || !size_unit(&at, &unit) ||
        at.at != at.end || number * unit > SIZE_MAX_VALUE)
        return fail(value, text, "not a size, such as 500, 10k, 1.5M or 2GiB");
    int64_t size = llround(number * unit);
    *ret_scalar = (struct mf_value_scalar){.first = size, .last = size};
    return 0;
}

static int duration_scalar(const struct value *value, struct mf_value_text text,
                           struct mf_value_scalar *ret_scalar)
{
    static const double NS_MAX = 9e18;
    struct mf_value_text at = text;
    double number;
    int64_t unit_ns = MF_NS_PER_MS;
    if (!mf_value__number(&at, &number) ||
        (at.at != at.end && !mf_value__length_unit(&at, &unit_ns)) ||
        at.at != at.end || number * (double)unit_ns > NS_MAX)
        return fail(value, text,
                    "not a length of time, such as 200ms, 1.5s or 2m");
    int64_t ns = llround(number * (double)unit_ns);
    *ret_scalar = (struct mf_value_scalar){.first = ns, .last = ns};
    return 0;
}

/* `404`, or `4xx`. */
static int status_scalar(const struct value *value, struct mf_value_text text,
                         struct mf_value_scalar *ret_scalar)
{
    enum { STATUS_CEILING = 1000000000 };
    struct mf_value_text at = text;
    int64_t status = 0;
    for (; at.at < at.end && isdigit((unsigned char)*at.at); at.at++)
        if (status < STATUS_CEILING)
            status = status * 10 + (*at.at - '0');
    size_t left = (size_t)(at.end - at.at);
    bool is_class =
        left == 2 && at.at - text.at == 1 && strncasecmp(at.at, "xx", 2) == 0;
    if (at.at == text.at || (left && !is_class))
        return fail(value, text, "not a status, such as 404 or 4xx");
    *ret_scalar = (struct mf_value_scalar){
        .first = is_class ? status * 100 : status,
        .last = is_class ? status * 100 + 99 : status,
    };
    return 0;
}

static int scalar(const struct value *value, struct mf_value_text text,
                  int64_t after_ns, struct mf_value_scalar *ret_scalar)
{
    if (text.at == text.end)
        return fail(value, text, "a value must be here");
    if (value->kind == MF_TERM_STATUS)
        return status_scalar(value, text, ret_scalar);
    if (value->kind == MF_TERM_SIZE)
        return size_scalar(value, text, ret_scalar);
    if (value->kind == MF_TERM_DURATION)
        return duration_scalar(value, text, ret_scalar);
    if (mf_value__time(text, value->now_ns, after_ns, ret_scalar))
        return 0;
    return fail(value, text,
                "not a time, such as 09:00, 2026-11-27, 2026-11-27T09:00, "
                "today or an age as 5m");
}

/* ---- comparisons ---- */

static int range(const struct value *value, struct mf_value_text left,
                 struct mf_value_text right, struct bounds *ret_bounds)
{
    struct mf_value_scalar first = {.first = INT64_MIN}, last = {0};
    struct bounds bounds = {INT64_MIN, INT64_MAX};
    struct mf_value_text whole = {left.at, right.end};
    bool has_left = left.at < left.end, has_right = right.at < right.end;
    int rc = has_left || has_right ? 0 : fail(value, whole, "a range of what?");
    if (!rc && has_left)
        rc = scalar(value, left, INT64_MIN, &first);
    if (!rc && has_right)
        rc = scalar(value, right, has_left ? first.first : INT64_MIN, &last);
    if (rc)
        return rc;
    if (has_left && has_right && first.is_age != last.is_age)
        return fail(value, whole, "an age and a moment");
    if ((has_left ? first : last).is_age) {
        if (has_left)
            bounds.last = first.last;
        if (has_right)
            bounds.first = last.first;
    } else {
        if (has_left)
            bounds.first = first.first;
        if (has_right)
            bounds.last = last.last;
    }
    if (bounds.first > bounds.last)
        return fail(value, whole, "a range that ends before it begins");
    *ret_bounds = bounds;
    return 0;
}

static void compare(const struct value *value, const char *sign,
                    struct mf_value_scalar scalar, struct bounds *ret_bounds)
{
    bool is_greater = sign[0] == '>', has_equal = sign[1] == '=';
    struct bounds bounds = {INT64_MIN, INT64_MAX};
    if (scalar.is_age)
        is_greater = !is_greater;
    if (is_greater) {
        /* What begins at a moment is after it: nobody wants to leave out
         * the rest of 09:00 by >09:00. */
        bool takes_in = has_equal || value->kind == MF_TERM_TIME;
        bounds.first = takes_in ? scalar.first : scalar.last + 1;
    } else {
        bounds.last = has_equal ? scalar.last : scalar.first - 1;
    }
    *ret_bounds = bounds;
}

static int single(const struct value *value, struct mf_value_text text,
                  struct bounds *ret_bounds)
{
    struct mf_value_scalar found;
    int rc = scalar(value, text, INT64_MIN, &found);
    if (!rc && value->kind == MF_TERM_DURATION)
        return fail(value, text,
                    "say >, < or a range: nothing takes exactly so long");
    if (rc)
        return rc;
    *ret_bounds =
        (struct bounds){found.first, found.is_age ? INT64_MAX : found.last};
    return 0;
}

static int parse(const struct value *value, struct mf_value_text text,
                 struct bounds *ret_bounds)
{
    static const char *const signs[] = {">=", "<=", ">", "<"};
    size_t len = (size_t)(text.end - text.at);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t sign_len = strlen(signs[i]);
        if (len < sign_len || memcmp(text.at, signs[i], sign_len) != 0)
            continue;
        struct mf_value_scalar found;
        text.at += sign_len;
        while (text.at < text.end && isspace((unsigned char)*text.at))
            text.at++;
        int rc = scalar(value, text, INT64_MIN, &found);
        if (!rc)
            compare(value, signs[i], found, ret_bounds);
        return rc;
    }
    const char *dots = memmem(text.at, len, "..", 2);
    if (dots)
        return range(value, (struct mf_value_text){text.at, dots},
                     (struct mf_value_text){dots + 2, text.end}, ret_bounds);
    const char *dash = memchr(text.at, '-', len);
    if (dash && dash > text.at && dash + 1 < text.end &&
        value->kind == MF_TERM_STATUS)
        return range(value, (struct mf_value_text){text.at, dash},
                     (struct mf_value_text){dash + 1, text.end}, ret_bounds);
    if (len && text.at[0] == '=')
        text.at++;
    return single(value, text, ret_bounds);
}

static double to_ms(int64_t ns)
{
    return ns == INT64_MIN   ? -INFINITY
           : ns == INT64_MAX ? INFINITY
                             : (double)ns / MF_NS_PER_MS;
}

static union mf_range size_range(struct bounds bounds)
{
    union mf_range range = {.size = {0, UINT64_MAX}};
    if (bounds.first > 0)
        range.size.first = (uint64_t)bounds.first;
    if (bounds.last != INT64_MAX)
        range.size.last = (uint64_t)bounds.last;
    if (bounds.last < 0) /* nothing is less than 0 */
        range.size.first = 1, range.size.last = 0;
    return range;
}

int mf_value_parse(enum mf_term_kind kind, const char *text, size_t len,
                   int64_t now_ns, union mf_range *ret_range,
                   struct mf_value_fault *ret_fault)
{
    const struct value value = {kind, text, now_ns, ret_fault};
    struct bounds bounds = {0};
    int rc = parse(&value, (struct mf_value_text){text, text + len}, &bounds);
    if (rc)
        return rc;
    if (kind == MF_TERM_DURATION) {
        ret_range->duration.first_ms = to_ms(bounds.first);
        ret_range->duration.last_ms = to_ms(bounds.last);
    } else if (kind == MF_TERM_SIZE) {
        *ret_range = size_range(bounds);
    } else {
        ret_range->number.first = bounds.first;
        ret_range->number.last = bounds.last;
    }
    return 0;
}
