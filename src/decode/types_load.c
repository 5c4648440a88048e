/* Descriptor sets from files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "decode/types_impl.h"
#include "pb/wire.h"

enum { SET_FILE = 1, FILE_NAME = 1 };
#define SET_MAX_LEN ((size_t)64 << 20)

struct given {
    struct mf_buf *sets; /* by path, their bytes */
    const char *const *paths;
    size_t set_count;
    struct mf_layer_file *files;
    size_t *sets_of; /* by file, its set's place */
    size_t count, cap;
    struct mf_map *names; /* of files; the values say nothing */
};

/* ---- Bytes ---- */

static int code_of(int error)
{
    return error == ENOENT                     ? MF_ENOENT
           : error == EACCES || error == EPERM ? MF_EACCES
                                               : MF_EIO;
}

static int fill(FILE *file, struct mf_buf *out)
{
    char piece[16384];
    size_t len;
    int rc = 0;
    while (!rc && (len = fread(piece, 1, sizeof piece, file)) > 0)
        rc = mf_buf_append(out, piece, len);
    return rc ? rc : ferror(file) ? code_of(errno) : 0;
}

static int read_set(const char *path, struct mf_buf *out, struct mf_err *err)
{
    mf_buf_init(out, SET_MAX_LEN);
    FILE *file = fopen(path, "rb");
    if (!file)
        return mf_err_set(err, code_of(errno), "%s: %s", path, strerror(errno));
    int rc = fill(file, out), error = errno;
    fclose(file);
    if (rc == MF_EFULL)
        return mf_err_set(err, rc, "%s: longer than %zu MiB", path,
                          SET_MAX_LEN >> 20);
    return rc ? mf_err_set(err, rc, "%s: %s", path,
                           rc == MF_ENOMEM ? mf_err_message(rc)
                                           : strerror(error))
              : 0;
}

/* ---- Files of a set ---- */

static int grow(struct given *given)
{
    if (given->count < given->cap)
        return 0;
    size_t cap = given->cap ? 2 * given->cap : 64;
    struct mf_layer_file *files = realloc(given->files, cap * sizeof *files);
    if (files)
        given->files = files;
    size_t *sets_of = realloc(given->sets_of, cap * sizeof *sets_of);
    if (sets_of)
        given->sets_of = sets_of;
    if (!files || !sets_of)
        return MF_ENOMEM;
    given->cap = cap;
    return 0;
}

/* Of two files of one name the first counts. */
static int add_file(struct given *given, size_t set,
                    const struct mf_wire_field *bytes)
{
    struct mf_wire_field name;
    if (!mf_wire_find(bytes->data, bytes->len, FILE_NAME, &name))
        return MF_ECORRUPT;
    if (mf_map_get(given->names, name.data, name.len))
        return 0;
    int rc = grow(given);
    if (!rc)
        rc = mf_map_put(given->names, name.data, name.len, given);
    if (rc)
        return rc;
    given->sets_of[given->count] = set;
    given->files[given->count++] = (struct mf_layer_file){
        .name = {(const char *)name.data, name.len},
        .bytes = {(const char *)bytes->data, bytes->len},
    };
    return 0;
}

static int add_set(struct given *given, size_t set, struct mf_err *err)
{
    const struct mf_buf *bytes = &given->sets[set];
    struct mf_cursor cursor = mf_cursor_make(bytes->data, bytes->len);
    struct mf_wire_field field;
    size_t count = 0;
    int rc = 0;
    while (!rc && mf_wire_next(&cursor, &field)) {
        if (field.number != SET_FILE || field.type != MF_WIRE_LEN)
            continue;
        rc = add_file(given, set, &field);
        count++;
    }
    if (!rc && (cursor.error || count == 0))
        rc = MF_ECORRUPT;
    if (rc == MF_ECORRUPT)
        return mf_err_set(err, rc, "%s: not a descriptor set",
                          given->paths[set]);
    return rc ? mf_err_set(err, rc, "%s", mf_err_message(rc)) : 0;
}

static int collect(struct given *given, struct mf_err *err)
{
    given->names = mf_map_new();
    given->sets = calloc(given->set_count + 1, sizeof *given->sets);
    if (!given->names || !given->sets)
        return mf_err_set(err, MF_ENOMEM, "out of memory");
    int rc = 0;
    for (size_t i = 0; !rc && i < given->set_count; i++) {
        rc = read_set(given->paths[i], &given->sets[i], err);
        if (!rc)
            rc = add_set(given, i, err);
    }
    return rc;
}

static void release(struct given *given)
{
    for (size_t i = 0; given->sets && i < given->set_count; i++)
        mf_buf_release(&given->sets[i]);
    free(given->sets);
    free(given->files);
    free(given->sets_of);
    mf_map_free(given->names);
}

static int put_in_place(struct mf_types *types, struct given *given,
                        struct mf_err *err)
{
    struct mf_layer *layer;
    struct mf_err why = {0};
    size_t bad;
    int rc = mf_layer_new(types->builtin, given->files, given->count, true,
                          &layer, &bad, &why);
    if (rc == MF_ECORRUPT)
        return mf_err_set(err, rc, "%s: %s", given->paths[given->sets_of[bad]],
                          why.text);
    if (rc)
        return mf_err_set(err, rc, "%s", mf_err_message(rc));
    pthread_mutex_lock(&types->writing);
    rc = mf_types__publish(types, layer, types->now->learned);
    pthread_mutex_unlock(&types->writing);
    mf_layer_unref(layer);
    return rc;
}

int mf_types_load(struct mf_types *types, const char *const *paths,
                  size_t count, struct mf_err *err)
{
    struct given given = {.paths = paths, .set_count = count};
    int rc = collect(&given, err);
    if (!rc)
        rc = put_in_place(types, &given, err);
    release(&given);
    return rc;
}
