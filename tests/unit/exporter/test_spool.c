#include "spool_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* ---- one process ---- */

static void records_come_back_in_order(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 1000, 2500);
    expect_range(world, 0, 1000);
    expect_none(world);
    add_range(world, 1000, 1001, 10);
    expect_range(world, 1000, 1001);
    expect_none(world);
    assert_int_equal(world->losses.count, 0);
}

static void what_is_not_acknowledged_comes_again_after_a_rewind(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 300, 2500);
    expect_range(world, 0, 200);
    ack_range(world, 0, 50);
    ack_range(world, 60, 100);
    assert_int_equal(stats_of(world).records, 210);
    assert_int_equal(stats_of(world).unread, 100);
    mf_spool_rewind(world->spool);
    assert_int_equal(stats_of(world).unread, 210);
    expect_range(world, 50, 60);
    expect_range(world, 100, 300);
    expect_none(world);
    assert_int_equal(stats_of(world).unread, 0);
}

static void an_idle_spool_has_no_segment(void **state)
{
    struct world *world = *state;
    open_spool(world);
    assert_int_equal(count_files(world, ".seg"), 0);
    for (int round = 0; round < 3; round++) {
        add_range(world, 0, 100, 2500);
        assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
        assert_int_equal(count_files(world, ".seg"), 1);
        ack_range(world, 0, 100);
        assert_int_equal(count_files(world, ".seg"), 0);
        assert_int_equal(stats_of(world).bytes, 0);
        assert_int_equal(stats_of(world).records, 0);
    }
    close_spool(world);
    assert_int_equal(count_files(world, ".lock"), 0);
}

static void
what_is_acknowledged_before_it_is_written_is_never_written(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 20, 100);
    assert_true(mf_spool_gathered(world->spool) > 2000);
    ack_range(world, 0, 20);
    assert_int_equal(mf_spool_gathered(world->spool), 0);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    assert_int_equal(count_files(world, ".seg"), 0);
    add_range(world, 20, 21, 100);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    /* Gathered and acknowledged between others: no gap that looks like loss. */
    add_range(world, 21, 30, 100);
    ack_range(world, 21, 30);
    add_range(world, 30, 31, 100);
    kill_and_reopen(world);
    expect_range(world, 20, 21);
    expect_none(world);
    assert_int_equal(world->losses.count, 0);
}

static void acknowledgements_may_come_in_any_order(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 6000, 2500);
    assert_true(count_files(world, ".seg") > 1);
    expect_range(world, 0, 6000);
    unsigned seed = 1;
    static uint32_t order[6000];
    for (uint32_t i = 0; i < 6000; i++)
        order[i] = i;
    for (uint32_t i = 5999; i > 0; i--) {
        uint32_t j = (uint32_t)rand_r(&seed) % (i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (int i = 0; i < 6000; i++) {
        mf_spool_ack(world->spool, world->positions[order[i]]);
        mf_spool_ack(world->spool, world->positions[order[i]]);
        if (i % 500 == 0)
            assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    }
    assert_int_equal(stats_of(world).records, 0);
    assert_int_equal(count_files(world, ".seg"), 0);
    mf_spool_ack(world->spool, 0);
    mf_spool_ack(world->spool, UINT64_MAX);
}

static void a_long_record_comes_back_whole(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add(world, 0, 100);
    add(world, 1, 16 << 20);
    add(world, 2, 100);
    expect_range(world, 0, 3);
    assert_int_equal(try_add(world, 3, MF_SPOOL_RECORD_MAX + 1), MF_EFULL);
    kill_and_reopen(world);
    expect_range(world, 0, 3);
    assert_int_equal(world->losses.count, 0);
}

static void a_million_records_come_back(void **state)
{
    struct world *world = *state;
    static const uint8_t data[200];
    const struct mf_label label = {.kind = MF_KIND_WHOLE};
    const struct mf_spliced message = {data, sizeof data, NULL, 0};
    mf_spool_position position, before = 0;
    open_spool(world);
    for (int i = 0; i < 1000000; i++) {
        assert_int_equal(
            mf_spool_add(world->spool, &label, &message, &position), 0);
        assert_true(position > before);
        before = position;
    }
    assert_int_equal(stats_of(world).records, 1000000);
    struct mf_spool_item item;
    for (int i = 0; i < 1000000; i++) {
        assert_int_equal(mf_spool_next(world->spool, &item), 0);
        mf_spool_ack(world->spool, item.position);
    }
    assert_int_equal(stats_of(world).records, 0);
    assert_int_equal(count_files(world, ".seg"), 0);
}

static void a_number_is_remembered_by_the_folder(void **state)
{
    struct world *world = *state;
    char path[160];
    open_spool(world);
    assert_int_equal(mf_spool_remembered(world->spool), 0);
    mf_spool_remember(world->spool, UINT64_MAX);
    mf_spool_remember(world->spool, 12345);
    assert_int_equal(mf_spool_remembered(world->spool), 12345);
    close_spool(world);
    open_spool(world);
    assert_int_equal(mf_spool_remembered(world->spool), 12345);
    snprintf(path, sizeof path, "%s/server", world->spool_dir);
    assert_int_equal(truncate(path, 7), 0);
    assert_int_equal(mf_spool_remembered(world->spool), 0);
    run_command("rm %s && ln -s /etc/passwd %s", path, path);
    assert_int_equal(mf_spool_remembered(world->spool), 0);
    mf_spool_remember(world->spool, 1);
    run_command("rm %s && mkfifo %s", path, path);
    assert_int_equal(mf_spool_remembered(world->spool), 0);
    mf_spool_remember(world->spool, 1);
}

/* ---- after a death ---- */

static void what_was_flushed_outlives_the_process(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 5000, 2500);
    expect_range(world, 0, 100);
    ack_range(world, 0, 70);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    kill_and_reopen(world);
    assert_int_equal(stats_of(world).records, 4930);
    add(world, 5000, 2500);
    expect_range(world, 70, 5001);
    expect_none(world);
    /* And a second one. */
    ack_range(world, 70, 4000);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    kill_and_reopen(world);
    expect_range(world, 4000, 5001);
    expect_none(world);
    assert_int_equal(world->losses.count, 0);
    ack_range(world, 4000, 5001);
    assert_int_equal(count_files(world, ".seg"), 0);
    assert_int_equal(count_files(world, ".lock"), 1);
}

