/* What secure_delete leaves behind, and that scrubbing harms nothing else. */
#include "../cmocka.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/scrub.h"
#include "store/sql.h"

enum { ROUNDS = 60, RUNS = 6, MARK_LEN = 14 };

static char path[64];

static void run(sqlite3 *db, const char *format, ...)
{
    va_list args;
    struct mf_err err = {0};
    va_start(args, format);
    char *text = sqlite3_vmprintf(format, args);
    va_end(args);
    if (mf_sql_exec(db, text, &err))
        fail_msg("%s: %s", text, err.text);
    sqlite3_free(text);
}

static int64_t get(sqlite3 *db, const char *sql)
{
    int64_t value = 0;
    assert_int_equal(mf_sql_get_int(db, sql, &value, NULL), 0);
    return value;
}

/* Rows come, change and go; some have a mark. */
static void live_through(sqlite3 *db, unsigned *seed)
{
    int last = 0;
    for (int round = 0; round < ROUNDS; round++) {
        run(db, "BEGIN");
        for (int n = rand_r(seed) % 300; n; n--, last++) {
            bool is_marked = rand_r(seed) % 50 == 0;
            run(db, "INSERT INTO flow VALUES (%d, %d, '', %s, randomblob(%d))",
                last, is_marked,
                is_marked ? "'MARK' || 123456 || 'MARK'"
                          : "hex(randomblob(50))",
                rand_r(seed) % 300);
        }
        for (int n = rand_r(seed) % 200; n && last; n--) {
            int row = rand_r(seed) % last;
            switch (rand_r(seed) % 3) {
            case 0:
                run(db,
                    "UPDATE flow SET note = iif(marked, 'MARK123456MARK', '')"
                    " || hex(zeroblob(%d)) WHERE number = %d",
                    rand_r(seed) % 250, row);
                break;
            case 1:
                run(db, "DELETE FROM flow WHERE number = %d AND NOT marked",
                    row);
                break;
            default:
                run(db,
                    "UPDATE flow SET rest = randomblob(%d)"
                    " WHERE number = %d",
                    rand_r(seed) % 300, row);
            }
        }
        run(db, "COMMIT");
    }
}

static size_t count_marks(void)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file), count = 0;
    char *data = malloc(len);
    rewind(file);
    assert_int_equal(fread(data, 1, len, file), len);
    fclose(file);
    for (char *at = data; (at = memmem(at, len - (size_t)(at - data),
                                       "MARK123456MARK", MARK_LEN));
         at++)
        count++;
    free(data);
    return count;
}

static sqlite3 *open_marked(unsigned *seed)
{
    sqlite3 *db;
    strcpy(path, "/tmp/mitmflow-scrub-XXXXXX");
    close(mkstemp(path));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    run(db, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"
            "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;"
            "CREATE TABLE flow (number INTEGER PRIMARY KEY, marked INTEGER,"
            " note TEXT, url TEXT, rest BLOB)");
    live_through(db, seed);
    return db;
}

static void close_marked(sqlite3 *db)
{
    sqlite3_close(db);
    unlink(path);
}

static void deleted_rows_leave_nothing(void **state)
{
    size_t left = 0;
    (void)state;
    for (unsigned run_number = 0; run_number < RUNS; run_number++) {
        unsigned seed = run_number;
        uint64_t count, again;
        sqlite3 *db = open_marked(&seed);
        run(db, "DELETE FROM flow WHERE marked;"
                "PRAGMA wal_checkpoint(TRUNCATE)");
        left += count_marks();
        int64_t rows = get(db, "SELECT count(*) FROM flow");
        int64_t sum = get(db, "SELECT sum(length(url) + length(rest))"
                              " FROM flow");
        assert_int_equal(mf_scrub(db, &count, NULL), 0);
        assert_int_equal(count_marks(), 0);
        assert_int_equal(mf_scrub(db, &again, NULL), 0);
        assert_int_equal(again, 0);
        sqlite3_db_release_memory(db);
        assert_int_equal(get(db, "SELECT count(*) FROM flow"), rows);
        assert_int_equal(
            get(db, "SELECT sum(length(url) + length(rest)) FROM flow"), sum);
        assert_int_equal(get(db, "SELECT integrity_check = 'ok'"
                                 " FROM pragma_integrity_check"),
                         1);
        /* It goes on being used. */
        run(db, "DELETE FROM flow WHERE number % 3 = 0; VACUUM");
        close_marked(db);
    }
    assert_true(left > 0); /* or none of this is needed */
}

static void a_file_that_is_no_database_is_left_alone(void **state)
{
    sqlite3 *db;
    uint64_t count;
    (void)state;
    strcpy(path, "/tmp/mitmflow-scrub-XXXXXX");
    int fd = mkstemp(path);
    char junk[8192];
    memset(junk, 13, sizeof junk);
    assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
    close(fd);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* The file is opened by its first use. */
    assert_int_not_equal(
        sqlite3_exec(db, "SELECT * FROM flow", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(mf_scrub(db, &count, NULL), MF_ECORRUPT);
    close_marked(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deleted_rows_leave_nothing),
        cmocka_unit_test(a_file_that_is_no_database_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
