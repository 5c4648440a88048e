#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pb/wire.h"

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->root, "/tmp/mf-store-XXXXXX");
    if (!mkdtemp(fixture->root))
        return -1;
    snprintf(fixture->dir, sizeof fixture->dir, "%s/data", fixture->root);
    pthread_mutex_init(&fixture->told.mutex, NULL);
    pthread_cond_init(&fixture->told.changed, NULL);
    fixture->limits = mf_store__default_limits;
    fixture->limits.gather_ns = 0;
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    static const char *const names[] = {"flows.db", "flows.db-wal",
                                        "flows.db-shm", "lock"};
    struct fixture *fixture = *state;
    char path[128];
    fixture_close(fixture);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->dir, names[i]);
        unlink(path);
    }
    rmdir(fixture->dir);
    int rc = rmdir(fixture->root);
    pthread_mutex_destroy(&fixture->told.mutex);
    pthread_cond_destroy(&fixture->told.changed);
    free(fixture);
    return rc;
}

static void note_change(struct told *told, const struct mf_change *change)
{
    if (told->last_change && change->change != told->last_change + 1)
        told->has_gap = true;
    told->last_change = change->change;
    told->change_count++;
    told->new_count += change->is_new;
    told->gone_count += change->record == NULL;
    told->evicted_count += change->is_evicted;
    mf_record_unref(change->record);
}

void take_changes(struct fixture *fixture)
{
    enum { AT_ONCE = 16 };
    struct mf_change changes[AT_ONCE];
    size_t count;
    while (fixture->store &&
           (count = mf_store_take_changes(fixture->store, changes, AT_ONCE)))
        for (size_t i = 0; i < count; i++)
            note_change(&fixture->told, &changes[i]);
}

static void on_changes(void *user)
{
    struct told *told = user;
    pthread_mutex_lock(&told->mutex);
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->mutex);
}

static void on_commit(void *user, uint64_t ticket)
{
    struct told *told = user;
    pthread_mutex_lock(&told->mutex);
    told->ticket = ticket;
    told->commits++;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->mutex);
}

static void on_failure(void *user, const struct mf_err *err)
{
    struct told *told = user;
    pthread_mutex_lock(&told->mutex);
    told->failures++;
    told->failure = *err;
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->mutex);
}

int fixture_try_open(struct fixture *fixture, struct mf_err *err)
{
    const struct mf_store_opts opts = {
        .dir = fixture->dir,
        .max_flows = fixture->max_flows,
        .on_changes = on_changes,
        .on_commit = on_commit,
        .on_failure = on_failure,
        .user = &fixture->told,
    };
    struct told *told = &fixture->told;
    int rc = mf_store__open(&opts, &fixture->limits, &fixture->store, err);
    pthread_mutex_lock(&told->mutex);
    told->ticket = 0;
    told->last_change = 0; /* opening may change flows untold */
    pthread_mutex_unlock(&told->mutex);
    return rc;
}

void fixture_open(struct fixture *fixture)
{
    struct mf_err err = {0};
    int rc = fixture_try_open(fixture, &err);
    if (rc)
        print_error("%s\n", err.text);
    assert_int_equal(rc, 0);
}

