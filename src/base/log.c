#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum { LINE_MAX_LEN = 1024, TAIL_LEN = 3 };

static _Atomic int min_level = MF_LOG_INFO;
static _Atomic int format_now = MF_LOG_TEXT;

void mf_log_set_format(enum mf_log_format format)
{
    atomic_store(&format_now, format);
}

void mf_log_set_level(enum mf_log_level level)
{
    atomic_store(&min_level, level);
}

struct line {
    char bytes[LINE_MAX_LEN];
    size_t len;
};

static const char hex[] = "0123456789abcdef";

/* Whatever does not fit is left out. */
static void put(struct line *line, const char *bytes, size_t len)
{
    if (len > sizeof line->bytes - TAIL_LEN - line->len)
        return;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f)
            put(line, text, 1);
        else
            put(line, (const char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
    }
}

/* Length of the character of several bytes at `text`; 0: it is not UTF-8. */
static size_t char_len(const char *text)
{
    for (size_t len = 2; len <= 4 && text[len - 1]; len++)
        if (mf_utf8_valid(text, len))
            return len;
    return 0;
}

/* The inside of a JSON string (RFC 8259, section 7). */
static void put_json(struct line *line, const char *text)
{
    for (size_t step; *text; text += step) {
        unsigned char c = (unsigned char)*text;
        step = 1;
        if (c == '"' || c == '\\')
            put(line, (const char[]){'\\', *text}, 2);
        else if (c < 0x20 || c == 0x7f)
            put(line,
                (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]},
                6);
        else if (c < 0x80)
            put(line, text, 1);
        else if ((step = char_len(text)))
            put(line, text, step);
        else {
            put(line, "\\ufffd", 6);
            step = 1;
        }
    }
}

static void format_line(struct line *line, const char *time, const char *level,
                        const char *text)
{
    line->len = 0;
    if (atomic_load(&format_now) == MF_LOG_TEXT) {
        put(line, time, strlen(time));
        put(line, " ", 1);
        put(line, level, strlen(level));
        put(line, " ", 1);
        put_text(line, text);
        memcpy(line->bytes + line->len, "\n", 1);
        line->len += 1;
        return;
    }
    put(line, "{\"time\":\"", 9);
    put(line, time, strlen(time));
    put(line, "\",\"level\":\"", 11);
    put(line, level, strlen(level));
    put(line, "\",\"text\":\"", 10);
    put_json(line, text);
    memcpy(line->bytes + line->len, "\"}\n", 3);
    line->len += 3;
}

static void print_time(char *text, size_t cap)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(text, cap, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, cap - len, ".%03ldZ", now.tv_nsec / 1000000);
}

void mf_log(enum mf_log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if ((int)level < atomic_load(&min_level))
        return;
    char time[48], text[LINE_MAX_LEN];
    print_time(time, sizeof time);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct line line;
    format_line(&line, time, names[level], text);
    ssize_t written = write(STDERR_FILENO, line.bytes, line.len);
    (void)written;
}
