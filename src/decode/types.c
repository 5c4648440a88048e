#include "decode/types_impl.h"

#include <stdlib.h>
#include <string.h>

#include "pb/schema.h"
#include "pb/wire.h"

/* ---- Life ---- */

/* What proto/ describes, as files. */
static int make_builtin(struct mf_layer **ret_layer)
{
    enum { FILES_MAX = 64, SET_FILE = 1 };
    struct mf_layer_file files[FILES_MAX];
    struct mf_cursor cursor =
        mf_cursor_make(mf_pb_descriptors, mf_pb_descriptors_len);
    struct mf_wire_field field;
    size_t count = 0, bad;
    while (count < FILES_MAX && mf_wire_next(&cursor, &field))
        if (field.number == SET_FILE)
            files[count++] = (struct mf_layer_file){
                .bytes = {(const char *)field.data, field.len}};
    return mf_layer_new(NULL, files, count, true, ret_layer, &bad, NULL);
}

int mf_types_new(struct mf_types **ret_types)
{
    struct mf_types *types = calloc(1, sizeof *types);
    if (!types)
        return MF_ENOMEM;
    pthread_mutex_init(&types->writing, NULL);
    pthread_mutex_init(&types->lock, NULL);
    atomic_init(&types->keeping, 1);
    types->places = mf_map_new();
    int rc = types->places ? make_builtin(&types->builtin) : MF_ENOMEM;
    if (!rc)
        rc = mf_types__publish(types, types->builtin, types->builtin);
    if (rc) {
        mf_types_free(types);
        return rc;
    }
    *ret_types = types;
    return 0;
}

void mf_types_free(struct mf_types *types)
{
    if (!types)
        return;
    mf_typeset_unref(types->now);
    for (size_t i = types->level_count; i > 0; i--)
        mf_layer_unref(types->levels[i - 1].layer);
    mf_layer_unref(types->builtin);
    mf_types__forget(&types->learned);
    mf_types__forget(&types->waiting);
    mf_map_free(types->places);
    pthread_mutex_destroy(&types->writing);
    pthread_mutex_destroy(&types->lock);
    free(types);
}

void mf_types__forget(struct mf_types__files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->list[i].bytes);
    free(files->list);
    *files = (struct mf_types__files){0};
}

/* ---- What is known now ---- */

static size_t count_learned(const struct mf_types *types)
{
    size_t count = 0;
    for (size_t i = 0; i < types->level_count; i++)
        count += mf_layer_count(types->levels[i].layer);
    return count;
}

int mf_types__publish(struct mf_types *types, struct mf_layer *given,
                      struct mf_layer *learned)
{
    struct mf_typeset *set = malloc(sizeof *set);
    if (!set)
        return MF_ENOMEM;
    atomic_init(&set->refs, 1);
    set->given = mf_layer_ref(given);
    set->learned = mf_layer_ref(learned);
    set->count = count_learned(types) +
                 (given == types->builtin ? 0 : mf_layer_count(given));
    pthread_mutex_lock(&types->lock);
    struct mf_typeset *before = types->now;
    types->now = set;
    pthread_mutex_unlock(&types->lock);
    mf_typeset_unref(before);
    return 0;
}

struct mf_typeset *mf_types_now(const struct mf_types *types)
{
    if (!types)
        return NULL;
    /* The lock is all that changes. */
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&types->lock;
    pthread_mutex_lock(lock);
    struct mf_typeset *set = types->now;
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(lock);
    return set;
}

void mf_typeset_unref(struct mf_typeset *set)
{
    if (!set ||
        atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
        return;
    mf_layer_unref(set->given);
    mf_layer_unref(set->learned);
    free(set);
}

size_t mf_types_count(const struct mf_types *types)
{
    struct mf_typeset *set = mf_types_now(types);
    size_t count = set ? set->count : 0;
    mf_typeset_unref(set);
    return count;
}

/* ---- Look-ups ---- */

const struct mf_message_type *mf_typeset_message(const struct mf_typeset *set,
                                                 struct mf_span full_name)
{
    if (!set)
        return NULL;
    const struct mf_message_type *type =
        mf_layer_message(set->given, full_name);
    return type ? type : mf_layer_message(set->learned, full_name);
}

/* What follows the last slash, which is cut off from `text` with it; all of
 * it if there is none. */
static struct mf_span take_last_part(struct mf_span *text)
{
    size_t at = text->len;
    while (at > 0 && text->text[at - 1] != '/')
        at--;
    struct mf_span part = {text->text + at, text->len - at};
    text->len = at > 0 ? at - 1 : 0;
    return part;
}

const struct mf_message_type *mf_typeset_of_url(const struct mf_typeset *set,
                                                struct mf_span url)
{
    return mf_typeset_message(set, take_last_part(&url));
}

bool mf_typeset_method(const struct mf_typeset *set, struct mf_span path,
                       const struct mf_message_type **ret_input,
                       const struct mf_message_type **ret_output)
{
    if (!set)
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.text[i] == '?' || path.text[i] == '#')
            path.len = i;
    struct mf_span method = take_last_part(&path);
    struct mf_span service = take_last_part(&path);
    return mf_layer_method(set->given, service, method, ret_input,
                           ret_output) ||
           mf_layer_method(set->learned, service, method, ret_input,
                           ret_output);
}