void fixture_close(struct fixture *fixture)
{
    take_changes(fixture);
    mf_store_close(fixture->store);
    fixture->store = NULL;
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

struct mf_flow *make_flow(const void *id, size_t id_len, unsigned event,
                          const char *text)
{
    struct mf_buf buf;
    size_t flow_mark, tcp_mark, message_mark;
    mf_buf_init(&buf, SIZE_MAX);
    mf_wire_begin(&buf, 1, &flow_mark);
    mf_wire_begin(&buf, MF_FLOW_TCP, &tcp_mark);
    mf_wire_put_bytes(&buf, 1, id, id_len);
    mf_wire_begin(&buf, 4, &message_mark);
    mf_wire_put_bytes(&buf, 1, text, strlen(text));
    mf_wire_end(&buf, message_mark);
    mf_wire_put_timestamp_opt(&buf, 5, INT64_C(1700000000000000000));
    mf_wire_end(&buf, tcp_mark);
    mf_wire_end(&buf, flow_mark);
    mf_wire_put_varint(&buf, 2, event);
    struct mf_flow *flow = NULL;
    struct mf_err err;
    if (mf_flow_from_export(buf.data, buf.len, &flow, &err))
        print_error("%s\n", err.text);
    mf_buf_release(&buf);
    return flow;
}

uint64_t put_id(struct fixture *fixture, const void *id, size_t id_len,
                unsigned event, const char *text, const char *session)
{
    uint64_t ticket = 0;
    struct mf_flow *flow = make_flow(id, id_len, event, text);
    assert_non_null(flow);
    assert_int_equal(
        mf_store_put(fixture->store, flow, "source", session, &ticket), 0);
    mf_flow_unref(flow);
    return ticket;
}

uint64_t put(struct fixture *fixture, const char *id, unsigned event,
             const char *text)
{
    return put_id(fixture, id, strlen(id), event, text, "session");
}

void wait_ticket(struct fixture *fixture, uint64_t ticket)
{
    struct told *told = &fixture->told;
    pthread_mutex_lock(&told->mutex);
    while (told->ticket < ticket)
        pthread_cond_wait(&told->changed, &told->mutex);
    pthread_mutex_unlock(&told->mutex);
    take_changes(fixture);
}

void wait_done(struct fixture *fixture, size_t count)
{
    struct told *told = &fixture->told;
    pthread_mutex_lock(&told->mutex);
    while (told->done_count < count)
        pthread_cond_wait(&told->changed, &told->mutex);
    pthread_mutex_unlock(&told->mutex);
    take_changes(fixture);
}

void wait_failure(struct fixture *fixture, size_t count)
{
    struct told *told = &fixture->told;
    pthread_mutex_lock(&told->mutex);
    while (told->failures < count)
        pthread_cond_wait(&told->changed, &told->mutex);
    pthread_mutex_unlock(&told->mutex);
    take_changes(fixture);
}

uint64_t flow_count(struct fixture *fixture)
{
    struct mf_store_stats stats;
    take_changes(fixture);
    mf_store_stats(fixture->store, &stats);
    return stats.flow_count;
}

void wait_flow_count(struct fixture *fixture, uint64_t count)
{
    struct told *told = &fixture->told;
    struct mf_store_stats stats;
    pthread_mutex_lock(&told->mutex);
    for (;;) {
        mf_store_stats(fixture->store, &stats);
        if (stats.flow_count == count &&
            mf_store_change_is_durable(fixture->store, stats.head))
            break;
        pthread_cond_wait(&told->changed, &told->mutex);
    }
    pthread_mutex_unlock(&told->mutex);
    take_changes(fixture);
}

void told_done(void *user, int rc, struct mf_record *record, uint64_t count)
{
    struct told *told = user;
    pthread_mutex_lock(&told->mutex);
    told->done_count++;
    told->done_rc = rc;
    told->done_deleted = count;
    if (record) {
        const struct mf_record_head *head = mf_record_head(record);
        told->done_number = head->number;
        told->done_pinned = head->pinned;
        snprintf(told->done_note, sizeof told->done_note, "%s", head->note);
    }
    pthread_cond_broadcast(&told->changed);
    pthread_mutex_unlock(&told->mutex);
}

static struct mf_flow_ref ref_of(const void *id, size_t len)
{
    return (struct mf_flow_ref){.id = {id, len}};
}

int update(struct fixture *fixture, const char *id, const bool *pinned,
           const char *note)
{
    const struct mf_flow_ref ref = ref_of(id, strlen(id));
    const struct mf_update update = {.pinned = pinned, .note = note};
    size_t before = fixture->told.done_count;
    assert_int_equal(mf_store_update(fixture->store, &ref, &update, told_done,
                                     &fixture->told),
                     0);
    wait_done(fixture, before + 1);
    return fixture->told.done_rc;
}

int delete_id(struct fixture *fixture, const char *id)
{
    const struct mf_flow_ref ref = ref_of(id, strlen(id));
    size_t before = fixture->told.done_count;
    assert_int_equal(
        mf_store_delete(fixture->store, &ref, 1, told_done, &fixture->told), 0);
    wait_done(fixture, before + 1);
    return fixture->told.done_rc;
}

int delete_all(struct fixture *fixture)
{
    size_t before = fixture->told.done_count;
    assert_int_equal(
        mf_store_delete_all(fixture->store, told_done, &fixture->told), 0);
    wait_done(fixture, before + 1);
    return fixture->told.done_rc;
}

struct mf_window list(struct fixture *fixture, size_t limit)
{
    struct mf_reader *reader;
    struct mf_window window;
    const struct mf_list_query query = {.limit = limit};
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    assert_int_equal(mf_reader_list(reader, &query, &window, NULL), 0);
    mf_reader_close(reader);
    return window;
}

int changes(struct fixture *fixture, uint64_t after, size_t limit,
            struct mf_window *ret_window)
{
    struct mf_reader *reader;
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    int rc =
        mf_reader_changes(reader, after, limit, NULL, NULL, ret_window, NULL);
    mf_reader_close(reader);
    return rc;
}

struct mf_record *get(struct fixture *fixture, const void *id, size_t id_len)
{
    struct mf_reader *reader;
    struct mf_record *record = NULL;
    const struct mf_flow_ref ref = ref_of(id, id_len);
    assert_int_equal(mf_reader_open(fixture->store, &reader, NULL), 0);
    int rc = mf_reader_get(reader, &ref, 0, &record, NULL);
    assert_true(rc == 0 || rc == MF_ENOENT);
    mf_reader_close(reader);
    return record;
}

static bool is_text(void *user, const char *text, size_t len)
{
    const char *want = user;
    return strlen(want) == len && memcmp(text, want, len) == 0;
}

bool holds(const struct mf_record *record, const char *text)
{
    return mf_flow_each_text(mf_record_flow(record), is_text, (char *)text);
}

int64_t sql_int(struct fixture *fixture, const char *sql)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    snprintf(path, sizeof path, "%s/flows.db", fixture->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}
