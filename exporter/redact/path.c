/* JSON paths: keys, '*', [index], [*], ['key'], and ".." before any. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "exporter/redact/rule.h"

static const char NO_MEMORY[] = "";

static const char *add(struct mf_path *path, const struct mf_step *step,
                       const char *key, size_t key_len)
{
    struct mf_step *steps =
        mf_array_grow(path->steps, path->count, &path->cap, sizeof *steps);
    if (!steps)
        return NO_MEMORY;
    path->steps = steps;
    steps[path->count] = *step;
    if (step->kind == MF_STEP_KEY &&
        mf_glob_init(&steps[path->count].key, key, key_len))
        return NO_MEMORY;
    path->count++;
    return NULL;
}

/* What stands in brackets; *at is behind '['. */
static const char *read_bracket(const char **at, const char *end,
                                struct mf_path *path, struct mf_step *step)
{
    const char *from = *at;
    char quote = from < end ? *from : 0;
    if (quote == '\'' || quote == '"') {
        const char *close = memchr(from + 1, quote, (size_t)(end - from - 1));
        if (!close || close + 1 == end || close[1] != ']')
            return "a quoted key does not end";
        *at = close + 2;
        step->kind = MF_STEP_KEY;
        return add(path, step, from + 1, (size_t)(close - from - 1));
    }
    const char *close = memchr(from, ']', (size_t)(end - from));
    if (!close || close == from)
        return "a bracket does not end";
    *at = close + 1;
    step->kind = MF_STEP_ANY;
    if (close - from == 1 && *from == '*')
        return add(path, step, NULL, 0);
    step->kind = MF_STEP_INDEX;
    for (const char *c = from; c < close; c++) {
        if (*c < '0' || *c > '9' || close - from > 9)
            return "in brackets stands a number, * or a quoted key";
        step->index = step->index * 10 + (uint64_t)(*c - '0');
    }
    return add(path, step, NULL, 0);
}

static const char *read_step(const char **at, const char *end,
                             struct mf_path *path)
{
    struct mf_step step = {0};
    if (**at == '.') {
        ++*at;
        if (*at < end && **at == '.') {
            step.is_deep = true;
            ++*at;
        }
    } else if (**at != '[') {
        return "expected . or [";
    }
    if (*at < end && **at == '[') {
        ++*at;
        return read_bracket(at, end, path, &step);
    }
    const char *from = *at;
    while (*at < end && **at != '.' && **at != '[')
        ++*at;
    if (*at == from)
        return "a key is missing";
    step.kind = *at - from == 1 && *from == '*' ? MF_STEP_ANY : MF_STEP_KEY;
    return add(path, &step, from, (size_t)(*at - from));
}

const char *mf_path_parse(const char *text, size_t len, struct mf_path *path)
{
    const char *at = text, *end = text + len;
    if (at == end || *at++ != '$')
        return "it begins with $";
    while (at < end) {
        if (path->count == MF_PATH_STEPS_MAX)
            return "it has too many steps";
        const char *wrong = read_step(&at, end, path);
        if (wrong)
            return wrong;
    }
    return NULL;
}

void mf_path_release(struct mf_path *path)
{
    for (size_t i = 0; i < path->count; i++)
        mf_glob_release(&path->steps[i].key);
    free(path->steps);
    *path = (struct mf_path){0};
}
