#include "exporter/hooks/told.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 4096,
    SLAB_ENTRIES = 32,
    SLABS_MAX = MF_TOLD_MAX / SLAB_ENTRIES
};

struct slab {
    struct slab *next;
    struct mf_told entries[SLAB_ENTRIES];
};

struct mf_told_table {
    struct mf_told *buckets[BUCKETS];
    struct mf_told *oldest, *newest;
    struct mf_told *spare; /* by `next` */
    struct slab *slabs;
    size_t slab_count;
    size_t count;
    size_t bodies_len;
};

struct mf_told_table *mf_told_table_new(void)
{
    return calloc(1, sizeof(struct mf_told_table));
}

void mf_told_table_free(struct mf_told_table *table)
{
    if (!table)
        return;
    while (table->oldest)
        mf_told_forget(table, table->oldest);
    while (table->slabs) {
        struct slab *next = table->slabs->next;
        free(table->slabs);
        table->slabs = next;
    }
    free(table);
}

static size_t bucket_of(const PyObject *id)
{
    uintptr_t address = (uintptr_t)id >> 4;
    return (size_t)(address ^ address >> 12) % BUCKETS;
}

struct mf_told *mf_told_get(const struct mf_told_table *table,
                            const PyObject *id)
{
    struct mf_told *told = table->buckets[bucket_of(id)];
    while (told && told->id != id)
        told = told->next;
    return told;
}

static bool add_slab(struct mf_told_table *table)
{
    struct slab *slab =
        table->slab_count < SLABS_MAX ? calloc(1, sizeof *slab) : NULL;
    if (!slab)
        return false;
    slab->next = table->slabs;
    table->slabs = slab;
    table->slab_count++;
    for (int i = 0; i < SLAB_ENTRIES; i++) {
        slab->entries[i].next = table->spare;
        table->spare = &slab->entries[i];
    }
    return true;
}

struct mf_told *mf_told_add(struct mf_told_table *table, PyObject *id)
{
    if (!table->spare && !add_slab(table) && table->oldest)
        mf_told_forget(table, table->oldest);
    struct mf_told *told = table->spare;
    if (!told)
        return NULL;
    table->spare = told->next;
    *told = (struct mf_told){.id = id, .older = table->newest};
    Py_INCREF(id);
    struct mf_told **bucket = &table->buckets[bucket_of(id)];
    told->next = *bucket;
    *bucket = told;
    if (table->newest)
        table->newest->newer = told;
    else
        table->oldest = told;
    table->newest = told;
    table->count++;
    return told;
}

static void clear_message(struct mf_told_message *message)
{
    mf_shape_drop(message->values, MF_REQUEST_VALUES);
    Py_CLEAR(message->fields);
    Py_CLEAR(message->trailers);
    *message = (struct mf_told_message){0};
}

static void clear_conn(struct mf_told_conn *conn)
{
    mf_shape_drop(conn->values, MF_SHAPE_MAX_VALUES);
    conn->hash = 0;
}

void mf_told_clear(struct mf_told *told)
{
    clear_conn(&told->client);
    clear_conn(&told->server);
    clear_message(&told->request);
    clear_message(&told->response);
    memset(told->fields, 0, sizeof told->fields);
}

static void unlink_entry(struct mf_told_table *table, struct mf_told *told)
{
    struct mf_told **link = &table->buckets[bucket_of(told->id)];
    while (*link != told)
        link = &(*link)->next;
    *link = told->next;
    if (told->older)
        told->older->newer = told->newer;
    else
        table->oldest = told->newer;
    if (told->newer)
        told->newer->older = told->older;
    else
        table->newest = told->older;
}

void mf_told_forget(struct mf_told_table *table, struct mf_told *told)
{
    PyObject *id = told->id;
    unlink_entry(table, told);
    table->count--;
    table->bodies_len -= told->bodies_len;
    told->bodies_len = 0;
    told->id = NULL;
    /* Bytes, texts and tuples of them: releasing them runs nobody's code. */
    mf_told_clear(told);
    Py_DECREF(id);
    told->next = table->spare;
    table->spare = told;
}

static size_t body_len(const struct mf_told_message *message)
{
    PyObject *body = message->values[MF_MESSAGE_CONTENT];
    return body && PyBytes_Check(body) ? (size_t)PyBytes_Size(body) : 0;
}

void mf_told_settle(struct mf_told_table *table, struct mf_told *told)
{
    table->bodies_len -= told->bodies_len;
    told->bodies_len = body_len(&told->request) + body_len(&told->response);
    table->bodies_len += told->bodies_len;
    while (table->bodies_len > MF_TOLD_BODIES_LEN && table->count > 1)
        mf_told_forget(table,
                       table->oldest == told ? told->newer : table->oldest);
}

size_t mf_told_count(const struct mf_told_table *table)
{
    return table->count;
}

uint64_t mf_told_hash(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint64_t hash = len * UINT64_C(0x9e3779b97f4a7c15);
    if (len == 0)
        return 0;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    memcpy(&rest, at, len);
    hash = (hash ^ rest) * UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 29;
    return hash ? hash : 1;
}
