#include "decode/json_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "decode/inner.h"

static struct mf_span span(const char *text)
{
    return (struct mf_span){text, strlen(text)};
}

static bool is_time(const char *name, const json_t *json,
                    const char *const *times)
{
    for (; times && *times && json_is_number(json); times++)
        if (strcmp(*times, name) == 0)
            return true;
    return false;
}

/* False: no time that has a year of four digits. */
static bool write_time(double seconds, char text[32])
{
    static const double year_10000_s = 253402300800.0;
    struct tm tm;
    if (!(seconds >= 0 && seconds < year_10000_s))
        return false;
    time_t whole = (time_t)seconds;
    return gmtime_r(&whole, &tm) &&
           strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

static int put_number(struct mf_view *view, const char *name,
                      const json_t *json, bool may_be_time)
{
    char digits[48], time_text[32];
    if (json_is_integer(json))
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json));
    else
        snprintf(digits, sizeof digits, "%.17g", json_real_value(json));
    struct mf_node node = {
        .kind = MF_NODE_NUMBER, .name = span(name), .text = span(digits)};
    if (may_be_time && write_time(json_number_value(json), time_text)) {
        node.kind = MF_NODE_TIME;
        node.also = node.text;
        node.text = span(time_text);
    }
    return mf_view_put(view, &node);
}

static int put_members(struct mf_view *view, const json_t *json,
                       const char *const *times)
{
    json_t *object = (json_t *)(uintptr_t)json; /* for jansson's iterators */
    int rc = 0;
    if (json_is_array(json)) {
        for (size_t i = 0; !rc && i < json_array_size(json); i++)
            rc = mf_json_view(view, "", json_array_get(json, i), NULL);
        return rc;
    }
    for (void *at = json_object_iter(object); !rc && at;
         at = json_object_iter_next(object, at))
        rc = mf_json_view(view, json_object_iter_key(at),
                          json_object_iter_value(at), times);
    return rc;
}

int mf_json_view(struct mf_view *view, const char *name, const json_t *json,
                 const char *const *times)
{
    struct mf_node node = {.name = span(name)};
    if (json_is_number(json))
        return put_number(view, name, json, is_time(name, json, times));
    if (json_is_object(json) || json_is_array(json)) {
        node.kind = json_is_array(json) ? MF_NODE_LIST : MF_NODE_GROUP;
        int rc = mf_view_open(view, &node);
        if (rc)
            return rc;
        rc = put_members(view, json, times);
        mf_view_close(view);
        return rc;
    }
    node.kind = json_is_string(json)    ? MF_NODE_TEXT
                : json_is_boolean(json) ? MF_NODE_BOOL
                                        : MF_NODE_NULL;
    if (json_is_string(json))
        node.text =
            (struct mf_span){json_string_value(json), json_string_length(json)};
    else if (json_is_boolean(json))
        node.text = span(json_is_true(json) ? "true" : "false");
    return mf_decode__put(view, &node);
}
