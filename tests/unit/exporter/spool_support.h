/* A spool in a folder of its own, records that tell which they are, and what
 * was told as lost. */
#ifndef MF_TESTS_UNIT_EXPORTER_SPOOL_SUPPORT_H
#define MF_TESTS_UNIT_EXPORTER_SPOOL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exporter/spool/spool.h"

enum { RECORDS_CAP = 20000 };

struct losses {
    uint64_t count;
    int64_t from_ns;
    int64_t to_ns;
    const char *reason; /* the last one's */
};

struct world {
    char dir[64];
    char spool_dir[80]; /* in it */
    struct mf_spool *spool;
    uint64_t max_bytes;
    struct losses losses;
    mf_spool_position positions[RECORDS_CAP]; /* by number */
};

/* cmocka setup and teardown: *state is a struct world without a spool. */
int setup_world(void **state);
int teardown_world(void **state);

void open_spool(struct world *world);
void close_spool(struct world *world);

/* Record `number` of about `len` bytes that no compression makes small, at the
 * time `number`. What mf_spool_add() returns. */
int try_add(struct world *world, uint32_t number, size_t len);
void add(struct world *world, uint32_t number, size_t len);
void add_range(struct world *world, uint32_t from, uint32_t to, size_t len);

/* The next record, which must be whole: its number. -1: there is none. */
int64_t next(struct world *world, mf_spool_position *ret_position);

/* All that follow are these, in order. */
void expect_range(struct world *world, uint32_t from, uint32_t to);
void expect_none(struct world *world);

void ack_range(struct world *world, uint32_t from, uint32_t to);

struct mf_spool_stats stats_of(struct world *world);

/* Files in the folder of that ending. */
int count_files(const struct world *world, const char *ending);
/* The path of the `nth` segment, by age. */
void segment_path(const struct world *world, int nth, char *path, size_t cap);

/* As if the process had been killed now: its files as they are, without it.
 * The spool of `world` is then one that has adopted them. */
void kill_and_reopen(struct world *world);

void run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
