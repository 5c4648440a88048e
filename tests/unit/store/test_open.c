#include "support.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/schema.h"

static void path_of(const struct fixture *fixture, const char *name,
                    char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->dir, name);
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

/* Run SQL on the database while no store has it. */
static void run_sql(const struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *db;
    path_of(fixture, "flows.db", path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_directory_and_its_files_are_private(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"flows.db", "flows.db-wal",
                                        "flows.db-shm", "lock"};
    char path[128];
    mode_t before = umask(0);
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
    umask(before);
    assert_int_equal(mode_of(fixture->dir), 0700);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_of(fixture, names[i], path);
        assert_int_equal(mode_of(path), 0600);
    }
    fixture_close(fixture);
    path_of(fixture, "flows.db", path);
    chmod(path, 0644);
    fixture_open(fixture);
    assert_int_equal(mode_of(path), 0600);
}

static void a_second_store_is_told_that_the_directory_is_in_use(void **state)
{
    struct fixture *fixture = *state;
    struct mf_store *other = NULL;
    struct mf_err err;
    fixture_open(fixture);
    const struct mf_store_opts opts = {.dir = fixture->dir};
    assert_int_equal(mf_store_open(&opts, &other, &err), MF_EBUSY);
    assert_non_null(strstr(err.text, fixture->dir));
    assert_null(other);
    fixture_close(fixture);
    assert_int_equal(mf_store_open(&opts, &other, &err), 0);
    mf_store_close(other);
}

static void a_newer_version_is_refused_and_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct mf_err err;
    fixture_open(fixture);
    fixture_close(fixture);
    run_sql(fixture, "PRAGMA user_version = 99");
    assert_int_equal(fixture_try_open(fixture, &err), MF_EVERSION);
    assert_non_null(strstr(err.text, "99"));
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", mf_store__version);
    run_sql(fixture, sql);
    fixture_open(fixture);
}

static void what_is_no_database_of_ours_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct mf_err err;
    char path[128];
    mkdir(fixture->dir, 0700);
    run_sql(fixture, "CREATE TABLE theirs (a)");
    assert_int_equal(fixture_try_open(fixture, &err), MF_ECORRUPT);
    path_of(fixture, "flows.db", path);
    FILE *file = fopen(path, "w");
    fprintf(file, "this is no database, whatever its name may say of it\n");
    for (int i = 0; i < 1000; i++)
        fputc('x', file);
    fclose(file);
    assert_int_equal(fixture_try_open(fixture, &err), MF_ECORRUPT);
}

