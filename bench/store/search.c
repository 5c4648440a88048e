/*
 * What queries cost in a store of many flows, each beside the same question
 * asked without signatures and columns: a regular expression that no index
 * helps, over every flow. CPU time of this thread, the cache warm: ratios
 * within one run hold on another machine, figures alone do not.
 *
 * usage: bench-search [FLOWS]
 */
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/reader.h"
#include "store/store.h"
#include "traffic.h"

enum {
    BACKLOG_MAX_LEN = 64 << 20,
    PAGE = 500,
    RUNS = 3,
    SETTLE_S = 5,
    RARE = 15000, /* rank of a word */
    STEP_NS = 100 * 1000 * 1000,
};

struct bench {
    char dir[64];
    uint64_t flow_count;
    struct mf_store *store;
    struct mf_reader *reader;
    struct traffic traffic;
    pthread_mutex_t mutex;
    pthread_cond_t told;
    uint64_t ticket;
    double floor_ms; /* without signatures and columns */
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-search: %s\n", what);
    exit(1);
}

static double cpu_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void on_commit(void *user, uint64_t ticket)
{
    struct bench *bench = user;
    pthread_mutex_lock(&bench->mutex);
    bench->ticket = ticket;
    pthread_cond_signal(&bench->told);
    pthread_mutex_unlock(&bench->mutex);
}

static void fill(struct bench *bench)
{
    struct mf_buf buf;
    uint64_t ticket = 0;
    mf_buf_init(&buf, SIZE_MAX);
    for (uint64_t i = 0; i < bench->flow_count; i++) {
        struct mf_flow *flow = traffic_flow(&bench->traffic, &buf);
        while (mf_store_backlog(bench->store) > BACKLOG_MAX_LEN)
            usleep(1000);
        if (mf_store_put(bench->store, flow, "bench", "bench", &ticket))
            fail("put");
        mf_flow_unref(flow);
    }
    mf_buf_release(&buf);
    pthread_mutex_lock(&bench->mutex);
    while (bench->ticket < ticket)
        pthread_cond_wait(&bench->told, &bench->mutex);
    pthread_mutex_unlock(&bench->mutex);
}

/* Milliseconds of one query; *ret_found: how many it found. */
static double run_once(struct bench *bench, const struct mf_query_opts *opts,
                       uint64_t *ret_found)
{
    struct mf_query *query;
    struct mf_record *record;
    struct mf_query_progress progress;
    int rc;
    double start = cpu_ms();
    if (mf_query_new(opts, &query, NULL))
        fail("query");
    do {
        rc = mf_query_step(query, bench->reader, STEP_NS, NULL, NULL);
        while ((record = mf_query_next(query)))
            mf_record_unref(record);
    } while (rc == 1);
    if (rc)
        fail("step");
    double ms = cpu_ms() - start;
    mf_query_progress(query, &progress);
    *ret_found = progress.found;
    mf_query_free(query);
    return ms;
}

static double run(struct bench *bench, const char *name, const char *text,
                  struct mf_query_opts opts)
{
    double best = 1e12;
    uint64_t found = 0;
    if (mf_filter_parse(text, strlen(text), &opts.filter, NULL))
        fail(text);
    for (int i = 0; i < (bench->floor_ms ? RUNS : 1); i++) {
        double ms = run_once(bench, &opts, &found);
        best = ms < best ? ms : best;
    }
    mf_filter_unref(opts.filter);
    printf("%-32s %10.2f ms %9" PRIu64 " found", name, best, found);
    if (bench->floor_ms)
        printf("  1/%.0f of the floor", bench->floor_ms / best);
    printf("\n");
    fflush(stdout);
    return best;
}

/* A word of that rank or the next that is long enough not to be in others. */
static const char *word_from(const struct bench *bench, size_t rank)
{
    enum { LONG_LEN = 8 };
    while (rank + 1 < TRAFFIC_WORDS &&
           strlen(bench->traffic.words[rank]) < LONG_LEN)
        rank++;
    return bench->traffic.words[rank];
}

/* The page `part` of the way from the newest flow to the oldest. */
static struct mf_query_opts deep(const struct bench *bench,
                                 struct mf_query_opts opts, uint64_t part)
{
    opts.offset = (size_t)(bench->flow_count / part);
    opts.offset -= part == 1 ? opts.limit : 0;
    return opts;
}

static void run_all(struct bench *bench)
{
    const struct mf_query_opts page = {.limit = PAGE};
    const struct mf_query_opts by_size = {.limit = PAGE, .sort = MF_SORT_SIZE};
    const struct mf_query_opts by_host = {.limit = PAGE, .sort = MF_SORT_HOST};
    const struct mf_query_opts summary = {
        .summarize = true,
        .bars = 100,
        .facets = {MF_FACET_HOST, MF_FACET_METHOD, MF_FACET_STATUS,
                   MF_FACET_CONTENT_TYPE},
        .facet_count = 4,
        .facet_limit = 20,
    };
    char text[128];
    bench->floor_ms = run(bench, "the floor: every flow is read",
                          "~b \"q[xz]?q[jv]?q[wk]?q\"", page);
    run(bench, "uuid that is nowhere", "6f1c2d7a-93b4-4e58-8a1d-0c57b2e9f463",
        page);
    run(bench, "rare word", word_from(bench, RARE), page);
    run(bench, "common word", bench->traffic.words[20], page);
    snprintf(text, sizeof text, "%.3s", word_from(bench, RARE));
    run(bench, "three letters of a rare word", text, page);
    snprintf(text, sizeof text, "~b \"%s[^a-z]\"", word_from(bench, RARE + 50));
    run(bench, "regular expression with a word", text, page);
    run(bench, "newest page", "", page);
    run(bench, "a page of the middle", "", deep(bench, page, 2));
    run(bench, "the oldest page but some", "", deep(bench, page, 1));
    run(bench, "~m POST", "~m POST", page);
    run(bench, "~m BREW, which there is not", "~m BREW", page);
    run(bench, "~size >3k", "~size >3k", page);
    run(bench, "by size", "", by_size);
    run(bench, "by host", "", by_host);
    run(bench, "by size, of the middle", "", deep(bench, by_size, 2));
    run(bench, "by host, of the middle", "", deep(bench, by_host, 2));
    run(bench, "~m POST, of the middle", "~m POST", deep(bench, page, 6));
    run(bench, "histogram and facets", "", summary);
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
    static struct bench bench = {.dir = "/tmp/mf-bench-search-XXXXXX",
                                 .flow_count = 100000,
                                 .mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .told = PTHREAD_COND_INITIALIZER};
    struct mf_err err;
    if (argc > 1)
        bench.flow_count = strtoull(argv[1], NULL, 10);
    if (argc > 2 || bench.flow_count == 0) {
        fprintf(stderr, "usage: bench-search [FLOWS]\n");
        return 2;
    }
    if (!mkdtemp(bench.dir))
        fail("cannot make a folder");
    const struct mf_store_opts opts = {
        .dir = bench.dir, .on_commit = on_commit, .user = &bench};
    if (mf_store_open(&opts, &bench.store, &err))
        fail(err.text);
    traffic_init(&bench.traffic, NULL);
    fill(&bench);
    if (mf_reader_open(bench.store, &bench.reader, &err))
        fail(err.text);
    /* Groups of frames are sealed after their flows are durable. */
    sleep(SETTLE_S);
    printf("%" PRIu64 " flows\n", bench.flow_count);
    run_all(&bench);
    mf_reader_close(bench.reader);
    mf_store_close(bench.store);
    traffic_release(&bench.traffic);
    nftw(bench.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
