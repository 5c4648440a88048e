/*
 * mf_growth: when a flow that grows by messages (WebSocket, TCP, UDP) is
 * told again, and whether whole or by its new messages alone.
 *
 * The first message is told at once, with the whole flow. After that, to a
 * server that takes appends, new messages are due MF_GROWTH_APPEND_NS after
 * the last ones. To another a snapshot is due when the
 * number of messages or of bytes has doubled since the last, or when the
 * last is long enough ago: 100 ms, and so long that the flow has cost no
 * more than MF_GROWTH_BYTES_PER_S meanwhile. What a flow costs is then
 * bounded by twice its size, and by a rate, so it stays near linear.
 *
 * The same holds for a flow that a server wants whole because it has lost it:
 * even one that loses it again and again costs no more.
 *
 * What came after what was told last and is not due yet waits for the next
 * message or the flow's end, or for someone to ask mf_growth_due() again.
 *
 * An id has at most MF_FLOW_ID_CAP bytes; others are not followed.
 *
 * Thread:  one at a time. Units: bytes, ns.
 */
#ifndef MF_EXPORTER_GROWTH_H
#define MF_EXPORTER_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MF_GROWTH_BYTES_PER_S = 131072 };
#define MF_GROWTH_APPEND_NS ((int64_t)20000000)

enum mf_growth_way { MF_GROWTH_WAIT, MF_GROWTH_WHOLE, MF_GROWTH_APPEND };

struct mf_growth;

/* NULL: out of memory. */
struct mf_growth *mf_growth_new(void);
void mf_growth_free(struct mf_growth *growth); /* NULL is allowed */

/*
 * Whether the server takes appends; not at first.
 */
void mf_growth_set_appends(struct mf_growth *growth, bool appends);

/*
 * Flow `id` has `count` messages, the last of them `len` bytes, at `now_ns`.
 * What is due; the caller then sends that and tells mf_growth_sent() or
 * mf_growth_appended(). The whole also when memory is out: better twice than
 * never.
 */
enum mf_growth_way mf_growth_add(struct mf_growth *growth, const void *id,
                                 size_t id_len, size_t count, size_t len,
                                 int64_t now_ns);

/* A snapshot of flow `id` of `len` bytes was sent, with its first `told`
 * messages. */
void mf_growth_sent(struct mf_growth *growth, const void *id, size_t id_len,
                    size_t told, size_t len, int64_t now_ns);

/* Its messages up to the first `told` were sent. */
void mf_growth_appended(struct mf_growth *growth, const void *id, size_t id_len,
                        size_t told, int64_t now_ns);

/*
 * How many of its messages were told, so that an append may begin with the
 * next; 0: the whole has to be sent.
 */
size_t mf_growth_told(const struct mf_growth *growth, const void *id,
                      size_t id_len);

/* Bytes of its messages, those that were added. */
uint64_t mf_growth_bytes(const struct mf_growth *growth, const void *id,
                         size_t id_len);

/* The server has not got it: false if it is not followed. */
bool mf_growth_want_whole(struct mf_growth *growth, const void *id,
                          size_t id_len);

/*
 * When what is not told yet of `id` falls due without another message; 0 if
 * all is told.
 */
int64_t mf_growth_due_ns(const struct mf_growth *growth, const void *id,
                         size_t id_len);

/* The flow has ended. */
void mf_growth_forget(struct mf_growth *growth, const void *id, size_t id_len);

/* Flows that are followed; at most 65,536, beyond which all start anew. */
size_t mf_growth_count(const struct mf_growth *growth);

#endif
