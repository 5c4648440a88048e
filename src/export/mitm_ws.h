/*
 * WebSockets of mitmproxy's file format before version 12: a flow of their
 * own, that comes some time after the flow of the handshake and names it.
 *
 * Thread:  one.
 */
#ifndef MF_EXPORT_MITM_WS_H
#define MF_EXPORT_MITM_WS_H

#include "codec/tnetstring.h"

/* The last ones, up to 32 MiB of them. */
enum { MF_MITM_HANDSHAKES = 256 };
struct mf_mitm_handshakes {
    struct mf_span flows[MF_MITM_HANDSHAKES]; /* owned, inside of a dict */
    size_t next;
    size_t len;
};

/* Remember it if it is a handshake; one that does not fit is forgotten. */
void mf_mitm_handshakes_put(struct mf_mitm_handshakes *handshakes,
                            struct mf_tnet flow);
/* What a flow of type "websocket" names; type 0: it is not there. */
struct mf_tnet
mf_mitm_handshakes_find(const struct mf_mitm_handshakes *handshakes,
                        struct mf_tnet flow);
void mf_mitm_handshakes_release(struct mf_mitm_handshakes *handshakes);

#endif
