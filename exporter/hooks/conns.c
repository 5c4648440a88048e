#include "exporter/hooks/conns.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { FIRST_CAP = 1024 };

int mf_conns_init(struct mf_conns *conns)
{
    conns->entries = calloc(MF_CONNS_MAX, sizeof *conns->entries);
    return conns->entries ? 0 : MF_ENOMEM;
}

static void clear(struct mf_conn *entry)
{
    entry->conn = NULL;
    mf_shape_drop(entry->values, MF_SHAPE_MAX_VALUES);
}

void mf_conns_release(struct mf_conns *conns)
{
    for (size_t i = 0; conns->entries && i < MF_CONNS_MAX; i++) {
        clear(&conns->entries[i]);
        free(conns->entries[i].bytes);
    }
    free(conns->entries);
    conns->entries = NULL;
}

static struct mf_conn *slot_of(const struct mf_conns *conns,
                               const PyObject *conn)
{
    uintptr_t address = (uintptr_t)conn >> 4;
    return &conns->entries[(address ^ address >> 8) % MF_CONNS_MAX];
}

size_t mf_conns_list_lens(PyObject *const *values, size_t count)
{
    size_t lens = 0;
    for (size_t i = 0; i < count; i++)
        if (values[i] && PyList_Check(values[i]))
            lens = lens * 31 + (size_t)PyList_Size(values[i]) + 1;
    return lens;
}

const struct mf_conn *mf_conns_get(const struct mf_conns *conns,
                                   const PyObject *conn,
                                   PyObject *const *values, size_t count)
{
    const struct mf_conn *entry = slot_of(conns, conn);
    if (entry->conn != conn ||
        memcmp(entry->values, values, count * sizeof *values) != 0 ||
        entry->list_lens != mf_conns_list_lens(values, count))
        return NULL;
    return entry;
}

static bool reserve(struct mf_conn *entry, size_t len)
{
    if (len <= entry->cap)
        return true;
    size_t cap = entry->cap ? entry->cap : FIRST_CAP;
    while (cap < len)
        cap *= 2;
    uint8_t *bytes = realloc(entry->bytes, cap);
    if (!bytes)
        return false;
    entry->bytes = bytes;
    entry->cap = cap;
    return true;
}

void mf_conns_put(struct mf_conns *conns, const PyObject *conn,
                  PyObject *const *values, size_t count, const uint8_t *bytes,
                  size_t len, uint64_t hash)
{
    struct mf_conn *entry = slot_of(conns, conn);
    clear(entry);
    if (len == 0 || len > MF_CONN_MAX_LEN || !reserve(entry, len))
        return;
    memcpy(entry->bytes, bytes, len);
    entry->len = len;
    entry->hash = hash;
    entry->list_lens = mf_conns_list_lens(values, count);
    entry->conn = conn;
    memcpy(entry->values, values, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        Py_XINCREF(values[i]);
}

void mf_conns_drop(struct mf_conns *conns, const PyObject *conn)
{
    struct mf_conn *entry = slot_of(conns, conn);
    if (entry->conn == conn)
        clear(entry);
}
