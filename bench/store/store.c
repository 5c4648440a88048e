/*
 * What the store costs: flows put in a second beside bare SQLite, and the
 * time of reads beside one another. Ratios within one run hold on another
 * machine; figures alone do not.
 *
 * usage: bench-store [FLOWS [BODY-BYTES]]
 */
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "pb/wire.h"
#include "store/reader.h"
#include "store/store.h"

enum { PAGE = 500, BACKLOG_MAX_LEN = 64 << 20, ROWS_A_COMMIT = 2000 };

struct bench {
    char dir[64];
    size_t flow_count;
    size_t body_len;
    struct mf_store *store;
    pthread_mutex_t mutex;
    pthread_cond_t told;
    uint64_t ticket;
    uint64_t commits;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-store: %s\n", what);
    exit(1);
}

static void require(int rc, const char *what)
{
    if (rc)
        fail(what);
}

static void on_commit(void *user, uint64_t ticket)
{
    struct bench *bench = user;
    pthread_mutex_lock(&bench->mutex);
    bench->ticket = ticket;
    bench->commits++;
    pthread_cond_signal(&bench->told);
    pthread_mutex_unlock(&bench->mutex);
}

static void wait_ticket(struct bench *bench, uint64_t ticket)
{
    pthread_mutex_lock(&bench->mutex);
    while (bench->ticket < ticket)
        pthread_cond_wait(&bench->told, &bench->mutex);
    pthread_mutex_unlock(&bench->mutex);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(mf_clock_mono_ns() - start_ns) / (double)MF_NS_PER_S;
}

static void put_header(struct mf_buf *buf, const char *name, const char *value)
{
    size_t mark;
    mf_wire_begin(buf, 100, &mark);
    mf_wire_put_bytes(buf, 1, name, strlen(name));
    mf_wire_put_bytes(buf, 2, value, strlen(value));
    mf_wire_end(buf, mark);
}