static void what_is_left_at_the_end_is_there_at_the_next_start(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 10, 2500);
    ack_range(world, 0, 3);
    close_spool(world);
    open_spool(world);
    expect_range(world, 3, 10);
    expect_none(world);
}

static void a_file_that_is_cut_anywhere_loses_its_tail_only(void **state)
{
    struct world *world = *state;
    char path[160];
    struct stat stat_of_it;
    open_spool(world);
    for (uint32_t i = 0; i < 20; i++) {
        add(world, i, 50);
        assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    }
    segment_path(world, 0, path, sizeof path);
    assert_int_equal(stat(path, &stat_of_it), 0);
    run_command("cp -r %s %s/kept", world->spool_dir, world->dir);
    close_spool(world);
    for (off_t len = 0; len <= stat_of_it.st_size; len += 7) {
        run_command("rm -rf %s && cp -r %s/kept %s", world->spool_dir,
                    world->dir, world->spool_dir);
        segment_path(world, 0, path, sizeof path);
        assert_int_equal(truncate(path, len), 0);
        memset(&world->losses, 0, sizeof world->losses);
        open_spool(world);
        uint32_t found = 0;
        while (next(world, NULL) == (int64_t)found)
            found++;
        assert_true((off_t)found * (48 + 50) <= len);
        assert_true(len < 32 || (len - 32) / 200 <= (off_t)found);
        /* At most the record that was torn is known to be lost. */
        assert_in_range(world->losses.count, 0, 1);
        /* What is added then is found, too. */
        add(world, found, 50);
        close_spool(world);
        open_spool(world);
        expect_range(world, 0, found + 1);
        expect_none(world);
        close_spool(world);
    }
}

static void flip(const char *path, off_t at, uint8_t mask)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void a_flipped_bit_loses_its_block_and_that_is_counted(void **state)
{
    struct world *world = *state;
    char path[160];
    struct stat stat_of_it;
    open_spool(world);
    for (uint32_t i = 0; i < 90; i++) {
        add(world, i, 50);
        if (i % 3 == 2)
            assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    }
    segment_path(world, 0, path, sizeof path);
    assert_int_equal(stat(path, &stat_of_it), 0);
    run_command("cp -r %s %s/kept", world->spool_dir, world->dir);
    close_spool(world);
    for (off_t at = 0; at < stat_of_it.st_size; at += 11) {
        run_command("rm -rf %s && cp -r %s/kept %s", world->spool_dir,
                    world->dir, world->spool_dir);
        segment_path(world, 0, path, sizeof path);
        flip(path, at, (uint8_t)(1 << at % 8));
        memset(&world->losses, 0, sizeof world->losses);
        open_spool(world);
        uint64_t found = 0;
        int64_t number, last = -1;
        while ((number = next(world, NULL)) >= 0) {
            assert_true(number > last);
            last = number;
            found++;
        }
        if (at < 20 && found == 0) {
            assert_int_equal(world->losses.count, 1); /* at least */
        } else if (last == 86) {
            /* The last block's header: nothing tells what it had. */
            assert_in_range(world->losses.count, 1, 3);
        } else {
            assert_int_equal(found + world->losses.count, 90);
            assert_in_range(world->losses.count, 0, 3);
        }
        assert_true(world->losses.count == 0 || world->losses.reason);
        close_spool(world);
    }
}

