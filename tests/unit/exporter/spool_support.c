#include "spool_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum { HEAD_LEN = 8 };

int setup_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    strcpy(world->dir, "/tmp/mitmflow-spool-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    snprintf(world->spool_dir, sizeof world->spool_dir, "%s/spool", world->dir);
    world->max_bytes = (uint64_t)1 << 30;
    *state = world;
    return 0;
}

int teardown_world(void **state)
{
    struct world *world = *state;
    mf_spool_close(world->spool);
    run_command("rm -rf %s", world->dir);
    free(world);
    return 0;
}

void run_command(const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

static void on_loss(void *user, uint64_t count, int64_t from_ns, int64_t to_ns,
                    const char *reason)
{
    struct losses *losses = user;
    if (losses->count == 0 || from_ns < losses->from_ns)
        losses->from_ns = from_ns;
    if (losses->count == 0 || to_ns > losses->to_ns)
        losses->to_ns = to_ns;
    losses->count += count;
    losses->reason = reason;
}

void open_spool(struct world *world)
{
    struct mf_err err = {0};
    const struct mf_spool_opts opts = {.dir = world->spool_dir,
                                       .max_bytes = world->max_bytes,
                                       .on_loss = on_loss,
                                       .user = &world->losses};
    if (mf_spool_open(&opts, &world->spool, &err))
        fail_msg("%s", err.text);
}

void close_spool(struct world *world)
{
    mf_spool_close(world->spool);
    world->spool = NULL;
}

/* ---- records ---- */

/* The number, and then bytes that it determines. */
static void fill(uint8_t *data, uint32_t number, size_t len)
{
    uint32_t state = number * 2654435761u + 1;
    memcpy(data, &number, 4);
    uint32_t len32 = (uint32_t)len;
    memcpy(data + 4, &len32, 4);
    for (size_t i = HEAD_LEN; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        data[i] = (uint8_t)state;
    }
}

static struct mf_label label_of(uint32_t number)
{
    struct mf_label label = {.kind =
                                 number % 2 ? MF_KIND_WHOLE : MF_KIND_APPEND,
                             .event = number % 30,
                             .is_end = number % 3 == 0,
                             .grows = number % 2 == 0,
                             .at_ns = number};
    label.id_len = (uint8_t)snprintf(label.id, sizeof label.id, "flow-%u",
                                     (unsigned)number);
    return label;
}

/* In two runs with a body of its own between them, where there is room. */
int try_add(struct world *world, uint32_t number, size_t len)
{
    const struct mf_label label = label_of(number);
    len = len < HEAD_LEN ? HEAD_LEN : len;
    uint8_t *data = malloc(len);
    assert_non_null(data);
    fill(data, number, len);
    size_t cut = len > 1000 ? len / 2 : 0;
    uint8_t *outer = malloc(len - cut);
    assert_non_null(outer);
    memcpy(outer, data, 300 < len - cut ? 300 : len - cut);
    if (len - cut > 300)
        memcpy(outer + 300, data + 300 + cut, len - cut - 300);
    const struct mf_splice splice = {300, data + 300, cut, NULL};
    const struct mf_spliced message = {outer, len - cut, &splice, cut != 0};
    mf_spool_position position;
    int rc = mf_spool_add(world->spool, &label, &message, &position);
    if (rc == 0) {
        assert_true(position > 0);
        if (number < RECORDS_CAP)
            world->positions[number] = position;
    }
    free(outer);
    free(data);
    return rc;
}

void add(struct world *world, uint32_t number, size_t len)
{
    assert_int_equal(try_add(world, number, len), 0);
}

void add_range(struct world *world, uint32_t from, uint32_t to, size_t len)
{
    for (uint32_t i = from; i < to; i++)
        add(world, i, len);
}

int64_t next(struct world *world, mf_spool_position *ret_position)
{
    struct mf_spool_item item;
    int rc;
    while ((rc = mf_spool_next(world->spool, &item)) == MF_EBUSY)
        ;
    if (rc == MF_ENOENT)
        return -1;
    assert_int_equal(rc, 0);
    uint32_t number;
    assert_true(item.len >= HEAD_LEN);
    memcpy(&number, item.data, 4);
    uint8_t *wanted = malloc(item.len);
    assert_non_null(wanted);
    fill(wanted, number, item.len);
    assert_memory_equal(item.data, wanted, item.len);
    free(wanted);
    const struct mf_label label = label_of(number);
    assert_int_equal(item.label.kind, label.kind);
    assert_int_equal(item.label.event, label.event);
    assert_int_equal(item.label.is_end, label.is_end);
    assert_int_equal(item.label.grows, label.grows);
    assert_int_equal(item.label.at_ns, label.at_ns);
    assert_int_equal(item.label.id_len, label.id_len);
    assert_memory_equal(item.label.id, label.id, label.id_len);
    if (ret_position)
        *ret_position = item.position;
    if (number < RECORDS_CAP)
        world->positions[number] = item.position;
    return number;
}

void expect_range(struct world *world, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        assert_int_equal(next(world, NULL), i);
}

void expect_none(struct world *world)
{
    assert_int_equal(next(world, NULL), -1);
}

void ack_range(struct world *world, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        mf_spool_ack(world->spool, world->positions[i]);
}

struct mf_spool_stats stats_of(struct world *world)
{
    struct mf_spool_stats stats;
    mf_spool_get_stats(world->spool, &stats);
    return stats;
}

/* ---- files ---- */

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name), ending_len = strlen(ending);
    return len >= ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static int compare_entries(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int count_files(const struct world *world, const char *ending)
{
    struct dirent **entries;
    int found = 0, count = scandir(world->spool_dir, &entries, NULL, NULL);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        found += ends_with(entries[i]->d_name, ending);
        free(entries[i]);
    }
    free(entries);
    return found;
}

void segment_path(const struct world *world, int nth, char *path, size_t cap)
{
    struct dirent **entries;
    int count = scandir(world->spool_dir, &entries, NULL, compare_entries);
    assert_true(count >= 0);
    path[0] = '\0';
    for (int i = 0; i < count; i++) {
        if (ends_with(entries[i]->d_name, ".seg") && nth-- == 0)
            snprintf(path, cap, "%s/%s", world->spool_dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    assert_true(path[0] != '\0');
}

void kill_and_reopen(struct world *world)
{
    run_command("cp -r %s %s/copy", world->spool_dir, world->dir);
    close_spool(world);
    run_command("rm -rf %s && mv %s/copy %s", world->spool_dir, world->dir,
                world->spool_dir);
    memset(&world->losses, 0, sizeof world->losses);
    open_spool(world);
}
