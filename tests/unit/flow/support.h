/* Flows to read: recorded ones, and ones made by hand. */
#ifndef MF_TESTS_UNIT_FLOW_SUPPORT_H
#define MF_TESTS_UNIT_FLOW_SUPPORT_H

#include "../cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "flow/flow.h"
#include "flow/record.h"
#include "mitmflow/v1/mitmflow.pb-c.h"
#include "mitmproxy/v1/mitmproxy.pb-c.h"
#include "pb/wire.h"

#define EVENT(name) MITMPROXY__V1__EVENT_TYPE__EVENT_TYPE_##name

/* A recorded ExportFlowRequest from the folder in MF_TEST_MESSAGES. */
void load_message(const char *name, struct mf_buf *ret_message);
struct mf_flow *load_flow(const char *name);

/* The unpacked summary of a record made of `flow`; free_unpacked() it. */
Mitmflow__V1__FlowSummary *summary_of(struct mf_flow *flow);

/* An ExportFlowRequest of `event` around the bytes of one typed flow. */
void wrap(uint32_t type, const struct mf_buf *body, unsigned event,
          struct mf_buf *ret_message);

/* wrap() and read; the rc is the reader's, `body` is released. */
int read_body(uint32_t type, struct mf_buf *body, unsigned event,
              struct mf_flow **ret_flow);

void put_text(struct mf_buf *buf, uint32_t number, const char *text);
/* A HeaderField or map entry as field `number`. */
void put_pair(struct mf_buf *buf, uint32_t number, const char *name,
              const char *value);

/* True if each_text() visits exactly this text. */
bool visits(const struct mf_flow *flow, const char *text, size_t len);

#endif
