/* mf_label: what a message of the exporter's is about, beside its bytes. */
#ifndef MF_EXPORTER_LABEL_H
#define MF_EXPORTER_LABEL_H

#include <stdbool.h>
#include <stdint.h>

enum mf_kind {
    MF_KIND_WHOLE = 1,  /* ExportFlowRequest.flow: all that is known */
    MF_KIND_PART,       /* .part */
    MF_KIND_APPEND,     /* .append */
    MF_KIND_CONNECTION, /* .connection */
    MF_KIND_LOSS,       /* .loss; made by the sender */
    MF_KIND_RULES,      /* how all that follows is redacted; goes nowhere */
};

enum { MF_FLOW_ID_CAP = 64 };

/* What a message is about. */
struct mf_label {
    enum mf_kind kind;
    unsigned event; /* mitmproxy.v1.EventType */
    bool is_end;    /* the flow has ended with it */
    bool grows;     /* a flow with messages of its own (WebSocket, TCP, UDP):
                       only the hooks can send it whole again */
    uint8_t id_len; /* of the flow; 0 for a connection's event */
    char id[MF_FLOW_ID_CAP];
    int64_t at_ns; /* wall clock, when it happened */
};

#endif