static void a_place_that_cannot_be_used_is_told_by_name(void **state)
{
    struct fixture *fixture = *state;
    struct mf_err err;
    char path[128];
    FILE *file = fopen(fixture->dir, "w"); /* a file in its place */
    fclose(file);
    assert_int_equal(fixture_try_open(fixture, &err), MF_EACCES);
    assert_non_null(strstr(err.text, fixture->dir));
    unlink(fixture->dir);
    mkdir(fixture->dir, 0700);
    path_of(fixture, "flows.db", path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(fixture_try_open(fixture, &err), MF_EACCES);
    unlink(path);
    mkdir(path, 0700);
    assert_int_equal(fixture_try_open(fixture, &err), MF_EACCES);
    rmdir(path);
    fixture_open(fixture);
}

static void the_epoch_stays_and_differs_between_stores(void **state)
{
    struct fixture *fixture = *state;
    char epoch[33];
    fixture_open(fixture);
    snprintf(epoch, sizeof epoch, "%s", mf_store_epoch(fixture->store));
    assert_true(strlen(epoch) >= 16);
    fixture_reopen(fixture);
    assert_string_equal(mf_store_epoch(fixture->store), epoch);
    fixture_close(fixture);
    char path[128];
    path_of(fixture, "flows.db", path);
    unlink(path);
    fixture_open(fixture);
    assert_string_not_equal(mf_store_epoch(fixture->store), epoch);
}

static void an_epoch_ends_when_changes_may_be_lost(void **state)
{
    struct fixture *fixture = *state;
    char epoch[33];
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
    snprintf(epoch, sizeof epoch, "%s", mf_store_epoch(fixture->store));
    fixture_close(fixture);
    assert_int_equal(sql_int(fixture, "SELECT clean FROM store"), 1);
    /* As a server leaves it that is killed, with a change told that is not
     * there; another was written beyond the last one before it. */
    run_sql(fixture, "UPDATE store SET clean = 0, top_change = 7");
    fixture_open(fixture);
    assert_string_not_equal(mf_store_epoch(fixture->store), epoch);
    struct mf_store_stats stats;
    mf_store_stats(fixture->store, &stats);
    assert_int_equal(stats.head, 7);
    assert_int_equal(sql_int(fixture, "SELECT clean FROM store"), 0);
    snprintf(epoch, sizeof epoch, "%s", mf_store_epoch(fixture->store));
    fixture_reopen(fixture);
    assert_string_equal(mf_store_epoch(fixture->store), epoch);
}

static void the_view_of_flows_is_for_people(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    wait_ticket(fixture, put(fixture, "a", TCP_END, "x"));
    assert_int_equal(
        sql_int(fixture,
                "SELECT type = 'tcp' AND state = 'ended' AND id = 'a'"
                " AND started = '2023-11-14 22:13:20' AND source = 'source'"
                " AND status IS NULL AND messages = 1 AND pinned = 0"
                " AND arrived > '2024' FROM flows"),
        1);
}

static int64_t version_of(sqlite3 *db)
{
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL);
    sqlite3_step(stmt);
    int64_t version = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return version;
}

static int insert_three(sqlite3 *db, struct mf_err *err)
{
    (void)err;
    return sqlite3_exec(db, "INSERT INTO t (a) VALUES (3)", NULL, NULL, NULL) ==
                   SQLITE_OK
               ? 0
               : MF_EIO;
}

static void migrations_run_once_each_and_stop_where_one_fails(void **state)
{
    (void)state;
    static const struct mf_store__step steps[] = {
        {"CREATE TABLE t (a); INSERT INTO t VALUES (1);", NULL},
        {"ALTER TABLE t ADD COLUMN b DEFAULT 2;", insert_three},
        {"INSERT INTO t (a) VALUES (4); INSERT INTO nowhere VALUES (1);", NULL},
    };
    sqlite3 *db;
    struct mf_err err;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(mf_store__migrate(db, steps, 1, &err), 0);
    assert_int_equal(version_of(db), 1);
    assert_int_equal(mf_store__migrate(db, steps, 2, &err), 0);
    assert_int_equal(mf_store__migrate(db, steps, 2, &err), 0);
    assert_int_equal(version_of(db), 2);
    assert_int_equal(mf_store__migrate(db, steps, 3, &err), MF_EIO);
    assert_non_null(strstr(err.text, "nowhere"));
    assert_int_equal(version_of(db), 2);
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(db, "SELECT count(*), sum(a), sum(b) FROM t", -1, &stmt,
                       NULL);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 2);
    assert_int_equal(sqlite3_column_int(stmt, 1), 4);
    assert_int_equal(sqlite3_column_int(stmt, 2), 4);
    sqlite3_finalize(stmt);
    assert_int_equal(mf_store__migrate(db, steps, 1, &err), MF_EVERSION);
    sqlite3_close(db);
}

int main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_directory_and_its_files_are_private),
        TEST(a_second_store_is_told_that_the_directory_is_in_use),
        TEST(a_newer_version_is_refused_and_left_alone),
        TEST(what_is_no_database_of_ours_is_refused),
        TEST(a_place_that_cannot_be_used_is_told_by_name),
        TEST(the_epoch_stays_and_differs_between_stores),
        TEST(an_epoch_ends_when_changes_may_be_lost),
        TEST(the_view_of_flows_is_for_people),
        TEST(migrations_run_once_each_and_stop_where_one_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
