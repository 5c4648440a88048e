/* Types that are known, and files and answers to learn them from. */
#ifndef MF_TESTS_UNIT_DECODE_TYPES_SUPPORT_H
#define MF_TESTS_UNIT_DECODE_TYPES_SUPPORT_H

#include "../cmocka.h"

#include <string.h>

#include "decode/types.h"
#include "pb/wire.h"

enum { FILE_NAME = 1, FILE_IMPORT = 3 };

static inline struct mf_types *new_types(void)
{
    struct mf_types *types;
    assert_int_equal(mf_types_new(&types), 0);
    return types;
}

static inline bool knows(const struct mf_types *types, const char *name)
{
    struct mf_typeset *set = mf_types_now(types);
    bool is_known =
        mf_typeset_message(set, (struct mf_span){name, strlen(name)}) != NULL;
    mf_typeset_unref(set);
    return is_known;
}

/* Learn from an answer of `origin` with these files. */
static inline bool learn_of(struct mf_types *types, uint64_t origin,
                            const struct mf_wire_field *files, size_t count)
{
    struct mf_buf answer;
    size_t mark;
    mf_buf_init(&answer, 4 << 20);
    assert_int_equal(mf_wire_begin(&answer, 4, &mark), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(
            mf_wire_put_bytes(&answer, 1, files[i].data, files[i].len), 0);
    assert_int_equal(mf_wire_end(&answer, mark), 0);
    bool is_new = mf_types_learn(types, origin, answer.data, answer.len);
    mf_buf_release(&answer);
    return is_new;
}

static inline bool learn(struct mf_types *types,
                         const struct mf_wire_field *files, size_t count)
{
    return learn_of(types, 1, files, count);
}

/* A file `name` with a message `message` in package "p" that imports
 * `import`, unless it is NULL. */
static inline struct mf_wire_field make_file(struct mf_buf *buf,
                                             const char *name,
                                             const char *message,
                                             const char *import)
{
    enum { PACKAGE = 2, MESSAGE = 4 };
    size_t mark;
    mf_buf_clear(buf);
    assert_int_equal(mf_wire_put_bytes(buf, FILE_NAME, name, strlen(name)), 0);
    assert_int_equal(mf_wire_put_bytes(buf, PACKAGE, "p", 1), 0);
    if (import)
        assert_int_equal(
            mf_wire_put_bytes(buf, FILE_IMPORT, import, strlen(import)), 0);
    assert_int_equal(mf_wire_begin(buf, MESSAGE, &mark), 0);
    assert_int_equal(mf_wire_put_bytes(buf, 1, message, strlen(message)), 0);
    assert_int_equal(mf_wire_end(buf, mark), 0);
    return (struct mf_wire_field){.data = buf->data, .len = buf->len};
}

#endif
