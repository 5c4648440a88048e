#include "store/scrub.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The database file format, https://sqlite.org/fileformat.html */
enum {
    FILE_HEAD_LEN = 100,
    PAGE_SIZE_AT = 16,
    RESERVED_AT = 20,
    AUTO_VACUUM_AT = 52,
    LEAF_HEAD_LEN = 8,
    INTERIOR_HEAD_LEN = 12,
    FREEBLOCK_AT = 1, /* in a page's head, as the next two */
    CELL_COUNT_AT = 3,
    CONTENT_AT = 5,
    PTRMAP_ENTRY_LEN = 5,
    LOCK_BYTE = 0x40000000,
};

/* Page numbers from here on could make an overflow page look like another. */
#define PAGES_MAX UINT64_C(0x02000000)

struct scrub {
    sqlite3_file *file; /* the connection's: another descriptor, when closed,
                           would give up SQLite's locks */
    size_t page_size;
    size_t usable; /* of a page */
    uint64_t pages;
    uint64_t map_span; /* pages from one pointer map to the next; 0: none */
    uint8_t *page;
    uint8_t *zeros;
    uint64_t count;
};

static uint32_t be16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t be32(const uint8_t *at)
{
    return be16(at) << 16 | be16(at + 2);
}

static int read_at(struct scrub *scrub, void *data, size_t len, uint64_t at,
                   struct mf_err *err)
{
    return scrub->file->pMethods->xRead(scrub->file, data, (int)len,
                                        (sqlite3_int64)at) == SQLITE_OK
               ? 0
               : mf_err_set(err, MF_EIO, "database: cannot be read");
}

static int read_head(struct scrub *scrub, struct mf_err *err)
{
    uint8_t head[FILE_HEAD_LEN];
    sqlite3_int64 len;
    int rc = read_at(scrub, head, sizeof head, 0, err);
    if (rc)
        return rc;
    scrub->page_size = be16(head + PAGE_SIZE_AT);
    if (scrub->page_size == 1)
        scrub->page_size = 65536;
    if (memcmp(head, "SQLite format 3", 16) != 0 || scrub->page_size < 512 ||
        (scrub->page_size & (scrub->page_size - 1)) != 0)
        return mf_err_set(err, MF_ECORRUPT, "not a database");
    if (scrub->file->pMethods->xFileSize(scrub->file, &len) != SQLITE_OK)
        return mf_err_set(err, MF_EIO, "database: cannot be read");
    scrub->usable = scrub->page_size - head[RESERVED_AT];
    scrub->pages = (uint64_t)len / scrub->page_size;
    scrub->map_span =
        be32(head + AUTO_VACUUM_AT) ? scrub->usable / PTRMAP_ENTRY_LEN + 1 : 0;
    if (scrub->pages >= PAGES_MAX)
        return mf_err_set(err, MF_EUNSUPPORTED,
                          "too large to clean up after deletions");
    scrub->page = malloc(scrub->page_size);
    scrub->zeros = calloc(1, scrub->page_size);
    return scrub->page && scrub->zeros
               ? 0
               : mf_err_set(err, MF_ENOMEM, "out of memory");
}

/* Pages that are no tree's whatever they look like. */
static bool is_other(const struct scrub *scrub, uint64_t number)
{
    uint64_t lock_page = LOCK_BYTE / scrub->page_size + 1;
    if (number == lock_page)
        return true;
    if (!scrub->map_span || number < 2)
        return false;
    uint64_t map = (number - 2) / scrub->map_span * scrub->map_span + 2;
    return number == map || (map == lock_page && number == map + 1);
}

/* The length of a page's head; 0: it is no tree's. */
static size_t head_len_of(uint8_t type)
{
    switch (type) {
    case 2:
    case 5:
        return INTERIOR_HEAD_LEN;
    case 10:
    case 13:
        return LEAF_HEAD_LEN;
    default:
        return 0;
    }
}

/*
 * The unused middle of a page: from *ret_from to *ret_to. False if not all of
 * it is as it must be on a page of a tree; then nothing is touched.
 */
static bool find_middle(const struct scrub *scrub, size_t head,
                        size_t *ret_from, size_t *ret_to)
{
    const uint8_t *page = scrub->page;
    size_t head_len = head_len_of(page[head]);
    size_t cells = be16(page + head + CELL_COUNT_AT);
    size_t content = be16(page + head + CONTENT_AT);
    size_t freeblock = be16(page + head + FREEBLOCK_AT);
    size_t from = head + head_len + 2 * cells;
    if (content == 0)
        content = 65536;
    if (!head_len || from > content || content > scrub->usable)
        return false;
    for (size_t i = 0; i < cells; i++) {
        size_t cell = be16(page + head + head_len + 2 * i);
        if (cell < content || cell >= scrub->usable)
            return false;
    }
    if (freeblock && (freeblock < content || freeblock + 4 > scrub->usable))
        return false;
    *ret_from = from;
    *ret_to = content;
    return true;
}

static int scrub_page(struct scrub *scrub, uint64_t number, struct mf_err *err)
{
    uint64_t at = (number - 1) * scrub->page_size;
    size_t head = number == 1 ? FILE_HEAD_LEN : 0, from, to;
    uint8_t type;
    /* Most pages are not a tree's: then the first byte is enough. */
    int rc = read_at(scrub, &type, 1, at + head, err);
    if (rc || !head_len_of(type))
        return rc;
    rc = read_at(scrub, scrub->page, scrub->page_size, at, err);
    if (rc || !find_middle(scrub, head, &from, &to) ||
        memcmp(scrub->page + from, scrub->zeros, to - from) == 0)
        return rc;
    scrub->count++;
    return scrub->file->pMethods->xWrite(
               scrub->file, scrub->zeros, (int)(to - from),
               (sqlite3_int64)(at + from)) == SQLITE_OK
               ? 0
               : mf_err_set(err, MF_EIO, "database: cannot be written");
}

static int scrub_all(struct scrub *scrub, struct mf_err *err)
{
    int rc = read_head(scrub, err);
    for (uint64_t number = 1; !rc && number <= scrub->pages; number++)
        if (!is_other(scrub, number))
            rc = scrub_page(scrub, number, err);
    if (!rc && scrub->count &&
        scrub->file->pMethods->xSync(scrub->file, SQLITE_SYNC_NORMAL) !=
            SQLITE_OK)
        rc = mf_err_set(err, MF_EIO, "database: cannot be written");
    return rc;
}

int mf_scrub(sqlite3 *db, uint64_t *ret_count, struct mf_err *err)
{
    struct scrub scrub = {0};
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER,
                             &scrub.file) != SQLITE_OK ||
        !scrub.file || !scrub.file->pMethods)
        return mf_err_set(err, MF_EIO, "database: no file");
    int rc = scrub_all(&scrub, err);
    free(scrub.page);
    free(scrub.zeros);
    if (!rc)
        *ret_count = scrub.count;
    return rc;
}
