#include "service/flow_ref.h"

#include <stdlib.h>
#include <string.h>

#include "pb/wire.h"

enum { FLOW_ID_FIELD = 1 };

struct mf_span mf_text_of_field(const uint8_t *message, size_t len,
                                uint32_t number)
{
    struct mf_wire_field field;
    if (!mf_wire_find(message, len, number, &field))
        return (struct mf_span){"", 0};
    return (struct mf_span){(const char *)field.data, field.len};
}

int mf_owned_ref_init(struct mf_owned_ref *ref, const uint8_t *message,
                      size_t len, uint64_t number)
{
    struct mf_span id = mf_text_of_field(message, len, FLOW_ID_FIELD);
    ref->id = malloc(id.len + 1);
    if (!ref->id)
        return MF_ENOMEM;
    memcpy(ref->id, id.text, id.len);
    ref->ref = (struct mf_flow_ref){number, {ref->id, id.len}};
    return 0;
}

void mf_owned_ref_release(struct mf_owned_ref *ref)
{
    free(ref->id);
    ref->id = NULL;
}
