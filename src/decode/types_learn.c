/*
 * Files of reflection answers. Each answer that brings something new is a
 * layer on top of those before; so that a look-up does not pass many, a layer
 * is made anew together with the one below it that is not twice as large.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/types_impl.h"
#include "pb/wire.h"

enum {
    RESPONSE_FILES = 4, /* ServerReflectionResponse */
    FILES_FILE = 1,     /* FileDescriptorResponse */
    FILE_NAME = 1,      /* FileDescriptorProto */
};

enum { LEARNED_MAX = 10000, WAITING_MAX = 256, ANSWER_FILES_MAX = 2000 };
#define LEARNED_MAX_LEN ((size_t)16 << 20)
#define WAITING_MAX_LEN ((size_t)1 << 20)

/* ---- Lists of files ---- */

static bool has(const struct mf_types__files *files, struct mf_span name)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->list[i].name.len == name.len &&
            memcmp(files->list[i].name.text, name.text, name.len) == 0)
            return true;
    return false;
}

static int make_room(struct mf_types__files *files)
{
    if (files->count < files->cap)
        return 0;
    size_t cap = files->cap ? 2 * files->cap : 16;
    struct mf_types__file *list = realloc(files->list, cap * sizeof *list);
    if (!list)
        return MF_ENOMEM;
    files->list = list;
    files->cap = cap;
    return 0;
}

/* A copy of a file, at the end. */
static int add(struct mf_types__files *files, struct mf_span bytes,
               struct mf_span name)
{
    char *copy = malloc(bytes.len + 1);
    if (!copy || make_room(files)) {
        free(copy);
        return MF_ENOMEM;
    }
    memcpy(copy, bytes.text, bytes.len);
    files->list[files->count++] = (struct mf_types__file){
        .bytes = copy,
        .len = bytes.len,
        .name = {copy + (name.text - bytes.text), name.len},
    };
    files->len += bytes.len;
    return 0;
}

/* ---- Answers ---- */

/* The files of an answer that are not known, behind those that wait. */
static int collect(const struct mf_types *types, struct mf_span answer,
                   struct mf_types__files *fresh)
{
    struct mf_cursor cursor = mf_cursor_make(answer.text, answer.len);
    struct mf_wire_field field, name;
    size_t len_max = LEARNED_MAX_LEN - types->learned.len;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number != FILES_FILE || field.type != MF_WIRE_LEN ||
            !mf_wire_find(field.data, field.len, FILE_NAME, &name))
            continue;
        struct mf_span text = {(const char *)name.data, name.len};
        if (fresh->count == ANSWER_FILES_MAX ||
            field.len + fresh->len > len_max ||
            mf_layer_has_file(types->now->learned, text) || has(fresh, text))
            continue;
        rc = add(fresh, (struct mf_span){(const char *)field.data, field.len},
                 text);
    }
    return rc;
}

/* ---- Levels ---- */

static struct mf_layer *top(const struct mf_types *types)
{
    return types->level_count ? types->levels[types->level_count - 1].layer
                              : types->builtin;
}

/* A layer of the last `count` files that were learned. */
static int make_layer(const struct mf_types *types, size_t count,
                      struct mf_layer *under, struct mf_layer **ret_layer)
{
    const struct mf_types__file *list =
        types->learned.list + types->learned.count - count;
    struct mf_layer_file *files = calloc(count, sizeof *files);
    size_t bad;
    if (!files)
        return MF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        files[i] = (struct mf_layer_file){
            .name = list[i].name, .bytes = {list[i].bytes, list[i].len}};
    int rc = mf_layer_new(under, files, count, false, ret_layer, &bad, NULL);
    free(files);
    return rc;
}

/* Put the last `count` files, for which there is `layer`, on top; join levels
 * while the upper one is not less than half of the one below. */
static void add_level(struct mf_types *types, struct mf_layer *layer,
                      size_t count)
{
    while (types->level_count > 0) {
        struct mf_types__level *below = &types->levels[types->level_count - 1];
        struct mf_layer *joined;
        struct mf_layer *under =
            types->level_count > 1 ? below[-1].layer : types->builtin;
        if (below->count / 2 > count &&
            types->level_count < MF_TYPES__LEVELS_MAX)
            break;
        if (make_layer(types, count + below->count, under, &joined))
            break; /* out of memory: it may be deeper then */
        mf_layer_unref(layer);
        mf_layer_unref(below->layer);
        layer = joined;
        count += below->count;
        types->level_count--;
    }
    if (types->level_count == MF_TYPES__LEVELS_MAX) {
        mf_layer_unref(layer);
        return;
    }
    types->levels[types->level_count++] =
        (struct mf_types__level){.layer = layer, .count = count};
}

/* ---- Learning ---- */

static bool may_wait(const struct mf_types__files *waiting,
                     const struct mf_types__file *file)
{
    return waiting->count < WAITING_MAX &&
           waiting->len + file->len <= WAITING_MAX_LEN;
}

/* The files that were taken are learned, those that lack an import wait. */
static size_t sort_out(struct mf_types *types, struct mf_types__files *fresh,
                       const struct mf_layer_file *judged)
{
    size_t taken = 0;
    for (size_t i = 0; i < fresh->count; i++) {
        struct mf_types__file *file = &fresh->list[i];
        bool is_taken = judged[i].verdict == MF_LAYER_TAKEN;
        struct mf_types__files *to =
            is_taken ? &types->learned : &types->waiting;
        if (!is_taken &&
            (judged[i].verdict != MF_LAYER_INCOMPLETE || !may_wait(to, file)))
            continue;
        if (make_room(to))
            continue;
        to->list[to->count++] = *file;
        to->len += file->len;
        file->bytes = NULL;
        taken += is_taken;
    }
    return taken;
}

static bool try_files(struct mf_types *types, struct mf_types__files *fresh)
{
    struct mf_layer_file *files = calloc(fresh->count, sizeof *files);
    struct mf_layer *layer = NULL;
    size_t bad;
    if (!files)
        return false;
    for (size_t i = 0; i < fresh->count; i++)
        files[i] = (struct mf_layer_file){
            .name = fresh->list[i].name,
            .bytes = {fresh->list[i].bytes, fresh->list[i].len}};
    int rc = mf_layer_new(top(types), files, fresh->count, false, &layer, &bad,
                          NULL);
    size_t taken = 0;
    if (!rc)
        taken = sort_out(types, fresh, files);
    free(files);
    if (taken == 0) {
        mf_layer_unref(layer);
        return false;
    }
    add_level(types, layer, taken);
    return mf_types__publish(types, types->now->given, top(types)) == 0;
}

static bool learn(struct mf_types *types, struct mf_span files)
{
    struct mf_types__files fresh = types->waiting;
    size_t waited = fresh.count;
    bool is_new = false;
    types->waiting = (struct mf_types__files){0};
    if (collect(types, files, &fresh) == 0 && fresh.count > waited &&
        types->learned.count + fresh.count <= LEARNED_MAX)
        is_new = try_files(types, &fresh);
    else if (fresh.count == waited) {
        types->waiting = fresh;
        return false;
    }
    mf_types__forget(&fresh);
    return is_new;
}

bool mf_types_learn(struct mf_types *types, const uint8_t *answer, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(answer, len);
    struct mf_wire_field field;
    bool is_new = false;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number != RESPONSE_FILES || field.type != MF_WIRE_LEN)
            continue;
        pthread_mutex_lock(&types->writing);
        if (learn(types, (struct mf_span){(const char *)field.data, field.len}))
            is_new = true;
        pthread_mutex_unlock(&types->writing);
    }
    return is_new;
}
