#include "cli/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/flags.h"

enum { FILE_MAX_LEN = 1 << 20, WHAT_CAP = 192 };

struct file {
    struct mf_options *options;
    const char *path;
    unsigned line;
    bool seen[MF_FLAGS_MAX];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* `text` without blanks around it; its end is cut off. */
static char *trim(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    text[len] = '\0';
    while (is_blank(*text))
        text++;
    return text;
}

static void cut_comment(char *line)
{
    for (char *at = line; (at = strchr(at, '#')); at++)
        if (at == line || is_blank(at[-1])) {
            *at = '\0';
            return;
        }
}

static int apply_pair(struct file *file, const char *name, const char *value,
                      struct mf_err *err)
{
    const struct mf_flag *flag = mf_flag_find(name, strlen(name));
    if (!flag)
        return mf_err_set(err, MF_EINVAL,
                          "%.100s:%u: unknown name \"%.64s\"; see mitmflow "
                          "--help",
                          file->path, file->line, name);
    if (file->seen[flag - mf_flags] && flag->kind != MF_FLAG_LIST)
        return mf_err_set(err, MF_EINVAL,
                          "%.100s:%u: %s is given a second time", file->path,
                          file->line, name);
    file->seen[flag - mf_flags] = true;
    char what[WHAT_CAP];
    snprintf(what, sizeof what, "%.100s:%u: %s", file->path, file->line,
             flag->name);
    return mf_flag_set(file->options, flag, MF_SOURCE_FILE, what, value, err);
}

static int apply_line(struct file *file, char *line, struct mf_err *err)
{
    cut_comment(line);
    line = trim(line);
    if (!*line)
        return 0;
    char *value = strchr(line, '=');
    if (!value)
        return mf_err_set(err, MF_EINVAL,
                          "%.100s:%u: a line says \"name = value\", not "
                          "\"%.64s\"",
                          file->path, file->line, line);
    *value++ = '\0';
    return apply_pair(file, trim(line), trim(value), err);
}

int mf_config_apply(struct mf_options *options, const char *path, char *text,
                    size_t len, struct mf_err *err)
{
    struct file file = {.options = options, .path = path};
    char *end = text + len;
    while (text < end) {
        char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (!line_end)
            line_end = end;
        *line_end = '\0';
        file.line++;
        if (strlen(text) != (size_t)(line_end - text))
            return mf_err_set(err, MF_EINVAL, "%.100s:%u: there is a NUL", path,
                              file.line);
        int rc = apply_line(&file, text, err);
        if (rc)
            return rc;
        text = line_end + 1;
    }
    return 0;
}

int mf_config_read(struct mf_options *options, const char *path,
                   struct mf_err *err)
{
    char *text;
    size_t len;
    int rc = mf_file_read("--config", path, FILE_MAX_LEN, &text, &len, err);
    if (rc)
        return rc == MF_EFULL ? MF_EINVAL : rc;
    char *kept = mf_options_keep(options, text, len);
    free(text);
    if (!kept)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    return mf_config_apply(options, path, kept, len, err);
}
