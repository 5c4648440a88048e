/*
 * mf_group_writer: the postings of one group, from the signatures of its
 * frames, in pieces of work inside transactions of the caller.
 *
 * What is in memory of a group can be made again from the database: after an
 * error or a rollback it is abandoned.
 *
 * Thread:  the writer's.
 */
#ifndef MF_STORE_GROUP_WRITER_H
#define MF_STORE_GROUP_WRITER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/signature.h"

enum { MF_GROUP_WRITER_STATEMENTS = 2 };

struct mf_group_writer {
    sqlite3_stmt *stmts[MF_GROUP_WRITER_STATEMENTS];
    struct mf_buf out;

    /* The group in work, if there are postings. */
    struct mf_postings *postings;
    struct mf_frame_set binary;
    uint64_t group;
    bool has_frames;
    size_t next_part;
};

int mf_group_writer_init(struct mf_group_writer *writer, sqlite3 *db,
                         struct mf_err *err);
void mf_group_writer_release(struct mf_group_writer *writer);

bool mf_group_writer_is_at(const struct mf_group_writer *writer,
                           uint64_t group);
int mf_group_writer_begin(struct mf_group_writer *writer, uint64_t group,
                          struct mf_err *err);
void mf_group_writer_abandon(struct mf_group_writer *writer);

/* Frame `frame` of the group has this encoded signature. One that is damaged
 * is left out: it finds nothing now and finds nothing later, and `check`
 * tells. */
int mf_group_writer_add(struct mf_group_writer *writer, uint64_t frame,
                        bool has_binary, const void *signature, size_t len,
                        struct mf_err *err);

/* Write parts until `until_ns` (monotonic): 1 there are more, 0 all is
 * written, or an error. */
int mf_group_writer_put(struct mf_group_writer *writer, int64_t until_ns,
                        struct mf_err *err);

#endif
