/* Labels of charsets (WHATWG, Encoding Standard, section 4.2), and where a
 * text says which it has. */
#include "codec/charset_impl.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "codec/params.h"

/* iconv's names: where the standard's charset is a superset of the one of the
 * same name, the superset. */
static const struct mf_charset__row rows[] = {
    {"UTF-8", NULL,
     "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 x-unicode20utf8"},
    {"windows-1252", "CP1252",
     "windows-1252 iso-8859-1 latin1 us-ascii ascii cp1252 iso8859-1 iso88591 "
     "iso_8859-1 l1 x-cp1252 cp819 ibm819 ansi_x3.4-1968 iso-ir-100 "
     "csisolatin1 iso_8859-1:1987"},
    {"IBM866", "IBM866", "ibm866 866 cp866 csibm866"},
    {"ISO-8859-2", "ISO-8859-2",
     "iso-8859-2 iso8859-2 iso88592 iso_8859-2 latin2 l2 csisolatin2"},
    {"ISO-8859-3", "ISO-8859-3", "iso-8859-3 iso8859-3 latin3 l3"},
    {"ISO-8859-4", "ISO-8859-4", "iso-8859-4 iso8859-4 latin4 l4"},
    {"ISO-8859-5", "ISO-8859-5", "iso-8859-5 iso8859-5 cyrillic"},
    {"ISO-8859-6", "ISO-8859-6", "iso-8859-6 iso8859-6 arabic"},
    {"ISO-8859-7", "ISO-8859-7", "iso-8859-7 iso8859-7 greek greek8"},
    {"ISO-8859-8", "ISO-8859-8",
     "iso-8859-8 iso8859-8 hebrew iso-8859-8-i logical visual"},
    {"ISO-8859-10", "ISO-8859-10", "iso-8859-10 iso8859-10 latin6 l6"},
    {"ISO-8859-13", "ISO-8859-13", "iso-8859-13 iso8859-13"},
    {"ISO-8859-14", "ISO-8859-14", "iso-8859-14 iso8859-14"},
    {"ISO-8859-15", "ISO-8859-15",
     "iso-8859-15 iso8859-15 iso_8859-15 latin9 l9"},
    {"ISO-8859-16", "ISO-8859-16", "iso-8859-16"},
    {"KOI8-R", "KOI8-R", "koi8-r koi8 koi koi8_r cskoi8r"},
    {"KOI8-U", "KOI8-U", "koi8-u koi8-ru"},
    {"macintosh", "MACINTOSH", "macintosh mac x-mac-roman csmacintosh"},
    {"windows-874", "CP874",
     "windows-874 dos-874 iso-8859-11 iso8859-11 tis-620"},
    {"windows-1250", "CP1250", "windows-1250 cp1250 x-cp1250"},
    {"windows-1251", "CP1251", "windows-1251 cp1251 x-cp1251"},
    {"windows-1253", "CP1253", "windows-1253 cp1253 x-cp1253"},
    {"windows-1254", "CP1254",
     "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 latin5 l5"},
    {"windows-1255", "CP1255", "windows-1255 cp1255 x-cp1255"},
    {"windows-1256", "CP1256", "windows-1256 cp1256 x-cp1256"},
    {"windows-1257", "CP1257", "windows-1257 cp1257 x-cp1257"},
    {"windows-1258", "CP1258", "windows-1258 cp1258 x-cp1258"},
    {"x-mac-cyrillic", "MAC-CYRILLIC", "x-mac-cyrillic x-mac-ukrainian"},
    {"GBK", "GB18030",
     "gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 x-gbk iso-ir-58"},
    {"gb18030", "GB18030", "gb18030"},
    {"Big5", "BIG5-HKSCS", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"},
    {"EUC-JP", "EUC-JP", "euc-jp x-euc-jp cseucpkdfmtjapanese"},
    {"ISO-2022-JP", "ISO-2022-JP", "iso-2022-jp csiso2022jp"},
    {"Shift_JIS", "CP932",
     "shift_jis shift-jis sjis x-sjis windows-31j ms_kanji ms932 csshiftjis"},
    {"EUC-KR", "UHC",
     "euc-kr korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
     "windows-949 cseuckr iso-ir-149"},
    {"UTF-16LE", "UTF-16LE",
     "utf-16le utf-16 ucs-2 unicode csunicode iso-10646-ucs-2 unicodefeff"},
    {"UTF-16BE", "UTF-16BE", "utf-16be unicodefffe"},
};

const struct mf_charset__row *mf_charset__find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static bool has_label(const char *labels, struct mf_span label)
{
    while (*labels) {
        size_t len = strcspn(labels, " ");
        if (len == label.len && strncasecmp(labels, label.text, len) == 0)
            return true;
        labels += len;
        labels += *labels == ' ';
    }
    return false;
}

const char *mf_charset_name(struct mf_span label)
{
    label = mf_span_trim(label);
    if (!label.len)
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (has_label(rows[i].labels, label))
            return rows[i].name;
    return NULL;
}

static const char *of_bom(struct mf_span head)
{
    if (head.len >= 3 && memcmp(head.text, "\xef\xbb\xbf", 3) == 0)
        return "UTF-8";
    if (head.len >= 2 && memcmp(head.text, "\xff\xfe", 2) == 0)
        return "UTF-16LE";
    if (head.len >= 2 && memcmp(head.text, "\xfe\xff", 2) == 0)
        return "UTF-16BE";
    return NULL;
}

/* What stands after NAME, '=' and perhaps a quote; no text: it does not. */
static struct mf_span value_after(struct mf_span text, const char *name)
{
    size_t name_len = strlen(name);
    for (; text.len > name_len; text.text++, text.len--) {
        if (!mf_span_starts(text, name))
            continue;
        struct mf_span rest = mf_span_trim(mf_span_after(text, name_len));
        if (!rest.len || *rest.text != '=')
            continue;
        rest = mf_span_trim((struct mf_span){rest.text + 1, rest.len - 1});
        if (rest.len && (*rest.text == '"' || *rest.text == '\''))
            rest = (struct mf_span){rest.text + 1, rest.len - 1};
        size_t len = 0;
        while (len < rest.len && !strchr(" \t\r\n\"';>/?", rest.text[len]))
            len++;
        return (struct mf_span){rest.text, len};
    }
    return MF_SPAN_NONE;
}

/* The text up to `end`, if it is there. */
static struct mf_span up_to(struct mf_span text, const char *end)
{
    const char *found = memmem(text.text, text.len, end, strlen(end));
    if (found)
        text.len = (size_t)(found - text.text);
    return text;
}

/* Markup that says UTF-16 was read as ASCII: it cannot be that. */
static const char *of_markup_label(struct mf_span label)
{
    const char *name = mf_charset_name(label);
    return name && strncmp(name, "UTF-16", 6) == 0 ? "UTF-8" : name;
}

static const char *of_markup(struct mf_span type, struct mf_span head)
{
    struct mf_span text = mf_span_trim(head);
    if (!text.len || (*text.text != '<' && !mf_span_ends(type, "html")))
        return NULL;
    if (mf_span_starts(text, "<?xml"))
        return of_markup_label(value_after(up_to(text, "?>"), "encoding"));
    while (text.len) {
        size_t step = 1;
        if (mf_span_starts(text, "<!--")) {
            step = up_to(text, "-->").len;
        } else if (mf_span_starts(text, "<meta")) {
            struct mf_span tag = up_to(text, ">");
            const char *name = of_markup_label(value_after(tag, "charset"));
            if (name)
                return name;
            step = tag.len;
        }
        text.text += step;
        text.len -= step;
    }
    return NULL;
}

static bool may_be_utf8(struct mf_span head)
{
    enum { CUT_MAX_LEN = 3 }; /* of a character that goes on */
    return head.len - mf_utf8_prefix(head.text, head.len) <= CUT_MAX_LEN;
}

const char *mf_charset_find(struct mf_span content_type, struct mf_span head,
                            enum mf_charset_source *ret_source)
{
    struct mf_param param;
    if (head.len > MF_CHARSET_HEAD_LEN)
        head.len = MF_CHARSET_HEAD_LEN;
    const char *name = of_bom(head);
    *ret_source = MF_CHARSET_BOM;
    if (!name && mf_params_find(content_type, "charset", &param)) {
        name = mf_charset_name(param.value);
        *ret_source = MF_CHARSET_HEADER;
    }
    if (!name) {
        name = of_markup(mf_params_head(content_type), head);
        *ret_source = MF_CHARSET_MARKUP;
    }
    if (name)
        return name;
    *ret_source = MF_CHARSET_ASSUMED;
    return may_be_utf8(head) ? "UTF-8" : "windows-1252";
}
