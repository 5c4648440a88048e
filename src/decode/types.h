/*
 * mf_types: the protobuf message types that are known: of descriptor sets
 * (--descriptor-set), of reflection answers that passed by, and those that
 * every server may send (google.protobuf, google.rpc, health, reflection).
 * Sets win over answers, and an earlier answer over a later one.
 *
 * Thread:  reading from any, at once, while one adds: a reader sees all of an
 *          addition or none, and waits for nobody.
 */
#ifndef MF_DECODE_TYPES_H
#define MF_DECODE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "pb/layer.h"

struct mf_types;

/* MF_ENOMEM */
int mf_types_new(struct mf_types **ret_types);
void mf_types_free(struct mf_types *types); /* NULL is allowed */

/*
 * Put the sets of files in place of those given before: each a binary
 * google.protobuf.FileDescriptorSet of at most 64 MiB. Of files of one name
 * the first counts. `err` names the set, the file and what does not resolve,
 * and then nothing has changed.
 *  MF_ENOENT, MF_EACCES, MF_EIO, MF_EFULL, MF_ECORRUPT, MF_ENOMEM
 */
int mf_types_load(struct mf_types *types, const char *const *paths,
                  size_t count, struct mf_err *err);

/* What is learned, at most. */
enum { MF_TYPES_FILES_MAX = 10000 };
#define MF_TYPES_FILES_MAX_LEN ((size_t)16 << 20)

/*
 * Learn from the answer of a gRPC reflection service (both its versions): a
 * ServerReflectionResponse. What contradicts a file that is known is left
 * out; what misses an import waits for it; all past the limits above is left
 * out. `origin` says where the answer is from, and is told with its files.
 * True: something new is known.
 */
bool mf_types_learn(struct mf_types *types, uint64_t origin,
                    const uint8_t *answer, size_t len);

/* ---- Files that somebody keeps, so that they are known again later ---- */

struct mf_types_file {
    uint64_t origin;
    struct mf_span name;
    struct mf_span bytes; /* a google.protobuf.FileDescriptorProto */
};

/*
 * Hand over the files that were learned since the last call, and those that
 * came again after mf_types_lost(), each borrowed for its call. False: it
 * cannot be kept, and is handed over when it comes again.
 */
typedef bool mf_types_keep(void *user, const struct mf_types_file *file);
void mf_types_hand_over(struct mf_types *types, mf_types_keep *keep,
                        void *user);

/* Some of what was handed over may be lost. Never waits. */
void mf_types_lost(struct mf_types *types);

/*
 * Learn what was handed over (their names are read from the bytes), in any
 * order: nothing in it is trusted, and the same is left out as by
 * mf_types_learn(). It is not handed over again. Returns how many files are
 * known of it.
 */
size_t mf_types_restore(struct mf_types *types,
                        const struct mf_types_file *files, size_t count);

/* How many message types are known of sets and of answers, for the log. */
size_t mf_types_count(const struct mf_types *types);

/* ---- Reading ---- */

/* What is known at one time. NULL knows nothing. */
struct mf_typeset;

/* A reference to what is known now, to be given back; `types` may be NULL. */
struct mf_typeset *mf_types_now(const struct mf_types *types);
void mf_typeset_unref(struct mf_typeset *set); /* NULL is allowed */

/* "package.Message"; NULL: it is not known. */
const struct mf_message_type *mf_typeset_message(const struct mf_typeset *set,
                                                 struct mf_span full_name);

/* By what follows the last slash ("type.googleapis.com/package.Message"). */
const struct mf_message_type *mf_typeset_of_url(const struct mf_typeset *set,
                                                struct mf_span url);

/* What the method of a path or URL takes and gives, by its last two parts
 * ("/prefix/package.Service/Method?query"); false: it is not known. */
bool mf_typeset_method(const struct mf_typeset *set, struct mf_span path,
                       const struct mf_message_type **ret_input,
                       const struct mf_message_type **ret_output);

#endif
