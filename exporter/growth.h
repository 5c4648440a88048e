/*
 * mf_growth: when a flow that grows by messages (WebSocket, TCP, UDP) is
 * sent again as a whole.
 *
 * The first message is told at once. After that a snapshot is due when the
 * number of messages or of bytes has doubled since the last, or when the
 * last is long enough ago: 100 ms, and so long that the flow has cost no
 * more than MF_GROWTH_BYTES_PER_S meanwhile. What a flow costs is then
 * bounded by twice its size, and by a rate, so it stays near linear.
 *
 * What came after the last snapshot and is not due yet waits for the next
 * message or the flow's end, or for someone to ask mf_growth_due() again.
 *
 * Thread:  one at a time. Units: bytes, ns.
 */
#ifndef MF_EXPORTER_GROWTH_H
#define MF_EXPORTER_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_GROWTH_BYTES_PER_S = 131072 };

struct mf_growth;

/* NULL: out of memory. */
struct mf_growth *mf_growth_new(void);
void mf_growth_free(struct mf_growth *growth); /* NULL is allowed */

/*
 * Flow `id` has `count` messages, the last of them `len` bytes, at `now_ns`.
 * True if a snapshot is due; the caller then sends one and tells
 * mf_growth_sent(). True also when memory is out: better twice than never.
 */
bool mf_growth_add(struct mf_growth *growth, const void *id, size_t id_len,
                   size_t count, size_t len, int64_t now_ns);

/* A snapshot of flow `id` of `len` bytes was sent. */
void mf_growth_sent(struct mf_growth *growth, const void *id, size_t id_len,
                    size_t len, int64_t now_ns);

/*
 * When the messages of `id` that are not told yet fall due without another
 * one; 0 if all are told.
 */
int64_t mf_growth_due_ns(const struct mf_growth *growth, const void *id,
                         size_t id_len);

/* The flow has ended. */
void mf_growth_forget(struct mf_growth *growth, const void *id, size_t id_len);

/* Flows that are followed; at most 65,536, beyond which all start anew. */
size_t mf_growth_count(const struct mf_growth *growth);

#endif
