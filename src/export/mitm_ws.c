#include "export/mitm_ws.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LEN = 32 << 20 };

static void drop(struct mf_mitm_handshakes *handshakes, size_t place)
{
    struct mf_span *flow = &handshakes->flows[place];
    handshakes->len -= flow->len;
    free((void *)flow->text);
    *flow = (struct mf_span){NULL, 0};
}

void mf_mitm_handshakes_put(struct mf_mitm_handshakes *handshakes,
                            struct mf_tnet flow)
{
    struct mf_tnet metadata = mf_tnet_find(flow, "metadata");
    if (!mf_tnet_is_set(mf_tnet_find(metadata, "websocket")) ||
        mf_tnet_is_set(mf_tnet_find(flow, "websocket")) ||
        flow.data.len > MAX_LEN || !flow.data.len)
        return;
    char *copy = malloc(flow.data.len);
    if (!copy)
        return;
    memcpy(copy, flow.data.text, flow.data.len);
    size_t place = handshakes->next++ % MF_MITM_HANDSHAKES;
    drop(handshakes, place);
    for (size_t i = 0; handshakes->len + flow.data.len > MAX_LEN; i++)
        drop(handshakes, (place + 1 + i) % MF_MITM_HANDSHAKES);
    handshakes->flows[place] = (struct mf_span){copy, flow.data.len};
    handshakes->len += flow.data.len;
}

struct mf_tnet
mf_mitm_handshakes_find(const struct mf_mitm_handshakes *handshakes,
                        struct mf_tnet flow)
{
    struct mf_span want = mf_tnet_text(
        mf_tnet_find(mf_tnet_find(flow, "metadata"), "websocket_handshake"));
    for (size_t i = 0; want.len && i < MF_MITM_HANDSHAKES; i++) {
        struct mf_tnet known = {MF_TNET_DICT, handshakes->flows[i]};
        if (!known.data.text)
            continue;
        struct mf_span id = mf_tnet_text(mf_tnet_find(known, "id"));
        if (id.len == want.len && memcmp(id.text, want.text, id.len) == 0)
            return known;
    }
    return (struct mf_tnet){0, {"", 0}};
}

void mf_mitm_handshakes_release(struct mf_mitm_handshakes *handshakes)
{
    for (size_t i = 0; i < MF_MITM_HANDSHAKES; i++)
        drop(handshakes, i);
}
