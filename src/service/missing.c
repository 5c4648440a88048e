#include "service/missing.h"

#include <stdlib.h>

#include "base/map.h"
#include "pb/wire.h"

struct mf_missing {
    struct mf_map *ids;
    size_t count;
    size_t ends[MF_MISSING_MAX]; /* in `texts` */
    struct mf_buf texts;
};

static struct mf_missing *missing_new(void)
{
    struct mf_missing *missing = malloc(sizeof *missing);
    if (!missing)
        return NULL;
    missing->count = 0;
    mf_buf_init(&missing->texts, MF_MISSING_MAX_LEN);
    missing->ids = mf_map_new();
    if (!missing->ids) {
        free(missing);
        return NULL;
    }
    return missing;
}

int mf_missing_add(struct mf_missing **ref, struct mf_span id)
{
    if (!*ref && !(*ref = missing_new()))
        return MF_ENOMEM;
    struct mf_missing *missing = *ref;
    if (mf_map_get(missing->ids, id.text, id.len))
        return 0;
    if (missing->count == MF_MISSING_MAX)
        return MF_EFULL;
    int rc = mf_buf_append(&missing->texts, id.text, id.len);
    if (rc)
        return rc;
    if (mf_map_put(missing->ids, id.text, id.len, missing)) {
        missing->texts.len -= id.len;
        return MF_ENOMEM;
    }
    missing->ends[missing->count++] = missing->texts.len;
    return 0;
}

int mf_missing_put(const struct mf_missing *missing, uint32_t number,
                   struct mf_buf *out)
{
    size_t begin = 0;
    int rc = 0;
    for (size_t i = 0; !rc && missing && i < missing->count; i++) {
        size_t end = missing->ends[i];
        rc = mf_wire_put_bytes(out, number, missing->texts.data + begin,
                               end - begin);
        begin = end;
    }
    return rc;
}

void mf_missing_free(struct mf_missing *missing)
{
    if (!missing)
        return;
    mf_map_free(missing->ids);
    mf_buf_release(&missing->texts);
    free(missing);
}