/* An HTTP flow with a JSON-like body, as an ExportFlowRequest. */
static void make_message(const struct bench *bench, size_t index,
                         struct mf_buf *out)
{
    static const char line[] = "{\"name\":\"value\",\"list\":[1,2,3]},";
    char text[128];
    size_t flow, http, half;
    mf_buf_clear(out);
    mf_wire_begin(out, 1, &flow);
    mf_wire_begin(out, MF_FLOW_HTTP, &http);
    int len = snprintf(text, sizeof text, "%08zx-0000-4000-8000-%012zx",
                       index * 2654435761U % UINT32_MAX, index);
    mf_wire_put_bytes(out, 1, text, (size_t)len);
    mf_wire_begin(out, 2, &half);
    mf_wire_put_bytes(out, 1, "GET", 3);
    len = snprintf(text, sizeof text, "https://example.com/items/%zu", index);
    mf_wire_put_bytes(out, 2, text, (size_t)len);
    put_header(out, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    put_header(out, "Accept", "*/*");
    mf_wire_end(out, half);
    mf_wire_begin(out, 3, &half);
    mf_wire_put_varint(out, 1, 200);
    put_header(out, "Content-Type", "application/json");
    struct mf_buf body;
    mf_buf_init(&body, bench->body_len + sizeof line);
    while (body.len < bench->body_len)
        mf_buf_append(&body, line, sizeof line - 1);
    mf_wire_put_bytes(out, 3, body.data, body.len);
    mf_buf_release(&body);
    mf_wire_end(out, half);
    mf_wire_put_timestamp_opt(out, 4, mf_clock_wall_ns());
    mf_wire_end(out, http);
    mf_wire_end(out, flow);
    mf_wire_put_varint(out, 2, 4); /* RESPONSE */
}

static uint64_t put_message(struct bench *bench, const struct mf_buf *message)
{
    struct mf_flow *flow;
    uint64_t ticket;
    require(mf_flow_from_export(message->data, message->len, &flow, NULL),
            "a flow of its own making is not taken");
    while (mf_store_backlog(bench->store) > BACKLOG_MAX_LEN)
        usleep(1000);
    require(mf_store_put(bench->store, flow, "bench", "bench", &ticket), "put");
    mf_flow_unref(flow);
    return ticket;
}

/* Flows a second, parsed and stored. */
static double bench_puts(struct bench *bench)
{
    struct mf_buf message;
    uint64_t ticket = 0;
    mf_buf_init(&message, SIZE_MAX);
    int64_t start_ns = mf_clock_mono_ns();
    for (size_t i = 0; i < bench->flow_count; i++) {
        make_message(bench, i, &message);
        ticket = put_message(bench, &message);
    }
    wait_ticket(bench, ticket);
    double rate = (double)bench->flow_count / seconds_since(start_ns);
    mf_buf_release(&message);
    return rate;
}

/* Rows a second of the same bytes into a table with nothing else. */
static double bench_bare_sqlite(struct bench *bench)
{
    char path[128];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct mf_buf message;
    mf_buf_init(&message, SIZE_MAX);
    snprintf(path, sizeof path, "%s/bare.db", bench->dir);
    require(sqlite3_open(path, &db), "cannot open a database");
    sqlite3_exec(db,
                 "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;"
                 "PRAGMA synchronous = FULL; CREATE TABLE t (b BLOB)",
                 NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?)", -1, &stmt, NULL);
    int64_t start_ns = mf_clock_mono_ns();
    for (size_t i = 0; i < bench->flow_count; i++) {
        if (i % ROWS_A_COMMIT == 0)
            sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        make_message(bench, i, &message);
        sqlite3_bind_blob64(stmt, 1, message.data, message.len, SQLITE_STATIC);
        sqlite3_step(stmt);
        sqlite3_reset(stmt);
        if ((i + 1) % ROWS_A_COMMIT == 0 || i + 1 == bench->flow_count)
            sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    }
    double rate = (double)bench->flow_count / seconds_since(start_ns);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    mf_buf_release(&message);
    return rate;
}

/* Milliseconds of one list; the best of three. */
static double bench_list(struct bench *bench, struct mf_filter *filter,
                         size_t want)
{
    struct mf_reader *reader;
    double best = 1e9;
    const struct mf_list_query query = {.filter = filter, .limit = PAGE};
    require(mf_reader_open(bench->store, &reader, NULL), "reader");
    for (int i = 0; i < 3; i++) {
        struct mf_window window;
        int64_t start_ns = mf_clock_mono_ns();
        require(mf_reader_list(reader, &query, &window, NULL), "list");
        double ms = seconds_since(start_ns) * 1e3;
        best = ms < best ? ms : best;
        if (window.count != (want < PAGE ? want : PAGE))
            fail("a list has the wrong length");
        mf_window_release(&window);
    }
    mf_reader_close(reader);
    return best;
}

/* Milliseconds to fetch one flow, over a thousand. */
static double bench_get(struct bench *bench)
{
    struct mf_reader *reader;
    enum { GETS = 1000 };
    require(mf_reader_open(bench->store, &reader, NULL), "reader");
    int64_t start_ns = mf_clock_mono_ns();
    for (uint64_t i = 0; i < GETS; i++) {
        struct mf_record *record;
        const struct mf_flow_ref ref = {.number =
                                            1 + i * 7919 % bench->flow_count};
        require(mf_reader_get(reader, &ref, 0, &record, NULL), "get");
        mf_record_unref(record);
    }
    double ms = seconds_since(start_ns) * 1e3 / GETS;
    mf_reader_close(reader);
    return ms;
}

/* Milliseconds from a put to its commit when nothing else is written. */
static double bench_latency(struct bench *bench)
{
    enum { PUTS = 20 };
    struct mf_buf message;
    mf_buf_init(&message, SIZE_MAX);
    make_message(bench, 0, &message);
    int64_t start_ns = mf_clock_mono_ns();
    for (int i = 0; i < PUTS; i++)
        wait_ticket(bench, put_message(bench, &message));
    double ms = seconds_since(start_ns) * 1e3 / PUTS;
    mf_buf_release(&message);
    return ms;
}

static void run(struct bench *bench)
{
    Mitmflow__V1__FlowFilter message = MITMFLOW__V1__FLOW_FILTER__INIT;
    struct mf_filter *needle, *pinned;
    message.filter_text = "no such text anywhere";
    require(mf_filter_new(&message, &needle, NULL, NULL), "filter");
    message.filter_text = "";
    message.pinned = 1;
    message.pinned_presence_case =
        MITMFLOW__V1__FLOW_FILTER__PINNED_PRESENCE_PINNED;
    require(mf_filter_new(&message, &pinned, NULL, NULL), "filter");

    double bare = bench_bare_sqlite(bench);
    double puts = bench_puts(bench);
    printf("%-36s %12.0f /s\n", "bare SQLite, same bytes", bare);
    printf("%-36s %12.0f /s  %6.2f of bare\n", "put", puts, puts / bare);
    printf("%-36s %12" PRIu64 "\n", "commits", bench->commits);
    printf("%-36s %12.2f ms\n", "put to commit, alone", bench_latency(bench));
    double list = bench_list(bench, NULL, bench->flow_count);
    double by_pin = bench_list(bench, pinned, 0);
    double by_text = bench_list(bench, needle, 0);
    printf("%-36s %12.2f ms\n", "list the newest 500", list);
    printf("%-36s %12.2f ms  %6.1f of a list\n", "scan by pin", by_pin,
           by_pin / list);
    printf("%-36s %12.2f ms  %6.1f of a list\n", "scan by text", by_text,
           by_text / list);
    double get = bench_get(bench);
    printf("%-36s %12.3f ms  %6.3f of a list\n", "get one", get, get / list);
    mf_filter_unref(needle);
    mf_filter_unref(pinned);
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

int main(int argc, char **argv)
{
    struct bench bench = {.dir = "/tmp/mf-bench-store-XXXXXX",
                          .flow_count = 100000,
                          .body_len = 2000,
                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .told = PTHREAD_COND_INITIALIZER};
    struct mf_err err;
    if (argc > 1)
        bench.flow_count = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        bench.body_len = strtoul(argv[2], NULL, 10);
    if (argc > 3 || bench.flow_count == 0) {
        fprintf(stderr, "usage: bench-store [FLOWS [BODY-BYTES]]\n");
        return 2;
    }
    if (!mkdtemp(bench.dir))
        fail("cannot make a folder");
    const struct mf_store_opts opts = {
        .dir = bench.dir, .on_commit = on_commit, .user = &bench};
    if (mf_store_open(&opts, &bench.store, &err))
        fail(err.text);
    printf("%zu flows with bodies of %zu bytes\n", bench.flow_count,
           bench.body_len);
    run(&bench);
    mf_store_close(bench.store);
    nftw(bench.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
