/*
 * The events that mitmproxy tells of a flow or a connection: X(hook, number in
 * mitmproxy.v1.EventType, kind of flow, what it means for the flow's life).
 */
#ifndef MF_EXPORTER_EVENTS_H
#define MF_EXPORTER_EVENTS_H

#define MF_EVENT_MAP(X)                                  \
    X(requestheaders, 1, HTTP, GOES_ON)                  \
    X(request, 2, HTTP, GOES_ON)                         \
    X(responseheaders, 3, HTTP, GOES_ON)                 \
    X(response, 4, HTTP, ENDS)                           \
    X(error, 5, HTTP, ENDS)                              \
    X(http_connect, 6, HTTP, GOES_ON)                    \
    X(http_connect_upstream, 7, HTTP, GOES_ON)           \
    X(http_connected, 8, HTTP, ENDS)                     \
    X(http_connect_error, 9, HTTP, ENDS)                 \
    X(dns_request, 10, DNS, GOES_ON)                     \
    X(dns_response, 11, DNS, ENDS)                       \
    X(dns_error, 12, DNS, ENDS)                          \
    X(tcp_start, 13, TCP, GOES_ON)                       \
    X(tcp_message, 14, TCP, GROWS)                       \
    X(tcp_end, 15, TCP, ENDS)                            \
    X(tcp_error, 16, TCP, ENDS)                          \
    X(udp_start, 17, UDP, GOES_ON)                       \
    X(udp_message, 18, UDP, GROWS)                       \
    X(udp_end, 19, UDP, ENDS)                            \
    X(udp_error, 20, UDP, ENDS)                          \
    X(websocket_start, 30, HTTP, GOES_ON)                \
    X(websocket_message, 31, HTTP, GROWS)                \
    X(websocket_end, 32, HTTP, ENDS)                     \
    X(tls_failed_client, 28, CONNECTION, TLS_CLIENT)     \
    X(tls_failed_server, 29, CONNECTION, TLS_SERVER)     \
    X(client_connected, 100, CONNECTION, CLIENT_SIDE)    \
    X(client_disconnected, 101, CONNECTION, CLIENT_SIDE) \
    X(server_connected, 103, CONNECTION, SERVER_SIDE)    \
    X(server_disconnected, 104, CONNECTION, SERVER_SIDE) \
    X(server_connect_error, 105, CONNECTION, SERVER_SIDE)

enum mf_event_kind {
    MF_EVENT_HTTP = 1, /* the field numbers of mitmproxy.v1.Flow */
    MF_EVENT_DNS = 2,
    MF_EVENT_TCP = 3,
    MF_EVENT_UDP = 4,
    MF_EVENT_CONNECTION = 5, /* none: an event of a connection itself */
};

enum mf_event_life {
    MF_EVENT_GOES_ON,
    MF_EVENT_GROWS,
    MF_EVENT_ENDS,
    /* Of a connection's event: what the hook is given. */
    MF_EVENT_CLIENT_SIDE, /* a Client */
    MF_EVENT_SERVER_SIDE, /* a ServerConnectionHookData */
    MF_EVENT_TLS_CLIENT,  /* a TlsData of the client's side */
    MF_EVENT_TLS_SERVER,
};

struct mf_event {
    const char *name;
    unsigned number;
    enum mf_event_kind kind;
    enum mf_event_life life;
};

#define MF_EVENT_INDEX(name, number, kind, life) MF_EVENT_AT_##name,
enum mf_event_index { MF_EVENT_MAP(MF_EVENT_INDEX) MF_EVENT_COUNT };
#undef MF_EVENT_INDEX

extern const struct mf_event mf_events[MF_EVENT_COUNT];

#endif
