/* Field numbers of connections, for those who write .mitm files and read
 * them. Private to src/export/mitm_*_conn.c. */
#ifndef MF_EXPORT_MITM_CONN_H
#define MF_EXPORT_MITM_CONN_H

/* Numbers of ClientConn and ServerConn. */
enum {
    PEERNAME = 1, /* a host; its port is the next */
    SOCKNAME = 3,
    STATE = 5,
    ID = 6,
    TRANSPORT = 7,
    ERROR = 8,
    TLS = 9,
    CERTS = 10,
    ALPN = 11,
    ALPN_OFFERS = 12,
    CIPHER = 13,
    CIPHERS = 14,
    TLS_VERSION = 15,
    SNI = 16,
    START = 17,
    END = 18,
    TLS_SETUP = 19,
    MITMCERT = 20, /* of clients, as the next */
    PROXY_MODE = 21,
    ADDRESS = 20, /* of servers, as the next two */
    TCP_SETUP = 22,
    VIA = 23,
};

#endif
