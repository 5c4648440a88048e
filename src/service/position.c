#include "service/position.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

enum { POSITION_CAP = 96 };

int mf_position_put(const struct mf_context *context, uint64_t change,
                    uint32_t number, struct mf_buf *out)
{
    char text[POSITION_CAP];
    int len = snprintf(text, sizeof text, "%s.%" PRIu64,
                       mf_store_epoch(context->store), change);
    return mf_wire_put_bytes(out, number, text, (size_t)len);
}

bool mf_position_read(const struct mf_context *context, const char *text,
                      uint64_t *ret_change)
{
    const char *epoch = mf_store_epoch(context->store);
    size_t epoch_len = strlen(epoch);
    if (strncmp(text, epoch, epoch_len) != 0 || text[epoch_len] != '.')
        return false;
    const char *digits = text + epoch_len + 1;
    if (*digits < '0' || *digits > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(digits, &end, 10);
    if (errno || *end || value > mf_hub_head(context->hub))
        return false;
    *ret_change = value;
    return true;
}