static void damage_in_a_file_that_is_being_written_is_counted_too(void **state)
{
    struct world *world = *state;
    char path[160];
    open_spool(world);
    for (uint32_t i = 0; i < 10; i++) {
        add(world, i, 500);
        assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    }
    segment_path(world, 0, path, sizeof path);
    flip(path, 32 + 5, 1);         /* the first block's header */
    flip(path, 32 + 5000 / 2, 16); /* and the middle of another */
    int found = 0;
    while (next(world, NULL) >= 0)
        found++;
    assert_int_equal(found, 8);
    assert_int_equal(world->losses.count, 2);
    assert_int_equal(stats_of(world).records, 8);
    mf_spool_rewind(world->spool);
    while (next(world, NULL) >= 0)
        found++;
    assert_int_equal(found, 16);
    assert_int_equal(world->losses.count, 2);
}

static void strange_files_in_the_folder_are_left_alone(void **state)
{
    struct world *world = *state;
    const char *dir = world->spool_dir;
    run_command("mkdir -p %s/0000000000000001-0000000000000002.seg/x", dir);
    run_command("echo hello > %s/notes.txt", dir);
    run_command("echo > %s/ffffffffffffffff-0000000000000002.seg", dir);
    run_command("echo > %s/0000000000000001-000000000000000X.seg", dir);
    run_command("ln -s /etc/passwd %s/0000000000000003-0000000000000002.seg",
                dir);
    run_command("mkfifo %s/0000000000000004-0000000000000002.seg", dir);
    run_command("head -c 5000 /dev/zero > "
                "%s/0000000000000005-0000000000000002.seg",
                dir);
    open_spool(world);
    assert_int_equal(world->losses.count, 1); /* the zeroes: at least one */
    assert_int_equal(stats_of(world).records, 0);
    run_command("test -f %s/notes.txt", dir);
    run_command("test -f %s/ffffffffffffffff-0000000000000002.seg", dir);
    expect_none(world);
}

/* ---- limits ---- */

static void past_its_maximum_the_oldest_are_given_up_and_counted(void **state)
{
    struct world *world = *state;
    world->max_bytes = 1 << 20;
    open_spool(world);
    add_range(world, 0, 1000, 2500);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    struct mf_spool_stats stats = stats_of(world);
    assert_in_range(stats.bytes, 1 << 19, 1 << 20);
    assert_in_range(world->losses.count, 500, 900);
    assert_int_equal(world->losses.count + stats.records, 1000);
    assert_int_equal(world->losses.from_ns, 0);
    assert_int_equal(world->losses.to_ns, world->losses.count - 1);
    assert_string_equal(world->losses.reason, "the spool is full");
    expect_range(world, (uint32_t)world->losses.count, 1000);
    expect_none(world);
    assert_int_equal(try_add(world, 1, 2 << 20), MF_EFULL);
}

static void a_smaller_maximum_holds_at_once(void **state)
{
    struct world *world = *state;
    world->max_bytes = 32 << 20;
    open_spool(world);
    add_range(world, 0, 9000, 2500);
    mf_spool_set_max(world->spool, 10 << 20);
    assert_in_range(stats_of(world).bytes, 1, 10 << 20);
    assert_int_equal(world->losses.count + stats_of(world).records, 9000);
    close_spool(world);
    world->max_bytes = 5 << 20;
    open_spool(world);
    assert_in_range(stats_of(world).bytes, 1, 5 << 20);
    assert_int_equal(world->losses.count + stats_of(world).records, 9000);
    expect_range(world, (uint32_t)world->losses.count, 9000);
}

