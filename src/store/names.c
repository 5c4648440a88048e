#include "store/names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "store/sql.h"

/* Texts live in chunks, so that none moves when a kind grows. */
enum {
    CHUNK_IDS = 256,
    CHUNKS = (MF_NAMES_MAX + 1) / CHUNK_IDS,
};

struct text {
    uint32_t len;
    char text[];
};

struct chunk {
    struct text *texts[CHUNK_IDS];
};

struct kind {
    struct mf_map *ids; /* of text, by text: the id as a pointer */
    struct chunk *_Atomic chunks[CHUNKS];
    atomic_uint count; /* set after the text is there */
};

struct mf_names {
    pthread_mutex_t mutex; /* over `ids` and growth */
    struct kind kinds[MF_NAME_KINDS];
};

struct mf_names *mf_names_new(void)
{
    struct mf_names *names = calloc(1, sizeof *names);
    if (!names)
        return NULL;
    if (pthread_mutex_init(&names->mutex, NULL)) {
        free(names);
        return NULL;
    }
    for (size_t i = 0; i < MF_NAME_KINDS; i++) {
        names->kinds[i].ids = mf_map_new();
        if (!names->kinds[i].ids) {
            mf_names_free(names);
            return NULL;
        }
    }
    return names;
}

static void free_chunk(struct chunk *chunk)
{
    for (size_t i = 0; chunk && i < CHUNK_IDS; i++)
        free(chunk->texts[i]);
    free(chunk);
}

void mf_names_free(struct mf_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < MF_NAME_KINDS; i++) {
        for (size_t at = 0; at < CHUNKS; at++)
            free_chunk(names->kinds[i].chunks[at]);
        mf_map_free(names->kinds[i].ids);
    }
    pthread_mutex_destroy(&names->mutex);
    free(names);
}

static struct text **place_of(struct kind *kind, uint32_t id)
{
    struct chunk *chunk = kind->chunks[id / CHUNK_IDS];
    if (!chunk) {
        chunk = calloc(1, sizeof *chunk);
        if (!chunk)
            return NULL;
        kind->chunks[id / CHUNK_IDS] = chunk;
    }
    return &chunk->texts[id % CHUNK_IDS];
}

/* Under the mutex. */
static int set_text(struct kind *kind, uint32_t id, struct mf_span text)
{
    struct text **place = place_of(kind, id);
    if (!place || *place)
        return place ? 0 : MF_ENOMEM;
    struct text *copy = malloc(sizeof *copy + text.len + 1);
    if (!copy)
        return MF_ENOMEM;
    copy->len = (uint32_t)text.len;
    memcpy(copy->text, text.text, text.len);
    copy->text[text.len] = '\0';
    if (mf_map_put(kind->ids, text.text, text.len, (void *)(uintptr_t)id)) {
        free(copy);
        return MF_ENOMEM;
    }
    *place = copy;
    if (id > atomic_load_explicit(&kind->count, memory_order_relaxed))
        atomic_store_explicit(&kind->count, id, memory_order_release);
    return 0;
}

int mf_names_load(struct mf_names *names, sqlite3 *db, struct mf_err *err)
{
    static const char *const sql[] = {"SELECT kind, id, text FROM name"};
    sqlite3_stmt *stmt;
    int rc = mf_sql_prepare(db, sql, 1, &stmt, err);
    if (rc)
        return rc;
    pthread_mutex_lock(&names->mutex);
    while ((rc = mf_sql_step(stmt, err)) == 1) {
        sqlite3_int64 kind = sqlite3_column_int64(stmt, 0);
        sqlite3_int64 id = sqlite3_column_int64(stmt, 1);
        const char *text = sqlite3_column_blob(stmt, 2);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 2);
        if (kind < 0 || kind >= MF_NAME_KINDS || id < 1 || id > MF_NAMES_MAX ||
            !text || len > MF_NAME_MAX_LEN)
            continue;
        rc = set_text(&names->kinds[kind], (uint32_t)id,
                      (struct mf_span){text, len});
        if (rc) {
            mf_err_set(err, rc, "out of memory");
            break;
        }
    }
    pthread_mutex_unlock(&names->mutex);
    mf_sql_finalize(&stmt, 1);
    return rc;
}

uint32_t mf_names_id(struct mf_names *names, enum mf_name_kind kind_of,
                     struct mf_span text, bool *ret_is_new)
{
    struct kind *kind = &names->kinds[kind_of];
    *ret_is_new = false;
    if (!text.len || text.len > MF_NAME_MAX_LEN)
        return 0;
    pthread_mutex_lock(&names->mutex);
    uint32_t id =
        (uint32_t)(uintptr_t)mf_map_get(kind->ids, text.text, text.len);
    uint32_t count = atomic_load_explicit(&kind->count, memory_order_relaxed);
    if (!id && count < MF_NAMES_MAX && !set_text(kind, count + 1, text)) {
        id = count + 1;
        *ret_is_new = true;
    }
    pthread_mutex_unlock(&names->mutex);
    return id;
}

void mf_names_forget(struct mf_names *names, enum mf_name_kind kind,
                     uint32_t id)
{
    struct mf_map *ids = names->kinds[kind].ids;
    struct mf_span text = mf_names_text(names, kind, id);
    pthread_mutex_lock(&names->mutex);
    if ((uint32_t)(uintptr_t)mf_map_get(ids, text.text, text.len) == id)
        mf_map_remove(ids, text.text, text.len);
    pthread_mutex_unlock(&names->mutex);
}

struct mf_span mf_names_text(const struct mf_names *names,
                             enum mf_name_kind kind_of, uint32_t id)
{
    const struct kind *kind = &names->kinds[kind_of];
    if (id == 0 || id > mf_names_count(names, kind_of))
        return (struct mf_span){"", 0};
    struct chunk *chunk = kind->chunks[id / CHUNK_IDS];
    const struct text *text = chunk ? chunk->texts[id % CHUNK_IDS] : NULL;
    return text ? (struct mf_span){text->text, text->len}
                : (struct mf_span){"", 0};
}

uint32_t mf_names_count(const struct mf_names *names, enum mf_name_kind kind)
{
    return atomic_load_explicit(&names->kinds[kind].count,
                                memory_order_acquire);
}
