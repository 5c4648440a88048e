#include "codec/params.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct mf_span mf_span_trim(struct mf_span text)
{
    while (text.len && is_space(*text.text)) {
        text.text++;
        text.len--;
    }
    while (text.len && is_space(text.text[text.len - 1]))
        text.len--;
    return text;
}

bool mf_span_starts(struct mf_span text, const char *start)
{
    size_t len = strlen(start);
    return text.len >= len && strncasecmp(text.text, start, len) == 0;
}

bool mf_span_is(struct mf_span text, const char *other)
{
    return text.len == strlen(other) && mf_span_starts(text, other);
}

bool mf_span_ends(struct mf_span text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len &&
           strncasecmp(text.text + text.len - len, end, len) == 0;
}

/* Where `c` is in `text`, or its length. */
static size_t find(struct mf_span text, char c)
{
    const char *found = text.len ? memchr(text.text, c, text.len) : NULL;
    return found ? (size_t)(found - text.text) : text.len;
}

static struct mf_span from(struct mf_span text, size_t at)
{
    return at < text.len ? (struct mf_span){text.text + at, text.len - at}
                         : MF_SPAN_NONE;
}

struct mf_span mf_params_head(struct mf_span header)
{
    return mf_span_trim((struct mf_span){header.text, find(header, ';')});
}

struct mf_span mf_params_rest(struct mf_span header)
{
    return from(header, find(header, ';') + 1);
}

/* The length of what stands between quotes, up to the second or the end. */
static size_t quoted_len(struct mf_span text)
{
    size_t len = 0;
    while (len < text.len && text.text[len] != '"')
        len += text.text[len] == '\\' ? 2 : 1;
    return len < text.len ? len : text.len;
}

static void read_value(struct mf_span *rest, struct mf_param *param)
{
    while (rest->len && is_space(*rest->text))
        *rest = from(*rest, 1);
    param->is_quoted = rest->len && *rest->text == '"';
    if (param->is_quoted) {
        *rest = from(*rest, 1);
        param->value = (struct mf_span){rest->text, quoted_len(*rest)};
        *rest = from(*rest, param->value.len);
    } else {
        param->value =
            mf_span_trim((struct mf_span){rest->text, find(*rest, ';')});
    }
    *rest = from(*rest, find(*rest, ';') + 1);
}

bool mf_params_next(struct mf_span *rest, struct mf_param *ret_param)
{
    while (rest->len) {
        size_t name_len = 0;
        while (name_len < rest->len && rest->text[name_len] != ';' &&
               rest->text[name_len] != '=')
            name_len++;
        bool has_value = name_len < rest->len && rest->text[name_len] == '=';
        *ret_param = (struct mf_param){
            .name = mf_span_trim((struct mf_span){rest->text, name_len}),
            .value = MF_SPAN_NONE,
        };
        *rest = from(*rest, name_len + 1);
        if (has_value)
            read_value(rest, ret_param);
        if (ret_param->name.len)
            return true;
    }
    return false;
}

bool mf_params_find(struct mf_span header, const char *name,
                    struct mf_param *ret_param)
{
    struct mf_span rest = mf_params_rest(header);
    while (mf_params_next(&rest, ret_param))
        if (mf_span_is(ret_param->name, name))
            return true;
    return false;
}

int mf_param_append(const struct mf_param *param, struct mf_buf *out)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < param->value.len; i++) {
        if (param->is_quoted && param->value.text[i] == '\\' &&
            i + 1 < param->value.len)
            i++;
        rc = mf_buf_append_byte(out, (uint8_t)param->value.text[i]);
    }
    return rc;
}
