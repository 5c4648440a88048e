/* SVG: the size that its root element gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/params.h"
#include "decode/image_impl.h"

enum { LOOK_LEN = 64 << 10, NUMBER_MAX_LEN = 32 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* An attribute's value, between quotes; no text: it has none. */
static struct mf_span attribute(struct mf_span tag, const char *name)
{
    size_t name_len = strlen(name);
    for (size_t i = 1; i + name_len + 2 < tag.len; i++) {
        if (!is_space(tag.text[i - 1]) ||
            memcmp(tag.text + i, name, name_len) != 0)
            continue;
        struct mf_span rest = mf_span_trim(
            (struct mf_span){tag.text + i + name_len, tag.len - i - name_len});
        if (!rest.len || *rest.text != '=')
            continue;
        rest = mf_span_trim((struct mf_span){rest.text + 1, rest.len - 1});
        if (!rest.len || (*rest.text != '"' && *rest.text != '\''))
            continue;
        const char *end = memchr(rest.text + 1, *rest.text, rest.len - 1);
        return end ? (struct mf_span){rest.text + 1,
                                      (size_t)(end - rest.text - 1)}
                   : MF_SPAN_NONE;
    }
    return MF_SPAN_NONE;
}

/* A number at the start of *text, which moves on; 0: none. Units of other
 * lengths than pixels are told by the note. */
static double read_number(struct mf_span *text)
{
    char digits[NUMBER_MAX_LEN];
    while (text->len && (is_space(*text->text) || *text->text == ','))
        *text = (struct mf_span){text->text + 1, text->len - 1};
    size_t len = 0;
    while (len < text->len && len + 1 < sizeof digits &&
           strchr("0123456789.+-eE", text->text[len]) && text->text[len])
        len++;
    memcpy(digits, text->text, len);
    digits[len] = '\0';
    char *end;
    double value = strtod(digits, &end);
    size_t used = (size_t)(end - digits);
    *text = mf_span_after(*text, used);
    return value > 0 && value < 1e9 ? value : 0;
}

static bool is_in_pixels(struct mf_span unit)
{
    unit = mf_span_trim(unit);
    return unit.len == 0 || mf_span_is(unit, "px");
}

/* "<svg" that begins an element, up to its '>'. */
static struct mf_span root(struct mf_span text)
{
    const char *at = text.len ? memmem(text.text, text.len, "<svg", 4) : NULL;
    if (!at)
        return MF_SPAN_NONE;
    text.len -= (size_t)(at - text.text);
    const char *end = memchr(at, '>', text.len);
    return (struct mf_span){at, end ? (size_t)(end - at) : text.len};
}

bool mf_image__read_svg(struct mf_span data, struct mf_image *image)
{
    if (data.len > LOOK_LEN)
        data.len = LOOK_LEN;
    struct mf_span tag = root(data);
    struct mf_span width = attribute(tag, "width");
    struct mf_span height = attribute(tag, "height");
    double wide = read_number(&width), high = read_number(&height);
    if (wide == 0 || high == 0 || !is_in_pixels(width) ||
        !is_in_pixels(height)) {
        struct mf_span box = attribute(tag, "viewBox");
        read_number(&box);
        read_number(&box);
        wide = read_number(&box);
        high = read_number(&box);
        snprintf(image->note, sizeof image->note, "size of its view box");
    }
    image->width = (uint32_t)wide;
    image->height = (uint32_t)high;
    return image->width > 0 && image->height > 0;
}