static void what_is_on_its_way_is_lost_only_if_it_comes_back(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 100, 2500);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    expect_range(world, 0, 40);
    assert_true(mf_spool_give_up_oldest(world->spool, "test"));
    assert_int_equal(world->losses.count, 60);
    assert_int_equal(stats_of(world).records, 40);
    assert_int_equal(stats_of(world).bytes, 0);
    ack_range(world, 0, 30);
    add_range(world, 100, 103, 2500);
    expect_range(world, 100, 102);
    assert_int_equal(world->losses.count, 60);
    mf_spool_rewind(world->spool);
    assert_int_equal(world->losses.count, 70);
    assert_string_equal(world->losses.reason, "test");
    expect_range(world, 100, 103);
    expect_none(world);
    ack_range(world, 100, 103);
    assert_int_equal(stats_of(world).records, 0);
    assert_false(mf_spool_give_up_oldest(world->spool, "test"));
    assert_int_equal(count_files(world, ".seg"), 0);
}

static void what_is_gathered_is_not_given_up_with_its_segment(void **state)
{
    struct world *world = *state;
    open_spool(world);
    add_range(world, 0, 5, 2500);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    add_range(world, 5, 8, 2500);
    assert_true(mf_spool_give_up_oldest(world->spool, "test"));
    assert_int_equal(world->losses.count, 5);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    kill_and_reopen(world);
    expect_range(world, 5, 8);
    expect_none(world);
    assert_int_equal(world->losses.count, 0);
}

/* ---- privacy ---- */

static void files_are_the_users_own(void **state)
{
    struct world *world = *state;
    char path[160];
    struct stat stat_of_it;
    mode_t mask = umask(0);
    open_spool(world);
    add(world, 1, 10);
    assert_int_equal(mf_spool_flush(world->spool, NULL), 0);
    umask(mask);
    assert_int_equal(stat(world->spool_dir, &stat_of_it), 0);
    assert_int_equal(stat_of_it.st_mode & 0777, 0700);
    segment_path(world, 0, path, sizeof path);
    assert_int_equal(stat(path, &stat_of_it), 0);
    assert_int_equal(stat_of_it.st_mode & 0777, 0600);
}

static void a_folder_that_others_may_use_is_made_private(void **state)
{
    struct world *world = *state;
    struct stat stat_of_it;
    assert_int_equal(mkdir(world->spool_dir, 0700), 0);
    assert_int_equal(chmod(world->spool_dir, 01777), 0);
    open_spool(world);
    assert_int_equal(stat(world->spool_dir, &stat_of_it), 0);
    assert_int_equal(stat_of_it.st_mode & 07777, 0700);
}

static void a_folder_of_another_user_is_refused(void **state)
{
    struct world *world = *state;
    struct mf_err err = {0};
    const struct mf_spool_opts opts = {.dir = world->spool_dir, .max_bytes = 1};
    assert_int_equal(mkdir(world->spool_dir, 0777), 0);
    if (chown(world->spool_dir, 12345, 12345) != 0)
        skip(); /* for root only */
    assert_int_equal(mf_spool_open(&opts, &world->spool, &err), MF_EACCES);
    assert_non_null(strstr(err.text, world->spool_dir));
    assert_non_null(strstr(err.text, "another user"));
}

static void a_folder_that_cannot_be_made_is_told(void **state)
{
    struct world *world = *state;
    struct mf_err err = {0};
    const struct mf_spool_opts opts = {.dir = world->spool_dir, .max_bytes = 1};
    run_command("touch %s", world->spool_dir);
    assert_int_equal(mf_spool_open(&opts, &world->spool, &err), MF_EIO);
    assert_non_null(strstr(err.text, world->spool_dir));
}

/* ---- several ---- */

static void two_spools_in_one_folder_do_not_disturb_each_other(void **state)
{
    struct world *first = *state;
    struct world *second = calloc(1, sizeof *second);
    assert_non_null(second);
    memcpy(second->spool_dir, first->spool_dir, sizeof second->spool_dir);
    second->max_bytes = first->max_bytes;
    open_spool(first);
    add_range(first, 0, 10, 100);
    assert_int_equal(mf_spool_flush(first->spool, NULL), 0);
    open_spool(second);
    expect_none(second);
    add_range(second, 100, 110, 100);
    expect_range(second, 100, 110);
    expect_range(first, 0, 10);
    close_spool(first);
    expect_none(second);
    open_spool(first);
    expect_range(first, 0, 10);
    expect_none(first);
    close_spool(second);
    free(second);
}

