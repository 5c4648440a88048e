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

enum { WAITING_MAX = 256, ANSWER_FILES_MAX = 2000 };
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

/* A copy of a file, at the end; its name lies in its bytes. */
static int add(struct mf_types__files *files, const struct mf_types_file *file,
               uint64_t kept_at)
{
    size_t len = file->bytes.len;
    char *copy = malloc(len + 1);
    if (!copy || make_room(files)) {
        free(copy);
        return MF_ENOMEM;
    }
    memcpy(copy, file->bytes.text, len);
    files->list[files->count++] = (struct mf_types__file){
        .bytes = copy,
        .len = len,
        .name = {copy + (file->name.text - file->bytes.text), file->name.len},
        .origin = file->origin,
        .kept_at = kept_at,
        .must_keep = !kept_at,
    };
    files->len += len;
    return 0;
}

/* ---- Answers ---- */

static bool read_name(struct mf_types_file *file)
{
    struct mf_wire_field name;
    if (!mf_wire_find((const uint8_t *)file->bytes.text, file->bytes.len,
                      FILE_NAME, &name))
        return false;
    file->name = (struct mf_span){(const char *)name.data, name.len};
    return true;
}

/* A file that is known came again. */
static void see_again(struct mf_types *types, const struct mf_types_file *file)
{
    size_t place = (size_t)(uintptr_t)mf_map_get(types->places, file->name.text,
                                                 file->name.len);
    if (!place)
        return;
    struct mf_types__file *known = &types->learned.list[place - 1];
    if (known->kept_at == atomic_load(&types->keeping) || known->must_keep)
        return;
    known->origin = file->origin;
    known->must_keep = true;
}

/* The files of an answer that are not known, behind those that wait. */
static int collect(struct mf_types *types, uint64_t origin,
                   struct mf_span answer, struct mf_types__files *fresh)
{
    struct mf_cursor cursor = mf_cursor_make(answer.text, answer.len);
    struct mf_wire_field field;
    size_t len_max = MF_TYPES_FILES_MAX_LEN - types->learned.len;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        struct mf_types_file file = {
            .origin = origin, .bytes = {(const char *)field.data, field.len}};
        if (field.number != FILES_FILE || field.type != MF_WIRE_LEN ||
            !read_name(&file))
            continue;
        if (mf_layer_has_file(types->now->learned, file.name))
            see_again(types, &file);
        else if (fresh->count < ANSWER_FILES_MAX &&
                 field.len + fresh->len <= len_max && !has(fresh, file.name))
            rc = add(fresh, &file, 0);
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
        /* Without memory for that it is not kept again, once it is lost. */
        if (is_taken)
            (void)mf_map_put(types->places, file->name.text, file->name.len,
                             (void *)(uintptr_t)to->count);
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

static bool learn(struct mf_types *types, uint64_t origin, struct mf_span files)
{
    struct mf_types__files fresh = types->waiting;
    size_t waited = fresh.count;
    bool is_new = false;
    types->waiting = (struct mf_types__files){0};
    if (collect(types, origin, files, &fresh) == 0 && fresh.count > waited &&
        types->learned.count + fresh.count <= MF_TYPES_FILES_MAX)
        is_new = try_files(types, &fresh);
    else if (fresh.count == waited) {
        types->waiting = fresh;
        return false;
    }
    mf_types__forget(&fresh);
    return is_new;
}

bool mf_types_learn(struct mf_types *types, uint64_t origin,
                    const uint8_t *answer, size_t len)
{
    struct mf_cursor cursor = mf_cursor_make(answer, len);
    struct mf_wire_field field;
    bool is_new = false;
    while (mf_wire_next(&cursor, &field)) {
        if (field.number != RESPONSE_FILES || field.type != MF_WIRE_LEN)
            continue;
        pthread_mutex_lock(&types->writing);
        if (learn(types, origin,
                  (struct mf_span){(const char *)field.data, field.len}))
            is_new = true;
        pthread_mutex_unlock(&types->writing);
    }
    return is_new;
}

/* ---- Keeping ---- */

void mf_types_hand_over(struct mf_types *types, mf_types_keep *keep, void *user)
{
    pthread_mutex_lock(&types->writing);
    uint64_t keeping = atomic_load(&types->keeping);
    for (size_t i = 0; i < types->learned.count; i++) {
        struct mf_types__file *file = &types->learned.list[i];
        if (!file->must_keep)
            continue;
        const struct mf_types_file told = {
            .origin = file->origin,
            .name = file->name,
            .bytes = {file->bytes, file->len},
        };
        file->kept_at = keep(user, &told) ? keeping : 0;
        file->must_keep = false;
    }
    pthread_mutex_unlock(&types->writing);
}

void mf_types_lost(struct mf_types *types)
{
    atomic_fetch_add(&types->keeping, 1);
}

/* Those that may be learned, of what was handed over. */
static int collect_kept(const struct mf_types *types,
                        const struct mf_types_file *files, size_t count,
                        struct mf_types__files *fresh)
{
    size_t count_max = MF_TYPES_FILES_MAX - types->learned.count;
    size_t len_max = MF_TYPES_FILES_MAX_LEN - types->learned.len;
    uint64_t keeping = atomic_load(&types->keeping);
    int rc = 0;
    for (size_t i = 0; !rc && i < count && fresh->count < count_max; i++) {
        struct mf_types_file file = files[i];
        if (file.bytes.len <= len_max - fresh->len && read_name(&file))
            rc = add(fresh, &file, keeping);
    }
    return rc;
}

size_t mf_types_restore(struct mf_types *types,
                        const struct mf_types_file *files, size_t count)
{
    struct mf_types__files fresh = {0};
    pthread_mutex_lock(&types->writing);
    size_t before = types->learned.count;
    if (collect_kept(types, files, count, &fresh) == 0 && fresh.count)
        try_files(types, &fresh);
    size_t restored = types->learned.count - before;
    pthread_mutex_unlock(&types->writing);
    mf_types__forget(&fresh);
    return restored;
}
