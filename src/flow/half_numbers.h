/*
 * Field numbers of mitmproxy.v1 that Request and Response have in common. (What
 * the published schema has they number differently.)
 */
#ifndef MF_FLOW_HALF_NUMBERS_H
#define MF_FLOW_HALF_NUMBERS_H

enum {
    MF_HALF_HEADER_FIELDS = 100,
    MF_HALF_TRAILER_FIELDS = 101,
    MF_HALF_RAW_CONTENT = 102,
    MF_HALF_CONTENT_SIZE = 103,
    MF_HALF_CONTENT_CHANGED = 104,
    MF_HALF_CONTENT_LEFT_OUT = 105,
    MF_HALF_STREAMED = 106,
};

#endif