/* A child that opens the folder, writes, tells its parent and waits. */
static pid_t start_child(struct world *world, uint32_t from, uint32_t to,
                         int *ret_told)
{
    int told[2];
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(told[0]);
        open_spool(world);
        for (uint32_t i = from; i < to; i++)
            if (try_add(world, i, 2500))
                _exit(1);
        if (mf_spool_flush(world->spool, NULL) || write(told[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(told[1]);
    *ret_told = told[0];
    return pid;
}

static void wait_told(int told)
{
    char byte;
    assert_int_equal(read(told, &byte, 1), 1);
    close(told);
}

static void end_child(pid_t pid)
{
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void what_a_killed_process_leaves_is_adopted_by_one_other(void **state)
{
    struct world *world = *state;
    int told[2];
    pid_t first = start_child(world, 0, 5000, &told[0]);
    wait_told(told[0]);
    pid_t second = start_child(world, 5000, 5100, &told[1]);
    wait_told(told[1]);
    open_spool(world);
    expect_none(world); /* both live */
    close_spool(world);
    end_child(first);
    open_spool(world);
    expect_range(world, 0, 5000);
    expect_none(world);
    end_child(second);
    struct world *other = calloc(1, sizeof *other);
    assert_non_null(other);
    memcpy(other->spool_dir, world->spool_dir, sizeof other->spool_dir);
    other->max_bytes = world->max_bytes;
    open_spool(other);
    expect_range(other, 5000, 5100);
    expect_none(other);
    ack_range(other, 5000, 5100);
    ack_range(world, 0, 5000);
    close_spool(other);
    close_spool(world);
    free(other);
    assert_int_equal(count_files(world, ".seg"), 0);
    assert_int_equal(count_files(world, ".lock"), 0);
}

static void many_processes_at_a_time_adopt_each_record_once(void **state)
{
    enum { CHILDREN = 8, RECORDS = 4000 };
    struct world *world = *state;
    int ready;
    pid_t owner = start_child(world, 0, RECORDS, &ready);
    wait_told(ready);
    end_child(owner);
    int results[2];
    assert_int_equal(pipe(results), 0);
    pid_t pids[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] > 0)
            continue;
        open_spool(world);
        uint32_t found = 0;
        while (next(world, NULL) >= 0)
            found++;
        ack_range(world, 0, RECORDS);
        close_spool(world);
        _exit(write(results[1], &found, sizeof found) != sizeof found);
    }
    uint32_t sum = 0;
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        uint32_t found;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
        assert_int_equal(read(results[0], &found, sizeof found), sizeof found);
        sum += found;
    }
    close(results[0]);
    close(results[1]);
    assert_int_equal(sum, RECORDS);
}

#define SPOOL_TEST(name) \
    cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(records_come_back_in_order),
        SPOOL_TEST(what_is_not_acknowledged_comes_again_after_a_rewind),
        SPOOL_TEST(an_idle_spool_has_no_segment),
        SPOOL_TEST(what_is_acknowledged_before_it_is_written_is_never_written),
        SPOOL_TEST(acknowledgements_may_come_in_any_order),
        SPOOL_TEST(a_long_record_comes_back_whole),
        SPOOL_TEST(a_million_records_come_back),
        SPOOL_TEST(a_number_is_remembered_by_the_folder),
        SPOOL_TEST(what_was_flushed_outlives_the_process),
        SPOOL_TEST(what_is_left_at_the_end_is_there_at_the_next_start),
        SPOOL_TEST(a_file_that_is_cut_anywhere_loses_its_tail_only),
        SPOOL_TEST(a_flipped_bit_loses_its_block_and_that_is_counted),
        SPOOL_TEST(damage_in_a_file_that_is_being_written_is_counted_too),
        SPOOL_TEST(strange_files_in_the_folder_are_left_alone),
        SPOOL_TEST(past_its_maximum_the_oldest_are_given_up_and_counted),
        SPOOL_TEST(a_smaller_maximum_holds_at_once),
        SPOOL_TEST(what_is_on_its_way_is_lost_only_if_it_comes_back),
        SPOOL_TEST(what_is_gathered_is_not_given_up_with_its_segment),
        SPOOL_TEST(files_are_the_users_own),
        SPOOL_TEST(a_folder_that_others_may_use_is_made_private),
        SPOOL_TEST(a_folder_of_another_user_is_refused),
        SPOOL_TEST(a_folder_that_cannot_be_made_is_told),
        SPOOL_TEST(two_spools_in_one_folder_do_not_disturb_each_other),
        SPOOL_TEST(what_a_killed_process_leaves_is_adopted_by_one_other),
        SPOOL_TEST(many_processes_at_a_time_adopt_each_record_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
